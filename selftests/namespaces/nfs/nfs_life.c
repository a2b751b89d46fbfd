// SPDX-License-Identifier: GPL-2.0
/*
 * Servers and clients that end, and their net namespaces: a restart, a server
 * without processes, and a host that dies with everything in it.
 *
 * Promises from nfsd(7), nfsdcld(8), network_namespaces(7) on what keeps a
 * namespace, and the comment to v4_end_grace in fs/nfsd/nfsctl.c.
 */
#include "host.h"

#define C(name)	NFS_CLIENT "/" name
#define S(name)	NFS_EXPORT "/" name

FIXTURE(host)
{
};

FIXTURE_SETUP(host)
{
	NEEDS_NFS();
	ASSERT_EQ(0, nfs_become_host("server"));
}

FIXTURE_TEARDOWN(host)
{
	nfs_leave();
}

/* A harness's SKIP in the setup does not keep the test from running (6.12). */
#define NEEDS_HOST() do {						\
	if (_metadata->exit_code == KSFT_SKIP)				\
		return;							\
} while (0)

static bool answers(const char *file, const char *expected)
{
	char text[64];

	return nfs_control(file, NULL, text, sizeof(text)) >= 0 &&
	       !strcmp(text, expected);
}

/* Whether the control file says so before long. */
static bool comes_to_answer(const char *file, const char *expected)
{
	for (int i = 0; i < PROC_HANG_MS / 10; i++) {
		if (answers(file, expected))
			return true;
		poll(NULL, 0, 10);
	}
	return false;
}

/* Before a restart all that rpc.mountd had told is forgotten. */
static void restart(void)
{
	must(!nfs_stop());
	must(nfs_connect("127.0.0.1") == -ECONNREFUSED);
	serve("127.0.0.1", NFS_RW);
}

TEST_F(host, files_outlive_a_restart_of_the_server)
{
	NEEDS_HOST();
	ASSERT_GT(nfs_recorder(), 0);
	serve("127.0.0.1", NFS_RW);
	ASSERT_EQ(0, nfs_mount("127.0.0.1", NFS_CLIENT, ""));
	make_file(C("f"), "before");
	restart();
	EXPECT_TRUE(holds(C("f"), "before"));
	make_file(C("f"), "after");
	EXPECT_TRUE(holds(S("f"), "after"));
}

/* The client is on record, so what it had open it has again. */
TEST_F(host, open_files_and_locks_outlive_a_restart_of_the_server)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char text[16] = "";
	int fd, other;

	NEEDS_HOST();
	ASSERT_GT(nfs_recorder(), 0);
	serve("127.0.0.1", NFS_RW);
	ASSERT_EQ(0, nfs_mount("127.0.0.1", NFS_CLIENT, ""));
	fd = open(C("f"), O_RDWR | O_CREAT, 0644);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(4, write(fd, "open", 4));
	ASSERT_EQ(0, fsync(fd));
	ASSERT_EQ(0, fcntl(fd, F_OFD_SETLK, &lock));
	restart();
	ASSERT_EQ(6, pwrite(fd, "opened", 6, 0));
	ASSERT_EQ(0, fsync(fd));
	EXPECT_EQ(6, pread(fd, text, sizeof(text), 0));
	EXPECT_STREQ("opened", text);
	EXPECT_TRUE(holds(S("f"), "opened"));
	/* On the server, where nobody but its client holds a lock. */
	other = open(S("f"), O_RDWR);
	ASSERT_GE(other, 0);
	EXPECT_EQ(-1, fcntl(other, F_OFD_SETLK, &lock));
	EXPECT_EQ(EAGAIN, errno);
	close(fd);
}

/* Clients that may come back are waited for; others may not lock meanwhile. */
TEST_F(host, the_grace_period_is_the_namespaces_own_and_can_be_ended)
{
	pid_t pid;
	int fd;

	NEEDS_HOST();
	ASSERT_EQ(0, nfs_set("nfsv4gracetime", "3600"));
	ASSERT_GT(nfs_recorder_of("a client that will not be back"), 0);
	serve("127.0.0.1", NFS_RW);
	ASSERT_TRUE(answers("v4_end_grace", "N"));
	pid = proc_fork_bound(0);
	if (!pid) {
		/* Next door there is nobody to wait for. */
		must(!nfs_become_host("other"));
		must(nfs_recorder() > 0);
		serve("127.0.0.1", NFS_RW);
		must(answers("v4_end_grace", "Y"));
		must(!nfs_mount("127.0.0.1", NFS_CLIENT, ""));
		make_file(C("f"), "at once");
		nfs_leave();
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(pid));
	EXPECT_TRUE(answers("v4_end_grace", "N"));
	EXPECT_EQ(-EINVAL, nfs_set("v4_end_grace", "N"));
	EXPECT_TRUE(answers("v4_end_grace", "N"));
	ASSERT_EQ(0, nfs_set("v4_end_grace", "Y"));
	ASSERT_TRUE(comes_to_answer("v4_end_grace", "Y"));
	EXPECT_EQ(-EBUSY, nfs_set("v4_end_grace", "Y"));
	ASSERT_EQ(0, nfs_mount("127.0.0.1", NFS_CLIENT, ""));
	fd = open(C("f"), O_RDWR | O_CREAT, 0644);
	EXPECT_GE(fd, 0);
	close(fd);
}

/* nfsd(7): "unmounting" the control files is the end of the server. */
TEST_F(host, the_server_ends_with_the_last_mount_of_its_control_files)
{
	int others;

	NEEDS_HOST();
	others = nfs_kthreads("/proc", "nfsd");
	ASSERT_GT(nfs_recorder(), 0);
	serve("127.0.0.1", NFS_RW);
	ASSERT_EQ(2, nfs_kthreads("/proc", "nfsd") - others);
	ASSERT_EQ(0, nfs_connect("127.0.0.1"));
	ASSERT_EQ(0, umount(NFS_CONTROL));
	EXPECT_EQ(-ECONNREFUSED, nfs_connect("127.0.0.1"));
	EXPECT_TRUE(nfs_threads_become(others));
	/* What was exported is nobody's any more. */
	EXPECT_EQ(0, umount(NFS_EXPORT));
}

/*
 * A host of its own next to the test. The pair of devices shows whether the
 * net namespace is there: it takes the near end along, and that the far one.
 */
static bool comes_to_be_gone(const char *device)
{
	for (int i = 0; i < PROC_HANG_MS / 10; i++) {
		if (!if_nametoindex(device))
			return true;
		poll(NULL, 0, 10);
	}
	return false;
}

TEST_F(host, a_host_dies_with_its_server)
{
	struct baton born = baton_make(), go = baton_make();
	struct baton ready = baton_make();
	int others;
	pid_t pid;

	NEEDS_HOST();
	others = nfs_kthreads("/proc", "nfsd");
	pid = proc_fork_bound(CLONE_NEWPID);
	if (!pid) {
		must(!nfs_become_host("mortal"));
		must(nfs_recorder() > 0);
		baton_pass(&born, 0);
		baton_take(&go);
		join_here(1);
		serve("10.0.1.1", NFS_RW);
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&born);
	join(pid, 1);
	baton_pass(&go, 0);
	baton_take(&ready);
	ASSERT_EQ(0, nfs_connect("10.0.1.2"));
	ASSERT_EQ(2, nfs_kthreads("/proc", "nfsd") - others);
	ASSERT_EQ(-SIGKILL, proc_kill(pid));
	EXPECT_TRUE(comes_to_be_gone("far1"));
	EXPECT_TRUE(nfs_threads_become(others));
}

/*
 * With a mount of its own server, a file open, and nobody to clear away. A
 * client whose server is gone waits for it as long as its mount says: with the
 * default options three minutes and more, in the exit of the last process.
 * Here it says half a second, so the calls before the end may fail on a
 * machine that is slow, and are made again.
 */
TEST_F_TIMEOUT(host, a_host_dies_with_its_server_and_its_client, 120)
{
	struct baton born = baton_make(), go = baton_make();
	struct baton ready = baton_make();
	int others;
	pid_t pid;

	NEEDS_HOST();
	others = nfs_kthreads("/proc", "nfsd");
	pid = proc_fork_bound(CLONE_NEWPID);
	if (!pid) {
		must(!nfs_become_host("mortal"));
		must(nfs_recorder() > 0);
		baton_pass(&born, 0);
		baton_take(&go);
		serve("127.0.0.1", NFS_RW);
		while (nfs_mount("127.0.0.1", NFS_CLIENT,
				 "soft,timeo=5,retrans=0"))
			must(errno == ETIMEDOUT || errno == EIO);
		while (open(C("f"), O_RDWR | O_CREAT, 0644) < 0)
			must(errno == ETIMEDOUT || errno == EIO);
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&born);
	join(pid, 1);
	baton_pass(&go, 0);
	baton_take(&ready);
	ASSERT_EQ(2, nfs_kthreads("/proc", "nfsd") - others);
	ASSERT_EQ(-SIGKILL, proc_kill(pid));
	EXPECT_TRUE(comes_to_be_gone("far1"));
	EXPECT_TRUE(nfs_threads_become(others));
}

/* A client alone: its server, next door, goes on. */
TEST_F(host, a_host_dies_with_its_client_and_the_server_lives)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct baton born = baton_make(), go = baton_make();
	struct baton ready = baton_make();
	pid_t pid;
	int fd;

	NEEDS_HOST();
	ASSERT_GT(nfs_recorder(), 0);
	serve("10.0.1.1", NFS_RW);
	ASSERT_EQ(0, nfs_admit("10.0.1.2"));
	pid = proc_fork_bound(CLONE_NEWPID);
	if (!pid) {
		must(!nfs_become_host("mortal"));
		baton_pass(&born, 0);
		baton_take(&go);
		join_here(1);
		must(!nfs_mount("10.0.1.1", NFS_CLIENT, ""));
		fd = open(C("f"), O_RDWR | O_CREAT, 0644);
		must(fd >= 0 && write(fd, "x", 1) == 1 && !fsync(fd));
		must(!fcntl(fd, F_SETLK, &lock));
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&born);
	join(pid, 1);
	baton_pass(&go, 0);
	baton_take(&ready);
	fd = open(S("f"), O_RDWR);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(-1, fcntl(fd, F_OFD_SETLK, &lock));
	ASSERT_EQ(-SIGKILL, proc_kill(pid));
	EXPECT_TRUE(comes_to_be_gone("far1"));
	/* It has taken its lock along, and left what it wrote. */
	EXPECT_EQ(0, fcntl(fd, F_OFD_SETLK, &lock));
	EXPECT_TRUE(holds(S("f"), "x"));
	EXPECT_EQ(2, nfs_get("threads"));
}

/* No process lives there: it is the mount that keeps the namespace. */
TEST_F(host, a_server_needs_no_process_in_its_namespace)
{
	struct baton born = baton_make(), go = baton_make();
	pid_t pid;

	NEEDS_HOST();
	/* It looks for its pipe where the child will mount it. */
	ASSERT_GT(nfs_recorder(), 0);
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!unshare(CLONE_NEWNET));
		must(!nfs_link_up("lo"));
		baton_pass(&born, 0);
		baton_take(&go);
		join_here(1);
		/* In the test's own mount namespace, in place of its own. */
		must(!mount("nfsd", NFS_CONTROL, "nfsd", 0, NULL));
		must(!mount("rpc_pipefs", NFS_PIPES, "rpc_pipefs", 0, NULL));
		serve("10.0.1.1", NFS_RW);
		_exit(0);
	}
	baton_take(&born);
	join(pid, 1);
	make_file(S("f"), "without a process");
	baton_pass(&go, 0);
	ASSERT_EQ(0, proc_end(pid));
	EXPECT_EQ(2, nfs_get("threads"));
	EXPECT_EQ(0, nfs_connect("10.0.1.2"));
	ASSERT_EQ(0, umount(NFS_CONTROL));
	ASSERT_EQ(0, umount2(NFS_PIPES, MNT_DETACH));
	EXPECT_TRUE(comes_to_be_gone("far1"));
}

TEST_HARNESS_MAIN

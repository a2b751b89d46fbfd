// SPDX-License-Identifier: GPL-2.0
/*
 * The control files of the kernel's NFS server: one server for each net
 * namespace, told by the nfsd file system that was mounted in it; who may, and
 * which values are taken.
 *
 * Promises from nfsd(7), rpc.nfsd(8), the comments to fs/nfsd/nfsctl.c and
 * network_namespaces(7).
 */
#include "host.h"

FIXTURE(server)
{
	int threads_elsewhere;	/* kernel threads that are not ours */
};

FIXTURE_SETUP(server)
{
	NEEDS_NFS();
	self->threads_elsewhere = nfs_kthreads("/proc", "nfsd");
	ASSERT_EQ(0, nfs_become_host("server"));
	ASSERT_GT(nfs_recorder(), 0);
}

FIXTURE_TEARDOWN(server)
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
	char text[256];

	if (nfs_control(file, NULL, text, sizeof(text)) < 0)
		return false;
	return !strcmp(text, expected);
}

TEST_F(server, has_the_threads_asked_for_and_listens)
{
	static const int threads[] = { 2, 5, 1 };

	NEEDS_HOST();
	EXPECT_EQ(0, nfs_get("threads"));
	EXPECT_EQ(-ECONNREFUSED, nfs_connect("127.0.0.1"));
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
		char text[16];

		snprintf(text, sizeof(text), "%d", threads[i]);
		ASSERT_EQ(0, i ? nfs_set("threads", text) :
			     nfs_start(threads[i]));
		EXPECT_EQ(threads[i], nfs_get("threads"));
		EXPECT_TRUE(nfs_threads_become(self->threads_elsewhere + threads[i]));
		EXPECT_EQ(0, nfs_connect("127.0.0.1"));
	}
	ASSERT_EQ(0, nfs_stop());
	EXPECT_EQ(0, nfs_get("threads"));
	EXPECT_TRUE(nfs_threads_become(self->threads_elsewhere));
	EXPECT_EQ(-ECONNREFUSED, nfs_connect("127.0.0.1"));
}

TEST_F(server, without_a_port_it_does_not_start)
{
	int err;

	NEEDS_HOST();
	err = nfs_set("threads", "1");
	if (err == -ECONNREFUSED && proc_kernel_before(7, 3))
		SKIP(return, "this kernel's server takes a port by itself and tells rpcbind");
	EXPECT_EQ(-EIO, err);
	EXPECT_EQ(0, nfs_get("threads"));
	EXPECT_EQ(self->threads_elsewhere, nfs_kthreads("/proc", "nfsd"));
	EXPECT_EQ(0, nfs_start(1));
}

TEST_F(server, of_a_sibling_namespace_is_neither_seen_nor_changed)
{
	pid_t pid;

	NEEDS_HOST();
	ASSERT_EQ(0, nfs_set("nfsv4leasetime", "33"));
	ASSERT_EQ(0, nfs_set("versions", "-3 +4 +4.1 -4.2\n"));
	ASSERT_EQ(0, nfs_set("portlist", "tcp 2049"));
	ASSERT_EQ(0, nfs_set("threads", "3"));
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!nfs_become_host("sibling"));
		must(nfs_get("threads") == 0);
		must(answers("portlist", ""));
		must(nfs_get("nfsv4leasetime") != 33);
		must(!answers("versions", "-3 +4 +4.1 -4.2"));
		must(nfs_connect("127.0.0.1") == -ECONNREFUSED);
		/* The same port is free, and the same server is another. */
		must(nfs_recorder() > 0);
		must(!nfs_start(1));
		must(nfs_get("threads") == 1);
		must(!nfs_stop());
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(3, nfs_get("threads"));
	EXPECT_EQ(33, nfs_get("nfsv4leasetime"));
	/* the sibling's one has ended, or is about to */
	EXPECT_TRUE(nfs_threads_become(self->threads_elsewhere + 3));
	EXPECT_EQ(0, nfs_connect("127.0.0.1"));
}

/* The mount says which server it is, and not where its reader lives. */
TEST_F(server, is_the_one_of_the_namespace_the_files_were_mounted_in)
{
	NEEDS_HOST();
	ASSERT_EQ(0, nfs_start(3));
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	EXPECT_EQ(3, nfs_get("threads"));
	EXPECT_EQ(0, nfs_set("threads", "2"));
	EXPECT_EQ(2, nfs_get("threads"));
	EXPECT_TRUE(nfs_threads_become(self->threads_elsewhere + 2));
	/* Mounted from here on, it is our own that they tell. */
	ASSERT_EQ(0, mount("nfsd", NFS_CONTROL, "nfsd", 0, NULL));
	EXPECT_EQ(0, nfs_get("threads"));
	ASSERT_EQ(0, umount(NFS_CONTROL));
	EXPECT_EQ(2, nfs_get("threads"));
}

TEST_F(server, two_mounts_in_one_namespace_are_one_server)
{
	NEEDS_HOST();
	ASSERT_EQ(0, nfs_start(2));
	ASSERT_EQ(0, mount("nfsd", NFS_CLIENT, "nfsd", 0, NULL));
	EXPECT_EQ(2, file_number(NFS_CLIENT "/threads"));
	/* It goes with the last one. */
	ASSERT_EQ(0, umount(NFS_CLIENT));
	EXPECT_EQ(0, nfs_connect("127.0.0.1"));
	EXPECT_EQ(2, nfs_get("threads"));
}

TEST_F(server, threads_take_whole_numbers)
{
	static const char * const wrong[] = { "-1", "abc", "\n", " " };

	NEEDS_HOST();
	ASSERT_EQ(0, nfs_start(2));
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_GT(0, nfs_set("threads", wrong[i]))
			TH_LOG("threads '%s'", wrong[i]);
		EXPECT_EQ(2, nfs_get("threads"));
	}
}

TEST_F(server, pool_threads_are_those_of_the_one_pool)
{
	NEEDS_HOST();
	EXPECT_TRUE(answers("pool_threads", "0"));
	/* A server that is down is not started this way. */
	nfs_set("pool_threads", "2");
	EXPECT_EQ(0, nfs_get("threads"));
	ASSERT_EQ(0, nfs_start(2));
	EXPECT_TRUE(answers("pool_threads", "2"));
	ASSERT_EQ(0, nfs_set("pool_threads", "3"));
	EXPECT_EQ(3, nfs_get("threads"));
	EXPECT_EQ(-EINVAL, nfs_set("pool_threads", "-1"));
	EXPECT_EQ(-EINVAL, nfs_set("pool_threads", "abc"));
	/* Nor is it stopped: one thread stays. */
	ASSERT_EQ(0, nfs_set("pool_threads", "0"));
	EXPECT_EQ(1, nfs_get("threads"));
}

TEST_F(server, versions_are_chosen_before_it_starts)
{
	char before[64];

	NEEDS_HOST();
	ASSERT_EQ(0, nfs_set("versions", "-3 +4 +4.1 -4.2\n"));
	EXPECT_TRUE(answers("versions", "-3 +4 +4.1 -4.2"));
	EXPECT_EQ(-EINVAL, nfs_set("versions", "+5\n"));
	EXPECT_EQ(-EINVAL, nfs_set("versions", "+4.9\n"));
	EXPECT_EQ(-EINVAL, nfs_set("versions", "+3.1\n"));
	EXPECT_EQ(-EINVAL, nfs_set("versions", "+4.1"));
	EXPECT_TRUE(answers("versions", "-3 +4 +4.1 -4.2"));
	ASSERT_EQ(0, nfs_start(1));
	ASSERT_GT(nfs_control("versions", NULL, before, sizeof(before)), 0);
	EXPECT_EQ(-EBUSY, nfs_set("versions", "-4.1\n"));
	EXPECT_TRUE(answers("versions", before));
}

TEST_F(server, ports_are_checked)
{
	NEEDS_HOST();
	EXPECT_EQ(-EINVAL, nfs_set("portlist", "tcp"));
	EXPECT_EQ(-EINVAL, nfs_set("portlist", "tcp 0"));
	EXPECT_EQ(-EINVAL, nfs_set("portlist", "tcp 65536"));
	EXPECT_EQ(-EINVAL, nfs_set("portlist", "tcp x"));
	EXPECT_EQ(-EINVAL, nfs_set("portlist", "-1"));
	EXPECT_EQ(-EPROTONOSUPPORT, nfs_set("portlist", "nosuch 2049"));
	EXPECT_TRUE(answers("portlist", ""));
	EXPECT_EQ(0, nfs_set("portlist", "tcp 65535"));
	EXPECT_EQ(-EADDRINUSE, nfs_set("portlist", "tcp 65535"));
}

static int listener(void)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(2049),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	must(fd >= 0);
	must(!setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
	must(!bind(fd, (struct sockaddr *)&sin, sizeof(sin)));
	must(!listen(fd, 8));
	return fd;
}

TEST_F(server, takes_a_listening_socket_of_its_own_namespace_only)
{
	char text[16];
	int here, there, file;

	NEEDS_HOST();
	nfs_await_second_1();
	ASSERT_EQ(0, nfs_set("versions", "-3 +4 +4.1 +4.2\n"));
	here = listener();
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	ASSERT_EQ(0, nfs_link_up("lo"));
	there = listener();
	file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	snprintf(text, sizeof(text), "%d", there);
	EXPECT_EQ(-EINVAL, nfs_set("portlist", text));
	snprintf(text, sizeof(text), "%d", file);
	EXPECT_EQ(-ENOTSOCK, nfs_set("portlist", text));
	EXPECT_EQ(-EBADF, nfs_set("portlist", "999"));
	EXPECT_TRUE(answers("portlist", ""));
	snprintf(text, sizeof(text), "%d", here);
	EXPECT_EQ(0, nfs_set("portlist", text));
	EXPECT_TRUE(answers("portlist", "tcp 2049"));
	close(here);
	EXPECT_EQ(0, nfs_set("threads", "1"));
}

TEST_F(server, lease_and_grace_times_have_limits)
{
	static const char * const files[] = {
		"nfsv4leasetime", "nfsv4gracetime",
	};

	NEEDS_HOST();
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		EXPECT_EQ(0, nfs_set(files[i], "3600"));
		EXPECT_EQ(0, nfs_set(files[i], "10"));
		EXPECT_EQ(-EINVAL, nfs_set(files[i], "9"));
		EXPECT_EQ(-EINVAL, nfs_set(files[i], "3601"));
		EXPECT_EQ(-EINVAL, nfs_set(files[i], "-1"));
		EXPECT_EQ(-EINVAL, nfs_set(files[i], "abc"));
		EXPECT_EQ(10, nfs_get(files[i]));
	}
	ASSERT_EQ(0, nfs_start(1));
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		EXPECT_EQ(-EBUSY, nfs_set(files[i], "20"));
		EXPECT_EQ(10, nfs_get(files[i]));
	}
}

TEST_F(server, an_ordinary_user_has_no_say)
{
	static const char * const files[] = {
		"threads", "versions", "portlist", "pool_threads", "filehandle",
		"nfsv4leasetime", "nfsv4gracetime", "v4_end_grace",
		"unlock_ip", "unlock_filesystem", "max_block_size",
	};
	pid_t pid;

	NEEDS_HOST();
	ASSERT_EQ(0, nfs_start(1));
	pid = proc_fork_bound(0);
	if (!pid) {
		proc_become_nobody();
		for (size_t i = 0; i < ARRAY_SIZE(files); i++)
			must(nfs_set(files[i], "1") == -EACCES);
		must(nfs_get("threads") == -EACCES);
		must(nfs_admit("127.0.0.1") == -EACCES);
		must(nfs_export(NFS_RW) == -EACCES);
		must(mount("nfsd", NFS_CLIENT, "nfsd", 0, NULL) == -1 &&
		     errno == EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(1, nfs_get("threads"));
}

/*
 * Root of a user namespace owns a net namespace, and has neither a server nor
 * a client in it: both act with the kernel's own rights on the system's files.
 */
TEST_F(server, root_of_a_user_namespace_has_neither_server_nor_client)
{
	pid_t pid;

	NEEDS_HOST();
	ASSERT_EQ(0, nfs_start(1));
	pid = proc_fork_bound(0);
	if (!pid) {
		static const char * const types[][2] = {
			{ "nfsd", NULL }, { "rpc_pipefs", NULL },
			{ "nfs4", "vers=4.1,addr=127.0.0.1" },
			{ "nfs", "vers=4.1,addr=127.0.0.1" },
		};

		proc_become_nobody();
		must(!ns_become_user_root());
		must(nfs_set("threads", "0") == -EACCES);
		must(!unshare(CLONE_NEWNET | CLONE_NEWNS));
		must(!nfs_link_up("lo"));
		for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
			must(mount("127.0.0.1:/", NFS_CLIENT, types[i][0], 0,
				   types[i][1]) == -1);
			must(errno == EPERM);
		}
		must(nfs_set("threads", "0") == -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(1, nfs_get("threads"));
}

TEST_HARNESS_MAIN

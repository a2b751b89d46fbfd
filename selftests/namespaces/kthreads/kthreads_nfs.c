// SPDX-License-Identifier: GPL-2.0
/*
 * Locks on a NFS mount and on a local file system, and the process that holds
 * them, as numbered by who asks; the server, which is a kernel thread, holds
 * its clients' locks itself.
 *
 * Promises from fcntl(2), F_GETLK, and pid_namespaces(7).
 */
#include "kselftest_harness.h"
#include "nfs.h"

#define A	NFS_CLIENT "/f"		/* the same file, from the client */
#define B	NFS_EXPORT "/f"		/* and on the server */

static void be_a_host(struct __test_metadata *_metadata)
{
	if (!nfs_is_there())
		SKIP(return, "no NFS client or no NFS server in this kernel");
	ASSERT_EQ(0, nfs_become_host("host"));
	ASSERT_GT(nfs_recorder(), 0);
	ASSERT_EQ(0, nfs_admit("127.0.0.1"));
	ASSERT_EQ(0, nfs_export(NFS_RW));
	ASSERT_EQ(0, nfs_start(2));
	ASSERT_EQ(0, nfs_mount("127.0.0.1", NFS_CLIENT, ""));
	close(open(B, O_CREAT | O_RDWR, 0644));
}

FIXTURE(locks)
{
};

FIXTURE_VARIANT(locks)
{
	const char *path;
};

FIXTURE_VARIANT_ADD(locks, local)
{
	.path = B,
};

FIXTURE_VARIANT_ADD(locks, nfs)
{
	.path = A,
};

FIXTURE_SETUP(locks)
{
	be_a_host(_metadata);
}

FIXTURE_TEARDOWN(locks)
{
	nfs_leave();
}

/* A harness's SKIP in the setup does not keep the test from running (6.12). */
#define NEEDS_HOST() do {						\
	if (_metadata->exit_code == KSFT_SKIP)				\
		return;							\
} while (0)

/* Who is in the way of a write lock on all of the file: as F_GETLK says. */
static struct flock holder(const char *path)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(path, O_RDWR | O_CLOEXEC);

	must(fd >= 0);
	must(!fcntl(fd, F_GETLK, &lock));
	close(fd);
	return lock;
}

/* It lasts until the file is closed. */
static int take_the_lock(const char *path)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(path, O_RDWR | O_CLOEXEC);

	must(fd >= 0);
	must(!fcntl(fd, F_SETLK, &lock));
	return fd;
}

TEST_F(locks, the_holder_is_named_in_the_askers_numbers)
{
	struct baton up = baton_make(), told = baton_make();
	struct flock lock;
	pid_t init;

	NEEDS_HOST();
	init = proc_fork_bound(CLONE_NEWPID);
	if (!init) {
		pid_t pid = fork();

		if (!pid) {
			take_the_lock(variant->path);
			baton_pass(&up, 0);
			proc_sleep_forever();
		}
		baton_take(&up);
		/* Beside it in its namespace: its number here. */
		must(holder(variant->path).l_type == F_WRLCK);
		must(holder(variant->path).l_pid == pid);
		baton_pass(&told, 1);
		proc_sleep_forever();
	}
	/* From above: its number there, which only /proc can tell us. */
	ASSERT_EQ(1, baton_take(&told));
	lock = holder(variant->path);
	EXPECT_EQ(F_WRLCK, lock.l_type);
	EXPECT_GT(lock.l_pid, init);
	EXPECT_EQ(-SIGKILL, proc_kill(init));
	/* Its death is the end of its lock, at once. */
	EXPECT_EQ(F_UNLCK, holder(variant->path).l_type);
}

TEST_F(locks, a_holder_that_the_asker_cannot_see_is_0)
{
	pid_t init;
	int fd;

	NEEDS_HOST();
	fd = take_the_lock(variant->path);
	init = proc_fork_bound(CLONE_NEWPID);
	if (!init) {
		struct flock lock = holder(variant->path);

		must(lock.l_type == F_WRLCK);
		must(lock.l_pid == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
	close(fd);
}

FIXTURE(server_locks)
{
};

FIXTURE_SETUP(server_locks)
{
	be_a_host(_metadata);
}

FIXTURE_TEARDOWN(server_locks)
{
	nfs_leave();
}

/*
 * On the server it is no process's: the lock is held on behalf of a client,
 * by whichever of its threads had the request.
 */
TEST_F(server_locks, on_the_server_a_clients_lock_is_no_process_of_ours)
{
	struct flock lock;
	pid_t init;
	int fd;

	NEEDS_HOST();
	fd = take_the_lock(A);
	lock = holder(B);
	EXPECT_EQ(F_WRLCK, lock.l_type);
	EXPECT_NE(getpid(), lock.l_pid);
	init = proc_fork_bound(CLONE_NEWPID);
	if (!init) {
		lock = holder(B);
		must(lock.l_type == F_WRLCK);
		/* A kernel thread is not to be seen from here. */
		must(lock.l_pid <= 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
	close(fd);
}

TEST_HARNESS_MAIN

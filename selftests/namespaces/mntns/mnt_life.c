// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a mount namespace: making, entering and leaving it, what keeps
 * it and what goes with it, and the paths of one namespace in another.
 *
 * Promises from mount_namespaces(7), namespaces(7), setns(2), unshare(2),
 * clone(2).
 */
#include "kselftest_harness.h"
#include <pthread.h>
#include "disk.h"
#include "mnt.h"

#define A	MNT_AREA "/a"
#define B	MNT_AREA "/b"

FIXTURE(life)
{
};

FIXTURE_SETUP(life)
{
	mnt_area();
	mnt_dir(A);
	mnt_dir(B);
}

FIXTURE_TEARDOWN(life)
{
}

/* A process in a mount namespace of its own with a tmpfs at A that says so. */
static pid_t resident(void)
{
	struct baton ready = baton_make();
	pid_t pid = proc_fork_bound(CLONE_NEWNS);

	if (!pid) {
		must(!mnt_tmpfs(A));
		mnt_put(A "/inside", "");
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	must(pid > 0);
	baton_take(&ready);
	close(ready.fd[0]);
	close(ready.fd[1]);
	return pid;
}

static bool enters_and_sees(int ns)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!ns_enter(ns, CLONE_NEWNS));
		must(mnt_exists(A "/inside"));
		_exit(0);
	}
	return !proc_end(pid);
}

TEST_F(life, a_copy_is_apart)
{
	pid_t pid;

	must(!mnt_tmpfs(B));
	pid = resident();
	EXPECT_FALSE(mnt_is(A));
	EXPECT_TRUE(mnt_is_in(pid, A));
	/* Both ways: neither mounts nor unmounts pass. */
	ASSERT_EQ(0, mnt_off(B, 0));
	EXPECT_TRUE(mnt_is_in(pid, B));
	proc_kill(pid);
}

TEST_F(life, an_open_file_keeps_it)
{
	pid_t pid = resident();
	int ns = ns_open(pid, "mnt");

	ASSERT_GE(ns, 0);
	proc_kill(pid);
	EXPECT_TRUE(enters_and_sees(ns));
	EXPECT_TRUE(enters_and_sees(ns));
	EXPECT_FALSE(mnt_exists(A "/inside"));
}

TEST_F(life, a_bind_mount_of_its_file_keeps_it)
{
	pid_t pid = resident();
	char path[64];
	int ns;

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", pid);
	mnt_put(MNT_AREA "/pin", "");
	ASSERT_EQ(0, mnt_bind(path, MNT_AREA "/pin"));
	proc_kill(pid);
	ns = open(MNT_AREA "/pin", O_RDONLY | O_CLOEXEC);
	ASSERT_GE(ns, 0);
	EXPECT_TRUE(enters_and_sees(ns));
	close(ns);
	ns = open(MNT_AREA "/pin", O_RDONLY | O_CLOEXEC);
	EXPECT_TRUE(enters_and_sees(ns));
	/* While it is open nowhere it is unmounted without ado. */
	close(ns);
	EXPECT_EQ(0, mnt_off(MNT_AREA "/pin", 0));
}

/* A namespace that held itself, or its elder, would never die. */
TEST_F(life, it_is_not_bound_within_itself_or_a_younger_one)
{
	pid_t pid;

	mnt_put(MNT_AREA "/pin", "");
	EXPECT_EQ(-EINVAL, mnt_bind("/proc/self/ns/mnt", MNT_AREA "/pin"));
	pid = proc_fork_bound(CLONE_NEWNS);
	if (!pid) {
		char path[64];

		snprintf(path, sizeof(path), "/proc/%d/ns/mnt", getppid());
		must(mnt_bind(path, MNT_AREA "/pin") == -EINVAL);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_FALSE(mnt_is(MNT_AREA "/pin"));
}

/* A copy of all mounts does without those: they would be in the younger one. */
TEST_F(life, a_clone_does_not_inherit_the_pin_of_a_namespace)
{
	pid_t pid = resident(), child;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", pid);
	mnt_put(MNT_AREA "/pin", "");
	ASSERT_EQ(0, mnt_bind(path, MNT_AREA "/pin"));
	child = proc_fork_bound(CLONE_NEWNS);
	if (!child) {
		must(!mnt_is(MNT_AREA "/pin"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(child));
	proc_kill(pid);
}

TEST_F(life, the_last_one_takes_the_mounts_along)
{
	struct baton ready = baton_make();
	pid_t pid;
	int ns;

	if (!disk_is_there())
		SKIP(return, "no disk");
	pid = proc_fork_bound(CLONE_NEWNS);
	if (!pid) {
		must(disk_is_free(PROC_HANG_MS));
		must(!mount(DISK, A, "ext4", 0, NULL));
		/* Both are bound to whoever started them when they say so. */
		proc_fork_bound(0);
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	baton_take(&ready);
	ns = ns_open(pid, "mnt");
	EXPECT_FALSE(disk_is_free(0));
	/* This one takes its child along; the file is left. */
	proc_kill(pid);
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!ns_enter(ns, CLONE_NEWNS));
		must(mnt_exists(A "/lost+found"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_FALSE(disk_is_free(0));
	close(ns);
	EXPECT_TRUE(disk_is_free(PROC_HANG_MS));
}

TEST_F(life, an_open_file_below_outlives_the_mounts)
{
	pid_t pid = resident();
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/root" A, pid);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_GE(fd, 0);
	proc_kill(pid);
	EXPECT_EQ(0, faccessat(fd, "inside", F_OK, 0));
	EXPECT_EQ(0, mkdirat(fd, "dir", 0755));
}

TEST_F(life, entering_sets_root_and_working_folder)
{
	pid_t pid = resident(), child;
	int ns = ns_open(pid, "mnt");

	mnt_dir(MNT_AREA "/jail");
	child = proc_fork_bound(0);
	if (!child) {
		must(!chdir(MNT_AREA "/jail") && !chroot("."));
		must(!ns_enter(ns, CLONE_NEWNS));
		/* A changed root is left behind with the namespace. */
		must(mnt_exists(A "/inside"));
		must(mnt_exists("tmp"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(child));
	proc_kill(pid);
}

TEST_F(life, entering_by_pidfd)
{
	pid_t pid = resident(), child;
	int fd = proc_pidfd(pid);

	ASSERT_GE(fd, 0);
	child = proc_fork_bound(0);
	if (!child) {
		must(!ns_enter(fd, CLONE_NEWNS));
		must(mnt_exists(A "/inside"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(child));
	proc_kill(pid);
	EXPECT_EQ(-ESRCH, ns_enter(fd, CLONE_NEWNS));
}

TEST_F(life, the_way_back_needs_a_file)
{
	int own = ns_open(0, "mnt");
	pid_t pid = proc_fork_bound(0);

	must(!mnt_tmpfs(A));
	if (!pid) {
		must(!unshare(CLONE_NEWNS));
		must(!mnt_off(A, 0));
		must(!ns_enter(own, CLONE_NEWNS));
		must(mnt_is(A));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(life, entering_another_kind_is_refused)
{
	int ns = ns_open(0, "mnt"), uts = ns_open(0, "uts");

	EXPECT_EQ(-EINVAL, ns_enter(ns, CLONE_NEWUTS));
	EXPECT_EQ(-EINVAL, ns_enter(uts, CLONE_NEWNS));
	EXPECT_EQ(0, ns_enter(ns, CLONE_NEWNS));
	EXPECT_EQ(0, ns_enter(ns, 0));
}

TEST_F(life, entering_without_privilege_is_refused)
{
	pid_t pid = resident(), child;
	int ns = ns_open(pid, "mnt"), own = ns_open(0, "mnt");

	child = proc_fork_bound(0);
	if (!child) {
		proc_become_nobody();
		must(ns_enter(ns, CLONE_NEWNS) == -EPERM);
		must(ns_enter(own, CLONE_NEWNS) == -EPERM);
		/* Root of a user namespace has nothing to say in its parent's. */
		must(!ns_become_user_root());
		must(ns_enter(ns, CLONE_NEWNS) == -EPERM);
		must(!unshare(CLONE_NEWNS));
		must(ns_enter(own, CLONE_NEWNS) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(child));
	proc_kill(pid);
}

TEST_F(life, entering_a_siblings_is_refused)
{
	struct baton ready = baton_make();
	pid_t pid = proc_fork_bound(0), child;
	int ns;

	if (!pid) {
		must(!ns_become_user_root());
		must(!unshare(CLONE_NEWNS));
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	ns = ns_open(pid, "mnt");
	ASSERT_GE(ns, 0);
	child = proc_fork_bound(0);
	if (!child) {
		must(!ns_become_user_root());
		must(!unshare(CLONE_NEWNS));
		must(ns_enter(ns, CLONE_NEWNS) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(child));
	/* Root of the parent user namespace may. */
	child = proc_fork_bound(0);
	if (!child)
		_exit(-ns_enter(ns, CLONE_NEWNS));
	EXPECT_EQ(0, proc_end(child));
	proc_kill(pid);
}

/* setns(2): it "may not be called by a process that shares CLONE_FS". */
TEST_F(life, who_shares_a_working_folder_does_not_enter)
{
	int own = ns_open(0, "mnt");
	pid_t pid = proc_fork_bound(CLONE_FS);

	if (!pid)
		proc_sleep_forever();
	EXPECT_EQ(-EINVAL, ns_enter(own, CLONE_NEWNS));
	proc_kill(pid);
	EXPECT_EQ(0, ns_enter(own, CLONE_NEWNS));
}

static void *enter_as_a_thread(void *arg)
{
	return (void *)(long)ns_enter(*(int *)arg, CLONE_NEWNS);
}

TEST_F(life, nor_does_a_thread)
{
	int own = ns_open(0, "mnt");
	pthread_t thread;
	void *err;

	ASSERT_EQ(0, pthread_create(&thread, NULL, enter_as_a_thread, &own));
	ASSERT_EQ(0, pthread_join(thread, &err));
	EXPECT_EQ(-EINVAL, (long)err);
}

static void *unshare_as_a_thread(void *arg)
{
	must(!unshare(CLONE_NEWNS));
	must(!mnt_tmpfs(A));
	return (void *)(long)mnt_is(A);
}

/* unshare(CLONE_NEWNS) implies CLONE_FS, for the one thread that calls it. */
TEST_F(life, a_thread_may_have_a_namespace_of_its_own)
{
	pthread_t thread;
	void *seen;

	ASSERT_EQ(0, pthread_create(&thread, NULL, unshare_as_a_thread, NULL));
	ASSERT_EQ(0, pthread_join(thread, &seen));
	EXPECT_EQ(1, (long)seen);
	EXPECT_FALSE(mnt_is(A));
}

TEST_F(life, a_new_namespace_with_a_shared_working_folder_is_refused)
{
	EXPECT_EQ(-EINVAL, proc_fork(CLONE_NEWNS | CLONE_FS));
}

TEST_F(life, without_privilege_it_is_refused)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(mnt_error(unshare(CLONE_NEWNS)) == -EPERM);
		must(proc_fork(CLONE_NEWNS) == -EPERM);
		pid = proc_fork(CLONE_NEWUSER | CLONE_NEWNS);
		if (!pid) {
			must(!mnt_tmpfs(A));
			_exit(0);
		}
		must(pid > 0);
		_exit(proc_end(pid));
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_FALSE(mnt_is(A));
}

/*
 * mount_namespaces(7): a mount point of another namespace "can be renamed,
 * unlinked, or removed", which takes the mount off over there.
 */
TEST_F(life, a_mount_point_of_another_namespace_is_removed)
{
	struct baton ready = baton_make();
	pid_t pid = resident();

	EXPECT_EQ(0, mnt_error(rmdir(A)));
	EXPECT_FALSE(mnt_is_in(pid, A));
	proc_kill(pid);
	mnt_put(MNT_AREA "/file", "");
	pid = proc_fork_bound(CLONE_NEWNS);
	if (!pid) {
		must(!mnt_bind("/dev/null", MNT_AREA "/file"));
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	ASSERT_TRUE(mnt_is_in(pid, MNT_AREA "/file"));
	EXPECT_EQ(0, mnt_error(unlink(MNT_AREA "/file")));
	EXPECT_FALSE(mnt_is_in(pid, MNT_AREA "/file"));
	proc_kill(pid);
}

TEST_F(life, a_mount_point_of_another_namespace_is_renamed)
{
	pid_t pid = resident();

	EXPECT_EQ(0, mnt_error(rename(A, MNT_AREA "/elsewhere")));
	EXPECT_TRUE(mnt_is_in(pid, MNT_AREA "/elsewhere"));
	EXPECT_FALSE(mnt_is_in(pid, A));
	proc_kill(pid);
}

TEST_F(life, a_mount_point_of_its_own_is_neither)
{
	must(!mnt_tmpfs(A));
	EXPECT_EQ(-EBUSY, mnt_error(rmdir(A)));
	EXPECT_EQ(-EBUSY, mnt_error(rename(A, MNT_AREA "/elsewhere")));
	/* A folder above it is another matter. */
	mnt_dir(B "/dir");
	must(!mnt_tmpfs(B "/dir"));
	EXPECT_EQ(0, mnt_error(rename(B, MNT_AREA "/c")));
	EXPECT_TRUE(mnt_is(MNT_AREA "/c/dir"));
}

TEST_F(life, an_empty_one_has_nothing_mounted)
{
#ifdef UNSHARE_EMPTY_MNTNS
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		if (unshare(UNSHARE_EMPTY_MNTNS))
			_exit(errno == EINVAL ? 4 : 1);
		must(!mnt_exists("/tmp") && !mnt_exists("/proc"));
		must(!mnt_exists("tmp"));
		/* It can be furnished. */
		must(!mnt_mount("tmpfs", "/", 0, NULL));
		_exit(0);
	}
	pid = proc_end(pid);
	if (pid == 4)
		SKIP(return, "no UNSHARE_EMPTY_MNTNS");
	EXPECT_EQ(0, pid);
	EXPECT_TRUE(mnt_exists("/tmp"));
#else
	SKIP(return, "headers without UNSHARE_EMPTY_MNTNS");
#endif
}

int main(int argc, char **argv)
{
	disk_make();
	return test_harness_run(argc, argv);
}

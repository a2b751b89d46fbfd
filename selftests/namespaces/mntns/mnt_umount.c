// SPDX-License-Identifier: GPL-2.0
/*
 * umount2(2), pivot_root(2) and chroot(2): what keeps a mount, what each flag
 * means, and every rule that a new root has to keep.
 *
 * Promises from umount(2), pivot_root(2), chroot(2).
 */
#include "kselftest_harness.h"
#include "mnt.h"

#define A	MNT_AREA "/a"
#define B	MNT_AREA "/b"
#define NEW	MNT_AREA "/new"

FIXTURE(umount)
{
};

FIXTURE_SETUP(umount)
{
	mnt_area();
	mnt_dir(A);
	mnt_dir(B);
	must(!mnt_tmpfs(A));
	mnt_put(A "/file", "text");
	mnt_dir(A "/dir");
}

FIXTURE_TEARDOWN(umount)
{
}

TEST_F(umount, an_open_file_keeps_it)
{
	int fd = open(A "/file", O_RDONLY | O_CLOEXEC);

	ASSERT_GE(fd, 0);
	EXPECT_EQ(-EBUSY, mnt_off(A, 0));
	EXPECT_TRUE(mnt_exists(A "/file"));
	close(fd);
	EXPECT_EQ(0, mnt_off(A, 0));
	EXPECT_FALSE(mnt_exists(A "/file"));
}

TEST_F(umount, a_working_folder_keeps_it)
{
	struct baton ready = baton_make();
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!chdir(A "/dir"));
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	EXPECT_EQ(-EBUSY, mnt_off(A, 0));
	proc_kill(pid);
	EXPECT_EQ(0, mnt_off(A, 0));
}

TEST_F(umount, a_root_folder_keeps_it)
{
	struct baton ready = baton_make();
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!chroot(A "/dir"));
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	EXPECT_EQ(-EBUSY, mnt_off(A, 0));
	proc_kill(pid);
	EXPECT_EQ(0, mnt_off(A, 0));
}

TEST_F(umount, a_running_program_keeps_it)
{
	struct baton ready = baton_make(), go = baton_make();
	char in[16], out[16];
	pid_t pid;

	mnt_copy_self(A "/prog", 0755);
	snprintf(in, sizeof(in), "%d", go.fd[0]);
	snprintf(out, sizeof(out), "%d", ready.fd[1]);
	pid = proc_fork_bound(0);
	if (!pid) {
		execl(A "/prog", "prog", "--wait", out, in, NULL);
		_exit(1);
	}
	baton_take(&ready);
	EXPECT_EQ(-EBUSY, mnt_off(A, 0));
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, mnt_off(A, 0));
}

TEST_F(umount, a_mount_below_keeps_it)
{
	ASSERT_EQ(0, mnt_tmpfs(A "/dir"));
	EXPECT_EQ(-EBUSY, mnt_off(A, 0));
	ASSERT_EQ(0, mnt_off(A "/dir", 0));
	EXPECT_EQ(0, mnt_off(A, 0));
}

TEST_F(umount, the_one_on_top_is_meant)
{
	ASSERT_EQ(0, mnt_tmpfs(A));
	EXPECT_FALSE(mnt_exists(A "/file"));
	ASSERT_EQ(0, mnt_off(A, 0));
	EXPECT_TRUE(mnt_exists(A "/file"));
	EXPECT_EQ(1, mnt_depth(A));
}

TEST_F(umount, detached_it_is_gone_for_new_accesses_only)
{
	int fd = open(A, O_RDONLY | O_DIRECTORY | O_CLOEXEC), file;

	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, mnt_tmpfs(A "/dir"));
	ASSERT_EQ(0, mnt_off(A, MNT_DETACH));
	EXPECT_FALSE(mnt_is(A));
	EXPECT_FALSE(mnt_is(A "/dir"));
	EXPECT_FALSE(mnt_exists(A "/file"));
	file = openat(fd, "file", O_RDWR | O_CLOEXEC);
	ASSERT_GE(file, 0);
	EXPECT_EQ(1, write(file, "x", 1));
	/* There is no way up from there, and no mount is put there. */
	EXPECT_EQ(0, fchdir(fd));
	EXPECT_EQ(0, chdir(".."));
	EXPECT_EQ(0, access("file", F_OK));
	/* ENOENT since 6.17, EINVAL before. */
	EXPECT_NE(0, mnt_tmpfs("."));
	EXPECT_EQ(-EINVAL, mnt_bind(".", B));
}

TEST_F(umount, expire_takes_what_was_not_used_in_between)
{
	EXPECT_EQ(-EAGAIN, mnt_off(A, MNT_EXPIRE));
	EXPECT_TRUE(mnt_is(A));
	EXPECT_EQ(0, mnt_off(A, MNT_EXPIRE));
	EXPECT_FALSE(mnt_is(A));
}

TEST_F(umount, expire_begins_anew_after_a_use)
{
	EXPECT_EQ(-EAGAIN, mnt_off(A, MNT_EXPIRE));
	EXPECT_EQ(0, access(A "/file", F_OK));
	EXPECT_EQ(-EAGAIN, mnt_off(A, MNT_EXPIRE));
	EXPECT_TRUE(mnt_is(A));
	EXPECT_EQ(0, mnt_off(A, MNT_EXPIRE));
}

TEST_F(umount, expire_of_what_is_in_use_is_refused)
{
	int fd = open(A "/file", O_RDONLY | O_CLOEXEC);

	ASSERT_GE(fd, 0);
	EXPECT_EQ(-EBUSY, mnt_off(A, MNT_EXPIRE));
	EXPECT_EQ(-EBUSY, mnt_off(A, MNT_EXPIRE));
	close(fd);
	EXPECT_EQ(-EINVAL, mnt_off(A, MNT_EXPIRE | MNT_DETACH));
	EXPECT_EQ(-EINVAL, mnt_off(A, MNT_EXPIRE | MNT_FORCE));
	EXPECT_TRUE(mnt_is(A));
}

TEST_F(umount, nofollow_does_not_follow)
{
	must(!symlink("a", MNT_AREA "/link"));
	EXPECT_EQ(-EINVAL, mnt_off(MNT_AREA "/link", UMOUNT_NOFOLLOW));
	EXPECT_TRUE(mnt_is(A));
	EXPECT_EQ(0, mnt_off(MNT_AREA "/link", 0));
	EXPECT_FALSE(mnt_is(A));
}

TEST_F(umount, what_is_malformed_is_refused)
{
	EXPECT_EQ(-EINVAL, mnt_off(A, 0x10));
	EXPECT_EQ(-EINVAL, mnt_off(A, 1U << 31));
	EXPECT_EQ(-EINVAL, mnt_off(A "/dir", 0));
	EXPECT_EQ(-EINVAL, mnt_off(A "/file", 0));
	EXPECT_EQ(-ENOENT, mnt_off(A "/none", 0));
	EXPECT_EQ(-ENOENT, mnt_off("", 0));
	EXPECT_TRUE(mnt_is(A));
}

/* To abort the requests of a file system is for who owns the file system. */
TEST_F(umount, force_needs_privilege_over_the_superblock)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!ns_become_user_root());
		must(!unshare(CLONE_NEWNS));
		must(!mnt_bind(A, B));
		must(mnt_off(B, MNT_FORCE) == -EPERM);
		must(!mnt_off(B, 0));
		must(!mnt_tmpfs(B));
		must(!mnt_off(B, MNT_FORCE));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* Each in a mount namespace with a mount at NEW that may become the root. */
FIXTURE(pivot)
{
};

FIXTURE_SETUP(pivot)
{
	mnt_area();
	mnt_dir(NEW);
	must(!mnt_tmpfs(NEW));
	mnt_dir(NEW "/old");
	mnt_dir(NEW "/dir");
	mnt_dir(NEW "/proc");
	must(!mnt_bind("/proc", NEW "/proc"));
}

FIXTURE_TEARDOWN(pivot)
{
}

TEST_F(pivot, the_root_is_the_new_and_the_old_is_where_it_was_put)
{
	ASSERT_EQ(0, chdir("/"));
	ASSERT_EQ(0, mnt_pivot_root(NEW, NEW "/old"));
	EXPECT_TRUE(mnt_exists("/dir"));
	EXPECT_FALSE(mnt_exists("/tmp"));
	EXPECT_TRUE(mnt_exists("/old/tmp"));
	/* The working folder was the old root: it went along. */
	EXPECT_TRUE(mnt_exists("dir"));
	/* The last that can be seen of the old one goes. */
	ASSERT_EQ(0, mnt_off("/old", MNT_DETACH));
	EXPECT_FALSE(mnt_exists("/old/tmp"));
	EXPECT_EQ(0, rmdir("/old"));
}

TEST_F(pivot, with_dot_and_dot_the_old_root_is_on_top_of_the_new)
{
	ASSERT_EQ(0, chdir(NEW));
	ASSERT_EQ(0, mnt_pivot_root(".", "."));
	ASSERT_EQ(0, mnt_off(".", MNT_DETACH));
	EXPECT_TRUE(mnt_exists("/dir"));
	EXPECT_FALSE(mnt_exists("/tmp"));
}

TEST_F(pivot, everybody_at_the_old_root_is_taken_along)
{
	struct baton ready = baton_make(), go = baton_make();
	pid_t at_root = proc_fork_bound(0), other;

	if (!at_root) {
		must(!chdir("/"));
		baton_pass(&ready, 0);
		baton_take(&go);
		must(mnt_exists("/dir") && mnt_exists("dir"));
		_exit(0);
	}
	other = proc_fork_bound(0);
	if (!other) {
		must(!chroot(MNT_AREA) && !chdir("/"));
		baton_pass(&ready, 0);
		baton_take(&go);
		/* Its root stays what it was, less the mount that went. */
		must(mnt_exists("/new") && mnt_exists("new"));
		must(!mnt_exists("/new/dir"));
		_exit(0);
	}
	baton_take(&ready);
	baton_take(&ready);
	EXPECT_EQ(0, mnt_pivot_root(NEW, NEW "/old"));
	baton_pass(&go, 0);
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(at_root));
	EXPECT_EQ(0, proc_end(other));
}

TEST_F(pivot, another_namespace_is_not_touched)
{
	pid_t pid = proc_fork_bound(CLONE_NEWNS);

	if (!pid) {
		must(!mnt_pivot_root(NEW, NEW "/old"));
		must(mnt_exists("/old/tmp"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(mnt_exists("/tmp"));
	EXPECT_FALSE(mnt_exists(NEW "/old/tmp"));
}

TEST_F(pivot, the_new_root_is_a_mount)
{
	EXPECT_EQ(-EINVAL, mnt_pivot_root(NEW "/dir", NEW "/dir"));
	mnt_dir(NEW "/dir/old");
	EXPECT_EQ(-EINVAL, mnt_pivot_root(NEW "/dir", NEW "/dir/old"));
	ASSERT_EQ(0, mnt_bind(NEW "/dir", NEW "/dir"));
	EXPECT_EQ(0, mnt_pivot_root(NEW "/dir", NEW "/dir/old"));
}

TEST_F(pivot, the_old_root_is_put_below_the_new)
{
	mnt_dir(B);
	ASSERT_EQ(0, mnt_tmpfs(B));
	mnt_dir(B "/old");
	EXPECT_EQ(-EINVAL, mnt_pivot_root(NEW, B "/old"));
	EXPECT_TRUE(mnt_exists("/tmp"));
}

TEST_F(pivot, neither_is_on_the_current_root_mount)
{
	EXPECT_EQ(-EBUSY, mnt_pivot_root("/", NEW "/old"));
	EXPECT_EQ(-EBUSY, mnt_pivot_root(NEW, "/etc"));
	EXPECT_EQ(-EBUSY, mnt_pivot_root("/", "/"));
}

TEST_F(pivot, a_shared_parent_is_refused)
{
	/* Of the new root ... */
	ASSERT_EQ(0, mnt_make(MNT_AREA, MS_SHARED));
	EXPECT_EQ(-EINVAL, mnt_pivot_root(NEW, NEW "/old"));
	ASSERT_EQ(0, mnt_make(MNT_AREA, MS_PRIVATE));
	/* ... and of the place for the old one. */
	ASSERT_EQ(0, mnt_make(NEW, MS_SHARED));
	EXPECT_EQ(-EINVAL, mnt_pivot_root(NEW, NEW "/old"));
	ASSERT_EQ(0, mnt_make(NEW, MS_PRIVATE));
	EXPECT_EQ(0, mnt_pivot_root(NEW, NEW "/old"));
}

TEST_F(pivot, they_are_folders_that_exist)
{
	mnt_put(NEW "/file", "");
	EXPECT_EQ(-ENOTDIR, mnt_pivot_root(NEW "/file", NEW "/old"));
	EXPECT_EQ(-ENOTDIR, mnt_pivot_root(NEW, NEW "/file"));
	EXPECT_EQ(-ENOENT, mnt_pivot_root(NEW "/none", NEW "/old"));
	EXPECT_EQ(-ENOENT, mnt_pivot_root(NEW, NEW "/none"));
}

TEST_F(pivot, a_changed_root_that_is_no_mount_is_refused)
{
	mnt_dir(NEW "/dir/new");
	ASSERT_EQ(0, mnt_tmpfs(NEW "/dir/new"));
	mnt_dir(NEW "/dir/new/old");
	ASSERT_EQ(0, chroot(NEW "/dir"));
	ASSERT_EQ(0, chdir("/"));
	EXPECT_EQ(-EINVAL, mnt_pivot_root("/new", "/new/old"));
}

TEST_F(pivot, without_privilege_it_is_refused)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(mnt_pivot_root(NEW, NEW "/old") == -EPERM);
		must(mnt_error(chroot(NEW)) == -EPERM);
		must(!ns_become_user_root());
		must(mnt_pivot_root(NEW, NEW "/old") == -EPERM);
		/* A root of its own is its own matter. */
		must(!chroot(NEW));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(mnt_exists("/tmp"));
}

/* How an unprivileged container gets its root. */
TEST_F(pivot, root_of_a_user_namespace_pivots_to_a_mount_of_its_own)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(!ns_become_user_root());
		must(!unshare(CLONE_NEWNS));
		/* What it inherited is locked in its place. */
		must(mnt_pivot_root(NEW, NEW "/old") == -EINVAL);
		must(!mnt_rbind(NEW, NEW));
		must(!mnt_pivot_root(NEW, NEW "/old"));
		must(!chdir("/"));
		must(mnt_exists("/dir") && mnt_exists("/old/tmp"));
		must(!mnt_off("/old", MNT_DETACH));
		must(!mnt_exists("/old/tmp"));
		/* The new root has taken the lock of the old one over. */
		must(mnt_off("/", MNT_DETACH) == -EINVAL);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(pivot, a_changed_root_is_not_left_by_dot_dot)
{
	ASSERT_EQ(0, chroot(NEW "/dir"));
	ASSERT_EQ(0, chdir("/.."));
	EXPECT_FALSE(mnt_exists("old"));
	EXPECT_FALSE(mnt_exists("/../old"));
	EXPECT_FALSE(mnt_exists("/../../tmp"));
}

/* user_namespaces(7), EPERM: else it could escape with the new privileges. */
TEST_F(pivot, in_a_changed_root_no_user_namespace_is_made)
{
	ASSERT_EQ(0, chroot(NEW "/dir"));
	ASSERT_EQ(0, chdir("/"));
	EXPECT_EQ(-EPERM, mnt_error(unshare(CLONE_NEWUSER)));
	EXPECT_EQ(-EPERM, proc_fork(CLONE_NEWUSER));
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "--wait")) {
		struct baton ready = { { -1, atoi(argv[2]) } };
		struct baton go = { { atoi(argv[3]), -1 } };

		baton_pass(&ready, 0);
		return baton_take(&go);
	}
	return test_harness_run(argc, argv);
}

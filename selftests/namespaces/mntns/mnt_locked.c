// SPDX-License-Identifier: GPL-2.0
/*
 * What a less privileged mount namespace inherits is locked: flags cannot be
 * taken off, mounts cannot be separated to show what they cover.
 *
 * Promises from mount_namespaces(7), "Restrictions on mount namespaces", and
 * mount_setattr(2).
 */
#include "kselftest_harness.h"
#include "mnt.h"

#define A	MNT_AREA "/a"
#define B	MNT_AREA "/b"

/* A new user namespace with root, and a mount namespace that belongs to it. */
static pid_t container(void)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!ns_become_user_root());
		must(!unshare(CLONE_NEWNS));
	}
	return pid;
}

/*
 * A flag that the mount at A has outside. Tried inside: every way to be rid
 * of it, and the ways that keep it.
 */
FIXTURE(flag)
{
};

FIXTURE_VARIANT(flag)
{
	unsigned long ms;		/* that it has */
	unsigned long other;		/* another one, which is not locked */
	uint64_t attr;
	uint64_t clear;
};

#define FLAG(n, ...) FIXTURE_VARIANT_ADD(flag, n) { __VA_ARGS__ }

FLAG(ro, MS_RDONLY, MS_NOEXEC, MOUNT_ATTR_RDONLY, MOUNT_ATTR_RDONLY);
FLAG(nosuid, MS_NOSUID, MS_NOEXEC, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NOSUID);
FLAG(nodev, MS_NODEV, MS_NOEXEC, MOUNT_ATTR_NODEV, MOUNT_ATTR_NODEV);
FLAG(noexec, MS_NOEXEC, MS_NOSUID, MOUNT_ATTR_NOEXEC, MOUNT_ATTR_NOEXEC);
FLAG(noatime, MS_NOATIME, MS_NOEXEC, MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME);
FLAG(strictatime, MS_STRICTATIME, MS_NOEXEC, MOUNT_ATTR_STRICTATIME,
	MOUNT_ATTR__ATIME);
FLAG(nodiratime, MS_NODIRATIME | MS_RELATIME, MS_NOEXEC, MOUNT_ATTR_NODIRATIME,
	MOUNT_ATTR_NODIRATIME);

FIXTURE_SETUP(flag)
{
	mnt_area();
	mnt_dir(A);
	mnt_dir(B);
	must(!mnt_tmpfs(A));
	must(!mnt_flags(A, variant->ms));
}

FIXTURE_TEARDOWN(flag)
{
}

/* The flags of the mount at @point, all of them. */
static const char *opts(const char *point)
{
	static struct mnt_info m;

	must(!mnt_info(point, &m));
	return m.opts;
}

/*
 * Names an atime flag always: a remount that names none keeps what was there.
 */
static unsigned long without(unsigned long ms)
{
	return ms & (MS_NOATIME | MS_STRICTATIME | MS_NODIRATIME) ?
	       MS_RELATIME : 0;
}

static void cannot_be_rid_of(const char *at, unsigned long ms, uint64_t clear)
{
	struct mount_attr attr = { .attr_clr = clear };
	char before[128];

	snprintf(before, sizeof(before), "%s", opts(at));
	must(mnt_flags(at, without(ms)) == -EPERM);
	must(mnt_setattr(AT_FDCWD, at, 0, &attr) == -EPERM);
	must(mnt_setattr(AT_FDCWD, at, AT_RECURSIVE, &attr) == -EPERM);
	must(!strcmp(before, opts(at)));
}

TEST_F(flag, is_not_taken_off)
{
	pid_t pid = container();

	if (!pid) {
		cannot_be_rid_of(A, variant->ms, variant->clear);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(flag, is_not_left_out_of_a_copy)
{
	pid_t pid = container();

	if (!pid) {
		int fd;

		must(!mnt_bind(A, B));
		cannot_be_rid_of(B, variant->ms, variant->clear);
		must(!mnt_off(B, 0));
		fd = mnt_clone(A);
		must(fd >= 0);
		must(!mnt_attach(fd, B));
		cannot_be_rid_of(B, variant->ms, variant->clear);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(flag, stays_and_others_come_and_go)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_NOSYMFOLLOW };
	pid_t pid = container();

	if (!pid) {
		must(!mnt_flags(A, variant->ms | variant->other));
		/* What this namespace added, it may take off. */
		must(!mnt_flags(A, variant->ms));
		must(!mnt_setattr(AT_FDCWD, A, 0, &attr));
		attr.attr_clr = attr.attr_set;
		attr.attr_set = 0;
		must(!mnt_setattr(AT_FDCWD, A, 0, &attr));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(flag, is_locked_for_real_root_too_when_inside)
{
	struct baton ready = baton_make();
	pid_t pid = container(), entered;
	int ns;

	if (!pid) {
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	ns = ns_open(pid, "mnt");
	ASSERT_GE(ns, 0);
	entered = proc_fork_bound(0);
	if (!entered) {
		must(!ns_enter(ns, CLONE_NEWNS));
		cannot_be_rid_of(A, variant->ms, variant->clear);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(entered));
	proc_kill(pid);
}

TEST_F(flag, is_free_in_a_namespace_of_the_same_privilege)
{
	pid_t pid = proc_fork_bound(CLONE_NEWNS);

	if (!pid) {
		struct mount_attr attr = { .attr_clr = variant->clear };

		must(!mnt_setattr(AT_FDCWD, A, 0, &attr));
		must(!mnt_flags(A, without(variant->ms)));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* A mount that arrives later, from outside, is locked as well. */
TEST_F(flag, is_locked_on_what_arrives_later)
{
	struct baton ready = baton_make(), go = baton_make();
	pid_t pid;

	must(!mnt_tmpfs(B));
	mnt_dir(B "/sub");
	ASSERT_EQ(0, mnt_make(B, MS_SHARED));
	pid = container();
	if (!pid) {
		baton_pass(&ready, 0);
		baton_take(&go);
		cannot_be_rid_of(B "/sub", variant->ms, variant->clear);
		_exit(0);
	}
	baton_take(&ready);
	ASSERT_EQ(0, mnt_bind(A, B "/sub"));
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(pid));
}

/*
 * A tree: A, A/low with a secret below A/low, all inherited together.
 */
FIXTURE(tree)
{
};

FIXTURE_SETUP(tree)
{
	mnt_area();
	mnt_dir(A);
	mnt_dir(B);
	must(!mnt_tmpfs(A));
	mnt_dir(A "/low");
	mnt_put(A "/low/secret", "");
	must(!mnt_tmpfs(A "/low"));
	mnt_dir(A "/low/sub");
}

FIXTURE_TEARDOWN(tree)
{
}

TEST_F(tree, a_mount_is_not_taken_off_what_it_covers)
{
	pid_t pid = container();

	if (!pid) {
		must(mnt_off(A "/low", 0) == -EINVAL);
		must(mnt_off(A "/low", MNT_DETACH) == -EINVAL);
		must(mnt_off(A, 0) == -EINVAL);
		must(mnt_off(A, MNT_DETACH) == -EINVAL);
		must(mnt_off(A "/low", MNT_EXPIRE) == -EINVAL);
		must(!mnt_exists(A "/low/secret"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(tree, a_mount_is_not_moved_off_what_it_covers)
{
	pid_t pid = container();

	if (!pid) {
		must(mnt_move(A "/low", B) == -EINVAL);
		must(mnt_move(A, B) == -EINVAL);
		must(!mnt_exists(A "/low/secret"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(tree, a_copy_without_what_covers_is_refused)
{
	pid_t pid = container();

	if (!pid) {
		must(mnt_bind(A, B) == -EINVAL);
		must(mnt_clone(A) == -EINVAL);
		must(!mnt_is(B));
		/* Nothing is covered in the child, or above the cover. */
		must(!mnt_bind(A "/low", B));
		must(!mnt_off(B, 0));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(tree, a_copy_of_the_whole_is_locked_together)
{
	pid_t pid = container();

	if (!pid) {
		must(!mnt_rbind(A, B));
		must(mnt_off(B "/low", 0) == -EINVAL);
		must(mnt_off(B "/low", MNT_DETACH) == -EINVAL);
		must(mnt_move(B "/low", A) == -EINVAL);
		must(!mnt_exists(B "/low/secret"));
		/* Its top is this namespace's own: the whole may go. */
		must(!mnt_off(B, MNT_DETACH));
		must(!mnt_is(B "/low"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(tree, what_arrives_together_leaves_together)
{
	struct baton ready = baton_make(), go = baton_make();
	pid_t pid;

	must(!mnt_tmpfs(B));
	mnt_dir(B "/sub");
	ASSERT_EQ(0, mnt_make(B, MS_SHARED));
	pid = container();
	if (!pid) {
		baton_pass(&ready, 0);
		baton_take(&go);
		must(mnt_is(B "/sub/low"));
		must(mnt_off(B "/sub/low", MNT_DETACH) == -EINVAL);
		must(!mnt_exists(B "/sub/low/secret"));
		must(!mnt_off(B "/sub", MNT_DETACH));
		must(!mnt_is(B "/sub"));
		_exit(0);
	}
	baton_take(&ready);
	ASSERT_EQ(0, mnt_rbind(A, B "/sub"));
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(mnt_is(B "/sub/low"));
}

/*
 * An unmount outside takes the cover along, and with it the lock: what the
 * outside shows, the inside may see.
 */
TEST_F(tree, an_unmount_outside_reveals)
{
	struct baton ready = baton_make(), go = baton_make();
	pid_t pid;

	ASSERT_EQ(0, mnt_make(A, MS_SHARED));
	pid = container();
	if (!pid) {
		must(mnt_off(A "/low", 0) == -EINVAL);
		baton_pass(&ready, 0);
		baton_take(&go);
		must(mnt_exists(A "/low/secret"));
		_exit(0);
	}
	baton_take(&ready);
	ASSERT_EQ(0, mnt_off(A "/low", 0));
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(tree, own_mounts_come_and_go)
{
	pid_t pid = container();

	if (!pid) {
		must(!mnt_tmpfs(A "/low/sub"));
		mnt_dir(A "/low/sub/x");
		must(!mnt_tmpfs(A "/low/sub/x"));
		must(!mnt_off(A "/low/sub/x", 0));
		must(!mnt_move(A "/low/sub", B));
		must(!mnt_off(B, 0));
		/* On top of a locked one, too. */
		must(!mnt_tmpfs(A "/low"));
		must(mnt_depth(A "/low") == 2);
		must(!mnt_off(A "/low", 0));
		must(mnt_off(A "/low", 0) == -EINVAL);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(tree, locks_hold_on_the_next_level)
{
	pid_t pid = container();

	if (!pid) {
		/* Its own mount, free for itself and locked for its child. */
		must(!mnt_tmpfs(B));
		pid = container();
		if (!pid) {
			must(mnt_off(A "/low", 0) == -EINVAL);
			must(mnt_off(B, 0) == -EINVAL);
			_exit(0);
		}
		must(!proc_end(pid));
		must(!mnt_off(B, 0));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(tree, nothing_is_locked_for_a_namespace_of_the_same_privilege)
{
	pid_t pid = proc_fork_bound(CLONE_NEWNS);

	if (!pid) {
		must(!mnt_off(A "/low", 0));
		must(mnt_exists(A "/low/secret"));
		must(!mnt_off(A, 0));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(mnt_is(A "/low"));
}

/* Both locked and unbindable: a copy can neither have nor lack it. */
TEST_F(tree, a_locked_unbindable_child_keeps_the_tree_from_being_copied)
{
	pid_t pid;

	ASSERT_EQ(0, mnt_make(A "/low", MS_UNBINDABLE));
	pid = container();
	if (!pid) {
		must(mnt_rbind(A, B) == -EPERM);
		must(!mnt_is(B));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(tree, a_locked_mount_is_not_hidden_by_a_rename_of_its_place)
{
	pid_t pid = container();

	if (!pid) {
		/* A mount point of this namespace does not move. */
		must(mnt_error(rename(A "/low", A "/high")) == -EBUSY);
		must(mnt_error(rmdir(A "/low")) == -EBUSY);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_HARNESS_MAIN

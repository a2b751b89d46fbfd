// SPDX-License-Identifier: GPL-2.0
/*
 * Ways out of a delegated cgroup, and what keeps each of them closed.
 *
 * Promises from cgroup-v2.rst, "Delegation Containment": processes cannot be
 * moved into or out of the sub-hierarchy by the delegatee.
 */
#include "cgns.h"
#include "cap.h"

#define USER	1000

static void become_user(void)
{
	must(!setgroups(0, NULL));
	userns_become(USER, USER);
}

/* Writes the caller's number to an open cgroup.procs. Returns 0, or -errno. */
static int enter_by(int fd)
{
	return write(fd, "0", 1) == 1 ? 0 : -errno;
}

static int open_procs(const char *cg)
{
	char path[PATH_MAX];
	int fd = open(cg_path(path, cg, "cgroup.procs"), O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* A fork into @cg that comes to nothing. Returns 0, or -errno. */
static int try_fork_into(const char *cg)
{
	pid_t pid = cg_fork_into(cg, 0);

	if (!pid)
		_exit(0);
	if (pid < 0)
		return pid;
	must(!proc_end(pid));
	return 0;
}

TEST_F(cgns, root_in_a_namespace_moves_nobody_across_its_border)
{
	pid_t next = cgns_sleeper(self->b), pid;

	ASSERT_EQ(0, cgns_remount(self->root, "nsdelegate"));
	pid = cgns_fork(self->a);
	if (!pid) {
		/* By the old mount, which shows all, and open to root. */
		must(cg_enter(self->b, 0) == -ENOENT);
		must(cg_enter(self->top, 0) == -ENOENT);
		must(cg_enter(self->root, 0) == -ENOENT);
		must(cg_write_number(self->b, "cgroup.threads", 0) == -ENOENT);
		must(cg_enter("/mnt", next) == -ENOENT);
		must(cg_enter("/mnt/c", next) == -ENOENT);
		must(cgns_is(0, "/") && cgns_is(next, "/../b"));
		/* Within, it may go where it likes. */
		must(!cg_enter("/mnt/c", 0) && !cg_enter(self->a, 0));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(-SIGKILL, proc_kill(next));
}

TEST_F(cgns, a_child_is_not_born_outside)
{
	pid_t pid;

	ASSERT_EQ(0, cgns_remount(self->root, "nsdelegate"));
	pid = cgns_fork(self->a);
	if (!pid) {
		must(try_fork_into(self->b) == -ENOENT);
		must(try_fork_into(self->top) == -ENOENT);
		must(try_fork_into("/mnt/c") == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	/* Nor can a user be born where it may not write. */
	cgns_give(self->a, USER);
	pid = cg_fork_into(self->a, 0);
	if (!pid) {
		become_user();
		must(try_fork_into(self->b) == -EACCES);
		must(try_fork_into(self->a) == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* It is the namespace in which the file was opened that counts. */
TEST_F(cgns, a_file_opened_inside_is_not_used_outside)
{
	struct baton number = baton_make(), go = baton_make();
	int fd, pidfd;
	pid_t pid;

	ASSERT_EQ(0, cgns_remount(self->root, "nsdelegate"));
	pid = cgns_fork(self->a);
	if (!pid) {
		baton_pass(&number, open_procs(self->b));
		baton_take(&go);
		_exit(0);
	}
	fd = baton_take(&number);
	ASSERT_GE(fd, 0);
	pidfd = proc_pidfd(pid);
	fd = syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	ASSERT_GE(fd, 0);
	/* Neither for the test, in the root, nor for its own process. */
	EXPECT_EQ(-ENOENT, enter_by(fd));
	EXPECT_EQ(-1, dprintf(fd, "%d", pid));
	EXPECT_EQ(ENOENT, errno);
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(pid));
}

/* The other way round, what was handed over by intent can be used. */
TEST_F(cgns, a_file_from_outside_is_a_way_out_that_outside_has_opened)
{
	int fd = open_procs(self->b);
	pid_t pid;

	ASSERT_EQ(0, cgns_remount(self->root, "nsdelegate"));
	pid = cgns_fork(self->a);
	if (!pid) {
		must(enter_by(fd) == 0);
		must(cgns_is(0, "/../b"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* And it is the user who opened it. */
TEST_F(cgns, a_file_opened_by_a_user_gives_no_more_to_root)
{
	struct baton number = baton_make(), go = baton_make();
	int fd, pidfd;
	pid_t pid;

	cgns_give(self->a, USER);
	pid = cg_fork_into(self->a, 0);
	if (!pid) {
		become_user();
		baton_pass(&number, open_procs(self->a));
		baton_take(&go);
		_exit(0);
	}
	fd = baton_take(&number);
	ASSERT_GE(fd, 0);
	pidfd = proc_pidfd(pid);
	fd = syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	ASSERT_GE(fd, 0);
	/* A program of root's that is made to write "0" to it. */
	EXPECT_EQ(-EACCES, enter_by(fd));
	EXPECT_TRUE(cgns_is(0, "/"));
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(pid));
}

/* cgroup-v2.rst's example: C0 with C00 and C01, and C1 with C10, all of U0. */
TEST_F(cgns, a_user_does_not_move_between_its_delegations)
{
	char c00[800], c01[800], c10[800];
	pid_t there, pid;

	cgns_give(self->a, USER);
	cgns_give(self->b, USER);
	snprintf(c00, sizeof(c00), "%s/c00", self->a);
	snprintf(c01, sizeof(c01), "%s/c01", self->a);
	snprintf(c10, sizeof(c10), "%s/c10", self->b);
	there = proc_fork_bound(0);
	if (!there) {
		become_user();
		must(!cg_create(c00) && !cg_create(c01) && !cg_create(c10));
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(there));
	there = cg_fork_into(c10, 0);
	if (!there) {
		become_user();
		proc_sleep_forever();
	}
	pid = cg_fork_into(c00, 0);
	if (!pid) {
		become_user();
		must(cg_enter(c00, there) == -EACCES);
		must(cg_enter(c10, 0) == -EACCES);
		must(cg_enter(self->b, 0) == -EACCES);
		must(try_fork_into(c10) == -EACCES);
		must(cg_write_number(c10, "cgroup.threads", 0) == -EACCES);
		must(!cg_enter(c01, 0));
		must(!cg_enter(self->a, 0));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(-SIGKILL, proc_kill(there));
}

/* From a place that it was not given, a user cannot even come home. */
TEST_F(cgns, a_user_is_not_let_in_from_outside)
{
	pid_t pid;

	cgns_give(self->a, USER);
	pid = cg_fork_into(self->b, 0);
	if (!pid) {
		become_user();
		must(cg_enter(self->a, 0) == -EACCES);
		must(cg_enter(self->c, 0) == -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* The usual container: root of a user namespace, which owns its cgroup. */
TEST_F(cgns, a_container_does_not_get_out)
{
	int initial = ns_open(0, "cgroup");
	pid_t next = cgns_sleeper(self->b), pid;
	struct stat own, shown;
	char new[PATH_MAX];

	ASSERT_EQ(0, cgns_remount(self->root, "nsdelegate"));
	ASSERT_EQ(0, stat(self->a, &own));
	pid = cgns_contain(self->a);
	if (!pid) {
		/* To a neighbour, up, */
		must(cg_enter(self->b, 0) == -EACCES);
		must(cg_enter(self->top, 0) == -EACCES);
		must(cg_enter(self->root, 0) == -EACCES);
		/* into another's namespace, */
		must(ns_enter(initial, CLONE_NEWCGROUP) == -EPERM);
		/* through a mount of the whole hierarchy, */
		must(!umount("/mnt"));
		must(!cgns_mount() && !stat("/mnt", &shown));
		must(shown.st_ino == own.st_ino && cg_has("/mnt", "c"));
		must(access("/mnt/b", F_OK) == -1 && errno == ENOENT);
		/* by a namespace that begins elsewhere, */
		must(!cg_enter("/mnt/c", 0) && !unshare(CLONE_NEWCGROUP));
		must(cg_enter(self->b, 0) == -EACCES);
		/* or with a child. */
		must(try_fork_into(self->b) == -EACCES);
		/* Nor does it get at others, */
		must(cg_enter("/mnt", next) == -EACCES);
		must(cg_write(self->b, "cgroup.kill", "1") == -EACCES);
		must(cg_write(self->b, "cgroup.freeze", "1") == -EACCES);
		must(cg_create(cg_path(new, self->b, "new")) == -EACCES);
		must(cg_create(cg_path(new, self->top, "new")) == -EACCES);
		must(!cg_create("/mnt/new"));
		must(cg_remove(self->b) == -EACCES);
		/* or at what its parent hands out. */
		must(cg_write(self->top, "cgroup.subtree_control", "-pids") ==
		     -EACCES);
		must(cg_write(self->a, "pids.max", "max") == -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, waitpid(next, NULL, WNOHANG));
	EXPECT_EQ(-SIGKILL, proc_kill(next));
}

/* Whatever becomes of the tree below, it is held to what it was given. */
TEST_F(cgns, a_container_does_not_get_round_its_limit)
{
	pid_t pid;

	ASSERT_EQ(0, cgns_remount(self->root, "nsdelegate"));
	ASSERT_EQ(0, cg_write(self->a, "pids.max", "2"));
	pid = cgns_contain(self->a);
	if (!pid) {
		pid_t one;

		must(!cg_create("/mnt/x") && !cg_enter("/mnt/x", 0));
		must(!cg_write("/mnt", "cgroup.subtree_control", "+pids"));
		must(!cg_write("/mnt/x", "pids.max", "max"));
		one = cgns_sleeper("/mnt/x");
		must(one > 0);
		must(proc_fork(0) == -EAGAIN);
		must(try_fork_into("/mnt/c") == -EAGAIN);
		/* To take the controller away takes no limit away. */
		must(!cg_write("/mnt", "cgroup.subtree_control", "-pids"));
		must(proc_fork(0) == -EAGAIN);
		must(!unshare(CLONE_NEWCGROUP));
		must(proc_fork(0) == -EAGAIN);
		must(proc_kill(one) == -SIGKILL);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* It is its own, but not to be removed under the feet of whoever gave it. */
TEST_F(cgns, a_container_does_not_remove_its_root)
{
	char to[PATH_MAX];
	pid_t pid;

	ASSERT_EQ(0, cgns_remount(self->root, "nsdelegate"));
	pid = cgns_contain(self->a);
	if (!pid) {
		/* In version 2 nothing is renamed, not even what is its own. */
		must(rename("/mnt/c", "/mnt/d") == -1 && errno == EPERM);
		must(!cg_remove("/mnt/c"));
		must(cg_remove(self->a) == -EACCES);
		must(rename(self->a, cg_path(to, self->top, "to")) == -1 && errno == EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(cg_has(self->a, "cgroup.procs"));
}

/* Enables only what it was given. */
TEST_F(cgns, a_container_enables_only_what_it_was_given)
{
	char given[512];
	pid_t pid;

	ASSERT_EQ(0, cgns_remount(self->root, "nsdelegate"));
	ASSERT_GT(cg_read(self->a, "cgroup.controllers", given,
			  sizeof(given)), 0);
	ASSERT_STREQ("pids", given);
	pid = cgns_contain(self->a);
	if (!pid) {
		must(cg_write("/mnt", "cgroup.subtree_control", "+memory") ==
		     -ENOENT);
		must(cg_write("/mnt", "cgroup.subtree_control", "+no_such") ==
		     -EINVAL);
		must(!cg_write("/mnt", "cgroup.subtree_control", "+pids"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * A cgroup that was removed while something still refers to it: how it is
 * counted, that nobody gets into it, and that it is not in the way.
 *
 * Promises from cgroup-v2.rst, "Processes" and cgroup.stat.
 */
#include "core.h"

static long stat_of(const char *cg, const char *key)
{
	return cg_key(cg, "cgroup.stat", key);
}

#define NEEDS_NR_SUBSYS() do {						\
	if (stat_of(self->top, "nr_subsys_pids") == -ENOENT)		\
		SKIP(return, "no nr_subsys_* in cgroup.stat (Linux 6.13)");\
} while (0)

/* A zombie in @cg, which by then counts as empty. */
static pid_t zombie(const char *cg)
{
	pid_t pid = cg_fork_into(cg, 0);

	if (!pid)
		_exit(7);
	must(pid > 0 && !proc_await_zombie(pid) && !cg_await_empty(cg));
	return pid;
}

TEST_F(core, descendants_are_counted_on_each_level)
{
	EXPECT_EQ(3, stat_of(self->top, "nr_descendants"));
	EXPECT_EQ(1, stat_of(self->a, "nr_descendants"));
	EXPECT_EQ(0, stat_of(self->b, "nr_descendants"));
	EXPECT_EQ(0, stat_of(self->c, "nr_descendants"));
	ASSERT_EQ(0, cg_remove(self->c));
	EXPECT_EQ(2, stat_of(self->top, "nr_descendants"));
	EXPECT_EQ(0, stat_of(self->a, "nr_descendants"));
}

TEST_F(core, a_controller_is_counted_where_it_is_enabled)
{
	NEEDS_NR_SUBSYS();
	/* Those of @top itself, @a and @b; @a does not hand it on to @c. */
	EXPECT_EQ(3, stat_of(self->top, "nr_subsys_pids"));
	EXPECT_EQ(1, stat_of(self->a, "nr_subsys_pids"));
	EXPECT_EQ(0, stat_of(self->c, "nr_subsys_pids"));
	EXPECT_EQ(0, stat_of(self->top, "nr_dying_subsys_pids"));
	ASSERT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "+pids"));
	EXPECT_EQ(4, stat_of(self->top, "nr_subsys_pids"));
	EXPECT_EQ(2, stat_of(self->a, "nr_subsys_pids"));
	EXPECT_EQ(1, stat_of(self->c, "nr_subsys_pids"));
	ASSERT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "-pids"));
	EXPECT_TRUE(EVENTUALLY(!stat_of(self->top, "nr_dying_subsys_pids")));
	EXPECT_EQ(3, stat_of(self->top, "nr_subsys_pids"));
	EXPECT_EQ(0, stat_of(self->c, "nr_subsys_pids"));
}

TEST_F(core, removed_it_is_dying_until_its_zombie_is_reaped)
{
	pid_t pid = zombie(self->b);

	EXPECT_EQ(0, stat_of(self->top, "nr_dying_descendants"));
	ASSERT_EQ(0, cg_remove(self->b));
	EXPECT_EQ(2, stat_of(self->top, "nr_descendants"));
	EXPECT_EQ(1, stat_of(self->top, "nr_dying_descendants"));
	EXPECT_GE(stat_of(self->root, "nr_dying_descendants"), 1);
	/* It is not counted beside it. */
	EXPECT_EQ(0, stat_of(self->a, "nr_dying_descendants"));
	/* Nor does it come back. */
	EXPECT_EQ(-ENOENT, cg_remove(self->b));
	EXPECT_EQ(7, proc_end(pid));
	EXPECT_TRUE(EVENTUALLY(!stat_of(self->top, "nr_dying_descendants")));
	EXPECT_EQ(2, stat_of(self->top, "nr_descendants"));
}

TEST_F(core, its_controllers_are_dying_with_it)
{
	pid_t pid;

	NEEDS_NR_SUBSYS();
	pid = zombie(self->b);
	ASSERT_EQ(3, stat_of(self->top, "nr_subsys_pids"));
	ASSERT_EQ(0, cg_remove(self->b));
	EXPECT_EQ(2, stat_of(self->top, "nr_subsys_pids"));
	EXPECT_EQ(1, stat_of(self->top, "nr_dying_subsys_pids"));
	EXPECT_EQ(0, stat_of(self->a, "nr_dying_subsys_pids"));
	EXPECT_EQ(7, proc_end(pid));
	EXPECT_TRUE(EVENTUALLY(!stat_of(self->top, "nr_dying_subsys_pids")));
	EXPECT_EQ(2, stat_of(self->top, "nr_subsys_pids"));
}

/* The cgroup lives on, only the controller that its zombie was counted by does not. */
TEST_F(core, a_disabled_controller_is_dying_until_a_zombie_is_reaped)
{
	pid_t pid;

	NEEDS_NR_SUBSYS();
	pid = zombie(self->b);
	ASSERT_EQ(0, cg_write(self->top, "cgroup.subtree_control", "-pids"));
	EXPECT_EQ(1, stat_of(self->top, "nr_subsys_pids"));
	EXPECT_EQ(1, stat_of(self->b, "nr_dying_subsys_pids"));
	EXPECT_EQ(0, stat_of(self->top, "nr_dying_descendants"));
	EXPECT_EQ(3, stat_of(self->top, "nr_descendants"));
	/* Another takes its place meanwhile, and does not count that process. */
	ASSERT_EQ(0, cg_write(self->top, "cgroup.subtree_control", "+pids"));
	EXPECT_EQ(3, stat_of(self->top, "nr_subsys_pids"));
	EXPECT_EQ(1, stat_of(self->b, "nr_subsys_pids"));
	EXPECT_EQ(1, stat_of(self->b, "nr_dying_subsys_pids"));
	EXPECT_EQ(0, cg_number(self->b, "pids.current"));
	EXPECT_EQ(7, proc_end(pid));
	EXPECT_TRUE(EVENTUALLY(!stat_of(self->top, "nr_dying_subsys_pids")));
	EXPECT_EQ(3, stat_of(self->top, "nr_subsys_pids"));
}

/* What was opened before does not help either. */
TEST_F(core, nobody_gets_into_a_removed_cgroup)
{
	char path[PATH_MAX], text[64];
	int dir, procs, killing;
	pid_t pid = zombie(self->b);

	dir = open(self->b, O_PATH | O_DIRECTORY | O_CLOEXEC);
	procs = open(cg_path(path, self->b, "cgroup.procs"), O_RDWR | O_CLOEXEC);
	killing = open(cg_path(path, self->b, "cgroup.kill"), O_WRONLY | O_CLOEXEC);
	ASSERT_GE(dir, 0);
	ASSERT_GE(procs, 0);
	ASSERT_GE(killing, 0);
	ASSERT_EQ(0, read(procs, text, sizeof(text)));
	ASSERT_EQ(0, cg_remove(self->b));
	EXPECT_EQ(-ENODEV, write(procs, "0", 1) == 1 ? 0 : -errno);
	EXPECT_EQ(-ENODEV, pread(procs, text, sizeof(text), 0) < 0 ? -errno : 0);
	EXPECT_EQ(-ENODEV, write(killing, "1", 1) == 1 ? 0 : -errno);
	EXPECT_EQ(-ENOENT, try_clone(dir, sizeof(struct clone_args)));
	EXPECT_EQ(-ENOENT, mkdirat(dir, "child", 0755) ? -errno : 0);
	EXPECT_EQ(-ENOENT, openat(dir, "cgroup.procs", O_WRONLY) < 0 ? -errno : 0);
	EXPECT_EQ(-ENOENT, cg_enter(self->b, 0));
	/* All that while it was there. */
	EXPECT_EQ(1, stat_of(self->top, "nr_dying_descendants"));
	EXPECT_EQ(7, proc_end(pid));
	close(dir);
	close(procs);
	close(killing);
}

TEST_F(core, another_of_its_name_has_nothing_of_it)
{
	struct stat before, after;
	pid_t pid, other;

	ASSERT_EQ(0, cg_write(self->b, "pids.max", "5"));
	ASSERT_EQ(0, stat(self->b, &before));
	pid = zombie(self->b);
	ASSERT_EQ(0, cg_remove(self->b));
	ASSERT_EQ(0, cg_create(self->b));
	ASSERT_EQ(0, stat(self->b, &after));
	EXPECT_NE(before.st_ino, after.st_ino);
	EXPECT_EQ(0, populated(self->b));
	EXPECT_FALSE(lists(self->b, "cgroup.procs", pid));
	EXPECT_EQ(-EINVAL, cg_number(self->b, "pids.max"));
	EXPECT_EQ(0, cg_number(self->b, "pids.current"));
	EXPECT_EQ(3, stat_of(self->top, "nr_descendants"));
	EXPECT_EQ(1, stat_of(self->top, "nr_dying_descendants"));
	EXPECT_NE(NULL, strstr(cgroup_of(pid), "/b (deleted)"));
	/* It is used while the old one is dying. */
	other = sleeper(self->b);
	ASSERT_GT(other, 0);
	EXPECT_TRUE(is_in(self->root, self->b, other));
	EXPECT_EQ(1, cg_number(self->b, "pids.current"));
	EXPECT_EQ(7, proc_end(pid));
	EXPECT_TRUE(EVENTUALLY(!stat_of(self->top, "nr_dying_descendants")));
	EXPECT_EQ(1, cg_number(self->b, "pids.current"));
	EXPECT_EQ(-SIGKILL, proc_kill(other));
}

/* Who already waits is not woken; what empties a cgroup was an event before. */
TEST_F(core, who_polls_its_events_is_told)
{
	char text[256];
	int fd = cg_watch(self->b, "cgroup.events");

	ASSERT_GE(fd, 0);
	EXPECT_EQ(0, proc_poll(fd, POLLPRI, 0));
	ASSERT_EQ(0, cg_remove(self->b));
	EXPECT_EQ(POLLPRI | POLLERR, proc_poll(fd, POLLPRI, 0));
	EXPECT_EQ(-ENODEV, pread(fd, text, sizeof(text), 0) < 0 ? -errno : 0);
	close(fd);
}

TEST_F(core, inotify_tells_that_it_is_gone)
{
	int fd = inotify_init1(IN_CLOEXEC), dir, file, wd;
	bool dir_gone = false, file_gone = false;
	char path[PATH_MAX];
	uint32_t mask;

	if (proc_kernel_before(7, 1))
		SKIP(return, "files that go with their cgroup are not told of (Linux 7.1)");
	ASSERT_GE(fd, 0);
	dir = inotify_add_watch(fd, self->b, IN_DELETE_SELF);
	file = inotify_add_watch(fd, cg_path(path, self->b, "cgroup.events"), IN_DELETE_SELF);
	ASSERT_GE(dir, 0);
	ASSERT_GE(file, 0);
	EXPECT_EQ(0, proc_poll(fd, POLLIN, 0));
	ASSERT_EQ(0, cg_remove(self->b));
	while (!(dir_gone && file_gone) && (mask = take_inotify(fd, &wd, PROC_HANG_MS))) {
		dir_gone |= mask & IN_DELETE_SELF && wd == dir;
		file_gone |= mask & IN_DELETE_SELF && wd == file;
	}
	EXPECT_TRUE(dir_gone);
	EXPECT_TRUE(file_gone);
	close(fd);
}

TEST_HARNESS_MAIN

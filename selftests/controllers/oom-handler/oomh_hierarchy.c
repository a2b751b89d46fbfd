// SPDX-License-Identifier: GPL-2.0
/* Which handler gets which OOM, and cgroups that go away. */
#include "oomh.h"
#include "kselftest_harness.h"

/* top/cg has no limit of its own; top/cg/a and top/cg/b have the usual one. */
FIXTURE(tree) {
	struct timespec start;
	char top[PATH_MAX];
	char cg[PATH_MAX];
	char a[PATH_MAX];
	char b[PATH_MAX];
};

FIXTURE_SETUP(tree)
{
	clock_gettime(CLOCK_MONOTONIC, &self->start);
	ASSERT_EQ(0, oomh_top(self->top, "oomh-tree"));
	SKIP_WITHOUT_HANDLERS(self->top);
	cg_path(self->cg, self->top, "cg");
	cg_path(self->a, self->cg, "a");
	cg_path(self->b, self->cg, "b");
	ASSERT_EQ(0, oomh_cgroup(self->cg, 0, LONG_MS));
	ASSERT_EQ(0, cg_write(self->cg, "cgroup.subtree_control", "+memory"));
	ASSERT_EQ(0, oomh_cgroup(self->a, LIMIT, LONG_MS));
	ASSERT_EQ(0, oomh_cgroup(self->b, LIMIT, LONG_MS));
}

FIXTURE_TEARDOWN(tree)
{
	EXPECT_EQ(0, cg_destroy(self->top));
	/* Only what waits for a time limit in vain takes that long */
	EXPECT_GT(LONG_MS, ms_since(&self->start));
}

TEST_F(tree, parents_handler_serves_the_child)
{
	char buf[4096];
	int fd = oomh_start(self->cg);
	pid_t pid;

	ASSERT_LE(0, fd);
	pid = hog(self->a, HOG);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(oomh_await(fd, "waiting ", 1));
	EXPECT_LT(0, cg_read(self->cg, "memory.oom.waiters", buf, sizeof(buf)));
	EXPECT_TRUE(says(buf, " limit=/a "));
	EXPECT_EQ(0, cg_read(self->b, "memory.oom.waiters", buf, sizeof(buf)));
	EXPECT_EQ(0, cg_write_number(self->a, "memory.max", ENOUGH));
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(tree, nearest_handler_wins)
{
	int far = oomh_start(self->cg), near = oomh_start(self->a);
	pid_t pid;

	ASSERT_LE(0, far);
	ASSERT_LE(0, near);
	pid = hog(self->a, HOG);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(oomh_await(near, "waiting ", 1));
	EXPECT_EQ(0, oomh_key(far, "waiting "));
	EXPECT_EQ(0, oomh_key(far, "ooms "));
	EXPECT_EQ(0, cg_write_number(self->a, "memory.max", ENOUGH));
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(tree, switched_off_handler_is_passed_over)
{
	int far = oomh_start(self->cg), near = oomh_start(self->a);
	pid_t pid;

	ASSERT_LE(0, far);
	ASSERT_LE(0, near);
	ASSERT_EQ(0, cg_write(self->a, "memory.oom.timeout_ms", "0"));
	pid = hog(self->a, HOG);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(oomh_await(far, "waiting ", 1));
	EXPECT_EQ(0, oomh_key(near, "waiting "));
	EXPECT_EQ(0, cg_write_number(self->a, "memory.max", ENOUGH));
	EXPECT_EQ(0, proc_end(pid));
}

/* Whoever owns a cgroup cannot hold up what its ancestors decided. */
TEST_F(tree, childs_handler_cannot_delay_the_parents_limit)
{
	int fd = oomh_start(self->a);
	struct timespec start;
	pid_t pid;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "max"));
	ASSERT_EQ(0, cg_write_number(self->cg, "memory.max", LIMIT));
	clock_gettime(CLOCK_MONOTONIC, &start);
	pid = hog(self->a, HOG);
	ASSERT_LT(0, pid);
	EXPECT_EQ(-SIGKILL, proc_end(pid));
	EXPECT_GT(LONG_MS / 2, ms_since(&start));
	EXPECT_EQ(0, oomh_key(fd, "ooms "));
}

TEST_F(tree, waiting_task_is_killed_for_an_ancestor)
{
	int fd = oomh_start(self->a);
	struct baton full = baton_make();
	pid_t waits, pid;

	/* a's waiter is the fattest of cg when cg itself runs out */
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, cg_write_number(self->cg, "memory.max", LIMIT + MB(4)));
	waits = hog(self->a, HOG);
	ASSERT_LT(0, waits);
	ASSERT_TRUE(oomh_await(fd, "waiting ", 1));
	pid = cg_fork_bound(self->b);
	ASSERT_LE(0, pid);
	if (!pid) {
		spare_me();
		touch(MB(6));
		baton_pass(&full, 0);
		proc_sleep_forever();
	}
	EXPECT_EQ(-SIGKILL, proc_end(waits));
	baton_take(&full);
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
}

TEST_F(tree, nested_limits_are_handled_one_after_the_other)
{
	int outer = oomh_start(self->cg), inner = oomh_start(self->a);
	pid_t pid;

	ASSERT_LE(0, outer);
	ASSERT_LE(0, inner);
	ASSERT_EQ(0, cg_write_number(self->cg, "memory.max", LIMIT + MB(2)));
	pid = hog(self->a, HOG);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(oomh_await(inner, "waiting ", 1));
	EXPECT_EQ(0, oomh_key(outer, "ooms "));
	EXPECT_EQ(0, cg_write_number(self->a, "memory.max", ENOUGH));
	ASSERT_TRUE(oomh_await(outer, "waiting ", 1));
	EXPECT_LE(1, oomh_key(inner, "ooms "));
	EXPECT_EQ(0, oomh_key(inner, "waiting "));
	EXPECT_EQ(0, cg_write_number(self->cg, "memory.max", ENOUGH));
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(tree, every_limit_has_a_clock_of_its_own)
{
	int fd = oomh_start(self->cg);
	pid_t in_a, in_b;

	ASSERT_LE(0, fd);
	in_a = hog(self->a, HOG);
	ASSERT_LT(0, in_a);
	in_b = hog(self->b, HOG);
	ASSERT_LT(0, in_b);
	ASSERT_TRUE(oomh_await(fd, "ooms ", 2));
	EXPECT_TRUE(oomh_await(fd, "waiting ", 2));
	EXPECT_EQ(0, cg_write_number(self->b, "memory.max", ENOUGH));
	EXPECT_EQ(0, proc_end(in_b));
	EXPECT_TRUE(oomh_await(fd, "waiting ", 1));
	EXPECT_EQ(0, cg_write_number(self->a, "memory.max", ENOUGH));
	EXPECT_EQ(0, proc_end(in_a));
}

/* When the nearest goes away, it is the kernel's turn, not the next one's. */
TEST_F(tree, dead_handlers_oom_is_not_passed_on)
{
	int far = oomh_start(self->cg), near = oomh_start(self->a);
	pid_t pid;

	ASSERT_LE(0, far);
	ASSERT_LE(0, near);
	pid = cg_fork_bound(self->a);
	ASSERT_LE(0, pid);
	if (!pid) {
		/* What it inherits keeps the handler alive */
		close(near);
		touch(HOG);
		_exit(0);
	}
	ASSERT_TRUE(oomh_await(near, "waiting ", 1));
	close(near);
	EXPECT_EQ(-SIGKILL, proc_end(pid));
	EXPECT_EQ(0, oomh_key(far, "ooms "));
}

TEST_F(tree, task_that_moves_out_stops_waiting)
{
	int fd = oomh_start(self->a);
	pid_t pid;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, cg_write(self->b, "memory.max", "max"));
	pid = hog(self->a, HOG);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(oomh_await(fd, "waiting ", 1));
	EXPECT_EQ(0, cg_enter(self->b, pid));
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, oomh_key(fd, "waiting "));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "oom_kill"));
}

TEST_F(tree, cgroup_is_removed_under_the_handler_and_its_waiter)
{
	struct timespec start;
	int fd = oomh_start(self->a);
	pid_t pid;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, cg_write(self->b, "memory.max", "max"));
	pid = hog(self->a, HOG);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(oomh_await(fd, "waiting ", 1));
	EXPECT_EQ(-EBUSY, cg_remove(self->a));
	EXPECT_TRUE(oomh_await(fd, "waiting ", 1));

	clock_gettime(CLOCK_MONOTONIC, &start);
	EXPECT_EQ(0, cg_enter(self->b, pid));
	EXPECT_EQ(0, cg_remove(self->a));
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_GT(LONG_MS / 2, ms_since(&start));

	/* The handler gets to know, and another can start afresh */
	EXPECT_TRUE(proc_poll(fd, POLLPRI, PROC_HANG_MS) & POLLERR);
	EXPECT_EQ(-ENODEV, oomh_key(fd, "active "));
	EXPECT_EQ(-ENODEV, oomh_say(fd, "retry"));
	close(fd);
	ASSERT_EQ(0, oomh_cgroup(self->a, LIMIT, LONG_MS));
	fd = oomh_start(self->a);
	EXPECT_LE(0, fd);
	EXPECT_EQ(0, oomh_key(fd, "ooms "));
}

TEST_F(tree, killed_cgroup_can_be_removed)
{
	int fd = oomh_start(self->cg);
	pid_t pid;

	ASSERT_LE(0, fd);
	pid = hog(self->a, HOG);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(oomh_await(fd, "waiting ", 1));
	EXPECT_EQ(0, cg_write(self->a, "cgroup.kill", "1"));
	EXPECT_EQ(-SIGKILL, proc_end(pid));
	EXPECT_EQ(0, cg_await_empty(self->a));
	EXPECT_EQ(0, cg_remove(self->a));
	EXPECT_EQ(0, oomh_key(fd, "waiting "));
}

TEST_F(tree, disabled_controller_ends_the_wait)
{
	struct timespec start;
	int fd = oomh_start(self->a);
	pid_t pid;

	ASSERT_LE(0, fd);
	pid = hog(self->a, HOG);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(oomh_await(fd, "waiting ", 1));
	clock_gettime(CLOCK_MONOTONIC, &start);
	EXPECT_EQ(0, cg_write(self->cg, "cgroup.subtree_control", "-memory"));
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_GT(LONG_MS / 2, ms_since(&start));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * memory.oom.group: all or nothing.
 *
 * Promises from cgroup-v2.rst, "memory.oom.group" and "oom_group_kill" of
 * "memory.events".
 */
#include "kselftest_harness.h"
#include "oom.h"

/*
 * Whether "oom_kill" of @cg's @file says that @n were killed. The one that
 * was chosen is counted again as one of its group, unless its memory is gone
 * by then: oom_kill_process() goes over all of the group.
 */
static bool killed(const char *cg, const char *file, long n)
{
	long count = cg_key(cg, file, "oom_kill");

	if (count != n && count != n + 1)
		fprintf(stderr, "# oom_kill of %s is %ld, not %ld\n", cg, count, n);
	return count == n || count == n + 1;
}

TEST_F(oom, without_it_one_is_killed)
{
	pid_t one, two;

	ASSERT_EQ(0, cg_write(self->a, "memory.max", "8M"));
	one = resident(self->a, MB(1), 0);
	two = resident(self->a, MB(1), 0);
	EXPECT_EQ(-SIGKILL, proc_end(glutton(self->a, MB(12), 0)));
	EXPECT_TRUE(alive(one));
	EXPECT_TRUE(alive(two));
	EXPECT_EQ(1, cg_key(self->a, "memory.events", "oom_kill"));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "oom_group_kill"));
}

TEST_F(oom, with_it_all_are_killed)
{
	pid_t one, two, other;

	ASSERT_EQ(0, cg_write(self->a, "memory.max", "8M"));
	ASSERT_EQ(0, cg_write(self->a, "memory.oom.group", "1"));
	one = resident(self->a, MB(1), 0);
	two = resident(self->a, MB(1), -999);
	other = resident(self->b, MB(1), 1000);
	EXPECT_EQ(-SIGKILL, proc_end(glutton(self->a, MB(12), 0)));
	EXPECT_EQ(-SIGKILL, proc_end(one));
	EXPECT_EQ(-SIGKILL, proc_end(two));
	EXPECT_TRUE(alive(other));
	EXPECT_EQ(0, cg_await_empty(self->a));
	EXPECT_TRUE(killed(self->a, "memory.events", 3));
	EXPECT_EQ(1, cg_key(self->a, "memory.events", "oom_group_kill"));
	EXPECT_EQ(1, cg_key(self->top, "memory.events", "oom_group_kill"));
	EXPECT_EQ(0, cg_key(self->top, "memory.events.local", "oom_group_kill"));
	EXPECT_EQ(0, cg_key(self->b, "memory.events", "oom_kill"));
}

TEST_F(oom, switched_off_again_one_is_killed)
{
	pid_t one;

	ASSERT_EQ(0, cg_write(self->a, "memory.max", "8M"));
	ASSERT_EQ(0, cg_write(self->a, "memory.oom.group", "1"));
	ASSERT_EQ(0, cg_write(self->a, "memory.oom.group", "0"));
	one = resident(self->a, MB(1), 0);
	EXPECT_EQ(-SIGKILL, proc_end(glutton(self->a, MB(12), 0)));
	EXPECT_TRUE(alive(one));
}

/* "Tasks with the OOM protection are an exception and are never killed." */
TEST_F(oom, minus_1000_is_spared)
{
	pid_t one, safe;

	ASSERT_EQ(0, cg_write(self->a, "memory.max", "8M"));
	ASSERT_EQ(0, cg_write(self->a, "memory.oom.group", "1"));
	one = resident(self->a, MB(1), 0);
	safe = resident(self->a, MB(1), -1000);
	EXPECT_EQ(-SIGKILL, proc_end(glutton(self->a, MB(12), 0)));
	EXPECT_EQ(-SIGKILL, proc_end(one));
	EXPECT_TRUE(alive(safe));
	EXPECT_TRUE(killed(self->a, "memory.events", 2));
}

TEST_F(oom, all_below_are_killed)
{
	char x[PATH_MAX], y[PATH_MAX], z[PATH_MAX];
	pid_t in_x, in_z, other;

	divide(self->a, x, y);
	ASSERT_EQ(0, cg_write(y, "cgroup.subtree_control", "+memory"));
	ASSERT_EQ(0, cg_create(cg_path(z, y, "z")));
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "8M"));
	ASSERT_EQ(0, cg_write(self->a, "memory.oom.group", "1"));
	in_x = resident(x, MB(1), 0);
	in_z = resident(z, MB(1), 0);
	other = resident(self->b, MB(1), 0);
	EXPECT_EQ(-SIGKILL, proc_end(glutton(x, MB(12), 0)));
	EXPECT_EQ(-SIGKILL, proc_end(in_x));
	EXPECT_EQ(-SIGKILL, proc_end(in_z));
	EXPECT_TRUE(alive(other));
	EXPECT_TRUE(killed(x, "memory.events", 2));
	EXPECT_EQ(1, cg_key(z, "memory.events", "oom_kill"));
	EXPECT_TRUE(killed(self->a, "memory.events", 3));
	EXPECT_EQ(1, cg_key(self->a, "memory.events.local", "oom_group_kill"));
	EXPECT_EQ(0, cg_key(x, "memory.events", "oom_group_kill"));
}

TEST_F(oom, only_the_victims_group_is_killed)
{
	char x[PATH_MAX], y[PATH_MAX];
	pid_t in_x, in_y;

	divide(self->a, x, y);
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "8M"));
	ASSERT_EQ(0, cg_write(x, "memory.oom.group", "1"));
	ASSERT_EQ(0, cg_write(y, "memory.oom.group", "1"));
	in_x = resident(x, MB(1), 0);
	in_y = resident(y, MB(1), 0);
	EXPECT_EQ(-SIGKILL, proc_end(glutton(x, MB(12), 0)));
	EXPECT_EQ(-SIGKILL, proc_end(in_x));
	EXPECT_TRUE(alive(in_y));
	EXPECT_EQ(1, cg_key(x, "memory.events.local", "oom_group_kill"));
	EXPECT_EQ(0, cg_key(y, "memory.events", "oom_kill"));
}

/* The group need not be the one that asks for memory. */
TEST_F(oom, the_group_of_the_biggest_is_killed)
{
	char x[PATH_MAX], y[PATH_MAX];
	pid_t fat, thin;

	divide(self->a, x, y);
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "12M"));
	ASSERT_EQ(0, cg_write(x, "memory.oom.group", "1"));
	fat = resident(x, MB(7), 0);
	thin = resident(x, MB(1), 0);
	proc_end(glutton(y, MB(5), -500));
	EXPECT_EQ(-SIGKILL, proc_end(fat));
	EXPECT_EQ(-SIGKILL, proc_end(thin));
	EXPECT_TRUE(killed(x, "memory.events", 2));
}

TEST_F(oom, the_group_nearest_to_the_limit_is_killed)
{
	char x[PATH_MAX], y[PATH_MAX];
	pid_t in_x, in_y;

	divide(self->a, x, y);
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "8M"));
	ASSERT_EQ(0, cg_write(self->a, "memory.oom.group", "1"));
	ASSERT_EQ(0, cg_write(x, "memory.oom.group", "1"));
	in_x = resident(x, MB(1), 0);
	in_y = resident(y, MB(1), 0);
	EXPECT_EQ(-SIGKILL, proc_end(glutton(x, MB(12), 0)));
	EXPECT_EQ(-SIGKILL, proc_end(in_x));
	EXPECT_EQ(-SIGKILL, proc_end(in_y));
	EXPECT_EQ(1, cg_key(self->a, "memory.events.local", "oom_group_kill"));
}

/*
 * "It's not going to kill any tasks outside of this cgroup, regardless
 * memory.oom.group values of ancestor cgroups."
 */
TEST_F(oom, a_group_above_the_limit_is_left_alone)
{
	char x[PATH_MAX], y[PATH_MAX];
	pid_t in_x, in_y;

	divide(self->a, x, y);
	ASSERT_EQ(0, cg_write(x, "memory.max", "8M"));
	ASSERT_EQ(0, cg_write(self->a, "memory.oom.group", "1"));
	in_x = resident(x, MB(1), 0);
	in_y = resident(y, MB(1), 0);
	EXPECT_EQ(-SIGKILL, proc_end(glutton(x, MB(12), 0)));
	EXPECT_TRUE(alive(in_x));
	EXPECT_TRUE(alive(in_y));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "oom_group_kill"));
	EXPECT_EQ(1, cg_key(self->a, "memory.events", "oom_kill"));
}

TEST_F(oom, lowering_the_limit_kills_all_together)
{
	pid_t one = resident(self->a, MB(4), 0), two = resident(self->a, MB(4), 0);

	ASSERT_EQ(0, cg_write(self->a, "memory.oom.group", "1"));
	/* To kill one of the two would do. */
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "6M"));
	EXPECT_EQ(-SIGKILL, proc_end(one));
	EXPECT_EQ(-SIGKILL, proc_end(two));
	EXPECT_EQ(1, cg_key(self->a, "memory.events", "oom_group_kill"));
}

TEST_F(oom, a_frozen_group_is_killed)
{
	char x[PATH_MAX], y[PATH_MAX];
	pid_t one, two;

	divide(self->a, x, y);
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "12M"));
	ASSERT_EQ(0, cg_write(x, "memory.oom.group", "1"));
	one = resident(x, MB(7), 0);
	two = resident(x, MB(1), 0);
	ASSERT_EQ(0, cg_write(x, "cgroup.freeze", "1"));
	ASSERT_TRUE(cg_key_settles(x, "cgroup.events", "frozen", 1, 1));
	proc_end(glutton(y, MB(5), -500));
	EXPECT_EQ(-SIGKILL, proc_end(one));
	EXPECT_EQ(-SIGKILL, proc_end(two));
}

TEST_F(oom, a_group_kill_wakes_a_poll)
{
	int fd;

	ASSERT_EQ(0, cg_write(self->a, "memory.max", "8M"));
	ASSERT_EQ(0, cg_write(self->a, "memory.oom.group", "1"));
	fd = cg_watch(self->a, "memory.events.local");
	EXPECT_EQ(-SIGKILL, proc_end(glutton(self->a, MB(12), 0)));
	EXPECT_TRUE(cg_event(fd, PROC_HANG_MS));
}

TEST_HARNESS_MAIN

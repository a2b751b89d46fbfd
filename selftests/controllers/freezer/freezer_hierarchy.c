// SPDX-License-Identifier: GPL-2.0
/*
 * A tree of cgroups: what is frozen by itself and what by an ancestor, when a
 * parent is, and that the tree can be changed all the same.
 *
 * Promises from cgroup-v2.rst, "cgroup.freeze": "A cgroup can be frozen either
 * by its own settings, or by settings of any ancestor cgroups", and "Frozen
 * status of a cgroup doesn't affect any cgroup tree operations".
 */
#include "freezer.h"

TEST_F(freezer, an_empty_cgroup_is_frozen_at_once)
{
	ASSERT_EQ(0, cg_write(self->a, "cgroup.freeze", "1"));
	EXPECT_EQ(1, frozen(self->a));
	ASSERT_EQ(0, cg_write(self->a, "cgroup.freeze", "0"));
	EXPECT_EQ(0, frozen(self->a));
}

TEST_F(freezer, an_empty_tree_is_frozen_at_once)
{
	ASSERT_EQ(0, cg_write(self->top, "cgroup.freeze", "1"));
	EXPECT_EQ(1, frozen(self->top));
	EXPECT_EQ(1, frozen(self->a));
	EXPECT_EQ(1, frozen(self->b));
}

TEST_F(freezer, all_below_stop)
{
	char below[700];

	snprintf(below, sizeof(below), "%s/below", self->a);
	ASSERT_EQ(0, cg_create(below));
	ticker(self->top, self->steps);
	ticker(self->a, self->steps + 1);
	ticker(below, self->steps + 2);
	ticker(self->b, self->steps + 3);
	ASSERT_TRUE(freeze(self->top));
	EXPECT_TRUE(becomes_frozen(self->a, 1));
	EXPECT_TRUE(becomes_frozen(self->b, 1));
	EXPECT_TRUE(becomes_frozen(below, 1));
	for (int i = 0; i < 4; i++)
		EXPECT_TRUE(runner_stands(self->steps + i));
	/* cgroup.freeze says what was written to it, not what is. */
	EXPECT_EQ(0, cg_number(self->a, "cgroup.freeze"));
	EXPECT_EQ(0, cg_number(below, "cgroup.freeze"));
	ASSERT_EQ(0, thaw(self->top));
	for (int i = 0; i < 4; i++)
		EXPECT_TRUE(runner_runs(self->steps + i));
	EXPECT_EQ(0, frozen(below));
}

TEST_F(freezer, a_child_does_not_freeze_its_parent)
{
	ticker(self->top, self->steps);
	ticker(self->a, self->steps + 1);
	ASSERT_TRUE(freeze(self->a));
	EXPECT_EQ(0, frozen(self->top));
	EXPECT_TRUE(runner_runs(self->steps));
	/* Not even when all of them are. */
	ASSERT_TRUE(freeze(self->b));
	EXPECT_EQ(0, frozen(self->top));
	EXPECT_TRUE(runner_runs(self->steps));
}

TEST_F(freezer, below_a_frozen_one_a_thaw_has_no_effect)
{
	ticker(self->a, self->steps);
	ASSERT_TRUE(freeze(self->a));
	ASSERT_TRUE(freeze(self->top));
	ASSERT_EQ(0, thaw(self->a));
	EXPECT_EQ(0, cg_number(self->a, "cgroup.freeze"));
	EXPECT_TRUE(runner_stands(self->steps));
	EXPECT_EQ(1, frozen(self->a));
	EXPECT_EQ(1, frozen(self->top));
	/* But it counts, once the one above is thawed. */
	ASSERT_EQ(0, thaw(self->top));
	EXPECT_TRUE(runner_runs(self->steps));
	EXPECT_EQ(0, frozen(self->a));
}

TEST_F(freezer, what_froze_itself_outlives_the_thaw_above)
{
	ticker(self->a, self->steps);
	ticker(self->b, self->steps + 1);
	ASSERT_TRUE(freeze(self->top));
	ASSERT_EQ(0, cg_write(self->a, "cgroup.freeze", "1"));
	ASSERT_EQ(0, thaw(self->top));
	EXPECT_TRUE(runner_runs(self->steps + 1));
	EXPECT_TRUE(runner_stands(self->steps));
	EXPECT_EQ(1, frozen(self->a));
	EXPECT_EQ(0, frozen(self->b));
	EXPECT_EQ(0, frozen(self->top));
	ASSERT_EQ(0, thaw(self->a));
	EXPECT_TRUE(runner_runs(self->steps));
}

/* Any ancestor: the one in the middle keeps what is below it, too. */
TEST_F(freezer, the_middle_of_three_keeps_the_lowest_frozen)
{
	char below[700];

	snprintf(below, sizeof(below), "%s/below", self->a);
	ASSERT_EQ(0, cg_create(below));
	ticker(below, self->steps);
	ASSERT_TRUE(freeze(self->top));
	ASSERT_TRUE(freeze(self->a));
	ASSERT_EQ(0, thaw(self->top));
	EXPECT_EQ(1, frozen(below));
	EXPECT_TRUE(runner_stands(self->steps));
	ASSERT_EQ(0, thaw(self->a));
	EXPECT_TRUE(runner_runs(self->steps));
	ASSERT_EQ(0, cg_destroy(below));
}

TEST_F(freezer, one_tree_deep)
{
	char path[PATH_MAX];
	int depth = 16, n, fd;

	n = snprintf(path, sizeof(path), "%s", self->a);
	for (int i = 0; i < depth; i++) {
		n += snprintf(path + n, sizeof(path) - n, "/d");
		ASSERT_EQ(0, cg_create(path));
	}
	ticker(path, self->steps);
	fd = cg_watch(path, "cgroup.events");
	ASSERT_GE(fd, 0);
	ASSERT_TRUE(freeze(self->top));
	EXPECT_TRUE(cg_event(fd, PROC_HANG_MS));
	EXPECT_EQ(1, frozen(path));
	EXPECT_EQ(0, cg_number(path, "cgroup.freeze"));
	EXPECT_TRUE(runner_stands(self->steps));
	ASSERT_EQ(0, thaw(self->top));
	EXPECT_TRUE(runner_runs(self->steps));
	EXPECT_EQ(0, frozen(path));
	EXPECT_EQ(0, frozen(self->a));
}

TEST_F(freezer, a_parent_is_frozen_when_all_its_children_are)
{
	int fd;

	ticker(self->a, self->steps);
	ticker(self->b, self->steps + 1);
	fd = cg_watch(self->top, "cgroup.events");
	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, cg_write(self->top, "cgroup.freeze", "1"));
	while (frozen(self->top) != 1)
		ASSERT_TRUE(cg_event(fd, PROC_HANG_MS));
	/* It came last. */
	EXPECT_EQ(1, frozen(self->a));
	EXPECT_EQ(1, frozen(self->b));
	EXPECT_TRUE(runner_stands(self->steps));
	EXPECT_TRUE(runner_stands(self->steps + 1));
}

/*
 * A kernel thread stands for whoever does not get frozen. One child that is
 * not done keeps the parent from being so.
 */
TEST_F(freezer, a_parent_is_not_frozen_as_long_as_a_child_is_not)
{
	pid_t ksmd = find_ksmd();
	long a, b, top;

	if (!ksmd)
		SKIP(return, "no ksmd");
	ticker(self->b, self->steps);
	ASSERT_EQ(0, cg_enter(self->a, ksmd));
	must(!cg_write(self->top, "cgroup.freeze", "1"));
	b = becomes_frozen(self->b, 1);
	a = frozen(self->a);
	top = frozen(self->top);
	must(!cg_enter(self->root, ksmd));
	EXPECT_EQ(1, b);
	EXPECT_EQ(0, a);
	EXPECT_EQ(0, top);
}

/*
 * With processes in the parent, too, which a cgroup without domain controllers
 * may have, the same should hold. Linux up to 7.3 looks only at the one or at
 * the other: when the last of its own processes is frozen at these, and when
 * the last child is at the children. The next two tests hold on to that; who
 * waits for "frozen 1" in such a cgroup must ask the cgroups below as well.
 */
TEST_F(freezer, a_parent_with_processes_is_called_frozen_before_its_children)
{
	pid_t ksmd = find_ksmd();
	bool top;
	long a;

	if (!ksmd)
		SKIP(return, "no ksmd");
	ticker(self->top, self->steps);
	ASSERT_EQ(0, cg_enter(self->a, ksmd));
	must(!cg_write(self->top, "cgroup.freeze", "1"));
	top = becomes_frozen(self->top, 1);
	a = frozen(self->a);
	must(!cg_enter(self->root, ksmd));
	EXPECT_TRUE(top);
	EXPECT_EQ(0, a);
	EXPECT_TRUE(runner_stands(self->steps));
}

TEST_F(freezer, a_parent_is_called_frozen_before_its_own_processes_are)
{
	pid_t ksmd = find_ksmd();
	bool top;

	if (!ksmd)
		SKIP(return, "no ksmd");
	ticker(self->a, self->steps);
	ASSERT_EQ(0, cg_enter(self->top, ksmd));
	must(!cg_write(self->top, "cgroup.freeze", "1"));
	top = becomes_frozen(self->top, 1);
	must(!cg_enter(self->root, ksmd));
	EXPECT_TRUE(top);
	EXPECT_TRUE(runner_stands(self->steps));
}

TEST_F(freezer, a_cgroup_made_below_is_frozen_from_birth)
{
	char below[700];
	pid_t pid;

	snprintf(below, sizeof(below), "%s/below", self->a);
	ASSERT_TRUE(freeze(self->top));
	ASSERT_EQ(0, cg_create(below));
	EXPECT_EQ(0, cg_number(below, "cgroup.freeze"));
	EXPECT_EQ(1, frozen(below));
	EXPECT_EQ(1, frozen(self->a));
	EXPECT_EQ(1, frozen(self->top));
	pid = runner_start(below, runner_tick, self->steps);
	ASSERT_GT(pid, 0);
	EXPECT_TRUE(becomes_frozen(self->top, 1));
	EXPECT_TRUE(runner_stands(self->steps));
	EXPECT_EQ(0, self->steps[0]);
	ASSERT_EQ(0, thaw(self->top));
	EXPECT_TRUE(runner_runs(self->steps));
	EXPECT_EQ(0, frozen(below));
}

TEST_F(freezer, a_frozen_and_empty_cgroup_is_removed)
{
	ASSERT_TRUE(freeze(self->a));
	EXPECT_EQ(0, cg_remove(self->a));
	ASSERT_TRUE(freeze(self->top));
	EXPECT_EQ(0, cg_remove(self->b));
	EXPECT_EQ(1, frozen(self->top));
	EXPECT_EQ(0, cg_remove(self->top));
}

TEST_F(freezer, a_frozen_cgroup_with_a_process_is_not_removed)
{
	pid_t pid = sleeper(self->a);

	ASSERT_TRUE(freeze(self->a));
	EXPECT_EQ(-EBUSY, cg_remove(self->a));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
	ASSERT_EQ(0, cg_await_empty(self->a));
	EXPECT_EQ(0, cg_remove(self->a));
}

/* The counts of the parent survive births and deaths of children below it. */
TEST_F(freezer, making_and_removing_children_leaves_the_parent_frozen)
{
	char below[700];

	ticker(self->top, self->steps);
	ticker(self->a, self->steps + 1);
	ASSERT_TRUE(freeze(self->top));
	ASSERT_TRUE(becomes_frozen(self->a, 1));
	for (int i = 0; i < 10; i++) {
		snprintf(below, sizeof(below), "%s/n%d", self->a, i % 3);
		ASSERT_EQ(0, cg_create(below));
		EXPECT_EQ(1, frozen(self->top));
		EXPECT_EQ(1, frozen(self->a));
		ASSERT_EQ(0, cg_remove(below));
		EXPECT_EQ(1, frozen(self->top));
		EXPECT_EQ(1, frozen(self->a));
	}
	ASSERT_EQ(0, thaw(self->top));
	EXPECT_EQ(0, frozen(self->top));
	EXPECT_TRUE(runner_runs(self->steps));
	/* And a second time around it still comes out even. */
	ASSERT_EQ(0, cg_create(below));
	ASSERT_TRUE(freeze(self->top));
	EXPECT_EQ(1, frozen(below));
	EXPECT_TRUE(runner_stands(self->steps + 1));
	ASSERT_EQ(0, thaw(self->top));
	EXPECT_EQ(0, frozen(below));
}

TEST_F(freezer, removing_a_frozen_child_of_a_running_parent_is_clean)
{
	ASSERT_TRUE(freeze(self->a));
	ASSERT_EQ(0, cg_remove(self->a));
	ticker(self->b, self->steps);
	EXPECT_EQ(0, frozen(self->top));
	ASSERT_TRUE(freeze(self->top));
	EXPECT_EQ(1, frozen(self->b));
	EXPECT_TRUE(runner_stands(self->steps));
	ASSERT_EQ(0, thaw(self->top));
	EXPECT_EQ(0, frozen(self->top));
	EXPECT_TRUE(runner_runs(self->steps));
}

TEST_F(freezer, a_new_cgroup_of_the_same_name_is_not_frozen)
{
	ASSERT_TRUE(freeze(self->a));
	ASSERT_EQ(0, cg_remove(self->a));
	ASSERT_EQ(0, cg_create(self->a));
	EXPECT_EQ(0, cg_number(self->a, "cgroup.freeze"));
	EXPECT_EQ(0, frozen(self->a));
	ticker(self->a, self->steps);
	EXPECT_TRUE(runner_runs(self->steps));
}

/* Controllers are switched below a frozen cgroup, too. */
TEST_F(freezer, controllers_are_enabled_in_a_frozen_cgroup)
{
	if (!cg_lists(self->top, "cgroup.controllers", "pids"))
		SKIP(return, "no pids controller");
	ticker(self->a, self->steps);
	ASSERT_TRUE(freeze(self->top));
	EXPECT_EQ(0, cg_write(self->top, "cgroup.subtree_control", "+pids"));
	EXPECT_EQ(1, cg_number(self->a, "pids.current"));
	EXPECT_TRUE(becomes_frozen(self->top, 1));
	EXPECT_TRUE(runner_stands(self->steps));
	EXPECT_EQ(0, cg_write(self->top, "cgroup.subtree_control", "-pids"));
	ASSERT_EQ(0, thaw(self->top));
	EXPECT_TRUE(runner_runs(self->steps));
}

TEST_HARNESS_MAIN

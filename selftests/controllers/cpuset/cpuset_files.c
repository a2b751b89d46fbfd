// SPDX-License-Identifier: GPL-2.0
/*
 * cpuset.cpus, cpuset.mems and their effective counterparts: what is asked for
 * and what is granted, the lists, and who may write them.
 *
 * Promises from cgroup-v2.rst, "Cpuset Interface Files", "Delegation".
 */
#include "cpuset.h"

TEST_F(cpuset, a_new_cgroup_asks_for_nothing_and_has_all)
{
	EXPECT_TRUE(reads(self->a, "cpuset.cpus", ""));
	EXPECT_TRUE(reads(self->a, "cpuset.mems", ""));
	EXPECT_TRUE(reads(self->a, "cpuset.cpus.effective", ALL_CPUS));
	EXPECT_TRUE(reads(self->a, "cpuset.mems.effective", "0"));
	EXPECT_TRUE(reads(self->a, "cpuset.cpus.partition", "member"));
}

TEST_F(cpuset, the_root_shows_what_is_effective_only)
{
	EXPECT_TRUE(reads(self->root, "cpuset.cpus.effective", ALL_CPUS));
	EXPECT_TRUE(reads(self->root, "cpuset.mems.effective", "0"));
	EXPECT_FALSE(cg_has(self->root, "cpuset.cpus"));
	EXPECT_FALSE(cg_has(self->root, "cpuset.mems"));
	EXPECT_FALSE(cg_has(self->root, "cpuset.cpus.partition"));
	EXPECT_FALSE(cg_has(self->root, "cpuset.cpus.exclusive"));
	/* And this one nobody else has. */
	EXPECT_FALSE(cg_has(self->a, "cpuset.cpus.isolated"));
}

TEST_F(cpuset, lists_are_numbers_and_ranges)
{
	static const char * const values[][2] = {
		{ "0", "0" }, { "0,1", "0-1" }, { "2,0", "0,2" },
		{ "1-2", "1-2" }, { "0-1,2\n", "0-2" }, { " 1 ", "1" },
		{ "1-1", "1" }, { "1,1,1", "1" }, { "0-1,1-2", "0-2" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		EXPECT_EQ(0, cg_write(self->a, "cpuset.cpus", values[i][0]))
			TH_LOG("writing '%s'", values[i][0]);
		EXPECT_TRUE(reads(self->a, "cpuset.cpus", values[i][1]));
		EXPECT_TRUE(reads(self->a, "cpuset.cpus.effective",
				  values[i][1]));
	}
}

TEST_F(cpuset, other_lists_are_refused_and_change_nothing)
{
	static const char * const bad[] = {
		"a", "2-1", "1-", "-1", "1.5", "0x1", "1-2-3", "0;1", "max",
		"1:2", "--",
	};

	ASSERT_EQ(0, cg_write(self->a, "cpuset.cpus", "1"));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, cg_write(self->a, "cpuset.cpus", bad[i]))
			TH_LOG("writing '%s'", bad[i]);
		EXPECT_TRUE(reads(self->a, "cpuset.cpus", "1"));
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, cg_write(self->a, "cpuset.mems", bad[i]))
			TH_LOG("writing '%s'", bad[i]);
		EXPECT_TRUE(reads(self->a, "cpuset.mems", ""));
	}
}

TEST_F(cpuset, a_cpu_that_cannot_be_is_out_of_range)
{
	ASSERT_EQ(0, cg_write(self->a, "cpuset.cpus", "1"));
	EXPECT_EQ(-ERANGE, cg_write(self->a, "cpuset.cpus", "100000"));
	EXPECT_EQ(-ERANGE, cg_write(self->a, "cpuset.cpus", "0-100000"));
	EXPECT_TRUE(reads(self->a, "cpuset.cpus", "1"));
	EXPECT_EQ(-ERANGE, cg_write(self->a, "cpuset.mems", "100000"));
}

/* Nor one that is not there: not taken, or taken and not granted. */
TEST_F(cpuset, a_cpu_that_is_not_there_is_not_granted)
{
	ASSERT_EQ(0, cg_write(self->a, "cpuset.cpus", "1"));
	if (cg_write(self->a, "cpuset.cpus", "1,3")) {
		EXPECT_TRUE(reads(self->a, "cpuset.cpus", "1"));
		EXPECT_NE(0, cg_write(self->a, "cpuset.cpus", "3"));
		EXPECT_TRUE(reads(self->a, "cpuset.cpus.effective", "1"));
		return;
	}
	EXPECT_TRUE(reads(self->a, "cpuset.cpus", "1,3"));
	EXPECT_TRUE(reads(self->a, "cpuset.cpus.effective", "1"));
	/* None of these can be granted: as if nothing were asked for. */
	ASSERT_EQ(0, cg_write(self->a, "cpuset.cpus", "3"));
	EXPECT_TRUE(reads(self->a, "cpuset.cpus.effective", ALL_CPUS));
}

TEST_F(cpuset, a_cgroup_gets_no_more_than_its_parent_has)
{
	ASSERT_EQ(0, cg_write(self->top, "cpuset.cpus", "0-1"));
	ASSERT_EQ(0, cg_write(self->a, "cpuset.cpus", "1-2"));
	EXPECT_TRUE(reads(self->a, "cpuset.cpus", "1-2"));
	EXPECT_TRUE(reads(self->a, "cpuset.cpus.effective", "1"));
	/* What was asked for is remembered, and granted when it can be. */
	ASSERT_EQ(0, cg_write(self->top, "cpuset.cpus", "1-2"));
	EXPECT_TRUE(reads(self->a, "cpuset.cpus.effective", "1-2"));
	ASSERT_EQ(0, cg_write(self->top, "cpuset.cpus", "2"));
	EXPECT_TRUE(reads(self->a, "cpuset.cpus.effective", "2"));
	/* Nothing left of it: like an empty list. */
	ASSERT_EQ(0, cg_write(self->top, "cpuset.cpus", "0"));
	EXPECT_TRUE(reads(self->a, "cpuset.cpus.effective", "0"));
	EXPECT_TRUE(reads(self->a, "cpuset.cpus", "1-2"));
}

TEST_F(cpuset, who_asks_for_nothing_has_what_the_nearest_ancestor_has)
{
	ASSERT_EQ(0, cg_write(self->top, "cpuset.cpus", "0-1"));
	EXPECT_TRUE(reads(self->a, "cpuset.cpus.effective", "0-1"));
	EXPECT_TRUE(reads(self->below, "cpuset.cpus.effective", "0-1"));
	ASSERT_EQ(0, cg_write(self->a, "cpuset.cpus", "1"));
	EXPECT_TRUE(reads(self->below, "cpuset.cpus.effective", "1"));
	EXPECT_TRUE(reads(self->b, "cpuset.cpus.effective", "0-1"));
	EXPECT_TRUE(reads(self->below, "cpuset.cpus", ""));
}

TEST_F(cpuset, a_list_is_emptied_even_with_processes_inside)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->b, "cpuset.cpus", "1"));
	pid = sleeper(self->b);
	ASSERT_GT(pid, 0);
	EXPECT_EQ(0, cg_write(self->b, "cpuset.cpus", "\n"));
	EXPECT_TRUE(reads(self->b, "cpuset.cpus", ""));
	EXPECT_TRUE(reads(self->b, "cpuset.cpus.effective", ALL_CPUS));
	EXPECT_EQ(7, cpus_of(pid));
}

/* To be a subset of each other is no condition, in neither direction. */
TEST_F(cpuset, siblings_may_overlap_and_parents_may_shrink)
{
	EXPECT_EQ(0, cg_write(self->a, "cpuset.cpus", "0-1"));
	EXPECT_EQ(0, cg_write(self->b, "cpuset.cpus", "1-2"));
	EXPECT_EQ(0, cg_write(self->below, "cpuset.cpus", "0-2"));
	EXPECT_EQ(0, cg_write(self->a, "cpuset.cpus", "1"));
	EXPECT_TRUE(reads(self->below, "cpuset.cpus.effective", "1"));
}

TEST_F(cpuset, a_node_that_is_not_there_is_refused)
{
	EXPECT_EQ(0, cg_write(self->a, "cpuset.mems", "0"));
	EXPECT_TRUE(reads(self->a, "cpuset.mems", "0"));
	EXPECT_TRUE(reads(self->a, "cpuset.mems.effective", "0"));
	EXPECT_NE(0, cg_write(self->a, "cpuset.mems", "1"));
	EXPECT_NE(0, cg_write(self->a, "cpuset.mems", "0-1"));
	EXPECT_TRUE(reads(self->a, "cpuset.mems", "0"));
	EXPECT_EQ(0, cg_write(self->a, "cpuset.mems", "\n"));
	EXPECT_TRUE(reads(self->a, "cpuset.mems.effective", "0"));
}

TEST_F(cpuset, what_is_effective_cannot_be_written)
{
	static const char * const files[] = {
		"cpuset.cpus.effective", "cpuset.mems.effective",
		"cpuset.cpus.exclusive.effective",
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		EXPECT_NE(0, cg_write(self->a, files[i], "0"))
			TH_LOG("%s", files[i]);
	}
	EXPECT_NE(0, cg_write(self->root, "cpuset.cpus.effective", "0"));
	EXPECT_TRUE(reads(self->a, "cpuset.cpus.effective", ALL_CPUS));
}

TEST_F(cpuset, an_ordinary_user_sets_nothing)
{
	pid_t pid = cg_fork_into(self->b, 0);

	if (!pid) {
		proc_become_nobody();
		must(cg_write(self->b, "cpuset.cpus", "1") == -EACCES);
		must(cg_write(self->b, "cpuset.mems", "0") == -EACCES);
		must(cg_write(self->b, "cpuset.cpus.partition", "root") ==
		     -EACCES);
		must(reads(self->b, "cpuset.cpus", ""));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(cpuset, a_delegate_divides_what_it_was_given)
{
	static const char * const files[] = {
		"cgroup.procs", "cgroup.subtree_control",
	};
	char own[700], path[PATH_MAX];
	pid_t pid;

	snprintf(own, sizeof(own), "%s/own", self->b);
	ASSERT_EQ(0, cg_write(self->b, "cpuset.cpus", "1-2"));
	ASSERT_EQ(0, chown(self->b, 65534, 65534));
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		ASSERT_EQ(0, chown(cg_path(path, self->b, files[i]), 65534,
				   65534));
	pid = cg_fork_into(self->b, 0);
	if (!pid) {
		proc_become_nobody();
		must(!cg_create(own));
		must(!cg_enter(own, 0));
		must(!cg_write(self->b, "cgroup.subtree_control", "+cpuset"));
		must(!cg_write(own, "cpuset.cpus", "0-1"));
		must(reads(own, "cpuset.cpus.effective", "1"));
		must(cpus_of(0) == 2);
		must(cg_write(self->b, "cpuset.cpus", "0-2") == -EACCES);
		must(ask_for(0, 1) == -EINVAL);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(cpuset, without_the_controller_the_parents_cpuset_counts)
{
	char deep[800];
	pid_t pid;

	snprintf(deep, sizeof(deep), "%s/deep", self->below);
	ASSERT_EQ(0, cg_create(deep));
	EXPECT_FALSE(cg_has(deep, "cpuset.cpus"));
	EXPECT_FALSE(cg_has(deep, "cpuset.cpus.effective"));
	ASSERT_EQ(0, cg_write(self->below, "cpuset.cpus", "2"));
	pid = sleeper(deep);
	ASSERT_GT(pid, 0);
	EXPECT_EQ(4, cpus_of(pid));
	/* Enabled, its own list counts; given up, it does not any more. */
	ASSERT_EQ(0, cg_write(self->below, "cpuset.cpus", "0-2"));
	proc_kill(pid);
	ASSERT_EQ(0, cg_await_empty(deep));
	ASSERT_EQ(0, cg_write(self->below, "cgroup.subtree_control",
			      "+cpuset"));
	ASSERT_EQ(0, cg_write(deep, "cpuset.cpus", "1"));
	pid = sleeper(deep);
	ASSERT_GT(pid, 0);
	EXPECT_EQ(2, cpus_of(pid));
	ASSERT_EQ(0, cg_write(self->below, "cgroup.subtree_control",
			      "-cpuset"));
	EXPECT_EQ(7, cpus_of(pid));
}

TEST_HARNESS_MAIN

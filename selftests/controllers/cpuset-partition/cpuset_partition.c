// SPDX-License-Identifier: GPL-2.0
/*
 * cpuset.cpus.partition: partitions below partitions (local ones), who loses
 * and who gets the CPUs, what makes one invalid and valid again, isolated ones,
 * and the events.
 *
 * Promises from cgroup-v2.rst, "Cpuset Interface Files",
 * "cpuset.cpus.partition". Three CPUs; the root, where the test lives, keeps
 * at least CPU 0.
 */
#include <sys/inotify.h>
#include "partition.h"

/*
 * Changes the CPUs of an invalid partition to @cpus, so that it may become
 * valid. It takes two steps, because Linux up to 7.3 judges the change by the
 * list before it as well.
 */
static int change(const char *cg, const char *by_way_of, const char *cpus)
{
	int err = cg_write(cg, "cpuset.cpus", by_way_of);

	return err ? err : cg_write(cg, "cpuset.cpus", cpus);
}

TEST_F(cpuset, all_start_as_members)
{
	EXPECT_TRUE(reads(self->top, PARTITION, "member"));
	EXPECT_TRUE(reads(self->a, PARTITION, "member"));
	EXPECT_TRUE(reads(self->top, EXCLUSIVE, ""));
	EXPECT_TRUE(reads(self->top, GRANTED, ""));
	EXPECT_TRUE(reads(self->root, ISOLATED, ""));
	EXPECT_FALSE(cg_has(self->root, PARTITION));
}

TEST_F(cpuset, three_words_are_taken)
{
	static const char * const bad[] = {
		"ROOT", "invalid", "1", "\n", "root invalid", "member root",
		"isolate",
	};

	ASSERT_TRUE(partition(self->top, "1", "root"));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, cg_write(self->top, PARTITION, bad[i]))
			TH_LOG("writing '%s'", bad[i]);
		EXPECT_TRUE(reads(self->top, PARTITION, "root"));
	}
	EXPECT_EQ(0, cg_write(self->top, PARTITION, " isolated\n"));
	EXPECT_TRUE(reads(self->top, PARTITION, "isolated"));
	EXPECT_EQ(0, cg_write(self->top, PARTITION, "member"));
	EXPECT_TRUE(reads(self->top, PARTITION, "member"));
}

TEST_F(cpuset, its_cpus_are_taken_from_everybody_else)
{
	pid_t pid = sleeper(self->side);

	ASSERT_GT(pid, 0);
	ASSERT_EQ(7, cpus_of(0));
	ASSERT_TRUE(partition(self->top, "1-2", "root"));
	EXPECT_TRUE(reads(self->top, EFFECTIVE, "1-2"));
	EXPECT_TRUE(reads(self->top, GRANTED, "1-2"));
	EXPECT_TRUE(reads(self->root, EFFECTIVE, "0"));
	EXPECT_TRUE(reads(self->side, EFFECTIVE, "0"));
	EXPECT_EQ(1, cpus_of(0));
	EXPECT_EQ(1, cpus_of(pid));
	/* They cannot be asked for from outside. */
	EXPECT_EQ(-EINVAL, ask_for(pid, 2));
	EXPECT_EQ(0, ask_for(pid, 7));
	EXPECT_EQ(1, cpus_of(pid));
	/* Given back, everybody has them. */
	ASSERT_EQ(0, cg_write(self->top, PARTITION, "member"));
	EXPECT_TRUE(reads(self->top, GRANTED, ""));
	EXPECT_TRUE(reads(self->root, EFFECTIVE, ALL_CPUS));
	EXPECT_TRUE(reads(self->side, EFFECTIVE, ALL_CPUS));
	EXPECT_EQ(7, cpus_of(0));
	EXPECT_EQ(7, cpus_of(pid));
}

TEST_F(cpuset, who_runs_there_has_to_go)
{
	pid_t pid = runner_start(self->side, wander, self->steps);

	ASSERT_GT(pid, 0);
	ASSERT_EQ(0, cg_write(self->side, "cpuset.cpus", "2"));
	EXPECT_EQ(4, seen_on(self->steps));
	ASSERT_TRUE(partition(self->top, "1-2", "root"));
	/* Nothing of what it asked for is left: it has what the root has. */
	EXPECT_TRUE(reads(self->side, EFFECTIVE, "0"));
	EXPECT_EQ(1, seen_on(self->steps));
	/* Who lives in the partition runs there, and nowhere else. */
	ASSERT_EQ(0, cg_enter(self->b, pid));
	EXPECT_EQ(6, cpus_of(pid));
	EXPECT_EQ(0, seen_on(self->steps) & ~6UL);
	ASSERT_EQ(0, cg_write(self->top, PARTITION, "member"));
	EXPECT_TRUE(reads(self->side, EFFECTIVE, "2"));
}

TEST_F(cpuset, removing_it_gives_the_cpus_back)
{
	ASSERT_TRUE(partition(self->side, "1-2", "root"));
	ASSERT_EQ(1, cpus_of(0));
	ASSERT_EQ(0, cg_remove(self->side));
	EXPECT_TRUE(reads(self->root, EFFECTIVE, ALL_CPUS));
	EXPECT_EQ(7, cpus_of(0));
}

TEST_F(cpuset, two_partitions_side_by_side)
{
	ASSERT_TRUE(partition(self->top, "1", "root"));
	ASSERT_TRUE(partition(self->side, "2", "root"));
	EXPECT_TRUE(reads(self->root, EFFECTIVE, "0"));
	EXPECT_TRUE(reads(self->top, EFFECTIVE, "1"));
	EXPECT_TRUE(reads(self->side, EFFECTIVE, "2"));
	ASSERT_EQ(0, cg_write(self->top, PARTITION, "member"));
	EXPECT_TRUE(reads(self->root, EFFECTIVE, "0-1"));
	EXPECT_TRUE(reads(self->side, PARTITION, "root"));
}

TEST_F(cpuset, a_partition_below_a_partition)
{
	ASSERT_TRUE(partition(self->top, "1-2", "root"));
	ASSERT_TRUE(partition(self->a, "2", "root"));
	EXPECT_TRUE(reads(self->top, EFFECTIVE, "1"));
	EXPECT_TRUE(reads(self->a, EFFECTIVE, "2"));
	EXPECT_TRUE(reads(self->b, EFFECTIVE, "1"));
	EXPECT_TRUE(reads(self->below, EFFECTIVE, "2"));
	EXPECT_TRUE(reads(self->root, EFFECTIVE, "0"));
	/* It is what the parent has that counts, not the machine. */
	EXPECT_TRUE(reads(self->top, GRANTED, "1-2"));
	ASSERT_EQ(0, cg_write(self->a, PARTITION, "member"));
	EXPECT_TRUE(reads(self->top, EFFECTIVE, "1-2"));
}

/*
 * "all its child local partitions, if present, will become invalid".
 *
 * There must be no member next to the child: Linux 7.3 would give the recovered
 * child the CPUs of that member instead of its own (update_cpumasks_hier() uses
 * tmp->new_cpus after update_sibling_cpumasks() did), and then warn of it.
 */
TEST_F(cpuset, a_parent_that_becomes_a_member_invalidates_its_children)
{
	ASSERT_EQ(0, cg_remove(self->b));
	ASSERT_TRUE(partition(self->top, "1-2", "root"));
	ASSERT_TRUE(partition(self->a, "2", "root"));
	ASSERT_EQ(0, cg_write(self->top, PARTITION, "member"));
	EXPECT_TRUE(invalid(self->a, "root", NOT_A_ROOT));
	/* Like a member. */
	EXPECT_TRUE(reads(self->a, EFFECTIVE, "2"));
	EXPECT_TRUE(reads(self->root, EFFECTIVE, ALL_CPUS));
	/* "could be recovered if their parent is switched back" */
	ASSERT_EQ(0, cg_write(self->top, PARTITION, "root"));
	EXPECT_TRUE(reads(self->a, PARTITION, "root"));
	EXPECT_TRUE(reads(self->top, EFFECTIVE, "1"));
	EXPECT_TRUE(reads(self->a, EFFECTIVE, "2"));
}

/* "may distribute out all its CPUs ... when there is no task" */
TEST_F(cpuset, a_partition_without_processes_gives_all_away)
{
	pid_t pid;

	ASSERT_TRUE(partition(self->top, "1-2", "root"));
	ASSERT_TRUE(partition(self->a, "1-2", "root"));
	EXPECT_TRUE(reads(self->top, EFFECTIVE, ""));
	EXPECT_TRUE(reads(self->a, EFFECTIVE, "1-2"));
	EXPECT_TRUE(reads(self->top, PARTITION, "root"));
	/* "a task cannot be moved to a cgroup with empty ... effective" */
	pid = sleeper(self->side);
	EXPECT_EQ(-ENOSPC, cg_enter(self->b, pid));
	EXPECT_EQ(-ENOSPC, sleeper(self->b));
	EXPECT_EQ(0, cg_enter(self->a, pid));
	EXPECT_EQ(6, cpus_of(pid));
}

TEST_F(cpuset, a_partition_with_processes_keeps_one)
{
	pid_t pid;

	ASSERT_TRUE(partition(self->top, "1-2", "root"));
	pid = sleeper(self->b);
	ASSERT_GT(pid, 0);
	ASSERT_EQ(0, cg_write(self->a, "cpuset.cpus", "1-2"));
	EXPECT_EQ(0, cg_write(self->a, PARTITION, "root"));
	EXPECT_TRUE(invalid(self->a, "root", NO_CPU_LEFT));
	EXPECT_TRUE(reads(self->top, EFFECTIVE, "1-2"));
	EXPECT_EQ(6, cpus_of(pid));
	/* With less it is content. */
	ASSERT_EQ(0, change(self->a, "1", "2"));
	EXPECT_TRUE(reads(self->a, PARTITION, "root"));
	EXPECT_EQ(2, cpus_of(pid));
}

TEST_F(cpuset, the_root_keeps_one)
{
	ASSERT_EQ(0, cg_write(self->top, "cpuset.cpus", ALL_CPUS));
	EXPECT_EQ(0, cg_write(self->top, PARTITION, "root"));
	EXPECT_TRUE(invalid(self->top, "root", NO_CPU_LEFT));
	EXPECT_TRUE(reads(self->root, EFFECTIVE, ALL_CPUS));
	EXPECT_TRUE(reads(self->top, EFFECTIVE, ALL_CPUS));
	EXPECT_EQ(7, cpus_of(0));
	/* Invalid, it is a member again when told so. */
	ASSERT_EQ(0, cg_write(self->top, PARTITION, "member"));
	EXPECT_TRUE(reads(self->top, PARTITION, "member"));
}

TEST_F(cpuset, without_cpus_it_is_invalid)
{
	EXPECT_EQ(0, cg_write(self->top, PARTITION, "isolated"));
	EXPECT_TRUE(invalid(self->top, "isolated", BOTH_EMPTY));
	EXPECT_TRUE(reads(self->root, EFFECTIVE, ALL_CPUS));
	EXPECT_TRUE(reads(self->root, ISOLATED, ""));
}

TEST_F(cpuset, below_an_invalid_parent_it_is_invalid)
{
	ASSERT_EQ(0, cg_write(self->top, "cpuset.cpus", ALL_CPUS));
	ASSERT_EQ(0, cg_write(self->top, PARTITION, "root"));
	ASSERT_TRUE(invalid(self->top, "root", NO_CPU_LEFT));
	ASSERT_EQ(0, cg_write(self->a, "cpuset.cpus", "2"));
	ASSERT_EQ(0, cg_write(self->a, PARTITION, "root"));
	/* The words depend on how it got there; that it is, does not. */
	EXPECT_FALSE(reads(self->a, PARTITION, "root"));
	EXPECT_TRUE(reads(self->a, GRANTED, ""));
	EXPECT_TRUE(reads(self->root, EFFECTIVE, ALL_CPUS));
}

TEST_F(cpuset, a_change_of_cpus_makes_it_invalid_and_valid_again)
{
	ASSERT_TRUE(partition(self->top, "1-2", "root"));
	ASSERT_EQ(0, cg_write(self->top, "cpuset.cpus", ALL_CPUS));
	EXPECT_TRUE(invalid(self->top, "root", NO_CPU_LEFT));
	EXPECT_TRUE(reads(self->root, EFFECTIVE, ALL_CPUS));
	EXPECT_EQ(7, cpus_of(0));
	ASSERT_EQ(0, change(self->top, "1", "2"));
	EXPECT_TRUE(reads(self->top, PARTITION, "root"));
	EXPECT_TRUE(reads(self->root, EFFECTIVE, "0-1"));
	EXPECT_EQ(3, cpus_of(0));
}

TEST_F(cpuset, a_partition_grows_and_shrinks)
{
	pid_t pid;

	ASSERT_TRUE(partition(self->top, "1", "root"));
	pid = sleeper(self->b);
	ASSERT_GT(pid, 0);
	EXPECT_EQ(2, cpus_of(pid));
	ASSERT_EQ(0, cg_write(self->top, "cpuset.cpus", "1-2"));
	EXPECT_TRUE(reads(self->top, EFFECTIVE, "1-2"));
	EXPECT_TRUE(reads(self->root, EFFECTIVE, "0"));
	EXPECT_EQ(6, cpus_of(pid));
	ASSERT_EQ(0, cg_write(self->top, "cpuset.cpus", "2"));
	EXPECT_TRUE(reads(self->top, EFFECTIVE, "2"));
	EXPECT_TRUE(reads(self->root, EFFECTIVE, "0-1"));
	EXPECT_EQ(4, cpus_of(pid));
	EXPECT_TRUE(reads(self->top, PARTITION, "root"));
}

TEST_F(cpuset, isolated_cpus_are_listed_in_the_root)
{
	ASSERT_TRUE(partition(self->top, "1", "isolated"));
	EXPECT_TRUE(reads(self->root, ISOLATED, "1"));
	ASSERT_TRUE(partition(self->side, "2", "isolated"));
	EXPECT_TRUE(reads(self->root, ISOLATED, "1-2"));
	EXPECT_TRUE(reads(self->root, EFFECTIVE, "0"));
	/* All transitions are allowed. */
	ASSERT_EQ(0, cg_write(self->top, PARTITION, "root"));
	EXPECT_TRUE(reads(self->top, PARTITION, "root"));
	EXPECT_TRUE(reads(self->root, ISOLATED, "2"));
	EXPECT_TRUE(reads(self->root, EFFECTIVE, "0"));
	ASSERT_EQ(0, cg_write(self->top, PARTITION, "isolated"));
	EXPECT_TRUE(reads(self->root, ISOLATED, "1-2"));
	ASSERT_EQ(0, cg_write(self->side, PARTITION, "member"));
	EXPECT_TRUE(reads(self->root, ISOLATED, "1"));
	ASSERT_EQ(0, cg_remove(self->side));
	ASSERT_EQ(0, cg_write(self->top, PARTITION, "member"));
	EXPECT_TRUE(reads(self->root, ISOLATED, ""));
}

TEST_F(cpuset, no_unbound_work_is_done_on_isolated_cpus)
{
	static const char file[] = "/sys/devices/virtual/workqueue/cpumask_isolated";
	char text[64];

	if (access(file, R_OK))
		SKIP(return, "no %s (6.9)", file);
	ASSERT_GT(file_read(file, text, sizeof(text)), 0);
	EXPECT_EQ(0, strtoul(text, NULL, 16));
	ASSERT_TRUE(partition(self->top, "2", "isolated"));
	ASSERT_GT(file_read(file, text, sizeof(text)), 0);
	EXPECT_EQ(4, strtoul(text, NULL, 16));
	ASSERT_EQ(0, cg_write(self->top, PARTITION, "root"));
	ASSERT_GT(file_read(file, text, sizeof(text)), 0);
	EXPECT_EQ(0, strtoul(text, NULL, 16));
}

/* Nobody balances there (cpuset_domains.c): being bound is how to get to a CPU. */
TEST_F(cpuset, a_process_in_an_isolated_partition_runs_where_it_is_bound)
{
	pid_t pid;

	ASSERT_TRUE(partition(self->top, "1-2", "isolated"));
	pid = runner_start(self->b, wander, self->steps);
	ASSERT_GT(pid, 0);
	ASSERT_EQ(0, ask_for(pid, 4));
	EXPECT_EQ(4, seen_on(self->steps));
	ASSERT_EQ(0, ask_for(pid, 2));
	EXPECT_EQ(2, seen_on(self->steps));
	EXPECT_EQ(-EINVAL, ask_for(pid, 1));
}

TEST_F(cpuset, each_change_of_state_is_an_event)
{
	int fd = cg_watch(self->top, PARTITION);

	ASSERT_GE(fd, 0);
	ASSERT_TRUE(partition(self->top, "1-2", "root"));
	EXPECT_TRUE(cg_event(fd, PROC_HANG_MS));
	ASSERT_EQ(0, cg_write(self->top, "cpuset.cpus", ALL_CPUS));
	ASSERT_TRUE(invalid(self->top, "root", NO_CPU_LEFT));
	EXPECT_TRUE(cg_event(fd, PROC_HANG_MS));
	ASSERT_EQ(0, change(self->top, "1", "2"));
	ASSERT_TRUE(reads(self->top, PARTITION, "root"));
	EXPECT_TRUE(cg_event(fd, PROC_HANG_MS));
	ASSERT_EQ(0, cg_write(self->top, PARTITION, "member"));
	EXPECT_TRUE(cg_event(fd, PROC_HANG_MS));
	/* What changes no state is none. */
	ASSERT_TRUE(cg_event_ends(fd));
	ASSERT_EQ(0, cg_write(self->top, PARTITION, "member"));
	ASSERT_EQ(0, cg_write(self->top, "cpuset.cpus", "1"));
	EXPECT_FALSE(cg_event(fd, CG_EVENT_LATE_MS));
}

TEST_F(cpuset, a_change_above_is_an_event)
{
	int fd;

	/* As above, no member next to it. */
	ASSERT_EQ(0, cg_remove(self->b));
	ASSERT_TRUE(partition(self->top, "1-2", "root"));
	ASSERT_TRUE(partition(self->a, "2", "root"));
	fd = cg_watch(self->a, PARTITION);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, cg_write(self->top, PARTITION, "member"));
	EXPECT_TRUE(cg_event(fd, PROC_HANG_MS));
	EXPECT_TRUE(invalid(self->a, "root", NOT_A_ROOT));
	ASSERT_EQ(0, cg_write(self->top, PARTITION, "root"));
	EXPECT_TRUE(cg_event(fd, PROC_HANG_MS));
	EXPECT_TRUE(reads(self->a, PARTITION, "root"));
}

TEST_F(cpuset, inotify_reports_the_change)
{
	char path[PATH_MAX];
	int fd = inotify_init1(IN_CLOEXEC);

	ASSERT_GE(fd, 0);
	ASSERT_GE(inotify_add_watch(fd, cg_path(path, self->top, PARTITION),
				    IN_MODIFY), 0);
	ASSERT_TRUE(partition(self->top, "1-2", "root"));
	EXPECT_TRUE(proc_poll(fd, POLLIN, PROC_HANG_MS) & POLLIN);
}

TEST_HARNESS_MAIN

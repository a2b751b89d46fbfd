// SPDX-License-Identifier: GPL-2.0
/*
 * Cpusets on a cgroup v1 hierarchy: a new one is empty and takes nobody, a
 * child is a subset of its parent, exclusive ones share with no sibling.
 *
 * Promises from admin-guide/cgroup-v1/cpusets.rst, "How are cpusets
 * implemented", "What are exclusive cpusets", "What is sched_load_balance",
 * "Usage Examples and Syntax", and admin-guide/cgroup-v1/cgroups.rst,
 * "clone_children".
 */
#include <pthread.h>
#include "cpuset_v1.h"

TEST_F(cpuset_v1, a_new_cgroup_is_empty)
{
	EXPECT_TRUE(reads(self->a, "cpuset.cpus", ""));
	EXPECT_TRUE(reads(self->a, "cpuset.mems", ""));
	EXPECT_TRUE(reads(self->a, "cpuset.effective_cpus", ""));
	EXPECT_TRUE(reads(self->a, "cpuset.cpu_exclusive", "0"));
	EXPECT_TRUE(reads(self->a, "cpuset.mem_exclusive", "0"));
	EXPECT_TRUE(reads(self->a, "cpuset.mem_hardwall", "0"));
	EXPECT_TRUE(reads(self->a, "cpuset.sched_load_balance", "1"));
	EXPECT_TRUE(reads(self->a, "cpuset.memory_migrate", "0"));
	EXPECT_TRUE(reads(self->a, "cpuset.memory_spread_page", "0"));
	EXPECT_TRUE(reads(self->a, "cpuset.sched_relax_domain_level", "-1"));
	EXPECT_TRUE(reads(self->a, "cpuset.memory_pressure", "0"));
}

TEST_F(cpuset_v1, the_root_has_all_and_cannot_be_changed)
{
	EXPECT_TRUE(reads(self->root, "cpuset.cpus", ALL_CPUS));
	EXPECT_TRUE(reads(self->root, "cpuset.mems", "0"));
	EXPECT_EQ(-EACCES, cg_write(self->root, "cpuset.cpus", "0"));
	EXPECT_EQ(-EACCES, cg_write(self->root, "cpuset.mems", "0"));
	EXPECT_TRUE(cg_has(self->root, "cpuset.memory_pressure_enabled"));
	EXPECT_FALSE(cg_has(self->a, "cpuset.memory_pressure_enabled"));
}

TEST_F(cpuset_v1, an_empty_one_takes_nobody)
{
	EXPECT_EQ(-ENOSPC, sleeper(self->a));
	ASSERT_EQ(0, cg_write(self->a, "cpuset.cpus", "1"));
	EXPECT_EQ(-ENOSPC, sleeper(self->a));
	ASSERT_EQ(0, cg_write(self->a, "cpuset.mems", "0"));
	EXPECT_GT(sleeper(self->a), 0);
	/* Memory alone is not enough either. */
	ASSERT_EQ(0, cg_write(self->b, "cpuset.mems", "0"));
	EXPECT_EQ(-ENOSPC, sleeper(self->b));
}

TEST_F(cpuset_v1, a_process_moved_in_has_its_cpus)
{
	pid_t pid;

	ASSERT_EQ(0, set(self->a, "1-2"));
	pid = sleeper(self->a);
	ASSERT_GT(pid, 0);
	EXPECT_EQ(6, cpus_of(pid));
	EXPECT_TRUE(status_is(pid, "Cpus_allowed_list", "1-2"));
	ASSERT_EQ(0, cg_write(self->a, "cpuset.cpus", "0"));
	EXPECT_EQ(1, cpus_of(pid));
	EXPECT_EQ(-EINVAL, ask_for(pid, 2));
	ASSERT_EQ(0, cg_enter(self->root, pid));
	EXPECT_EQ(7, cpus_of(pid));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
}

TEST_F(cpuset_v1, it_runs_on_these_cpus_only)
{
	pid_t pid;

	ASSERT_EQ(0, set(self->a, "2"));
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!cg_enter(self->a, 0));
		for (;;) {
			unsigned int cpu;

			must(!syscall(SYS_getcpu, &cpu, NULL, NULL));
			self->steps[1] |= 1UL << cpu;
			++self->steps[0];
			runner_nap();
		}
	}
	ASSERT_TRUE(runner_reaches(self->steps, 20));
	EXPECT_EQ(4, self->steps[1]);
}

TEST_F(cpuset_v1, with_processes_inside_it_is_not_emptied)
{
	ASSERT_EQ(0, set(self->a, "1"));
	ASSERT_GT(sleeper(self->a), 0);
	EXPECT_EQ(-ENOSPC, cg_write(self->a, "cpuset.cpus", "\n"));
	EXPECT_EQ(-ENOSPC, cg_write(self->a, "cpuset.mems", "\n"));
	EXPECT_TRUE(reads(self->a, "cpuset.cpus", "1"));
	/* A process that was killed is counted for a moment longer. */
	cg_kill_each(self->a);
	while (cg_write(self->a, "cpuset.cpus", "\n") == -ENOSPC)
		runner_nap();
	EXPECT_TRUE(reads(self->a, "cpuset.cpus", ""));
}

/* "Its CPUs and Memory Nodes must be a subset of its parents." */
TEST_F(cpuset_v1, a_child_is_a_subset_of_its_parent)
{
	char below[700];

	snprintf(below, sizeof(below), "%s/below", self->a);
	ASSERT_EQ(0, set(self->a, "1-2"));
	ASSERT_EQ(0, cg_create(below));
	EXPECT_EQ(-EACCES, cg_write(below, "cpuset.cpus", "0"));
	EXPECT_EQ(-EACCES, cg_write(below, "cpuset.cpus", "0-1"));
	EXPECT_EQ(0, cg_write(below, "cpuset.cpus", "1"));
	/* And a parent does not get rid of what a child has. */
	EXPECT_EQ(-EBUSY, cg_write(self->a, "cpuset.cpus", "2"));
	EXPECT_TRUE(reads(self->a, "cpuset.cpus", "1-2"));
	EXPECT_EQ(0, cg_write(self->a, "cpuset.cpus", "1"));
}

TEST_F(cpuset_v1, malformed_lists_are_refused)
{
	static const char * const bad[] = { "a", "2-1", "-1", "1-", "max" };

	ASSERT_EQ(0, set(self->a, "1"));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, cg_write(self->a, "cpuset.cpus", bad[i]))
			TH_LOG("writing '%s'", bad[i]);
		EXPECT_EQ(-EINVAL, cg_write(self->a, "cpuset.mems", bad[i]))
			TH_LOG("writing '%s'", bad[i]);
	}
	EXPECT_EQ(-ERANGE, cg_write(self->a, "cpuset.cpus", "100000"));
	EXPECT_TRUE(reads(self->a, "cpuset.cpus", "1"));
	EXPECT_TRUE(reads(self->a, "cpuset.mems", "0"));
}

/* "It can't be marked exclusive unless its parent is." */
TEST_F(cpuset_v1, exclusive_needs_an_exclusive_parent)
{
	ASSERT_EQ(0, set(self->a, "1"));
	EXPECT_EQ(-EACCES, cg_write(self->a, "cpuset.cpu_exclusive", "1"));
	EXPECT_EQ(-EACCES, cg_write(self->a, "cpuset.mem_exclusive", "1"));
	ASSERT_EQ(0, cg_write(self->top, "cpuset.cpu_exclusive", "1"));
	ASSERT_EQ(0, cg_write(self->top, "cpuset.mem_exclusive", "1"));
	EXPECT_EQ(0, cg_write(self->a, "cpuset.cpu_exclusive", "1"));
	EXPECT_EQ(0, cg_write(self->a, "cpuset.mem_exclusive", "1"));
	/* The parent stays so as long as a child is. */
	EXPECT_EQ(-EBUSY, cg_write(self->top, "cpuset.cpu_exclusive", "0"));
	EXPECT_EQ(-EBUSY, cg_write(self->top, "cpuset.mem_exclusive", "0"));
}

TEST_F(cpuset_v1, exclusive_cpus_are_no_siblings)
{
	ASSERT_EQ(0, cg_write(self->top, "cpuset.cpu_exclusive", "1"));
	ASSERT_EQ(0, cg_write(self->a, "cpuset.cpus", "0-1"));
	ASSERT_EQ(0, cg_write(self->b, "cpuset.cpus", "1-2"));
	EXPECT_EQ(-EINVAL, cg_write(self->a, "cpuset.cpu_exclusive", "1"));
	ASSERT_EQ(0, cg_write(self->a, "cpuset.cpus", "0"));
	EXPECT_EQ(0, cg_write(self->a, "cpuset.cpu_exclusive", "1"));
	EXPECT_EQ(-EINVAL, cg_write(self->b, "cpuset.cpus", "0-2"));
	EXPECT_EQ(-EINVAL, cg_write(self->a, "cpuset.cpus", "0-1"));
	EXPECT_TRUE(reads(self->b, "cpuset.cpus", "1-2"));
	ASSERT_EQ(0, cg_write(self->a, "cpuset.cpu_exclusive", "0"));
	EXPECT_EQ(0, cg_write(self->b, "cpuset.cpus", "0-2"));
}

TEST_F(cpuset_v1, exclusive_nodes_are_no_siblings)
{
	ASSERT_EQ(0, cg_write(self->top, "cpuset.mem_exclusive", "1"));
	ASSERT_EQ(0, cg_write(self->a, "cpuset.mems", "0"));
	ASSERT_EQ(0, cg_write(self->a, "cpuset.mem_exclusive", "1"));
	EXPECT_EQ(-EINVAL, cg_write(self->b, "cpuset.mems", "0"));
	ASSERT_EQ(0, cg_write(self->a, "cpuset.mem_exclusive", "0"));
	EXPECT_EQ(0, cg_write(self->b, "cpuset.mems", "0"));
	EXPECT_EQ(-EINVAL, cg_write(self->b, "cpuset.mem_exclusive", "1"));
}

TEST_F(cpuset_v1, with_clone_children_a_child_starts_as_its_parent)
{
	char below[700];

	snprintf(below, sizeof(below), "%s/below", self->a);
	ASSERT_EQ(0, set(self->a, "1-2"));
	ASSERT_EQ(0, cg_write(self->a, "cgroup.clone_children", "1"));
	ASSERT_EQ(0, cg_create(below));
	EXPECT_TRUE(reads(below, "cpuset.cpus", "1-2"));
	EXPECT_TRUE(reads(below, "cpuset.mems", "0"));
	EXPECT_TRUE(reads(below, "cgroup.clone_children", "1"));
	EXPECT_GT(sleeper(below), 0);
	cg_kill_each(below);
	while (cg_remove(below) == -EBUSY)
		runner_nap();
	ASSERT_EQ(0, cg_write(self->a, "cgroup.clone_children", "0"));
	ASSERT_EQ(0, cg_create(below));
	EXPECT_TRUE(reads(below, "cpuset.cpus", ""));
}

/* Copied, an exclusive set would be shared: the child is left empty. */
TEST_F(cpuset_v1, clone_children_does_not_copy_what_is_exclusive)
{
	char below[700], more[700];

	snprintf(below, sizeof(below), "%s/below", self->a);
	snprintf(more, sizeof(more), "%s/more", self->a);
	ASSERT_EQ(0, set(self->a, "1-2"));
	ASSERT_EQ(0, cg_write(self->top, "cpuset.cpu_exclusive", "1"));
	ASSERT_EQ(0, cg_write(self->a, "cpuset.cpu_exclusive", "1"));
	ASSERT_EQ(0, cg_create(below));
	ASSERT_EQ(0, cg_write(below, "cpuset.cpus", "1"));
	ASSERT_EQ(0, cg_write(below, "cpuset.cpu_exclusive", "1"));
	ASSERT_EQ(0, cg_write(self->a, "cgroup.clone_children", "1"));
	ASSERT_EQ(0, cg_create(more));
	EXPECT_TRUE(reads(more, "cpuset.cpus", ""));
}

/* These two it has from its parent even without clone_children. */
TEST_F(cpuset_v1, a_new_cgroup_spreads_memory_as_its_parent_does)
{
	static const char * const flags[] = {
		"cpuset.memory_spread_page", "cpuset.memory_spread_slab",
	};
	char below[700];

	snprintf(below, sizeof(below), "%s/below", self->a);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		ASSERT_EQ(0, cg_write(self->a, flags[i], "1"));
		ASSERT_EQ(0, cg_create(below));
		for (size_t k = 0; k < ARRAY_SIZE(flags); k++) {
			EXPECT_TRUE(reads(below, flags[k], i == k ? "1" : "0"));
		}
		/* A later change is the one's own. */
		ASSERT_EQ(0, cg_write(self->a, flags[i], "0"));
		EXPECT_TRUE(reads(below, flags[i], "1"));
		ASSERT_EQ(0, cg_remove(below));
	}
}

TEST_F(cpuset_v1, flags_are_0_or_1)
{
	static const char * const flags[] = {
		"cpuset.sched_load_balance", "cpuset.memory_migrate",
		"cpuset.memory_spread_page", "cpuset.mem_hardwall",
	};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		EXPECT_EQ(0, cg_write(self->a, flags[i], "0"))
			TH_LOG("%s", flags[i]);
		EXPECT_TRUE(reads(self->a, flags[i], "0"));
		EXPECT_EQ(0, cg_write(self->a, flags[i], "1"))
			TH_LOG("%s", flags[i]);
		EXPECT_TRUE(reads(self->a, flags[i], "1"));
		EXPECT_EQ(-EINVAL, cg_write(self->a, flags[i], "x"))
			TH_LOG("%s", flags[i]);
		EXPECT_TRUE(reads(self->a, flags[i], "1"));
	}
	/* This one is measured, not set. */
	EXPECT_NE(0, cg_write(self->a, "cpuset.memory_pressure", "1"));
}

TEST_F(cpuset_v1, the_relax_domain_level_is_minus_1_or_more)
{
	EXPECT_EQ(-EINVAL, cg_write(self->a,
				    "cpuset.sched_relax_domain_level", "-2"));
	EXPECT_EQ(0, cg_write(self->a, "cpuset.sched_relax_domain_level", "0"));
	EXPECT_EQ(-EINVAL, cg_write(self->a,
				    "cpuset.sched_relax_domain_level", "100"));
	EXPECT_TRUE(reads(self->a, "cpuset.sched_relax_domain_level", "0"));
	EXPECT_EQ(0, cg_write(self->a, "cpuset.sched_relax_domain_level",
			      "-1"));
}

/* A thread that tells who it is in steps[1]. */
static void *tell_tid_and_tick(void *arg)
{
	volatile unsigned long *steps = arg;

	steps[1] = syscall(SYS_gettid);
	runner_tick(steps);
	return NULL;
}

TEST_F(cpuset_v1, a_thread_is_moved_alone)
{
	pid_t pid, tid;

	ASSERT_EQ(0, set(self->a, "1"));
	ASSERT_EQ(0, set(self->b, "2"));
	pid = proc_fork_bound(0);
	if (!pid) {
		pthread_t thread;

		must(!cg_enter(self->b, 0));
		must(!pthread_create(&thread, NULL, tell_tid_and_tick,
				     (void *)self->steps));
		proc_sleep_forever();
	}
	ASSERT_TRUE(runner_runs(self->steps));
	tid = self->steps[1];
	ASSERT_EQ(4, cpus_of(tid));
	ASSERT_EQ(0, cg_write_number(self->a, "tasks", pid));
	EXPECT_EQ(2, cpus_of(pid));
	EXPECT_EQ(4, cpus_of(tid));
	/* The other way round, as little. */
	ASSERT_EQ(0, cg_write_number(self->b, "tasks", pid));
	ASSERT_EQ(0, cg_write_number(self->a, "tasks", tid));
	EXPECT_EQ(4, cpus_of(pid));
	EXPECT_EQ(2, cpus_of(tid));
	/* The whole process, by the number of either: both are there now. */
	ASSERT_EQ(0, cg_write_number(self->b, "cgroup.procs", pid));
	EXPECT_EQ(4, cpus_of(pid));
	EXPECT_EQ(4, cpus_of(tid));
	ASSERT_EQ(0, cg_write_number(self->a, "cgroup.procs", tid));
	EXPECT_EQ(2, cpus_of(pid));
	EXPECT_EQ(2, cpus_of(tid));
}

TEST_F(cpuset_v1, an_ordinary_user_sets_nothing)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(cg_write(self->a, "cpuset.cpus", "1") == -EACCES);
		must(cg_write(self->a, "cpuset.cpu_exclusive", "0") == -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Four virtual CPUs that come up without a word on the console, and work.
 *
 * kernel/um-fixes/um-smp-start-secondary.patch and um-unwind-own-stacks.patch:
 * on the debug flavour the boot itself is the test, for without them it ends in
 * a splat or a panic.
 */
#include "kselftest_harness.h"
#include <sched.h>
#include "proc.h"

#define CPUS	4

TEST(all_cpus_are_online)
{
	EXPECT_EQ(CPUS, sysconf(_SC_NPROCESSORS_ONLN));
}

TEST(a_task_runs_where_it_is_bound)
{
	for (int cpu = 0; cpu < CPUS; cpu++) {
		cpu_set_t set;

		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		ASSERT_EQ(0, sched_setaffinity(0, sizeof(set), &set));
		EXPECT_EQ(cpu, sched_getcpu());
	}
}

/* Each CPU takes memory, frees it, forks: what the sanitizers look at. */
TEST(all_cpus_work_at_once)
{
	pid_t pid[CPUS];

	for (int cpu = 0; cpu < CPUS; cpu++) {
		pid[cpu] = fork();
		if (!pid[cpu]) {
			cpu_set_t set;

			CPU_ZERO(&set);
			CPU_SET(cpu, &set);
			must(!sched_setaffinity(0, sizeof(set), &set));
			for (int i = 0; i < 20; i++) {
				pid_t child = fork();

				if (!child)
					_exit(sched_getcpu() == cpu ? 0 : 1);
				must(child > 0);
				must(proc_end(child) == 0);
			}
			_exit(0);
		}
		ASSERT_GT(pid[cpu], 0);
	}
	for (int cpu = 0; cpu < CPUS; cpu++)
		EXPECT_EQ(0, proc_end(pid[cpu]));
}

TEST_HARNESS_MAIN

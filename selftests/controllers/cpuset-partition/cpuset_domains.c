// SPDX-License-Identifier: GPL-2.0
/*
 * What kind of partition it is, to the scheduler: "root" is a scheduling domain
 * of its own, "isolated" is "without any load balancing from the scheduler".
 *
 * Promises from cgroup-v2.rst, "cpuset.cpus.partition", and
 * scheduler/sched-domains.rst. Three CPUs, of which the partition has 1 and 2.
 */
#include "domains.h"
#include "partition.h"

TEST_F(cpuset, a_root_partition_is_a_domain_of_its_own)
{
	if (domains_show(true))
		SKIP(return, "no " SCHED_DEBUG "/verbose (CONFIG_DEBUG_FS)");
	ASSERT_EQ(7, balanced_cpus());
	ASSERT_TRUE(partition(self->top, "1-2", "root"));
	/* CPU 0, which is left alone, has nobody to be balanced with. */
	EXPECT_EQ(6, balanced_cpus());
	ASSERT_EQ(0, cg_write(self->top, PARTITION, "member"));
	EXPECT_EQ(7, balanced_cpus());
}

TEST_F(cpuset, isolated_cpus_are_in_no_domain)
{
	if (domains_show(true))
		SKIP(return, "no " SCHED_DEBUG "/verbose (CONFIG_DEBUG_FS)");
	ASSERT_TRUE(partition(self->top, "1-2", "isolated"));
	EXPECT_EQ(0, balanced_cpus());
	ASSERT_EQ(0, cg_write(self->top, PARTITION, "root"));
	EXPECT_EQ(6, balanced_cpus());
	ASSERT_EQ(0, cg_write(self->top, PARTITION, "isolated"));
	EXPECT_EQ(0, balanced_cpus());
	/* The two that are left are balanced with each other. */
	ASSERT_EQ(0, cg_write(self->top, "cpuset.cpus", "2"));
	EXPECT_EQ(3, balanced_cpus());
	ASSERT_EQ(0, cg_remove(self->b));
	ASSERT_EQ(0, cg_remove(self->below));
	ASSERT_EQ(0, cg_remove(self->a));
	ASSERT_EQ(0, cg_remove(self->top));
	EXPECT_EQ(7, balanced_cpus());
}

/* One that is isolated is cut out of the domain of the partition above it. */
TEST_F(cpuset, an_isolated_partition_below_leaves_the_domain)
{
	if (domains_show(true))
		SKIP(return, "no " SCHED_DEBUG "/verbose (CONFIG_DEBUG_FS)");
	ASSERT_TRUE(partition(self->top, "1-2", "root"));
	ASSERT_EQ(6, balanced_cpus());
	ASSERT_TRUE(partition(self->a, "2", "isolated"));
	EXPECT_EQ(0, balanced_cpus());
	ASSERT_EQ(0, cg_write(self->a, PARTITION, "member"));
	EXPECT_EQ(6, balanced_cpus());
}

/* An isolated partition that is invalid takes no CPU out of the domain. */
TEST_F(cpuset, an_invalid_partition_isolates_nothing)
{
	if (domains_show(true))
		SKIP(return, "no " SCHED_DEBUG "/verbose (CONFIG_DEBUG_FS)");
	ASSERT_TRUE(partition(self->top, "1-2", "isolated"));
	ASSERT_EQ(0, balanced_cpus());
	ASSERT_EQ(0, cg_write(self->top, "cpuset.cpus", ALL_CPUS));
	ASSERT_TRUE(invalid(self->top, "isolated", NO_CPU_LEFT));
	EXPECT_EQ(7, balanced_cpus());
}

/* Steps as wander() does, and never sleeps: who is not moved stays where it is. */
static void compute(volatile unsigned long *steps)
{
	for (;;) {
		unsigned int cpu;

		must(!syscall(SYS_getcpu, &cpu, NULL, NULL));
		__atomic_or_fetch(steps + 1, 1UL << cpu, __ATOMIC_SEQ_CST);
		++*steps;
	}
}

/*
 * Two that compute are crowded on CPU 1, and then CPU 2, where nobody is, is
 * theirs as well. Returns after how many ms one of them was there, or @ms.
 */
static long long spread_after(const pid_t *pid, volatile unsigned long *steps, long long ms)
{
	long long start, now;

	for (int i = 0; i < 2; i++)
		must(!ask_for(pid[i], 2));
	for (int i = 0; i < 2; i++)
		must(seen_on(steps + 2 * i) == 2);
	for (int i = 0; i < 2; i++)
		must(!ask_for(pid[i], 6));
	start = runner_now_ms();
	do {
		runner_nap();
		now = runner_now_ms() - start;
	} while (now < ms && !((steps[1] | steps[3]) & 4));
	return now < ms ? now : ms;
}

TEST_F(cpuset, only_in_a_root_partition_is_the_load_balanced)
{
	long long ms = 0, seen;
	pid_t pid[2];

	ASSERT_TRUE(partition(self->top, "1-2", "root"));
	for (int i = 0; i < 2; i++) {
		pid[i] = runner_start(self->b, compute, self->steps + 2 * i);
		ASSERT_GT(pid[i], 0);
	}
	for (int i = 0; i < 3; i++) {
		seen = spread_after(pid, self->steps, PROC_HANG_MS);
		ASSERT_LT(seen, PROC_HANG_MS);
		ms = seen > ms ? seen : ms;
	}
	ASSERT_EQ(0, cg_write(self->top, PARTITION, "isolated"));
	/* Several times what it took where there was balancing. */
	ms = 4 * (ms + RUNNER_LOOK_MS);
	EXPECT_EQ(ms, spread_after(pid, self->steps, ms));
	EXPECT_EQ(2, self->steps[1] | self->steps[3]);
	/* It was not that they did not run. */
	EXPECT_TRUE(runner_runs(self->steps));
	EXPECT_TRUE(runner_runs(self->steps + 2));
}

int main(int argc, char **argv)
{
	int ret = test_harness_run(argc, argv);

	domains_show(false);
	return ret;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * cpu.max where the processes of a cgroup run on several CPUs at once: the
 * quota is one for all of them, handed to the CPUs in slices, and may be that
 * of more than one CPU.
 *
 * Promises from scheduler/sched-bwc.rst, "allocated up to quota microseconds of
 * CPU time", "System wide settings", "Examples".
 *
 * Three CPUs, on each of them one who computes and cannot leave it.
 */
#include "cpu.h"
#include "limit.h"

#define CPUS	3

/* A process in @cg that computes, for ever on @cpu. */
static pid_t bound_spinner(const char *cg, int cpu, volatile unsigned long *steps)
{
	pid_t pid = cg_fork_into(cg, 0);

	if (!pid) {
		cpu_set_t set;

		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		must(!sched_setaffinity(0, sizeof(set), &set));
		runner_spin(steps);
	}
	return pid;
}

/* One on each CPU, and all of them have begun. */
static bool start(const char *cg, volatile unsigned long *steps)
{
	for (int i = 0; i < CPUS; i++)
		if (bound_spinner(cg, i, steps + i) < 0 || !runner_reaches(steps + i, 1))
			return false;
	return true;
}

/* How many of the runners make steps. */
static int running(volatile unsigned long *steps)
{
	int n = 0;

	for (int i = 0; i < CPUS; i++)
		n += runner_runs(steps + i);
	return n;
}

static bool has_three_cpus(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN) == CPUS;
}

TEST_F(cpu, less_than_one_cpu_is_one_limit_for_all)
{
	if (!has_three_cpus())
		SKIP(return, "not a machine of three CPUs");
	ASSERT_TRUE(start(self->a, self->steps));
	ASSERT_EQ(0, cg_write(self->a, "cpu.max", "50000 100000"));
	EXPECT_TRUE(keeps(self->a, self->a, 10, 50));
	EXPECT_TRUE(counts(self->a, "nr_throttled", 5));
	/* Nobody gets it all. */
	EXPECT_EQ(CPUS, running(self->steps));
}

TEST_F(cpu, more_than_one_cpu_can_be_had)
{
	if (!has_three_cpus())
		SKIP(return, "not a machine of three CPUs");
	ASSERT_TRUE(start(self->a, self->steps));
	ASSERT_EQ(0, cg_write(self->a, "cpu.max", "200000 100000"));
	EXPECT_TRUE(keeps(self->a, self->a, 10, 200));
	EXPECT_TRUE(counts(self->a, "nr_throttled", 5));
	EXPECT_EQ(CPUS, running(self->steps));
}

/* Were it a limit for each CPU, it would be none at all. */
TEST_F(cpu, a_limit_above_counts_all_cpus_and_all_cgroups)
{
	if (!has_three_cpus())
		SKIP(return, "not a machine of three CPUs");
	ASSERT_GT(bound_spinner(self->a, 0, self->steps), 0);
	ASSERT_GT(bound_spinner(self->a, 1, self->steps + 1), 0);
	ASSERT_GT(bound_spinner(self->b, 2, self->steps + 2), 0);
	ASSERT_EQ(0, cg_write(self->top, "cpu.max", "100000 100000"));
	EXPECT_TRUE(keeps(self->top, self->top, 10, 100));
	EXPECT_TRUE(counts(self->top, "nr_throttled", 5));
	EXPECT_EQ(CPUS, running(self->steps));
}

TEST_F(cpu, lifted_it_lets_go_on_every_cpu)
{
	unsigned long before[CPUS];

	if (!has_three_cpus())
		SKIP(return, "not a machine of three CPUs");
	ASSERT_TRUE(start(self->a, self->steps));
	ASSERT_EQ(0, cg_write(self->a, "cpu.max", "1000 1000000"));
	for (int i = 0; i < CPUS; i++)
		while (!runner_stands(self->steps + i))
			;
	for (int i = 0; i < CPUS; i++)
		before[i] = self->steps[i];
	ASSERT_EQ(0, cg_write(self->a, "cpu.max", "max"));
	for (int i = 0; i < CPUS; i++) {
		EXPECT_TRUE(runner_reaches(self->steps + i, before[i] + 1))
			TH_LOG("CPU %d", i);
	}
	EXPECT_EQ(CPUS, running(self->steps));
}

/* Whether @cg once uses more than @percent of the time over @periods of its limit. */
static bool once_uses(const char *cg, long periods, int percent)
{
	double seen = 0, most = 0;

	for (long n = 0; n < LONG_PERIODS && most <= percent; n += periods) {
		long long wall = now_usec();
		long used = usage_usec(cg);

		if (!periods_pass(cg, periods))
			return false;
		seen = (usage_usec(cg) - used) * 100.0 / (now_usec() - wall);
		most = seen > most ? seen : most;
	}
	if (most <= percent)
		fprintf(stderr, "# %s: at most %.1f %%\n", strrchr(cg, '/') + 1, most);
	return most > percent;
}

/* Where one alone wants it, the quota is all for that CPU and not a third of it. */
TEST_F(cpu, who_computes_alone_has_the_whole_quota)
{
	if (!has_three_cpus())
		SKIP(return, "not a machine of three CPUs");
	ASSERT_GT(bound_spinner(self->a, 1, self->steps), 0);
	ASSERT_EQ(0, cg_write(self->a, "cpu.max", "90000 100000"));
	ASSERT_TRUE(runner_runs(self->steps));
	EXPECT_TRUE(once_uses(self->a, 10, 60));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * The cpu controller on a cgroup v1 hierarchy: shares instead of weights, quota
 * and period in files of their own, limits that must fit into those above, and
 * processes next to child cgroups.
 *
 * Promises from scheduler/sched-design-CFS.rst, "Group Scheduler Extensions to
 * CFS", and scheduler/sched-bwc.rst, "Management", "Statistics", "Hierarchical
 * considerations". How a CPU is divided is measured in work done, which has to
 * be within 35 % of what the shares say.
 */
#include "cpu_v1.h"

FIXTURE(cpu_v1)
{
	struct tree t;
	volatile unsigned long *steps;
};

FIXTURE_SETUP(cpu_v1)
{
	if (tree_make(&self->t, "cpu"))
		SKIP(return, "no cgroup v1 hierarchy with the cpu controller");
	self->steps = runner_counters(8);
}

FIXTURE_TEARDOWN_PARENT(cpu_v1)
{
	tree_destroy(&self->t);
}

TEST_F(cpu_v1, a_new_cgroup_has_the_defaults)
{
	EXPECT_EQ(1024, cg_number(self->t.a, "cpu.shares"));
	EXPECT_EQ(100000, cg_number(self->t.a, "cpu.cfs_period_us"));
	EXPECT_EQ(-1, cg_number(self->t.a, "cpu.cfs_quota_us"));
	EXPECT_EQ(0, cg_number(self->t.a, "cpu.cfs_burst_us"));
	EXPECT_EQ(0, cg_key(self->t.a, "cpu.stat", "nr_periods"));
	EXPECT_EQ(0, cg_key(self->t.a, "cpu.stat", "nr_throttled"));
	EXPECT_EQ(0, cg_key(self->t.a, "cpu.stat", "throttled_time"));
}

/* What is out of range is not refused here, but brought into it. */
TEST_F(cpu_v1, shares_are_from_2_to_262144)
{
	static const struct {
		const char *text;
		long value;
	} v[] = {
		{ "2", 2 }, { "1", 2 }, { "0", 2 }, { "3", 3 },
		{ "1000", 1000 }, { "262144", 262144 }, { "262145", 262144 },
		{ "18446744073709551615", 262144 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		EXPECT_EQ(0, cg_write(self->t.a, "cpu.shares", v[i].text));
		EXPECT_EQ(v[i].value, cg_number(self->t.a, "cpu.shares"))
			TH_LOG("writing '%s'", v[i].text);
	}
	EXPECT_EQ(-EINVAL, cg_write(self->t.a, "cpu.shares", "-1"));
	EXPECT_EQ(-EINVAL, cg_write(self->t.a, "cpu.shares", "abc"));
	EXPECT_EQ(262144, cg_number(self->t.a, "cpu.shares"));
}

TEST_F(cpu_v1, the_root_has_no_limit_and_no_other_shares)
{
	EXPECT_EQ(-EINVAL, cg_write(self->t.root, "cpu.shares", "2048"));
	EXPECT_EQ(-EINVAL, cg_write(self->t.root, "cpu.cfs_quota_us", "50000"));
	EXPECT_EQ(1024, cg_number(self->t.root, "cpu.shares"));
	EXPECT_EQ(-1, cg_number(self->t.root, "cpu.cfs_quota_us"));
}

TEST_F(cpu_v1, quota_and_period_have_their_ranges)
{
	ASSERT_EQ(0, cg_write(self->t.a, "cpu.cfs_quota_us", "1000"));
	EXPECT_EQ(1000, cg_number(self->t.a, "cpu.cfs_quota_us"));
	EXPECT_EQ(-EINVAL, cg_write(self->t.a, "cpu.cfs_quota_us", "999"));
	EXPECT_EQ(-EINVAL, cg_write(self->t.a, "cpu.cfs_quota_us", "0"));
	EXPECT_EQ(-EINVAL, cg_write(self->t.a, "cpu.cfs_quota_us", "max"));
	EXPECT_EQ(1000, cg_number(self->t.a, "cpu.cfs_quota_us"));
	ASSERT_EQ(0, cg_write(self->t.a, "cpu.cfs_period_us", "1000"));
	ASSERT_EQ(0, cg_write(self->t.a, "cpu.cfs_period_us", "1000000"));
	EXPECT_EQ(-EINVAL, cg_write(self->t.a, "cpu.cfs_period_us", "999"));
	EXPECT_EQ(-EINVAL, cg_write(self->t.a, "cpu.cfs_period_us", "1000001"));
	EXPECT_EQ(1000000, cg_number(self->t.a, "cpu.cfs_period_us"));
	/* "Writing any negative value ... will remove the bandwidth limit" */
	ASSERT_EQ(0, cg_write(self->t.a, "cpu.cfs_quota_us", "-5"));
	EXPECT_EQ(-1, cg_number(self->t.a, "cpu.cfs_quota_us"));
}

TEST_F(cpu_v1, the_burst_is_within_the_quota)
{
	ASSERT_EQ(0, cg_write(self->t.a, "cpu.cfs_quota_us", "50000"));
	EXPECT_EQ(0, cg_write(self->t.a, "cpu.cfs_burst_us", "50000"));
	EXPECT_EQ(-EINVAL, cg_write(self->t.a, "cpu.cfs_burst_us", "50001"));
	EXPECT_EQ(-EINVAL, cg_write(self->t.a, "cpu.cfs_quota_us", "49999"));
	EXPECT_EQ(50000, cg_number(self->t.a, "cpu.cfs_burst_us"));
	EXPECT_EQ(50000, cg_number(self->t.a, "cpu.cfs_quota_us"));
}

/* "an individual entity's bandwidth is always attainable": max(c_i) <= C */
TEST_F(cpu_v1, a_childs_quota_fits_into_its_parents)
{
	ASSERT_EQ(0, cg_write(self->t.top, "cpu.cfs_quota_us", "50000"));
	EXPECT_EQ(0, cg_write(self->t.a, "cpu.cfs_quota_us", "50000"));
	EXPECT_EQ(-EINVAL, cg_write(self->t.a, "cpu.cfs_quota_us", "50001"));
	EXPECT_EQ(50000, cg_number(self->t.a, "cpu.cfs_quota_us"));
	/* It is the ratio that counts. */
	EXPECT_EQ(-EINVAL, cg_write(self->t.a, "cpu.cfs_period_us", "50000"));
	EXPECT_EQ(0, cg_write(self->t.a, "cpu.cfs_period_us", "200000"));
	EXPECT_EQ(0, cg_write(self->t.a, "cpu.cfs_quota_us", "100000"));
	/* "the sum ... may exceed": overcommit among siblings is allowed. */
	EXPECT_EQ(0, cg_write(self->t.b, "cpu.cfs_quota_us", "50000"));
	/* Nor does the parent go below a child, or the child without. */
	EXPECT_EQ(-EINVAL, cg_write(self->t.top, "cpu.cfs_quota_us", "49999"));
	EXPECT_EQ(0, cg_write(self->t.a, "cpu.cfs_quota_us", "-1"));
	EXPECT_EQ(0, cg_write(self->t.b, "cpu.cfs_quota_us", "-1"));
	EXPECT_EQ(0, cg_write(self->t.top, "cpu.cfs_quota_us", "49999"));
}

TEST_F(cpu_v1, an_ordinary_user_sets_nothing)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(cg_write(self->t.a, "cpu.shares", "2") == -EACCES);
		must(cg_write(self->t.a, "cpu.cfs_quota_us", "-1") == -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/*
 * Whether the first of two comes to do @part of the work of both, within 35 %,
 * since they began: the machine below may be busy, and what it takes from the
 * one is made up for later.
 */
static bool divided(volatile unsigned long *steps, double part)
{
	double w[2] = { steps[0], steps[1] }, seen = -1;

	for (int i = 0; i < 60; i++) {
		poll(NULL, 0, i ? 200 : 1000);
		seen = (steps[0] - w[0]) / (steps[0] - w[0] + steps[1] - w[1]);
		if (seen > part * 0.65 && seen < part * 1.35 &&
		    1 - seen > (1 - part) * 0.65 &&
		    1 - seen < (1 - part) * 1.35)
			return true;
	}
	fprintf(stderr, "# the first has %.3f, not %.3f\n", seen, part);
	return false;
}

TEST_F(cpu_v1, shares_divide_the_cpu)
{
	ASSERT_EQ(0, cg_write(self->t.a, "cpu.shares", "3072"));
	spinner(self->t.a, self->steps);
	spinner(self->t.b, self->steps + 1);
	EXPECT_TRUE(divided(self->steps, 0.75));
}

/* Not so in v2: a process is a competitor of the cgroups next to it. */
TEST_F(cpu_v1, a_process_competes_with_child_cgroups)
{
	spinner(self->t.top, self->steps);
	spinner(self->t.a, self->steps + 1);
	EXPECT_TRUE(divided(self->steps, 0.5));
}

static long stat_of(const char *cg, const char *key)
{
	return cg_key(cg, "cpu.stat", key);
}

/* The CPU time of @pid, in ms. */
static long long cpu_ms(pid_t pid)
{
	struct timespec ts;
	clockid_t clock;

	must(!clock_getcpuclockid(pid, &clock) && !clock_gettime(clock, &ts));
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/*
 * Whether @pid, alone in @cg, comes to use @percent of the time, over periods
 * of @period ms, and at the very least an eighth of that. It may take long: what
 * it uses while the machine below stands is paid back later.
 */
static bool keeps(pid_t pid, const char *cg, int percent, int period)
{
	long long start = runner_now_ms(), used = cpu_ms(pid), wall = 0;
	long first = stat_of(cg, "nr_periods"), periods = 0;
	double seen = 0;

	while (wall < 2 * PROC_HANG_MS) {
		poll(NULL, 0, 10 * period);
		wall = runner_now_ms() - start;
		seen = (cpu_ms(pid) - used) * 100.0 / wall;
		periods = stat_of(cg, "nr_periods") - first;
		if (seen * 8 > percent && seen < percent * 1.2 && periods >= 10 &&
		    periods <= wall / period + 1)
			return true;
	}
	fprintf(stderr, "# %.1f %%, not %d %%, in %ld periods of %lld ms\n", seen, percent,
		periods, wall);
	return false;
}

/* Quota and period are in microseconds. */
TEST_F(cpu_v1, the_quota_is_kept)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->t.a, "cpu.cfs_quota_us", "20000"));
	pid = spinner(self->t.a, self->steps);
	EXPECT_TRUE(keeps(pid, self->t.a, 20, 100));
	ASSERT_EQ(0, cg_write(self->t.a, "cpu.cfs_period_us", "50000"));
	EXPECT_TRUE(keeps(pid, self->t.a, 40, 50));
	EXPECT_EQ(0, stat_of(self->t.b, "nr_throttled"));
	EXPECT_EQ(0, stat_of(self->t.top, "nr_throttled"));
}

TEST_F(cpu_v1, the_limited_one_has_less_than_its_equal)
{
	long long end = runner_now_ms() + PROC_HANG_MS;

	ASSERT_EQ(0, cg_write(self->t.a, "cpu.cfs_quota_us", "20000"));
	spinner(self->t.a, self->steps);
	spinner(self->t.b, self->steps + 1);
	while ((stat_of(self->t.a, "nr_throttled") < 4 ||
		self->steps[0] >= self->steps[1]) && runner_now_ms() < end)
		poll(NULL, 0, 10);
	EXPECT_GE(stat_of(self->t.a, "nr_throttled"), 4);
	EXPECT_EQ(0, stat_of(self->t.b, "nr_throttled"));
	EXPECT_LT(self->steps[0], self->steps[1]);
}

/* Throttled for some 80 ms of 100 again and again, of which 1 ms is enough here. */
TEST_F(cpu_v1, the_throttled_time_is_in_nanoseconds)
{
	long long start = runner_now_ms(), wall;
	long throttled, time;

	ASSERT_EQ(0, cg_write(self->t.a, "cpu.cfs_quota_us", "20000"));
	spinner(self->t.a, self->steps);
	do {
		poll(NULL, 0, 10);
		throttled = stat_of(self->t.a, "nr_throttled");
		time = stat_of(self->t.a, "throttled_time");
		wall = runner_now_ms() - start;
	} while ((throttled < 4 || time < throttled * 1000000) && wall < PROC_HANG_MS);
	EXPECT_GE(throttled, 4);
	EXPECT_GE(time, throttled * 1000000);
	/* There is one CPU, so it is no more than what went by. */
	EXPECT_LE(time, (wall + 100) * 1000000);
}

/* Naps for a while, then computes for more than the quota is. */
static void spin_in_bursts(const char *cg)
{
	must(!cg_enter(cg, 0));
	for (;;) {
		long long end;

		poll(NULL, 0, 250);
		end = runner_now_ms() + 45;
		while (runner_now_ms() < end)
			;
	}
}

TEST_F(cpu_v1, bursts_are_counted)
{
	long long end = runner_now_ms() + PROC_HANG_MS;
	pid_t pid;

	EXPECT_EQ(0, stat_of(self->t.a, "nr_bursts"));
	EXPECT_EQ(0, stat_of(self->t.a, "burst_time"));
	ASSERT_EQ(0, cg_write(self->t.a, "cpu.cfs_quota_us", "20000"));
	ASSERT_EQ(0, cg_write(self->t.a, "cpu.cfs_burst_us", "20000"));
	pid = proc_fork_bound(0);
	if (!pid)
		spin_in_bursts(self->t.a);
	ASSERT_GT(pid, 0);
	while (stat_of(self->t.a, "nr_bursts") == 0 && runner_now_ms() < end)
		poll(NULL, 0, 10);
	EXPECT_GT(stat_of(self->t.a, "nr_bursts"), 0);
	EXPECT_GT(stat_of(self->t.a, "burst_time"), 0);
	/* In nanoseconds as well, and no more than 20 ms at once. */
	EXPECT_LE(stat_of(self->t.a, "burst_time"), stat_of(self->t.a, "nr_bursts") * 20000000);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * cpu.stat and cpu.stat.local: what is there, for whom it counts, and what
 * becomes of it when processes move and cgroups go.
 *
 * Promises from cgroup-v2.rst, "CPU Interface Files".
 */
#include <sys/resource.h>
#include "cpu.h"

#define TICK_USEC	10000

static void spin_for(long msec)
{
	struct timespec ts;

	do {
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	} while (ts.tv_sec * 1000 + ts.tv_nsec / 1000000 < msec);
}

/*
 * A process that uses at least @msec of CPU time in @cg, and ends. Returns what
 * it has used in the end, in microseconds, or -1.
 */
static long burn(const char *cg, long msec)
{
	pid_t pid = cg_fork_into(cg, 0);
	struct rusage ru;
	int status;

	if (!pid) {
		spin_for(msec);
		_exit(0);
	}
	if (wait4(pid, &status, 0, &ru) != pid || status)
		return -1;
	/* a process that was waited for runs for a moment longer, and is charged for it */
	must(!cg_await_empty(cg));
	return (ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1000000L +
	       ru.ru_utime.tv_usec + ru.ru_stime.tv_usec;
}

TEST_F(cpu, three_are_there_without_the_controller)
{
	static const char * const always[] = {
		"usage_usec", "user_usec", "system_usec",
	};
	static const char * const enabled[] = {
		"nr_periods", "nr_throttled", "throttled_usec", "nr_bursts",
		"burst_usec",
	};
	char below[700];

	snprintf(below, sizeof(below), "%s/below", self->a);
	ASSERT_EQ(0, cg_create(below));
	for (size_t i = 0; i < ARRAY_SIZE(always); i++) {
		EXPECT_GE(cg_key(self->root, "cpu.stat", always[i]), 0);
		EXPECT_EQ(0, cg_key(self->a, "cpu.stat", always[i]));
		EXPECT_EQ(0, cg_key(below, "cpu.stat", always[i]));
	}
	for (size_t i = 0; i < ARRAY_SIZE(enabled); i++) {
		EXPECT_EQ(0, cg_key(self->a, "cpu.stat", enabled[i]))
			TH_LOG("%s", enabled[i]);
		EXPECT_EQ(-ENOENT, cg_key(below, "cpu.stat", enabled[i]))
			TH_LOG("%s", enabled[i]);
	}
	/* What is used there is counted all the same. */
	ASSERT_GT(burn(below, 50), 0);
	EXPECT_GE(usage_usec(below), 50000);
}

/* What it says is of the controller, what it is not. */
TEST_F(cpu, the_local_statistics_are_there_without_the_controller)
{
	char below[700], text[64];

	if (!cg_has(self->a, "cpu.stat.local"))
		SKIP(return, "no cpu.stat.local (6.7)");
	snprintf(below, sizeof(below), "%s/below", self->a);
	ASSERT_EQ(0, cg_create(below));
	EXPECT_EQ(0, cg_key(self->a, "cpu.stat.local", "throttled_usec"));
	EXPECT_EQ(0, cg_read(below, "cpu.stat.local", text, sizeof(text)));
	ASSERT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "+cpu"));
	EXPECT_EQ(0, cg_key(below, "cpu.stat.local", "throttled_usec"));
}

TEST_F(cpu, usage_is_the_time_that_was_used)
{
	long used = burn(self->a, 200);

	ASSERT_GE(used, 200000 - TICK_USEC);
	EXPECT_GE(usage_usec(self->a), used - TICK_USEC);
	EXPECT_LE(usage_usec(self->a), used + TICK_USEC)
		TH_LOG("%ld and %ld usec", usage_usec(self->a), used);
	EXPECT_EQ(0, usage_usec(self->b));
}

TEST_F(cpu, usage_is_user_and_system_time)
{
	long usage, user, system;

	ASSERT_GT(burn(self->a, 100), 0);
	usage = usage_usec(self->a);
	user = cg_key(self->a, "cpu.stat", "user_usec");
	system = cg_key(self->a, "cpu.stat", "system_usec");
	EXPECT_GE(user, 0);
	EXPECT_GE(system, 0);
	/* Each of the three is rounded down to a microsecond. */
	EXPECT_LE(labs(usage - user - system), 3)
		TH_LOG("%ld, %ld + %ld", usage, user, system);
}

TEST_F(cpu, usage_includes_the_cgroups_below)
{
	char below[700];
	long top;

	snprintf(below, sizeof(below), "%s/below", self->a);
	ASSERT_EQ(0, cg_create(below));
	ASSERT_GT(burn(below, 60), 0);
	ASSERT_GT(burn(self->b, 60), 0);
	EXPECT_EQ(usage_usec(below), usage_usec(self->a));
	top = usage_usec(self->top);
	EXPECT_EQ(top, usage_usec(self->a) + usage_usec(self->b));
	EXPECT_GE(usage_usec(self->root), top);
	/* A removed one leaves its time with its parent. */
	ASSERT_EQ(0, cg_await_empty(below));
	ASSERT_EQ(0, cg_remove(below));
	EXPECT_GE(usage_usec(self->a), 60000 - TICK_USEC);
	EXPECT_EQ(top, usage_usec(self->top));
}

TEST_F(cpu, a_moved_process_leaves_its_time_behind)
{
	pid_t pid = spinner(self->a, self->steps);
	long a;

	ASSERT_TRUE(uses(self->a, 0, 100000));
	ASSERT_EQ(0, cg_enter(self->b, pid));
	a = usage_usec(self->a);
	EXPECT_GE(a, 100000);
	ASSERT_TRUE(uses(self->b, 0, 100000));
	EXPECT_EQ(a, usage_usec(self->a));
}

TEST_F(cpu, usage_outlives_the_process)
{
	long usage;

	for (int i = 0; i < 3; i++)
		ASSERT_GT(burn(self->a, 30), 0);
	ASSERT_EQ(0, cg_await_empty(self->a));
	usage = usage_usec(self->a);
	EXPECT_GE(usage, 3 * (30000 - TICK_USEC));
	EXPECT_EQ(usage, usage_usec(self->a));
}

static bool sleeps(pid_t pid)
{
	char path[64], text[64];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	return !file_field(path, "State", text, sizeof(text)) &&
	       text[0] == 'S';
}

TEST_F(cpu, who_sleeps_uses_nothing)
{
	pid_t pid = cg_fork_into(self->a, 0);
	long before;

	if (!pid)
		proc_sleep_forever();
	while (!sleeps(pid))
		runner_nap();
	before = usage_usec(self->a);
	poll(NULL, 0, 50);
	EXPECT_EQ(before, usage_usec(self->a));
}

TEST_F(cpu, the_statistics_of_a_limit_go_with_the_controller)
{
	char below[700];

	snprintf(below, sizeof(below), "%s/below", self->a);
	ASSERT_EQ(0, cg_create(below));
	ASSERT_GT(burn(below, 40), 0);
	ASSERT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "+cpu"));
	EXPECT_EQ(0, cg_key(below, "cpu.stat", "nr_periods"));
	/* The time is not the controller's: it stays. */
	EXPECT_GE(usage_usec(below), 40000 - TICK_USEC);
	ASSERT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "-cpu"));
	EXPECT_EQ(-ENOENT, cg_key(below, "cpu.stat", "nr_periods"));
	EXPECT_GE(usage_usec(below), 40000 - TICK_USEC);
}

TEST_HARNESS_MAIN

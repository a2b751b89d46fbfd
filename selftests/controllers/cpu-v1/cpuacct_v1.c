// SPDX-License-Identifier: GPL-2.0
/*
 * The cpuacct controller of cgroup v1: CPU time by cgroup, with all that is
 * below it.
 *
 * Promises from admin-guide/cgroup-v1/cpuacct.rst.
 */
#include <sys/resource.h>
#include "cpu_v1.h"

#define TICK_NSEC	10000000L

FIXTURE(cpuacct_v1)
{
	struct tree t;
	volatile unsigned long *steps;
};

FIXTURE_SETUP(cpuacct_v1)
{
	if (tree_make(&self->t, "cpuacct"))
		SKIP(return, "no cgroup v1 hierarchy with the cpuacct controller");
	self->steps = runner_counters(8);
}

FIXTURE_TEARDOWN_PARENT(cpuacct_v1)
{
	tree_destroy(&self->t);
}

static long usage(const char *cg)
{
	return cg_number(cg, "cpuacct.usage");
}

static long cpu_nsec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000000000L + ts.tv_nsec;
}

/*
 * A process that uses at least @msec of CPU time in @cg, and ends. Returns what
 * it has used in its whole life, in nanoseconds, or -1.
 */
static long burn(const char *cg, long msec)
{
	pid_t pid = proc_fork_bound(0);
	struct rusage ru;
	int status;

	if (!pid) {
		long start;

		must(!cg_enter(cg, 0));
		start = cpu_nsec();
		while (cpu_nsec() - start < msec * 1000000)
			;
		_exit(0);
	}
	if (wait4(pid, &status, 0, &ru) != pid || status)
		return -1;
	return ((ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1000000L +
		ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) * 1000;
}

TEST_F(cpuacct_v1, usage_is_in_nanoseconds)
{
	long used;

	EXPECT_EQ(0, usage(self->t.a));
	used = burn(self->t.a, 150);
	ASSERT_GE(used, 150000000L - TICK_NSEC);
	EXPECT_GE(usage(self->t.a), 150000000L - TICK_NSEC);
	EXPECT_LE(usage(self->t.a), used + TICK_NSEC);
	EXPECT_EQ(0, usage(self->t.b));
}

TEST_F(cpuacct_v1, it_includes_the_cgroups_below)
{
	ASSERT_GT(burn(self->t.a, 60), 0);
	ASSERT_GT(burn(self->t.b, 60), 0);
	EXPECT_EQ(usage(self->t.a) + usage(self->t.b), usage(self->t.top));
	EXPECT_GE(usage(self->t.root), usage(self->t.top));
	ASSERT_GT(burn(self->t.top, 60), 0);
	EXPECT_GT(usage(self->t.top), usage(self->t.a) + usage(self->t.b));
}

TEST_F(cpuacct_v1, a_zero_resets_it_and_nothing_else_is_taken)
{
	ASSERT_GT(burn(self->t.a, 40), 0);
	EXPECT_EQ(-EINVAL, cg_write(self->t.a, "cpuacct.usage", "1"));
	EXPECT_EQ(-EINVAL, cg_write(self->t.a, "cpuacct.usage", "-1"));
	EXPECT_EQ(-EINVAL, cg_write(self->t.a, "cpuacct.usage", "x"));
	EXPECT_GT(usage(self->t.a), 0);
	ASSERT_EQ(0, cg_write(self->t.a, "cpuacct.usage", "0"));
	EXPECT_EQ(0, usage(self->t.a));
	EXPECT_EQ(0, cg_number(self->t.a, "cpuacct.usage_user"));
	EXPECT_EQ(0, cg_number(self->t.a, "cpuacct.usage_sys"));
	/* The parent keeps its count. */
	EXPECT_GT(usage(self->t.top), 0);
	ASSERT_GT(burn(self->t.a, 40), 0);
	EXPECT_GT(usage(self->t.a), 0);
}

TEST_F(cpuacct_v1, the_cpus_add_up)
{
	static const char * const files[][2] = {
		{ "cpuacct.usage_percpu", "cpuacct.usage" },
		{ "cpuacct.usage_percpu_user", "cpuacct.usage_user" },
		{ "cpuacct.usage_percpu_sys", "cpuacct.usage_sys" },
	};
	char text[1024];

	ASSERT_GT(burn(self->t.a, 60), 0);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		char *at = text, *end;
		long sum = 0;

		ASSERT_GT(cg_read(self->t.a, files[i][0], text, sizeof(text)),
			  0);
		for (;;) {
			long v = strtol(at, &end, 10);

			if (end == at)
				break;
			sum += v;
			at = end;
		}
		EXPECT_EQ(sum, cg_number(self->t.a, files[i][1]))
			TH_LOG("%s", files[i][0]);
	}
}

TEST_F(cpuacct_v1, usage_all_is_a_table)
{
	char text[2048], *line, *save = NULL;
	long user = 0, sys = 0, cpu, u, s;

	ASSERT_GT(burn(self->t.a, 60), 0);
	ASSERT_GT(cg_read(self->t.a, "cpuacct.usage_all", text, sizeof(text)),
		  0);
	line = strtok_r(text, "\n", &save);
	ASSERT_NE(NULL, line);
	EXPECT_STREQ("cpu user system", line);
	while ((line = strtok_r(NULL, "\n", &save))) {
		ASSERT_EQ(3, sscanf(line, "%ld %ld %ld", &cpu, &u, &s));
		user += u;
		sys += s;
	}
	EXPECT_EQ(user, cg_number(self->t.a, "cpuacct.usage_user"));
	EXPECT_EQ(sys, cg_number(self->t.a, "cpuacct.usage_sys"));
}

/* "user and system are in USER_HZ unit." */
TEST_F(cpuacct_v1, stat_is_in_clock_ticks)
{
	long used, user, sys, hz = sysconf(_SC_CLK_TCK);

	used = burn(self->t.a, 200);
	ASSERT_GT(used, 0);
	user = cg_key(self->t.a, "cpuacct.stat", "user");
	sys = cg_key(self->t.a, "cpuacct.stat", "system");
	EXPECT_GE(user, 0);
	EXPECT_GE(sys, 0);
	EXPECT_GE(user + sys, hz * 150 / 1000);
	EXPECT_LE(user + sys, used / (1000000000 / hz) + 1);
}

TEST_F(cpuacct_v1, a_moved_process_leaves_its_time_behind)
{
	pid_t pid = spinner(self->t.a, self->steps);
	long long end = runner_now_ms() + PROC_HANG_MS;
	long a;

	while (usage(self->t.a) < 50000000L && runner_now_ms() < end)
		poll(NULL, 0, 10);
	ASSERT_EQ(0, cg_enter(self->t.b, pid));
	a = usage(self->t.a);
	while (usage(self->t.b) < 50000000L && runner_now_ms() < end)
		poll(NULL, 0, 10);
	EXPECT_EQ(a, usage(self->t.a));
	EXPECT_GE(usage(self->t.b), 50000000L);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * The cpuacct controller of cgroup v1: CPU time by cgroup, with all that is
 * below it.
 *
 * Promises from admin-guide/cgroup-v1/cpuacct.rst.
 */
#include <sys/random.h>
#include <sys/resource.h>
#include "cpu_v1.h"

#define TICK_NSEC	10000000L
#define NO_USER_TIME	"mended by um-fixes: no tick is the user's"

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

/* Some work without the kernel. */
static void compute(void)
{
	for (volatile int i = 0; i < 100000; i++)
		;
}

/*
 * One system call with a lot to do: on UML the way into the kernel and back is
 * the user's time, and a long one where the host is busy.
 */
static void ask_the_kernel(void)
{
	static char random[8 << 20];

	must(getrandom(random, sizeof(random), GRND_INSECURE) ==
	     sizeof(random));
}

/*
 * A process that uses at least @msec of CPU time for @work in @cg, and ends.
 * Returns what it has used in its whole life, in nanoseconds, or -1.
 */
static long spend(const char *cg, long msec, void (*work)(void))
{
	pid_t pid = proc_fork_bound(0);
	struct rusage ru;
	int status;

	if (!pid) {
		long start;

		must(!cg_enter(cg, 0));
		start = cpu_nsec();
		while (cpu_nsec() - start < msec * 1000000)
			work();
		_exit(0);
	}
	if (wait4(pid, &status, 0, &ru) != pid || status)
		return -1;
	return ((ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1000000L +
		ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) * 1000;
}

static long burn(const char *cg, long msec)
{
	return spend(cg, msec, compute);
}

/*
 * The same, until @cg has 20 ticks to judge by whose time it was: of those a
 * busy host swallows some.
 */
static long spend_ticks(const char *cg, void (*work)(void))
{
	long used = 0, more, ticks = 0;

	for (int i = 0; i < 20 && ticks < 20 * TICK_NSEC; i++) {
		more = spend(cg, 100, work);
		if (more < 0)
			return more;
		used += more;
		ticks = cg_number(cg, "cpuacct.usage_user") +
			cg_number(cg, "cpuacct.usage_sys");
	}
	return used;
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
	/* The parent keeps its count. */
	EXPECT_GT(usage(self->t.top), 0);
	ASSERT_GT(burn(self->t.a, 40), 0);
	EXPECT_GT(usage(self->t.a), 0);
}

TEST_F(cpuacct_v1, a_zero_resets_the_users_and_the_kernels_time_too)
{
	ASSERT_GT(spend(self->t.a, 100, compute), 0);
	ASSERT_GT(spend_ticks(self->t.a, ask_the_kernel), 0);
	if (!cg_number(self->t.a, "cpuacct.usage_user"))
		SKIP(return, NO_USER_TIME);
	EXPECT_GT(cg_number(self->t.a, "cpuacct.usage_user"), 0);
	EXPECT_GT(cg_number(self->t.a, "cpuacct.usage_sys"), 0);
	ASSERT_EQ(0, cg_write(self->t.a, "cpuacct.usage", "0"));
	EXPECT_EQ(0, cg_number(self->t.a, "cpuacct.usage_user"));
	EXPECT_EQ(0, cg_number(self->t.a, "cpuacct.usage_sys"));
	/* The parent keeps its counts. */
	EXPECT_GT(cg_number(self->t.top, "cpuacct.usage_user"), 0);
	EXPECT_GT(cg_number(self->t.top, "cpuacct.usage_sys"), 0);
}

/* The sum of the file's numbers, which are one per CPU. */
static long sum_of_cpus(const char *cg, const char *file)
{
	char text[1024], *at = text, *end;
	long sum = 0, cpus = 0, v;

	must(cg_read(cg, file, text, sizeof(text)) > 0);
	for (;; at = end, cpus++) {
		v = strtol(at, &end, 10);
		if (end == at)
			break;
		sum += v;
	}
	must(cpus >= sysconf(_SC_NPROCESSORS_CONF));
	return sum;
}

/*
 * Whether that is what file @total says. A process that was waited for may run
 * for a moment longer, and is charged for it.
 */
static bool adds_up(const char *cg, const char *file, const char *total)
{
	long before = cg_number(cg, total), sum = sum_of_cpus(cg, file);
	long after = cg_number(cg, total);

	if (sum < before || sum > after)
		fprintf(stderr, "# %s: %ld, %s: %ld, then %ld\n", file, sum,
			total, before, after);
	return sum >= before && sum <= after;
}

TEST_F(cpuacct_v1, the_cpus_add_up)
{
	long used = spend(self->t.a, 150, compute), sum;

	ASSERT_GT(used, 0);
	sum = sum_of_cpus(self->t.a, "cpuacct.usage_percpu");
	EXPECT_GE(sum, 150000000L - TICK_NSEC);
	EXPECT_LE(sum, used + TICK_NSEC);
	EXPECT_TRUE(adds_up(self->t.a, "cpuacct.usage_percpu",
			    "cpuacct.usage"));
	EXPECT_EQ(0, sum_of_cpus(self->t.b, "cpuacct.usage_percpu"));
}

/*
 * By what is running when the clock ticks, so with some error: of what computes
 * at least two thirds are the user's, of what asks the kernel for much at least
 * a quarter is the kernel's.
 */
TEST_F(cpuacct_v1, the_users_time_is_told_from_the_kernels)
{
	const char *cg[] = { self->t.a, self->t.b };
	long user[2], sys[2];

	ASSERT_GT(spend_ticks(self->t.a, compute), 0);
	ASSERT_GT(spend_ticks(self->t.b, ask_the_kernel), 0);
	for (int i = 0; i < 2; i++) {
		user[i] = cg_number(cg[i], "cpuacct.usage_user");
		sys[i] = cg_number(cg[i], "cpuacct.usage_sys");
		EXPECT_TRUE(adds_up(cg[i], "cpuacct.usage_percpu_user",
				    "cpuacct.usage_user"));
		EXPECT_TRUE(adds_up(cg[i], "cpuacct.usage_percpu_sys",
				    "cpuacct.usage_sys"));
		EXPECT_GE(user[i] + sys[i], 20 * TICK_NSEC);
	}
	if (!user[0])
		SKIP(return, NO_USER_TIME);
	EXPECT_GE(user[0], 2 * sys[0]);
	EXPECT_GE(3 * sys[1], user[1]);
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

/* "user and system are in USER_HZ unit." Each is rounded down. */
TEST_F(cpuacct_v1, stat_is_in_clock_ticks)
{
	static void (* const works[])(void) = { compute, ask_the_kernel };
	const char *cg[] = { self->t.a, self->t.b };
	long user[2], sys[2], before, tick = 1000000000 / sysconf(_SC_CLK_TCK);

	for (int i = 0; i < 2; i++) {
		ASSERT_GT(spend_ticks(cg[i], works[i]), 0);
		before = usage(cg[i]);
		user[i] = cg_key(cg[i], "cpuacct.stat", "user");
		sys[i] = cg_key(cg[i], "cpuacct.stat", "system");
		EXPECT_GE(user[i], 0);
		EXPECT_GE(sys[i], 0);
		EXPECT_GE(user[i] + sys[i], before / tick - 1);
		EXPECT_LE(user[i] + sys[i], usage(cg[i]) / tick);
	}
	if (!user[0])
		SKIP(return, NO_USER_TIME);
	EXPECT_GE(user[0], 2 * sys[0]);
	EXPECT_GE(3 * sys[1], user[1]);
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

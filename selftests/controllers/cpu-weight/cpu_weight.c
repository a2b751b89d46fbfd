// SPDX-License-Identifier: GPL-2.0
/*
 * What weights do on a CPU that is wanted by more than one cgroup.
 *
 * Promises from cgroup-v2.rst, "Weights": "A parent's resource is distributed
 * by adding up the weights of all active children and giving each the fraction
 * matching the ratio of its weight against the sum", and "CPU Interface Files".
 *
 * One CPU. Everybody computes and counts in shared memory. Two things are looked
 * at: the time that the kernel says each has used, which the scheduler itself
 * keeps in the ratio of the weights and which has to come within 15 %, and the
 * work done, which has to come within 35 %. The machine below may be busy and
 * stop ours at any time, for many ticks, all of which go to whoever was running.
 * The scheduler makes up for that, so a test looks again and again, from one
 * start, until it is as it should be or until it should long have been.
 */
#include "cpu.h"

#define TIME_PERCENT	15
#define WORK_PERCENT	35
#define STEP_USEC	200000
#define LONG_USEC	12000000

/* Who is compared: cgroups, the counters of their runners, and the weights. */
struct share {
	const char *cg;
	volatile unsigned long *steps;
	int runners;
	double expected;
	/* At the start, and the part of each since then. */
	double time0, work0, time, work;
};

static unsigned long steps_of(struct share *s)
{
	unsigned long sum = 0;

	for (int i = 0; i < s->runners; i++)
		sum += s->steps[i];
	return sum;
}

/* From here on it is counted. All of them have begun to run. */
static bool begin(struct share *s, int n)
{
	for (int i = 0; i < n; i++)
		for (int k = 0; k < s[i].runners; k++)
			if (!runner_reaches(s[i].steps + k, 1))
				return false;
	for (int i = 0; i < n; i++) {
		s[i].time0 = usage_usec(s[i].cg);
		s[i].work0 = steps_of(s + i);
	}
	return true;
}

/* What part of it all each had since the start. */
static void look(struct share *s, int n)
{
	double time = 0, work = 0;

	for (int i = 0; i < n; i++) {
		s[i].time = usage_usec(s[i].cg) - s[i].time0;
		s[i].work = steps_of(s + i) - s[i].work0;
		time += s[i].time;
		work += s[i].work;
	}
	for (int i = 0; i < n; i++) {
		s[i].time /= time;
		s[i].work /= work ?: 1;
	}
}

static bool within(double seen, double expected, int percent)
{
	return seen * 100 >= expected * (100 - percent) &&
	       seen * 100 <= expected * (100 + percent);
}

static bool as_expected(struct share *s, int n)
{
	double sum = 0;
	bool ok = true;

	for (int i = 0; i < n; i++)
		sum += s[i].expected;
	for (int i = 0; i < n; i++)
		ok &= within(s[i].time, s[i].expected / sum, TIME_PERCENT) &&
		      within(s[i].work, s[i].expected / sum, WORK_PERCENT);
	return ok;
}

/*
 * Lets them run until @top has used @usec, and on, until @good. Returns whether
 * it got there; if not, it tells what each had.
 */
static bool settles(const char *top, struct share *s, int n, long usec,
		    bool (*good)(struct share *s, int n))
{
	long since = usage_usec(top);

	if (!begin(s, n))
		return false;
	for (; usec < LONG_USEC; usec += STEP_USEC) {
		if (!uses(top, since, usec))
			break;
		look(s, n);
		if (good(s, n))
			return true;
	}
	for (int i = 0; i < n; i++)
		fprintf(stderr, "# %s: expected %.0f parts, time %.3f, work %.3f\n",
			strrchr(s[i].cg, '/') + 1, s[i].expected, s[i].time,
			s[i].work);
	return false;
}

/* Whether they come to share as their weights say. */
static bool divided(const char *top, struct share *s, int n, long usec)
{
	return settles(top, s, n, usec, as_expected);
}

static void start(struct share *s, int n)
{
	for (int i = 0; i < n; i++)
		for (int k = 0; k < s[i].runners; k++)
			must(spinner(s[i].cg, s[i].steps + k) > 0);
}

TEST_F(cpu, one_to_three)
{
	struct share s[] = {
		{ self->a, self->steps, 1, 100 },
		{ self->b, self->steps + 1, 1, 300 },
	};

	ASSERT_EQ(0, cg_write(self->b, "cpu.weight", "300"));
	start(s, 2);
	EXPECT_TRUE(divided(self->top, s, 2, 1200000));
}

/* "allowing weights to be changed at any time": it counts at once. */
TEST_F(cpu, a_change_takes_effect_while_they_run)
{
	struct share s[] = {
		{ self->a, self->steps, 1, 100 },
		{ self->b, self->steps + 1, 1, 100 },
	};

	start(s, 2);
	EXPECT_TRUE(divided(self->top, s, 2, 600000));
	ASSERT_EQ(0, cg_write(self->a, "cpu.weight", "1000"));
	ASSERT_EQ(0, cg_write(self->b, "cpu.weight", "500"));
	s[0].expected = 1000;
	s[1].expected = 500;
	EXPECT_TRUE(divided(self->top, s, 2, 900000));
}

/* -5 and 0 are 3121 : 1024, as between two processes. */
TEST_F(cpu, nice_values_divide_as_weights_do)
{
	struct share s[] = {
		{ self->a, self->steps, 1, 1024 },
		{ self->b, self->steps + 1, 1, 3121 },
	};

	ASSERT_EQ(0, cg_write(self->b, "cpu.weight.nice", "-5"));
	start(s, 2);
	EXPECT_TRUE(divided(self->top, s, 2, 1200000));
}

/* Who does not want the CPU has no part in the sum of the weights. */
TEST_F(cpu, an_inactive_cgroup_takes_no_share)
{
	struct share s[] = {
		{ self->a, self->steps, 1, 100 },
		{ self->b, self->steps + 1, 1, 100 },
	};
	char idle[700];
	pid_t pid;

	snprintf(idle, sizeof(idle), "%s/inactive", self->top);
	ASSERT_EQ(0, cg_create(idle));
	ASSERT_EQ(0, cg_write(idle, "cpu.weight", "10000"));
	pid = cg_fork_into(idle, 0);
	if (!pid)
		proc_sleep_forever();
	/*
	 * Let it fall asleep with nobody next to it. Going away, a heavy one
	 * shifts what is fair for those who stay, by its own lag times its
	 * weight: here that can be some 400 ms for whoever comes next.
	 */
	poll(NULL, 0, 50);
	start(s, 2);
	EXPECT_TRUE(divided(self->top, s, 2, 600000));
}

TEST_F(cpu, a_weight_is_no_limit)
{
	struct share s = { self->a, self->steps, 1, 1 };
	long used, a;
	int i = 0;

	ASSERT_EQ(0, cg_write(self->a, "cpu.weight", "1"));
	ASSERT_EQ(0, cg_write(self->b, "cpu.weight", "10000"));
	start(&s, 1);
	/* Nobody else wants the CPU, so it has nearly all that is used. */
	ASSERT_TRUE(runner_runs(s.steps));
	a = usage_usec(self->a);
	used = usage_usec(self->root);
	do {
		ASSERT_TRUE(uses(self->a, a, ++i * STEP_USEC));
	} while ((usage_usec(self->a) - a) * 4 <
		 (usage_usec(self->root) - used) * 3 && i < 30);
	EXPECT_LT(i, 30);
}

/* In the last, two processes of nice 0 and nice 5, which is 1024 : 335. */
static bool by_nice(struct share *s, int n)
{
	double w0 = s[n - 1].steps[0], w1 = s[n - 1].steps[1];

	return as_expected(s, n) &&
	       within(w0 / (w0 + w1), 1024.0 / (1024 + 335), 20);
}

static void start_nice_0_and_5(const char *cg, volatile unsigned long *steps)
{
	for (int i = 0; i < 2; i++) {
		pid_t pid = cg_fork_into(cg, 0);

		if (!pid) {
			must(nice(i ? 5 : 0) == (i ? 5 : 0));
			runner_spin(steps + i);
		}
	}
}

/* Within the cgroup it is the processes' own nice values that count. */
TEST_F(cpu, the_processes_of_a_cgroup_share_by_their_own_nice_values)
{
	/* Next door nobody must notice. */
	struct share s[] = {
		{ self->b, self->steps, 1, 100 },
		{ self->a, self->steps + 1, 2, 100 },
	};

	start_nice_0_and_5(self->a, self->steps + 1);
	start(s, 1);
	EXPECT_TRUE(settles(self->top, s, 2, 1200000, by_nice));
}

/*
 * top -- a 100 -- one   100	1/8
 *     |        `- three 300	3/8
 *     `- b 100			4/8
 */
TEST_F(cpu, weights_of_children_divide_the_share_of_the_parent)
{
	char one[700], three[700];
	struct share s[] = {
		{ one, self->steps, 1, 1 },
		{ three, self->steps + 1, 1, 3 },
		{ self->b, self->steps + 2, 1, 4 },
	};

	snprintf(one, sizeof(one), "%s/one", self->a);
	snprintf(three, sizeof(three), "%s/three", self->a);
	ASSERT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "+cpu"));
	ASSERT_EQ(0, cg_create(one));
	ASSERT_EQ(0, cg_create(three));
	ASSERT_EQ(0, cg_write(three, "cpu.weight", "300"));
	start(s, 3);
	EXPECT_TRUE(divided(self->top, s, 3, 2000000));
}

/* Many processes have no more than one has. */
TEST_F(cpu, the_number_of_processes_does_not_count)
{
	struct share s[] = {
		{ self->a, self->steps, 4, 100 },
		{ self->b, self->steps + 4, 1, 100 },
	};

	start(s, 2);
	EXPECT_TRUE(divided(self->top, s, 2, 700000));
}

#define CGROUP_MODE	"/sys/kernel/debug/sched/cgroup_mode"

/*
 * How a weight is spread over CPUs can be chosen since 7.3. With one CPU there
 * is nothing to be spread, so all but "tasks", which is not about CPUs, must
 * divide alike.
 */
TEST_F(cpu, on_one_cpu_the_modes_divide_alike)
{
	/* The default, "concur", is what the other tests are about. */
	static const char * const modes[] = { "up", "smp", "max" };
	struct share s[] = {
		{ self->a, self->steps, 2, 100 },
		{ self->b, self->steps + 2, 1, 100 },
	};
	bool ok[ARRAY_SIZE(modes)];

	if (access(CGROUP_MODE, W_OK))
		SKIP(return, "no " CGROUP_MODE " (7.3)");
	start(s, 2);
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		must(!file_write(CGROUP_MODE, modes[i]));
		ok[i] = divided(self->top, s, 2, 500000);
	}
	must(!file_write(CGROUP_MODE, "concur"));
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		EXPECT_TRUE(ok[i])
			TH_LOG("mode %s", modes[i]);
	}
}

/* How many there are is an average over time: it is only about whose share grew. */
static bool first_has_more(struct share *s, int n)
{
	return s[0].time > 0.6;
}

TEST_F(cpu, in_mode_tasks_the_weight_is_times_the_processes)
{
	struct share s[] = {
		{ self->a, self->steps, 3, 300 },
		{ self->b, self->steps + 3, 1, 100 },
	};
	bool ok;

	if (access(CGROUP_MODE, W_OK))
		SKIP(return, "no " CGROUP_MODE " (7.3)");
	must(!file_write(CGROUP_MODE, "tasks"));
	start(s, 2);
	ok = settles(self->top, s, 2, 1000000, first_has_more);
	must(!file_write(CGROUP_MODE, "concur"));
	EXPECT_TRUE(ok);
}

/*
 * "the cgroup itself will be treated as very low priority relative to its
 * peers": a weight of 3 against 1024.
 */
static bool second_has_nothing(struct share *s, int n)
{
	return s[1].time < 0.05;
}

TEST_F(cpu, an_idle_cgroup_gets_next_to_nothing)
{
	/* The idle one may not even have begun to run. */
	struct share s[] = {
		{ self->a, self->steps, 1, 100 },
		{ self->b, self->steps + 1, 0, 1 },
	};

	ASSERT_EQ(0, cg_write(self->b, "cpu.idle", "1"));
	start(s, 1);
	ASSERT_TRUE(runner_runs(self->steps));
	ASSERT_GT(spinner(self->b, self->steps + 1), 0);
	EXPECT_TRUE(settles(self->top, s, 2, 800000, second_has_nothing));
}

TEST_F(cpu, an_idle_cgroup_has_the_cpu_when_nobody_wants_it)
{
	ASSERT_EQ(0, cg_write(self->b, "cpu.idle", "1"));
	ASSERT_GT(spinner(self->b, self->steps), 0);
	EXPECT_TRUE(runner_runs(self->steps));
	EXPECT_TRUE(uses(self->b, usage_usec(self->b), 100000));
}

/* "the threads inside the cgroup will retain their own relative priorities" */
TEST_F(cpu, in_an_idle_cgroup_the_nice_values_count)
{
	struct share s = { self->a, self->steps, 2, 1 };

	ASSERT_EQ(0, cg_write(self->a, "cpu.idle", "1"));
	start_nice_0_and_5(self->a, self->steps);
	EXPECT_TRUE(settles(self->top, &s, 1, 1200000, by_nice));
}

TEST_F(cpu, in_an_idle_cgroup_the_weights_of_children_count)
{
	char one[700], three[700];
	struct share s[] = {
		{ one, self->steps, 1, 1 },
		{ three, self->steps + 1, 1, 3 },
	};

	snprintf(one, sizeof(one), "%s/one", self->a);
	snprintf(three, sizeof(three), "%s/three", self->a);
	ASSERT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "+cpu"));
	ASSERT_EQ(0, cg_create(one));
	ASSERT_EQ(0, cg_create(three));
	ASSERT_EQ(0, cg_write(three, "cpu.weight", "300"));
	ASSERT_EQ(0, cg_write(self->a, "cpu.idle", "1"));
	start(s, 2);
	EXPECT_TRUE(divided(self->a, s, 2, 1200000));
}

/*
 * Threads of one process would be the natural example, but on UML they share
 * one process of the host, for which they wait in turns that no weight decides.
 */
TEST_F(cpu, threaded_cgroups_are_weighed_against_each_other)
{
	char t[2][700];
	struct share s[] = {
		{ t[0], self->steps, 1, 100 },
		{ t[1], self->steps + 1, 1, 300 },
	};

	for (int i = 0; i < 2; i++) {
		pid_t pid = spinner(self->a, self->steps + i);

		ASSERT_GT(pid, 0);
		snprintf(t[i], sizeof(t[i]), "%s/t%d", self->a, i);
		ASSERT_EQ(0, cg_create(t[i]));
		ASSERT_EQ(0, cg_write(t[i], "cgroup.type", "threaded"));
		ASSERT_EQ(0, cg_write_number(t[i], "cgroup.threads", pid));
	}
	ASSERT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "+cpu"));
	ASSERT_EQ(0, cg_write(t[1], "cpu.weight", "300"));
	EXPECT_TRUE(divided(self->a, s, 2, 1200000));
}

TEST_HARNESS_MAIN

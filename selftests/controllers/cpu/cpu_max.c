// SPDX-License-Identifier: GPL-2.0
/*
 * cpu.max and cpu.max.burst: what a limit lets through, whom it is for, and
 * what the statistics say of it.
 *
 * Promises from cgroup-v2.rst, "Limits", "CPU Interface Files", and
 * scheduler/sched-bwc.rst: "Within each given period ... a task group is
 * allocated up to quota microseconds of CPU time", "Hierarchical
 * considerations", "CFS Bandwidth Quota Caveats".
 *
 * One CPU. A limit is an upper bound on the time used, against the time that
 * went by on the clock. The accounting is by ticks, and the machine below may
 * stop ours for many of them, which all go to whoever was running; that is paid
 * back in later periods. So the limit is looked at over as many periods as it
 * takes until it is kept, or should long have been.
 */
#include <pthread.h>
#include "cpu.h"
#include "limit.h"

TEST_F(cpu, the_limit_is_kept)
{
	ASSERT_EQ(0, cg_write(self->a, "cpu.max", "20000 100000"));
	ASSERT_GT(spinner(self->a, self->steps), 0);
	EXPECT_TRUE(keeps(self->a, self->a, 10, 20));
	EXPECT_TRUE(counts(self->a, "nr_throttled", 5));
	EXPECT_TRUE(counts(self->a, "throttled_usec", 1));
	EXPECT_LE(stat_of(self->a, "nr_throttled"),
		  stat_of(self->a, "nr_periods"));
}

TEST_F(cpu, all_processes_of_the_cgroup_share_the_limit)
{
	ASSERT_EQ(0, cg_write(self->a, "cpu.max", "30000 100000"));
	for (int i = 0; i < 4; i++)
		ASSERT_GT(spinner(self->a, self->steps + i), 0);
	EXPECT_TRUE(keeps(self->a, self->a, 8, 30));
	/* And each of them has some of it. */
	for (int i = 0; i < 4; i++)
		EXPECT_TRUE(runner_runs(self->steps + i));
}

TEST_F(cpu, who_stays_below_is_never_throttled)
{
	ASSERT_EQ(0, cg_write(self->a, "cpu.max", "900000 1000000"));
	ASSERT_GT(runner_start(self->a, runner_tick, self->steps), 0);
	ASSERT_TRUE(runner_reaches(self->steps, 50));
	EXPECT_EQ(0, stat_of(self->a, "nr_throttled"));
	EXPECT_EQ(0, stat_of(self->a, "throttled_usec"));
}

TEST_F(cpu, without_a_limit_nothing_is_counted)
{
	ASSERT_GT(spinner(self->a, self->steps), 0);
	ASSERT_TRUE(uses(self->a, 0, 200000));
	EXPECT_EQ(0, stat_of(self->a, "nr_periods"));
	EXPECT_EQ(0, stat_of(self->a, "nr_throttled"));
	EXPECT_EQ(0, stat_of(self->a, "throttled_usec"));
	EXPECT_EQ(0, stat_of(self->a, "nr_bursts"));
}

TEST_F(cpu, the_neighbour_has_what_the_limit_leaves)
{
	long a, b, usec = 0;

	ASSERT_EQ(0, cg_write(self->a, "cpu.max", "10000 100000"));
	ASSERT_EQ(0, cg_write(self->a, "cpu.weight", "10000"));
	ASSERT_GT(spinner(self->a, self->steps), 0);
	ASSERT_GT(spinner(self->b, self->steps + 1), 0);
	ASSERT_TRUE(runner_runs(self->steps));
	ASSERT_TRUE(runner_runs(self->steps + 1));
	a = usage_usec(self->a);
	b = usage_usec(self->b);
	/* What the weights alone would give is 100 : 1 the other way round. */
	do {
		usec += 500000;
		ASSERT_TRUE(uses(self->b, b, usec));
	} while (usage_usec(self->b) - b < 3 * (usage_usec(self->a) - a) &&
		 usec < 10000000);
	EXPECT_LT(usec, 10000000)
		TH_LOG("%ld and %ld usec", usage_usec(self->a) - a,
		       usage_usec(self->b) - b);
}

TEST_F(cpu, a_limit_above_binds_all_below_it)
{
	ASSERT_EQ(0, cg_write(self->top, "cpu.max", "20000 100000"));
	/* The child's own limit is wider, and of no use. */
	ASSERT_EQ(0, cg_write(self->a, "cpu.max", "900000 1000000"));
	ASSERT_GT(spinner(self->a, self->steps), 0);
	ASSERT_GT(spinner(self->b, self->steps + 1), 0);
	EXPECT_TRUE(keeps(self->top, self->top, 6, 20));
	EXPECT_TRUE(runner_runs(self->steps));
	EXPECT_TRUE(runner_runs(self->steps + 1));
	/* The five statistics are of the cgroup's own limit only. */
	EXPECT_GT(stat_of(self->top, "nr_throttled"), 0);
	EXPECT_EQ(0, stat_of(self->a, "nr_throttled"));
	EXPECT_EQ(0, stat_of(self->a, "throttled_usec"));
	EXPECT_EQ(0, stat_of(self->b, "nr_throttled"));
}

TEST_F(cpu, the_local_statistic_includes_what_is_inherited)
{
	if (cg_key(self->a, "cpu.stat.local", "throttled_usec") < 0)
		SKIP(return, "no cpu.stat.local (6.7)");
	ASSERT_EQ(0, cg_write(self->top, "cpu.max", "10000 100000"));
	ASSERT_GT(spinner(self->a, self->steps), 0);
	ASSERT_TRUE(counts(self->top, "throttled_usec", 1));
	EXPECT_EQ(0, stat_of(self->a, "throttled_usec"));
	/* It is counted when the runqueue is let go. */
	while (cg_key(self->a, "cpu.stat.local", "throttled_usec") == 0 &&
	       stat_of(self->top, "nr_periods") < LONG_PERIODS)
		poll(NULL, 0, 10);
	EXPECT_GT(cg_key(self->a, "cpu.stat.local", "throttled_usec"), 0);
	EXPECT_EQ(0, cg_key(self->b, "cpu.stat.local", "throttled_usec"));
}

TEST_F(cpu, the_local_statistic_includes_what_is_ones_own)
{
	if (cg_key(self->a, "cpu.stat.local", "throttled_usec") < 0)
		SKIP(return, "no cpu.stat.local (6.7)");
	ASSERT_EQ(0, cg_write(self->a, "cpu.max", "10000 100000"));
	ASSERT_GT(spinner(self->a, self->steps), 0);
	ASSERT_TRUE(counts(self->a, "throttled_usec", 1));
	while (cg_key(self->a, "cpu.stat.local", "throttled_usec") == 0 &&
	       stat_of(self->a, "nr_periods") < LONG_PERIODS)
		poll(NULL, 0, 10);
	EXPECT_GT(cg_key(self->a, "cpu.stat.local", "throttled_usec"), 0);
	/* It does not go up to where nothing was throttled. */
	EXPECT_EQ(0, cg_key(self->top, "cpu.stat.local", "throttled_usec"));
}

TEST_F(cpu, a_limit_below_binds_within_a_wider_one)
{
	ASSERT_EQ(0, cg_write(self->top, "cpu.max", "80000 100000"));
	ASSERT_EQ(0, cg_write(self->a, "cpu.max", "20000 100000"));
	ASSERT_GT(spinner(self->a, self->steps), 0);
	EXPECT_TRUE(keeps(self->a, self->a, 6, 20));
}

TEST_F(cpu, a_throttled_cgroup_runs_on_when_the_limit_is_lifted)
{
	unsigned long before;

	ASSERT_GT(spinner(self->a, self->steps), 0);
	ASSERT_TRUE(runner_reaches(self->steps, 1));
	ASSERT_EQ(0, cg_write(self->a, "cpu.max", "1000 1000000"));
	while (!runner_stands(self->steps))
		;
	before = self->steps[0];
	/* It is not the end of the period that it waits for. */
	ASSERT_EQ(0, cg_write(self->a, "cpu.max", "max"));
	EXPECT_TRUE(runner_reaches(self->steps, before + 1));
	EXPECT_TRUE(uses(self->a, usage_usec(self->a), 100000));
}

/*
 * Whether the runner of @cg, which stands, goes on when @text is written to
 * @file. A period may end meanwhile and let it go: then that is no proof.
 */
static bool is_let_go_by(const char *cg, volatile unsigned long *steps, const char *file,
			 const char *text)
{
	for (int i = 0; i < 20; i++) {
		long periods = stat_of(cg, "nr_periods");
		unsigned long before;

		if (!runner_stands(steps))
			continue;
		before = *steps;
		must(!cg_write(cg, file, text));
		if (!runner_reaches(steps, before + 1))
			return false;
		if (stat_of(cg, "nr_periods") == periods)
			return true;
	}
	return false;
}

/* "Any updates to a group's bandwidth specification", even without a change */
TEST_F(cpu, a_throttled_cgroup_runs_on_when_the_limit_is_written_again)
{
	ASSERT_GT(spinner(self->a, self->steps), 0);
	ASSERT_TRUE(runner_reaches(self->steps, 1));
	ASSERT_EQ(0, cg_write(self->a, "cpu.max", "10000 1000000"));
	while (!runner_stands(self->steps))
		;
	EXPECT_TRUE(is_let_go_by(self->a, self->steps, "cpu.max", "10000 1000000"));
	EXPECT_TRUE(is_let_go_by(self->a, self->steps, "cpu.max.burst", "5000"));
	EXPECT_TRUE(is_let_go_by(self->a, self->steps, "cpu.max", "20000"));
	/* And every time it is throttled again. */
	while (!runner_stands(self->steps))
		;
	/* So that it need not wait for its end. */
	ASSERT_EQ(0, cg_write(self->a, "cpu.max", "max"));
}

TEST_F(cpu, a_throttled_process_dies_and_is_moved_out)
{
	pid_t pid[2];

	ASSERT_EQ(0, cg_write(self->a, "cpu.max", "10000 100000"));
	for (int i = 0; i < 2; i++) {
		pid[i] = spinner(self->a, self->steps + i);
		ASSERT_GT(pid[i], 0);
	}
	while (stat_of(self->a, "nr_throttled") == 0 ||
	       !runner_stands(self->steps))
		;
	EXPECT_EQ(-SIGKILL, proc_kill(pid[0]));
	ASSERT_EQ(0, cg_enter(self->b, pid[1]));
	EXPECT_TRUE(runner_runs(self->steps + 1));
	EXPECT_EQ(-SIGKILL, proc_kill(pid[1]));
	EXPECT_EQ(0, cg_await_empty(self->a));
	EXPECT_EQ(0, cg_remove(self->a));
}

/* Whoever is moved in is limited like the others. */
TEST_F(cpu, a_process_moved_in_is_limited)
{
	pid_t pid = spinner(self->b, self->steps);

	ASSERT_TRUE(runner_runs(self->steps));
	ASSERT_EQ(0, cg_write(self->a, "cpu.max", "20000 100000"));
	ASSERT_EQ(0, cg_enter(self->a, pid));
	EXPECT_TRUE(keeps(self->a, self->a, 6, 20));
	EXPECT_GT(stat_of(self->a, "nr_throttled"), 0);
}

TEST_F(cpu, a_limit_for_a_thread_leaves_the_other_alone)
{
	char t[700];
	pid_t pid = cg_fork_into(self->a, 0);

	if (!pid) {
		pthread_t thread;

		must(!pthread_create(&thread, NULL,
				     (void *(*)(void *))runner_spin,
				     (void *)(self->steps + 1)));
		runner_tick(self->steps);
	}
	ASSERT_TRUE(runner_runs(self->steps + 1));
	snprintf(t, sizeof(t), "%s/t", self->a);
	ASSERT_EQ(0, cg_create(t));
	ASSERT_EQ(0, cg_write(t, "cgroup.type", "threaded"));
	ASSERT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "+cpu"));
	ASSERT_EQ(0, cg_write(t, "cpu.max", "1000 1000000"));
	/* The leader naps, the other thread spins: only the leader goes in. */
	ASSERT_EQ(0, cg_write_number(t, "cgroup.threads", pid));
	EXPECT_TRUE(runner_runs(self->steps + 1));
	EXPECT_TRUE(uses(self->a, usage_usec(self->a), 100000));
	EXPECT_EQ(0, stat_of(self->a, "nr_throttled"));
	/* So that its end need not wait for the next second. */
	ASSERT_EQ(0, cg_write(t, "cpu.max", "max"));
}

/* Naps for a while, then computes for more than the quota is. */
static void spin_in_bursts(volatile unsigned long *steps)
{
	for (;;) {
		long long end;

		poll(NULL, 0, 250);
		end = now_usec() + 45000;
		while (now_usec() < end)
			++*steps;
	}
}

/*
 * What a period left over is there for a later one, up to the burst: sched-bwc
 * calls that "borrow the time ... from our future underutilization".
 */
TEST_F(cpu, a_burst_uses_what_was_left_over)
{
	long long end = runner_now_ms() + 2 * PROC_HANG_MS;

	ASSERT_EQ(0, cg_write(self->a, "cpu.max", "20000 100000"));
	ASSERT_EQ(0, cg_write(self->a, "cpu.max.burst", "20000"));
	ASSERT_GT(runner_start(self->a, spin_in_bursts, self->steps), 0);
	while (stat_of(self->a, "nr_bursts") == 0 && runner_now_ms() < end)
		poll(NULL, 0, 10);
	EXPECT_GT(stat_of(self->a, "nr_bursts"), 0);
	EXPECT_GT(stat_of(self->a, "burst_usec"), 0);
	/* No more than the burst at once. */
	EXPECT_LE(stat_of(self->a, "burst_usec"),
		  stat_of(self->a, "nr_bursts") * 20000);
}

TEST_F(cpu, without_a_burst_there_is_none)
{
	ASSERT_EQ(0, cg_write(self->a, "cpu.max", "20000 100000"));
	ASSERT_GT(runner_start(self->a, spin_in_bursts, self->steps), 0);
	ASSERT_TRUE(periods_pass(self->a, 6));
	EXPECT_EQ(0, stat_of(self->a, "nr_bursts"));
	EXPECT_EQ(0, stat_of(self->a, "burst_usec"));
}

/* A burst is borrowed: over many periods it does not widen the limit. */
TEST_F(cpu, a_burst_does_not_widen_the_limit)
{
	ASSERT_EQ(0, cg_write(self->a, "cpu.max", "20000 100000"));
	ASSERT_EQ(0, cg_write(self->a, "cpu.max.burst", "20000"));
	ASSERT_GT(spinner(self->a, self->steps), 0);
	EXPECT_TRUE(keeps(self->a, self->a, 10, 20));
}

/*
 * With CONFIG_RT_GROUP_SCHED disabled realtime processes live in any cgroup.
 * The limit is not for them; the time that they use is accounted.
 */
TEST_F(cpu, a_realtime_process_is_accounted_and_not_limited)
{
	struct sched_param rt = { .sched_priority = 1 };
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, "cpu.max", "1000 1000000"));
	pid = proc_fork_bound(0);
	if (!pid) {
		struct timespec ts, start;

		/* Outside, where no limit meets what it does until then. */
		must(!sched_setscheduler(0, SCHED_FIFO, &rt));
		if (cg_enter(self->a, 0))
			_exit(4);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
		do {
			clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
		} while ((ts.tv_sec - start.tv_sec) * 1000000000L +
			 ts.tv_nsec - start.tv_nsec < 150000000);
		_exit(0);
	}
	pid = proc_end(pid);
	if (pid == 4)
		SKIP(return, "no realtime process below the root");
	EXPECT_EQ(0, pid);
	EXPECT_GE(usage_usec(self->a), 140000);
	EXPECT_EQ(0, stat_of(self->a, "nr_throttled"));
}

TEST_HARNESS_MAIN

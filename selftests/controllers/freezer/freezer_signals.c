// SPDX-License-Identifier: GPL-2.0
/*
 * Signals to a frozen process: the fatal ones kill, the others wait for the
 * thaw; and what becomes of a stop by job control.
 *
 * Promises from cgroup-v2.rst, "cgroup.freeze", "cgroup.kill", and from the
 * description of commit 76f969e8948d ("cgroup: cgroup v2 freezer").
 */
#include <pthread.h>
#include "freezer.h"

TEST_F(freezer, sigkill_kills)
{
	pid_t pid = ticker(self->a, self->steps);

	ASSERT_TRUE(freeze(self->a));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
	EXPECT_EQ(0, cg_await_empty(self->a));
	EXPECT_TRUE(becomes_frozen(self->a, 1));
	EXPECT_EQ(1, cg_number(self->a, "cgroup.freeze"));
}

TEST_F(freezer, a_deadly_signal_kills)
{
	static const int signals[] = {
		SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGPIPE, SIGALRM, 40,
	};

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		pid_t pid = ticker(self->a, self->steps);

		ASSERT_TRUE(freeze(self->a));
		ASSERT_EQ(0, kill(pid, signals[i]));
		EXPECT_EQ(-signals[i], proc_end(pid));
		ASSERT_EQ(0, thaw(self->a));
	}
}

/*
 * A core is dumped by a process that runs, so what dumps one is no "fatal
 * signal" here: it kills, but not before the thaw.
 */
TEST_F(freezer, a_signal_that_dumps_core_kills_at_the_thaw)
{
	pid_t pid = ticker(self->a, self->steps);

	ASSERT_TRUE(freeze(self->a));
	ASSERT_EQ(0, kill(pid, SIGQUIT));
	EXPECT_TRUE(runner_stands(self->steps));
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	EXPECT_TRUE(becomes_frozen(self->a, 1));
	ASSERT_EQ(0, thaw(self->a));
	EXPECT_EQ(-SIGQUIT, proc_end(pid));
}

static volatile unsigned long *handled;

static void count(int sig)
{
	++*handled;
}

/* A process that counts its steps in @steps and SIGUSR1s in @steps[1]. */
static void handler_life(volatile unsigned long *steps)
{
	handled = steps + 1;
	signal(SIGUSR1, count);
	signal(SIGCONT, count);
	runner_tick(steps);
}

TEST_F(freezer, a_handler_waits_for_the_thaw)
{
	pid_t pid = runner_start(self->a, handler_life, self->steps);

	ASSERT_TRUE(runner_runs(self->steps));
	ASSERT_TRUE(freeze(self->a));
	ASSERT_EQ(0, kill(pid, SIGUSR1));
	EXPECT_TRUE(runner_stands(self->steps + 1));
	EXPECT_EQ(0, self->steps[1]);
	EXPECT_TRUE(becomes_frozen(self->a, 1));
	ASSERT_EQ(0, thaw(self->a));
	EXPECT_TRUE(runner_runs(self->steps));
	EXPECT_EQ(1, self->steps[1]);
}

TEST_F(freezer, many_signals_do_not_let_it_run)
{
	pid_t pid = runner_start(self->a, handler_life, self->steps);
	unsigned long before;

	ASSERT_TRUE(runner_runs(self->steps));
	ASSERT_TRUE(freeze(self->a));
	before = self->steps[0];
	for (int i = 0; i < 100; i++) {
		ASSERT_EQ(0, kill(pid, SIGUSR1));
		sched_yield();
	}
	EXPECT_TRUE(runner_stands(self->steps));
	EXPECT_EQ(before, self->steps[0]);
	EXPECT_EQ(0, self->steps[1]);
	EXPECT_EQ(1, frozen(self->a));
}

/* A pending signal must not keep the process from being frozen, nor busy. */
TEST_F(freezer, it_freezes_with_a_blocked_signal_pending)
{
	pid_t pid = cg_fork_into(self->a, 0);

	if (!pid) {
		sigset_t set;

		sigemptyset(&set);
		sigaddset(&set, SIGUSR1);
		must(!sigprocmask(SIG_BLOCK, &set, NULL));
		must(!kill(getpid(), SIGUSR1));
		runner_tick(self->steps);
	}
	ASSERT_TRUE(runner_runs(self->steps));
	ASSERT_TRUE(freeze(self->a));
	EXPECT_TRUE(runner_stands(self->steps));
	ASSERT_EQ(0, thaw(self->a));
	EXPECT_TRUE(runner_runs(self->steps));
}

TEST_F(freezer, a_stopped_process_counts_as_frozen)
{
	pid_t pid = ticker(self->a, self->steps);
	int status;

	ASSERT_EQ(0, kill(pid, SIGSTOP));
	ASSERT_EQ(pid, waitpid(pid, &status, WUNTRACED));
	ASSERT_TRUE(WIFSTOPPED(status));
	ASSERT_TRUE(freeze(self->a));
	EXPECT_EQ('T', task_state(pid));
	/* And the thaw leaves it stopped. */
	ASSERT_EQ(0, thaw(self->a));
	EXPECT_EQ(0, frozen(self->a));
	EXPECT_TRUE(runner_stands(self->steps));
	EXPECT_EQ('T', task_state(pid));
	ASSERT_EQ(0, kill(pid, SIGCONT));
	EXPECT_TRUE(runner_runs(self->steps));
}

TEST_F(freezer, sigcont_does_not_let_a_frozen_process_run)
{
	pid_t pid = ticker(self->a, self->steps);
	unsigned long before;
	int status;

	ASSERT_EQ(0, kill(pid, SIGSTOP));
	ASSERT_EQ(pid, waitpid(pid, &status, WUNTRACED));
	before = self->steps[0];
	ASSERT_TRUE(freeze(self->a));
	ASSERT_EQ(0, kill(pid, SIGCONT));
	/* The parent is told: the stop is over, the frost is not. */
	ASSERT_EQ(pid, waitpid(pid, &status, WCONTINUED));
	EXPECT_TRUE(WIFCONTINUED(status));
	EXPECT_TRUE(becomes_frozen(self->a, 1));
	EXPECT_TRUE(runner_stands(self->steps));
	EXPECT_EQ(before, self->steps[0]);
	ASSERT_EQ(0, thaw(self->a));
	EXPECT_TRUE(runner_runs(self->steps));
}

TEST_F(freezer, sigstop_to_a_frozen_process_stops_it_at_the_thaw)
{
	pid_t pid = ticker(self->a, self->steps);
	int status;

	ASSERT_TRUE(freeze(self->a));
	ASSERT_EQ(0, kill(pid, SIGSTOP));
	EXPECT_TRUE(runner_stands(self->steps));
	EXPECT_EQ(0, waitpid(pid, &status, WNOHANG | WUNTRACED));
	EXPECT_TRUE(becomes_frozen(self->a, 1));
	ASSERT_EQ(0, thaw(self->a));
	ASSERT_EQ(pid, waitpid(pid, &status, WUNTRACED));
	EXPECT_TRUE(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	EXPECT_TRUE(runner_stands(self->steps));
	ASSERT_EQ(0, kill(pid, SIGCONT));
	EXPECT_TRUE(runner_runs(self->steps));
}

TEST_F(freezer, a_stop_and_a_continue_while_frozen_cancel_each_other)
{
	pid_t pid = ticker(self->a, self->steps);

	ASSERT_TRUE(freeze(self->a));
	ASSERT_EQ(0, kill(pid, SIGSTOP));
	ASSERT_EQ(0, kill(pid, SIGCONT));
	EXPECT_TRUE(becomes_frozen(self->a, 1));
	EXPECT_TRUE(runner_stands(self->steps));
	ASSERT_EQ(0, thaw(self->a));
	EXPECT_TRUE(runner_runs(self->steps));
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG | WUNTRACED));
}

TEST_F(freezer, a_stopped_and_frozen_process_is_killed)
{
	pid_t pid = ticker(self->a, self->steps);
	int status;

	ASSERT_EQ(0, kill(pid, SIGSTOP));
	ASSERT_EQ(pid, waitpid(pid, &status, WUNTRACED));
	ASSERT_TRUE(freeze(self->a));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
	EXPECT_TRUE(becomes_frozen(self->a, 1));
}

static void *tick_thread(void *steps)
{
	runner_tick(steps);
}

TEST_F(freezer, all_threads_of_a_killed_process_die)
{
	struct lifeline line = lifeline_make();
	pid_t pid = cg_fork_into(self->a, 0);

	if (!pid) {
		pthread_t t;

		for (int i = 1; i < 8; i++)
			must(!pthread_create(&t, NULL, tick_thread,
					     (void *)(self->steps + i)));
		runner_tick(self->steps);
	}
	lifeline_watch(&line);
	for (int i = 0; i < 8; i++)
		ASSERT_TRUE(runner_runs(self->steps + i));
	ASSERT_TRUE(freeze(self->a));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
	EXPECT_TRUE(lifeline_cut(&line, PROC_HANG_MS));
	EXPECT_EQ(0, cg_await_empty(self->a));
	EXPECT_EQ(0, cg_remove(self->a));
}

/* The others do not notice, and the cgroup stays frozen. */
TEST_F(freezer, one_of_many_is_killed)
{
	pid_t pid[4];

	for (int i = 0; i < 4; i++)
		pid[i] = ticker(self->a, self->steps + i);
	ASSERT_TRUE(freeze(self->a));
	EXPECT_EQ(-SIGKILL, proc_kill(pid[2]));
	EXPECT_TRUE(becomes_frozen(self->a, 1));
	for (int i = 0; i < 4; i++)
		EXPECT_TRUE(runner_stands(self->steps + i));
	ASSERT_EQ(0, thaw(self->a));
	for (int i = 0; i < 4; i++)
		if (i != 2)
			EXPECT_TRUE(runner_runs(self->steps + i));
}

TEST_F(freezer, cgroup_kill_kills_a_frozen_tree)
{
	pid_t in_a[5], in_b, top;

	for (int i = 0; i < 5; i++)
		in_a[i] = ticker(self->a, self->steps);
	in_b = sleeper(self->b);
	top = sleeper(self->top);
	ASSERT_TRUE(freeze(self->top));
	ASSERT_EQ(0, cg_write(self->top, "cgroup.kill", "1"));
	for (int i = 0; i < 5; i++)
		EXPECT_EQ(-SIGKILL, proc_end(in_a[i]));
	EXPECT_EQ(-SIGKILL, proc_end(in_b));
	EXPECT_EQ(-SIGKILL, proc_end(top));
	EXPECT_EQ(0, cg_await_empty(self->top));
	EXPECT_EQ(1, cg_number(self->top, "cgroup.freeze"));
	EXPECT_TRUE(becomes_frozen(self->top, 1));
}

/* A pid namespace dies with its init, frozen members included. */
TEST_F(freezer, the_death_of_init_takes_frozen_members_along)
{
	struct lifeline line = lifeline_make();
	struct baton ready = baton_make();
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		for (int i = 0; i < 3; i++) {
			pid_t pid = cg_fork_into(self->a, 0);

			if (!pid)
				runner_tick(self->steps + i);
			must(pid > 0);
		}
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	lifeline_watch(&line);
	baton_take(&ready);
	ASSERT_TRUE(freeze(self->a));
	EXPECT_EQ(-SIGKILL, proc_kill(init));
	EXPECT_TRUE(lifeline_cut(&line, PROC_HANG_MS));
	EXPECT_EQ(0, cg_await_empty(self->a));
}

/* The parent's death signal is a signal like any other. */
TEST_F(freezer, the_death_of_the_parent_reaches_a_frozen_child)
{
	struct lifeline line = lifeline_make();
	struct baton ready = baton_make();
	pid_t parent = cg_fork_into(self->b, 0);

	if (!parent) {
		pid_t pid = cg_fork_into(self->a, 0);

		if (!pid) {
			must(!prctl(PR_SET_PDEATHSIG, SIGKILL));
			baton_pass(&ready, 0);
			runner_tick(self->steps);
		}
		proc_sleep_forever();
	}
	lifeline_watch(&line);
	baton_take(&ready);
	ASSERT_TRUE(freeze(self->a));
	EXPECT_EQ(-SIGKILL, proc_kill(parent));
	EXPECT_TRUE(lifeline_cut(&line, PROC_HANG_MS));
}

TEST_HARNESS_MAIN

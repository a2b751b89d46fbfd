// SPDX-License-Identifier: GPL-2.0
/*
 * Freezing and thawing while those who are to be frozen are born, die, move,
 * are traced, or their cgroups come and go.
 *
 * Each test is a bounded number of rounds on two CPUs. Which way a round went
 * is not asserted; at its end there is one state that must come, whoever won:
 * a frozen cgroup in which nobody runs, or a thawed one in which all do.
 */
#include <sys/ptrace.h>
#include "freezer.h"

#define ROUNDS	20

/* Lets the two sides meet at ever different points. */
static void spin(int round)
{
	for (volatile int i = 0; i < (round * 997) % 20000; i++)
		;
}

static void fork_and_reap(volatile unsigned long *steps)
{
	for (;;) {
		pid_t pid = fork();

		if (!pid)
			_exit(0);
		if (pid > 0)
			waitpid(pid, NULL, 0);
		++*steps;
	}
}

static void vfork_and_reap(volatile unsigned long *steps)
{
	for (;;) {
		pid_t pid = vfork();

		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
		++*steps;
	}
}

static void freeze_and_thaw(struct __test_metadata *_metadata, const char *cg,
			    volatile unsigned long *steps, int n)
{
	for (int round = 0; round < ROUNDS; round++) {
		ASSERT_TRUE(freeze(cg));
		if (round % 10 == 0) {
			for (int i = 0; i < n; i++)
				ASSERT_TRUE(runner_stands(steps + i));
		}
		ASSERT_EQ(1, frozen(cg));
		ASSERT_EQ(0, thaw(cg));
		spin(round);
	}
	for (int i = 0; i < n; i++)
		ASSERT_TRUE(runner_runs(steps + i));
	EXPECT_EQ(0, frozen(cg));
}

TEST_F(freezer, freezing_against_births)
{
	for (int i = 0; i < 3; i++)
		ASSERT_GT(runner_start(self->a, fork_and_reap,
				       self->steps + i), 0);
	freeze_and_thaw(_metadata, self->a, self->steps, 3);
}

TEST_F(freezer, freezing_against_vfork)
{
	for (int i = 0; i < 3; i++)
		ASSERT_GT(runner_start(self->a, vfork_and_reap,
				       self->steps + i), 0);
	freeze_and_thaw(_metadata, self->a, self->steps, 3);
}

TEST_F(freezer, freezing_against_births_from_outside)
{
	pid_t maker = proc_fork_bound(0);

	if (!maker) {
		signal(SIGCHLD, SIG_IGN);
		for (;;) {
			pid_t pid = cg_fork_into(self->a, 0);

			if (!pid) {
				++self->steps[0];
				_exit(0);
			}
			must(pid > 0);
			/* Frozen ones pile up: not for ever. */
			for (int i = 0; i < 8; i++)
				sched_yield();
		}
	}
	for (int round = 0; round < ROUNDS; round++) {
		ASSERT_TRUE(runner_runs(self->steps));
		ASSERT_EQ(0, cg_write(self->a, "cgroup.freeze", "1"));
		spin(round);
		/* No end of newcomers, so it may never be frozen: stop them. */
		ASSERT_EQ(0, kill(maker, SIGSTOP));
		ASSERT_EQ(maker, waitpid(maker, NULL, WUNTRACED));
		ASSERT_TRUE(becomes_frozen(self->a, 1));
		if (round % 10 == 0)
			ASSERT_TRUE(runner_stands(self->steps));
		ASSERT_EQ(0, thaw(self->a));
		ASSERT_EQ(0, cg_await_empty(self->a));
		ASSERT_EQ(0, kill(maker, SIGCONT));
	}
	proc_kill(maker);
}

TEST_F(freezer, freezing_against_exits)
{
	for (int round = 0; round < ROUNDS; round++) {
		pid_t pid[4];

		for (int i = 0; i < 4; i++) {
			pid[i] = cg_fork_into(self->a, 0);
			if (!pid[i]) {
				spin(round + i);
				_exit(3);
			}
			ASSERT_GT(pid[i], 0);
		}
		spin(round * 3);
		ASSERT_TRUE(freeze(self->a));
		ASSERT_EQ(0, thaw(self->a));
		for (int i = 0; i < 4; i++)
			ASSERT_EQ(3, proc_end(pid[i]));
		ASSERT_EQ(0, cg_await_empty(self->a));
		ASSERT_EQ(0, frozen(self->a));
		/* Nothing of the dead is left in the counts. */
		ASSERT_EQ(0, cg_write(self->a, "cgroup.freeze", "1"));
		ASSERT_EQ(1, frozen(self->a));
		ASSERT_EQ(0, thaw(self->a));
	}
}

TEST_F(freezer, freezing_against_sigkill)
{
	for (int round = 0; round < ROUNDS; round++) {
		struct baton ready = baton_make();
		pid_t pid = runner_start(self->a, runner_tick, self->steps);
		pid_t killer;

		ASSERT_TRUE(runner_runs(self->steps));
		killer = proc_fork_bound(0);
		if (!killer) {
			baton_pass(&ready, 0);
			spin(round);
			must(!kill(pid, SIGKILL));
			_exit(0);
		}
		baton_take(&ready);
		ASSERT_EQ(0, cg_write(self->a, "cgroup.freeze", "1"));
		if (round % 2)
			ASSERT_EQ(0, thaw(self->a));
		ASSERT_EQ(-SIGKILL, proc_end(pid));
		ASSERT_EQ(0, proc_end(killer));
		ASSERT_EQ(0, cg_await_empty(self->a));
		ASSERT_TRUE(becomes_frozen(self->a, !(round % 2)));
		ASSERT_EQ(0, thaw(self->a));
		close(ready.fd[0]);
		close(ready.fd[1]);
	}
}

/*
 * Many rounds: the last one to be killed is to fork just then. Its child was
 * overlooked once (kernel/base-fixes/cgroup-kill-fork.patch).
 */
TEST_F_TIMEOUT(freezer, freezing_against_cgroup_kill, 120)
{
	for (int round = 0; round < 10 * ROUNDS; round++) {
		struct baton ready = baton_make();
		pid_t pid[3], killer;

		for (int i = 0; i < 3; i++) {
			pid[i] = runner_start(self->a, fork_and_reap,
					      self->steps + i);
			ASSERT_GT(pid[i], 0);
		}
		killer = proc_fork_bound(0);
		if (!killer) {
			baton_pass(&ready, 0);
			spin(round);
			must(!cg_write(self->top, "cgroup.kill", "1"));
			_exit(0);
		}
		baton_take(&ready);
		ASSERT_EQ(0, cg_write(self->a, "cgroup.freeze", "1"));
		for (int i = 0; i < 3; i++)
			ASSERT_EQ(-SIGKILL, proc_end(pid[i]));
		ASSERT_EQ(0, proc_end(killer));
		ASSERT_EQ(0, cg_await_empty(self->a));
		ASSERT_TRUE(becomes_frozen(self->a, 1));
		ASSERT_EQ(0, thaw(self->a));
		close(ready.fd[0]);
		close(ready.fd[1]);
	}
}

/* @pid is moved to and fro by one, while another freezes and thaws @a. */
TEST_F(freezer, freezing_against_moves)
{
	pid_t pid = ticker(self->a, self->steps);
	pid_t mover = proc_fork_bound(0);

	if (!mover) {
		for (;;) {
			must(!cg_enter(self->b, pid));
			must(!cg_enter(self->a, pid));
			++self->steps[1];
		}
	}
	for (int round = 0; round < ROUNDS; round++) {
		ASSERT_EQ(0, cg_write(self->a, "cgroup.freeze", "1"));
		spin(round);
		ASSERT_EQ(0, cg_write(self->a, "cgroup.freeze", "0"));
		spin(round * 3);
	}
	ASSERT_TRUE(runner_runs(self->steps + 1));
	ASSERT_EQ(-SIGKILL, proc_kill(mover));
	/* Wherever it came to lie: both cgroups do as they are told. */
	ASSERT_TRUE(runner_runs(self->steps));
	ASSERT_TRUE(freeze(self->a));
	ASSERT_TRUE(freeze(self->b));
	EXPECT_TRUE(runner_stands(self->steps));
	ASSERT_EQ(0, thaw(self->a));
	ASSERT_EQ(0, thaw(self->b));
	EXPECT_EQ(0, frozen(self->a));
	EXPECT_EQ(0, frozen(self->b));
	EXPECT_TRUE(runner_runs(self->steps));
}

TEST_F(freezer, moves_between_a_frozen_and_a_running_one)
{
	pid_t pid = runner_start(self->b, runner_spin, self->steps);

	ASSERT_TRUE(runner_runs(self->steps));
	ASSERT_TRUE(freeze(self->a));
	for (int round = 0; round < 2 * ROUNDS; round++) {
		/* It computes on the other CPU, or has hardly stopped. */
		ASSERT_EQ(0, cg_enter(self->a, pid));
		spin(round);
		ASSERT_EQ(0, cg_enter(self->b, pid));
		spin(round * 3);
	}
	ASSERT_TRUE(becomes_frozen(self->b, 0));
	ASSERT_TRUE(becomes_frozen(self->a, 1));
	EXPECT_TRUE(runner_runs(self->steps));
	ASSERT_TRUE(freeze(self->b));
	EXPECT_TRUE(runner_stands(self->steps));
}

TEST_F(freezer, freezing_against_stop_and_continue)
{
	pid_t pid = ticker(self->a, self->steps);
	pid_t job = proc_fork_bound(0);

	if (!job) {
		for (;;) {
			must(!kill(pid, SIGSTOP));
			must(!kill(pid, SIGCONT));
			++self->steps[1];
		}
	}
	for (int round = 0; round < ROUNDS; round++) {
		ASSERT_EQ(0, cg_write(self->a, "cgroup.freeze", "1"));
		spin(round);
		ASSERT_EQ(0, cg_write(self->a, "cgroup.freeze", "0"));
		spin(round * 3);
	}
	ASSERT_TRUE(runner_runs(self->steps + 1));
	ASSERT_EQ(-SIGKILL, proc_kill(job));
	ASSERT_EQ(0, kill(pid, SIGCONT));
	ASSERT_TRUE(freeze(self->a));
	EXPECT_TRUE(runner_stands(self->steps));
	ASSERT_EQ(0, thaw(self->a));
	EXPECT_EQ(0, frozen(self->a));
	EXPECT_TRUE(runner_runs(self->steps));
}

TEST_F(freezer, freezing_against_a_tracer)
{
	pid_t pid = ticker(self->a, self->steps);
	pid_t tracer = proc_fork_bound(0);

	if (!tracer) {
		for (;;) {
			must(!ptrace(PTRACE_SEIZE, pid, NULL, NULL));
			must(!ptrace(PTRACE_INTERRUPT, pid, NULL, NULL));
			must(waitpid(pid, NULL, __WALL) == pid);
			must(!ptrace(PTRACE_DETACH, pid, NULL, NULL));
			++self->steps[1];
		}
	}
	for (int round = 0; round < ROUNDS; round++) {
		ASSERT_EQ(0, cg_write(self->a, "cgroup.freeze", "1"));
		spin(round);
		ASSERT_EQ(0, cg_write(self->a, "cgroup.freeze", "0"));
		spin(round * 3);
	}
	/* Frozen or not, the tracer gets his stops. */
	ASSERT_EQ(0, cg_write(self->a, "cgroup.freeze", "1"));
	ASSERT_TRUE(runner_runs(self->steps + 1));
	ASSERT_EQ(-SIGKILL, proc_kill(tracer));
	EXPECT_TRUE(becomes_frozen(self->a, 1));
	EXPECT_TRUE(runner_stands(self->steps));
	ASSERT_EQ(0, thaw(self->a));
	EXPECT_EQ(0, frozen(self->a));
	EXPECT_TRUE(runner_runs(self->steps));
}

TEST_F(freezer, freezing_against_changes_of_the_tree)
{
	pid_t maker = proc_fork_bound(0);
	char path[700];

	if (!maker) {
		for (int i = 0;; i++) {
			snprintf(path, sizeof(path), "%s/n%d", self->a, i % 4);
			if (!cg_create(path))
				++self->steps[1];
			snprintf(path, sizeof(path), "%s/n%d", self->a,
				 (i + 1) % 4);
			cg_remove(path);
		}
	}
	ticker(self->b, self->steps);
	for (int round = 0; round < ROUNDS; round++) {
		ASSERT_EQ(0, cg_write(self->top, "cgroup.freeze", "1"));
		ASSERT_TRUE(becomes_frozen(self->b, 1));
		spin(round);
		ASSERT_EQ(0, cg_write(self->top, "cgroup.freeze", "0"));
		spin(round * 3);
	}
	ASSERT_TRUE(runner_runs(self->steps + 1));
	ASSERT_EQ(-SIGKILL, proc_kill(maker));
	/* The counts of who is frozen below came out even. */
	for (int i = 0; i < 2; i++) {
		ASSERT_TRUE(freeze(self->top));
		EXPECT_EQ(1, frozen(self->a));
		EXPECT_EQ(1, frozen(self->b));
		ASSERT_EQ(0, thaw(self->top));
		EXPECT_EQ(0, frozen(self->top));
		EXPECT_EQ(0, frozen(self->a));
	}
	EXPECT_TRUE(runner_runs(self->steps));
}

/* Parent and child are switched by two; the child is frozen if either is. */
TEST_F(freezer, a_parent_against_its_child)
{
	pid_t other = proc_fork_bound(0);

	if (!other) {
		for (int i = 0;; i++) {
			must(!cg_write_number(self->a, "cgroup.freeze", i % 2));
			++self->steps[1];
		}
	}
	ticker(self->a, self->steps);
	for (int round = 0; round < ROUNDS; round++) {
		ASSERT_EQ(0, cg_write(self->top, "cgroup.freeze", "1"));
		ASSERT_TRUE(becomes_frozen(self->top, 1));
		ASSERT_EQ(1, frozen(self->a));
		if (round % 10 == 0)
			ASSERT_TRUE(runner_stands(self->steps));
		ASSERT_EQ(0, cg_write(self->top, "cgroup.freeze", "0"));
		spin(round);
	}
	ASSERT_TRUE(runner_runs(self->steps + 1));
	ASSERT_EQ(-SIGKILL, proc_kill(other));
	ASSERT_EQ(0, thaw(self->a));
	EXPECT_TRUE(runner_runs(self->steps));
	EXPECT_EQ(0, frozen(self->a));
	EXPECT_EQ(0, frozen(self->top));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * A frozen process and its tracer, who may look at it and change it, but not
 * make it run: that is what checkpoint tools do with a frozen cgroup.
 *
 * Promises from cgroup-v2.rst, "cgroup.freeze", ptrace(2), and the description
 * of commit 76f969e8948d ("cgroup: cgroup v2 freezer"): "ptrace works with
 * frozen processes".
 */
#include <elf.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include "freezer.h"

#ifndef PTRACE_EVENT_STOP
#define PTRACE_EVENT_STOP 128
#endif

static long trace(int request, pid_t pid, void *addr, void *data)
{
	return ptrace(request, pid, addr, data) < 0 ? -errno : 0;
}

/* Waits for a stop of @pid; the stop's status >> 8, or -1. */
static int await_stop(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
		return -1;
	return status >> 8;
}

static int seize_and_interrupt(pid_t pid)
{
	if (trace(PTRACE_SEIZE, pid, NULL, NULL) ||
	    trace(PTRACE_INTERRUPT, pid, NULL, NULL))
		return -1;
	return await_stop(pid);
}

/* Whether all registers of @pid can be read. */
static bool has_registers(pid_t pid)
{
	char regs[1024];
	struct iovec iov = { .iov_base = regs, .iov_len = sizeof(regs) };
	long err = trace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &iov);

#ifdef PT_GETREGS
	/* An older UML (6.12) has no sets of registers. */
	if (err == -EIO)
		return !trace(PT_GETREGS, pid, NULL, regs);
#endif
	return !err && iov.iov_len > 0;
}

static volatile long peeked = 42;

TEST_F(freezer, a_frozen_process_is_seized_and_looked_at)
{
	pid_t pid = ticker(self->a, self->steps);

	ASSERT_TRUE(freeze(self->a));
	ASSERT_EQ(SIGTRAP | PTRACE_EVENT_STOP << 8, seize_and_interrupt(pid));
	EXPECT_TRUE(has_registers(pid));
	errno = 0;
	EXPECT_EQ(42, ptrace(PTRACE_PEEKDATA, pid, &peeked, NULL));
	EXPECT_EQ(0, errno);
	/* Looking at it is not letting it run. */
	EXPECT_TRUE(becomes_frozen(self->a, 1));
	EXPECT_TRUE(runner_stands(self->steps));
	ASSERT_EQ(0, trace(PTRACE_DETACH, pid, NULL, NULL));
	EXPECT_TRUE(runner_stands(self->steps));
	EXPECT_TRUE(becomes_frozen(self->a, 1));
	ASSERT_EQ(0, thaw(self->a));
	EXPECT_TRUE(runner_runs(self->steps));
}

/* PTRACE_ATTACH sends a SIGSTOP, and signals are for after the thaw. */
TEST_F(freezer, an_attach_stops_at_the_thaw)
{
	pid_t pid = ticker(self->a, self->steps);
	int status;

	ASSERT_TRUE(freeze(self->a));
	ASSERT_EQ(0, trace(PTRACE_ATTACH, pid, NULL, NULL));
	EXPECT_TRUE(runner_stands(self->steps));
	EXPECT_EQ(0, waitpid(pid, &status, __WALL | WNOHANG));
	EXPECT_TRUE(becomes_frozen(self->a, 1));
	/* Not stopped for its tracer, it is not his to look at. */
	EXPECT_FALSE(has_registers(pid));
	ASSERT_EQ(0, thaw(self->a));
	ASSERT_EQ(SIGSTOP, await_stop(pid));
	EXPECT_TRUE(has_registers(pid));
	ASSERT_EQ(0, trace(PTRACE_DETACH, pid, NULL, NULL));
	EXPECT_TRUE(runner_runs(self->steps));
}

TEST_F(freezer, memory_written_by_the_tracer_is_there_after_the_thaw)
{
	pid_t pid = cg_fork_into(self->a, 0);

	if (!pid) {
		while (peeked == 42)
			++self->steps[0];
		_exit(peeked);
	}
	ASSERT_TRUE(runner_runs(self->steps));
	ASSERT_TRUE(freeze(self->a));
	ASSERT_GT(seize_and_interrupt(pid), 0);
	ASSERT_EQ(0, trace(PTRACE_POKEDATA, pid, (void *)&peeked, (void *)9L));
	ASSERT_EQ(0, trace(PTRACE_DETACH, pid, NULL, NULL));
	EXPECT_TRUE(runner_stands(self->steps));
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	ASSERT_EQ(0, thaw(self->a));
	EXPECT_EQ(9, proc_end(pid));
}

TEST_F(freezer, the_tracer_cannot_make_it_run)
{
	pid_t pid = ticker(self->a, self->steps);

	ASSERT_TRUE(freeze(self->a));
	for (int i = 0; i < 3; i++) {
		if (!i)
			ASSERT_GT(seize_and_interrupt(pid), 0);
		ASSERT_EQ(0, trace(PTRACE_CONT, pid, NULL, NULL));
		EXPECT_TRUE(becomes_frozen(self->a, 1));
		EXPECT_TRUE(runner_stands(self->steps));
		ASSERT_EQ(0, trace(PTRACE_INTERRUPT, pid, NULL, NULL));
		ASSERT_EQ(SIGTRAP | PTRACE_EVENT_STOP << 8, await_stop(pid));
	}
	EXPECT_TRUE(runner_stands(self->steps));
	ASSERT_EQ(0, thaw(self->a));
	/* Thawed, it is still held by its tracer. */
	EXPECT_TRUE(runner_stands(self->steps));
	ASSERT_EQ(0, trace(PTRACE_DETACH, pid, NULL, NULL));
	EXPECT_TRUE(runner_runs(self->steps));
}

TEST_F(freezer, a_single_step_waits_for_the_thaw)
{
	pid_t pid = runner_start(self->a, runner_spin, self->steps);
	int status;

	ASSERT_TRUE(runner_runs(self->steps));
	ASSERT_TRUE(freeze(self->a));
	ASSERT_GT(seize_and_interrupt(pid), 0);
	ASSERT_EQ(0, trace(PTRACE_SINGLESTEP, pid, NULL, NULL));
	EXPECT_TRUE(runner_stands(self->steps));
	EXPECT_EQ(0, waitpid(pid, &status, __WALL | WNOHANG));
	EXPECT_TRUE(becomes_frozen(self->a, 1));
	ASSERT_EQ(0, thaw(self->a));
	ASSERT_EQ(SIGTRAP, await_stop(pid) & 0xff);
}

TEST_F(freezer, a_trapped_process_counts_as_frozen)
{
	pid_t pid = ticker(self->a, self->steps);

	ASSERT_GT(seize_and_interrupt(pid), 0);
	ASSERT_TRUE(freeze(self->a));
	EXPECT_EQ('t', task_state(pid));
	EXPECT_TRUE(has_registers(pid));
	/* Let go, it stays frozen. */
	ASSERT_EQ(0, trace(PTRACE_DETACH, pid, NULL, NULL));
	EXPECT_TRUE(becomes_frozen(self->a, 1));
	EXPECT_TRUE(runner_stands(self->steps));
	ASSERT_EQ(0, thaw(self->a));
	EXPECT_TRUE(runner_runs(self->steps));
}

TEST_F(freezer, a_trapped_process_is_moved_in)
{
	pid_t pid = ticker(self->b, self->steps);

	ASSERT_GT(seize_and_interrupt(pid), 0);
	ASSERT_TRUE(freeze(self->a));
	ASSERT_EQ(0, cg_enter(self->a, pid));
	EXPECT_TRUE(becomes_frozen(self->a, 1));
	ASSERT_EQ(0, trace(PTRACE_DETACH, pid, NULL, NULL));
	EXPECT_TRUE(runner_stands(self->steps));
	EXPECT_TRUE(becomes_frozen(self->a, 1));
	ASSERT_EQ(0, cg_enter(self->b, pid));
	EXPECT_TRUE(runner_runs(self->steps));
}

TEST_F(freezer, a_traced_and_frozen_process_is_killed)
{
	pid_t pid = ticker(self->a, self->steps);

	ASSERT_TRUE(freeze(self->a));
	ASSERT_GT(seize_and_interrupt(pid), 0);
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
	EXPECT_TRUE(becomes_frozen(self->a, 1));
}

TEST_F(freezer, with_exitkill_the_tracers_death_kills_it)
{
	struct lifeline line = lifeline_make();
	struct baton ready = baton_make();
	pid_t pid, tracer;

	pid = ticker(self->a, self->steps);
	lifeline_watch(&line);
	ASSERT_TRUE(freeze(self->a));
	tracer = proc_fork_bound(0);
	if (!tracer) {
		must(!trace(PTRACE_SEIZE, pid, NULL,
			    (void *)PTRACE_O_EXITKILL));
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	ASSERT_EQ(-SIGKILL, proc_kill(tracer));
	EXPECT_EQ(-SIGKILL, proc_end(pid));
	EXPECT_TRUE(lifeline_cut(&line, 0));
}

TEST_F(freezer, the_tracers_death_leaves_it_frozen)
{
	struct baton ready = baton_make();
	pid_t pid = ticker(self->a, self->steps), tracer;

	ASSERT_TRUE(freeze(self->a));
	tracer = proc_fork_bound(0);
	if (!tracer) {
		must(seize_and_interrupt(pid) > 0);
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	ASSERT_EQ(-SIGKILL, proc_kill(tracer));
	EXPECT_TRUE(becomes_frozen(self->a, 1));
	EXPECT_TRUE(runner_stands(self->steps));
	ASSERT_EQ(0, thaw(self->a));
	EXPECT_TRUE(runner_runs(self->steps));
}

/* A frozen tracer does not answer, and its tracee waits for it. */
TEST_F(freezer, a_frozen_tracer_leaves_its_tracee_trapped)
{
	struct baton go = baton_make();
	pid_t pid = ticker(self->b, self->steps), tracer;

	tracer = cg_fork_into(self->a, 0);
	if (!tracer) {
		must(!trace(PTRACE_SEIZE, pid, NULL, NULL));
		baton_take(&go);
		must(!trace(PTRACE_INTERRUPT, pid, NULL, NULL));
		must(await_stop(pid) > 0);
		self->steps[1] = 1;
		baton_take(&go);
		must(!trace(PTRACE_DETACH, pid, NULL, NULL));
		_exit(0);
	}
	baton_pass(&go, 0);
	ASSERT_TRUE(runner_reaches(self->steps + 1, 1));
	ASSERT_TRUE(freeze(self->a));
	baton_pass(&go, 0);
	EXPECT_TRUE(runner_stands(self->steps));
	EXPECT_EQ('t', task_state(pid));
	ASSERT_EQ(0, thaw(self->a));
	EXPECT_EQ(0, proc_end(tracer));
	EXPECT_TRUE(runner_runs(self->steps));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Registers through ptrace: what is written is what is read, and what is read
 * is what the task has.
 */
#include "kselftest_harness.h"
#include <elf.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include "proc.h"
#include "until.h"

#define DIRECTION	0x400UL

static int regs_of(pid_t pid, int request, struct user_regs_struct *regs)
{
	struct iovec iov = { .iov_base = regs, .iov_len = sizeof(*regs) };

	return ptrace(request, pid, (void *)NT_PRSTATUS, &iov);
}

FIXTURE(regs) {
	pid_t spinner;
};

/* A task that makes no system call, stopped: it came in by the timer. */
FIXTURE_SETUP(regs)
{
	volatile int *spins = mmap(NULL, sizeof(*spins), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;

	ASSERT_NE((void *)spins, MAP_FAILED);
	self->spinner = proc_fork_bound(0);
	if (!self->spinner)
		for (;;)
			*spins = 1;
	ASSERT_TRUE(EVENTUALLY(*spins));
	ASSERT_EQ(ptrace(PTRACE_SEIZE, self->spinner, NULL, NULL), 0);
	ASSERT_EQ(ptrace(PTRACE_INTERRUPT, self->spinner, NULL, NULL), 0);
	ASSERT_EQ(waitpid(self->spinner, &status, __WALL), self->spinner);
	ASSERT_TRUE(WIFSTOPPED(status));
}

FIXTURE_TEARDOWN(regs)
{
	proc_kill(self->spinner);
}

TEST_F(regs, a_task_that_is_in_no_system_call_has_no_number_of_one)
{
	struct user_regs_struct regs;

	ASSERT_EQ(regs_of(self->spinner, PTRACE_GETREGSET, &regs), 0);
	EXPECT_EQ((long)regs.orig_rax, -1);
}

TEST_F(regs, the_number_of_a_system_call_is_read_as_it_was_written)
{
	struct user_regs_struct regs;

	ASSERT_EQ(regs_of(self->spinner, PTRACE_GETREGSET, &regs), 0);
	regs.orig_rax = 39;
	ASSERT_EQ(regs_of(self->spinner, PTRACE_SETREGSET, &regs), 0);
	regs.orig_rax = 0;
	ASSERT_EQ(regs_of(self->spinner, PTRACE_GETREGSET, &regs), 0);
	EXPECT_EQ((long)regs.orig_rax, 39);
}

TEST_F(regs, a_flag_is_set_and_cleared)
{
	struct user_regs_struct regs;

	ASSERT_EQ(regs_of(self->spinner, PTRACE_GETREGSET, &regs), 0);
	regs.eflags |= DIRECTION;
	ASSERT_EQ(regs_of(self->spinner, PTRACE_SETREGSET, &regs), 0);
	ASSERT_EQ(regs_of(self->spinner, PTRACE_GETREGSET, &regs), 0);
	EXPECT_EQ(regs.eflags & DIRECTION, DIRECTION);
	regs.eflags &= ~DIRECTION;
	ASSERT_EQ(regs_of(self->spinner, PTRACE_SETREGSET, &regs), 0);
	ASSERT_EQ(regs_of(self->spinner, PTRACE_GETREGSET, &regs), 0);
	EXPECT_EQ(regs.eflags & DIRECTION, 0);
}

TEST_HARNESS_MAIN

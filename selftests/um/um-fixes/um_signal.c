// SPDX-License-Identifier: GPL-2.0
/*
 * The alternate signal stack over a signal's delivery and return.
 *
 * Promises from sigaltstack(2) and sigreturn(2);
 * kernel/um-fixes/um-sigreturn-altstack.patch makes UML keep them.
 */
#include "kselftest_harness.h"
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <ucontext.h>
#include "proc.h"

#ifndef SS_AUTODISARM
#define SS_AUTODISARM	(1U << 31)
#endif

#define STACK_SIZE	65536

static char stack_memory[2][STACK_SIZE] __attribute__((aligned(16)));
static volatile sig_atomic_t handled, on_stack[2];
static stack_t seen_inside;
static bool replace_inside;

static bool is_on(int which, const void *p)
{
	return (const char *)p >= stack_memory[which] &&
	       (const char *)p < stack_memory[which] + STACK_SIZE;
}

static void handler(int sig, siginfo_t *si, void *uc)
{
	stack_t other = { .ss_sp = stack_memory[1], .ss_size = STACK_SIZE };
	int here = 0;

	handled++;
	on_stack[0] += is_on(0, &here);
	on_stack[1] += is_on(1, &here);
	sigaltstack(replace_inside ? &other : NULL, &seen_inside);
}

static void arm(struct __test_metadata *_metadata, int flags)
{
	stack_t ss = { .ss_sp = stack_memory[0], .ss_size = STACK_SIZE, .ss_flags = flags };
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	handled = on_stack[0] = on_stack[1] = 0;
	replace_inside = false;
	ASSERT_EQ(0, sigaction(SIGUSR1, &sa, NULL));
	ASSERT_EQ(0, sigaltstack(&ss, NULL));
}

TEST(a_signal_runs_on_the_alternate_stack)
{
	stack_t now;

	arm(_metadata, 0);
	ASSERT_EQ(0, raise(SIGUSR1));
	EXPECT_EQ(1, handled);
	EXPECT_EQ(1, on_stack[0]);
	EXPECT_EQ(SS_ONSTACK, seen_inside.ss_flags);
	ASSERT_EQ(0, sigaltstack(NULL, &now));
	EXPECT_EQ(0, now.ss_flags);
}

TEST(autodisarm_is_off_inside_and_on_again_after)
{
	stack_t now;

	arm(_metadata, SS_AUTODISARM);
	ASSERT_EQ(0, raise(SIGUSR1));
	EXPECT_EQ(SS_DISABLE, seen_inside.ss_flags);
	ASSERT_EQ(0, sigaltstack(NULL, &now));
	EXPECT_EQ((int)SS_AUTODISARM, now.ss_flags);
	EXPECT_EQ((void *)stack_memory[0], now.ss_sp);
	EXPECT_EQ(STACK_SIZE, now.ss_size);
}

TEST(every_signal_finds_the_stack_again)
{
	arm(_metadata, SS_AUTODISARM);
	for (int i = 0; i < 5; i++)
		ASSERT_EQ(0, raise(SIGUSR1));
	EXPECT_EQ(5, handled);
	EXPECT_EQ(5, on_stack[0]);
}

TEST(what_a_handler_sets_is_gone_when_it_returns)
{
	stack_t now;

	arm(_metadata, SS_AUTODISARM);
	replace_inside = true;
	ASSERT_EQ(0, raise(SIGUSR1));
	ASSERT_EQ(0, sigaltstack(NULL, &now));
	EXPECT_EQ((void *)stack_memory[0], now.ss_sp);
}

static ucontext_t *edited;

static void edit(int sig, siginfo_t *si, void *uc)
{
	edited = uc;
	edited->uc_stack.ss_sp = stack_memory[1];
	edited->uc_stack.ss_flags = 0;
}

TEST(a_handler_may_choose_the_stack_in_its_frame)
{
	struct sigaction sa = { .sa_sigaction = edit, .sa_flags = SA_SIGINFO };
	stack_t now;

	arm(_metadata, 0);
	ASSERT_EQ(0, sigaction(SIGUSR1, &sa, NULL));
	ASSERT_EQ(0, raise(SIGUSR1));
	ASSERT_EQ(0, sigaltstack(NULL, &now));
	EXPECT_EQ((void *)stack_memory[1], now.ss_sp);
}

/* What the alternate stack is for: a stack overflow is survived, each time. */
static int overflow(int depth)
{
	volatile char page[4096];

	page[0] = depth;
	return depth < 0 ? 0 : overflow(depth + 1) + page[0];
}

static void leave(int sig)
{
	if (++handled == 2)
		_exit(7);
	/* The return faults again, and needs the stack again. */
}

TEST(a_stack_overflow_is_caught_twice)
{
	struct sigaction sa = { .sa_handler = leave, .sa_flags = SA_ONSTACK };
	pid_t pid;

	arm(_metadata, SS_AUTODISARM);
	pid = fork();
	if (!pid) {
		must(!sigaction(SIGSEGV, &sa, NULL));
		_exit(overflow(0));
	}
	ASSERT_GT(pid, 0);
	EXPECT_EQ(7, proc_end(pid));
}

TEST_HARNESS_MAIN

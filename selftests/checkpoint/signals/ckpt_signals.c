// SPDX-License-Identifier: GPL-2.0
/* Registers, signals and system calls go on where they were. */
#include <fenv.h>
#include <math.h>
#include "kselftest_harness.h"
#include "ckpt.h"

static volatile int caught[65], last_value;
static volatile unsigned long stack_at;

static void handler(int sig, siginfo_t *si, void *context)
{
	int here;

	caught[sig]++;
	last_value = si->si_value.sival_int;
	stack_at = (unsigned long)&here;
}

static void catch_signal(int sig, int flags)
{
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags };

	sigaddset(&sa.sa_mask, SIGWINCH);
	must(!sigaction(sig, &sa, NULL));
}

static void mask_signal(int how, int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	must(!sigprocmask(how, &set, NULL));
}

JOB(handlers)
{
	struct sigaction sa;

	catch_signal(SIGUSR1, SA_RESTART);
	must(signal(SIGUSR2, SIG_IGN) != SIG_ERR);
	job_pause();
	job_check(!sigaction(SIGUSR1, NULL, &sa) && sa.sa_sigaction == handler);
	job_check((sa.sa_flags & (SA_SIGINFO | SA_RESTART)) == (SA_SIGINFO | SA_RESTART));
	job_check(sigismember(&sa.sa_mask, SIGWINCH) && !sigismember(&sa.sa_mask, SIGINT));
	job_check(!sigaction(SIGUSR2, NULL, &sa) && sa.sa_handler == SIG_IGN);
	job_check(!sigaction(SIGINT, NULL, &sa) && sa.sa_handler == SIG_DFL);
	raise(SIGUSR1);
	raise(SIGUSR2);
	job_check(caught[SIGUSR1] == 1);
}

JOB(pending)
{
	sigset_t set;
	int i;

	catch_signal(SIGUSR1, 0);
	catch_signal(SIGRTMIN, 0);
	mask_signal(SIG_BLOCK, SIGUSR1);
	mask_signal(SIG_BLOCK, SIGRTMIN);
	raise(SIGUSR1);
	for (i = 0; i < 3; i++)
		must(!sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 40 + i }));
	job_pause();
	job_check(!caught[SIGUSR1] && !caught[SIGRTMIN]);
	job_check(!sigpending(&set) && sigismember(&set, SIGUSR1) && sigismember(&set, SIGRTMIN));
	job_check(!sigprocmask(SIG_BLOCK, NULL, &set));
	job_check(sigismember(&set, SIGUSR1) && sigismember(&set, SIGRTMIN));
	mask_signal(SIG_UNBLOCK, SIGRTMIN);
	/* three of them; the one queued first is delivered first */
	job_check(caught[SIGRTMIN] == 3);
	job_check(last_value >= 40 && last_value <= 42);
	mask_signal(SIG_UNBLOCK, SIGUSR1);
	job_check(caught[SIGUSR1] == 1);
}

static char other_stack[65536];

JOB(altstack)
{
	stack_t st = { .ss_sp = other_stack, .ss_size = sizeof(other_stack) }, got;

	must(!sigaltstack(&st, NULL));
	catch_signal(SIGUSR1, SA_ONSTACK);
	job_pause();
	job_check(!sigaltstack(NULL, &got) && got.ss_sp == other_stack);
	job_check(got.ss_size == sizeof(other_stack) && !got.ss_flags);
	raise(SIGUSR1);
	job_check(stack_at - (unsigned long)other_stack < sizeof(other_stack));
}

static double series(void)
{
	volatile double sum = 0;
	int i;

	for (i = 1; i < 200000; i++)
		sum += 1.0 / i;
	return sum;
}

/* Never in a system call while it computes: all of its state is in registers. */
JOB(floating)
{
	volatile double third = 1.0 / 3, before = series();
	long round = 0;

	must(!fesetround(FE_UPWARD));
	job_touch(CKPT_DIR "/ready");
	do {
		job_check(third * 3 >= 1.0);
		job_check(fegetround() == FE_UPWARD);
		fesetround(FE_TONEAREST);
		job_check(series() == before);
		fesetround(FE_UPWARD);
		round++;
	} while (access(CKPT_DIR "/go", F_OK));
	job_check(round > 0);
}

JOB(spin)
{
	register unsigned long a = 1, b = 2, c = 3, d = 4, i;
	unsigned long n;

	job_touch(CKPT_DIR "/ready");
	do {
		a = 1, b = 2, c = 3, d = 4;
		for (i = 0; i < 50000000; i++) {
			a += b;
			b ^= c + i;
			c += d;
			d = d << 1 | d >> 63;
		}
		/* what the same steps give from the beginning */
		n = a ^ b ^ c ^ d;
		a = 1, b = 2, c = 3, d = 4;
		for (i = 0; i < 50000000; i++) {
			a += b;
			b ^= c + i;
			c += d;
			d = d << 1 | d >> 63;
		}
		job_check(n == (a ^ b ^ c ^ d));
	} while (access(CKPT_DIR "/go", F_OK));
}

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

JOB(sleeping)
{
	struct timespec ts = { .tv_sec = 1 };
	long long began = now_ms();

	job_touch(CKPT_DIR "/ready");
	/* goes on sleeping, without EINTR, for what was left */
	job_check(!nanosleep(&ts, NULL));
	job_check(now_ms() - began >= 1000);
	while (access(CKPT_DIR "/go", F_OK))
		ckpt_nap();
}

JOB(polling)
{
	job_touch(CKPT_DIR "/ready");
	job_check(poll(NULL, 0, 1000) == 0);
	while (access(CKPT_DIR "/go", F_OK))
		ckpt_nap();
}

JOB(waiting)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		while (access(CKPT_DIR "/go", F_OK))
			ckpt_nap();
		_exit(9);
	}
	job_touch(CKPT_DIR "/ready");
	job_check(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 9);
}

JOB(suspended)
{
	sigset_t set;
	pid_t self = getpid();

	catch_signal(SIGUSR1, 0);
	mask_signal(SIG_BLOCK, SIGUSR1);
	if (!fork()) {
		while (access(CKPT_DIR "/go", F_OK))
			ckpt_nap();
		kill(self, SIGUSR1);
		_exit(0);
	}
	sigemptyset(&set);
	job_touch(CKPT_DIR "/ready");
	job_check(sigsuspend(&set) == -1 && errno == EINTR);
	job_check(caught[SIGUSR1] == 1);
	/* and the mask from before is back */
	job_check(!sigprocmask(SIG_BLOCK, NULL, &set) && sigismember(&set, SIGUSR1));
}

FIXTURE(signals) {
};

FIXTURE_SETUP(signals)
{
	ckpt_setup();
}

FIXTURE_TEARDOWN(signals)
{
	ckpt_teardown();
}

TEST_F(signals, handlers_come_back)
{
	ASSERT_STREQ(ckpt_round_trip("handlers"), "ok");
}

TEST_F(signals, waiting_signals_come_back_with_their_values)
{
	ASSERT_STREQ(ckpt_round_trip("pending"), "ok");
}

TEST_F(signals, the_alternate_stack_comes_back)
{
	ASSERT_STREQ(ckpt_round_trip("altstack"), "ok");
}

TEST_F(signals, floating_point_state_comes_back)
{
	ASSERT_STREQ(ckpt_round_trip("floating"), "ok");
}

TEST_F(signals, a_computation_in_registers_goes_on)
{
	ASSERT_STREQ(ckpt_round_trip("spin"), "ok");
}

TEST_F(signals, a_sleep_goes_on_for_what_was_left)
{
	ASSERT_STREQ(ckpt_round_trip("sleeping"), "ok");
}

TEST_F(signals, a_poll_goes_on_for_what_was_left)
{
	ASSERT_STREQ(ckpt_round_trip("polling"), "ok");
}

TEST_F(signals, a_wait_for_a_child_goes_on)
{
	ASSERT_STREQ(ckpt_round_trip("waiting"), "ok");
}

TEST_F(signals, a_sigsuspend_goes_on_with_its_mask)
{
	ASSERT_STREQ(ckpt_round_trip("suspended"), "ok");
}

TEST_HARNESS_MAIN

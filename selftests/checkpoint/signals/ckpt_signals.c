// SPDX-License-Identifier: GPL-2.0
/* Registers, signals and system calls go on where they were. */
#include <fenv.h>
#include <math.h>
#include <sys/time.h>
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
	job_await_go();
}

JOB(polling)
{
	job_touch(CKPT_DIR "/ready");
	job_check(poll(NULL, 0, 1000) == 0);
	job_await_go();
}

JOB(waiting)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		job_await_go();
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
		job_await_go();
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

static volatile int alarms, ticks, rang;

static void on_alarm(int sig)
{
	alarms++;
}

static void on_tick(int sig, siginfo_t *si, void *context)
{
	ticks++;
	rang = si->si_value.sival_int;
}

static void burn(long ms)
{
	struct timespec t;
	long long from, now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	from = t.tv_sec * 1000LL + t.tv_nsec / 1000000;
	do {
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
		now = t.tv_sec * 1000LL + t.tv_nsec / 1000000;
	} while (now - from < ms);
}

static struct itimerval itimer_of(long value_s, long interval_s)
{
	return (struct itimerval){ .it_value.tv_sec = value_s, .it_interval.tv_sec = interval_s };
}

/* What is left of the time is kept, and nothing rings that was not to. */
JOB(itimers)
{
	struct itimerval real = itimer_of(1000, 7), prof = itimer_of(2000, 0), got;

	must(!setitimer(ITIMER_REAL, &real, NULL));
	must(!setitimer(ITIMER_PROF, &prof, NULL));
	job_pause();
	job_check(!getitimer(ITIMER_REAL, &got));
	job_check(got.it_value.tv_sec >= 900 && got.it_value.tv_sec <= 1000);
	job_check(got.it_interval.tv_sec == 7 && !got.it_interval.tv_usec);
	job_check(!getitimer(ITIMER_PROF, &got));
	job_check(got.it_value.tv_sec >= 1900 && got.it_value.tv_sec <= 2000);
	job_check(!got.it_interval.tv_sec);
	job_check(!getitimer(ITIMER_VIRTUAL, &got) && !got.it_value.tv_sec && !got.it_value.tv_usec);
	/* and it still rings */
	must(signal(SIGPROF, on_alarm) != SIG_ERR);
	prof = (struct itimerval){ .it_value.tv_usec = 1000 };
	must(!setitimer(ITIMER_PROF, &prof, NULL));
	burn(100);
	job_check(alarms == 1);
}

/* An alarm that is due soon comes, whoever the checkpoint interrupts. */
JOB(alarm)
{
	struct itimerval tick = { .it_value.tv_usec = 20000, .it_interval.tv_usec = 20000 };
	int seen;

	must(signal(SIGALRM, on_alarm) != SIG_ERR);
	must(!setitimer(ITIMER_REAL, &tick, NULL));
	while (!alarms)
		pause();
	job_pause();
	seen = alarms;
	while (alarms < seen + 3)
		pause();
}

/*
 * One that has rung while its signal was blocked rings once for that, however
 * often it was due, and rings on at multiples of its interval: the first of them
 * may come right after.
 */
JOB(alarm_blocked)
{
	struct itimerval tick = { .it_value.tv_usec = 1000, .it_interval.tv_usec = 20000 };
	long long began;
	sigset_t set;
	int rung;

	must(signal(SIGALRM, on_alarm) != SIG_ERR);
	mask_signal(SIG_BLOCK, SIGALRM);
	must(!setitimer(ITIMER_REAL, &tick, NULL));
	do {
		must(!sigpending(&set));
	} while (!sigismember(&set, SIGALRM));
	job_pause();
	job_check(!alarms && !sigpending(&set) && sigismember(&set, SIGALRM));
	began = now_ms();
	mask_signal(SIG_UNBLOCK, SIGALRM);
	rung = alarms;
	job_check(rung >= 1 && rung <= 2 + (now_ms() - began) / 20);
	while (alarms < 3)
		pause();
}

static timer_t make_timer(clockid_t clock, int notify, int signo, int value)
{
	struct sigevent ev = { .sigev_notify = notify, .sigev_signo = signo };
	timer_t id;

	ev.sigev_value.sival_int = value;
	if (notify == SIGEV_THREAD_ID)
		ev._sigev_un._tid = gettid();
	must(!timer_create(clock, &ev, &id));
	return id;
}

static void set_timer(timer_t id, long s, long ns, long interval_s, long interval_ns)
{
	struct itimerspec spec = {
		.it_value = { s, ns }, .it_interval = { interval_s, interval_ns },
	};

	must(!timer_settime(id, 0, &spec, NULL));
}

JOB(posix_timers)
{
	timer_t armed[4], idle, quiet, fresh;
	struct itimerspec got;
	struct sigaction sa = { .sa_sigaction = on_tick, .sa_flags = SA_SIGINFO };
	size_t i;

	must(!sigaction(SIGUSR1, &sa, NULL));
	armed[0] = make_timer(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 11);
	/* ids with a gap */
	fresh = make_timer(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 0);
	armed[1] = make_timer(CLOCK_REALTIME, SIGEV_SIGNAL, SIGUSR1, 12);
	armed[2] = make_timer(CLOCK_BOOTTIME, SIGEV_THREAD_ID, SIGUSR1, 13);
	armed[3] = make_timer(CLOCK_PROCESS_CPUTIME_ID, SIGEV_SIGNAL, SIGUSR1, 14);
	idle = make_timer(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 15);
	quiet = make_timer(CLOCK_MONOTONIC, SIGEV_NONE, 0, 16);
	must(!timer_delete(fresh));
	for (i = 0; i < 4; i++)
		set_timer(armed[i], 1000 + i, 0, i, 500);
	set_timer(quiet, 2000, 0, 0, 0);
	job_pause();
	for (i = 0; i < 4; i++) {
		job_check(!timer_gettime(armed[i], &got));
		job_check(got.it_value.tv_sec >= 900 + (long)i && got.it_value.tv_sec <= 1000 + (long)i);
		job_check(got.it_interval.tv_sec == (long)i && got.it_interval.tv_nsec == 500);
	}
	job_check(!timer_gettime(idle, &got) && !got.it_value.tv_sec && !got.it_value.tv_nsec);
	job_check(!timer_gettime(quiet, &got) && got.it_value.tv_sec > 1900);
	job_check(!ticks);
	/* each sends what it was made to send */
	for (i = 0; i < 4; i++) {
		ticks = 0;
		set_timer(armed[i], 0, 1, 0, 0);
		burn(30);
		job_check(ticks == 1 && rang == 11 + (int)i);
	}
	fresh = make_timer(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 17);
	for (i = 0; i < 4; i++)
		job_check(fresh != armed[i] && fresh != idle && fresh != quiet);
}

/* A timer whose signal waits: it comes once, and says how often it was too late. */
JOB(timer_pending)
{
	timer_t late = make_timer(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN, 21);
	timer_t once = make_timer(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN + 1, 22);
	struct timespec pause = { 0, 60000000 }, none = { 0, 0 };
	struct itimerspec got;
	siginfo_t si;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigaddset(&set, SIGRTMIN + 1);
	must(!sigprocmask(SIG_BLOCK, &set, NULL));
	set_timer(late, 0, 1000000, 0, 10000000);
	set_timer(once, 0, 1000000, 0, 0);
	nanosleep(&pause, NULL);
	job_pause();
	job_check(sigtimedwait(&set, &si, &none) == SIGRTMIN);
	job_check(si.si_code == SI_TIMER && si.si_value.sival_int == 21);
	job_check(si.si_overrun >= 5 && timer_getoverrun(late) == si.si_overrun);
	/* the one that repeats has its beat again, the other has had its day */
	set_timer(late, 1000, 0, 0, 0);
	job_check(sigtimedwait(&set, &si, &none) == SIGRTMIN + 1);
	job_check(si.si_code == SI_TIMER && si.si_value.sival_int == 22);
	job_check(!timer_gettime(once, &got) && !got.it_value.tv_sec && !got.it_value.tv_nsec);
	job_check(sigtimedwait(&set, &si, &none) == -1 && errno == EAGAIN);
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

TEST_F(signals, interval_timers_keep_what_is_left_of_them)
{
	ASSERT_STREQ(ckpt_round_trip("itimers"), "ok");
}

TEST_F(signals, an_alarm_that_repeats_rings_on)
{
	ASSERT_STREQ(ckpt_round_trip("alarm"), "ok");
}

TEST_F(signals, an_alarm_that_waits_rings_and_then_rings_on)
{
	ASSERT_STREQ(ckpt_round_trip("alarm_blocked"), "ok");
}

TEST_F(signals, posix_timers_keep_ids_clocks_signals_and_time)
{
	ASSERT_STREQ(ckpt_round_trip("posix_timers"), "ok");
}

TEST_F(signals, a_posix_timer_whose_signal_waits_counts_what_it_missed)
{
	ASSERT_STREQ(ckpt_round_trip("timer_pending"), "ok");
}

TEST_F(signals, the_original_has_its_timers_still)
{
	static const char * const names[] = { "itimers", "alarm_blocked", "posix_timers",
					      "timer_pending" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		ckpt_setup();
		ASSERT_STREQ(ckpt_unharmed(names[i]), "ok") TH_LOG("%s", names[i]);
	}
}

TEST_HARNESS_MAIN

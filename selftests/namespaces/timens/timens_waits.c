// SPDX-License-Identifier: GPL-2.0
/*
 * Everything that waits until a point in time takes that point as the clocks of
 * the caller's time namespace have it; what waits for a while is as it was.
 *
 * Promises from time_namespaces(7), timerfd_create(2), timer_create(2), timer_settime(2),
 * clock_nanosleep(2), capabilities(7), futex(2), futex_waitv(2).
 */
#include "timens_fixture.h"
#include <linux/futex.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/timerfd.h>

/*
 * How long is waited for. No upper bound is set to what that takes in the end:
 * what forgets an offset waits for days, and is ended as a hang.
 */
#define A_WHILE		(20 * MSEC)

static const clockid_t clocks[] = { CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_BOOTTIME_ALARM };

/* The last of them is there only where a clock could wake the machine. */
static int nclocks(void)
{
	struct timespec ts;

	return clock_gettime(CLOCK_BOOTTIME_ALARM, &ts) ? 2 : 3;
}

static int timerfd(clockid_t clock, int flags, long at)
{
	struct itimerspec t = { .it_value = timespec_of(at) };
	int fd = timerfd_create(clock, TFD_CLOEXEC | TFD_NONBLOCK);

	must(fd >= 0);
	must(!timerfd_settime(fd, flags, &t, NULL));
	return fd;
}

static bool fires(int fd, int ms)
{
	uint64_t n;

	if (!(proc_poll(fd, POLLIN, ms) & POLLIN))
		return false;
	must(read(fd, &n, sizeof(n)) == sizeof(n));
	return n == 1;
}

/* What is left of a timer that is set to @at, now that it is between the two. */
static bool left_is_right(struct itimerspec t, long at, long before, long after)
{
	long left = ns_of(t.it_value);

	return at - after <= left && left <= at - before;
}

TEST_F(timens, an_absolute_timerfd)
{
	for (int i = 0; i < nclocks(); i++)
		IN_TIMENS({
			long at = now(clocks[i]) + A_WHILE;
			int fd = timerfd(clocks[i], TFD_TIMER_ABSTIME, at);

			must(fires(fd, PROC_HANG_MS));
			must(now(clocks[i]) >= at);
		});
}

TEST_F(timens, an_absolute_timerfd_tells_what_is_left)
{
	for (int i = 0; i < nclocks(); i++)
		IN_TIMENS({
			long at = now(clocks[i]) + 1000 * SEC;
			int fd = timerfd(clocks[i], TFD_TIMER_ABSTIME, at);
			long before = now(clocks[i]);
			struct itimerspec t;

			must(!timerfd_gettime(fd, &t));
			must(left_is_right(t, at, before, now(clocks[i])));
			must(!fires(fd, 0));
		});
}

TEST_F(timens, a_relative_timerfd)
{
	for (int i = 0; i < nclocks(); i++)
		IN_TIMENS({
			long before = now(clocks[i]);
			int fd = timerfd(clocks[i], 0, A_WHILE);

			must(fires(fd, PROC_HANG_MS));
			must(now(clocks[i]) >= before + A_WHILE);
		});
}

TEST_F(timens, a_timerfd_of_the_time_of_day)
{
	IN_TIMENS({
		long at = now(CLOCK_REALTIME) + A_WHILE;

		must(fires(timerfd(CLOCK_REALTIME, TFD_TIMER_ABSTIME, at),
			   PROC_HANG_MS));
		must(now(CLOCK_REALTIME) >= at);
		at = now(CLOCK_REALTIME) + 1000 * SEC;
		must(!fires(timerfd(CLOCK_REALTIME, TFD_TIMER_ABSTIME, at), 0));
	});
}

TEST_F(timens, what_was_before_the_namespace_began_is_over)
{
	for (int i = 0; i < nclocks(); i++)
		IN_TIMENS({
			/* Its clocks have never had 1 ns: neither has the host's. */
			must(fires(timerfd(clocks[i], TFD_TIMER_ABSTIME, 1),
				   PROC_HANG_MS));
			must(fires(timerfd(clocks[i], TFD_TIMER_ABSTIME,
					   now(clocks[i]) - MSEC), PROC_HANG_MS));
		});
}

TEST_F(timens, the_end_of_time_is_not_now)
{
	for (int i = 0; i < nclocks(); i++)
		IN_TIMENS({
			must(!fires(timerfd(clocks[i], TFD_TIMER_ABSTIME,
					    INT64_MAX), 0));
			must(!fires(timerfd(clocks[i], TFD_TIMER_ABSTIME,
					    INT64_MAX - SEC), 0));
		});
}

/* Armed outside, it is outside's point in time; what is left is the same. */
TEST_F(timens, a_timerfd_that_came_along)
{
	for (int i = 0; i < nclocks(); i++) {
		long at = now(clocks[i]) + A_WHILE;
		int fd = timerfd(clocks[i], TFD_TIMER_ABSTIME, at);
		int later = timerfd(clocks[i], TFD_TIMER_ABSTIME, at + 1000 * SEC);

		IN_TIMENS({
			struct itimerspec t;

			must(fires(fd, PROC_HANG_MS));
			must(!timerfd_gettime(later, &t));
			must(ns_of(t.it_value) <= 1000 * SEC);
			must(ns_of(t.it_value) > 900 * SEC);
		});
		EXPECT_GE(now(clocks[i]), at);
		close(fd);
		close(later);
	}
}

/* And armed inside, inside's, whoever made it and whoever looks. */
TEST_F(timens, a_timerfd_that_was_armed_inside)
{
	for (int i = 0; i < nclocks(); i++) {
		long before = now(clocks[i]);
		int fd = timerfd(clocks[i], 0, 0);
		struct itimerspec t;

		IN_TIMENS({
			t.it_interval = timespec_of(0);
			t.it_value = timespec_of(now(clocks[i]) + A_WHILE);
			must(!timerfd_settime(fd, TFD_TIMER_ABSTIME, &t, NULL));
		});
		EXPECT_TRUE(fires(fd, PROC_HANG_MS));
		EXPECT_GE(now(clocks[i]), before + A_WHILE);
		close(fd);
	}
}

TEST_F(timens, an_absolute_posix_timer)
{
	for (int i = 0; i < nclocks(); i++)
		IN_TIMENS({
			struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL,
					       .sigev_signo = SIGUSR1 };
			long at = now(clocks[i]) + A_WHILE;
			struct itimerspec t = { .it_value = timespec_of(at) };
			struct timespec hang = { .tv_sec = PROC_HANG_MS / 1000 };
			siginfo_t si;
			sigset_t set;
			timer_t timer;

			sigemptyset(&set);
			sigaddset(&set, SIGUSR1);
			must(!sigprocmask(SIG_BLOCK, &set, NULL));
			must(!timer_create(clocks[i], &ev, &timer));
			must(!timer_settime(timer, TIMER_ABSTIME, &t, NULL));
			must(sigtimedwait(&set, &si, &hang) == SIGUSR1);
			must(si.si_code == SI_TIMER);
			must(now(clocks[i]) >= at);
		});
}

TEST_F(timens, an_absolute_posix_timer_tells_what_is_left)
{
	for (int i = 0; i < nclocks(); i++)
		IN_TIMENS({
			struct sigevent ev = { .sigev_notify = SIGEV_NONE };
			long at = now(clocks[i]) + 1000 * SEC;
			struct itimerspec t = { .it_value = timespec_of(at) };
			timer_t timer;
			long before;

			must(!timer_create(clocks[i], &ev, &timer));
			must(!timer_settime(timer, TIMER_ABSTIME, &t, NULL));
			before = now(clocks[i]);
			must(!timer_gettime(timer, &t));
			must(left_is_right(t, at, before, now(clocks[i])));
			/* The old value that a new setting returns, as well. */
			before = now(clocks[i]);
			must(!timer_settime(timer, 0, &(struct itimerspec) {}, &t));
			must(left_is_right(t, at, before, now(clocks[i])));
		});
}

TEST_F(timens, an_absolute_clock_nanosleep)
{
	for (int i = 0; i < nclocks(); i++)
		IN_TIMENS({
			long at = now(clocks[i]) + A_WHILE;
			struct timespec ts = timespec_of(at);

			must(!clock_nanosleep(clocks[i], TIMER_ABSTIME, &ts, NULL));
			must(now(clocks[i]) >= at);
			ts = timespec_of(at);
			/* That was: it returns at once. */
			must(!clock_nanosleep(clocks[i], TIMER_ABSTIME, &ts, NULL));
		});
}

/* Sleeps that are told how long: their length is the same by every clock. */
TEST_F(timens, relative_sleeps)
{
	struct timespec ts = timespec_of(A_WHILE);
	int n = nclocks();

	IN_TIMENS({
		long before = now(CLOCK_MONOTONIC);
		struct timeval tv = { .tv_usec = A_WHILE / 1000 };
		int fd = epoll_create1(0);
		struct epoll_event ev;

		for (int i = 0; i < n; i++)
			must(!clock_nanosleep(clocks[i], 0, &ts, NULL));
		must(!nanosleep(&ts, NULL));
		must(!poll(NULL, 0, A_WHILE / MSEC));
		must(!ppoll(NULL, 0, &ts, NULL));
		must(!select(0, NULL, NULL, NULL, &tv));
		must(!epoll_wait(fd, &ev, 1, A_WHILE / MSEC));
		must(now(CLOCK_MONOTONIC) >= before + (5 + n) * A_WHILE);
	});
}

/* Who may wake the machine is no matter of the namespace: CAP_WAKE_ALARM of the first user namespace. */
TEST_F(timens, alarms_are_not_for_the_root_of_a_user_namespace)
{
	if (nclocks() < 3)
		SKIP(return, "no CLOCK_BOOTTIME_ALARM (no RTC)");
	IN_TIMENS({
		struct timespec ts = timespec_of(A_WHILE);
		struct sigevent ev = { .sigev_notify = SIGEV_NONE };
		timer_t timer;

		must(!ns_become_user_root());
		must(now(CLOCK_BOOTTIME_ALARM) > 0);
		must(clock_nanosleep(CLOCK_BOOTTIME_ALARM, 0, &ts, NULL) == EPERM);
		must(timerfd_create(CLOCK_BOOTTIME_ALARM, 0) == -1);
		must(errno == EPERM);
		must(timer_create(CLOCK_BOOTTIME_ALARM, &ev, &timer) == -1);
		must(errno == EPERM);
	});
}

static long futex(uint32_t *word, int op, uint32_t val, struct timespec *ts)
{
	return syscall(SYS_futex, word, op, val, ts, NULL, FUTEX_BITSET_MATCH_ANY);
}

TEST_F(timens, a_futex_wait_until_monotonic)
{
	IN_TIMENS({
		long at = now(CLOCK_MONOTONIC) + A_WHILE;
		struct timespec ts = timespec_of(at);
		uint32_t word = 0;

		must(futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 0, &ts) == -1);
		must(errno == ETIMEDOUT);
		must(now(CLOCK_MONOTONIC) >= at);
	});
}

TEST_F(timens, a_futex_wait_until_a_time_of_day)
{
	IN_TIMENS({
		long at = now(CLOCK_REALTIME) + A_WHILE;
		struct timespec ts = timespec_of(at);
		uint32_t word = 0;

		must(futex(&word, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME,
			   0, &ts) == -1);
		must(errno == ETIMEDOUT);
		must(now(CLOCK_REALTIME) >= at);
	});
}

TEST_F(timens, a_futex_wait_for_a_while)
{
	IN_TIMENS({
		long before = now(CLOCK_MONOTONIC);
		struct timespec ts = timespec_of(A_WHILE);
		uint32_t word = 0;

		must(futex(&word, FUTEX_WAIT_PRIVATE, 0, &ts) == -1);
		must(errno == ETIMEDOUT);
		must(now(CLOCK_MONOTONIC) >= before + A_WHILE);
	});
}

/* A PI futex that another process holds. */
TEST_F(timens, a_futex_lock_until_monotonic)
{
	uint32_t *word = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct timespec ts = { .tv_sec = 1 };

	ASSERT_NE(MAP_FAILED, word);
	if (futex(word, FUTEX_LOCK_PI2, 0, &ts) && errno == ENOSYS)
		SKIP(return, "no FUTEX_LOCK_PI2 (CONFIG_FUTEX_PI)");
	*word = getpid();
	IN_TIMENS({
		long at = now(CLOCK_MONOTONIC) + A_WHILE;

		ts = timespec_of(at);
		must(futex(word, FUTEX_LOCK_PI2, 0, &ts) == -1);
		must(errno == ETIMEDOUT);
		must(now(CLOCK_MONOTONIC) >= at);
	});
}

TEST_F(timens, a_futex_waitv_until_monotonic)
{
	IN_TIMENS({
		long at = now(CLOCK_MONOTONIC) + A_WHILE;
		struct timespec ts = timespec_of(at);
		uint32_t word = 0;
		struct futex_waitv w = {
			.uaddr = (uintptr_t)&word,
			.flags = FUTEX_32 | FUTEX_PRIVATE_FLAG,
		};

		must(syscall(SYS_futex_waitv, &w, 1, 0, &ts,
			     CLOCK_MONOTONIC) == -1);
		if (errno == ENOSYS)
			_exit(0);
		must(errno == ETIMEDOUT);
		must(now(CLOCK_MONOTONIC) >= at);
	});
}

TEST_HARNESS_MAIN

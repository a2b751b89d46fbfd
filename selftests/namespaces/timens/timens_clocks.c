// SPDX-License-Identifier: GPL-2.0
/*
 * What clocks and everything that is told in their terms show in a time
 * namespace: CLOCK_MONOTONIC and its kin are moved by one offset,
 * CLOCK_BOOTTIME and what is counted from boot by the other, and nothing else is.
 *
 * Promises from time_namespaces(7), clock_gettime(2), proc_uptime(5),
 * proc_pid_stat(5), sysinfo(2).
 */
#include "timens_fixture.h"
#include <sys/sysinfo.h>
#include <sys/timex.h>

typedef long (*reader)(clockid_t clock);

/*
 * Whether the clock is ahead by @offset in the namespace: a child reads it
 * between two readings here.
 */
static bool is_ahead_by(clockid_t clock, reader read_clock, long offset)
{
	long before = read_clock(clock), inside, after;
	int fd[2];
	pid_t pid;

	must(!pipe(fd));
	pid = fork();
	if (!pid) {
		inside = read_clock(clock);
		must(write(fd[1], &inside, sizeof(inside)) == sizeof(inside));
		_exit(0);
	}
	must(proc_end(pid) == 0);
	must(read(fd[0], &inside, sizeof(inside)) == sizeof(inside));
	after = read_clock(clock);
	close(fd[0]);
	close(fd[1]);
	if (before <= inside - offset && inside - offset <= after)
		return true;
	fprintf(stderr, "# clock %d: %ld, %ld inside, %ld: not %ld ahead\n",
		clock, before, inside, after, offset);
	return false;
}

TEST_F(timens, monotonic_clocks_are_moved)
{
	static const clockid_t clocks[] = {
		CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_MONOTONIC_COARSE,
	};

	for (size_t i = 0; i < ARRAY_SIZE(clocks); i++) {
		EXPECT_TRUE(is_ahead_by(clocks[i], now, self->mono));
		EXPECT_TRUE(is_ahead_by(clocks[i], now_by_syscall, self->mono));
	}
}

TEST_F(timens, boottime_is_moved)
{
	EXPECT_TRUE(is_ahead_by(CLOCK_BOOTTIME, now, self->boot));
	EXPECT_TRUE(is_ahead_by(CLOCK_BOOTTIME, now_by_syscall, self->boot));
}

TEST_F(timens, boottime_alarm_is_moved)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_BOOTTIME_ALARM, &ts))
		SKIP(return, "no CLOCK_BOOTTIME_ALARM (no RTC)");
	EXPECT_TRUE(is_ahead_by(CLOCK_BOOTTIME_ALARM, now_by_syscall, self->boot));
}

TEST_F(timens, the_time_of_day_is_not_moved)
{
	static const clockid_t clocks[] = {
		CLOCK_REALTIME, CLOCK_REALTIME_COARSE, CLOCK_TAI,
	};

	for (size_t i = 0; i < ARRAY_SIZE(clocks); i++) {
		EXPECT_TRUE(is_ahead_by(clocks[i], now, 0));
		EXPECT_TRUE(is_ahead_by(clocks[i], now_by_syscall, 0));
	}
}

/* A new process has used little, wherever it starts. */
TEST_F(timens, cpu_clocks_are_not_moved)
{
	IN_TIMENS({
		must(now(CLOCK_PROCESS_CPUTIME_ID) >= 0);
		must(now(CLOCK_PROCESS_CPUTIME_ID) < 60 * SEC);
		must(now(CLOCK_THREAD_CPUTIME_ID) >= 0);
		must(now(CLOCK_THREAD_CPUTIME_ID) < 60 * SEC);
	});
}

TEST_F(timens, clocks_do_not_go_back_inside)
{
	IN_TIMENS({
		long last = now(CLOCK_MONOTONIC);

		for (int i = 0; i < 1000; i++) {
			long next = i % 2 ? now(CLOCK_MONOTONIC) :
					    now_by_syscall(CLOCK_MONOTONIC);
			must(next >= last);
			last = next;
		}
	});
}

/* Neither back, to where it would be behind, nor by days, as it would be ahead. */
TEST_F(timens, the_caller_itself_is_not_moved)
{
	EXPECT_GE(now(CLOCK_MONOTONIC), self->mono_before);
	EXPECT_LT(now(CLOCK_MONOTONIC), self->mono_before + 3600 * SEC);
	EXPECT_GE(now_by_syscall(CLOCK_MONOTONIC), self->mono_before);
	EXPECT_LT(now_by_syscall(CLOCK_MONOTONIC), self->mono_before + 3600 * SEC);
	EXPECT_GE(now(CLOCK_BOOTTIME), self->boot_before);
	EXPECT_LT(now(CLOCK_BOOTTIME), self->boot_before + 3600 * SEC);
	EXPECT_GE(now_by_syscall(CLOCK_BOOTTIME), self->boot_before);
	EXPECT_LT(now_by_syscall(CLOCK_BOOTTIME), self->boot_before + 3600 * SEC);
}

/* The first number in /proc/uptime, which has hundredths. */
static long proc_uptime(void)
{
	char text[128];
	long sec, hundredths;

	must(file_read("/proc/uptime", text, sizeof(text)) > 0);
	must(sscanf(text, "%ld.%2ld", &sec, &hundredths) == 2);
	return sec * SEC + hundredths * 10 * MSEC;
}

TEST_F(timens, proc_uptime_is_boottime)
{
	IN_TIMENS({
		long before = now(CLOCK_BOOTTIME);
		long up = proc_uptime();

		must(before - 10 * MSEC <= up && up <= now(CLOCK_BOOTTIME));
	});
}

TEST_F(timens, sysinfo_is_boottime)
{
	IN_TIMENS({
		long before = now(CLOCK_BOOTTIME);
		struct sysinfo info;

		must(!sysinfo(&info));
		/* In seconds, rounded up. */
		must(before <= info.uptime * SEC);
		must(info.uptime * SEC <= now(CLOCK_BOOTTIME) + SEC);
	});
}

/* When the machine was started, as the namespace's clocks have it. */
TEST_F(timens, btime_is_now_without_boottime)
{
	IN_TIMENS({
		long btime = now(CLOCK_REALTIME) - now(CLOCK_BOOTTIME);
		char text[64];

		must(!file_field("/proc/stat", "btime", text, sizeof(text)));
		btime -= atol(text) * SEC;
		must(-2 * SEC <= btime && btime <= 2 * SEC);
	});
}

/* When @pid was started, in hundredths of a second of the reader's boottime. */
static long start_time(pid_t pid)
{
	char path[64], text[1024], *at;
	long start;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	must(file_read(path, text, sizeof(text)) > 0);
	at = strrchr(text, ')');
	must(at);
	/* From state, the third field, to the twenty-second. */
	must(sscanf(at + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u "
		    "%*u %*d %*d %*d %*d %*d %*d %ld", &start) == 1);
	return start * SEC / sysconf(_SC_CLK_TCK);
}

TEST_F(timens, a_start_time_is_told_in_the_readers_boottime)
{
	const long tick = 10 * MSEC;
	struct baton go = baton_make();
	long before = now(CLOCK_BOOTTIME), outside;
	int fd[2];
	pid_t pid;

	ASSERT_EQ(0, pipe(fd));
	pid = proc_fork_bound(0);
	if (!pid) {
		long inside = start_time(getpid());

		must(inside <= now(CLOCK_BOOTTIME));
		must(write(fd[1], &inside, sizeof(inside)) == sizeof(inside));
		/* Others' too: that of a process that is in the initial one. */
		inside = start_time(getppid());
		must(inside <= now(CLOCK_BOOTTIME));
		must(write(fd[1], &inside, sizeof(inside)) == sizeof(inside));
		baton_take(&go);
		_exit(0);
	}
	outside = start_time(pid);
	EXPECT_GE(outside, before - tick);
	EXPECT_LE(outside, now(CLOCK_BOOTTIME));
	for (int i = 0; i < 2; i++) {
		long inside, diff;

		ASSERT_EQ(sizeof(inside), read(fd[0], &inside, sizeof(inside)));
		outside = start_time(i ? getpid() : pid);
		diff = inside - outside - self->boot;
		EXPECT_GE(diff, -tick);
		EXPECT_LE(diff, tick);
	}
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(timens, resolutions_are_as_outside)
{
	static const clockid_t clocks[] = {
		CLOCK_MONOTONIC, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME,
	};

	for (size_t i = 0; i < ARRAY_SIZE(clocks); i++) {
		struct timespec outside;

		ASSERT_EQ(0, clock_getres(clocks[i], &outside));
		IN_TIMENS({
			struct timespec inside;

			must(!clock_getres(clocks[i], &inside));
			must(ns_of(inside) == ns_of(outside));
		});
	}
}

/* The namespace moves what cannot be set, and gives no right to what can. */
TEST_F(timens, clocks_cannot_be_set_from_inside)
{
	IN_TIMENS({
		struct timespec ts = timespec_of(now(CLOCK_REALTIME));
		struct timex tx = { .modes = ADJ_OFFSET_SINGLESHOT };

		must(clock_settime(CLOCK_MONOTONIC, &ts) == -1);
		must(errno == EINVAL);
		must(clock_settime(CLOCK_BOOTTIME, &ts) == -1);
		must(errno == EINVAL);
		must(!ns_become_user_root());
		must(!unshare(CLONE_NEWTIME));
		must(clock_settime(CLOCK_REALTIME, &ts) == -1);
		must(errno == EPERM);
		must(clock_adjtime(CLOCK_REALTIME, &tx) == -1);
		must(errno == EPERM);
	});
}

TEST_HARNESS_MAIN

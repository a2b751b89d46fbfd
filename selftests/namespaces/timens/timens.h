/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Clocks of a test and their offsets. A point in time and a distance are
 * nanoseconds in a long: that is enough for 292 years.
 */
#ifndef BULKHEAD_TIMENS_H
#define BULKHEAD_TIMENS_H

#include <time.h>
#include "kselftest_harness.h"
#include "file.h"
#include "ns.h"
#include "proc.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME	0x00000080
#endif

#define SEC		1000000000L
#define MSEC		1000000L
#define OFFSETS		"/proc/self/timens_offsets"

static inline long ns_of(struct timespec ts)
{
	return ts.tv_sec * SEC + ts.tv_nsec;
}

static inline struct timespec timespec_of(long ns)
{
	return (struct timespec) { .tv_sec = ns / SEC, .tv_nsec = ns % SEC };
}

/* The time by the C library, which asks the vdso where there is one for it. */
static inline long now(clockid_t clock)
{
	struct timespec ts;

	must(!clock_gettime(clock, &ts));
	return ns_of(ts);
}

static inline long now_by_syscall(clockid_t clock)
{
	struct timespec ts;

	must(!syscall(SYS_clock_gettime, clock, &ts));
	return ns_of(ts);
}

/* As the file wants it: whole seconds, rounded down, and what is left. */
static inline int set_offset(const char *clock, long ns)
{
	long sec = ns / SEC - (ns % SEC < 0);

	return file_printf(OFFSETS, "%s %ld %ld", clock, sec, ns - sec * SEC);
}

/* The offset of what the caller's children will be in, or of @pid's. */
static inline long offset_of(pid_t pid, const char *clock)
{
	char path[64], text[64];
	long sec, nsec;

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/timens_offsets", pid);
	else
		snprintf(path, sizeof(path), OFFSETS);
	must(!file_field(path, clock, text, sizeof(text)));
	must(sscanf(text, "%ld %ld", &sec, &nsec) == 2);
	return sec * SEC + nsec;
}

/* Whether @one and @two are the same namespace; closes both. */
static inline bool same_ns(int one, int two)
{
	bool same = ns_same(one, two);

	close(one);
	close(two);
	return same;
}

#endif /* BULKHEAD_TIMENS_H */

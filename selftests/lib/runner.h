/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Processes whose progress can be seen: each counts its steps in memory that
 * it shares with the test, so that "runs" and "does not run" are what a test
 * observes and not what a file says.
 */
#ifndef BULKHEAD_RUNNER_H
#define BULKHEAD_RUNNER_H

#include <sched.h>
#include <sys/mman.h>
#include <time.h>
#include "cgroup.h"
#include "proc.h"

/*
 * How long a process that should stand still is looked at. The test sleeps
 * meanwhile, so the CPU is there for whoever wants it; that this is not long
 * enough cannot make a test fail.
 */
#define RUNNER_LOOK_MS	30

/* @n counters, all 0, shared with whoever is forked from now on. */
static inline volatile unsigned long *runner_counters(int n)
{
	void *p = mmap(NULL, n * sizeof(volatile unsigned long), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	must(p != MAP_FAILED);
	return p;
}

static inline void runner_nap(void)
{
	struct timespec ts = { .tv_nsec = 500 * 1000 };

	nanosleep(&ts, NULL);
}

/* Steps with a little sleep between them: most of its life is in the kernel. */
static inline void __attribute__((noreturn)) runner_tick(volatile unsigned long *steps)
{
	for (;;) {
		++*steps;
		runner_nap();
	}
}

/* Steps as fast as they come, without a system call. */
static inline void __attribute__((noreturn)) runner_spin(volatile unsigned long *steps)
{
	for (;;)
		++*steps;
}

/* A process born into @cg (v2) that does @life. Returns as proc_fork(). */
static inline pid_t runner_start(const char *cg, void (*life)(volatile unsigned long *),
				 volatile unsigned long *steps)
{
	pid_t pid = cg_fork_into(cg, 0);

	if (!pid) {
		life(steps);
		_exit(1);
	}
	return pid;
}

static inline long long runner_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* Whether it gets to @goal. */
static inline bool runner_reaches(volatile unsigned long *steps, unsigned long goal)
{
	long long end = runner_now_ms() + PROC_HANG_MS;

	while (*steps < goal) {
		if (runner_now_ms() > end)
			return false;
		runner_nap();
	}
	return true;
}

static inline bool runner_runs(volatile unsigned long *steps)
{
	return runner_reaches(steps, *steps + 2);
}

/* Whether it makes no step although there is a CPU for it. */
static inline bool runner_stands(volatile unsigned long *steps)
{
	unsigned long before = *steps;

	poll(NULL, 0, RUNNER_LOOK_MS);
	return *steps == before;
}

#endif /* BULKHEAD_RUNNER_H */

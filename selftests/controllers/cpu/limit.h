/* SPDX-License-Identifier: GPL-2.0 */
/* Whether a limit of CPU time is kept, looked at by its own periods. */
#ifndef LIMIT_H
#define LIMIT_H

#include <time.h>
#include "cpu.h"

static inline long long now_usec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000LL + ts.tv_nsec / 1000;
}

static inline long stat_of(const char *cg, const char *key)
{
	return cg_key(cg, "cpu.stat", key);
}

/* Waits until @periods more periods of @cg's limit have begun. */
static inline bool periods_pass(const char *cg, long periods)
{
	long long end = runner_now_ms() + 2 * PROC_HANG_MS;
	long goal = stat_of(cg, "nr_periods") + periods;

	while (stat_of(cg, "nr_periods") < goal) {
		if (runner_now_ms() > end)
			return false;
		poll(NULL, 0, 10);
	}
	return true;
}

#define LONG_PERIODS	80

/*
 * Whether @cg comes to use @percent of the time, and at the very least an
 * eighth of that, over @periods or more periods of the limit of @by.
 */
static inline bool keeps(const char *cg, const char *by, long periods, int percent)
{
	double seen = -1;
	long long wall;
	long used;

	if (!periods_pass(by, 1))
		return false;
	wall = now_usec();
	used = usage_usec(cg);
	for (long n = periods; n < LONG_PERIODS; n += periods) {
		if (!periods_pass(by, periods))
			break;
		/* One quota may fall on either side of where we look. */
		seen = (usage_usec(cg) - used) * 100.0 / (now_usec() - wall);
		if (seen * 8 > percent &&
		    seen < percent * (1.1 + 1.0 / n))
			return true;
	}
	fprintf(stderr, "# %s: used %.1f %%, not %d %%\n",
		strrchr(cg, '/') + 1, seen, percent);
	return false;
}

/* Waits until the statistic @key of @cg is at least @value. */
static inline bool counts(const char *cg, const char *key, long value)
{
	long long end = runner_now_ms() + 2 * PROC_HANG_MS;

	while (stat_of(cg, key) < value) {
		if (runner_now_ms() > end)
			return false;
		poll(NULL, 0, 10);
	}
	return true;
}

#endif /* LIMIT_H */

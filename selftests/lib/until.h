/* SPDX-License-Identifier: GPL-2.0 */
/* What must come true, but not at once. */
#ifndef BULKHEAD_UNTIL_H
#define BULKHEAD_UNTIL_H

#include <time.h>
#include "proc.h"

static inline long until_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Whether @cond comes true; only a hang takes PROC_HANG_MS. */
#define EVENTUALLY(cond) ({						\
	long end_ = until_ms() + PROC_HANG_MS;				\
	bool so_;							\
									\
	while (!(so_ = (cond)) && until_ms() < end_)			\
		poll(NULL, 0, 5);					\
	so_;								\
})

#endif /* BULKHEAD_UNTIL_H */

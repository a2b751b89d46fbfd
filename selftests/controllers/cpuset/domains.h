/* SPDX-License-Identifier: GPL-2.0 */
/* Which CPUs the scheduler balances with others, as debugfs shows it. */
#ifndef DOMAINS_H
#define DOMAINS_H

#include "cpulist.h"
#include "until.h"

#define SCHED_DEBUG	"/sys/kernel/debug/sched"

/* Has the domains shown, or no longer. Returns 0, or -errno. */
static inline int domains_show(bool yes)
{
	return file_write(SCHED_DEBUG "/verbose", yes ? "Y" : "N");
}

/*
 * The CPUs that are in a domain, as a mask: a CPU that is left to itself has
 * none, for a domain of one CPU would have nothing to do.
 */
static inline unsigned long balanced_cpus(void)
{
	unsigned long mask = 0;
	char path[128];

	for (int cpu = 0; cpu < 3; cpu++) {
		snprintf(path, sizeof(path), SCHED_DEBUG "/domains/cpu%d", cpu);
		/* It is made anew whenever the domains are. */
		must(EVENTUALLY(!access(path, F_OK)));
		strcat(path, "/domain0");
		if (!access(path, F_OK))
			mask |= 1UL << cpu;
	}
	return mask;
}

#endif /* DOMAINS_H */

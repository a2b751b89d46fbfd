/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _CGROUP_PROC_STATS_H
#define _CGROUP_PROC_STATS_H

#include <linux/cgroup.h>
#include <linux/list.h>
#include <linux/proc_stats.h>
#include <linux/psi.h>
#include <linux/spinlock.h>

/**
 * struct proc_stats_cpu - what a CPU of a cgroup showed so far
 * @raw: what had been accounted when it was last looked at
 * @shown: what was shown
 * @pending: CPU time that has been used, but for which there was no room yet
 */
struct proc_stats_cpu {
	struct proc_stats_times raw, shown;
	u64 pending[PROC_STATS_BUSY_TIMES];
};

/**
 * struct proc_stats - what procfs remembers of a cgroup that it shows
 * @cgrp: the cgroup, which frees this at its end
 * @users: instances of procfs that show it; under proc_stats_mutex
 * @node: where it stands in the list of those with users
 * @avenrun: load averages, as those of the machine
 * @sampled: up to which sample they have been brought up to date, in jiffies
 * @forks: how many tasks there have been
 * @lock: protects what follows
 * @last: when the times were last advanced, in nanoseconds
 * @pool: as @pending of a CPU, of those that are not shown
 * @cpu: by number of CPU
 */
struct proc_stats {
	struct cgroup *cgrp;
	int users;
	struct list_head node;

	unsigned long avenrun[3];
	unsigned long sampled;
	atomic64_t forks;

	spinlock_t lock;
	u64 last;
	u64 pool[PROC_STATS_BUSY_TIMES];
	struct proc_stats_cpu cpu[];
};

static inline struct proc_stats *cgroup_proc_stats(struct cgroup *cgrp)
{
	/* Pairs with the release when it was made, and it stays for good. */
	return smp_load_acquire(&cgrp->proc_stats);
}

/* What has been accounted, by number of CPU; without PSI nobody knows who waits. */
static inline void proc_stats_raw_times(struct cgroup *cgrp,
					struct proc_stats_times *raw)
{
	cgroup_cpu_times(cgrp, raw);
#ifdef CONFIG_PSI
	psi_cpu_times(cgroup_psi(cgrp), raw);
#endif
}

/* The same of what tasks do; false if nobody knows without a look at each. */
static inline bool proc_stats_psi_count(struct cgroup *cgrp,
					struct proc_stats_tasks *tasks)
{
#ifdef CONFIG_PSI
	return psi_count_tasks(cgroup_psi(cgrp), tasks);
#else
	return false;
#endif
}

void proc_stats_init_times(struct proc_stats *st, struct proc_stats_times *raw,
			   const struct cpumask *shown, u64 age);

#endif /* _CGROUP_PROC_STATS_H */

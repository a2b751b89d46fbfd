// SPDX-License-Identifier: GPL-2.0
/*
 * The CPUs that an instance of procfs with stats=cgroup shows, and where their
 * time went.
 *
 * A CPU time that was used is known exactly, per CPU: the cgroup's statistics
 * are fed by the same ticks as /proc/stat. What it waited is known from PSI: on a
 * CPU where the cgroup has tasks that want to run and none that does, time is
 * stolen from it, by others or by cpu.max; where it has none that want to, but
 * some that wait for I/O, that is what it waits for. The rest is idle.
 *
 * What makes it less than simple is that the columns of a CPU have to add up to
 * the time that went by, and must never go backwards, while the CPUs that are
 * shown may be fewer than those that are used, and change. So what was shown is
 * kept, and each look adds what is new to the CPUs that are shown then. CPU time
 * for which there is no room in the time that went by is not lost, but shown
 * later: ticks are coarse, and cpu.max allows bursts.
 */

#include <linux/cpumask.h>
#include <linux/math64.h>
#include <linux/timekeeping.h>

#include "proc_stats.h"

/**
 * proc_stats_cpus - the CPUs that a cgroup's container has
 * @cgrp: the cgroup
 * @mask: is set to them
 *
 * They are those of its cpuset that are online, by their real numbers, because
 * numbers of CPUs are used in system calls as well. If cpu.max, from the cgroup
 * up, gives the time of fewer CPUs, only the first of them are in the mask, with
 * a part of a CPU taken for a whole one.
 *
 * Return: 0, or -ENODEV if the cgroup was removed.
 */
int proc_stats_cpus(struct cgroup *cgrp, struct cpumask *mask)
{
	struct cgroup_subsys_state *css;
	unsigned int max = UINT_MAX;
	int cpu;

	cpumask_copy(mask, cpu_online_mask);
#ifdef CONFIG_CPUSETS
	css = proc_stats_e_css(cgrp, &cpuset_cgrp_subsys);
	if (IS_ERR(css))
		return PTR_ERR(css);
	if (css) {
		cpuset_css_cpus(css, mask);
		css_put(css);
	}
#endif
#ifdef CONFIG_CFS_BANDWIDTH
	css = proc_stats_e_css(cgrp, &cpu_cgrp_subsys);
	if (IS_ERR(css))
		return PTR_ERR(css);
	if (css) {
		max = sched_css_cpus(css);
		css_put(css);
	}
#endif
	if (max >= cpumask_weight(mask))
		return 0;
	for_each_cpu(cpu, mask) {
		if (max)
			max--;
		else
			cpumask_clear_cpu(cpu, mask);
	}
	return 0;
}

/* Moves as much as there is room for. */
static void give(u64 *from, u64 most, u64 *to, u64 *room)
{
	u64 ns = min3(*from, most, *room);

	*from -= ns;
	*room -= ns;
	*to += ns;
}

/*
 * Takes note of what is new. After this @raw holds, of the CPUs that are shown,
 * what they waited, and of the others the sum is in @waited.
 */
static void take_new(struct proc_stats *st, struct proc_stats_times *raw,
		     const struct cpumask *shown, u64 *waited)
{
	int cpu, t;

	for_each_possible_cpu(cpu) {
		struct proc_stats_cpu *c = &st->cpu[cpu];
		bool is_shown = cpumask_test_cpu(cpu, shown);

		for (t = 0; t < PROC_STATS_USED_TIMES; t++) {
			u64 now = max(raw[cpu].ns[t], c->raw.ns[t]);
			u64 new = now - c->raw.ns[t];

			c->raw.ns[t] = now;
			raw[cpu].ns[t] = new;
			if (t < PROC_STATS_BUSY_TIMES)
				c->pending[t] += new;
			else if (!is_shown)
				waited[t] += new;
		}
		for (t = 0; t < PROC_STATS_BUSY_TIMES && !is_shown; t++) {
			st->pool[t] += c->pending[t];
			c->pending[t] = 0;
		}
	}
}

static void advance(struct proc_stats *st, struct proc_stats_times *raw,
		    const struct cpumask *shown, u64 now)
{
	u64 elapsed = now > st->last ? now - st->last : 0;
	unsigned int left = cpumask_weight(shown);
	u64 waited[PROC_STATS_USED_TIMES] = {};
	int cpu, t;

	st->last += elapsed;
	take_new(st, raw, shown, waited);

	/* A CPU's own comes first, and an even share of what others have used. */
	for_each_cpu(cpu, shown) {
		struct proc_stats_cpu *c = &st->cpu[cpu];
		u64 room = elapsed;

		for (t = 0; t < PROC_STATS_BUSY_TIMES; t++)
			give(&c->pending[t], U64_MAX, &c->shown.ns[t], &room);
		for (t = 0; t < PROC_STATS_BUSY_TIMES; t++)
			give(&st->pool[t], div_u64(st->pool[t] + left - 1, left),
			     &c->shown.ns[t], &room);
		raw[cpu].ns[PROC_STATS_IDLE] = room;
		left--;
	}
	/* The rest goes where there is room. What was waited has no such claim. */
	for_each_cpu(cpu, shown) {
		struct proc_stats_cpu *c = &st->cpu[cpu];
		u64 room = raw[cpu].ns[PROC_STATS_IDLE];

		for (t = 0; t < PROC_STATS_BUSY_TIMES; t++)
			give(&st->pool[t], U64_MAX, &c->shown.ns[t], &room);
		for (t = PROC_STATS_BUSY_TIMES; t < PROC_STATS_USED_TIMES; t++) {
			give(&raw[cpu].ns[t], U64_MAX, &c->shown.ns[t], &room);
			give(&waited[t], U64_MAX, &c->shown.ns[t], &room);
		}
		c->shown.ns[PROC_STATS_IDLE] += room;
	}
}

/**
 * proc_stats_init_times - begin with what has been accounted so far
 * @st: what is new, and nobody else knows yet
 * @raw: what has been accounted, by number of CPU
 * @shown: the CPUs that are shown
 * @age: for how long the container has had them, in nanoseconds
 */
void proc_stats_init_times(struct proc_stats *st, struct proc_stats_times *raw,
			   const struct cpumask *shown, u64 age)
{
	int cpu, t;

	st->last = ktime_get_ns();
	for_each_possible_cpu(cpu) {
		struct proc_stats_cpu *c = &st->cpu[cpu];
		u64 room = cpumask_test_cpu(cpu, shown) ? age : 0;

		c->raw = raw[cpu];
		for (t = 0; t < PROC_STATS_BUSY_TIMES; t++) {
			c->shown.ns[t] = raw[cpu].ns[t];
			room -= min(room, raw[cpu].ns[t]);
		}
		for (; t < PROC_STATS_USED_TIMES; t++)
			give(&raw[cpu].ns[t], U64_MAX, &c->shown.ns[t], &room);
		c->shown.ns[PROC_STATS_IDLE] = room;
	}
}

/**
 * proc_stats_read_times - where the time of a cgroup's CPUs went
 * @cgrp: the cgroup, for which the option was given
 * @shown: the CPUs that are shown
 * @times: is set to the result, by number of CPU
 *
 * A CPU that is not in @shown stands where it stood when it was last shown.
 */
void proc_stats_read_times(struct cgroup *cgrp, const struct cpumask *shown,
			   struct proc_stats_times *times)
{
	struct proc_stats *st = cgroup_proc_stats(cgrp);
	int cpu;

	proc_stats_raw_times(cgrp, times);
	guard(spinlock)(&st->lock);
	advance(st, times, shown, ktime_get_ns());
	for_each_possible_cpu(cpu)
		times[cpu] = st->cpu[cpu].shown;
}

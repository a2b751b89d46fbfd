// SPDX-License-Identifier: GPL-2.0
/*
 * CPUs and tasks as an instance of procfs with stats=cgroup shows them: stat,
 * uptime, loadavg, cpuinfo, and when a process started.
 *
 * The machine of which these files tell was switched on when the container's init
 * was started: uptime and btime count from there, and the start times in
 * /proc/PID/stat, too, so that what ps makes of all of them comes out right.
 */

#include <linux/cgroup.h>
#include <linux/cpumask.h>
#include <linux/interrupt.h>
#include <linux/pid_namespace.h>
#include <linux/proc_fs.h>
#include <linux/sched/loadavg.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/time_namespace.h>
#include <linux/timekeeping.h>

#include "stats.h"

/* Since boot, in nanoseconds; 0 if it is the machine that was started. */
static u64 start_of(const struct file *file)
{
	struct proc_fs_info *info = proc_sb_info(file_inode(file)->i_sb);

	/* The pid namespace may have been without an init when it was mounted. */
	if (!READ_ONCE(info->stats.start))
		WRITE_ONCE(info->stats.start, proc_stats_start_of(info->pid_ns));
	return READ_ONCE(info->stats.start);
}

/* What a file of the container shows, put together for one read. */
struct stats_cpus {
	cpumask_var_t shown;
	struct proc_stats_times *times;
	struct proc_stats_times sum;
};

static void drop_cpus(struct stats_cpus *cpus)
{
	kvfree(cpus->times);
	free_cpumask_var(cpus->shown);
}

static int read_cpus(struct cgroup *cgrp, struct stats_cpus *cpus)
{
	int cpu, t, err;

	memset(&cpus->sum, 0, sizeof(cpus->sum));
	if (!alloc_cpumask_var(&cpus->shown, GFP_KERNEL))
		return -ENOMEM;
	cpus->times = kvcalloc(nr_cpu_ids, sizeof(*cpus->times), GFP_KERNEL);
	err = cpus->times ? proc_stats_cpus(cgrp, cpus->shown) : -ENOMEM;
	if (err) {
		drop_cpus(cpus);
		return err;
	}
	proc_stats_read_times(cgrp, cpus->shown, cpus->times);
	/* With what CPUs have done that are not shown any more */
	for_each_possible_cpu(cpu)
		for (t = 0; t < PROC_STATS_TIMES; t++)
			cpus->sum.ns[t] += cpus->times[cpu].ns[t];
	return 0;
}

/* Interrupts are the machine's: those that hit the cgroup are in system. */
static void show_times(struct seq_file *m, const struct proc_stats_times *times)
{
	static const enum proc_stats_time order[] = {
		PROC_STATS_USER, PROC_STATS_NICE, PROC_STATS_SYSTEM,
		PROC_STATS_IDLE, PROC_STATS_IOWAIT,
	};

	for (int i = 0; i < ARRAY_SIZE(order); i++)
		seq_put_decimal_ull(m, " ", nsec_to_clock_t(times->ns[order[i]]));
	seq_puts(m, " 0 0");
	seq_put_decimal_ull(m, " ", nsec_to_clock_t(times->ns[PROC_STATS_STEAL]));
	seq_puts(m, " 0 0\n");
}

static u64 boot_time(const struct file *file)
{
	struct timespec64 boottime;
	u64 start = start_of(file);

	getboottime64(&boottime);
	if (!start) {
		timens_sub_boottime(&boottime);
		return boottime.tv_sec;
	}
	return div_u64(timespec64_to_ns(&boottime) + start, NSEC_PER_SEC);
}

/**
 * proc_stats_stat - show /proc/stat of a cgroup
 * @m: the file
 * @cgrp: what proc_stats_cgroup() said, other than NULL
 */
int proc_stats_stat(struct seq_file *m, struct cgroup *cgrp)
{
	struct proc_stats_tasks tasks;
	struct stats_cpus cpus;
	int cpu, i, err;

	if (IS_ERR(cgrp))
		return PTR_ERR(cgrp);
	err = read_cpus(cgrp, &cpus);
	if (err)
		return err;
	seq_puts(m, "cpu ");
	show_times(m, &cpus.sum);
	for_each_cpu(cpu, cpus.shown) {
		seq_printf(m, "cpu%d", cpu);
		show_times(m, &cpus.times[cpu]);
	}
	drop_cpus(&cpus);

	proc_stats_count(cgrp, &tasks);
	seq_printf(m, "intr 0\n"
		      "ctxt 0\n"
		      "btime %llu\n"
		      "processes %llu\n"
		      "procs_running %u\n"
		      "procs_blocked %u\n"
		      "softirq 0",
		   boot_time(m->file), proc_stats_forks(cgrp), tasks.running,
		   tasks.iowait);
	for (i = 0; i < NR_SOFTIRQS; i++)
		seq_puts(m, " 0");
	seq_putc(m, '\n');
	return 0;
}

/**
 * proc_stats_uptime - show /proc/uptime of a container
 * @m: the file
 * @cgrp: what proc_stats_cgroup() said, other than NULL
 */
int proc_stats_uptime(struct seq_file *m, struct cgroup *cgrp)
{
	u64 up = ktime_get_boottime_ns(), start, idle;
	struct stats_cpus cpus;
	int err;

	if (IS_ERR(cgrp))
		return PTR_ERR(cgrp);
	err = read_cpus(cgrp, &cpus);
	if (err)
		return err;
	idle = div_u64(cpus.sum.ns[PROC_STATS_IDLE], NSEC_PER_SEC / 100);
	drop_cpus(&cpus);
	start = start_of(m->file);
	up = start ? up - start : timens_add_boottime_ns(up);
	up = div_u64(up, NSEC_PER_SEC / 100);
	seq_printf(m, "%llu.%02u %llu.%02u\n",
		   div_u64(up, 100), (unsigned int)(up - div_u64(up, 100) * 100),
		   div_u64(idle, 100), (unsigned int)(idle - div_u64(idle, 100) * 100));
	return 0;
}

/**
 * proc_stats_loadavg - show /proc/loadavg of a cgroup
 * @m: the file
 * @cgrp: what proc_stats_cgroup() said, other than NULL
 */
int proc_stats_loadavg(struct seq_file *m, struct cgroup *cgrp)
{
	struct proc_stats_tasks tasks;
	unsigned long loads[3];

	if (IS_ERR(cgrp))
		return PTR_ERR(cgrp);
	proc_stats_loads(cgrp, loads, FIXED_1 / 200, 0);
	proc_stats_count(cgrp, &tasks);
	seq_printf(m, "%lu.%02lu %lu.%02lu %lu.%02lu %u/%u %d\n",
		   LOAD_INT(loads[0]), LOAD_FRAC(loads[0]),
		   LOAD_INT(loads[1]), LOAD_FRAC(loads[1]),
		   LOAD_INT(loads[2]), LOAD_FRAC(loads[2]),
		   tasks.running, tasks.total,
		   idr_get_cursor(&task_active_pid_ns(current)->idr) - 1);
	return 0;
}

/**
 * __proc_stats_shows_cpu - whether /proc/cpuinfo tells of a CPU
 * @file: the file
 * @cpu: the number of the CPU
 *
 * Return: 1, 0 or an error.
 */
int __proc_stats_shows_cpu(const struct file *file, unsigned int cpu)
{
	struct cgroup *cgrp = proc_stats_cgroup(file);
	cpumask_var_t shown;
	int ret;

	if (IS_ERR(cgrp))
		return PTR_ERR(cgrp);
	if (!cgrp || !IS_ENABLED(CONFIG_PROC_CPUINFO_BY_CPU))
		return 1;
	if (!alloc_cpumask_var(&shown, GFP_KERNEL))
		return -ENOMEM;
	ret = proc_stats_cpus(cgrp, shown) ?: cpumask_test_cpu(cpu, shown);
	free_cpumask_var(shown);
	return ret;
}

/**
 * __proc_stats_started - when a process was started, as the container counts
 * @file: its stat
 * @boottime: when that was, in nanoseconds since boot
 *
 * Return: nanoseconds since the container was started.
 */
u64 __proc_stats_started(const struct file *file, u64 boottime)
{
	u64 start;

	if (!proc_sb_info(file_inode(file)->i_sb)->stats.cgrp)
		return timens_add_boottime_ns(boottime);
	start = start_of(file);
	if (!start)
		return timens_add_boottime_ns(boottime);
	return boottime > start ? boottime - start : 0;
}

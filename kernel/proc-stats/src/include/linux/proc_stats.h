/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_PROC_STATS_H
#define _LINUX_PROC_STATS_H
/*
 * procfs instances that show the numbers of a cgroup in the place of the
 * machine's: mount option stats=cgroup. See Documentation/filesystems/proc.rst.
 *
 * What the files of procfs ask is "whose numbers does this open file show?".
 * The answers are NULL for the machine's, which is all that there is without
 * such an instance, an object, or an ERR_PTR(-ENODEV) because the cgroup was
 * removed.
 */

#include <linux/cpumask_types.h>
#include <linux/err.h>
#include <linux/jump_label.h>
#include <linux/time_namespace.h>
#include <linux/types.h>

struct blkcg;
struct cgroup;
struct cgroup_subsys;
struct cgroup_subsys_state;
struct file;
struct gendisk;
struct mem_cgroup;
struct pid_namespace;
struct proc_stats;
struct psi_group;
struct seq_file;
struct sysinfo;
struct task_struct;

/* Where the time of a CPU went: the columns of /proc/stat that a cgroup has. */
enum proc_stats_time {
	PROC_STATS_USER,
	PROC_STATS_NICE,
	PROC_STATS_SYSTEM,
	PROC_STATS_BUSY_TIMES,			/* so far CPU time was used */
	PROC_STATS_STEAL = PROC_STATS_BUSY_TIMES,
	PROC_STATS_IOWAIT,
	PROC_STATS_USED_TIMES,			/* what is left is idle */
	PROC_STATS_IDLE = PROC_STATS_USED_TIMES,
	PROC_STATS_TIMES,
};

/**
 * struct proc_stats_times - times of one CPU, in nanoseconds
 * @ns: by enum proc_stats_time
 */
struct proc_stats_times {
	u64 ns[PROC_STATS_TIMES];
};

#ifdef CONFIG_PROC_CGROUP_STATS

/* Enabled while there is an instance that shows a cgroup other than the root. */
DECLARE_STATIC_KEY_FALSE(proc_stats_key);

struct cgroup *__proc_stats_cgroup(const struct file *file);
struct cgroup_subsys_state *proc_stats_e_css(struct cgroup *cgrp,
					     struct cgroup_subsys *ss);
struct mem_cgroup *__proc_stats_memcg(const struct file *file);
struct blkcg *__proc_stats_blkcg(const struct file *file);

/**
 * proc_stats_cgroup - the cgroup whose numbers a file of procfs shows
 * @file: the open file
 *
 * Return: a cgroup that lives as long as @file is open, NULL or
 * ERR_PTR(-ENODEV).
 */
static inline struct cgroup *proc_stats_cgroup(const struct file *file)
{
	if (!static_branch_unlikely(&proc_stats_key))
		return NULL;
	return __proc_stats_cgroup(file);
}

/**
 * proc_stats_memcg - the memory cgroup whose numbers a file of procfs shows
 * @file: the open file
 *
 * Return: a memory cgroup with a reference, NULL or ERR_PTR(-ENODEV).
 */
static inline struct mem_cgroup *proc_stats_memcg(const struct file *file)
{
	if (!static_branch_unlikely(&proc_stats_key))
		return NULL;
	return __proc_stats_memcg(file);
}

/**
 * proc_stats_blkcg - the I/O cgroup whose numbers a file of procfs shows
 * @file: the open file
 *
 * Return: a blkcg with a reference, NULL or ERR_PTR(-ENODEV).
 */
static inline struct blkcg *proc_stats_blkcg(const struct file *file)
{
	if (!IS_ENABLED(CONFIG_BLK_CGROUP) ||
	    !static_branch_unlikely(&proc_stats_key))
		return NULL;
	return __proc_stats_blkcg(file);
}

int proc_stats_meminfo(struct seq_file *m, struct mem_cgroup *memcg);
int proc_stats_swaps(struct seq_file *m, struct mem_cgroup *memcg);
int proc_stats_vmstat(const struct file *file, struct mem_cgroup *memcg,
		      unsigned long *zone, unsigned long *node,
		      unsigned long *event);
int proc_stats_slabinfo(struct mem_cgroup *memcg);
void proc_stats_si_mem(struct cgroup *cgrp, struct sysinfo *info);
int proc_stats_stat(struct seq_file *m, struct cgroup *cgrp);
int proc_stats_uptime(struct seq_file *m, struct cgroup *cgrp);
int proc_stats_loadavg(struct seq_file *m, struct cgroup *cgrp);
int __proc_stats_shows_cpu(const struct file *file, unsigned int cpu);
u64 __proc_stats_started(const struct file *file, u64 boottime);

/* block/ */
int proc_stats_disk(struct seq_file *m, struct gendisk *disk, struct blkcg *blkcg);
void proc_stats_disk_kb(struct blkcg *blkcg, unsigned long *in, unsigned long *out);

/* kernel/ */
int proc_stats_prepare(struct cgroup *cgrp, u64 start);
void proc_stats_get(struct cgroup *cgrp);
void proc_stats_put(struct cgroup *cgrp);
void proc_stats_free(struct cgroup *cgrp);
u64 proc_stats_start_of(struct pid_namespace *ns);
void proc_stats_loads(struct cgroup *cgrp, unsigned long *loads,
		      unsigned long offset, int shift);
int proc_stats_cpus(struct cgroup *cgrp, struct cpumask *mask);
void proc_stats_read_times(struct cgroup *cgrp, const struct cpumask *shown,
			   struct proc_stats_times *times);
u64 proc_stats_forks(struct cgroup *cgrp);
void __proc_stats_forked(struct cgroup *cgrp);
bool __proc_stats_own_cpus(struct cpumask *mask);
void __proc_stats_sysinfo(struct sysinfo *info);

/* What they ask of the subsystems */
void cgroup_cpu_times(struct cgroup *cgrp, struct proc_stats_times *times);
void psi_cpu_times(struct psi_group *group, struct proc_stats_times *times);
void cpuset_css_cpus(struct cgroup_subsys_state *css, struct cpumask *mask);
unsigned int sched_css_cpus(struct cgroup_subsys_state *css);

/**
 * struct proc_stats_tasks - how many tasks there are in a cgroup and below it
 * @total: threads of all kinds
 * @running: that run or want to
 * @blocked: in an uninterruptible sleep which counts as load
 * @iowait: that wait for I/O
 */
struct proc_stats_tasks {
	unsigned int total, running, blocked, iowait;
};

void proc_stats_count(struct cgroup *cgrp, struct proc_stats_tasks *tasks);
bool psi_count_tasks(struct psi_group *group, struct proc_stats_tasks *tasks);

/**
 * proc_stats_shows_cpu - whether /proc/cpuinfo tells of a CPU
 * @file: the open file
 * @cpu: the number of the CPU, which is the position in the file
 *
 * Return: 1, 0 or an error.
 */
static inline int proc_stats_shows_cpu(const struct file *file, unsigned int cpu)
{
	if (!static_branch_unlikely(&proc_stats_key))
		return 1;
	return __proc_stats_shows_cpu(file, cpu);
}

/**
 * proc_stats_started - when a process was started, for its stat
 * @file: the open file
 * @boottime: when that was, in nanoseconds since boot
 */
static inline u64 proc_stats_started(const struct file *file, u64 boottime)
{
	if (!static_branch_unlikely(&proc_stats_key))
		return timens_add_boottime_ns(boottime);
	return __proc_stats_started(file, boottime);
}

/* A task was forked into @cgrp. */
static inline void proc_stats_forked(struct cgroup *cgrp)
{
	if (static_branch_unlikely(&proc_stats_key))
		__proc_stats_forked(cgrp);
}

/**
 * proc_stats_own_cpus - the CPUs of current's container
 * @mask: is set to them
 *
 * Return: false if current is not in a container that shows its own.
 */
static inline bool proc_stats_own_cpus(struct cpumask *mask)
{
	return __proc_stats_own_cpus(mask);
}

/* Whether there is an instance that shows a cgroup. */
static inline bool proc_stats_in_use(void)
{
	return static_branch_unlikely(&proc_stats_key);
}

/* Makes of the machine's numbers those of current's container, if it has such. */
static inline void proc_stats_sysinfo(struct sysinfo *info)
{
	if (static_branch_unlikely(&proc_stats_key))
		__proc_stats_sysinfo(info);
}

#else /* !CONFIG_PROC_CGROUP_STATS */

static inline struct cgroup *proc_stats_cgroup(const struct file *file)
{
	return NULL;
}

static inline struct mem_cgroup *proc_stats_memcg(const struct file *file)
{
	return NULL;
}

static inline struct blkcg *proc_stats_blkcg(const struct file *file)
{
	return NULL;
}

static inline int proc_stats_meminfo(struct seq_file *m, struct mem_cgroup *memcg)
{
	return 0;
}

static inline int proc_stats_swaps(struct seq_file *m, struct mem_cgroup *memcg)
{
	return 0;
}

static inline int proc_stats_vmstat(const struct file *file,
				    struct mem_cgroup *memcg,
				    unsigned long *zone, unsigned long *node,
				    unsigned long *event)
{
	return 0;
}

static inline int proc_stats_slabinfo(struct mem_cgroup *memcg)
{
	return 0;
}

static inline int proc_stats_disk(struct seq_file *m, struct gendisk *disk,
				  struct blkcg *blkcg)
{
	return 0;
}

static inline int proc_stats_stat(struct seq_file *m, struct cgroup *cgrp)
{
	return 0;
}

static inline int proc_stats_uptime(struct seq_file *m, struct cgroup *cgrp)
{
	return 0;
}

static inline int proc_stats_loadavg(struct seq_file *m, struct cgroup *cgrp)
{
	return 0;
}

static inline int proc_stats_shows_cpu(const struct file *file, unsigned int cpu)
{
	return 1;
}

static inline u64 proc_stats_started(const struct file *file, u64 boottime)
{
	return timens_add_boottime_ns(boottime);
}

static inline void proc_stats_free(struct cgroup *cgrp)
{
}

static inline void proc_stats_forked(struct cgroup *cgrp)
{
}

static inline bool proc_stats_own_cpus(struct cpumask *mask)
{
	return false;
}

static inline bool proc_stats_in_use(void)
{
	return false;
}

static inline void proc_stats_sysinfo(struct sysinfo *info)
{
}

#endif /* CONFIG_PROC_CGROUP_STATS */
#endif /* _LINUX_PROC_STATS_H */

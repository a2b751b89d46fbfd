// SPDX-License-Identifier: GPL-2.0
/*
 * What procfs remembers of a cgroup that it shows (mount option stats=cgroup),
 * and what can be said of the tasks in it: how many there are, and their load.
 *
 * It is made when the option is first given for a cgroup and lives as long as
 * the cgroup, so that counters do not start again when a container mounts procfs
 * another time. It costs time only while an instance shows the cgroup.
 */

#include <linux/nsproxy.h>
#include <linux/pid_namespace.h>
#include <linux/sched/loadavg.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/sysinfo.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>

#include "cgroup-internal.h"
#include "proc_stats.h"

/* Protects the making of struct proc_stats, the list, the number of users and the samples. */
static DEFINE_MUTEX(proc_stats_mutex);
static LIST_HEAD(proc_stats_shown);

/* One by one, by their states as /proc/PID/status shows them; leaves out dead tasks. */
static void count_states(struct cgroup *cgrp, struct proc_stats_tasks *tasks)
{
	struct css_task_iter it;
	struct task_struct *p;

	css_task_iter_start(&cgrp->self, 0, &it);
	while ((p = css_task_iter_next(&it))) {
		unsigned int state = READ_ONCE(p->__state);

		tasks->total++;
		if (state == TASK_RUNNING)
			tasks->running++;
		else if ((state & TASK_UNINTERRUPTIBLE) &&
			 !(state & (TASK_NOLOAD | TASK_FROZEN)))
			tasks->blocked++;
		if (state != TASK_RUNNING && p->in_iowait)
			tasks->iowait++;
	}
	css_task_iter_end(&it);
}

static void count_total(struct cgroup *cgrp, struct proc_stats_tasks *tasks)
{
	tasks->total += cgroup_task_count(cgrp);
}

/* Those of the descendants are included. */
static void count_with(struct cgroup *cgrp, struct proc_stats_tasks *tasks,
		       void (*count)(struct cgroup *cgrp, struct proc_stats_tasks *tasks))
{
	struct cgroup_subsys_state *css;

	rcu_read_lock();
	css_for_each_descendant_pre(css, &cgrp->self) {
		if (!css_tryget(css))
			continue;
		rcu_read_unlock();
		count(css->cgroup, tasks);
		cond_resched();
		rcu_read_lock();
		css_put(css);
	}
	rcu_read_unlock();
}

/**
 * proc_stats_count - count the tasks of a cgroup
 * @cgrp: the cgroup; those of its descendants are included
 * @tasks: is set to the result
 *
 * Other than for the machine's load, a task that cpu.max keeps from running counts
 * as running: in the container there is work for one more CPU.
 *
 * PSI knows most of it without a look at each task. What it does not know,
 * @tasks->blocked, is then 0.
 */
void proc_stats_count(struct cgroup *cgrp, struct proc_stats_tasks *tasks)
{
	memset(tasks, 0, sizeof(*tasks));
	if (proc_stats_psi_count(cgrp, tasks))
		count_with(cgrp, tasks, count_total);
	else
		count_with(cgrp, tasks, count_states);
}

/*
 * When the loads were sampled, in jiffies. As calc_global_load() does for the machine
 * they are one LOAD_FREQ after the other, however late the work runs, and all of
 * them at once: by its own age a cgroup would be sampled now not at all, now twice.
 */
static unsigned long proc_stats_sampled;

/* When they should have been for the last time. */
static unsigned long proc_stats_sample_due(void)
{
	return proc_stats_sampled + (jiffies - proc_stats_sampled) / LOAD_FREQ * LOAD_FREQ;
}

static void queue_sample(struct delayed_work *work)
{
	unsigned long elapsed = jiffies - proc_stats_sampled;

	queue_delayed_work(system_dfl_wq, work, elapsed < LOAD_FREQ ? LOAD_FREQ - elapsed : 0);
}

static void sample_load(struct proc_stats *st)
{
	unsigned int periods = (proc_stats_sampled - st->sampled) / LOAD_FREQ;
	struct proc_stats_tasks tasks = {};
	unsigned long active;

	if (!periods)
		return;
	count_with(st->cgrp, &tasks, count_states);
	active = (unsigned long)(tasks.running + tasks.blocked) * FIXED_1;
	WRITE_ONCE(st->avenrun[0], calc_load_n(st->avenrun[0], EXP_1, active, periods));
	WRITE_ONCE(st->avenrun[1], calc_load_n(st->avenrun[1], EXP_5, active, periods));
	WRITE_ONCE(st->avenrun[2], calc_load_n(st->avenrun[2], EXP_15, active, periods));
	st->sampled += periods * LOAD_FREQ;
}

static void sample_loads(struct work_struct *work)
{
	struct proc_stats *st;

	guard(mutex)(&proc_stats_mutex);
	proc_stats_sampled = proc_stats_sample_due();
	list_for_each_entry(st, &proc_stats_shown, node)
		sample_load(st);
	if (!list_empty(&proc_stats_shown))
		queue_sample(to_delayed_work(work));
}

static DECLARE_DELAYED_WORK(proc_stats_work, sample_loads);

/**
 * proc_stats_loads - the load averages of a cgroup
 * @cgrp: the cgroup, for which the option was given
 * @loads: is set to them
 * @offset: offset to add
 * @shift: shift count to shift the result left
 *
 * As get_avenrun() for the machine, and no better protected.
 */
void proc_stats_loads(struct cgroup *cgrp, unsigned long *loads,
		      unsigned long offset, int shift)
{
	struct proc_stats *st = cgroup_proc_stats(cgrp);

	for (int i = 0; i < 3; i++)
		loads[i] = (READ_ONCE(st->avenrun[i]) + offset) << shift;
}

/* How many tasks there have been since the option was given, and before it were. */
u64 proc_stats_forks(struct cgroup *cgrp)
{
	return atomic64_read(&cgroup_proc_stats(cgrp)->forks);
}

void __proc_stats_forked(struct cgroup *cgrp)
{
	for (; cgrp; cgrp = cgroup_parent(cgrp)) {
		struct proc_stats *st = cgroup_proc_stats(cgrp);

		if (st)
			atomic64_inc(&st->forks);
	}
}

/**
 * proc_stats_start_of - when a container was started
 * @ns: its pid namespace
 *
 * Return: the start of its init, in nanoseconds since boot; 0 for the machine
 * itself, and if there is no init.
 */
u64 proc_stats_start_of(struct pid_namespace *ns)
{
	struct task_struct *init;

	if (ns == &init_pid_ns)
		return 0;
	guard(rcu)();
	init = find_task_by_pid_ns(1, ns);
	return init ? init->start_boottime : 0;
}

static struct proc_stats *proc_stats_make(struct cgroup *cgrp, u64 start)
{
	struct proc_stats_times *raw __free(kvfree) =
		kvcalloc(nr_cpu_ids, sizeof(*raw), GFP_KERNEL);
	cpumask_var_t shown __free(free_cpumask_var) = CPUMASK_VAR_NULL;
	struct proc_stats *st __free(kvfree) =
		kvzalloc(struct_size(st, cpu, nr_cpu_ids), GFP_KERNEL_ACCOUNT);
	struct proc_stats_tasks tasks;
	int err;

	if (!raw || !st || !alloc_cpumask_var(&shown, GFP_KERNEL))
		return ERR_PTR(-ENOMEM);
	err = proc_stats_cpus(cgrp, shown);
	if (err)
		return ERR_PTR(err);
	st->cgrp = cgrp;
	st->sampled = proc_stats_sample_due();
	spin_lock_init(&st->lock);
	proc_stats_raw_times(cgrp, raw);
	proc_stats_init_times(st, raw, shown, ktime_get_boottime_ns() - start);
	proc_stats_count(cgrp, &tasks);
	atomic64_set(&st->forks, tasks.total);
	return no_free_ptr(st);
}

/**
 * proc_stats_prepare - have something to remember a cgroup's numbers in
 * @cgrp: the cgroup
 * @start: when the container was started, for what is idle so far
 *
 * Return: 0, -ENOMEM, or -ENODEV if the cgroup was removed.
 */
int proc_stats_prepare(struct cgroup *cgrp, u64 start)
{
	struct proc_stats *st;

	guard(mutex)(&proc_stats_mutex);
	if (cgrp->proc_stats)
		return 0;
	st = proc_stats_make(cgrp, start);
	if (IS_ERR(st))
		return PTR_ERR(st);
	/* Pairs with the acquire in cgroup_proc_stats(). */
	smp_store_release(&cgrp->proc_stats, st);
	return 0;
}

/* An instance of procfs shows the cgroup from now on; it has been prepared. */
void proc_stats_get(struct cgroup *cgrp)
{
	struct proc_stats *st = cgrp->proc_stats;

	scoped_guard(mutex, &proc_stats_mutex) {
		if (!st->users++) {
			if (list_empty(&proc_stats_shown)) {
				proc_stats_sampled = proc_stats_sample_due();
				queue_sample(&proc_stats_work);
			}
			list_add_tail(&st->node, &proc_stats_shown);
		}
	}
	static_branch_inc(&proc_stats_key);
}

/* It does not any more. The work finds out that nothing is left to do. */
void proc_stats_put(struct cgroup *cgrp)
{
	struct proc_stats *st = cgrp->proc_stats;

	static_branch_dec(&proc_stats_key);
	guard(mutex)(&proc_stats_mutex);
	if (!--st->users)
		list_del(&st->node);
}

/* The cgroup is freed, so nobody can look any more. */
void proc_stats_free(struct cgroup *cgrp)
{
	kvfree(cgrp->proc_stats);
}

/* The cgroup that current is in a container of, if the container shows its own. */
static struct cgroup *proc_stats_own(void)
{
	struct cgroup *cgrp = current->nsproxy->cgroup_ns->root_cset->dfl_cgrp;
	struct proc_stats *st = cgroup_proc_stats(cgrp);

	return st && READ_ONCE(st->users) ? cgrp : NULL;
}

bool __proc_stats_own_cpus(struct cpumask *mask)
{
	struct cgroup *cgrp = proc_stats_own();

	return cgrp && !proc_stats_cpus(cgrp, mask);
}

/* Agrees with what the container's procfs shows in meminfo, loadavg and uptime. */
void __proc_stats_sysinfo(struct sysinfo *info)
{
	u64 start = proc_stats_start_of(task_active_pid_ns(current));
	struct cgroup *cgrp = proc_stats_own();
	struct proc_stats_tasks tasks;

	if (!cgrp || !css_is_online(&cgrp->self))
		return;
	proc_stats_si_mem(cgrp, info);
	proc_stats_loads(cgrp, info->loads, 0, SI_LOAD_SHIFT - FSHIFT);
	proc_stats_count(cgrp, &tasks);
	info->procs = tasks.total;
	if (start)
		info->uptime = DIV_ROUND_UP_ULL(ktime_get_boottime_ns() - start,
						NSEC_PER_SEC);
}

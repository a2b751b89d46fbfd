// SPDX-License-Identifier: GPL-2.0
/*
 * opbench: the idle time of operations that wait
 *
 * A CPU that waits for the next tick is idle, and how long it was the kernel knows to
 * a tick, as long as that was not stopped. For operations that wait each CPU has a
 * thread that runs when nobody else does (SCHED_IDLE) and takes the time: what the CPU
 * would have been idle is known to the nanosecond. Others do without: it would have a
 * slice of every 0.2 s or so that they run.
 *
 * That it runs also tells that everybody else has done what there was to do:
 * opbench_let_others_run() waits for that.
 */
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kernel_stat.h>
#include <linux/kthread.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <uapi/linux/sched/types.h>

#include "opbench.h"

/**
 * struct opbench_filler - who runs when nobody else does
 * @task: it
 * @b: the batch
 * @ns: how long it has run
 */
struct opbench_filler {
	struct task_struct *task;
	struct opbench *b;
	u64 ns;
};

static void opbench_wake_waiter(struct opbench *b)
{
	struct task_struct *waiter = READ_ONCE(b->waiter) ? xchg(&b->waiter, NULL) : NULL;

	if (waiter)
		wake_up_process(waiter);
}

/* It leaves the CPU here and nowhere else, with each tick at least: RCU sees it then. */
static int opbench_filler(void *data)
{
	struct opbench_filler *f = data;

	while (!kthread_should_stop()) {
		unsigned long tick = jiffies;
		u64 start;

		preempt_disable();
		start = ktime_get_ns();
		while (!need_resched() && READ_ONCE(jiffies) == tick) {
			opbench_wake_waiter(f->b);
			cpu_relax();
		}
		WRITE_ONCE(f->ns, f->ns + ktime_get_ns() - start);
		preempt_enable_no_resched();
		schedule();
	}
	return 0;
}

/**
 * opbench_fill_start() - have threads take what would be idle time, until opbench_fill_end()
 * @b: the batch
 */
int opbench_fill_start(struct opbench *b)
{
	static const struct sched_param param;
	int cpu;

	b->filler = kcalloc(nr_cpu_ids, sizeof(*b->filler), GFP_KERNEL);
	if (!b->filler)
		return -ENOMEM;
	for_each_online_cpu(cpu) {
		struct opbench_filler *f = &b->filler[cpu];
		struct task_struct *task = kthread_create(opbench_filler, f, "opbench/%d", cpu);

		if (IS_ERR(task)) {
			opbench_fill_end(b);
			return PTR_ERR(task);
		}
		kthread_bind(task, cpu);
		sched_setscheduler_nocheck(task, SCHED_IDLE, &param);
		f->task = task;
		f->b = b;
		wake_up_process(task);
	}
	return 0;
}

void opbench_fill_end(struct opbench *b)
{
	int cpu;

	for_each_possible_cpu(cpu)
		if (b->filler[cpu].task)
			kthread_stop(b->filler[cpu].task);
	kfree(b->filler);
}

/**
 * opbench_idle_ns() - how long the CPUs would have been idle so far
 * @b: the batch
 */
u64 opbench_idle_ns(struct opbench *b)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		if (b->filler)
			sum += READ_ONCE(b->filler[cpu].ns);
		else
			sum += kcpustat_field_idle(cpu) + kcpustat_field_iowait(cpu);
	return sum;
}

/**
 * opbench_let_others_run() - sleep until a CPU has nothing to do, for a tick at most
 * @b: the batch, of an operation that waits
 *
 * On more than one CPU that may come too soon: look again for what is awaited.
 */
void opbench_let_others_run(struct opbench *b)
{
	set_current_state(TASK_KILLABLE);
	WRITE_ONCE(b->waiter, current);
	schedule_timeout(1);
	/* A signal, a tick, or the filler just now */
	xchg(&b->waiter, NULL);
}

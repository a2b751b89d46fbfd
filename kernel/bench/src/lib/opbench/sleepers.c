// SPDX-License-Identifier: GPL-2.0
/* opbench: many tasks that sleep, in the caller's cgroup: to be woken, or to be moved along */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include <uapi/linux/sched/types.h>

#include "opbench.h"

/**
 * struct opbench_sleeper - a task that sleeps until it is woken, and then ends
 * @wake: what it waits for
 * @pid: of the task
 */
struct opbench_sleeper {
	struct completion wake;
	pid_t pid;
};

static bool opbench_gone(struct pid *pid)
{
	guard(rcu)();
	return !pid_task(pid, PIDTYPE_PID);
}

/**
 * opbench_await_thread() - wait until nothing is left of a thread of the caller's process
 * @nr: its id
 *
 * It reaps itself. The wait is not for signals: those that are fatal end the thread, too.
 */
void opbench_await_thread(pid_t nr)
{
	struct pid *pid = find_get_pid(nr);

	if (!pid)
		return;
	wait_event(pid->wait_pidfd, opbench_gone(pid));
	put_pid(pid);
}

static int opbench_sleep(void *arg)
{
	static const struct sched_param param;
	struct opbench_sleeper *s = arg;

	/* Whoever wakes it keeps the CPU. */
	sched_setscheduler_nocheck(current, SCHED_BATCH, &param);
	/* Its memory is there until its end has been waited for. */
	wait_for_completion_killable(&s->wake);
	do_exit(0);
}

static int opbench_add_sleeper(struct opbench_sleeper *s, u64 flags)
{
	struct kernel_clone_args args = {
		.flags		= flags | CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_UNTRACED,
		.exit_signal	= flags & CLONE_THREAD ? 0 : SIGCHLD,
		.fn		= opbench_sleep,
		.fn_arg		= s,
	};

	init_completion(&s->wake);
	s->pid = kernel_clone(&args);
	return s->pid < 0 ? s->pid : 0;
}

/* Wakes those that still sleep and waits for the end of all. */
static void opbench_end_sleepers(struct opbench *b, unsigned long n, u64 flags)
{
	struct opbench_sleeper *s = b->priv;
	unsigned long i;
	int status;

	for (i = 0; i < n; i++)
		complete(&s[i].wake);
	for (i = 0; i < n; i++)
		if (flags & CLONE_THREAD)
			opbench_await_thread(s[i].pid);
		else
			/* A signal ends the wait early, but not the task's use of its entry. */
			while (kernel_wait(s[i].pid, &status) == -ERESTARTSYS)
				schedule_timeout_uninterruptible(1);
	kvfree(s);
}

/**
 * opbench_sleepers() - have tasks that sleep, in the caller's cgroup
 * @b: the batch; they are its @priv until opbench_sleepers_end()
 * @n: how many; at least one
 * @flags: CLONE_THREAD | CLONE_SIGHAND for threads of the caller, 0 for processes
 *
 * Return: 0 when all of them sleep, or a negative errno.
 */
int opbench_sleepers(struct opbench *b, unsigned long n, u64 flags)
{
	struct opbench_sleeper *s = kvcalloc(n, sizeof(*s), GFP_KERNEL);
	unsigned long i;
	int err = s ? 0 : -ENOMEM;

	if (err)
		return err;
	b->priv = s;
	for (i = 0; i < n; i++) {
		err = opbench_add_sleeper(&s[i], flags) ?: opbench_stop();
		if (err) {
			opbench_end_sleepers(b, s[i].pid < 0 ? i : i + 1, flags);
			return err;
		}
	}
	/* The idle CPU takes those off its queue that the scheduler has left there. */
	schedule_timeout_killable(2);
	b->size = n;
	b->flags = flags;
	return 0;
}

void opbench_sleepers_end(struct opbench *b)
{
	opbench_end_sleepers(b, b->size, b->flags);
}

pid_t opbench_sleeper_pid(struct opbench *b, unsigned long i)
{
	struct opbench_sleeper *s = b->priv;

	return s[i].pid;
}

static int opbench_wake_prepare(struct opbench *b)
{
	return opbench_sleepers(b, b->done + b->warm, 0);
}

static int opbench_wake(struct opbench *b, unsigned long n)
{
	struct opbench_sleeper *s = b->priv;
	int err = 0;

	while (!err && n--) {
		complete(&s[b->pos++].wake);
		err = opbench_stop();
	}
	return err;
}

const struct opbench_op opbench_sleeper_ops[] = {
	{
		.name = "wake", .run = opbench_wake, .max = OPBENCH_MAX_TASKS,
		.prepare = opbench_wake_prepare, .finish = opbench_sleepers_end,
		.what = "wake a task that sleeps, without giving it the CPU",
	},
	{ }
};

// SPDX-License-Identifier: GPL-2.0
/* opbench: tasks that begin and end, and tasks that wake each other */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "opbench.h"

static int opbench_child(void *unused)
{
	do_exit(0);
}

/* A child of the calling task, in its cgroup, until it has ended. */
int opbench_spawn(struct opbench *b, unsigned long n, u64 flags)
{
	while (n--) {
		struct kernel_clone_args args = {
			.flags		= flags | CLONE_UNTRACED,
			.exit_signal	= SIGCHLD,
			.fn		= opbench_child,
		};
		pid_t pid = kernel_clone(&args);
		int status;

		/* pids.max is an answer, and what it costs a question of its own */
		if (pid == -EAGAIN)
			b->refused++;
		else if (pid < 0)
			return pid;
		else if (kernel_wait(pid, &status) != pid)
			return -EINTR;
		if (opbench_stop())
			return -EINTR;
	}
	return 0;
}

static int opbench_fork(struct opbench *b, unsigned long n)
{
	return opbench_spawn(b, n, 0);
}

static int opbench_clone(struct opbench *b, unsigned long n)
{
	return opbench_spawn(b, n, CLONE_VM | CLONE_FS | CLONE_FILES);
}

/* Until it has reaped itself, which is later than its user space would see. */
static int opbench_thread(struct opbench *b, unsigned long n)
{
	while (n--) {
		struct kernel_clone_args args = {
			.flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
				 CLONE_SYSVSEM | CLONE_UNTRACED,
			.fn = opbench_child,
		};
		pid_t pid = kernel_clone(&args);

		if (pid == -EAGAIN)
			b->refused++;
		else if (pid > 0)
			opbench_await_thread(pid);
		else
			return pid;
		if (opbench_stop())
			return -EINTR;
	}
	return 0;
}

/**
 * struct opbench_pair - two tasks that take turns
 * @ping: the caller's turn is over
 * @pong: the partner's turn is over
 * @leave: the partner is to end at its next turn
 * @pid: of the partner
 */
struct opbench_pair {
	struct completion ping, pong;
	bool leave;
	pid_t pid;
};

static int opbench_partner(void *arg)
{
	struct opbench_pair *pair = arg;

	/* The caller waits for the end of this task before the pair goes. */
	while (!wait_for_completion_killable(&pair->ping) && !pair->leave)
		complete(&pair->pong);
	do_exit(0);
}

static int opbench_pair_prepare(struct opbench *b)
{
	struct kernel_clone_args args = {
		.flags		= CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_UNTRACED,
		.exit_signal	= SIGCHLD,
		.fn		= opbench_partner,
	};
	struct opbench_pair *pair = kzalloc(sizeof(*pair), GFP_KERNEL);

	if (!pair)
		return -ENOMEM;
	init_completion(&pair->ping);
	init_completion(&pair->pong);
	args.fn_arg = pair;
	pair->pid = kernel_clone(&args);
	if (pair->pid < 0) {
		int err = pair->pid;

		kfree(pair);
		return err;
	}
	b->priv = pair;
	return 0;
}

static void opbench_pair_finish(struct opbench *b)
{
	struct opbench_pair *pair = b->priv;
	int status;

	pair->leave = true;
	complete(&pair->ping);
	/* A signal ends the wait early, but not the partner's use of the pair. */
	while (kernel_wait(pair->pid, &status) == -ERESTARTSYS)
		cond_resched();
	kfree(pair);
}

static int opbench_switch(struct opbench *b, unsigned long n)
{
	struct opbench_pair *pair = b->priv;

	while (n--) {
		complete(&pair->ping);
		if (wait_for_completion_killable(&pair->pong))
			return -EINTR;
	}
	return 0;
}

const struct opbench_op opbench_task_ops[] = {
	{
		.name = "fork", .run = opbench_fork,
		.what = "fork a process with a copy of the memory map, wait for its end",
	}, {
		.name = "clone", .run = opbench_clone,
		.what = "clone a task that shares the memory map, wait for its end",
	}, {
		.name = "thread", .run = opbench_thread,
		.what = "clone a thread of the same process, wait for its end",
	}, {
		.name = "switch", .run = opbench_switch,
		.prepare = opbench_pair_prepare, .finish = opbench_pair_finish,
		.what = "wake another task and sleep until it wakes this one: two context switches",
	},
	{ }
};

// SPDX-License-Identifier: GPL-2.0
/* opbench: programs that are executed */
#include <linux/binfmts.h>
#include <linux/err.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "opbench.h"

/**
 * struct opbench_program - what a child executes
 * @b: path= is the program, text= its one argument
 * @err: why it could not
 */
struct opbench_program {
	const struct opbench *b;
	int err;
};

/* The program is in place and has not begun: user space has no part in it. */
static int opbench_become(void *arg)
{
	struct opbench_program *p = arg;
	const char * const argv[] = { p->b->path, p->b->text, NULL };
	static const char * const envp[] = { NULL };

	p->err = kernel_execve(p->b->path, argv, envp);
	do_exit(0);
}

static int opbench_exec_one(struct opbench *b)
{
	struct opbench_program program = { .b = b };
	struct kernel_clone_args args = {
		.flags		= CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_UNTRACED,
		.exit_signal	= SIGCHLD,
		.fn		= opbench_become,
		.fn_arg		= &program,
	};
	pid_t pid = kernel_clone(&args);
	int status, got;

	if (pid == -EAGAIN) {
		b->refused++;
		return 0;
	}
	if (pid < 0)
		return pid;
	/* A signal ends the wait early, but not the child's use of the stack here. */
	while ((got = kernel_wait(pid, &status)) == -ERESTARTSYS)
		schedule_timeout_uninterruptible(1);
	return got == pid ? program.err : -ECHILD;
}

static int opbench_exec(struct opbench *b, unsigned long n)
{
	int err = 0;

	while (!err && n--)
		err = opbench_exec_one(b) ?: opbench_stop();
	return err;
}

const struct opbench_op opbench_exec_ops[] = {
	{
		.name = "exec", .run = opbench_exec, .needs = OPBENCH_NEEDS_PATH,
		.what = "clone a task that executes path= and ends before its first instruction",
	},
	{ }
};

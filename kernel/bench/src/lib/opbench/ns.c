// SPDX-License-Identifier: GPL-2.0
/*
 * opbench: namespaces. The calling task leaves its own for a new one again and
 * again, and each is destroyed when the next one takes its place; at the end the
 * task sits in the last.
 */
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/syscalls.h>
#include <linux/task_work.h>

#include "opbench.h"

static int opbench_unshare(struct opbench *b, unsigned long n, unsigned long flag)
{
	int err = 0;

	while (!err && n--) {
		err = ksys_unshare(flag);
		/* Parts of the old one may wait for the way back to user space. */
		if (task_work_pending(current))
			task_work_run();
		err = err ?: opbench_stop();
	}
	return err;
}

#define OPBENCH_NS(name, flag)							\
static int opbench_ns_##name(struct opbench *b, unsigned long n)		\
{										\
	return opbench_unshare(b, n, flag);					\
}

OPBENCH_NS(uts, CLONE_NEWUTS)
OPBENCH_NS(ipc, CLONE_NEWIPC)
OPBENCH_NS(mnt, CLONE_NEWNS)
OPBENCH_NS(net, CLONE_NEWNET)
OPBENCH_NS(cgroup, CLONE_NEWCGROUP)
OPBENCH_NS(time, CLONE_NEWTIME)

/* A task cannot leave these two by itself: a child is in them from its first moment to its end. */
#define OPBENCH_NS_CHILD(name, flag)						\
static int opbench_ns_##name(struct opbench *b, unsigned long n)		\
{										\
	return opbench_spawn(b, n, CLONE_VM | CLONE_FILES | (flag));		\
}

OPBENCH_NS_CHILD(pid, CLONE_NEWPID)
OPBENCH_NS_CHILD(user, CLONE_NEWUSER)

const struct opbench_op opbench_ns_ops[] = {
	{
		.name = "ns-uts", .run = opbench_ns_uts,
		.what = "a new uts namespace in place of the old",
	},
	{
		.name = "ns-ipc", .run = opbench_ns_ipc, .max = OPBENCH_MAX_NS, .waits = true,
		.what = "a new ipc namespace in place of the old, which a work queue destroys",
	},
	{
		.name = "ns-mnt", .run = opbench_ns_mnt, .waits = true,
		.what = "a copy of all mounts in place of the old",
	},
	{
		.name = "ns-net", .run = opbench_ns_net, .max = OPBENCH_MAX_NS, .waits = true,
		.what = "a new net namespace in place of the old, which a work queue destroys",
	},
	{
		.name = "ns-cgroup", .run = opbench_ns_cgroup,
		.what = "a new cgroup namespace in place of the old",
	},
	{
		.name = "ns-time", .run = opbench_ns_time,
		.what = "a new time namespace for the task's children in place of the old",
	},
	{
		.name = "ns-pid", .run = opbench_ns_pid, .max = OPBENCH_MAX_NS,
		.what = "clone the first task of a new pid namespace, wait for its end",
	},
	{
		.name = "ns-user", .run = opbench_ns_user, .max = OPBENCH_MAX_NS,
		.what = "clone a task in a new user namespace, wait for its end",
	},
	{ }
};

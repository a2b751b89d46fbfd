// SPDX-License-Identifier: GPL-2.0
/*
 * opbench: namespaces made and destroyed apart. The calling task stays where it
 * is: they are made as unshare(2) makes them, and held by nobody but the batch.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/fs_struct.h>
#include <linux/jiffies.h>
#include <linux/nsfs.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/task_work.h>
#include <linux/user_namespace.h>

#include "opbench.h"

#define OPBENCH_NS_PATIENCE	(60 * HZ)

/* A copy of all mounts moves whoever makes it into itself: only a copy of the task's folders. */
static int opbench_new_mounts(struct nsproxy **ns)
{
	struct fs_struct *fs = copy_fs_struct(current->fs);
	int err;

	if (!fs)
		return -ENOMEM;
	err = unshare_nsproxy_namespaces(CLONE_NEWNS, ns, NULL, fs);
	free_fs_struct(fs);
	return err;
}

static int opbench_ns_create(struct opbench *b, unsigned long n)
{
	struct nsproxy **all = b->priv;
	int err = 0;

	while (!err && n--) {
		struct nsproxy *ns;

		if (b->flags == CLONE_NEWNS)
			err = opbench_new_mounts(&ns);
		else
			err = unshare_nsproxy_namespaces(b->flags, &ns, NULL, NULL);
		if (err)
			break;
		nsproxy_ns_active_get(ns);
		all[b->size++] = ns;
		err = opbench_stop();
	}
	return err;
}

static long opbench_ns_count(const struct opbench *b)
{
	enum ucount_type type;

	switch (b->flags) {
	case CLONE_NEWUTS:
		type = UCOUNT_UTS_NAMESPACES;
		break;
	case CLONE_NEWIPC:
		type = UCOUNT_IPC_NAMESPACES;
		break;
	case CLONE_NEWNS:
		type = UCOUNT_MNT_NAMESPACES;
		break;
	case CLONE_NEWNET:
		type = UCOUNT_NET_NAMESPACES;
		break;
	case CLONE_NEWCGROUP:
		type = UCOUNT_CGROUP_NAMESPACES;
		break;
	default:
		type = UCOUNT_TIME_NAMESPACES;
		break;
	}
	return atomic_long_read(&current_ucounts()->ucount[type]);
}

/*
 * Work queues destroy some of them: each kind is at last taken off the user's count. Others of
 * the same user that come meanwhile would be waited for as well, so there is an end to it.
 */
static int opbench_ns_await(struct opbench *b, long count)
{
	unsigned long end = jiffies + OPBENCH_NS_PATIENCE;

	while (opbench_ns_count(b) > count) {
		if (time_after(jiffies, end))
			return -ETIMEDOUT;
		schedule_timeout_killable(1);
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	return 0;
}

static int opbench_ns_destroy(struct opbench *b, unsigned long n)
{
	struct nsproxy **all = b->priv;
	long count = opbench_ns_count(b) - n;
	int err = 0;

	while (!err && n--) {
		put_nsproxy(all[b->pos++]);
		/* Mounts wait for the way back to user space. */
		if (task_work_pending(current))
			task_work_run();
		err = opbench_stop();
	}
	return err ?: opbench_ns_await(b, count);
}

static void opbench_ns_finish(struct opbench *b)
{
	struct nsproxy **all = b->priv;

	while (b->pos < b->size)
		put_nsproxy(all[b->pos++]);
	kvfree(all);
}

static int opbench_ns_prepare(struct opbench *b, u64 flag)
{
	b->flags = flag;
	b->priv = kvcalloc(b->done + b->warm, sizeof(struct nsproxy *), GFP_KERNEL);
	return b->priv ? 0 : -ENOMEM;
}

static int opbench_ns_prepare_all(struct opbench *b, u64 flag)
{
	int err = opbench_ns_prepare(b, flag);

	if (err)
		return err;
	err = opbench_ns_create(b, b->done + b->warm);
	if (err)
		opbench_ns_finish(b);
	return err;
}

#define OPBENCH_NS(name, flag)							\
static int opbench_##name##_prepare(struct opbench *b)				\
{										\
	return opbench_ns_prepare(b, flag);					\
}										\
static int opbench_##name##_prepare_all(struct opbench *b)			\
{										\
	return opbench_ns_prepare_all(b, flag);					\
}

OPBENCH_NS(uts, CLONE_NEWUTS)
OPBENCH_NS(ipc, CLONE_NEWIPC)
OPBENCH_NS(mnt, CLONE_NEWNS)
OPBENCH_NS(net, CLONE_NEWNET)
OPBENCH_NS(cgroup, CLONE_NEWCGROUP)
OPBENCH_NS(time, CLONE_NEWTIME)

#define OPBENCH_CREATE(ns, does_wait)						\
	{									\
		.name = "ns-" #ns "-create", .run = opbench_ns_create,		\
		.max = OPBENCH_MAX_NS, .waits = (does_wait),			\
		.prepare = opbench_##ns##_prepare, .finish = opbench_ns_finish,	\
		.what = "make a new " #ns " namespace that nobody enters",	\
	}

#define OPBENCH_DESTROY(ns, does_wait)						\
	{									\
		.name = "ns-" #ns "-destroy", .run = opbench_ns_destroy,	\
		.max = OPBENCH_MAX_NS, .waits = (does_wait),			\
		.prepare = opbench_##ns##_prepare_all,				\
		.finish = opbench_ns_finish,					\
		.what = "give up a " #ns " namespace that nobody has entered, to its end",	\
	}

const struct opbench_op opbench_nsproxy_ops[] = {
	OPBENCH_CREATE(uts, false), OPBENCH_DESTROY(uts, false),
	OPBENCH_CREATE(ipc, true), OPBENCH_DESTROY(ipc, true),
	OPBENCH_CREATE(mnt, true), OPBENCH_DESTROY(mnt, true),
	OPBENCH_CREATE(net, true), OPBENCH_DESTROY(net, true),
	OPBENCH_CREATE(cgroup, false), OPBENCH_DESTROY(cgroup, false),
	OPBENCH_CREATE(time, false), OPBENCH_DESTROY(time, false),
	{ }
};

// SPDX-License-Identifier: GPL-2.0
/*
 * opbench: namespaces made and destroyed apart. The calling task stays where it
 * is: they are made as unshare(2) makes them, and held by nobody but the batch.
 */
#include <linux/err.h>
#include <linux/fs_struct.h>
#include <linux/nsfs.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/task_work.h>

#include "opbench.h"

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

static int opbench_ns_destroy(struct opbench *b, unsigned long n)
{
	struct nsproxy **all = b->priv;
	int err = 0;

	while (!err && n--) {
		put_nsproxy(all[b->pos++]);
		/* Mounts wait for the way back to user space. */
		if (task_work_pending(current))
			task_work_run();
		err = opbench_stop();
	}
	return err;
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

#define OPBENCH_CREATE(ns)							\
	{									\
		.name = "ns-" #ns "-create", .run = opbench_ns_create,		\
		.max = OPBENCH_MAX_NS,						\
		.prepare = opbench_##ns##_prepare, .finish = opbench_ns_finish,	\
		.what = "make a new " #ns " namespace that nobody enters",	\
	}

#define OPBENCH_DESTROY(ns)							\
	{									\
		.name = "ns-" #ns "-destroy", .run = opbench_ns_destroy,	\
		.max = OPBENCH_MAX_NS,						\
		.prepare = opbench_##ns##_prepare_all,				\
		.finish = opbench_ns_finish,					\
		.what = "give up a " #ns " namespace that nobody has entered",	\
	}

const struct opbench_op opbench_nsproxy_ops[] = {
	OPBENCH_CREATE(uts), OPBENCH_DESTROY(uts),
	OPBENCH_CREATE(ipc), OPBENCH_DESTROY(ipc),
	OPBENCH_CREATE(mnt), OPBENCH_DESTROY(mnt),
	OPBENCH_CREATE(net), OPBENCH_DESTROY(net),
	OPBENCH_CREATE(cgroup), OPBENCH_DESTROY(cgroup),
	OPBENCH_CREATE(time), OPBENCH_DESTROY(time),
	{ }
};

// SPDX-License-Identifier: GPL-2.0
/* opbench: cgroups made and removed apart, many tasks moved, statistics brought in */
#include <linux/cgroup.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "opbench.h"

/* In its own folder, which nobody else makes anything in. */
static int opbench_folder(struct opbench *b, unsigned long i, int (*act)(const char *name))
{
	char *name __free(kfree) = kasprintf(GFP_KERNEL, "%s/opbench-%lu", b->path, i);

	return name ? act(name) : -ENOMEM;
}

/* b->size have been made, and b->pos of them removed again. */
static int opbench_create(struct opbench *b, unsigned long n)
{
	int err = 0;

	while (!err && n--) {
		err = opbench_folder(b, b->size, opbench_make_folder);
		if (!err)
			b->size++;
		else if (err == -EAGAIN)
			b->refused++;
		err = (err == -EAGAIN ? 0 : err) ?: opbench_stop();
	}
	return err;
}

static int opbench_destroy(struct opbench *b, unsigned long n)
{
	int err = 0;

	while (!err && n--) {
		err = opbench_folder(b, b->pos, opbench_remove_folder);
		if (!err)
			b->pos++;
		err = err ?: opbench_stop();
	}
	return err;
}

/* Whatever happens: what is left has to go. */
static void opbench_remove_rest(struct opbench *b)
{
	while (b->pos < b->size)
		opbench_folder(b, b->pos++, opbench_remove_folder);
}

static int opbench_destroy_prepare(struct opbench *b)
{
	int err = opbench_create(b, b->done + b->warm);

	if (!err && b->refused)
		err = -EAGAIN;
	if (err)
		opbench_remove_rest(b);
	return err;
}

static int opbench_migrate_prepare(struct opbench *b, u64 flags)
{
	int i, err = opbench_open(b, O_WRONLY);

	for (i = 0; !err && i < ARRAY_SIZE(b->file); i++)
		if (!opbench_is_control_file(b->file[i], "cgroup.procs"))
			err = -EINVAL;
	err = err ?: opbench_sleepers(b, b->tasks, flags);
	if (err)
		opbench_close(b);
	return err;
}

static int opbench_threads_prepare(struct opbench *b)
{
	return opbench_migrate_prepare(b, CLONE_THREAD | CLONE_SIGHAND);
}

static int opbench_processes_prepare(struct opbench *b)
{
	return opbench_migrate_prepare(b, 0);
}

static void opbench_migrate_finish(struct opbench *b)
{
	opbench_sleepers_end(b);
	opbench_close(b);
}

static int opbench_move(struct file *file, pid_t pid)
{
	char text[16];
	int size = scnprintf(text, sizeof(text), "%d", pid);
	loff_t pos = 0;
	ssize_t put = kernel_write(file, text, size, &pos);

	return put < 0 ? put : 0;
}

static int opbench_migrate_threads(struct opbench *b, unsigned long n)
{
	int err = 0;

	while (!err && n--)
		err = opbench_move(b->file[b->pos++ & 1], 0) ?: opbench_stop();
	return err;
}

static int opbench_migrate_processes(struct opbench *b, unsigned long n)
{
	int err = 0;

	while (!err && n--) {
		struct file *to = b->file[b->pos++ & 1];
		unsigned long i;

		for (i = 0; !err && i < b->tasks; i++)
			err = opbench_move(to, opbench_sleeper_pid(b, i)) ?: opbench_stop();
	}
	return err;
}

static int opbench_flush_prepare(struct opbench *b)
{
	struct cgroup_subsys_state *css;
	int err = opbench_open(b, O_RDONLY);

	if (err)
		return err;
	if (opbench_is_control_file(b->file[0], NULL)) {
		css = seq_css(b->file[0]->private_data);
		if ((!css->ss || css->ss->css_rstat_flush) && css_tryget(css)) {
			b->priv = css;
			return 0;
		}
	}
	opbench_close(b);
	return -EINVAL;
}

static void opbench_flush_finish(struct opbench *b)
{
	css_put(b->priv);
	opbench_close(b);
}

/* As if something had happened in each of them since the last time. */
static void opbench_update(struct cgroup_subsys_state *root)
{
	struct cgroup_subsys_state *pos;

	guard(rcu)();
	guard(preempt)();
	css_for_each_descendant_pre(pos, root)
		__css_rstat_updated(pos, smp_processor_id());
}

static int opbench_flush(struct opbench *b, unsigned long n)
{
	int err = 0;

	while (!err && n--) {
		opbench_update(b->priv);
		css_rstat_flush(b->priv);
		err = opbench_stop();
	}
	return err;
}

const struct opbench_op opbench_group_ops[] = {
	{
		.name = "create", .run = opbench_create, .needs = OPBENCH_NEEDS_PATH,
		.max = OPBENCH_MAX_FOLDERS, .finish = opbench_remove_rest,
		.what = "make a folder in path= beside the others: in cgroupfs, a cgroup",
	}, {
		.name = "destroy", .run = opbench_destroy, .needs = OPBENCH_NEEDS_PATH,
		.max = OPBENCH_MAX_FOLDERS,
		.prepare = opbench_destroy_prepare, .finish = opbench_remove_rest,
		.what = "remove a folder from path=, one of many: in cgroupfs, a cgroup",
	}, {
		.name = "migrate-threads", .run = opbench_migrate_threads,
		.needs = OPBENCH_NEEDS_PATH | OPBENCH_NEEDS_PATH2,
		.prepare = opbench_threads_prepare, .finish = opbench_migrate_finish,
		.what = "move the task, with tasks= threads more, from one cgroup to the other",
	}, {
		.name = "migrate-tasks", .run = opbench_migrate_processes,
		.needs = OPBENCH_NEEDS_PATH | OPBENCH_NEEDS_PATH2,
		.prepare = opbench_processes_prepare, .finish = opbench_migrate_finish,
		.what = "move tasks= other processes, one by one, from one cgroup to the other",
	}, {
		.name = "flush", .run = opbench_flush, .needs = OPBENCH_NEEDS_PATH,
		.prepare = opbench_flush_prepare, .finish = opbench_flush_finish,
		.what = "mark a cgroup and all below it as changed, bring their statistics in",
	},
	{ }
};

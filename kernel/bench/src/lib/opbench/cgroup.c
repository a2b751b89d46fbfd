// SPDX-License-Identifier: GPL-2.0
/* opbench: what a control file alone does not show the end of */
#include <linux/cgroup.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "opbench.h"

static bool opbench_inside(struct cgroup *cgrp)
{
	guard(rcu)();
	return cgroup_is_descendant(task_dfl_cgroup(current), cgrp);
}

/**
 * opbench_is_control_file() - whether a file is one of a cgroup in the unified hierarchy
 * @file: it
 * @name: which it has to be; NULL for any
 */
bool opbench_is_control_file(const struct file *file, const char *name)
{
	return file->f_inode->i_sb->s_magic == CGROUP2_SUPER_MAGIC &&
	       S_ISREG(file->f_inode->i_mode) &&
	       (!name || !strcmp(file->f_path.dentry->d_name.name, name));
}

static int opbench_freeze_prepare(struct opbench *b)
{
	struct file *file;
	int err = opbench_open(b, O_WRONLY);

	if (err)
		return err;
	file = b->file[0];
	if (!opbench_is_control_file(file, "cgroup.freeze")) {
		opbench_close(b);
		return -EINVAL;
	}
	/* The open file keeps it. */
	b->priv = seq_css(file->private_data)->cgroup;
	if (opbench_inside(b->priv)) {
		opbench_close(b);
		return -EDEADLK;
	}
	return 0;
}

/* All who stand still at and below @cgrp. */
static unsigned long opbench_standing(struct cgroup *cgrp)
{
	struct cgroup_subsys_state *css;
	unsigned long sum = 0;

	guard(rcu)();
	css_for_each_descendant_pre(css, &cgrp->self)
		sum += READ_ONCE(css->cgroup->freezer.nr_frozen_tasks);
	return sum;
}

/*
 * The write only asks for it: the cgroup is frozen when the last task has stopped, and
 * thawed when the last one runs. One that has not run yet would be frozen again for nothing.
 */
static int opbench_freeze(struct opbench *b, unsigned long n)
{
	struct cgroup *cgrp = b->priv;

	while (n--) {
		loff_t pos = 0;
		ssize_t put;

		put = kernel_write(b->file[0], "1", 1, &pos);
		while (put == 1 && !test_bit(CGRP_FROZEN, &cgrp->flags) &&
		       !fatal_signal_pending(current))
			opbench_let_others_run(b);
		pos = 0;
		if (put == 1)
			put = kernel_write(b->file[0], "0", 1, &pos);
		if (put != 1)
			return put < 0 ? put : -EIO;
		while (opbench_standing(cgrp) && !fatal_signal_pending(current))
			opbench_let_others_run(b);
		if (opbench_stop())
			return -EINTR;
	}
	return 0;
}

const struct opbench_op opbench_cgroup_ops[] = {
	{
		.name = "freeze", .run = opbench_freeze, .needs = OPBENCH_NEEDS_PATH, .waits = true,
		.prepare = opbench_freeze_prepare, .finish = opbench_close,
		.what = "freeze all that is in a cgroup, by its cgroup.freeze, and thaw it",
	},
	{ }
};

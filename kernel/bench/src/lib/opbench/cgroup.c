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

/* The write only asks for it: the cgroup is frozen when the last task has stopped. */
static int opbench_freeze(struct opbench *b, unsigned long n)
{
	struct cgroup *cgrp = b->priv;

	while (n--) {
		loff_t pos = 0;
		ssize_t put;

		put = kernel_write(b->file[0], "1", 1, &pos);
		/* The sleep is idle time and not in the result, what the tasks do is. */
		while (put == 1 && !test_bit(CGRP_FROZEN, &cgrp->flags) &&
		       !fatal_signal_pending(current))
			schedule_timeout_killable(1);
		pos = 0;
		if (put == 1)
			put = kernel_write(b->file[0], "0", 1, &pos);
		if (put != 1)
			return put < 0 ? put : -EIO;
		if (opbench_stop())
			return -EINTR;
	}
	return 0;
}

const struct opbench_op opbench_cgroup_ops[] = {
	{
		.name = "freeze", .run = opbench_freeze, .needs = OPBENCH_NEEDS_PATH,
		.prepare = opbench_freeze_prepare, .finish = opbench_close,
		.what = "freeze a cgroup through its cgroup.freeze until all of it stands, thaw it",
	},
	{ }
};

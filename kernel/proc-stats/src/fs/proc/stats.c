// SPDX-License-Identifier: GPL-2.0
/*
 * Mount option stats=cgroup of procfs: an instance whose statistics are those
 * of a cgroup.
 *
 * The cgroup is the root of the cgroup namespace of whoever gives the option,
 * which is the container as seen from inside it. The instance keeps that cgroup
 * for its life: neither who reads a file nor where tasks are moved to changes
 * whose numbers are shown.
 *
 * For what a controller accounts, the cgroup's effective css counts, as it does
 * for the tasks in it: where the controller is not enabled for the cgroup, the
 * nearest ancestor's numbers are shown, because what is not controlled apart
 * has no numbers apart. If that is the root, or the controller is on a v1
 * hierarchy, they are the machine's.
 */

#include <linux/cgroup.h>
#include <linux/fs_context.h>
#include <linux/nsproxy.h>
#include <linux/pid_namespace.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#include "stats.h"

DEFINE_STATIC_KEY_FALSE(proc_stats_key);

/* The root of current's cgroup namespace, with a reference. NULL: the real root. */
static struct cgroup *proc_stats_own_cgroup(void)
{
	struct cgroup *cgrp = current->nsproxy->cgroup_ns->root_cset->dfl_cgrp;

	if (!cgroup_parent(cgrp))
		return NULL;
	if (!css_is_online(&cgrp->self) || !cgroup_tryget(cgrp))
		return ERR_PTR(-ENODEV);
	return cgrp;
}

/**
 * proc_stats_parse - take the value of the mount option
 * @fc: the context that it was given to
 * @opt: where it is kept until there is a superblock
 * @value: the value
 *
 * Return: 0, -EINVAL if there is no such value, -ENOMEM, -ENODEV if the root of
 * the caller's cgroup namespace was removed.
 */
int proc_stats_parse(struct fs_context *fc, struct proc_stats_opt *opt,
		     const char *value)
{
	struct pid_namespace *ns = task_active_pid_ns(current);
	struct cgroup *cgrp = NULL;
	bool on;
	int err;

	if (!strcmp(value, "cgroup"))
		on = true;
	else if (!strcmp(value, "system"))
		on = false;
	else
		return invalf(fc, "proc: unknown value of stats - %s\n", value);

	/* An instance keeps its cgroup when it is reconfigured. */
	if (on && fc->purpose != FS_CONTEXT_FOR_RECONFIGURE) {
		cgrp = proc_stats_own_cgroup();
		err = PTR_ERR_OR_ZERO(cgrp);
		if (!err && cgrp) {
			err = proc_stats_prepare(cgrp, proc_stats_start_of(ns));
			if (err)
				cgroup_put(cgrp);
		}
		if (err == -ENODEV)
			errorfc(fc, "the root of the cgroup namespace was removed");
		if (err)
			return err;
	}
	proc_stats_drop(opt);
	opt->on = on;
	opt->cgrp = cgrp;
	return 0;
}

/* Gives up what was parsed. */
void proc_stats_drop(struct proc_stats_opt *opt)
{
	if (opt->cgrp)
		cgroup_put(opt->cgrp);
	opt->cgrp = NULL;
	opt->on = false;
}

/* Hands what was parsed over to a new superblock, which shows the tasks of @ns. */
void proc_stats_mount(struct proc_stats_opt *sb_opt, struct proc_stats_opt *opt,
		      struct pid_namespace *ns)
{
	*sb_opt = *opt;
	opt->cgrp = NULL;
	if (!sb_opt->cgrp)
		return;
	sb_opt->start = proc_stats_start_of(ns);
	proc_stats_get(sb_opt->cgrp);
}

/* The superblock goes, after the last of its files was closed. */
void proc_stats_umount(struct proc_stats_opt *sb_opt)
{
	if (sb_opt->cgrp)
		proc_stats_put(sb_opt->cgrp);
	proc_stats_drop(sb_opt);
}

void proc_stats_show_option(struct seq_file *m, const struct proc_stats_opt *opt)
{
	if (opt->on)
		seq_puts(m, ",stats=cgroup");
}

struct cgroup *__proc_stats_cgroup(const struct file *file)
{
	struct cgroup *cgrp = proc_sb_info(file_inode(file)->i_sb)->stats.cgrp;

	if (!cgrp || css_is_online(&cgrp->self))
		return cgrp;
	return ERR_PTR(-ENODEV);
}

/**
 * proc_stats_e_css - the css that counts for a cgroup
 * @cgrp: the cgroup
 * @ss: the controller
 *
 * Return: its effective css with a reference, NULL if that is the root's and so
 * the machine's numbers count, or ERR_PTR(-ENODEV) if the cgroup was removed.
 */
struct cgroup_subsys_state *proc_stats_e_css(struct cgroup *cgrp,
					     struct cgroup_subsys *ss)
{
	struct cgroup_subsys_state *css = cgroup_get_e_css(cgrp, ss);

	/*
	 * The csses of a cgroup that is being removed are killed after it was
	 * marked offline. If that made us pass by its own css, and take an
	 * ancestor's which is nobody's business, the mark is seen here.
	 */
	smp_rmb();
	if (!css_is_online(&cgrp->self)) {
		css_put(css);
		return ERR_PTR(-ENODEV);
	}
	if (!css->parent) {
		css_put(css);
		return NULL;
	}
	return css;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: the freezer, on request
 *
 * A tree stands still by its cgroup's freezer. Whoever may write to
 * cgroup.freeze does that by himself; CHECKPOINT_FREEZE is for those who see
 * no cgroupfs, or must not leave a tree frozen when they are killed.
 */
#include <linux/cgroup.h>
#include <linux/delay.h>
#include <linux/ptrace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include "checkpoint.h"

/* Between two looks at whether all stand still. */
#define LOOK_US		200

static struct cgroup *get_cgroup(struct task_struct *task)
{
	struct cgroup *cgrp;

	guard(rcu)();
	cgrp = task_dfl_cgroup(task);
	return cgroup_tryget(cgrp) ? cgrp : NULL;
}

/* Who is there must be somebody whom the caller could stop as a tracer, too. */
static int check_tasks(struct ckpt_ctl *ctl, struct cgroup *cgrp)
{
	struct css_task_iter it;
	struct task_struct *task;
	int err = 0;

	css_task_iter_start(&cgrp->self, 0, &it);
	while (!err && (task = css_task_iter_next(&it)))
		if (!ptrace_may_access(task, PTRACE_MODE_ATTACH_REALCREDS))
			err = ckpt_fail(ctl, -EPERM,
					"pid %d: no permission to trace it, whose cgroup would be frozen",
					task_pid_vnr(task));
	css_task_iter_end(&it);
	return err;
}

static int check_cgroup(struct ckpt_ctl *ctl, struct cgroup *top)
{
	struct cgroup_subsys_state *css;
	int err = 0;

	lockdep_assert_held(&cgroup_mutex);
	if (!cgroup_parent(top))
		return ckpt_fail(ctl, -EINVAL, "the root cgroup cannot be frozen");
	if (task_under_cgroup_hierarchy(current, top))
		return ckpt_fail(ctl, -EDEADLK,
				 "the caller is in the cgroup that would be frozen");
	css_for_each_descendant_pre(css, &top->self) {
		err = check_tasks(ctl, css->cgroup);
		if (err)
			break;
	}
	return err;
}

static bool tasks_stand(struct cgroup *cgrp)
{
	struct css_task_iter it;
	struct task_struct *task;
	bool stand = true;

	css_task_iter_start(&cgrp->self, 0, &it);
	while (stand && (task = css_task_iter_next(&it)))
		stand = cgroup_task_frozen(task) || task->flags & (PF_EXITING | PF_KTHREAD);
	css_task_iter_end(&it);
	return stand;
}

/*
 * Whether everybody stands. CGRP_FROZEN is not enough: of a cgroup with tasks as
 * well as cgroups in it, it tells as soon as all of the one or of the other do.
 */
static bool all_stand(struct cgroup *top)
{
	struct cgroup_subsys_state *css;
	bool stand = test_bit(CGRP_FROZEN, &top->flags);

	if (!stand)
		return false;
	cgroup_lock();
	css_for_each_descendant_pre(css, &top->self) {
		stand = tasks_stand(css->cgroup);
		if (!stand)
			break;
	}
	cgroup_unlock();
	return stand;
}

static int await_frozen(struct ckpt_ctl *ctl, struct cgroup *cgrp)
{
	while (!all_stand(cgrp)) {
		if (signal_pending(current))
			return -EINTR;
		if (!READ_ONCE(cgrp->freezer.e_freeze))
			return ckpt_fail(ctl, -EBUSY, "the cgroup was thawed meanwhile");
		usleep_range_state(LOOK_US, 2 * LOOK_US, TASK_INTERRUPTIBLE);
	}
	return 0;
}

/**
 * ckpt_freeze - have a process's cgroup frozen
 * @ctl: the open device
 * @root: the process
 * @frozen: gets the cgroup, to be given to ckpt_thaw(), or NULL if it is as it
 *	was, because there was an error or it had been frozen before
 *
 * Waits until all who are in there and below stand still, as long as it takes
 * and no signal comes.
 */
int ckpt_freeze(struct ckpt_ctl *ctl, struct task_struct *root, struct cgroup **frozen)
{
	struct cgroup *cgrp = get_cgroup(root);
	bool ours = false;
	int err;

	*frozen = NULL;
	if (!cgrp)
		return -ESRCH;
	cgroup_lock();
	err = check_cgroup(ctl, cgrp);
	if (!err && !cgrp->freezer.freeze) {
		cgroup_freeze(cgrp, true);
		ours = true;
	}
	cgroup_unlock();
	if (!err)
		err = await_frozen(ctl, cgrp);
	if (ours)
		*frozen = cgrp;
	else
		cgroup_put(cgrp);
	if (err)
		ckpt_thaw(frozen);
	return err;
}

/**
 * ckpt_thaw - undo what ckpt_freeze() did
 * @frozen: what it gave, NULL afterwards
 */
void ckpt_thaw(struct cgroup **frozen)
{
	struct cgroup *cgrp = *frozen;

	if (!cgrp)
		return;
	*frozen = NULL;
	cgroup_lock();
	cgroup_freeze(cgrp, false);
	cgroup_unlock();
	cgroup_put(cgrp);
}

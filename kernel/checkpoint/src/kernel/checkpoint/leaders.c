// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: leaders of process groups and sessions that are gone
 *
 * A group or session outlives its leader: as long as anybody is in it, its
 * number stays taken, though no process has it. At a restart that number is
 * made without a process.
 */
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/xarray.h>
#include "checkpoint.h"

static int check_leader(struct ckpt_snapshot *s, struct task_struct *task, enum pid_type type,
			struct xarray *pids)
{
	const char *what = type == PIDTYPE_PGID ? "process group" : "session";
	pid_t nr, session;
	bool led, nested;
	struct pid *pid;

	scoped_guard(rcu) {
		pid = type == PIDTYPE_PGID ? task_pgrp(task) : task_session(task);
		/* somebody thawed the tree, and it has been waited for */
		if (!pid)
			return -ESRCH;
		nr = pid_nr_ns(pid, s->ns);
		session = task_session_nr_ns(task, s->ns);
		led = pid_has_task(pid, PIDTYPE_PID);
		nested = pid->level > s->ns->level;
	}
	if (xa_load(pids, nr))
		return 0;
	if (!nr || led)
		return ckpt_refuse(s, task, "a %s whose leader is outside is", what);
	if (nested)
		return ckpt_refuse(s, task,
				   "a %s of a nested pid namespace whose leader is gone is", what);
	return xa_err(xa_store(&s->gone, nr, xa_mk_value(session), GFP_KERNEL_ACCOUNT));
}

/**
 * ckpt_check_leaders - check who leads the session and process group of a task
 * @s: what is taken
 * @task: of the tree
 * @pids: those of the tree's processes
 *
 * Return: 0 if they are of the tree, or gone, which is noted; or an error.
 */
int ckpt_check_leaders(struct ckpt_snapshot *s, struct task_struct *task, struct xarray *pids)
{
	return check_leader(s, task, PIDTYPE_PGID, pids) ?:
	       check_leader(s, task, PIDTYPE_SID, pids);
}

/* Whether @task, not of the tree, is in a group or session with it that has no leader. */
bool ckpt_has_gone_leader(struct ckpt_snapshot *s, struct task_struct *task)
{
	pid_t pgrp = task_pgrp_nr_ns(task, s->ns), session = task_session_nr_ns(task, s->ns);

	return (pgrp && xa_load(&s->gone, pgrp)) || (session && xa_load(&s->gone, session));
}

/* Makes a record of each leader that is gone. */
int ckpt_take_leaders(struct ckpt_snapshot *s)
{
	struct ckpt_leader *l;
	unsigned long pid;
	void *session;

	xa_for_each(&s->gone, pid, session) {
		l = ckpt_record_add(&s->procs, CKPT_LEADER, 0, sizeof(*l));
		if (!l)
			return -ENOMEM;
		l->pid = cpu_to_le32(pid);
		l->session = cpu_to_le32(xa_to_value(session));
	}
	return 0;
}

/* Makes the numbers, which must be free: for the one in charge, when all have joined. */
int ckpt_make_leaders(struct ckpt_restart *r)
{
	struct pid *pid;
	pid_t nr;
	u32 i;

	for (i = 0; i < r->nr_ids; i++) {
		if (!r->ids[i].gone)
			continue;
		nr = r->ids[i].pid;
		pid = alloc_pid(r->ns, &nr, 1);
		if (IS_ERR(pid))
			return ckpt_fail(r->ctl, PTR_ERR(pid),
					 "pid %d, of a leader that is gone: it cannot be made: error %ld",
					 nr, -PTR_ERR(pid));
		r->gone[r->ids[i].index - r->nr_tasks] = pid;
	}
	return 0;
}

/* Gives up those that nobody has got; the others go with the last who has. */
void ckpt_drop_leaders(struct ckpt_restart *r)
{
	struct pid *pid;
	bool used;
	u32 i;

	for (i = 0; i < r->nr_gone; i++) {
		pid = r->gone[i];
		r->gone[i] = NULL;
		if (!pid)
			continue;
		scoped_guard(rcu)
			used = pid_has_task(pid, PIDTYPE_PGID) || pid_has_task(pid, PIDTYPE_SID);
		if (!used)
			free_pid(pid);
	}
}

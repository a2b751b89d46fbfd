// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: pid namespaces below that of the first task
 *
 * A process is born into its pid namespace and stays there, so it is user space
 * that makes them, by clone3(2): the first process of each with CLONE_NEWPID,
 * and every task with its pids at all levels. Who made the first process may
 * have put others beside it; nobody else may, as it would have to wait.
 */
#include <linux/checkpoint.h>
#include <linux/nsproxy.h>
#include <linux/pid_namespace.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>
#include "checkpoint.h"

/* In the snapshot's table of namespaces: is one of pids; its first process was found. */
#define PIDNS_MARK	XA_MARK_0
#define INIT_MARK	XA_MARK_1

static struct pid_namespace *get_active_ns(struct task_struct *task)
{
	struct pid_namespace *ns;

	guard(rcu)();
	ns = task_active_pid_ns(task);
	return ns ? get_pid_ns(ns) : NULL;
}

static bool is_init(struct task_struct *task)
{
	guard(rcu)();
	return task_pid(task) && is_child_reaper(task_pid(task));
}

/* What can be set in one must be what a new one has. */
static int check_settings(struct ckpt_snapshot *s, struct task_struct *task,
			  const struct pid_namespace *ns)
{
	if (!ns->parent)
		return 0;
	if (READ_ONCE(ns->pid_max) != PID_MAX_LIMIT)
		return ckpt_refuse(s, task, "a pid namespace with a pid_max of its own is");
#if defined(CONFIG_SYSCTL) && defined(CONFIG_MEMFD_CREATE)
	if (READ_ONCE(ns->memfd_noexec_scope) != pidns_memfd_noexec_scope(ns->parent))
		return ckpt_refuse(s, task, "a pid namespace with a memfd_noexec of its own is");
#endif
	return 0;
}

/* Returns the id of a pid namespace, or an error. */
static int take_pidns(struct ckpt_snapshot *s, struct task_struct *task, struct pid_namespace *ns)
{
	unsigned long key = (unsigned long)&ns->ns;
	void *known = xa_load(&s->namespaces, key), *parent = NULL;
	struct ckpt_pidns *p;
	int id, err;

	if (known)
		return xa_to_value(known);
	if (ns->parent != s->ns) {
		parent = xa_load(&s->namespaces, (unsigned long)&ns->parent->ns);
		if (!parent)
			return ckpt_refuse(s, task, "a pid namespace within one of others is");
	}
	err = check_settings(s, task, ns);
	if (err)
		return err;
	id = ckpt_new_namespace(s, task, &ns->ns);
	if (id < 0)
		return id;
	xa_set_mark(&s->namespaces, key, PIDNS_MARK);
	p = ckpt_ns_record(s, CKPT_NS_PID, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->parent = cpu_to_le32(parent ? xa_to_value(parent) : 0);
	return id;
}

static int refuse_put(struct ckpt_snapshot *s, struct task_struct *task)
{
	return ckpt_refuse(s, task, "a pid namespace that it was put into from outside is");
}

/* Who is not the first in @ns, and made by somebody outside of it. */
static int check_entered(struct ckpt_snapshot *s, u32 index, struct pid_namespace *ns)
{
	struct ckpt_tree_task *t = &s->tasks[index];
	struct pid_namespace *above = get_active_ns(s->tasks[t->parent].task), *other;
	bool inside = above == ns, beside = false;
	u32 i;

	if (above)
		put_pid_ns(above);
	for (i = 0; i < index && !inside && !beside; i++) {
		if (!is_init(s->tasks[i].task))
			continue;
		other = get_active_ns(s->tasks[i].task);
		beside = other == ns && s->tasks[i].parent == t->parent;
		if (other)
			put_pid_ns(other);
	}
	return inside || beside ? 0 : refuse_put(s, t->task);
}

static int take_active(struct ckpt_snapshot *s, u32 index, struct pid_namespace *ns)
{
	struct ckpt_tree_task *t = &s->tasks[index];
	unsigned long key = (unsigned long)&ns->ns;
	int id = take_pidns(s, t->task, ns);

	if (id < 0)
		return id;
	t->ns[CKPT_ROLE_PID] = id;
	if (is_init(t->task)) {
		xa_set_mark(&s->namespaces, key, INIT_MARK);
		return 0;
	}
	if (!xa_get_mark(&s->namespaces, key, INIT_MARK))
		return refuse_put(s, t->task);
	return check_entered(s, index, ns);
}

static int take_for_children(struct ckpt_snapshot *s, struct ckpt_tree_task *t)
{
	struct pid_namespace *ns = NULL;
	int id = 0;

	scoped_guard(task_lock, t->task)
		if (t->task->nsproxy)
			ns = get_pid_ns(t->task->nsproxy->pid_ns_for_children);
	if (!ns)
		return -ESRCH;
	if (ns != s->ns)
		id = take_pidns(s, t->task, ns);
	put_pid_ns(ns);
	if (id < 0)
		return id;
	t->ns[CKPT_ROLE_PID_CHILDREN] = id;
	return 0;
}

/**
 * ckpt_take_pid_namespaces - take the pid namespaces of a task
 * @s: what is taken
 * @index: of the task, perhaps a zombie, in the tree
 */
int ckpt_take_pid_namespaces(struct ckpt_snapshot *s, u32 index)
{
	struct ckpt_tree_task *t = &s->tasks[index];
	struct pid_namespace *ns = get_active_ns(t->task);
	int err = 0;

	if (!ns)
		return -ESRCH;
	if (ns != s->ns)
		err = take_active(s, index, ns);
	else if (!index && is_init(t->task))
		err = check_settings(s, t->task, ns);
	put_pid_ns(ns);
	if (err || t->task->exit_state)
		return err;
	return take_for_children(s, t);
}

/* One that nobody has been born into, or whose first process is gone, cannot be made. */
int ckpt_pid_namespaces_whole(struct ckpt_snapshot *s)
{
	unsigned long key;
	void *id;

	xa_for_each_marked(&s->namespaces, key, id, PIDNS_MARK)
		if (!xa_get_mark(&s->namespaces, key, INIT_MARK))
			return ckpt_refuse(s, s->tasks[0].task,
					   "a pid namespace without its first process is");
	return 0;
}

/* Whether the first task is the first process of the pid namespace of the tree. */
bool ckpt_owns_pid_namespace(const struct ckpt_snapshot *s)
{
	return is_init(s->tasks[0].task);
}

/* How many pids a task has below the level of the first task. */
u32 ckpt_nr_pids(const struct ckpt_snapshot *s, struct task_struct *task)
{
	guard(rcu)();
	return task_pid(task) ? task_pid(task)->level - s->ns->level : 0;
}

void ckpt_take_pids(const struct ckpt_snapshot *s, struct task_struct *task, __le32 *to)
{
	const struct pid *pid;
	u32 i;

	guard(rcu)();
	pid = task_pid(task);
	for (i = s->ns->level + 1; pid && i <= pid->level; i++)
		*to++ = cpu_to_le32(pid->numbers[i].nr);
}

/* The pids of a TASK below the level of the first task. */
const __le32 *ckpt_pids(const struct ckpt_task *t)
{
	return t->data + le32_to_cpu(t->nr_groups) + le32_to_cpu(t->nr_cpus);
}

/* The index of the first process of the pid namespace of a TASK. */
u32 ckpt_init_index(const struct ckpt_restart *r, const struct ckpt_task *t)
{
	u32 id = le32_to_cpu(t->ns[CKPT_ROLE_PID]);

	return id ? r->namespaces[id - 1].owner - r->members : 0;
}

/* The NS of who owns the pid namespace that the @index-th task begins, or 0. */
u32 ckpt_pid_owner(const struct ckpt_restart *r, u32 index)
{
	const struct ckpt_task *t = r->members[index].record;
	u32 id = le32_to_cpu(t->ns[CKPT_ROLE_PID]);

	if (!id)
		return le32_to_cpu(t->pid_owner);
	return ckpt_init_index(r, t) == index ?
	       le32_to_cpu(r->namespaces[id - 1].record->owner) : 0;
}

/**
 * ckpt_root_ns - the pid namespace that is that of the first task
 * @m: whom the caller wants to become
 *
 * Return: a pid namespace of the caller or above it, or NULL if the caller does
 * not have the pids of @m.
 */
struct pid_namespace *ckpt_root_ns(const struct ckpt_member *m)
{
	const struct pid *pid = task_pid(current);
	u32 n = le32_to_cpu(m->record->nr_pids), root, i;

	if (n > pid->level)
		return NULL;
	root = pid->level - n;
	if (pid->numbers[root].nr != le32_to_cpu(m->record->pid))
		return NULL;
	for (i = 0; i < n; i++)
		if (pid->numbers[root + 1 + i].nr != le32_to_cpu(ckpt_pids(m->record)[i]))
			return NULL;
	return pid->numbers[root].ns;
}

/* Whoever joins is in the pid namespace in which those before it are; under @r->lock. */
int ckpt_join_pid_namespace(struct ckpt_restart *r, struct ckpt_member *m)
{
	u32 id = le32_to_cpu(m->record->ns[CKPT_ROLE_PID]);
	struct pid_namespace *ns = task_active_pid_ns(current);
	struct ckpt_made_ns *made;

	if (!id)
		return 0;
	made = &r->namespaces[id - 1];
	if (!made->ns)
		/* pairs with ckpt_await_namespace() */
		smp_store_release(&made->ns, &get_pid_ns(ns)->ns);
	return made->ns == &ns->ns ? 0 : -EXDEV;
}

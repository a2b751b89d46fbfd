// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: namespaces of uts, ipc, cgroup and time; of pids, mounts and
 * users, see pidns.c, mounts.c and userns.c
 *
 * The first task of the image that has a namespace makes it, in the kernel and
 * with its own credentials, which are still those of whoever restarts; others
 * enter it. So what unshare(2), setns(2) and writing to its files in /proc would
 * refuse is refused, and no user space has to find its way from one to another.
 */
#include <linux/cgroup.h>
#include <linux/checkpoint.h>
#include <linux/cred.h>
#include <linux/ipc.h>
#include <linux/ipc_namespace.h>
#include <linux/nsproxy.h>
#include <linux/pid_namespace.h>
#include <linux/proc_ns.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/time_namespace.h>
#include <linux/timekeeping.h>
#include <linux/user_namespace.h>
#include <linux/utsname.h>
#include "../../ipc/util.h"
#include "checkpoint.h"

static const char * const kind_names[CKPT_NS_NR_KINDS] = {
	[CKPT_NS_UTS] = "uts",
	[CKPT_NS_IPC] = "ipc",
	[CKPT_NS_CGROUP] = "cgroup",
	[CKPT_NS_TIME] = "time",
	[CKPT_NS_PID] = "pid",
	[CKPT_NS_MNT] = "mount",
	[CKPT_NS_USER] = "user",
};

static const u32 role_kind[CKPT_NR_ROLES] = {
	[CKPT_ROLE_UTS] = CKPT_NS_UTS,
	[CKPT_ROLE_IPC] = CKPT_NS_IPC,
	[CKPT_ROLE_CGROUP] = CKPT_NS_CGROUP,
	[CKPT_ROLE_TIME] = CKPT_NS_TIME,
	[CKPT_ROLE_TIME_CHILDREN] = CKPT_NS_TIME,
	[CKPT_ROLE_PID] = CKPT_NS_PID,
	[CKPT_ROLE_PID_CHILDREN] = CKPT_NS_PID,
	[CKPT_ROLE_MNT] = CKPT_NS_MNT,
	[CKPT_ROLE_USER] = CKPT_NS_USER,
};

/* Those of pids, mounts and users are another matter: see pidns.c, mounts.c and userns.c. */
#define NR_PLAIN_ROLES	CKPT_ROLE_PID

static struct ns_common *ns_of(const struct nsproxy *p, u32 role)
{
	switch (role) {
	case CKPT_ROLE_UTS:
		return &p->uts_ns->ns;
	case CKPT_ROLE_IPC:
		return &p->ipc_ns->ns;
	case CKPT_ROLE_CGROUP:
		return &p->cgroup_ns->ns;
	case CKPT_ROLE_TIME:
		return &p->time_ns->ns;
	default:
		return &p->time_ns_for_children->ns;
	}
}

/* What stands in an image as 0. */
static struct ns_common *callers(u32 role)
{
	return ns_of(current->nsproxy, role == CKPT_ROLE_TIME_CHILDREN ? CKPT_ROLE_TIME : role);
}

/* Begins the record of the namespace that ckpt_new_namespace() has just given an id. */
void *ckpt_ns_record(struct ckpt_snapshot *s, u32 kind, u32 size)
{
	struct ckpt_ns *ns = ckpt_record_add(&s->ns_records, CKPT_NS, s->nr_namespaces,
					     sizeof(*ns) + size);

	if (!ns)
		return NULL;
	ns->kind = cpu_to_le32(kind);
	ns->owner = cpu_to_le32(s->ns_owner);
	return ns->data;
}

static int take_uts(struct ckpt_snapshot *s, const struct uts_namespace *ns)
{
	struct ckpt_uts *u = ckpt_ns_record(s, CKPT_NS_UTS, sizeof(*u));

	if (!u)
		return -ENOMEM;
	guard(rwsem_read)(&uts_sem);
	strscpy_pad(u->hostname, ns->name.nodename);
	strscpy_pad(u->domainname, ns->name.domainname);
	return 0;
}

static void get_limits(const struct ipc_namespace *ns, struct ckpt_ipc *i)
{
	u32 n;

	i->shmmax = cpu_to_le64(ns->shm_ctlmax);
	i->shmall = cpu_to_le64(ns->shm_ctlall);
	i->shmmni = cpu_to_le32(ns->shm_ctlmni);
	i->shm_rmid_forced = cpu_to_le32(ns->shm_rmid_forced);
	i->msgmax = cpu_to_le32(ns->msg_ctlmax);
	i->msgmnb = cpu_to_le32(ns->msg_ctlmnb);
	i->msgmni = cpu_to_le32(ns->msg_ctlmni);
	for (n = 0; n < ARRAY_SIZE(i->sem); n++)
		i->sem[n] = cpu_to_le32(ns->sem_ctls[n]);
	i->mq_queues_max = cpu_to_le32(ns->mq_queues_max);
	i->mq_msg_max = cpu_to_le32(ns->mq_msg_max);
	i->mq_msgsize_max = cpu_to_le32(ns->mq_msgsize_max);
	i->mq_msg_default = cpu_to_le32(ns->mq_msg_default);
	i->mq_msgsize_default = cpu_to_le32(ns->mq_msgsize_default);
}

static int take_ipc(struct ckpt_snapshot *s, struct task_struct *task, struct ipc_namespace *ns)
{
	static const char * const names[] = {
		[IPC_SEM_IDS] = "SysV semaphores",
		[IPC_MSG_IDS] = "a SysV message queue",
		[IPC_SHM_IDS] = "SysV shared memory",
	};
	struct ckpt_ipc *limits;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (READ_ONCE(ns->ids[i].in_use))
			return ckpt_refuse(s, task, "an ipc namespace with %s in it is", names[i]);
#ifdef CONFIG_CHECKPOINT_RESTORE
		if (READ_ONCE(ns->ids[i].next_id) != -1)
			return ckpt_refuse(s, task, "an ipc namespace with a next id is");
#endif
	}
	if (READ_ONCE(ns->mq_queues_count))
		return ckpt_refuse(s, task,
				   "an ipc namespace with a POSIX message queue in it is");
	limits = ckpt_ns_record(s, CKPT_NS_IPC, sizeof(*limits));
	if (!limits)
		return -ENOMEM;
	get_limits(ns, limits);
	return 0;
}

/* At a restart it is made by who has it first, in whose cgroup it then begins. */
static int take_cgroup(struct ckpt_snapshot *s, struct task_struct *task,
		       const struct cgroup_namespace *ns)
{
	bool same;

	scoped_guard(spinlock_irq, &css_set_lock)
		same = ckpt_same_cgroups(ns->root_cset, task_css_set(task));
	if (!same)
		return ckpt_refuse(s, task, "a cgroup namespace whose root is another cgroup is");
	return ckpt_ns_record(s, CKPT_NS_CGROUP, 0) ? 0 : -ENOMEM;
}

static int take_time(struct ckpt_snapshot *s, struct task_struct *task,
		     const struct time_namespace *ns)
{
	struct ckpt_clocks *t = ckpt_ns_record(s, CKPT_NS_TIME, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->monotonic = cpu_to_le64(ktime_get_ns() + timespec64_to_ns(&ns->offsets.monotonic));
	t->boottime = cpu_to_le64(ktime_get_boottime_ns() +
				  timespec64_to_ns(&ns->offsets.boottime));
	t->entered = cpu_to_le32(READ_ONCE(ns->frozen_offsets));
	return 0;
}

static int take_kind(struct ckpt_snapshot *s, struct task_struct *task, u32 role,
		     const struct nsproxy *p)
{
	switch (role) {
	case CKPT_ROLE_UTS:
		return take_uts(s, p->uts_ns);
	case CKPT_ROLE_IPC:
		return take_ipc(s, task, p->ipc_ns);
	case CKPT_ROLE_CGROUP:
		return take_cgroup(s, task, p->cgroup_ns);
	case CKPT_ROLE_TIME:
		return take_time(s, task, p->time_ns);
	default:
		return take_time(s, task, p->time_ns_for_children);
	}
}

/* Gives the next id to a namespace, behind those of its owner: returns it, or an error. */
int ckpt_new_namespace(struct ckpt_snapshot *s, struct task_struct *task, struct ns_common *ns)
{
	int err, owner = ckpt_take_user(s, task, ns->ops->owner(ns));

	if (owner < 0)
		return owner;
	if (s->nr_namespaces == CKPT_NS_MAX)
		return ckpt_refuse(s, task, "a tree with more than %d namespaces is", CKPT_NS_MAX);
	err = xa_err(xa_store(&s->namespaces, (unsigned long)ns,
			      xa_mk_value(s->nr_namespaces + 1), GFP_KERNEL));
	s->ns_owner = owner;
	return err ?: ++s->nr_namespaces;
}

/* Returns the id of a namespace, or an error. */
static int take_namespace(struct ckpt_snapshot *s, struct task_struct *task, u32 role,
			  const struct nsproxy *p)
{
	struct ns_common *ns = ns_of(p, role);
	void *known = xa_load(&s->namespaces, (unsigned long)ns);
	int id;

	if (known)
		return xa_to_value(known);
	id = ckpt_new_namespace(s, task, ns);
	return id < 0 ? id : take_kind(s, task, role, p) ?: id;
}

/**
 * ckpt_take_namespaces - take the namespaces of a task that are not the caller's
 * @s: what is taken
 * @index: of the task, which is no zombie, in the tree
 *
 * Return: 0 or an error; their ids are in the table of tasks.
 */
int ckpt_take_namespaces(struct ckpt_snapshot *s, u32 index)
{
	struct ckpt_tree_task *t = &s->tasks[index];
	struct nsproxy *p __free(put_nsproxy) = NULL;
	u32 role;
	int id;

	scoped_guard(task_lock, t->task) {
		p = t->task->nsproxy;
		if (p)
			get_nsproxy(p);
	}
	if (!p)
		return -ESRCH;
	for (role = 0; role < NR_PLAIN_ROLES; role++) {
		if (ns_of(p, role) == callers(role))
			continue;
		id = take_namespace(s, t->task, role, p);
		if (id < 0)
			return id;
		t->ns[role] = id;
	}
	return ckpt_take_pid_namespaces(s, index) ?: ckpt_take_mount_namespace(s, index);
}

/* The first of its namespaces that was taken, by its role, or CKPT_NR_ROLES. */
static u32 taken_role(struct ckpt_snapshot *s, struct task_struct *task)
{
	struct pid_namespace *pid_ns;
	u32 role;

	if (ckpt_in_taken_user(s, task))
		return CKPT_ROLE_USER;
	scoped_guard(rcu) {
		pid_ns = task_active_pid_ns(task);
		if (pid_ns && xa_load(&s->namespaces, (unsigned long)&pid_ns->ns))
			return CKPT_ROLE_PID;
	}
	guard(task_lock)(task);
	for (role = 0; task->nsproxy && role < NR_PLAIN_ROLES; role++)
		if (xa_load(&s->namespaces, (unsigned long)ns_of(task->nsproxy, role)))
			return role;
	if (task->nsproxy && ckpt_in_taken_mntns(s, task->nsproxy))
		return CKPT_ROLE_MNT;
	return CKPT_NR_ROLES;
}

/* A namespace that somebody outside has as well would be torn in two. */
int ckpt_namespaces_whole(struct ckpt_snapshot *s)
{
	struct task_struct *p, *task;
	struct xarray members;
	int err = 0;
	u32 i, role;

	err = ckpt_pid_namespaces_whole(s);
	if (err || !s->nr_namespaces)
		return err;
	xa_init(&members);
	for (i = 0; i < s->nr_tasks && !err; i++)
		err = xa_err(xa_store(&members, (unsigned long)s->tasks[i].task, s, GFP_KERNEL));
	if (err)
		goto out;
	read_lock(&tasklist_lock);
	for_each_process_thread(p, task) {
		if (xa_load(&members, (unsigned long)task))
			continue;
		role = taken_role(s, task);
		if (role == CKPT_NR_ROLES)
			continue;
		err = ckpt_refuse(s, task, "a %s namespace that it shares with the tree is",
				  kind_names[role_kind[role]]);
		break;
	}
	read_unlock(&tasklist_lock);
out:
	xa_destroy(&members);
	return err;
}

static void set_uts(struct uts_namespace *ns, const struct ckpt_uts *u)
{
	guard(rwsem_write)(&uts_sem);
	strscpy_pad(ns->name.nodename, u->hostname);
	strscpy_pad(ns->name.domainname, u->domainname);
}

/* Whether the caller is root of a user namespace, or can be by setns(2) and setuid(2). */
static bool is_root_of(struct user_namespace *ns)
{
	kuid_t root = make_kuid(ns, 0);

	if (ns != current_user_ns())
		return uid_valid(root) && ns_capable(ns, CAP_SETUID);
	return uid_eq(current_euid(), root);
}

/* As their files in /proc/sys: values that root of the namespace may write. */
static int set_ipc(struct ipc_namespace *ns, const struct ckpt_ipc *i)
{
	struct ckpt_ipc fresh = {};
	u32 n;

	get_limits(ns, &fresh);
	if (!memcmp(&fresh, i, sizeof(fresh)))
		return 0;
	if (!is_root_of(ns->user_ns))
		return -EPERM;
	if (le32_to_cpu(i->shmmni) > ipc_mni || le32_to_cpu(i->msgmni) > ipc_mni ||
	    le32_to_cpu(i->sem[3]) > ipc_mni)
		return -EINVAL;
#ifdef CONFIG_POSIX_MQUEUE
	if (le32_to_cpu(i->mq_msg_max) < MIN_MSGMAX ||
	    le32_to_cpu(i->mq_msg_default) < MIN_MSGMAX ||
	    le32_to_cpu(i->mq_msgsize_max) < MIN_MSGSIZEMAX ||
	    le32_to_cpu(i->mq_msgsize_default) < MIN_MSGSIZEMAX)
		return -EINVAL;
#endif
	ns->shm_ctlmax = le64_to_cpu(i->shmmax);
	ns->shm_ctlall = le64_to_cpu(i->shmall);
	ns->shm_ctlmni = le32_to_cpu(i->shmmni);
	ns->shm_rmid_forced = le32_to_cpu(i->shm_rmid_forced);
	ns->msg_ctlmax = le32_to_cpu(i->msgmax);
	ns->msg_ctlmnb = le32_to_cpu(i->msgmnb);
	ns->msg_ctlmni = le32_to_cpu(i->msgmni);
	for (n = 0; n < ARRAY_SIZE(i->sem); n++)
		ns->sem_ctls[n] = le32_to_cpu(i->sem[n]);
	ns->mq_queues_max = le32_to_cpu(i->mq_queues_max);
	ns->mq_msg_max = le32_to_cpu(i->mq_msg_max);
	ns->mq_msgsize_max = le32_to_cpu(i->mq_msgsize_max);
	ns->mq_msg_default = le32_to_cpu(i->mq_msg_default);
	ns->mq_msgsize_default = le32_to_cpu(i->mq_msgsize_default);
	return 0;
}

/* Its clocks go on from where they were. */
static int set_clocks(struct time_namespace *ns, const struct ckpt_clocks *t)
{
	if (!ns_capable(ns->user_ns, CAP_SYS_TIME))
		return -EPERM;
	ns->offsets.monotonic = ns_to_timespec64(le64_to_cpu(t->monotonic) - ktime_get_ns());
	ns->offsets.boottime = ns_to_timespec64(le64_to_cpu(t->boottime) -
						ktime_get_boottime_ns());
	if (t->entered)
		timens_commit(current, ns);
	return 0;
}

/* Makes a namespace as unshare(2) does, and as the image says. */
static int make_namespace(struct ckpt_restart *r, struct ckpt_made_ns *made, u32 role)
{
	static const u64 flags[CKPT_NS_NR_KINDS] = {
		[CKPT_NS_UTS] = CLONE_NEWUTS,
		[CKPT_NS_IPC] = CLONE_NEWIPC,
		[CKPT_NS_CGROUP] = CLONE_NEWCGROUP,
		[CKPT_NS_TIME] = CLONE_NEWTIME,
	};
	u32 kind = role_kind[role];
	const void *data = made->record->data;
	struct user_namespace *owner = ckpt_user_ns(r, made->record->owner);
	struct ns_common *ns;
	struct nsproxy *p;
	int err = 0;

	if (!owner)
		return -EINVAL;
	p = checkpoint_new_nsproxy(flags[kind], owner);
	if (IS_ERR(p))
		return PTR_ERR(p);
	switch (kind) {
	case CKPT_NS_UTS:
		set_uts(p->uts_ns, data);
		break;
	case CKPT_NS_IPC:
		err = set_ipc(p->ipc_ns, data);
		break;
	case CKPT_NS_TIME:
		err = set_clocks(p->time_ns_for_children, data);
		break;
	}
	if (!err) {
		/* a new one is for children only */
		ns = ns_of(p, kind == CKPT_NS_TIME ? CKPT_ROLE_TIME_CHILDREN : role);
		__ns_ref_inc(ns);
		smp_store_release(&made->ns, ns); /* pairs with ckpt_await_namespace() */
	}
	nsproxy_free(p);
	return err;
}

static void swap_time(struct time_namespace **place, struct ns_common *ns)
{
	put_time_ns(*place);
	*place = get_time_ns(container_of(ns, struct time_namespace, ns));
}

/* Puts a namespace into @p as setns(2) does, which sets both of time at once. */
static int install(struct nsproxy *p, u32 role, struct ns_common *ns)
{
	struct nsset set = { .nsproxy = p, .fs = current->fs, .cred = current_cred() };

	if (role != CKPT_ROLE_TIME && role != CKPT_ROLE_TIME_CHILDREN)
		return ns->ops->install(&set, ns);
	if (!ns_capable(ns->ops->owner(ns), CAP_SYS_ADMIN) ||
	    !ns_capable(current_user_ns(), CAP_SYS_ADMIN))
		return -EPERM;
	swap_time(role == CKPT_ROLE_TIME ? &p->time_ns : &p->time_ns_for_children, ns);
	return 0;
}

static int restore_role(struct ckpt_restart *r, struct ckpt_member *m, u32 role,
			struct nsproxy *p)
{
	u32 id = le32_to_cpu(m->record->ns[role]);
	struct ckpt_made_ns *made;
	int err = 0;

	/*
	 * In its own pid namespace it was born; of mounts, see mounts.c; and that of
	 * users comes with credentials.
	 */
	if (!id || role == CKPT_ROLE_PID || role == CKPT_ROLE_MNT || role == CKPT_ROLE_USER)
		return 0;
	made = &r->namespaces[id - 1];
	if (role != CKPT_ROLE_PID_CHILDREN && made->owner == m && !made->ns) {
		err = make_namespace(r, made, role);
		wake_up_all(&r->wait);
	}
	/*
	 * Who makes it was taken before: tasks wait only for those before them.
	 * The first process of a pid namespace waits for nobody before it joins.
	 */
	if (!err)
		err = ckpt_await_namespace(r, made) ?: install(p, role, made->ns);
	if (err && err != -ECANCELED && err != -EINTR)
		ckpt_fail(r->ctl, err, "pid %u: its %s namespace cannot be made (error %d)",
			  le32_to_cpu(m->record->pid), kind_names[role_kind[role]], -err);
	return err;
}

static bool needs_nsproxy(const struct ckpt_task *t)
{
	u32 role;

	for (role = 0; role < CKPT_NR_ROLES; role++)
		if (t->ns[role] && role != CKPT_ROLE_USER)
			return true;
	return false;
}

/**
 * ckpt_restore_namespaces - move the caller into its namespaces
 * @r: the restart
 * @m: the caller
 */
int ckpt_restore_namespaces(struct ckpt_restart *r, struct ckpt_member *m)
{
	struct nsproxy *p;
	int err = 0;
	u32 role;

	if (!needs_nsproxy(m->record))
		return 0;
	p = checkpoint_new_nsproxy(0, current_user_ns());
	if (IS_ERR(p))
		return ckpt_fail(r->ctl, PTR_ERR(p), "pid %u: no permission for namespaces",
				 le32_to_cpu(m->record->pid));
	for (role = 0; role < CKPT_NR_ROLES && !err; role++)
		err = restore_role(r, m, role, p);
	if (err) {
		nsproxy_free(p);
		return err;
	}
	switch_task_namespaces(current, p);
	if (m->record->ns[CKPT_ROLE_TIME])
		timens_commit(current, p->time_ns);
	return 0;
}

/* Notes which namespaces a task is the first to have. */
void ckpt_index_namespaces(struct ckpt_restart *r, struct ckpt_member *m)
{
	u32 role, id;

	for (role = 0; role < CKPT_NR_ROLES; role++) {
		id = le32_to_cpu(m->record->ns[role]);
		if (id && role != CKPT_ROLE_PID_CHILDREN && !r->namespaces[id - 1].owner)
			r->namespaces[id - 1].owner = m;
	}
}

void ckpt_put_namespaces(struct ckpt_restart *r)
{
	u32 i;

	for (i = 0; r->namespaces && i < r->nr_namespaces; i++)
		if (r->namespaces[i].ns)
			r->namespaces[i].ns->ops->put(r->namespaces[i].ns);
	kvfree(r->namespaces);
}

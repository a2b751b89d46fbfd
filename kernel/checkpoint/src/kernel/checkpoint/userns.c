// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: user namespaces below that of the caller
 *
 * At a restart user space makes them first, by clone(2) and by the files of
 * /proc, with what rights it has, and hands them over. A task needs the caller's
 * rights until all else of it is restored. So it stays in the caller's user
 * namespace, and enters its own with its credentials: as by setns(2), but with
 * the other threads of its process.
 */
#include <linux/capability.h>
#include <linux/checkpoint.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/key.h>
#include <linux/pid_namespace.h>
#include <linux/proc_fs.h>
#include <linux/proc_ns.h>
#include <linux/sched.h>
#include <linux/sched/exec_state.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>
#include "checkpoint.h"

static_assert((int)CKPT_LIMIT_USER == UCOUNT_USER_NAMESPACES);
static_assert((int)CKPT_LIMIT_TIME == UCOUNT_TIME_NAMESPACES);
static_assert((int)CKPT_NR_USER_RLIMITS == UCOUNT_RLIMIT_COUNTS);
static_assert((int)CKPT_RLIMIT_MEMLOCK == UCOUNT_RLIMIT_MEMLOCK);
static_assert(CKPT_EXTENTS_MAX == UID_GID_MAP_MAX_EXTENTS);

static u32 nr_extents(const struct uid_gid_map *map)
{
	/* pairs with the barrier of who writes a map */
	return smp_load_acquire(&map->nr_extents);
}

/* The first @n extents of a map, as its file in /proc shows them. Returns what is behind them. */
static struct ckpt_extent *put_extents(struct ckpt_extent *to, const struct uid_gid_map *map, u32 n,
				       struct uid_gid_map *parent)
{
	const struct uid_gid_extent *e =
		n > UID_GID_MAP_MAX_BASE_EXTENTS ? map->forward : map->extent;

	for (; n; n--, e++, to++) {
		to->first = cpu_to_le32(e->first);
		to->lower = cpu_to_le32(map_id_up(parent, e->lower_first));
		to->count = cpu_to_le32(e->count);
	}
	return to;
}

static u32 user_size(u32 uids, u32 gids, u32 projids)
{
	return sizeof(struct ckpt_user) + (uids + gids + projids) * sizeof(struct ckpt_extent);
}

/* Fills @u, which has room for as many extents as it says. */
static void describe(struct user_namespace *ns, struct ckpt_user *u)
{
	struct user_namespace *parent = ns->parent;
	struct ckpt_extent *to = u->extents;
	u32 i;

	if (!(READ_ONCE(ns->flags) & USERNS_SETGROUPS_ALLOWED))
		u->flags = cpu_to_le32(CKPT_USER_NO_SETGROUPS);
	u->uid = cpu_to_le32(from_kuid(parent, ns->owner));
	u->gid = cpu_to_le32(from_kgid(parent, ns->group));
	to = put_extents(to, &ns->uid_map, le32_to_cpu(u->nr_uids), &parent->uid_map);
	to = put_extents(to, &ns->gid_map, le32_to_cpu(u->nr_gids), &parent->gid_map);
	put_extents(to, &ns->projid_map, le32_to_cpu(u->nr_projids), &parent->projid_map);
	for (i = 0; i < CKPT_NR_LIMITS; i++)
		u->limits[i] = cpu_to_le32(READ_ONCE(ns->ucount_max[i]));
	for (i = 0; i < CKPT_NR_USER_RLIMITS; i++)
		u->rlimits[i] = cpu_to_le64(get_userns_rlimit_max(ns, i));
}

static int check_user(struct ckpt_snapshot *s, struct task_struct *task,
		      const struct user_namespace *ns)
{
	u32 i;

	for (i = CKPT_NR_LIMITS; i < UCOUNT_COUNTS; i++)
		if (READ_ONCE(ns->ucount_max[i]) != INT_MAX)
			return ckpt_refuse(s, task,
					   "a user namespace with limits of inotify or fanotify of its own is");
#if IS_ENABLED(CONFIG_BINFMT_MISC)
	if (READ_ONCE(ns->binfmt_misc))
		return ckpt_refuse(s, task,
				   "a user namespace with formats of executables of its own is");
#endif
	/* whoever makes it at a restart can, and this decides who may write its map */
	if (!nr_extents(&ns->uid_map) && !ns->parent_could_setfcap)
		return ckpt_refuse(s, task,
				   "a user namespace that cannot map root, and has no map yet, is");
	return 0;
}

/* @ns: its parent is taken, or the caller's. */
static int take_one(struct ckpt_snapshot *s, struct task_struct *task, struct user_namespace *ns)
{
	u32 uids = nr_extents(&ns->uid_map), gids = nr_extents(&ns->gid_map);
	u32 projids = nr_extents(&ns->projid_map);
	struct ckpt_user *u;
	int id, err;

	err = check_user(s, task, ns);
	if (err)
		return err;
	id = ckpt_new_namespace(s, task, &ns->ns);
	if (id < 0)
		return id;
	u = ckpt_ns_record(s, CKPT_NS_USER, user_size(uids, gids, projids));
	if (!u)
		return -ENOMEM;
	u->nr_uids = cpu_to_le32(uids);
	u->nr_gids = cpu_to_le32(gids);
	u->nr_projids = cpu_to_le32(projids);
	describe(ns, u);
	return id;
}

/**
 * ckpt_take_user - take a user namespace, and those above it
 * @s: what is taken
 * @task: for whom
 * @ns: that of the caller, or one below it, which the caller of this holds
 *
 * Return: the id of its NS, 0 for that of the caller, or an error.
 */
int ckpt_take_user(struct ckpt_snapshot *s, struct task_struct *task, struct user_namespace *ns)
{
	struct user_namespace *mine = current_user_ns(), *next;
	void *known;
	int id;

	if (!in_userns(mine, ns))
		return ckpt_refuse(s, task, "a user namespace that is not below the caller's is");
	if (ns == mine)
		return 0;
	for (;;) {
		known = xa_load(&s->namespaces, (unsigned long)&ns->ns);
		if (known)
			return xa_to_value(known);
		/* the uppermost that is still to be taken: parents come first */
		for (next = ns; next->parent != mine; next = next->parent)
			if (xa_load(&s->namespaces, (unsigned long)&next->parent->ns))
				break;
		id = take_one(s, task, next);
		if (id < 0)
			return id;
	}
}

/* Where the program of a task was executed, if that is below the caller's user namespace. */
static int take_exec_user(struct ckpt_snapshot *s, struct task_struct *task)
{
	struct user_namespace *ns;
	int id = 0;

	scoped_guard(rcu)
		ns = get_user_ns(task_exec_state_rcu(task)->user_ns);
	/* above the caller's: such a task it may trace only as long as that makes no difference */
	if (!in_userns(ns, current_user_ns()))
		id = ckpt_take_user(s, task, ns);
	put_user_ns(ns);
	return id;
}

/**
 * ckpt_take_user_namespaces - take the user namespaces of a task
 * @s: what is taken
 * @index: of the task, perhaps a zombie, in the tree
 */
int ckpt_take_user_namespaces(struct ckpt_snapshot *s, u32 index)
{
	struct ckpt_tree_task *t = &s->tasks[index];
	const struct cred *cred __free(put_cred) = get_task_cred(t->task);
	bool zombie = t->task->exit_state && !ckpt_lives_headless(t->task);
	int id;

	id = ckpt_take_user(s, t->task, cred->user_ns);
	if (id < 0)
		return id;
	t->ns[CKPT_ROLE_USER] = id;
	if (ckpt_leads(s, index) && !zombie) {
		id = take_exec_user(s, t->task);
		if (id < 0)
			return id;
		t->exec_user = id;
	}
	if (index || !ckpt_owns_pid_namespace(s))
		return 0;
	id = ckpt_take_user(s, t->task, s->ns->user_ns);
	if (id < 0)
		return id;
	s->pid_owner = id;
	return 0;
}

/* Whether @task, outside of the tree, is in a user namespace that was taken, or below one. */
bool ckpt_in_taken_user(struct ckpt_snapshot *s, struct task_struct *task)
{
	const struct user_namespace *ns;

	guard(rcu)();
	for (ns = __task_cred(task)->user_ns; ns; ns = ns->parent)
		if (xa_load(&s->namespaces, (unsigned long)&ns->ns))
			return true;
	return false;
}

static const struct ckpt_loaded *find_ns(struct ckpt_restart *r, u32 id)
{
	const struct ckpt_loaded *l;

	list_for_each_entry(l, &r->records, node)
		if (ckpt_type(l) == CKPT_NS && le32_to_cpu(l->header.id) == id)
			return l;
	return NULL;
}

/* Copies an NS, if there is room for it. */
int ckpt_restart_ns(struct ckpt_restart *r, struct checkpoint_ns *arg)
{
	const struct ckpt_loaded *l = find_ns(r, arg->id);
	u32 room = arg->size;

	if (!l)
		return -ESRCH;
	arg->size = ckpt_length(l);
	if (arg->size > room)
		return -ENOSPC;
	return copy_to_user(u64_to_user_ptr(arg->data), l->payload, arg->size) ? -EFAULT : 0;
}

/**
 * ckpt_user_ns - a user namespace of an image
 * @r: the restart
 * @id: of its NS, or 0
 *
 * Return: that of the caller for 0; NULL if it was not handed over.
 */
struct user_namespace *ckpt_user_ns(struct ckpt_restart *r, __le32 id)
{
	struct ns_common *ns;

	if (!id)
		return current_user_ns();
	/* pairs with ckpt_adopt_user() */
	ns = smp_load_acquire(&r->namespaces[le32_to_cpu(id) - 1].ns);
	return ns ? to_user_ns(ns) : NULL;
}

/* Whether @ns is what the image says, but for its limits. */
static int compare(struct ckpt_restart *r, u32 id, struct user_namespace *ns)
{
	const struct ckpt_ns *record = r->namespaces[id - 1].record;
	const struct ckpt_user *want = (const void *)record->data;
	u32 size = user_size(le32_to_cpu(want->nr_uids), le32_to_cpu(want->nr_gids),
			     le32_to_cpu(want->nr_projids));
	struct ckpt_user *u __free(kvfree) = kvzalloc(size, GFP_KERNEL_ACCOUNT);
	bool same;

	if (!u)
		return -ENOMEM;
	same = ns->parent == ckpt_user_ns(r, record->owner) &&
	       le32_to_cpu(want->nr_uids) == nr_extents(&ns->uid_map) &&
	       le32_to_cpu(want->nr_gids) == nr_extents(&ns->gid_map) &&
	       le32_to_cpu(want->nr_projids) == nr_extents(&ns->projid_map);
	if (same) {
		u->nr_uids = want->nr_uids;
		u->nr_gids = want->nr_gids;
		u->nr_projids = want->nr_projids;
		describe(ns, u);
		memcpy(u->limits, want->limits, sizeof(u->limits));
		memcpy(u->rlimits, want->rlimits, sizeof(u->rlimits));
		same = !memcmp(u, want, size);
	}
	return same ? 0 : ckpt_fail(r->ctl, -EINVAL,
				    "user namespace %u: it is not what the image says", id);
}

/* Whether its limits can be set: what is of the caller can only become less. */
static int check_limits(struct ckpt_restart *r, u32 id, struct user_namespace *ns)
{
	const struct ckpt_user *want = (const void *)r->namespaces[id - 1].record->data;
	bool differ = false;
	u32 i;

	for (i = 0; i < CKPT_NR_LIMITS; i++)
		differ |= le32_to_cpu(want->limits[i]) != READ_ONCE(ns->ucount_max[i]);
	for (i = 0; i < CKPT_NR_USER_RLIMITS; i++) {
		differ |= le64_to_cpu(want->rlimits[i]) != get_userns_rlimit_max(ns, i);
		if (le64_to_cpu(want->rlimits[i]) > get_userns_rlimit_max(ns, i))
			return ckpt_fail(r->ctl, -EPERM,
					 "user namespace %u: the limits of resources here are lower than its own",
					 id);
	}
	return differ && !ns_capable(ns, CAP_SYS_RESOURCE) ? -EPERM : 0;
}

/**
 * ckpt_adopt_user - take over a user namespace that was made for the image
 * @r: the restart
 * @arg: which, and its file
 */
int ckpt_adopt_user(struct ckpt_restart *r, const struct checkpoint_user *arg)
{
	struct ckpt_made_ns *made;
	struct user_namespace *ns;
	struct ns_common *common;
	int err;

	CLASS(fd, f)(arg->fd);

	if (fd_empty(f) || !proc_ns_file(fd_file(f)))
		return -EBADF;
	common = get_proc_ns(file_inode(fd_file(f)));
	if (common->ns_type != CLONE_NEWUSER)
		return -EBADF;
	ns = to_user_ns(common);
	if (!arg->id || arg->id > r->nr_namespaces)
		return -ESRCH;
	made = &r->namespaces[arg->id - 1];
	if (made->record->kind != cpu_to_le32(CKPT_NS_USER))
		return -ESRCH;
	if (made->ns)
		return -EBUSY;
	/* the caller's own has no parent that the image could name */
	if (ns == current_user_ns() || !ns_capable(ns, CAP_SYS_ADMIN))
		return -EPERM;
	err = compare(r, arg->id, ns) ?: check_limits(r, arg->id, ns);
	if (err)
		return err;
	/* pairs with ckpt_user_ns() */
	smp_store_release(&made->ns, &get_user_ns(ns)->ns);
	return 0;
}

/* Sets the limits of all, which are in nobody's way any more. */
void ckpt_settle_users(struct ckpt_restart *r)
{
	const struct ckpt_user *want;
	struct user_namespace *ns;
	u32 i, n;

	for (n = 0; n < r->nr_namespaces; n++) {
		if (r->namespaces[n].record->kind != cpu_to_le32(CKPT_NS_USER) ||
		    !r->namespaces[n].ns)
			continue;
		want = (const void *)r->namespaces[n].record->data;
		ns = to_user_ns(r->namespaces[n].ns);
		for (i = 0; i < CKPT_NR_LIMITS; i++)
			WRITE_ONCE(ns->ucount_max[i], le32_to_cpu(want->limits[i]));
		for (i = 0; i < CKPT_NR_USER_RLIMITS; i++)
			WRITE_ONCE(ns->rlimit_max[i], le64_to_cpu(want->rlimits[i]));
	}
}

/* Whether the pid namespace that the caller was born into has the right owner. */
int ckpt_check_pid_owner(struct ckpt_restart *r, struct ckpt_member *m, struct pid_namespace *root)
{
	u32 id = le32_to_cpu(m->record->ns[CKPT_ROLE_PID]);
	struct pid_namespace *ns = root;
	__le32 owner = r->members[0].record->pid_owner;

	if (id) {
		ns = task_active_pid_ns(current);
		owner = r->namespaces[id - 1].record->owner;
	} else if (r->members[0].record->pid != cpu_to_le32(1)) {
		/* that of whoever restarts */
		return 0;
	}
	if (ns->user_ns == ckpt_user_ns(r, owner))
		return 0;
	return ckpt_fail(r->ctl, -EXDEV, "pid %u: its pid namespace is another user namespace's",
			 le32_to_cpu(m->record->pid));
}

/**
 * ckpt_enter_user - enter a user namespace, as setns(2) does
 * @new: the caller's credentials that are to be
 * @ns: that of @new, or one below it
 *
 * Ids and capabilities are for the caller of this to set.
 */
int ckpt_enter_user(struct cred *new, struct user_namespace *ns)
{
	if (ns == new->user_ns)
		return 0;
	if (!ns_capable(ns, CAP_SYS_ADMIN))
		return -EPERM;
	put_user_ns(new->user_ns);
	new->user_ns = get_user_ns(ns);
#ifdef CONFIG_KEYS
	key_put(new->request_key_auth);
	new->request_key_auth = NULL;
#endif
	return 0;
}

/* Notes where the program of the caller, the first of its threads, was executed. */
int ckpt_restore_exec_user(struct ckpt_restart *r, const struct ckpt_task *t)
{
	struct user_namespace *ns = ckpt_user_ns(r, t->exec_user), *old;
	struct task_exec_state *state;

	if (!t->exec_user)
		return 0;
	if (!ns || !ns_capable(ns, CAP_SYS_ADMIN))
		return -EPERM;
	/* the other threads have the same; who looks at it meanwhile does so under RCU */
	state = rcu_dereference_protected(current->exec_state, true);
	old = state->user_ns;
	WRITE_ONCE(state->user_ns, get_user_ns(ns));
	put_user_ns(old);
	return 0;
}

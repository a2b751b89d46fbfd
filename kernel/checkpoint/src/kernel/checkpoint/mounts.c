// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: mount namespaces
 *
 * A mount namespace is a list of mounts, each on one before it. What is mounted
 * is a directory or file that the caller can reach, too, and is named by its
 * path there; or it is of a file system that only the tree has, see tmpfs.c.
 * Anything else is refused.
 *
 * At a restart user space makes the namespace, with the system calls and rights
 * that it has for that: the first process in it begins with that of the caller,
 * clones what it needs of it, and puts that together under a new root. The
 * kernel then opens the files whose paths are of that namespace, and others
 * enter it.
 */
#include <linux/checkpoint.h>
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/magic.h>
#include <linux/mnt_namespace.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/nsproxy.h>
#include <linux/proc_fs.h>
#include <linux/proc_ns.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>
#include <uapi/linux/mount.h>
#include "../../fs/mount.h"
#include "checkpoint.h"

/**
 * struct noted_mount - a mount, as it was while mount_lock was held
 * @m: it, referenced
 * @parent: what it is mounted on
 * @point: where, referenced
 * @flags: MNT_*
 * @tflags: T_*
 * @group: peer group, or 0
 * @peers: how many are in that
 * @master: peer group whose slave it is, or 0
 * @masters: whether there are slaves of it
 * @number: as which MOUNT it is taken; 0 if its namespace's root directory hides it
 */
struct noted_mount {
	struct mount *m, *parent;
	struct dentry *point;
	int flags, tflags, group, master;
	u32 peers;
	bool masters;
	u32 number;
};

/* All mounts of a namespace, parents first. */
struct noted_ns {
	struct noted_mount *mounts;
	u32 n;
};

/* The one behind @m, below @root, if parents come first. */
static struct mount *next_mount(struct mount *m, struct mount *root)
{
	struct list_head *next = m->mnt_mounts.next;

	for (; next == &m->mnt_mounts; m = m->mnt_parent) {
		if (m == root)
			return NULL;
		next = m->mnt_child.next;
		if (next != &m->mnt_parent->mnt_mounts)
			break;
		next = &m->mnt_parent->mnt_mounts;
	}
	return list_entry(next, struct mount, mnt_child);
}

static void note_mount(struct noted_mount *to, struct mount *m)
{
	struct mount *peer = m;

	*to = (struct noted_mount){
		.m = m,
		.parent = m->mnt_parent,
		.point = dget(m->mnt_mountpoint),
		.flags = READ_ONCE(m->mnt.mnt_flags),
		.tflags = m->mnt_t_flags,
		.group = m->mnt_t_flags & T_SHARED ? m->mnt_group_id : 0,
		.master = m->mnt_master ? m->mnt_master->mnt_group_id : 0,
		.masters = !hlist_empty(&m->mnt_slave_list),
	};
	mntget(&m->mnt);
	do {
		to->peers++;
		peer = list_next_entry(peer, mnt_share);
	} while (peer != m);
}

static void put_noted(struct noted_ns *ns)
{
	while (ns->n) {
		struct noted_mount *noted = &ns->mounts[--ns->n];

		dput(noted->point);
		mntput(&noted->m->mnt);
	}
	kvfree(ns->mounts);
	ns->mounts = NULL;
}

/* Notes all mounts of @ns. */
static int note_mounts(struct mnt_namespace *ns, struct noted_ns *to)
{
	u32 room = READ_ONCE(ns->nr_mounts) + 8, n = 0;
	struct mount *m;

	to->n = 0;
	to->mounts = kvcalloc(room, sizeof(*to->mounts), GFP_KERNEL_ACCOUNT);
	if (!to->mounts)
		return -ENOMEM;
	scoped_guard(mount_locked_reader)
		for (m = ns->root; m && n < room; m = next_mount(m, ns->root))
			note_mount(&to->mounts[n++], m);
	to->n = n;
	if (!m)
		return 0;
	put_noted(to);
	return -EAGAIN;
}

/* Numbers those that are on @root, or on one of these; the others it hides. */
static u32 number_mounts(struct noted_ns *ns, const struct mount *root)
{
	struct noted_mount *m;
	u32 i, j, number = 0;

	for (i = 0; i < ns->n; i++) {
		m = &ns->mounts[i];
		if (m->m == root)
			m->number = ++number;
		for (j = i; j-- && m->m != root;)
			if (ns->mounts[j].m == m->parent) {
				if (ns->mounts[j].number)
					m->number = ++number;
				break;
			}
	}
	return number;
}

static const struct noted_mount *find_noted(const struct noted_ns *ns, const struct mount *m)
{
	u32 i;

	for (i = 0; i < ns->n; i++)
		if (ns->mounts[i].m == m)
			return &ns->mounts[i];
	return NULL;
}

/* What is hidden below the root directories must be the same for the tree and the caller. */
static bool hide_the_same(const struct noted_ns *a, const struct noted_ns *b)
{
	u32 i = 0, j = 0;

	for (;; i++, j++) {
		while (i < a->n && a->mounts[i].number)
			i++;
		while (j < b->n && b->mounts[j].number)
			j++;
		if (i == a->n || j == b->n)
			return i == a->n && j == b->n;
		if (a->mounts[i].m->mnt.mnt_root != b->mounts[j].m->mnt.mnt_root)
			return false;
	}
}

/* The root directory that setns(2) gives in @ns. */
static int root_of(struct mnt_namespace *ns, struct path *root)
{
	return vfs_path_lookup(ns->root->mnt.mnt_root, &ns->root->mnt, "/", LOOKUP_DOWN, root);
}

/**
 * struct ckpt_taken_mntns - a mount namespace of the tree
 * @node: in the snapshot's list
 * @ns: referenced
 * @root: its root directory, referenced
 * @number: 1, 2, 3 ...
 * @first: the first task that has it
 * @noted: its mounts
 * @mounts: MOUNT records
 * @nr_mounts: how many
 */
struct ckpt_taken_mntns {
	struct list_head node;
	struct mnt_namespace *ns;
	struct path root;
	u32 number;
	struct task_struct *first;
	struct noted_ns noted;
	struct ckpt_buf mounts;
	u32 nr_mounts;
};

/* What the mounts of one namespace are compared with, and room for names. */
struct mount_taker {
	struct ckpt_snapshot *s;
	struct ckpt_taken_mntns *t;
	struct noted_ns callers;
	char *where, *point, *source;
	const char *at;		/* in @where: for messages */
	u32 groups;
	int *group_ids;		/* by number - 1 */
};

#define refuse_mount(k, fmt, ...)					\
	ckpt_refuse((k)->s, (k)->t->first, "mount %s: " fmt, (k)->at, ##__VA_ARGS__)

/* MOUNT_ATTR_* of the MNT_* of a mount. */
u32 ckpt_mount_attributes(int flags)
{
	static const struct {
		int mnt;
		u32 attr;
	} map[] = {
		{ MNT_READONLY,	MOUNT_ATTR_RDONLY },
		{ MNT_NOSUID,	MOUNT_ATTR_NOSUID },
		{ MNT_NODEV,	MOUNT_ATTR_NODEV },
		{ MNT_NOEXEC,	MOUNT_ATTR_NOEXEC },
		{ MNT_NODIRATIME, MOUNT_ATTR_NODIRATIME },
		{ MNT_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW },
	};
	u32 attr = 0, i;

	for (i = 0; i < ARRAY_SIZE(map); i++)
		attr |= flags & map[i].mnt ? map[i].attr : 0;
	if (flags & MNT_NOATIME)
		return attr | MOUNT_ATTR_NOATIME;
	return flags & MNT_RELATIME ? attr : attr | MOUNT_ATTR_STRICTATIME;
}

/* The path by which the caller reaches what @m mounts, through @c, or NULL. */
static char *try_source(const struct noted_mount *m, const struct noted_mount *c, char *buf)
{
	struct dentry *root = m->m->mnt.mnt_root;
	struct path path = { .mnt = &c->m->mnt, .dentry = root }, again;
	bool same;
	char *name;

	if (c->m->mnt.mnt_sb != m->m->mnt.mnt_sb || !is_subdir(root, c->m->mnt.mnt_root))
		return NULL;
	/* whose slave it is to be; a clone of one that cannot be cloned is none */
	if ((m->master && (c->group ?: c->master) != m->master) || c->tflags & T_UNBINDABLE)
		return NULL;
	name = d_path(&path, buf, PATH_MAX);
	if (IS_ERR(name) || *name != '/' || kern_path(name, 0, &again))
		return NULL;
	same = path_equal(&path, &again);
	path_put(&again);
	return same ? name : NULL;
}

/*
 * The best such path: that of a mount of the very same in the same place, before one
 * elsewhere, and before that of a mount of more.
 */
static char *find_source(struct mount_taker *k, const struct noted_mount *m)
{
	enum { IN_PLACE, WHOLE, PART } try;
	const struct noted_mount *c;
	char *name;
	u32 i;

	for (try = IN_PLACE; try <= PART; try++) {
		for (i = 0; i < k->callers.n; i++) {
			c = &k->callers.mounts[i];
			if ((try == PART) == (c->m->mnt.mnt_root == m->m->mnt.mnt_root))
				continue;
			name = try_source(m, c, k->source);
			if (name && (try != IN_PLACE || !strcmp(name, k->at)))
				return name;
		}
	}
	return NULL;
}

static bool is_cgroupfs(const struct super_block *sb)
{
	return sb->s_magic == CGROUP2_SUPER_MAGIC || sb->s_magic == CGROUP_SUPER_MAGIC;
}

/* Whether the caller has mounted the very same: a part of cgroupfs would be another one. */
static bool caller_has(struct mount_taker *k, const struct noted_mount *m)
{
	u32 i;

	for (i = 0; i < k->callers.n; i++)
		if (k->callers.mounts[i].m->mnt.mnt_root == m->m->mnt.mnt_root)
			return true;
	return false;
}

/* Finds what is mounted: an FS, and its directory; or a path of the caller. */
static int take_source(struct mount_taker *k, const struct noted_mount *m, char **name)
{
	struct super_block *sb = m->m->mnt.mnt_sb;
	struct dentry *root = m->m->mnt.mnt_root;
	int fs;

	if (is_cgroupfs(sb) && !caller_has(k, m))
		return refuse_mount(k, "a part of cgroupfs that the caller has not mounted is");
	*name = find_source(k, m);
	if (*name)
		return 0;
	if (m->master)
		return refuse_mount(k, "events from a mount that the caller cannot reach are");
	fs = ckpt_take_fs(k->s, k->t->first, &m->m->mnt, k->t->ns, k->at);
	if (fs < 0)
		return fs;
	if (d_unlinked(root))
		return refuse_mount(k, "its directory or file, which was deleted, is");
	*name = dentry_path_raw(root, k->source, PATH_MAX);
	if (IS_ERR(*name))
		return PTR_ERR(*name);
	if (sb->s_magic == PROC_SUPER_MAGIC && (*name)[1] >= '0' && (*name)[1] <= '9')
		return refuse_mount(k, "what /proc has of a process is");
	return fs;
}

/* The number of a peer group, all of which must be in this namespace. */
static int take_group(struct mount_taker *k, const struct noted_mount *m)
{
	const struct noted_mount *peer;
	u32 i, found = 0;

	if (m->masters)
		return refuse_mount(k, "having slaves is");
	if (!m->group)
		return 0;
	for (i = 0; i < k->t->noted.n; i++) {
		peer = &k->t->noted.mounts[i];
		if (peer->group != m->group || !peer->number)
			continue;
		found++;
		if (peer->m->mnt.mnt_root != m->m->mnt.mnt_root)
			return refuse_mount(k, "a peer that mounts another directory is");
	}
	if (found != m->peers)
		return refuse_mount(k, "sharing events with a mount outside is");
	for (i = 0; i < k->groups; i++)
		if (k->group_ids[i] == m->group)
			return i + 1;
	k->group_ids[k->groups] = m->group;
	return ++k->groups;
}

static int take_mount(struct mount_taker *k, const struct noted_mount *m)
{
	const struct noted_mount *parent = find_noted(&k->t->noted, m->parent);
	struct path at = { .mnt = &parent->m->mnt, .dentry = m->point };
	struct path root = { .mnt = &parent->m->mnt, .dentry = parent->m->mnt.mnt_root };
	struct path shown = { .mnt = &m->m->mnt, .dentry = m->m->mnt.mnt_root };
	char *point = "/", *source;
	struct ckpt_mount *to;
	int fs, group;

	k->at = __d_path(&shown, &k->t->root, k->where, PATH_MAX);
	if (IS_ERR_OR_NULL(k->at))
		k->at = "(hidden)";
	if (m->number > 1)
		point = __d_path(&at, &root, k->point, PATH_MAX);
	if (IS_ERR_OR_NULL(point))
		return refuse_mount(k, "its place, which was deleted, is");
	if (is_idmapped_mnt(&m->m->mnt))
		return refuse_mount(k, "an idmapped mount is");
	if (m->flags & MNT_SHRINKABLE)
		return refuse_mount(k, "an automatic mount is");
	fs = take_source(k, m, &source);
	if (fs < 0)
		return fs;
	group = take_group(k, m);
	if (group < 0)
		return group;
	to = ckpt_record_add(&k->t->mounts, CKPT_MOUNT, 0,
			     sizeof(*to) + strlen(point) + strlen(source) + 2);
	if (!to)
		return -ENOMEM;
	to->parent = cpu_to_le32(m->number > 1 ? parent->number : 0);
	to->fs = cpu_to_le32(fs);
	to->attr = cpu_to_le32(ckpt_mount_attributes(m->flags));
	to->flags = cpu_to_le32((m->tflags & T_UNBINDABLE ? CKPT_MOUNT_UNBINDABLE : 0) |
				(m->master ? CKPT_MOUNT_SLAVE : 0) |
				ckpt_mount_locks(m->flags));
	to->group = cpu_to_le32(group);
	memcpy(to->data, point, strlen(point) + 1);
	memcpy(to->data + strlen(point) + 1, source, strlen(source) + 1);
	return 0;
}

static int note_callers(struct mount_taker *k)
{
	struct mnt_namespace *ns = current->nsproxy->mnt_ns;
	struct path root;
	int err = note_mounts(ns, &k->callers);

	if (err)
		return err;
	err = root_of(ns, &root);
	if (err)
		return err;
	number_mounts(&k->callers, real_mount(root.mnt));
	path_put(&root);
	return 0;
}

static int take_mounts(struct mount_taker *k)
{
	struct ckpt_taken_mntns *t = k->t;
	u32 i, n;
	int err;

	err = note_callers(k) ?: note_mounts(t->ns, &t->noted);
	if (err)
		return err;
	n = number_mounts(&t->noted, real_mount(t->root.mnt));
	if (!n || n > CKPT_MOUNTS_MAX)
		return ckpt_refuse(k->s, t->first, "a mount namespace with %u mounts is", n);
	t->nr_mounts = n;
	if (!hide_the_same(&t->noted, &k->callers))
		return ckpt_refuse(k->s, t->first, "a mount that its root directory hides is");
	k->group_ids = kvcalloc(n, sizeof(*k->group_ids), GFP_KERNEL_ACCOUNT);
	if (!k->group_ids)
		return -ENOMEM;
	for (i = 0; i < t->noted.n && !err; i++) {
		if (t->noted.mounts[i].number)
			err = take_mount(k, &t->noted.mounts[i]);
		cond_resched();
	}
	return err;
}

/* Takes the namespace that was added to the list last. */
static int take_mntns(struct ckpt_snapshot *s, struct ckpt_taken_mntns *t)
{
	char *buf __free(kvfree) = kvmalloc(3 * PATH_MAX, GFP_KERNEL_ACCOUNT);
	struct mount_taker k = {
		.s = s, .t = t, .where = buf, .point = buf + PATH_MAX,
		.source = buf + 2 * PATH_MAX,
	};
	int err;

	if (!buf)
		return -ENOMEM;
	err = root_of(t->ns, &t->root);
	if (!err)
		err = take_mounts(&k);
	if (err == -EAGAIN)
		err = ckpt_fail(s->ctl, -EBUSY, "pid %d: its mounts change",
				task_pid_vnr(t->first));
	kvfree(k.group_ids);
	put_noted(&k.callers);
	return err;
}

static struct ckpt_taken_mntns *find_taken(struct ckpt_snapshot *s,
					   const struct mnt_namespace *ns)
{
	struct ckpt_taken_mntns *t;

	list_for_each_entry(t, &s->mntns_list, node)
		if (t->ns == ns)
			return t;
	return NULL;
}

static int take_of_task(struct ckpt_snapshot *s, u32 index)
{
	struct task_struct *task = s->tasks[index].task;
	struct ckpt_taken_mntns *t;
	struct mnt_namespace *ns = NULL;

	scoped_guard(task_lock, task) {
		if (task->nsproxy) {
			ns = task->nsproxy->mnt_ns;
			get_mnt_ns(ns);
		}
	}
	if (!ns || ns == current->nsproxy->mnt_ns || find_taken(s, ns)) {
		if (ns)
			put_mnt_ns(ns);
		return 0;
	}
	t = kzalloc_obj(*t, GFP_KERNEL_ACCOUNT);
	if (!t) {
		put_mnt_ns(ns);
		return -ENOMEM;
	}
	t->ns = ns;
	t->first = task;
	t->number = ++s->nr_mntns;
	list_add_tail(&t->node, &s->mntns_list);
	if (!ckpt_leads(s, index))
		return ckpt_refuse(s, task,
				   "a mount namespace that no first thread of a process has is");
	if (!in_userns(current_user_ns(), ns->user_ns))
		return ckpt_refuse(s, task,
				   "a mount namespace of a user namespace that is not below the caller's is");
	return take_mntns(s, t);
}

/**
 * ckpt_take_mounts - take all mount namespaces that are not the caller's
 * @s: what is taken
 *
 * Before the tasks, as a path of any file may be of any of them.
 */
int ckpt_take_mounts(struct ckpt_snapshot *s)
{
	int err = 0;
	u32 i;

	for (i = 0; i < s->nr_tasks && !err; i++)
		err = take_of_task(s, i);
	return err;
}

void ckpt_put_mounts(struct ckpt_snapshot *s)
{
	struct ckpt_taken_mntns *t, *next;

	list_for_each_entry_safe(t, next, &s->mntns_list, node) {
		put_noted(&t->noted);
		path_put(&t->root);
		put_mnt_ns(t->ns);
		kvfree(t->mounts.data);
		list_del(&t->node);
		kfree(t);
	}
}

/* Adds the NS of a mount namespace, which has got an id, and its MOUNTs. */
static int add_records(struct ckpt_snapshot *s, const struct ckpt_taken_mntns *t)
{
	struct ckpt_mntns *to = ckpt_ns_record(s, CKPT_NS_MNT, sizeof(*to));
	const struct ckpt_record *r;
	size_t at = 0;
	u32 length;
	void *copy;

	if (!to)
		return -ENOMEM;
	to->mounts = cpu_to_le32(t->nr_mounts);
	while (at < t->mounts.len) {
		r = t->mounts.data + at;
		length = le32_to_cpu(r->length);
		copy = ckpt_record_add(&s->ns_records, CKPT_MOUNT, 0, length);
		if (!copy)
			return -ENOMEM;
		memcpy(copy, r + 1, length);
		at += sizeof(*r) + length + ckpt_padding(length);
	}
	return 0;
}

/* Adds the NS of the mount namespace of a task, unless it is the caller's or was added. */
int ckpt_take_mount_namespace(struct ckpt_snapshot *s, u32 index)
{
	struct ckpt_tree_task *task = &s->tasks[index];
	struct ckpt_taken_mntns *t;
	void *known;
	int id;

	scoped_guard(task_lock, task->task) {
		if (!task->task->nsproxy)
			return -ESRCH;
		t = find_taken(s, task->task->nsproxy->mnt_ns);
	}
	if (!t)
		return 0;
	known = xa_load(&s->namespaces, (unsigned long)from_mnt_ns(t->ns));
	id = known ? xa_to_value(known) :
	     ckpt_new_namespace(s, task->task, from_mnt_ns(t->ns));
	if (id < 0)
		return id;
	task->ns[CKPT_ROLE_MNT] = id;
	return known ? 0 : add_records(s, t);
}

/* Whether it is of a mount namespace that was taken; under task_lock(). */
bool ckpt_in_taken_mntns(struct ckpt_snapshot *s, const struct nsproxy *p)
{
	return xa_load(&s->namespaces, (unsigned long)from_mnt_ns(p->mnt_ns));
}

static struct ckpt_taken_mntns *mntns_of(struct ckpt_snapshot *s, const struct path *path)
{
	return find_taken(s, READ_ONCE(real_mount(path->mnt)->mnt_ns));
}

/* The number of the mount namespace that @path is of: 0 is the caller's, or none of the tree. */
u32 ckpt_mnt_of(struct ckpt_snapshot *s, const struct path *path)
{
	struct ckpt_taken_mntns *t = mntns_of(s, path);

	return t ? t->number : 0;
}

/* d_path() in the namespace that @path is of. */
char *ckpt_d_path(struct ckpt_snapshot *s, const struct path *path, char *buf)
{
	struct ckpt_taken_mntns *t = mntns_of(s, path);

	if (!t || d_unlinked(path->dentry))
		return d_path(path, buf, PATH_MAX);
	return __d_path(path, &t->root, buf, PATH_MAX) ?: d_path(path, buf, PATH_MAX);
}

/* Whether @name leads somewhere in the namespace that @path is of; @same: to @path. */
bool ckpt_leads_to(struct ckpt_snapshot *s, const char *name, const struct path *path,
		   bool *same)
{
	struct ckpt_taken_mntns *t = mntns_of(s, path);
	struct path again;
	int err;

	if (t)
		err = vfs_path_lookup(t->root.dentry, t->root.mnt, name, 0, &again);
	else
		err = kern_path(name, 0, &again);
	if (err)
		return false;
	*same = path_equal(path, &again);
	path_put(&again);
	return true;
}

/* Whether @root is what setns(2) gives in the namespace of @task. */
bool ckpt_is_ns_root(struct ckpt_snapshot *s, struct task_struct *task, const struct path *root)
{
	struct ckpt_taken_mntns *t;

	guard(task_lock)(task);
	t = task->nsproxy ? find_taken(s, task->nsproxy->mnt_ns) : NULL;
	return path_equal(root, t ? &t->root : &current->fs->root);
}

/* Restart: as setns(2). */
static int enter(struct ckpt_restart *r, struct ns_common *ns)
{
	struct nsproxy *p = checkpoint_new_nsproxy(0, current_user_ns());
	struct nsset set = {
		.flags = CLONE_NEWNS, .nsproxy = p, .fs = current->fs, .cred = current_cred(),
	};
	int err;

	if (IS_ERR(p))
		return PTR_ERR(p);
	err = ns->ops->install(&set, ns);
	if (err) {
		nsproxy_free(p);
		return err;
	}
	switch_task_namespaces(current, p);
	/* who had called chroot(2) is where that leads */
	if (ns == from_mnt_ns(r->mnt_ns))
		set_fs_root(current->fs, &r->root);
	return 0;
}

/* Which of the mount namespaces of the image an NS is. */
static u32 number_of(const struct ckpt_restart *r, const struct ckpt_made_ns *made)
{
	const struct ckpt_made_ns *n;
	u32 number = 0;

	for (n = r->namespaces; n <= made; n++)
		number += n->record->kind == cpu_to_le32(CKPT_NS_MNT);
	return number;
}

/* The caller, who has it first, has made it: opens what is in it. */
static int settle(struct ckpt_restart *r, struct ckpt_member *m, struct ckpt_made_ns *made)
{
	struct mnt_namespace *ns = current->nsproxy->mnt_ns;
	int err;

	if (ns == r->mnt_ns || ns->user_ns != ckpt_user_ns(r, made->record->owner))
		return ckpt_fail(r->ctl, -EINVAL, "pid %u: its mount namespace was not made",
				 le32_to_cpu(m->record->pid));
	if (!ckpt_has_locks(r, made, ns))
		return ckpt_fail(r->ctl, -EINVAL, "pid %u: its mounts are not locked as they were",
				 le32_to_cpu(m->record->pid));
	get_mnt_ns(ns);
	/* pairs with ckpt_await_namespace() */
	smp_store_release(&made->ns, from_mnt_ns(ns));
	err = ckpt_open_files_of(r, number_of(r, made));
	if (err)
		return err;
	scoped_guard(spinlock, &r->lock)
		WRITE_ONCE(r->nr_mounted, r->nr_mounted + 1);
	wake_up_all(&r->wait);
	return 0;
}

/**
 * ckpt_restore_mount_namespace - move the caller into its mount namespace
 * @r: the restart
 * @m: the caller
 *
 * Its files may be of another one: see ckpt_await_mounts().
 */
int ckpt_restore_mount_namespace(struct ckpt_restart *r, struct ckpt_member *m)
{
	u32 id = le32_to_cpu(m->record->ns[CKPT_ROLE_MNT]);
	struct ckpt_made_ns *made;
	struct ns_common *ns;
	int err;

	if (id) {
		made = &r->namespaces[id - 1];
		if (made->owner == m)
			return settle(r, m, made);
		err = ckpt_await_namespace(r, made);
		if (err)
			return err;
		ns = made->ns;
	} else {
		ns = from_mnt_ns(r->mnt_ns);
	}
	if (ns == from_mnt_ns(current->nsproxy->mnt_ns))
		return 0;
	err = enter(r, ns);
	if (err)
		ckpt_fail(r->ctl, err, "pid %u: its mount namespace cannot be entered (error %d)",
			  le32_to_cpu(m->record->pid), -err);
	return err;
}

/* Notes where the process in charge is. */
void ckpt_note_mounts(struct ckpt_restart *r)
{
	get_mnt_ns(current->nsproxy->mnt_ns);
	r->mnt_ns = current->nsproxy->mnt_ns;
	get_fs_root(current->fs, &r->root);
}

void ckpt_put_noted_mounts(struct ckpt_restart *r)
{
	if (!r->mnt_ns)
		return;
	put_mnt_ns(r->mnt_ns);
	path_put(&r->root);
}

static bool is_for_mounts(const struct ckpt_loaded *l)
{
	const struct ckpt_inode *i = (void *)l->payload;
	const struct ckpt_ns *ns = (void *)l->payload;

	switch (ckpt_type(l)) {
	case CKPT_INODE:
		return i->kind == cpu_to_le32(CKPT_INODE_NODE);
	case CKPT_NS:
		return ns->kind == cpu_to_le32(CKPT_NS_MNT);
	default:
		return ckpt_type(l) == CKPT_FS || ckpt_type(l) == CKPT_MOUNT;
	}
}

/* Copies the records that mount namespaces are made from, if there is room for them. */
int ckpt_restart_mounts(struct ckpt_restart *r, struct checkpoint_mounts *arg)
{
	char __user *to = u64_to_user_ptr(arg->records);
	const struct ckpt_loaded *l;
	u64 room = arg->size, size = 0;
	u32 len;

	arg->count = 0;
	list_for_each_entry(l, &r->records, node) {
		if (!is_for_mounts(l))
			continue;
		len = ckpt_length(l) + ckpt_padding(ckpt_length(l));
		if (size + sizeof(l->header) + len <= room &&
		    (copy_to_user(to + size, &l->header, sizeof(l->header)) ||
		     copy_to_user(to + size + sizeof(l->header), l->payload, len)))
			return -EFAULT;
		size += sizeof(l->header) + len;
		arg->count++;
	}
	arg->size = size;
	return size > room ? -ENOSPC : 0;
}

/* The number of the mount namespace of a TASK, by the order of NSs of this kind. */
u32 ckpt_mnt_number(const struct ckpt_restart *r, const struct ckpt_task *t)
{
	u32 id = le32_to_cpu(t->ns[CKPT_ROLE_MNT]);

	return id ? number_of(r, &r->namespaces[id - 1]) : 0;
}

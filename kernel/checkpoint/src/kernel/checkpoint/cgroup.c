// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: which cgroups the tasks live in
 *
 * The cgroup of the first task is wherever it is restarted. Below that an image
 * names those of the other tasks; user space makes what is missing, and each
 * task in its own, by clone3(2), so that it takes no more than the rights for
 * that. What is set in a cgroup is not in an image.
 */
#include <linux/cgroup.h>
#include <linux/kernfs.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "../cgroup/cgroup-internal.h"
#include "checkpoint.h"

static bool has_cgroup(const struct css_set *set, const struct cgroup *cgrp)
{
	const struct cgrp_cset_link *l;

	list_for_each_entry(l, &set->cgrp_links, cgrp_link)
		if (l->cgrp == cgrp)
			return true;
	return false;
}

/* Whether two css_sets have the same cgroup in each hierarchy but, with @v1, that of v2. */
static bool same_cgroups(const struct css_set *a, const struct css_set *b, bool v1)
{
	const struct cgrp_cset_link *l;

	lockdep_assert_held(&css_set_lock);
	list_for_each_entry(l, &a->cgrp_links, cgrp_link)
		if (!(v1 && l->cgrp->root == &cgrp_dfl_root) && !has_cgroup(b, l->cgrp))
			return false;
	return true;
}

bool ckpt_same_cgroups(const struct css_set *a, const struct css_set *b)
{
	return same_cgroups(a, b, false);
}

/* What is wrong with the cgroup of @task, or NULL. *@to is it, referenced, if not @first's. */
static const char *find(struct task_struct *first, struct task_struct *task, struct cgroup **to)
{
	const struct css_set *theirs, *mine;
	struct cgroup *cgrp;

	guard(spinlock_irq)(&css_set_lock);
	theirs = task_css_set(first);
	mine = task_css_set(task);
	if (same_cgroups(theirs, mine, false))
		return NULL;
	cgrp = mine->dfl_cgrp;
	if (!same_cgroups(theirs, mine, true))
		return "a cgroup of v1 other than the first process's is";
	if (!cgroup_is_descendant(cgrp, theirs->dfl_cgrp))
		return "a cgroup that is not below the first process's is";
	if (cgrp->dom_cgrp != cgrp)
		return "a threaded cgroup below the first process's is";
	cgroup_get(cgrp);
	*to = cgrp;
	return NULL;
}

/* What has been set there and would make a difference to whoever is put there. */
static bool is_frozen_itself(const struct cgroup *first, struct cgroup *cgrp)
{
	for (; cgrp != first; cgrp = cgroup_parent(cgrp))
		if (READ_ONCE(cgrp->freezer.freeze))
			return true;
	return false;
}

static int add_record(struct ckpt_snapshot *s, struct task_struct *task, struct cgroup *first,
		      struct cgroup *cgrp)
{
	char *path __free(kfree) = kmalloc(PATH_MAX, GFP_KERNEL);
	char *record;
	int len;

	if (!path)
		return -ENOMEM;
	len = kernfs_path_from_node(cgrp->kn, first->kn, path, PATH_MAX);
	if (len < 0 || len >= PATH_MAX)
		return ckpt_refuse(s, task, "a path of its cgroup as long as this is");
	record = ckpt_record_add(&s->cgroup_records, CKPT_CGROUP, s->nr_cgroups + 1, len + 1);
	if (!record)
		return -ENOMEM;
	strscpy(record, path, len + 1);
	return 0;
}

static int take_cgroup(struct ckpt_snapshot *s, struct ckpt_tree_task *t, struct cgroup *first,
		       struct cgroup *cgrp)
{
	void *known = xa_load(&s->cgroups, (unsigned long)cgrp);
	int err;

	if (known) {
		t->cgroup = xa_to_value(known);
		return 0;
	}
	if (is_frozen_itself(first, cgrp))
		return ckpt_refuse(s, t->task, "a cgroup that is frozen by itself is");
	err = add_record(s, t->task, first, cgrp);
	if (!err)
		err = xa_err(xa_store(&s->cgroups, (unsigned long)cgrp,
				      xa_mk_value(s->nr_cgroups + 1), GFP_KERNEL));
	if (!err)
		t->cgroup = ++s->nr_cgroups;
	return err;
}

/**
 * ckpt_take_membership - take the cgroup that a task lives in
 * @s: what is taken
 * @index: of the task, which is no zombie, in the tree
 */
int ckpt_take_membership(struct ckpt_snapshot *s, u32 index)
{
	struct ckpt_tree_task *t = &s->tasks[index];
	/* who has ended stays where it was when others of its process are moved */
	struct task_struct *root = ckpt_living(s, 0);
	struct cgroup *cgrp = NULL, *first;
	const char *why = find(root, ckpt_living(s, index), &cgrp);
	int err;

	if (why)
		return ckpt_refuse(s, t->task, "%s", why);
	if (!cgrp)
		return 0;
	scoped_guard(spinlock_irq, &css_set_lock) {
		first = task_css_set(root)->dfl_cgrp;
		cgroup_get(first);
	}
	/* somebody may have moved the first task meanwhile: then it did not stay frozen */
	err = cgroup_is_descendant(cgrp, first) ? take_cgroup(s, t, first, cgrp) : -EBUSY;
	cgroup_put(first);
	cgroup_put(cgrp);
	return err;
}

/* Copies the paths of all CGROUPs, if there is room for them. */
int ckpt_restart_cgroups(struct ckpt_restart *r, struct checkpoint_cgroups *arg)
{
	char __user *to = u64_to_user_ptr(arg->paths);
	const struct ckpt_loaded *l;
	u32 room = arg->size;
	u64 size = 0;

	arg->count = 0;
	list_for_each_entry(l, &r->records, node) {
		if (ckpt_type(l) != CKPT_CGROUP)
			continue;
		if (size + ckpt_length(l) <= room &&
		    copy_to_user(to + size, l->payload, ckpt_length(l)))
			return -EFAULT;
		size += ckpt_length(l);
		arg->count++;
	}
	arg->size = size;
	return size > room ? -ENOSPC : 0;
}

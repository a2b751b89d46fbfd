/* SPDX-License-Identifier: GPL-2.0 */
/* Cgroups on a v1 hierarchy, with processes that compute in them. */
#ifndef CPU_V1_H
#define CPU_V1_H

#include "kselftest_harness.h"
#include "cgroup.h"
#include "runner.h"

/* @top is a cgroup on the hierarchy of one controller; @a and @b are below. */
struct tree {
	char root[256];
	char top[512], a[600], b[600];
};

/* Returns 0, or -ENOENT when there is no such hierarchy. */
static inline int tree_make(struct tree *t, const char *controller)
{
	int err = cg_mount_point(controller, t->root, sizeof(t->root));

	t->top[0] = '\0';
	if (err)
		return err;
	snprintf(t->top, sizeof(t->top), "%s/%s.%d", t->root, controller,
		 getpid());
	snprintf(t->a, sizeof(t->a), "%s/a", t->top);
	snprintf(t->b, sizeof(t->b), "%s/b", t->top);
	must(!cg_create(t->top));
	must(!cg_create(t->a));
	must(!cg_create(t->b));
	return 0;
}

static inline void tree_destroy(struct tree *t)
{
	if (!t->top[0])
		return;
	cg_kill_each(t->a);
	cg_kill_each(t->b);
	cg_kill_each(t->top);
	cg_remove_tree(t->top);
}

/* A process that moves into @cg and computes there. */
static inline pid_t spinner(const char *cg, volatile unsigned long *steps)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!cg_enter(cg, 0));
		runner_spin(steps);
	}
	must(pid > 0 && runner_reaches(steps, 1));
	return pid;
}

#endif /* CPU_V1_H */

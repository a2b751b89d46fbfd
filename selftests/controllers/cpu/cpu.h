/* SPDX-License-Identifier: GPL-2.0 */
/* What all programs of this suite share: cgroups, and who computes in them. */
#ifndef CPU_H
#define CPU_H

#include "kselftest_harness.h"
#include "cgroup.h"
#include "runner.h"

/*
 * @top has the cpu controller and hands it on. @a and @b below it are what
 * tests mostly use. The test's own process lives outside of all of them.
 */
FIXTURE(cpu)
{
	char root[256];
	char top[512], a[600], b[600];
	volatile unsigned long *steps;
};

FIXTURE_SETUP(cpu)
{
	if (cg_mount_point(NULL, self->root, sizeof(self->root)))
		SKIP(return, "cgroup v2 is not mounted");
	if (!cg_lists(self->root, "cgroup.controllers", "cpu"))
		SKIP(return, "cgroup v2 has no cpu controller here");
	ASSERT_EQ(0, cg_write(self->root, "cgroup.subtree_control", "+cpu"));
	snprintf(self->top, sizeof(self->top), "%s/cpu.%d", self->root,
		 getpid());
	snprintf(self->a, sizeof(self->a), "%s/a", self->top);
	snprintf(self->b, sizeof(self->b), "%s/b", self->top);
	ASSERT_EQ(0, cg_create(self->top));
	ASSERT_EQ(0, cg_write(self->top, "cgroup.subtree_control", "+cpu"));
	ASSERT_EQ(0, cg_create(self->a));
	ASSERT_EQ(0, cg_create(self->b));
	self->steps = runner_counters(64);
}

/* Run by the harness's process, after whatever became of the test's. */
FIXTURE_TEARDOWN_PARENT(cpu)
{
	if (self->top[0])
		cg_destroy(self->top);
}

static inline long usage_usec(const char *cg)
{
	return cg_key(cg, "cpu.stat", "usage_usec");
}

/* A process in @cg that computes. Nothing is measured before it has begun. */
static inline pid_t spinner(const char *cg, volatile unsigned long *steps)
{
	return runner_start(cg, runner_spin, steps);
}

/* Waits until @cg has used @usec more CPU time than it had at @since. */
static inline bool uses(const char *cg, long since, long usec)
{
	long long end = runner_now_ms() + 2 * PROC_HANG_MS;

	while (usage_usec(cg) - since < usec) {
		if (runner_now_ms() > end)
			return false;
		poll(NULL, 0, 20);
	}
	return true;
}

#endif /* CPU_H */

/* SPDX-License-Identifier: GPL-2.0 */
/* What all programs of this suite share: cpusets on a v1 hierarchy. */
#ifndef CPUSET_V1_H
#define CPUSET_V1_H

#include "kselftest_harness.h"
#include "cpulist.h"
#include "runner.h"

/* @top has all CPUs and nodes; @a and @b below it are empty. */
FIXTURE(cpuset_v1)
{
	char root[256];
	char top[512], a[600], b[600];
	volatile unsigned long *steps;
};

FIXTURE_SETUP(cpuset_v1)
{
	if (!has_three_cpus())
		SKIP(return, "not a machine of three CPUs");
	if (cg_mount_point("cpuset", self->root, sizeof(self->root)))
		SKIP(return, "no cgroup v1 hierarchy with the cpuset controller");
	snprintf(self->top, sizeof(self->top), "%s/top.%d", self->root,
		 getpid());
	snprintf(self->a, sizeof(self->a), "%s/a", self->top);
	snprintf(self->b, sizeof(self->b), "%s/b", self->top);
	ASSERT_EQ(0, cg_create(self->top));
	ASSERT_EQ(0, cg_write(self->top, "cpuset.cpus", ALL_CPUS));
	ASSERT_EQ(0, cg_write(self->top, "cpuset.mems", "0"));
	ASSERT_EQ(0, cg_create(self->a));
	ASSERT_EQ(0, cg_create(self->b));
	self->steps = runner_counters(8);
}

FIXTURE_TEARDOWN_PARENT(cpuset_v1)
{
	if (!self->top[0])
		return;
	cg_write(self->root, "cpuset.sched_load_balance", "1");
	cg_kill_each(self->a);
	cg_kill_each(self->b);
	cg_kill_each(self->top);
	cg_remove_tree(self->top);
}

/* Gives it @cpus, and the one node that there is. */
static inline int set(const char *cg, const char *cpus)
{
	int err = cg_write(cg, "cpuset.cpus", cpus);

	return err ? err : cg_write(cg, "cpuset.mems", "0");
}

/* A process that sleeps in @cg, or -errno when it is not taken. */
static inline pid_t sleeper(const char *cg)
{
	pid_t pid = proc_fork_bound(0);
	int err;

	if (!pid)
		proc_sleep_forever();
	err = cg_enter(cg, pid);
	if (err) {
		proc_kill(pid);
		return err;
	}
	return pid;
}

#endif /* CPUSET_V1_H */

/* SPDX-License-Identifier: GPL-2.0 */
/* What all programs of these suites share: cgroups with the controller. */
#ifndef CPUSET_H
#define CPUSET_H

#include "kselftest_harness.h"
#include "cpulist.h"
#include "runner.h"

/*
 * @top and @side are children of the root, @a and @b of @top, and @below of @a.
 * All have the cpuset controller. The test's own process lives in the root.
 */
FIXTURE(cpuset)
{
	char root[256];
	char top[512], side[512], a[600], b[600], below[700];
	volatile unsigned long *steps;
};

FIXTURE_SETUP(cpuset)
{
	if (!has_three_cpus())
		SKIP(return, "not a machine of three CPUs");
	if (cg_mount_point(NULL, self->root, sizeof(self->root)))
		SKIP(return, "cgroup v2 is not mounted");
	if (!cg_lists(self->root, "cgroup.controllers", "cpuset"))
		SKIP(return, "cgroup v2 has no cpuset controller here");
	ASSERT_EQ(0, cg_write(self->root, "cgroup.subtree_control", "+cpuset"));
	snprintf(self->top, sizeof(self->top), "%s/top.%d", self->root,
		 getpid());
	snprintf(self->side, sizeof(self->side), "%s/side.%d", self->root,
		 getpid());
	snprintf(self->a, sizeof(self->a), "%s/a", self->top);
	snprintf(self->b, sizeof(self->b), "%s/b", self->top);
	snprintf(self->below, sizeof(self->below), "%s/below", self->a);
	ASSERT_EQ(0, cg_create(self->top));
	ASSERT_EQ(0, cg_create(self->side));
	ASSERT_EQ(0, cg_write(self->top, "cgroup.subtree_control", "+cpuset"));
	ASSERT_EQ(0, cg_create(self->a));
	ASSERT_EQ(0, cg_create(self->b));
	ASSERT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "+cpuset"));
	ASSERT_EQ(0, cg_create(self->below));
	self->steps = runner_counters(64);
}

/* Run by the harness's process, after whatever became of the test's. */
FIXTURE_TEARDOWN_PARENT(cpuset)
{
	if (!self->top[0])
		return;
	cg_destroy(self->top);
	cg_destroy(self->side);
}

/* A process in @cg that sleeps until it is killed. */
static inline pid_t sleeper(const char *cg)
{
	pid_t pid = cg_fork_into(cg, 0);

	if (!pid)
		proc_sleep_forever();
	return pid;
}

/*
 * A life that says where it is: a bit in steps[1] for each CPU that it finds
 * itself on. Whoever wants to know of "from now on" clears them.
 */
static inline void wander(volatile unsigned long *steps)
{
	for (;;) {
		unsigned int cpu;

		must(!syscall(SYS_getcpu, &cpu, NULL, NULL));
		__atomic_or_fetch(steps + 1, 1UL << cpu, __ATOMIC_SEQ_CST);
		++*steps;
		runner_nap();
	}
}

/* The CPUs on which it was found over some steps from now on. */
static inline unsigned long seen_on(volatile unsigned long *steps)
{
	/* The step in progress may still be of before. */
	must(runner_reaches(steps, *steps + 2));
	__atomic_store_n(steps + 1, 0, __ATOMIC_SEQ_CST);
	must(runner_reaches(steps, *steps + 10));
	return steps[1];
}

#endif /* CPUSET_H */

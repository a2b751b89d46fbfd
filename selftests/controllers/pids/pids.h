/* SPDX-License-Identifier: GPL-2.0 */
/* What all programs of this suite share: a cgroup to test in, and its people. */
#ifndef PIDS_H
#define PIDS_H

#include "kselftest_harness.h"
#include <pthread.h>
#include <sched.h>
#include "cgroup.h"

/*
 * @top has the pids controller and hands it on. @a and @b below it are what
 * tests mostly use. The test's own process lives outside of all of them.
 */
FIXTURE(pids)
{
	char root[256];
	char top[512], a[600], b[600];
};

FIXTURE_SETUP(pids)
{
	if (cg_mount_point(NULL, self->root, sizeof(self->root)))
		SKIP(return, "cgroup v2 is not mounted");
	if (!cg_lists(self->root, "cgroup.controllers", "pids"))
		SKIP(return, "cgroup v2 has no pids controller here");
	ASSERT_EQ(0, cg_write(self->root, "cgroup.subtree_control", "+pids"));
	snprintf(self->top, sizeof(self->top), "%s/pids.%d", self->root,
		 getpid());
	snprintf(self->a, sizeof(self->a), "%s/a", self->top);
	snprintf(self->b, sizeof(self->b), "%s/b", self->top);
	ASSERT_EQ(0, cg_create(self->top));
	ASSERT_EQ(0, cg_write(self->top, "cgroup.subtree_control", "+pids"));
	ASSERT_EQ(0, cg_create(self->a));
	ASSERT_EQ(0, cg_create(self->b));
	/* So that orphans are the test's to reap: zombies count. */
	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
}

/*
 * Whether a fork that is killed half way panics the kernel: UML of 6.12 flushes
 * the address space beyond the mark up to which it was copied; the base has no
 * such mark.
 */
static inline bool killed_forks_panic(void)
{
	char cpu[4096];

	return proc_kernel_before(7, 3) && file_read("/proc/cpuinfo", cpu, sizeof(cpu)) > 0 &&
	       strstr(cpu, "User Mode Linux");
}

/* Run by the harness's process, after whatever became of the test's. */
FIXTURE_TEARDOWN_PARENT(pids)
{
	if (self->top[0])
		cg_destroy(self->top);
}

/* A fork that comes to nothing: 0 when it worked, or -errno. */
static inline int try_fork(void)
{
	pid_t pid = proc_fork(0);

	if (!pid)
		_exit(0);
	if (pid < 0)
		return pid;
	must(proc_end(pid) == 0);
	return 0;
}

/* A process in @cg that sleeps until it is killed. Returns as proc_fork(). */
static inline pid_t sleeper(const char *cg)
{
	pid_t pid = cg_fork_into(cg, 0);

	if (!pid)
		proc_sleep_forever();
	return pid;
}

/*
 * Whether pids.current gets to @expected. A thread that was joined is still
 * counted for the moment that the kernel needs to release it.
 */
static inline bool settles(const char *cg, long expected)
{
	struct timespec start, now;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		if (cg_number(cg, "pids.current") == expected)
			return true;
		sched_yield();
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec - start.tv_sec < PROC_HANG_MS / 1000);
	return false;
}

static inline void *thread_until_told(void *baton)
{
	baton_take(baton);
	return NULL;
}

#endif /* PIDS_H */

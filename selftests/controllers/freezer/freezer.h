/* SPDX-License-Identifier: GPL-2.0 */
/* What all programs of this suite share: cgroups, and freezing them. */
#ifndef FREEZER_H
#define FREEZER_H

#include "kselftest_harness.h"
#include "cgroup.h"
#include "runner.h"

/*
 * @a and @b are cgroups below @top. The test's own process lives outside of
 * all of them.
 */
FIXTURE(freezer)
{
	char root[256];
	char top[512], a[600], b[600];
	volatile unsigned long *steps;
};

FIXTURE_SETUP(freezer)
{
	if (cg_mount_point(NULL, self->root, sizeof(self->root)))
		SKIP(return, "cgroup v2 is not mounted");
	snprintf(self->top, sizeof(self->top), "%s/freezer.%d", self->root,
		 getpid());
	snprintf(self->a, sizeof(self->a), "%s/a", self->top);
	snprintf(self->b, sizeof(self->b), "%s/b", self->top);
	ASSERT_EQ(0, cg_create(self->top));
	ASSERT_EQ(0, cg_create(self->a));
	ASSERT_EQ(0, cg_create(self->b));
	self->steps = runner_counters(64);
}

/* Run by the harness's process, after whatever became of the test's. */
FIXTURE_TEARDOWN_PARENT(freezer)
{
	if (self->top[0])
		cg_destroy(self->top);
}

static inline long frozen(const char *cg)
{
	return cg_key(cg, "cgroup.events", "frozen");
}

/* Whether cgroup.events gets to "frozen @value", as told by its events. */
static inline bool becomes_frozen(const char *cg, long value)
{
	int fd = cg_watch(cg, "cgroup.events");
	bool ok = true;

	must(fd >= 0);
	while (ok && frozen(cg) != value)
		ok = cg_event(fd, PROC_HANG_MS);
	close(fd);
	return ok;
}

/* Freezes, and waits until that is done. */
static inline bool freeze(const char *cg)
{
	return !cg_write(cg, "cgroup.freeze", "1") && becomes_frozen(cg, 1);
}

static inline int thaw(const char *cg)
{
	return cg_write(cg, "cgroup.freeze", "0");
}

/* A process in @cg that sleeps until it is killed. */
static inline pid_t sleeper(const char *cg)
{
	pid_t pid = cg_fork_into(cg, 0);

	if (!pid)
		proc_sleep_forever();
	return pid;
}

/* A process in @cg that steps and naps, and did so already. */
static inline pid_t ticker(const char *cg, volatile unsigned long *steps)
{
	pid_t pid = runner_start(cg, runner_tick, steps);

	must(pid > 0 && runner_runs(steps));
	return pid;
}

/* A kernel thread that a cgroup takes in, and that is never frozen there. */
static inline pid_t find_ksmd(void)
{
	DIR *dir = opendir("/proc");
	pid_t found = 0;
	struct dirent *d;

	while (dir && !found && (d = readdir(dir))) {
		char path[300], comm[32];

		snprintf(path, sizeof(path), "/proc/%s/comm", d->d_name);
		if (atoi(d->d_name) > 0 &&
		    file_read(path, comm, sizeof(comm)) > 0 &&
		    !strcmp(comm, "ksmd"))
			found = atoi(d->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

#endif /* FREEZER_H */

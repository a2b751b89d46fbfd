/* SPDX-License-Identifier: GPL-2.0 */
/* What all programs of this suite share: cgroups to test in, and their people. */
#ifndef CGNS_H
#define CGNS_H

#include "kselftest_harness.h"
#include <sched.h>
#include "cgroup.h"
#include "ns.h"
#include "usermap.h"

/*
 * @top has the pids controller and hands it on. @a and @b are below it, @c below
 * @a. The test's own process lives outside of all of them, in the root. The
 * hierarchy is mounted without options, until a test says otherwise.
 */
FIXTURE(cgns)
{
	char root[256];
	/* The mount's options, to be put back; NULL: not read yet. */
	char options[256];
	/* The names within the root, as /proc/PID/cgroup has them. */
	char top_name[64];
	char top[512], a[600], b[600], c[700];
};

/* The mount's options that matter here. */
static inline void cgns_options(const char *root, char *out, size_t size)
{
	static const char * const known[] = {
		"nsdelegate", "favordynmods", "memory_localevents",
		"memory_recursiveprot", "pids_localevents",
		"memory_hugetlb_accounting",
	};
	FILE *f = setmntent("/proc/self/mounts", "r");
	struct mntent *m;

	*out = '\0';
	must(f);
	while ((m = getmntent(f))) {
		if (strcmp(m->mnt_dir, root) || strcmp(m->mnt_type, "cgroup2"))
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(known); i++)
			if (hasmntopt(m, known[i]))
				snprintf(out + strlen(out), size - strlen(out),
					 "%s%s", *out ? "," : "", known[i]);
	}
	endmntent(f);
}

static inline int cgns_remount(const char *root, const char *options)
{
	return mount("none", root, NULL, MS_REMOUNT, options) ? -errno : 0;
}

FIXTURE_SETUP(cgns)
{
	if (cg_mount_point(NULL, self->root, sizeof(self->root)))
		SKIP(return, "cgroup v2 is not mounted");
	if (!cg_lists(self->root, "cgroup.controllers", "pids"))
		SKIP(return, "cgroup v2 has no pids controller here");
	cgns_options(self->root, self->options, sizeof(self->options));
	ASSERT_EQ(0, cgns_remount(self->root, ""));
	ASSERT_EQ(0, cg_write(self->root, "cgroup.subtree_control", "+pids"));
	snprintf(self->top_name, sizeof(self->top_name), "/cgns.%d", getpid());
	snprintf(self->top, sizeof(self->top), "%s%s", self->root,
		 self->top_name);
	snprintf(self->a, sizeof(self->a), "%s/a", self->top);
	snprintf(self->b, sizeof(self->b), "%s/b", self->top);
	snprintf(self->c, sizeof(self->c), "%s/c", self->a);
	ASSERT_EQ(0, cg_create(self->top));
	ASSERT_EQ(0, cg_write(self->top, "cgroup.subtree_control", "+pids"));
	ASSERT_EQ(0, cg_create(self->a));
	ASSERT_EQ(0, cg_create(self->b));
	ASSERT_EQ(0, cg_create(self->c));
	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
}

/* Run by the harness's process, after whatever became of the test's. */
FIXTURE_TEARDOWN_PARENT(cgns)
{
	if (!self->top[0])
		return;
	cgns_remount(self->root, self->options);
	cg_destroy(self->top);
}

/* The cgroup of @pid (0: the caller), in the caller's view. */
static inline const char *cgns_of(pid_t pid, char *buf, size_t size)
{
	char path[64];

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
	else
		snprintf(path, sizeof(path), "/proc/thread-self/cgroup");
	must(!file_field(path, "0", buf, size));
	return buf;
}

static inline bool cgns_is(pid_t pid, const char *expected)
{
	char buf[512];

	cgns_of(pid, buf, sizeof(buf));
	if (!strcmp(buf, expected))
		return true;
	fprintf(stderr, "# cgroup %s, not %s\n", buf, expected);
	return false;
}

/* A child in @cg that sleeps, bound to its parent. */
static inline pid_t cgns_sleeper(const char *cg)
{
	struct baton bound = baton_make();
	pid_t pid = cg_fork_into(cg, 0);

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		baton_pass(&bound, 0);
		proc_sleep_forever();
	}
	if (pid > 0)
		baton_take(&bound);
	close(bound.fd[0]);
	close(bound.fd[1]);
	return pid;
}

/* Hands @cg to a user, as cgroup-v2.rst says: not its resource limits. */
static inline void cgns_give(const char *cg, uid_t uid)
{
	static const char * const files[] = {
		"cgroup.procs", "cgroup.threads", "cgroup.subtree_control",
	};
	char path[PATH_MAX];

	must(!chown(cg, uid, uid));
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		must(!chown(cg_path(path, cg, files[i]), uid, uid));
}

/* Mounts what the caller's namespace has of the hierarchy at /mnt. */
static inline int cgns_mount(void)
{
	return mount("none", "/mnt", "cgroup2", 0, NULL) ? -errno : 0;
}

/*
 * A child in @cg that is the first of a cgroup namespace and sees that at /mnt.
 * It is what its parent is. Returns as proc_fork().
 */
static inline pid_t cgns_fork(const char *cg)
{
	pid_t pid = cg_fork_into(cg, 0);

	if (pid)
		return pid;
	must(!prctl(PR_SET_PDEATHSIG, SIGKILL));
	must(!unshare(CLONE_NEWCGROUP | CLONE_NEWNS));
	must(!mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must(!cgns_mount());
	return 0;
}

/*
 * The same, as root of a user namespace which owns the others: the usual
 * container. @cg, and the c below it if there is one, are given to that root.
 */
static inline pid_t cgns_contain(const char *cg)
{
	struct baton go = baton_make();
	char below[PATH_MAX];
	pid_t pid;

	cgns_give(cg, USERNS_BASE);
	if (cg_has(cg, "c"))
		cgns_give(cg_path(below, cg, "c"), USERNS_BASE);
	pid = cg_fork_into(cg, CLONE_NEWUSER);
	if (!pid) {
		must(!prctl(PR_SET_PDEATHSIG, SIGKILL));
		baton_take(&go);
		must(!setgroups(0, NULL));
		userns_become(0, 0);
		must(!unshare(CLONE_NEWCGROUP | CLONE_NEWNS));
		must(!cgns_mount());
	} else if (pid > 0) {
		must(!userns_write(pid, "uid_map", USERNS_MAP));
		must(!userns_write(pid, "gid_map", USERNS_MAP));
		baton_pass(&go, 0);
	}
	close(go.fd[0]);
	close(go.fd[1]);
	return pid;
}

#endif /* CGNS_H */

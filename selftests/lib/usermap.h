/* SPDX-License-Identifier: GPL-2.0 */
/*
 * User namespaces of a test: processes in a new one with the maps that the
 * test says, their files under /proc, and what can be asked of their fd.
 */
#ifndef BULKHEAD_USERMAP_H
#define BULKHEAD_USERMAP_H

#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <grp.h>
#include "file.h"
#include "ns.h"
#include "proc.h"

/* Where most tests map 0 and the 65535 ids that follow it. */
#define USERNS_BASE	100000
#define USERNS_MAP	"0 100000 65536"

/* Writes, with one write(2), file @name of @pid (0: the caller). */
static inline int userns_write(pid_t pid, const char *name, const char *text)
{
	char path[64];

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	else
		snprintf(path, sizeof(path), "/proc/self/%s", name);
	return file_write(path, text);
}

static inline ssize_t userns_read(pid_t pid, const char *name, char *buf,
				  size_t size)
{
	char path[64];

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	else
		snprintf(path, sizeof(path), "/proc/self/%s", name);
	return file_read(path, buf, size);
}

/*
 * Takes all the ids of one user, keeping what capabilities are then left, and
 * dies with its parent as before.
 */
static inline void userns_become(uid_t uid, gid_t gid)
{
	must(!setresgid(gid, gid, gid));
	must(!setresuid(uid, uid, uid));
	must(!prctl(PR_SET_DUMPABLE, 1));
	must(!prctl(PR_SET_PDEATHSIG, SIGKILL));
}

/*
 * A fork whose child is in a new user namespace. The caller, who must be
 * allowed to, writes the maps (NULL: leaves it unwritten); then the child goes
 * on, as whoever it has become. Returns as proc_fork().
 */
static inline pid_t userns_fork_mapped(uint64_t flags, const char *uid_map,
				       const char *gid_map)
{
	struct baton go = baton_make();
	pid_t pid = proc_fork_bound(flags | CLONE_NEWUSER);

	if (!pid) {
		baton_take(&go);
	} else if (pid > 0) {
		must(!uid_map || !userns_write(pid, "uid_map", uid_map));
		must(!gid_map || !userns_write(pid, "gid_map", gid_map));
		baton_pass(&go, 0);
	}
	close(go.fd[0]);
	close(go.fd[1]);
	return pid;
}

/* The same with USERNS_MAP, and the child is root there, without groups. */
static inline pid_t userns_fork(uint64_t flags)
{
	pid_t pid = userns_fork_mapped(flags, USERNS_MAP, USERNS_MAP);

	if (!pid) {
		must(!setgroups(0, NULL));
		userns_become(0, 0);
	}
	return pid;
}

/*
 * A child that sleeps until it is killed, or its parent dies: when this returns
 * it is bound to that, so that the parent may end at once. Returns as
 * proc_fork().
 */
static inline pid_t userns_sleeper_in(uint64_t flags)
{
	struct baton bound = baton_make();
	pid_t pid = proc_fork_bound(flags);

	if (!pid) {
		baton_pass(&bound, 0);
		proc_sleep_forever();
	}
	if (pid > 0)
		baton_take(&bound);
	close(bound.fd[0]);
	close(bound.fd[1]);
	return pid;
}

/* One in a user namespace of its own, with USERNS_MAP. */
static inline pid_t userns_sleeper(void)
{
	struct baton bound = baton_make();
	pid_t pid = userns_fork(0);

	if (!pid) {
		baton_pass(&bound, 0);
		proc_sleep_forever();
	}
	if (pid > 0)
		baton_take(&bound);
	close(bound.fd[0]);
	close(bound.fd[1]);
	return pid;
}

/* An ioctl of nsfs that returns a file. -errno when it is refused. */
static inline int userns_related(int ns, unsigned long request)
{
	int fd = ioctl(ns, request);

	return fd < 0 ? -errno : fd;
}

#endif /* BULKHEAD_USERMAP_H */

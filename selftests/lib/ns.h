/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Namespaces of a test: their files under /proc, mounting what a namespace
 * needs, and becoming root of a user namespace.
 */
#ifndef BULKHEAD_NS_H
#define BULKHEAD_NS_H

#include <limits.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include "file.h"
#include "proc.h"

/* Opens /proc/@pid/ns/@name; @pid 0 is the caller. Returns a file or -errno. */
static inline int ns_open(pid_t pid, const char *name)
{
	char path[64];
	int fd;

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, name);
	else
		snprintf(path, sizeof(path), "/proc/thread-self/ns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Whether another namespace of the type @flag can be had now, or soon if @ms. */
static inline bool ns_has_room(unsigned long flag, int ms)
{
	for (;; ms--) {
		pid_t pid = proc_fork(flag);

		if (!pid)
			_exit(0);
		if (pid > 0)
			return proc_end(pid) == 0;
		must(pid == -ENOSPC);
		if (ms <= 0)
			return false;
		poll(NULL, 0, 1);
	}
}

/* Whether two open namespace files are one namespace. */
static inline bool ns_same(int a, int b)
{
	struct stat sa, sb;

	must(!fstat(a, &sa));
	must(!fstat(b, &sb));
	return sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

/* setns(2), returning -errno. */
static inline int ns_enter(int fd, int type)
{
	return setns(fd, type) ? -errno : 0;
}

/* A private copy of all mounts, with a proc of the own pid namespace at @dir. */
static inline int ns_mount_proc(const char *dir)
{
	if (mkdir(dir, 0755) && errno != EEXIST)
		return -errno;
	if (unshare(CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("proc", dir, "proc", 0, NULL))
		return -errno;
	return 0;
}

/*
 * Moves the caller into a new user namespace and makes it root there; it stays
 * what it was outside.
 */
static inline int ns_become_user_root(void)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int err;

	if (unshare(CLONE_NEWUSER))
		return -errno;
	err = file_write("/proc/self/setgroups", "deny");
	if (!err)
		err = file_printf("/proc/self/uid_map", "0 %u 1", uid);
	if (!err)
		err = file_printf("/proc/self/gid_map", "0 %u 1", gid);
	return err;
}

#endif /* BULKHEAD_NS_H */

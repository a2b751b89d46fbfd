/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Device nodes, and what becomes of it when a process of a cgroup uses them.
 *
 * A device is named as in devices.allow: 'c' or 'b', major, minor. All
 * attempts return 0 or -errno.
 */
#ifndef BULKHEAD_DEVICE_H
#define BULKHEAD_DEVICE_H

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "cgroup.h"
#include "proc.h"

struct device {
	char type;
	unsigned int major, minor;
};

#define DEV_NULL	((struct device){ 'c', 1, 3 })
#define DEV_ZERO	((struct device){ 'c', 1, 5 })
#define DEV_FULL	((struct device){ 'c', 1, 7 })
#define DEV_URANDOM	((struct device){ 'c', 1, 9 })

/* The numbers of the device that the node at @path stands for. */
static inline struct device dev_of(const char *path)
{
	struct device dev = { 0 };
	struct stat st;

	must(!stat(path, &st));
	must(S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode));
	dev.type = S_ISCHR(st.st_mode) ? 'c' : 'b';
	dev.major = major(st.st_rdev);
	dev.minor = minor(st.st_rdev);
	return dev;
}

static inline int dev_mknod(const char *path, struct device dev)
{
	mode_t type = dev.type == 'b' ? S_IFBLK : S_IFCHR;

	return mknod(path, type | 0666, makedev(dev.major, dev.minor)) ?
	       -errno : 0;
}

/* What is tried in a cgroup; not all fields are for all attempts. */
struct dev_try {
	int (*what)(const struct dev_try *t);
	const char *path;
	int flags;
	struct device dev;
};

static inline int dev_try_open(const struct dev_try *t)
{
	int fd = open(t->path, t->flags | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static inline int dev_try_access(const struct dev_try *t)
{
	return access(t->path, t->flags) ? -errno : 0;
}

static inline int dev_try_mknod(const struct dev_try *t)
{
	char path[64];
	int err;

	snprintf(path, sizeof(path), "node.%d", getpid());
	err = dev_mknod(path, t->dev);
	if (!err)
		must(!unlink(path));
	else
		must(access(path, F_OK) && errno == ENOENT);
	return err;
}

/* What a child's exit status carries an errno as; 1 is must()'s. */
#define DEV_STATUS	100

/* Makes the attempt in a process that moves into @cg first. */
static inline int dev_try_in(const char *cg, const struct dev_try *t)
{
	pid_t pid = proc_fork_bound(0);
	int status;

	if (!pid) {
		int err;

		must(!cg_enter(cg, 0));
		err = t->what(t);
		_exit(err ? DEV_STATUS - err : 0);
	}
	status = proc_end(pid);
	return status > DEV_STATUS ? DEV_STATUS - status :
	       status ? -1000 : 0;
}

static inline int dev_open_in(const char *cg, const char *path, int flags)
{
	struct dev_try t = { dev_try_open, path, flags };

	return dev_try_in(cg, &t);
}

static inline int dev_access_in(const char *cg, const char *path, int mode)
{
	struct dev_try t = { dev_try_access, path, mode };

	return dev_try_in(cg, &t);
}

static inline int dev_mknod_in(const char *cg, struct device dev)
{
	struct dev_try t = { .what = dev_try_mknod, .dev = dev };

	return dev_try_in(cg, &t);
}

#endif /* BULKHEAD_DEVICE_H */

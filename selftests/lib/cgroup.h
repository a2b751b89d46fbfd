/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cgroups of a test. A cgroup is named by its folder's whole path; "file" is
 * the name of a file in it. What can be refused returns -errno.
 */
#ifndef BULKHEAD_CGROUP_H
#define BULKHEAD_CGROUP_H

#include <dirent.h>
#include <limits.h>
#include <mntent.h>
#include <sys/stat.h>
#include "file.h"
#include "proc.h"

/*
 * Where cgroup v2 (@controller NULL), or v1's hierarchy with @controller, is
 * mounted. Returns 0, or -ENOENT.
 */
static inline int cg_mount_point(const char *controller, char *path, size_t size)
{
	FILE *f = setmntent("/proc/self/mounts", "r");
	struct mntent *m;
	int err = -ENOENT;

	while (f && (m = getmntent(f))) {
		if (controller ? strcmp(m->mnt_type, "cgroup") ||
				 !hasmntopt(m, controller) :
				 strcmp(m->mnt_type, "cgroup2"))
			continue;
		snprintf(path, size, "%s", m->mnt_dir);
		err = 0;
		break;
	}
	if (f)
		endmntent(f);
	return err;
}

static inline const char *cg_path(char *path, const char *cg, const char *file)
{
	if (snprintf(path, PATH_MAX, "%s/%s", cg, file) >= PATH_MAX)
		must(!"a cgroup's path fits");
	return path;
}

static inline int cg_create(const char *cg)
{
	return mkdir(cg, 0755) ? -errno : 0;
}

static inline int cg_remove(const char *cg)
{
	return rmdir(cg) ? -errno : 0;
}

static inline bool cg_has(const char *cg, const char *file)
{
	char path[PATH_MAX];

	return !access(cg_path(path, cg, file), F_OK);
}

static inline ssize_t cg_read(const char *cg, const char *file,
			      char *buf, size_t size)
{
	char path[PATH_MAX];

	return file_read(cg_path(path, cg, file), buf, size);
}

static inline int cg_write(const char *cg, const char *file, const char *text)
{
	char path[PATH_MAX];

	return file_write(cg_path(path, cg, file), text);
}

static inline int cg_write_number(const char *cg, const char *file, long value)
{
	char path[PATH_MAX];

	return file_printf(cg_path(path, cg, file), "%ld", value);
}

/* The file's number. -EINVAL also stands for "max" and other words. */
static inline long cg_number(const char *cg, const char *file)
{
	char path[PATH_MAX];

	return file_number(cg_path(path, cg, file));
}

/* The number at @key of a flat keyed file (memory.stat, pids.events). */
static inline long cg_key(const char *cg, const char *file, const char *key)
{
	char path[PATH_MAX], text[64];
	int err = file_field(cg_path(path, cg, file), key, text, sizeof(text));

	return err ? err : atol(text);
}

/* Whether the words of the file (cgroup.controllers, ...) include @word. */
static inline bool cg_lists(const char *cg, const char *file, const char *word)
{
	char buf[4096], *tok, *save = NULL;

	if (cg_read(cg, file, buf, sizeof(buf)) < 0)
		return false;
	for (tok = strtok_r(buf, " \n", &save); tok;
	     tok = strtok_r(NULL, " \n", &save))
		if (!strcmp(tok, word))
			return true;
	return false;
}

/* Moves process @pid, 0 for the caller, into the cgroup. */
static inline int cg_enter(const char *cg, pid_t pid)
{
	return cg_write_number(cg, "cgroup.procs", pid);
}

/* A fork whose child starts its life in @cg. Returns as proc_fork(). */
static inline pid_t cg_fork_into(const char *cg, uint64_t flags)
{
	struct clone_args args = {
		.flags = flags | CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
	};
	int fd, err;
	pid_t pid;

	fd = open(cg, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	args.cgroup = fd;
	pid = proc_clone3(&args);
	err = errno;
	close(fd);
	errno = err;
	return pid;
}

/*
 * Opens a file that generates events. It is read once, because the event that
 * poll(2) then waits for is a change since the last read.
 */
static inline int cg_watch(const char *cg, const char *file)
{
	char path[PATH_MAX], buf[4096];
	int fd = open(cg_path(path, cg, file), O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (read(fd, buf, sizeof(buf)) < 0) {
		close(fd);
		return -errno;
	}
	return fd;
}

/* Whether the watched file changed, or does so within @ms; takes the event. */
static inline bool cg_event(int fd, int ms)
{
	char buf[4096];

	if (!(proc_poll(fd, POLLPRI, ms) & POLLPRI))
		return false;
	must(pread(fd, buf, sizeof(buf), 0) >= 0);
	return true;
}

/* Of events in a row the last is held back for some 10 ms: none comes after so long. */
#define CG_EVENT_LATE_MS	30

/* Whether the file has told of everything: one may still come when the first was taken. */
static inline bool cg_event_ends(int fd)
{
	for (int i = 0; i < 100; i++)
		if (!cg_event(fd, CG_EVENT_LATE_MS))
			return true;
	return false;
}

/* Waits until no live process is left in the cgroup or below it (v2). */
static inline int cg_await_empty(const char *cg)
{
	int fd = cg_watch(cg, "cgroup.events"), err = 0;

	if (fd < 0)
		return fd;
	while (!err && cg_key(cg, "cgroup.events", "populated") != 0)
		if (!cg_event(fd, PROC_HANG_MS))
			err = -ETIMEDOUT;
	close(fd);
	return err;
}

/* Removes the cgroup with all below it, once nobody lives there. */
static inline int cg_remove_tree(const char *cg)
{
	char path[PATH_MAX];
	struct dirent *d;
	DIR *dir = opendir(cg);

	while (dir && (d = readdir(dir)))
		if (d->d_type == DT_DIR && d->d_name[0] != '.')
			cg_remove_tree(cg_path(path, cg, d->d_name));
	if (dir)
		closedir(dir);
	return cg_remove(cg);
}

/* Kills everybody in the cgroup and below it, and removes it all (v2). */
static inline int cg_destroy(const char *cg)
{
	int err;

	if (access(cg, F_OK))
		return 0;
	err = cg_write(cg, "cgroup.kill", "1");
	if (!err)
		err = cg_await_empty(cg);
	return err ? err : cg_remove_tree(cg);
}

/*
 * Kills everybody in the cgroup itself, one by one, and waits for their end: what
 * there is on v1, which has no cgroup.kill.
 */
static inline void cg_kill_each(const char *cg)
{
	char buf[4096], *line, *save = NULL;

	if (cg_read(cg, "cgroup.procs", buf, sizeof(buf)) < 0)
		return;
	for (line = strtok_r(buf, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		int fd = proc_pidfd(atoi(line));

		if (fd < 0)
			continue;
		proc_pidfd_signal(fd, SIGKILL);
		proc_poll(fd, POLLIN, PROC_HANG_MS);
		close(fd);
	}
}

#endif /* BULKHEAD_CGROUP_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cgroup v1 hierarchies that a test mounts for itself. The suite starts with
 * none, so that all there are can be ended after each test.
 */
#ifndef CORE_V1_H
#define CORE_V1_H

#include "kselftest_harness.h"
#include <sys/mount.h>
#include "cgroup.h"
#include "until.h"

/* One line of /proc/PID/cgroup: "id:set:path". */
struct v1_line {
	int id;
	char set[256];
	char path[512];
};

/* The line at @set, or if that is NULL the first of v1, for @pid (0: caller). */
static inline bool v1_find(pid_t pid, const char *set, struct v1_line *l)
{
	char path[64], text[8192], *line, *save = NULL;

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
	else
		snprintf(path, sizeof(path), "/proc/self/cgroup");
	must(file_read(path, text, sizeof(text)) >= 0);
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, "%d:%255[^:]:%511[^\n]", &l->id, l->set,
			   l->path) != 3)
			continue;
		if (!set || !strcmp(set, l->set))
			return true;
	}
	return false;
}

/* Whether there is a hierarchy of these controllers and this name. */
static inline bool v1_exists(const char *set)
{
	struct v1_line l;

	return v1_find(0, set, &l);
}

/* Whether @pid (0: the caller) is at @path in the hierarchy of @set. */
static inline bool v1_at(pid_t pid, const char *set, const char *path)
{
	struct v1_line l;

	if (!v1_find(pid, set, &l)) {
		fprintf(stderr, "# no line of %s\n", set);
		return false;
	}
	if (strcmp(l.path, path))
		fprintf(stderr, "# %s: at %s, not %s\n", set, l.path, path);
	return !strcmp(l.path, path);
}

/* Mounts at @dir, which is made. Returns 0, or -errno. */
static inline int v1_mount(const char *dir, const char *options)
{
	if (mkdir(dir, 0755) && errno != EEXIST)
		return -errno;
	return mount("core", dir, "cgroup", 0, options) ? -errno : 0;
}

static inline int v1_remount(const char *dir, const char *options)
{
	return mount("core", dir, "cgroup", MS_REMOUNT, options) ? -errno : 0;
}

/* Whether /proc/mounts shows the option for what is mounted at @dir. */
static inline bool v1_shows(const char *dir, const char *option)
{
	FILE *f = setmntent("/proc/self/mounts", "r");
	struct mntent *m;
	bool found = false;

	must(f);
	while ((m = getmntent(f)))
		if (!strcmp(m->mnt_dir, dir) && hasmntopt(m, option))
			found = true;
	endmntent(f);
	return found;
}

/* What /proc/cgroups says of a controller. */
struct v1_stat {
	int id, cgroups, enabled;
};

/* Of the first one of @set. False if the file has no line of it. */
static inline bool v1_stat(const char *set, struct v1_stat *s)
{
	char text[64], first[64];

	snprintf(first, sizeof(first), "%.*s", (int)strcspn(set, ","), set);
	if (file_field("/proc/cgroups", first, text, sizeof(text)))
		return false;
	return sscanf(text, "%d %d %d", &s->id, &s->cgroups, &s->enabled) == 3;
}

/* Whether it is on a hierarchy of which no other cgroup than the root is left. */
static inline bool v1_is_childless(const char *set)
{
	struct v1_stat s;

	return v1_stat(set, &s) && s.cgroups == 1;
}

/* Whether the hierarchy ends within @ms. */
static inline bool v1_ends(const struct v1_line *l, int ms)
{
	while (v1_exists(l->set) && ms > 0) {
		poll(NULL, 0, 5);
		ms -= 5;
	}
	return !v1_exists(l->set);
}

/*
 * Whether there is no hierarchy; else unmounts one without children. One whose
 * child is not yet done with, though removed, goes on until the next time. By
 * name no new one is mounted, so only those without a name are waited for.
 */
static inline bool v1_end_once(const char *dir)
{
	struct v1_line l;
	const char *name;

	if (!v1_find(0, NULL, &l))
		return true;
	name = strstr(l.set, "name=");
	if ((name || !v1_ends(&l, 500)) && !v1_mount(dir, name ? name : l.set)) {
		EVENTUALLY((cg_remove_tree(dir), name == l.set) ||
			   v1_is_childless(l.set));
		umount(dir);
	}
	return false;
}

/*
 * Ends every hierarchy, whether mounted at a folder in @tmp or no longer, and
 * removes @tmp. Returns whether they did end. A mount is in use for as long as
 * an agent's rmdir(2) in it has yet to return.
 */
static inline bool v1_end_all(const char *tmp)
{
	char path[PATH_MAX];
	struct dirent *d;
	DIR *dir = opendir(tmp);
	bool ended;

	if (!dir)
		return false;
	while ((d = readdir(dir))) {
		if (d->d_type != DT_DIR || d->d_name[0] == '.')
			continue;
		cg_remove_tree(cg_path(path, tmp, d->d_name));
		EVENTUALLY(!umount(path) || errno != EBUSY);
	}
	cg_path(path, tmp, "end");
	ended = EVENTUALLY(v1_end_once(path));
	rewinddir(dir);
	while ((d = readdir(dir)))
		if (strcmp(d->d_name, ".") && strcmp(d->d_name, ".."))
			remove(cg_path(path, tmp, d->d_name));
	closedir(dir);
	return !rmdir(tmp) && ended;
}

/* A folder for mount points. False if there are hierarchies that others made. */
static inline bool v1_begin(char *tmp, size_t size)
{
	if (v1_exists(NULL))
		return false;
	snprintf(tmp, size, "/tmp/core.%d", getpid());
	must(!mkdir(tmp, 0755));
	return true;
}

/* A process that moves into @cg and sleeps there. */
static inline pid_t sleeper(const char *cg)
{
	struct baton ready = baton_make();
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!cg_enter(cg, 0));
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	if (pid > 0)
		baton_take(&ready);
	close(ready.fd[0]);
	close(ready.fd[1]);
	return pid;
}

#endif /* CORE_V1_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A test's own procs, mounted in the current folder, and what somebody without
 * privilege sees in them.
 */
#ifndef BULKHEAD_PROCFS_H
#define BULKHEAD_PROCFS_H

#include <ctype.h>
#include <dirent.h>
#include <grp.h>
#include <limits.h>
#include <sys/stat.h>
#include "kselftest_harness.h"
#include "cap.h"
#include "file.h"
#include "ns.h"
#include "proc.h"

#define SOMEBODY	4711	/* a group */

/*
 * What subset=pid gives to a user namespace that has no whole proc, and that it
 * cannot be changed, is in the document of Linux 7.3; older kernels differ.
 */
static inline bool subset_is_as_documented(void)
{
	return !proc_kernel_before(7, 3);
}

/* Mounts a new proc. Returns 0, or -errno. */
static inline int proc_at(const char *dir, const char *options)
{
	if (mkdir(dir, 0755) && errno != EEXIST)
		return -errno;
	return mount("proc", dir, "proc", 0, options) ? -errno : 0;
}

static inline int proc_again(const char *dir, const char *options)
{
	return mount("proc", dir, NULL, MS_REMOUNT, options) ? -errno : 0;
}

/* The options with which the last mount at @dir shows. */
static inline void proc_options(const char *dir, char *out, size_t size)
{
	char line[1024], where[512], end[512];
	FILE *f = fopen("/proc/self/mounts", "re");

	must(f);
	must(getcwd(end, sizeof(end) - 32));
	strcat(strcat(end, "/"), dir);
	*out = '\0';
	while (fgets(line, sizeof(line), f)) {
		char options[512];

		if (sscanf(line, "%*s %511s proc %511s", where, options) == 2 &&
		    !strcmp(where, end))
			snprintf(out, size, "%s", options);
	}
	fclose(f);
}

static inline const char *proc_path(const char *proc, pid_t pid, const char *file)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%d/%s", proc, pid, file);
	return path;
}

/* Whether the proc lists the process. */
static inline bool proc_lists(const char *proc, pid_t pid)
{
	DIR *dir = opendir(proc);
	bool found = false;
	struct dirent *d;

	must(dir);
	while ((d = readdir(dir)))
		found |= isdigit(d->d_name[0]) && atoi(d->d_name) == pid;
	closedir(dir);
	return found;
}

/* How many entries it lists that are not processes. */
static inline int proc_others(const char *proc)
{
	DIR *dir = opendir(proc);
	struct dirent *d;
	int n = 0;

	must(dir);
	while ((d = readdir(dir)))
		n += !isdigit(d->d_name[0]) && d->d_name[0] != '.';
	closedir(dir);
	return n;
}

/* How a process shows in a proc to who looks. */
enum seen {
	SEEN_OPENLY,	/* listed, and its files can be read */
	SEEN_CLOSED,	/* listed, and its files give EPERM */
	SEEN_NOT,	/* not there */
	SEEN_ODDLY,	/* anything else */
};

static inline enum seen proc_seen(const char *proc, pid_t pid)
{
	bool listed = proc_lists(proc, pid);
	char text[8192], path[PATH_MAX];
	ssize_t n = file_read(proc_path(proc, pid, "status"), text, sizeof(text));
	int stat_err;
	struct stat st;

	snprintf(path, sizeof(path), "%s/%d", proc, pid);
	stat_err = stat(path, &st) ? errno : 0;
	if (listed && !stat_err && n > 0)
		return SEEN_OPENLY;
	if (listed && !stat_err && n == -EPERM)
		return SEEN_CLOSED;
	if (!listed && stat_err == ENOENT && n == -ENOENT)
		return SEEN_NOT;
	fprintf(stderr, "# %s/%d: listed %d, stat %d, read %zd\n", proc, pid, listed,
		stat_err, n);
	return SEEN_ODDLY;
}

static inline pid_t sleeper(bool nobody, bool dumpable)
{
	struct baton up = baton_make();
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		if (nobody)
			proc_become_nobody();
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		must(!prctl(PR_SET_DUMPABLE, dumpable));
		baton_pass(&up, 0);
		proc_sleep_forever();
	}
	must(pid > 0);
	baton_take(&up);
	close(up.fd[0]);
	close(up.fd[1]);
	return pid;
}

/* Runs the block as nobody. */
#define AS_NOBODY(...) do {						\
	pid_t child = proc_fork_bound(0);				\
									\
	if (!child) {							\
		must(!setgroups(0, NULL));				\
		proc_become_nobody();					\
		__VA_ARGS__;						\
		_exit(0);						\
	}								\
	EXPECT_EQ(0, proc_end(child));					\
} while (0)

#endif /* BULKHEAD_PROCFS_H */

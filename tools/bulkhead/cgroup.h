/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Directories of cgroup v2, each named by its path. What can fail returns a
 * negative errno.
 */
#ifndef BULKHEAD_CGROUP_H
#define BULKHEAD_CGROUP_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* How long the freezer may take unless the user says otherwise. */
#define CGROUP_PATIENCE_MS	10000

/* A mount as a line of /proc/PID/mountinfo tells it. Points into that line. */
struct mount_line {
	char *root;	/* of the file system, what is seen there */
	char *point;
	char *type;
};

/* Replaces the octal escapes of /proc/PID/mountinfo, in place. */
void mount_unescape(char *s);

/* Takes a line apart, in place. */
bool mount_line_parse(char *line, struct mount_line *m);

/* The path below the mount of cgroup @name, if it can be seen there. */
int cgroup_join(const struct mount_line *m, const char *name, char *path, size_t size);

/*
 * The cgroup of @pid, 0 for the caller. -ENOENT: it has none, or it is gone;
 * -ENODEV: cgroup v2 is not mounted where this one could be seen.
 */
int cgroup_of(pid_t pid, char *path, size_t size);

/* Reads a file as a string without its last newline; what does not fit is cut off. */
int cgroup_read(const char *cg, const char *file, char *text, size_t size);

int cgroup_write(const char *cg, const char *file, const char *text);

bool cgroup_has(const char *cg, const char *file);

/* The number at @key of a file of "key number" lines, or -ENOENT. */
long long cgroup_key(const char *cg, const char *file, const char *key);

/* Whether the words of @file include @word. */
bool cgroup_lists(const char *cg, const char *file, const char *word);

/* Waits until @key of cgroup.events is @want. -ETIMEDOUT: not within @ms. */
int cgroup_await(const char *cg, const char *key, int want, long ms);

/*
 * Freezes, and waits until everybody stands; -EINTR: a signal came, see process_caught().
 * *@ours tells whether it was not asked for before. After an error what was asked for here
 * is taken back.
 */
int cgroup_freeze(const char *cg, long ms, bool *ours);

/* Thaws, and waits until that shows. */
int cgroup_thaw(const char *cg, long ms);

/* Kills all in it and below, and waits until nobody is left. */
int cgroup_kill(const char *cg, long ms);

/* Removes it with all below it. It must be empty of processes. */
int cgroup_remove(const char *cg);

/* Live threads in it and below. */
long cgroup_count_tasks(const char *cg);

#endif

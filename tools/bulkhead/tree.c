// SPDX-License-Identifier: GPL-2.0
/* A process and all below it, which stand still. */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include "tree.h"

/* Pids, parents before children. */
struct list {
	pid_t *pids;
	size_t n;
};

static int add(struct list *l, pid_t pid)
{
	pid_t *more = realloc(l->pids, (l->n + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	l->pids = more;
	l->pids[l->n++] = pid;
	return 0;
}

/* What thread @tid of @pid has made. */
static int add_children(struct list *l, pid_t pid, const char *tid)
{
	char path[320];
	int err = 0;
	pid_t child;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/children", pid, tid);
	f = fopen(path, "re");
	/* it has ended, and has no children any more */
	if (!f)
		return errno == ENOENT || errno == ESRCH ? 0 : -errno;
	while (!err && fscanf(f, "%d", &child) == 1)
		err = add(l, child);
	fclose(f);
	return err;
}

static int add_below(struct list *l, pid_t pid)
{
	struct dirent *e;
	char path[64];
	int err = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while (!err && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			err = add_children(l, pid, e->d_name);
	closedir(dir);
	return err;
}

int tree_kill(pid_t root)
{
	struct list l = { 0 };
	int err = add(&l, root);
	size_t i;

	for (i = 0; i < l.n && !err; i++)
		err = add_below(&l, l.pids[i]);
	/*
	 * Children first: as long as their parent stands still nobody else can have
	 * the pid of one that has ended.
	 */
	while (!err && l.n)
		if (kill(l.pids[--l.n], SIGKILL) && errno != ESRCH)
			err = -errno;
	free(l.pids);
	return err;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Where a restart puts its tasks: in cgroups below that of the first, made if
 * they are not there. Their limits are for whoever made them to set.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "placement.h"

static int *fds;

/* Names of those that were made, the last one last. */
static char **made;
static size_t nr_made;

static int complain(const char *path, int err)
{
	fprintf(stderr, "bulkhead: restart: cgroup %s: %s\n", path, strerror(-err));
	return err;
}

static int make_one(const char *path)
{
	char **more;

	if (mkdir(path, 0755))
		return errno == EEXIST ? 0 : -errno;
	more = realloc(made, (nr_made + 1) * sizeof(*made));
	if (!more)
		return -ENOMEM;
	made = more;
	made[nr_made] = strdup(path);
	return made[nr_made++] ? 0 : -ENOMEM;
}

/* Makes what is missing of @path behind its first @from bytes, and opens it. */
static int make_and_open(char *path, size_t from)
{
	char *slash = path + from;
	int err, fd;

	for (slash = strchr(slash + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		err = make_one(path);
		*slash = '/';
		if (err)
			return err;
	}
	err = make_one(path);
	if (err)
		return err;
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int placement_prepare(const char *own, const char *paths, uint32_t n)
{
	char path[2 * PATH_MAX];
	uint32_t i;

	fds = calloc((size_t)n + 1, sizeof(*fds));
	if (!fds)
		return complain(own, -ENOMEM);
	fds[0] = open(own, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fds[0] < 0)
		return complain(own, -errno);
	for (i = 1; i <= n; i++) {
		snprintf(path, sizeof(path), "%s%s", own, paths);
		fds[i] = make_and_open(path, strlen(own));
		if (fds[i] < 0)
			return complain(path, fds[i]);
		paths += strlen(paths) + 1;
	}
	return 0;
}

int placement_fd(uint32_t id)
{
	return fds[id];
}

void placement_undo(void)
{
	while (nr_made)
		if (made[--nr_made])
			rmdir(made[nr_made]);
}

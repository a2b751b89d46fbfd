// SPDX-License-Identifier: GPL-2.0
/* The initramfs of a boot: init, the plan, and what else it is given. */
#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../lib/cpio.h"
#include "../lib/util.h"
#include "bench.h"

/* What put_extra() is called for; nftw(3) hands on nothing of the caller's. */
static FILE *extra_to;
static size_t extra_skip;

static int put_extra(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	const char *name = path + extra_skip;

	(void)ftw;
	name += *name == '/';
	if (!*name)
		return 0;
	if (type == FTW_D)
		cpio_entry(extra_to, name, S_IFDIR | 0755, NULL, 0);
	else if (type != FTW_F || cpio_file(extra_to, name, st->st_mode & 0755, path))
		return -1;
	return 0;
}

int cpio_write(const char *path, const char *init, const char *plan, const char *extra)
{
	static const char * const folders[] = { "dev", "proc", "sys", "tmp" };
	FILE *f = fopen(path, "we");
	int err = 0;
	size_t i;

	if (!f)
		return -1;
	for (i = 0; i < ARRAY_SIZE(folders); i++)
		cpio_entry(f, folders[i], S_IFDIR | 0755, NULL, 0);
	if (cpio_file(f, "init", 0755, init) || cpio_file(f, "plan", 0644, plan))
		err = -1;
	extra_to = f;
	extra_skip = extra ? strlen(extra) : 0;
	if (extra && nftw(extra, put_extra, 16, FTW_PHYS))
		err = -1;
	return cpio_end(f) ? -1 : err;
}

// SPDX-License-Identifier: GPL-2.0
/* An initramfs, in the format that the kernel calls newc. */
#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../lib/util.h"
#include "bench.h"

static void put_entry(FILE *f, const char *name, unsigned int mode, const char *data, size_t size)
{
	static unsigned int inode = 1;
	size_t name_size = strlen(name) + 1, at;

	fprintf(f, "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x", inode++, mode, 0, 0,
		S_ISDIR(mode) ? 2 : 1, 0, size, 0, 0, 0, 0, name_size, 0);
	fwrite(name, name_size, 1, f);
	for (at = 110 + name_size; at % 4; at++)
		fputc(0, f);
	if (size)
		fwrite(data, size, 1, f);
	for (at = size; at % 4; at++)
		fputc(0, f);
}

static int put_file(FILE *f, const char *name, unsigned int mode, const char *path)
{
	size_t size;
	char *data = read_file(path, &size);

	if (!data)
		return -1;
	put_entry(f, name, S_IFREG | mode, data, size);
	free(data);
	return 0;
}

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
		put_entry(extra_to, name, S_IFDIR | 0755, NULL, 0);
	else if (type != FTW_F || put_file(extra_to, name, st->st_mode & 0755, path))
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
		put_entry(f, folders[i], S_IFDIR | 0755, NULL, 0);
	if (put_file(f, "init", 0755, init) || put_file(f, "plan", 0644, plan))
		err = -1;
	extra_to = f;
	extra_skip = extra ? strlen(extra) : 0;
	if (extra && nftw(extra, put_extra, 16, FTW_PHYS))
		err = -1;
	put_entry(f, "TRAILER!!!", 0, NULL, 0);
	return fclose(f) ? -1 : err;
}

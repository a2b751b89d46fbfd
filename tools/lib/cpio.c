// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cpio.h"
#include "util.h"

void cpio_entry(FILE *f, const char *name, unsigned int mode, const char *data, size_t size)
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

int cpio_file(FILE *f, const char *name, unsigned int mode, const char *path)
{
	size_t size;
	char *data = read_file(path, &size);

	if (!data)
		return -1;
	cpio_entry(f, name, S_IFREG | mode, data, size);
	free(data);
	return 0;
}

int cpio_end(FILE *f)
{
	cpio_entry(f, "TRAILER!!!", 0, NULL, 0);
	return fclose(f) ? -1 : 0;
}

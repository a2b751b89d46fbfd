/* SPDX-License-Identifier: GPL-2.0 */
/* An initramfs, in the format that the kernel calls newc. */
#ifndef BULKHEAD_CPIO_H
#define BULKHEAD_CPIO_H

#include <stdio.h>

/**
 * cpio_entry() - add an entry
 * @f: the archive
 * @name: its path, without a leading /
 * @mode: type and permissions
 * @data: contents of a file, target of a link
 * @size: of it
 */
void cpio_entry(FILE *f, const char *name, unsigned int mode, const char *data, size_t size);

/**
 * cpio_file() - add a regular file
 * @f: the archive
 * @name: its path, without a leading /
 * @mode: permissions
 * @path: what to copy
 *
 * Return: 0, or -1 with errno.
 */
int cpio_file(FILE *f, const char *name, unsigned int mode, const char *path);

/** cpio_end() - the last entry; 0, or -1 with errno if anything was not written */
int cpio_end(FILE *f);

#endif

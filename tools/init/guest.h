/* SPDX-License-Identifier: GPL-2.0 */
/* What the programs of the guest share: small files, and words for the kernel's log. */
#ifndef BULKHEAD_GUEST_H
#define BULKHEAD_GUEST_H

#include <sys/types.h>

/**
 * read_text() - read a whole small file
 * @path: the file
 * @buf: where to; always NUL-terminated on success
 * @size: of @buf; more than @size - 1 bytes are cut off
 *
 * Return: bytes read, or -1 with errno set.
 */
ssize_t read_text(const char *path, char *buf, size_t size);

/**
 * write_text() - write a string in one write(2), as control files want it
 * @path: an existing file
 * @text: what to write
 *
 * Return: 0, or -1 with errno set.
 */
int write_text(const char *path, const char *text);

/**
 * kmsg() - put lines into the kernel's log, each marked as the guest's own
 * @fmt: as for printf(3); several lines are logged one by one
 *
 * The mark "bulkhead-init:" keeps the console scanner from taking a quoted
 * report for a new one.
 */
void kmsg(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif

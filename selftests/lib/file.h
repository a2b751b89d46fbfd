/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Small text files, as procfs and cgroupfs have them.
 *
 * One call opens, transfers and closes, so that every read is a fresh look
 * and every write is one write(2). Errors come back as -errno: what a kernel
 * refuses, and how, is what many tests are about.
 */
#ifndef BULKHEAD_FILE_H
#define BULKHEAD_FILE_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * Reads the file into @buf as a string without its last newline.
 * Returns the number of characters, or -errno.
 */
static inline ssize_t file_read(const char *path, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n = 0;
	int fd, err;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (len < size - 1) {
		n = read(fd, buf + len, size - 1 - len);
		if (n <= 0)
			break;
		len += n;
	}
	err = errno;
	close(fd);
	if (n < 0)
		return -err;
	if (len && buf[len - 1] == '\n')
		len--;
	buf[len] = '\0';
	return len;
}

/* Writes @text with one write(2). Returns 0, or -errno. */
static inline int file_write(const char *path, const char *text)
{
	ssize_t n;
	int fd, err = 0;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	if (n < 0)
		err = -errno;
	else if ((size_t)n != strlen(text))
		err = -EIO;
	close(fd);
	return err;
}

/* The same, with the text put together as by printf(). */
__attribute__((format(printf, 2, 3)))
static inline int file_printf(const char *path, const char *fmt, ...)
{
	char text[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return file_write(path, text);
}

/* The one whole number that the file holds, or -errno (-EINVAL: no number). */
static inline long file_number(const char *path)
{
	char buf[64], *end;
	ssize_t n;
	long v;

	n = file_read(path, buf, sizeof(buf));
	if (n < 0)
		return n;
	v = strtol(buf, &end, 10);
	return end == buf || *end ? -EINVAL : v;
}

/*
 * What follows "@key", a separator and blanks on its line, e.g. NSpid in
 * /proc/self/status ("NSpid:\t7\t1") or max in pids.events ("max 3").
 * Returns 0, or -errno (-ENOENT: the file has no such line).
 */
static inline int file_field(const char *path, const char *key,
			     char *out, size_t size)
{
	char buf[8192], *line, *save = NULL;
	size_t klen = strlen(key);
	ssize_t n;

	n = file_read(path, buf, sizeof(buf));
	if (n < 0)
		return n;
	for (line = strtok_r(buf, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, key, klen) || !strchr(": \t", line[klen]))
			continue;
		line += klen;
		line += strspn(line, ": \t");
		snprintf(out, size, "%s", line);
		return 0;
	}
	return -ENOENT;
}

/* The letter of a task's state, as ps(1) shows it; '-' if there is no such task. */
static inline char task_state(pid_t pid)
{
	char path[64], text[64];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	return file_field(path, "State", text, sizeof(text)) ? '-' : text[0];
}

#endif /* BULKHEAD_FILE_H */

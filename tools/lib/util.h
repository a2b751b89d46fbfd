/* SPDX-License-Identifier: GPL-2.0 */
/* Small things that every host-side tool needs, in one place. */
#ifndef BULKHEAD_UTIL_H
#define BULKHEAD_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* Exit statuses that every tool of the project keeps to. */
enum {
	EXIT_BAD_USAGE	= 2,	/* bad input: nothing was started */
};

/**
 * die() - end with a message
 * @status: exit status
 * @fmt: as for printf(3), without a newline
 */
void die(int status, const char *fmt, ...) __attribute__((noreturn, format(printf, 2, 3)));

/**
 * xasprintf() - a new string
 * @fmt: as for printf(3)
 *
 * Return: memory to be freed; ends the program when there is none.
 */
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/**
 * xrealloc() - resize, or end the program
 * @p: memory or NULL
 * @n: bytes
 */
void *xrealloc(void *p, size_t n);

/** xstrdup() - copy a string, or end the program */
char *xstrdup(const char *s);

/** now_ms() - milliseconds of a clock that only goes forward */
double now_ms(void);

/**
 * read_file() - the whole of a file as a string
 * @path: which
 * @len: where to put its length, or NULL
 *
 * Return: memory to be freed, NUL-terminated; NULL with errno set.
 */
char *read_file(const char *path, size_t *len);

/**
 * make_dirs() - mkdir -p
 * @path: the folder; existing ones are fine
 *
 * Return: 0, or -1 with errno set.
 */
int make_dirs(const char *path);

/**
 * remove_tree() - rm -r, staying on one file system and following no link
 * @path: file or folder; it may be absent
 *
 * Return: 0, or -1 with errno set.
 */
int remove_tree(const char *path);

/**
 * parse_size() - bytes from a number with K, M, G or T behind it
 * @s: e.g. "512M"
 * @bytes: the result
 */
bool parse_size(const char *s, unsigned long long *bytes);

/**
 * parse_cgroups() - which cgroup hierarchies a guest is to have
 * @s: "v2", "none", or "v1:" and names of controllers with commas between
 *
 * Return: whether it is one of these; which controllers there are only the guest knows.
 */
bool parse_cgroups(const char *s);

/**
 * parse_int() - a whole decimal number in a range
 * @s: text
 * @min: smallest allowed
 * @max: largest allowed
 * @value: the result
 */
bool parse_int(const char *s, long min, long max, long *value);

/** trim() - cut white space off both ends, in place */
char *trim(char *s);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BULKHEAD_KNOWN_H
#define BULKHEAD_KNOWN_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct known - failures that are expected, and why
 * @lines: one per limit
 * @nr: how many
 *
 * For suites that are not ours to mend: what is listed counts as skipped when
 * it fails, so that a new failure stands out. A pass stays a pass.
 */
struct known {
	struct known_limit {
		char *suite;	/* a glob of group/name */
		char *test;	/* a glob of the test's full name */
		char *reason;
	} *lines;
	size_t nr;
};

/**
 * known_load() - read a list of known limits
 * @known: the result
 * @path: a file of lines "suite TAB test TAB reason"; # starts a comment line
 * @error: where to put what is wrong ("FILE:LINE: ..."), to be freed
 *
 * Return: false when the file cannot be read or a line is not of that form.
 */
bool known_load(struct known *known, const char *path, char **error);

void known_release(struct known *known);

/**
 * known_reason() - why a test may fail
 *
 * Return: the reason, or NULL when it must not.
 */
const char *known_reason(const struct known *known, const char *suite, const char *test);

#endif

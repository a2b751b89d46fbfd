/* SPDX-License-Identifier: GPL-2.0 */
/* What a container may have: options, and the control files that they become. */
#ifndef BULKHEAD_LIMITS_H
#define BULKHEAD_LIMITS_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>

/* Keys of argp, one for each option; those of commands begin elsewhere. */
#define LIMITS_KEY	0x1000

#define LIMITS_MAX	64
#define LIMIT_TEXT	256

/* One value for one control file. */
struct limit {
	int kind;
	char text[LIMIT_TEXT];
};

struct limits {
	struct limit of[LIMITS_MAX];
	size_t count;
};

/* A child parser of argp; its input is a struct limits. */
extern const struct argp limits_argp;

/*
 * What @arg of option @option (without "--") is in its control file, in @text of
 * LIMIT_TEXT bytes. Returns NULL, or what would have been right.
 */
const char *limit_parse(const char *option, const char *arg, char *text);

/*
 * Gives the cgroup @cg, which is in @place, its limits, and enables the
 * controllers that they need on the way there. Returns an exit status.
 */
int limits_apply(const struct limits *l, const char *place, const char *cg);

#endif

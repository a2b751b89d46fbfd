/* SPDX-License-Identifier: GPL-2.0 */
/* What a command says: complaints on standard error, strings of JSON. */
#ifndef BULKHEAD_SAY_H
#define BULKHEAD_SAY_H

#include <stdio.h>

/* Says "bulkhead: ..." on standard error. Returns EXIT_REFUSED. */
int refuse(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * A string of JSON, quotes included. Whatever is no UTF-8 comes out as the
 * characters U+0080 to U+00FF: always JSON, whatever a process calls itself.
 */
void json_string(FILE *out, const char *s);

/* A string for a terminal: what would move its cursor comes out as '?'. */
void plain_string(FILE *out, const char *s);

#endif

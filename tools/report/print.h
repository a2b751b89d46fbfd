/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BULKHEAD_PRINT_H
#define BULKHEAD_PRINT_H

#include "summary.h"

void print_failures(struct summary *summary, const char *rundir, FILE *out, bool color);
void print_counts(const struct summary *summary, FILE *out);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BULKHEAD_JUNIT_H
#define BULKHEAD_JUNIT_H

#include <stdio.h>

#include "summary.h"

void xml_escape(FILE *out, const char *text);
void junit_write(struct summary *summary, FILE *out);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BULKHEAD_KTAP_LINE_H
#define BULKHEAD_KTAP_LINE_H

#include <stdbool.h>

#include "ktap.h"

/**
 * enum ktap_line_kind - what a line of KTAP is, its nesting taken away
 * @KTAP_LINE_OTHER: none of the following; allowed anywhere
 * @KTAP_LINE_VERSION: "KTAP version 1", "TAP version 13", "TAP version 14"
 * @KTAP_LINE_PLAN: "1..N"
 * @KTAP_LINE_RESULT: "ok N" or "not ok N"
 * @KTAP_LINE_BAIL_OUT: "Bail out!"
 * @KTAP_LINE_DIAGNOSTIC: begins with "#"
 */
enum ktap_line_kind {
	KTAP_LINE_OTHER,
	KTAP_LINE_VERSION,
	KTAP_LINE_PLAN,
	KTAP_LINE_RESULT,
	KTAP_LINE_BAIL_OUT,
	KTAP_LINE_DIAGNOSTIC,
};

/**
 * struct ktap_line - a line taken apart
 * @kind: what it is
 * @number: of a result (0 if it has none), or how many a plan announces
 * @status: of a result
 * @skip: a plan says "# SKIP"
 * @name: of a result, else NULL
 * @reason: text of the directive, of the bail-out or of the diagnostic
 */
struct ktap_line {
	enum ktap_line_kind kind;
	unsigned long number;
	enum ktap_status status;
	bool skip;
	char *name;
	char *reason;
};

void ktap_line_parse(struct ktap_line *line, const char *text);
void ktap_line_release(struct ktap_line *line);

#endif

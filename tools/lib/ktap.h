/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BULKHEAD_KTAP_H
#define BULKHEAD_KTAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/**
 * enum ktap_status - how a test ended
 * @KTAP_PASS: ok
 * @KTAP_FAIL: not ok, or the ERROR directive
 * @KTAP_SKIP: the SKIP directive, whatever stands before it
 * @KTAP_XFAIL: the XFAIL or TODO directive: known not to work, so it proves nothing
 * @KTAP_TIMEOUT: the TIMEOUT directive
 * @KTAP_UNFINISHED: it had begun, and the output holds no result for it
 */
enum ktap_status {
	KTAP_PASS,
	KTAP_FAIL,
	KTAP_SKIP,
	KTAP_XFAIL,
	KTAP_TIMEOUT,
	KTAP_UNFINISHED,
};

/**
 * enum ktap_fault_kind - what can be wrong with the protocol itself
 * @KTAP_EMPTY: nothing in it at all
 * @KTAP_NO_PLAN: tests (or none) without a plan
 * @KTAP_TRUNCATED: ends inside a line, or inside a group
 * @KTAP_FEWER: fewer results than planned
 * @KTAP_MORE: more results than planned
 * @KTAP_BAD_PLAN: a second plan, a plan of nothing, results of a skipped group
 * @KTAP_BAD_NUMBER: a number that is missing, repeated, or out of order
 * @KTAP_BAD_NESTING: a version line or a depth that does not fit
 * @KTAP_BAIL_OUT: "Bail out!"
 * @KTAP_CONTRADICTION: a parent says ok above a failed test
 *
 * The kinds up to @KTAP_FEWER are what a guest that died leaves behind.
 */
enum ktap_fault_kind {
	KTAP_EMPTY,
	KTAP_NO_PLAN,
	KTAP_TRUNCATED,
	KTAP_FEWER,
	KTAP_MORE,
	KTAP_BAD_PLAN,
	KTAP_BAD_NUMBER,
	KTAP_BAD_NESTING,
	KTAP_BAIL_OUT,
	KTAP_CONTRADICTION,
};

/**
 * struct ktap_test - a test, or a group of tests
 * @name: its own name; may be empty
 * @reason: directive text, or for a failure what the diagnostics say; never NULL
 * @ms: how long it took, negative if unknown
 * @number: as printed; 0 if none
 * @line: of its result; of its beginning while unfinished
 * @status: how it ended
 * @planned: tests planned in this group
 * @results: results seen in this group
 * @has_plan: a plan was seen in this group
 * @skip_all: the plan was "1..0 # SKIP"
 * @bailed_out: "Bail out!" was seen in this group
 * @parent: the group it is in; NULL for the root
 * @first: the first test of this group
 * @last: the last test of this group
 * @next: the next test of the same group
 */
struct ktap_test {
	char *name;
	char *reason;
	double ms;
	unsigned long number;
	unsigned long line;
	enum ktap_status status;
	unsigned long planned;
	unsigned long results;
	bool has_plan;
	bool skip_all;
	bool bailed_out;
	struct ktap_test *parent;
	struct ktap_test *first;
	struct ktap_test *last;
	struct ktap_test *next;
};

/**
 * struct ktap_fault - a fault of the protocol; each one makes the file a failure
 * @kind: what is wrong
 * @group: where; the root for the file itself
 * @line: line number
 * @text: the same in words
 * @next: the next fault, in the order they were found
 */
struct ktap_fault {
	enum ktap_fault_kind kind;
	const struct ktap_test *group;
	unsigned long line;
	char *text;
	struct ktap_fault *next;
};

struct ktap;

struct ktap *ktap_new(void);
void ktap_feed(struct ktap *ktap, const void *data, size_t len);
void ktap_end(struct ktap *ktap);
struct ktap *ktap_read(FILE *file);
void ktap_free(struct ktap *ktap);

const struct ktap_test *ktap_root(const struct ktap *ktap);
const struct ktap_fault *ktap_faults(const struct ktap *ktap);
const struct ktap_test *ktap_next(const struct ktap_test *test);
bool ktap_failed(const struct ktap_test *test);
bool ktap_has_failed_child(const struct ktap_test *test);
char *ktap_full_name(const struct ktap_test *test, const char *unnamed);

#endif

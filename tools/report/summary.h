/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BULKHEAD_SUMMARY_H
#define BULKHEAD_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "known.h"

/**
 * enum outcome - what became of a test, from best to worst
 * @OUTCOME_SKIP: not run, or known not to work: it proves nothing
 * @OUTCOME_PASS: passed
 * @OUTCOME_FAIL: failed
 * @OUTCOME_TIMEOUT: did not end in time
 * @OUTCOME_CRASH: the guest died, or its kernel complained
 */
enum outcome {
	OUTCOME_SKIP,
	OUTCOME_PASS,
	OUTCOME_FAIL,
	OUTCOME_TIMEOUT,
	OUTCOME_CRASH,
	NR_OUTCOMES,
};

/**
 * struct result - a test of a suite, over all iterations
 * @suite: group/name
 * @test: full name; in round brackets what stands for the suite as a whole
 * @counts: how often it had which outcome
 * @reasons: for each outcome, the reason given the first time
 * @first_bad: the iteration with the first of its worst failures; 0 if none
 * @in_iteration: the last iteration that had it
 * @ms: sum of all times known
 * @nr_ms: how many are known
 * @excerpt: what the console said, or NULL
 */
struct result {
	char *suite;
	char *test;
	unsigned long counts[NR_OUTCOMES];
	char *reasons[NR_OUTCOMES];
	unsigned long first_bad;
	unsigned long in_iteration;
	double ms;
	unsigned long nr_ms;
	char *excerpt;
};

/**
 * struct suite_run - a suite of the run
 * @name: group/name
 * @iterations: how often it was run
 * @ms: wall time of all iterations
 */
struct suite_run {
	char *name;
	unsigned long iterations;
	double ms;
};

/**
 * struct summary - all that a run says
 * @flavour: the kernel's flavour
 * @again: the command that repeats a suite, up to its name; NULL for make check
 * @features: features of the stack that the kernel's tree has; NULL for none
 * @results: in the order in which they first appeared
 * @nr: how many
 * @suites: in the order in which they first appeared
 * @nr_suites: how many
 * @kept: how many suites were not run, but taken over from earlier runs
 * @wall_ms: from the run's meta; negative if it does not say
 * @known: failures that count as skipped, or NULL
 */
struct summary {
	char *flavour;
	char *again;
	char *features;
	struct result *results;
	size_t nr;
	struct suite_run *suites;
	size_t nr_suites;
	long kept;
	double wall_ms;
	const struct known *known;
};

void summary_init(struct summary *summary);
void summary_release(struct summary *summary);
struct suite_run *summary_suite(struct summary *summary, const char *name);
void summary_add(struct summary *summary, const char *suite, unsigned long iteration,
		 const char *test, enum outcome outcome, double ms, const char *reason,
		 const char *excerpt);

enum outcome result_outcome(const struct result *result);
bool result_is_bad(const struct result *result);
char *result_reason(const struct result *result, unsigned long iterations);
const char *outcome_name(enum outcome outcome);

void summary_count(const struct summary *summary, unsigned long *passed,
		   unsigned long *failed, unsigned long *skipped);
void summary_write(struct summary *summary, FILE *out);

#endif

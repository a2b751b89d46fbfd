/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BULKHEAD_RUN_H
#define BULKHEAD_RUN_H

#include "summary.h"

/**
 * enum verdict - what the harness saw of one boot
 */
enum verdict {
	VERDICT_PASSED,
	VERDICT_FAILED,
	VERDICT_TIMED_OUT,
	VERDICT_PANICKED,
	VERDICT_SPLAT,
	VERDICT_KILLED,
	VERDICT_SKIPPED,
	VERDICT_ERROR,
	NR_VERDICTS,
};

/**
 * struct boot - a line of runs.tsv: one suite, one iteration, one kernel
 * @suite: group/name
 * @iteration: from 1
 * @verdict: what the harness saw
 * @status: exit status of the guest's command; negative if there is none
 * @ms: wall time; negative if unknown
 * @reason: in words; may be empty
 */
struct boot {
	char *suite;
	unsigned long iteration;
	enum verdict verdict;
	long status;
	double ms;
	char *reason;
};

char *log_path(const char *rundir, const char *kind, const char *suite,
	       unsigned long iteration);
void judge_boot(struct summary *summary, const char *rundir, const struct boot *boot);
int run_load(struct summary *summary, const char *rundir, char **error);

#endif

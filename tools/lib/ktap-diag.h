/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BULKHEAD_KTAP_DIAG_H
#define BULKHEAD_KTAP_DIAG_H

#define KTAP_DIAG_TAIL		3
#define KTAP_DIAG_CHECKS	4

/**
 * struct ktap_diag - what was said since the last result of a group
 * @tail: the last lines
 * @nr_tail: how many of them
 * @checks: the first lines that name a source line, a signal or a time-out
 * @nr_checks: how many there were, more than are kept perhaps
 * @running: the test whose RUN line had no result yet, or NULL
 * @skip: the reason in a kselftest_harness SKIP line, or NULL
 * @ms: from a "duration_ms" line, negative if there was none
 */
struct ktap_diag {
	char *tail[KTAP_DIAG_TAIL];
	unsigned int nr_tail;
	char *checks[KTAP_DIAG_CHECKS];
	unsigned int nr_checks;
	char *running;
	char *skip;
	double ms;
};

void ktap_diag_init(struct ktap_diag *diag);
void ktap_diag_add(struct ktap_diag *diag, const char *text);
char *ktap_diag_reason(const struct ktap_diag *diag);
void ktap_diag_reset(struct ktap_diag *diag);

#endif

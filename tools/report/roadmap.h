/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BULKHEAD_ROADMAP_H
#define BULKHEAD_ROADMAP_H

#include "summary.h"

/**
 * enum roadmap_status - may a row be shown as working?
 * @ROADMAP_TITLE: it is a section's title
 * @ROADMAP_LATER: nobody claims it yet
 * @ROADMAP_NO_PROOF: a suite that proves it was not run, or does not exist
 * @ROADMAP_SKIP: a suite that proves it could not run
 * @ROADMAP_FAIL: a test that belongs to it failed
 * @ROADMAP_PASS: each item of its proof has a test that passed and none that failed
 */
enum roadmap_status {
	ROADMAP_TITLE,
	ROADMAP_LATER,
	ROADMAP_NO_PROOF,
	ROADMAP_SKIP,
	ROADMAP_FAIL,
	ROADMAP_PASS,
};

/**
 * struct roadmap_row - a row of the roadmap
 * @row: its number
 * @what: what it promises
 * @from: base, stack or base+stack
 * @later: not claimed yet
 * @proof: items separated by single spaces, all of them required; "-" for none
 * @status: filled in by roadmap_judge()
 * @counts: passed, failed and skipped tests
 * @reason: why it is not PASS
 */
struct roadmap_row {
	char *row;
	char *what;
	char *from;
	bool later;
	char *proof;
	enum roadmap_status status;
	unsigned long counts[3];
	char *reason;
};

/**
 * struct roadmap - the whole table
 * @rows: titles and rows, as in the file
 * @nr: how many
 */
struct roadmap {
	struct roadmap_row *rows;
	size_t nr;
};

int roadmap_load(struct roadmap *roadmap, const char *path, char **error);
void roadmap_judge(struct roadmap *roadmap, const struct summary *summaries, size_t nr);
void roadmap_write(const struct roadmap *roadmap, FILE *out);
void roadmap_markdown(const struct roadmap *roadmap, FILE *out);
void roadmap_print(const struct roadmap *roadmap, FILE *out, bool color);
void roadmap_release(struct roadmap *roadmap);
const char *roadmap_status_name(enum roadmap_status status);

#endif

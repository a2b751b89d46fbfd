// SPDX-License-Identifier: GPL-2.0
/*
 * The roadmap's rows and what proves them.
 *
 * An item of a proof is SUITE[@FLAVOUR][:TEST]: SUITE and TEST are globs, of
 * group/name and of the test's full name; with @FLAVOUR only a run on a kernel of
 * that flavour proves anything.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "roadmap.h"
#include "../lib/text.h"
#include "../lib/util.h"

#define MAX_FIELDS	5

enum { FIELD_ROW, FIELD_WHAT, FIELD_FROM, FIELD_WHEN, FIELD_PROOF };

struct item {
	char *suite;
	const char *flavour;	/* NULL: any */
	const char *test;	/* NULL: all */
};

/* Cuts a copy of the first @len bytes of @text; false if it is malformed. */
static bool parse_item(struct item *item, const char *text, size_t len)
{
	char *colon, *at;

	item->suite = xrealloc(NULL, len + 1);
	memcpy(item->suite, text, len);
	item->suite[len] = '\0';
	item->test = item->flavour = NULL;
	colon = strchr(item->suite, ':');
	if (colon) {
		*colon = '\0';
		item->test = colon + 1;
	}
	at = strchr(item->suite, '@');
	if (at) {
		*at = '\0';
		item->flavour = at + 1;
	}
	return *item->suite && (strchr(item->suite, '/') || !strcmp(item->suite, "*")) &&
	       (!colon || *item->test) && (!at || *item->flavour);
}

static bool is_proof(const char *proof)
{
	struct item item;
	size_t len;
	bool ok;

	if (!strcmp(proof, "-"))
		return true;
	for (;;) {
		len = strcspn(proof, " ");
		ok = parse_item(&item, proof, len);
		free(item.suite);
		if (!ok || !proof[len])
			return ok;
		proof += len + 1;
	}
}

static bool is_from(const char *s)
{
	return !strcmp(s, "base") || !strcmp(s, "stack") || !strcmp(s, "base+stack");
}

/* Adds a line of the file; returns what is wrong with it, NULL if nothing. */
static char *add_line(struct roadmap *map, char *line)
{
	char *fields[MAX_FIELDS], *tab;
	struct roadmap_row *row;
	size_t n = 0, i;

	for (;;) {
		tab = strchr(line, '\t');
		if (tab)
			*tab = '\0';
		if (n < MAX_FIELDS)
			fields[n] = line;
		n++;
		if (!tab)
			break;
		line = tab + 1;
	}
	if (n != 2 && n != MAX_FIELDS)
		return xasprintf("%zu fields; a title has 2, a row %d", n, MAX_FIELDS);
	if (!*fields[FIELD_ROW])
		return xstrdup("field row is empty");
	for (i = 0; i < map->nr; i++)
		if (!strcmp(map->rows[i].row, fields[FIELD_ROW]))
			return xasprintf("field row: \"%s\" is there twice", fields[FIELD_ROW]);
	if (!*fields[FIELD_WHAT])
		return xstrdup("field what is empty");
	if (n == MAX_FIELDS && !is_from(fields[FIELD_FROM]))
		return xasprintf("field from: \"%s\" is not base, stack or base+stack",
				 fields[FIELD_FROM]);
	if (n == MAX_FIELDS && strcmp(fields[FIELD_WHEN], "now") &&
	    strcmp(fields[FIELD_WHEN], "later"))
		return xasprintf("field when: \"%s\" is not now or later", fields[FIELD_WHEN]);
	if (n == MAX_FIELDS && !is_proof(fields[FIELD_PROOF]))
		return xasprintf("field proof: \"%s\" is not -, nor items group/suite[@flavour][:test]",
				 fields[FIELD_PROOF]);

	map->rows = xrealloc(map->rows, (map->nr + 1) * sizeof(*map->rows));
	row = &map->rows[map->nr++];
	*row = (struct roadmap_row){
		.row = xstrdup(fields[FIELD_ROW]),
		.what = xstrdup(fields[FIELD_WHAT]),
		.from = xstrdup(n == 2 ? "" : fields[FIELD_FROM]),
		.later = n != 2 && !strcmp(fields[FIELD_WHEN], "later"),
		.proof = xstrdup(n == 2 ? "" : fields[FIELD_PROOF]),
		.reason = xstrdup(""),
		.status = n == 2 ? ROADMAP_TITLE : ROADMAP_NO_PROOF,
	};
	return NULL;
}

/**
 * roadmap_load() - read the file that maps rows to proofs
 * @map: the table to fill; to be released in any case
 * @path: the file
 * @error: where to put an error message, to be freed by the caller
 *
 * Return: 0, or -1 with *@error set.
 */
int roadmap_load(struct roadmap *map, const char *path, char **error)
{
	FILE *file = fopen(path, "re");
	char *line = NULL, *bad = NULL;
	unsigned long number = 0;
	size_t cap = 0;
	ssize_t len;

	*map = (struct roadmap){ 0 };
	if (!file) {
		*error = xasprintf("%s: %s", path, strerror(errno));
		return -1;
	}
	while (!bad && (len = getline(&line, &cap, file)) > 0) {
		number++;
		if (line[len - 1] == '\n')
			line[--len] = '\0';
		if (*line && *line != '#')
			bad = add_line(map, line);
	}
	free(line);
	fclose(file);
	if (!bad && !map->nr)
		bad = xstrdup("no rows");
	if (!bad)
		return 0;
	*error = xasprintf("%s:%lu: %s", path, number, bad);
	free(bad);
	return -1;
}

/* What stands for a suite as a whole is in brackets: it spoils every test of it. */
static bool item_matches(const struct item *item, const struct result *r)
{
	if (fnmatch(item->suite, r->suite, 0))
		return false;
	return !item->test || !fnmatch(item->test, r->test, 0) ||
	       (*r->test == '(' && result_is_bad(r));
}

/* A suite that was skipped as a whole skips each of its tests. */
static bool item_skipped(const struct item *item, const struct result *r)
{
	return !fnmatch(item->suite, r->suite, 0) && *r->test == '(' &&
	       result_outcome(r) == OUTCOME_SKIP;
}

static enum roadmap_status judge_item(struct roadmap_row *row, const struct item *item,
				      const struct summary *summaries, size_t nr)
{
	unsigned long passed = 0, failed = 0, skipped = 0;
	const char *bad = NULL, *skip = NULL;
	size_t i, k;

	for (i = 0; i < nr; i++) {
		const struct summary *s = &summaries[i];

		if (item->flavour && (!s->flavour || strcmp(item->flavour, s->flavour)))
			continue;
		for (k = 0; k < s->nr; k++) {
			const struct result *r = &s->results[k];
			enum outcome o = result_outcome(r);

			if (!item_matches(item, r) && !item_skipped(item, r))
				continue;
			if (o == OUTCOME_PASS) {
				passed++;
			} else if (o == OUTCOME_SKIP) {
				skipped++;
				skip = skip ? skip : r->reasons[o];
			} else {
				failed++;
				bad = bad ? bad : r->test;
			}
		}
	}
	row->counts[0] += passed;
	row->counts[1] += failed;
	row->counts[2] += skipped;
	if (!failed && passed)
		return ROADMAP_PASS;
	free(row->reason);
	row->reason = failed ? xasprintf("%s: %s", item->suite, bad) :
		skipped ? xstrdup(skip) : xasprintf("%s was not run", item->suite);
	return failed ? ROADMAP_FAIL : skipped ? ROADMAP_SKIP : ROADMAP_NO_PROOF;
}

/* Failing beats missing, missing beats skipped, and all of them beat passing. */
static int rank(enum roadmap_status status)
{
	static const int ranks[] = {
		[ROADMAP_PASS] = 0,
		[ROADMAP_SKIP] = 1,
		[ROADMAP_NO_PROOF] = 2,
		[ROADMAP_FAIL] = 3,
	};

	return ranks[status];
}

static void judge_row(struct roadmap_row *row, const struct summary *summaries, size_t nr)
{
	const char *proof = row->proof;
	enum roadmap_status status;
	char *reason;
	struct item item;
	size_t len;

	row->status = ROADMAP_PASS;
	for (;;) {
		len = strcspn(proof, " ");
		parse_item(&item, proof, len);
		reason = row->reason;
		row->reason = xstrdup("");
		status = judge_item(row, &item, summaries, nr);
		if (rank(status) > rank(row->status)) {
			row->status = status;
			free(reason);
		} else {
			free(row->reason);
			row->reason = reason;
		}
		free(item.suite);
		if (!proof[len])
			return;
		proof += len + 1;
	}
}

/**
 * roadmap_judge() - fill in each row's status
 * @map: the table
 * @summaries: the runs to take proofs from
 * @nr: how many
 */
void roadmap_judge(struct roadmap *map, const struct summary *summaries, size_t nr)
{
	size_t i;

	for (i = 0; i < map->nr; i++) {
		struct roadmap_row *row = &map->rows[i];

		if (row->status == ROADMAP_TITLE)
			continue;
		memset(row->counts, 0, sizeof(row->counts));
		free(row->reason);
		row->reason = xstrdup("");
		if (row->later)
			row->status = ROADMAP_LATER;
		else if (!strcmp(row->proof, "-"))
			row->status = ROADMAP_NO_PROOF;
		else
			judge_row(row, summaries, nr);
	}
}

/**
 * roadmap_release() - free what the table holds
 * @map: the table
 */
void roadmap_release(struct roadmap *map)
{
	size_t i;

	for (i = 0; i < map->nr; i++) {
		free(map->rows[i].row);
		free(map->rows[i].what);
		free(map->rows[i].from);
		free(map->rows[i].proof);
		free(map->rows[i].reason);
	}
	free(map->rows);
	*map = (struct roadmap){ 0 };
}

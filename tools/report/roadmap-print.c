// SPDX-License-Identifier: GPL-2.0
/* The roadmap's table: for programs, for a terminal, for a README. */
#include <string.h>

#include "roadmap.h"

/**
 * roadmap_status_name() - the words for a status
 * @status: the status
 *
 * Return: the words; empty for a title.
 */
const char *roadmap_status_name(enum roadmap_status status)
{
	static const char * const names[] = {
		[ROADMAP_TITLE] = "",
		[ROADMAP_LATER] = "later",
		[ROADMAP_NO_PROOF] = "no proof yet",
		[ROADMAP_SKIP] = "SKIP",
		[ROADMAP_FAIL] = "FAIL",
		[ROADMAP_PASS] = "PASS",
	};

	return names[status];
}

/**
 * roadmap_write() - write roadmap.tsv
 * @map: the table, judged
 * @out: where to
 *
 * The counts are passed/failed/skipped tests; the reason column says why a row
 * is not PASS. Titles are left out.
 */
void roadmap_write(const struct roadmap *map, FILE *out)
{
	size_t i;

	fprintf(out, "row\twhat\tfrom\tproof\tstatus\tcounts\treason\n");
	for (i = 0; i < map->nr; i++) {
		const struct roadmap_row *r = &map->rows[i];

		if (r->status == ROADMAP_TITLE)
			continue;
		fprintf(out, "%s\t%s\t%s\t%s\t%s\t%lu/%lu/%lu\t%s\n", r->row, r->what,
			r->from, r->proof, roadmap_status_name(r->status), r->counts[0],
			r->counts[1], r->counts[2], r->reason);
	}
}

/* Text in a cell: a pipe would end it, and a star would make it bold. */
static void cell(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("|*_<\\`", *text))
			fputc('\\', out);
		fputc(*text, out);
	}
}

/**
 * roadmap_markdown() - write the table as Markdown
 * @map: the table, judged
 * @out: where to
 */
void roadmap_markdown(const struct roadmap *map, FILE *out)
{
	size_t i;

	fputs("| row | what | from | proof | status | passed |\n"
	      "| --- | --- | --- | --- | --- | --- |\n", out);
	for (i = 0; i < map->nr; i++) {
		const struct roadmap_row *r = &map->rows[i];

		if (r->status == ROADMAP_TITLE) {
			fprintf(out, "| **%s** | **", r->row);
			cell(out, r->what);
			fputs("** | | | | |\n", out);
			continue;
		}
		fprintf(out, "| %s | ", r->row);
		cell(out, r->what);
		fprintf(out, " | %s | ", r->from);
		cell(out, r->proof);
		fprintf(out, " | %s | ", roadmap_status_name(r->status));
		if (r->counts[0] + r->counts[1] + r->counts[2])
			fprintf(out, "%lu of %lu", r->counts[0],
				r->counts[0] + r->counts[1] + r->counts[2]);
		fputs(" |\n", out);
	}
}

static const char *color_of(enum roadmap_status status)
{
	switch (status) {
	case ROADMAP_PASS:
		return "\033[32m";
	case ROADMAP_FAIL:
		return "\033[31m";
	case ROADMAP_SKIP:
		return "\033[33m";
	default:
		return "\033[2m";
	}
}

/**
 * roadmap_print() - print the table for people
 * @map: the table, judged
 * @out: where to
 * @color: use colours
 */
void roadmap_print(const struct roadmap *map, FILE *out, bool color)
{
	size_t i;

	for (i = 0; i < map->nr; i++) {
		const struct roadmap_row *r = &map->rows[i];

		if (r->status == ROADMAP_TITLE) {
			fprintf(out, "%s%s %s%s\n", color ? "\033[1m" : "", r->row, r->what,
				color ? "\033[0m" : "");
			continue;
		}
		fprintf(out, "  %s%-12s%s  %-5s ", color ? color_of(r->status) : "",
			roadmap_status_name(r->status), color ? "\033[0m" : "", r->row);
		if (r->counts[0] + r->counts[1] + r->counts[2])
			fprintf(out, "%4lu/%-4lu", r->counts[0],
				r->counts[0] + r->counts[1] + r->counts[2]);
		else
			fprintf(out, "%9s", "");
		fprintf(out, " %s", r->what);
		if (*r->reason && (r->status == ROADMAP_FAIL || r->status == ROADMAP_SKIP))
			fprintf(out, " (%s)", r->reason);
		fputc('\n', out);
	}
}

// SPDX-License-Identifier: GPL-2.0
/* The summary as JUnit's XML, which every CI reads. */
#include <stdlib.h>
#include <string.h>

#include "junit.h"
#include "../lib/text.h"
#include "../lib/util.h"

/**
 * xml_escape() - write text that may stand in an attribute or an element
 * @out: where to
 * @text: any bytes; what XML cannot hold is replaced, newlines stay
 */
void xml_escape(FILE *out, const char *text)
{
	const char *line = text, *s;
	size_t len;
	char *clean;

	for (;;) {
		len = strcspn(line, "\n");
		clean = text_clean(line, len);
		for (s = clean; *s; s++) {
			switch (*s) {
			case '&':
				fputs("&amp;", out);
				break;
			case '<':
				fputs("&lt;", out);
				break;
			case '>':
				fputs("&gt;", out);
				break;
			case '"':
				fputs("&quot;", out);
				break;
			default:
				fputc(*s, out);
			}
		}
		free(clean);
		if (!line[len])
			return;
		fputc('\n', out);
		line += len + 1;
	}
}

static void attribute(FILE *out, const char *name, const char *value)
{
	fprintf(out, " %s=\"", name);
	xml_escape(out, value);
	fputc('"', out);
}

static void testcase(FILE *out, const struct result *r, unsigned long iterations)
{
	enum outcome outcome = result_outcome(r);
	char *reason = result_reason(r, iterations);
	const char *element = outcome == OUTCOME_FAIL ? "failure" : "error";

	fputs("    <testcase", out);
	attribute(out, "classname", r->suite);
	attribute(out, "name", r->test);
	if (r->nr_ms)
		fprintf(out, " time=\"%.6f\"", r->ms / r->nr_ms / 1000);
	if (outcome == OUTCOME_PASS) {
		fputs("/>\n", out);
	} else if (outcome == OUTCOME_SKIP) {
		fputs("><skipped", out);
		attribute(out, "message", reason);
		fputs("/></testcase>\n", out);
	} else {
		fprintf(out, "><%s", element);
		attribute(out, "type", outcome_name(outcome));
		attribute(out, "message", reason);
		fputc('>', out);
		xml_escape(out, r->excerpt ? r->excerpt : reason);
		fprintf(out, "</%s></testcase>\n", element);
	}
	free(reason);
}

static void counts(const struct summary *s, const char *suite, FILE *out)
{
	unsigned long tests = 0, failures = 0, errors = 0, skipped = 0;
	size_t i;

	for (i = 0; i < s->nr; i++) {
		const struct result *r = &s->results[i];
		enum outcome o = result_outcome(r);

		if (suite && strcmp(r->suite, suite))
			continue;
		tests++;
		failures += o == OUTCOME_FAIL;
		errors += o > OUTCOME_FAIL;
		skipped += o == OUTCOME_SKIP;
	}
	fprintf(out, " tests=\"%lu\" failures=\"%lu\" errors=\"%lu\" skipped=\"%lu\"",
		tests, failures, errors, skipped);
}

/**
 * junit_write() - write junit.xml
 * @s: the summary
 * @out: where to
 */
void junit_write(struct summary *s, FILE *out)
{
	size_t i, k;

	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites", out);
	attribute(out, "name", s->flavour ? s->flavour : "");
	counts(s, NULL, out);
	fputs(">\n", out);
	for (i = 0; i < s->nr_suites; i++) {
		const struct suite_run *suite = &s->suites[i];

		fputs("  <testsuite", out);
		attribute(out, "name", suite->name);
		counts(s, suite->name, out);
		fprintf(out, " time=\"%.3f\">\n", suite->ms / 1000);
		for (k = 0; k < s->nr; k++)
			if (!strcmp(s->results[k].suite, suite->name))
				testcase(out, &s->results[k], suite->iterations);
		fputs("  </testsuite>\n", out);
	}
	fputs("</testsuites>\n", out);
}

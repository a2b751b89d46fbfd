// SPDX-License-Identifier: GPL-2.0
/* What a person wants to see at the end of a run. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "print.h"
#include "run.h"
#include "../lib/text.h"
#include "../lib/util.h"

/* The path as one would type it here. */
static const char *from_here(const char *path)
{
	static char here[4096];
	const char *rest;

	if (!getcwd(here, sizeof(here)))
		return path;
	rest = text_skip_prefix(path, here);
	return rest && *rest == '/' ? rest + 1 : path;
}

static void print_log(FILE *out, const char *kind, const struct result *r,
		      const char *rundir)
{
	char *path = log_path(rundir, kind, r->suite, r->first_bad);

	fprintf(out, "    %s%s%s\n", strcmp(kind, "ktap") ? "console: " : "ktap:    ",
		from_here(path), access(path, R_OK) ? " (missing)" : "");
	free(path);
}

/**
 * print_failures() - every failure with its reason, its logs, and how to repeat it
 * @s: the summary
 * @rundir: the run's folder
 * @out: where to
 * @color: use colours
 */
void print_failures(struct summary *s, const char *rundir, FILE *out, bool color)
{
	size_t i;

	for (i = 0; i < s->nr; i++) {
		const struct result *r = &s->results[i];
		char *reason;

		if (!result_is_bad(r))
			continue;
		reason = result_reason(r, summary_suite(s, r->suite)->iterations);
		fprintf(out, "%s%s%s %s %s\n    %s\n", color ? "\033[1;31m" : "",
			outcome_name(result_outcome(r)), color ? "\033[0m" : "", r->suite,
			r->test, *reason ? reason : "no reason was given");
		print_log(out, "ktap", r, rundir);
		print_log(out, "console", r, rundir);
		if (s->again)
			fprintf(out, "    repeat:  %s%s\n\n", s->again, r->suite);
		else
			fprintf(out, "    repeat:  make check SUITES=%s FLAVOUR=%s\n\n",
				r->suite, s->flavour);
		free(reason);
	}
}

static void print_time(FILE *out, double ms)
{
	if (ms < 60000)
		fprintf(out, "%.1f s", ms / 1000);
	else
		fprintf(out, "%.0f min %.0f s", (ms - (long)ms % 60000) / 60000,
			(double)((long)ms % 60000) / 1000);
}

/**
 * print_counts() - the end of the report; its last line is for machines too
 * @s: the summary
 * @out: where to
 */
void print_counts(const struct summary *s, FILE *out)
{
	unsigned long passed, failed, skipped;
	double ms = 0;
	size_t i;

	for (i = 0; i < s->nr_suites; i++)
		ms += s->suites[i].ms;
	fprintf(out, "%zu suites, flavour %s, ", s->nr_suites, s->flavour);
	print_time(out, ms);
	fputs(" in guests", out);
	if (s->wall_ms >= 0) {
		fputs(", ", out);
		print_time(out, s->wall_ms);
		fputs(" wall time", out);
	}
	fputc('\n', out);
	if (s->kept)
		fprintf(out, "%ld of them as they were: nothing that they are made of has changed since they "
			"passed (make check runs them anew)\n", s->kept);
	summary_count(s, &passed, &failed, &skipped);
	if (!(passed + failed + skipped))
		fputs("nothing was run\n", out);
	fprintf(out, "%lu passed, %lu failed, %lu skipped\n", passed, failed, skipped);
}

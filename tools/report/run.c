// SPDX-License-Identifier: GPL-2.0
/* A run's folder: meta and runs.tsv, read strictly. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "run.h"
#include "../lib/text.h"
#include "../lib/util.h"

static const char * const verdict_names[NR_VERDICTS] = {
	[VERDICT_PASSED] = "passed",
	[VERDICT_FAILED] = "failed",
	[VERDICT_TIMED_OUT] = "timed-out",
	[VERDICT_PANICKED] = "panicked",
	[VERDICT_SPLAT] = "splat",
	[VERDICT_KILLED] = "killed",
	[VERDICT_SKIPPED] = "skipped",
	[VERDICT_ERROR] = "error",
};

static const char * const columns[] = {
	"suite", "iteration", "verdict", "status", "ms", "reason",
};

#define NR_COLUMNS	ARRAY_SIZE(columns)

static bool parse_ms(const char *s, double *ms)
{
	char *end;

	*ms = -1;
	if (!*s || !strcmp(s, "-"))
		return true;
	if (!strchr("0123456789", *s))
		return false;
	*ms = strtod(s, &end);
	return !*end && isfinite(*ms);
}

/* "group/name" of the characters that file names here are made of. */
static bool is_suite(const char *s)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_+-.";
	size_t group = strspn(s, chars), name;

	if (!group || s[group] != '/' || *s == '.')
		return false;
	s += group + 1;
	name = strspn(s, chars);
	return name && !s[name] && *s != '.';
}

/*
 * "exit N", "signal N" (as a shell would count it), a bare number; what else a guest
 * hands back (it timed out, it could not start) is no exit status.
 */
static bool parse_status(const char *s, long *status)
{
	const char *number;

	*status = -1;
	if (!*s || !strcmp(s, "-") || text_skip_prefix(s, "error ") ||
	    text_skip_prefix(s, "timeout"))
		return true;
	number = text_skip_prefix(s, "signal ");
	if (number) {
		if (!parse_int(number, 1, 127, status))
			return false;
		*status += 128;
		return true;
	}
	number = text_skip_prefix(s, "exit ");
	return parse_int(number ? number : s, 0, 255, status);
}

static bool parse_verdict(const char *s, enum verdict *verdict)
{
	size_t i;

	for (i = 0; i < NR_VERDICTS; i++) {
		if (!strcmp(s, verdict_names[i])) {
			*verdict = i;
			return true;
		}
	}
	return false;
}

/* Cuts @line at its tabs; the number of fields, of which @max are stored. */
static size_t split_tabs(char *line, char **fields, size_t max)
{
	size_t n = 0;
	char *tab;

	for (;;) {
		if (n < max)
			fields[n] = line;
		n++;
		tab = strchr(line, '\t');
		if (!tab)
			return n;
		*tab = '\0';
		line = tab + 1;
	}
}

/* Returns the name of the field that is malformed, NULL if all are well. */
static const char *parse_boot(struct boot *boot, char **fields)
{
	long iteration;

	if (!is_suite(fields[0]))
		return columns[0];
	boot->suite = fields[0];
	if (!parse_int(fields[1], 1, 1000000, &iteration))
		return columns[1];
	boot->iteration = iteration;
	if (!parse_verdict(fields[2], &boot->verdict))
		return columns[2];
	if (!parse_status(fields[3], &boot->status))
		return columns[3];
	if (!parse_ms(fields[4], &boot->ms))
		return columns[4];
	boot->reason = fields[5];
	return NULL;
}

static int load_line(struct summary *s, const char *rundir, const char *path,
		     unsigned long number, char *line, char **error)
{
	char *fields[NR_COLUMNS], *value = NULL;
	struct boot boot = { 0 };
	const char *bad;
	size_t n, i;

	n = split_tabs(line, fields, NR_COLUMNS);
	if (n != NR_COLUMNS) {
		*error = xasprintf("%s:%lu: %zu fields instead of %zu", path, number, n,
				   NR_COLUMNS);
		return -1;
	}
	if (number == 1) {
		for (i = 0; i < NR_COLUMNS; i++) {
			if (!strcmp(fields[i], columns[i]))
				continue;
			*error = xasprintf("%s:1: column %zu is \"%s\" instead of \"%s\"",
					   path, i + 1, fields[i], columns[i]);
			return -1;
		}
		return 0;
	}
	bad = parse_boot(&boot, fields);
	if (bad) {
		for (i = 0; strcmp(columns[i], bad); i++)
			;
		value = text_clean(fields[i], strlen(fields[i]));
		*error = xasprintf("%s:%lu: field %s: \"%s\" is not valid", path, number,
				   bad, value);
		free(value);
		return -1;
	}
	judge_boot(s, rundir, &boot);
	return 0;
}

static int load_meta(struct summary *s, const char *path, char **error)
{
	char *line = NULL, *key, *value;
	unsigned long number = 0;
	FILE *file = fopen(path, "re");
	size_t cap = 0;
	int ret = -1;

	if (!file) {
		*error = xasprintf("%s: %s", path, strerror(errno));
		return -1;
	}
	while (getline(&line, &cap, file) > 0) {
		number++;
		key = trim(line);
		if (!*key || *key == '#')
			continue;
		value = strchr(key, '=');
		if (!value || value == key) {
			*error = xasprintf("%s:%lu: not key=value", path, number);
			goto out;
		}
		*value++ = '\0';
		if (!strcmp(key, "flavour")) {
			free(s->flavour);
			s->flavour = text_clean(value, strlen(value));
		} else if (!strcmp(key, "again")) {
			free(s->again);
			s->again = text_clean(value, strlen(value));
		} else if (!strcmp(key, "features")) {
			free(s->features);
			s->features = text_clean(value, strlen(value));
		} else if (!strcmp(key, "kept") && !parse_int(value, 0, 1000000, &s->kept)) {
			*error = xasprintf("%s:%lu: field kept: \"%s\" is not a number",
					   path, number, value);
			goto out;
		} else if (!strcmp(key, "wall_ms") && !parse_ms(value, &s->wall_ms)) {
			*error = xasprintf("%s:%lu: field wall_ms: \"%s\" is not a number",
					   path, number, value);
			goto out;
		}
	}
	if (!s->flavour || !*s->flavour) {
		*error = xasprintf("%s: field flavour is missing", path);
		goto out;
	}
	ret = 0;
out:
	free(line);
	fclose(file);
	return ret;
}

static int load_runs(struct summary *s, const char *rundir, const char *path,
		     char **error)
{
	unsigned long number = 0;
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;
	int ret = 0;

	if (!file) {
		*error = xasprintf("%s: %s", path, strerror(errno));
		return -1;
	}
	while (!ret && (len = getline(&line, &cap, file)) > 0) {
		number++;
		if (line[len - 1] != '\n' || strlen(line) != (size_t)len) {
			*error = xasprintf("%s:%lu: the line is cut off", path, number);
			ret = -1;
			break;
		}
		line[len - 1] = '\0';
		ret = load_line(s, rundir, path, number, line, error);
	}
	if (!ret && !number) {
		*error = xasprintf("%s:1: the header is missing", path);
		ret = -1;
	}
	free(line);
	fclose(file);
	return ret;
}

/**
 * log_path() - where the log of a boot is
 * @rundir: the run's folder
 * @kind: "ktap" or "console"
 * @suite: group/name
 * @iteration: from 1
 *
 * Return: the path, to be freed by the caller.
 */
char *log_path(const char *rundir, const char *kind, const char *suite,
	       unsigned long iteration)
{
	return xasprintf("%s/%s/%s.%lu.%s", rundir, kind, suite, iteration,
			 strcmp(kind, "ktap") ? "log" : "ktap");
}

/**
 * run_load() - read a run's folder
 * @s: the summary to fill, initialised
 * @rundir: the folder
 * @error: where to put an error message, to be freed by the caller
 *
 * Return: 0, or -1 with *@error set: a file of the harness is missing or malformed.
 * What a guest wrote can only make tests fail.
 */
int run_load(struct summary *s, const char *rundir, char **error)
{
	char *meta = xasprintf("%s/meta", rundir);
	char *runs = xasprintf("%s/runs.tsv", rundir);
	int ret = load_meta(s, meta, error);

	if (!ret)
		ret = load_runs(s, rundir, runs, error);
	free(meta);
	free(runs);
	return ret;
}

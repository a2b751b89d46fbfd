// SPDX-License-Identifier: GPL-2.0
/*
 * Diagnostics: the lines between two results say why the second one is what it
 * is. A test may print thousands; those that name a failed check are worth
 * more than the last ones, and the first failed check more than its followers.
 */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ktap-diag.h"
#include "text.h"
#include "util.h"

#define DIAG_MAX	300	/* bytes kept of one line */
#define REASON_MAX	600	/* bytes of a whole reason */

/**
 * ktap_diag_init() - begin with nothing said
 * @diag: the object, whatever it held
 */
void ktap_diag_init(struct ktap_diag *diag)
{
	memset(diag, 0, sizeof(*diag));
	diag->ms = -1;
}

/**
 * ktap_diag_reset() - forget all, for the next test
 * @diag: the object
 */
void ktap_diag_reset(struct ktap_diag *diag)
{
	unsigned int i;

	for (i = 0; i < KTAP_DIAG_TAIL; i++)
		free(diag->tail[i]);
	for (i = 0; i < KTAP_DIAG_CHECKS; i++)
		free(diag->checks[i]);
	free(diag->running);
	free(diag->skip);
	ktap_diag_init(diag);
}

/* "file.c:12:test:Expected ...": kselftest_harness, and most C programs. */
static bool names_source_line(const char *s)
{
	const char *colon = strchr(s, ':'), *dot;
	size_t digits;

	if (!colon || memchr(s, ' ', colon - s))
		return false;
	dot = memrchr(s, '.', colon - s);
	if (!dot || dot == s || colon - dot < 2 || colon - dot > 4)
		return false;
	digits = strspn(colon + 1, "0123456789");
	return digits && colon[1 + digits] == ':';
}

static bool is_check(const char *s)
{
	static const char * const ends[] = {
		": Test terminated unexpectedly by signal",
		": Test terminated by timeout",
		": Test exited normally instead of by signal",
	};
	size_t i;

	if (names_source_line(s))
		return true;
	for (i = 0; i < ARRAY_SIZE(ends); i++)
		if (strstr(s, ends[i]))
			return true;
	return false;
}

static char *without_dots(const char *s)
{
	size_t len = strlen(s);
	char *copy = xstrdup(s);

	if (len > 4 && !strcmp(s + len - 4, " ..."))
		copy[len - 4] = '\0';
	return copy;
}

/* The harness's own progress lines; they tell what runs, and are no reason. */
static bool is_progress(struct ktap_diag *diag, const char *s)
{
	static const char * const noise[] = {
		"Starting ", "Totals: ", "PASSED: ", "FAILED: ", "OK ", "FAIL ",
	};
	const char *rest = text_skip_prefix(s, "RUN ");
	char *end;
	double ms;
	size_t i;

	if (rest) {
		free(diag->running);
		diag->running = without_dots(rest + strspn(rest, " "));
		return true;
	}
	rest = text_skip_prefix(s, "SKIP ");
	if (rest) {
		free(diag->skip);
		diag->skip = xstrdup(rest + strspn(rest, " "));
		return true;
	}
	rest = text_skip_prefix(s, "duration_ms ");
	if (rest) {
		ms = strtod(rest, &end);
		if (end != rest && !*end && isfinite(ms) && ms >= 0)
			diag->ms = ms;
		return true;
	}
	for (i = 0; i < ARRAY_SIZE(noise); i++)
		if (text_skip_prefix(s, noise[i]))
			return true;
	return false;
}

/**
 * ktap_diag_add() - one more line
 * @diag: the object
 * @text: the line, without "#"
 */
void ktap_diag_add(struct ktap_diag *diag, const char *text)
{
	char *copy;

	if (!*text || is_progress(diag, text))
		return;
	copy = xstrdup(text);
	text_cut(copy, DIAG_MAX);
	if (is_check(text)) {
		if (diag->nr_checks < KTAP_DIAG_CHECKS)
			diag->checks[diag->nr_checks] = copy;
		else
			free(copy);
		diag->nr_checks++;
		return;
	}
	if (diag->nr_tail == KTAP_DIAG_TAIL) {
		free(diag->tail[0]);
		memmove(diag->tail, diag->tail + 1,
			(KTAP_DIAG_TAIL - 1) * sizeof(diag->tail[0]));
		diag->nr_tail--;
	}
	diag->tail[diag->nr_tail++] = copy;
}

/**
 * ktap_diag_reason() - why the test failed, as far as it was said
 * @diag: the object
 *
 * Return: a line, to be freed by the caller; empty if nothing was said.
 */
char *ktap_diag_reason(const struct ktap_diag *diag)
{
	unsigned int i, kept = diag->nr_checks;
	char *reason = xstrdup(""), *more;

	if (kept > KTAP_DIAG_CHECKS)
		kept = KTAP_DIAG_CHECKS;
	for (i = 0; i < kept; i++)
		reason = text_join(reason, "; ", diag->checks[i]);
	if (diag->nr_checks > kept) {
		more = xasprintf("and %u more", diag->nr_checks - kept);
		reason = text_join(reason, "; ", more);
		free(more);
	}
	for (i = 0; !kept && i < diag->nr_tail; i++)
		reason = text_join(reason, "; ", diag->tail[i]);
	text_cut(reason, REASON_MAX);
	return reason;
}

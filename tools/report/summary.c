// SPDX-License-Identifier: GPL-2.0
/*
 * The results of a run: one line per test, however often it was repeated. A
 * test that failed once in a thousand iterations has failed; the count says
 * how often.
 */
#include <stdlib.h>
#include <string.h>

#include "summary.h"
#include "../lib/text.h"
#include "../lib/util.h"

/**
 * summary_init() - begin with no results
 * @s: the summary, to be released with summary_release()
 */
void summary_init(struct summary *s)
{
	memset(s, 0, sizeof(*s));
	s->wall_ms = -1;
}

/**
 * summary_release() - free what a summary holds
 * @s: the summary
 */
void summary_release(struct summary *s)
{
	size_t i;
	int o;

	for (i = 0; i < s->nr; i++) {
		free(s->results[i].suite);
		free(s->results[i].test);
		free(s->results[i].excerpt);
		for (o = 0; o < NR_OUTCOMES; o++)
			free(s->results[i].reasons[o]);
	}
	for (i = 0; i < s->nr_suites; i++)
		free(s->suites[i].name);
	free(s->results);
	free(s->suites);
	free(s->flavour);
	free(s->again);
	free(s->features);
	summary_init(s);
}

/**
 * summary_suite() - find a suite, or begin it
 * @s: the summary
 * @name: group/name
 *
 * Return: the suite, valid until the next call.
 */
struct suite_run *summary_suite(struct summary *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->nr_suites; i++)
		if (!strcmp(s->suites[i].name, name))
			return &s->suites[i];
	s->suites = xrealloc(s->suites, (s->nr_suites + 1) * sizeof(*s->suites));
	s->suites[s->nr_suites] = (struct suite_run){ .name = xstrdup(name) };
	return &s->suites[s->nr_suites++];
}

/* Two tests of one name in one iteration are two tests: the second gets "(2)". */
static struct result *find_result(struct summary *s, const char *suite,
				  const char *test, unsigned long iteration)
{
	char *name = xstrdup(test);
	unsigned int copy = 1;
	struct result *r;
	size_t i;

	for (i = 0; i < s->nr; i++) {
		r = &s->results[i];
		if (strcmp(r->suite, suite) || strcmp(r->test, name))
			continue;
		if (r->in_iteration != iteration)
			goto found;
		free(name);
		name = xasprintf("%s (%u)", test, ++copy);
		i = -1;
	}
	s->results = xrealloc(s->results, (s->nr + 1) * sizeof(*s->results));
	r = &s->results[s->nr++];
	*r = (struct result){ .suite = xstrdup(suite), .test = xstrdup(name) };
found:
	free(name);
	r->in_iteration = iteration;
	return r;
}

/**
 * summary_add() - one test of one iteration
 * @s: the summary
 * @suite: group/name
 * @iteration: from 1
 * @test: its full name
 * @outcome: what became of it
 * @ms: how long it took, negative if unknown
 * @reason: why; may be empty
 * @excerpt: what the console said, or NULL
 */
void summary_add(struct summary *s, const char *suite, unsigned long iteration,
		 const char *test, enum outcome outcome, double ms, const char *reason,
		 const char *excerpt)
{
	struct result *r = find_result(s, suite, test, iteration);
	enum outcome before = result_outcome(r);
	bool first = !r->counts[OUTCOME_FAIL] && !r->counts[OUTCOME_TIMEOUT] &&
		     !r->counts[OUTCOME_CRASH];

	r->counts[outcome]++;
	if (!r->reasons[outcome]) {
		r->reasons[outcome] = text_clean(reason, strlen(reason));
		text_cut(r->reasons[outcome], 1000);
	}
	if (outcome >= OUTCOME_FAIL && (first || outcome > before))
		r->first_bad = iteration;
	if (ms >= 0) {
		r->ms += ms;
		r->nr_ms++;
	}
	if (excerpt && !r->excerpt)
		r->excerpt = xstrdup(excerpt);
}

/**
 * result_outcome() - the worst outcome that a test had
 * @r: the test
 *
 * Return: that outcome; a pass counts more than a skip.
 */
enum outcome result_outcome(const struct result *r)
{
	int o;

	for (o = NR_OUTCOMES - 1; o > 0; o--)
		if (r->counts[o])
			break;
	return o;
}

/**
 * result_is_bad() - is it a failure of any kind?
 * @r: the test
 *
 * Return: whether it is.
 */
bool result_is_bad(const struct result *r)
{
	return result_outcome(r) >= OUTCOME_FAIL;
}

/**
 * outcome_name() - the word for an outcome in every result file
 * @outcome: the outcome
 *
 * Return: the word.
 */
const char *outcome_name(enum outcome outcome)
{
	static const char * const names[NR_OUTCOMES] = {
		[OUTCOME_SKIP] = "SKIP",
		[OUTCOME_PASS] = "PASS",
		[OUTCOME_FAIL] = "FAIL",
		[OUTCOME_TIMEOUT] = "TIMEOUT",
		[OUTCOME_CRASH] = "CRASH",
	};

	return names[outcome];
}

/**
 * result_reason() - the reason, with the counts where a test was repeated
 * @r: the test
 * @iterations: how often its suite was run
 *
 * "CRASH 1/30, FAIL 2/30: reason of the crash". Repeated with always the same
 * outcome in all iterations a pass or a skip needs no counts.
 *
 * Return: the line, to be freed by the caller.
 */
char *result_reason(const struct result *r, unsigned long iterations)
{
	enum outcome worst = result_outcome(r);
	unsigned long ran = 0;
	char *counts = NULL, *text;
	int o;

	for (o = 0; o < NR_OUTCOMES; o++)
		ran += r->counts[o];
	if (iterations <= 1 || (worst < OUTCOME_FAIL && r->counts[worst] == iterations))
		return xstrdup(r->reasons[worst] ? r->reasons[worst] : "");
	for (o = NR_OUTCOMES - 1; o >= 0; o--) {
		if (!r->counts[o] || (o == OUTCOME_PASS && worst != OUTCOME_PASS))
			continue;
		text = xasprintf("%s %lu/%lu", outcome_name(o), r->counts[o], iterations);
		counts = text_join(counts, ", ", text);
		free(text);
	}
	if (ran < iterations && worst < OUTCOME_FAIL) {
		text = xasprintf("no result in %lu", iterations - ran);
		counts = text_join(counts, ", ", text);
		free(text);
	}
	if (r->reasons[worst] && *r->reasons[worst])
		counts = text_join(counts, ": ", r->reasons[worst]);
	return counts;
}

/**
 * summary_count() - how many tests passed, failed (in any way), were skipped
 * @s: the summary
 * @passed: where to put the number
 * @failed: where to put the number
 * @skipped: where to put the number
 */
void summary_count(const struct summary *s, unsigned long *passed,
		   unsigned long *failed, unsigned long *skipped)
{
	size_t i;

	*passed = *failed = *skipped = 0;
	for (i = 0; i < s->nr; i++) {
		enum outcome o = result_outcome(&s->results[i]);

		if (o == OUTCOME_PASS)
			(*passed)++;
		else if (o == OUTCOME_SKIP)
			(*skipped)++;
		else
			(*failed)++;
	}
}

/**
 * summary_write() - write summary.tsv
 * @s: the summary
 * @out: where to
 */
void summary_write(struct summary *s, FILE *out)
{
	size_t i;

	fprintf(out, "suite\ttest\tresult\tms\treason\n");
	for (i = 0; i < s->nr; i++) {
		const struct result *r = &s->results[i];
		char *reason = result_reason(r, summary_suite(s, r->suite)->iterations);

		fprintf(out, "%s\t%s\t%s\t", r->suite, r->test,
			outcome_name(result_outcome(r)));
		if (r->nr_ms)
			fprintf(out, "%.3f", r->ms / r->nr_ms);
		else
			fputc('-', out);
		fprintf(out, "\t%s\n", reason);
		free(reason);
	}
}

// SPDX-License-Identifier: GPL-2.0
/* From samples to results, and whether the run may judge at all. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/util.h"
#include "bench.h"

const char * const instrument_name[INSTRUMENTS] = { "counted", "timed" };
const char * const event_name[EVENTS] = {
	[INTERRUPTS] = "interrupts", [SOFTIRQS] = "softirqs", [RCU_CALLBACKS] = "RCU callbacks",
	[SWITCHES] = "context switches", [PAGES] = "pages allocated",
};
const char * const instrument_unit[INSTRUMENTS] = { "instructions", "ns" };

static bool is_aa(const struct cell *c)
{
	return !strcmp(c->variant->name, "aa");
}

/* The batch of a cell in the boot and the round of another one, or NULL. */
static const struct sample *sample_beside(const struct cell *c, const struct sample *other)
{
	size_t i;

	for (i = 0; i < c->nsamples; i++)
		if (c->samples[i].boot == other->boot && c->samples[i].round == other->round)
			return &c->samples[i];
	return NULL;
}

/* Only batches of the same round of the same boot are next to each other. */
static size_t make_pairs(const struct cell *base, const struct cell *c, struct stats_pair *pairs)
{
	const struct sample *beside;
	size_t i, n = 0;

	for (i = 0; i < c->nsamples; i++) {
		beside = sample_beside(base, &c->samples[i]);
		if (beside && beside->work > 0)
			pairs[n++] = (struct stats_pair){
				.base = beside->work, .test = c->samples[i].work, .boot = c->samples[i].boot,
			};
	}
	return n;
}

/* Takes the median of its boot off each batch's value. */
static void off_median_of_boot(const struct table *t, const struct cell *c, double *v)
{
	double *one = xrealloc(NULL, (c->nsamples + 1) * sizeof(*one)), median;
	size_t boot, i, n;

	for (boot = 0; boot < t->boots; boot++) {
		for (i = n = 0; i < c->nsamples; i++)
			if (c->samples[i].boot == boot)
				one[n++] = v[i];
		if (!n)
			continue;
		median = stats_median(one, n);
		for (i = 0; i < c->nsamples; i++)
			if (c->samples[i].boot == boot)
				v[i] -= median;
	}
	free(one);
}

/*
 * What the batches of an operation differ by, or NULL. Each is held against the median of its boot, as
 * what it costs is.
 */
static char *explain(const struct table *t, const struct cell *c)
{
	double *work = xrealloc(NULL, (c->nsamples + 1) * sizeof(*work));
	double *seen = xrealloc(NULL, (c->nsamples + 1) * sizeof(*seen)), best = EXPLAINS, explained;
	const char *name = NULL;
	char *why = NULL;
	size_t i, k;

	for (i = 0; i < c->nsamples; i++)
		work[i] = c->samples[i].work;
	off_median_of_boot(t, c, work);
	for (k = 0; k < EVENTS; k++) {
		for (i = 0; i < c->nsamples; i++)
			seen[i] = c->samples[i].event[k];
		off_median_of_boot(t, c, seen);
		explained = stats_rank_explained(work, seen, c->nsamples);
		if (explained < best || (name && explained == best))
			continue;
		best = explained;
		name = event_name[k];
	}
	if (stats_quantile(work, c->nsamples, 0.75) - stats_quantile(work, c->nsamples, 0.25) <=
	    COUNTED_TOLERANCE * c->per_op)
		why = xstrdup("differs from boot to boot");
	else if (name)
		why = xasprintf("goes with %s", name);
	free(work);
	free(seen);
	return why;
}

/* Whether each batch counts what the same batch of the same plan counted. */
static bool replay_agrees(const struct cell *c)
{
	const struct sample *before;
	size_t i;

	for (i = 0; i < c->nreplayed; i++) {
		before = sample_beside(c, &c->replayed[i]);
		if (before && fabs(c->replayed[i].work / before->work - 1) > COUNTED_TOLERANCE)
			return false;
	}
	return true;
}

bool table_is_open(const struct table *t, size_t kernel)
{
	size_t i;

	for (i = 0; i < t->ncells; i++)
		if (t->cells[i].kernel == kernel && t->cells[i].nsamples && !t->cells[i].deterministic &&
		    !t->cells[i].why)
			return true;
	return false;
}

void table_explain(struct table *t)
{
	struct cell *c;

	for (c = t->cells; c < t->cells + t->ncells; c++)
		if (c->nsamples && c->nreplayed && !c->deterministic && !c->why)
			c->why = xstrdup(replay_agrees(c) ? "follows from what ran before: the same plan counts the same" :
					 "by chance: the same plan counts something else");
}

static void summarise(struct table *t, struct cell *c)
{
	double *work = xrealloc(NULL, (c->nsamples + 1) * sizeof(*work));
	size_t *boot = xrealloc(NULL, (c->nsamples + 1) * sizeof(*boot)), i;

	for (i = 0; i < c->nsamples; i++) {
		work[i] = c->samples[i].work;
		boot[i] = c->samples[i].boot;
		c->refused += c->samples[i].refused / c->nsamples;
	}
	c->per_op = stats_median(work, c->nsamples);
	c->count = stats_counted(work, boot, c->nsamples);
	c->deterministic = t->instrument == TIMED ||
			   (c->count.spread <= COUNTED_TOLERANCE && c->count.boots <= COUNTED_TOLERANCE);
	if (!c->deterministic)
		c->why = explain(t, c);
	free(work);
	free(boot);
}

static void is_unfit(struct table *t, char *why)
{
	char *more = xasprintf("%s%s%s", t->unfit ?: "", t->unfit ? "; " : "", why);

	t->fit = false;
	free(t->unfit);
	t->unfit = more;
	free(why);
}

static void finds_a_difference(struct table *t, const struct cell *c)
{
	is_unfit(t, xasprintf("%s/%s against itself finds a difference (%+.2f %%, sees %.2f %%)", c->spec->name,
			      c->op->name, 100 * (c->ratio.ratio - 1), 100 * c->ratio.smallest));
}

static void judge_aa_counted(struct table *t, const struct cell *c)
{
	/* An operation that is not deterministic is named as such, and judges only itself. */
	if (c->deterministic && t->cells[c->base].deterministic &&
	    stats_judge_aa(&c->ratio, COUNTED_TOLERANCE, COUNTED_TOLERANCE, INFINITY) != STATS_FIT)
		finds_a_difference(t, c);
}

/* By how much intervals of 95 % are to be wider for all of @n to hold in 95 % of all runs. */
static double wider_for_all(size_t n)
{
	double z = 1.96, lo = 0, hi = 20;
	int i;

	for (i = 0; i < 60; i++) {
		double middle = (lo + hi) / 2;

		*(erfc(middle / sqrt(2)) > 0.05 / n ? &lo : &hi) = middle;
	}
	return fmax(1, lo / z);
}

/*
 * A difference between equals is a matter of the run, and what is too coarse to see what was asked for
 * one of the operation; but if most are, it is the machine.
 */
static void judge_aa_timed(struct table *t)
{
	size_t n = 0, coarse = 0, i, k;
	double wider;

	for (i = 0; i < t->ncells; i++)
		n += is_aa(&t->cells[i]) && t->cells[i].nsamples && t->cells[i].ratio.n;
	wider = wider_for_all(n ?: 1);
	for (i = 0; i < t->ncells; i++) {
		const struct cell *c = &t->cells[i];
		struct stats_ratio all = c->ratio;

		if (!is_aa(c) || !c->nsamples || !c->ratio.n)
			continue;
		all.lo = all.ratio - wider * (all.ratio - all.lo);
		all.hi = all.ratio + wider * (all.hi - all.ratio);
		if (stats_judge_aa(&all, AA_BIAS, INFINITY, INFINITY) != STATS_FIT)
			finds_a_difference(t, c);
		if (stats_judge_aa(&all, INFINITY, AA_MOST, TIMED_RESOLUTION) == STATS_FIT)
			continue;
		coarse++;
		for (k = 0; k < t->ncells; k++)
			if (t->cells[k].group == c->group)
				t->cells[k].coarse = true;
	}
	if (coarse > n / 2)
		is_unfit(t, xasprintf("%zu of %zu operations are too coarse to see %.0f %%", coarse, n,
				      100 * TIMED_RESOLUTION));
}

/* Compares a cell with another one of the same boots, if they have been measured together. */
static void compare_paired(const struct table *t, size_t i)
{
	struct cell *c = &t->cells[i], *base = &t->cells[c->base];
	struct stats_pair *pairs = xrealloc(NULL, (c->nsamples + 1) * sizeof(*pairs));
	size_t n = make_pairs(base, c, pairs);

	if (n)
		c->ratio = stats_paired(pairs, n, RESAMPLES, t->seed + i);
	free(pairs);
}

size_t table_sees_too_little(struct table *t)
{
	size_t n = 0, from, to, i;

	for (from = 0; from < t->ncells; from = to) {
		bool wanted = false;

		to = group_end(t, from);
		for (i = from; i < to && !t->cells[from].enough; i++) {
			if (!is_aa(&t->cells[i]) || !t->cells[i].nsamples)
				continue;
			compare_paired(t, i);
			wanted = !t->cells[i].spec->no_further &&
				 (t->cells[i].ratio.hi - t->cells[i].ratio.lo) / 2 > AA_MOST;
		}
		for (i = from; i < to; i++)
			t->cells[i].enough = !wanted || is_apart(t, &t->cells[i]);
		n += wanted;
	}
	return n;
}

bool kernel_is_measured_further(const struct table *t, size_t kernel)
{
	size_t i;

	for (i = 0; i < t->ncells; i++)
		if (t->cells[i].kernel == kernel && !t->cells[i].enough)
			return true;
	return false;
}

void table_analyse(struct table *t)
{
	size_t i;

	t->fit = true;
	for (i = 0; i < t->ncells; i++)
		if (t->cells[i].nsamples)
			summarise(t, &t->cells[i]);
	for (i = 0; i < t->ncells; i++) {
		struct cell *c = &t->cells[i], *base = &t->cells[c->base];

		if (!c->nsamples || !base->nsamples)
			continue;
		if (is_apart(t, c)) {
			apart_compare(t, c, t->seed + i);
			if (t->instrument == COUNTED && !strcmp(c->variant->name, "again"))
				judge_aa_counted(t, c);
			continue;
		}
		compare_paired(t, i);
		if (t->instrument == COUNTED && is_aa(c))
			judge_aa_counted(t, c);
	}
	if (t->instrument == TIMED)
		judge_aa_timed(t);
	apart_judge(t);
}

int self_check(const struct table *t, int *first)
{
	/* counted: what it claims to resolve; timed: half of it */
	double within = t->instrument == COUNTED ? COUNTED_TOLERANCE : TIMED_RESOLUTION / 2;
	int failed = 0;
	size_t i;

	for (i = 0; i < t->ncells; i++) {
		const struct cell *c = &t->cells[i];
		double known = c->variant->extra / 1000.0, found = c->ratio.ratio - 1;
		bool ok = c->nsamples && fabs(found - known) <= within;

		if (c->base == i)
			continue;
		/* From the resolution on, it must also be told from nothing. */
		if (ok && known >= 2 * within)
			ok = c->ratio.lo > 1;
		failed += !ok;
		printf("%sok %d - %s: %s with %.1f %% more is found %+.2f %% dearer, within %.1f\n",
		       ok ? "" : "not ", (*first)++, instrument_name[t->instrument], c->op->name,
		       100 * known, 100 * found, 100 * within);
		printf("# [%+.2f %+.2f], %zu batches, outliers %.0f %%, others used %.1f CPUs%s%s\n",
		       100 * (c->ratio.lo - 1), 100 * (c->ratio.hi - 1), c->nsamples,
		       100 * c->ratio.outliers, t->busy, c->error ? ", " : "", c->error ?: "");
	}
	return failed;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Kernels that are compared with each other, and so never run in the same boot: without an option,
 * and the same again. There are no pairs of rounds here: a boot is one observation, however many
 * rounds it has.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/util.h"
#include "bench.h"

/* As in stats.c: an effect of so many half intervals shows in four of five runs. */
#define HALF_INTERVALS	1.43

size_t kernel_index(struct table *t, const char *name)
{
	size_t i;

	for (i = 0; i < t->nkernels; i++)
		if (!strcmp(t->kernels[i], name))
			return i;
	t->kernels = xrealloc(t->kernels, (t->nkernels + 1) * sizeof(*t->kernels));
	t->kernels[t->nkernels] = name;
	return t->nkernels++;
}

static bool begins(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

const char *kernel_file_name(const struct table *t, size_t kernel)
{
	const char *name = t->kernels[kernel];

	return begins(name, "idle-") || begins(name, "in-") ? "" : begins(name, "again-") ? "again" : name;
}

bool kernel_has_cgroups(const struct table *t, size_t kernel)
{
	return begins(t->kernels[kernel], "in-");
}

bool is_apart(const struct table *t, const struct cell *c)
{
	return c->kernel != t->cells[c->base].kernel;
}

/* Each boot's median; returns how many boots there are. */
static size_t boot_medians(const struct table *t, const struct cell *c, double *medians)
{
	double *work = xrealloc(NULL, (c->nsamples + 1) * sizeof(*work));
	size_t boot, i, k, n = 0;

	for (boot = 0; boot < t->boots; boot++) {
		for (i = k = 0; i < c->nsamples; i++)
			if (c->samples[i].boot == boot)
				work[k++] = c->samples[i].work;
		if (k)
			medians[n++] = stats_median(work, k);
	}
	free(work);
	return n;
}

static double draw(const double *v, size_t n, double *room, struct rng *rng)
{
	size_t i;

	for (i = 0; i < n; i++)
		room[i] = v[rng_below(rng, n)];
	return stats_median(room, n);
}

struct stats_ratio apart_ratio(const double *base, size_t nbase, const double *test, size_t ntest,
			       size_t resamples, uint64_t seed)
{
	size_t n = nbase < ntest ? nbase : ntest, most = nbase > ntest ? nbase : ntest, i;
	double *ratios = xrealloc(NULL, resamples * sizeof(*ratios)), wider;
	double *room = xrealloc(NULL, most * sizeof(*room));
	struct stats_ratio r = { .n = n };
	struct rng rng;

	rng_init(&rng, seed);
	for (i = 0; i < resamples; i++) {
		double b = draw(base, nbase, room, &rng);

		ratios[i] = draw(test, ntest, room, &rng) / b;
	}
	r.ratio = stats_median(test, ntest) / stats_median(base, nbase);
	/* A bootstrap of few takes the spread of those few for that of all. */
	wider = n > 1 ? sqrt((double)n / (n - 1)) : 1;
	r.lo = r.ratio - wider * fmax(0, r.ratio - stats_quantile(ratios, resamples, 0.025));
	r.hi = r.ratio + wider * fmax(0, stats_quantile(ratios, resamples, 0.975) - r.ratio);
	r.smallest = (r.hi - r.lo) / 2 * HALF_INTERVALS;
	free(ratios);
	free(room);
	return r;
}

void apart_compare(struct table *t, struct cell *c, uint64_t seed)
{
	struct cell *base = &t->cells[c->base];
	double *a = xrealloc(NULL, (t->boots + 1) * sizeof(*a));
	double *b = xrealloc(NULL, (t->boots + 1) * sizeof(*b));
	size_t na = boot_medians(t, base, a), nb = boot_medians(t, c, b);

	c->ratio = apart_ratio(a, na, b, nb, RESAMPLES, seed);
	if (t->instrument == TIMED && c->ratio.n < TIMED_BOOTS)
		c->unclaimed = xasprintf("kernels are compared from %d boots on, these are %zu", TIMED_BOOTS,
					 c->ratio.n);
	/* Batches come in another order where there is one variant, and time depends on what came before. */
	if (t->instrument == TIMED && !strcmp(c->variant->name, "idle"))
		c->unclaimed = xstrdup("its plan is that of out, not that of off");
	free(a);
	free(b);
}

/*
 * The same kernel twice. Counts must be equal, or the run is unfit. Times that are not leave the
 * rest of the run as it is, which compares nothing across boots; but nothing is said of kernels.
 */
void apart_judge(struct table *t)
{
	size_t i, k;

	for (i = 0; t->instrument == TIMED && i < t->ncells; i++) {
		const struct cell *c = &t->cells[i];

		if (strcmp(c->variant->name, "again") || !c->nsamples || !t->cells[c->base].nsamples ||
		    c->unclaimed || stats_judge_aa(&c->ratio, AA_BIAS, AA_MOST, INFINITY) == STATS_FIT)
			continue;
		for (k = 0; k < t->ncells; k++)
			if (is_apart(t, &t->cells[k]) && !t->cells[k].unclaimed)
				t->cells[k].unclaimed =
					xasprintf("%s/%s of the same kernel, built again, differs by %+.2f %%",
						  c->spec->name, c->op->name, 100 * (c->ratio.ratio - 1));
	}
}

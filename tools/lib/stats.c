// SPDX-License-Identifier: GPL-2.0
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats.h"
#include "util.h"

/* A half-width of 1.96 standard errors excludes chance; 0.84 more make it 80 % of all runs. */
#define POWER_80	((1.96 + 0.84) / 1.96)
#define MAD_TO_SIGMA	1.4826
#define OUTLIER_SIGMAS	3.0

static uint64_t rotl(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

uint64_t rng_next(struct rng *rng)
{
	uint64_t *s = rng->s, result = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}

/* splitmix64: no seed leads to the state of all zeros, and similar seeds to unlike states. */
void rng_init(struct rng *rng, uint64_t seed)
{
	int i;

	for (i = 0; i < 4; i++) {
		uint64_t z = seed += 0x9e3779b97f4a7c15ull;

		z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
		z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
		rng->s[i] = z ^ (z >> 31);
	}
}

uint64_t rng_below(struct rng *rng, uint64_t n)
{
	uint64_t bound = -n % n, x;

	do {
		x = rng_next(rng);
	} while (x < bound);
	return x % n;
}

void rng_shuffle(struct rng *rng, size_t *order, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		size_t j = rng_below(rng, i + 1);

		order[i] = order[j];
		order[j] = i;
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double sorted_quantile(const double *v, size_t n, double q)
{
	double at = q * (n - 1);
	size_t i = at;

	if (i + 1 >= n)
		return v[n - 1];
	return v[i] + (at - i) * (v[i + 1] - v[i]);
}

static double *sorted_copy(const double *v, size_t n)
{
	double *copy = xrealloc(NULL, n * sizeof(*copy));

	memcpy(copy, v, n * sizeof(*copy));
	qsort(copy, n, sizeof(*copy), compare);
	return copy;
}

double stats_quantile(const double *v, size_t n, double q)
{
	double *copy = sorted_copy(v, n), result = sorted_quantile(copy, n, q);

	free(copy);
	return result;
}

double stats_median(const double *v, size_t n)
{
	return stats_quantile(v, n, 0.5);
}

static double outlier_share(const double *v, size_t n, double median)
{
	double *away = xrealloc(NULL, n * sizeof(*away)), limit;
	size_t i, out = 0;

	for (i = 0; i < n; i++)
		away[i] = fabs(v[i] - median);
	limit = OUTLIER_SIGMAS * MAD_TO_SIGMA * stats_median(away, n);
	for (i = 0; i < n; i++)
		out += away[i] > limit;
	free(away);
	return (double)out / n;
}

/* Ratios grouped by boot: those of boot b are v[start[b]] ... v[start[b + 1] - 1]. */
struct groups {
	double *v;
	size_t *start, boots, n;
};

static struct groups group(const struct stats_pair *pairs, size_t n)
{
	struct groups g = { .n = n };
	size_t i, b;

	for (i = 0; i < n; i++)
		if (pairs[i].boot >= g.boots)
			g.boots = pairs[i].boot + 1;
	g.v = xrealloc(NULL, n * sizeof(*g.v));
	g.start = xrealloc(NULL, (g.boots + 1) * sizeof(*g.start));
	g.start[0] = 0;
	for (b = 0; b < g.boots; b++) {
		size_t at = g.start[b];

		for (i = 0; i < n; i++)
			if (pairs[i].boot == b)
				g.v[at++] = pairs[i].test / pairs[i].base;
		g.start[b + 1] = at;
	}
	return g;
}

static double resample(const struct groups *g, struct rng *rng, double *room)
{
	size_t b, i, n = 0;

	for (b = 0; b < g->boots; b++) {
		size_t pick = rng_below(rng, g->boots), from = g->start[pick];
		size_t size = g->start[pick + 1] - from;

		for (i = 0; i < size; i++)
			room[n++] = g->v[from + rng_below(rng, size)];
	}
	if (!n)			/* only boots without a pair were drawn */
		return stats_median(g->v, g->n);
	qsort(room, n, sizeof(*room), compare);
	return sorted_quantile(room, n, 0.5);
}

struct stats_ratio stats_paired(const struct stats_pair *pairs, size_t n, size_t resamples,
				uint64_t seed)
{
	struct groups g = group(pairs, n);
	double *medians = xrealloc(NULL, resamples * sizeof(*medians)), *room;
	struct stats_ratio r = { .n = n };
	struct rng rng;
	size_t i;

	/* one boot may be drawn each time */
	room = xrealloc(NULL, n * g.boots * sizeof(*room));
	rng_init(&rng, seed);
	for (i = 0; i < resamples; i++)
		medians[i] = resample(&g, &rng, room);
	r.ratio = stats_median(g.v, n);
	r.lo = stats_quantile(medians, resamples, 0.025);
	r.hi = stats_quantile(medians, resamples, 0.975);
	r.outliers = outlier_share(g.v, n, r.ratio);
	r.smallest = (r.hi - r.lo) / 2 * POWER_80;
	free(room);
	free(medians);
	free(g.v);
	free(g.start);
	return r;
}

struct stats_count stats_counted(const double *v, const size_t *boot, size_t n)
{
	struct stats_count c = { .n = n, .median = stats_median(v, n) };
	double *one = xrealloc(NULL, n * sizeof(*one)), scale = c.median ? fabs(c.median) : 1;
	size_t i, b, boots = 0;

	c.spread = (stats_quantile(v, n, 0.75) - stats_quantile(v, n, 0.25)) / scale;
	for (i = 0; i < n; i++)
		if (boot[i] >= boots)
			boots = boot[i] + 1;
	for (b = 0; b < boots; b++) {
		size_t m = 0;

		for (i = 0; i < n; i++)
			if (boot[i] == b)
				one[m++] = v[i];
		if (m && fabs(stats_median(one, m) - c.median) / scale > c.boots)
			c.boots = fabs(stats_median(one, m) - c.median) / scale;
	}
	free(one);
	return c;
}

/* The mean of the ranks that equal ones share, twice, so that it is whole, and from the middle. */
static double centred_rank(const double *v, size_t n, size_t at)
{
	size_t below = 0, equal = 0, i;

	for (i = 0; i < n; i++) {
		below += v[i] < v[at];
		equal += v[i] == v[at];
	}
	return 2.0 * below + equal - n;
}

double stats_rank_explained(const double *a, const double *b, size_t n)
{
	double aa = 0, bb = 0, ab = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		double x = centred_rank(a, n, i), y = centred_rank(b, n, i);

		aa += x * x;
		bb += y * y;
		ab += x * y;
	}
	return aa > 0 && bb > 0 ? ab * fabs(ab) / (aa * bb) : 0;
}

enum stats_fitness stats_judge_aa(const struct stats_ratio *aa, double bias, double most,
				  double resolution)
{
	double away = fabs(aa->ratio - 1);

	if (away > most || (away > bias && (aa->lo > 1 || aa->hi < 1)))
		return STATS_BIASED;
	return aa->smallest > resolution ? STATS_COARSE : STATS_FIT;
}

/* SPDX-License-Identifier: GPL-2.0 */
/* Robust statistics of repeated measurements, repeatable from a seed. */
#ifndef BULKHEAD_STATS_H
#define BULKHEAD_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** struct rng - a sequence of numbers that its seed decides (xoshiro256**) */
struct rng {
	uint64_t s[4];
};

void rng_init(struct rng *rng, uint64_t seed);
uint64_t rng_next(struct rng *rng);

/**
 * rng_below() - a number below @n, each as likely as any other
 * @rng: the sequence
 * @n: not 0
 */
uint64_t rng_below(struct rng *rng, uint64_t n);

/**
 * rng_shuffle() - put 0 ... @n-1 into any order
 * @rng: the sequence
 * @order: where to
 * @n: how many
 */
void rng_shuffle(struct rng *rng, size_t *order, size_t n);

/**
 * stats_quantile() - the value below which a share of the others lie
 * @v: values in any order; they are not changed
 * @n: how many, not 0
 * @q: the share, 0 to 1; what lies between two values is interpolated
 */
double stats_quantile(const double *v, size_t n, double q);

/** stats_median() - the same for one half */
double stats_median(const double *v, size_t n);

/** struct stats_pair - two measurements made next to each other */
struct stats_pair {
	double base, test;
	size_t boot;		/* which kernel they were made on, counted from 0 */
};

/**
 * struct stats_ratio - how much dearer the test is than the base
 * @n: number of pairs
 * @ratio: median of test/base
 * @lo: and @hi: its 95 % interval
 * @outliers: share of the pairs that lie more than three deviations from the median; the
 *	      deviation is taken from the median absolute one, as for a normal distribution
 * @smallest: the smallest effect that this many pairs of this kind would have shown in four
 *	      runs out of five, as a share (0.02 is 2 %)
 */
struct stats_ratio {
	size_t n;
	double ratio, lo, hi, outliers, smallest;
};

/**
 * stats_paired() - the ratio, with an interval from a bootstrap
 * @pairs: in any order
 * @n: how many, not 0; a base must not be 0
 * @resamples: of the bootstrap
 * @seed: of the bootstrap
 *
 * Boots are drawn first, then pairs within each drawn boot: what differs from boot to
 * boot widens the interval, however many rounds there are.
 */
struct stats_ratio stats_paired(const struct stats_pair *pairs, size_t n, size_t resamples,
				uint64_t seed);

/** struct stats_count - repeats of what should be the same number each time */
struct stats_count {
	size_t n;
	double median;
	double spread;		/* distance of the quartiles, as a share of the median */
	double boots;		/* largest distance of a boot's median from it, likewise */
};

/**
 * stats_counted() - whether repeats agree, within a boot and from boot to boot
 * @v: the repeats
 * @boot: which kernel each was made on
 * @n: how many, not 0
 *
 * The quartiles, because a timer tick falls into some repeats and not into others.
 */
struct stats_count stats_counted(const double *v, const size_t *boot, size_t n);

/**
 * stats_rank_explained() - how much of one number goes with another (Spearman's, squared)
 * @a: and @b: pairs; equal ones share their rank
 * @n: how many
 *
 * Return: the share of what the ranks vary by, 0 to 1, and less than 0 when one falls as the other
 * rises; 0 when one of the two is always the same.
 */
double stats_rank_explained(const double *a, const double *b, size_t n);

/** enum stats_fitness - what an A/A comparison says about its run */
enum stats_fitness {
	STATS_FIT,
	STATS_BIASED,		/* it finds a difference where there is none */
	STATS_COARSE,		/* it would not find what it is asked for */
};

/**
 * stats_judge_aa() - judge a run by its comparison of something with itself
 * @aa: the comparison
 * @bias: deviation from 1 that is more than chance, when the interval leaves out 1
 * @most: deviation that is too much in any case
 * @resolution: the effect that the run must be able to see
 */
enum stats_fitness stats_judge_aa(const struct stats_ratio *aa, double bias, double most,
				  double resolution);

#endif

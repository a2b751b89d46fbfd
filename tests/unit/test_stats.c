// SPDX-License-Identifier: GPL-2.0
#include <math.h>

#include "unit.h"
#include "../../tools/lib/stats.h"
#include "../../tools/lib/util.h"

#define RESAMPLES	1000

static void near(double got, double wanted, double within)
{
	if (fabs(got - wanted) > within)
		fail_msg("%.9g is not within %g of %.9g", got, within, wanted);
}

static double uniform(struct rng *rng)
{
	return (rng_next(rng) >> 11) * 0x1p-53;
}

/* Sum of twelve: close enough to normal, of variance 1. */
static double normal(struct rng *rng)
{
	double sum = -6;
	int i;

	for (i = 0; i < 12; i++)
		sum += uniform(rng);
	return sum;
}

static void a_seed_decides_the_sequence(void **state)
{
	struct rng a, b, c;
	int i;

	(void)state;
	rng_init(&a, 7);
	rng_init(&b, 7);
	rng_init(&c, 8);
	for (i = 0; i < 100; i++) {
		uint64_t x = rng_next(&a);

		assert_true(x == rng_next(&b));
		assert_true(x != rng_next(&c));
	}
}

/* Published values of xoshiro256** for the state 1, 2, 3, 4. */
static void the_sequence_is_the_published_one(void **state)
{
	struct rng rng = { .s = { 1, 2, 3, 4 } };

	(void)state;
	assert_true(rng_next(&rng) == 11520);
	assert_true(rng_next(&rng) == 0);
	assert_true(rng_next(&rng) == 1509978240);
	assert_true(rng_next(&rng) == 1215971899390074240ull);
}

static void numbers_below_a_bound_are_equally_likely(void **state)
{
	size_t count[6] = { 0 };
	struct rng rng;
	int i;

	(void)state;
	rng_init(&rng, 1);
	for (i = 0; i < 60000; i++) {
		uint64_t x = rng_below(&rng, 6);

		assert_true(x < 6);
		count[x]++;
	}
	for (i = 0; i < 6; i++)
		near(count[i], 10000, 400);
}

static void every_order_comes_up(void **state)
{
	size_t seen[3][3] = { { 0 } }, order[3];
	struct rng rng;
	int i, j;

	(void)state;
	rng_init(&rng, 2);
	for (i = 0; i < 9000; i++) {
		rng_shuffle(&rng, order, 3);
		assert_int_equal(order[0] + order[1] + order[2], 3);
		assert_true(order[0] != order[1] && order[1] != order[2] && order[0] != order[2]);
		for (j = 0; j < 3; j++)
			seen[j][order[j]]++;
	}
	for (i = 0; i < 9; i++)
		near(seen[i / 3][i % 3], 3000, 200);
}

static void quantiles_of_known_values(void **state)
{
	const double v[] = { 5, 1, 4, 2, 3 }, w[] = { 1, 2 }, one[] = { 7 };

	(void)state;
	near(stats_median(v, 5), 3, 0);
	near(stats_quantile(v, 5, 0), 1, 0);
	near(stats_quantile(v, 5, 1), 5, 0);
	near(stats_quantile(v, 5, 0.25), 2, 0);
	near(stats_quantile(v, 5, 0.375), 2.5, 1e-12);
	near(stats_median(w, 2), 1.5, 1e-12);
	near(stats_median(one, 1), 7, 0);
	near(v[0], 5, 0);
}

/* Pairs whose noise is common to both sides, as it is when they are made next to each other. */
static void make_pairs(struct stats_pair *p, size_t n, double effect, double common,
		       double own, size_t boots, double per_boot, uint64_t seed)
{
	struct rng rng;
	size_t i;

	rng_init(&rng, seed);
	for (i = 0; i < n; i++) {
		double load = 1 + common * uniform(&rng);

		p[i].boot = i % boots;
		p[i].base = 100 * load * (1 + own * normal(&rng));
		p[i].test = 100 * load * (1 + own * normal(&rng)) *
			    (1 + effect + per_boot * (p[i].boot % 2 ? 1 : -1));
	}
}

static void noise_that_both_share_does_not_matter(void **state)
{
	struct stats_pair p[400];
	struct stats_ratio r;

	(void)state;
	make_pairs(p, 400, 0.02, 3.0, 0.01, 4, 0, 3);
	r = stats_paired(p, 400, RESAMPLES, 1);
	assert_int_equal(r.n, 400);
	near(r.ratio, 1.02, 0.003);
	assert_true(r.lo > 1.015 && r.lo < r.ratio && r.ratio < r.hi && r.hi < 1.025);
	assert_true(r.smallest < 0.01);
}

static void the_interval_covers_the_truth_as_often_as_it_says(void **state)
{
	struct stats_pair p[100];
	int i, covered = 0, runs = 400;

	(void)state;
	for (i = 0; i < runs; i++) {
		struct stats_ratio r;

		make_pairs(p, 100, 0.05, 0.5, 0.02, 1, 0, 1000 + i);
		r = stats_paired(p, 100, 300, i);
		covered += r.lo <= 1.05 && 1.05 <= r.hi;
	}
	/* 95 % of 400 is 380; its standard deviation is 4.4 */
	assert_in_range(covered, 364, 396);
}

static void an_outlier_moves_the_count_and_not_the_median(void **state)
{
	struct stats_pair p[100];
	struct stats_ratio clean, dirty;
	int i;

	(void)state;
	make_pairs(p, 100, 0, 0, 0.001, 1, 0, 5);
	clean = stats_paired(p, 100, RESAMPLES, 1);
	for (i = 0; i < 10; i++)
		p[i * 7].test *= 50;
	dirty = stats_paired(p, 100, RESAMPLES, 1);
	near(dirty.ratio, clean.ratio, 0.001);
	assert_true(clean.outliers < 0.05);
	assert_true(dirty.outliers >= 0.10 && dirty.outliers < 0.15);
}

static void boots_that_differ_widen_the_interval(void **state)
{
	struct stats_pair p[400];
	struct stats_ratio same, differ;

	(void)state;
	make_pairs(p, 400, 0, 0, 0.005, 4, 0, 6);
	same = stats_paired(p, 400, RESAMPLES, 1);
	make_pairs(p, 400, 0, 0, 0.005, 4, 0.02, 6);
	differ = stats_paired(p, 400, RESAMPLES, 1);
	assert_true(differ.smallest > 5 * same.smallest);
	assert_true(differ.lo < 0.99 && differ.hi > 1.01);
}

static void more_rounds_see_smaller_effects(void **state)
{
	struct stats_pair p[1600];
	struct stats_ratio few, many;

	(void)state;
	make_pairs(p, 1600, 0, 0.2, 0.02, 1, 0, 7);
	few = stats_paired(p, 100, RESAMPLES, 1);
	many = stats_paired(p, 1600, RESAMPLES, 1);
	near(few.smallest / many.smallest, 4, 1.5);
}

static void one_pair_is_enough_to_compute_and_not_to_fail(void **state)
{
	struct stats_pair p = { .base = 2, .test = 3, .boot = 5 };
	struct stats_ratio r = stats_paired(&p, 1, 50, 1);

	(void)state;
	near(r.ratio, 1.5, 0);
	near(r.lo, 1.5, 0);
	near(r.hi, 1.5, 0);
}

static void the_same_seed_gives_the_same_interval(void **state)
{
	struct stats_pair p[50];
	struct stats_ratio a, b, c;

	(void)state;
	make_pairs(p, 50, 0, 0.1, 0.02, 2, 0, 8);
	a = stats_paired(p, 50, 200, 1);
	b = stats_paired(p, 50, 200, 1);
	c = stats_paired(p, 50, 200, 2);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_true(c.lo != a.lo || c.hi != a.hi);
}

static void counts_that_agree_and_counts_that_do_not(void **state)
{
	const double v[] = { 1000, 1000, 1000, 1000, 1400, 1000, 1000, 1000 };
	const double spread[] = { 1000, 1010, 990, 1020, 980, 1000, 1005, 995 };
	const double apart[] = { 1000, 1000, 1000, 1000, 1004, 1004, 1004, 1004 };
	const size_t boot[] = { 0, 0, 0, 0, 1, 1, 1, 1 };
	struct stats_count c = stats_counted(v, boot, 8);

	(void)state;
	near(c.median, 1000, 0);
	near(c.spread, 0, 0);
	near(c.boots, 0, 0);
	c = stats_counted(spread, boot, 8);
	assert_true(c.spread > 0.01);
	c = stats_counted(apart, boot, 8);
	near(c.boots, 0.002, 1e-4);
}

static void ranks_that_go_together_and_ranks_that_do_not(void **state)
{
	static const double up[] = { 1, 2, 3, 40, 500 }, down[] = { 9, 8, 7, 1, 0 }, flat[] = { 3, 3, 3, 3, 3 };
	static const double ties[] = { 0, 0, 0, 1, 1 }, mixed[] = { 2, 1, 4, 3, 5 };

	(void)state;
	near(stats_rank_explained(up, up, 5), 1, 1e-12);
	near(stats_rank_explained(up, down, 5), -1, 1e-12);
	near(stats_rank_explained(up, flat, 5), 0, 1e-12);
	/* 1 - 6 * (1 + 1 + 1 + 1) / (5 * 24) */
	near(stats_rank_explained(up, mixed, 5), 0.64, 1e-12);
	/* the ranks 2 2 2 4.5 4.5 against 1 2 3 4 5 */
	near(stats_rank_explained(up, ties, 5), 0.75, 1e-12);
	near(stats_rank_explained(up, up, 0), 0, 1e-12);
}

static void a_run_is_judged_by_its_comparison_with_itself(void **state)
{
	struct stats_ratio fit = { .ratio = 1.001, .lo = 0.998, .hi = 1.004, .smallest = 0.004 };
	struct stats_ratio sure = { .ratio = 1.004, .lo = 1.003, .hi = 1.005, .smallest = 0.002 };
	struct stats_ratio slight = { .ratio = 1.001, .lo = 1.0005, .hi = 1.0015, .smallest = 0.001 };
	struct stats_ratio far = { .ratio = 0.98, .lo = 0.9, .hi = 1.1, .smallest = 0.2 };
	struct stats_ratio coarse = { .ratio = 1.002, .lo = 0.95, .hi = 1.05, .smallest = 0.07 };

	(void)state;
	assert_int_equal(stats_judge_aa(&fit, 0.0025, 0.01, 0.02), STATS_FIT);
	assert_int_equal(stats_judge_aa(&sure, 0.0025, 0.01, 0.02), STATS_BIASED);
	assert_int_equal(stats_judge_aa(&slight, 0.0025, 0.01, 0.02), STATS_FIT);
	assert_int_equal(stats_judge_aa(&far, 0.0025, 0.01, 0.02), STATS_BIASED);
	assert_int_equal(stats_judge_aa(&coarse, 0.0025, 0.01, 0.02), STATS_COARSE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_seed_decides_the_sequence),
		cmocka_unit_test(the_sequence_is_the_published_one),
		cmocka_unit_test(numbers_below_a_bound_are_equally_likely),
		cmocka_unit_test(every_order_comes_up),
		cmocka_unit_test(quantiles_of_known_values),
		cmocka_unit_test(noise_that_both_share_does_not_matter),
		cmocka_unit_test(the_interval_covers_the_truth_as_often_as_it_says),
		cmocka_unit_test(an_outlier_moves_the_count_and_not_the_median),
		cmocka_unit_test(boots_that_differ_widen_the_interval),
		cmocka_unit_test(more_rounds_see_smaller_effects),
		cmocka_unit_test(one_pair_is_enough_to_compute_and_not_to_fail),
		cmocka_unit_test(the_same_seed_gives_the_same_interval),
		cmocka_unit_test(counts_that_agree_and_counts_that_do_not),
		cmocka_unit_test(ranks_that_go_together_and_ranks_that_do_not),
		cmocka_unit_test(a_run_is_judged_by_its_comparison_with_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

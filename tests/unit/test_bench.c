// SPDX-License-Identifier: GPL-2.0
#include <math.h>

#include "unit.h"
#include "../../tools/bench/bench.h"
#include "../../tools/lib/util.h"

static const char good[] =
	"# a comment\n"
	"desc = pages\n"
	"controllers = memory pids\n"
	"needs = OPBENCH MEMCG\n"
	"variants = off aa d1 d4 limit x20\n"
	"limit = memory.max 8G\n"
	"op = charge @quick charge n=100 warm=10	# and another\n"
	"op = moved @tasks=3 @only=off,d4 write path={t}/cgroup.procs text=0\n";

static struct spec *parse(const char *text)
{
	char *copy = xstrdup(text), *error = NULL;
	struct spec *s = spec_parse("some", copy, &error);

	if (!s)
		fail_msg("%s", error);
	return s;
}

static void a_benchmark_is_read(void **state)
{
	struct spec *s = parse(good);

	(void)state;
	assert_string_equal(s->name, "some");
	assert_string_equal(s->desc, "pages");
	assert_string_equal(s->controllers[1], "pids");
	assert_null(s->controllers[2]);
	assert_string_equal(s->needs[1], "MEMCG");
	assert_int_equal(s->nvariants, 6);
	assert_int_equal(s->variants[3].depth, 4);
	assert_string_equal(s->variants[4].file, "memory.max");
	assert_string_equal(s->variants[4].value, "8G");
	assert_int_equal(s->variants[5].extra, 20);
	assert_int_equal(s->noperations, 2);
	assert_string_equal(s->operations[0].line, "charge n=100 warm=10");
	assert_true(s->operations[0].quick && !s->operations[1].quick);
	assert_int_equal(s->operations[1].tasks, 3);
}

static void what_is_wrong_with_a_benchmark_is_said(void **state)
{
	static const char * const wrong[][2] = {
		{ "", "some.bench:1: operations and variants are needed" },
		{ "variants = off\n", "operations and variants are needed" },
		{ "variants = d1 off\nop = a nop\n", "the first variant is off" },
		{ "variants = off d5\nop = a nop\n", "some.bench:1: variant 'd5': no such variant" },
		{ "variants = off x1001\n", "variant 'x1001': no such variant" },
		{ "variants = off off\n", "variant 'off' twice" },
		{ "\nnonsense\n", "some.bench:2: not a line of the form key = value" },
		{ "colour = red\n", "'colour': no such key" },
		{ "variants = off\nlimit = memory.max 1G\n", "'limit' is not among the variants above" },
		{ "variants = off limit\nlimit = memory.max\n", "a control file and a value are needed" },
		{ "variants = off\nmost = stats 2\n", "most: 'stats' is not among the variants above" },
		{ "variants = off stats\nleast = stats\n", "least: a variant and a ratio are needed" },
		{ "variants = off stats\nleast = stats 0\n", "least: a variant and a ratio are needed" },
		{ "op = a\n", "an operation needs a name and a line" },
		{ "op = a @tasks=0 nop\n", "operation a: '@tasks=0'" },
		{ "op = a @what nop\n", "operation a: '@what'" },
		{ "op = a @every=0 nop\n", "operation a: '@every=0'" },
		{ "memory = 0\n", "memory: '0' is no number of MiB up to 16384" },
		{ "memory = 16385\n", "memory: '16385' is no number of MiB" },
		{ "memory = 1G\n", "memory: '1G' is no number of MiB" },
		{ "controllers = a b c d e f g h i\n", "more than 8 words" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		char *copy = xstrdup(wrong[i][0]), *error = NULL;

		assert_null(spec_parse("some", copy, &error));
		if (!strstr(error, wrong[i][1]))
			fail_msg("'%s' does not say '%s'", error, wrong[i][1]);
		free(error);
		free(copy);
	}
}

/* Whatever is in the file, it is read or refused. */
static void a_broken_benchmark_does_no_harm(void **state)
{
	uint64_t seed = 11;
	int i;

	(void)state;
	for (i = 0; i < 20000; i++) {
		char text[1024], *error = NULL;
		size_t len = sizeof(good) - 1;

		memcpy(text, good, len);
		len = unit_mutate(text, len, sizeof(text) - 1, &seed);
		text[len] = '\0';
		if (!spec_parse("some", text, &error))
			assert_non_null(error);
	}
}

static struct table make_table(const char *text, enum instrument instrument, bool quick,
			       const char *variants)
{
	struct table t = { .instrument = instrument, .boots = 2, .rounds = 3, .seed = 5 };
	struct spec *specs[] = { parse(text) };

	table_init(&t, specs, 1, quick, variants);
	return t;
}

static char *plan(const struct table *t, size_t boot, size_t *batches)
{
	char *text;
	size_t size, n;
	FILE *f = open_memstream(&text, &size);

	n = plan_write(t, boot, f);
	fclose(f);
	if (batches)
		*batches = n;
	return text;
}

static int count(const char *text, const char *what)
{
	int n = 0;

	while ((text = strstr(text, what))) {
		n++;
		text++;
	}
	return n;
}

static void a_plan_makes_what_its_batches_name(void **state)
{
	struct table t = make_table(good, COUNTED, false, NULL);
	size_t batches;
	char *text = plan(&t, 0, &batches);

	(void)state;
	assert_int_equal(t.ncells, 6 + 2);
	assert_int_equal(batches, 8 * 3);
	assert_non_null(strstr(text, "\ncgroup some-d4/1/2/3 memory pids\n"));
	assert_non_null(strstr(text, "\nset some-limit/memory.max 8G\n"));
	assert_non_null(strstr(text, "\ncgroup plain/some-moved-off-t\ntasks plain/some-moved-off-t 3\n"));
	assert_non_null(strstr(text, "\ntasks some-d4/1/2/moved-t 3\n"));
	assert_non_null(strstr(text, "write path=/sys/fs/cgroup/some-d4/1/2/moved-t/cgroup.procs text=0\n"));
	assert_int_equal(count(text, "enter .\n"), 3 * 4);
	assert_int_equal(count(text, " extra=20\n"), 3);
	assert_null(strchr(text, '{'));
}

static void the_order_of_a_plan_comes_from_its_seed(void **state)
{
	struct table t = make_table(good, TIMED, false, NULL), u = make_table(good, TIMED, false, NULL);
	char *a = plan(&t, 0, NULL), *b = plan(&u, 0, NULL), *c = plan(&t, 1, NULL);

	(void)state;
	assert_string_equal(a, b);
	assert_string_not_equal(a, c);
	u.seed = 99;
	assert_string_not_equal(a, plan(&u, 0, NULL));
}

static void the_quick_set_and_chosen_variants_are_less(void **state)
{
	struct table t = make_table(good, COUNTED, true, NULL);
	struct table u = make_table(good, COUNTED, false, " limit ");
	struct table v = make_table("variants = off\nop = a sys-open n=1\n", TIMED, false, NULL);

	(void)state;
	assert_int_equal(t.ncells, 4);		/* off, aa, d4, x20 */
	assert_int_equal(u.ncells, 3 + 1);	/* off, aa, limit; off */
	assert_int_equal(v.ncells, 0);		/* crossings are counted only */
}

/* What another program shows is compared with what the kernel does, not with off. */
static void containers_that_read_are_timed_too(void **state)
{
	struct table t = make_table("variants = off aa stats lxcfs\n"
				    "op = a sys-proc file=stat as={variant}\n"
				    "op = b @only=off,lxcfs sys-proc file=x as={variant}\n",
				    TIMED, false, NULL);
	size_t batches;
	char *text = plan(&t, 0, &batches);

	(void)state;
	assert_int_equal(t.ncells, 4 + 2);
	assert_int_equal(batches, 6 * 3);
	assert_int_equal(t.cells[1].base, 0);
	assert_int_equal(t.cells[2].base, 0);
	assert_int_equal(t.cells[3].base, 2);
	assert_int_equal(t.cells[5].base, 4);
	assert_int_equal(t.cells[5].group, 4);
	assert_int_equal(count(text, "file=stat as=stats\n"), 3);
	assert_int_equal(count(text, "file=stat as=lxcfs\n"), 3);
	assert_null(strchr(text, '{'));
	free(text);
}

/* Images are compared with write(2), and none of it has a meaning in an emulator. */
static void a_job_that_is_saved_is_timed_only(void **state)
{
	static const char text[] = "variants = off aa frozen write dump restart\n"
				   "memory = 6144\n"
				   "op = big @every=2 sys-ckpt n=1 size=1024 as={variant}\n"
				   "op = many @only=off,frozen sys-ckpt n=1 tasks=9 as={variant}\n";
	struct table t = make_table(text, TIMED, false, NULL), u = make_table(text, COUNTED, false, NULL);
	size_t batches;
	char *lines = plan(&t, 0, &batches);

	(void)state;
	assert_int_equal(u.ncells, 0);
	assert_int_equal(t.ncells, 6 + 2);
	assert_int_equal(t.cells[0].spec->memory, 6144);
	assert_int_equal(t.cells[2].base, 0);
	assert_int_equal(t.cells[4].base, 3);
	assert_int_equal(t.cells[5].base, 3);
	/* of three rounds, the first and the last */
	assert_int_equal(batches, 6 * 2 + 2 * 3);
	assert_int_equal(count(lines, "size=1024 as=dump\n"), 2);
	assert_int_equal(count(lines, "tasks=9 as=frozen\n"), 3);
	free(lines);
}

static int take(struct table *t, size_t boot, const char *fmt, ...)
{
	char line[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	return table_take(t, boot, line);
}

/* What each further one costs, from size to size, is told of what has sizes. */
static void linear_cost_shows(void **state)
{
	struct table t = make_table("variants = off frozen\nop = files-10 nop\nop = files-30 nop\n"
				    "op = files-50 nop\nop = other nop\n", TIMED, false, NULL);
	static const double ns[] = { 100, 1000, 140, 3000, 180, 5400, 7, 7 };
	char *text;
	size_t size, i;
	FILE *f;

	(void)state;
	for (i = 0; i < 8; i++)
		take(&t, 0, "r %zu.0 n=1 done=1 refused=0 ns=%.0f cycles=1 idle_ns=0", i, ns[i]);
	table_analyse(&t);
	f = open_memstream(&text, &size);
	print_sizes(&t, f);
	fclose(f);
	assert_non_null(strstr(text, "  some/files off: each further one 2.00 from 10 to 30, 2.00 from 30 to 50\n"));
	assert_non_null(strstr(text, "  some/files frozen: each further one 100.0 from 10 to 30, "
				     "120.0 from 30 to 50\n"));
	assert_int_equal(count(text, "each further one"), 2);
	free(text);
}

static void lines_of_the_guest_are_taken_or_passed_over(void **state)
{
	struct table t = make_table(good, COUNTED, false, NULL);

	(void)state;
	assert_int_equal(take(&t, 0, "ready"), 0);
	assert_int_equal(take(&t, 0, "r 0.2 n=100 done=102 refused=51 ns=2100 cycles=4200 idle_ns=1100"), 1);
	assert_int_equal(t.cells[0].nsamples, 1);
	assert_true(t.cells[0].samples[0].work == 20);
	assert_true(t.cells[0].samples[0].refused == 0.5);
	assert_int_equal(t.cells[0].samples[0].round, 2);
	assert_int_equal(take(&t, 0, "r 2.0 n=1 done=1 refused=0 ns=5 cycles=5 idle_ns=9"), 1);
	assert_int_equal(t.cells[2].nsamples, 0);
	assert_string_equal(t.cells[2].error, "less than nothing was measured");
	assert_int_equal(take(&t, 0, "e 1.0 11 Resource temporarily unavailable"), 1);
	assert_string_equal(t.cells[1].error, "11 Resource temporarily unavailable");
	assert_int_equal(take(&t, 0, "r 99.0 n=1 done=1 refused=0 ns=1 cycles=1 idle_ns=0"), 0);
	assert_int_equal(take(&t, 0, "r 0.0"), 0);
	assert_int_equal(take(&t, 0, "random: crng init done"), 0);
	assert_int_equal(take(&t, 0, "end"), 2);
	assert_int_equal(take(&t, 0, "E 3 22 cgroup: Invalid argument"), -1);
	assert_string_equal(t.error, "the plan failed in line 3 22 cgroup: Invalid argument");
}

static const char three[] = "variants = off aa d1\nop = a nop\n";

static void feed(struct table *t, double off, double aa, double d1, double noise)
{
	const double factor[] = { off, aa, d1 };
	uint64_t seed = 3;
	size_t boot, round, cell;

	for (boot = 0; boot < t->boots; boot++)
		for (round = 0; round < 50; round++)
			for (cell = 0; cell < 3; cell++) {
				double shake = 1 + noise * (unit_random(&seed) % 1000 / 1000.0 - 0.5);

				take(t, boot, "r %zu.%zu n=1 done=1 refused=0 ns=%.0f cycles=%.0f idle_ns=0",
				     cell, round, 1e6 * factor[cell] * shake, 1e6 * factor[cell] * shake);
			}
}

static void a_dearer_variant_is_found_by_both(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < INSTRUMENTS; i++) {
		struct table t = make_table(three, i, false, NULL);

		feed(&t, 1, 1, 1.05, i == TIMED ? 0.05 : 0);
		table_analyse(&t);
		assert_true(t.fit);
		assert_true(fabs(t.cells[2].ratio.ratio - 1.05) < (i == TIMED ? 0.01 : 1e-6));
		assert_true(t.cells[2].ratio.lo > 1.03);
		assert_true(t.cells[2].deterministic);
	}
}

static void a_run_that_differs_from_itself_is_not_fit(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < INSTRUMENTS; i++) {
		struct table t = make_table(three, i, false, NULL);

		feed(&t, 1, 1.02, 1.05, 0);
		table_analyse(&t);
		assert_false(t.fit);
		assert_non_null(strstr(t.unfit, "some/a against itself finds a difference (+2.00 %"));
	}
}

static void counts_that_vary_are_named(void **state)
{
	struct table t = make_table(three, COUNTED, false, NULL);

	(void)state;
	feed(&t, 1, 1, 1, 0.1);
	table_analyse(&t);
	assert_true(t.fit);
	assert_false(t.cells[0].deterministic);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_benchmark_is_read),
		cmocka_unit_test(what_is_wrong_with_a_benchmark_is_said),
		cmocka_unit_test(a_broken_benchmark_does_no_harm),
		cmocka_unit_test(a_job_that_is_saved_is_timed_only),
		cmocka_unit_test(linear_cost_shows),
		cmocka_unit_test(a_plan_makes_what_its_batches_name),
		cmocka_unit_test(the_order_of_a_plan_comes_from_its_seed),
		cmocka_unit_test(the_quick_set_and_chosen_variants_are_less),
		cmocka_unit_test(containers_that_read_are_timed_too),
		cmocka_unit_test(lines_of_the_guest_are_taken_or_passed_over),
		cmocka_unit_test(a_dearer_variant_is_found_by_both),
		cmocka_unit_test(a_run_that_differs_from_itself_is_not_fit),
		cmocka_unit_test(counts_that_vary_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A benchmark lives as long as the program that has read it, and so do its tables. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

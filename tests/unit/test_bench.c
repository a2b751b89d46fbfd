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
		{ "variants = off out\nop = a nop\n", "operation a: no option is named that the variant 'out'" },
		{ "variants = off out\nop = a @option=X nop\nop = b nop\n", "operation b: no option is named" },
		{ "variants = off\noption = X\nop = a nop\n", "an option is named, and 'out' is not among" },
		{ "variants = off\nop = a @option=X nop\n", "an option is named, and 'out' is not among" },
		{ "option =\n", "option: a name is needed" },
		{ "option = MEMCG=y\n", "option 'MEMCG=y': not the name of an option" },
		{ "op = a @option=../x nop\n", "option '../x': not the name of an option" },
		{ "variants = off idle\n", "variant 'idle': no such variant" },
		{ "further = yes\n", "further: 'yes' is not 'no'" },
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

	n = plan_write(t, boot, 0, f);
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
	assert_int_equal(count(text, "\nwatch\n"), 1);
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

static const char without[] =
	"option = MEMCG\n"
	"variants = off aa out d4\n"
	"op = charge @quick charge n=1\n"
	"op = clone @option=CGROUP_PIDS clone n=1\n"
	"op = read @only=off,d4 read path={cg}/x\n";

/* Writes x for the number of the cell in each "run 12.0 ...". */
static void without_cells(char *text)
{
	char *from = text, *to = text;

	while (*from) {
		*to = *from++;
		if (*to == ' ' && to - text >= 4 && !strncmp(to - 4, "\nrun", 4)) {
			*++to = 'x';
			from += strcspn(from, ".");
		}
		to++;
	}
	*to = '\0';
}

/* Each kernel is given the batches that are for it, and no other. */
static void what_is_out_runs_in_a_kernel_of_its_own(void **state)
{
	static const char * const kernels[] = {
		"in-some", "idle-MEMCG", "MEMCG", "again-MEMCG", "idle-CGROUP_PIDS", "CGROUP_PIDS", "again-CGROUP_PIDS",
	};
	static const char * const files[] = { "", "", "MEMCG", "again", "", "CGROUP_PIDS", "again" };
	struct table t = make_table(without, COUNTED, false, NULL);
	char *text[ARRAY_SIZE(kernels)];
	size_t i, k, size, n;

	(void)state;
	assert_int_equal(t.nkernels, ARRAY_SIZE(kernels));
	assert_int_equal(t.ncells, 6 + 6 + 2);
	for (k = 0; k < t.nkernels; k++) {
		FILE *f = open_memstream(&text[k], &size);

		assert_string_equal(t.kernels[k], kernels[k]);
		assert_string_equal(kernel_file_name(&t, k), files[k]);
		n = plan_write(&t, 0, k, f);
		fclose(f);
		assert_int_equal(n, count(text[k], "\nrun "));
	}
	assert_int_equal(count(text[0], "\nrun "), (3 + 3 + 2) * 3);
	for (k = 1; k < t.nkernels; k++) {
		assert_int_equal(count(text[k], "\nrun "), 3);
		assert_int_equal(count(text[k], k < 4 ? " charge n=1\n" : " clone n=1\n"), 3);
		/* but for the numbers of the cells, one plan for all that are compared */
		without_cells(text[k]);
		assert_string_equal(text[k], text[k < 4 ? 1 : 4]);
	}
	/* a kernel that may have no cgroups is not asked for any */
	for (k = 1; k < t.nkernels; k++) {
		assert_null(strstr(text[k], "cgroup"));
		assert_null(strstr(text[k], "enter"));
	}
	for (i = 0; i < t.ncells; i++) {
		const char *name = t.cells[i].variant->name, *base = t.cells[t.cells[i].base].variant->name;

		assert_string_equal(base, strcmp(name, "again") && strcmp(name, "out") ? "off" : "idle");
		assert_int_equal(is_apart(&t, &t.cells[i]), !strcmp(name, "out") || !strcmp(name, "idle") ||
				 !strcmp(name, "again"));
	}
	for (k = 0; k < t.nkernels; k++)
		free(text[k]);
}

/* A controller that one benchmark enables in the root would count for the cgroups of all. */
static void benchmarks_do_not_share_a_boot(void **state)
{
	struct table t = { .instrument = COUNTED, .boots = 1, .rounds = 2, .seed = 5 };
	char *one = xstrdup("controllers = memory\nvariants = off d1\nop = a nop\n");
	char *two = xstrdup("controllers = pids\nvariants = off d1 d4\nop = b nop\n"), *error = NULL, *text;
	struct spec *specs[] = { spec_parse("one", one, &error), spec_parse("two", two, &error) };
	size_t size, k, n;
	FILE *f;

	(void)state;
	table_init(&t, specs, 2, false, NULL);
	assert_int_equal(t.nkernels, 2);
	for (k = 0; k < 2; k++) {
		f = open_memstream(&text, &size);
		n = plan_write(&t, 0, k, f);
		fclose(f);
		assert_int_equal(n, k ? 3 * 2 : 2 * 2);
		assert_string_equal(kernel_file_name(&t, k), "");
		assert_null(strstr(text, k ? "memory" : "pids"));
		assert_non_null(strstr(text, k ? "\ncgroup two-d1 pids\n" : "\ncgroup one-d1 memory\n"));
		free(text);
	}
	assert_false(is_apart(&t, &t.cells[1]));
}

static void out_is_chosen_and_left_out_like_others(void **state)
{
	struct table t = make_table(without, COUNTED, true, NULL);
	struct table u = make_table(without, COUNTED, false, " d4 ");
	struct table v = make_table(without, TIMED, false, NULL);
	struct table w = { .instrument = TIMED, .boots = TIMED_BOOTS, .rounds = 1 };
	struct spec *specs[] = { parse(without) };

	(void)state;
	assert_int_equal(t.ncells, 6);		/* off, aa, out, idle, again, d4 */
	assert_int_equal(t.nkernels, 4);
	assert_string_equal(t.kernels[3], "again-MEMCG");
	assert_int_equal(u.nkernels, 1);
	/* of two boots nothing could be said */
	assert_int_equal(v.nkernels, 1);
	table_init(&w, specs, 1, false, NULL);
	assert_int_equal(w.nkernels, 7);
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
	assert_int_equal(take(&t, 0, "r 0.3 n=1 done=1 refused=0 ns=5 cycles=5 idle_ns=0 "
				     "intr=2 softirq=1 rcu=0 ctxt=24 pages=48"), 1);
	assert_true(t.cells[0].samples[1].event[INTERRUPTS] == 2 && t.cells[0].samples[1].event[PAGES] == 48);
	assert_int_equal(take(&t, 0, "r 0.4 n=1 done=1 refused=0 ns=5 cycles=5 idle_ns=0 intr=2"), 0);
	assert_int_equal(t.cells[0].nsamples, 2);
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

/* One cell per reason: what it costs beside a million, and what the kernel counted meanwhile. */
static void what_is_not_deterministic_says_why(void **state)
{
	static const char * const why[] = { NULL, "goes with context switches", NULL, "differs from boot to boot" };
	static const char four[] = "variants = off\nop = a nop\nop = b nop\nop = c nop\nop = d nop\n";
	struct table t = make_table(four, COUNTED, false, NULL);
	uint64_t seed = 7;
	size_t boot, i;

	(void)state;
	for (boot = 0; boot < 2; boot++)
		for (i = 0; i < 40; i++) {
			int switches = unit_random(&seed) % 5, lot = unit_random(&seed) % 10000;

			take(&t, boot, "r 0.%zu n=1 done=1 refused=0 ns=1000000 cycles=1000000 idle_ns=0 "
			     "intr=1 softirq=%d rcu=0 ctxt=%d pages=3", i, lot % 3, switches);
			take(&t, boot, "r 1.%zu n=1 done=1 refused=0 ns=1 cycles=%d idle_ns=0 "
			     "intr=1 softirq=%d rcu=0 ctxt=%d pages=3", i, 1000000 + 2000 * switches + lot / 10,
			     lot % 3, 24 + switches + 100 * (int)boot);
			take(&t, boot, "r 2.%zu n=1 done=1 refused=0 ns=1 cycles=%d idle_ns=0 "
			     "intr=1 softirq=%zu rcu=0 ctxt=%d pages=3", i, 1000000 + lot, i % 3, switches);
			take(&t, boot, "r 3.%zu n=1 done=1 refused=0 ns=1 cycles=%zu idle_ns=0 "
			     "intr=1 softirq=1 rcu=0 ctxt=%d pages=3", i, 1000000 + 5000 * boot, switches);
		}
	table_analyse(&t);
	for (i = 0; i < ARRAY_SIZE(why); i++) {
		assert_int_equal(t.cells[i].deterministic, i == 0);
		if (why[i])
			assert_string_equal(t.cells[i].why, why[i]);
		else
			assert_null(t.cells[i].why);
	}
}

/* A count that nothing explains comes again with the same plan, or it does not. */
static void the_same_plan_once_more_tells_history_from_chance(void **state)
{
	static const char three[] = "variants = off\nop = a nop\nop = b nop\nop = c nop\n";
	struct table t = make_table(three, COUNTED, false, NULL);
	uint64_t seed = 9;
	size_t boot, i;

	(void)state;
	assert_string_equal(plan(&t, 0, &i), plan(&t, t.boots, &i));
	for (boot = 0; boot <= t.boots; boot++)
		for (i = 0; i < 40; i++) {
			size_t history = 1000000 + (boot % t.boots * 17 + i * 29) % 40 * 300;

			take(&t, boot, "r 0.%zu n=1 done=1 refused=0 ns=1 cycles=1000000 idle_ns=0", i);
			take(&t, boot, "r 1.%zu n=1 done=1 refused=0 ns=1 cycles=%zu idle_ns=0", i, history);
			take(&t, boot, "r 2.%zu n=1 done=1 refused=0 ns=1 cycles=%zu idle_ns=0", i,
			     1000000 + (size_t)unit_random(&seed) % 10000);
		}
	table_analyse(&t);
	assert_true(table_is_open(&t, 0));
	table_explain(&t);
	assert_false(table_is_open(&t, 0));
	assert_int_equal(t.cells[1].nsamples, 40 * t.boots);
	assert_true(t.cells[0].deterministic);
	assert_null(t.cells[0].why);
	assert_string_equal(t.cells[1].why, "follows from what ran before: the same plan counts the same");
	assert_string_equal(t.cells[2].why, "by chance: the same plan counts something else");
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

/* Six operations, of which @coarse are as noisy as they can be, and none differs from itself. */
static struct table feed_noise(size_t coarse, uint64_t seed)
{
	struct table t = make_table("variants = off aa d1\nop = a nop\nop = b nop\nop = c nop\nop = d nop\n"
				    "op = e nop\nop = f nop\n", TIMED, false, NULL);
	size_t boot, round, cell;

	for (boot = 0; boot < 2; boot++)
		for (round = 0; round < 40; round++)
			for (cell = 0; cell < t.ncells; cell++) {
				double noise = cell / 3 < coarse ? 0.6 : 0.02;
				double v = 1e6 * (1 + noise * (unit_random(&seed) % 10000 / 10000.0 - 0.5));

				take(&t, boot, "r %zu.%zu n=1 done=1 refused=0 ns=%.0f cycles=0 idle_ns=0", cell,
				     round, v);
			}
	table_analyse(&t);
	return t;
}

static void coarse_operations_judge_themselves_unless_most_are(void **state)
{
	size_t i, seed, fit = 0;

	(void)state;
	for (seed = 1; seed <= 20; seed++) {
		struct table few = feed_noise(2, seed), most = feed_noise(4, seed + 1000);

		/* by chance, one in twenty finds something */
		fit += few.fit;
		for (i = 0; i < few.ncells; i++)
			assert_int_equal(few.cells[i].coarse, i / 3 < 2);
		assert_false(most.fit);
		assert_non_null(strstr(most.unfit, "4 of 6 operations are too coarse to see 2 %"));
	}
	assert_in_range(fit, 16, 20);
}

/* A batch of each cell that a boot's plan has, by the plan's own words. */
static void run_plan(struct table *t, size_t boot, const double *noise, uint64_t *seed)
{
	char *text = plan(t, boot, NULL), *p = text;
	size_t cell, round;

	while ((p = strstr(p, "run "))) {
		p += 4;
		assert_int_equal(sscanf(p, "%zu.%zu", &cell, &round), 2);
		take(t, boot, "r %zu.%zu n=1 done=1 refused=0 ns=%.0f cycles=0 idle_ns=0", cell, round,
		     1e6 * (1 + noise[cell / 3] * (unit_random(seed) % 10000 / 10000.0 - 0.5)) *
		     (cell % 3 == 1 && !noise[cell / 3] ? 1.03 : 1));
	}
}

/*
 * One that sees enough at once, one that differs from itself and sees that well, one that needs more
 * boots, and one for which no number is enough.
 */
static void what_sees_too_little_is_measured_further(void **state)
{
	const double noise[] = { 0.02, 0, 0.08, 0.6 };
	struct table t = make_table("variants = off aa d1\nop = a nop\nop = b nop\nop = c nop\n"
				    "op = d nop\n", TIMED, false, NULL);
	size_t boot, n, most = 14, batches;
	uint64_t seed = 4;

	(void)state;
	t.rounds = 20;
	for (boot = 0; boot < t.boots; boot++)
		run_plan(&t, boot, noise, &seed);
	assert_int_equal(table_sees_too_little(&t), 2);
	while (t.boots < most && (n = table_sees_too_little(&t))) {
		free(plan(&t, t.boots, &batches));
		assert_int_equal(batches, n * 3 * t.rounds);
		run_plan(&t, t.boots++, noise, &seed);
	}
	assert_int_equal(t.boots, most);
	assert_int_equal(table_sees_too_little(&t), 1);
	table_analyse(&t);
	for (n = 0; n < 6; n++)
		assert_int_equal(t.cells[n].nsamples, 2 * t.rounds);
	assert_in_range(t.cells[6].nsamples, 3 * t.rounds, (most - 1) * t.rounds);
	assert_int_equal(t.cells[6].nsamples, t.cells[8].nsamples);
	assert_true(t.cells[7].ratio.hi - t.cells[7].ratio.lo <= 2 * AA_MOST);
	assert_false(t.cells[6].coarse);
	assert_int_equal(t.cells[9].nsamples, most * t.rounds);
	assert_true(t.cells[9].coarse);
	assert_non_null(strstr(t.unfit, "some/b against itself finds a difference (+3.00 %"));
}

/* What is compared across kernels has the boots that it was given. */
static void kernels_without_an_option_are_not_measured_further(void **state)
{
	struct table t = { .instrument = TIMED, .boots = TIMED_BOOTS, .rounds = 2, .seed = 1 };
	struct spec *specs[] = { parse("variants = off aa out\noption = MEMCG\nop = a nop\n") };
	size_t kernel;

	(void)state;
	table_init(&t, specs, 1, false, NULL);
	take(&t, 0, "r 0.0 n=1 done=1 refused=0 ns=1000 cycles=0 idle_ns=0");
	take(&t, 0, "r 1.0 n=1 done=1 refused=0 ns=1500 cycles=0 idle_ns=0");
	take(&t, 0, "r 0.1 n=1 done=1 refused=0 ns=1000 cycles=0 idle_ns=0");
	take(&t, 0, "r 1.1 n=1 done=1 refused=0 ns=700 cycles=0 idle_ns=0");
	assert_int_equal(table_sees_too_little(&t), 1);
	for (kernel = 0; kernel < t.nkernels; kernel++)
		assert_int_equal(kernel_is_measured_further(&t, kernel), kernel_has_cgroups(&t, kernel));
	specs[0]->no_further = true;
	assert_int_equal(table_sees_too_little(&t), 0);
	for (kernel = 0; kernel < t.nkernels; kernel++)
		assert_false(kernel_is_measured_further(&t, kernel));
}

/* Cells: off, idle, out, again; what a boot has in common, @common, no other boot has. */
static struct table feed_kernels(enum instrument instrument, size_t boots, const double factor[4],
				 double common, uint64_t seed)
{
	struct table t = { .instrument = instrument, .boots = boots, .rounds = 10, .seed = 5 };
	struct spec *specs[] = { parse("option = MEMCG\nvariants = off out\nop = a nop\n") };
	size_t boot, round, cell;
	double shake[4];

	table_init(&t, specs, 1, false, NULL);
	assert_int_equal(t.ncells, 4);
	for (boot = 0; boot < boots; boot++) {
		for (cell = 0; cell < 4; cell++)
			shake[cell] = 1 + common * (unit_random(&seed) % 10000 / 10000.0 - 0.5);
		for (round = 0; round < 10; round++)
			for (cell = 0; cell < 4; cell++) {
				double v = 1e6 * factor[cell] * shake[cell];

				take(&t, boot, "r %zu.%zu n=1 done=1 refused=0 ns=%.0f cycles=%.0f idle_ns=0",
				     cell, round, v, v);
			}
	}
	table_analyse(&t);
	return t;
}

static void counts_of_kernels_are_compared(void **state)
{
	static const double equal[] = { 1.1, 1, 0.9, 1 }, biased[] = { 1.1, 1, 0.9, 1.002 };
	struct table t = feed_kernels(COUNTED, 2, equal, 0, 1);

	(void)state;
	assert_true(t.fit);
	assert_true(fabs(t.cells[1].ratio.ratio - 1 / 1.1) < 1e-6);
	assert_true(fabs(t.cells[2].ratio.ratio - 0.9) < 1e-9);
	assert_true(t.cells[2].ratio.lo == t.cells[2].ratio.hi);
	assert_null(t.cells[1].unclaimed);
	assert_null(t.cells[2].unclaimed);
	/* the same kernel, built again, must be equal to itself */
	t = feed_kernels(COUNTED, 2, biased, 0, 1);
	assert_false(t.fit);
	assert_non_null(strstr(t.unfit, "some/a against itself finds a difference (+0.20 %"));
}

/* However many rounds there are, the interval is that of the boots. */
static void boots_are_what_kernels_are_compared_by(void **state)
{
	static const double equal[] = { 1, 1, 1, 1 }, dearer[] = { 1, 1, 1.2, 1 };
	struct table t;
	size_t covered = 0, i;

	(void)state;
	for (i = 0; i < 200; i++) {
		t = feed_kernels(TIMED, 8, equal, 0.1, 1 + i);
		covered += t.cells[2].ratio.lo <= 1 && t.cells[2].ratio.hi >= 1;
	}
	/* 95 of 100, and few boots are not quite as good as that */
	if (covered < 180)
		fail_msg("%zu of 200 intervals hold the truth", covered);
	t = feed_kernels(TIMED, 8, dearer, 0.02, 7);
	assert_true(t.fit);
	assert_null(t.cells[2].unclaimed);
	assert_true(t.cells[2].ratio.lo > 1.15 && t.cells[2].ratio.hi < 1.25);
}

static void times_of_kernels_that_cannot_be_told_apart_are_not_claimed(void **state)
{
	static const double dearer[] = { 1, 1, 1.2, 1 }, biased[] = { 1, 1, 1.2, 1.03 };
	struct table t = feed_kernels(TIMED, TIMED_BOOTS, dearer, 0, 1);

	(void)state;
	assert_null(t.cells[2].unclaimed);
	/* one after the other is another order than each after its like */
	assert_string_equal(t.cells[1].unclaimed, "its plan is that of out, not that of off");
	t = feed_kernels(TIMED, TIMED_BOOTS, biased, 0, 1);
	/* within a boot it is as good as ever */
	assert_true(t.fit);
	assert_non_null(strstr(t.cells[2].unclaimed, "some/a of the same kernel, built again, differs by +3.00 %"));
	assert_non_null(t.cells[3].unclaimed);
	assert_null(t.cells[0].unclaimed);
	/* a kernel that has fewer boots than were asked for */
	t = feed_kernels(TIMED, TIMED_BOOTS, dearer, 0, 1);
	t.cells[2].nsamples = 10 * (TIMED_BOOTS - 1);
	table_analyse(&t);
	assert_string_equal(t.cells[2].unclaimed, "kernels are compared from 6 boots on, these are 5");
}

static void what_an_option_costs_is_told_from_nothing(void **state)
{
	static const double factor[] = { 1, 0.9, 0.8, 0.9 };
	struct table t = feed_kernels(COUNTED, 2, factor, 0, 1);
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	t.ran = true;
	write_levels(&t, f);
	fclose(f);
	assert_non_null(strstr(text, "| some/a | MEMCG | 800000 | +12.50 % (100000) | +25.00 % (200000) | | | |\n"));
	assert_null(strstr(text, "~ |"));
	free(text);
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
		cmocka_unit_test(what_is_not_deterministic_says_why),
		cmocka_unit_test(the_same_plan_once_more_tells_history_from_chance),
		cmocka_unit_test(a_dearer_variant_is_found_by_both),
		cmocka_unit_test(a_run_that_differs_from_itself_is_not_fit),
		cmocka_unit_test(coarse_operations_judge_themselves_unless_most_are),
		cmocka_unit_test(what_sees_too_little_is_measured_further),
		cmocka_unit_test(kernels_without_an_option_are_not_measured_further),
		cmocka_unit_test(counts_that_vary_are_named),
		cmocka_unit_test(what_is_out_runs_in_a_kernel_of_its_own),
		cmocka_unit_test(benchmarks_do_not_share_a_boot),
		cmocka_unit_test(out_is_chosen_and_left_out_like_others),
		cmocka_unit_test(counts_of_kernels_are_compared),
		cmocka_unit_test(boots_are_what_kernels_are_compared_by),
		cmocka_unit_test(times_of_kernels_that_cannot_be_told_apart_are_not_claimed),
		cmocka_unit_test(what_an_option_costs_is_told_from_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A benchmark lives as long as the program that has read it, and so do its tables. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

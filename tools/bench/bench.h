/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BULKHEAD_BENCH_H
#define BULKHEAD_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "../lib/stats.h"

#define MAX_CONTROLLERS	8
#define MAX_VARIANTS	12

/* What separates a finding from chance, for both instruments; README.md of bench/ says why. */
#define AA_BIAS			0.0025
#define AA_MOST			0.01
#define TIMED_RESOLUTION	0.02
#define COUNTED_TOLERANCE	0.001
#define EXPLAINS		0.5	/* of what the costs of the batches vary by, in ranks */
#define RESAMPLES		2000

/* Fewer boots of each kernel say nothing about time that the next boot would not take back. */
#define TIMED_BOOTS		6

enum instrument { COUNTED, TIMED, INSTRUMENTS };
extern const char * const instrument_name[INSTRUMENTS];
extern const char * const instrument_unit[INSTRUMENTS];

/**
 * struct variant - where the task sits while it is measured
 * @name: off, aa (off again), d1, d4, d16, limit, hit, stats, lxcfs, frozen, write, dump,
 *	restart, or x10: off and 10/1000 dearer; out: without the option; and with it idle (a boot
 *	where nothing uses it) and again (the same of a kernel that was built again)
 * @depth: of its cgroup; 0 is the root
 * @extra: thousandths of the operation on top
 * @file: and @value: a control file of its cgroup, or NULL
 * @base: the variant that it is compared with, or NULL: off
 * @most: and @least: bounds of the ratio to that which are wanted; 0: none
 */
struct variant {
	const char *name;
	long depth, extra;
	const char *file, *value;
	const char *base;
	double most, least;
};

/** struct operation - a line "op =" of a benchmark */
struct operation {
	char *name;
	char *line;		/* for opbench, with {cg}, {t}, {f}, {a}, {b}, {file} */
	char *only;		/* the variants that make sense, or NULL */
	long tasks, fill;	/* in cgroups beside the task's */
	long every;		/* only in each so-many-th round */
	char *option;		/* what the variant out is without, "A+B", or NULL: the benchmark's */
	bool child, quick;
};

/** struct spec - a file of bench/ */
struct spec {
	char *name, *desc;
	char *controllers[MAX_CONTROLLERS + 1];
	char *needs[MAX_CONTROLLERS + 1];		/* options of the kernel */
	struct variant variants[MAX_VARIANTS];
	size_t nvariants, noperations;
	struct operation *operations;
	long memory;		/* MiB that the guest needs, or 0 */
	bool no_further;	/* no more boots than planned: it asks for factors, not for per cents */
	char *option;		/* what the variant out is without, "A+B", or NULL */
};

extern const struct variant variant_idle, variant_again;

/** operation_option() - what the variant out of an operation is without, or NULL */
const char *operation_option(const struct spec *s, const struct operation *op);

/** is_wanted_of() - whether an operation is to be measured in the variant of that name */
bool is_wanted_of(const struct operation *op, const char *variant);

/**
 * spec_parse() - read a benchmark
 * @name: of the benchmark
 * @text: the file; it is changed
 * @error: why not, to be freed
 *
 * Return: memory that lives as long as the program; NULL if @text is no benchmark.
 */
struct spec *spec_parse(const char *name, char *text, char **error);

/** enum event - what else the kernel does while it is measured, as far as it counts that */
enum event { INTERRUPTS, SOFTIRQS, RCU_CALLBACKS, SWITCHES, PAGES, EVENTS };
extern const char * const event_name[EVENTS];

/** struct sample - one batch */
struct sample {
	size_t boot, round;
	double work;		/* per operation, in the instrument's unit */
	double refused;		/* share of the operations */
	double event[EVENTS];	/* how often, in the batch; counted only */
};

/** struct cell - one operation in one variant, on one instrument */
struct cell {
	const struct spec *spec;
	const struct operation *op;
	const struct variant *variant;
	size_t group;		/* the first cell of the operation: variant off */
	size_t base;		/* the cell that it is compared with: off, or stats for lxcfs */
	size_t kernel;		/* which of the table's it runs on */
	struct sample *samples;
	size_t nsamples;
	struct sample *replayed;	/* the first boot's, with the same plan once more */
	size_t nreplayed;
	char *error;		/* why there are none */
	char *unclaimed;	/* why nothing is said of the ratio, though there are */

	/* what came of it */
	double per_op, refused;
	struct stats_ratio ratio;
	struct stats_count count;
	bool deterministic;
	char *why;		/* not */
	bool coarse;		/* timed: its A/A comparison would not have seen what is asked for */
	bool enough;		/* timed: it is in no further boot */
};

/** struct table - everything that one instrument measures */
struct table {
	enum instrument instrument;
	struct cell *cells;
	size_t ncells;
	size_t boots, rounds;
	size_t planned;		/* boots that each operation has; the rest is for those that see too little */
	uint64_t seed;
	/*
	 * The kernels: "in-NAME", the flavour's own, for each benchmark; each option, or "A+B",
	 * that there is one without; and for each of these "idle-A+B", the flavour's own, and
	 * "again-A+B", built again, in boots with the same plan.
	 */
	const char **kernels;
	size_t nkernels;
	char *error;		/* why there are no results at all */
	bool ran, fit;
	char *unfit;		/* why not */
	double busy;		/* CPUs that others used meanwhile, on average */
	double seconds;
};

/**
 * table_init() - the cells of some benchmarks
 * @t: with instrument, boots, rounds and seed set
 * @specs: the benchmarks
 * @n: how many
 * @quick: only what the quick set has
 * @variants: names between blanks: only these, beside off and aa; or NULL
 */
void table_init(struct table *t, struct spec **specs, size_t n, bool quick, const char *variants);

/** group_end() - where the cells of an operation end, which stand next to each other: those that are compared */
size_t group_end(const struct table *t, size_t from);

/**
 * plan_write() - the plan for one boot, as bench-guest reads it
 * @t: the table
 * @boot: which; with the number of boots it is the first one's again, word for word
 * @kernel: of which kernel
 * @f: where to
 *
 * Return: the number of batches.
 */
size_t plan_write(const struct table *t, size_t boot, size_t kernel, FILE *f);

/**
 * table_take() - a line of bench-guest
 * @t: where to
 * @boot: which kernel said it, as for plan_write()
 * @line: without its newline; it is changed
 *
 * Return: 1 for a batch, 2 for the end, 0 for anything else, -1 when the plan has failed.
 */
int table_take(struct table *t, size_t boot, char *line);

/** table_analyse() - from samples to results and a verdict */
void table_analyse(struct table *t);

/**
 * table_sees_too_little() - which operations want a further boot
 * @t: of the timed instrument
 *
 * Asked is only how wide the interval of an operation's A/A comparison is, never what it found: what goes on
 * until it finds nothing would find nothing. Within AA_MOST to either side it deviates by less than that in 95
 * of 100 runs, and sees TIMED_RESOLUTION. Such an operation is in no further boot, and
 * neither is what is compared across kernels.
 *
 * Return: how many.
 */
size_t table_sees_too_little(struct table *t);

/** kernel_is_measured_further() - whether a kernel has cells that want a further boot */
bool kernel_is_measured_further(const struct table *t, size_t kernel);

/** table_is_open() - whether a kernel has counts that differ, and nothing seen in it says why */
bool table_is_open(const struct table *t, size_t kernel);

/** table_explain() - what a boot with the plan of an earlier one says of such counts */
void table_explain(struct table *t);

/**
 * self_check() - whether known costs were found, as TAP on standard output
 * @t: a table of the benchmark self-check
 * @first: number of the first test
 *
 * Return: the number of tests that failed.
 */
int self_check(const struct table *t, int *first);

/** kernel_index() - which kernel of the table has that name; it is added if there is none */
size_t kernel_index(struct table *t, const char *name);

/** kernel_has_cgroups() - whether its boots are those of a benchmark, with the cgroups that it wants */
bool kernel_has_cgroups(const struct table *t, size_t kernel);

/** is_apart() - whether a cell is compared with one of another kernel */
bool is_apart(const struct table *t, const struct cell *c);

/**
 * apart_ratio() - how much dearer one kernel is than another
 * @base: and @test: the median of each boot
 * @nbase: and @ntest: how many, not 0
 * @resamples: of the bootstrap, whose unit are boots
 * @seed: of the bootstrap
 */
struct stats_ratio apart_ratio(const double *base, size_t nbase, const double *test, size_t ntest,
			       size_t resamples, uint64_t seed);

/** apart_compare() - the ratio of a cell to one of another kernel, or why it is not to be claimed */
void apart_compare(struct table *t, struct cell *c, uint64_t seed);

/** apart_judge() - what the same kernel, built again, says about comparing kernels at all */
void apart_judge(struct table *t);

/** struct other_kernel - a further kernel to boot */
struct other_kernel {
	enum instrument instrument;
	char *name;		/* an option, "A+B", or "again" */
	const char *path;
};

/** struct setup - what the kernels are booted with */
struct setup {
	const char *kernel[INSTRUMENTS];
	const char *boot, *init, *guest;	/* programs: boot, init, bench-guest */
	const char *extra;			/* a folder that the guest has in its root, or NULL */
	const char *qemu;
	const char *dir;			/* of this run */
	bool quiet, no_pin;
	struct other_kernel *others;
	size_t nothers;
};

/** kernel_file_name() - which file a kernel of the table is: an option, "again", or "" for the flavour's own */
const char *kernel_file_name(const struct table *t, size_t kernel);

/** kernel_path() - the file of one of the table's kernels, or NULL */
const char *kernel_path(const struct setup *s, const struct table *t, size_t kernel);

/** measure() - boot all kernels of a table; false, and t->error, when one fails */
bool measure(struct table *t, const struct setup *s);

/**
 * measure_further() - one more boot at a time, for what sees too little
 * @t: that measure() has been done with, of the timed instrument
 * @s: as for measure()
 * @most: boots that an operation has in the end
 *
 * An interrupt (SIGINT) ends it after the boot that is under way; a second one ends the program.
 *
 * Return: as measure().
 */
bool measure_further(struct table *t, const struct setup *s, size_t most);

/**
 * measure_again() - boot those kernels with the same plan once more of which table_is_open()
 *
 * Return: as measure().
 */
bool measure_again(struct table *t, const struct setup *s);

/**
 * cpio_write() - an initramfs
 * @path: where to
 * @init: a program, which is /init
 * @plan: a file, which is /plan
 * @extra: a folder with what else there is, or NULL
 *
 * Return: 0, or -1 with errno.
 */
int cpio_write(const char *path, const char *init, const char *plan, const char *extra);

/** struct about - what has to be known to repeat a run */
struct about {
	const char *date, *commit, *command;
	char **facts;		/* "key=value" */
	size_t nfacts;
	uint64_t seed;
	bool quick;
};

#define SCHEMA	"bulkhead-bench-3"

/** cost_text() - a cost as people read it */
void cost_text(char *buf, size_t size, double v);

/** write_sizes() - of operations with sizes, for gnuplot: a block each, size and cost */
void write_sizes(const struct table *t, FILE *f);

/** print_sizes() - of operations with sizes, what each further one costs */
void print_sizes(const struct table *t, FILE *f);

/** write_levels() - what an option costs from a kernel without it on, as Markdown */
void write_levels(const struct table *t, FILE *f);

void print_table(const struct table *t, FILE *f);
void write_markdown(const struct table *tables, const char *path);
void write_plot_data(const struct table *tables, const char *dir);
int write_results(const struct table *tables, const struct about *about, const char *path);

/** compare_results() - results file against results file; the exit status */
int compare_results(const char *a, const char *b);

#endif

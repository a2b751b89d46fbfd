// SPDX-License-Identifier: GPL-2.0
/*
 * bench: measures what operations of the kernel cost, with two instruments
 *
 * Exit status: 0 the run may be believed; 1 it failed, or is not fit to judge (it says
 * why); 2 bad usage, nothing was started.
 */
#include <argp.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/util.h"
#include "bench.h"

#define SELF_CHECK	"self-check"

/* A round of the self-check is short, and a busy machine needs many of them. */
#define TIMED_ROUNDS	40
#define CHECK_ROUNDS	200

/* To be twice as sure takes four times the boots. */
#define MOST_TIMES	40

struct options {
	struct setup setup;
	const char *specs, *instrument, *variants;
	long rounds[INSTRUMENTS], boots[INSTRUMENTS], most_boots, seed;
	bool quick, list, kernels, self_check, compare;
	struct about about;
	char **names;
};

enum {
	OPT_SPECS = 256, OPT_COUNTED, OPT_TIMED, OPT_BOOT, OPT_INIT, OPT_GUEST, OPT_QEMU, OPT_QUICK,
	OPT_LIST, OPT_CHECK, OPT_COMPARE, OPT_FACT, OPT_DATE, OPT_COMMIT, OPT_COMMAND, OPT_BOOTS,
	OPT_VARIANTS, OPT_EXTRA, OPT_NO_PIN, OPT_KERNELS, OPT_OTHER, OPT_MOST_BOOTS,
};

static const struct argp_option argp_options[] = {
	{ "specs", OPT_SPECS, "DIR", 0, "the benchmarks, NAME.bench", 1 },
	{ "instrument", 'i', "NAME", 0, "counted, timed or both (default)", 1 },
	{ "rounds", 'r', "N", 0, "rounds in each boot (default: counted 15, timed 40)", 1 },
	{ "boots", OPT_BOOTS, "N", 0, "boots (default: counted 2, timed 4)", 1 },
	{ "most-boots", OPT_MOST_BOOTS, "N", 0,
	  "boots of what sees too little, timed (default: 40 times --boots)", 1 },
	{ "seed", 's', "N", 0, "what the order and the intervals are drawn from", 1 },
	{ "quick", OPT_QUICK, NULL, 0, "only the quick set", 1 },
	{ "variants", OPT_VARIANTS, "NAMES", 0, "only these, beside off and aa", 1 },
	{ "list", OPT_LIST, NULL, 0, "say what there is, and end", 1 },
	{ "kernels", OPT_KERNELS, NULL, 0, "say which further kernels are needed, and end", 1 },
	{ "self-check", OPT_CHECK, NULL, 0, "whether known costs are found, as TAP", 1 },
	{ "compare", OPT_COMPARE, NULL, 0, "compare two files of results", 1 },
	{ "counted-kernel", OPT_COUNTED, "FILE", 0, "x86_64 kernel", 2 },
	{ "timed-kernel", OPT_TIMED, "FILE", 0, "UML kernel", 2 },
	{ "other", OPT_OTHER, "INSTRUMENT:NAME=FILE", 0, "a further kernel, as --kernels names it", 2 },
	{ "boot", OPT_BOOT, "FILE", 0, "program that boots the UML kernel", 2 },
	{ "init", OPT_INIT, "FILE", 0, "its guest's init", 2 },
	{ "guest", OPT_GUEST, "FILE", 0, "bench-guest", 2 },
	{ "no-pin", OPT_NO_PIN, NULL, 0, "let the timed kernel have all CPUs of the host", 2 },
	{ "extra", OPT_EXTRA, "DIR", 0, "what the guest has in its root besides", 2 },
	{ "qemu", OPT_QEMU, "FILE", 0, "default qemu-system-x86_64", 2 },
	{ "output", 'o', "DIR", 0, "folder of this run", 3 },
	{ "fact", OPT_FACT, "KEY=VALUE", 0, "recorded with the results; may be repeated", 3 },
	{ "date", OPT_DATE, "TEXT", 0, "recorded likewise", 3 },
	{ "commit", OPT_COMMIT, "TEXT", 0, "recorded likewise", 3 },
	{ "command", OPT_COMMAND, "TEXT", 0, "recorded likewise", 3 },
	{ 0 }
};

static void take_number(const char *what, const char *arg, long max, long *a, long *b)
{
	if (!parse_int(arg, 1, max, a))
		die(EXIT_BAD_USAGE, "%s '%s': not a number from 1 to %ld", what, arg, max);
	if (b)
		*b = *a;
}

/* "counted:MEMCG=FILE" */
static void take_other(struct setup *s, const char *arg)
{
	struct other_kernel o = { 0 };
	char *copy = xstrdup(arg), *name = strchr(copy, ':'), *path = strchr(copy, '=');

	if (!name || !path || path < name)
		die(EXIT_BAD_USAGE, "--other '%s': INSTRUMENT:NAME=FILE is needed", arg);
	*name++ = '\0';
	*path++ = '\0';
	while (o.instrument < INSTRUMENTS && strcmp(copy, instrument_name[o.instrument]))
		o.instrument++;
	if (o.instrument == INSTRUMENTS)
		die(EXIT_BAD_USAGE, "--other '%s': not counted or timed", arg);
	if (access(path, R_OK))
		die(EXIT_BAD_USAGE, "kernel '%s': %s", path, strerror(errno));
	o.name = name;
	o.path = path;
	s->others = xrealloc(s->others, (s->nothers + 1) * sizeof(o));
	s->others[s->nothers++] = o;
}

static error_t take_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case OPT_SPECS: o->specs = arg; break;
	case 'i': o->instrument = arg; break;
	case 'r': take_number("rounds", arg, 100000, &o->rounds[0], &o->rounds[1]); break;
	case OPT_BOOTS: take_number("boots", arg, 1000, &o->boots[0], &o->boots[1]); break;
	case OPT_MOST_BOOTS: take_number("most boots", arg, 6000, &o->most_boots, NULL); break;
	case 's': take_number("seed", arg, 2000000000, &o->seed, NULL); break;
	case OPT_QUICK: o->quick = true; break;
	case OPT_VARIANTS: o->variants = xasprintf(" %s ", arg); break;
	case OPT_LIST: o->list = true; break;
	case OPT_KERNELS: o->kernels = true; break;
	case OPT_OTHER: take_other(&o->setup, arg); break;
	case OPT_CHECK: o->self_check = true; break;
	case OPT_COMPARE: o->compare = true; break;
	case OPT_COUNTED: o->setup.kernel[COUNTED] = arg; break;
	case OPT_TIMED: o->setup.kernel[TIMED] = arg; break;
	case OPT_BOOT: o->setup.boot = arg; break;
	case OPT_INIT: o->setup.init = arg; break;
	case OPT_GUEST: o->setup.guest = arg; break;
	case OPT_NO_PIN: o->setup.no_pin = true; break;
	case OPT_EXTRA: o->setup.extra = arg; break;
	case OPT_QEMU: o->setup.qemu = arg; break;
	case 'o': o->setup.dir = arg; break;
	case OPT_DATE: o->about.date = arg; break;
	case OPT_COMMIT: o->about.commit = arg; break;
	case OPT_COMMAND: o->about.command = arg; break;
	case OPT_FACT:
		o->about.facts = xrealloc(o->about.facts,
					  (o->about.nfacts + 1) * sizeof(*o->about.facts));
		o->about.facts[o->about.nfacts++] = arg;
		break;
	case ARGP_KEY_ARGS:
		o->names = state->argv + state->next;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static struct spec *load_spec(const char *dir, const char *name)
{
	char *path = xasprintf("%s/%s.bench", dir, name), *text = read_file(path, NULL), *error;
	struct spec *s;

	if (!text)
		die(EXIT_BAD_USAGE, "%s: %s", path, strerror(errno));
	s = spec_parse(name, text, &error);
	if (!s)
		die(EXIT_BAD_USAGE, "%s", error);
	free(path);
	return s;
}

/* Every benchmark but the self-check, which is no finding about the kernel. */
static int is_spec(const struct dirent *d)
{
	const char *dot = strrchr(d->d_name, '.');

	return dot && dot != d->d_name && !strcmp(dot, ".bench") &&
	       strcmp(d->d_name, SELF_CHECK ".bench");
}

static size_t find_specs(const struct options *o, struct spec ***specs)
{
	struct dirent **found;
	int n = scandir(o->specs, &found, is_spec, alphasort), i;
	size_t count = 0;
	char **name, *all = xstrdup("");

	if (n < 0)
		die(EXIT_BAD_USAGE, "%s: %s", o->specs, strerror(errno));
	*specs = xrealloc(NULL, (n + 1) * sizeof(**specs));
	if (o->self_check) {
		(*specs)[0] = load_spec(o->specs, SELF_CHECK);
		return 1;
	}
	for (i = 0; i < n; i++) {
		*strrchr(found[i]->d_name, '.') = '\0';
		all = xasprintf("%s %s", all, found[i]->d_name);
	}
	for (name = o->names; name && *name; name++) {
		for (i = 0; i < n && strcmp(*name, found[i]->d_name); i++)
			;
		if (i == n)
			die(EXIT_BAD_USAGE, "benchmark '%s': no such benchmark; there are:%s", *name, all);
	}
	for (i = 0; i < n; i++) {
		bool wanted = !o->names || !*o->names;

		for (name = o->names; name && *name; name++)
			wanted = wanted || !strcmp(*name, found[i]->d_name);
		if (wanted)
			(*specs)[count++] = load_spec(o->specs, found[i]->d_name);
	}
	return count;
}

static void list(struct spec **specs, size_t n)
{
	size_t i, j;

	for (i = 0; i < n; i++) {
		printf("%s\t%s\n", specs[i]->name, specs[i]->desc ?: "");
		for (j = 0; j < specs[i]->noperations; j++)
			printf("  %s\t%s%s\n", specs[i]->operations[j].name, specs[i]->operations[j].line,
			       specs[i]->operations[j].quick ? "\t(quick)" : "");
	}
}

/* The configuration lies beside the kernel. */
static void check_kernel(const char *kernel, struct spec **specs, size_t n)
{
	char *path = xasprintf("%.*s/.config", (int)(strrchr(kernel, '/') - kernel), kernel);
	char *config = read_file(path, NULL), *line;
	size_t i;
	int k;

	if (!config)
		die(EXIT_BAD_USAGE, "%s: %s", path, strerror(errno));
	for (i = 0; i < n; i++)
		for (k = 0; specs[i]->needs[k]; k++) {
			line = xasprintf("\nCONFIG_%s=y\n", specs[i]->needs[k]);
			if (!strstr(config, line))
				die(EXIT_BAD_USAGE, "kernel '%s' has no CONFIG_%s, which benchmark '%s' needs",
				    kernel, specs[i]->needs[k], specs[i]->name);
			free(line);
		}
	free(config);
	free(path);
}

static void check_setup(struct options *o, struct spec **specs, size_t n)
{
	bool both = !strcmp(o->instrument, "both");
	int i;

	if (!both && strcmp(o->instrument, "counted") && strcmp(o->instrument, "timed"))
		die(EXIT_BAD_USAGE, "instrument '%s': not counted, timed or both", o->instrument);
	for (i = 0; i < INSTRUMENTS; i++) {
		if (!both && strcmp(o->instrument, instrument_name[i]))
			o->setup.kernel[i] = NULL;
		else if (!o->setup.kernel[i])
			die(EXIT_BAD_USAGE, "--%s-kernel is needed", instrument_name[i]);
		else if (access(o->setup.kernel[i], R_OK))
			die(EXIT_BAD_USAGE, "kernel '%s': %s", o->setup.kernel[i], strerror(errno));
		else
			check_kernel(o->setup.kernel[i], specs, n);
	}
	if (!o->setup.dir || !o->setup.guest || (o->setup.kernel[TIMED] && (!o->setup.boot || !o->setup.init)))
		die(EXIT_BAD_USAGE, "--output, --guest, --boot and --init are needed; try --help");
	if (make_dirs(o->setup.dir))
		die(EXIT_BAD_USAGE, "%s: %s", o->setup.dir, strerror(errno));
}

static bool is_asked(const struct options *o, enum instrument i)
{
	return !strcmp(o->instrument, "both") || !strcmp(o->instrument, instrument_name[i]);
}

/* The first is the flavour's own. */
static void print_kernels(const struct options *o, struct spec **specs, size_t n)
{
	size_t k;
	int i;

	for (i = 0; i < INSTRUMENTS; i++) {
		int again = 0;
		struct table t = { .instrument = i, .boots = o->boots[i] };

		if (!is_asked(o, i))
			continue;
		table_init(&t, specs, n, o->quick, o->variants);
		for (k = 0; k < t.nkernels; k++) {
			const char *name = kernel_file_name(&t, k);

			if (*name && (strcmp(name, "again") || !again++))
				printf("%s %s\n", instrument_name[i], name);
		}
	}
}

static void check_others(const struct setup *s, const struct table *t)
{
	size_t k;

	for (k = 0; k < t->nkernels; k++)
		if (!kernel_path(s, t, k))
			die(EXIT_BAD_USAGE, "--other=%s:%s=FILE is needed", instrument_name[t->instrument],
			    kernel_file_name(t, k));
}

/* All boots of a table, and what comes of them; false, and t->error, when one fails. */
static bool measure_and_analyse(struct table *t, const struct options *o)
{
	if (!measure(t, &o->setup))
		return false;
	if (t->instrument == TIMED && !o->self_check && !measure_further(t, &o->setup, o->most_boots))
		return false;
	table_analyse(t);
	if (t->instrument == COUNTED && !o->self_check) {
		if (!measure_again(t, &o->setup))
			return false;
		table_explain(t);
	}
	return true;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = argp_options, .parser = take_option, .args_doc = "[BENCHMARK...]\n--compare A B",
		.doc = "Measure what operations of the kernel cost.\vExit status: 0 the run may be "
		       "believed, 1 it failed or is not fit to judge, 2 bad usage.",
	};
	struct options o = {
		.specs = "bench", .instrument = "both", .rounds = { 15, TIMED_ROUNDS }, .boots = { 2, 4 }, .seed = 1,
		.setup.qemu = "qemu-system-x86_64", .about = { "", "", "" },
	};
	struct table tables[INSTRUMENTS] = { 0 };
	struct spec **specs;
	size_t n;
	int i, failed = 0, test = 1;

	argp_err_exit_status = EXIT_BAD_USAGE;
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &o);
	if (o.compare) {
		if (!o.names || !o.names[0] || !o.names[1] || o.names[2])
			die(EXIT_BAD_USAGE, "--compare takes two files");
		return compare_results(o.names[0], o.names[1]);
	}
	if (!o.most_boots)
		o.most_boots = MOST_TIMES * o.boots[TIMED];
	if (o.most_boots < o.boots[TIMED])
		die(EXIT_BAD_USAGE, "most boots '%ld': fewer than the %ld that each operation has", o.most_boots,
		    o.boots[TIMED]);
	n = find_specs(&o, &specs);
	if (o.list) {
		list(specs, n);
		return 0;
	}
	if (o.kernels) {
		print_kernels(&o, specs, n);
		return 0;
	}
	check_setup(&o, specs, n);
	o.setup.quiet = o.self_check;
	if (o.self_check && o.rounds[TIMED] == TIMED_ROUNDS)
		o.rounds[TIMED] = CHECK_ROUNDS;
	for (i = 0; i < INSTRUMENTS; i++) {
		tables[i] = (struct table){ .instrument = i, .boots = o.boots[i], .rounds = o.rounds[i],
					    .seed = o.seed };
		if (!o.setup.kernel[i])
			continue;
		table_init(&tables[i], specs, n, o.quick, o.variants);
		if (!tables[i].ncells)
			continue;
		check_others(&o.setup, &tables[i]);
		if (!measure_and_analyse(&tables[i], &o)) {
			fprintf(stderr, "bench: %s: %s\n", instrument_name[i], tables[i].error);
			failed = 1;
			continue;
		}
		if (o.self_check)
			failed += self_check(&tables[i], &test);
		else
			print_table(&tables[i], stdout);
		failed += !o.self_check && !tables[i].fit;
	}
	if (o.self_check)
		printf("1..%d\n", test - 1);
	o.about.quick = o.quick;
	write_markdown(tables, xasprintf("%s/results.md", o.setup.dir));
	write_plot_data(tables, o.setup.dir);
	if (write_results(tables, &o.about, xasprintf("%s/results.json", o.setup.dir)))
		die(EXIT_FAILURE, "%s/results.json: %s", o.setup.dir, strerror(errno));
	return failed ? EXIT_FAILURE : 0;
}

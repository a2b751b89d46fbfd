// SPDX-License-Identifier: GPL-2.0
/* What a controller costs from nothing: without it, with it and nothing enabled, and so on; also for gnuplot. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/util.h"
#include "bench.h"

/* The steps from nothing to deep, as columns. */
static const char * const levels[] = { "out", "idle", "off", "d1", "d4", "d16" };

/* A cell of the same operation, if anything may be said of it. */
static const struct cell *level(const struct table *t, size_t group, const char *name)
{
	size_t i;

	for (i = group; i < t->ncells && t->cells[i].group == group; i++)
		if (!strcmp(t->cells[i].variant->name, name))
			return t->cells[i].nsamples && !t->cells[i].unclaimed ? &t->cells[i] : NULL;
	return NULL;
}

/* "+1.25 % (13.0)" over the kernel without the option. */
static void write_level(const struct cell *c, const struct cell *out, FILE *f)
{
	char more[32];

	if (!c) {
		fprintf(f, " |");
		return;
	}
	cost_text(more, sizeof(more), c->per_op - out->per_op);
	fprintf(f, " %+.2f %% (%s)%s |", 100 * (c->per_op / out->per_op - 1), more,
		c->deterministic && out->deterministic ? "" : " ~");
}

void write_levels(const struct table *t, FILE *f)
{
	bool begun = false;
	size_t i, k;

	/* Time cannot be compared all the way: see apart.c. */
	for (i = 0; t->ran && t->instrument == COUNTED && i < t->ncells; i++) {
		const struct cell *c = &t->cells[i], *out = level(t, i, "out");
		char number[32];

		if (c->group != i || !out)
			continue;
		if (!begun)
			fprintf(f, "\nDearer than in a kernel without the option (%s):\n\n"
				"| operation | option | without it | with it, nothing enabled | in the root, "
				"others use it | 1 deep | 4 deep | 16 deep |\n"
				"| --- | --- | ---: | --- | --- | --- | --- | --- |\n",
				instrument_unit[t->instrument]);
		begun = true;
		cost_text(number, sizeof(number), out->per_op);
		fprintf(f, "| %s/%s | %s | %s |", c->spec->name, c->op->name, operation_option(c->spec, c->op),
			number);
		for (k = 1; k < ARRAY_SIZE(levels); k++)
			write_level(level(t, i, levels[k]), out, f);
		fputc('\n', f);
	}
	if (begun)
		fputs("\n~: not deterministic\n", f);
}

static FILE *open_data(const char *dir, const char *what, enum instrument i)
{
	char *path = xasprintf("%s/%s-%s.dat", dir, what, instrument_name[i]);
	FILE *f = fopen(path, "we");

	if (!f)
		die(EXIT_FAILURE, "%s: %s", path, strerror(errno));
	free(path);
	return f;
}

/* overhead: operation, percent, low and high, four deep. */
static void write_overhead(const struct cell *c, FILE *f)
{
	if (!strcmp(c->variant->name, "d4"))
		fprintf(f, "\"%s/%s\" %.4f %.4f %.4f\n", c->spec->name, c->op->name,
			100 * (c->ratio.ratio - 1), 100 * (c->ratio.lo - 1), 100 * (c->ratio.hi - 1));
}

/* levels: operation, then percent to off for each level; ? for what is not there. */
static void plot_levels(const struct table *t, size_t group, FILE *f)
{
	const struct cell *off = level(t, group, "off");
	size_t k;

	if (!off || !operation_option(off->spec, off->op) || !is_wanted_of(off->op, "out"))
		return;
	fprintf(f, "\"%s/%s\"", off->spec->name, off->op->name);
	for (k = 0; k < ARRAY_SIZE(levels); k++) {
		const struct cell *c = level(t, group, levels[k]);

		if (c && (t->instrument == COUNTED || kernel_has_cgroups(t, c->kernel)))
			fprintf(f, " %.4f", 100 * (c->per_op / off->per_op - 1));
		else
			fputs(" ?", f);
	}
	fputc('\n', f);
}

void write_plot_data(const struct table *tables, const char *dir)
{
	int i;

	for (i = 0; i < INSTRUMENTS; i++) {
		FILE *overhead = open_data(dir, "overhead", i), *depth = open_data(dir, "depth", i);
		FILE *steps = open_data(dir, "levels", i), *sizes = open_data(dir, "sizes", i);
		const struct table *t = &tables[i];
		size_t c;

		for (c = 0; t->ran && c < t->ncells; c++) {
			const struct cell *cell = &t->cells[c];

			if (cell->group == c)
				plot_levels(t, c, steps);
			if (!cell->nsamples)
				continue;
			write_overhead(cell, overhead);
			if (cell->base == c)
				fprintf(depth, "%s\"%s/%s\"\n", ftell(depth) ? "\n\n" : "", cell->spec->name,
					cell->op->name);
			if (cell->variant->depth && !cell->variant->file)
				fprintf(depth, "%ld %.4f\n", cell->variant->depth,
					100 * (cell->ratio.ratio - 1));
		}
		if (t->ran)
			write_sizes(t, sizes);
		fclose(overhead);
		fclose(depth);
		fclose(steps);
		fclose(sizes);
	}
}

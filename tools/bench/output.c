// SPDX-License-Identifier: GPL-2.0
/* The same results four times: for the terminal, a README, gnuplot and a program. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/util.h"
#include "bench.h"

static bool shown(const struct cell *c)
{
	return c->nsamples && strcmp(c->variant->name, "aa") && strcmp(c->variant->name, "again");
}

static void note(const struct cell *c, char *buf, size_t size)
{
	int n = 0;

	*buf = '\0';
	if (!c->deterministic)
		n += snprintf(buf + n, size - n, "not deterministic: repeats %.2f %%, boots %.2f %%%s%s",
			      100 * c->count.spread, 100 * c->count.boots, c->why ? ", " : "", c->why ?: "");
	if (c->coarse)
		n += snprintf(buf + n, size - n, "coarse");
	if (c->refused > 0)
		n += snprintf(buf + n, size - n, "%srefused %.0f %%", n ? ", " : "", 100 * c->refused);
	if (c->variant->most && c->ratio.ratio > c->variant->most)
		n += snprintf(buf + n, size - n, "%sMORE THAN %g WANTED", n ? ", " : "", c->variant->most);
	if (c->variant->least && c->ratio.ratio < c->variant->least)
		n += snprintf(buf + n, size - n, "%sLESS THAN %g WANTED", n ? ", " : "", c->variant->least);
	if (c->ratio.outliers > 0.05)
		n += snprintf(buf + n, size - n, "%soutliers %.0f %%", n ? ", " : "", 100 * c->ratio.outliers);
	if (!strcmp(c->variant->name, "out"))
		snprintf(buf + n, size - n, "%swithout %s", n ? ", " : "", operation_option(c->spec, c->op));
}

/* "lxcfs against stats: ..." for a variant that is compared with another than off. */
static void print_times(const struct table *t, const char *name, FILE *f)
{
	double *ratio = xrealloc(NULL, (t->ncells + 1) * sizeof(*ratio));
	const char *base = NULL;
	size_t i, n = 0;

	for (i = 0; i < t->ncells; i++) {
		const struct cell *c = &t->cells[i];

		if (!c->nsamples || c->base == c->group || strcmp(c->variant->name, name))
			continue;
		ratio[n++] = c->ratio.ratio;
		base = t->cells[c->base].variant->name;
	}
	if (n)
		fprintf(f, "  %s against %s: %.1f to %.1f times in %zu operations, median %.1f\n", name, base,
			stats_quantile(ratio, n, 0), stats_quantile(ratio, n, 1), n, stats_median(ratio, n));
	free(ratio);
}

void print_table(const struct table *t, FILE *f)
{
	size_t i;

	if (!t->ran)
		return;
	fprintf(f, "\n%s: %s per operation; %zu", instrument_name[t->instrument],
		instrument_unit[t->instrument], t->planned);
	if (t->boots > t->planned)
		fprintf(f, " to %zu", t->boots);
	fprintf(f, " boots of %zu rounds, seed %llu, %.0f s\n", t->rounds,
		(unsigned long long)t->seed, t->seconds);
	fprintf(f, "  %-24s %-7s %12s %9s  %-19s %8s\n", "operation", "variant", "cost", "dearer",
		"95 % interval", "sees");
	for (i = 0; i < t->ncells; i++) {
		const struct cell *c = &t->cells[i];
		char what[128], number[32], words[200];

		snprintf(what, sizeof(what), "%s/%s", c->spec->name, c->op->name);
		if (!c->nsamples) {
			fprintf(f, "  %-24s %-7s cannot be measured: %s\n", what, c->variant->name,
				c->error ?: "no result");
			continue;
		}
		cost_text(number, sizeof(number), c->per_op);
		note(c, words, sizeof(words));
		if (c->base == i)
			fprintf(f, "  %-24s %-7s %12s %9s  %-19s %8s  %s\n", what, c->variant->name, number,
				"", "", "", words);
		else if (c->unclaimed)
			fprintf(f, "  %-24s %-7s %12s not claimed: %s\n", "", c->variant->name, number,
				c->unclaimed);
		else
			fprintf(f, "  %-24s %-7s %12s %+8.2f%%  [%+8.2f %+8.2f] %7.2f%%  %s\n", "",
				c->variant->name, number, 100 * (c->ratio.ratio - 1),
				100 * (c->ratio.lo - 1), 100 * (c->ratio.hi - 1),
				100 * c->ratio.smallest, words);
	}
	print_times(t, "lxcfs", f);
	print_sizes(t, f);
	if (t->busy > 0.2)
		fprintf(f, "  others kept %.1f CPUs busy meanwhile\n", t->busy);
	if (!t->fit)
		fprintf(f, "  NOT FIT TO JUDGE: %s\n", t->unfit);
}

static const struct cell *find(const struct table *t, const struct cell *like)
{
	size_t i;

	for (i = 0; i < t->ncells; i++)
		if (!strcmp(t->cells[i].spec->name, like->spec->name) &&
		    !strcmp(t->cells[i].op->name, like->op->name) &&
		    !strcmp(t->cells[i].variant->name, like->variant->name) && t->cells[i].nsamples)
			return &t->cells[i];
	return NULL;
}

/* Each sure of itself, and of opposite signs. */
static bool disagree(const struct cell *a, const struct cell *b)
{
	return a && b && !a->unclaimed && !b->unclaimed &&
	       ((a->ratio.lo > 1 && b->ratio.hi < 1) || (a->ratio.hi < 1 && b->ratio.lo > 1));
}

static void markdown_cell(const struct cell *c, const struct table *t, FILE *f)
{
	char number[32];

	if (!c) {
		fprintf(f, " | |");
		return;
	}
	cost_text(number, sizeof(number), c->per_op);
	if (&t->cells[c->base] == c)
		fprintf(f, " %s | |", number);
	else if (c->unclaimed)
		fprintf(f, " %s | not claimed: %s |", number, c->unclaimed);
	else
		fprintf(f, " %s | %+.2f %% [%+.2f %+.2f]%s |", number, 100 * (c->ratio.ratio - 1),
			100 * (c->ratio.lo - 1), 100 * (c->ratio.hi - 1),
			c->coarse ? " (coarse)" : c->deterministic ? "" : " (not deterministic)");
}

void write_markdown(const struct table *tables, const char *path)
{
	const struct table *lead = tables[COUNTED].ran ? &tables[COUNTED] : &tables[TIMED];
	FILE *f = fopen(path, "we");
	size_t i;

	if (!f)
		die(EXIT_FAILURE, "%s: %s", path, strerror(errno));
	fprintf(f, "| operation | variant | instructions | dearer, %% | ns on UML | dearer, %% | |\n"
		"| --- | --- | ---: | --- | ---: | --- | --- |\n");
	for (i = 0; i < lead->ncells; i++) {
		const struct cell *c = &lead->cells[i], *counted, *timed;

		if (!shown(c))
			continue;
		counted = find(&tables[COUNTED], c);
		timed = find(&tables[TIMED], c);
		fprintf(f, "| %s/%s | %s |", c->spec->name, c->op->name, c->variant->name);
		markdown_cell(counted, &tables[COUNTED], f);
		markdown_cell(timed, &tables[TIMED], f);
		fprintf(f, " %s |\n", disagree(counted, timed) ? "the instruments disagree" : "");
	}
	for (i = 0; i < INSTRUMENTS; i++)
		write_levels(&tables[i], f);
	for (i = 0; i < INSTRUMENTS; i++)
		if (tables[i].ran && !tables[i].fit)
			fprintf(f, "\nThe %s run is not fit to judge: %s.\n", instrument_name[i],
				tables[i].unfit);
	if (fclose(f))
		die(EXIT_FAILURE, "%s: %s", path, strerror(errno));
}

static json_t *rounded(double v)
{
	return json_real(round(v * 1e6) / 1e6);
}

static json_t *json_cell(const struct table *t, size_t at)
{
	const struct cell *c = &t->cells[at];
	json_t *o = json_object();

	json_object_set_new(o, "instrument", json_string(instrument_name[t->instrument]));
	json_object_set_new(o, "bench", json_string(c->spec->name));
	json_object_set_new(o, "op", json_string(c->op->name));
	json_object_set_new(o, "line", json_string(c->op->line));
	json_object_set_new(o, "variant", json_string(c->variant->name));
	json_object_set_new(o, "unit", json_string(instrument_unit[t->instrument]));
	if (!strcmp(c->variant->name, "out"))
		json_object_set_new(o, "option", json_string(operation_option(c->spec, c->op)));
	json_object_set_new(o, "batches", json_integer(c->nsamples));
	if (c->error)
		json_object_set_new(o, "error", json_string(c->error));
	if (!c->nsamples)
		return o;
	json_object_set_new(o, "per_op", rounded(c->per_op));
	json_object_set_new(o, "refused", rounded(c->refused));
	json_object_set_new(o, "deterministic", json_boolean(c->deterministic));
	json_object_set_new(o, "spread", rounded(c->count.spread));
	json_object_set_new(o, "boots", rounded(c->count.boots));
	if (c->coarse)
		json_object_set_new(o, "coarse", json_true());
	if (c->why)
		json_object_set_new(o, "why", json_string(c->why));
	if (c->base == at)
		return o;
	json_object_set_new(o, "base", json_string(t->cells[c->base].variant->name));
	if (c->unclaimed) {
		json_object_set_new(o, "unclaimed", json_string(c->unclaimed));
		return o;
	}
	json_object_set_new(o, "ratio", rounded(c->ratio.ratio));
	json_object_set_new(o, "lo", rounded(c->ratio.lo));
	json_object_set_new(o, "hi", rounded(c->ratio.hi));
	json_object_set_new(o, "outliers", rounded(c->ratio.outliers));
	json_object_set_new(o, "smallest", rounded(c->ratio.smallest));
	return o;
}

int write_results(const struct table *tables, const struct about *about, const char *path)
{
	json_t *root = json_object(), *facts = json_object(), *runs = json_object();
	json_t *results = json_array(), *disagreeing = json_array();
	size_t i, c;
	int err;

	json_object_set_new(root, "schema", json_string(SCHEMA));
	json_object_set_new(root, "date", json_string(about->date));
	json_object_set_new(root, "commit", json_string(about->commit));
	json_object_set_new(root, "command", json_string(about->command));
	json_object_set_new(root, "quick", json_boolean(about->quick));
	for (i = 0; i < about->nfacts; i++) {
		char *key = xstrdup(about->facts[i]), *value = strchr(key, '=');

		if (value) {
			*value++ = '\0';
			json_object_set_new(facts, key, json_string(value));
		}
		free(key);
	}
	json_object_set_new(root, "facts", facts);
	for (i = 0; i < INSTRUMENTS; i++) {
		const struct table *t = &tables[i];
		json_t *run = json_object();

		if (!t->ran)
			continue;
		json_object_set_new(run, "boots", json_integer(t->planned));
		json_object_set_new(run, "most_boots", json_integer(t->boots));
		json_object_set_new(run, "rounds", json_integer(t->rounds));
		json_object_set_new(run, "seed", json_integer(t->seed));
		json_object_set_new(run, "fit", json_boolean(t->fit));
		if (t->unfit)
			json_object_set_new(run, "unfit", json_string(t->unfit));
		json_object_set_new(run, "busy", rounded(t->busy));
		json_object_set_new(run, "seconds", rounded(t->seconds));
		json_object_set_new(runs, instrument_name[i], run);
		for (c = 0; c < t->ncells; c++)
			json_array_append_new(results, json_cell(t, c));
	}
	json_object_set_new(root, "runs", runs);
	for (c = 0; tables[COUNTED].ran && c < tables[COUNTED].ncells; c++) {
		const struct cell *cell = &tables[COUNTED].cells[c];

		if (shown(cell) && disagree(cell, find(&tables[TIMED], cell)))
			json_array_append_new(disagreeing, json_sprintf("%s/%s %s", cell->spec->name,
									cell->op->name,
									cell->variant->name));
	}
	json_object_set_new(root, "disagree", disagreeing);
	json_object_set_new(root, "results", results);
	err = json_dump_file(root, path, JSON_INDENT(1));
	json_decref(root);
	return err;
}

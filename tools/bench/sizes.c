// SPDX-License-Identifier: GPL-2.0
/* Operations that are measured at several sizes: "tasks-10", "tasks-40", "tasks-160". */
#include <string.h>

#include "../lib/util.h"
#include "bench.h"

void cost_text(char *buf, size_t size, double v)
{
	snprintf(buf, size, v < 10 ? "%.2f" : v < 1000 ? "%.1f" : "%.0f", v);
}

/* The number at the end of an operation's name, "tasks-100", if it has one. */
static bool size_of(const struct cell *c, size_t *stem, double *size)
{
	const char *dash = strrchr(c->op->name, '-');
	long n;

	if (!c->nsamples || !dash || !parse_int(dash + 1, 1, 1000000000, &n))
		return false;
	*stem = dash - c->op->name;
	*size = n;
	return true;
}

/* The next larger of the same operation in the same variant. */
static const struct cell *next_size(const struct table *t, const struct cell *c)
{
	const struct cell *next = NULL, *d;
	size_t stem, other;
	double size, n, best = 0;

	if (!size_of(c, &stem, &size))
		return NULL;
	for (d = t->cells; d < t->cells + t->ncells; d++) {
		if (d->spec != c->spec || strcmp(d->variant->name, c->variant->name) ||
		    !size_of(d, &other, &n) || other != stem || strncmp(d->op->name, c->op->name, stem) ||
		    n <= size || (next && n >= best))
			continue;
		next = d;
		best = n;
	}
	return next;
}

static bool is_next(const struct table *t, const struct cell *c)
{
	size_t i;

	for (i = 0; i < t->ncells; i++)
		if (next_size(t, &t->cells[i]) == c)
			return true;
	return false;
}

void write_sizes(const struct table *t, FILE *f)
{
	size_t i, stem;
	double size;

	for (i = 0; i < t->ncells; i++) {
		const struct cell *c = &t->cells[i], *next = next_size(t, c);

		if (!next || is_next(t, c) || !strcmp(c->variant->name, "aa") ||
		    !strcmp(c->variant->name, "again"))
			continue;
		fprintf(f, "%s\"%s/%.*s %s\"\n", ftell(f) ? "\n\n" : "", c->spec->name,
			(int)(strrchr(c->op->name, '-') - c->op->name), c->op->name, c->variant->name);
		for (; c; c = next_size(t, c)) {
			size_of(c, &stem, &size);
			fprintf(f, "%.0f %.4f\n", size, c->per_op);
		}
	}
}

/* What each further one costs, from size to size: the same where cost is linear. */
void print_sizes(const struct table *t, FILE *f)
{
	size_t i, stem, other;
	double a, b;

	for (i = 0; i < t->ncells; i++) {
		const struct cell *c = &t->cells[i], *next = next_size(t, c);

		if (!next || is_next(t, c) || !strcmp(c->variant->name, "aa"))
			continue;
		fprintf(f, "  %s/%.*s %s: each further one", c->spec->name,
			(int)(strrchr(c->op->name, '-') - c->op->name), c->op->name, c->variant->name);
		for (; next; c = next, next = next_size(t, c)) {
			char number[32];

			size_of(c, &stem, &a);
			size_of(next, &other, &b);
			cost_text(number, sizeof(number), (next->per_op - c->per_op) / (b - a));
			fprintf(f, " %s from %.0f to %.0f%s", number, a, b, next_size(t, next) ? "," : "\n");
		}
	}
}

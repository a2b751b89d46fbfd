// SPDX-License-Identifier: GPL-2.0
/* Which batch comes after which, and what the guest has to have made for it before. */
#include <stdlib.h>
#include <string.h>

#include "../lib/util.h"
#include "bench.h"

/*
 * Before each batch the emulated guest sleeps, for emulated time costs nothing: work queues and
 * grace periods that earlier batches have left come to their end, and the timer tick
 * stands where it stood before every other batch.
 */
#define SETTLE_MS	50

/* What {file} is. */
#define PLAIN_FILE	"/tmp/bench-file"

/* Cgroups beside the task's that an operation may name. */
#define SIBLINGS	"tfab"

static bool wanted(const struct operation *op, const struct variant *v, const char *variants)
{
	char *key;
	bool found;

	if (variants && strcmp(v->name, "off") && strcmp(v->name, "aa")) {
		key = xasprintf(" %s ", v->name);
		found = strstr(variants, key);
		free(key);
		if (!found)
			return false;
	}
	return is_wanted_of(op, v->name);
}

/* What runs as user space does is only looked at where it is cheap to cross, or does much there. */
static bool can_measure(enum instrument instrument, const struct operation *op)
{
	/* what the tool says it took is wall time */
	if (!strncmp(op->line, "sys-ckpt ", 9))
		return instrument == TIMED;
	return instrument == COUNTED || strncmp(op->line, "sys-", 4) || !strncmp(op->line, "sys-proc ", 9);
}

static size_t find_base(const struct table *t, size_t group, const struct variant *v)
{
	size_t i;

	for (i = group; v->base && i < t->ncells; i++)
		if (!strcmp(t->cells[i].variant->name, v->base))
			return i;
	return group;
}

static void add_cell(struct table *t, const struct spec *s, const struct operation *op,
		     const struct variant *v, size_t group, const char *kernel)
{
	struct cell c = {
		.spec = s, .op = op, .variant = v, .group = group, .base = find_base(t, group, v),
		.kernel = kernel_index(t, kernel),
	};

	t->cells = xrealloc(t->cells, (t->ncells + 1) * sizeof(*t->cells));
	t->cells[t->ncells++] = c;
}

void table_init(struct table *t, struct spec **specs, size_t n, bool quick, const char *variants)
{
	const char *option;
	size_t i, o, v;

	for (i = 0; i < n; i++)
		for (o = 0; o < specs[i]->noperations; o++) {
			const struct operation *op = &specs[i]->operations[o];
			size_t group = t->ncells;

			if ((quick && !op->quick) || !can_measure(t->instrument, op))
				continue;
			for (v = 0; v < specs[i]->nvariants; v++) {
				const struct variant *var = &specs[i]->variants[v];
				bool out = !strcmp(var->name, "out");

				/* of which nothing could be said */
				if (out && t->instrument == TIMED && t->boots < TIMED_BOOTS)
					continue;
				if (!wanted(op, var, variants) ||
				    (quick && var->depth && strcmp(var->name, "d4")))
					continue;
				if (!out) {
					/* a boot for each benchmark: what one enables, the root has enabled for all */
					add_cell(t, specs[i], op, var, group, xasprintf("in-%s", specs[i]->name));
					continue;
				}
				/* The same plan for all three: what ran before is a part of what is measured. */
				option = operation_option(specs[i], op);
				add_cell(t, specs[i], op, &variant_idle, group, xasprintf("idle-%s", option));
				add_cell(t, specs[i], op, var, group, option);
				add_cell(t, specs[i], op, &variant_again, group, xasprintf("again-%s", option));
			}
		}
}

/* Where the task sits: memory-d4/1/2/3. Nobody has enabled anything for "off" and its like. */
static char *leaf(const struct cell *c)
{
	char *path, *longer;
	long i;

	if (!c->variant->depth)
		return xstrdup(".");
	path = xasprintf("%s-%s", c->spec->name, c->variant->name);
	for (i = 1; i < c->variant->depth; i++) {
		longer = xasprintf("%s/%ld", path, i);
		free(path);
		path = longer;
	}
	return path;
}

/* A cgroup beside it, for this operation only. */
static char *sibling(const struct cell *c, char which)
{
	char *path = leaf(c), *slash = strrchr(path, '/'), *result;

	if (!c->variant->depth)
		result = xasprintf("plain/%s-%s-%s-%c", c->spec->name, c->op->name, c->variant->name,
				   which);
	else if (slash)
		result = xasprintf("%.*s/%s-%c", (int)(slash - path), path, c->op->name, which);
	else
		result = xasprintf("%s-%s-%c", path, c->op->name, which);
	free(path);
	return result;
}

static void write_cgroup(const struct cell *c, const char *path, FILE *f)
{
	char *const *name;

	fprintf(f, "cgroup %s", path);
	for (name = c->spec->controllers; c->variant->depth && *name; name++)
		fprintf(f, " %s", *name);
	fputc('\n', f);
}

static void write_setup(const struct cell *c, FILE *f)
{
	const char *which;
	char *path = leaf(c);

	if (strstr(c->op->line, "{file}"))
		fprintf(f, "file " PLAIN_FILE "\n");
	if (c->variant->depth)
		write_cgroup(c, path, f);
	if (c->variant->file)
		fprintf(f, "set %s/%s %s\n", path, c->variant->file, c->variant->value);
	free(path);
	for (which = SIBLINGS; *which; which++) {
		char mark[] = { '{', *which, '}', '\0' };

		if (!strstr(c->op->line, mark))
			continue;
		path = sibling(c, *which);
		write_cgroup(c, path, f);
		if (*which == 't' && c->op->tasks)
			fprintf(f, "tasks %s %ld\n", path, c->op->tasks);
		if (*which == 'f') {
			char *const *name;

			fprintf(f, "fill %s %ld", path, c->op->fill);
			for (name = c->spec->controllers; c->variant->depth && *name; name++)
				fprintf(f, " %s", *name);
			fputc('\n', f);
		}
		free(path);
	}
}

static void write_line(const struct cell *c, FILE *f)
{
	const char *p = c->op->line;

	while (*p) {
		char *path = NULL;

		if (!strncmp(p, "{file}", 6)) {
			fputs(PLAIN_FILE, f);
			p += 6;
			continue;
		}
		if (!strncmp(p, "{variant}", 9)) {
			fputs(c->variant->name, f);
			p += 9;
			continue;
		}
		if (!strncmp(p, "{cg}", 4)) {
			path = leaf(c);
			p += 4;
		} else if (p[0] == '{' && p[1] && strchr(SIBLINGS, p[1]) && p[2] == '}') {
			path = sibling(c, p[1]);
			p += 3;
		}
		if (path)
			fprintf(f, "/sys/fs/cgroup/%s", path);
		else
			fputc(*p++, f);
		free(path);
	}
}

static void write_batch(const struct table *t, size_t cell, size_t round, FILE *f)
{
	const struct cell *c = &t->cells[cell];
	char *path = leaf(c);

	/* In a kernel that may be without cgroups, the task is and stays where it was born. */
	if (kernel_has_cgroups(t, c->kernel))
		fprintf(f, "enter %s\n", path);
	if (t->instrument == COUNTED)
		fprintf(f, "settle %d\n", SETTLE_MS);
	fprintf(f, "%s %zu.%zu ", c->op->child ? "fork" : "run", cell, round);
	write_line(c, f);
	if (c->variant->extra)
		fprintf(f, " extra=%ld", c->variant->extra);
	fputc('\n', f);
	free(path);
}

size_t group_end(const struct table *t, size_t from)
{
	size_t to = from;

	while (to < t->ncells && t->cells[to].group == t->cells[from].group)
		to++;
	return to;
}

size_t plan_write(const struct table *t, size_t boot, size_t kernel, FILE *f)
{
	size_t *order = xrealloc(NULL, (t->ncells + 1) * sizeof(*order));
	size_t round, from, to, i, here, n = 0;
	struct rng rng;

	boot %= t->boots;
	rng_init(&rng, t->seed + boot);
	fprintf(f, "# boot %zu, seed %llu\n", boot, (unsigned long long)t->seed + boot);
	for (i = 0; i < t->ncells; i++)
		if (t->cells[i].kernel == kernel && !t->cells[i].enough)
			write_setup(&t->cells[i], f);
	if (t->instrument == COUNTED)
		fprintf(f, "watch\n");
	for (round = 0; round < t->rounds; round++)
		for (from = 0; from < t->ncells; from = to) {
			to = group_end(t, from);
			if (round % t->cells[from].op->every)
				continue;
			rng_shuffle(&rng, order, to - from);
			for (i = 0; i < to - from; i++) {
				here = from + order[i];
				if (t->cells[here].kernel != kernel || t->cells[here].enough)
					continue;
				write_batch(t, here, round, f);
				n++;
			}
		}
	free(order);
	return n;
}

static bool take_sample(struct table *t, size_t boot, struct cell *c, size_t round, char *fields)
{
	unsigned long n, done, refused;
	unsigned long long ns, cycles, idle;
	struct sample s = { .boot = boot, .round = round };
	double *e = s.event;
	int at = 0;

	if (sscanf(fields, "n=%lu done=%lu refused=%lu ns=%llu cycles=%llu idle_ns=%llu%n", &n, &done,
		   &refused, &ns, &cycles, &idle, &at) != 6 || !n || !done || !ns)
		return false;
	if (fields[at] && sscanf(fields + at, " intr=%lf softirq=%lf rcu=%lf ctxt=%lf pages=%lf", &e[INTERRUPTS],
				 &e[SOFTIRQS], &e[RCU_CALLBACKS], &e[SWITCHES], &e[PAGES]) != EVENTS)
		return false;
	/* Idle time is in the clock's ns, which differ from cycles by how well those were calibrated. */
	s.work = (double)ns - idle;
	if (t->instrument == COUNTED)
		s.work = idle ? s.work * cycles / ns : cycles;
	s.work /= n;
	if (s.work <= 0) {
		if (!c->error)
			c->error = xstrdup("less than nothing was measured");
		return true;
	}
	s.refused = (double)refused / done;
	if (boot >= t->boots) {
		s.boot %= t->boots;
		c->replayed = xrealloc(c->replayed, (c->nreplayed + 1) * sizeof(s));
		c->replayed[c->nreplayed++] = s;
		return true;
	}
	c->samples = xrealloc(c->samples, (c->nsamples + 1) * sizeof(s));
	c->samples[c->nsamples++] = s;
	return true;
}

int table_take(struct table *t, size_t boot, char *line)
{
	size_t cell, round;
	int at = 0;

	if (!strcmp(line, "end"))
		return 2;
	if (!strncmp(line, "ready without", 13)) {
		t->error = xstrdup("the kernel has no opbench (CONFIG_OPBENCH)");
		return -1;
	}
	if (line[0] == 'E') {
		t->error = xasprintf("the plan failed in line %s", line + 2);
		return -1;
	}
	if ((line[0] != 'r' && line[0] != 'e') || line[1] != ' ' ||
	    sscanf(line + 2, "%zu.%zu %n", &cell, &round, &at) != 2 || !at || cell >= t->ncells)
		return 0;
	if (line[0] == 'r')
		return take_sample(t, boot, &t->cells[cell], round, line + 2 + at);
	if (!t->cells[cell].error)
		t->cells[cell].error = xstrdup(line + 2 + at);
	return 1;
}

// SPDX-License-Identifier: GPL-2.0
/* Benchmarks as bench/NAME.bench states them. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/util.h"
#include "bench.h"

#define MEMORY_MAX	16384

static const struct variant known_variants[] = {
	{ .name = "off" },
	{ .name = "aa" },
	{ .name = "out", .base = "idle" },
	{ .name = "d1", .depth = 1 },
	{ .name = "d4", .depth = 4 },
	{ .name = "d16", .depth = 16 },
	{ .name = "limit", .depth = 1 },
	{ .name = "hit", .depth = 1 },
	{ .name = "stats" },
	{ .name = "lxcfs", .base = "stats" },
	{ .name = "frozen" },
	{ .name = "write" },
	{ .name = "dump", .base = "write" },
	{ .name = "restart", .base = "write" },
};

/* What goes with "out": nobody asks for them by name. */
const struct variant variant_idle = { .name = "idle" };
const struct variant variant_again = { .name = "again", .base = "idle" };

/* "x20" is 20 thousandths dearer, and sits where "off" does. */
static bool find_variant(const char *name, struct variant *v)
{
	size_t i;

	memset(v, 0, sizeof(*v));
	if (*name == 'x' && parse_int(name + 1, 0, 1000, &v->extra)) {
		v->name = xstrdup(name);
		return true;
	}
	for (i = 0; i < ARRAY_SIZE(known_variants); i++)
		if (!strcmp(known_variants[i].name, name)) {
			*v = known_variants[i];
			return true;
		}
	return false;
}

static struct variant *spec_variant(struct spec *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->nvariants; i++)
		if (!strcmp(s->variants[i].name, name))
			return &s->variants[i];
	return NULL;
}

static char *add_variants(struct spec *s, char *value)
{
	char *word, *save;

	for (word = strtok_r(value, " \t", &save); word; word = strtok_r(NULL, " \t", &save)) {
		if (s->nvariants == MAX_VARIANTS)
			return xasprintf("more than %d variants", MAX_VARIANTS);
		if (spec_variant(s, word))
			return xasprintf("variant '%s' twice", word);
		if (!find_variant(word, &s->variants[s->nvariants++]))
			return xasprintf("variant '%s': no such variant", word);
	}
	return NULL;
}

/* "limit = memory.max 8G" says what the variant of that name has in its cgroup. */
static char *set_limit(struct spec *s, const char *name, char *value)
{
	struct variant *v = spec_variant(s, name);
	char *blank = value + strcspn(value, " \t");

	if (!v)
		return xasprintf("'%s' is not among the variants above", name);
	if (!*blank)
		return xasprintf("%s: a control file and a value are needed", name);
	*blank++ = '\0';
	v->file = xstrdup(value);
	v->value = xstrdup(trim(blank));
	return NULL;
}

/* "most = stats 1.25" says what ratio is wanted of a variant. */
static char *set_bound(struct spec *s, const char *key, const char *value)
{
	char name[16];
	struct variant *v;
	double bound;

	if (sscanf(value, "%15s %lf", name, &bound) != 2 || !(bound > 0))
		return xasprintf("%s: a variant and a ratio are needed", key);
	v = spec_variant(s, name);
	if (!v)
		return xasprintf("%s: '%s' is not among the variants above", key, name);
	*(strcmp(key, "most") ? &v->least : &v->most) = bound;
	return NULL;
}

static char *add_words(char **list, char *value)
{
	char *word, *save;
	int n = 0;

	for (word = strtok_r(value, " \t", &save); word; word = strtok_r(NULL, " \t", &save)) {
		if (n == MAX_CONTROLLERS)
			return xasprintf("more than %d words", MAX_CONTROLLERS);
		list[n++] = xstrdup(word);
	}
	return NULL;
}

static bool is_option(const char *word)
{
	return *word && !word[strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")];
}

/* "A B" or "A+B" to "A+B": options that one kernel is without. */
static char *join_options(const char *value, char **option)
{
	char *copy = xstrdup(value), *word, *save, *all = NULL, *longer;

	for (word = strtok_r(copy, " \t+", &save); word; word = strtok_r(NULL, " \t+", &save)) {
		if (!is_option(word)) {
			longer = xasprintf("option '%s': not the name of an option, without CONFIG_", word);
			free(copy);
			free(all);
			return longer;
		}
		longer = xasprintf("%s%s%s", all ?: "", all ? "+" : "", word);
		free(all);
		all = longer;
	}
	free(copy);
	if (!all)
		return xstrdup("option: a name is needed");
	free(*option);
	*option = all;
	return NULL;
}

const char *operation_option(const struct spec *s, const struct operation *op)
{
	return op->option ?: s->option;
}

bool is_wanted_of(const struct operation *op, const char *variant)
{
	char *key;
	bool found;

	if (!op->only)
		return true;
	key = xasprintf(",%s,", variant);
	found = strstr(op->only, key);
	free(key);
	return found;
}

/* A kernel "without" must be without something. */
static char *check_options(struct spec *s)
{
	bool out = spec_variant(s, "out"), any = s->option;
	size_t i;

	for (i = 0; i < s->noperations; i++) {
		const struct operation *op = &s->operations[i];

		any = any || op->option;
		if (out && is_wanted_of(op, "out") && !operation_option(s, op))
			return xasprintf("operation %s: no option is named that the variant 'out' is without "
					 "(option = or @option=)", op->name);
	}
	if (any && !out)
		return xstrdup("an option is named, and 'out' is not among the variants");
	return NULL;
}

/* NAME [@KEY[=VALUE]...] OPERATION WORDS... */
static char *add_operation(struct spec *s, char *value)
{
	struct operation op = { .every = 1 };
	char *word, *save, *line = xstrdup(""), *why;
	bool bad = false;

	for (word = strtok_r(value, " \t", &save); word && !bad; word = strtok_r(NULL, " \t", &save)) {
		if (!op.name) {
			op.name = xstrdup(word);
		} else if (*word != '@') {
			char *longer = xasprintf("%s%s%s", line, *line ? " " : "", word);

			free(line);
			line = longer;
		} else if (!strncmp(word, "@only=", 6)) {
			op.only = xasprintf(",%s,", word + 6);
		} else if (!strncmp(word, "@tasks=", 7)) {
			bad = !parse_int(word + 7, 1, 10000, &op.tasks);
		} else if (!strncmp(word, "@fill=", 6)) {
			bad = !parse_int(word + 6, 0, 10000, &op.fill);
		} else if (!strncmp(word, "@every=", 7)) {
			bad = !parse_int(word + 7, 1, 1000, &op.every);
		} else if (!strncmp(word, "@option=", 8)) {
			why = join_options(word + 8, &op.option);
			if (why)
				return why;
		} else if (!strcmp(word, "@child")) {
			op.child = true;
		} else if (!strcmp(word, "@quick")) {
			op.quick = true;
		} else {
			bad = true;
		}
		if (bad)
			return xasprintf("operation %s: '%s'", op.name, word);
	}
	op.line = line;
	if (!op.name || !*op.line)
		return xstrdup("an operation needs a name and a line for opbench");
	s->operations = xrealloc(s->operations, (s->noperations + 1) * sizeof(op));
	s->operations[s->noperations++] = op;
	return NULL;
}

static char *take_key(struct spec *s, const char *key, char *value)
{
	if (!strcmp(key, "desc")) {
		s->desc = xstrdup(value);
		return NULL;
	}
	if (!strcmp(key, "controllers"))
		return add_words(s->controllers, value);
	if (!strcmp(key, "needs"))
		return add_words(s->needs, value);
	if (!strcmp(key, "variants"))
		return add_variants(s, value);
	if (!strcmp(key, "limit") || !strcmp(key, "hit"))
		return set_limit(s, key, value);
	if (!strcmp(key, "most") || !strcmp(key, "least"))
		return set_bound(s, key, value);
	if (!strcmp(key, "memory"))
		return parse_int(value, 1, MEMORY_MAX, &s->memory) ? NULL :
			xasprintf("memory: '%s' is no number of MiB up to %d", value, MEMORY_MAX);
	if (!strcmp(key, "further")) {
		s->no_further = !strcmp(value, "no");
		return s->no_further ? NULL : xasprintf("further: '%s' is not 'no'", value);
	}
	if (!strcmp(key, "option"))
		return join_options(value, &s->option);
	if (!strcmp(key, "op"))
		return add_operation(s, value);
	return xasprintf("'%s': no such key", key);
}

struct spec *spec_parse(const char *name, char *text, char **error)
{
	struct spec *s = xrealloc(NULL, sizeof(*s));
	char *line, *save = text, *value, *why = NULL;
	int number = 0;

	memset(s, 0, sizeof(*s));
	s->name = xstrdup(name);
	while (!why && (line = strsep(&save, "\n"))) {
		number++;
		line[strcspn(line, "#")] = '\0';
		line = trim(line);
		if (!*line)
			continue;
		value = strchr(line, '=');
		if (!value) {
			why = xstrdup("not a line of the form key = value");
			break;
		}
		*value++ = '\0';
		why = take_key(s, trim(line), trim(value));
	}
	if (!why && (!s->noperations || !s->nvariants || strcmp(s->variants[0].name, "off")))
		why = xstrdup("operations and variants are needed, and the first variant is off");
	if (!why)
		why = check_options(s);
	if (!why)
		return s;
	*error = xasprintf("%s.bench:%d: %s", name, number, why);
	free(why);
	return NULL;
}

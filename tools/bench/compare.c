// SPDX-License-Identifier: GPL-2.0
/* Two recorded runs: what has become dearer, or why that cannot be said. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/util.h"
#include "bench.h"

static const char *text(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key)) ?: "";
}

static double number(const json_t *o, const char *key, double otherwise)
{
	const json_t *v = json_object_get(o, key);

	return json_is_number(v) ? json_number_value(v) : otherwise;
}

static json_t *load(const char *path)
{
	json_error_t error;
	json_t *root = json_load_file(path, 0, &error);

	if (!root)
		die(EXIT_BAD_USAGE, "%s: %s", path, error.text);
	if (strcmp(text(root, "schema"), SCHEMA))
		die(EXIT_BAD_USAGE, "%s: its schema is '%s', this program reads %s", path,
		    text(root, "schema"), SCHEMA);
	if (!json_is_array(json_object_get(root, "results")))
		die(EXIT_BAD_USAGE, "%s: no results in it", path);
	return root;
}

/* What must be the same for an instrument's numbers to mean the same; NULL if all is. */
static char *incomparable(const json_t *a, const json_t *b, const char *instrument)
{
	static const char * const counted[] = { "compiler", "qemu", NULL };
	static const char * const timed[] = { "compiler", "cpu", NULL };
	const char * const *key = strcmp(instrument, "counted") ? timed : counted;
	const json_t *ra = json_object_get(json_object_get(a, "runs"), instrument);
	const json_t *rb = json_object_get(json_object_get(b, "runs"), instrument);

	if (!ra || !rb)
		return xasprintf("only in %s", ra ? "A" : rb ? "B" : "neither");
	for (; *key; key++) {
		const char *x = text(json_object_get(a, "facts"), *key);
		const char *y = text(json_object_get(b, "facts"), *key);

		if (strcmp(x, y))
			return xasprintf("%s is '%s' in A and '%s' in B", *key, x, y);
	}
	if (!json_is_true(json_object_get(ra, "fit")))
		return xasprintf("A was not fit to judge: %s", text(ra, "unfit"));
	if (!json_is_true(json_object_get(rb, "fit")))
		return xasprintf("B was not fit to judge: %s", text(rb, "unfit"));
	return NULL;
}

static const json_t *find(const json_t *results, const json_t *like)
{
	static const char * const keys[] = { "instrument", "bench", "op", "line", "variant" };
	size_t i, k;
	json_t *r;

	json_array_foreach(results, i, r) {
		for (k = 0; k < ARRAY_SIZE(keys); k++)
			if (strcmp(text(r, keys[k]), text(like, keys[k])))
				break;
		if (k == ARRAY_SIZE(keys))
			return r;
	}
	return NULL;
}

/* A count is compared as it is; a time only by what it is relative to its own base. */
static void compare_one(const json_t *a, const json_t *b, bool counted)
{
	double change, within;

	if (counted) {
		change = number(b, "per_op", 0) / number(a, "per_op", NAN) - 1;
		within = fmax(COUNTED_TOLERANCE, number(a, "spread", 0) + number(b, "spread", 0) +
			      number(a, "boots", 0) + number(b, "boots", 0));
	} else {
		change = number(b, "ratio", 1) / number(a, "ratio", NAN) - 1;
		within = (number(a, "hi", 1) - number(a, "lo", 1) + number(b, "hi", 1) -
			  number(b, "lo", 1)) / 2;
	}
	if (isnan(change))
		return;
	printf("  %-8s %-24s %-7s %+8.2f%%  within %.2f%%  %s\n", text(a, "instrument"),
	       text(a, "op"), text(a, "variant"), 100 * change, 100 * within,
	       fabs(change) <= within ? "" : change > 0 ? "DEARER" : "cheaper");
}

int compare_results(const char *path_a, const char *path_b)
{
	json_t *a = load(path_a), *b = load(path_b), *results = json_object_get(a, "results"), *r;
	char *why[INSTRUMENTS];
	size_t i, compared = 0;
	int k;

	for (k = 0; k < INSTRUMENTS; k++)
		why[k] = incomparable(a, b, instrument_name[k]);
	printf("A: %s, %s\nB: %s, %s\n", path_a, text(a, "date"), path_b, text(b, "date"));
	json_array_foreach(results, i, r) {
		const json_t *other = find(json_object_get(b, "results"), r);
		bool counted = !strcmp(text(r, "instrument"), "counted");

		if (why[counted ? COUNTED : TIMED] || !other || !json_object_get(r, "per_op") ||
		    !json_object_get(other, "per_op") || (!counted && !json_object_get(r, "ratio")))
			continue;
		compare_one(r, other, counted);
		compared++;
	}
	for (k = 0; k < INSTRUMENTS; k++)
		if (why[k])
			fprintf(stderr, "bench: %s cannot be compared: %s\n", instrument_name[k], why[k]);
	if (!compared)
		die(EXIT_BAD_USAGE, "nothing in the two runs can be compared");
	json_decref(a);
	json_decref(b);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "../lib/util.h"
#include "bulkhead.h"
#include "cgroup.h"
#include "limits.h"
#include "say.h"

/* Microseconds that cpu.max counts in. */
#define CPU_PERIOD	100000

#define SIZE_FORM	"bytes, with K, M, G or T behind them, or max"
#define CPU_FORM	"a number of CPUs such as 1.5, or a percentage of one such as 20%, or max"
#define IO_FORM		"MAJOR:MINOR or a device, then rbps=, wbps=, riops= or wiops= with a number or max"

static bool parse_bytes(const char *arg, char *text)
{
	unsigned long long bytes;

	if (!strcmp(arg, "max"))
		snprintf(text, LIMIT_TEXT, "max");
	else if (parse_size(arg, &bytes))
		snprintf(text, LIMIT_TEXT, "%llu", bytes);
	else
		return false;
	return true;
}

static bool parse_count(const char *arg, char *text)
{
	long count;

	if (!strcmp(arg, "max"))
		snprintf(text, LIMIT_TEXT, "max");
	else if (parse_int(arg, 0, INT_MAX, &count))
		snprintf(text, LIMIT_TEXT, "%ld", count);
	else
		return false;
	return true;
}

static bool parse_cpu(const char *arg, char *text)
{
	double cpus;
	char *end;

	if (!strcmp(arg, "max")) {
		snprintf(text, LIMIT_TEXT, "max %d", CPU_PERIOD);
		return true;
	}
	/* strtod() would take signs, white space, hexadecimals and names of numbers */
	if (!isdigit((unsigned char)*arg) || arg[strspn(arg, "0123456789.%")])
		return false;
	cpus = strtod(arg, &end);
	if (!strcmp(end, "%"))
		cpus /= 100;
	else if (*end)
		return false;
	/* the kernel takes a millisecond at least */
	if (cpus < 0.01 || cpus > 8192)
		return false;
	snprintf(text, LIMIT_TEXT, "%ld %d", (long)(cpus * CPU_PERIOD + 0.5), CPU_PERIOD);
	return true;
}

static bool parse_weight(const char *arg, char *text)
{
	long weight;

	if (!parse_int(arg, 1, 10000, &weight))
		return false;
	snprintf(text, LIMIT_TEXT, "%ld", weight);
	return true;
}

static bool parse_cpus(const char *arg, char *text)
{
	if (!*arg || arg[strspn(arg, "0123456789,-")] || strlen(arg) >= LIMIT_TEXT)
		return false;
	snprintf(text, LIMIT_TEXT, "%s", arg);
	return true;
}

/* A block device as "MAJOR:MINOR", given so or by its file. */
static bool parse_device(const char *word, char *text, size_t size)
{
	unsigned int major, minor;
	struct stat st;
	int end = 0;

	if (*word == '/') {
		if (stat(word, &st) || !S_ISBLK(st.st_mode))
			return false;
		snprintf(text, size, "%u:%u", major(st.st_rdev), minor(st.st_rdev));
		return true;
	}
	if (word[strspn(word, "0123456789:")] ||
	    sscanf(word, "%u:%u%n", &major, &minor, &end) != 2 || word[end])
		return false;
	snprintf(text, size, "%u:%u", major, minor);
	return true;
}

static bool parse_io(const char *arg, char *text)
{
	static const char * const keys[] = { "rbps", "wbps", "riops", "wiops" };
	char copy[LIMIT_TEXT], value[LIMIT_TEXT], *word, *is, *save = NULL;
	size_t len, i;

	if (strlen(arg) >= sizeof(copy) / 2)
		return false;
	strcpy(copy, arg);
	word = strtok_r(copy, " ,", &save);
	if (!word || !parse_device(word, text, LIMIT_TEXT))
		return false;
	word = strtok_r(NULL, " ,", &save);
	if (!word)
		return false;
	for (; word; word = strtok_r(NULL, " ,", &save)) {
		is = strchr(word, '=');
		if (!is)
			return false;
		*is = '\0';
		for (i = 0; i < ARRAY_SIZE(keys) && strcmp(word, keys[i]); i++)
			;
		if (i == ARRAY_SIZE(keys) || !parse_bytes(is + 1, value))
			return false;
		len = strlen(text);
		if (snprintf(text + len, LIMIT_TEXT - len, " %s=%s", word, value) >=
		    (int)(LIMIT_TEXT - len))
			return false;
	}
	return true;
}

static const struct limit_kind {
	const char *option;
	const char *controller;
	const char *file;
	bool (*parse)(const char *arg, char *text);
	const char *form;
} kinds[] = {
	{ "memory", "memory", "memory.max", parse_bytes, SIZE_FORM },
	{ "memory-high", "memory", "memory.high", parse_bytes, SIZE_FORM },
	{ "swap", "memory", "memory.swap.max", parse_bytes, SIZE_FORM },
	{ "pids", "pids", "pids.max", parse_count, "a number of tasks, or max" },
	{ "cpu", "cpu", "cpu.max", parse_cpu, CPU_FORM },
	{ "cpu-weight", "cpu", "cpu.weight", parse_weight, "a number from 1 to 10000" },
	{ "cpus", "cpuset", "cpuset.cpus", parse_cpus, "a list of CPUs such as 0-2,5" },
	{ "io", "io", "io.max", parse_io, IO_FORM },
};

static const struct argp_option options[] = {
	{ NULL, 0, NULL, 0, "What it may have:", 2 },
	{ "memory", LIMITS_KEY + 0, "BYTES", 0, "memory.max; K, M, G and T are understood", 0 },
	{ "memory-high", LIMITS_KEY + 1, "BYTES", 0, "memory.high", 0 },
	{ "swap", LIMITS_KEY + 2, "BYTES", 0, "memory.swap.max", 0 },
	{ "pids", LIMITS_KEY + 3, "N", 0, "pids.max: how many tasks", 0 },
	{ "cpu", LIMITS_KEY + 4, "CPUS", 0, "cpu.max: time of so many CPUs, 1.5 or 20%", 0 },
	{ "cpu-weight", LIMITS_KEY + 5, "N", 0, "cpu.weight: its share, 1 to 10000", 0 },
	{ "cpus", LIMITS_KEY + 6, "LIST", 0, "cpuset.cpus: these CPUs only, 0-2,5", 0 },
	{ "io", LIMITS_KEY + 7, "DEVICE,KEY=N...", 0, "io.max: rbps, wbps, riops, wiops of a "
	  "block device; once for each", 0 },
	{ 0 }
};

const char *limit_parse(const char *option, const char *arg, char *text)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(option, kinds[i].option))
			return kinds[i].parse(arg, text) ? NULL : kinds[i].form;
	return "an option that there is";
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct limits *l = state->input;
	const struct limit_kind *kind;
	struct limit *limit;

	if (key < LIMITS_KEY || key >= LIMITS_KEY + (int)ARRAY_SIZE(kinds))
		return ARGP_ERR_UNKNOWN;
	kind = &kinds[key - LIMITS_KEY];
	if (l->count == LIMITS_MAX)
		argp_error(state, "more than %d limits", LIMITS_MAX);
	limit = &l->of[l->count++];
	limit->kind = key - LIMITS_KEY;
	if (!kind->parse(arg, limit->text))
		argp_error(state, "--%s: '%s': it is %s", kind->option, arg, kind->form);
	return 0;
}

const struct argp limits_argp = { options, parse, NULL, NULL, NULL, NULL, NULL };

/* Enables @controller for the children of @cg. */
static int enable(const char *cg, const char *controller)
{
	char text[64];

	if (cgroup_lists(cg, "cgroup.subtree_control", controller))
		return 0;
	if (!cgroup_lists(cg, "cgroup.controllers", controller))
		return -ENOENT;
	/*
	 * Some of them would be granted to a cgroup with processes, but as threaded ones: then
	 * its children could hold no processes at all. The root, which has no type, is another matter.
	 */
	if (cgroup_has(cg, "cgroup.type") &&
	    (cgroup_read(cg, "cgroup.procs", text, sizeof(text)) || *text))
		return -EBUSY;
	snprintf(text, sizeof(text), "+%s", controller);
	return cgroup_write(cg, "cgroup.subtree_control", text);
}

/* Why a controller cannot be enabled, in words. */
static const char *enable_error(int err)
{
	switch (err) {
	case -ENOENT:
		return "it is not available there";
	case -EBUSY:
		return "processes live there (cgroup v2 wants them in leaves)";
	default:
		return strerror(-err);
	}
}

/* From the cgroup that @place is in down to its children. Returns an exit status. */
static int enable_along(const char *place, const char *controller, bool say)
{
	char parent[PATH_MAX];
	const char *where = parent;
	int err;

	snprintf(parent, sizeof(parent), "%.*s", (int)(strrchr(place, '/') - place), place);
	err = enable(parent, controller);
	if (!err) {
		where = place;
		err = enable(place, controller);
	}
	if (err && say)
		refuse("the %s controller cannot be enabled in cgroup %s: %s", controller, where,
		       enable_error(err));
	return err ? EXIT_REFUSED : 0;
}

int limits_apply(const struct limits *l, const char *place, const char *cg)
{
	const struct limit_kind *kind;
	size_t i;
	int err;

	/* What `list` tells of memory is nice to have, but nothing to fail for. */
	enable_along(place, "memory", false);
	for (i = 0; i < l->count; i++) {
		kind = &kinds[l->of[i].kind];
		if (enable_along(place, kind->controller, true))
			return EXIT_REFUSED;
		if (!cgroup_has(cg, kind->file))
			return refuse("--%s: this kernel has no %s", kind->option, kind->file);
		err = cgroup_write(cg, kind->file, l->of[i].text);
		if (err)
			return refuse("--%s: %s: '%s': %s", kind->option, kind->file,
				      l->of[i].text, strerror(-err));
	}
	return 0;
}

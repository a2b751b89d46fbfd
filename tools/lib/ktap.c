// SPDX-License-Identifier: GPL-2.0
/*
 * KTAP reader: bytes in, a tree of tests and a list of protocol faults out.
 *
 * Nesting is known by what stands in front of a line: spaces (KTAP, KUnit) or
 * "# " (kselftest's runner), to any depth and mixed. A line belongs to the
 * deepest open level whose prefix it carries. A group comes before the result
 * line that names it; whatever is still open at the end was cut off.
 *
 * Nothing is guessed: what does not fit the protocol is a fault, and each fault
 * makes the file a failure, whatever its result lines say.
 */
#include <stdlib.h>
#include <string.h>

#include "ktap.h"
#include "ktap-diag.h"
#include "ktap-line.h"
#include "text.h"
#include "util.h"

#define MAX_DEPTH	32
#define MAX_FAULTS	100	/* one is enough to fail; a flood tells no more */

struct level {
	struct ktap_test *group;
	struct ktap_diag diag;
	char *prefix;
	char *next_name;	/* announced name of the group that comes next */
	unsigned long last_number;
	bool saw_version;
};

struct ktap {
	struct text_lines lines;
	struct ktap_test *root;
	struct level levels[MAX_DEPTH];
	int depth;		/* index of the deepest open level */
	struct ktap_fault *faults;
	struct ktap_fault **faults_end;
	unsigned int nr_faults;
};

static void fault(struct ktap *k, enum ktap_fault_kind kind,
		  const struct ktap_test *group, char *text)
{
	struct ktap_fault *f;

	if (k->nr_faults == MAX_FAULTS) {
		free(text);
		return;
	}
	f = xrealloc(NULL, sizeof(*f));
	*f = (struct ktap_fault){
		.kind = kind,
		.group = group,
		.line = k->lines.number,
		.text = text,
	};
	*k->faults_end = f;
	k->faults_end = &f->next;
	k->nr_faults++;
}

static struct ktap_test *new_test(struct ktap *k, struct ktap_test *parent)
{
	struct ktap_test *t = xrealloc(NULL, sizeof(*t));

	*t = (struct ktap_test){
		.name = xstrdup(""),
		.reason = xstrdup(""),
		.ms = -1,
		.line = k->lines.number,
		.status = KTAP_UNFINISHED,
		.parent = parent,
	};
	if (!parent)
		return t;
	if (parent->last)
		parent->last->next = t;
	else
		parent->first = t;
	parent->last = t;
	return t;
}

static void set(char **field, char *value)
{
	free(*field);
	*field = value;
}

static void push(struct ktap *k, struct ktap_test *group, char *prefix)
{
	struct level *l = &k->levels[++k->depth];

	*l = (struct level){ .group = group, .prefix = prefix };
	ktap_diag_init(&l->diag);
}

static void pop(struct ktap *k)
{
	struct level *l = &k->levels[k->depth--];

	ktap_diag_reset(&l->diag);
	free(l->prefix);
	free(l->next_name);
}

static void check_counts(struct ktap *k, const struct ktap_test *g)
{
	if (!g->parent && !g->has_plan && !g->first && !g->bailed_out) {
		fault(k, KTAP_EMPTY, g, xstrdup("no test results at all"));
		return;
	}
	if (g->bailed_out)
		return;
	if (!g->has_plan)
		fault(k, KTAP_NO_PLAN, g,
		      xasprintf("no plan, %lu results", g->results));
	else if (!g->planned && !g->skip_all)
		fault(k, KTAP_BAD_PLAN, g, xstrdup("plans no test, and is not skipped"));
	if (g->has_plan && g->results < g->planned)
		fault(k, KTAP_FEWER, g,
		      xasprintf("fewer tests than planned: %lu of %lu",
				  g->results, g->planned));
	if (g->has_plan && g->results > g->planned)
		fault(k, KTAP_MORE, g,
		      xasprintf("more tests than planned: %lu, planned %lu",
				  g->results, g->planned));
}

/* The test that had begun in the deepest group, if the group tells so. */
static void add_running(struct ktap *k, bool at_end)
{
	struct level *l = &k->levels[k->depth];
	struct ktap_test *g = l->group, *t;
	char *name = NULL;

	if (l->diag.running)
		name = xstrdup(l->diag.running);
	else if (at_end && g->has_plan && g->results < g->planned && !g->bailed_out)
		name = xasprintf("(test %lu of %lu)", g->results + 1, g->planned);
	if (!name)
		return;
	t = new_test(k, g);
	set(&t->name, name);
	set(&t->reason, ktap_diag_reason(&l->diag));
	t->ms = l->diag.ms;
}

/* Closes the deepest group for which no result line came. */
static void abandon(struct ktap *k, bool at_end, bool innermost)
{
	struct ktap_test *g = k->levels[k->depth].group;

	if (innermost)
		add_running(k, at_end);
	fault(k, KTAP_TRUNCATED, g, xstrdup("ends without a result of its own"));
	check_counts(k, g);
	pop(k);
}

static void abandon_below(struct ktap *k, int depth)
{
	int deepest = k->depth;

	while (k->depth > depth)
		abandon(k, false, k->depth == deepest);
}

static void check_number(struct ktap *k, struct level *l, unsigned long number)
{
	const struct ktap_test *t;

	if (!number) {
		fault(k, KTAP_BAD_NUMBER, l->group, xstrdup("a result without a number"));
		l->last_number++;
		return;
	}
	if (number != l->last_number + 1) {
		for (t = l->group->first; t && t->number != number; t = t->next)
			;
		fault(k, KTAP_BAD_NUMBER, l->group, t ?
		      xasprintf("two results have the number %lu", number) :
		      xasprintf("number %lu comes after %lu", number, l->last_number));
	}
	l->last_number = number;
}

/* The reason of @t: its directive's text, and else what was said before it. */
static char *result_reason(const struct ktap_test *t, const struct ktap_line *line,
			   const struct ktap_diag *diag, char *inner)
{
	char *reason = xstrdup(line->reason), *said;

	if (t->status == KTAP_SKIP && !*reason && diag->skip)
		set(&reason, xstrdup(diag->skip));
	if (ktap_failed(t) || (t->status != KTAP_PASS && !*reason)) {
		said = ktap_diag_reason(diag);
		if (!*said && inner && !ktap_has_failed_child(t))
			set(&said, xstrdup(inner));
		if (*said)
			reason = text_join(reason, ": ", said);
		free(said);
	}
	free(inner);
	return reason;
}

static void result(struct ktap *k, int depth, const struct ktap_line *line)
{
	struct level *l = &k->levels[depth];
	char *inner = NULL, *skipped = NULL;
	struct ktap_test *t;

	abandon_below(k, depth + 1);
	check_number(k, l, line->number);
	if (k->depth > depth) {
		t = k->levels[k->depth].group;
		add_running(k, false);
		inner = ktap_diag_reason(&k->levels[k->depth].diag);
		if (t->skip_all)
			skipped = xstrdup(t->reason);
		pop(k);
	} else {
		t = new_test(k, l->group);
	}
	l->group->results++;
	t->number = line->number;
	t->line = k->lines.number;
	t->ms = l->diag.ms;
	t->status = line->status;
	if (*line->name)
		set(&t->name, xstrdup(line->name));
	else if (!*t->name)
		set(&t->name, xasprintf("(test %lu)", l->group->results));
	set(&t->reason, result_reason(t, line, &l->diag, inner));
	if (skipped && t->status == KTAP_PASS) {
		t->status = KTAP_SKIP;
		set(&t->reason, xstrdup(skipped));
	}
	free(skipped);
	if (t->first || t->has_plan || t->skip_all)
		check_counts(k, t);
	if (!ktap_failed(t) && t->status != KTAP_XFAIL && ktap_has_failed_child(t))
		fault(k, KTAP_CONTRADICTION, t, xstrdup("says ok above a failed test"));
	ktap_diag_reset(&l->diag);
	set(&l->next_name, NULL);
}

static void plan(struct ktap *k, int depth, const struct ktap_line *line)
{
	struct ktap_test *g;

	abandon_below(k, depth);
	g = k->levels[depth].group;
	if (g->has_plan) {
		fault(k, KTAP_BAD_PLAN, g, xstrdup("a second plan"));
		return;
	}
	g->has_plan = true;
	g->planned = line->number;
	if (!line->number && line->skip) {
		g->skip_all = true;
		set(&g->reason, xstrdup(line->reason));
	}
}

static bool open_level(struct ktap *k, int depth, const char *text, size_t len)
{
	struct level *l = &k->levels[depth];
	struct ktap_test *g;
	char *prefix;

	abandon_below(k, depth);
	if (depth + 1 == MAX_DEPTH) {
		fault(k, KTAP_BAD_NESTING, l->group,
		      xasprintf("nested deeper than %d", MAX_DEPTH - 1));
		return false;
	}
	g = new_test(k, l->group);
	if (l->next_name) {
		set(&g->name, l->next_name);
		l->next_name = NULL;
	}
	prefix = xrealloc(NULL, len + 1);
	memcpy(prefix, text, len);
	prefix[len] = '\0';
	push(k, g, prefix);
	return true;
}

/* A version line at a depth that is open: its beginning, or that of another. */
static void version(struct ktap *k, int depth)
{
	struct level *l = &k->levels[depth];
	struct ktap_test *g = l->group;
	char *prefix;

	if (!g->has_plan && !g->results && k->depth == depth) {
		l->saw_version = true;
		return;
	}
	if (!depth) {
		fault(k, KTAP_BAD_NESTING, g, xstrdup("a second version line"));
		return;
	}
	prefix = xstrdup(l->prefix);
	abandon_below(k, depth - 1);
	if (open_level(k, depth - 1, prefix, strlen(prefix)))
		k->levels[k->depth].saw_version = true;
	free(prefix);
}

static void bail_out(struct ktap *k, int depth, const struct ktap_line *line)
{
	struct ktap_test *g = k->levels[depth].group;
	char *text = xasprintf("Bail out! %s", line->reason);

	g->bailed_out = true;
	ktap_diag_add(&k->levels[depth].diag, text);
	fault(k, KTAP_BAIL_OUT, g, text);
}

static void diagnostic(struct ktap *k, int depth, const char *text)
{
	struct level *l = &k->levels[depth];
	const char *name;

	/* One that is indented before its group began, perhaps. */
	while (text_skip_prefix(text, "# "))
		text += 2 + strspn(text + 2, " ");
	name = text_skip_prefix(text, "Subtest: ");

	if (!name && text_skip_prefix(text, "selftests: "))
		name = text;
	if (!name) {
		ktap_diag_add(&l->diag, text);
		return;
	}
	if (depth && !*l->group->name && !l->group->results)
		set(&l->group->name, xstrdup(name));
	else
		set(&l->next_name, xstrdup(name));
}

/* The deepest open level that @text belongs to. */
static int find_level(const struct ktap *k, const char *text)
{
	int depth;

	for (depth = k->depth; depth > 0; depth--)
		if (text_skip_prefix(text, k->levels[depth].prefix))
			break;
	return depth;
}

/*
 * Does @text, read at @depth, open a deeper level? Spaces may be followed by
 * anything of KTAP; a "# " needs a version line, for else it is a diagnostic.
 * Returns the length of what nests it, 0 if it does not.
 */
static size_t nesting(const char *text, struct ktap_line *line)
{
	const char *s = text;
	bool hash = false;

	for (;;) {
		if (s[0] == ' ') {
			s++;
		} else if (s[0] == '#' && s[1] == ' ') {
			s += 2;
			hash = true;
		} else {
			break;
		}
	}
	if (s - text < 2)
		return 0;
	ktap_line_parse(line, s);
	if (line->kind == KTAP_LINE_VERSION ||
	    (!hash && (line->kind == KTAP_LINE_PLAN || line->kind == KTAP_LINE_RESULT ||
		       line->kind == KTAP_LINE_BAIL_OUT)))
		return s - text;
	ktap_line_release(line);
	return 0;
}

static void take_line(void *ctx, const char *text, bool complete)
{
	struct ktap *k = ctx;
	int depth = find_level(k, text);
	size_t len = depth ? strlen(k->levels[depth].prefix) : 0, inner;
	struct ktap_line line;

	if (!complete) {
		fault(k, KTAP_TRUNCATED, k->root, xstrdup("ends inside a line"));
		ktap_diag_add(&k->levels[depth].diag, text + len);
		return;
	}
	inner = nesting(text + len, &line);
	if (inner) {
		if (!open_level(k, depth, text, len + inner)) {
			ktap_line_release(&line);
			return;
		}
		depth = k->depth;
	} else {
		ktap_line_parse(&line, text + len);
	}
	switch (line.kind) {
	case KTAP_LINE_VERSION:
		version(k, depth);
		break;
	case KTAP_LINE_PLAN:
		plan(k, depth, &line);
		break;
	case KTAP_LINE_RESULT:
		result(k, depth, &line);
		break;
	case KTAP_LINE_BAIL_OUT:
		bail_out(k, depth, &line);
		break;
	case KTAP_LINE_DIAGNOSTIC:
	case KTAP_LINE_OTHER:
		diagnostic(k, depth, line.reason);
		break;
	}
	ktap_line_release(&line);
}

/**
 * ktap_new() - begin to read
 *
 * Return: a reader, to be freed with ktap_free().
 */
struct ktap *ktap_new(void)
{
	struct ktap *k = xrealloc(NULL, sizeof(*k));

	*k = (struct ktap){ .depth = -1 };
	k->lines.line = take_line;
	k->lines.ctx = k;
	k->faults_end = &k->faults;
	k->root = new_test(k, NULL);
	push(k, k->root, xstrdup(""));
	return k;
}

/**
 * ktap_feed() - read on
 * @k: the reader
 * @data: the next bytes, cut anywhere
 * @len: how many
 */
void ktap_feed(struct ktap *k, const void *data, size_t len)
{
	text_lines_feed(&k->lines, data, len);
}

/**
 * ktap_end() - the output has ended
 * @k: the reader; only now its tree and its faults are complete
 */
void ktap_end(struct ktap *k)
{
	int deepest;

	text_lines_end(&k->lines);
	deepest = k->depth;
	while (k->depth > 0)
		abandon(k, true, k->depth == deepest);
	if (!deepest)
		add_running(k, true);
	check_counts(k, k->root);
	pop(k);
}

/**
 * ktap_read() - read a whole file
 * @file: the file
 *
 * Return: a reader that has ended, or NULL with errno set.
 */
struct ktap *ktap_read(FILE *file)
{
	struct ktap *k = ktap_new();
	char buf[16384];
	size_t n;

	while ((n = fread(buf, 1, sizeof(buf), file)))
		ktap_feed(k, buf, n);
	ktap_end(k);
	if (ferror(file)) {
		ktap_free(k);
		return NULL;
	}
	return k;
}

/**
 * ktap_free() - free a reader, its tree and its faults
 * @k: the reader, ended or not; may be NULL
 */
void ktap_free(struct ktap *k)
{
	struct ktap_test *t, *up;
	struct ktap_fault *f;

	if (!k)
		return;
	while (k->depth >= 0)
		pop(k);
	free(k->lines.buf);
	for (t = k->root; t; t = up) {
		if (t->first) {
			up = t->first;
			t->first = t->first->next;
			continue;
		}
		up = t->parent;
		free(t->name);
		free(t->reason);
		free(t);
	}
	while ((f = k->faults)) {
		k->faults = f->next;
		free(f->text);
		free(f);
	}
	free(k);
}

/**
 * ktap_root() - the tree
 * @k: a reader
 *
 * Return: the root, a nameless group that is no test itself.
 */
const struct ktap_test *ktap_root(const struct ktap *k)
{
	return k->root;
}

/**
 * ktap_faults() - what was wrong with the protocol
 * @k: a reader that has ended
 *
 * Return: the first fault, NULL if there is none.
 */
const struct ktap_fault *ktap_faults(const struct ktap *k)
{
	return k->faults;
}

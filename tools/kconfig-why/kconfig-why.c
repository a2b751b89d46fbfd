// SPDX-License-Identifier: GPL-2.0
/*
 * kconfig-why - is each option as it was asked for, and if not, why?
 *
 * Kconfig drops what it cannot have without a word. This program is linked with
 * the tree's own Kconfig parser (scripts/kconfig/ *.o, whatever version that is),
 * so it knows what the tree knows: it loads the Kconfig files and a .config, and
 * compares the result with a list of what was asked.
 *
 * The tree's make runs it, in the place of "conf" (make config config-prog=kconfig-why),
 * because Kconfig files depend on the environment which that make sets up. Its
 * arguments are therefore conf's, and everything of its own comes by environment:
 *
 *   KCONFIG_CONFIG       the .config to look at
 *   KCONFIG_WHY_ASKED    the list: name, value, place; separated by tabs
 *   KCONFIG_WHY_REPORT   where to write: one paragraph for each option that is not
 *                        as asked, starting with CONFIG_; empty if all is well
 *   KCONFIG_WHY_DEPS     where to write which Kconfig files were read (optional)
 *
 * Exit status: 0 all as asked, 1 not, 2 no answer.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lkc.h"
#include "internal.h"

#define MAX_DEPTH	4
#define MAX_NAMES	8

struct ask {
	struct ask *next;
	char *name;
	char *value;
	char *from;
};

/* Symbols already explained in this paragraph: dependencies may be shared, or loop. */
struct seen {
	const struct symbol *syms[256];
	size_t n;
};

static struct ask *asks;
static FILE *report;

static void die(const char *what, const char *object)
{
	fprintf(stderr, "kconfig-why: %s: %s\n", object ? object : "(none)", what);
	exit(2);
}

static void *xstrdup_or_die(const char *s)
{
	char *copy = strdup(s);

	if (!copy)
		die("out of memory", s);
	return copy;
}

static void read_asks(const char *path)
{
	struct ask **end = &asks;
	char *line = NULL;
	size_t size = 0;
	FILE *f = fopen(path, "r");

	if (!f)
		die("cannot be read", path);
	while (getline(&line, &size, f) > 0) {
		char *save, *name, *value, *from;
		struct ask *a;

		name = strtok_r(line, "\t\n", &save);
		value = strtok_r(NULL, "\t\n", &save);
		from = strtok_r(NULL, "\t\n", &save);
		if (!name || !value || !from)
			die("a line without name, value and place", path);
		a = calloc(1, sizeof(*a));
		if (!a)
			die("out of memory", path);
		a->name = xstrdup_or_die(name);
		a->value = xstrdup_or_die(value);
		a->from = xstrdup_or_die(from);
		*end = a;
		end = &a->next;
	}
	free(line);
	fclose(f);
}

static const struct ask *find_ask(const struct symbol *sym)
{
	const struct ask *a;

	for (a = asks; a; a = a->next)
		if (sym->name && !strcmp(a->name, sym->name))
			return a;
	return NULL;
}

static bool is_tristate(const struct symbol *sym)
{
	return sym->type == S_BOOLEAN || sym->type == S_TRISTATE;
}

static const char *value_of(struct symbol *sym)
{
	const char *s;

	sym_calc_value(sym);
	s = sym_get_string_value(sym);
	return s && *s ? s : "nothing";
}

static bool is_on(struct symbol *sym)
{
	sym_calc_value(sym);
	return sym_get_tristate_value(sym) != no;
}

/* Is the value in the asked list, as written in a fragment, the symbol's value? */
static bool as_asked(struct symbol *sym, const char *asked)
{
	char want[4096], *to = want;
	const char *have = value_of(sym);
	int base = sym->type == S_HEX ? 16 : 10;

	if (is_tristate(sym))
		return !strcmp(have, asked);
	if (sym->type == S_INT || sym->type == S_HEX)
		return strtoll(have, NULL, base) == strtoll(asked, NULL, base);
	if (*asked == '"')
		asked++;
	for (; *asked && *asked != '"' && to < want + sizeof(want) - 1; asked++) {
		if (*asked == '\\' && asked[1])
			asked++;
		*to++ = *asked;
	}
	*to = '\0';
	return !strcmp(sym_get_string_value(sym), want);
}

static void indent(int depth)
{
	fprintf(report, "%*s", 4 + 2 * depth, "");
}

static void print_name(void *data, struct symbol *sym, const char *str)
{
	const bool *values = data;

	fputs(str, report);
	if (*values && sym && !(sym->flags & SYMBOL_CONST))
		fprintf(report, "[=%s]", value_of(sym));
}

static void print_expr(const struct expr *e, bool values)
{
	expr_print(e, print_name, &values, E_NONE);
}

/* "SMP=y (asked by base.config:23)" */
static void print_state(struct symbol *sym)
{
	const struct ask *a = find_ask(sym);

	fprintf(report, "%s=%s", sym->name, value_of(sym));
	if (a && as_asked(sym, a->value))
		fprintf(report, " (asked by %s)", a->from);
}

/* The one symbol that an atom of an expression is about, or NULL. */
static struct symbol *atom_symbol(const struct expr *e)
{
	struct symbol *l, *r;

	switch (e->type) {
	case E_SYMBOL:
		return e->left.sym;
	case E_NOT:
		return e->left.expr->type == E_SYMBOL ? e->left.expr->left.sym : NULL;
	case E_EQUAL:
	case E_UNEQUAL:
	case E_LTH:
	case E_LEQ:
	case E_GTH:
	case E_GEQ:
		l = e->left.sym;
		r = e->right.sym;
		if (l->flags & SYMBOL_CONST || l->type == S_UNKNOWN)
			return r->flags & SYMBOL_CONST || r->type == S_UNKNOWN ? NULL : r;
		return r->flags & SYMBOL_CONST || r->type == S_UNKNOWN ? l : NULL;
	default:
		return NULL;
	}
}

static void why_off(struct symbol *sym, int depth, struct seen *seen);

/*
 * Prints those conjuncts of @e that do not hold, and goes on to why. Returns how
 * many there were.
 */
static int unmet(struct expr *e, const char *needs, int depth, struct seen *seen)
{
	struct symbol *sym;

	if (!e || expr_calc_value(e) == yes)
		return 0;
	if (e->type == E_AND)
		return unmet(e->left.expr, needs, depth, seen) +
		       unmet(e->right.expr, needs, depth, seen);

	indent(depth);
	fprintf(report, "%s ", needs);
	sym = atom_symbol(e);
	print_expr(e, !sym);
	if (sym && sym->type == S_UNKNOWN) {
		fprintf(report, ", and this architecture has no %s in this version\n", sym->name);
	} else if (sym && e->type == E_SYMBOL) {
		fprintf(report, ", which is %s\n", is_tristate(sym) ? "off" : value_of(sym));
		why_off(sym, depth + 1, seen);
	} else if (sym) {
		fputs(", but ", report);
		print_state(sym);
		fputc('\n', report);
	} else {
		fputc('\n', report);
	}
	return 1;
}

static struct symbol *selected_symbol(const struct property *prop)
{
	return prop->expr && prop->expr->type == E_SYMBOL ? prop->expr->left.sym : NULL;
}

/* Says who selects @sym: of all who could, or only of those who do. */
static int print_selectors(struct symbol *sym, bool doing, int depth)
{
	struct symbol *by;
	struct property *prop;
	int n = 0;

	for_all_symbols(by) {
		for_all_properties(by, prop, P_SELECT) {
			if (selected_symbol(prop) != sym || !by->name)
				continue;
			if (doing && (!is_on(by) || (prop->visible.expr &&
			    expr_calc_value(prop->visible.expr) == no)))
				continue;
			if (n++ >= MAX_NAMES)
				break;
			if (n == 1) {
				indent(depth);
				fputs(doing ? "selected by " : "could be selected by ", report);
			} else {
				fputs(", ", report);
			}
			print_state(by);
			break;
		}
	}
	if (n > MAX_NAMES)
		fprintf(report, " and %d more", n - MAX_NAMES);
	if (n)
		fputc('\n', report);
	return n;
}

static bool has_prompt(struct symbol *sym)
{
	struct property *prop;

	for_all_prompts(sym, prop)
		return true;
	return false;
}

/* The member of @sym's choice that was taken in its place, if that is what happened. */
static struct symbol *choice_winner(struct symbol *sym, struct menu **choice)
{
	struct menu *m;

	if (!sym_is_choice_value(sym))
		return NULL;
	*choice = sym_get_choice_menu(sym);
	if (!*choice)
		return NULL;
	menu_for_each_sub_entry(m, *choice)
		if (m->sym && m->sym != sym && m->sym->name &&
		    sym_is_choice_value(m->sym) && is_on(m->sym))
			return m->sym;
	return NULL;
}

/* Why is @sym less than it could be? */
static void why_off(struct symbol *sym, int depth, struct seen *seen)
{
	struct symbol *winner;
	struct property *prop;
	struct menu *choice;
	size_t i;
	int n = 0;

	if (depth > MAX_DEPTH)
		return;
	for (i = 0; i < seen->n; i++)
		if (seen->syms[i] == sym)
			return;
	if (seen->n < sizeof(seen->syms) / sizeof(seen->syms[0]))
		seen->syms[seen->n++] = sym;

	sym_calc_value(sym);
	if (unmet(sym->dir_dep.expr, "needs", depth, seen))
		return;
	winner = choice_winner(sym, &choice);
	if (winner) {
		indent(depth);
		fprintf(report, "the choice \"%s\" went to ", choice->prompt ? choice->prompt->text : "");
		print_state(winner);
		fputc('\n', report);
		return;
	}
	if (!has_prompt(sym)) {
		indent(depth);
		fputs("has no prompt: only a select or its own default can set it\n", report);
		for_all_defaults(sym, prop)
			n += unmet(prop->visible.expr, "its default needs", depth, seen);
		if (!print_selectors(sym, false, depth) && !n) {
			indent(depth);
			fputs("and nothing in this architecture selects it\n", report);
		}
		return;
	}
	for_all_prompts(sym, prop)
		n += unmet(prop->visible.expr, "its prompt needs", depth, seen);
	if (!n && !find_ask(sym)) {
		indent(depth);
		fputs("no fragment asks for it\n", report);
	}
}

/* Why is @sym on although it was asked to be off? */
static void why_on(struct symbol *sym)
{
	struct menu *choice;

	if (print_selectors(sym, true, 0))
		return;
	indent(0);
	if (sym_is_choice_value(sym)) {
		choice = sym_get_choice_menu(sym);
		fprintf(report, "it is what the choice \"%s\" falls to when no other member is asked for\n",
			choice && choice->prompt ? choice->prompt->text : "");
	} else if (!has_prompt(sym)) {
		fputs("has no prompt: its own default sets it\n", report);
	} else {
		fputs("its prompt is hidden, and its default sets it\n", report);
	}
}

static void why_other_value(struct symbol *sym)
{
	struct property *prop = sym_get_range_prop(sym);
	struct seen seen = { .n = 0 };

	if (prop) {
		indent(0);
		fputs("must be in the range ", report);
		print_expr(prop->expr, true);
		fputc('\n', report);
	}
	why_off(sym, 0, &seen);
}

static bool check(const struct ask *a, const char *version)
{
	struct symbol *sym = sym_find(a->name);
	struct seen seen = { .n = 0 };

	if (!sym || sym->type == S_UNKNOWN) {
		fprintf(report, "CONFIG_%s=%s (%s): no such option in Linux %s\n",
			a->name, a->value, a->from, version);
		return false;
	}
	if (as_asked(sym, a->value))
		return true;

	fprintf(report, "CONFIG_%s=%s (%s): ", a->name, a->value, a->from);
	if (is_tristate(sym) && !strcmp(a->value, "n")) {
		fprintf(report, "forced to %s\n", value_of(sym));
		why_on(sym);
	} else if (is_tristate(sym) && !is_on(sym)) {
		fputs("dropped\n", report);
		why_off(sym, 0, &seen);
	} else {
		fprintf(report, "is %s\n", value_of(sym));
		why_other_value(sym);
	}
	return false;
}

/* The parser notes the files it reads for make, one a line between a tab and a backslash. */
static void write_deps(const char *path)
{
	char *deps = xstrdup_or_die(str_get(&autoconf_cmd)), *line, *save;
	FILE *f = fopen(path, "w");

	if (!f)
		die("cannot be written", path);
	for (line = strtok_r(deps, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (*line != '\t')
			continue;
		line[strcspn(line, " ")] = '\0';
		fprintf(f, "%s\n", line + 1);
	}
	free(deps);
	if (fclose(f))
		die("cannot be written", path);
}

int main(int argc, char **argv)
{
	const char *asked = getenv("KCONFIG_WHY_ASKED");
	const char *path = getenv("KCONFIG_WHY_REPORT");
	const char *deps = getenv("KCONFIG_WHY_DEPS");
	const char *version = getenv("KERNELVERSION");
	const struct ask *a;
	bool good = true;

	if (argc < 2 || !asked || !path)
		die("run it by way of scripts/configure", argv[0]);

	read_asks(asked);
	conf_parse(argv[argc - 1]);
	if (conf_read(NULL))
		die("cannot be read", conf_get_configname());
	report = fopen(path, "w");
	if (!report)
		die("cannot be written", path);
	for (a = asks; a; a = a->next)
		good &= check(a, version ? version : "(unknown)");
	if (fclose(report))
		die("cannot be written", path);
	if (deps)
		write_deps(deps);
	return good ? 0 : 1;
}

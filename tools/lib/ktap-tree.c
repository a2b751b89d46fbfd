// SPDX-License-Identifier: GPL-2.0
/* The tree of tests that a KTAP reader gives: walks and questions. */
#include <stdlib.h>

#include "ktap.h"
#include "text.h"
#include "util.h"

/**
 * ktap_next() - walk the tree, a group before the tests in it
 * @t: a test, or the root to begin with
 *
 * Return: the next test, NULL after the last.
 */
const struct ktap_test *ktap_next(const struct ktap_test *t)
{
	if (t->first)
		return t->first;
	while (t && !t->next)
		t = t->parent;
	return t ? t->next : NULL;
}

/**
 * ktap_failed() - is this the result of a failure?
 * @t: the test
 *
 * Return: whether it failed, timed out, or never ended.
 */
bool ktap_failed(const struct ktap_test *t)
{
	return t->status == KTAP_FAIL || t->status == KTAP_TIMEOUT ||
	       t->status == KTAP_UNFINISHED;
}

/**
 * ktap_has_failed_child() - did any test in this group fail?
 * @t: the group
 *
 * Return: whether one did, at any depth.
 */
bool ktap_has_failed_child(const struct ktap_test *t)
{
	const struct ktap_test *child;

	for (child = t->first; child; child = child->next)
		if (ktap_failed(child) || ktap_has_failed_child(child))
			return true;
	return false;
}

/**
 * ktap_full_name() - the name of a test with the groups it is in
 * @t: the test, not the root
 * @unnamed: stands for a group that ended before its name was told
 *
 * Return: the names joined by "/", to be freed by the caller.
 */
char *ktap_full_name(const struct ktap_test *t, const char *unnamed)
{
	char *name = NULL, *longer;

	for (; t && t->parent; t = t->parent) {
		const char *own = *t->name ? t->name : unnamed;

		longer = name ? xasprintf("%s/%s", own, name) : xstrdup(own);
		free(name);
		name = longer;
	}
	return name ? name : xstrdup(unnamed);
}

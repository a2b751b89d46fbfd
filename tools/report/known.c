// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "known.h"
#include "../lib/util.h"

static char *add_line(struct known *known, char *line)
{
	char *suite = strsep(&line, "\t"), *test = strsep(&line, "\t");

	if (!test || !line || !*suite || !*test || !*line || strchr(line, '\t'))
		return xstrdup("not of the form suite TAB test TAB reason");
	known->lines = xrealloc(known->lines, (known->nr + 1) * sizeof(*known->lines));
	known->lines[known->nr++] = (struct known_limit) {
		.suite = xstrdup(suite), .test = xstrdup(test), .reason = xstrdup(line),
	};
	return NULL;
}

bool known_load(struct known *known, const char *path, char **error)
{
	char *text = read_file(path, NULL), *rest = text, *line, *wrong = NULL;
	int n = 0;

	*known = (struct known) { 0 };
	if (!text) {
		*error = xasprintf("%s: %s", path, strerror(errno));
		return false;
	}
	while (!wrong && (line = strsep(&rest, "\n"))) {
		n++;
		if (*line && *line != '#')
			wrong = add_line(known, line);
	}
	free(text);
	if (!wrong)
		return true;
	*error = xasprintf("%s:%d: %s", path, n, wrong);
	free(wrong);
	known_release(known);
	return false;
}

void known_release(struct known *known)
{
	size_t i;

	for (i = 0; i < known->nr; i++) {
		free(known->lines[i].suite);
		free(known->lines[i].test);
		free(known->lines[i].reason);
	}
	free(known->lines);
	*known = (struct known) { 0 };
}

const char *known_reason(const struct known *known, const char *suite, const char *test)
{
	size_t i;

	for (i = 0; known && i < known->nr; i++)
		if (!fnmatch(known->lines[i].suite, suite, 0) &&
		    !fnmatch(known->lines[i].test, test, 0))
			return known->lines[i].reason;
	return NULL;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * What passed before and would say the same again
 *
 * What a suite is made of (kernel, guest, programs, settings) has a key, made by
 * who calls check. A folder by the suite's name holds the key under which it last
 * passed, with its output, the console, and what boot said. They are linked into
 * the run's folder, so that a run is whole, wherever its parts come from.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/text.h"
#include "../lib/util.h"
#include "check.h"

static bool same_key(const struct check_options *o, const char *suite)
{
	const char *now = text_field(o->keys, suite);
	char *path = xasprintf("%s/%s/key", o->kept, suite), *then = read_file(path, NULL);
	size_t len = now ? strcspn(now, "\n") : 0;
	bool same = then && len && strlen(trim(then)) == len && !strncmp(now, then, len);

	free(then);
	free(path);
	return same;
}

static bool take(const struct check_options *o, const char *suite, const char *what, const char *to)
{
	char *from = xasprintf("%s/%s/%s", o->kept, suite, what);
	bool taken = !link(from, to);

	free(from);
	return taken;
}

bool kept_take(struct job *j, const struct check_options *o)
{
	const char *suite = j->suite->name;

	if (!o->kept || !same_key(o, suite))
		return false;
	job_files(j, o);
	if (take(o, suite, "ktap", j->ktap) && take(o, suite, "console", j->console) &&
	    take(o, suite, "result", j->result))
		return true;
	unlink(j->ktap);
	unlink(j->console);
	unlink(j->result);
	return false;
}

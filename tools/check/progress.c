// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "../lib/util.h"
#include "check.h"

void progress_clear(struct progress *p)
{
	if (p->terminal)
		fputs("\r\033[K", stderr);
}

void progress_done(struct progress *p, const struct job *j, const struct outcome *out)
{
	bool good = !strcmp(out->verdict, "passed") || !strcmp(out->verdict, "skipped");

	p->done++;
	if (!good)
		p->bad++;
	progress_clear(p);
	/* On a terminal the line moves on; only what needs a look stays. */
	if (p->terminal && good)
		return;
	fprintf(stderr, "  [%*d/%d] %-32s %-9s %6.1f s%s%s\n", p->total > 99 ? 3 : 2, p->done,
		p->total, j->suite->name, out->verdict, out->ms / 1e3, *out->reason ? "  " : "",
		out->reason);
}

void progress_show(struct progress *p, const struct job *jobs, int njobs)
{
	double now = now_ms();
	int i, room = 60;

	if (!p->terminal)
		return;
	p->last = now;
	fprintf(stderr, "\r\033[K  [%d/%d] %.0f s", p->done, p->total, (now - p->started) / 1e3);
	if (p->bad)
		fprintf(stderr, ", %d failed", p->bad);
	fputs(":", stderr);
	for (i = 0; i < njobs && room > 0; i++)
		if (jobs[i].pid)
			room -= fprintf(stderr, " %s(%.0f s)", strchr(jobs[i].suite->name, '/') + 1,
					(now - jobs[i].started) / 1e3);
	fflush(stderr);
}

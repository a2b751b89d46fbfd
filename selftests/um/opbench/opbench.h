/* SPDX-License-Identifier: GPL-2.0 */
/* A batch, and what it answers. */
#ifndef BULKHEAD_OPBENCH_H
#define BULKHEAD_OPBENCH_H

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define RUN	"/sys/kernel/debug/opbench/run"
#define OPS	"/sys/kernel/debug/opbench/ops"

struct answer {
	char op[32];
	unsigned long n, done, refused;
	unsigned long long ns, cycles, idle_ns;
};

/* One batch. Returns 0, or -errno. */
static int batch(int fd, struct answer *a, const char *fmt, ...)
{
	char line[8192], text[256];
	va_list ap;
	ssize_t n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (write(fd, line, n) != n)
		return -errno;
	n = pread(fd, text, sizeof(text) - 1, 0);
	if (n <= 0)
		return n ? -errno : -ENODATA;
	text[n] = '\0';
	return sscanf(text, "op=%31s n=%lu done=%lu refused=%lu ns=%llu cycles=%llu idle_ns=%llu\n",
		      a->op, &a->n, &a->done, &a->refused, &a->ns, &a->cycles,
		      &a->idle_ns) == 7 ? 0 : -EBADMSG;
}

/*
 * What the shortest of several batches took. One alone may be interrupted for
 * longer than a hundred times its work takes; that only ever adds.
 */
static inline int batch_shortest(int fd, struct answer *a, const char *what,
				 unsigned long long *ns)
{
	int i, err = 0;

	*ns = ~0ULL;
	for (i = 0; i < 20 && !err; i++) {
		err = batch(fd, a, "%s", what);
		if (!err && a->ns < *ns)
			*ns = a->ns;
	}
	return err;
}

#endif /* BULKHEAD_OPBENCH_H */

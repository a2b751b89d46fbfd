// SPDX-License-Identifier: GPL-2.0
/* What the kernel does beside what it is asked to do: in this one batch differs from the next. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench-guest.h"

/* Both files are larger than what is looked for in them. */
static char text[32768];

static int stat_file = -1, vmstat_file = -1;

static const char *slurp(int fd)
{
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	text[n < 0 ? 0 : n] = '\0';
	return text;
}

/* The @nth number behind @key, from 0 on, at the beginning of a line. */
static unsigned long long number(const char *in, const char *key, int nth)
{
	unsigned long long v = 0;
	int used;

	in = strstr(in, key);
	if (!in)
		return 0;
	for (in += strlen(key); nth >= 0 && sscanf(in, "%llu%n", &v, &used) == 1; nth--)
		in += used;
	return nth < 0 ? v : 0;
}

int events_watch(void)
{
	stat_file = open("/proc/stat", O_RDONLY | O_CLOEXEC);
	vmstat_file = open("/proc/vmstat", O_RDONLY | O_CLOEXEC);
	return stat_file < 0 || vmstat_file < 0 ? -1 : 0;
}

bool events_watched(void)
{
	return vmstat_file >= 0;
}

void events_read(struct events *e)
{
	unsigned long long zone;
	const char *in, *at;

	memset(e, 0, sizeof(*e));
	in = slurp(vmstat_file);
	for (at = in; (at = strstr(at, "\npgalloc_")); at++)
		if (sscanf(at, "\npgalloc_%*s %llu", &zone) == 1)
			e->pages += zone;
	in = slurp(stat_file);
	e->interrupts = number(in, "\nintr ", 0);
	e->switches = number(in, "\nctxt ", 0);
	e->softirqs = number(in, "\nsoftirq ", 0);
	e->rcu = number(in, "\nsoftirq ", 10);
}

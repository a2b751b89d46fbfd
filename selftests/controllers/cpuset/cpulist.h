/* SPDX-License-Identifier: GPL-2.0 */
/* CPUs by the lists that cpusets and procfs write: "0-1,3". */
#ifndef CPULIST_H
#define CPULIST_H

#include <sched.h>
#include "cgroup.h"

/* All CPUs of the machine, as a list; at least three are needed. */
#define ALL_CPUS	"0-2"

static inline bool has_three_cpus(void)
{
	return sysconf(_SC_NPROCESSORS_CONF) == 3 &&
	       sysconf(_SC_NPROCESSORS_ONLN) == 3;
}

/* Whether the file says so; if not, what it says is told. */
static inline bool reads(const char *cg, const char *file, const char *expected)
{
	char text[256];
	ssize_t n = cg_read(cg, file, text, sizeof(text));

	if (n >= 0 && !strcmp(text, expected))
		return true;
	fprintf(stderr, "# %s/%s: '%s', not '%s'\n", strrchr(cg, '/') + 1, file,
		n < 0 ? strerror(-n) : text, expected);
	return false;
}

/* The CPUs that @pid (0: the caller) may use, as a mask. */
static inline unsigned long cpus_of(pid_t pid)
{
	cpu_set_t set;
	unsigned long mask = 0;

	must(!sched_getaffinity(pid, sizeof(set), &set));
	for (int i = 0; i < 64; i++)
		if (CPU_ISSET(i, &set))
			mask |= 1UL << i;
	return mask;
}

/* Asks for the CPUs of @mask. Returns 0, or -errno. */
static inline int ask_for(pid_t pid, unsigned long mask)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (int i = 0; i < 64; i++)
		if (mask & (1UL << i))
			CPU_SET(i, &set);
	return sched_setaffinity(pid, sizeof(set), &set) ? -errno : 0;
}

/* What /proc says of @pid, e.g. Cpus_allowed_list. */
static inline bool status_is(pid_t pid, const char *key, const char *expected)
{
	char path[64], text[128];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	if (file_field(path, key, text, sizeof(text)))
		return false;
	if (!strcmp(text, expected))
		return true;
	fprintf(stderr, "# %s: '%s', not '%s'\n", key, text, expected);
	return false;
}

#endif /* CPULIST_H */

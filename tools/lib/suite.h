/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A suite as the harness sees it: a folder GROUP/NAME with its programs, the
 * file "suite" (what it needs, key = value) and the file "config" (the kernel
 * options it needs, one CONFIG_X=y per line).
 */
#ifndef BULKHEAD_SUITE_H
#define BULKHEAD_SUITE_H

#include <stdbool.h>
#include <stddef.h>

#define SUITE_MAX_DISKS	16

/**
 * struct suite - one suite and what it declares
 * @name: GROUP/NAME
 * @desc: one line on what it proves
 * @cgroup: which hierarchies it wants mounted: v2, v1:CONTROLLER,... or none
 * @cpus: virtual CPUs; more than one only for a race
 * @waits: most of the time for something other than a CPU
 * @memory: of the guest, as written ("256M")
 * @disks: sizes of the disks it wants, as written
 * @ndisks: how many
 * @features: features of the stack it needs, separated by blanks
 * @since: oldest kernel version it can run on, or NULL
 * @timeout: seconds until it counts as hung
 * @expect: seconds it usually takes; the longest suites start first
 * @kselftest: the folder of the tree's own tools/testing/selftests that it is, or NULL;
 *	its programs run as kselftest runs them: in their folder, with or without TAP
 * @absent: why it could not be built from this tree, or NULL
 * @config: kernel options it needs, as "CONFIG_X=y" strings
 * @nconfig: how many
 */
struct suite {
	char *name;
	char *desc;
	char *cgroup;
	long cpus;
	bool waits;
	char *memory;
	char *disks[SUITE_MAX_DISKS];
	int ndisks;
	char *features;
	char *since;
	long timeout;
	double expect;
	char *kselftest;
	char *absent;
	char **config;
	int nconfig;
};

/** struct kernel_facts - what a built kernel can offer to suites */
struct kernel_facts {
	char *release;		/* e.g. "7.3.4" */
	char *config;		/* text of its .config */
	char *features;		/* features of the stack in its tree, separated by blanks */
};

/**
 * suite_load() - read one suite's files
 * @dir: the folder that holds the suites
 * @name: GROUP/NAME
 * @s: the result
 * @error: where to put what is wrong ("FILE:LINE: ..."), to be freed
 *
 * Return: false when the suite's files cannot be read or hold nonsense.
 */
bool suite_load(const char *dir, const char *name, struct suite *s, char **error);

/** suite_free() - release what suite_load() filled in */
void suite_free(struct suite *s);

/**
 * suite_obstacle() - why a suite cannot run on a kernel
 * @s: the suite
 * @k: the kernel
 *
 * Return: NULL when it can run; else the reason, to be freed.
 */
char *suite_obstacle(const struct suite *s, const struct kernel_facts *k);

/**
 * suite_find() - the suites below a folder that match a name
 * @dir: the folder that holds the suites
 * @pattern: "*", GROUP/NAME, GROUP, NAME, or a glob of GROUP/NAME
 * @names: grows by the matches, sorted, without repeating one already there
 * @n: their number
 *
 * Return: how many matched, or -1 with errno set when @dir can't be read.
 */
int suite_find(const char *dir, const char *pattern, char ***names, int *n);

/** version_compare() - order two kernel versions such as "6.12" and "7.3.4" */
int version_compare(const char *a, const char *b);

#endif

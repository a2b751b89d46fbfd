/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Mount options of cgroup v2. The hierarchy is one for the whole system, so a
 * test that changes them has to put them back.
 */
#ifndef CGMOUNT_H
#define CGMOUNT_H

#include <sys/mount.h>
#include "cgroup.h"

/* Makes @options all that cgroup v2's own options are. Returns 0, or -errno. */
static inline int cg_remount(const char *root, const char *options)
{
	return mount("none", root, NULL, MS_REMOUNT, options) ? -errno : 0;
}

/* The options that are cgroup v2's own, separated by commas. */
static inline int cg_mount_options(const char *root, char *out, size_t size)
{
	FILE *f = setmntent("/proc/self/mounts", "r");
	struct mntent *m;
	int err = -ENOENT;

	while (f && err && (m = getmntent(f))) {
		if (strcmp(m->mnt_type, "cgroup2") || strcmp(m->mnt_dir, root))
			continue;
		out[0] = '\0';
		err = 0;
		for (char *o = strtok(m->mnt_opts, ","); o; o = strtok(NULL, ","))
			if (!strncmp(o, "memory_", 7) || !strncmp(o, "pids_", 5) ||
			    !strcmp(o, "nsdelegate") || !strcmp(o, "favordynmods"))
				snprintf(out + strlen(out), size - strlen(out),
					 "%s%s", *out ? "," : "", o);
	}
	if (f)
		endmntent(f);
	return err;
}

/* Adds @option; @before is what cg_remount() is to put back. */
static inline int cg_mount_with(const char *root, const char *option,
				char *before, size_t size)
{
	char with[512];
	int err = cg_mount_options(root, before, size);

	if (err)
		return err;
	snprintf(with, sizeof(with), "%s%s%s", option, *before ? "," : "", before);
	return cg_remount(root, with);
}

/* The same, but takes @option away. */
static inline int cg_mount_without(const char *root, const char *option,
				   char *before, size_t size)
{
	char without[512] = "", copy[512];
	int err = cg_mount_options(root, before, size);

	if (err)
		return err;
	snprintf(copy, sizeof(copy), "%s", before);
	for (char *o = strtok(copy, ","); o; o = strtok(NULL, ","))
		if (strcmp(o, option))
			snprintf(without + strlen(without),
				 sizeof(without) - strlen(without), "%s%s",
				 *without ? "," : "", o);
	return cg_remount(root, without);
}

#endif /* CGMOUNT_H */

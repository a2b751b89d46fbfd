/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Capabilities of a test's process and of its files. A set is a mask of 64 bits.
 */
#ifndef BULKHEAD_CAP_H
#define BULKHEAD_CAP_H

#include <linux/capability.h>
#include <linux/securebits.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include "file.h"
#include "proc.h"

#define CAP_BIT(cap)	(1ULL << (cap))

/* A file capability that belongs to nobody's user namespace in particular. */
#define CAP_FILE_V2	((uint32_t)-1)

/* Every capability that this kernel knows. */
static inline uint64_t cap_all(void)
{
	long last = file_number("/proc/sys/kernel/cap_last_cap");

	must(last > 0 && last < 63);
	return (1ULL << (last + 1)) - 1;
}

/*
 * One of @pid's sets: "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", as
 * /proc/PID/status calls them. @pid 0 is the calling thread.
 */
static inline uint64_t cap_of(pid_t pid, const char *set)
{
	char path[64], text[64];

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/status", pid);
	else
		snprintf(path, sizeof(path), "/proc/thread-self/status");
	must(!file_field(path, set, text, sizeof(text)));
	return strtoull(text, NULL, 16);
}

static inline uint64_t cap_mine(const char *set)
{
	return cap_of(0, set);
}

/* capset(2) for the caller. Returns 0, or -errno. */
static inline int cap_set(uint64_t eff, uint64_t prm, uint64_t inh)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = {
		{ eff, prm, inh }, { eff >> 32, prm >> 32, inh >> 32 },
	};

	return syscall(SYS_capset, &head, data) ? -errno : 0;
}

/* Gives up all capabilities for good, except those in @mask. */
static inline void cap_keep(uint64_t mask)
{
	must(!cap_set(mask, mask, 0));
}

/* Gives up one capability for good, and leaves the others. */
static inline void cap_drop(int cap)
{
	uint64_t prm = cap_mine("CapPrm") & ~CAP_BIT(cap);

	must(!cap_set(cap_mine("CapEff") & prm, prm,
		      cap_mine("CapInh") & prm));
}

/*
 * Gives the file a permitted set that an exec makes effective. @rootid is the
 * root of the user namespace that it is good for, as the caller names that
 * user, or CAP_FILE_V2. Returns 0, or -errno.
 */
static inline int cap_file_set(const char *path, uint64_t prm, uint32_t rootid)
{
	struct vfs_ns_cap_data data = {
		.magic_etc = VFS_CAP_FLAGS_EFFECTIVE |
			     (rootid == CAP_FILE_V2 ? VFS_CAP_REVISION_2 :
						      VFS_CAP_REVISION_3),
		.data = { { .permitted = prm }, { .permitted = prm >> 32 } },
		.rootid = rootid,
	};
	size_t size = rootid == CAP_FILE_V2 ? XATTR_CAPS_SZ_2 : XATTR_CAPS_SZ_3;

	return setxattr(path, "security.capability", &data, size, 0) ?
	       -errno : 0;
}

/*
 * Whom the file's capabilities are good for, in the reader's view: the root's
 * id, CAP_FILE_V2 in *@rootid for the form without one. Returns 0, or -errno.
 */
static inline int cap_file_root(const char *path, uint32_t *rootid)
{
	struct vfs_ns_cap_data data = {};
	ssize_t n = getxattr(path, "security.capability", &data, sizeof(data));

	if (n < 0)
		return -errno;
	*rootid = n == XATTR_CAPS_SZ_3 ? data.rootid : CAP_FILE_V2;
	return 0;
}

#endif /* BULKHEAD_CAP_H */

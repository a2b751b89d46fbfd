/* SPDX-License-Identifier: GPL-2.0 */
/* Children in user namespaces whose ids are mapped by their parent. */
#ifndef BULKHEAD_USERNS_H
#define BULKHEAD_USERNS_H

#include <grp.h>
#include "file.h"
#include "ns.h"
#include "proc.h"

/* Maps @count ids from @inside to @outside for @pid: users and groups alike. */
static inline int userns_map(pid_t pid, unsigned int inside,
			     unsigned int outside, unsigned int count)
{
	char path[64];
	int err;

	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	err = file_printf(path, "%u %u %u", inside, outside, count);
	if (err)
		return err;
	snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
	return file_printf(path, "%u %u %u", inside, outside, count);
}

/* Takes on the id in the caller's user namespace; 0 keeps its capabilities. */
static inline void userns_be(uid_t uid)
{
	must(!setresgid(uid, uid, uid));
	must(!setresuid(uid, uid, uid));
	/* Both are gone with a change of ids. */
	must(!prctl(PR_SET_DUMPABLE, 1));
	must(!prctl(PR_SET_PDEATHSIG, SIGKILL));
}

/*
 * A fork with @flags beside CLONE_NEWUSER. The caller is privileged, and /proc
 * is that of its pid namespace. The child is root of the user namespace, in
 * which the ids 0 to @count - 1 are what @outside and those after it are to the
 * caller.
 */
static inline pid_t userns_fork(uint64_t flags, unsigned int outside, unsigned int count)
{
	struct baton mapped = baton_make();
	pid_t pid = proc_fork_bound(CLONE_NEWUSER | flags);

	if (!pid) {
		baton_take(&mapped);
		must(!setgroups(0, NULL));
		userns_be(0);
	} else if (pid > 0) {
		must(!userns_map(pid, 0, outside, count));
		baton_pass(&mapped, 0);
	}
	close(mapped.fd[0]);
	close(mapped.fd[1]);
	return pid;
}

#endif /* BULKHEAD_USERNS_H */

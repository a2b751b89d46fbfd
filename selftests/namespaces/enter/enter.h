/* SPDX-License-Identifier: GPL-2.0 */
/* The kinds of namespaces, for what is promised of all of them. */
#ifndef BULKHEAD_ENTER_H
#define BULKHEAD_ENTER_H

#include <sys/ioctl.h>
#include "kselftest_harness.h"
#include "cap.h"
#include "file.h"
#include "ns.h"
#include "nsfs.h"
#include "proc.h"
#include "userns.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME	0x00000080
#endif

/*
 * Those that a process can move to and from; the user namespace has rules of
 * its own. After setns(2), "where" is the file in which the move shows.
 */
static const struct kind {
	const char *name, *where;
	int flag;
} kinds[] = {
	{ "cgroup", "cgroup", CLONE_NEWCGROUP },
	{ "ipc", "ipc", CLONE_NEWIPC },
	{ "mnt", "mnt", CLONE_NEWNS },
	{ "net", "net", CLONE_NEWNET },
	{ "pid", "pid_for_children", CLONE_NEWPID },
	{ "time", "time", CLONE_NEWTIME },
	{ "uts", "uts", CLONE_NEWUTS },
};

#define KINDS		((int)ARRAY_SIZE(kinds))
#define ALL_KINDS	(CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNS | CLONE_NEWNET | \
			 CLONE_NEWPID | CLONE_NEWTIME | CLONE_NEWUTS)

/* Whether two open namespaces are one; closes both. */
static inline bool same(int one, int two)
{
	bool yes = ns_same(one, two);

	close(one);
	close(two);
	return yes;
}

/* Whether the caller is in the same namespace as @pid. */
static inline bool is_with(pid_t pid, const struct kind *kind)
{
	return same(ns_open(0, kind->where), ns_open(pid, kind->name));
}

/* A process with namespaces of its own, by clone flags, until it is killed. */
static inline pid_t process_in(uint64_t flags)
{
	struct baton up = baton_make();
	pid_t pid = proc_fork_bound(flags);

	if (!pid) {
		baton_pass(&up, 0);
		proc_sleep_forever();
	}
	must(pid > 0);
	baton_take(&up);
	close(up.fd[0]);
	close(up.fd[1]);
	return pid;
}

/* A namespace's id, unique since boot. The kernel has ids from Linux 6.18 on. */
static inline uint64_t id_of(int fd)
{
	uint64_t id = 0;

	return ioctl(fd, NS_GET_ID, &id) ? 0 : id;
}

/* The same of @pid's; 0 is the caller. */
static inline uint64_t id_in(pid_t pid, const char *name)
{
	int fd = ns_open(pid, name);
	uint64_t id;

	must(fd >= 0);
	id = id_of(fd);
	close(fd);
	return id;
}

#define NEEDS_IDS() do {						\
	if (!id_in(0, "uts"))						\
		SKIP(return, "namespaces have no ids (Linux 6.18)");	\
} while (0)

#endif /* BULKHEAD_ENTER_H */

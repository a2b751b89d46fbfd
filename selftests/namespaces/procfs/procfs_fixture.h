/* SPDX-License-Identifier: GPL-2.0 */
/* A test in a mount namespace of its own, with somebody to look at. */
#ifndef BULKHEAD_PROCFS_FIXTURE_H
#define BULKHEAD_PROCFS_FIXTURE_H

#include "procfs.h"

/* A mount namespace, a process of root's and one of nobody's. */
FIXTURE(procfs)
{
	pid_t roots, nobodys;
};

FIXTURE_SETUP(procfs)
{
	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	self->roots = sleeper(false, true);
	self->nobodys = sleeper(true, true);
}

FIXTURE_TEARDOWN(procfs)
{
	proc_kill(self->roots);
	proc_kill(self->nobodys);
}

#endif /* BULKHEAD_PROCFS_FIXTURE_H */

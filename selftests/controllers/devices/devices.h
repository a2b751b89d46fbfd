/* SPDX-License-Identifier: GPL-2.0 */
/* What the programs of this suite share: cgroups, nodes, a disk. */
#ifndef DEVICES_H
#define DEVICES_H

#include "kselftest_harness.h"
#include "devprog.h"

#define DISK	"/dev/ubda"

/*
 * @top and @a, @b below it, @below in @a: empty, and without any policy. Nodes
 * of character devices lie in the working folder, on tmpfs.
 */
FIXTURE(devices)
{
	char root[256];
	char top[512], a[600], b[600], below[700];
};

static inline void make_node(const char *name, struct device dev)
{
	must(!unlink(name) || errno == ENOENT);
	must(!dev_mknod(name, dev));
	must(!chmod(name, 0666));
}

FIXTURE_SETUP(devices)
{
	int prog;

	if (cg_mount_point(NULL, self->root, sizeof(self->root)))
		SKIP(return, "cgroup v2 is not mounted");
	prog = prog_allow_all();
	if (prog == -ENOSYS || prog == -EINVAL)
		SKIP(return, "no device programs (CONFIG_CGROUP_BPF)");
	ASSERT_GE(prog, 0);
	close(prog);
	snprintf(self->top, sizeof(self->top), "%s/devices.%d", self->root,
		 getpid());
	snprintf(self->a, sizeof(self->a), "%s/a", self->top);
	snprintf(self->b, sizeof(self->b), "%s/b", self->top);
	snprintf(self->below, sizeof(self->below), "%s/below", self->a);
	ASSERT_EQ(0, cg_create(self->top));
	ASSERT_EQ(0, cg_create(self->a));
	ASSERT_EQ(0, cg_create(self->b));
	ASSERT_EQ(0, cg_create(self->below));
	make_node("null", DEV_NULL);
	make_node("zero", DEV_ZERO);
	make_node("full", DEV_FULL);
}

/* Run by the harness's process, after whatever became of the test's. */
FIXTURE_TEARDOWN_PARENT(devices)
{
	if (self->top[0])
		cg_destroy(self->top);
}

/* Whether null is open to processes of @cg, for reading. */
#define NULL_IN(cg)	dev_open_in(cg, "null", O_RDONLY)
#define ZERO_IN(cg)	dev_open_in(cg, "zero", O_RDONLY)

#endif /* DEVICES_H */

/* SPDX-License-Identifier: GPL-2.0 */
/* What the programs of this suite share. */
#ifndef DEVICES_V1_H
#define DEVICES_V1_H

#include "kselftest_harness.h"
#include "device.h"

#define DISK	"/dev/ubda"
#define ALL	"a *:* rwm"

/*
 * @top is an empty cgroup without children; @a and @below are where tests make
 * some. Nodes of character devices lie in the working folder, on tmpfs.
 */
FIXTURE(devices_v1)
{
	char root[256];
	char top[512], a[600], below[700];
};

static inline void make_node(const char *name, struct device dev)
{
	must(!unlink(name) || errno == ENOENT);
	must(!dev_mknod(name, dev));
	must(!chmod(name, 0666));
}

FIXTURE_SETUP(devices_v1)
{
	if (cg_mount_point("devices", self->root, sizeof(self->root)))
		SKIP(return, "no cgroup v1 hierarchy with the devices controller");
	snprintf(self->top, sizeof(self->top), "%s/devices.%d", self->root,
		 getpid());
	snprintf(self->a, sizeof(self->a), "%s/a", self->top);
	snprintf(self->below, sizeof(self->below), "%s/below", self->a);
	ASSERT_EQ(0, cg_create(self->top));
	make_node("null", DEV_NULL);
	make_node("zero", DEV_ZERO);
}

/*
 * Run by the harness's process, after whatever became of the test's: nobody is
 * left, for tests reap, and what they leave dies with them.
 */
FIXTURE_TEARDOWN_PARENT(devices_v1)
{
	if (self->top[0])
		cg_remove_tree(self->top);
}

#define ALLOW(cg, text)	cg_write(cg, "devices.allow", text)
#define DENY(cg, text)	cg_write(cg, "devices.deny", text)

/* Whether devices.list is @text. */
#define EXPECT_LIST(text, cg) do {					\
	char list_[4096];						\
									\
	ASSERT_GE(cg_read(cg, "devices.list", list_, sizeof(list_)), 0); \
	EXPECT_STREQ(text, list_);					\
} while (0)

#define NULL_IN(cg)	dev_open_in(cg, "null", O_RDONLY)
#define ZERO_IN(cg)	dev_open_in(cg, "zero", O_RDONLY)

#endif /* DEVICES_V1_H */

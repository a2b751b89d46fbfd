// SPDX-License-Identifier: GPL-2.0
/*
 * Every control file of the cgroup v1 hierarchies: name, place, mode, format,
 * first value, what it takes and what it refuses; and that there are no
 * others. One variant is one file.
 *
 * Promises from admin-guide/cgroup-v1/, each controller's own document.
 */
#include "iface.h"

#define F(id, ...) { __VA_ARGS__ },
static const struct iface files[] = {
#include "v1-files.h"
};
#undef F

FIXTURE(file)
{
	char root[256], cg[512];
};

FIXTURE_VARIANT(file)
{
	struct iface f;
};

#define F(id, ...) FIXTURE_VARIANT_ADD(file, id) { .f = { __VA_ARGS__ } };
#include "v1-files.h"
#undef F

FIXTURE_SETUP(file)
{
	if (cg_mount_point(variant->f.controller, self->root, sizeof(self->root)))
		SKIP(return, "no cgroup v1 hierarchy of %s", variant->f.controller);
	snprintf(self->cg, sizeof(self->cg), "%s/iface.%d", self->root, getpid());
	ASSERT_EQ(0, cg_create(self->cg));
	if (!cg_has(self->root, variant->f.name) &&
	    !cg_has(self->cg, variant->f.name))
		SKIP(return, "this kernel has no %s", variant->f.name);
}

FIXTURE_TEARDOWN_PARENT(file)
{
	if (self->cg[0])
		cg_remove(self->cg);
}

TEST_F(file, keeps_the_conventions)
{
	const struct iface *f = &variant->f;

	check_place(_metadata, f, self->root, f->where != BELOW_ROOT);
	check_place(_metadata, f, self->cg, f->where != ROOT);
	check_access(_metadata, f, f->where == ROOT ? self->root : self->cg);
	if (f->where != BELOW_ROOT)
		check_format(_metadata, f, self->root, false);
	if (f->where == ROOT)
		return;
	check_format(_metadata, f, self->cg, true);
	check_events(_metadata, f, self->cg);
	check_values(_metadata, f, self->cg);
}

/* The controllers that are mounted, as the suite's line says. */
static const char * const controllers[] = {
	"memory", "cpu", "cpuacct", "cpuset", "blkio", "devices", "freezer",
	"net_cls", "net_prio", "pids", "misc", "rdma",
};

static const char *looking_in;

static void file_is_known(struct __test_metadata *_metadata, const char *cg,
			  const char *name)
{
	bool known = !strncmp(name, "debug.", 6) || strstr(name, "__DEBUG__");

	for (size_t i = 0; !known && i < ARRAY_SIZE(files); i++) {
		bool core = !strcmp(files[i].controller, "pids") &&
			    strncmp(files[i].name, "pids.", 5);

		known = !strcmp(name, files[i].name) &&
			(core || !strcmp(files[i].controller, looking_in));
	}
	EXPECT_TRUE(known)
		TH_LOG("%s/%s is not in the table v1-files.h", cg, name);
	EXPECT_TRUE(name_is_fine(name));
}

FIXTURE(tree)
{
	char cg[512];
};

FIXTURE_SETUP(tree)
{
	self->cg[0] = '\0';
}

FIXTURE_TEARDOWN_PARENT(tree)
{
	if (self->cg[0])
		cg_remove(self->cg);
}

TEST_F(tree, has_no_file_that_is_not_known)
{
	char root[256];
	int n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(controllers); i++) {
		if (cg_mount_point(controllers[i], root, sizeof(root)))
			continue;
		looking_in = controllers[i];
		snprintf(self->cg, sizeof(self->cg), "%s/iface.%d", root, getpid());
		ASSERT_EQ(0, cg_create(self->cg));
		walk_files(_metadata, root, file_is_known);
		walk_files(_metadata, self->cg, file_is_known);
		ASSERT_EQ(0, cg_remove(self->cg));
		n++;
	}
	EXPECT_GT(n, 0);
}

TEST_HARNESS_MAIN

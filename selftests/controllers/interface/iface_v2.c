// SPDX-License-Identifier: GPL-2.0
/*
 * Every control file of cgroup v2: its name, place, mode, format, first value,
 * what it takes and what it refuses, and its events; and that there are no
 * others. One variant is one file.
 *
 * Promises from cgroup-v2.rst, "Interface Files": "Format" and "Conventions".
 */
#include "iface.h"

/* What makes an event in @cg. */
static void event_freeze(const char *cg)
{
	must(!cg_write(cg, "cgroup.freeze", "1"));
}

static void event_pids(const char *cg)
{
	pid_t pid;

	must(!cg_write(cg, "pids.max", "0"));
	pid = cg_fork_into(cg, 0);
	if (!pid)
		_exit(0);
	must(pid == -EAGAIN);
}

static void event_memory(const char *cg)
{
	pid_t pid;

	must(!cg_write(cg, "memory.max", "65536"));
	pid = cg_fork_into(cg, 0);
	if (!pid) {
		static volatile char use[1 << 20];

		for (size_t i = 0; i < sizeof(use); i += 4096)
			use[i] = 1;
		_exit(0);
	}
	must(pid > 0 && proc_end(pid) == -SIGKILL);
}

#define F(id, ...) { __VA_ARGS__ },
static const struct iface files[] = {
#include "v2-files.h"
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
#include "v2-files.h"
#undef F

/* A cgroup below the root, with all controllers that there are. */
static int make_cgroup(char *root, char *cg)
{
	char list[512], word[64], *name, *save = NULL;
	int err = cg_mount_point(NULL, root, 256);

	if (err)
		return err;
	must(cg_read(root, "cgroup.controllers", list, sizeof(list)) >= 0);
	for (name = strtok_r(list, " ", &save); name;
	     name = strtok_r(NULL, " ", &save)) {
		snprintf(word, sizeof(word), "+%s", name);
		must(!cg_write(root, "cgroup.subtree_control", word));
	}
	snprintf(cg, 512, "%s/iface.%d", root, getpid());
	return cg_create(cg);
}

FIXTURE_SETUP(file)
{
	int err = make_cgroup(self->root, self->cg);

	if (err == -ENOENT)
		SKIP(return, "cgroup v2 is not mounted");
	ASSERT_EQ(0, err);
	if (!cg_has(self->root, variant->f.name) &&
	    !cg_has(self->cg, variant->f.name))
		SKIP(return, "this kernel has no %s", variant->f.name);
}

FIXTURE_TEARDOWN_PARENT(file)
{
	if (self->cg[0]) {
		cg_write(self->cg, "cgroup.freeze", "0");
		cg_destroy(self->cg);
	}
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

/* What is right for all of them. */
FIXTURE(tree)
{
	char root[256], cg[512];
};

FIXTURE_SETUP(tree)
{
	int err = make_cgroup(self->root, self->cg);

	if (err == -ENOENT)
		SKIP(return, "cgroup v2 is not mounted");
	ASSERT_EQ(0, err);
}

FIXTURE_TEARDOWN_PARENT(tree)
{
	if (self->cg[0])
		cg_destroy(self->cg);
}

/* CONFIG_CGROUP_DEBUG and cgroup_debug have files of their own. */
static bool for_debugging(const char *name)
{
	return !strncmp(name, "debug.", 6) || strstr(name, "__DEBUG__");
}

static void file_is_known(struct __test_metadata *_metadata, const char *cg,
			  const char *name)
{
	bool known = for_debugging(name);

	for (size_t i = 0; !known && i < ARRAY_SIZE(files); i++)
		known = !strcmp(name, files[i].name);
	EXPECT_TRUE(known)
		TH_LOG("%s/%s is not in the table v2-files.h", cg, name);
}

TEST_F(tree, has_no_file_that_is_not_known)
{
	walk_files(_metadata, self->root, file_is_known);
	walk_files(_metadata, self->cg, file_is_known);
}

static void file_is_prefixed(struct __test_metadata *_metadata, const char *cg,
			     const char *name)
{
	char prefix[64], root[256];

	EXPECT_TRUE(for_debugging(name) || !strncmp(name, "hugetlb.", 8) ||
		    name_is_fine(name))
		TH_LOG("%s", name);
	snprintf(prefix, sizeof(prefix), "%.*s", (int)strcspn(name, "."), name);
	must(!cg_mount_point(NULL, root, sizeof(root)));
	/* Some of the core are named like a controller's: cpu.stat, io.pressure. */
	EXPECT_TRUE(for_debugging(name) || !strcmp(prefix, "cgroup") ||
		    !strcmp(prefix, "cpu") || name_ends(name, ".pressure") ||
		    cg_lists(root, "cgroup.controllers", prefix))
		TH_LOG("%s is of no controller", name);
}

TEST_F(tree, names_begin_with_cgroup_or_a_controller)
{
	walk_files(_metadata, self->root, file_is_prefixed);
	walk_files(_metadata, self->cg, file_is_prefixed);
}

static void file_controls_nothing(struct __test_metadata *_metadata,
				  const char *cg, const char *name)
{
	static const char * const controls[] = {
		".weight", ".min", ".max", ".low", ".high",
	};

	for (size_t i = 0; i < ARRAY_SIZE(controls); i++) {
		EXPECT_FALSE(name_ends(name, controls[i]))
			TH_LOG("%s/%s", cg, name);
	}
}

/* "The root cgroup should be exempt from resource control". */
TEST_F(tree, the_root_has_no_limits)
{
	walk_files(_metadata, self->root, file_controls_nothing);
}

/* Without its controllers a cgroup has the core files, and statistics. */
static void file_is_core(struct __test_metadata *_metadata, const char *cg,
			 const char *name)
{
	EXPECT_TRUE(!strncmp(name, "cgroup.", 7) || name_ends(name, ".pressure") ||
		    !strncmp(name, "cpu.stat", 8) || for_debugging(name))
		TH_LOG("%s/%s", cg, name);
}

TEST_F(tree, a_controllers_files_come_and_go_with_it)
{
	char below[600];

	snprintf(below, sizeof(below), "%s/below", self->cg);
	ASSERT_EQ(0, cg_create(below));
	walk_files(_metadata, below, file_is_core);
	if (!cg_lists(self->cg, "cgroup.controllers", "pids"))
		return;
	ASSERT_EQ(0, cg_write(self->cg, "cgroup.subtree_control", "+pids"));
	EXPECT_TRUE(cg_has(below, "pids.max"));
	ASSERT_EQ(0, cg_write(self->cg, "cgroup.subtree_control", "-pids"));
	walk_files(_metadata, below, file_is_core);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * The ways to mount a hierarchy of v1 with cpusets: as a cgroup file system, as
 * the older cpuset file system, whose files have no prefix, and either of them
 * with cpuset_v2_mode, where what a cpuset asks for and what it has are two
 * things as in cgroup v2.
 *
 * Promises from admin-guide/cgroup-v1/cpusets.rst, "Usage Examples and Syntax",
 * cpuset(7), and cgroup-v2.rst, "Cpuset Interface Files".
 */
#include "kselftest_harness.h"
#include <sys/mount.h>
#include "cpulist.h"
#include "until.h"

/* @top is in the root of what is mounted at @dir, and @below in @top. */
FIXTURE(mounted)
{
	char dir[32], top[64], below[128];
	char cpus[32], mems[32], effective[32];
};

FIXTURE_VARIANT(mounted)
{
	const char *type, *options, *prefix, *agent;
	/* What a change has for an answer that would leave @below without a subset. */
	int more_than_above, less_than_below;
	/* Whether a new one has what the one above has. */
	bool inherits;
};

FIXTURE_VARIANT_ADD(mounted, cgroup)
{
	.type = "cgroup", .options = "cpuset", .prefix = "cpuset.", .agent = "",
	.more_than_above = -EACCES, .less_than_below = -EBUSY,
};

FIXTURE_VARIANT_ADD(mounted, cpuset)
{
	.type = "cpuset", .options = "", .prefix = "", .agent = "/sbin/cpuset_release_agent",
	.more_than_above = -EACCES, .less_than_below = -EBUSY,
};

FIXTURE_VARIANT_ADD(mounted, cgroup_in_v2_mode)
{
	.type = "cgroup", .options = "cpuset,cpuset_v2_mode", .prefix = "cpuset.", .agent = "",
	.inherits = true,
};

FIXTURE_VARIANT_ADD(mounted, cpuset_in_v2_mode)
{
	.type = "cpuset", .options = "cpuset_v2_mode", .prefix = "",
	.agent = "/sbin/cpuset_release_agent",
	.inherits = true,
};

FIXTURE_SETUP(mounted)
{
	char dir[] = "/tmp/cpuset.XXXXXX";

	if (!has_three_cpus())
		SKIP(return, "not a machine of three CPUs");
	ASSERT_NE(NULL, mkdtemp(dir));
	if (mount("none", dir, variant->type, 0, variant->options)) {
		rmdir(dir);
		SKIP(return, "no cpusets on cgroup v1 (CONFIG_CPUSETS_V1)");
	}
	strcpy(self->dir, dir);
	snprintf(self->top, sizeof(self->top), "%s/top", dir);
	snprintf(self->below, sizeof(self->below), "%s/below", self->top);
	snprintf(self->cpus, sizeof(self->cpus), "%scpus", variant->prefix);
	snprintf(self->mems, sizeof(self->mems), "%smems", variant->prefix);
	snprintf(self->effective, sizeof(self->effective), "%seffective_cpus", variant->prefix);
	ASSERT_EQ(0, cg_create(self->top));
	ASSERT_EQ(0, cg_write(self->top, self->cpus, "0-1"));
	ASSERT_EQ(0, cg_write(self->top, self->mems, "0"));
	ASSERT_EQ(0, cg_create(self->below));
}

/* How many cgroups there are in the hierarchy that has cpusets. */
static int cpusets(void)
{
	char text[64];
	int nr = -1;

	if (!file_field("/proc/cgroups", "cpuset", text, sizeof(text)))
		sscanf(text, "%*d %d", &nr);
	return nr;
}

/*
 * An unmounted hierarchy with a cgroup in it stays as it is, with its options:
 * that is waited for until the last is gone.
 */
FIXTURE_TEARDOWN_PARENT(mounted)
{
	if (!self->dir[0])
		return;
	EVENTUALLY(cg_remove_tree(self->top) == 0 || access(self->top, F_OK));
	EVENTUALLY(cpusets() == 1);
	umount(self->dir);
	rmdir(self->dir);
}

TEST_F(mounted, the_files_have_the_prefix_of_their_kind)
{
	const char *other = variant->prefix[0] ? "cpus" : "cpuset.cpus";
	char text[64];

	EXPECT_TRUE(cg_has(self->top, self->cpus));
	EXPECT_FALSE(cg_has(self->top, other));
	/* These are not the controller's. */
	EXPECT_TRUE(cg_has(self->top, "tasks"));
	EXPECT_TRUE(cg_has(self->top, "cgroup.procs"));
	ASSERT_GE(cg_read(self->dir, "release_agent", text, sizeof(text)), 0);
	EXPECT_STREQ(variant->agent, text);
}

TEST_F(mounted, a_child_asks_for_more_than_its_parent_has_in_v2_mode_only)
{
	ASSERT_EQ(0, cg_write(self->below, self->cpus, "1"));
	EXPECT_EQ(variant->more_than_above, cg_write(self->below, self->cpus, "1-2"));
	EXPECT_TRUE(reads(self->below, self->cpus, variant->more_than_above ? "1" : "1-2"));
	EXPECT_TRUE(reads(self->below, self->effective, "1"));
}

TEST_F(mounted, a_parent_shrinks_below_its_child_in_v2_mode_only)
{
	bool shrinks = !variant->less_than_below;

	ASSERT_EQ(0, cg_write(self->below, self->cpus, "1"));
	EXPECT_EQ(variant->less_than_below, cg_write(self->top, self->cpus, "0"));
	EXPECT_TRUE(reads(self->top, self->cpus, shrinks ? "0" : "0-1"));
	/* It still asks for CPU 1, and has what there is. */
	EXPECT_TRUE(reads(self->below, self->cpus, "1"));
	EXPECT_TRUE(reads(self->below, self->effective, shrinks ? "0" : "1"));
	ASSERT_EQ(0, cg_write(self->top, self->cpus, "0-1"));
	EXPECT_TRUE(reads(self->below, self->effective, "1"));
}

TEST_F(mounted, a_new_one_takes_a_process_in_v2_mode_only)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid)
		proc_sleep_forever();
	EXPECT_TRUE(reads(self->below, self->cpus, ""));
	EXPECT_TRUE(reads(self->below, self->effective, variant->inherits ? "0-1" : ""));
	EXPECT_EQ(variant->inherits ? 0 : -ENOSPC, cg_enter(self->below, pid));
	EXPECT_EQ(variant->inherits ? 3 : 7, cpus_of(pid));
	/* With CPUs and a node everyone is taken, everywhere. */
	ASSERT_EQ(0, cg_write(self->below, self->mems, "0"));
	ASSERT_EQ(0, cg_write(self->below, self->cpus, "1"));
	EXPECT_EQ(0, cg_enter(self->below, pid));
	EXPECT_EQ(2, cpus_of(pid));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Mounting cgroup v1: which hierarchy a mount shows or makes, names, remounts,
 * and how long a hierarchy lives; a controller is on one hierarchy at a time,
 * on v2 while it is on none of v1.
 *
 * Promises from admin-guide/cgroup-v1/cgroups.rst, "How are cgroups
 * implemented?", "Basic Usage", "Mounting hierarchies by name", and cgroups(7),
 * "Mounting v1 controllers", "Unmounting v1 controllers", "Cgroup v1 named
 * hierarchies", "Cgroups v2 unified hierarchy".
 */
#include "core_v1.h"
#include <linux/magic.h>
#include <sys/vfs.h>

FIXTURE(mount)
{
	char tmp[32];
	/* Where to mount. */
	char a[48], b[48];
	/* A cgroup on what is mounted there. */
	char a_x[64], b_x[64];
};

FIXTURE_SETUP(mount)
{
	if (!v1_begin(self->tmp, sizeof(self->tmp)))
		SKIP(return, "there are cgroup v1 hierarchies already");
	snprintf(self->a, sizeof(self->a), "%s/a", self->tmp);
	snprintf(self->b, sizeof(self->b), "%s/b", self->tmp);
	snprintf(self->a_x, sizeof(self->a_x), "%s/x", self->a);
	snprintf(self->b_x, sizeof(self->b_x), "%s/x", self->b);
}

FIXTURE_TEARDOWN_PARENT(mount)
{
	if (self->tmp[0])
		EXPECT_TRUE(v1_end_all(self->tmp));
}

/* Whether both folders show the same hierarchy. */
static bool same(const char *a, const char *b)
{
	struct stat sa, sb;

	must(!stat(a, &sa) && !stat(b, &sb));
	return sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

/*
 * Mounts at @b for a moment. Returns 0 if that showed the hierarchy at @a,
 * -EXDEV if another, -errno if there was no mount.
 */
static int finds(const char *b, const char *options, const char *a)
{
	int err = v1_mount(b, options);

	if (err)
		return err;
	err = same(a, b) ? 0 : -EXDEV;
	must(!umount(b));
	return err;
}

TEST_F(mount, the_same_set_is_the_same_hierarchy)
{
	struct v1_line l;

	ASSERT_EQ(0, v1_mount(self->a, "pids,freezer"));
	ASSERT_EQ(0, v1_mount(self->b, "freezer,pids"));
	EXPECT_TRUE(same(self->a, self->b));
	ASSERT_EQ(0, cg_create(self->a_x));
	EXPECT_TRUE(cg_has(self->b_x, "pids.max"));
	EXPECT_TRUE(cg_has(self->b_x, "freezer.state"));
	ASSERT_EQ(0, cg_enter(self->b_x, 0));
	ASSERT_TRUE(v1_find(0, NULL, &l));
	EXPECT_STREQ("freezer,pids", l.set);
	EXPECT_STREQ("/x", l.path);
	ASSERT_EQ(0, umount(self->a));
	EXPECT_EQ(getpid(), cg_number(self->b_x, "cgroup.procs"));
	ASSERT_EQ(0, cg_enter(self->b, 0));
}

TEST_F(mount, a_controller_is_in_one_hierarchy)
{
	char c[48];

	snprintf(c, sizeof(c), "%s/c", self->tmp);
	ASSERT_EQ(0, v1_mount(self->a, "pids"));
	/* The one that is asked for besides it is free. */
	EXPECT_EQ(-EBUSY, v1_mount(c, "pids,misc"));
	ASSERT_EQ(0, v1_mount(self->b, "freezer"));
	EXPECT_FALSE(same(self->a, self->b));
	EXPECT_EQ(-EBUSY, v1_mount(c, "pids,freezer"));
	EXPECT_EQ(-EBUSY, v1_mount(c, "all"));
	EXPECT_TRUE(v1_exists("pids"));
	EXPECT_TRUE(v1_exists("freezer"));
	ASSERT_EQ(0, umount(self->a));
	ASSERT_EQ(0, umount(self->b));
	ASSERT_EQ(0, v1_mount(c, "pids,freezer"));
	EXPECT_EQ(-EBUSY, v1_mount(self->a, "pids"));
	EXPECT_EQ(-EBUSY, v1_mount(self->a, "pids,freezer,misc"));
	EXPECT_EQ(0, v1_mount(self->a, "misc"));
}

TEST_F(mount, a_name_finds_its_hierarchy)
{
	struct v1_line l;

	ASSERT_EQ(0, v1_mount(self->a, "none,name=one"));
	ASSERT_TRUE(v1_find(0, "name=one", &l));
	EXPECT_STREQ("/", l.path);
	EXPECT_EQ(0, finds(self->b, "name=one", self->a));
	EXPECT_EQ(0, finds(self->b, "none,name=one", self->a));
	ASSERT_EQ(0, v1_mount(self->b, "none,name=two"));
	EXPECT_FALSE(same(self->a, self->b));
	ASSERT_EQ(0, cg_create(self->a_x));
	EXPECT_FALSE(cg_has(self->b_x, "tasks"));
}

TEST_F(mount, a_hierarchy_with_controllers_has_a_name_too)
{
	ASSERT_EQ(0, v1_mount(self->a, "misc,name=one"));
	EXPECT_TRUE(v1_exists("misc,name=one"));
	EXPECT_EQ(0, finds(self->b, "misc", self->a));
	EXPECT_EQ(0, finds(self->b, "name=one", self->a));
	EXPECT_EQ(0, finds(self->b, "name=one,misc", self->a));
}

/* "Each hierarchy is either nameless, or has a unique name." */
TEST_F(mount, a_name_is_of_one_hierarchy)
{
	char c[48];

	snprintf(c, sizeof(c), "%s/c", self->tmp);
	ASSERT_EQ(0, v1_mount(self->a, "none,name=one"));
	EXPECT_EQ(-EBUSY, v1_mount(c, "misc,name=one"));
	ASSERT_EQ(0, v1_mount(self->b, "misc,name=two"));
	EXPECT_EQ(-EBUSY, v1_mount(c, "none,name=two"));
	EXPECT_EQ(-EBUSY, v1_mount(c, "misc,name=one"));
	EXPECT_EQ(-EBUSY, v1_mount(c, "misc,name=three"));
	EXPECT_EQ(0, finds(c, "misc,name=two", self->b));
}

TEST_F(mount, a_name_is_of_63_characters_at_most)
{
	static const char good[] =
		"none,name=abcdefghijklmnopqrstuvwxyz_ABCDEFGHIJKLMNOPQRSTUVWXYZ-012345.78";
	char longer[sizeof(good) + 1];

	snprintf(longer, sizeof(longer), "%s9", good);
	EXPECT_EQ(-EINVAL, v1_mount(self->a, longer));
	ASSERT_EQ(0, v1_mount(self->a, good));
	EXPECT_TRUE(v1_exists(strchr(good, ',') + 1));
	EXPECT_EQ(strlen("name=") + 63, strlen(strchr(good, ',') + 1));
}

TEST_F(mount, options_that_contradict_are_refused)
{
	static const char * const bad[] = {
		/* No such hierarchy, and nothing to make one of. */
		"name=unknown", "none", "xattr,none",
		/* One or the other. */
		"none,misc", "none,misc,name=z", "all,misc", "misc,all,name=z",
		"none,all,name=z",
		/* Names. */
		"none,name=", "none,name=a/b", "none,name=a b", "none,name=a\n",
		"none,name=a:b", "none,name=a,name=b", "none,name",
		/* Prefixes are for all but an old cpuset. */
		"misc,noprefix", "cpuset,misc,noprefix",
		"unknown", "misc,unknown", "none,name=z,unknown", "Misc",
	};
	struct v1_line l;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, v1_mount(self->a, bad[i]))
			TH_LOG("option '%s'", bad[i]);
	}
	EXPECT_FALSE(v1_find(0, NULL, &l));
	EXPECT_EQ(0, v1_mount(self->a, "none,name=z,xattr"));
	EXPECT_EQ(0, v1_mount(self->b, "misc"));
}

/* Of the hierarchy that the controller is on; 0 is v2's. */
static int id_of(const char *controller)
{
	struct v1_stat s = {};

	must(v1_stat(controller, &s));
	return s.id;
}

TEST_F(mount, all_controllers_are_the_default)
{
	static const char * const some[] = {
		"cpuset", "pids", "freezer", "misc",
	};

	ASSERT_EQ(0, v1_mount(self->a, ""));
	for (size_t i = 0; i < ARRAY_SIZE(some); i++) {
		EXPECT_NE(0, id_of(some[i]));
		EXPECT_EQ(id_of("pids"), id_of(some[i]))
			TH_LOG("%s", some[i]);
	}
	EXPECT_EQ(0, finds(self->b, "all", self->a));
	EXPECT_EQ(-EBUSY, v1_mount(self->b, "pids"));
	/* A name finds one, and asks for no controllers. */
	EXPECT_EQ(-EINVAL, v1_mount(self->b, "name=one"));
	ASSERT_EQ(0, umount(self->a));
	ASSERT_EQ(0, v1_mount(self->a, "all,name=one"));
	EXPECT_EQ(0, finds(self->b, "name=one", self->a));
	EXPECT_EQ(-EBUSY, v1_mount(self->b, "none,name=one"));
}

/* What came before cgroups is mounted as it was, by its own type. */
TEST_F(mount, the_old_cpuset_has_no_prefix_and_an_agent)
{
	char agent[64];

	ASSERT_EQ(0, mkdir(self->a, 0755));
	ASSERT_EQ(0, mount("core", self->a, "cpuset", 0, NULL));
	EXPECT_TRUE(cg_has(self->a, "cpus"));
	EXPECT_FALSE(cg_has(self->a, "cpuset.cpus"));
	ASSERT_GE(cg_read(self->a, "release_agent", agent, sizeof(agent)), 0);
	EXPECT_STREQ("/sbin/cpuset_release_agent", agent);
	EXPECT_EQ(0, finds(self->b, "cpuset,noprefix", self->a));
	ASSERT_EQ(0, umount(self->a));
	ASSERT_EQ(0, v1_mount(self->b, "cpuset"));
	EXPECT_TRUE(cg_has(self->b, "cpuset.cpus"));
	EXPECT_FALSE(cg_has(self->b, "cpus"));
	ASSERT_EQ(0, umount(self->b));
	ASSERT_EQ(0, v1_mount(self->b, "cpuset,noprefix"));
	EXPECT_TRUE(cg_has(self->b, "cpus"));
}

/* "The name of the subsystem appears as part of the hierarchy description" */
TEST_F(mount, the_mount_table_has_controllers_name_and_flags)
{
	ASSERT_EQ(0, v1_mount(self->a, "misc,freezer,name=one,xattr"));
	EXPECT_TRUE(v1_shows(self->a, "misc"));
	EXPECT_TRUE(v1_shows(self->a, "freezer"));
	EXPECT_TRUE(v1_shows(self->a, "name=one"));
	EXPECT_TRUE(v1_shows(self->a, "xattr"));
	EXPECT_FALSE(v1_shows(self->a, "pids"));
	EXPECT_FALSE(v1_shows(self->a, "clone_children"));
	EXPECT_FALSE(v1_shows(self->a, "release_agent"));
	ASSERT_EQ(0, v1_mount(self->b, "none,name=two"));
	EXPECT_TRUE(v1_shows(self->b, "name=two"));
	EXPECT_FALSE(v1_shows(self->b, "misc"));
	EXPECT_FALSE(v1_shows(self->b, "none"));
	EXPECT_FALSE(v1_shows(self->b, "xattr"));
}

/* The flag of the root, which new cgroups have from their parents. */
TEST_F(mount, clone_children_is_set_by_an_option)
{
	ASSERT_EQ(0, v1_mount(self->a, "cpuset,clone_children"));
	EXPECT_EQ(1, cg_number(self->a, "cgroup.clone_children"));
	EXPECT_TRUE(v1_shows(self->a, "clone_children"));
	ASSERT_EQ(0, cg_create(self->a_x));
	EXPECT_EQ(1, cg_number(self->a_x, "cgroup.clone_children"));
	EXPECT_EQ(0, cg_number(self->a_x, "cpuset.cpus"));
	ASSERT_EQ(0, cg_remove(self->a_x));
	ASSERT_EQ(0, cg_write(self->a, "cgroup.clone_children", "0"));
	EXPECT_FALSE(v1_shows(self->a, "clone_children"));
	ASSERT_EQ(0, cg_create(self->a_x));
	EXPECT_EQ(0, cg_number(self->a_x, "cgroup.clone_children"));
	EXPECT_EQ(-EINVAL, cg_number(self->a_x, "cpuset.cpus"));
}

TEST_F(mount, a_remount_binds_and_unbinds_controllers)
{
	ASSERT_EQ(0, v1_mount(self->a, "pids"));
	ASSERT_EQ(0, v1_remount(self->a, "pids,freezer"));
	EXPECT_TRUE(v1_exists("freezer,pids"));
	EXPECT_EQ(id_of("pids"), id_of("freezer"));
	ASSERT_EQ(0, cg_create(self->a_x));
	EXPECT_TRUE(cg_has(self->a_x, "freezer.state"));
	EXPECT_TRUE(cg_has(self->a_x, "pids.max"));
	ASSERT_EQ(0, cg_remove(self->a_x));
	EXPECT_TRUE(EVENTUALLY(v1_is_childless("pids")));
	ASSERT_EQ(0, v1_remount(self->a, "freezer"));
	EXPECT_TRUE(v1_exists("freezer"));
	EXPECT_FALSE(v1_exists("freezer,pids"));
	EXPECT_EQ(0, id_of("pids"));
	/* What is on another hierarchy stays there. */
	ASSERT_EQ(0, v1_mount(self->b, "pids"));
	EXPECT_EQ(-EBUSY, v1_remount(self->a, "freezer,pids"));
	EXPECT_TRUE(v1_exists("freezer"));
	EXPECT_TRUE(v1_exists("pids"));
}

TEST_F(mount, a_hierarchy_with_children_is_not_remounted)
{
	ASSERT_EQ(0, v1_mount(self->a, "misc"));
	ASSERT_EQ(0, cg_create(self->a_x));
	EXPECT_EQ(-EBUSY, v1_remount(self->a, "misc,freezer"));
	EXPECT_EQ(-EBUSY, v1_remount(self->a, "misc"));
	EXPECT_EQ(0, id_of("freezer"));
	EXPECT_TRUE(v1_exists("misc"));
	ASSERT_EQ(0, cg_remove(self->a_x));
	EXPECT_TRUE(EVENTUALLY(!v1_remount(self->a, "misc,freezer")));
	EXPECT_TRUE(v1_exists("freezer,misc"));
}

TEST_F(mount, a_remount_keeps_name_and_flags)
{
	ASSERT_EQ(0, v1_mount(self->a, "none,name=one"));
	EXPECT_EQ(-EINVAL, v1_remount(self->a, "none,name=two"));
	EXPECT_EQ(-EINVAL, v1_remount(self->a, "none,name=one,xattr"));
	EXPECT_EQ(0, v1_remount(self->a, "none,name=one"));
	EXPECT_TRUE(v1_exists("name=one"));
	ASSERT_EQ(0, v1_mount(self->b, "misc"));
	EXPECT_EQ(-EINVAL, v1_remount(self->b, "misc,name=three"));
	EXPECT_TRUE(v1_exists("misc"));
	EXPECT_EQ(0, v1_remount(self->b, "misc"));
}

/* "if there are no child cgroups then the hierarchy will be deactivated" */
TEST_F(mount, the_last_umount_ends_a_hierarchy_without_children)
{
	ASSERT_EQ(0, v1_mount(self->a, "misc,name=one"));
	ASSERT_EQ(0, v1_mount(self->b, "misc"));
	ASSERT_EQ(0, umount(self->a));
	EXPECT_TRUE(v1_exists("misc,name=one"));
	ASSERT_EQ(0, cg_create(self->b_x));
	ASSERT_EQ(0, cg_remove(self->b_x));
	EXPECT_TRUE(EVENTUALLY(v1_is_childless("misc")));
	ASSERT_EQ(0, umount(self->b));
	EXPECT_TRUE(EVENTUALLY(!v1_exists("misc,name=one")));
	EXPECT_EQ(0, id_of("misc"));
	EXPECT_EQ(-EINVAL, v1_mount(self->a, "name=one"));
}

/* "that hierarchy will remain active even though unmounted" */
TEST_F(mount, with_a_child_a_hierarchy_outlives_the_umount)
{
	int id;
	pid_t pid;

	ASSERT_EQ(0, v1_mount(self->a, "misc"));
	ASSERT_EQ(0, cg_create(self->a_x));
	id = id_of("misc");
	EXPECT_NE(0, id);
	pid = sleeper(self->a_x);
	ASSERT_GT(pid, 0);
	ASSERT_EQ(0, umount(self->a));
	EXPECT_TRUE(v1_at(pid, "misc", "/x"));
	EXPECT_TRUE(v1_at(0, "misc", "/"));
	EXPECT_EQ(id, id_of("misc"));
	EXPECT_EQ(-EBUSY, v1_mount(self->a, "misc,freezer"));
	ASSERT_EQ(0, v1_mount(self->b, "misc"));
	EXPECT_EQ(id, id_of("misc"));
	EXPECT_EQ(pid, cg_number(self->b_x, "cgroup.procs"));
	proc_kill(pid);
	EXPECT_TRUE(EVENTUALLY(!cg_remove(self->b_x)));
	EXPECT_TRUE(EVENTUALLY(v1_is_childless("misc")));
	ASSERT_EQ(0, umount(self->b));
	EXPECT_TRUE(EVENTUALLY(!v1_exists("misc")));
	EXPECT_EQ(0, id_of("misc"));
}

TEST_F(mount, its_type_is_not_that_of_v2)
{
	struct statfs v1, v2;

	ASSERT_EQ(0, v1_mount(self->a, "none,name=one"));
	ASSERT_EQ(0, mkdir(self->b, 0755));
	ASSERT_EQ(0, mount("core", self->b, "cgroup2", 0, NULL));
	ASSERT_EQ(0, statfs(self->a, &v1));
	ASSERT_EQ(0, statfs(self->b, &v2));
	EXPECT_EQ(CGROUP_SUPER_MAGIC, v1.f_type);
	EXPECT_EQ(CGROUP2_SUPER_MAGIC, v2.f_type);
}

FIXTURE(both)
{
	char tmp[32];
	/* Where v1 may be mounted, and where v2 is, with a cgroup. */
	char v1[48], v2[48], x[64];
};

FIXTURE_SETUP(both)
{
	if (!v1_begin(self->tmp, sizeof(self->tmp)))
		SKIP(return, "there are cgroup v1 hierarchies already");
	snprintf(self->v1, sizeof(self->v1), "%s/v1", self->tmp);
	snprintf(self->v2, sizeof(self->v2), "%s/v2", self->tmp);
	snprintf(self->x, sizeof(self->x), "%s/x", self->v2);
	ASSERT_EQ(0, mkdir(self->v2, 0755));
	ASSERT_EQ(0, mount("core", self->v2, "cgroup2", 0, NULL));
	ASSERT_EQ(0, cg_create(self->x));
}

FIXTURE_TEARDOWN_PARENT(both)
{
	if (!self->tmp[0])
		return;
	cg_write(self->v2, "cgroup.subtree_control", "-misc");
	EXPECT_TRUE(v1_end_all(self->tmp));
}

static bool offers(const char *v2, const char *controller)
{
	return cg_lists(v2, "cgroup.controllers", controller);
}

static bool passes_on(const char *v2, const char *controller)
{
	return cg_lists(v2, "cgroup.subtree_control", controller);
}

TEST_F(both, a_controller_is_on_v2_while_it_is_not_on_v1)
{
	ASSERT_TRUE(offers(self->v2, "misc"));
	ASSERT_TRUE(offers(self->v2, "pids"));
	ASSERT_EQ(0, v1_mount(self->v1, "misc"));
	EXPECT_FALSE(offers(self->v2, "misc"));
	EXPECT_TRUE(offers(self->v2, "pids"));
	EXPECT_EQ(-ENOENT,
		  cg_write(self->v2, "cgroup.subtree_control", "+misc"));
	EXPECT_FALSE(cg_has(self->x, "misc.current"));
	ASSERT_EQ(0, umount(self->v1));
	EXPECT_TRUE(EVENTUALLY(offers(self->v2, "misc")));
	EXPECT_EQ(0, cg_write(self->v2, "cgroup.subtree_control", "+misc"));
	EXPECT_TRUE(cg_has(self->x, "misc.current"));
}

TEST_F(both, a_v2_cgroup_that_uses_it_holds_it)
{
	ASSERT_EQ(0, cg_write(self->v2, "cgroup.subtree_control", "+misc"));
	ASSERT_TRUE(offers(self->x, "misc"));
	EXPECT_EQ(-EBUSY, v1_mount(self->v1, "misc"));
	EXPECT_EQ(-EBUSY, v1_mount(self->v1, "misc,freezer"));
	EXPECT_TRUE(offers(self->v2, "misc"));
	EXPECT_TRUE(offers(self->x, "misc"));
	EXPECT_FALSE(v1_exists("misc"));
	EXPECT_FALSE(v1_exists("freezer,misc"));
	/* Passed on to nobody it is taken, out of both files. */
	ASSERT_EQ(0, cg_remove(self->x));
	EXPECT_TRUE(passes_on(self->v2, "misc"));
	EXPECT_TRUE(EVENTUALLY(!v1_mount(self->v1, "misc")));
	EXPECT_FALSE(offers(self->v2, "misc"));
	EXPECT_FALSE(passes_on(self->v2, "misc"));
}

TEST_F(both, a_v2_cgroup_that_no_longer_uses_it_lets_it_go)
{
	ASSERT_EQ(0, cg_write(self->v2, "cgroup.subtree_control", "+misc"));
	EXPECT_EQ(-EBUSY, v1_mount(self->v1, "misc"));
	ASSERT_EQ(0, cg_write(self->v2, "cgroup.subtree_control", "-misc"));
	EXPECT_TRUE(EVENTUALLY(!v1_mount(self->v1, "misc")));
	EXPECT_FALSE(offers(self->v2, "misc"));
}

/* What is unmounted with a child is on v1 still. */
TEST_F(both, v2_has_it_back_when_the_hierarchy_ends)
{
	char child[64];

	snprintf(child, sizeof(child), "%s/child", self->v1);
	ASSERT_EQ(0, v1_mount(self->v1, "misc"));
	ASSERT_EQ(0, cg_create(child));
	ASSERT_EQ(0, umount(self->v1));
	EXPECT_FALSE(offers(self->v2, "misc"));
	ASSERT_EQ(0, v1_mount(self->v1, "misc"));
	ASSERT_EQ(0, cg_remove(child));
	EXPECT_TRUE(EVENTUALLY(v1_is_childless("misc")));
	EXPECT_FALSE(offers(self->v2, "misc"));
	ASSERT_EQ(0, umount(self->v1));
	EXPECT_TRUE(EVENTUALLY(offers(self->v2, "misc")));
	EXPECT_FALSE(v1_exists("misc"));
}

TEST_HARNESS_MAIN

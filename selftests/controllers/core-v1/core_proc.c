// SPDX-License-Identifier: GPL-2.0
/*
 * How cgroup v1 is told of in /proc/cgroups and /proc/PID/cgroup, and the names
 * that are told there: a cgroup of v1 can be renamed.
 *
 * Promises from cgroups(7), "/proc files", and admin-guide/cgroup-v1/cgroups.rst,
 * "How are cgroups implemented?", "Mounting hierarchies by name".
 */
#include "core_v1.h"

FIXTURE(proc)
{
	char tmp[32];
	/* Two places to mount at, and cgroups on what is mounted at the first. */
	char a[48], b[48];
	char x[64], y[64], below[80];
};

FIXTURE_SETUP(proc)
{
	if (!v1_begin(self->tmp, sizeof(self->tmp)))
		SKIP(return, "there are cgroup v1 hierarchies already");
	snprintf(self->a, sizeof(self->a), "%s/a", self->tmp);
	snprintf(self->b, sizeof(self->b), "%s/b", self->tmp);
	snprintf(self->x, sizeof(self->x), "%s/x", self->a);
	snprintf(self->y, sizeof(self->y), "%s/y", self->a);
	snprintf(self->below, sizeof(self->below), "%s/below", self->x);
}

FIXTURE_TEARDOWN_PARENT(proc)
{
	if (self->tmp[0])
		EXPECT_TRUE(v1_end_all(self->tmp));
}

/* What /proc/cgroups says of a controller, which it must have. */
static struct v1_stat stat_of(const char *controller)
{
	struct v1_stat s = {};

	must(v1_stat(controller, &s));
	return s;
}

TEST_F(proc, cgroups_is_a_table_of_controllers)
{
	char text[4096], *line, *save = NULL, name[64];
	int id, cgroups, enabled, lines = 0;

	ASSERT_GT(file_read("/proc/cgroups", text, sizeof(text)), 0);
	line = strtok_r(text, "\n", &save);
	ASSERT_NE(NULL, line);
	EXPECT_STREQ("#subsys_name\thierarchy\tnum_cgroups\tenabled", line);
	while ((line = strtok_r(NULL, "\n", &save))) {
		ASSERT_EQ(4, sscanf(line, "%63[^\t]\t%d\t%d\t%d", name, &id,
				    &cgroups, &enabled));
		EXPECT_EQ(0, id)
			TH_LOG("%s", line);
		EXPECT_EQ(1, enabled)
			TH_LOG("%s", line);
		/* The root, of v2. */
		EXPECT_GE(cgroups, 1);
		lines++;
	}
	EXPECT_GE(lines, 3);
}

TEST_F(proc, a_hierarchy_has_its_number_in_both_files)
{
	struct v1_line pids, freezer;

	ASSERT_EQ(0, v1_mount(self->a, "pids"));
	ASSERT_EQ(0, v1_mount(self->b, "freezer,name=one"));
	ASSERT_TRUE(v1_find(0, "pids", &pids));
	ASSERT_TRUE(v1_find(0, "freezer,name=one", &freezer));
	EXPECT_GT(pids.id, 0);
	EXPECT_EQ(pids.id, stat_of("pids").id);
	EXPECT_GT(freezer.id, 0);
	EXPECT_EQ(freezer.id, stat_of("freezer").id);
	EXPECT_NE(pids.id, freezer.id);
	EXPECT_EQ(0, stat_of("misc").id);
	EXPECT_EQ(1, stat_of("pids").enabled);
}

TEST_F(proc, controllers_on_one_hierarchy_share_number_and_line)
{
	struct v1_line l;

	ASSERT_EQ(0, v1_mount(self->a, "pids,misc,freezer"));
	ASSERT_TRUE(v1_find(0, NULL, &l));
	EXPECT_STREQ("freezer,pids,misc", l.set);
	EXPECT_STREQ("/", l.path);
	EXPECT_EQ(l.id, stat_of("pids").id);
	EXPECT_EQ(l.id, stat_of("freezer").id);
	EXPECT_EQ(l.id, stat_of("misc").id);
	EXPECT_FALSE(v1_exists("pids"));
}

TEST_F(proc, a_hierarchy_without_controllers_has_a_line_only)
{
	struct v1_stat stat;
	struct v1_line l;

	ASSERT_EQ(0, v1_mount(self->a, "none,name=one"));
	ASSERT_EQ(0, cg_create(self->x));
	EXPECT_FALSE(v1_stat("one", &stat));
	EXPECT_FALSE(v1_stat("name=one", &stat));
	EXPECT_EQ(0, stat_of("pids").id);
	ASSERT_TRUE(v1_find(0, NULL, &l));
	EXPECT_STREQ("name=one", l.set);
	EXPECT_STREQ("/", l.path);
	EXPECT_GT(l.id, 0);
}

TEST_F(proc, cgroups_counts_them_with_the_root)
{
	ASSERT_EQ(0, v1_mount(self->a, "misc"));
	EXPECT_EQ(1, stat_of("misc").cgroups);
	ASSERT_EQ(0, cg_create(self->x));
	EXPECT_EQ(2, stat_of("misc").cgroups);
	ASSERT_EQ(0, cg_create(self->below));
	EXPECT_EQ(3, stat_of("misc").cgroups);
	ASSERT_EQ(0, cg_create(self->y));
	EXPECT_EQ(4, stat_of("misc").cgroups);
	/* A removed one goes when all that it held is given back. */
	ASSERT_EQ(0, cg_remove(self->below));
	EXPECT_TRUE(EVENTUALLY(stat_of("misc").cgroups == 3));
	ASSERT_EQ(0, cg_remove(self->x));
	ASSERT_EQ(0, cg_remove(self->y));
	EXPECT_TRUE(EVENTUALLY(stat_of("misc").cgroups == 1));
}

/* "N::PATH" with N 0, and v1's lines before it. */
TEST_F(proc, the_line_of_v2_has_neither_number_nor_controllers)
{
	char text[4096], *last;

	ASSERT_EQ(0, v1_mount(self->a, "misc"));
	ASSERT_EQ(0, mkdir(self->b, 0755));
	ASSERT_EQ(0, mount("core", self->b, "cgroup2", 0, NULL));
	ASSERT_GT(file_read("/proc/self/cgroup", text, sizeof(text)), 0);
	last = strrchr(text, '\n');
	ASSERT_NE(NULL, last);
	EXPECT_STREQ("0::/", last + 1);
	EXPECT_TRUE(v1_at(0, "misc", "/"));
}

#define NAMED	"none,name=one"
#define SET	"name=one"

/* rename(2) of @name, in cgroup @from, to @new in @to. Returns 0, or -errno. */
static int move(const char *from, const char *name, const char *to,
		const char *new)
{
	char old_path[PATH_MAX], new_path[PATH_MAX];

	return rename(cg_path(old_path, from, name),
		      cg_path(new_path, to, new)) ? -errno : 0;
}

TEST_F(proc, a_renamed_cgroup_keeps_members_and_children)
{
	char z[64];
	pid_t in_x, below;

	snprintf(z, sizeof(z), "%s/z", self->a);
	ASSERT_EQ(0, v1_mount(self->a, NAMED));
	ASSERT_EQ(0, v1_mount(self->b, NAMED));
	ASSERT_EQ(0, cg_create(self->x));
	ASSERT_EQ(0, cg_create(self->below));
	in_x = sleeper(self->x);
	below = sleeper(self->below);
	ASSERT_GT(in_x, 0);
	ASSERT_GT(below, 0);
	EXPECT_TRUE(v1_at(in_x, SET, "/x"));
	EXPECT_TRUE(v1_at(below, SET, "/x/below"));
	ASSERT_EQ(0, move(self->a, "x", self->a, "z"));
	EXPECT_TRUE(v1_at(in_x, SET, "/z"));
	EXPECT_TRUE(v1_at(below, SET, "/z/below"));
	EXPECT_EQ(in_x, cg_number(z, "cgroup.procs"));
	EXPECT_FALSE(cg_has(self->a, "x"));
	/* So it is where else it is mounted. */
	EXPECT_FALSE(cg_has(self->b, "x"));
	EXPECT_TRUE(cg_has(self->b, "z"));
	ASSERT_EQ(0, move(z, "below", z, "under"));
	EXPECT_TRUE(v1_at(below, SET, "/z/under"));
	/* The name is free. */
	EXPECT_EQ(0, cg_create(self->x));
	EXPECT_TRUE(v1_at(in_x, SET, "/z"));
}

TEST_F(proc, a_cgroup_stays_with_its_parent)
{
	ASSERT_EQ(0, v1_mount(self->a, NAMED));
	ASSERT_EQ(0, cg_create(self->x));
	ASSERT_EQ(0, cg_create(self->below));
	ASSERT_EQ(0, cg_create(self->y));
	EXPECT_EQ(-EIO, move(self->x, "below", self->a, "below"));
	EXPECT_EQ(-EIO, move(self->a, "y", self->x, "y"));
	EXPECT_TRUE(cg_has(self->x, "below"));
	EXPECT_TRUE(cg_has(self->a, "y"));
	EXPECT_FALSE(cg_has(self->a, "below"));
	EXPECT_FALSE(cg_has(self->x, "y"));
	EXPECT_EQ(0, move(self->x, "below", self->x, "b"));
}

TEST_F(proc, only_cgroups_are_renamed_and_to_free_names)
{
	char x[64];

	snprintf(x, sizeof(x), "%s/x", self->a);
	ASSERT_EQ(0, v1_mount(self->a, NAMED));
	ASSERT_EQ(0, cg_create(self->x));
	ASSERT_EQ(0, cg_create(self->y));
	EXPECT_EQ(-ENOTDIR, move(self->x, "tasks", self->x, "threads"));
	EXPECT_TRUE(cg_has(self->x, "tasks"));
	EXPECT_EQ(-EEXIST, move(self->a, "x", self->a, "y"));
	EXPECT_EQ(-ENOTDIR, move(self->a, "x", self->a, "tasks"));
	EXPECT_EQ(-ENOENT, move(self->a, "z", self->a, "w"));
	EXPECT_EQ(0, move(self->a, "x", self->a, "x"));
	EXPECT_TRUE(cg_has(self->a, "x"));
	EXPECT_TRUE(cg_has(self->a, "y"));
	EXPECT_EQ(-1, renameat2(AT_FDCWD, self->x, AT_FDCWD, self->y,
				RENAME_EXCHANGE));
	EXPECT_EQ(EINVAL, errno);
}

/* A line of /proc/PID/cgroup is to remain one. */
TEST_F(proc, no_name_has_a_newline)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/n\nn", self->a);
	ASSERT_EQ(0, v1_mount(self->a, NAMED));
	ASSERT_EQ(0, cg_create(self->x));
	EXPECT_EQ(-EINVAL, move(self->a, "x", self->a, "n\nn"));
	EXPECT_EQ(-EINVAL, move(self->a, "x", self->a, "\n"));
	EXPECT_TRUE(cg_has(self->a, "x"));
	EXPECT_EQ(-EINVAL, cg_create(path));
	EXPECT_EQ(0, move(self->a, "x", self->a, "n\tn:n n"));
}

TEST_F(proc, who_renames_writes_to_the_parent)
{
	pid_t pid;

	ASSERT_EQ(0, v1_mount(self->a, NAMED));
	ASSERT_EQ(0, cg_create(self->x));
	ASSERT_EQ(0, cg_create(self->below));
	ASSERT_EQ(0, chown(self->x, 65534, 65534));
	pid = proc_fork_bound(0);
	if (!pid) {
		proc_become_nobody();
		must(move(self->a, "x", self->a, "z") == -EACCES);
		must(!move(self->x, "below", self->x, "under"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(cg_has(self->x, "under"));
}

TEST_F(proc, on_v2_a_name_is_for_life)
{
	ASSERT_EQ(0, mkdir(self->a, 0755));
	ASSERT_EQ(0, mount("core", self->a, "cgroup2", 0, NULL));
	ASSERT_EQ(0, cg_create(self->x));
	EXPECT_EQ(-EPERM, move(self->a, "x", self->a, "z"));
	EXPECT_TRUE(cg_has(self->a, "x"));
	EXPECT_EQ(-EPERM, move(self->x, "cgroup.procs", self->x, "procs"));
	ASSERT_EQ(0, v1_mount(self->b, NAMED));
	EXPECT_EQ(-EXDEV, move(self->a, "x", self->b, "x"));
}

TEST_HARNESS_MAIN

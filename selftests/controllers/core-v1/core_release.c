// SPDX-License-Identifier: GPL-2.0
/*
 * Release notification of cgroup v1: a cgroup that has lost its last task or
 * its last child is told to the hierarchy's release agent.
 *
 * Promises from admin-guide/cgroup-v1/cgroups.rst, "What does
 * notify_on_release do?", and cgroups(7), "Cgroups v1 release notification".
 *
 * The agent is a script which logs how it was called. That nobody was told of
 * something is seen from what is told later: in a second hierarchy, whose agent
 * logs, too, a cgroup is released, and the kernel starts agents one by one.
 */
#include "core_v1.h"
#include "cap.h"

FIXTURE(release)
{
	char tmp[32];
	/* The hierarchy, and the script. */
	char root[64], agent[64], log[64];
	/* In the hierarchy, "/p" and "/p/c". */
	char p[80], c[96];
	/* The second hierarchy, with a cgroup to be released, and its child. */
	char mark_root[64], mark[80], mark_child[96];
};

/* An executable file @path, a script of one command. */
static void script(const char *path, const char *command)
{
	FILE *f = fopen(path, "we");

	must(f);
	must(fprintf(f, "#!/bin/sh\n%s\n", command) > 0);
	must(!fclose(f));
	must(!chmod(path, 0755));
}

FIXTURE_SETUP(release)
{
	char text[256];

	if (!v1_begin(self->tmp, sizeof(self->tmp)))
		SKIP(return, "there are cgroup v1 hierarchies already");
	snprintf(self->root, sizeof(self->root), "%s/root", self->tmp);
	snprintf(self->agent, sizeof(self->agent), "%s/agent", self->tmp);
	snprintf(self->log, sizeof(self->log), "%s/log", self->tmp);
	snprintf(self->p, sizeof(self->p), "%s/p", self->root);
	snprintf(self->c, sizeof(self->c), "%s/c", self->p);
	snprintf(self->mark_root, sizeof(self->mark_root), "%s/marks",
		 self->tmp);
	snprintf(self->mark, sizeof(self->mark), "%s/mark", self->mark_root);
	snprintf(self->mark_child, sizeof(self->mark_child), "%s/child",
		 self->mark);
	ASSERT_EQ(0, mknod(self->log, S_IFREG | 0644, 0));
	snprintf(text, sizeof(text), "echo \"$#:$1\" >>%s", self->log);
	script(self->agent, text);
	ASSERT_EQ(0, v1_mount(self->root, "none,name=release"));
	ASSERT_EQ(0, cg_create(self->p));
	ASSERT_EQ(0, cg_write(self->p, "notify_on_release", "1"));
	ASSERT_EQ(0, cg_create(self->c));
	snprintf(text, sizeof(text), "none,name=marks,release_agent=%s",
		 self->agent);
	ASSERT_EQ(0, v1_mount(self->mark_root, text));
	ASSERT_EQ(0, cg_create(self->mark));
	ASSERT_EQ(0, cg_write(self->mark, "notify_on_release", "1"));
}

FIXTURE_TEARDOWN_PARENT(release)
{
	if (self->tmp[0])
		EXPECT_TRUE(v1_end_all(self->tmp));
}

static int set_agent(const char *root, const char *agent)
{
	return cg_write(root, "release_agent", agent);
}

static bool log_is(const char *log, const char *expected)
{
	char text[4096];

	return file_read(log, text, sizeof(text)) >= 0 &&
	       !strcmp(text, expected);
}

static bool log_has(const char *log, const char *what)
{
	char text[4096];

	return file_read(log, text, sizeof(text)) >= 0 && strstr(text, what);
}

/*
 * Whether the agent was told of @expected and of nothing else since the last
 * call.
 */
static bool told(FIXTURE_DATA(release) *self, const char *expected)
{
	char text[4096], all[4096];

	EVENTUALLY(log_is(self->log, expected));
	must(!cg_create(self->mark_child));
	must(!cg_remove(self->mark_child));
	must(EVENTUALLY(log_has(self->log, "1:/mark")));
	must(file_read(self->log, text, sizeof(text)) >= 0);
	must(!truncate(self->log, 0));
	snprintf(all, sizeof(all), "%s%s1:/mark", expected,
		 *expected ? "\n" : "");
	if (strcmp(text, all))
		fprintf(stderr, "# told \"%s\" instead of \"%s\"\n", text, all);
	return !strcmp(text, all);
}

TEST_F(release, the_exit_of_the_last_task_is_told)
{
	pid_t first, last;

	ASSERT_EQ(0, set_agent(self->root, self->agent));
	first = sleeper(self->c);
	last = sleeper(self->c);
	ASSERT_GT(first, 0);
	ASSERT_GT(last, 0);
	proc_kill(first);
	EXPECT_TRUE(told(self, ""));
	proc_kill(last);
	EXPECT_TRUE(told(self, "1:/p/c"));
}

TEST_F(release, its_move_elsewhere_is_told_too)
{
	pid_t pid;

	ASSERT_EQ(0, set_agent(self->root, self->agent));
	pid = sleeper(self->c);
	ASSERT_GT(pid, 0);
	ASSERT_EQ(0, cg_enter(self->root, pid));
	EXPECT_TRUE(told(self, "1:/p/c"));
	ASSERT_EQ(0, cg_write_number(self->c, "tasks", pid));
	EXPECT_TRUE(told(self, ""));
	ASSERT_EQ(0, cg_write_number(self->root, "tasks", pid));
	EXPECT_TRUE(told(self, "1:/p/c"));
	/* It stays, and it may be used again. */
	ASSERT_EQ(0, cg_enter(self->c, pid));
	proc_kill(pid);
	EXPECT_TRUE(told(self, "1:/p/c"));
}

TEST_F(release, the_removal_of_the_last_child_is_told)
{
	char d[96];

	snprintf(d, sizeof(d), "%s/d", self->p);
	ASSERT_EQ(0, set_agent(self->root, self->agent));
	ASSERT_EQ(0, cg_create(d));
	ASSERT_EQ(0, cg_remove(self->c));
	EXPECT_TRUE(told(self, ""));
	ASSERT_EQ(0, cg_remove(d));
	EXPECT_TRUE(told(self, "1:/p"));
	/* What was removed itself has nobody to be removed by. */
	ASSERT_EQ(0, cg_remove(self->p));
	EXPECT_TRUE(told(self, ""));
}

TEST_F(release, a_child_holds_it_and_so_does_a_task)
{
	pid_t pid;

	ASSERT_EQ(0, set_agent(self->root, self->agent));
	pid = sleeper(self->p);
	ASSERT_GT(pid, 0);
	proc_kill(pid);
	EXPECT_TRUE(told(self, ""));
	pid = sleeper(self->p);
	ASSERT_GT(pid, 0);
	ASSERT_EQ(0, cg_remove(self->c));
	EXPECT_TRUE(told(self, ""));
	proc_kill(pid);
	EXPECT_TRUE(told(self, "1:/p"));
}

/* Of the child's release, not of the parent's, whose child it still is. */
TEST_F(release, the_parent_is_not_told_of_before_the_child_is_removed)
{
	pid_t below, above;

	ASSERT_EQ(0, set_agent(self->root, self->agent));
	above = sleeper(self->p);
	ASSERT_GT(above, 0);
	below = sleeper(self->c);
	ASSERT_GT(below, 0);
	proc_kill(above);
	EXPECT_TRUE(told(self, ""));
	proc_kill(below);
	EXPECT_TRUE(told(self, "1:/p/c"));
	ASSERT_EQ(0, cg_remove(self->c));
	EXPECT_TRUE(told(self, "1:/p"));
}

TEST_F(release, without_the_flag_nobody_is_told)
{
	pid_t pid;

	ASSERT_EQ(0, set_agent(self->root, self->agent));
	ASSERT_EQ(0, cg_write(self->c, "notify_on_release", "0"));
	pid = sleeper(self->c);
	ASSERT_GT(pid, 0);
	ASSERT_EQ(0, cg_enter(self->p, pid));
	EXPECT_TRUE(told(self, ""));
	/* Neither of what was released before the flag was set. */
	ASSERT_EQ(0, cg_write(self->c, "notify_on_release", "1"));
	EXPECT_TRUE(told(self, ""));
	ASSERT_EQ(0, cg_enter(self->c, pid));
	ASSERT_EQ(0, cg_enter(self->p, pid));
	EXPECT_TRUE(told(self, "1:/p/c"));
	ASSERT_EQ(0, cg_write(self->p, "notify_on_release", "0"));
	ASSERT_EQ(0, cg_remove(self->c));
	proc_kill(pid);
	EXPECT_TRUE(told(self, ""));
}

TEST_F(release, without_an_agent_nobody_is_told)
{
	pid_t pid = sleeper(self->c);

	ASSERT_GT(pid, 0);
	ASSERT_EQ(0, cg_enter(self->p, pid));
	EXPECT_TRUE(told(self, ""));
	ASSERT_EQ(0, set_agent(self->root, self->agent));
	EXPECT_TRUE(told(self, ""));
	ASSERT_EQ(0, cg_enter(self->c, pid));
	ASSERT_EQ(0, cg_enter(self->p, pid));
	EXPECT_TRUE(told(self, "1:/p/c"));
	ASSERT_EQ(0, set_agent(self->root, "\n"));
	ASSERT_EQ(0, cg_enter(self->c, pid));
	ASSERT_EQ(0, cg_enter(self->p, pid));
	EXPECT_TRUE(told(self, ""));
}

/* "This enables automatic removal of abandoned cgroups." */
TEST_F(release, an_agent_removes_what_was_abandoned)
{
	char text[256];
	pid_t pid;

	snprintf(text, sizeof(text), "rmdir %s$1", self->root);
	script(self->agent, text);
	ASSERT_EQ(0, set_agent(self->root, self->agent));
	pid = sleeper(self->c);
	ASSERT_GT(pid, 0);
	EXPECT_EQ(0, access(self->c, F_OK));
	proc_kill(pid);
	EXPECT_TRUE(EVENTUALLY(access(self->c, F_OK)));
	EXPECT_TRUE(EVENTUALLY(access(self->p, F_OK)));
}

TEST_F(release, a_new_cgroup_has_its_parents_flag)
{
	char d[96];

	EXPECT_EQ(0, cg_number(self->root, "notify_on_release"));
	EXPECT_EQ(1, cg_number(self->c, "notify_on_release"));
	ASSERT_EQ(0, cg_write(self->p, "notify_on_release", "0"));
	EXPECT_EQ(1, cg_number(self->c, "notify_on_release"));
	snprintf(d, sizeof(d), "%s/d", self->p);
	ASSERT_EQ(0, cg_create(d));
	EXPECT_EQ(0, cg_number(d, "notify_on_release"));
	ASSERT_EQ(0, cg_write(self->root, "notify_on_release", "1"));
	EXPECT_EQ(0, cg_number(d, "notify_on_release"));
	snprintf(d, sizeof(d), "%s/d", self->root);
	ASSERT_EQ(0, cg_create(d));
	EXPECT_EQ(1, cg_number(d, "notify_on_release"));
}

/* Whether the hierarchy's agent is @expected. */
static bool agent_is(const char *root, const char *expected)
{
	char text[PATH_MAX + 1];

	must(cg_read(root, "release_agent", text, sizeof(text)) >= 0);
	if (strcmp(text, expected))
		fprintf(stderr, "# the agent is '%s'\n", text);
	return !strcmp(text, expected);
}

TEST_F(release, a_hierarchy_has_no_agent_at_first_and_one_at_most)
{
	EXPECT_TRUE(agent_is(self->root, ""));
	ASSERT_EQ(0, set_agent(self->root, " /sbin/one \n"));
	EXPECT_TRUE(agent_is(self->root, "/sbin/one"));
	ASSERT_EQ(0, set_agent(self->root, "/2"));
	EXPECT_TRUE(agent_is(self->root, "/2"));
	ASSERT_EQ(0, set_agent(self->root, "\n"));
	EXPECT_TRUE(agent_is(self->root, ""));
	EXPECT_FALSE(cg_has(self->p, "release_agent"));
	/* The other hierarchy has its own. */
	EXPECT_TRUE(agent_is(self->mark_root, self->agent));
}

TEST_F(release, the_agents_path_is_as_long_as_paths_are)
{
	char path[PATH_MAX + 1];

	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[PATH_MAX] = '\0';
	ASSERT_EQ(0, set_agent(self->root, "/before"));
	EXPECT_EQ(-E2BIG, set_agent(self->root, path));
	EXPECT_TRUE(agent_is(self->root, "/before"));
	path[PATH_MAX - 1] = '\0';
	EXPECT_EQ(0, set_agent(self->root, path));
	EXPECT_TRUE(agent_is(self->root, path));
}

TEST_F(release, an_agent_is_given_at_mount)
{
	char at[64], text[256];

	/* The fixture has mounted one like that. */
	EXPECT_TRUE(agent_is(self->mark_root, self->agent));
	snprintf(text, sizeof(text), "release_agent=%s", self->agent);
	EXPECT_TRUE(v1_shows(self->mark_root, text));
	EXPECT_FALSE(v1_shows(self->root, "release_agent"));

	snprintf(at, sizeof(at), "%s/at", self->tmp);
	EXPECT_EQ(-EINVAL, v1_mount(at, "none,name=x,release_agent=/1,release_agent=/2"));
	EXPECT_FALSE(v1_exists("name=x"));
	ASSERT_EQ(0, v1_mount(at, "none,name=x,release_agent=/1"));
	EXPECT_TRUE(agent_is(at, "/1"));
}

/* A hierarchy that is there already is mounted as it is. */
TEST_F(release, another_mount_keeps_the_agent_and_a_remount_changes_it)
{
	char at[64], again[64];

	snprintf(at, sizeof(at), "%s/at", self->tmp);
	snprintf(again, sizeof(again), "%s/again", self->tmp);
	ASSERT_EQ(0, v1_mount(at, "none,name=x,release_agent=/1"));
	ASSERT_EQ(0, v1_mount(again, "none,name=x,release_agent=/2"));
	EXPECT_TRUE(agent_is(again, "/1"));
	EXPECT_EQ(0, v1_remount(at, "none,name=x"));
	EXPECT_TRUE(agent_is(at, "/1"));
	EXPECT_EQ(0, v1_remount(at, "none,name=x,release_agent=/2"));
	EXPECT_TRUE(agent_is(again, "/2"));
}

/*
 * The agent runs with all capabilities. What counts is who opened the file, not
 * who writes to it.
 */
TEST_F(release, without_cap_sys_admin_root_sets_no_agent)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		uint64_t others = cap_all() & ~CAP_BIT(CAP_SYS_ADMIN);
		char path[PATH_MAX];
		int before, after;

		cg_path(path, self->root, "release_agent");
		before = open(path, O_WRONLY);
		must(before >= 0);
		must(!cap_set(others, cap_all(), 0));
		after = open(path, O_WRONLY);
		must(after >= 0);
		must(write(after, "/after", 6) == -1 && errno == EPERM);
		must(write(before, "/before", 7) == 7);
		must(agent_is(self->root, "/before"));
		must(!cap_set(cap_all(), cap_all(), 0));
		must(write(after, "/after", 6) == -1 && errno == EPERM);
		must(!set_agent(self->root, "/now"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(agent_is(self->root, "/now"));
}

TEST_HARNESS_MAIN

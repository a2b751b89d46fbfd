// SPDX-License-Identifier: GPL-2.0
/* An ordinary user: containers in a cgroup that is delegated to him, and no others. */
#include "kselftest_harness.h"
#include "tool.h"

#define HIS	"/sys/fs/cgroup/his"

FIXTURE(user) {
};

FIXTURE_SETUP(user)
{
	tool_setup();
	ASSERT_EQ(0, cg_destroy(HIS));
	ASSERT_EQ(0, cg_create(HIS));
	/* what cgroup-v2.rst says is to be his */
	ASSERT_EQ(0, system("chown nobody " HIS " " HIS "/cgroup.procs " HIS "/cgroup.threads "
			    HIS "/cgroup.subtree_control"));
}

FIXTURE_TEARDOWN(user)
{
	tool_teardown();
	cg_destroy(HIS);
}

/* Runs the tool as the user in his cgroup. Its output can be read as usual. */
__attribute__((format(printf, 1, 2)))
static int as_user(const char *fmt, ...)
{
	char args[1024];
	va_list ap;
	pid_t pid;

	va_start(ap, fmt);
	vsnprintf(args, sizeof(args), fmt, ap);
	va_end(ap);
	must(!system("rm -f " TOOL_DIR "/out " TOOL_DIR "/err"));
	pid = cg_fork_into(HIS, 0);
	if (!pid) {
		proc_become_nobody();
		_exit(tool("%s", args));
	}
	return proc_end(pid);
}

TEST_F(user, runs_containers_with_a_user_namespace)
{
	ASSERT_EQ(0, as_user("run --user --all --name web sh -c 'id -u; cat /proc/self/cgroup;"
			     " cat /proc/1/comm; hostname; cat /proc/self/uid_map'"))
		TH_LOG("%s", tool_err());
	EXPECT_STREQ("0\n0::/\nsh\nweb\n         0      65534          1", tool_out());
	EXPECT_NE(0, access(HIS "/bulkhead/web", F_OK));
}

TEST_F(user, without_one_he_is_told)
{
	EXPECT_EQ(1, as_user("run --name web true"));
	EXPECT_STREQ("bulkhead: namespaces (pid): Operation not permitted; "
		     "an ordinary user needs --user", tool_err());
	EXPECT_NE(0, access(HIS "/bulkhead/web", F_OK));
	/* a cgroup alone is his to have */
	EXPECT_EQ(6, as_user("run --none sh -c 'exit 6'"));
	/* ids that are not his are not his to map */
	EXPECT_EQ(1, as_user("run --user=0:0:1 true"));
	EXPECT_STREQ("bulkhead: --user: 0 0 1: Operation not permitted", tool_err());
}

TEST_F(user, manages_what_is_his)
{
	ASSERT_EQ(0, as_user("run -d --user --pid --uts --name web sleep 1000"))
		TH_LOG("%s", tool_err());
	ASSERT_EQ(0, as_user("list --json"));
	EXPECT_STREQ("web", json_get(tool_file("out"), "[0].name"));
	EXPECT_STREQ("running", json_get(tool_file("out"), "[0].state"));
	EXPECT_STREQ("sleep 1000", json_get(tool_file("out"), "[0].command"));
	ASSERT_EQ(0, as_user("freeze web")) TH_LOG("%s", tool_err());
	ASSERT_EQ(0, as_user("thaw web")) TH_LOG("%s", tool_err());
	ASSERT_EQ(0, as_user("enter web sh -c 'id -u; hostname; cat /proc/self/cgroup'"))
		TH_LOG("%s", tool_err());
	EXPECT_STREQ("0\nweb\n0::/his/bulkhead/web", tool_out());
	ASSERT_EQ(0, as_user("kill web")) TH_LOG("%s", tool_err());
	EXPECT_NE(0, access(HIS "/bulkhead/web", F_OK));
}

/* He sees root's containers when he is where they are, and that is all. */
TEST_F(user, does_nothing_to_what_is_not_his)
{
	static const char * const all[] = {
		"run true", "run --user true", "freeze web", "thaw web", "kill web",
		"kill --signal TERM web", "enter web true", "checkpoint -o /dev/null web",
	};
	pid_t pid;

	ASSERT_EQ(0, tool("run -d --name web sleep 1000"));
	must(!system("rm -f " TOOL_DIR "/out " TOOL_DIR "/err"));
	pid = proc_fork(0);
	if (!pid) {
		proc_become_nobody();
		for (size_t i = 0; i < ARRAY_SIZE(all); i++)
			if (tool("%s", all[i]) != 1 || !(tool_complains_of("ermi") ||
							 tool_complains_of("denied"))) {
				fprintf(stderr, "# %s: %s\n", all[i], tool_err());
				_exit(1);
			}
		must(tool("list --json") == 0);
		must(!strcmp(json_get(tool_file("out"), "[0].state"), "running"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	must(!system("rm -f " TOOL_DIR "/out " TOOL_DIR "/err"));
	EXPECT_TRUE(tool_state_is("web", "running"));
	/* what has ended is not his to remove */
	ASSERT_EQ(0, tool_sh("kill -9 %d", tool_pid("web")));
	ASSERT_EQ(0, cg_await_empty(tool_cg("web")));
	must(!system("rm -f " TOOL_DIR "/out " TOOL_DIR "/err"));
	pid = proc_fork(0);
	if (!pid) {
		proc_become_nobody();
		must(tool("list --json") == 0);
		must(!strcmp(json_get(tool_file("out"), "[0].state"), "ended"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(tool_is_there("web"));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/* What a container may have: options of run become control files, and they hold. */
#include "kselftest_harness.h"
#include "tool.h"

FIXTURE(limits) {
};

FIXTURE_SETUP(limits)
{
	tool_setup();
}

FIXTURE_TEARDOWN(limits)
{
	tool_teardown();
	cg_destroy("/sys/fs/cgroup/leaf");
}

TEST_F(limits, each_option_is_in_its_file)
{
	static const struct {
		const char *option, *file, *text;
	} all[] = {
		{ "--memory 64M", "memory.max", "67108864" },
		{ "--memory max", "memory.max", "max" },
		{ "--memory-high 32M", "memory.high", "33554432" },
		{ "--swap 0", "memory.swap.max", "0" },
		{ "--pids 17", "pids.max", "17" },
		{ "--cpu 1.5", "cpu.max", "150000 100000" },
		{ "--cpu 20%", "cpu.max", "20000 100000" },
		{ "--cpu-weight 300", "cpu.weight", "300" },
		{ "--cpus 0", "cpuset.cpus", "0" },
		{ "--io /dev/ubda,wbps=1M,riops=9", "io.max",
		  "98:0 rbps=max wbps=1048576 riops=9 wiops=max" },
		{ "--io '98:0 rbps=4096'", "io.max", "98:0 rbps=4096 wbps=max riops=max wiops=max" },
	};
	char text[256];

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		ASSERT_EQ(0, tool("run -d --name web %s sleep 1000", all[i].option))
			TH_LOG("%s: %s", all[i].option, tool_err());
		ASSERT_LT(0, cg_read(tool_cg("web"), all[i].file, text, sizeof(text)));
		EXPECT_STREQ(all[i].text, text) TH_LOG("%s", all[i].option);
		ASSERT_EQ(0, tool("kill web"));
	}
}

TEST_F(limits, several_hold_together)
{
	char text[64];

	ASSERT_EQ(0, tool("run -d --name web --memory 64M --pids 9 --cpu-weight 7 sleep 1000"));
	EXPECT_EQ(67108864, cg_number(tool_cg("web"), "memory.max"));
	EXPECT_EQ(9, cg_number(tool_cg("web"), "pids.max"));
	EXPECT_EQ(7, cg_number(tool_cg("web"), "cpu.weight"));
	EXPECT_LT(0, cg_read(tool_cg("web"), "memory.high", text, sizeof(text)));
	EXPECT_STREQ("max", text);
}

TEST_F(limits, who_wants_more_memory_is_killed)
{
	EXPECT_EQ(0, tool("run --none --memory 16M --swap 0 dd if=/dev/zero of=/dev/null bs=4M count=1"));
	EXPECT_EQ(137, tool("run --none --memory 16M --swap 0 dd if=/dev/zero of=/dev/null bs=64M count=1"));
}

TEST_F(limits, who_wants_more_tasks_gets_none)
{
	EXPECT_EQ(0, tool("run --pids 8 sh -c 'for i in 1 2 3; do sleep 1000 & done'"));
	EXPECT_NE(0, tool("run --pids 3 sh -c 'for i in 1 2 3; do sleep 1000 & done'"));
	EXPECT_TRUE(tool_complains_of("fork")) TH_LOG("%s", tool_err());
	/* not even the first */
	EXPECT_EQ(1, tool("run --name none --pids 0 true"));
	EXPECT_STREQ("bulkhead: none: a process in it, namespaces (pid): "
		     "Resource temporarily unavailable", tool_err());
	EXPECT_FALSE(tool_is_there("none"));
}

TEST_F(limits, what_the_kernel_refuses_is_told_and_leaves_nothing)
{
	EXPECT_EQ(1, tool("run --name web --cpus 4000 true"));
	EXPECT_STREQ("bulkhead: --cpus: cpuset.cpus: '4000': Numerical result out of range",
		     tool_err());
	EXPECT_FALSE(tool_is_there("web"));
	EXPECT_EQ(1, tool("run --name web --io 250:77,rbps=1M true"));
	EXPECT_STREQ("bulkhead: --io: io.max: '250:77 rbps=1048576': No such device", tool_err());
	EXPECT_FALSE(tool_is_there("web"));
}

/* No cgroup has both processes and controllers of its children. */
TEST_F(limits, a_controller_that_cannot_be_enabled_is_told)
{
	static const char leaf[] = "/sys/fs/cgroup/leaf";
	pid_t pid;

	ASSERT_EQ(0, cg_create(leaf));
	pid = cg_fork_into(leaf, 0);
	if (!pid) {
		must(tool("run --name web cat /proc/self/cgroup") == 0);
		must(!strcmp(tool_out(), "0::/leaf/bulkhead/web"));
		_exit(tool("run --name web --pids 5 true"));
	}
	EXPECT_EQ(1, proc_end(pid));
	EXPECT_STREQ("bulkhead: the pids controller cannot be enabled in cgroup /sys/fs/cgroup/leaf: "
		     "processes live there (cgroup v2 wants them in leaves)", tool_err());
	EXPECT_NE(0, access("/sys/fs/cgroup/leaf/bulkhead/web", F_OK));
}

TEST_F(limits, a_controller_that_is_not_there_is_told)
{
	static const char leaf[] = "/sys/fs/cgroup/leaf";
	pid_t pid;

	ASSERT_EQ(0, cg_write("/sys/fs/cgroup", "cgroup.subtree_control", "-pids"));
	ASSERT_EQ(0, cg_create(leaf));
	pid = cg_fork_into(leaf, 0);
	if (!pid)
		_exit(tool("run --name web --pids 5 true"));
	EXPECT_EQ(1, proc_end(pid));
	EXPECT_STREQ("bulkhead: the pids controller cannot be enabled in cgroup /sys/fs/cgroup/leaf: "
		     "it is not available there", tool_err());
	/* from the root it is switched on again on the way */
	EXPECT_EQ(0, tool("run --pids 5 true"));
}

TEST_HARNESS_MAIN

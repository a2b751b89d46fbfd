// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel's log says about an OOM in a cgroup. The details are
 * ratelimited to ten in five seconds, so this program comes first.
 */
#include "kselftest_harness.h"
#include "oom.h"

TEST_F(oom, the_log_names_limit_cgroup_and_victim)
{
	char record[8192], expected[PATH_MAX];
	int fd = log_open();
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->top, "memory.max", "8M"));
	pid = glutton(self->a, MB(16), 0);
	EXPECT_EQ(-SIGKILL, proc_end(pid));
	ASSERT_TRUE(log_find(fd, "oom-kill:constraint=CONSTRAINT_MEMCG", record,
			     sizeof(record)));
	snprintf(expected, sizeof(expected), "oom_memcg=%s,",
		 self->top + strlen(self->root));
	EXPECT_NE(NULL, strstr(record, expected));
	snprintf(expected, sizeof(expected), "task_memcg=%s,",
		 self->a + strlen(self->root));
	EXPECT_NE(NULL, strstr(record, expected));
	snprintf(expected, sizeof(expected), "pid=%d,uid=0", pid);
	EXPECT_NE(NULL, strstr(record, expected))
		TH_LOG("%s", record);
}

TEST_F(oom, the_log_has_the_usage_and_the_limit)
{
	char record[8192];
	int fd = log_open();

	ASSERT_EQ(0, cg_write(self->a, "memory.max", "8M"));
	EXPECT_EQ(-SIGKILL, proc_end(glutton(self->a, MB(16), 0)));
	ASSERT_TRUE(log_find(fd, "invoked oom-killer", record, sizeof(record)));
	ASSERT_TRUE(log_find(fd, "memory: usage 8192kB, limit 8192kB, failcnt",
			     record, sizeof(record)));
	EXPECT_TRUE(log_find(fd, "Memory cgroup stats for ", record,
			     sizeof(record)));
	EXPECT_TRUE(log_find(fd, "Memory cgroup out of memory: Killed process",
			     record, sizeof(record)));
}

TEST_F(oom, the_log_says_that_it_was_a_group)
{
	char record[8192], expected[PATH_MAX + 100];
	int fd = log_open();

	ASSERT_EQ(0, cg_write(self->a, "memory.max", "8M"));
	ASSERT_EQ(0, cg_write(self->a, "memory.oom.group", "1"));
	EXPECT_EQ(-SIGKILL, proc_end(glutton(self->a, MB(16), 0)));
	snprintf(expected, sizeof(expected),
		 "Tasks in %s are going to be killed due to memory.oom.group set",
		 self->a + strlen(self->root));
	EXPECT_TRUE(log_find(fd, expected, record, sizeof(record)));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * When it is the whole machine that has no memory left: what that means for
 * cgroups without a limit, and what is the machine's business alone.
 *
 * Promises from cgroup-v2.rst, "memory.oom.group" and "oom", "oom_kill" of
 * "memory.events", and memcg_test.rst 9.8 (panic_on_oom).
 */
#include "kselftest_harness.h"
#include "oom.h"

#define PANIC_ON_OOM	"/proc/sys/vm/panic_on_oom"

/* What the machine has, swap included. */
static long machine_bytes(void)
{
	static const char * const keys[] = { "MemTotal", "SwapTotal" };
	long sum = 0;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		char text[64];

		must(!file_field("/proc/meminfo", keys[i], text, sizeof(text)));
		sum += KB(atol(text));
	}
	return sum;
}

/*
 * A process in @cg that wants more than the machine has, and whom the OOM killer
 * likes best. It asks in pieces: all at once would be refused.
 */
static pid_t devourer(const char *cg)
{
	long all = machine_bytes();
	pid_t pid = cg_fork_bound(cg);

	if (!pid) {
		must(!file_write("/proc/self/oom_score_adj", "1000"));
		for (long had = 0; had <= all; had += MB(16))
			map_used(MB(16));
		_exit(0);
	}
	must(pid > 0);
	return pid;
}

/* The next victim for want of memory in the machine, and not in a cgroup; or 0. */
static pid_t system_victim(int log)
{
	static const char killed[] = "Out of memory: Killed process ";
	char record[8192];

	if (!log_find(log, killed, record, sizeof(record)))
		return 0;
	return atoi(strstr(record, killed) + strlen(killed));
}

/* No limit was reached, so there is a kill without an OOM of any cgroup. */
TEST_F_TIMEOUT(oom, a_kill_for_the_machines_sake_is_an_event, 120)
{
	int log = log_open(), a, b;
	pid_t pid, one, other;

	one = resident(self->a, MB(1), 0);
	other = resident(self->b, MB(1), 0);
	a = cg_watch(self->a, "memory.events");
	b = cg_watch(self->b, "memory.events");
	pid = devourer(self->a);
	EXPECT_EQ(-SIGKILL, proc_end(pid));
	EXPECT_EQ(pid, system_victim(log));
	EXPECT_EQ(0, system_victim(log));
	EXPECT_TRUE(alive(one));
	EXPECT_TRUE(alive(other));
	EXPECT_EQ(1, cg_key(self->a, "memory.events", "oom_kill"));
	EXPECT_EQ(1, cg_key(self->a, "memory.events.local", "oom_kill"));
	EXPECT_EQ(1, cg_key(self->top, "memory.events", "oom_kill"));
	EXPECT_EQ(0, cg_key(self->top, "memory.events.local", "oom_kill"));
	EXPECT_EQ(0, cg_key(self->top, "memory.events", "oom"));
	EXPECT_EQ(0, cg_key(self->top, "memory.events", "oom_group_kill"));
	EXPECT_EQ(0, cg_key(self->b, "memory.events", "oom_kill"));
	EXPECT_TRUE(cg_event(a, PROC_HANG_MS));
	EXPECT_FALSE(cg_event(b, 0));
}

TEST_F_TIMEOUT(oom, a_group_without_a_limit_dies_together, 120)
{
	int log = log_open();
	pid_t pid, one, other;

	ASSERT_EQ(0, cg_write(self->a, "memory.oom.group", "1"));
	one = resident(self->a, MB(1), 0);
	other = resident(self->b, MB(1), 0);
	pid = devourer(self->a);
	EXPECT_EQ(-SIGKILL, proc_end(pid));
	EXPECT_EQ(-SIGKILL, proc_end(one));
	EXPECT_EQ(pid, system_victim(log));
	EXPECT_TRUE(alive(other));
	EXPECT_EQ(0, cg_await_empty(self->a));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "oom"));
	/* The chosen one is counted again, if it still has its memory then. */
	EXPECT_LE(2, cg_key(self->a, "memory.events", "oom_kill"));
	EXPECT_GE(3, cg_key(self->a, "memory.events", "oom_kill"));
	EXPECT_EQ(1, cg_key(self->a, "memory.events", "oom_group_kill"));
	EXPECT_EQ(1, cg_key(self->top, "memory.events", "oom_group_kill"));
	EXPECT_EQ(0, cg_key(self->top, "memory.events.local", "oom_group_kill"));
	EXPECT_EQ(0, cg_key(self->b, "memory.events", "oom_kill"));
}

/* No limit is nearer than the machine's, so the group may be all the way up. */
TEST_F_TIMEOUT(oom, the_highest_group_is_killed, 120)
{
	pid_t pid, one, other, outside;

	ASSERT_EQ(0, cg_write(self->a, "memory.oom.group", "1"));
	ASSERT_EQ(0, cg_write(self->top, "memory.oom.group", "1"));
	one = resident(self->a, MB(1), 0);
	other = resident(self->b, MB(1), 0);
	outside = resident(self->root, MB(1), 0);
	pid = devourer(self->a);
	EXPECT_EQ(-SIGKILL, proc_end(pid));
	EXPECT_EQ(-SIGKILL, proc_end(one));
	EXPECT_EQ(-SIGKILL, proc_end(other));
	EXPECT_TRUE(alive(outside));
	EXPECT_EQ(1, cg_key(self->top, "memory.events.local", "oom_group_kill"));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "oom_group_kill"));
	EXPECT_EQ(1, cg_key(self->b, "memory.events", "oom_kill"));
}

FIXTURE(panic_on_oom)
{
	char root[PATH_MAX], top[PATH_MAX], a[PATH_MAX], b[PATH_MAX];
	long before;
};

FIXTURE_SETUP(panic_on_oom)
{
	int err = memcg_top(self->root, self->top, self->a, self->b, "panic");

	if (err == -ENOENT || err == -ENODEV)
		SKIP(return, "cgroup v2 has no memory controller here");
	ASSERT_EQ(0, err);
	self->before = file_number(PANIC_ON_OOM);
	ASSERT_LE(0, self->before);
}

FIXTURE_TEARDOWN_PARENT(panic_on_oom)
{
	if (!self->top[0])
		return;
	file_printf(PANIC_ON_OOM, "%ld", self->before);
	cg_destroy(self->top);
}

TEST_F(panic_on_oom, a_cgroup_without_memory_is_no_reason)
{
	int log = log_open();
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, "memory.max", "8M"));
	ASSERT_EQ(0, file_write(PANIC_ON_OOM, "1"));
	pid = glutton(self->a, MB(12), 0);
	EXPECT_EQ(-SIGKILL, proc_end(pid));
	EXPECT_EQ(0, system_victim(log));
	EXPECT_EQ(1, file_number(PANIC_ON_OOM));
	EXPECT_LE(1, cg_key(self->a, "memory.events", "oom"));
	EXPECT_EQ(1, cg_key(self->a, "memory.events", "oom_kill"));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Where a task is when there is no memory left, what becomes of it there, and
 * what happens when there is nobody to kill.
 *
 * Promises from cgroup-v2.rst, "memory.max": order-0 allocations succeed
 * unless the OOM killer chooses the current task, and some return ENOMEM.
 */
#include "kselftest_harness.h"
#include "oom.h"
#include <sys/wait.h>

/* Writes to a tmpfs file until it cannot. Returns 0, or -errno. */
static int write_file(size_t size)
{
	static char buf[1 << 16];
	char name[] = "oom-where.XXXXXX";
	int fd = mkstemp(name);

	must(fd >= 0);
	must(!unlink(name));
	for (size_t at = 0; at < size; at += sizeof(buf)) {
		ssize_t n = write(fd, buf, sizeof(buf));

		if (n < 0)
			return -errno;
		if (n < (ssize_t)sizeof(buf))
			at -= sizeof(buf) - n;
	}
	return 0;
}

TEST_F(oom, a_page_fault_ends_in_death)
{
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "8M"));
	EXPECT_EQ(-SIGKILL, proc_end(glutton(self->a, MB(12), 0)));
}

TEST_F(oom, a_page_fault_within_the_kernel_ends_in_death)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, "memory.max", "8M"));
	pid = cg_fork_bound(self->a);
	if (!pid) {
		int fd = open("/dev/zero", O_RDONLY);

		must(read(fd, map_fresh(MB(12)), MB(12)) == MB(12));
		_exit(0);
	}
	EXPECT_EQ(-SIGKILL, proc_end(pid));
}

TEST_F(oom, a_file_write_ends_in_death)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, "memory.max", "8M"));
	pid = cg_fork_bound(self->a);
	if (!pid)
		_exit(write_file(MB(12)) ? 1 : 0);
	EXPECT_EQ(-SIGKILL, proc_end(pid));
	EXPECT_EQ(1, cg_key(self->a, "memory.events", "oom_kill"));
}

TEST_F(oom, populating_a_mapping_ends_in_death)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, "memory.max", "8M"));
	pid = cg_fork_bound(self->a);
	if (!pid) {
		mmap(NULL, MB(12), PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		_exit(0);
	}
	EXPECT_EQ(-SIGKILL, proc_end(pid));
}

/* 2M of argument strings are in memory before there is a program for them. */
TEST_F(oom, copying_arguments_of_an_exec_ends_in_death)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, "memory.max", "4M"));
	pid = cg_fork_bound(self->a);
	if (!pid) {
		char *big = map_fresh(KB(124)), *argv[16];

		memset(big, 'x', KB(124) - 1);
		for (int i = 0; i < 15; i++)
			argv[i] = big;
		argv[15] = NULL;
		map_used(MB(4) - cg_number(self->a, "memory.current") - KB(900));
		execv("/proc/self/exe", argv);
		_exit(1);
	}
	EXPECT_EQ(-SIGKILL, proc_end(pid));
}

/* Nobody may be killed, so the fault is tried again until there is room. */
TEST_F(oom, with_nobody_to_kill_a_fault_waits_for_room)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, "memory.max", "8M"));
	pid = glutton(self->a, MB(12), -1000);
	EXPECT_TRUE(cg_key_settles(self->a, "memory.events", "oom", 3, LONG_MAX));
	EXPECT_TRUE(alive(pid));
	EXPECT_GE(MB(8), cg_number(self->a, "memory.current"));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "oom_kill"));
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "32M"));
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(oom, with_nobody_to_kill_a_fault_can_be_killed_by_others)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, "memory.max", "8M"));
	pid = glutton(self->a, MB(12), -1000);
	EXPECT_TRUE(cg_key_settles(self->a, "memory.events", "oom", 1, LONG_MAX));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
}

TEST_F(oom, with_nobody_to_kill_a_write_fails)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, "memory.max", "8M"));
	pid = cg_fork_bound(self->a);
	if (!pid) {
		must(!file_write("/proc/self/oom_score_adj", "-1000"));
		must(write_file(MB(16)) == -ENOMEM);
		/* The file is gone, and so it works again. */
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_LE(1, cg_key(self->a, "memory.events", "oom"));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "oom_kill"));
	EXPECT_EQ(MB(8), cg_number(self->a, "memory.max"));
}

TEST_F(oom, lowering_the_limit_with_nobody_to_kill_comes_to_an_end)
{
	pid_t pid = resident(self->a, MB(8), -1000);

	ASSERT_EQ(0, cg_write(self->a, "memory.max", "4M"));
	EXPECT_TRUE(alive(pid));
	EXPECT_EQ(MB(4), cg_number(self->a, "memory.max"));
	EXPECT_LE(MB(8), cg_number(self->a, "memory.current"));
	EXPECT_LE(1, cg_key(self->a, "memory.events", "oom"));
}

TEST_F(oom, lowering_the_limit_kills_until_the_rest_fits)
{
	int log = log_open();
	pid_t pid[4];
	long kills;

	for (int i = 0; i < 4; i++)
		pid[i] = resident(self->a, MB(4), i * 50);
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "11M"));
	EXPECT_GE(MB(11), cg_number(self->a, "memory.current"));
	kills = cg_key(self->a, "memory.events", "oom_kill");
	EXPECT_LE(2, kills);
	EXPECT_GE(4, kills);
	/* The highest adj first, and so on down. */
	for (int i = 3; i >= 4 - kills; i--) {
		EXPECT_EQ(pid[i], log_victim(log));
		EXPECT_EQ(-SIGKILL, proc_end(pid[i]));
	}
	EXPECT_EQ(0, log_victim(log));
	for (int i = 0; i < 4 - kills; i++) {
		EXPECT_TRUE(alive(pid[i]));
	}
}

TEST_F(oom, what_was_the_victims_is_there_for_the_others)
{
	pid_t fat, pid;

	ASSERT_EQ(0, cg_write(self->a, "memory.max", "12M"));
	fat = resident(self->a, MB(8), 1000);
	/* Protected, it can only wait for the victim's memory. */
	pid = glutton(self->a, MB(8), -1000);
	EXPECT_EQ(-SIGKILL, proc_end(fat));
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(1, cg_key(self->a, "memory.events", "oom_kill"));
}

/* The victim's children are others, and live. */
TEST_F(oom, the_victims_children_live)
{
	struct baton pids = baton_make();
	pid_t pid, child;

	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "8M"));
	pid = cg_fork_bound(self->a);
	if (!pid) {
		child = fork();
		if (!child)
			proc_sleep_forever();
		baton_pass(&pids, child);
		map_used(MB(12));
		_exit(0);
	}
	child = baton_take(&pids);
	EXPECT_EQ(-SIGKILL, proc_end(pid));
	EXPECT_TRUE(alive(child));
	EXPECT_EQ(-SIGKILL, proc_kill(child));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * What utilization clamps come to, between what a process asks for, what its
 * cgroup and those above it allow, and the limits of the system.
 *
 * Promises from scheduler/sched-util-clamp.rst, "Hierarchical aggregation",
 * "Interfaces", and cgroup-v2.rst, "CPU Interface Files". What is effective is
 * what /proc/PID/sched says: 1024 is a whole CPU.
 */
#include "kselftest_harness.h"
#include <linux/types.h>
#include "cgroup.h"
#include "runner.h"

#define KEEP_ALL	0x18	/* SCHED_FLAG_KEEP_POLICY | SCHED_FLAG_KEEP_PARAMS */
#define CLAMP_MIN	0x20	/* SCHED_FLAG_UTIL_CLAMP_MIN */
#define CLAMP_MAX	0x40	/* SCHED_FLAG_UTIL_CLAMP_MAX */

#define SYSTEM_MIN	"/proc/sys/kernel/sched_util_clamp_min"
#define SYSTEM_MAX	"/proc/sys/kernel/sched_util_clamp_max"
#define REALTIME_MIN	"/proc/sys/kernel/sched_util_clamp_min_rt_default"

/* What sched_setattr(2) takes, with the clamps. */
struct clamp_attr {
	__u32 size, policy;
	__u64 flags;
	__s32 nice;
	__u32 priority;
	__u64 runtime, deadline, period;
	__u32 util_min, util_max;
};

/* @a and @b are below @top, which protects and limits nothing. */
FIXTURE(clamp)
{
	char root[256];
	char top[512], a[600], b[600];
	pid_t pid;
};

/* Asks for clamps of @pid, those that @flags name. Returns 0, or -errno. */
static int ask(pid_t pid, int flags, int min, int max)
{
	struct clamp_attr attr = {
		.size = sizeof(attr), .flags = KEEP_ALL | flags,
		.util_min = min, .util_max = max,
	};

	return syscall(SYS_sched_setattr, pid, &attr, 0) ? -errno : 0;
}

static int ask_both(pid_t pid, int min, int max)
{
	return ask(pid, CLAMP_MIN | CLAMP_MAX, min, max);
}

/* The number at @key in /proc/@pid/sched, or -errno. */
static long sched_number(pid_t pid, const char *key)
{
	char path[64], text[64];
	int err;

	snprintf(path, sizeof(path), "/proc/%d/sched", pid);
	err = file_field(path, key, text, sizeof(text));
	return err ? err : atol(text);
}

/* Whether its effective clamps are these; if not, what they are is told. */
static bool clamped(pid_t pid, long min, long max)
{
	long seen_min = sched_number(pid, "effective uclamp.min");
	long seen_max = sched_number(pid, "effective uclamp.max");

	if (seen_min == min && seen_max == max)
		return true;
	fprintf(stderr, "# clamped to %ld...%ld, not %ld...%ld\n", seen_min, seen_max, min, max);
	return false;
}

/* Whether this is what it asks for. */
static bool asks_for(pid_t pid, long min, long max)
{
	return sched_number(pid, "uclamp.min") == min && sched_number(pid, "uclamp.max") == max;
}

static int range(const char *cg, const char *min, const char *max)
{
	int err = cg_write(cg, "cpu.uclamp.min", min);

	return err ? err : cg_write(cg, "cpu.uclamp.max", max);
}

FIXTURE_SETUP(clamp)
{
	pid_t pid;

	if (cg_mount_point(NULL, self->root, sizeof(self->root)))
		SKIP(return, "cgroup v2 is not mounted");
	if (!cg_lists(self->root, "cgroup.controllers", "cpu"))
		SKIP(return, "cgroup v2 has no cpu controller here");
	if (sched_number(getpid(), "effective uclamp.min") == -ENOENT)
		SKIP(return, "no clamps in /proc/PID/sched (CONFIG_UCLAMP_TASK)");
	ASSERT_EQ(0, cg_write(self->root, "cgroup.subtree_control", "+cpu"));
	snprintf(self->top, sizeof(self->top), "%s/clamp.%d", self->root, getpid());
	snprintf(self->a, sizeof(self->a), "%s/a", self->top);
	snprintf(self->b, sizeof(self->b), "%s/b", self->top);
	ASSERT_EQ(0, cg_create(self->top));
	if (!cg_has(self->top, "cpu.uclamp.min"))
		SKIP(return, "no utilization clamping (CONFIG_UCLAMP_TASK_GROUP)");
	ASSERT_EQ(0, cg_write(self->top, "cgroup.subtree_control", "+cpu"));
	/* With less, nothing that is protected below would be protected. */
	ASSERT_EQ(0, range(self->top, "max", "max"));
	ASSERT_EQ(0, cg_create(self->a));
	ASSERT_EQ(0, cg_create(self->b));
	pid = cg_fork_into(self->a, 0);
	if (!pid)
		proc_sleep_forever();
	ASSERT_GT(pid, 0);
	self->pid = pid;
}

FIXTURE_TEARDOWN_PARENT(clamp)
{
	/* In this order, as the one must not be above the other. */
	file_write(SYSTEM_MAX, "1024");
	file_write(SYSTEM_MIN, "1024");
	file_write(REALTIME_MIN, "1024");
	if (self->top[0])
		cg_destroy(self->top);
}

TEST_F(clamp, who_asks_for_nothing_has_the_range_of_its_cgroup)
{
	EXPECT_TRUE(clamped(self->pid, 0, 1024));
	ASSERT_EQ(0, range(self->a, "20", "60"));
	EXPECT_TRUE(clamped(self->pid, 205, 614));
	EXPECT_TRUE(asks_for(self->pid, 0, 1024));
	ASSERT_EQ(0, cg_enter(self->b, self->pid));
	EXPECT_TRUE(clamped(self->pid, 0, 1024));
	ASSERT_EQ(0, range(self->b, "60", "100"));
	EXPECT_TRUE(clamped(self->pid, 614, 1024));
}

TEST_F(clamp, what_is_asked_for_is_brought_into_the_range)
{
	ASSERT_EQ(0, range(self->a, "20", "60"));
	ASSERT_EQ(0, ask_both(self->pid, 410, 512));
	EXPECT_TRUE(clamped(self->pid, 410, 512));
	ASSERT_EQ(0, ask_both(self->pid, 100, 700));
	EXPECT_TRUE(clamped(self->pid, 205, 614));
	/* As a whole below it, and as a whole above it. */
	ASSERT_EQ(0, ask_both(self->pid, 10, 20));
	EXPECT_TRUE(clamped(self->pid, 205, 205));
	ASSERT_EQ(0, ask_both(self->pid, 800, 900));
	EXPECT_TRUE(clamped(self->pid, 614, 614));
	EXPECT_TRUE(asks_for(self->pid, 800, 900));
}

/* "as soon as the task moves ... the request will be satisfied" */
TEST_F(clamp, what_was_asked_for_is_remembered_over_a_move)
{
	ASSERT_EQ(0, range(self->a, "20", "60"));
	ASSERT_EQ(0, range(self->b, "60", "100"));
	ASSERT_EQ(0, ask_both(self->pid, 410, 512));
	ASSERT_EQ(0, cg_enter(self->b, self->pid));
	EXPECT_TRUE(clamped(self->pid, 614, 614));
	ASSERT_EQ(0, cg_enter(self->a, self->pid));
	EXPECT_TRUE(clamped(self->pid, 410, 512));
}

/* Whoever waits for the CPU has its clamps counted there: they are changed in place. */
TEST_F(clamp, who_runs_is_clamped_anew_at_once)
{
	volatile unsigned long *steps = runner_counters(1);
	pid_t pid = runner_start(self->a, runner_spin, steps);

	ASSERT_GT(pid, 0);
	ASSERT_TRUE(runner_runs(steps));
	ASSERT_EQ(0, range(self->a, "20", "60"));
	EXPECT_TRUE(clamped(pid, 205, 614));
	ASSERT_TRUE(runner_runs(steps));
	/* Far above, just as well. */
	ASSERT_EQ(0, cg_write(self->top, "cpu.uclamp.max", "30"));
	EXPECT_TRUE(clamped(pid, 205, 307));
	ASSERT_EQ(0, cg_write(self->top, "cpu.uclamp.min", "10"));
	EXPECT_TRUE(clamped(pid, 102, 307));
	ASSERT_EQ(0, ask_both(pid, 120, 140));
	EXPECT_TRUE(clamped(pid, 120, 140));
	ASSERT_EQ(0, cg_enter(self->b, pid));
	EXPECT_TRUE(clamped(pid, 120, 140));
	ASSERT_EQ(0, cg_write(self->b, "cpu.uclamp.max", "10"));
	EXPECT_TRUE(clamped(pid, 102, 102));
	EXPECT_TRUE(runner_runs(steps));
}

/* A limit as well as a protection is no more than what there is above. */
TEST_F(clamp, both_are_capped_by_those_above)
{
	ASSERT_EQ(0, range(self->a, "20", "60"));
	ASSERT_EQ(0, cg_write(self->top, "cpu.uclamp.max", "30"));
	EXPECT_TRUE(clamped(self->pid, 205, 307));
	ASSERT_EQ(0, cg_write(self->a, "cpu.uclamp.min", "50"));
	EXPECT_TRUE(clamped(self->pid, 307, 307));
	ASSERT_EQ(0, cg_write(self->top, "cpu.uclamp.min", "10"));
	EXPECT_TRUE(clamped(self->pid, 102, 307));
	ASSERT_EQ(0, cg_write(self->top, "cpu.uclamp.min", "0"));
	EXPECT_TRUE(clamped(self->pid, 0, 307));
	/* What was written stays, and counts again. */
	ASSERT_EQ(0, range(self->top, "max", "max"));
	EXPECT_TRUE(clamped(self->pid, 512, 614));
}

TEST_F(clamp, a_protection_is_capped_by_the_limit)
{
	ASSERT_EQ(0, range(self->a, "80", "40"));
	EXPECT_TRUE(clamped(self->pid, 410, 410));
	ASSERT_EQ(0, cg_write(self->a, "cpu.uclamp.max", "90"));
	EXPECT_TRUE(clamped(self->pid, 819, 922));
}

TEST_F(clamp, a_new_cgroup_protects_nothing)
{
	char below[700];

	ASSERT_EQ(0, cg_write(self->top, "cpu.uclamp.max", "30"));
	snprintf(below, sizeof(below), "%s/new", self->top);
	ASSERT_EQ(0, cg_create(below));
	ASSERT_EQ(0, cg_enter(below, self->pid));
	EXPECT_TRUE(clamped(self->pid, 0, 307));
}

TEST_F(clamp, the_system_caps_all)
{
	ASSERT_EQ(0, range(self->a, "50", "60"));
	ASSERT_EQ(0, file_write(SYSTEM_MIN, "128"));
	EXPECT_TRUE(clamped(self->pid, 128, 614));
	ASSERT_EQ(0, file_write(SYSTEM_MAX, "256"));
	EXPECT_TRUE(clamped(self->pid, 128, 256));
	/* Outside of all cgroups, too. */
	ASSERT_EQ(0, cg_enter(self->root, self->pid));
	EXPECT_TRUE(clamped(self->pid, 0, 256));
	ASSERT_EQ(0, ask_both(self->pid, 500, 600));
	EXPECT_TRUE(clamped(self->pid, 128, 256));
	ASSERT_EQ(0, file_write(SYSTEM_MAX, "1024"));
	ASSERT_EQ(0, file_write(SYSTEM_MIN, "1024"));
	EXPECT_TRUE(clamped(self->pid, 500, 600));
	EXPECT_EQ(-SIGKILL, proc_kill(self->pid));
}

TEST_F(clamp, the_limits_of_the_system_are_a_range)
{
	ASSERT_EQ(1024, file_number(SYSTEM_MIN));
	ASSERT_EQ(1024, file_number(SYSTEM_MAX));
	/* The minimum must not be above the maximum, */
	EXPECT_EQ(-EINVAL, file_write(SYSTEM_MAX, "1023"));
	EXPECT_EQ(1024, file_number(SYSTEM_MAX));
	ASSERT_EQ(0, file_write(SYSTEM_MIN, "300"));
	EXPECT_EQ(0, file_write(SYSTEM_MAX, "300"));
	EXPECT_EQ(-EINVAL, file_write(SYSTEM_MIN, "301"));
	EXPECT_EQ(300, file_number(SYSTEM_MIN));
	/* and neither above a whole CPU. */
	EXPECT_EQ(-EINVAL, file_write(SYSTEM_MAX, "1025"));
	EXPECT_EQ(300, file_number(SYSTEM_MAX));
	EXPECT_EQ(-EINVAL, file_write(REALTIME_MIN, "1025"));
	EXPECT_EQ(1024, file_number(REALTIME_MIN));
	/* What was refused had no effect. */
	EXPECT_TRUE(clamped(self->pid, 0, 300));
}

TEST_F(clamp, a_process_asks_for_a_range)
{
	EXPECT_EQ(0, ask_both(self->pid, 0, 0));
	EXPECT_EQ(0, ask_both(self->pid, 1024, 1024));
	EXPECT_EQ(0, ask_both(self->pid, 300, 500));
	EXPECT_EQ(-EINVAL, ask_both(self->pid, 501, 500));
	EXPECT_EQ(-EINVAL, ask_both(self->pid, 300, 1025));
	EXPECT_EQ(-EINVAL, ask_both(self->pid, 1025, 1025));
	EXPECT_EQ(-EINVAL, ask_both(self->pid, 300, -2));
	EXPECT_TRUE(asks_for(self->pid, 300, 500));
	/* One alone goes with the other as it was. */
	EXPECT_EQ(-EINVAL, ask(self->pid, CLAMP_MIN, 501, 0));
	EXPECT_EQ(-EINVAL, ask(self->pid, CLAMP_MAX, 0, 299));
	EXPECT_TRUE(asks_for(self->pid, 300, 500));
	EXPECT_EQ(0, ask(self->pid, CLAMP_MIN, 500, 0));
	EXPECT_EQ(0, ask(self->pid, CLAMP_MAX, 0, 600));
	EXPECT_TRUE(asks_for(self->pid, 500, 600));
}

/* "The special value -1 is used to reset" */
TEST_F(clamp, minus_1_asks_for_nothing_any_more)
{
	ASSERT_EQ(0, range(self->a, "20", "60"));
	ASSERT_EQ(0, ask_both(self->pid, 410, 512));
	EXPECT_EQ(0, ask(self->pid, CLAMP_MIN, -1, 0));
	EXPECT_TRUE(asks_for(self->pid, 0, 512));
	EXPECT_TRUE(clamped(self->pid, 205, 512));
	ASSERT_EQ(0, ask(self->pid, CLAMP_MIN, 410, 0));
	EXPECT_EQ(0, ask(self->pid, CLAMP_MAX, 0, -1));
	EXPECT_TRUE(asks_for(self->pid, 410, 1024));
	EXPECT_TRUE(clamped(self->pid, 410, 614));
	EXPECT_EQ(0, ask_both(self->pid, -1, -1));
	EXPECT_TRUE(asks_for(self->pid, 0, 1024));
}

/* Mainline lets them pass, and keeps the eleven bits of a minimum: 2046. */
TEST_F(clamp, other_negative_numbers_are_refused)
{
	int err;

	ASSERT_EQ(0, ask_both(self->pid, 300, 500));
	EXPECT_EQ(-EINVAL, ask(self->pid, CLAMP_MAX, 0, -2));
	err = ask(self->pid, CLAMP_MIN, -2, 0);
	if (!err)
		SKIP(return, "mended by base-fixes: a negative minimum is taken for 2046");
	EXPECT_EQ(-EINVAL, err);
	EXPECT_EQ(-EINVAL, ask_both(self->pid, -2, 1024));
	EXPECT_EQ(-EINVAL, ask_both(self->pid, INT_MIN, -1));
	EXPECT_TRUE(asks_for(self->pid, 300, 500));
}

/* The attributes of before 5.3, shorter by the two, have no place for them. */
TEST_F(clamp, the_attributes_must_include_them)
{
	struct clamp_attr attr = { .size = 48, .flags = KEEP_ALL };

	EXPECT_EQ(0, syscall(SYS_sched_setattr, self->pid, &attr, 0));
	attr.flags |= CLAMP_MAX;
	EXPECT_EQ(-1, syscall(SYS_sched_setattr, self->pid, &attr, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_TRUE(asks_for(self->pid, 0, 1024));
}

TEST_F(clamp, a_realtime_process_asks_for_all_by_default)
{
	struct sched_param rt = { .sched_priority = 1 }, other = { 0 };

	ASSERT_EQ(0, range(self->a, "20", "60"));
	if (sched_setscheduler(self->pid, SCHED_FIFO, &rt))
		SKIP(return, "no realtime process below the root");
	EXPECT_TRUE(asks_for(self->pid, 1024, 1024));
	EXPECT_TRUE(clamped(self->pid, 614, 614));
	/* The default is followed, until it asks for something else. */
	ASSERT_EQ(0, file_write(REALTIME_MIN, "400"));
	EXPECT_TRUE(asks_for(self->pid, 400, 1024));
	EXPECT_TRUE(clamped(self->pid, 400, 614));
	ASSERT_EQ(0, ask(self->pid, CLAMP_MIN, 300, 0));
	ASSERT_EQ(0, file_write(REALTIME_MIN, "500"));
	EXPECT_TRUE(clamped(self->pid, 300, 614));
	ASSERT_EQ(0, ask(self->pid, CLAMP_MIN, -1, 0));
	EXPECT_TRUE(clamped(self->pid, 500, 614));
	/* It is not for the others. */
	ASSERT_EQ(0, sched_setscheduler(self->pid, SCHED_OTHER, &other));
	EXPECT_TRUE(asks_for(self->pid, 0, 1024));
}

/* Whether the child of a process of @policy that asks for 410 to 512 asks for this. */
static bool child_asks_for(const char *cg, int policy, long min, long max)
{
	struct sched_param other = { 0 };
	pid_t pid = cg_fork_into(cg, 0);

	if (!pid) {
		must(!ask_both(0, 410, 512));
		must(!sched_setscheduler(0, policy, &other));
		must(asks_for(getpid(), 410, 512));
		pid = fork();
		if (!pid)
			_exit(!asks_for(getpid(), min, max));
		_exit(proc_end(pid));
	}
	return proc_end(pid) == 0;
}

TEST_F(clamp, a_child_asks_for_the_same_unless_reset_on_fork)
{
	EXPECT_TRUE(child_asks_for(self->a, SCHED_OTHER, 410, 512));
	EXPECT_TRUE(child_asks_for(self->a, SCHED_OTHER | SCHED_RESET_ON_FORK, 0, 1024));
}

TEST_HARNESS_MAIN

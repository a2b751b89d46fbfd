// SPDX-License-Identifier: GPL-2.0
/*
 * io.latency: targets, and what becomes of the peers of a cgroup that misses
 * its own; io.prio.class: what it takes.
 *
 * Promises from cgroup-v2.rst, "IO Latency" and "IO Priority".
 */
#include "io.h"

#define DEBUG_STATS "/sys/module/blk_cgroup/parameters/blkcg_debug_stats"

FIXTURE_SETUP(io)
{
	IO_SETUP();
	if (!cg_has(self->a, "io.latency"))
		SKIP(return, "no io.latency (CONFIG_BLK_CGROUP_IOLATENCY)");
}

FIXTURE_TEARDOWN_PARENT(io)
{
	if (!self->top[0])
		return;
	io_set(self->a, "io.latency", DISK, "target=max");
	cg_destroy(self->top);
	file_write(DEBUG_STATS, "0");
}

TEST_F(io, a_target_is_listed_until_it_is_removed)
{
	EXPECT_FALSE(cg_has(self->root, "io.latency"));
	EXPECT_STREQ("", io_line(self->a, "io.latency", DISK));
	ASSERT_EQ(0, io_set(self->a, "io.latency", DISK, "target=75000"));
	EXPECT_STREQ("target=75000", io_line(self->a, "io.latency", DISK));
	EXPECT_STREQ("", io_line(self->a, "io.latency", OTHER));
	EXPECT_STREQ("", io_line(self->b, "io.latency", DISK));
	ASSERT_EQ(0, io_set(self->a, "io.latency", DISK, "target=10"));
	EXPECT_STREQ("target=10", io_line(self->a, "io.latency", DISK));
	ASSERT_EQ(0, io_set(self->a, "io.latency", DISK, "target=max"));
	EXPECT_STREQ("", io_line(self->a, "io.latency", DISK));
	ASSERT_EQ(0, io_set(self->a, "io.latency", DISK, "target=10"));
	ASSERT_EQ(0, io_set(self->a, "io.latency", DISK, "target=0"));
	EXPECT_STREQ("", io_line(self->a, "io.latency", DISK));
}

TEST_F(io, targets_that_are_none_are_refused)
{
	static const char * const values[] = {
		"target", "target=", "target=x", "10", "foo=10", "target=-1",
		"target=5 foo=1", "max",
	};

	ASSERT_EQ(0, io_set(self->a, "io.latency", DISK, "target=1000"));
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		EXPECT_EQ(-EINVAL, io_set(self->a, "io.latency", DISK, "%s", values[i]))
			TH_LOG("writing '%s'", values[i]);
		EXPECT_STREQ("target=1000", io_line(self->a, "io.latency", DISK));
	}
	EXPECT_EQ(-ENODEV, cg_write(self->a, "io.latency", "240:77 target=10"));
	EXPECT_EQ(-EINVAL, cg_write(self->a, "io.latency", "target=10"));
}

/* How many requests @cg may have under way at once; LONG_MAX: no bound. */
static long depth(const char *cg)
{
	const char *at = strstr(io_line(cg, "io.stat", DISK), "depth=");

	if (!at)
		return -1;
	return !strncmp(at + 6, "max", 3) ? LONG_MAX : atol(at + 6);
}

/*
 * A target of 1 us is always missed, so the peer without a target is clamped,
 * down to one request at a time. The missing one itself is not.
 */
TEST_F(io, who_misses_its_target_has_its_peers_throttled)
{
	const struct io io = { DISK, false, KB(4), 0 };
	pid_t a[2], b[2];

	if (file_write(DEBUG_STATS, "1"))
		SKIP(return, "no parameter blkcg_debug_stats");
	ASSERT_EQ(0, io_set(self->a, "io.latency", DISK, "target=1"));
	for (int i = 0; i < 2; i++) {
		a[i] = io_start(self->a, &io);
		b[i] = io_start(self->b, &io);
	}
	EXPECT_TRUE(EVENTUALLY(depth(self->b) == 1))
		TH_LOG("b: %s", io_line(self->b, "io.stat", DISK));
	EXPECT_EQ(LONG_MAX, depth(self->a))
		TH_LOG("a: %s", io_line(self->a, "io.stat", DISK));
	/* When the victim has what it needs, nobody is throttled any more. */
	ASSERT_EQ(0, io_set(self->a, "io.latency", DISK, "target=60000000"));
	EXPECT_TRUE(EVENTUALLY(depth(self->b) == LONG_MAX))
		TH_LOG("b: %s", io_line(self->b, "io.stat", DISK));
	for (int i = 0; i < 2; i++) {
		proc_kill(a[i]);
		proc_kill(b[i]);
	}
}

TEST_F(io, nobody_is_throttled_while_targets_are_met)
{
	const struct io io = { DISK, false, KB(4), 200 };
	pid_t one, two;

	if (file_write(DEBUG_STATS, "1"))
		SKIP(return, "no parameter blkcg_debug_stats");
	ASSERT_EQ(0, io_set(self->a, "io.latency", DISK, "target=60000000"));
	one = io_start(self->a, &io);
	two = io_start(self->b, &io);
	EXPECT_EQ(0, proc_end(one));
	EXPECT_EQ(0, proc_end(two));
	EXPECT_EQ(LONG_MAX, depth(self->a));
	EXPECT_EQ(LONG_MAX, depth(self->b));
}

TEST_F(io, priority_classes_are_policies_by_name)
{
	static const char * const policies[] = {
		"promote-to-rt", "restrict-to-be", "idle", "none-to-rt", "no-change",
	};
	static const char * const others[] = {
		"rt", "be", "1", "IDLE", "no-change x", "\n", "idle idle", "max",
	};
	char text[64];

	if (!cg_has(self->a, "io.prio.class"))
		SKIP(return, "no io.prio.class (CONFIG_BLK_CGROUP_IOPRIO)");
	ASSERT_GT(cg_read(self->a, "io.prio.class", text, sizeof(text)), 0);
	EXPECT_STREQ("no-change", text);
	for (size_t i = 0; i < ARRAY_SIZE(policies); i++) {
		ASSERT_EQ(0, cg_write(self->a, "io.prio.class", policies[i]));
		ASSERT_GT(cg_read(self->a, "io.prio.class", text, sizeof(text)), 0);
		EXPECT_STREQ(policies[i], text);
	}
	ASSERT_EQ(0, cg_write(self->a, "io.prio.class", "idle\n"));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		EXPECT_EQ(-EINVAL, cg_write(self->a, "io.prio.class", others[i]))
			TH_LOG("writing '%s'", others[i]);
		ASSERT_GT(cg_read(self->a, "io.prio.class", text, sizeof(text)), 0);
		EXPECT_STREQ("idle", text);
	}
	ASSERT_GT(cg_read(self->b, "io.prio.class", text, sizeof(text)), 0);
	EXPECT_STREQ("no-change", text);
}

TEST_HARNESS_MAIN

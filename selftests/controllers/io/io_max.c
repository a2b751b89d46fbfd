// SPDX-License-Identifier: GPL-2.0
/*
 * io.max: limits in bytes and requests per second, per disk and direction.
 *
 * Rates are compared with the limit in force: at most 1.5 times as fast
 * ("temporary bursts are allowed", the first slice of 100 ms among them) and
 * at least 0.5 times, in one of several runs: a machine that is held up can only
 * make it slower. What is not limited is tried while a limit is in force with which
 * it would take a minute.
 *
 * Promises from cgroup-v2.rst, "IO Interface Files", io.max.
 */
#include "io.h"

FIXTURE_SETUP(io)
{
	IO_SETUP();
}

static void lift_and_destroy(FIXTURE_DATA(io) *self)
{
	static const char none[] = "rbps=max wbps=max riops=max wiops=max";

	if (!self->top[0])
		return;
	/* Nobody is to wait for a limit when all are killed. */
	io_set(self->top, "io.max", DISK, "%s", none);
	io_set(self->a, "io.max", DISK, "%s", none);
	cg_destroy(self->top);
}

FIXTURE_TEARDOWN_PARENT(io)
{
	lift_and_destroy(self);
}

TEST_F(io, a_new_cgroup_has_no_limit)
{
	EXPECT_STREQ("", io_line(self->a, "io.max", DISK));
	EXPECT_FALSE(cg_has(self->root, "io.max"));
}

TEST_F(io, a_limit_is_listed_with_the_others_at_max)
{
	ASSERT_EQ(0, io_set(self->a, "io.max", DISK, "rbps=2097152 wiops=120"));
	EXPECT_STREQ("rbps=2097152 wbps=max riops=max wiops=120",
		     io_line(self->a, "io.max", DISK));
	ASSERT_EQ(0, io_set(self->a, "io.max", DISK, "wiops=max"));
	EXPECT_STREQ("rbps=2097152 wbps=max riops=max wiops=max",
		     io_line(self->a, "io.max", DISK));
	/* Nothing is left, so is no line. */
	ASSERT_EQ(0, io_set(self->a, "io.max", DISK, "rbps=max"));
	EXPECT_STREQ("", io_line(self->a, "io.max", DISK));
}

TEST_F(io, keys_come_in_any_order_and_number)
{
	ASSERT_EQ(0, io_set(self->a, "io.max", DISK,
			    "wiops=4 riops=3 wbps=2000 rbps=1000"));
	EXPECT_STREQ("rbps=1000 wbps=2000 riops=3 wiops=4",
		     io_line(self->a, "io.max", DISK));
	ASSERT_EQ(0, io_set(self->a, "io.max", DISK, "riops=7"));
	EXPECT_STREQ("rbps=1000 wbps=2000 riops=7 wiops=4",
		     io_line(self->a, "io.max", DISK));
}

TEST_F(io, every_disk_has_limits_of_its_own)
{
	ASSERT_EQ(0, io_set(self->a, "io.max", DISK, "rbps=1000"));
	ASSERT_EQ(0, io_set(self->a, "io.max", OTHER, "wbps=3000"));
	EXPECT_STREQ("rbps=1000 wbps=max riops=max wiops=max",
		     io_line(self->a, "io.max", DISK));
	EXPECT_STREQ("rbps=max wbps=3000 riops=max wiops=max",
		     io_line(self->a, "io.max", OTHER));
	EXPECT_STREQ("", io_line(self->b, "io.max", DISK));
}

TEST_F(io, malformed_limits_are_refused_and_change_nothing)
{
	static const char * const values[] = {
		"rbps", "rbps=", "rbps=x", "rbps=-1", "foo=1", "=1", "1000",
		"rbps=1000 foo=1", "wbps=5 rbps=x", "rbps:1000", "RBPS=1", "max",
	};
	static const char * const lines[] = {
		"\n", "rbps=1000", "x rbps=1000", "98 rbps=1000", ":0 rbps=1000",
		"98: rbps=1000", "98:0rbps=1000",
	};

	ASSERT_EQ(0, io_set(self->a, "io.max", DISK, "rbps=4096"));
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		EXPECT_EQ(-EINVAL, io_set(self->a, "io.max", DISK, "%s", values[i]))
			TH_LOG("writing '%s'", values[i]);
		EXPECT_STREQ("rbps=4096 wbps=max riops=max wiops=max",
			     io_line(self->a, "io.max", DISK));
	}
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		EXPECT_EQ(-EINVAL, cg_write(self->a, "io.max", lines[i]))
			TH_LOG("writing '%s'", lines[i]);
	}
	/* Out of range is told apart from out of form. */
	EXPECT_EQ(-ERANGE, io_set(self->a, "io.max", DISK, "rbps=0"));
	EXPECT_EQ(-ERANGE, io_set(self->a, "io.max", DISK, "wiops=0"));
	EXPECT_STREQ("rbps=4096 wbps=max riops=max wiops=max",
		     io_line(self->a, "io.max", DISK));
}

TEST_F(io, a_disk_that_is_not_there_is_refused)
{
	EXPECT_EQ(-ENODEV, cg_write(self->a, "io.max", "240:77 rbps=1000"));
	EXPECT_EQ(-ENODEV, cg_write(self->a, "io.max", "0:0 rbps=1000"));
}

TEST_F(io, an_ordinary_user_sets_no_limit)
{
	pid_t pid;

	ASSERT_EQ(0, io_set(self->a, "io.max", DISK, "rbps=4096"));
	pid = proc_fork_bound(0);
	if (!pid) {
		proc_become_nobody();
		must(io_set(self->a, "io.max", DISK, "rbps=max") == -EACCES);
		must(!strncmp(io_line(self->a, "io.max", DISK), "rbps=4096 ", 10));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* Each limit by itself: a second's worth of I/O at that rate. */
FIXTURE(io_limit)
{
	FIXTURE_DATA(io) cg;
};

FIXTURE_VARIANT(io_limit)
{
	const char *key;
	long limit;		/* per second */
	struct io io;
	bool bytes;
};

FIXTURE_VARIANT_ADD(io_limit, rbps) {
	.key = "rbps", .limit = KB(512), .io = { DISK, false, KB(64), 8 }, .bytes = true,
};
FIXTURE_VARIANT_ADD(io_limit, wbps) {
	.key = "wbps", .limit = KB(512), .io = { DISK, true, KB(64), 8 }, .bytes = true,
};
FIXTURE_VARIANT_ADD(io_limit, riops) {
	.key = "riops", .limit = 16, .io = { DISK, false, KB(4), 16 }, .bytes = false,
};
FIXTURE_VARIANT_ADD(io_limit, wiops) {
	.key = "wiops", .limit = 16, .io = { DISK, true, KB(4), 16 }, .bytes = false,
};

FIXTURE_SETUP(io_limit)
{
	io_setup(_metadata, &self->cg, NULL);
}

FIXTURE_TEARDOWN_PARENT(io_limit)
{
	lift_and_destroy(&self->cg);
}

TEST_F(io_limit, holds_for_its_direction_and_disk_only)
{
	struct io other_way = variant->io, other_disk = variant->io, again = variant->io;
	long want, ms = LONG_MAX, free_ms = LONG_MAX;

	/*
	 * With two requests a second, or some KiB, each of these would take a minute. One
	 * a second is no limit that older kernels take.
	 */
	if (!variant->bytes)
		other_way.count = other_disk.count = again.count = 128;
	other_way.write = !other_way.write;
	other_disk.disk = OTHER;
	want = (variant->bytes ? (long)variant->io.size : 1) * variant->io.count *
	       1000 / variant->limit;
	for (int i = 0; i < IO_RUNS && free_ms > want / 4; i++)
		free_ms = io_run(self->cg.a, &variant->io);
	if (free_ms > want / 4)
		SKIP(return, "the disk is too slow to be throttled: %ld ms", free_ms);
	ASSERT_EQ(0, io_set(self->cg.a, "io.max", DISK, "%s=%ld", variant->key,
			    variant->limit));
	for (int i = 0; i < IO_RUNS && ms > want * 2; i++) {
		ms = io_run(self->cg.a, &variant->io);
		EXPECT_GE(ms * 3, want * 2)
			TH_LOG("%ld ms, %ld at the limit, %ld without", ms, want, free_ms);
	}
	EXPECT_LE(ms, want * 2)
		TH_LOG("%ld ms, %ld at the limit, %ld without", ms, want, free_ms);
	ASSERT_EQ(0, io_set(self->cg.a, "io.max", DISK, "%s=%ld", variant->key,
			    variant->bytes ? variant->limit / 64 : 2));
	EXPECT_GT(PROC_HANG_MS, io_run(self->cg.a, &other_way));
	EXPECT_GT(PROC_HANG_MS, io_run(self->cg.a, &other_disk));
	EXPECT_GT(PROC_HANG_MS, io_run(self->cg.b, &again));
	ASSERT_EQ(0, io_set(self->cg.a, "io.max", DISK, "%s=max", variant->key));
	EXPECT_GT(PROC_HANG_MS, io_run(self->cg.a, &again));
}

TEST_F(io, a_limit_above_is_shared_by_all_below)
{
	const struct io io = { DISK, false, KB(64), 6 };
	long start, ms = LONG_MAX, want = 2 * KB(64) * 6 * 1000 / MB(1);
	pid_t one, two;

	ASSERT_EQ(0, io_set(self->top, "io.max", DISK, "rbps=%ld", MB(1)));
	ASSERT_EQ(0, io_set(self->a, "io.max", DISK, "rbps=%ld", MB(100)));
	for (int i = 0; i < IO_RUNS && ms > want * 2; i++) {
		start = until_ms();
		one = io_start(self->a, &io);
		two = io_start(self->b, &io);
		EXPECT_EQ(0, proc_end(one));
		EXPECT_EQ(0, proc_end(two));
		ms = until_ms() - start;
		EXPECT_GE(ms * 3, want * 2)
			TH_LOG("%ld ms, %ld at the limit", ms, want);
	}
	EXPECT_LE(ms, want * 2)
		TH_LOG("%ld ms, %ld at the limit", ms, want);
}

TEST_F(io, the_narrower_of_two_limits_holds)
{
	const struct io io = { DISK, true, KB(64), 8 };
	long ms, want = KB(64) * 8 * 1000 / MB(1);

	ASSERT_EQ(0, io_set(self->top, "io.max", DISK, "wbps=%ld", MB(100)));
	ASSERT_EQ(0, io_set(self->a, "io.max", DISK, "wbps=%ld wiops=1000", MB(1)));
	ms = io_run(self->a, &io);
	EXPECT_GE(ms * 3, want * 2)
		TH_LOG("%ld ms, %ld at the limit", ms, want);
}

/* 1 MiB at 16 KiB a second would take a minute. */
TEST_F(io, lifting_the_limit_lets_those_who_wait_go)
{
	const struct io io = { DISK, false, KB(64), 16 };
	int pidfd;
	pid_t pid;

	ASSERT_EQ(0, io_set(self->a, "io.max", DISK, "rbps=16384"));
	pid = io_start(self->a, &io);
	pidfd = proc_pidfd(pid);
	ASSERT_EQ(0, proc_poll(pidfd, POLLIN, 200));
	ASSERT_EQ(0, io_set(self->a, "io.max", DISK, "rbps=max"));
	ASSERT_TRUE(proc_poll(pidfd, POLLIN, PROC_HANG_MS) & POLLIN);
	EXPECT_EQ(0, proc_end(pid));
}

/* What is on its way when the cgroup loses its limits' home is not lost. */
TEST_F(io, disabling_the_controller_lifts_the_limit)
{
	const struct io io = { DISK, false, KB(64), 16 };

	ASSERT_EQ(0, io_set(self->a, "io.max", DISK, "rbps=16384"));
	ASSERT_EQ(0, cg_write(self->top, "cgroup.subtree_control", "-io"));
	EXPECT_FALSE(cg_has(self->a, "io.max"));
	EXPECT_LT(io_run(self->a, &io), PROC_HANG_MS);
	ASSERT_EQ(0, cg_write(self->top, "cgroup.subtree_control", "+io"));
	EXPECT_STREQ("", io_line(self->a, "io.max", DISK));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * The blkio controller on a cgroup v1 hierarchy: limits by the throttle files,
 * what they count, and the weight files of BFQ.
 *
 * Promises from admin-guide/cgroup-v1/blkio-controller.rst. Rates have the
 * tolerance of the io suite: at most 1.5 times the limit, at least half of it in one
 * of several runs. What is not limited is tried under a limit of a minute, too.
 */
#include "io.h"

FIXTURE_SETUP(io)
{
	if (cg_mount_point("blkio", self->root, sizeof(self->root)))
		SKIP(return, "no cgroup v1 hierarchy with the blkio controller");
	if (!cg_has(self->root, "blkio.throttle.io_serviced"))
		SKIP(return, "no throttling (CONFIG_BLK_DEV_THROTTLING)");
	snprintf(self->top, sizeof(self->top), "%s/io.%d", self->root, getpid());
	snprintf(self->a, sizeof(self->a), "%s/a", self->top);
	snprintf(self->b, sizeof(self->b), "%s/b", self->top);
	ASSERT_EQ(0, cg_create(self->top));
	ASSERT_EQ(0, cg_create(self->a));
	ASSERT_EQ(0, cg_create(self->b));
}

#define SCHEDULER	"/sys/block/ubda/queue/scheduler"

/* All that tests start they reap, or it dies with them. */
FIXTURE_TEARDOWN_PARENT(io)
{
	if (!self->top[0])
		return;
	io_set(self->root, "blkio.throttle.read_bps_device", DISK, "0");
	cg_remove_tree(self->top);
	file_write(SCHEDULER, "none");
}

static pid_t v1_start(const char *cg, const struct io *io)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!cg_enter(cg, 0));
		io_do(io, NULL);
		_exit(0);
	}
	must(pid > 0);
	return pid;
}

static long v1_run(const char *cg, const struct io *io)
{
	long start = until_ms(), ms;

	must(!proc_end(v1_start(cg, io)));
	ms = until_ms() - start;
	return ms ? ms : 1;
}

/* The number after "MAJ:MIN KIND ". */
static long v1_stat(const char *cg, const char *file, const char *kind)
{
	char path[PATH_MAX], key[64], text[64];

	snprintf(key, sizeof(key), "%s %s", disk_number(DISK), kind);
	return file_field(cg_path(path, cg, file), key, text, sizeof(text)) ?
	       0 : atol(text);
}

FIXTURE(throttle)
{
	FIXTURE_DATA(io) cg;
};

FIXTURE_VARIANT(throttle)
{
	const char *file;
	long limit;
	struct io io;
	bool bytes;
};

FIXTURE_VARIANT_ADD(throttle, read_bps) {
	.file = "blkio.throttle.read_bps_device", .limit = KB(512),
	.io = { DISK, false, KB(64), 8 }, .bytes = true,
};
FIXTURE_VARIANT_ADD(throttle, write_bps) {
	.file = "blkio.throttle.write_bps_device", .limit = KB(512),
	.io = { DISK, true, KB(64), 8 }, .bytes = true,
};
FIXTURE_VARIANT_ADD(throttle, read_iops) {
	.file = "blkio.throttle.read_iops_device", .limit = 16,
	.io = { DISK, false, KB(4), 16 }, .bytes = false,
};
FIXTURE_VARIANT_ADD(throttle, write_iops) {
	.file = "blkio.throttle.write_iops_device", .limit = 16,
	.io = { DISK, true, KB(4), 16 }, .bytes = false,
};

FIXTURE_SETUP(throttle)
{
	io_setup(_metadata, &self->cg, NULL);
}

FIXTURE_TEARDOWN_PARENT(throttle)
{
	if (self->cg.top[0])
		cg_remove_tree(self->cg.top);
}

TEST_F(throttle, holds_for_its_direction_only)
{
	struct io other_way = variant->io, again = variant->io;
	long want, ms = LONG_MAX, free_ms = LONG_MAX;

	/* With one request a second, or some KiB, each of these would take a minute. */
	if (!variant->bytes)
		other_way.count = again.count = 64;
	other_way.write = !other_way.write;
	want = (variant->bytes ? (long)variant->io.size : 1) * variant->io.count *
	       1000 / variant->limit;
	for (int i = 0; i < IO_RUNS && free_ms > want / 4; i++)
		free_ms = v1_run(self->cg.a, &variant->io);
	if (free_ms > want / 4)
		SKIP(return, "the disk is too slow to be throttled");
	ASSERT_EQ(0, io_set(self->cg.a, variant->file, DISK, "%ld", variant->limit));
	for (int i = 0; i < IO_RUNS && ms > want * 2; i++) {
		ms = v1_run(self->cg.a, &variant->io);
		EXPECT_GE(ms * 3, want * 2)
			TH_LOG("%ld ms, %ld at the limit", ms, want);
	}
	EXPECT_LE(ms, want * 2)
		TH_LOG("%ld ms, %ld at the limit", ms, want);
	ASSERT_EQ(0, io_set(self->cg.a, variant->file, DISK, "%ld",
			    variant->bytes ? variant->limit / 64 : 1));
	EXPECT_GT(PROC_HANG_MS, v1_run(self->cg.a, &other_way));
	EXPECT_GT(PROC_HANG_MS, v1_run(self->cg.b, &again));
	/* Zero is no limit. */
	ASSERT_EQ(0, io_set(self->cg.a, variant->file, DISK, "0"));
	EXPECT_GT(PROC_HANG_MS, v1_run(self->cg.a, &again));
}

TEST_F(throttle, is_listed_by_disk_and_refuses_what_is_no_rate)
{
	static const char * const values[] = { "x", "max", "-1", "bps=5" };
	char text[32];

	EXPECT_STREQ("", io_line(self->cg.a, variant->file, DISK));
	ASSERT_EQ(0, io_set(self->cg.a, variant->file, DISK, "%ld", variant->limit));
	snprintf(text, sizeof(text), "%ld", variant->limit);
	EXPECT_STREQ(text, io_line(self->cg.a, variant->file, DISK));
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		EXPECT_EQ(-EINVAL, io_set(self->cg.a, variant->file, DISK, "%s",
					  values[i]))
			TH_LOG("writing '%s'", values[i]);
		EXPECT_STREQ(text, io_line(self->cg.a, variant->file, DISK));
	}
	EXPECT_EQ(-EINVAL, cg_write(self->cg.a, variant->file, "1000"));
	EXPECT_EQ(-ENODEV, cg_write(self->cg.a, variant->file, "240:77 1000"));
	ASSERT_EQ(0, io_set(self->cg.a, variant->file, DISK, "0"));
	EXPECT_STREQ("", io_line(self->cg.a, variant->file, DISK));
}

/* "All cgroups are hierarchical" only with sane_behavior, which v1 lacks. */
TEST_F(io, each_cgroup_has_a_limit_for_itself)
{
	const struct io io = { DISK, false, KB(64), 8 };
	long want = KB(64) * 8 * 1000 / KB(512);

	ASSERT_EQ(0, io_set(self->top, "blkio.throttle.read_bps_device", DISK,
			    "%ld", KB(8)));
	EXPECT_GT(PROC_HANG_MS, v1_run(self->a, &io));
	ASSERT_EQ(0, io_set(self->top, "blkio.throttle.read_bps_device", DISK,
			    "%ld", KB(512)));
	EXPECT_GE(v1_run(self->top, &io) * 3, want * 2);
}

/*
 * How long it takes in @cg, with @want the time that the limits leave: two thirds of it
 * at least, and twice that at most in one of several runs.
 */
static void expect_limited(struct __test_metadata *_metadata, const char *cg,
			   const struct io *io, long want)
{
	long ms = LONG_MAX;

	for (int i = 0; i < IO_RUNS && ms > want * 2; i++) {
		ms = v1_run(cg, io);
		EXPECT_GE(ms * 3, want * 2)
			TH_LOG("%ld ms, %ld at the limit", ms, want);
	}
	EXPECT_LE(ms, want * 2)
		TH_LOG("%ld ms, %ld at the limit", ms, want);
}

/* Each rule would leave these half the time, or an eighth, by itself. */
TEST_F(io, of_a_rule_for_bytes_and_one_for_requests_the_narrower_binds)
{
	const struct io large = { DISK, false, KB(64), 8 };
	const struct io small = { DISK, false, KB(4), 16 };

	ASSERT_EQ(0, io_set(self->a, "blkio.throttle.read_bps_device", DISK, "%ld", KB(512)));
	ASSERT_EQ(0, io_set(self->a, "blkio.throttle.read_iops_device", DISK, "16"));
	expect_limited(_metadata, self->a, &large, 1000);
	expect_limited(_metadata, self->a, &small, 1000);
	/* Without the one, the other is still there. */
	ASSERT_EQ(0, io_set(self->a, "blkio.throttle.read_bps_device", DISK, "0"));
	expect_limited(_metadata, self->a, &small, 1000);
	ASSERT_EQ(0, io_set(self->a, "blkio.throttle.read_iops_device", DISK, "0"));
	ASSERT_EQ(0, io_set(self->a, "blkio.throttle.read_bps_device", DISK, "%ld", KB(512)));
	expect_limited(_metadata, self->a, &large, 1000);
}

TEST_F(io, a_limit_on_the_root_is_for_the_roots_own_tasks)
{
	const struct io io = { DISK, false, KB(64), 8 };

	ASSERT_EQ(0, io_set(self->root, "blkio.throttle.read_bps_device", DISK, "%ld",
			    KB(512)));
	expect_limited(_metadata, self->root, &io, 1000);
	/* Now one of minutes: who is below has no part in it. */
	ASSERT_EQ(0, io_set(self->root, "blkio.throttle.read_bps_device", DISK, "%ld", KB(2)));
	EXPECT_GT(PROC_HANG_MS, v1_run(self->top, &io));
	EXPECT_GT(PROC_HANG_MS, v1_run(self->a, &io));
}

TEST_F(io, bytes_and_requests_are_counted_exactly)
{
	const struct io writes = { DISK, true, KB(4), 10 };
	const struct io reads = { DISK, false, KB(16), 3 };

	/* Counting starts with the first rule for the disk. */
	ASSERT_EQ(0, io_set(self->a, "blkio.throttle.read_bps_device", DISK,
			    "%ld", MB(1000)));
	v1_run(self->a, &writes);
	v1_run(self->a, &reads);
	EXPECT_EQ(KB(48), v1_stat(self->a, "blkio.throttle.io_service_bytes", "Read"));
	EXPECT_EQ(KB(40), v1_stat(self->a, "blkio.throttle.io_service_bytes", "Write"));
	EXPECT_EQ(KB(88), v1_stat(self->a, "blkio.throttle.io_service_bytes", "Total"));
	EXPECT_EQ(3, v1_stat(self->a, "blkio.throttle.io_serviced", "Read"));
	EXPECT_EQ(10, v1_stat(self->a, "blkio.throttle.io_serviced", "Write"));
	EXPECT_EQ(13, v1_stat(self->a, "blkio.throttle.io_serviced", "Total"));
	EXPECT_EQ(0, v1_stat(self->b, "blkio.throttle.io_serviced", "Total"));
	/* What is below is in the recursive file only. */
	EXPECT_EQ(0, v1_stat(self->top, "blkio.throttle.io_serviced", "Total"));
	EXPECT_EQ(13, v1_stat(self->top, "blkio.throttle.io_serviced_recursive",
			      "Total"));
}

/* The document says "all the stats"; since Linux 4.2 these are not among them. */
TEST_F(io, resetting_statistics_leaves_those_of_throttling)
{
	const struct io io = { DISK, true, KB(4), 10 };

	ASSERT_EQ(0, io_set(self->a, "blkio.throttle.read_bps_device", DISK,
			    "%ld", MB(1000)));
	v1_run(self->a, &io);
	ASSERT_EQ(0, cg_write(self->a, "blkio.reset_stats", "1"));
	v1_run(self->a, &io);
	EXPECT_EQ(20, v1_stat(self->a, "blkio.throttle.io_serviced", "Write"));
	EXPECT_EQ(-EINVAL, cg_write(self->a, "blkio.reset_stats", "x"));
}

TEST_F(io, an_ordinary_user_sets_nothing)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(io_set(self->a, "blkio.throttle.read_bps_device", DISK,
			    "1000") == -EACCES);
		must(cg_write(self->a, "blkio.reset_stats", "1") == -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* Whether the disk is scheduled by BFQ now, with its files in cgroups. */
static bool have_bfq(const char *cg)
{
	return !file_write(SCHEDULER, "bfq") && cg_has(cg, "blkio.bfq.weight");
}

TEST_F(io, bfq_weights_are_from_1_to_1000)
{
	if (!have_bfq(self->a))
		SKIP(return, "no BFQ with cgroups");
	EXPECT_EQ(100, cg_number(self->a, "blkio.bfq.weight"));
	EXPECT_EQ(0, cg_write(self->a, "blkio.bfq.weight", "1000"));
	EXPECT_EQ(0, cg_write(self->a, "blkio.bfq.weight", "1"));
	EXPECT_EQ(-ERANGE, cg_write(self->a, "blkio.bfq.weight", "0"));
	EXPECT_EQ(-ERANGE, cg_write(self->a, "blkio.bfq.weight", "1001"));
	EXPECT_EQ(-EINVAL, cg_write(self->a, "blkio.bfq.weight", "x"));
	EXPECT_EQ(1, cg_number(self->a, "blkio.bfq.weight"));
}

TEST_F(io, bfq_has_weights_for_single_disks_which_default_removes)
{
	if (!have_bfq(self->a))
		SKIP(return, "no BFQ with cgroups");
	EXPECT_STREQ("", io_line(self->a, "blkio.bfq.weight_device", DISK));
	ASSERT_EQ(0, io_set(self->a, "blkio.bfq.weight_device", DISK, "300"));
	EXPECT_STREQ("300", io_line(self->a, "blkio.bfq.weight_device", DISK));
	EXPECT_EQ(-ERANGE, io_set(self->a, "blkio.bfq.weight_device", DISK, "0"));
	EXPECT_EQ(-ERANGE, io_set(self->a, "blkio.bfq.weight_device", DISK, "1001"));
	EXPECT_EQ(-EINVAL, io_set(self->a, "blkio.bfq.weight_device", DISK, "x"));
	EXPECT_STREQ("300", io_line(self->a, "blkio.bfq.weight_device", DISK));
	EXPECT_EQ(100, cg_number(self->a, "blkio.bfq.weight"));
	ASSERT_EQ(0, io_set(self->a, "blkio.bfq.weight_device", DISK, "default"));
	EXPECT_STREQ("", io_line(self->a, "blkio.bfq.weight_device", DISK));
}

TEST_F(io, bfq_counts_what_it_schedules)
{
	const struct io writes = { DISK, true, KB(4), 10 };
	const struct io reads = { DISK, false, KB(16), 3 };

	if (!have_bfq(self->a))
		SKIP(return, "no BFQ with cgroups");
	v1_run(self->a, &writes);
	v1_run(self->a, &reads);
	EXPECT_EQ(KB(48), v1_stat(self->a, "blkio.bfq.io_service_bytes", "Read"));
	EXPECT_EQ(KB(40), v1_stat(self->a, "blkio.bfq.io_service_bytes", "Write"));
	EXPECT_EQ(KB(88), v1_stat(self->a, "blkio.bfq.io_service_bytes", "Total"));
	EXPECT_EQ(3, v1_stat(self->a, "blkio.bfq.io_serviced", "Read"));
	EXPECT_EQ(10, v1_stat(self->a, "blkio.bfq.io_serviced", "Write"));
	EXPECT_EQ(0, v1_stat(self->b, "blkio.bfq.io_serviced", "Total"));
	/* With what is below, and without. */
	v1_run(self->top, &reads);
	EXPECT_EQ(KB(48), v1_stat(self->top, "blkio.bfq.io_service_bytes", "Total"));
	EXPECT_EQ(KB(136), v1_stat(self->top, "blkio.bfq.io_service_bytes_recursive",
				   "Total"));
	EXPECT_EQ(16, v1_stat(self->top, "blkio.bfq.io_serviced_recursive", "Total"));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Weights: io.weight with the iocost model, io.bfq.weight with the BFQ
 * scheduler. What is promised is a share in relation to the siblings', so
 * shares are what is measured. By iocost, of two with weights 1 to 4 the
 * heavier gets more than twice and less than eight times as much. BFQ deals in
 * slices of time, coarsely: with weights 1 to 10 it is to be more than 1.5
 * times, and less than 40 times as much.
 *
 * Promises from cgroup-v2.rst, "IO Interface Files", and block/bfq-iosched.rst.
 */
#include "io.h"
#include <linux/loop.h>
#include <sys/ioctl.h>

#define NEEDS_IOCOST() do {						\
	if (!cg_has(self->root, "io.cost.qos"))				\
		SKIP(return, "no iocost (CONFIG_BLK_CGROUP_IOCOST)");	\
} while (0)

static void set_scheduler(const char *name)
{
	must(!file_write(SCHEDULER, name));
}

/* None that the disk has by default has a say in who gets what. */
FIXTURE_SETUP(io)
{
	IO_SETUP();
	set_scheduler("none");
}

FIXTURE_TEARDOWN_PARENT(io)
{
	if (!self->top[0])
		return;
	cg_destroy(self->top);
	if (cg_has(self->root, "io.cost.qos"))
		io_set(self->root, "io.cost.qos", DISK, "enable=0");
	set_scheduler("none");
}

static void expect_text(struct __test_metadata *_metadata, const char *text,
			const char *cg, const char *file)
{
	char buf[256];

	ASSERT_GT(cg_read(cg, file, buf, sizeof(buf)), 0);
	EXPECT_STREQ(text, buf);
}

/*
 * The disk is modelled as slow, at a rate that it surely has, so that there is
 * something to share out: 300 requests of 4 KiB a second, without scaling. With
 * eight workers for each cgroup it wants its share even if each request takes long.
 */
#define MODEL_IOPS	300

static int model_disk(const char *root)
{
	int err = io_set(root, "io.cost.model", DISK,
			 "ctrl=user model=linear rbps=1000000000 rseqiops=%d "
			 "rrandiops=%d wbps=1000000000 wseqiops=%d wrandiops=%d",
			 MODEL_IOPS, MODEL_IOPS, MODEL_IOPS, MODEL_IOPS);

	return err ?: io_set(root, "io.cost.qos", DISK,
			     "enable=1 ctrl=user rpct=0 rlat=0 wpct=0 wlat=0 min=100 max=100");
}

TEST_F(io, weight_is_100_unless_set)
{
	expect_text(_metadata, "default 100", self->a, "io.weight");
	EXPECT_FALSE(cg_has(self->root, "io.weight"));
	ASSERT_EQ(0, cg_write(self->a, "io.weight", "50"));
	expect_text(_metadata, "default 50", self->a, "io.weight");
	ASSERT_EQ(0, cg_write(self->a, "io.weight", "default 10000"));
	expect_text(_metadata, "default 10000", self->a, "io.weight");
	ASSERT_EQ(0, cg_write(self->a, "io.weight", "1"));
	expect_text(_metadata, "default 1", self->a, "io.weight");
	expect_text(_metadata, "default 100", self->b, "io.weight");
}

TEST_F(io, weight_has_overrides_for_single_disks)
{
	char text[64];

	NEEDS_IOCOST();
	ASSERT_EQ(0, model_disk(self->root));
	ASSERT_EQ(0, io_set(self->a, "io.weight", DISK, "200"));
	snprintf(text, sizeof(text), "default 100\n%s 200", disk_number(DISK));
	expect_text(_metadata, text, self->a, "io.weight");
	ASSERT_EQ(0, cg_write(self->a, "io.weight", "70"));
	snprintf(text, sizeof(text), "default 70\n%s 200", disk_number(DISK));
	expect_text(_metadata, text, self->a, "io.weight");
	ASSERT_EQ(0, io_set(self->a, "io.weight", DISK, "default"));
	expect_text(_metadata, "default 70", self->a, "io.weight");
}

TEST_F(io, weight_is_from_1_to_10000)
{
	static const char * const values[] = {
		"0", "10001", "-1", "x", "\n", "default", "default 0",
		"default 10001", "default x", "max",
	};

	ASSERT_EQ(0, cg_write(self->a, "io.weight", "42"));
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		EXPECT_EQ(-EINVAL, cg_write(self->a, "io.weight", values[i]))
			TH_LOG("writing '%s'", values[i]);
	}
	NEEDS_IOCOST();
	ASSERT_EQ(0, model_disk(self->root));
	EXPECT_EQ(-EINVAL, io_set(self->a, "io.weight", DISK, "0"));
	EXPECT_EQ(-EINVAL, io_set(self->a, "io.weight", DISK, "10001"));
	EXPECT_EQ(-EINVAL, io_set(self->a, "io.weight", DISK, "x"));
	EXPECT_EQ(-ENODEV, cg_write(self->a, "io.weight", "240:77 100"));
	expect_text(_metadata, "default 42", self->a, "io.weight");
}

TEST_F(io, cost_files_are_on_the_root_and_keep_what_is_written)
{
	NEEDS_IOCOST();
	EXPECT_FALSE(cg_has(self->a, "io.cost.qos"));
	EXPECT_FALSE(cg_has(self->a, "io.cost.model"));
	ASSERT_EQ(0, model_disk(self->root));
	EXPECT_STREQ("ctrl=user model=linear rbps=1000000000 rseqiops=300 rrandiops=300 wbps=1000000000 wseqiops=300 wrandiops=300",
		     io_line(self->root, "io.cost.model", DISK));
	EXPECT_STREQ("enable=1 ctrl=user rpct=0.00 rlat=0 wpct=0.00 wlat=0 min=100.00 max=100.00",
		     io_line(self->root, "io.cost.qos", DISK));
	/* What is set makes it the user's again. */
	ASSERT_EQ(0, io_set(self->root, "io.cost.qos", DISK, "ctrl=auto"));
	EXPECT_EQ(0, strncmp(io_line(self->root, "io.cost.qos", DISK),
			     "enable=1 ctrl=auto ", 19));
	ASSERT_EQ(0, io_set(self->root, "io.cost.qos", DISK,
			    "rpct=95.00 rlat=75000 wpct=95.5 wlat=150000 min=50 max=150.0"));
	EXPECT_STREQ("enable=1 ctrl=user rpct=95.00 rlat=75000 wpct=95.50 wlat=150000 min=50.00 max=150.00",
		     io_line(self->root, "io.cost.qos", DISK));
	/* Back to the kernel's own. */
	ASSERT_EQ(0, io_set(self->root, "io.cost.model", DISK, "ctrl=auto"));
	EXPECT_EQ(0, strncmp(io_line(self->root, "io.cost.model", DISK),
			     "ctrl=auto model=linear ", 23));
	ASSERT_EQ(0, io_set(self->root, "io.cost.qos", DISK, "enable=0 ctrl=auto"));
	EXPECT_EQ(0, strncmp(io_line(self->root, "io.cost.qos", DISK),
			     "enable=0 ctrl=auto ", 19));
}

TEST_F(io, cost_settings_that_make_no_sense_are_refused)
{
	static const char * const qos[] = {
		"foo=1", "enable=x", "ctrl=foo", "rpct=101", "rpct=-1", "wpct=x",
		"min=120 max=80", "rlat=x", "enable",
	};
	static const char * const model[] = {
		"foo=1", "ctrl=foo", "model=square", "rbps=x", "rbps", "rseqiops=-1",
	};
	char before[512];

	NEEDS_IOCOST();
	ASSERT_EQ(0, model_disk(self->root));
	snprintf(before, sizeof(before), "%s",
		 io_line(self->root, "io.cost.qos", DISK));
	for (size_t i = 0; i < ARRAY_SIZE(qos); i++) {
		EXPECT_EQ(-EINVAL, io_set(self->root, "io.cost.qos", DISK, "%s", qos[i]))
			TH_LOG("writing '%s'", qos[i]);
	}
	EXPECT_STREQ(before, io_line(self->root, "io.cost.qos", DISK));
	snprintf(before, sizeof(before), "%s",
		 io_line(self->root, "io.cost.model", DISK));
	for (size_t i = 0; i < ARRAY_SIZE(model); i++) {
		EXPECT_EQ(-EINVAL, io_set(self->root, "io.cost.model", DISK, "%s",
					  model[i]))
			TH_LOG("writing '%s'", model[i]);
	}
	EXPECT_STREQ(before, io_line(self->root, "io.cost.model", DISK));
}

/* A disk that nobody has told the cost model anything of. */
FIXTURE(fresh)
{
	FIXTURE_DATA(io) cg;
	char disk[64];
	int loop;
};

FIXTURE_SETUP(fresh)
{
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);

	self->loop = -1;
	io_setup(_metadata, &self->cg, NULL);
	if (!self->cg.b[0])
		return;
	if (!cg_has(self->cg.root, "io.cost.qos"))
		SKIP(return, "no iocost (CONFIG_BLK_CGROUP_IOCOST)");
	if (control < 0)
		SKIP(return, "no loop devices (CONFIG_BLK_DEV_LOOP)");
	self->loop = ioctl(control, LOOP_CTL_ADD, -1);
	ASSERT_GE(self->loop, 0);
	snprintf(self->disk, sizeof(self->disk), "/tmp/loop.%d", getpid());
	ASSERT_EQ(0, mknod(self->disk, S_IFBLK | 0600, makedev(7, self->loop)));
	close(control);
}

FIXTURE_TEARDOWN_PARENT(fresh)
{
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);

	if (self->cg.top[0])
		cg_destroy(self->cg.top);
	if (self->disk[0])
		unlink(self->disk);
	if (self->loop >= 0 && ioctl(control, LOOP_CTL_REMOVE, self->loop))
		fprintf(stderr, "# loop%d stays\n", self->loop);
	close(control);
}

static bool starts_with(const char *text, const char *start)
{
	return !strncmp(text, start, strlen(start));
}

TEST_F(fresh, a_disk_has_cost_lines_once_either_is_written)
{
	const char *root = self->cg.root, *disk = self->disk;

	EXPECT_STREQ("", io_line(root, "io.cost.qos", disk));
	EXPECT_STREQ("", io_line(root, "io.cost.model", disk));
	ASSERT_EQ(0, io_set(root, "io.cost.model", disk, "ctrl=auto"));
	EXPECT_TRUE(starts_with(io_line(root, "io.cost.qos", disk),
				"enable=0 ctrl=auto rpct=0.00 rlat="))
		TH_LOG("'%s'", io_line(root, "io.cost.qos", disk));
	EXPECT_TRUE(starts_with(io_line(root, "io.cost.model", disk),
				"ctrl=auto model=linear rbps="))
		TH_LOG("'%s'", io_line(root, "io.cost.model", disk));
	EXPECT_STREQ("", io_line(root, "io.cost.qos", OTHER));
}

/*
 * @key=@value is set alone, which comes first behind @start: the rest is as the kernel
 * chose it, but is the user's from then on. "ctrl=auto" brings the kernel's own back.
 */
static void expect_user(struct __test_metadata *_metadata, FIXTURE_DATA(fresh) *self,
			const char *file, const char *start, const char *key,
			const char *value, const char *shown)
{
	char before[512], want[640], *old;

	ASSERT_EQ(0, io_set(self->cg.root, file, self->disk, "ctrl=auto"));
	snprintf(before, sizeof(before), "%s", io_line(self->cg.root, file, self->disk));
	old = strstr(before, key);
	ASSERT_NE(NULL, old);
	snprintf(want, sizeof(want), "%s%s=%s%s", start, key, shown,
		 old + strcspn(old, " "));
	ASSERT_EQ(0, io_set(self->cg.root, file, self->disk, "%s=%s", key, value));
	EXPECT_STREQ(want, io_line(self->cg.root, file, self->disk));
	EXPECT_STRNE(before, want);
	ASSERT_EQ(0, io_set(self->cg.root, file, self->disk, "ctrl=auto"));
	EXPECT_STREQ(before, io_line(self->cg.root, file, self->disk));
}

TEST_F(fresh, one_parameter_makes_all_of_them_the_users)
{
	expect_user(_metadata, self, "io.cost.qos", "enable=0 ctrl=user ", "rpct", "95",
		    "95.00");
	expect_user(_metadata, self, "io.cost.model", "ctrl=user model=linear ", "rbps", "1",
		    "1");
	/* Each of the two files has its own mode. */
	ASSERT_EQ(0, io_set(self->cg.root, "io.cost.model", self->disk, "wbps=1"));
	EXPECT_TRUE(starts_with(io_line(self->cg.root, "io.cost.model", self->disk),
				"ctrl=user "));
	EXPECT_TRUE(starts_with(io_line(self->cg.root, "io.cost.qos", self->disk),
				"enable=0 ctrl=auto "));
}

TEST_F(fresh, scaling_is_kept_from_1_to_10000_percent)
{
	const char *line;

	ASSERT_EQ(0, io_set(self->cg.root, "io.cost.qos", self->disk, "min=0.5 max=20000"));
	line = io_line(self->cg.root, "io.cost.qos", self->disk);
	EXPECT_STREQ("min=1.00 max=10000.00", strstr(line, "min="));
	ASSERT_EQ(0, io_set(self->cg.root, "io.cost.qos", self->disk, "min=1.01 max=9999.99"));
	line = io_line(self->cg.root, "io.cost.qos", self->disk);
	EXPECT_STREQ("min=1.01 max=9999.99", strstr(line, "min="));
}

/* Whether the second got this many times as much as the first; all is tenfold. */
static bool shares(const long done[2], long min, long max)
{
	return done[1] * 10 > done[0] * min && done[1] * 10 < done[0] * max;
}

static void expect_share(struct __test_metadata *_metadata, const long done[2],
			 long min, long max)
{
	EXPECT_TRUE(shares(done, min, max))
		TH_LOG("%ld to %ld requests", done[0], done[1]);
}

static const struct io small_reads = { DISK, false, 4096, 0 };
static const struct io small_writes = { DISK, true, 4096, 0 };

TEST_F(io, iocost_shares_by_weight)
{
	long done[2] = { 0 };

	NEEDS_IOCOST();
	ASSERT_EQ(0, model_disk(self->root));
	ASSERT_EQ(0, cg_write(self->a, "io.weight", "100"));
	ASSERT_EQ(0, cg_write(self->b, "io.weight", "400"));
	io_compete(self->a, self->b, &small_reads, 8, 1200, 70, done);
	expect_share(_metadata, done, 20, 80);
}

TEST_F(io, iocost_shares_by_the_disks_own_weight)
{
	long done[2] = { 0 };

	NEEDS_IOCOST();
	ASSERT_EQ(0, model_disk(self->root));
	ASSERT_EQ(0, cg_write(self->a, "io.weight", "400"));
	ASSERT_EQ(0, io_set(self->a, "io.weight", DISK, "100"));
	ASSERT_EQ(0, io_set(self->b, "io.weight", DISK, "400"));
	io_compete(self->a, self->b, &small_writes, 8, 1200, 70, done);
	expect_share(_metadata, done, 20, 80);
}

TEST_F(io, iocost_gives_equal_weights_equal_shares)
{
	long done[2] = { 0 };

	NEEDS_IOCOST();
	ASSERT_EQ(0, model_disk(self->root));
	io_compete(self->a, self->b, &small_reads, 8, 800, 120, done);
	expect_share(_metadata, done, 6, 17);
}

TEST_F(io, iocost_lets_who_is_alone_have_it_all)
{
	const struct io io = { DISK, false, 4096, MODEL_IOPS / 2 };
	long ms;

	NEEDS_IOCOST();
	ASSERT_EQ(0, model_disk(self->root));
	ASSERT_EQ(0, cg_write(self->a, "io.weight", "1"));
	ASSERT_EQ(0, cg_write(self->b, "io.weight", "10000"));
	ms = io_run(self->a, &io);
	/* Half a second by the model; its ten-thousandth part would be hours. */
	EXPECT_LE(ms, PROC_HANG_MS);
}

#define BFQ	"/sys/block/ubda/queue/iosched/"
#define MAX_KB	"/sys/block/ubda/queue/max_sectors_kb"
#define ROOM	"/sys/block/ubda/queue/nr_requests"

/* The disk is scheduled by BFQ, and no longer after the test: that has parameters. */
FIXTURE(bfq)
{
	FIXTURE_DATA(io) cg;
	long max_kb;
};

FIXTURE_SETUP(bfq)
{
	io_setup(_metadata, &self->cg, NULL);
	if (!self->cg.b[0])
		return;
	self->max_kb = file_number(MAX_KB);
	ASSERT_GT(self->max_kb, 0);
	if (!cg_has(self->cg.a, "io.bfq.weight") || file_write(SCHEDULER, "bfq"))
		SKIP(return, "no BFQ with cgroups");
}

FIXTURE_TEARDOWN_PARENT(bfq)
{
	if (self->cg.top[0])
		cg_destroy(self->cg.top);
	if (self->max_kb <= 0)
		return;
	file_printf(MAX_KB, "%ld", self->max_kb);
	set_scheduler("none");
}

TEST_F(bfq, weight_is_100_unless_set)
{
	char text[64];

	expect_text(_metadata, "default 100", self->cg.a, "io.bfq.weight");
	ASSERT_EQ(0, cg_write(self->cg.a, "io.bfq.weight", "1000"));
	expect_text(_metadata, "default 1000", self->cg.a, "io.bfq.weight");
	ASSERT_EQ(0, cg_write(self->cg.a, "io.bfq.weight", "default 1"));
	expect_text(_metadata, "default 1", self->cg.a, "io.bfq.weight");
	ASSERT_EQ(0, io_set(self->cg.a, "io.bfq.weight", DISK, "300"));
	snprintf(text, sizeof(text), "default 1\n%s 300", disk_number(DISK));
	expect_text(_metadata, text, self->cg.a, "io.bfq.weight");
	ASSERT_EQ(0, io_set(self->cg.a, "io.bfq.weight", DISK, "default"));
	expect_text(_metadata, "default 1", self->cg.a, "io.bfq.weight");
	EXPECT_EQ(-ERANGE, cg_write(self->cg.a, "io.bfq.weight", "0"));
	EXPECT_EQ(-ERANGE, cg_write(self->cg.a, "io.bfq.weight", "1001"));
	EXPECT_EQ(-ERANGE, io_set(self->cg.a, "io.bfq.weight", DISK, "1001"));
	EXPECT_EQ(-EINVAL, cg_write(self->cg.a, "io.bfq.weight", "x"));
	expect_text(_metadata, "default 1", self->cg.a, "io.bfq.weight");
}

/*
 * The disk has a request done before there is a next one. BFQ waits for that, but
 * lets others in meanwhile, on a slow machine as often as not: hence each has eight
 * requests at a time. Room for requests BFQ divides by weight as well, and who waits
 * for room cannot use his turn: hence there is more than even the lighter asks for.
 */
TEST_F(bfq, it_shares_by_weight)
{
	const struct io io = { DISK, false, KB(512), 0 };
	long done[2];
	int so = 0;

	ASSERT_EQ(0, cg_write(self->cg.a, "io.bfq.weight", "100"));
	ASSERT_EQ(0, cg_write(self->cg.b, "io.bfq.weight", "1000"));
	ASSERT_EQ(0, file_write(MAX_KB, "64"));
	ASSERT_EQ(0, file_write(ROOM, "1024"));
	/* It gives single processes more than their share (bfq-iosched.rst, low_latency). */
	ASSERT_EQ(0, file_write(BFQ "low_latency", "0"));
	ASSERT_EQ(0, file_write(BFQ "strict_guarantees", "1"));
	ASSERT_EQ(0, file_write(BFQ "slice_idle", "200"));
	/* Nobody is charged by time, which a busy machine takes from who is served. */
	ASSERT_EQ(0, file_write(BFQ "timeout_sync", "10000"));
	/* In sectors, what one may have done at a time: two of its I/Os. */
	ASSERT_EQ(0, file_write(BFQ "max_budget", "2048"));
	/*
	 * What it owes it may pay late: one time in a hundred, for seconds, it serves hardly
	 * anybody but the heavier. So it is most of the times that count.
	 */
	for (int round = 0; round < IO_RUNS && so < 1; round++) {
		io_compete(self->cg.a, self->cg.b, &io, 4, 1500, 30, done);
		so += shares(done, 30, 400) ? 1 : -1;
		if (so < 1)
			fprintf(stderr, "# %ld to %ld requests\n", done[0], done[1]);
	}
	EXPECT_GT(so, 0)
		TH_LOG("the last time: %ld to %ld requests", done[0], done[1]);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * io.stat: whose I/O is counted where, to the byte; and io.pressure: who waited
 * for it.
 *
 * Promises from cgroup-v2.rst, "IO Interface Files".
 */
#include "io.h"
#include <linux/fs.h>
#include <sys/ioctl.h>

FIXTURE_SETUP(io)
{
	IO_SETUP();
}

FIXTURE_TEARDOWN_PARENT(io)
{
	if (self->top[0])
		cg_destroy(self->top);
}

static void expect_stat(struct __test_metadata *_metadata, const char *cg,
			const char *disk, const long want[6])
{
	static const char * const keys[] = {
		"rbytes", "wbytes", "rios", "wios", "dbytes", "dios",
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		EXPECT_EQ(want[i], io_stat(cg, disk, keys[i]))
			TH_LOG("%s of %s", keys[i], cg);
	}
}

TEST_F(io, a_new_cgroup_has_no_io)
{
	expect_stat(_metadata, self->a, DISK, (long[6]) { 0 });
	expect_stat(_metadata, self->top, DISK, (long[6]) { 0 });
}

TEST_F(io, reads_are_counted_to_the_byte)
{
	const struct io io = { DISK, false, KB(64), 16 };

	io_run(self->a, &io);
	expect_stat(_metadata, self->a, DISK, (long[6]) { MB(1), 0, 16 });
	expect_stat(_metadata, self->b, DISK, (long[6]) { 0 });
}

TEST_F(io, writes_are_counted_to_the_byte)
{
	const struct io io = { DISK, true, KB(4), 100 };

	io_run(self->a, &io);
	expect_stat(_metadata, self->a, DISK, (long[6]) { 0, KB(400), 0, 100 });
}

TEST_F(io, a_line_has_the_documented_keys_in_order)
{
	const struct io io = { DISK, true, 512, 1 };

	io_run(self->a, &io);
	EXPECT_STREQ("rbytes=0 wbytes=512 rios=0 wios=1 dbytes=0 dios=0",
		     io_line(self->a, "io.stat", DISK));
}

TEST_F(io, discards_are_counted_apart)
{
	const struct io io = { DISK, false, KB(4), 1 };
	uint64_t range[2] = { 0, MB(1) };
	pid_t pid = cg_fork_into(self->a, 0);

	if (!pid) {
		int fd = open(DISK, O_RDWR);

		must(fd >= 0);
		if (!ioctl(fd, BLKDISCARD, range))
			_exit(0);
		_exit(errno == EOPNOTSUPP ? 2 : 1);
	}
	pid = proc_end(pid);
	if (pid == 2)
		SKIP(return, "the disk takes no discards");
	ASSERT_EQ(0, pid);
	/* Linux shows the numbers only when there is a read or a write, too. */
	io_run(self->a, &io);
	EXPECT_EQ(MB(1), io_stat(self->a, DISK, "dbytes"));
	EXPECT_GE(io_stat(self->a, DISK, "dios"), 1);
	EXPECT_EQ(0, io_stat(self->a, DISK, "wbytes"));
	EXPECT_EQ(KB(4), io_stat(self->a, DISK, "rbytes"));
}

TEST_F(io, every_disk_has_a_line_of_its_own)
{
	const struct io here = { DISK, true, KB(4), 3 };
	const struct io there = { OTHER, false, KB(16), 2 };

	io_run(self->a, &here);
	EXPECT_STREQ("", io_line(self->a, "io.stat", OTHER));
	io_run(self->a, &there);
	expect_stat(_metadata, self->a, DISK, (long[6]) { 0, KB(12), 0, 3 });
	expect_stat(_metadata, self->a, OTHER, (long[6]) { KB(32), 0, 2 });
}

TEST_F(io, a_parent_counts_what_is_below)
{
	const struct io one = { DISK, true, KB(4), 5 };
	const struct io two = { DISK, false, KB(8), 7 };

	io_run(self->a, &one);
	io_run(self->b, &two);
	expect_stat(_metadata, self->a, DISK, (long[6]) { 0, KB(20), 0, 5 });
	expect_stat(_metadata, self->b, DISK, (long[6]) { KB(56), 0, 7 });
	expect_stat(_metadata, self->top, DISK,
		    (long[6]) { KB(56), KB(20), 7, 5 });
}

TEST_F(io, a_removed_cgroups_io_stays_its_parents)
{
	const struct io io = { DISK, true, KB(4), 5 };

	io_run(self->a, &io);
	ASSERT_EQ(0, cg_remove(self->a));
	expect_stat(_metadata, self->top, DISK, (long[6]) { 0, KB(20), 0, 5 });
	/* The name made again is another cgroup. */
	ASSERT_EQ(0, cg_create(self->a));
	expect_stat(_metadata, self->a, DISK, (long[6]) { 0 });
	io_run(self->a, &io);
	expect_stat(_metadata, self->a, DISK, (long[6]) { 0, KB(20), 0, 5 });
	expect_stat(_metadata, self->top, DISK, (long[6]) { 0, KB(40), 0, 10 });
}

TEST_F(io, a_process_that_moves_leaves_its_count_behind)
{
	const struct io first = { DISK, true, KB(4), 3 };
	const struct io second = { DISK, true, KB(4), 4 };
	pid_t pid = cg_fork_into(self->a, 0);

	if (!pid) {
		io_do(&first, NULL);
		must(!cg_enter(self->b, 0));
		io_do(&second, NULL);
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(pid));
	expect_stat(_metadata, self->a, DISK, (long[6]) { 0, KB(12), 0, 3 });
	expect_stat(_metadata, self->b, DISK, (long[6]) { 0, KB(16), 0, 4 });
}

/* An open file has no cgroup: who uses it is who is counted. */
TEST_F(io, the_process_counts_and_not_the_file)
{
	int fd = open(DISK, O_RDONLY | O_DIRECT);
	void *buf = mmap(NULL, KB(4), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ASSERT_GE(fd, 0);
	for (int i = 0; i < 2; i++) {
		pid_t pid = cg_fork_into(i ? self->b : self->a, 0);

		if (!pid)
			_exit(pread(fd, buf, KB(4), 0) == KB(4) ? 0 : 1);
		ASSERT_EQ(0, proc_end(pid));
	}
	EXPECT_EQ(KB(4), io_stat(self->a, DISK, "rbytes"));
	EXPECT_EQ(KB(4), io_stat(self->b, DISK, "rbytes"));
}

static void read_buffered(const char *cg)
{
	pid_t pid = cg_fork_into(cg, 0);

	if (!pid) {
		static char buf[1 << 16];
		int fd = open(DISK, O_RDONLY);

		must(fd >= 0);
		/* One request per read, nothing ahead. */
		must(!posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM));
		for (int i = 0; i < 4; i++)
			must(pread(fd, buf, sizeof(buf), i * sizeof(buf)) ==
			     sizeof(buf));
		_exit(0);
	}
	must(!proc_end(pid));
}

TEST_F(io, a_cached_read_is_no_io)
{
	/* Keeps the cache: a block device's goes with its last opener. */
	int fd = open(DISK, O_RDONLY);

	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, ioctl(fd, BLKFLSBUF));
	read_buffered(self->a);
	EXPECT_EQ(KB(256), io_stat(self->a, DISK, "rbytes"));
	read_buffered(self->a);
	read_buffered(self->b);
	EXPECT_EQ(KB(256), io_stat(self->a, DISK, "rbytes"));
	EXPECT_EQ(0, io_stat(self->b, DISK, "rbytes"));
	EXPECT_EQ(KB(256), io_stat(self->top, DISK, "rbytes"));
}

/* Microseconds that all (@kind "full") or some waited for I/O. */
static long pressure(const char *cg, const char *kind)
{
	char path[PATH_MAX], text[256], *total;

	must(!file_field(cg_path(path, cg, "io.pressure"), kind, text,
			 sizeof(text)));
	total = strstr(text, "total=");
	must(total);
	return atol(total + 6);
}

TEST_F(io, waiting_for_a_throttled_disk_is_pressure)
{
	const struct io io = { DISK, false, KB(64), 8 };
	long ms, some = 0, full = 0, top = 0;

	if (!cg_has(self->a, "io.pressure"))
		SKIP(return, "no pressure stall information");
	ASSERT_EQ(0, io_set(self->a, "io.max", DISK, "rbps=%ld", MB(1)));
	/*
	 * No more than the time that it took; and half of that at least, in one of
	 * several runs: who waits for a CPU of a busy machine does not wait for I/O.
	 */
	for (int i = 0; i < IO_RUNS; i++) {
		some = pressure(self->a, "some");
		full = pressure(self->a, "full");
		top = pressure(self->top, "some");
		ms = io_run(self->a, &io);
		some = pressure(self->a, "some") - some;
		full = pressure(self->a, "full") - full;
		top = pressure(self->top, "some") - top;
		EXPECT_LE(some, ms * 1100 + 50000);
		if (some >= ms * 500 && full >= ms * 400 && top >= ms * 500)
			break;
	}
	EXPECT_GE(some, ms * 500);
	EXPECT_GE(full, ms * 400);
	EXPECT_GE(top, ms * 500);
	EXPECT_EQ(0, pressure(self->b, "some"));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * How much a cgroup may have dirty, and how the io controller's limits reach
 * those who write by way of the page cache.
 *
 * Promises from cgroup-v2.rst, "Writeback": memory limits cap the dirty pages;
 * "the more restrictive of the two is enforced".
 */
#include "wb.h"

WB_FIXTURE()

/*
 * Has a process of @cg dirty @size bytes of a new file. Returns the most that were dirty
 * or on their way in @cg. Whoever writes reads the statistics too, every now and then: the
 * kernel, which goes by them, would find them up to seconds old.
 */
static long dirty_peak(const char *cg, const char *path, size_t size)
{
	struct baton peak = baton_make();
	pid_t pid = cg_fork_bound(cg);

	must(pid >= 0);
	if (!pid) {
		long most = 0;

		for (size_t at = 0; at < size; at += KB(256)) {
			long now;

			dirty(path, at, KB(256));
			now = cg_key(cg, "memory.stat", "file_dirty") +
			      cg_key(cg, "memory.stat", "file_writeback");
			if (now > most)
				most = now;
		}
		baton_pass(&peak, most);
		_exit(0);
	}
	must(!proc_end(pid));
	return baton_take(&peak);
}

/* With 24 MiB for all, a ratio of 20 % leaves some 5 MiB; allow for twice. */
TEST_F_TIMEOUT(wb, a_memory_limit_bounds_what_is_dirty, 120)
{
	long peak;

	ASSERT_EQ(0, file_write("/proc/sys/vm/dirty_background_ratio", "10"));
	ASSERT_EQ(0, file_write("/proc/sys/vm/dirty_ratio", "20"));
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "24M"));
	peak = dirty_peak(self->a, self->file, MB(24));
	EXPECT_GT(peak, 0);
	EXPECT_LE(peak, MB(10))
		TH_LOG("up to %ld KiB were dirty", peak >> 10);
	/* To stay below, it had most of it written meanwhile, on its account. */
	EXPECT_GE(wbytes(self->a), MB(24) - MB(10));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "oom"));
}

/*
 * The same, where the system's limits are sizes: for a cgroup they are the part that they
 * are of the memory of the system, here a tenth of 24 MiB, or with a kernel that needs much
 * memory itself a fifth; allow for twice.
 */
TEST_F_TIMEOUT(wb, limits_in_bytes_are_a_share_for_a_cgroup_with_a_memory_limit, 120)
{
	char other[80];
	long peak;

	ASSERT_EQ(0, file_write("/proc/sys/vm/dirty_background_bytes", "25165824"));
	ASSERT_EQ(0, file_write("/proc/sys/vm/dirty_bytes", "50331648"));
	/* Who is without a limit has what the system has. */
	dirty_in(self->b, self->file, 0, MB(12));
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "24M"));
	snprintf(other, sizeof(other), "%s.other", self->file);
	peak = dirty_peak(self->a, other, MB(24));
	ASSERT_EQ(0, unlink(other));
	EXPECT_GT(peak, 0);
	EXPECT_LE(peak, MB(10))
		TH_LOG("up to %ld KiB were dirty", peak >> 10);
	EXPECT_GE(wbytes(self->a), MB(24) - MB(10));
	EXPECT_TRUE(cg_stat_settles(self->b, "file_dirty", MB(12), MB(12) + METADATA));
	EXPECT_LE(wbytes(self->b), METADATA);
}

/*
 * 8 MiB are more than 30 % of what a cgroup with 24 MiB can have, and much less than 30 %
 * of what the system has: 45 % is where a writer would have to wait. Nobody asks for
 * anything to be written, and nothing is old enough to be.
 */
TEST_F_TIMEOUT(wb, a_memory_limit_has_a_background_threshold_of_its_own, 120)
{
	char other[80];

	ASSERT_EQ(0, file_write("/proc/sys/vm/dirty_background_ratio", "30"));
	ASSERT_EQ(0, file_write("/proc/sys/vm/dirty_expire_centisecs", "360000"));
	ASSERT_EQ(0, file_write("/proc/sys/vm/dirty_writeback_centisecs", "10"));
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "24M"));
	snprintf(other, sizeof(other), "%s.other", self->file);
	dirty_in(self->b, self->file, 0, MB(8));
	dirty_in(self->a, other, 0, MB(8));
	EXPECT_TRUE(EVENTUALLY(wbytes(self->a) >= MB(1)))
		TH_LOG("%ld bytes written", wbytes(self->a));
	/* The same without a limit, looked at as often, stays. */
	poll(NULL, 0, 500);
	EXPECT_LE(wbytes(self->b), METADATA);
	EXPECT_TRUE(cg_stat_settles(self->b, "file_dirty", MB(8), MB(8) + METADATA));
	ASSERT_EQ(0, unlink(other));
}

TEST_F(wb, a_neighbour_without_limit_has_its_dirty_pages)
{
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "8M"));
	dirty_in(self->b, self->file, 0, MB(12));
	EXPECT_TRUE(cg_stat_settles(self->b, "file_dirty", MB(12), MB(12) + METADATA));
	EXPECT_LE(wbytes(self->b), METADATA);
}

/* 3 MiB at 2 MiB a second, by way of the cache. */
TEST_F(wb, io_max_slows_the_owners_writeback)
{
	long start, ms;
	struct stat st;
	char limit[64];

	if (!cg_has(self->a, "io.max"))
		SKIP(return, "no io.max (CONFIG_BLK_DEV_THROTTLING)");
	ASSERT_EQ(0, stat(DISK, &st));
	snprintf(limit, sizeof(limit), "%u:%u wbps=%ld", major(st.st_rdev),
		 minor(st.st_rdev), MB(2));
	ASSERT_EQ(0, cg_write(self->a, "io.max", limit));
	dirty_in(self->a, self->file, 0, MB(3));
	start = until_ms();
	write_back_in(self->b, self->file);
	ms = until_ms() - start;
	/* Two thirds of the time at least, for bursts are allowed. */
	EXPECT_GE(ms, 1000)
		TH_LOG("%ld ms", ms);
	EXPECT_EQ(MB(3), wbytes(self->a));
	/*
	 * The neighbour's own writeback is not slowed by it: not even by a limit with
	 * which it would take minutes.
	 */
	snprintf(limit, sizeof(limit), "%u:%u wbps=16384", major(st.st_rdev),
		 minor(st.st_rdev));
	ASSERT_EQ(0, cg_write(self->a, "io.max", limit));
	snprintf(limit, sizeof(limit), "%s.b", self->file);
	dirty_in(self->b, limit, 0, MB(3));
	start = until_ms();
	write_back_in(self->a, limit);
	EXPECT_LT(until_ms() - start, PROC_HANG_MS);
	EXPECT_EQ(MB(3), wbytes(self->b));
}

/* From dirty by way of under writeback to clean; a slow disk lets one look. */
TEST_F(wb, what_is_on_its_way_to_the_disk_is_counted)
{
	char limit[64];
	struct stat st;
	pid_t pid;

	if (!cg_has(self->a, "io.max"))
		SKIP(return, "no io.max (CONFIG_BLK_DEV_THROTTLING)");
	ASSERT_EQ(0, stat(DISK, &st));
	dirty_in(self->a, self->file, 0, N);
	EXPECT_EQ(0, cg_stat(self->a, "file_writeback"));
	snprintf(limit, sizeof(limit), "%u:%u wbps=16384", major(st.st_rdev),
		 minor(st.st_rdev));
	ASSERT_EQ(0, cg_write(self->a, "io.max", limit));
	pid = cg_fork_bound(self->b);
	if (!pid) {
		int fd = open(self->file, O_RDWR | O_CLOEXEC);

		must(fd >= 0 && !sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(cg_stat_settles(self->a, "file_writeback", N / 2, N + METADATA));
	EXPECT_TRUE(cg_stat_settles(self->a, "file_dirty", 0, METADATA));
	EXPECT_EQ(0, cg_stat(self->b, "file_writeback"));
	snprintf(limit, sizeof(limit), "%u:%u wbps=max", major(st.st_rdev),
		 minor(st.st_rdev));
	ASSERT_EQ(0, cg_write(self->a, "io.max", limit));
	EXPECT_TRUE(cg_stat_settles(self->a, "file_writeback", 0, 0));
	EXPECT_LE(N, cg_stat(self->a, "file"));
}

/*
 * With data=journal ext4 does not support cgroup writeback: "all writeback IOs
 * are attributed to the root cgroup".
 */
TEST_F_TIMEOUT(wb, without_the_file_systems_support_writes_are_the_roots, 120)
{
	/* Room in the journal: who has to make some writes on his own account. */
	ASSERT_EQ(0, umount(DIR_));
	ASSERT_EQ(0, wb_mkfs("-J size=32", "data=journal"));
	dirty_in(self->a, self->file, 0, N);
	EXPECT_EQ(0, wbytes(self->a));
	sync();
	EXPECT_EQ(0, wbytes(self->a));
	EXPECT_EQ(0, wbytes(self->b));
	EXPECT_EQ(0, wbytes(self->top));
	/* The other tests have one without a journal. */
	ASSERT_EQ(0, umount(DIR_));
	ASSERT_EQ(0, wb_mkfs("-O ^has_journal", NULL));
}

TEST_HARNESS_MAIN

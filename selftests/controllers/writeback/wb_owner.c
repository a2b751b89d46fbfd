// SPDX-License-Identifier: GPL-2.0
/*
 * Whose write it is when dirty pages go to the disk: that of the cgroup that
 * the inode belongs to, whoever has them written, and when it changes.
 *
 * Promises from cgroup-v2.rst, "Writeback".
 */
#include "wb.h"

WB_FIXTURE()

TEST_F(wb, who_dirties_has_the_dirty_pages)
{
	dirty_in(self->a, self->file, 0, N);
	EXPECT_TRUE(cg_stat_settles(self->a, "file_dirty", N, N + METADATA));
	EXPECT_LE(cg_stat(self->b, "file_dirty"), METADATA);
	EXPECT_GE(cg_stat(self->top, "file_dirty"), N);
	EXPECT_EQ(0, wbytes(self->a));
	write_back(self->file);
	EXPECT_TRUE(cg_stat_settles(self->a, "file_dirty", 0, METADATA));
	EXPECT_TRUE(cg_stat_settles(self->a, "file_writeback", 0, 0));
	/* They stay in the cache, clean, and its. */
	EXPECT_GE(cg_stat(self->a, "file"), N);
}

TEST_F(wb, who_dirtied_has_the_writes)
{
	dirty_in(self->a, self->file, 0, N);
	/* By a process that is in neither. */
	write_back(self->file);
	EXPECT_EQ(N, wbytes(self->a));
	EXPECT_EQ(0, wbytes(self->b));
	EXPECT_EQ(N, wbytes(self->top));
}

TEST_F(wb, who_has_it_written_has_not)
{
	dirty_in(self->a, self->file, 0, N);
	write_back_in(self->b, self->file);
	EXPECT_EQ(N, wbytes(self->a));
	EXPECT_EQ(0, wbytes(self->b));
}

static void fsync_in(const char *cg, const char *path)
{
	pid_t pid = cg_fork_bound(cg);

	if (!pid) {
		int fd = open(path, O_RDWR);

		must(fd >= 0 && !fsync(fd));
		_exit(0);
	}
	must(pid > 0 && !proc_end(pid));
}

TEST_F(wb, fsync_by_another_is_the_owners_write)
{
	dirty_in(self->a, self->file, 0, N);
	fsync_in(self->b, self->file);
	EXPECT_GE(wbytes(self->a), N);
	EXPECT_LE(wbytes(self->a), N + METADATA);
	EXPECT_LE(wbytes(self->b), METADATA);
}

TEST_F(wb, sync_of_everything_is_everybodys_own_write)
{
	char other[64];
	pid_t pid;

	snprintf(other, sizeof(other), "%s.other", self->file);
	dirty_in(self->a, self->file, 0, N);
	dirty_in(self->b, other, 0, 2 * N);
	pid = cg_fork_bound(self->b);
	if (!pid) {
		sync();
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(pid));
	EXPECT_GE(wbytes(self->a), N);
	EXPECT_LE(wbytes(self->a), N + METADATA);
	EXPECT_GE(wbytes(self->b), 2 * N);
	EXPECT_LE(wbytes(self->b), 2 * N + METADATA);
}

TEST_F(wb, shared_mappings_are_dirtied_the_same)
{
	pid_t pid;

	dirty(self->file, 0, N);
	write_back(self->file);
	/* Nothing cached, so that page and inode are the writer's. */
	ASSERT_EQ(0, umount(DIR_));
	ASSERT_EQ(0, mount(DISK, DIR_, "ext4", MS_NOATIME, NULL));
	pid = cg_fork_bound(self->a);
	if (!pid) {
		int fd = open(self->file, O_RDWR);
		char *p = mmap(NULL, N, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		must(p != MAP_FAILED);
		use(p, N);
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(pid));
	EXPECT_TRUE(cg_stat_settles(self->a, "file_dirty", N, N + METADATA));
	write_back(self->file);
	EXPECT_EQ(N, wbytes(self->a));
}

TEST_F(wb, a_page_dirtied_twice_is_written_once)
{
	dirty_in(self->a, self->file, 0, N);
	dirty_in(self->a, self->file, 0, N);
	write_back(self->file);
	EXPECT_EQ(N, wbytes(self->a));
	dirty_in(self->a, self->file, 0, N);
	write_back(self->file);
	EXPECT_EQ(2 * N, wbytes(self->a));
}

TEST_F(wb, what_is_removed_first_is_never_written)
{
	dirty_in(self->a, self->file, 0, N);
	ASSERT_EQ(0, unlink(self->file));
	EXPECT_TRUE(cg_stat_settles(self->a, "file_dirty", 0, METADATA));
	sync();
	EXPECT_LE(wbytes(self->a), METADATA);
}

TEST_F(wb, what_is_truncated_first_is_never_written)
{
	dirty_in(self->a, self->file, 0, N);
	ASSERT_EQ(0, truncate(self->file, N / 4));
	write_back(self->file);
	EXPECT_EQ(N / 4, wbytes(self->a));
}

/*
 * "an inode is assigned to a cgroup and all IO requests to write dirty pages
 * from the inode are attributed to that cgroup": foreign pages, too.
 */
TEST_F(wb, foreign_pages_are_the_owners_writes)
{
	dirty_in(self->a, self->file, 0, N);
	write_back(self->file);
	dirty_in(self->b, self->file, N, N / 4);
	EXPECT_TRUE(cg_stat_settles(self->b, "file_dirty", N / 4, N / 4 + METADATA));
	write_back_in(self->b, self->file);
	EXPECT_EQ(N + N / 4, wbytes(self->a));
	EXPECT_EQ(0, wbytes(self->b));
}

#define PART	KB(512)

/*
 * "if a particular foreign cgroup becomes the majority over a certain period
 * of time, switches the ownership". The kernel remembers some rounds of
 * writing; a round counts by the time that it took.
 */
TEST_F(wb, a_lasting_majority_takes_the_inode_over)
{
	long a, b;
	int round;

	dirty_in(self->a, self->file, 0, N);
	write_back(self->file);
	for (round = 1; round <= 400; round++) {
		a = wbytes(self->a);
		b = wbytes(self->b);
		/* Fresh pages, that they are charged to b. */
		dirty_in(self->b, self->file, N + (round % 20) * PART, PART);
		write_back(self->file);
		if (wbytes(self->b) - b == PART && wbytes(self->a) == a)
			break;
		ASSERT_EQ(0, wbytes(self->b) - b)
			TH_LOG("round %d is split", round);
		/* The switch is done by a worker, some time later. */
		poll(NULL, 0, 10);
	}
	ASSERT_LE(round, 400);
	/* Not at the first occasion. */
	EXPECT_GT(round, 1);
	/* And it stays so. */
	dirty_in(self->b, self->file, N, PART);
	write_back(self->file);
	EXPECT_EQ(a, wbytes(self->a));
	EXPECT_EQ(b + 2 * PART, wbytes(self->b));
}

TEST_F(wb, a_removed_owners_pages_are_its_parents_writes)
{
	dirty_in(self->a, self->file, 0, N);
	ASSERT_EQ(0, cg_remove(self->a));
	EXPECT_EQ(0, wbytes(self->top));
	write_back(self->file);
	EXPECT_EQ(N, wbytes(self->top));
	EXPECT_EQ(0, wbytes(self->b));
	EXPECT_TRUE(cg_stat_settles(self->top, "file_dirty", 0, METADATA));
}

TEST_F(wb, a_removed_owners_inode_goes_to_who_writes_next)
{
	long b;

	dirty_in(self->a, self->file, 0, N);
	write_back(self->file);
	ASSERT_EQ(0, cg_remove(self->a));
	for (int round = 1; round <= 400; round++) {
		b = wbytes(self->b);
		dirty_in(self->b, self->file, N + (round % 20) * PART, PART);
		write_back(self->file);
		if (wbytes(self->b) - b == PART)
			break;
		ASSERT_LT(round, 400);
		poll(NULL, 0, 10);
	}
}

TEST_F(wb, cgroups_with_a_file_each_have_their_own_writes)
{
	char other[64];

	snprintf(other, sizeof(other), "%s.other", self->file);
	dirty_in(self->a, self->file, 0, N);
	dirty_in(self->b, other, 0, N / 2);
	dirty_in(self->a, self->file, N, N);
	write_back_in(self->a, other);
	EXPECT_EQ(0, wbytes(self->a));
	EXPECT_EQ(N / 2, wbytes(self->b));
	write_back_in(self->b, self->file);
	EXPECT_EQ(2 * N, wbytes(self->a));
	EXPECT_EQ(N / 2, wbytes(self->b));
	EXPECT_EQ(2 * N + N / 2, wbytes(self->top));
}

/* A process takes along neither its dirty pages nor its inodes. */
TEST_F(wb, who_moves_away_leaves_its_dirty_pages_behind)
{
	pid_t pid = cg_fork_bound(self->a);

	if (!pid) {
		dirty(self->file, 0, N);
		must(!cg_enter(self->b, 0));
		write_back(self->file);
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(pid));
	EXPECT_EQ(N, wbytes(self->a));
	EXPECT_EQ(0, wbytes(self->b));
}

TEST_HARNESS_MAIN

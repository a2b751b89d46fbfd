// SPDX-License-Identifier: GPL-2.0
/*
 * memory.stat of a cgroup v1 hierarchy: what is a cgroup's own, and with all
 * below it; and where it stays when processes move and cgroups go.
 *
 * Promises from admin-guide/cgroup-v1/memory.rst, "Task migration", "Removing
 * a cgroup" and "stat file".
 */
#include "kselftest_harness.h"
#include "memcg-disk.h"
#include "memcg-v1.h"

MEMCG_V1_FIXTURE(stat)

#define NEEDS_DISK() do {						\
	if (disk_mount())						\
		SKIP(return, "no ext4 on a disk");			\
} while (0)

#define NEEDS_REPARENTED_STATS() do {					\
	if (proc_kernel_before(7, 3))					\
		SKIP(return, "a removed cgroup's numbers go to its parent by Linux 7.3"); \
} while (0)

/* A memory file of @size bytes that a process in @cg has written, and is gone. */
static int memory_file_of(const char *cg, size_t size)
{
	int fd = memfd_create("memory-v1", MFD_CLOEXEC);
	pid_t pid;

	must(fd >= 0);
	pid = v1_fork(cg);
	if (!pid) {
		static const char page[PAGE] = "used";

		for (size_t at = 0; at < size; at += PAGE)
			must(pwrite(fd, page, PAGE, at) == PAGE);
		_exit(0);
	}
	must(proc_end(pid) == 0);
	return fd;
}

/*
 * @a has @bytes at @key of its own, or up to @more; @top has them below it only,
 * and @b not at all.
 */
#define EXPECT_OWN(key, bytes, more) do {				\
	long most_ = (bytes) + (more);					\
									\
	EXPECT_TRUE(v1_stat_settles(self->a, key, bytes, most_));	\
	EXPECT_TRUE(cg_key_settles(self->a, STAT, "total_" key, bytes, most_)); \
	EXPECT_TRUE(cg_key_settles(self->top, STAT, "total_" key, bytes, most_ + (more))); \
	EXPECT_EQ(0, cg_key(self->top, STAT, key));			\
	EXPECT_GE(more, cg_key(self->b, STAT, "total_" key));		\
} while (0)

/* Pages of its program, which a process may be the first to need. */
#define PROGRAM	KB(512)

TEST_F(stat, shared_memory_is_its_first_users)
{
	int fd = memory_file_of(self->a, MB(4));

	EXPECT_OWN("shmem", MB(4), 0);
	EXPECT_OWN("cache", MB(4), PROGRAM);
	/* It does not matter who has it open, or writes it once more. */
	ASSERT_EQ(4, pwrite(fd, "more", 4, 0));
	EXPECT_OWN("shmem", MB(4), 0);
	close(fd);
	EXPECT_OWN("shmem", 0, 0);
	EXPECT_OWN("cache", 0, PROGRAM);
}

TEST_F(stat, page_cache_is_its_first_readers)
{
	pid_t pid;
	int fd;

	NEEDS_DISK();
	fd = disk_hole(MB(4));
	/* Its second reader finds it there. */
	for (int i = 0; i < 2; i++) {
		pid = v1_fork(i ? self->b : self->a);
		if (!pid) {
			read_through(fd, MB(4));
			_exit(0);
		}
		EXPECT_EQ(0, proc_end(pid));
		EXPECT_OWN("cache", MB(4), PROGRAM);
	}
	EXPECT_OWN("shmem", 0, 0);
	ASSERT_EQ(0, ftruncate(fd, 0));
	EXPECT_OWN("cache", 0, PROGRAM);
	close(fd);
}

TEST_F(stat, anonymous_memory_is_rss)
{
	struct actor hog = actor_make(self->a, MB(4));

	actor_does(&hog, USE);
	EXPECT_OWN("rss", MB(4), OWN);
	EXPECT_OWN("cache", 0, PROGRAM);
	actor_does(&hog, GIVE_BACK);
	EXPECT_OWN("rss", 0, OWN);
	EXPECT_EQ(0, actor_leaves(&hog));
	EXPECT_OWN("rss", 0, 0);
}

/* Charges and uncharges are counted apart, and never less. */
TEST_F(stat, events_are_counted_where_they_happen)
{
	struct actor hog = actor_make(self->a, MB(4));

	EXPECT_OWN("pgfault", 0, MB(4) / PAGE - 1);
	EXPECT_OWN("pgpgout", 0, MB(4) / PAGE - 1);
	actor_does(&hog, USE);
	EXPECT_OWN("pgfault", MB(4) / PAGE, MB(64) / PAGE);
	EXPECT_OWN("pgpgin", MB(4) / PAGE, MB(64) / PAGE);
	EXPECT_EQ(0, actor_leaves(&hog));
	EXPECT_OWN("pgpgout", MB(4) / PAGE, MB(64) / PAGE);
	EXPECT_OWN("pgpgin", MB(4) / PAGE, MB(64) / PAGE);
}

TEST_F(stat, dirty_pages_are_those_that_are_to_be_written)
{
	char path[] = FILE_DIR "/dirty.XXXXXX";
	pid_t pid;
	int fd;

	NEEDS_DISK();
	fd = mkstemp(path);
	ASSERT_LT(0, fd);
	ASSERT_EQ(0, unlink(path));
	pid = v1_fork(self->a);
	if (!pid) {
		static char buf[MB(2)];

		must(write(fd, buf, sizeof(buf)) == sizeof(buf));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_OWN("dirty", MB(2), PROGRAM);
	ASSERT_EQ(0, fsync(fd));
	EXPECT_OWN("dirty", 0, PROGRAM);
	EXPECT_OWN("writeback", 0, 0);
	EXPECT_OWN("cache", MB(2), 2 * PROGRAM);
	close(fd);
}

TEST_F(stat, locked_memory_is_unevictable)
{
	struct baton locked = baton_make();
	pid_t pid = v1_fork(self->a);

	if (!pid) {
		must(!mlock(map_used(MB(4)), MB(4)));
		baton_pass(&locked, 0);
		proc_sleep_forever();
	}
	baton_take(&locked);
	EXPECT_OWN("unevictable", MB(4) - CG_STOCK, CG_STOCK);
	EXPECT_OWN("rss", MB(4), OWN);
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
	/* The last of them may wait in a CPU's batch for the next that are locked. */
	EXPECT_OWN("unevictable", 0, CG_STOCK);
}

TEST_F(stat, the_lowest_limit_is_the_hierarchys)
{
#define EXPECT_LIMITS(cg, memory, memsw) do {				\
	EXPECT_EQ(memory, cg_key(cg, STAT, "hierarchical_memory_limit")); \
	EXPECT_EQ(memsw, cg_key(cg, STAT, "hierarchical_memsw_limit"));	\
} while (0)
	long none = cg_number(self->top, LIMIT);

	EXPECT_LT(MB(1 << 20), none);
	EXPECT_LIMITS(self->a, none, none);
	ASSERT_EQ(0, cg_write(self->top, LIMIT, "8M"));
	EXPECT_LIMITS(self->top, MB(8), none);
	EXPECT_LIMITS(self->a, MB(8), none);
	ASSERT_EQ(0, cg_write(self->a, LIMIT, "16M"));
	ASSERT_EQ(0, cg_write(self->a, MEMSW_LIMIT, "32M"));
	EXPECT_LIMITS(self->a, MB(8), MB(32));
	EXPECT_LIMITS(self->top, MB(8), none);
	EXPECT_LIMITS(self->b, MB(8), none);
	ASSERT_EQ(0, cg_write(self->top, MEMSW_LIMIT, "12M"));
	EXPECT_LIMITS(self->a, MB(8), MB(12));
	ASSERT_EQ(0, cg_write(self->a, LIMIT, "4M"));
	EXPECT_LIMITS(self->a, MB(4), MB(12));
	EXPECT_LIMITS(self->b, MB(8), MB(12));
	ASSERT_EQ(0, cg_write(self->top, MEMSW_LIMIT, "-1"));
	ASSERT_EQ(0, cg_write(self->top, LIMIT, "-1"));
	EXPECT_LIMITS(self->a, MB(4), MB(32));
	EXPECT_LIMITS(self->top, none, none);
}

TEST_F(stat, a_move_leaves_charges_behind)
{
	struct actor hog = actor_make(self->a, MB(4));

	actor_does(&hog, USE);
	ASSERT_EQ(0, cg_enter(self->b, hog.pid));
	EXPECT_LE(MB(4), cg_number(self->a, USAGE));
	EXPECT_GE(MB(1), cg_number(self->b, USAGE));
	EXPECT_OWN("rss", MB(4), OWN);
	/* Which it goes on using as it likes. */
	actor_does(&hog, LOOK);
	EXPECT_OWN("rss", MB(4), OWN);
	/* What it takes from now on is charged to where it is. */
	actor_does(&hog, GIVE_BACK);
	EXPECT_GE(MB(1), cg_number(self->a, USAGE));
	actor_does(&hog, USE);
	EXPECT_GE(MB(1), cg_number(self->a, USAGE));
	EXPECT_LE(MB(4), cg_number(self->b, USAGE));
	EXPECT_TRUE(v1_stat_settles(self->b, "rss", MB(4), MB(4) + OWN));
	EXPECT_EQ(0, actor_leaves(&hog));
}

/* @cg has @bytes of its own of what memory_file_of() makes, or up to @more. */
#define EXPECT_FILE(cg, bytes, more) do {				\
	EXPECT_TRUE(v1_stat_settles(cg, "shmem", bytes, bytes));	\
	EXPECT_TRUE(v1_stat_settles(cg, "total_shmem", bytes, bytes));	\
	EXPECT_TRUE(v1_stat_settles(cg, "cache", bytes, (bytes) + (more))); \
	EXPECT_TRUE(v1_stat_settles(cg, "inactive_anon", (bytes) / 16 * 15, (bytes) + (more))); \
} while (0)

TEST_F(stat, what_a_removed_cgroup_leaves_is_its_parents)
{
	int fd;

	NEEDS_REPARENTED_STATS();
	fd = memory_file_of(self->a, MB(4));
	EXPECT_OWN("shmem", MB(4), 0);
	ASSERT_EQ(0, cg_remove(self->a));
	EXPECT_FILE(self->top, MB(4), PROGRAM);
	EXPECT_LE(MB(4), cg_number(self->top, USAGE));
	close(fd);
	EXPECT_FILE(self->top, 0, PROGRAM);
	EXPECT_GE(MB(1), cg_number(self->top, USAGE));
}

TEST_F(stat, it_climbs_over_removed_levels)
{
	char below[PATH_MAX];
	int fd;

	NEEDS_REPARENTED_STATS();
	ASSERT_EQ(0, cg_create(cg_path(below, self->a, "below")));
	fd = memory_file_of(below, MB(4));
	ASSERT_EQ(0, cg_remove(below));
	ASSERT_EQ(0, cg_remove(self->a));
	EXPECT_FILE(self->top, MB(4), PROGRAM);
	close(fd);
	EXPECT_FILE(self->top, 0, PROGRAM);
}

TEST_F(stat, a_removed_cgroups_memory_is_still_its_users)
{
	struct actor hog = actor_make(self->a, MB(4));

	NEEDS_REPARENTED_STATS();
	actor_does(&hog, USE);
	ASSERT_EQ(0, cg_enter(self->b, hog.pid));
	ASSERT_EQ(0, cg_remove(self->a));
	EXPECT_TRUE(v1_stat_settles(self->top, "rss", MB(4), MB(4) + OWN));
	actor_does(&hog, LOOK);
	EXPECT_TRUE(v1_stat_settles(self->top, "rss", MB(4), MB(4) + OWN));
	actor_does(&hog, GIVE_BACK);
	EXPECT_TRUE(v1_stat_settles(self->top, "rss", 0, OWN));
	EXPECT_GE(OWN, cg_number(self->b, USAGE));
	EXPECT_EQ(0, actor_leaves(&hog));
}

TEST_HARNESS_MAIN

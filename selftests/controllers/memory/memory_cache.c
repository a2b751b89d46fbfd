// SPDX-License-Identifier: GPL-2.0
/*
 * Whose page cache it is: the first reader's or writer's, until it is dropped.
 *
 * Promises from cgroup-v2.rst, "Memory Ownership".
 */
#include "kselftest_harness.h"
#include "memcg-disk.h"

MEMCG_FIXTURE(cache)

#define SLACK	(KB(768) + CG_STOCK)

#define NEEDS_DISK() do {						\
	if (disk_mount())						\
		SKIP(return, "no ext4 on a disk");			\
} while (0)

TEST_F(cache, the_first_reader_is_charged)
{
	int fd;

	NEEDS_DISK();
	fd = disk_hole(MB(8));
	read_in(self->a, fd, MB(8));
	EXPECT_EQ(cg_inode(self->a), file_page_cgroup(fd, 0));
	EXPECT_EQ(cg_inode(self->a), file_page_cgroup(fd, MB(8) - PAGE));
	EXPECT_LE(MB(8), cg_number(self->a, "memory.current"));
	EXPECT_TRUE(cg_stat_settles(self->a, "file", MB(8), MB(8) + KB(512)));
	/* The second reader finds it in memory. */
	read_in(self->b, fd, MB(8));
	EXPECT_GE(SLACK, cg_number(self->b, "memory.current"));
	EXPECT_EQ(cg_inode(self->a), file_page_cgroup(fd, MB(4)));
	close(fd);
	EXPECT_TRUE(cg_settles(self->a, "memory.current", 0, SLACK));
}

TEST_F(cache, the_first_writer_is_charged)
{
	static char buf[1 << 16];
	int fd;
	pid_t pid;

	NEEDS_DISK();
	fd = disk_hole(MB(2));
	pid = cg_fork_bound(self->a);
	if (!pid) {
		for (int i = 0; i < 32; i++)
			must(pwrite(fd, buf, sizeof(buf), i << 16) > 0);
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(pid));
	EXPECT_EQ(cg_inode(self->a), file_page_cgroup(fd, 0));
	EXPECT_LE(MB(2), cg_number(self->a, "memory.current"));
	/* Written to disk or not, it stays in memory. */
	ASSERT_EQ(0, fsync(fd));
	EXPECT_LE(MB(2), cg_number(self->a, "memory.current"));
	close(fd);
	EXPECT_TRUE(cg_settles(self->a, "memory.current", 0, SLACK));
}

TEST_F(cache, a_mapped_file_is_who_faulted_its)
{
	int fd;
	pid_t pid;

	NEEDS_DISK();
	fd = disk_hole(MB(1));
	ASSERT_EQ(0, posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM));
	pid = cg_fork_bound(self->a);
	if (!pid) {
		char *p = mmap(NULL, MB(1), PROT_READ, MAP_SHARED, fd, 0);

		(void)*(volatile char *)p;
		must(page_cgroup(p) == cg_inode(self->a));
		must(!cg_enter(self->b, 0));
		must(page_cgroup(p) == cg_inode(self->a));
		(void)*(volatile char *)(p + MB(1) - PAGE);
		must(page_cgroup(p + MB(1) - PAGE) == cg_inode(self->b));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(cache, a_private_copy_of_a_file_is_its_writers)
{
	int fd;
	pid_t pid;

	NEEDS_DISK();
	fd = disk_hole(MB(1));
	read_in(self->a, fd, MB(1));
	pid = cg_fork_bound(self->b);
	if (!pid) {
		char *p = mmap(NULL, MB(1), PROT_READ | PROT_WRITE, MAP_PRIVATE,
			       fd, 0);

		(void)*(volatile char *)p;
		must(page_cgroup(p) == cg_inode(self->a));
		use(p, PAGE);
		must(page_cgroup(p) == cg_inode(self->b));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(cache, it_stays_charged_when_its_reader_moves_or_dies)
{
	pid_t pid;
	int fd;

	NEEDS_DISK();
	fd = disk_hole(MB(4));
	pid = cg_fork_bound(self->a);
	if (!pid) {
		read_through(fd, MB(4));
		must(!cg_enter(self->b, 0));
		read_through(fd, MB(4));
		must(cg_number(self->b, "memory.current") < SLACK);
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(pid));
	EXPECT_LE(MB(4), cg_number(self->a, "memory.current"));
	EXPECT_EQ(cg_inode(self->a), file_page_cgroup(fd, 0));
}

/* "It may make sense to use POSIX_FADV_DONTNEED to relinquish the ownership." */
TEST_F(cache, fadvise_dontneed_gives_up_ownership)
{
	int fd;

	NEEDS_DISK();
	fd = disk_hole(MB(4));
	read_in(self->a, fd, MB(4));
	ASSERT_LE(MB(4), cg_number(self->a, "memory.current"));
	ASSERT_EQ(0, posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
	EXPECT_TRUE(cg_settles(self->a, "memory.current", 0, SLACK));
	read_in(self->b, fd, MB(4));
	EXPECT_EQ(cg_inode(self->b), file_page_cgroup(fd, 0));
	EXPECT_LE(MB(4), cg_number(self->b, "memory.current"));
	EXPECT_GE(SLACK, cg_number(self->a, "memory.current"));
}

TEST_F(cache, truncated_is_uncharged)
{
	int fd;

	NEEDS_DISK();
	fd = disk_hole(MB(4));
	read_in(self->a, fd, MB(4));
	ASSERT_EQ(0, ftruncate(fd, MB(1)));
	EXPECT_TRUE(cg_settles(self->a, "memory.current", MB(1), MB(1) + SLACK));
}

TEST_F(cache, of_a_removed_cgroup_is_its_parents)
{
	char *p;
	int fd;

	NEEDS_DISK();
	fd = disk_hole(MB(4));
	read_in(self->a, fd, MB(4));
	ASSERT_EQ(0, cg_await_empty(self->a));
	ASSERT_EQ(0, cg_remove(self->a));
	/* It is not thrown away, and is to be found where somebody is. */
	EXPECT_EQ(MB(4), cached(fd, MB(4)));
	p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	(void)*(volatile char *)p;
	EXPECT_TRUE(page_settles(p, self->top));
	munmap(p, PAGE);
	EXPECT_LE(MB(4), cg_number(self->top, "memory.current"));
	/* There it can be reclaimed, like the parent's own. */
	cg_write(self->top, "memory.reclaim", "4M");
	EXPECT_GE(KB(256), cached(fd, MB(4)));
	EXPECT_TRUE(cg_settles(self->top, "memory.current", 0, 2 * SLACK));
	close(fd);
}

/*
 * Page cache used to keep the removed cgroup's structures alive until it was
 * reclaimed; by Linux 7.3 it is handed to the parent, and nothing is left.
 */
TEST_F(cache, of_a_removed_cgroup_keeps_no_dying_cgroup)
{
	int fd, major = 0, minor = 0;
	char text[64];

	NEEDS_DISK();
	ASSERT_GT(file_read("/proc/sys/kernel/osrelease", text, sizeof(text)), 0);
	ASSERT_EQ(2, sscanf(text, "%d.%d", &major, &minor));
	if (major < 7 || (major == 7 && minor < 3))
		SKIP(return, "page cache is not known to be reparented before 7.3");
	fd = disk_hole(MB(4));
	read_in(self->a, fd, MB(4));
	ASSERT_EQ(0, cg_await_empty(self->a));
	ASSERT_EQ(0, cg_remove(self->a));
	EXPECT_TRUE(cg_key_settles(self->top, "cgroup.stat",
				   "nr_dying_descendants", 0, 0));
	EXPECT_EQ(MB(4), cached(fd, MB(4)));
	close(fd);
}

TEST_HARNESS_MAIN

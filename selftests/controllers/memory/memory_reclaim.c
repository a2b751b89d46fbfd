// SPDX-License-Identifier: GPL-2.0
/*
 * memory.reclaim: how much it takes and from whom, what it says when there is
 * not enough, and what it must not be mistaken for.
 *
 * Promises from cgroup-v2.rst, "memory.reclaim". Its swappiness is tried in
 * memory_swap.c.
 */
#include "kselftest_harness.h"
#include "memcg-disk.h"

MEMCG_FIXTURE(reclaim)

#define ABOUT	MB(1)

#define NEEDS_DISK() do {						\
	if (disk_mount())						\
		SKIP(return, "no ext4 on a disk");			\
} while (0)

static int cache_in(const char *cg, size_t size)
{
	int fd = disk_hole(size);

	read_in(cg, fd, size);
	must(cached(fd, size) == (long)size);
	return fd;
}

TEST_F(reclaim, it_takes_what_is_asked_for)
{
	long before;
	int fd;

	NEEDS_DISK();
	fd = cache_in(self->a, MB(16));
	before = cg_number(self->a, "memory.current");
	ASSERT_EQ(0, cg_write(self->a, "memory.reclaim", "4M"));
	EXPECT_GE(MB(12), cached(fd, MB(16)));
	EXPECT_LE(MB(12) - ABOUT, cached(fd, MB(16)));
	EXPECT_GE(before - MB(4) + CG_STOCK,
		  cg_number(self->a, "memory.current"));
	ASSERT_EQ(0, cg_write(self->a, "memory.reclaim", "8388608\n"));
	EXPECT_GE(MB(4), cached(fd, MB(16)));
	EXPECT_LE(MB(4) - 2 * ABOUT, cached(fd, MB(16)));
}

TEST_F(reclaim, zero_takes_nothing)
{
	int fd;

	NEEDS_DISK();
	fd = cache_in(self->a, MB(4));
	EXPECT_EQ(0, cg_write(self->a, "memory.reclaim", "0"));
	EXPECT_EQ(MB(4), cached(fd, MB(4)));
}

TEST_F(reclaim, when_there_is_less_it_takes_all_and_says_so)
{
	int fd;

	NEEDS_DISK();
	fd = cache_in(self->a, MB(8));
	EXPECT_EQ(-EAGAIN, cg_write(self->a, "memory.reclaim", "1G"));
	EXPECT_EQ(0, cached(fd, MB(8)));
	EXPECT_EQ(-EAGAIN, cg_write(self->a, "memory.reclaim", "1M"));
}

TEST_F(reclaim, of_an_empty_cgroup_there_is_nothing_to_take)
{
	EXPECT_EQ(-EAGAIN, cg_write(self->a, "memory.reclaim", "1M"));
}

TEST_F(reclaim, it_keeps_to_the_cgroup)
{
	int a, b;

	NEEDS_DISK();
	a = cache_in(self->a, MB(8));
	b = cache_in(self->b, MB(8));
	EXPECT_EQ(-EAGAIN, cg_write(self->a, "memory.reclaim", "12M"));
	EXPECT_EQ(0, cached(a, MB(8)));
	EXPECT_EQ(MB(8), cached(b, MB(8)));
}

TEST_F(reclaim, it_takes_from_all_below)
{
	int a, b;

	NEEDS_DISK();
	a = cache_in(self->a, MB(8));
	b = cache_in(self->b, MB(8));
	EXPECT_EQ(0, cg_write(self->top, "memory.reclaim", "8M"));
	EXPECT_GE(MB(8), cached(a, MB(8)) + cached(b, MB(8)));
	/* Nobody is spared, nobody is stripped. */
	EXPECT_GT(MB(7), cached(a, MB(8)));
	EXPECT_GT(MB(7), cached(b, MB(8)));
	EXPECT_LT(MB(1), cached(a, MB(8)));
	EXPECT_LT(MB(1), cached(b, MB(8)));
}

TEST_F(reclaim, what_is_in_use_is_not_taken_without_swap)
{
	pid_t pid = hog_that_stays(self->a, MB(8));

	ASSERT_GT(pid, 0);
	EXPECT_EQ(-EAGAIN, cg_write(self->a, "memory.reclaim", "4M"));
	EXPECT_LE(MB(8), cg_number(self->a, "memory.current"));
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
}

TEST_F(reclaim, locked_memory_is_not_taken)
{
	struct baton ready = baton_make();
	pid_t pid;
	int fd;

	NEEDS_DISK();
	fd = disk_hole(MB(4));
	pid = cg_fork_bound(self->a);
	if (!pid) {
		char *p = mmap(NULL, MB(4), PROT_READ, MAP_SHARED, fd, 0);

		must(!mlock(p, MB(4)));
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	EXPECT_EQ(-EAGAIN, cg_write(self->a, "memory.reclaim", "4M"));
	EXPECT_EQ(MB(4), cached(fd, MB(4)));
	proc_kill(pid);
	cg_write(self->a, "memory.reclaim", "4M");
	EXPECT_GE(ABOUT, cached(fd, MB(4)));
}

TEST_F(reclaim, dirty_pages_are_written_first)
{
	static char buf[1 << 16], back[1 << 16];
	int fd;
	pid_t pid;

	NEEDS_DISK();
	memset(buf, 0x5a, sizeof(buf));
	fd = disk_hole(MB(4));
	pid = cg_fork_bound(self->a);
	if (!pid) {
		for (int i = 0; i < 64; i++)
			must(pwrite(fd, buf, sizeof(buf), i << 16) > 0);
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(pid));
	/* Reclaim starts the writing, and finds clean pages after a while. */
	for (int tries = 0; tries < 1000 && cached(fd, MB(4)) > MB(1); tries++) {
		cg_write(self->a, "memory.reclaim", "4M");
		poll(NULL, 0, 10);
	}
	EXPECT_GE(MB(1), cached(fd, MB(4)));
	for (int i = 0; i < 64; i++) {
		ASSERT_LT(0, pread(fd, back, sizeof(back), i << 16));
		ASSERT_EQ(0, memcmp(buf, back, sizeof(buf)));
	}
}

TEST_F(reclaim, malformed_requests_are_refused_and_take_nothing)
{
	static const char * const values[] = {
		"\n", " ", "abc", "-1", "max", "M", "4M x", "4M 4M", "4M,",
		"4M swappiness", "4M swappiness=", "4M swappiness=x",
		"4M swappiness=201", "4M swappiness=-1", "4M swappiness=max1",
		"4M swappiness=60x", "swappiness=60", "swappiness=60 4M",
		"4M foo=1", "4M swappiness=60 foo", "4M Swappiness=60",
	};
	int fd;

	NEEDS_DISK();
	fd = cache_in(self->a, MB(8));
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		if (is_zero_of_old(values[i]))
			continue;
		EXPECT_EQ(-EINVAL, cg_write(self->a, "memory.reclaim",
					    values[i]))
			TH_LOG("'%s'", values[i]);
		EXPECT_EQ(MB(8), cached(fd, MB(8)));
	}
}

TEST_F(reclaim, every_valid_swappiness_is_taken)
{
	static const char * const values[] = {
		"4k swappiness=0", "4k swappiness=1", "4k swappiness=60",
		"4k swappiness=200", "4k  swappiness=100", " 4k swappiness=5\n",
	};
	int fd;

	NEEDS_DISK();
	fd = cache_in(self->a, MB(8));
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		EXPECT_EQ(0, cg_write(self->a, "memory.reclaim", values[i]))
			TH_LOG("'%s'", values[i]);
	}
	close(fd);
}

/* Without swap, "anonymous memory only" is nothing at all. */
TEST_F(reclaim, swappiness_max_spares_the_page_cache)
{
	int fd;

	NEEDS_DISK();
	NEEDS_SWAPPINESS_MAX(self->a);
	fd = cache_in(self->a, MB(8));
	EXPECT_EQ(-EAGAIN, cg_write(self->a, "memory.reclaim",
				    "4M swappiness=max"));
	EXPECT_EQ(MB(8), cached(fd, MB(8)));
}

TEST_F(reclaim, it_is_counted_as_proactive)
{
	int fd;

	NEEDS_DISK();
	fd = cache_in(self->a, MB(8));
	ASSERT_EQ(0, cg_write(self->a, "memory.reclaim", "4M"));
	if (cg_stat(self->a, "pgsteal_proactive") == -ENOENT && proc_kernel_before(7, 3))
		SKIP(return, "no pgsteal_proactive in this kernel's memory.stat");
	EXPECT_LE(MB(4) / PAGE, cg_stat(self->a, "pgsteal_proactive"));
	EXPECT_LE(MB(4) / PAGE, cg_stat(self->a, "pgscan_proactive"));
	EXPECT_EQ(0, cg_stat(self->a, "pgsteal_direct"));
	EXPECT_EQ(cg_stat(self->a, "pgsteal"),
		  cg_stat(self->a, "pgsteal_proactive"));
	close(fd);
}

TEST_F(reclaim, it_is_no_event)
{
	static const char * const keys[] = {
		"low", "high", "max", "oom", "oom_kill",
	};
	int fd, watch;

	NEEDS_DISK();
	fd = cache_in(self->a, MB(8));
	watch = cg_watch(self->a, "memory.events");
	cg_write(self->a, "memory.reclaim", "64M");
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		EXPECT_EQ(0, cg_key(self->a, "memory.events", keys[i]))
			TH_LOG("%s", keys[i]);
	}
	EXPECT_FALSE(cg_event(watch, 0));
	close(fd);
}

TEST_F(reclaim, of_the_root_it_takes_from_anybody)
{
	long before;
	int a, b;

	NEEDS_DISK();
	a = cache_in(self->a, MB(16));
	b = cache_in(self->root, MB(16));
	before = cg_stat(self->a, "pgsteal_proactive");
	/* More than all the others could have. */
	cg_write(self->root, "memory.reclaim", "1G");
	EXPECT_GE(ABOUT, cached(a, MB(16)));
	EXPECT_GE(ABOUT, cached(b, MB(16)));
	EXPECT_LE(before + (MB(16) - ABOUT) / PAGE, cg_stat(self->a, "pgsteal_proactive"));
	close(a);
	close(b);
}

TEST_F(reclaim, of_the_root_it_takes_what_is_asked_for)
{
	int fd;

	NEEDS_DISK();
	fd = cache_in(self->a, MB(16));
	EXPECT_EQ(0, cg_write(self->root, "memory.reclaim", "8M"));
	/* Some of it, and some of others: but not all. */
	EXPECT_GT(MB(16), cached(fd, MB(16)));
	EXPECT_LE(MB(16) - MB(8) - ABOUT, cached(fd, MB(16)));
	close(fd);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * zswap: compressed pages are memory of who owned them, within a limit of their
 * own; and memory.zswap.writeback, which keeps a cgroup off the disk.
 *
 * Promises from cgroup-v2.rst, "memory.zswap.*".
 */
#include "kselftest_harness.h"
#include "memcg-disk.h"

MEMCG_FIXTURE(zswap)

#define ENABLED	"/sys/module/zswap/parameters/enabled"

static int no_zswap;

/* The same while zswap is switched off. */
FIXTURE(zswap_off)
{
	char root[PATH_MAX], top[PATH_MAX], a[PATH_MAX], b[PATH_MAX];
};

FIXTURE_SETUP(zswap_off)
{
	int err = memcg_top(self->root, self->top, self->a, self->b, "zswap_off");

	if (err == -ENOENT || err == -ENODEV)
		SKIP(return, "cgroup v2 has no memory controller here");
	ASSERT_EQ(0, err);
	if (no_zswap)
		SKIP(return, "no zswap, or no swap: error %d", -no_zswap);
	ASSERT_EQ(0, file_write(ENABLED, "N"));
}

FIXTURE_TEARDOWN_PARENT(zswap_off)
{
	if (!no_zswap)
		file_write(ENABLED, "Y");
	if (self->top[0])
		cg_destroy(self->top);
}

#define SLACK	(KB(768) + CG_STOCK)
#define OUT	"16M swappiness=max"

/*
 * What swap_out() put into swap it took out of memory, but for SWAP_CACHE. Of
 * that a process's own pages may be as much as this: those are zero, which
 * nobody compresses, or come back when it runs.
 */
#define OWN	KB(512)

#define NEEDS_ZSWAP() do {						\
	if (no_zswap)							\
		SKIP(return, "no zswap, or no swap: error %d", -no_zswap); \
	NEEDS_SWAPPINESS_MAX(self->a);					\
} while (0)

TEST_F(zswap, what_is_compressed_is_counted_small)
{
	pid_t pid;
	long size;

	NEEDS_ZSWAP();
	pid = hog_that_stays(self->a, MB(8));
	ASSERT_GT(pid, 0);
	EXPECT_EQ(0, cg_number(self->a, "memory.zswap.current"));
	EXPECT_TRUE(swap_out(self->a, MB(6)));
	cg_stir(self->a);
	size = cg_number(self->a, "memory.zswap.current");
	EXPECT_LT(0, size);
	EXPECT_GT(MB(2), size);
	EXPECT_EQ(size, cg_key(self->a, "memory.stat", "zswap"));
	/* But for some that are still in the swap cache, or all zero. */
	EXPECT_LE(MB(6) - SWAP_CACHE - OWN, cg_key(self->a, "memory.stat", "zswapped"));
	EXPECT_LE((MB(6) - SWAP_CACHE - OWN) / PAGE, cg_key(self->a, "memory.stat", "zswpout"));
	/* It has its place in swap, but nothing was written there. */
	EXPECT_LE(MB(6), cg_number(self->a, "memory.swap.current"));
	EXPECT_EQ(0, cg_key(self->a, "memory.stat", "pswpout"));
	EXPECT_EQ(0, cg_number(self->b, "memory.zswap.current"));
	proc_kill(pid);
	EXPECT_TRUE(cg_stat_settles(self->a, "zswap", 0, 0));
	EXPECT_TRUE(cg_stat_settles(self->a, "zswapped", 0, 0));
}

TEST_F(zswap, it_comes_back_as_it_was)
{
	struct baton full = baton_make(), go = baton_make();
	pid_t pid;

	NEEDS_ZSWAP();
	pid = cg_fork_bound(self->a);
	if (!pid) {
		char *p = map_used(MB(4));

		baton_pass(&full, 0);
		baton_take(&go);
		must(used(p, MB(4)));
		must(page_cgroup(p) == cg_inode(self->a));
		_exit(0);
	}
	baton_take(&full);
	ASSERT_TRUE(swap_out(self->a, MB(3)));
	ASSERT_LE(MB(3) - SWAP_CACHE - OWN, cg_stat(self->a, "zswapped"));
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_LE((MB(3) - SWAP_CACHE - OWN) / PAGE, cg_stat(self->a, "zswpin"));
	EXPECT_EQ(0, cg_stat(self->a, "pswpin"));
}

TEST_F(zswap, a_limit_of_zero_sends_all_to_the_disk)
{
	pid_t pid;

	NEEDS_ZSWAP();
	ASSERT_EQ(0, cg_write(self->a, "memory.zswap.max", "0"));
	pid = hog_that_stays(self->a, MB(4));
	ASSERT_GT(pid, 0);
	EXPECT_TRUE(swap_out(self->a, MB(3)));
	EXPECT_LE(MB(3), cg_number(self->a, "memory.swap.current"));
	EXPECT_EQ(0, cg_stat(self->a, "zswpout"));
	EXPECT_LE((MB(3) - SWAP_CACHE - OWN) / PAGE, cg_stat(self->a, "pswpout"));
}

TEST_F(zswap, the_limit_above_binds_below)
{
	pid_t pid;

	NEEDS_ZSWAP();
	ASSERT_EQ(0, cg_write(self->top, "memory.zswap.max", "0"));
	pid = hog_that_stays(self->a, MB(4));
	ASSERT_GT(pid, 0);
	EXPECT_TRUE(swap_out(self->a, MB(3)));
	EXPECT_EQ(0, cg_stat(self->a, "zswpout"));
}

/* Bytes that no compressor makes much of. */
static void fill_with_noise(char *p, size_t size)
{
	uint64_t x = 88172645463325252ULL;

	for (size_t i = 0; i < size; i += 8) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		/* Half of it, so that it is still worth while. */
		*(uint64_t *)(p + i) = i & 8 ? x : 0;
	}
}

TEST_F(zswap, the_pool_stays_within_its_limit)
{
	struct baton full = baton_make();
	pid_t pid;

	NEEDS_ZSWAP();
	ASSERT_EQ(0, cg_write(self->a, "memory.zswap.max", "1M"));
	pid = cg_fork_bound(self->a);
	if (!pid) {
		fill_with_noise(map_fresh(MB(8)), MB(8));
		baton_pass(&full, 0);
		proc_sleep_forever();
	}
	baton_take(&full);
	cg_write(self->a, "memory.reclaim", "7M swappiness=max");
	cg_stir(self->a);
	/* A page more may be on its way when the limit is looked at. */
	EXPECT_GE(MB(1) + PAGE, cg_number(self->a, "memory.zswap.current"));
	EXPECT_LE(KB(512), cg_number(self->a, "memory.zswap.current"));
	/* The rest is on the disk. */
	EXPECT_LE(MB(1) / PAGE, cg_stat(self->a, "pswpout"));
	EXPECT_LE(MB(3), cg_number(self->a, "memory.swap.current"));
}

TEST_F(zswap, without_writeback_nothing_goes_to_the_disk)
{
	pid_t pid;

	NEEDS_ZSWAP();
	if (!cg_has(self->a, "memory.zswap.writeback"))
		SKIP(return, "no memory.zswap.writeback");
	ASSERT_EQ(0, cg_write(self->a, "memory.zswap.writeback", "0"));
	ASSERT_EQ(0, cg_write(self->a, "memory.zswap.max", "0"));
	pid = hog_that_stays(self->a, MB(4));
	ASSERT_GT(pid, 0);
	EXPECT_EQ(-EAGAIN, cg_write(self->a, "memory.reclaim", OUT));
	EXPECT_EQ(0, cg_stat(self->a, "pswpout"));
	EXPECT_LE(MB(4), cg_number(self->a, "memory.current"));
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
}

TEST_F(zswap, without_writeback_the_pool_can_be_used)
{
	pid_t pid;

	NEEDS_ZSWAP();
	if (!cg_has(self->a, "memory.zswap.writeback"))
		SKIP(return, "no memory.zswap.writeback");
	ASSERT_EQ(0, cg_write(self->a, "memory.zswap.writeback", "0"));
	pid = hog_that_stays(self->a, MB(4));
	ASSERT_GT(pid, 0);
	EXPECT_TRUE(swap_out(self->a, MB(3)));
	EXPECT_LE(MB(3) - SWAP_CACHE - OWN, cg_stat(self->a, "zswapped"));
	EXPECT_EQ(0, cg_stat(self->a, "pswpout"));
}

TEST_F(zswap, writeback_is_switched_off_for_all_below)
{
	pid_t pid;

	NEEDS_ZSWAP();
	if (!cg_has(self->a, "memory.zswap.writeback"))
		SKIP(return, "no memory.zswap.writeback");
	ASSERT_EQ(0, cg_write(self->top, "memory.zswap.writeback", "0"));
	ASSERT_EQ(1, cg_number(self->a, "memory.zswap.writeback"));
	ASSERT_EQ(0, cg_write(self->a, "memory.zswap.max", "0"));
	pid = hog_that_stays(self->a, MB(4));
	ASSERT_GT(pid, 0);
	EXPECT_EQ(-EAGAIN, cg_write(self->a, "memory.reclaim", OUT));
	EXPECT_EQ(0, cg_stat(self->a, "pswpout"));
	ASSERT_EQ(0, cg_write(self->top, "memory.zswap.writeback", "1"));
	cg_write(self->a, "memory.reclaim", OUT);
	EXPECT_TRUE(cg_stat_settles(self->a, "pswpout", MB(2) / PAGE, LONG_MAX));
}

TEST_F(zswap, a_removed_cgroups_pool_is_its_parents)
{
	struct baton full = baton_make(), go = baton_make();
	pid_t pid;

	NEEDS_ZSWAP();
	pid = cg_fork_bound(self->a);
	if (!pid) {
		char *p = map_used(MB(4));

		baton_pass(&full, 0);
		baton_take(&go);
		must(!cg_enter(self->b, 0));
		baton_pass(&full, 0);
		baton_take(&go);
		must(used(p, MB(4)));
		_exit(0);
	}
	baton_take(&full);
	ASSERT_TRUE(swap_out(self->a, MB(3)));
	baton_pass(&go, 0);
	baton_take(&full);
	ASSERT_EQ(0, cg_await_empty(self->a));
	ASSERT_EQ(0, cg_remove(self->a));
	EXPECT_TRUE(cg_stat_settles(self->top, "zswapped", MB(3) - SWAP_CACHE - OWN,
				    MB(4) + KB(512)));
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(cg_stat_settles(self->top, "zswapped", 0, 0));
	EXPECT_TRUE(cg_stat_settles(self->top, "zswap", 0, 0));
}

/* With nothing in between, the file says nothing about the disk. */
TEST_F(zswap_off, writeback_or_not_the_disk_is_used)
{
	pid_t pid;

	NEEDS_SWAPPINESS_MAX(self->a);
	if (!cg_has(self->a, "memory.zswap.writeback"))
		SKIP(return, "no memory.zswap.writeback");
	ASSERT_EQ(0, cg_write(self->a, "memory.zswap.writeback", "0"));
	pid = hog_that_stays(self->a, MB(4));
	ASSERT_GT(pid, 0);
	EXPECT_TRUE(swap_out(self->a, MB(3)));
	EXPECT_EQ(0, cg_stat(self->a, "zswpout"));
	EXPECT_LE((MB(3) - SWAP_CACHE - OWN) / PAGE, cg_stat(self->a, "pswpout"));
}

/* To keep off the disk, too, takes a limit. */
TEST_F(zswap_off, a_swap_limit_keeps_off_the_disk)
{
	pid_t pid;

	NEEDS_SWAPPINESS_MAX(self->a);
	if (!cg_has(self->a, "memory.zswap.writeback"))
		SKIP(return, "no memory.zswap.writeback");
	ASSERT_EQ(0, cg_write(self->a, "memory.zswap.writeback", "0"));
	ASSERT_EQ(0, cg_write(self->a, "memory.swap.max", "0"));
	pid = hog_that_stays(self->a, MB(4));
	ASSERT_GT(pid, 0);
	EXPECT_EQ(-EAGAIN, cg_write(self->a, "memory.reclaim", OUT));
	EXPECT_EQ(0, cg_number(self->a, "memory.swap.current"));
	EXPECT_EQ(0, cg_stat(self->a, "pswpout"));
	EXPECT_LE(MB(4), cg_number(self->a, "memory.current"));
}

static void switch_off(void)
{
	file_write(ENABLED, "N");
	disk_swapoff();
}

int main(int argc, char **argv)
{
	no_zswap = disk_swapon();
	/* The harness does not return; the tests themselves _exit(). */
	if (!no_zswap)
		atexit(switch_off);
	if (!no_zswap && file_write(ENABLED, "Y"))
		no_zswap = -ENOENT;
	return test_harness_run(argc, argv);
}

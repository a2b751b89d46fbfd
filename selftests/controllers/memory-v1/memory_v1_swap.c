// SPDX-License-Identifier: GPL-2.0
/*
 * Memory and swap together on a cgroup v1 hierarchy: one counter and one limit
 * for both, and a limit of memory alone below that.
 *
 * Promises from admin-guide/cgroup-v1/memory.rst, "Swap Extension",
 * "swappiness" and "failcnt", and from memcg_test.rst, "swapoff".
 */
#include "kselftest_harness.h"
#include "memcg-disk.h"
#include "memcg-v1.h"

MEMCG_V1_FIXTURE(swap)

static int no_swap;

#define NEEDS_SWAP() do {						\
	if (no_swap)							\
		SKIP(return, "no swap on a disk: error %d", -no_swap);	\
} while (0)

/* What is in swap is what the one counter has and the other has not: exactly. */
static long in_swap(const char *cg)
{
	return cg_number(cg, MEMSW_USAGE) - cg_number(cg, USAGE);
}

TEST_F(swap, beyond_the_limit_of_memory_there_is_swap)
{
	struct actor hog;
	long swap;

	NEEDS_SWAP();
	ASSERT_EQ(0, cg_write(self->a, LIMIT, "4M"));
	ASSERT_EQ(0, cg_write(self->a, MEMSW_LIMIT, "8M"));
	hog = actor_make(self->a, MB(6));
	actor_does(&hog, USE);
	EXPECT_GE(MB(4), cg_number(self->a, USAGE));
	EXPECT_GE(MB(4), cg_number(self->a, MAX_USAGE));
	EXPECT_LE(MB(6), cg_number(self->a, MEMSW_USAGE));
	EXPECT_GE(MB(6) + OWN, cg_number(self->a, MEMSW_USAGE));
	EXPECT_LE(cg_number(self->a, MEMSW_USAGE), cg_number(self->a, MEMSW_MAX_USAGE));
	EXPECT_GE(MB(8), cg_number(self->a, MEMSW_MAX_USAGE));
	swap = in_swap(self->a);
	EXPECT_LE(MB(2), swap);
	EXPECT_TRUE(cg_key_settles(self->a, STAT, "swap", swap, swap));
	EXPECT_TRUE(cg_key_settles(self->top, STAT, "total_swap", swap, swap));
	EXPECT_EQ(0, cg_key(self->top, STAT, "swap"));
	EXPECT_LE(1, cg_number(self->a, FAILCNT));
	EXPECT_EQ(0, cg_number(self->a, MEMSW_FAILCNT));
	EXPECT_EQ(0, actor_leaves(&hog));
	EXPECT_TRUE(cg_settles(self->a, MEMSW_USAGE, 0, MB(1)));
	EXPECT_TRUE(v1_stat_settles(self->a, "swap", 0, 0));
}

TEST_F_TIMEOUT(swap, what_comes_back_is_counted_once, 120)
{
	struct actor hog;
	long before;

	NEEDS_SWAP();
	ASSERT_EQ(0, cg_write(self->a, LIMIT, "4M"));
	ASSERT_EQ(0, cg_write(self->a, MEMSW_LIMIT, "8M"));
	hog = actor_make(self->a, MB(6));
	actor_does(&hog, USE);
	ASSERT_LE(MB(2), in_swap(self->a));
	before = cg_number(self->a, MEMSW_USAGE);
	/* Each look brings back what the one before had to push out. */
	for (int i = 0; i < 2; i++)
		actor_does(&hog, LOOK);
	EXPECT_GE(MB(4), cg_number(self->a, USAGE));
	EXPECT_GE(before + CG_STOCK, cg_number(self->a, MEMSW_USAGE));
	/* Now there is room for all of it. */
	ASSERT_EQ(0, cg_write(self->a, LIMIT, "8M"));
	actor_does(&hog, LOOK);
	EXPECT_LE(MB(6), cg_number(self->a, USAGE));
	EXPECT_GE(before + CG_STOCK, cg_number(self->a, MEMSW_USAGE));
	EXPECT_GE(MB(1), in_swap(self->a));
	EXPECT_EQ(0, actor_leaves(&hog));
}

TEST_F_TIMEOUT(swap, at_the_limit_of_both_nothing_is_swapped_out, 120)
{
	struct actor hog;

	NEEDS_SWAP();
	ASSERT_EQ(0, cg_write(self->a, LIMIT, "4M"));
	ASSERT_EQ(0, cg_write(self->a, MEMSW_LIMIT, "4M"));
	/* Nobody is killed, so that there is somebody to be looked at. */
	ASSERT_EQ(0, cg_write(self->a, OOM_CONTROL, "1"));
	hog = actor_make(self->a, MB(6));
	actor_tell(&hog, USE);
	ASSERT_TRUE(cg_key_settles(self->a, OOM_CONTROL, "under_oom", 1, 1));
	EXPECT_EQ(MB(4), cg_number(self->a, MEMSW_USAGE));
	EXPECT_EQ(0, in_swap(self->a));
	EXPECT_LE(1, cg_number(self->a, MEMSW_FAILCNT));
	/* As long as the other limit is not lower, it is never met. */
	EXPECT_EQ(0, cg_number(self->a, FAILCNT));
	/* A higher limit of both lets it go on, by way of swap. */
	ASSERT_EQ(0, cg_write(self->a, MEMSW_LIMIT, "8M"));
	baton_take(&hog.done);
	EXPECT_GE(MB(4), cg_number(self->a, USAGE));
	EXPECT_LE(MB(2), in_swap(self->a));
	EXPECT_LE(1, cg_number(self->a, FAILCNT));
	EXPECT_EQ(0, actor_leaves(&hog));
}

TEST_F_TIMEOUT(swap, beyond_the_limit_of_both_is_the_oom_killer, 120)
{
	NEEDS_SWAP();
	ASSERT_EQ(0, cg_write(self->a, LIMIT, "4M"));
	ASSERT_EQ(0, cg_write(self->a, MEMSW_LIMIT, "8M"));
	EXPECT_EQ(0, proc_end(v1_hog(self->a, MB(6))));
	EXPECT_EQ(0, cg_key(self->a, OOM_CONTROL, "oom_kill"));
	ASSERT_EQ(0, cg_write(self->a, MEMSW_LIMIT, "4M"));
	EXPECT_EQ(-SIGKILL, proc_end(v1_hog(self->a, MB(6))));
	EXPECT_EQ(1, cg_key(self->a, OOM_CONTROL, "oom_kill"));
	EXPECT_LE(1, cg_number(self->a, MEMSW_FAILCNT));
	EXPECT_TRUE(v1_stat_settles(self->a, "swap", 0, 0));
}

TEST_F_TIMEOUT(swap, a_limit_above_binds_below, 120)
{
	NEEDS_SWAP();
	ASSERT_EQ(0, cg_write(self->top, LIMIT, "4M"));
	ASSERT_EQ(0, cg_write(self->top, MEMSW_LIMIT, "4M"));
	EXPECT_EQ(-SIGKILL, proc_end(v1_hog(self->a, MB(6))));
	EXPECT_LE(1, cg_number(self->top, MEMSW_FAILCNT));
	EXPECT_EQ(0, cg_number(self->a, MEMSW_FAILCNT));
	EXPECT_EQ(MB(4), cg_number(self->top, MEMSW_MAX_USAGE));
	ASSERT_EQ(0, cg_write(self->top, MEMSW_LIMIT, "8M"));
	EXPECT_EQ(0, proc_end(v1_hog(self->a, MB(6))));
}

TEST_F(swap, the_limit_of_both_is_never_the_lower_one)
{
	ASSERT_EQ(0, cg_write(self->a, LIMIT, "8M"));
	EXPECT_EQ(-EINVAL, cg_write(self->a, MEMSW_LIMIT, "8188K"));
	ASSERT_EQ(0, cg_write(self->a, MEMSW_LIMIT, "8M"));
	EXPECT_EQ(-EINVAL, cg_write(self->a, LIMIT, "8196K"));
	EXPECT_EQ(-EINVAL, cg_write(self->a, LIMIT, "-1"));
	EXPECT_EQ(MB(8), cg_number(self->a, LIMIT));
	EXPECT_EQ(MB(8), cg_number(self->a, MEMSW_LIMIT));
	/* In this order both can be raised, and in the other lowered. */
	EXPECT_EQ(0, cg_write(self->a, MEMSW_LIMIT, "16M"));
	EXPECT_EQ(0, cg_write(self->a, LIMIT, "16M"));
	EXPECT_EQ(0, cg_write(self->a, LIMIT, "4M"));
	EXPECT_EQ(0, cg_write(self->a, MEMSW_LIMIT, "4M"));
	EXPECT_EQ(MB(4), cg_number(self->a, LIMIT));
	EXPECT_EQ(MB(4), cg_number(self->a, MEMSW_LIMIT));
	/* No cgroup's limits are bound to those above it. */
	EXPECT_EQ(0, cg_write(self->top, LIMIT, "2M"));
}

TEST_F(swap, the_root_has_no_limits)
{
	char before[64], after[64];

	ASSERT_LT(0, cg_read(self->root, LIMIT, before, sizeof(before)));
	EXPECT_EQ(-EINVAL, cg_write(self->root, LIMIT, "1G"));
	EXPECT_EQ(-EINVAL, cg_write(self->root, LIMIT, "-1"));
	EXPECT_EQ(-EINVAL, cg_write(self->root, MEMSW_LIMIT, "1G"));
	EXPECT_EQ(-EINVAL, cg_write(self->root, MEMSW_LIMIT, "-1"));
	ASSERT_LT(0, cg_read(self->root, LIMIT, after, sizeof(after)));
	EXPECT_STREQ(before, after);
	EXPECT_EQ(0, cg_write(self->a, LIMIT, "1G"));
	EXPECT_EQ(0, cg_write(self->a, MEMSW_LIMIT, "1G"));
}

/* A lower limit of memory is a matter of swapping; one of both is not. */
TEST_F_TIMEOUT(swap, swap_makes_way_for_a_lower_limit_of_memory_only, 120)
{
	struct actor hog;
	long usage;

	NEEDS_SWAP();
	hog = actor_make(self->a, MB(4));
	actor_does(&hog, USE);
	EXPECT_EQ(0, in_swap(self->a));
	EXPECT_EQ(0, cg_write(self->a, LIMIT, "2M"));
	EXPECT_GE(MB(2), cg_number(self->a, USAGE));
	EXPECT_LE(MB(2), in_swap(self->a));
	usage = cg_number(self->a, MEMSW_USAGE);
	EXPECT_LE(MB(4), usage);
	EXPECT_EQ(-EBUSY, cg_write(self->a, MEMSW_LIMIT, "3M"));
	EXPECT_LE(MB(4), cg_number(self->a, MEMSW_USAGE));
	EXPECT_LT(MB(4), cg_number(self->a, MEMSW_LIMIT));
	EXPECT_EQ(0, cg_write(self->a, MEMSW_LIMIT, "6M"));
	actor_does(&hog, LOOK);
	EXPECT_EQ(0, actor_leaves(&hog));
}

/* Without this, the limit would be met by swapping. */
TEST_F_TIMEOUT(swap, swappiness_0_kills_rather_than_swaps, 120)
{
	struct actor hog;

	NEEDS_SWAP();
	ASSERT_EQ(0, cg_write(self->a, LIMIT, "4M"));
	ASSERT_EQ(0, cg_write(self->a, "memory.swappiness", "0"));
	EXPECT_EQ(-SIGKILL, proc_end(v1_hog(self->a, MB(6))));
	EXPECT_EQ(1, cg_key(self->a, OOM_CONTROL, "oom_kill"));
	ASSERT_EQ(0, cg_write(self->a, OOM_CONTROL, "1"));
	hog = actor_make(self->a, MB(6));
	actor_tell(&hog, USE);
	ASSERT_TRUE(cg_key_settles(self->a, OOM_CONTROL, "under_oom", 1, 1));
	EXPECT_EQ(0, in_swap(self->a));
	EXPECT_EQ(-SIGKILL, proc_kill(hog.pid));
	ASSERT_EQ(0, cg_write(self->a, "memory.swappiness", "60"));
	EXPECT_EQ(0, proc_end(v1_hog(self->a, MB(6))));
}

TEST_F_TIMEOUT(swap, force_empty_puts_anonymous_memory_into_swap, 120)
{
	struct actor hog;

	NEEDS_SWAP();
	hog = actor_make(self->a, MB(4));
	actor_does(&hog, USE);
	ASSERT_EQ(0, in_swap(self->a));
	EXPECT_EQ(0, cg_write(self->a, "memory.force_empty", "0"));
	EXPECT_GE(MB(1), cg_number(self->a, USAGE));
	EXPECT_LE(MB(3), in_swap(self->a));
	EXPECT_LE(MB(4), cg_number(self->a, MEMSW_USAGE));
	actor_does(&hog, LOOK);
	EXPECT_EQ(0, actor_leaves(&hog));
}

/* Whose it was is gone; whoever has it come back is charged for it then. */
TEST_F_TIMEOUT(swap, a_removed_cgroups_swap_goes_to_who_uses_it, 120)
{
	struct actor hog;
	long swap;

	NEEDS_SWAP();
	ASSERT_EQ(0, cg_write(self->a, LIMIT, "2M"));
	hog = actor_make(self->a, MB(4));
	actor_does(&hog, USE);
	ASSERT_EQ(0, cg_enter(self->b, hog.pid));
	swap = in_swap(self->a);
	EXPECT_LE(MB(2), swap);
	EXPECT_EQ(0, in_swap(self->b));
	ASSERT_EQ(0, cg_remove(self->a));
	EXPECT_EQ(swap, in_swap(self->top));
	/* Linux 7.3 hands the removed cgroup's own numbers to its parent. */
	if (!proc_kernel_before(7, 3)) {
		EXPECT_TRUE(cg_key_settles(self->top, STAT, "swap", swap, swap));
	}
	actor_does(&hog, LOOK);
	EXPECT_LE(MB(2), cg_number(self->b, USAGE));
	EXPECT_GE(MB(1), in_swap(self->top));
	EXPECT_TRUE(v1_stat_settles(self->top, "swap", 0, MB(1)));
	EXPECT_EQ(0, actor_leaves(&hog));
	EXPECT_TRUE(cg_settles(self->top, MEMSW_USAGE, 0, MB(1)));
}

/* Who sleeps does not need to do anything for it. */
TEST_F_TIMEOUT(swap, swapoff_makes_memory_of_it_again, 120)
{
	struct actor hog;
	long swap, both;
	int err;

	NEEDS_SWAP();
	ASSERT_EQ(0, cg_write(self->a, LIMIT, "2M"));
	hog = actor_make(self->a, MB(4));
	actor_does(&hog, USE);
	swap = in_swap(self->a);
	both = cg_number(self->a, MEMSW_USAGE);
	EXPECT_LE(MB(2), swap);
	ASSERT_EQ(0, cg_write(self->a, LIMIT, "8M"));
	err = disk_swapoff();
	if (!err) {
		ASSERT_EQ(0, disk_swapon());
	}
	EXPECT_EQ(0, err);
	EXPECT_EQ(0, in_swap(self->a));
	EXPECT_LE(MB(4), cg_number(self->a, USAGE));
	EXPECT_GE(both + CG_STOCK, cg_number(self->a, MEMSW_USAGE));
	EXPECT_TRUE(v1_stat_settles(self->a, "swap", 0, 0));
	actor_does(&hog, LOOK);
	EXPECT_EQ(0, actor_leaves(&hog));
}

TEST_F(swap, a_threshold_of_both_counts_what_is_swapped)
{
	struct actor first, second;
	int low, high, memory;

	NEEDS_SWAP();
	low = v1_bell(self->a, MEMSW_USAGE, "2M");
	high = v1_bell(self->a, MEMSW_USAGE, "6M");
	memory = v1_bell(self->a, USAGE, "6M");
	ASSERT_EQ(0, cg_write(self->a, LIMIT, "4M"));
	first = actor_make(self->a, MB(3));
	second = actor_make(self->a, MB(5));
	actor_does(&first, USE);
	EXPECT_EQ(1, rings(low, 0));
	EXPECT_EQ(0, rings(high, 0));
	actor_does(&second, USE);
	EXPECT_LE(MB(4), in_swap(self->a));
	EXPECT_EQ(0, rings(low, 0));
	EXPECT_EQ(1, rings(high, 0));
	EXPECT_EQ(0, rings(memory, 0));
	EXPECT_EQ(0, actor_leaves(&first));
	EXPECT_EQ(0, actor_leaves(&second));
}

static void swap_off(void)
{
	disk_swapoff();
}

int main(int argc, char **argv)
{
	no_swap = disk_swapon();
	/* The harness does not return; the tests themselves _exit(). */
	if (!no_swap)
		atexit(swap_off);
	return test_harness_run(argc, argv);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * memory.min and memory.low: what reclaim must leave alone, how protection is
 * divided between children, and against whom it holds.
 *
 * Promises from cgroup-v2.rst, "memory.min", "memory.low", "Reclaim
 * Protection" and the mount option memory_recursiveprot.
 */
#include "kselftest_harness.h"
#include "cgmount.h"
#include "memcg-disk.h"

MEMCG_FIXTURE(protect)

/* Reclaim takes pages in clusters, and other memory of the cgroup counts. */
#define ABOUT	MB(1)

#define NEEDS_DISK() do {						\
	if (disk_mount())						\
		SKIP(return, "no ext4 on a disk");			\
} while (0)

/* Page cache of @size that is charged to @cg. */
static int cache_in(const char *cg, size_t size)
{
	int fd = disk_hole(size);

	read_in(cg, fd, size);
	must(cached(fd, size) == (long)size);
	return fd;
}

/* Two cgroups below @cg. */
static void divide(const char *cg, char *x, char *y)
{
	must(!cg_write(cg, "cgroup.subtree_control", "+memory"));
	must(!cg_create(cg_path(x, cg, "x")));
	must(!cg_create(cg_path(y, cg, "y")));
}

TEST_F(protect, min_is_never_reclaimed)
{
	int a, b;

	NEEDS_DISK();
	ASSERT_EQ(0, cg_write(self->a, "memory.min", "20M"));
	a = cache_in(self->a, MB(16));
	b = cache_in(self->b, MB(16));
	EXPECT_EQ(-EAGAIN, cg_write(self->top, "memory.reclaim", "32M"));
	EXPECT_EQ(MB(16), cached(a, MB(16)));
	EXPECT_GE(ABOUT, cached(b, MB(16)));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "low"));
}

TEST_F(protect, low_is_reclaimed_last)
{
	int a, b;

	NEEDS_DISK();
	ASSERT_EQ(0, cg_write(self->a, "memory.low", "20M"));
	a = cache_in(self->a, MB(16));
	b = cache_in(self->b, MB(16));
	EXPECT_EQ(0, cg_write(self->top, "memory.reclaim", "12M"));
	EXPECT_EQ(MB(16), cached(a, MB(16)));
	EXPECT_GE(MB(4) + ABOUT, cached(b, MB(16)));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "low"));
	/* Now there is nothing else left. */
	cg_write(self->top, "memory.reclaim", "16M");
	EXPECT_GE(ABOUT, cached(b, MB(16)));
	EXPECT_GE(MB(8), cached(a, MB(16)));
	EXPECT_LE(1, cg_key(self->a, "memory.events", "low"));
	EXPECT_LE(1, cg_key(self->a, "memory.events.local", "low"));
	EXPECT_LE(1, cg_key(self->top, "memory.events", "low"));
	EXPECT_EQ(0, cg_key(self->top, "memory.events.local", "low"));
	EXPECT_EQ(0, cg_key(self->b, "memory.events", "low"));
}

TEST_F(protect, min_holds_against_a_limit_above)
{
	int a, b = disk_mount() ? -1 : disk_hole(MB(48));

	NEEDS_DISK();
	ASSERT_EQ(0, cg_write(self->a, "memory.min", "20M"));
	ASSERT_EQ(0, cg_write(self->top, "memory.max", "24M"));
	a = cache_in(self->a, MB(16));
	read_in(self->b, b, MB(48));
	EXPECT_EQ(MB(16), cached(a, MB(16)));
	EXPECT_GE(MB(8), cached(b, MB(48)));
	EXPECT_EQ(0, cg_key(self->top, "memory.events", "oom"));
}

/* "If there is no unprotected reclaimable memory, the OOM killer is invoked." */
TEST_F(protect, min_is_kept_at_the_price_of_a_life)
{
	int a;

	NEEDS_DISK();
	ASSERT_EQ(0, cg_write(self->a, "memory.min", "20M"));
	ASSERT_EQ(0, cg_write(self->top, "memory.max", "20M"));
	a = cache_in(self->a, MB(16));
	EXPECT_EQ(-SIGKILL, proc_end(hog(self->b, MB(8))));
	EXPECT_EQ(MB(16), cached(a, MB(16)));
	EXPECT_LE(1, cg_key(self->top, "memory.events", "oom"));
	EXPECT_EQ(1, cg_key(self->b, "memory.events", "oom_kill"));
}

TEST_F(protect, low_is_given_up_before_anybody_dies)
{
	int a;

	NEEDS_DISK();
	ASSERT_EQ(0, cg_write(self->a, "memory.low", "20M"));
	ASSERT_EQ(0, cg_write(self->top, "memory.max", "20M"));
	a = cache_in(self->a, MB(16));
	EXPECT_EQ(0, proc_end(hog(self->b, MB(8))));
	EXPECT_GE(MB(12) + ABOUT, cached(a, MB(16)));
	EXPECT_LE(1, cg_key(self->a, "memory.events", "low"));
	EXPECT_EQ(0, cg_key(self->top, "memory.events", "oom"));
}

TEST_F(protect, it_does_not_hold_against_oneself)
{
	int a;

	NEEDS_DISK();
	ASSERT_EQ(0, cg_write(self->a, "memory.min", "20M"));
	ASSERT_EQ(0, cg_write(self->a, "memory.low", "20M"));
	a = cache_in(self->a, MB(16));
	EXPECT_EQ(0, cg_write(self->a, "memory.reclaim", "12M"));
	EXPECT_GE(MB(4) + ABOUT, cached(a, MB(16)));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "low"));
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "2M"));
	EXPECT_GE(MB(2), cg_number(self->a, "memory.current"));
}

TEST_F(protect, taken_away_it_is_gone)
{
	int a;

	NEEDS_DISK();
	ASSERT_EQ(0, cg_write(self->a, "memory.min", "20M"));
	a = cache_in(self->a, MB(16));
	EXPECT_EQ(-EAGAIN, cg_write(self->top, "memory.reclaim", "8M"));
	ASSERT_EQ(MB(16), cached(a, MB(16)));
	ASSERT_EQ(0, cg_write(self->a, "memory.min", "0"));
	EXPECT_EQ(0, cg_write(self->top, "memory.reclaim", "8M"));
	EXPECT_GE(MB(8) + ABOUT, cached(a, MB(16)));
}

TEST_F(protect, what_is_above_it_is_reclaimed)
{
	int a;

	NEEDS_DISK();
	ASSERT_EQ(0, cg_write(self->a, "memory.min", "10M"));
	a = cache_in(self->a, MB(16));
	EXPECT_EQ(-EAGAIN, cg_write(self->top, "memory.reclaim", "16M"));
	/* What is not cache counts towards the protection. */
	EXPECT_GE(MB(10) + ABOUT, cached(a, MB(16)));
	EXPECT_LE(MB(10) - 2 * ABOUT, cached(a, MB(16)));
	EXPECT_LE(MB(10) - ABOUT / 4, cg_number(self->a, "memory.current"));
}

TEST_F(protect, the_smaller_overage_feels_less_pressure)
{
	int a, b;

	NEEDS_DISK();
	ASSERT_EQ(0, cg_write(self->a, "memory.low", "12M"));
	a = cache_in(self->a, MB(16));
	b = cache_in(self->b, MB(16));
	EXPECT_EQ(0, cg_write(self->top, "memory.reclaim", "10M"));
	/* 4M of a and 16M of b are there to be taken. */
	EXPECT_LE(MB(12) - ABOUT, cached(a, MB(16)));
	EXPECT_GT(MB(10), cached(b, MB(16)));
	EXPECT_GT(cached(a, MB(16)), cached(b, MB(16)));
}

TEST_F(protect, an_ancestor_without_any_gives_none_away)
{
	char x[PATH_MAX], y[PATH_MAX];
	int fd;

	NEEDS_DISK();
	divide(self->a, x, y);
	ASSERT_EQ(0, cg_write(x, "memory.min", "20M"));
	fd = cache_in(x, MB(16));
	EXPECT_EQ(0, cg_write(self->top, "memory.reclaim", "12M"));
	EXPECT_GE(MB(4) + ABOUT, cached(fd, MB(16)));
}

TEST_F(protect, the_targets_own_protection_is_no_cap)
{
	char x[PATH_MAX], y[PATH_MAX];
	int in_x, in_y;

	NEEDS_DISK();
	divide(self->a, x, y);
	ASSERT_EQ(0, cg_write(x, "memory.min", "20M"));
	in_x = cache_in(x, MB(16));
	in_y = cache_in(y, MB(8));
	/* a has none to give, but it is a that is short of memory. */
	EXPECT_EQ(-EAGAIN, cg_write(self->a, "memory.reclaim", "24M"));
	EXPECT_EQ(MB(16), cached(in_x, MB(16)));
	EXPECT_GE(ABOUT, cached(in_y, MB(8)));
}

TEST_F(protect, an_ancestors_protection_is_a_cap)
{
	char x[PATH_MAX], y[PATH_MAX];
	int fd;

	NEEDS_DISK();
	divide(self->a, x, y);
	ASSERT_EQ(0, cg_write(self->a, "memory.min", "8M"));
	ASSERT_EQ(0, cg_write(x, "memory.min", "20M"));
	fd = cache_in(x, MB(16));
	EXPECT_EQ(-EAGAIN, cg_write(self->top, "memory.reclaim", "16M"));
	EXPECT_GE(MB(8) + ABOUT, cached(fd, MB(16)));
	EXPECT_LE(MB(8) - 2 * ABOUT, cached(fd, MB(16)));
}

TEST_F(protect, it_holds_against_the_root_too)
{
	int a, b;

	NEEDS_DISK();
	ASSERT_EQ(0, cg_write(self->top, "memory.min", "20M"));
	ASSERT_EQ(0, cg_write(self->a, "memory.min", "20M"));
	a = cache_in(self->a, MB(16));
	b = cache_in(self->b, MB(16));
	cg_write(self->root, "memory.reclaim", "1G");
	EXPECT_EQ(MB(16), cached(a, MB(16)));
	EXPECT_GE(ABOUT, cached(b, MB(16)));
	/* For the root top is a child like any other, and has to have some to give. */
	ASSERT_EQ(0, cg_write(self->top, "memory.min", "0"));
	cg_write(self->root, "memory.reclaim", "1G");
	EXPECT_GE(ABOUT, cached(a, MB(16)));
}

TEST_F(protect, overcommitted_it_is_shared_in_proportion)
{
	char x[PATH_MAX], y[PATH_MAX];
	int in_x, in_y;

	NEEDS_DISK();
	divide(self->a, x, y);
	ASSERT_EQ(0, cg_write(self->a, "memory.min", "12M"));
	ASSERT_EQ(0, cg_write(x, "memory.min", "16M"));
	ASSERT_EQ(0, cg_write(y, "memory.min", "8M"));
	in_x = cache_in(x, MB(16));
	in_y = cache_in(y, MB(8));
	EXPECT_EQ(-EAGAIN, cg_write(self->top, "memory.reclaim", "24M"));
	/* Of 12M two thirds and one third. */
	EXPECT_GE(MB(8) + 2 * ABOUT, cached(in_x, MB(16)));
	EXPECT_LE(MB(8) - 2 * ABOUT, cached(in_x, MB(16)));
	EXPECT_GE(MB(4) + 2 * ABOUT, cached(in_y, MB(8)));
	EXPECT_LE(MB(4) - 2 * ABOUT, cached(in_y, MB(8)));
	EXPECT_LE(MB(12) - 2 * ABOUT, cached(in_x, MB(16)) + cached(in_y, MB(8)));
}

TEST_F(protect, recursive_it_reaches_those_who_claim_none)
{
	char x[PATH_MAX], y[PATH_MAX], before[256];
	int fd, other, err;
	long kept, gone;

	NEEDS_DISK();
	divide(self->a, x, y);
	if (cg_mount_with(self->root, "memory_recursiveprot", before,
			  sizeof(before)))
		SKIP(return, "no mount option memory_recursiveprot");
	must(!cg_write(self->a, "memory.min", "20M"));
	fd = cache_in(x, MB(16));
	other = cache_in(self->b, MB(16));
	err = cg_write(self->top, "memory.reclaim", "32M");
	kept = cached(fd, MB(16));
	gone = cached(other, MB(16));
	EXPECT_EQ(0, cg_remount(self->root, before));
	EXPECT_EQ(-EAGAIN, err);
	EXPECT_EQ(MB(16), kept);
	EXPECT_GE(ABOUT, gone);
}

TEST_F(protect, not_recursive_it_does_not)
{
	char x[PATH_MAX], y[PATH_MAX], before[256];
	int fd, err;
	long kept;

	NEEDS_DISK();
	divide(self->a, x, y);
	if (cg_mount_without(self->root, "memory_recursiveprot", before,
			     sizeof(before)))
		SKIP(return, "cgroup v2 cannot be remounted");
	must(!cg_write(self->a, "memory.min", "20M"));
	fd = cache_in(x, MB(16));
	err = cg_write(self->top, "memory.reclaim", "12M");
	kept = cached(fd, MB(16));
	EXPECT_EQ(0, cg_remount(self->root, before));
	EXPECT_EQ(0, err);
	EXPECT_GE(MB(4) + ABOUT, kept);
}

TEST_F(protect, recursive_it_is_the_claimants_first)
{
	char x[PATH_MAX], y[PATH_MAX], before[256];
	long claimed, rest;
	int in_x, in_y;

	NEEDS_DISK();
	divide(self->a, x, y);
	if (cg_mount_with(self->root, "memory_recursiveprot", before,
			  sizeof(before)))
		SKIP(return, "no mount option memory_recursiveprot");
	must(!cg_write(self->a, "memory.min", "16M"));
	must(!cg_write(x, "memory.min", "12M"));
	in_x = cache_in(x, MB(10));
	in_y = cache_in(y, MB(16));
	cg_write(self->top, "memory.reclaim", "26M");
	claimed = cached(in_x, MB(10));
	rest = cached(in_y, MB(16));
	EXPECT_EQ(0, cg_remount(self->root, before));
	EXPECT_EQ(MB(10), claimed);
	/* What x does not use of a's 16M is y's. */
	EXPECT_GE(MB(6) + 2 * ABOUT, rest);
	EXPECT_LE(MB(6) - 2 * ABOUT, rest);
}

TEST_HARNESS_MAIN

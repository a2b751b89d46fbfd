// SPDX-License-Identifier: GPL-2.0
/*
 * memory.peak: the most that was ever used, or used since a reset by the same
 * open file.
 *
 * Promises from cgroup-v2.rst, "memory.peak".
 */
#include "kselftest_harness.h"
#include "memcg.h"

MEMCG_FIXTURE(peak)

#define SLACK	(KB(768) + CG_STOCK)

#define NEEDS_RESET(fd) do {						\
	ASSERT_GE(fd, 0);						\
	if (peak_reset(fd))						\
		SKIP(return, "memory.peak cannot be reset (Linux 6.12)"); \
} while (0)

TEST_F(peak, it_is_the_most_that_was_used)
{
	ASSERT_EQ(0, proc_end(hog(self->a, MB(8))));
	EXPECT_GE(SLACK, cg_number(self->a, "memory.current"));
	EXPECT_LE(MB(8), cg_number(self->a, "memory.peak"));
	EXPECT_GE(MB(8) + SLACK, cg_number(self->a, "memory.peak"));
	ASSERT_EQ(0, proc_end(hog(self->a, MB(4))));
	EXPECT_LE(MB(8), cg_number(self->a, "memory.peak"));
	ASSERT_EQ(0, proc_end(hog(self->a, MB(12))));
	EXPECT_LE(MB(12), cg_number(self->a, "memory.peak"));
}

TEST_F(peak, it_includes_all_below)
{
	pid_t pid = hog_that_stays(self->a, MB(4));

	ASSERT_GT(pid, 0);
	ASSERT_EQ(0, proc_end(hog(self->b, MB(4))));
	proc_kill(pid);
	EXPECT_LE(MB(8), cg_number(self->top, "memory.peak"));
	EXPECT_GE(MB(8) + 2 * SLACK, cg_number(self->top, "memory.peak"));
	EXPECT_GE(MB(4) + SLACK, cg_number(self->b, "memory.peak"));
}

TEST_F(peak, it_is_never_below_the_usage)
{
	pid_t pid = cg_fork_bound(self->a);

	if (!pid) {
		for (int i = 0; i < 64; i++) {
			long usage;

			map_used(KB(64));
			usage = cg_number(self->a, "memory.current");
			must(cg_number(self->a, "memory.peak") >= usage);
		}
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(peak, a_reset_starts_from_the_usage)
{
	int fd = peak_open(self->a);

	NEEDS_RESET(fd);
	ASSERT_GT(hog_that_stays(self->a, MB(2)), 0);
	ASSERT_EQ(0, proc_end(hog(self->a, MB(8))));
	EXPECT_LE(MB(10), peak_of(fd));
	ASSERT_EQ(0, peak_reset(fd));
	EXPECT_LE(MB(2), peak_of(fd));
	EXPECT_GE(MB(2) + 2 * SLACK, peak_of(fd));
	ASSERT_EQ(0, proc_end(hog(self->a, MB(4))));
	EXPECT_LE(MB(6), peak_of(fd));
	EXPECT_GE(MB(6) + 2 * SLACK, peak_of(fd));
}

TEST_F(peak, a_reset_is_for_one_file_only)
{
	int reset = peak_open(self->a), other = peak_open(self->a);

	NEEDS_RESET(reset);
	ASSERT_EQ(0, proc_end(hog(self->a, MB(8))));
	ASSERT_EQ(0, peak_reset(reset));
	EXPECT_GE(SLACK, peak_of(reset));
	EXPECT_LE(MB(8), peak_of(other));
	EXPECT_LE(MB(8), cg_number(self->a, "memory.peak"));
}

TEST_F(peak, each_file_has_its_own_start)
{
	int early = peak_open(self->a), late = peak_open(self->a);

	NEEDS_RESET(early);
	ASSERT_EQ(0, proc_end(hog(self->a, MB(8))));
	ASSERT_EQ(0, peak_reset(early));
	ASSERT_EQ(0, peak_reset(late));
	ASSERT_EQ(0, proc_end(hog(self->a, MB(4))));
	ASSERT_EQ(0, peak_reset(late));
	EXPECT_GE(SLACK, peak_of(late));
	ASSERT_EQ(0, proc_end(hog(self->a, MB(6))));
	EXPECT_LE(MB(6), peak_of(early));
	EXPECT_GE(MB(6) + SLACK, peak_of(early));
	EXPECT_LE(MB(6), peak_of(late));
	EXPECT_LE(MB(8), cg_number(self->a, "memory.peak"));
	/* One that is closed takes nothing along. */
	close(late);
	EXPECT_LE(MB(6), peak_of(early));
	ASSERT_EQ(0, proc_end(hog(self->a, MB(10))));
	EXPECT_LE(MB(10), peak_of(early));
}

/*
 * "The max memory usage recorded since the most recent reset for that FD", whoever
 * resets another: for kernels that take away what the other files have seen, see
 * memcg-peak-reset in kernel/base-fixes.
 */
TEST_F(peak, a_reset_makes_no_other_file_forget)
{
	int early = peak_open(self->a), late = peak_open(self->a);

	NEEDS_RESET(early);
	ASSERT_EQ(0, proc_end(hog(self->a, MB(6))));
	EXPECT_LE(MB(6), peak_of(early));
	ASSERT_EQ(0, peak_reset(late));
	EXPECT_GE(SLACK, peak_of(late));
	if (peak_of(early) < MB(6))
		SKIP(return, "mended by base-fixes: a reset takes the others' peaks away");
	EXPECT_GE(MB(6) + SLACK, peak_of(early));
}

TEST_F(peak, a_reset_below_is_none_above)
{
	int fd = peak_open(self->a), top = peak_open(self->top);

	NEEDS_RESET(fd);
	ASSERT_EQ(0, peak_reset(top));
	ASSERT_EQ(0, proc_end(hog(self->a, MB(8))));
	ASSERT_EQ(0, peak_reset(fd));
	EXPECT_LE(MB(8), peak_of(top));
	EXPECT_GE(SLACK, peak_of(fd));
}

TEST_F(peak, any_text_resets)
{
	static const char * const texts[] = { "0", "reset", "\n", "-1", "max" };
	int fd = peak_open(self->a);

	NEEDS_RESET(fd);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		ASSERT_EQ(0, proc_end(hog(self->a, MB(4))));
		EXPECT_LE(MB(4), peak_of(fd));
		EXPECT_LT(0, pwrite(fd, texts[i], strlen(texts[i]), 0));
		EXPECT_GE(SLACK, peak_of(fd));
	}
}

TEST_F(peak, a_file_open_when_the_cgroup_goes_does_no_harm)
{
	int fd = peak_open(self->a);
	char text[32];

	NEEDS_RESET(fd);
	ASSERT_EQ(0, cg_remove(self->a));
	EXPECT_EQ(-1, pread(fd, text, sizeof(text), 0));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(-ENODEV, peak_reset(fd));
	EXPECT_EQ(0, close(fd));
}

TEST_HARNESS_MAIN

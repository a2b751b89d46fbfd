// SPDX-License-Identifier: GPL-2.0
/*
 * memory.max: where it is, what happens there, what lowering it does, whose
 * limit it was, and who is told.
 *
 * Promises from cgroup-v2.rst, "memory.max", "memory.events" and
 * "memory.events.local". What the OOM killer does is in controllers/oom.
 */
#include "kselftest_harness.h"
#include "cgmount.h"
#include "memcg-disk.h"
#include "until.h"

MEMCG_FIXTURE(limit)

#define SLACK	(KB(768) + CG_STOCK)

#define NEEDS_DISK() do {						\
	if (disk_mount())						\
		SKIP(return, "no ext4 on a disk");			\
} while (0)

TEST_F(limit, within_it_nothing_happens)
{
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "10M"));
	EXPECT_EQ(0, proc_end(hog(self->a, MB(8))));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "max"));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "oom"));
}

TEST_F(limit, more_than_it_is_not_to_be_had)
{
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "8M"));
	EXPECT_EQ(-SIGKILL, proc_end(hog(self->a, MB(16))));
	EXPECT_LE(1, cg_key(self->a, "memory.events", "max"));
	EXPECT_LE(1, cg_key(self->a, "memory.events", "oom"));
	EXPECT_EQ(1, cg_key(self->a, "memory.events", "oom_kill"));
	/* Up to the limit, to the page, and no further. */
	EXPECT_EQ(MB(8), cg_number(self->a, "memory.peak"));
}

TEST_F(limit, it_holds_for_the_page_that_is_one_too_many)
{
	long peak, before;
	pid_t pid;

	/* What a hog takes is what a hog takes, so one more does not fit. */
	ASSERT_EQ(0, proc_end(hog(self->a, MB(4))));
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "4M"));
	pid = cg_fork_bound(self->a);
	if (!pid) {
		char *p = map_fresh(MB(8));

		for (long i = 0; ; i += PAGE) {
			use(p + i, PAGE);
			must(cg_number(self->a, "memory.current") <= MB(4));
		}
	}
	EXPECT_EQ(-SIGKILL, proc_end(pid));
	before = cg_key(self->a, "memory.events", "oom_kill");
	EXPECT_EQ(1, before);
	peak = cg_number(self->a, "memory.peak");
	EXPECT_LE(MB(4), peak);
}

TEST_F(limit, zero_lets_nobody_live)
{
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "0"));
	EXPECT_EQ(-SIGKILL, proc_end(hog(self->a, PAGE)));
}

TEST_F(limit, page_cache_is_reclaimed_and_nobody_dies)
{
	int fd;

	NEEDS_DISK();
	fd = disk_hole(MB(32));
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "8M"));
	read_in(self->a, fd, MB(32));
	EXPECT_GE(MB(8), cg_number(self->a, "memory.current"));
	EXPECT_GE(MB(8), cg_number(self->a, "memory.peak"));
	EXPECT_GE(MB(8), cached(fd, MB(32)));
	EXPECT_LE(MB(4), cached(fd, MB(32)));
	EXPECT_LE(1, cg_key(self->a, "memory.events", "max"));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "oom"));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "oom_kill"));
	close(fd);
}

TEST_F(limit, page_cache_makes_room_for_anonymous_memory)
{
	int fd;

	NEEDS_DISK();
	fd = disk_hole(MB(6));
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "8M"));
	read_in(self->a, fd, MB(6));
	EXPECT_EQ(0, proc_end(hog(self->a, MB(6))));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "oom"));
	EXPECT_GE(MB(2), cached(fd, MB(6)));
	close(fd);
}

/* What is read ahead is a guess: for want of room it is left, and nobody dies. */
TEST_F(limit, reading_ahead_stops_at_it_and_kills_nobody)
{
	struct baton full = baton_make(), go = baton_make();
	volatile long *result;
	int warm, fd, err = 0;
	pid_t pid;

	NEEDS_DISK();
	warm = disk_hole(MB(1));
	fd = disk_hole(MB(4));
	/* A baton is a page of a pipe, which is not to be had at the limit. */
	result = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, result);
	*result = 1;
	pid = cg_fork_bound(self->a);
	if (!pid) {
		map_used(MB(4));
		*result = readahead(warm, 0, KB(64));
		baton_pass(&full, 0);
		baton_take(&go);
		for (long at = 0; at < MB(4); at += KB(64))
			err |= readahead(fd, at, KB(64));
		*result = err ? -errno : 2;
		proc_sleep_forever();
	}
	baton_take(&full);
	settles_down(pid);
	ASSERT_EQ(0, *result);
	ASSERT_EQ(KB(64), cached(warm, KB(64)));
	/*
	 * Nothing to take and nothing in stock: the next page is one too many. So few
	 * pages may all wait for their list, where only memory.reclaim, before it
	 * gives up, looks for them; the stock goes with a limit below the usage.
	 */
	ASSERT_TRUE(EVENTUALLY((cg_write(self->a, "memory.reclaim", "64K"),
				!cached(warm, KB(64)))));
	ASSERT_EQ(0, cg_write(self->a, "memory.high", "4M"));
	ASSERT_EQ(0, cg_write(self->a, "memory.high", "max"));
	ASSERT_EQ(0, cg_write_number(self->a, "memory.max",
				     cg_number(self->a, "memory.current")));
	ASSERT_EQ(0, cg_key(self->a, "memory.events", "max"));
	baton_pass(&go, 0);
	EXPECT_TRUE(EVENTUALLY(*result));
	EXPECT_EQ(2, *result);
	EXPECT_LE(1, cg_key(self->a, "memory.events", "max"));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "oom"));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "oom_kill"));
	EXPECT_EQ(0, cached(fd, MB(4)));
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	close(warm);
	close(fd);
}

TEST_F(limit, lowered_below_the_usage_reclaims_page_cache)
{
	int fd;

	NEEDS_DISK();
	fd = disk_hole(MB(16));
	read_in(self->a, fd, MB(16));
	ASSERT_LE(MB(16), cg_number(self->a, "memory.current"));
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "4M"));
	EXPECT_GE(MB(4), cg_number(self->a, "memory.current"));
	EXPECT_GE(MB(4), cached(fd, MB(16)));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "oom"));
	close(fd);
}

TEST_F(limit, lowered_below_what_can_be_reclaimed_kills)
{
	pid_t pid = hog_that_stays(self->a, MB(8));

	ASSERT_GT(pid, 0);
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "4M"));
	EXPECT_EQ(-SIGKILL, proc_end(pid));
	EXPECT_LE(1, cg_key(self->a, "memory.events", "oom"));
	EXPECT_EQ(1, cg_key(self->a, "memory.events", "oom_kill"));
	EXPECT_EQ(MB(4), cg_number(self->a, "memory.max"));
	EXPECT_TRUE(cg_settles(self->a, "memory.current", 0, MB(4)));
}

TEST_F(limit, lowered_above_the_usage_kills_nobody)
{
	pid_t pid = hog_that_stays(self->a, MB(4));

	ASSERT_GT(pid, 0);
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "8M"));
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "6M"));
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "max"));
}

static int write_nonblock(const char *cg, const char *file, const char *text)
{
	char path[PATH_MAX];
	int fd = open(cg_path(path, cg, file), O_WRONLY | O_NONBLOCK), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		err = -errno;
	close(fd);
	return err;
}

TEST_F(limit, with_nonblock_the_next_charge_pays)
{
	struct baton full = baton_make(), go = baton_make();
	pid_t pid = cg_fork_bound(self->a);

	if (!pid) {
		map_used(MB(8));
		baton_pass(&full, 0);
		baton_take(&go);
		map_used(MB(1));
		_exit(0);
	}
	baton_take(&full);
	ASSERT_EQ(0, write_nonblock(self->a, "memory.max", "4M"));
	EXPECT_EQ(MB(4), cg_number(self->a, "memory.max"));
	if (cg_number(self->a, "memory.current") < MB(8) && proc_kernel_before(7, 3))
		SKIP(return, "O_NONBLOCK makes no difference to this kernel's memory.max");
	EXPECT_LE(MB(8), cg_number(self->a, "memory.current"));
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "oom"));
	baton_pass(&go, 0);
	EXPECT_EQ(-SIGKILL, proc_end(pid));
	EXPECT_EQ(1, cg_key(self->a, "memory.events", "oom_kill"));
}

TEST_F(limit, raised_gives_more_room)
{
	struct baton full = baton_make(), go = baton_make();
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, "memory.max", "8M"));
	pid = cg_fork_bound(self->a);
	if (!pid) {
		map_used(MB(6));
		baton_pass(&full, 0);
		baton_take(&go);
		map_used(MB(6));
		_exit(0);
	}
	baton_take(&full);
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "16M"));
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "max"));
}

TEST_F(limit, above_binds_below)
{
	ASSERT_EQ(0, cg_write(self->top, "memory.max", "8M"));
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "max"));
	EXPECT_EQ(-SIGKILL, proc_end(hog(self->a, MB(12))));
	EXPECT_GE(MB(8), cg_number(self->top, "memory.peak"));
}

TEST_F(limit, below_binds_within_a_wider_one)
{
	ASSERT_EQ(0, cg_write(self->top, "memory.max", "64M"));
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "8M"));
	EXPECT_EQ(-SIGKILL, proc_end(hog(self->a, MB(12))));
	/* Next door there is room. */
	EXPECT_EQ(0, proc_end(hog(self->b, MB(12))));
}

TEST_F(limit, siblings_share_the_one_above)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->top, "memory.max", "12M"));
	pid = hog_that_stays(self->a, MB(8));
	ASSERT_GT(pid, 0);
	/* The OOM killer takes the biggest of the subtree that is full. */
	proc_end(hog(self->b, MB(6)));
	EXPECT_EQ(-SIGKILL, proc_end(pid));
	EXPECT_LE(1, cg_key(self->top, "memory.events.local", "oom"));
	EXPECT_EQ(0, cg_key(self->b, "memory.events.local", "max"));
	EXPECT_GE(MB(12), cg_number(self->top, "memory.peak"));
}

TEST_F(limit, moving_in_with_memory_is_allowed)
{
	struct baton full = baton_make(), go = baton_make();
	pid_t pid = cg_fork_bound(self->b);

	if (!pid) {
		map_used(MB(8));
		baton_pass(&full, 0);
		baton_take(&go);
		map_used(MB(2));
		_exit(0);
	}
	baton_take(&full);
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "4M"));
	EXPECT_EQ(0, cg_enter(self->a, pid));
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(limit, root_is_limited_too)
{
	ASSERT_EQ(0, geteuid());
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "4M"));
	EXPECT_EQ(-SIGKILL, proc_end(hog(self->a, MB(8))));
}

/* A hit on a limit that costs nobody his life. */
static void hit_the_limit(const char *cg)
{
	int fd = disk_hole(MB(8));

	read_in(cg, fd, MB(8));
	close(fd);
}

TEST_F(limit, events_go_up_and_local_ones_do_not)
{
	NEEDS_DISK();
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "4M"));
	hit_the_limit(self->a);
	EXPECT_LE(1, cg_key(self->a, "memory.events", "max"));
	EXPECT_EQ(cg_key(self->a, "memory.events", "max"),
		  cg_key(self->a, "memory.events.local", "max"));
	EXPECT_EQ(cg_key(self->a, "memory.events", "max"),
		  cg_key(self->top, "memory.events", "max"));
	EXPECT_EQ(0, cg_key(self->top, "memory.events.local", "max"));
	EXPECT_EQ(0, cg_key(self->b, "memory.events", "max"));
}

TEST_F(limit, the_cgroup_whose_limit_it_was_has_the_event)
{
	NEEDS_DISK();
	ASSERT_EQ(0, cg_write(self->top, "memory.max", "4M"));
	hit_the_limit(self->a);
	EXPECT_LE(1, cg_key(self->top, "memory.events", "max"));
	EXPECT_LE(1, cg_key(self->top, "memory.events.local", "max"));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "max"));
	EXPECT_EQ(0, cg_key(self->a, "memory.events.local", "max"));
}

TEST_F(limit, poll_wakes_whose_limit_it_was_and_all_above)
{
	int a, b, top;

	NEEDS_DISK();
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "4M"));
	a = cg_watch(self->a, "memory.events");
	b = cg_watch(self->b, "memory.events");
	top = cg_watch(self->top, "memory.events");
	ASSERT_GE(a, 0);
	ASSERT_GE(b, 0);
	ASSERT_GE(top, 0);
	EXPECT_FALSE(cg_event(a, 0));
	hit_the_limit(self->a);
	EXPECT_TRUE(cg_event(a, PROC_HANG_MS));
	EXPECT_TRUE(cg_event(top, PROC_HANG_MS));
	EXPECT_FALSE(cg_event(b, 0));
}

TEST_F(limit, poll_of_local_events_wakes_only_whose_limit_it_was)
{
	int a, top;

	NEEDS_DISK();
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "4M"));
	a = cg_watch(self->a, "memory.events.local");
	top = cg_watch(self->top, "memory.events.local");
	hit_the_limit(self->a);
	EXPECT_TRUE(cg_event(a, PROC_HANG_MS));
	EXPECT_FALSE(cg_event(top, 0));
}

/* The hierarchy is mounted for all: this puts the option back. */
TEST_F(limit, with_memory_localevents_events_do_not_go_up)
{
	char before[256];
	long a, top;

	NEEDS_DISK();
	if (cg_mount_with(self->root, "memory_localevents", before, sizeof(before)))
		SKIP(return, "no mount option memory_localevents");
	must(!cg_write(self->a, "memory.max", "4M"));
	hit_the_limit(self->a);
	a = cg_key(self->a, "memory.events", "max");
	top = cg_key(self->top, "memory.events", "max");
	EXPECT_EQ(0, cg_remount(self->root, before));
	EXPECT_LE(1, a);
	EXPECT_EQ(0, top);
}

TEST_HARNESS_MAIN

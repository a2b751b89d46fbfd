// SPDX-License-Identifier: GPL-2.0
/*
 * Swap: counted and limited on its own, charged to who owned the page.
 *
 * Promises from cgroup-v2.rst, "memory.swap.*" and the swappiness of
 * "memory.reclaim".
 */
#include "kselftest_harness.h"
#include "memcg-disk.h"

MEMCG_FIXTURE(swap)

#define SLACK	(KB(768) + CG_STOCK)
#define ABOUT	MB(1)

static int no_swap;

#define NEEDS_SWAP() do {						\
	if (no_swap)							\
		SKIP(return, "no swap on a disk: error %d", -no_swap);	\
	NEEDS_SWAPPINESS_MAX(self->a);					\
} while (0)

#define OUT	"16M swappiness=max"

#define VM_SWAPPINESS	"/proc/sys/vm/swappiness"

/* What left memory for swap: pages that were written, and such as are all zero. */
static long pages_out(const char *cg)
{
	long zero = cg_stat(cg, "swpout_zero");

	return cg_stat(cg, "pswpout") + (zero > 0 ? zero : 0);
}

TEST_F(swap, what_is_swapped_out_is_swap_and_no_memory)
{
	long usage;
	pid_t pid;

	NEEDS_SWAP();
	pid = hog_that_stays(self->a, MB(8));
	ASSERT_GT(pid, 0);
	EXPECT_EQ(0, cg_number(self->a, "memory.swap.current"));
	usage = cg_number(self->a, "memory.current");
	EXPECT_TRUE(swap_out(self->a, MB(6)));
	EXPECT_LE(MB(6), cg_number(self->a, "memory.swap.current"));
	EXPECT_LE(MB(6), cg_number(self->top, "memory.swap.current"));
	EXPECT_EQ(0, cg_number(self->b, "memory.swap.current"));
	/* Some may be both, on their way to the disk: swap_out() says how many. */
	EXPECT_GE(usage - MB(6) + SWAP_CACHE, cg_number(self->a, "memory.current"));
	EXPECT_LE((MB(6) - SWAP_CACHE) / PAGE, pages_out(self->a));
	proc_kill(pid);
	EXPECT_TRUE(cg_settles(self->a, "memory.swap.current", 0, 0));
	EXPECT_TRUE(cg_settles(self->top, "memory.swap.current", 0, 0));
}

TEST_F(swap, it_comes_back_as_it_was)
{
	struct baton full = baton_make(), go = baton_make();
	pid_t pid;

	NEEDS_SWAP();
	pid = cg_fork_bound(self->a);
	if (!pid) {
		char *p = map_used(MB(8));

		baton_pass(&full, 0);
		baton_take(&go);
		must(used(p, MB(8)));
		must(page_cgroup(p) == cg_inode(self->a));
		must(cg_number(self->a, "memory.current") >= MB(8));
		baton_pass(&full, 0);
		proc_sleep_forever();
	}
	baton_take(&full);
	ASSERT_TRUE(swap_out(self->a, MB(7)));
	baton_pass(&go, 0);
	baton_take(&full);
	/* Some were still in memory, on their way to the disk. */
	EXPECT_LT(0, cg_stat(self->a, "pswpin"));
	EXPECT_LT(0, cg_stat(self->a, "workingset_refault_anon"));
}

/* "The swapcache is accounted against both memory and swap usage." */
TEST_F(swap, what_is_cached_of_it_is_memory_and_swap)
{
	struct baton full = baton_make(), go = baton_make();
	long cached;
	pid_t pid;

	NEEDS_SWAP();
	pid = cg_fork_bound(self->a);
	if (!pid) {
		char *p = map_used(MB(4));

		baton_pass(&full, 0);
		baton_take(&go);
		must(used(p, MB(4)));
		baton_pass(&full, 0);
		proc_sleep_forever();
	}
	baton_take(&full);
	ASSERT_TRUE(swap_out(self->a, MB(3)));
	baton_pass(&go, 0);
	baton_take(&full);
	/* Read, and not written, it keeps its place on the disk. */
	cached = cg_stat(self->a, "swapcached");
	EXPECT_LE(MB(3) - SWAP_CACHE, cached);
	EXPECT_LE(cached, cg_number(self->a, "memory.swap.current"));
	EXPECT_LE(MB(4), cg_number(self->a, "memory.current"));
	EXPECT_LE(cached, MB(4) + KB(512));
	proc_kill(pid);
	EXPECT_TRUE(cg_stat_settles(self->a, "swapcached", 0, 0));
	EXPECT_TRUE(cg_settles(self->a, "memory.swap.current", 0, 0));
}

TEST_F(swap, a_page_of_zeroes_takes_swap_but_no_write)
{
	struct baton full = baton_make(), go = baton_make();
	pid_t pid;

	NEEDS_SWAP();
	if (cg_key(self->a, "memory.stat", "swpout_zero") < 0)
		SKIP(return, "no swpout_zero");
	pid = cg_fork_bound(self->a);
	if (!pid) {
		char *p = map_fresh(MB(4));

		memset(p, 0, MB(4));
		baton_pass(&full, 0);
		baton_take(&go);
		for (long i = 0; i < MB(4); i += PAGE)
			must(!*(volatile char *)(p + i));
		baton_pass(&full, 0);
		proc_sleep_forever();
	}
	baton_take(&full);
	settles_down(pid);
	ASSERT_TRUE(swap_out(self->a, MB(3)));
	EXPECT_LE(MB(3), cg_number(self->a, "memory.swap.current"));
	/* The process has pages of its own, which are not all zero. */
	EXPECT_LE((MB(3) - SWAP_CACHE) / PAGE, pages_out(self->a));
	EXPECT_GT(MB(1) / PAGE, cg_stat(self->a, "pswpout"));
	EXPECT_EQ(0, cg_stat(self->a, "swpin_zero"));
	/* Nor is there anything to read. */
	baton_pass(&go, 0);
	baton_take(&full);
	EXPECT_LE((MB(3) - 2 * SWAP_CACHE) / PAGE, cg_stat(self->a, "swpin_zero"));
	EXPECT_GT(MB(1) / PAGE, cg_stat(self->a, "pswpin"));
}

TEST_F(swap, shared_memory_is_swapped_too)
{
	char *p = mmap(NULL, MB(4), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	NEEDS_SWAP();
	pid = cg_fork_bound(self->a);
	if (!pid) {
		use(p, MB(4));
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(pid));
	ASSERT_TRUE(swap_out(self->a, MB(3)));
	EXPECT_LE(MB(3), cg_number(self->a, "memory.swap.current"));
	/* Whoever brings it back, it is still a's. */
	ASSERT_TRUE(used(p, MB(4)));
	EXPECT_EQ(cg_inode(self->a), page_cgroup(p));
	munmap(p, MB(4));
	EXPECT_TRUE(cg_settles(self->a, "memory.swap.current", 0, 0));
}

TEST_F(swap, with_it_the_limit_kills_nobody)
{
	NEEDS_SWAP();
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "8M"));
	EXPECT_EQ(0, proc_end(hog(self->a, MB(16))));
	EXPECT_GE(MB(8), cg_number(self->a, "memory.peak"));
	EXPECT_LE(MB(8) - SLACK, cg_number(self->a, "memory.swap.peak"));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "oom"));
}

TEST_F(swap, a_swap_limit_of_zero_is_no_swap)
{
	pid_t pid;

	NEEDS_SWAP();
	ASSERT_EQ(0, cg_write(self->a, "memory.swap.max", "0"));
	pid = hog_that_stays(self->a, MB(4));
	ASSERT_GT(pid, 0);
	EXPECT_EQ(-EAGAIN, cg_write(self->a, "memory.reclaim", OUT));
	EXPECT_EQ(0, cg_number(self->a, "memory.swap.peak"));
	EXPECT_LE(MB(4), cg_number(self->a, "memory.current"));
	proc_kill(pid);
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "8M"));
	EXPECT_EQ(-SIGKILL, proc_end(hog(self->a, MB(12))));
}

TEST_F(swap, no_more_than_its_limit_is_swapped)
{
	pid_t pid;

	NEEDS_SWAP();
	ASSERT_EQ(0, cg_write(self->a, "memory.swap.max", "4M"));
	pid = hog_that_stays(self->a, MB(8));
	ASSERT_GT(pid, 0);
	EXPECT_EQ(-EAGAIN, cg_write(self->a, "memory.reclaim", OUT));
	EXPECT_EQ(MB(4), cg_number(self->a, "memory.swap.current"));
	EXPECT_EQ(MB(4), cg_number(self->a, "memory.swap.peak"));
	EXPECT_LE(MB(4), cg_number(self->a, "memory.current"));
}

TEST_F(swap, memory_and_swap_limit_together)
{
	NEEDS_SWAP();
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "8M"));
	ASSERT_EQ(0, cg_write(self->a, "memory.swap.max", "4M"));
	EXPECT_EQ(0, proc_end(hog(self->a, MB(10))));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "oom"));
	EXPECT_EQ(-SIGKILL, proc_end(hog(self->a, MB(16))));
	EXPECT_EQ(MB(4), cg_number(self->a, "memory.swap.peak"));
	EXPECT_EQ(1, cg_key(self->a, "memory.events", "oom_kill"));
}

TEST_F(swap, the_limit_above_binds_below)
{
	pid_t pid;

	NEEDS_SWAP();
	ASSERT_EQ(0, cg_write(self->top, "memory.swap.max", "2M"));
	pid = hog_that_stays(self->a, MB(8));
	ASSERT_GT(pid, 0);
	EXPECT_EQ(-EAGAIN, cg_write(self->a, "memory.reclaim", OUT));
	EXPECT_EQ(MB(2), cg_number(self->top, "memory.swap.current"));
	EXPECT_EQ(MB(2), cg_number(self->a, "memory.swap.current"));
}

TEST_F(swap, lowering_the_limit_below_the_usage_hurts_nobody)
{
	pid_t pid;
	long had;

	NEEDS_SWAP();
	pid = hog_that_stays(self->a, MB(8));
	ASSERT_GT(pid, 0);
	ASSERT_TRUE(swap_out(self->a, MB(6)));
	ASSERT_LE(MB(6), cg_number(self->a, "memory.swap.current"));
	EXPECT_EQ(0, cg_write(self->a, "memory.swap.max", "1M"));
	/* reclaim takes more than it was asked for, perhaps */
	had = cg_number(self->a, "memory.swap.current");
	EXPECT_LE(MB(6), had);
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "oom"));
	/* But more there will not be. */
	EXPECT_EQ(-EAGAIN, cg_write(self->a, "memory.reclaim", OUT));
	EXPECT_GE(had, cg_number(self->a, "memory.swap.current"));
}

/*
 * Reclaim leaves anonymous memory alone once all swap is taken, so whether it
 * ever asks for too much is chance. MADV_PAGEOUT asks for every page.
 */
TEST_F(swap, a_failure_for_the_limit_is_an_event)
{
	int a, top;
	pid_t pid;

	NEEDS_SWAP();
	ASSERT_EQ(0, cg_write(self->a, "memory.swap.max", "4M"));
	a = cg_watch(self->a, "memory.swap.events");
	pid = cg_fork_bound(self->a);
	if (!pid) {
		char *p = map_used(MB(4));

		/* The limit itself is not too much. */
		must(!madvise(p, MB(4), MADV_PAGEOUT));
		must(!cg_key(self->a, "memory.swap.events", "max"));
		must(!cg_key(self->a, "memory.swap.events", "fail"));
		p = map_used(MB(4));
		must(!madvise(p, MB(4), MADV_PAGEOUT));
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(pid));
	EXPECT_EQ(MB(4), cg_number(self->a, "memory.swap.peak"));
	EXPECT_TRUE(cg_event(a, PROC_HANG_MS));
	EXPECT_LE(1, cg_key(self->a, "memory.swap.events", "max"));
	EXPECT_LE(1, cg_key(self->a, "memory.swap.events", "fail"));
	EXPECT_EQ(0, cg_key(self->a, "memory.swap.events", "high"));
	EXPECT_EQ(0, cg_key(self->b, "memory.swap.events", "max"));
	top = cg_watch(self->top, "memory.swap.events");
	EXPECT_TRUE(cg_event_ends(top));
}

TEST_F(swap, over_swap_high_it_is_slow_and_lives)
{
	int a, b, top;
	pid_t pid;

	NEEDS_SWAP();
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "8M"));
	ASSERT_EQ(0, cg_write(self->a, "memory.swap.high", "2M"));
	a = cg_watch(self->a, "memory.swap.events");
	b = cg_watch(self->b, "memory.swap.events");
	top = cg_watch(self->top, "memory.swap.events");
	pid = hog(self->a, MB(16));
	ASSERT_GT(pid, 0);
	EXPECT_TRUE(cg_event(a, PROC_HANG_MS));
	EXPECT_TRUE(cg_event(top, PROC_HANG_MS));
	EXPECT_FALSE(cg_event(b, 0));
	EXPECT_LE(1, cg_key(self->a, "memory.swap.events", "high"));
	EXPECT_LE(1, cg_key(self->top, "memory.swap.events", "high"));
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	/* "To allow user space to implement out-of-memory procedures." */
	ASSERT_EQ(0, cg_write(self->a, "memory.swap.high", "max"));
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "oom"));
}

TEST_F(swap, a_move_leaves_the_swap_behind)
{
	struct baton full = baton_make(), go = baton_make();
	pid_t pid;

	NEEDS_SWAP();
	pid = cg_fork_bound(self->a);
	if (!pid) {
		char *p = map_used(MB(4));
		long out;

		baton_pass(&full, 0);
		baton_take(&go);
		must(!cg_enter(self->b, 0));
		must(cg_number(self->b, "memory.swap.current") == 0);
		/* Its own pages, with which it runs, come back before. */
		out = swapped(p, MB(4));
		must(out >= MB(2));
		must(cg_number(self->a, "memory.swap.current") >= out);
		/* It comes back to where it was charged. */
		must(used(p, MB(4)));
		must(page_cgroup(p) == cg_inode(self->a));
		must(cg_number(self->a, "memory.current") >= MB(3));
		must(cg_number(self->b, "memory.current") < SLACK);
		_exit(0);
	}
	baton_take(&full);
	ASSERT_TRUE(swap_out(self->a, MB(3)));
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(cg_settles(self->a, "memory.swap.current", 0, 0));
}

TEST_F(swap, a_removed_cgroups_swap_comes_back_to_who_uses_it)
{
	struct baton full = baton_make(), go = baton_make();
	long out;
	pid_t pid;

	NEEDS_SWAP();
	pid = cg_fork_bound(self->a);
	if (!pid) {
		char *p = map_used(MB(4));
		long moved = 0;

		baton_pass(&full, 0);
		baton_take(&go);
		must(!cg_enter(self->b, 0));
		baton_pass(&full, swapped(p, MB(4)) / PAGE);
		baton_take(&go);
		must(used(p, MB(4)));
		/* not each: some were never swapped out, or are still in the cache */
		for (long i = 0; i < MB(4); i += PAGE)
			moved += page_cgroup(p + i) == cg_inode(self->b);
		must(moved >= MB(1) / PAGE);
		must(cg_number(self->b, "memory.current") >= moved * PAGE);
		_exit(0);
	}
	baton_take(&full);
	ASSERT_TRUE(swap_out(self->a, MB(3)));
	baton_pass(&go, 0);
	out = baton_take(&full) * PAGE;
	EXPECT_LE(MB(2), out);
	ASSERT_EQ(0, cg_await_empty(self->a));
	ASSERT_EQ(0, cg_remove(self->a));
	EXPECT_LE(out, cg_number(self->top, "memory.swap.current"));
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(cg_settles(self->top, "memory.swap.current", 0, 0));
	EXPECT_TRUE(cg_key_settles(self->top, "cgroup.stat",
				   "nr_dying_descendants", 0, 0));
}

TEST_F(swap, swapoff_brings_all_back)
{
	struct baton full = baton_make(), go = baton_make();
	pid_t pid;

	NEEDS_SWAP();
	pid = cg_fork_bound(self->a);
	if (!pid) {
		char *p = map_used(MB(4));

		baton_pass(&full, 0);
		baton_take(&go);
		must(page_cgroup(p) == cg_inode(self->a));
		must(used(p, MB(4)));
		_exit(0);
	}
	baton_take(&full);
	ASSERT_TRUE(swap_out(self->a, MB(3)));
	must(!disk_swapoff());
	EXPECT_EQ(0, cg_number(self->a, "memory.swap.current"));
	EXPECT_LE(MB(4), cg_number(self->a, "memory.current"));
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, disk_swapon());
}

TEST_F(swap, peak_is_the_most_and_can_be_reset)
{
	char path[PATH_MAX], text[32] = "";
	int fd, other;
	pid_t pid;

	NEEDS_SWAP();
	fd = open(cg_path(path, self->a, "memory.swap.peak"), O_RDWR);
	ASSERT_GE(fd, 0);
	other = open(path, O_RDWR);
	ASSERT_GE(other, 0);
	if (pwrite(other, "x", 1, 0) != 1)
		SKIP(return, "memory.swap.peak cannot be reset");
	pid = hog_that_stays(self->a, MB(4));
	ASSERT_GT(pid, 0);
	ASSERT_TRUE(swap_out(self->a, MB(3)));
	proc_kill(pid);
	ASSERT_TRUE(cg_settles(self->a, "memory.swap.current", 0, 0));
	EXPECT_LE(MB(3), cg_number(self->a, "memory.swap.peak"));
	EXPECT_GE(MB(4) + KB(512), cg_number(self->a, "memory.swap.peak"));
	EXPECT_EQ(1, pwrite(fd, "x", 1, 0));
	ASSERT_LT(0, pread(fd, text, sizeof(text) - 1, 0));
	EXPECT_EQ(0, atol(text));
	EXPECT_LE(MB(3), cg_number(self->a, "memory.swap.peak"));
	ASSERT_LT(0, pread(other, text, sizeof(text) - 1, 0));
	if (atol(text) < MB(3))
		SKIP(return, "mended by base-fixes: a reset takes the others' peaks away");
}

static int cache_in(const char *cg, size_t size)
{
	int fd = disk_hole(size);

	read_in(cg, fd, size);
	return fd;
}

TEST_F(swap, swappiness_zero_takes_page_cache_only)
{
	pid_t pid;
	int fd;

	NEEDS_SWAP();
	if (disk_mount())
		SKIP(return, "no ext4 on a disk");
	pid = hog_that_stays(self->a, MB(8));
	ASSERT_GT(pid, 0);
	fd = cache_in(self->a, MB(8));
	EXPECT_EQ(0, cg_write(self->a, "memory.reclaim", "6M swappiness=0"));
	EXPECT_GE(MB(2) + ABOUT, cached(fd, MB(8)));
	EXPECT_EQ(0, cg_number(self->a, "memory.swap.current"));
	close(fd);
}

TEST_F(swap, swappiness_max_takes_anonymous_memory_only)
{
	pid_t pid;
	int fd;

	NEEDS_SWAP();
	if (disk_mount())
		SKIP(return, "no ext4 on a disk");
	pid = hog_that_stays(self->a, MB(8));
	ASSERT_GT(pid, 0);
	fd = cache_in(self->a, MB(8));
	EXPECT_TRUE(swap_out(self->a, MB(6)));
	EXPECT_EQ(MB(8), cached(fd, MB(8)));
	EXPECT_LE(MB(6), cg_number(self->a, "memory.swap.current"));
	close(fd);
}

TEST_F(swap, protected_memory_stays_out_of_it)
{
	NEEDS_SWAP();
	ASSERT_EQ(0, cg_write(self->a, "memory.min", "20M"));
	ASSERT_GT(hog_that_stays(self->a, MB(8)), 0);
	ASSERT_GT(hog_that_stays(self->b, MB(8)), 0);
	/* More than b has, and less than both. */
	cg_write(self->top, "memory.reclaim", "12M swappiness=max");
	EXPECT_EQ(0, cg_number(self->a, "memory.swap.current"));
	EXPECT_EQ(0, cg_stat(self->a, "pgscan"));
	EXPECT_LE(MB(6), cg_number(self->b, "memory.swap.current"));
	/* Without protection it is as good as the other's. */
	ASSERT_EQ(0, cg_write(self->a, "memory.min", "0"));
	cg_write(self->top, "memory.reclaim", "8M swappiness=max");
	EXPECT_LE(MB(4), cg_number(self->a, "memory.swap.current"));
}

/* What who does not say how much to swap gets. */
FIXTURE(swappiness)
{
	char root[PATH_MAX], top[PATH_MAX], a[PATH_MAX], b[PATH_MAX];
	long before;
};

FIXTURE_SETUP(swappiness)
{
	int err = memcg_top(self->root, self->top, self->a, self->b, "swappiness");

	if (err == -ENOENT || err == -ENODEV)
		SKIP(return, "cgroup v2 has no memory controller here");
	ASSERT_EQ(0, err);
	self->before = file_number(VM_SWAPPINESS);
	ASSERT_LE(0, self->before);
}

FIXTURE_TEARDOWN_PARENT(swappiness)
{
	if (!self->top[0])
		return;
	file_printf(VM_SWAPPINESS, "%ld", self->before);
	cg_destroy(self->top);
}

TEST_F(swappiness, the_systems_zero_is_no_swap_for_a_cgroup)
{
	pid_t pid;

	NEEDS_SWAP();
	ASSERT_EQ(0, file_write(VM_SWAPPINESS, "0"));
	pid = hog_that_stays(self->a, MB(8));
	ASSERT_GT(pid, 0);
	EXPECT_EQ(-EAGAIN, cg_write(self->a, "memory.reclaim", "6M"));
	EXPECT_EQ(0, cg_number(self->a, "memory.swap.current"));
	EXPECT_LE(MB(8), cg_number(self->a, "memory.current"));
	proc_kill(pid);
	/* Nor is there for its limit. */
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "8M"));
	EXPECT_EQ(-SIGKILL, proc_end(hog(self->a, MB(12))));
	EXPECT_EQ(0, cg_number(self->a, "memory.swap.peak"));
}

TEST_F(swappiness, a_request_has_the_last_word)
{
	NEEDS_SWAP();
	ASSERT_EQ(0, file_write(VM_SWAPPINESS, "0"));
	ASSERT_GT(hog_that_stays(self->a, MB(8)), 0);
	cg_write(self->a, "memory.reclaim", "6M swappiness=200");
	EXPECT_LE(MB(4), cg_number(self->a, "memory.swap.current"));
	/* And it is no more than a request. */
	EXPECT_EQ(0, file_number(VM_SWAPPINESS));
	ASSERT_GT(hog_that_stays(self->b, MB(8)), 0);
	EXPECT_EQ(-EAGAIN, cg_write(self->b, "memory.reclaim", "6M"));
	EXPECT_EQ(0, cg_number(self->b, "memory.swap.current"));
}

TEST_F(swappiness, the_systems_is_that_of_a_plain_request)
{
	NEEDS_SWAP();
	ASSERT_EQ(0, file_write(VM_SWAPPINESS, "200"));
	ASSERT_GT(hog_that_stays(self->a, MB(8)), 0);
	cg_write(self->a, "memory.reclaim", "6M");
	EXPECT_LE(MB(4), cg_number(self->a, "memory.swap.current"));
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

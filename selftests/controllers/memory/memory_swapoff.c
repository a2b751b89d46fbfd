// SPDX-License-Identifier: GPL-2.0
/*
 * Swap that is full, and swap that goes away while it is in use.
 *
 * Promises from cgroup-v2.rst, "fail" of "memory.swap.events", and "Memory
 * Ownership" for what a removed cgroup leaves behind.
 */
#include "kselftest_harness.h"
#include "memcg-disk.h"

/* Swap on all of SWAP_DISK (0), or on its first @bytes. Returns 0, or -errno. */
static int swap_anew(long bytes)
{
	char command[128], size[32] = "";
	int err = access(SWAP_DISK, F_OK) ? disk_make_swap() : 0;

	if (err)
		return err;
	if (bytes)
		snprintf(size, sizeof(size), "%ld", bytes / 1024);
	snprintf(command, sizeof(command), "mkswap " SWAP_DISK " %s >/dev/null 2>&1", size);
	return system(command) ? -EIO : disk_swapon();
}

FIXTURE(swapoff)
{
	char root[PATH_MAX], top[PATH_MAX], a[PATH_MAX], b[PATH_MAX];
};

FIXTURE_SETUP(swapoff)
{
	int err = memcg_top(self->root, self->top, self->a, self->b, "swapoff");

	if (err == -ENOENT || err == -ENODEV)
		SKIP(return, "cgroup v2 has no memory controller here");
	ASSERT_EQ(0, err);
}

FIXTURE_TEARDOWN_PARENT(swapoff)
{
	if (self->top[0])
		cg_destroy(self->top);
	disk_swapoff();
	/* The other programs are to find all of it. */
	if (!access(SWAP_DISK, F_OK) && !swap_anew(0))
		disk_swapoff();
}

#define NEEDS_SWAP(bytes) do {						\
	int _err = swap_anew(bytes);					\
									\
	if (_err)							\
		SKIP(return, "no swap on a disk: error %d", -_err);	\
	NEEDS_SWAPPINESS_MAX(self->a);					\
} while (0)

/* Shared memory that a process of @cg has used, which is gone. */
static char *shared_of(const char *cg, size_t size)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	must(p != MAP_FAILED);
	pid = cg_fork_bound(cg);
	if (!pid) {
		use(p, size);
		_exit(0);
	}
	must(pid > 0 && proc_end(pid) == 0);
	return p;
}

/*
 * A process of @cg does swapoff(2). What was charged to a removed cgroup may be
 * charged to whoever brings it back.
 */
static int swapoff_in(const char *cg)
{
	pid_t pid = cg_fork_bound(cg);

	if (!pid)
		_exit(-disk_swapoff());
	must(pid > 0);
	return -proc_end(pid);
}

/* The cgroup is not at a limit of its own, but its page has found no place. */
TEST_F(swapoff, a_full_disk_is_a_failure_and_no_limit)
{
	int a, b;
	char *p;

	NEEDS_SWAP(MB(4));
	p = shared_of(self->a, MB(8));
	a = cg_watch(self->a, "memory.swap.events");
	b = cg_watch(self->b, "memory.swap.events");
	EXPECT_EQ(-EAGAIN, cg_write(self->a, "memory.reclaim", "16M swappiness=max"));
	EXPECT_LE(MB(3), cg_number(self->a, "memory.swap.current"));
	EXPECT_GE(MB(4), cg_number(self->a, "memory.swap.current"));
	EXPECT_LE(1, cg_key(self->a, "memory.swap.events", "fail"));
	EXPECT_EQ(0, cg_key(self->a, "memory.swap.events", "max"));
	EXPECT_LE(1, cg_key(self->top, "memory.swap.events", "fail"));
	EXPECT_EQ(0, cg_key(self->b, "memory.swap.events", "fail"));
	EXPECT_TRUE(cg_event(a, PROC_HANG_MS));
	EXPECT_FALSE(cg_event(b, 0));
	EXPECT_TRUE(used(p, MB(8)));
	munmap(p, MB(8));
}

TEST_F(swapoff, brings_shared_memory_of_a_removed_cgroup_back)
{
	char *p;

	NEEDS_SWAP(0);
	p = shared_of(self->a, MB(4));
	ASSERT_TRUE(swap_out(self->a, MB(3)));
	ASSERT_EQ(0, cg_remove(self->a));
	EXPECT_LE(MB(3), cg_number(self->top, "memory.swap.current"));
	EXPECT_EQ(0, swapoff_in(self->b));
	EXPECT_EQ(-EINVAL, swapoff_in(self->b));
	EXPECT_EQ(0, cg_number(self->top, "memory.swap.current"));
	EXPECT_TRUE(used(p, MB(4)));
	EXPECT_TRUE(cg_stat_settles(self->top, "shmem", MB(4), MB(4)));
	EXPECT_TRUE(cg_key_settles(self->top, "cgroup.stat", "nr_dying_descendants", 0, 0));
	munmap(p, MB(4));
}

/* Who moved away has swap of a cgroup that is no more. */
TEST_F(swapoff, brings_back_who_was_charged_to_a_removed_cgroup)
{
	struct baton full = baton_make(), go = baton_make();
	pid_t pid;

	NEEDS_SWAP(0);
	pid = cg_fork_bound(self->a);
	if (!pid) {
		char *p = map_used(MB(4));

		baton_pass(&full, 0);
		baton_take(&go);
		must(!cg_enter(self->b, 0));
		baton_pass(&full, swapped(p, MB(4)) / PAGE);
		baton_take(&go);
		must(swapped(p, MB(4)) == 0);
		must(used(p, MB(4)));
		_exit(0);
	}
	baton_take(&full);
	ASSERT_TRUE(swap_out(self->a, MB(3)));
	baton_pass(&go, 0);
	EXPECT_LE(MB(2) / PAGE, baton_take(&full));
	ASSERT_EQ(0, cg_remove(self->a));
	EXPECT_LE(MB(2), cg_number(self->top, "memory.swap.current"));
	EXPECT_EQ(0, swapoff_in(self->b));
	EXPECT_EQ(0, cg_number(self->top, "memory.swap.current"));
	EXPECT_LE(MB(4), cg_number(self->top, "memory.current"));
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(cg_key_settles(self->top, "cgroup.stat", "nr_dying_descendants", 0, 0));
}

TEST_HARNESS_MAIN

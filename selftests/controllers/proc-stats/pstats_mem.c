// SPDX-License-Identifier: GPL-2.0
/*
 * meminfo, swaps and vmstat: each field against cgroupfs, and against a workload
 * of known size.
 */
#include "pstats.h"

BOXES_FIXTURE(mem)

static int no_disk, no_swap;

#define NEEDS_SWAP() do {						\
	if (no_swap)							\
		SKIP(return, "no swap on a disk: error %d", -no_swap);	\
} while (0)

#define NEEDS_DISK() do {						\
	if (no_disk)							\
		SKIP(return, "no ext4 on a disk: error %d", -no_disk);	\
} while (0)

/* What may come and go between two looks: pages kept in stock, page tables. */
#define ABOUT	(CG_STOCK + KB(256))
#define EXPECT_ABOUT(a, b) do {						\
	long a_ = (a), b_ = (b);					\
									\
	EXPECT_LE(a_ - b_, ABOUT);					\
	EXPECT_LE(b_ - a_, ABOUT);					\
} while (0)

TEST_F(mem, the_lines_are_those_of_the_machine)
{
	char plain[16384], stats[16384], a[8192], b[8192];

	ASSERT_LT(0, file_read("/proc/meminfo", plain, sizeof(plain)));
	ASSERT_LT(0, box_read(self->a, "meminfo", stats, sizeof(stats)));
	line_keys(plain, a, sizeof(a));
	line_keys(stats, b, sizeof(b));
	EXPECT_STREQ(a, b);
	/* "Name:   number kB", at the same columns. */
	EXPECT_EQ(0, memcmp(stats, plain, strlen("MemTotal:  ")));
	EXPECT_EQ(strchr(plain, '\n') - plain, strchr(stats, '\n') - stats);
}

TEST_F(mem, without_a_limit_the_total_is_the_machines)
{
	EXPECT_EQ(host_mem("MemTotal"), box_mem(self->a, "MemTotal"));
}

TEST_F(mem, the_total_is_the_limit)
{
	ASSERT_EQ(0, cg_write(self->a->cg, "memory.max", "64M"));
	EXPECT_EQ(MB(64), box_mem(self->a, "MemTotal"));
	EXPECT_EQ(host_mem("MemTotal"), box_mem(self->b, "MemTotal"));
	ASSERT_EQ(0, cg_write(self->a->cg, "memory.max", "max"));
	EXPECT_EQ(host_mem("MemTotal"), box_mem(self->a, "MemTotal"));
}

TEST_F(mem, a_limit_beyond_the_machine_is_none)
{
	ASSERT_EQ(0, cg_write(self->a->cg, "memory.max", "1T"));
	EXPECT_EQ(host_mem("MemTotal"), box_mem(self->a, "MemTotal"));
}

TEST_F(mem, the_tightest_limit_up_the_hierarchy_counts)
{
	ASSERT_EQ(0, cg_write(self->a->cg, "memory.max", "96M"));
	ASSERT_EQ(0, cg_write(self->top, "memory.max", "64M"));
	EXPECT_EQ(MB(64), box_mem(self->a, "MemTotal"));
	EXPECT_EQ(MB(64), box_mem(self->b, "MemTotal"));
	ASSERT_EQ(0, cg_write(self->a->cg, "memory.max", "32M"));
	EXPECT_EQ(MB(32), box_mem(self->a, "MemTotal"));
	EXPECT_EQ(MB(64), box_mem(self->b, "MemTotal"));
}

TEST_F(mem, free_is_what_it_has_not_used)
{
	ASSERT_EQ(0, cg_write(self->a->cg, "memory.max", "64M"));
	ASSERT_LT(0, hog_that_stays(self->a->cg, MB(20)));
	EXPECT_ABOUT(MB(64) - cg_number(self->a->cg, "memory.current"),
		     box_mem(self->a, "MemFree"));
	EXPECT_GE(MB(44), box_mem(self->a, "MemFree"));
	EXPECT_LE(MB(42), box_mem(self->a, "MemFree"));
	ASSERT_LT(0, hog_that_stays(self->a->cg, MB(20)));
	EXPECT_GE(MB(24), box_mem(self->a, "MemFree"));
}

TEST_F(mem, free_is_never_below_zero_nor_above_the_total)
{
	ASSERT_EQ(0, cg_write(self->a->cg, "memory.swap.max", "0"));
	ASSERT_LT(0, hog_that_stays(self->a->cg, MB(20)));
	ASSERT_EQ(0, cg_write(self->a->cg, "memory.high", "8M"));
	EXPECT_EQ(0, box_mem(self->a, "MemAvailable"));
	EXPECT_LT(0, box_mem(self->a, "MemFree"));
	EXPECT_LE(box_mem(self->a, "MemFree"), box_mem(self->a, "MemTotal"));
}

TEST_F(mem, a_sibling_does_not_show)
{
	long free;

	ASSERT_EQ(0, cg_write(self->top, "memory.max", "128M"));
	free = box_mem(self->a, "MemFree");
	ASSERT_LT(0, hog_that_stays(self->b->cg, MB(64)));
	EXPECT_ABOUT(free, box_mem(self->a, "MemFree"));
	EXPECT_ABOUT(free, box_mem(self->a, "MemAvailable"));
	/* What the two had before differs by the stocks that CPUs keep of each. */
	EXPECT_GE(free - MB(63), box_mem(self->b, "MemFree"));
	EXPECT_GT(MB(2), box_mem(self->a, "AnonPages"));
}

TEST_F(mem, what_a_descendant_uses_shows)
{
	char below[PATH_MAX];

	proc_kill(self->a->init);
	ASSERT_EQ(0, cg_await_empty(self->a->cg));
	ASSERT_EQ(0, cg_write(self->a->cg, "cgroup.subtree_control", "+memory"));
	ASSERT_EQ(0, cg_create(cg_path(below, self->a->cg, "below")));
	ASSERT_EQ(0, cg_write(self->a->cg, "memory.max", "64M"));
	ASSERT_LT(0, hog_that_stays(below, MB(20)));
	cg_stir(below);
	EXPECT_GE(MB(44), box_mem(self->a, "MemFree"));
	EXPECT_LE(MB(20), box_mem(self->a, "AnonPages"));
}

TEST_F(mem, anonymous_memory_is_anonymous)
{
	ASSERT_LT(0, hog_that_stays(self->a->cg, MB(16)));
	cg_stir(self->a->cg);
	EXPECT_EQ(cg_key(self->a->cg, "memory.stat", "anon"),
		  box_mem(self->a, "AnonPages"));
	EXPECT_LE(MB(16), box_mem(self->a, "AnonPages"));
	EXPECT_GE(MB(17), box_mem(self->a, "AnonPages"));
	EXPECT_LE(MB(16), box_mem(self->a, "Active(anon)") +
			  box_mem(self->a, "Inactive(anon)"));
	EXPECT_GT(MB(1), box_mem(self->a, "Cached"));
}

TEST_F(mem, shared_memory_is_cached_and_not_available)
{
	pid_t pid;
	struct baton full = baton_make();

	ASSERT_EQ(0, cg_write(self->a->cg, "memory.max", "64M"));
	pid = cg_fork_bound(self->a->cg);
	if (!pid) {
		char *p = mmap(NULL, MB(12), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

		must(p != MAP_FAILED);
		use(p, MB(12));
		baton_pass(&full, 0);
		proc_sleep_forever();
	}
	baton_take(&full);
	cg_stir(self->a->cg);
	EXPECT_EQ(cg_key(self->a->cg, "memory.stat", "shmem"), box_mem(self->a, "Shmem"));
	EXPECT_LE(MB(12), box_mem(self->a, "Shmem"));
	EXPECT_LE(MB(12), box_mem(self->a, "Cached"));
	EXPECT_LE(MB(12), box_mem(self->a, "Mapped"));
	EXPECT_GE(MB(52), box_mem(self->a, "MemAvailable"));
}

TEST_F(mem, the_page_cache_is_cached_and_available)
{
	struct baton full = baton_make();
	long before;
	pid_t pid;

	NEEDS_DISK();
	ASSERT_EQ(0, cg_write(self->a->cg, "memory.max", "64M"));
	before = box_mem(self->a, "MemAvailable");
	pid = cg_fork_bound(self->a->cg);
	if (!pid) {
		static char buf[65536];
		int fd = disk_hole(MB(24));

		must(fd >= 0);
		for (long n = 0; n < MB(24); n += sizeof(buf))
			must(pread(fd, buf, sizeof(buf), n) == sizeof(buf));
		baton_pass(&full, 0);
		proc_sleep_forever();
	}
	baton_take(&full);
	cg_stir(self->a->cg);
	EXPECT_EQ(cg_key(self->a->cg, "memory.stat", "file"), box_mem(self->a, "Cached"));
	EXPECT_LE(MB(24), box_mem(self->a, "Cached"));
	EXPECT_GE(MB(40), box_mem(self->a, "MemFree"));
	/* It can be had back at once; what else came was little. */
	EXPECT_LE(before - MB(2), box_mem(self->a, "MemAvailable"));
	EXPECT_LE(MB(24), box_mem(self->a, "Active(file)") +
			  box_mem(self->a, "Inactive(file)"));
}

/* A process with children: they are charged for what the kernel keeps of them. */
static pid_t family(const char *cg)
{
	struct baton born = baton_make();
	pid_t pid = cg_fork_bound(cg);

	if (!pid) {
		for (int i = 0; i < 20; i++)
			if (!proc_fork_bound(0))
				proc_sleep_forever();
		baton_pass(&born, 0);
		proc_sleep_forever();
	}
	baton_take(&born);
	return pid;
}

/* Each field that memory.stat has, too. */
TEST_F(mem, each_field_is_that_of_cgroupfs)
{
	static const struct {
		const char *field, *key;
	} same[] = {
		{ "SwapCached", "swapcached" }, { "Active(anon)", "active_anon" },
		{ "Inactive(anon)", "inactive_anon" }, { "Active(file)", "active_file" },
		{ "Inactive(file)", "inactive_file" }, { "Unevictable", "unevictable" },
		{ "Dirty", "file_dirty" }, { "Writeback", "file_writeback" },
		{ "AnonPages", "anon" }, { "Mapped", "file_mapped" },
		{ "Shmem", "shmem" }, { "SReclaimable", "slab_reclaimable" },
		{ "SUnreclaim", "slab_unreclaimable" }, { "KernelStack", "kernel_stack" },
		{ "PageTables", "pagetables" }, { "SecPageTables", "sec_pagetables" },
		{ "VmallocUsed", "vmalloc" }, { "Percpu", "percpu" },
		{ "Zswap", "zswap" }, { "Zswapped", "zswapped" },
	};

	ASSERT_LT(0, hog_that_stays(self->a->cg, MB(8)));
	ASSERT_LT(0, family(self->a->cg));
	cg_stir(self->a->cg);
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		long stat, shown;

		/* What RCU frees may be counted between two looks. */
		do {
			stat = cg_key(self->a->cg, "memory.stat", same[i].key);
			shown = box_mem(self->a, same[i].field);
		} while (cg_key(self->a->cg, "memory.stat", same[i].key) != stat);
		ASSERT_LE(0, stat) TH_LOG("no %s", same[i].key);
		/* Slab objects are counted by the byte, and shown by the page. */
		EXPECT_LE(shown, stat) TH_LOG("%s", same[i].field);
		EXPECT_GT(shown + PAGE, stat) TH_LOG("%s", same[i].field);
	}
	EXPECT_LT(0, box_mem(self->a, "KernelStack"));
	EXPECT_LT(0, box_mem(self->a, "PageTables"));
	EXPECT_LT(0, box_mem(self->a, "Slab"));
}

/* One read is one look: its sums hold whatever goes on. */
TEST_F(mem, the_numbers_of_one_read_fit_each_other)
{
	pid_t pid = cg_fork_bound(self->a->cg);

	if (!pid)
		for (;;) {
			char *p = map_used(MB(4));

			munmap(p, MB(4));
		}
	ASSERT_EQ(0, cg_write(self->a->cg, "memory.max", "64M"));
	for (int i = 0; i < 200; i++) {
		long v[11];
		static const char * const keys[] = {
			"Active", "Active(anon)", "Active(file)",
			"Inactive", "Inactive(anon)", "Inactive(file)",
			"Slab", "SReclaimable", "SUnreclaim", "MemFree", "MemAvailable",
		};
		char buf[16384];

		ASSERT_LT(0, box_read(self->a, "meminfo", buf, sizeof(buf)));
		for (size_t k = 0; k < 11; k++) {
			char want[64], *p;

			snprintf(want, sizeof(want), "\n%s:", keys[k]);
			p = strstr(buf, want);
			ASSERT_NE(NULL, p);
			v[k] = atol(p + strlen(want)) * 1024;
		}
		ASSERT_EQ(v[0], v[1] + v[2]);
		ASSERT_EQ(v[3], v[4] + v[5]);
		ASSERT_EQ(v[6], v[7] + v[8]);
		ASSERT_LE(v[9], v[10]);
		ASSERT_LE(v[10], MB(64));
	}
	proc_kill(pid);
}

TEST_F(mem, memory_high_is_no_total_but_bounds_what_is_available)
{
	ASSERT_EQ(0, cg_write(self->a->cg, "memory.max", "64M"));
	ASSERT_EQ(0, cg_write(self->a->cg, "memory.high", "32M"));
	EXPECT_EQ(MB(64), box_mem(self->a, "MemTotal"));
	EXPECT_LT(MB(60), box_mem(self->a, "MemFree"));
	EXPECT_GE(MB(32), box_mem(self->a, "MemAvailable"));
	EXPECT_LE(MB(28), box_mem(self->a, "MemAvailable"));
}

/* What is not accounted by cgroup is 0, and not the machine's. */
TEST_F(mem, nothing_of_the_machine_shines_through)
{
	static const char * const zero[] = { "Buffers", "Mlocked", "Committed_AS",
					     "CommitLimit", "Balloon" };

	for (size_t i = 0; i < sizeof(zero) / sizeof(zero[0]); i++) {
		long shown = box_mem(self->a, zero[i]);

		EXPECT_EQ(0, shown) TH_LOG("%s", zero[i]);
	}
	EXPECT_EQ(host_mem("VmallocTotal"), box_mem(self->a, "VmallocTotal"));
}

TEST_F(mem, the_boxes_add_up_to_their_parent)
{
	long a, b, top;

	ASSERT_LT(0, hog_that_stays(self->a->cg, MB(8)));
	ASSERT_LT(0, hog_that_stays(self->b->cg, MB(12)));
	cg_stir(self->top);
	a = box_mem(self->a, "AnonPages");
	b = box_mem(self->b, "AnonPages");
	top = cg_key(self->top, "memory.stat", "anon");
	EXPECT_EQ(top, a + b);
	EXPECT_LE(top, host_mem("AnonPages") + KB(512));
}

/* Without the controller the nearest ancestor's numbers count: they share them. */
TEST_F(mem, without_the_controller_the_ancestors_numbers_count)
{
	ASSERT_EQ(0, cg_write(self->top, "memory.max", "128M"));
	ASSERT_EQ(0, cg_write(self->top, "cgroup.subtree_control", "-io -memory"));
	EXPECT_EQ(MB(128), box_mem(self->a, "MemTotal"));
	ASSERT_LT(0, hog_that_stays(self->b->cg, MB(64)));
	EXPECT_GE(MB(64), box_mem(self->a, "MemFree"));
	ASSERT_EQ(0, cg_write(self->top, "cgroup.subtree_control", "+memory"));
	ASSERT_EQ(0, cg_write(self->a->cg, "memory.max", "48M"));
	EXPECT_EQ(MB(48), box_mem(self->a, "MemTotal"));
	EXPECT_LE(MB(46), box_mem(self->a, "MemFree"));
}

TEST_F(mem, swap_is_as_much_as_the_limit_allows)
{
	NEEDS_SWAP();
	EXPECT_EQ(host_mem("SwapTotal"), box_mem(self->a, "SwapTotal"));
	ASSERT_EQ(0, cg_write(self->a->cg, "memory.swap.max", "16M"));
	EXPECT_EQ(MB(16), box_mem(self->a, "SwapTotal"));
	EXPECT_EQ(MB(16), box_mem(self->a, "SwapFree"));
	ASSERT_EQ(0, cg_write(self->top, "memory.swap.max", "8M"));
	EXPECT_EQ(MB(8), box_mem(self->a, "SwapTotal"));
	ASSERT_EQ(0, cg_write(self->a->cg, "memory.swap.max", "0"));
	EXPECT_EQ(0, box_mem(self->a, "SwapTotal"));
	EXPECT_EQ(0, box_mem(self->a, "SwapFree"));
}

TEST_F(mem, what_is_swapped_out_is_used_swap)
{
	char line[256] = "", buf[1024];
	long size, used;
	int prio, n;

	NEEDS_SWAP();
	ASSERT_EQ(0, cg_write(self->a->cg, "memory.swap.max", "32M"));
	ASSERT_LT(0, hog_that_stays(self->a->cg, MB(12)));
	ASSERT_TRUE(swap_out(self->a->cg, MB(6)));
	used = cg_number(self->a->cg, "memory.swap.current");
	EXPECT_EQ(MB(32) - used, box_mem(self->a, "SwapFree"));
	/* The machine's file names its areas, the container's tells what it has. */
	ASSERT_LT(0, box_read(self->a, "swaps", buf, sizeof(buf)));
	ASSERT_NE(NULL, strchr(buf, '\n'));
	snprintf(line, sizeof(line), "%s", strchr(buf, '\n') + 1);
	EXPECT_EQ(NULL, strchr(line, '\n'));
	n = sscanf(line, "none virtual %ld %ld %d", &size, &used, &prio);
	ASSERT_EQ(3, n);
	EXPECT_EQ(MB(32), size * 1024);
	EXPECT_EQ(cg_number(self->a->cg, "memory.swap.current"), used * 1024);
	EXPECT_EQ(host_mem("SwapTotal"), box_mem(self->b, "SwapTotal"));
	EXPECT_EQ(host_mem("SwapTotal"), box_mem(self->b, "SwapFree"));
}

TEST_F(mem, a_limit_below_what_is_swapped_leaves_none_free)
{
	NEEDS_SWAP();
	ASSERT_LT(0, hog_that_stays(self->a->cg, MB(12)));
	ASSERT_TRUE(swap_out(self->a->cg, MB(6)));
	ASSERT_EQ(0, cg_write(self->a->cg, "memory.swap.max", "2M"));
	EXPECT_EQ(MB(2), box_mem(self->a, "SwapTotal"));
	EXPECT_EQ(0, box_mem(self->a, "SwapFree"));
}

TEST_F(mem, without_swap_swaps_is_its_first_line)
{
	char plain[1024], stats[1024];

	ASSERT_LT(0, file_read("/proc/swaps", plain, sizeof(plain)));
	ASSERT_EQ(0, cg_write(self->a->cg, "memory.swap.max", "0"));
	ASSERT_LT(0, box_read(self->a, "swaps", stats, sizeof(stats)));
	EXPECT_EQ(NULL, strchr(stats, '\n'));
	plain[strcspn(plain, "\n")] = '\0';
	EXPECT_STREQ(plain, stats);
}

TEST_F(mem, vmstat_has_the_lines_of_the_machine)
{
	static char plain[65536], stats[65536], a[32768], b[32768];

	ASSERT_LT(0, file_read("/proc/vmstat", plain, sizeof(plain)));
	ASSERT_LT(0, box_read(self->a, "vmstat", stats, sizeof(stats)));
	line_keys(plain, a, sizeof(a));
	line_keys(stats, b, sizeof(b));
	EXPECT_STREQ(a, b);
}

TEST_F(mem, vmstat_counts_the_containers_faults_and_pages)
{
	long faults = box_key(self->a, "vmstat", "pgfault");
	long other = box_key(self->b, "vmstat", "pgfault");

	ASSERT_EQ(0, cg_write(self->a->cg, "memory.max", "64M"));
	ASSERT_LT(0, hog_that_stays(self->a->cg, MB(16)));
	cg_stir(self->a->cg);
	EXPECT_LE(faults + MB(16) / PAGE, box_key(self->a, "vmstat", "pgfault"));
	EXPECT_EQ(cg_key(self->a->cg, "memory.stat", "pgfault"),
		  box_key(self->a, "vmstat", "pgfault"));
	EXPECT_GT(other + MB(8) / PAGE, box_key(self->b, "vmstat", "pgfault"));
	EXPECT_EQ(cg_key(self->a->cg, "memory.stat", "anon") / PAGE,
		  box_key(self->a, "vmstat", "nr_anon_pages"));
	EXPECT_ABOUT(box_mem(self->a, "MemFree"),
		     box_key(self->a, "vmstat", "nr_free_pages") * PAGE);
	EXPECT_EQ(0, box_key(self->a, "vmstat", "nr_dirty_threshold"));
}

TEST_F(mem, vmstat_counts_what_was_swapped)
{
	NEEDS_SWAP();
	ASSERT_LT(0, hog_that_stays(self->a->cg, MB(12)));
	ASSERT_TRUE(swap_out(self->a->cg, MB(6)));
	cg_stir(self->a->cg);
	/* Some may still be in the swap cache, and some are all zero: not written. */
	EXPECT_LE((MB(6) - 2 * SWAP_CACHE) / PAGE, box_key(self->a, "vmstat", "pswpout"));
	EXPECT_EQ(cg_key(self->a->cg, "memory.stat", "pswpout"),
		  box_key(self->a, "vmstat", "pswpout"));
	EXPECT_EQ(0, box_key(self->b, "vmstat", "pswpout"));
}

int main(int argc, char **argv)
{
	no_disk = disk_mount();
	no_swap = disk_swapon();
	return test_harness_run(argc, argv);
}

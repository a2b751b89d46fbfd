// SPDX-License-Identifier: GPL-2.0
/*
 * memory.stat: each kind of memory is counted under its name, to the page, and
 * all of them together are what the cgroup uses. What the kernel uses is in
 * controllers/kmem, swap in memory_swap.c.
 *
 * Promises from cgroup-v2.rst, "memory.stat".
 */
#include "kselftest_harness.h"
#include "memcg-disk.h"
#include "until.h"

MEMCG_FIXTURE(stat)

#define NEEDS_DISK() do {						\
	if (disk_mount())						\
		SKIP(return, "no ext4 on a disk");			\
} while (0)

static bool lists(const char * const *words, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(words[i], word))
			return true;
	return false;
}

TEST_F(stat, has_all_documented_keys_once)
{
	static const char * const keys[] = {
		"anon", "file", "kernel", "kernel_stack", "pagetables",
		"sec_pagetables", "percpu", "sock", "vmalloc", "shmem",
		"file_mapped", "file_dirty", "file_writeback", "inactive_anon",
		"active_anon", "inactive_file", "active_file", "unevictable",
		"slab_reclaimable", "slab_unreclaimable", "slab",
		"workingset_refault_anon", "workingset_refault_file",
		"workingset_activate_anon", "workingset_activate_file",
		"workingset_restore_anon", "workingset_restore_file",
		"workingset_nodereclaim", "pgscan", "pgsteal", "pgscan_kswapd",
		"pgscan_direct", "pgscan_khugepaged", "pgscan_proactive",
		"pgsteal_kswapd", "pgsteal_direct", "pgsteal_khugepaged",
		"pgsteal_proactive", "pgfault", "pgmajfault", "pgrefill",
		"pgactivate", "pgdeactivate", "pglazyfree", "pglazyfreed",
		"swapcached", "zswap", "zswapped", "zswap_incomp", "pswpin",
		"pswpout", "swpin_zero", "swpout_zero", "zswpin", "zswpout",
		"zswpwb", "pgdemote_kswapd", "pgdemote_direct",
		"pgdemote_khugepaged", "pgdemote_proactive",
	};
	/* Younger than 6.12, the oldest that this suite is for. */
	static const char * const young[] = {
		"pgscan_proactive", "pgsteal_proactive", "pgdemote_proactive",
		"zswap_incomp", "pswpin", "pswpout", "swpin_zero", "swpout_zero",
		"pgdemote_kswapd", "pgdemote_direct", "pgdemote_khugepaged",
	};
	char text[8192], line[64];

	ASSERT_GT(cg_read(self->a, "memory.stat", text + 1, sizeof(text) - 1), 0);
	text[0] = '\n';
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		char *at;

		snprintf(line, sizeof(line), "\n%s ", keys[i]);
		at = strstr(text, line);
		if (!at && proc_kernel_before(7, 3) && lists(young, ARRAY_SIZE(young), keys[i]))
			continue;
		/* What a kernel has no option for it need not count. */
		if (!at && access("/sys/module/zswap", F_OK) && strstr(keys[i], "zsw"))
			continue;
		EXPECT_NE(NULL, at)
			TH_LOG("no %s", keys[i]);
		if (at) {
			EXPECT_EQ(NULL, strstr(at + 1, line))
				TH_LOG("%s is there twice", keys[i]);
		}
	}
}

/*
 * Calls @do_it in a process of @cg, which may return what it did it with. The
 * difference that it makes to memory.stat at @key has to be @expected.
 */
static bool makes(const char *cg, void *(*do_it)(int fd), int fd,
		  const char *key, long expected)
{
	struct baton ready = baton_make(), go = baton_make();
	long before, after;
	bool good;
	pid_t pid;

	pid = cg_fork_bound(cg);
	if (!pid) {
		/* What a first call costs is no part of the measurement. */
		page_cgroup(&go);
		baton_pass(&ready, 0);
		baton_take(&go);
		do_it(fd);
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	before = cg_stat(cg, key);
	baton_pass(&go, 0);
	baton_take(&ready);
	after = cg_stat(cg, key);
	good = after == before + expected ||
	       cg_stat_settles(cg, key, before + expected, before + expected);
	if (!good)
		fprintf(stderr, "# %s was %ld\n", key, before);
	must(proc_kill(pid) == -SIGKILL);
	return good;
}

static void *use_2m(int fd)
{
	(void)fd;
	return map_used(MB(2));
}

static void *lock_2m(int fd)
{
	char *p = map_used(MB(2));

	(void)fd;
	must(!mlock(p, MB(2)));
	return p;
}

static void *share_2m(int fd)
{
	char *p = mmap(NULL, MB(2), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	(void)fd;
	must(p != MAP_FAILED);
	use(p, MB(2));
	return p;
}

static void *read_2m(int fd)
{
	read_through(fd, MB(2));
	return NULL;
}

static void *read_2m_twice(int fd)
{
	read_through(fd, MB(2));
	read_through(fd, MB(2));
	read_through(fd, MB(2));
	return NULL;
}

static void *map_2m_of_file(int fd)
{
	char *p = mmap(NULL, MB(2), PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);

	must(p != MAP_FAILED);
	return p;
}

static void *write_2m(int fd)
{
	static char buf[1 << 16];

	for (int i = 0; i < 32; i++)
		must(pwrite(fd, buf, sizeof(buf), i << 16) == sizeof(buf));
	return NULL;
}

TEST_F(stat, anon_counts_what_is_anonymous)
{
	EXPECT_TRUE(makes(self->a, use_2m, -1, "anon", MB(2)));
	EXPECT_TRUE(cg_stat_settles(self->a, "anon", 0, 0));
	EXPECT_TRUE(makes(self->a, use_2m, -1, "file", 0));
	EXPECT_TRUE(makes(self->a, use_2m, -1, "shmem", 0));
	EXPECT_TRUE(makes(self->a, use_2m, -1, "unevictable", 0));
}

/*
 * A CPU keeps a batch of the pages that it locked or moved last. Reclaim that
 * finds nothing flushes the batches in its last attempt.
 */
static void flush_batches(const char *cg)
{
	cg_write(cg, "memory.reclaim", "1G");
}

TEST_F(stat, unevictable_counts_what_is_locked)
{
	EXPECT_TRUE(makes(self->a, lock_2m, -1, "unevictable", MB(2)));
	EXPECT_TRUE(makes(self->a, lock_2m, -1, "anon", MB(2)));
	flush_batches(self->a);
	EXPECT_TRUE(cg_stat_settles(self->a, "unevictable", 0, 0));
}

TEST_F(stat, shared_memory_is_shmem_and_file_and_no_anon)
{
	EXPECT_TRUE(makes(self->a, share_2m, -1, "shmem", MB(2)));
	EXPECT_TRUE(makes(self->a, share_2m, -1, "file", MB(2)));
	EXPECT_TRUE(makes(self->a, share_2m, -1, "file_mapped", MB(2)));
	EXPECT_TRUE(makes(self->a, share_2m, -1, "anon", 0));
	EXPECT_TRUE(cg_stat_settles(self->a, "shmem", 0, 0));
	EXPECT_TRUE(cg_stat_settles(self->a, "file_mapped", 0, 0));
}

/* It is swap-backed, and so it is on the lists of anonymous memory. */
TEST_F(stat, shared_memory_is_on_the_anonymous_lists)
{
	struct baton ready = baton_make();
	pid_t pid = cg_fork_bound(self->a);
	long lists;

	if (!pid) {
		share_2m(-1);
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	lists = cg_stat(self->a, "inactive_anon") +
		cg_key(self->a, "memory.stat", "active_anon");
	EXPECT_LE(MB(2) - KB(128), lists);
	EXPECT_GE(KB(128), cg_key(self->a, "memory.stat", "inactive_file") +
			   cg_key(self->a, "memory.stat", "active_file"));
}

TEST_F(stat, file_counts_page_cache)
{
	int fd;

	NEEDS_DISK();
	fd = disk_hole(MB(2));
	EXPECT_TRUE(makes(self->a, read_2m, fd, "file", MB(2)));
	EXPECT_TRUE(cg_stat_settles(self->a, "inactive_file", MB(2) - KB(128),
				    MB(2)));
	EXPECT_TRUE(cg_stat_settles(self->a, "file_mapped", 0, 0));
	EXPECT_TRUE(cg_stat_settles(self->a, "shmem", 0, 0));
	EXPECT_TRUE(cg_stat_settles(self->a, "file_dirty", 0, 0));
	close(fd);
	EXPECT_TRUE(cg_stat_settles(self->a, "file", 0, 0));
}

TEST_F(stat, page_cache_that_is_used_again_is_active)
{
	int fd;

	NEEDS_DISK();
	fd = disk_hole(MB(2));
	read_in(self->a, fd, MB(2));
	ASSERT_TRUE(cg_stat_settles(self->a, "active_file", 0, KB(128)));
	EXPECT_TRUE(makes(self->a, read_2m_twice, fd, "file", 0));
	EXPECT_TRUE(cg_stat_settles(self->a, "active_file", MB(2) - KB(256),
				    MB(2)));
	EXPECT_LE((MB(2) - KB(256)) / PAGE, cg_stat(self->a, "pgactivate"));
	close(fd);
}

TEST_F(stat, file_mapped_counts_what_is_mapped_now)
{
	int fd;

	NEEDS_DISK();
	fd = disk_hole(MB(2));
	EXPECT_TRUE(makes(self->a, map_2m_of_file, fd, "file_mapped", MB(2)));
	/* The mapping died, the page cache did not. */
	EXPECT_TRUE(cg_stat_settles(self->a, "file_mapped", 0, 0));
	EXPECT_TRUE(cg_stat_settles(self->a, "file", MB(2), MB(2)));
	close(fd);
}

TEST_F(stat, a_page_mapped_by_many_counts_once)
{
	int fd;

	NEEDS_DISK();
	fd = disk_hole(MB(2));
	EXPECT_TRUE(makes(self->a, map_2m_of_file, fd, "file_mapped", MB(2)));
	ASSERT_NE(NULL, map_2m_of_file(fd));
	ASSERT_NE(NULL, map_2m_of_file(fd));
	/* It is counted for who is charged, whoever maps it. */
	EXPECT_TRUE(makes(self->b, map_2m_of_file, fd, "file_mapped", 0));
	EXPECT_TRUE(cg_stat_settles(self->a, "file_mapped", MB(2), MB(2)));
	close(fd);
}

TEST_F(stat, file_dirty_counts_what_is_not_yet_written)
{
	int fd;

	NEEDS_DISK();
	fd = disk_hole(MB(2));
	EXPECT_TRUE(makes(self->a, write_2m, fd, "file_dirty", MB(2)));
	ASSERT_EQ(0, fsync(fd));
	EXPECT_TRUE(cg_stat_settles(self->a, "file_dirty", 0, 0));
	EXPECT_TRUE(cg_stat_settles(self->a, "file_writeback", 0, 0));
	EXPECT_TRUE(cg_stat_settles(self->a, "file", MB(2), MB(2) + KB(64)));
	close(fd);
}

TEST_F(stat, dirty_pages_thrown_away_are_not_dirty)
{
	int fd;

	NEEDS_DISK();
	fd = disk_hole(MB(2));
	EXPECT_TRUE(makes(self->a, write_2m, fd, "file_dirty", MB(2)));
	ASSERT_EQ(0, ftruncate(fd, 0));
	EXPECT_TRUE(cg_stat_settles(self->a, "file_dirty", 0, 0));
	EXPECT_TRUE(cg_stat_settles(self->a, "file", 0, KB(64)));
	close(fd);
}

TEST_F(stat, page_faults_are_counted)
{
	struct baton ready = baton_make(), go = baton_make();
	long before, after;
	pid_t pid = cg_fork_bound(self->a);

	if (!pid) {
		baton_pass(&ready, 0);
		baton_take(&go);
		map_used(MB(4));
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	cg_stir_once(self->a);
	before = cg_key(self->a, "memory.stat", "pgfault");
	baton_pass(&go, 0);
	baton_take(&ready);
	cg_stir_once(self->a);
	after = cg_key(self->a, "memory.stat", "pgfault");
	/* And those of cg_stir_once()'s process, some 100 and its start. */
	EXPECT_LE(before + MB(4) / PAGE, after);
	EXPECT_GE(before + MB(4) / PAGE + 500, after);
	EXPECT_TRUE(cg_stat_settles(self->a, "pgmajfault", 0, 0));
}

TEST_F(stat, faults_that_have_to_read_are_major)
{
	int fd;
	pid_t pid;

	NEEDS_DISK();
	fd = disk_hole(PAGE * 100);
	ASSERT_EQ(0, posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM));
	pid = cg_fork_bound(self->a);
	if (!pid) {
		char *p = mmap(NULL, PAGE * 100, PROT_READ, MAP_SHARED, fd, 0);

		must(!madvise(p, PAGE * 100, MADV_RANDOM));
		for (int i = 0; i < 100; i++)
			(void)*(volatile char *)(p + i * PAGE);
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(pid));
	EXPECT_TRUE(cg_stat_settles(self->a, "pgmajfault", 100, 100));
	/* Found in memory, they are minor. */
	EXPECT_TRUE(makes(self->a, map_2m_of_file, fd, "pgmajfault", 0));
}

TEST_F(stat, lazily_freed_memory_is_counted_and_can_be_taken)
{
	struct baton ready = baton_make();
	pid_t pid = cg_fork_bound(self->a);

	if (!pid) {
		must(!madvise(map_used(MB(4)), MB(4), MADV_FREE));
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	EXPECT_TRUE(cg_stat_settles(self->a, "pglazyfree",
				    MB(4) / PAGE - 32, MB(4) / PAGE));
	EXPECT_EQ(0, cg_stat(self->a, "pglazyfreed"));
	EXPECT_EQ(0, cg_write(self->a, "memory.reclaim", "3M"));
	EXPECT_LE(MB(3) / PAGE, cg_stat(self->a, "pglazyfreed"));
}

TEST_F(stat, refaults_are_counted)
{
	int fd;

	NEEDS_DISK();
	fd = disk_hole(MB(4));
	read_in(self->a, fd, MB(4));
	EXPECT_EQ(0, cg_stat(self->a, "workingset_refault_file"));
	ASSERT_EQ(0, cg_write(self->a, "memory.reclaim", "4M"));
	read_in(self->a, fd, MB(4));
	EXPECT_TRUE(cg_stat_settles(self->a, "workingset_refault_file", MB(3) / PAGE, MB(4) / PAGE));
	EXPECT_EQ(0, cg_stat(self->a, "workingset_refault_anon"));
	close(fd);
}

/* At a limit the work is done by who wants the memory, and not on request. */
TEST_F(stat, reclaim_for_a_limit_is_direct)
{
	long scan, steal;
	int fd;

	NEEDS_DISK();
	fd = disk_hole(MB(24));
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "8M"));
	read_in(self->a, fd, MB(24));
	steal = cg_stat(self->a, "pgsteal_direct");
	scan = cg_key(self->a, "memory.stat", "pgscan_direct");
	EXPECT_LE(MB(16) / PAGE, steal);
	EXPECT_GE(MB(24) / PAGE, steal);
	EXPECT_LE(steal, scan);
	EXPECT_EQ(steal, cg_key(self->a, "memory.stat", "pgsteal"));
	EXPECT_EQ(scan, cg_key(self->a, "memory.stat", "pgscan"));
	/* 6.12 has no such key. */
	EXPECT_GE(0, cg_key(self->a, "memory.stat", "pgsteal_proactive"));
	EXPECT_GE(0, cg_key(self->a, "memory.stat", "pgscan_proactive"));
	EXPECT_EQ(0, cg_stat(self->b, "pgscan"));
	close(fd);
}

/*
 * What comes back sooner than the cache in use could have been gone through is
 * part of the working set, and becomes active at once.
 */
TEST_F(stat, a_page_that_is_soon_back_is_activated)
{
	long refaults, activated;
	int hot, cold;

	NEEDS_DISK();
	hot = disk_hole(MB(16));
	cold = disk_hole(MB(16));
	for (int i = 0; i < 3; i++)
		read_in(self->a, hot, MB(16));
	read_in(self->a, cold, MB(16));
	EXPECT_EQ(0, cg_stat(self->a, "workingset_activate_file"));
	ASSERT_EQ(0, cg_write(self->a, "memory.reclaim", "4M"));
	ASSERT_GE(MB(12), cached(cold, MB(16)));
	read_in(self->a, cold, MB(16));
	refaults = cg_stat(self->a, "workingset_refault_file");
	activated = cg_key(self->a, "memory.stat", "workingset_activate_file");
	EXPECT_LE(MB(2) / PAGE, activated);
	EXPECT_LE(activated, refaults);
	/* It had not been active before. */
	EXPECT_EQ(0, cg_stat(self->a, "workingset_restore_file"));
	EXPECT_EQ(0, cg_stat(self->a, "workingset_activate_anon"));
	close(hot);
	close(cold);
}

TEST_F(stat, a_page_that_was_active_is_restored)
{
	long activated, restored;
	int hot;

	NEEDS_DISK();
	hot = disk_hole(MB(16));
	for (int i = 0; i < 3; i++)
		read_in(self->a, hot, MB(16));
	EXPECT_EQ(0, cg_stat(self->a, "workingset_restore_file"));
	ASSERT_EQ(0, cg_write(self->a, "memory.reclaim", "4M"));
	ASSERT_GE(MB(12), cached(hot, MB(16)));
	read_in(self->a, hot, MB(16));
	restored = cg_stat(self->a, "workingset_restore_file");
	activated = cg_key(self->a, "memory.stat", "workingset_activate_file");
	EXPECT_LE(MB(2) / PAGE, restored);
	EXPECT_LE(restored, activated);
	EXPECT_EQ(0, cg_stat(self->a, "workingset_restore_anon"));
	close(hot);
}

TEST_F(stat, the_parents_counts_include_the_childrens)
{
	int fd;

	NEEDS_DISK();
	fd = disk_hole(MB(2));
	ASSERT_GT(hog_that_stays(self->a, MB(4)), 0);
	ASSERT_GT(hog_that_stays(self->b, MB(2)), 0);
	read_in(self->b, fd, MB(2));
	EXPECT_TRUE(cg_stat_settles(self->top, "file", MB(2), MB(2) + KB(64)));
	EXPECT_TRUE(cg_stat_settles(self->top, "anon", MB(6), MB(6) + KB(768)));
	EXPECT_EQ(cg_stat(self->top, "anon"),
		  cg_stat(self->a, "anon") + cg_stat(self->b, "anon"));
	close(fd);
}

TEST_F(stat, slab_is_its_two_parts)
{
	char path[PATH_MAX], all[32], yes[32], no[32], text[8192], *at;

	ASSERT_GT(hog_that_stays(self->a, MB(1)), 0);
	cg_stir(self->a);
	/* One read, for the parts to be of one moment. */
	ASSERT_GT(file_read(cg_path(path, self->a, "memory.stat"), text,
			    sizeof(text)), 0);
	at = strstr(text, "\nslab ");
	ASSERT_NE(NULL, at);
	ASSERT_EQ(1, sscanf(at, "\nslab %31s", all));
	ASSERT_EQ(1, sscanf(strstr(text, "\nslab_reclaimable "),
			    "\nslab_reclaimable %31s", yes));
	ASSERT_EQ(1, sscanf(strstr(text, "\nslab_unreclaimable "),
			    "\nslab_unreclaimable %31s", no));
	EXPECT_EQ(atol(all), atol(yes) + atol(no));
	EXPECT_LT(0, atol(all));
}

/*
 * Whether the kinds in one look at memory.stat, at least @least in all, are the
 * usage, but for what is in stock and what is not counted yet.
 */
static bool kinds_are_the_usage(const char *cg, long least)
{
	static const char * const keys[] = { "anon", "file", "kernel", "sock" };
	long sum = 0, usage;
	char text[8192];

	cg_stir_once(cg);
	must(cg_read(cg, "memory.stat", text, sizeof(text)) > 0);
	usage = cg_number(cg, "memory.current");
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		sum += text_key(text, keys[i]);
	return sum >= least && usage >= sum - KB(128) &&
	       usage <= sum + CG_STOCK + KB(256);
}

TEST_F(stat, all_kinds_together_are_the_usage)
{
	struct baton ready = baton_make();
	pid_t pid;
	int fd;

	NEEDS_DISK();
	fd = disk_hole(MB(4));
	pid = cg_fork_bound(self->a);
	if (!pid) {
		map_used(MB(4));
		share_2m(-1);
		read_through(fd, MB(4));
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	/* What the dead left to RCU goes from both, but not in one moment. */
	EXPECT_TRUE(EVENTUALLY(kinds_are_the_usage(self->a, MB(10))));
	close(fd);
}

TEST_F(stat, the_dead_leave_zeroes)
{
	static const char * const keys[] = {
		"anon", "file", "kernel_stack", "sock", "shmem", "file_mapped",
		"file_dirty", "file_writeback", "inactive_anon", "active_anon",
		"inactive_file", "active_file", "unevictable",
	};
	int fd;

	NEEDS_DISK();
	fd = disk_hole(MB(2));
	EXPECT_TRUE(makes(self->a, write_2m, fd, "file", MB(2)));
	EXPECT_TRUE(makes(self->a, share_2m, fd, "shmem", MB(2)));
	EXPECT_TRUE(makes(self->a, lock_2m, fd, "unevictable", MB(2)));
	close(fd);
	flush_batches(self->a);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		EXPECT_TRUE(cg_stat_settles(self->a, keys[i], 0, 0));
		EXPECT_TRUE(cg_stat_settles(self->top, keys[i], 0, 0));
	}
	/* An idle CPU keeps the page directory that it used last. */
	EXPECT_TRUE(cg_stat_settles(self->a, "pagetables", 0, KB(32)));
}

TEST_HARNESS_MAIN

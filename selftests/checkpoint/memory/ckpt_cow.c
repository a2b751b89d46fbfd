// SPDX-License-Identifier: GPL-2.0
/*
 * What a fork leaves shared until somebody writes is once in the image, and
 * shared again after a restart; and who writes is alone with what it wrote.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/swap.h>
#include "kselftest_harness.h"
#include "ckpt.h"
#include "memcg-disk.h"

#define CHILDREN	8
#define SIZE		MB(16)
#define PAGES		(SIZE / PAGE)
#define FILE_PAGES	64

/* What the page at @i holds that @who has written: its first and last word. */
static unsigned long word(long who, long i)
{
	return ((unsigned long)who << 32 | i) * 0x9e3779b97f4a7c15ul | 1;
}

static void put_word(char *page, long who, long i)
{
	*(unsigned long *)page = word(who, i);
	*(unsigned long *)(page + PAGE - 8) = word(who, i) + 1;
}

static bool has_word(const char *page, long who, long i)
{
	return *(unsigned long *)page == word(who, i) &&
	       *(unsigned long *)(page + PAGE - 8) == word(who, i) + 1;
}

/* Where a process has the pages: two halves, as it may have moved one. */
struct view {
	char *half[2];
	long hole, hole_end;	/* unmapped */
	long step;		/* it has written to every so many, 0 for none */
	long who;
	pid_t pid;
};

static char *page_of(const struct view *v, long i)
{
	return v->half[i >= PAGES / 2] + i % (PAGES / 2) * PAGE;
}

/* Whether all pages are as they were; those that are multiples of 7 never had anything. */
static bool whole(const struct view *v)
{
	static const char zero[PAGE];
	long i;

	for (i = 0; i < PAGES; i++) {
		const char *page = page_of(v, i);

		if (i >= v->hole && i < v->hole_end)
			continue;
		if (v->step && i % v->step == 0) {
			if (!has_word(page, v->who, i))
				return false;
		} else if (i % 7 == 0 ? memcmp(page, zero, PAGE) : !has_word(page, 0, i)) {
			return false;
		}
	}
	return true;
}

static void write_all(struct view *v, long who)
{
	long i;

	for (i = 0; i < PAGES; i++)
		if (i < v->hole || i >= v->hole_end)
			put_word(page_of(v, i), who, i);
	v->who = who;
	v->step = 1;
}

static void write_some(struct view *v, long who, long step)
{
	long i;

	for (i = 0; i < PAGES; i += step)
		put_word(page_of(v, i), who, i);
	v->who = who;
	v->step = step;
}

/* What the process has done since the fork. */
static void differ(struct view *v, long who)
{
	char *moved;

	switch (who) {
	case 2:
		write_some(v, who, 16);
		break;
	case 3:
		moved = mremap(v->half[1], SIZE / 2, SIZE / 2, MREMAP_MAYMOVE | MREMAP_FIXED,
			       map_fresh(SIZE));
		must(moved != MAP_FAILED && moved != v->half[1]);
		v->half[1] = moved;
		write_some(v, who, 32);
		break;
	case 4:
	case 8:
		v->hole = PAGES / 4;
		v->hole_end = PAGES / 4 + 100;
		must(!munmap(page_of(v, v->hole), 100 * PAGE));
		break;
	case 5:
		must(!mprotect(v->half[0], SIZE / 2, PROT_READ));
		break;
	case 6:
		write_some(v, who, 64);
		break;
	}
}

/* Everybody's, in memory that all have. */
static struct view *views;
static int go[CHILDREN + 1][2], done[2];

static void tell(int fd)
{
	must(write(fd, "x", 1) == 1);
}

/* Without a limit of time: a checkpoint and a restart may come in between. */
static void hear(int fd)
{
	char c;

	must(read(fd, &c, 1) == 1);
}

/* Looks and writes when it is told to, and looks again when all others have written. */
static void __attribute__((noreturn)) live(struct view *v, long who, pid_t child)
{
	views[who] = *v;
	views[who].pid = getpid();
	tell(done[1]);
	hear(go[who][0]);
	must(whole(v));
	if (who == 5)
		must(!mprotect(v->half[0], SIZE / 2, PROT_READ | PROT_WRITE));
	write_all(v, who);
	tell(done[1]);
	hear(go[who][0]);
	must(whole(v));
	_exit(child ? proc_end(child) : 0);
}

/* Six are children of the first process; the seventh is one of the sixth, and so on. */
static pid_t breed(struct view *v, long who)
{
	pid_t pid = fork(), child = 0;

	if (pid)
		return pid;
	differ(v, who);
	if (who >= 6 && who < CHILDREN)
		child = breed(v, who + 1);
	live(v, who, child);
}

/* What /proc/PID/pagemap tells of @n pages at @at. */
static void page_frames(pid_t pid, const char *at, long n, uint64_t *to)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	fd = open(path, O_RDONLY);
	must(fd >= 0);
	must(pread(fd, to, n * 8, (unsigned long)at / PAGE * 8) == n * 8);
	close(fd);
}

/* How many of the pages that @who has not written itself are not those of who has. */
static long unshared(long who)
{
	static uint64_t frame[CHILDREN + 1][PAGES];
	const struct view *v = &views[who];
	long i, origin, n = 0;

	page_frames(v->pid, v->half[0], PAGES / 2, frame[who]);
	page_frames(v->pid, v->half[1], PAGES / 2, frame[who] + PAGES / 2);
	for (i = 0; i < PAGES; i++) {
		origin = v->step && i % v->step == 0 ? v->who : 0;
		if (origin == who || (i >= v->hole && i < v->hole_end) || (!origin && i % 7 == 0))
			continue;
		n += !(frame[who][i] << 9) || frame[who][i] << 9 != frame[origin][i] << 9;
	}
	return n;
}

JOB(fork)
{
	struct view v = { .pid = getpid() };
	pid_t pid[CHILDREN + 1];
	int status;
	long who, i;

	views = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(views != MAP_FAILED && !pipe(done));
	v.half[0] = map_fresh(SIZE);
	v.half[1] = v.half[0] + SIZE / 2;
	for (i = 0; i < PAGES; i++)
		if (i % 7)
			put_word(page_of(&v, i), 0, i);
	views[0] = v;
	for (who = 1; who <= CHILDREN; who++)
		must(!pipe(go[who]));
	for (who = 1; who <= 6; who++)
		pid[who] = breed(&v, who);
	for (who = 1; who <= CHILDREN; who++)
		hear(done[0]);
	job_pause();
	for (who = 0; who <= CHILDREN && access(CKPT_DIR "/swapped", F_OK); who++)
		job_check(unshared(who) == 0);
	for (who = 1; who <= CHILDREN; who++) {
		tell(go[who][1]);
		hear(done[0]);
		job_check(whole(&v));
		if (who == CHILDREN / 2)
			write_all(&v, 99);
	}
	for (who = CHILDREN; who; who--)
		tell(go[who][1]);
	for (who = 1; who <= 6; who++)
		job_check(waitpid(pid[who], &status, 0) == pid[who] && !status);
	job_check(whole(&v));
}

/* Whether a child has @n pages at @p of the caller, or how many at least it has not. */
static bool same_pages(pid_t pid, const char *p, long n)
{
	static uint64_t mine[FILE_PAGES], its[FILE_PAGES];

	page_frames(getpid(), p, n, mine);
	page_frames(pid, p, n, its);
	return mine[0] << 9 && !memcmp(mine, its, n * 8);
}

/* Changed pages of a private file mapping, and locked memory, which no child has locked. */
JOB(kinds)
{
	int fd = open(CKPT_DIR "/file", O_RDWR | O_CREAT, 0600), end[2], status;
	char *file, *locked, *pair;
	pid_t pid;
	long i;

	must(!ftruncate(fd, FILE_PAGES * PAGE) && !pipe(end));
	file = mmap(NULL, FILE_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	must(file != MAP_FAILED);
	/* two mappings side by side that must not become one: each was moved there */
	pair = map_fresh(2 * FILE_PAGES * PAGE);
	for (i = 1; i >= 0; i--) {
		char *p = map_fresh(FILE_PAGES * PAGE);

		use(p, FILE_PAGES * PAGE);
		must(mremap(p, FILE_PAGES * PAGE, FILE_PAGES * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			    pair + i * FILE_PAGES * PAGE) == pair + i * FILE_PAGES * PAGE);
	}
	locked = map_fresh(FILE_PAGES * PAGE);
	use(file, FILE_PAGES * PAGE);
	use(locked, FILE_PAGES * PAGE);
	must(!mlock(locked, FILE_PAGES * PAGE));
	pid = fork();
	if (!pid) {
		put_word(file + 40 * PAGE, 1, 40);
		job_touch(CKPT_DIR "/child");
		hear(end[0]);
		must(has_word(file + 40 * PAGE, 1, 40) && used(file, 40 * PAGE));
		must(used(locked, FILE_PAGES * PAGE));
		must(used(pair, FILE_PAGES * PAGE));
		must(used(pair + FILE_PAGES * PAGE, FILE_PAGES * PAGE));
		memset(locked, 1, FILE_PAGES * PAGE);
		memset(pair, 1, FILE_PAGES * PAGE);
		_exit(0);
	}
	while (access(CKPT_DIR "/child", F_OK))
		ckpt_nap();
	job_pause();
	job_check(same_pages(pid, file, 40) && !same_pages(pid, file + 40 * PAGE, 1));
	job_check(same_pages(pid, file + 41 * PAGE, FILE_PAGES - 41));
	job_check(same_pages(pid, locked, FILE_PAGES));
	job_check(same_pages(pid, pair, FILE_PAGES));
	job_check(same_pages(pid, pair + FILE_PAGES * PAGE, FILE_PAGES));
	tell(end[1]);
	job_check(waitpid(pid, &status, 0) == pid && !status);
	job_check(used(file, FILE_PAGES * PAGE) && used(locked, FILE_PAGES * PAGE));
	job_check(used(pair, FILE_PAGES * PAGE));
	/* and it is still the file's where it was not written */
	job_check(pread(fd, locked, PAGE, 0) == PAGE && !*locked);
}

FIXTURE(cow) {
};

FIXTURE_SETUP(cow)
{
	ckpt_setup();
}

FIXTURE_TEARDOWN(cow)
{
	swapoff(SWAP_DISK);
	ckpt_teardown();
}

static long image_size(void)
{
	struct stat st;

	return stat(CKPT_DIR "/image", &st) ? -errno : st.st_size;
}

TEST_F_TIMEOUT(cow, shared_pages_are_once_in_the_image_and_once_in_memory, 200)
{
	long before, after;
	pid_t pid = ckpt_start("fork");

	before = cg_number(CKPT_CG, "memory.current");
	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	/* six in seven of the first's, what three have written, and what they need to live */
	EXPECT_GT(image_size(), SIZE / 7 * 6);
	EXPECT_LT(image_size(), SIZE / 7 * 6 + SIZE / 8 + MB(3));
	EXPECT_EQ(ckpt_tool("image verify " CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	ASSERT_EQ(ckpt_restart(CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	after = cg_number(CKPT_CG, "memory.current");
	EXPECT_LT(after, before + before / 10) TH_LOG("%ld before, %ld after", before, after);
	EXPECT_GT(after, before - before / 5) TH_LOG("%ld before, %ld after", before, after);
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

TEST_F_TIMEOUT(cow, the_original_runs_on_unharmed, 200)
{
	ASSERT_STREQ(ckpt_unharmed("fork"), "ok");
}

TEST_F_TIMEOUT(cow, they_are_shared_after_a_second_restart_as_well, 200)
{
	ASSERT_STREQ(ckpt_second_generation("fork"), "ok");
}

TEST_F(cow, file_mappings_and_locked_memory_are_shared_too)
{
	ASSERT_STREQ(ckpt_round_trip("kinds"), "ok");
}

/* Migration and reclaim find all who have a page: none would move or go if they did not. */
TEST_F_TIMEOUT(cow, what_was_restarted_can_be_moved_and_swapped_out, 200)
{
	pid_t pid = ckpt_start("fork");

	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	ASSERT_EQ(ckpt_restart(CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	if (file_write("/proc/sys/vm/compact_memory", "1"))
		SKIP(return, "no compaction");
	if (disk_swapon())
		SKIP(return, "no swap on a disk");
	job_touch(CKPT_DIR "/swapped");
	ASSERT_TRUE(swap_out(CKPT_CG, MB(12)));
	/* once, not once for each */
	EXPECT_LT(cg_number(CKPT_CG, "memory.swap.current"), MB(20));
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

/* And of a tree that is swapped out each page is still once in the image. */
TEST_F_TIMEOUT(cow, what_is_swapped_out_is_saved, 200)
{
	pid_t pid = ckpt_start("fork");

	if (disk_swapon())
		SKIP(return, "no swap on a disk");
	job_touch(CKPT_DIR "/swapped");
	ASSERT_TRUE(swap_out(CKPT_CG, MB(12)));
	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	EXPECT_LT(image_size(), SIZE / 7 * 6 + SIZE / 8 + MB(3));
	ckpt_kill(pid);
	ASSERT_EQ(ckpt_restart(CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

TEST_HARNESS_MAIN

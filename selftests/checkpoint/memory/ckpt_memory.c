// SPDX-License-Identifier: GPL-2.0
/* Private memory comes back as it was, and the original runs on unharmed. */
#include <sys/mman.h>
#include "kselftest_harness.h"
#include "ckpt.h"

#define PAGE	4096
#define PAGES	600

static char data[3 * PAGE] = "initialised";
static char bss[5 * PAGE];

static char *anon(size_t len, int prot, int flags)
{
	char *p = mmap(NULL, len, prot, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	must(p != MAP_FAILED);
	return p;
}

static unsigned int mix(unsigned int i)
{
	return i * 2654435761u ^ i >> 3;
}

JOB(contents)
{
	unsigned int *heap, *map, i;
	char *old_brk = sbrk(0), local[64];

	map = (void *)anon(PAGES * PAGE, PROT_READ | PROT_WRITE, 0);
	heap = sbrk(10 * PAGE);
	must(heap != (void *)-1);
	/* every third page stays untouched, every fifth is touched and zero */
	for (i = 0; i < PAGES * PAGE / 4; i++)
		if (i / 1024 % 3)
			map[i] = i / 1024 % 5 ? mix(i) : 0;
	for (i = 0; i < 10 * PAGE / 4; i++)
		heap[i] = mix(i + 7);
	strcpy(data + PAGE, "changed");
	strcpy(bss + 3 * PAGE, "no longer zero");
	strcpy(local, "on the stack");
	job_pause();
	for (i = 0; i < PAGES * PAGE / 4; i++)
		job_check(map[i] == (i / 1024 % 3 && i / 1024 % 5 ? mix(i) : 0));
	for (i = 0; i < 10 * PAGE / 4; i++)
		job_check(heap[i] == mix(i + 7));
	job_check(!strcmp(data, "initialised"));
	job_check(!strcmp(data + PAGE, "changed"));
	job_check(!strcmp(bss + 3 * PAGE, "no longer zero"));
	job_check(!bss[0] && !bss[5 * PAGE - 1]);
	job_check(!strcmp(local, "on the stack"));
	job_check(sbrk(0) == old_brk + 10 * PAGE);
	/* and the heap can still grow */
	job_check(sbrk(4 * PAGE) == old_brk + 10 * PAGE);
	memset(old_brk + 10 * PAGE, 1, 4 * PAGE);
}

static bool writes(volatile char *p)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		signal(SIGSEGV, SIG_DFL);
		*p = 1;
		_exit(0);
	}
	must(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status);
}

JOB(protection)
{
	char *ro = anon(2 * PAGE, PROT_READ | PROT_WRITE, 0);
	char *none = anon(2 * PAGE, PROT_READ | PROT_WRITE, 0);
	char *gap = anon(3 * PAGE, PROT_READ | PROT_WRITE, 0);
	unsigned char vec[3];

	strcpy(ro, "read only");
	strcpy(none, "hidden");
	strcpy(gap, "below");
	strcpy(gap + 2 * PAGE, "above");
	must(!mprotect(ro, 2 * PAGE, PROT_READ));
	must(!mprotect(none, 2 * PAGE, PROT_NONE));
	must(!munmap(gap + PAGE, PAGE));
	job_pause();
	job_check(!strcmp(ro, "read only"));
	job_check(!writes(ro) && !writes(none));
	job_check(writes(gap) && writes(gap + 2 * PAGE));
	job_check(!mprotect(none, 2 * PAGE, PROT_READ));
	job_check(!strcmp(none, "hidden"));
	job_check(!strcmp(gap, "below") && !strcmp(gap + 2 * PAGE, "above"));
	job_check(mincore(gap + PAGE, PAGE, vec) == -1 && errno == ENOMEM);
}

JOB(file)
{
	int fd = open(CKPT_DIR "/file", O_RDWR | O_CREAT, 0600), i;
	char page[PAGE], *map;

	for (i = 0; i < 4; i++) {
		memset(page, 'a' + i, PAGE);
		must(write(fd, page, PAGE) == PAGE);
	}
	map = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, PAGE);
	must(map != MAP_FAILED);
	close(fd);
	map[PAGE + 1] = 'X';
	job_pause();
	job_check(map[0] == 'b' && map[PAGE] == 'c' && map[2 * PAGE] == 'd');
	job_check(map[PAGE + 1] == 'X' && map[PAGE + 2] == 'c');
	map[0] = 'Y';
	fd = open(CKPT_DIR "/file", O_RDONLY);
	job_check(pread(fd, page, 1, PAGE) == 1 && *page == 'b');
	job_check(pread(fd, page, 1, 2 * PAGE + 1) == 1 && *page == 'c');
}

static char *map_shared(const char *path, int how, int prot, off_t from)
{
	int fd = open(path, how);
	char *p = mmap(NULL, 2 * PAGE, prot, MAP_SHARED, fd, from);

	must(p != MAP_FAILED);
	close(fd);
	return p;
}

/* One file, mapped in two places by parent and child, for writing and not. */
JOB(shared_file)
{
	const char *path = CKPT_DIR "/file";
	int fd = open(path, O_RDWR | O_CREAT, 0600), status;
	char *all, *tail, *ro, c;
	pid_t pid;

	must(!ftruncate(fd, 3 * PAGE));
	all = map_shared(path, O_RDWR, PROT_READ | PROT_WRITE, 0);
	tail = map_shared(path, O_RDWR, PROT_READ, PAGE);
	ro = map_shared(path, O_RDONLY, PROT_READ, PAGE);
	strcpy(all + PAGE, "before");
	pid = fork();
	if (!pid) {
		while (access(CKPT_DIR "/go", F_OK))
			ckpt_nap();
		while (strcmp(tail, "after"))
			ckpt_nap();
		must(!mprotect(tail, PAGE, PROT_READ | PROT_WRITE));
		strcpy(tail, "answer");
		_exit(5);
	}
	job_pause();
	job_check(!strcmp(tail, "before") && !strcmp(ro, "before"));
	strcpy(all + PAGE, "after");
	job_check(!strcmp(tail, "after") && !strcmp(ro, "after"));
	job_check(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 5);
	job_check(!strcmp(all + PAGE, "answer") && !strcmp(ro, "answer"));
	/* what was mapped from a file open for reading cannot become writable */
	job_check(mprotect(ro, PAGE, PROT_READ | PROT_WRITE) == -1 && errno == EACCES);
	job_check(pread(fd, &c, 1, PAGE + 1) == 1 && c == 'n');
}

JOB(shared)
{
	must(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) !=
	     MAP_FAILED);
	job_pause();
}

/* Counts in memory; after the checkpoint it goes on counting in the original. */
JOB(counter)
{
	volatile unsigned int *p = (void *)anon(256 * PAGE, PROT_READ | PROT_WRITE, 0);
	unsigned int i, round = 0;
	char text[32];

	for (;; round++) {
		/* all pages hold the same number, but while they are being changed */
		for (i = 0; i < 256; i++)
			job_check(p[i * 1024] == round);
		if (round == 3)
			job_touch(CKPT_DIR "/ready");
		if (!access(CKPT_DIR "/go", F_OK))
			break;
		for (i = 0; i < 256; i++)
			p[i * 1024] = round + 1;
	}
	snprintf(text, sizeof(text), "%u", round);
	job_end(text);
}

FIXTURE(memory) {
};

FIXTURE_SETUP(memory)
{
	ckpt_setup();
}

FIXTURE_TEARDOWN(memory)
{
	ckpt_teardown();
}

TEST_F(memory, contents_come_back)
{
	ASSERT_STREQ(ckpt_round_trip("contents"), "ok");
}

TEST_F(memory, protection_and_gaps_come_back)
{
	ASSERT_STREQ(ckpt_round_trip("protection"), "ok");
}

TEST_F(memory, changed_pages_of_a_private_file_mapping_come_back)
{
	ASSERT_STREQ(ckpt_round_trip("file"), "ok");
}

TEST_F(memory, shared_file_mappings_come_back)
{
	ASSERT_STREQ(ckpt_round_trip("shared_file"), "ok");
}

static const char *unharmed(const char *job)
{
	pid_t pid = ckpt_start(job);
	const char *verdict;

	if (ckpt_save(pid, CKPT_DIR "/image"))
		return ckpt_said();
	verdict = ckpt_verdict();
	return proc_end(pid) ? "it failed" : verdict;
}

/* The file is no part of the image: a writer after the checkpoint does not spoil it. */
TEST_F(memory, a_file_mapped_shared_may_have_changed)
{
	ASSERT_STREQ(unharmed("shared_file"), "ok");
	ASSERT_EQ(ckpt_restart(CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ASSERT_NE(strstr(ckpt_verdict(), "strcmp(tail, \"before\")"), NULL);
}

TEST_F(memory, the_original_runs_on_unharmed)
{
	pid_t pid = ckpt_start("contents");

	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0);
	ASSERT_STREQ(ckpt_verdict(), "ok");
	ASSERT_EQ(proc_end(pid), 0);
}

TEST_F(memory, later_writes_are_not_in_the_image)
{
	pid_t pid = ckpt_start("counter");
	long went_on, restarted;

	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0);
	poll(NULL, 0, 100);
	went_on = atol(ckpt_verdict());
	ASSERT_EQ(proc_end(pid), 0);
	/* "go" is there at once: it counts hardly any further than it had */
	job_touch(CKPT_DIR "/go");
	ASSERT_EQ(ckpt_restart(CKPT_DIR "/image"), 0);
	restarted = atol(ckpt_verdict());
	ASSERT_GE(restarted, 3);
	ASSERT_LT(restarted, went_on);
}

TEST_F(memory, one_image_is_restarted_twice)
{
	pid_t pid = ckpt_start("contents");
	int i;

	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0);
	ckpt_kill(pid);
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(ckpt_restart(CKPT_DIR "/image"), 0);
		ASSERT_STREQ(ckpt_verdict(), "ok");
		ASSERT_EQ(cg_await_empty(CKPT_CG), 0);
	}
}

TEST_F(memory, what_was_restarted_is_checkpointed_again)
{
	pid_t pid = ckpt_start("contents");

	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0);
	ckpt_kill(pid);
	ASSERT_EQ(ckpt_restart(CKPT_DIR "/image"), 0);
	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/second"), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	ASSERT_EQ(ckpt_restart(CKPT_DIR "/second"), 0);
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

TEST_F(memory, a_changed_file_is_not_mapped_again)
{
	pid_t pid = ckpt_start("file");

	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0);
	ckpt_kill(pid);
	ASSERT_EQ(file_write(CKPT_DIR "/file", "other"), 0);
	ASSERT_EQ(ckpt_restart(CKPT_DIR "/image"), 1);
	ASSERT_NE(strstr(ckpt_said(), "it has changed"), NULL) TH_LOG("%s", ckpt_said());
	ASSERT_EQ(cg_await_empty(CKPT_CG), 0);
}

TEST_F(memory, shared_memory_is_refused_by_name)
{
	pid_t pid = ckpt_start("shared");
	char want[64];

	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 1);
	snprintf(want, sizeof(want), "pid %d: mapping ", pid);
	ASSERT_NE(strstr(ckpt_said(), want), NULL) TH_LOG("%s", ckpt_said());
	ASSERT_NE(strstr(ckpt_said(), "shared memory is not supported"), NULL);
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

TEST_HARNESS_MAIN

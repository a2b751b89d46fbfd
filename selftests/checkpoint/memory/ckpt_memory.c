// SPDX-License-Identifier: GPL-2.0
/* Memory, private and shared, comes back as it was, and the original runs on unharmed. */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/prctl.h>
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
		job_await_go();
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

static void *anon_shared(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	must(p != MAP_FAILED);
	return p;
}

/* Waits until the job may go on, and then until @word appears at @p. */
static void await_word(const volatile char *p, const char *word)
{
	job_await_go();
	while (strcmp((const char *)p, word))
		ckpt_nap();
}

/* Three processes share it, each in another place or in parts. */
JOB(shared_anon)
{
	unsigned int *map = anon_shared(PAGES * PAGE), i;
	char *sparse = anon_shared(64 << 20), *part, *private;
	int status;
	pid_t pid;

	for (i = 0; i < PAGES * PAGE / 4; i++)
		if (i / 1024 % 3)
			map[i] = mix(i);
	strcpy(sparse + (40 << 20), "far");
	pid = fork();
	if (!pid) {
		/* as if it had never been where the parent has it */
		part = mremap(map, PAGES * PAGE, 100 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			      anon(200 * PAGE, PROT_NONE, 0));
		must(part != MAP_FAILED && (void *)part != map);
		must(!munmap(part + 10 * PAGE, 50 * PAGE));
		if (!fork()) {
			must(!munmap(sparse, 32 << 20));
			await_word(sparse + (40 << 20), "to all");
			strcpy(sparse + (63 << 20), "grandchild");
			_exit(0);
		}
		await_word(part + 99 * PAGE, "to the child");
		strcpy(part + 60 * PAGE, "child");
		while (strcmp(sparse + (63 << 20), "grandchild"))
			ckpt_nap();
		_exit(6);
	}
	private = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(private != MAP_FAILED);
	job_pause();
	for (i = 0; i < PAGES * PAGE / 4; i++)
		job_check(map[i] == (i / 1024 % 3 ? mix(i) : 0));
	job_check(!strcmp(sparse + (40 << 20), "far") && !*private);
	strcpy((char *)map + 99 * PAGE, "to the child");
	strcpy(sparse + (40 << 20), "to all");
	job_check(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 6);
	job_check(!strcmp((char *)map + 60 * PAGE, "child"));
	job_check(!strcmp(sparse + (63 << 20), "grandchild"));
}

/* As anything but the first of a session: its parent shares with it, from outside. */
JOB(shared_outside)
{
	char *p = anon_shared(PAGE);

	*p = 1;
	job_outsider();
	job_pause();
}

static bool has_name(int fd, const char *name)
{
	char link[32], to[64] = "";

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return readlink(link, to, sizeof(to) - 1) > 0 && !strcmp(to, name);
}

static int again(int fd, int how)
{
	char link[32];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return open(link, how);
}

JOB(memfd)
{
	int fd = memfd_create("some name", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	int plain = memfd_create("", 0), ro, same, i;
	char *shared, *private, page[PAGE];
	struct stat st;

	must(fd >= 0 && plain >= 0 && !ftruncate(fd, 50 * PAGE + 100));
	must(!fchmod(fd, 0640) && !fchown(fd, 7, 8));
	ro = again(fd, O_RDONLY);
	same = dup(fd);
	must(ro >= 0 && same >= 0 && lseek(ro, 3, SEEK_SET) == 3);
	must(pwrite(fd, "at the end", 10, 50 * PAGE + 90) == 10);
	for (i = 0; i < 20; i++) {
		memset(page, 'a' + i, PAGE);
		must(write(fd, page, PAGE) == PAGE);
	}
	shared = mmap(NULL, 10 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, PAGE);
	private = mmap(NULL, 10 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, PAGE);
	must(shared != MAP_FAILED && private != MAP_FAILED);
	private[PAGE] = 'X';
	must(!fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW));
	job_pause();
	job_check(has_name(fd, "/memfd:some name (deleted)"));
	job_check(has_name(plain, "/memfd: (deleted)"));
	job_check(fcntl(fd, F_GET_SEALS) == (F_SEAL_SHRINK | F_SEAL_GROW));
	job_check(fcntl(plain, F_GET_SEALS) == F_SEAL_SEAL);
	job_check(fcntl(fd, F_GETFD) == FD_CLOEXEC && !fcntl(same, F_GETFD));
	job_check((fcntl(ro, F_GETFL) & O_ACCMODE) == O_RDONLY);
	job_check(!fstat(ro, &st) && st.st_size == 50 * PAGE + 100);
	job_check((st.st_mode & 07777) == 0640 && st.st_uid == 7 && st.st_gid == 8);
	job_check(lseek(fd, 0, SEEK_CUR) == 20 * PAGE && lseek(ro, 0, SEEK_CUR) == 3);
	job_check(pread(ro, page, 10, 50 * PAGE + 90) == 10 && !memcmp(page, "at the end", 10));
	job_check(pread(ro, page, PAGE, 30 * PAGE) == PAGE && !page[0] && !page[PAGE - 1]);
	for (i = 0; i < 10; i++)
		job_check(shared[i * PAGE] == 'b' + i &&
			  private[i * PAGE] == (i == 1 ? 'X' : 'b' + i));
	/* one file, whichever way */
	shared[2 * PAGE] = 'S';
	job_check(pread(ro, page, 1, 3 * PAGE) == 1 && *page == 'S' && private[2 * PAGE] == 'S');
	private[3 * PAGE] = 'P';
	job_check(shared[3 * PAGE] == 'e');
	job_check(lseek(same, 5, SEEK_SET) == 5 && lseek(fd, 0, SEEK_CUR) == 5);
	job_check(ftruncate(fd, PAGE) == -1 && errno == EPERM);
	job_check(!munmap(shared, 10 * PAGE) && !fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
}

JOB(memfd_sealed)
{
	int fd = memfd_create("w", MFD_ALLOW_SEALING), later = memfd_create("f", MFD_ALLOW_SEALING);
	char *old, *new, *ro;

	must(write(fd, "sealed", 7) == 7 && write(later, "future", 7) == 7);
	must(!fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL));
	ro = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	old = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, later, 0);
	must(!fcntl(later, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
	new = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, later, 0);
	must(ro != MAP_FAILED && old != MAP_FAILED && new != MAP_FAILED);
	job_pause();
	job_check(!strcmp(ro, "sealed") && !strcmp(new, "future"));
	job_check(fcntl(fd, F_GET_SEALS) == (F_SEAL_WRITE | F_SEAL_SEAL));
	job_check(fcntl(later, F_GET_SEALS) == F_SEAL_FUTURE_WRITE);
	job_check(write(fd, "x", 1) == -1 && errno == EPERM);
	job_check(write(later, "x", 1) == -1 && errno == EPERM);
	job_check(mprotect(ro, PAGE, PROT_READ | PROT_WRITE) == -1 && errno == EACCES);
	job_check(mprotect(new, PAGE, PROT_READ | PROT_WRITE) == -1 && errno == EACCES);
	strcpy(old, "past");
	job_check(!strcmp(new, "past"));
}

/* A value of /proc/self/smaps for the mapping at @p. */
static bool smaps(const void *p, const char *key, const char *has)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	char line[256];
	bool there = false, found = false;
	unsigned long start, end;

	must(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			there = start <= (unsigned long)p && (unsigned long)p < end;
		if (there && (!*key || !strncmp(line, key, strlen(key))) && strstr(line, has))
			found = true;
	}
	fclose(f);
	return found;
}

/* A library that was replaced while it is in use, say: mapped in both ways, and closed. */
JOB(deleted)
{
	int fd = open(CKPT_DIR "/gone", O_CREAT | O_RDWR, 0600), i;
	char *shared, *private, *code, page[PAGE];

	for (i = 0; i < 8; i++) {
		memset(page, 'a' + i, PAGE);
		must(write(fd, page, i < 7 ? PAGE : 100) > 0);
	}
	shared = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	private = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, PAGE);
	code = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 2 * PAGE);
	must(shared != MAP_FAILED && private != MAP_FAILED && code != MAP_FAILED);
	must(!close(fd) && !unlink(CKPT_DIR "/gone"));
	shared[5 * PAGE] = 'S';
	private[PAGE] = 'P';
	job_pause();
	for (i = 0; i < 8; i++)
		job_check(shared[i * PAGE] == (i == 5 ? 'S' : 'a' + i));
	job_check(shared[7 * PAGE + 99] == 'h' && !shared[7 * PAGE + 100]);
	for (i = 0; i < 4; i++)
		job_check(private[i * PAGE] == (i == 1 ? 'P' : 'b' + i));
	job_check(*code == 'c' && smaps(code, "VmFlags", "ex"));
	/* one file, whichever way */
	shared[3 * PAGE] = 'X';
	job_check(private[2 * PAGE] == 'X' && private[PAGE] == 'P' && shared[2 * PAGE] == 'c');
}

JOB(advice)
{
	char *locked = anon(4 * PAGE, PROT_READ | PROT_WRITE, 0);
	char *gone = anon(4 * PAGE, PROT_READ | PROT_WRITE, 0);
	char *wiped = anon(4 * PAGE, PROT_READ | PROT_WRITE, 0);
	char *named = anon(4 * PAGE, PROT_READ | PROT_WRITE, 0);
	char *fault = anon(4 * PAGE, PROT_READ | PROT_WRITE, 0);
	int status;
	bool names;
	pid_t pid;

	strcpy(locked, "locked");
	strcpy(gone, "gone");
	strcpy(wiped, "wiped");
	strcpy(named, "named");
	must(!mlock(locked, 4 * PAGE) && !mlock2(fault, 4 * PAGE, MLOCK_ONFAULT));
	must(!madvise(gone, 4 * PAGE, MADV_DONTFORK));
	must(!madvise(wiped, 4 * PAGE, MADV_WIPEONFORK));
	/* an option of the kernel that a flavour may lack */
	names = !prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, named, 4 * PAGE, "a name");
	job_pause();
	job_check(!strcmp(locked, "locked") && !strcmp(named, "named"));
	job_check(!strcmp(gone, "gone") && !strcmp(wiped, "wiped"));
	job_check(smaps(locked, "VmFlags:", " lo") && smaps(locked, "Rss:", "16 kB"));
	job_check(smaps(fault, "VmFlags:", " lo") && smaps(fault, "Rss:", " 0 kB"));
	job_check(!names || smaps(named, "", "[anon:a name]"));
	pid = fork();
	if (!pid) {
		signal(SIGSEGV, SIG_DFL);
		if (*wiped)
			_exit(1);
		_exit(*gone);
	}
	job_check(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
}

JOB(lock_future)
{
	char *p;

	must(!mlockall(MCL_CURRENT | MCL_FUTURE));
	must(!prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0));
	job_pause();
	p = anon(4 * PAGE, PROT_READ | PROT_WRITE, 0);
	job_check(smaps(p, "VmFlags:", " lo"));
	job_check(prctl(PR_GET_MDWE, 0, 0, 0, 0) == PR_MDWE_REFUSE_EXEC_GAIN);
	job_check(mprotect(p, PAGE, PROT_READ | PROT_EXEC) == -1 && errno == EACCES);
}

/* Counts in memory; after the checkpoint it goes on counting in the original. */
static void count(volatile unsigned int *p)
{
	unsigned int i, round = 0;
	char text[32];

	for (;; round++) {
		/* all pages hold the same number, but while they are being changed */
		for (i = 0; i < 256; i++)
			job_check(p[i * 1024] == round);
		if (round >= 3)
			job_touch(CKPT_DIR "/ready");
		if (!access(CKPT_DIR "/go", F_OK))
			break;
		for (i = 0; i < 256; i++)
			p[i * 1024] = round + 1;
	}
	snprintf(text, sizeof(text), "%u", round);
	job_end(text);
}

JOB(counter)
{
	count((void *)anon(256 * PAGE, PROT_READ | PROT_WRITE, 0));
}

JOB(shared_counter)
{
	count(anon_shared(256 * PAGE));
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

/* The file is no part of the image: a writer after the checkpoint does not spoil it. */
TEST_F(memory, a_file_mapped_shared_may_have_changed)
{
	ASSERT_STREQ(ckpt_unharmed("shared_file"), "ok");
	ASSERT_EQ(ckpt_restart(CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ASSERT_NE(strstr(ckpt_verdict(), "strcmp(tail, \"before\")"), NULL);
}

TEST_F(memory, the_original_runs_on_unharmed)
{
	pid_t pid = ckpt_start("contents");

	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ASSERT_STREQ(ckpt_verdict(), "ok");
	ASSERT_EQ(proc_end(pid), 0);
}

/* How far the original counts after a checkpoint, and how far a restarted one. */
static bool counts_twice(const char *job, long *original, long *restarted)
{
	pid_t pid = ckpt_start(job);
	int round;

	if (ckpt_save(pid, CKPT_DIR "/image"))
		return false;
	/* the second time it says so, it has written since the checkpoint */
	for (round = 0; round < 2; round++)
		must(!unlink(CKPT_DIR "/ready") && ckpt_appears(CKPT_DIR "/ready"));
	*original = atol(ckpt_verdict());
	if (proc_end(pid))
		return false;
	/* "go" is there at once: it counts hardly any further than it had */
	job_touch(CKPT_DIR "/go");
	if (ckpt_restart(CKPT_DIR "/image"))
		return false;
	*restarted = atol(ckpt_verdict());
	return true;
}

TEST_F(memory, later_writes_are_not_in_the_image)
{
	long original, restarted;

	ASSERT_TRUE(counts_twice("counter", &original, &restarted)) TH_LOG("%s", ckpt_said());
	ASSERT_GE(restarted, 3);
	ASSERT_LT(restarted, original);
}

TEST_F(memory, later_writes_to_shared_memory_are_not_in_the_image)
{
	long original, restarted;

	ASSERT_TRUE(counts_twice("shared_counter", &original, &restarted))
		TH_LOG("%s", ckpt_said());
	ASSERT_GE(restarted, 3);
	ASSERT_LT(restarted, original);
}

TEST_F(memory, shared_anonymous_memory_comes_back)
{
	ASSERT_STREQ(ckpt_round_trip("shared_anon"), "ok");
}

/* 400 pages of three processes, and one of 64 MiB. */
TEST_F(memory, shared_pages_are_written_once_and_untouched_ones_not)
{
	pid_t pid = ckpt_start("shared_anon");
	struct stat st;

	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ASSERT_EQ(stat(CKPT_DIR "/image", &st), 0);
	ASSERT_GE(st.st_size, 401 * PAGE);
	ASSERT_LT(st.st_size, 600 * PAGE);
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

TEST_F(memory, locks_advice_and_names_come_back)
{
	ASSERT_STREQ(ckpt_round_trip("advice"), "ok");
	ASSERT_STREQ(ckpt_unharmed("advice"), "ok");
}

TEST_F(memory, locks_and_protection_for_the_future_come_back)
{
	ASSERT_STREQ(ckpt_round_trip("lock_future"), "ok");
	ASSERT_STREQ(ckpt_unharmed("lock_future"), "ok");
}

TEST_F(memory, memfds_come_back_with_name_size_seals_and_mappings)
{
	ASSERT_STREQ(ckpt_round_trip("memfd"), "ok");
}

TEST_F(memory, sealed_memfds_come_back_sealed)
{
	ASSERT_STREQ(ckpt_round_trip("memfd_sealed"), "ok");
}

TEST_F(memory, originals_with_shared_memory_run_on_unharmed)
{
	ASSERT_STREQ(ckpt_unharmed("shared_anon"), "ok");
	ASSERT_STREQ(ckpt_unharmed("memfd"), "ok");
	ASSERT_STREQ(ckpt_unharmed("memfd_sealed"), "ok");
}

TEST_F(memory, shared_memory_is_checkpointed_again)
{
	ASSERT_STREQ(ckpt_second_generation("shared_anon"), "ok");
}

TEST_F(memory, deleted_files_that_are_mapped_come_back)
{
	ASSERT_STREQ(ckpt_round_trip("deleted"), "ok");
}

TEST_F(memory, originals_with_deleted_files_run_on_unharmed)
{
	ASSERT_STREQ(ckpt_unharmed("deleted"), "ok");
}

TEST_F(memory, deleted_files_that_are_mapped_are_checkpointed_again)
{
	ASSERT_STREQ(ckpt_second_generation("deleted"), "ok");
}

TEST_F(memory, one_image_is_restarted_twice)
{
	ASSERT_STREQ(ckpt_twice("contents"), "ok");
}

TEST_F(memory, what_was_restarted_is_checkpointed_again)
{
	ASSERT_STREQ(ckpt_second_generation("contents"), "ok");
}

/*
 * Also if it is changed within the tick of the clock that has seen its last
 * change and the checkpoint: hence the rounds.
 */
TEST_F(memory, a_changed_file_is_not_mapped_again)
{
	for (int round = 0; round < 20; round++) {
		pid_t pid = ckpt_start("file");

		ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
		ASSERT_EQ(file_write(CKPT_DIR "/file", "other"), 0);
		ckpt_kill(pid);
		ASSERT_EQ(ckpt_restart(CKPT_DIR "/image"), 1) TH_LOG("in round %d", round);
		ASSERT_NE(strstr(ckpt_said(), "it has changed"), NULL) TH_LOG("%s", ckpt_said());
		ASSERT_EQ(cg_await_empty(CKPT_CG), 0);
	}
}

TEST_F(memory, memory_shared_with_the_outside_is_refused)
{
	pid_t pid = ckpt_start("shared_outside");

	ASSERT_EQ(ckpt_save(file_number(CKPT_DIR "/child"), CKPT_DIR "/image"), 1);
	ASSERT_NE(strstr(ckpt_said(), "mapping: dev/zero, in use outside, is not supported"), NULL)
		TH_LOG("%s", ckpt_said());
	ASSERT_STREQ(ckpt_verdict(), "ok");
	ASSERT_EQ(proc_end(pid), 0);
}

TEST_HARNESS_MAIN

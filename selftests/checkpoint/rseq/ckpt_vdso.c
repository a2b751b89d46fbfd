// SPDX-License-Identifier: GPL-2.0
/*
 * The vdso is where it was, whatever the address that the kernel would have
 * chosen at random, and it is the same, or the restart is refused.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <time.h>
#include "kselftest_harness.h"
#include "ckpt.h"
#include "forge.h"

#define PAGE	4096UL
#define PARTS	8

/* A mapping of the kernel's. */
struct part {
	char name[32];
	unsigned long start, end;
};

/* What of the caller the kernel has mapped, by address. Returns how many parts it has. */
static int look(struct part *p)
{
	FILE *f = fopen("/proc/self/maps", "re");
	char line[512];
	int n = 0;

	must(f);
	memset(p, 0, PARTS * sizeof(*p));
	while (fgets(line, sizeof(line), f)) {
		char *name = strchr(line, '[');

		if (!name || (strncmp(name, "[vdso", 5) && strncmp(name, "[vvar", 5)))
			continue;
		must(n < PARTS);
		must(sscanf(line, "%lx-%lx", &p[n].start, &p[n].end) == 2);
		must(sscanf(name, "%31s", p[n++].name) == 1);
	}
	fclose(f);
	return n;
}

static unsigned long vdso_of(const struct part *p, int n)
{
	while (n--)
		if (!strcmp(p[n].name, "[vdso]"))
			return p[n].start;
	return 0;
}

/* What AT_SYSINFO_EHDR says in the kernel's own copy of the auxiliary vector. */
static unsigned long told_vdso(void)
{
	int fd = open("/proc/self/auxv", O_RDONLY | O_CLOEXEC);
	unsigned long v[2], found = 0;

	while (read(fd, v, sizeof(v)) == sizeof(v))
		if (v[0] == AT_SYSINFO_EHDR)
			found = v[1];
	close(fd);
	return found;
}

typedef int clock_fn(clockid_t, struct timespec *);

/* A function of the vdso that is mapped at @base, whose first segment begins it. */
static clock_fn *find_clock(unsigned long base)
{
	const Elf64_Ehdr *h = (void *)base;
	const Elf64_Phdr *ph = (void *)(base + h->e_phoff);
	const Elf64_Sym *sym = NULL;
	const char *str = NULL;
	const Elf64_Dyn *d;
	int i;

	for (i = 0; i < h->e_phnum; i++) {
		if (ph[i].p_type != PT_DYNAMIC)
			continue;
		for (d = (void *)(base + ph[i].p_vaddr); d->d_tag != DT_NULL; d++) {
			if (d->d_tag == DT_SYMTAB)
				sym = (void *)(base + d->d_un.d_ptr);
			if (d->d_tag == DT_STRTAB)
				str = (void *)(base + d->d_un.d_ptr);
		}
	}
	/* names come behind the symbols */
	must(sym && str && (void *)str > (void *)sym);
	for (; (void *)sym < (void *)str; sym++)
		if (sym->st_value && !strcmp(str + sym->st_name, "__vdso_clock_gettime"))
			return (clock_fn *)(base + sym->st_value);
	return NULL;
}

static uint64_t ns(const struct timespec *t)
{
	return t->tv_sec * 1000000000ull + t->tv_nsec;
}

/* Whether the vdso and the kernel tell the same time. */
static bool clock_works(clock_fn *clock, clockid_t id)
{
	struct timespec before, now, after;

	must(!syscall(SYS_clock_gettime, id, &before));
	if (clock(id, &now))
		return false;
	must(!syscall(SYS_clock_gettime, id, &after));
	return ns(&before) <= ns(&now) && ns(&now) <= ns(&after);
}

static volatile int handled;

static void handler(int sig)
{
	handled++;
}

/* Where the kernel would put a new mapping. */
static void *next_place(void)
{
	void *p = mmap(NULL, 16 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(p != MAP_FAILED && !munmap(p, 16 * PAGE));
	return p;
}

static void stays(void)
{
	struct part was[PARTS], is[PARTS];
	int n = look(was);
	unsigned long base = vdso_of(was, n), told = told_vdso();
	clock_fn *clock = find_clock(base);
	void *place = next_place();

	must(base && clock && clock_works(clock, CLOCK_MONOTONIC));
	must(signal(SIGUSR1, handler) != SIG_ERR);
	job_pause();
	job_check(look(is) == n && !memcmp(was, is, sizeof(was)));
	job_check(!memcmp((void *)base, ELFMAG, SELFMAG));
	job_check(told_vdso() == told && getauxval(AT_SYSINFO_EHDR) == told);
	job_check(clock_works(clock, CLOCK_MONOTONIC) && clock_works(clock, CLOCK_REALTIME) &&
		  clock_works(clock, CLOCK_BOOTTIME));
	job_check(!raise(SIGUSR1) && handled == 1);
	job_check(next_place() == place);
	job_check(!vfork() ? (_exit(0), 0) : 1);
}

JOB(vdso)
{
	struct part p[PARTS];

	must(vdso_of(p, look(p)) == getauxval(AT_SYSINFO_EHDR));
	stays();
}

/* Moves a mapping as a program may. */
static void move(const struct part *p, unsigned long to)
{
	size_t len = p->end - p->start;

	must(mremap((void *)p->start, len, len, MREMAP_MAYMOVE | MREMAP_FIXED,
		    (void *)to) == (void *)to);
}

/* Puts all parts side by side, so that the vdso, the last of them, is at @base. */
static void move_all(unsigned long base)
{
	struct part p[PARTS];
	int n = look(p), i;
	size_t len;
	char *room;

	/* out of each other's way first */
	for (i = 0; i < n; i++) {
		len = p[i].end - p[i].start;
		room = mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		must(room != MAP_FAILED);
		move(&p[i], (unsigned long)room);
		p[i].start = (unsigned long)room;
		p[i].end = p[i].start + len;
	}
	for (i = n - 1; i >= 0; i--) {
		if (i < n - 1)
			base -= p[i].end - p[i].start;
		move(&p[i], base);
	}
}

/* One page higher: in each other's place, if the kernel has put those of who restarts there, too. */
JOB(moved)
{
	move_all(getauxval(AT_SYSINFO_EHDR) + PAGE);
	stays();
}

/* Above everything. */
JOB(high)
{
	struct part p[PARTS];
	int n = look(p);

	must(!strcmp(p[n - 1].name, "[vdso]"));
	move_all(0x7ffffffff000 - (p[n - 1].end - p[n - 1].start));
	stays();
}

/* A program whose debugger has set a breakpoint in the kernel's code. */
JOB(written)
{
	struct part p[PARTS];
	unsigned long base = vdso_of(p, look(p)), word = *(unsigned long *)base;
	pid_t debugger = fork(), parent;

	if (!debugger) {
		parent = getppid();
		must(!ptrace(PTRACE_ATTACH, parent, NULL, NULL));
		must(waitpid(parent, NULL, __WALL) == parent);
		must(!ptrace(PTRACE_POKEDATA, parent, base, word));
		must(!ptrace(PTRACE_DETACH, parent, NULL, NULL));
		_exit(0);
	}
	must(child_ends_well(debugger));
	job_pause();
}

FIXTURE(vdso) {
};

FIXTURE_SETUP(vdso)
{
	ckpt_setup();
}

FIXTURE_TEARDOWN(vdso)
{
	ckpt_teardown();
}

static bool is_random(void)
{
	char text[16];

	must(file_read("/proc/sys/kernel/randomize_va_space", text, sizeof(text)) > 0);
	return atoi(text) == 2 && !(personality(0xffffffff) & ADDR_NO_RANDOMIZE);
}

/* Where job "vdso" has its vdso in the image. */
static struct ckpt_vma *vdso_record(void)
{
	struct ckpt_vma *v;
	int i;

	for (i = 1; (v = forge_payload(CKPT_VMA, i)); i++)
		if (v->kind == CKPT_VMA_KERNEL && v->flags & CKPT_VMA_EXEC)
			return v;
	return NULL;
}

TEST_F_TIMEOUT(vdso, it_is_where_it_was_twice, 120)
{
	ASSERT_TRUE(is_random());
	ASSERT_STREQ(ckpt_twice("vdso"), "ok");
}

TEST_F_TIMEOUT(vdso, it_is_where_it_was_in_a_second_generation, 120)
{
	ASSERT_STREQ(ckpt_second_generation("vdso"), "ok");
}

TEST_F_TIMEOUT(vdso, two_jobs_have_it_in_two_places, 120)
{
	unsigned long at[2];
	pid_t pid;
	int i;

	for (i = 0; i < 2; i++) {
		pid = ckpt_start("vdso");
		ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
		ckpt_kill(pid);
		forge_load(CKPT_DIR "/image");
		ASSERT_NE(vdso_record(), NULL);
		ASSERT_STREQ((char *)vdso_record()->name, "vdso");
		at[i] = vdso_record()->start;
	}
	ASSERT_NE(at[0], at[1]);
}

TEST_F_TIMEOUT(vdso, a_program_may_have_moved_it, 120)
{
	ASSERT_STREQ(ckpt_twice("moved"), "ok");
}

TEST_F_TIMEOUT(vdso, the_old_place_and_the_new_one_may_overlap, 120)
{
	ASSERT_NE(personality(ADDR_NO_RANDOMIZE), -1);
	ASSERT_STREQ(ckpt_twice("moved"), "ok");
}

TEST_F_TIMEOUT(vdso, where_nothing_is_random_it_comes_back_as_well, 120)
{
	ASSERT_NE(personality(ADDR_NO_RANDOMIZE), -1);
	ASSERT_STREQ(ckpt_twice("vdso"), "ok");
}

TEST_F_TIMEOUT(vdso, none_of_its_pages_is_in_the_image, 120)
{
	pid_t pid = ckpt_start("vdso");
	struct ckpt_vma *v;
	int i;

	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	forge_load(CKPT_DIR "/image");
	for (i = 1; (v = forge_payload(CKPT_VMA, i)); i++)
		if (v->kind == CKPT_VMA_KERNEL)
			ASSERT_EQ(forge_memory(1, v->start), NULL);
}

TEST_F_TIMEOUT(vdso, one_that_was_written_to_is_refused, 120)
{
	pid_t pid = ckpt_start("written");

	ASSERT_NE(ckpt_save(pid, CKPT_DIR "/image"), 0);
	ASSERT_NE(strstr(ckpt_said(), "a vdso that was written to is not supported"), NULL) {
		TH_LOG("%s", ckpt_said());
	}
	ckpt_kill(pid);
}

static void refused(struct __test_metadata *_metadata, const char *why)
{
	forge_save(CKPT_DIR "/forged");
	ASSERT_NE(ckpt_restart(CKPT_DIR "/forged"), 0);
	ASSERT_NE(strstr(ckpt_said(), why), NULL) {
		TH_LOG("%s: %s", why, ckpt_said());
	}
	ASSERT_EQ(cg_await_empty(CKPT_CG), 0);
	ckpt_reap();
}

TEST_F_TIMEOUT(vdso, another_one_is_refused, 120)
{
	pid_t pid = ckpt_start("vdso");
	struct ckpt_mm *mm;
	struct ckpt_vma *v;
	uint64_t end;

	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	forge_load(CKPT_DIR "/image");
	mm = forge_payload(CKPT_MM, 1);
	v = vdso_record();
	ASSERT_NE(mm, NULL);
	ASSERT_NE(v, NULL);

	mm->vdso_crc++;
	refused(_metadata, "the kernel's vdso is another one");
	mm->vdso_crc--;

	end = v->end;
	v->end -= PAGE;
	refused(_metadata, "the kernel has no vdso of that size");
	v->end = end;

	v->name[0] = 'x';
	refused(_metadata, "the kernel has no xdso of that size");
	v->name[0] = 0;
	refused(_metadata, "a mapping with a wrong name");
	v->name[0] = 'v';

	mm->mmap_base += 1;
	refused(_metadata, "an impossible base");
	mm->mmap_base = 1ULL << 62;
	refused(_metadata, "an address space beyond its end");
}

/* It is the last of the mappings, so that the order is right. */
TEST_F_TIMEOUT(vdso, a_place_that_there_is_not_is_refused, 120)
{
	pid_t pid = ckpt_start("high");
	struct ckpt_vma *v, *last = NULL;
	uint64_t len;
	int i;

	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	forge_load(CKPT_DIR "/image");
	for (i = 1; (v = forge_payload(CKPT_VMA, i)); i++)
		last = v;
	ASSERT_NE(last, NULL);
	ASSERT_EQ(last->kind, CKPT_VMA_KERNEL);
	len = last->end - last->start;
	last->start = 0xffff888000000000;
	last->end = last->start + len;
	refused(_metadata, "the kernel's vdso cannot be where it was");
}

TEST_HARNESS_MAIN

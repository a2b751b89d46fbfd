/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory of a test and the cgroup that it is charged to.
 *
 * Two things stand between an allocation and the numbers that cgroupfs shows:
 * a CPU charges in batches and keeps the rest in stock, so memory.current is
 * up to CG_STOCK per CPU too high; and memory.stat is brought up to date only
 * when there is enough news, so it is up to 64 pages per CPU behind. Tests
 * allow for the first and use cg_stat() against the second. Whose page a
 * single page is can be told exactly, by page_cgroup().
 */
#ifndef BULKHEAD_MEMCG_H
#define BULKHEAD_MEMCG_H

#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include "cgroup.h"

#define KB(n)		((long)(n) << 10)
#define MB(n)		((long)(n) << 20)
#define PAGE		4096L
#define CG_STOCK	KB(256)

/* A unit without a number: an older kernel (6.12) takes it for 0. */
static inline bool is_zero_of_old(const char *amount)
{
	return !strcmp(amount, "M") && proc_kernel_before(7, 3);
}

static inline long ms_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - start->tv_sec) * 1000 +
	       (now.tv_nsec - start->tv_nsec) / 1000000;
}

static inline char *map_fresh(size_t size)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(p != MAP_FAILED);
	return p;
}

/* Writes to each page. No two pages are alike, and none is all zeroes. */
static inline void use(char *p, size_t size)
{
	for (size_t i = 0; i < size; i += PAGE)
		*(volatile size_t *)(p + i) = i + 1;
}

/* Whether the pages still hold what use() left there. */
static inline bool used(const char *p, size_t size)
{
	for (size_t i = 0; i < size; i += PAGE)
		if (*(volatile size_t *)(p + i) != i + 1)
			return false;
	return true;
}

static inline char *map_used(size_t size)
{
	char *p = map_fresh(size);

	use(p, size);
	return p;
}

/*
 * The cgroup, by its folder's inode number, that the page at @p of the caller
 * is charged to: 0 is none, -ENXIO no page is mapped there.
 */
static inline long page_cgroup(const void *p)
{
	uint64_t entry = 0, ino = 0;
	int map, cgroups;
	long err = 0;

	/* In /proc/self a process without its leader has no memory. */
	map = open("/proc/thread-self/pagemap", O_RDONLY | O_CLOEXEC);
	cgroups = open("/proc/kpagecgroup", O_RDONLY | O_CLOEXEC);
	if (map < 0 || cgroups < 0)
		err = -errno;
	else if (pread(map, &entry, 8, (uintptr_t)p / PAGE * 8) != 8)
		err = -EIO;
	else if (!(entry >> 63))
		err = -ENXIO;
	else if (pread(cgroups, &ino, 8, (entry & ((1ULL << 55) - 1)) * 8) != 8)
		err = -EIO;
	close(map);
	close(cgroups);
	return err ? err : (long)ino;
}

static inline long cg_inode(const char *cg)
{
	struct stat st;

	return stat(cg, &st) ? -errno : (long)st.st_ino;
}

/*
 * Whether the page gets to be charged to @cg: what a removed cgroup leaves is
 * handed to its parent by a kernel thread.
 */
static inline bool page_settles(const void *p, const char *cg)
{
	struct timespec start;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		if (page_cgroup(p) == cg_inode(cg))
			return true;
		poll(NULL, 0, 10);
	} while (ms_since(&start) < PROC_HANG_MS);
	fprintf(stderr, "# the page stays charged to %ld, not %ld\n",
		page_cgroup(p), cg_inode(cg));
	return false;
}

/* A process in @cg, for the caller to go on in when 0 is returned. */
static inline pid_t cg_fork_bound(const char *cg)
{
	pid_t pid = cg_fork_into(cg, 0);

	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

/* A process in @cg that uses @size bytes and exits 0. */
static inline pid_t hog(const char *cg, size_t size)
{
	pid_t pid = cg_fork_bound(cg);

	if (pid)
		return pid;
	map_used(size);
	_exit(0);
}

/*
 * Waits until @pid sleeps, or is dead. Who has passed a baton still runs for a
 * while, and uses a page or two of its own, which may be swapped out by then.
 */
static inline void settles_down(pid_t pid)
{
	struct timespec start;

	clock_gettime(CLOCK_MONOTONIC, &start);
	while (strchr("RD", task_state(pid))) {
		must(ms_since(&start) < PROC_HANG_MS);
		poll(NULL, 0, 1);
	}
}

/*
 * The same, but it stays until it is killed. Returns when all is used, and it
 * sleeps.
 */
static inline pid_t hog_that_stays(const char *cg, size_t size)
{
	struct baton full = baton_make();
	pid_t pid = cg_fork_bound(cg);

	if (!pid) {
		map_used(size);
		baton_pass(&full, 0);
		proc_sleep_forever();
	}
	if (pid > 0) {
		baton_take(&full);
		settles_down(pid);
	}
	close(full.fd[0]);
	close(full.fd[1]);
	return pid;
}

/*
 * Makes so much news in @cg that the next read of memory.stat is up to date.
 * Where the controller is handed on no process can live: then one level below.
 */
static inline void cg_stir_once(const char *cg)
{
	pid_t pid = cg_fork_bound(cg);

	if (!pid) {
		map_used(96 * PAGE * sysconf(_SC_NPROCESSORS_ONLN));
		_exit(0);
	}
	if (pid == -EBUSY) {
		char below[PATH_MAX];

		must(!cg_create(cg_path(below, cg, "stir")));
		cg_stir_once(below);
		must(!cg_await_empty(below));
		must(!cg_remove(below));
		return;
	}
	must(pid > 0);
	must(proc_end(pid) == 0);
}

/* How often the number that is looked at may be another, before it just moves. */
#define CG_STIRS	8

/*
 * The number at @key of memory.stat, up to date. The kernel brings all up to
 * date every two seconds, too: when that is while the process above exits, what
 * is left of its exit is too little news, and some of its pages stay counted. That
 * does not happen twice in a row, so two looks that agree are right.
 */
static inline long cg_stat(const char *cg, const char *key)
{
	long last, value;

	cg_stir_once(cg);
	value = cg_key(cg, "memory.stat", key);
	for (int i = 0; i < CG_STIRS; i++) {
		last = value;
		cg_stir_once(cg);
		value = cg_key(cg, "memory.stat", key);
		if (value == last)
			break;
	}
	return value;
}

/* The number at @key in @text, which is one look at memory.stat; 0 if it is not there. */
static inline long text_key(const char *text, const char *key)
{
	size_t len = strlen(key);

	for (const char *p = text; p; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (!strncmp(p, key, len) && p[len] == ' ')
			return atol(p + len);
	}
	return 0;
}

/* Brings memory.stat up to date, for who reads its numbers somewhere else. */
static inline void cg_stir(const char *cg)
{
	cg_stat(cg, "anon");
}

/*
 * Whether memory.stat gets to have @min to @max at @key: what is freed with
 * delay, by RCU or a kernel thread, is counted until then.
 */
static inline bool cg_stat_settles(const char *cg, const char *key,
				   long min, long max)
{
	struct timespec start;
	long value;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		cg_stir_once(cg);
		value = cg_key(cg, "memory.stat", key);
		if (value >= min && value <= max)
			return true;
		poll(NULL, 0, 10);
	} while (ms_since(&start) < PROC_HANG_MS);
	fprintf(stderr, "# %s of %s stays at %ld, not %ld to %ld\n",
		key, cg, value, min, max);
	return false;
}

/* Whether the number in @file gets to be @min to @max. */
static inline bool cg_settles(const char *cg, const char *file,
			      long min, long max)
{
	struct timespec start;
	long value;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		value = cg_number(cg, file);
		if (value >= min && value <= max)
			return true;
		poll(NULL, 0, 10);
	} while (ms_since(&start) < PROC_HANG_MS);
	fprintf(stderr, "# %s of %s stays at %ld, not %ld to %ld\n",
		file, cg, value, min, max);
	return false;
}

/* The same for the number at @key. */
static inline bool cg_key_settles(const char *cg, const char *file,
				  const char *key, long min, long max)
{
	struct timespec start;
	long value;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		value = cg_key(cg, file, key);
		if (value >= min && value <= max)
			return true;
		poll(NULL, 0, 10);
	} while (ms_since(&start) < PROC_HANG_MS);
	fprintf(stderr, "# %s in %s of %s stays at %ld, not %ld to %ld\n",
		key, file, cg, value, min, max);
	return false;
}

/*
 * A folder @top below the mount point and @a and @b below that, all with the
 * memory controller. Returns 0, or -errno.
 */
static inline int memcg_top(char *root, char *top, char *a, char *b,
			    const char *name)
{
	int err = cg_mount_point(NULL, root, PATH_MAX / 4);

	if (err)
		return err;
	if (!cg_lists(root, "cgroup.controllers", "memory"))
		return -ENODEV;
	err = cg_write(root, "cgroup.subtree_control", "+memory");
	if (err)
		return err;
	if (snprintf(top, PATH_MAX / 2, "%s/%s.%d", root, name, getpid()) >=
	    PATH_MAX / 2)
		return -ENAMETOOLONG;
	err = cg_create(top);
	if (!err)
		err = cg_write(top, "cgroup.subtree_control", "+memory");
	if (!err)
		err = cg_create(cg_path(a, top, "a"));
	return err ? err : cg_create(cg_path(b, top, "b"));
}

/*
 * @top hands the memory controller on to @a and @b. The test's own process
 * lives outside of all of them.
 */
#define MEMCG_FIXTURE(name)						\
FIXTURE(name)								\
{									\
	char root[PATH_MAX], top[PATH_MAX], a[PATH_MAX], b[PATH_MAX];	\
};									\
FIXTURE_SETUP(name)							\
{									\
	int err = memcg_top(self->root, self->top, self->a, self->b,	\
			    #name);					\
									\
	if (err == -ENOENT || err == -ENODEV)				\
		SKIP(return, "cgroup v2 has no memory controller here"); \
	ASSERT_EQ(0, err);						\
}									\
/* Run by the harness's process, after whatever became of the test's. */ \
FIXTURE_TEARDOWN_PARENT(name)						\
{									\
	if (self->top[0])						\
		cg_destroy(self->top);					\
}

/* memory.peak of a cgroup, open, so that it can be reset for this file alone. */
static inline int peak_open(const char *cg)
{
	char path[PATH_MAX];

	return open(cg_path(path, cg, "memory.peak"), O_RDWR | O_CLOEXEC);
}

static inline long peak_of(int fd)
{
	char text[32] = "";

	must(pread(fd, text, sizeof(text) - 1, 0) > 0);
	return atol(text);
}

static inline int peak_reset(int fd)
{
	return pwrite(fd, "x", 1, 0) == 1 ? 0 : -errno;
}

#endif /* BULKHEAD_MEMCG_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A small cgroup, processes that want more memory than it has, and the hands
 * of a handler.
 */
#ifndef OOMH_H
#define OOMH_H

#include <sys/mman.h>
#include <time.h>
#include "cgroup.h"

#define MB(n)		((size_t)(n) << 20)
#define LIMIT		MB(8)		/* of the cgroup under test */
#define HOG		MB(12)		/* what does not fit into it */
#define ENOUGH		MB(64)		/* a limit that is no limit to a hog */

/* A time limit that only a lost wakeup lets run out. */
#define LONG_MS		20000

static inline long ms_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - start->tv_sec) * 1000 +
	       (now.tv_nsec - start->tv_nsec) / 1000000;
}

/* The test's folder @top below the mount point, with the controller on. */
static inline int oomh_top(char *top, const char *name)
{
	char mnt[PATH_MAX / 2];
	int err = cg_mount_point(NULL, mnt, sizeof(mnt));

	if (err)
		return err;
	cg_write(mnt, "cgroup.subtree_control", "+memory");
	cg_path(top, mnt, name);
	cg_destroy(top);
	err = cg_create(top);
	return err ? err : cg_write(top, "cgroup.subtree_control", "+memory");
}

/* A cgroup with @limit, which handlers are given @ms in. */
static inline int oomh_cgroup(const char *cg, long limit, long ms)
{
	int err = cg_create(cg);

	if (!err && limit)
		err = cg_write_number(cg, "memory.max", limit);
	if (!err && cg_has(cg, "memory.swap.max"))
		err = cg_write(cg, "memory.swap.max", "0");
	if (!err)
		err = cg_write_number(cg, "memory.oom.timeout_ms", ms);
	return err;
}

static inline int oomh_open(const char *cg)
{
	char path[PATH_MAX];
	int fd = open(cg_path(path, cg, "memory.oom.handler"), O_RDWR);

	return fd < 0 ? -errno : fd;
}

static inline int oomh_say(int fd, const char *word)
{
	return pwrite(fd, word, strlen(word), 0) < 0 ? -errno : 0;
}

/* Makes the caller the handler of @cg. Returns the file, or -errno. */
static inline int oomh_start(const char *cg)
{
	int fd = oomh_open(cg), err;

	if (fd < 0)
		return fd;
	err = oomh_say(fd, "start");
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

/* The number at @key of memory.oom.handler; taken from @fd it is a "use". */
static inline long oomh_key(int fd, const char *key)
{
	char buf[512], *at;
	ssize_t n = pread(fd, buf, sizeof(buf) - 1, 0);

	if (n < 0)
		return -errno;
	buf[n] = '\0';
	at = strstr(buf, key);
	return at ? atol(at + strlen(key)) : -ENOENT;
}

/* Waits, by poll, until @key is at least @value. */
static inline bool oomh_await(int fd, const char *key, long value)
{
	struct timespec start;

	clock_gettime(CLOCK_MONOTONIC, &start);
	while (oomh_key(fd, key) < value) {
		if (ms_since(&start) > PROC_HANG_MS)
			return false;
		proc_poll(fd, POLLPRI, 1000);
	}
	return true;
}

/*
 * The same for what generates no event (a task that stops waiting), or for
 * a handler that must not be disturbed: look again until it is so.
 */
static inline bool cg_await_key(const char *cg, const char *file,
				const char *key, long min, long max)
{
	struct timespec start;
	long value;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		value = cg_key(cg, file, key);
		if (value >= min && value <= max)
			return true;
		poll(NULL, 0, 5);
	} while (ms_since(&start) < PROC_HANG_MS);
	return false;
}

/* With more, what another CPU has in stock can turn up as room any time. */
static inline bool one_cpu(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN) == 1;
}

static inline bool says(const char *text, const char *part)
{
	return strstr(text, part);
}

static inline char *map_fresh(size_t size)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(p != MAP_FAILED);
	return p;
}

/* Page by page, as a program that uses its memory does. */
static inline void use(char *p, size_t size)
{
	size_t i;

	for (i = 0; i < size; i += 4096)
		((volatile char *)p)[i] = 1;
}

static inline void touch(size_t size)
{
	use(map_fresh(size), size);
}

/* A process in @cg, for the caller to continue in when 0 is returned. */
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
	touch(size);
	_exit(0);
}

/* The same, but it passes @full and stays. */
static inline pid_t hog_that_stays(const char *cg, size_t size,
				   struct baton *full)
{
	pid_t pid = cg_fork_bound(cg);

	if (pid)
		return pid;
	touch(size);
	baton_pass(full, 0);
	proc_sleep_forever();
}

/* Keeps the OOM killer away from the caller, which is not what is tested. */
static inline void spare_me(void)
{
	must(!file_write("/proc/self/oom_score_adj", "-1000"));
}

#define SKIP_WITHOUT_HANDLERS(cg) do {					\
	if (!cg_has(cg, "memory.oom.handler"))				\
		SKIP(return, "no memory.oom.handler: "			\
			     "CONFIG_MEMCG_OOM_HANDLER is off");	\
} while (0)

/* One cgroup with the usual limit below a folder of the test's own. */
#define OOMH_FIXTURE(name)						\
FIXTURE(name) {								\
	struct timespec start;						\
	char top[PATH_MAX];						\
	char cg[PATH_MAX];						\
};									\
FIXTURE_SETUP(name)							\
{									\
	clock_gettime(CLOCK_MONOTONIC, &self->start);			\
	ASSERT_EQ(0, oomh_top(self->top, "oomh-" #name));		\
	SKIP_WITHOUT_HANDLERS(self->top);				\
	cg_path(self->cg, self->top, "cg");				\
	ASSERT_EQ(0, oomh_cgroup(self->cg, LIMIT, LONG_MS));		\
}									\
FIXTURE_TEARDOWN(name)							\
{									\
	EXPECT_EQ(0, cg_destroy(self->top));				\
	/* Only what waits for a time limit in vain takes that long */	\
	EXPECT_GT(LONG_MS, ms_since(&self->start));			\
}

#endif /* OOMH_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * I/O of a test: by processes in cgroups, directly on the suite's disks, so
 * that what is asked for is what the disk gets; and how fast it went.
 */
#ifndef IO_H
#define IO_H

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "kselftest_harness.h"
#include "cgroup.h"
#include "until.h"

#define DISK	"/dev/ubda"
#define OTHER	"/dev/ubdb"
#define SCHEDULER	"/sys/block/ubda/queue/scheduler"
#define KB(n)	((long)(n) << 10)
#define MB(n)	((long)(n) << 20)

/* Of the schedulers that DISK can have the one in brackets. */
static inline void scheduler_in_use(char *name, size_t size)
{
	char text[256], *from, *to;

	must(file_read(SCHEDULER, text, sizeof(text)) > 0);
	from = strchr(text, '[');
	to = from ? strchr(from, ']') : NULL;
	must(to);
	*to = '\0';
	snprintf(name, size, "%s", from + 1);
}

/* "MAJ:MIN" of a disk, as the control files name it. */
static inline const char *disk_number(const char *disk)
{
	static char text[2][32];
	static int turn;
	struct stat st;

	must(!stat(disk, &st) && S_ISBLK(st.st_mode));
	turn = !turn;
	snprintf(text[turn], sizeof(text[turn]), "%u:%u", major(st.st_rdev),
		 minor(st.st_rdev));
	return text[turn];
}

/* Writes "MAJ:MIN SETTINGS". */
__attribute__((format(printf, 4, 5)))
static inline int io_set(const char *cg, const char *file, const char *disk,
			 const char *fmt, ...)
{
	char settings[256], path[PATH_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(settings, sizeof(settings), fmt, ap);
	va_end(ap);
	return file_printf(cg_path(path, cg, file), "%s %s", disk_number(disk),
			   settings);
}

/* What the file says of the disk, without its number; "" when nothing. */
static inline const char *io_line(const char *cg, const char *file,
				  const char *disk)
{
	static char text[512];
	char path[PATH_MAX], buf[4096], *line, *save = NULL;
	const char *number = disk_number(disk);
	size_t len = strlen(number);

	text[0] = '\0';
	if (file_read(cg_path(path, cg, file), buf, sizeof(buf)) < 0)
		return text;
	for (line = strtok_r(buf, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		if (!strncmp(line, number, len) && line[len] == ' ')
			snprintf(text, sizeof(text), "%s", line + len + 1);
	return text;
}

/* The number at @key (rbytes, wios, ...) of io.stat; 0 when there is none. */
static inline long io_stat(const char *cg, const char *disk, const char *key)
{
	const char *at = io_line(cg, "io.stat", disk);
	size_t len = strlen(key);

	while (*at) {
		if (!strncmp(at, key, len) && at[len] == '=')
			return atol(at + len + 1);
		at += strcspn(at, " ");
		at += strspn(at, " ");
	}
	return 0;
}

struct io {
	const char *disk;
	bool write;
	size_t size;		/* of each request */
	long count;		/* of requests; 0: go on until killed */
};

/* Does it, one request after the other. @done, if any, counts them. */
static inline void io_do(const struct io *io, volatile long *done)
{
	int fd = open(io->disk, O_RDWR | O_DIRECT | O_CLOEXEC);
	off_t size, at = 0;
	void *buf = mmap(NULL, io->size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	must(fd >= 0 && buf != MAP_FAILED);
	size = lseek(fd, 0, SEEK_END);
	must(size >= (off_t)io->size);
	memset(buf, 0x5a, io->size);
	for (long i = 0; !io->count || i < io->count; i++) {
		if (at + (off_t)io->size > size)
			at = 0;
		must((io->write ? pwrite(fd, buf, io->size, at) :
				  pread(fd, buf, io->size, at)) ==
		     (ssize_t)io->size);
		at += io->size;
		if (done)
			++*done;
	}
	munmap(buf, io->size);
	close(fd);
}

/* How often something is measured that a machine that is held up can only prolong. */
#define IO_RUNS		6

/* Starts it in a process of @cg (v2). */
static inline pid_t io_start(const char *cg, const struct io *io)
{
	pid_t pid = cg_fork_into(cg, 0);

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		io_do(io, NULL);
		_exit(0);
	}
	must(pid > 0);
	return pid;
}

/* Does it in @cg. Returns how many milliseconds it took, at least 1. */
static inline long io_run(const char *cg, const struct io *io)
{
	long start = until_ms(), ms;

	must(!proc_end(io_start(cg, io)));
	ms = until_ms() - start;
	return ms ? ms : 1;
}

/*
 * Lets two cgroups compete until both got @least requests done, and for @ms at
 * least. What each got done is in @done. It is counted by requests, for a machine
 * that is held up does few of them in any time.
 */
static inline void io_compete(const char *a, const char *b, const struct io *io,
			      int workers, int ms, long least, long done[2])
{
	const long give_up = until_ms() + PROC_HANG_MS + ms;
	volatile long *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const char *cg[2] = { a, b };
	pid_t pid[2][16];
	long end, before[2] = { 0 };

	must(shared != MAP_FAILED && workers <= 16);
	for (int w = 0; w < workers; w++) {
		for (int i = 0; i < 2; i++) {
			pid[i][w] = cg_fork_into(cg[i], 0);
			if (!pid[i][w]) {
				prctl(PR_SET_PDEATHSIG, SIGKILL);
				io_do(io, &shared[i * 16 + w]);
			}
			must(pid[i][w] > 0);
		}
	}
	/* All are at work before it counts. */
	for (int w = 0; w < workers; w++)
		must(EVENTUALLY(shared[w] && shared[16 + w]));
	for (int i = 0; i < 2; i++)
		for (int w = 0; w < workers; w++)
			before[i] += shared[i * 16 + w];
	end = until_ms() + ms;
	do {
		poll(NULL, 0, 10);
		for (int i = 0; i < 2; i++) {
			done[i] = -before[i];
			for (int w = 0; w < workers; w++)
				done[i] += shared[i * 16 + w];
		}
	} while (until_ms() < end ||
		 ((done[0] < least || done[1] < least) && until_ms() < give_up));
	for (int i = 0; i < 2; i++)
		for (int w = 0; w < workers; w++)
			proc_kill(pid[i][w]);
	munmap((void *)shared, 4096);
}

/*
 * @top has the io controller and hands it on to @a and @b. The test's own
 * process lives outside.
 */
FIXTURE(io)
{
	char root[256];
	char top[512], a[600], b[600];
};

#define IO_SETUP() do {							\
	if (cg_mount_point(NULL, self->root, sizeof(self->root)))	\
		SKIP(return, "cgroup v2 is not mounted");		\
	if (!cg_lists(self->root, "cgroup.controllers", "io"))		\
		SKIP(return, "cgroup v2 has no io controller here");	\
	if (access(DISK, W_OK) || access(OTHER, W_OK))			\
		SKIP(return, "no disks");				\
	ASSERT_EQ(0, cg_write(self->root, "cgroup.subtree_control", "+io")); \
	snprintf(self->top, sizeof(self->top), "%s/io.%d", self->root,	\
		 getpid());						\
	snprintf(self->a, sizeof(self->a), "%s/a", self->top);		\
	snprintf(self->b, sizeof(self->b), "%s/b", self->top);		\
	ASSERT_EQ(0, cg_create(self->top));				\
	ASSERT_EQ(0, cg_write(self->top, "cgroup.subtree_control", "+io")); \
	ASSERT_EQ(0, cg_create(self->a));				\
	ASSERT_EQ(0, cg_create(self->b));				\
} while (0)

#endif /* IO_H */

// SPDX-License-Identifier: GPL-2.0
/*
 * A job that is saved and comes back: sys-ckpt.
 *
 * A job is a cgroup and a pid namespace with processes that have touched some memory, made some
 * mappings, opened some files, and wait. What is measured is, by the name of the variant,
 *
 *	frozen	how long `bulkhead checkpoint` has it standing still, freezing and thawing included
 *	dump	how long it then takes to write the image to tmpfs
 *	restart	`bulkhead restart -d`, from its start to its end, from such an image
 *	write	write(2) of the memory of all its processes to tmpfs, by themselves, one by one
 *	others	fork(2) of each of its processes, by itself, one by one
 *
 * It is the same job by all these ways. Nothing may lead out of it when it is taken: it is told what
 * to do by signals, and opens the FIFO for its answers only to answer.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../init/guest.h"
#include "bench-guest.h"

#define TOOL		"/bin/bulkhead"
#define DIR		"/tmp/ckpt"
#define FIFO		DIR "/answers"
#define IMAGE		DIR "/image"
#define COPY		DIR "/copy"
#define JOB		"checkpoint/job"
#define BACK		"checkpoint/back"
#define PAGE		4096UL
#define CHUNK		(1UL << 20)
#define PATIENCE	120		/* seconds until a job that does not answer has died */

#define ORDER_FORK	SIGUSR1
#define ORDER_WRITE	SIGUSR2

/* What a process of the job says: 0 and how long it took, or an errno. */
struct answer {
	int64_t err;
	uint64_t ns;
};

/* The job that is there, and whether there is an image of it. */
static struct {
	struct batch of;
	pid_t pid;
	bool image, place;
} job;

static char *memory;
static size_t memory_size;

static void answer(int err, uint64_t ns)
{
	struct answer a = { .err = err, .ns = ns };
	int fd = open(FIFO, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, &a, sizeof(a)) != sizeof(a))
		_exit(1);
	close(fd);
}

/* The child does nothing before it was measured, and nothing after. */
static void do_fork(void)
{
	uint64_t began = now_ns(), ns;
	pid_t pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	int status;

	if (!pid)
		for (;;)
			pause();
	ns = now_ns() - began;
	if (pid < 0) {
		answer(errno, 0);
		return;
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	answer(0, ns);
}

static void do_write(void)
{
	int fd = open(COPY, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), err = 0;
	uint64_t began, ns;
	size_t at;

	if (fd < 0) {
		answer(errno, 0);
		return;
	}
	began = now_ns();
	for (at = 0; at < memory_size && !err; at += CHUNK)
		if (write(fd, memory + at, CHUNK) != (ssize_t)CHUNK)
			err = errno ? errno : ENOSPC;
	ns = now_ns() - began;
	close(fd);
	unlink(COPY);
	answer(err, ns);
}

/* Every second page another protection: a mapping each. */
static int make_mappings(unsigned long n)
{
	unsigned long i;
	char *p;

	if (!n)
		return 0;
	p = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return errno;
	for (i = 0; i < n; i += 2)
		if (mprotect(p + i * PAGE, PAGE, PROT_READ))
			return errno;
	return 0;
}

static int open_files(unsigned long n)
{
	struct rlimit limit = { n + 64, n + 64 };

	if (setrlimit(RLIMIT_NOFILE, &limit))
		return errno;
	while (n--)
		if (open("/dev/null", O_RDONLY) < 0)
			return errno;
	return 0;
}

/* No two pages alike, and none of them zero. */
static int touch_memory(unsigned long megabytes)
{
	size_t at;

	memory_size = megabytes << 20;
	if (!memory_size)
		return 0;
	memory = mmap(NULL, memory_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return errno;
	for (at = 0; at < memory_size; at += PAGE)
		memset(memory + at, 1 + at / PAGE % 255, PAGE);
	return 0;
}

/* As a process of the job: takes what it shall have, and then orders. */
_Noreturn static void work(const struct batch *b, const sigset_t *orders)
{
	int err = touch_memory(b->size);

	err = err ?: make_mappings(b->vmas);
	err = err ?: open_files(b->fds);
	answer(err, 0);
	for (;;)
		switch (sigwaitinfo(orders, NULL)) {
		case ORDER_FORK:
			do_fork();
			break;
		case ORDER_WRITE:
			do_write();
			break;
		}
}

/* As init of the job: has nothing of ours. */
_Noreturn static void begin(const struct batch *b)
{
	int null = open("/dev/null", O_RDWR), i;
	sigset_t orders;

	for (i = 0; i < 3; i++)
		dup2(null, i);
	syscall(SYS_close_range, 3, ~0U, 0);
	sigemptyset(&orders);
	sigaddset(&orders, ORDER_FORK);
	sigaddset(&orders, ORDER_WRITE);
	sigprocmask(SIG_BLOCK, &orders, NULL);
	if (setsid() < 0 || chdir("/"))
		answer(errno, 0);
	for (i = 1; i < (int)b->tasks; i++) {
		pid_t pid = fork();

		if (!pid)
			work(b, &orders);
		if (pid < 0)
			answer(errno, 0);
	}
	work(b, &orders);
}

/* A new end of the FIFO: what hangs up there is who comes from now on. */
static int expect_answers(void)
{
	int fd = open(FIFO, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* One answer of each process, the sum of their times; then nobody has it open any more. */
static int take_answers(int fd, unsigned long n, uint64_t *ns)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct answer a;
	int err = 0, waited = 0;

	*ns = 0;
	while (!err && (n || !(p.revents & POLLHUP) || p.revents & POLLIN)) {
		if (poll(&p, 1, 1000) < 0)
			err = -errno;
		else if (p.revents & POLLIN && read(fd, &a, sizeof(a)) == sizeof(a)) {
			err = -a.err;
			*ns += a.ns;
			n -= !!n;
			waited = 0;
		} else if (n && (!p.revents || p.revents & POLLHUP)) {
			/* between two of them; as long as it takes, but not for ever */
			usleep(1000);
			waited += p.revents ? 1 : 1000;
			err = waited > PATIENCE * 1000 ? -ETIMEDOUT : 0;
		}
	}
	close(fd);
	return err;
}

/* Each process in turn: two at once would wait for each other. */
static int order_all(int order, uint64_t *ns)
{
	FILE *f = fopen(CGROUP_DIR "/" JOB "/cgroup.procs", "re");
	int pid, err = 0, fd;
	uint64_t one = 0;

	*ns = 0;
	if (!f)
		return -errno;
	/* what a process forks comes behind it, and is gone when the next line is read */
	while (!err && fscanf(f, "%d", &pid) == 1) {
		fd = expect_answers();
		err = fd < 0 ? fd : kill(pid, order) ? -errno : take_answers(fd, 1, &one);
		*ns += one;
	}
	fclose(f);
	return err;
}

static void end_cgroup(const char *path, pid_t pid)
{
	int status;

	if (pid <= 0)
		return;
	cgroup_write(path, "cgroup.kill", "1");
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
}

static int make_place(void)
{
	static char *none[] = { NULL };
	char a[] = JOB, b[] = BACK;
	int err;

	if (job.place)
		return 0;
	if (access(TOOL, X_OK))
		return -errno;
	if ((mkdir(DIR, 0755) && errno != EEXIST) || mount("tmpfs", DIR, "tmpfs", 0, "size=100%") ||
	    mkfifo(FIFO, 0600))
		return -errno;
	err = make_cgroup(a, none);
	err = err ?: make_cgroup(b, none);
	/*
	 * The allocator keeps an eighth of all memory in lists of single pages, last in, first out.
	 * Memory taken from there is in no order, and User-Mode Linux needs a mapping of the
	 * host for each page of it: more than a process of the host may have.
	 */
	if (!err && write_text("/proc/sys/vm/percpu_pagelist_high_fraction", "1024") < 0)
		err = -errno;
	/* who comes back belongs to us, and is waited for */
	if (!err && prctl(PR_SET_CHILD_SUBREAPER, 1))
		err = -errno;
	job.place = !err;
	return err;
}

/* Starts a process in a cgroup, and perhaps as init of a pid namespace. */
static pid_t start(const char *path, uint64_t flags)
{
	struct clone_args args = { .flags = flags | CLONE_INTO_CGROUP, .exit_signal = SIGCHLD };
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	pid_t pid;

	if (dir < 0)
		return -1;
	args.cgroup = dir;
	pid = syscall(SYS_clone3, &args, sizeof(args));
	close(dir);
	return pid;
}

static bool same_job(const struct batch *b)
{
	return job.pid > 0 && job.of.size == b->size && job.of.vmas == b->vmas &&
	       job.of.fds == b->fds && job.of.tasks == b->tasks;
}

int ckpt_prepare(const struct batch *b)
{
	int err = make_place(), fd;
	uint64_t ns;

	if (err || same_job(b))
		return err;
	fd = expect_answers();
	if (fd < 0)
		return fd;
	end_cgroup(JOB, job.pid);
	unlink(IMAGE);
	job.of = *b;
	job.image = false;
	job.pid = start(CGROUP_DIR "/" JOB, CLONE_NEWPID);
	if (!job.pid)
		begin(b);
	if (job.pid < 0)
		return -errno;
	err = take_answers(fd, b->tasks, &ns);
	/* the first time its memory is shared costs more than all later ones */
	return err ? err : order_all(ORDER_FORK, &ns);
}

/* Runs the tool in a cgroup; what it says comes to @said. */
static int run_tool(char **argv, const char *path, int out, char *said, size_t size)
{
	int pipes[2], status;
	ssize_t n, got = 0;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC))
		return -errno;
	pid = start(path, 0);
	if (!pid) {
		dup2(pipes[1], out);
		execv(TOOL, argv);
		_exit(127);
	}
	close(pipes[1]);
	while (pid > 0 && got < (ssize_t)size - 1 &&
	       (n = read(pipes[0], said + got, size - 1 - got)) > 0)
		got += n;
	said[got] = '\0';
	close(pipes[0]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -errno;
	if (!status)
		return 0;
	fprintf(stderr, "bench-guest: %s: %s", argv[1], said);
	return -EIO;
}

static int checkpoint(const char *key, uint64_t *ns)
{
	char pid[16], said[512], *at;
	char *argv[] = { "bulkhead", "checkpoint", "--json", "-o", IMAGE, pid, NULL };
	int err;

	snprintf(pid, sizeof(pid), "%d", job.pid);
	err = run_tool(argv, CGROUP_DIR, STDERR_FILENO, said, sizeof(said));
	if (err)
		return err;
	job.image = true;
	at = strstr(said, key);
	if (!at)
		return -EPROTO;
	*ns = strtod(at + strlen(key), NULL) * 1e6;
	return 0;
}

/* It comes back as another, in a pid namespace of its own, and ends at once. */
static int restart(uint64_t *ns)
{
	char *argv[] = { "bulkhead", "restart", "-d", IMAGE, NULL };
	char said[512];
	uint64_t began;
	int err = 0;

	if (!job.image)
		err = checkpoint("\"write_ms\": ", ns);
	if (err)
		return err;
	began = now_ns();
	err = run_tool(argv, CGROUP_DIR "/" BACK, STDOUT_FILENO, said, sizeof(said));
	*ns = now_ns() - began;
	end_cgroup(BACK, err ? 0 : atoi(said));
	return err;
}

static int once(const char *as, uint64_t *ns)
{
	if (!strcmp(as, "frozen"))
		return checkpoint("\"frozen_ms\": ", ns);
	if (!strcmp(as, "dump"))
		return checkpoint("\"write_ms\": ", ns);
	if (!strcmp(as, "restart"))
		return restart(ns);
	return order_all(strcmp(as, "write") ? ORDER_FORK : ORDER_WRITE, ns);
}

int ckpt_batch(struct batch *b)
{
	unsigned long i;
	uint64_t ns;
	int err = 0;

	b->ns = 0;
	for (i = 0; i < b->warm + b->done && !err; i++) {
		err = once(b->as, &ns);
		if (i >= b->warm)
			b->ns += ns;
	}
	return err;
}

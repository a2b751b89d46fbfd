// SPDX-License-Identifier: GPL-2.0
/* What can only be measured from outside the kernel: the crossings themselves. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench-guest.h"

#define MAX_PAGES	16384UL

static uint64_t cycles(void)
{
#ifdef __x86_64__
	return __builtin_ia32_rdtsc();
#else
	return 0;
#endif
}

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static int do_getppid(unsigned long n)
{
	while (n--)
		syscall(SYS_getppid);
	return 0;
}

static int do_open(unsigned long n)
{
	while (n--) {
		int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			return -errno;
		close(fd);
	}
	return 0;
}

static int wait_for(pid_t pid)
{
	int status;

	if (pid < 0)
		return -errno;
	return waitpid(pid, &status, 0) == pid && !status ? 0 : -ECHILD;
}

static int do_fork(unsigned long n)
{
	int err = 0;

	while (!err && n--) {
		/* not fork(3), whose handlers and locks are the library's */
		pid_t pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

		if (!pid)
			_exit(0);
		err = wait_for(pid);
	}
	return err;
}

static int do_exec(unsigned long n)
{
	static char *argv[] = { "bench-guest", "--nothing", NULL };
	int err = 0;

	while (!err && n--) {
		pid_t pid = vfork();

		if (!pid) {
			execve("/proc/self/exe", argv, NULL);
			_exit(127);
		}
		err = wait_for(pid);
	}
	return err;
}

static char *pages;
static unsigned long page_at;

static int do_fault(unsigned long n)
{
	while (n--)
		((volatile char *)pages)[page_at++ * 4096] = 1;
	return 0;
}

static int pipe_there[2], pipe_back[2];

/* Two tasks that pass a byte to and fro: four system calls, two context switches. */
static int do_pipe(unsigned long n)
{
	char c = 0;

	while (n--)
		if (write(pipe_there[1], &c, 1) != 1 || read(pipe_back[0], &c, 1) != 1)
			return -EIO;
	return 0;
}

static pid_t start_partner(void)
{
	pid_t pid;
	char c;

	if (pipe(pipe_there) || pipe(pipe_back))
		return -1;
	pid = fork();
	if (pid)
		return pid;
	close(pipe_there[1]);
	while (read(pipe_there[0], &c, 1) == 1 && write(pipe_back[1], &c, 1) == 1)
		;
	_exit(0);
}

static int end_partner(pid_t pid)
{
	close(pipe_there[0]);
	close(pipe_there[1]);
	close(pipe_back[0]);
	close(pipe_back[1]);
	return wait_for(pid);
}

static const struct batch *proc_batch;

static int do_proc(unsigned long n)
{
	return proc_read(proc_batch, n);
}

static const struct {
	const char *name;
	int (*run)(unsigned long n);
} operations[] = {
	{ "sys-getppid", do_getppid },
	{ "sys-open", do_open },
	{ "sys-fork", do_fork },
	{ "sys-exec", do_exec },
	{ "sys-fault", do_fault },
	{ "sys-pipe", do_pipe },
	{ "sys-proc", do_proc },
	{ "sys-setns", enter_run },
};

static int measure(int (*run)(unsigned long n), struct batch *b)
{
	int err = b->warm ? run(b->warm) : 0;

	if (err)
		return err;
	b->ns = now_ns();
	b->cycles = cycles();
	err = run(b->done);
	b->cycles = cycles() - b->cycles;
	b->ns = now_ns() - b->ns;
	return err;
}

int user_batch(const char *name, struct batch *b)
{
	size_t size = (b->done + b->warm) * 4096, i;
	pid_t partner = 0;
	int err, gone;

	/* what is timed there is a part of what is done */
	if (!strcmp(name, "sys-ckpt")) {
		err = ckpt_prepare(b);
		return err ? err : ckpt_batch(b);
	}
	for (i = 0; i < sizeof(operations) / sizeof(*operations); i++)
		if (!strcmp(operations[i].name, name))
			break;
	if (i == sizeof(operations) / sizeof(*operations))
		return -ENOENT;
	if (operations[i].run == do_fault) {
		if (b->done + b->warm > MAX_PAGES)
			return -ERANGE;
		page_at = 0;
		pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (pages == MAP_FAILED)
			return -errno;
	} else if (operations[i].run == do_pipe) {
		partner = start_partner();
		if (partner < 0)
			return -errno;
	} else if (operations[i].run == do_proc) {
		err = proc_prepare(b);
		if (err)
			return err;
		proc_batch = b;
	} else if (operations[i].run == enter_run) {
		err = enter_prepare(b);
		if (err)
			return err;
	}
	err = measure(operations[i].run, b);
	if (operations[i].run == do_fault)
		munmap(pages, size);
	if (operations[i].run == enter_run)
		enter_end();
	if (partner) {
		gone = end_partner(partner);
		err = err ? err : gone;
	}
	return err;
}

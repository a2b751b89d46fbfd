/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A process in uninterruptible sleep, for as long as the test wants it there.
 *
 * A thread of the test reads from a pipe into a page that userfaultfd(2) holds
 * back: it waits in the middle of the copy, with the pipe's mutex. Whoever
 * writes to that pipe then waits for the mutex, which nothing interrupts.
 */
#ifndef BULKHEAD_DWAIT_H
#define BULKHEAD_DWAIT_H

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include "file.h"
#include "proc.h"

/*
 * Says, shared with who is to sleep, that it is about to: other things on the
 * way there, as to move to a cgroup, may be uninterruptible sleep too.
 */
static volatile bool *dwait_begun;

struct dwait {
	int pipe[2];
	int uffd;
	char *page;
	pthread_t holder;
};

static inline void *dwait_holder(void *arg)
{
	struct dwait *d = arg;

	must(read(d->pipe[0], d->page, 1) == 1);
	return NULL;
}

/* Takes the mutex. false: the kernel has no userfaultfd. */
static inline bool dwait_begin(struct dwait *d)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	long size = sysconf(_SC_PAGESIZE);

	d->uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (d->uffd < 0)
		return false;
	must(!ioctl(d->uffd, UFFDIO_API, &api));
	d->page = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(d->page != MAP_FAILED);
	dwait_begun = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(dwait_begun != MAP_FAILED);
	reg.range.start = (unsigned long)d->page;
	reg.range.len = size;
	must(!ioctl(d->uffd, UFFDIO_REGISTER, &reg));
	must(!pipe(d->pipe));
	must(write(d->pipe[1], "x", 1) == 1);
	must(!pthread_create(&d->holder, NULL, dwait_holder, d));
	must(proc_poll(d->uffd, POLLIN, PROC_HANG_MS) & POLLIN);
	return true;
}

/* What the process that is to sleep does: returns after dwait_end(). */
static inline void dwait_sleep(struct dwait *d)
{
	*dwait_begun = true;
	must(write(d->pipe[1], "x", 1) == 1);
}

/* Waits until @pid is asleep in that. */
static inline bool dwait_sleeps(pid_t pid)
{
	char path[64], text[64];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	for (int i = 0; i < PROC_HANG_MS; i++) {
		bool begun = *dwait_begun;

		if (file_field(path, "State", text, sizeof(text)))
			return false;
		if (begun && text[0] == 'D')
			return true;
		poll(NULL, 0, 1);
	}
	return false;
}

/* Gives the mutex back. */
static inline void dwait_end(struct dwait *d)
{
	struct uffdio_zeropage zero = {
		.range.start = (unsigned long)d->page,
		.range.len = sysconf(_SC_PAGESIZE),
	};

	must(!ioctl(d->uffd, UFFDIO_ZEROPAGE, &zero));
	must(!pthread_join(d->holder, NULL));
	close(d->uffd);
}

#endif /* BULKHEAD_DWAIT_H */

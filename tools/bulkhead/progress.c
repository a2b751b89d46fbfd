// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "../lib/util.h"
#include "progress.h"

void progress_size(char *text, size_t size, unsigned long long bytes)
{
	static const char units[] = "KMGTPE";
	double n = bytes;
	int i = -1;

	while (n >= 1023.95 && i < 5) {
		n /= 1024;
		i++;
	}
	if (i < 0)
		snprintf(text, size, "%llu bytes", bytes);
	else
		snprintf(text, size, "%.1f %ciB", n, units[i]);
}

/* Bytes that a thread has written, whatever to: the kernel may not count them. */
static bool written_by(pid_t tid, unsigned long long *bytes)
{
	char path[64], *text, *at;

	snprintf(path, sizeof(path), "/proc/self/task/%d/io", tid);
	text = read_file(path, NULL);
	if (!text)
		return false;
	at = strstr(text, "wchar: ");
	if (at)
		*bytes = strtoull(at + 7, NULL, 10);
	free(text);
	return at;
}

/* A file says itself; of a pipe only the writer's own account tells. */
static void show(struct progress *p, int seconds)
{
	unsigned long long bytes;
	char size[32] = "";
	struct stat st;

	if (!fstat(p->fd, &st) && S_ISREG(st.st_mode))
		progress_size(size, sizeof(size), st.st_size);
	else if (written_by(p->writer, &bytes))
		progress_size(size, sizeof(size), bytes - p->before);
	dprintf(STDERR_FILENO, "\r\033[Kbulkhead: %s: %s%s%d s", p->what, size, *size ? ", " : "",
		seconds);
	p->shown = true;
}

static void *watch(void *arg)
{
	struct progress *p = arg;
	struct timespec next;
	int seconds;

	clock_gettime(CLOCK_MONOTONIC, &next);
	pthread_mutex_lock(&p->lock);
	for (seconds = 1; !p->stop; seconds++) {
		next.tv_sec++;
		while (!p->stop && !pthread_cond_timedwait(&p->wake, &p->lock, &next))
			;
		if (!p->stop)
			show(p, seconds);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

void progress_start(struct progress *p, const char *what, int fd)
{
	pthread_condattr_t attr;

	*p = (struct progress){ .what = what, .fd = fd, .writer = syscall(SYS_gettid) };
	if (!isatty(STDERR_FILENO))
		return;
	written_by(p->writer, &p->before);
	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p->wake, &attr);
	pthread_condattr_destroy(&attr);
	/* without it there is just nothing to see */
	p->running = !pthread_create(&p->thread, NULL, watch, p);
}

void progress_end(struct progress *p)
{
	if (!p->running)
		return;
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	pthread_cond_signal(&p->wake);
	pthread_mutex_unlock(&p->lock);
	pthread_join(p->thread, NULL);
	if (p->shown)
		dprintf(STDERR_FILENO, "\r\033[K");
}

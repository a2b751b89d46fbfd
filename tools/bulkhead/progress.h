/* SPDX-License-Identifier: GPL-2.0 */
/* A line on a terminal that tells how far a long write has come. */
#ifndef BULKHEAD_PROGRESS_H
#define BULKHEAD_PROGRESS_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

struct progress {
	bool running;
	bool stop;
	bool shown;
	const char *what;
	int fd;			/* what is written to */
	pid_t writer;		/* the thread that writes */
	unsigned long long before;	/* what that had written already */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
};

/*
 * After more than a second, if standard error is a terminal, tells how many
 * bytes of @what the caller has written to @fd.
 */
void progress_start(struct progress *p, const char *what, int fd);

/* Wipes the line out. */
void progress_end(struct progress *p);

/* A size for people: 12.3 MiB. */
void progress_size(char *text, size_t size, unsigned long long bytes);

#endif

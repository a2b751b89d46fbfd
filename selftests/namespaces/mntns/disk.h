/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The suite's disk with an ext4 on it: each program makes it anew, its tests
 * mount it one after the other.
 */
#ifndef MNTNS_DISK_H
#define MNTNS_DISK_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>
#include "proc.h"

#define DISK	"/dev/ubda"

static inline bool disk_is_there(void)
{
	return !access(DISK, W_OK);
}

/* Whether nothing has the disk mounted, which an exclusive open(2) tells. */
static inline bool disk_is_free(int ms)
{
	for (; ms >= 0; ms -= 10) {
		int fd = open(DISK, O_RDONLY | O_EXCL | O_CLOEXEC);

		if (fd >= 0) {
			close(fd);
			return true;
		}
		must(errno == EBUSY);
		poll(NULL, 0, ms ? 10 : 0);
	}
	return false;
}

/* Not before the mount of an earlier test, or program, is gone for good. */
static inline void disk_make(void)
{
	if (disk_is_there() && (!disk_is_free(PROC_HANG_MS) ||
				system("mkfs.ext4 -q -F " DISK)))
		fprintf(stderr, "# no ext4 was made on " DISK "\n");
}

#endif /* MNTNS_DISK_H */

/* SPDX-License-Identifier: GPL-2.0 */
/* A mount namespace with a tmpfs, for a job and for who restarts it. */
#ifndef BULKHEAD_OWN_H
#define BULKHEAD_OWN_H

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include "ckpt.h"

#define OWN	CKPT_DIR "/own"

static inline void mount_own(void)
{
	must(!unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must(!mkdir(OWN, 0700) || errno == EEXIST);
	must(!mount("own", OWN, "tmpfs", 0, "size=1m"));
}

/* Files of it are open, one of them deleted. */
static inline void fill_own(void)
{
	int fd = open(OWN "/file", O_CREAT | O_RDWR, 0600);

	must(fd >= 0 && write(fd, "contents", 8) == 8 && !link(OWN "/file", OWN "/name"));
	must(!symlink("file", OWN "/link") && !mkdir(OWN "/dir", 0700));
	fd = open(OWN "/gone", O_CREAT | O_RDWR, 0600);
	must(write(fd, "unlinked", 8) == 8 && !unlink(OWN "/gone"));
}

/* What the tool makes of it, as far as it is needed: names and sizes. Its root directory. */
static inline int make_own(void)
{
	int fd;

	mount_own();
	fd = open(OWN "/file", O_CREAT | O_RDWR, 0600);
	must(fd >= 0 && !ftruncate(fd, 8) && !link(OWN "/file", OWN "/name") && !close(fd));
	fd = open(OWN, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(fd >= 0);
	return fd;
}

#endif /* BULKHEAD_OWN_H */

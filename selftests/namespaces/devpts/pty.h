/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pseudoterminals of a test, in devpts instances at PTS, PTS2.
 */
#ifndef BULKHEAD_PTY_H
#define BULKHEAD_PTY_H

#include <sys/ioctl.h>
#include <termios.h>
#include "mnt.h"

#define DEV	MNT_AREA "/dev"
#define PTS	MNT_AREA "/dev/pts"
#define PTS2	MNT_AREA "/pts2"

static inline int pts_mount(const char *at, const char *options)
{
	return mnt_error(mount("devpts", at, "devpts", 0, options));
}

/* Opens the multiplexer @path for a new terminal. A file or -errno. */
static inline int pty_open(const char *path)
{
	return mnt_error(open(path, O_RDWR | O_NOCTTY | O_CLOEXEC));
}

/* The number of the terminal with the master @fd. */
static inline int pty_number(int fd)
{
	unsigned int n;

	return ioctl(fd, TIOCGPTN, &n) ? -errno : (int)n;
}

static inline int pty_unlock(int fd)
{
	int locked = 0;

	return mnt_error(ioctl(fd, TIOCSPTLCK, &locked));
}

/* Opens the other end by its path in the instance at @pts. */
static inline int pty_slave_at(const char *pts, int number)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%d", pts, number);
	return mnt_error(open(path, O_RDWR | O_NOCTTY | O_CLOEXEC));
}

/* The other end by its master alone. */
static inline int pty_peer(int fd)
{
	return mnt_error(ioctl(fd, TIOCGPTPEER, O_RDWR | O_NOCTTY |
			       O_CLOEXEC));
}

static inline bool pts_has(const char *pts, int number)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%d", pts, number);
	return mnt_exists(path);
}

/* Bytes as they are: no echo, no lines. */
static inline void pty_raw(int fd)
{
	struct termios t;

	must(!tcgetattr(fd, &t));
	cfmakeraw(&t);
	must(!tcsetattr(fd, TCSANOW, &t));
}

/* What comes out of @fd is @text, and there is no more. */
static inline bool pty_says(int fd, const char *text)
{
	char buf[64] = "";
	size_t len = 0;
	ssize_t n;

	while (len < strlen(text)) {
		if (!(proc_poll(fd, POLLIN, PROC_HANG_MS) & POLLIN))
			return false;
		n = read(fd, buf + len, sizeof(buf) - 1 - len);
		if (n <= 0)
			return false;
		len += n;
	}
	return !strcmp(buf, text) && !(proc_poll(fd, POLLIN, 0) & POLLIN);
}

#endif /* BULKHEAD_PTY_H */

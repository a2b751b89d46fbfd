/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Messages over AF_UNIX sockets, with what travels beside the text:
 * credentials, pidfds, files. What can be refused returns -errno.
 */
#ifndef BULKHEAD_UNIXMSG_H
#define BULKHEAD_UNIXMSG_H

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "proc.h"

#ifndef SCM_PIDFD
#define SCM_PIDFD	0x04
#endif
#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD	76
#define SO_PEERPIDFD	77
#endif
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS	83
#endif

#define UNIXMSG_FDS	8

struct unixmsg {
	ssize_t len;
	int flags;		/* msg_flags, MSG_CTRUNC among them */
	char text[256];
	bool has_cred, has_pidfd;
	struct ucred cred;
	int pidfd;
	int nr_fds, fd[UNIXMSG_FDS];
};

/* Sends @text, with @cred and @nr_fds files if there are any. 0 or -errno. */
static inline int unixmsg_send(int sk, const char *text, const struct ucred *cred,
			       const int *fds, int nr_fds)
{
	union {
		char buf[CMSG_SPACE(sizeof(struct ucred)) +
			 CMSG_SPACE(sizeof(int) * 256)];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { .iov_base = (void *)text, .iov_len = strlen(text) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c = (struct cmsghdr *)control.buf;

	if (cred) {
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_CREDENTIALS;
		c->cmsg_len = CMSG_LEN(sizeof(*cred));
		memcpy(CMSG_DATA(c), cred, sizeof(*cred));
		msg.msg_controllen += CMSG_SPACE(sizeof(*cred));
		c = (struct cmsghdr *)(control.buf + msg.msg_controllen);
	}
	if (nr_fds) {
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * nr_fds);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * nr_fds);
		msg.msg_controllen += CMSG_SPACE(sizeof(int) * nr_fds);
	}
	if (msg.msg_controllen)
		msg.msg_control = control.buf;
	if (sendmsg(sk, &msg, MSG_NOSIGNAL) < 0)
		return -errno;
	return 0;
}

static inline int unixmsg_say(int sk, const char *text)
{
	return unixmsg_send(sk, text, NULL, NULL, 0);
}

static inline void unixmsg_parse(struct unixmsg *m, struct msghdr *msg)
{
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET)
			continue;
		switch (c->cmsg_type) {
		case SCM_CREDENTIALS:
			m->has_cred = true;
			memcpy(&m->cred, CMSG_DATA(c), sizeof(m->cred));
			break;
		case SCM_PIDFD:
			m->has_pidfd = true;
			memcpy(&m->pidfd, CMSG_DATA(c), sizeof(m->pidfd));
			break;
		case SCM_RIGHTS:
			m->nr_fds = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
			memcpy(m->fd, CMSG_DATA(c), m->nr_fds * sizeof(int));
			break;
		}
	}
}

/*
 * Takes a message, with at most @room bytes beside the text; waits for one that
 * is on its way. Returns 0 or -errno; what came is in @m.
 */
static inline int unixmsg_take_room(int sk, struct unixmsg *m, int flags, size_t room)
{
	union {
		char buf[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(int)) +
			 CMSG_SPACE(sizeof(int) * UNIXMSG_FDS)];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { .iov_base = m->text, .iov_len = sizeof(m->text) - 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = room ? control.buf : NULL,
		.msg_controllen = room < sizeof(control) ? room : sizeof(control),
	};

	memset(m, 0, sizeof(*m));
	m->pidfd = -1;
	if (!proc_poll(sk, POLLIN, PROC_HANG_MS))
		return -ETIMEDOUT;
	m->len = recvmsg(sk, &msg, flags | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (m->len < 0)
		return -errno;
	m->text[m->len] = '\0';
	m->flags = msg.msg_flags;
	unixmsg_parse(m, &msg);
	return 0;
}

static inline int unixmsg_take(int sk, struct unixmsg *m, int flags)
{
	return unixmsg_take_room(sk, m, flags, SIZE_MAX);
}

/* Whether nothing waits to be received. */
static inline bool unixmsg_none(int sk)
{
	return !(proc_poll(sk, POLLIN, 0) & POLLIN);
}

/* SOL_SOCKET's option @name. Returns 0 or -errno. */
static inline int unix_set(int sk, int name, int value)
{
	return setsockopt(sk, SOL_SOCKET, name, &value, sizeof(value)) ? -errno : 0;
}

/* The option's value, or -errno. */
static inline int unix_get(int sk, int name)
{
	socklen_t len = sizeof(int);
	int value;

	return getsockopt(sk, SOL_SOCKET, name, &value, &len) ? -errno : value;
}

/* Fills in @a; a name that starts with '@' is abstract. Returns its length. */
static inline socklen_t unix_address(struct sockaddr_un *a, const char *name)
{
	size_t len = strlen(name);

	must(len < sizeof(a->sun_path));
	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	memcpy(a->sun_path, name, len);
	if (name[0] != '@')
		return offsetof(struct sockaddr_un, sun_path) + len + 1;
	a->sun_path[0] = '\0';
	return offsetof(struct sockaddr_un, sun_path) + len;
}

/* A socket bound to @name, and listening unless it is SOCK_DGRAM. */
static inline int unix_bound(int type, const char *name)
{
	struct sockaddr_un a;
	socklen_t len = unix_address(&a, name);
	int sk = socket(AF_UNIX, type | SOCK_CLOEXEC, 0), err;

	if (sk < 0)
		return -errno;
	if (!bind(sk, (struct sockaddr *)&a, len) &&
	    (type == SOCK_DGRAM || !listen(sk, 16)))
		return sk;
	err = -errno;
	close(sk);
	return err;
}

static inline int unix_connect(int sk, const char *name)
{
	struct sockaddr_un a;
	socklen_t len = unix_address(&a, name);

	return connect(sk, (struct sockaddr *)&a, len) ? -errno : 0;
}

/* A socket connected to @name, or -errno. */
static inline int unix_connected(int type, const char *name)
{
	int sk = socket(AF_UNIX, type | SOCK_CLOEXEC, 0), err;

	if (sk < 0)
		return -errno;
	err = unix_connect(sk, name);
	if (!err)
		return sk;
	close(sk);
	return err;
}

static inline int unix_accept(int sk)
{
	int fd;

	if (!(proc_poll(sk, POLLIN, PROC_HANG_MS) & POLLIN))
		return -ETIMEDOUT;
	fd = accept4(sk, NULL, NULL, SOCK_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

#endif /* BULKHEAD_UNIXMSG_H */

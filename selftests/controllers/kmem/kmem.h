/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Things that a process can have the kernel allocate memory for. Slab memory
 * is charged by the page and counted by the byte, so numbers are lower bounds
 * of what an object can be, times many objects.
 */
#ifndef KMEM_H
#define KMEM_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include "memcg.h"

MEMCG_FIXTURE(kmem)

/* What comes and goes with processes that look at the numbers. */
#define NOISE	KB(192)

/* Waits until RCU has freed what it was given so far; Linux 5.19 and later. */
static inline void rcu_barrier(void)
{
	file_write("/sys/module/rcutree/parameters/do_rcu_barrier", "1");
}

static inline void allow_files(void)
{
	struct rlimit r = { 1 << 20, 1 << 20 };

	must(!file_write("/proc/sys/fs/nr_open", "1048576"));
	must(!setrlimit(RLIMIT_NOFILE, &r));
}

/* Each makes one of a kind. Returns what open(2) would. */
static inline int make_file(int i)
{
	(void)i;
	return open("/dev/null", O_RDWR);
}

static inline int make_eventfd(int i)
{
	(void)i;
	return eventfd(0, 0);
}

static inline int make_timerfd(int i)
{
	(void)i;
	return timerfd_create(CLOCK_MONOTONIC, 0);
}

static inline int make_socket(int i)
{
	(void)i;
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

static inline int make_pipe(int i)
{
	int fd[2];

	(void)i;
	return pipe(fd) ? -1 : fd[0];
}

static inline int make_pipe_full(int i)
{
	static char buf[1 << 16];
	int fd[2];

	(void)i;
	if (pipe2(fd, O_NONBLOCK))
		return -1;
	return write(fd[1], buf, sizeof(buf)) > 0 ? fd[0] : -1;
}

static inline int make_epoll(int i)
{
	struct epoll_event e = { .events = EPOLLIN };
	int fd = epoll_create1(0), event = eventfd(0, 0);

	(void)i;
	if (fd < 0 || event < 0)
		return -1;
	return epoll_ctl(fd, EPOLL_CTL_ADD, event, &e) ? -1 : fd;
}

static inline int make_inode(int i)
{
	char name[32];

	snprintf(name, sizeof(name), "kmem-inode-%d", i);
	return mkdir(name, 0700);
}

static inline int make_message(int i)
{
	struct {
		long type;
		char text[4000];
	} m = { .type = 1 };
	static int id;

	if (i % 4 == 0)
		id = msgget(IPC_PRIVATE, 0600);
	return msgsnd(id, &m, sizeof(m.text), IPC_NOWAIT);
}

static inline int make_mapping(int i)
{
	/* With alternating rights, or they become one. */
	return mmap(NULL, PAGE, i & 1 ? PROT_READ : PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}

static const struct kind {
	const char *name;
	int (*make)(int i);
	int many;
	long least;	/* bytes that one takes, at least */
} kinds[] = {
	{ "files", make_file, 3000, 150 },
	{ "eventfds", make_eventfd, 3000, 150 },
	{ "timerfds", make_timerfd, 1500, 250 },
	{ "sockets", make_socket, 500, 1000 },
	{ "pipes", make_pipe, 750, 600 },
	{ "full pipes", make_pipe_full, 32, 60000 },
	{ "epoll items", make_epoll, 750, 500 },
	{ "inodes and dentries", make_inode, 500, 600 },
	{ "messages", make_message, 200, 3500 },
	{ "mappings", make_mapping, 3000, 100 },
};

/* Takes away what stays when the process that made it is gone. */
static inline void forget(void)
{
	struct msqid_ds ds;
	int top = msgctl(0, MSG_INFO, (void *)&ds);

	for (int i = 0; i <= top; i++) {
		int id = msgctl(i, MSG_STAT, &ds);

		if (id >= 0)
			msgctl(id, IPC_RMID, NULL);
	}
	for (int i = 0; ; i++) {
		char name[32];

		snprintf(name, sizeof(name), "kmem-inode-%d", i);
		if (rmdir(name))
			break;
	}
}

/* The loopback device of a net namespace of one's own. */
static inline void own_network(void)
{
	struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	must(!unshare(CLONE_NEWNET));
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	must(fd >= 0);
	must(!ioctl(fd, SIOCSIFFLAGS, &r));
	close(fd);
}

/* Two connected TCP sockets. */
static inline void tcp_pair(int fd[2])
{
	struct sockaddr_in a = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(a);
	int l = socket(AF_INET, SOCK_STREAM, 0);

	must(!bind(l, (void *)&a, sizeof(a)));
	must(!listen(l, 1));
	must(!getsockname(l, (void *)&a, &len));
	fd[0] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	must(!connect(fd[0], (void *)&a, len) || errno == EINPROGRESS);
	fd[1] = accept(l, NULL, NULL);
	must(fd[1] >= 0);
	close(l);
}

/* Sends what the other end does not read. Returns the bytes. */
static inline long stuff(int fd, long most)
{
	static char buf[1 << 14];
	long sum = 0;
	ssize_t n;

	while (sum < most) {
		n = send(fd, buf, sizeof(buf), MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n <= 0)
			break;
		sum += n;
	}
	return sum;
}

#endif /* KMEM_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Processes of a test: start, keep in step, wait for, look at.
 *
 * The harness's ASSERT_*() belong to the test's own process. A process that a
 * test forks says must(): when the condition does not hold it tells where and
 * why, and exits 1, which the test sees as the process's exit status. That
 * works in every namespace, at every depth, and as a namespace's init (which
 * abort() would not end in the usual way).
 */
#ifndef BULKHEAD_PROC_H
#define BULKHEAD_PROC_H

#include <errno.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long something that must happen may take; only a hang takes this long. */
#define PROC_HANG_MS	15000

/*
 * The harness ends a test after 30 seconds, so that one that hangs does not hang
 * them all. On a debug kernel, on a machine with other things to do, some take
 * that long and are well. (Where the harness is included first.)
 */
#ifdef TEST_TIMEOUT_DEFAULT
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	120
#endif

#define must(cond) do {							\
	if (!(cond)) {							\
		fprintf(stderr, "# %s:%d: not so: %s (errno %d, %s)\n",	\
			__FILE__, __LINE__, #cond, errno,		\
			strerror(errno));				\
		_exit(1);						\
	}								\
} while (0)

/* clone3(2) with a fork's semantics. Returns as fork(2), or -errno. */
static inline pid_t proc_clone3(struct clone_args *args)
{
	pid_t pid = syscall(SYS_clone3, args, sizeof(*args));

	return pid < 0 ? -errno : pid;
}

/* fork(2) with clone flags, without a stack of its own. */
static inline pid_t proc_fork(uint64_t flags)
{
	struct clone_args args = { .flags = flags, .exit_signal = SIGCHLD };

	return proc_clone3(&args);
}

/*
 * The same, and the child is killed when its parent dies: for what a test
 * starts first, so that a failed test leaves nothing behind.
 */
static inline pid_t proc_fork_bound(uint64_t flags)
{
	pid_t pid = proc_fork(flags);

	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

/* Whether the running kernel is older than @major.@minor. */
static inline bool proc_kernel_before(int major, int minor)
{
	int v = 0, p = 0;
	struct utsname u;

	must(!uname(&u) && sscanf(u.release, "%d.%d", &v, &p) == 2);
	return v < major || (v == major && p < minor);
}

static inline int proc_pidfd(pid_t pid)
{
	int fd = syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : fd;
}

static inline int proc_pidfd_signal(int pidfd, int sig)
{
	return syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0) ? -errno : 0;
}

/* Reaps @pid. Returns its wait status, or -errno. */
static inline int proc_reap(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, __WALL) < 0)
		if (errno != EINTR)
			return -errno;
	return status;
}

/* Reaps @pid. Returns its exit status, -signal, or -1000 - errno. */
static inline int proc_end(pid_t pid)
{
	int status = proc_reap(pid);

	if (status < 0)
		return status - 1000;
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* Kills and reaps. Returns as proc_end(). */
static inline int proc_kill(pid_t pid)
{
	kill(pid, SIGKILL);
	return proc_end(pid);
}

/* Waits until @pid, a child, is a zombie, and leaves it one. */
static inline int proc_await_zombie(pid_t pid)
{
	siginfo_t si;

	return waitid(P_PID, pid, &si, WEXITED | WNOWAIT | __WALL) ? -errno : 0;
}

/* Whether @fd has @events (or an error, or a hang-up) within @ms. */
static inline short proc_poll(int fd, short events, int ms)
{
	struct pollfd p = { .fd = fd, .events = events };
	int n;

	do {
		n = poll(&p, 1, ms);
	} while (n < 0 && errno == EINTR);
	return n > 0 ? p.revents : 0;
}

static inline void __attribute__((noreturn)) proc_sleep_forever(void)
{
	for (;;)
		pause();
}

/*
 * A baton: one process passes it, another takes it, and nothing is left to
 * timing. It can carry a number. Passing never blocks.
 */
struct baton {
	int fd[2];
};

static inline struct baton baton_make(void)
{
	struct baton b;

	must(!pipe(b.fd));
	return b;
}

static inline void baton_pass(struct baton *b, int value)
{
	must(write(b->fd[1], &value, sizeof(value)) == sizeof(value));
}

static inline int baton_take(struct baton *b)
{
	int value;

	must(proc_poll(b->fd[0], POLLIN, PROC_HANG_MS) & POLLIN);
	must(read(b->fd[0], &value, sizeof(value)) == sizeof(value));
	return value;
}

/*
 * A lifeline: everybody forked after lifeline_make() holds it; once the test
 * has called lifeline_watch(), lifeline_cut() says whether the last of them
 * has died. Death closes files before it tells the parent, so a process that
 * was waited for no longer holds the line.
 */
struct lifeline {
	int fd[2];
};

static inline struct lifeline lifeline_make(void)
{
	struct lifeline l;

	must(!pipe(l.fd));
	return l;
}

static inline void lifeline_watch(struct lifeline *l)
{
	close(l->fd[1]);
	l->fd[1] = -1;
}

static inline bool lifeline_cut(struct lifeline *l, int ms)
{
	return proc_poll(l->fd[0], POLLIN, ms) & POLLHUP;
}

/* Gives up root for good, capabilities included. */
static inline void proc_become_nobody(void)
{
	must(!setresgid(65534, 65534, 65534));
	must(!setresuid(65534, 65534, 65534));
	/* Changing ids made the process undumpable, and its /proc root's. */
	must(!prctl(PR_SET_DUMPABLE, 1));
}

#endif /* BULKHEAD_PROC_H */

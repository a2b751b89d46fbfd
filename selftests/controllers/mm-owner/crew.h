/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A crew: processes that share one address space and live in cgroups of their
 * own. Each does what the test tells it, one thing at a time, and reports
 * the cgroup that a page was charged to.
 *
 * Only the captain is the test's child by fork(2) and has its own copy of the
 * test's memory; whoever joins is cloned with CLONE_VM by a member. So members
 * share all variables, errno included, but not their open files, and as only
 * one of them has something to do at any time they do not get into each
 * other's way.
 */
#ifndef CREW_H
#define CREW_H

#include <pthread.h>
#include <sched.h>
#include <sys/ptrace.h>
#include "memcg.h"

enum order {
	PAGE_PLEASE,	/* use a fresh page; whose is it? */
	LOTS_PLEASE,	/* use 4M; whose is the last page? */
	PAGE_AGAIN,	/* whose is the first of these pages now? */
	PID_PLEASE,
	RECRUIT,	/* clone another member with CLONE_VM; its pid */
	RECRUIT_PEER,	/* the same, with CLONE_PARENT */
	RECRUIT_VFORK,	/* the same, with CLONE_VFORK: replies when it is over */
	FORK,		/* a member with a copy of the memory; its pid */
	THREAD,		/* start a thread as another member */
	RAW_THREAD,	/* the same for who was recruited: libc knows only one group */
	PIPES,		/* fill pipes with 2M */
	EXEC,		/* become another program, and go on as the same member */
	LEAVE,		/* exit */
	LEAVE_THREAD,	/* exit this thread only */
};

/* Recruiting says which member it is to be. */
#define AS(who)		((who) << 8)

#define CREW_MAX	6

static struct {
	struct baton order, reply;
} crew[CREW_MAX];

/* In the address space of the crew: the first page that was asked for. */
static char *first_page;

static void serve(int me);

static inline int recruit_main(void *arg)
{
	serve((intptr_t)arg);
	return 0;
}

static inline void *recruit_thread(void *arg)
{
	serve((intptr_t)arg);
	return NULL;
}

static inline int recruit(int flags, int who)
{
	const size_t size = KB(128);
	char *stack = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	int pid;

	must(stack != MAP_FAILED);
	pid = clone(recruit_main, stack + size, CLONE_VM | flags | SIGCHLD,
		    (void *)(intptr_t)who);
	must(pid > 0);
	return pid;
}

static inline int page_please(size_t size)
{
	char *p = map_used(size);

	if (!first_page)
		first_page = p;
	return page_cgroup(p + size - PAGE);
}

/* As one string, for a member to find its way back after an exec. */
static inline void crew_exec(int me)
{
	char who[16], fds[CREW_MAX * 4 * 12] = "", *at = fds;

	for (int i = 0; i < CREW_MAX; i++)
		at += sprintf(at, "%d %d %d %d ",
			      crew[i].order.fd[0], crew[i].order.fd[1],
			      crew[i].reply.fd[0], crew[i].reply.fd[1]);
	sprintf(who, "%d", me);
	execl("/proc/thread-self/exe", "crew", "--serve", who, fds, NULL);
	must(!"exec");
}

/* What main() does first. Returns only to the harness's process. */
static inline void crew_main(int argc, char **argv)
{
	char *at;

	if (argc != 4 || strcmp(argv[1], "--serve"))
		return;
	at = argv[3];
	for (int i = 0; i < CREW_MAX; i++) {
		crew[i].order.fd[0] = strtol(at, &at, 10);
		crew[i].order.fd[1] = strtol(at, &at, 10);
		crew[i].reply.fd[0] = strtol(at, &at, 10);
		crew[i].reply.fd[1] = strtol(at, &at, 10);
	}
	/* That it has become another program is the reply to the order. */
	baton_pass(&crew[atoi(argv[2])].reply, getpid());
	serve(atoi(argv[2]));
}

static inline void fill_pipes(long bytes)
{
	static char buf[1 << 16];

	while (bytes > 0) {
		int fd[2];

		must(!pipe2(fd, O_NONBLOCK));
		while (write(fd[1], buf, sizeof(buf)) > 0)
			bytes -= sizeof(buf);
	}
}

static void serve(int me)
{
	for (;;) {
		int order = baton_take(&crew[me].order), who = order >> 8;
		int value = 0;
		pthread_t thread;

		switch (order & 255) {
		case PAGE_PLEASE:
			value = page_please(PAGE);
			break;
		case LOTS_PLEASE:
			value = page_please(MB(4));
			break;
		case PAGE_AGAIN:
			value = page_cgroup(first_page);
			break;
		case PID_PLEASE:
			value = syscall(SYS_getpid);
			break;
		case RECRUIT:
			value = recruit(0, who);
			break;
		case RECRUIT_PEER:
			value = recruit(CLONE_PARENT, who);
			break;
		case RECRUIT_VFORK:
			value = recruit(CLONE_VFORK, who);
			break;
		case FORK:
			value = proc_fork(0);
			must(value >= 0);
			if (!value) {
				me = who;
				continue;
			}
			break;
		case THREAD:
			must(!pthread_create(&thread, NULL, recruit_thread,
					     (void *)(intptr_t)who));
			break;
		case RAW_THREAD:
			recruit(CLONE_THREAD | CLONE_SIGHAND | CLONE_FILES, who);
			break;
		case PIPES:
			fill_pipes(MB(2));
			break;
		case EXEC:
			crew_exec(me);
			break;
		case LEAVE:
			_exit(0);
		case LEAVE_THREAD:
			syscall(SYS_exit, 0);
		}
		baton_pass(&crew[me].reply, value);
	}
}

/* What the test says to a member, and its reply. */
static inline void tell(int who, int order)
{
	baton_pass(&crew[who].order, order);
}

static inline int hear(int who)
{
	return baton_take(&crew[who].reply);
}

static inline int ask(int who, int order)
{
	tell(who, order);
	return hear(who);
}

/* Member 0, in @cg, with an address space that it is the owner of. */
static inline pid_t captain(const char *cg)
{
	pid_t pid;

	for (int i = 0; i < CREW_MAX; i++) {
		crew[i].order = baton_make();
		crew[i].reply = baton_make();
	}
	/* Orphans become the test's children, and it can wait for them. */
	must(!prctl(PR_SET_CHILD_SUBREAPER, 1));
	pid = cg_fork_bound(cg);
	if (!pid)
		serve(0);
	must(pid > 0);
	return pid;
}

/* Member @who, cloned by member @by as @how says and moved to @cg. */
static inline pid_t join(int by, int how, int who, const char *cg)
{
	pid_t pid = ask(by, how | AS(who));

	must(pid > 0);
	must(!cg_enter(cg, pid));
	return pid;
}

/* Member @who leaves, and is a zombie or gone when this returns. */
static inline void leave(int who, pid_t pid)
{
	tell(who, LEAVE);
	must(!proc_await_zombie(pid));
}

MEMCG_FIXTURE(owner)

/* A third cgroup next to a and b. */
static inline const char *third(const char *top)
{
	static char c[PATH_MAX];

	must(!cg_create(cg_path(c, top, "c")));
	return c;
}

#endif /* CREW_H */

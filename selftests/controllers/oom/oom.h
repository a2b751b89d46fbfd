/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the OOM killer said, and who is left to hear it.
 *
 * A victim's memory is uncharged some time after its kill is over and done
 * with for the OOM killer, so who needs memory in that moment is killed as well.
 * Tests therefore look for the first victim in the log, and expect to survive
 * only those who are not about to use memory.
 */
#ifndef OOM_H
#define OOM_H

#include <pthread.h>
#include <sched.h>
#include "memcg.h"

MEMCG_FIXTURE(oom)

/* The kernel's log from now on. */
static inline int log_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	must(fd >= 0);
	must(lseek(fd, 0, SEEK_END) >= 0);
	return fd;
}

/* The next record with @word in it. Returns false when there is none. */
static inline bool log_find(int fd, const char *word, char *record, size_t size)
{
	ssize_t n;

	for (;;) {
		n = read(fd, record, size - 1);
		if (n < 0 && errno == EPIPE)
			continue;
		if (n < 0)
			return false;
		record[n] = '\0';
		if (strstr(record, word))
			return true;
	}
}

/* The next victim that the log tells of, or 0. */
static inline pid_t log_victim(int fd)
{
	static const char killed[] = "Killed process ";
	char record[8192];

	if (!log_find(fd, killed, record, sizeof(record)))
		return 0;
	return atoi(strstr(record, killed) + strlen(killed));
}

static inline bool alive(pid_t pid)
{
	siginfo_t si = { 0 };

	must(!waitid(P_PID, pid, &si, WEXITED | WNOHANG | WNOWAIT));
	return !si.si_pid;
}

/* A process in @cg with @size bytes and @adj, that stays. */
static inline pid_t resident(const char *cg, size_t size, int adj)
{
	struct baton full = baton_make();
	pid_t pid = cg_fork_bound(cg);

	if (!pid) {
		must(!file_printf("/proc/self/oom_score_adj", "%d", adj));
		map_used(size);
		baton_pass(&full, 0);
		proc_sleep_forever();
	}
	must(pid > 0);
	baton_take(&full);
	/* Or it may yet be about to use a page. */
	settles_down(pid);
	return pid;
}

/* A process in @cg that wants @size bytes, until it has them or is dead. */
static inline pid_t glutton(const char *cg, size_t size, int adj)
{
	pid_t pid = cg_fork_bound(cg);

	if (!pid) {
		must(!file_printf("/proc/self/oom_score_adj", "%d", adj));
		map_used(size);
		_exit(0);
	}
	must(pid > 0);
	return pid;
}

/* Two cgroups below @cg. */
static inline void divide(const char *cg, char *x, char *y)
{
	must(!cg_write(cg, "cgroup.subtree_control", "+memory"));
	must(!cg_create(cg_path(x, cg, "x")));
	must(!cg_create(cg_path(y, cg, "y")));
}

#endif /* OOM_H */

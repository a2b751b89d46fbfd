/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Children whose numbers are chosen: what the programs of this suite share.
 */
#ifndef CLONE_PID_H
#define CLONE_PID_H

#include "kselftest_harness.h"
#include "ns.h"
#include "proc.h"

#define LAST_PID	"/proc/sys/kernel/ns_last_pid"
#define PID_MAX		"/proc/sys/kernel/pid_max"

/* pid_namespaces(7): "up to 32" below the initial one; set_tid has as many. */
#define MAX_DEPTH	32

/* alloc_pid(): after a wrap, numbers start here. */
#define RESERVED_PIDS	300

/* A fork whose child is tids[0] in its own namespace, tids[1] in the next ... */
static inline pid_t fork_as(uint64_t flags, const pid_t *tids, size_t n)
{
	struct clone_args args = {
		.flags = flags,
		.exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD,
		.set_tid = (uintptr_t)tids,
		.set_tid_size = n,
	};

	return proc_clone3(&args);
}

/* The same for one level, and the child is gone at once. Returns its number. */
static inline pid_t try_number(pid_t tid)
{
	pid_t pid = fork_as(0, &tid, 1);

	if (!pid)
		_exit(getpid() == tid ? 0 : 1);
	if (pid > 0)
		must(proc_end(pid) == 0);
	return pid;
}

/* A child with that number, which stays until it is killed. */
static inline pid_t sleeper_as(pid_t tid)
{
	pid_t pid = fork_as(0, &tid, 1);

	if (!pid)
		proc_sleep_forever();
	return pid;
}

/* A child whose number nobody chose, gone at once. Returns its number. */
static inline pid_t spend_a_number(void)
{
	pid_t pid = proc_fork(0);

	if (!pid)
		_exit(0);
	if (pid > 0)
		must(proc_end(pid) == 0);
	return pid;
}

/*
 * The caller's numbers as the file system at @proc has them, innermost last.
 * Returns how many there are.
 */
static inline size_t own_numbers(const char *proc, pid_t *nr, size_t max)
{
	char path[64], text[512], *at = text;
	size_t n = 0;

	snprintf(path, sizeof(path), "%s/thread-self/status", proc);
	must(!file_field(path, "NSpid", text, sizeof(text)));
	for (; *at && n < max; n++)
		nr[n] = strtol(at, &at, 10);
	return n;
}

/* How many pid namespaces the caller lives in, the initial one included. */
static inline size_t own_levels(void)
{
	pid_t nr[MAX_DEPTH + 1];

	return own_numbers("/proc", nr, MAX_DEPTH + 1);
}

#endif /* CLONE_PID_H */

// SPDX-License-Identifier: GPL-2.0
/*
 * Namespaces that are entered: sys-setns.
 *
 * To and fro between the task's own namespace and that of a child. From a user namespace there is
 * no way back: there each step leads one deeper, down a chain that was made before.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../init/guest.h"
#include "bench-guest.h"

/* The kernel has 33 user namespaces below each other, the first one included. */
#define MAX_DEPTH	31

static const struct kind {
	const char *name, *file;
	int flag;
} kinds[] = {
	{ "uts", "uts", CLONE_NEWUTS },
	{ "ipc", "ipc", CLONE_NEWIPC },
	{ "mnt", "mnt", CLONE_NEWNS },
	{ "net", "net", CLONE_NEWNET },
	{ "cgroup", "cgroup", CLONE_NEWCGROUP },
	{ "pid", "pid_for_children", CLONE_NEWPID },
	{ "user", "user", CLONE_NEWUSER },
	/* its file in /proc is that of the children, too */
	{ "time", "time_for_children", 0x80 },
};

static int steps[MAX_DEPTH], nsteps, at;
static bool back;

static int open_namespace(pid_t pid, const char *file)
{
	char path[64];
	int fd;

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, file);
	else
		snprintf(path, sizeof(path), "/proc/self/ns/%s", file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Who makes the next one must have a name in the one before. */
static int map_root(void)
{
	return write_text("/proc/self/setgroups", "deny") || write_text("/proc/self/uid_map", "0 0 1") ||
	       write_text("/proc/self/gid_map", "0 0 1") ? errno : 0;
}

/* What a child has a namespace for: it lives until the parent has it open. */
static void hold(const struct kind *k, int ready, int release)
{
	bool last = k->flag != CLONE_NEWPID;
	int err = unshare(k->flag) ? errno : 0, status;
	char c;

	if (!err && k->flag == CLONE_NEWUSER)
		err = map_root();
	/* There is no pid namespace to be opened before it has a first process. */
	if (!err && !last) {
		pid_t pid = fork();

		if (!pid) {
			if (read(release, &c, 1) < 0)
				_exit(1);
			_exit(0);
		}
		err = pid < 0 ? errno : 0;
	}
	if (write(ready, &err, sizeof(err)) != sizeof(err) || read(release, &c, 1) < 0)
		_exit(1);
	while (wait(&status) > 0)
		;
	_exit(0);
}

/* The namespace of a child, which begins in the last of those that there are. */
static int add_step(const struct kind *k)
{
	int ready[2], release[2], err = 0, status, fd;
	pid_t pid;

	if (pipe(ready) || pipe(release))
		return -errno;
	pid = fork();
	if (!pid) {
		close(release[1]);
		if (back || !nsteps || !setns(steps[nsteps - 1], k->flag))
			hold(k, ready[1], release[0]);
		_exit(1);
	}
	close(ready[1]);
	close(release[0]);
	if (pid < 0)
		err = -errno;
	else if (read(ready[0], &err, sizeof(err)) != sizeof(err))
		err = -ECHILD;
	else
		err = -err;
	fd = err ? err : open_namespace(pid, k->file);
	close(ready[0]);
	close(release[1]);
	if (pid > 0)
		waitpid(pid, &status, 0);
	if (fd < 0)
		return fd;
	steps[nsteps++] = fd;
	return 0;
}

int enter_prepare(const struct batch *b)
{
	const struct kind *k = kinds;
	unsigned long wanted = 1;
	int err = 0;

	while (k < kinds + sizeof(kinds) / sizeof(*kinds) && strcmp(k->name, b->file))
		k++;
	if (k == kinds + sizeof(kinds) / sizeof(*kinds))
		return -EINVAL;
	nsteps = at = 0;
	back = k->flag != CLONE_NEWUSER;
	if (!back)
		wanted = b->done + b->warm;
	if (wanted > MAX_DEPTH)
		return -ERANGE;
	while (!err && wanted--)
		err = add_step(k);
	if (!err && back) {
		steps[nsteps] = open_namespace(0, k->file);
		err = steps[nsteps] < 0 ? steps[nsteps] : 0;
		nsteps += !err;
	}
	if (err)
		enter_end();
	return err;
}

int enter_run(unsigned long n)
{
	while (n--) {
		if (setns(steps[at], 0))
			return -errno;
		at = back ? !at : at + 1;
	}
	return 0;
}

void enter_end(void)
{
	/* Home, whether the number of steps was even or not. */
	if (back && nsteps == 2 && at)
		setns(steps[1], 0);
	while (nsteps)
		close(steps[--nsteps]);
}

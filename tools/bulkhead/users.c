// SPDX-License-Identifier: GPL-2.0
/*
 * User namespaces for a restart. Each is made by a helper in the one above it,
 * with the ids of who made it once, and is held by a file: nobody has to live in
 * it, and the processes of the image enter it last of all. Helpers share the table
 * of open files with their maker: to find what they opened there, and because
 * whoever closes the device by its end gives the restart up.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/checkpoint.h>
#include <linux/checkpoint_image.h>
#include <linux/sched.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../lib/util.h"
#include "bulkhead.h"
#include "device.h"
#include "say.h"
#include "users.h"

/* What one write(2) to a map may have, see user_namespaces(7). */
#define MAP_TEXT	4096

#define RECORD_MAX	(sizeof(struct ckpt_ns) + sizeof(struct ckpt_user) + \
			 3 * CKPT_EXTENTS_MAX * sizeof(struct ckpt_extent))

/* The file of each, by the id of its NS; 0 for none: it is no standard file. */
static int files[CKPT_NS_MAX + 1];

/* What a helper tells. */
struct told {
	int fd;
	pid_t held;	/* of a failure: who is left */
	char why[256];
};

static void __attribute__((noreturn, format(printf, 2, 3)))
give_up(struct told *told, const char *fmt, ...)
{
	const char *error = strerror(errno);
	size_t len;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(told->why, sizeof(told->why), fmt, ap);
	va_end(ap);
	len = strlen(told->why);
	snprintf(told->why + len, sizeof(told->why) - len, ": %s", error);
	_exit(EXIT_REFUSED);
}

static pid_t make_helper(uint64_t flags, const pid_t *pids, size_t n)
{
	struct clone_args args = {
		.flags = flags | CLONE_FILES,
		.set_tid = n ? (uintptr_t)pids : 0,
		.set_tid_size = n,
	};

	return syscall(SYS_clone3, &args, sizeof(args));
}

static void put(struct told *told, pid_t pid, const char *name, const char *text)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		give_up(told, "%s", name);
	close(fd);
}

/* Writes @n extents, none to a map that never was. */
static void put_map(struct told *told, pid_t pid, const char *name, const struct ckpt_extent *e,
		    uint32_t n)
{
	char text[MAP_TEXT + 64];
	size_t len = 0;
	uint32_t i;

	for (i = 0; i < n && len < MAP_TEXT; i++)
		len += snprintf(text + len, sizeof(text) - len, "%s%u %u %u", i ? "\n" : "",
				le32toh(e[i].first), le32toh(e[i].lower), le32toh(e[i].count));
	if (n)
		put(told, pid, name, text);
}

/* A namespace gets the limits of its maker: as high as they were, if they may be. */
static void raise_limits(const struct ckpt_user *u)
{
	static const int resources[CKPT_NR_USER_RLIMITS] = {
		[CKPT_RLIMIT_NPROC] = RLIMIT_NPROC,
		[CKPT_RLIMIT_MSGQUEUE] = RLIMIT_MSGQUEUE,
		[CKPT_RLIMIT_SIGPENDING] = RLIMIT_SIGPENDING,
		[CKPT_RLIMIT_MEMLOCK] = RLIMIT_MEMLOCK,
	};
	struct rlimit limit;
	rlim_t want;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(resources); i++) {
		want = le64toh(u->rlimits[i]) >= INT64_MAX ? RLIM_INFINITY : le64toh(u->rlimits[i]);
		if (getrlimit(resources[i], &limit) || limit.rlim_cur >= want)
			continue;
		limit.rlim_cur = want;
		if (limit.rlim_max < want)
			limit.rlim_max = want;
		setrlimit(resources[i], &limit);
	}
}

/* Becomes who made it once, who owns it, without losing the right to map what it may. */
static void become_maker(struct told *told, const struct ckpt_user *u, bool parent)
{
	uid_t uid = le32toh(u->uid);
	gid_t gid = le32toh(u->gid);

	if (!parent && uid == geteuid() && gid == getegid())
		return;
	if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP) || setresgid(gid, gid, gid) ||
	    setresuid(uid, uid, uid) || prctl(PR_SET_DUMPABLE, 1))
		give_up(told, "user %u and group %u", uid, gid);
}

/* The first one in it does nothing, and ends with its maker. */
static void __attribute__((noreturn)) hold(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

static void __attribute__((noreturn)) make_one(struct told *told, const struct ckpt_ns *ns)
{
	const struct ckpt_user *u = (const void *)ns->data;
	uint32_t parent = le32toh(ns->owner), uids = le32toh(u->nr_uids), gids = le32toh(u->nr_gids);
	char path[64];
	pid_t pid;

	raise_limits(u);
	if (parent && setns(files[parent], CLONE_NEWUSER))
		give_up(told, "user namespace %u", parent);
	become_maker(told, u, parent);
	pid = make_helper(CLONE_NEWUSER, NULL, 0);
	if (!pid)
		hold();
	if (pid < 0)
		give_up(told, "clone3");
	told->held = pid;
	put_map(told, pid, "projid_map", u->extents + uids + gids, le32toh(u->nr_projids));
	put_map(told, pid, "uid_map", u->extents, uids);
	if (le32toh(u->flags) & CKPT_USER_NO_SETGROUPS)
		put(told, pid, "setgroups", "deny");
	put_map(told, pid, "gid_map", u->extents + uids, gids);
	snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
	told->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (told->fd < 0)
		give_up(told, "%s", path);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, __WALL);
	told->held = 0;
	_exit(0);
}

static struct told *told_make(void)
{
	struct told *told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return told == MAP_FAILED ? NULL : told;
}

/* Waits for a helper. Returns the file that it has opened, or -1 with the reason in @told. */
static int listen_to(pid_t pid, struct told *told)
{
	int status;

	while (waitpid(pid, &status, __WALL) < 0)
		if (errno != EINTR)
			return -1;
	return status ? -1 : told->fd;
}

static int make_user(int dev, uint32_t id, const struct ckpt_ns *ns)
{
	struct checkpoint_user user = { .id = id, .fd = -1 };
	struct told *told = told_make();
	pid_t pid = told ? make_helper(0, NULL, 0) : -1;

	if (!pid)
		make_one(told, ns);
	if (pid > 0)
		user.fd = listen_to(pid, told);
	/* it may have had no time to say that it ends with its maker */
	if (told && told->held)
		kill(told->held, SIGKILL);
	if (user.fd < 0)
		refuse("restart: user namespace %u: it cannot be made: %s", id,
		       told && *told->why ? told->why : strerror(errno));
	if (told)
		munmap(told, sizeof(*told));
	if (user.fd < 0)
		return -1;
	files[id] = user.fd;
	if (!ioctl(dev, CHECKPOINT_USER, &user))
		return 0;
	device_complain(dev, "restart");
	return -1;
}

int users_make(int dev)
{
	struct checkpoint_ns arg = { 0 };
	struct ckpt_ns *ns = malloc(RECORD_MAX);
	int err = 0;

	if (!ns)
		return refuse("restart: user namespaces: %s", strerror(errno)), -1;
	while (!err) {
		arg.id++;
		arg.size = RECORD_MAX;
		arg.data = (uintptr_t)ns;
		if (ioctl(dev, CHECKPOINT_NS, &arg)) {
			if (errno != ESRCH) {
				device_complain(dev, "restart");
				err = -1;
			}
			break;
		}
		if (le32toh(ns->kind) == CKPT_NS_USER)
			err = make_user(dev, arg.id, ns);
	}
	free(ns);
	return err;
}

int users_enter_pids(uint32_t owner, const pid_t *pids, size_t n)
{
	struct told *told = told_make();
	int fd, err = 0;
	pid_t pid;

	if (!told)
		return -ENOMEM;
	pid = make_helper(0, pids, n);
	if (!pid) {
		if (setns(files[owner], CLONE_NEWUSER) || unshare(CLONE_NEWPID))
			_exit(errno);
		told->fd = open("/proc/self/ns/pid_for_children", O_RDONLY | O_CLOEXEC);
		_exit(told->fd < 0 ? errno : 0);
	}
	if (pid < 0) {
		err = -errno;
	} else {
		int status = 0;

		while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR)
			;
		err = WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
	}
	fd = err ? -1 : told->fd;
	munmap(told, sizeof(*told));
	if (fd >= 0) {
		if (setns(fd, CLONE_NEWPID))
			err = -errno;
		close(fd);
	}
	return err;
}

int users_run(uint32_t id, int (*work)(void *arg), void *arg)
{
	pid_t pid = make_helper(0, NULL, 0);
	int status = 0;

	if (!pid)
		_exit(setns(files[id], CLONE_NEWUSER) ? errno : work(arg));
	if (pid < 0)
		return -errno;
	while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
}

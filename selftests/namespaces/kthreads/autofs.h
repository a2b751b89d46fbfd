/* SPDX-License-Identifier: GPL-2.0 */
/* The automounter that the programs of this suite are about; a test gives it orders. */
#ifndef KTHREADS_AUTOFS_H
#define KTHREADS_AUTOFS_H

#include "kselftest_harness.h"
#include <linux/auto_dev-ioctl.h>
#include <linux/auto_fs.h>
#include <sys/ioctl.h>
#include "ns.h"

#define ROOT	"/mnt"		/* where autofs is mounted */

/*
 * An automounter: pid 1 of a pid namespace and leader of a process group, with
 * a mount namespace that the test shares. It does as told by the test's baton;
 * its answers come back by another.
 */
FIXTURE(daemon)
{
	pid_t pid;
	struct baton order, answer;
};

enum {
	ORDER_SERVE,		/* one request: a file in a new folder */
	ORDER_REFUSE,		/* one request: no such thing */
	ORDER_HOLD,		/* one request: taken, and not answered */
	ORDER_PEEK,		/* look into the folder itself */
	ORDER_EXPIRE,		/* expire all that is not used */
	ORDER_CATATONIC,
	ORDER_FORBID,		/* one request: tell by whom, and it is denied */
	ORDER_UNPEEK,		/* remove the folder that was made to look into it */
	ORDER_PENDING,		/* say whether there is a request */
};

struct automounter {
	int pipe, root;
};

static inline int autofs_mount(struct automounter *a, const char *more)
{
	char options[128];
	int p[2], err = 0;

	must(!pipe(p));
	snprintf(options, sizeof(options),
		 "fd=%d,minproto=5,maxproto=5,indirect%s%s", p[1],
		 *more ? "," : "", more);
	if (mount("autofs", ROOT, "autofs", 0, options))
		err = -errno;
	/* The kernel has the other end. */
	close(p[1]);
	if (err) {
		close(p[0]);
		return err;
	}
	a->pipe = p[0];
	a->root = open(ROOT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(a->root >= 0);
	return 0;
}

static inline void take_packet(struct automounter *a, struct autofs_v5_packet *packet)
{
	must(proc_poll(a->pipe, POLLIN, PROC_HANG_MS) & POLLIN);
	must(read(a->pipe, packet, sizeof(*packet)) == sizeof(*packet));
	must(packet->hdr.proto_version == 5);
}

/* Answers a request with EACCES, which only the device can say. */
static inline void deny(struct automounter *a, unsigned int token)
{
	int dev = open("/dev/autofs", O_RDWR | O_CLOEXEC);
	struct autofs_dev_ioctl arg;

	must(dev >= 0);
	init_autofs_dev_ioctl(&arg);
	arg.ioctlfd = a->root;
	arg.fail.token = token;
	arg.fail.status = -EACCES;
	must(!ioctl(dev, AUTOFS_DEV_IOCTL_FAIL, &arg));
	close(dev);
}

static inline void obey(struct automounter *a, int what, struct baton *answer)
{
	struct autofs_v5_packet packet;
	char path[PATH_MAX];
	int how = AUTOFS_EXP_IMMEDIATE;

	switch (what) {
	case ORDER_SERVE:
	case ORDER_REFUSE:
	case ORDER_HOLD:
		take_packet(a, &packet);
		must(packet.hdr.type == autofs_ptype_missing_indirect);
		baton_pass(answer, packet.pid);
		baton_pass(answer, packet.tgid);
		if (what == ORDER_HOLD)
			break;
		if (what == ORDER_REFUSE) {
			must(!ioctl(a->root, AUTOFS_IOC_FAIL,
				    packet.wait_queue_token));
			break;
		}
		snprintf(path, sizeof(path), ROOT "/%s", packet.name);
		must(!mkdir(path, 0755) || errno == EEXIST);
		must(!mount("tmpfs", path, "tmpfs", 0, NULL));
		must(!ioctl(a->root, AUTOFS_IOC_READY,
			    packet.wait_queue_token));
		break;
	case ORDER_PEEK:
		/* Nobody else would answer: waiting would be for ever. */
		errno = 0;
		access(ROOT "/peek", F_OK);
		baton_pass(answer, errno);
		must(!mkdir(ROOT "/peek", 0755));
		baton_pass(answer, access(ROOT "/peek", F_OK));
		break;
	case ORDER_EXPIRE:
		/* The kernel asks back through the pipe before it returns. */
		if (!fork()) {
			take_packet(a, &packet);
			must(packet.hdr.type == autofs_ptype_expire_indirect);
			baton_pass(answer, packet.pid);
			baton_pass(answer, packet.tgid);
			snprintf(path, sizeof(path), ROOT "/%s", packet.name);
			must(!umount(path) && !rmdir(path));
			must(!ioctl(a->root, AUTOFS_IOC_READY,
				    packet.wait_queue_token));
			_exit(0);
		}
		baton_pass(answer, ioctl(a->root, AUTOFS_IOC_EXPIRE_MULTI,
					 &how) ? -errno : 0);
		must(proc_end(-1) == 0);
		break;
	case ORDER_FORBID:
		take_packet(a, &packet);
		baton_pass(answer, packet.uid);
		baton_pass(answer, packet.gid);
		deny(a, packet.wait_queue_token);
		break;
	case ORDER_UNPEEK:
		baton_pass(answer, rmdir(ROOT "/peek") ? -errno : 0);
		break;
	case ORDER_PENDING:
		baton_pass(answer, proc_poll(a->pipe, POLLIN, 0));
		break;
	case ORDER_CATATONIC:
		must(!ioctl(a->root, AUTOFS_IOC_CATATONIC, 0));
		baton_pass(answer, 0);
		break;
	}
}

static inline void __attribute__((noreturn)) be_the_automounter(struct baton *order,
								 struct baton *answer)
{
	struct automounter a;

	must(!setpgid(0, 0));
	must(!autofs_mount(&a, ""));
	baton_pass(answer, 0);
	for (;;) {
		proc_poll(order->fd[0], POLLIN, -1);
		obey(&a, baton_take(order), answer);
	}
}

/* A mount namespace for the test and its automounter together. */
static inline int own_mounts(void)
{
	if (unshare(CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return -errno;
	return 0;
}

#define NEEDS_AUTOFS() do {						\
	char _fs[4096];							\
									\
	if (file_read("/proc/filesystems", _fs, sizeof(_fs)) < 0 ||	\
	    !strstr(_fs, "\tautofs\n"))					\
		SKIP(return, "no autofs in this kernel");		\
} while (0)

FIXTURE_SETUP(daemon)
{
	NEEDS_AUTOFS();
	ASSERT_EQ(0, own_mounts());
	self->order = baton_make();
	self->answer = baton_make();
	self->pid = proc_fork_bound(CLONE_NEWPID);
	if (!self->pid)
		be_the_automounter(&self->order, &self->answer);
	ASSERT_EQ(0, baton_take(&self->answer));
}

FIXTURE_TEARDOWN(daemon)
{
	if (self->pid > 0)
		proc_kill(self->pid);
}

/* A harness's SKIP in the setup does not keep the test from running (6.12). */
#define NEEDS_DAEMON() do {						\
	if (_metadata->exit_code == KSFT_SKIP)				\
		return;							\
} while (0)

#endif /* KTHREADS_AUTOFS_H */

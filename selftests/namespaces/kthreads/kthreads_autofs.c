// SPDX-License-Identifier: GPL-2.0
/*
 * An automounter in a pid namespace: the kernel tells it about processes in its
 * own numbers, knows it by its process group, and does not ask it on behalf of
 * processes that it has no number for. The test is the automounter here.
 *
 * Promises from Documentation/filesystems/autofs.rst and
 * Documentation/filesystems/autofs-mount-control.rst.
 */
#include "autofs.h"

/* How the process at @pid is numbered in its own pid namespace. */
static pid_t inner_number(const char *status)
{
	char text[128], *last;

	must(!file_field(status, "NSpid", text, sizeof(text)));
	last = strrchr(text, '\t');
	return atoi(last ? last + 1 : text);
}

/* Looks at ROOT/@name in a new process of pid namespace @ns; -errno or 0. */
static pid_t visitor(int ns, const char *name, struct baton *number)
{
	char path[PATH_MAX];
	pid_t pid = proc_fork_bound(0);

	if (pid)
		return pid;
	must(!ns_enter(ns, CLONE_NEWPID));
	pid = fork();
	if (pid)
		_exit(proc_end(pid));
	snprintf(path, sizeof(path), ROOT "/%s", name);
	if (number)
		baton_pass(number, inner_number("/proc/self/status"));
	_exit(access(path, F_OK) ? errno : 0);
}

TEST_F(daemon, is_told_the_visitors_number_in_its_own_namespace)
{
	struct baton number = baton_make();
	pid_t pid, told;
	int ns;

	NEEDS_DAEMON();
	ns = ns_open(self->pid, "pid");
	ASSERT_GE(ns, 0);
	baton_pass(&self->order, ORDER_SERVE);
	pid = visitor(ns, "a", &number);
	told = baton_take(&self->answer);
	EXPECT_EQ(told, baton_take(&number));
	EXPECT_EQ(told, baton_take(&self->answer));
	EXPECT_GT(told, 1);
	/* It waited, and found what was mounted for it. */
	EXPECT_EQ(0, proc_end(pid));
}

/* In a namespace below, it has a number above, and that is the one told. */
TEST_F(daemon, is_told_its_own_number_for_a_visitor_from_a_namespace_below)
{
	struct baton below = baton_make();
	pid_t pid;
	int ns;

	NEEDS_DAEMON();
	ns = ns_open(self->pid, "pid");
	ASSERT_GE(ns, 0);
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!ns_enter(ns, CLONE_NEWPID));
		pid = fork();
		if (!pid) {
			pid = proc_fork(CLONE_NEWPID);
			if (!pid) {
				must(getpid() == 1);
				_exit(access(ROOT "/b", F_OK) ? errno : 0);
			}
			baton_pass(&below, pid);
		}
		_exit(proc_end(pid));
	}
	baton_pass(&self->order, ORDER_SERVE);
	EXPECT_EQ(baton_take(&below), baton_take(&self->answer));
	EXPECT_GT(baton_take(&self->answer), 1);
	EXPECT_EQ(0, proc_end(pid));
}

/* The test lives above and has no number in the automounter's namespace. */
TEST_F(daemon, is_not_asked_for_who_has_no_number_in_its_namespace)
{
	pid_t pid;

	NEEDS_DAEMON();
	EXPECT_EQ(-1, access(ROOT "/c", F_OK));
	EXPECT_EQ(ENOENT, errno);
	/* Nor for one in a namespace beside its own. */
	pid = proc_fork_bound(CLONE_NEWPID);
	if (!pid)
		_exit(access(ROOT "/c", F_OK) ? errno : 0);
	EXPECT_EQ(ENOENT, proc_end(pid));
	/* The first that it hears of is somebody else. */
	baton_pass(&self->order, ORDER_SERVE);
	pid = visitor(ns_open(self->pid, "pid"), "d", NULL);
	EXPECT_GT(baton_take(&self->answer), 0);
	baton_take(&self->answer);
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(-1, access(ROOT "/c", F_OK));
}

/* What is mounted is there for everybody: nobody needs to be asked. */
TEST_F(daemon, what_it_has_mounted_is_open_to_all_namespaces)
{
	pid_t pid;

	NEEDS_DAEMON();
	baton_pass(&self->order, ORDER_SERVE);
	pid = visitor(ns_open(self->pid, "pid"), "e", NULL);
	baton_take(&self->answer);
	baton_take(&self->answer);
	ASSERT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, mkdir(ROOT "/e/folder", 0755));
	EXPECT_EQ(0, access(ROOT "/e/folder", F_OK));
}

TEST_F(daemon, refuses_and_the_visitor_has_no_such_file)
{
	pid_t pid;

	NEEDS_DAEMON();
	baton_pass(&self->order, ORDER_REFUSE);
	pid = visitor(ns_open(self->pid, "pid"), "f", NULL);
	baton_take(&self->answer);
	baton_take(&self->answer);
	EXPECT_EQ(ENOENT, proc_end(pid));
}

/* autofs.rst: the daemon "can see" what is there, by its process group. */
TEST_F(daemon, sees_the_folder_as_it_is)
{
	NEEDS_DAEMON();
	baton_pass(&self->order, ORDER_PEEK);
	EXPECT_EQ(ENOENT, baton_take(&self->answer));
	EXPECT_EQ(0, baton_take(&self->answer));
}

TEST_F(daemon, expires_what_is_unused_in_its_own_numbers)
{
	pid_t pid;

	NEEDS_DAEMON();
	baton_pass(&self->order, ORDER_SERVE);
	pid = visitor(ns_open(self->pid, "pid"), "g", NULL);
	baton_take(&self->answer);
	baton_take(&self->answer);
	ASSERT_EQ(0, proc_end(pid));
	baton_pass(&self->order, ORDER_EXPIRE);
	/* Who asked for it is the automounter itself: 1, and nobody else. */
	EXPECT_EQ(1, baton_take(&self->answer));
	EXPECT_EQ(1, baton_take(&self->answer));
	EXPECT_EQ(0, baton_take(&self->answer));
	EXPECT_EQ(-1, access(ROOT "/g", F_OK));
}

TEST_F(daemon, dies_and_who_waits_has_no_such_file)
{
	pid_t pid;
	int ns;

	NEEDS_DAEMON();
	ns = ns_open(self->pid, "pid");
	baton_pass(&self->order, ORDER_HOLD);
	pid = visitor(ns, "h", NULL);
	baton_take(&self->answer);
	baton_take(&self->answer);
	/* It is pid 1, and takes the visitor along. */
	EXPECT_EQ(-SIGKILL, proc_kill(self->pid));
	self->pid = 0;
	EXPECT_NE(0, proc_end(pid));
	EXPECT_EQ(-1, access(ROOT "/h", F_OK));
	EXPECT_EQ(ENOENT, errno);
	EXPECT_EQ(0, umount(ROOT));
}

TEST_F(daemon, is_catatonic_and_nobody_waits)
{
	pid_t pid;

	NEEDS_DAEMON();
	baton_pass(&self->order, ORDER_HOLD);
	pid = visitor(ns_open(self->pid, "pid"), "i", NULL);
	baton_take(&self->answer);
	baton_take(&self->answer);
	baton_pass(&self->order, ORDER_CATATONIC);
	baton_take(&self->answer);
	EXPECT_EQ(ENOENT, proc_end(pid));
	pid = visitor(ns_open(self->pid, "pid"), "j", NULL);
	EXPECT_EQ(ENOENT, proc_end(pid));
}

/*
 * The pipe says that the automounter is gone, when its namespace is not. The
 * kernel writes to it on behalf of the visitor, and means to keep SIGPIPE from
 * it; what it cannot undo is the death of a visitor for whom SIGPIPE is fatal,
 * which has begun when the signal is sent. So it is one who ignores it.
 */
TEST(an_automounter_that_ends_leaves_nobody_waiting)
{
	struct baton number = baton_make();
	pid_t init, daemon;
	int ns;

	NEEDS_AUTOFS();
	ASSERT_EQ(0, own_mounts());
	init = proc_fork_bound(CLONE_NEWPID);
	if (!init) {
		daemon = fork();
		if (!daemon) {
			struct automounter a;

			must(!setpgid(0, 0));
			must(!autofs_mount(&a, ""));
			_exit(0);
		}
		must(proc_end(daemon) == 0);
		baton_pass(&number, 0);
		proc_sleep_forever();
	}
	baton_take(&number);
	ns = ns_open(init, "pid");
	ASSERT_NE(SIG_ERR, signal(SIGPIPE, SIG_IGN));
	EXPECT_EQ(ENOENT, proc_end(visitor(ns, "k", NULL)));
	ASSERT_NE(SIG_ERR, signal(SIGPIPE, SIG_DFL));
	EXPECT_EQ(ENOENT, proc_end(visitor(ns, "l", NULL)));
	EXPECT_EQ(-SIGKILL, proc_kill(init));
	EXPECT_EQ(0, umount(ROOT));
}

/* pgrp= is a number of the mounter's pid namespace, and shown as the reader's. */
TEST(the_process_group_is_given_and_shown_in_the_callers_numbers)
{
	pid_t init;

	NEEDS_AUTOFS();
	ASSERT_EQ(0, own_mounts());
	init = proc_fork_bound(CLONE_NEWPID);
	if (!init) {
		struct automounter a;
		char mounts[8192];

		must(!ns_mount_proc("own"));
		must(!setpgid(0, 0));
		/* Nobody has this number here, whoever may outside. */
		must(autofs_mount(&a, "pgrp=31999") == -EINVAL);
		must(!autofs_mount(&a, "pgrp=1"));
		must(file_read("own/self/mounts", mounts, sizeof(mounts)) > 0);
		must(strstr(mounts, "pgrp=1,") != NULL);
		/* We are the group, so we see the folder as it is. */
		must(access(ROOT "/x", F_OK) == -1 && errno == ENOENT);
		must(!mkdir(ROOT "/x", 0755));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

static int dev_ioctl(int dev, unsigned int cmd, struct autofs_dev_ioctl *arg)
{
	return ioctl(dev, cmd, arg) ? -errno : 0;
}

/*
 * A new automounter takes over a mount whose first one has gone, if it is of
 * the same pid namespace: requests are in its numbers.
 */
TEST(only_an_automounter_of_the_same_pid_namespace_takes_over)
{
	struct autofs_dev_ioctl arg;
	struct automounter a;
	int dev, p[2];
	pid_t pid;

	NEEDS_AUTOFS();
	dev = open("/dev/autofs", O_RDWR | O_CLOEXEC);
	if (dev < 0)
		SKIP(return, "no /dev/autofs");
	ASSERT_EQ(0, own_mounts());
	ASSERT_EQ(0, autofs_mount(&a, ""));
	ASSERT_EQ(0, pipe(p));
	init_autofs_dev_ioctl(&arg);
	arg.ioctlfd = a.root;
	arg.setpipefd.pipefd = p[1];
	/* The first one is still there. */
	EXPECT_EQ(-EBUSY, dev_ioctl(dev, AUTOFS_DEV_IOCTL_SETPIPEFD, &arg));
	EXPECT_EQ(0, dev_ioctl(dev, AUTOFS_DEV_IOCTL_CATATONIC, &arg));
	pid = proc_fork_bound(CLONE_NEWPID);
	if (!pid) {
		must(!setpgid(0, 0));
		arg.setpipefd.pipefd = p[1];
		must(dev_ioctl(dev, AUTOFS_DEV_IOCTL_SETPIPEFD, &arg) ==
		     -EINVAL);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!setpgid(0, 0));
		arg.setpipefd.pipefd = p[1];
		must(!dev_ioctl(dev, AUTOFS_DEV_IOCTL_SETPIPEFD, &arg));
		must(access(ROOT "/peek", F_OK) == -1 && errno == ENOENT);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(an_ordinary_user_and_root_of_a_user_namespace_are_no_automounters)
{
	pid_t pid;

	NEEDS_AUTOFS();
	ASSERT_EQ(0, own_mounts());
	pid = proc_fork_bound(0);
	if (!pid) {
		struct autofs_dev_ioctl arg;
		struct automounter a;
		int dev = open("/dev/autofs", O_RDWR | O_CLOEXEC);

		proc_become_nobody();
		must(autofs_mount(&a, "") == -EPERM);
		for (int i = 0; i < 2; i++) {
			init_autofs_dev_ioctl(&arg);
			must(dev < 0 ||
			     dev_ioctl(dev, AUTOFS_DEV_IOCTL_CATATONIC,
				       &arg) == -EPERM);
			/* Who asks for the version harms nobody. */
			must(dev < 0 || !dev_ioctl(dev,
						   AUTOFS_DEV_IOCTL_VERSION,
						   &arg));
			must(!i ? !ns_become_user_root() : 1);
		}
		must(!unshare(CLONE_NEWNS | CLONE_NEWPID));
		must(autofs_mount(&a, "") == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(protocols_are_agreed_upon)
{
	static const char * const wrong[] = {
		"minproto=6,maxproto=6", "minproto=1,maxproto=2",
	};
	char options[128];
	int p[2], version = 0;

	NEEDS_AUTOFS();
	ASSERT_EQ(0, own_mounts());
	ASSERT_EQ(0, pipe(p));
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		snprintf(options, sizeof(options), "fd=%d,%s", p[1], wrong[i]);
		EXPECT_EQ(-1, mount("autofs", ROOT, "autofs", 0, options));
		EXPECT_EQ(EINVAL, errno);
	}
	EXPECT_EQ(-1, mount("autofs", ROOT, "autofs", 0,
			    "minproto=5,maxproto=5"));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, mount("autofs", ROOT, "autofs", 0, "fd=999"));
	EXPECT_EQ(EBADF, errno);
	snprintf(options, sizeof(options), "fd=%d,minproto=4,maxproto=99", p[1]);
	ASSERT_EQ(0, mount("autofs", ROOT, "autofs", 0, options));
	ASSERT_EQ(0, ioctl(open(ROOT, O_RDONLY), AUTOFS_IOC_PROTOVER,
			   &version));
	EXPECT_EQ(5, version);
}

TEST_HARNESS_MAIN

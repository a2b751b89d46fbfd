// SPDX-License-Identifier: GPL-2.0
/*
 * Entering pid namespaces with setns(2), what names them while nobody lives
 * there, and how they are related.
 *
 * Promises from setns(2), pid_namespaces(7), namespaces(7), ioctl_ns(2).
 */
#include "kselftest_harness.h"
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include "ns.h"
#include "proc.h"

#ifndef PIDFD_GET_PID_NAMESPACE
#define PIDFD_GET_PID_NAMESPACE	_IO(0xFF, 5)
#endif

/* Two namespaces side by side, each with an init that only sleeps. */
FIXTURE(setns)
{
	pid_t init[2];
	int ns[2];
};

static pid_t start_init(void)
{
	pid_t pid = proc_fork_bound(CLONE_NEWPID);

	if (!pid)
		proc_sleep_forever();
	return pid;
}

FIXTURE_SETUP(setns)
{
	for (int i = 0; i < 2; i++) {
		self->init[i] = start_init();
		ASSERT_GT(self->init[i], 0);
		self->ns[i] = ns_open(self->init[i], "pid");
		ASSERT_GE(self->ns[i], 0);
	}
}

FIXTURE_TEARDOWN(setns)
{
	for (int i = 0; i < 2; i++)
		proc_kill(self->init[i]);
}

TEST_F(setns, the_next_child_is_a_member_and_the_caller_is_not)
{
	int before = ns_open(0, "pid"), after, children;
	pid_t me = getpid(), pid;

	ASSERT_GE(before, 0);
	ASSERT_EQ(0, ns_enter(self->ns[0], CLONE_NEWPID));
	EXPECT_EQ(me, getpid());
	after = ns_open(0, "pid");
	ASSERT_GE(after, 0);
	EXPECT_TRUE(ns_same(before, after));
	children = ns_open(0, "pid_for_children");
	ASSERT_GE(children, 0);
	EXPECT_TRUE(ns_same(self->ns[0], children));

	pid = fork();
	if (!pid) {
		must(getpid() == 2);
		must(getppid() == 0);
		must(!kill(1, 0));
		_exit(0);
	}
	ASSERT_GT(pid, 2);
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(setns, a_pidfd_names_the_namespace_too)
{
	int fd = proc_pidfd(self->init[0]);
	pid_t pid;

	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, ns_enter(fd, CLONE_NEWPID));
	pid = fork();
	if (!pid)
		_exit(getpid() == 2 ? 0 : 1);
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(setns, a_pidfd_opens_the_namespace)
{
	int fd = proc_pidfd(self->init[0]), ns;

	ASSERT_GE(fd, 0);
	ns = ioctl(fd, PIDFD_GET_PID_NAMESPACE, 0);
	if (ns < 0 && (errno == ENOTTY || errno == EINVAL))
		SKIP(return, "no ioctl PIDFD_GET_PID_NAMESPACE (Linux 6.11)");
	ASSERT_GE(ns, 0);
	EXPECT_TRUE(ns_same(self->ns[0], ns));
	EXPECT_FALSE(ns_same(self->ns[1], ns));
}

TEST_F(setns, a_second_time_leads_elsewhere_and_home)
{
	int home = ns_open(0, "pid");
	pid_t pid;

	ASSERT_GE(home, 0);
	ASSERT_EQ(0, ns_enter(self->ns[0], CLONE_NEWPID));
	ASSERT_EQ(0, ns_enter(self->ns[1], CLONE_NEWPID));
	pid = fork();
	if (!pid) {
		int ns = ns_open(getpid() == 2 ? self->init[1] : 0, "pid");

		must(ns >= 0 && ns_same(ns, self->ns[1]));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	ASSERT_EQ(0, ns_enter(home, CLONE_NEWPID));
	pid = fork();
	if (!pid)
		_exit(getppid() ? 0 : 1);
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(setns, an_unshare_is_taken_back)
{
	int home = ns_open(0, "pid");
	pid_t pid;

	ASSERT_GE(home, 0);
	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	ASSERT_EQ(0, ns_enter(home, CLONE_NEWPID));
	pid = fork();
	if (!pid)
		_exit(getpid() != 1 && getppid() ? 0 : 1);
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(setns, an_ancestor_is_refused)
{
	int home = ns_open(0, "pid");
	pid_t pid;

	ASSERT_GE(home, 0);
	pid = proc_fork_bound(CLONE_NEWPID);
	if (!pid) {
		must(ns_enter(home, CLONE_NEWPID) == -EINVAL);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(setns, a_sibling_is_refused)
{
	pid_t pid;

	ASSERT_EQ(0, ns_enter(self->ns[0], CLONE_NEWPID));
	pid = fork();
	if (!pid) {
		must(ns_enter(self->ns[1], CLONE_NEWPID) == -EINVAL);
		must(ns_enter(self->ns[0], CLONE_NEWPID) == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(setns, a_grandchild_is_entered_at_once)
{
	struct baton up = baton_make();
	pid_t outer, inner, pid;
	int ns;

	outer = proc_fork_bound(CLONE_NEWPID);
	if (!outer) {
		inner = proc_fork(CLONE_NEWPID);
		if (!inner) {
			char text[128], *at = text;
			int n = 0;

			/* The number that our /proc, the test's, knows. */
			must(!file_field("/proc/self/status", "NSpid", text,
					 sizeof(text)));
			n = strtol(at, &at, 10);
			baton_pass(&up, n);
			proc_sleep_forever();
		}
		_exit(proc_end(inner));
	}
	inner = baton_take(&up);
	ns = ns_open(inner, "pid");
	ASSERT_GE(ns, 0);
	ASSERT_EQ(0, ns_enter(ns, CLONE_NEWPID));
	pid = fork();
	if (!pid) {
		char text[128], tail[32];

		must(getpid() == 2);
		must(!file_field("/proc/self/status", "NSpid", text,
				 sizeof(text)));
		/* 3rd in the middle one, after its init and the inner init. */
		snprintf(tail, sizeof(tail), "\t3\t2");
		must(strlen(text) > strlen(tail));
		must(!strcmp(text + strlen(text) - strlen(tail), tail));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	proc_kill(outer);
}

TEST_F(setns, another_type_is_refused)
{
	EXPECT_EQ(-EINVAL, ns_enter(self->ns[0], CLONE_NEWUTS));
}

TEST_F(setns, without_privilege_it_is_refused)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(ns_enter(self->ns[0], CLONE_NEWPID) == -EPERM);
		/* Root of another user namespace is not privileged here. */
		must(!ns_become_user_root());
		must(ns_enter(self->ns[0], CLONE_NEWPID) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* Mount namespaces differ in that a dead one can still be entered. */
TEST_F(setns, nobody_is_born_into_a_dead_namespace)
{
	ASSERT_EQ(-SIGKILL, proc_kill(self->init[0]));
	ASSERT_EQ(0, ns_enter(self->ns[0], CLONE_NEWPID));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(-ENOMEM, proc_fork(0));
	/* The way back is open. */
	ASSERT_EQ(0, ns_enter(self->ns[1], CLONE_NEWPID));
	EXPECT_EQ(0, ({ pid_t p = fork(); if (!p) _exit(0); proc_end(p); }));
}

TEST_F(setns, unshare_and_the_death_of_its_init_leave_no_children)
{
	pid_t pid;

	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	pid = fork();
	if (!pid)
		_exit(getpid() == 1 ? 0 : 1);
	ASSERT_EQ(0, proc_end(pid));
	EXPECT_EQ(-ENOMEM, proc_fork(0));
	EXPECT_EQ(-ENOMEM, proc_fork(0));
}

TEST_F(setns, a_bind_mount_keeps_the_name_but_not_the_life)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", self->init[0]);
	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	fd = open("pidns", O_CREAT | O_RDONLY, 0644);
	ASSERT_GE(fd, 0);
	close(fd);
	ASSERT_EQ(0, mount(path, "pidns", NULL, MS_BIND, NULL));
	ASSERT_EQ(-SIGKILL, proc_kill(self->init[0]));

	fd = open("pidns", O_RDONLY);
	ASSERT_GE(fd, 0);
	EXPECT_TRUE(ns_same(fd, self->ns[0]));
	EXPECT_EQ(0, ns_enter(fd, CLONE_NEWPID));
	EXPECT_EQ(-ENOMEM, proc_fork(0));
	close(fd);
	close(self->ns[0]);
	EXPECT_EQ(0, umount("pidns"));
	EXPECT_EQ(0, unlink("pidns"));
}

TEST_F(setns, pid_for_children_names_what_unshare_made)
{
	char link[64];
	int home = ns_open(0, "pid"), children;
	pid_t pid;
	ssize_t n;

	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	/* Nobody lives there yet: no name (older kernels), or already the new one. */
	n = readlink("/proc/thread-self/ns/pid_for_children", link,
		     sizeof(link) - 1);
	if (n < 0)
		EXPECT_EQ(ENOENT, errno);
	pid = proc_fork_bound(0);
	if (!pid)
		proc_sleep_forever();
	ASSERT_GT(pid, 0);
	children = ns_open(0, "pid_for_children");
	ASSERT_GE(children, 0);
	EXPECT_FALSE(ns_same(home, children));
	EXPECT_TRUE(ns_same(ns_open(pid, "pid"), children));
	proc_kill(pid);
}

TEST_F(setns, the_first_to_be_born_into_an_empty_namespace_is_init)
{
	struct baton done = baton_make(), ready = baton_make();
	pid_t owner, pid;
	int ns;

	owner = proc_fork_bound(0);
	if (!owner) {
		must(!unshare(CLONE_NEWPID));
		baton_pass(&ready, 0);
		baton_take(&done);
		_exit(0);
	}
	baton_take(&ready);
	ns = ns_open(owner, "pid_for_children");
	if (ns == -ENOENT) {
		proc_kill(owner);
		SKIP(return, "this kernel does not let an empty pid namespace be entered");
	}
	ASSERT_GE(ns, 0);
	ASSERT_EQ(0, ns_enter(ns, CLONE_NEWPID));
	pid = fork();
	if (!pid)
		_exit(getpid() == 1 ? 0 : 1);
	EXPECT_EQ(0, proc_end(pid));
	/* It was the init: with it, the namespace has died. */
	EXPECT_EQ(-ENOMEM, proc_fork(0));
	baton_pass(&done, 0);
	EXPECT_EQ(0, proc_end(owner));
}

TEST_F(setns, the_parent_of_a_child_namespace_is_ours)
{
	int home = ns_open(0, "pid"), parent;

	ASSERT_GE(home, 0);
	parent = ioctl(self->ns[0], NS_GET_PARENT);
	ASSERT_GE(parent, 0);
	EXPECT_TRUE(ns_same(home, parent));
}

TEST_F(setns, the_parent_of_the_own_namespace_is_not_shown)
{
	pid_t pid = proc_fork_bound(CLONE_NEWPID);

	if (!pid) {
		int own = ns_open(0, "pid");

		must(own >= 0);
		must(ioctl(own, NS_GET_PARENT) == -1 && errno == EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(setns, the_parent_of_a_sibling_is_not_shown)
{
	pid_t pid = proc_fork_bound(CLONE_NEWPID);

	if (!pid) {
		must(ioctl(self->ns[0], NS_GET_PARENT) == -1);
		must(errno == EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(setns, the_owner_is_the_makers_user_namespace)
{
	int user = ns_open(0, "user"), owner;

	EXPECT_EQ(CLONE_NEWPID, ioctl(self->ns[0], NS_GET_NSTYPE));
	owner = ioctl(self->ns[0], NS_GET_USERNS);
	ASSERT_GE(owner, 0);
	EXPECT_TRUE(ns_same(user, owner));
}

TEST_HARNESS_MAIN

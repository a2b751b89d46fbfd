// SPDX-License-Identifier: GPL-2.0
/*
 * How long a uts namespace lives: as long as a member, an open file of it or a
 * bind mount of that file does, and then no longer.
 *
 * Promises from namespaces(7), "Namespace lifetime".
 */
#include "uts.h"
#include <sys/socket.h>

/*
 * The tests run as root of a user namespace that may have two uts namespaces:
 * one for the test, and one for what the test is about. Whether that one has
 * gone shows in whether another can be made.
 */
FIXTURE(life)
{
	int home;
};

FIXTURE_SETUP(life)
{
	ASSERT_EQ(0, ns_become_user_root());
	ASSERT_EQ(0, file_write("/proc/sys/user/max_uts_namespaces", "2"));
	ASSERT_EQ(0, unshare(CLONE_NEWUTS));
	ASSERT_EQ(0, host("home"));
	self->home = ns_open(0, "uts");
	ASSERT_GE(self->home, 0);
}

FIXTURE_TEARDOWN(life)
{
	close(self->home);
}

/* Whether a second namespace can be had now, or soon if @ms. */
/* A process in a namespace whose host is "inner", until it is killed. */
static pid_t member(void)
{
	struct baton up = baton_make();
	pid_t pid = proc_fork_bound(CLONE_NEWUTS);

	if (!pid) {
		must(!host("inner"));
		baton_pass(&up, 0);
		proc_sleep_forever();
	}
	must(pid > 0);
	baton_take(&up);
	return pid;
}

TEST_F(life, it_ends_with_its_last_member)
{
	pid_t one = member(), two;
	int fd = ns_open(one, "uts");

	ASSERT_EQ(0, ns_enter(fd, CLONE_NEWUTS));
	two = proc_fork_bound(0);
	if (!two)
		proc_sleep_forever();
	ASSERT_EQ(0, ns_enter(self->home, CLONE_NEWUTS));
	close(fd);
	EXPECT_FALSE(ns_has_room(CLONE_NEWUTS, 0));
	/* Its maker goes: it stays. */
	proc_kill(one);
	EXPECT_FALSE(ns_has_room(CLONE_NEWUTS, 0));
	proc_kill(two);
	EXPECT_TRUE(ns_has_room(CLONE_NEWUTS, PROC_HANG_MS));
}

TEST_F(life, a_member_that_leaves_is_none)
{
	ASSERT_EQ(0, unshare(CLONE_NEWUTS));
	EXPECT_FALSE(ns_has_room(CLONE_NEWUTS, 0));
	ASSERT_EQ(0, ns_enter(self->home, CLONE_NEWUTS));
	EXPECT_TRUE(ns_has_room(CLONE_NEWUTS, PROC_HANG_MS));
}

TEST_F(life, a_zombie_is_no_member)
{
	pid_t pid = member();

	EXPECT_FALSE(ns_has_room(CLONE_NEWUTS, 0));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(0, proc_await_zombie(pid));
	EXPECT_TRUE(ns_has_room(CLONE_NEWUTS, PROC_HANG_MS));
	EXPECT_EQ(-ENOENT, ns_open(pid, "uts"));
	EXPECT_EQ(-SIGKILL, proc_end(pid));
}

TEST_F(life, an_open_file_keeps_it)
{
	pid_t pid = member();
	int fd = ns_open(pid, "uts");

	ASSERT_GE(fd, 0);
	ASSERT_EQ(-SIGKILL, proc_kill(pid));
	EXPECT_FALSE(ns_has_room(CLONE_NEWUTS, 0));
	/* With its names, for who comes again. */
	ASSERT_EQ(0, ns_enter(fd, CLONE_NEWUTS));
	EXPECT_TRUE(host_is("inner"));
	ASSERT_EQ(0, ns_enter(self->home, CLONE_NEWUTS));
	EXPECT_TRUE(host_is("home"));
	close(fd);
	EXPECT_TRUE(ns_has_room(CLONE_NEWUTS, PROC_HANG_MS));
}

TEST_F(life, a_bind_mount_keeps_it)
{
	pid_t pid = member();
	char path[64];
	int fd;

	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	ASSERT_EQ(0, mount("tmpfs", "/mnt", "tmpfs", 0, NULL));
	fd = creat("/mnt/uts", 0600);
	ASSERT_GE(fd, 0);
	close(fd);
	snprintf(path, sizeof(path), "/proc/%d/ns/uts", pid);
	ASSERT_EQ(0, mount(path, "/mnt/uts", NULL, MS_BIND, NULL));
	ASSERT_EQ(-SIGKILL, proc_kill(pid));
	EXPECT_FALSE(ns_has_room(CLONE_NEWUTS, 0));
	fd = open("/mnt/uts", O_RDONLY | O_CLOEXEC);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, ns_enter(fd, CLONE_NEWUTS));
	EXPECT_TRUE(host_is("inner"));
	ASSERT_EQ(0, ns_enter(self->home, CLONE_NEWUTS));
	close(fd);
	EXPECT_FALSE(ns_has_room(CLONE_NEWUTS, 0));
	ASSERT_EQ(0, umount("/mnt/uts"));
	EXPECT_TRUE(ns_has_room(CLONE_NEWUTS, PROC_HANG_MS));
}

TEST_F(life, a_file_on_its_way_through_a_socket_keeps_it)
{
	char control[CMSG_SPACE(sizeof(int))] = "", byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	pid_t pid = member();
	int fd = ns_open(pid, "uts"), s[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	ASSERT_EQ(1, sendmsg(s[0], &msg, 0));
	close(fd);
	ASSERT_EQ(-SIGKILL, proc_kill(pid));
	EXPECT_FALSE(ns_has_room(CLONE_NEWUTS, 0));
	ASSERT_EQ(1, recvmsg(s[1], &msg, 0));
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	ASSERT_EQ(0, ns_enter(fd, CLONE_NEWUTS));
	EXPECT_TRUE(host_is("inner"));
	ASSERT_EQ(0, ns_enter(self->home, CLONE_NEWUTS));
	close(fd);
	EXPECT_TRUE(ns_has_room(CLONE_NEWUTS, PROC_HANG_MS));
}

/* A pidfd names the process, and so nothing that outlives it. */
TEST_F(life, a_pidfd_does_not_keep_it)
{
	pid_t pid = member();
	int fd = proc_pidfd(pid);

	ASSERT_GE(fd, 0);
	ASSERT_EQ(-SIGKILL, proc_kill(pid));
	EXPECT_TRUE(ns_has_room(CLONE_NEWUTS, PROC_HANG_MS));
	EXPECT_EQ(-ESRCH, ns_enter(fd, CLONE_NEWUTS));
	close(fd);
}

/* The namespace that it was copied from is nothing to it. */
TEST_F(life, it_outlives_the_one_it_was_copied_from)
{
	struct baton up = baton_make();
	pid_t pid = proc_fork_bound(CLONE_NEWUTS);
	int fd;

	ASSERT_GE(pid, 0);
	if (!pid) {
		must(!host("inner"));
		close(self->home);
		baton_pass(&up, 0);
		proc_sleep_forever();
	}
	baton_take(&up);
	fd = ns_open(pid, "uts");
	ASSERT_EQ(0, ns_enter(fd, CLONE_NEWUTS));
	close(self->home);
	self->home = ns_open(0, "uts");
	EXPECT_TRUE(ns_has_room(CLONE_NEWUTS, PROC_HANG_MS));
	EXPECT_TRUE(host_is("inner"));
	close(fd);
	proc_kill(pid);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * The other end as a pidfd: SO_PEERPIDFD for a connection, SO_PASSPIDFD and
 * SCM_PIDFD for a message. Across namespaces, and after the process has died,
 * was reaped, and somebody else has its number.
 *
 * What is promised is in the messages of the commits that added SO_PEERPIDFD
 * and SO_PASSPIDFD (Linux 6.5), in linux/pidfd.h, and in fs/pidfs.c.
 */
#include "kselftest_harness.h"
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include "ns.h"
#include "unixmsg.h"
#include "userns.h"

/*
 * As in linux/pidfd.h, which does not go together with the C library's fcntl.h:
 * the first version of the structure.
 */
struct pidfd_info_v0 {
	uint64_t mask, cgroupid;
	uint32_t pid, tgid, ppid;
	uint32_t ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
	int32_t exit_code;
};

#define PIDFD_INFO_PID		(1UL << 0)
#define PIDFD_INFO_CREDS	(1UL << 1)
#define PIDFD_INFO_EXIT		(1UL << 3)
#define PIDFD_GET_INFO		_IOWR(0xFF, 11, struct pidfd_info_v0)

#define OVERFLOW	65534

static int peer_pidfd(int sk)
{
	return unix_get(sk, SO_PEERPIDFD);
}

static bool same_pidfd(int a, int b)
{
	struct stat sa, sb;

	must(!fstat(a, &sa) && !fstat(b, &sb));
	return sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

/* The number of the pidfd's process in the pid namespace that @proc is of. */
static int number_of(const char *proc, int pidfd)
{
	char path[64], text[64];

	snprintf(path, sizeof(path), "%s/self/fdinfo/%d", proc, pidfd);
	must(!file_field(path, "Pid", text, sizeof(text)));
	return atoi(text);
}

/* Before Linux 6.13 nothing can be asked, not even of oneself. */
static bool answers_nothing(void)
{
	struct pidfd_info_v0 i = { .mask = PIDFD_INFO_PID };
	int fd = proc_pidfd(getpid());
	bool nothing;

	must(fd >= 0);
	nothing = ioctl(fd, PIDFD_GET_INFO, &i);
	close(fd);
	return nothing;
}

/* -ENOTTY where there is no such ioctl; some kernels call it an invalid argument. */
static int info(int pidfd, struct pidfd_info_v0 *i, uint64_t mask)
{
	int err;

	memset(i, 0, sizeof(*i));
	i->mask = mask;
	err = ioctl(pidfd, PIDFD_GET_INFO, i) ? -errno : 0;
	return err == -EINVAL && answers_nothing() ? -ENOTTY : err;
}

/* The two ways to a pidfd of the process at the other end. */
enum way { CONNECTION, MESSAGE };

/*
 * A listening socket. The processes that connect to it do so after the
 * fixture's setup, each with one message.
 */
FIXTURE(pidfd)
{
	int type, listener;
	enum way way;
	char name[64];
};

FIXTURE_VARIANT(pidfd)
{
	int type;
	enum way way;
};

FIXTURE_VARIANT_ADD(pidfd, of_a_stream) { .type = SOCK_STREAM, .way = CONNECTION, };
FIXTURE_VARIANT_ADD(pidfd, of_a_seqpacket) { .type = SOCK_SEQPACKET, .way = CONNECTION, };
FIXTURE_VARIANT_ADD(pidfd, in_a_stream) { .type = SOCK_STREAM, .way = MESSAGE, };
FIXTURE_VARIANT_ADD(pidfd, in_a_seqpacket) { .type = SOCK_SEQPACKET, .way = MESSAGE, };
FIXTURE_VARIANT_ADD(pidfd, in_a_dgram) { .type = SOCK_DGRAM, .way = MESSAGE, };

FIXTURE_SETUP(pidfd)
{
	self->type = variant->type;
	self->way = variant->way;
	snprintf(self->name, sizeof(self->name), "@creds_pidfd.%d", getpid());
	self->listener = unix_bound(self->type, self->name);
	ASSERT_GE(self->listener, 0);
	if (unix_set(self->listener, SO_PASSPIDFD, 1) == -ENOPROTOOPT)
		SKIP(return, "no SO_PASSPIDFD (Linux 6.5)");
	if (self->way == CONNECTION)
		ASSERT_EQ(0, unix_set(self->listener, SO_PASSPIDFD, 0));
}

FIXTURE_TEARDOWN(pidfd)
{
}

/* The other end: says a word, and stays until @stay is cut, if it is there. */
static void __attribute__((noreturn)) be_the_peer(const char *name, int type, bool stay)
{
	int sk = unix_connected(type, name);

	must(sk >= 0);
	must(!unixmsg_say(sk, "x"));
	if (stay)
		proc_sleep_forever();
	_exit(7);
}

/* What the server learns of it: a pidfd, or -errno. */
static int meet(int listener, int type, enum way way)
{
	int sk = type == SOCK_DGRAM ? listener : unix_accept(listener);
	struct unixmsg m;

	must(sk >= 0);
	if (way == CONNECTION)
		return peer_pidfd(sk);
	must(!unixmsg_take(sk, &m, 0));
	must(m.has_pidfd);
	return m.pidfd;
}

#define PEER(flags, stay) ({						\
	pid_t _pid = proc_fork_bound(flags);				\
									\
	if (!_pid)							\
		be_the_peer(self->name, self->type, stay);		\
	_pid;								\
})
#define MEET() meet(self->listener, self->type, self->way)

TEST_F(pidfd, is_of_the_process_at_the_other_end)
{
	pid_t pid = PEER(0, true);
	int fd = MEET();

	ASSERT_GE(fd, 0);
	EXPECT_EQ(pid, number_of("/proc", fd));
	EXPECT_TRUE(same_pidfd(fd, proc_pidfd(pid)));
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	EXPECT_EQ(0, proc_poll(fd, POLLIN, 0));
	ASSERT_EQ(0, proc_pidfd_signal(fd, SIGKILL));
	EXPECT_TRUE(proc_poll(fd, POLLIN, PROC_HANG_MS) & POLLIN);
	EXPECT_EQ(-SIGKILL, proc_end(pid));
}

TEST_F(pidfd, of_a_zombie_is_readable)
{
	pid_t pid = PEER(0, false);
	struct pidfd_info_v0 i;
	int fd;

	ASSERT_EQ(0, proc_await_zombie(pid));
	fd = MEET();
	ASSERT_GE(fd, 0);
	EXPECT_EQ(POLLIN, proc_poll(fd, POLLIN, 0));
	EXPECT_EQ(pid, number_of("/proc", fd));
	EXPECT_EQ(0, proc_pidfd_signal(fd, 0));
	if (!info(fd, &i, PIDFD_INFO_EXIT)) {
		/* The exit code is told once the process is reaped. */
		EXPECT_EQ(pid, i.pid);
		EXPECT_EQ(0, i.mask & PIDFD_INFO_EXIT);
	}
	EXPECT_EQ(7, proc_end(pid));
	EXPECT_EQ(POLLIN | POLLHUP, proc_poll(fd, POLLIN, 0));
}

/* Before Linux 6.16 there is no pidfd of somebody who was reaped. */
#define MEET_THE_REAPED() ({						\
	int _fd = MEET();						\
									\
	if (_fd == -ESRCH || _fd == -EINVAL)				\
		SKIP(return, "no pidfd of a reaped peer (Linux 6.16)");	\
	_fd;								\
})

TEST_F(pidfd, of_a_reaped_process_is_still_given)
{
	pid_t pid = PEER(0, false);
	struct pidfd_info_v0 i;
	int fd;

	ASSERT_EQ(7, proc_end(pid));
	fd = MEET_THE_REAPED();
	ASSERT_GE(fd, 0);
	EXPECT_EQ(POLLIN | POLLHUP, proc_poll(fd, POLLIN, 0));
	EXPECT_EQ(-1, number_of("/proc", fd));
	EXPECT_EQ(-ESRCH, proc_pidfd_signal(fd, 0));
	EXPECT_EQ(-ESRCH, info(fd, &i, PIDFD_INFO_CREDS));
	ASSERT_EQ(0, info(fd, &i, PIDFD_INFO_EXIT));
	ASSERT_TRUE(i.mask & PIDFD_INFO_EXIT);
	EXPECT_EQ(7, WEXITSTATUS(i.exit_code));
	EXPECT_TRUE(WIFEXITED(i.exit_code));
	/* Nothing else is known of the dead. */
	EXPECT_EQ(0, i.mask & (PIDFD_INFO_CREDS | PIDFD_INFO_PID));
}

TEST_F(pidfd, of_a_killed_process_knows_the_signal)
{
	pid_t pid = PEER(0, true);
	struct pidfd_info_v0 i;
	int fd;

	/* Its word was said: it cannot die too early. */
	ASSERT_TRUE(proc_poll(self->listener, POLLIN, PROC_HANG_MS) & POLLIN);
	if (self->type != SOCK_DGRAM) {
		self->listener = unix_accept(self->listener);
		ASSERT_TRUE(proc_poll(self->listener, POLLIN, PROC_HANG_MS) & POLLIN);
	}
	ASSERT_EQ(-SIGKILL, proc_kill(pid));
	fd = meet(self->listener, SOCK_DGRAM, self->way);
	if (fd == -ESRCH || fd == -EINVAL)
		SKIP(return, "no pidfd of a reaped peer (Linux 6.16)");
	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, info(fd, &i, PIDFD_INFO_EXIT));
	ASSERT_TRUE(i.mask & PIDFD_INFO_EXIT);
	EXPECT_TRUE(WIFSIGNALED(i.exit_code));
	EXPECT_EQ(SIGKILL, WTERMSIG(i.exit_code));
}

TEST_F(pidfd, never_becomes_that_of_who_gets_the_number)
{
	struct clone_args args = { .exit_signal = SIGCHLD, .set_tid_size = 1 };
	pid_t pid = PEER(0, false), heir;
	int fd;

	ASSERT_EQ(7, proc_end(pid));
	args.set_tid = (uintptr_t)&pid;
	heir = proc_clone3(&args);
	if (!heir)
		proc_sleep_forever();
	ASSERT_EQ(pid, heir);
	fd = MEET();
	if (fd >= 0) {
		EXPECT_EQ(-ESRCH, proc_pidfd_signal(fd, SIGKILL));
		EXPECT_FALSE(same_pidfd(fd, proc_pidfd(heir)));
		EXPECT_EQ(-1, number_of("/proc", fd));
	}
	EXPECT_EQ(0, waitpid(heir, NULL, WNOHANG));
	proc_kill(heir);
}

TEST_F(pidfd, of_a_process_below_can_be_used_from_above)
{
	pid_t pid = PEER(CLONE_NEWPID, true);
	struct pidfd_info_v0 i;
	int fd = MEET(), err;

	ASSERT_GE(fd, 0);
	EXPECT_EQ(pid, number_of("/proc", fd));
	err = info(fd, &i, 0);
	/* Before Linux 6.13, there is nothing to ask. */
	EXPECT_TRUE(err ? err == -ENOTTY : i.pid == pid);
	ASSERT_EQ(0, proc_pidfd_signal(fd, SIGKILL));
	EXPECT_EQ(-SIGKILL, proc_end(pid));
}

/* A number and signals would reach out of the namespace; death can be seen. */
TEST_F(pidfd, of_a_process_outside_has_no_number_and_no_signals)
{
	struct baton met = baton_make();
	pid_t pid = PEER(0, true), server = proc_fork_bound(CLONE_NEWPID);

	if (!server) {
		struct pidfd_info_v0 i;
		int fd = MEET(), err;

		must(fd >= 0);
		must(!ns_mount_proc("proc"));
		must(number_of("proc", fd) == 0);
		must(proc_pidfd_signal(fd, 0) == -EINVAL);
		must(proc_pidfd_signal(fd, SIGKILL) == -EINVAL);
		err = info(fd, &i, PIDFD_INFO_PID | PIDFD_INFO_CREDS);
		/* Older kernels said -ESRCH, or had no such ioctl. */
		must(err == -EREMOTE || err == -ESRCH || err == -ENOTTY);
		must(!proc_poll(fd, POLLIN, 0));
		baton_pass(&met, 0);
		must(proc_poll(fd, POLLIN, PROC_HANG_MS) & POLLIN);
		_exit(0);
	}
	baton_take(&met);
	proc_kill(pid);
	EXPECT_EQ(0, proc_end(server));
}

TEST_F(pidfd, of_a_dead_process_outside_tells_nothing)
{
	pid_t pid = PEER(0, false), server;

	ASSERT_EQ(7, proc_end(pid));
	server = proc_fork_bound(CLONE_NEWPID);
	if (!server) {
		struct pidfd_info_v0 i;
		int fd = MEET();

		if (fd == -ESRCH || fd == -EINVAL)
			_exit(4);
		must(fd >= 0);
		must(info(fd, &i, PIDFD_INFO_EXIT) == -EREMOTE);
		must(proc_poll(fd, POLLIN, 0) & POLLHUP);
		_exit(0);
	}
	pid = proc_end(server);
	if (pid == 4)
		SKIP(return, "no pidfd of a reaped peer (Linux 6.16)");
	EXPECT_EQ(0, pid);
}

TEST_F(pidfd, of_a_dead_namespaces_init_tells_how_it_ended)
{
	pid_t pid = PEER(CLONE_NEWPID, false);
	struct pidfd_info_v0 i;
	int fd;

	ASSERT_EQ(7, proc_end(pid));
	fd = MEET_THE_REAPED();
	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, info(fd, &i, PIDFD_INFO_EXIT));
	EXPECT_TRUE(i.mask & PIDFD_INFO_EXIT);
	EXPECT_EQ(7, WEXITSTATUS(i.exit_code));
}

TEST_F(pidfd, tells_the_ids_that_they_are_to_who_asks)
{
	pid_t pid, server;
	int fd;

	pid = proc_fork_bound(0);
	if (!pid) {
		must(!setresgid(2001, 2002, 2003));
		must(!setresuid(1001, 1002, 1003));
		must(!prctl(PR_SET_PDEATHSIG, SIGKILL));
		be_the_peer(self->name, self->type, true);
	}
	fd = MEET();
	ASSERT_GE(fd, 0);
	server = userns_fork(0, 1002, 10);
	if (!server) {
		struct pidfd_info_v0 i;

		if (info(fd, &i, PIDFD_INFO_CREDS) == -ENOTTY)
			_exit(4);
		must(i.ruid == OVERFLOW && i.euid == 0 && i.suid == 1);
		must(i.rgid == OVERFLOW && i.egid == OVERFLOW && i.sgid == OVERFLOW);
		_exit(0);
	}
	server = proc_end(server);
	if (server == 4)
		SKIP(return, "no ioctl PIDFD_GET_INFO (Linux 6.13)");
	EXPECT_EQ(0, server);
}

TEST_F(pidfd, gives_no_rights_over_its_process)
{
	pid_t pid = PEER(0, true), server;
	int fd = MEET();

	ASSERT_GE(fd, 0);
	server = proc_fork_bound(0);
	if (!server) {
		proc_become_nobody();
		must(proc_pidfd_signal(fd, SIGKILL) == -EPERM);
		must(ns_enter(fd, CLONE_NEWUTS) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(server));
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
}

TEST_F(pidfd, option_reads_back_and_is_inherited_from_the_listener)
{
	int sk;

	ASSERT_EQ(0, unix_set(self->listener, SO_PASSPIDFD, 1));
	EXPECT_EQ(1, unix_get(self->listener, SO_PASSPIDFD));
	if (self->type == SOCK_DGRAM)
		return;
	PEER(0, true);
	sk = unix_accept(self->listener);
	EXPECT_EQ(1, unix_get(sk, SO_PASSPIDFD));
}

TEST_F(pidfd, without_so_passpidfd_there_is_none)
{
	struct unixmsg m;
	int sk;

	ASSERT_EQ(0, unix_set(self->listener, SO_PASSPIDFD, 0));
	PEER(0, true);
	sk = self->type == SOCK_DGRAM ? self->listener : unix_accept(self->listener);
	ASSERT_EQ(0, unixmsg_take(sk, &m, 0));
	EXPECT_FALSE(m.has_pidfd);
	EXPECT_FALSE(m.flags & MSG_CTRUNC);
}

/* A pair of sockets that passes pidfds. */
FIXTURE(pair)
{
	int tx, rx;
};

FIXTURE_SETUP(pair)
{
	int sk[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sk));
	self->tx = sk[0];
	self->rx = sk[1];
	if (unix_set(self->rx, SO_PASSPIDFD, 1))
		SKIP(return, "no SO_PASSPIDFD (Linux 6.5)");
}

FIXTURE_TEARDOWN(pair)
{
}

/* The lowest number that is free, which is what a leaked file would take. */
static int next_fd(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

TEST_F(pair, of_a_claimed_pid_is_that_of_the_claim)
{
	pid_t other = proc_fork_bound(0);
	struct ucred c = { .pid = other };
	struct unixmsg m;

	if (!other)
		proc_sleep_forever();
	ASSERT_EQ(0, unixmsg_send(self->tx, "x", &c, NULL, 0));
	ASSERT_EQ(0, unixmsg_take(self->rx, &m, 0));
	ASSERT_TRUE(m.has_pidfd);
	EXPECT_EQ(other, number_of("/proc", m.pidfd));
}

/* The pidfd of one who was dead before it was named. */
TEST_F(pair, of_a_claimed_zombie_tells_how_it_ended)
{
	pid_t pid = fork();
	struct ucred c = { .pid = pid };
	struct pidfd_info_v0 i;
	struct unixmsg m;

	if (!pid)
		_exit(9);
	ASSERT_EQ(0, proc_await_zombie(pid));
	ASSERT_EQ(0, unixmsg_send(self->tx, "x", &c, NULL, 0));
	ASSERT_EQ(9, proc_end(pid));
	ASSERT_EQ(0, unixmsg_take(self->rx, &m, 0));
	ASSERT_TRUE(m.has_pidfd);
	if (m.pidfd < 0)
		SKIP(return, "no pidfd of a reaped peer (Linux 6.16)");
	ASSERT_EQ(0, info(m.pidfd, &i, PIDFD_INFO_EXIT));
	EXPECT_TRUE(i.mask & PIDFD_INFO_EXIT);
	EXPECT_EQ(9, WEXITSTATUS(i.exit_code));
}

TEST_F(pair, comes_with_credentials_if_both_are_asked_for)
{
	struct unixmsg m;

	ASSERT_EQ(0, unix_set(self->rx, SO_PASSCRED, 1));
	ASSERT_EQ(0, unixmsg_send(self->tx, "x", NULL, &self->tx, 1));
	ASSERT_EQ(0, unixmsg_take(self->rx, &m, 0));
	EXPECT_TRUE(m.has_pidfd);
	EXPECT_TRUE(m.has_cred);
	EXPECT_EQ(1, m.nr_fds);
	EXPECT_EQ(getpid(), m.cred.pid);
	EXPECT_EQ(getpid(), number_of("/proc", m.pidfd));
}

TEST_F(pair, of_a_message_from_before_is_not_known)
{
	struct unixmsg m;

	ASSERT_EQ(0, unix_set(self->rx, SO_PASSPIDFD, 0));
	ASSERT_EQ(0, unixmsg_say(self->tx, "x"));
	ASSERT_EQ(0, unix_set(self->rx, SO_PASSPIDFD, 1));
	ASSERT_EQ(0, unixmsg_take(self->rx, &m, 0));
	EXPECT_TRUE(!m.has_pidfd || m.pidfd < 0);
}

TEST_F(pair, without_room_is_not_given_and_no_file_is_left_open)
{
	int free_fd = next_fd();
	struct unixmsg m;

	ASSERT_EQ(0, unixmsg_say(self->tx, "x"));
	ASSERT_EQ(0, unixmsg_take_room(self->rx, &m, MSG_PEEK, 0));
	EXPECT_TRUE(m.flags & MSG_CTRUNC);
	ASSERT_EQ(0, unixmsg_take_room(self->rx, &m, MSG_PEEK,
				       CMSG_LEN(sizeof(int)) - 1));
	EXPECT_TRUE(m.flags & MSG_CTRUNC);
	EXPECT_FALSE(m.has_pidfd);
	EXPECT_EQ(free_fd, next_fd());
	ASSERT_EQ(0, unixmsg_take_room(self->rx, &m, 0, CMSG_LEN(sizeof(int))));
	EXPECT_TRUE(m.has_pidfd);
	EXPECT_EQ(free_fd, m.pidfd);
}

TEST_F(pair, with_all_files_in_use_the_message_has_the_error)
{
	struct rlimit few = { next_fd(), next_fd() };
	struct unixmsg m;

	ASSERT_EQ(0, unixmsg_say(self->tx, "x"));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &few));
	ASSERT_EQ(0, unixmsg_take(self->rx, &m, 0));
	EXPECT_STREQ("x", m.text);
	ASSERT_TRUE(m.has_pidfd);
	EXPECT_EQ(-EMFILE, m.pidfd);
	EXPECT_EQ(-EMFILE, peer_pidfd(self->rx));
}

TEST_F(pair, of_the_peer_is_that_of_who_made_the_pair)
{
	pid_t pid;
	int fd;

	fd = peer_pidfd(self->rx);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(getpid(), number_of("/proc", fd));
	pid = proc_fork_bound(0);
	if (!pid) {
		fd = peer_pidfd(self->tx);
		_exit(number_of("/proc", fd) == getppid() ? 0 : 1);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(an_unconnected_socket_has_no_peer_pidfd)
{
	int sk = socket(AF_UNIX, SOCK_STREAM, 0), err = peer_pidfd(sk);

	if (err == -ENOPROTOOPT)
		SKIP(return, "no SO_PEERPIDFD (Linux 6.5)");
	EXPECT_EQ(-ENODATA, err);
	EXPECT_EQ(-ENODATA, peer_pidfd(socket(AF_UNIX, SOCK_DGRAM, 0)));
}

TEST_HARNESS_MAIN

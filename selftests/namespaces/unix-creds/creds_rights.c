// SPDX-License-Identifier: GPL-2.0
/*
 * Files that are passed with SCM_RIGHTS into other namespaces, SO_PASSRIGHTS,
 * and how net namespaces part AF_UNIX sockets: abstract names and
 * /proc/net/unix are per namespace, sockets in the file system are not.
 *
 * Promises from unix(7), cmsg(3), network_namespaces(7), getrlimit(2).
 */
#include "kselftest_harness.h"
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include "ns.h"
#include "unixmsg.h"
#include "userns.h"

/* What one message can carry: SCM_MAX_FD. */
#define MAX_FDS		253

FIXTURE(rights)
{
	int tx, rx;
};

FIXTURE_VARIANT(rights)
{
	int type;
};

FIXTURE_VARIANT_ADD(rights, stream) { .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(rights, dgram) { .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(rights, seqpacket) { .type = SOCK_SEQPACKET, };

FIXTURE_SETUP(rights)
{
	int sk[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, variant->type | SOCK_CLOEXEC, 0, sk));
	self->tx = sk[0];
	self->rx = sk[1];
}

FIXTURE_TEARDOWN(rights)
{
}

static int pass(int sk, int fd)
{
	return unixmsg_send(sk, "x", NULL, &fd, 1);
}

/* The file of the message that waits, or -errno; -ENODATA when it has none. */
static int take(int sk)
{
	struct unixmsg m;
	int err = unixmsg_take(sk, &m, 0);

	if (err)
		return err;
	return m.nr_fds == 1 ? m.fd[0] : -ENODATA;
}

/* A file that has no name to open it by, with a word in it. */
static int secret(void)
{
	int fd = memfd_create("secret", MFD_CLOEXEC);

	must(fd >= 0);
	must(write(fd, "secret", 6) == 6);
	return fd;
}

static bool knows_the_secret(int fd)
{
	char buf[8] = "";

	return pread(fd, buf, 6, 0) == 6 && !strcmp(buf, "secret");
}

TEST_F(rights, reach_into_every_namespace)
{
	pid_t pid;
	int fd;

	ASSERT_EQ(0, pass(self->tx, secret()));
	pid = userns_fork(CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC |
			  CLONE_NEWUTS, 1000, 10);
	if (!pid) {
		userns_be(5);
		fd = take(self->rx);
		must(fd >= 0);
		must(knows_the_secret(fd));
		must(!ftruncate(fd, 0));
		/* What it may do to the file is another question. */
		must(fchmod(fd, 0666) && errno == EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(rights, are_the_same_open_file)
{
	pid_t pid;
	int fd = secret();

	ASSERT_EQ(0, pass(self->tx, fd));
	pid = proc_fork_bound(CLONE_NEWPID);
	if (!pid) {
		close(fd);
		must(lseek(take(self->rx), 3, SEEK_SET) == 3);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(3, lseek(fd, 0, SEEK_CUR));
}

TEST_F(rights, reach_out_of_a_namespace_that_is_gone)
{
	pid_t pid = userns_fork(CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS, 1000, 10);
	int fd;

	if (!pid)
		_exit(pass(self->tx, secret()) ? 1 : 0);
	ASSERT_EQ(0, proc_end(pid));
	fd = take(self->rx);
	ASSERT_GE(fd, 0);
	EXPECT_TRUE(knows_the_secret(fd));
}

TEST_F(rights, to_a_pidfd_have_no_number_in_a_sibling_namespace)
{
	pid_t pid = proc_fork_bound(CLONE_NEWPID), other;
	char path[64], text[64];
	int fd;

	if (!pid) {
		must(!pass(self->tx, proc_pidfd(1)));
		proc_sleep_forever();
	}
	other = proc_fork_bound(CLONE_NEWPID);
	if (!other) {
		fd = take(self->rx);
		must(fd >= 0);
		must(!ns_mount_proc("proc"));
		snprintf(path, sizeof(path), "proc/self/fdinfo/%d", fd);
		must(!file_field(path, "Pid", text, sizeof(text)));
		must(!strcmp(text, "0"));
		must(proc_pidfd_signal(fd, SIGKILL) == -EINVAL);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(other));
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
}

TEST_F(rights, not_taken_are_closed_with_the_socket)
{
	struct lifeline line = lifeline_make();

	ASSERT_EQ(0, pass(self->tx, line.fd[1]));
	lifeline_watch(&line);
	EXPECT_FALSE(lifeline_cut(&line, 0));
	close(self->tx);
	EXPECT_FALSE(lifeline_cut(&line, 0));
	close(self->rx);
	EXPECT_TRUE(lifeline_cut(&line, PROC_HANG_MS));
}

/* Two sockets, each only in the queue of the other: nobody can reach them. */
TEST_F(rights, in_a_circle_are_collected)
{
	struct lifeline line = lifeline_make();
	int more[2];

	ASSERT_EQ(0, pass(self->tx, self->rx));
	ASSERT_EQ(0, pass(self->rx, self->tx));
	ASSERT_EQ(0, pass(self->tx, line.fd[1]));
	lifeline_watch(&line);
	close(self->tx);
	close(self->rx);
	/* The collector comes when a socket is closed, in its own time. */
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, more));
	close(more[0]);
	close(more[1]);
	EXPECT_TRUE(lifeline_cut(&line, PROC_HANG_MS));
}

TEST_F(rights, without_room_are_dropped_and_it_is_said)
{
	struct lifeline line = lifeline_make();
	struct unixmsg m;

	ASSERT_EQ(0, pass(self->tx, line.fd[1]));
	lifeline_watch(&line);
	ASSERT_EQ(0, unixmsg_take_room(self->rx, &m, 0, 0));
	EXPECT_STREQ("x", m.text);
	EXPECT_TRUE(m.flags & MSG_CTRUNC);
	EXPECT_EQ(0, m.nr_fds);
	EXPECT_TRUE(lifeline_cut(&line, PROC_HANG_MS));
}

TEST_F(rights, are_at_most_253_in_a_message)
{
	int fds[MAX_FDS + 1];

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = self->tx;
	EXPECT_EQ(-EINVAL, unixmsg_send(self->tx, "x", NULL, fds, MAX_FDS + 1));
	EXPECT_TRUE(unixmsg_none(self->rx));
	EXPECT_EQ(0, unixmsg_send(self->tx, "x", NULL, fds, MAX_FDS));
	EXPECT_FALSE(unixmsg_none(self->rx));
}

TEST_F(rights, to_no_file_are_refused)
{
	EXPECT_EQ(-EBADF, pass(self->tx, -1));
	EXPECT_EQ(-EBADF, pass(self->tx, 1000000));
	EXPECT_TRUE(unixmsg_none(self->rx));
}

/* Passes files until that is refused. Returns how many went, or -errno. */
static int pass_many(int sk, int nr)
{
	for (int i = 0; i < nr; i++) {
		int err = pass(sk, 0);

		if (err == -ETOOMANYREFS)
			return i;
		if (err)
			return err;
	}
	return nr;
}

/* As user @uid (0: whoever the caller is), passes files to the limit of @limit. */
static int pass_to_the_limit(int sk, uid_t uid, unsigned int limit, int nr)
{
	struct rlimit few = { limit, limit };

	must(!setrlimit(RLIMIT_NOFILE, &few));
	if (uid)
		userns_be(uid);
	return pass_many(sk, nr);
}

/*
 * Files on their way count against the sender's RLIMIT_NOFILE, unless he has
 * CAP_SYS_ADMIN or CAP_SYS_RESOURCE in the first user namespace. The one that
 * goes over the limit is the last that is taken.
 */
TEST_F(rights, on_their_way_are_limited_for_each_user)
{
	struct unixmsg m;
	pid_t pid;

	pid = proc_fork_bound(0);
	if (!pid)
		_exit(pass_to_the_limit(self->tx, 1001, 40, 50));
	EXPECT_EQ(41, proc_end(pid));
	/* Another process of the user has nothing left, another user has. */
	pid = proc_fork_bound(0);
	if (!pid)
		_exit(pass_to_the_limit(self->tx, 1001, 40, 50));
	EXPECT_EQ(0, proc_end(pid));
	pid = proc_fork_bound(0);
	if (!pid)
		_exit(pass_to_the_limit(self->tx, 1002, 40, 10));
	EXPECT_EQ(10, proc_end(pid));
	/* What has arrived counts no more. */
	for (int i = 0; i < 7; i++)
		ASSERT_EQ(0, unixmsg_take_room(self->rx, &m, 0, 0));
	pid = proc_fork_bound(0);
	if (!pid)
		_exit(pass_to_the_limit(self->tx, 1001, 40, 50));
	EXPECT_EQ(7, proc_end(pid));
}

TEST_F(rights, on_their_way_are_limited_for_root_of_a_user_namespace)
{
	pid_t pid = userns_fork(0, 1000, 10);

	if (!pid)
		_exit(pass_to_the_limit(self->tx, 0, 40, 50));
	EXPECT_EQ(41, proc_end(pid));
	/* Real root goes further. */
	pid = proc_fork_bound(0);
	if (!pid)
		_exit(pass_to_the_limit(self->tx, 0, 40, 50));
	EXPECT_EQ(50, proc_end(pid));
}

#define NEEDS_PASSRIGHTS() do {						\
	if (unix_get(self->rx, SO_PASSRIGHTS) == -ENOPROTOOPT)		\
		SKIP(return, "no SO_PASSRIGHTS (Linux 6.16)");		\
} while (0)

TEST_F(rights, so_passrights_is_on_by_default)
{
	NEEDS_PASSRIGHTS();
	EXPECT_EQ(1, unix_get(self->rx, SO_PASSRIGHTS));
	EXPECT_EQ(1, unix_get(self->tx, SO_PASSRIGHTS));
}

TEST_F(rights, without_so_passrights_are_refused_to_the_sender)
{
	struct unixmsg m;

	NEEDS_PASSRIGHTS();
	ASSERT_EQ(0, unix_set(self->rx, SO_PASSRIGHTS, 0));
	EXPECT_EQ(-EPERM, pass(self->tx, 0));
	EXPECT_TRUE(unixmsg_none(self->rx));
	/* The other direction, and messages without files, are as before. */
	EXPECT_EQ(0, pass(self->rx, 0));
	EXPECT_GE(take(self->tx), 0);
	ASSERT_EQ(0, unix_set(self->rx, SO_PASSCRED, 1));
	ASSERT_EQ(0, unixmsg_say(self->tx, "plain"));
	ASSERT_EQ(0, unixmsg_take(self->rx, &m, 0));
	EXPECT_STREQ("plain", m.text);
	EXPECT_EQ(getpid(), m.cred.pid);
	ASSERT_EQ(0, unix_set(self->rx, SO_PASSRIGHTS, 1));
	EXPECT_EQ(0, pass(self->tx, 0));
	EXPECT_GE(take(self->rx), 0);
}

TEST_F(rights, on_their_way_still_arrive_when_so_passrights_is_taken_back)
{
	NEEDS_PASSRIGHTS();
	ASSERT_EQ(0, pass(self->tx, secret()));
	ASSERT_EQ(0, unix_set(self->rx, SO_PASSRIGHTS, 0));
	EXPECT_TRUE(knows_the_secret(take(self->rx)));
}

/* Neither root nor a namespace gets past it. */
TEST_F(rights, without_so_passrights_are_refused_from_every_namespace)
{
	pid_t pid;

	NEEDS_PASSRIGHTS();
	ASSERT_EQ(0, unix_set(self->rx, SO_PASSRIGHTS, 0));
	pid = userns_fork(CLONE_NEWPID, 1000, 10);
	if (!pid)
		_exit(pass(self->tx, 0) == -EPERM ? 0 : 1);
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(unixmsg_none(self->rx));
}

TEST(so_passrights_is_inherited_from_the_listener)
{
	int listener = unix_bound(SOCK_STREAM, "@creds_rights"), tx, rx;

	ASSERT_GE(listener, 0);
	if (unix_set(listener, SO_PASSRIGHTS, 0) == -ENOPROTOOPT)
		SKIP(return, "no SO_PASSRIGHTS (Linux 6.16)");
	tx = unix_connected(SOCK_STREAM, "@creds_rights");
	ASSERT_GE(tx, 0);
	/* Before anybody accepts, too. */
	EXPECT_EQ(-EPERM, pass(tx, 0));
	rx = unix_accept(listener);
	ASSERT_GE(rx, 0);
	EXPECT_EQ(0, unix_get(rx, SO_PASSRIGHTS));
	EXPECT_EQ(-EPERM, pass(tx, 0));
}

TEST(so_passrights_is_for_unix_sockets)
{
	int sk = socket(AF_INET, SOCK_DGRAM, 0), err = unix_get(sk, SO_PASSRIGHTS);

	if (sk < 0 || err == -ENOPROTOOPT)
		SKIP(return, "no SO_PASSRIGHTS (Linux 6.16), or no AF_INET");
	EXPECT_EQ(-EOPNOTSUPP, err);
	EXPECT_EQ(-EOPNOTSUPP, unix_set(sk, SO_PASSRIGHTS, 0));
	EXPECT_EQ(-EOPNOTSUPP, unix_set(sk, SO_PASSCRED, 1));
	EXPECT_EQ(-EOPNOTSUPP, unix_set(sk, SO_PASSPIDFD, 1));
}

/* Net namespaces. */

/* Whether /proc/net/unix, as the caller sees it, has a line with @name. */
static bool listed(const char *name)
{
	static char buf[65536];

	must(file_read("/proc/thread-self/net/unix", buf, sizeof(buf)) > 0);
	must(strlen(buf) < sizeof(buf) - 2);
	return strstr(buf, name);
}

TEST(an_abstract_name_is_of_its_net_namespace)
{
	int type[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET }, sk;
	pid_t pid;

	for (size_t i = 0; i < ARRAY_SIZE(type); i++) {
		sk = unix_bound(type[i], "@abstract");
		ASSERT_GE(sk, 0);
		pid = proc_fork_bound(CLONE_NEWNET);
		if (!pid) {
			must(unix_connected(type[i], "@abstract") == -ECONNREFUSED);
			must(unix_bound(type[i], "@abstract") >= 0);
			must(unix_connected(type[i], "@abstract") >= 0);
			_exit(0);
		}
		EXPECT_EQ(0, proc_end(pid));
		EXPECT_EQ(-EADDRINUSE, unix_bound(type[i], "@abstract"));
		close(sk);
		EXPECT_EQ(-ECONNREFUSED, unix_connected(type[i], "@abstract"));
	}
}

/* A socket is of the namespace that it was made in, wherever its user goes. */
TEST(a_socket_stays_where_it_was_made)
{
	int listener = unix_bound(SOCK_STREAM, "@stays"), early, late;
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		early = socket(AF_UNIX, SOCK_STREAM, 0);
		must(!unshare(CLONE_NEWNET));
		late = socket(AF_UNIX, SOCK_STREAM, 0);
		must(unix_connect(late, "@stays") == -ECONNREFUSED);
		must(!unix_connect(early, "@stays"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_GE(unix_accept(listener), 0);
}

TEST(a_name_in_the_file_system_is_of_all_net_namespaces)
{
	int sk[2], fd;
	pid_t pid;

	unlink("creds_rights.sock");
	sk[0] = unix_bound(SOCK_STREAM, "creds_rights.sock");
	ASSERT_GE(sk[0], 0);
	pid = userns_fork(CLONE_NEWNET | CLONE_NEWPID, 0, 10);
	if (!pid) {
		fd = unix_connected(SOCK_STREAM, "creds_rights.sock");
		must(fd >= 0);
		must(!pass(fd, secret()));
		must(proc_poll(fd, POLLIN, PROC_HANG_MS) & POLLHUP);
		_exit(0);
	}
	sk[1] = unix_accept(sk[0]);
	ASSERT_GE(sk[1], 0);
	EXPECT_TRUE(knows_the_secret(take(sk[1])));
	EXPECT_EQ(pid, ({
		struct ucred c = { 0 };
		socklen_t len = sizeof(c);

		getsockopt(sk[1], SOL_SOCKET, SO_PEERCRED, &c, &len);
		c.pid;
	}));
	close(sk[1]);
	EXPECT_EQ(0, proc_end(pid));
}

TEST(proc_net_unix_lists_the_sockets_of_its_net_namespace)
{
	struct baton ready = baton_make(), done = baton_make();
	int sk = unix_bound(SOCK_DGRAM, "@outside");
	char path[64];
	static char buf[65536];
	pid_t pid;

	ASSERT_GE(sk, 0);
	pid = proc_fork_bound(CLONE_NEWNET);
	if (!pid) {
		must(unix_bound(SOCK_DGRAM, "@inside") >= 0);
		must(listed("@inside"));
		must(!listed("@outside"));
		baton_pass(&ready, 0);
		baton_take(&done);
		_exit(0);
	}
	baton_take(&ready);
	EXPECT_TRUE(listed("@outside"));
	EXPECT_FALSE(listed("@inside"));
	snprintf(path, sizeof(path), "/proc/%d/net/unix", pid);
	ASSERT_GT(file_read(path, buf, sizeof(buf)), 0);
	EXPECT_NE(NULL, strstr(buf, "@inside"));
	EXPECT_EQ(NULL, strstr(buf, "@outside"));
	baton_pass(&done, 0);
	EXPECT_EQ(0, proc_end(pid));
}

TEST(max_dgram_qlen_is_of_its_net_namespace)
{
	const char *file = "/proc/sys/net/unix/max_dgram_qlen";
	long outside = file_number(file);
	pid_t pid;

	ASSERT_GT(outside, 0);
	pid = proc_fork_bound(CLONE_NEWNET);
	if (!pid) {
		int rx, tx, sent = 0;

		must(!file_write(file, "3"));
		must(file_number(file) == 3);
		rx = unix_bound(SOCK_DGRAM, "@qlen");
		tx = unix_connected(SOCK_DGRAM, "@qlen");
		must(rx >= 0 && tx >= 0);
		while (send(tx, "x", 1, MSG_DONTWAIT) == 1)
			sent++;
		must(errno == EAGAIN);
		/* The queue is full when it has become longer than the limit. */
		must(sent == 4);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(outside, file_number(file));
}

TEST_HARNESS_MAIN

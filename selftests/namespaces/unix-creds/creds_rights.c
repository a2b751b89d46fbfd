// SPDX-License-Identifier: GPL-2.0
/*
 * Files that are passed with SCM_RIGHTS into other namespaces, what becomes of
 * those for which there is no room, and SO_PASSRIGHTS.
 *
 * Promises from unix(7), cmsg(3), getrlimit(2).
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

/* A message of @nr files: the writing ends of @line, which are then watched. */
static int pass_lines(int sk, struct lifeline *line, int nr)
{
	int fds[UNIXMSG_FDS], err;

	for (int i = 0; i < nr; i++) {
		line[i] = lifeline_make();
		fds[i] = line[i].fd[1];
	}
	err = unixmsg_send(sk, "x", NULL, fds, nr);
	for (int i = 0; i < nr; i++)
		lifeline_watch(&line[i]);
	return err;
}

TEST_F(rights, beyond_the_room_are_closed_and_it_is_said)
{
	struct lifeline line[3];
	struct unixmsg m;

	ASSERT_EQ(0, pass_lines(self->tx, line, 3));
	ASSERT_EQ(0, unixmsg_take_room(self->rx, &m, 0, CMSG_LEN(2 * sizeof(int))));
	EXPECT_STREQ("x", m.text);
	EXPECT_TRUE(m.flags & MSG_CTRUNC);
	ASSERT_EQ(2, m.nr_fds);
	EXPECT_TRUE(lifeline_cut(&line[2], PROC_HANG_MS));
	/* The first ones arrive, each where it belongs. */
	for (int i = 0; i < 2; i++) {
		EXPECT_FALSE(lifeline_cut(&line[i], 0));
		close(m.fd[i]);
		EXPECT_TRUE(lifeline_cut(&line[i], PROC_HANG_MS));
	}
	/* With room for all of them, nothing is said. */
	ASSERT_EQ(0, pass_lines(self->tx, line, 3));
	ASSERT_EQ(0, unixmsg_take_room(self->rx, &m, 0, CMSG_LEN(3 * sizeof(int))));
	EXPECT_FALSE(m.flags & MSG_CTRUNC);
	EXPECT_EQ(3, m.nr_fds);
}

/* Leaves the caller room for @nr more files. Returns the first one's number. */
static int leave_room(int nr)
{
	struct rlimit limit;
	int first, last;

	first = dup(0);
	must(first >= 0);
	last = first;
	for (int i = 1; i < nr; i++) {
		last = dup(0);
		must(last >= 0);
	}
	for (int fd = first; fd <= last; fd++)
		close(fd);
	must(!getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = nr ? last + 1 : first;
	must(!setrlimit(RLIMIT_NOFILE, &limit));
	return first;
}

TEST_F(rights, beyond_the_receivers_rlimit_nofile_are_closed_and_it_is_said)
{
	for (int room = 0; room <= 1; room++) {
		struct lifeline line[3];
		pid_t pid;

		ASSERT_EQ(0, pass_lines(self->tx, line, 3));
		pid = proc_fork_bound(0);
		if (!pid) {
			int first = leave_room(room);
			struct unixmsg m;

			must(!unixmsg_take(self->rx, &m, 0));
			must(!strcmp(m.text, "x"));
			must(m.flags & MSG_CTRUNC);
			must(m.nr_fds == room);
			must(!room || m.fd[0] == first);
			for (int i = 0; i < 3; i++)
				must(lifeline_cut(&line[i], i < room ? 0 : PROC_HANG_MS) ==
				     (i >= room));
			_exit(0);
		}
		EXPECT_EQ(0, proc_end(pid));
	}
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

TEST(files_part_a_stream_behind_the_text_that_they_came_with)
{
	struct unixmsg m;
	int fd = secret(), sk[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sk));
	ASSERT_EQ(0, unixmsg_say(sk[0], "1234"));
	ASSERT_EQ(0, unixmsg_send(sk[0], "5", NULL, &fd, 1));
	ASSERT_EQ(0, unixmsg_say(sk[0], "6789"));
	ASSERT_EQ(0, unixmsg_take(sk[1], &m, 0));
	EXPECT_STREQ("12345", m.text);
	ASSERT_EQ(1, m.nr_fds);
	EXPECT_TRUE(knows_the_secret(m.fd[0]));
	ASSERT_EQ(0, unixmsg_take(sk[1], &m, 0));
	EXPECT_STREQ("6789", m.text);
	EXPECT_EQ(0, m.nr_fds);
	/* Without files, there is nothing to part them. */
	ASSERT_EQ(0, unixmsg_say(sk[0], "1234"));
	ASSERT_EQ(0, unixmsg_say(sk[0], "5"));
	ASSERT_EQ(0, unixmsg_say(sk[0], "6789"));
	ASSERT_EQ(0, unixmsg_take(sk[1], &m, 0));
	EXPECT_STREQ("123456789", m.text);
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

TEST_HARNESS_MAIN

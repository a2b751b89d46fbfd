// SPDX-License-Identifier: GPL-2.0
/*
 * The credentials that belong to a connection: SO_PEERCRED and SO_PEERGROUPS.
 * When they are taken, from whom, and how they look from another namespace.
 *
 * Promises from unix(7), socket(7), pid_namespaces(7) and user_namespaces(7).
 */
#include "kselftest_harness.h"
#include <grp.h>
#include <netinet/in.h>
#include "ns.h"
#include "unixmsg.h"
#include "userns.h"

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS	59
#endif

#define OVERFLOW	65534

/* Another one for each test, so that what one leaves behind is in nobody's way. */
static char name[64];

static void name_the_socket(void)
{
	snprintf(name, sizeof(name), "@creds_peer.%d", getpid());
}

FIXTURE(peer)
{
	int type;
};

FIXTURE_VARIANT(peer)
{
	int type;
};

FIXTURE_VARIANT_ADD(peer, stream) { .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(peer, seqpacket) { .type = SOCK_SEQPACKET, };

FIXTURE_SETUP(peer)
{
	self->type = variant->type;
	name_the_socket();
}

FIXTURE_TEARDOWN(peer)
{
}

static struct ucred peer_of(int sk)
{
	struct ucred c;
	socklen_t len = sizeof(c);

	must(!getsockopt(sk, SOL_SOCKET, SO_PEERCRED, &c, &len));
	must(len == sizeof(c));
	return c;
}

static bool peer_is(int sk, pid_t pid, uid_t uid, gid_t gid)
{
	struct ucred c = peer_of(sk);

	if (c.pid == pid && c.uid == uid && c.gid == gid)
		return true;
	fprintf(stderr, "# seen: pid %d uid %d gid %d, not %d %d %d\n", c.pid,
		c.uid, c.gid, pid, uid, gid);
	return false;
}

/* Real, effective and saved ids that differ; the effective ones are asked for. */
static void be_1002(void)
{
	must(!setresgid(2001, 2002, 2003));
	must(!setresuid(1001, 1002, 1003));
	must(!prctl(PR_SET_PDEATHSIG, SIGKILL));
}

/*
 * A process that connects to the name, after it has done what @prepare says, and
 * stays, connected, until it is killed.
 */
static pid_t client(int type, uint64_t flags, void (*prepare)(void))
{
	pid_t pid = proc_fork_bound(flags);

	if (!pid) {
		if (prepare)
			prepare();
		must(unix_connected(type, name) >= 0);
		proc_sleep_forever();
	}
	must(pid > 0);
	return pid;
}

TEST_F(peer, of_a_pair_is_who_made_it)
{
	int sk[2];
	pid_t pid, self_pid = getpid();

	ASSERT_EQ(0, socketpair(AF_UNIX, self->type, 0, sk));
	EXPECT_TRUE(peer_is(sk[0], self_pid, 0, 0));
	EXPECT_TRUE(peer_is(sk[1], self_pid, 0, 0));
	/* Whoever else gets hold of an end. */
	pid = proc_fork_bound(0);
	if (!pid) {
		close(sk[1]);
		userns_be(1001);
		must(peer_is(sk[0], self_pid, 0, 0));
		_exit(0);
	}
	close(sk[0]);
	EXPECT_TRUE(peer_is(sk[1], self_pid, 0, 0));
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(peer_is(sk[1], self_pid, 0, 0));
}

TEST_F(peer, of_the_server_is_who_connected_with_the_effective_ids)
{
	int listener = unix_bound(self->type, name), sk;
	pid_t pid = client(self->type, 0, be_1002);

	sk = unix_accept(listener);
	ASSERT_GE(sk, 0);
	EXPECT_TRUE(peer_is(sk, pid, 1002, 2002));
}

TEST_F(peer, of_the_client_is_who_listened_with_the_effective_ids)
{
	struct baton ready = baton_make();
	pid_t pid = proc_fork_bound(0);
	int sk;

	if (!pid) {
		be_1002();
		must(unix_bound(self->type, name) >= 0);
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	sk = unix_connected(self->type, name);
	ASSERT_GE(sk, 0);
	/* Nobody has accepted, and nobody ever does. */
	EXPECT_TRUE(peer_is(sk, pid, 1002, 2002));
}

TEST_F(peer, is_who_it_was_when_it_connected)
{
	int listener = unix_bound(self->type, name), sk, end;
	struct baton changed = baton_make();
	pid_t pid = proc_fork_bound(0), heir;

	if (!pid) {
		end = unix_connected(self->type, name);
		must(end >= 0);
		userns_be(1001);
		heir = proc_fork_bound(0);
		if (!heir) {
			baton_pass(&changed, 0);
			proc_sleep_forever();
		}
		close(end);
		proc_sleep_forever();
	}
	baton_take(&changed);
	sk = unix_accept(listener);
	EXPECT_TRUE(peer_is(sk, pid, 0, 0));
}

TEST_F(peer, is_who_it_was_when_it_listened)
{
	struct sockaddr_un a;
	socklen_t len = unix_address(&a, name);
	int listener = socket(AF_UNIX, self->type, 0), sk;
	pid_t self_pid = getpid(), pid;

	/* Bound by one, listened on by another, accepted by a third. */
	ASSERT_EQ(0, bind(listener, (struct sockaddr *)&a, len));
	pid = proc_fork_bound(0);
	if (!pid) {
		be_1002();
		must(!listen(listener, 5));
		must(!setresuid(1003, 1003, 1003));
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(pid));
	sk = unix_connected(self->type, name);
	ASSERT_GE(sk, 0);
	EXPECT_TRUE(peer_is(sk, pid, 1002, 2002));
	ASSERT_GE(unix_accept(listener), 0);
	EXPECT_TRUE(peer_is(sk, pid, 1002, 2002));

	/* Listening again is for those who connect after it. */
	ASSERT_EQ(0, listen(listener, 5));
	EXPECT_TRUE(peer_is(sk, pid, 1002, 2002));
	sk = unix_connected(self->type, name);
	ASSERT_GE(sk, 0);
	EXPECT_TRUE(peer_is(sk, self_pid, 0, 0));
}

TEST_F(peer, is_told_after_its_death)
{
	int listener = unix_bound(self->type, name), sk;
	pid_t pid = client(self->type, CLONE_NEWPID, be_1002);

	sk = unix_accept(listener);
	ASSERT_GE(sk, 0);
	ASSERT_EQ(-SIGKILL, proc_kill(pid));
	EXPECT_TRUE(proc_poll(sk, POLLIN, PROC_HANG_MS) & POLLHUP);
	EXPECT_TRUE(peer_is(sk, pid, 1002, 2002));
}

TEST_F(peer, from_below_has_the_pid_that_it_has_here)
{
	int listener = unix_bound(self->type, name), sk;
	pid_t pid = client(self->type, CLONE_NEWPID, NULL), other;

	sk = unix_accept(listener);
	EXPECT_TRUE(peer_is(sk, pid, 0, 0));
	/* The same connection, seen from another namespace and from the client's. */
	other = proc_fork_bound(CLONE_NEWPID);
	if (!other)
		_exit(peer_is(sk, 0, 0, 0) ? 0 : 1);
	EXPECT_EQ(0, proc_end(other));
	ASSERT_EQ(0, ns_enter(ns_open(pid, "pid"), CLONE_NEWPID));
	other = fork();
	if (!other)
		_exit(peer_is(sk, 1, 0, 0) ? 0 : 1);
	EXPECT_EQ(0, proc_end(other));
}

TEST_F(peer, from_outside_has_pid_0)
{
	int listener = unix_bound(self->type, name), sk;
	pid_t pid = proc_fork_bound(CLONE_NEWPID);

	if (!pid) {
		sk = unix_accept(listener);
		must(sk >= 0);
		_exit(peer_is(sk, 0, 0, 0) ? 0 : 1);
	}
	sk = unix_connected(self->type, name);
	ASSERT_GE(sk, 0);
	EXPECT_EQ(0, proc_end(pid));
	/* For the client it is the process that listened, not that of below. */
	EXPECT_TRUE(peer_is(sk, getpid(), 0, 0));
}


TEST_F(peer, from_a_user_namespace_has_the_ids_that_it_has_outside)
{
	int listener = unix_bound(self->type, name), sk;
	pid_t pid = userns_fork(CLONE_NEWPID, 1000, 10), viewer;

	if (!pid) {
		userns_be(3);
		must(unix_connected(self->type, name) >= 0);
		proc_sleep_forever();
	}
	sk = unix_accept(listener);
	ASSERT_GE(sk, 0);
	EXPECT_TRUE(peer_is(sk, pid, 1003, 1003));
	viewer = userns_fork(0, 1001, 10);
	if (!viewer)
		_exit(peer_is(sk, pid, 2, 2) ? 0 : 1);
	EXPECT_EQ(0, proc_end(viewer));
	viewer = userns_fork(CLONE_NEWPID, 3000, 10);
	if (!viewer)
		_exit(peer_is(sk, 0, OVERFLOW, OVERFLOW) ? 0 : 1);
	EXPECT_EQ(0, proc_end(viewer));
}

TEST_F(peer, of_a_pair_into_a_user_namespace_is_translated_at_the_time_of_asking)
{
	int sk[2];
	pid_t pid, self_pid = getpid();

	ASSERT_EQ(0, socketpair(AF_UNIX, self->type, 0, sk));
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!unshare(CLONE_NEWUSER));
		must(peer_is(sk[0], self_pid, OVERFLOW, OVERFLOW));
		must(!file_write("/proc/self/uid_map", "5 0 1"));
		must(peer_is(sk[0], self_pid, 5, OVERFLOW));
		must(!file_write("/proc/self/setgroups", "deny"));
		must(!file_write("/proc/self/gid_map", "6 0 1"));
		must(peer_is(sk[0], self_pid, 5, 6));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(peer_is(sk[0], self_pid, 0, 0));
}

TEST_F(peer, of_an_unconnected_socket_is_nobody)
{
	int sk = socket(AF_UNIX, self->type, 0);

	EXPECT_TRUE(peer_is(sk, 0, -1, -1));
	EXPECT_EQ(-ECONNREFUSED, unix_connect(sk, name));
	EXPECT_TRUE(peer_is(sk, 0, -1, -1));
}

TEST_F(peer, cannot_be_set)
{
	struct ucred c = { .pid = 1 };
	int sk[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, self->type, 0, sk));
	EXPECT_EQ(-1, setsockopt(sk[0], SOL_SOCKET, SO_PEERCRED, &c, sizeof(c)));
	EXPECT_EQ(ENOPROTOOPT, errno);
	EXPECT_TRUE(peer_is(sk[0], getpid(), 0, 0));
}

/* Datagrams have senders, but no peer whose credentials could be known... */
TEST(a_connected_datagram_socket_has_no_peer_credentials)
{
	int rx, tx;

	name_the_socket();
	rx = unix_bound(SOCK_DGRAM, name);
	tx = unix_connected(SOCK_DGRAM, name);
	ASSERT_GE(rx, 0);
	ASSERT_GE(tx, 0);
	EXPECT_TRUE(peer_is(tx, 0, -1, -1));
	EXPECT_TRUE(peer_is(rx, 0, -1, -1));
}

/* ... but when they are a pair. */
TEST(a_datagram_pair_has_peer_credentials)
{
	int sk[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_DGRAM, 0, sk));
	EXPECT_TRUE(peer_is(sk[0], getpid(), 0, 0));
}

TEST(a_socket_of_another_family_has_no_peer_credentials)
{
	int sk = socket(AF_INET, SOCK_STREAM, 0);

	if (sk < 0)
		SKIP(return, "no AF_INET");
	EXPECT_TRUE(peer_is(sk, 0, -1, -1));
}

/* SO_PEERGROUPS: the number of groups, or -errno; @size is of @groups, in bytes. */
static int peer_groups(int sk, gid_t *groups, socklen_t *size)
{
	if (getsockopt(sk, SOL_SOCKET, SO_PEERGROUPS, groups, size))
		return -errno;
	return *size / sizeof(gid_t);
}

static void join_three_groups(void)
{
	static const gid_t groups[] = { 1003, 1005, 70000 };

	must(!setgroups(3, groups));
}

TEST_F(peer, groups_are_those_at_connect)
{
	int listener = unix_bound(self->type, name), sk;
	gid_t g[8] = { 0 };
	socklen_t len = sizeof(g);
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		join_three_groups();
		must(unix_connected(self->type, name) >= 0);
		must(!setgroups(0, NULL));
		proc_sleep_forever();
	}
	sk = unix_accept(listener);
	ASSERT_GE(sk, 0);
	ASSERT_EQ(3, peer_groups(sk, g, &len));
	EXPECT_EQ(1003, g[0]);
	EXPECT_EQ(1005, g[1]);
	EXPECT_EQ(70000, g[2]);
	proc_kill(pid);
	len = sizeof(g);
	EXPECT_EQ(3, peer_groups(sk, g, &len));
}

TEST_F(peer, groups_without_room_say_how_much_is_needed)
{
	int listener = unix_bound(self->type, name), sk;
	gid_t g[8] = { 0 };
	socklen_t len = 2 * sizeof(gid_t);

	client(self->type, 0, join_three_groups);
	sk = unix_accept(listener);
	ASSERT_GE(sk, 0);
	EXPECT_EQ(-ERANGE, peer_groups(sk, g, &len));
	EXPECT_EQ(3 * sizeof(gid_t), len);
	EXPECT_EQ(0, g[0]);
	EXPECT_EQ(3, peer_groups(sk, g, &len));
	len = 0;
	EXPECT_EQ(-ERANGE, peer_groups(sk, g, &len));
	EXPECT_EQ(3 * sizeof(gid_t), len);
}

TEST_F(peer, groups_are_translated)
{
	int listener = unix_bound(self->type, name), sk;
	pid_t viewer;

	client(self->type, 0, join_three_groups);
	sk = unix_accept(listener);
	ASSERT_GE(sk, 0);
	viewer = userns_fork(0, 1000, 4);
	if (!viewer) {
		gid_t g[8] = { 0 };
		socklen_t len = sizeof(g);

		must(peer_groups(sk, g, &len) == 3);
		must(g[0] == 3);
		must(g[1] == OVERFLOW);
		must(g[2] == OVERFLOW);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(viewer));
}

TEST_F(peer, groups_of_nobody_are_no_data)
{
	gid_t g[8];
	socklen_t len = sizeof(g);
	int sk = socket(AF_UNIX, self->type, 0);

	EXPECT_EQ(-ENODATA, peer_groups(sk, g, &len));
}

TEST_F(peer, groups_may_be_none)
{
	int sk[2];
	gid_t g[8];
	socklen_t len = sizeof(g);

	ASSERT_EQ(0, setgroups(0, NULL));
	ASSERT_EQ(0, socketpair(AF_UNIX, self->type, 0, sk));
	EXPECT_EQ(0, peer_groups(sk[0], g, &len));
	EXPECT_EQ(0, len);
}

/* What a listener was told to pass on, the sockets that it makes do as well. */
TEST_F(peer, so_passcred_is_inherited_from_the_listener)
{
	int listener = unix_bound(self->type, name), tx, rx;
	struct unixmsg m;

	ASSERT_EQ(0, unix_set(listener, SO_PASSCRED, 1));
	tx = unix_connected(self->type, name);
	ASSERT_GE(tx, 0);
	rx = unix_accept(listener);
	ASSERT_GE(rx, 0);
	EXPECT_EQ(1, unix_get(rx, SO_PASSCRED));
	EXPECT_EQ(0, unix_get(tx, SO_PASSCRED));
	ASSERT_EQ(0, unixmsg_say(tx, "x"));
	ASSERT_EQ(0, unixmsg_take(rx, &m, 0));
	EXPECT_TRUE(m.has_cred);
	EXPECT_EQ(getpid(), m.cred.pid);
}

/* It may be that the server asks for credentials before it reads, not earlier. */
TEST_F(peer, a_message_sent_before_accept_has_credentials)
{
	int listener = unix_bound(self->type, name), tx, rx;
	struct unixmsg m;

	tx = unix_connected(self->type, name);
	ASSERT_GE(tx, 0);
	ASSERT_EQ(0, unixmsg_say(tx, "x"));
	rx = unix_accept(listener);
	ASSERT_GE(rx, 0);
	ASSERT_EQ(0, unix_set(rx, SO_PASSCRED, 1));
	ASSERT_EQ(0, unixmsg_take(rx, &m, 0));
	EXPECT_TRUE(m.has_cred);
	EXPECT_EQ(getpid(), m.cred.pid);
	EXPECT_EQ(0, m.cred.uid);
}

/* unix(7), "Autobind feature": @ and five hexadecimal digits. */
TEST_F(peer, so_passcred_gives_a_connecting_socket_a_name)
{
	int listener = unix_bound(self->type, name), plain, named;
	struct sockaddr_un a;
	socklen_t len = sizeof(a);

	ASSERT_GE(listener, 0);
	plain = unix_connected(self->type, name);
	ASSERT_EQ(0, getsockname(plain, (struct sockaddr *)&a, &len));
	EXPECT_EQ(sizeof(a.sun_family), len);
	named = socket(AF_UNIX, self->type, 0);
	ASSERT_EQ(0, unix_set(named, SO_PASSCRED, 1));
	ASSERT_EQ(0, unix_connect(named, name));
	len = sizeof(a);
	ASSERT_EQ(0, getsockname(named, (struct sockaddr *)&a, &len));
	ASSERT_EQ(sizeof(a.sun_family) + 6, len);
	EXPECT_EQ('\0', a.sun_path[0]);
	EXPECT_EQ(5, strspn(strndup(a.sun_path + 1, 5), "0123456789abcdef"));
}

TEST_HARNESS_MAIN

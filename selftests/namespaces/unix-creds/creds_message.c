// SPDX-License-Identifier: GPL-2.0
/*
 * The credentials that come with a message: SO_PASSCRED and SCM_CREDENTIALS.
 * Whose they are, how each receiver sees them from its pid and its user
 * namespace, and that a stream keeps the words of different senders apart.
 *
 * Promises from unix(7), pid_namespaces(7), user_namespaces(7) and, where
 * those are silent, net/unix/af_unix.c.
 */
#include "kselftest_harness.h"
#include <pthread.h>
#include "ns.h"
#include "unixmsg.h"
#include "userns.h"

#define OVERFLOW	65534

/* A pair of each type; what is sent at one end comes with credentials at the other. */
FIXTURE(message)
{
	int tx, rx;
};

FIXTURE_VARIANT(message)
{
	int type;
};

FIXTURE_VARIANT_ADD(message, stream) { .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(message, dgram) { .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(message, seqpacket) { .type = SOCK_SEQPACKET, };

FIXTURE_SETUP(message)
{
	int sk[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, variant->type | SOCK_CLOEXEC, 0, sk));
	self->tx = sk[0];
	self->rx = sk[1];
	ASSERT_EQ(0, unix_set(self->rx, SO_PASSCRED, 1));
}

FIXTURE_TEARDOWN(message)
{
}

static bool is(const struct unixmsg *m, pid_t pid, uid_t uid, gid_t gid)
{
	if (m->has_cred && m->cred.pid == pid && m->cred.uid == uid && m->cred.gid == gid)
		return true;
	fprintf(stderr, "# seen: credentials %d pid %d uid %d gid %d, not %d %d %d\n",
		m->has_cred, m->cred.pid, m->cred.uid, m->cred.gid, pid, uid, gid);
	return false;
}

/* Looks at the message that waits, and leaves it there. */
static bool peek_is(int rx, pid_t pid, uid_t uid, gid_t gid)
{
	struct unixmsg m;

	must(!unixmsg_take(rx, &m, MSG_PEEK));
	return is(&m, pid, uid, gid);
}

TEST_F(message, without_so_passcred_there_are_none)
{
	struct unixmsg m;

	ASSERT_EQ(0, unix_set(self->rx, SO_PASSCRED, 0));
	ASSERT_EQ(0, unixmsg_say(self->tx, "hello"));
	ASSERT_EQ(0, unixmsg_take(self->rx, &m, 0));
	EXPECT_STREQ("hello", m.text);
	EXPECT_FALSE(m.has_cred);
	EXPECT_EQ(0, m.flags & MSG_CTRUNC);
}

TEST_F(message, so_passcred_reads_back)
{
	EXPECT_EQ(1, unix_get(self->rx, SO_PASSCRED));
	EXPECT_EQ(0, unix_get(self->tx, SO_PASSCRED));
	ASSERT_EQ(0, unix_set(self->rx, SO_PASSCRED, 0));
	EXPECT_EQ(0, unix_get(self->rx, SO_PASSCRED));
}

TEST_F(message, says_who_sent_it_with_the_real_ids)
{
	struct unixmsg m;
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!setresgid(2001, 2002, 2003));
		must(!setresuid(1001, 1002, 1003));
		must(!unixmsg_say(self->tx, "hello"));
		_exit(0);
	}
	ASSERT_EQ(0, unixmsg_take(self->rx, &m, 0));
	EXPECT_STREQ("hello", m.text);
	EXPECT_TRUE(is(&m, pid, 1001, 2001));
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(message, is_of_the_sender_and_not_of_who_made_the_socket)
{
	struct unixmsg m;
	pid_t pid[3];

	for (int i = 0; i < 3; i++) {
		pid[i] = proc_fork_bound(0);
		if (!pid[i])
			_exit(unixmsg_say(self->tx, "x") ? 1 : 0);
		ASSERT_EQ(0, unixmsg_take(self->rx, &m, 0));
		EXPECT_TRUE(is(&m, pid[i], 0, 0));
		ASSERT_EQ(0, proc_end(pid[i]));
	}
	ASSERT_EQ(0, unixmsg_say(self->tx, "x"));
	ASSERT_EQ(0, unixmsg_take(self->rx, &m, 0));
	EXPECT_TRUE(is(&m, getpid(), 0, 0));
}

TEST_F(message, by_write_has_them_too)
{
	struct unixmsg m;

	ASSERT_EQ(5, write(self->tx, "plain", 5));
	ASSERT_EQ(0, unixmsg_take(self->rx, &m, 0));
	EXPECT_TRUE(is(&m, getpid(), 0, 0));
}

static void *say_as_a_thread(void *sk)
{
	must(syscall(SYS_gettid) != getpid());
	must(!unixmsg_say(*(int *)sk, "thread"));
	return NULL;
}

TEST_F(message, of_a_thread_names_the_process)
{
	struct unixmsg m;
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, say_as_a_thread, &self->tx));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	ASSERT_EQ(0, unixmsg_take(self->rx, &m, 0));
	EXPECT_TRUE(is(&m, getpid(), 0, 0));
}

/* A child that is gone again: the next one has another number. */
static void skip_a_pid(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	must(proc_end(pid) == 0);
}

/* The caller's pid in the namespace that /proc was mounted in, the first one. */
static pid_t pid_at_the_top(void)
{
	char text[64];

	must(!file_field("/proc/self/status", "NSpid", text, sizeof(text)));
	return atoi(text);
}

/* One message, looked at by a process of each level, as each of them sees it. */
TEST_F(message, has_at_every_level_the_pid_of_that_level)
{
	struct baton number = baton_make();
	pid_t outer = proc_fork_bound(CLONE_NEWPID), inner, sender;

	if (!outer) {
		skip_a_pid();
		inner = proc_fork(CLONE_NEWPID);
		if (!inner) {
			skip_a_pid();
			skip_a_pid();
			sender = fork();
			if (!sender) {
				must(getpid() == 4);
				baton_pass(&number, pid_at_the_top());
				_exit(unixmsg_say(self->tx, "from below") ? 1 : 0);
			}
			must(proc_end(sender) == 0);
			must(peek_is(self->rx, 4, 0, 0));
			_exit(0);
		}
		must(proc_end(inner) == 0);
		/* 2 was skipped, 3 is the inner init, then come its three. */
		must(peek_is(self->rx, 6, 0, 0));
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(outer));
	EXPECT_TRUE(peek_is(self->rx, baton_take(&number), 0, 0));
}

TEST_F(message, from_outside_has_pid_0)
{
	pid_t pid;

	ASSERT_EQ(0, unixmsg_say(self->tx, "from above"));
	pid = proc_fork_bound(CLONE_NEWPID);
	if (!pid)
		_exit(peek_is(self->rx, 0, 0, 0) ? 0 : 1);
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(peek_is(self->rx, getpid(), 0, 0));
}

TEST_F(message, from_a_sibling_namespace_has_pid_0)
{
	pid_t sender, receiver;

	sender = proc_fork_bound(CLONE_NEWPID);
	if (!sender)
		_exit(unixmsg_say(self->tx, "sibling") ? 1 : 0);
	receiver = proc_fork_bound(CLONE_NEWPID);
	if (!receiver)
		_exit(peek_is(self->rx, 0, 0, 0) ? 0 : 1);
	EXPECT_EQ(0, proc_end(receiver));
	EXPECT_TRUE(peek_is(self->rx, sender, 0, 0));
	EXPECT_EQ(0, proc_end(sender));
}

/* setns(2) and unshare(2) of a pid namespace are for children. */
TEST_F(message, of_one_whose_children_go_elsewhere_has_its_own_pid)
{
	struct unixmsg m;
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!unshare(CLONE_NEWPID));
		must(!unixmsg_say(self->tx, "still here"));
		must(peek_is(self->rx, getpid(), 0, 0));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	ASSERT_EQ(0, unixmsg_take(self->rx, &m, 0));
	EXPECT_TRUE(is(&m, pid, 0, 0));
}

TEST_F(message, outlives_its_sender_and_its_namespace)
{
	struct unixmsg m;
	pid_t pid = proc_fork_bound(CLONE_NEWPID);

	if (!pid) {
		must(!setresgid(2001, 2001, 2001));
		must(!setresuid(1001, 1001, 1001));
		_exit(unixmsg_say(self->tx, "last words") ? 1 : 0);
	}
	ASSERT_EQ(0, proc_end(pid));
	ASSERT_EQ(0, unixmsg_take(self->rx, &m, 0));
	EXPECT_STREQ("last words", m.text);
	EXPECT_TRUE(is(&m, pid, 1001, 2001));
}

TEST_F(message, of_a_user_namespace_has_the_ids_that_it_has_outside)
{
	struct unixmsg m;
	pid_t pid = userns_fork(0, 1000, 10);

	if (!pid) {
		must(getuid() == 0);
		must(!setresgid(7, 7, 7));
		must(!setresuid(3, 3, 3));
		_exit(unixmsg_say(self->tx, "x") ? 1 : 0);
	}
	EXPECT_EQ(0, proc_end(pid));
	ASSERT_EQ(0, unixmsg_take(self->rx, &m, 0));
	EXPECT_TRUE(is(&m, pid, 1003, 1007));
}

/* Outside 1000 to 1009 are 0 to 9 inside; there is no inside of 0. */
TEST_F(message, into_a_user_namespace_has_the_ids_of_there)
{
	static const struct { uid_t out, in; } ids[] = {
		{ 1000, 0 }, { 1009, 9 }, { 1010, OVERFLOW }, { 999, OVERFLOW },
		{ 0, OVERFLOW }, { 65534, OVERFLOW },
	};
	pid_t pid, sender;

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		struct unixmsg m;

		sender = proc_fork_bound(0);
		if (!sender) {
			userns_be(ids[i].out);
			_exit(unixmsg_say(self->tx, "x") ? 1 : 0);
		}
		ASSERT_EQ(0, proc_end(sender));
		pid = userns_fork(0, 1000, 10);
		if (!pid)
			_exit(peek_is(self->rx, sender, ids[i].in, ids[i].in) ? 0 : 1);
		EXPECT_EQ(0, proc_end(pid));
		ASSERT_EQ(0, unixmsg_take(self->rx, &m, 0));
		EXPECT_TRUE(is(&m, sender, ids[i].out, ids[i].out));
	}
}

TEST_F(message, between_user_namespaces_is_translated_twice)
{
	pid_t sender, receiver;

	sender = userns_fork(CLONE_NEWPID, 1000, 10);
	if (!sender) {
		userns_be(5);
		_exit(unixmsg_say(self->tx, "x") ? 1 : 0);
	}
	ASSERT_EQ(0, proc_end(sender));
	receiver = userns_fork(0, 1004, 10);
	if (!receiver)
		_exit(peek_is(self->rx, sender, 1, 1) ? 0 : 1);
	EXPECT_EQ(0, proc_end(receiver));
	/* No id is in both. */
	receiver = userns_fork(CLONE_NEWPID, 2000, 10);
	if (!receiver)
		_exit(peek_is(self->rx, 0, OVERFLOW, OVERFLOW) ? 0 : 1);
	EXPECT_EQ(0, proc_end(receiver));
}

TEST_F(message, is_translated_for_whoever_receives_when_it_does)
{
	pid_t pid;

	ASSERT_EQ(0, unixmsg_say(self->tx, "x"));
	pid = proc_fork_bound(0);
	if (!pid) {
		must(peek_is(self->rx, getppid(), 0, 0));
		must(!unshare(CLONE_NEWUSER));
		must(peek_is(self->rx, getppid(), OVERFLOW, OVERFLOW));
		must(!file_write("/proc/self/uid_map", "77 0 1"));
		must(peek_is(self->rx, getppid(), 77, OVERFLOW));
		must(!file_write("/proc/self/setgroups", "deny"));
		must(!file_write("/proc/self/gid_map", "88 0 1"));
		must(peek_is(self->rx, getppid(), 77, 88));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(message, follows_the_overflow_ids)
{
	pid_t pid;
	bool ok;

	ASSERT_EQ(0, unixmsg_say(self->tx, "x"));
	must(!file_write("/proc/sys/kernel/overflowuid", "4321"));
	must(!file_write("/proc/sys/kernel/overflowgid", "1234"));
	pid = userns_fork(0, 1000, 10);
	if (!pid)
		_exit(peek_is(self->rx, getppid(), 4321, 1234) ? 0 : 1);
	ok = proc_end(pid) == 0;
	must(!file_write("/proc/sys/kernel/overflowuid", "65534"));
	must(!file_write("/proc/sys/kernel/overflowgid", "65534"));
	EXPECT_TRUE(ok);
}

TEST_F(message, of_a_process_that_changed_has_what_it_was)
{
	struct unixmsg m;
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!unixmsg_say(self->tx, "before"));
		userns_be(1001);
		must(!unixmsg_say(self->tx, "after"));
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(pid));
	ASSERT_EQ(0, unixmsg_take(self->rx, &m, 0));
	EXPECT_STREQ("before", m.text);
	EXPECT_TRUE(is(&m, pid, 0, 0));
	ASSERT_EQ(0, unixmsg_take(self->rx, &m, 0));
	EXPECT_STREQ("after", m.text);
	EXPECT_TRUE(is(&m, pid, 1001, 1001));
}

/* Nobody had asked when it was sent, so nothing is known: nobody, pid 0. */
TEST_F(message, sent_before_so_passcred_is_nobodys)
{
	struct unixmsg m;

	ASSERT_EQ(0, unix_set(self->rx, SO_PASSCRED, 0));
	ASSERT_EQ(0, unixmsg_say(self->tx, "early"));
	ASSERT_EQ(0, unix_set(self->rx, SO_PASSCRED, 1));
	ASSERT_EQ(0, unixmsg_take(self->rx, &m, 0));
	EXPECT_STREQ("early", m.text);
	EXPECT_TRUE(is(&m, 0, OVERFLOW, OVERFLOW));
}

TEST_F(message, has_them_if_the_senders_socket_asked)
{
	struct unixmsg m;

	ASSERT_EQ(0, unix_set(self->rx, SO_PASSCRED, 0));
	ASSERT_EQ(0, unix_set(self->tx, SO_PASSCRED, 1));
	ASSERT_EQ(0, unixmsg_say(self->tx, "x"));
	ASSERT_EQ(0, unix_set(self->rx, SO_PASSCRED, 1));
	ASSERT_EQ(0, unixmsg_take(self->rx, &m, 0));
	EXPECT_TRUE(is(&m, getpid(), 0, 0));
}

TEST_F(message, without_room_for_them_says_so)
{
	struct unixmsg m;

	ASSERT_EQ(0, unixmsg_say(self->tx, "x"));
	ASSERT_EQ(0, unixmsg_take_room(self->rx, &m, MSG_PEEK, 0));
	EXPECT_STREQ("x", m.text);
	EXPECT_TRUE(m.flags & MSG_CTRUNC);
	ASSERT_EQ(0, unixmsg_take_room(self->rx, &m, MSG_PEEK,
				       CMSG_LEN(sizeof(struct ucred)) - 1));
	EXPECT_TRUE(m.flags & MSG_CTRUNC);
	ASSERT_EQ(0, unixmsg_take_room(self->rx, &m, 0,
				       CMSG_SPACE(sizeof(struct ucred))));
	EXPECT_FALSE(m.flags & MSG_CTRUNC);
	EXPECT_TRUE(is(&m, getpid(), 0, 0));
}

/* What follows is about streams, which have no borders of their own. */

FIXTURE(stream)
{
	int tx, rx;
};

FIXTURE_SETUP(stream)
{
	int sk[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sk));
	self->tx = sk[0];
	self->rx = sk[1];
	ASSERT_EQ(0, unix_set(self->rx, SO_PASSCRED, 1));
}

FIXTURE_TEARDOWN(stream)
{
}

/* Says @text as a new process, with @uid and @gid. */
static pid_t say_as(int sk, const char *text, uid_t uid, gid_t gid)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!setresgid(gid, gid, gid));
		must(!setresuid(uid, uid, uid));
		_exit(unixmsg_say(sk, text) ? 1 : 0);
	}
	must(proc_end(pid) == 0);
	return pid;
}

TEST_F(stream, joins_the_words_of_one_sender)
{
	struct unixmsg m;

	ASSERT_EQ(0, unixmsg_say(self->tx, "one "));
	ASSERT_EQ(0, unixmsg_say(self->tx, "two"));
	ASSERT_EQ(0, unixmsg_take(self->rx, &m, 0));
	EXPECT_STREQ("one two", m.text);
	EXPECT_TRUE(is(&m, getpid(), 0, 0));
}

TEST_F(stream, keeps_the_words_of_two_processes_apart)
{
	struct unixmsg m;
	pid_t a, b;

	a = say_as(self->tx, "a", 0, 0);
	b = say_as(self->tx, "b", 0, 0);
	ASSERT_EQ(0, unixmsg_take(self->rx, &m, 0));
	EXPECT_STREQ("a", m.text);
	EXPECT_TRUE(is(&m, a, 0, 0));
	ASSERT_EQ(0, unixmsg_take(self->rx, &m, 0));
	EXPECT_STREQ("b", m.text);
	EXPECT_TRUE(is(&m, b, 0, 0));
}

/* One pid throughout, so that it is the uid and the gid alone that differ. */
TEST_F(stream, keeps_the_words_of_two_ids_apart)
{
	static const struct { uid_t uid; gid_t gid; } who[] = {
		{ 0, 0 }, { 1, 0 }, { 1, 1 }, { 0, 1 },
	};
	struct unixmsg m;

	for (size_t i = 0; i < ARRAY_SIZE(who); i++) {
		struct ucred c = { getpid(), who[i].uid, who[i].gid };

		ASSERT_EQ(0, unixmsg_send(self->tx, "x", &c, NULL, 0));
	}
	for (size_t i = 0; i < ARRAY_SIZE(who); i++) {
		ASSERT_EQ(0, unixmsg_take(self->rx, &m, 0));
		EXPECT_STREQ("x", m.text);
		EXPECT_TRUE(is(&m, getpid(), who[i].uid, who[i].gid));
	}
}

/* To the receiver they look the same, but they are not. */
TEST_F(stream, keeps_apart_what_the_receiver_cannot_tell_apart)
{
	pid_t pid;

	say_as(self->tx, "a", 1, 1);
	say_as(self->tx, "b", 2, 2);
	pid = userns_fork(CLONE_NEWPID, 1000, 10);
	if (!pid) {
		struct unixmsg m;

		must(!unixmsg_take(self->rx, &m, 0));
		must(!strcmp(m.text, "a"));
		must(is(&m, 0, OVERFLOW, OVERFLOW));
		must(!unixmsg_take(self->rx, &m, 0));
		must(!strcmp(m.text, "b"));
		must(is(&m, 0, OVERFLOW, OVERFLOW));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(stream, joins_everything_where_nobody_asks)
{
	struct unixmsg m;

	ASSERT_EQ(0, unix_set(self->rx, SO_PASSCRED, 0));
	say_as(self->tx, "a", 1, 1);
	say_as(self->tx, "b", 2, 2);
	ASSERT_EQ(0, unixmsg_take(self->rx, &m, 0));
	EXPECT_STREQ("ab", m.text);
	EXPECT_FALSE(m.has_cred);
}

TEST_F(stream, a_message_read_in_pieces_keeps_its_sender)
{
	struct unixmsg m;
	pid_t pid = say_as(self->tx, "abc", 1, 2);
	char c;

	ASSERT_EQ(1, read(self->rx, &c, 1));
	ASSERT_EQ(0, unixmsg_take(self->rx, &m, 0));
	EXPECT_STREQ("bc", m.text);
	EXPECT_TRUE(is(&m, pid, 1, 2));
}

TEST_HARNESS_MAIN

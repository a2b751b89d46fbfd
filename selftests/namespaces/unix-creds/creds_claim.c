// SPDX-License-Identifier: GPL-2.0
/*
 * Credentials that a sender claims to have, with SCM_CREDENTIALS: its own
 * freely; others' pids with CAP_SYS_ADMIN in the user namespace that owns its
 * pid namespace, others' uids and gids with CAP_SETUID and CAP_SETGID in its
 * own user namespace; and nothing that its namespaces have no number for.
 *
 * Promises from unix(7), capabilities(7), pid_namespaces(7) and
 * user_namespaces(7).
 */
#include "kselftest_harness.h"
#include <linux/capability.h>
#include "ns.h"
#include "unixmsg.h"
#include "userns.h"

FIXTURE(claim)
{
	int tx, rx;
};

FIXTURE_SETUP(claim)
{
	int sk[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sk));
	self->tx = sk[0];
	self->rx = sk[1];
	ASSERT_EQ(0, unix_set(self->rx, SO_PASSCRED, 1));
}

FIXTURE_TEARDOWN(claim)
{
}

static int claim(int sk, pid_t pid, uid_t uid, gid_t gid)
{
	struct ucred c = { .pid = pid, .uid = uid, .gid = gid };

	return unixmsg_send(sk, "claim", &c, NULL, 0);
}

/* Whether the claim is allowed and comes to the caller as @pid, @uid, @gid. */
static bool arrives(int rx, pid_t pid, uid_t uid, gid_t gid)
{
	struct unixmsg m;

	must(!unixmsg_take(rx, &m, 0));
	must(m.has_cred);
	if (m.cred.pid == pid && m.cred.uid == uid && m.cred.gid == gid)
		return true;
	fprintf(stderr, "# seen: pid %d uid %d gid %d, not %d %d %d\n", m.cred.pid,
		m.cred.uid, m.cred.gid, pid, uid, gid);
	return false;
}

/* Has no effective capability but those in @caps. */
static void keep_caps(uint32_t caps)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2] = { { caps, caps, 0 } };

	must(!syscall(SYS_capset, &h, d));
}

static pid_t sleeper(uint64_t flags)
{
	pid_t pid = proc_fork_bound(flags);

	if (!pid)
		proc_sleep_forever();
	must(pid > 0);
	return pid;
}

TEST_F(claim, root_may_name_any_process_and_any_ids)
{
	pid_t other = sleeper(0);

	EXPECT_EQ(0, claim(self->tx, other, 1234, 4321));
	EXPECT_TRUE(arrives(self->rx, other, 1234, 4321));
	EXPECT_EQ(0, claim(self->tx, 1, 0, 0));
	EXPECT_TRUE(arrives(self->rx, 1, 0, 0));
}

TEST_F(claim, a_process_in_a_namespace_below_by_the_number_it_has_here)
{
	pid_t other = sleeper(CLONE_NEWPID), pid;

	EXPECT_EQ(0, claim(self->tx, other, 0, 0));
	EXPECT_TRUE(arrives(self->rx, other, 0, 0));
	/* To itself, it is 1. */
	ASSERT_EQ(0, claim(self->tx, other, 0, 0));
	ASSERT_EQ(0, ns_enter(ns_open(other, "pid"), CLONE_NEWPID));
	pid = fork();
	if (!pid)
		_exit(arrives(self->rx, 1, 0, 0) ? 0 : 1);
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(claim, a_zombie_may_be_named_until_it_is_reaped)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	ASSERT_EQ(0, proc_await_zombie(pid));
	EXPECT_EQ(0, claim(self->tx, pid, 0, 0));
	EXPECT_TRUE(arrives(self->rx, pid, 0, 0));
	ASSERT_EQ(0, proc_end(pid));
	EXPECT_EQ(-ESRCH, claim(self->tx, pid, 0, 0));
	EXPECT_TRUE(unixmsg_none(self->rx));
}

TEST_F(claim, no_process_is_refused)
{
	EXPECT_EQ(-ESRCH, claim(self->tx, 0, 0, 0));
	EXPECT_EQ(-ESRCH, claim(self->tx, -1, 0, 0));
	EXPECT_EQ(-ESRCH, claim(self->tx, INT_MAX, 0, 0));
	EXPECT_TRUE(unixmsg_none(self->rx));
}

TEST_F(claim, no_id_is_refused)
{
	EXPECT_EQ(-EINVAL, claim(self->tx, getpid(), -1, 0));
	EXPECT_EQ(-EINVAL, claim(self->tx, getpid(), 0, -1));
	EXPECT_TRUE(unixmsg_none(self->rx));
}

TEST_F(claim, of_another_size_is_refused)
{
	static const size_t sizes[] = {
		0, 1, sizeof(struct ucred) - 1, sizeof(struct ucred) + 1,
		sizeof(struct ucred) + 4,
	};
	union {
		char buf[CMSG_SPACE(sizeof(struct ucred) + 8)];
		struct cmsghdr c;
	} control;
	struct iovec iov = { "x", 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct ucred own = { .pid = getpid() };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		memset(&control, 0, sizeof(control));
		control.c.cmsg_level = SOL_SOCKET;
		control.c.cmsg_type = SCM_CREDENTIALS;
		control.c.cmsg_len = CMSG_LEN(sizes[i]);
		memcpy(CMSG_DATA(&control.c), &own, sizeof(own));
		EXPECT_EQ(-1, sendmsg(self->tx, &msg, 0));
		EXPECT_EQ(EINVAL, errno)
			TH_LOG("size %zu", sizes[i]);
	}
	EXPECT_TRUE(unixmsg_none(self->rx));
}

/* Real 1001, effective 1002, saved 1003: each of them is its own. */
TEST_F(claim, anybody_may_name_one_of_his_own_ids)
{
	gid_t more[] = { 3001 };
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!setgroups(1, more));
		must(!setresgid(2001, 2002, 2003));
		must(!setresuid(1001, 1002, 1003));
		for (int i = 1; i <= 3; i++) {
			must(!claim(self->tx, getpid(), 1000 + i, 2001));
			must(arrives(self->rx, getpid(), 1000 + i, 2001));
			must(!claim(self->tx, getpid(), 1001, 2000 + i));
			must(arrives(self->rx, getpid(), 1001, 2000 + i));
		}
		must(claim(self->tx, getpid(), 1004, 2001) == -EPERM);
		must(claim(self->tx, getpid(), 0, 2001) == -EPERM);
		must(claim(self->tx, getpid(), 1001, 2004) == -EPERM);
		must(claim(self->tx, getpid(), 1001, 0) == -EPERM);
		/* A supplementary group is not one that setgid(2) would take. */
		must(claim(self->tx, getpid(), 1001, 3001) == -EPERM);
		must(unixmsg_none(self->rx));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(claim, nobody_may_name_another_process)
{
	pid_t other = sleeper(0), pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(claim(self->tx, getppid(), 65534, 65534) == -EPERM);
		must(claim(self->tx, other, 65534, 65534) == -EPERM);
		must(claim(self->tx, 0, 65534, 65534) == -EPERM);
		must(claim(self->tx, INT_MAX, 65534, 65534) == -EPERM);
		must(unixmsg_none(self->rx));
		must(!claim(self->tx, getpid(), 65534, 65534));
		must(arrives(self->rx, getpid(), 65534, 65534));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* A child is another process, too, even though it is the sender's own. */
TEST_F(claim, nobody_may_name_his_own_child)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(claim(self->tx, sleeper(0), 65534, 65534) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(claim, each_part_needs_its_own_capability)
{
	static const struct {
		uint32_t caps;
		int pid, uid, gid;
	} want[] = {
		{ 0, -EPERM, -EPERM, -EPERM },
		{ 1 << CAP_SYS_ADMIN, 0, -EPERM, -EPERM },
		{ 1 << CAP_SETUID, -EPERM, 0, -EPERM },
		{ 1 << CAP_SETGID, -EPERM, -EPERM, 0 },
		{ ~(1U << CAP_SYS_ADMIN), -EPERM, 0, 0 },
		{ ~(1U << CAP_SETUID), 0, -EPERM, 0 },
		{ ~(1U << CAP_SETGID), 0, 0, -EPERM },
	};
	pid_t other = sleeper(0);

	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		pid_t pid = proc_fork_bound(0);

		if (!pid) {
			keep_caps(want[i].caps);
			must(claim(self->tx, other, 0, 0) == want[i].pid);
			must(claim(self->tx, getpid(), 5, 0) == want[i].uid);
			must(claim(self->tx, getpid(), 0, 5) == want[i].gid);
			_exit(0);
		}
		EXPECT_EQ(0, proc_end(pid))
			TH_LOG("capabilities %#x", want[i].caps);
	}
}

TEST_F(claim, a_setuid_program_may_go_by_its_former_name)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!seteuid(1001));
		must(!claim(self->tx, getpid(), 0, 0));
		must(!claim(self->tx, getpid(), 1001, 0));
		must(claim(self->tx, getpid(), 1002, 0) == -EPERM);
		must(!setresuid(1001, 1001, 1001));
		must(claim(self->tx, getpid(), 0, 0) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(claim, root_of_a_user_namespace_may_name_the_ids_it_has)
{
	struct baton done = baton_make();
	pid_t pid = userns_fork(0, 1000, 10);

	if (!pid) {
		must(!claim(self->tx, getpid(), 9, 5));
		baton_pass(&done, 0);
		must(claim(self->tx, getpid(), 10, 0) == -EINVAL);
		must(claim(self->tx, getpid(), 0, 10) == -EINVAL);
		must(claim(self->tx, getpid(), 1000, 0) == -EINVAL);
		must(claim(self->tx, getpid(), 65534, 0) == -EINVAL);
		_exit(0);
	}
	baton_take(&done);
	EXPECT_TRUE(arrives(self->rx, pid, 1009, 1005));
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(unixmsg_none(self->rx));
}

/* The namespace that its pid is of is the first one's. */
TEST_F(claim, root_of_a_user_namespace_may_name_no_pid_of_the_one_above)
{
	pid_t other = sleeper(0), pid = userns_fork(0, 1000, 10);

	if (!pid) {
		must(claim(self->tx, other, 0, 0) == -EPERM);
		must(claim(self->tx, getppid(), 0, 0) == -EPERM);
		must(claim(self->tx, sleeper(0), 0, 0) == -EPERM);
		must(!claim(self->tx, getpid(), 0, 0));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* The caller's pid in the namespace that /proc was mounted in, the first one. */
static pid_t pid_at_the_top(void)
{
	char text[64];

	must(!file_field("/proc/self/status", "NSpid", text, sizeof(text)));
	return atoi(text);
}

TEST_F(claim, root_of_both_namespaces_may_name_any_pid_of_its_own)
{
	struct baton inside = baton_make(), number = baton_make();
	pid_t init = userns_fork(CLONE_NEWPID, 1000, 10), other;
	int outside;

	if (!init) {
		other = fork();
		if (!other) {
			baton_pass(&inside, pid_at_the_top());
			proc_sleep_forever();
		}
		must(other == 2);
		outside = baton_take(&inside);
		must(!claim(self->tx, other, 3, 4));
		must(claim(self->tx, 3, 0, 0) == -ESRCH);
		/* Its own number outside is nobody here. */
		must(pid_at_the_top() > 3);
		must(claim(self->tx, pid_at_the_top(), 0, 0) == -ESRCH);
		/* One level down, it has no say over the pids of this level. */
		must(!ns_become_user_root());
		must(claim(self->tx, other, 0, 0) == -EPERM);
		baton_pass(&number, outside);
		_exit(0);
	}
	EXPECT_TRUE(arrives(self->rx, baton_take(&number), 1003, 1004));
	EXPECT_EQ(0, proc_end(init));
	EXPECT_TRUE(unixmsg_none(self->rx));
}

/* Made first, the pid namespace belongs to the user namespace above. */
TEST_F(claim, the_user_namespace_that_owns_the_pid_namespace_counts)
{
	pid_t init = proc_fork_bound(CLONE_NEWPID), pid;

	if (!init) {
		pid = fork();
		if (!pid) {
			must(!ns_become_user_root());
			must(claim(self->tx, 1, 0, 0) == -EPERM);
			must(!claim(self->tx, getpid(), 0, 0));
			_exit(0);
		}
		must(proc_end(pid) == 0);
		/* Root of above has it, although not below. */
		must(!claim(self->tx, sleeper(0), 0, 0));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

TEST_F(claim, root_of_above_may_name_a_pid_of_the_namespace_below)
{
	struct baton ready = baton_make(), done = baton_make();
	pid_t init = userns_fork(CLONE_NEWPID, 1000, 10), pid;

	if (!init) {
		baton_pass(&ready, 0);
		baton_take(&done);
		_exit(0);
	}
	baton_take(&ready);
	/* Root of the first user namespace, in the pid namespace below. */
	ASSERT_EQ(0, ns_enter(ns_open(init, "pid"), CLONE_NEWPID));
	pid = fork();
	if (!pid) {
		must(getpid() == 2);
		must(!claim(self->tx, 1, 4242, 0));
		must(arrives(self->rx, 1, 4242, 0));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	baton_pass(&done, 0);
	EXPECT_EQ(0, proc_end(init));
}

TEST_F(claim, a_sibling_has_no_say)
{
	struct baton ready = baton_make(), done = baton_make();
	pid_t init = userns_fork(CLONE_NEWPID, 1000, 10), pid;

	if (!init) {
		baton_pass(&ready, 0);
		baton_take(&done);
		_exit(0);
	}
	baton_take(&ready);
	/* Born in the pid namespace, then root of another user namespace. */
	ASSERT_EQ(0, ns_enter(ns_open(init, "pid"), CLONE_NEWPID));
	pid = fork();
	if (!pid) {
		must(!unshare(CLONE_NEWUSER));
		must(!file_write("/proc/self/uid_map", "0 0 1"));
		must(!file_write("/proc/self/setgroups", "deny"));
		must(!file_write("/proc/self/gid_map", "0 0 1"));
		must(!claim(self->tx, 2, 0, 0));
		must(claim(self->tx, 1, 0, 0) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	baton_pass(&done, 0);
	EXPECT_EQ(0, proc_end(init));
}

TEST_F(claim, who_unshares_its_user_namespace_loses_its_say)
{
	pid_t other = sleeper(0), pid = proc_fork_bound(0);

	if (!pid) {
		must(!claim(self->tx, other, 0, 0));
		must(!ns_become_user_root());
		must(claim(self->tx, other, 0, 0) == -EPERM);
		must(claim(self->tx, getpid(), 5, 0) == -EINVAL);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(claim, goes_with_files)
{
	struct ucred c = { .pid = 1, .uid = 7, .gid = 8 };
	struct unixmsg m;

	ASSERT_EQ(0, unixmsg_send(self->tx, "x", &c, &self->tx, 1));
	ASSERT_EQ(0, unixmsg_take(self->rx, &m, 0));
	EXPECT_EQ(1, m.nr_fds);
	EXPECT_EQ(1, m.cred.pid);
	EXPECT_EQ(7, m.cred.uid);
	EXPECT_EQ(8, m.cred.gid);
}

TEST_F(claim, is_of_this_message_only)
{
	ASSERT_EQ(0, claim(self->tx, 1, 7, 8));
	ASSERT_EQ(0, unixmsg_say(self->tx, "plain"));
	EXPECT_TRUE(arrives(self->rx, 1, 7, 8));
	EXPECT_TRUE(arrives(self->rx, getpid(), 0, 0));
}

/* Who cannot be asked for credentials can nevertheless be lied to. */
TEST_F(claim, made_before_anybody_asked_is_kept)
{
	ASSERT_EQ(0, unix_set(self->rx, SO_PASSCRED, 0));
	ASSERT_EQ(0, claim(self->tx, 1, 7, 8));
	ASSERT_EQ(0, unix_set(self->rx, SO_PASSCRED, 1));
	EXPECT_TRUE(arrives(self->rx, 1, 7, 8));
}

TEST_HARNESS_MAIN

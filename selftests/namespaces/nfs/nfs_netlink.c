// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's NFS server administered by netlink: a socket is about the server
 * of the net namespace that it was made in, and only the machine's root says
 * what that does.
 *
 * Promises from Documentation/netlink/specs/nfsd.yaml (admin-perm), nfsdctl(8),
 * Documentation/userspace-api/netlink/intro.rst.
 */
#include "host.h"
#include <linux/genetlink.h>
#include <linux/nfsd_netlink.h>
#include "netdev.h"

FIXTURE(netlink)
{
	int elsewhere;		/* kernel threads that are not ours */
	int sk;
};

static int genl_open(void)
{
	int sk = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);

	must(sk >= 0);
	return sk;
}

static struct nl genl_request(int family, int cmd, int version)
{
	struct genlmsghdr g = { .cmd = cmd, .version = version };

	return nl_make(family, 0, &g, sizeof(g));
}

/* The number of the family "nfsd", or -errno. */
static int nfsd_family(void)
{
	struct nl r = genl_request(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);
	const uint16_t *id;
	int sk = genl_open(), err;

	nl_add_text(&r, CTRL_ATTR_FAMILY_NAME, NFSD_FAMILY_NAME);
	err = nl_talk_on(sk, &r);
	close(sk);
	if (err)
		return err;
	id = nl_find(&r, sizeof(struct genlmsghdr), CTRL_ATTR_FAMILY_ID);
	return id ? *id : -ENOENT;
}

static int family;

/* How many threads the server has that @sk is about, or -errno. */
static int threads_get(int sk)
{
	struct nl r = genl_request(family, NFSD_CMD_THREADS_GET, NFSD_FAMILY_VERSION);
	int err = nl_talk_on(sk, &r);
	const int *n;

	if (err)
		return err;
	n = nl_find(&r, sizeof(struct genlmsghdr), NFSD_A_SERVER_THREADS);
	return n ? *n : -ENOENT;
}

static int threads_set(int sk, int n)
{
	struct nl r = genl_request(family, NFSD_CMD_THREADS_SET, NFSD_FAMILY_VERSION);

	nl_add_int(&r, NFSD_A_SERVER_THREADS, n);
	return nl_talk_on(sk, &r);
}

/* That the server is to offer 4.@minor alone. */
static int version_set(int sk, int minor)
{
	struct nl r = genl_request(family, NFSD_CMD_VERSION_SET, NFSD_FAMILY_VERSION);
	struct rtattr *version;

	version = nl_add(&r, NFSD_A_SERVER_PROTO_VERSION | NLA_F_NESTED, NULL, 0);
	nl_add_int(&r, NFSD_A_VERSION_MAJOR, 4);
	nl_add_int(&r, NFSD_A_VERSION_MINOR, minor);
	nl_add(&r, NFSD_A_VERSION_ENABLED, NULL, 0);
	nl_end(&r, version);
	return nl_talk_on(sk, &r);
}

/* That it is to listen at the usual port. */
static int listener_set(int sk)
{
	struct nl r = genl_request(family, NFSD_CMD_LISTENER_SET, NFSD_FAMILY_VERSION);
	struct sockaddr_storage addr = {};
	struct sockaddr_in *sin = (struct sockaddr_in *)&addr;
	struct rtattr *sock;

	sin->sin_family = AF_INET;
	sin->sin_port = htons(2049);
	sock = nl_add(&r, NFSD_A_SERVER_SOCK_ADDR | NLA_F_NESTED, NULL, 0);
	nl_add(&r, NFSD_A_SOCK_ADDR, &addr, sizeof(addr));
	nl_add_text(&r, NFSD_A_SOCK_TRANSPORT_NAME, "tcp");
	nl_end(&r, sock);
	return nl_talk_on(sk, &r);
}

/* Starts the server, all of it by netlink. */
static int start(int sk, int threads)
{
	int err;

	nfs_await_second_1();
	nfs_without_leases();
	err = version_set(sk, 1);
	if (!err)
		err = listener_set(sk);
	return err ? err : threads_set(sk, threads);
}

FIXTURE_SETUP(netlink)
{
	NEEDS_NFS();
	family = nfsd_family();
	if (family == -ENOENT)
		SKIP(return, "no netlink family nfsd");
	ASSERT_GT(family, 0);
	self->elsewhere = nfs_kthreads("/proc", "nfsd");
	ASSERT_EQ(0, nfs_become_host("server"));
	ASSERT_GT(nfs_recorder(), 0);
	self->sk = genl_open();
}

FIXTURE_TEARDOWN(netlink)
{
	nfs_leave();
}

/* A harness's SKIP in the setup does not keep the test from running (6.12). */
#define NEEDS_HOST() do {						\
	if (_metadata->exit_code == KSFT_SKIP)				\
		return;							\
} while (0)

TEST_F(netlink, sets_the_server_of_this_namespace)
{
	char versions[64];

	NEEDS_HOST();
	EXPECT_EQ(0, threads_get(self->sk));
	ASSERT_EQ(0, start(self->sk, 3));
	EXPECT_EQ(3, threads_get(self->sk));
	/* It is the server that the control files tell of. */
	EXPECT_EQ(3, nfs_get("threads"));
	ASSERT_GT(nfs_control("versions", NULL, versions, sizeof(versions)), 0);
	EXPECT_NE(NULL, strstr(versions, "+4.1"));
	EXPECT_NE(NULL, strstr(versions, "-4.2"));
	EXPECT_TRUE(nfs_threads_become(self->elsewhere + 3));
	EXPECT_EQ(0, nfs_connect("127.0.0.1"));
	ASSERT_EQ(0, threads_set(self->sk, 1));
	EXPECT_EQ(1, nfs_get("threads"));
	EXPECT_EQ(-EBUSY, version_set(self->sk, 2));
	ASSERT_EQ(0, threads_set(self->sk, 0));
	EXPECT_EQ(0, threads_get(self->sk));
	EXPECT_EQ(-ECONNREFUSED, nfs_connect("127.0.0.1"));
}

TEST_F(netlink, does_not_change_a_siblings_server)
{
	pid_t pid;

	NEEDS_HOST();
	ASSERT_EQ(0, start(self->sk, 3));
	pid = proc_fork_bound(0);
	if (!pid) {
		int sk;

		must(!nfs_become_host("sibling"));
		must(nfs_recorder() > 0);
		sk = genl_open();
		must(threads_get(sk) == 0);
		must(!start(sk, 1));
		must(threads_get(sk) == 1);
		must(nfs_get("threads") == 1);
		must(!threads_set(sk, 0));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(3, threads_get(self->sk));
	EXPECT_EQ(0, nfs_connect("127.0.0.1"));
}

/* The socket says which server it is, and not where its holder is. */
TEST_F(netlink, is_about_the_namespace_of_the_socket)
{
	NEEDS_HOST();
	ASSERT_EQ(0, start(self->sk, 2));
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	EXPECT_EQ(2, threads_get(self->sk));
	EXPECT_EQ(0, threads_get(genl_open()));
	EXPECT_EQ(0, threads_set(self->sk, 3));
	EXPECT_EQ(3, threads_get(self->sk));
	EXPECT_EQ(3, nfs_get("threads"));
}

/* All that changes a server is refused; whether there is one may be known. */
static void is_refused(int threads)
{
	int sk = genl_open();

	must(threads_set(sk, 1) == -EPERM);
	must(threads_set(sk, 0) == -EPERM);
	must(version_set(sk, 1) == -EPERM);
	must(listener_set(sk) == -EPERM);
	must(threads_get(sk) == threads);
	close(sk);
}

TEST_F(netlink, is_not_for_an_ordinary_user)
{
	pid_t pid;

	NEEDS_HOST();
	ASSERT_EQ(0, start(self->sk, 2));
	pid = proc_fork_bound(0);
	if (!pid) {
		proc_become_nobody();
		is_refused(2);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(2, threads_get(self->sk));
}

/* Not even in a net namespace of its own: see nfs_server's user namespace. */
TEST_F(netlink, is_not_for_root_of_a_user_namespace)
{
	pid_t pid;

	NEEDS_HOST();
	ASSERT_EQ(0, start(self->sk, 2));
	for (int real = 0; real < 2; real++) {
		pid = proc_fork_bound(0);
		if (!pid) {
			if (!real)
				proc_become_nobody();
			must(!ns_become_user_root());
			is_refused(2);
			must(!unshare(CLONE_NEWNET));
			is_refused(0);
			_exit(0);
		}
		EXPECT_EQ(0, proc_end(pid)) TH_LOG("real root outside: %d", real);
	}
	EXPECT_EQ(2, threads_get(self->sk));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Landlock's rights on ports, and the scopes of signals and of abstract Unix
 * sockets.
 *
 * Promises from Documentation/userspace-api/landlock.rst ("IPC scoping") and
 * the net_access and scope parts of include/uapi/linux/landlock.h.
 */
#include "kselftest_harness.h"
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "landlock.h"

#define OPEN	4000		/* a port that rules allow */
#define SHUT	4001		/* and one that they do not */

#define BIND_TCP	LANDLOCK_ACCESS_NET_BIND_TCP
#define CONNECT_TCP	LANDLOCK_ACCESS_NET_CONNECT_TCP

/* Each test has a network of its own, with a loopback device. */
FIXTURE(port)
{
};

FIXTURE_VARIANT(port)
{
	int family;
};

FIXTURE_VARIANT_ADD(port, ipv4) { AF_INET };
FIXTURE_VARIANT_ADD(port, ipv6) { AF_INET6 };

FIXTURE_SETUP(port)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	NEEDS_ABI(4);
	must(!unshare(CLONE_NEWNET));
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	must(!ioctl(fd, SIOCSIFFLAGS, &lo));
	close(fd);
	fd = socket(variant->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		SKIP(return, "no such protocol");
	close(fd);
}

FIXTURE_TEARDOWN(port)
{
}

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t loopback(union address *a, int family, int port)
{
	memset(a, 0, sizeof(*a));
	a->any.sa_family = family;
	if (family == AF_INET) {
		a->v4.sin_port = htons(port);
		a->v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		return sizeof(a->v4);
	}
	a->v6.sin6_port = htons(port);
	a->v6.sin6_addr = in6addr_loopback;
	return sizeof(a->v6);
}

static int bound(int family, int type, int port)
{
	int fd = socket(family, type | SOCK_CLOEXEC, 0), err;
	union address a;
	socklen_t len = loopback(&a, family, port);

	must(fd >= 0);
	err = mnt_error(bind(fd, &a.any, len));
	if (err) {
		close(fd);
		return err;
	}
	if (type == SOCK_STREAM)
		must(!listen(fd, 5));
	return fd;
}

static int connected(int family, int type, int port)
{
	int fd = socket(family, type | SOCK_CLOEXEC, 0), err;
	union address a;
	socklen_t len = loopback(&a, family, port);

	must(fd >= 0);
	err = mnt_error(connect(fd, &a.any, len));
	if (err)
		close(fd);
	return err ? err : fd;
}

static void deny(uint64_t net)
{
	int ruleset = ll_create(0, net, 0);

	must(ruleset >= 0);
	must(!ll_allow_port(ruleset, OPEN, net));
	ll_enforce(ruleset);
}

TEST_F(port, bind_tcp)
{
	int family = variant->family;

	deny(BIND_TCP);
	EXPECT_EQ(-EACCES, bound(family, SOCK_STREAM, SHUT));
	EXPECT_GE(bound(family, SOCK_STREAM, OPEN), 0);
	/* The port that the kernel chooses is a port of its own, 0. */
	EXPECT_EQ(-EACCES, bound(family, SOCK_STREAM, 0));
	EXPECT_GE(bound(family, SOCK_DGRAM, SHUT), 0);
	EXPECT_GE(connected(family, SOCK_STREAM, OPEN), 0);
}

TEST_F(port, bind_to_port_0_is_allowed_by_a_rule_for_it)
{
	int ruleset = ll_create(0, BIND_TCP, 0);

	ASSERT_EQ(0, ll_allow_port(ruleset, 0, BIND_TCP));
	ll_enforce(ruleset);
	EXPECT_GE(bound(variant->family, SOCK_STREAM, 0), 0);
	EXPECT_EQ(-EACCES, bound(variant->family, SOCK_STREAM, OPEN));
}

TEST_F(port, connect_tcp)
{
	int family = variant->family;

	must(bound(family, SOCK_STREAM, OPEN) >= 0);
	must(bound(family, SOCK_STREAM, SHUT) >= 0);
	deny(CONNECT_TCP);
	EXPECT_EQ(-EACCES, connected(family, SOCK_STREAM, SHUT));
	EXPECT_GE(connected(family, SOCK_STREAM, OPEN), 0);
	EXPECT_GE(connected(family, SOCK_DGRAM, SHUT), 0);
	EXPECT_GE(bound(family, SOCK_STREAM, SHUT + 1), 0);
	/* Allowed is not answered. */
	EXPECT_EQ(-EACCES, connected(family, SOCK_STREAM, SHUT + 2));
}

TEST_F(port, what_was_connected_before_stays_connected)
{
	int server = bound(variant->family, SOCK_STREAM, SHUT), client, peer;
	char c;

	client = connected(variant->family, SOCK_STREAM, SHUT);
	ASSERT_GE(client, 0);
	deny(CONNECT_TCP | BIND_TCP);
	peer = accept(server, NULL, NULL);
	ASSERT_GE(peer, 0);
	EXPECT_EQ(1, write(client, "x", 1));
	EXPECT_EQ(1, read(peer, &c, 1));
}

TEST_F(port, udp)
{
	int family = variant->family, early, fd;
	union address a;
	socklen_t len = loopback(&a, family, SHUT);

	NEEDS_ABI(10);
	must(bound(family, SOCK_DGRAM, OPEN) >= 0);
	must(bound(family, SOCK_DGRAM, SHUT) >= 0);
	early = connected(family, SOCK_DGRAM, SHUT);
	deny(LL_NET_BIND_UDP | LL_NET_SEND_UDP);
	EXPECT_EQ(-EACCES, bound(family, SOCK_DGRAM, SHUT + 1));
	EXPECT_EQ(-EACCES, connected(family, SOCK_DGRAM, SHUT));
	/* Connected before the domain, so it may go on. */
	EXPECT_EQ(1, send(early, "x", 1, 0));
	EXPECT_EQ(-1, sendto(early, "x", 1, 0, &a.any, len));
	EXPECT_EQ(EACCES, errno);
	/* The source port that sending takes is a bind to port 0. */
	EXPECT_EQ(-EACCES, connected(family, SOCK_DGRAM, OPEN));
	len = loopback(&a, family, OPEN);
	EXPECT_EQ(1, sendto(early, "x", 1, 0, &a.any, len));
	fd = bound(family, SOCK_STREAM, SHUT);
	EXPECT_GE(fd, 0);
}

/* Root of the network namespace is not above its own domain. */
TEST_F(port, a_container_with_its_own_network_is_kept_too)
{
	pid_t pid;

	deny(BIND_TCP);
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!ns_become_user_root());
		must(!unshare(CLONE_NEWNET));
		must(bound(variant->family, SOCK_STREAM, SHUT) == -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/*
 * Signals and abstract sockets: out of a domain that is scoped nothing gets,
 * within it, below it, and into it everything does.
 */
FIXTURE(scope)
{
};

FIXTURE_SETUP(scope)
{
	NEEDS_ABI(6);
}

FIXTURE_TEARDOWN(scope)
{
}

static pid_t sleeper(void)
{
	struct baton ready = baton_make();
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	return pid;
}

TEST_F(scope, no_signal_gets_out)
{
	pid_t outside = sleeper(), inside;
	int pidfd = proc_pidfd(outside);

	ll_enforce(ll_create(0, 0, LANDLOCK_SCOPE_SIGNAL));
	EXPECT_EQ(-EPERM, mnt_error(kill(outside, SIGTERM)));
	EXPECT_EQ(-EPERM, mnt_error(kill(outside, 0)));
	EXPECT_EQ(-EPERM, mnt_error(kill(getppid(), SIGCONT)));
	EXPECT_EQ(-EPERM, proc_pidfd_signal(pidfd, SIGTERM));
	EXPECT_EQ(-EPERM, mnt_error(syscall(SYS_tgkill, outside, outside,
					    SIGTERM)));
	EXPECT_EQ(0, waitpid(outside, NULL, WNOHANG));
	/* Born within, it is within reach. */
	inside = sleeper();
	EXPECT_EQ(0, mnt_error(kill(inside, SIGTERM)));
	EXPECT_EQ(-SIGTERM, proc_end(inside));
}

TEST_F(scope, a_signal_gets_into_a_nested_domain)
{
	struct baton ready = baton_make();
	pid_t pid;

	ll_enforce(ll_create(0, 0, LANDLOCK_SCOPE_SIGNAL));
	pid = proc_fork_bound(0);
	if (!pid) {
		ll_enforce(ll_create(0, 0, LANDLOCK_SCOPE_SIGNAL));
		must(mnt_error(kill(getppid(), 0)) == -EPERM);
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	EXPECT_EQ(0, mnt_error(kill(pid, SIGTERM)));
	EXPECT_EQ(-SIGTERM, proc_end(pid));
}

TEST_F(scope, siblings_do_not_signal_one_another)
{
	struct baton ready = baton_make();
	pid_t one = proc_fork_bound(0), two;

	if (!one) {
		ll_enforce(ll_create(0, 0, LANDLOCK_SCOPE_SIGNAL));
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	two = proc_fork_bound(0);
	if (!two) {
		ll_enforce(ll_create(0, 0, LANDLOCK_SCOPE_SIGNAL));
		must(mnt_error(kill(one, SIGTERM)) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(two));
	EXPECT_EQ(0, waitpid(one, NULL, WNOHANG));
	/* From no domain at all there is no restriction. */
	EXPECT_EQ(-SIGKILL, proc_kill(one));
}

TEST_F(scope, a_domain_that_is_not_scoped_signals_all)
{
	pid_t outside = sleeper();

	ll_enforce(ll_create(LANDLOCK_ACCESS_FS_EXECUTE, 0, 0));
	EXPECT_EQ(0, mnt_error(kill(outside, SIGTERM)));
	EXPECT_EQ(-SIGTERM, proc_end(outside));
}

static socklen_t abstract(struct sockaddr_un *addr, const char *name)
{
	memset(addr, 0, sizeof(*addr));
	addr->sun_family = AF_UNIX;
	return offsetof(struct sockaddr_un, sun_path) + 1 +
	       snprintf(addr->sun_path + 1, 100, "%s-%d", name, getpid());
}

static int serve(const char *name, int type)
{
	struct sockaddr_un addr;
	socklen_t len = abstract(&addr, name);
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	must(!bind(fd, (struct sockaddr *)&addr, len));
	if (type == SOCK_STREAM)
		must(!listen(fd, 5));
	return fd;
}

static int call(const char *name, int type)
{
	struct sockaddr_un addr;
	socklen_t len = abstract(&addr, name);
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	int err = mnt_error(connect(fd, (struct sockaddr *)&addr, len));

	if (err)
		close(fd);
	return err ? err : fd;
}

TEST_F(scope, no_abstract_socket_outside_is_reached)
{
	int dgram = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un addr;
	int early;

	serve("stream", SOCK_STREAM);
	serve("dgram", SOCK_DGRAM);
	early = call("dgram", SOCK_DGRAM);
	ASSERT_GE(early, 0);
	ll_enforce(ll_create(0, 0, LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET));
	EXPECT_EQ(-EPERM, call("stream", SOCK_STREAM));
	EXPECT_EQ(-EPERM, call("dgram", SOCK_DGRAM));
	EXPECT_EQ(-1, sendto(dgram, "x", 1, 0, (struct sockaddr *)&addr,
			     abstract(&addr, "dgram")));
	EXPECT_EQ(EPERM, errno);
	/* What was connected may be used on. */
	EXPECT_EQ(1, send(early, "x", 1, 0));
	serve("own", SOCK_STREAM);
	EXPECT_GE(call("own", SOCK_STREAM), 0);
}

TEST_F(scope, a_socket_with_a_path_is_not_scoped)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), client;

	snprintf(addr.sun_path, sizeof(addr.sun_path), "sock-%d", getpid());
	must(!bind(fd, (struct sockaddr *)&addr, sizeof(addr)));
	must(!listen(fd, 1));
	ll_enforce(ll_create(0, 0, LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET));
	client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	EXPECT_EQ(0, connect(client, (struct sockaddr *)&addr, sizeof(addr)));
	unlink(addr.sun_path);
}

TEST_HARNESS_MAIN

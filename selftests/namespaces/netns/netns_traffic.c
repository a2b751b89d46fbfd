// SPDX-License-Identifier: GPL-2.0
/*
 * What flows between net namespaces and what does not: addresses, ports, routes
 * and rules are separate, and the ways across are those that were built.
 *
 * Promises from network_namespaces(7), ip-netns(8), veth(4), ip-rule(8).
 */
#define NETNS_OWN_FIXTURE
#include "netns.h"
#include <linux/fib_rules.h>
#include <netinet/tcp.h>
#include "unixmsg.h"

FIXTURE(flow)
{
	int a, b, c;
	const char *net1_a, *net1_b, *net2_b, *net2_c, *net2, *any, *all;
	int prefix;
};

FIXTURE_VARIANT(flow)
{
	bool ipv6;
};

FIXTURE_VARIANT_ADD(flow, ipv4) { .ipv6 = false, };
FIXTURE_VARIANT_ADD(flow, ipv6) { .ipv6 = true, };

static int prepare(int ns)
{
	const char *dad = "/proc/sys/net/ipv6/conf/default/accept_dad";

	/* Nobody has to wait a second for a link-local address. */
	return IN_NET(ns, link_up("lo") ?: file_write(dad, "0"));
}

FIXTURE_SETUP(flow)
{
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	self->a = net_make();
	self->b = net_make();
	self->c = net_make();
	ASSERT_EQ(0, prepare(self->a));
	ASSERT_EQ(0, prepare(self->b));
	ASSERT_EQ(0, prepare(self->c));
	self->net1_a = variant->ipv6 ? "fd01::1" : "10.1.0.1";
	self->net1_b = variant->ipv6 ? "fd01::2" : "10.1.0.2";
	self->net2_b = variant->ipv6 ? "fd02::1" : "10.2.0.1";
	self->net2_c = variant->ipv6 ? "fd02::2" : "10.2.0.2";
	self->net2 = variant->ipv6 ? "fd02::" : "10.2.0.0";
	self->any = variant->ipv6 ? "::" : "0.0.0.0";
	self->all = variant->ipv6 ? "/proc/sys/net/ipv6/conf/all/forwarding" :
				    "/proc/sys/net/ipv4/ip_forward";
	self->prefix = variant->ipv6 ? 64 : 24;
}

FIXTURE_TEARDOWN(flow)
{
}

TEST_F(flow, udp_crosses_a_pair_of_veth)
{
	join(self->a, self->b, self->net1_a, self->net1_b);
	EXPECT_TRUE(udp_flows(self->a, self->b, self->net1_b));
	EXPECT_TRUE(udp_flows(self->b, self->a, self->net1_a));
}

TEST_F(flow, tcp_crosses_a_pair_of_veth)
{
	int listener, tx, rx;

	join(self->a, self->b, self->net1_a, self->net1_b);
	listener = IN_NET(self->b, net_bound(SOCK_STREAM, self->any, 80));
	ASSERT_GE(listener, 0);
	tx = IN_NET(self->a, net_connected(SOCK_STREAM, self->net1_b, 80));
	ASSERT_GE(tx, 0);
	rx = net_accept(listener);
	ASSERT_GE(rx, 0);
	EXPECT_TRUE(net_flows(tx, rx));
	EXPECT_TRUE(net_flows(rx, tx));
	/* What is not there is refused by the other end. */
	EXPECT_EQ(-ECONNREFUSED,
		  IN_NET(self->a, net_connected(SOCK_STREAM, self->net1_b, 81)));
}

TEST_F(flow, without_a_way_nothing_is_reachable)
{
	ASSERT_EQ(0, IN_NET(self->b, link_add("dummy", "d0")));
	ASSERT_EQ(0, IN_NET(self->b, addr_add("d0", self->net1_b, self->prefix)));
	ASSERT_EQ(0, IN_NET(self->b, link_up("d0")));
	EXPECT_EQ(-ENETUNREACH,
		  IN_NET(self->a, net_connected(SOCK_DGRAM, self->net1_b, 7)));
	EXPECT_EQ(-ENETUNREACH,
		  IN_NET(self->a, net_connected(SOCK_STREAM, self->net1_b, 7)));
	EXPECT_EQ(-EADDRNOTAVAIL,
		  IN_NET(self->a, net_bound(SOCK_DGRAM, self->net1_b, 7)));
}

TEST_F(flow, a_bridge_joins_three)
{
	static const char * const port[] = { "p0", "p1", "p2" };
	const char * const addr[] = { self->net1_a, self->net1_b,
			       variant->ipv6 ? "fd01::3" : "10.1.0.3" };
	int ns[] = { self->a, self->b, self->c };

	ASSERT_EQ(0, link_add("bridge", "br0"));
	ASSERT_EQ(0, link_up("br0"));
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, link_add_veth(port[i], "eth0", ns[i]));
		ASSERT_EQ(0, link_set(port[i], IFLA_MASTER, link_index("br0")));
		ASSERT_EQ(0, link_up(port[i]));
		ASSERT_EQ(0, IN_NET(ns[i], addr_add("eth0", addr[i], self->prefix)));
		ASSERT_EQ(0, IN_NET(ns[i], link_up("eth0")));
		ASSERT_EQ(0, IN_NET(ns[i], link_await("eth0", addr[i])));
		ASSERT_EQ(0, link_await(port[i], NULL));
	}
	ASSERT_EQ(0, link_await("br0", NULL));
	for (int i = 0; i < 3; i++) {
		for (int j = 0; j < 3; j++) {
			if (i == j)
				continue;
			EXPECT_TRUE(udp_flows(ns[i], ns[j], addr[j]))
				TH_LOG("from %d to %d", i, j);
		}
	}
}

TEST_F(flow, the_same_address_in_two_is_two_addresses)
{
	int rx[2], tx;
	char buf[8];

	/* Two servers of one address and port, each with its own client. */
	join(self->a, self->b, self->net1_a, self->net1_b);
	join(self->c, ns_open(0, "net"), self->net1_a, self->net1_b);
	rx[0] = IN_NET(self->b, net_bound(SOCK_DGRAM, self->net1_b, 7));
	rx[1] = net_bound(SOCK_DGRAM, self->net1_b, 7);
	ASSERT_GE(rx[0], 0);
	ASSERT_GE(rx[1], 0);
	tx = IN_NET(self->a, net_connected(SOCK_DGRAM, self->net1_b, 7));
	EXPECT_TRUE(net_flows(tx, rx[0]));
	EXPECT_EQ(-1, recv(rx[1], buf, sizeof(buf), MSG_DONTWAIT));
	tx = IN_NET(self->c, net_connected(SOCK_DGRAM, self->net1_b, 7));
	EXPECT_TRUE(net_flows(tx, rx[1]));
	EXPECT_EQ(-1, recv(rx[0], buf, sizeof(buf), MSG_DONTWAIT));
}

TEST_F(flow, ports_are_separate)
{
	int type[] = { SOCK_STREAM, SOCK_DGRAM };

	for (int i = 0; i < 2; i++) {
		EXPECT_GE(IN_NET(self->a, net_bound(type[i], self->any, 80)), 0);
		EXPECT_GE(IN_NET(self->b, net_bound(type[i], self->any, 80)), 0);
		EXPECT_EQ(-EADDRINUSE,
			  IN_NET(self->a, net_bound(type[i], self->any, 80)));
	}
}

TEST_F(flow, a_router_forwards_only_if_its_own_namespace_says_so)
{
	const char *gw = self->net1_b, *back = self->net2_b;
	int rx, tx;
	char buf[8];

	join(self->a, self->b, self->net1_a, self->net1_b);
	ASSERT_EQ(0, IN_NET(self->b, link_add_veth("vc", "vb", self->c)));
	ASSERT_EQ(0, IN_NET(self->b, addr_add("vc", self->net2_b, self->prefix)));
	ASSERT_EQ(0, IN_NET(self->c, addr_add("vb", self->net2_c, self->prefix)));
	ASSERT_EQ(0, IN_NET(self->b, link_up("vc")));
	ASSERT_EQ(0, IN_NET(self->c, link_up("vb")));
	ASSERT_EQ(0, IN_NET(self->b, link_await("vc", self->net2_b)));
	ASSERT_EQ(0, IN_NET(self->c, link_await("vb", self->net2_c)));
	EXPECT_EQ(-ENETUNREACH,
		  IN_NET(self->a, net_connected(SOCK_DGRAM, self->net2_c, 7)));
	ASSERT_EQ(0, IN_NET(self->a, route_add(self->net2, self->prefix, gw)));
	ASSERT_EQ(0, IN_NET(self->c, route_add(self->any, 0, back)));

	/* The others' settings do not help. */
	ASSERT_EQ(0, IN_NET(self->a, file_write(self->all, "1")));
	ASSERT_EQ(0, IN_NET(self->c, file_write(self->all, "1")));
	ASSERT_EQ(0, IN_NET(self->b, file_number(self->all)));
	rx = IN_NET(self->c, net_bound(SOCK_DGRAM, self->net2_c, 7));
	tx = IN_NET(self->a, net_connected(SOCK_DGRAM, self->net2_c, 7));
	ASSERT_GE(tx, 0);
	/* What comes to the router after it shows that it was there. */
	EXPECT_TRUE(udp_flows(self->a, self->b, self->net1_b));
	EXPECT_EQ(4, write(tx, "lost", 4));
	EXPECT_TRUE(udp_flows(self->a, self->b, self->net1_b));
	ASSERT_EQ(0, IN_NET(self->b, file_write(self->all, "1")));
	EXPECT_TRUE(net_flows(tx, rx));
	EXPECT_EQ(-1, recv(rx, buf, sizeof(buf), MSG_DONTWAIT));
	close(rx);
	EXPECT_TRUE(udp_flows(self->c, self->a, self->net1_a));
}

/* A rule and a table of its own: in one namespace it diverts, in the other not. */
TEST_F(flow, rules_are_separate)
{
	struct fib_rule_hdr h = {
		.family = variant->ipv6 ? AF_INET6 : AF_INET,
		.action = FR_ACT_UNREACHABLE,
		.dst_len = variant->ipv6 ? 64 : 24,
	};
	struct nl r = nl_make(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, &h, sizeof(h));
	char addr[16];
	size_t len;
	int err;

	net_parse(self->net2, addr, &len);
	nl_add(&r, FRA_DST, addr, len);
	nl_add_int(&r, FRA_PRIORITY, 10);
	for (int i = 0; i < 2; i++) {
		int ns = i ? self->b : self->a;

		ASSERT_EQ(0, IN_NET(ns, link_add("dummy", "d0")));
		ASSERT_EQ(0, IN_NET(ns, addr_add("d0", self->net2_b, self->prefix)));
		ASSERT_EQ(0, IN_NET(ns, link_up("d0")));
	}
	err = IN_NET(self->a, nl_talk(&r));
	if (err == -EAFNOSUPPORT)
		SKIP(return, "no rules (IPV6_MULTIPLE_TABLES)");
	ASSERT_EQ(0, err);
	EXPECT_EQ(-ENETUNREACH,
		  IN_NET(self->a, net_connected(SOCK_DGRAM, self->net2_c, 7)));
	EXPECT_GE(IN_NET(self->b, net_connected(SOCK_DGRAM, self->net2_c, 7)), 0);
}

/* A socket is of the namespace that it was made in, wherever its user goes. */
TEST_F(flow, a_socket_stays_where_it_was_made)
{
	int rx, tx;
	pid_t pid;

	join(self->a, self->b, self->net1_a, self->net1_b);
	rx = IN_NET(self->b, net_bound(SOCK_STREAM, self->net1_b, 80));
	pid = proc_fork_bound(0);
	if (!pid) {
		union net_addr addr;
		socklen_t len = net_address(&addr, self->net1_b, 80);

		must(!ns_enter(self->a, CLONE_NEWNET));
		tx = socket(addr.sa.sa_family, SOCK_STREAM, 0);
		/* Bound and connected only after it has left. */
		must(!ns_enter(self->c, CLONE_NEWNET));
		must(net_connected(SOCK_STREAM, self->net1_b, 80) == -ENETUNREACH);
		must(!connect(tx, &addr.sa, len));
		must(write(tx, "across", 6) == 6);
		/* A device of its own namespace can be named, one of c cannot. */
		must(!setsockopt(tx, SOL_SOCKET, SO_BINDTODEVICE, "va", 3));
		must(link_index("va") == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	rx = net_accept(rx);
	ASSERT_GE(rx, 0);
}

/* Accepted sockets are of the listener's namespace, not the accepting task's. */
TEST_F(flow, an_accepted_socket_is_of_the_listeners_namespace)
{
	int rx, tx, sk;
	struct ifreq r = { .ifr_name = "vb" };

	join(self->a, self->b, self->net1_a, self->net1_b);
	rx = IN_NET(self->b, net_bound(SOCK_STREAM, self->net1_b, 80));
	tx = IN_NET(self->a, net_connected(SOCK_STREAM, self->net1_b, 80));
	ASSERT_GE(tx, 0);
	sk = IN_NET(self->c, net_accept(rx));
	ASSERT_GE(sk, 0);
	EXPECT_EQ(0, ioctl(sk, SIOCGIFINDEX, &r));
	EXPECT_TRUE(net_flows(tx, sk));
}

TEST_F(flow, a_socket_received_from_another_namespace_works_there)
{
	int pair[2], rx, tx;
	struct unixmsg m;
	pid_t pid;

	join(self->a, self->b, self->net1_a, self->net1_b);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
	rx = IN_NET(self->b, net_bound(SOCK_DGRAM, self->net1_b, 7));
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!ns_enter(self->a, CLONE_NEWNET));
		tx = net_connected(SOCK_DGRAM, self->net1_b, 7);
		_exit(unixmsg_send(pair[0], "x", NULL, &tx, 1) ? 1 : 0);
	}
	ASSERT_EQ(0, proc_end(pid));
	ASSERT_EQ(0, unixmsg_take(pair[1], &m, 0));
	ASSERT_EQ(1, m.nr_fds);
	EXPECT_TRUE(net_flows(m.fd[0], rx));
}

TEST_HARNESS_MAIN

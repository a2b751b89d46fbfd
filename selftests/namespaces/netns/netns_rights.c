// SPDX-License-Identifier: GPL-2.0
/*
 * Who may do what with net namespaces: making, entering, configuring them,
 * moving devices between them; what root of a user namespace can do to the net
 * namespace that it owns and to others.
 *
 * Promises from capabilities(7), network_namespaces(7), user_namespaces(7),
 * setns(2), unshare(2), packet(7), raw(7), ip(7).
 */
#include "netns.h"
#include <linux/capability.h>
#include <linux/sockios.h>
#include <net/ethernet.h>

/* A process that is root of a user namespace and lives in a net namespace of it. */
struct container {
	pid_t pid;
	int net;
};

static struct container container_make(void)
{
	struct baton ready = baton_make();
	struct container c;

	c.pid = userns_fork(CLONE_NEWNET, 1000, 10);
	if (!c.pid) {
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	must(c.pid > 0);
	baton_take(&ready);
	c.net = ns_open(c.pid, "net");
	must(c.net >= 0);
	return c;
}

/* Runs @body, an expression that is true if all is well, as root of @c in @net. */
#define AS_ROOT_OF(c, net_ns, body) ({					\
	int _user = ns_open((c).pid, "user"), _net = (net_ns);		\
	pid_t _pid = proc_fork_bound(0);				\
									\
	if (!_pid) {							\
		must(!ns_enter(_net, CLONE_NEWNET));			\
		must(!ns_enter(_user, CLONE_NEWUSER));			\
		userns_be(0);						\
		must(body);						\
		_exit(0);						\
	}								\
	close(_user);							\
	proc_end(_pid);							\
})

/* The same as an ordinary user of the caller's namespaces. */
#define AS_NOBODY(body) ({						\
	pid_t _pid = proc_fork_bound(0);				\
									\
	if (!_pid) {							\
		proc_become_nobody();					\
		must(body);						\
		_exit(0);						\
	}								\
	proc_end(_pid);							\
})

static void drop_caps(uint64_t keep)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2] = {
		{ .effective = keep, .permitted = keep },
		{ .effective = keep >> 32, .permitted = keep >> 32 },
	};

	must(!syscall(SYS_capset, &h, d));
}

static int try_unshare(int flags)
{
	return unshare(flags) ? -errno : 0;
}

static int raw_socket(int family, int protocol)
{
	int sk = socket(family, SOCK_RAW, protocol);

	return sk < 0 ? -errno : close(sk);
}

TEST_F(netns, nobody_makes_one)
{
	EXPECT_EQ(0, AS_NOBODY(try_unshare(CLONE_NEWNET) == -EPERM));
	EXPECT_EQ(0, AS_NOBODY(proc_fork(CLONE_NEWNET) == -EPERM));
}

TEST_F(netns, it_takes_cap_sys_admin_to_make_one)
{
	uint64_t all = (1ULL << (CAP_LAST_CAP + 1)) - 1;
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		drop_caps(all & ~(1ULL << CAP_SYS_ADMIN));
		must(try_unshare(CLONE_NEWNET) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	pid = proc_fork_bound(0);
	if (!pid) {
		drop_caps(1ULL << CAP_SYS_ADMIN);
		must(!try_unshare(CLONE_NEWNET));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(netns, nobody_makes_one_with_a_user_namespace_and_is_root_there)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(!ns_become_user_root());
		must(!try_unshare(CLONE_NEWNET));
		must(!link_up("lo"));
		must(!link_add("dummy", "d0"));
		must(!addr_add("d0", "10.1.0.1", 24));
		must(!link_up("d0"));
		must(!route_add("10.2.0.0", 16, "10.1.0.2"));
		must(udp_flows(ns_open(0, "net"), ns_open(0, "net"), "10.1.0.1"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(netns, the_number_of_them_is_limited)
{
	const char *file = "/proc/sys/user/max_net_namespaces";
	pid_t pid = userns_fork(0, 1000, 10);

	if (!pid) {
		must(!file_write(file, "1"));
		must(!try_unshare(CLONE_NEWNET));
		/* Where it has been is gone in its own time, so one more may fit. */
		must(!file_write(file, "0"));
		must(try_unshare(CLONE_NEWNET) == -ENOSPC);
		must(proc_fork(CLONE_NEWNET) == -ENOSPC);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_GT(file_number(file), 1);
	EXPECT_EQ(0, try_unshare(CLONE_NEWNET));
}

TEST_F(netns, nobody_enters_one)
{
	EXPECT_EQ(0, AS_NOBODY(ns_enter(self->a, CLONE_NEWNET) == -EPERM));
	/* Not even the one that he lives in. */
	EXPECT_EQ(0, AS_NOBODY(ns_enter(self->home, CLONE_NEWNET) == -EPERM));
}

TEST_F(netns, root_of_a_user_namespace_enters_its_own_only)
{
	struct container c = container_make(), d = container_make();

	EXPECT_EQ(0, AS_ROOT_OF(c, self->home, !ns_enter(c.net, CLONE_NEWNET)));
	EXPECT_EQ(0, AS_ROOT_OF(c, c.net, ns_enter(d.net, CLONE_NEWNET) == -EPERM));
	EXPECT_EQ(0, AS_ROOT_OF(c, c.net, ns_enter(self->a, CLONE_NEWNET) == -EPERM));
	EXPECT_EQ(0, AS_ROOT_OF(c, c.net, ns_enter(self->home, CLONE_NEWNET) == -EPERM));
	/* From above, all of them are open. */
	EXPECT_EQ(0, ns_enter(c.net, CLONE_NEWNET));
	EXPECT_EQ(0, ns_enter(d.net, CLONE_NEWNET));
}

/* CAP_SYS_ADMIN in its own user namespace, too: with the target's alone it fails. */
TEST_F(netns, entering_takes_a_capability_in_the_own_user_namespace_too)
{
	struct container c = container_make();
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		/* As the owner of the container's user namespace, it may do all there. */
		drop_caps(1ULL << CAP_NET_ADMIN);
		must(ns_enter(c.net, CLONE_NEWNET) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	pid = proc_fork_bound(0);
	if (!pid) {
		drop_caps(1ULL << CAP_SYS_ADMIN);
		must(!ns_enter(c.net, CLONE_NEWNET));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(netns, nobody_configures_anything)
{
	ASSERT_EQ(0, link_add("dummy", "d0"));
	EXPECT_EQ(0, AS_NOBODY(link_add("dummy", "d1") == -EPERM));
	EXPECT_EQ(0, AS_NOBODY(link_up("d0") == -EPERM));
	EXPECT_EQ(0, AS_NOBODY(link_remove("d0") == -EPERM));
	EXPECT_EQ(0, AS_NOBODY(addr_add("d0", "10.1.0.1", 24) == -EPERM));
	EXPECT_EQ(0, AS_NOBODY(addr_add("d0", "fd01::1", 64) == -EPERM));
	EXPECT_EQ(0, AS_NOBODY(route_add("10.2.0.0", 16, "10.1.0.2") == -EPERM));
	EXPECT_EQ(0, AS_NOBODY(link_move("d0", self->a) == -EPERM));
	/* But he may look. */
	EXPECT_EQ(0, AS_NOBODY(link_flags("d0") >= 0));
	EXPECT_FALSE(link_flags("d0") & IFF_UP);
}

TEST_F(netns, root_of_a_user_namespace_configures_its_own)
{
	struct container c = container_make();

	EXPECT_EQ(0, AS_ROOT_OF(c, c.net, !link_add("dummy", "d0") && !link_up("d0") &&
				!addr_add("d0", "10.1.0.1", 24) &&
				!addr_add("d0", "fd01::1", 64) &&
				!route_add("10.2.0.0", 16, "10.1.0.2")));
	EXPECT_TRUE(IN_NET(c.net, link_flags("d0")) & IFF_UP);
	EXPECT_GE(IN_NET(c.net, net_bound(SOCK_DGRAM, "10.1.0.1", 7)), 0);
}

TEST_F(netns, root_of_a_user_namespace_does_not_configure_its_parents)
{
	struct container c = container_make();

	ASSERT_EQ(0, link_add("dummy", "d0"));
	EXPECT_EQ(0, AS_ROOT_OF(c, self->home, link_add("dummy", "d1") == -EPERM));
	EXPECT_EQ(0, AS_ROOT_OF(c, self->home, link_up("d0") == -EPERM));
	EXPECT_EQ(0, AS_ROOT_OF(c, self->home, link_remove("d0") == -EPERM));
	EXPECT_EQ(0, AS_ROOT_OF(c, self->home, addr_add("d0", "10.1.0.1", 24) == -EPERM));
	EXPECT_EQ(0, AS_ROOT_OF(c, self->home,
				route_add("10.2.0.0", 16, "10.1.0.2") == -EPERM));
	EXPECT_EQ(0, AS_ROOT_OF(c, self->home, link_set("d0", IFLA_MTU, 1000) == -EPERM));
	EXPECT_FALSE(link_flags("d0") & IFF_UP);
}

TEST_F(netns, a_sibling_is_not_configured_either)
{
	struct container c = container_make(), d = container_make();

	ASSERT_EQ(0, IN_NET(d.net, link_add("dummy", "d0")));
	EXPECT_EQ(0, AS_ROOT_OF(c, d.net, link_up("d0") == -EPERM));
	EXPECT_EQ(0, AS_ROOT_OF(c, d.net, link_remove("d0") == -EPERM));
	EXPECT_EQ(0, AS_ROOT_OF(d, d.net, !link_up("d0")));
}

/*
 * A netlink socket is of the namespace that it was made in, and so are the
 * rights that count: its opener's and its user's, over that namespace.
 */
TEST_F(netns, a_netlink_socket_taken_along_gives_no_rights)
{
	struct container c = container_make();
	struct nl r = link_request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, "d1");
	int sk = nl_open(), there;
	struct rtattr *info;

	info = nl_add(&r, IFLA_LINKINFO, NULL, 0);
	nl_add_text(&r, IFLA_INFO_KIND, "dummy");
	nl_end(&r, info);
	EXPECT_EQ(0, AS_ROOT_OF(c, c.net, nl_talk_on(sk, &r) == -EPERM));
	EXPECT_EQ(0, link_index("d1"));
	/* Root of above acts on where the socket is of, and may. */
	there = IN_NET(c.net, nl_open());
	EXPECT_EQ(0, nl_talk_on(there, &r));
	EXPECT_EQ(0, link_index("d1"));
	EXPECT_NE(0, IN_NET(c.net, link_index("d1")));
}

TEST_F(netns, a_netlink_socket_of_nobody_is_no_use_to_root)
{
	struct nl r = link_request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, "d1");
	struct rtattr *info;
	pid_t pid;
	int sk;

	info = nl_add(&r, IFLA_LINKINFO, NULL, 0);
	nl_add_text(&r, IFLA_INFO_KIND, "dummy");
	nl_end(&r, info);
	pid = proc_fork_bound(0);
	if (!pid) {
		/* As a setuid program would meet it: opened without a capability. */
		must(!setresuid(1001, 1001, 0));
		sk = nl_open();
		must(!setresuid(0, 0, 0));
		must(nl_talk_on(sk, &r) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, link_index("d1"));
}

TEST_F(netns, moving_a_device_takes_a_capability_on_both_sides)
{
	struct container c = container_make(), d = container_make();

	/* Down from above: both are root's. */
	ASSERT_EQ(0, link_add("dummy", "d0"));
	ASSERT_EQ(0, link_move("d0", c.net));
	/* From its own to the parent's, or to a sibling's: one side is missing. */
	EXPECT_EQ(0, AS_ROOT_OF(c, c.net, link_move("d0", self->home) == -EPERM));
	EXPECT_EQ(0, AS_ROOT_OF(c, c.net, link_move("d0", self->a) == -EPERM));
	EXPECT_EQ(0, AS_ROOT_OF(c, c.net, link_move("d0", d.net) == -EPERM));
	EXPECT_NE(0, IN_NET(c.net, link_index("d0")));
	/* And to its own from where it has no say. */
	ASSERT_EQ(0, link_add("dummy", "d1"));
	EXPECT_EQ(0, AS_ROOT_OF(c, self->home, link_move("d1", c.net) == -EPERM));
	EXPECT_NE(0, link_index("d1"));
	/* Between two of its own it may. */
	EXPECT_EQ(0, AS_ROOT_OF(c, c.net, ({
		int other = net_make();

		!link_move("d0", other) && IN_NET(other, link_index("d0"));
	})));
}

TEST_F(netns, a_device_is_born_where_its_maker_may)
{
	struct container c = container_make();

	EXPECT_EQ(0, AS_ROOT_OF(c, c.net, link_add_in("dummy", "d0", self->home) == -EPERM));
	EXPECT_EQ(0, AS_ROOT_OF(c, self->home, link_add_in("dummy", "d0", c.net) == -EPERM));
	if (proc_kernel_before(7, 3) &&
	    !AS_ROOT_OF(c, c.net, !link_add_veth("v0", "v1", self->home)))
		SKIP(return, "kernel bug: a veth's other end needs no rights where it goes");
	EXPECT_EQ(0, AS_ROOT_OF(c, c.net, link_add_veth("v0", "v1", self->home) == -EPERM));
	EXPECT_EQ(0, link_index("d0"));
	EXPECT_EQ(0, link_index("v1"));
	EXPECT_EQ(0, IN_NET(c.net, link_index("v0")));
}

TEST_F(netns, raw_sockets_are_for_root_of_the_namespace)
{
	struct container c = container_make();

	EXPECT_EQ(0, raw_socket(AF_INET, IPPROTO_ICMP));
	EXPECT_EQ(0, raw_socket(AF_PACKET, htons(ETH_P_ALL)));
	EXPECT_EQ(0, AS_NOBODY(raw_socket(AF_INET, IPPROTO_ICMP) == -EPERM));
	EXPECT_EQ(0, AS_NOBODY(raw_socket(AF_INET6, IPPROTO_ICMPV6) == -EPERM));
	EXPECT_EQ(0, AS_NOBODY(raw_socket(AF_PACKET, htons(ETH_P_ALL)) == -EPERM));
	EXPECT_EQ(0, AS_ROOT_OF(c, c.net, !raw_socket(AF_INET, IPPROTO_ICMP)));
	EXPECT_EQ(0, AS_ROOT_OF(c, c.net, !raw_socket(AF_INET6, IPPROTO_ICMPV6)));
	EXPECT_EQ(0, AS_ROOT_OF(c, c.net, !raw_socket(AF_PACKET, htons(ETH_P_ALL))));
	EXPECT_EQ(0, AS_ROOT_OF(c, self->home, raw_socket(AF_INET, IPPROTO_ICMP) == -EPERM));
	EXPECT_EQ(0, AS_ROOT_OF(c, self->home,
				raw_socket(AF_PACKET, htons(ETH_P_ALL)) == -EPERM));
}

TEST_F(netns, low_ports_are_for_root_of_the_namespace)
{
	const char *file = "/proc/sys/net/ipv4/ip_unprivileged_port_start";
	struct container c = container_make();

	EXPECT_EQ(0, AS_NOBODY(net_bound(SOCK_STREAM, "0.0.0.0", 80) == -EACCES));
	EXPECT_EQ(0, AS_NOBODY(net_bound(SOCK_DGRAM, "::", 1023) == -EACCES));
	EXPECT_EQ(0, AS_NOBODY(net_bound(SOCK_DGRAM, "::", 1024) >= 0));
	EXPECT_EQ(0, AS_ROOT_OF(c, c.net, net_bound(SOCK_STREAM, "0.0.0.0", 80) >= 0));
	EXPECT_EQ(0, AS_ROOT_OF(c, self->home,
				net_bound(SOCK_STREAM, "0.0.0.0", 80) == -EACCES));
	/* From where they are high is each namespace's to say. */
	ASSERT_EQ(0, file_write(file, "80"));
	EXPECT_EQ(0, AS_NOBODY(net_bound(SOCK_STREAM, "0.0.0.0", 79) == -EACCES));
	EXPECT_EQ(0, AS_NOBODY(net_bound(SOCK_STREAM, "0.0.0.0", 80) >= 0));
	ASSERT_EQ(0, ns_enter(self->a, CLONE_NEWNET));
	EXPECT_EQ(0, AS_NOBODY(net_bound(SOCK_STREAM, "0.0.0.0", 80) == -EACCES));
}

/* SO_BINDTODEVICE's and the like: the socket's namespace counts, not the task's. */
TEST_F(netns, rights_over_a_socket_are_those_over_its_namespace)
{
	struct container c = container_make();
	int ours = socket(AF_INET, SOCK_DGRAM, 0);
	int theirs = IN_NET(c.net, socket(AF_INET, SOCK_DGRAM, 0));
	int mark = 1;

	EXPECT_EQ(0, AS_ROOT_OF(c, c.net, setsockopt(ours, SOL_SOCKET, SO_MARK, &mark,
						     sizeof(mark)) && errno == EPERM));
	EXPECT_EQ(0, AS_ROOT_OF(c, c.net, !setsockopt(theirs, SOL_SOCKET, SO_MARK, &mark,
						      sizeof(mark))));
	EXPECT_EQ(0, AS_ROOT_OF(c, self->home, !setsockopt(theirs, SOL_SOCKET, SO_MARK,
							   &mark, sizeof(mark))));
}

TEST_HARNESS_MAIN

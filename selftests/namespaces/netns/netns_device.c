// SPDX-License-Identifier: GPL-2.0
/*
 * Devices of net namespaces: which there are, where they are born, how they
 * move, what they take along, and which stay.
 *
 * Promises from network_namespaces(7), namespaces(7), ip-netns(8), ip-link(8),
 * veth(4) and rtnetlink(7).
 */
#include "netns.h"
#include <ifaddrs.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <linux/tty.h>

/* The names of the devices here, in the order of their numbers. */
static const char *devices(char *out, size_t size)
{
	struct if_nameindex *list = if_nameindex(), *i;

	must(list);
	out[0] = '\0';
	for (i = list; i->if_index; i++)
		snprintf(out + strlen(out), size - strlen(out), "%s ", i->if_name);
	if_freenameindex(list);
	return out;
}

/* Whether an address of the device @name is here, of any family. */
static bool has_address(const char *name)
{
	struct ifaddrs *list, *i;
	bool found = false;

	must(!getifaddrs(&list));
	for (i = list; i; i = i->ifa_next)
		if (!strcmp(i->ifa_name, name) && i->ifa_addr &&
		    (i->ifa_addr->sa_family == AF_INET ||
		     i->ifa_addr->sa_family == AF_INET6))
			found = true;
	freeifaddrs(list);
	return found;
}

TEST_F(netns, a_new_one_has_lo_and_nothing_else)
{
	char names[256];

	IN_NET(self->a, devices(names, sizeof(names)));
	EXPECT_STREQ("lo ", names);
	EXPECT_EQ(1, IN_NET(self->a, link_index("lo")));
}

TEST_F(netns, its_lo_is_down_and_has_no_address)
{
	int flags = IN_NET(self->a, link_flags("lo"));

	ASSERT_GE(flags, 0);
	EXPECT_TRUE(flags & IFF_LOOPBACK);
	EXPECT_FALSE(flags & IFF_UP);
	EXPECT_FALSE(IN_NET(self->a, has_address("lo")));
	EXPECT_EQ(-ENETUNREACH, IN_NET(self->a,
				       net_connected(SOCK_DGRAM, "127.0.0.1", 7)));
	EXPECT_EQ(0, IN_NET(self->a, link_up("lo")));
	EXPECT_TRUE(IN_NET(self->a, has_address("lo")));
	EXPECT_TRUE(udp_flows(self->a, self->a, "127.0.0.1"));
	EXPECT_TRUE(udp_flows(self->a, self->a, "::1"));
	/* The other one's is another. */
	EXPECT_FALSE(IN_NET(self->b, link_flags("lo")) & IFF_UP);
}

TEST_F(netns, a_device_is_in_one_only)
{
	ASSERT_EQ(0, link_add("dummy", "d0"));
	EXPECT_NE(0, link_index("d0"));
	EXPECT_EQ(0, IN_NET(self->a, link_index("d0")));
	EXPECT_EQ(-ENODEV, IN_NET(self->a, link_flags("d0")));
	EXPECT_EQ(-ENODEV, IN_NET(self->a, link_remove("d0")));
	EXPECT_EQ(0, link_remove("d0"));
}

TEST_F(netns, two_may_have_devices_of_one_name_and_number)
{
	ASSERT_EQ(0, IN_NET(self->a, link_add("dummy", "d0")));
	ASSERT_EQ(0, IN_NET(self->b, link_add("dummy", "d0")));
	EXPECT_EQ(IN_NET(self->a, link_index("d0")), IN_NET(self->b, link_index("d0")));
	EXPECT_EQ(-EEXIST, IN_NET(self->a, link_add("dummy", "d0")));
	ASSERT_EQ(0, IN_NET(self->a, link_up("d0")));
	EXPECT_FALSE(IN_NET(self->b, link_flags("d0")) & IFF_UP);
}

TEST_F(netns, a_device_moves_to_the_namespace_of_a_file)
{
	ASSERT_EQ(0, link_add("dummy", "d0"));
	ASSERT_EQ(0, link_move("d0", self->a));
	EXPECT_EQ(0, link_index("d0"));
	EXPECT_NE(0, IN_NET(self->a, link_index("d0")));
	ASSERT_EQ(0, IN_NET(self->a, link_move("d0", self->b)));
	EXPECT_NE(0, IN_NET(self->b, link_index("d0")));
	/* Where it is already, nothing changes. */
	ASSERT_EQ(0, IN_NET(self->b, link_up("d0")));
	EXPECT_EQ(0, IN_NET(self->b, link_move("d0", self->b)));
	EXPECT_TRUE(IN_NET(self->b, link_flags("d0")) & IFF_UP);
}

TEST_F(netns, a_device_moves_to_the_namespace_of_a_process)
{
	struct baton ready = baton_make();
	pid_t pid = proc_fork_bound(CLONE_NEWNET);
	int ns;

	if (!pid) {
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	ns = ns_open(pid, "net");
	ASSERT_EQ(0, link_add("dummy", "d0"));
	ASSERT_EQ(0, link_set("d0", IFLA_NET_NS_PID, pid));
	EXPECT_EQ(0, link_index("d0"));
	EXPECT_NE(0, IN_NET(ns, link_index("d0")));
}

TEST_F(netns, a_moved_device_is_down_and_has_lost_its_addresses)
{
	ASSERT_EQ(0, link_add("dummy", "d0"));
	ASSERT_EQ(0, addr_add("d0", "10.1.0.1", 24));
	ASSERT_EQ(0, addr_add("d0", "fd01::1", 64));
	ASSERT_EQ(0, link_up("d0"));
	ASSERT_EQ(0, route_add("10.2.0.0", 16, "10.1.0.2"));
	ASSERT_EQ(0, link_move("d0", self->a));
	EXPECT_FALSE(IN_NET(self->a, link_flags("d0")) & IFF_UP);
	EXPECT_FALSE(IN_NET(self->a, has_address("d0")));
	/* Routes that led over it are gone, too, on both sides. */
	EXPECT_EQ(-ENETUNREACH, net_connected(SOCK_DGRAM, "10.2.0.1", 7));
	EXPECT_EQ(-ENETUNREACH, net_connected(SOCK_DGRAM, "10.1.0.2", 7));
	EXPECT_EQ(-ENETUNREACH, IN_NET(self->a,
				       net_connected(SOCK_DGRAM, "10.1.0.2", 7)));
}

/* As the hardware address, which is the device's and not the namespace's. */
TEST_F(netns, a_moved_device_keeps_its_own_properties)
{
	static const unsigned char mac[6] = { 2, 1, 2, 3, 4, 5 };
	struct ifreq r = { .ifr_name = "d0" };
	struct nl n = link_request(RTM_NEWLINK, 0, "d0");
	int sk;

	ASSERT_EQ(0, link_add("dummy", "d0"));
	ASSERT_EQ(0, link_set("d0", IFLA_MTU, 1234));
	nl_add(&n, IFLA_ADDRESS, mac, sizeof(mac));
	ASSERT_EQ(0, nl_talk(&n));
	ASSERT_EQ(0, link_move("d0", self->a));
	sk = IN_NET(self->a, socket(AF_UNIX, SOCK_DGRAM, 0));
	ASSERT_EQ(0, ioctl(sk, SIOCGIFMTU, &r));
	EXPECT_EQ(1234, r.ifr_mtu);
	ASSERT_EQ(0, ioctl(sk, SIOCGIFHWADDR, &r));
	EXPECT_EQ(0, memcmp(mac, r.ifr_hwaddr.sa_data, sizeof(mac)));
}

TEST_F(netns, a_move_to_where_the_name_is_taken_is_refused)
{
	struct nl r;

	ASSERT_EQ(0, link_add("dummy", "d0"));
	ASSERT_EQ(0, link_up("d0"));
	ASSERT_EQ(0, IN_NET(self->a, link_add("dummy", "d0")));
	EXPECT_EQ(-EEXIST, link_move("d0", self->a));
	/* It stays as it was. */
	EXPECT_TRUE(link_flags("d0") & IFF_UP);
	/* Under another name, it may. */
	r = nl_make(RTM_NEWLINK, 0, &(struct ifinfomsg){ .ifi_index = link_index("d0") },
		    sizeof(struct ifinfomsg));
	nl_add_text(&r, IFLA_IFNAME, "d1");
	nl_add_int(&r, IFLA_NET_NS_FD, self->a);
	EXPECT_EQ(0, nl_talk(&r));
	EXPECT_EQ(0, link_index("d0"));
	EXPECT_NE(0, IN_NET(self->a, link_index("d1")));
}

TEST_F(netns, a_moved_device_keeps_its_number_if_that_is_free)
{
	int index;

	ASSERT_EQ(0, link_add("dummy", "d0"));
	ASSERT_EQ(0, link_add("dummy", "d1"));
	index = link_index("d1");
	ASSERT_EQ(0, link_move("d1", self->a));
	EXPECT_EQ(index, IN_NET(self->a, link_index("d1")));
	/* In b, its number is taken. */
	for (int i = 0; IN_NET(self->b, link_index("x0")) < index; i++) {
		IN_NET(self->b, link_remove("x0"));
		ASSERT_EQ(0, IN_NET(self->b, link_add("dummy", "x0")));
		ASSERT_LT(i, 10);
	}
	ASSERT_EQ(index, IN_NET(self->b, link_index("x0")));
	ASSERT_EQ(0, IN_NET(self->a, link_move("d1", self->b)));
	EXPECT_NE(index, IN_NET(self->b, link_index("d1")));
	EXPECT_NE(0, IN_NET(self->b, link_index("d1")));
}

TEST_F(netns, lo_cannot_be_moved)
{
	EXPECT_EQ(-EINVAL, link_move("lo", self->a));
	EXPECT_EQ(1, link_index("lo"));
}

TEST_F(netns, lo_cannot_be_removed)
{
	EXPECT_EQ(-EOPNOTSUPP, link_remove("lo"));
	EXPECT_EQ(1, link_index("lo"));
}

TEST_F(netns, a_device_is_not_moved_to_what_is_no_net_namespace)
{
	int uts = ns_open(0, "uts"), null = open("/dev/null", O_RDONLY);

	ASSERT_EQ(0, link_add("dummy", "d0"));
	EXPECT_EQ(-EINVAL, link_move("d0", uts));
	EXPECT_EQ(-EINVAL, link_move("d0", null));
	EXPECT_EQ(-EBADF, link_move("d0", 12345));
	EXPECT_EQ(-ESRCH, link_set("d0", IFLA_NET_NS_PID, INT_MAX));
	EXPECT_NE(0, link_index("d0"));
}

TEST_F(netns, a_device_can_be_born_elsewhere)
{
	ASSERT_EQ(0, link_add_in("dummy", "d0", self->a));
	EXPECT_EQ(0, link_index("d0"));
	EXPECT_NE(0, IN_NET(self->a, link_index("d0")));
	ASSERT_EQ(0, link_add_veth("v0", "v1", self->b));
	EXPECT_NE(0, link_index("v0"));
	EXPECT_EQ(0, link_index("v1"));
	EXPECT_NE(0, IN_NET(self->b, link_index("v1")));
}

TEST_F(netns, a_pair_stays_one_wherever_the_ends_are)
{
	ASSERT_EQ(0, link_add_veth("v0", "v1", -1));
	ASSERT_EQ(0, link_move("v0", self->a));
	ASSERT_EQ(0, link_move("v1", self->b));
	ASSERT_EQ(0, IN_NET(self->a, link_up("v0")));
	/* No carrier until the other end is up. */
	EXPECT_FALSE(IN_NET(self->a, link_flags("v0")) & NET_LOWER_UP);
	ASSERT_EQ(0, IN_NET(self->b, link_up("v1")));
	EXPECT_TRUE(IN_NET(self->b, link_flags("v1")) & NET_LOWER_UP);
	/* Removed at one end, it is gone at both. */
	ASSERT_EQ(0, IN_NET(self->a, link_remove("v0")));
	EXPECT_EQ(0, IN_NET(self->b, link_index("v1")));
}

TEST_F(netns, a_port_that_is_moved_leaves_its_bridge)
{
	ASSERT_EQ(0, link_add("bridge", "br0"));
	ASSERT_EQ(0, link_add("dummy", "d0"));
	ASSERT_EQ(0, link_set("d0", IFLA_MASTER, link_index("br0")));
	ASSERT_EQ(0, link_move("d0", self->a));
	/* It is nobody's port there: it can become one. */
	ASSERT_EQ(0, IN_NET(self->a, link_add("bridge", "br1")));
	EXPECT_EQ(0, IN_NET(self->a, link_set("d0", IFLA_MASTER, link_index("br1"))));
	/* And a bridge does not take one that is elsewhere. */
	EXPECT_EQ(-ENODEV, link_set("d0", IFLA_MASTER, link_index("br0")));
}

/* The file descriptor of a tun device leads to where the device is. */
TEST_F(netns, a_tun_device_is_used_from_where_it_was_made)
{
	struct ifreq r = { .ifr_name = "tun0", .ifr_flags = IFF_TUN | IFF_NO_PI };
	int tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC), tx;
	char packet[256];
	ssize_t n = 0;

	if (tun < 0)
		SKIP(return, "no /dev/net/tun");
	ASSERT_EQ(0, ioctl(tun, TUNSETIFF, &r));
	ASSERT_EQ(0, link_move("tun0", self->a));
	ASSERT_EQ(0, IN_NET(self->a, addr_add("tun0", "10.3.0.1", 24)));
	ASSERT_EQ(0, IN_NET(self->a, link_up("tun0")));
	tx = IN_NET(self->a, net_connected(SOCK_DGRAM, "10.3.0.2", 7));
	ASSERT_GE(tx, 0);
	ASSERT_EQ(6, write(tx, "across", 6));
	/* The device itself has things to say in IPv6 first. */
	do {
		ASSERT_TRUE(proc_poll(tun, POLLIN, PROC_HANG_MS) & POLLIN);
		n = read(tun, packet, sizeof(packet));
	} while (n > 0 && packet[0] != 0x45);
	ASSERT_EQ(20 + 8 + 6, n);
	EXPECT_EQ(0, memcmp(packet + 28, "across", 6));
	/* Without its file, it is gone. */
	close(tun);
	EXPECT_EQ(0, IN_NET(self->a, link_index("tun0")));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * How a net namespace looks: /proc/net, /sys/class/net, the numbers that
 * namespaces have for each other, and what names a socket's namespace.
 *
 * Promises from network_namespaces(7), proc(5), sysfs(5), rtnetlink(7),
 * ioctl_ns(2), ip-netns(8).
 */
#include "netns.h"
#include <linux/if_packet.h>
#include <linux/nsfs.h>
#include <linux/sockios.h>
#include <net/ethernet.h>
#include <sys/mount.h>

#ifndef SIOCGSKNS
#define SIOCGSKNS	0x894C
#endif
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE	71
#endif

static bool mentions(const char *path, const char *text)
{
	static char buf[65536];

	must(file_read(path, buf, sizeof(buf)) >= 0);
	return strstr(buf, text);
}

TEST_F(netns, proc_net_is_that_of_the_reading_process)
{
	char link[32] = "";

	EXPECT_EQ(8, readlink("/proc/net", link, sizeof(link) - 1));
	EXPECT_STREQ("self/net", link);
	ASSERT_EQ(0, IN_NET(self->a, link_add("dummy", "d0")));
	EXPECT_FALSE(mentions("/proc/net/dev", "d0:"));
	EXPECT_TRUE(IN_NET(self->a, mentions("/proc/net/dev", "d0:")));
	EXPECT_FALSE(IN_NET(self->b, mentions("/proc/net/dev", "d0:")));
}

TEST_F(netns, proc_pid_net_is_that_of_the_process)
{
	struct baton ready = baton_make();
	char path[64];
	pid_t pid = proc_fork_bound(CLONE_NEWNET);

	if (!pid) {
		must(!link_add("dummy", "d0"));
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	snprintf(path, sizeof(path), "/proc/%d/net/dev", pid);
	EXPECT_TRUE(mentions(path, "d0:"));
	EXPECT_FALSE(mentions("/proc/self/net/dev", "d0:"));
}

TEST_F(netns, proc_net_lists_the_sockets_of_its_namespace)
{
	/* Port 4660 is 1234 in hexadecimal. */
	int sk = IN_NET(self->a, net_bound(SOCK_STREAM, "0.0.0.0", 4660));

	ASSERT_GE(sk, 0);
	EXPECT_TRUE(IN_NET(self->a, mentions("/proc/net/tcp", ":1234 ")));
	EXPECT_FALSE(mentions("/proc/net/tcp", ":1234 "));
	sk = IN_NET(self->a, net_bound(SOCK_DGRAM, "::", 4661));
	ASSERT_GE(sk, 0);
	EXPECT_TRUE(IN_NET(self->a, mentions("/proc/net/udp6", ":1235 ")));
	EXPECT_FALSE(mentions("/proc/net/udp6", ":1235 "));
}

TEST_F(netns, proc_net_route_has_the_routes_of_its_namespace)
{
	ASSERT_EQ(0, IN_NET(self->a, link_add("dummy", "d0")));
	ASSERT_EQ(0, IN_NET(self->a, addr_add("d0", "10.1.0.1", 24)));
	ASSERT_EQ(0, IN_NET(self->a, link_up("d0")));
	EXPECT_TRUE(IN_NET(self->a, mentions("/proc/net/route", "0000010A")) ||
		    IN_NET(self->a, mentions("/proc/net/route", "0A010000")));
	EXPECT_FALSE(mentions("/proc/net/route", "d0"));
}

/* Whether @dir/self/net, of a proc, has the caller's devices in it. */
static bool shows_net(const char *dir)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/self/net/dev", dir);
	return !access(path, R_OK) && mentions(path, "lo:");
}

/*
 * A proc of processes only shows the net of those whose net namespace its
 * mounter administers; with the rest of a proc come the others.
 */
TEST_F(netns, a_proc_of_processes_shows_what_its_mounter_administers)
{
	pid_t pid;

	if (proc_kernel_before(7, 3))
		SKIP(return, "this kernel shows it to everybody");
	pid = userns_fork(CLONE_NEWNS | CLONE_NEWPID, 1000, 10);
	if (!pid) {
		must(!mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
		must(!mount("tmpfs", "/tmp", "tmpfs", 0, NULL));
		must(!mkdir("/tmp/all", 0755) && !mkdir("/tmp/part", 0755));
		must(!mount("proc", "/tmp/all", "proc", 0, NULL));
		must(!mount("proc", "/tmp/part", "proc", 0, "subset=pid"));
		must(shows_net("/tmp/all"));
		must(!shows_net("/tmp/part"));
		must(access("/tmp/part/self/net/dev", F_OK) == -1 && errno == ENOENT);
		/* A net namespace of its own is one that it administers. */
		must(!unshare(CLONE_NEWNET));
		must(shows_net("/tmp/part"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	pid = proc_fork_bound(CLONE_NEWNS);
	if (!pid) {
		must(!mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
		must(!mount("proc", "/tmp", "proc", 0, "subset=pid"));
		must(shows_net("/tmp"));
		/* Whoever reads it. */
		proc_become_nobody();
		must(shows_net("/tmp"));
		must(!ns_become_user_root());
		must(!unshare(CLONE_NEWNET));
		must(shows_net("/tmp"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* A sysfs shows the devices of the namespace in which it was mounted. */
TEST_F(netns, sysfs_shows_the_namespace_of_its_mount)
{
	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	mkdir("sys.a", 0755);
	mkdir("sys.b", 0755);
	ASSERT_EQ(0, IN_NET(self->a, link_add("dummy", "d0")));
	ASSERT_EQ(0, IN_NET(self->b, link_add("dummy", "e0")));
	ASSERT_EQ(0, IN_NET(self->a, mount("sysfs", "sys.a", "sysfs", 0, NULL)));
	ASSERT_EQ(0, IN_NET(self->b, mount("sysfs", "sys.b", "sysfs", 0, NULL)));
	EXPECT_EQ(0, access("sys.a/class/net/d0", F_OK));
	EXPECT_EQ(-1, access("sys.a/class/net/e0", F_OK));
	EXPECT_EQ(0, access("sys.b/class/net/e0", F_OK));
	EXPECT_EQ(-1, access("sys.b/class/net/d0", F_OK));
	/* Not that of who looks. */
	EXPECT_EQ(0, IN_NET(self->b, access("sys.a/class/net/d0", F_OK)));
	EXPECT_EQ(-1, IN_NET(self->a, access("sys.b/class/net/d0", F_OK)));
	/* It is followed as it moves. */
	ASSERT_EQ(0, IN_NET(self->a, link_move("d0", self->b)));
	EXPECT_EQ(-1, access("sys.a/class/net/d0/mtu", F_OK));
	EXPECT_EQ(0, access("sys.b/class/net/d0/mtu", F_OK));
	umount2("sys.a", MNT_DETACH);
	umount2("sys.b", MNT_DETACH);
}

TEST_F(netns, sysfs_is_mounted_by_the_owner_of_the_net_namespace)
{
	pid_t pid = userns_fork(CLONE_NEWNS, 1000, 10);

	if (!pid) {
		must(!mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
		mkdir("/tmp/sys.u", 0755);
		/* The net namespace is another's. */
		must(mount("sysfs", "/tmp/sys.u", "sysfs", 0, NULL) && errno == EPERM);
		must(!unshare(CLONE_NEWNET));
		must(!link_add("dummy", "mine0"));
		must(!mount("sysfs", "/tmp/sys.u", "sysfs",
			    MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL));
		must(!access("/tmp/sys.u/class/net/mine0", F_OK));
		must(file_number("/tmp/sys.u/class/net/mine0/mtu") == 1500);
		must(!file_write("/tmp/sys.u/class/net/mine0/mtu", "1400"));
		must(file_number("/tmp/sys.u/class/net/mine0/mtu") == 1400);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(netns, has_numbers_for_others_that_are_its_own)
{
	EXPECT_EQ(NETNSA_NSID_NOT_ASSIGNED, nsid_get(self->a));
	ASSERT_EQ(0, nsid_set(self->a, 17));
	EXPECT_EQ(17, nsid_get(self->a));
	/* Nobody else knows it by that number. */
	EXPECT_EQ(NETNSA_NSID_NOT_ASSIGNED, IN_NET(self->b, nsid_get(self->a)));
	ASSERT_EQ(0, IN_NET(self->b, nsid_set(self->a, 3)));
	EXPECT_EQ(17, nsid_get(self->a));
	EXPECT_EQ(3, IN_NET(self->b, nsid_get(self->a)));
	/* The other way round there is none as yet. */
	EXPECT_EQ(NETNSA_NSID_NOT_ASSIGNED, IN_NET(self->a, nsid_get(self->home)));
}

TEST_F(netns, has_one_number_for_one_namespace)
{
	ASSERT_EQ(0, nsid_set(self->a, 17));
	EXPECT_EQ(-EEXIST, nsid_set(self->a, 18));
	EXPECT_EQ(-EEXIST, nsid_set(self->b, 17));
	EXPECT_EQ(17, nsid_get(self->a));
	EXPECT_EQ(NETNSA_NSID_NOT_ASSIGNED, nsid_get(self->b));
	/* -1: the kernel chooses. */
	ASSERT_EQ(0, nsid_set(self->b, -1));
	EXPECT_GE(nsid_get(self->b), 0);
	EXPECT_NE(17, nsid_get(self->b));
}

TEST_F(netns, numbers_name_what_is_a_net_namespace)
{
	EXPECT_EQ(-EINVAL, nsid_set(ns_open(0, "uts"), 1));
	EXPECT_EQ(-EBADF, nsid_set(12345, 1));
}

/* The other end of a pair is told by its namespace's number and its own. */
TEST_F(netns, a_device_says_where_its_other_end_is)
{
	struct nl r;
	const int *id, *index;

	ASSERT_EQ(0, link_add_veth("v0", "v1", self->a));
	r = link_request(RTM_GETLINK, 0, "v0");
	ASSERT_EQ(0, nl_talk(&r));
	id = nl_find(&r, sizeof(struct ifinfomsg), IFLA_LINK_NETNSID);
	index = nl_find(&r, sizeof(struct ifinfomsg), IFLA_LINK);
	ASSERT_NE(NULL, id);
	ASSERT_NE(NULL, index);
	EXPECT_EQ(*id, nsid_get(self->a));
	EXPECT_EQ(*index, IN_NET(self->a, link_index("v1")));
}

/* IFLA_TARGET_NETNSID: asked here about devices there. */
TEST_F(netns, a_number_is_a_way_to_ask_about_another)
{
	struct nl r = link_request(RTM_GETLINK, 0, "d0");

	ASSERT_EQ(0, IN_NET(self->a, link_add("dummy", "d0")));
	ASSERT_EQ(0, nsid_set(self->a, 17));
	nl_add_int(&r, IFLA_TARGET_NETNSID, 17);
	EXPECT_EQ(0, nl_talk(&r));
	r = link_request(RTM_GETLINK, 0, "d0");
	nl_add_int(&r, IFLA_TARGET_NETNSID, 18);
	EXPECT_EQ(-EINVAL, nl_talk(&r));
}

/* Whoever listens hears of his own namespace's devices and no others'. */
TEST_F(netns, news_are_of_the_listeners_namespace)
{
	struct sockaddr_nl group = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };
	int here = nl_open(), there = IN_NET(self->a, nl_open());

	ASSERT_EQ(0, bind(here, (struct sockaddr *)&group, sizeof(group)));
	ASSERT_EQ(0, bind(there, (struct sockaddr *)&group, sizeof(group)));
	ASSERT_EQ(0, IN_NET(self->a, link_add("dummy", "d0")));
	EXPECT_TRUE(proc_poll(there, POLLIN, PROC_HANG_MS) & POLLIN);
	EXPECT_EQ(0, proc_poll(here, POLLIN, 0));
}

/* Packet sockets see the wires of their own namespace. */
TEST_F(netns, a_packet_socket_hears_its_own_namespace)
{
	int here = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL));
	int there = IN_NET(self->b, socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL)));
	int third = IN_NET(self->a, socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL)));

	ASSERT_GE(here, 0);
	join(self->a, self->b, "10.1.0.1", "10.1.0.2");
	ASSERT_TRUE(udp_flows(self->a, self->b, "10.1.0.2"));
	EXPECT_EQ(POLLIN, proc_poll(there, POLLIN, PROC_HANG_MS));
	EXPECT_EQ(POLLIN, proc_poll(third, POLLIN, PROC_HANG_MS));
	EXPECT_EQ(0, proc_poll(here, POLLIN, 0));
}

TEST_F(netns, a_socket_tells_its_namespace)
{
	int sk = IN_NET(self->a, socket(AF_INET, SOCK_DGRAM, 0)), ns;

	ns = ioctl(sk, SIOCGSKNS);
	ASSERT_GE(ns, 0);
	EXPECT_TRUE(ns_same(self->a, ns));
	EXPECT_EQ(CLONE_NEWNET, ioctl(ns, NS_GET_NSTYPE));
	sk = IN_NET(self->b, socket(AF_UNIX, SOCK_DGRAM, 0));
	ns = ioctl(sk, SIOCGSKNS);
	ASSERT_GE(ns, 0);
	EXPECT_TRUE(ns_same(self->b, ns));
}

/* It opens a namespace, so it takes the right to administer that. */
TEST_F(netns, a_socket_tells_its_namespace_to_its_administrator)
{
	int sk = IN_NET(self->a, socket(AF_INET, SOCK_DGRAM, 0));
	pid_t pid = userns_fork(0, 1000, 10);

	if (!pid) {
		must(ioctl(sk, SIOCGSKNS) == -1 && errno == EPERM);
		must(!unshare(CLONE_NEWNET));
		must(ioctl(sk, SIOCGSKNS) == -1 && errno == EPERM);
		must(ioctl(socket(AF_INET, SOCK_DGRAM, 0), SIOCGSKNS) >= 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

static uint64_t cookie(int sk)
{
	uint64_t c = 0;
	socklen_t len = sizeof(c);

	if (getsockopt(sk, SOL_SOCKET, SO_NETNS_COOKIE, &c, &len))
		return 0;
	return c;
}

TEST_F(netns, a_cookie_is_one_namespaces_for_ever)
{
	int in_a = IN_NET(self->a, socket(AF_INET, SOCK_DGRAM, 0));
	int in_b = IN_NET(self->b, socket(AF_INET, SOCK_DGRAM, 0));
	uint64_t a = cookie(in_a), c, d;
	int ns;

	ASSERT_NE(0, a);
	EXPECT_NE(a, cookie(in_b));
	EXPECT_EQ(a, cookie(IN_NET(self->a, socket(AF_INET6, SOCK_STREAM, 0))));
	EXPECT_EQ(a, cookie(IN_NET(self->a, socket(AF_UNIX, SOCK_STREAM, 0))));
	/* None is used twice. */
	ns = net_make();
	c = cookie(IN_NET(ns, socket(AF_INET, SOCK_DGRAM, 0)));
	close(ns);
	ns = net_make();
	d = cookie(IN_NET(ns, socket(AF_INET, SOCK_DGRAM, 0)));
	EXPECT_NE(c, d);
	EXPECT_NE(a, d);
}

TEST_F(netns, its_owner_is_the_user_namespace_that_made_it)
{
	int here = ns_open(0, "user"), owner = ioctl(self->a, NS_GET_USERNS), ns;
	struct baton ready = baton_make();
	pid_t pid;

	ASSERT_GE(owner, 0);
	EXPECT_TRUE(ns_same(here, owner));
	/* It has no parent: net namespaces are no tree. */
	EXPECT_EQ(-1, ioctl(self->a, NS_GET_PARENT));
	EXPECT_EQ(EINVAL, errno);
	pid = userns_fork(CLONE_NEWNET, 1000, 10);
	if (!pid) {
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	ns = ns_open(pid, "net");
	owner = ioctl(ns, NS_GET_USERNS);
	ASSERT_GE(owner, 0);
	EXPECT_TRUE(ns_same(ns_open(pid, "user"), owner));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/sys/net and netfilter: what each net namespace has of its own, what a
 * new one starts with, what only the first one has, and who may change it.
 *
 * Promises from network_namespaces(7), Documentation/admin-guide/sysctl/net.rst,
 * Documentation/networking/ip-sysctl.rst, nft(8).
 */
#include "netns.h"

#define SYS	"/proc/sys/net/"

/* Files with a number that each namespace has of its own; 42 is a good value. */
static const char * const separate[] = {
	SYS "core/somaxconn",
	SYS "ipv4/ip_default_ttl",
	SYS "ipv4/tcp_keepalive_time",
	SYS "ipv4/ip_unprivileged_port_start",
	SYS "ipv4/tcp_fin_timeout",
	SYS "ipv6/conf/all/hop_limit",
	SYS "ipv6/bindv6only",
	SYS "unix/max_dgram_qlen",
	SYS "ipv4/conf/default/rp_filter",
	SYS "ipv4/ip_forward",
};

TEST_F(netns, a_setting_is_of_one_namespace)
{
	for (size_t i = 0; i < ARRAY_SIZE(separate); i++) {
		const char *file = separate[i];
		long here = file_number(file), there = IN_NET(self->b, file_number(file));
		long value = here == 1 ? 0 : 1;

		ASSERT_GE(here, 0) TH_LOG("%s", file);
		ASSERT_EQ(0, IN_NET(self->a, file_printf(file, "%ld", value)))
			TH_LOG("%s", file);
		EXPECT_EQ(value, IN_NET(self->a, file_number(file))) TH_LOG("%s", file);
		EXPECT_EQ(here, file_number(file)) TH_LOG("%s", file);
		EXPECT_EQ(there, IN_NET(self->b, file_number(file))) TH_LOG("%s", file);
	}
}

/* What is about the machine is only where the machine is administered. */
TEST_F(netns, settings_of_the_machine_are_not_in_another_namespace)
{
	static const char * const global[] = {
		SYS "core/dev_weight", SYS "core/netdev_max_backlog",
		SYS "core/default_qdisc", SYS "core/devconf_inherit_init_net",
		SYS "ipv4/tcp_mem", SYS "ipv4/udp_mem", SYS "ipv4/tcp_max_orphans",
	};
	int first = ns_open(1, "net");

	ASSERT_GE(first, 0);
	for (size_t i = 0; i < ARRAY_SIZE(global); i++) {
		EXPECT_EQ(0, IN_NET(first, access(global[i], F_OK)))
			TH_LOG("%s", global[i]);
		EXPECT_EQ(-1, access(global[i], F_OK)) TH_LOG("%s", global[i]);
	}
}

/* Readable, so that a program finds what it looks for, but not writable. */
TEST_F(netns, the_size_of_buffers_can_only_be_read_in_another_namespace)
{
	static const char * const files[] = {
		SYS "core/rmem_max", SYS "core/wmem_max",
		SYS "core/rmem_default", SYS "core/wmem_default",
	};
	int first = ns_open(1, "net");

	if (access(files[0], F_OK))
		SKIP(return, "not visible (Linux 6.12)");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		long value = IN_NET(first, file_number(files[i]));

		ASSERT_GT(value, 0);
		EXPECT_EQ(value, file_number(files[i]));
		EXPECT_EQ(-EACCES, file_printf(files[i], "%ld", value));
	}
}

TEST_F(netns, devices_have_their_settings_where_they_are)
{
	const char *file = SYS "ipv4/conf/d0/rp_filter", *dir = SYS "ipv4/conf/d0";

	ASSERT_EQ(0, IN_NET(self->a, link_add("dummy", "d0")));
	EXPECT_EQ(-1, access(dir, F_OK));
	EXPECT_EQ(0, IN_NET(self->a, access(dir, F_OK)));
	ASSERT_EQ(0, IN_NET(self->a, file_write(file, "2")));
	ASSERT_EQ(0, IN_NET(self->a, link_move("d0", self->b)));
	EXPECT_EQ(-1, IN_NET(self->a, access(dir, F_OK)));
	/* In its new place it starts with the default of there. */
	EXPECT_EQ(IN_NET(self->b, file_number(SYS "ipv4/conf/default/rp_filter")),
		  IN_NET(self->b, file_number(file)));
}

/*
 * net.core.devconf_inherit_init_net: 0, IPv4 starts with the first namespace's
 * and IPv6 with the kernel's; 1, both with the first's; 2, both with the
 * kernel's; 3, both with the creator's. One setting for the machine.
 */
static const struct {
	int mode, ipv4, ipv6;	/* 0 the kernel's, 1 the first's, 5 the creator's */
} inherit[] = { { 0, 1, 0 }, { 1, 1, 1 }, { 2, 0, 0 }, { 3, 5, 5 } };

#define MODE	SYS "core/devconf_inherit_init_net"

TEST_F(netns, a_new_one_inherits_device_settings_as_configured)
{
	int first = ns_open(1, "net"), ns, got4[4], got6[4];
	long kernel4, kernel6;

	if (IN_NET(first, access(MODE, F_OK)))
		SKIP(return, "no devconf_inherit_init_net");
	must(!IN_NET(first, file_write(MODE, "2")));
	ns = net_make();
	kernel4 = IN_NET(ns, file_number(SYS "ipv4/conf/default/rp_filter"));
	kernel6 = IN_NET(ns, file_number(SYS "ipv6/conf/default/accept_ra_min_hop_limit"));
	/* The creator has other values, and the first namespace a third one. */
	must(!file_write(SYS "ipv4/conf/default/rp_filter", "2"));
	must(!file_write(SYS "ipv6/conf/default/accept_ra_min_hop_limit", "77"));
	must(!IN_NET(first, file_write(SYS "ipv4/conf/default/rp_filter", "1")));
	must(!IN_NET(first, file_write(SYS "ipv6/conf/default/accept_ra_min_hop_limit",
				       "66")));
	for (size_t i = 0; i < ARRAY_SIZE(inherit); i++) {
		must(!IN_NET(first, file_printf(MODE, "%d", inherit[i].mode)));
		ns = net_make();
		got4[i] = IN_NET(ns, file_number(SYS "ipv4/conf/default/rp_filter"));
		got6[i] = IN_NET(ns, file_number(SYS
				"ipv6/conf/default/accept_ra_min_hop_limit"));
		close(ns);
	}
	must(!IN_NET(first, file_write(MODE, "0")));
	must(!IN_NET(first, file_printf(SYS "ipv4/conf/default/rp_filter", "%ld",
					kernel4)));
	must(!IN_NET(first, file_printf(SYS "ipv6/conf/default/accept_ra_min_hop_limit",
					"%ld", kernel6)));
	for (size_t i = 0; i < ARRAY_SIZE(inherit); i++) {
		EXPECT_EQ(inherit[i].ipv4 == 0 ? kernel4 : inherit[i].ipv4 == 1 ? 1 : 2,
			  got4[i])
			TH_LOG("mode %d", inherit[i].mode);
		EXPECT_EQ(inherit[i].ipv6 == 0 ? kernel6 : inherit[i].ipv6 == 1 ? 66 : 77,
			  got6[i])
			TH_LOG("mode %d", inherit[i].mode);
	}
}

TEST_F(netns, the_setting_of_inheritance_is_checked)
{
	int first = ns_open(1, "net");

	EXPECT_EQ(-EINVAL, IN_NET(first, file_write(MODE, "4")));
	EXPECT_EQ(-EINVAL, IN_NET(first, file_write(MODE, "-1")));
	EXPECT_EQ(0, IN_NET(first, file_number(MODE)));
}

TEST_F(netns, nobody_may_change_a_setting)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		for (size_t i = 0; i < ARRAY_SIZE(separate); i++) {
			must(file_number(separate[i]) >= 0);
			must(file_write(separate[i], "1") == -EACCES);
		}
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(netns, root_of_the_owning_user_namespace_changes_its_own)
{
	struct baton ready = baton_make(), done = baton_make();
	long here = file_number(separate[0]);
	struct stat st;
	char path[64];
	pid_t pid;

	pid = userns_fork(CLONE_NEWNET, 1000, 10);
	if (!pid) {
		must(!file_write(separate[0], "7"));
		must(file_number(separate[0]) == 7);
		must(!stat(separate[0], &st));
		must(st.st_uid == 0 && st.st_gid == 0);
		/* Not as another user of the same user namespace. */
		userns_be(5);
		must(file_write(separate[0], "8") == -EACCES);
		baton_pass(&ready, 0);
		baton_take(&done);
		_exit(0);
	}
	baton_take(&ready);
	EXPECT_EQ(here, file_number(separate[0]));
	/* Seen from here, by way of the process's own files. */
	snprintf(path, sizeof(path), "/proc/%d/net/dev", pid);
	EXPECT_EQ(0, access(path, R_OK));
	EXPECT_EQ(7, IN_NET(ns_open(pid, "net"), file_number(separate[0])));
	baton_pass(&done, 0);
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(netns, root_of_a_user_namespace_does_not_change_its_parents)
{
	long here = file_number(separate[0]);
	pid_t pid = userns_fork(0, 1000, 10);

	if (!pid) {
		for (size_t i = 0; i < ARRAY_SIZE(separate); i++)
			must(file_write(separate[i], "1") == -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(here, file_number(separate[0]));
}

/* An open file is of the namespace in which it was opened. */
TEST_F(netns, an_open_setting_stays_that_of_its_namespace)
{
	const char *file = separate[0];
	int fd = IN_NET(self->a, open(file, O_RDWR));
	long here = file_number(file);

	ASSERT_GE(fd, 0);
	ASSERT_EQ(2, write(fd, "17", 2));
	EXPECT_EQ(17, IN_NET(self->a, file_number(file)));
	EXPECT_EQ(here, file_number(file));
}

/* Who may have a socket for pings: users of these groups. */
#define PING_GROUPS	SYS "ipv4/ping_group_range"

/* A socket for pings of the caller's namespace, by group @gid: 0 or -errno. */
static int ping_socket(int family, gid_t gid)
{
	pid_t pid = proc_fork_bound(0);
	int sk;

	if (!pid) {
		must(!setgroups(0, NULL));
		must(!setresgid(gid, gid, gid));
		sk = socket(family, SOCK_DGRAM,
			    family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);
		_exit(sk < 0 ? errno : 0);
	}
	return -proc_end(pid);
}

static int ping_by(gid_t gid)
{
	return ping_socket(AF_INET, gid);
}

/* Whether the caller's namespace has, in the caller's numbers, this range. */
static bool ping_groups_are(unsigned int first, unsigned int last)
{
	unsigned int f, l;
	char text[64];

	must(file_read(PING_GROUPS, text, sizeof(text)) > 0);
	must(sscanf(text, "%u %u", &f, &l) == 2);
	return f == first && l == last;
}

/* An empty range is the default: not even root's group is in it. */
TEST_F(netns, pings_are_for_nobody_at_first)
{
	EXPECT_TRUE(ping_groups_are(1, 0));
	EXPECT_EQ(-EACCES, ping_by(0));
	EXPECT_EQ(-EACCES, ping_by(1));
	EXPECT_EQ(-EACCES, ping_socket(AF_INET6, 0));
	/* A new one starts with that, whatever its maker has. */
	ASSERT_EQ(0, file_write(PING_GROUPS, "0 100"));
	EXPECT_EQ(0, ping_by(0));
	EXPECT_TRUE(IN_NET(net_make(), ping_groups_are(1, 0)));
}

TEST_F(netns, pings_are_for_the_groups_of_one_namespace)
{
	ASSERT_EQ(0, IN_NET(self->a, file_write(PING_GROUPS, "5 6")));
	EXPECT_EQ(-EACCES, IN_NET(self->a, ping_by(4)));
	EXPECT_EQ(0, IN_NET(self->a, ping_by(5)));
	EXPECT_EQ(0, IN_NET(self->a, ping_by(6)));
	EXPECT_EQ(-EACCES, IN_NET(self->a, ping_by(7)));
	EXPECT_EQ(0, IN_NET(self->a, ping_socket(AF_INET6, 5)));
	EXPECT_EQ(-EACCES, IN_NET(self->a, ping_socket(AF_INET6, 7)));
	EXPECT_EQ(-EACCES, IN_NET(self->b, ping_by(5)));
	EXPECT_EQ(-EACCES, ping_by(5));
	EXPECT_TRUE(IN_NET(self->b, ping_groups_are(1, 0)));
}

TEST_F(netns, pings_are_for_members_too)
{
	const gid_t five = 5, six = 6;

	ASSERT_EQ(0, file_write(PING_GROUPS, "5 5"));
	ASSERT_EQ(0, setgroups(1, &six));
	EXPECT_EQ(-1, socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP));
	EXPECT_EQ(EACCES, errno);
	ASSERT_EQ(0, setgroups(1, &five));
	EXPECT_GE(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP), 0);
}

TEST_F(netns, a_reversed_range_of_groups_is_nobody)
{
	ASSERT_EQ(0, file_write(PING_GROUPS, "0 100"));
	ASSERT_EQ(0, file_write(PING_GROUPS, "6 4"));
	EXPECT_TRUE(ping_groups_are(1, 0));
	EXPECT_EQ(-EACCES, ping_by(5));
}

/* The groups of a container are those of its user namespace. */
TEST_F(netns, a_container_lets_its_own_groups_ping)
{
	struct baton ready = baton_make(), done = baton_make();
	pid_t pid = userns_fork(CLONE_NEWNET, 1000, 10);
	int ns;

	if (!pid) {
		must(ping_by(3) == -EACCES);
		must(!file_write(PING_GROUPS, "3 3"));
		must(ping_groups_are(3, 3));
		must(!ping_by(3));
		must(ping_by(4) == -EACCES);
		/* It has no group 10 to give it to. */
		must(file_write(PING_GROUPS, "0 10") == -EINVAL);
		must(file_write(PING_GROUPS, "10 10") == -EINVAL);
		must(ping_groups_are(3, 3));
		baton_pass(&ready, 0);
		baton_take(&done);
		must(ping_groups_are(0, 9));
		_exit(0);
	}
	baton_take(&ready);
	ns = ns_open(pid, "net");
	EXPECT_TRUE(IN_NET(ns, ping_groups_are(1003, 1003)));
	EXPECT_EQ(0, IN_NET(ns, ping_by(1003)));
	EXPECT_EQ(-EACCES, IN_NET(ns, ping_by(3)));
	EXPECT_EQ(0, IN_NET(ns, file_write(PING_GROUPS, "1000 1009")));
	baton_pass(&done, 0);
	EXPECT_EQ(0, proc_end(pid));
}

/* netfilter, by the program nft(8) */

#define DROP_PORT_7 "nft add table inet t '{ chain in { type filter hook input priority 0; " \
	"udp dport 7 counter drop; }; }'"

TEST_F(netns, a_ruleset_is_of_one_namespace)
{
	if (!run("nft --version >/dev/null"))
		SKIP(return, "no nft here");
	join(self->a, self->b, "10.1.0.1", "10.1.0.2");
	ASSERT_TRUE(udp_flows(self->a, self->b, "10.1.0.2"));
	ASSERT_TRUE(IN_NET(self->b, run(DROP_PORT_7)));
	EXPECT_FALSE(IN_NET(self->a, run("nft list table inet t 2>/dev/null")));
	EXPECT_FALSE(run("nft list table inet t 2>/dev/null"));
	EXPECT_TRUE(IN_NET(self->b, run("nft list table inet t >/dev/null")));
	/* The same name elsewhere is another table. */
	EXPECT_TRUE(IN_NET(self->a, run("nft add table inet t")));
	EXPECT_TRUE(IN_NET(self->a, run("nft flush ruleset")));
	EXPECT_TRUE(IN_NET(self->b, run("nft list table inet t | grep -q drop")));
}

static bool port_8_flows(int a, int b)
{
	int rx = IN_NET(b, net_bound(SOCK_DGRAM, "10.1.0.2", 8));
	int tx = IN_NET(a, net_connected(SOCK_DGRAM, "10.1.0.2", 8));

	return rx >= 0 && tx >= 0 && net_flows(tx, rx);
}

TEST_F(netns, a_rule_drops_in_its_own_namespace_only)
{
	int rx, tx;
	char buf[8];

	if (!run("nft --version >/dev/null"))
		SKIP(return, "no nft here");
	join(self->a, self->b, "10.1.0.1", "10.1.0.2");
	ASSERT_TRUE(IN_NET(self->b, run(DROP_PORT_7)));
	/* To port 7 of b nothing comes, to another and to a it does. */
	rx = IN_NET(self->b, net_bound(SOCK_DGRAM, "10.1.0.2", 7));
	tx = IN_NET(self->a, net_connected(SOCK_DGRAM, "10.1.0.2", 7));
	ASSERT_EQ(4, write(tx, "lost", 4));
	EXPECT_TRUE(udp_flows(self->b, self->a, "10.1.0.1"));
	/* What arrives at another port was behind it. */
	EXPECT_TRUE(port_8_flows(self->a, self->b));
	EXPECT_EQ(-1, recv(rx, buf, sizeof(buf), MSG_DONTWAIT));
	EXPECT_TRUE(IN_NET(self->b, run("nft list table inet t | grep -q 'packets 1 '")));
	ASSERT_TRUE(IN_NET(self->b, run("nft delete table inet t")));
	EXPECT_TRUE(net_flows(tx, rx));
}

TEST_F(netns, root_of_a_user_namespace_filters_its_own_only)
{
	pid_t pid;

	if (!run("nft --version >/dev/null"))
		SKIP(return, "no nft here");
	ASSERT_TRUE(run("nft add table inet mine"));
	pid = userns_fork(0, 1000, 10);
	if (!pid) {
		must(!run("nft add table inet his 2>/dev/null"));
		must(!run("nft delete table inet mine 2>/dev/null"));
		must(!run("nft flush ruleset 2>/dev/null"));
		must(!unshare(CLONE_NEWNET));
		must(run("nft add table inet his"));
		must(!run("nft list table inet mine 2>/dev/null"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(run("nft list table inet mine >/dev/null"));
	EXPECT_FALSE(run("nft list table inet his 2>/dev/null"));
}

#define CT_COUNT	SYS "netfilter/nf_conntrack_count"

TEST_F(netns, connections_are_tracked_where_somebody_asks)
{
	if (!run("nft --version >/dev/null") || access(CT_COUNT, F_OK))
		SKIP(return, "no nft here, or no connection tracking");
	join(self->a, self->b, "10.1.0.1", "10.1.0.2");
	ASSERT_TRUE(IN_NET(self->b, run("nft add table inet t '{ chain in { "
					"type filter hook input priority 0; "
					"ct state invalid drop; }; }'")));
	ASSERT_TRUE(udp_flows(self->a, self->b, "10.1.0.2"));
	EXPECT_EQ(1, IN_NET(self->b, file_number(CT_COUNT)));
	EXPECT_EQ(0, IN_NET(self->a, file_number(CT_COUNT)));
	EXPECT_EQ(0, file_number(CT_COUNT));
}

/* The machine's limit is set by the machine's administrator alone. */
TEST_F(netns, the_size_of_the_connection_table_is_not_set_elsewhere)
{
	const char *file = SYS "netfilter/nf_conntrack_buckets";

	if (access(file, F_OK))
		SKIP(return, "no connection tracking");
	EXPECT_GT(file_number(file), 0);
	EXPECT_EQ(-EACCES, file_write(file, "1024"));
}

TEST_HARNESS_MAIN

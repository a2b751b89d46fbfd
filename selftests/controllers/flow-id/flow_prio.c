// SPDX-License-Identifier: GPL-2.0
/*
 * net_prio: the priority of a cgroup's packets on each device. What the files
 * say, who inherits, and that the packets have it: a class of htb is chosen by
 * a priority that is its number.
 *
 * Promises from admin-guide/cgroup-v1/net_prio.rst, tc-htb(8), socket(7).
 */
#include "flow.h"
#include "unixmsg.h"

#define MAP	"net_prio.ifpriomap"
#define DEV	"fp0"
#define OTHER	"fp1"

/* The devices are in the first net namespace: the map is about those alone. */
FIXTURE(prio)
{
	struct flow_cgroups c;
};

FIXTURE_SETUP(prio)
{
	if (flow_cgroups_make(&self->c, "net_prio"))
		SKIP(return, "no cgroup v1 hierarchy with net_prio");
	ASSERT_EQ(0, link_add("dummy", DEV));
	ASSERT_EQ(0, link_add("dummy", OTHER));
}

FIXTURE_TEARDOWN_PARENT(prio)
{
	flow_cgroups_remove(&self->c);
	link_remove(DEV);
	link_remove(OTHER);
}

/* The priority of the cgroup on @dev, -1 if the map has no such line. */
static long priority(const char *cg, const char *dev)
{
	char path[PATH_MAX], text[64];

	if (file_field(cg_path(path, cg, MAP), dev, text, sizeof(text)))
		return -1;
	return strtol(text, NULL, 10);
}

TEST_F(prio, is_0_on_every_device_at_first)
{
	struct if_nameindex *list = if_nameindex(), *i;
	char text[4096];
	int lines = 0, devices = 0;

	for (i = list; i->if_index; i++, devices++) {
		EXPECT_EQ(0, priority(self->c.a, i->if_name))
			TH_LOG("%s", i->if_name);
	}
	ASSERT_GT(cg_read(self->c.a, MAP, text, sizeof(text) - 1), 0);
	for (char *p = text; p; p = strchr(p + 1, '\n'))
		lines++;
	EXPECT_EQ(devices, lines);
	EXPECT_EQ(0, priority(self->c.root, DEV));
}

TEST_F(prio, is_set_for_one_device_of_one_cgroup)
{
	ASSERT_EQ(0, cg_write(self->c.a, MAP, DEV " 5"));
	EXPECT_EQ(5, priority(self->c.a, DEV));
	EXPECT_EQ(0, priority(self->c.a, OTHER));
	EXPECT_EQ(0, priority(self->c.a, "lo"));
	EXPECT_EQ(0, priority(self->c.b, DEV));
	EXPECT_EQ(0, priority(self->c.top, DEV));
	ASSERT_EQ(0, cg_write(self->c.a, MAP, OTHER " 7\n"));
	EXPECT_EQ(5, priority(self->c.a, DEV));
	EXPECT_EQ(7, priority(self->c.a, OTHER));
	ASSERT_EQ(0, cg_write(self->c.a, MAP, DEV " 0"));
	EXPECT_EQ(0, priority(self->c.a, DEV));
	ASSERT_EQ(0, cg_write(self->c.a, MAP, DEV " 4294967295"));
	EXPECT_EQ(4294967295, priority(self->c.a, DEV));
}

TEST_F(prio, malformed_lines_are_refused_and_change_nothing)
{
	static const char * const lines[] = {
		DEV, DEV " ", DEV " x", DEV " -1", "5", "\n", DEV "=5",
		"a-name-that-no-device-can-have 5",
	};

	ASSERT_EQ(0, cg_write(self->c.a, MAP, DEV " 5"));
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		EXPECT_EQ(-EINVAL, cg_write(self->c.a, MAP, lines[i]))
			TH_LOG("writing '%s'", lines[i]);
	}
	EXPECT_EQ(-ENODEV, cg_write(self->c.a, MAP, "nosuchdev 5"));
	EXPECT_EQ(5, priority(self->c.a, DEV));
}

TEST_F(prio, is_inherited_when_a_cgroup_is_made_and_not_later)
{
	char child[PATH_MAX];

	ASSERT_EQ(0, cg_write(self->c.a, MAP, DEV " 5"));
	ASSERT_EQ(0, cg_write(self->c.a, MAP, OTHER " 6"));
	cg_path(child, self->c.a, "child");
	ASSERT_EQ(0, cg_create(child));
	EXPECT_EQ(5, priority(child, DEV));
	EXPECT_EQ(6, priority(child, OTHER));
	ASSERT_EQ(0, cg_write(self->c.a, MAP, DEV " 8"));
	EXPECT_EQ(5, priority(child, DEV));
	ASSERT_EQ(0, cg_write(child, MAP, DEV " 9"));
	EXPECT_EQ(8, priority(self->c.a, DEV));
	ASSERT_EQ(0, cg_remove(child));
	/* One that comes in its place has nothing of it. */
	cg_path(child, self->c.b, "child");
	ASSERT_EQ(0, cg_create(child));
	EXPECT_EQ(0, priority(child, DEV));
	ASSERT_EQ(0, cg_remove(child));
}

TEST_F(prio, prioidx_is_one_cgroups_and_is_only_read)
{
	long a = cg_number(self->c.a, "net_prio.prioidx");
	long b = cg_number(self->c.b, "net_prio.prioidx");

	EXPECT_GT(a, 0);
	EXPECT_GT(b, 0);
	EXPECT_NE(a, b);
	EXPECT_LT(cg_write(self->c.a, "net_prio.prioidx", "1234"), 0);
	EXPECT_EQ(a, cg_number(self->c.a, "net_prio.prioidx"));
}

/* More cgroups than the first size of a device's map has room for. */
TEST_F(prio, a_map_grows_with_the_number_of_cgroups)
{
	char cg[PATH_MAX], line[64];

	for (int i = 1; i <= 200; i++) {
		snprintf(cg, sizeof(cg), "%s/%d", self->c.a, i);
		ASSERT_EQ(0, cg_create(cg));
		snprintf(line, sizeof(line), DEV " %d", i);
		ASSERT_EQ(0, cg_write(cg, MAP, line));
	}
	EXPECT_EQ(0, priority(self->c.a, DEV));
	for (int i = 1; i <= 200; i++) {
		snprintf(cg, sizeof(cg), "%s/%d", self->c.a, i);
		EXPECT_EQ(i, priority(cg, DEV));
		ASSERT_EQ(0, cg_remove(cg));
	}
}

TEST_F(prio, a_device_that_goes_takes_its_line_along)
{
	ASSERT_EQ(0, cg_write(self->c.a, MAP, DEV " 5"));
	ASSERT_EQ(0, link_remove(DEV));
	EXPECT_EQ(-1, priority(self->c.a, DEV));
	EXPECT_EQ(-ENODEV, cg_write(self->c.a, MAP, DEV " 6"));
	ASSERT_EQ(0, link_add("dummy", DEV));
	EXPECT_EQ(0, priority(self->c.a, DEV));
}

TEST_F(prio, a_device_of_another_net_namespace_has_no_line)
{
	int ns = net_make();

	ASSERT_EQ(0, cg_write(self->c.a, MAP, DEV " 5"));
	ASSERT_EQ(0, link_move(DEV, ns));
	EXPECT_EQ(-1, priority(self->c.a, DEV));
	EXPECT_EQ(-ENODEV, cg_write(self->c.a, MAP, DEV " 6"));
	/* Not from there either: the cgroups are of the first namespace. */
	EXPECT_EQ(-1, IN_NET(ns, priority(self->c.a, DEV)));
	EXPECT_EQ(-ENODEV, IN_NET(ns, cg_write(self->c.a, MAP, DEV " 6")));
	EXPECT_EQ(0, IN_NET(ns, cg_write(self->c.a, MAP, OTHER " 6")));
	EXPECT_EQ(6, priority(self->c.a, OTHER));
	/* Back again, it starts anew. */
	ASSERT_EQ(0, IN_NET(ns, link_set(DEV, IFLA_NET_NS_PID, 1)));
	EXPECT_EQ(0, priority(self->c.a, DEV));
}

TEST_F(prio, an_ordinary_user_reads_it_and_does_not_set_it)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->c.a, MAP, DEV " 5"));
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!cg_enter(self->c.a, 0));
		proc_become_nobody();
		must(priority(self->c.a, DEV) == 5);
		must(cg_write(self->c.a, MAP, DEV " 6") == -EACCES);
		must(!ns_become_user_root());
		must(cg_write(self->c.a, MAP, DEV " 6") == -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(5, priority(self->c.a, DEV));
}

/* The device counts by priority: 0x100001 is class 10:1. */
FIXTURE(sent)
{
	struct flow_cgroups c;
};

FIXTURE_SETUP(sent)
{
	if (!program("tc"))
		SKIP(return, "no tc here");
	if (flow_cgroups_make(&self->c, "net_prio"))
		SKIP(return, "no cgroup v1 hierarchy with net_prio");
	ASSERT_EQ(0, link_add("dummy", DEV));
	ASSERT_EQ(0, file_write("/proc/sys/net/ipv6/conf/" DEV "/disable_ipv6", "1"));
	ASSERT_TRUE(classes_make(DEV, NULL));
	ASSERT_EQ(0, addr_add(DEV, "10.77.0.1", 24));
	ASSERT_EQ(0, link_up(DEV));
	ASSERT_EQ(0, cg_write(self->c.a, MAP, DEV " 1048577"));
	ASSERT_EQ(0, cg_write(self->c.b, MAP, DEV " 1048578"));
}

FIXTURE_TEARDOWN_PARENT(sent)
{
	flow_cgroups_remove(&self->c);
	link_remove(DEV);
}

static int udp(void)
{
	int sk = net_connected(SOCK_DGRAM, "10.77.0.2", 7);

	must(sk >= 0);
	return sk;
}

TEST_F(sent, packets_have_the_priority_of_the_cgroup)
{
	ASSERT_EQ(0, cg_enter(self->c.a, 0));
	EXPECT_TRUE(counted(udp(), 5, DEV, CLASS(1)));
	ASSERT_EQ(0, cg_enter(self->c.b, 0));
	EXPECT_TRUE(counted(udp(), 7, DEV, CLASS(2)));
	ASSERT_EQ(0, cg_enter(self->c.top, 0));
	EXPECT_TRUE(counted(udp(), 3, DEV, CLASS_REST));
	EXPECT_EQ(5, class_packets(DEV, CLASS(1)));
}

TEST_F(sent, a_new_priority_counts_at_once)
{
	int sk;

	ASSERT_EQ(0, cg_enter(self->c.a, 0));
	sk = udp();
	EXPECT_TRUE(counted(sk, 5, DEV, CLASS(1)));
	ASSERT_EQ(0, cg_write(self->c.a, MAP, DEV " 1048579"));
	EXPECT_TRUE(counted(sk, 5, DEV, CLASS(3)));
	ASSERT_EQ(0, cg_write(self->c.a, MAP, DEV " 0"));
	EXPECT_TRUE(counted(sk, 5, DEV, CLASS_REST));
}

TEST_F(sent, moving_a_process_moves_the_sockets_it_has)
{
	int sk;

	ASSERT_EQ(0, cg_enter(self->c.a, 0));
	sk = udp();
	ASSERT_EQ(0, cg_enter(self->c.b, 0));
	EXPECT_TRUE(counted(sk, 5, DEV, CLASS(2)));
	ASSERT_EQ(0, cg_enter(self->c.root, 0));
	EXPECT_TRUE(counted(sk, 5, DEV, CLASS_REST));
}

TEST_F(sent, a_child_has_the_priority_of_its_parent)
{
	pid_t pid;

	ASSERT_EQ(0, cg_enter(self->c.a, 0));
	pid = proc_fork_bound(0);
	if (!pid)
		_exit(counted(udp(), 5, DEV, CLASS(1)) ? 0 : 1);
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(sent, a_socket_that_is_passed_on_is_the_receivers)
{
	int pair[2], sk;
	struct unixmsg m;
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!cg_enter(self->c.a, 0));
		sk = udp();
		must(counted(sk, 2, DEV, CLASS(1)));
		_exit(unixmsg_send(pair[0], "x", NULL, &sk, 1) ? 1 : 0);
	}
	ASSERT_EQ(0, proc_end(pid));
	ASSERT_EQ(0, cg_enter(self->c.b, 0));
	ASSERT_EQ(0, unixmsg_take(pair[1], &m, 0));
	ASSERT_EQ(1, m.nr_fds);
	EXPECT_TRUE(counted(m.fd[0], 3, DEV, CLASS(2)));
}

/* A program that asks for a priority with SO_PRIORITY gets that. */
TEST_F(sent, what_the_program_asked_for_comes_first)
{
	int sk;

	ASSERT_EQ(0, cg_enter(self->c.a, 0));
	sk = udp();
	ASSERT_EQ(0, unix_set(sk, SO_PRIORITY, CLASS(3)));
	EXPECT_TRUE(counted(sk, 5, DEV, CLASS(3)));
	ASSERT_EQ(0, unix_set(sk, SO_PRIORITY, 0));
	EXPECT_TRUE(counted(sk, 5, DEV, CLASS(1)));
}

TEST_F(sent, the_roots_map_is_the_default)
{
	bool ok;

	must(!cg_write(self->c.root, MAP, DEV " 1048579"));
	must(!cg_enter(self->c.root, 0));
	ok = counted(udp(), 5, DEV, CLASS(3));
	must(!cg_write(self->c.root, MAP, DEV " 0"));
	EXPECT_TRUE(ok);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Life and death of net namespaces: how one is made and entered, what keeps it
 * alive, and what becomes of its devices.
 *
 * Promises from network_namespaces(7), namespaces(7), setns(2), unshare(2),
 * ip-netns(8), ioctl_ns(2).
 */
#include "netns.h"
#include <linux/nsfs.h>
#include <linux/sockios.h>
#include <pthread.h>
#include <sys/mount.h>
#include "unixmsg.h"

#ifndef SIOCGSKNS
#define SIOCGSKNS	0x894C
#endif

/*
 * A namespace dies in its own time, after its last user. Its end is seen by a
 * device: the other end of a pair goes with the one that was in it.
 */
static bool device_goes(const char *name)
{
	struct timespec start, now;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		if (!link_index(name))
			return true;
		poll(NULL, 0, 2);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec - start.tv_sec < PROC_HANG_MS / 1000);
	return false;
}

/* Whether namespaces that died by now have gone, so that what is left stays. */
static bool others_have_gone(void)
{
	int ns = net_make();

	must(!link_add_veth("canary", "peer", ns));
	close(ns);
	return device_goes("canary");
}

TEST_F(netns, unshare_makes_a_new_one_for_the_caller)
{
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	EXPECT_FALSE(ns_same(self->home, ns_open(0, "net")));
	EXPECT_FALSE(ns_same(self->a, ns_open(0, "net")));
}

TEST_F(netns, clone_makes_a_new_one_for_the_child)
{
	pid_t pid = proc_fork_bound(CLONE_NEWNET);

	if (!pid) {
		must(!ns_same(self->home, ns_open(0, "net")));
		must(link_index("lo") == 1);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(ns_same(self->home, ns_open(0, "net")));
}

TEST_F(netns, a_child_is_born_where_its_parent_is)
{
	pid_t pid;

	ASSERT_EQ(0, ns_enter(self->a, CLONE_NEWNET));
	pid = proc_fork_bound(0);
	if (!pid)
		_exit(ns_same(self->a, ns_open(0, "net")) ? 0 : 1);
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(netns, setns_enters_and_leads_home)
{
	ASSERT_EQ(0, ns_enter(self->a, CLONE_NEWNET));
	EXPECT_TRUE(ns_same(self->a, ns_open(0, "net")));
	ASSERT_EQ(0, ns_enter(self->home, 0));
	EXPECT_TRUE(ns_same(self->home, ns_open(0, "net")));
}

TEST_F(netns, setns_of_another_kind_is_refused)
{
	EXPECT_EQ(-EINVAL, ns_enter(self->a, CLONE_NEWUTS));
	EXPECT_EQ(-EINVAL, ns_enter(ns_open(0, "uts"), CLONE_NEWNET));
	EXPECT_EQ(-EINVAL, ns_enter(open("/dev/null", O_RDONLY), CLONE_NEWNET));
	EXPECT_TRUE(ns_same(self->home, ns_open(0, "net")));
}

TEST_F(netns, a_pidfd_leads_to_its_processs_namespace)
{
	struct baton ready = baton_make();
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!ns_enter(self->a, CLONE_NEWNET));
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	ASSERT_EQ(0, ns_enter(proc_pidfd(pid), CLONE_NEWNET));
	EXPECT_TRUE(ns_same(self->a, ns_open(0, "net")));
}

static void *thread_enters(void *ns)
{
	must(!ns_enter(*(int *)ns, CLONE_NEWNET));
	return (void *)(uintptr_t)ns_same(*(int *)ns, ns_open(0, "net"));
}

TEST_F(netns, a_thread_moves_alone)
{
	pthread_t thread;
	void *moved;

	ASSERT_EQ(0, pthread_create(&thread, NULL, thread_enters, &self->a));
	ASSERT_EQ(0, pthread_join(thread, &moved));
	EXPECT_NE(NULL, moved);
	EXPECT_TRUE(ns_same(self->home, ns_open(0, "net")));
}

TEST_F(netns, its_end_is_the_end_of_the_pairs_that_led_there)
{
	int ns = net_make();

	ASSERT_EQ(0, link_add_veth("v0", "v1", ns));
	ASSERT_EQ(0, link_up("v0"));
	close(ns);
	EXPECT_TRUE(device_goes("v0"));
}

TEST_F(netns, its_last_process_takes_it_along)
{
	struct baton ready = baton_make();
	pid_t pid = proc_fork_bound(CLONE_NEWNET), other;
	int ns;

	if (!pid) {
		other = fork();
		if (other)
			baton_pass(&ready, other);
		proc_sleep_forever();
	}
	other = baton_take(&ready);
	ns = ns_open(pid, "net");
	ASSERT_EQ(0, link_add_veth("v0", "v1", ns));
	close(ns);
	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
	ASSERT_EQ(-SIGKILL, proc_kill(pid));
	ASSERT_TRUE(others_have_gone());
	EXPECT_NE(0, link_index("v0"));
	ASSERT_EQ(-SIGKILL, proc_kill(other));
	EXPECT_TRUE(device_goes("v0"));
}

TEST_F(netns, an_open_file_keeps_it_alive)
{
	struct baton number = baton_make();
	pid_t pid = proc_fork_bound(CLONE_NEWNET);
	int ns;

	if (!pid) {
		must(!link_add("dummy", "d0"));
		baton_pass(&number, 0);
		proc_sleep_forever();
	}
	baton_take(&number);
	ns = ns_open(pid, "net");
	ASSERT_EQ(0, link_add_veth("v0", "v1", ns));
	ASSERT_EQ(-SIGKILL, proc_kill(pid));
	ASSERT_TRUE(others_have_gone());
	EXPECT_NE(0, link_index("v0"));
	EXPECT_NE(0, IN_NET(ns, link_index("d0")));
	EXPECT_NE(0, IN_NET(ns, link_index("v1")));
	close(ns);
	EXPECT_TRUE(device_goes("v0"));
}

/* As ip-netns(8) does. */
TEST_F(netns, a_bind_mount_keeps_it_alive)
{
	char path[64];
	int ns, fd;

	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	ns = net_make();
	ASSERT_EQ(0, link_add_veth("v0", "v1", ns));
	fd = open("netns.mount", O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
	ASSERT_GE(fd, 0);
	close(fd);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", ns);
	ASSERT_EQ(0, mount(path, "netns.mount", NULL, MS_BIND, NULL));
	close(ns);
	ASSERT_TRUE(others_have_gone());
	EXPECT_NE(0, link_index("v0"));
	/* The name is a way in. */
	ns = open("netns.mount", O_RDONLY | O_CLOEXEC);
	ASSERT_GE(ns, 0);
	EXPECT_NE(0, IN_NET(ns, link_index("v1")));
	close(ns);
	ASSERT_EQ(0, umount2("netns.mount", MNT_DETACH));
	EXPECT_TRUE(device_goes("v0"));
}

TEST_F(netns, a_socket_keeps_it_alive_and_leads_back)
{
	int ns = net_make(), sk, again;

	ASSERT_EQ(0, link_add_veth("v0", "v1", ns));
	sk = IN_NET(ns, socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	close(ns);
	ASSERT_TRUE(others_have_gone());
	EXPECT_NE(0, link_index("v0"));
	again = ioctl(sk, SIOCGSKNS);
	ASSERT_GE(again, 0);
	EXPECT_NE(0, IN_NET(again, link_index("v1")));
	EXPECT_EQ(FD_CLOEXEC, fcntl(again, F_GETFD));
	close(again);
	close(sk);
	EXPECT_TRUE(device_goes("v0"));
}

/* A socket in nobody's hands, on its way to nobody. */
TEST_F(netns, a_socket_in_flight_keeps_it_alive)
{
	int ns = net_make(), pair[2], sk;

	ASSERT_EQ(0, link_add_veth("v0", "v1", ns));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
	sk = IN_NET(ns, socket(AF_INET, SOCK_STREAM, 0));
	ASSERT_EQ(0, unixmsg_send(pair[0], "x", NULL, &sk, 1));
	close(sk);
	close(ns);
	ASSERT_TRUE(others_have_gone());
	EXPECT_NE(0, link_index("v0"));
	close(pair[0]);
	close(pair[1]);
	EXPECT_TRUE(device_goes("v0"));
}

/* A connection that is being closed has no user, and holds nothing up. */
TEST_F(netns, a_connection_that_nobody_holds_does_not_keep_it_alive)
{
	int ns = net_make(), listener, tx;

	join(ns, self->home, "10.1.0.1", "10.1.0.2");
	listener = net_bound(SOCK_STREAM, "10.1.0.2", 80);
	tx = IN_NET(ns, net_connected(SOCK_STREAM, "10.1.0.2", 80));
	ASSERT_GE(tx, 0);
	ASSERT_EQ(4, write(tx, "data", 4));
	close(tx);
	close(ns);
	EXPECT_TRUE(device_goes("vb"));
	close(listener);
}

TEST_F(netns, virtual_devices_die_with_it)
{
	char names[256] = "";
	struct if_nameindex *list, *i;
	int ns = net_make(), first = ns_open(1, "net");

	ASSERT_EQ(0, IN_NET(ns, link_add("dummy", "gone.d0")));
	ASSERT_EQ(0, IN_NET(ns, link_add("bridge", "gone.br0")));
	ASSERT_EQ(0, link_add_veth("v0", "gone.v1", ns));
	ASSERT_EQ(0, IN_NET(ns, link_up("gone.d0")));
	close(ns);
	ASSERT_TRUE(device_goes("v0"));
	/* Nor do they come to the first namespace, under any name. */
	list = IN_NET(first, if_nameindex());
	for (i = list; i->if_index; i++)
		if (!strncmp(i->if_name, "gone.", 5) || !strncmp(i->if_name, "dev", 3))
			strcat(names, i->if_name);
	EXPECT_STREQ("", names);
}

/* A device that moved on before the end lives on. */
TEST_F(netns, a_device_that_moved_away_survives)
{
	int ns = net_make();

	ASSERT_EQ(0, IN_NET(ns, link_add("dummy", "d0")));
	ASSERT_EQ(0, IN_NET(ns, link_move("d0", self->a)));
	close(ns);
	ASSERT_TRUE(others_have_gone());
	EXPECT_NE(0, IN_NET(self->a, link_index("d0")));
}

/*
 * A device that no program made with ip-link(8) stands for hardware: it goes
 * back to the first namespace. The serial line's is one of those.
 */
TEST_F(netns, a_device_like_hardware_returns_to_the_first_namespace)
{
	int first = ns_open(1, "net"), ns = net_make(), pty, line, discipline = 1;
	struct timespec start, now;
	char name[16], path[64];
	int index = 0;

	pty = posix_openpt(O_RDWR | O_NOCTTY);
	if (pty < 0)
		SKIP(return, "no pseudo terminals");
	ASSERT_EQ(0, unlockpt(pty));
	ASSERT_EQ(0, ptsname_r(pty, path, sizeof(path)));
	line = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	ASSERT_GE(line, 0);
	if (IN_NET(first, ioctl(line, TIOCSETD, &discipline)))
		SKIP(return, "no serial line devices (SLIP)");
	ASSERT_EQ(0, ioctl(line, SIOCGIFNAME, name));
	ASSERT_EQ(0, IN_NET(first, link_move(name, ns)));
	EXPECT_EQ(0, IN_NET(first, link_index(name)));
	ASSERT_NE(0, IN_NET(ns, link_index(name)));
	close(ns);
	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		/* It may have another name: devN. */
		must(!ioctl(line, SIOCGIFNAME, name));
		index = IN_NET(first, link_index(name));
		poll(NULL, 0, 2);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (!index && now.tv_sec - start.tv_sec < PROC_HANG_MS / 1000);
	EXPECT_NE(0, index);
}

TEST_F(netns, outlives_the_user_namespace_of_its_maker)
{
	struct baton ready = baton_make();
	int pair[2];
	struct unixmsg m;
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
	/* Made by a user namespace that dies: the net namespace holds it. */
	pid = userns_fork(CLONE_NEWNET, 1000, 10);
	if (!pid) {
		int ns = ns_open(0, "net");

		must(!link_add("dummy", "d0"));
		must(!unixmsg_send(pair[0], "x", NULL, &ns, 1));
		baton_pass(&ready, 0);
		_exit(0);
	}
	baton_take(&ready);
	ASSERT_EQ(0, proc_end(pid));
	ASSERT_EQ(0, unixmsg_take(pair[1], &m, 0));
	ASSERT_EQ(1, m.nr_fds);
	EXPECT_NE(0, IN_NET(m.fd[0], link_index("d0")));
	EXPECT_GE(ioctl(m.fd[0], NS_GET_USERNS), 0);
}

TEST_F(netns, of_a_zombie_there_is_none_to_enter)
{
	/* The file under /proc of a process that is a zombie leads nowhere. */
	pid_t pid = proc_fork_bound(CLONE_NEWNET);
	int fd;

	if (!pid)
		_exit(0);
	fd = proc_pidfd(pid);
	ASSERT_EQ(0, proc_await_zombie(pid));
	EXPECT_EQ(-ENOENT, ns_open(pid, "net"));
	EXPECT_EQ(-ESRCH, ns_enter(fd, CLONE_NEWNET));
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(-ESRCH, ns_enter(fd, CLONE_NEWNET));
	EXPECT_TRUE(ns_same(self->home, ns_open(0, "net")));
}

TEST_F(netns, many_end_at_once)
{
	char name[16];
	int ns[20];

	for (int i = 0; i < 20; i++) {
		ns[i] = net_make();
		snprintf(name, sizeof(name), "v%d", i);
		ASSERT_EQ(0, link_add_veth(name, "eth0", ns[i]));
	}
	for (int i = 0; i < 20; i++)
		close(ns[i]);
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "v%d", i);
		EXPECT_TRUE(device_goes(name));
	}
}

TEST_HARNESS_MAIN

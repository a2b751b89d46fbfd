// SPDX-License-Identifier: GPL-2.0
/*
 * What net_cls.classid does: the packets of a cgroup's tasks go to the class of
 * tc(8) that it names, and nft(8) knows them by it. Which sockets are whose:
 * when tasks fork, move, pass sockets on, and die.
 *
 * Promises from admin-guide/cgroup-v1/net_cls.rst, tc-cgroup(8), nft(8).
 */
#include "flow.h"
#include <linux/sockios.h>
#include <pthread.h>
#include <sys/resource.h>
#include "unixmsg.h"

#ifndef SIOCGSKNS
#define SIOCGSKNS	0x894C
#endif

#define FILE_NAME	"net_cls.classid"
#define DEV		"f0"

/*
 * Cgroup a has the class 10:1, b has 10:2. The device f0, in a net namespace of
 * the test's own, takes every packet and throws it away when it was counted.
 */
FIXTURE(effect)
{
	struct flow_cgroups c;
};

FIXTURE_SETUP(effect)
{
	if (!program("tc"))
		SKIP(return, "no tc here");
	if (flow_cgroups_make(&self->c, "net_cls"))
		SKIP(return, "no cgroup v1 hierarchy with net_cls");
	ASSERT_EQ(0, cg_write(self->c.a, FILE_NAME, "0x100001"));
	ASSERT_EQ(0, cg_write(self->c.b, FILE_NAME, "0x100002"));
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	/* So that nothing is on the device but what the test sends. */
	ASSERT_EQ(0, file_write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1"));
	ASSERT_EQ(0, link_add("dummy", DEV));
	ASSERT_TRUE(classes_make(DEV, "prio 10 handle 1: cgroup"));
	ASSERT_EQ(0, addr_add(DEV, "10.1.0.1", 24));
	ASSERT_EQ(0, link_up(DEV));
}

FIXTURE_TEARDOWN_PARENT(effect)
{
	flow_cgroups_remove(&self->c);
}

static int udp(void)
{
	int sk = net_connected(SOCK_DGRAM, "10.1.0.2", 7);

	must(sk >= 0);
	return sk;
}

TEST_F(effect, packets_go_to_the_class_of_the_cgroup)
{
	ASSERT_EQ(0, cg_enter(self->c.a, 0));
	EXPECT_TRUE(counted(udp(), 5, DEV, CLASS(1)));
	ASSERT_EQ(0, cg_enter(self->c.b, 0));
	EXPECT_TRUE(counted(udp(), 7, DEV, CLASS(2)));
	EXPECT_EQ(5, class_packets(DEV, CLASS(1)));
	EXPECT_EQ(0, class_packets(DEV, CLASS_REST));
}

TEST_F(effect, packets_of_ipv6_do_too)
{
	ASSERT_EQ(0, file_write("/proc/sys/net/ipv6/conf/" DEV "/accept_dad", "0"));
	ASSERT_EQ(0, file_write("/proc/sys/net/ipv6/conf/" DEV "/disable_ipv6", "0"));
	ASSERT_EQ(0, addr_add(DEV, "fd01::1", 64));
	ASSERT_EQ(0, cg_enter(self->c.a, 0));
	EXPECT_TRUE(counted(net_connected(SOCK_DGRAM, "fd01::2", 7), 5, DEV, CLASS(1)));
}

TEST_F(effect, without_an_id_packets_are_not_classified)
{
	ASSERT_EQ(0, cg_enter(self->c.top, 0));
	EXPECT_TRUE(counted(udp(), 5, DEV, CLASS_REST));
}

/* An id that names no class here: the filter has spoken, but to nobody. */
TEST_F(effect, an_id_without_a_class_goes_to_the_rest)
{
	ASSERT_EQ(0, cg_write(self->c.a, FILE_NAME, "0x100004"));
	ASSERT_EQ(0, cg_enter(self->c.a, 0));
	EXPECT_TRUE(counted(udp(), 5, DEV, CLASS_REST));
	ASSERT_EQ(0, cg_write(self->c.a, FILE_NAME, "0x110001"));
	EXPECT_TRUE(counted(udp(), 5, DEV, CLASS_REST));
}

TEST_F(effect, the_classes_of_two_processes_are_apart)
{
	const char * const cg[] = { self->c.a, self->c.b };

	for (int i = 0; i < 2; i++) {
		pid_t pid = proc_fork_bound(0);

		if (!pid) {
			must(!cg_enter(cg[i], 0));
			must(counted(udp(), 3 + i, DEV, CLASS(1 + i)));
			_exit(0);
		}
		EXPECT_EQ(0, proc_end(pid));
	}
	EXPECT_EQ(3, class_packets(DEV, CLASS(1)));
	EXPECT_EQ(4, class_packets(DEV, CLASS(2)));
}

TEST_F(effect, a_child_is_of_its_parents_class)
{
	pid_t pid;

	ASSERT_EQ(0, cg_enter(self->c.a, 0));
	pid = proc_fork_bound(0);
	if (!pid) {
		must(counted(udp(), 5, DEV, CLASS(1)));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(effect, moving_a_process_moves_the_sockets_it_has)
{
	int sk[2];

	ASSERT_EQ(0, cg_enter(self->c.a, 0));
	for (int i = 0; i < 2; i++)
		sk[i] = udp();
	EXPECT_TRUE(counted(sk[0], 5, DEV, CLASS(1)));
	ASSERT_EQ(0, cg_enter(self->c.b, 0));
	for (int i = 0; i < 2; i++)
		EXPECT_TRUE(counted(sk[i], 5, DEV, CLASS(2)));
	ASSERT_EQ(0, cg_enter(self->c.root, 0));
	EXPECT_TRUE(counted(sk[0], 5, DEV, CLASS_REST));
}

/* They are gone through a thousand at a time. */
TEST_F(effect, moving_a_process_moves_all_of_its_sockets)
{
	struct rlimit many = { 4096, 4096 };
	static int sk[2100];
	long before;

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &many));
	ASSERT_EQ(0, cg_enter(self->c.a, 0));
	for (size_t i = 0; i < ARRAY_SIZE(sk); i++)
		sk[i] = udp();
	ASSERT_EQ(0, cg_enter(self->c.b, 0));
	before = class_packets(DEV, CLASS(2));
	for (size_t i = 0; i < ARRAY_SIZE(sk); i++)
		ASSERT_EQ(4, write(sk[i], "flow", 4));
	EXPECT_EQ(ARRAY_SIZE(sk), class_packets(DEV, CLASS(2)) - before);
	EXPECT_EQ(0, class_packets(DEV, CLASS(1)));
}

TEST_F(effect, a_new_id_is_that_of_the_sockets_there_are)
{
	struct baton ready = baton_make();
	int sk;
	pid_t pid;

	ASSERT_EQ(0, cg_enter(self->c.a, 0));
	sk = udp();
	ASSERT_EQ(0, cg_write(self->c.a, FILE_NAME, "0x100003"));
	EXPECT_TRUE(counted(sk, 5, DEV, CLASS(3)));
	/* Others' sockets there as well, and nobody's elsewhere. */
	pid = proc_fork_bound(0);
	if (!pid) {
		close(sk);
		sk = udp();
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	ASSERT_EQ(0, cg_write(self->c.b, FILE_NAME, "0x100001"));
	EXPECT_TRUE(counted(sk, 5, DEV, CLASS(3)));
	ASSERT_EQ(0, cg_write(self->c.a, FILE_NAME, "0"));
	EXPECT_TRUE(counted(sk, 5, DEV, CLASS_REST));
}

TEST_F(effect, a_new_id_above_is_not_that_of_below)
{
	int sk;

	ASSERT_EQ(0, cg_enter(self->c.a, 0));
	sk = udp();
	ASSERT_EQ(0, cg_write(self->c.top, FILE_NAME, "0x100003"));
	EXPECT_TRUE(counted(sk, 5, DEV, CLASS(1)));
}

/* A socket has one id: it is of the cgroup of whoever moved last. */
TEST_F(effect, a_shared_socket_goes_with_who_moves)
{
	int sk;
	pid_t pid;

	ASSERT_EQ(0, cg_enter(self->c.a, 0));
	sk = udp();
	pid = proc_fork_bound(0);
	if (!pid) {
		must(counted(sk, 2, DEV, CLASS(1)));
		must(!cg_enter(self->c.b, 0));
		must(counted(sk, 3, DEV, CLASS(2)));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(counted(sk, 4, DEV, CLASS(2)));
	/* A socket of its own is of its own cgroup. */
	EXPECT_TRUE(counted(udp(), 5, DEV, CLASS(1)));
}

TEST_F(effect, a_socket_that_is_passed_on_is_the_receivers)
{
	int pair[2], sk;
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
	pid = proc_fork_bound(0);
	if (!pid) {
		struct unixmsg m;

		must(!cg_enter(self->c.b, 0));
		must(!unixmsg_take(pair[1], &m, 0));
		must(m.nr_fds == 1);
		must(counted(m.fd[0], 3, DEV, CLASS(2)));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(2, class_packets(DEV, CLASS(1)));
}

TEST_F(effect, a_socket_keeps_the_id_of_a_cgroup_that_is_gone)
{
	int sk = -1;
	struct baton moved = baton_make();
	pid_t pid;

	/* The same table of files: the socket lives on in this process. */
	struct clone_args args = { .flags = CLONE_FILES, .exit_signal = SIGCHLD };

	ASSERT_EQ(0, cg_enter(self->c.top, 0));
	pid = proc_clone3(&args);
	if (!pid) {
		must(!cg_enter(self->c.a, 0));
		baton_pass(&moved, udp());
		_exit(0);
	}
	sk = baton_take(&moved);
	ASSERT_EQ(0, proc_end(pid));
	ASSERT_EQ(0, cg_remove(self->c.a));
	EXPECT_TRUE(counted(sk, 5, DEV, CLASS(1)));
}

struct mover {
	const char *cg;
	int sk;
};

static void *thread_moves(void *arg)
{
	struct mover *m = arg;

	must(!cg_write(m->cg, "tasks", "0"));
	m->sk = udp();
	return NULL;
}

/* In v1 threads move alone. What the process had open is its leader's. */
TEST_F(effect, a_thread_that_moves_has_its_new_sockets_elsewhere)
{
	struct mover m = { .cg = self->c.b };
	pthread_t thread;
	int sk;

	ASSERT_EQ(0, cg_enter(self->c.a, 0));
	sk = udp();
	ASSERT_EQ(0, pthread_create(&thread, NULL, thread_moves, &m));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_TRUE(counted(m.sk, 5, DEV, CLASS(2)));
	EXPECT_TRUE(counted(sk, 5, DEV, CLASS(1)));
	EXPECT_TRUE(counted(udp(), 5, DEV, CLASS(1)));
}

TEST_F(effect, without_the_filter_the_id_means_nothing)
{
	char command[128];

	snprintf(command, sizeof(command), "%s filter del dev " DEV " parent 10: prio 10",
		 program("tc"));
	ASSERT_TRUE(run(command));
	ASSERT_EQ(0, cg_enter(self->c.a, 0));
	EXPECT_TRUE(counted(udp(), 5, DEV, CLASS_REST));
}

/* Both directions of a connection, each by the socket that sends. */
TEST_F(effect, a_tcp_connection_has_the_class_of_each_end)
{
	struct baton ready = baton_make();
	char buf[1000] = "";
	pid_t pid;
	int sk;

	ASSERT_EQ(0, link_up("lo"));
	ASSERT_TRUE(classes_make("lo", "prio 10 handle 1: cgroup"));
	pid = proc_fork_bound(0);
	if (!pid) {
		int listener;

		must(!cg_enter(self->c.b, 0));
		listener = net_bound(SOCK_STREAM, "127.0.0.1", 80);
		must(listener >= 0);
		baton_pass(&ready, 0);
		sk = net_accept(listener);
		must(sk >= 0);
		for (int i = 0; i < 10; i++)
			must(recv(sk, buf, sizeof(buf), MSG_WAITALL) == sizeof(buf));
		must(write(sk, "done", 4) == 4);
		must(read(sk, buf, 1) == 0);
		_exit(0);
	}
	baton_take(&ready);
	ASSERT_EQ(0, cg_enter(self->c.a, 0));
	sk = net_connected(SOCK_STREAM, "127.0.0.1", 80);
	ASSERT_GE(sk, 0);
	for (int i = 0; i < 10; i++)
		ASSERT_EQ(sizeof(buf), write(sk, buf, sizeof(buf)));
	ASSERT_EQ(4, recv(sk, buf, 4, MSG_WAITALL));
	close(sk);
	EXPECT_EQ(0, proc_end(pid));
	/* At least SYN, data and FIN; SYN-ACK, an answer and FIN. */
	EXPECT_GE(class_packets("lo", CLASS(1)), 4);
	EXPECT_GE(class_packets("lo", CLASS(2)), 3);
	EXPECT_EQ(0, class_packets("lo", CLASS(3)));
}

#define RULES "nft add table inet f '{ counter a { }; counter b { }; chain out { " \
	"type filter hook output priority 0; meta cgroup 0x100001 counter name a; " \
	"meta cgroup 0x100002 counter name b drop; }; }'"

TEST_F(effect, netfilter_knows_the_id)
{
	int sk;

	if (!program("nft"))
		SKIP(return, "no nft here");
	ASSERT_TRUE(run(RULES));
	ASSERT_EQ(0, cg_enter(self->c.a, 0));
	sk = udp();
	EXPECT_TRUE(counted(sk, 3, DEV, CLASS(1)));
	ASSERT_TRUE(run("nft list counter inet f a | grep -q 'packets 3 '"));
	/* The rule for b drops, and the sender is told. */
	ASSERT_EQ(0, cg_enter(self->c.b, 0));
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(-1, write(sk, "flow", 4));
		EXPECT_EQ(EPERM, errno);
	}
	EXPECT_EQ(0, class_packets(DEV, CLASS(2)));
	EXPECT_TRUE(run("nft list counter inet f b | grep -q 'packets 2 '"));
	/* Nobody else is meant. */
	ASSERT_EQ(0, cg_enter(self->c.top, 0));
	EXPECT_TRUE(counted(sk, 3, DEV, CLASS_REST));
	EXPECT_TRUE(run("nft list counter inet f a | grep -q 'packets 3 '"));
}

TEST_F(effect, is_the_same_in_another_net_namespace)
{
	int sk;

	ASSERT_EQ(0, cg_enter(self->c.a, 0));
	sk = udp();
	/* The socket's namespace is where the packets are counted. */
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	ASSERT_EQ(0, cg_enter(self->c.b, 0));
	ASSERT_EQ(0, ns_enter(ioctl(sk, SIOCGSKNS), CLONE_NEWNET));
	EXPECT_TRUE(counted(sk, 5, DEV, CLASS(2)));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Races in net namespaces: births and deaths at the same time, devices that are
 * moved to where the end has come, both ends of a pair in different hands, and
 * traffic over what is being taken away.
 *
 * Each test is a bounded number of rounds. What a round may end in is known
 * whoever wins, and that is what is asserted; which way it went is not.
 */
#include "kselftest_harness.h"
#include <linux/sockios.h>
#include "netdev.h"
#include "ns.h"

#define ROUNDS	5

FIXTURE(race)
{
	int home;
};

FIXTURE_SETUP(race)
{
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	self->home = ns_open(0, "net");
	ASSERT_GE(self->home, 0);
}

FIXTURE_TEARDOWN(race)
{
}

/* Lets the two sides meet at ever different points. */
static void spin(int round)
{
	for (volatile int i = 0; i < (round * 39971) % 200000; i++)
		;
}

/* Whether the device goes, as it must when the namespace of its peer has ended. */
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

static void baton_drop(struct baton *b)
{
	close(b->fd[0]);
	close(b->fd[1]);
}

TEST_F_TIMEOUT(race, births_and_deaths_at_the_same_time, 120)
{
	pid_t pid[4];

	for (int i = 0; i < 4; i++) {
		pid[i] = proc_fork_bound(0);
		if (pid[i])
			continue;
		for (int round = 0; round < ROUNDS; round++) {
			/* With each, the one before has lost its last process. */
			must(!unshare(CLONE_NEWNET));
			must(link_index("lo") == 1);
			must(!link_add_veth("v0", "v1", -1));
			must(!link_up("v0") && !link_up("v1"));
			must(!addr_add("v0", "10.1.0.1", 24));
			must(!link_add("dummy", "d0"));
		}
		_exit(0);
	}
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(0, proc_end(pid[i]));
}

TEST_F(race, a_move_against_the_death_of_the_target)
{
	for (int round = 0; round < ROUNDS; round++) {
		struct baton ready = baton_make();
		pid_t pid = proc_fork_bound(CLONE_NEWNET), mover;
		int moved;

		if (!pid) {
			baton_pass(&ready, 0);
			spin(round);
			_exit(0);
		}
		ASSERT_EQ(0, link_add_veth("v0", "v1", -1));
		baton_take(&ready);
		mover = proc_fork_bound(0);
		if (!mover) {
			int err = link_set("v1", IFLA_NET_NS_PID, pid);

			must(!err || err == -ESRCH);
			_exit(err ? 1 : 0);
		}
		ASSERT_EQ(0, proc_end(pid));
		moved = !proc_end(mover);
		/* There it dies and takes v0 along; or it has stayed. */
		if (moved) {
			ASSERT_TRUE(device_goes("v0"));
		} else {
			ASSERT_NE(0, link_index("v1"));
			ASSERT_EQ(0, link_remove("v0"));
		}
		ASSERT_EQ(0, link_index("v1"));
		baton_drop(&ready);
	}
}

TEST_F(race, a_way_out_against_the_death_of_the_namespace)
{
	for (int round = 0; round < ROUNDS; round++) {
		int ns = net_make(), sk = IN_NET(ns, nl_open());
		struct baton ready = baton_make();
		struct nl r = link_request(RTM_NEWLINK, 0, "d0");
		pid_t pid;

		ASSERT_EQ(0, IN_NET(ns, link_add("dummy", "d0")));
		pid = proc_fork_bound(0);
		if (!pid) {
			nl_add_int(&r, IFLA_NET_NS_FD, self->home);
			baton_pass(&ready, 0);
			/* The socket holds the namespace until this is done. */
			must(!nl_talk_on(sk, &r));
			_exit(0);
		}
		baton_take(&ready);
		spin(round);
		close(ns);
		close(sk);
		ASSERT_EQ(0, proc_end(pid));
		ASSERT_NE(0, link_index("d0"));
		ASSERT_EQ(0, link_remove("d0"));
		baton_drop(&ready);
	}
}

TEST_F(race, both_ends_of_a_pair_are_removed)
{
	int ns = net_make();

	for (int round = 0; round < ROUNDS; round++) {
		struct baton go = baton_make();
		int mine, his;
		pid_t pid;

		ASSERT_EQ(0, link_add_veth("v0", "v1", ns));
		pid = proc_fork_bound(0);
		if (!pid) {
			must(!ns_enter(ns, CLONE_NEWNET));
			baton_pass(&go, 0);
			_exit(-link_remove("v1"));
		}
		baton_take(&go);
		spin(round);
		mine = link_remove("v0");
		his = proc_end(pid);
		ASSERT_TRUE(!mine || mine == -ENODEV) TH_LOG("mine %d", mine);
		ASSERT_TRUE(!his || his == ENODEV) TH_LOG("his %d", his);
		/* One of them has done it. */
		ASSERT_TRUE(!mine || !his);
		ASSERT_EQ(0, link_index("v0"));
		ASSERT_EQ(0, IN_NET(ns, link_index("v1")));
		baton_drop(&go);
	}
}

TEST_F(race, both_ends_of_a_pair_move)
{
	int a = net_make(), b = net_make();

	for (int round = 0; round < ROUNDS; round++) {
		struct baton go = baton_make();
		pid_t pid;

		ASSERT_EQ(0, IN_NET(a, link_add_veth("v0", "v1", b)));
		pid = proc_fork_bound(0);
		if (!pid) {
			must(!ns_enter(a, CLONE_NEWNET));
			baton_pass(&go, 0);
			_exit(link_move("v0", b) ? 1 : 0);
		}
		baton_take(&go);
		spin(round);
		ASSERT_EQ(0, IN_NET(b, link_move("v1", a)));
		ASSERT_EQ(0, proc_end(pid));
		ASSERT_NE(0, IN_NET(b, link_index("v0")));
		ASSERT_NE(0, IN_NET(a, link_index("v1")));
		/* They are a pair still. */
		ASSERT_EQ(0, IN_NET(b, link_remove("v0")));
		ASSERT_EQ(0, IN_NET(a, link_index("v1")));
		baton_drop(&go);
	}
}

TEST_F(race, two_devices_of_one_name_move_to_one_place)
{
	int from[2] = { net_make(), net_make() };

	for (int round = 0; round < ROUNDS; round++) {
		struct baton go = baton_make();
		int err, his;
		pid_t pid;

		for (int i = 0; i < 2; i++)
			ASSERT_EQ(0, IN_NET(from[i], link_add("dummy", "d0")));
		pid = proc_fork_bound(0);
		if (!pid) {
			must(!ns_enter(from[0], CLONE_NEWNET));
			baton_pass(&go, 0);
			_exit(-link_move("d0", self->home));
		}
		baton_take(&go);
		spin(round);
		err = IN_NET(from[1], link_move("d0", self->home));
		his = proc_end(pid);
		ASSERT_TRUE((!err && his == EEXIST) || (err == -EEXIST && !his))
			TH_LOG("%d and %d", err, his);
		ASSERT_NE(0, IN_NET(from[his ? 0 : 1], link_index("d0")));
		ASSERT_EQ(0, IN_NET(from[his ? 1 : 0], link_index("d0")));
		ASSERT_EQ(0, link_remove("d0"));
		ASSERT_EQ(0, IN_NET(from[his ? 0 : 1], link_remove("d0")));
		baton_drop(&go);
	}
}

TEST_F(race, traffic_against_the_removal_of_its_way)
{
	for (int round = 0; round < ROUNDS; round++) {
		int ns = net_make(), tx;
		struct baton ready = baton_make();
		pid_t pid;

		ASSERT_EQ(0, link_add_veth("v0", "v1", ns));
		ASSERT_EQ(0, addr_add("v0", "10.1.0.1", 24));
		ASSERT_EQ(0, link_up("v0"));
		ASSERT_EQ(0, IN_NET(ns, addr_add("v1", "10.1.0.2", 24)));
		ASSERT_EQ(0, IN_NET(ns, link_up("v1")));
		tx = net_connected(SOCK_DGRAM, "10.1.0.2", 7);
		ASSERT_GE(tx, 0);
		pid = proc_fork_bound(0);
		if (!pid) {
			close(ns);
			for (int i = 0;; i++) {
				ssize_t n = send(tx, "x", 1, 0);

				if (i == 10)
					baton_pass(&ready, 0);
				/* No listener: the other end may say so. */
				if (n == 1 || errno == ECONNREFUSED)
					continue;
				/* 10 sent, or none at all: the way has gone. */
				must(i > 10);
				must(errno == ENETUNREACH || errno == ENODEV ||
				     errno == EINVAL || errno == ENETDOWN);
				_exit(0);
			}
		}
		baton_take(&ready);
		spin(round);
		/* One time the device goes, the other time its peer's namespace. */
		if (round % 2)
			ASSERT_EQ(0, link_remove("v0"));
		close(ns);
		ASSERT_TRUE(device_goes("v0"));
		ASSERT_EQ(0, proc_end(pid));
		close(tx);
		baton_drop(&ready);
	}
}

TEST_F(race, an_entry_against_the_death_of_the_last_process)
{
	for (int round = 0; round < ROUNDS * 5; round++) {
		struct baton ready = baton_make();
		pid_t pid = proc_fork_bound(CLONE_NEWNET);
		int ns;

		if (!pid) {
			must(!link_add("dummy", "d0"));
			baton_pass(&ready, 0);
			spin(round);
			_exit(0);
		}
		baton_take(&ready);
		ns = ns_open(pid, "net");
		ASSERT_TRUE(ns >= 0 || ns == -ENOENT || ns == -ESRCH || ns == -EACCES)
			TH_LOG("error %d", ns);
		/* Who has the file has the namespace, with all that is in it. */
		if (ns >= 0) {
			ASSERT_NE(0, IN_NET(ns, link_index("d0")));
			close(ns);
		}
		ASSERT_EQ(0, proc_end(pid));
		baton_drop(&ready);
	}
}

/* A setting's file, opened there and used while, and after, the place ends. */
TEST_F(race, a_setting_against_the_death_of_its_namespace)
{
	for (int round = 0; round < ROUNDS; round++) {
		int ns = net_make(), file;
		struct baton ready = baton_make();
		char buf[32];
		pid_t pid;

		ASSERT_EQ(0, link_add_veth("v0", "v1", ns));
		file = IN_NET(ns, open("/proc/sys/net/ipv4/conf/v1/rp_filter", O_RDONLY));
		ASSERT_GE(file, 0);
		pid = proc_fork_bound(0);
		if (!pid) {
			ssize_t n;

			close(ns);
			baton_pass(&ready, 0);
			do {
				n = pread(file, buf, sizeof(buf), 0);
			} while (n > 0);
			must(n < 0 && errno == ENOENT);
			_exit(0);
		}
		baton_take(&ready);
		spin(round);
		close(ns);
		ASSERT_TRUE(device_goes("v0"));
		ASSERT_EQ(0, proc_end(pid));
		close(file);
		baton_drop(&ready);
	}
}

TEST_HARNESS_MAIN

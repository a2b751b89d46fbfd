// SPDX-License-Identifier: GPL-2.0
/*
 * The numbers that a net namespace has for others: news of those others by
 * them, the news of a number, its end, and whom they give which rights.
 *
 * Promises from netlink(7), NETLINK_LISTEN_ALL_NSID, rtnetlink(7), ip-netns(8),
 * ip-monitor(8), capabilities(7).
 */
#include "netns.h"

#ifndef NETLINK_LISTEN_ALL_NSID
#define NETLINK_LISTEN_ALL_NSID	8
#endif
#ifndef SOL_NETLINK
#define SOL_NETLINK		270
#endif

/* A socket of the caller's namespace that listens to the group. */
static int listener(int group)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_groups = 1U << (group - 1) };
	int sk = nl_open();

	must(!bind(sk, (struct sockaddr *)&to, sizeof(to)));
	return sk;
}

/* Has @sk hear of all namespaces that its own has a number for, or not. */
static int listen_to_all(int sk, int on)
{
	return setsockopt(sk, SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, &on, sizeof(on)) ?
	       -errno : 0;
}

#define NO_NUMBER	(-1)

struct news {
	int type;		/* RTM_..., 0: there was none */
	int from;		/* the number of where it is from, NO_NUMBER here */
	int id;			/* the number that it is about (RTM_NEWNSID) */
	char name[IF_NAMESIZE];	/* the device that it is about (RTM_NEWLINK) */
};

/* The next message that @sk has, or gets within @ms. */
static struct news next(int sk, int ms)
{
	struct news news = { .from = NO_NUMBER };
	char control[256] __attribute__((aligned(8)));
	struct nl r;
	struct iovec iov = { &r, sizeof(r) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	const void *attr;
	ssize_t n;

	if (!(proc_poll(sk, POLLIN, ms) & POLLIN))
		return news;
	n = recvmsg(sk, &msg, 0);
	must(n > 0);
	/* Of what is longer the beginning will do. */
	if (r.h.nlmsg_len > n)
		r.h.nlmsg_len = n;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c))
		if (c->cmsg_level == SOL_NETLINK && c->cmsg_type == NETLINK_LISTEN_ALL_NSID)
			memcpy(&news.from, CMSG_DATA(c), sizeof(int));
	news.type = r.h.nlmsg_type;
	if (news.type == RTM_NEWLINK) {
		attr = nl_find(&r, sizeof(struct ifinfomsg), IFLA_IFNAME);
		if (attr)
			snprintf(news.name, sizeof(news.name), "%s", (const char *)attr);
	} else if (news.type == RTM_NEWNSID || news.type == RTM_DELNSID) {
		attr = nl_find(&r, sizeof(struct rtgenmsg), NETNSA_NSID);
		news.id = attr ? *(const int *)attr : NO_NUMBER;
	}
	return news;
}

/* Forgets all that came so far. What is about a device comes before its maker goes on. */
static void forget(int sk)
{
	while (next(sk, 0).type)
		;
}

TEST_F(netns, a_listener_may_hear_of_all_that_have_a_number)
{
	int sk = listener(RTNLGRP_LINK);
	struct news news;

	ASSERT_EQ(0, nsid_set(self->a, 17));
	ASSERT_EQ(0, listen_to_all(sk, 1));
	/* Of b nothing is heard, which has none. */
	ASSERT_EQ(0, IN_NET(self->b, link_add("dummy", "d1")));
	EXPECT_EQ(0, next(sk, 0).type);
	ASSERT_EQ(0, IN_NET(self->a, link_add("dummy", "d2")));
	news = next(sk, PROC_HANG_MS);
	EXPECT_EQ(RTM_NEWLINK, news.type);
	EXPECT_EQ(17, news.from);
	EXPECT_STREQ("d2", news.name);
	forget(sk);
	/* Its own are without. */
	ASSERT_EQ(0, link_add("dummy", "d3"));
	news = next(sk, PROC_HANG_MS);
	EXPECT_EQ(RTM_NEWLINK, news.type);
	EXPECT_EQ(NO_NUMBER, news.from);
	EXPECT_STREQ("d3", news.name);
	forget(sk);
	ASSERT_EQ(0, listen_to_all(sk, 0));
	ASSERT_EQ(0, IN_NET(self->a, link_add("dummy", "d4")));
	EXPECT_EQ(0, next(sk, 0).type);
}

/* The number that counts is the one that the listener's namespace has. */
TEST_F(netns, it_hears_by_the_numbers_of_its_own_namespace)
{
	int in_b = IN_NET(self->b, listener(RTNLGRP_LINK));
	struct news news;

	ASSERT_EQ(0, nsid_set(self->a, 17));
	ASSERT_EQ(0, listen_to_all(in_b, 1));
	ASSERT_EQ(0, IN_NET(self->a, link_add("dummy", "d1")));
	EXPECT_EQ(0, next(in_b, 0).type);
	ASSERT_EQ(0, IN_NET(self->b, nsid_set(self->a, 5)));
	ASSERT_EQ(0, IN_NET(self->a, link_add("dummy", "d2")));
	news = next(in_b, PROC_HANG_MS);
	EXPECT_STREQ("d2", news.name);
	EXPECT_EQ(5, news.from);
}

TEST_F(netns, hearing_of_others_takes_a_right)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(listen_to_all(listener(RTNLGRP_LINK), 1) == -EPERM);
		/* Nor has root of a user namespace it in a namespace of another. */
		must(!ns_become_user_root());
		must(listen_to_all(listener(RTNLGRP_LINK), 1) == -EPERM);
		must(!unshare(CLONE_NEWNET));
		must(!listen_to_all(listener(RTNLGRP_LINK), 1));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* A number for a namespace gives no right to it: its owner's is needed. */
TEST_F(netns, a_container_hears_of_its_own_namespaces_only)
{
	struct baton ready = baton_make(), go = baton_make();
	int a = self->a;
	pid_t pid = userns_fork(CLONE_NEWNET, 1000, 10);

	if (!pid) {
		int sk = listener(RTNLGRP_LINK), own = net_make();
		struct news news;

		must(!nsid_set(a, 17));
		must(!nsid_set(own, 18));
		must(!listen_to_all(sk, 1));
		baton_pass(&ready, 0);
		baton_take(&go);
		must(next(sk, 0).type == 0);
		must(!IN_NET(own, link_add("dummy", "d2")));
		news = next(sk, PROC_HANG_MS);
		must(news.type == RTM_NEWLINK && news.from == 18);
		must(!strcmp(news.name, "d2"));
		_exit(0);
	}
	baton_take(&ready);
	ASSERT_EQ(0, IN_NET(a, link_add("dummy", "d1")));
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(netns, a_number_is_news)
{
	int sk = listener(RTNLGRP_NSID), elsewhere = IN_NET(self->b, listener(RTNLGRP_NSID));
	struct news news;

	ASSERT_EQ(0, nsid_set(self->a, 17));
	news = next(sk, PROC_HANG_MS);
	EXPECT_EQ(RTM_NEWNSID, news.type);
	EXPECT_EQ(17, news.id);
	EXPECT_EQ(-EEXIST, nsid_set(self->a, 18));
	EXPECT_EQ(0, next(sk, 0).type);
	EXPECT_EQ(0, next(elsewhere, 0).type);
}

TEST_F(netns, a_number_ends_with_its_namespace_and_is_free_again)
{
	int sk = listener(RTNLGRP_NSID);
	struct news news;

	ASSERT_EQ(0, nsid_set(self->a, 17));
	ASSERT_EQ(0, nsid_set(self->b, 18));
	forget(sk);
	EXPECT_EQ(-EEXIST, nsid_set(self->home, 17));
	close(self->a);
	news = next(sk, PROC_HANG_MS);
	EXPECT_EQ(RTM_DELNSID, news.type);
	EXPECT_EQ(17, news.id);
	EXPECT_EQ(0, nsid_set(self->home, 17));
	EXPECT_EQ(17, nsid_get(self->home));
	EXPECT_EQ(18, nsid_get(self->b));
}

/* What number another namespace has may be known; to give one is administration. */
TEST_F(netns, numbers_are_given_by_the_administrator)
{
	int a = self->a, b = self->b;
	pid_t pid;

	ASSERT_EQ(0, nsid_set(a, 17));
	pid = proc_fork_bound(0);
	if (!pid) {
		proc_become_nobody();
		must(nsid_set(b, 18) == -EPERM);
		must(nsid_get(a) == 17);
		must(!ns_become_user_root());
		must(nsid_set(b, 18) == -EPERM);
		must(!unshare(CLONE_NEWNET));
		must(!nsid_set(b, 18));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(NETNSA_NSID_NOT_ASSIGNED, nsid_get(b));
}

/* Asks for the device "lo" of the namespace that has the number @id here. */
static int ask_there(int id)
{
	struct nl r = link_request(RTM_GETLINK, 0, "lo");

	nl_add_int(&r, IFLA_TARGET_NETNSID, id);
	return nl_talk(&r);
}

TEST_F(netns, a_number_is_a_way_only_to_what_is_ones_own)
{
	int home = self->home;
	pid_t pid = userns_fork(CLONE_NEWNET, 1000, 10);

	if (!pid) {
		must(!nsid_set(home, 17));
		must(!nsid_set(net_make(), 18));
		must(ask_there(17) == -EACCES);
		must(!ask_there(18));
		must(ask_there(19) == -EINVAL);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	ASSERT_EQ(0, nsid_set(self->a, 17));
	EXPECT_EQ(0, ask_there(17));
}

TEST_HARNESS_MAIN

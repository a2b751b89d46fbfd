/* SPDX-License-Identifier: GPL-2.0 */
/* What the programs of this suite share: three net namespaces. */
#ifndef NETNS_H
#define NETNS_H

#include "kselftest_harness.h"
#include "netdev.h"
#include "ns.h"
#include "userns.h"

#ifndef NETNS_OWN_FIXTURE
/*
 * The test's process lives in a net namespace of its own, home; a and b are
 * others. All three are gone with the process.
 */
FIXTURE(netns)
{
	int home, a, b;
};

FIXTURE_SETUP(netns)
{
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	self->home = ns_open(0, "net");
	ASSERT_GE(self->home, 0);
	self->a = net_make();
	self->b = net_make();
}

FIXTURE_TEARDOWN(netns)
{
}

#endif

/* A pair of devices, "va" in @a with @addr_a and "vb" in @b with @addr_b, up. */
static inline void join(int a, int b, const char *addr_a, const char *addr_b)
{
	int prefix = strchr(addr_a, ':') ? 64 : 24;

	must(!IN_NET(a, link_add_veth("va", "vb", b)));
	must(!IN_NET(a, addr_add("va", addr_a, prefix)));
	must(!IN_NET(b, addr_add("vb", addr_b, prefix)));
	must(!IN_NET(a, link_up("va")));
	must(!IN_NET(b, link_up("vb")));
	must(!IN_NET(a, link_await("va", addr_a)));
	must(!IN_NET(b, link_await("vb", addr_b)));
}

/* Whether a datagram from @a reaches @addr, which is one of @b. */
static inline bool udp_flows(int a, int b, const char *addr)
{
	int rx = IN_NET(b, net_bound(SOCK_DGRAM, addr, 7)), tx;
	bool ok = false;

	must(rx >= 0);
	tx = IN_NET(a, net_connected(SOCK_DGRAM, addr, 7));
	if (tx >= 0) {
		ok = net_flows(tx, rx);
		close(tx);
	}
	close(rx);
	return ok;
}

/* Runs @command in the shell. Whether it ended well; it may say what it likes. */
static inline bool run(const char *command)
{
	pid_t pid = fork();

	if (!pid) {
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	return proc_end(pid) == 0;
}

/* Numbers that a namespace has for others: RTM_NEWNSID, RTM_GETNSID. */

static inline int nsid_set(int ns, int id)
{
	struct rtgenmsg g = { .rtgen_family = AF_UNSPEC };
	struct nl r = nl_make(RTM_NEWNSID, 0, &g, sizeof(g));

	nl_add_int(&r, NETNSA_FD, ns);
	nl_add_int(&r, NETNSA_NSID, id);
	return nl_talk(&r);
}

/* The number for @ns, -1 when there is none; -1000 - errno. */
static inline int nsid_get(int ns)
{
	struct rtgenmsg g = { .rtgen_family = AF_UNSPEC };
	struct nl r = nl_make(RTM_GETNSID, 0, &g, sizeof(g));
	const int *id;
	int err;

	nl_add_int(&r, NETNSA_FD, ns);
	err = nl_talk(&r);
	id = nl_find(&r, sizeof(g), NETNSA_NSID);
	return err ? err - 1000 : id ? *id : -2000;
}

#endif /* NETNS_H */

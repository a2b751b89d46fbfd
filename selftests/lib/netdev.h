/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Network namespaces and what is in them: devices, addresses and routes by
 * rtnetlink, and sockets to send something over. What can be refused returns
 * -errno. Everything is about the caller's net namespace at the time; IN_NET()
 * is how a test works in several.
 */
#ifndef BULKHEAD_NETDEV_H
#define BULKHEAD_NETDEV_H

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include "file.h"
#include "ns.h"
#include "proc.h"

/* A new net namespace, in which nobody lives. The caller stays where it is. */
static inline int net_make(void)
{
	int home = ns_open(0, "net"), ns;

	must(home >= 0);
	must(!unshare(CLONE_NEWNET));
	ns = ns_open(0, "net");
	must(ns >= 0);
	must(!setns(home, CLONE_NEWNET));
	close(home);
	return ns;
}

/* The value of @expr, as it is in the net namespace @ns. */
#define IN_NET(ns, expr) ({						\
	int _home = ns_open(0, "net");					\
	__typeof__(expr) _value;					\
									\
	must(_home >= 0);						\
	must(!setns(ns, CLONE_NEWNET));					\
	_value = (expr);						\
	must(!setns(_home, CLONE_NEWNET));				\
	close(_home);							\
	_value;								\
})

/* A request, and the answer to it. */
struct nl {
	struct nlmsghdr h;
	char buf[2048];
};

static inline struct nl nl_make(int type, int flags, const void *head, size_t len)
{
	struct nl r = { .h = {
		.nlmsg_len = NLMSG_LENGTH(len),
		.nlmsg_type = type,
		.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags,
	} };

	memcpy(r.buf, head, len);
	return r;
}

static inline struct rtattr *nl_add(struct nl *r, int type, const void *data, size_t len)
{
	size_t at = NLMSG_ALIGN(r->h.nlmsg_len);
	struct rtattr *a = (struct rtattr *)((char *)r + at);

	must(at + RTA_SPACE(len) <= sizeof(*r));
	a->rta_type = type;
	a->rta_len = RTA_LENGTH(len);
	if (len)
		memcpy(RTA_DATA(a), data, len);
	r->h.nlmsg_len = at + RTA_SPACE(len);
	return a;
}

static inline void nl_add_int(struct nl *r, int type, int value)
{
	nl_add(r, type, &value, sizeof(value));
}

static inline void nl_add_text(struct nl *r, int type, const char *text)
{
	nl_add(r, type, text, strlen(text) + 1);
}

static inline void nl_end(struct nl *r, struct rtattr *nest)
{
	nest->rta_len = (char *)r + r->h.nlmsg_len - (char *)nest;
}

static inline int nl_open(void)
{
	int sk = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	must(sk >= 0);
	return sk;
}

/*
 * Sends @r on @sk and waits for the acknowledgment; an answer that comes before
 * it replaces @r. Returns 0 or -errno.
 */
static inline int nl_talk_on(int sk, struct nl *r)
{
	union {
		struct nlmsghdr h;
		char buf[8192];
	} in;
	ssize_t n;

	if (send(sk, r, r->h.nlmsg_len, 0) < 0)
		return -errno;
	for (;;) {
		struct nlmsghdr *h = &in.h;

		must(proc_poll(sk, POLLIN, PROC_HANG_MS) & POLLIN);
		n = recv(sk, &in, sizeof(in), 0);
		if (n < 0)
			return -errno;
		for (; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
			if (h->nlmsg_type == NLMSG_ERROR)
				return ((struct nlmsgerr *)NLMSG_DATA(h))->error;
			memcpy(r, h, h->nlmsg_len < sizeof(*r) ?
				     h->nlmsg_len : sizeof(*r));
		}
	}
}

static inline int nl_talk(struct nl *r)
{
	int sk = nl_open(), err = nl_talk_on(sk, r);

	close(sk);
	return err;
}

/* The attribute @type of the answer @r, which has a head of @len bytes. */
static inline const void *nl_find(const struct nl *r, size_t len, int type)
{
	const struct rtattr *a = (const void *)((const char *)r + NLMSG_SPACE(len));
	int left = r->h.nlmsg_len - NLMSG_SPACE(len);

	for (; RTA_OK(a, left); a = RTA_NEXT(a, left))
		if (a->rta_type == type)
			return RTA_DATA(a);
	return NULL;
}

static inline struct nl link_request(int type, int flags, const char *name)
{
	struct ifinfomsg i = { .ifi_family = AF_UNSPEC };
	struct nl r = nl_make(type, flags, &i, sizeof(i));

	if (name)
		nl_add_text(&r, IFLA_IFNAME, name);
	return r;
}

/* A device of @kind ("dummy", "bridge"), in the namespace @ns unless it is -1. */
static inline int link_add_in(const char *kind, const char *name, int ns)
{
	struct nl r = link_request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, name);
	struct rtattr *info;

	if (ns >= 0)
		nl_add_int(&r, IFLA_NET_NS_FD, ns);
	info = nl_add(&r, IFLA_LINKINFO, NULL, 0);
	nl_add_text(&r, IFLA_INFO_KIND, kind);
	nl_end(&r, info);
	return nl_talk(&r);
}

static inline int link_add(const char *kind, const char *name)
{
	return link_add_in(kind, name, -1);
}

/*
 * A pair of veth devices; the @peer is born in @ns unless that is -1. Its number
 * is not the other's: where both are the same, the kernel takes them for
 * ordinary devices, and up to a second to notice that they have a carrier
 * (linkwatch_urgent_event()).
 */
static inline int link_add_veth(const char *name, const char *peer, int ns)
{
	static int number = 1000;
	struct nl r = link_request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, name);
	struct ifinfomsg i = { .ifi_family = AF_UNSPEC, .ifi_index = ++number };
	struct rtattr *info, *data, *p;

	info = nl_add(&r, IFLA_LINKINFO, NULL, 0);
	nl_add_text(&r, IFLA_INFO_KIND, "veth");
	data = nl_add(&r, IFLA_INFO_DATA, NULL, 0);
	p = nl_add(&r, VETH_INFO_PEER, &i, sizeof(i));
	nl_add_text(&r, IFLA_IFNAME, peer);
	if (ns >= 0)
		nl_add_int(&r, IFLA_NET_NS_FD, ns);
	nl_end(&r, p);
	nl_end(&r, data);
	nl_end(&r, info);
	return nl_talk(&r);
}

static inline int link_remove(const char *name)
{
	struct nl r = link_request(RTM_DELLINK, 0, name);

	return nl_talk(&r);
}

/* Moves the device to the namespace @ns. */
static inline int link_move(const char *name, int ns)
{
	struct nl r = link_request(RTM_NEWLINK, 0, name);

	nl_add_int(&r, IFLA_NET_NS_FD, ns);
	return nl_talk(&r);
}

/* Sets the attribute @type of the device to a number (IFLA_MASTER, IFLA_MTU). */
static inline int link_set(const char *name, int type, int value)
{
	struct nl r = link_request(RTM_NEWLINK, 0, name);

	nl_add_int(&r, type, value);
	return nl_talk(&r);
}

/* The number of the device, 0 if there is none of that name here. */
static inline int link_index(const char *name)
{
	return if_nametoindex(name);
}

static inline int link_up(const char *name)
{
	struct ifinfomsg i = {
		.ifi_family = AF_UNSPEC,
		.ifi_flags = IFF_UP,
		.ifi_change = IFF_UP,
		.ifi_index = link_index(name),
	};
	struct nl r = nl_make(RTM_NEWLINK, 0, &i, sizeof(i));

	return i.ifi_index ? nl_talk(&r) : -ENODEV;
}

/* The device's IFF_ flags (NET_LOWER_UP: it has a carrier), or -errno. */
#define NET_LOWER_UP	(1 << 16)

static inline int link_flags(const char *name)
{
	struct nl r = link_request(RTM_GETLINK, 0, name);
	int err = nl_talk(&r);

	return err ? err : (int)((struct ifinfomsg *)r.buf)->ifi_flags;
}

/* "10.0.0.1" or "fd00::1" in network order. Returns the family. */
static inline int net_parse(const char *text, void *addr, size_t *len)
{
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;

	*len = family == AF_INET ? 4 : 16;
	must(inet_pton(family, text, addr) == 1);
	return family;
}

/* Gives (RTM_NEWADDR) or takes (RTM_DELADDR) the address; it is usable at once. */
static inline int addr_change(int type, const char *dev, const char *text, int prefix)
{
	struct ifaddrmsg m = { .ifa_prefixlen = prefix, .ifa_index = link_index(dev) };
	char addr[16];
	struct nl r;
	size_t len;

	m.ifa_family = net_parse(text, addr, &len);
	m.ifa_flags = m.ifa_family == AF_INET6 ? IFA_F_NODAD : 0;
	r = nl_make(type, type == RTM_NEWADDR ? NLM_F_CREATE | NLM_F_EXCL : 0,
		    &m, sizeof(m));
	nl_add(&r, IFA_LOCAL, addr, len);
	nl_add(&r, IFA_ADDRESS, addr, len);
	return nl_talk(&r);
}

static inline int addr_add(const char *dev, const char *text, int prefix)
{
	return addr_change(RTM_NEWADDR, dev, text, prefix);
}

/* A route to @dst ("0.0.0.0" with @prefix 0: all) by the gateway @via. */
static inline int route_add(const char *dst, int prefix, const char *via)
{
	struct rtmsg m = {
		.rtm_dst_len = prefix,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_type = RTN_UNICAST,
	};
	char to[16], gw[16];
	struct nl r;
	size_t len;

	m.rtm_family = net_parse(dst, to, &len);
	net_parse(via, gw, &len);
	r = nl_make(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &m, sizeof(m));
	nl_add(&r, RTA_DST, to, len);
	nl_add(&r, RTA_GATEWAY, gw, len);
	return nl_talk(&r);
}

union net_addr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

static inline socklen_t net_address(union net_addr *a, const char *text, int port)
{
	char addr[16];
	size_t len;

	memset(a, 0, sizeof(*a));
	a->sa.sa_family = net_parse(text, addr, &len);
	if (a->sa.sa_family == AF_INET) {
		a->in.sin_port = htons(port);
		memcpy(&a->in.sin_addr, addr, len);
		return sizeof(a->in);
	}
	a->in6.sin6_port = htons(port);
	memcpy(&a->in6.sin6_addr, addr, len);
	return sizeof(a->in6);
}

/* A socket of @type bound to @text and @port, listening if it is a stream. */
static inline int net_bound(int type, const char *text, int port)
{
	union net_addr a;
	socklen_t len = net_address(&a, text, port);
	int sk = socket(a.sa.sa_family, type | SOCK_CLOEXEC, 0), err;

	if (sk < 0)
		return -errno;
	if (!bind(sk, &a.sa, len) && (type != SOCK_STREAM || !listen(sk, 16)))
		return sk;
	err = -errno;
	close(sk);
	return err;
}

/* linux/if.h's IF_OPER_UP; that header does not go together with net/if.h. */
#define NET_OPER_UP	6

static inline bool link_transmits(const char *name)
{
	struct nl r = link_request(RTM_GETLINK, 0, name);
	const unsigned char *state;

	must(!nl_talk(&r));
	state = nl_find(&r, sizeof(struct ifinfomsg), IFLA_OPERSTATE);
	return state && *state == NET_OPER_UP;
}

/* Whether the address is here and no longer tentative, as IPv6's are at first. */
static inline bool addr_usable(const char *addr)
{
	int sk = net_bound(SOCK_DGRAM, addr, 0);

	if (sk < 0)
		return false;
	close(sk);
	return true;
}

/*
 * Waits until the device, which is up and has a carrier, transmits, also from
 * @addr if that is not NULL: until a worker of the kernel has noticed, it drops
 * what it is given, and what was lost is sent again after a second.
 */
static inline int link_await(const char *name, const char *addr)
{
	struct timespec start, now;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		if (link_transmits(name) && (!addr || addr_usable(addr)))
			return 0;
		poll(NULL, 0, 1);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec - start.tv_sec < PROC_HANG_MS / 1000);
	return -ETIMEDOUT;
}

/* A socket of @type that is connected to @text and @port, within PROC_HANG_MS. */
static inline int net_connected(int type, const char *text, int port)
{
	union net_addr a;
	socklen_t len = net_address(&a, text, port), size = sizeof(int);
	int sk = socket(a.sa.sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), err = 0;

	if (sk < 0)
		return -errno;
	if (connect(sk, &a.sa, len))
		err = errno;
	if (err == EINPROGRESS) {
		if (!proc_poll(sk, POLLOUT, PROC_HANG_MS))
			err = ETIMEDOUT;
		else
			must(!getsockopt(sk, SOL_SOCKET, SO_ERROR, &err, &size));
	}
	if (!err && !fcntl(sk, F_SETFL, 0))
		return sk;
	close(sk);
	return -err;
}

static inline int net_accept(int sk)
{
	int fd;

	if (!(proc_poll(sk, POLLIN, PROC_HANG_MS) & POLLIN))
		return -ETIMEDOUT;
	fd = accept4(sk, NULL, NULL, SOCK_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Whether what is written to @tx comes out of @rx, which is elsewhere. */
static inline bool net_flows(int tx, int rx)
{
	char buf[16] = "";

	if (write(tx, "across", 6) != 6)
		return false;
	if (!(proc_poll(rx, POLLIN, PROC_HANG_MS) & POLLIN))
		return false;
	return read(rx, buf, sizeof(buf) - 1) == 6 && !strcmp(buf, "across");
}

#endif /* BULKHEAD_NETDEV_H */

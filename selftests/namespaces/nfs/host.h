/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Test hosts of this suite, several next to each other: each is a process with
 * namespaces of its own, and a pair of devices joins it to the test.
 */
#ifndef NFS_SUITE_HOST_H
#define NFS_SUITE_HOST_H

#include "kselftest_harness.h"
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include "nfs.h"

#define NEEDS_NFS() do {						\
	if (!nfs_is_there())						\
		SKIP(return, "no NFS client or no NFS server in this kernel"); \
} while (0)

struct link_request {
	struct nlmsghdr head;
	struct ifinfomsg info;
	char attrs[256];
};

static inline struct rtattr *add_attr(struct link_request *r, int type,
				      const void *data, size_t len)
{
	struct rtattr *a = (void *)r + NLMSG_ALIGN(r->head.nlmsg_len);

	a->rta_type = type;
	a->rta_len = RTA_LENGTH(len);
	if (len)
		memcpy(RTA_DATA(a), data, len);
	r->head.nlmsg_len = NLMSG_ALIGN(r->head.nlmsg_len) + RTA_SPACE(len);
	return a;
}

static inline void end_attr(struct link_request *r, struct rtattr *a)
{
	a->rta_len = (void *)r + r->head.nlmsg_len - (void *)a;
}

/* A pair of devices: @far here, @near in the net namespace of @host. */
static inline void make_pair(const char *far, const char *near, pid_t host)
{
	struct link_request r = {
		.head.nlmsg_len = NLMSG_LENGTH(sizeof(r.info)),
		.head.nlmsg_type = RTM_NEWLINK,
		.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL |
				    NLM_F_ACK,
	};
	struct {
		struct nlmsghdr head;
		struct nlmsgerr err;
	} answer;
	struct rtattr *info, *data, *peer;
	int fd;

	add_attr(&r, IFLA_IFNAME, far, strlen(far) + 1);
	info = add_attr(&r, IFLA_LINKINFO, NULL, 0);
	add_attr(&r, IFLA_INFO_KIND, "veth", 4);
	data = add_attr(&r, IFLA_INFO_DATA, NULL, 0);
	peer = add_attr(&r, VETH_INFO_PEER, &r.info, sizeof(r.info));
	add_attr(&r, IFLA_IFNAME, near, strlen(near) + 1);
	add_attr(&r, IFLA_NET_NS_PID, &host, sizeof(host));
	end_attr(&r, peer);
	end_attr(&r, data);
	end_attr(&r, info);

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	must(fd >= 0);
	must(send(fd, &r, r.head.nlmsg_len, 0) == r.head.nlmsg_len);
	must(recv(fd, &answer, sizeof(answer), 0) > 0);
	must(answer.head.nlmsg_type == NLMSG_ERROR && !answer.err.error);
	close(fd);
}

/* Gives the device its address, 10.0.@net.@host in a net of 256, and ups it. */
static inline void set_address(const char *device, int net, int host)
{
	struct sockaddr_in *sin;
	struct ifreq ifr = {};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	must(fd >= 0);
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", device);
	sin = (struct sockaddr_in *)&ifr.ifr_addr;
	sin->sin_family = AF_INET;
	sin->sin_addr.s_addr = htonl(10 << 24 | net << 8 | host);
	must(!ioctl(fd, SIOCSIFADDR, &ifr));
	sin->sin_addr.s_addr = htonl(0xffffff00);
	must(!ioctl(fd, SIOCSIFNETMASK, &ifr));
	close(fd);
	must(!nfs_link_up(device));
}

/* The caller is 10.0.@net.1 on "far@net"; the host says join_here(). */
static inline void join(pid_t host, int net)
{
	char far[IFNAMSIZ], near[IFNAMSIZ];

	snprintf(far, sizeof(far), "far%d", net);
	snprintf(near, sizeof(near), "near%d", net);
	make_pair(far, near, host);
	set_address(far, net, 1);
}

/* Said by the host, once there is the device: it is 10.0.@net.2. */
static inline void join_here(int net)
{
	char near[IFNAMSIZ];

	snprintf(near, sizeof(near), "near%d", net);
	set_address(near, net, 2);
}

static inline void make_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	must(fd >= 0);
	must(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	must(!close(fd));
}

static inline bool holds(const char *path, const char *text)
{
	char buf[4096];

	return file_read(path, buf, sizeof(buf)) >= 0 && !strcmp(buf, text);
}

/* All that makes a server, for everybody who comes from @address. */
static inline void serve(const char *address, unsigned int flags)
{
	must(!nfs_admit(address));
	must(!nfs_export(flags));
	must(!nfs_start(2));
}

#endif /* NFS_SUITE_HOST_H */

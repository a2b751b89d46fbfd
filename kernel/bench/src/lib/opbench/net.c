// SPDX-License-Identifier: GPL-2.0
/* opbench: sockets of the calling task, in its net namespace, and packets over lo */
#include <linux/err.h>
#include <linux/in.h>
#include <linux/net.h>
#include <linux/socket.h>
#include <linux/uio.h>

#include "opbench.h"

#define OPBENCH_PACKET	64

static int opbench_bound_socket(struct socket **sock)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int err = sock_create(AF_INET, SOCK_DGRAM, IPPROTO_UDP, sock);

	if (err)
		return err;
	err = kernel_bind(*sock, (struct sockaddr_unsized *)&addr, sizeof(addr));
	if (err)
		sock_release(*sock);
	return err;
}

/* To its own address: what it sends it receives. */
static int opbench_connect_self(struct socket *sock)
{
	struct sockaddr_in addr;
	int err = kernel_getsockname(sock, (struct sockaddr *)&addr);

	if (err < 0)
		return err;
	return kernel_connect(sock, (struct sockaddr_unsized *)&addr, sizeof(addr), 0);
}

static int opbench_socket(struct opbench *b, unsigned long n)
{
	while (n--) {
		struct socket *sock;
		int err = opbench_bound_socket(&sock);

		if (err)
			return err;
		err = opbench_connect_self(sock) ?: opbench_stop();
		sock_release(sock);
		if (err)
			return err;
	}
	return 0;
}

static int opbench_udp_prepare(struct opbench *b)
{
	struct socket *sock;
	int err = opbench_bound_socket(&sock);

	if (err)
		return err;
	err = opbench_connect_self(sock);
	if (err)
		sock_release(sock);
	else
		b->priv = sock;
	return err;
}

static void opbench_udp_finish(struct opbench *b)
{
	sock_release(b->priv);
}

static int opbench_udp(struct opbench *b, unsigned long n)
{
	struct socket *sock = b->priv;
	char packet[OPBENCH_PACKET] = { };

	while (n--) {
		struct kvec vec = { .iov_base = packet, .iov_len = sizeof(packet) };
		struct msghdr out = { }, in = { };
		int got = kernel_sendmsg(sock, &out, &vec, 1, sizeof(packet));

		if (got == sizeof(packet)) {
			vec = (struct kvec){ .iov_base = packet, .iov_len = sizeof(packet) };
			got = kernel_recvmsg(sock, &in, &vec, 1, sizeof(packet), 0);
		}
		if (got != sizeof(packet))
			return got < 0 ? got : -EIO;
		if (opbench_stop())
			return -EINTR;
	}
	return 0;
}

const struct opbench_op opbench_net_ops[] = {
	{
		.name = "socket", .run = opbench_socket,
		.what = "create a UDP socket, bind it to a free port of lo, connect it, close it",
	}, {
		.name = "udp", .run = opbench_udp,
		.prepare = opbench_udp_prepare, .finish = opbench_udp_finish,
		.what = "send a packet of 64 bytes over lo and receive it",
	},
	{ }
};

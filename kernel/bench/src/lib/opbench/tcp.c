// SPDX-License-Identifier: GPL-2.0
/* opbench: connections over lo, and the memory of a socket */
#include <linux/err.h>
#include <linux/in.h>
#include <linux/net.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <net/sock.h>

#include "opbench.h"

#define OPBENCH_BUFFER	1024
#define OPBENCH_BACKLOG	16

static int opbench_tcp_socket(struct socket **sock)
{
	return sock_create(AF_INET, SOCK_STREAM, IPPROTO_TCP, sock);
}

/* Ends a connection at once: nothing of it waits in TIME_WAIT. */
static void opbench_reset(struct socket *sock)
{
	sock_no_linger(sock->sk);
	sock_release(sock);
}

static int opbench_listen(struct socket *sock)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	return kernel_bind(sock, (struct sockaddr_unsized *)&addr, sizeof(addr)) ?:
	       kernel_listen(sock, OPBENCH_BACKLOG);
}

static int opbench_tcp_prepare(struct opbench *b)
{
	struct socket *sock;
	int err = opbench_tcp_socket(&sock);

	if (err)
		return err;
	err = opbench_listen(sock);
	if (err)
		sock_release(sock);
	else
		b->priv = sock;
	return err;
}

static void opbench_release(struct opbench *b)
{
	sock_release(b->priv);
}

static int opbench_connection(struct socket *listener, struct sockaddr_in *addr)
{
	struct socket *client, *server;
	int err = opbench_tcp_socket(&client);

	if (err)
		return err;
	err = kernel_connect(client, (struct sockaddr_unsized *)addr, sizeof(*addr), 0);
	if (!err)
		err = kernel_accept(listener, &server, 0);
	if (!err)
		opbench_reset(server);
	opbench_reset(client);
	return err;
}

static int opbench_tcp(struct opbench *b, unsigned long n)
{
	struct sockaddr_in addr;
	int err = kernel_getsockname(b->priv, (struct sockaddr *)&addr);

	err = min(err, 0);
	while (!err && n--)
		err = opbench_connection(b->priv, &addr) ?: opbench_stop();
	return err;
}

static int opbench_skb_prepare(struct opbench *b)
{
	struct socket *sock;
	int err = opbench_tcp_socket(&sock);

	if (!err)
		b->priv = sock;
	return err;
}

/* What a write to a socket has for each buffer: each op takes memory and gives it back. */
static int opbench_skb_one(struct opbench *b, struct sock *sk)
{
	struct sk_buff *skb = alloc_skb(OPBENCH_BUFFER, sk->sk_allocation);

	if (!skb)
		return -ENOMEM;
	if (sk_wmem_schedule(sk, skb->truesize)) {
		sk_mem_charge(sk, skb->truesize);
		sk_mem_uncharge(sk, skb->truesize);
	} else {
		b->refused++;
	}
	kfree_skb(skb);
	return 0;
}

static int opbench_skb(struct opbench *b, unsigned long n)
{
	struct socket *sock = b->priv;
	struct sock *sk = sock->sk;
	int err = 0;

	while (!err && n--) {
		lock_sock(sk);
		err = opbench_skb_one(b, sk);
		release_sock(sk);
		err = err ?: opbench_stop();
	}
	return err;
}

const struct opbench_op opbench_tcp_ops[] = {
	{
		.name = "tcp", .run = opbench_tcp,
		.prepare = opbench_tcp_prepare, .finish = opbench_release,
		.what = "connect a TCP socket over lo, accept it, reset both ends",
	}, {
		.name = "skb", .run = opbench_skb,
		.prepare = opbench_skb_prepare, .finish = opbench_release,
		.what = "allocate a buffer of 1024 bytes, account it to a TCP socket, give it back",
	},
	{ }
};

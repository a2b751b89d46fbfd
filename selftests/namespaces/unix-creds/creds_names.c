// SPDX-License-Identifier: GPL-2.0
/*
 * The names of AF_UNIX sockets: abstract names and /proc/net/unix are of a net
 * namespace, names in the file system are not, and are for those who may write
 * the file.
 *
 * Promises from unix(7), network_namespaces(7).
 */
#include "kselftest_harness.h"
#include <sys/stat.h>
#include "ns.h"
#include "unixmsg.h"
#include "userns.h"

/* Whether /proc/net/unix, as the caller sees it, has a line with @name. */
static bool listed(const char *name)
{
	static char buf[65536];

	must(file_read("/proc/thread-self/net/unix", buf, sizeof(buf)) > 0);
	must(strlen(buf) < sizeof(buf) - 2);
	return strstr(buf, name);
}

TEST(an_abstract_name_is_of_its_net_namespace)
{
	int type[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET }, sk;
	pid_t pid;

	for (size_t i = 0; i < ARRAY_SIZE(type); i++) {
		sk = unix_bound(type[i], "@abstract");
		ASSERT_GE(sk, 0);
		pid = proc_fork_bound(CLONE_NEWNET);
		if (!pid) {
			must(unix_connected(type[i], "@abstract") == -ECONNREFUSED);
			must(unix_bound(type[i], "@abstract") >= 0);
			must(unix_connected(type[i], "@abstract") >= 0);
			_exit(0);
		}
		EXPECT_EQ(0, proc_end(pid));
		EXPECT_EQ(-EADDRINUSE, unix_bound(type[i], "@abstract"));
		close(sk);
		EXPECT_EQ(-ECONNREFUSED, unix_connected(type[i], "@abstract"));
	}
}

/* A socket is of the namespace that it was made in, wherever its user goes. */
TEST(a_socket_stays_where_it_was_made)
{
	int listener = unix_bound(SOCK_STREAM, "@stays"), early, late;
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		early = socket(AF_UNIX, SOCK_STREAM, 0);
		must(!unshare(CLONE_NEWNET));
		late = socket(AF_UNIX, SOCK_STREAM, 0);
		must(unix_connect(late, "@stays") == -ECONNREFUSED);
		must(!unix_connect(early, "@stays"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_GE(unix_accept(listener), 0);
}

/* Sends a datagram to @name from a socket that is not connected. 0 or -errno. */
static int send_to(const char *name)
{
	struct sockaddr_un a;
	socklen_t len = unix_address(&a, name);
	int sk = socket(AF_UNIX, SOCK_DGRAM, 0), err = 0;

	must(sk >= 0);
	if (sendto(sk, "x", 1, MSG_DONTWAIT, (struct sockaddr *)&a, len) < 0)
		err = -errno;
	close(sk);
	return err;
}

/*
 * What root of a user namespace, whose id outside is 1000, gets from @name: in
 * a net namespace of its own, too.
 */
static int reached_from_a_namespace(int type, const char *name)
{
	pid_t pid = userns_fork(CLONE_NEWNET, 1000, 10);
	int sk;

	if (!pid) {
		sk = unix_connected(type, name);
		/* Whoever may not connect may not send either. */
		if (type == SOCK_DGRAM)
			must(send_to(name) == (sk < 0 ? sk : 0));
		_exit(sk < 0 ? -sk : 0);
	}
	return proc_end(pid);
}

TEST(a_name_in_the_file_system_is_for_who_may_write_it)
{
	int type[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET }, sk;
	const char *name = "creds_names.sock";

	for (size_t i = 0; i < ARRAY_SIZE(type); i++) {
		unlink(name);
		sk = unix_bound(type[i], name);
		ASSERT_GE(sk, 0);
		ASSERT_EQ(0, chmod(name, 0600));
		/* It has all capabilities, but not over a file of root outside. */
		EXPECT_EQ(EACCES, reached_from_a_namespace(type[i], name));
		EXPECT_EQ(0, proc_poll(sk, POLLIN, 0));
		ASSERT_EQ(0, chown(name, 1000, 1000));
		EXPECT_EQ(0, reached_from_a_namespace(type[i], name));
		EXPECT_EQ(POLLIN, proc_poll(sk, POLLIN, 0));
		/* To read it is not what it takes. */
		ASSERT_EQ(0, chown(name, 0, 0));
		ASSERT_EQ(0, chmod(name, 0644));
		EXPECT_EQ(EACCES, reached_from_a_namespace(type[i], name));
		ASSERT_EQ(0, chmod(name, 0602));
		EXPECT_EQ(0, reached_from_a_namespace(type[i], name));
		close(sk);
	}
	unlink(name);
}

TEST(proc_net_unix_lists_the_sockets_of_its_net_namespace)
{
	struct baton ready = baton_make(), done = baton_make();
	int sk = unix_bound(SOCK_DGRAM, "@outside");
	char path[64];
	static char buf[65536];
	pid_t pid;

	ASSERT_GE(sk, 0);
	pid = proc_fork_bound(CLONE_NEWNET);
	if (!pid) {
		must(unix_bound(SOCK_DGRAM, "@inside") >= 0);
		must(listed("@inside"));
		must(!listed("@outside"));
		baton_pass(&ready, 0);
		baton_take(&done);
		_exit(0);
	}
	baton_take(&ready);
	EXPECT_TRUE(listed("@outside"));
	EXPECT_FALSE(listed("@inside"));
	snprintf(path, sizeof(path), "/proc/%d/net/unix", pid);
	ASSERT_GT(file_read(path, buf, sizeof(buf)), 0);
	EXPECT_NE(NULL, strstr(buf, "@inside"));
	EXPECT_EQ(NULL, strstr(buf, "@outside"));
	baton_pass(&done, 0);
	EXPECT_EQ(0, proc_end(pid));
}

TEST(max_dgram_qlen_is_of_its_net_namespace)
{
	const char *file = "/proc/sys/net/unix/max_dgram_qlen";
	long outside = file_number(file);
	pid_t pid;

	ASSERT_GT(outside, 0);
	pid = proc_fork_bound(CLONE_NEWNET);
	if (!pid) {
		int rx, tx, sent = 0;

		must(!file_write(file, "3"));
		must(file_number(file) == 3);
		rx = unix_bound(SOCK_DGRAM, "@qlen");
		tx = unix_connected(SOCK_DGRAM, "@qlen");
		must(rx >= 0 && tx >= 0);
		while (send(tx, "x", 1, MSG_DONTWAIT) == 1)
			sent++;
		must(errno == EAGAIN);
		/* The queue is full when it has become longer than the limit. */
		must(sent == 4);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(outside, file_number(file));
}

TEST_HARNESS_MAIN

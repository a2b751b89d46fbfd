// SPDX-License-Identifier: GPL-2.0
/*
 * The caches that tell a server who its clients are and what they may have:
 * each net namespace has its own, asks for what it lacks, and takes answers
 * through their channel files. The test is rpc.mountd here.
 *
 * Promises from Documentation/filesystems/nfs/rpc-cache.rst, nfsd(7) and the
 * format lines of fs/nfsd/export.c and net/sunrpc/svcauth_unix.c.
 */
#include "host.h"

FIXTURE(caches)
{
	int fd[3];	/* the channels, in the order of names[] */
};

static const char * const names[] = {
	"auth.unix.ip", "nfsd.fh", "nfsd.export",
};

FIXTURE_SETUP(caches)
{
	char path[64];

	NEEDS_NFS();
	ASSERT_EQ(0, nfs_become_host("server"));
	ASSERT_GT(nfs_recorder(), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), NFS_CACHES "/%s/channel",
			 names[i]);
		self->fd[i] = open(path, O_RDWR | O_CLOEXEC);
		ASSERT_GE(self->fd[i], 0);
	}
	make_file(NFS_EXPORT "/file", "served");
}

FIXTURE_TEARDOWN(caches)
{
	nfs_leave();
}

/* A harness's SKIP in the setup does not keep the test from running (6.12). */
#define NEEDS_HOST() do {						\
	if (_metadata->exit_code == KSFT_SKIP)				\
		return;							\
} while (0)

/* Takes the question that the server asks through a channel. */
static bool asked(int fd, const char *question)
{
	char text[4096];
	ssize_t n;

	if (!(proc_poll(fd, POLLIN, PROC_HANG_MS) & POLLIN))
		return false;
	n = read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return false;
	text[n] = '\0';
	if (!strcmp(text, question))
		return true;
	fprintf(stderr, "# asked '%s'\n", text);
	return false;
}

/* Mounts in a process of its own, since the server waits for our answers. */
static pid_t mounter(const char *more)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid)
		_exit(-nfs_mount("127.0.0.1", NFS_CLIENT, more));
	return pid;
}

static bool cached(const char *cache, const char *word)
{
	char path[64], text[4096];

	snprintf(path, sizeof(path), NFS_CACHES "/%s/content", cache);
	return file_read(path, text, sizeof(text)) >= 0 &&
	       strstr(text, word) != NULL;
}

TEST_F(caches, ask_who_the_client_is_and_what_it_may_have)
{
	pid_t pid;

	NEEDS_HOST();
	ASSERT_EQ(0, nfs_start(2));
	pid = mounter("");
	ASSERT_TRUE(asked(self->fd[0], "nfsd 127.0.0.1\n"));
	ASSERT_EQ(0, nfs_admit("127.0.0.1"));
	ASSERT_TRUE(asked(self->fd[1], NFS_DOMAIN " 1 \\x00000000\n"));
	ASSERT_EQ(0, nfs_tell("nfsd.fh", NFS_DOMAIN " 1 \\x00000000 "
			      NFS_FOREVER " " NFS_EXPORT "\n"));
	ASSERT_TRUE(asked(self->fd[2], NFS_DOMAIN " " NFS_EXPORT "\n"));
	EXPECT_FALSE(proc_poll(self->fd[0], POLLIN, 0));
	ASSERT_EQ(0, nfs_export(NFS_RW));
	ASSERT_EQ(0, proc_end(pid));
	EXPECT_TRUE(holds(NFS_CLIENT "/file", "served"));
	/* What is known is not asked again. */
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		EXPECT_FALSE(proc_poll(self->fd[i], POLLIN, 0));
}

TEST_F(caches, what_was_told_before_is_not_asked)
{
	NEEDS_HOST();
	serve("127.0.0.1", NFS_RW);
	EXPECT_EQ(0, nfs_mount("127.0.0.1", NFS_CLIENT, ""));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		EXPECT_FALSE(proc_poll(self->fd[i], POLLIN, 0));
	EXPECT_TRUE(cached("auth.unix.ip", "nfsd 127.0.0.1 " NFS_DOMAIN));
	EXPECT_TRUE(cached("nfsd.fh", NFS_DOMAIN " 1 0x00000000 " NFS_EXPORT));
	EXPECT_TRUE(cached("nfsd.export", NFS_EXPORT "\t" NFS_DOMAIN));
}

TEST_F(caches, an_unknown_client_is_refused)
{
	pid_t pid;

	NEEDS_HOST();
	/* The export is for others. */
	ASSERT_EQ(0, nfs_admit("10.0.0.1"));
	ASSERT_EQ(0, nfs_export(NFS_RW));
	ASSERT_EQ(0, nfs_start(2));
	pid = mounter("");
	ASSERT_TRUE(asked(self->fd[0], "nfsd 127.0.0.1\n"));
	/* No name: nobody we know. */
	ASSERT_EQ(0, nfs_tell("auth.unix.ip", "nfsd 127.0.0.1 " NFS_FOREVER
			      "\n"));
	EXPECT_NE(0, proc_end(pid));
	EXPECT_EQ(-1, access(NFS_CLIENT "/file", F_OK));
}

TEST_F(caches, a_client_without_an_export_is_refused)
{
	pid_t pid;

	NEEDS_HOST();
	ASSERT_EQ(0, nfs_admit("127.0.0.1"));
	ASSERT_EQ(0, nfs_start(2));
	pid = mounter("");
	ASSERT_TRUE(asked(self->fd[1], NFS_DOMAIN " 1 \\x00000000\n"));
	ASSERT_EQ(0, nfs_tell("nfsd.fh", NFS_DOMAIN " 1 \\x00000000 "
			      NFS_FOREVER "\n"));
	EXPECT_EQ(ENOENT, proc_end(pid));
}

TEST_F(caches, a_flush_forgets_and_the_server_asks_again)
{
	char text[32];
	pid_t pid;

	NEEDS_HOST();
	serve("127.0.0.1", NFS_RW);
	ASSERT_EQ(0, nfs_mount("127.0.0.1", NFS_CLIENT, "noac"));
	ASSERT_TRUE(holds(NFS_CLIENT "/file", "served"));
	snprintf(text, sizeof(text), "%ld\n", (long)time(NULL) + 1);
	ASSERT_EQ(0, file_write(NFS_CACHES "/nfsd.export/flush", text));
	EXPECT_FALSE(cached("nfsd.export", NFS_EXPORT));
	pid = proc_fork_bound(0);
	if (!pid)
		_exit(holds(NFS_CLIENT "/file", "served") ? 0 : 1);
	ASSERT_TRUE(asked(self->fd[2], NFS_DOMAIN " " NFS_EXPORT "\n"));
	ASSERT_EQ(0, nfs_export(NFS_RW));
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(caches, belong_to_the_namespace)
{
	pid_t pid;

	NEEDS_HOST();
	ASSERT_EQ(0, nfs_admit("127.0.0.1"));
	ASSERT_EQ(0, nfs_export(NFS_RW));
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!nfs_become_host("sibling"));
		must(!cached("auth.unix.ip", "127.0.0.1"));
		must(!cached("nfsd.export", NFS_EXPORT));
		must(!cached("nfsd.fh", NFS_EXPORT));
		must(!nfs_admit("10.9.8.7"));
		must(cached("auth.unix.ip", "10.9.8.7"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_FALSE(cached("auth.unix.ip", "10.9.8.7"));
	EXPECT_TRUE(cached("auth.unix.ip", "127.0.0.1"));
	EXPECT_TRUE(cached("nfsd.export", NFS_EXPORT));
}

/* An open channel is the namespace it was opened in, wherever its user goes. */
TEST_F(caches, a_channel_stays_with_its_namespace)
{
	static const char line[] = "nfsd 10.1.2.3 " NFS_FOREVER " "
				   NFS_DOMAIN "\n";
	int ns = ns_open(0, "net");

	NEEDS_HOST();
	ASSERT_GE(ns, 0);
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	ASSERT_EQ((ssize_t)strlen(line),
		  write(self->fd[0], line, strlen(line)));
	EXPECT_FALSE(cached("auth.unix.ip", "10.1.2.3"));
	ASSERT_EQ(0, ns_enter(ns, CLONE_NEWNET));
	EXPECT_TRUE(cached("auth.unix.ip", "10.1.2.3"));
}

struct line {
	const char *cache, *text;
	int err;
};

TEST_F(caches, malformed_answers_are_refused)
{
	static const struct line wrong[] = {
		{ "auth.unix.ip", "nfsd 127.0.0.1 " NFS_FOREVER, -EINVAL },
		{ "auth.unix.ip", "\n", -EINVAL },
		{ "auth.unix.ip", "nfsd\n", -EINVAL },
		{ "auth.unix.ip", "nfsd 127.0.0.1\n", -ENOENT },
		{ "auth.unix.ip", "nfsd 127.0.0.999 9 x\n", -EINVAL },
		{ "auth.unix.ip", "nfsd 127.0.0.1 never x\n", -EINVAL },
		{ "nfsd.export", NFS_DOMAIN " " NFS_EXPORT " "
		  NFS_FOREVER " 0 0 0 0", -EINVAL },
		{ "nfsd.export", "stranger " NFS_EXPORT " "
		  NFS_FOREVER " 0 0 0 0\n", -ENOENT },
		{ "nfsd.export", NFS_DOMAIN " /nosuch "
		  NFS_FOREVER " 0 0 0 0\n", -ENOENT },
		{ "nfsd.export", NFS_DOMAIN "\n", -EINVAL },
		/* A tmpfs has no number of its own that outlives a reboot. */
		{ "nfsd.export", NFS_DOMAIN " " NFS_EXPORT " "
		  NFS_FOREVER " 0 65534 65534 0\n", -EINVAL },
		/* Neither a folder nor a file: it cannot be exported. */
		{ "nfsd.export", NFS_DOMAIN " /proc "
		  NFS_FOREVER " 8192 65534 65534 0\n", -EINVAL },
		{ "nfsd.fh", NFS_DOMAIN " 1 \\x00000000 " NFS_FOREVER
		  " /nosuch\n", -ENOENT },
		{ "nfsd.fh", NFS_DOMAIN " 1 \\x0000 " NFS_FOREVER " "
		  NFS_EXPORT "\n", -EINVAL },
		{ "nfsd.fh", NFS_DOMAIN " 99 \\x00000000 " NFS_FOREVER " "
		  NFS_EXPORT "\n", -EINVAL },
		{ "nfsd.fh", "stranger 1 \\x00000000 " NFS_FOREVER " "
		  NFS_EXPORT "\n", -ENOENT },
	};

	NEEDS_HOST();
	ASSERT_EQ(0, nfs_admit("10.0.0.1"));
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_EQ(wrong[i].err, nfs_tell(wrong[i].cache, "%s",
						 wrong[i].text))
			TH_LOG("%s: '%s'", wrong[i].cache, wrong[i].text);
	}
	EXPECT_FALSE(cached("auth.unix.ip", "127.0.0.1"));
	EXPECT_FALSE(cached("nfsd.export", NFS_EXPORT "\t"));
	EXPECT_FALSE(cached("nfsd.fh", NFS_EXPORT));
}

/* It is the answering process whose paths are meant. */
TEST_F(caches, a_path_is_looked_up_where_the_answer_comes_from)
{
	pid_t pid;

	NEEDS_HOST();
	ASSERT_EQ(0, nfs_admit("127.0.0.1"));
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!unshare(CLONE_NEWNS));
		must(!mount("tmpfs", NFS_EXPORT, "tmpfs", 0, NULL));
		make_file(NFS_EXPORT "/file", "of another mount namespace");
		must(!nfs_export(NFS_RW));
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(pid));
	ASSERT_EQ(0, nfs_start(2));
	ASSERT_EQ(0, nfs_mount("127.0.0.1", NFS_CLIENT, ""));
	EXPECT_TRUE(holds(NFS_CLIENT "/file", "of another mount namespace"));
	EXPECT_TRUE(holds(NFS_EXPORT "/file", "served"));
}

TEST_HARNESS_MAIN

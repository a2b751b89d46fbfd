// SPDX-License-Identifier: GPL-2.0
/*
 * A server and a client, in one net namespace or in two: what is done through
 * the mount has happened on the server, and the mount belongs to the net
 * namespace it was made in.
 *
 * Promises from nfs(5), exports(5), fcntl(2), network_namespaces(7) and
 * Documentation/admin-guide/nfs/nfs-client.rst.
 */
#include "host.h"
#include "until.h"

#define C(name)	NFS_CLIENT "/" name
#define S(name)	NFS_EXPORT "/" name

FIXTURE(mounted)
{
};

FIXTURE_SETUP(mounted)
{
	NEEDS_NFS();
	ASSERT_EQ(0, nfs_become_host("server"));
	ASSERT_GT(nfs_recorder(), 0);
	serve("127.0.0.1", NFS_RW);
	ASSERT_EQ(0, nfs_mount("127.0.0.1", NFS_CLIENT, ""));
}

FIXTURE_TEARDOWN(mounted)
{
	nfs_leave();
}

/* A harness's SKIP in the setup does not keep the test from running (6.12). */
#define NEEDS_MOUNT() do {						\
	if (_metadata->exit_code == KSFT_SKIP)				\
		return;							\
} while (0)

TEST_F(mounted, what_is_written_is_on_the_server_and_comes_back)
{
	static char out[300000], in[sizeof(out)];
	int fd;

	NEEDS_MOUNT();
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = i * 7 + i / 4096;
	fd = open(C("big"), O_WRONLY | O_CREAT | O_EXCL, 0640);
	ASSERT_GE(fd, 0);
	ASSERT_EQ((ssize_t)sizeof(out), write(fd, out, sizeof(out)));
	ASSERT_EQ(0, close(fd));
	fd = open(S("big"), O_RDONLY);
	ASSERT_GE(fd, 0);
	ASSERT_EQ((ssize_t)sizeof(in), read(fd, in, sizeof(in)));
	EXPECT_EQ(0, memcmp(in, out, sizeof(in)));
	close(fd);

	/* The other way, past the client's own cache. */
	ASSERT_EQ(0, rename(S("big"), S("moved")));
	memset(in, 0, sizeof(in));
	fd = open(C("moved"), O_RDONLY);
	ASSERT_GE(fd, 0);
	ASSERT_EQ((ssize_t)sizeof(in), read(fd, in, sizeof(in)));
	EXPECT_EQ(0, memcmp(in, out, sizeof(in)));
	close(fd);
}

TEST_F(mounted, names_are_made_renamed_and_removed_on_the_server)
{
	char text[64] = "";

	NEEDS_MOUNT();
	make_file(C("a"), "one");
	ASSERT_EQ(0, mkdir(C("dir"), 0755));
	ASSERT_EQ(0, rename(C("a"), C("dir/b")));
	EXPECT_TRUE(holds(S("dir/b"), "one"));
	EXPECT_EQ(-1, access(S("a"), F_OK));
	ASSERT_EQ(0, link(C("dir/b"), C("c")));
	EXPECT_TRUE(holds(S("c"), "one"));
	ASSERT_EQ(0, symlink("dir/b", C("l")));
	EXPECT_EQ(5, readlink(S("l"), text, sizeof(text)));
	EXPECT_STREQ("dir/b", text);
	EXPECT_TRUE(holds(C("l"), "one"));
	EXPECT_EQ(-1, rmdir(C("dir")));
	EXPECT_EQ(ENOTEMPTY, errno);
	ASSERT_EQ(0, unlink(C("dir/b")));
	/* a read that rpciod has not quite put away keeps the file, under a silly name */
	ASSERT_TRUE(EVENTUALLY(!rmdir(C("dir")))) TH_LOG("%s", strerror(errno));
	EXPECT_EQ(-1, access(S("dir"), F_OK));
	EXPECT_TRUE(holds(C("c"), "one"));
	EXPECT_EQ(-1, open(C("c"), O_CREAT | O_EXCL, 0600));
	EXPECT_EQ(EEXIST, errno);
}

TEST_F(mounted, attributes_are_those_of_the_server)
{
	struct stat server, client;

	NEEDS_MOUNT();
	make_file(C("f"), "0123456789");
	ASSERT_EQ(0, chmod(C("f"), 0604));
	ASSERT_EQ(0, chown(C("f"), 1234, 5678));
	ASSERT_EQ(0, truncate(C("f"), 4));
	ASSERT_EQ(0, stat(S("f"), &server));
	EXPECT_EQ(0604, server.st_mode & 07777);
	EXPECT_EQ(1234, server.st_uid);
	EXPECT_EQ(5678, server.st_gid);
	EXPECT_EQ(4, server.st_size);
	ASSERT_EQ(0, stat(C("f"), &client));
	EXPECT_EQ(server.st_ino, client.st_ino);
	EXPECT_EQ(server.st_uid, client.st_uid);
	EXPECT_EQ(server.st_gid, client.st_gid);
	EXPECT_EQ(server.st_size, client.st_size);
	EXPECT_NE(server.st_dev, client.st_dev);
	EXPECT_TRUE(holds(C("f"), "0123"));
}

TEST_F(mounted, a_long_folder_is_listed_whole)
{
	char path[128];
	struct dirent *d;
	int n = 0;
	DIR *dir;

	NEEDS_MOUNT();
	for (int i = 0; i < 300; i++) {
		snprintf(path, sizeof(path),
			 S("a-name-that-fills-the-replies-%03d"), i);
		make_file(path, "");
	}
	dir = opendir(NFS_CLIENT);
	ASSERT_NE(NULL, dir);
	while ((d = readdir(dir)))
		n += d->d_name[0] != '.';
	closedir(dir);
	EXPECT_EQ(300, n);
}

TEST_F(mounted, an_open_file_can_be_read_after_it_was_unlinked)
{
	char text[16] = "";
	int fd;

	NEEDS_MOUNT();
	make_file(C("f"), "kept");
	fd = open(C("f"), O_RDONLY);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, unlink(C("f")));
	EXPECT_EQ(-1, access(S("f"), F_OK));
	EXPECT_EQ(4, read(fd, text, sizeof(text)));
	EXPECT_STREQ("kept", text);
	close(fd);
}

TEST_F(mounted, calls_are_counted_in_this_namespace_only)
{
	char text[64];
	long calls;
	pid_t pid;

	NEEDS_MOUNT();
	make_file(C("f"), "x");
	ASSERT_EQ(0, file_field(NFS_CACHES "/nfs", "rpc", text, sizeof(text)));
	EXPECT_LT(0, atol(text));
	ASSERT_EQ(0, file_field(NFS_CACHES "/nfsd", "rpc", text, sizeof(text)));
	calls = atol(text);
	EXPECT_LT(0, calls);
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!unshare(CLONE_NEWNET));
		/* The files are served still, and counted where they were. */
		make_file(C("g"), "y");
		must(!file_field(NFS_CACHES "/nfs", "rpc", text, sizeof(text)));
		must(atol(text) == 0);
		must(!file_field(NFS_CACHES "/nfsd", "rpc", text,
				 sizeof(text)));
		must(atol(text) == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	ASSERT_EQ(0, file_field(NFS_CACHES "/nfsd", "rpc", text, sizeof(text)));
	EXPECT_LT(calls, atol(text));
}

/* Who enters another net namespace goes on using what it has mounted. */
TEST_F(mounted, a_mount_stays_with_the_net_namespace_it_was_made_in)
{
	NEEDS_MOUNT();
	make_file(S("f"), "from the first");
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	/* Here, not even the loopback device is up. */
	EXPECT_EQ(-ENETUNREACH, nfs_connect("127.0.0.1"));
	EXPECT_TRUE(holds(C("f"), "from the first"));
	make_file(C("g"), "and back");
	EXPECT_TRUE(holds(S("g"), "and back"));
}

/* One address, one path, and two servers; neither client sees the other. */
TEST_F(mounted, two_servers_with_one_address_serve_different_files)
{
	pid_t pid;

	NEEDS_MOUNT();
	make_file(S("f"), "one");
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!nfs_become_host("other"));
		must(nfs_recorder() > 0);
		serve("127.0.0.1", NFS_RW);
		make_file(S("f"), "two");
		must(!nfs_mount("127.0.0.1", NFS_CLIENT, ""));
		must(holds(C("f"), "two"));
		make_file(C("f"), "two and a half");
		must(holds(S("f"), "two and a half"));
		nfs_leave();
		_exit(0);
	}
	EXPECT_TRUE(holds(C("f"), "one"));
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(holds(C("f"), "one"));
	EXPECT_TRUE(holds(S("f"), "one"));
}

TEST_F(mounted, no_server_is_found_from_a_sibling_namespace)
{
	pid_t pid;

	NEEDS_MOUNT();
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!nfs_become_host("sibling"));
		must(nfs_connect("127.0.0.1") == -ECONNREFUSED);
		must(nfs_mount("127.0.0.1", NFS_CLIENT,
			       "soft,timeo=10,retrans=0") < 0);
		must(access(C("f"), F_OK) == -1);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(mounted, an_ordinary_user_and_root_of_a_user_namespace_do_not_mount)
{
	pid_t pid;

	NEEDS_MOUNT();
	pid = proc_fork_bound(0);
	if (!pid) {
		proc_become_nobody();
		must(nfs_mount("127.0.0.1", NFS_CLIENT, "") == -EPERM);
		must(!ns_become_user_root());
		must(!unshare(CLONE_NEWNS));
		must(nfs_mount("127.0.0.1", NFS_CLIENT, "") == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(mounted, the_clients_name_is_the_namespaces_own)
{
	static const char file[] = "nfs/net/nfs_client/identifier";
	char path[128], text[128];
	pid_t pid;

	NEEDS_MOUNT();
	ASSERT_EQ(0, nfs_mount_at("sysfs", NFS_HOST "/sys"));
	snprintf(path, sizeof(path), NFS_HOST "/sys/fs/%s", file);
	ASSERT_EQ(0, file_write(path, "first"));
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!unshare(CLONE_NEWNET | CLONE_NEWNS));
		must(!mount("sysfs", NFS_HOST "/sys", "sysfs", 0, NULL));
		must(file_read(path, text, sizeof(text)) >= 0);
		must(strcmp(text, "first"));
		must(!file_write(path, "second"));
		must(holds(path, "second"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(holds(path, "first"));
}

/*
 * A host that is only a server, at 10.0.n.2, and the test, which is a client of
 * it at 10.0.1.1. The server does as it is told.
 */
FIXTURE(joined)
{
	pid_t server;
	struct baton order, done;
};

#define ORDER_STOP	0
#define ORDER_JOIN	1	/* and more: as host 2 of that net */
#define ORDER_EXPORT	1000	/* and more: with these flags */

static void obey(struct baton *order, struct baton *done)
{
	char address[32];
	int what;

	for (;;) {
		proc_poll(order->fd[0], POLLIN, -1);
		what = baton_take(order);
		if (what == ORDER_STOP)
			_exit(-nfs_stop_last());
		if (what >= ORDER_EXPORT) {
			must(!nfs_export(what - ORDER_EXPORT));
		} else {
			join_here(what);
			snprintf(address, sizeof(address), "10.0.%d.1", what);
			must(!nfs_admit(address));
		}
		baton_pass(done, 0);
	}
}

static void tell(FIXTURE_DATA(joined) *self, int what)
{
	baton_pass(&self->order, what);
	baton_take(&self->done);
}

FIXTURE_SETUP(joined)
{
	NEEDS_NFS();
	self->order = baton_make();
	self->done = baton_make();
	self->server = proc_fork_bound(0);
	if (!self->server) {
		must(!nfs_become_host("server"));
		must(nfs_recorder() > 0);
		make_file(S("f"), "served");
		must(!chmod(NFS_EXPORT, 01777));
		serve("10.0.0.1", NFS_RW);
		/* Somebody we do not know. */
		must(!nfs_tell("auth.unix.ip", "nfsd 10.0.1.77 " NFS_FOREVER
			       "\n"));
		baton_pass(&self->done, 0);
		obey(&self->order, &self->done);
	}
	baton_take(&self->done);
	ASSERT_EQ(0, nfs_become_host("client"));
	join(self->server, 1);
	tell(self, 1);
}

FIXTURE_TEARDOWN(joined)
{
	if (!self->server)
		return;
	umount(NFS_CLIENT);
	baton_pass(&self->order, ORDER_STOP);
	EXPECT_EQ(0, proc_end(self->server));
}

static const char *on_server(pid_t server, char *path, const char *name)
{
	snprintf(path, PATH_MAX, "/proc/%d/root" NFS_EXPORT "/%s", server,
		 name);
	return path;
}

TEST_F(joined, a_client_in_another_namespace_reads_and_writes)
{
	char path[PATH_MAX];

	NEEDS_MOUNT();
	ASSERT_EQ(0, nfs_mount("10.0.1.2", NFS_CLIENT, ""));
	EXPECT_TRUE(holds(C("f"), "served"));
	EXPECT_EQ(-1, access(S("f"), F_OK));
	make_file(C("new"), "abc");
	EXPECT_TRUE(holds(on_server(self->server, path, "new"), "abc"));
}

TEST_F(joined, a_read_only_export_is_not_written)
{
	char path[PATH_MAX];

	NEEDS_MOUNT();
	tell(self, ORDER_EXPORT + (NFS_RW | NFS_RO));
	ASSERT_EQ(0, nfs_mount("10.0.1.2", NFS_CLIENT, ""));
	EXPECT_TRUE(holds(C("f"), "served"));
	EXPECT_EQ(-1, open(C("new"), O_WRONLY | O_CREAT | O_EXCL, 0644));
	EXPECT_EQ(EROFS, errno);
	EXPECT_EQ(-1, open(C("f"), O_WRONLY));
	EXPECT_EQ(EROFS, errno);
	EXPECT_EQ(-1, unlink(C("f")));
	EXPECT_EQ(EROFS, errno);
	EXPECT_EQ(-1, rename(C("f"), C("g")));
	EXPECT_EQ(EROFS, errno);
	EXPECT_TRUE(holds(on_server(self->server, path, "f"), "served"));
}

/* exports(5), "root_squash": root becomes the anonymous user. */
TEST_F(joined, a_clients_root_is_root_or_nobody_as_the_export_says)
{
	char path[PATH_MAX];
	struct stat st;

	NEEDS_MOUNT();
	ASSERT_EQ(0, nfs_mount("10.0.1.2", NFS_CLIENT, ""));
	make_file(C("roots"), "");
	ASSERT_EQ(0, stat(on_server(self->server, path, "roots"), &st));
	EXPECT_EQ(0, st.st_uid);
	EXPECT_EQ(0, chmod(C("f"), 0600));
	tell(self, ORDER_EXPORT + (NFS_RW | NFS_ROOTSQUASH));
	make_file(C("nobodys"), "");
	ASSERT_EQ(0, stat(on_server(self->server, path, "nobodys"), &st));
	EXPECT_EQ(65534, st.st_uid);
	EXPECT_EQ(-1, chmod(C("f"), 0644));
	EXPECT_EQ(EPERM, errno);
}

TEST_F(joined, a_stranger_is_refused)
{
	NEEDS_MOUNT();
	set_address("far1", 1, 77);
	EXPECT_EQ(0, nfs_connect("10.0.1.2"));
	EXPECT_NE(0, nfs_mount("10.0.1.2", NFS_CLIENT,
			       "soft,timeo=10,retrans=0"));
	EXPECT_EQ(-1, access(C("f"), F_OK));
	set_address("far1", 1, 1);
	EXPECT_EQ(0, nfs_mount("10.0.1.2", NFS_CLIENT, ""));
}

/* exports(5), "secure": only who may bind a low port is a client at all. */
TEST_F(joined, an_unprivileged_port_is_refused)
{
	NEEDS_MOUNT();
	EXPECT_EQ(-EPERM, nfs_mount("10.0.1.2", NFS_CLIENT, "noresvport"));
	EXPECT_EQ(-1, access(C("f"), F_OK));
}

static int lock(int fd, int cmd, int type, off_t start)
{
	struct flock lock = {
		.l_type = type,
		.l_whence = SEEK_SET,
		.l_start = start,
		.l_len = 10,
	};

	return fcntl(fd, cmd, &lock) ? -errno : 0;
}

/* The other client: another host, in another net. */
static void be_the_other_client(FIXTURE_DATA(joined) *self,
				struct baton *go, struct baton *up)
{
	int fd;

	must(!nfs_become_host("other-client"));
	join(self->server, 2);
	tell(self, 2);
	must(!nfs_mount("10.0.2.2", NFS_CLIENT, ""));
	fd = open(C("f"), O_RDWR);
	must(fd >= 0);
	must(lock(fd, F_SETLK, F_WRLCK, 0) == -EAGAIN);
	must(lock(fd, F_SETLK, F_RDLCK, 5) == -EAGAIN);
	must(lock(fd, F_SETLK, F_WRLCK, 10) == 0);
	baton_pass(up, 0);
	baton_take(go);
	/* Free again, or soon to be. */
	must(lock(fd, F_SETLKW, F_WRLCK, 0) == 0);
	baton_pass(up, 0);
	baton_take(go);
	close(fd);
	must(!umount(NFS_CLIENT));
	_exit(0);
}

TEST_F(joined, locks_of_two_clients_exclude_each_other)
{
	struct baton go = baton_make(), up = baton_make();
	pid_t other;
	int fd;

	NEEDS_MOUNT();
	ASSERT_EQ(0, nfs_mount("10.0.1.2", NFS_CLIENT, ""));
	fd = open(C("f"), O_RDWR);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, lock(fd, F_SETLK, F_WRLCK, 0));
	other = proc_fork_bound(0);
	if (!other)
		be_the_other_client(self, &go, &up);
	baton_take(&up);
	EXPECT_EQ(-EAGAIN, lock(fd, F_SETLK, F_WRLCK, 15));
	baton_pass(&go, 0);
	ASSERT_EQ(0, lock(fd, F_SETLK, F_UNLCK, 0));
	baton_take(&up);
	EXPECT_EQ(-EAGAIN, lock(fd, F_SETLK, F_WRLCK, 0));
	baton_pass(&go, 0);
	ASSERT_EQ(0, proc_end(other));
	/* A file that is closed, and a client that leaves, lock nothing. */
	EXPECT_EQ(0, lock(fd, F_SETLK, F_WRLCK, 0));
	close(fd);
}

/* Who reads the served file, once told to; what came of it goes to @result. */
static pid_t reader(struct baton *go, struct baton *result)
{
	struct baton open_now = baton_make();
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		int fd = open(C("f"), O_RDONLY | O_CLOEXEC);
		char text[16];

		must(fd >= 0);
		baton_pass(&open_now, 0);
		baton_take(go);
		baton_pass(result, read(fd, text, sizeof(text)) < 0 ? errno : 0);
		/* Not before the server can be told of the file's end. */
		baton_take(go);
		_exit(0);
	}
	baton_take(&open_now);
	return pid;
}

/* Forces the unmount of what is in use. Whether the reader has a result now. */
static bool force_ends(struct baton *result)
{
	must(umount2(NFS_CLIENT, MNT_FORCE) == -1 && errno == EBUSY);
	return proc_poll(result->fd[0], POLLIN, 100) & POLLIN;
}

/*
 * umount(2): it asks "to abort pending requests before attempting the unmount",
 * which still fails while somebody has a file open. A read that had more than
 * one pending is ended by as many.
 */
TEST_F(joined, a_forced_unmount_ends_what_waits_for_a_server)
{
	struct baton go = baton_make(), result = baton_make();
	pid_t pid;

	NEEDS_MOUNT();
	ASSERT_EQ(0, nfs_mount("10.0.1.2", NFS_CLIENT, ""));
	pid = reader(&go, &result);
	ASSERT_EQ(0, nfs_link_set("far1", false));
	baton_pass(&go, 0);
	ASSERT_TRUE(EVENTUALLY(task_state(pid) == 'D'));
	EXPECT_EQ(-1, umount2(NFS_CLIENT, 0));
	EXPECT_EQ(EBUSY, errno);
	EXPECT_EQ(0, proc_poll(result.fd[0], POLLIN, 100));
	EXPECT_TRUE(EVENTUALLY(force_ends(&result)));
	EXPECT_NE(0, baton_take(&result));
	/* The mount is as good as before. */
	ASSERT_EQ(0, nfs_link_up("far1"));
	EXPECT_TRUE(holds(C("f"), "served"));
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, umount2(NFS_CLIENT, MNT_FORCE));
}

TEST_HARNESS_MAIN

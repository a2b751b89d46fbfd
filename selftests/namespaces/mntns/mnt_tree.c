// SPDX-License-Identifier: GPL-2.0
/*
 * Mounts by file descriptor: fsopen(2), fsconfig(2), fsmount(2), fspick(2),
 * open_tree(2), open_tree_attr(2), move_mount(2); trees that are attached
 * nowhere, and whole mount namespaces that exist as a file descriptor only.
 *
 * Promises from those manual pages and Documentation/filesystems/mount_api.rst.
 */
#include "kselftest_harness.h"
#include "disk.h"
#include "mnt.h"

#define A	MNT_AREA "/a"
#define B	MNT_AREA "/b"

FIXTURE(tree)
{
};

FIXTURE_SETUP(tree)
{
	mnt_area();
	mnt_dir(A);
	mnt_dir(B);
	must(!mnt_tmpfs(A));
	mnt_put(A "/file", "text");
	mnt_dir(A "/low");
	mnt_dir(A "/dir");
	mnt_put(A "/dir/inside", "");
	must(!mnt_tmpfs(A "/low"));
	mnt_put(A "/low/below", "");
}

FIXTURE_TEARDOWN(tree)
{
}

static bool has(int dir, const char *name)
{
	return !faccessat(dir, name, F_OK, 0);
}

static int move_at(int from, const char *path, int to, const char *to_path,
		   unsigned int flags)
{
	return mnt_error(syscall(SYS_move_mount, from, path, to, to_path,
				 flags));
}

static int disk_tree(void)
{
	int fs = mnt_fsopen("ext4"), fd;

	must(fs >= 0);
	must(disk_is_free(PROC_HANG_MS));
	must(!mnt_fsconfig(fs, FSCONFIG_SET_STRING, "source", DISK, 0));
	must(!mnt_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	fd = mnt_fsmount(fs, 0, 0);
	close(fs);
	return fd;
}

TEST_F(tree, a_new_mount_is_nowhere_until_it_is_attached)
{
	int before = mnt_count(""), fd = mnt_new("tmpfs", 0);

	ASSERT_GE(fd, 0);
	EXPECT_EQ(before, mnt_count(""));
	/* It can be filled already. */
	EXPECT_EQ(0, mkdirat(fd, "dir", 0755));
	EXPECT_EQ(0, mnt_attach(fd, B));
	EXPECT_EQ(before + 1, mnt_count(""));
	EXPECT_TRUE(mnt_exists(B "/dir"));
	/* Attached, it no longer depends on the file descriptor. */
	close(fd);
	EXPECT_TRUE(mnt_exists(B "/dir"));
}

TEST_F(tree, a_detached_mount_dissolves_at_the_last_close)
{
	int fd, copy;

	if (!disk_is_there())
		SKIP(return, "no disk");
	fd = disk_tree();
	ASSERT_GE(fd, 0);
	EXPECT_FALSE(disk_is_free(0));
	copy = dup(fd);
	close(fd);
	EXPECT_FALSE(disk_is_free(0));
	EXPECT_TRUE(has(copy, "lost+found"));
	close(copy);
	EXPECT_TRUE(disk_is_free(PROC_HANG_MS));
}

TEST_F(tree, a_detached_mount_dissolves_with_its_last_holder)
{
	struct baton ready = baton_make();
	pid_t pid;

	if (!disk_is_there())
		SKIP(return, "no disk");
	pid = proc_fork_bound(0);
	if (!pid) {
		must(disk_tree() >= 0);
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	EXPECT_FALSE(disk_is_free(0));
	proc_kill(pid);
	EXPECT_TRUE(disk_is_free(PROC_HANG_MS));
}

TEST_F(tree, a_clone_is_of_one_mount_or_of_the_tree)
{
	int one = mnt_clone(A), all;

	all = mnt_open_tree(AT_FDCWD, A, OPEN_TREE_CLONE | AT_RECURSIVE);
	ASSERT_GE(one, 0);
	ASSERT_GE(all, 0);
	EXPECT_TRUE(has(one, "file"));
	EXPECT_FALSE(has(one, "low/below"));
	EXPECT_TRUE(has(all, "low/below"));
	ASSERT_EQ(0, mnt_attach(all, B));
	EXPECT_TRUE(mnt_is(B "/low"));
}

TEST_F(tree, a_clone_of_a_folder_has_it_as_its_root)
{
	int fd = mnt_clone(A "/dir");
	struct mnt_info m;

	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, mnt_attach(fd, B));
	EXPECT_TRUE(mnt_exists(B "/inside"));
	ASSERT_EQ(0, mnt_info(B, &m));
	EXPECT_STREQ("/dir", m.root);
}

TEST_F(tree, a_clone_of_something_unbindable_is_refused)
{
	int fd;

	ASSERT_EQ(0, mnt_make(A "/low", MS_UNBINDABLE));
	EXPECT_EQ(-EINVAL, mnt_clone(A "/low"));
	/* In a tree it is left out. */
	fd = mnt_open_tree(AT_FDCWD, A, OPEN_TREE_CLONE | AT_RECURSIVE);
	ASSERT_GE(fd, 0);
	EXPECT_TRUE(has(fd, "file"));
	EXPECT_FALSE(has(fd, "low/below"));
}

TEST_F(tree, without_clone_it_is_the_mount_itself)
{
	int fd = mnt_open_tree(AT_FDCWD, A, 0);
	struct mnt_info before, after;

	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, mnt_info(A, &before));
	ASSERT_EQ(0, mnt_attach(fd, B));
	ASSERT_EQ(0, mnt_info(B, &after));
	EXPECT_EQ(before.id, after.id);
	EXPECT_FALSE(mnt_is(A));
	/* To close it is to close a file. */
	close(fd);
	EXPECT_TRUE(mnt_exists(B "/low/below"));
}

/* A detached copy of a shared mount is a peer, and yet gets nothing. */
TEST_F(tree, a_detached_tree_receives_nothing_until_it_is_attached)
{
	int fd;

	ASSERT_EQ(0, mnt_make(A, MS_SHARED));
	fd = mnt_clone(A);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, mnt_tmpfs(A "/dir"));
	EXPECT_TRUE(has(fd, "dir/inside"));
	ASSERT_EQ(0, mnt_attach(fd, B));
	EXPECT_EQ(mnt_group(A), mnt_group(B));
	EXPECT_FALSE(mnt_is(B "/dir"));
	ASSERT_EQ(0, mnt_off(A "/low", 0));
	ASSERT_EQ(0, mnt_tmpfs(A "/low"));
	EXPECT_TRUE(mnt_is(B "/low"));
}

TEST_F(tree, mount_2_puts_nothing_on_a_detached_tree)
{
	int fd = mnt_clone(A);
	char path[64];

	ASSERT_GE(fd, 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d/dir", fd);
	EXPECT_EQ(-EINVAL, mnt_tmpfs(path));
	EXPECT_EQ(-EINVAL, mnt_off(path, 0));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	EXPECT_EQ(-EINVAL, mnt_off(path, MNT_DETACH));
	EXPECT_TRUE(has(fd, "dir/inside"));
}

/* Since 6.15: a tree can be put together before it is shown to anybody. */
TEST_F(tree, a_detached_tree_is_attached_to_a_detached_tree)
{
	int outer = mnt_clone(A), inner = mnt_new("tmpfs", 0), err;

	ASSERT_GE(outer, 0);
	ASSERT_GE(inner, 0);
	ASSERT_EQ(0, mkdirat(inner, "in", 0755));
	err = move_at(inner, "", outer, "dir", MOVE_MOUNT_F_EMPTY_PATH);
	if (syscall(SYS_open_tree_attr, -1, NULL, 0, NULL, 0) == -1 &&
	    errno == ENOSYS)
		SKIP(return, "a kernel before 6.15");
	ASSERT_EQ(0, err);
	EXPECT_TRUE(has(outer, "dir/in"));
	ASSERT_EQ(0, mnt_attach(outer, B));
	EXPECT_TRUE(mnt_exists(B "/dir/in"));
	EXPECT_EQ(2, mnt_count(B));
}

TEST_F(tree, open_tree_knows_its_flags)
{
	EXPECT_EQ(-EINVAL, mnt_open_tree(AT_FDCWD, A, AT_RECURSIVE));
	EXPECT_EQ(-EINVAL, mnt_open_tree(AT_FDCWD, A, 1U << 30));
	EXPECT_EQ(-ENOENT, mnt_open_tree(AT_FDCWD, A "/none", 0));
	EXPECT_EQ(-ENOENT, mnt_open_tree(AT_FDCWD, "", OPEN_TREE_CLONE));
	EXPECT_EQ(-EBADF, mnt_open_tree(999, "x", OPEN_TREE_CLONE));
}

TEST_F(tree, move_mount_knows_its_flags)
{
	int fd = mnt_clone(A);

	ASSERT_GE(fd, 0);
	EXPECT_EQ(-EINVAL, move_at(fd, "", AT_FDCWD, B, 1U << 31));
	EXPECT_EQ(-ENOENT, move_at(fd, "", AT_FDCWD, B, 0));
	EXPECT_EQ(-EINVAL, move_at(fd, "", AT_FDCWD, B,
				   MOVE_MOUNT_F_EMPTY_PATH |
				   MOVE_MOUNT_SET_GROUP | MOVE_MOUNT_BENEATH));
	EXPECT_EQ(-EBADF, mnt_attach(999, B));
	EXPECT_FALSE(mnt_is(B));
}

TEST_F(tree, only_the_root_of_a_mount_is_attached)
{
	int fd = mnt_clone(A), file;
	char text[8];

	ASSERT_GE(fd, 0);
	EXPECT_EQ(-EINVAL, move_at(fd, "dir", AT_FDCWD, B, 0));
	/* Folder on folder, file on file. */
	EXPECT_EQ(-EINVAL, mnt_attach(fd, A "/file"));
	file = mnt_clone(A "/file");
	ASSERT_GE(file, 0);
	EXPECT_EQ(-EINVAL, mnt_attach(file, B));
	mnt_put(MNT_AREA "/file", "");
	EXPECT_EQ(0, mnt_attach(file, MNT_AREA "/file"));
	EXPECT_EQ(4, file_read(MNT_AREA "/file", text, sizeof(text)));
}

TEST_F(tree, a_mount_of_another_namespace_is_not_taken)
{
	struct baton ready = baton_make();
	pid_t pid = proc_fork_bound(CLONE_NEWNS);
	char path[64];
	int fd;

	if (!pid) {
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	snprintf(path, sizeof(path), "/proc/%d/root" A, pid);
	EXPECT_EQ(-EINVAL, move_at(AT_FDCWD, path, AT_FDCWD, B, 0));
	EXPECT_EQ(-EINVAL, mnt_clone(path));
	EXPECT_EQ(-EINVAL, mnt_bind(path, B));
	/* Nor is a tree attached over there. */
	fd = mnt_clone(A);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(-EINVAL, mnt_attach(fd, path));
	EXPECT_EQ(-EINVAL, mnt_tmpfs(path));
	EXPECT_EQ(-EINVAL, mnt_off(path, 0));
	EXPECT_TRUE(mnt_is_in(pid, A));
	proc_kill(pid);
}

/* How a container is given a mount while it runs. */
TEST_F(tree, a_detached_tree_is_handed_into_another_namespace)
{
	int fd = mnt_clone(A), ns;
	struct baton ready = baton_make();
	pid_t pid = proc_fork_bound(CLONE_NEWUSER | CLONE_NEWNS), helper;

	if (!pid) {
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	ns = ns_open(pid, "mnt");
	ASSERT_GE(ns, 0);
	helper = proc_fork_bound(0);
	if (!helper) {
		must(!ns_enter(ns, CLONE_NEWNS));
		must(!mnt_attach(fd, B));
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(helper));
	EXPECT_FALSE(mnt_is(B));
	EXPECT_TRUE(mnt_is_in(pid, B));
	proc_kill(pid);
}

TEST_F(tree, a_mount_goes_beneath_the_one_on_top)
{
	int fd = mnt_new("tmpfs", 0);

	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, mkdirat(fd, "new", 0755));
	ASSERT_EQ(0, move_at(fd, "", AT_FDCWD, A, MOVE_MOUNT_F_EMPTY_PATH |
			     MOVE_MOUNT_BENEATH));
	EXPECT_EQ(2, mnt_depth(A));
	/* Nobody notices until the old one goes. */
	EXPECT_TRUE(mnt_exists(A "/low/below"));
	ASSERT_EQ(0, mnt_off(A "/low", 0));
	ASSERT_EQ(0, mnt_off(A, 0));
	EXPECT_TRUE(mnt_exists(A "/new"));
	EXPECT_FALSE(mnt_exists(A "/file"));
}

TEST_F(tree, beneath_what_is_no_mount_there_is_no_place)
{
	int fd = mnt_new("tmpfs", 0);

	ASSERT_GE(fd, 0);
	EXPECT_EQ(-EINVAL, move_at(fd, "", AT_FDCWD, A "/dir",
				   MOVE_MOUNT_F_EMPTY_PATH |
				   MOVE_MOUNT_BENEATH));
	EXPECT_EQ(0, mnt_depth(A "/dir"));
}

TEST_F(tree, a_private_mount_is_put_into_a_peer_group)
{
	ASSERT_EQ(0, mnt_bind(A, B));
	EXPECT_EQ(-EINVAL, move_at(AT_FDCWD, A, AT_FDCWD, B,
				   MOVE_MOUNT_SET_GROUP));
	ASSERT_EQ(0, mnt_make(A, MS_SHARED));
	ASSERT_EQ(0, move_at(AT_FDCWD, A, AT_FDCWD, B, MOVE_MOUNT_SET_GROUP));
	EXPECT_EQ(mnt_group(A), mnt_group(B));
	ASSERT_EQ(0, mnt_tmpfs(A "/dir"));
	EXPECT_TRUE(mnt_is(B "/dir"));
	/* A second time it is private no longer. */
	EXPECT_EQ(-EINVAL, move_at(AT_FDCWD, A, AT_FDCWD, B,
				   MOVE_MOUNT_SET_GROUP));
}

TEST_F(tree, a_group_is_set_within_one_file_system_and_not_to_a_wider_root)
{
	ASSERT_EQ(0, mnt_make(A, MS_SHARED));
	ASSERT_EQ(0, mnt_tmpfs(B));
	EXPECT_EQ(-EINVAL, move_at(AT_FDCWD, A, AT_FDCWD, B,
				   MOVE_MOUNT_SET_GROUP));
	ASSERT_EQ(0, mnt_off(B, 0));
	ASSERT_EQ(0, mnt_bind(A "/dir", B));
	ASSERT_EQ(0, mnt_make(B, MS_PRIVATE));
	ASSERT_EQ(0, mnt_make(B, MS_SHARED));
	ASSERT_EQ(0, mnt_make(A, MS_PRIVATE));
	EXPECT_EQ(-EINVAL, move_at(AT_FDCWD, B, AT_FDCWD, A,
				   MOVE_MOUNT_SET_GROUP));
	EXPECT_STREQ("private", mnt_state(A));
}

TEST_F(tree, open_tree_attr_sets_what_the_copy_has)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	struct mnt_info m;
	int fd;

	fd = mnt_error(syscall(SYS_open_tree_attr, AT_FDCWD, A,
			       OPEN_TREE_CLONE | AT_RECURSIVE, &attr,
			       sizeof(attr)));
	if (fd == -ENOSYS)
		SKIP(return, "no open_tree_attr(2)");
	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, mnt_attach(fd, B));
	ASSERT_EQ(0, mnt_info(B "/low", &m));
	EXPECT_TRUE(mnt_opt(m.opts, "ro"));
	ASSERT_EQ(0, mnt_info(A "/low", &m));
	EXPECT_TRUE(mnt_opt(m.opts, "rw"));
	EXPECT_EQ(-EINVAL, mnt_error(syscall(SYS_open_tree_attr, AT_FDCWD, A,
					     OPEN_TREE_CLONE, NULL, 8)));
	attr.attr_set = 1ULL << 63;
	EXPECT_EQ(-EINVAL, mnt_error(syscall(SYS_open_tree_attr, AT_FDCWD, A,
					     OPEN_TREE_CLONE, &attr,
					     sizeof(attr))));
}

/* The steps of making a file system, and each out of its order. */
TEST_F(tree, fsconfig_keeps_to_the_order)
{
	int fs = mnt_fsopen("tmpfs"), fd;

	ASSERT_GE(fs, 0);
	EXPECT_EQ(-EINVAL, mnt_fsmount(fs, 0, 0));
	EXPECT_EQ(-EBUSY, mnt_fsconfig(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL,
				       0));
	EXPECT_EQ(0, mnt_fsconfig(fs, FSCONFIG_SET_STRING, "size", "1M", 0));
	EXPECT_EQ(0, mnt_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	EXPECT_EQ(-EBUSY, mnt_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	EXPECT_EQ(-EBUSY, mnt_fsconfig(fs, FSCONFIG_SET_STRING, "size", "2M",
				       0));
	fd = mnt_fsmount(fs, 0, 0);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(-EBUSY, mnt_fsmount(fs, 0, 0));
	/* From here on it is as if fspick(2) had been called. */
	EXPECT_EQ(0, mnt_fsconfig(fs, FSCONFIG_SET_STRING, "size", "3M", 0));
	EXPECT_EQ(0, mnt_fsconfig(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0));
	ASSERT_EQ(0, mnt_attach(fd, B));
	struct mnt_info m;

	ASSERT_EQ(0, mnt_info(B, &m));
	EXPECT_TRUE(mnt_opt(m.super, "size=3072k")) {
		TH_LOG("%s", m.super);
	}
}

TEST_F(tree, fsconfig_refuses_what_is_malformed)
{
	int fs = mnt_fsopen("tmpfs");
	char text[256];
	ssize_t n;

	ASSERT_GE(fs, 0);
	EXPECT_EQ(-EINVAL, mnt_fsconfig(fs, FSCONFIG_SET_STRING, "no-such", "1",
					0));
	/* The context has the reason, as a message to be read. */
	n = read(fs, text, sizeof(text) - 1);
	ASSERT_GT(n, 0);
	text[n] = '\0';
	EXPECT_EQ('e', text[0]);
	EXPECT_NE(NULL, strstr(text, "no-such"));
	EXPECT_EQ(-1, read(fs, text, sizeof(text)));
	EXPECT_EQ(ENODATA, errno);
	EXPECT_EQ(-EINVAL, mnt_fsconfig(fs, FSCONFIG_SET_STRING, "size", "x",
					0));
	EXPECT_EQ(-EINVAL, mnt_fsconfig(fs, FSCONFIG_SET_STRING, NULL, "1", 0));
	EXPECT_EQ(-EINVAL, mnt_fsconfig(fs, FSCONFIG_SET_STRING, "size", NULL,
					0));
	EXPECT_EQ(-EINVAL, mnt_fsconfig(fs, FSCONFIG_SET_FLAG, "ro", "1", 0));
	EXPECT_EQ(-EINVAL, mnt_fsconfig(fs, FSCONFIG_CMD_CREATE, "x", NULL, 0));
	EXPECT_EQ(-EOPNOTSUPP, mnt_fsconfig(fs, 999, NULL, NULL, 0));
	EXPECT_EQ(-EBADF, mnt_fsconfig(999, FSCONFIG_SET_FLAG, "ro", NULL, 0));
	EXPECT_EQ(-EINVAL, mnt_fsconfig(0, FSCONFIG_SET_FLAG, "ro", NULL, 0));
	EXPECT_EQ(-ENODEV, mnt_fsopen("no-such-fs"));
	EXPECT_EQ(-EINVAL, mnt_error(syscall(SYS_fsopen, "tmpfs", 1 << 5)));
}

TEST_F(tree, fsmount_sets_the_attributes_of_the_mount)
{
	int fd = mnt_new("tmpfs", MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV |
			 MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOATIME);
	struct mnt_info m;

	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, mnt_attach(fd, B));
	ASSERT_EQ(0, mnt_info(B, &m));
	EXPECT_TRUE(mnt_opt(m.opts, "noexec"));
	EXPECT_TRUE(mnt_opt(m.opts, "nodev"));
	EXPECT_TRUE(mnt_opt(m.opts, "noatime"));
	EXPECT_TRUE(mnt_opt(m.opts, "ro"));
	EXPECT_TRUE(mnt_opt(m.super, "rw"));
	EXPECT_EQ(-EINVAL, mnt_new("tmpfs", 1U << 31));
	EXPECT_EQ(-EINVAL, mnt_new("tmpfs", MOUNT_ATTR_IDMAP));
	EXPECT_EQ(-EINVAL, mnt_new("tmpfs", MOUNT_ATTR__ATIME));
}

TEST_F(tree, fspick_reconfigures_the_superblock)
{
	int fs = mnt_error(syscall(SYS_fspick, AT_FDCWD, A, FSPICK_CLOEXEC));
	struct mnt_info m;

	ASSERT_GE(fs, 0);
	EXPECT_EQ(0, mnt_fsconfig(fs, FSCONFIG_SET_FLAG, "ro", NULL, 0));
	EXPECT_EQ(0, mnt_fsconfig(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0));
	ASSERT_EQ(0, mnt_info(A, &m));
	EXPECT_TRUE(mnt_opt(m.super, "ro"));
	EXPECT_TRUE(mnt_opt(m.opts, "rw"));
	EXPECT_EQ(-EROFS, mnt_error(access(A "/file", W_OK)));
	EXPECT_EQ(-EINVAL, mnt_error(syscall(SYS_fspick, AT_FDCWD, A "/dir",
					     0)));
	EXPECT_EQ(-EINVAL, mnt_error(syscall(SYS_fspick, AT_FDCWD, A, 1 << 9)));
}

TEST_F(tree, an_exclusive_create_makes_no_use_of_a_superblock_that_is_there)
{
	int tree, fs;

	if (!disk_is_there())
		SKIP(return, "no disk");
	tree = disk_tree();
	ASSERT_GE(tree, 0);
	fs = mnt_fsopen("ext4");
	ASSERT_EQ(0, mnt_fsconfig(fs, FSCONFIG_SET_STRING, "source",
				  DISK, 0));
	EXPECT_EQ(-EBUSY, mnt_fsconfig(fs, FSCONFIG_CMD_CREATE_EXCL, NULL, NULL,
				       0));
	close(tree);
	EXPECT_TRUE(disk_is_free(PROC_HANG_MS));
}

TEST_F(tree, without_privilege_it_is_refused)
{
	int fd = mnt_clone(A);
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(mnt_fsopen("tmpfs") == -EPERM);
		must(mnt_clone(A) == -EPERM);
		must(mnt_attach(fd, B) == -EPERM);
		must(syscall(SYS_fspick, AT_FDCWD, A, 0) == -1 &&
		     errno == EPERM);
		/* What is no copy is no more than an O_PATH open. */
		must(mnt_open_tree(AT_FDCWD, A, 0) >= 0);
		must(!ns_become_user_root());
		must(mnt_fsopen("tmpfs") == -EPERM);
		must(mnt_clone(A) == -EPERM);
		must(mnt_attach(fd, B) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_FALSE(mnt_is(B));
}

TEST_F(tree, root_of_a_user_namespace_makes_and_attaches_its_own)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		int fs, fd;

		must(!ns_become_user_root());
		must(!unshare(CLONE_NEWNS));
		fd = mnt_new("tmpfs", 0);
		must(fd >= 0);
		must(!mnt_attach(fd, B));
		fd = mnt_open_tree(AT_FDCWD, A, OPEN_TREE_CLONE | AT_RECURSIVE);
		must(fd >= 0);
		must(!mnt_attach(fd, B));
		/* A disk is not for it. */
		fs = mnt_fsopen("ext4");
		must(fs >= 0);
		must(!mnt_fsconfig(fs, FSCONFIG_SET_STRING, "source",
				   DISK, 0));
		must(mnt_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) ==
		     -EPERM);
		/* Nor is the superblock of a mount that it inherited. */
		fs = mnt_error(syscall(SYS_fspick, AT_FDCWD, A, 0));
		must(fs < 0 || mnt_fsconfig(fs, FSCONFIG_SET_FLAG, "ro", NULL,
					    0) ||
		     mnt_fsconfig(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0)
		     == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, mnt_error(access(A "/file", W_OK)));
}

/* A tree that is a mount namespace of its own, known by its file only. */
TEST_F(tree, open_tree_makes_a_namespace_of_a_tree)
{
#ifdef OPEN_TREE_NAMESPACE
	int ns = mnt_open_tree(AT_FDCWD, A, OPEN_TREE_NAMESPACE | AT_RECURSIVE);
	int own = ns_open(0, "mnt");
	pid_t pid;

	if (ns == -EINVAL)
		SKIP(return, "no OPEN_TREE_NAMESPACE");
	ASSERT_GE(ns, 0);
	EXPECT_FALSE(ns_same(ns, own));
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!ns_enter(ns, CLONE_NEWNS));
		must(mnt_exists("/file") && mnt_exists("/low/below"));
		must(!mnt_exists(A));
		/* All that there is: the way back is not among it. */
		must(!chdir("/..") && mnt_exists("file"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(-EINVAL, mnt_open_tree(AT_FDCWD, A, OPEN_TREE_NAMESPACE |
					 OPEN_TREE_CLONE));
#else
	SKIP(return, "headers without OPEN_TREE_NAMESPACE");
#endif
}

TEST_F(tree, fsmount_makes_a_namespace_of_a_file_system)
{
#ifdef FSMOUNT_NAMESPACE
	int fs = mnt_fsopen("tmpfs"), ns;
	pid_t pid;

	ASSERT_GE(fs, 0);
	ASSERT_EQ(0, mnt_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	ns = mnt_fsmount(fs, FSMOUNT_NAMESPACE, 0);
	if (ns == -EINVAL)
		SKIP(return, "no FSMOUNT_NAMESPACE");
	ASSERT_GE(ns, 0);
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!ns_enter(ns, CLONE_NEWNS));
		must(!mnt_exists("/tmp"));
		mnt_dir("/here");
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(pid));
	pid = proc_fork_bound(0);
	if (!pid) {
		/* The file keeps it, with what is in it. */
		must(!ns_enter(ns, CLONE_NEWNS));
		must(mnt_exists("/here"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_FALSE(mnt_exists("/here"));
#else
	SKIP(return, "headers without FSMOUNT_NAMESPACE");
#endif
}

int main(int argc, char **argv)
{
	disk_make();
	return test_harness_run(argc, argv);
}

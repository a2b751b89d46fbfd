// SPDX-License-Identifier: GPL-2.0
/*
 * Landlock's rights on files and folders, each by what it keeps from being
 * done and what a rule gives back; hierarchies, bind mounts, overlays; files
 * that were opened before; what is done to mounts.
 *
 * Promises from Documentation/userspace-api/landlock.rst and the fs_access
 * part of include/uapi/linux/landlock.h.
 */
#include "kselftest_harness.h"
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include "landlock.h"

/* What happens in OPEN is allowed by a rule, what happens in SHUT is not. */
#define OPEN	MNT_AREA "/open"
#define SHUT	MNT_AREA "/shut"

#define FS(right)	LANDLOCK_ACCESS_FS_##right

FIXTURE(files)
{
};

FIXTURE_SETUP(files)
{
	static const char * const top[] = { OPEN, SHUT };
	char path[128];

	if (ll_abi() < 1)
		SKIP(return, "Landlock is not enabled");
	umask(0);
	mnt_area();
	for (int i = 0; i < 2; i++) {
		mnt_dir(top[i]);
		snprintf(path, sizeof(path), "%s/file", top[i]);
		mnt_put(path, "text");
		snprintf(path, sizeof(path), "%s/dir", top[i]);
		mnt_dir(path);
		snprintf(path, sizeof(path), "%s/dir/file", top[i]);
		mnt_put(path, "text");
		snprintf(path, sizeof(path), "%s/empty", top[i]);
		mnt_dir(path);
	}
}

FIXTURE_TEARDOWN(files)
{
}

/* From here on @right is had below OPEN only. */
static void deny(uint64_t right)
{
	int ruleset = ll_create(right, 0, 0);

	must(ruleset >= 0);
	must(!ll_allow(ruleset, OPEN, right));
	ll_enforce(ruleset);
}

TEST_F(files, read_file)
{
	deny(FS(READ_FILE));
	EXPECT_EQ(-EACCES, ll_open(SHUT "/file", O_RDONLY));
	EXPECT_EQ(-EACCES, ll_open(SHUT "/file", O_RDWR));
	EXPECT_EQ(-EACCES, ll_open(SHUT "/dir/file", O_RDONLY));
	EXPECT_EQ(0, ll_open(SHUT "/file", O_WRONLY));
	EXPECT_EQ(0, ll_open(OPEN "/file", O_RDWR));
	EXPECT_EQ(0, ll_open(OPEN "/dir/file", O_RDONLY));
	/* A folder is read by another right. */
	EXPECT_EQ(0, ll_open(SHUT, O_RDONLY | O_DIRECTORY));
}

TEST_F(files, write_file)
{
	deny(FS(WRITE_FILE));
	EXPECT_EQ(-EACCES, ll_open(SHUT "/file", O_WRONLY));
	EXPECT_EQ(-EACCES, ll_open(SHUT "/file", O_RDWR));
	EXPECT_EQ(-EACCES, ll_open(SHUT "/file", O_WRONLY | O_APPEND));
	EXPECT_EQ(0, ll_open(SHUT "/file", O_RDONLY));
	EXPECT_EQ(0, ll_open(OPEN "/file", O_RDWR));
}

TEST_F(files, read_dir)
{
	deny(FS(READ_DIR));
	EXPECT_EQ(-EACCES, ll_open(SHUT, O_RDONLY | O_DIRECTORY));
	EXPECT_EQ(-EACCES, ll_open(SHUT "/dir", O_RDONLY));
	EXPECT_EQ(0, ll_open(SHUT "/file", O_RDWR));
	/* On the folder that the rule names, and below. */
	EXPECT_EQ(0, ll_open(OPEN, O_RDONLY | O_DIRECTORY));
	EXPECT_EQ(0, ll_open(OPEN "/dir", O_RDONLY));
	/* Not restricted: to go there, to look at it, a path to it. */
	EXPECT_EQ(0, mnt_error(chdir(SHUT)));
	EXPECT_TRUE(mnt_exists(SHUT "/file"));
	EXPECT_EQ(0, ll_open(SHUT, O_PATH));
}

TEST_F(files, execute)
{
	mnt_copy_self(SHUT "/prog", 0755);
	mnt_copy_self(OPEN "/prog", 0755);
	deny(FS(EXECUTE));
	EXPECT_EQ(-EACCES, mnt_run(SHUT "/prog", "--exit-7"));
	EXPECT_EQ(7, mnt_run(OPEN "/prog", "--exit-7"));
	EXPECT_EQ(0, ll_open(SHUT "/prog", O_RDONLY));
}

TEST_F(files, remove_file_and_remove_dir)
{
	deny(FS(REMOVE_FILE) | FS(REMOVE_DIR));
	EXPECT_EQ(-EACCES, mnt_error(unlink(SHUT "/file")));
	EXPECT_EQ(-EACCES, mnt_error(rmdir(SHUT "/empty")));
	EXPECT_EQ(-EACCES, mnt_error(rename(SHUT "/file", SHUT "/other")));
	EXPECT_TRUE(mnt_exists(SHUT "/file"));
	EXPECT_TRUE(mnt_exists(SHUT "/empty"));
	EXPECT_EQ(0, mnt_error(unlink(OPEN "/file")));
	EXPECT_EQ(0, mnt_error(rmdir(OPEN "/empty")));
	/* On what is in the folder, not on the folder itself. */
	EXPECT_EQ(0, mnt_error(unlink(OPEN "/dir/file")));
	EXPECT_EQ(0, mnt_error(rmdir(OPEN "/dir")));
	EXPECT_EQ(-EACCES, mnt_error(rmdir(OPEN)));
}

static int make_socket(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), err;

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	err = mnt_error(bind(fd, (struct sockaddr *)&addr, sizeof(addr)));
	if (!err)
		must(!listen(fd, 1));
	else
		close(fd);
	return err ? err : fd;
}

/* Makes one of each kind in @dir; bit n set: kind n was made. */
static int make_all(const char *dir)
{
	char path[128];
	int fd, made = 0;

#define NAME(n) (snprintf(path, sizeof(path), "%s/new-" n, dir), path)
	made |= !mkdir(NAME("dir"), 0755) << 0;
	made |= !ll_open(NAME("reg"), O_WRONLY | O_CREAT) << 1;
	made |= !mknod(NAME("fifo"), S_IFIFO | 0600, 0) << 2;
	made |= !mknod(NAME("char"), S_IFCHR | 0600, makedev(1, 3)) << 3;
	made |= !mknod(NAME("block"), S_IFBLK | 0600, makedev(98, 0)) << 4;
	made |= !symlink("x", NAME("sym")) << 5;
	fd = make_socket(NAME("sock"));
	if (fd >= 0)
		close(fd);
	made |= (fd >= 0) << 6;
#undef NAME
	return made;
}

FIXTURE(make)
{
};

FIXTURE_VARIANT(make)
{
	uint64_t right;
	int kind;
};

FIXTURE_VARIANT_ADD(make, dir) { FS(MAKE_DIR), 0 };
FIXTURE_VARIANT_ADD(make, reg) { FS(MAKE_REG), 1 };
FIXTURE_VARIANT_ADD(make, fifo) { FS(MAKE_FIFO), 2 };
FIXTURE_VARIANT_ADD(make, char_device) { FS(MAKE_CHAR), 3 };
FIXTURE_VARIANT_ADD(make, block_device) { FS(MAKE_BLOCK), 4 };
FIXTURE_VARIANT_ADD(make, symbolic_link) { FS(MAKE_SYM), 5 };
FIXTURE_VARIANT_ADD(make, socket) { FS(MAKE_SOCK), 6 };

FIXTURE_SETUP(make)
{
	if (ll_abi() < 1)
		SKIP(return, "Landlock is not enabled");
	mnt_area();
	mnt_dir(OPEN);
	mnt_dir(SHUT);
}

FIXTURE_TEARDOWN(make)
{
}

TEST_F(make, only_this_kind_is_denied)
{
	deny(variant->right);
	EXPECT_EQ(0x7f & ~(1 << variant->kind), make_all(SHUT));
	EXPECT_EQ(0x7f, make_all(OPEN));
}

TEST_F(files, truncate_)
{
	int fd = open(SHUT "/file", O_WRONLY | O_CLOEXEC), late;

	NEEDS_ABI(3);
	deny(FS(TRUNCATE));
	EXPECT_EQ(-EACCES, mnt_error(truncate(SHUT "/file", 1)));
	EXPECT_EQ(-EACCES, ll_open(SHUT "/file", O_WRONLY | O_TRUNC));
	EXPECT_EQ(-EACCES, ll_open(SHUT "/file", O_RDONLY | O_TRUNC));
	EXPECT_EQ(-EACCES, mnt_error(creat(SHUT "/file", 0644)));
	/* There is nothing to truncate in a new file, or without O_TRUNC. */
	EXPECT_EQ(0, ll_open(SHUT "/new", O_WRONLY | O_CREAT | O_TRUNC));
	late = open(SHUT "/file", O_WRONLY | O_CLOEXEC);
	ASSERT_GE(late, 0);
	EXPECT_EQ(1, write(late, "x", 1));
	/* The file descriptor has the right that it was opened with. */
	EXPECT_EQ(-EACCES, mnt_error(ftruncate(late, 1)));
	EXPECT_EQ(0, mnt_error(ftruncate(fd, 1)));
	EXPECT_EQ(0, mnt_error(truncate(OPEN "/file", 1)));
	EXPECT_EQ(0, ll_open(OPEN "/file", O_WRONLY | O_TRUNC));
}

TEST_F(files, ioctl_dev)
{
	struct winsize size;
	int early, fd, n;

	NEEDS_ABI(5);
	must(!mknod(SHUT "/ptmx", S_IFCHR | 0666, makedev(5, 2)));
	must(!mknod(SHUT "/zero", S_IFCHR | 0666, makedev(1, 5)));
	early = open("/dev/tty0", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (early < 0)
		early = open("/dev/zero", O_RDWR | O_CLOEXEC);
	ASSERT_GE(early, 0);
	n = ioctl(early, TIOCGWINSZ, &size) ? errno : 0;
	deny(FS(IOCTL_DEV));
	/* Opened before: as it was. */
	EXPECT_EQ(n, ioctl(early, TIOCGWINSZ, &size) ? errno : 0);
	fd = open(SHUT "/zero", O_RDWR | O_CLOEXEC);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(-EACCES, mnt_error(ioctl(fd, TIOCGWINSZ, &size)));
	EXPECT_EQ(-EACCES, mnt_error(ioctl(fd, FIONREAD, &n)));
	/* What is about the file, and not the device, is allowed. */
	n = 1;
	EXPECT_EQ(0, mnt_error(ioctl(fd, FIONBIO, &n)));
	EXPECT_EQ(0, mnt_error(ioctl(fd, FIOCLEX)));
	EXPECT_EQ(0, mnt_error(ioctl(fd, FIONCLEX)));
	close(fd);
	/* No device, no such right. */
	fd = open(SHUT "/file", O_RDWR | O_CLOEXEC);
	EXPECT_EQ(0, mnt_error(ioctl(fd, FIONREAD, &n)));
}

TEST_F(files, a_right_of_the_descriptor_goes_with_it)
{
	struct baton ready = baton_make();
	int fd, pidfd;
	pid_t pid;

	NEEDS_ABI(3);
	pid = proc_fork_bound(0);
	if (!pid) {
		deny(FS(TRUNCATE));
		baton_pass(&ready, open(SHUT "/file", O_RDWR | O_CLOEXEC));
		proc_sleep_forever();
	}
	fd = baton_take(&ready);
	pidfd = proc_pidfd(pid);
	/* Taken by somebody in no domain, and yet restricted. */
	fd = mnt_error(syscall(SYS_pidfd_getfd, pidfd, fd, 0));
	ASSERT_GE(fd, 0);
	EXPECT_EQ(-EACCES, mnt_error(ftruncate(fd, 1)));
	EXPECT_EQ(0, mnt_error(truncate(SHUT "/file", 1)));
	proc_kill(pid);
}

static int connect_to(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), err;

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	err = mnt_error(connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	close(fd);
	return err;
}

TEST_F(files, resolve_unix)
{
	NEEDS_ABI(9);
	must(make_socket(SHUT "/sock") >= 0);
	must(make_socket(OPEN "/sock") >= 0);
	EXPECT_EQ(0, connect_to(SHUT "/sock"));
	deny(LL_FS_RESOLVE_UNIX);
	EXPECT_EQ(-EACCES, connect_to(SHUT "/sock"));
	EXPECT_EQ(0, connect_to(OPEN "/sock"));
	/* A server within the domain is none of the outside. */
	must(make_socket(SHUT "/own") >= 0);
	EXPECT_EQ(0, connect_to(SHUT "/own"));
}

/* The only right that is denied by every ruleset that says nothing of it. */
TEST_F(files, refer_is_denied_even_if_it_is_not_handled)
{
	ll_enforce(ll_create(FS(MAKE_CHAR), 0, 0));
	EXPECT_EQ(-EXDEV, mnt_error(rename(OPEN "/file", OPEN "/dir/f")));
	EXPECT_EQ(-EXDEV, mnt_error(link(OPEN "/file", OPEN "/dir/f")));
	EXPECT_EQ(0, mnt_error(rename(OPEN "/file", OPEN "/f")));
	EXPECT_EQ(0, mnt_error(link(OPEN "/f", OPEN "/file")));
}

TEST_F(files, refer_is_allowed_by_a_rule_on_both_sides)
{
	int ruleset = ll_create(FS(REFER), 0, 0);

	ASSERT_EQ(0, ll_allow(ruleset, OPEN "/dir", FS(REFER)));
	ASSERT_EQ(0, ll_allow(ruleset, OPEN "/empty", FS(REFER)));
	ll_enforce(ruleset);
	EXPECT_EQ(0, mnt_error(rename(OPEN "/dir/file", OPEN "/empty/file")));
	EXPECT_EQ(-EXDEV, mnt_error(rename(OPEN "/empty/file",
					   SHUT "/empty/file")));
	EXPECT_EQ(-EXDEV, mnt_error(link(SHUT "/file", OPEN "/empty/link")));
	EXPECT_TRUE(mnt_exists(OPEN "/empty/file"));
}

TEST_F(files, a_file_does_not_gain_rights_by_a_rename)
{
	int ruleset = ll_create(FS(REFER) | FS(READ_FILE) | FS(EXECUTE), 0, 0);

	ASSERT_EQ(0, ll_allow(ruleset, MNT_AREA, FS(REFER)));
	ASSERT_EQ(0, ll_allow(ruleset, OPEN, FS(READ_FILE)));
	ll_enforce(ruleset);
	/* From where it cannot be read to where it could. */
	EXPECT_EQ(-EXDEV, mnt_error(rename(SHUT "/file", OPEN "/f")));
	EXPECT_EQ(-EXDEV, mnt_error(link(SHUT "/file", OPEN "/f")));
	EXPECT_FALSE(mnt_exists(OPEN "/f"));
	/* To lose a right is allowed. */
	EXPECT_EQ(0, mnt_error(rename(OPEN "/file", SHUT "/f")));
	EXPECT_EQ(-EACCES, ll_open(SHUT "/f", O_RDONLY));
}

TEST_F(files, a_rename_makes_and_removes)
{
	uint64_t all = FS(REFER) | FS(MAKE_REG) | FS(REMOVE_FILE);
	int ruleset = ll_create(all, 0, 0);

	ASSERT_EQ(0, ll_allow(ruleset, OPEN, all));
	ASSERT_EQ(0, ll_allow(ruleset, SHUT, FS(REFER)));
	ll_enforce(ruleset);
	/* EACCES takes precedence over EXDEV. */
	EXPECT_EQ(-EACCES, mnt_error(rename(OPEN "/file", SHUT "/f")));
	EXPECT_EQ(-EACCES, mnt_error(rename(SHUT "/file", OPEN "/f")));
	EXPECT_EQ(-EACCES, mnt_error(link(OPEN "/file", SHUT "/f")));
	EXPECT_EQ(0, mnt_error(rename(OPEN "/file", OPEN "/dir/f")));
}

TEST_F(files, rules_on_the_way_add_up)
{
	int ruleset = ll_create(FS(READ_FILE) | FS(WRITE_FILE), 0, 0);

	ASSERT_EQ(0, ll_allow(ruleset, OPEN, FS(READ_FILE)));
	ASSERT_EQ(0, ll_allow(ruleset, OPEN "/dir", FS(WRITE_FILE)));
	ASSERT_EQ(0, ll_allow(ruleset, SHUT "/file", FS(WRITE_FILE)));
	ll_enforce(ruleset);
	EXPECT_EQ(0, ll_open(OPEN "/dir/file", O_RDWR));
	EXPECT_EQ(0, ll_open(OPEN "/file", O_RDONLY));
	EXPECT_EQ(-EACCES, ll_open(OPEN "/file", O_RDWR));
	EXPECT_EQ(0, ll_open(SHUT "/file", O_WRONLY));
	EXPECT_EQ(-EACCES, ll_open(SHUT "/dir/file", O_WRONLY));
}

/* A rule is about a folder, by whatever path one came to it. */
TEST_F(files, a_rule_is_about_the_folder_and_not_its_path)
{
	mnt_dir(MNT_AREA "/bind");
	must(!mnt_bind(SHUT "/dir", MNT_AREA "/bind"));
	must(!symlink(OPEN "/file", SHUT "/link"));
	must(!symlink(SHUT "/file", OPEN "/link"));
	deny(FS(READ_FILE));
	EXPECT_EQ(0, ll_open(SHUT "/link", O_RDONLY));
	EXPECT_EQ(-EACCES, ll_open(OPEN "/link", O_RDONLY));
	EXPECT_EQ(-EACCES, ll_open(MNT_AREA "/bind/file", O_RDONLY));
	EXPECT_EQ(0, ll_open(SHUT "/../open/file", O_RDONLY));
	EXPECT_EQ(-EACCES, ll_open(OPEN "/../shut/file", O_RDONLY));
	/* Renamed, it is the same folder. */
	EXPECT_EQ(0, mnt_error(rename(OPEN, MNT_AREA "/renamed")));
	EXPECT_EQ(0, ll_open(MNT_AREA "/renamed/file", O_RDONLY));
}

TEST_F(files, a_bind_mount_carries_a_rule)
{
	mnt_dir(MNT_AREA "/bind");
	must(!mnt_bind(OPEN, MNT_AREA "/bind"));
	must(!mnt_bind(SHUT "/dir", OPEN "/dir"));
	deny(FS(READ_FILE));
	/* Allowed at its source. */
	EXPECT_EQ(0, ll_open(MNT_AREA "/bind/file", O_RDONLY));
	EXPECT_EQ(0, ll_open(MNT_AREA "/bind/dir/file", O_RDONLY));
	/* Allowed at its destination, which is on the path. */
	EXPECT_EQ(0, ll_open(OPEN "/dir/file", O_RDONLY));
	EXPECT_EQ(-EACCES, ll_open(SHUT "/dir/file", O_RDONLY));
}

TEST_F(files, an_overlay_has_rules_of_its_own)
{
	int ruleset;

	mnt_dir(MNT_AREA "/work");
	mnt_dir(MNT_AREA "/merged");
	if (mnt_mount("overlay", MNT_AREA "/merged", 0, "lowerdir=" OPEN
		      ",upperdir=" SHUT ",workdir=" MNT_AREA "/work"))
		SKIP(return, "no overlayfs");
	ruleset = ll_create(FS(READ_FILE), 0, 0);
	ASSERT_EQ(0, ll_allow(ruleset, OPEN, FS(READ_FILE)));
	ASSERT_EQ(0, ll_allow(ruleset, SHUT, FS(READ_FILE)));
	ll_enforce(ruleset);
	EXPECT_EQ(0, ll_open(OPEN "/file", O_RDONLY));
	EXPECT_EQ(-EACCES, ll_open(MNT_AREA "/merged/file", O_RDONLY));
}

TEST_F(files, what_was_opened_before_stays_open)
{
	int fd = open(SHUT "/file", O_RDWR | O_CLOEXEC);
	int dir = open(SHUT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char buf[512], path[64];

	deny(FS(READ_FILE) | FS(WRITE_FILE) | FS(READ_DIR));
	EXPECT_EQ(1, write(fd, "x", 1));
	EXPECT_EQ(1, pread(fd, buf, 1, 0));
	EXPECT_GT(syscall(SYS_getdents64, dir, buf, sizeof(buf)), 0);
	/* It opens nothing anew. */
	EXPECT_EQ(-1, openat(dir, "file", O_RDONLY));
	EXPECT_EQ(EACCES, errno);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	EXPECT_EQ(-EACCES, ll_open(path, O_RDONLY));
}

TEST_F(files, what_is_not_restricted)
{
	struct stat st;

	deny(0x7fff);
	EXPECT_EQ(0, stat(SHUT "/file", &st));
	EXPECT_EQ(0, chmod(SHUT "/file", 0600));
	EXPECT_EQ(0, chown(SHUT "/file", 1, 1));
	EXPECT_EQ(0, utimensat(AT_FDCWD, SHUT "/file", NULL, 0));
	EXPECT_EQ(0, access(SHUT "/file", R_OK));
	EXPECT_EQ(0, chdir(SHUT));
	EXPECT_EQ(0, chroot(SHUT));
}

/* Mounts would move files from under the rules. */
TEST_F(files, mounts_stay_as_they_are)
{
	int tree = mnt_new("tmpfs", 0);
	pid_t pid;

	mnt_dir(MNT_AREA "/m");
	must(!mnt_tmpfs(MNT_AREA "/m"));
	mnt_dir(MNT_AREA "/m/old");
	pid = proc_fork_bound(0);
	if (!pid) {
		deny(FS(READ_FILE));
		must(mnt_tmpfs(SHUT) == -EPERM);
		must(mnt_bind(OPEN, SHUT) == -EPERM);
		must(mnt_move(MNT_AREA "/m", SHUT) == -EPERM);
		must(mnt_flags(MNT_AREA "/m", MS_RDONLY) == -EPERM);
		must(mnt_error(mount(NULL, MNT_AREA "/m", NULL,
				     MS_REMOUNT | MS_RDONLY, NULL)) == -EPERM);
		must(mnt_make(MNT_AREA "/m", MS_SHARED) == -EPERM);
		must(mnt_off(MNT_AREA "/m", 0) == -EPERM);
		must(mnt_off(MNT_AREA "/m", MNT_DETACH) == -EPERM);
		must(mnt_attach(tree, SHUT) == -EPERM);
		must(mnt_pivot_root(MNT_AREA "/m", MNT_AREA "/m/old") ==
		     -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_STREQ("private", mnt_state(MNT_AREA "/m"));
	EXPECT_FALSE(mnt_is(SHUT));
	EXPECT_EQ(0, mnt_error(access(MNT_AREA "/m", W_OK)));
}

/*
 * The document speaks of mount(2) and pivot_root(2): mount_setattr(2) has no
 * hook in mainline. It moves no file from under a rule.
 */
TEST_F(files, mount_setattr_is_not_restricted)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

	mnt_dir(MNT_AREA "/m");
	must(!mnt_tmpfs(MNT_AREA "/m"));
	deny(FS(READ_FILE));
	EXPECT_EQ(0, mnt_setattr(AT_FDCWD, MNT_AREA "/m", 0, &attr));
	EXPECT_EQ(-EROFS, mnt_error(access(MNT_AREA "/m", W_OK)));
}

TEST_F(files, a_domain_without_file_rights_leaves_mounts_alone)
{
	NEEDS_ABI(4);
	ll_enforce(ll_create(0, LANDLOCK_ACCESS_NET_BIND_TCP, 0));
	EXPECT_EQ(0, mnt_tmpfs(SHUT));
	EXPECT_EQ(0, mnt_off(SHUT, 0));
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--exit-7"))
		return 7;
	return test_harness_run(argc, argv);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Flags of one mount as against flags of its superblock: read-only bind
 * mounts, nosuid, nodev, noexec, nosymfollow and the ways of keeping access
 * times. Two mounts of the same tree differ; the files are the same.
 *
 * Promises from mount(2), "Remounting an existing mount" and "Creating a bind
 * mount", and open(2), execve(2), statvfs(3).
 */
#include "kselftest_harness.h"
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <time.h>
#include <utime.h>
#include "mnt.h"

#define SRC	MNT_AREA "/src"
#define DST	MNT_AREA "/dst"

/* A tmpfs at SRC with a file, and the same again, as another mount, at DST. */
FIXTURE(flags)
{
};

FIXTURE_SETUP(flags)
{
	umask(0);
	mnt_area();
	mnt_dir(SRC);
	mnt_dir(DST);
	must(!mnt_tmpfs(SRC));
	mnt_put(SRC "/file", "text");
	mnt_dir(SRC "/dir");
	must(!mnt_bind(SRC, DST));
}

FIXTURE_TEARDOWN(flags)
{
}

static int open_close(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0644);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static bool mount_says(const char *point, const char *opt)
{
	struct mnt_info m;

	must(!mnt_info(point, &m));
	return mnt_opt(m.opts, opt);
}

static bool super_says(const char *point, const char *opt)
{
	struct mnt_info m;

	must(!mnt_info(point, &m));
	return mnt_opt(m.super, opt);
}

TEST_F(flags, a_read_only_bind_takes_no_writes_and_its_source_does)
{
	char text[16];

	ASSERT_EQ(0, mnt_flags(DST, MS_RDONLY));
	EXPECT_EQ(-EROFS, open_close(DST "/file", O_WRONLY));
	EXPECT_EQ(-EROFS, open_close(DST "/file", O_RDWR));
	EXPECT_EQ(-EROFS, open_close(DST "/new", O_WRONLY | O_CREAT));
	EXPECT_FALSE(mnt_exists(SRC "/new"));
	/* What is written on the other side shows. */
	mnt_put(SRC "/file", "changed");
	EXPECT_EQ(7, file_read(DST "/file", text, sizeof(text)));
	EXPECT_STREQ("changed", text);
}

TEST_F(flags, nothing_changes_through_a_read_only_bind)
{
	struct timespec times[2] = { };

	must(!symlink("file", SRC "/link"));
	ASSERT_EQ(0, mnt_flags(DST, MS_RDONLY));
	EXPECT_EQ(-EROFS, mnt_error(mkdir(DST "/d", 0755)));
	EXPECT_EQ(-EROFS, mnt_error(rmdir(DST "/dir")));
	EXPECT_EQ(-EROFS, mnt_error(unlink(DST "/file")));
	EXPECT_EQ(-EROFS, mnt_error(rename(DST "/file", DST "/f")));
	EXPECT_EQ(-EROFS, mnt_error(link(DST "/file", DST "/f")));
	EXPECT_EQ(-EROFS, mnt_error(symlink("file", DST "/l")));
	EXPECT_EQ(-EROFS, mnt_error(mknod(DST "/p", S_IFIFO | 0600, 0)));
	EXPECT_EQ(-EROFS, mnt_error(chmod(DST "/file", 0600)));
	EXPECT_EQ(-EROFS, mnt_error(chown(DST "/file", 1, 1)));
	EXPECT_EQ(-EROFS, mnt_error(lchown(DST "/link", 1, 1)));
	EXPECT_EQ(-EROFS, mnt_error(truncate(DST "/file", 0)));
	EXPECT_EQ(-EROFS, mnt_error(utimensat(AT_FDCWD, DST "/file", times,
					      0)));
	EXPECT_EQ(-EROFS, mnt_error(setxattr(DST "/file", "trusted.x", "y", 1,
					     0)));
	EXPECT_EQ(-EROFS, mnt_error(access(DST "/file", W_OK)));
	EXPECT_EQ(0, mnt_error(access(DST "/file", R_OK)));
	EXPECT_EQ(0, mnt_error(access(SRC "/file", W_OK)));
}

/* A fifo or a device is not a file of the mount that it is opened through. */
TEST_F(flags, a_fifo_and_a_device_on_a_read_only_mount_are_written)
{
	int fd;

	must(!mkfifo(SRC "/fifo", 0600));
	must(!mknod(SRC "/null", S_IFCHR | 0600, makedev(1, 3)));
	ASSERT_EQ(0, mnt_flags(DST, MS_RDONLY));
	fd = open(DST "/fifo", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(1, write(fd, "x", 1));
	close(fd);
	fd = open(DST "/null", O_WRONLY | O_CLOEXEC);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(1, write(fd, "x", 1));
	close(fd);
}

TEST_F(flags, a_bind_ignores_the_flags_it_is_made_with)
{
	mnt_dir(MNT_AREA "/two");
	ASSERT_EQ(0, mnt_error(mount(SRC, MNT_AREA "/two", NULL,
				     MS_BIND | MS_RDONLY | MS_NOEXEC, NULL)));
	EXPECT_TRUE(mount_says(MNT_AREA "/two", "rw"));
	EXPECT_FALSE(mount_says(MNT_AREA "/two", "noexec"));
	EXPECT_EQ(0, open_close(MNT_AREA "/two/file", O_WRONLY));
}

TEST_F(flags, a_bind_has_the_flags_of_its_source)
{
	mnt_dir(MNT_AREA "/two");
	ASSERT_EQ(0, mnt_flags(DST, MS_RDONLY | MS_NOSUID | MS_NODEV |
			       MS_NOEXEC | MS_NOATIME));
	ASSERT_EQ(0, mnt_bind(DST, MNT_AREA "/two"));
	EXPECT_TRUE(mount_says(MNT_AREA "/two", "ro"));
	EXPECT_TRUE(mount_says(MNT_AREA "/two", "nosuid"));
	EXPECT_TRUE(mount_says(MNT_AREA "/two", "nodev"));
	EXPECT_TRUE(mount_says(MNT_AREA "/two", "noexec"));
	EXPECT_TRUE(mount_says(MNT_AREA "/two", "noatime"));
	EXPECT_EQ(-EROFS, open_close(MNT_AREA "/two/file", O_WRONLY));
	/* From then on each is its own. */
	ASSERT_EQ(0, mnt_flags(MNT_AREA "/two", 0));
	EXPECT_EQ(0, open_close(MNT_AREA "/two/file", O_WRONLY));
	EXPECT_EQ(-EROFS, open_close(DST "/file", O_WRONLY));
}

TEST_F(flags, a_read_only_superblock_is_so_through_every_mount)
{
	ASSERT_EQ(0, mnt_error(mount(NULL, SRC, NULL, MS_REMOUNT | MS_RDONLY,
				     NULL)));
	EXPECT_TRUE(super_says(SRC, "ro"));
	EXPECT_TRUE(super_says(DST, "ro"));
	/* That mount was asked to be read-only too; the other was not. */
	EXPECT_TRUE(mount_says(SRC, "ro"));
	EXPECT_TRUE(mount_says(DST, "rw"));
	EXPECT_EQ(-EROFS, open_close(SRC "/file", O_WRONLY));
	EXPECT_EQ(-EROFS, open_close(DST "/file", O_WRONLY));
	/* A writable mount of a read-only file system is not writable. */
	EXPECT_EQ(0, mnt_flags(DST, 0));
	EXPECT_EQ(-EROFS, open_close(DST "/file", O_WRONLY));
	ASSERT_EQ(0, mnt_error(mount(NULL, DST, NULL, MS_REMOUNT, NULL)));
	EXPECT_EQ(0, open_close(DST "/file", O_WRONLY));
	EXPECT_EQ(-EROFS, open_close(SRC "/file", O_WRONLY));
}

TEST_F(flags, a_writer_keeps_a_mount_writable)
{
	int fd = open(DST "/file", O_WRONLY | O_CLOEXEC);

	ASSERT_GE(fd, 0);
	EXPECT_EQ(-EBUSY, mnt_flags(DST, MS_RDONLY));
	EXPECT_TRUE(mount_says(DST, "rw"));
	/* Refused without a trace: nothing else changed either. */
	EXPECT_EQ(-EBUSY, mnt_flags(DST, MS_RDONLY | MS_NOEXEC));
	EXPECT_FALSE(mount_says(DST, "noexec"));
	EXPECT_EQ(0, open_close(DST "/file", O_WRONLY));
	/* Only the mount that it was opened through. */
	EXPECT_EQ(0, mnt_flags(SRC, MS_RDONLY));
	EXPECT_EQ(0, mnt_flags(SRC, 0));
	close(fd);
	EXPECT_EQ(0, mnt_flags(DST, MS_RDONLY));
}

TEST_F(flags, a_writer_anywhere_keeps_the_superblock_writable)
{
	int fd = open(DST "/file", O_WRONLY | O_CLOEXEC);

	ASSERT_GE(fd, 0);
	EXPECT_EQ(-EBUSY, mnt_error(mount(NULL, SRC, NULL,
					  MS_REMOUNT | MS_RDONLY, NULL)));
	EXPECT_TRUE(super_says(SRC, "rw"));
	close(fd);
	EXPECT_EQ(0, mnt_error(mount(NULL, SRC, NULL, MS_REMOUNT | MS_RDONLY,
				     NULL)));
}

TEST_F(flags, a_reader_does_not_keep_a_mount_writable)
{
	int fd = open(DST "/file", O_RDONLY | O_CLOEXEC);

	ASSERT_GE(fd, 0);
	EXPECT_EQ(0, mnt_flags(DST, MS_RDONLY));
	EXPECT_EQ(-1, fchmod(fd, 0600));
	EXPECT_EQ(EROFS, errno);
}

TEST_F(flags, a_writable_mapping_keeps_a_mount_writable)
{
	int fd = open(DST "/file", O_RDWR | O_CLOEXEC);
	void *map;

	ASSERT_GE(fd, 0);
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	close(fd);
	EXPECT_EQ(-EBUSY, mnt_flags(DST, MS_RDONLY));
	ASSERT_EQ(0, munmap(map, 4096));
	EXPECT_EQ(0, mnt_flags(DST, MS_RDONLY));
}

TEST_F(flags, an_unlinked_open_file_still_counts_as_a_writer)
{
	int fd = open(DST "/file", O_WRONLY | O_CLOEXEC);

	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, unlink(DST "/file"));
	EXPECT_EQ(-EBUSY, mnt_flags(DST, MS_RDONLY));
	close(fd);
	EXPECT_EQ(0, mnt_flags(DST, MS_RDONLY));
}

TEST_F(flags, no_device_is_opened_through_nodev)
{
	must(!mknod(SRC "/null", S_IFCHR | 0666, makedev(1, 3)));
	must(!mknod(SRC "/disk", S_IFBLK | 0666, makedev(98, 0)));
	ASSERT_EQ(0, mnt_flags(DST, MS_NODEV));
	EXPECT_EQ(-EACCES, open_close(DST "/null", O_RDWR));
	EXPECT_EQ(-EACCES, open_close(DST "/disk", O_RDONLY));
	EXPECT_EQ(0, open_close(SRC "/null", O_RDWR));
	/* To look at it, and to make another, is no use of it. */
	EXPECT_EQ(0, mnt_error(access(DST "/null", F_OK)));
	EXPECT_EQ(0, mnt_error(mknod(DST "/zero", S_IFCHR | 0666,
				     makedev(1, 5))));
	EXPECT_EQ(-EACCES, open_close(DST "/zero", O_RDONLY));
	EXPECT_EQ(0, open_close(SRC "/zero", O_RDONLY));
}

TEST_F(flags, no_program_runs_through_noexec)
{
	int fd;

	mnt_copy_self(SRC "/prog", 0755);
	ASSERT_EQ(0, mnt_flags(DST, MS_NOEXEC));
	EXPECT_EQ(-EACCES, mnt_run(DST "/prog", "--exit-7"));
	EXPECT_EQ(7, mnt_run(SRC "/prog", "--exit-7"));
	EXPECT_EQ(-EACCES, mnt_error(access(DST "/prog", X_OK)));
	fd = open(DST "/prog", O_RDONLY | O_CLOEXEC);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ | PROT_EXEC,
				   MAP_PRIVATE, fd, 0));
	EXPECT_EQ(EPERM, errno);
	EXPECT_NE(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0));
	close(fd);
}

/* Exit status 1 for another effective uid than the real one, 2 for the gid. */
TEST_F(flags, set_user_id_has_no_effect_through_nosuid)
{
	pid_t pid;

	mnt_copy_self(SRC "/prog", 06755);
	ASSERT_EQ(0, mnt_flags(DST, MS_NOSUID));
	pid = proc_fork_bound(0);
	if (!pid) {
		proc_become_nobody();
		must(mnt_run(SRC "/prog", "--ids") == 3);
		must(mnt_run(DST "/prog", "--ids") == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(flags, no_symbolic_link_is_followed_through_nosymfollow)
{
	char text[16];

	must(!symlink("file", SRC "/link"));
	must(!symlink("dir", SRC "/dirlink"));
	mnt_put(SRC "/dir/file", "text");
	ASSERT_EQ(0, mnt_flags(DST, MS_NOSYMFOLLOW));
	EXPECT_EQ(-ELOOP, open_close(DST "/link", O_RDONLY));
	EXPECT_EQ(-ELOOP, open_close(DST "/dirlink/file", O_RDONLY));
	EXPECT_EQ(0, open_close(SRC "/link", O_RDONLY));
	EXPECT_EQ(0, open_close(SRC "/dirlink/file", O_RDONLY));
	/* The link itself is there to be read, and made. */
	EXPECT_EQ(4, readlink(DST "/link", text, sizeof(text)));
	EXPECT_EQ(0, mnt_error(symlink("file", DST "/other")));
	EXPECT_EQ(0, open_close(DST "/dir/file", O_RDONLY));
	/* A link elsewhere that leads here is none of this mount's. */
	must(!symlink(DST "/file", MNT_AREA "/in"));
	EXPECT_EQ(0, open_close(MNT_AREA "/in", O_RDONLY));
}

/* Sets the access time of SRC/@name, reads it through DST; whether it moved. */
static bool atime_moves(const char *name, time_t atime)
{
	struct timespec times[2] = {
		{ .tv_sec = atime }, { .tv_nsec = UTIME_NOW },
	};
	char src[128], dst[128], buf[512];
	struct stat st;
	int fd;

	snprintf(src, sizeof(src), SRC "/%s", name);
	snprintf(dst, sizeof(dst), DST "/%s", name);
	must(!utimensat(AT_FDCWD, src, times, 0));
	fd = open(dst, O_RDONLY | O_CLOEXEC);
	must(fd >= 0 && !fstat(fd, &st));
	if (S_ISDIR(st.st_mode))
		must(syscall(SYS_getdents64, fd, buf, sizeof(buf)) > 0);
	else
		must(read(fd, buf, sizeof(buf)) > 0);
	close(fd);
	must(!stat(src, &st));
	return st.st_atime != atime;
}

/* Newer than the last change, so that relatime sees no reason. */
#define NEWER	(time(NULL) + 1000)
#define OLDER	(time(NULL) - 1000)

TEST_F(flags, noatime_keeps_every_access_time)
{
	ASSERT_EQ(0, mnt_flags(DST, MS_NOATIME));
	EXPECT_FALSE(atime_moves("file", OLDER));
	EXPECT_FALSE(atime_moves("file", NEWER));
	EXPECT_FALSE(atime_moves("dir", OLDER));
}

TEST_F(flags, strictatime_updates_every_access_time)
{
	ASSERT_EQ(0, mnt_flags(DST, MS_STRICTATIME));
	EXPECT_TRUE(atime_moves("file", OLDER));
	EXPECT_TRUE(atime_moves("file", NEWER));
	EXPECT_TRUE(atime_moves("dir", NEWER));
}

TEST_F(flags, relatime_updates_what_is_older_than_the_last_change)
{
	ASSERT_EQ(0, mnt_flags(DST, MS_RELATIME));
	EXPECT_TRUE(atime_moves("file", OLDER));
	EXPECT_FALSE(atime_moves("file", NEWER));
	EXPECT_FALSE(atime_moves("dir", NEWER));
}

TEST_F(flags, nodiratime_is_about_directories_only)
{
	ASSERT_EQ(0, mnt_flags(DST, MS_STRICTATIME | MS_NODIRATIME));
	EXPECT_TRUE(atime_moves("file", OLDER));
	EXPECT_FALSE(atime_moves("dir", OLDER));
}

TEST_F(flags, relatime_is_the_default)
{
	EXPECT_TRUE(mount_says(SRC, "relatime"));
	ASSERT_EQ(0, mnt_error(mount("tmpfs", SRC "/dir", "tmpfs",
				     MS_STRICTATIME, NULL)));
	EXPECT_FALSE(mount_says(SRC "/dir", "relatime"));
	EXPECT_FALSE(mount_says(SRC "/dir", "noatime"));
}

TEST_F(flags, a_remount_that_names_no_atime_flag_keeps_it)
{
	ASSERT_EQ(0, mnt_flags(DST, MS_NOATIME | MS_NODIRATIME));
	ASSERT_EQ(0, mnt_flags(DST, MS_NOSUID));
	EXPECT_TRUE(mount_says(DST, "noatime"));
	EXPECT_TRUE(mount_says(DST, "nodiratime"));
	ASSERT_EQ(0, mnt_flags(DST, MS_STRICTATIME));
	EXPECT_FALSE(mount_says(DST, "noatime"));
	EXPECT_FALSE(mount_says(DST, "nodiratime"));
}

TEST_F(flags, a_remount_replaces_all_other_flags)
{
	ASSERT_EQ(0, mnt_flags(DST, MS_NOSUID | MS_NODEV | MS_RDONLY));
	ASSERT_EQ(0, mnt_flags(DST, MS_NOEXEC));
	EXPECT_TRUE(mount_says(DST, "noexec"));
	EXPECT_FALSE(mount_says(DST, "nosuid"));
	EXPECT_FALSE(mount_says(DST, "nodev"));
	EXPECT_TRUE(mount_says(DST, "rw"));
}

TEST_F(flags, flags_do_not_propagate_to_peers)
{
	ASSERT_EQ(0, mnt_make(SRC, MS_SHARED));
	ASSERT_EQ(0, mnt_off(DST, 0));
	ASSERT_EQ(0, mnt_bind(SRC, DST));
	ASSERT_EQ(mnt_group(SRC), mnt_group(DST));
	ASSERT_EQ(0, mnt_flags(DST, MS_RDONLY | MS_NOEXEC));
	EXPECT_TRUE(mount_says(SRC, "rw"));
	EXPECT_FALSE(mount_says(SRC, "noexec"));
	EXPECT_EQ(0, open_close(SRC "/file", O_WRONLY));
	EXPECT_EQ(-EROFS, open_close(DST "/file", O_WRONLY));
}

TEST_F(flags, flags_of_a_namespace_are_its_own)
{
	struct baton go = baton_make();
	pid_t pid = proc_fork_bound(CLONE_NEWNS);

	if (!pid) {
		must(!mnt_flags(SRC, MS_RDONLY));
		must(open_close(SRC "/file", O_WRONLY) == -EROFS);
		baton_pass(&go, 0);
		proc_sleep_forever();
	}
	baton_take(&go);
	EXPECT_TRUE(mount_says(SRC, "rw"));
	EXPECT_EQ(0, open_close(SRC "/file", O_WRONLY));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
}

TEST_F(flags, statvfs_tells_the_flags_of_the_mount_it_is_asked_through)
{
	struct statvfs sv;

	ASSERT_EQ(0, mnt_flags(DST, MS_RDONLY | MS_NOSUID | MS_NODEV |
			       MS_NOEXEC | MS_NOATIME | MS_NODIRATIME));
	ASSERT_EQ(0, statvfs(DST "/file", &sv));
	EXPECT_EQ(ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC | ST_NOATIME |
		  ST_NODIRATIME, sv.f_flag & (ST_RDONLY | ST_NOSUID | ST_NODEV |
		  ST_NOEXEC | ST_NOATIME | ST_NODIRATIME));
	ASSERT_EQ(0, statvfs(SRC "/file", &sv));
	EXPECT_EQ(0, sv.f_flag & (ST_RDONLY | ST_NOSUID | ST_NODEV |
		  ST_NOEXEC | ST_NOATIME | ST_NODIRATIME));
}

TEST_F(flags, only_a_mount_is_remounted)
{
	EXPECT_EQ(-EINVAL, mnt_flags(DST "/dir", MS_RDONLY));
	EXPECT_EQ(-EINVAL, mnt_flags(DST "/file", MS_RDONLY));
	EXPECT_EQ(-ENOENT, mnt_flags(DST "/none", MS_RDONLY));
	EXPECT_EQ(0, open_close(DST "/file", O_WRONLY));
}

TEST_F(flags, a_file_can_be_a_mount_of_its_own)
{
	ASSERT_EQ(0, mnt_bind(SRC "/file", DST "/file"));
	ASSERT_EQ(0, mnt_flags(DST "/file", MS_RDONLY));
	EXPECT_EQ(-EROFS, open_close(DST "/file", O_WRONLY));
	EXPECT_EQ(0, open_close(SRC "/file", O_WRONLY));
	EXPECT_EQ(-EBUSY, mnt_error(rename(DST "/file", DST "/f")));
	EXPECT_EQ(-EBUSY, mnt_error(unlink(DST "/file")));
	/* File on file, directory on directory. */
	EXPECT_EQ(-ENOTDIR, mnt_bind(SRC "/file", DST "/dir"));
	EXPECT_EQ(-ENOTDIR, mnt_bind(SRC "/dir", DST "/file"));
}

TEST_F(flags, without_privilege_it_is_refused)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(mnt_flags(DST, MS_RDONLY) == -EPERM);
		must(mnt_bind(SRC, DST) == -EPERM);
		must(mnt_off(DST, 0) == -EPERM);
		must(mnt_mount("tmpfs", DST, 0, NULL) == -EPERM);
		must(mnt_make(DST, MS_SHARED) == -EPERM);
		/* Root of a user namespace, in our mount namespace. */
		must(!ns_become_user_root());
		must(mnt_flags(DST, MS_RDONLY) == -EPERM);
		must(mnt_bind(SRC, DST) == -EPERM);
		must(mnt_off(DST, 0) == -EPERM);
		must(mnt_mount("tmpfs", DST, 0, NULL) == -EPERM);
		must(mnt_make(DST, MS_SHARED) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(1, mnt_depth(DST));
	EXPECT_STREQ("private", mnt_state(DST));
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--exit-7"))
		return 7;
	if (argc == 2 && !strcmp(argv[1], "--ids"))
		return (geteuid() != getuid()) | (getegid() != getgid()) << 1;
	return test_harness_run(argc, argv);
}

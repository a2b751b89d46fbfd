// SPDX-License-Identifier: GPL-2.0
/*
 * Mount flags as file access control of a container: what its root, with all
 * the capabilities of its user namespace, cannot do through a mount that is
 * nodev, nosuid, noexec or read-only, and cannot change about it.
 *
 * Promises from mount(2), mount_namespaces(7), user_namespaces(7) and
 * capabilities(7).
 */
#include "kselftest_harness.h"
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/xattr.h>
#include "mnt.h"

#define SRC	MNT_AREA "/src"
#define DST	MNT_AREA "/dst"

#define FIRST	10000		/* the container's root, outside */
#define IDS	1000

/* A tree at SRC that belongs to the container, and again at DST. */
FIXTURE(flags)
{
	int userns;
};

FIXTURE_SETUP(flags)
{
	umask(0);
	mnt_area();
	mnt_dir(SRC);
	mnt_dir(DST);
	must(!mnt_tmpfs(SRC));
	must(!chown(SRC, FIRST, FIRST));
	mnt_put(SRC "/file", "text");
	must(!chown(SRC "/file", FIRST, FIRST));
	must(!mknod(SRC "/zero", S_IFCHR | 0666, makedev(1, 5)));
	must(!chmod(SRC "/zero", 0666));
	must(!mnt_bind(SRC, DST));
	self->userns = mnt_userns(0, FIRST, IDS);
	ASSERT_GE(self->userns, 0);
}

FIXTURE_TEARDOWN(flags)
{
}

/* Root of the container, in a mount namespace that belongs to it. */
static pid_t enter(int userns)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		mnt_become_root_of(userns);
		must(!unshare(CLONE_NEWNS));
	}
	return pid;
}

static int try_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0644);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

TEST_F(flags, read_only)
{
	pid_t pid;

	ASSERT_EQ(0, mnt_flags(DST, MS_RDONLY));
	pid = enter(self->userns);
	if (!pid) {
		/* Its own file, and it has CAP_DAC_OVERRIDE over it. */
		must(!try_open(SRC "/file", O_WRONLY));
		must(try_open(DST "/file", O_WRONLY) == -EROFS);
		must(try_open(DST "/new", O_WRONLY | O_CREAT) == -EROFS);
		must(chmod(DST "/file", 0) == -1 && errno == EROFS);
		must(unlink(DST "/file") == -1 && errno == EROFS);
		must(mnt_flags(DST, 0) == -EPERM);
		must(mnt_error(mount(NULL, DST, NULL, MS_REMOUNT, NULL)) ==
		     -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(flags, a_read_only_superblock)
{
	pid_t pid;

	ASSERT_EQ(0, mnt_error(mount(NULL, DST, NULL, MS_REMOUNT | MS_RDONLY,
				     NULL)));
	pid = enter(self->userns);
	if (!pid) {
		must(try_open(SRC "/file", O_WRONLY) == -EROFS);
		must(mnt_error(mount(NULL, SRC, NULL, MS_REMOUNT, NULL)) ==
		     -EPERM);
		must(try_open(SRC "/file", O_WRONLY) == -EROFS);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(flags, nodev)
{
	pid_t pid;

	ASSERT_EQ(0, mnt_flags(DST, MS_NODEV));
	pid = enter(self->userns);
	if (!pid) {
		must(!try_open(SRC "/zero", O_RDWR));
		must(try_open(DST "/zero", O_RDWR) == -EACCES);
		must(mnt_flags(DST, 0) == -EPERM);
		/* Not through a copy, either, or by another name. */
		must(!symlink(DST "/zero", SRC "/link"));
		must(try_open(SRC "/link", O_RDWR) == -EACCES);
		must(!mnt_bind(DST "/zero", SRC "/file"));
		must(try_open(SRC "/file", O_RDWR) == -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(flags, nodev_binds_real_root_in_its_own_namespace)
{
	pid_t pid;

	ASSERT_EQ(0, mnt_flags(DST, MS_NODEV));
	pid = proc_fork_bound(CLONE_NEWNS);
	if (!pid) {
		must(try_open(DST "/zero", O_RDWR) == -EACCES);
		/* Not a matter of capabilities, but of the flag. */
		must(!mnt_flags(DST, 0));
		must(!try_open(DST "/zero", O_RDWR));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(-EACCES, try_open(DST "/zero", O_RDWR));
}

TEST_F(flags, a_device_is_not_made_in_a_user_namespace)
{
	pid_t pid = enter(self->userns);

	if (!pid) {
		must(mknod(SRC "/null", S_IFCHR | 0666, makedev(1, 3)) == -1 &&
		     errno == EPERM);
		must(mknod(SRC "/disk", S_IFBLK | 0666, makedev(98, 0)) == -1 &&
		     errno == EPERM);
		/* A whiteout is no device, a fifo is none either. */
		must(!mknod(SRC "/whiteout", S_IFCHR, 0));
		must(!mkfifo(SRC "/fifo", 0600));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* CAP_DAC_OVERRIDE is for files whose owner the user namespace knows. */
TEST_F(flags, a_device_of_the_outside_has_its_mode)
{
	pid_t pid;

	must(!chmod(SRC "/zero", 0600));
	pid = enter(self->userns);
	if (!pid) {
		must(try_open(SRC "/zero", O_RDWR) == -EACCES);
		must(chmod(SRC "/zero", 0666) == -1 && errno == EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	must(!chown(SRC "/zero", FIRST, FIRST));
	pid = enter(self->userns);
	if (!pid)
		_exit(-try_open(SRC "/zero", O_RDWR));
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(flags, noexec)
{
	pid_t pid;

	mnt_copy_self(SRC "/prog", 0755);
	mnt_put(SRC "/script", "#!" SRC "/prog\n");
	must(!chmod(SRC "/script", 0755));
	ASSERT_EQ(0, mnt_flags(DST, MS_NOEXEC));
	pid = enter(self->userns);
	if (!pid) {
		int fd;

		must(mnt_run(SRC "/prog", "--exit-7") == 7);
		must(mnt_run(DST "/prog", "--exit-7") == -EACCES);
		must(mnt_run(DST "/script", "--exit-7") == -EACCES);
		fd = open(DST "/prog", O_RDONLY | O_CLOEXEC);
		must(fd >= 0);
		must(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd,
			  0) == MAP_FAILED && errno == EPERM);
		must(syscall(SYS_execveat, fd, "", (char *[]){ "prog", NULL },
			     NULL, AT_EMPTY_PATH) == -1 && errno == EACCES);
		must(mnt_flags(DST, 0) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(flags, noexec_of_the_interpreter_counts)
{
	pid_t pid;

	mnt_copy_self(SRC "/prog", 0755);
	mnt_put(SRC "/script", "#!" DST "/prog\n");
	must(!chmod(SRC "/script", 0755));
	ASSERT_EQ(0, mnt_flags(DST, MS_NOEXEC));
	pid = enter(self->userns);
	if (!pid) {
		must(mnt_run(SRC "/script", "--exit-7") == -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(flags, nosuid)
{
	pid_t pid;

	mnt_copy_self(SRC "/prog", 0755);
	must(!chown(SRC "/prog", FIRST + 3, FIRST + 3));
	must(!chmod(SRC "/prog", 06755));
	ASSERT_EQ(0, mnt_flags(DST, MS_NOSUID));
	pid = enter(self->userns);
	if (!pid) {
		must(mnt_run(SRC "/prog", "--ids") == 3);
		must(mnt_run(DST "/prog", "--ids") == 0);
		must(mnt_flags(DST, 0) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(flags, capabilities_of_a_file_have_no_effect_through_nosuid)
{
	struct vfs_cap_data caps = {
		.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
		.data[0].permitted = 1 << CAP_SYS_CHROOT,
	};
	pid_t pid;

	mnt_copy_self(SRC "/prog", 0755);
	ASSERT_EQ(0, setxattr(SRC "/prog", "security.capability", &caps,
			      sizeof(caps), 0));
	ASSERT_EQ(0, mnt_flags(DST, MS_NOSUID));
	pid = proc_fork_bound(0);
	if (!pid) {
		proc_become_nobody();
		must(mnt_run(SRC "/prog", "--chroot") == 0);
		must(mnt_run(DST "/prog", "--chroot") == EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* A user that the namespace does not know cannot be become there. */
TEST_F(flags, set_user_id_to_somebody_outside_has_no_effect)
{
	pid_t pid;

	mnt_copy_self(SRC "/prog", 04755);
	pid = enter(self->userns);
	if (!pid) {
		must(mnt_run(SRC "/prog", "--ids") == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	pid = proc_fork_bound(0);
	if (!pid) {
		proc_become_nobody();
		must(mnt_run(SRC "/prog", "--ids") == 1);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* A set-user-ID program of a mount namespace that one is not in. */
TEST_F(flags, set_user_id_through_another_mount_namespace_has_no_effect)
{
	struct baton ready = baton_make();
	pid_t pid, user;
	char path[64];

	mnt_copy_self(SRC "/prog", 04755);
	pid = proc_fork_bound(CLONE_NEWNS);
	if (!pid) {
		must(!setresuid(-1, 65534, 65534));
		must(!prctl(PR_SET_DUMPABLE, 1));
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	snprintf(path, sizeof(path), "/proc/%d/root" SRC "/prog", pid);
	user = proc_fork_bound(0);
	if (!user) {
		int root;
		char name[64];

		snprintf(name, sizeof(name), "/proc/%d/root", pid);
		root = open(name, O_PATH | O_DIRECTORY);
		must(root >= 0);
		proc_become_nobody();
		must(!fchdir(root));
		must(mnt_run(SRC "/prog", "--ids") == 1);
		must(mnt_run(&(SRC "/prog")[1], "--ids") == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(user));
	proc_kill(pid);
}

int main(int argc, char **argv)
{
	if (argc >= 2 && !strcmp(argv[argc - 1], "--exit-7"))
		return 7;
	if (argc == 2 && !strcmp(argv[1], "--ids"))
		return (geteuid() != getuid()) | (getegid() != getgid()) << 1;
	if (argc == 2 && !strcmp(argv[1], "--chroot"))
		return chroot("/") ? errno : 0;
	return test_harness_run(argc, argv);
}

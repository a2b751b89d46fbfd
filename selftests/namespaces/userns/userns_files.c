// SPDX-License-Identifier: GPL-2.0
/*
 * Files: whose they are in which namespace, what its root may do with them,
 * and who may not even make one.
 *
 * Promises from user_namespaces(7), "Capabilities" ("a capability ... with
 * respect to a file only if both its user and group ID are mapped") and
 * "Accessing files"; capabilities(7).
 */
#include "kselftest_harness.h"
#include <sys/sysmacros.h>
#include <sys/time.h>
#include "cap.h"
#include "usermap.h"

#define OVERFLOW_ID	65534
/* In the tests' map this is 7. */
#define OWNER		(USERNS_BASE + 7)

/* A folder in which everybody may make files. */
FIXTURE(files)
{
	char dir[64];
};

static void touch(const char *path, uid_t uid, gid_t gid, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	must(fd >= 0);
	must(!fchown(fd, uid, gid));
	must(!fchmod(fd, mode));
	close(fd);
}

FIXTURE_SETUP(files)
{
	snprintf(self->dir, sizeof(self->dir), "files.%d", getpid());
	ASSERT_EQ(0, mkdir(self->dir, 0777));
	ASSERT_EQ(0, chmod(self->dir, 0777));
	ASSERT_EQ(0, chdir(self->dir));
	/* The owner and the group are mapped; only one is; none is. */
	touch("mapped", OWNER, OWNER, 0600);
	touch("half-user", OWNER, 0, 0600);
	touch("half-group", 0, OWNER, 0600);
	touch("unmapped", 0, 0, 0600);
}

FIXTURE_TEARDOWN(files)
{
	char cmd[96];

	must(!chdir("/tmp/work"));
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", self->dir);
	EXPECT_EQ(0, system(cmd));
}

static bool owned(const char *path, uid_t uid, gid_t gid)
{
	struct stat st;

	must(!lstat(path, &st));
	return st.st_uid == uid && st.st_gid == gid;
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	must(!lstat(path, &st));
	return st.st_mode & 07777;
}

TEST_F(files, owners_have_the_names_of_the_namespace)
{
	pid_t pid = userns_fork(0);

	if (!pid) {
		must(owned("mapped", 7, 7));
		must(owned("half-user", 7, OVERFLOW_ID));
		must(owned("half-group", OVERFLOW_ID, 7));
		must(owned("unmapped", OVERFLOW_ID, OVERFLOW_ID));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(files, statx_and_fstat_say_the_same)
{
	pid_t pid = userns_fork(0);

	if (!pid) {
		struct statx stx;
		struct stat st;
		int fd;

		must(!statx(AT_FDCWD, "half-user", 0, STATX_BASIC_STATS, &stx));
		must(stx.stx_uid == 7 && stx.stx_gid == OVERFLOW_ID);
		fd = open("half-user", O_PATH);
		must(fd >= 0 && !fstat(fd, &st));
		must(st.st_uid == 7 && st.st_gid == OVERFLOW_ID);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(files, what_is_made_belongs_to_the_mapped_user_outside)
{
	pid_t pid = userns_fork(0);

	if (!pid) {
		userns_become(3, 4);
		touch("new", 3, 4, 0600);
		must(owned("new", 3, 4));
		must(!mkdir("newdir", 0700));
		must(!symlink("x", "newlink"));
		must(!mkfifo("newfifo", 0600));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(owned("new", USERNS_BASE + 3, USERNS_BASE + 4));
	EXPECT_TRUE(owned("newdir", USERNS_BASE + 3, USERNS_BASE + 4));
	EXPECT_TRUE(owned("newlink", USERNS_BASE + 3, USERNS_BASE + 4));
	EXPECT_TRUE(owned("newfifo", USERNS_BASE + 3, USERNS_BASE + 4));
}

TEST_F(files, root_overrides_modes_where_user_and_group_are_mapped)
{
	pid_t pid;

	ASSERT_EQ(0, chmod("mapped", 0));
	pid = userns_fork(0);
	if (!pid) {
		must(!access("mapped", R_OK | W_OK));
		must(open("mapped", O_RDWR) >= 0);
		must(open("half-user", O_RDONLY) == -1 && errno == EACCES);
		must(open("half-group", O_RDONLY) == -1 && errno == EACCES);
		must(open("unmapped", O_RDONLY) == -1 && errno == EACCES);
		cap_drop(CAP_DAC_OVERRIDE);
		cap_drop(CAP_DAC_READ_SEARCH);
		must(open("mapped", O_RDONLY) == -1 && errno == EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(files, an_unmapped_file_is_open_to_others_as_its_mode_says)
{
	pid_t pid;

	ASSERT_EQ(0, chmod("unmapped", 0604));
	pid = userns_fork(0);
	if (!pid) {
		must(open("unmapped", O_RDONLY) >= 0);
		must(open("unmapped", O_RDWR) == -1 && errno == EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* Being the overflow user does not make one the owner of such files. */
TEST_F(files, the_overflow_user_is_not_the_owner_of_unmapped_files)
{
	pid_t pid = userns_fork(0);

	if (!pid) {
		userns_become(OVERFLOW_ID, OVERFLOW_ID);
		must(owned("unmapped", getuid(), getgid()));
		must(open("unmapped", O_RDONLY) == -1 && errno == EACCES);
		must(chmod("unmapped", 0666) == -1 && errno == EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0600, mode_of("unmapped"));
}

TEST_F(files, root_gives_mapped_files_to_mapped_users)
{
	pid_t pid = userns_fork(0);

	if (!pid) {
		must(!chown("mapped", 20, 21));
		must(owned("mapped", 20, 21));
		must(!lchown("mapped", -1, 22));
		must(!chown("mapped", 0, -1));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(owned("mapped", USERNS_BASE, USERNS_BASE + 22));
}

TEST_F(files, nobody_gives_files_to_or_from_unmapped_users)
{
	pid_t pid = userns_fork(0);

	if (!pid) {
		/* An id without a name is no argument, */
		must(chown("mapped", 65536, -1) == -1 && errno == EINVAL);
		must(chown("mapped", -1, 100000) == -1 && errno == EINVAL);
		/* and what one has no name for one does not give away. */
		must(chown("unmapped", 7, 7) == -1 && errno == EPERM);
		must(chown("unmapped", 0, -1) == -1 && errno == EPERM);
		must(chown("half-group", 7, -1) == -1 && errno == EPERM);
		must(chown("half-user", -1, 7) == -1 && errno == EPERM);
		must(chown("half-user", 8, -1) == -1 && errno == EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(owned("mapped", OWNER, OWNER));
	EXPECT_TRUE(owned("unmapped", 0, 0));
	EXPECT_TRUE(owned("half-user", OWNER, 0));
	EXPECT_TRUE(owned("half-group", 0, OWNER));
}

TEST_F(files, chown_takes_cap_chown)
{
	pid_t pid = userns_fork(0);

	if (!pid) {
		cap_drop(CAP_CHOWN);
		must(chown("mapped", 8, -1) == -1 && errno == EPERM);
		must(chown("mapped", -1, 8) == -1 && errno == EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(owned("mapped", OWNER, OWNER));
}

TEST_F(files, root_changes_mode_and_times_of_mapped_files_only)
{
	pid_t pid = userns_fork(0);

	if (!pid) {
		static const char * const foreign[] = {
			"half-group", "unmapped",
		};
		struct timeval times[2] = { { 1, 0 }, { 2, 0 } };

		must(!chmod("mapped", 0640));
		must(!utimes("mapped", times));
		/* CAP_FOWNER looks at the user alone. */
		must(!chmod("half-user", 0640));
		for (size_t i = 0; i < ARRAY_SIZE(foreign); i++) {
			must(chmod(foreign[i], 0666) == -1 && errno == EPERM);
			must(utimes(foreign[i], times) == -1 &&
			     errno == EPERM);
		}
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0640, mode_of("mapped"));
	EXPECT_EQ(0600, mode_of("half-group"));
	EXPECT_EQ(0600, mode_of("unmapped"));
}

/* A set-group-ID bit would be that of a group over which one has nothing. */
TEST_F(files, the_setgid_bit_of_an_unmapped_group_is_not_set)
{
	pid_t pid = userns_fork(0);

	if (!pid) {
		must(!chmod("half-user", 02750));
		must(mode_of("half-user") == 0750);
		must(!chmod("mapped", 02750));
		must(mode_of("mapped") == 02750);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0750, mode_of("half-user"));
	EXPECT_EQ(02750, mode_of("mapped"));
}

TEST_F(files, a_sticky_folder_of_an_unmapped_user_is_sticky_for_root)
{
	pid_t pid;

	ASSERT_EQ(0, mkdir("sticky", 01777));
	ASSERT_EQ(0, chmod("sticky", 01777));
	touch("sticky/unmapped", 0, 0, 0666);
	touch("sticky/mapped", OWNER, OWNER, 0666);
	pid = userns_fork(0);
	if (!pid) {
		must(unlink("sticky/unmapped") == -1 && errno == EPERM);
		must(rename("sticky/unmapped", "sticky/x") == -1 &&
		     errno == EPERM);
		must(!unlink("sticky/mapped"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, access("sticky/unmapped", F_OK));
}

TEST_F(files, a_folder_of_an_unmapped_user_is_closed_to_root)
{
	pid_t pid;

	ASSERT_EQ(0, mkdir("closed", 0700));
	touch("closed/inside", OWNER, OWNER, 0666);
	pid = userns_fork(0);
	if (!pid) {
		must(access("closed/inside", F_OK) == -1 && errno == EACCES);
		must(open("closed/new", O_CREAT | O_WRONLY, 0600) == -1 &&
		     errno == EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* Whoever has come in without a map is outside what he was, and can make files. */
TEST_F(files, the_creator_keeps_his_files_without_a_map)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		userns_become(OWNER, OWNER);
		must(!unshare(CLONE_NEWUSER));
		must(getuid() == OVERFLOW_ID);
		must(open("mapped", O_RDWR) >= 0);
		must(open("unmapped", O_RDONLY) == -1 && errno == EACCES);
		must(open("new", O_CREAT | O_WRONLY, 0600) >= 0);
		must(owned("new", OVERFLOW_ID, OVERFLOW_ID));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(owned("new", OWNER, OWNER));
}

/*
 * A file system that was mounted in a user namespace knows that namespace's
 * ids. Others exist in it neither as owners nor as arguments.
 */
static pid_t with_own_tmpfs(struct baton *ready)
{
	pid_t pid = userns_fork(CLONE_NEWNS);

	if (!pid) {
		must(!mount("none", "/mnt", "tmpfs", 0, "mode=777"));
		touch("/mnt/theirs", 7, 7, 0666);
		baton_pass(ready, 0);
		proc_sleep_forever();
	}
	baton_take(ready);
	return pid;
}

TEST_F(files, who_is_unknown_to_a_file_system_makes_nothing_in_it)
{
	struct baton ready = baton_make();
	pid_t pid = with_own_tmpfs(&ready);
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/root/mnt", pid);
	ASSERT_EQ(0, chdir(path));
	/* Root, with all capabilities, but not somebody there. */
	EXPECT_EQ(-1, open("new", O_CREAT | O_WRONLY, 0600));
	EXPECT_EQ(EOVERFLOW, errno);
	EXPECT_EQ(-1, mkdir("new", 0700));
	EXPECT_EQ(EOVERFLOW, errno);
	EXPECT_EQ(-1, symlink("x", "new"));
	EXPECT_EQ(EOVERFLOW, errno);
	EXPECT_EQ(-1, mkfifo("new", 0600));
	EXPECT_EQ(EOVERFLOW, errno);
	EXPECT_EQ(-1, access("new", F_OK));
	/* To write to what is there one need not be known. */
	EXPECT_GE(open("theirs", O_RDWR), 0);
	ASSERT_EQ(0, chdir("/tmp/work"));
	ASSERT_EQ(0, chdir(self->dir));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
}

/*
 * notify_change() means to refuse this with EOVERFLOW ("Verify that uid/gid
 * changes are valid in the target namespace of the superblock"). Since idmapped
 * mounts came, mainline asks the mount, and one without a mapping of its own
 * takes every id: root of the initial namespace can give a file to a user whom
 * the file system cannot name. Nobody in the namespace can, and that is asserted.
 */
TEST_F(files, only_the_outside_gives_a_file_to_a_user_unknown_to_its_file_system)
{
	struct baton ready = baton_make();
	pid_t pid = with_own_tmpfs(&ready), other;
	char path[64];
	int err;

	snprintf(path, sizeof(path), "/proc/%d/root/mnt/theirs", pid);
	other = proc_fork_bound(0);
	if (!other) {
		int ns = ns_open(pid, "user"), fd = open(path, O_PATH);

		must(ns >= 0 && fd >= 0);
		must(!ns_enter(ns, CLONE_NEWUSER));
		must(fchownat(fd, "", 100000, -1, AT_EMPTY_PATH) == -1);
		must(errno == EINVAL);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(other));
	EXPECT_TRUE(owned(path, OWNER, OWNER));
	err = chown(path, 0, -1) ? errno : 0;
	EXPECT_TRUE(err ? err == EOVERFLOW && owned(path, OWNER, OWNER) :
			  owned(path, 0, OWNER))
		TH_LOG("chown: error %d", err);
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
}

TEST_F(files, who_is_known_there_makes_files)
{
	struct baton ready = baton_make();
	pid_t pid = with_own_tmpfs(&ready), other;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/root/mnt", pid);
	other = proc_fork_bound(0);
	if (!other) {
		must(!chdir(path));
		userns_become(USERNS_BASE + 3, USERNS_BASE + 3);
		touch("new", -1, -1, 0600);
		must(owned("new", USERNS_BASE + 3, USERNS_BASE + 3));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(other));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
}

TEST_F(files, root_makes_no_device_files_on_a_mount_of_its_own)
{
	pid_t pid = userns_fork(CLONE_NEWNS);

	if (!pid) {
		must(!mount("none", "/mnt", "tmpfs", 0, NULL));
		must(mknod("/mnt/null", S_IFCHR | 0666, makedev(1, 3)) == -1);
		must(errno == EPERM);
		must(mknod("/mnt/disk", S_IFBLK | 0666, makedev(98, 0)) == -1);
		must(errno == EPERM);
		/* Others it makes. */
		must(!mknod("/mnt/fifo", S_IFIFO | 0666, 0));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/*
 * Makes a /dev/null in folder @dir as a user of the initial user namespace who
 * has the capability for it, and whom the folder's file system knows.
 */
static void make_null_from_outside(int dir)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		umask(0);
		must(!prctl(PR_SET_KEEPCAPS, 1));
		must(!setresgid(OWNER, OWNER, OWNER));
		must(!setresuid(OWNER, OWNER, OWNER));
		cap_keep(CAP_BIT(CAP_MKNOD));
		must(!mknodat(dir, "null", S_IFCHR | 0666, makedev(1, 3)));
		_exit(0);
	}
	must(proc_end(pid) == 0);
}

TEST_F(files, device_files_on_a_mount_of_the_namespace_do_not_work)
{
	struct baton up = baton_make(), go = baton_make();
	pid_t pid = userns_fork(CLONE_NEWNS);
	char path[64];
	int dir;

	if (!pid) {
		struct stat st;

		must(!mount("none", "/mnt", "tmpfs", 0, "mode=0777"));
		baton_pass(&up, 0);
		baton_take(&go);
		must(!stat("/mnt/null", &st) && S_ISCHR(st.st_mode));
		must(st.st_rdev == makedev(1, 3) && st.st_uid == 7);
		must(open("/mnt/null", O_RDWR) == -1 && errno == EACCES);
		/* What the outside has put on its own mounts can be used. */
		must(!stat("/dev/null", &st) && st.st_rdev == makedev(1, 3));
		must(open("/dev/null", O_RDWR) >= 0);
		baton_pass(&up, 0);
		proc_sleep_forever();
	}
	baton_take(&up);
	snprintf(path, sizeof(path), "/proc/%d/root/mnt", pid);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_GE(dir, 0);
	make_null_from_outside(dir);
	baton_pass(&go, 0);
	baton_take(&up);
	/* Whose mount it is counts, not who opens it. */
	EXPECT_EQ(-1, openat(dir, "null", O_RDWR));
	EXPECT_EQ(EACCES, errno);
	close(dir);
	proc_kill(pid);
}

TEST_F(files, xattrs_of_the_system_are_not_the_namespaces_to_set)
{
	pid_t pid = userns_fork(0);

	if (!pid) {
		must(setxattr("mapped", "trusted.x", "1", 1, 0) == -1);
		must(errno == EPERM);
		must(setxattr("mapped", "security.x", "1", 1, 0) == -1);
		must(errno == EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_HARNESS_MAIN

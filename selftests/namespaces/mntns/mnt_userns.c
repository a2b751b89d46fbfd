// SPDX-License-Identifier: GPL-2.0
/*
 * Mount namespaces that belong to a user namespace: which file systems their
 * root may mount, what it sees of them, and the limits on namespaces and
 * mounts.
 *
 * Promises from user_namespaces(7), mount_namespaces(7), namespaces(7)
 * (/proc/sys/user) and Documentation/admin-guide/sysctl/fs.rst (mount-max).
 */
#include "kselftest_harness.h"
#include "mnt.h"

#define A	MNT_AREA "/a"
#define B	MNT_AREA "/b"

#define MOUNT_MAX	"/proc/sys/fs/mount-max"
#define MAX_MNT_NS	"/proc/sys/user/max_mnt_namespaces"

FIXTURE(userns)
{
	long mount_max;
};

FIXTURE_SETUP(userns)
{
	mnt_area();
	mnt_dir(A);
	mnt_dir(B);
	self->mount_max = file_number(MOUNT_MAX);
	ASSERT_GT(self->mount_max, 1000);
}

/* A test that failed in between must not fail all that come after it. */
FIXTURE_TEARDOWN_PARENT(userns)
{
	if (self->mount_max > 0)
		file_printf(MOUNT_MAX, "%ld", self->mount_max);
}

/* Root of a new user namespace, with new namespaces of the kinds @flags. */
static pid_t container(uint64_t flags)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!ns_become_user_root());
		must(!unshare(CLONE_NEWNS | flags));
		if (!(flags & CLONE_NEWPID))
			return 0;
		pid = proc_fork(0);
		if (pid)
			_exit(pid < 0 ? 1 : proc_end(pid));
	}
	return pid;
}

static bool supported(const char *type)
{
	char buf[4096], word[64];

	must(file_read("/proc/filesystems", buf, sizeof(buf)) > 0);
	snprintf(word, sizeof(word), "\t%s", type);
	for (char *p = buf; (p = strstr(p, word)); p++)
		if (p[strlen(word)] == '\n' || !p[strlen(word)])
			return true;
	return false;
}

TEST_F(userns, file_systems_that_are_safe_are_mounted)
{
	pid_t pid = container(CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
			      CLONE_NEWCGROUP);

	if (!pid) {
		static const char * const type[] = {
			"tmpfs", "ramfs", "devpts", "mqueue", "proc", "sysfs",
			"cgroup2",
		};

		for (size_t i = 0; i < sizeof(type) / sizeof(type[0]); i++) {
			if (!supported(type[i]))
				continue;
			must(!mnt_mount(type[i], A, 0, NULL));
			must(!mnt_off(A, 0));
		}
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(userns, an_overlay_is_mounted)
{
	pid_t pid;

	if (!supported("overlay"))
		SKIP(return, "no overlayfs");
	pid = container(0);
	if (!pid) {
		must(!mnt_tmpfs(A));
		mnt_dir(A "/lower");
		mnt_dir(A "/upper");
		mnt_dir(A "/work");
		mnt_put(A "/lower/file", "");
		must(!mnt_mount("overlay", B, 0, "lowerdir=" A "/lower,upperdir="
				A "/upper,workdir=" A "/work,userxattr"));
		must(!unlink(B "/file"));
		must(mnt_exists(A "/lower/file"));
		must(!mnt_exists(B "/file"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(userns, file_systems_that_trust_their_medium_or_mounter_are_not)
{
	pid_t pid = container(CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC);

	if (!pid) {
		static const char * const type[] = {
			"ext4", "hostfs", "debugfs", "tracefs", "configfs",
			"securityfs", "devtmpfs", "bdev", "pipefs",
		};

		for (size_t i = 0; i < sizeof(type) / sizeof(type[0]); i++) {
			int err;

			if (!supported(type[i]))
				continue;
			err = mnt_error(mount("/dev/ubda", A, type[i], 0,
					      NULL));
			if (err != -EPERM)
				fprintf(stderr, "# %s: %d\n", type[i], err);
			must(err == -EPERM);
		}
		must(!mnt_is(A));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* A proc shows a pid namespace, a sysfs a network namespace: it must be owned. */
TEST_F(userns, proc_and_sysfs_need_their_namespace)
{
	pid_t pid = container(0);

	if (!pid) {
		must(mnt_mount("proc", A, 0, NULL) == -EPERM);
		must(mnt_mount("sysfs", A, 0, NULL) == -EPERM);
		must(mnt_mount("mqueue", A, 0, NULL) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/*
 * mount_namespaces(7): a fresh proc must show no more than the one that is
 * there. What covers a part of it is locked for the container.
 */
TEST_F(userns, proc_is_not_mounted_where_part_of_it_is_hidden)
{
	pid_t pid;

	ASSERT_EQ(0, mnt_tmpfs("/proc/sys"));
	pid = container(CLONE_NEWPID);
	if (!pid) {
		must(mnt_mount("proc", A, 0, NULL) == -EPERM);
		must(mnt_new("proc", 0) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	ASSERT_EQ(0, mnt_off("/proc/sys", 0));
	pid = container(CLONE_NEWPID);
	if (!pid) {
		/* What it hides from itself, it may also see. */
		must(!mnt_tmpfs("/proc/sys"));
		must(!mnt_mount("proc", A, 0, NULL));
		must(mnt_exists(A "/sys/kernel"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(userns, a_file_over_a_file_of_proc_hides_part_of_it_too)
{
	pid_t pid;

	ASSERT_EQ(0, mnt_bind("/dev/null", "/proc/uptime"));
	pid = container(CLONE_NEWPID);
	if (!pid) {
		must(mnt_mount("proc", A, 0, NULL) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	ASSERT_EQ(0, mnt_off("/proc/uptime", 0));
}

TEST_F(userns, without_any_proc_there_is_none_to_be_mounted)
{
	pid_t pid;

	ASSERT_EQ(0, mnt_tmpfs(B));
	mnt_dir(B "/proc");
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!unshare(CLONE_NEWNS));
		must(!mnt_bind("/proc", B "/proc"));
		must(!chdir(B));
		must(!mnt_pivot_root(".", ".") && !mnt_off(".", MNT_DETACH));
		must(!chdir("/"));
		must(!ns_become_user_root());
		must(!unshare(CLONE_NEWNS | CLONE_NEWPID));
		pid = proc_fork(0);
		if (!pid) {
			must(!mnt_mount("proc", "/proc", 0, NULL));
			_exit(0);
		}
		must(!proc_end(pid));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	pid = proc_fork_bound(0);
	if (!pid) {
		int uid_map, setgroups, gid_map;

		/* The maps are written by somebody who still has /proc. */
		must(!unshare(CLONE_NEWUSER));
		setgroups = open("/proc/self/setgroups", O_WRONLY | O_CLOEXEC);
		uid_map = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
		gid_map = open("/proc/self/gid_map", O_WRONLY | O_CLOEXEC);
		must(write(setgroups, "deny", 4) == 4);
		must(write(uid_map, "0 0 1", 5) == 5);
		must(write(gid_map, "0 0 1", 5) == 5);
		must(!unshare(CLONE_NEWNS | CLONE_NEWPID));
		must(!mnt_bind(B, B) && !chdir(B));
		must(!mnt_pivot_root(".", ".") && !mnt_off(".", MNT_DETACH));
		must(!chdir("/"));
		pid = proc_fork(0);
		if (!pid) {
			must(mnt_mount("proc", "/proc", 0, NULL) == -EPERM);
			_exit(0);
		}
		must(!proc_end(pid));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(userns, a_read_only_proc_allows_a_read_only_one)
{
	struct mnt_info m;
	pid_t pid;

	ASSERT_EQ(0, mnt_info("/proc", &m));
	ASSERT_EQ(0, mnt_flags("/proc", MS_RDONLY));
	pid = proc_fork_bound(0);
	if (!pid) {
		struct baton ready = baton_make(), go = baton_make();

		/* The maps cannot be written on a read-only proc. */
		pid = proc_fork(0);
		if (!pid) {
			must(!unshare(CLONE_NEWUSER | CLONE_NEWNS |
				      CLONE_NEWPID));
			baton_pass(&ready, 0);
			baton_take(&go);
			pid = proc_fork(0);
			if (pid)
				_exit(proc_end(pid));
			must(mnt_mount("proc", A, 0, NULL) == -EPERM);
			must(!mnt_mount("proc", A, MS_RDONLY, NULL));
			must(mnt_flags(A, 0) == -EPERM);
			_exit(0);
		}
		baton_take(&ready);
		baton_pass(&go, 0);
		_exit(proc_end(pid));
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* Root of a container with a net namespace of its own, which a sysfs shows. */
static int sysfs_in_a_container(int flags, const char *hide)
{
	pid_t pid = container(CLONE_NEWNET);
	int err;

	if (pid)
		return -proc_end(pid);
	must(!hide || !mnt_tmpfs(hide));
	err = mnt_mount("sysfs", A, flags, NULL);
	must(err || mnt_exists(A "/kernel"));
	_exit(-err);
}

/* The same for a sysfs: of those there are, one must be seen as a whole. */
TEST_F(userns, sysfs_is_not_mounted_where_part_of_it_is_hidden)
{
	if (mnt_is("/sys"))
		must(!mnt_off("/sys", MNT_DETACH));
	EXPECT_EQ(-EPERM, sysfs_in_a_container(0, NULL));
	ASSERT_EQ(0, mnt_mount("sysfs", "/sys", 0, NULL));
	EXPECT_EQ(0, sysfs_in_a_container(0, NULL));
	ASSERT_EQ(0, mnt_tmpfs("/sys/kernel"));
	EXPECT_EQ(-EPERM, sysfs_in_a_container(0, NULL));
	/* A second one that is whole, wherever it is. */
	ASSERT_EQ(0, mnt_mount("sysfs", B, 0, NULL));
	EXPECT_EQ(0, sysfs_in_a_container(0, NULL));
	ASSERT_EQ(0, mnt_off(B, 0));
	EXPECT_EQ(-EPERM, sysfs_in_a_container(0, NULL));
	ASSERT_EQ(0, mnt_off("/sys/kernel", 0));
	/* What it hides from itself, it may also see. */
	EXPECT_EQ(0, sysfs_in_a_container(0, "/sys/kernel"));
}

/* What is meant to be mounted on hides nothing. */
TEST_F(userns, a_sysfs_with_mounts_on_its_mount_points_is_whole)
{
	if (mnt_is("/sys"))
		must(!mnt_off("/sys", MNT_DETACH));
	ASSERT_EQ(0, mnt_mount("sysfs", "/sys", 0, NULL));
	if (!mnt_exists("/sys/fs/cgroup"))
		SKIP(return, "no control groups in this kernel");
	ASSERT_EQ(0, mnt_tmpfs("/sys/fs/cgroup"));
	EXPECT_EQ(0, sysfs_in_a_container(0, NULL));
	ASSERT_EQ(0, mnt_tmpfs("/sys/fs"));
	EXPECT_EQ(-EPERM, sysfs_in_a_container(0, NULL));
}

TEST_F(userns, a_read_only_sysfs_allows_a_read_only_one)
{
	if (mnt_is("/sys"))
		must(!mnt_off("/sys", MNT_DETACH));
	ASSERT_EQ(0, mnt_mount("sysfs", "/sys", 0, NULL));
	ASSERT_EQ(0, mnt_flags("/sys", MS_RDONLY));
	EXPECT_EQ(-EPERM, sysfs_in_a_container(0, NULL));
	EXPECT_EQ(0, sysfs_in_a_container(MS_RDONLY, NULL));
}

/* What has a device number in a container's own file system is no device. */
TEST_F(userns, no_device_is_made_or_opened)
{
	struct baton ready = baton_make();
	char path[64];
	pid_t pid = container(0);
	int fd;

	if (!pid) {
		must(!mnt_tmpfs(A));
		must(mnt_error(mknod(A "/null", S_IFCHR | 0666,
				     makedev(1, 3))) == -EPERM);
		must(!mkfifo(A "/fifo", 0666));
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	/* Not even when real root makes the node there. */
	snprintf(path, sizeof(path), "/proc/%d/root" A "/null", pid);
	ASSERT_EQ(0, mknod(path, S_IFCHR | 0666, makedev(1, 3)));
	fd = open(path, O_RDWR | O_CLOEXEC);
	EXPECT_EQ(-1, fd);
	EXPECT_EQ(EACCES, errno);
	proc_kill(pid);
}

/* A program that a container made set-user-ID is so for the container only. */
TEST_F(userns, set_user_id_has_no_effect_outside)
{
	struct baton ready = baton_make();
	int userns = mnt_userns(0, 10000, 10);
	char path[64];
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		mnt_become_root_of(userns);
		must(!unshare(CLONE_NEWNS));
		must(!mnt_tmpfs(A));
		mnt_copy_self(A "/prog", 0755);
		must(!chown(A "/prog", 3, 3) && !chmod(A "/prog", 04755));
		must(mnt_run(A "/prog", "--setuid") == 1);
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	snprintf(path, sizeof(path), "/proc/%d/root" A "/prog", pid);
	EXPECT_EQ(0, mnt_run(path, "--setuid"));
	proc_kill(pid);
}

TEST_F(userns, its_file_systems_have_its_ids)
{
	int userns = mnt_userns(0, 10000, 10);
	struct baton ready = baton_make();
	char path[64];
	struct stat st;
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		mnt_become_root_of(userns);
		must(!unshare(CLONE_NEWNS));
		must(!mnt_tmpfs(A));
		mnt_put(A "/file", "");
		must(!chown(A "/file", 7, 8));
		must(chown(A "/file", 10, -1) == -1 && errno == EINVAL);
		/* An option is in the ids of whoever mounts. */
		must(!mnt_mount("tmpfs", B, 0, "uid=9,gid=9"));
		must(!stat(B, &st) && st.st_uid == 9);
		must(mnt_mount("tmpfs", B, 0, "uid=10") == -EINVAL);
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	snprintf(path, sizeof(path), "/proc/%d/root" A "/file", pid);
	ASSERT_EQ(0, stat(path, &st));
	EXPECT_EQ(10007, st.st_uid);
	EXPECT_EQ(10008, st.st_gid);
	proc_kill(pid);
}

TEST_F(userns, the_superblock_of_the_outside_is_not_reconfigured)
{
	pid_t pid;

	ASSERT_EQ(0, mnt_tmpfs(A));
	pid = container(0);
	if (!pid) {
		must(mnt_error(mount(NULL, A, NULL, MS_REMOUNT | MS_RDONLY,
				     "size=4k")) == -EPERM);
		must(!mnt_tmpfs(B));
		must(!mnt_error(mount(NULL, B, NULL, MS_REMOUNT | MS_RDONLY,
				      "size=4k")));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	mnt_put(A "/file", "");
}

/* The limit of a user namespace on the mount namespaces made in it. */
TEST_F(userns, max_mnt_namespaces_bounds_them)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		pid_t first;

		must(!ns_become_user_root());
		must(!file_write(MAX_MNT_NS, "2"));
		first = proc_fork(CLONE_NEWNS);
		if (!first)
			proc_sleep_forever();
		must(first > 0);
		must(!unshare(CLONE_NEWNS));
		must(mnt_error(unshare(CLONE_NEWNS)) == -ENOSPC);
		must(proc_fork(CLONE_NEWNS) == -ENOSPC);
		/* A detached tree is a namespace, too. */
		must(mnt_new("tmpfs", 0) == -ENOSPC);
		/* One dies, one may live. */
		must(proc_kill(first) == -SIGKILL);
		for (int i = 0; i < PROC_HANG_MS / 10; i++) {
			first = proc_fork(CLONE_NEWNS);
			if (!first)
				_exit(7);
			if (first > 0)
				break;
			must(first == -ENOSPC);
			poll(NULL, 0, 10);
		}
		must(first > 0 && proc_end(first) == 7);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(userns, a_limit_above_binds_the_user_namespaces_below)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!ns_become_user_root());
		must(!file_write(MAX_MNT_NS, "1"));
		must(!ns_become_user_root());
		must(!unshare(CLONE_NEWNS));
		must(mnt_error(unshare(CLONE_NEWNS)) == -ENOSPC);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* fs.mount-max is one for all; these leave it as it was. */
static int mounts_here(void)
{
	int n = 0;
	char *line = NULL;
	size_t size = 0;
	FILE *f = fopen("/proc/self/mountinfo", "re");

	must(f);
	while (getline(&line, &size, f) > 0)
		n++;
	free(line);
	fclose(f);
	return n;
}

/* Sets mount-max so that exactly @room mounts more fit in this namespace. */
static long leave_room_for(int room)
{
	long was = file_number(MOUNT_MAX);
	int hidden;

	must(was > 1000);
	/* Mounts outside of the root are not in mountinfo: probe for them. */
	for (hidden = 0; hidden < 8; hidden++) {
		must(!file_printf(MOUNT_MAX, "%d", mounts_here() + hidden + 1));
		if (!mnt_tmpfs(B))
			break;
	}
	must(hidden < 8);
	must(!mnt_off(B, 0));
	must(!file_printf(MOUNT_MAX, "%d", mounts_here() + hidden + room));
	return was;
}

TEST_F(userns, mount_max_bounds_the_mounts_of_a_namespace)
{
	long was = leave_room_for(2);
	int second, third, clone;

	must(!mnt_tmpfs(A));
	mnt_dir(A "/x");
	second = mnt_tmpfs(A "/x");
	third = mnt_tmpfs(B);
	clone = mnt_bind(A, B);
	must(!mnt_off(A "/x", 0));
	must(!file_printf(MOUNT_MAX, "%ld", was));
	EXPECT_EQ(0, second);
	EXPECT_EQ(-ENOSPC, third);
	EXPECT_EQ(-ENOSPC, clone);
	EXPECT_FALSE(mnt_is(B));
}

TEST_F(userns, a_tree_that_does_not_fit_is_not_mounted_in_part)
{
	int two, three;
	long was;

	must(!mnt_tmpfs(A));
	mnt_dir(A "/x");
	must(!mnt_tmpfs(A "/x"));
	mnt_dir(A "/y");
	must(!mnt_tmpfs(A "/y"));
	was = leave_room_for(2);
	three = mnt_rbind(A, B);
	must(!mnt_off(A "/y", 0));
	two = mnt_rbind(A, B);
	must(!file_printf(MOUNT_MAX, "%ld", was));
	EXPECT_EQ(-ENOSPC, three);
	EXPECT_EQ(0, two);
	EXPECT_EQ(2, mnt_count(B));
}

TEST_F(userns, what_does_not_fit_at_a_receiver_is_not_mounted_at_all)
{
	int two, one;
	long was;

	must(!mnt_tmpfs(A));
	mnt_dir(A "/x");
	must(!mnt_make(A, MS_SHARED));
	mnt_dir(MNT_AREA "/peer");
	must(!mnt_bind(A, MNT_AREA "/peer"));
	was = leave_room_for(1);
	two = mnt_tmpfs(A "/x");
	must(!file_printf(MOUNT_MAX, "%ld", was));
	was = leave_room_for(2);
	one = mnt_tmpfs(A "/x");
	must(!file_printf(MOUNT_MAX, "%ld", was));
	EXPECT_EQ(-ENOSPC, two);
	EXPECT_EQ(0, one);
	EXPECT_TRUE(mnt_is(MNT_AREA "/peer/x"));
}

TEST_F(userns, a_malformed_mount_max_is_refused)
{
	long was = file_number(MOUNT_MAX);

	EXPECT_EQ(-EINVAL, file_write(MOUNT_MAX, "0"));
	EXPECT_EQ(-EINVAL, file_write(MOUNT_MAX, "-1"));
	EXPECT_EQ(-EINVAL, file_write(MOUNT_MAX, "many"));
	EXPECT_EQ(was, file_number(MOUNT_MAX));
}

TEST_F(userns, mount_max_is_not_for_root_of_a_user_namespace)
{
	long was = file_number(MOUNT_MAX);
	int userns = mnt_userns(0, 10000, 10);
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		mnt_become_root_of(userns);
		must(file_write(MOUNT_MAX, "100000") == -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(was, file_number(MOUNT_MAX));
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--setuid"))
		return geteuid() != getuid();
	return test_harness_run(argc, argv);
}

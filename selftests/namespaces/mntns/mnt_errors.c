// SPDX-License-Identifier: GPL-2.0
/*
 * What mount(2) refuses: the same file system on itself, a source that is no
 * block device or may not be used as one, and what would propagate a namespace
 * into itself.
 *
 * Promises from mount(2), "ERRORS", and mount_namespaces(7).
 */
#include "kselftest_harness.h"
#include "disk.h"
#include "mnt.h"

#define A	MNT_AREA "/a"
#define B	MNT_AREA "/b"

FIXTURE(errors)
{
};

FIXTURE_SETUP(errors)
{
	umask(0);
	mnt_area();
	mnt_dir(A);
	mnt_dir(B);
}

FIXTURE_TEARDOWN(errors)
{
}

#define NEEDS_DISK() do {						\
	if (!disk_is_there() || !disk_is_free(PROC_HANG_MS))		\
		SKIP(return, "no disk");				\
} while (0)

static int mount_from(const char *source, const char *at)
{
	return mnt_error(mount(source, at, "ext4", 0, NULL));
}

TEST_F(errors, a_file_system_is_not_mounted_on_its_own_root)
{
	NEEDS_DISK();
	ASSERT_EQ(0, mount_from(DISK, A));
	EXPECT_EQ(-EBUSY, mount_from(DISK, A));
	EXPECT_EQ(1, mnt_depth(A));
	/* Elsewhere, also in itself, it is. */
	EXPECT_EQ(0, mount_from(DISK, B));
	EXPECT_EQ(0, mount_from(DISK, A "/lost+found"));
	EXPECT_TRUE(mnt_exists(A "/lost+found/lost+found"));
	EXPECT_EQ(-EBUSY, mount_from(DISK, B));
	/* A bind asks for just that, and another file system in between is enough. */
	EXPECT_EQ(0, mnt_bind(A, A));
	ASSERT_EQ(0, mnt_tmpfs(B));
	EXPECT_EQ(0, mount_from(DISK, B));
	EXPECT_EQ(3, mnt_depth(B));
}

TEST_F(errors, the_source_is_a_block_device)
{
	NEEDS_DISK();
	mnt_put(MNT_AREA "/file", "");
	must(!mkfifo(MNT_AREA "/fifo", 0600));
	EXPECT_EQ(-ENOTBLK, mount_from(MNT_AREA "/file", A));
	EXPECT_EQ(-ENOTBLK, mount_from(MNT_AREA "/fifo", A));
	EXPECT_EQ(-ENOTBLK, mount_from(B, A));
	EXPECT_EQ(-ENOTBLK, mount_from("/dev/null", A));
	EXPECT_EQ(-ENOENT, mount_from(MNT_AREA "/none", A));
	EXPECT_EQ(-EINVAL, mount_from("", A));
	EXPECT_EQ(-EINVAL, mount_from(NULL, A));
	EXPECT_FALSE(mnt_is(A));
	must(!symlink(DISK, MNT_AREA "/link"));
	EXPECT_EQ(0, mount_from(MNT_AREA "/link", A));
}

/* The node of the suite's disk, wherever else it is. */
static void make_node(const char *path)
{
	struct stat st;

	must(!stat(DISK, &st));
	must(!mknod(path, S_IFBLK | 0600, st.st_rdev));
}

TEST_F(errors, a_device_is_not_mounted_from_where_devices_are_not_opened)
{
	NEEDS_DISK();
	must(!mnt_tmpfs(A));
	make_node(A "/disk");
	ASSERT_EQ(0, mnt_flags(A, MS_NODEV));
	EXPECT_EQ(-EACCES, mount_from(A "/disk", B));
	EXPECT_FALSE(mnt_is(B));
	ASSERT_EQ(0, mnt_flags(A, 0));
	EXPECT_EQ(0, mount_from(A "/disk", B));
}

TEST_F(errors, the_file_system_and_the_place_are_there)
{
	char name[PATH_MAX + 16];

	mnt_put(MNT_AREA "/file", "");
	EXPECT_EQ(-ENODEV, mnt_mount("no-such-fs", A, 0, NULL));
	EXPECT_EQ(-ENODEV, mnt_mount("", A, 0, NULL));
	EXPECT_EQ(-EINVAL, mnt_mount(NULL, A, 0, NULL));
	EXPECT_EQ(-ENOENT, mnt_tmpfs(MNT_AREA "/none"));
	EXPECT_EQ(-ENOENT, mnt_tmpfs(""));
	EXPECT_EQ(-ENOTDIR, mnt_tmpfs(MNT_AREA "/file"));
	EXPECT_EQ(-ENOTDIR, mnt_tmpfs(MNT_AREA "/file/below"));
	EXPECT_EQ(-EFAULT, mnt_error(mount("x", (char *)1, "tmpfs", 0, NULL)));
	EXPECT_EQ(-EFAULT, mnt_error(mount("x", A, (char *)1, 0, NULL)));
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	EXPECT_EQ(-ENAMETOOLONG, mnt_tmpfs(name));
	must(!symlink("loop", MNT_AREA "/loop"));
	EXPECT_EQ(-ELOOP, mnt_tmpfs(MNT_AREA "/loop"));
	EXPECT_EQ(0, mnt_count(A) + mnt_count(B));
	EXPECT_EQ(0, mnt_tmpfs(A));
}

/* The file of a mount namespace that is younger than ours, and whose it is. */
static pid_t younger(char *path, size_t size)
{
	struct baton bound = baton_make();
	pid_t pid = proc_fork_bound(CLONE_NEWNS);

	if (!pid) {
		baton_pass(&bound, 0);
		proc_sleep_forever();
	}
	must(pid > 0);
	baton_take(&bound);
	snprintf(path, size, "/proc/%d/ns/mnt", pid);
	return pid;
}

/* It could get into namespaces that are younger still, or into its own. */
TEST_F(errors, the_pin_of_a_namespace_does_not_propagate)
{
	static const unsigned long types[] = { MS_SHARED, MS_SLAVE };
	char path[64];
	pid_t pid = younger(path, sizeof(path));

	must(!mnt_tmpfs(A));
	mnt_put(A "/pin", "");
	must(!mnt_make(A, MS_SHARED));
	/* A shared mount that has nobody to share with is no hindrance. */
	EXPECT_EQ(0, mnt_bind(path, A "/pin"));
	EXPECT_EQ(0, mnt_off(A "/pin", 0));
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		must(!mnt_bind(A, B));
		must(!mnt_make(B, types[i]));
		EXPECT_EQ(-EINVAL, mnt_bind(path, A "/pin"));
		EXPECT_FALSE(mnt_is(A "/pin"));
		EXPECT_FALSE(mnt_is(B "/pin"));
		must(!mnt_off(B, 0));
	}
	/* Anything else goes to both, and the pin to a copy that is private. */
	must(!mnt_bind(A, B));
	EXPECT_EQ(0, mnt_bind("/dev/null", A "/pin"));
	EXPECT_TRUE(mnt_is(B "/pin"));
	must(!mnt_off(A "/pin", 0));
	must(!mnt_make(B, MS_PRIVATE));
	EXPECT_EQ(0, mnt_bind(path, A "/pin"));
	EXPECT_FALSE(mnt_is(B "/pin"));
	proc_kill(pid);
}

int main(int argc, char **argv)
{
	disk_make();
	return test_harness_run(argc, argv);
}

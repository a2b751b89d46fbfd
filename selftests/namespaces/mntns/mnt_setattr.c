// SPDX-License-Identifier: GPL-2.0
/*
 * mount_setattr(2): every attribute, set and cleared, one mount or a tree of
 * them (all or nothing), propagation along with it, and what is malformed.
 * Idmapped mounts have a program of their own.
 *
 * Promises from mount_setattr(2).
 */
#include "kselftest_harness.h"
#include "mnt.h"

#define A	MNT_AREA "/a"

/* A, A/x and A/x/y: three mounts. */
FIXTURE(setattr)
{
};

FIXTURE_SETUP(setattr)
{
	mnt_area();
	mnt_dir(A);
	must(!mnt_tmpfs(A));
	mnt_put(A "/file", "");
	mnt_dir(A "/x");
	must(!mnt_tmpfs(A "/x"));
	mnt_put(A "/x/file", "");
	mnt_dir(A "/x/y");
	must(!mnt_tmpfs(A "/x/y"));
	mnt_put(A "/x/y/file", "");
}

FIXTURE_TEARDOWN(setattr)
{
}

static int set(const char *at, unsigned int flags, uint64_t set, uint64_t clr)
{
	struct mount_attr attr = { .attr_set = set, .attr_clr = clr };

	return mnt_setattr(AT_FDCWD, at, flags, &attr);
}

static bool says(const char *point, const char *opt)
{
	struct mnt_info m;

	must(!mnt_info(point, &m));
	return mnt_opt(m.opts, opt);
}

static const struct {
	uint64_t attr;
	const char *opt;
} attrs[] = {
	{ MOUNT_ATTR_RDONLY, "ro" },
	{ MOUNT_ATTR_NOSUID, "nosuid" },
	{ MOUNT_ATTR_NODEV, "nodev" },
	{ MOUNT_ATTR_NOEXEC, "noexec" },
	{ MOUNT_ATTR_NODIRATIME, "nodiratime" },
	{ MOUNT_ATTR_NOSYMFOLLOW, "nosymfollow" },
};

#define ATTRS	((int)(sizeof(attrs) / sizeof(attrs[0])))

TEST_F(setattr, each_attribute_is_set_and_cleared_by_itself)
{
	for (int i = 0; i < ATTRS; i++) {
		ASSERT_EQ(0, set(A, 0, attrs[i].attr, 0));
		for (int j = 0; j < ATTRS; j++) {
			EXPECT_EQ(i == j, says(A, attrs[j].opt)) {
				TH_LOG("set %s, see %s", attrs[i].opt,
				       attrs[j].opt);
			}
		}
		EXPECT_FALSE(says(A "/x", attrs[i].opt));
		ASSERT_EQ(0, set(A, 0, 0, attrs[i].attr));
		EXPECT_FALSE(says(A, attrs[i].opt));
	}
}

/* mount(2)'s remount replaces the flags; this changes those that it names. */
TEST_F(setattr, what_is_not_named_stays)
{
	ASSERT_EQ(0, set(A, 0, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, 0));
	ASSERT_EQ(0, set(A, 0, MOUNT_ATTR_NOEXEC, MOUNT_ATTR_NODEV));
	EXPECT_TRUE(says(A, "nosuid"));
	EXPECT_TRUE(says(A, "noexec"));
	EXPECT_FALSE(says(A, "nodev"));
}

TEST_F(setattr, what_is_cleared_and_set_is_set)
{
	ASSERT_EQ(0, set(A, 0, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NOSUID |
			 MOUNT_ATTR_NODEV));
	EXPECT_TRUE(says(A, "nosuid"));
}

TEST_F(setattr, the_whole_tree_when_recursive)
{
	ASSERT_EQ(0, set(A, AT_RECURSIVE, MOUNT_ATTR_RDONLY |
			 MOUNT_ATTR_NOEXEC, 0));
	EXPECT_EQ(-EROFS, mnt_error(access(A "/file", W_OK)));
	EXPECT_EQ(-EROFS, mnt_error(access(A "/x/file", W_OK)));
	EXPECT_EQ(-EROFS, mnt_error(access(A "/x/y/file", W_OK)));
	EXPECT_TRUE(says(A "/x/y", "noexec"));
	ASSERT_EQ(0, set(A "/x", AT_RECURSIVE, 0, MOUNT_ATTR_RDONLY));
	EXPECT_TRUE(says(A, "ro"));
	EXPECT_TRUE(says(A "/x", "rw"));
	EXPECT_TRUE(says(A "/x/y", "rw"));
	EXPECT_TRUE(says(A "/x/y", "noexec"));
	EXPECT_EQ(0, mnt_error(access(A "/x/y/file", W_OK)));
}

TEST_F(setattr, all_of_the_tree_or_nothing_when_a_mount_is_busy)
{
	int fd = open(A "/x/y/file", O_WRONLY | O_CLOEXEC);

	ASSERT_GE(fd, 0);
	EXPECT_EQ(-EBUSY, set(A, AT_RECURSIVE, MOUNT_ATTR_RDONLY |
			      MOUNT_ATTR_NOSUID, 0));
	EXPECT_TRUE(says(A, "rw"));
	EXPECT_FALSE(says(A, "nosuid"));
	EXPECT_TRUE(says(A "/x", "rw"));
	/* And writing goes on everywhere. */
	mnt_put(A "/file", "text");
	mnt_put(A "/x/file", "text");
	EXPECT_EQ(1, write(fd, "x", 1));
	/* What needs no stop of writers is not kept by them. */
	EXPECT_EQ(0, set(A, AT_RECURSIVE, MOUNT_ATTR_NOSUID, 0));
	close(fd);
	EXPECT_EQ(0, set(A, AT_RECURSIVE, MOUNT_ATTR_RDONLY, 0));
	EXPECT_TRUE(says(A "/x/y", "ro"));
}

TEST_F(setattr, all_of_the_tree_or_nothing_when_a_flag_is_locked)
{
	pid_t pid;

	ASSERT_EQ(0, set(A "/x/y", 0, MOUNT_ATTR_NODEV, 0));
	pid = proc_fork_bound(CLONE_NEWUSER | CLONE_NEWNS);
	if (!pid) {
		must(!set(A, 0, MOUNT_ATTR_NODEV, 0));
		must(set(A, AT_RECURSIVE, MOUNT_ATTR_NOEXEC,
			 MOUNT_ATTR_NODEV) == -EPERM);
		must(says(A, "nodev") && !says(A, "noexec"));
		must(!says(A "/x", "noexec"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(setattr, a_change_of_the_access_time_clears_the_one_before)
{
	ASSERT_EQ(0, set(A, 0, MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME));
	EXPECT_TRUE(says(A, "noatime"));
	EXPECT_FALSE(says(A, "relatime"));
	ASSERT_EQ(0, set(A, 0, MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME));
	EXPECT_FALSE(says(A, "noatime"));
	EXPECT_FALSE(says(A, "relatime"));
	ASSERT_EQ(0, set(A, 0, MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME));
	EXPECT_TRUE(says(A, "relatime"));
	/* nodiratime is none of that enumeration. */
	ASSERT_EQ(0, set(A, 0, MOUNT_ATTR_NODIRATIME, 0));
	ASSERT_EQ(0, set(A, 0, MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME));
	EXPECT_TRUE(says(A, "nodiratime"));
}

TEST_F(setattr, an_access_time_that_is_not_cleared_first_is_refused)
{
	EXPECT_EQ(-EINVAL, set(A, 0, MOUNT_ATTR_NOATIME, 0));
	EXPECT_EQ(-EINVAL, set(A, 0, MOUNT_ATTR_STRICTATIME, 0));
	/* Cleared in part, or two at once. */
	EXPECT_EQ(-EINVAL, set(A, 0, MOUNT_ATTR_NOATIME, MOUNT_ATTR_NOATIME));
	EXPECT_EQ(-EINVAL, set(A, 0, 0, MOUNT_ATTR_STRICTATIME));
	EXPECT_EQ(-EINVAL, set(A, 0, MOUNT_ATTR_NOATIME |
			       MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME));
	EXPECT_EQ(-EINVAL, set(A, 0, MOUNT_ATTR__ATIME, MOUNT_ATTR__ATIME));
	EXPECT_TRUE(says(A, "relatime"));
}

static int make(const char *at, unsigned int flags, uint64_t type,
		uint64_t attrs)
{
	struct mount_attr attr = { .propagation = type, .attr_set = attrs };

	return mnt_setattr(AT_FDCWD, at, flags, &attr);
}

TEST_F(setattr, the_propagation_type_too)
{
	ASSERT_EQ(0, make(A, 0, MS_SHARED, MOUNT_ATTR_NOEXEC));
	EXPECT_STREQ("shared", mnt_state(A));
	EXPECT_STREQ("private", mnt_state(A "/x"));
	EXPECT_TRUE(says(A, "noexec"));
	ASSERT_EQ(0, make(A, AT_RECURSIVE, MS_SHARED, 0));
	EXPECT_STREQ("shared", mnt_state(A "/x/y"));
	mnt_dir(MNT_AREA "/b");
	ASSERT_EQ(0, mnt_bind(A, MNT_AREA "/b"));
	ASSERT_EQ(0, make(A, 0, MS_SLAVE, 0));
	EXPECT_STREQ("slave", mnt_state(A));
	ASSERT_EQ(0, make(A, 0, MS_UNBINDABLE, 0));
	EXPECT_STREQ("unbindable", mnt_state(A));
	ASSERT_EQ(0, make(A, AT_RECURSIVE, MS_PRIVATE, 0));
	EXPECT_STREQ("private", mnt_state(A));
	EXPECT_STREQ("private", mnt_state(A "/x/y"));
}

TEST_F(setattr, a_propagation_type_is_one_and_known)
{
	EXPECT_EQ(-EINVAL, make(A, 0, MS_SHARED | MS_PRIVATE, 0));
	EXPECT_EQ(-EINVAL, make(A, 0, MS_SLAVE | MS_UNBINDABLE, 0));
	EXPECT_EQ(-EINVAL, make(A, 0, MS_SHARED | MS_REC, 0));
	EXPECT_EQ(-EINVAL, make(A, 0, MS_RDONLY, 0));
	EXPECT_EQ(-EINVAL, make(A, 0, 1ULL << 40, 0));
	EXPECT_STREQ("private", mnt_state(A));
}

TEST_F(setattr, a_refused_change_leaves_the_propagation_type)
{
	int fd = open(A "/x/file", O_WRONLY | O_CLOEXEC);

	ASSERT_GE(fd, 0);
	EXPECT_EQ(-EBUSY, make(A, AT_RECURSIVE, MS_SHARED, MOUNT_ATTR_RDONLY));
	EXPECT_STREQ("private", mnt_state(A));
	EXPECT_STREQ("private", mnt_state(A "/x/y"));
	close(fd);
}

TEST_F(setattr, unknown_attributes_are_refused)
{
	EXPECT_EQ(-EINVAL, set(A, 0, 1ULL << 31, 0));
	EXPECT_EQ(-EINVAL, set(A, 0, 1ULL << 63, 0));
	EXPECT_EQ(-EINVAL, set(A, 0, 0, 1ULL << 63));
	EXPECT_EQ(-EINVAL, set(A, 0, 0x100, 0));
}

TEST_F(setattr, unknown_flags_are_refused)
{
	EXPECT_EQ(-EINVAL, set(A, 1, MOUNT_ATTR_NOEXEC, 0));
	EXPECT_EQ(-EINVAL, set(A, AT_SYMLINK_FOLLOW, MOUNT_ATTR_NOEXEC, 0));
	EXPECT_EQ(-EINVAL, set(A, 1U << 31, MOUNT_ATTR_NOEXEC, 0));
	EXPECT_FALSE(says(A, "noexec"));
}

static int set_sized(const void *attr, size_t size)
{
	return mnt_error(syscall(SYS_mount_setattr, AT_FDCWD, A, 0, attr,
				 size));
}

TEST_F(setattr, the_struct_may_be_longer_when_the_rest_is_zero)
{
	struct {
		struct mount_attr attr;
		uint64_t later[4];
	} longer = { .attr.attr_set = MOUNT_ATTR_NOEXEC };

	EXPECT_EQ(-EINVAL, set_sized(&longer, 0));
	EXPECT_EQ(-EINVAL, set_sized(&longer, MOUNT_ATTR_SIZE_VER0 - 1));
	EXPECT_FALSE(says(A, "noexec"));
	EXPECT_EQ(0, set_sized(&longer, sizeof(longer)));
	EXPECT_TRUE(says(A, "noexec"));
	longer.attr.attr_set = MOUNT_ATTR_NOSUID;
	longer.later[3] = 1;
	EXPECT_EQ(-E2BIG, set_sized(&longer, sizeof(longer)));
	EXPECT_FALSE(says(A, "nosuid"));
	EXPECT_EQ(-E2BIG, set_sized(&longer, 1 << 20));
	EXPECT_EQ(-EFAULT, set_sized(NULL, MOUNT_ATTR_SIZE_VER0));
}

TEST_F(setattr, the_target_is_a_mount)
{
	mnt_dir(A "/dir");
	EXPECT_EQ(-EINVAL, set(A "/dir", 0, MOUNT_ATTR_NOEXEC, 0));
	EXPECT_EQ(-EINVAL, set(A "/file", 0, MOUNT_ATTR_NOEXEC, 0));
	EXPECT_EQ(-ENOENT, set(A "/none", 0, MOUNT_ATTR_NOEXEC, 0));
	EXPECT_EQ(-ENOENT, set("", 0, MOUNT_ATTR_NOEXEC, 0));
}

TEST_F(setattr, a_symbolic_link_is_followed_unless_told_not_to)
{
	must(!symlink("a", MNT_AREA "/link"));
	EXPECT_EQ(-EINVAL, set(MNT_AREA "/link", AT_SYMLINK_NOFOLLOW,
			       MOUNT_ATTR_NOEXEC, 0));
	EXPECT_FALSE(says(A, "noexec"));
	EXPECT_EQ(0, set(MNT_AREA "/link", 0, MOUNT_ATTR_NOEXEC, 0));
	EXPECT_TRUE(says(A, "noexec"));
}

TEST_F(setattr, by_file_descriptor)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_NOEXEC };
	int fd = open(A, O_PATH | O_CLOEXEC);

	ASSERT_GE(fd, 0);
	EXPECT_EQ(0, mnt_setattr(fd, "", AT_EMPTY_PATH, &attr));
	EXPECT_TRUE(says(A, "noexec"));
	EXPECT_EQ(0, mnt_setattr(fd, "x", 0, &attr));
	EXPECT_TRUE(says(A "/x", "noexec"));
	EXPECT_EQ(-EBADF, mnt_setattr(999, "x", 0, &attr));
	close(fd);
}

TEST_F(setattr, a_mount_of_another_namespace_is_refused)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_NOEXEC };
	int fd = open(A, O_PATH | O_CLOEXEC);
	pid_t pid = proc_fork_bound(CLONE_NEWNS);

	if (!pid) {
		must(mnt_setattr(fd, "", AT_EMPTY_PATH, &attr) == -EINVAL);
		attr.propagation = MS_SHARED;
		must(mnt_setattr(fd, "", AT_EMPTY_PATH, &attr) == -EINVAL);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_FALSE(says(A, "noexec"));
	EXPECT_STREQ("private", mnt_state(A));
}

TEST_F(setattr, a_detached_tree_too)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	int fd = mnt_open_tree(AT_FDCWD, A, OPEN_TREE_CLONE | AT_RECURSIVE);

	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, mnt_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr));
	mnt_dir(MNT_AREA "/b");
	ASSERT_EQ(0, mnt_attach(fd, MNT_AREA "/b"));
	EXPECT_TRUE(says(MNT_AREA "/b/x/y", "ro"));
	EXPECT_TRUE(says(A "/x/y", "rw"));
	close(fd);
}

TEST_F(setattr, nothing_to_do_is_no_error)
{
	EXPECT_EQ(0, set(A, 0, 0, 0));
	/* It is not even looked whether there is such a place. */
	EXPECT_EQ(0, set(A "/none", 0, 0, 0));
}

TEST_F(setattr, without_privilege_it_is_refused)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(set(A, 0, MOUNT_ATTR_NOEXEC, 0) == -EPERM);
		must(make(A, 0, MS_SHARED, 0) == -EPERM);
		must(set(A, 0, 0, 0) == -EPERM);
		must(!ns_become_user_root());
		must(set(A, 0, MOUNT_ATTR_NOEXEC, 0) == -EPERM);
		/* In a mount namespace of its own it may. */
		must(!unshare(CLONE_NEWNS));
		must(!set(A, AT_RECURSIVE, MOUNT_ATTR_NOEXEC, 0));
		must(!make(A, AT_RECURSIVE, MS_SHARED, 0));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_FALSE(says(A, "noexec"));
	EXPECT_STREQ("private", mnt_state(A));
}

TEST_HARNESS_MAIN

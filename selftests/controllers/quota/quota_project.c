// SPDX-License-Identifier: GPL-2.0
/*
 * A file's project: who sets it, what is made inherits it, what may not be
 * moved between projects, and what a container can do about it.
 *
 * Promises from ioctl_xfs_fsgetxattr(2), ext4(5) and filesystems/quota.rst.
 */
#include "quota.h"
#include <linux/fs.h>
#include <sys/statfs.h>

FIXTURE_SETUP(quota)
{
	QUOTA_SETUP();
}

FIXTURE_TEARDOWN_PARENT(quota)
{
	quota_clean(self);
}

/* A second project's folder, below the first's. */
#define OTHER	(self->id + 100000)

static void make_other(const char *path, unsigned int id, bool inherit)
{
	must(!q_mkdir(path));
	must(!project_set(path, id, inherit));
}

TEST_F(quota, what_is_made_in_a_folder_has_its_project)
{
	ASSERT_EQ(0, q_create("file"));
	ASSERT_EQ(0, q_mkdir("folder"));
	ASSERT_EQ(0, q_create("folder/file"));
	EXPECT_EQ(self->id, project_id("file"));
	EXPECT_EQ(self->id, project_id("folder"));
	EXPECT_EQ(self->id, project_id("folder/file"));
	/* Folders hand it on, files have nothing to hand on. */
	EXPECT_TRUE(inherits("folder"));
	EXPECT_FALSE(inherits("file"));
}

TEST_F(quota, without_the_flag_nothing_is_inherited)
{
	make_other("other", OTHER, false);
	ASSERT_EQ(0, q_create("other/file"));
	ASSERT_EQ(0, q_mkdir("other/folder"));
	EXPECT_EQ(0, project_id("other/file"));
	EXPECT_EQ(0, project_id("other/folder"));
	EXPECT_FALSE(inherits("other/folder"));
}

TEST_F(quota, an_unnamed_file_has_its_folders_project)
{
	int fd = open(".", O_TMPFILE | O_RDWR, 0600);
	struct fsxattr x;

	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, ioctl(fd, FS_IOC_FSGETXATTR, &x));
	EXPECT_EQ(self->id, x.fsx_projid);
	EXPECT_EQ(2, project(self->id).dqb_curinodes);
}

TEST_F(quota, setting_the_project_moves_what_is_used)
{
	ASSERT_EQ(0, q_write("file", 0, KB(64)));
	ASSERT_EQ(0, project_set("file", OTHER, false));
	EXPECT_EQ(OTHER, project_id("file"));
	EXPECT_EQ(self->used, project(self->id).dqb_curspace);
	EXPECT_EQ(1, project(self->id).dqb_curinodes);
	EXPECT_EQ(KB(64), project(OTHER).dqb_curspace);
	EXPECT_EQ(1, project(OTHER).dqb_curinodes);
	/* And what it writes from now on, too. */
	ASSERT_EQ(0, q_write("file", KB(64), BLOCK));
	EXPECT_EQ(KB(64) + BLOCK, project(OTHER).dqb_curspace);
	ASSERT_EQ(0, unlink("file"));
	EXPECT_EQ(0, project(OTHER).dqb_curspace);
	EXPECT_EQ(0, project(OTHER).dqb_curinodes);
}

TEST_F(quota, a_file_is_not_moved_into_a_project_without_room)
{
	ASSERT_EQ(0, q_write("file", 0, KB(64)));
	ASSERT_EQ(0, project_space(OTHER, 0, KB(32)));
	EXPECT_EQ(-EDQUOT, LIMITED(project_set("file", OTHER, false)));
	EXPECT_EQ(self->id, project_id("file"));
	EXPECT_EQ(self->used + KB(64), project(self->id).dqb_curspace);
	EXPECT_EQ(0, project(OTHER).dqb_curspace);
	ASSERT_EQ(0, project_space(OTHER, 0, KB(64)));
	EXPECT_EQ(0, LIMITED(project_set("file", OTHER, false)));
	ASSERT_EQ(0, unlink("file"));
	ASSERT_EQ(0, project_space(OTHER, 0, 0));
}

TEST_F(quota, a_rename_does_not_cross_projects)
{
	make_other("other", OTHER, true);
	ASSERT_EQ(0, q_create("file"));
	ASSERT_EQ(0, q_mkdir("folder"));
	ASSERT_EQ(0, q_create("other/theirs"));
	EXPECT_EQ(-1, rename("file", "other/file"));
	EXPECT_EQ(EXDEV, errno);
	EXPECT_EQ(-1, rename("folder", "other/folder"));
	EXPECT_EQ(EXDEV, errno);
	EXPECT_EQ(-1, rename("other/theirs", "theirs"));
	EXPECT_EQ(EXDEV, errno);
	EXPECT_EQ(0, access("file", F_OK));
	EXPECT_EQ(0, access("other/theirs", F_OK));
	/* Nor does an exchange. */
	EXPECT_EQ(-1, renameat2(AT_FDCWD, "file", AT_FDCWD, "other/theirs",
				RENAME_EXCHANGE));
	EXPECT_EQ(EXDEV, errno);
	/* Within one it does what it always does. */
	EXPECT_EQ(0, rename("file", "folder/file"));
	EXPECT_EQ(self->id, project_id("folder/file"));
}

TEST_F(quota, a_link_does_not_cross_projects)
{
	make_other("other", OTHER, true);
	ASSERT_EQ(0, q_create("file"));
	ASSERT_EQ(0, q_create("other/theirs"));
	EXPECT_EQ(-1, link("file", "other/file"));
	EXPECT_EQ(EXDEV, errno);
	EXPECT_EQ(-1, link("other/theirs", "theirs"));
	EXPECT_EQ(EXDEV, errno);
	EXPECT_EQ(-1, access("other/file", F_OK));
	EXPECT_EQ(0, link("file", "name"));
}

/* Out to where nothing is inherited a file may go, and keeps its project. */
TEST_F(quota, a_file_that_moves_out_keeps_its_project)
{
	make_other("plain", 0, false);
	ASSERT_EQ(0, q_write("file", 0, KB(64)));
	ASSERT_EQ(0, rename("file", "plain/file"));
	EXPECT_EQ(self->id, project_id("plain/file"));
	EXPECT_EQ(self->used + KB(64), project(self->id).dqb_curspace);
}

TEST_F(quota, the_owner_sets_the_project_and_no_other_user)
{
	ASSERT_EQ(0, q_create("mine"));
	ASSERT_EQ(0, chmod("mine", 0666));
	ASSERT_EQ(0, q_create("nobodys"));
	ASSERT_EQ(0, chown("nobodys", NOBODY, NOBODY));
	EXPECT_EQ(-EPERM, AS_NOBODY(project_set("mine", OTHER, false)));
	EXPECT_EQ(self->id, project_id("mine"));
	/* In the initial user namespace, any owner. */
	EXPECT_EQ(0, AS_NOBODY(project_set("nobodys", OTHER, false)));
	EXPECT_EQ(OTHER, project_id("nobodys"));
}

/* This is what makes a project a container's limit. */
TEST_F(quota, root_of_a_user_namespace_sets_no_project)
{
	ASSERT_EQ(0, q_create("file"));
	ASSERT_EQ(0, q_mkdir("folder"));
	EXPECT_EQ(-EINVAL, AS_USER_ROOT(project_set("file", OTHER, false)));
	EXPECT_EQ(-EINVAL, AS_USER_ROOT(project_set("file", 0, false)));
	EXPECT_EQ(-EINVAL, AS_USER_ROOT(project_set("folder", self->id, false)));
	EXPECT_EQ(-EINVAL, AS_USER_ROOT(project_set("folder", OTHER, true)));
	EXPECT_EQ(self->id, project_id("file"));
	EXPECT_TRUE(inherits("folder"));
	/* What leaves the project alone is allowed. */
	EXPECT_EQ(0, AS_USER_ROOT(project_set("folder", self->id, true)));
}

TEST_F(quota, the_last_number_is_no_project)
{
	ASSERT_EQ(0, q_create("file"));
	EXPECT_EQ(-EINVAL, project_set("file", -1, false));
	EXPECT_EQ(self->id, project_id("file"));
	EXPECT_EQ(0, project_set("file", -2, false));
	EXPECT_EQ((unsigned int)-2, project_id("file"));
	EXPECT_EQ(1, project(-2).dqb_curinodes);
}

TEST_F(quota, the_file_systems_size_is_the_projects_limit)
{
	struct statfs all, s;

	ASSERT_EQ(0, statfs(DIR_, &all));
	ASSERT_EQ(0, statfs(".", &s));
	EXPECT_EQ(all.f_blocks, s.f_blocks);
	ASSERT_EQ(0, quota_limit(PRJQUOTA, self->id, 0, KB(1024), 0, 100));
	ASSERT_EQ(0, statfs(".", &s));
	EXPECT_EQ(KB(1024), s.f_blocks * s.f_bsize);
	EXPECT_EQ(KB(1024) - self->used, s.f_bavail * s.f_bsize);
	EXPECT_EQ(s.f_bavail, s.f_bfree);
	EXPECT_EQ(100, s.f_files);
	EXPECT_EQ(99, s.f_ffree);
	ASSERT_EQ(0, q_write("file", 0, KB(256)));
	ASSERT_EQ(0, statfs("file", &s));
	/* A file is no folder that inherits: it tells of the whole. */
	EXPECT_EQ(all.f_blocks, s.f_blocks);
	ASSERT_EQ(0, statfs(".", &s));
	EXPECT_EQ(KB(1024) - KB(256) - self->used, s.f_bavail * s.f_bsize);
	EXPECT_EQ(98, s.f_ffree);
	/* The softer limit is the one to be told of; nothing is left at it. */
	ASSERT_EQ(0, project_space(self->id, KB(128), KB(1024)));
	ASSERT_EQ(0, statfs(".", &s));
	EXPECT_EQ(KB(128), s.f_blocks * s.f_bsize);
	EXPECT_EQ(0, s.f_bavail);
}

/* All at once, as a container meets it: in its root folder, by a bind mount. */
TEST_F(quota, a_container_lives_within_its_project)
{
	pid_t pid;

	ASSERT_EQ(0, quota_limit(PRJQUOTA, self->id, 0, KB(256), 0, 10));
	pid = proc_fork_bound(0);
	if (!pid) {
		struct statfs s;
		char name[16];
		int made = 0;

		must(!ns_become_user_root());
		must(!unshare(CLONE_NEWNS));
		must(!mount(self->dir, "/mnt", NULL, MS_BIND, NULL));
		must(!chdir("/mnt") && !chroot("."));
		must(!statfs("/", &s) && s.f_blocks * s.f_bsize == KB(256));
		must(q_write("/big", 0, KB(512)) == -EDQUOT);
		must(!truncate("/big", 0));
		do {
			snprintf(name, sizeof(name), "/%d", made++);
		} while (!q_create(name));
		must(errno == EDQUOT && made == 9);
		must(project_set("/0", 0, false) == -EINVAL);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(10, project(self->id).dqb_curinodes);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Project quota on ext4: what is counted, and what the limits of space and
 * inodes stop, hard and soft, and whom they do not bind.
 *
 * Promises from quotactl(2), filesystems/quota.rst and ext4(5), prjquota.
 */
#include "quota.h"
#include "until.h"

FIXTURE_SETUP(quota)
{
	QUOTA_SETUP();
}

FIXTURE_TEARDOWN_PARENT(quota)
{
	quota_clean(self);
}

#define SPACE()		((long)project(self->id).dqb_curspace - self->used)
#define INODES()	((long)project(self->id).dqb_curinodes - 1)

TEST_F(quota, a_folder_of_its_own_counts_for_its_project)
{
	struct if_dqblk q = project(self->id);

	EXPECT_EQ(BLOCK, q.dqb_curspace);
	EXPECT_EQ(1, q.dqb_curinodes);
	EXPECT_EQ(0, q.dqb_bhardlimit);
	EXPECT_EQ(0, q.dqb_bsoftlimit);
	EXPECT_EQ(0, q.dqb_ihardlimit);
	EXPECT_EQ(0, q.dqb_isoftlimit);
}

TEST_F(quota, space_is_counted_in_blocks)
{
	ASSERT_EQ(0, q_write("one", 0, 1));
	EXPECT_EQ(BLOCK, SPACE());
	ASSERT_EQ(0, q_write("one", 1, BLOCK - 1));
	EXPECT_EQ(BLOCK, SPACE());
	ASSERT_EQ(0, q_write("one", BLOCK, 1));
	EXPECT_EQ(2 * BLOCK, SPACE());
	ASSERT_EQ(0, q_write("two", 0, KB(64)));
	EXPECT_EQ(2 * BLOCK + KB(64), SPACE());
	/* It stays so when it goes to the disk. */
	sync();
	EXPECT_EQ(2 * BLOCK + KB(64), SPACE());
}

TEST_F(quota, inodes_of_every_kind_are_counted)
{
	ASSERT_EQ(0, q_create("file"));
	EXPECT_EQ(1, INODES());
	ASSERT_EQ(0, q_mkdir("folder"));
	EXPECT_EQ(2, INODES());
	EXPECT_EQ(BLOCK, SPACE());
	ASSERT_EQ(0, symlink("file", "symlink"));
	EXPECT_EQ(3, INODES());
	ASSERT_EQ(0, mknod("fifo", S_IFIFO | 0600, 0));
	EXPECT_EQ(4, INODES());
	ASSERT_EQ(0, mknod("null", S_IFCHR | 0600, makedev(1, 3)));
	EXPECT_EQ(5, INODES());
	/* A name more is no inode more. */
	ASSERT_EQ(0, link("file", "name"));
	EXPECT_EQ(5, INODES());
	ASSERT_EQ(0, unlink("name"));
	EXPECT_EQ(5, INODES());
	ASSERT_EQ(0, unlink("file"));
	ASSERT_EQ(0, rmdir("folder"));
	EXPECT_EQ(3, INODES());
	EXPECT_EQ(0, SPACE());
}

TEST_F(quota, holes_take_no_space)
{
	ASSERT_EQ(0, q_write("sparse", KB(1024), 1));
	EXPECT_EQ(BLOCK, SPACE());
	ASSERT_EQ(0, truncate("sparse", KB(8192)));
	EXPECT_EQ(BLOCK, SPACE());
}

TEST_F(quota, space_comes_back_with_truncate_punch_and_unlink)
{
	int fd;

	ASSERT_EQ(0, q_write("file", 0, KB(64)));
	ASSERT_EQ(0, truncate("file", KB(32)));
	EXPECT_EQ(KB(32), SPACE());
	fd = open("file", O_RDWR);
	ASSERT_EQ(0, fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			       KB(8), KB(8)));
	EXPECT_EQ(KB(24), SPACE());
	ASSERT_EQ(0, unlink("file"));
	/* Removed, but open. */
	EXPECT_EQ(KB(24), SPACE());
	EXPECT_EQ(1, INODES());
	close(fd);
	EXPECT_EQ(0, SPACE());
	EXPECT_EQ(0, INODES());
}

TEST_F(quota, space_is_limited_to_the_block)
{
	long hard = self->used + KB(64);

	ASSERT_EQ(0, project_space(self->id, 0, hard));
	EXPECT_EQ(0, LIMITED(q_write("file", 0, KB(64))));
	EXPECT_EQ(-EDQUOT, LIMITED(q_write("file", KB(64), 1)));
	EXPECT_EQ(KB(64), SPACE());
	/* What is there can be written again, and what is free as well. */
	EXPECT_EQ(0, LIMITED(q_write("file", 0, KB(64))));
	ASSERT_EQ(0, truncate("file", KB(60)));
	EXPECT_EQ(-EDQUOT, LIMITED(q_write("file", KB(60), 2 * BLOCK)));
	EXPECT_EQ(0, LIMITED(q_write("file", KB(60), BLOCK)));
	/* An empty file needs no space, a folder does. */
	EXPECT_EQ(0, LIMITED(q_create("empty")));
	EXPECT_EQ(-EDQUOT, LIMITED(q_mkdir("folder")));
	EXPECT_EQ(KB(64), SPACE());
}

static int allocate(const char *path, long size)
{
	int fd = open(path, O_RDWR | O_CREAT, 0666);

	must(fd >= 0);
	return fallocate(fd, 0, 0, size) ? -errno : 0;
}

TEST_F(quota, allocating_space_is_limited_as_writing_is)
{
	ASSERT_EQ(0, project_space(self->id, 0, self->used + KB(64)));
	EXPECT_EQ(0, LIMITED(allocate("one", KB(48))));
	EXPECT_EQ(KB(48), SPACE());
	EXPECT_EQ(-EDQUOT, LIMITED(allocate("two", KB(20))));
	EXPECT_LE(SPACE(), KB(64));
}

static int store_mapped(const char *path, long at)
{
	int fd = open(path, O_RDWR);
	char *p = mmap(NULL, KB(64), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	must(fd >= 0 && p != MAP_FAILED);
	*(volatile char *)(p + at) = 1;
	return 0;
}

TEST_F(quota, a_store_into_a_hole_beyond_the_limit_is_a_bus_error)
{
	pid_t pid;

	ASSERT_EQ(0, project_space(self->id, 0, self->used + BLOCK));
	ASSERT_EQ(0, q_create("file"));
	ASSERT_EQ(0, truncate("file", KB(64)));
	EXPECT_EQ(0, LIMITED(store_mapped("file", 0)));
	EXPECT_EQ(BLOCK, SPACE());
	pid = proc_fork_bound(0);
	if (!pid) {
		cap_drop(CAP_SYS_RESOURCE);
		_exit(store_mapped("file", BLOCK));
	}
	EXPECT_EQ(-SIGBUS, proc_end(pid));
	EXPECT_EQ(BLOCK, SPACE());
}

TEST_F(quota, inodes_are_limited_to_the_last)
{
	ASSERT_EQ(0, project_inodes(self->id, 0, 1 + 3));
	EXPECT_EQ(0, LIMITED(q_create("1")));
	EXPECT_EQ(0, LIMITED(q_mkdir("2")));
	EXPECT_EQ(0, LIMITED(q_create("3")));
	EXPECT_EQ(-EDQUOT, LIMITED(q_create("4")));
	EXPECT_EQ(-EDQUOT, LIMITED(q_mkdir("4")));
	EXPECT_EQ(-EDQUOT, LIMITED(symlink("1", "4") ? -errno : 0));
	EXPECT_EQ(-EDQUOT, LIMITED(mknod("4", S_IFIFO | 0600, 0) ? -errno : 0));
	EXPECT_EQ(-1, access("4", F_OK));
	EXPECT_EQ(0, LIMITED(link("1", "4") ? -errno : 0));
	EXPECT_EQ(3, INODES());
	/* Space is another matter. */
	EXPECT_EQ(0, LIMITED(q_write("1", 0, KB(64))));
	ASSERT_EQ(0, unlink("3"));
	EXPECT_EQ(0, LIMITED(q_create("5")));
	EXPECT_EQ(-EDQUOT, LIMITED(q_create("6")));
}

TEST_F(quota, an_ordinary_user_is_limited)
{
	ASSERT_EQ(0, quota_limit(PRJQUOTA, self->id, 0, self->used + KB(16), 0, 2));
	EXPECT_EQ(0, AS_NOBODY(q_write("file", 0, KB(16))));
	EXPECT_EQ(-EDQUOT, AS_NOBODY(q_write("file", KB(16), 1)));
	EXPECT_EQ(-EDQUOT, AS_NOBODY(q_create("more")));
}

/* All capabilities there, CAP_SYS_RESOURCE among them, do not count here. */
TEST_F(quota, root_of_a_user_namespace_is_limited)
{
	ASSERT_EQ(0, quota_limit(PRJQUOTA, self->id, 0, self->used + KB(16), 0, 2));
	EXPECT_EQ(0, AS_USER_ROOT(q_write("file", 0, KB(16))));
	EXPECT_EQ(-EDQUOT, AS_USER_ROOT(q_write("file", KB(16), 1)));
	EXPECT_EQ(-EDQUOT, AS_USER_ROOT(q_create("more")));
}

TEST_F(quota, cap_sys_resource_is_not_limited)
{
	ASSERT_EQ(0, quota_limit(PRJQUOTA, self->id, 0, self->used + KB(16), 0, 2));
	EXPECT_EQ(0, q_write("file", 0, KB(64)));
	EXPECT_EQ(0, q_create("more"));
	/* But counted. */
	EXPECT_EQ(KB(64), SPACE());
	EXPECT_EQ(2, INODES());
	EXPECT_EQ(-EDQUOT, LIMITED(q_write("more", 0, 1)));
}

TEST_F(quota, a_limit_below_the_usage_takes_nothing_away)
{
	char buf[16];
	int fd;

	ASSERT_EQ(0, q_write("file", 0, KB(64)));
	ASSERT_EQ(0, quota_limit(PRJQUOTA, self->id, 0, self->used + KB(16), 0, 1));
	EXPECT_EQ(KB(64), SPACE());
	fd = open("file", O_RDONLY);
	EXPECT_EQ(16, pread(fd, buf, 16, KB(60)));
	EXPECT_EQ(0, LIMITED(q_write("file", 0, KB(64))));
	EXPECT_EQ(-EDQUOT, LIMITED(q_write("file", KB(64), 1)));
	EXPECT_EQ(-EDQUOT, LIMITED(q_create("more")));
	/* Until it is below again. */
	ASSERT_EQ(0, truncate("file", KB(12)));
	EXPECT_EQ(0, LIMITED(q_write("file", KB(12), BLOCK)));
	EXPECT_EQ(-EDQUOT, LIMITED(q_write("file", KB(16), 1)));
}

TEST_F(quota, zero_is_no_limit)
{
	ASSERT_EQ(0, quota_limit(PRJQUOTA, self->id, 0, self->used + BLOCK, 0, 2));
	ASSERT_EQ(0, q_create("file"));
	ASSERT_EQ(-EDQUOT, LIMITED(q_write("file", 0, 2 * BLOCK)));
	ASSERT_EQ(0, quota_limit(PRJQUOTA, self->id, 0, 0, 0, 0));
	EXPECT_EQ(0, LIMITED(q_write("file", 0, KB(256))));
	EXPECT_EQ(0, LIMITED(q_create("more")));
}

TEST_F(quota, one_projects_limit_is_not_anothers)
{
	char other[80];

	snprintf(other, sizeof(other), "%s.other", self->dir);
	ASSERT_EQ(0, mkdir(other, 0777));
	ASSERT_EQ(0, project_set(other, self->id + 100000, true));
	ASSERT_EQ(0, project_space(self->id, 0, self->used));
	EXPECT_EQ(-EDQUOT, LIMITED(q_write("file", 0, 1)));
	snprintf(other, sizeof(other), "%s.other/file", self->dir);
	EXPECT_EQ(0, LIMITED(q_write(other, 0, KB(64))));
	EXPECT_EQ(0, SPACE());
	EXPECT_EQ(BLOCK + KB(64), project(self->id + 100000).dqb_curspace);
	ASSERT_EQ(0, unlink(other));
	snprintf(other, sizeof(other), "%s.other", self->dir);
	ASSERT_EQ(0, rmdir(other));
	EXPECT_EQ(0, project(self->id + 100000).dqb_curspace);
}

TEST_F(quota, over_the_soft_limit_there_is_grace)
{
	struct if_dqblk q;
	time_t now = time(NULL);

	ASSERT_EQ(0, project_space(self->id, self->used + KB(16),
				   self->used + KB(32)));
	EXPECT_EQ(0, LIMITED(q_write("file", 0, KB(16))));
	EXPECT_EQ(0, project(self->id).dqb_btime);
	EXPECT_EQ(0, LIMITED(q_write("file", KB(16), KB(8))));
	/* The clock runs; it is a week by default. */
	q = project(self->id);
	EXPECT_GE(q.dqb_btime, now + 6 * 24 * 3600);
	EXPECT_LE(q.dqb_btime, now + 8 * 24 * 3600);
	EXPECT_EQ(0, LIMITED(q_write("file", KB(24), KB(8))));
	EXPECT_EQ(-EDQUOT, LIMITED(q_write("file", KB(32), 1)));
	/* Below the limit it stops. */
	ASSERT_EQ(0, truncate("file", KB(16)));
	EXPECT_EQ(0, project(self->id).dqb_btime);
}

static int expire(unsigned int id, unsigned int valid)
{
	struct if_dqblk q = {
		.dqb_btime = time(NULL) - 10, .dqb_itime = time(NULL) - 10,
		.dqb_valid = valid,
	};

	return quotactl_(Q_SETQUOTA, PRJQUOTA, id, &q);
}

TEST_F(quota, when_grace_is_over_soft_is_hard)
{
	ASSERT_EQ(0, project_space(self->id, self->used + KB(16),
				   self->used + KB(64)));
	ASSERT_EQ(0, LIMITED(q_write("file", 0, KB(20))));
	ASSERT_EQ(0, expire(self->id, QIF_BTIME));
	EXPECT_EQ(-EDQUOT, LIMITED(q_write("file", KB(20), 1)));
	EXPECT_EQ(0, q_write("file", KB(20), 1));
	/* Below it all is well again, with a new time of grace. */
	ASSERT_EQ(0, truncate("file", KB(12)));
	EXPECT_EQ(0, LIMITED(q_write("file", KB(12), KB(8))));
	EXPECT_GT(project(self->id).dqb_btime, time(NULL));
}

TEST_F(quota, inodes_have_a_grace_of_their_own)
{
	ASSERT_EQ(0, project_inodes(self->id, 2, 10));
	EXPECT_EQ(0, LIMITED(q_create("1")));
	EXPECT_EQ(0, project(self->id).dqb_itime);
	EXPECT_EQ(0, LIMITED(q_create("2")));
	EXPECT_GT(project(self->id).dqb_itime, time(NULL));
	EXPECT_EQ(0, project(self->id).dqb_btime);
	ASSERT_EQ(0, expire(self->id, QIF_ITIME));
	EXPECT_EQ(-EDQUOT, LIMITED(q_create("3")));
	EXPECT_EQ(0, LIMITED(q_write("2", 0, KB(16))));
	ASSERT_EQ(0, unlink("2"));
	EXPECT_EQ(0, project(self->id).dqb_itime);
}

TEST_F(quota, the_time_of_grace_can_be_set)
{
	struct if_dqinfo old, info = {
		.dqi_bgrace = 1, .dqi_valid = IIF_BGRACE,
	};

	ASSERT_EQ(0, quotactl_(Q_GETINFO, PRJQUOTA, 0, &old));
	ASSERT_EQ(0, quotactl_(Q_SETINFO, PRJQUOTA, 0, &info));
	must(!project_space(self->id, self->used + KB(16), 0));
	must(!LIMITED(q_write("file", 0, KB(20))));
	/* One second, in the clock's full seconds. */
	EXPECT_TRUE(EVENTUALLY(LIMITED(q_write("file", KB(20), KB(4))) == -EDQUOT ||
			       (truncate("file", KB(20)), false)));
	EXPECT_LE(project(self->id).dqb_btime, time(NULL));
	old.dqi_valid = IIF_BGRACE;
	EXPECT_EQ(0, quotactl_(Q_SETINFO, PRJQUOTA, 0, &old));
	EXPECT_EQ(0, quotactl_(Q_GETINFO, PRJQUOTA, 0, &info));
	EXPECT_EQ(old.dqi_bgrace, info.dqi_bgrace);
}

TEST_HARNESS_MAIN

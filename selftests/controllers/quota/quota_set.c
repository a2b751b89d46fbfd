// SPDX-License-Identifier: GPL-2.0
/*
 * What setting limits, times of grace and enforcement does to a file system
 * that keeps its quotas in system files, and what it says of itself.
 *
 * Promises from quotactl(2) and filesystems/quota.rst.
 */
#include "quota.h"
#include <linux/dqblk_xfs.h>
#include <time.h>

#define WEEK	(7 * 24 * 3600)

static int set_grace(int type, long bgrace, long igrace, unsigned int valid)
{
	struct if_dqinfo info = {
		.dqi_bgrace = bgrace, .dqi_igrace = igrace, .dqi_valid = valid,
	};

	return quotactl_(Q_SETINFO, type, 0, &info);
}

static struct if_dqinfo info_of(int type)
{
	struct if_dqinfo info = {};

	must(!quotactl_(Q_GETINFO, type, 0, &info));
	return info;
}

FIXTURE_SETUP(quota)
{
	QUOTA_SETUP();
}

FIXTURE_TEARDOWN_PARENT(quota)
{
	quota_clean(self);
	if (!self->dir[0])
		return;
	/* Refused where nothing has been changed. */
	for (int type = 0; type < MAXQUOTAS; type++)
		quotactl_(Q_QUOTAON, type, QFMT_VFS_V1, ".");
	set_grace(PRJQUOTA, WEEK, WEEK, IIF_BGRACE | IIF_IGRACE);
}

/* Of clocks that tick in seconds; the kernel may see the next one later. */
static void expect_time(struct __test_metadata *_metadata, long from, long grace,
			long seen)
{
	EXPECT_GE(seen, from + grace - 1);
	EXPECT_LE(seen, time(NULL) + grace + 1);
}

TEST_F(quota, a_soft_limit_below_the_space_used_starts_the_grace_at_once)
{
	long now;

	ASSERT_EQ(0, set_grace(PRJQUOTA, 5000, 0, IIF_BGRACE));
	ASSERT_EQ(0, q_write("file", 0, KB(64)));
	ASSERT_EQ(0, project_space(self->id, KB(128), 0));
	EXPECT_EQ(0, project(self->id).dqb_btime);
	now = time(NULL);
	ASSERT_EQ(0, project_space(self->id, KB(16), 0));
	expect_time(_metadata, now, 5000, project(self->id).dqb_btime);
	EXPECT_EQ(0, project(self->id).dqb_itime);
	/* What is used is not above a limit that it equals. */
	ASSERT_EQ(0, project_space(self->id, self->used + KB(64), 0));
	EXPECT_EQ(0, project(self->id).dqb_btime);
	ASSERT_EQ(0, project_space(self->id, self->used + KB(64) - 1024, 0));
	EXPECT_NE(0, project(self->id).dqb_btime);
	/* Nor is there a limit to be above of. */
	ASSERT_EQ(0, project_space(self->id, 0, KB(128)));
	EXPECT_EQ(0, project(self->id).dqb_btime);
}

TEST_F(quota, a_soft_limit_below_the_inodes_used_starts_the_grace_at_once)
{
	long now;

	ASSERT_EQ(0, set_grace(PRJQUOTA, 0, 5000, IIF_IGRACE));
	ASSERT_EQ(0, q_create("1"));
	ASSERT_EQ(0, q_create("2"));
	ASSERT_EQ(0, project_inodes(self->id, 3, 0));
	EXPECT_EQ(0, project(self->id).dqb_itime);
	now = time(NULL);
	ASSERT_EQ(0, project_inodes(self->id, 2, 0));
	expect_time(_metadata, now, 5000, project(self->id).dqb_itime);
	EXPECT_EQ(0, project(self->id).dqb_btime);
	ASSERT_EQ(0, project_inodes(self->id, 10, 0));
	EXPECT_EQ(0, project(self->id).dqb_itime);
	ASSERT_EQ(0, project_inodes(self->id, 1, 0));
	EXPECT_NE(0, project(self->id).dqb_itime);
	ASSERT_EQ(0, project_inodes(self->id, 0, 10));
	EXPECT_EQ(0, project(self->id).dqb_itime);
}

/* Sets soft limits of space and inodes with both times at once. */
static int limit_with_times(unsigned int id, long bsoft, long isoft, long when)
{
	struct if_dqblk q = {
		.dqb_bsoftlimit = bsoft / 1024, .dqb_isoftlimit = isoft,
		.dqb_btime = when, .dqb_itime = when + 1,
		.dqb_valid = QIF_LIMITS | QIF_TIMES,
	};

	return quotactl_(Q_SETQUOTA, PRJQUOTA, id, &q);
}

TEST_F(quota, times_that_come_with_the_limits_are_kept_while_those_are_exceeded)
{
	ASSERT_EQ(0, q_write("file", 0, KB(64)));
	ASSERT_EQ(0, limit_with_times(self->id, KB(16), 1, 4000000000));
	EXPECT_EQ(4000000000, project(self->id).dqb_btime);
	EXPECT_EQ(4000000001, project(self->id).dqb_itime);
	ASSERT_EQ(0, limit_with_times(self->id, KB(128), 10, 4000000000));
	EXPECT_EQ(0, project(self->id).dqb_btime);
	EXPECT_EQ(0, project(self->id).dqb_itime);
}

static void remount(const char *dir)
{
	must(!chdir("/"));
	must(!umount(DIR_));
	must(!mount(DISK, DIR_, "ext4", 0, OPTIONS));
	must(!chdir(dir));
}

TEST_F(quota, one_time_of_grace_is_set_without_the_other_and_lasts)
{
	ASSERT_EQ(0, set_grace(PRJQUOTA, 1000, 2000, IIF_BGRACE | IIF_IGRACE));
	ASSERT_EQ(0, set_grace(PRJQUOTA, 77, 3000, IIF_IGRACE));
	EXPECT_EQ(1000, info_of(PRJQUOTA).dqi_bgrace);
	EXPECT_EQ(3000, info_of(PRJQUOTA).dqi_igrace);
	ASSERT_EQ(0, set_grace(PRJQUOTA, 4000, 77, IIF_BGRACE));
	remount(self->dir);
	EXPECT_EQ(4000, info_of(PRJQUOTA).dqi_bgrace);
	EXPECT_EQ(3000, info_of(PRJQUOTA).dqi_igrace);
	/* Every type of quota has its own. */
	EXPECT_EQ(WEEK, info_of(USRQUOTA).dqi_bgrace);
	EXPECT_EQ(WEEK, info_of(GRPQUOTA).dqi_igrace);
}

TEST_F(quota, information_that_is_none_is_not_set)
{
	struct if_dqinfo info = {
		.dqi_bgrace = 1000, .dqi_valid = IIF_BGRACE | (IIF_ALL + 1),
	};

	ASSERT_EQ(0, set_grace(PRJQUOTA, 500, 600, IIF_BGRACE | IIF_IGRACE));
	EXPECT_EQ(-EINVAL, quotactl_(Q_SETINFO, PRJQUOTA, 0, &info));
	/* Flags are those of the oldest format, or not to be set at all. */
	info.dqi_valid = IIF_BGRACE | IIF_FLAGS;
	info.dqi_flags = DQF_ROOT_SQUASH;
	EXPECT_EQ(-EINVAL, quotactl_(Q_SETINFO, PRJQUOTA, 0, &info));
	info.dqi_flags = DQF_SYS_FILE;
	EXPECT_EQ(-EINVAL, quotactl_(Q_SETINFO, PRJQUOTA, 0, &info));
	EXPECT_EQ(-EFAULT, quotactl_(Q_SETINFO, PRJQUOTA, 0, NULL));
	EXPECT_EQ(500, info_of(PRJQUOTA).dqi_bgrace);
	info.dqi_flags = 0;
	EXPECT_EQ(0, quotactl_(Q_SETINFO, PRJQUOTA, 0, &info));
	EXPECT_EQ(1000, info_of(PRJQUOTA).dqi_bgrace);
	EXPECT_EQ(600, info_of(PRJQUOTA).dqi_igrace);
	EXPECT_EQ(DQF_SYS_FILE, info_of(PRJQUOTA).dqi_flags);
}

TEST_F(quota, quotas_in_system_files_tell_so_and_their_format)
{
	for (int type = 0; type < MAXQUOTAS; type++) {
		uint32_t format = 0;

		EXPECT_EQ(IIF_ALL, info_of(type).dqi_valid);
		EXPECT_EQ(DQF_SYS_FILE, info_of(type).dqi_flags);
		EXPECT_EQ(0, quotactl_(Q_GETFMT, type, 0, &format));
		EXPECT_EQ(QFMT_VFS_V1, format);
	}
	EXPECT_EQ(-EFAULT, quotactl_(Q_GETINFO, PRJQUOTA, 0, NULL));
	EXPECT_EQ(-EFAULT, quotactl_(Q_GETFMT, PRJQUOTA, 0, NULL));
}

TEST_F(quota, who_may_ask_for_a_number_may_not_go_through_all_of_them)
{
	struct fs_quota_stat stat;
	struct if_nextdqblk next;
	struct fs_disk_quota q;
	uint32_t value = FS_QUOTA_PDQ_ENFD;

	EXPECT_EQ(0, AS_NOBODY(quotactl_(Q_GETQUOTA, USRQUOTA, NOBODY, &next)));
	EXPECT_EQ(-EPERM, AS_NOBODY(quotactl_(Q_GETNEXTQUOTA, USRQUOTA, NOBODY, &next)));
	EXPECT_EQ(0, AS_NOBODY(quotactl_(Q_XGETQUOTA, USRQUOTA, NOBODY, &q)));
	EXPECT_EQ(-EPERM, AS_NOBODY(quotactl_(Q_XGETNEXTQUOTA, USRQUOTA, NOBODY, &q)));
	EXPECT_EQ(0, quotactl_(Q_GETNEXTQUOTA, USRQUOTA, 0, &next));
	EXPECT_EQ(0, quotactl_(Q_XGETNEXTQUOTA, USRQUOTA, 0, &q));
	EXPECT_EQ(-EPERM, AS_NOBODY(quotactl_(Q_QUOTAON, PRJQUOTA, QFMT_VFS_V1, ".")));
	EXPECT_EQ(-EPERM, AS_NOBODY(quotactl_(Q_XQUOTAON, PRJQUOTA, 0, &value)));
	EXPECT_EQ(-EPERM, AS_NOBODY(quotactl_(Q_XQUOTAOFF, PRJQUOTA, 0, &value)));
	EXPECT_EQ(-EPERM, AS_NOBODY(quotactl_(Q_XSETQLIM, USRQUOTA, NOBODY, &q)));
	/* What is said of the file system as a whole is for everybody. */
	EXPECT_EQ(0, AS_NOBODY(quotactl_(Q_GETFMT, USRQUOTA, 0, &value)));
	EXPECT_EQ(0, AS_NOBODY(quotactl_(Q_XGETQSTAT, USRQUOTA, 0, &stat)));
}

#define COUNTED	(FS_QUOTA_UDQ_ACCT | FS_QUOTA_GDQ_ACCT | FS_QUOTA_PDQ_ACCT)
#define LIMITS	(FS_QUOTA_UDQ_ENFD | FS_QUOTA_GDQ_ENFD | FS_QUOTA_PDQ_ENFD)

/* Which types of quota are counted and which have their limits enforced. */
static int state(void)
{
	struct fs_quota_stat stat = {};

	must(!quotactl_(Q_XGETQSTAT, PRJQUOTA, 0, &stat));
	return (uint16_t)stat.qs_flags;
}

TEST_F(quota, enforcement_is_switched_once_and_counting_never)
{
	ASSERT_EQ(COUNTED | LIMITS, state());
	EXPECT_EQ(-EEXIST, quotactl_(Q_QUOTAON, PRJQUOTA, QFMT_VFS_V1, "."));
	EXPECT_EQ(0, quotactl_(Q_QUOTAOFF, PRJQUOTA, 0, NULL));
	EXPECT_EQ((COUNTED | LIMITS) & ~FS_QUOTA_PDQ_ENFD, state());
	EXPECT_EQ(-EEXIST, quotactl_(Q_QUOTAOFF, PRJQUOTA, 0, NULL));
	EXPECT_EQ((COUNTED | LIMITS) & ~FS_QUOTA_PDQ_ENFD, state());
	EXPECT_EQ(0, quotactl_(Q_QUOTAON, PRJQUOTA, QFMT_VFS_V1, "."));
	EXPECT_EQ(COUNTED | LIMITS, state());
}

static int xquota(int cmd, uint32_t flags)
{
	return quotactl_(cmd, PRJQUOTA, 0, &flags);
}

TEST_F(quota, enforcement_of_several_types_is_switched_on_as_a_whole)
{
	EXPECT_EQ(0, xquota(Q_XQUOTAOFF, FS_QUOTA_UDQ_ENFD));
	/* One of the two is on: the other stays off. */
	EXPECT_EQ(-EEXIST, xquota(Q_XQUOTAON, FS_QUOTA_UDQ_ENFD | FS_QUOTA_PDQ_ENFD));
	EXPECT_EQ((COUNTED | LIMITS) & ~FS_QUOTA_UDQ_ENFD, state());
	/* Off they go one by one: whatever is on. */
	EXPECT_EQ(0, xquota(Q_XQUOTAOFF, FS_QUOTA_UDQ_ENFD | FS_QUOTA_PDQ_ENFD));
	EXPECT_EQ(COUNTED | FS_QUOTA_GDQ_ENFD, state());
	EXPECT_EQ(0, xquota(Q_XQUOTAON, FS_QUOTA_UDQ_ENFD | FS_QUOTA_PDQ_ENFD));
	EXPECT_EQ(COUNTED | LIMITS, state());
	EXPECT_EQ(-EOPNOTSUPP, xquota(Q_XQUOTAOFF, FS_QUOTA_PDQ_ACCT | FS_QUOTA_PDQ_ENFD));
	EXPECT_EQ(-EINVAL, xquota(Q_XQUOTAON, FS_QUOTA_PDQ_ACCT));
	EXPECT_EQ(COUNTED | LIMITS, state());
}

TEST_HARNESS_MAIN

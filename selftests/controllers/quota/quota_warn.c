// SPDX-License-Identifier: GPL-2.0
/*
 * Warnings by netlink: who listens is told when limits are exceeded and when
 * usage is below them again, what about, and by whom.
 *
 * Who has CAP_SYS_RESOURCE exceeds hard limits without a word, so it is an
 * ordinary user that does. A message is with the listener before the call that
 * causes it returns, so what is not there then does not come.
 *
 * Promises from filesystems/quota.rst, "Quota netlink interface".
 */
#include "quota.h"
#include <linux/genetlink.h>
#include <sys/socket.h>
#include <time.h>

struct message {
	struct nlmsghdr head;
	struct genlmsghdr genl;
	char attrs[1024];
};

/* The attribute @type of @size bytes at @at; NULL when it is not among them. */
static const void *attr(const void *at, long size, int type)
{
	const struct nlattr *a = at;

	while (size >= NLA_HDRLEN && a->nla_len >= NLA_HDRLEN && a->nla_len <= size) {
		if ((a->nla_type & NLA_TYPE_MASK) == type)
			return a;
		size -= NLA_ALIGN(a->nla_len);
		a = (const void *)((const char *)a + NLA_ALIGN(a->nla_len));
	}
	return NULL;
}

static const void *message_attr(const struct message *m, int type)
{
	return attr(m->attrs, (long)m->head.nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN, type);
}

static const void *nested_attr(const struct nlattr *a, int type)
{
	return a ? attr(a + 1, a->nla_len - NLA_HDRLEN, type) : NULL;
}

/* Its value of @size bytes, 2, 4 or 8; -1 when there is none of that size. */
static long value_of(const struct nlattr *a, size_t size)
{
	uint64_t wide;

	if (!a || a->nla_len != NLA_HDRLEN + size)
		return -1;
	if (size == 2)
		return *(const uint16_t *)(a + 1);
	if (size == 4)
		return *(const uint32_t *)(a + 1);
	memcpy(&wide, a + 1, 8);
	return wide;
}

static long number(const struct message *m, int type)
{
	return value_of(message_attr(m, type), 4);
}

static long long_number(const struct message *m, int type)
{
	return value_of(message_attr(m, type), 8);
}

static int generic_socket(void)
{
	int sk = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);

	must(sk >= 0);
	return sk;
}

/* The number of the family's only group of listeners, and its own; or -errno. */
static int warnings_group(int sk, int *family)
{
	struct message m = {
		.head = {
			.nlmsg_len = NLMSG_HDRLEN + GENL_HDRLEN + NLA_HDRLEN + 12,
			.nlmsg_type = GENL_ID_CTRL,
			.nlmsg_flags = NLM_F_REQUEST,
		},
		.genl = { .cmd = CTRL_CMD_GETFAMILY, .version = 2 },
	};
	struct nlattr *name = (struct nlattr *)m.attrs;
	const void *group;

	name->nla_type = CTRL_ATTR_FAMILY_NAME;
	name->nla_len = NLA_HDRLEN + sizeof("VFS_DQUOT");
	memcpy(name + 1, "VFS_DQUOT", sizeof("VFS_DQUOT"));
	must(send(sk, &m, m.head.nlmsg_len, 0) == m.head.nlmsg_len);
	must(recv(sk, &m, sizeof(m), 0) > 0);
	if (m.head.nlmsg_type == NLMSG_ERROR)
		return ((struct nlmsgerr *)NLMSG_DATA(&m.head))->error;
	*family = value_of(message_attr(&m, CTRL_ATTR_FAMILY_ID), 2);
	/* A list of lists. */
	group = nested_attr(message_attr(&m, CTRL_ATTR_MCAST_GROUPS), 1);
	return value_of(nested_attr(group, CTRL_ATTR_MCAST_GRP_ID), 4);
}

static int join(int sk, int group)
{
	return setsockopt(sk, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
			  sizeof(group)) ? -errno : 0;
}

/* The next message that is there, or -EAGAIN. Returns its kind of warning. */
static long heard(int sk, struct message *m)
{
	if (recv(sk, m, sizeof(*m), MSG_DONTWAIT) < 0)
		return -errno;
	return number(m, QUOTA_NL_A_WARNING);
}

#define HEARD(sk) ({ struct message m_; heard(sk, &m_); })

/*
 * @listener hears the warnings. Soft limits are 16 KiB and 2 inodes, hard ones
 * twice that, beside what the folder takes.
 */
FIXTURE(warnings)
{
	FIXTURE_DATA(quota) quota;
	int listener, group, family;
};

FIXTURE_SETUP(quota)
{
	QUOTA_SETUP();
}

FIXTURE_SETUP(warnings)
{
	self->listener = generic_socket();
	self->group = warnings_group(self->listener, &self->family);
	if (self->group == -ENOENT)
		SKIP(return, "no netlink warnings (CONFIG_QUOTA_NETLINK_INTERFACE)");
	ASSERT_GT(self->group, 0);
	ASSERT_EQ(0, join(self->listener, self->group));
	quota_setup(_metadata, &self->quota, NULL);
	if (!self->quota.dir[0])
		return;
	ASSERT_EQ(0, quota_limit(PRJQUOTA, self->quota.id, self->quota.used + KB(16),
				 self->quota.used + KB(32), 1 + 2, 1 + 4));
}

FIXTURE_TEARDOWN_PARENT(warnings)
{
	quota_clean(&self->quota);
	quota_limit(USRQUOTA, NOBODY, 0, 0, 0, 0);
}

TEST_F(warnings, space_above_and_below_its_limits_is_told_once_each)
{
	EXPECT_EQ(0, AS_NOBODY(q_write("file", 0, KB(16))));
	EXPECT_EQ(-EAGAIN, HEARD(self->listener));
	EXPECT_EQ(0, AS_NOBODY(q_write("file", KB(16), BLOCK)));
	EXPECT_EQ(QUOTA_NL_BSOFTWARN, HEARD(self->listener));
	EXPECT_EQ(0, AS_NOBODY(q_write("file", KB(20), KB(12))));
	EXPECT_EQ(-EAGAIN, HEARD(self->listener));
	EXPECT_EQ(-EDQUOT, AS_NOBODY(q_write("file", KB(32), 1)));
	EXPECT_EQ(QUOTA_NL_BHARDWARN, HEARD(self->listener));
	EXPECT_EQ(-EDQUOT, AS_NOBODY(q_write("file", KB(32), 1)));
	EXPECT_EQ(-EAGAIN, HEARD(self->listener));
	ASSERT_EQ(0, truncate("file", KB(28)));
	EXPECT_EQ(QUOTA_NL_BHARDBELOW, HEARD(self->listener));
	/* With less used, it is news again. */
	EXPECT_EQ(-EDQUOT, AS_NOBODY(q_write("file", KB(28), KB(8))));
	EXPECT_EQ(QUOTA_NL_BHARDWARN, HEARD(self->listener));
	ASSERT_EQ(0, truncate("file", KB(20)));
	EXPECT_EQ(QUOTA_NL_BHARDBELOW, HEARD(self->listener));
	EXPECT_EQ(-EAGAIN, HEARD(self->listener));
	ASSERT_EQ(0, truncate("file", KB(12)));
	EXPECT_EQ(QUOTA_NL_BSOFTBELOW, HEARD(self->listener));
	ASSERT_EQ(0, unlink("file"));
	EXPECT_EQ(-EAGAIN, HEARD(self->listener));
}

TEST_F(warnings, inodes_above_and_below_their_limits_are_told_once_each)
{
	EXPECT_EQ(0, AS_NOBODY(q_create("1")));
	EXPECT_EQ(0, AS_NOBODY(q_create("2")));
	EXPECT_EQ(-EAGAIN, HEARD(self->listener));
	EXPECT_EQ(0, AS_NOBODY(q_create("3")));
	EXPECT_EQ(QUOTA_NL_ISOFTWARN, HEARD(self->listener));
	EXPECT_EQ(0, AS_NOBODY(q_create("4")));
	EXPECT_EQ(-EAGAIN, HEARD(self->listener));
	EXPECT_EQ(-EDQUOT, AS_NOBODY(q_create("5")));
	EXPECT_EQ(QUOTA_NL_IHARDWARN, HEARD(self->listener));
	EXPECT_EQ(-EDQUOT, AS_NOBODY(q_create("5")));
	EXPECT_EQ(-EAGAIN, HEARD(self->listener));
	ASSERT_EQ(0, unlink("4"));
	EXPECT_EQ(QUOTA_NL_IHARDBELOW, HEARD(self->listener));
	ASSERT_EQ(0, unlink("3"));
	EXPECT_EQ(QUOTA_NL_ISOFTBELOW, HEARD(self->listener));
	ASSERT_EQ(0, unlink("2"));
	EXPECT_EQ(-EAGAIN, HEARD(self->listener));
}

TEST_F(warnings, the_end_of_grace_is_told)
{
	struct if_dqblk q = {
		.dqb_btime = time(NULL) - 10, .dqb_itime = time(NULL) - 10,
		.dqb_valid = QIF_TIMES,
	};

	ASSERT_EQ(0, AS_NOBODY(q_write("file", 0, KB(20))));
	ASSERT_EQ(QUOTA_NL_BSOFTWARN, HEARD(self->listener));
	ASSERT_EQ(0, AS_NOBODY(q_create("2") ?: q_create("3")));
	ASSERT_EQ(QUOTA_NL_ISOFTWARN, HEARD(self->listener));
	ASSERT_EQ(0, quotactl_(Q_SETQUOTA, PRJQUOTA, self->quota.id, &q));
	EXPECT_EQ(-EAGAIN, HEARD(self->listener));
	EXPECT_EQ(-EDQUOT, AS_NOBODY(q_write("file", KB(20), 1)));
	EXPECT_EQ(QUOTA_NL_BSOFTLONGWARN, HEARD(self->listener));
	EXPECT_EQ(-EDQUOT, AS_NOBODY(q_create("4")));
	EXPECT_EQ(QUOTA_NL_ISOFTLONGWARN, HEARD(self->listener));
	EXPECT_EQ(-EAGAIN, HEARD(self->listener));
}

static void expect_told(struct __test_metadata *_metadata, const struct message *m,
			int type, long id, long by)
{
	struct stat st;

	must(!stat(".", &st));
	EXPECT_EQ(QUOTA_NL_C_WARNING, m->genl.cmd);
	EXPECT_EQ(type, number(m, QUOTA_NL_A_QTYPE));
	EXPECT_EQ(id, long_number(m, QUOTA_NL_A_EXCESS_ID));
	EXPECT_EQ(by, long_number(m, QUOTA_NL_A_CAUSED_ID));
	EXPECT_EQ(major(st.st_dev), number(m, QUOTA_NL_A_DEV_MAJOR));
	EXPECT_EQ(minor(st.st_dev), number(m, QUOTA_NL_A_DEV_MINOR));
}

TEST_F(warnings, a_warning_names_the_quota_the_disk_and_who_caused_it)
{
	long used = quota_of(USRQUOTA, NOBODY).dqb_curspace;
	struct message m;

	ASSERT_EQ(0, AS_NOBODY(q_write("file", 0, KB(20))));
	ASSERT_EQ(QUOTA_NL_BSOFTWARN, heard(self->listener, &m));
	EXPECT_EQ(self->family, m.head.nlmsg_type);
	expect_told(_metadata, &m, PRJQUOTA, self->quota.id, NOBODY);
	/* Less used is whoever's doing it is. */
	ASSERT_EQ(0, truncate("file", KB(4)));
	ASSERT_EQ(QUOTA_NL_BSOFTBELOW, heard(self->listener, &m));
	expect_told(_metadata, &m, PRJQUOTA, self->quota.id, 0);
	/* The file is nobody's, and so is the quota that root exceeds. */
	ASSERT_EQ(0, quota_limit(USRQUOTA, NOBODY, used + KB(8), 0, 0, 0));
	ASSERT_EQ(0, LIMITED(q_write("file", KB(4), KB(8))));
	ASSERT_EQ(QUOTA_NL_BSOFTWARN, heard(self->listener, &m));
	expect_told(_metadata, &m, USRQUOTA, NOBODY, 0);
}

TEST_F(warnings, an_allocation_above_two_quotas_is_told_for_both)
{
	long used = quota_of(USRQUOTA, NOBODY).dqb_curspace;
	struct message m;

	ASSERT_EQ(0, quota_limit(USRQUOTA, NOBODY, used + KB(16), 0, 0, 0));
	ASSERT_EQ(0, AS_NOBODY(q_write("file", 0, KB(20))));
	EXPECT_EQ(QUOTA_NL_BSOFTWARN, heard(self->listener, &m));
	expect_told(_metadata, &m, USRQUOTA, NOBODY, NOBODY);
	EXPECT_EQ(QUOTA_NL_BSOFTWARN, heard(self->listener, &m));
	expect_told(_metadata, &m, PRJQUOTA, self->quota.id, NOBODY);
	EXPECT_EQ(-EAGAIN, heard(self->listener, &m));
}

/* Root of a user namespace is told of by the id that it has outside. */
TEST_F(warnings, users_go_by_their_ids_in_the_first_user_namespace)
{
	struct message m;
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(!ns_become_user_root() && !getuid());
		must(!q_write("file", 0, KB(20)));
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(pid));
	ASSERT_EQ(QUOTA_NL_BSOFTWARN, heard(self->listener, &m));
	expect_told(_metadata, &m, PRJQUOTA, self->quota.id, NOBODY);
}

TEST_F(warnings, nothing_is_told_while_limits_are_not_enforced)
{
	ASSERT_EQ(0, quotactl_(Q_QUOTAOFF, PRJQUOTA, 0, NULL));
	EXPECT_EQ(0, AS_NOBODY(q_write("file", 0, KB(64))));
	EXPECT_EQ(-EAGAIN, HEARD(self->listener));
	EXPECT_EQ(0, quotactl_(Q_QUOTAON, PRJQUOTA, QFMT_VFS_V1, "."));
	EXPECT_EQ(-EDQUOT, AS_NOBODY(q_write("file", KB(64), 1)));
	EXPECT_EQ(QUOTA_NL_BHARDWARN, HEARD(self->listener));
}

TEST_F(warnings, who_exceeds_a_hard_limit_by_right_is_told_of_the_soft_one_only)
{
	EXPECT_EQ(0, q_write("file", 0, KB(64)));
	EXPECT_EQ(QUOTA_NL_BSOFTWARN, HEARD(self->listener));
	EXPECT_EQ(-EAGAIN, HEARD(self->listener));
}

TEST_F(warnings, another_network_namespace_hears_nothing)
{
	int sk, family;

	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	sk = generic_socket();
	EXPECT_EQ(-ENOENT, warnings_group(sk, &family));
	/* Not even who guesses the number. */
	ASSERT_EQ(0, join(sk, self->group));
	EXPECT_EQ(0, AS_NOBODY(q_write("file", 0, KB(20))));
	EXPECT_EQ(-EAGAIN, HEARD(sk));
	/* What is done there is heard in the first. */
	EXPECT_EQ(QUOTA_NL_BSOFTWARN, HEARD(self->listener));
}

TEST_HARNESS_MAIN

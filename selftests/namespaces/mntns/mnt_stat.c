// SPDX-License-Identifier: GPL-2.0
/*
 * statmount(2) and listmount(2): what they tell of a mount, of which mount
 * namespace, and to whom; the ids that they go by.
 *
 * Promises from statmount(2), listmount(2), statx(2) and ioctl_nsfs(2).
 */
#include "kselftest_harness.h"
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include "mnt.h"
#include "userns.h"

#define A	MNT_AREA "/a"

#ifndef STATX_MNT_ID_UNIQUE
#define STATX_MNT_ID_UNIQUE	0x4000U
#endif
#ifndef NS_GET_MNTNS_ID
#define NS_GET_MNTNS_ID		_IOR(NSIO, 0x5, __u64)
#endif

static uint64_t unique_id(const char *path)
{
	struct statx sx;

	must(!statx(AT_FDCWD, path, 0, STATX_MNT_ID_UNIQUE, &sx));
	must(sx.stx_mask & STATX_MNT_ID_UNIQUE);
	return sx.stx_mnt_id;
}

static uint64_t ns_id(pid_t pid)
{
	int fd = ns_open(pid, "mnt");
	uint64_t id = 0;

	must(fd >= 0);
	must(!ioctl(fd, NS_GET_MNTNS_ID, &id));
	close(fd);
	return id;
}

static union {
	struct statmount sm;
	char space[8192];
} buf;

static int stat_sized(uint64_t id, uint64_t ns, uint64_t mask, size_t size)
{
	struct mnt_id_req req = {
		.size = ns ? MNT_ID_REQ_SIZE_VER1 : MNT_ID_REQ_SIZE_VER0,
		.mnt_id = id,
		.param = mask,
		.mnt_ns_id = ns,
	};

	return mnt_error(syscall(SYS_statmount, &req, &buf, size, 0));
}

static int stat_of(uint64_t id, uint64_t ns, uint64_t mask)
{
	return stat_sized(id, ns, mask, sizeof(buf));
}

static int list_of(uint64_t id, uint64_t ns, uint64_t last, uint64_t *ids,
		   size_t n, unsigned int flags)
{
	struct mnt_id_req req = {
		.size = ns ? MNT_ID_REQ_SIZE_VER1 : MNT_ID_REQ_SIZE_VER0,
		.mnt_id = id,
		.param = last,
		.mnt_ns_id = ns,
	};

	return mnt_error(syscall(SYS_listmount, &req, ids, n, flags));
}

static bool listed(uint64_t id, const uint64_t *ids, int n)
{
	for (int i = 0; i < n; i++)
		if (ids[i] == id)
			return true;
	return false;
}

FIXTURE(stat)
{
	uint64_t a, x, y;
};

FIXTURE_SETUP(stat)
{
	mnt_area();
	mnt_dir(A);
	must(!mnt_mount("tmpfs", A, MS_NOSUID, "size=1M"));
	mnt_dir(A "/x");
	must(!mnt_tmpfs(A "/x"));
	mnt_dir(A "/x/y");
	must(!mnt_tmpfs(A "/x/y"));
	self->a = unique_id(A);
	self->x = unique_id(A "/x");
	self->y = unique_id(A "/x/y");
}

FIXTURE_TEARDOWN(stat)
{
}

TEST_F(stat, tells_who_a_mount_is)
{
	struct mnt_info m;

	ASSERT_EQ(0, mnt_info(A "/x", &m));
	ASSERT_EQ(0, stat_of(self->x, 0, STATMOUNT_MNT_BASIC |
			     STATMOUNT_SB_BASIC));
	EXPECT_EQ(STATMOUNT_MNT_BASIC | STATMOUNT_SB_BASIC, buf.sm.mask);
	EXPECT_EQ(self->x, buf.sm.mnt_id);
	EXPECT_EQ(self->a, buf.sm.mnt_parent_id);
	EXPECT_EQ(m.id, buf.sm.mnt_id_old);
	EXPECT_EQ(m.parent, buf.sm.mnt_parent_id_old);
	EXPECT_EQ(0x01021994, buf.sm.sb_magic);
	EXPECT_EQ(MS_PRIVATE, buf.sm.mnt_propagation);
}

TEST_F(stat, tells_where_and_of_what)
{
	mnt_dir(A "/dir");
	mnt_dir(A "/at");
	must(!mnt_bind(A "/dir", A "/at"));
	ASSERT_EQ(0, stat_of(unique_id(A "/at"), 0, STATMOUNT_MNT_ROOT |
			     STATMOUNT_MNT_POINT | STATMOUNT_FS_TYPE));
	EXPECT_STREQ("/dir", buf.sm.str + buf.sm.mnt_root);
	EXPECT_STREQ(A "/at", buf.sm.str + buf.sm.mnt_point);
	EXPECT_STREQ("tmpfs", buf.sm.str + buf.sm.fs_type);
}

TEST_F(stat, tells_attributes_and_options)
{
	ASSERT_EQ(0, stat_of(self->a, 0, STATMOUNT_MNT_BASIC));
	EXPECT_EQ(MOUNT_ATTR_NOSUID, buf.sm.mnt_attr);
	ASSERT_EQ(0, mnt_flags(A, MS_RDONLY | MS_NOATIME));
	ASSERT_EQ(0, stat_of(self->a, 0, STATMOUNT_MNT_BASIC));
	EXPECT_EQ(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOATIME, buf.sm.mnt_attr);
	ASSERT_EQ(0, stat_of(self->a, 0, STATMOUNT_MNT_OPTS));
	if (!(buf.sm.mask & STATMOUNT_MNT_OPTS))
		SKIP(return, "no STATMOUNT_MNT_OPTS");
	EXPECT_TRUE(mnt_opt(buf.sm.str + buf.sm.mnt_opts, "size=1024k"));
}

TEST_F(stat, tells_the_propagation)
{
	ASSERT_EQ(0, mnt_make(A "/x", MS_SHARED));
	mnt_dir(A "/b");
	ASSERT_EQ(0, mnt_bind(A "/x", A "/b"));
	ASSERT_EQ(0, mnt_make(A "/b", MS_SLAVE));
	ASSERT_EQ(0, stat_of(self->x, 0, STATMOUNT_MNT_BASIC));
	EXPECT_EQ(MS_SHARED, buf.sm.mnt_propagation);
	EXPECT_EQ(mnt_group(A "/x"), buf.sm.mnt_peer_group);
	ASSERT_EQ(0, stat_of(unique_id(A "/b"), 0, STATMOUNT_MNT_BASIC |
			     STATMOUNT_PROPAGATE_FROM));
	EXPECT_EQ(MS_SLAVE, buf.sm.mnt_propagation);
	EXPECT_EQ(mnt_group(A "/x"), buf.sm.mnt_master);
	EXPECT_EQ(mnt_group(A "/x"), buf.sm.propagate_from);
	ASSERT_EQ(0, mnt_make(A "/b", MS_SHARED));
	ASSERT_EQ(0, stat_of(unique_id(A "/b"), 0, STATMOUNT_MNT_BASIC));
	EXPECT_EQ(MS_SHARED | MS_SLAVE, buf.sm.mnt_propagation);
	ASSERT_EQ(0, mnt_make(A "/b", MS_UNBINDABLE));
	ASSERT_EQ(0, stat_of(unique_id(A "/b"), 0, STATMOUNT_MNT_BASIC));
	EXPECT_EQ(MS_UNBINDABLE, buf.sm.mnt_propagation);
}

TEST_F(stat, tells_the_namespace)
{
	ASSERT_EQ(0, stat_of(self->a, 0, STATMOUNT_MNT_NS_ID));
	EXPECT_EQ(ns_id(0), buf.sm.mnt_ns_id);
}

/* Mounts a copy of @from at @to in which the ids 0 to 9 are @outside and those after. */
static inline uint64_t mapped(const char *from, const char *to, unsigned int outside)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP };
	int tree = mnt_clone(from);

	attr.userns_fd = mnt_userns(0, outside, 10);
	must(!mnt_setattr(tree, "", AT_EMPTY_PATH, &attr));
	mnt_dir(to);
	must(!mnt_attach(tree, to));
	close(attr.userns_fd);
	close(tree);
	return unique_id(to);
}

TEST_F(stat, tells_the_mapping_of_an_idmapped_mount)
{
#ifdef STATMOUNT_MNT_UIDMAP
	ASSERT_EQ(0, stat_of(mapped(A "/x", A "/b", 10000), 0, STATMOUNT_MNT_BASIC |
			     STATMOUNT_MNT_UIDMAP | STATMOUNT_MNT_GIDMAP));
	EXPECT_EQ(MOUNT_ATTR_IDMAP, buf.sm.mnt_attr);
	if (!(buf.sm.mask & STATMOUNT_MNT_UIDMAP))
		SKIP(return, "no STATMOUNT_MNT_UIDMAP");
	EXPECT_EQ(1, buf.sm.mnt_uidmap_num);
	EXPECT_STREQ("0 10000 10", buf.sm.str + buf.sm.mnt_uidmap);
	EXPECT_STREQ("0 10000 10", buf.sm.str + buf.sm.mnt_gidmap);
#else
	SKIP(return, "headers without STATMOUNT_MNT_UIDMAP");
#endif
}

TEST_F(stat, tells_a_mapping_in_the_callers_ids)
{
#ifdef STATMOUNT_MNT_UIDMAP
	const uint64_t mask = STATMOUNT_MNT_UIDMAP | STATMOUNT_MNT_GIDMAP;
	uint64_t known = mapped(A "/x", A "/b", 10000);
	uint64_t unknown = mapped(A "/x", A "/c", 30000);
	uint64_t in_part = mapped(A "/x", A "/d", 10005);
	pid_t pid;

	ASSERT_EQ(0, stat_of(unknown, 0, mask));
	if (!(buf.sm.mask & STATMOUNT_MNT_UIDMAP))
		SKIP(return, "no STATMOUNT_MNT_UIDMAP");
	EXPECT_STREQ("0 30000 10", buf.sm.str + buf.sm.mnt_uidmap);
	pid = userns_fork(0, 10000, 10);
	if (!pid) {
		must(!stat_of(known, 0, mask));
		must(buf.sm.mask == mask);
		must(buf.sm.mnt_uidmap_num == 1 && buf.sm.mnt_gidmap_num == 1);
		must(!strcmp("0 0 10", buf.sm.str + buf.sm.mnt_uidmap));
		must(!strcmp("0 0 10", buf.sm.str + buf.sm.mnt_gidmap));
		/* A range that it has no ids for is left out, all of it. */
		must(!stat_of(unknown, 0, mask));
		must(buf.sm.mask == mask);
		must(buf.sm.mnt_uidmap_num == 0 && buf.sm.mnt_gidmap_num == 0);
		must(!stat_of(in_part, 0, mask));
		must(buf.sm.mask == mask);
		must(buf.sm.mnt_uidmap_num == 0 && buf.sm.mnt_gidmap_num == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	/* A mount without a mapping has nothing to tell. */
	ASSERT_EQ(0, stat_of(self->x, 0, mask));
	EXPECT_EQ(0, buf.sm.mask);
#else
	SKIP(return, "headers without STATMOUNT_MNT_UIDMAP");
#endif
}

TEST_F(stat, tells_the_options_one_by_one)
{
#ifdef STATMOUNT_OPT_ARRAY
	unsigned int commas = 0, n = 0;
	char joined[1024] = "";
	const char *opt;

	ASSERT_EQ(0, stat_of(self->a, 0, STATMOUNT_MNT_OPTS | STATMOUNT_OPT_ARRAY));
	if (!(buf.sm.mask & STATMOUNT_OPT_ARRAY))
		SKIP(return, "no STATMOUNT_OPT_ARRAY");
	for (opt = buf.sm.str + buf.sm.mnt_opts; *opt; opt++)
		commas += *opt == ',';
	EXPECT_EQ(commas + 1, buf.sm.opt_num);
	opt = buf.sm.str + buf.sm.opt_array;
	for (; n < buf.sm.opt_num; opt += strlen(opt) + 1)
		snprintf(joined + strlen(joined), sizeof(joined) - strlen(joined),
			 "%s%s", n++ ? "," : "", opt);
	EXPECT_STREQ(joined, buf.sm.str + buf.sm.mnt_opts);
	EXPECT_TRUE(mnt_opt(joined, "size=1024k"));
#else
	SKIP(return, "headers without STATMOUNT_OPT_ARRAY");
#endif
}

TEST_F(stat, tells_the_superblock)
{
	struct stat st;

	ASSERT_EQ(0, stat(A, &st));
	ASSERT_EQ(0, stat_of(self->a, 0, STATMOUNT_SB_BASIC));
	EXPECT_EQ(major(st.st_dev), buf.sm.sb_dev_major);
	EXPECT_EQ(minor(st.st_dev), buf.sm.sb_dev_minor);
	EXPECT_EQ(0, buf.sm.sb_flags);
	/* A mount that is read-only says nothing about its superblock. */
	ASSERT_EQ(0, mnt_flags(A, MS_RDONLY));
	ASSERT_EQ(0, stat_of(self->a, 0, STATMOUNT_SB_BASIC));
	EXPECT_EQ(0, buf.sm.sb_flags);
	ASSERT_EQ(0, mnt_error(mount(NULL, A, NULL, MS_REMOUNT | MS_RDONLY, NULL)));
	ASSERT_EQ(0, stat_of(self->a, 0, STATMOUNT_SB_BASIC));
	EXPECT_EQ(MS_RDONLY, buf.sm.sb_flags);
}

TEST_F(stat, tells_the_source)
{
#ifdef STATMOUNT_SB_SOURCE
	mnt_dir(A "/b");
	ASSERT_EQ(0, mnt_error(mount("some source", A "/b", "tmpfs", 0, NULL)));
	ASSERT_EQ(0, stat_of(unique_id(A "/b"), 0, STATMOUNT_SB_SOURCE));
	if (!(buf.sm.mask & STATMOUNT_SB_SOURCE))
		SKIP(return, "no STATMOUNT_SB_SOURCE");
	EXPECT_STREQ("some source", buf.sm.str + buf.sm.sb_source);
#else
	SKIP(return, "headers without STATMOUNT_SB_SOURCE");
#endif
}

/* What is asked for and not known is not there, and no error. */
TEST_F(stat, tells_what_it_could_tell)
{
	const uint64_t later = 1ULL << 62;

	ASSERT_EQ(0, stat_of(self->a, 0, STATMOUNT_FS_TYPE | later));
	EXPECT_EQ(STATMOUNT_FS_TYPE, buf.sm.mask);
#ifdef STATMOUNT_SUPPORTED_MASK
	ASSERT_EQ(0, stat_of(self->a, 0, STATMOUNT_SUPPORTED_MASK));
	if (!(buf.sm.mask & STATMOUNT_SUPPORTED_MASK))
		SKIP(return, "no STATMOUNT_SUPPORTED_MASK");
	EXPECT_EQ(STATMOUNT_SUPPORTED_MASK | STATMOUNT_MNT_UIDMAP | STATMOUNT_SB_BASIC,
		  buf.sm.supported_mask & (STATMOUNT_SUPPORTED_MASK | later |
					   STATMOUNT_MNT_UIDMAP | STATMOUNT_SB_BASIC));
#endif
}

TEST_F(stat, a_buffer_too_small_is_refused)
{
	EXPECT_EQ(-EOVERFLOW, stat_sized(self->a, 0, STATMOUNT_MNT_POINT,
					 sizeof(struct statmount)));
	EXPECT_EQ(-EOVERFLOW, stat_sized(self->a, 0, STATMOUNT_MNT_POINT,
					 sizeof(struct statmount) + 4));
	EXPECT_EQ(0, stat_sized(self->a, 0, STATMOUNT_MNT_POINT,
				sizeof(struct statmount) + sizeof(A) + 1));
	/* Without strings it gets what fits. */
	memset(&buf, 0xff, sizeof(buf));
	EXPECT_EQ(0, stat_sized(self->a, 0, STATMOUNT_MNT_BASIC, 16));
	EXPECT_EQ(0xff, (unsigned char)buf.space[16]);
}

TEST_F(stat, an_id_is_never_used_again)
{
	uint64_t before = self->y;

	for (int i = 0; i < 20; i++) {
		ASSERT_EQ(0, mnt_off(A "/x/y", 0));
		EXPECT_EQ(-ENOENT, stat_of(before, 0, STATMOUNT_MNT_BASIC));
		ASSERT_EQ(0, mnt_tmpfs(A "/x/y"));
		ASSERT_GT(unique_id(A "/x/y"), before);
		before = unique_id(A "/x/y");
	}
}

TEST_F(stat, what_is_malformed_is_refused)
{
	struct {
		struct mnt_id_req req;
		uint64_t later;
	} longer = {
		.req.size = sizeof(longer),
		.req.mnt_id = self->a,
		.req.param = STATMOUNT_MNT_BASIC,
	};

	/* The ids of mountinfo, and none at all. */
	EXPECT_EQ(-EINVAL, stat_of(0, 0, STATMOUNT_MNT_BASIC));
	EXPECT_EQ(-EINVAL, stat_of(1, 0, STATMOUNT_MNT_BASIC));
	EXPECT_EQ(-ENOENT, stat_of(self->a + (1ULL << 40), 0,
				   STATMOUNT_MNT_BASIC));
	EXPECT_EQ(-EINVAL, mnt_error(syscall(SYS_statmount, &longer, &buf,
					     sizeof(buf), 1U << 31)));
	EXPECT_EQ(0, mnt_error(syscall(SYS_statmount, &longer, &buf,
				       sizeof(buf), 0)));
	longer.later = 1;
	EXPECT_EQ(-E2BIG, mnt_error(syscall(SYS_statmount, &longer, &buf,
					    sizeof(buf), 0)));
	longer.req.size = MNT_ID_REQ_SIZE_VER0 - 1;
	EXPECT_EQ(-EINVAL, mnt_error(syscall(SYS_statmount, &longer, &buf,
					     sizeof(buf), 0)));
	longer.req.size = 1 << 20;
	EXPECT_EQ(-E2BIG, mnt_error(syscall(SYS_statmount, &longer, &buf,
					    sizeof(buf), 0)));
	EXPECT_EQ(-EFAULT, mnt_error(syscall(SYS_statmount, NULL, &buf,
					     sizeof(buf), 0)));
}

TEST_F(stat, by_file_even_of_a_mount_that_was_detached)
{
#ifdef STATMOUNT_BY_FD
	int fd = open(A "/x/y", O_PATH | O_CLOEXEC);
	struct mnt_id_req req = {
		.size = MNT_ID_REQ_SIZE_VER1,
		.mnt_fd = fd,
		.param = STATMOUNT_MNT_BASIC | STATMOUNT_MNT_POINT,
	};

	if (syscall(SYS_statmount, &req, &buf, sizeof(buf), STATMOUNT_BY_FD))
		SKIP(return, "no STATMOUNT_BY_FD");
	EXPECT_EQ(self->y, buf.sm.mnt_id);
	EXPECT_STREQ(A "/x/y", buf.sm.str + buf.sm.mnt_point);
	ASSERT_EQ(0, mnt_off(A "/x/y", MNT_DETACH));
	ASSERT_EQ(0, mnt_error(syscall(SYS_statmount, &req, &buf, sizeof(buf),
				       STATMOUNT_BY_FD)));
	EXPECT_EQ(self->y, buf.sm.mnt_id);
	EXPECT_EQ(STATMOUNT_MNT_BASIC, buf.sm.mask);
	req.mnt_id = self->y;
	EXPECT_EQ(-EINVAL, mnt_error(syscall(SYS_statmount, &req, &buf,
					     sizeof(buf), STATMOUNT_BY_FD)));
#else
	SKIP(return, "headers without STATMOUNT_BY_FD");
#endif
}

TEST_F(stat, lists_what_is_below)
{
	uint64_t ids[8];

	ASSERT_EQ(2, list_of(self->a, 0, 0, ids, 8, 0));
	EXPECT_EQ(self->x, ids[0]);
	EXPECT_EQ(self->y, ids[1]);
	EXPECT_EQ(1, list_of(self->x, 0, 0, ids, 8, 0));
	EXPECT_EQ(0, list_of(self->y, 0, 0, ids, 8, 0));
	ASSERT_EQ(0, mnt_off(A "/x/y", 0));
	EXPECT_EQ(1, list_of(self->a, 0, 0, ids, 8, 0));
}

TEST_F(stat, lists_in_pages_and_backwards)
{
	uint64_t all[512], one, last = 0;
	int n = list_of(LSMT_ROOT, 0, 0, all, 512, 0), i;

	ASSERT_GT(n, 3);
	ASSERT_LT(n, 512);
	for (i = 0; list_of(LSMT_ROOT, 0, last, &one, 1, 0) == 1; i++) {
		ASSERT_LT(i, n);
		ASSERT_EQ(all[i], one);
		ASSERT_GT(one, last);
		last = one;
	}
	EXPECT_EQ(n, i);
	for (i = n, last = 0;
	     list_of(LSMT_ROOT, 0, last, &one, 1, LISTMOUNT_REVERSE) == 1;) {
		ASSERT_GT(i, 0);
		ASSERT_EQ(all[--i], one);
		last = one;
	}
	EXPECT_EQ(0, i);
	EXPECT_EQ(0, list_of(LSMT_ROOT, 0, 0, all, 0, 0));
}

TEST_F(stat, a_malformed_listing_is_refused)
{
	uint64_t ids[8];

	EXPECT_EQ(-EINVAL, list_of(self->a, 0, 0, ids, 8, 2));
	EXPECT_EQ(-EINVAL, list_of(0, 0, 0, ids, 8, 0));
	EXPECT_EQ(-EINVAL, list_of(self->a, 0, 5, ids, 8, 0));
	EXPECT_EQ(-ENOENT, list_of(self->a + (1ULL << 40), 0, 0, ids, 8, 0));
	EXPECT_EQ(-EOVERFLOW, list_of(self->a, 0, 0, ids, 1000001, 0));
	EXPECT_EQ(-ENOENT, list_of(LSMT_ROOT, 1ULL << 60, 0, ids, 8, 0));
	EXPECT_EQ(-ENOENT, stat_of(self->a, 1ULL << 60, STATMOUNT_MNT_BASIC));
}

/* A namespace's mounts have ids of their own; its owner asks from outside. */
TEST_F(stat, of_another_namespace_for_its_owner)
{
	struct baton id = baton_make(), ready = baton_make();
	pid_t pid = proc_fork_bound(CLONE_NEWNS);
	uint64_t ids[512], there;
	int n;

	if (!pid) {
		uint64_t x = unique_id(A "/x");

		must(write(id.fd[1], &x, sizeof(x)) == sizeof(x));
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	must(read(id.fd[0], &there, sizeof(there)) == sizeof(there));
	EXPECT_NE(self->x, there);
	EXPECT_EQ(-ENOENT, stat_of(there, 0, STATMOUNT_MNT_BASIC));
	ASSERT_EQ(0, stat_of(there, ns_id(pid), STATMOUNT_MNT_BASIC |
			     STATMOUNT_MNT_NS_ID | STATMOUNT_MNT_POINT));
	EXPECT_EQ(ns_id(pid), buf.sm.mnt_ns_id);
	EXPECT_NE(ns_id(0), buf.sm.mnt_ns_id);
	EXPECT_STREQ(A "/x", buf.sm.str + buf.sm.mnt_point);
	n = list_of(LSMT_ROOT, ns_id(pid), 0, ids, 512, 0);
	ASSERT_GT(n, 0);
	EXPECT_TRUE(listed(there, ids, n));
	EXPECT_FALSE(listed(self->x, ids, n));
	proc_kill(pid);
}

/* The namespace by an open file of it, in place of its id. */
TEST_F(stat, of_another_namespace_by_its_file)
{
#ifdef STATMOUNT_BY_FD
	pid_t pid = proc_fork_bound(CLONE_NEWNS);
	uint64_t by_id[512], by_file[512];
	struct mnt_id_req req = {
		.size = MNT_ID_REQ_SIZE_VER1,
		.mnt_id = LSMT_ROOT,
	};
	int n;

	if (!pid)
		proc_sleep_forever();
	n = list_of(LSMT_ROOT, ns_id(pid), 0, by_id, 512, 0);
	ASSERT_GT(n, 3);
	req.mnt_ns_fd = ns_open(pid, "mnt");
	if (mnt_error(syscall(SYS_listmount, &req, by_file, 512, 0)) == -EINVAL)
		SKIP(return, "no mnt_ns_fd");
	ASSERT_EQ(n, mnt_error(syscall(SYS_listmount, &req, by_file, 512, 0)));
	EXPECT_EQ(0, memcmp(by_id, by_file, n * sizeof(by_id[0])));
	req.mnt_id = by_id[n - 1];
	req.param = STATMOUNT_MNT_BASIC | STATMOUNT_MNT_NS_ID;
	EXPECT_EQ(0, mnt_error(syscall(SYS_statmount, &req, &buf, sizeof(buf), 0)));
	EXPECT_EQ(by_id[n - 1], buf.sm.mnt_id);
	EXPECT_EQ(ns_id(pid), buf.sm.mnt_ns_id);
	/* Either the one or the other. */
	req.mnt_ns_id = ns_id(pid);
	EXPECT_EQ(-EINVAL, mnt_error(syscall(SYS_statmount, &req, &buf, sizeof(buf), 0)));
	proc_kill(pid);
#else
	SKIP(return, "headers without STATMOUNT_BY_FD");
#endif
}

TEST_F(stat, what_is_no_file_of_a_mount_namespace_is_refused)
{
#ifdef STATMOUNT_BY_FD
	struct mnt_id_req req = {
		.size = MNT_ID_REQ_SIZE_VER1,
		.mnt_id = LSMT_ROOT,
		.mnt_ns_fd = ns_open(0, "mnt"),
	};
	uint64_t ids[512];

	if (mnt_error(syscall(SYS_listmount, &req, ids, 512, 0)) == -EINVAL)
		SKIP(return, "no mnt_ns_fd");
	req.mnt_ns_fd = ns_open(0, "uts");
	EXPECT_EQ(-EINVAL, mnt_error(syscall(SYS_listmount, &req, ids, 512, 0)));
	req.mnt_ns_fd = open(A, O_RDONLY | O_CLOEXEC);
	EXPECT_EQ(-EINVAL, mnt_error(syscall(SYS_listmount, &req, ids, 512, 0)));
	req.mnt_ns_fd = 999;
	EXPECT_EQ(-EBADF, mnt_error(syscall(SYS_listmount, &req, ids, 512, 0)));
	req.mnt_id = self->a;
	EXPECT_EQ(-EBADF, mnt_error(syscall(SYS_statmount, &req, &buf, sizeof(buf), 0)));
	req.mnt_ns_fd = ns_open(0, "uts");
	EXPECT_EQ(-EINVAL, mnt_error(syscall(SYS_statmount, &req, &buf, sizeof(buf), 0)));
#else
	SKIP(return, "headers without STATMOUNT_BY_FD");
#endif
}

TEST_F(stat, of_a_namespace_without_privilege_over_it_is_refused)
{
	uint64_t outer = ns_id(0), a = self->a;
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		uint64_t ids[8];

		must(!ns_become_user_root());
		must(!unshare(CLONE_NEWNS));
		must(stat_of(a, outer, STATMOUNT_MNT_BASIC) == -EPERM);
		must(list_of(LSMT_ROOT, outer, 0, ids, 8, 0) == -ENOENT);
		must(!stat_of(unique_id(A), ns_id(0), STATMOUNT_MNT_BASIC));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(stat, anybody_asks_about_what_can_be_reached)
{
	uint64_t a = self->a;
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		uint64_t ids[8];

		proc_become_nobody();
		must(!stat_of(a, 0, STATMOUNT_MNT_BASIC));
		must(list_of(a, 0, 0, ids, 8, 0) == 2);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* What is outside of a changed root is not for those without privilege. */
TEST_F(stat, what_cannot_be_reached_is_for_privilege)
{
	uint64_t a = self->a, x = self->x, y = self->y;
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		uint64_t ids[8];

		must(!chroot(A "/x") && !chdir("/"));
		must(!stat_of(a, 0, STATMOUNT_MNT_BASIC));
		must(list_of(LSMT_ROOT, 0, 0, ids, 8, 0) == 2);
		must(ids[0] == x && ids[1] == y);
		must(!setresgid(65534, 65534, 65534));
		must(!setresuid(65534, 65534, 65534));
		must(stat_of(a, 0, STATMOUNT_MNT_BASIC) == -EPERM);
		must(list_of(a, 0, 0, ids, 8, 0) == -EPERM);
		must(!stat_of(x, 0, STATMOUNT_MNT_POINT));
		must(!strcmp("/", buf.sm.str + buf.sm.mnt_point));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(stat, the_namespaces_follow_one_another)
{
#ifdef NS_MNT_GET_NEXT
	struct mnt_ns_info info = { .size = sizeof(info) };
	pid_t pid = proc_fork_bound(CLONE_NEWNS);
	int fd = ns_open(0, "mnt"), next;
	uint64_t there;

	if (!pid)
		proc_sleep_forever();
	there = ns_id(pid);
	next = ioctl(fd, NS_MNT_GET_NEXT, &info);
	if (next < 0 && errno == ENOTTY)
		SKIP(return, "no NS_MNT_GET_NEXT");
	ASSERT_GE(next, 0);
	EXPECT_EQ(there, info.mnt_ns_id);
	EXPECT_GT(info.nr_mounts, 3);
	fd = ioctl(next, NS_MNT_GET_PREV, &info);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(ns_id(0), info.mnt_ns_id);
	EXPECT_EQ(-1, ioctl(next, NS_MNT_GET_NEXT, &info));
	EXPECT_EQ(ENOENT, errno);
	proc_kill(pid);
#else
	SKIP(return, "headers without NS_MNT_GET_NEXT");
#endif
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * File capabilities on an idmapped mount: the root user that they are good for
 * is a number of the file system, which the mount shows, stores and obeys
 * through its mapping like an owner.
 *
 * Promises from Documentation/filesystems/idmappings.rst, mount_setattr(2),
 * "ID-mapped mounts", and capabilities(7), "Namespaced file capabilities".
 */
#include "kselftest_harness.h"
#include "cap.h"
#include "mnt.h"
#include "userns.h"

#define SRC	MNT_AREA "/src"
#define MAP	MNT_AREA "/map"
#define CAP	CAP_BIT(CAP_NET_RAW)

/* The ids 0 to 9 of the file system are 10000 to 10009 on the mount. */
#define FIRST	10000
#define IDS	10

/* This program on a tmpfs at SRC, and on a mapped mount of it at MAP. */
FIXTURE(idcaps)
{
};

FIXTURE_SETUP(idcaps)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP };
	int tree;

	umask(0);
	mnt_area();
	mnt_dir(SRC);
	mnt_dir(MAP);
	must(!mnt_tmpfs(SRC));
	mnt_copy_self(SRC "/prog", 0755);
	attr.userns_fd = mnt_userns(0, FIRST, IDS);
	tree = mnt_clone(SRC);
	ASSERT_GE(tree, 0);
	ASSERT_EQ(0, mnt_setattr(tree, "", AT_EMPTY_PATH, &attr));
	ASSERT_EQ(0, mnt_attach(tree, MAP));
	close(attr.userns_fd);
	close(tree);
}

FIXTURE_TEARDOWN(idcaps)
{
}

/* Whom the capabilities of @path are good for as the caller sees it, or -errno. */
static long root_of(const char *path)
{
	uint32_t root = 0;
	int err = cap_file_root(path, &root);

	return err ? err : (long)root;
}

#define V2	((long)CAP_FILE_V2)

TEST_F(idcaps, their_root_is_shown_through_the_mapping)
{
	ASSERT_EQ(0, cap_file_set(SRC "/prog", CAP, 3));
	EXPECT_EQ(3, root_of(SRC "/prog"));
	EXPECT_EQ(FIRST + 3, root_of(MAP "/prog"));
	/* A root that the mapping does not have has no number there. */
	ASSERT_EQ(0, cap_file_set(SRC "/prog", CAP, IDS));
	EXPECT_EQ(IDS, root_of(SRC "/prog"));
	EXPECT_EQ(-EOVERFLOW, root_of(MAP "/prog"));
}

/* What names no root is good for 0, which is another user on the mount. */
TEST_F(idcaps, those_of_the_machines_root_are_another_roots_on_the_mount)
{
	ASSERT_EQ(0, cap_file_set(SRC "/prog", CAP, CAP_FILE_V2));
	EXPECT_EQ(V2, root_of(SRC "/prog"));
	EXPECT_EQ(FIRST, root_of(MAP "/prog"));
}

TEST_F(idcaps, their_root_is_stored_through_the_mapping)
{
	ASSERT_EQ(0, cap_file_set(MAP "/prog", CAP, FIRST + 4));
	EXPECT_EQ(4, root_of(SRC "/prog"));
	EXPECT_EQ(FIRST + 4, root_of(MAP "/prog"));
}

/* The machine's root is not in the mapping, by its number or without one. */
TEST_F(idcaps, a_root_outside_the_mapping_is_not_stored)
{
	ASSERT_EQ(0, cap_file_set(MAP "/prog", CAP, FIRST + IDS - 1));
	EXPECT_EQ(-EINVAL, cap_file_set(MAP "/prog", CAP, FIRST + IDS));
	EXPECT_EQ(-EINVAL, cap_file_set(MAP "/prog", CAP, 4));
	EXPECT_EQ(-EINVAL, cap_file_set(MAP "/prog", CAP, CAP_FILE_V2));
	EXPECT_EQ(IDS - 1, root_of(SRC "/prog"));
}

/* Nor by who may write the file, but does not own it through this mount. */
TEST_F(idcaps, a_file_of_an_unmapped_owner_gets_none)
{
	must(!chown(SRC "/prog", IDS, 0));
	EXPECT_EQ(-EPERM, cap_file_set(MAP "/prog", CAP, FIRST + 4));
	EXPECT_EQ(-ENODATA, root_of(SRC "/prog"));
	must(!chown(SRC "/prog", IDS - 1, 0));
	EXPECT_EQ(0, cap_file_set(MAP "/prog", CAP, FIRST + 4));
}

/* A container's root says them as on a file system of its own. */
TEST_F(idcaps, a_container_sets_and_sees_its_own)
{
	pid_t pid = userns_fork(0, FIRST, IDS);

	if (!pid) {
		must(cap_file_set(SRC "/prog", CAP, CAP_FILE_V2) == -EPERM);
		must(!cap_file_set(MAP "/prog", CAP, CAP_FILE_V2));
		must(root_of(MAP "/prog") == V2);
		must(!cap_file_set(MAP "/prog", CAP, 6));
		must(root_of(MAP "/prog") == 6);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(6, root_of(SRC "/prog"));
	EXPECT_EQ(FIRST + 6, root_of(MAP "/prog"));
}

/*
 * Which capabilities an ordinary user of a user namespace whose root is @root
 * outside has from executing @path: CAP, 0, or something else that is wrong.
 */
static uint64_t gained(uint32_t root, const char *path)
{
	pid_t pid = userns_fork(0, root, 5);
	int has;

	if (!pid) {
		userns_be(1);
		must(cap_mine("CapPrm") == 0);
		has = mnt_run(path, "--has-it");
		_exit(has < 0 ? 3 : has);
	}
	has = proc_end(pid);
	return has == 0 ? 0 : has == 2 ? CAP : ~0ULL;
}

TEST_F(idcaps, a_program_gains_them_where_the_mapped_root_is_root)
{
	ASSERT_EQ(0, cap_file_set(SRC "/prog", CAP, 3));
	EXPECT_EQ(CAP, gained(FIRST + 3, MAP "/prog"));
	EXPECT_EQ(0, gained(FIRST + 3, SRC "/prog"));
	/* Another namespace's root is not the one that is meant. */
	EXPECT_EQ(0, gained(FIRST + 2, MAP "/prog"));
	EXPECT_EQ(CAP, gained(3, SRC "/prog"));
	EXPECT_EQ(0, gained(3, MAP "/prog"));
}

TEST_F(idcaps, a_program_does_not_gain_those_of_an_unmapped_root)
{
	ASSERT_EQ(0, cap_file_set(SRC "/prog", CAP, FIRST + 3));
	EXPECT_EQ(CAP, gained(FIRST + 3, SRC "/prog"));
	EXPECT_EQ(0, gained(FIRST + 3, MAP "/prog"));
}

/* The machine's own users, for whom SRC's are those of their root. */
TEST_F(idcaps, the_machines_users_gain_nothing_through_the_mapping)
{
	pid_t pid;

	ASSERT_EQ(0, cap_file_set(SRC "/prog", CAP, CAP_FILE_V2));
	pid = proc_fork_bound(0);
	if (!pid) {
		proc_become_nobody();
		must(mnt_run(SRC "/prog", "--has-it") == 2);
		must(mnt_run(MAP "/prog", "--has-it") == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(CAP, gained(FIRST, MAP "/prog"));
}

int main(int argc, char **argv)
{
	/* 0: no capability at all, 2: just CAP, 1: what was not expected. */
	if (argc == 2 && !strcmp(argv[1], "--has-it")) {
		uint64_t has = cap_mine("CapEff");

		return !has ? 0 : has == CAP ? 2 : 1;
	}
	return test_harness_run(argc, argv);
}

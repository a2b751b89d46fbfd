// SPDX-License-Identifier: GPL-2.0
/*
 * The propagation types of mounts and how operations change them: the tables
 * of Documentation/filesystems/sharedsubtree.rst (5a state diagram, 5b bind,
 * 5d move, 5e mount, 5g clone), each cell a test of its own, and what is
 * refused.
 */
#include "kselftest_harness.h"
#include "mnt.h"

#define A	MNT_AREA "/a"		/* source */
#define B	MNT_AREA "/b"		/* destination */
#define Z	MNT_AREA "/z"		/* master of the source */
#define Y	MNT_AREA "/y"		/* master of the destination */
#define B2	MNT_AREA "/b2"		/* peer of the destination */

enum state { SHARED, SLAVE, BOTH, PRIVATE, UNBINDABLE };

static const char * const name[] = {
	"shared", "slave", "shared and slave", "private", "unbindable",
};

/* Mounts a tmpfs with a folder "sub" at @at, in @state; @master its master. */
static void mount_in_state(const char *at, enum state state, const char *master)
{
	char sub[256];

	mnt_dir(at);
	if (state == SLAVE || state == BOTH) {
		mnt_dir(master);
		must(!mnt_tmpfs(master));
		must(!mnt_make(master, MS_SHARED));
		must(!mnt_bind(master, at));
		must(!mnt_make(at, MS_SLAVE));
	} else {
		must(!mnt_tmpfs(at));
	}
	if (state == SHARED || state == BOTH)
		must(!mnt_make(at, MS_SHARED));
	if (state == UNBINDABLE)
		must(!mnt_make(at, MS_UNBINDABLE));
	snprintf(sub, sizeof(sub), "%s/sub", at);
	mnt_dir(sub);
	must(!strcmp(mnt_state(at), name[state]));
}

/* The state diagram: a mount in @from, alone in its peer group or not. */
FIXTURE(diagram)
{
};

FIXTURE_VARIANT(diagram)
{
	enum state from;
	bool peers;
	enum state shared, slave, private, unbindable;
};

#define DIAGRAM(n, ...) \
	FIXTURE_VARIANT_ADD(diagram, n) { __VA_ARGS__ }

DIAGRAM(shared_with_peers, SHARED, true, SHARED, SLAVE, PRIVATE, UNBINDABLE);
/* "if the shared mount is the only mount in its peer group [...] private" */
DIAGRAM(shared_alone, SHARED, false, SHARED, PRIVATE, PRIVATE, UNBINDABLE);
DIAGRAM(slave, SLAVE, false, BOTH, SLAVE, PRIVATE, UNBINDABLE);
DIAGRAM(shared_and_slave, BOTH, false, BOTH, SLAVE, PRIVATE, UNBINDABLE);
DIAGRAM(shared_and_slave_with_peers, BOTH, true, BOTH, SLAVE, PRIVATE,
	UNBINDABLE);
DIAGRAM(private, PRIVATE, false, SHARED, PRIVATE, PRIVATE, UNBINDABLE);
DIAGRAM(unbindable, UNBINDABLE, false, SHARED, UNBINDABLE, PRIVATE, UNBINDABLE);

FIXTURE_SETUP(diagram)
{
	mnt_area();
	mount_in_state(A, variant->from, Z);
	if (variant->peers) {
		mnt_dir(B);
		must(!mnt_bind(A, B));
		must(mnt_group(A) == mnt_group(B));
	}
}

FIXTURE_TEARDOWN(diagram)
{
}

TEST_F(diagram, make_shared)
{
	ASSERT_EQ(0, mnt_make(A, MS_SHARED));
	EXPECT_STREQ(name[variant->shared], mnt_state(A));
	if (variant->peers)
		EXPECT_EQ(mnt_group(B), mnt_group(A));
}

TEST_F(diagram, make_slave)
{
	int group = mnt_group(A), master = mnt_master(A);

	ASSERT_EQ(0, mnt_make(A, MS_SLAVE));
	EXPECT_STREQ(name[variant->slave], mnt_state(A));
	if (variant->slave != SLAVE)
		return;
	/* Of its former peers, or else of the master that it had. */
	EXPECT_EQ(variant->peers ? group : master, mnt_master(A));
}

TEST_F(diagram, make_private)
{
	ASSERT_EQ(0, mnt_make(A, MS_PRIVATE));
	EXPECT_STREQ(name[variant->private], mnt_state(A));
	if (variant->peers)
		EXPECT_STREQ(name[variant->from], mnt_state(B));
}

TEST_F(diagram, make_unbindable)
{
	ASSERT_EQ(0, mnt_make(A, MS_UNBINDABLE));
	EXPECT_STREQ(name[variant->unbindable], mnt_state(A));
	mnt_dir(MNT_AREA "/c");
	EXPECT_EQ(-EINVAL, mnt_bind(A, MNT_AREA "/c"));
}

/* The tables for bind and move: source type by destination type. */
FIXTURE(table)
{
};

FIXTURE_VARIANT(table)
{
	enum state a, b;
	int bind, move;		/* a state, or -EINVAL */
};

#define CELL(n, ...) FIXTURE_VARIANT_ADD(table, n) { __VA_ARGS__ }

CELL(shared_on_shared, SHARED, SHARED, SHARED, SHARED);
CELL(private_on_shared, PRIVATE, SHARED, SHARED, SHARED);
CELL(slave_on_shared, SLAVE, SHARED, BOTH, BOTH);
CELL(both_on_shared, BOTH, SHARED, BOTH, BOTH);
CELL(unbindable_on_shared, UNBINDABLE, SHARED, -EINVAL, -EINVAL);
CELL(shared_on_private, SHARED, PRIVATE, SHARED, SHARED);
CELL(private_on_private, PRIVATE, PRIVATE, PRIVATE, PRIVATE);
CELL(slave_on_private, SLAVE, PRIVATE, SLAVE, SLAVE);
CELL(both_on_private, BOTH, PRIVATE, BOTH, BOTH);
CELL(unbindable_on_private, UNBINDABLE, PRIVATE, -EINVAL, UNBINDABLE);
CELL(shared_on_slave, SHARED, SLAVE, SHARED, SHARED);
CELL(private_on_slave, PRIVATE, SLAVE, PRIVATE, PRIVATE);
CELL(slave_on_slave, SLAVE, SLAVE, SLAVE, SLAVE);
CELL(both_on_slave, BOTH, SLAVE, BOTH, BOTH);
CELL(unbindable_on_slave, UNBINDABLE, SLAVE, -EINVAL, UNBINDABLE);
CELL(shared_on_unbindable, SHARED, UNBINDABLE, SHARED, SHARED);
CELL(private_on_unbindable, PRIVATE, UNBINDABLE, PRIVATE, PRIVATE);
CELL(slave_on_unbindable, SLAVE, UNBINDABLE, SLAVE, SLAVE);
CELL(both_on_unbindable, BOTH, UNBINDABLE, BOTH, BOTH);
CELL(unbindable_on_unbindable, UNBINDABLE, UNBINDABLE, -EINVAL, UNBINDABLE);
CELL(shared_on_both, SHARED, BOTH, SHARED, SHARED);
CELL(private_on_both, PRIVATE, BOTH, SHARED, SHARED);
CELL(slave_on_both, SLAVE, BOTH, BOTH, BOTH);
CELL(both_on_both, BOTH, BOTH, BOTH, BOTH);
CELL(unbindable_on_both, UNBINDABLE, BOTH, -EINVAL, -EINVAL);

static bool forwards(enum state state)
{
	return state == SHARED || state == BOTH;
}

FIXTURE_SETUP(table)
{
	mnt_area();
	mount_in_state(A, variant->a, Z);
	mount_in_state(B, variant->b, Y);
	if (forwards(variant->b)) {
		mnt_dir(B2);
		must(!mnt_bind(B, B2));
	}
}

FIXTURE_TEARDOWN(table)
{
}

TEST_F(table, bind)
{
	int group = mnt_group(A), master = mnt_master(A);
	bool bound = variant->bind >= 0;

	ASSERT_EQ(bound ? 0 : variant->bind, mnt_bind(A, B "/sub"));
	/* Whatever the source was, it is still. */
	EXPECT_STREQ(name[variant->a], mnt_state(A));
	EXPECT_STREQ(bound ? name[variant->bind] : "no mount",
		     mnt_state(B "/sub"));
	/* A shared source gets a peer, a slave's master gets a slave. */
	if (forwards(variant->a))
		EXPECT_EQ(group, mnt_group(B "/sub"));
	if (bound && master > 0)
		EXPECT_EQ(master, mnt_master(B "/sub"));
	if (!forwards(variant->b))
		return;
	/* The destination's peers have it too, in the same peer group. */
	EXPECT_STREQ(bound ? name[variant->bind] : "no mount",
		     mnt_state(B2 "/sub"));
	if (bound)
		EXPECT_EQ(mnt_group(B "/sub"), mnt_group(B2 "/sub"));
}

TEST_F(table, move)
{
	int group = mnt_group(A), master = mnt_master(A);
	bool moved = variant->move >= 0;
	struct mnt_info before, after;

	must(!mnt_info(A, &before));
	ASSERT_EQ(moved ? 0 : variant->move, mnt_move(A, B "/sub"));
	if (!moved) {
		EXPECT_STREQ(name[variant->a], mnt_state(A));
		EXPECT_FALSE(mnt_is(B "/sub"));
		return;
	}
	EXPECT_FALSE(mnt_is(A));
	EXPECT_STREQ(name[variant->move], mnt_state(B "/sub"));
	/* It is the same mount, in another place. */
	must(!mnt_info(B "/sub", &after));
	EXPECT_EQ(before.id, after.id);
	if (forwards(variant->a))
		EXPECT_EQ(group, mnt_group(B "/sub"));
	if (master > 0)
		EXPECT_EQ(master, mnt_master(B "/sub"));
	if (!forwards(variant->b))
		return;
	EXPECT_STREQ(name[variant->move], mnt_state(B2 "/sub"));
	EXPECT_EQ(mnt_group(B "/sub"), mnt_group(B2 "/sub"));
}

/* "The same as bind, except that the source mount is always private." */
TEST_F(table, mount)
{
	ASSERT_EQ(0, mnt_tmpfs(B "/sub"));
	EXPECT_STREQ(forwards(variant->b) ? "shared" : "private",
		     mnt_state(B "/sub"));
	if (forwards(variant->b))
		EXPECT_EQ(mnt_group(B "/sub"), mnt_group(B2 "/sub"));
}

/* A clone's mount has the type of its original, and the same relations. */
FIXTURE(clone)
{
};

FIXTURE_VARIANT(clone)
{
	enum state state;
};

FIXTURE_VARIANT_ADD(clone, shared) { SHARED };
FIXTURE_VARIANT_ADD(clone, slave) { SLAVE };
FIXTURE_VARIANT_ADD(clone, shared_and_slave) { BOTH };
FIXTURE_VARIANT_ADD(clone, private) { PRIVATE };
FIXTURE_VARIANT_ADD(clone, unbindable) { UNBINDABLE };

FIXTURE_SETUP(clone)
{
	mnt_area();
	mount_in_state(A, variant->state, Z);
}

FIXTURE_TEARDOWN(clone)
{
}

TEST_F(clone, of_a_namespace_keeps_the_type)
{
	struct mnt_info here, there;
	pid_t pid = proc_fork_bound(CLONE_NEWNS);

	if (!pid)
		proc_sleep_forever();
	ASSERT_EQ(0, mnt_info(A, &here));
	ASSERT_EQ(0, mnt_info_of(pid, A, &there));
	EXPECT_STREQ(name[variant->state], mnt_state_of(pid, A));
	EXPECT_EQ(here.shared, there.shared);
	EXPECT_EQ(here.master, there.master);
	EXPECT_NE(here.id, there.id);
	proc_kill(pid);
}

TEST_F(clone, unshare_keeps_the_type)
{
	int group = mnt_group(A), master = mnt_master(A);

	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	EXPECT_STREQ(name[variant->state], mnt_state(A));
	EXPECT_EQ(group, mnt_group(A));
	EXPECT_EQ(master, mnt_master(A));
}

/*
 * mount_namespaces(7): "When creating a less privileged mount namespace,
 * shared mounts are reduced to slave mounts."
 */
TEST_F(clone, into_a_less_privileged_namespace_makes_slaves)
{
	static const enum state expected[] = {
		[SHARED] = SLAVE, [SLAVE] = SLAVE, [BOTH] = SLAVE,
		[PRIVATE] = PRIVATE, [UNBINDABLE] = UNBINDABLE,
	};
	struct mnt_info here, there;
	pid_t pid = proc_fork_bound(CLONE_NEWUSER | CLONE_NEWNS);

	if (!pid)
		proc_sleep_forever();
	ASSERT_EQ(0, mnt_info(A, &here));
	ASSERT_EQ(0, mnt_info_of(pid, A, &there));
	EXPECT_STREQ(name[expected[variant->state]], mnt_state_of(pid, A));
	EXPECT_STREQ(name[variant->state], mnt_state(A));
	/* A slave of what it is a copy of, or else of its original's master. */
	EXPECT_EQ(here.shared ? here.shared : here.master, there.master);
	proc_kill(pid);
}

FIXTURE(type)
{
};

FIXTURE_SETUP(type)
{
	mnt_area();
	mount_in_state(A, PRIVATE, NULL);
	mount_in_state(A "/sub/low", PRIVATE, NULL);
}

FIXTURE_TEARDOWN(type)
{
}

TEST_F(type, recursion_is_asked_for)
{
	ASSERT_EQ(0, mnt_make(A, MS_SHARED));
	EXPECT_STREQ("private", mnt_state(A "/sub/low"));
	ASSERT_EQ(0, mnt_make(A, MS_SHARED | MS_REC));
	EXPECT_STREQ("shared", mnt_state(A "/sub/low"));
	EXPECT_NE(mnt_group(A), mnt_group(A "/sub/low"));
	ASSERT_EQ(0, mnt_make(A, MS_PRIVATE));
	EXPECT_STREQ("private", mnt_state(A));
	EXPECT_STREQ("shared", mnt_state(A "/sub/low"));
	ASSERT_EQ(0, mnt_make(A, MS_UNBINDABLE | MS_REC));
	EXPECT_STREQ("unbindable", mnt_state(A "/sub/low"));
}

TEST_F(type, is_of_a_mount_and_not_of_a_folder)
{
	EXPECT_EQ(-EINVAL, mnt_make(A "/sub", MS_SHARED));
	EXPECT_EQ(-ENOENT, mnt_make(A "/none", MS_SHARED));
	EXPECT_STREQ("private", mnt_state(A));
}

TEST_F(type, is_one_at_a_time)
{
	EXPECT_EQ(-EINVAL, mnt_make(A, MS_SHARED | MS_SLAVE));
	EXPECT_EQ(-EINVAL, mnt_make(A, MS_SHARED | MS_PRIVATE));
	EXPECT_EQ(-EINVAL, mnt_make(A, MS_PRIVATE | MS_UNBINDABLE));
	EXPECT_EQ(-EINVAL, mnt_make(A, MS_SLAVE | MS_PRIVATE | MS_REC));
	EXPECT_STREQ("private", mnt_state(A));
}

TEST_F(type, is_not_changed_along_with_anything_else)
{
	EXPECT_EQ(-EINVAL, mnt_make(A, MS_SHARED | MS_RDONLY));
	EXPECT_EQ(-EINVAL, mnt_make(A, MS_SHARED | MS_NOEXEC));
	EXPECT_STREQ("private", mnt_state(A));
	EXPECT_EQ(0, mnt_make(A, MS_SHARED | MS_SILENT));
	EXPECT_STREQ("shared", mnt_state(A));
}

/* "Moving a mount residing under a shared mount is invalid." */
TEST_F(type, a_mount_under_a_shared_one_is_not_moved)
{
	mnt_dir(B);
	ASSERT_EQ(0, mnt_make(A, MS_SHARED));
	EXPECT_EQ(-EINVAL, mnt_move(A "/sub/low", B));
	EXPECT_TRUE(mnt_is(A "/sub/low"));
	ASSERT_EQ(0, mnt_make(A, MS_PRIVATE));
	EXPECT_EQ(0, mnt_move(A "/sub/low", B));
	EXPECT_TRUE(mnt_is(B));
}

TEST_F(type, a_tree_with_something_unbindable_is_not_moved_to_a_shared_mount)
{
	mount_in_state(B, SHARED, NULL);
	ASSERT_EQ(0, mnt_make(A "/sub/low", MS_UNBINDABLE));
	EXPECT_EQ(-EINVAL, mnt_move(A, B "/sub"));
	EXPECT_TRUE(mnt_is(A));
	ASSERT_EQ(0, mnt_make(A "/sub/low", MS_PRIVATE));
	EXPECT_EQ(0, mnt_move(A, B "/sub"));
	EXPECT_STREQ("shared", mnt_state(B "/sub/sub/low"));
}

TEST_F(type, a_mount_is_not_moved_below_itself)
{
	EXPECT_EQ(-ELOOP, mnt_move(A, A "/sub"));
	EXPECT_EQ(-ELOOP, mnt_move(A, A "/sub/low/sub"));
	EXPECT_TRUE(mnt_is(A "/sub/low"));
}

TEST_F(type, only_a_mount_is_moved)
{
	mnt_dir(B);
	EXPECT_EQ(-EINVAL, mnt_move(A "/sub/low/sub", B));
	EXPECT_FALSE(mnt_is(B));
}

TEST_F(type, a_move_takes_what_is_mounted_below_along)
{
	mnt_dir(B);
	mnt_put(A "/sub/low/file", "text");
	ASSERT_EQ(0, mnt_move(A, B));
	EXPECT_TRUE(mnt_is(B "/sub/low"));
	EXPECT_TRUE(mnt_exists(B "/sub/low/file"));
	EXPECT_FALSE(mnt_is(A "/sub/low"));
}

TEST_HARNESS_MAIN

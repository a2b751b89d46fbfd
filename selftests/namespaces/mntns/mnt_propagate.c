// SPDX-License-Identifier: GPL-2.0
/*
 * Where mount and unmount events go: between peers, from master to slave,
 * nowhere else; what an unmount takes along; what /proc/PID/mountinfo says of
 * peer groups.
 *
 * Promises from Documentation/filesystems/sharedsubtree.rst, sections 2, 4, 5,
 * its quiz and its FAQ, Documentation/filesystems/propagate_umount.txt, and
 * mount_namespaces(7).
 */
#include "kselftest_harness.h"
#include "mnt.h"

#define A	MNT_AREA "/a"
#define B	MNT_AREA "/b"
#define C	MNT_AREA "/c"
#define D	MNT_AREA "/d"

/* A shared tmpfs at A with folders to mount on, and its peer at B. */
FIXTURE(peers)
{
};

FIXTURE_SETUP(peers)
{
	mnt_area();
	mnt_dir(A);
	mnt_dir(B);
	mnt_dir(C);
	mnt_dir(D);
	must(!mnt_tmpfs(A));
	mnt_dir(A "/x");
	mnt_dir(A "/y");
	mnt_dir(A "/x/deep");
	must(!mnt_make(A, MS_SHARED));
	must(!mnt_bind(A, B));
}

FIXTURE_TEARDOWN(peers)
{
}

TEST_F(peers, events_go_both_ways)
{
	ASSERT_EQ(0, mnt_tmpfs(A "/x"));
	EXPECT_TRUE(mnt_is(B "/x"));
	ASSERT_EQ(0, mnt_tmpfs(B "/y"));
	EXPECT_TRUE(mnt_is(A "/y"));
	/* One file system in two places. */
	mnt_put(A "/y/file", "text");
	EXPECT_TRUE(mnt_exists(B "/y/file"));
	ASSERT_EQ(0, mnt_off(B "/x", 0));
	EXPECT_FALSE(mnt_is(A "/x"));
	ASSERT_EQ(0, mnt_off(A "/y", 0));
	EXPECT_FALSE(mnt_is(B "/y"));
}

TEST_F(peers, a_slave_receives_and_does_not_send)
{
	ASSERT_EQ(0, mnt_make(B, MS_SLAVE));
	EXPECT_EQ(mnt_group(A), mnt_master(B));
	ASSERT_EQ(0, mnt_tmpfs(A "/x"));
	EXPECT_TRUE(mnt_is(B "/x"));
	ASSERT_EQ(0, mnt_tmpfs(B "/y"));
	EXPECT_FALSE(mnt_is(A "/y"));
	/* What came may be sent away without the master's notice ... */
	ASSERT_EQ(0, mnt_off(B "/x", 0));
	EXPECT_TRUE(mnt_is(A "/x"));
	/* ... and what the slave mounted is none of the master's. */
	ASSERT_EQ(0, mnt_off(A "/x", 0));
	EXPECT_TRUE(mnt_is(B "/y"));
}

TEST_F(peers, an_unmount_goes_to_the_slave)
{
	ASSERT_EQ(0, mnt_make(B, MS_SLAVE));
	ASSERT_EQ(0, mnt_tmpfs(A "/x"));
	EXPECT_STREQ("slave", mnt_state(B "/x"));
	EXPECT_EQ(mnt_group(A "/x"), mnt_master(B "/x"));
	ASSERT_EQ(0, mnt_off(A "/x", 0));
	EXPECT_FALSE(mnt_is(B "/x"));
}

TEST_F(peers, a_private_mount_neither_receives_nor_sends)
{
	ASSERT_EQ(0, mnt_make(B, MS_PRIVATE));
	ASSERT_EQ(0, mnt_tmpfs(A "/x"));
	EXPECT_FALSE(mnt_is(B "/x"));
	ASSERT_EQ(0, mnt_tmpfs(B "/y"));
	EXPECT_FALSE(mnt_is(A "/y"));
	ASSERT_EQ(0, mnt_make(B, MS_UNBINDABLE));
	ASSERT_EQ(0, mnt_off(B "/y", 0));
	ASSERT_EQ(0, mnt_tmpfs(A "/y"));
	EXPECT_FALSE(mnt_is(B "/y"));
}

TEST_F(peers, a_shared_slave_forwards_to_its_own_peers_and_slaves)
{
	/* A -> {B, C} -> D */
	ASSERT_EQ(0, mnt_make(B, MS_SLAVE));
	ASSERT_EQ(0, mnt_make(B, MS_SHARED));
	ASSERT_EQ(0, mnt_bind(B, C));
	ASSERT_EQ(0, mnt_bind(B, D));
	ASSERT_EQ(0, mnt_make(D, MS_SLAVE));
	EXPECT_EQ(mnt_group(B), mnt_group(C));
	EXPECT_EQ(mnt_group(A), mnt_master(C));
	EXPECT_EQ(mnt_group(B), mnt_master(D));
	ASSERT_EQ(0, mnt_tmpfs(A "/x"));
	EXPECT_TRUE(mnt_is(B "/x"));
	EXPECT_TRUE(mnt_is(C "/x"));
	EXPECT_TRUE(mnt_is(D "/x"));
	/* The copies stand to each other as the mounts that they are on. */
	EXPECT_EQ(mnt_group(A "/x"), mnt_master(B "/x"));
	EXPECT_EQ(mnt_group(B "/x"), mnt_group(C "/x"));
	EXPECT_EQ(mnt_group(B "/x"), mnt_master(D "/x"));
	EXPECT_STREQ("slave", mnt_state(D "/x"));
	ASSERT_EQ(0, mnt_tmpfs(C "/y"));
	EXPECT_TRUE(mnt_is(B "/y"));
	EXPECT_TRUE(mnt_is(D "/y"));
	EXPECT_FALSE(mnt_is(A "/y"));
	ASSERT_EQ(0, mnt_off(A "/x", 0));
	EXPECT_FALSE(mnt_is(B "/x"));
	EXPECT_FALSE(mnt_is(C "/x"));
	EXPECT_FALSE(mnt_is(D "/x"));
}

/* When the last peer of a master goes, its slaves go to the master above. */
TEST_F(peers, a_dying_master_hands_its_slaves_on)
{
	ASSERT_EQ(0, mnt_make(B, MS_SLAVE));
	ASSERT_EQ(0, mnt_make(B, MS_SHARED));
	ASSERT_EQ(0, mnt_bind(B, C));
	ASSERT_EQ(0, mnt_make(C, MS_SLAVE));
	ASSERT_EQ(mnt_group(B), mnt_master(C));
	ASSERT_EQ(0, mnt_off(B, 0));
	EXPECT_EQ(mnt_group(A), mnt_master(C));
	ASSERT_EQ(0, mnt_tmpfs(A "/x"));
	EXPECT_TRUE(mnt_is(C "/x"));
	ASSERT_EQ(0, mnt_off(A "/x", 0));
	ASSERT_EQ(0, mnt_off(A, 0));
	EXPECT_STREQ("private", mnt_state(C));
}

TEST_F(peers, a_slave_stays_a_slave_of_the_peers_that_are_left)
{
	ASSERT_EQ(0, mnt_bind(A, C));
	ASSERT_EQ(0, mnt_make(C, MS_SLAVE));
	ASSERT_EQ(0, mnt_off(A, 0));
	EXPECT_EQ(mnt_group(B), mnt_master(C));
	ASSERT_EQ(0, mnt_tmpfs(B "/x"));
	EXPECT_TRUE(mnt_is(C "/x"));
}

TEST_F(peers, only_what_a_mount_shows_is_mounted_on_it)
{
	/* C shows the part of the tree below x. */
	ASSERT_EQ(0, mnt_bind(A "/x", C));
	ASSERT_EQ(mnt_group(A), mnt_group(C));
	ASSERT_EQ(0, mnt_tmpfs(A "/y"));
	EXPECT_EQ(1, mnt_count(C));
	ASSERT_EQ(0, mnt_tmpfs(A "/x/deep"));
	EXPECT_TRUE(mnt_is(C "/deep"));
	EXPECT_TRUE(mnt_is(B "/x/deep"));
}

TEST_F(peers, rbind_takes_the_tree_and_prunes_what_is_unbindable)
{
	ASSERT_EQ(0, mnt_make(A, MS_PRIVATE));
	ASSERT_EQ(0, mnt_tmpfs(A "/x"));
	mnt_dir(A "/x/low");
	ASSERT_EQ(0, mnt_tmpfs(A "/x/low"));
	ASSERT_EQ(0, mnt_tmpfs(A "/y"));
	mnt_dir(A "/y/low");
	ASSERT_EQ(0, mnt_tmpfs(A "/y/low"));
	ASSERT_EQ(0, mnt_make(A "/y", MS_UNBINDABLE));
	ASSERT_EQ(0, mnt_rbind(A, C));
	EXPECT_TRUE(mnt_is(C "/x"));
	EXPECT_TRUE(mnt_is(C "/x/low"));
	EXPECT_FALSE(mnt_is(C "/y"));
	EXPECT_FALSE(mnt_is(C "/y/low"));
	EXPECT_EQ(3, mnt_count(C));
	/* A plain bind takes the one mount. */
	ASSERT_EQ(0, mnt_bind(A, D));
	EXPECT_EQ(1, mnt_count(D));
}

TEST_F(peers, a_propagated_tree_arrives_whole)
{
	ASSERT_EQ(0, mnt_tmpfs(C));
	mnt_dir(C "/low");
	ASSERT_EQ(0, mnt_tmpfs(C "/low"));
	mnt_put(C "/low/file", "text");
	ASSERT_EQ(0, mnt_rbind(C, A "/x"));
	EXPECT_TRUE(mnt_exists(B "/x/low/file"));
	ASSERT_EQ(0, mnt_off(B "/x", MNT_DETACH));
	EXPECT_EQ(1, mnt_count(A));
	EXPECT_EQ(1, mnt_count(B));
	EXPECT_TRUE(mnt_exists(C "/low/file"));
}

/* 5f: "all most-recently-mounted mounts at dentry b" go, the others stay. */
TEST_F(peers, an_unmount_takes_the_topmost_from_each)
{
	ASSERT_EQ(0, mnt_tmpfs(A "/x"));
	ASSERT_EQ(0, mnt_make(A "/x", MS_PRIVATE));
	ASSERT_EQ(0, mnt_make(B "/x", MS_PRIVATE));
	ASSERT_EQ(0, mnt_tmpfs(A "/y"));
	mnt_put(A "/y/lower", "");
	ASSERT_EQ(0, mnt_tmpfs(A "/y"));
	EXPECT_EQ(2, mnt_depth(A "/y"));
	EXPECT_EQ(2, mnt_depth(B "/y"));
	ASSERT_EQ(0, mnt_off(A "/y", 0));
	EXPECT_EQ(1, mnt_depth(A "/y"));
	EXPECT_EQ(1, mnt_depth(B "/y"));
	EXPECT_TRUE(mnt_exists(B "/y/lower"));
	ASSERT_EQ(0, mnt_off(B "/y", 0));
	EXPECT_EQ(0, mnt_depth(A "/y"));
	EXPECT_EQ(1, mnt_depth(A "/x"));
}

TEST_F(peers, a_copy_with_a_child_stays_and_the_others_go)
{
	ASSERT_EQ(0, mnt_bind(A, C));
	ASSERT_EQ(0, mnt_tmpfs(A "/x"));
	ASSERT_EQ(0, mnt_make(B "/x", MS_PRIVATE));
	mnt_dir(B "/x/low");
	ASSERT_EQ(0, mnt_tmpfs(B "/x/low"));
	ASSERT_EQ(0, mnt_off(A "/x", 0));
	EXPECT_FALSE(mnt_is(A "/x"));
	EXPECT_FALSE(mnt_is(C "/x"));
	EXPECT_TRUE(mnt_is(B "/x"));
	EXPECT_TRUE(mnt_is(B "/x/low"));
}

TEST_F(peers, a_child_of_its_own_makes_the_unmount_fail)
{
	ASSERT_EQ(0, mnt_tmpfs(A "/x"));
	ASSERT_EQ(0, mnt_make(A "/x", MS_PRIVATE));
	mnt_dir(A "/x/low");
	ASSERT_EQ(0, mnt_tmpfs(A "/x/low"));
	EXPECT_EQ(-EBUSY, mnt_off(A "/x", 0));
	EXPECT_TRUE(mnt_is(B "/x"));
}

TEST_F(peers, a_busy_copy_makes_the_unmount_fail_everywhere)
{
	int fd;

	ASSERT_EQ(0, mnt_tmpfs(A "/x"));
	fd = open(B "/x", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(-EBUSY, mnt_off(A "/x", 0));
	EXPECT_TRUE(mnt_is(A "/x"));
	EXPECT_TRUE(mnt_is(B "/x"));
	close(fd);
	EXPECT_EQ(0, mnt_off(A "/x", 0));
	EXPECT_FALSE(mnt_is(B "/x"));
}

TEST_F(peers, a_lazy_unmount_does_not_mind_a_busy_copy)
{
	int fd;

	ASSERT_EQ(0, mnt_tmpfs(A "/x"));
	fd = open(B "/x", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(0, mnt_off(A "/x", MNT_DETACH));
	EXPECT_FALSE(mnt_is(A "/x"));
	EXPECT_FALSE(mnt_is(B "/x"));
	/* Who has it open still has it. */
	EXPECT_EQ(0, mkdirat(fd, "dir", 0755));
	close(fd);
}

TEST_F(peers, a_lazy_unmount_takes_the_tree_from_all)
{
	ASSERT_EQ(0, mnt_make(B, MS_SLAVE));
	ASSERT_EQ(0, mnt_tmpfs(A "/x"));
	mnt_dir(A "/x/low");
	ASSERT_EQ(0, mnt_tmpfs(A "/x/low"));
	EXPECT_TRUE(mnt_is(B "/x/low"));
	ASSERT_EQ(0, mnt_off(A "/x", MNT_DETACH));
	EXPECT_EQ(1, mnt_count(A));
	EXPECT_EQ(1, mnt_count(B));
}

/* propagate_umount.txt: what is mounted over a victim's root slides down. */
TEST_F(peers, what_the_slave_put_on_top_slides_down)
{
	ASSERT_EQ(0, mnt_make(B, MS_SLAVE));
	ASSERT_EQ(0, mnt_tmpfs(A "/x"));
	ASSERT_EQ(0, mnt_tmpfs(B "/x"));
	mnt_put(B "/x/mine", "");
	EXPECT_EQ(2, mnt_depth(B "/x"));
	ASSERT_EQ(0, mnt_off(A "/x", 0));
	EXPECT_EQ(1, mnt_depth(B "/x"));
	EXPECT_TRUE(mnt_exists(B "/x/mine"));
	ASSERT_EQ(0, mnt_off(B "/x", 0));
	EXPECT_FALSE(mnt_is(B "/x"));
	EXPECT_TRUE(mnt_exists(B "/x/deep"));
}

/* What arrives goes under what the receiver has there already. */
TEST_F(peers, what_arrives_tucks_under_what_is_there)
{
	ASSERT_EQ(0, mnt_make(B, MS_SLAVE));
	ASSERT_EQ(0, mnt_tmpfs(B "/x"));
	mnt_put(B "/x/mine", "");
	ASSERT_EQ(0, mnt_tmpfs(A "/x"));
	EXPECT_EQ(2, mnt_depth(B "/x"));
	EXPECT_TRUE(mnt_exists(B "/x/mine"));
	ASSERT_EQ(0, mnt_off(B "/x", 0));
	EXPECT_TRUE(mnt_is(B "/x"));
	EXPECT_FALSE(mnt_exists(B "/x/mine"));
}

TEST_F(peers, events_cross_namespaces)
{
	struct baton go = baton_make(), done = baton_make();
	pid_t pid = proc_fork_bound(CLONE_NEWNS);

	if (!pid) {
		baton_take(&go);
		must(mnt_is(A "/x"));
		must(!mnt_tmpfs(A "/y"));
		baton_pass(&done, 0);
		baton_take(&go);
		must(!mnt_is(A "/x"));
		_exit(0);
	}
	ASSERT_EQ(0, mnt_tmpfs(A "/x"));
	baton_pass(&go, 0);
	baton_take(&done);
	EXPECT_TRUE(mnt_is(A "/y"));
	EXPECT_TRUE(mnt_is(B "/y"));
	ASSERT_EQ(0, mnt_off(A "/x", 0));
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(pid));
	/* The end of a namespace unmounts nothing elsewhere. */
	EXPECT_TRUE(mnt_is(A "/y"));
}

TEST_F(peers, a_private_copy_of_all_is_cut_off)
{
	struct baton go = baton_make(), ready = baton_make();
	pid_t pid = proc_fork_bound(CLONE_NEWNS);

	if (!pid) {
		must(!mnt_make("/", MS_REC | MS_PRIVATE));
		must(!mnt_tmpfs(A "/y"));
		baton_pass(&ready, 0);
		baton_take(&go);
		must(!mnt_is(A "/x"));
		_exit(0);
	}
	baton_take(&ready);
	EXPECT_FALSE(mnt_is(A "/y"));
	ASSERT_EQ(0, mnt_tmpfs(A "/x"));
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(peers, a_less_privileged_namespace_receives_and_does_not_send)
{
	struct baton go = baton_make(), ready = baton_make();
	pid_t pid = proc_fork_bound(CLONE_NEWUSER | CLONE_NEWNS);

	if (!pid) {
		must(!mnt_tmpfs(A "/y"));
		baton_pass(&ready, 0);
		baton_take(&go);
		must(mnt_is(A "/x"));
		/* It came alone, so it may go. */
		must(!mnt_off(A "/x", 0));
		_exit(0);
	}
	baton_take(&ready);
	EXPECT_FALSE(mnt_is(A "/y"));
	ASSERT_EQ(0, mnt_tmpfs(A "/x"));
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(mnt_is(A "/x"));
}

TEST_F(peers, an_unmount_goes_into_a_less_privileged_namespace)
{
	struct baton go = baton_make(), ready = baton_make();
	pid_t pid;

	ASSERT_EQ(0, mnt_tmpfs(A "/x"));
	pid = proc_fork_bound(CLONE_NEWUSER | CLONE_NEWNS);
	if (!pid) {
		/* Locked against its own root, not against the outside. */
		must(mnt_off(A "/x", 0) == -EINVAL);
		baton_pass(&ready, 0);
		baton_take(&go);
		must(!mnt_is(A "/x"));
		_exit(0);
	}
	baton_take(&ready);
	ASSERT_EQ(0, mnt_off(A "/x", 0));
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(pid));
}

/* mount_namespaces(7), "propagate_from": the nearest master that is visible. */
TEST_F(peers, propagate_from_names_the_nearest_group_under_the_root)
{
	int group = mnt_group(A);
	struct mnt_info m;
	pid_t pid;

	/* A -> B -> C: B is out of sight for who has C's and A's folder. */
	mnt_dir(D "/jail");
	ASSERT_EQ(0, mnt_make(B, MS_SLAVE));
	ASSERT_EQ(0, mnt_make(B, MS_SHARED));
	ASSERT_EQ(0, mnt_tmpfs(D "/jail"));
	mnt_dir(D "/jail/a");
	mnt_dir(D "/jail/c");
	mnt_dir(D "/jail/proc");
	ASSERT_EQ(0, mnt_bind(A, D "/jail/a"));
	ASSERT_EQ(0, mnt_bind(B, D "/jail/c"));
	ASSERT_EQ(0, mnt_make(D "/jail/c", MS_SLAVE));
	ASSERT_EQ(0, mnt_bind("/proc", D "/jail/proc"));
	ASSERT_EQ(0, mnt_info(D "/jail/c", &m));
	EXPECT_EQ(mnt_group(B), m.master);
	EXPECT_EQ(0, m.from);
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!chroot(D "/jail") && !chdir("/"));
		must(!mnt_info("/c", &m));
		must(m.master && m.master != group);
		must(m.from == group);
		must(!mnt_info("/a", &m));
		must(m.shared == group && !m.from);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* Quiz A: /mnt is bound to itself, to /tmp, and /tmp moved to /mnt/1. */
TEST_F(peers, quiz_a_a_peer_moved_below_itself)
{
	ASSERT_EQ(0, mnt_move(B, A "/x"));
	/* A's contents at A/x; the copy that B had to get went with B. */
	EXPECT_TRUE(mnt_exists(A "/x/y"));
	EXPECT_TRUE(mnt_exists(A "/x/x/y"));
	EXPECT_FALSE(mnt_exists(A "/x/x/x/y"));
	EXPECT_EQ(mnt_group(A), mnt_group(A "/x"));
	EXPECT_EQ(mnt_group(A), mnt_group(A "/x/x"));
}

/* Quiz C: a chain of masters over parts of one tree. */
TEST_F(peers, quiz_c_a_chain_does_not_carry_what_a_link_cannot_show)
{
	ASSERT_EQ(0, mnt_off(B, 0));
	mnt_dir(A "/x/test");
	/* c: A/x, a master; d: A/x/deep, its slave; A a slave of d. */
	ASSERT_EQ(0, mnt_bind(A "/x", C));
	ASSERT_EQ(0, mnt_make(A, MS_SLAVE));
	ASSERT_EQ(0, mnt_make(A, MS_SHARED));
	ASSERT_EQ(0, mnt_bind(A "/x/deep", D));
	ASSERT_EQ(0, mnt_make(A, MS_SLAVE));
	EXPECT_EQ(mnt_group(C), mnt_master(D));
	EXPECT_EQ(mnt_group(D), mnt_master(A));
	ASSERT_EQ(0, mnt_tmpfs(C "/test"));
	mnt_put(C "/test/file", "");
	/* D has no such folder, yet A behind it gets the mount. */
	EXPECT_EQ(1, mnt_count(D));
	EXPECT_TRUE(mnt_exists(A "/x/test/file"));
}

/*
 * FAQ 3, what unbindable is for: replicas of a tree within itself multiply.
 * The document counts 2, 6 and 24 mounts ("V[i] = i*V[i-1]"); mainline's third
 * step makes 42, as every one of the 6 mounts there are is a peer of the first
 * and gets a copy of all 6.
 */
TEST_F(peers, replicas_of_a_shared_tree_within_itself_multiply)
{
	ASSERT_EQ(0, mnt_off(B, 0));
	mnt_dir(A "/x/1");
	mnt_dir(A "/x/2");
	mnt_dir(A "/x/3");
	ASSERT_EQ(0, mnt_rbind(A, A "/x/1"));
	EXPECT_EQ(2, mnt_count(A));
	ASSERT_EQ(0, mnt_rbind(A, A "/x/2"));
	EXPECT_EQ(6, mnt_count(A));
	ASSERT_EQ(0, mnt_rbind(A, A "/x/3"));
	EXPECT_EQ(42, mnt_count(A));
}

TEST_F(peers, unbindable_keeps_replicas_from_multiplying)
{
	ASSERT_EQ(0, mnt_off(B, 0));
	mnt_dir(A "/x/1");
	mnt_dir(A "/x/2");
	mnt_dir(A "/x/3");
	ASSERT_EQ(0, mnt_bind(A "/x", A "/x"));
	ASSERT_EQ(0, mnt_make(A "/x", MS_UNBINDABLE));
	ASSERT_EQ(0, mnt_rbind(A, A "/x/1"));
	EXPECT_EQ(3, mnt_count(A));
	ASSERT_EQ(0, mnt_rbind(A, A "/x/2"));
	EXPECT_EQ(4, mnt_count(A));
	ASSERT_EQ(0, mnt_rbind(A, A "/x/3"));
	EXPECT_EQ(5, mnt_count(A));
	EXPECT_TRUE(mnt_exists(A "/x/3/y"));
	EXPECT_FALSE(mnt_exists(A "/x/3/x/deep/x"));
}

TEST_HARNESS_MAIN

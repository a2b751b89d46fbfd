// SPDX-License-Identifier: GPL-2.0
/*
 * Processes of different cgroups share an address space (CLONE_VM without
 * CLONE_THREAD). The memory of an address space is charged to its owner's
 * cgroup, whoever faults; what the kernel allocates for a process is charged
 * to that process's own.
 *
 * cgroup-v2.rst, "Memory Ownership", leaves open whose a shared area is; this
 * is about the rule that mm->owner was made for (see mm_types.h,
 * get_mem_cgroup_from_mm()): there is always exactly one cgroup, it is that of
 * a living user, and moving the owner moves the rule.
 */
#include "kselftest_harness.h"
#include "crew.h"

TEST_F(owner, who_forked_owns_its_copy)
{
	captain(self->a);
	EXPECT_EQ(cg_inode(self->a), ask(0, PAGE_PLEASE));
	join(0, FORK, 1, self->b);
	EXPECT_EQ(cg_inode(self->b), ask(1, PAGE_PLEASE));
	EXPECT_EQ(cg_inode(self->a), ask(0, PAGE_PLEASE));
	/* What both have is still whose it was. */
	EXPECT_EQ(cg_inode(self->a), ask(1, PAGE_AGAIN));
}

TEST_F(owner, who_shares_charges_the_owners_cgroup)
{
	captain(self->a);
	join(0, RECRUIT, 1, self->b);
	EXPECT_EQ(cg_inode(self->a), ask(1, PAGE_PLEASE));
	EXPECT_EQ(cg_inode(self->a), ask(0, PAGE_PLEASE));
	EXPECT_EQ(cg_inode(self->a), ask(1, LOTS_PLEASE));
	EXPECT_LE(MB(4), cg_number(self->a, "memory.current"));
	EXPECT_GE(MB(1), cg_number(self->b, "memory.current"));
	EXPECT_TRUE(cg_stat_settles(self->a, "anon", MB(4), MB(5)));
	EXPECT_TRUE(cg_stat_settles(self->b, "anon", 0, 0));
}

TEST_F(owner, the_limit_that_counts_is_the_owners)
{
	captain(self->a);
	join(0, RECRUIT, 1, self->b);
	ASSERT_EQ(0, cg_write(self->b, "memory.max", "2M"));
	EXPECT_EQ(cg_inode(self->a), ask(1, LOTS_PLEASE));
	EXPECT_EQ(0, cg_key(self->b, "memory.events", "max"));
}

TEST_F(owner, what_the_kernel_needs_is_the_users_own)
{
	long before;

	captain(self->a);
	join(0, RECRUIT, 1, self->b);
	before = cg_number(self->a, "memory.current");
	ask(1, PIPES);
	EXPECT_LE(MB(2), cg_number(self->b, "memory.current"));
	EXPECT_GE(before + MB(1), cg_number(self->a, "memory.current"));
}

TEST_F(owner, who_joins_later_changes_nothing)
{
	const char *c = third(self->top);

	captain(self->a);
	join(0, RECRUIT, 1, self->b);
	join(1, RECRUIT, 2, c);
	for (int who = 0; who < 3; who++) {
		EXPECT_EQ(cg_inode(self->a), ask(who, PAGE_PLEASE));
	}
}

TEST_F(owner, who_shares_and_moves_changes_nothing)
{
	pid_t pid;

	captain(self->a);
	pid = join(0, RECRUIT, 1, self->b);
	ASSERT_EQ(0, cg_enter(self->a, pid));
	EXPECT_EQ(cg_inode(self->a), ask(1, PAGE_PLEASE));
	ASSERT_EQ(0, cg_enter(self->b, pid));
	EXPECT_EQ(cg_inode(self->a), ask(1, PAGE_PLEASE));
}

TEST_F(owner, when_the_owner_moves_all_charges_go_there)
{
	const char *c = third(self->top);
	pid_t pid = captain(self->a);

	join(0, RECRUIT, 1, self->b);
	EXPECT_EQ(cg_inode(self->a), ask(1, PAGE_PLEASE));
	ASSERT_EQ(0, cg_enter(c, pid));
	EXPECT_EQ(cg_inode(c), ask(1, PAGE_PLEASE));
	EXPECT_EQ(cg_inode(c), ask(0, PAGE_PLEASE));
	/* And what was charged stays. */
	EXPECT_EQ(cg_inode(self->a), ask(0, PAGE_AGAIN));
}

TEST_F(owner, the_owners_empty_cgroup_can_be_removed_when_it_moved)
{
	const char *c = third(self->top);
	pid_t pid = captain(self->a);

	join(0, RECRUIT, 1, self->b);
	EXPECT_EQ(cg_inode(self->a), ask(1, PAGE_PLEASE));
	ASSERT_EQ(0, cg_enter(c, pid));
	ASSERT_EQ(0, cg_remove(self->a));
	EXPECT_EQ(cg_inode(c), ask(1, PAGE_PLEASE));
}

TEST_F(owner, who_leaves_without_being_the_owner_changes_nothing)
{
	pid_t pid;

	captain(self->a);
	pid = join(0, RECRUIT_PEER, 1, self->b);
	EXPECT_EQ(cg_inode(self->a), ask(1, PAGE_PLEASE));
	leave(1, pid);
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(cg_inode(self->a), ask(0, PAGE_PLEASE));
	EXPECT_EQ(cg_inode(self->a), ask(0, PAGE_AGAIN));
}

TEST_F(owner, all_gone_nothing_is_left)
{
	pid_t one, two;

	one = captain(self->a);
	two = join(0, RECRUIT, 1, self->b);
	ask(1, LOTS_PLEASE);
	leave(0, one);
	ask(1, LOTS_PLEASE);
	leave(1, two);
	proc_end(one);
	proc_end(two);
	EXPECT_TRUE(cg_stat_settles(self->a, "anon", 0, 0));
	EXPECT_TRUE(cg_stat_settles(self->b, "anon", 0, 0));
	EXPECT_TRUE(cg_settles(self->top, "memory.current", 0, MB(2)));
	ASSERT_EQ(0, cg_await_empty(self->top));
	EXPECT_EQ(0, cg_remove(self->a));
	EXPECT_EQ(0, cg_remove(self->b));
	EXPECT_TRUE(cg_key_settles(self->top, "cgroup.stat",
				   "nr_dying_descendants", 0, 0));
}

int main(int argc, char **argv)
{
	crew_main(argc, argv);
	return test_harness_run(argc, argv);
}

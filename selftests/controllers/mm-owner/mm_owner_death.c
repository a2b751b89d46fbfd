// SPDX-License-Identifier: GPL-2.0
/*
 * The owner of an address space dies, in every way and with every kind of
 * relative left behind, and another user of it becomes the owner: that is
 * where its memory is charged from then on.
 *
 * The heir is looked for among the children, then the siblings, then all
 * processes: mm_update_next_owner() in kernel/exit.c.
 */
#include "kselftest_harness.h"
#include "crew.h"

TEST_F(owner, a_child_inherits)
{
	pid_t pid = captain(self->a);

	join(0, RECRUIT, 1, self->b);
	EXPECT_EQ(cg_inode(self->a), ask(1, PAGE_PLEASE));
	leave(0, pid);
	EXPECT_EQ(cg_inode(self->b), ask(1, PAGE_PLEASE));
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(cg_inode(self->b), ask(1, LOTS_PLEASE));
	EXPECT_LE(MB(4), cg_number(self->b, "memory.current"));
	EXPECT_GE(MB(1), cg_number(self->a, "memory.current"));
}

TEST_F(owner, a_sibling_inherits)
{
	pid_t pid = captain(self->a);

	join(0, RECRUIT_PEER, 1, self->b);
	leave(0, pid);
	EXPECT_EQ(cg_inode(self->b), ask(1, PAGE_PLEASE));
}

TEST_F(owner, a_child_comes_before_a_sibling)
{
	const char *c = third(self->top);
	pid_t pid = captain(self->a);

	join(0, RECRUIT_PEER, 1, self->b);
	join(0, RECRUIT, 2, c);
	leave(0, pid);
	EXPECT_EQ(cg_inode(c), ask(1, PAGE_PLEASE));
	EXPECT_EQ(cg_inode(c), ask(2, PAGE_PLEASE));
}

/* The parent of the heir has an address space of its own by then. */
TEST_F(owner, a_stranger_inherits)
{
	const char *c = third(self->top);
	pid_t pid = captain(self->a);

	join(0, RECRUIT, 1, c);
	join(1, RECRUIT, 2, self->b);
	EXPECT_LT(0, ask(1, EXEC));
	leave(0, pid);
	EXPECT_EQ(cg_inode(self->b), ask(2, PAGE_PLEASE));
	EXPECT_EQ(cg_inode(c), ask(1, PAGE_PLEASE));
}

TEST_F(owner, the_parent_inherits)
{
	const char *c = third(self->top);
	pid_t one = captain(self->a), two;

	/* The captain goes; its child is owner, then parent of the next. */
	two = join(0, RECRUIT, 1, self->b);
	leave(0, one);
	EXPECT_EQ(cg_inode(self->b), ask(1, PAGE_PLEASE));
	join(1, RECRUIT, 2, c);
	/* By an exec the parent gives up ownership, and stays the parent. */
	EXPECT_LT(0, ask(1, EXEC));
	EXPECT_EQ(cg_inode(c), ask(2, PAGE_PLEASE));
	leave(1, two);
	EXPECT_EQ(cg_inode(c), ask(2, PAGE_PLEASE));
}

TEST_F(owner, who_has_only_a_copy_does_not_inherit)
{
	const char *c = third(self->top);
	pid_t pid = captain(self->a);

	join(0, FORK, 1, self->b);
	join(0, RECRUIT, 2, c);
	leave(0, pid);
	EXPECT_EQ(cg_inode(c), ask(2, PAGE_PLEASE));
	EXPECT_EQ(cg_inode(self->b), ask(1, PAGE_PLEASE));
}

TEST_F(owner, a_dead_user_does_not_inherit)
{
	const char *c = third(self->top);
	pid_t pid = captain(self->a), dead;

	/* The first child in the list is a zombie: its parent does not wait. */
	dead = join(0, RECRUIT, 1, self->b);
	join(0, RECRUIT, 2, c);
	tell(1, LEAVE);
	while (cg_key(self->b, "cgroup.events", "populated") != 0)
		sched_yield();
	EXPECT_EQ(0, kill(dead, 0));
	leave(0, pid);
	EXPECT_EQ(cg_inode(c), ask(2, PAGE_PLEASE));
}

TEST_F(owner, what_was_charged_stays_where_it_was)
{
	pid_t pid = captain(self->a);

	join(0, RECRUIT, 1, self->b);
	EXPECT_EQ(cg_inode(self->a), ask(0, LOTS_PLEASE));
	leave(0, pid);
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(cg_inode(self->a), ask(1, PAGE_AGAIN));
	EXPECT_LE(MB(4), cg_number(self->a, "memory.current"));
	EXPECT_EQ(cg_inode(self->b), ask(1, PAGE_PLEASE));
}

TEST_F(owner, one_after_the_other_inherits)
{
	const char *c = third(self->top);
	const char * const cgs[] = { self->a, self->b, c };
	pid_t pid[CREW_MAX];

	pid[0] = captain(self->a);
	for (int who = 1; who < CREW_MAX; who++)
		pid[who] = join(who - 1, RECRUIT, who, cgs[who % 3]);
	for (int who = 0; who < CREW_MAX; who++) {
		for (int i = who; i < CREW_MAX; i++) {
			EXPECT_EQ(cg_inode(cgs[who % 3]), ask(i, PAGE_PLEASE))
				TH_LOG("%d gone, member %d", who, i);
		}
		leave(who, pid[who]);
		proc_end(pid[who]);
	}
	EXPECT_EQ(0, cg_await_empty(self->top));
	EXPECT_TRUE(cg_stat_settles(self->a, "anon", 0, 0));
	EXPECT_TRUE(cg_stat_settles(self->b, "anon", 0, 0));
}

TEST_F(owner, a_killed_owner_is_inherited_from)
{
	pid_t pid = captain(self->a);

	join(0, RECRUIT, 1, self->b);
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(0, proc_await_zombie(pid));
	EXPECT_EQ(cg_inode(self->b), ask(1, PAGE_PLEASE));
	EXPECT_EQ(-SIGKILL, proc_end(pid));
	EXPECT_EQ(cg_inode(self->b), ask(1, PAGE_PLEASE));
}

TEST_F(owner, the_dead_owners_cgroup_can_be_removed)
{
	pid_t pid = captain(self->a);

	join(0, RECRUIT, 1, self->b);
	EXPECT_EQ(cg_inode(self->a), ask(0, PAGE_PLEASE));
	leave(0, pid);
	/* A zombie keeps no cgroup. */
	ASSERT_EQ(0, cg_await_empty(self->a));
	ASSERT_EQ(0, cg_remove(self->a));
	EXPECT_EQ(cg_inode(self->b), ask(1, PAGE_PLEASE));
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(cg_inode(self->b), ask(1, PAGE_PLEASE));
}

TEST_F(owner, an_heir_that_moves_takes_the_charges_along)
{
	const char *c = third(self->top);
	pid_t one = captain(self->a), two;

	two = join(0, RECRUIT, 1, self->b);
	leave(0, one);
	EXPECT_EQ(cg_inode(self->b), ask(1, PAGE_PLEASE));
	ASSERT_EQ(0, cg_enter(c, two));
	EXPECT_EQ(cg_inode(c), ask(1, PAGE_PLEASE));
}

TEST_F(owner, the_heirs_limit_counts)
{
	pid_t one = captain(self->a), two;

	two = join(0, RECRUIT, 1, self->b);
	ASSERT_EQ(0, cg_write(self->b, "memory.max", "2M"));
	ASSERT_EQ(0, cg_write(self->b, "memory.swap.max", "0"));
	EXPECT_EQ(cg_inode(self->a), ask(1, LOTS_PLEASE));
	leave(0, one);
	tell(1, LOTS_PLEASE);
	EXPECT_EQ(-SIGKILL, proc_end(two));
	EXPECT_EQ(1, cg_key(self->b, "memory.events", "oom_kill"));
}

TEST_F(owner, a_traced_user_inherits)
{
	pid_t one = captain(self->a), two;

	two = join(0, RECRUIT, 1, self->b);
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, two, NULL, NULL));
	leave(0, one);
	EXPECT_EQ(cg_inode(self->b), ask(1, PAGE_PLEASE));
	EXPECT_EQ(0, proc_end(one));
}

TEST_F(owner, a_traced_owner_is_inherited_from)
{
	pid_t pid = captain(self->a);

	join(0, RECRUIT, 1, self->b);
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, pid, NULL, NULL));
	leave(0, pid);
	EXPECT_EQ(cg_inode(self->b), ask(1, PAGE_PLEASE));
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(owner, a_stopped_user_inherits)
{
	pid_t one = captain(self->a), two;

	two = join(0, RECRUIT, 1, self->b);
	ASSERT_EQ(0, kill(two, SIGSTOP));
	leave(0, one);
	EXPECT_EQ(0, proc_end(one));
	ASSERT_EQ(0, kill(two, SIGCONT));
	EXPECT_EQ(cg_inode(self->b), ask(1, PAGE_PLEASE));
}

/* A child that the kernel reaps by itself must not be stumbled over. */
TEST_F(owner, an_owner_nobody_waits_for_is_inherited_from)
{
	struct timespec start;
	pid_t one = captain(self->a), two;

	two = join(0, RECRUIT, 1, self->b);
	ASSERT_GT(two, 0);
	ASSERT_NE(SIG_ERR, signal(SIGCHLD, SIG_IGN));
	tell(0, LEAVE);
	clock_gettime(CLOCK_MONOTONIC, &start);
	while (!kill(one, 0) && ms_since(&start) < PROC_HANG_MS)
		sched_yield();
	EXPECT_EQ(cg_inode(self->b), ask(1, PAGE_PLEASE));
}

int main(int argc, char **argv)
{
	crew_main(argc, argv);
	return test_harness_run(argc, argv);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * exec and vfork: an owner that goes without dying, and a borrower that is
 * gone before its lender wakes up.
 */
#include "kselftest_harness.h"
#include "crew.h"

TEST_F(owner, exec_makes_one_the_owner_of_the_new_memory)
{
	captain(self->a);
	join(0, RECRUIT, 1, self->b);
	EXPECT_EQ(cg_inode(self->a), ask(1, PAGE_PLEASE));
	EXPECT_LT(0, ask(1, EXEC));
	EXPECT_EQ(cg_inode(self->b), ask(1, PAGE_PLEASE));
	EXPECT_EQ(cg_inode(self->a), ask(0, PAGE_PLEASE));
}

TEST_F(owner, the_owner_execs_and_is_inherited_from)
{
	captain(self->a);
	join(0, RECRUIT, 1, self->b);
	EXPECT_EQ(cg_inode(self->a), ask(1, PAGE_PLEASE));
	EXPECT_LT(0, ask(0, EXEC));
	EXPECT_EQ(cg_inode(self->b), ask(1, PAGE_PLEASE));
	EXPECT_EQ(cg_inode(self->a), ask(0, PAGE_PLEASE));
	EXPECT_EQ(cg_inode(self->a), ask(1, PAGE_AGAIN));
}

TEST_F(owner, who_execed_does_not_inherit)
{
	const char *c = third(self->top);
	pid_t pid = captain(self->a);

	join(0, RECRUIT, 1, self->b);
	join(0, RECRUIT, 2, c);
	EXPECT_LT(0, ask(1, EXEC));
	leave(0, pid);
	EXPECT_EQ(cg_inode(c), ask(2, PAGE_PLEASE));
	EXPECT_EQ(cg_inode(self->b), ask(1, PAGE_PLEASE));
}

/* The thread takes over the leader's pid, and owns what it made. */
TEST_F(owner, exec_by_a_thread)
{
	pid_t pid = captain(self->a);

	ask(0, THREAD | AS(1));
	EXPECT_EQ(pid, ask(1, EXEC));
	EXPECT_EQ(cg_inode(self->a), ask(1, PAGE_PLEASE));
	ASSERT_EQ(0, cg_enter(self->b, pid));
	EXPECT_EQ(cg_inode(self->b), ask(1, PAGE_PLEASE));
}

TEST_F(owner, exec_by_a_thread_leaves_the_old_memory_to_a_user_outside)
{
	pid_t pid = captain(self->a);

	ask(0, THREAD | AS(1));
	join(0, RECRUIT, 2, self->b);
	EXPECT_EQ(cg_inode(self->a), ask(2, PAGE_PLEASE));
	EXPECT_EQ(pid, ask(1, EXEC));
	EXPECT_EQ(cg_inode(self->b), ask(2, PAGE_PLEASE));
	EXPECT_EQ(cg_inode(self->a), ask(1, PAGE_PLEASE));
}

TEST_F(owner, exec_by_a_thread_whose_leader_is_gone)
{
	pid_t pid = captain(self->a);

	ask(0, THREAD | AS(1));
	join(0, RECRUIT_PEER, 2, self->b);
	tell(0, LEAVE_THREAD);
	EXPECT_EQ(pid, ask(1, EXEC));
	EXPECT_EQ(cg_inode(self->b), ask(2, PAGE_PLEASE));
	EXPECT_EQ(cg_inode(self->a), ask(1, PAGE_PLEASE));
	ASSERT_EQ(0, cg_enter(self->b, pid));
	EXPECT_EQ(cg_inode(self->b), ask(1, PAGE_PLEASE));
}

TEST_F(owner, an_exec_that_fails_changes_nothing)
{
	pid_t pid = cg_fork_bound(self->a);

	if (!pid) {
		char *argv[] = { "none", NULL };

		for (int i = 0; i < 10; i++)
			must(execve("/nonexistent", argv, NULL) == -1);
		must(execve("/proc/self/status", argv, NULL) == -1);
		must(page_cgroup(map_used(PAGE)) == cg_inode(self->a));
		must(!cg_enter(self->b, 0));
		must(page_cgroup(map_used(PAGE)) == cg_inode(self->b));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

static pid_t borrower(int who, const char *cg)
{
	pid_t pid;

	tell(0, RECRUIT_VFORK | AS(who));
	pid = ask(who, PID_PLEASE);
	must(!cg_enter(cg, pid));
	return pid;
}

TEST_F(owner, a_vfork_borrows)
{
	pid_t pid;

	captain(self->a);
	pid = borrower(1, self->b);
	EXPECT_EQ(cg_inode(self->a), ask(1, PAGE_PLEASE));
	tell(1, LEAVE);
	EXPECT_EQ(pid, hear(0));
	EXPECT_EQ(cg_inode(self->a), ask(0, PAGE_PLEASE));
}

TEST_F(owner, a_vfork_that_execs_owns_the_new_memory)
{
	pid_t pid;

	captain(self->a);
	pid = borrower(1, self->b);
	tell(1, EXEC);
	EXPECT_EQ(pid, hear(0));
	EXPECT_EQ(pid, hear(1));
	EXPECT_EQ(cg_inode(self->b), ask(1, PAGE_PLEASE));
	EXPECT_EQ(cg_inode(self->a), ask(0, PAGE_PLEASE));
}

TEST_F(owner, the_lender_is_killed_and_the_borrower_inherits)
{
	pid_t pid = captain(self->a);

	borrower(1, self->b);
	EXPECT_EQ(cg_inode(self->a), ask(1, PAGE_PLEASE));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(0, proc_await_zombie(pid));
	EXPECT_EQ(cg_inode(self->b), ask(1, PAGE_PLEASE));
	EXPECT_EQ(cg_inode(self->a), ask(1, PAGE_AGAIN));
}

TEST_F(owner, the_lender_moves_while_it_waits)
{
	const char *c = third(self->top);
	pid_t pid = captain(self->a);

	borrower(1, self->b);
	ASSERT_EQ(0, cg_enter(c, pid));
	EXPECT_EQ(cg_inode(c), ask(1, PAGE_PLEASE));
	tell(1, LEAVE);
	hear(0);
	EXPECT_EQ(cg_inode(c), ask(0, PAGE_PLEASE));
}

TEST_F(owner, a_process_with_children_all_around_execs_again_and_again)
{
	const char *c = third(self->top);
	pid_t pid = captain(self->a);

	join(0, RECRUIT, 1, self->b);
	join(0, FORK, 2, c);
	for (int i = 0; i < 5; i++) {
		EXPECT_EQ(pid, ask(0, EXEC));
		EXPECT_EQ(cg_inode(self->a), ask(0, PAGE_PLEASE));
		EXPECT_EQ(cg_inode(self->b), ask(1, PAGE_PLEASE));
		EXPECT_EQ(cg_inode(c), ask(2, PAGE_PLEASE));
	}
}

int main(int argc, char **argv)
{
	crew_main(argc, argv);
	return test_harness_run(argc, argv);
}

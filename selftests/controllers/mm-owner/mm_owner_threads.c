// SPDX-License-Identifier: GPL-2.0
/*
 * Threads: the leader of a thread group is the owner of its memory, and may be
 * the first to go.
 */
#include "kselftest_harness.h"
#include "crew.h"

/* Waits until the thread group's leader is a zombie with threads alive. */
static bool leader_gone(pid_t pid)
{
	char path[64], state[32];
	struct timespec start;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		if (!file_field(path, "State", state, sizeof(state)) &&
		    *state == 'Z')
			return true;
		sched_yield();
	} while (ms_since(&start) < PROC_HANG_MS);
	return false;
}

TEST_F(owner, threads_charge_their_process)
{
	captain(self->a);
	ask(0, THREAD | AS(1));
	EXPECT_EQ(cg_inode(self->a), ask(1, PAGE_PLEASE));
	EXPECT_EQ(cg_inode(self->a), ask(0, PAGE_PLEASE));
}

TEST_F(owner, without_their_leader_threads_charge_the_same_cgroup)
{
	pid_t pid = captain(self->a);

	ask(0, THREAD | AS(1));
	tell(0, LEAVE_THREAD);
	ASSERT_TRUE(leader_gone(pid));
	EXPECT_EQ(cg_inode(self->a), ask(1, PAGE_PLEASE));
	EXPECT_EQ(cg_inode(self->a), ask(1, LOTS_PLEASE));
	EXPECT_LE(MB(4), cg_number(self->a, "memory.current"));
	tell(1, LEAVE);
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(owner, without_their_leader_threads_can_be_moved)
{
	pid_t pid = captain(self->a);

	ask(0, THREAD | AS(1));
	tell(0, LEAVE_THREAD);
	ASSERT_TRUE(leader_gone(pid));
	EXPECT_EQ(cg_inode(self->a), ask(1, PAGE_PLEASE));
	ASSERT_EQ(0, cg_enter(self->b, pid));
	EXPECT_EQ(cg_inode(self->b), ask(1, PAGE_PLEASE));
	EXPECT_EQ(cg_inode(self->a), ask(1, PAGE_AGAIN));
	ASSERT_EQ(0, cg_await_empty(self->a));
	EXPECT_EQ(0, cg_remove(self->a));
	EXPECT_EQ(cg_inode(self->b), ask(1, PAGE_PLEASE));
}

TEST_F(owner, thread_after_thread_leaves_and_the_cgroup_is_the_same)
{
	pid_t pid = captain(self->a);

	for (int who = 1; who < CREW_MAX; who++)
		ask(who - 1, THREAD | AS(who));
	for (int who = 0; who < CREW_MAX - 1; who++) {
		tell(who, LEAVE_THREAD);
		EXPECT_EQ(cg_inode(self->a), ask(CREW_MAX - 1, PAGE_PLEASE));
	}
	ASSERT_TRUE(leader_gone(pid));
	EXPECT_EQ(cg_inode(self->a), ask(CREW_MAX - 1, PAGE_PLEASE));
	tell(CREW_MAX - 1, LEAVE);
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(cg_stat_settles(self->a, "anon", 0, 0));
}

/* Outside, somebody shares the memory; inside, a thread is still alive. */
TEST_F(owner, when_only_the_leader_leaves_a_user_outside_may_inherit)
{
	pid_t pid = captain(self->a);
	int ino;

	ask(0, THREAD | AS(1));
	join(0, RECRUIT, 2, self->b);
	tell(0, LEAVE_THREAD);
	ASSERT_TRUE(leader_gone(pid));
	/* Children are asked before siblings, and one's own group is among these. */
	ino = ask(1, PAGE_PLEASE);
	EXPECT_EQ(cg_inode(self->b), ino);
	EXPECT_EQ(ino, ask(2, PAGE_PLEASE));
	/* When it goes too, it is the thread's turn. */
	tell(2, LEAVE);
	ASSERT_EQ(0, cg_await_empty(self->b));
	EXPECT_EQ(cg_inode(self->a), ask(1, PAGE_PLEASE));
}

TEST_F(owner, when_the_last_thread_leaves_a_user_outside_inherits)
{
	pid_t pid = captain(self->a);

	ask(0, THREAD | AS(1));
	join(0, RECRUIT_PEER, 2, self->b);
	tell(0, LEAVE_THREAD);
	ASSERT_TRUE(leader_gone(pid));
	tell(1, LEAVE_THREAD);
	ASSERT_EQ(0, proc_end(pid));
	EXPECT_EQ(cg_inode(self->b), ask(2, PAGE_PLEASE));
	EXPECT_EQ(cg_inode(self->b), ask(2, LOTS_PLEASE));
}

TEST_F(owner, a_whole_thread_group_leaves_and_a_user_outside_inherits)
{
	pid_t pid = captain(self->a);

	ask(0, THREAD | AS(1));
	ask(0, THREAD | AS(2));
	join(0, RECRUIT, 3, self->b);
	tell(1, LEAVE);
	ASSERT_EQ(0, proc_end(pid));
	EXPECT_EQ(cg_inode(self->b), ask(3, PAGE_PLEASE));
}

/* The heir's leader is gone already: a thread of it has the memory. */
TEST_F(owner, a_group_without_its_leader_inherits)
{
	pid_t one = captain(self->a), two;

	two = join(0, RECRUIT, 1, self->b);
	ask(1, RAW_THREAD | AS(2));
	tell(1, LEAVE_THREAD);
	ASSERT_TRUE(leader_gone(two));
	EXPECT_EQ(cg_inode(self->a), ask(2, PAGE_PLEASE));
	leave(0, one);
	EXPECT_EQ(cg_inode(self->b), ask(2, PAGE_PLEASE));
}

TEST_F(owner, a_thread_that_forks_gives_the_child_its_own)
{
	pid_t pid = captain(self->a);

	ask(0, THREAD | AS(1));
	tell(0, LEAVE_THREAD);
	ASSERT_TRUE(leader_gone(pid));
	join(1, FORK, 2, self->b);
	EXPECT_EQ(cg_inode(self->b), ask(2, PAGE_PLEASE));
	EXPECT_EQ(cg_inode(self->a), ask(1, PAGE_PLEASE));
}

int main(int argc, char **argv)
{
	crew_main(argc, argv);
	return test_harness_run(argc, argv);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel memory that outlives who it was allocated for, or the cgroup that
 * was charged: it stays charged, moves up, and is uncharged there.
 */
#include "kselftest_harness.h"
#include "kmem.h"

#define MESSAGES	400L
#define BYTES		(MESSAGES * 3900)

/* Messages, which belong to nobody. */
static void leave_messages(const char *cg)
{
	pid_t pid = cg_fork_bound(cg);

	if (!pid) {
		for (int i = 0; i < MESSAGES; i++)
			must(make_message(i) >= 0);
		_exit(0);
	}
	must(proc_end(pid) == 0);
}

TEST_F(kmem, what_outlives_its_maker_stays_charged)
{
	leave_messages(self->a);
	EXPECT_LE(BYTES, cg_stat(self->a, "kernel"));
	EXPECT_LE(BYTES, cg_number(self->a, "memory.current"));
	forget();
	EXPECT_TRUE(cg_stat_settles(self->a, "kernel", 0, NOISE));
}

TEST_F(kmem, what_is_left_of_a_removed_cgroup_is_its_parents)
{
	leave_messages(self->a);
	ASSERT_EQ(0, cg_await_empty(self->a));
	ASSERT_EQ(0, cg_remove(self->a));
	EXPECT_LE(BYTES, cg_number(self->top, "memory.current"));
	EXPECT_LE(BYTES, cg_stat(self->top, "kernel"));
	/* And nothing else is left of the cgroup. */
	EXPECT_TRUE(cg_key_settles(self->top, "cgroup.stat",
				   "nr_dying_descendants", 0, 0));
	EXPECT_LE(BYTES, cg_stat(self->top, "kernel"));
	forget();
	EXPECT_TRUE(cg_stat_settles(self->top, "kernel", 0, BYTES / 2));
	EXPECT_TRUE(cg_settles(self->top, "memory.current", 0, BYTES / 2 + MB(1)));
}

TEST_F(kmem, it_climbs_over_removed_levels)
{
	char x[PATH_MAX];

	ASSERT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "+memory"));
	ASSERT_EQ(0, cg_create(cg_path(x, self->a, "x")));
	leave_messages(x);
	ASSERT_EQ(0, cg_await_empty(x));
	ASSERT_EQ(0, cg_remove(x));
	EXPECT_LE(BYTES, cg_number(self->a, "memory.current"));
	ASSERT_EQ(0, cg_remove(self->a));
	EXPECT_LE(BYTES, cg_number(self->top, "memory.current"));
	EXPECT_TRUE(cg_key_settles(self->top, "cgroup.stat",
				   "nr_dying_descendants", 0, 0));
	forget();
	EXPECT_TRUE(cg_settles(self->top, "memory.current", 0, BYTES / 2 + MB(1)));
}

/* What the parent inherits is within its limit, or cannot be undone. */
TEST_F(kmem, an_inheritance_does_not_free_the_parents_limit)
{
	leave_messages(self->a);
	ASSERT_EQ(0, cg_await_empty(self->a));
	ASSERT_EQ(0, cg_remove(self->a));
	ASSERT_EQ(0, cg_write(self->top, "memory.max", "4M"));
	EXPECT_EQ(-SIGKILL, proc_end(hog(self->b, MB(4) - BYTES / 2)));
	forget();
	EXPECT_EQ(0, proc_end(hog(self->b, MB(4) - BYTES / 2 - MB(1))));
}

TEST_F(kmem, a_move_leaves_kernel_memory_behind)
{
	pid_t pid = cg_fork_bound(self->a);

	if (!pid) {
		long b;

		for (int i = 0; i < 16; i++)
			must(make_pipe_full(i) >= 0);
		must(!cg_enter(self->b, 0));
		must(cg_number(self->a, "memory.current") >= MB(1));
		b = cg_number(self->b, "memory.current");
		must(b < KB(512) + CG_STOCK);
		for (int i = 0; i < 16; i++)
			must(make_pipe_full(i) >= 0);
		must(cg_number(self->b, "memory.current") >= MB(1));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(cg_settles(self->a, "memory.current", 0, MB(1)));
	EXPECT_TRUE(cg_settles(self->b, "memory.current", 0, MB(1)));
}

/* A pipe is its maker's; its content is the writers'. */
TEST_F(kmem, who_writes_into_a_pipe_is_charged)
{
	static char buf[1 << 16];
	int fd[2];
	pid_t pid;

	ASSERT_EQ(0, pipe(fd));
	ASSERT_EQ(1 << 20, fcntl(fd[0], F_SETPIPE_SZ, 1 << 20));
	pid = cg_fork_bound(self->a);
	if (!pid) {
		for (int i = 0; i < 16; i++)
			must(write(fd[1], buf, sizeof(buf)) == sizeof(buf));
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(pid));
	EXPECT_LE(MB(1), cg_number(self->a, "memory.current"));
	for (int i = 0; i < 16; i++)
		ASSERT_EQ(sizeof(buf), read(fd[0], buf, sizeof(buf)));
	EXPECT_TRUE(cg_settles(self->a, "memory.current", 0, KB(768)));
}

TEST_F(kmem, a_socket_stays_its_makers_wherever_it_goes)
{
	struct baton made = baton_make(), go = baton_make();
	pid_t pid;

	pid = cg_fork_bound(self->a);
	if (!pid) {
		int fd[2];

		own_network();
		tcp_pair(fd);
		must(!cg_enter(self->b, 0));
		must(stuff(fd[0], KB(512)) > KB(128));
		baton_pass(&made, 0);
		baton_take(&go);
		close(fd[0]);
		close(fd[1]);
		baton_pass(&made, 0);
		proc_sleep_forever();
	}
	baton_take(&made);
	EXPECT_LE(KB(64), cg_stat(self->a, "sock"));
	EXPECT_EQ(0, cg_stat(self->b, "sock"));
	/* With sockets alive the cgroup can go. */
	ASSERT_EQ(0, cg_await_empty(self->a));
	ASSERT_EQ(0, cg_remove(self->a));
	baton_pass(&go, 0);
	baton_take(&made);
	proc_kill(pid);
	EXPECT_TRUE(cg_stat_settles(self->top, "sock", 0, 0));
	EXPECT_TRUE(cg_key_settles(self->top, "cgroup.stat",
				   "nr_dying_descendants", 0, 0));
}

TEST_F(kmem, a_cgroup_that_comes_and_goes_leaves_nothing)
{
	char cg[PATH_MAX];
	long before = 0;

	cg_path(cg, self->top, "again");
	for (int i = 0; i < 30; i++) {
		ASSERT_EQ(0, cg_create(cg));
		leave_messages(cg);
		ASSERT_EQ(0, cg_await_empty(cg));
		ASSERT_EQ(0, cg_remove(cg));
		forget();
		if (i == 9)
			before = cg_number(self->top, "memory.current");
	}
	EXPECT_TRUE(cg_key_settles(self->top, "cgroup.stat",
				   "nr_dying_descendants", 0, 0));
	EXPECT_TRUE(cg_settles(self->top, "memory.current", 0, before + MB(1)));
}

TEST_HARNESS_MAIN

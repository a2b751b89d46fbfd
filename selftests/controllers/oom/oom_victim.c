// SPDX-License-Identifier: GPL-2.0
/*
 * Who is killed: only inside the cgroup that is at its limit, there the
 * biggest, corrected by oom_score_adj. And what counts as an event, for whom.
 *
 * Promises from cgroup-v2.rst, "memory.max", "memory.oom.group" and
 * "memory.events", and proc(5), oom_score_adj.
 */
#include "kselftest_harness.h"
#include "oom.h"

TEST_F(oom, who_wants_too_much_is_killed)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, "memory.max", "8M"));
	pid = glutton(self->a, MB(16), 0);
	EXPECT_EQ(-SIGKILL, proc_end(pid));
	EXPECT_EQ(1, cg_key(self->a, "memory.events", "oom_kill"));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "oom_group_kill"));
}

TEST_F(oom, nobody_outside_is_killed)
{
	pid_t sibling, above;

	ASSERT_EQ(0, cg_write(self->a, "memory.max", "8M"));
	/* Both are bigger, and more deserving. */
	sibling = resident(self->b, MB(24), 1000);
	above = resident(self->root, MB(24), 1000);
	EXPECT_EQ(-SIGKILL, proc_end(glutton(self->a, MB(16), 0)));
	EXPECT_TRUE(alive(sibling));
	EXPECT_TRUE(alive(above));
	EXPECT_EQ(0, cg_key(self->b, "memory.events", "oom_kill"));
	EXPECT_EQ(1, cg_key(self->top, "memory.events", "oom_kill"));
}

TEST_F(oom, nobody_outside_a_nested_limit_is_killed)
{
	char x[PATH_MAX], y[PATH_MAX];
	pid_t fat;

	divide(self->a, x, y);
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "64M"));
	ASSERT_EQ(0, cg_write(x, "memory.max", "8M"));
	fat = resident(y, MB(16), 1000);
	EXPECT_EQ(-SIGKILL, proc_end(glutton(x, MB(12), 0)));
	EXPECT_TRUE(alive(fat));
	EXPECT_EQ(0, cg_key(y, "memory.events", "oom_kill"));
}

TEST_F(oom, the_biggest_is_first)
{
	int log = log_open();
	pid_t fat, thin;

	ASSERT_EQ(0, cg_write(self->a, "memory.max", "12M"));
	thin = resident(self->a, MB(1), 0);
	fat = resident(self->a, MB(7), 0);
	ASSERT_GT(thin, 0);
	proc_end(glutton(self->a, MB(5), 0));
	EXPECT_EQ(fat, log_victim(log));
	EXPECT_EQ(-SIGKILL, proc_end(fat));
}

TEST_F(oom, shared_memory_in_use_counts_too)
{
	struct baton full = baton_make();
	int log = log_open();
	pid_t fat;

	ASSERT_EQ(0, cg_write(self->a, "memory.max", "12M"));
	fat = cg_fork_bound(self->a);
	if (!fat) {
		char *p = mmap(NULL, MB(7), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

		use(p, MB(7));
		baton_pass(&full, 0);
		proc_sleep_forever();
	}
	baton_take(&full);
	proc_end(glutton(self->a, MB(5), 0));
	EXPECT_EQ(fat, log_victim(log));
	EXPECT_EQ(-SIGKILL, proc_end(fat));
}

TEST_F(oom, the_biggest_of_the_whole_subtree_is_first)
{
	int log = log_open();
	pid_t fat;

	ASSERT_EQ(0, cg_write(self->top, "memory.max", "12M"));
	fat = resident(self->a, MB(7), 0);
	proc_end(glutton(self->b, MB(5), 0));
	EXPECT_EQ(fat, log_victim(log));
	EXPECT_EQ(-SIGKILL, proc_end(fat));
}

TEST_F(oom, a_high_oom_score_adj_is_first)
{
	int log = log_open();
	pid_t thin;

	ASSERT_EQ(0, cg_write(self->a, "memory.max", "12M"));
	ASSERT_GT(resident(self->a, MB(7), 0), 0);
	thin = resident(self->a, MB(1), 1000);
	proc_end(glutton(self->a, MB(4), 0));
	EXPECT_EQ(thin, log_victim(log));
	EXPECT_EQ(-SIGKILL, proc_end(thin));
}

TEST_F(oom, a_low_oom_score_adj_is_last)
{
	int log = log_open();
	pid_t fat, pid;

	ASSERT_EQ(0, cg_write(self->a, "memory.max", "12M"));
	/* 600 thousandths of the limit in its favour: 7.2M. */
	fat = resident(self->a, MB(7), -600);
	pid = glutton(self->a, MB(8), 0);
	EXPECT_EQ(-SIGKILL, proc_end(pid));
	EXPECT_EQ(pid, log_victim(log));
	EXPECT_TRUE(alive(fat));
}

TEST_F(oom, minus_1000_is_never)
{
	pid_t fat;

	ASSERT_EQ(0, cg_write(self->a, "memory.max", "12M"));
	fat = resident(self->a, MB(7), -1000);
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(-SIGKILL, proc_end(glutton(self->a, MB(8), 0)));
	}
	EXPECT_TRUE(alive(fat));
	EXPECT_EQ(3, cg_key(self->a, "memory.events", "oom_kill"));
	/* Not even when the limit is below what it has. */
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "1M"));
	EXPECT_TRUE(alive(fat));
	EXPECT_EQ(3, cg_key(self->a, "memory.events", "oom_kill"));
}

TEST_F(oom, all_threads_of_the_victim_die_and_count_once)
{
	int log = log_open();
	struct baton full = baton_make();
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, "memory.max", "12M"));
	pid = cg_fork_bound(self->a);
	if (!pid) {
		pthread_t thread;

		for (int i = 0; i < 4; i++)
			must(!pthread_create(&thread, NULL,
					     (void *(*)(void *))pause, NULL));
		map_used(MB(7));
		baton_pass(&full, 0);
		proc_sleep_forever();
	}
	baton_take(&full);
	proc_end(glutton(self->a, MB(5), -900));
	EXPECT_EQ(pid, log_victim(log));
	EXPECT_EQ(-SIGKILL, proc_end(pid));
	EXPECT_LE(1, cg_key(self->a, "memory.events", "oom_kill"));
	EXPECT_GE(2, cg_key(self->a, "memory.events", "oom_kill"));
}

static int share_and_sleep(void *unused)
{
	(void)unused;
	proc_sleep_forever();
}

/* Its memory is freed only if all who use it die, wherever they live. */
TEST_F(oom, who_shares_the_victims_memory_dies_with_it)
{
	struct baton pids = baton_make(), go = baton_make();
	pid_t pid, sharer;

	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "8M"));
	pid = cg_fork_bound(self->a);
	if (!pid) {
		char *stack = map_fresh(KB(64));

		baton_pass(&pids, clone(share_and_sleep, stack + KB(64),
					CLONE_VM | SIGCHLD, NULL));
		baton_take(&go);
		map_used(MB(16));
		_exit(0);
	}
	sharer = baton_take(&pids);
	ASSERT_GT(sharer, 0);
	ASSERT_EQ(0, cg_enter(self->b, sharer));
	baton_pass(&go, 0);
	EXPECT_EQ(-SIGKILL, proc_end(pid));
	EXPECT_EQ(-SIGKILL, proc_end(sharer));
	EXPECT_EQ(1, cg_key(self->a, "memory.events", "oom_kill"));
	EXPECT_TRUE(cg_settles(self->a, "memory.current", 0, MB(1)));
}

TEST_F(oom, a_frozen_victim_dies)
{
	char x[PATH_MAX], y[PATH_MAX];
	int log = log_open();
	pid_t fat;

	divide(self->a, x, y);
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "12M"));
	fat = resident(x, MB(7), 0);
	ASSERT_EQ(0, cg_write(x, "cgroup.freeze", "1"));
	ASSERT_TRUE(cg_key_settles(x, "cgroup.events", "frozen", 1, 1));
	proc_end(glutton(y, MB(5), 0));
	EXPECT_EQ(fat, log_victim(log));
	EXPECT_EQ(-SIGKILL, proc_end(fat));
}

TEST_F(oom, a_stopped_victim_dies)
{
	int log = log_open();
	pid_t fat;

	ASSERT_EQ(0, cg_write(self->a, "memory.max", "12M"));
	fat = resident(self->a, MB(7), 0);
	ASSERT_EQ(0, kill(fat, SIGSTOP));
	proc_end(glutton(self->a, MB(5), 0));
	EXPECT_EQ(fat, log_victim(log));
	EXPECT_EQ(-SIGKILL, proc_end(fat));
}

TEST_F(oom, locked_memory_saves_nobody)
{
	struct baton full = baton_make();
	int log = log_open();
	pid_t fat;

	ASSERT_EQ(0, cg_write(self->a, "memory.max", "12M"));
	fat = cg_fork_bound(self->a);
	if (!fat) {
		must(!mlock(map_used(MB(7)), MB(7)));
		baton_pass(&full, 0);
		proc_sleep_forever();
	}
	baton_take(&full);
	proc_end(glutton(self->a, MB(5), 0));
	EXPECT_EQ(fat, log_victim(log));
	EXPECT_EQ(-SIGKILL, proc_end(fat));
}

/* In its namespace it is unkillable; the OOM killer is not of its namespace. */
TEST_F(oom, the_init_of_a_pid_namespace_takes_its_people_along)
{
	struct lifeline line = lifeline_make();
	struct baton go = baton_make();
	pid_t init;

	ASSERT_EQ(0, cg_write(self->a, "memory.max", "8M"));
	init = cg_fork_into(self->a, CLONE_NEWPID);
	if (!init) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!fork()) {
			must(!cg_enter(self->b, 0));
			baton_pass(&go, 0);
			proc_sleep_forever();
		}
		baton_take(&go);
		map_used(MB(16));
		_exit(0);
	}
	lifeline_watch(&line);
	EXPECT_EQ(-SIGKILL, proc_end(init));
	EXPECT_TRUE(lifeline_cut(&line, PROC_HANG_MS));
	EXPECT_EQ(0, cg_await_empty(self->top));
	/* Its child was killed by its death, not by the OOM killer. */
	EXPECT_EQ(0, cg_key(self->b, "memory.events", "oom_kill"));
}

TEST_F(oom, the_event_is_the_limits_and_the_kill_is_the_victims)
{
	ASSERT_EQ(0, cg_write(self->top, "memory.max", "8M"));
	EXPECT_EQ(-SIGKILL, proc_end(glutton(self->a, MB(16), 0)));
	EXPECT_LE(1, cg_key(self->top, "memory.events.local", "oom"));
	EXPECT_EQ(0, cg_key(self->top, "memory.events.local", "oom_kill"));
	EXPECT_EQ(0, cg_key(self->a, "memory.events.local", "oom"));
	EXPECT_EQ(1, cg_key(self->a, "memory.events.local", "oom_kill"));
	EXPECT_EQ(1, cg_key(self->a, "memory.events", "oom_kill"));
	EXPECT_EQ(1, cg_key(self->top, "memory.events", "oom_kill"));
	EXPECT_EQ(0, cg_key(self->b, "memory.events", "oom_kill"));
}

TEST_F(oom, events_wake_a_poll_here_and_above)
{
	int a, b, top;

	ASSERT_EQ(0, cg_write(self->a, "memory.max", "8M"));
	a = cg_watch(self->a, "memory.events");
	b = cg_watch(self->b, "memory.events");
	top = cg_watch(self->top, "memory.events");
	EXPECT_EQ(-SIGKILL, proc_end(glutton(self->a, MB(16), 0)));
	EXPECT_TRUE(cg_event(a, PROC_HANG_MS));
	EXPECT_TRUE(cg_event(top, PROC_HANG_MS));
	EXPECT_FALSE(cg_event(b, 0));
}

TEST_F(oom, a_kill_for_another_reason_is_no_event)
{
	pid_t pid = resident(self->a, MB(1), 0);

	proc_kill(pid);
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "oom_kill"));
}

TEST_F(oom, a_cgroup_goes_on_after_many)
{
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "8M"));
	for (int i = 1; i <= 8; i++) {
		EXPECT_EQ(-SIGKILL, proc_end(glutton(self->a, MB(12), 0)));
		EXPECT_EQ(i, cg_key(self->a, "memory.events", "oom_kill"));
	}
	EXPECT_EQ(0, proc_end(glutton(self->a, MB(6), 0)));
	EXPECT_EQ(8, cg_key(self->a, "memory.events", "oom_kill"));
}

TEST_F(oom, a_crowd_is_cut_down_to_what_fits)
{
	pid_t pid[12];
	int left = 0;

	ASSERT_EQ(0, cg_write(self->a, "memory.max", "16M"));
	for (int i = 0; i < 12; i++)
		pid[i] = glutton(self->a, MB(4), 0);
	for (int i = 0; i < 12; i++) {
		int status = proc_end(pid[i]);

		EXPECT_TRUE(status == 0 || status == -SIGKILL);
		left += !status;
	}
	EXPECT_LE(1, left);
	EXPECT_EQ(12 - left, cg_key(self->a, "memory.events", "oom_kill"));
	EXPECT_GE(MB(16), cg_number(self->a, "memory.peak"));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * The pids controller on a cgroup v1 hierarchy: the same limit and the same
 * counts; what is different is that processes live on every level, that single
 * threads are moved, and whose event it is when a fork is refused.
 *
 * Promises from admin-guide/cgroup-v1/pids.rst.
 */
#include "kselftest_harness.h"
#include <pthread.h>
#include <sched.h>
#include "cgroup.h"

FIXTURE(pids_v1)
{
	char root[256];
	char top[512], a[600];
};

FIXTURE_SETUP(pids_v1)
{
	if (cg_mount_point("pids", self->root, sizeof(self->root)))
		SKIP(return, "no cgroup v1 hierarchy with the pids controller");
	snprintf(self->top, sizeof(self->top), "%s/pids.%d", self->root,
		 getpid());
	snprintf(self->a, sizeof(self->a), "%s/a", self->top);
	ASSERT_EQ(0, cg_create(self->top));
	ASSERT_EQ(0, cg_create(self->a));
}

FIXTURE_TEARDOWN_PARENT(pids_v1)
{
	if (!self->top[0])
		return;
	cg_kill_each(self->a);
	cg_kill_each(self->top);
	cg_remove_tree(self->top);
}

/* A process that moves into @cg and sleeps there. */
static pid_t sleeper(const char *cg)
{
	struct baton ready = baton_make();
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!cg_enter(cg, 0));
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	if (pid > 0)
		baton_take(&ready);
	return pid;
}

static int try_fork(void)
{
	pid_t pid = proc_fork(0);

	if (!pid)
		_exit(0);
	if (pid < 0)
		return pid;
	must(proc_end(pid) == 0);
	return 0;
}

/* A process in @cg that expects @expected of a fork. */
static int fork_in(const char *cg, int expected)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!cg_enter(cg, 0));
		must(try_fork() == expected);
		_exit(0);
	}
	return proc_end(pid);
}

TEST_F(pids_v1, a_new_cgroup_is_unlimited_and_empty)
{
	char text[64];

	ASSERT_GT(cg_read(self->a, "pids.max", text, sizeof(text)), 0);
	EXPECT_STREQ("max", text);
	EXPECT_EQ(0, cg_number(self->a, "pids.current"));
	EXPECT_EQ(0, cg_key(self->a, "pids.events", "max"));
	EXPECT_FALSE(cg_has(self->root, "pids.max"));
}

TEST_F(pids_v1, fork_fails_at_the_limit)
{
	ASSERT_EQ(0, cg_write(self->a, "pids.max", "1"));
	EXPECT_EQ(0, fork_in(self->a, -EAGAIN));
	ASSERT_EQ(0, cg_write(self->a, "pids.max", "2"));
	EXPECT_EQ(0, fork_in(self->a, 0));
	EXPECT_EQ(0, cg_number(self->a, "pids.current"));
}

TEST_F(pids_v1, a_limit_above_binds_below)
{
	ASSERT_EQ(0, cg_write(self->top, "pids.max", "1"));
	EXPECT_EQ(0, fork_in(self->a, -EAGAIN));
}

TEST_F(pids_v1, processes_on_every_level_are_counted_together)
{
	pid_t in_a, in_top;

	in_a = sleeper(self->a);
	ASSERT_GT(in_a, 0);
	in_top = sleeper(self->top);
	ASSERT_GT(in_top, 0);
	EXPECT_EQ(1, cg_number(self->a, "pids.current"));
	EXPECT_EQ(2, cg_number(self->top, "pids.current"));
	ASSERT_EQ(0, cg_write(self->top, "pids.max", "3"));
	EXPECT_EQ(0, fork_in(self->a, -EAGAIN));
	proc_kill(in_top);
	EXPECT_EQ(0, fork_in(self->a, 0));
	EXPECT_EQ(1, cg_number(self->top, "pids.current"));
}

TEST_F(pids_v1, moving_into_a_full_cgroup_is_allowed)
{
	ASSERT_EQ(0, cg_write(self->a, "pids.max", "1"));
	ASSERT_GT(sleeper(self->a), 0);
	ASSERT_GT(sleeper(self->a), 0);
	EXPECT_EQ(2, cg_number(self->a, "pids.current"));
	EXPECT_EQ(0, fork_in(self->a, -EAGAIN));
}

/* In v2 it would be that of the cgroup with the limit. */
TEST_F(pids_v1, the_forking_cgroup_has_the_event)
{
	int a, top;

	ASSERT_EQ(0, cg_write(self->top, "pids.max", "1"));
	a = cg_watch(self->a, "pids.events");
	top = cg_watch(self->top, "pids.events");
	ASSERT_GE(a, 0);
	ASSERT_GE(top, 0);
	ASSERT_EQ(0, fork_in(self->a, -EAGAIN));
	EXPECT_EQ(1, cg_key(self->a, "pids.events", "max"));
	EXPECT_EQ(0, cg_key(self->top, "pids.events", "max"));
	EXPECT_TRUE(cg_event(a, PROC_HANG_MS));
	EXPECT_FALSE(cg_event(top, 0));
	EXPECT_FALSE(cg_has(self->a, "pids.events.local"));
}

struct thread_arg {
	const char *cg;
	struct baton moved, go;
};

static void *thread_moves(void *p)
{
	struct thread_arg *arg = p;

	must(!cg_write(arg->cg, "tasks", "0"));
	baton_pass(&arg->moved, 0);
	baton_take(&arg->go);
	return NULL;
}

TEST_F(pids_v1, single_threads_move_with_their_count)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		struct thread_arg arg = {
			.cg = self->a,
			.moved = baton_make(),
			.go = baton_make(),
		};
		pthread_t thread;

		must(!cg_enter(self->top, 0));
		must(!pthread_create(&thread, NULL, thread_moves, &arg));
		baton_take(&arg.moved);
		must(cg_number(self->a, "pids.current") == 1);
		must(cg_number(self->top, "pids.current") == 2);
		baton_pass(&arg.go, 0);
		must(!pthread_join(thread, NULL));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, cg_number(self->a, "pids.current"));
	EXPECT_EQ(0, cg_number(self->top, "pids.current"));
}

TEST_F(pids_v1, a_zombie_counts_until_it_is_reaped)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!cg_enter(self->a, 0));
		_exit(3);
	}
	ASSERT_EQ(0, proc_await_zombie(pid));
	EXPECT_EQ(1, cg_number(self->a, "pids.current"));
	EXPECT_EQ(3, proc_end(pid));
	EXPECT_EQ(0, cg_number(self->a, "pids.current"));
}

TEST_F(pids_v1, malformed_values_are_refused_and_change_nothing)
{
	static const char * const values[] = {
		"-1", "abc", "\n", "1 2", "MAX", "4194305",
	};

	ASSERT_EQ(0, cg_write(self->a, "pids.max", "42"));
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		EXPECT_EQ(-EINVAL, cg_write(self->a, "pids.max", values[i]))
			TH_LOG("writing '%s'", values[i]);
		EXPECT_EQ(42, cg_number(self->a, "pids.max"));
	}
}

TEST_F(pids_v1, an_ordinary_user_sets_no_limit)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, "pids.max", "5"));
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!cg_enter(self->a, 0));
		proc_become_nobody();
		must(cg_write(self->a, "pids.max", "max") == -EACCES);
		must(cg_number(self->a, "pids.max") == 5);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(pids_v1, peak_is_the_highest_count_ever)
{
	if (!cg_has(self->a, "pids.peak"))
		SKIP(return, "no pids.peak (Linux 6.1)");
	proc_kill(sleeper(self->a));
	EXPECT_EQ(0, fork_in(self->a, 0));
	EXPECT_EQ(0, cg_number(self->a, "pids.current"));
	EXPECT_EQ(2, cg_number(self->a, "pids.peak"));
	EXPECT_EQ(2, cg_number(self->top, "pids.peak"));
}

TEST_F(pids_v1, without_the_fork_the_limit_has_no_event)
{
	ASSERT_EQ(0, cg_write(self->a, "pids.max", "0"));
	ASSERT_GT(sleeper(self->a), 0);
	EXPECT_EQ(0, cg_key(self->a, "pids.events", "max"));
}

TEST_HARNESS_MAIN

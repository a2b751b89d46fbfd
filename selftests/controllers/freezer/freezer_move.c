// SPDX-License-Identifier: GPL-2.0
/*
 * Into a frozen cgroup and out of it: by a move, by birth, by a thread alone.
 *
 * Promises from cgroup-v2.rst, "cgroup.freeze": "If a process is moved to a
 * frozen cgroup, it stops. If a process is moved out of a frozen cgroup, it
 * becomes running."
 */
#include <pthread.h>
#include "freezer.h"
#include "until.h"

TEST_F(freezer, moved_in_it_stops_and_moved_out_it_runs)
{
	pid_t pid = ticker(self->b, self->steps);

	ASSERT_TRUE(freeze(self->a));
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, cg_enter(self->a, pid));
		EXPECT_TRUE(becomes_frozen(self->a, 1));
		EXPECT_TRUE(runner_stands(self->steps));
		ASSERT_EQ(0, cg_enter(self->b, pid));
		EXPECT_TRUE(runner_runs(self->steps));
		EXPECT_EQ(1, frozen(self->a));
		EXPECT_EQ(0, frozen(self->b));
	}
}

TEST_F(freezer, who_computes_stops_when_moved_in)
{
	pid_t pid = runner_start(self->b, runner_spin, self->steps);

	ASSERT_TRUE(runner_runs(self->steps));
	ASSERT_TRUE(freeze(self->a));
	ASSERT_EQ(0, cg_enter(self->a, pid));
	EXPECT_TRUE(becomes_frozen(self->a, 1));
	EXPECT_TRUE(runner_stands(self->steps));
	ASSERT_EQ(0, cg_enter(self->b, pid));
	EXPECT_TRUE(runner_runs(self->steps));
}

TEST_F(freezer, who_enters_by_itself_stops_there)
{
	pid_t pid = cg_fork_into(self->b, 0);

	ASSERT_TRUE(!pid || freeze(self->a));
	if (!pid) {
		while (frozen(self->a) != 1)
			sched_yield();
		must(!cg_enter(self->a, 0));
		self->steps[0] = 1;
		_exit(7);
	}
	ASSERT_EQ(0, cg_await_empty(self->b));
	EXPECT_TRUE(becomes_frozen(self->a, 1));
	EXPECT_TRUE(runner_stands(self->steps));
	EXPECT_EQ(0, self->steps[0]);
	ASSERT_EQ(0, thaw(self->a));
	EXPECT_EQ(7, proc_end(pid));
}

TEST_F(freezer, from_one_frozen_cgroup_to_the_next_it_does_not_run)
{
	pid_t pid = ticker(self->a, self->steps);
	unsigned long before;

	ASSERT_TRUE(freeze(self->a));
	ASSERT_TRUE(freeze(self->b));
	before = self->steps[0];
	for (int i = 0; i < 10; i++) {
		ASSERT_EQ(0, cg_enter(i % 2 ? self->a : self->b, pid));
		EXPECT_TRUE(becomes_frozen(i % 2 ? self->a : self->b, 1));
		EXPECT_TRUE(becomes_frozen(i % 2 ? self->b : self->a, 1));
	}
	EXPECT_TRUE(runner_stands(self->steps));
	EXPECT_EQ(before, self->steps[0]);
	/* The one that it left has no say. */
	ASSERT_EQ(0, thaw(self->b));
	EXPECT_TRUE(runner_stands(self->steps));
	ASSERT_EQ(0, thaw(self->a));
	EXPECT_TRUE(runner_runs(self->steps));
}

TEST_F(freezer, a_process_of_many_threads_moves_whole)
{
	pid_t pid = cg_fork_into(self->b, 0);

	if (!pid) {
		for (int i = 1; i < 4; i++) {
			pthread_t t;

			must(!pthread_create(&t, NULL,
					     (void *(*)(void *))runner_tick,
					     (void *)(self->steps + i)));
		}
		runner_tick(self->steps);
	}
	for (int i = 0; i < 4; i++)
		ASSERT_TRUE(runner_runs(self->steps + i));
	ASSERT_TRUE(freeze(self->a));
	ASSERT_EQ(0, cg_enter(self->a, pid));
	EXPECT_TRUE(becomes_frozen(self->a, 1));
	for (int i = 0; i < 4; i++)
		EXPECT_TRUE(runner_stands(self->steps + i));
	ASSERT_EQ(0, cg_enter(self->b, pid));
	for (int i = 0; i < 4; i++)
		EXPECT_TRUE(runner_runs(self->steps + i));
}

TEST_F(freezer, a_stopped_process_is_moved_in_and_out)
{
	pid_t pid = ticker(self->b, self->steps);
	int status;

	ASSERT_EQ(0, kill(pid, SIGSTOP));
	ASSERT_EQ(pid, waitpid(pid, &status, WUNTRACED));
	ASSERT_TRUE(freeze(self->a));
	ASSERT_EQ(0, cg_enter(self->a, pid));
	EXPECT_TRUE(becomes_frozen(self->a, 1));
	ASSERT_EQ(0, cg_enter(self->b, pid));
	EXPECT_TRUE(becomes_frozen(self->a, 1));
	EXPECT_TRUE(runner_stands(self->steps));
	EXPECT_EQ('T', task_state(pid));
	ASSERT_EQ(0, kill(pid, SIGCONT));
	EXPECT_TRUE(runner_runs(self->steps));
	/* The count of frozen tasks came out even on both sides. */
	ASSERT_TRUE(freeze(self->b));
	EXPECT_TRUE(runner_stands(self->steps));
	ASSERT_EQ(0, thaw(self->b));
	EXPECT_EQ(0, frozen(self->b));
	EXPECT_TRUE(runner_runs(self->steps));
}

TEST_F(freezer, a_process_born_into_it_does_not_run)
{
	pid_t pid;

	ASSERT_TRUE(freeze(self->a));
	pid = cg_fork_into(self->a, 0);
	if (!pid) {
		self->steps[0] = 1;
		_exit(7);
	}
	ASSERT_GT(pid, 0);
	EXPECT_TRUE(becomes_frozen(self->a, 1));
	EXPECT_EQ(1, cg_key(self->a, "cgroup.events", "populated"));
	EXPECT_TRUE(runner_stands(self->steps));
	EXPECT_EQ(0, self->steps[0]);
	/* it goes to its place when it is first given a CPU */
	EXPECT_TRUE(EVENTUALLY(task_state(pid) == 'S'));
	ASSERT_EQ(0, thaw(self->a));
	EXPECT_EQ(7, proc_end(pid));
}

TEST_F(freezer, a_process_born_into_it_is_killed)
{
	pid_t pid;

	ASSERT_TRUE(freeze(self->a));
	pid = cg_fork_into(self->a, 0);
	if (!pid) {
		self->steps[0] = 1;
		_exit(7);
	}
	ASSERT_GT(pid, 0);
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
	EXPECT_EQ(0, cg_await_empty(self->a));
	EXPECT_EQ(0, self->steps[0]);
}

TEST_F(freezer, a_process_born_into_it_goes_on_elsewhere)
{
	pid_t pid;

	ASSERT_TRUE(freeze(self->a));
	pid = cg_fork_into(self->a, 0);
	if (!pid)
		_exit(7);
	ASSERT_GT(pid, 0);
	ASSERT_EQ(0, cg_enter(self->b, pid));
	EXPECT_EQ(7, proc_end(pid));
	EXPECT_EQ(1, frozen(self->a));
}

/* clone3(CLONE_VFORK) into the cold: the parent waits for a child that waits. */
TEST_F(freezer, a_vfork_into_it_waits_for_the_thaw)
{
	struct baton born = baton_make();
	pid_t parent;

	ASSERT_TRUE(freeze(self->a));
	parent = cg_fork_into(self->b, 0);
	if (!parent) {
		pid_t pid = cg_fork_into(self->a, CLONE_VFORK);

		if (!pid)
			_exit(7);
		baton_pass(&born, pid);
		_exit(proc_end(pid));
	}
	EXPECT_EQ(0, proc_poll(born.fd[0], POLLIN, RUNNER_LOOK_MS));
	EXPECT_TRUE(becomes_frozen(self->a, 1));
	ASSERT_EQ(0, thaw(self->a));
	EXPECT_GT(baton_take(&born), 0);
	EXPECT_EQ(7, proc_end(parent));
}

TEST_F(freezer, the_children_of_a_frozen_process_elsewhere_run)
{
	pid_t pid = cg_fork_into(self->a, 0);

	if (!pid) {
		pid = cg_fork_into(self->b, 0);
		if (!pid)
			runner_tick(self->steps);
		proc_sleep_forever();
	}
	ASSERT_TRUE(runner_runs(self->steps));
	ASSERT_TRUE(freeze(self->a));
	EXPECT_TRUE(runner_runs(self->steps));
}

/* @dir and the threaded cgroup @t below it, into which @tid shall go. */
static void make_threaded(const char *cg)
{
	must(!cg_create(cg));
	must(!cg_write(cg, "cgroup.type", "threaded"));
}

static void *tell_tid_and_tick(void *arg)
{
	volatile unsigned long *steps = arg;

	steps[32] = syscall(SYS_gettid);
	runner_tick(steps);
}

TEST_F(freezer, in_a_threaded_subtree_a_thread_stops_alone)
{
	char t[700];
	pid_t pid;

	snprintf(t, sizeof(t), "%s/t", self->a);
	make_threaded(t);
	pid = cg_fork_into(self->a, 0);
	if (!pid) {
		pthread_t thread;

		must(!pthread_create(&thread, NULL, tell_tid_and_tick,
				     (void *)(self->steps + 1)));
		runner_tick(self->steps);
	}
	ASSERT_TRUE(runner_runs(self->steps + 1));
	ASSERT_EQ(0, cg_write_number(t, "cgroup.threads", self->steps[33]));
	ASSERT_TRUE(freeze(t));
	EXPECT_TRUE(runner_stands(self->steps + 1));
	EXPECT_TRUE(runner_runs(self->steps));
	EXPECT_EQ(0, frozen(self->a));
	/* By thread, too, it is moved out and in. */
	ASSERT_EQ(0, cg_write_number(self->a, "cgroup.threads",
				     self->steps[33]));
	EXPECT_TRUE(runner_runs(self->steps + 1));
	ASSERT_EQ(0, cg_write_number(t, "cgroup.threads", self->steps[33]));
	EXPECT_TRUE(becomes_frozen(t, 1));
	EXPECT_TRUE(runner_stands(self->steps + 1));
	/* The leader's cgroup above takes both. */
	ASSERT_TRUE(freeze(self->a));
	EXPECT_TRUE(runner_stands(self->steps));
	ASSERT_EQ(0, thaw(self->a));
	EXPECT_TRUE(runner_runs(self->steps));
	EXPECT_TRUE(runner_stands(self->steps + 1));
	/* One frozen thread does not make the process immortal. */
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
}

TEST_F(freezer, the_process_list_of_a_frozen_cgroup_can_be_read)
{
	char text[256];
	pid_t pid = ticker(self->a, self->steps);

	ASSERT_TRUE(freeze(self->a));
	EXPECT_EQ(pid, cg_number(self->a, "cgroup.procs"));
	snprintf(text, sizeof(text), "/proc/%d/cgroup", pid);
	EXPECT_GT(file_read(text, text, sizeof(text)), 0);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * The freezer of cgroup v1, whose state goes from THAWED over FREEZING to
 * FROZEN, and whose frozen processes are out of reach even of SIGKILL.
 *
 * Promises from admin-guide/cgroup-v1/freezer-subsystem.rst; what it calls
 * "shortcomings", with the description of commit 76f969e8948d ("cgroup: cgroup
 * v2 freezer"), is held on to where it can be seen from user space.
 */
#include "kselftest_harness.h"
#include <sys/ptrace.h>
#include "cgroup.h"
#include "dwait.h"
#include "runner.h"

FIXTURE(freezer_v1)
{
	char root[256];
	char top[512], a[600], b[600], below[700];
	volatile unsigned long *steps;
};

FIXTURE_SETUP(freezer_v1)
{
	if (cg_mount_point("freezer", self->root, sizeof(self->root)))
		SKIP(return, "no cgroup v1 hierarchy with the freezer");
	snprintf(self->top, sizeof(self->top), "%s/freezer.%d", self->root,
		 getpid());
	snprintf(self->a, sizeof(self->a), "%s/a", self->top);
	snprintf(self->b, sizeof(self->b), "%s/b", self->top);
	snprintf(self->below, sizeof(self->below), "%s/below", self->a);
	ASSERT_EQ(0, cg_create(self->top));
	ASSERT_EQ(0, cg_create(self->a));
	ASSERT_EQ(0, cg_create(self->b));
	ASSERT_EQ(0, cg_create(self->below));
	self->steps = runner_counters(64);
}

/* v1 has no cgroup.kill, and its frozen processes do not die: thaw first. */
static void thaw_and_kill(const char *cg)
{
	cg_write(cg, "freezer.state", "THAWED");
	cg_kill_each(cg);
}

FIXTURE_TEARDOWN_PARENT(freezer_v1)
{
	if (!self->top[0])
		return;
	thaw_and_kill(self->top);
	thaw_and_kill(self->a);
	thaw_and_kill(self->b);
	thaw_and_kill(self->below);
	cg_remove_tree(self->top);
}

static bool is(const char *cg, const char *state)
{
	char text[64];

	return cg_read(cg, "freezer.state", text, sizeof(text)) > 0 &&
	       !strcmp(text, state);
}

/* There is no event for it: freezer.state is to be read again and again. */
static bool becomes(const char *cg, const char *state)
{
	long long end = runner_now_ms() + PROC_HANG_MS;

	while (!is(cg, state)) {
		if (runner_now_ms() > end)
			return false;
		runner_nap();
	}
	return true;
}

static bool freeze(const char *cg)
{
	return !cg_write(cg, "freezer.state", "FROZEN") &&
	       becomes(cg, "FROZEN");
}

static int thaw(const char *cg)
{
	return cg_write(cg, "freezer.state", "THAWED");
}

/* A process that moves into @cg and does @life there. */
static pid_t start(const char *cg, void (*life)(volatile unsigned long *),
		   volatile unsigned long *steps)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!cg_enter(cg, 0));
		life(steps);
		_exit(1);
	}
	must(pid > 0 && runner_runs(steps));
	return pid;
}

static pid_t ticker(const char *cg, volatile unsigned long *steps)
{
	return start(cg, runner_tick, steps);
}

TEST_F(freezer_v1, a_new_cgroup_is_thawed)
{
	EXPECT_TRUE(is(self->a, "THAWED"));
	EXPECT_EQ(0, cg_number(self->a, "freezer.self_freezing"));
	EXPECT_EQ(0, cg_number(self->a, "freezer.parent_freezing"));
}

TEST_F(freezer_v1, the_root_has_no_such_files)
{
	EXPECT_FALSE(cg_has(self->root, "freezer.state"));
	EXPECT_FALSE(cg_has(self->root, "freezer.self_freezing"));
	EXPECT_FALSE(cg_has(self->root, "freezer.parent_freezing"));
}

TEST_F(freezer_v1, two_words_are_taken)
{
	EXPECT_EQ(0, cg_write(self->b, "freezer.state", "FROZEN\n"));
	EXPECT_TRUE(is(self->b, "FROZEN"));
	EXPECT_EQ(0, cg_write(self->b, "freezer.state", "FROZEN"));
	EXPECT_EQ(0, cg_write(self->b, "freezer.state", " THAWED "));
	EXPECT_TRUE(is(self->b, "THAWED"));
	EXPECT_EQ(0, cg_write(self->b, "freezer.state", "THAWED"));
}

TEST_F(freezer_v1, other_words_are_refused)
{
	static const char * const bad[] = {
		"FREEZING", "frozen", "thawed", "FROZEN 1", "FROZENX", "FROZE",
		"1", "0", "\n", " ", "THAWED FROZEN",
	};

	for (int state = 0; state <= 1; state++) {
		ASSERT_EQ(0, cg_write(self->b, "freezer.state",
				      state ? "FROZEN" : "THAWED"));
		for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
			EXPECT_EQ(-EINVAL, cg_write(self->b, "freezer.state",
						    bad[i]))
				TH_LOG("writing '%s'", bad[i]);
		}
		EXPECT_EQ(state, cg_number(self->b, "freezer.self_freezing"));
	}
}

TEST_F(freezer_v1, the_two_flags_are_read_only)
{
	EXPECT_NE(0, cg_write(self->a, "freezer.self_freezing", "1"));
	EXPECT_NE(0, cg_write(self->a, "freezer.parent_freezing", "1"));
	EXPECT_TRUE(is(self->a, "THAWED"));
}

TEST_F(freezer_v1, an_ordinary_user_may_not)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(cg_write(self->a, "freezer.state", "FROZEN") == -EACCES);
		must(is(self->a, "THAWED"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(freezer_v1, all_in_it_stop_and_go_on)
{
	ticker(self->a, self->steps);
	start(self->a, runner_spin, self->steps + 1);
	for (int i = 0; i < 3; i++) {
		ASSERT_TRUE(freeze(self->a));
		EXPECT_TRUE(runner_stands(self->steps));
		EXPECT_TRUE(runner_stands(self->steps + 1));
		ASSERT_EQ(0, thaw(self->a));
		EXPECT_TRUE(is(self->a, "THAWED"));
		EXPECT_TRUE(runner_runs(self->steps));
		EXPECT_TRUE(runner_runs(self->steps + 1));
	}
}

TEST_F(freezer_v1, an_empty_cgroup_is_frozen_at_once)
{
	ASSERT_EQ(0, cg_write(self->b, "freezer.state", "FROZEN"));
	EXPECT_TRUE(is(self->b, "FROZEN"));
	EXPECT_EQ(1, cg_number(self->b, "freezer.self_freezing"));
	EXPECT_EQ(0, cg_number(self->b, "freezer.parent_freezing"));
}

/* "FREEZING cgroup transitions into FROZEN state when all tasks ... become" */
TEST_F(freezer_v1, it_is_freezing_until_the_last_one_is_frozen)
{
	struct dwait d;
	pid_t pid;

	if (!dwait_begin(&d))
		SKIP(return, "no userfaultfd");
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!cg_enter(self->below, 0));
		dwait_sleep(&d);
		runner_tick(self->steps);
	}
	ASSERT_TRUE(dwait_sleeps(pid));
	ticker(self->below, self->steps + 1);
	ASSERT_EQ(0, cg_write(self->a, "freezer.state", "FROZEN"));
	while (!runner_stands(self->steps + 1))
		;
	EXPECT_TRUE(is(self->below, "FREEZING"));
	EXPECT_TRUE(is(self->a, "FREEZING"));
	EXPECT_EQ(1, cg_number(self->a, "freezer.self_freezing"));
	EXPECT_EQ(1, cg_number(self->below, "freezer.parent_freezing"));
	dwait_end(&d);
	EXPECT_TRUE(becomes(self->a, "FROZEN"));
	EXPECT_TRUE(is(self->below, "FROZEN"));
	EXPECT_EQ(0, self->steps[0]);
	ASSERT_EQ(0, thaw(self->a));
	EXPECT_TRUE(runner_runs(self->steps));
}

TEST_F(freezer_v1, a_thaw_calls_the_freezing_off)
{
	struct dwait d;
	pid_t pid;

	if (!dwait_begin(&d))
		SKIP(return, "no userfaultfd");
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!cg_enter(self->a, 0));
		dwait_sleep(&d);
		runner_tick(self->steps);
	}
	ASSERT_TRUE(dwait_sleeps(pid));
	ASSERT_EQ(0, cg_write(self->a, "freezer.state", "FROZEN"));
	EXPECT_TRUE(is(self->a, "FREEZING"));
	ASSERT_EQ(0, thaw(self->a));
	EXPECT_TRUE(is(self->a, "THAWED"));
	dwait_end(&d);
	EXPECT_TRUE(runner_runs(self->steps));
}

TEST_F(freezer_v1, all_below_stop_and_the_neighbours_run_on)
{
	ticker(self->a, self->steps);
	ticker(self->below, self->steps + 1);
	ticker(self->b, self->steps + 2);
	ticker(self->top, self->steps + 3);
	ASSERT_TRUE(freeze(self->a));
	EXPECT_TRUE(is(self->below, "FROZEN"));
	EXPECT_TRUE(runner_stands(self->steps));
	EXPECT_TRUE(runner_stands(self->steps + 1));
	EXPECT_TRUE(runner_runs(self->steps + 2));
	EXPECT_TRUE(runner_runs(self->steps + 3));
	EXPECT_TRUE(is(self->b, "THAWED"));
	EXPECT_TRUE(is(self->top, "THAWED"));
	EXPECT_EQ(0, cg_number(self->below, "freezer.self_freezing"));
	EXPECT_EQ(1, cg_number(self->below, "freezer.parent_freezing"));
	ASSERT_EQ(0, thaw(self->a));
	EXPECT_TRUE(is(self->below, "THAWED"));
	EXPECT_EQ(0, cg_number(self->below, "freezer.parent_freezing"));
	EXPECT_TRUE(runner_runs(self->steps));
	EXPECT_TRUE(runner_runs(self->steps + 1));
}

TEST_F(freezer_v1, below_a_frozen_one_a_thaw_changes_the_own_state_only)
{
	ticker(self->below, self->steps);
	ASSERT_TRUE(freeze(self->below));
	ASSERT_TRUE(freeze(self->top));
	EXPECT_EQ(1, cg_number(self->below, "freezer.self_freezing"));
	EXPECT_EQ(1, cg_number(self->below, "freezer.parent_freezing"));
	ASSERT_EQ(0, thaw(self->below));
	EXPECT_EQ(0, cg_number(self->below, "freezer.self_freezing"));
	EXPECT_TRUE(is(self->below, "FROZEN"));
	EXPECT_TRUE(runner_stands(self->steps));
	ASSERT_EQ(0, thaw(self->top));
	EXPECT_TRUE(is(self->below, "THAWED"));
	EXPECT_TRUE(runner_runs(self->steps));
}

TEST_F(freezer_v1, what_froze_itself_outlives_the_thaw_above)
{
	ticker(self->below, self->steps);
	ASSERT_TRUE(freeze(self->top));
	ASSERT_EQ(0, cg_write(self->below, "freezer.state", "FROZEN"));
	ASSERT_EQ(0, thaw(self->top));
	EXPECT_TRUE(is(self->below, "FROZEN"));
	EXPECT_TRUE(is(self->a, "THAWED"));
	EXPECT_EQ(1, cg_number(self->below, "freezer.self_freezing"));
	EXPECT_EQ(0, cg_number(self->below, "freezer.parent_freezing"));
	EXPECT_TRUE(runner_stands(self->steps));
	ASSERT_EQ(0, thaw(self->below));
	EXPECT_TRUE(runner_runs(self->steps));
}

TEST_F(freezer_v1, a_cgroup_made_below_is_frozen_from_birth)
{
	char own[800];
	pid_t pid;

	snprintf(own, sizeof(own), "%s/own", self->below);
	ASSERT_TRUE(freeze(self->top));
	ASSERT_EQ(0, cg_create(own));
	EXPECT_TRUE(is(own, "FROZEN"));
	EXPECT_EQ(1, cg_number(own, "freezer.parent_freezing"));
	pid = ticker(self->root, self->steps);
	ASSERT_EQ(0, cg_enter(own, pid));
	EXPECT_TRUE(becomes(own, "FROZEN"));
	EXPECT_TRUE(runner_stands(self->steps));
	ASSERT_EQ(0, thaw(self->top));
	EXPECT_TRUE(runner_runs(self->steps));
	/* Nobody is left of it a moment after it was waited for. */
	proc_kill(pid);
	while (cg_remove(own) == -EBUSY)
		runner_nap();
	EXPECT_FALSE(cg_has(own, "freezer.state"));
}

TEST_F(freezer_v1, a_frozen_and_empty_cgroup_is_removed)
{
	ASSERT_TRUE(freeze(self->a));
	EXPECT_EQ(0, cg_remove(self->below));
	EXPECT_TRUE(is(self->a, "FROZEN"));
	EXPECT_EQ(0, cg_remove(self->a));
	ASSERT_EQ(0, cg_create(self->a));
	EXPECT_TRUE(is(self->a, "THAWED"));
}

TEST_F(freezer_v1, moved_in_it_stops_and_moved_out_it_runs)
{
	pid_t pid = ticker(self->b, self->steps);

	ASSERT_TRUE(freeze(self->a));
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, cg_enter(self->a, pid));
		EXPECT_TRUE(becomes(self->a, "FROZEN"));
		EXPECT_TRUE(runner_stands(self->steps));
		ASSERT_EQ(0, cg_enter(self->b, pid));
		EXPECT_TRUE(runner_runs(self->steps));
	}
}

/* "a cgroup reverts to FREEZING from FROZEN after a new task is added" */
TEST_F(freezer_v1, a_newcomer_makes_it_freezing_again)
{
	struct dwait d;
	pid_t pid;

	if (!dwait_begin(&d))
		SKIP(return, "no userfaultfd");
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!cg_enter(self->b, 0));
		dwait_sleep(&d);
		runner_tick(self->steps);
	}
	ASSERT_TRUE(dwait_sleeps(pid));
	ASSERT_TRUE(freeze(self->a));
	ASSERT_TRUE(is(self->below, "FROZEN"));
	ASSERT_EQ(0, cg_enter(self->below, pid));
	EXPECT_TRUE(is(self->below, "FREEZING"));
	EXPECT_TRUE(is(self->a, "FREEZING"));
	dwait_end(&d);
	EXPECT_TRUE(becomes(self->a, "FROZEN"));
	EXPECT_TRUE(is(self->below, "FROZEN"));
	EXPECT_EQ(0, self->steps[0]);
}

TEST_F(freezer_v1, who_enters_by_itself_stops_there)
{
	pid_t pid;

	ASSERT_TRUE(freeze(self->b));
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!cg_enter(self->b, 0));
		self->steps[0] = 1;
		_exit(7);
	}
	while (cg_number(self->b, "cgroup.procs") != pid)
		runner_nap();
	EXPECT_TRUE(becomes(self->b, "FROZEN"));
	EXPECT_TRUE(runner_stands(self->steps));
	EXPECT_EQ(0, self->steps[0]);
	ASSERT_EQ(0, thaw(self->b));
	EXPECT_EQ(7, proc_end(pid));
}

TEST_F(freezer_v1, a_thread_is_moved_in_alone)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		pthread_t thread;

		must(!cg_enter(self->b, 0));
		must(!pthread_create(&thread, NULL,
				     (void *(*)(void *))runner_tick,
				     (void *)(self->steps + 1)));
		self->steps[2] = 1;
		runner_tick(self->steps);
	}
	ASSERT_TRUE(runner_runs(self->steps));
	ASSERT_TRUE(runner_runs(self->steps + 1));
	ASSERT_TRUE(freeze(self->a));
	/* The leader's tid is the process's. */
	ASSERT_EQ(0, cg_write_number(self->a, "tasks", pid));
	EXPECT_TRUE(becomes(self->a, "FROZEN"));
	EXPECT_TRUE(runner_stands(self->steps));
	EXPECT_TRUE(runner_runs(self->steps + 1));
	ASSERT_EQ(0, cg_write_number(self->b, "tasks", pid));
	EXPECT_TRUE(runner_runs(self->steps));
}

/* Not so in v2: who is frozen here does not even die before the thaw. */
TEST_F(freezer_v1, sigkill_waits_for_the_thaw)
{
	pid_t pid[2];

	pid[0] = ticker(self->a, self->steps);
	pid[1] = start(self->a, runner_spin, self->steps + 1);
	ASSERT_TRUE(freeze(self->a));
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, kill(pid[i], SIGKILL));
	poll(NULL, 0, RUNNER_LOOK_MS);
	for (int i = 0; i < 2; i++)
		EXPECT_EQ(0, waitpid(pid[i], NULL, WNOHANG));
	EXPECT_TRUE(is(self->a, "FROZEN"));
	ASSERT_EQ(0, thaw(self->a));
	for (int i = 0; i < 2; i++)
		EXPECT_EQ(-SIGKILL, proc_end(pid[i]));
}

TEST_F(freezer_v1, moved_out_a_killed_process_dies)
{
	pid_t pid = ticker(self->a, self->steps);

	ASSERT_TRUE(freeze(self->a));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(0, cg_enter(self->b, pid));
	EXPECT_EQ(-SIGKILL, proc_end(pid));
}

TEST_F(freezer_v1, a_tracer_waits_for_the_thaw)
{
	pid_t pid = ticker(self->a, self->steps);
	int status;

	ASSERT_TRUE(freeze(self->a));
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, pid, NULL, NULL));
	ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, pid, NULL, NULL));
	poll(NULL, 0, RUNNER_LOOK_MS);
	EXPECT_EQ(0, waitpid(pid, &status, __WALL | WNOHANG));
	ASSERT_EQ(0, thaw(self->a));
	ASSERT_EQ(pid, waitpid(pid, &status, __WALL));
	EXPECT_TRUE(WIFSTOPPED(status));
	ASSERT_EQ(0, ptrace(PTRACE_DETACH, pid, NULL, NULL));
	EXPECT_TRUE(runner_runs(self->steps));
}

/*
 * "the cgroup freezer ... prevents the freeze/unfreeze cycle from becoming
 * visible to the tasks being frozen", and to who waits for them.
 */
TEST_F(freezer_v1, nobody_sees_the_frost)
{
	struct baton to = baton_make(), from = baton_make();
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!cg_enter(self->a, 0));
		for (;;)
			baton_pass(&from, baton_take(&to) + 1);
	}
	baton_pass(&to, 1);
	ASSERT_EQ(2, baton_take(&from));
	ASSERT_TRUE(freeze(self->a));
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG | WUNTRACED | WCONTINUED));
	baton_pass(&to, 10);
	EXPECT_EQ(0, proc_poll(from.fd[0], POLLIN, RUNNER_LOOK_MS));
	ASSERT_EQ(0, thaw(self->a));
	EXPECT_EQ(11, baton_take(&from));
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG | WUNTRACED | WCONTINUED));
}

/*
 * Its parent hears of the stop before it stands still. One of a real-time class
 * runs at once, and asks for the freeze while the process is still on its way.
 */
TEST_F(freezer_v1, a_process_about_to_stop_is_frozen)
{
	struct sched_param first = { .sched_priority = 1 };
	pid_t pid = ticker(self->a, self->steps);
	int status;

	ASSERT_EQ(0, sched_setscheduler(0, SCHED_FIFO, &first));
	for (int round = 0; round < 5; round++) {
		ASSERT_EQ(0, kill(pid, SIGSTOP));
		ASSERT_EQ(pid, waitpid(pid, &status, WUNTRACED));
		if (!freeze(self->a))
			SKIP(return, "mended by base-fixes: who was about to stop is not frozen");
		ASSERT_EQ(0, thaw(self->a));
		ASSERT_EQ(0, kill(pid, SIGCONT));
		ASSERT_TRUE(runner_runs(self->steps));
	}
}

TEST_F(freezer_v1, a_stopped_process_is_frozen_and_still_stopped_after)
{
	pid_t pid = ticker(self->a, self->steps);
	int status;

	ASSERT_EQ(0, kill(pid, SIGSTOP));
	ASSERT_EQ(pid, waitpid(pid, &status, WUNTRACED));
	ASSERT_TRUE(freeze(self->a));
	ASSERT_EQ(0, thaw(self->a));
	EXPECT_TRUE(runner_stands(self->steps));
	ASSERT_EQ(0, kill(pid, SIGCONT));
	EXPECT_TRUE(runner_runs(self->steps));
	/* SIGCONT while frozen counts, too, after the thaw. */
	ASSERT_EQ(0, kill(pid, SIGSTOP));
	ASSERT_EQ(pid, waitpid(pid, &status, WUNTRACED));
	ASSERT_TRUE(freeze(self->a));
	ASSERT_EQ(0, kill(pid, SIGCONT));
	EXPECT_TRUE(runner_stands(self->steps));
	ASSERT_EQ(0, thaw(self->a));
	EXPECT_TRUE(runner_runs(self->steps));
}

TEST_F(freezer_v1, a_vfork_parent_is_frozen)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!cg_enter(self->a, 0));
		if (!vfork())
			runner_tick(self->steps);
		_exit(0);
	}
	ASSERT_TRUE(runner_runs(self->steps));
	ASSERT_TRUE(freeze(self->a));
	EXPECT_TRUE(runner_stands(self->steps));
	ASSERT_EQ(0, thaw(self->a));
	EXPECT_TRUE(runner_runs(self->steps));
}

/* Children are born where their parent lives, and stop with it. */
TEST_F(freezer_v1, a_forking_process_is_frozen_with_all_its_children)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!cg_enter(self->a, 0));
		for (;;) {
			pid_t child = fork();

			if (!child)
				_exit(0);
			must(child > 0 && proc_end(child) == 0);
			++self->steps[0];
		}
	}
	for (int i = 0; i < 10; i++) {
		ASSERT_TRUE(runner_runs(self->steps));
		ASSERT_TRUE(freeze(self->a));
		if (!i)
			EXPECT_TRUE(runner_stands(self->steps));
		ASSERT_EQ(0, thaw(self->a));
	}
}

TEST_HARNESS_MAIN

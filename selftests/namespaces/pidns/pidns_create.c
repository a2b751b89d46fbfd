// SPDX-License-Identifier: GPL-2.0
/*
 * Making and entering pid namespaces: clone(2), unshare(2), setns(2), who may,
 * how deep, how many, and with which numbers.
 *
 * Promises from pid_namespaces(7), clone(2), unshare(2), setns(2),
 * namespaces(7).
 */
#include "kselftest_harness.h"
#include "ns.h"
#include "proc.h"

/* pid_namespaces(7): "up to 32" below the initial one. */
#define MAX_DEPTH	32

TEST(clone_child_is_pid_1_without_a_parent)
{
	pid_t pid = proc_fork_bound(CLONE_NEWPID);

	if (!pid) {
		must(getpid() == 1);
		must(syscall(SYS_gettid) == 1);
		must(getppid() == 0);
		_exit(0);
	}
	ASSERT_GT(pid, 1);
	EXPECT_EQ(0, proc_end(pid));
}

TEST(vfork_child_is_pid_1)
{
	volatile pid_t seen = 0;
	pid_t pid = fork();

	if (!pid) {
		must(!unshare(CLONE_NEWPID));
		pid = vfork();
		if (!pid) {
			seen = getpid();
			_exit(0);
		}
		must(pid > 1);
		must(proc_end(pid) == 0);
		must(seen == 1);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(unshare_leaves_the_caller_where_it_is)
{
	int before = ns_open(0, "pid"), after;
	pid_t self = getpid(), parent = getppid();

	ASSERT_GE(before, 0);
	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	EXPECT_EQ(self, getpid());
	EXPECT_EQ(parent, getppid());
	after = ns_open(0, "pid");
	ASSERT_GE(after, 0);
	EXPECT_TRUE(ns_same(before, after));
}

TEST(unshare_makes_the_first_child_init_and_later_ones_its_fellows)
{
	struct baton go = baton_make();
	pid_t init, pid;

	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	init = proc_fork_bound(0);
	if (!init) {
		must(getpid() == 1);
		must(getppid() == 0);
		baton_take(&go);
		_exit(0);
	}
	for (int expected = 2; expected <= 3; expected++) {
		pid = fork();
		if (!pid) {
			must(getpid() == expected);
			/* The parent lives outside, so there is none to name. */
			must(getppid() == 0);
			_exit(0);
		}
		EXPECT_EQ(0, proc_end(pid));
	}
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(init));
}

TEST(a_second_unshare_is_refused)
{
	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	EXPECT_EQ(-1, unshare(CLONE_NEWPID));
	EXPECT_EQ(EINVAL, errno);
}

TEST(clone_after_unshare_is_refused)
{
	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	EXPECT_EQ(-EINVAL, proc_fork(CLONE_NEWPID));
}

TEST(a_thread_cannot_have_a_pid_namespace_of_its_own)
{
	static char stack[16384];
	const uint64_t thread = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD;
	struct clone_args args = {
		.flags = thread | CLONE_NEWPID,
		.stack = (uintptr_t)stack,
		.stack_size = sizeof(stack),
	};

	EXPECT_EQ(-EINVAL, proc_clone3(&args));
	EXPECT_EQ(-1, syscall(SYS_clone, thread | CLONE_NEWPID,
			      stack + sizeof(stack), NULL, NULL, 0));
	EXPECT_EQ(EINVAL, errno);
}

/* Its pid would be in another namespace than its thread group's. */
TEST(no_thread_is_made_after_unshare)
{
	static char stack[16384];
	struct clone_args args = {
		.flags = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD,
		.stack = (uintptr_t)stack,
		.stack_size = sizeof(stack),
	};

	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	EXPECT_EQ(-EINVAL, proc_clone3(&args));
}

TEST(init_cannot_make_siblings)
{
	pid_t pid = proc_fork_bound(CLONE_NEWPID);

	if (!pid) {
		struct clone_args args = { .flags = CLONE_PARENT };

		must(proc_clone3(&args) == -EINVAL);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(every_level_has_its_own_number)
{
	pid_t outer, pid = proc_fork_bound(CLONE_NEWPID);

	if (!pid) {
		/* Waste a number, so that the levels differ. */
		outer = fork();
		if (!outer)
			_exit(0);
		must(outer == 2 && proc_end(outer) == 0);
		pid = proc_fork(CLONE_NEWPID);
		if (!pid) {
			int levels[MAX_DEPTH + 1], n;
			char text[256], *at = text;

			must(getpid() == 1);
			must(!file_field("/proc/self/status", "NSpid", text,
					 sizeof(text)));
			for (n = 0; *at && n <= MAX_DEPTH; n++)
				levels[n] = strtol(at, &at, 10);
			/* Our /proc is the one of the root namespace. */
			must(n >= 3);
			must(levels[n - 1] == 1);
			must(levels[n - 2] == 3);
			must(levels[n - 3] > 1);
			_exit(0);
		}
		must(pid == 3);
		_exit(proc_end(pid));
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(thirty_two_levels_and_no_more)
{
	pid_t pid;
	int depth;

	/* Each level reports the depth that was reached below it. */
	for (depth = 0; depth <= MAX_DEPTH; depth++) {
		pid = depth ? proc_fork(CLONE_NEWPID) :
			      proc_fork_bound(CLONE_NEWPID);
		if (pid)
			break;
		if (getpid() != 1)
			_exit(255);
	}
	if (!depth) {
		ASSERT_GT(pid, 0);
		EXPECT_EQ(MAX_DEPTH, proc_end(pid));
		return;
	}
	if (pid < 0)
		_exit(pid == -ENOSPC ? depth : 254);
	_exit(proc_end(pid));
}

TEST(max_pid_namespaces_bounds_what_a_user_namespace_makes)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		struct baton go = baton_make();
		pid_t first;

		must(!ns_become_user_root());
		must(!file_write("/proc/sys/user/max_pid_namespaces", "1"));
		first = proc_fork(CLONE_NEWPID);
		if (!first) {
			must(getpid() == 1);
			baton_take(&go);
			_exit(0);
		}
		must(first > 0);
		must(proc_fork(CLONE_NEWPID) == -ENOSPC);
		must(unshare(CLONE_NEWPID) == -1 && errno == ENOSPC);
		/* An ordinary child is not what is limited. */
		pid = fork();
		if (!pid)
			_exit(0);
		must(pid > 0 && proc_end(pid) == 0);
		baton_pass(&go, 0);
		_exit(proc_end(first));
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(a_limit_above_binds_the_user_namespaces_below)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!ns_become_user_root());
		must(!file_write("/proc/sys/user/max_pid_namespaces", "0"));
		must(!ns_become_user_root());
		must(proc_fork(CLONE_NEWPID) == -ENOSPC);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(without_privilege_it_is_refused)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(proc_fork(CLONE_NEWPID) == -EPERM);
		must(unshare(CLONE_NEWPID) == -1 && errno == EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(without_privilege_it_comes_with_a_user_namespace)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		pid = proc_fork(CLONE_NEWUSER | CLONE_NEWPID);
		if (!pid) {
			must(getpid() == 1);
			_exit(0);
		}
		must(pid > 0);
		_exit(proc_end(pid));
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(set_tid_1_is_init_and_nothing_else_can_be_first)
{
	pid_t tid = 2;
	struct clone_args args = {
		.flags = CLONE_NEWPID,
		.exit_signal = SIGCHLD,
		.set_tid = (uintptr_t)&tid,
		.set_tid_size = 1,
	};
	pid_t pid = proc_clone3(&args);

	if (!pid)
		_exit(1);
	EXPECT_EQ(-EINVAL, pid);
	tid = 1;
	pid = proc_clone3(&args);
	if (!pid)
		_exit(getpid() == 1 ? 0 : 1);
	ASSERT_GT(pid, 1);
	EXPECT_EQ(0, proc_end(pid));
}

TEST(set_tid_chooses_the_number_on_every_level)
{
	pid_t pid = proc_fork_bound(CLONE_NEWPID);

	if (!pid) {
		pid_t tids[] = { 1, 42 };
		struct clone_args args = {
			.flags = CLONE_NEWPID,
			.exit_signal = SIGCHLD,
			.set_tid = (uintptr_t)tids,
			.set_tid_size = 2,
		};

		pid = proc_clone3(&args);
		if (!pid) {
			must(getpid() == 1);
			proc_sleep_forever();
		}
		must(pid == 42);
		/* In use on the outer level, free on the inner one. */
		must(proc_clone3(&args) == -EEXIST);
		/* Refused without a trace: 42 is still ours to reap. */
		must(proc_kill(42) == -SIGKILL);
		pid = proc_clone3(&args);
		if (!pid)
			_exit(0);
		must(pid == 42 && proc_end(pid) == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(set_tid_for_more_levels_than_there_are_is_refused)
{
	pid_t tids[MAX_DEPTH + 1];
	struct clone_args args = {
		.exit_signal = SIGCHLD,
		.set_tid = (uintptr_t)tids,
	};
	char text[256], *at = text;
	size_t levels = 0;
	pid_t pid;

	ASSERT_EQ(0, file_field("/proc/self/status", "NSpid", text,
				sizeof(text)));
	for (; *at; levels++)
		strtol(at, &at, 10);
	ASSERT_LT(levels, MAX_DEPTH);
	for (size_t i = 0; i <= levels; i++)
		tids[i] = 20000;
	args.set_tid_size = levels + 1;
	pid = proc_clone3(&args);
	if (!pid)
		_exit(1);
	EXPECT_EQ(-EINVAL, pid);
}

TEST(set_tid_needs_privilege_on_every_level_it_names)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		pid_t tids[] = { 1, 20001 };
		struct clone_args args = {
			.flags = CLONE_NEWPID,
			.exit_signal = SIGCHLD,
			.set_tid = (uintptr_t)tids,
			.set_tid_size = 2,
		};

		proc_become_nobody();
		must(!ns_become_user_root());
		/* The outer level's numbers are not ours to choose. */
		must(proc_clone3(&args) == -EPERM);
		args.set_tid_size = 1;
		pid = proc_clone3(&args);
		if (!pid)
			_exit(getpid() == 1 ? 0 : 1);
		must(pid > 0);
		_exit(proc_end(pid));
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * clone3(2) with set_tid: which arguments are taken, which are refused, and
 * that a refusal leaves nothing behind.
 *
 * Promises from clone(2), "The set_tid array" and its ERRORS.
 */
#include "clone_pid.h"
#include <limits.h>
#include <sys/mman.h>

TEST(the_child_has_the_number)
{
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		pid_t tid = 4711, pid = fork_as(0, &tid, 1);

		if (!pid) {
			must(getpid() == 4711);
			must(syscall(SYS_gettid) == 4711);
			must(getpgrp() == 0 && getppid() == 1);
			_exit(5);
		}
		must(pid == 4711);
		must(proc_end(4711) == 5);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

TEST(the_number_is_chosen_in_the_initial_namespace_too)
{
	pid_t tid = 31234;

	if (own_levels() != 1)
		SKIP(return, "not in the initial pid namespace");
	EXPECT_EQ(tid, try_number(tid));
}

TEST(lowest_and_highest_number)
{
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		long max = file_number(PID_MAX);

		must(max > RESERVED_PIDS);
		must(try_number(2) == 2);
		must(try_number(max - 1) == max - 1);
		must(try_number(max) == -EINVAL);
		must(try_number(max + 1) == -EINVAL);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

TEST(zero_and_negative_numbers_are_refused)
{
	static const pid_t wrong[] = { 0, -1, -2, -300, INT_MIN, INT_MAX };

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_EQ(-EINVAL, try_number(wrong[i]))
			TH_LOG("number %d", wrong[i]);
	}
}

/* Zero is not "any number": a level that is named has to be named whole. */
TEST(a_wrong_number_on_one_level_refuses_all)
{
	static const pid_t wrong[][2] = {
		{ 50, 0 }, { 0, 50 }, { 50, -1 }, { -1, 50 },
		{ 50, INT_MAX }, { INT_MAX, 50 },
	};
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		if (!proc_fork(CLONE_NEWPID)) {
			for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
				must(fork_as(0, wrong[i], 2) == -EINVAL);
			must(try_number(50) == 50);
			_exit(0);
		}
		must(proc_end(2) == 0);
		must(try_number(50) == 50);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

TEST(an_array_without_a_size_and_a_size_without_an_array_are_refused)
{
	pid_t tid = 31235;

	EXPECT_EQ(-EINVAL, fork_as(0, &tid, 0));
	EXPECT_EQ(-EINVAL, fork_as(0, NULL, 1));
	EXPECT_EQ(-EINVAL, fork_as(0, NULL, MAX_DEPTH));
}

TEST(neither_of_both_is_an_ordinary_fork)
{
	pid_t pid = fork_as(0, NULL, 0);

	if (!pid)
		_exit(0);
	ASSERT_GT(pid, 0);
	EXPECT_EQ(0, proc_end(pid));
}

TEST(more_levels_than_can_exist_are_refused)
{
	static const uint64_t wrong[] = {
		MAX_DEPTH + 1, MAX_DEPTH + 2, 4096, UINT32_MAX,
		1ULL << 32, (1ULL << 32) + 1, UINT64_MAX,
	};
	pid_t tids[MAX_DEPTH + 2];

	for (size_t i = 0; i < ARRAY_SIZE(tids); i++)
		tids[i] = 31236;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_EQ(-EINVAL, fork_as(0, tids, wrong[i]))
			TH_LOG("%llu levels", (unsigned long long)wrong[i]);
	}
}

TEST(more_levels_than_there_are_are_refused)
{
	size_t levels = own_levels();
	pid_t tids[MAX_DEPTH];

	ASSERT_LT(levels, MAX_DEPTH);
	for (size_t i = 0; i < ARRAY_SIZE(tids); i++)
		tids[i] = 31237;
	EXPECT_EQ(-EINVAL, fork_as(0, tids, levels + 1));
	EXPECT_EQ(-EINVAL, fork_as(0, tids, MAX_DEPTH));
}

/* What is behind the last level named is nobody's business. */
TEST(no_more_is_read_than_was_named)
{
	long page = sysconf(_SC_PAGESIZE);
	char *two = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t *last = (pid_t *)(two + page) - 1, pid;

	ASSERT_NE(MAP_FAILED, two);
	ASSERT_EQ(0, mprotect(two + page, page, PROT_NONE));
	*last = 31238;
	pid = fork_as(0, last, 1);
	if (!pid)
		_exit(0);
	ASSERT_EQ(31238, pid);
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(-EFAULT, fork_as(0, last, 2));
	EXPECT_EQ(-EFAULT, fork_as(0, (pid_t *)(two + page), 1));
	EXPECT_EQ(-EFAULT, fork_as(0, (pid_t *)16, 1));
	EXPECT_EQ(-EFAULT, fork_as(0, (pid_t *)(-1UL << 47), 1));
}

TEST(the_array_is_read_from_memory_that_is_read_only)
{
	static const pid_t tid = 31239;

	EXPECT_EQ(tid, try_number(tid));
	EXPECT_EQ(tid, try_number(tid));
}

/* clone3's struct grew by set_tid; who sends the first one chooses nothing. */
TEST(the_struct_of_before_set_tid_still_forks)
{
	struct clone_args args = {
		.exit_signal = SIGCHLD,
		.set_tid = 16,
		.set_tid_size = 99,
	};
	pid_t pid = syscall(SYS_clone3, &args, CLONE_ARGS_SIZE_VER0);

	if (!pid)
		_exit(0);
	ASSERT_GT(pid, 0);
	EXPECT_EQ(0, proc_end(pid));
}

TEST(parents_and_childs_memory_and_the_pidfd_have_the_number)
{
	pid_t tid = 31240, pid;
	int *told = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), pidfd = -1;
	struct clone_args args = {
		.flags = CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_PIDFD,
		.exit_signal = SIGCHLD,
		.pidfd = (uintptr_t)&pidfd,
		.parent_tid = (uintptr_t)&told[0],
		.child_tid = (uintptr_t)&told[1],
		.set_tid = (uintptr_t)&tid,
		.set_tid_size = 1,
	};
	char path[64], text[64];

	ASSERT_NE(MAP_FAILED, told);
	pid = proc_clone3(&args);
	if (!pid) {
		must(told[1] == 31240);
		proc_sleep_forever();
	}
	ASSERT_EQ(31240, pid);
	EXPECT_EQ(31240, told[0]);
	EXPECT_EQ(0, told[1]);
	ASSERT_GE(pidfd, 0);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	ASSERT_EQ(0, file_field(path, "Pid", text, sizeof(text)));
	EXPECT_STREQ("31240", text);
	ASSERT_EQ(0, proc_pidfd_signal(pidfd, SIGTERM));
	EXPECT_EQ(-SIGTERM, proc_end(pid));
}

TEST(a_sibling_can_have_a_chosen_number)
{
	pid_t tid = 31241, self = getpid(), pid = proc_fork_bound(0);

	if (!pid) {
		pid = fork_as(CLONE_PARENT, &tid, 1);
		if (!pid)
			_exit(getppid() == self ? 3 : 4);
		_exit(pid == tid ? 0 : 1);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(3, proc_end(tid));
}

/*
 * The descriptor is handed over after the number was taken, so this is a fork
 * that fails late: the number has to come back, and so has the namespace's
 * count of numbers, on which the end of its init waits.
 */
static pid_t fork_that_fails_late(const pid_t *tids, size_t n)
{
	struct clone_args args = {
		.flags = CLONE_PIDFD,
		.exit_signal = SIGCHLD,
		.pidfd = 16,
		.set_tid = (uintptr_t)tids,
		.set_tid_size = n,
	};

	return proc_clone3(&args);
}

TEST(a_fork_that_fails_later_gives_the_number_back)
{
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		pid_t tids[] = { 77, 88 };

		if (!proc_fork(CLONE_NEWPID)) {
			for (int i = 0; i < 3; i++)
				must(fork_that_fails_late(tids, 2) == -EFAULT);
			must(try_number(77) == 77);
			_exit(0);
		}
		must(proc_end(2) == 0);
		must(try_number(88) == 88);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

/* Also where its number was not chosen: the next one counted would be 2. */
TEST(an_init_that_fails_late_can_be_tried_again)
{
	pid_t one = 1, pid;
	int again;

	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	EXPECT_EQ(-EFAULT, fork_that_fails_late(&one, 1));
	again = fork_that_fails_late(&one, 1);
	if (again == -ENOMEM && proc_kernel_before(7, 3))
		SKIP(return, "kernel bug: once a first fork has failed, no other is taken");
	EXPECT_EQ(-EFAULT, again);
	EXPECT_EQ(-EFAULT, fork_that_fails_late(NULL, 0));
	EXPECT_EQ(-EFAULT, fork_that_fails_late(NULL, 0));
	pid = proc_fork_bound(0);
	if (!pid)
		_exit(getpid() == 1 ? 0 : 1);
	ASSERT_GT(pid, 0);
	EXPECT_EQ(0, proc_end(pid));
}

TEST_HARNESS_MAIN

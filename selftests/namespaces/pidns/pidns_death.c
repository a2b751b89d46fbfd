// SPDX-License-Identifier: GPL-2.0
/*
 * The end of a pid namespace: when init ends, everybody ends, and whoever has
 * waited for init knows that nobody is left.
 *
 * Promises from pid_namespaces(7), "The namespace init process".
 */
#include "kselftest_harness.h"
#include <sys/ptrace.h>
#include "ns.h"
#include "proc.h"

/*
 * Long enough for a wrong wake-up to show; nothing that must happen is bounded
 * by it, so a slow machine does not make a test fail.
 */
#define A_MOMENT_MS	100

static void __attribute__((noreturn)) ready_and_sleep(struct baton *ready)
{
	baton_pass(ready, getpid());
	proc_sleep_forever();
}

TEST(inits_status_is_what_its_parent_gets)
{
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init)
		_exit(7);
	EXPECT_EQ(7, proc_end(init));
}

TEST(everybody_dies_with_init)
{
	struct lifeline line = lifeline_make();
	struct baton ready = baton_make();
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		/* Children, and a grandchild that is nobody's here. */
		for (int i = 0; i < 3; i++)
			if (!fork())
				ready_and_sleep(&ready);
		if (!fork()) {
			if (!fork())
				ready_and_sleep(&ready);
			_exit(0);
		}
		for (int i = 0; i < 4; i++)
			baton_take(&ready);
		_exit(0);
	}
	lifeline_watch(&line);
	ASSERT_EQ(0, proc_end(init));
	EXPECT_TRUE(lifeline_cut(&line, 0));
}

TEST(members_die_by_sigkill)
{
	struct baton ready = baton_make();
	pid_t init, member;
	int ns;

	init = proc_fork_bound(CLONE_NEWPID);
	if (!init)
		proc_sleep_forever();
	ns = ns_open(init, "pid");
	ASSERT_EQ(0, ns_enter(ns, CLONE_NEWPID));
	member = proc_fork_bound(0);
	if (!member) {
		sigset_t all;

		sigfillset(&all);
		must(!sigprocmask(SIG_SETMASK, &all, NULL));
		ready_and_sleep(&ready);
	}
	baton_take(&ready);
	ASSERT_EQ(0, kill(init, SIGKILL));
	EXPECT_EQ(-SIGKILL, proc_end(member));
	EXPECT_EQ(-SIGKILL, proc_end(init));
}

TEST(stopped_members_die_too)
{
	struct lifeline line = lifeline_make();
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		pid_t pid = fork();
		int status;

		if (!pid) {
			raise(SIGSTOP);
			proc_sleep_forever();
		}
		must(waitpid(pid, &status, WUNTRACED) == pid);
		must(WIFSTOPPED(status));
		_exit(0);
	}
	lifeline_watch(&line);
	ASSERT_EQ(0, proc_end(init));
	EXPECT_TRUE(lifeline_cut(&line, 0));
}

TEST(namespaces_below_die_too)
{
	struct lifeline line = lifeline_make();
	struct baton ready = baton_make();
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		if (!proc_fork(CLONE_NEWPID)) {
			if (!proc_fork(CLONE_NEWPID)) {
				if (!fork())
					ready_and_sleep(&ready);
				ready_and_sleep(&ready);
			}
			ready_and_sleep(&ready);
		}
		for (int i = 0; i < 3; i++)
			baton_take(&ready);
		_exit(0);
	}
	lifeline_watch(&line);
	ASSERT_EQ(0, proc_end(init));
	EXPECT_TRUE(lifeline_cut(&line, 0));
}

TEST(the_namespace_above_lives_on)
{
	pid_t outer = proc_fork_bound(CLONE_NEWPID);

	if (!outer) {
		struct baton go = baton_make();
		pid_t fellow = fork(), inner;

		if (!fellow) {
			baton_take(&go);
			_exit(3);
		}
		inner = proc_fork(CLONE_NEWPID);
		if (!inner)
			proc_sleep_forever();
		must(proc_kill(inner) == -SIGKILL);
		baton_pass(&go, 0);
		must(proc_end(fellow) == 3);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(outer));
}

TEST(zombies_are_reaped_with_init)
{
	struct baton number = baton_make();
	pid_t init = proc_fork_bound(CLONE_NEWPID), zombie;
	char text[64], path[64];

	if (!init) {
		pid_t pid = fork();

		if (!pid) {
			/* The number that the test's /proc has for us. */
			must(!file_field("/proc/self/status", "NSpid", text,
					 sizeof(text)));
			baton_pass(&number, atoi(text));
			_exit(0);
		}
		must(!proc_await_zombie(pid));
		baton_pass(&number, 0);
		proc_sleep_forever();
	}
	zombie = baton_take(&number);
	ASSERT_EQ(0, baton_take(&number));
	snprintf(path, sizeof(path), "/proc/%d", zombie);
	ASSERT_EQ(0, access(path, F_OK));
	ASSERT_EQ(-SIGKILL, proc_kill(init));
	EXPECT_EQ(-1, access(path, F_OK));
	EXPECT_EQ(ENOENT, errno);
}

/*
 * A zombie that only an outsider can reap holds up init's end: who has waited
 * for init may rely on nobody being left.
 */
TEST(init_ends_after_the_zombies_that_outsiders_must_reap)
{
	pid_t init, member;
	int ns, fd, status;

	init = proc_fork_bound(CLONE_NEWPID);
	if (!init)
		proc_sleep_forever();
	ns = ns_open(init, "pid");
	fd = proc_pidfd(init);
	ASSERT_EQ(0, ns_enter(ns, CLONE_NEWPID));
	member = proc_fork_bound(0);
	if (!member)
		proc_sleep_forever();
	ASSERT_EQ(0, kill(init, SIGKILL));
	ASSERT_EQ(0, proc_await_zombie(member));
	EXPECT_EQ(0, proc_poll(fd, POLLIN, A_MOMENT_MS));
	EXPECT_EQ(0, waitpid(init, &status, WNOHANG));
	EXPECT_EQ(-SIGKILL, proc_end(member));
	EXPECT_EQ(-SIGKILL, proc_end(init));
}

TEST(init_ends_after_the_members_that_are_traced)
{
	struct baton number = baton_make();
	pid_t init, member;
	int fd, status;

	init = proc_fork_bound(CLONE_NEWPID);
	if (!init) {
		if (!fork()) {
			char text[64];

			must(!file_field("/proc/self/status", "NSpid", text,
					 sizeof(text)));
			baton_pass(&number, atoi(text));
			proc_sleep_forever();
		}
		proc_sleep_forever();
	}
	member = baton_take(&number);
	fd = proc_pidfd(init);
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, member, 0, 0));
	ASSERT_EQ(0, kill(init, SIGKILL));
	ASSERT_EQ(0, proc_await_zombie(member));
	EXPECT_EQ(0, proc_poll(fd, POLLIN, A_MOMENT_MS));
	EXPECT_EQ(0, waitpid(init, &status, WNOHANG));
	EXPECT_EQ(-SIGKILL, proc_end(member));
	EXPECT_EQ(-SIGKILL, proc_end(init));
}

TEST(a_stopped_init_is_killed_with_all_its_members)
{
	struct lifeline line = lifeline_make();
	struct baton ready = baton_make();
	pid_t init = proc_fork_bound(CLONE_NEWPID);
	int status;

	if (!init) {
		if (!fork())
			ready_and_sleep(&ready);
		proc_sleep_forever();
	}
	lifeline_watch(&line);
	baton_take(&ready);
	ASSERT_EQ(0, kill(init, SIGSTOP));
	ASSERT_EQ(init, waitpid(init, &status, WUNTRACED));
	ASSERT_TRUE(WIFSTOPPED(status));
	EXPECT_FALSE(lifeline_cut(&line, 0));
	ASSERT_EQ(-SIGKILL, proc_kill(init));
	EXPECT_TRUE(lifeline_cut(&line, 0));
}

TEST(members_get_no_chance_to_run_a_handler)
{
	struct baton ready = baton_make(), ran = baton_make();
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		pid_t parent = fork();

		if (!parent) {
			/* It would be told of its child's death. */
			sigset_t set;
			siginfo_t si;

			sigemptyset(&set);
			sigaddset(&set, SIGCHLD);
			must(!sigprocmask(SIG_BLOCK, &set, NULL));
			if (!fork())
				ready_and_sleep(&ready);
			baton_pass(&ready, 0);
			sigwaitinfo(&set, &si);
			baton_pass(&ran, 0);
			_exit(0);
		}
		baton_take(&ready);
		baton_take(&ready);
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(init));
	EXPECT_EQ(0, proc_poll(ran.fd[0], POLLIN, 0));
}

TEST(the_numbers_above_are_free_again)
{
	pid_t outer = proc_fork_bound(CLONE_NEWPID);

	if (!outer) {
		pid_t tid = 2;
		struct clone_args args = {
			.exit_signal = SIGCHLD,
			.set_tid = (uintptr_t)&tid,
			.set_tid_size = 1,
		};
		pid_t inner = proc_fork(CLONE_NEWPID);

		if (!inner) {
			if (!fork())
				proc_sleep_forever();
			_exit(0);
		}
		must(inner == 2 && proc_end(inner) == 0);
		for (tid = 2; tid <= 3; tid++) {
			pid_t pid = proc_clone3(&args);

			if (!pid)
				_exit(0);
			must(pid == tid && proc_end(pid) == 0);
		}
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(outer));
}

/* The count in user.max_pid_namespaces is given back, if not at once (RCU). */
TEST(a_dead_namespace_no_longer_counts_against_the_limit)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!ns_become_user_root());
		must(!file_write("/proc/sys/user/max_pid_namespaces", "1"));
		for (int round = 0; round < 3; round++) {
			do {
				pid = proc_fork(CLONE_NEWPID);
				if (!pid)
					_exit(getpid() == 1 ? 0 : 1);
				sched_yield();
			} while (pid == -ENOSPC);
			must(pid > 0 && proc_end(pid) == 0);
		}
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_HARNESS_MAIN

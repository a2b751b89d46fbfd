// SPDX-License-Identifier: GPL-2.0
/*
 * pids.current and pids.peak: who is counted, where, and until when. A count
 * that is off by one never comes right again, so each test looks at the exact
 * value.
 *
 * Promises from cgroup-v2.rst, "PID" and "Threads".
 */
#include "pids.h"
#include <sys/resource.h>

TEST_F(pids, children_are_counted_where_their_parent_lives)
{
	pid_t pid;

	pid = cg_fork_into(self->a, 0);
	if (!pid) {
		pid_t child;

		must(cg_number(self->a, "pids.current") == 1);
		child = fork();
		if (!child)
			proc_sleep_forever();
		must(cg_number(self->a, "pids.current") == 2);
		must(proc_kill(child) == -SIGKILL);
		must(cg_number(self->a, "pids.current") == 1);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, cg_number(self->a, "pids.current"));
}

TEST_F(pids, threads_are_counted)
{
	pid_t pid = cg_fork_into(self->a, 0);

	if (!pid) {
		struct baton go = baton_make();
		pthread_t thread[3];

		for (int i = 0; i < 3; i++)
			must(!pthread_create(&thread[i], NULL,
					     thread_until_told, &go));
		must(cg_number(self->a, "pids.current") == 4);
		for (int i = 0; i < 3; i++)
			baton_pass(&go, 0);
		for (int i = 0; i < 3; i++)
			must(!pthread_join(thread[i], NULL));
		must(settles(self->a, 1));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(pids, all_below_are_counted_above)
{
	ASSERT_GT(sleeper(self->a), 0);
	ASSERT_GT(sleeper(self->a), 0);
	ASSERT_GT(sleeper(self->b), 0);
	EXPECT_EQ(2, cg_number(self->a, "pids.current"));
	EXPECT_EQ(1, cg_number(self->b, "pids.current"));
	EXPECT_EQ(3, cg_number(self->top, "pids.current"));
}

TEST_F(pids, a_zombie_counts_until_it_is_reaped)
{
	pid_t pid = cg_fork_into(self->a, 0);

	if (!pid)
		_exit(3);
	ASSERT_EQ(0, proc_await_zombie(pid));
	EXPECT_EQ(1, cg_number(self->a, "pids.current"));
	EXPECT_EQ(1, cg_number(self->top, "pids.current"));
	EXPECT_EQ(3, proc_end(pid));
	EXPECT_EQ(0, cg_number(self->a, "pids.current"));
	EXPECT_EQ(0, cg_number(self->top, "pids.current"));
}

TEST_F(pids, a_zombie_takes_a_place)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, "pids.max", "1"));
	pid = cg_fork_into(self->a, 0);
	if (!pid)
		_exit(3);
	ASSERT_EQ(0, proc_await_zombie(pid));
	EXPECT_EQ(-EAGAIN, sleeper(self->a));
	EXPECT_EQ(3, proc_end(pid));
	EXPECT_GT(sleeper(self->a), 0);
}

TEST_F(pids, who_is_reaped_by_the_kernel_is_uncounted_without_a_wait)
{
	pid_t pid;
	int fd;

	ASSERT_NE(SIG_ERR, signal(SIGCHLD, SIG_IGN));
	pid = sleeper(self->a);
	ASSERT_GT(pid, 0);
	fd = proc_pidfd(pid);
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_NE(0, proc_poll(fd, POLLIN, PROC_HANG_MS));
	EXPECT_TRUE(settles(self->a, 0));
}

TEST_F(pids, a_cgroup_of_zombies_can_be_removed)
{
	pid_t pid = cg_fork_into(self->a, 0);

	if (!pid)
		_exit(3);
	ASSERT_EQ(0, proc_await_zombie(pid));
	ASSERT_EQ(0, cg_await_empty(self->a));
	ASSERT_EQ(0, cg_remove(self->a));
	/* Above, it goes on being counted. */
	EXPECT_EQ(1, cg_number(self->top, "pids.current"));
	EXPECT_EQ(3, proc_end(pid));
	EXPECT_EQ(0, cg_number(self->top, "pids.current"));
}

TEST_F(pids, a_move_takes_the_count_along)
{
	pid_t pid = sleeper(self->a);

	ASSERT_GT(pid, 0);
	ASSERT_EQ(0, cg_enter(self->b, pid));
	EXPECT_EQ(0, cg_number(self->a, "pids.current"));
	EXPECT_EQ(1, cg_number(self->b, "pids.current"));
	/* Both ways lead through here. */
	EXPECT_EQ(1, cg_number(self->top, "pids.current"));
	proc_kill(pid);
	EXPECT_EQ(0, cg_number(self->b, "pids.current"));
	EXPECT_EQ(0, cg_number(self->top, "pids.current"));
}

TEST_F(pids, a_move_takes_all_threads_along)
{
	struct baton ready = baton_make();
	pid_t pid = cg_fork_into(self->a, 0);

	if (!pid) {
		struct baton go = baton_make();
		pthread_t thread;

		for (int i = 0; i < 3; i++)
			must(!pthread_create(&thread, NULL, thread_until_told,
					     &go));
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	EXPECT_EQ(4, cg_number(self->a, "pids.current"));
	ASSERT_EQ(0, cg_enter(self->b, pid));
	EXPECT_EQ(0, cg_number(self->a, "pids.current"));
	EXPECT_EQ(4, cg_number(self->b, "pids.current"));
	proc_kill(pid);
	EXPECT_EQ(0, cg_number(self->b, "pids.current"));
}

TEST_F(pids, a_move_leaves_children_behind)
{
	struct baton ready = baton_make(), go = baton_make();
	pid_t pid = cg_fork_into(self->a, 0);

	if (!pid) {
		if (!fork())
			proc_sleep_forever();
		baton_pass(&ready, 0);
		baton_take(&go);
		must(try_fork() == 0);
		_exit(0);
	}
	baton_take(&ready);
	ASSERT_EQ(0, cg_enter(self->b, pid));
	EXPECT_EQ(1, cg_number(self->a, "pids.current"));
	EXPECT_EQ(1, cg_number(self->b, "pids.current"));
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(pids, a_refused_fork_leaves_no_count_on_any_level)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->top, "pids.max", "1"));
	pid = cg_fork_into(self->a, 0);
	if (!pid) {
		for (int i = 0; i < 10; i++)
			must(try_fork() == -EAGAIN);
		must(cg_number(self->a, "pids.current") == 1);
		must(cg_number(self->top, "pids.current") == 1);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, cg_number(self->a, "pids.current"));
	EXPECT_EQ(0, cg_number(self->top, "pids.current"));
}

/* Charged before or after the number is chosen: nothing may stick. */
TEST_F(pids, a_fork_that_fails_for_its_set_tid_leaves_no_count)
{
	pid_t pid = cg_fork_into(self->a, 0);

	if (!pid) {
		pid_t tid = getpid();
		struct clone_args args = {
			.exit_signal = SIGCHLD,
			.set_tid = (uintptr_t)&tid,
			.set_tid_size = 1,
		};

		for (int i = 0; i < 10; i++)
			must(proc_clone3(&args) == -EEXIST);
		must(cg_number(self->a, "pids.current") == 1);
		must(cg_number(self->top, "pids.current") == 1);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, cg_number(self->a, "pids.current"));
}

TEST_F(pids, a_fork_that_fails_for_its_namespace_leaves_no_count)
{
	pid_t pid = cg_fork_into(self->a, 0);

	if (!pid) {
		must(!unshare(CLONE_NEWPID));
		pid = fork();
		if (!pid)
			_exit(0);
		must(proc_end(pid) == 0);
		/* Its init is dead: no more births there. */
		for (int i = 0; i < 10; i++)
			must(proc_fork(0) == -ENOMEM);
		must(cg_number(self->a, "pids.current") == 1);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, cg_number(self->a, "pids.current"));
}

TEST_F(pids, a_fork_that_fails_for_its_users_limit_leaves_no_count)
{
	pid_t pid = cg_fork_into(self->a, 0);

	if (!pid) {
		struct rlimit one = { 1, 1 };

		must(!setrlimit(RLIMIT_NPROC, &one));
		proc_become_nobody();
		for (int i = 0; i < 10; i++)
			must(try_fork() == -EAGAIN);
		_exit(0);
	}
	ASSERT_EQ(0, proc_await_zombie(pid));
	EXPECT_EQ(1, cg_number(self->a, "pids.current"));
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, cg_number(self->a, "pids.current"));
}

/*
 * A kill is the failure that a fork meets last, when it has long been charged.
 * The victim is in fork(2) nearly all the time, so some of the kills are seen
 * there, and one charge that sticks on any level is one too many at the end.
 */
TEST_F(pids, a_fork_that_is_killed_half_way_leaves_no_count)
{
	if (killed_forks_panic())
		SKIP(return, "this User-Mode Linux panics when a fork is killed half way");
	for (int round = 0; round < 60; round++) {
		struct baton ready = baton_make();
		pid_t pid = cg_fork_into(self->a, 0);

		if (!pid) {
			/* Children are nobody's to wait for. */
			signal(SIGCHLD, SIG_IGN);
			baton_pass(&ready, 0);
			for (;;)
				if (!proc_fork(0))
					_exit(0);
		}
		baton_take(&ready);
		for (volatile int i = 0; i < round * 20000; i++)
			;
		ASSERT_EQ(-SIGKILL, proc_kill(pid));
		close(ready.fd[0]);
		close(ready.fd[1]);
	}
	/* Children that outlived it are ours: subreaper. */
	while (waitpid(-1, NULL, 0) > 0)
		;
	EXPECT_TRUE(settles(self->a, 0));
	EXPECT_TRUE(settles(self->top, 0));
}

TEST_F(pids, peak_is_the_highest_count_ever)
{
	pid_t pid[3];

	if (!cg_has(self->a, "pids.peak"))
		SKIP(return, "no pids.peak (Linux 6.1)");
	EXPECT_EQ(0, cg_number(self->a, "pids.peak"));
	for (int i = 0; i < 3; i++) {
		pid[i] = sleeper(self->a);
		ASSERT_GT(pid[i], 0);
		EXPECT_EQ(i + 1, cg_number(self->a, "pids.peak"));
	}
	for (int i = 0; i < 3; i++)
		proc_kill(pid[i]);
	EXPECT_EQ(3, cg_number(self->a, "pids.peak"));
	EXPECT_EQ(3, cg_number(self->top, "pids.peak"));
	EXPECT_EQ(0, cg_number(self->b, "pids.peak"));
}

TEST_F(pids, peak_counts_who_moves_in)
{
	if (!cg_has(self->a, "pids.peak"))
		SKIP(return, "no pids.peak (Linux 6.1)");
	ASSERT_EQ(0, cg_write(self->a, "pids.max", "1"));
	for (int i = 0; i < 2; i++) {
		pid_t pid = sleeper(self->b);

		ASSERT_GT(pid, 0);
		ASSERT_EQ(0, cg_enter(self->a, pid));
	}
	EXPECT_EQ(2, cg_number(self->a, "pids.peak"));
}

TEST_F(pids, peak_does_not_count_who_was_refused)
{
	if (!cg_has(self->a, "pids.peak"))
		SKIP(return, "no pids.peak (Linux 6.1)");
	ASSERT_EQ(0, cg_write(self->a, "pids.max", "1"));
	ASSERT_GT(sleeper(self->a), 0);
	ASSERT_EQ(-EAGAIN, sleeper(self->a));
	EXPECT_EQ(1, cg_number(self->a, "pids.peak"));
}

/* Nobody is counted while the controller is off, and everybody once it is on. */
TEST_F(pids, enabled_late_it_counts_who_is_there)
{
	pid_t one, two;

	ASSERT_EQ(0, cg_write(self->top, "cgroup.subtree_control", "-pids"));
	EXPECT_FALSE(cg_has(self->a, "pids.current"));
	one = sleeper(self->a);
	ASSERT_GT(one, 0);
	two = sleeper(self->a);
	ASSERT_GT(two, 0);
	EXPECT_EQ(2, cg_number(self->top, "pids.current"));

	ASSERT_EQ(0, cg_write(self->top, "cgroup.subtree_control", "+pids"));
	EXPECT_EQ(2, cg_number(self->a, "pids.current"));
	EXPECT_EQ(2, cg_number(self->top, "pids.current"));
	proc_kill(one);
	EXPECT_EQ(1, cg_number(self->a, "pids.current"));
	proc_kill(two);
	EXPECT_EQ(0, cg_number(self->a, "pids.current"));
	EXPECT_EQ(0, cg_number(self->top, "pids.current"));
}

TEST_F(pids, disabled_and_enabled_again_it_counts_right_and_has_no_limit)
{
	char value[16];
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, "pids.max", "1"));
	pid = sleeper(self->a);
	ASSERT_GT(pid, 0);
	ASSERT_EQ(0, cg_write(self->top, "cgroup.subtree_control", "-pids"));
	/* No limit without the controller. */
	ASSERT_GT(sleeper(self->a), 0);
	ASSERT_EQ(0, cg_write(self->top, "cgroup.subtree_control", "+pids"));
	EXPECT_EQ(2, cg_number(self->a, "pids.current"));
	EXPECT_EQ(2, cg_number(self->top, "pids.current"));
	ASSERT_GT(cg_read(self->a, "pids.max", value, sizeof(value)), 0);
	EXPECT_STREQ("max", value);
}

static void *thread_in(void *cg)
{
	must(!cg_write(cg, "cgroup.threads", "0"));
	must(cg_number(cg, "pids.current") == 1);
	/* The limit binds this thread, not its siblings outside. */
	must(!cg_write(cg, "pids.max", "1"));
	must(try_fork() == -EAGAIN);
	return NULL;
}

TEST_F(pids, threads_are_counted_in_their_threaded_cgroup)
{
	char t[700];
	pid_t pid;

	snprintf(t, sizeof(t), "%s/t", self->a);
	ASSERT_EQ(0, cg_create(t));
	ASSERT_EQ(0, cg_write(t, "cgroup.type", "threaded"));
	ASSERT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "+pids"));
	pid = cg_fork_into(self->a, 0);
	if (!pid) {
		pthread_t thread;

		must(!pthread_create(&thread, NULL, thread_in, t));
		must(!pthread_join(thread, NULL));
		must(settles(t, 0));
		must(settles(self->a, 1));
		/* The process's first thread never was under that limit. */
		must(try_fork() == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, cg_number(self->a, "pids.current"));
}

TEST_HARNESS_MAIN

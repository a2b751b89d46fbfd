// SPDX-License-Identifier: GPL-2.0
/*
 * pids.max: what it stops, what it does not, and for whom.
 *
 * Promises from cgroup-v2.rst, "PID", clone(2) and the head of
 * kernel/cgroup/pids.c.
 */
#include "pids.h"
#include "until.h"

TEST_F(pids, fork_fails_at_the_limit)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, "pids.max", "2"));
	pid = cg_fork_into(self->a, 0);
	if (!pid) {
		pid_t child = fork();

		if (!child)
			proc_sleep_forever();
		must(child > 0);
		must(try_fork() == -EAGAIN);
		must(try_fork() == -EAGAIN);
		/* A place that becomes free is free for a fork. */
		must(proc_kill(child) == -SIGKILL);
		must(try_fork() == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(pids, vfork_fails_at_the_limit)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, "pids.max", "1"));
	pid = cg_fork_into(self->a, 0);
	if (!pid) {
		pid = vfork();
		if (!pid)
			_exit(0);
		must(pid == -1 && errno == EAGAIN);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(pids, a_thread_counts_as_much_as_a_process)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, "pids.max", "2"));
	pid = cg_fork_into(self->a, 0);
	if (!pid) {
		struct baton go = baton_make();
		pthread_t one, two;

		must(!pthread_create(&one, NULL, thread_until_told, &go));
		must(pthread_create(&two, NULL, thread_until_told, &go) ==
		     EAGAIN);
		must(try_fork() == -EAGAIN);
		baton_pass(&go, 0);
		must(!pthread_join(one, NULL));
		must(settles(self->a, 1));
		must(try_fork() == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(pids, a_child_in_another_pid_namespace_counts)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, "pids.max", "2"));
	pid = cg_fork_into(self->a, 0);
	if (!pid) {
		pid_t init = proc_fork(CLONE_NEWPID);

		if (!init)
			_exit(try_fork() == -EAGAIN ? 0 : 1);
		must(init > 0);
		must(proc_end(init) == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(pids, exec_needs_no_place)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, "pids.max", "1"));
	pid = cg_fork_into(self->a, 0);
	if (!pid) {
		execl("/proc/self/exe", "pids_limit", "--exit-7", NULL);
		_exit(1);
	}
	EXPECT_EQ(7, proc_end(pid));
}

TEST_F(pids, a_limit_above_binds_below)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->top, "pids.max", "1"));
	ASSERT_EQ(0, cg_write(self->a, "pids.max", "max"));
	pid = cg_fork_into(self->a, 0);
	if (!pid) {
		must(try_fork() == -EAGAIN);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(pids, a_limit_below_binds_within_a_wider_one)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->top, "pids.max", "100"));
	ASSERT_EQ(0, cg_write(self->a, "pids.max", "1"));
	pid = cg_fork_into(self->a, 0);
	if (!pid) {
		must(try_fork() == -EAGAIN);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	/* Next door there is room. */
	pid = cg_fork_into(self->b, 0);
	if (!pid)
		_exit(try_fork() ? 1 : 0);
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(pids, siblings_share_the_limit_above)
{
	pid_t in_a, in_b;

	ASSERT_EQ(0, cg_write(self->top, "pids.max", "2"));
	in_a = sleeper(self->a);
	ASSERT_GT(in_a, 0);
	in_b = sleeper(self->b);
	ASSERT_GT(in_b, 0);
	EXPECT_EQ(-EAGAIN, sleeper(self->a));
	EXPECT_EQ(-EAGAIN, sleeper(self->b));
	ASSERT_EQ(-SIGKILL, proc_kill(in_a));
	in_a = sleeper(self->b);
	EXPECT_GT(in_a, 0);
}

TEST_F(pids, clone_into_a_full_cgroup_fails)
{
	ASSERT_EQ(0, cg_write(self->a, "pids.max", "1"));
	ASSERT_GT(sleeper(self->a), 0);
	EXPECT_EQ(-EAGAIN, sleeper(self->a));
	EXPECT_EQ(1, cg_number(self->a, "pids.current"));
}

TEST_F(pids, clone_out_of_a_full_cgroup_works)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, "pids.max", "1"));
	pid = cg_fork_into(self->a, 0);
	if (!pid) {
		must(try_fork() == -EAGAIN);
		pid = cg_fork_into(self->b, 0);
		if (!pid)
			_exit(0);
		must(pid > 0 && proc_end(pid) == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(pids, moving_into_a_full_cgroup_is_allowed)
{
	pid_t pid[3];

	ASSERT_EQ(0, cg_write(self->a, "pids.max", "1"));
	for (int i = 0; i < 3; i++) {
		pid[i] = sleeper(self->b);
		ASSERT_GT(pid[i], 0);
		EXPECT_EQ(0, cg_enter(self->a, pid[i]));
	}
	EXPECT_EQ(3, cg_number(self->a, "pids.current"));
	EXPECT_EQ(1, cg_number(self->a, "pids.max"));
	/* Full stays full until enough have gone. */
	EXPECT_EQ(-EAGAIN, sleeper(self->a));
	proc_kill(pid[0]);
	proc_kill(pid[1]);
	EXPECT_EQ(-EAGAIN, sleeper(self->a));
	proc_kill(pid[2]);
	EXPECT_GT(sleeper(self->a), 0);
}

TEST_F(pids, lowering_the_limit_kills_nobody)
{
	pid_t pid[3], one;

	for (int i = 0; i < 3; i++) {
		pid[i] = sleeper(self->a);
		ASSERT_GT(pid[i], 0);
	}
	ASSERT_EQ(0, cg_write(self->a, "pids.max", "1"));
	EXPECT_EQ(3, cg_number(self->a, "pids.current"));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(0, waitpid(pid[i], NULL, WNOHANG));
	EXPECT_EQ(-EAGAIN, sleeper(self->a));
	ASSERT_EQ(0, cg_write(self->a, "pids.max", "4"));
	one = sleeper(self->a);
	EXPECT_GT(one, 0);
	EXPECT_EQ(-EAGAIN, sleeper(self->a));
}

TEST_F(pids, zero_lets_nobody_be_born)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, "pids.max", "0"));
	EXPECT_EQ(0, cg_number(self->a, "pids.max"));
	EXPECT_EQ(-EAGAIN, sleeper(self->a));
	/* Who moves in lives there, but has no children. */
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!cg_enter(self->a, 0));
		must(try_fork() == -EAGAIN);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(pids, max_lifts_the_limit)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, "pids.max", "1"));
	pid = cg_fork_into(self->a, 0);
	if (!pid) {
		must(try_fork() == -EAGAIN);
		must(!cg_write(self->a, "pids.max", "max"));
		must(try_fork() == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(pids, root_is_limited_too)
{
	pid_t pid;

	ASSERT_EQ(0, geteuid());
	ASSERT_EQ(0, cg_write(self->a, "pids.max", "1"));
	pid = cg_fork_into(self->a, 0);
	if (!pid) {
		must(geteuid() == 0);
		must(try_fork() == -EAGAIN);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* Forks, and lets its children do the same, until it is refused. */
static void __attribute__((noreturn)) fork_bomb(void)
{
	while (proc_fork(0) >= 0)
		;
	proc_sleep_forever();
}

static int processes(const char *cg)
{
	char text[4096], *save;
	int n = 0;

	must(cg_read(cg, "cgroup.procs", text, sizeof(text)) >= 0);
	for (char *at = strtok_r(text, "\n", &save); at; at = strtok_r(NULL, "\n", &save))
		n++;
	return n;
}

TEST_F(pids, a_fork_bomb_stays_within)
{
	pid_t bomb;
	int status;

	if (killed_forks_panic())
		SKIP(return, "this User-Mode Linux panics when a fork is killed half way");
	ASSERT_EQ(0, cg_write(self->a, "pids.max", "50"));
	bomb = cg_fork_into(self->a, 0);
	if (!bomb)
		fork_bomb();
	ASSERT_GT(bomb, 0);
	ASSERT_TRUE(EVENTUALLY(processes(self->a) == 50));
	/*
	 * All 50 push against the limit, and nobody gets through. An attempt is in
	 * pids.current until it is refused; it is never in the highest count.
	 */
	for (int i = 0; i < 100; i++) {
		EXPECT_GE(50, processes(self->a));
		sched_yield();
	}
	EXPECT_EQ(50, cg_number(self->a, "pids.peak"));
	EXPECT_EQ(50, cg_number(self->top, "pids.current"));
	EXPECT_TRUE(settles(self->a, 50));
	/* The neighbours do not notice. */
	ASSERT_GT(sleeper(self->b), 0);
	EXPECT_EQ(0, try_fork());

	ASSERT_EQ(0, cg_write(self->a, "cgroup.kill", "1"));
	ASSERT_EQ(0, cg_await_empty(self->a));
	for (int i = 0; i < 50; i++)
		EXPECT_GT(waitpid(-1, &status, 0), 0);
	EXPECT_EQ(0, cg_number(self->a, "pids.current"));
	EXPECT_GT(sleeper(self->a), 0);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--exit-7"))
		return 7;
	return test_harness_run(argc, argv);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Who is in a time namespace: not who makes one, but its children, and what
 * becomes of it by exec; and who enters.
 *
 * Promises from time_namespaces(7), clone(2), unshare(2), setns(2),
 * namespaces(7).
 */
#include "timens.h"
#include "cap.h"
#include "userns.h"
#include <pthread.h>

#define A_DAY	(86400 * SEC)

/* No machine of a test is as old as that. */
static bool is_ahead(void)
{
	return now(CLOCK_MONOTONIC) >= A_DAY &&
	       now_by_syscall(CLOCK_MONOTONIC) >= A_DAY;
}

static bool will_be_elsewhere(void)
{
	return !same_ns(ns_open(0, "time"), ns_open(0, "time_for_children"));
}

/* A namespace that is a day ahead, for children. */
FIXTURE(enter)
{
	int home, ahead;
};

FIXTURE_SETUP(enter)
{
	self->home = ns_open(0, "time");
	ASSERT_EQ(0, unshare(CLONE_NEWTIME));
	ASSERT_EQ(0, set_offset("monotonic", A_DAY));
	self->ahead = ns_open(0, "time_for_children");
	ASSERT_GE(self->ahead, 0);
}

FIXTURE_TEARDOWN(enter)
{
	close(self->home);
	close(self->ahead);
}

TEST_F(enter, unshare_leaves_the_caller_where_it_is)
{
	EXPECT_FALSE(is_ahead());
	EXPECT_TRUE(same_ns(ns_open(0, "time"), dup(self->home)));
	EXPECT_FALSE(ns_same(self->home, self->ahead));
	EXPECT_TRUE(will_be_elsewhere());
}

TEST_F(enter, children_are_in_it_with_their_children)
{
	for (int i = 0; i < 2; i++) {
		pid_t pid = fork();

		if (!pid) {
			must(is_ahead());
			must(same_ns(ns_open(0, "time"), dup(self->ahead)));
			must(!will_be_elsewhere());
			pid = fork();
			if (!pid)
				_exit(is_ahead() ? 0 : 1);
			_exit(proc_end(pid));
		}
		EXPECT_EQ(0, proc_end(pid));
	}
	EXPECT_FALSE(is_ahead());
}

TEST_F(enter, a_vfork_child_is_not_until_it_execs)
{
	volatile bool in = true;
	pid_t pid = vfork();

	if (!pid) {
		in = is_ahead();
		execl("/proc/self/exe", "timens_enter", "--is-ahead", NULL);
		_exit(1);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_FALSE(in);
	EXPECT_FALSE(is_ahead());
}

/* Linux 6.3: before, who made it stayed out whatever it became. */
TEST_F(enter, an_exec_is_in_it)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!ns_enter(self->home, CLONE_NEWTIME));
		must(!unshare(CLONE_NEWTIME));
		must(!set_offset("monotonic", A_DAY));
		must(!is_ahead());
		execl("/proc/self/exe", "timens_enter", "--is-ahead", NULL);
		_exit(1);
	}
	EXPECT_EQ(0, proc_end(pid));
}

static void *not_ahead(void *unused)
{
	must(!is_ahead());
	must(will_be_elsewhere());
	return unused;
}

TEST_F(enter, a_thread_is_where_its_process_is)
{
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, not_ahead, NULL));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_FALSE(is_ahead());
}

TEST_F(enter, clone3_puts_the_child_into_a_new_one)
{
	pid_t pid = proc_fork_bound(CLONE_NEWTIME);

	if (!pid) {
		must(!same_ns(ns_open(0, "time"), dup(self->home)));
		must(!same_ns(ns_open(0, "time"), dup(self->ahead)));
		/* What is made there starts from its parent's children's clocks. */
		must(is_ahead());
		must(!will_be_elsewhere());
		_exit(0);
	}
	ASSERT_GT(pid, 0);
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(same_ns(ns_open(0, "time_for_children"), dup(self->ahead)));
}

TEST_F(enter, a_second_unshare_makes_another_with_the_same_offsets)
{
	ASSERT_EQ(0, unshare(CLONE_NEWTIME));
	EXPECT_FALSE(same_ns(ns_open(0, "time_for_children"), dup(self->ahead)));
	EXPECT_EQ(A_DAY, offset_of(0, "monotonic"));
	EXPECT_EQ(0, set_offset("monotonic", 0));
	/* The first has its own. */
	ASSERT_EQ(0, ns_enter(self->ahead, CLONE_NEWTIME));
	EXPECT_TRUE(is_ahead());
}

TEST_F(enter, setns_moves_the_caller_and_its_children)
{
	pid_t pid;

	ASSERT_EQ(0, ns_enter(self->ahead, CLONE_NEWTIME));
	EXPECT_TRUE(is_ahead());
	EXPECT_FALSE(will_be_elsewhere());
	pid = fork();
	if (!pid)
		_exit(is_ahead() ? 0 : 1);
	EXPECT_EQ(0, proc_end(pid));
	ASSERT_EQ(0, ns_enter(self->home, CLONE_NEWTIME));
	EXPECT_FALSE(is_ahead());
	EXPECT_FALSE(will_be_elsewhere());
}

TEST_F(enter, setns_by_pidfd)
{
	pid_t pid = proc_fork_bound(0);
	int fd;

	if (!pid)
		proc_sleep_forever();
	fd = proc_pidfd(pid);
	EXPECT_EQ(0, ns_enter(fd, CLONE_NEWTIME));
	EXPECT_TRUE(is_ahead());
	close(fd);
	proc_kill(pid);
}

TEST_F(enter, setns_wants_the_right_type)
{
	EXPECT_EQ(-EINVAL, ns_enter(self->ahead, CLONE_NEWUTS));
	EXPECT_FALSE(is_ahead());
	EXPECT_EQ(0, ns_enter(self->ahead, 0));
	EXPECT_TRUE(is_ahead());
}

static void *wait_for(void *go)
{
	baton_take(go);
	return NULL;
}

TEST_F(enter, setns_is_for_processes_of_one_thread)
{
	struct baton go = baton_make();
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for, &go));
	EXPECT_EQ(-EUSERS, ns_enter(self->ahead, CLONE_NEWTIME));
	EXPECT_FALSE(is_ahead());
	baton_pass(&go, 0);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, ns_enter(self->ahead, CLONE_NEWTIME));
	EXPECT_TRUE(is_ahead());
}

TEST_F(enter, setns_is_not_for_who_shares_its_memory)
{
	pid_t pid = vfork();

	if (!pid)
		_exit(ns_enter(self->home, CLONE_NEWTIME) == -EUSERS ? 0 : 1);
	EXPECT_EQ(0, proc_end(pid));
}

/* All offsets are against the initial namespace, at every level. */
TEST_F(enter, offsets_below_are_not_added_up)
{
	long before;
	pid_t pid;

	ASSERT_EQ(0, ns_enter(self->ahead, CLONE_NEWTIME));
	before = now(CLOCK_MONOTONIC) - A_DAY;
	ASSERT_EQ(0, unshare(CLONE_NEWTIME));
	EXPECT_EQ(A_DAY, offset_of(0, "monotonic"));
	ASSERT_EQ(0, set_offset("monotonic", 2 * A_DAY));
	pid = fork();
	if (!pid) {
		long two = now(CLOCK_MONOTONIC) - 2 * A_DAY;

		must(!ns_enter(self->home, CLONE_NEWTIME));
		must(before <= two && two <= now(CLOCK_MONOTONIC));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(enter, without_privilege_it_is_not_made_or_entered)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(unshare(CLONE_NEWTIME) == -1 && errno == EPERM);
		must(proc_fork(CLONE_NEWTIME) == -EPERM);
		must(ns_enter(self->home, CLONE_NEWTIME) == -EPERM);
		must(is_ahead());
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(enter, cap_sys_admin_is_what_it_takes)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!prctl(PR_SET_KEEPCAPS, 1));
		must(!setresuid(65534, 65534, 65534));
		cap_keep(CAP_BIT(CAP_SYS_ADMIN));
		must(!ns_enter(self->home, CLONE_NEWTIME));
		must(!is_ahead());
		must(!unshare(CLONE_NEWTIME));
		must(will_be_elsewhere());
		cap_drop(CAP_SYS_ADMIN);
		must(ns_enter(self->ahead, CLONE_NEWTIME) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(enter, a_sibling_or_a_user_namespace_below_cannot_enter)
{
	struct baton up = baton_make();
	pid_t one = userns_fork(CLONE_NEWTIME, 100000, 1000), two;
	int theirs;

	if (!one) {
		must(ns_enter(self->home, CLONE_NEWTIME) == -EPERM);
		baton_pass(&up, 0);
		proc_sleep_forever();
	}
	baton_take(&up);
	theirs = ns_open(one, "time");
	two = userns_fork(CLONE_NEWTIME, 100000, 1000);
	if (!two) {
		must(ns_enter(theirs, CLONE_NEWTIME) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(two));
	EXPECT_EQ(0, ns_enter(theirs, CLONE_NEWTIME));
	close(theirs);
	proc_kill(one);
}

TEST_F(enter, max_time_namespaces_bounds_what_a_user_namespace_makes)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!ns_become_user_root());
		must(!file_write("/proc/sys/user/max_time_namespaces", "1"));
		must(!unshare(CLONE_NEWTIME));
		must(unshare(CLONE_NEWTIME) == -1 && errno == ENOSPC);
		must(proc_fork(CLONE_NEWTIME) == -ENOSPC);
		must(!ns_become_user_root());
		must(proc_fork(CLONE_NEWTIME) == -ENOSPC);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--is-ahead"))
		return is_ahead() && !will_be_elsewhere() ? 0 : 1;
	return test_harness_run(argc, argv);
}

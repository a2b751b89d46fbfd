// SPDX-License-Identifier: GPL-2.0
/*
 * SEM_UNDO: what a process did is undone when it ends, and when it leaves the
 * semaphores' namespace, because from elsewhere it could not be undone.
 *
 * Promises from semop(2), unshare(2) and clone(2) (CLONE_SYSVSEM,
 * CLONE_NEWIPC), setns(2), ipc_namespaces(7).
 */
#include "ipc.h"
#include <pthread.h>

/* A namespace with one semaphore of value 5, and another one to go to. */
FIXTURE(undo)
{
	int ns, other, sem;
	struct baton up, go;
};

static int value(int sem)
{
	return semctl(sem, 0, GETVAL);
}

FIXTURE_SETUP(undo)
{
	union semun arg = { .val = 5 };

	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	self->other = ns_open(0, "ipc");
	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	self->ns = ns_open(0, "ipc");
	self->sem = sem_make(IPC_PRIVATE, 0600);
	ASSERT_GE(self->sem, 0);
	ASSERT_EQ(0, semctl(self->sem, 0, SETVAL, arg));
	self->up = baton_make();
	self->go = baton_make();
}

FIXTURE_TEARDOWN(undo)
{
}

static int add(int sem, int n, int flags)
{
	struct sembuf op = { .sem_op = n, .sem_flg = flags };

	return semop(sem, &op, 1) ? -errno : 0;
}

TEST_F(undo, the_end_undoes)
{
	pid_t pid = fork();

	if (!pid) {
		must(!add(self->sem, -2, SEM_UNDO));
		must(!add(self->sem, -1, SEM_UNDO));
		must(!add(self->sem, 1, 0));
		must(value(self->sem) == 3);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	/* What was not to be undone was not. */
	EXPECT_EQ(6, value(self->sem));
}

TEST_F(undo, a_kill_undoes)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!add(self->sem, -5, SEM_UNDO));
		baton_pass(&self->up, 0);
		proc_sleep_forever();
	}
	baton_take(&self->up);
	EXPECT_EQ(0, value(self->sem));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
	EXPECT_EQ(5, value(self->sem));
}

TEST_F(undo, unshare_of_the_namespace_undoes)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!add(self->sem, -2, SEM_UNDO));
		must(!unshare(CLONE_NEWIPC));
		baton_pass(&self->up, 0);
		baton_take(&self->go);
		_exit(0);
	}
	baton_take(&self->up);
	EXPECT_EQ(5, value(self->sem));
	baton_pass(&self->go, 0);
	EXPECT_EQ(0, proc_end(pid));
	/* Once. */
	EXPECT_EQ(5, value(self->sem));
}

TEST_F(undo, setns_undoes)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!add(self->sem, -2, SEM_UNDO));
		must(!ns_enter(self->other, CLONE_NEWIPC));
		baton_pass(&self->up, 0);
		baton_take(&self->go);
		_exit(0);
	}
	baton_take(&self->up);
	EXPECT_EQ(5, value(self->sem));
	baton_pass(&self->go, 0);
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(5, value(self->sem));
}

TEST_F(undo, a_refused_setns_does_not_undo)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!add(self->sem, -2, SEM_UNDO));
		must(ns_enter(self->other, CLONE_NEWUTS) == -EINVAL);
		must(ns_enter(-1, CLONE_NEWIPC) == -EBADF);
		must(!unshare(CLONE_NEWUTS));
		must(value(self->sem) == 3);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(5, value(self->sem));
}

TEST_F(undo, unshare_of_the_undo_list_undoes)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!add(self->sem, -2, SEM_UNDO));
		must(!unshare(CLONE_SYSVSEM));
		must(value(self->sem) == 5);
		/* And a new list begins. */
		must(!add(self->sem, -1, SEM_UNDO));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(5, value(self->sem));
}

/* In the new namespace its end undoes what it did there, whatever the id. */
TEST_F(undo, what_is_done_elsewhere_is_undone_there)
{
	pid_t pid;
	int sem;

	ASSERT_EQ(0, ns_enter(self->other, CLONE_NEWIPC));
	sem = sem_make(IPC_PRIVATE, 0600);
	ASSERT_EQ(self->sem, sem);
	ASSERT_EQ(0, ns_enter(self->ns, CLONE_NEWIPC));
	pid = fork();
	if (!pid) {
		must(!add(sem, -2, SEM_UNDO));
		must(!ns_enter(self->other, CLONE_NEWIPC));
		must(value(sem) == 0);
		must(!add(sem, 3, SEM_UNDO));
		must(!add(sem, 4, 0));
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(pid));
	EXPECT_EQ(5, value(self->sem));
	ASSERT_EQ(0, ns_enter(self->other, CLONE_NEWIPC));
	EXPECT_EQ(4, value(sem));
}

TEST_F(undo, leaving_wakes_who_waits_for_the_semaphore)
{
	pid_t holder = proc_fork_bound(0), waiter;

	if (!holder) {
		must(!add(self->sem, -5, SEM_UNDO));
		baton_pass(&self->up, 0);
		baton_take(&self->go);
		must(!unshare(CLONE_NEWIPC));
		proc_sleep_forever();
	}
	baton_take(&self->up);
	waiter = proc_fork_bound(0);
	if (!waiter) {
		must(!add(self->sem, -5, 0));
		_exit(0);
	}
	/* It waits: that shows in the semaphore. */
	for (int ms = 0; semctl(self->sem, 0, GETNCNT) != 1; ms++) {
		ASSERT_LT(ms, PROC_HANG_MS);
		poll(NULL, 0, 1);
	}
	baton_pass(&self->go, 0);
	EXPECT_EQ(0, proc_end(waiter));
	proc_kill(holder);
}

TEST_F(undo, a_fork_does_not_inherit)
{
	pid_t pid;

	ASSERT_EQ(0, add(self->sem, -2, SEM_UNDO));
	pid = fork();
	if (!pid)
		_exit(0);
	ASSERT_EQ(0, proc_end(pid));
	EXPECT_EQ(3, value(self->sem));
	pid = fork();
	if (!pid)
		_exit(unshare(CLONE_NEWIPC) ? 1 : 0);
	ASSERT_EQ(0, proc_end(pid));
	EXPECT_EQ(3, value(self->sem));
}

/* With CLONE_SYSVSEM there is one list, and the last to go undoes it. */
TEST_F(undo, a_shared_list_waits_for_the_last)
{
	pid_t pid;

	ASSERT_EQ(0, add(self->sem, -2, SEM_UNDO));
	pid = proc_fork_bound(CLONE_SYSVSEM);
	if (!pid) {
		must(!add(self->sem, -1, SEM_UNDO));
		baton_pass(&self->up, 0);
		baton_take(&self->go);
		must(!unshare(CLONE_NEWIPC));
		_exit(0);
	}
	baton_take(&self->up);
	EXPECT_EQ(2, value(self->sem));
	ASSERT_EQ(0, unshare(CLONE_SYSVSEM));
	EXPECT_EQ(2, value(self->sem));
	baton_pass(&self->go, 0);
	ASSERT_EQ(0, proc_end(pid));
	EXPECT_EQ(5, value(self->sem));
}

static void *leave(void *unused)
{
	must(!unshare(CLONE_NEWIPC));
	return unused;
}

TEST_F(undo, a_thread_that_leaves_undoes_nothing_of_its_process)
{
	pthread_t thread;

	/* Threads share one list from the first of them on. */
	ASSERT_EQ(0, add(self->sem, -2, SEM_UNDO));
	ASSERT_EQ(0, pthread_create(&thread, NULL, leave, NULL));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(3, value(self->sem));
	ASSERT_EQ(0, unshare(CLONE_SYSVSEM));
	EXPECT_EQ(5, value(self->sem));
}

/* One list cannot be of two namespaces. */
TEST_F(undo, a_shared_list_and_a_new_namespace_exclude_each_other)
{
	EXPECT_EQ(-EINVAL, proc_fork(CLONE_SYSVSEM | CLONE_NEWIPC));
	EXPECT_EQ(0, unshare(CLONE_SYSVSEM | CLONE_NEWIPC));
}

TEST_F(undo, a_removed_set_is_not_undone)
{
	pid_t pid = proc_fork_bound(0);
	union semun arg = { .val = 5 };
	int sem;

	if (!pid) {
		must(!add(self->sem, -2, SEM_UNDO));
		baton_pass(&self->up, 0);
		baton_take(&self->go);
		must(!unshare(CLONE_NEWIPC));
		_exit(0);
	}
	baton_take(&self->up);
	ASSERT_EQ(0, sem_remove(self->sem));
	/* Not even when another has come to its place. */
	ASSERT_EQ(0, file_printf(SYSCTL("sem_next_id"), "%d", self->sem));
	sem = sem_make(IPC_PRIVATE, 0600);
	ASSERT_EQ(self->sem, sem);
	ASSERT_EQ(0, semctl(sem, 0, SETVAL, arg));
	baton_pass(&self->go, 0);
	ASSERT_EQ(0, proc_end(pid));
	EXPECT_EQ(5, value(sem));
}

TEST_F(undo, setting_the_value_forgets_the_undo)
{
	pid_t pid = proc_fork_bound(0);
	union semun arg = { .val = 9 };

	if (!pid) {
		must(!add(self->sem, -2, SEM_UNDO));
		baton_pass(&self->up, 0);
		baton_take(&self->go);
		must(!ns_enter(self->other, CLONE_NEWIPC));
		_exit(0);
	}
	baton_take(&self->up);
	ASSERT_EQ(0, semctl(self->sem, 0, SETVAL, arg));
	baton_pass(&self->go, 0);
	ASSERT_EQ(0, proc_end(pid));
	EXPECT_EQ(9, value(self->sem));
}

TEST_HARNESS_MAIN

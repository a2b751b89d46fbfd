// SPDX-License-Identifier: GPL-2.0
/*
 * Limits of a user that are counted through user namespaces: processes, queued
 * signals, POSIX message queues, locked shared memory. What somebody uses in a
 * namespace counts there for that user, and above for the namespace's creator,
 * who is held to the limit that was in force when the namespace was made.
 *
 * Promises from getrlimit(2), user_namespaces(7), and the log of the commits
 * that made these limits per user namespace (Linux 5.14).
 *
 * The limit of the creator is not asserted for RLIMIT_MEMLOCK: mainline keeps
 * it in bytes and compares it with pages, so it is 4096 times too high.
 */
#include "kselftest_harness.h"
#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include "cap.h"
#include "usermap.h"

#define PAGE	4096
/* More than a queue of 10 messages of 8192 bytes takes, and less than two. */
#define QUEUE	90000

/*
 * Somebody who has no other processes, signals or queues in this guest: another
 * one for each test, because what a test leaves behind may take its time.
 */
static uid_t user;

FIXTURE(rlimits)
{
};

FIXTURE_SETUP(rlimits)
{
	user = 1000000 + getpid();
}

FIXTURE_TEARDOWN(rlimits)
{
}

static void become(uid_t id)
{
	must(!setgroups(0, NULL));
	userns_become(id, id);
}

static void limit(int what, rlim_t soft, rlim_t hard)
{
	struct rlimit l = { soft, hard };

	must(!setrlimit(what, &l));
}

/*
 * The caller becomes @user in a user namespace, which was made under the limit
 * @soft and in which only @hard is left of it.
 */
static void enter_limited(int what, rlim_t soft, rlim_t hard)
{
	limit(what, soft, hard);
	become(user);
	must(!ns_become_user_root());
	limit(what, hard, hard);
}

/* A process more. Returns as proc_fork(). */
static pid_t one_more(void)
{
	return userns_sleeper_in(0);
}

TEST_F(rlimits, processes_are_held_to_the_creators_limit)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		pid_t two;

		enter_limited(RLIMIT_NPROC, 3, 100);
		/* Capabilities here are no exemption: the limit is above. */
		must(cap_mine("CapEff") == cap_all());
		two = one_more();
		must(two > 0);
		must(one_more() > 0);
		must(one_more() == -EAGAIN);
		must(one_more() == -EAGAIN);
		must(proc_kill(two) == -SIGKILL);
		must(one_more() > 0);
		must(one_more() == -EAGAIN);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(rlimits, processes_are_held_to_their_own_limit_too)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		enter_limited(RLIMIT_NPROC, 100, 100);
		limit(RLIMIT_NPROC, 2, 100);
		must(one_more() > 0);
		must(one_more() == -EAGAIN);
		limit(RLIMIT_NPROC, 3, 100);
		must(one_more() > 0);
		must(one_more() == -EAGAIN);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(rlimits, processes_outside_count_inside)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		struct baton ready = baton_make();

		limit(RLIMIT_NPROC, 4, 100);
		become(user);
		/* The caller and one more stay outside. */
		must(one_more() > 0);
		pid = proc_fork_bound(CLONE_NEWUSER);
		if (!pid) {
			limit(RLIMIT_NPROC, 100, 100);
			must(one_more() > 0);
			must(one_more() == -EAGAIN);
			baton_pass(&ready, 0);
			proc_sleep_forever();
		}
		must(pid > 0);
		baton_take(&ready);
		/* And the other way round. */
		must(one_more() == -EAGAIN);
		must(proc_kill(pid) == -SIGKILL);
		/* Its child dies with it, in its own time. */
		while (one_more() == -EAGAIN)
			sched_yield();
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/*
 * Two users of a namespace: each has its own count there, both are the
 * creator's above. The test writes the maps, which the creator could not.
 */
TEST_F(rlimits, all_users_of_a_namespace_are_its_creators_processes)
{
	struct baton number = baton_make(), go = baton_make();
	pid_t creator = proc_fork_bound(0), child;

	if (!creator) {
		limit(RLIMIT_NPROC, 5, 100);
		become(user);
		child = proc_fork_bound(CLONE_NEWUSER);
		if (!child) {
			struct baton ready = baton_make();

			baton_take(&go);
			userns_become(0, 0);
			for (uid_t id = 5; id <= 6; id++) {
				if (proc_fork_bound(0))
					continue;
				userns_become(id, id);
				limit(RLIMIT_NPROC, 2, 100);
				/* One of its own is below its limit of two. */
				if (id == 5)
					must(one_more() > 0);
				baton_pass(&ready, 0);
				proc_sleep_forever();
			}
			baton_take(&ready);
			baton_take(&ready);
			/* The creator, we, and three more are there. */
			limit(RLIMIT_NPROC, 100, 100);
			must(one_more() == -EAGAIN);
			_exit(0);
		}
		baton_pass(&number, child);
		must(!proc_end(child));
		_exit(0);
	}
	child = baton_take(&number);
	ASSERT_EQ(0, userns_write(child, "uid_map", USERNS_MAP));
	ASSERT_EQ(0, userns_write(child, "gid_map", USERNS_MAP));
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(creator));
}

/* The same id in another namespace is another user. */
TEST_F(rlimits, namespaces_do_not_share_a_users_limit)
{
	struct baton ready = baton_make();
	pid_t pid[2];

	for (int i = 0; i < 2; i++) {
		pid[i] = userns_fork(0);
		if (pid[i])
			continue;
		userns_become(5, 5);
		limit(RLIMIT_NPROC, 2, 2);
		must(one_more() > 0);
		must(one_more() == -EAGAIN);
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	for (int i = 0; i < 2; i++)
		baton_take(&ready);
	for (int i = 0; i < 2; i++)
		EXPECT_EQ(-SIGKILL, proc_kill(pid[i]));
}

static void block(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	must(!sigprocmask(SIG_BLOCK, &set, NULL));
}

static int queue(void)
{
	return sigqueue(getpid(), SIGRTMIN, (union sigval) { .sival_int = 1 }) ?
	       -errno : 0;
}

static void dequeue(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	must(sigwaitinfo(&set, NULL) == SIGRTMIN);
}

TEST_F(rlimits, signals_are_held_to_the_creators_limit)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		block();
		enter_limited(RLIMIT_SIGPENDING, 4, 100);
		for (int round = 0; round < 3; round++) {
			for (int i = 0; i < 4; i++)
				must(queue() == 0);
			must(queue() == -EAGAIN);
			must(queue() == -EAGAIN);
			for (int i = 0; i < 4; i++)
				dequeue();
		}
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(rlimits, signals_are_held_to_their_own_limit_too)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		block();
		enter_limited(RLIMIT_SIGPENDING, 100, 100);
		limit(RLIMIT_SIGPENDING, 2, 100);
		must(queue() == 0 && queue() == 0);
		must(queue() == -EAGAIN);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(rlimits, signals_pending_outside_count_inside)
{
	struct baton ready = baton_make(), go = baton_make();
	pid_t pid = proc_fork_bound(0), inside;

	if (!pid) {
		block();
		become(user);
		must(queue() == 0 && queue() == 0);
		baton_pass(&ready, 0);
		baton_take(&go);
		/* It ends with them: they are given back. */
		_exit(0);
	}
	baton_take(&ready);
	inside = proc_fork_bound(0);
	if (!inside) {
		block();
		enter_limited(RLIMIT_SIGPENDING, 3, 100);
		must(queue() == 0);
		must(queue() == -EAGAIN);
		baton_pass(&go, 0);
		while (queue() == -EAGAIN)
			sched_yield();
		must(queue() == 0);
		must(queue() == -EAGAIN);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, proc_end(inside));
}

/* A message queue of its own for each @n. Returns the file, or -errno. */
static int open_queue(int n)
{
	struct mq_attr attr = { .mq_maxmsg = 10, .mq_msgsize = 8192 };
	char name[32];
	mqd_t mq;

	snprintf(name, sizeof(name), "/rlimits.%d", n);
	mq = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
	if (mq < 0)
		return -errno;
	must(!mq_unlink(name));
	return mq;
}

TEST_F(rlimits, message_queues_are_held_to_the_creators_limit)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		int one;

		enter_limited(RLIMIT_MSGQUEUE, 2 * QUEUE, 20 * QUEUE);
		one = open_queue(1);
		must(one >= 0 && open_queue(2) >= 0);
		must(open_queue(3) == -EMFILE);
		must(!mq_close(one));
		must(open_queue(3) >= 0);
		must(open_queue(4) == -EMFILE);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(rlimits, message_queues_are_held_to_their_own_limit_too)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		enter_limited(RLIMIT_MSGQUEUE, 20 * QUEUE, 20 * QUEUE);
		limit(RLIMIT_MSGQUEUE, QUEUE, 20 * QUEUE);
		must(open_queue(1) >= 0);
		must(open_queue(2) == -EMFILE);
		/* Nor does a message queue namespace of one's own help. */
		must(!unshare(CLONE_NEWIPC));
		must(open_queue(3) == -EMFILE);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* Locks a new segment of one page, and lets go of it in the end. */
static int lock_segment(int *id)
{
	int err;

	*id = shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0600);
	must(*id >= 0);
	err = shmctl(*id, SHM_LOCK, NULL) ? -errno : 0;
	if (err)
		must(!shmctl(*id, IPC_RMID, NULL));
	return err;
}

TEST_F(rlimits, locked_segments_are_limited_whatever_one_may_here)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		int one, two, three;

		enter_limited(RLIMIT_MEMLOCK, 2 * PAGE, 2 * PAGE);
		must(!unshare(CLONE_NEWIPC));
		must(cap_mine("CapEff") & CAP_BIT(CAP_IPC_LOCK));
		must(lock_segment(&one) == 0 && lock_segment(&two) == 0);
		must(lock_segment(&three) == -ENOMEM);
		must(!shmctl(one, SHM_UNLOCK, NULL));
		must(lock_segment(&three) == 0);
		must(shmctl(one, SHM_LOCK, NULL) == -1 && errno == ENOMEM);
		must(!shmctl(two, IPC_RMID, NULL));
		must(!shmctl(one, SHM_LOCK, NULL));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Races in pid namespaces: births against the death of init, who comes first,
 * and the handing-over of orphans.
 *
 * Each test is a bounded number of rounds. What a round may end in is known
 * whoever wins, and that is what is asserted; which way it went is not.
 */
#include "kselftest_harness.h"
#include <pthread.h>
#include "ns.h"
#include "proc.h"

#define ROUNDS	40

/* Lets the two sides meet at ever different points. */
static void spin(int round)
{
	for (volatile int i = 0; i < (round * 997) % 20000; i++)
		;
}

static void __attribute__((noreturn)) fork_for_ever(void)
{
	pid_t pid;

	for (;;) {
		pid = fork();
		if (!pid)
			_exit(0);
		if (pid > 0)
			waitpid(pid, NULL, 0);
	}
}

TEST(births_inside_against_the_killing_of_init)
{
	for (int round = 0; round < ROUNDS; round++) {
		struct lifeline line = lifeline_make();
		struct baton ready = baton_make();
		pid_t init = proc_fork_bound(CLONE_NEWPID);

		if (!init) {
			for (int i = 0; i < 4; i++)
				if (!fork())
					fork_for_ever();
			baton_pass(&ready, 0);
			fork_for_ever();
		}
		lifeline_watch(&line);
		baton_take(&ready);
		spin(round);
		ASSERT_EQ(-SIGKILL, proc_kill(init));
		ASSERT_TRUE(lifeline_cut(&line, 0));
		close(line.fd[0]);
		close(ready.fd[0]);
		close(ready.fd[1]);
	}
}

TEST(births_from_outside_against_the_killing_of_init)
{
	for (int round = 0; round < ROUNDS; round++) {
		struct lifeline line = lifeline_make();
		struct baton ready = baton_make();
		pid_t init, joiner;
		int ns;

		init = proc_fork_bound(CLONE_NEWPID);
		if (!init)
			proc_sleep_forever();
		ns = ns_open(init, "pid");
		ASSERT_GE(ns, 0);
		joiner = proc_fork_bound(0);
		if (!joiner) {
			pid_t pid;
			int end;

			must(!ns_enter(ns, CLONE_NEWPID));
			baton_pass(&ready, 0);
			while ((pid = proc_fork(0)) > 0) {
				end = proc_end(pid);
				must(end == 0 || end == -SIGKILL);
			}
			if (!pid)
				_exit(0);
			must(pid == -ENOMEM);
			/* Dead is dead. */
			for (int i = 0; i < 3; i++)
				must(proc_fork(0) == -ENOMEM);
			_exit(0);
		}
		lifeline_watch(&line);
		baton_take(&ready);
		spin(round);
		ASSERT_EQ(-SIGKILL, proc_kill(init));
		ASSERT_EQ(0, proc_end(joiner));
		ASSERT_TRUE(lifeline_cut(&line, 0));
		close(line.fd[0]);
		close(ready.fd[0]);
		close(ready.fd[1]);
		close(ns);
	}
}

TEST(entering_against_the_killing_of_init)
{
	for (int round = 0; round < ROUNDS; round++) {
		struct baton ready = baton_make();
		pid_t init, joiner;
		int fd;

		init = proc_fork_bound(CLONE_NEWPID);
		if (!init)
			proc_sleep_forever();
		fd = proc_pidfd(init);
		ASSERT_GE(fd, 0);
		joiner = proc_fork_bound(0);
		if (!joiner) {
			pid_t pid = -ESRCH;
			int err, end;

			baton_pass(&ready, 0);
			err = ns_enter(fd, CLONE_NEWPID);
			/* Through the pidfd, there is nothing left to enter. */
			must(!err || err == -ESRCH);
			if (!err)
				pid = proc_fork(0);
			if (!pid)
				proc_sleep_forever();
			must(pid > 0 || pid == -ENOMEM || pid == -ESRCH);
			end = pid > 0 ? proc_end(pid) : -SIGKILL;
			must(end == -SIGKILL);
			_exit(0);
		}
		baton_take(&ready);
		spin(round);
		ASSERT_EQ(-SIGKILL, proc_kill(init));
		ASSERT_EQ(0, proc_end(joiner));
		close(fd);
		close(ready.fd[0]);
		close(ready.fd[1]);
	}
}

/* Two who are both to be the first: one is init, and there is no second. */
TEST(two_first_children)
{
	int inits = 0, fellows = 0, refused = 0;

	for (int round = 0; round < ROUNDS; round++) {
		struct baton ready = baton_make(), done = baton_make();
		struct baton go = baton_make(), number = baton_make();
		struct baton bye = baton_make();
		pid_t owner, joiner[2];
		int ns, first = 0, seen[2];

		owner = proc_fork_bound(0);
		if (!owner) {
			must(!unshare(CLONE_NEWPID));
			baton_pass(&ready, 0);
			baton_take(&done);
			_exit(0);
		}
		baton_take(&ready);
		ns = ns_open(owner, "pid_for_children");
		if (ns < 0) {
			proc_kill(owner);
			SKIP(return, "this kernel does not let an empty pid namespace be entered");
		}
		for (int i = 0; i < 2; i++) {
			joiner[i] = proc_fork_bound(0);
			if (joiner[i])
				continue;
			must(!ns_enter(ns, CLONE_NEWPID));
			baton_pass(&ready, 0);
			baton_take(&go);
			if (i)
				spin(round);
			joiner[i] = proc_fork(0);
			if (!joiner[i]) {
				baton_pass(&number, getpid());
				baton_take(&bye);
				_exit(0);
			}
			/* Too early: init has its number, but is not there. */
			if (joiner[i] < 0)
				baton_pass(&number, joiner[i]);
			else
				proc_end(joiner[i]);
			_exit(0);
		}
		baton_take(&ready);
		baton_take(&ready);
		baton_pass(&go, 0);
		baton_pass(&go, 0);
		for (int i = 0; i < 2; i++) {
			seen[i] = baton_take(&number);
			first += seen[i] == 1;
			fellows += seen[i] > 1;
			refused += seen[i] < 0;
			/* -EINVAL: the number 1 was taken, by nobody as yet. */
			ASSERT_TRUE(seen[i] == 1 || seen[i] == 2 ||
				    seen[i] == -EINVAL)
				TH_LOG("number %d", seen[i]);
		}
		ASSERT_EQ(1, first);
		inits += first;
		for (int i = 0; i < 2; i++)
			baton_pass(&bye, 0);
		ASSERT_EQ(0, proc_end(joiner[0]));
		ASSERT_EQ(0, proc_end(joiner[1]));
		baton_pass(&done, 0);
		ASSERT_EQ(0, proc_end(owner));
		for (int i = 0; i < 2; i++) {
			close(ready.fd[i]);
			close(done.fd[i]);
			close(go.fd[i]);
			close(number.fd[i]);
			close(bye.fd[i]);
		}
		close(ns);
	}
	EXPECT_EQ(ROUNDS, inits);
	TH_LOG("%d inits, %d fellows, %d refused", inits, fellows, refused);
}

TEST(orphans_against_the_end_of_their_subreaper)
{
	for (int round = 0; round < ROUNDS; round++) {
		pid_t init = proc_fork_bound(CLONE_NEWPID);

		if (!init) {
			struct baton ready = baton_make();
			pid_t reaper = fork(), pid;
			int orphans = 0, status;

			if (!reaper) {
				must(!prctl(PR_SET_CHILD_SUBREAPER, 1));
				for (int i = 0; i < 4; i++) {
					if (fork())
						continue;
					if (!fork()) {
						pid = getppid();
						baton_pass(&ready, pid);
						_exit(9);
					}
					_exit(0);
				}
				spin(round);
				_exit(5);
			}
			/* Whatever is left over comes to us, and can be waited for. */
			while ((pid = waitpid(-1, &status, 0)) > 0) {
				if (pid == reaper)
					must(WEXITSTATUS(status) == 5);
				else
					must(WIFEXITED(status));
				orphans += pid != reaper;
			}
			must(errno == ECHILD);
			must(orphans <= 8);
			_exit(0);
		}
		ASSERT_EQ(0, proc_end(init));
	}
}

TEST(init_loses_no_orphan)
{
	for (int round = 0; round < ROUNDS; round++) {
		pid_t init = proc_fork_bound(CLONE_NEWPID);

		if (!init) {
			int zero = 0, nine = 0, status;

			/* Parent and child end at the same time. */
			for (int i = 0; i < 8; i++) {
				if (fork())
					continue;
				if (!fork()) {
					spin(round);
					_exit(9);
				}
				_exit(0);
			}
			while (waitpid(-1, &status, 0) > 0) {
				must(WIFEXITED(status));
				zero += WEXITSTATUS(status) == 0;
				nine += WEXITSTATUS(status) == 9;
			}
			must(errno == ECHILD);
			must(zero == 8 && nine == 8);
			_exit(0);
		}
		ASSERT_EQ(0, proc_end(init));
	}
}

TEST(nested_inits_end_at_the_same_time)
{
	for (int round = 0; round < ROUNDS; round++) {
		struct lifeline line = lifeline_make();
		struct baton number = baton_make();
		pid_t outer = proc_fork_bound(CLONE_NEWPID), inner;
		int fd;

		if (!outer) {
			if (!proc_fork(CLONE_NEWPID)) {
				char text[64];

				for (int i = 0; i < 3; i++)
					if (!fork())
						fork_for_ever();
				must(!file_field("/proc/self/status", "NSpid",
						 text, sizeof(text)));
				baton_pass(&number, atoi(text));
				proc_sleep_forever();
			}
			proc_sleep_forever();
		}
		lifeline_watch(&line);
		inner = baton_take(&number);
		fd = proc_pidfd(inner);
		ASSERT_GE(fd, 0);
		ASSERT_EQ(0, proc_pidfd_signal(fd, SIGKILL));
		spin(round);
		ASSERT_EQ(-SIGKILL, proc_kill(outer));
		ASSERT_TRUE(lifeline_cut(&line, 0));
		close(fd);
		close(line.fd[0]);
		close(number.fd[0]);
		close(number.fd[1]);
	}
}

static void *exec_self(void *arg)
{
	execl("/proc/self/exe", "pidns_race", "--exit-7", NULL);
	_exit(1);
}

static void *fork_a_lot(void *arg)
{
	fork_for_ever();
}

/* Either exec comes through, as pid 1, or the kill; never a third thing. */
TEST(exec_by_a_thread_of_init_against_the_killing_of_init)
{
	for (int round = 0; round < ROUNDS; round++) {
		struct lifeline line = lifeline_make();
		struct baton ready = baton_make();
		pid_t init = proc_fork_bound(CLONE_NEWPID);
		int end;

		if (!init) {
			pthread_t thread;

			must(!pthread_create(&thread, NULL, fork_a_lot, NULL));
			baton_pass(&ready, 0);
			must(!pthread_create(&thread, NULL, exec_self, NULL));
			proc_sleep_forever();
		}
		lifeline_watch(&line);
		baton_take(&ready);
		spin(round * 7);
		end = proc_kill(init);
		ASSERT_TRUE(end == 7 || end == -SIGKILL)
			TH_LOG("end %d", end);
		ASSERT_TRUE(lifeline_cut(&line, 0));
		close(line.fd[0]);
		close(ready.fd[0]);
		close(ready.fd[1]);
	}
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--exit-7"))
		return getpid() == 1 ? 7 : 1;
	return test_harness_run(argc, argv);
}

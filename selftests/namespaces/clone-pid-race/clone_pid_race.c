// SPDX-License-Identifier: GPL-2.0
/*
 * One number, and several who want it: at the same time, while its owner goes,
 * and while the namespace dies. A number has one owner at most, a refusal
 * leaves no trace on any level, and nothing is lost.
 *
 * Each test is a bounded number of rounds. What a round may end in is known
 * whoever wins, and that is what is asserted; which way it went is not.
 */
#include "kselftest_harness.h"
#include "ns.h"
#include "proc.h"

#define ROUNDS	20
#define NUMBER	500

#define LAST_PID	"/proc/sys/kernel/ns_last_pid"
#define PID_MAX		"/proc/sys/kernel/pid_max"

/* Lets the two sides meet at ever different points. */
static void spin(int round)
{
	for (volatile int i = 0; i < (round * 997) % 20000; i++)
		;
}

static pid_t fork_as(const pid_t *tids, size_t n)
{
	struct clone_args args = {
		.exit_signal = SIGCHLD,
		.set_tid = (uintptr_t)tids,
		.set_tid_size = n,
	};

	return proc_clone3(&args);
}

/* Two racers in one namespace; whoever wins holds the number until told. */
static void race_for_the_number(int round)
{
	struct baton ready = baton_make(), go = baton_make();
	struct baton result = baton_make(), bye = baton_make();
	const pid_t tid = NUMBER;
	int seen[2];

	for (int i = 0; i < 2; i++) {
		pid_t pid = fork(), child;

		must(pid >= 0);
		if (pid)
			continue;
		baton_pass(&ready, 0);
		baton_take(&go);
		if (i)
			spin(round);
		child = fork_as(&tid, 1);
		if (!child)
			proc_sleep_forever();
		baton_pass(&result, child);
		baton_take(&bye);
		if (child > 0)
			must(proc_kill(child) == -SIGKILL);
		_exit(0);
	}
	for (int i = 0; i < 2; i++)
		baton_take(&ready);
	for (int i = 0; i < 2; i++)
		baton_pass(&go, 0);
	for (int i = 0; i < 2; i++)
		seen[i] = baton_take(&result);
	must((seen[0] == NUMBER && seen[1] == -EEXIST) ||
	     (seen[1] == NUMBER && seen[0] == -EEXIST));
	for (int i = 0; i < 2; i++)
		baton_pass(&bye, 0);
	for (int i = 0; i < 2; i++)
		must(proc_end(-1) == 0);
	for (int i = 0; i < 2; i++) {
		close(ready.fd[i]);
		close(go.fd[i]);
		close(result.fd[i]);
		close(bye.fd[i]);
	}
}

TEST(of_two_racers_one_gets_the_number)
{
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		for (int round = 0; round < ROUNDS; round++)
			race_for_the_number(round);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

/*
 * As soon as waitpid(2) has returned, the number is free; before, it is taken.
 * The racer asks all the while that one owner after the other comes and goes.
 */
TEST(a_number_passes_from_owner_to_owner)
{
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		const pid_t tid = NUMBER;
		struct baton stop = baton_make();
		int mine = 0;
		pid_t racer = fork(), pid;

		if (!racer) {
			/* It goes on until the other side has had its turns. */
			while (!proc_poll(stop.fd[0], POLLIN, 0)) {
				pid = fork_as(&tid, 1);
				if (!pid)
					_exit(getpid() == NUMBER ? 0 : 1);
				must(pid == NUMBER || pid == -EEXIST);
				if (pid > 0)
					must(proc_end(pid) == 0);
			}
			_exit(0);
		}
		for (int tries = 0; mine < 10 * ROUNDS && tries < 100000;
		     tries++) {
			pid = fork_as(&tid, 1);
			if (!pid)
				_exit(getpid() == NUMBER ? 0 : 1);
			must(pid == NUMBER || pid == -EEXIST);
			if (pid > 0)
				must(proc_end(pid) == 0);
			mine += pid > 0;
		}
		baton_pass(&stop, 0);
		must(proc_end(racer) == 0);
		must(mine == 10 * ROUNDS);
		/* Free it is, at the end. */
		pid = fork_as(&tid, 1);
		if (!pid)
			_exit(0);
		must(pid == NUMBER && proc_end(pid) == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

/*
 * A process in a namespace wants 700 there and NUMBER above, one above it wants
 * NUMBER. Who is inside is refused on the outer level only, with 700 already
 * in hand: a refusal that forgot to give it back would be the last try.
 */
TEST(refusals_on_different_levels_leave_nothing_taken)
{
	pid_t outer = proc_fork_bound(CLONE_NEWPID);

	if (!outer) {
		const pid_t tids[] = { 700, NUMBER };
		struct baton stop = baton_make();
		pid_t inner = proc_fork(CLONE_NEWPID), pid;
		int mine = 0;

		if (!inner) {
			while (!proc_poll(stop.fd[0], POLLIN, 0)) {
				pid = fork_as(tids, 2);
				if (!pid)
					_exit(getpid() == 700 ? 0 : 1);
				must(pid == 700 || pid == -EEXIST);
				if (pid > 0)
					must(proc_end(pid) == 0);
			}
			/* Nobody is in the way any more on either level. */
			pid = fork_as(tids, 1);
			if (!pid)
				_exit(0);
			must(pid == 700 && proc_end(pid) == 0);
			_exit(0);
		}
		for (int tries = 0; mine < 5 * ROUNDS && tries < 100000;
		     tries++) {
			pid = fork_as(&tids[1], 1);
			if (!pid)
				_exit(0);
			must(pid == NUMBER || pid == -EEXIST);
			if (pid > 0)
				must(proc_end(pid) == 0);
			mine += pid > 0;
		}
		baton_pass(&stop, 0);
		must(proc_end(inner) == 0);
		must(mine == 5 * ROUNDS);
		pid = fork_as(&tids[1], 1);
		if (!pid)
			_exit(0);
		must(pid == NUMBER && proc_end(pid) == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(outer));
}

/* A chosen number is never given to who has not asked, and the other way. */
TEST(chosen_and_counted_numbers_never_meet)
{
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		struct baton stop = baton_make();
		pid_t racer, pid, tid, last = 1;

		racer = fork();
		if (!racer) {
			for (int n = 0; !proc_poll(stop.fd[0], POLLIN, 0); n++) {
				/* Always a bit ahead of the count. */
				tid = 10 + n % 400;
				pid = fork_as(&tid, 1);
				if (!pid)
					_exit(getpid() == tid ? 0 : 1);
				must(pid == tid || pid == -EEXIST);
				if (pid > 0)
					must(proc_end(pid) == 0);
			}
			_exit(0);
		}
		for (int n = 0; n < 10 * ROUNDS; n++) {
			pid = fork();
			must(pid >= 0);
			if (!pid)
				_exit(getpid() > 1 ? 0 : 1);
			/* The count only goes up, past what is taken. */
			must(pid > last && proc_end(pid) == 0);
			last = pid;
		}
		baton_pass(&stop, 0);
		must(proc_end(racer) == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

/* The number is chosen from outside, while the namespace is dying. */
TEST(choosing_against_the_killing_of_init)
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
			const pid_t tid = NUMBER;
			pid_t pid;
			int end;

			must(!ns_enter(ns, CLONE_NEWPID));
			baton_pass(&ready, 0);
			/* Each one that was born is reaped: never EEXIST. */
			while ((pid = fork_as(&tid, 1)) > 0) {
				end = proc_end(pid);
				must(end == 0 || end == -SIGKILL);
			}
			if (!pid)
				_exit(getpid() == NUMBER ? 0 : 1);
			must(pid == -ENOMEM);
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

/* Both set the last number and fork: each gets one, and no two the same. */
TEST(two_writers_of_ns_last_pid)
{
	pid_t init;

	if (access(LAST_PID, F_OK))
		SKIP(return, "no " LAST_PID " (CONFIG_CHECKPOINT_RESTORE)");
	init = proc_fork_bound(CLONE_NEWPID);
	if (!init) {
		struct baton go = baton_make();

		for (int i = 0; i < 2; i++) {
			pid_t pid = fork();

			must(pid >= 0);
			if (pid)
				continue;
			baton_take(&go);
			for (int n = 0; n < 5 * ROUNDS; n++) {
				must(!file_write(LAST_PID, "499"));
				pid = fork();
				if (!pid)
					_exit(getpid() >= NUMBER ? 0 : 1);
				/* The other's, and the next, may be in use. */
				must(pid >= NUMBER && pid <= NUMBER + 2);
				must(proc_end(pid) == 0);
			}
			_exit(0);
		}
		baton_pass(&go, 0);
		baton_pass(&go, 0);
		must(proc_end(-1) == 0 && proc_end(-1) == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Races between mounts: propagation against the birth and death of the
 * namespaces that receive it, two who unmount the same, writers against
 * read-only, entering against dying.
 *
 * Each test is a bounded number of rounds. What a round may end in is known
 * whoever wins, and that is what is asserted; which way it went is not.
 */
#include "kselftest_harness.h"
#include <sys/mman.h>
#include "mnt.h"

#define ROUNDS	25
#define PILE	8		/* mounts on one place */
#define LONG	120		/* seconds; on two busy CPUs with a debug kernel */

#define A	MNT_AREA "/a"
#define B	MNT_AREA "/b"

/* A shared tmpfs at A with a folder to mount on, and its peer at B. */
FIXTURE(race)
{
};

FIXTURE_SETUP(race)
{
	mnt_area();
	mnt_dir(A);
	mnt_dir(B);
	must(!mnt_tmpfs(A));
	mnt_dir(A "/x");
	must(!mnt_make(A, MS_SHARED));
	must(!mnt_bind(A, B));
}

FIXTURE_TEARDOWN(race)
{
}

/* Lets the two sides meet at ever different points. */
static void spin(int round)
{
	for (volatile int i = 0; i < (round * 997) % 20000; i++)
		;
}

/* What both sides may write, each its own. */
struct board {
	volatile int stop;
	volatile int epoch;
};

static struct board *board_make(void)
{
	struct board *b = mmap(NULL, sizeof(*b), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	must(b != MAP_FAILED);
	return b;
}

/*
 * Mounts come and go at A while copies of the namespace are made and die:
 * a copy has the mount on both peers or on neither, and the original is in
 * the end what it was.
 */
static void copies_against_a_storm(struct __test_metadata *_metadata,
				   uint64_t flags)
{
	struct board *board = board_make();
	pid_t storm = proc_fork_bound(0), pid;

	if (!storm) {
		while (!board->stop) {
			must(!mnt_tmpfs(A "/x"));
			must(!mnt_off(A "/x", MNT_DETACH));
		}
		_exit(0);
	}
	for (int round = 0; round < ROUNDS; round++) {
		pid = proc_fork_bound(flags);
		if (!pid) {
			struct mnt_info a, b;

			/* Cut off, so that what is seen stays. */
			must(!mnt_make("/", MS_REC | MS_PRIVATE));
			must(mnt_info(A "/x", &a) == mnt_info(B "/x", &b));
			must(mnt_is(A) && mnt_is(B));
			_exit(0);
		}
		ASSERT_GT(pid, 0);
		spin(round);
		/* Every other one is killed, unless it was faster. */
		if (round % 2)
			kill(pid, SIGKILL);
		pid = proc_end(pid);
		ASSERT_TRUE(!pid || (round % 2 && pid == -SIGKILL));
	}
	board->stop = 1;
	ASSERT_EQ(0, proc_end(storm));
	EXPECT_EQ(1, mnt_count(A));
	EXPECT_EQ(1, mnt_count(B));
	EXPECT_EQ(0, mnt_off(B, 0));
	EXPECT_EQ(0, mnt_off(A, 0));
}

TEST_F_TIMEOUT(race, copies_of_a_namespace_against_mounts_and_unmounts, LONG)
{
	copies_against_a_storm(_metadata, CLONE_NEWNS);
}

TEST_F_TIMEOUT(race, less_privileged_copies_against_mounts_and_unmounts, LONG)
{
	copies_against_a_storm(_metadata, CLONE_NEWUSER | CLONE_NEWNS);
}

/* Peers in other namespaces mount and unmount; nothing is left over or lost. */
TEST_F_TIMEOUT(race, peers_in_two_namespaces_mount_on_the_same_place, LONG)
{
	struct baton go = baton_make();
	pid_t pid[2];

	for (int i = 0; i < 2; i++) {
		pid[i] = proc_fork_bound(CLONE_NEWNS);
		if (pid[i])
			continue;
		baton_take(&go);
		for (int round = 0; round < ROUNDS * 2; round++) {
			int err;

			/* What the path led to may be gone: another try. */
			do {
				err = mnt_tmpfs(i ? A "/x" : B "/x");
				must(!err || err == -ENOENT || err == -EINVAL);
			} while (err);
			/* The top one, whoever put it there. */
			do {
				err = mnt_off(i ? B "/x" : A "/x", 0);
				must(!err || err == -EBUSY || err == -EINVAL);
			} while (err);
		}
		_exit(0);
	}
	baton_pass(&go, 0);
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(pid[0]));
	EXPECT_EQ(0, proc_end(pid[1]));
	EXPECT_EQ(0, mnt_depth(A "/x"));
	EXPECT_EQ(0, mnt_depth(B "/x"));
}

/* Tries to unmount what is on top at @path, @tries times. Returns how often it did. */
static int unmount_tops(const char *path, int tries)
{
	int did = 0;

	while (tries--) {
		int err = mnt_off(path, MNT_DETACH);

		/* It was another's, or it is a folder again. */
		must(!err || err == -EINVAL);
		did += !err;
	}
	return did;
}

/*
 * Of a pile of mounts two take the top one all the time, one by its path and the
 * other by that of its peer: each mount is unmounted by one of them.
 */
TEST_F_TIMEOUT(race, of_two_who_unmount_the_same_one_does, LONG)
{
	struct baton go = baton_make(), done = baton_make();
	pid_t rival = proc_fork_bound(0);
	int won = 0;

	if (!rival) {
		for (int round = 0; round < ROUNDS; round++) {
			baton_take(&go);
			spin(round);
			baton_pass(&done, unmount_tops(B "/x", PILE));
		}
		_exit(0);
	}
	for (int round = 0; round < ROUNDS; round++) {
		int mine, theirs, left;

		for (int i = 0; i < PILE; i++)
			ASSERT_EQ(0, mnt_tmpfs(A "/x"));
		baton_pass(&go, 0);
		spin(ROUNDS - round);
		mine = unmount_tops(A "/x", PILE);
		theirs = baton_take(&done);
		left = mnt_depth(A "/x");
		ASSERT_EQ(PILE, mine + theirs + left)
			TH_LOG("%d, %d and %d left", mine, theirs, left);
		ASSERT_EQ(left, mnt_depth(B "/x"));
		ASSERT_EQ(left, unmount_tops(A "/x", left));
		ASSERT_EQ(0, mnt_depth(B "/x"));
		won += mine;
	}
	EXPECT_EQ(0, proc_end(rival));
	TH_LOG("won %d of %d", won, ROUNDS * PILE);
}

/*
 * While a mount is read-only nobody has a file of it open for writing. An odd
 * epoch stands for: it is, and has been since the epoch began.
 */
TEST_F_TIMEOUT(race, no_writer_gets_on_a_mount_that_became_read_only, LONG)
{
	struct board *board = board_make();
	int became = 0;
	pid_t writer;

	mnt_put(A "/file", "text");
	writer = proc_fork_bound(0);
	if (!writer) {
		int n = 0;

		while (!board->stop) {
			int before = board->epoch;
			int fd = open(A "/file", O_WRONLY | O_CLOEXEC);
			int after = board->epoch;

			must(fd >= 0 || errno == EROFS);
			must(fd < 0 || before != after || !(before % 2));
			spin(n++ % 20);
			if (fd >= 0) {
				must(write(fd, "x", 1) == 1);
				close(fd);
			}
		}
		_exit(0);
	}
	/* the writer may be off its CPU with the file open for long */
	for (int round = 0; round < ROUNDS * 10 || became < ROUNDS; round++) {
		int err = mnt_flags(A, MS_RDONLY);

		ASSERT_TRUE(!err || err == -EBUSY);
		if (err)
			continue;
		became++;
		board->epoch++;
		spin(round % 20);
		board->epoch++;
		ASSERT_EQ(0, mnt_flags(A, 0));
	}
	board->stop = 1;
	EXPECT_EQ(0, proc_end(writer));
}

/* By its process: all of it or nothing. By its file: all of it. */
TEST_F_TIMEOUT(race, entering_against_the_death_of_the_last_one, LONG)
{
	for (int round = 0; round < ROUNDS; round++) {
		struct baton ready = baton_make();
		pid_t last = proc_fork_bound(CLONE_NEWNS), enters;
		int pidfd, ns;

		if (!last) {
			must(!mnt_make("/", MS_REC | MS_PRIVATE));
			must(!mnt_tmpfs(A "/x"));
			baton_pass(&ready, 0);
			proc_sleep_forever();
		}
		baton_take(&ready);
		pidfd = proc_pidfd(last);
		ns = ns_open(last, "mnt");
		ASSERT_GE(ns, 0);
		enters = proc_fork_bound(0);
		if (!enters) {
			int err;

			baton_pass(&ready, 0);
			err = ns_enter(pidfd, CLONE_NEWNS);
			must(!err || err == -ESRCH);
			must(err || mnt_is(A "/x"));
			must(!ns_enter(ns, CLONE_NEWNS));
			must(mnt_is(A "/x"));
			_exit(0);
		}
		baton_take(&ready);
		spin(round);
		ASSERT_EQ(-SIGKILL, proc_kill(last));
		ASSERT_EQ(0, proc_end(enters));
		close(pidfd);
		close(ns);
		close(ready.fd[0]);
		close(ready.fd[1]);
	}
}

/* A mount point is removed from under the mount of another namespace. */
TEST_F_TIMEOUT(race, removing_a_mount_point_against_mounting_on_it, LONG)
{
	for (int round = 0; round < ROUNDS; round++) {
		struct baton ready = baton_make(), go = baton_make();
		pid_t pid = proc_fork_bound(CLONE_NEWNS);

		mnt_dir(MNT_AREA "/spot");
		if (!pid) {
			int err;

			baton_pass(&ready, 0);
			baton_take(&go);
			err = mnt_tmpfs(MNT_AREA "/spot");
			must(!err || err == -ENOENT);
			baton_pass(&ready, 0);
			baton_take(&go);
			/* Removed in the end, so nothing is mounted there. */
			must(!mnt_is(MNT_AREA "/spot"));
			must(!mnt_exists(MNT_AREA "/spot"));
			_exit(0);
		}
		baton_take(&ready);
		baton_pass(&go, 0);
		spin(round);
		ASSERT_EQ(0, mnt_error(rmdir(MNT_AREA "/spot")));
		baton_take(&ready);
		baton_pass(&go, 0);
		ASSERT_EQ(0, proc_end(pid));
		close(ready.fd[0]);
		close(ready.fd[1]);
		close(go.fd[0]);
		close(go.fd[1]);
	}
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Races of entering: a process's namespaces are entered, listed and opened
 * while the process dies. Who comes in time is in all of them; who does not, in
 * none.
 */
#include "kselftest_harness.h"
#include <sys/ioctl.h>
#include "ns.h"
#include "nsfs.h"
#include "proc.h"

#ifndef SYS_listns
#define SYS_listns	470
#endif

#define ROUNDS	20
#define SEVERAL	(CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNS | CLONE_NEWPID)

/* Lets the two sides meet at ever different points. */
static void spin(int round)
{
	for (volatile int i = 0; i < (round * 997) % 30000; i++)
		;
}

/* A process with namespaces of its own, that ends when it is told to. */
static pid_t mortal(uint64_t flags, struct baton *go, int round)
{
	struct baton up = baton_make();
	pid_t pid = proc_fork_bound(flags);

	if (!pid) {
		baton_pass(&up, 0);
		baton_take(go);
		spin(round);
		_exit(0);
	}
	must(pid > 0);
	baton_take(&up);
	close(up.fd[0]);
	close(up.fd[1]);
	return pid;
}

static const char * const names[] = { "uts", "ipc", "mnt", "pid_for_children" };

TEST(several_at_once_by_the_pidfd_of_who_dies)
{
	struct baton go = baton_make();

	for (int round = 0; round < ROUNDS; round++) {
		pid_t pid = mortal(SEVERAL, &go, round), joiner;
		int fd = proc_pidfd(pid);

		ASSERT_GE(fd, 0);
		joiner = proc_fork_bound(0);
		if (!joiner) {
			int before[ARRAY_SIZE(names)], err, moved = 0;

			for (size_t i = 0; i < ARRAY_SIZE(names); i++)
				before[i] = ns_open(0, names[i]);
			baton_pass(&go, 0);
			err = ns_enter(fd, SEVERAL);
			must(!err || err == -ESRCH);
			/* The proc that we know is not in the other mounts. */
			if (!err)
				must(!ns_enter(before[2], CLONE_NEWNS));
			for (size_t i = 0; i < ARRAY_SIZE(names); i++)
				moved += !ns_same(ns_open(0, names[i]), before[i]);
			must(moved == (err ? 0 : ARRAY_SIZE(names) - 1));
			if (err)
				_exit(0);
			/* Into a namespace whose init has ended nobody is born. */
			pid = proc_fork(0);
			if (!pid)
				_exit(0);
			must(pid == -ENOMEM || pid > 0);
			if (pid > 0) {
				err = proc_end(pid);
				must(err == 0 || err == -SIGKILL);
			}
			_exit(0);
		}
		ASSERT_EQ(0, proc_end(joiner));
		ASSERT_EQ(0, proc_end(pid));
		close(fd);
	}
}

TEST(its_files_are_opened_and_entered)
{
	struct baton go = baton_make();

	for (int round = 0; round < ROUNDS; round++) {
		pid_t pid = mortal(CLONE_NEWUTS | CLONE_NEWIPC, &go, round), joiner;

		joiner = proc_fork_bound(0);
		if (!joiner) {
			int uts, ipc;

			baton_pass(&go, 0);
			uts = ns_open(pid, "uts");
			ipc = ns_open(pid, "ipc");
			/* It was there before it was not. */
			must(uts >= 0 || uts == -ENOENT);
			must(ipc >= 0 || ipc == -ENOENT);
			must(uts >= 0 || ipc < 0);
			/* And what was opened is there to stay. */
			must(uts < 0 || !ns_enter(uts, CLONE_NEWUTS));
			must(ipc < 0 || !ns_enter(ipc, CLONE_NEWIPC));
			must(uts < 0 || !sethostname("x", 1));
			_exit(0);
		}
		ASSERT_EQ(0, proc_end(joiner));
		ASSERT_EQ(0, proc_end(pid));
	}
}

TEST(a_user_namespace_and_what_it_owns)
{
	struct baton go = baton_make();

	for (int round = 0; round < ROUNDS; round++) {
		pid_t pid = proc_fork_bound(0);

		if (!pid) {
			pid_t victim;
			int fd, err, before;

			proc_become_nobody();
			victim = mortal(CLONE_NEWUSER | CLONE_NEWUTS, &go, round);
			fd = proc_pidfd(victim);
			before = ns_open(0, "user");
			must(fd >= 0 && before >= 0);
			baton_pass(&go, 0);
			err = ns_enter(fd, CLONE_NEWUSER | CLONE_NEWUTS);
			must(!err || err == -ESRCH || err == -EPERM);
			/* Both, or neither. */
			must((sethostname("x", 1) == 0) == !err);
			must(ns_same(ns_open(0, "user"), before) == !!err);
			_exit(0);
		}
		ASSERT_EQ(0, proc_end(pid));
	}
}

static ssize_t list(uint64_t *ids, size_t n)
{
	struct ns_id_req req = { .size = sizeof(req) };

	return syscall(SYS_listns, &req, ids, n, 0);
}

/*
 * A list that is made while namespaces come and go is in order all the same,
 * and has what is there all the time. It goes on until the list has changed
 * often enough: otherwise it would have met nobody.
 */
TEST(a_list_while_namespaces_come_and_go)
{
	uint64_t ids[500], own = 0, last = 0;
	struct baton up = baton_make();
	int fd = ns_open(0, "uts"), changes = 0, rounds = 0;
	bool found;
	pid_t pid;
	ssize_t n;

	if (list(ids, 0) < 0)
		SKIP(return, "no listns (Linux 6.19)");
	ASSERT_EQ(0, ioctl(fd, NS_GET_ID, &own));
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!unshare(CLONE_NEWUTS));
		baton_pass(&up, 0);
		for (;;)
			must(!unshare(CLONE_NEWUTS | CLONE_NEWIPC));
	}
	baton_take(&up);
	for (; changes < 50; rounds++) {
		ASSERT_LT(rounds, 100000);
		n = list(ids, ARRAY_SIZE(ids));
		ASSERT_GT(n, 0);
		ASSERT_LT(n, ARRAY_SIZE(ids));
		found = ids[0] == own;
		for (ssize_t i = 1; i < n; i++) {
			ASSERT_LT(ids[i - 1], ids[i]);
			found |= ids[i] == own;
		}
		ASSERT_TRUE(found);
		changes += ids[n - 1] != last;
		last = ids[n - 1];
	}
	TH_LOG("%d lists, %d changes", rounds, changes);
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
	close(fd);
}

/* A handle of what dies opens it, or nothing; never another one. */
TEST(a_handle_of_who_dies)
{
	struct {
		struct file_handle h;
		struct nsfs_file_handle ns;
	} h;
	struct baton go = baton_make();
	int home = ns_open(0, "uts"), mount_id;

	for (int round = 0; round < ROUNDS; round++) {
		pid_t pid = mortal(CLONE_NEWUTS, &go, round);
		int fd = ns_open(pid, "uts");
		struct stat was, is;

		ASSERT_GE(fd, 0);
		memset(&h, 0, sizeof(h));
		h.h.handle_bytes = sizeof(h.ns);
		if (name_to_handle_at(fd, "", &h.h, &mount_id, AT_EMPTY_PATH)) {
			proc_kill(pid);
			SKIP(return, "namespaces have no file handles (Linux 6.18)");
		}
		ASSERT_EQ(0, fstat(fd, &was));
		close(fd);
		baton_pass(&go, 0);
		/* The process ends some time; until then, this does not. */
		while ((fd = open_by_handle_at(home, &h.h, O_RDONLY | O_CLOEXEC)) >= 0) {
			ASSERT_EQ(0, fstat(fd, &is));
			ASSERT_EQ(was.st_ino, is.st_ino);
			ASSERT_EQ(CLONE_NEWUTS, ioctl(fd, NS_GET_NSTYPE));
			close(fd);
		}
		ASSERT_EQ(ESTALE, errno);
		ASSERT_EQ(0, proc_end(pid));
	}
	close(home);
}

TEST_HARNESS_MAIN

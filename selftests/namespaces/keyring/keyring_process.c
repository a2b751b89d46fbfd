// SPDX-License-Identifier: GPL-2.0
/*
 * The keyrings that a process has: thread, process, session, user and user
 * session keyring; who shares them, and what becomes of them.
 *
 * Promises from thread-keyring(7), process-keyring(7), session-keyring(7),
 * user-keyring(7), user-session-keyring(7), KEYCTL_SESSION_TO_PARENT of
 * keyctl(2).
 */
#include "kselftest_harness.h"
#include <pthread.h>
#include "keys.h"
#include "until.h"
#include "usermap.h"

FIXTURE(keyring)
{
};

/* No test meets the session of another. */
FIXTURE_SETUP(keyring)
{
	long err = key_session(NULL);

	if (err == -ENOSYS)
		SKIP(return, "this kernel has no keys");
	ASSERT_GT(err, 0);
}

FIXTURE_TEARDOWN(keyring)
{
}

/* Runs this program again, which looks for what was promised: see main(). */
static int again(const char *what)
{
	pid_t pid = fork();

	if (!pid) {
		execl("/proc/self/exe", "keyring_process", what, NULL);
		_exit(255);
	}
	return proc_end(pid);
}

TEST_F(keyring, a_session_is_inherited_by_fork_and_exec)
{
	long session = key_serial(KEY_SPEC_SESSION_KEYRING, false);
	pid_t pid;

	ASSERT_GT(session, 0);
	ASSERT_GT(key_user("bulkhead", "of the session",
			   KEY_SPEC_SESSION_KEYRING), 0);
	pid = proc_fork_bound(0);
	if (!pid) {
		long key;

		must(key_serial(KEY_SPEC_SESSION_KEYRING, false) == session);
		key = key_find(KEY_SPEC_SESSION_KEYRING, "user", "bulkhead");
		must(key > 0 && key_is(key, "of the session"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, again("--in-session"));
}

TEST_F(keyring, joining_leaves_the_old_session_and_what_is_in_it)
{
	long old = key_serial(KEY_SPEC_SESSION_KEYRING, false), new;

	ASSERT_GT(key_user("bulkhead", "x", KEY_SPEC_SESSION_KEYRING), 0);
	new = key_session(NULL);
	ASSERT_GT(new, 0);
	EXPECT_NE(old, new);
	EXPECT_EQ(-ENOKEY, key_find(KEY_SPEC_SESSION_KEYRING, "user",
				    "bulkhead"));
	EXPECT_TRUE(key_goes(old));
}

TEST_F(keyring, a_named_session_is_joined_with_search_permission)
{
	struct baton ready = baton_make(), go = baton_make();
	pid_t pid, other;
	int session;

	pid = proc_fork_bound(0);
	if (!pid) {
		session = key_session("bulkhead.named");
		must(session > 0);
		baton_pass(&ready, session);
		baton_take(&go);
		must(!key_setperm(session, KEY_POSSESSOR(KEY_ALL) |
				  KEY_OWNER(KEY_ALL)));
		baton_pass(&ready, session);
		proc_sleep_forever();
	}
	session = baton_take(&ready);
	/* Without it, there is another one of the same name. */
	other = proc_fork_bound(0);
	if (!other) {
		long mine = key_session("bulkhead.named");

		must(mine > 0 && mine != session);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(other));
	baton_pass(&go, 0);
	ASSERT_EQ(session, baton_take(&ready));
	other = proc_fork_bound(0);
	if (!other)
		_exit(key_session("bulkhead.named") == session ? 0 : 1);
	EXPECT_EQ(0, proc_end(other));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
}

TEST_F(keyring, a_name_with_a_dot_in_front_is_the_kernels)
{
	EXPECT_EQ(-EPERM, key_session(".builtin_trusted_keys"));
	EXPECT_EQ(-EPERM, key_ring(".mine", KEY_SPEC_SESSION_KEYRING));
	EXPECT_EQ(-EINVAL, key_session(""));
}

TEST_F(keyring, a_process_keyring_ends_with_fork_and_exec)
{
	long ring = key_serial(KEY_SPEC_PROCESS_KEYRING, true);
	pid_t pid;

	ASSERT_GT(ring, 0);
	EXPECT_EQ(ring, key_serial(KEY_SPEC_PROCESS_KEYRING, false));
	pid = proc_fork_bound(0);
	if (!pid) {
		must(key_serial(KEY_SPEC_PROCESS_KEYRING, false) == -ENOKEY);
		must(key_serial(KEY_SPEC_PROCESS_KEYRING, true) > 0);
		execl("/proc/self/exe", "keyring_process", "--no-process",
		      NULL);
		_exit(255);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(ring, key_serial(KEY_SPEC_PROCESS_KEYRING, false));
}

static void *thread(void *arg)
{
	long *ring = arg;

	must(key_serial(KEY_SPEC_PROCESS_KEYRING, false) == ring[0]);
	/* It gets one at once if its creator had one, and that is not shared. */
	ring[2] = key_serial(KEY_SPEC_THREAD_KEYRING, true);
	must(ring[2] > 0 && ring[2] != ring[1]);
	return NULL;
}

TEST_F(keyring, threads_share_the_process_keyring_and_have_one_each)
{
	long ring[3];
	pthread_t other;

	ring[0] = key_serial(KEY_SPEC_PROCESS_KEYRING, true);
	ring[1] = key_serial(KEY_SPEC_THREAD_KEYRING, true);
	ASSERT_EQ(0, pthread_create(&other, NULL, thread, ring));
	ASSERT_EQ(0, pthread_join(other, NULL));
	/* It ends with its thread; ours stays. */
	EXPECT_TRUE(key_goes(ring[2]));
	EXPECT_EQ(ring[1], key_serial(KEY_SPEC_THREAD_KEYRING, false));
}

TEST_F(keyring, a_thread_keyring_is_not_inherited)
{
	pid_t pid;

	ASSERT_GT(key_serial(KEY_SPEC_THREAD_KEYRING, true), 0);
	pid = proc_fork_bound(0);
	if (!pid) {
		must(key_serial(KEY_SPEC_THREAD_KEYRING, false) == -ENOKEY);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(keyring, a_thread_keyring_ends_with_exec)
{
	struct baton number = baton_make();
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		long ring = key_serial(KEY_SPEC_THREAD_KEYRING, true);

		must(ring > 0);
		must(key_serial(KEY_SPEC_THREAD_KEYRING, false) == ring);
		must(key_user("bulkhead", "of the thread",
			      KEY_SPEC_THREAD_KEYRING) > 0);
		baton_pass(&number, ring);
		execl("/proc/self/exe", "keyring_process", "--no-thread", NULL);
		_exit(255);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(key_goes(baton_take(&number)));
}

TEST_F(keyring, all_processes_of_a_user_share_the_users_keyrings)
{
	struct baton number = baton_make();
	int ring[2] = { 0 };

	for (int i = 0; i < 2; i++) {
		pid_t pid = proc_fork_bound(0);

		if (!pid) {
			userns_become(USER, USER);
			must(key_session(NULL) > 0);
			baton_pass(&number, key_serial(KEY_SPEC_USER_KEYRING,
						       true));
			baton_pass(&number, key_serial(
				KEY_SPEC_USER_SESSION_KEYRING, true));
			_exit(0);
		}
		/* Even those who come after the last is gone. */
		ASSERT_EQ(0, proc_end(pid));
		if (!i) {
			ring[0] = baton_take(&number);
			ring[1] = baton_take(&number);
			ASSERT_GT(ring[0], 0);
			ASSERT_GT(ring[1], 0);
		} else {
			EXPECT_EQ(ring[0], baton_take(&number));
			EXPECT_EQ(ring[1], baton_take(&number));
		}
	}
	EXPECT_NE(ring[0], key_serial(KEY_SPEC_USER_KEYRING, true));
}

TEST_F(keyring, the_user_session_keyring_leads_to_the_user_keyring)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		long key;

		userns_become(USER, USER);
		key = key_user("bulkhead", "u", KEY_SPEC_USER_KEYRING);
		must(key > 0);
		must(key_find(KEY_SPEC_USER_SESSION_KEYRING, "user",
			      "bulkhead") == key);
		must(!key_unlink(key, KEY_SPEC_USER_KEYRING));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* It belongs to the process, not to the user whom it becomes. */
TEST_F(keyring, a_session_outlasts_a_change_of_user)
{
	long session = key_serial(KEY_SPEC_SESSION_KEYRING, false);
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		userns_become(USER, USER);
		must(key_serial(KEY_SPEC_SESSION_KEYRING, false) == session);
		must(key_session(NULL) != session);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* How a child differs from what may give its parent a session. */
enum { FIT, UNLINKABLE, OTHER_OWNER, OTHER_USER, OTHER_GROUP };

/*
 * A child joins a session of its own, @session, and hands it to its parent, the
 * caller. Returns what that came to.
 */
static long handed(int how, long *session)
{
	struct baton number = baton_make();
	pid_t pid = proc_fork_bound(0);
	long ret;

	if (!pid) {
		long ring;

		if (how == OTHER_USER)
			userns_become(USER, 0);
		if (how == OTHER_GROUP)
			userns_become(0, USER);
		ring = key_session(NULL);
		must(ring > 0);
		if (how == UNLINKABLE)
			must(!key_setperm(ring, KEY_POSSESSOR(KEY_ALL &
							      ~KEY_LINK)));
		if (how == OTHER_OWNER)
			must(!key_chown(ring, USER, -1));
		baton_pass(&number, ring);
		baton_pass(&number, key_ctl(KEYCTL_SESSION_TO_PARENT, 0, 0, 0,
					    0));
		_exit(0);
	}
	must(!proc_end(pid));
	*session = baton_take(&number);
	ret = baton_take(&number);
	/* Open files keep the credentials, thus the session, they were opened with. */
	close(number.fd[0]);
	close(number.fd[1]);
	return ret;
}

static long my_session(void)
{
	return key_serial(KEY_SPEC_SESSION_KEYRING, false);
}

TEST_F(keyring, a_child_gives_its_session_to_its_parent)
{
	long old = my_session(), thread_ring, given;

	thread_ring = key_serial(KEY_SPEC_THREAD_KEYRING, true);
	ASSERT_GT(old, 0);
	ASSERT_EQ(0, handed(FIT, &given));
	EXPECT_NE(old, given);
	/* The child is gone: it is the parent that keeps the session. */
	EXPECT_EQ(given, my_session());
	EXPECT_GT(key_user("bulkhead", "x", KEY_SPEC_SESSION_KEYRING), 0);
	/* Nobody has the old one, and the other keyrings stay. */
	EXPECT_TRUE(key_goes(old));
	EXPECT_EQ(thread_ring, key_serial(KEY_SPEC_THREAD_KEYRING, false));
}

TEST_F(keyring, a_session_that_is_the_parents_already_may_be_given)
{
	long session = my_session();
	pid_t pid = proc_fork_bound(0);

	if (!pid)
		_exit(key_ctl(KEYCTL_SESSION_TO_PARENT, 0, 0, 0, 0) ? 1 : 0);
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(session, my_session());
}

TEST_F(keyring, a_parent_of_other_ids_takes_no_session)
{
	long session = my_session(), given;

	EXPECT_EQ(-EPERM, handed(OTHER_GROUP, &given));
	EXPECT_EQ(session, my_session());
	/* Not even one that has a session of the child's user, */
	ASSERT_EQ(0, key_chown(session, USER, -1));
	EXPECT_EQ(-EPERM, handed(OTHER_USER, &given));
	EXPECT_EQ(session, my_session());
	ASSERT_EQ(0, key_chown(session, 0, -1));
	/* and one of three user ids is enough. */
	ASSERT_EQ(0, setresuid(0, 0, USER));
	EXPECT_EQ(-EPERM, handed(FIT, &given));
	EXPECT_EQ(session, my_session());
	ASSERT_EQ(0, setresuid(0, 0, 0));
	EXPECT_EQ(0, handed(FIT, &given));
	EXPECT_EQ(given, my_session());
}

TEST_F(keyring, sessions_of_other_owners_are_neither_given_nor_replaced)
{
	long session = my_session(), given;

	EXPECT_EQ(-EPERM, handed(OTHER_OWNER, &given));
	EXPECT_EQ(session, my_session());
	ASSERT_EQ(0, key_chown(session, USER, -1));
	EXPECT_EQ(-EPERM, handed(FIT, &given));
	EXPECT_EQ(session, my_session());
	ASSERT_EQ(0, key_chown(session, 0, -1));
	EXPECT_EQ(0, handed(FIT, &given));
	EXPECT_EQ(given, my_session());
}

static void *until_taken(void *arg)
{
	baton_take(arg);
	return NULL;
}

TEST_F(keyring, a_parent_of_two_threads_takes_no_session)
{
	long session = my_session(), given;
	struct baton end = baton_make();
	pthread_t other;

	ASSERT_EQ(0, pthread_create(&other, NULL, until_taken, &end));
	EXPECT_EQ(-EPERM, handed(FIT, &given));
	EXPECT_EQ(session, my_session());
	baton_pass(&end, 0);
	ASSERT_EQ(0, pthread_join(other, NULL));
	/* Its end, and what else it takes, is not quite done when it is joined. */
	EXPECT_TRUE(EVENTUALLY(!handed(FIT, &given)));
	EXPECT_EQ(given, my_session());
}

TEST_F(keyring, a_pid_namespaces_init_takes_the_session_of_its_child)
{
	pid_t pid = proc_fork_bound(CLONE_NEWPID);
	long given;

	if (!pid) {
		must(getpid() == 1);
		must(!handed(FIT, &given));
		must(my_session() == given);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(keyring, a_session_that_may_not_be_linked_is_not_given)
{
	long session = my_session(), given;

	EXPECT_EQ(-EACCES, handed(UNLINKABLE, &given));
	EXPECT_EQ(session, my_session());
}

/* Whether a key has that description. */
static bool is_named(long ring, const char *name)
{
	char buf[256], *last;

	must(key_describe(ring, buf, sizeof(buf)) > 0);
	last = strrchr(buf, ';');
	return last && !strcmp(last + 1, name);
}

/*
 * No fixture, whose session cannot be left without another one. To look for
 * one without asking for a new one makes the user session keyring it, which
 * gives way as soon as a new one is asked for.
 */
TEST(without_a_session_the_user_session_keyring_is_it_until_one_is_made)
{
	long session = my_session(), user, own;

	if (session == -ENOSYS)
		SKIP(return, "this kernel has no keys");
	user = key_serial(KEY_SPEC_USER_SESSION_KEYRING, true);
	if (session != user)
		SKIP(return, "who started this has a session keyring");
	EXPECT_TRUE(is_named(session, "_uid_ses.0"));
	EXPECT_EQ(session, my_session());
	own = key_serial(KEY_SPEC_SESSION_KEYRING, true);
	ASSERT_GT(own, 0);
	EXPECT_NE(user, own);
	EXPECT_TRUE(is_named(own, "_ses"));
	/* That one is kept. */
	EXPECT_EQ(own, my_session());
	EXPECT_EQ(own, key_serial(KEY_SPEC_SESSION_KEYRING, true));
	EXPECT_EQ(user, key_serial(KEY_SPEC_USER_SESSION_KEYRING, false));
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--in-session"))
		return key_find(KEY_SPEC_SESSION_KEYRING, "user",
				"bulkhead") > 0 ? 0 : 1;
	if (argc == 2 && !strcmp(argv[1], "--no-process"))
		return key_serial(KEY_SPEC_PROCESS_KEYRING, false) == -ENOKEY ?
		       0 : 1;
	if (argc == 2 && !strcmp(argv[1], "--no-thread"))
		return key_serial(KEY_SPEC_THREAD_KEYRING, false) == -ENOKEY ?
		       0 : 1;
	return test_harness_run(argc, argv);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Keys and user namespaces: which keyrings a user has in each, names, who owns
 * a key as seen from where, and what a namespace's root may do with keys.
 *
 * Promises from keyrings(7), user-keyring(7), persistent-keyring(7),
 * keyctl(2), Documentation/security/keys/core.rst.
 */
#include "kselftest_harness.h"
#include "cap.h"
#include "keys.h"
#include "usermap.h"

#define SIBLING_MAP	"0 300000 65536"
#define OWN_BASE	500000
#define OWN_MAP		"0 500000 100"

FIXTURE(keys)
{
};

FIXTURE_SETUP(keys)
{
	if (key_session(NULL) == -ENOSYS)
		SKIP(return, "this kernel has no keys");
}

FIXTURE_TEARDOWN(keys)
{
}

/* A key in @ring that everybody may do everything with. */
static long open_key(const char *name, long ring)
{
	long key = key_user(name, "payload", ring);

	must(key > 0);
	must(!key_setperm(key, 0x3f3f3f3f));
	return key;
}

/* The ids of a key, as the caller sees them. */
static bool belongs(long key, uid_t uid, gid_t gid)
{
	char buf[256], expected[64];

	must(key_describe(key, buf, sizeof(buf)) > 0);
	snprintf(expected, sizeof(expected), ";%d;%d;", uid, gid);
	return strstr(buf, expected);
}

/* The line of /proc/keys that is the key's. */
static bool listed(long key, char *line, size_t size)
{
	char serial[16];
	FILE *f = fopen("/proc/keys", "r");
	bool found = false;

	must(f);
	snprintf(serial, sizeof(serial), "%08lx ", key);
	while (!found && fgets(line, size, f))
		found = !strncmp(line, serial, 9);
	fclose(f);
	return found;
}

TEST_F(keys, a_user_has_other_keyrings_in_another_namespace)
{
	long user = key_serial(KEY_SPEC_USER_KEYRING, true);
	long session = key_serial(KEY_SPEC_USER_SESSION_KEYRING, true);
	long key = key_user("bulkhead.u", "x", KEY_SPEC_USER_KEYRING);
	pid_t pid;

	ASSERT_GT(key, 0);
	/* Root here is root there: it is the same user. */
	pid = userns_fork_mapped(0, "0 0 10", "0 0 10");
	if (!pid) {
		char buf[256];
		long inside;

		/* Nothing of the outside's is handed on by a session. */
		must(key_session(NULL) > 0);
		inside = key_serial(KEY_SPEC_USER_KEYRING, true);
		must(inside > 0 && inside != user);
		must(key_serial(KEY_SPEC_USER_SESSION_KEYRING, true) !=
		     session);
		must(key_find(KEY_SPEC_USER_KEYRING, "user", "bulkhead.u") ==
		     -ENOKEY);
		must(key_describe(inside, buf, sizeof(buf)) > 0);
		must(strstr(buf, ";_uid.0"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(user, key_serial(KEY_SPEC_USER_KEYRING, true));
	EXPECT_EQ(key, key_find(KEY_SPEC_USER_KEYRING, "user", "bulkhead.u"));
	EXPECT_EQ(0, key_unlink(key, KEY_SPEC_USER_KEYRING));
}

TEST_F(keys, a_user_keyring_has_the_users_name_of_its_namespace)
{
	pid_t pid = userns_fork(0);

	if (!pid) {
		char buf[256];
		long ring;

		userns_become(7, 7);
		must(key_session(NULL) > 0);
		ring = key_serial(KEY_SPEC_USER_KEYRING, true);
		must(ring > 0 && key_describe(ring, buf, sizeof(buf)) > 0);
		must(strstr(buf, ";_uid.7"));
		ring = key_serial(KEY_SPEC_USER_SESSION_KEYRING, true);
		must(ring > 0 && key_describe(ring, buf, sizeof(buf)) > 0);
		must(strstr(buf, ";_uid_ses.7"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(keys, all_of_a_namespace_share_a_users_keyring)
{
	pid_t pid = userns_fork(0);

	if (!pid) {
		long ring = key_serial(KEY_SPEC_USER_KEYRING, true);

		for (int i = 0; i < 2; i++) {
			pid = fork();
			if (pid) {
				must(!proc_end(pid));
				continue;
			}
			must(key_session(NULL) > 0);
			if (i)
				userns_become(7, 7);
			/* The same user's, or another user's. */
			must((key_serial(KEY_SPEC_USER_KEYRING, true) ==
			      ring) == !i);
			_exit(0);
		}
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(keys, a_namespaces_keyrings_live_as_long_as_the_namespace)
{
	struct baton number = baton_make();
	int key, ring, ns;
	pid_t pid;

	pid = userns_fork(0);
	if (!pid) {
		must(key_session(NULL) > 0);
		/* By way of the session we possess what is in it. */
		must(!key_link(KEY_SPEC_USER_KEYRING,
			       KEY_SPEC_SESSION_KEYRING));
		baton_pass(&number, open_key("kept", KEY_SPEC_USER_KEYRING));
		baton_pass(&number, key_serial(KEY_SPEC_USER_KEYRING, false));
		proc_sleep_forever();
	}
	key = baton_take(&number);
	ring = baton_take(&number);
	ns = ns_open(pid, "user");
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
	/* It has no process, but it is open: who comes finds everything. */
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!ns_enter(ns, CLONE_NEWUSER));
		userns_become(0, 0);
		must(key_session(NULL) > 0);
		must(key_serial(KEY_SPEC_USER_KEYRING, false) == ring);
		must(key_find(KEY_SPEC_USER_KEYRING, "user", "kept") == key);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(key_is(key, "payload"));
	close(ns);
	EXPECT_TRUE(key_goes(ring));
	EXPECT_TRUE(key_goes(key));
}

TEST_F(keys, names_are_those_of_the_namespace)
{
	long outside = key_session("bulkhead.name");
	pid_t pid;

	ASSERT_GT(outside, 0);
	/* Open to be joined by everybody who knows its name. */
	ASSERT_EQ(0, key_setperm(outside, 0x3f3f3f3f));
	pid = proc_fork_bound(0);
	if (!pid) {
		must(key_session(NULL) > 0);
		must(key_session("bulkhead.name") == outside);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	for (int same_user = 0; same_user <= 1; same_user++) {
		pid = same_user ? userns_fork_mapped(0, "0 0 10", "0 0 10") :
				  userns_fork(0);
		if (!pid) {
			long inside;

			must(key_session(NULL) > 0);
			inside = key_session("bulkhead.name");
			must(inside > 0 && inside != outside);
			must(!key_setperm(inside, 0x3f3f3f3f));
			/* There it is found by others of the namespace. */
			pid = fork();
			if (!pid) {
				must(key_session(NULL) > 0);
				must(key_session("bulkhead.name") == inside);
				_exit(0);
			}
			_exit(proc_end(pid));
		}
		EXPECT_EQ(0, proc_end(pid));
	}
}

TEST_F(keys, an_owner_is_described_as_the_reader_knows_him)
{
	struct baton number = baton_make(), go = baton_make();
	long roots = open_key("roots", KEY_SPEC_SESSION_KEYRING);
	pid_t pid = userns_fork(0), sibling;
	int key;

	if (!pid) {
		must(belongs(roots, 65534, 65534));
		userns_become(7, 8);
		must(key_session(NULL) > 0);
		key = open_key("theirs", KEY_SPEC_SESSION_KEYRING);
		must(belongs(key, 7, 8));
		baton_pass(&number, key);
		baton_take(&go);
		_exit(0);
	}
	key = baton_take(&number);
	EXPECT_TRUE(belongs(key, USERNS_BASE + 7, USERNS_BASE + 8));
	sibling = userns_fork_mapped(0, SIBLING_MAP, SIBLING_MAP);
	if (!sibling)
		_exit(belongs(key, 65534, 65534) ? 0 : 1);
	EXPECT_EQ(0, proc_end(sibling));
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(keys, proc_keys_lists_what_has_a_name_here_and_can_be_viewed)
{
	struct baton number = baton_make(), go = baton_make();
	long open = open_key("roots", KEY_SPEC_SESSION_KEYRING);
	char line[512], ids[32];
	pid_t pid;
	int key;

	pid = userns_fork(0);
	if (!pid) {
		long hidden;

		/* To be viewed by all, but of nobody here. */
		must(!listed(open, line, sizeof(line)));
		userns_become(7, 8);
		must(key_session(NULL) > 0);
		key = open_key("theirs", KEY_SPEC_SESSION_KEYRING);
		must(listed(key, line, sizeof(line)));
		snprintf(ids, sizeof(ids), " %5d %5d ", 7, 8);
		must(strstr(line, ids));
		hidden = open_key("hidden", KEY_SPEC_SESSION_KEYRING);
		must(!key_setperm(hidden, KEY_OTHER(KEY_ALL)));
		must(!listed(hidden, line, sizeof(line)));
		baton_pass(&number, key);
		baton_take(&go);
		_exit(0);
	}
	key = baton_take(&number);
	EXPECT_TRUE(listed(open, line, sizeof(line)));
	EXPECT_TRUE(listed(key, line, sizeof(line)));
	snprintf(ids, sizeof(ids), " %5d %5d ", USERNS_BASE + 7,
		 USERNS_BASE + 8);
	EXPECT_NE(NULL, strstr(line, ids));
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(pid));
}

/* Whether /proc/key-users has a line for the user. */
static bool counted(uid_t uid)
{
	char text[16], rest[128];

	snprintf(text, sizeof(text), "%5u", uid);
	return !file_field("/proc/key-users", text, rest, sizeof(rest));
}

TEST_F(keys, proc_key_users_lists_users_who_have_a_name_here)
{
	struct baton ready = baton_make(), go = baton_make();
	pid_t pid;

	ASSERT_TRUE(counted(0));
	/* Ids that no other test uses: theirs are forgotten in their own time. */
	pid = userns_fork_mapped(0, OWN_MAP, OWN_MAP);
	if (!pid) {
		/* The outside's root has keys, and is not one of ours. */
		must(!counted(0));
		must(!counted(65534));
		userns_become(7, 8);
		must(key_session(NULL) > 0);
		must(counted(7));
		baton_pass(&ready, 0);
		baton_take(&go);
		_exit(0);
	}
	baton_take(&ready);
	EXPECT_TRUE(counted(OWN_BASE + 7));
	EXPECT_FALSE(counted(7));
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(keys, chown_is_for_the_initial_namespaces_admin)
{
	pid_t pid = userns_fork(0);
	long key;

	if (!pid) {
		gid_t group = 9;

		must(cap_mine("CapEff") == cap_all());
		must(!setgroups(1, &group));
		must(key_session(NULL) > 0);
		key = open_key("mine", KEY_SPEC_SESSION_KEYRING);
		must(key_chown(key, 7, -1) == -EACCES);
		must(key_chown(key, -1, 7) == -EACCES);
		/* Ids without a name are no argument. */
		must(key_chown(key, 65536, -1) == -EINVAL);
		must(key_chown(key, -1, 100000) == -EINVAL);
		must(key_chown(key, 65536, 65536) == -EINVAL);
		must(belongs(key, 0, 0));
		/* What one is oneself, and one's groups, are free. */
		must(!key_chown(key, 0, 9));
		must(belongs(key, 0, 9));
		must(!key_chown(key, -1, -1));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	key = open_key("roots", KEY_SPEC_SESSION_KEYRING);
	EXPECT_EQ(0, key_chown(key, 5, 6));
	EXPECT_TRUE(belongs(key, 5, 6));
	cap_drop(CAP_SYS_ADMIN);
	EXPECT_EQ(-EACCES, key_chown(key, 7, -1));
	EXPECT_EQ(-EACCES, key_chown(key, -1, 7));
	EXPECT_TRUE(belongs(key, 5, 6));
}

/* Even where everybody may change attributes, permissions are the owner's. */
TEST_F(keys, setperm_is_for_the_owner_and_the_initial_namespaces_admin)
{
	struct baton number = baton_make(), go = baton_make();
	struct baton outside = baton_make();
	pid_t pid = userns_fork(0), user;
	int key;

	if (!pid) {
		user = fork();
		if (!user) {
			userns_become(7, 7);
			must(key_session(NULL) > 0);
			baton_pass(&number, open_key("mine",
						     KEY_SPEC_SESSION_KEYRING));
			baton_take(&go);
			_exit(0);
		}
		key = baton_take(&number);
		must(key_setperm(key, 0) == -EACCES);
		must(belongs(key, 7, 7));
		/* The timeout is not so well guarded. */
		must(!key_ctl(KEYCTL_SET_TIMEOUT, key, 1000, 0, 0));
		baton_pass(&outside, key);
		must(!proc_end(user));
		_exit(0);
	}
	key = baton_take(&outside);
	EXPECT_EQ(0, key_setperm(key, 0x3f3f3f3f));
	/* That is a capability, and not a uid. */
	cap_drop(CAP_SYS_ADMIN);
	EXPECT_EQ(-EACCES, key_setperm(key, 0));
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(keys, a_change_of_namespace_leaves_the_session_and_drops_the_process_keyring)
{
	long session = key_serial(KEY_SPEC_SESSION_KEYRING, false);
	pid_t pid;

	ASSERT_GT(key_serial(KEY_SPEC_PROCESS_KEYRING, true), 0);
	pid = userns_fork(0);
	if (!pid) {
		must(key_serial(KEY_SPEC_PROCESS_KEYRING, false) == -ENOKEY);
		must(key_serial(KEY_SPEC_SESSION_KEYRING, false) == session);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(keys, limits_are_not_the_namespaces_to_set)
{
	static const char * const files[] = {
		"maxkeys", "maxbytes", "root_maxkeys", "root_maxbytes",
		"gc_delay",
	};
	pid_t pid = userns_fork(0);

	if (!pid) {
		for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
			char path[64];

			snprintf(path, sizeof(path), KEYS_DIR "%s", files[i]);
			must(file_write(path, "1000000") == -EACCES);
		}
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

static long persistent(uid_t uid)
{
	return key_ctl(KEYCTL_GET_PERSISTENT, uid, KEY_SPEC_PROCESS_KEYRING, 0,
		       0);
}

TEST_F(keys, a_persistent_keyring_is_the_users_or_takes_cap_setuid)
{
	pid_t pid;

	if (persistent(-1) == -EOPNOTSUPP)
		SKIP(return, "no CONFIG_PERSISTENT_KEYRINGS");
	pid = userns_fork(0);
	if (!pid) {
		long mine, user;

		mine = persistent(-1);
		must(mine > 0 && persistent(0) == mine);
		user = persistent(7);
		must(user > 0 && user != mine);
		must(persistent(65536) == -EINVAL);
		cap_drop(CAP_SETUID);
		must(persistent(7) == -EPERM);
		must(persistent(0) == mine);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(keys, a_persistent_keyring_belongs_to_a_namespace)
{
	long outside = persistent(-1);
	pid_t pid;

	if (outside == -EOPNOTSUPP)
		SKIP(return, "no CONFIG_PERSISTENT_KEYRINGS");
	pid = userns_fork_mapped(0, "0 0 10", "0 0 10");
	if (!pid) {
		long inside = persistent(-1);

		must(inside > 0 && inside != outside);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(outside, persistent(-1));
}

TEST_F(keys, the_kernel_says_that_it_keeps_names_and_tags_apart)
{
	unsigned char caps[2] = {};
	long n = key_ctl(KEYCTL_CAPABILITIES, (unsigned long)caps,
			 sizeof(caps), 0, 0);

	if (n == -EOPNOTSUPP)
		SKIP(return, "no KEYCTL_CAPABILITIES");
	ASSERT_GE(n, 2);
	EXPECT_TRUE(caps[1] & KEYCTL_CAPS1_NS_KEYRING_NAME);
	EXPECT_TRUE(caps[1] & KEYCTL_CAPS1_NS_KEY_TAG);
}

TEST_HARNESS_MAIN

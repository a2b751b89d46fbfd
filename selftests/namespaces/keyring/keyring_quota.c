// SPDX-License-Identifier: GPL-2.0
/*
 * How many keys a user may have, and how large: counted for the user, in
 * whichever namespace, and given back when keys end.
 *
 * Promises from keyrings(7), "/proc files", add_key(2), keyctl(2).
 *
 * The limits are the whole machine's: these tests run one after the other, and
 * each puts back what it found.
 */
#include "kselftest_harness.h"
#include "cap.h"
#include "keys.h"
#include "usermap.h"

/* Not one of those who have keyrings that last. */
#undef USER
#define USER	4344

FIXTURE(quota)
{
	long maxkeys, maxbytes, root_maxkeys, root_maxbytes;
};

FIXTURE_SETUP(quota)
{
	if (key_session(NULL) == -ENOSYS)
		SKIP(return, "this kernel has no keys");
	self->maxkeys = file_number(KEYS_DIR "maxkeys");
	self->maxbytes = file_number(KEYS_DIR "maxbytes");
	self->root_maxkeys = file_number(KEYS_DIR "root_maxkeys");
	self->root_maxbytes = file_number(KEYS_DIR "root_maxbytes");
	ASSERT_GT(self->maxkeys, 0);
	ASSERT_GT(self->maxbytes, 0);
}

/* By the harness's process, whatever became of the test's. */
FIXTURE_TEARDOWN_PARENT(quota)
{
	if (!self->maxkeys)
		return;
	file_printf(KEYS_DIR "maxkeys", "%ld", self->maxkeys);
	file_printf(KEYS_DIR "maxbytes", "%ld", self->maxbytes);
	file_printf(KEYS_DIR "root_maxkeys", "%ld", self->root_maxkeys);
	file_printf(KEYS_DIR "root_maxbytes", "%ld", self->root_maxbytes);
}

struct use {
	int keys, maxkeys, bytes, maxbytes;
};

/* The line of /proc/key-users that is @uid's. */
static struct use use_of(uid_t uid)
{
	char name[16], text[128];
	struct use u = {};

	snprintf(name, sizeof(name), "%5u", uid);
	if (!file_field("/proc/key-users", name, text, sizeof(text)))
		must(sscanf(text, "%*d %*d/%*d %d/%d %d/%d", &u.keys,
			    &u.maxkeys, &u.bytes, &u.maxbytes) == 4);
	return u;
}

/*
 * Waits until what the user had before is given back, so that the count only
 * changes by what the test does.
 */
static struct use settled(uid_t uid, int keys)
{
	struct timespec start, now;
	struct use u;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		u = use_of(uid);
		if (u.keys == keys)
			return u;
		usleep(1000);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec - start.tv_sec < PROC_HANG_MS / 1000);
	fprintf(stderr, "# %u has %d keys, not %d\n", uid, u.keys, keys);
	return u;
}

/* USER, who can be root again for a moment, with a session and no other key. */
static void become_user(void)
{
	must(settled(USER, 0).keys == 0);
	must(!setgroups(0, NULL));
	must(!setresgid(USER, USER, 0));
	must(!setresuid(USER, USER, 0));
	must(!prctl(PR_SET_PDEATHSIG, SIGKILL));
	must(key_session(NULL) > 0);
	must(settled(USER, 1).keys == 1);
}

/* Only root sets limits, and who has opened the file does not count. */
static void set(const char *limit, long value)
{
	char path[64];

	snprintf(path, sizeof(path), KEYS_DIR "%s", limit);
	must(!seteuid(0));
	must(!file_printf(path, "%ld", value));
	must(!seteuid(USER));
}

static long add(int n)
{
	char name[32];

	snprintf(name, sizeof(name), "key.%04d", n);
	return key_user(name, "a payload that is longer than what every key is "
			"charged in advance, whatever it holds",
			KEY_SPEC_SESSION_KEYRING);
}

TEST_F(quota, as_many_keys_as_it_says_and_no_more)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		long key[3];

		become_user();
		set("maxkeys", 4);
		must(use_of(USER).maxkeys == 4);
		for (int i = 0; i < 3; i++) {
			key[i] = add(i);
			must(key[i] > 0);
		}
		must(use_of(USER).keys == 4);
		must(add(3) == -EDQUOT);
		must(key_ring("ring", KEY_SPEC_SESSION_KEYRING) == -EDQUOT);
		must(use_of(USER).keys == 4);
		/* What is there can be given another payload of that size. */
		must(!key_update(key[0], "short"));
		must(!key_unlink(key[1], KEY_SPEC_SESSION_KEYRING));
		must(key_goes(key[1]));
		must(settled(USER, 3).keys == 3);
		must(add(4) > 0);
		must(add(5) == -EDQUOT);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(quota, as_many_bytes_as_it_says_and_no_more)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		struct use before, after;
		long key;
		int each;

		become_user();
		before = use_of(USER);
		must(add(1) > 0);
		after = use_of(USER);
		each = after.bytes - before.bytes;
		must(each > 0);
		set("maxbytes", after.bytes + each - 1);
		must(add(2) == -EDQUOT);
		must(use_of(USER).bytes == after.bytes);
		must(use_of(USER).keys == after.keys);
		set("maxbytes", after.bytes + each);
		key = add(2);
		must(key > 0);
		must(use_of(USER).bytes == after.bytes + each);
		must(add(3) == -EDQUOT);
		/* To the last byte: a payload that is one longer does not fit. */
		must(key_update(key, "a payload that is longer than what every "
				"key is charged in advance, whatever it holds!")
		     == -EDQUOT);
		must(use_of(USER).bytes == after.bytes + each);
		must(!key_update(key, "a payload that is longer than what every "
				 "key is charged in advance, whatever it HOLDS"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(quota, the_end_of_a_key_gives_back_what_it_took)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		struct use before;
		long key, ring;

		become_user();
		before = use_of(USER);
		/* Taken out, */
		key = add(1);
		must(!key_unlink(key, KEY_SPEC_SESSION_KEYRING));
		must(settled(USER, before.keys).bytes == before.bytes);
		/* made invalid, */
		key = add(1);
		must(!key_ctl(KEYCTL_INVALIDATE, key, 0, 0, 0));
		/* (the link's four bytes are the keyring's, until that is empty) */
		must(settled(USER, before.keys).bytes <= before.bytes + 4);
		/* and with the keyring that it was in. */
		ring = key_ring("ring", KEY_SPEC_SESSION_KEYRING);
		must(key_user("x", "y", ring) > 0);
		must(!key_ctl(KEYCTL_CLEAR, KEY_SPEC_SESSION_KEYRING, 0, 0, 0));
		must(settled(USER, before.keys).bytes == before.bytes);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, settled(USER, 0).keys);
}

TEST_F(quota, to_revoke_a_key_frees_its_payload)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		struct use before;
		long key;

		become_user();
		key = add(1);
		before = use_of(USER);
		must(!key_ctl(KEYCTL_REVOKE, key, 0, 0, 0));
		/* The key itself stays until it is taken out. */
		must(use_of(USER).keys == before.keys);
		must(use_of(USER).bytes < before.bytes);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(quota, a_user_is_counted_as_one_in_all_namespaces)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		become_user();
		set("maxkeys", 4);
		must(add(1) > 0);
		must(add(2) > 0);
		userns_become(USER, USER);
		must(!ns_become_user_root());
		/* Root here, and the same user: not under the limit of root. */
		must(use_of(0).keys == 3 && use_of(0).maxkeys == 4);
		must(add(3) > 0);
		must(add(4) == -EDQUOT);
		must(cap_mine("CapEff") == cap_all());
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(quota, users_of_a_namespace_are_counted_one_by_one)
{
	pid_t pid;
	int keys;

	ASSERT_EQ(0, file_write(KEYS_DIR "maxkeys", "3"));
	for (uid_t id = 5; id <= 6; id++)
		ASSERT_EQ(0, settled(USERNS_BASE + id, 0).keys);
	pid = userns_fork(0);
	if (!pid) {
		for (uid_t id = 5; id <= 6; id++) {
			pid = fork();
			if (!pid) {
				userns_become(id, id);
				must(key_session(NULL) > 0);
				for (keys = 1; add(keys) > 0; keys++)
					;
				must(keys == 3);
				must(use_of(id).keys == 3);
				must(add(9) == -EDQUOT);
				_exit(0);
			}
			must(!proc_end(pid));
		}
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(quota, root_has_a_limit_of_its_own)
{
	long key;

	ASSERT_GT(use_of(0).keys, 0);
	ASSERT_EQ(0, file_write(KEYS_DIR "maxkeys", "1"));
	key = add(1);
	EXPECT_GT(key, 0);
	/* not what it has: keys that are gone are collected any time */
	ASSERT_EQ(0, file_write(KEYS_DIR "root_maxkeys", "1"));
	key = add(2);
	ASSERT_EQ(0, file_printf(KEYS_DIR "root_maxkeys", "%ld",
				 self->root_maxkeys));
	EXPECT_EQ(-EDQUOT, key);
	EXPECT_GT(add(2), 0);
}

TEST_F(quota, root_has_a_limit_of_bytes_of_its_own)
{
	long key, second, longer, same;

	ASSERT_EQ(0, file_write(KEYS_DIR "maxbytes", "1"));
	key = key_user("first", "payload", KEY_SPEC_SESSION_KEYRING);
	EXPECT_GT(key, 0);
	ASSERT_EQ(0, file_write(KEYS_DIR "root_maxbytes", "1"));
	second = key_user("second", "x", KEY_SPEC_SESSION_KEYRING);
	longer = key_update(key, "payloads");
	same = key_update(key, "PAYLOAD");
	ASSERT_EQ(0, file_printf(KEYS_DIR "root_maxbytes", "%ld",
				 self->root_maxbytes));
	EXPECT_EQ(-EDQUOT, second);
	EXPECT_EQ(-EDQUOT, longer);
	EXPECT_EQ(0, same);
	EXPECT_TRUE(key_is(key, "PAYLOAD"));
	EXPECT_EQ(0, key_update(key, "payloads"));
	EXPECT_GT(key_user("second", "x", KEY_SPEC_SESSION_KEYRING), 0);
}

/* As they are after boot: nothing in this guest sets them, tests put back. */
TEST(limits_and_delays_have_the_documented_values)
{
	static const struct {
		const char *file;
		long value;
	} first[] = {
		{ "maxkeys", 200 }, { "maxbytes", 20000 },
		{ "root_maxkeys", 1000000 }, { "root_maxbytes", 25000000 },
		{ "gc_delay", 300 }, { "persistent_keyring_expiry", 259200 },
	};

	if (key_session(NULL) == -ENOSYS)
		SKIP(return, "this kernel has no keys");
	for (size_t i = 0; i < ARRAY_SIZE(first); i++) {
		char path[64];
		long value;

		snprintf(path, sizeof(path), KEYS_DIR "%s", first[i].file);
		value = file_number(path);
		/* That is an option of the kernel. */
		if (value == -ENOENT && strstr(path, "persistent"))
			continue;
		EXPECT_EQ(first[i].value, value)
			TH_LOG("%s", first[i].file);
	}
}

TEST_F(quota, to_give_a_key_away_takes_room_at_the_other_end)
{
	long first = add(1), second = add(2);

	ASSERT_EQ(0, settled(USER, 0).keys);
	ASSERT_GT(first, 0);
	ASSERT_GT(second, 0);
	ASSERT_EQ(0, file_write(KEYS_DIR "maxkeys", "1"));
	EXPECT_EQ(0, key_chown(first, USER, -1));
	EXPECT_EQ(1, use_of(USER).keys);
	EXPECT_EQ(-EDQUOT, key_chown(second, USER, -1));
	EXPECT_EQ(1, use_of(USER).keys);
	EXPECT_EQ(0, key_unlink(first, KEY_SPEC_SESSION_KEYRING));
	EXPECT_EQ(0, settled(USER, 0).bytes);
}

TEST_F(quota, limits_are_roots_to_set)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(file_write(KEYS_DIR "maxkeys", "1000") == -EACCES);
		must(file_write(KEYS_DIR "maxbytes", "100000") == -EACCES);
		must(file_write(KEYS_DIR "root_maxkeys", "1000") == -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(self->maxkeys, file_number(KEYS_DIR "maxkeys"));
}

TEST_F(quota, malformed_limits_are_refused)
{
	static const char * const values[] = {
		"-1", "x", "4294967296", "2147483648",
	};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		EXPECT_EQ(-EINVAL, file_write(KEYS_DIR "maxkeys", values[i]))
			TH_LOG("writing '%s'", values[i]);
		EXPECT_EQ(self->maxkeys, file_number(KEYS_DIR "maxkeys"));
	}
}

TEST_HARNESS_MAIN

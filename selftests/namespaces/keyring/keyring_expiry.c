// SPDX-License-Identifier: GPL-2.0
/*
 * Keys that end by the clock: timeouts, the delay until they are collected,
 * persistent keyrings; and what /proc/keys tells of a key.
 *
 * Promises from keyrings(7), "/proc files", and persistent-keyring(7).
 *
 * The delays are the whole machine's: each test puts back what it found.
 */
#include "kselftest_harness.h"
#include "keys.h"
#include "until.h"

#define GC_DELAY	KEYS_DIR "gc_delay"
#define PERSISTENT	KEYS_DIR "persistent_keyring_expiry"

/* Users of whom there is nothing else, persistent keyrings least of all. */
#define KEPT_USER	4345
#define FORGOTTEN_USER	4346

FIXTURE(expiry)
{
	long gc_delay, persistent;
	long session;
	/* A key, in the session. */
	long key;
	char buf[512];
};

FIXTURE_SETUP(expiry)
{
	self->session = key_session(NULL);
	if (self->session == -ENOSYS)
		SKIP(return, "this kernel has no keys");
	ASSERT_GT(self->session, 0);
	self->key = key_user("bulkhead", "payload", self->session);
	ASSERT_GT(self->key, 0);
	self->persistent = file_number(PERSISTENT);
	self->gc_delay = file_number(GC_DELAY);
	ASSERT_GT(self->gc_delay, 0);
}

/* By the harness's process, whatever became of the test's. */
FIXTURE_TEARDOWN_PARENT(expiry)
{
	if (self->gc_delay > 0)
		file_printf(GC_DELAY, "%ld", self->gc_delay);
	if (self->persistent > 0)
		file_printf(PERSISTENT, "%ld", self->persistent);
}

static long set_timeout(long key, unsigned int seconds)
{
	return key_ctl(KEYCTL_SET_TIMEOUT, key, seconds, 0, 0);
}

/*
 * Lets the collector look at all links: an invalid key is collected at once,
 * and what else is to go with it.
 */
static void collect(long ring)
{
	long key = key_user("bulkhead.invalid", "x", ring);

	must(key > 0);
	must(!key_ctl(KEYCTL_INVALIDATE, key, 0, 0, 0));
	must(key_goes(key));
}

TEST_F(expiry, gc_delay_is_how_long_a_key_of_no_use_is_kept)
{
	long revoked = key_user("revoked", "x", self->session);
	long used = key_user("used", "x", self->session);

	ASSERT_EQ(0, file_write(GC_DELAY, "100000"));
	ASSERT_EQ(0, key_ctl(KEYCTL_REVOKE, revoked, 0, 0, 0));
	ASSERT_EQ(0, set_timeout(used, 100000));
	ASSERT_EQ(0, set_timeout(self->key, 1));
	ASSERT_TRUE(EVENTUALLY(key_read(self->key, self->buf,
					sizeof(self->buf)) == -EKEYEXPIRED));
	collect(self->session);
	EXPECT_EQ(-EKEYEXPIRED, key_find(self->session, "user", "bulkhead"));
	EXPECT_EQ(-EKEYREVOKED, key_find(self->session, "user", "revoked"));
	ASSERT_EQ(0, file_write(GC_DELAY, "0"));
	collect(self->session);
	EXPECT_TRUE(key_goes(self->key));
	EXPECT_TRUE(key_goes(revoked));
	EXPECT_EQ(-ENOKEY, key_find(self->session, "user", "bulkhead"));
	EXPECT_EQ(-ENOKEY, key_find(self->session, "user", "revoked"));
	EXPECT_TRUE(key_is(used, "x"));
}

/* Whether @key, and no other, gets to be all that is left in the keyring. */
static bool remains(long key, long ring)
{
	int serial[8];

	return EVENTUALLY(key_ctl(KEYCTL_READ, ring, (unsigned long)serial,
				  sizeof(serial), 0) == sizeof(*serial)) &&
	       *serial == key;
}

/*
 * By the clock alone: nobody asks for the key meanwhile. Two seconds: the last
 * one of a key is shorter than it seems.
 */
TEST_F(expiry, an_expired_key_is_collected_in_time)
{
	long other = key_user("other", "x", self->session);

	ASSERT_EQ(0, file_write(GC_DELAY, "0"));
	ASSERT_EQ(0, set_timeout(self->key, 2));
	EXPECT_TRUE(remains(other, self->session));
	EXPECT_TRUE(key_goes(self->key));
}

TEST_F(expiry, a_revoked_key_is_collected_in_time)
{
	long other = key_user("other", "x", self->session);

	ASSERT_EQ(0, file_write(GC_DELAY, "2"));
	ASSERT_EQ(0, key_ctl(KEYCTL_REVOKE, self->key, 0, 0, 0));
	EXPECT_TRUE(remains(other, self->session));
	EXPECT_TRUE(key_goes(self->key));
}

static long persistent(uid_t uid, long ring)
{
	return key_ctl(KEYCTL_GET_PERSISTENT, uid, ring, 0, 0);
}

#define NEEDS_PERSISTENT() do {						\
	if (self->persistent < 0)					\
		SKIP(return, "no CONFIG_PERSISTENT_KEYRINGS");		\
} while (0)

TEST_F(expiry, a_persistent_keyring_ends_unless_it_is_got_again)
{
	long kept, forgotten, key[2];

	NEEDS_PERSISTENT();
	ASSERT_EQ(0, file_write(GC_DELAY, "0"));
	ASSERT_EQ(0, file_write(PERSISTENT, "3"));
	kept = persistent(KEPT_USER, self->session);
	ASSERT_GT(kept, 0);
	/* Its time starts now. */
	ASSERT_EQ(0, file_write(PERSISTENT, "100000"));
	ASSERT_EQ(kept, persistent(KEPT_USER, self->session));
	ASSERT_EQ(0, file_write(PERSISTENT, "2"));
	forgotten = persistent(FORGOTTEN_USER, self->session);
	ASSERT_GT(forgotten, 0);
	key[0] = key_user("bulkhead.kept", "x", kept);
	ASSERT_GT(key[0], 0);
	key[1] = key_user("bulkhead.forgotten", "x", forgotten);
	ASSERT_GT(key[1], 0);
	/* With what is in it, whoever has a link to it. */
	EXPECT_TRUE(key_goes(forgotten));
	EXPECT_TRUE(key_goes(key[1]));
	EXPECT_EQ(-ENOKEY, key_find(self->session, "keyring",
				    "_persistent.4346"));
	EXPECT_EQ(kept, key_find(self->session, "keyring", "_persistent.4345"));
	EXPECT_EQ(key[0], key_find(kept, "user", "bulkhead.kept"));
	/* The next one is another one. */
	ASSERT_EQ(0, file_write(PERSISTENT, "100000"));
	EXPECT_EQ(kept, persistent(KEPT_USER, self->session));
	key[1] = persistent(FORGOTTEN_USER, self->session);
	ASSERT_GT(key[1], 0);
	EXPECT_NE(forgotten, key[1]);
	EXPECT_EQ(-ENOKEY, key_find(key[1], "user", "bulkhead.forgotten"));
	EXPECT_EQ(0, key_ctl(KEYCTL_INVALIDATE, kept, 0, 0, 0));
	EXPECT_EQ(0, key_ctl(KEYCTL_INVALIDATE, key[1], 0, 0, 0));
}

TEST_F(expiry, a_persistent_keyring_is_linked_where_it_was_asked_for)
{
	long dest = key_ring("dest", self->session), ring;
	int serial[2] = {};

	NEEDS_PERSISTENT();
	ASSERT_GT(dest, 0);
	ring = persistent(KEPT_USER, dest);
	ASSERT_GT(ring, 0);
	EXPECT_EQ(sizeof(*serial), key_ctl(KEYCTL_READ, dest,
					   (unsigned long)serial,
					   sizeof(serial), 0));
	EXPECT_EQ(ring, serial[0]);
	EXPECT_EQ(ring, key_find(dest, "keyring", "_persistent.4345"));
	/* What is asked for again is linked once more, not twice. */
	EXPECT_EQ(ring, persistent(KEPT_USER, dest));
	EXPECT_EQ(sizeof(*serial), key_ctl(KEYCTL_READ, dest,
					   (unsigned long)serial,
					   sizeof(serial), 0));
	/* It does not end with that link. */
	EXPECT_EQ(0, key_unlink(ring, dest));
	EXPECT_EQ(-ENOKEY, key_find(self->session, "keyring",
				    "_persistent.4345"));
	EXPECT_EQ(ring, persistent(KEPT_USER, dest));
	EXPECT_EQ(0, key_ctl(KEYCTL_INVALIDATE, ring, 0, 0, 0));
}

TEST_F(expiry, a_persistent_keyring_takes_a_keyring_that_may_be_written)
{
	long dest = key_ring("dest", self->session);

	NEEDS_PERSISTENT();
	EXPECT_EQ(-ENOTDIR, persistent(-1, self->key));
	EXPECT_EQ(-EINVAL, persistent(-1, 0));
	ASSERT_EQ(0, key_setperm(dest, KEY_POSSESSOR(KEY_ALL & ~KEY_WRITE)));
	EXPECT_EQ(-EACCES, persistent(-1, dest));
	EXPECT_EQ(0, key_ctl(KEYCTL_READ, dest, (unsigned long)self->buf,
			     sizeof(self->buf), 0));
	ASSERT_EQ(0, key_setperm(dest, KEY_POSSESSOR(KEY_ALL)));
	EXPECT_GT(persistent(-1, dest), 0);
}

/* The columns of /proc/keys that tell the same of a key whoever uses it. */
struct columns {
	char flags[8], timeout[8], type[16], what[64];
	unsigned int perm;
	int uid, gid;
};

/* Those of the key's line, or of none. */
static struct columns columns_of(long key)
{
	FILE *f = fopen("/proc/keys", "r");
	struct columns c = {};
	bool found = false;
	char line[512];
	long serial;

	must(f);
	while (!found && fgets(line, sizeof(line), f)) {
		int n = sscanf(line, "%lx %7s %*d %7s %x %d %d %15s %63[^\n]",
			       &serial, c.flags, c.timeout, &c.perm, &c.uid,
			       &c.gid, c.type, c.what);

		must(n == 8);
		found = serial == key;
	}
	fclose(f);
	if (!found)
		memset(&c, 0, sizeof(c));
	return c;
}

TEST_F(expiry, proc_keys_has_a_key_with_its_owner_permissions_and_size)
{
	struct columns c = columns_of(self->key);

	EXPECT_STREQ("I--Q---", c.flags);
	EXPECT_STREQ("perm", c.timeout);
	EXPECT_EQ(0x3f010000, c.perm);
	EXPECT_EQ(0, c.uid);
	EXPECT_EQ(0, c.gid);
	EXPECT_STREQ("user", c.type);
	EXPECT_STREQ("bulkhead: 7", c.what);
	ASSERT_EQ(0, key_setperm(self->key, KEY_POSSESSOR(KEY_VIEW |
							  KEY_SEARCH |
							  KEY_SETATTR)));
	ASSERT_EQ(0, key_chown(self->key, 5, 6));
	c = columns_of(self->key);
	EXPECT_EQ(0x29000000, c.perm);
	EXPECT_EQ(5, c.uid);
	EXPECT_EQ(6, c.gid);
	c = columns_of(key_ring("ring", self->session));
	EXPECT_STREQ("keyring", c.type);
	EXPECT_STREQ("ring: empty", c.what);
	c = columns_of(self->session);
	EXPECT_STREQ("_ses: 2", c.what);
}

TEST_F(expiry, proc_keys_has_what_is_left_of_a_keys_time)
{
	static const struct {
		unsigned int seconds;
		const char *text;
	} left[] = {
		{ 1000, "16m" }, { 5400, "1h" }, { 100000, "1d" },
		{ 1500000, "2w" }, { 0, "perm" },
	};

	/* It is rounded down, and none is so near a limit that it matters. */
	for (size_t i = 0; i < ARRAY_SIZE(left); i++) {
		ASSERT_EQ(0, set_timeout(self->key, left[i].seconds));
		EXPECT_STREQ(left[i].text, columns_of(self->key).timeout);
	}
	ASSERT_EQ(0, file_write(GC_DELAY, "100000"));
	ASSERT_EQ(0, set_timeout(self->key, 1));
	EXPECT_TRUE(EVENTUALLY(!strcmp(columns_of(self->key).timeout,
				       "expd")));
	EXPECT_STREQ("I--Q---", columns_of(self->key).flags);
}

TEST_F(expiry, proc_keys_flags_what_is_revoked_and_what_is_not_in_the_quota)
{
	long ring;

	ASSERT_EQ(0, key_ctl(KEYCTL_REVOKE, self->key, 0, 0, 0));
	EXPECT_STREQ("IR-Q---", columns_of(self->key).flags);
	ASSERT_EQ(0, key_unlink(self->key, self->session));
	EXPECT_TRUE(EVENTUALLY(!*columns_of(self->key).flags));
	NEEDS_PERSISTENT();
	ASSERT_EQ(0, file_write(PERSISTENT, "100000"));
	ring = persistent(KEPT_USER, self->session);
	ASSERT_GT(ring, 0);
	EXPECT_STREQ("I------", columns_of(ring).flags);
	EXPECT_STREQ("1d", columns_of(ring).timeout);
	EXPECT_STREQ("_persistent.4345: empty", columns_of(ring).what);
	EXPECT_EQ(KEPT_USER, columns_of(ring).uid);
	EXPECT_EQ(0, key_ctl(KEYCTL_INVALIDATE, ring, 0, 0, 0));
}

TEST_HARNESS_MAIN

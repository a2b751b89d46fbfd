// SPDX-License-Identifier: GPL-2.0
/*
 * Keys from their first link to their last: malformed ones, links, nesting,
 * restrictions, searches, requests, and the ways in which a key ends.
 *
 * Promises from keyrings(7), add_key(2), request_key(2), keyctl(2).
 */
#include "kselftest_harness.h"
#include "keys.h"
#include "usermap.h"

/* How deep a search goes (keyctl(2)), and a keyring that is linked may be. */
#define MAX_NESTING	6

FIXTURE(key)
{
	long session;
	/* A key, in the session. */
	long key;
	char buf[512];
};

FIXTURE_SETUP(key)
{
	self->session = key_session(NULL);
	if (self->session == -ENOSYS)
		SKIP(return, "this kernel has no keys");
	ASSERT_GT(self->session, 0);
	self->key = key_user("bulkhead", "payload", self->session);
	ASSERT_GT(self->key, 0);
}

FIXTURE_TEARDOWN(key)
{
}

TEST_F(key, malformed_keys_are_refused)
{
	const long s = self->session;
	static char big[40000];

	memset(big, 'x', sizeof(big) - 1);
	EXPECT_EQ(-ENODEV, key_add("no such type", "x", "y", s));
	EXPECT_EQ(-EPERM, key_add(".dead", "x", "y", s));
	EXPECT_EQ(-EINVAL, key_add("", "x", "y", s));
	EXPECT_EQ(-EINVAL, key_user("x", NULL, s));
	EXPECT_EQ(-EINVAL, key_user("x", "", s));
	EXPECT_EQ(-EINVAL, key_user("x", big, s));
	EXPECT_EQ(-EINVAL, key_user(big, "y", s));
	EXPECT_EQ(-EINVAL, key_add("keyring", "x", "y", s));
	/* This type is to be read by the kernel only, and says for whom. */
	EXPECT_EQ(-EINVAL, key_add("logon", "nobody", "y", s));
	EXPECT_EQ(-EINVAL, key_add("logon", ":nobody", "y", s));
	EXPECT_EQ(-EFAULT, key_add("user", (char *)1, "y", s));
	EXPECT_EQ(-1, syscall(SYS_add_key, "user", "x", (char *)1, 5, s));
	EXPECT_EQ(EFAULT, errno);
	/* Where should it go? */
	EXPECT_EQ(-EINVAL, key_user("x", "y", 0));
	EXPECT_EQ(-EINVAL, key_user("x", "y", -99));
	EXPECT_EQ(-ENOKEY, key_user("x", "y", 0x7ffffff0));
	EXPECT_EQ(-ENOTDIR, key_user("x", "y", self->key));
	EXPECT_EQ(-EOPNOTSUPP, key_ctl(9999, 0, 0, 0, 0));
	EXPECT_EQ(-ENOKEY, key_find(s, "user", "x"));
}

TEST_F(key, a_logon_key_is_not_to_be_read)
{
	long key = key_add("logon", "bulkhead:x", "secret", self->session);

	ASSERT_GT(key, 0);
	EXPECT_EQ(-EOPNOTSUPP, key_read(key, self->buf, sizeof(self->buf)));
	EXPECT_EQ(0, key_update(key, "other"));
}

TEST_F(key, a_second_of_the_same_name_replaces_the_payload)
{
	EXPECT_EQ(self->key, key_user("bulkhead", "another", self->session));
	EXPECT_TRUE(key_is(self->key, "another"));
}

/* To be asked for another of that name is to be asked for an update. */
TEST_F(key, a_key_that_may_not_be_written_is_not_displaced_by_its_name)
{
	ASSERT_EQ(0, key_setperm(self->key, KEY_POSSESSOR(KEY_ALL &
							  ~KEY_WRITE)));
	EXPECT_EQ(-EACCES, key_update(self->key, "x"));
	EXPECT_EQ(-EACCES, key_user("bulkhead", "another", self->session));
	EXPECT_EQ(self->key, key_find(self->session, "user", "bulkhead"));
	EXPECT_TRUE(key_is(self->key, "payload"));
	/* Of another name, or in another keyring, there may be one. */
	EXPECT_GT(key_user("bulkhead.2", "another", self->session), 0);
	EXPECT_GT(key_user("bulkhead", "another", KEY_SPEC_PROCESS_KEYRING), 0);
}

TEST_F(key, a_search_finds_what_is_linked_at_any_depth)
{
	long ring = self->session, key;

	for (int depth = 1; depth < MAX_NESTING; depth++) {
		char name[16];

		snprintf(name, sizeof(name), "ring.%d", depth);
		ring = key_ring(name, ring);
		ASSERT_GT(ring, 0);
		snprintf(name, sizeof(name), "key.%d", depth);
		key = key_user(name, "x", ring);
		ASSERT_GT(key, 0);
		EXPECT_EQ(key, key_find(self->session, "user", name));
	}
	EXPECT_EQ(-ENOKEY, key_find(self->session, "keyring", "key.1"));
	EXPECT_EQ(-ENOKEY, key_find(self->session, "user", "key."));
	EXPECT_EQ(-ENOKEY, key_find(self->session, "user", "no such key"));
}

TEST_F(key, a_search_does_not_pass_a_keyring_that_may_not_be_searched)
{
	long ring = key_ring("ring", self->session);
	long key = key_user("hidden", "x", ring);

	ASSERT_EQ(key, key_find(self->session, "user", "hidden"));
	ASSERT_EQ(0, key_setperm(ring, KEY_POSSESSOR(KEY_ALL & ~KEY_SEARCH)));
	EXPECT_EQ(-ENOKEY, key_find(self->session, "user", "hidden"));
}

TEST_F(key, nesting_has_an_end)
{
	enum { MOST = MAX_NESTING + 4 };
	long ring[MOST], top;
	int n;

	for (n = 0; n < MOST; n++) {
		char name[16];

		snprintf(name, sizeof(name), "nest.%d", n);
		ring[n] = key_ring(name, KEY_SPEC_PROCESS_KEYRING);
		ASSERT_GT(ring[n], 0);
	}
	/* Built from the bottom: each new top has one level more below it. */
	for (n = 1; n < MOST; n++)
		if (key_link(ring[n - 1], ring[n]))
			break;
	/* The last that could be linked had as many levels as are searched. */
	EXPECT_EQ(MAX_NESTING + 2, n);
	ASSERT_LT(n, MOST);
	EXPECT_EQ(-ELOOP, key_link(ring[n - 1], ring[n]));
	top = ring[n - 1];
	/* A plain key has nothing below it. */
	EXPECT_EQ(0, key_link(self->key, top));
}

TEST_F(key, no_keyring_contains_itself)
{
	long one = key_ring("one", self->session), two = key_ring("two", one);
	long three = key_ring("three", two);

	ASSERT_GT(three, 0);
	EXPECT_EQ(-EDEADLK, key_link(one, one));
	EXPECT_EQ(-EDEADLK, key_link(one, two));
	EXPECT_EQ(-EDEADLK, key_link(one, three));
	EXPECT_EQ(-EDEADLK, key_link(self->session, three));
	EXPECT_EQ(0, key_link(three, one));
}

TEST_F(key, a_restricted_keyring_takes_no_more_links)
{
	long ring = key_ring("closed", self->session);
	long in = key_user("in", "x", ring);

	ASSERT_GT(in, 0);
	ASSERT_EQ(0, key_ctl(KEYCTL_RESTRICT_KEYRING, ring, 0, 0, 0));
	EXPECT_EQ(-EPERM, key_link(self->key, ring));
	EXPECT_EQ(-EPERM, key_user("new", "x", ring));
	EXPECT_EQ(-EPERM, key_ctl(KEYCTL_MOVE, self->key, self->session, ring,
				  0));
	/* What is in it stays, can be read, and taken out, but not in again. */
	EXPECT_EQ(in, key_find(ring, "user", "in"));
	EXPECT_EQ(-EEXIST, key_ctl(KEYCTL_RESTRICT_KEYRING, ring, 0, 0, 0));
	EXPECT_EQ(0, key_unlink(in, ring));
	EXPECT_EQ(-ENOTDIR, key_ctl(KEYCTL_RESTRICT_KEYRING, self->key, 0, 0,
				    0));
}

TEST_F(key, who_may_not_set_attributes_restricts_nothing)
{
	long ring = key_ring("open", self->session);

	ASSERT_EQ(0, key_setperm(ring, KEY_POSSESSOR(KEY_ALL & ~KEY_SETATTR)));
	EXPECT_EQ(-EACCES, key_ctl(KEYCTL_RESTRICT_KEYRING, ring, 0, 0, 0));
	EXPECT_GT(key_user("new", "x", ring), 0);
}

TEST_F(key, a_move_leaves_one_link_and_displaces_only_if_told)
{
	long ring = key_ring("target", self->session);
	long there = key_user("bulkhead", "there", ring);

	ASSERT_GT(there, 0);
	EXPECT_EQ(-EEXIST, key_ctl(KEYCTL_MOVE, self->key, self->session, ring,
				   KEYCTL_MOVE_EXCL));
	EXPECT_EQ(0, key_ctl(KEYCTL_MOVE, self->key, self->session, ring, 0));
	EXPECT_EQ(self->key, key_find(ring, "user", "bulkhead"));
	EXPECT_EQ(-ENOENT, key_unlink(self->key, self->session));
	EXPECT_TRUE(key_goes(there));
}

TEST_F(key, it_ends_with_its_last_link)
{
	long ring = key_ring("second", self->session);

	ASSERT_EQ(0, key_link(self->key, ring));
	ASSERT_EQ(0, key_unlink(self->key, self->session));
	EXPECT_EQ(-ENOENT, key_unlink(self->key, self->session));
	EXPECT_TRUE(key_is(self->key, "payload"));
	ASSERT_EQ(0, key_unlink(self->key, ring));
	EXPECT_TRUE(key_goes(self->key));
}

TEST_F(key, a_cleared_keyring_is_empty)
{
	long other = key_user("other", "x", self->session);

	ASSERT_EQ(0, key_ctl(KEYCTL_CLEAR, self->session, 0, 0, 0));
	EXPECT_EQ(-ENOKEY, key_find(self->session, "user", "bulkhead"));
	EXPECT_EQ(0, key_ctl(KEYCTL_READ, self->session,
			     (unsigned long)self->buf, sizeof(self->buf), 0));
	EXPECT_TRUE(key_goes(other));
	EXPECT_EQ(-ENOTDIR, ({
		long key = key_user("x", "y", self->session);

		key_ctl(KEYCTL_CLEAR, key, 0, 0, 0);
	}));
}

TEST_F(key, a_revoked_key_is_of_no_use)
{
	ASSERT_EQ(0, key_ctl(KEYCTL_REVOKE, self->key, 0, 0, 0));
	EXPECT_EQ(-EKEYREVOKED, key_read(self->key, self->buf,
					 sizeof(self->buf)));
	EXPECT_EQ(-EKEYREVOKED, key_update(self->key, "x"));
	EXPECT_EQ(-EKEYREVOKED, key_link(self->key, KEY_SPEC_PROCESS_KEYRING));
	EXPECT_EQ(-EKEYREVOKED, key_find(self->session, "user", "bulkhead"));
	/* It can be replaced. */
	EXPECT_GT(key_user("bulkhead", "new", self->session), 0);
	EXPECT_GT(key_find(self->session, "user", "bulkhead"), 0);
}

TEST_F(key, an_invalidated_key_is_gone)
{
	ASSERT_EQ(0, key_ctl(KEYCTL_INVALIDATE, self->key, 0, 0, 0));
	/* What is said of it depends on how far the collector has come. */
	EXPECT_LT(key_read(self->key, self->buf, sizeof(self->buf)), 0);
	EXPECT_LT(key_find(self->session, "user", "bulkhead"), 0);
	EXPECT_TRUE(key_goes(self->key));
	/* Its link, too, goes by itself. */
	while (key_find(self->session, "user", "bulkhead") == -EKEYREVOKED)
		usleep(1000);
	EXPECT_EQ(-ENOKEY, key_find(self->session, "user", "bulkhead"));
}

/* Time is counted in whole seconds: a timeout of 1 is the shortest there is. */
TEST_F(key, an_expired_key_is_of_no_use)
{
	struct timespec start, now;
	long ret;

	ASSERT_EQ(0, key_ctl(KEYCTL_SET_TIMEOUT, self->key, 1000, 0, 0));
	EXPECT_TRUE(key_is(self->key, "payload"));
	ASSERT_EQ(0, key_ctl(KEYCTL_SET_TIMEOUT, self->key, 0, 0, 0));
	ASSERT_EQ(0, key_ctl(KEYCTL_SET_TIMEOUT, self->key, 1, 0, 0));
	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		usleep(5000);
		ret = key_read(self->key, self->buf, sizeof(self->buf));
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (ret > 0 && now.tv_sec - start.tv_sec < PROC_HANG_MS / 1000);
	EXPECT_EQ(-EKEYEXPIRED, ret);
	EXPECT_EQ(-EKEYEXPIRED, key_find(self->session, "user", "bulkhead"));
	EXPECT_EQ(-EKEYEXPIRED, key_link(self->key, KEY_SPEC_PROCESS_KEYRING));
}

static long request(const char *type, const char *name, const char *callout,
		    long dest)
{
	long ret = syscall(SYS_request_key, type, name, callout, dest);

	return ret < 0 ? -errno : ret;
}

TEST_F(key, a_request_finds_what_is_there)
{
	long ring = key_ring("target", self->session);

	EXPECT_EQ(self->key, request("user", "bulkhead", NULL, 0));
	/* And links it, if asked to. */
	EXPECT_EQ(self->key, request("user", "bulkhead", NULL, ring));
	EXPECT_EQ(0, key_unlink(self->key, ring));
}

TEST_F(key, a_request_without_help_makes_nothing)
{
	EXPECT_EQ(-ENOKEY, request("user", "no such key", NULL, 0));
	EXPECT_EQ(-ENOKEY, request("user", "no such key", NULL, self->session));
	EXPECT_EQ(0, key_ctl(KEYCTL_REVOKE, self->key, 0, 0, 0));
	EXPECT_EQ(-EKEYREVOKED, request("user", "bulkhead", NULL, 0));
	EXPECT_EQ(-ENOKEY, request("no such type", "x", NULL, 0));
	EXPECT_EQ(-EPERM, request(".dead", "x", NULL, 0));
}

/* The helper is the initial namespaces' /sbin/request-key, which is not here. */
TEST_F(key, a_request_without_a_helper_fails)
{
	long ret;

	if (!access("/sbin/request-key", X_OK))
		SKIP(return, "this guest has a /sbin/request-key");
	ret = request("user", "no such key", "please", self->session);
	EXPECT_TRUE(ret == -ENOKEY || ret == -ENOENT)
		TH_LOG("request: %ld", ret);
	/* That there is none is remembered for a while. */
	EXPECT_EQ(-ENOKEY, request("user", "no such key", "please",
				   self->session));
	EXPECT_LT(key_find(self->session, "user", "no such key"), 0);
}

TEST_F(key, authority_takes_a_request)
{
	EXPECT_EQ(-ENOKEY, key_ctl(KEYCTL_ASSUME_AUTHORITY, self->key, 0, 0,
				   0));
	EXPECT_EQ(-EPERM, key_ctl(KEYCTL_INSTANTIATE, self->key,
				  (unsigned long)"x", 1, self->session));
	EXPECT_EQ(-EPERM, key_ctl(KEYCTL_NEGATE, self->key, 10, self->session,
				  0));
	EXPECT_TRUE(key_is(self->key, "payload"));
}

static long dns_key(const char *address, long ring)
{
	long ret = syscall(SYS_add_key, "dns_resolver", "bulkhead.test",
			   address, strlen(address) + 1, ring);

	return ret < 0 ? -errno : ret;
}

/*
 * A type whose answers depend on the network: the same name is another key in
 * another network namespace, even in one and the same keyring.
 *
 * That is so when keys are added. Mainline forgets it when it searches for one
 * of this type (it goes through the keyring and compares names only, see
 * keyring_search_iterator() and dns_resolver_cmp()), so which of the two a
 * search finds is not asserted.
 */
TEST_F(key, a_dns_key_belongs_to_a_network_namespace)
{
	long first = dns_key("127.0.0.1", self->session), key;
	pid_t pid;

	if (first == -ENODEV)
		SKIP(return, "no CONFIG_DNS_RESOLVER");
	ASSERT_GT(first, 0);
	/* Of this type there is no update: the second displaces the first. */
	key = dns_key("127.0.0.1", self->session);
	ASSERT_GT(key, 0);
	EXPECT_TRUE(key_goes(first));
	pid = proc_fork_bound(CLONE_NEWNET);
	if (!pid) {
		long here = dns_key("127.0.0.2", self->session), again;

		/* But not one of another network, which stays beside it. */
		must(here > 0);
		again = dns_key("127.0.0.2", self->session);
		must(again > 0 && key_goes(here));
		must(!key_unlink(again, self->session));
		/* Other types do not depend on it. */
		must(key_find(self->session, "user", "bulkhead") == self->key);
		must(key_user("bulkhead", "x", self->session) == self->key);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_GT(key_describe(key, self->buf, sizeof(self->buf)), 0);
	EXPECT_EQ(0, key_unlink(key, self->session));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * The permissions of a key: for its possessor, its owner, its group and
 * others, inside and outside of a user namespace.
 *
 * Promises from keyrings(7), "Possession" and "Access rights", keyctl(2).
 */
#include "kselftest_harness.h"
#include "keys.h"
#include "usermap.h"

/* The tests' owner, in the map of userns_fork(). */
#define INSIDE		7
#define OWNER		(USERNS_BASE + INSIDE)

static const unsigned int rights[] = {
	KEY_VIEW, KEY_READ, KEY_WRITE, KEY_LINK, KEY_SETATTR,
	/* It is tried in a way that ends the key: last. */
	KEY_SEARCH,
};

/* Does with the key what needs @right. Returns 0, or -errno. */
static int use(long key, unsigned int right)
{
	char buf[256];
	long ret = -EINVAL;

	switch (right) {
	case KEY_VIEW:
		ret = key_describe(key, buf, sizeof(buf));
		break;
	case KEY_READ:
		ret = key_read(key, buf, sizeof(buf));
		break;
	case KEY_WRITE:
		ret = key_update(key, "new");
		break;
	case KEY_LINK:
		ret = key_link(key, KEY_SPEC_PROCESS_KEYRING);
		if (!ret)
			ret = key_unlink(key, KEY_SPEC_PROCESS_KEYRING);
		break;
	case KEY_SETATTR:
		ret = key_ctl(KEYCTL_SET_TIMEOUT, key, 1000, 0, 0);
		break;
	case KEY_SEARCH:
		ret = key_ctl(KEYCTL_INVALIDATE, key, 0, 0, 0);
		break;
	}
	return ret < 0 ? ret : 0;
}

/*
 * Whether the key can be used in each way that @granted names, and in no
 * other.
 */
static bool exactly(long key, unsigned int granted)
{
	for (size_t i = 0; i < ARRAY_SIZE(rights); i++) {
		int got = use(key, rights[i]);
		int expected = granted & rights[i] ? 0 : -EACCES;

		if (got == expected)
			continue;
		fprintf(stderr, "# right %#x of %#x: %d\n", rights[i], granted,
			got);
		return false;
	}
	return true;
}

/*
 * A key of OWNER, user and group, with @perm, in a session that nobody else
 * has. It lives as long as the process that is returned.
 */
static pid_t owner_of(int *key, unsigned int perm)
{
	struct baton number = baton_make();
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		long k;

		userns_become(OWNER, OWNER);
		must(key_session(NULL) > 0);
		k = key_user("bulkhead.perms", "old", KEY_SPEC_SESSION_KEYRING);
		must(k > 0 && !key_setperm(k, perm));
		baton_pass(&number, k);
		proc_sleep_forever();
	}
	*key = baton_take(&number);
	close(number.fd[0]);
	close(number.fd[1]);
	return pid;
}

FIXTURE(perms)
{
};

/* How the one who tries is related to the key. */
FIXTURE_VARIANT(perms)
{
	unsigned int shift;
	uid_t uid;
	gid_t gid;
	gid_t group;	/* a supplementary one */
	bool inside;	/* of a user namespace, where ids are lower */
};

FIXTURE_VARIANT_ADD(perms, owner) {
	.shift = 16, .uid = OWNER, .gid = 1, .group = 1,
};

FIXTURE_VARIANT_ADD(perms, group) {
	.shift = 8, .uid = USER, .gid = OWNER, .group = 1,
};

FIXTURE_VARIANT_ADD(perms, supplementary_group) {
	.shift = 8, .uid = USER, .gid = 1, .group = OWNER,
};

FIXTURE_VARIANT_ADD(perms, other) {
	.shift = 0, .uid = USER, .gid = 1, .group = 1,
};

/* There the owner has a lower number, but it is the same one. */
FIXTURE_VARIANT_ADD(perms, owner_in_a_namespace) {
	.shift = 16, .uid = INSIDE, .gid = 1, .group = 1, .inside = true,
};

FIXTURE_VARIANT_ADD(perms, group_in_a_namespace) {
	.shift = 8, .uid = 1, .gid = INSIDE, .group = 1, .inside = true,
};

/* No capability counts: the namespace's root is one of the others. */
FIXTURE_VARIANT_ADD(perms, root_of_a_namespace) {
	.shift = 0, .uid = 0, .gid = 0, .group = 1, .inside = true,
};

FIXTURE_SETUP(perms)
{
	if (key_session(NULL) == -ENOSYS)
		SKIP(return, "this kernel has no keys");
}

FIXTURE_TEARDOWN(perms)
{
}

TEST_F(perms, each_right_is_granted_by_its_bit_and_for_its_class_alone)
{
	for (int round = 0; round <= (int)ARRAY_SIZE(rights) + 1; round++) {
		unsigned int granted = round == ARRAY_SIZE(rights) ? 0 :
			round > (int)ARRAY_SIZE(rights) ? KEY_ALL :
			rights[round];
		/* All that is not granted to this class is to the others. */
		unsigned int perm = (granted << variant->shift) |
			(0x3f3f3f & ~(KEY_ALL << variant->shift));
		pid_t owner, pid;
		int key;

		/* A group without any right is none: see below. */
		if (!granted && variant->shift == 8)
			continue;
		owner = owner_of(&key, perm);
		pid = variant->inside ? userns_fork(0) : proc_fork_bound(0);
		if (!pid) {
			must(!setgroups(1, &variant->group));
			userns_become(variant->uid, variant->gid);
			must(key_session(NULL) > 0);
			must(exactly(key, granted));
			_exit(0);
		}
		EXPECT_EQ(0, proc_end(pid));
		EXPECT_EQ(-SIGKILL, proc_kill(owner));
	}
}

/* A group without any right is no class of its own: others' rights count. */
TEST(a_group_without_rights_falls_among_the_others)
{
	pid_t owner, pid;
	int key;

	owner = owner_of(&key, KEY_OTHER(KEY_VIEW));
	pid = proc_fork_bound(0);
	if (!pid) {
		userns_become(USER, OWNER);
		must(key_session(NULL) > 0);
		must(exactly(key, KEY_VIEW));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(-SIGKILL, proc_kill(owner));
}

/* Whoever finds a key from one of its keyrings possesses it, and may read it. */
TEST(the_possessor_has_rights_beside_those_of_its_class)
{
	for (size_t i = 0; i < ARRAY_SIZE(rights); i++) {
		pid_t pid = proc_fork_bound(0);

		if (!pid) {
			long key;

			must(key_session(NULL) > 0);
			key = key_user("mine", "old", KEY_SPEC_SESSION_KEYRING);
			must(key > 0);
			must(!key_setperm(key, KEY_POSSESSOR(KEY_SEARCH |
							     rights[i])));
			must(exactly(key, KEY_READ | KEY_SEARCH | rights[i]));
			_exit(0);
		}
		EXPECT_EQ(0, proc_end(pid));
	}
}

TEST(what_is_not_searchable_is_not_possessed)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		char buf[64];
		long key;

		must(key_session(NULL) > 0);
		key = key_user("mine", "old", KEY_SPEC_SESSION_KEYRING);
		must(!key_setperm(key, KEY_POSSESSOR(KEY_ALL & ~KEY_SEARCH)));
		must(key_read(key, buf, sizeof(buf)) == -EACCES);
		must(key_describe(key, buf, sizeof(buf)) == -EACCES);
		/* The owner cannot put it right. */
		must(key_setperm(key, KEY_POSSESSOR(KEY_ALL)) == -EACCES);
		/* But what is in a keyring can be taken out of it. */
		must(!key_unlink(key, KEY_SPEC_SESSION_KEYRING));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(a_session_is_possessed_in_a_namespace_too)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		char buf[64];
		long key;

		must(key_session(NULL) > 0);
		key = key_user("mine", "secret", KEY_SPEC_SESSION_KEYRING);
		must(!key_setperm(key, KEY_POSSESSOR(KEY_SEARCH | KEY_READ)));
		pid = userns_fork(0);
		if (!pid) {
			must(key_find(KEY_SPEC_SESSION_KEYRING, "user",
				      "mine") == key);
			must(key_is(key, "secret"));
			must(key_update(key, "x") == -EACCES);
			/* It is given up for good with the session. */
			must(key_session(NULL) > 0);
			must(key_read(key, buf, sizeof(buf)) == -EACCES);
			_exit(0);
		}
		_exit(proc_end(pid));
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(unknown_permissions_are_refused)
{
	static const unsigned int bad[] = {
		0x40, 0x80, 0x4000, 0x400000, 0x40000000, 0x80000000, ~0u,
	};
	long key = key_user("mine", "x", KEY_SPEC_PROCESS_KEYRING);

	ASSERT_GT(key, 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(-EINVAL, key_setperm(key, bad[i]));
	EXPECT_EQ(0, key_setperm(key, 0x3f3f3f3f));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Landlock's system calls: rulesets, rules and domains, who may enter one, how
 * many on one another, who inherits it; and what is malformed.
 *
 * Promises from Documentation/userspace-api/landlock.rst and the kernel-doc of
 * the three system calls.
 */
#include "kselftest_harness.h"
#include <pthread.h>
#include "landlock.h"

#define A		MNT_AREA "/a"
#define MAX_LAYERS	16

#define READ		LANDLOCK_ACCESS_FS_READ_FILE
#define WRITE		LANDLOCK_ACCESS_FS_WRITE_FILE

FIXTURE(rules)
{
};

FIXTURE_SETUP(rules)
{
	if (ll_abi() < 1)
		SKIP(return, "Landlock is not enabled");
	mnt_area();
	mnt_put(A, "text");
	must(!chmod(A, 0666));
}

FIXTURE_TEARDOWN(rules)
{
}

TEST_F(rules, the_version_tells_what_there_is)
{
	int abi = ll_abi();
	struct ll_attr attr = { };

	/* Linux 6.12 has 6. */
	EXPECT_GE(abi, 6);
	/* Each version's rights are there, and not the next one's. */
	EXPECT_GE(ll_create((1 << 16) - 1, 3, 3), 0);
	EXPECT_EQ(abi >= 9, ll_create(LL_FS_RESOLVE_UNIX, 0, 0) >= 0);
	EXPECT_EQ(abi >= 10, ll_create(0, LL_NET_BIND_UDP, 0) >= 0);
	attr.fs = READ;
	attr.quiet_fs = READ;
	EXPECT_EQ(abi >= 10, ll_create_sized(&attr, LL_SIZE_ABI_10, 0) >= 0);
	if (abi <= 11)
		EXPECT_EQ(-EINVAL, ll_create(1ULL << 17, 0, 0));
}

TEST_F(rules, the_question_for_the_version_takes_no_attributes)
{
	struct ll_attr attr = { .fs = READ };

	EXPECT_EQ(-EINVAL, ll_create_sized(&attr, LL_SIZE_ABI_1, 1));
	EXPECT_EQ(-EINVAL, ll_create_sized(NULL, LL_SIZE_ABI_1, 1));
	EXPECT_EQ(-EINVAL, ll_create_sized(&attr, 0, 1));
	EXPECT_EQ(-EINVAL, ll_create_sized(NULL, 0, 1U << 31));
	EXPECT_EQ(-EINVAL, ll_create_sized(&attr, LL_SIZE_ABI_1, 1U << 31));
	EXPECT_EQ(-EFAULT, ll_create_sized(NULL, LL_SIZE_ABI_1, 0));
}

TEST_F(rules, a_ruleset_handles_something_and_only_what_is_known)
{
	EXPECT_EQ(-ENOMSG, ll_create(0, 0, 0));
	EXPECT_EQ(-EINVAL, ll_create(1ULL << 63, 0, 0));
	EXPECT_EQ(-EINVAL, ll_create(READ, 1ULL << 63, 0));
	EXPECT_EQ(-EINVAL, ll_create(READ, 0, 1ULL << 2));
	EXPECT_EQ(-EINVAL, ll_create(READ, 0, 1ULL << 63));
}

TEST_F(rules, the_attributes_may_be_shorter_or_longer)
{
	struct {
		struct ll_attr attr;
		uint64_t later[8];
	} longer = { .attr.fs = READ };

	EXPECT_EQ(-EINVAL, ll_create_sized(&longer, 0, 0));
	EXPECT_EQ(-EINVAL, ll_create_sized(&longer, LL_SIZE_ABI_1 - 1, 0));
	EXPECT_GE(ll_create_sized(&longer, LL_SIZE_ABI_1, 0), 0);
	EXPECT_GE(ll_create_sized(&longer, LL_SIZE_ABI_4, 0), 0);
	EXPECT_GE(ll_create_sized(&longer, sizeof(longer), 0), 0);
	longer.later[7] = 1;
	EXPECT_EQ(-E2BIG, ll_create_sized(&longer, sizeof(longer), 0));
	EXPECT_EQ(-E2BIG, ll_create_sized(&longer, 1 << 20, 0));
}

TEST_F(rules, what_is_quiet_is_a_part_of_what_is_handled)
{
	struct ll_attr attr = { .fs = READ, .net = 1, .scoped = 1 };

	NEEDS_ABI(10);
	attr.quiet_fs = READ;
	attr.quiet_net = 1;
	attr.quiet_scoped = 1;
	EXPECT_GE(ll_create_sized(&attr, LL_SIZE_ABI_10, 0), 0);
	attr.quiet_fs = READ | WRITE;
	EXPECT_EQ(-EINVAL, ll_create_sized(&attr, LL_SIZE_ABI_10, 0));
	attr.quiet_fs = 0;
	attr.quiet_net = 2;
	EXPECT_EQ(-EINVAL, ll_create_sized(&attr, LL_SIZE_ABI_10, 0));
	attr.quiet_net = 0;
	attr.quiet_scoped = 2;
	EXPECT_EQ(-EINVAL, ll_create_sized(&attr, LL_SIZE_ABI_10, 0));
}

/* To be quiet about a denial is not to allow it. */
TEST_F(rules, a_quiet_rule_allows_nothing)
{
	struct ll_attr attr = { .fs = READ | WRITE, .quiet_fs = READ | WRITE };
	struct landlock_path_beneath_attr rule = { };
	int ruleset;

	NEEDS_ABI(10);
	ruleset = ll_create_sized(&attr, LL_SIZE_ABI_10, 0);
	ASSERT_GE(ruleset, 0);
	rule.parent_fd = open(A, O_PATH | O_CLOEXEC);
	/* The one kind of rule that may name no access. */
	EXPECT_EQ(-ENOMSG, ll_add(ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule,
				  0));
	EXPECT_EQ(0, ll_add(ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule,
			    LL_ADD_RULE_QUIET));
	EXPECT_EQ(-EINVAL, ll_add(ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule,
				  2));
	ll_enforce(ruleset);
	EXPECT_EQ(-EACCES, ll_open(A, O_RDONLY));
	EXPECT_EQ(-EACCES, ll_open(A, O_WRONLY));
}

TEST_F(rules, a_rule_is_of_a_known_kind_and_about_what_is_handled)
{
	int ruleset = ll_create(READ, LANDLOCK_ACCESS_NET_BIND_TCP, 0);
	struct landlock_path_beneath_attr rule = {
		.allowed_access = READ,
		.parent_fd = open(A, O_PATH | O_CLOEXEC),
	};
	int path = rule.parent_fd, ends[2];

	ASSERT_GE(ruleset, 0);
	EXPECT_EQ(-EINVAL, ll_add(ruleset, 0, &rule, 0));
	EXPECT_EQ(-EINVAL, ll_add(ruleset, 99, &rule, 0));
	EXPECT_EQ(-EINVAL, ll_add(ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule,
				  1U << 31));
	EXPECT_EQ(-EFAULT, ll_add(ruleset, LANDLOCK_RULE_PATH_BENEATH, NULL,
				  0));
	rule.allowed_access = READ | WRITE;
	EXPECT_EQ(-EINVAL, ll_add(ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule,
				  0));
	rule.allowed_access = 0;
	EXPECT_EQ(-ENOMSG, ll_add(ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule,
				  0));
	rule.allowed_access = READ;
	rule.parent_fd = -1;
	EXPECT_EQ(-EBADF, ll_add(ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule,
				 0));
	/* A pipe is in no hierarchy of files. */
	must(!pipe(ends));
	rule.parent_fd = ends[0];
	EXPECT_EQ(-EBADFD, ll_add(ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule,
				  0));
	rule.parent_fd = path;
	EXPECT_EQ(-EBADF, ll_add(-1, LANDLOCK_RULE_PATH_BENEATH, &rule, 0));
	EXPECT_EQ(-EBADFD, ll_add(0, LANDLOCK_RULE_PATH_BENEATH, &rule, 0));
	EXPECT_EQ(0, ll_add(ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0));
}

TEST_F(rules, a_right_of_folders_is_not_given_on_a_file)
{
	int ruleset = ll_create(READ | LANDLOCK_ACCESS_FS_READ_DIR |
				LANDLOCK_ACCESS_FS_MAKE_REG, 0, 0);

	EXPECT_EQ(-EINVAL, ll_allow(ruleset, A, LANDLOCK_ACCESS_FS_READ_DIR));
	EXPECT_EQ(-EINVAL, ll_allow(ruleset, A, READ |
				    LANDLOCK_ACCESS_FS_MAKE_REG));
	EXPECT_EQ(0, ll_allow(ruleset, A, READ));
	EXPECT_EQ(0, ll_allow(ruleset, MNT_AREA, READ |
			      LANDLOCK_ACCESS_FS_MAKE_REG));
}

TEST_F(rules, a_port_is_sixteen_bits)
{
	int ruleset = ll_create(0, LANDLOCK_ACCESS_NET_BIND_TCP, 0);

	EXPECT_EQ(0, ll_allow_port(ruleset, 0, LANDLOCK_ACCESS_NET_BIND_TCP));
	EXPECT_EQ(0, ll_allow_port(ruleset, 65535,
				   LANDLOCK_ACCESS_NET_BIND_TCP));
	EXPECT_EQ(-EINVAL, ll_allow_port(ruleset, 65536,
					 LANDLOCK_ACCESS_NET_BIND_TCP));
	EXPECT_EQ(-EINVAL, ll_allow_port(ruleset, -1ULL,
					 LANDLOCK_ACCESS_NET_BIND_TCP));
	EXPECT_EQ(-ENOMSG, ll_allow_port(ruleset, 1, 0));
	EXPECT_EQ(-EINVAL, ll_allow_port(ruleset, 1,
					 LANDLOCK_ACCESS_NET_CONNECT_TCP));
}

TEST_F(rules, a_domain_is_entered_with_a_ruleset)
{
	must(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	EXPECT_EQ(-EBADF, ll_restrict(-1, 0));
	EXPECT_EQ(-EBADFD, ll_restrict(0, 0));
	EXPECT_EQ(-EINVAL, ll_restrict(ll_create(READ, 0, 0), 1U << 31));
	EXPECT_EQ(0, ll_open(A, O_RDONLY));
}

TEST_F(rules, without_privilege_no_new_privs_comes_first)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		int ruleset = ll_create(READ, 0, 0);

		proc_become_nobody();
		must(ll_restrict(ruleset, 0) == -EPERM);
		must(!ll_open(A, O_RDONLY));
		must(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
		must(!ll_restrict(ruleset, 0));
		must(ll_open(A, O_RDONLY) == -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(rules, root_of_a_user_namespace_needs_none)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		int ruleset = ll_create(READ, 0, 0);

		proc_become_nobody();
		must(!ns_become_user_root());
		must(!ll_restrict(ruleset, 0));
		must(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0);
		must(ll_open(A, O_RDONLY) == -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(rules, no_new_privs_comes_with_the_domain_or_not_at_all)
{
	pid_t pid;

	NEEDS_ABI(11);
	pid = proc_fork_bound(0);
	if (!pid) {
		int ruleset = ll_create(READ, 0, 0);

		proc_become_nobody();
		must(ll_restrict(-1, LL_RESTRICT_NNP) == -EBADF);
		must(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0);
		must(!ll_restrict(ruleset, LL_RESTRICT_NNP));
		must(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
		must(ll_open(A, O_RDONLY) == -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(rules, sixteen_layers_and_no_more)
{
	pid_t pid;

	for (int i = 0; i < MAX_LAYERS; i++)
		ll_enforce(ll_create(WRITE, 0, 0));
	EXPECT_EQ(-E2BIG, ll_restrict(ll_create(READ, 0, 0), 0));
	EXPECT_EQ(0, ll_open(A, O_RDONLY));
	/* They are inherited, so a child has no room either. */
	pid = proc_fork_bound(0);
	if (!pid)
		_exit(ll_restrict(ll_create(READ, 0, 0), 0) != -E2BIG);
	EXPECT_EQ(0, proc_end(pid));
}

/* What one layer denies no other can allow. */
TEST_F(rules, a_domain_is_not_lifted)
{
	int ruleset;

	ll_enforce(ll_create(READ, 0, 0));
	EXPECT_EQ(-EACCES, ll_open(A, O_RDONLY));
	ruleset = ll_create(READ, 0, 0);
	ASSERT_EQ(0, ll_allow(ruleset, MNT_AREA, READ));
	ASSERT_EQ(0, ll_allow(ruleset, "/", READ));
	ll_enforce(ruleset);
	EXPECT_EQ(-EACCES, ll_open(A, O_RDONLY));
	EXPECT_EQ(0, ll_open(A, O_WRONLY));
}

TEST_F(rules, every_layer_must_allow)
{
	int ruleset = ll_create(READ | WRITE, 0, 0);

	ASSERT_EQ(0, ll_allow(ruleset, A, READ | WRITE));
	ll_enforce(ruleset);
	EXPECT_EQ(0, ll_open(A, O_RDWR));
	ruleset = ll_create(READ | WRITE, 0, 0);
	ASSERT_EQ(0, ll_allow(ruleset, A, READ));
	ll_enforce(ruleset);
	EXPECT_EQ(0, ll_open(A, O_RDONLY));
	EXPECT_EQ(-EACCES, ll_open(A, O_WRONLY));
	EXPECT_EQ(-EACCES, ll_open(A, O_RDWR));
}

/* A domain is what the ruleset was when it was enforced. */
TEST_F(rules, a_rule_added_later_is_for_later_domains)
{
	int ruleset = ll_create(READ, 0, 0);
	pid_t pid;

	must(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!ll_restrict(ruleset, 0));
		must(ll_open(A, O_RDONLY) == -EACCES);
		must(!ll_allow(ruleset, MNT_AREA, READ));
		must(ll_open(A, O_RDONLY) == -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, ll_restrict(ruleset, 0));
	EXPECT_EQ(0, ll_open(A, O_RDONLY));
}

TEST_F(rules, children_and_programs_inherit)
{
	pid_t pid;

	mnt_copy_self(MNT_AREA "/prog", 0755);
	ll_enforce(ll_create(WRITE, 0, 0));
	EXPECT_EQ(EACCES, mnt_run(MNT_AREA "/prog", "--open"));
	pid = proc_fork_bound(0);
	if (!pid) {
		pid = proc_fork(0);
		if (!pid)
			_exit(-ll_open(A, O_WRONLY));
		_exit(proc_end(pid));
	}
	EXPECT_EQ(EACCES, proc_end(pid));
}

TEST_F(rules, the_parent_is_left_alone)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		ll_enforce(ll_create(READ, 0, 0));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, ll_open(A, O_RDONLY));
}

static struct baton seen, go;

static void *open_when_told(void *arg)
{
	baton_pass(&seen, -ll_open(A, O_RDONLY));
	baton_take(&go);
	baton_pass(&seen, -ll_open(A, O_RDONLY));
	return NULL;
}

static void *enforce_as_a_thread(void *arg)
{
	ll_enforce(ll_create(READ, 0, 0));
	return (void *)(long)ll_open(A, O_RDONLY);
}

TEST_F(rules, other_threads_are_left_alone)
{
	pthread_t thread;
	void *err;

	ASSERT_EQ(0, pthread_create(&thread, NULL, enforce_as_a_thread, NULL));
	ASSERT_EQ(0, pthread_join(thread, &err));
	EXPECT_EQ(-EACCES, (long)err);
	EXPECT_EQ(0, ll_open(A, O_RDONLY));
}

TEST_F(rules, other_threads_come_along_when_asked)
{
	pthread_t thread;

	NEEDS_ABI(8);
	seen = baton_make();
	go = baton_make();
	ASSERT_EQ(0, pthread_create(&thread, NULL, open_when_told, NULL));
	EXPECT_EQ(0, baton_take(&seen));
	must(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	ASSERT_EQ(0, ll_restrict(ll_create(READ, 0, 0), LL_RESTRICT_TSYNC));
	baton_pass(&go, 0);
	EXPECT_EQ(EACCES, baton_take(&seen));
	ASSERT_EQ(0, pthread_join(thread, NULL));
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--open"))
		return -ll_open(A, O_WRONLY);
	return test_harness_run(argc, argv);
}

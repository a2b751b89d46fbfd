// SPDX-License-Identifier: GPL-2.0
/*
 * The shape of a delegated tree: how many cgroups, how deep, where processes
 * and controllers may be, and threads.
 *
 * Promises from cgroup-v2.rst, "Organizing Processes and Threads",
 * "Controlling Controllers", "Threads", and the files cgroup.max.depth,
 * cgroup.max.descendants, cgroup.stat and cgroup.type.
 */
#include "cgns.h"
#include <pthread.h>

#define USER	1000

/* mkdir of @name in @cg, with @n in its name. Returns 0, or -errno. */
static int make(const char *cg, int n)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/n%d", cg, n);
	return cg_create(path);
}

static int drop(const char *cg, int n)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/n%d", cg, n);
	return cg_remove(path);
}

static bool type_is(const char *cg, const char *expected)
{
	char text[64];

	must(cg_read(cg, "cgroup.type", text, sizeof(text)) > 0);
	if (!strcmp(text, expected))
		return true;
	fprintf(stderr, "# type '%s', not '%s'\n", text, expected);
	return false;
}

TEST_F(cgns, as_many_descendants_as_it_says_and_no_more)
{
	char n1[PATH_MAX];

	ASSERT_EQ(0, cg_write(self->b, "cgroup.max.descendants", "3"));
	EXPECT_EQ(0, make(self->b, 1));
	EXPECT_EQ(0, make(self->b, 2));
	/* All of them, at whichever depth. */
	snprintf(n1, sizeof(n1), "%s/n1", self->b);
	EXPECT_EQ(0, make(n1, 1));
	EXPECT_EQ(3, cg_key(self->b, "cgroup.stat", "nr_descendants"));
	EXPECT_EQ(-EAGAIN, make(self->b, 3));
	EXPECT_EQ(-EAGAIN, make(n1, 2));
	EXPECT_EQ(0, drop(n1, 1));
	EXPECT_EQ(2, cg_key(self->b, "cgroup.stat", "nr_descendants"));
	EXPECT_EQ(0, make(self->b, 3));
	EXPECT_EQ(-EAGAIN, make(self->b, 4));
	/* A neighbour is not concerned. */
	EXPECT_EQ(0, make(self->a, 1));
}

TEST_F(cgns, as_deep_as_it_says_and_no_deeper)
{
	char n1[PATH_MAX], n2[PATH_MAX + 8];

	ASSERT_EQ(0, cg_write(self->b, "cgroup.max.depth", "2"));
	EXPECT_EQ(0, make(self->b, 1));
	snprintf(n1, sizeof(n1), "%s/n1", self->b);
	EXPECT_EQ(0, make(n1, 1));
	snprintf(n2, sizeof(n2), "%s/n1", n1);
	EXPECT_EQ(-EAGAIN, make(n2, 1));
	EXPECT_EQ(0, make(n1, 2));
	/* It cannot be widened from below. */
	EXPECT_EQ(0, cg_write(n1, "cgroup.max.depth", "max"));
	EXPECT_EQ(-EAGAIN, make(n2, 1));
	ASSERT_EQ(0, cg_write(self->b, "cgroup.max.depth", "3"));
	EXPECT_EQ(0, make(n2, 1));
}

TEST_F(cgns, zero_lets_nothing_grow_and_removes_nothing)
{
	static const char * const files[] = {
		"cgroup.max.descendants", "cgroup.max.depth",
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		EXPECT_EQ(0, cg_write(self->a, files[i], "0"));
		EXPECT_EQ(-EAGAIN, make(self->a, 1));
		EXPECT_TRUE(cg_has(self->c, "cgroup.procs"));
		EXPECT_EQ(0, cg_write(self->a, files[i], "max"));
		EXPECT_EQ(0, make(self->a, 1));
		EXPECT_EQ(0, drop(self->a, 1));
	}
}

TEST_F(cgns, malformed_limits_change_nothing)
{
	static const char * const files[] = {
		"cgroup.max.descendants", "cgroup.max.depth",
	};
	static const char * const values[] = {
		"-1", "x", "", "1 2", "MAX", "2147483648",
		"99999999999999999999",
	};
	char text[64];

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		ASSERT_GT(cg_read(self->a, files[i], text, sizeof(text)), 0);
		EXPECT_STREQ("max", text);
		ASSERT_EQ(0, cg_write(self->a, files[i], "7"));
		for (size_t j = 0; j < ARRAY_SIZE(values); j++) {
			int err = cg_write(self->a, files[i], values[j]);

			/* An empty write(2) says nothing, and is no error. */
			if (*values[j])
				EXPECT_TRUE(err == -EINVAL || err == -ERANGE)
					TH_LOG("%s: '%s': %d", files[i],
					       values[j], err);
			EXPECT_EQ(7, cg_number(self->a, files[i]));
		}
	}
}

TEST_F(cgns, a_delegatee_is_held_to_the_limits_of_its_tree)
{
	pid_t pid;

	ASSERT_EQ(0, cgns_remount(self->root, "nsdelegate"));
	ASSERT_EQ(0, cg_write(self->a, "cgroup.max.descendants", "2"));
	pid = cgns_contain(self->a);
	if (!pid) {
		must(cg_write("/mnt", "cgroup.max.descendants", "max") < 0);
		must(!make("/mnt", 1));
		must(make("/mnt", 2) == -EAGAIN);
		must(make("/mnt/n1", 1) == -EAGAIN);
		must(!cg_write("/mnt/n1", "cgroup.max.descendants", "max"));
		must(make("/mnt/n1", 1) == -EAGAIN);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(cgns, names_with_a_newline_are_refused)
{
	char path[700];

	snprintf(path, sizeof(path), "%s/x\n0::/", self->a);
	EXPECT_EQ(-EINVAL, cg_create(path));
}

TEST_F(cgns, a_cgroup_with_children_or_processes_is_not_removed)
{
	pid_t pid = cgns_sleeper(self->b);

	EXPECT_EQ(-EBUSY, cg_remove(self->a));
	EXPECT_EQ(-EBUSY, cg_remove(self->b));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
	EXPECT_EQ(0, cg_await_empty(self->b));
	EXPECT_EQ(0, cg_remove(self->b));
}

/* Controllers that know processes only would let these compete with children. */
TEST_F(cgns, processes_and_domain_controllers_keep_apart)
{
	pid_t pid;

	if (cg_write(self->top, "cgroup.subtree_control", "+memory"))
		SKIP(return, "no memory controller");
	pid = cgns_sleeper(self->a);
	ASSERT_GT(pid, 0);
	EXPECT_EQ(-EBUSY, cg_write(self->a, "cgroup.subtree_control",
				   "+memory"));
	EXPECT_FALSE(cg_lists(self->a, "cgroup.subtree_control", "memory"));
	ASSERT_EQ(0, cg_enter(self->c, pid));
	EXPECT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "+memory"));
	EXPECT_EQ(-EBUSY, cg_enter(self->a, pid));
	EXPECT_EQ(-EBUSY, cg_fork_into(self->a, 0));
	ASSERT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "-memory"));
	EXPECT_EQ(0, cg_enter(self->a, pid));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
}

TEST_F(cgns, the_rule_holds_in_a_namespaces_root)
{
	pid_t pid;

	if (cg_write(self->top, "cgroup.subtree_control", "+memory"))
		SKIP(return, "no memory controller");
	pid = cgns_fork(self->a);
	if (!pid) {
		/* It looks like the root, which is exempt, and is not. */
		must(cgns_is(0, "/"));
		must(cg_write("/mnt", "cgroup.subtree_control", "+memory") ==
		     -EBUSY);
		must(!cg_enter("/mnt/c", 0));
		must(!cg_write("/mnt", "cgroup.subtree_control", "+memory"));
		must(cg_enter("/mnt", 0) == -EBUSY);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(cgns, types_follow_from_one_that_is_threaded)
{
	char d[800];

	snprintf(d, sizeof(d), "%s/d", self->a);
	ASSERT_EQ(0, cg_create(d));
	EXPECT_TRUE(type_is(self->c, "domain"));
	ASSERT_EQ(0, cg_write(self->c, "cgroup.type", "threaded"));
	EXPECT_TRUE(type_is(self->c, "threaded"));
	EXPECT_TRUE(type_is(self->a, "domain threaded"));
	EXPECT_TRUE(type_is(d, "domain invalid"));
	EXPECT_TRUE(type_is(self->b, "domain"));
	/* There is no way back but to remove it. */
	EXPECT_EQ(-EINVAL, cg_write(self->c, "cgroup.type", "domain"));
	EXPECT_EQ(-EINVAL, cg_write(self->c, "cgroup.type", "x"));
	EXPECT_EQ(0, cg_write(d, "cgroup.type", "threaded"));
	EXPECT_EQ(0, cg_remove(self->c));
	EXPECT_EQ(0, cg_remove(d));
	EXPECT_TRUE(type_is(self->a, "domain"));
}

TEST_F(cgns, an_invalid_domain_is_of_no_use)
{
	char d[800];
	pid_t pid = cgns_sleeper(self->a);

	snprintf(d, sizeof(d), "%s/d", self->a);
	ASSERT_EQ(0, cg_create(d));
	ASSERT_EQ(0, cg_write(self->c, "cgroup.type", "threaded"));
	ASSERT_TRUE(type_is(d, "domain invalid"));
	EXPECT_EQ(-EOPNOTSUPP, cg_enter(d, pid));
	EXPECT_EQ(-EOPNOTSUPP, cg_fork_into(d, 0));
	EXPECT_EQ(-ENOENT, cg_write(d, "cgroup.subtree_control", "+pids"));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
}

struct thread {
	struct baton go, ready;
	pid_t tid;
};

static void *thread(void *arg)
{
	struct thread *t = arg;

	t->tid = syscall(SYS_gettid);
	baton_pass(&t->ready, 0);
	baton_take(&t->go);
	return NULL;
}

/* A process in @cg with a second thread, which is what @t tells of. */
static void with_thread(struct thread *t, pthread_t *other)
{
	t->go = baton_make();
	t->ready = baton_make();
	must(!pthread_create(other, NULL, thread, t));
	baton_take(&t->ready);
}

TEST_F(cgns, a_delegatee_spreads_threads_within_its_threaded_tree)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->c, "cgroup.type", "threaded"));
	cgns_give(self->a, USER);
	cgns_give(self->c, USER);
	pid = cg_fork_into(self->a, 0);
	if (!pid) {
		struct thread t;
		pthread_t other;
		char text[64];

		userns_become(USER, USER);
		with_thread(&t, &other);
		must(!cg_write_number(self->c, "cgroup.threads", t.tid));
		must(cg_read(self->c, "cgroup.threads", text,
			     sizeof(text)) > 0);
		must(atoi(text) == t.tid);
		/* The process is its domain's. */
		must(cg_read(self->c, "cgroup.procs", text, sizeof(text)) ==
		     -EOPNOTSUPP);
		must(cg_number(self->a, "cgroup.procs") == getpid());
		/* Out of the domain neither threads go, nor, here, processes. */
		must(cg_write_number(self->b, "cgroup.threads", t.tid) ==
		     -EACCES);
		must(cg_enter(self->b, 0) == -EACCES);
		must(!cg_write_number(self->a, "cgroup.threads", t.tid));
		baton_pass(&t.go, 0);
		must(!pthread_join(other, NULL));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(cgns, threads_do_not_leave_their_domain_even_for_root)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->c, "cgroup.type", "threaded"));
	pid = cg_fork_into(self->a, 0);
	if (!pid) {
		struct thread t;
		pthread_t other;

		with_thread(&t, &other);
		must(cg_write_number(self->b, "cgroup.threads", t.tid) ==
		     -EOPNOTSUPP);
		must(!cg_write_number(self->c, "cgroup.threads", t.tid));
		/* The whole process may go, and all come along. */
		must(!cg_enter(self->b, 0));
		must(!cg_write_number(self->b, "cgroup.threads", t.tid));
		baton_pass(&t.go, 0);
		must(!pthread_join(other, NULL));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(cgns, a_namespace_rooted_in_a_threaded_cgroup_keeps_threads_in)
{
	pid_t pid;

	ASSERT_EQ(0, cgns_remount(self->root, "nsdelegate"));
	ASSERT_EQ(0, cg_write(self->c, "cgroup.type", "threaded"));
	pid = cg_fork_into(self->c, 0);
	if (!pid) {
		must(!unshare(CLONE_NEWCGROUP));
		must(cgns_is(0, "/"));
		/* Its domain, above, is out of sight. */
		must(cg_write_number(self->a, "cgroup.threads", 0) == -ENOENT);
		must(cg_enter(self->a, 0) == -ENOENT);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_HARNESS_MAIN

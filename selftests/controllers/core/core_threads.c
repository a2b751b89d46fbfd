// SPDX-License-Identifier: GPL-2.0
/*
 * Thread mode: which cgroups can become threaded, what they are for their
 * parents and neighbours, and how the files for processes behave there.
 *
 * Promises from cgroup-v2.rst, "Threads" and "Core Interface Files": cgroup.type,
 * cgroup.procs, cgroup.kill; and from clone(2), CLONE_INTO_CGROUP.
 */
#include "core.h"

#define NEEDS_MEMORY() do {						\
	if (!cg_lists(self->root, "cgroup.controllers", "memory"))	\
		SKIP(return, "cgroup v2 has no memory controller here");\
	must(!cg_write(self->root, "cgroup.subtree_control", "+memory"));\
} while (0)

TEST_F(core, threaded_is_threaded_and_stays_it)
{
	ASSERT_EQ(0, make_threaded(self->c));
	EXPECT_EQ(0, make_threaded(self->c));
	EXPECT_STREQ("threaded", type_of(self->c));
	/* Also with somebody in it, who would keep a domain from it. */
	ASSERT_GT(sleeper(self->c), 0);
	EXPECT_EQ(0, make_threaded(self->c));
	EXPECT_EQ(-EINVAL, cg_write(self->c, "cgroup.type", "domain"));
	EXPECT_STREQ("threaded", type_of(self->c));
}

TEST_F(core, below_an_invalid_domain_none_becomes_threaded)
{
	char d[700], e[800];

	snprintf(d, sizeof(d), "%s/d", self->a);
	snprintf(e, sizeof(e), "%s/e", d);
	ASSERT_EQ(0, cg_create(d));
	ASSERT_EQ(0, cg_create(e));
	ASSERT_EQ(0, make_threaded(self->c));
	ASSERT_STREQ("domain invalid", type_of(d));
	EXPECT_STREQ("domain invalid", type_of(e));
	EXPECT_EQ(-EOPNOTSUPP, make_threaded(e));
	EXPECT_STREQ("domain invalid", type_of(e));
	ASSERT_EQ(0, make_threaded(d));
	EXPECT_EQ(0, make_threaded(e));
	EXPECT_STREQ("threaded", type_of(e));
}

/* Not even below the root, which lets its children be what they like. */
TEST_F(core, a_populated_cgroup_does_not_become_threaded)
{
	pid_t pid;

	ASSERT_EQ(0, cg_create(self->x));
	pid = sleeper(self->x);
	ASSERT_GT(pid, 0);
	EXPECT_EQ(-EOPNOTSUPP, make_threaded(self->x));
	EXPECT_STREQ("domain", type_of(self->x));
	ASSERT_EQ(0, cg_enter(self->b, pid));
	EXPECT_EQ(0, make_threaded(self->x));
	EXPECT_STREQ("threaded", type_of(self->x));
}

TEST_F(core, beside_a_populated_domain_none_becomes_threaded)
{
	char d[700], e[800];
	pid_t pid;

	snprintf(d, sizeof(d), "%s/d", self->a);
	snprintf(e, sizeof(e), "%s/e", d);
	ASSERT_EQ(0, cg_create(d));
	ASSERT_EQ(0, cg_create(e));
	pid = sleeper(d);
	ASSERT_GT(pid, 0);
	EXPECT_EQ(-EOPNOTSUPP, make_threaded(self->c));
	/* What is below the neighbour counts for it. */
	ASSERT_EQ(0, cg_enter(e, pid));
	EXPECT_EQ(-EOPNOTSUPP, make_threaded(self->c));
	EXPECT_STREQ("domain", type_of(self->c));
	EXPECT_STREQ("domain", type_of(self->a));
	ASSERT_EQ(0, cg_enter(self->b, pid));
	EXPECT_EQ(0, make_threaded(self->c));
	EXPECT_STREQ("domain threaded", type_of(self->a));
}

/* It is the domains that must be empty. */
TEST_F(core, beside_a_populated_threaded_cgroup_another_becomes_one)
{
	char d[700];

	snprintf(d, sizeof(d), "%s/d", self->a);
	ASSERT_EQ(0, cg_create(d));
	ASSERT_EQ(0, make_threaded(self->c));
	ASSERT_GT(sleeper(self->c), 0);
	ASSERT_GT(sleeper(self->a), 0);
	EXPECT_EQ(0, make_threaded(d));
	EXPECT_STREQ("threaded", type_of(d));
}

TEST_F(core, a_domain_controller_and_threads_exclude_each_other)
{
	NEEDS_MEMORY();
	ASSERT_EQ(0, cg_write(self->top, "cgroup.subtree_control", "+memory"));
	ASSERT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "+memory"));
	EXPECT_EQ(-EOPNOTSUPP, make_threaded(self->c));
	EXPECT_STREQ("domain", type_of(self->c));
	ASSERT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "-memory"));
	ASSERT_EQ(0, make_threaded(self->c));
	EXPECT_EQ(-EOPNOTSUPP, cg_write(self->a, "cgroup.subtree_control", "+memory"));
	EXPECT_FALSE(cg_lists(self->a, "cgroup.subtree_control", "memory"));
	/* The others work in it. */
	EXPECT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "+pids"));
	EXPECT_EQ(0, cg_remove(self->c));
	EXPECT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "+memory"));
}

TEST_F(core, a_domain_controller_for_its_children_keeps_a_cgroup_from_it)
{
	NEEDS_MEMORY();
	ASSERT_EQ(0, cg_create(self->x));
	ASSERT_EQ(0, cg_write(self->x, "cgroup.subtree_control", "+memory"));
	EXPECT_EQ(-EOPNOTSUPP, make_threaded(self->x));
	EXPECT_STREQ("domain", type_of(self->x));
	ASSERT_EQ(0, cg_write(self->x, "cgroup.subtree_control", "-memory +pids"));
	EXPECT_EQ(0, make_threaded(self->x));
	EXPECT_TRUE(cg_lists(self->x, "cgroup.subtree_control", "pids"));
}

TEST_F(core, a_threaded_cgroup_has_threaded_controllers_only)
{
	NEEDS_MEMORY();
	ASSERT_EQ(0, cg_create(self->x));
	ASSERT_TRUE(cg_lists(self->x, "cgroup.controllers", "memory"));
	ASSERT_TRUE(cg_has(self->x, "memory.max"));
	ASSERT_EQ(0, make_threaded(self->x));
	EXPECT_FALSE(cg_lists(self->x, "cgroup.controllers", "memory"));
	EXPECT_FALSE(cg_has(self->x, "memory.max"));
	EXPECT_TRUE(cg_lists(self->x, "cgroup.controllers", "pids"));
	EXPECT_TRUE(cg_has(self->x, "pids.max"));
	EXPECT_EQ(-ENOENT, cg_write(self->x, "cgroup.subtree_control", "+memory"));
	EXPECT_EQ(0, cg_write(self->x, "cgroup.subtree_control", "+pids"));
}

/* It is a thread root and a parent of domains at the same time. */
TEST_F(core, the_root_has_threaded_children_beside_domains)
{
	char below[600];
	pid_t pid;

	ASSERT_EQ(0, cg_create(self->x));
	snprintf(below, sizeof(below), "%s/below", self->x);
	ASSERT_EQ(0, cg_create(below));
	/* That one of its domains is populated is no reason against it. */
	ASSERT_GT(sleeper(self->a), 0);
	ASSERT_EQ(0, make_threaded(self->x));
	EXPECT_STREQ("domain", type_of(self->top));
	EXPECT_STREQ("domain", type_of(self->a));
	EXPECT_EQ(0, try_fork_into(self->b));
	EXPECT_EQ(0, try_fork_into(self->x));
	/* The threaded one is no root of that kind. */
	EXPECT_STREQ("domain invalid", type_of(below));
	EXPECT_EQ(-EOPNOTSUPP, try_fork_into(below));
	/* Its processes are the root's. */
	pid = sleeper(self->x);
	ASSERT_GT(pid, 0);
	EXPECT_TRUE(lists(self->root, "cgroup.procs", pid));
	EXPECT_FALSE(lists(self->root, "cgroup.threads", pid));
	EXPECT_TRUE(lists(self->x, "cgroup.threads", pid));
	EXPECT_EQ(-EOPNOTSUPP, try_read(self->x, "cgroup.procs"));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
}

/* The second way to become one: who is in it competes with the children. */
TEST_F(core, processes_and_a_threaded_controller_make_a_thread_root)
{
	pid_t pid = sleeper(self->a);

	ASSERT_GT(pid, 0);
	ASSERT_STREQ("domain", type_of(self->a));
	ASSERT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "+pids"));
	EXPECT_STREQ("domain threaded", type_of(self->a));
	EXPECT_STREQ("domain invalid", type_of(self->c));
	EXPECT_EQ(-EOPNOTSUPP, cg_enter(self->c, pid));
	EXPECT_EQ(-EOPNOTSUPP, try_fork_into(self->c));
	EXPECT_EQ(-EOPNOTSUPP, cg_write(self->c, "cgroup.subtree_control", "+pids"));
	/* Without the controller it reverts, */
	ASSERT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "-pids"));
	EXPECT_STREQ("domain", type_of(self->a));
	EXPECT_STREQ("domain", type_of(self->c));
	EXPECT_EQ(0, try_fork_into(self->c));
	ASSERT_EQ(0, cg_await_empty(self->c));
	/* and without processes. */
	ASSERT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "+pids"));
	ASSERT_STREQ("domain threaded", type_of(self->a));
	ASSERT_EQ(0, cg_enter(self->b, pid));
	EXPECT_STREQ("domain", type_of(self->a));
	EXPECT_STREQ("domain", type_of(self->c));
	EXPECT_EQ(0, cg_enter(self->c, pid));
	EXPECT_EQ(0, cg_write(self->c, "cgroup.subtree_control", "+pids"));
}

/* The usual constraint, for what could have become a thread root but for that. */
TEST_F(core, populated_domains_below_keep_processes_out)
{
	pid_t pid = sleeper(self->b), below = sleeper(self->c);

	ASSERT_GT(pid, 0);
	ASSERT_GT(below, 0);
	ASSERT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "+pids"));
	EXPECT_EQ(-EBUSY, cg_enter(self->a, pid));
	EXPECT_EQ(-EBUSY, try_fork_into(self->a));
	EXPECT_STREQ("domain", type_of(self->a));
	/* The other order: first the process, then the controller. */
	ASSERT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "-pids"));
	ASSERT_EQ(0, cg_enter(self->a, pid));
	EXPECT_EQ(-EBUSY, cg_write(self->a, "cgroup.subtree_control", "+pids"));
	EXPECT_FALSE(cg_lists(self->a, "cgroup.subtree_control", "pids"));
	ASSERT_EQ(0, cg_enter(self->b, below));
	EXPECT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "+pids"));
	EXPECT_STREQ("domain threaded", type_of(self->a));
}

TEST_F(core, within_threads_a_controller_and_threads_go_together)
{
	char d[800];

	snprintf(d, sizeof(d), "%s/d", self->c);
	ASSERT_EQ(0, cg_create(d));
	ASSERT_EQ(0, make_threaded(self->c));
	ASSERT_EQ(0, make_threaded(d));
	ASSERT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "+pids"));
	ASSERT_GT(sleeper(self->c), 0);
	ASSERT_GT(sleeper(d), 0);
	/* Threads in it and in its child are no reason against that, */
	EXPECT_EQ(0, cg_write(self->c, "cgroup.subtree_control", "+pids"));
	EXPECT_EQ(1, cg_number(d, "pids.current"));
	EXPECT_EQ(2, cg_number(self->c, "pids.current"));
	/* nor that against more of them. */
	EXPECT_GT(sleeper(self->c), 0);
	EXPECT_GT(sleeper(self->a), 0);
	EXPECT_EQ(3, cg_number(self->c, "pids.current"));
	EXPECT_EQ(4, cg_number(self->a, "pids.current"));
}

TEST_F(core, a_process_is_its_domains_wherever_its_threads_are)
{
	pid_t pid, tid;

	ASSERT_EQ(0, make_threaded(self->c));
	pid = pair(self->a, NULL, &tid);
	ASSERT_EQ(0, cg_write_number(self->c, "cgroup.threads", tid));
	EXPECT_TRUE(is_in(self->root, self->a, pid));
	EXPECT_TRUE(is_in(self->root, self->c, tid));
	EXPECT_TRUE(lists(self->a, "cgroup.procs", pid));
	/* Nobody is left above. */
	ASSERT_EQ(0, cg_write_number(self->c, "cgroup.threads", pid));
	EXPECT_TRUE(is_in(self->root, self->c, pid));
	EXPECT_TRUE(lists(self->c, "cgroup.threads", pid));
	EXPECT_TRUE(lists(self->c, "cgroup.threads", tid));
	EXPECT_FALSE(lists(self->a, "cgroup.threads", pid));
	EXPECT_FALSE(lists(self->a, "cgroup.threads", tid));
	EXPECT_TRUE(lists(self->a, "cgroup.procs", pid));
	EXPECT_FALSE(lists(self->a, "cgroup.procs", tid));
	EXPECT_EQ(-EOPNOTSUPP, try_read(self->c, "cgroup.procs"));
}

TEST_F(core, cgroup_procs_of_a_threaded_cgroup_takes_whole_processes)
{
	pid_t pid, tid;

	ASSERT_EQ(0, make_threaded(self->c));
	/* From another domain, */
	pid = pair(self->b, NULL, &tid);
	EXPECT_EQ(-EOPNOTSUPP, cg_write_number(self->c, "cgroup.threads", tid));
	EXPECT_TRUE(is_in(self->root, self->b, tid));
	EXPECT_EQ(0, cg_enter(self->c, pid));
	EXPECT_TRUE(is_in(self->root, self->c, pid));
	EXPECT_TRUE(is_in(self->root, self->c, tid));
	EXPECT_FALSE(lists(self->b, "cgroup.procs", pid));
	/* and from all over its own. */
	ASSERT_EQ(0, cg_write_number(self->a, "cgroup.threads", tid));
	ASSERT_TRUE(is_in(self->root, self->a, tid));
	EXPECT_EQ(0, cg_enter(self->c, tid));
	EXPECT_TRUE(is_in(self->root, self->c, pid));
	EXPECT_TRUE(is_in(self->root, self->c, tid));
}

TEST_F(core, processes_are_killed_by_their_domain)
{
	pid_t pid, tid;

	ASSERT_EQ(0, make_threaded(self->c));
	pid = pair(self->a, NULL, &tid);
	ASSERT_EQ(0, cg_write_number(self->c, "cgroup.threads", tid));
	EXPECT_EQ(-EOPNOTSUPP, cg_write(self->c, "cgroup.kill", "1"));
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	EXPECT_TRUE(lists(self->c, "cgroup.threads", tid));
	/* Also where none of its threads is. */
	ASSERT_EQ(0, cg_write_number(self->c, "cgroup.threads", pid));
	EXPECT_EQ(0, cg_write(self->a, "cgroup.kill", "1"));
	EXPECT_EQ(-SIGKILL, proc_end(pid));
}

#ifdef __x86_64__
/* Where the thread was born that thread_into() made last. */
static char birthplace[512];

static void __attribute__((noreturn, noinline)) tell_birthplace(void)
{
	must(!file_field("/proc/thread-self/cgroup", "0", birthplace, sizeof(birthplace)));
	syscall(SYS_exit, 0);
	__builtin_unreachable();
}

/*
 * A thread of the caller that is born into @cg, tells where that was, and ends.
 * It has the caller's stack while the caller waits, as after a vfork(2): hence no
 * function may return between. Returns 0, or -errno.
 */
static int __attribute__((noinline)) thread_into(const char *cg)
{
	struct clone_args args = {
		.flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
			 CLONE_SYSVSEM | CLONE_VFORK | CLONE_INTO_CGROUP,
	};
	int fd = open(cg, O_PATH | O_CLOEXEC);
	long ret;

	must(fd >= 0);
	birthplace[0] = '\0';
	args.cgroup = fd;
	asm volatile("syscall" : "=a" (ret)
		     : "a" (SYS_clone3), "D" (&args), "S" (sizeof(args))
		     : "rcx", "r11", "memory");
	if (!ret)
		tell_birthplace();
	close(fd);
	return ret < 0 ? ret : 0;
}

/* Under the same rules as it would be moved: not away from its process's domain. */
TEST_F(core, a_thread_is_born_into_a_threaded_cgroup_of_its_domain)
{
	const size_t root = strlen(self->root);
	pid_t pid;

	ASSERT_EQ(0, make_threaded(self->c));
	pid = cg_fork_into(self->a, 0);
	if (!pid) {
		must(!thread_into(self->c));
		must(!strcmp(birthplace, self->c + root));
		must(!thread_into(self->a));
		must(!strcmp(birthplace, self->a + root));
		must(thread_into(self->b) == -EOPNOTSUPP);
		must(thread_into(self->root) == -EOPNOTSUPP);
		/* A process goes anywhere, and its first thread with it. */
		must(!try_fork_into(self->b) && !try_fork_into(self->c));
		must(is_in(self->root, self->a, getpid()));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}
#endif

TEST_HARNESS_MAIN

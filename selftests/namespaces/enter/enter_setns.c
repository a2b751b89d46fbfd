// SPDX-License-Identifier: GPL-2.0
/*
 * setns(2), by a namespace's file and by a process's pidfd: one kind or several
 * at once, and then all or none; who may, and where to.
 *
 * Promises from setns(2), namespaces(7), user_namespaces(7).
 */
#include "enter.h"
#include <pthread.h>

/* A process that has everything for itself, and a way to it. */
FIXTURE(target)
{
	pid_t pid;
	int pidfd;
};

FIXTURE_SETUP(target)
{
	self->pid = process_in(ALL_KINDS);
	self->pidfd = proc_pidfd(self->pid);
	ASSERT_GE(self->pidfd, 0);
}

FIXTURE_TEARDOWN(target)
{
	proc_kill(self->pid);
	close(self->pidfd);
}

/* Whether, of all kinds, the caller shares those of @flags with @pid, and no other. */
static bool shares_just(pid_t pid, int flags)
{
	for (int i = 0; i < KINDS; i++)
		if (is_with(pid, &kinds[i]) != !!(flags & kinds[i].flag)) {
			fprintf(stderr, "# %s, with flags %#x\n", kinds[i].name, flags);
			return false;
		}
	return true;
}

/* In a child: what it enters it does not leave. */
#define IN_CHILD(...) do {						\
	pid_t child = proc_fork_bound(0);				\
									\
	if (!child) {							\
		__VA_ARGS__;						\
		_exit(0);						\
	}								\
	EXPECT_EQ(0, proc_end(child));					\
} while (0)

TEST_F(target, each_kind_by_its_file)
{
	for (int i = 0; i < KINDS; i++)
		IN_CHILD({
			int fd = ns_open(self->pid, kinds[i].name);

			must(!ns_enter(fd, kinds[i].flag));
			must(kinds[i].flag == CLONE_NEWNS ||
			     shares_just(self->pid, kinds[i].flag));
		});
}

TEST_F(target, each_kind_by_its_file_whatever_it_is)
{
	for (int i = 0; i < KINDS; i++)
		IN_CHILD({
			must(!ns_enter(ns_open(self->pid, kinds[i].name), 0));
			must(is_with(self->pid, &kinds[i]));
		});
}

/* One kind, two, all but one, all: each brings what it names and no other. */
TEST_F(target, combinations_by_pidfd)
{
	for (int set = 1; set < 1 << KINDS; set++) {
		int n = __builtin_popcount(set);

		if (n > 2 && n < KINDS - 1)
			continue;
		IN_CHILD({
			int flags = 0;

			for (int i = 0; i < KINDS; i++)
				flags |= set & 1 << i ? kinds[i].flag : 0;
			must(!ns_enter(self->pidfd, flags));
			must(shares_just(self->pid, flags));
		});
	}
}

TEST_F(target, children_are_where_it_went)
{
	IN_CHILD({
		must(!ns_enter(self->pidfd, ALL_KINDS));
		pid_t pid = fork();

		if (!pid) {
			must(shares_just(self->pid, ALL_KINDS));
			must(getpid() > 1);
			_exit(0);
		}
		must(proc_end(pid) == 0);
		/* The caller itself keeps its number. */
		must(same(ns_open(getpid(), "pid"), ns_open(getppid(), "pid")));
	});
}

TEST_F(target, a_wrong_type_is_refused)
{
	for (int i = 0; i < KINDS; i++) {
		int fd = ns_open(self->pid, kinds[i].name);

		for (int j = 0; j < KINDS; j++) {
			int both = kinds[i].flag | kinds[j].flag;

			if (i == j)
				continue;
			EXPECT_EQ(-EINVAL, ns_enter(fd, kinds[j].flag));
			/* A file is one namespace, so one kind. */
			EXPECT_EQ(-EINVAL, ns_enter(fd, both));
		}
		EXPECT_EQ(-EINVAL, ns_enter(fd, CLONE_VM));
		close(fd);
	}
	EXPECT_TRUE(shares_just(self->pid, 0));
}

TEST_F(target, a_pidfd_wants_namespaces_and_nothing_else)
{
	static const int bad[] = {
		0, CLONE_VM, CLONE_NEWUTS | CLONE_VM, CLONE_FILES, -1, 1 << 31,
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(-EINVAL, ns_enter(self->pidfd, bad[i]));
	EXPECT_TRUE(shares_just(self->pid, 0));
}

TEST_F(target, what_is_no_namespace_is_refused)
{
	int fds[2], fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	ASSERT_EQ(0, pipe(fds));
	EXPECT_EQ(-EINVAL, ns_enter(fd, CLONE_NEWUTS));
	EXPECT_EQ(-EINVAL, ns_enter(fds[0], 0));
	EXPECT_EQ(-EBADF, ns_enter(-1, CLONE_NEWUTS));
	close(fd);
	EXPECT_EQ(-EBADF, ns_enter(fd, CLONE_NEWUTS));
	/* A folder of procfs was a pidfd once; it is no way in. */
	fd = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	EXPECT_EQ(-EINVAL, ns_enter(fd, CLONE_NEWUTS));
	close(fd);
	fd = open("/proc/self/ns/uts", O_PATH | O_CLOEXEC);
	EXPECT_EQ(-EBADF, ns_enter(fd, CLONE_NEWUTS));
	close(fd);
}

/* One that cannot be entered: of a process outside the caller's pid namespace. */
TEST_F(target, when_one_fails_none_is_entered)
{
	int pidfd = proc_pidfd(getpid());
	pid_t outside = getpid();
	pid_t pid = proc_fork_bound(ALL_KINDS);

	if (!pid) {
		char before[256], after[256];

		must(!mkdir("deep", 0755) || errno == EEXIST);
		must(!chdir("deep") && getcwd(before, sizeof(before)));
		must(ns_enter(pidfd, ALL_KINDS) == -EINVAL);
		for (int i = 0; i < KINDS; i++)
			if (kinds[i].flag != CLONE_NEWPID)
				must(ns_enter(pidfd, CLONE_NEWPID |
					      kinds[i].flag) == -EINVAL);
		/* Our /proc is the outer one still, so these are its numbers. */
		must(shares_just(outside, 0));
		must(getcwd(after, sizeof(after)) && !strcmp(before, after));
		must(!ns_enter(pidfd, ALL_KINDS & ~CLONE_NEWPID));
		must(shares_just(outside, ALL_KINDS & ~CLONE_NEWPID));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	close(pidfd);
}

static void *wait_for(void *go)
{
	baton_take(go);
	return NULL;
}

/* With a second thread, some can be entered and some cannot. */
TEST_F(target, threads_forbid_what_a_process_has_as_a_whole)
{
	static const int whole[] = { CLONE_NEWNS, CLONE_NEWTIME };
	struct baton go = baton_make();
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for, &go));
	EXPECT_EQ(-EINVAL, ns_enter(self->pidfd, CLONE_NEWNS));
	EXPECT_EQ(-EUSERS, ns_enter(self->pidfd, CLONE_NEWTIME));
	for (size_t i = 0; i < ARRAY_SIZE(whole); i++)
		EXPECT_NE(0, ns_enter(self->pidfd, CLONE_NEWUTS | CLONE_NEWIPC |
				      CLONE_NEWNET | whole[i]));
	EXPECT_TRUE(shares_just(self->pid, 0));
	EXPECT_EQ(0, ns_enter(self->pidfd, CLONE_NEWUTS | CLONE_NEWNET));
	EXPECT_TRUE(shares_just(self->pid, CLONE_NEWUTS | CLONE_NEWNET));
	baton_pass(&go, 0);
	ASSERT_EQ(0, pthread_join(thread, NULL));
}

TEST_F(target, with_the_mounts_come_root_and_folder)
{
	IN_CHILD({
		char cwd[256];

		must(!mkdir("deep", 0755) || errno == EEXIST);
		must(!chdir("deep"));
		must(!ns_enter(self->pidfd, CLONE_NEWUTS));
		must(getcwd(cwd, sizeof(cwd)) && strcmp(cwd, "/"));
		must(!ns_enter(self->pidfd, CLONE_NEWNS | CLONE_NEWIPC));
		must(getcwd(cwd, sizeof(cwd)) && !strcmp(cwd, "/"));
	});
}

TEST_F(target, the_dead_have_no_namespaces)
{
	pid_t pid = process_in(CLONE_NEWUTS);
	int pidfd = proc_pidfd(pid);

	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(0, proc_await_zombie(pid));
	EXPECT_EQ(-ESRCH, ns_enter(pidfd, CLONE_NEWUTS));
	proc_end(pid);
	EXPECT_EQ(-ESRCH, ns_enter(pidfd, CLONE_NEWUTS));
	EXPECT_EQ(-EINVAL, ns_enter(pidfd, 0));
	close(pidfd);
}

TEST_F(target, without_privilege_nothing_is_entered)
{
	int fd[KINDS];

	for (int i = 0; i < KINDS; i++)
		fd[i] = ns_open(self->pid, kinds[i].name);
	IN_CHILD({
		proc_become_nobody();
		for (int i = 0; i < KINDS; i++) {
			must(ns_enter(fd[i], 0) == -EPERM);
			must(ns_enter(self->pidfd, kinds[i].flag) == -EPERM);
		}
		must(ns_enter(self->pidfd, ALL_KINDS) == -EPERM);
	});
	/* Nor from a user namespace below, of which it is root. */
	IN_CHILD({
		proc_become_nobody();
		must(!ns_become_user_root());
		for (int i = 0; i < KINDS; i++) {
			must(ns_enter(fd[i], 0) == -EPERM);
			must(ns_enter(self->pidfd, kinds[i].flag) == -EPERM);
		}
	});
	for (int i = 0; i < KINDS; i++)
		close(fd[i]);
}

TEST_F(target, cap_sys_admin_is_what_it_takes)
{
	for (int i = 0; i < KINDS; i++) {
		int fd = ns_open(self->pid, kinds[i].name);

		IN_CHILD({
			must(!prctl(PR_SET_KEEPCAPS, 1));
			must(!setresuid(65534, 65534, 65534));
			cap_keep(CAP_BIT(CAP_SYS_ADMIN) | CAP_BIT(CAP_SYS_CHROOT));
			must(!ns_enter(fd, 0));
		});
		IN_CHILD({
			cap_drop(CAP_SYS_ADMIN);
			must(ns_enter(fd, 0) == -EPERM);
		});
		IN_CHILD({
			cap_drop(CAP_SYS_CHROOT);
			must(ns_enter(fd, 0) ==
			     (kinds[i].flag == CLONE_NEWNS ? -EPERM : 0));
		});
		close(fd);
	}
}

/* A pidfd is used like PTRACE_MODE_READ, whatever the namespaces allow. */
TEST_F(target, a_pidfd_takes_the_right_to_trace)
{
	IN_CHILD({
		int before = ns_open(0, "ipc");

		must(!prctl(PR_SET_KEEPCAPS, 1));
		must(!setresuid(65534, 65534, 65534));
		cap_keep(CAP_BIT(CAP_SYS_ADMIN) | CAP_BIT(CAP_SYS_PTRACE));
		must(!ns_enter(self->pidfd, CLONE_NEWUTS));
		cap_drop(CAP_SYS_PTRACE);
		must(ns_enter(self->pidfd, CLONE_NEWIPC) == -EPERM);
		must(same(ns_open(0, "ipc"), before));
	});
}

/* A container of nobody's, that shares the host's network and cgroups. */
static pid_t nobodys_container(void)
{
	return process_in(CLONE_NEWUSER | CLONE_NEWUTS | CLONE_NEWIPC |
			  CLONE_NEWPID | CLONE_NEWNS);
}

TEST_F(target, an_ordinary_user_enters_its_own_container)
{
	IN_CHILD({
		const int inside = CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNS;
		int pidfd;
		pid_t pid;

		proc_become_nobody();
		pid = nobodys_container();
		pidfd = proc_pidfd(pid);
		/* Its user namespace gives the right to the others: in one call. */
		must(ns_enter(pidfd, inside) == -EPERM);
		must(!ns_enter(pidfd, CLONE_NEWUSER | inside));
		must(same(ns_open(0, "user"), ns_open(pid, "user")));
		must(is_with(pid, &kinds[KINDS - 1]));
		must(cap_mine("CapEff") == cap_all());
	});
}

TEST_F(target, a_user_namespace_stays_out_when_the_others_fail)
{
	IN_CHILD({
		int pidfd;
		int before = ns_open(0, "user");
		pid_t pid;

		proc_become_nobody();
		pid = nobodys_container();
		pidfd = proc_pidfd(pid);
		/* The network is not the container's to give. */
		must(ns_enter(pidfd, CLONE_NEWUSER | CLONE_NEWUTS |
			      CLONE_NEWNET) == -EPERM);
		must(ns_same(ns_open(0, "user"), before));
		must(!is_with(pid, &kinds[KINDS - 1]));
		must(cap_mine("CapEff") == 0);
	});
}

TEST_F(target, nobody_enters_the_user_namespace_that_it_is_in)
{
	int fd = ns_open(0, "user");

	/* It would give back capabilities that were given up. */
	EXPECT_EQ(-EINVAL, ns_enter(fd, CLONE_NEWUSER));
	EXPECT_EQ(-EINVAL, ns_enter(self->pidfd, CLONE_NEWUSER));
	EXPECT_EQ(-EINVAL, ns_enter(self->pidfd, CLONE_NEWUSER | CLONE_NEWUTS));
	EXPECT_TRUE(shares_just(self->pid, 0));
	IN_CHILD({
		must(!ns_become_user_root());
		/* Nor the one above. */
		must(ns_enter(fd, CLONE_NEWUSER) == -EPERM);
	});
	close(fd);
}

/*
 * A user namespace entered is one in which the caller is not root any more of
 * where it came from, also for what it has open.
 */
TEST_F(target, a_user_namespace_takes_the_rights_outside)
{
	pid_t pid = userns_fork(CLONE_NEWUTS, 0, 1);
	int outside = ns_open(self->pid, "uts");

	if (!pid)
		proc_sleep_forever();
	IN_CHILD({
		must(!ns_enter(proc_pidfd(pid), CLONE_NEWUSER));
		must(cap_mine("CapEff") == cap_all());
		must(ns_enter(outside, CLONE_NEWUTS) == -EPERM);
		must(sethostname("x", 1) == -1 && errno == EPERM);
		must(!ns_enter(ns_open(pid, "uts"), CLONE_NEWUTS));
		must(!sethostname("x", 1));
	});
	close(outside);
	proc_kill(pid);
}

TEST_HARNESS_MAIN

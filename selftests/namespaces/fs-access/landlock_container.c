// SPDX-License-Identifier: GPL-2.0
/*
 * Landlock as the access control of a container: domains and namespaces
 * together, root in a container and outside of it, who may look into whom.
 *
 * Promises from Documentation/userspace-api/landlock.rst ("Inheritance",
 * "Ptrace restrictions", "Filesystem topology modification") and
 * Documentation/security/landlock.rst.
 */
#include "kselftest_harness.h"
#include <sys/ptrace.h>
#include "landlock.h"

#define ROOT	MNT_AREA "/root"	/* the container's own tree */
#define HOST	MNT_AREA "/host"	/* what is not */

#define FS(right)	LANDLOCK_ACCESS_FS_##right
#define FILES		(FS(READ_FILE) | FS(WRITE_FILE) | FS(MAKE_REG))

FIXTURE(container)
{
};

FIXTURE_SETUP(container)
{
	if (ll_abi() < 1)
		SKIP(return, "Landlock is not enabled");
	umask(0);
	mnt_area();
	mnt_dir(ROOT);
	mnt_dir(HOST);
	must(!mnt_tmpfs(ROOT) && !chmod(ROOT, 0777));
	mnt_put(ROOT "/file", "text");
	mnt_put(HOST "/file", "text");
	must(!chmod(HOST, 0777) && !chmod(HOST "/file", 0666));
	must(!chmod(ROOT "/file", 0666));
}

FIXTURE_TEARDOWN(container)
{
}

/* A domain that keeps to ROOT, and to /proc, which a container needs. */
static void keep_to_root(void)
{
	int ruleset = ll_create(FILES, 0, 0);

	must(ruleset >= 0);
	must(!ll_allow(ruleset, ROOT, FILES));
	must(!ll_allow(ruleset, "/proc", FILES));
	ll_enforce(ruleset);
}

static void must_be_kept(void)
{
	must(!ll_open(ROOT "/file", O_RDWR));
	must(!ll_open(ROOT "/new", O_WRONLY | O_CREAT));
	must(ll_open(HOST "/file", O_RDONLY) == -EACCES);
	must(ll_open(HOST "/file", O_WRONLY) == -EACCES);
	must(ll_open(HOST "/new", O_WRONLY | O_CREAT) == -EACCES);
}

TEST_F(container, real_root_is_kept)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		keep_to_root();
		must(geteuid() == 0);
		must_be_kept();
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, ll_open(HOST "/file", O_RDWR));
}

TEST_F(container, root_of_a_user_namespace_is_kept)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		keep_to_root();
		/* All of the capabilities that there are in there. */
		must(!ns_become_user_root());
		must_be_kept();
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* New namespaces may be made in a domain; they are no way out of it. */
TEST_F(container, new_namespaces_are_no_way_out)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		keep_to_root();
		must(!ns_become_user_root());
		must(!unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC |
			      CLONE_NEWUTS | CLONE_NEWNET));
		pid = proc_fork(0);
		if (!pid) {
			must(getpid() == 1);
			must_be_kept();
			/* In a mount namespace of its own, but not to mount. */
			must(mnt_tmpfs(ROOT) == -EPERM);
			must(mnt_bind(ROOT, HOST) == -EPERM);
			must(mnt_bind(HOST, ROOT) == -EPERM);
			must(mnt_pivot_root(ROOT, ROOT) == -EPERM);
			/* A root of its own may be chosen. */
			must(!chroot(ROOT) && !chdir("/"));
			must(!ll_open("/file", O_RDWR));
			_exit(0);
		}
		must(!proc_end(pid));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* The order of a container manager: namespaces and root first, domain last. */
TEST_F(container, a_root_that_was_pivoted_to_before_is_kept_to)
{
	pid_t pid;

	mnt_dir(ROOT "/data");
	mnt_put(ROOT "/data/file", "");
	mnt_dir(ROOT "/proc");
	pid = proc_fork_bound(0);
	if (!pid) {
		int ruleset;

		must(!unshare(CLONE_NEWUSER | CLONE_NEWNS));
		must(!mnt_rbind(ROOT, ROOT) && !chdir(ROOT));
		must(!mnt_pivot_root(".", ".") && !mnt_off(".", MNT_DETACH));
		must(!chdir("/"));
		ruleset = ll_create(FILES, 0, 0);
		must(!ll_allow(ruleset, "/data", FILES));
		/* Root in its user namespace: no_new_privs is not needed. */
		must(!ll_restrict(ruleset, 0));
		must(!ll_open("/data/file", O_RDONLY));
		must(ll_open("/file", O_RDONLY) == -EACCES);
		must(mnt_tmpfs("/data") == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(container, another_mount_namespace_is_no_way_out)
{
	struct baton ready = baton_make();
	pid_t other = proc_fork_bound(CLONE_NEWNS), pid;
	int ns;

	if (!other) {
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	ns = ns_open(other, "mnt");
	ASSERT_GE(ns, 0);
	pid = proc_fork_bound(0);
	if (!pid) {
		keep_to_root();
		must(!ns_enter(ns, CLONE_NEWNS));
		/* The same files, through mounts that were copied. */
		must_be_kept();
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	proc_kill(other);
}

/* A mount that the outside adds where the container may go is allowed. */
TEST_F(container, a_mount_from_outside_is_seen_through_the_rules)
{
	struct baton ready = baton_make(), go = baton_make();
	pid_t pid = proc_fork_bound(0);

	mnt_dir(ROOT "/dir");
	if (!pid) {
		keep_to_root();
		baton_pass(&ready, 0);
		baton_take(&go);
		must(!ll_open(ROOT "/dir/file", O_RDWR));
		must(ll_open(HOST "/file", O_RDWR) == -EACCES);
		_exit(0);
	}
	baton_take(&ready);
	ASSERT_EQ(0, mnt_bind(HOST, ROOT "/dir"));
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(pid));
}

static bool may_trace(pid_t pid)
{
	char path[64];
	int fd;

	if (!ptrace(PTRACE_SEIZE, pid, NULL, NULL)) {
		must(!ptrace(PTRACE_INTERRUPT, pid, NULL, NULL));
		must(waitpid(pid, NULL, __WALL) == pid);
		must(!ptrace(PTRACE_DETACH, pid, NULL, NULL));
		return true;
	}
	must(errno == EPERM);
	/* What else asks the same question gets the same answer. */
	snprintf(path, sizeof(path), "/proc/%d/root", pid);
	must(open(path, O_PATH | O_CLOEXEC) == -1 && errno == EACCES);
	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", pid);
	must(open(path, O_RDONLY | O_CLOEXEC) == -1 && errno == EACCES);
	fd = proc_pidfd(pid);
	must(syscall(SYS_pidfd_getfd, fd, 0, 0) == -1 && errno == EPERM);
	close(fd);
	return false;
}

/* A process in a domain of its own, ready to be traced. */
static pid_t sandboxed(void)
{
	struct baton ready = baton_make();
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		keep_to_root();
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	return pid;
}

TEST_F(container, nobody_outside_is_traced_or_looked_into)
{
	pid_t outside = proc_fork_bound(0), pid;

	if (!outside)
		proc_sleep_forever();
	pid = proc_fork_bound(0);
	if (!pid) {
		keep_to_root();
		must(!may_trace(outside));
		must(!may_trace(getppid()));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	proc_kill(outside);
}

TEST_F(container, a_nested_domain_is_traced_from_above)
{
	pid_t pid;

	EXPECT_TRUE(may_trace(sandboxed()));
	pid = proc_fork_bound(0);
	if (!pid) {
		keep_to_root();
		must(may_trace(sandboxed()));
		pid = proc_fork_bound(0);
		if (!pid)
			_exit(may_trace(getppid()));
		must(proc_end(pid) == 1);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(container, siblings_do_not_trace_one_another)
{
	pid_t other = sandboxed(), pid = proc_fork_bound(0);

	if (!pid) {
		keep_to_root();
		must(!may_trace(other));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	proc_kill(other);
}

TEST_F(container, a_pid_namespace_and_a_scope_keep_signals_in)
{
	pid_t pid;

	NEEDS_ABI(6);
	pid = proc_fork_bound(CLONE_NEWPID);
	if (!pid) {
		pid_t neighbour = proc_fork_bound(0);

		if (!neighbour)
			proc_sleep_forever();
		pid = proc_fork_bound(0);
		if (!pid) {
			ll_enforce(ll_create(0, 0, LANDLOCK_SCOPE_SIGNAL));
			must(mnt_error(kill(neighbour, SIGTERM)) == -EPERM);
			must(mnt_error(kill(1, SIGTERM)) == -EPERM);
			/* To all that it may signal, which is nobody. */
			kill(-1, SIGTERM);
			_exit(0);
		}
		must(!proc_end(pid));
		must(!waitpid(neighbour, NULL, WNOHANG));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* A program with privileges of its own keeps to the domain that runs it. */
TEST_F(container, set_user_id_is_no_way_out)
{
	pid_t pid;

	mnt_copy_self(ROOT "/prog", 04755);
	pid = proc_fork_bound(0);
	if (!pid) {
		int ruleset = ll_create(FILES, 0, 0);

		must(!ll_allow(ruleset, ROOT, FILES));
		/* Without no_new_privs, as real root may. */
		must(!ll_restrict(ruleset, 0));
		proc_become_nobody();
		must(mnt_run(ROOT "/prog", "--root-open") == EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--root-open"))
		return geteuid() ? 1 : -ll_open(HOST "/file", O_RDONLY);
	return test_harness_run(argc, argv);
}

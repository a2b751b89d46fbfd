// SPDX-License-Identifier: GPL-2.0
/*
 * An automounter and containers: which mount namespaces it can serve, to whom
 * it listens, and how it names those who come from a user namespace.
 *
 * Promises from Documentation/filesystems/autofs.rst ("autofs, name spaces, and
 * shared mounts", "Communicating with autofs: the event pipe" and "root directory
 * ioctls"), Documentation/filesystems/autofs-mount-control.rst.
 */
#include "autofs.h"
#include <linux/magic.h>
#include <sys/vfs.h>
#include "userns.h"

/*
 * A process in the daemon's pid namespace. The caller's own child has the same
 * exit status.
 */
static pid_t child_near(pid_t daemon)
{
	int ns = ns_open(daemon, "pid");
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!ns_enter(ns, CLONE_NEWPID));
		pid = fork();
		if (pid)
			_exit(proc_end(pid));
	}
	close(ns);
	return pid;
}

/* Whether a tmpfs is mounted at @path, as the caller's namespace has it. */
static bool has_tmpfs(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && fs.f_type == TMPFS_MAGIC;
}

static int autofs_make(unsigned long type)
{
	return mount(NULL, ROOT, NULL, type, NULL) ? -errno : 0;
}

TEST_F(daemon, mounts_for_a_visitor_in_another_mount_namespace)
{
	pid_t pid;

	NEEDS_DAEMON();
	ASSERT_EQ(0, autofs_make(MS_SHARED));
	pid = child_near(self->pid);
	if (!pid) {
		must(!unshare(CLONE_NEWNS));
		must(!access(ROOT "/a", F_OK));
		must(has_tmpfs(ROOT "/a"));
		_exit(0);
	}
	baton_pass(&self->order, ORDER_SERVE);
	baton_take(&self->answer);
	baton_take(&self->answer);
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(has_tmpfs(ROOT "/a"));
}

/* Its copy is a slave of ours, to which ours propagates. */
TEST_F(daemon, mounts_for_a_visitor_in_a_user_namespace)
{
	pid_t pid;

	NEEDS_DAEMON();
	ASSERT_EQ(0, autofs_make(MS_SHARED));
	pid = child_near(self->pid);
	if (!pid) {
		must(!ns_become_user_root());
		must(!unshare(CLONE_NEWNS));
		must(!access(ROOT "/b", F_OK));
		must(has_tmpfs(ROOT "/b"));
		_exit(0);
	}
	baton_pass(&self->order, ORDER_SERVE);
	baton_take(&self->answer);
	baton_take(&self->answer);
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(has_tmpfs(ROOT "/b"));
}

/* What it would mount could not be seen there. In its own namespace, it can. */
TEST_F(daemon, is_not_asked_by_a_private_copy)
{
	pid_t pid;

	NEEDS_DAEMON();
	if (proc_kernel_before(6, 19))
		SKIP(return, "this kernel asks, and the visitor has ELOOP");
	ASSERT_EQ(0, autofs_make(MS_SHARED));
	pid = child_near(self->pid);
	if (!pid) {
		must(!unshare(CLONE_NEWNS));
		must(!autofs_make(MS_PRIVATE));
		must(access(ROOT "/c", F_OK) == -1 && errno == EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	baton_pass(&self->order, ORDER_PENDING);
	EXPECT_EQ(0, baton_take(&self->answer));
	/* A private one is no hindrance where the automounter lives. */
	ASSERT_EQ(0, autofs_make(MS_PRIVATE));
	pid = child_near(self->pid);
	if (!pid)
		_exit(access(ROOT "/c", F_OK) ? errno : 0);
	baton_pass(&self->order, ORDER_SERVE);
	baton_take(&self->answer);
	baton_take(&self->answer);
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(has_tmpfs(ROOT "/c"));
}

/* What it listens to from its own group and the machine's root, only. */
static void commands_are_refused(int root)
{
	int how = AUTOFS_EXP_IMMEDIATE, version;

	must(ioctl(root, AUTOFS_IOC_CATATONIC, 0) == -1 && errno == EPERM);
	must(ioctl(root, AUTOFS_IOC_READY, 1) == -1 && errno == EPERM);
	must(ioctl(root, AUTOFS_IOC_FAIL, 1) == -1 && errno == EPERM);
	must(ioctl(root, AUTOFS_IOC_EXPIRE_MULTI, &how) == -1 && errno == EPERM);
	must(ioctl(root, AUTOFS_IOC_PROTOVER, &version) == -1 && errno == EPERM);
}

TEST_F(daemon, takes_no_commands_from_users_and_containers)
{
	int version = 0, root;
	pid_t pid;

	NEEDS_DAEMON();
	root = open(ROOT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_GE(root, 0);
	pid = proc_fork_bound(0);
	if (!pid) {
		proc_become_nobody();
		commands_are_refused(root);
		must(!ns_become_user_root());
		commands_are_refused(root);
		must(!unshare(CLONE_NEWNS));
		commands_are_refused(open(ROOT, O_RDONLY | O_CLOEXEC));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	/* Root of a user namespace that the machine's root has become, neither. */
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!ns_become_user_root());
		commands_are_refused(root);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, ioctl(root, AUTOFS_IOC_PROTOVER, &version));
	EXPECT_EQ(5, version);
	/* Nothing came of it. */
	pid = child_near(self->pid);
	if (!pid)
		_exit(access(ROOT "/d", F_OK) ? errno : 0);
	baton_pass(&self->order, ORDER_SERVE);
	baton_take(&self->answer);
	baton_take(&self->answer);
	EXPECT_EQ(0, proc_end(pid));
}

/* Not even by the machine's root: the folder is the automounter's. */
TEST_F(daemon, alone_changes_the_folder)
{
	NEEDS_DAEMON();
	EXPECT_EQ(-1, mkdir(ROOT "/e", 0755));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, symlink("x", ROOT "/e"));
	EXPECT_EQ(EACCES, errno);
	baton_pass(&self->order, ORDER_PEEK);
	EXPECT_EQ(ENOENT, baton_take(&self->answer));
	EXPECT_EQ(0, baton_take(&self->answer));
	EXPECT_EQ(-1, rmdir(ROOT "/peek"));
	EXPECT_EQ(EACCES, errno);
	baton_pass(&self->order, ORDER_UNPEEK);
	EXPECT_EQ(0, baton_take(&self->answer));
}

/* And its refusal is whatever it says, not just that there is no such file. */
TEST_F(daemon, names_a_visitor_from_a_user_namespace_by_its_own_ids)
{
	pid_t pid;
	int ns;

	NEEDS_DAEMON();
	if (access("/dev/autofs", W_OK))
		SKIP(return, "no /dev/autofs");
	ns = ns_open(self->pid, "pid");
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!ns_enter(ns, CLONE_NEWPID));
		pid = userns_fork(0, 100000, 10);
		if (pid)
			_exit(proc_end(pid));
		must(!setresgid(6, 6, 6) && !setresuid(5, 5, 5));
		_exit(access(ROOT "/f", F_OK) ? errno : 0);
	}
	baton_pass(&self->order, ORDER_FORBID);
	EXPECT_EQ(100005, baton_take(&self->answer));
	EXPECT_EQ(100006, baton_take(&self->answer));
	EXPECT_EQ(EACCES, proc_end(pid));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * User namespaces: how deep, who may make and enter one, how they are related,
 * and what keeps them alive.
 *
 * Promises from user_namespaces(7), clone(2), unshare(2), setns(2),
 * ioctl_ns(2).
 */
#include "kselftest_harness.h"
#include <pthread.h>
#include "cap.h"
#include "usermap.h"

/*
 * user_namespaces(7): "a limit of 32 nested levels". The kernel counts from
 * the first namespace that a user makes, so that is level 33 of all.
 */
#define MAX_DEPTH	33
#define USER		1000

static void *sleep_forever(void *arg)
{
	proc_sleep_forever();
}

static int make(void)
{
	return unshare(CLONE_NEWUSER) ? -errno : 0;
}

static void become(uid_t id)
{
	must(!setgroups(0, NULL));
	userns_become(id, id);
}

TEST(nesting_ends_at_the_limit)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		become(USER);
		for (int depth = 1; depth <= MAX_DEPTH; depth++)
			must(!ns_become_user_root());
		must(make() == -ENOSPC);
		must(proc_fork(CLONE_NEWUSER) == -ENOSPC);
		/* Only another level is too much: the last one works. */
		must(getuid() == 0 && cap_mine("CapEff") == cap_all());
		must(!unshare(CLONE_NEWUTS) && !sethostname("deep", 4));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(ids_are_translated_through_all_levels)
{
	struct baton ready = baton_make();
	pid_t pid = proc_fork_bound(0);
	char path[64], text[64];
	struct stat st;

	if (!pid) {
		become(USER);
		for (int depth = 1; depth <= MAX_DEPTH; depth++)
			must(!ns_become_user_root());
		must(getuid() == 0);
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	snprintf(path, sizeof(path), "/proc/%d", pid);
	EXPECT_EQ(0, stat(path, &st));
	EXPECT_EQ(USER, st.st_uid);
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	EXPECT_EQ(0, file_field(path, "Uid", text, sizeof(text)));
	EXPECT_EQ(USER, atoi(text));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
}

TEST(who_has_no_name_here_makes_none)
{
	pid_t pid = proc_fork_bound(CLONE_NEWUSER);

	if (!pid) {
		/* All capabilities, but no map: neither user, nor group. */
		must(cap_mine("CapEff") == cap_all());
		must(make() == -EPERM);
		must(proc_fork(CLONE_NEWUSER) == -EPERM);
		must(!userns_write(0, "uid_map", "0 0 1"));
		must(make() == -EPERM);
		must(!userns_write(0, "setgroups", "deny"));
		must(!userns_write(0, "gid_map", "0 0 1"));
		must(make() == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* Files that the chroot hides would be open to a new namespace's root. */
TEST(in_a_chroot_there_is_none)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(mkdir("jail", 0755) == 0 || errno == EEXIST);
		must(!chroot("jail") && !chdir("/"));
		must(make() == -EPERM);
		become(USER);
		must(make() == -EPERM);
		must(proc_fork(CLONE_NEWUSER) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(threads_are_in_one_user_namespace)
{
	static char stack[16384];
	const uint64_t thread = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD;
	struct clone_args args = {
		.flags = thread | CLONE_NEWUSER,
		.stack = (uintptr_t)stack,
		.stack_size = sizeof(stack),
	};
	pid_t pid;

	EXPECT_EQ(-EINVAL, proc_clone3(&args));
	pid = proc_fork_bound(0);
	if (!pid) {
		pid_t sleeper = userns_sleeper();
		int ns = ns_open(sleeper, "user");
		pthread_t other;

		must(ns >= 0);
		must(!pthread_create(&other, NULL, sleep_forever, NULL));
		must(make() == -EINVAL);
		must(ns_enter(ns, CLONE_NEWUSER) == -EINVAL);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* Another's root folder is not chrooted by capabilities that one got elsewhere. */
TEST(a_shared_root_folder_is_not_taken_along)
{
	pid_t sleeper = userns_sleeper(), pid;
	int ns = ns_open(sleeper, "user");

	EXPECT_EQ(-EINVAL, proc_fork(CLONE_NEWUSER | CLONE_FS));
	pid = proc_fork_bound(0);
	if (!pid) {
		struct baton go = baton_make();
		pid_t sharer = proc_fork_bound(CLONE_FS);

		if (!sharer) {
			baton_take(&go);
			_exit(0);
		}
		must(ns_enter(ns, CLONE_NEWUSER) == -EINVAL);
		/* unshare(2) unshares that, too. */
		must(!make());
		must(!chdir("/proc"));
		baton_pass(&go, 0);
		must(!proc_end(sharer));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	/* Alone, one enters. */
	pid = proc_fork_bound(0);
	if (!pid)
		_exit(ns_enter(ns, CLONE_NEWUSER) ? 1 : 0);
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(-SIGKILL, proc_kill(sleeper));
}

TEST(the_own_one_is_not_entered)
{
	int ns = ns_open(0, "user");

	ASSERT_GE(ns, 0);
	EXPECT_EQ(-EINVAL, ns_enter(ns, CLONE_NEWUSER));
	EXPECT_EQ(-EINVAL, ns_enter(ns, 0));
}

TEST(the_type_must_be_the_right_one)
{
	pid_t sleeper = userns_sleeper();
	int ns = ns_open(sleeper, "user");

	EXPECT_EQ(-EINVAL, ns_enter(ns, CLONE_NEWUTS));
	EXPECT_EQ(-EINVAL, ns_enter(ns, CLONE_NEWUSER | CLONE_NEWUTS));
	EXPECT_EQ(-SIGKILL, proc_kill(sleeper));
}

TEST(a_pidfd_enters_several_at_once_in_the_right_order)
{
	pid_t sleeper, pid;

	sleeper = userns_fork(CLONE_NEWUTS | CLONE_NEWIPC);
	if (!sleeper)
		proc_sleep_forever();
	pid = proc_fork_bound(0);
	if (!pid) {
		int fd = proc_pidfd(sleeper), uts = ns_open(sleeper, "uts");

		must(fd >= 0 && uts >= 0);
		/* What belongs to the new user namespace is ours once inside. */
		cap_keep(CAP_BIT(CAP_SYS_ADMIN) | CAP_BIT(CAP_SYS_PTRACE) |
			 CAP_BIT(CAP_SYS_CHROOT));
		must(!ns_enter(fd, CLONE_NEWUSER | CLONE_NEWUTS | CLONE_NEWIPC));
		must(!sethostname("inside", 6));
		must(ns_same(ns_open(0, "uts"), uts));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(-SIGKILL, proc_kill(sleeper));
}

TEST(the_pidfd_of_a_dead_process_leads_nowhere)
{
	pid_t sleeper = userns_sleeper();
	int fd = proc_pidfd(sleeper);

	ASSERT_GE(fd, 0);
	EXPECT_EQ(-SIGKILL, proc_kill(sleeper));
	EXPECT_EQ(-ESRCH, ns_enter(fd, CLONE_NEWUSER));
}

/* What was made first is given up again when the rest cannot be had. */
TEST(of_several_all_are_made_or_none)
{
	pid_t pid = userns_fork(0);

	if (!pid) {
		int user = ns_open(0, "user"), uts = ns_open(0, "uts");

		must(!file_write("/proc/sys/user/max_ipc_namespaces", "0"));
		must(unshare(CLONE_NEWUSER | CLONE_NEWUTS | CLONE_NEWIPC) == -1);
		must(errno == ENOSPC);
		must(ns_same(user, ns_open(0, "user")));
		must(ns_same(uts, ns_open(0, "uts")));
		must(getuid() == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(parents_and_owners_can_be_asked_for)
{
	struct baton number = baton_make();
	pid_t pid = userns_fork(CLONE_NEWUTS), below;
	int self = ns_open(0, "user"), ns, nested, fd;
	uid_t owner;

	if (!pid) {
		userns_become(0, 0);
		must(!setresuid(-1, 5, -1));
		must(!prctl(PR_SET_DUMPABLE, 1));
		below = userns_sleeper_in(CLONE_NEWUSER);
		baton_pass(&number, below);
		proc_sleep_forever();
	}
	below = baton_take(&number);
	ns = ns_open(pid, "user");
	nested = ns_open(below, "user");
	ASSERT_GE(nested, 0);

	fd = userns_related(nested, NS_GET_PARENT);
	ASSERT_GE(fd, 0);
	EXPECT_TRUE(ns_same(fd, ns));
	fd = userns_related(ns, NS_GET_PARENT);
	ASSERT_GE(fd, 0);
	EXPECT_TRUE(ns_same(fd, self));
	/* The owner of a user namespace is its parent. */
	fd = userns_related(nested, NS_GET_USERNS);
	ASSERT_GE(fd, 0);
	EXPECT_TRUE(ns_same(fd, ns));
	fd = userns_related(ns_open(pid, "uts"), NS_GET_USERNS);
	ASSERT_GE(fd, 0);
	EXPECT_TRUE(ns_same(fd, ns));

	EXPECT_EQ(0, ioctl(ns, NS_GET_OWNER_UID, &owner));
	EXPECT_EQ(0, owner);
	EXPECT_EQ(0, ioctl(nested, NS_GET_OWNER_UID, &owner));
	EXPECT_EQ(USERNS_BASE + 5, owner);
	EXPECT_EQ(CLONE_NEWUSER, ioctl(ns, NS_GET_NSTYPE));
	EXPECT_EQ(-1, ioctl(ns_open(0, "uts"), NS_GET_OWNER_UID, &owner));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
}

TEST(what_is_above_cannot_be_asked_for)
{
	int initial = ns_open(0, "user"), uts = ns_open(0, "uts");
	pid_t pid;

	EXPECT_EQ(-EPERM, userns_related(initial, NS_GET_PARENT));
	EXPECT_EQ(-EPERM, userns_related(initial, NS_GET_USERNS));
	pid = userns_fork(0);
	if (!pid) {
		uid_t owner;
		int own = ns_open(0, "user");

		must(userns_related(own, NS_GET_PARENT) == -EPERM);
		must(userns_related(own, NS_GET_USERNS) == -EPERM);
		must(userns_related(uts, NS_GET_USERNS) == -EPERM);
		/* The owner has no name here. */
		must(!ioctl(own, NS_GET_OWNER_UID, &owner) && owner == 65534);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* Whether the namespace still is one: it is entered, and has its maps. */
static bool works(int ns)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!ns_enter(ns, CLONE_NEWUSER));
		must(!setresuid(7, 7, 7) && getuid() == 7);
		must(setresuid(65536, -1, -1) == -1 && errno == EINVAL);
		_exit(0);
	}
	return !proc_end(pid);
}

TEST(an_open_file_keeps_it_alive)
{
	pid_t sleeper = userns_sleeper();
	int ns = ns_open(sleeper, "user"), first;
	struct stat before, after;

	EXPECT_EQ(0, fstat(ns, &before));
	EXPECT_EQ(-SIGKILL, proc_kill(sleeper));
	/* Entered twice: it does not end with its second last task. */
	EXPECT_TRUE(works(ns));
	EXPECT_TRUE(works(ns));
	EXPECT_EQ(0, fstat(ns, &after));
	EXPECT_EQ(before.st_ino, after.st_ino);
	first = userns_related(ns, NS_GET_PARENT);
	EXPECT_TRUE(ns_same(first, ns_open(0, "user")));
}

TEST(a_bind_mount_keeps_it_alive)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		pid_t sleeper = userns_sleeper();
		char path[64];
		int fd;

		must(!unshare(CLONE_NEWNS));
		must(!mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
		fd = open("pinned", O_CREAT | O_CLOEXEC, 0600);
		must(fd >= 0 && !close(fd));
		snprintf(path, sizeof(path), "/proc/%d/ns/user", sleeper);
		must(!mount(path, "pinned", NULL, MS_BIND, NULL));
		must(proc_kill(sleeper) == -SIGKILL);
		fd = open("pinned", O_RDONLY | O_CLOEXEC);
		must(fd >= 0 && works(fd));
		must(!close(fd) && !umount("pinned"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(a_child_keeps_its_parent_alive)
{
	struct baton number = baton_make();
	pid_t pid, below;
	int ns, parent;

	/* The orphan is the test's to end. */
	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
	pid = userns_fork(0);
	if (!pid) {
		below = userns_fork_mapped(0, "0 1000 10", "0 1000 10");
		if (!below) {
			must(!prctl(PR_SET_PDEATHSIG, 0));
			/* Now it outlives its parent. */
			baton_pass(&number, getpid());
			proc_sleep_forever();
		}
		must(below > 0);
		proc_sleep_forever();
	}
	below = baton_take(&number);
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
	ns = ns_open(below, "user");
	ASSERT_GE(ns, 0);
	parent = userns_related(ns, NS_GET_PARENT);
	ASSERT_GE(parent, 0);
	EXPECT_TRUE(works(parent));
	EXPECT_EQ(-SIGKILL, proc_kill(below));
}

TEST(another_kind_of_namespace_keeps_its_owner_alive)
{
	pid_t pid = userns_fork(CLONE_NEWUTS);
	int uts, owner;

	if (!pid)
		proc_sleep_forever();
	uts = ns_open(pid, "uts");
	ASSERT_GE(uts, 0);
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
	owner = userns_related(uts, NS_GET_USERNS);
	ASSERT_GE(owner, 0);
	EXPECT_TRUE(works(owner));
}

TEST(a_process_of_a_dead_creator_goes_on)
{
	struct baton number = baton_make(), go = baton_make();
	pid_t creator, pid;

	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
	creator = proc_fork_bound(0);
	if (!creator) {
		become(USER);
		pid = proc_fork(CLONE_NEWUSER);
		if (!pid) {
			baton_pass(&number, getpid());
			baton_take(&go);
			/* Its parent is gone, its namespace is not. */
			must(!userns_write(0, "setgroups", "deny"));
			must(!userns_write(0, "uid_map", "0 1000 1"));
			must(!userns_write(0, "gid_map", "0 1000 1"));
			must(!unshare(CLONE_NEWUTS));
			must(!sethostname("orphan", 6));
			_exit(0);
		}
		_exit(0);
	}
	pid = baton_take(&number);
	EXPECT_EQ(0, proc_end(creator));
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(pid));
}

TEST_HARNESS_MAIN

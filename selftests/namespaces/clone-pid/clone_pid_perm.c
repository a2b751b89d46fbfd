// SPDX-License-Identifier: GPL-2.0
/*
 * Who may choose a number: CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE in the user
 * namespace that owns the pid namespace, for each pid namespace named.
 *
 * Promises from clone(2), "The set_tid array", EPERM; capabilities(7);
 * user_namespaces(7), on which capabilities a process has where.
 */
#include "clone_pid.h"
#include <linux/capability.h>

#define ONE(cap)	(1ULL << (cap))

static uint64_t all_caps(void)
{
	uint64_t caps = 0;

	for (int i = 0; i < 64 && prctl(PR_CAPBSET_READ, i) >= 0; i++)
		caps |= ONE(i);
	return caps;
}

static void set_caps(uint64_t effective, uint64_t permitted)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = {
		{ .effective = effective, .permitted = permitted },
		{ .effective = effective >> 32, .permitted = permitted >> 32 },
	};

	must(!syscall(SYS_capset, &head, data));
}

/* Whether the number can be had, by a child that has just @caps. */
static pid_t try_with_caps(uint64_t effective, uint64_t permitted, pid_t tid)
{
	struct baton up = baton_make();
	pid_t pid = proc_fork_bound(0);
	int result;

	if (!pid) {
		set_caps(effective, permitted);
		baton_pass(&up, try_number(tid));
		_exit(0);
	}
	result = baton_take(&up);
	must(proc_end(pid) == 0);
	return result;
}

TEST(an_ordinary_user_chooses_no_number)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(try_number(31100) == -EPERM);
		/* Not even a taken one: nothing is learnt about it. */
		must(try_number(getpid()) == -EPERM);
		/* What it may do is leave the choice to the kernel. */
		must(spend_a_number() > 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(31100, try_number(31100));
}

TEST(sys_admin_is_enough)
{
	uint64_t cap = ONE(CAP_SYS_ADMIN);

	EXPECT_EQ(31101, try_with_caps(cap, cap, 31101));
}

TEST(checkpoint_restore_is_enough)
{
	uint64_t cap = ONE(CAP_CHECKPOINT_RESTORE);

	EXPECT_EQ(31102, try_with_caps(cap, cap, 31102));
}

TEST(all_other_capabilities_are_not_enough)
{
	uint64_t caps = all_caps() & ~ONE(CAP_SYS_ADMIN) &
			~ONE(CAP_CHECKPOINT_RESTORE);

	EXPECT_EQ(-EPERM, try_with_caps(caps, caps, 31103));
	EXPECT_EQ(-EPERM, try_with_caps(0, 0, 31103));
}

TEST(a_capability_has_to_be_effective)
{
	EXPECT_EQ(-EPERM, try_with_caps(0, all_caps(), 31104));
}

TEST(an_ordinary_user_with_the_capability_chooses)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		uint64_t cap = ONE(CAP_CHECKPOINT_RESTORE);

		must(!prctl(PR_SET_KEEPCAPS, 1));
		must(!setresuid(65534, 65534, 65534));
		must(try_number(31105) == -EPERM);
		set_caps(cap, cap);
		must(try_number(31105) == 31105);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/*
 * The pid namespace one lives in belongs to the user namespace it was made in,
 * and not to the one its member has moved to.
 */
TEST(root_of_a_user_namespace_does_not_choose_in_its_owners_pid_namespace)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!ns_become_user_root());
		must(try_number(31106) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	pid = proc_fork_bound(CLONE_NEWPID);
	if (!pid) {
		must(try_number(31106) == 31106);
		must(!ns_become_user_root());
		must(try_number(31106) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(root_of_a_user_namespace_chooses_in_its_own_pid_namespace_only)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		const pid_t tids[] = { 50, 31107 };

		proc_become_nobody();
		must(!ns_become_user_root());
		pid = proc_fork(CLONE_NEWPID);
		if (!pid) {
			must(try_number(50) == 50);
			must(fork_as(0, tids, 2) == -EPERM);
			/* The inner number was not spent on the refusal. */
			must(try_number(50) == 50);
			must(spend_a_number() == 2);
			_exit(0);
		}
		_exit(proc_end(pid));
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* The privilege is looked up level by level, so one missing refuses all. */
TEST(every_level_named_asks_its_own_owner)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		const pid_t tids[] = { 60, 61, 31108 };

		proc_become_nobody();
		must(!ns_become_user_root());
		pid = proc_fork(CLONE_NEWPID);
		if (pid)
			_exit(proc_end(pid));
		pid = proc_fork(CLONE_NEWPID);
		if (pid)
			_exit(proc_end(pid));
		/* Two namespaces are ours, the initial one is not. */
		must(fork_as(0, tids, 3) == -EPERM);
		pid = fork_as(0, tids, 2);
		if (!pid)
			_exit(0);
		must(pid == 60 && proc_end(pid) == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* An owner above has all capabilities below, an owner below none above. */
TEST(nested_owners_choose_downwards_only)
{
	pid_t pid;

	/* Nobody cannot make it; mounting on it is another matter. */
	ASSERT_EQ(0, mkdir("own-nested", 0755));
	pid = proc_fork_bound(0);
	if (!pid) {
		const pid_t tids[] = { 70, 71, 31109 };
		struct baton ready = baton_make();

		proc_become_nobody();
		must(!ns_become_user_root());
		pid = proc_fork(CLONE_NEWPID);
		if (!pid) {
			pid_t inner = proc_fork(CLONE_NEWUSER | CLONE_NEWPID);
			int ns;

			if (!inner) {
				must(try_number(70) == 70);
				must(fork_as(0, tids, 2) == -EPERM);
				baton_pass(&ready, 0);
				proc_sleep_forever();
			}
			baton_take(&ready);
			/* The same from above, by who owns both. */
			must(!ns_mount_proc("own-nested"));
			ns = open("own-nested/2/ns/pid", O_RDONLY);
			must(ns >= 0);
			must(!ns_enter(ns, CLONE_NEWPID));
			pid = fork_as(0, tids, 2);
			if (!pid)
				_exit(0);
			must(pid == 71 && proc_end(pid) == 0);
			must(fork_as(0, tids, 3) == -EPERM);
			_exit(0);
		}
		_exit(proc_end(pid));
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* user_namespaces(7): its creator, living above it, has all capabilities. */
TEST(the_creator_of_a_user_namespace_chooses_in_it_without_capabilities)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		const pid_t tids[] = { 80, 81 };
		pid_t inner;
		int ns;

		proc_become_nobody();
		must(!ns_become_user_root());
		inner = proc_fork(CLONE_NEWUSER | CLONE_NEWPID);
		if (!inner)
			proc_sleep_forever();
		ns = ns_open(inner, "pid");
		must(ns >= 0);
		must(!ns_enter(ns, CLONE_NEWPID));
		set_caps(0, 0);
		pid = fork_as(0, tids, 1);
		if (!pid)
			_exit(getpid() == 80 ? 0 : 1);
		must(pid > 0 && proc_end(pid) == 0);
		must(fork_as(0, tids, 2) == -EPERM);
		_exit(proc_kill(inner) == -SIGKILL ? 0 : 1);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(a_user_namespace_and_its_pid_namespace_can_be_made_in_one_call)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		const pid_t tids[] = { 1, 31110 };

		proc_become_nobody();
		must(fork_as(CLONE_NEWUSER | CLONE_NEWPID, tids, 2) == -EPERM);
		pid = fork_as(CLONE_NEWUSER | CLONE_NEWPID, tids, 1);
		if (!pid) {
			must(getpid() == 1);
			must(try_number(50) == 50);
			_exit(0);
		}
		must(pid > 0);
		_exit(proc_end(pid));
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* In a user namespace made by that very call, one has no say above. */
TEST(a_child_in_a_new_user_namespace_still_needs_its_parents_privilege)
{
	pid_t tid = 31111, pid = fork_as(CLONE_NEWUSER, &tid, 1);

	if (!pid)
		_exit(0);
	ASSERT_EQ(tid, pid);
	EXPECT_EQ(0, proc_end(pid));
	pid = proc_fork_bound(0);
	if (!pid) {
		proc_become_nobody();
		must(fork_as(CLONE_NEWUSER, &tid, 1) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* A number that is out of range is no secret. */
TEST(a_wrong_number_is_invalid_for_everybody)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(try_number(0) == -EINVAL);
		must(try_number(-1) == -EINVAL);
		must(fork_as(0, &pid, MAX_DEPTH + 1) == -EINVAL);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_HARNESS_MAIN

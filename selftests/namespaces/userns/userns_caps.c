// SPDX-License-Identifier: GPL-2.0
/*
 * Capabilities that come and go with a user namespace: on clone(2),
 * unshare(2) and setns(2), by changes of ids, and who has them over a
 * namespace from outside.
 *
 * Promises from user_namespaces(7), "Capabilities", and capabilities(7),
 * "Effect of user ID changes on capabilities". exec is in userns_execcaps.c.
 */
#include "kselftest_harness.h"
#include "cap.h"
#include "probe.h"
#include "usermap.h"

#define USER	1000

static void become(uid_t id)
{
	must(!setgroups(0, NULL));
	userns_become(id, id);
}

/* Whether the caller has all that a namespace's creator begins with, and only that. */
static bool newborn(void)
{
	uint64_t all = cap_all();

	return cap_mine("CapEff") == all && cap_mine("CapPrm") == all &&
	       cap_mine("CapBnd") == all && !cap_mine("CapInh") &&
	       !cap_mine("CapAmb");
}

/* A name for the machine: what CAP_SYS_ADMIN over its uts namespace can set. */
static int set_name(void)
{
	return sethostname("bulkhead", 8) ? -errno : 0;
}

TEST(clone_gives_all_to_the_child_and_none_to_the_parent)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		become(USER);
		must(!cap_mine("CapEff"));
		pid = proc_fork_bound(CLONE_NEWUSER);
		if (!pid)
			_exit(newborn() ? 0 : 1);
		must(!proc_end(pid));
		must(!cap_mine("CapEff") && !cap_mine("CapPrm"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(unshare_gives_all_to_the_caller)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		become(USER);
		must(!unshare(CLONE_NEWUSER));
		must(newborn());
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(what_was_given_up_outside_is_there_again_inside)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!cap_set(cap_all(), cap_all(), CAP_BIT(CAP_CHOWN)));
		must(!prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN,
			    0, 0));
		must(!prctl(PR_CAPBSET_DROP, CAP_NET_ADMIN));
		must(!prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN));
		must(cap_mine("CapAmb") == CAP_BIT(CAP_CHOWN));
		/* Inheritable and ambient sets do not come along. */
		must(!unshare(CLONE_NEWUSER));
		must(newborn());
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(they_are_good_for_nothing_outside)
{
	pid_t pid = proc_fork_bound(CLONE_NEWUSER);

	if (!pid) {
		must(newborn());
		must(set_name() == -EPERM);
		must(!unshare(CLONE_NEWUTS));
		must(!set_name());
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(securebits_are_cleared)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!prctl(PR_SET_SECUREBITS,
			    SECBIT_NOROOT | SECBIT_NOROOT_LOCKED |
			    SECBIT_NO_SETUID_FIXUP |
			    SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_KEEP_CAPS));
		must(prctl(PR_GET_KEEPCAPS) == 1);
		must(!unshare(CLONE_NEWUSER));
		must(prctl(PR_GET_SECUREBITS) == 0);
		must(prctl(PR_GET_KEEPCAPS) == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(entering_clears_securebits_too)
{
	pid_t sleeper = userns_sleeper(), pid;
	int ns = ns_open(sleeper, "user");

	pid = proc_fork_bound(0);
	if (!pid) {
		must(!prctl(PR_SET_SECUREBITS, SECBIT_NOROOT |
			    SECBIT_NOROOT_LOCKED | SECBIT_KEEP_CAPS));
		must(!ns_enter(ns, CLONE_NEWUSER));
		must(prctl(PR_GET_SECUREBITS) == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(-SIGKILL, proc_kill(sleeper));
}

TEST(no_new_privs_stays)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
		must(!unshare(CLONE_NEWUSER));
		must(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
		must(newborn());
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(entering_a_child_gives_all_there)
{
	pid_t sleeper = userns_sleeper(), pid;
	int ns = ns_open(sleeper, "user");

	pid = proc_fork_bound(0);
	if (!pid) {
		/* Over a child it is enough to have CAP_SYS_ADMIN here. */
		cap_keep(CAP_BIT(CAP_SYS_ADMIN));
		must(!ns_enter(ns, CLONE_NEWUSER));
		must(newborn());
		must(set_name() == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(-SIGKILL, proc_kill(sleeper));
}

TEST(entering_a_child_takes_cap_sys_admin)
{
	pid_t sleeper = userns_sleeper(), pid;
	int ns = ns_open(sleeper, "user");

	pid = proc_fork_bound(0);
	if (!pid) {
		/* Not as its owner, who needs none. */
		must(!prctl(PR_SET_KEEPCAPS, 1));
		become(USER);
		cap_keep(cap_all() & ~CAP_BIT(CAP_SYS_ADMIN));
		must(ns_enter(ns, CLONE_NEWUSER) == -EPERM);
		must(cap_mine("CapEff") == (cap_all() & ~CAP_BIT(CAP_SYS_ADMIN)));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(-SIGKILL, proc_kill(sleeper));
}

TEST(there_is_no_way_back)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		int outer = ns_open(0, "user"), inner;

		must(!unshare(CLONE_NEWUSER));
		must(ns_enter(outer, CLONE_NEWUSER) == -EPERM);
		inner = ns_open(0, "user");
		must(!ns_same(inner, outer));
		/* Nor to the capabilities that one once had here. */
		cap_keep(CAP_BIT(CAP_SYS_ADMIN));
		must(ns_enter(inner, CLONE_NEWUSER) == -EINVAL);
		must(cap_mine("CapEff") == CAP_BIT(CAP_SYS_ADMIN));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(a_sibling_is_not_entered)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		pid_t sibling;
		int ns;

		become(USER);
		sibling = userns_sleeper_in(CLONE_NEWUSER);
		ns = ns_open(sibling, "user");
		must(ns >= 0);
		pid = proc_fork_bound(0);
		if (!pid) {
			/* Of the same owner, who could enter either. */
			must(!ns_become_user_root());
			must(ns_enter(ns, CLONE_NEWUSER) == -EPERM);
			_exit(0);
		}
		must(!proc_end(pid));
		must(!ns_enter(ns, CLONE_NEWUSER));
		must(newborn());
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/*
 * user_namespaces(7), rule 4: "a process that resides in the parent of the
 * user namespace and whose effective user ID matches the owner of the
 * namespace has all capabilities in the namespace", and in all below it.
 */
TEST(the_owner_has_all_over_it_from_the_parent)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		struct baton number = baton_make();
		pid_t child, grandchild;
		int ns;

		become(USER);
		child = proc_fork_bound(CLONE_NEWUSER);
		if (!child) {
			must(!userns_write(0, "setgroups", "deny"));
			must(!userns_write(0, "uid_map", "0 1000 1"));
			must(!userns_write(0, "gid_map", "0 1000 1"));
			grandchild = userns_sleeper_in(CLONE_NEWUSER);
			baton_pass(&number, grandchild);
			proc_sleep_forever();
		}
		grandchild = baton_take(&number);
		/* One level, and two at once. */
		for (int level = 1; level <= 2; level++) {
			ns = ns_open(level == 1 ? child : grandchild, "user");
			must(ns >= 0);
			pid = proc_fork_bound(0);
			if (!pid) {
				must(!cap_mine("CapEff"));
				must(!ns_enter(ns, CLONE_NEWUSER));
				must(newborn());
				_exit(0);
			}
			must(!proc_end(pid));
		}
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(it_is_the_effective_user_who_owns_it)
{
	pid_t sleeper, pid;
	int ns;

	sleeper = proc_fork_bound(0);
	if (!sleeper) {
		must(!setresuid(USER, USER + 1, USER));
		must(!prctl(PR_SET_DUMPABLE, 1));
		must(!unshare(CLONE_NEWUSER));
		proc_sleep_forever();
	}
	/* The owner is seen once it is there. */
	do {
		uid_t owner = 0;

		ns = ns_open(sleeper, "user");
		ASSERT_GE(ns, 0);
		ASSERT_EQ(0, ioctl(ns, NS_GET_OWNER_UID, &owner));
		if (owner == USER + 1)
			break;
		close(ns);
		ASSERT_EQ(0, waitpid(sleeper, NULL, WNOHANG));
		sched_yield();
	} while (true);
	for (uid_t uid = USER; uid <= USER + 1; uid++) {
		pid = proc_fork_bound(0);
		if (!pid) {
			must(!setresuid(0, uid, 0));
			cap_keep(0);
			must(ns_enter(ns, CLONE_NEWUSER) ==
			     (uid == USER ? -EPERM : 0));
			_exit(0);
		}
		EXPECT_EQ(0, proc_end(pid));
	}
	EXPECT_EQ(-SIGKILL, proc_kill(sleeper));
}

/* Rule 3: what one can in the parent, one can in the child, and no more. */
TEST(what_one_has_in_the_parent_one_has_in_the_child)
{
	pid_t sleeper = userns_fork(CLONE_NEWUTS), pid;
	int ns;

	if (!sleeper)
		proc_sleep_forever();
	ns = ns_open(sleeper, "uts");
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!prctl(PR_SET_KEEPCAPS, 1));
		become(USER);
		/* setns(2) wants it here and there. */
		cap_keep(CAP_BIT(CAP_SYS_ADMIN));
		must(!ns_enter(ns, CLONE_NEWUTS));
		must(!set_name());
		cap_keep(0);
		must(set_name() == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(-SIGKILL, proc_kill(sleeper));
}

TEST(a_namespace_belongs_to_the_one_in_which_it_was_made)
{
	pid_t pid = userns_fork(0);

	if (!pid) {
		must(!unshare(CLONE_NEWUTS));
		must(!set_name());
		/* One level further down, it is not ours any more. */
		must(!ns_become_user_root());
		must(newborn());
		must(set_name() == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(in_one_call_the_user_namespace_is_made_first)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		become(USER);
		must(unshare(CLONE_NEWUTS) == -1 && errno == EPERM);
		must(!unshare(CLONE_NEWUTS | CLONE_NEWUSER));
		must(!set_name());
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(leaving_uid_0_drops_them)
{
	pid_t pid = userns_fork(0);

	if (!pid) {
		must(!setresuid(5, 5, 5));
		must(!cap_mine("CapEff") && !cap_mine("CapPrm"));
		must(cap_mine("CapBnd") == cap_all());
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(leaving_and_returning_by_the_effective_id_switches_them)
{
	pid_t pid = userns_fork(0);

	if (!pid) {
		must(!setresuid(-1, 5, -1));
		must(!cap_mine("CapEff"));
		must(cap_mine("CapPrm") == cap_all());
		must(!setresuid(-1, 0, -1));
		must(cap_mine("CapEff") == cap_all());
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(keepcaps_keeps_the_permitted_ones)
{
	pid_t pid = userns_fork(0);

	if (!pid) {
		must(!prctl(PR_SET_KEEPCAPS, 1));
		must(!setresuid(5, 5, 5));
		must(!cap_mine("CapEff"));
		must(cap_mine("CapPrm") == cap_all());
		must(!cap_set(cap_all(), cap_all(), 0));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* Uid 0 is the one of the namespace: neither the outside's, nor any mapped to it. */
TEST(only_the_namespaces_own_0_is_root)
{
	pid_t pid = userns_fork_mapped(0, "0 100000 10\n50 0 1",
				       "0 100000 10\n50 0 1");

	if (!pid) {
		/* Come in as the outside's root, who is 50 here. */
		must(getuid() == 50);
		must(newborn());
		/* It leaves an id that is not 0: nothing is lost. */
		must(!setresuid(5, 5, 5));
		must(cap_mine("CapEff") == cap_all());
		must(!setresuid(50, 50, 50));
		must(cap_mine("CapEff") == cap_all());
		/* From 0 to the outside's root everything is. */
		must(!setresuid(0, 0, 0));
		must(!setresuid(50, 50, 50));
		must(!cap_mine("CapEff") && !cap_mine("CapPrm"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(a_dropped_one_is_not_taken_back)
{
	pid_t pid = userns_fork(0);

	if (!pid) {
		cap_drop(CAP_CHOWN);
		must(cap_set(cap_all(), cap_all(), 0) == -EPERM);
		must(cap_set(CAP_BIT(CAP_CHOWN), cap_mine("CapPrm"), 0) ==
		     -EPERM);
		must(!(cap_mine("CapEff") & CAP_BIT(CAP_CHOWN)));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(the_bounding_set_takes_cap_setpcap_here)
{
	pid_t pid = userns_fork(0);

	if (!pid) {
		must(!prctl(PR_CAPBSET_DROP, CAP_CHOWN));
		must(prctl(PR_CAPBSET_READ, CAP_CHOWN) == 0);
		cap_drop(CAP_SETPCAP);
		must(prctl(PR_CAPBSET_DROP, CAP_KILL) == -1 && errno == EPERM);
		must(prctl(PR_CAPBSET_READ, CAP_KILL) == 1);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(ambient_ones_are_lowered_with_their_permitted_ones)
{
	pid_t pid = userns_fork(0);

	if (!pid) {
		const uint64_t two = CAP_BIT(CAP_CHOWN) | CAP_BIT(CAP_KILL);

		must(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN,
			   0, 0) == -1 && errno == EPERM);
		must(!cap_set(cap_all(), cap_all(), two));
		must(!prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN,
			    0, 0));
		must(!prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL,
			    0, 0));
		must(cap_mine("CapAmb") == two);
		cap_drop(CAP_KILL);
		must(cap_mine("CapAmb") == CAP_BIT(CAP_CHOWN));
		/* And leaving root clears them. */
		must(!prctl(PR_SET_KEEPCAPS, 1));
		must(!setresuid(5, 5, 5));
		must(!cap_mine("CapAmb"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_HARNESS_MAIN

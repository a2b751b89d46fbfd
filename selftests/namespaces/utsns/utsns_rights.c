// SPDX-License-Identifier: GPL-2.0
/*
 * Who may make, enter and rename a uts namespace: who has CAP_SYS_ADMIN in the
 * user namespace that owns it.
 *
 * Promises from uts_namespaces(7), sethostname(2), user_namespaces(7),
 * setns(2).
 */
#include "uts_fixture.h"
#include "cap.h"
#include "userns.h"

/* Whether neither name can be set by call, for want of privilege. */
static bool naming_is_refused(void)
{
	return host("x") == -EPERM && domain("x") == -EPERM;
}

static bool naming_works(void)
{
	return !host("new") && host_is("new") &&
	       !domain("new.example") && domain_is("new.example");
}

TEST_F(uts, without_privilege_it_is_not_made)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(unshare(CLONE_NEWUTS) == -1 && errno == EPERM);
		must(proc_fork(CLONE_NEWUTS) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(uts, without_privilege_it_comes_with_a_user_namespace)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(!unshare(CLONE_NEWUSER | CLONE_NEWUTS));
		must(host_is("outer"));
		must(naming_works());
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(host_is("outer"));
	EXPECT_TRUE(domain_is("outer.example"));
}

TEST_F(uts, without_privilege_the_names_cannot_be_set)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(naming_is_refused());
		/* Permission comes before what else is wrong. */
		must(set_host(NULL, -1) == -EPERM);
		must(file_write(HOSTNAME, "x") == -EACCES);
		must(file_write(DOMAINNAME, "x") == -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(host_is("outer"));
	EXPECT_TRUE(domain_is("outer.example"));
}

TEST_F(uts, without_privilege_the_names_can_be_read)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(host_is("outer"));
		must(domain_is("outer.example"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(uts, root_without_cap_sys_admin_is_refused)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		cap_drop(CAP_SYS_ADMIN);
		must(naming_is_refused());
		must(unshare(CLONE_NEWUTS) == -1 && errno == EPERM);
		must(ns_enter(self->ns, CLONE_NEWUTS) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(host_is("outer"));
}

TEST_F(uts, cap_sys_admin_is_all_it_takes)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!prctl(PR_SET_KEEPCAPS, 1));
		must(!setresuid(65534, 65534, 65534));
		cap_keep(CAP_BIT(CAP_SYS_ADMIN));
		must(!unshare(CLONE_NEWUTS));
		must(naming_works());
		must(!ns_enter(self->ns, CLONE_NEWUTS));
		must(host_is("outer"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(uts, root_of_a_user_namespace_does_not_own_the_host_s_names)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(!ns_become_user_root());
		must(geteuid() == 0);
		must(naming_is_refused());
		must(file_write(HOSTNAME, "x") == -EACCES);
		must(file_write(DOMAINNAME, "x") == -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(host_is("outer"));
	EXPECT_TRUE(domain_is("outer.example"));
}

/* The owner is the maker's user namespace, not the one that comes after. */
TEST_F(uts, a_later_user_namespace_does_not_own_it)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!unshare(CLONE_NEWUTS));
		must(!ns_become_user_root());
		must(naming_is_refused());
		must(!unshare(CLONE_NEWUTS));
		must(naming_works());
		must(!ns_become_user_root());
		must(naming_is_refused());
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/*
 * The files are the real root's alone: CAP_SYS_ADMIN in the owning user
 * namespace gives the calls, not the files.
 */
TEST_F(uts, the_files_belong_to_the_real_root)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(!ns_become_user_root());
		must(!unshare(CLONE_NEWUTS));
		must(naming_works());
		must(file_write(HOSTNAME, "x") == -EACCES);
		must(file_write(DOMAINNAME, "x") == -EACCES);
		must(host_is("new"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(uts, the_user_namespaces_above_rule_the_names_below)
{
	struct baton up = baton_make();
	pid_t pid = userns_fork(CLONE_NEWUTS, 100000, 1000);
	int ns;

	if (!pid) {
		must(!host("inner"));
		baton_pass(&up, 0);
		proc_sleep_forever();
	}
	baton_take(&up);
	ns = ns_open(pid, "uts");
	ASSERT_GE(ns, 0);
	ASSERT_EQ(0, ns_enter(ns, CLONE_NEWUTS));
	EXPECT_TRUE(host_is("inner"));
	EXPECT_TRUE(naming_works());
	close(ns);
	proc_kill(pid);
}

TEST_F(uts, the_user_namespaces_below_cannot_enter)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!unshare(CLONE_NEWUTS));
		must(!ns_become_user_root());
		must(!unshare(CLONE_NEWUTS));
		must(!host("inner"));
		must(ns_enter(self->ns, CLONE_NEWUTS) == -EPERM);
		must(host_is("inner"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(uts, a_sibling_user_namespace_cannot_enter)
{
	struct baton up = baton_make();
	pid_t one = userns_fork(CLONE_NEWUTS, 100000, 1000), two;
	int ns;

	if (!one) {
		must(!host("one"));
		baton_pass(&up, 0);
		proc_sleep_forever();
	}
	baton_take(&up);
	ns = ns_open(one, "uts");
	ASSERT_GE(ns, 0);
	/* The very same ids do not help. */
	two = userns_fork(CLONE_NEWUTS, 100000, 1000);
	if (!two) {
		must(ns_enter(ns, CLONE_NEWUTS) == -EPERM);
		must(host_is("outer"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(two));
	close(ns);
	proc_kill(one);
}

/*
 * setns(2) asks twice: in the user namespace that owns what is entered, and in
 * the caller's own. The maker of a user namespace has all capabilities in it.
 */
TEST_F(uts, entering_also_takes_privilege_at_home)
{
	struct baton up = baton_make(), go = baton_make();
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		pid = proc_fork_bound(CLONE_NEWUSER | CLONE_NEWUTS);
		if (!pid) {
			must(!host("inner"));
			baton_pass(&up, 0);
			baton_take(&go);
			must(host_is("inner"));
			_exit(0);
		}
		baton_take(&up);
		must(ns_enter(ns_open(pid, "uts"), CLONE_NEWUTS) == -EPERM);
		must(host_is("outer"));
		/* With its user namespace, it is at home there. */
		must(!ns_enter(proc_pidfd(pid), CLONE_NEWUSER | CLONE_NEWUTS));
		must(host_is("inner"));
		baton_pass(&go, 0);
		_exit(proc_end(pid));
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_HARNESS_MAIN

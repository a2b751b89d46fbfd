// SPDX-License-Identifier: GPL-2.0
/*
 * exec in a user namespace: what root and others are left with, set-user-ID
 * programs, and capabilities of files, which belong to a namespace's root.
 *
 * Promises from user_namespaces(7), "Capabilities", "Set-user-ID and
 * set-group-ID programs", and capabilities(7), "Namespaced file capabilities".
 */
#include "kselftest_harness.h"
#include "probe.h"
#include "usermap.h"

#define USER	5
/* Ids of the second half of USERNS_MAP belong to a namespace further down. */
#define NESTED_MAP	"0 1000 1000"
#define NESTED_BASE	(USERNS_BASE + 1000)
#define SIBLING_MAP	"0 300000 65536"

static const uint64_t some = CAP_BIT(CAP_CHOWN) | CAP_BIT(CAP_NET_RAW);

static void become_user(void)
{
	userns_become(USER, USER);
}

/* The program that the tests let others run. */
static void copy(uid_t owner, mode_t mode)
{
	probe_copy("probe", owner, owner, mode);
}

TEST(exec_by_an_unmapped_user_drops_all)
{
	pid_t pid = proc_fork_bound(CLONE_NEWUSER);

	if (!pid) {
		struct probe p;

		must(cap_mine("CapEff") == cap_all());
		must(!probe_self(&p));
		must(!p.eff && !p.prm);
		must(p.bnd == cap_all());
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(exec_by_root_keeps_all)
{
	pid_t pid = userns_fork(0);

	if (!pid) {
		struct probe p;

		must(!probe_self(&p));
		must(p.eff == cap_all() && p.prm == cap_all());
		must(p.euid == 0 && !p.secure);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(exec_by_another_user_drops_all)
{
	pid_t pid = userns_fork(0);

	if (!pid) {
		struct probe p;

		must(!prctl(PR_SET_KEEPCAPS, 1));
		become_user();
		must(!cap_set(cap_all(), cap_all(), 0));
		must(!probe_self(&p));
		must(!p.eff && !p.prm);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* The outside's root is mapped, but not to 0. */
TEST(exec_by_the_outsides_root_drops_all)
{
	pid_t pid = userns_fork_mapped(0, "0 100000 10\n50 0 1",
				       "0 100000 10\n50 0 1");

	if (!pid) {
		struct probe p;

		must(getuid() == 50);
		must(!probe_self(&p));
		must(!p.eff && !p.prm);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(the_bounding_set_bounds_root)
{
	pid_t pid = userns_fork(0);

	if (!pid) {
		struct probe p;

		must(!prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN));
		must(!probe_self(&p));
		must(p.bnd == (cap_all() & ~CAP_BIT(CAP_SYS_ADMIN)));
		must(p.eff == p.bnd && p.prm == p.bnd);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(noroot_makes_root_an_ordinary_user)
{
	pid_t pid = userns_fork(0);

	if (!pid) {
		struct probe p;

		must(!prctl(PR_SET_SECUREBITS, SECBIT_NOROOT));
		must(!probe_self(&p));
		must(!p.eff && !p.prm && p.securebits == SECBIT_NOROOT);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(ambient_ones_pass_to_what_an_ordinary_user_runs)
{
	pid_t pid = userns_fork(0);

	if (!pid) {
		struct probe p;

		must(!prctl(PR_SET_KEEPCAPS, 1));
		become_user();
		must(!cap_set(some, some, CAP_BIT(CAP_NET_RAW)));
		must(!prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_RAW,
			    0, 0));
		must(!probe_self(&p));
		must(p.eff == CAP_BIT(CAP_NET_RAW) && p.prm == p.eff);
		must(p.amb == p.eff);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(a_setuid_file_of_the_namespaces_root_gives_all)
{
	pid_t pid;

	copy(USERNS_BASE, 04755);
	pid = userns_fork(0);
	if (!pid) {
		struct probe p;

		become_user();
		must(!probe_exec("./probe", &p));
		must(p.uid == USER && p.euid == 0 && p.suid == 0);
		must(p.eff == cap_all() && p.secure);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(a_setuid_file_of_another_mapped_user_gives_that_user)
{
	pid_t pid;

	copy(USERNS_BASE + 7, 06755);
	pid = userns_fork(0);
	if (!pid) {
		struct probe p;

		become_user();
		must(!probe_exec("./probe", &p));
		must(p.uid == USER && p.euid == 7 && p.egid == 7);
		must(!p.eff && p.secure);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(a_setuid_file_of_an_unmapped_user_runs_without_the_bit)
{
	pid_t pid;

	copy(0, 06755);
	pid = userns_fork(0);
	if (!pid) {
		struct probe p;

		become_user();
		must(!probe_exec("./probe", &p));
		must(p.uid == USER && p.euid == USER && p.suid == USER);
		must(p.gid == USER && p.egid == USER && p.sgid == USER);
		must(!p.eff && !p.secure);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* One unmapped id is enough to make both bits void. */
TEST(a_setuid_file_of_an_unmapped_group_runs_without_the_bits)
{
	pid_t pid;

	probe_copy("probe", USERNS_BASE, 0, 06755);
	pid = userns_fork(0);
	if (!pid) {
		struct probe p;

		become_user();
		must(!probe_exec("./probe", &p));
		must(p.euid == USER && p.egid == USER && !p.eff);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(no_new_privs_makes_setuid_and_file_capabilities_void)
{
	pid_t pid;

	copy(USERNS_BASE, 04755);
	ASSERT_EQ(0, cap_file_set("probe", some, USERNS_BASE));
	/* To set capabilities of a file clears no bits, but order matters little. */
	ASSERT_EQ(0, chmod("probe", 04755));
	pid = userns_fork(0);
	if (!pid) {
		struct probe p;

		become_user();
		must(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
		must(!probe_exec("./probe", &p));
		must(p.euid == USER && !p.eff && !p.prm && p.no_new_privs);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/*
 * A mount belongs to the user namespace of its mount namespace. Above that,
 * its files give nothing: their owner could have put anything there.
 */
TEST(setuid_and_capabilities_of_a_mount_from_below_are_void)
{
	struct baton ready = baton_make();
	char path[64];
	pid_t inner, pid;

	inner = userns_fork(CLONE_NEWNS);
	if (!inner) {
		must(!mount("none", "/mnt", "tmpfs", 0, "mode=755"));
		must(!chdir("/mnt"));
		copy(0, 0755);
		must(!cap_file_set("probe", some, CAP_FILE_V2));
		must(!chmod("probe", 04755));
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	ASSERT_GT(inner, 0);
	baton_take(&ready);
	snprintf(path, sizeof(path), "/proc/%d/root/mnt/probe", inner);
	pid = proc_fork_bound(0);
	if (!pid) {
		struct probe p;
		int fd = open(path, O_PATH);

		/* It goes by way of a file: nobody may look into /proc. */
		must(fd >= 0);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		proc_become_nobody();
		must(!probe_exec(path, &p));
		must(p.uid == 65534 && p.euid == 65534 && !p.eff && !p.prm);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(-SIGKILL, proc_kill(inner));
}

/* The form without a root is that of the initial namespace, good everywhere. */
TEST(file_capabilities_of_the_initial_root_are_good_below)
{
	pid_t pid;

	copy(0, 0755);
	ASSERT_EQ(0, cap_file_set("probe", some, CAP_FILE_V2));
	pid = userns_fork(0);
	if (!pid) {
		struct probe p;

		become_user();
		must(!probe_exec("./probe", &p));
		must(p.eff == some && p.prm == some && p.euid == USER);
		must(p.secure);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(file_capabilities_of_a_namespaces_root_are_good_there_and_below)
{
	pid_t pid;

	copy(0, 0755);
	ASSERT_EQ(0, cap_file_set("probe", some, USERNS_BASE));
	pid = userns_fork(0);
	if (!pid) {
		struct probe p;

		pid = fork();
		if (!pid) {
			become_user();
			must(!probe_exec("./probe", &p));
			must(p.eff == some && p.prm == some);
			_exit(0);
		}
		must(!proc_end(pid));
		pid = userns_fork_mapped(0, NESTED_MAP, NESTED_MAP);
		if (!pid) {
			become_user();
			must(!probe_exec("./probe", &p));
			must(p.eff == some && p.prm == some);
			_exit(0);
		}
		_exit(proc_end(pid));
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(file_capabilities_of_a_namespaces_root_are_void_elsewhere)
{
	struct probe p;
	pid_t pid;

	copy(0, 0755);
	ASSERT_EQ(0, cap_file_set("probe", some, NESTED_BASE));
	/* In the initial namespace, */
	pid = proc_fork_bound(0);
	if (!pid) {
		proc_become_nobody();
		must(!probe_exec("./probe", &p));
		must(!p.eff && !p.prm);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	/* next door, */
	pid = userns_fork_mapped(0, SIBLING_MAP, SIBLING_MAP);
	if (!pid) {
		become_user();
		must(!probe_exec("./probe", &p));
		must(!p.eff && !p.prm);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	/* and where that user is mapped without being root. */
	pid = userns_fork(0);
	if (!pid) {
		become_user();
		must(!probe_exec("./probe", &p));
		must(!p.eff && !p.prm);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(what_root_sets_in_a_namespace_names_that_root)
{
	uint32_t root = 1;
	pid_t pid;

	copy(USERNS_BASE + 3, 0755);
	pid = userns_fork(0);
	if (!pid) {
		must(!cap_file_set("probe", some, CAP_FILE_V2));
		must(!cap_file_root("probe", &root));
		must(root == CAP_FILE_V2);
		pid = userns_fork_mapped(0, NESTED_MAP, NESTED_MAP);
		if (!pid) {
			/* Of a namespace above: good here, and not to be named. */
			must(!cap_file_root("probe", &root));
			must(root == CAP_FILE_V2);
			_exit(0);
		}
		_exit(proc_end(pid));
	}
	EXPECT_EQ(0, proc_end(pid));
	ASSERT_EQ(0, cap_file_root("probe", &root));
	EXPECT_EQ(USERNS_BASE, root);
	pid = userns_fork_mapped(0, SIBLING_MAP, SIBLING_MAP);
	if (!pid) {
		must(cap_file_root("probe", &root) == -EOVERFLOW);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(root_may_name_another_root_that_is_mapped)
{
	uint32_t root = 1;
	pid_t pid;

	copy(USERNS_BASE + 3, 0755);
	pid = userns_fork(0);
	if (!pid) {
		must(!cap_file_set("probe", some, 1000));
		must(!cap_file_root("probe", &root));
		must(root == 1000);
		must(cap_file_set("probe", some, 65536) == -EINVAL);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	ASSERT_EQ(0, cap_file_root("probe", &root));
	EXPECT_EQ(NESTED_BASE, root);
}

TEST(file_capabilities_are_set_on_mapped_files_with_cap_setfcap)
{
	uint32_t root;
	pid_t pid;

	copy(0, 0777);
	probe_copy("mixed", USERNS_BASE, 0, 0777);
	probe_copy("mine", USERNS_BASE + USER, USERNS_BASE + USER, 0777);
	pid = userns_fork(0);
	if (!pid) {
		must(cap_file_set("probe", some, CAP_FILE_V2) == -EPERM);
		must(cap_file_set("mixed", some, CAP_FILE_V2) == -EPERM);
		must(!cap_file_set("mine", some, CAP_FILE_V2));
		must(!removexattr("mine", "security.capability"));
		cap_drop(CAP_SETFCAP);
		must(cap_file_set("mine", some, CAP_FILE_V2) == -EPERM);
		must(cap_file_root("mine", &root) == -ENODATA);
		/* To own the file is not enough. */
		become_user();
		must(cap_file_set("mine", some, CAP_FILE_V2) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(-ENODATA, cap_file_root("probe", &root));
	EXPECT_EQ(-ENODATA, cap_file_root("mixed", &root));
}

TEST(file_capabilities_stay_within_the_bounding_set)
{
	pid_t pid;

	copy(0, 0755);
	ASSERT_EQ(0, cap_file_set("probe", some, USERNS_BASE));
	pid = userns_fork(0);
	if (!pid) {
		struct probe p;

		must(!prctl(PR_CAPBSET_DROP, CAP_NET_RAW));
		become_user();
		/* A program that counts on them is rather not run at all. */
		must(probe_exec("./probe", &p) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(a_change_of_owner_drops_file_capabilities)
{
	uint32_t root;
	pid_t pid;

	copy(USERNS_BASE, 0755);
	pid = userns_fork(0);
	if (!pid) {
		must(!cap_file_set("probe", some, CAP_FILE_V2));
		must(!chown("probe", 3, 3));
		must(cap_file_root("probe", &root) == -ENODATA);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

int main(int argc, char **argv)
{
	if (probe_asked(argc, argv))
		return 0;
	return test_harness_run(argc, argv);
}

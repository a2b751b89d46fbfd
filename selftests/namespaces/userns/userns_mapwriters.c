// SPDX-License-Identifier: GPL-2.0
/*
 * Who may write the maps of a user namespace, and what they may map.
 *
 * Promises from user_namespaces(7), "In order for a process to write to the
 * /proc/pid/uid_map (/proc/pid/gid_map) file, all of the following permission
 * requirements must be met".
 */
#include "kselftest_harness.h"
#include <sys/socket.h>
#include "cap.h"
#include "usermap.h"

/* An ordinary user, who is not nobody: the file system maps nobody itself. */
#define USER	1000

static void become(uid_t id)
{
	must(!setgroups(0, NULL));
	userns_become(id, id);
}

/* Gives up being root, and keeps nothing but @caps. */
static void become_with(uid_t id, uint64_t caps)
{
	must(!prctl(PR_SET_KEEPCAPS, 1));
	become(id);
	cap_keep(caps);
}

static pid_t unmapped_sleeper(void)
{
	pid_t pid = userns_sleeper_in(CLONE_NEWUSER);

	must(pid > 0);
	return pid;
}

/* The map, when it is of one line. False when there is none, or more. */
static bool maps(pid_t pid, const char *file, unsigned int first,
		 unsigned int lower, unsigned int count)
{
	char text[256], expected[64];

	snprintf(expected, sizeof(expected), "%10u %10u %10u", first, lower,
		 count);
	return userns_read(pid, file, text, sizeof(text)) >= 0 &&
	       !strcmp(text, expected);
}

static bool unwritten(pid_t pid, const char *file)
{
	char text[256];

	return !userns_read(pid, file, text, sizeof(text));
}

TEST(anyone_maps_one_self)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		become(USER);
		must(!unshare(CLONE_NEWUSER));
		must(!userns_write(0, "setgroups", "deny"));
		must(!userns_write(0, "uid_map", "0 1000 1"));
		must(!userns_write(0, "gid_map", "7 1000 1"));
		must(getuid() == 0 && geteuid() == 0);
		must(getgid() == 7 && getegid() == 7);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(anyone_maps_one_self_to_any_id)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		become(USER);
		must(!unshare(CLONE_NEWUSER));
		must(!userns_write(0, "uid_map", "4294967294 1000 1"));
		must(getuid() == 4294967294);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(nobody_maps_others_without_privilege)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		static const char * const foreign[] = {
			"0 0 1", "0 1001 1", "0 65534 1",
			/* oneself, and others */
			"0 1000 2", "0 999 2", "0 0 65536",
			"0 1000 1\n1 1001 1", "1 0 1\n0 1000 1",
		};

		become(USER);
		must(!unshare(CLONE_NEWUSER));
		must(!userns_write(0, "setgroups", "deny"));
		for (size_t i = 0; i < ARRAY_SIZE(foreign); i++) {
			must(userns_write(0, "uid_map", foreign[i]) == -EPERM);
			must(userns_write(0, "gid_map", foreign[i]) == -EPERM);
		}
		must(unwritten(0, "uid_map"));
		must(unwritten(0, "gid_map"));
		/* And such a try costs nothing. */
		must(!userns_write(0, "uid_map", "0 1000 1"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(the_gid_map_comes_after_the_denial_of_setgroups)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		become(USER);
		must(!unshare(CLONE_NEWUSER));
		must(userns_write(0, "gid_map", "0 1000 1") == -EPERM);
		must(!userns_write(0, "setgroups", "allow"));
		must(userns_write(0, "gid_map", "0 1000 1") == -EPERM);
		must(unwritten(0, "gid_map"));
		must(!userns_write(0, "setgroups", "deny"));
		must(!userns_write(0, "gid_map", "0 1000 1"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(a_supplementary_group_is_not_ones_own)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		gid_t group = 1001;

		must(!setgroups(1, &group));
		userns_become(USER, USER);
		must(!unshare(CLONE_NEWUSER));
		must(!userns_write(0, "setgroups", "deny"));
		must(userns_write(0, "gid_map", "0 1001 1") == -EPERM);
		must(!userns_write(0, "gid_map", "0 1000 1"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(oneself_is_the_effective_user)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!setresgid(1001, 1002, 1003));
		must(!setresuid(1001, 1002, 1003));
		must(!prctl(PR_SET_DUMPABLE, 1));
		must(!unshare(CLONE_NEWUSER));
		must(!userns_write(0, "setgroups", "deny"));
		must(userns_write(0, "uid_map", "0 1001 1") == -EPERM);
		must(userns_write(0, "uid_map", "0 1003 1") == -EPERM);
		must(!userns_write(0, "uid_map", "0 1002 1"));
		must(userns_write(0, "gid_map", "0 1001 1") == -EPERM);
		must(userns_write(0, "gid_map", "0 1003 1") == -EPERM);
		must(!userns_write(0, "gid_map", "0 1002 1"));
		must(getuid() == 65534 && geteuid() == 0);
		must(getgid() == 65534 && getegid() == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(the_creator_may_write_from_outside)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		become(USER);
		pid = unmapped_sleeper();
		must(userns_write(pid, "uid_map", "0 1001 1") == -EPERM);
		must(userns_write(pid, "uid_map", "0 1000 2") == -EPERM);
		must(!userns_write(pid, "uid_map", "0 1000 1"));
		must(userns_write(pid, "gid_map", "0 1000 1") == -EPERM);
		must(!userns_write(pid, "setgroups", "deny"));
		must(!userns_write(pid, "gid_map", "0 1000 1"));
		must(maps(pid, "uid_map", 0, 1000, 1));
		must(maps(pid, "gid_map", 0, 1000, 1));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(another_user_may_not)
{
	pid_t pid = proc_fork_bound(0), other;

	if (!pid) {
		become(USER);
		must(!unshare(CLONE_NEWUSER));
		proc_sleep_forever();
	}
	other = proc_fork_bound(0);
	if (!other) {
		static const char * const files[] = {
			"uid_map", "gid_map", "projid_map", "setgroups",
		};

		become(USER + 1);
		for (size_t i = 0; i < ARRAY_SIZE(files); i++)
			must(userns_write(pid, files[i], "0 1001 1") ==
			     -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(other));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
}

TEST(cap_setuid_and_cap_setgid_in_the_parent_map_anything)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		become_with(USER, CAP_BIT(CAP_SETUID) | CAP_BIT(CAP_SETGID));
		pid = unmapped_sleeper();
		must(!userns_write(pid, "uid_map", "0 5000 10\n10 6000 10"));
		must(!userns_write(pid, "gid_map", "0 5000 10\n10 6000 10"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(each_capability_is_good_for_its_own_map)
{
	pid_t pid;

	for (int uid = 0; uid <= 1; uid++) {
		pid = proc_fork_bound(0);
		if (!pid) {
			become_with(USER, CAP_BIT(uid ? CAP_SETUID :
						  CAP_SETGID));
			pid = unmapped_sleeper();
			must(userns_write(pid, "uid_map", USERNS_MAP) ==
			     (uid ? 0 : -EPERM));
			must(userns_write(pid, "gid_map", USERNS_MAP) ==
			     (uid ? -EPERM : 0));
			_exit(0);
		}
		EXPECT_EQ(0, proc_end(pid));
	}
}

/* All other capabilities, over either namespace, do not make up for it. */
TEST(root_without_them_is_an_ordinary_user)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		cap_drop(CAP_SETUID);
		cap_drop(CAP_SETGID);
		pid = unmapped_sleeper();
		must(userns_write(pid, "uid_map", USERNS_MAP) == -EPERM);
		must(userns_write(pid, "gid_map", USERNS_MAP) == -EPERM);
		must(!userns_write(pid, "uid_map", "5 0 1"));
		must(userns_write(pid, "gid_map", "5 0 1") == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* What it has inside is of no use against the parent. */
TEST(capabilities_inside_map_nobody)
{
	pid_t pid = proc_fork_bound(CLONE_NEWUSER);

	if (!pid) {
		must(cap_mine("CapEff") == cap_all());
		must(userns_write(0, "uid_map", USERNS_MAP) == -EPERM);
		must(userns_write(0, "gid_map", USERNS_MAP) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(it_takes_cap_sys_admin_over_the_namespace)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		become(USER);
		must(!unshare(CLONE_NEWUSER));
		must(!userns_write(0, "setgroups", "deny"));
		cap_drop(CAP_SYS_ADMIN);
		must(userns_write(0, "uid_map", "0 1000 1") == -EPERM);
		must(userns_write(0, "gid_map", "0 1000 1") == -EPERM);
		/* Project ids are no identity: they are free for all. */
		must(!userns_write(0, "projid_map", "0 0 100"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(project_ids_are_mapped_without_privilege)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		become(USER);
		must(!unshare(CLONE_NEWUSER));
		cap_keep(0);
		must(!userns_write(0, "projid_map", "0 5 100\n100 1000 1"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/*
 * As root's program would, that is made to write to a file that it was given:
 * it is the opener's right that counts, too.
 */
TEST(a_file_opened_without_privilege_gives_none)
{
	struct baton number = baton_make();
	pid_t pid = proc_fork_bound(0), user;
	char path[64];
	int fd, pidfd;

	if (!pid) {
		become(USER);
		pid = unmapped_sleeper();
		snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
		baton_pass(&number, open(path, O_RDWR));
		proc_sleep_forever();
	}
	fd = baton_take(&number);
	pidfd = proc_pidfd(pid);
	fd = syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(-1, write(fd, "0 5000 10", 9));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(-1, write(fd, "0 0 1", 5));
	EXPECT_EQ(EPERM, errno);
	/* And a file that root opened gives none to others. */
	user = proc_fork_bound(0);
	if (!user) {
		pid_t child = unmapped_sleeper();

		snprintf(path, sizeof(path), "/proc/%d/uid_map", child);
		fd = open(path, O_RDWR);
		must(fd >= 0);
		become(USER);
		must(write(fd, "0 5000 10", 9) == -1 && errno == EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(user));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
}

TEST(the_grandparent_may_not)
{
	struct baton number = baton_make();
	pid_t pid = userns_fork(0), below;
	char text[64];

	if (!pid) {
		pid = unmapped_sleeper();
		/* Its number is the same in our pid namespace. */
		baton_pass(&number, pid);
		proc_sleep_forever();
	}
	below = baton_take(&number);
	EXPECT_EQ(-EPERM, userns_write(below, "uid_map", "0 100000 1"));
	EXPECT_EQ(-EPERM, userns_write(below, "gid_map", "0 100000 1"));
	EXPECT_EQ(-EPERM, userns_write(below, "projid_map", "0 0 1"));
	EXPECT_EQ(0, userns_read(below, "uid_map", text, sizeof(text)));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
}

/* Same user, same parent, and all capabilities: but in a namespace next door. */
TEST(a_sibling_namespace_may_not)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		pid_t victim;

		become(USER);
		victim = unmapped_sleeper();
		must(!ns_become_user_root());
		must(userns_write(victim, "uid_map", "0 1000 1") == -EPERM);
		must(userns_write(victim, "uid_map", "0 0 1") == -EPERM);
		must(userns_write(victim, "projid_map", "0 0 1") == -EPERM);
		must(userns_write(victim, "setgroups", "deny") == -EACCES);
		must(unwritten(victim, "uid_map"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(a_descendant_may_not)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		pid_t parent = getpid(), child;

		become(USER);
		must(!unshare(CLONE_NEWUSER));
		must(!userns_write(0, "setgroups", "deny"));
		must(!userns_write(0, "uid_map", "0 1000 1"));
		must(!userns_write(0, "gid_map", "0 1000 1"));
		child = proc_fork_bound(CLONE_NEWUSER);
		if (!child) {
			must(userns_write(parent, "projid_map", "0 0 1") ==
			     -EPERM);
			_exit(0);
		}
		must(!proc_end(child));
		must(unwritten(0, "projid_map"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/*
 * Linux 5.12: who maps the parent's root can have capabilities put on files
 * that are good in the parent, so they must be allowed to do that there.
 */
TEST(to_map_the_parents_root_takes_cap_setfcap_in_the_parent)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		cap_drop(CAP_SETFCAP);
		pid = unmapped_sleeper();
		must(userns_write(pid, "uid_map", "0 0 1") == -EPERM);
		must(userns_write(pid, "uid_map", "5 0 10") == -EPERM);
		must(userns_write(pid, "uid_map",
				  "0 100000 10\n10 0 1") == -EPERM);
		must(userns_write(pid, "uid_map",
				  "0 10 1\n1 11 1\n2 12 1\n3 13 1\n4 14 1\n"
				  "5 15 1\n6 0 1") == -EPERM);
		must(unwritten(pid, "uid_map"));
		/* Groups have no part in it, nor has any other user. */
		must(!userns_write(pid, "gid_map", "0 0 1"));
		must(!userns_write(pid, "uid_map", "0 1 100"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(a_creator_without_cap_setfcap_cannot_stay_root)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		cap_drop(CAP_SETFCAP);
		must(!unshare(CLONE_NEWUSER));
		/* It has it now, but here. */
		must(cap_mine("CapEff") & CAP_BIT(CAP_SETFCAP));
		must(userns_write(0, "uid_map", "0 0 1") == -EPERM);
		must(unwritten(0, "uid_map"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(a_creator_with_cap_setfcap_can)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		cap_keep(CAP_BIT(CAP_SETFCAP));
		must(!unshare(CLONE_NEWUSER));
		must(!userns_write(0, "uid_map", "0 0 1"));
		must(maps(0, "uid_map", 0, 0, 1));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* In a nested namespace, root is the one of the parent. */
TEST(the_rule_for_root_holds_at_each_level)
{
	pid_t pid = userns_fork(0);

	if (!pid) {
		cap_drop(CAP_SETFCAP);
		pid = unmapped_sleeper();
		must(userns_write(pid, "uid_map", "0 0 1") == -EPERM);
		must(!userns_write(pid, "uid_map", "0 1 1"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_HARNESS_MAIN

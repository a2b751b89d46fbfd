// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/PID/setgroups: dropping a group can open what was closed to its
 * members, so a namespace made without privilege goes without setgroups(2).
 *
 * Promises from user_namespaces(7), "Interaction with system calls that
 * change process UIDs or GIDs".
 */
#include "kselftest_harness.h"
#include "cap.h"
#include "usermap.h"

static bool says(pid_t pid, const char *expected)
{
	char text[16];

	must(userns_read(pid, "setgroups", text, sizeof(text)) > 0);
	return !strcmp(text, expected);
}

static int set_group(gid_t gid)
{
	return setgroups(1, &gid) ? -errno : 0;
}

TEST(the_initial_namespace_allows)
{
	EXPECT_TRUE(says(0, "allow"));
}

TEST(a_new_namespace_allows_until_it_is_told_not_to)
{
	pid_t pid = proc_fork_bound(CLONE_NEWUSER);

	if (!pid) {
		must(says(0, "allow"));
		must(!userns_write(0, "setgroups", "allow"));
		must(says(0, "allow"));
		must(!userns_write(0, "setgroups", "deny"));
		must(says(0, "deny"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(what_was_denied_is_not_allowed_again)
{
	pid_t pid = proc_fork_bound(CLONE_NEWUSER);

	if (!pid) {
		must(!userns_write(0, "setgroups", "deny"));
		must(userns_write(0, "setgroups", "allow") == -EPERM);
		must(!userns_write(0, "setgroups", "deny"));
		must(says(0, "deny"));
		proc_sleep_forever();
	}
	/* Not by the privileged outside either. */
	while (!says(pid, "deny"))
		sched_yield();
	EXPECT_EQ(-EPERM, userns_write(pid, "setgroups", "allow"));
	EXPECT_TRUE(says(pid, "deny"));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
}

TEST(a_denial_is_inherited)
{
	pid_t pid = proc_fork_bound(CLONE_NEWUSER);

	if (!pid) {
		must(!userns_write(0, "setgroups", "deny"));
		must(!userns_write(0, "uid_map", "0 0 1"));
		must(!userns_write(0, "gid_map", "0 0 1"));
		must(!unshare(CLONE_NEWUSER));
		must(says(0, "deny"));
		must(userns_write(0, "setgroups", "allow") == -EPERM);
		must(!userns_write(0, "uid_map", "0 0 1"));
		/* So it needs no denial of its own. */
		must(!userns_write(0, "gid_map", "0 0 1"));
		must(setgroups(0, NULL) == -1 && errno == EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(a_denial_does_not_reach_the_parent_or_a_sibling)
{
	pid_t pid = proc_fork_bound(CLONE_NEWUSER), sibling;

	if (!pid) {
		must(!userns_write(0, "setgroups", "deny"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(says(0, "allow"));
	sibling = proc_fork_bound(CLONE_NEWUSER);
	if (!sibling)
		_exit(says(0, "allow") ? 0 : 1);
	EXPECT_EQ(0, proc_end(sibling));
}

TEST(malformed_words_are_refused)
{
	pid_t pid = proc_fork_bound(CLONE_NEWUSER);

	if (!pid) {
		static const char * const words[] = {
			"", "\n", " ", "1", "allo", "Allow", "DENY", "allowx",
			"denyx", " deny", "deny x", "denydeny", "\ndeny",
			/* longer than any good word */
			"allow  \n", "deny    ",
		};

		for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
			must(userns_write(0, "setgroups", words[i]) == -EINVAL);
			must(says(0, "allow"));
		}
		must(!userns_write(0, "setgroups", "allow\n"));
		must(!userns_write(0, "setgroups", "deny \n"));
		must(says(0, "deny"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(it_is_written_from_the_beginning)
{
	pid_t pid = proc_fork_bound(CLONE_NEWUSER);

	if (!pid) {
		int fd = open("/proc/self/setgroups", O_RDWR);

		must(fd >= 0);
		must(lseek(fd, 1, SEEK_SET) == 1);
		must(write(fd, "deny", 4) == -1 && errno == EINVAL);
		must(says(0, "allow"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(it_takes_cap_sys_admin_in_the_namespace)
{
	pid_t pid = proc_fork_bound(CLONE_NEWUSER);

	if (!pid) {
		int fd = open("/proc/self/setgroups", O_RDWR);

		must(fd >= 0);
		cap_drop(CAP_SYS_ADMIN);
		must(userns_write(0, "setgroups", "deny") == -EACCES);
		must(says(0, "allow"));
		/* Who could open it has proven it. */
		must(write(fd, "deny", 4) == 4);
		must(says(0, "deny"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(another_namespaces_is_not_for_an_ordinary_user)
{
	pid_t pid = userns_sleeper(), other;

	ASSERT_GT(pid, 0);
	other = proc_fork_bound(0);
	if (!other) {
		proc_become_nobody();
		must(userns_write(pid, "setgroups", "deny") == -EACCES);
		must(says(pid, "allow"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(other));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
}

TEST(a_denial_comes_before_the_gid_map)
{
	pid_t pid = userns_fork_mapped(0, USERNS_MAP, USERNS_MAP);

	if (!pid) {
		must(userns_write(0, "setgroups", "deny") == -EPERM);
		must(says(0, "allow"));
		must(!userns_write(0, "setgroups", "allow"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(there_are_no_groups_to_set_before_the_gid_map)
{
	pid_t pid = userns_fork_mapped(0, USERNS_MAP, NULL);

	if (!pid) {
		must(!setresuid(0, 0, 0));
		must(cap_mine("CapEff") & CAP_BIT(CAP_SETGID));
		must(setgroups(0, NULL) == -1 && errno == EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(mapped_groups_are_set_and_others_are_not)
{
	pid_t pid = userns_fork(0);

	if (!pid) {
		gid_t got[2];

		must(!set_group(7));
		must(getgroups(2, got) == 1 && got[0] == 7);
		must(set_group(65536) == -EINVAL);
		must(getgroups(2, got) == 1 && got[0] == 7);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(it_takes_cap_setgid)
{
	pid_t pid = userns_fork(0);

	if (!pid) {
		cap_drop(CAP_SETGID);
		must(set_group(7) == -EPERM);
		must(setgroups(0, NULL) == -1 && errno == EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(where_it_is_denied_no_capability_helps)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		gid_t gid = 4321, got[2];

		/* A group that keeps its members out of something. */
		must(!setgroups(1, &gid));
		must(!setresgid(65534, 65534, 65534));
		must(!setresuid(65534, 65534, 65534));
		must(!prctl(PR_SET_DUMPABLE, 1));
		must(!ns_become_user_root());
		must(cap_mine("CapEff") == cap_all());
		must(setgroups(0, NULL) == -1 && errno == EPERM);
		must(set_group(0) == -EPERM);
		/* It is still a member of the group, which has no name here. */
		must(getgroups(2, got) == 1 && got[0] == 65534);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_HARNESS_MAIN

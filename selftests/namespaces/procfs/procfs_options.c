// SPDX-License-Identifier: GPL-2.0
/*
 * Mount options of a proc: every mount is an instance of its own, with its own
 * options; remounting; names and values; subset=pid.
 *
 * Promises from filesystems/proc.rst, "4.1 Mount options".
 */
#include "procfs_fixture.h"
#include <linux/mount.h>

TEST_F(procfs, every_mount_has_its_own_options)
{
	ASSERT_EQ(0, proc_at("a", "hidepid=2"));
	ASSERT_EQ(0, proc_at("b", "hidepid=1"));
	ASSERT_EQ(0, proc_at("c", "hidepid=0"));
	ASSERT_EQ(0, proc_at("d", "subset=pid"));
	AS_NOBODY({
		must(proc_seen("a", self->roots) == SEEN_NOT);
		must(proc_seen("b", self->roots) == SEEN_CLOSED);
		must(proc_seen("c", self->roots) == SEEN_OPENLY);
		must(proc_seen("d", self->roots) == SEEN_OPENLY);
		/* The system's proc has nothing to do with them. */
		must(proc_seen("/proc", self->roots) == SEEN_OPENLY);
		must(!access("c/meminfo", F_OK));
		must(access("d/meminfo", F_OK) == -1);
	});
}

TEST_F(procfs, a_new_mount_does_not_inherit)
{
	ASSERT_EQ(0, proc_at("a", "hidepid=2,gid=4711"));
	ASSERT_EQ(0, proc_at("b", NULL));
	AS_NOBODY(must(proc_seen("b", self->roots) == SEEN_OPENLY));
}

TEST_F(procfs, a_remount_changes_its_own_instance)
{
	ASSERT_EQ(0, proc_at("a", "hidepid=2"));
	ASSERT_EQ(0, proc_at("b", "hidepid=2"));
	ASSERT_EQ(0, proc_again("a", "hidepid=0"));
	AS_NOBODY({
		must(proc_seen("a", self->roots) == SEEN_OPENLY);
		must(proc_seen("b", self->roots) == SEEN_NOT);
	});
	ASSERT_EQ(0, proc_again("a", "hidepid=4"));
	ASSERT_EQ(0, proc_again("b", "hidepid=1"));
	AS_NOBODY({
		must(proc_seen("a", self->roots) == SEEN_NOT);
		must(proc_seen("b", self->roots) == SEEN_CLOSED);
		must(proc_seen("/proc", self->roots) == SEEN_OPENLY);
	});
}

TEST_F(procfs, a_remount_keeps_what_it_does_not_name)
{
	gid_t gid = SOMEBODY;
	pid_t pid;

	ASSERT_EQ(0, proc_at("a", "hidepid=2,gid=4711"));
	ASSERT_EQ(0, proc_again("a", "hidepid=1"));
	AS_NOBODY(must(proc_seen("a", self->roots) == SEEN_CLOSED));
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!setgroups(1, &gid));
		proc_become_nobody();
		must(proc_seen("a", self->roots) == SEEN_OPENLY);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	ASSERT_EQ(0, proc_again("a", ""));
	AS_NOBODY(must(proc_seen("a", self->roots) == SEEN_CLOSED));
}

/* A bind mount is the same instance once more. */
TEST_F(procfs, a_bind_mount_shares_the_options)
{
	ASSERT_EQ(0, proc_at("a", "hidepid=0"));
	ASSERT_EQ(0, mkdir("b", 0755) && errno != EEXIST);
	ASSERT_EQ(0, mount("a", "b", NULL, MS_BIND, NULL));
	ASSERT_EQ(0, proc_again("a", "hidepid=2"));
	AS_NOBODY(must(proc_seen("b", self->roots) == SEEN_NOT));
}

TEST_F(procfs, levels_have_names_and_show_by_them)
{
	static const struct {
		const char *option, *shown;
	} level[] = {
		{ "hidepid=off", NULL }, { "hidepid=0", NULL },
		{ "hidepid=noaccess", "hidepid=noaccess" },
		{ "hidepid=1", "hidepid=noaccess" },
		{ "hidepid=invisible", "hidepid=invisible" },
		{ "hidepid=2", "hidepid=invisible" },
		{ "hidepid=ptraceable", "hidepid=ptraceable" },
		{ "hidepid=4", "hidepid=ptraceable" },
	};
	char options[512];

	for (size_t i = 0; i < ARRAY_SIZE(level); i++) {
		ASSERT_EQ(0, proc_at("a", level[i].option));
		proc_options("a", options, sizeof(options));
		EXPECT_EQ(!!level[i].shown, !!strstr(options, "hidepid"));
		EXPECT_TRUE(!level[i].shown || strstr(options, level[i].shown));
		ASSERT_EQ(0, umount("a"));
	}
}

TEST_F(procfs, gid_and_subset_show)
{
	char options[512];

	ASSERT_EQ(0, proc_at("a", "gid=4711,subset=pid"));
	proc_options("a", options, sizeof(options));
	EXPECT_TRUE(!!strstr(options, "gid=4711"));
	EXPECT_TRUE(!!strstr(options, "subset=pid"));
}

TEST_F(procfs, wrong_options_are_refused)
{
	static const char * const bad[] = {
		"hidepid", "hidepid=", "hidepid=3", "hidepid=5", "hidepid=-1",
		"hidepid=x", "hidepid=1x", "hidepid=4294967296", "hidepid=OFF",
		"hidepid=noaccess ", "gid", "gid=", "gid=x", "gid=-1",
		"gid=4294967296", "subset", "subset=net", "subset=PID",
		"nonsense", "nonsense=1", "hidepid=2,nonsense",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, proc_at("a", bad[i]))
			TH_LOG("'%s'", bad[i]);
	}
	/* The same of a proc that is there, and nothing of it is taken. */
	ASSERT_EQ(0, proc_at("a", "hidepid=2"));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, proc_again("a", bad[i]))
			TH_LOG("'%s'", bad[i]);
	}
	EXPECT_EQ(-EINVAL, proc_again("a", "hidepid=0,hidepid=3"));
	AS_NOBODY(must(proc_seen("a", self->roots) == SEEN_NOT));
}

TEST_F(procfs, the_last_of_two_values_counts)
{
	ASSERT_EQ(0, proc_at("a", "hidepid=1,hidepid=2"));
	AS_NOBODY(must(proc_seen("a", self->roots) == SEEN_NOT));
}

TEST_F(procfs, without_privilege_nothing_is_mounted_or_remounted)
{
	ASSERT_EQ(0, proc_at("a", "hidepid=2"));
	AS_NOBODY({
		must(mount("proc", "a", "proc", 0, NULL) == -1 && errno == EPERM);
		must(proc_again("a", "hidepid=0") == -EPERM);
		must(proc_seen("a", self->roots) == SEEN_NOT);
	});
}

/* Who is root in a user namespace below is not who mounted it. */
TEST_F(procfs, root_of_a_user_namespace_cannot_remount_it)
{
	pid_t pid;

	ASSERT_EQ(0, proc_at("a", "hidepid=2"));
	pid = proc_fork_bound(0);
	if (!pid) {
		proc_become_nobody();
		must(!ns_become_user_root());
		must(!unshare(CLONE_NEWNS));
		must(proc_again("a", "hidepid=0") == -EPERM);
		must(umount("a") == -1 && errno == EINVAL);
		must(proc_seen("a", self->roots) == SEEN_NOT);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(procfs, a_subset_has_processes_only)
{
	char text[64];

	ASSERT_EQ(0, proc_at("a", "subset=pid"));
	/* That is: and self and thread-self, which lead to some. */
	EXPECT_EQ(2, proc_others("a"));
	EXPECT_TRUE(proc_lists("a", self->roots));
	ASSERT_EQ(0, file_field("a/self/status", "Pid", text, sizeof(text)));
	EXPECT_EQ(getpid(), atoi(text));
	EXPECT_EQ(0, access("a/thread-self/stat", R_OK));
}

TEST_F(procfs, nothing_else_can_be_reached_in_a_subset)
{
	static const char * const other[] = {
		"meminfo", "cpuinfo", "mounts", "net", "sys", "sys/kernel/hostname",
		"sysvipc", "kmsg", "sysrq-trigger", "fs", "driver", "self/../uptime",
	};
	char path[128];

	ASSERT_EQ(0, proc_at("a", "subset=pid"));
	for (size_t i = 0; i < ARRAY_SIZE(other); i++) {
		snprintf(path, sizeof(path), "a/%s", other[i]);
		EXPECT_EQ(-1, access(path, F_OK))
			TH_LOG("%s", path);
		EXPECT_EQ(ENOENT, errno);
	}
}

/* What could be reached through a mount on top of a hidden file must not be. */
TEST_F(procfs, subset_cannot_be_changed)
{
	if (!subset_is_as_documented())
		SKIP(return, "subset can be changed (Linux 7.3)");
	ASSERT_EQ(0, proc_at("a", NULL));
	EXPECT_EQ(-EINVAL, proc_again("a", "subset=pid"));
	EXPECT_EQ(-EINVAL, proc_again("a", "hidepid=2,subset=pid"));
	EXPECT_EQ(0, access("a/meminfo", F_OK));
	AS_NOBODY(must(proc_seen("a", self->roots) == SEEN_OPENLY));

	ASSERT_EQ(0, proc_at("b", "subset=pid"));
	EXPECT_EQ(-EINVAL, proc_again("b", "subset="));
	EXPECT_EQ(0, proc_again("b", "subset=pid,hidepid=2"));
	EXPECT_EQ(0, proc_again("b", "hidepid=1"));
	EXPECT_EQ(-1, access("b/meminfo", F_OK));
	AS_NOBODY(must(proc_seen("b", self->roots) == SEEN_CLOSED));
}

TEST_F(procfs, subset_and_hidepid_go_together)
{
	ASSERT_EQ(0, proc_at("a", "subset=pid,hidepid=4"));
	AS_NOBODY({
		must(proc_seen("a", self->roots) == SEEN_NOT);
		must(proc_seen("a", self->nobodys) == SEEN_OPENLY);
	});
	EXPECT_EQ(2, proc_others("a"));
}

/* fsopen(2) and its kin take the same options as mount(2). */
TEST_F(procfs, options_by_fsconfig)
{
	int fs = syscall(SYS_fsopen, "proc", FSOPEN_CLOEXEC), m;

	ASSERT_GE(fs, 0);
	EXPECT_EQ(-1, syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "hidepid", "3", 0));
	EXPECT_EQ(EINVAL, errno);
	ASSERT_EQ(0, syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "hidepid",
			     "invisible", 0));
	ASSERT_EQ(0, syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "subset",
			     "pid", 0));
	ASSERT_EQ(0, syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	m = syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
	ASSERT_GE(m, 0);
	ASSERT_EQ(0, mkdir("a", 0755) && errno != EEXIST);
	ASSERT_EQ(0, syscall(SYS_move_mount, m, "", AT_FDCWD, "a",
			     MOVE_MOUNT_F_EMPTY_PATH));
	EXPECT_EQ(2, proc_others("a"));
	AS_NOBODY(must(proc_seen("a", self->roots) == SEEN_NOT));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * pidns=: a proc of another pid namespace, without going there (Linux 6.17).
 *
 * Promises from filesystems/proc.rst, "4.1 Mount options".
 */
#include "procfs.h"
#include <linux/mount.h>
#include "userns.h"

/* A pid namespace with two processes in it, below the test's. */
FIXTURE(pidns)
{
	pid_t init;
	char option[64];	/* that names it */
};

FIXTURE_SETUP(pidns)
{
	struct baton up = baton_make();

	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	self->init = proc_fork_bound(CLONE_NEWPID);
	if (!self->init) {
		if (!fork())
			proc_sleep_forever();
		baton_pass(&up, 0);
		proc_sleep_forever();
	}
	baton_take(&up);
	snprintf(self->option, sizeof(self->option), "pidns=/proc/%d/ns/pid",
		 self->init);
	/* Before Linux 6.17 the option is not known, whatever its value. */
	if (proc_at("p", "pidns=/proc/self/ns/pid") == -EINVAL)
		SKIP(return, "no mount option pidns= (Linux 6.17)");
	ASSERT_EQ(0, umount("p"));
}

FIXTURE_TEARDOWN(pidns)
{
	proc_kill(self->init);
}

TEST_F(pidns, it_shows_that_namespace_s_processes)
{
	char text[64];

	ASSERT_EQ(0, proc_at("p", self->option));
	EXPECT_TRUE(proc_lists("p", 1));
	EXPECT_TRUE(proc_lists("p", 2));
	EXPECT_FALSE(proc_lists("p", self->init));
	/* As if it was mounted there: the mounter itself has no number. */
	EXPECT_EQ(-1, readlink("p/self", text, sizeof(text)));
	EXPECT_EQ(ENOENT, errno);
	ASSERT_EQ(0, file_field("p/2/status", "NSpid", text, sizeof(text)));
	EXPECT_STREQ("2", text);
}

TEST_F(pidns, it_is_the_namespace_s_own_proc_to_its_members)
{
	pid_t pid;
	int ns;

	ASSERT_EQ(0, proc_at("p", self->option));
	ns = ns_open(self->init, "pid");
	ASSERT_EQ(0, ns_enter(ns, CLONE_NEWPID));
	pid = fork();
	if (!pid) {
		char text[64];

		must(!file_field("p/self/status", "Pid", text, sizeof(text)));
		must(atoi(text) == getpid());
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(pidns, without_it_a_proc_is_the_mounter_s)
{
	ASSERT_EQ(0, proc_at("p", NULL));
	EXPECT_TRUE(proc_lists("p", self->init));
	ASSERT_EQ(0, proc_at("q", "pidns=/proc/self/ns/pid"));
	EXPECT_TRUE(proc_lists("q", self->init));
	EXPECT_TRUE(proc_lists("q", getpid()));
}

TEST_F(pidns, the_last_of_two_counts)
{
	char options[128];

	snprintf(options, sizeof(options), "pidns=/proc/self/ns/pid,%s", self->option);
	ASSERT_EQ(0, proc_at("p", options));
	EXPECT_FALSE(proc_lists("p", self->init));
	EXPECT_TRUE(proc_lists("p", 2));
}

TEST_F(pidns, other_options_go_with_it)
{
	char options[128];

	snprintf(options, sizeof(options), "%s,subset=pid,hidepid=2", self->option);
	ASSERT_EQ(0, proc_at("p", options));
	EXPECT_TRUE(proc_lists("p", 2));
	EXPECT_EQ(-1, access("p/meminfo", F_OK));
	AS_NOBODY(must(!proc_lists("p", 2)));
}

/* Opens a configuration for a new proc; sets pidns to the file; mounts it. */
static int mount_by_fd(int ns, const char *dir)
{
	int fs = syscall(SYS_fsopen, "proc", FSOPEN_CLOEXEC), m = -1, err = 0;

	must(fs >= 0);
	if (syscall(SYS_fsconfig, fs, FSCONFIG_SET_FD, "pidns", NULL, ns) ||
	    syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		err = -errno;
	if (!err) {
		m = syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
		must(m >= 0);
		must(!mkdir(dir, 0755) || errno == EEXIST);
		must(!syscall(SYS_move_mount, m, "", AT_FDCWD, dir,
			      MOVE_MOUNT_F_EMPTY_PATH));
		close(m);
	}
	close(fs);
	return err;
}

TEST_F(pidns, an_open_file_names_it_as_well)
{
	int ns = ns_open(self->init, "pid");

	ASSERT_EQ(0, mount_by_fd(ns, "p"));
	close(ns);
	EXPECT_TRUE(proc_lists("p", 2));
	EXPECT_FALSE(proc_lists("p", self->init));
}

TEST_F(pidns, what_is_no_pid_namespace_is_refused)
{
	static const char * const bad[] = {
		"pidns=/proc/self/ns/uts", "pidns=/proc/self/status", "pidns=/",
		"pidns=/dev/null",
	};
	int fd = ns_open(0, "uts");

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, proc_at("p", bad[i]))
			TH_LOG("%s", bad[i]);
	}
	EXPECT_EQ(-ENOENT, proc_at("p", "pidns=/proc/self/ns/nonsense"));
	EXPECT_NE(0, proc_at("p", "pidns"));
	EXPECT_NE(0, proc_at("p", "pidns="));
	EXPECT_EQ(-EINVAL, mount_by_fd(fd, "p"));
	close(fd);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	EXPECT_EQ(-EINVAL, mount_by_fd(fd, "p"));
	close(fd);
}

TEST_F(pidns, a_namespace_above_or_beside_is_refused)
{
	int above = ns_open(0, "pid"), beside = ns_open(self->init, "pid");
	pid_t pid = proc_fork_bound(CLONE_NEWPID);

	if (!pid) {
		must(mount_by_fd(above, "p") == -EINVAL);
		must(mount_by_fd(beside, "p") == -EINVAL);
		must(!proc_at("p", NULL));
		must(proc_lists("p", 1));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	close(above);
	close(beside);
}

TEST_F(pidns, an_instance_s_namespace_cannot_be_changed)
{
	ASSERT_EQ(0, proc_at("p", NULL));
	EXPECT_EQ(-EBUSY, proc_again("p", self->option));
	EXPECT_EQ(-EBUSY, proc_again("p", "pidns=/proc/self/ns/pid"));
	EXPECT_TRUE(proc_lists("p", self->init));
	ASSERT_EQ(0, proc_at("q", self->option));
	EXPECT_EQ(-EBUSY, proc_again("q", "pidns=/proc/self/ns/pid"));
	/* Other options of it can. */
	EXPECT_EQ(0, proc_again("q", "hidepid=2"));
	EXPECT_FALSE(proc_lists("q", self->init));
}

/* As for setns(2): CAP_SYS_ADMIN where the pid namespace belongs. */
TEST_F(pidns, it_takes_privilege_over_the_namespace)
{
	int ns = ns_open(self->init, "pid");
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!ns_become_user_root());
		must(!unshare(CLONE_NEWNS | CLONE_NEWPID));
		must(mount_by_fd(ns, "p") == -EPERM);
		/* Its own it may: this one has no process yet. */
		pid = fork();
		if (!pid) {
			must(mount_by_fd(ns, "p") == -EPERM);
			must(!proc_at("p", NULL));
			must(!proc_at("q", "pidns=p/self/ns/pid"));
			must(proc_lists("q", 1));
			_exit(0);
		}
		_exit(proc_end(pid));
	}
	EXPECT_EQ(0, proc_end(pid));
	close(ns);
}

/* The proc is the namespace's owner's, as one that is mounted inside would be. */
TEST_F(pidns, a_container_s_proc_is_mounted_from_outside)
{
	struct baton up = baton_make();
	pid_t pid = userns_fork(CLONE_NEWPID | CLONE_NEWNS, 100000, 1000);
	char option[64], text[64];

	if (!pid) {
		baton_pass(&up, 0);
		proc_sleep_forever();
	}
	baton_take(&up);
	snprintf(option, sizeof(option), "pidns=/proc/%d/ns/pid", pid);
	ASSERT_EQ(0, proc_at("p", option));
	ASSERT_EQ(0, file_field("p/1/status", "Uid", text, sizeof(text)));
	EXPECT_EQ(0, strncmp(text, "100000\t", 7));
	proc_kill(pid);
	EXPECT_FALSE(proc_lists("p", 1));
	EXPECT_EQ(0, umount("p"));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * devpts and user namespaces: a container's root mounts an instance of its
 * own, in its own ids; nobody without privilege does; how a container gets at
 * its terminals, and the outside at them.
 *
 * Promises from user_namespaces(7) and Documentation/filesystems/devpts.rst.
 */
#include "kselftest_harness.h"
#include "pty.h"

#define FIRST	10000
#define IDS	10

FIXTURE(userns)
{
	int userns;
};

FIXTURE_SETUP(userns)
{
	umask(0);
	mnt_area();
	must(!chmod(MNT_AREA, 0777));
	mnt_dir(DEV);
	mnt_dir(PTS);
	mnt_dir(PTS2);
	self->userns = mnt_userns(0, FIRST, IDS);
	ASSERT_GE(self->userns, 0);
}

FIXTURE_TEARDOWN(userns)
{
}

/* Root of the container, in a mount namespace that belongs to it. */
static pid_t enter(int userns)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		mnt_become_root_of(userns);
		must(!unshare(CLONE_NEWNS));
	}
	return pid;
}

TEST_F(userns, its_root_mounts_an_instance)
{
	pid_t pid = enter(self->userns);

	if (!pid) {
		int master, slave;

		must(!pts_mount(PTS, "ptmxmode=0666"));
		master = pty_open(PTS "/ptmx");
		must(pty_number(master) == 0);
		must(!pty_unlock(master));
		slave = pty_slave_at(PTS, 0);
		must(slave >= 0);
		pty_raw(slave);
		must(write(master, "data", 4) == 4);
		must(pty_says(slave, "data"));
		must(pty_peer(master) >= 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(userns, the_ids_are_those_of_the_container)
{
	struct baton ready = baton_make();
	pid_t pid = enter(self->userns);
	char path[64];
	struct stat st;

	if (!pid) {
		must(!pts_mount(PTS, "uid=3,gid=4,ptmxmode=0666"));
		must(pty_open(PTS "/ptmx") >= 0);
		must(!stat(PTS "/0", &st));
		must(st.st_uid == 3 && st.st_gid == 4);
		must(!stat(PTS "/ptmx", &st));
		must(st.st_uid == 0 && st.st_gid == 0);
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	snprintf(path, sizeof(path), "/proc/%d/root" PTS "/0", pid);
	ASSERT_EQ(0, stat(path, &st));
	EXPECT_EQ(FIRST + 3, st.st_uid);
	EXPECT_EQ(FIRST + 4, st.st_gid);
	snprintf(path, sizeof(path), "/proc/%d/root" PTS "/ptmx", pid);
	ASSERT_EQ(0, stat(path, &st));
	EXPECT_EQ(FIRST, st.st_uid);
	proc_kill(pid);
}

/* gid=5 is what a distribution mounts with; not every container has a 5. */
TEST_F(userns, an_id_that_is_not_mapped_is_refused)
{
	pid_t pid = enter(self->userns);

	if (!pid) {
		must(pts_mount(PTS, "gid=10") == -EINVAL);
		must(pts_mount(PTS, "uid=10") == -EINVAL);
		must(pts_mount(PTS, "uid=10000") == -EINVAL);
		must(!mnt_is(PTS));
		must(!pts_mount(PTS, "gid=9,uid=9"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	pid = proc_fork_bound(0);
	if (!pid) {
		proc_become_nobody();
		must(!ns_become_user_root());
		must(!unshare(CLONE_NEWNS));
		must(pts_mount(PTS, "gid=5,mode=620") == -EINVAL);
		must(!pts_mount(PTS, "mode=620"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(userns, without_privilege_it_is_refused)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(pts_mount(PTS, NULL) == -EPERM);
		/* Root there, in a mount namespace of somebody else. */
		must(!ns_become_user_root());
		must(pts_mount(PTS, NULL) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_FALSE(mnt_is(PTS));
}

TEST_F(userns, the_instance_of_the_outside_is_not_reconfigured)
{
	struct stat st;
	pid_t pid;

	ASSERT_EQ(0, pts_mount(PTS, "ptmxmode=0600"));
	pid = enter(self->userns);
	if (!pid) {
		must(mnt_error(mount(NULL, PTS, NULL, MS_REMOUNT,
				     "ptmxmode=0666")) == -EPERM);
		must(chmod(PTS "/ptmx", 0666) == -1 && errno == EPERM);
		must(pty_open(PTS "/ptmx") == -EACCES);
		/* Its own it may. */
		must(!pts_mount(PTS2, NULL));
		must(!mnt_error(mount(NULL, PTS2, NULL, MS_REMOUNT,
				      "ptmxmode=0666")));
		must(!stat(PTS2 "/ptmx", &st));
		must(st.st_mode == (S_IFCHR | 0666));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	ASSERT_EQ(0, stat(PTS "/ptmx", &st));
	EXPECT_EQ(S_IFCHR | 0600, st.st_mode);
}

TEST_F(userns, a_terminal_of_the_outside_has_its_mode)
{
	int master;
	pid_t pid;

	ASSERT_EQ(0, pts_mount(PTS, "ptmxmode=0666,mode=0600"));
	master = pty_open(PTS "/ptmx");
	ASSERT_EQ(0, pty_unlock(master));
	pid = enter(self->userns);
	if (!pid) {
		must(pty_slave_at(PTS, 0) == -EACCES);
		/* Who has the master has the terminal, whatever its mode. */
		must(pty_peer(master) >= 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	/* Given away, it may be used. */
	ASSERT_EQ(0, chown(PTS "/0", FIRST, FIRST));
	pid = enter(self->userns);
	if (!pid)
		_exit(pty_slave_at(PTS, 0) < 0);
	EXPECT_EQ(0, proc_end(pid));
}

/* How a manager outside gets a terminal of the container. */
TEST_F(userns, the_outside_opens_a_terminal_of_the_container)
{
	struct baton ready = baton_make();
	pid_t pid = enter(self->userns);
	char path[64];
	int master, slave;

	if (!pid) {
		must(!pts_mount(PTS, "ptmxmode=0666"));
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	snprintf(path, sizeof(path), "/proc/%d/root" PTS "/ptmx", pid);
	master = pty_open(path);
	ASSERT_GE(master, 0);
	EXPECT_EQ(0, pty_number(master));
	ASSERT_EQ(0, pty_unlock(master));
	slave = pty_peer(master);
	ASSERT_GE(slave, 0);
	pty_raw(slave);
	must(write(master, "data", 4) == 4);
	EXPECT_TRUE(pty_says(slave, "data"));
	/* It lives in the container's instance, not in the one here. */
	EXPECT_FALSE(pts_has(PTS, 0));
	snprintf(path, sizeof(path), "/proc/%d/root" PTS, pid);
	EXPECT_TRUE(pts_has(path, 0));
	proc_kill(pid);
	/* The container died, the terminal did not: its files are held here. */
	must(write(master, "more", 4) == 4);
	EXPECT_TRUE(pty_says(slave, "more"));
}

TEST_F(userns, a_bind_mount_on_dev_ptmx_works_as_an_unprivileged_user)
{
	pid_t pid;

	mnt_put(DEV "/ptmx", "");
	pid = proc_fork_bound(0);
	if (!pid) {
		proc_become_nobody();
		must(!ns_become_user_root());
		must(!unshare(CLONE_NEWNS | CLONE_NEWPID));
		pid = proc_fork(0);
		if (!pid) {
			int master, slave;

			must(!pts_mount(PTS, "ptmxmode=0666,mode=620"));
			must(!mnt_bind(PTS "/ptmx", DEV "/ptmx"));
			master = pty_open(DEV "/ptmx");
			must(!pty_unlock(master));
			slave = pty_peer(master);
			must(slave >= 0);
			must(setsid() == 1);
			must(!ioctl(slave, TIOCSCTTY, 0));
			must(tcgetsid(slave) == 1);
			_exit(0);
		}
		_exit(proc_end(pid));
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_HARNESS_MAIN

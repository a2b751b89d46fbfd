// SPDX-License-Identifier: GPL-2.0
/*
 * The two ends of a terminal: data stays within its instance, an end that is
 * closed, the other end by TIOCGPTPEER, what outlives a mount, and job control
 * in a container of its own.
 *
 * Promises from pty(7), pts(4), ioctl_tty(2), credentials(7) and
 * Documentation/filesystems/devpts.rst.
 */
#include "kselftest_harness.h"
#include "pty.h"

/* Two instances, each with a terminal number 0. */
FIXTURE(terminal)
{
	int master, slave;
	int master2, slave2;
};

static void terminal_at(const char *pts, int *master, int *slave)
{
	char path[128];

	must(!pts_mount(pts, "ptmxmode=0666"));
	snprintf(path, sizeof(path), "%s/ptmx", pts);
	*master = pty_open(path);
	must(*master >= 0);
	must(pty_number(*master) == 0);
	must(!pty_unlock(*master));
	*slave = pty_slave_at(pts, 0);
	must(*slave >= 0);
	pty_raw(*slave);
}

FIXTURE_SETUP(terminal)
{
	mnt_area();
	mnt_dir(DEV);
	mnt_dir(PTS);
	mnt_dir(PTS2);
	terminal_at(PTS, &self->master, &self->slave);
	terminal_at(PTS2, &self->master2, &self->slave2);
}

FIXTURE_TEARDOWN(terminal)
{
}

TEST_F(terminal, data_goes_to_the_other_end_and_to_no_other_instance)
{
	must(write(self->master, "one", 3) == 3);
	must(write(self->slave2, "two", 3) == 3);
	EXPECT_TRUE(pty_says(self->slave, "one"));
	EXPECT_TRUE(pty_says(self->master2, "two"));
	EXPECT_EQ(0, proc_poll(self->slave2, POLLIN, 0));
	EXPECT_EQ(0, proc_poll(self->master, POLLIN, 0));
	must(write(self->slave, "back", 4) == 4);
	EXPECT_TRUE(pty_says(self->master, "back"));
	EXPECT_EQ(0, proc_poll(self->master2, POLLIN, 0));
}

TEST_F(terminal, settings_are_one_terminals)
{
	struct winsize size = { 11, 22 }, seen;
	struct termios t;

	ASSERT_EQ(0, ioctl(self->master, TIOCSWINSZ, &size));
	ASSERT_EQ(0, ioctl(self->slave, TIOCGWINSZ, &seen));
	EXPECT_EQ(11, seen.ws_row);
	ASSERT_EQ(0, ioctl(self->slave2, TIOCGWINSZ, &seen));
	EXPECT_NE(11, seen.ws_row);
	ASSERT_EQ(0, tcgetattr(self->slave, &t));
	t.c_lflag |= ECHO;
	ASSERT_EQ(0, tcsetattr(self->slave, TCSANOW, &t));
	ASSERT_EQ(0, tcgetattr(self->slave2, &t));
	EXPECT_EQ(0, t.c_lflag & ECHO);
}

TEST_F(terminal, it_is_locked_until_it_is_unlocked)
{
	int fd = pty_open(PTS "/ptmx"), locked = -1;

	ASSERT_EQ(1, pty_number(fd));
	ASSERT_EQ(0, ioctl(fd, TIOCGPTLCK, &locked));
	EXPECT_EQ(1, locked);
	EXPECT_EQ(-EIO, pty_slave_at(PTS, 1));
	EXPECT_EQ(-EIO, pty_peer(fd));
	ASSERT_EQ(0, pty_unlock(fd));
	EXPECT_GE(pty_slave_at(PTS, 1), 0);
	EXPECT_GE(pty_peer(fd), 0);
}

TEST_F(terminal, ptsname_names_it)
{
	char name[64];

	ASSERT_EQ(0, ptsname_r(self->master, name, sizeof(name)));
	EXPECT_STREQ("/dev/pts/0", name);
	/* Only a master has a number to tell. */
	EXPECT_EQ(-ENOTTY, pty_number(self->slave));
	EXPECT_EQ(-EIO, pty_peer(self->slave));
}

TEST_F(terminal, its_name_goes_with_the_master)
{
	EXPECT_TRUE(pts_has(PTS, 0));
	close(self->master);
	EXPECT_FALSE(pts_has(PTS, 0));
	EXPECT_EQ(-ENOENT, pty_slave_at(PTS, 0));
	EXPECT_TRUE(pts_has(PTS2, 0));
	/* The number is taken until the other end is closed as well. */
	EXPECT_EQ(1, pty_number(pty_open(PTS "/ptmx")));
	close(self->slave);
	EXPECT_EQ(0, pty_number(pty_open(PTS "/ptmx")));
}

TEST_F(terminal, the_end_of_the_master_is_a_hangup)
{
	char c;

	close(self->master);
	EXPECT_TRUE(proc_poll(self->slave, POLLIN, PROC_HANG_MS) & POLLHUP);
	EXPECT_EQ(0, read(self->slave, &c, 1));
	EXPECT_EQ(-1, write(self->slave, "x", 1));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(0, proc_poll(self->slave2, POLLIN, 0));
}

TEST_F(terminal, the_end_of_the_last_slave_is_seen_by_the_master)
{
	char c, buf[8];
	int again;

	must(write(self->slave, "last", 4) == 4);
	close(self->slave);
	/* What was written is still to be had, then there is nobody. */
	ASSERT_EQ(4, read(self->master, buf, sizeof(buf)));
	EXPECT_TRUE(proc_poll(self->master, POLLIN, PROC_HANG_MS) & POLLHUP);
	EXPECT_EQ(-1, read(self->master, &c, 1));
	EXPECT_EQ(EIO, errno);
	/* It may be opened again. */
	again = pty_slave_at(PTS, 0);
	ASSERT_GE(again, 0);
	pty_raw(again);
	must(write(self->master, "again", 5) == 5);
	EXPECT_TRUE(pty_says(again, "again"));
}

TEST_F(terminal, the_other_end_by_its_master)
{
	int peer = pty_peer(self->master);

	ASSERT_GE(peer, 0);
	must(write(peer, "peer", 4) == 4);
	EXPECT_TRUE(pty_says(self->master, "peer"));
}

/*
 * Where the path of the instance means something else, or nothing: a manager
 * and the container whose instance it is.
 */
TEST_F(terminal, the_other_end_by_its_master_in_another_mount_namespace)
{
	int master = self->master;
	pid_t pid = proc_fork_bound(CLONE_NEWNS);

	if (!pid) {
		int peer;

		must(!mnt_off(PTS, MNT_DETACH));
		must(!pts_has(PTS, 0));
		peer = pty_peer(master);
		must(peer >= 0);
		must(write(peer, "peer", 4) == 4);
		must(pty_says(master, "peer"));
		/* Another instance in its place is not taken for it. */
		must(!pts_mount(PTS, "ptmxmode=0666"));
		must(pty_open(PTS "/ptmx") >= 0);
		peer = pty_peer(master);
		must(peer >= 0);
		must(write(master, "mine", 4) == 4);
		must(pty_says(peer, "mine"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(terminal, an_open_terminal_keeps_the_mount)
{
	EXPECT_EQ(-EBUSY, mnt_off(PTS, 0));
	close(self->slave);
	EXPECT_EQ(-EBUSY, mnt_off(PTS, 0));
	close(self->master);
	EXPECT_EQ(0, mnt_off(PTS, 0));
}

TEST_F(terminal, a_detached_instance_works_on_for_those_who_have_it)
{
	int peer;

	ASSERT_EQ(0, mnt_off(PTS, MNT_DETACH));
	must(write(self->master, "still", 5) == 5);
	EXPECT_TRUE(pty_says(self->slave, "still"));
	peer = pty_peer(self->master);
	EXPECT_GE(peer, 0);
	/* A new one in its place begins anew. */
	ASSERT_EQ(0, pts_mount(PTS, "ptmxmode=0666"));
	EXPECT_EQ(0, pty_number(pty_open(PTS "/ptmx")));
	EXPECT_EQ(0, proc_poll(self->slave, POLLIN, 0));
}

TEST_F(terminal, the_end_of_a_namespace_is_the_end_of_its_terminals)
{
	struct baton ready = baton_make();
	pid_t pid = proc_fork_bound(CLONE_NEWNS);
	char path[64];
	int slave;

	if (!pid) {
		int master;

		must(!pts_mount(PTS, "ptmxmode=0666"));
		master = pty_open(PTS "/ptmx");
		must(!pty_unlock(master));
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	snprintf(path, sizeof(path), "/proc/%d/root" PTS, pid);
	slave = pty_slave_at(path, 0);
	ASSERT_GE(slave, 0);
	EXPECT_EQ(0, proc_poll(slave, POLLIN, 0));
	proc_kill(pid);
	EXPECT_TRUE(proc_poll(slave, POLLIN, PROC_HANG_MS) & POLLHUP);
}

/* A container: init with a terminal of the outside as its controlling one. */
static pid_t container_on(int master, int slave)
{
	pid_t pid = proc_fork_bound(CLONE_NEWPID);

	if (!pid) {
		close(master);
		must(setsid() == 1);
		must(!ioctl(slave, TIOCSCTTY, 0));
	}
	return pid;
}

TEST_F(terminal, job_control_is_in_the_numbers_of_the_container)
{
	pid_t pid = container_on(self->master, self->slave);
	int slave = self->slave;

	if (!pid) {
		pid_t job;

		must(tcgetsid(slave) == 1);
		must(tcgetpgrp(slave) == 1);
		job = proc_fork(0);
		if (!job)
			proc_sleep_forever();
		must(!setpgid(job, job));
		signal(SIGTTOU, SIG_IGN);
		must(!tcsetpgrp(slave, job));
		must(tcgetpgrp(slave) == job);
		must(tcsetpgrp(slave, 999) == -1 && errno == ESRCH);
		must(proc_kill(job) == -SIGKILL);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(terminal, dev_tty_is_the_terminal_of_the_container)
{
	pid_t pid = container_on(self->master, self->slave);

	if (!pid) {
		int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);

		must(tty >= 0);
		must(write(tty, "tty", 3) == 3);
		_exit(0);
	}
	EXPECT_TRUE(pty_says(self->master, "tty"));
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(terminal, a_key_interrupts_the_foreground_of_the_container)
{
	struct baton ready = baton_make();
	pid_t pid = container_on(self->master, self->slave);
	struct termios t;

	if (!pid) {
		pid_t fg, bg = proc_fork(0);

		if (!bg)
			proc_sleep_forever();
		fg = proc_fork(0);
		if (!fg)
			proc_sleep_forever();
		must(!setpgid(fg, fg) && !setpgid(bg, bg));
		signal(SIGTTOU, SIG_IGN);
		must(!tcsetpgrp(self->slave, fg));
		baton_pass(&ready, 0);
		must(proc_end(fg) == -SIGINT);
		must(!waitpid(bg, NULL, WNOHANG));
		_exit(0);
	}
	ASSERT_EQ(0, tcgetattr(self->slave, &t));
	t.c_lflag |= ISIG;
	t.c_cc[VINTR] = 3;
	ASSERT_EQ(0, tcsetattr(self->slave, TCSANOW, &t));
	baton_take(&ready);
	must(write(self->master, "\003", 1) == 1);
	EXPECT_EQ(0, proc_end(pid));
}

/* A hangup is for the session's leader; who dies of it takes all along. */
TEST_F(terminal, closing_the_master_hangs_the_container_up)
{
	struct lifeline line = lifeline_make();
	struct baton ready = baton_make();
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		close(self->master);
		must(setsid() > 0);
		must(!ioctl(self->slave, TIOCSCTTY, 0));
		pid = proc_fork(CLONE_NEWPID);
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			baton_pass(&ready, 0);
			proc_sleep_forever();
		}
		proc_sleep_forever();
	}
	lifeline_watch(&line);
	baton_take(&ready);
	close(self->master);
	EXPECT_EQ(-SIGHUP, proc_end(pid));
	EXPECT_TRUE(lifeline_cut(&line, PROC_HANG_MS));
}

TEST_F(terminal, a_controlling_terminal_is_not_stolen)
{
	struct baton ready = baton_make();
	pid_t pid = container_on(self->master, self->slave), thief;

	if (!pid) {
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	thief = proc_fork_bound(0);
	if (!thief) {
		must(setsid() > 0);
		must(ioctl(self->slave, TIOCSCTTY, 0) == -1 && errno == EPERM);
		/* Root may by force, but not root of a user namespace. */
		must(!ns_become_user_root());
		must(ioctl(self->slave, TIOCSCTTY, 1) == -1 && errno == EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(thief));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
}

TEST_HARNESS_MAIN

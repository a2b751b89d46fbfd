// SPDX-License-Identifier: GPL-2.0
/*
 * The tables of mounts in /proc/PID: of which namespace an open one tells, whom
 * it tells about a change, and what mountstats has.
 *
 * Promises from proc(5), "/proc/pid/mounts", "/proc/pid/mountinfo" and
 * "/proc/pid/mountstats".
 */
#include "kselftest_harness.h"
#include "mnt.h"
#include "until.h"

#define A	MNT_AREA "/a"
#define B	MNT_AREA "/b"

/*
 * A process that does as told by its baton, in a mount namespace of its own once
 * it was started.
 */
FIXTURE(tables)
{
	struct baton order, done;
	pid_t pid;
};

FIXTURE_SETUP(tables)
{
	mnt_area();
	mnt_dir(A);
	mnt_dir(B);
	self->order = baton_make();
	self->done = baton_make();
	self->pid = 0;
}

FIXTURE_TEARDOWN(tables)
{
	if (self->pid > 0)
		proc_kill(self->pid);
}

enum { MOUNT_A, UNMOUNT_A };

/* The process, with the mounts as they are now. */
static pid_t start(struct baton *order, struct baton *done)
{
	pid_t pid = proc_fork_bound(CLONE_NEWNS);

	if (pid)
		return pid;
	for (;;) {
		proc_poll(order->fd[0], POLLIN, -1);
		if (baton_take(order) == MOUNT_A)
			must(!mnt_tmpfs(A));
		else
			must(!mnt_off(A, 0));
		baton_pass(done, 0);
	}
}

static void tell(struct baton *order, int what, struct baton *done)
{
	baton_pass(order, what);
	baton_take(done);
}

/* Opens the file @name of @pid, or of the caller if that is 0. */
static int open_table(pid_t pid, const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid ? pid : getpid(), name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	must(fd >= 0);
	return fd;
}

#define CHANGED	(POLLPRI | POLLERR)

static short changes(int fd)
{
	return proc_poll(fd, POLLPRI, 0);
}

/* Whether the text of the open table has @what in it, from its beginning. */
static bool table_has(int fd, const char *what)
{
	static char text[32768];
	size_t len = 0;
	ssize_t n;

	must(!lseek(fd, 0, SEEK_SET));
	while ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += n;
	must(!n);
	text[len] = '\0';
	return strstr(text, what);
}

TEST_F(tables, a_mount_and_an_unmount_are_each_told_once)
{
	static const char * const names[] = { "mounts", "mountinfo" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		int fd = open_table(0, names[i]);

		EXPECT_EQ(0, changes(fd)) TH_LOG("%s", names[i]);
		ASSERT_EQ(0, mnt_tmpfs(A));
		EXPECT_EQ(CHANGED, changes(fd)) TH_LOG("%s", names[i]);
		EXPECT_EQ(0, changes(fd)) TH_LOG("%s", names[i]);
		ASSERT_EQ(0, mnt_off(A, 0));
		EXPECT_EQ(CHANGED, changes(fd)) TH_LOG("%s", names[i]);
		EXPECT_EQ(0, changes(fd)) TH_LOG("%s", names[i]);
		close(fd);
	}
}

/* To each that has the file open, from when it opened it. */
TEST_F(tables, it_is_told_to_everybody_who_looks)
{
	int one = open_table(0, "mountinfo"), two = open_table(0, "mountinfo"), late;

	ASSERT_EQ(0, mnt_tmpfs(A));
	late = open_table(0, "mountinfo");
	EXPECT_EQ(CHANGED, changes(one));
	EXPECT_EQ(CHANGED, changes(two));
	EXPECT_EQ(0, changes(late));
	/* It is polling that takes note, not reading. */
	ASSERT_EQ(0, mnt_off(A, 0));
	EXPECT_FALSE(table_has(one, A));
	EXPECT_EQ(CHANGED, changes(one));
	EXPECT_EQ(0, changes(one));
}

TEST_F(tables, a_move_and_other_flags_are_told)
{
	int fd;

	must(!mnt_tmpfs(A));
	fd = open_table(0, "mountinfo");
	ASSERT_EQ(0, mnt_move(A, B));
	EXPECT_EQ(CHANGED, changes(fd));
	ASSERT_EQ(0, mnt_flags(B, MS_NOEXEC));
	EXPECT_EQ(CHANGED, changes(fd));
	/* What is refused changes nothing. */
	ASSERT_EQ(-EINVAL, mnt_flags(A, MS_NOEXEC));
	ASSERT_EQ(-EINVAL, mnt_off(A, 0));
	EXPECT_EQ(0, changes(fd));
}

TEST_F(tables, who_waits_is_woken)
{
	struct baton ready = baton_make(), woken = baton_make();
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		int fd = open_table(getppid(), "mountinfo");

		baton_pass(&ready, 0);
		/* A poll that ends by itself looks once more, and so needs no waking. */
		baton_pass(&woken, proc_poll(fd, POLLPRI, -1));
		_exit(0);
	}
	baton_take(&ready);
	ASSERT_TRUE(EVENTUALLY(task_state(pid) == 'S'));
	ASSERT_EQ(0, mnt_tmpfs(A));
	EXPECT_EQ(CHANGED, baton_take(&woken));
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(tables, a_private_mount_of_another_namespace_is_not_told)
{
	int here, there;

	self->pid = start(&self->order, &self->done);
	here = open_table(0, "mountinfo");
	there = open_table(self->pid, "mountinfo");
	tell(&self->order, MOUNT_A, &self->done);
	EXPECT_EQ(0, changes(here));
	EXPECT_EQ(CHANGED, changes(there));
	EXPECT_FALSE(table_has(here, A));
	EXPECT_TRUE(table_has(there, A));
	must(!mnt_tmpfs(B));
	EXPECT_EQ(CHANGED, changes(here));
	EXPECT_EQ(0, changes(there));
	tell(&self->order, UNMOUNT_A, &self->done);
	EXPECT_EQ(0, changes(here));
	EXPECT_EQ(CHANGED, changes(there));
}

TEST_F(tables, one_that_propagates_is_told_in_both)
{
	int here, there;

	ASSERT_EQ(0, mnt_make(MNT_AREA, MS_SHARED));
	self->pid = start(&self->order, &self->done);
	here = open_table(0, "mountinfo");
	there = open_table(self->pid, "mountinfo");
	tell(&self->order, MOUNT_A, &self->done);
	EXPECT_EQ(CHANGED, changes(here));
	EXPECT_EQ(CHANGED, changes(there));
	EXPECT_TRUE(table_has(here, A));
	ASSERT_EQ(0, mnt_off(A, 0));
	EXPECT_EQ(CHANGED, changes(here));
	EXPECT_EQ(CHANGED, changes(there));
}

/* The namespace of whom it is, then, and not of who reads, or who died. */
TEST_F(tables, an_open_one_stays_with_its_namespace)
{
	int fd;

	self->pid = start(&self->order, &self->done);
	fd = open_table(self->pid, "mounts");
	tell(&self->order, MOUNT_A, &self->done);
	EXPECT_TRUE(table_has(fd, " " A " tmpfs "));
	EXPECT_FALSE(mnt_is(A));
	proc_kill(self->pid);
	self->pid = 0;
	must(!mnt_tmpfs(B));
	EXPECT_FALSE(table_has(fd, B));
	EXPECT_TRUE(table_has(fd, " " A " tmpfs "));
}

TEST_F(tables, and_so_it_does_when_its_process_moves_on)
{
	int fd = open_table(0, "mounts");

	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mnt_tmpfs(A));
	EXPECT_EQ(0, changes(fd));
	EXPECT_FALSE(table_has(fd, A));
	EXPECT_TRUE(table_has(open_table(0, "mounts"), A));
}

TEST_F(tables, mountstats_has_device_place_and_type)
{
	int here, there;

	ASSERT_EQ(0, mnt_error(mount("of it", B, "tmpfs", 0, NULL)));
	self->pid = start(&self->order, &self->done);
	tell(&self->order, MOUNT_A, &self->done);
	here = open_table(0, "mountstats");
	there = open_table(self->pid, "mountstats");
	EXPECT_TRUE(table_has(here, "\ndevice of\\040it mounted on " B " with fstype tmpfs\n"));
	EXPECT_TRUE(table_has(there, "\ndevice of\\040it mounted on " B " with fstype tmpfs\n"));
	EXPECT_FALSE(table_has(here, " mounted on " A " "));
	EXPECT_TRUE(table_has(there, "\ndevice tmpfs mounted on " A " with fstype tmpfs\n"));
}

/* What a changed root has no way to is not in the table of who lives there. */
TEST_F(tables, mountstats_is_below_the_root_of_its_process)
{
	struct baton ready = baton_make();
	int fd;

	must(!mnt_tmpfs(A));
	mnt_dir(A "/in");
	must(!mnt_tmpfs(A "/in"));
	must(!mnt_tmpfs(B));
	self->pid = proc_fork_bound(0);
	if (!self->pid) {
		must(!chroot(A));
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	fd = open_table(self->pid, "mountstats");
	EXPECT_TRUE(table_has(fd, " mounted on /in with"));
	EXPECT_FALSE(table_has(fd, B));
	EXPECT_TRUE(table_has(open_table(0, "mountstats"), " mounted on " B " with"));
}

TEST_F(tables, mountstats_is_for_the_owner_of_the_process)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		char path[64];

		proc_become_nobody();
		must(!close(open_table(0, "mountstats")));
		must(!close(open_table(getppid(), "mounts")));
		snprintf(path, sizeof(path), "/proc/%d/mountstats", getppid());
		must(open(path, O_RDONLY) == -1 && errno == EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_HARNESS_MAIN

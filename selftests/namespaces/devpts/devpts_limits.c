// SPDX-License-Identifier: GPL-2.0
/*
 * How many terminals there may be: max= of an instance; kernel.pty.max, .nr
 * and .reserve of all instances together.
 *
 * Promises from Documentation/filesystems/devpts.rst and proc_sys_kernel(5).
 * The sysctls are one set for the system: a test puts back what it changes
 * before it says what it saw.
 */
#include "kselftest_harness.h"
#include "pty.h"

#define PTY_MAX		"/proc/sys/kernel/pty/max"
#define PTY_NR		"/proc/sys/kernel/pty/nr"
#define PTY_RESERVE	"/proc/sys/kernel/pty/reserve"

FIXTURE(limits)
{
	long max, reserve, nr;
};

FIXTURE_SETUP(limits)
{
	mnt_area();
	mnt_dir(DEV);
	mnt_dir(PTS);
	mnt_dir(PTS2);
	self->max = file_number(PTY_MAX);
	self->reserve = file_number(PTY_RESERVE);
	self->nr = file_number(PTY_NR);
	ASSERT_GT(self->max, 100);
	ASSERT_GE(self->reserve, 0);
	ASSERT_GE(self->nr, 0);
}

FIXTURE_TEARDOWN_PARENT(limits)
{
	file_printf(PTY_MAX, "%ld", self->max);
	file_printf(PTY_RESERVE, "%ld", self->reserve);
}

/* Opens up to @n terminals and keeps them. Returns how many there were. */
static int open_some(const char *ptmx, int n)
{
	int opened;

	for (opened = 0; opened < n; opened++)
		if (pty_open(ptmx) < 0)
			break;
	must(opened == n || errno == ENOSPC);
	return opened;
}

TEST_F(limits, max_of_an_instance_and_one_more)
{
	int fd;

	ASSERT_EQ(0, pts_mount(PTS, "max=3"));
	ASSERT_EQ(0, pts_mount(PTS2, NULL));
	EXPECT_EQ(2, open_some(PTS "/ptmx", 2));
	fd = pty_open(PTS "/ptmx");
	EXPECT_EQ(2, pty_number(fd));
	EXPECT_EQ(-ENOSPC, pty_open(PTS "/ptmx"));
	EXPECT_FALSE(pts_has(PTS, 3));
	/* Next door there is room. */
	EXPECT_EQ(4, open_some(PTS2 "/ptmx", 4));
	/* One that goes makes room for one. */
	close(fd);
	EXPECT_EQ(1, open_some(PTS "/ptmx", 2));
}

/* In mainline max=0 is not "none": it is no limit at all. */
TEST_F(limits, one_is_the_smallest_max_and_zero_is_no_limit)
{
	ASSERT_EQ(0, pts_mount(PTS, "max=1"));
	EXPECT_EQ(1, open_some(PTS "/ptmx", 2));
	ASSERT_EQ(0, pts_mount(PTS2, "max=0"));
	EXPECT_EQ(5, open_some(PTS2 "/ptmx", 5));
}

TEST_F(limits, a_refused_terminal_is_not_counted)
{
	ASSERT_EQ(0, pts_mount(PTS, "max=2"));
	EXPECT_EQ(2, open_some(PTS "/ptmx", 2));
	EXPECT_EQ(self->nr + 2, file_number(PTY_NR));
	for (int i = 0; i < 10; i++)
		EXPECT_EQ(-ENOSPC, pty_open(PTS "/ptmx"));
	EXPECT_EQ(self->nr + 2, file_number(PTY_NR));
}

TEST_F(limits, lowering_max_closes_nothing)
{
	int fd;

	ASSERT_EQ(0, pts_mount(PTS, NULL));
	fd = pty_open(PTS "/ptmx");
	EXPECT_EQ(3, open_some(PTS "/ptmx", 3));
	ASSERT_EQ(0, mnt_error(mount(NULL, PTS, NULL, MS_REMOUNT, "max=1")));
	EXPECT_TRUE(pts_has(PTS, 3));
	EXPECT_EQ(-ENOSPC, pty_open(PTS "/ptmx"));
	/* The limit is on the number: 0 is free, though three are open. */
	close(fd);
	EXPECT_EQ(0, pty_number(pty_open(PTS "/ptmx")));
	EXPECT_EQ(-ENOSPC, pty_open(PTS "/ptmx"));
}

TEST_F(limits, nr_counts_the_terminals_of_all_instances)
{
	int fd;

	ASSERT_EQ(0, pts_mount(PTS, NULL));
	ASSERT_EQ(0, pts_mount(PTS2, NULL));
	EXPECT_EQ(2, open_some(PTS "/ptmx", 2));
	fd = pty_open(PTS2 "/ptmx");
	ASSERT_GE(fd, 0);
	EXPECT_EQ(self->nr + 3, file_number(PTY_NR));
	close(fd);
	EXPECT_EQ(self->nr + 2, file_number(PTY_NR));
}

TEST_F(limits, nr_is_back_when_the_openers_are_dead)
{
	pid_t pid;

	ASSERT_EQ(0, pts_mount(PTS, NULL));
	pid = proc_fork_bound(0);
	if (!pid) {
		must(open_some(PTS "/ptmx", 5) == 5);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(self->nr, file_number(PTY_NR));
}

/*
 * The document's "global limit" of 4096 terminals is in mainline the number
 * that is never reached: with max = N there are N - 1.
 */
TEST_F(limits, kernel_pty_max_bounds_all_instances_together)
{
	int first, second, more;
	long nr;

	ASSERT_EQ(0, pts_mount(PTS, NULL));
	ASSERT_EQ(0, pts_mount(PTS2, NULL));
	must(!file_write(PTY_RESERVE, "0"));
	must(!file_printf(PTY_MAX, "%ld", self->nr + 6));
	first = open_some(PTS "/ptmx", 3);
	second = open_some(PTS2 "/ptmx", 10);
	nr = file_number(PTY_NR);
	must(!file_printf(PTY_MAX, "%ld", self->nr + 8));
	more = open_some(PTS "/ptmx", 10);
	must(!file_printf(PTY_MAX, "%ld", self->max));
	must(!file_printf(PTY_RESERVE, "%ld", self->reserve));
	EXPECT_EQ(3, first);
	EXPECT_EQ(2, second);
	EXPECT_EQ(self->nr + 5, nr);
	EXPECT_EQ(2, more);
}

/* "reserved for filesystems mounted from the initial mount namespace" */
TEST_F(limits, the_reserve_is_for_the_initial_mount_namespace)
{
	int initial = ns_open(1, "mnt"), own = ns_open(0, "mnt");
	int others, reserved, fs, tree, fd;

	ASSERT_EQ(0, pts_mount(PTS, NULL));
	/* Made there, so it is one of those; attached here, to be reached. */
	must(!ns_enter(initial, CLONE_NEWNS));
	fs = mnt_fsopen("devpts");
	must(fs >= 0);
	must(!mnt_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	must(!ns_enter(own, CLONE_NEWNS));
	tree = mnt_fsmount(fs, 0, 0);
	must(tree >= 0);
	must(!file_write(PTY_RESERVE, "4"));
	must(!file_printf(PTY_MAX, "%ld", self->nr + 8));
	others = open_some(PTS "/ptmx", 20);
	for (reserved = 0; reserved < 20; reserved++) {
		fd = openat(tree, "ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
		if (fd < 0)
			break;
	}
	must(!file_printf(PTY_MAX, "%ld", self->max));
	must(!file_printf(PTY_RESERVE, "%ld", self->reserve));
	EXPECT_EQ(3, others);
	EXPECT_EQ(4, reserved);
}

TEST_F(limits, a_limit_below_what_is_open_lets_nobody_in)
{
	int none;

	ASSERT_EQ(0, pts_mount(PTS, NULL));
	EXPECT_EQ(3, open_some(PTS "/ptmx", 3));
	must(!file_write(PTY_MAX, "1"));
	none = open_some(PTS "/ptmx", 1);
	must(!file_printf(PTY_MAX, "%ld", self->max));
	EXPECT_EQ(0, none);
	EXPECT_TRUE(pts_has(PTS, 2));
	EXPECT_EQ(1, open_some(PTS "/ptmx", 1));
}

TEST_F(limits, malformed_sysctls_are_refused)
{
	static const char * const file[] = { PTY_MAX, PTY_RESERVE };

	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(-EINVAL, file_write(file[i], "-1"));
		EXPECT_EQ(-EINVAL, file_write(file[i], "many"));
		EXPECT_EQ(-EINVAL, file_write(file[i], "2147483648"));
	}
	EXPECT_EQ(0, access(PTY_NR, F_OK));
	EXPECT_EQ(self->max, file_number(PTY_MAX));
	EXPECT_EQ(self->reserve, file_number(PTY_RESERVE));
}

TEST_F(limits, the_sysctls_are_for_root)
{
	pid_t pid = proc_fork_bound(0);
	int userns = mnt_userns(0, 10000, 10);

	if (!pid) {
		proc_become_nobody();
		must(file_write(PTY_MAX, "10") == -EACCES);
		must(file_write(PTY_RESERVE, "10") == -EACCES);
		must(file_write(PTY_NR, "10") == -EACCES);
		must(file_number(PTY_MAX) > 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	pid = proc_fork_bound(0);
	if (!pid) {
		mnt_become_root_of(userns);
		must(file_write(PTY_MAX, "10") == -EACCES);
		must(file_write(PTY_RESERVE, "10") == -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(self->max, file_number(PTY_MAX));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/PID/timens_offsets: what it says, what may be written, by whom, and
 * until when.
 *
 * Promises from time_namespaces(7), "/proc/pid/timens_offsets".
 */
#include "timens.h"
#include "cap.h"
#include "userns.h"

/* The test's children will be in a new namespace, the test is not. */
FIXTURE(offsets)
{
};

FIXTURE_SETUP(offsets)
{
	ASSERT_EQ(0, unshare(CLONE_NEWTIME));
}

FIXTURE_TEARDOWN(offsets)
{
}

static bool offsets_are(long mono, long boot)
{
	return offset_of(0, "monotonic") == mono && offset_of(0, "boottime") == boot;
}

TEST_F(offsets, there_is_none_at_first)
{
	char text[128];

	ASSERT_GT(file_read(OFFSETS, text, sizeof(text)), 0);
	EXPECT_STREQ("monotonic           0         0\n"
		     "boottime            0         0", text);
}

TEST_F(offsets, the_initial_namespace_has_none)
{
	pid_t init = 1;

	EXPECT_EQ(0, offset_of(init, "monotonic"));
	EXPECT_EQ(0, offset_of(init, "boottime"));
}

TEST_F(offsets, what_is_written_is_read)
{
	char text[128];

	EXPECT_EQ(0, file_write(OFFSETS, "monotonic 86400 1\nboottime 604800 999999999\n"));
	ASSERT_GT(file_read(OFFSETS, text, sizeof(text)), 0);
	EXPECT_STREQ("monotonic       86400         1\n"
		     "boottime       604800 999999999", text);
}

TEST_F(offsets, one_clock_can_be_written_alone)
{
	EXPECT_EQ(0, file_write(OFFSETS, "monotonic 10 0"));
	EXPECT_TRUE(offsets_are(10 * SEC, 0));
	EXPECT_EQ(0, file_write(OFFSETS, "boottime 20 0"));
	EXPECT_TRUE(offsets_are(10 * SEC, 20 * SEC));
	/* Again, as long as nobody is in the namespace. */
	EXPECT_EQ(0, file_write(OFFSETS, "monotonic 0 5\n"));
	EXPECT_TRUE(offsets_are(5, 20 * SEC));
}

TEST_F(offsets, the_order_is_free)
{
	EXPECT_EQ(0, file_write(OFFSETS, "boottime 20 0\nmonotonic 10 0"));
	EXPECT_TRUE(offsets_are(10 * SEC, 20 * SEC));
}

TEST_F(offsets, clocks_have_numbers_too)
{
	EXPECT_EQ(0, file_write(OFFSETS, "1 10 0\n7 20 0\n"));
	EXPECT_TRUE(offsets_are(10 * SEC, 20 * SEC));
}

TEST_F(offsets, malformed_lines_are_refused)
{
	static const char * const bad[] = {
		"\n", " ", "monotonic", "monotonic 1", "monotonic x 0",
		"monotonic 1 x", "monotonic 1.5 0", "monotonic 0 1000000000",
		"monotonic 0 -1", "monotonicc 1 0", "mono 1 0", "realtime 1 0",
		"0 1 0", "2 1 0", "3 1 0", "6 1 0", "9 1 0", "11 1 0", "-1 1 0",
		"\nmonotonic 1 0", "MONOTONIC 1 0",
		/* The first line is good, but it is one write. */
		"monotonic 1 0\nboottime", "monotonic 1 0\nrealtime 1 0\n",
		"monotonic 1 0\nboottime 1 1000000000\n", "monotonic 1 0\n\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, file_write(OFFSETS, bad[i]))
			TH_LOG("'%s'", bad[i]);
	}
	EXPECT_TRUE(offsets_are(0, 0));
}

TEST_F(offsets, a_write_is_for_the_beginning_and_less_than_a_page)
{
	int fd = open(OFFSETS, O_RDWR | O_CLOEXEC);
	char text[4096] = "monotonic 1 0\n";

	ASSERT_GE(fd, 0);
	ASSERT_EQ(1, lseek(fd, 1, SEEK_SET));
	EXPECT_EQ(-1, write(fd, text, strlen(text)));
	EXPECT_EQ(EINVAL, errno);
	ASSERT_EQ(0, lseek(fd, 0, SEEK_SET));
	memset(text + strlen(text), ' ', sizeof(text) - strlen(text));
	EXPECT_EQ(-1, write(fd, text, sizeof(text)));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, syscall(SYS_write, fd, NULL, 10));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_TRUE(offsets_are(0, 0));
	close(fd);
}

/* There are two clocks: what follows is left to the next write. */
TEST_F(offsets, a_write_takes_two_lines)
{
	const char *text = "monotonic 1 0\nmonotonic 2 0\nboottime 3 0\n";
	int fd = open(OFFSETS, O_WRONLY | O_CLOEXEC);

	ASSERT_GE(fd, 0);
	EXPECT_EQ(28, write(fd, text, strlen(text)));
	EXPECT_TRUE(offsets_are(2 * SEC, 0));
	close(fd);
}

TEST_F(offsets, what_makes_a_clock_negative_is_refused)
{
	long mono = now(CLOCK_MONOTONIC), boot = now(CLOCK_BOOTTIME);

	EXPECT_EQ(-ERANGE, set_offset("monotonic", -mono - 100 * SEC));
	EXPECT_EQ(-ERANGE, set_offset("boottime", -boot - 100 * SEC));
	/* And nothing of such a write is taken. */
	EXPECT_EQ(-ERANGE, file_write(OFFSETS, "monotonic 5 0\nboottime -1000000 0\n"));
	EXPECT_TRUE(offsets_are(0, 0));
	EXPECT_EQ(0, set_offset("monotonic", -mono));
	EXPECT_EQ(0, set_offset("boottime", -boot));
	EXPECT_TRUE(offsets_are(-mono, -boot));
}

/* The clock's sum is to be half of what it can hold at most: 146 years. */
TEST_F(offsets, what_a_clock_cannot_reach_is_refused)
{
	static const char * const bad[] = {
		"4611686019 0", "9223372036 0", "9223372037 0", "-9223372037 0",
		"9223372036854775807 0", "-9223372036854775808 0",
	};
	char text[64];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(text, sizeof(text), "monotonic %s", bad[i]);
		EXPECT_EQ(-ERANGE, file_write(OFFSETS, text))
			TH_LOG("'%s'", text);
		snprintf(text, sizeof(text), "boottime %s", bad[i]);
		EXPECT_EQ(-ERANGE, file_write(OFFSETS, text))
			TH_LOG("'%s'", text);
	}
	EXPECT_TRUE(offsets_are(0, 0));
	EXPECT_EQ(0, file_write(OFFSETS, "monotonic 4611600000 0"));
	EXPECT_EQ(0, file_write(OFFSETS, "boottime 4611600000 999999999"));
}

/* The file of another process is about that one's children. */
TEST_F(offsets, a_process_can_be_given_its_offsets)
{
	struct baton up = baton_make(), go = baton_make();
	pid_t pid = proc_fork_bound(0);
	char path[64];

	if (!pid) {
		must(!unshare(CLONE_NEWTIME));
		baton_pass(&up, 0);
		baton_take(&go);
		must(offsets_are(1000 * SEC, 0));
		pid = fork();
		if (!pid)
			_exit(now(CLOCK_MONOTONIC) >= 1000 * SEC ? 0 : 1);
		_exit(proc_end(pid));
	}
	baton_take(&up);
	snprintf(path, sizeof(path), "/proc/%d/timens_offsets", pid);
	ASSERT_EQ(0, file_write(path, "monotonic 1000 0"));
	EXPECT_EQ(1000 * SEC, offset_of(pid, "monotonic"));
	EXPECT_TRUE(offsets_are(0, 0));
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(offsets, a_process_that_is_gone_has_none)
{
	pid_t pid = fork();
	char path[64], text[64];
	int fd;

	if (!pid)
		proc_sleep_forever();
	snprintf(path, sizeof(path), "/proc/%d/timens_offsets", pid);
	fd = open(path, O_RDWR | O_CLOEXEC);
	ASSERT_GE(fd, 0);
	proc_kill(pid);
	EXPECT_EQ(-1, read(fd, text, sizeof(text)));
	EXPECT_EQ(ESRCH, errno);
	EXPECT_EQ(-1, write(fd, "monotonic 1 0", 13));
	EXPECT_EQ(ESRCH, errno);
	close(fd);
}

TEST_F(offsets, without_cap_sys_time_it_is_refused)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!unshare(CLONE_NEWTIME));
		cap_drop(CAP_SYS_TIME);
		must(file_write(OFFSETS, "monotonic 1 0") == -EPERM);
		must(offsets_are(0, 0));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(offsets, cap_sys_time_is_enough)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!unshare(CLONE_NEWTIME));
		cap_keep(CAP_BIT(CAP_SYS_TIME));
		must(!file_write(OFFSETS, "monotonic 1 0"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(offsets, another_users_file_cannot_be_opened)
{
	char path[64];
	pid_t pid = proc_fork_bound(0);

	snprintf(path, sizeof(path), "/proc/%d/timens_offsets", getppid());
	if (!pid) {
		proc_become_nobody();
		must(file_write(path, "monotonic 1 0") == -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(offsets, without_privilege_they_come_with_a_user_namespace)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(!unshare(CLONE_NEWUSER | CLONE_NEWTIME));
		must(!file_write(OFFSETS, "monotonic 1000 0"));
		pid = fork();
		if (!pid)
			_exit(now(CLOCK_MONOTONIC) >= 1000 * SEC ? 0 : 1);
		_exit(proc_end(pid));
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* CAP_SYS_TIME is asked for in the user namespace that owns the time namespace. */
TEST_F(offsets, root_of_a_user_namespace_below_is_refused)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!unshare(CLONE_NEWTIME));
		must(!ns_become_user_root());
		must(file_write(OFFSETS, "monotonic 1 0") == -EPERM);
		must(!unshare(CLONE_NEWTIME));
		must(!file_write(OFFSETS, "monotonic 1 0"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* The capability is who opened the file's, so nobody is talked into writing. */
TEST_F(offsets, it_is_the_opener_who_needs_the_capability)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		int good = open(OFFSETS, O_WRONLY | O_CLOEXEC), bad;
		uint64_t all = cap_mine("CapPrm");

		must(!unshare(CLONE_NEWTIME));
		must(!cap_set(all & ~CAP_BIT(CAP_SYS_TIME), all, 0));
		must(write(good, "monotonic 1 0", 13) == 13);
		bad = open(OFFSETS, O_WRONLY | O_CLOEXEC);
		must(!cap_set(all, all, 0));
		must(write(bad, "monotonic 2 0", 13) == -1 && errno == EPERM);
		must(offsets_are(SEC, 0));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(the_initial_namespace_s_are_not_to_be_written)
{
	if (!same_ns(ns_open(0, "time_for_children"), ns_open(1, "time")))
		SKIP(return, "the test is not in init's time namespace");
	EXPECT_EQ(-EACCES, file_write(OFFSETS, "monotonic 1 0"));
	EXPECT_EQ(-EACCES, file_write(OFFSETS, "monotonic 0 0"));
	EXPECT_TRUE(offsets_are(0, 0));
}

/*
 * The document promises it without a condition. Up to Linux 7.3 at least, offsets are frozen along with the vvar page for the
 * vdso being filled in, and so never where there is none
 * (CONFIG_TIME_NS_VDSO=n, since 7.0): clocks of running processes can be moved.
 */
static bool offsets_can_freeze(void)
{
	char line[512];
	bool found = false;
	FILE *f = fopen("/proc/self/maps", "re");

	must(f);
	while (fgets(line, sizeof(line), f))
		found |= !!strstr(line, "[vvar]");
	fclose(f);
	return found;
}

/* What the end of the tests below is: too late. */
#define EXPECT_FROZEN(err) do {						\
	int result = (err);						\
									\
	if (!result && !offsets_can_freeze())				\
		SKIP(return, "mended by base-fixes: never frozen without a vvar page"); \
	EXPECT_EQ(-EACCES, result);					\
	EXPECT_TRUE(offsets_are(SEC, 0));				\
} while (0)

TEST_F(offsets, the_first_child_freezes_them)
{
	pid_t pid;

	ASSERT_EQ(0, file_write(OFFSETS, "monotonic 1 0"));
	pid = proc_fork_bound(0);
	if (!pid)
		proc_sleep_forever();
	EXPECT_FROZEN(file_write(OFFSETS, "monotonic 2 0"));
	EXPECT_FROZEN(file_write(OFFSETS, "boottime 2 0"));
	/* For good, also when nobody is left. */
	proc_kill(pid);
	EXPECT_FROZEN(file_write(OFFSETS, "monotonic 2 0"));
	/* What is wrong in itself is told first. */
	EXPECT_EQ(-EINVAL, file_write(OFFSETS, "monotonic x 0"));
}

TEST_F(offsets, setns_freezes_them)
{
	pid_t pid;
	int ns;

	ASSERT_EQ(0, file_write(OFFSETS, "monotonic 1 0"));
	ns = ns_open(0, "time_for_children");
	ASSERT_EQ(0, ns_enter(ns, CLONE_NEWTIME));
	EXPECT_FROZEN(file_write(OFFSETS, "monotonic 2 0"));
	/* A copy of them is free again. */
	ASSERT_EQ(0, unshare(CLONE_NEWTIME));
	EXPECT_TRUE(offsets_are(SEC, 0));
	EXPECT_EQ(0, file_write(OFFSETS, "monotonic 2 0"));
	pid = fork();
	if (!pid)
		_exit(0);
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(offsets, vfork_does_not_freeze_them)
{
	pid_t pid = vfork();

	if (!pid)
		_exit(0);
	ASSERT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, file_write(OFFSETS, "monotonic 1 0"));
	EXPECT_TRUE(offsets_are(SEC, 0));
}

/* A program that is executed is in the namespace, as the first one. */
TEST_F(offsets, an_exec_freezes_them)
{
	pid_t pid = proc_fork_bound(0);
	int err;

	if (!pid) {
		must(!unshare(CLONE_NEWTIME));
		must(!file_write(OFFSETS, "monotonic 1 0"));
		must(!file_write(OFFSETS, "monotonic 2 0"));
		execl("/proc/self/exe", "timens_offsets", "--write", NULL);
		_exit(1);
	}
	err = -proc_end(pid);
	if (!err && !offsets_can_freeze())
		SKIP(return, "mended by base-fixes: never frozen without a vvar page");
	EXPECT_EQ(-EACCES, err);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--write"))
		return -file_write(OFFSETS, "monotonic 3 0");
	return test_harness_run(argc, argv);
}

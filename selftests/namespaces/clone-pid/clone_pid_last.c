// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/sys/kernel/ns_last_pid, the older way to choose the next number: one
 * level, no promise against others who fork meanwhile, and what it takes.
 *
 * Promises from proc_sys_kernel(5), pid_namespaces(7), capabilities(7) and
 * Documentation/admin-guide/sysctl/kernel.rst.
 */
#include "clone_pid.h"

FIXTURE(last)
{
};

FIXTURE_SETUP(last)
{
	if (access(LAST_PID, F_OK))
		SKIP(return, "no " LAST_PID " (CONFIG_CHECKPOINT_RESTORE)");
}

FIXTURE_TEARDOWN(last)
{
}

/* A harness's SKIP in the setup does not keep the test from running (6.12). */
#define NEEDS_LAST_PID() do {						\
	if (_metadata->exit_code == KSFT_SKIP)				\
		return;							\
} while (0)

TEST_F(last, the_next_number_is_one_more)
{
	pid_t init;

	NEEDS_LAST_PID();
	init = proc_fork_bound(CLONE_NEWPID);
	if (!init) {
		must(!file_write(LAST_PID, "5000"));
		must(file_number(LAST_PID) == 5000);
		for (int n = 5001; n < 5005; n++) {
			must(spend_a_number() == n);
			must(file_number(LAST_PID) == n);
		}
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

TEST_F(last, it_can_go_back_and_passes_over_what_is_taken)
{
	pid_t init;

	NEEDS_LAST_PID();
	init = proc_fork_bound(CLONE_NEWPID);
	if (!init) {
		must(sleeper_as(400) == 400);
		must(sleeper_as(401) == 401);
		must(!file_write(LAST_PID, "9000"));
		must(spend_a_number() == 9001);
		must(!file_write(LAST_PID, "399"));
		must(spend_a_number() == 402);
		/* From the very beginning: init is 1, so 2 is the first. */
		must(!file_write(LAST_PID, "0"));
		must(file_number(LAST_PID) == 0);
		must(spend_a_number() == 2);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

TEST_F(last, a_chosen_number_is_not_the_last_one)
{
	pid_t init;

	NEEDS_LAST_PID();
	init = proc_fork_bound(CLONE_NEWPID);
	if (!init) {
		must(try_number(7000) == 7000);
		must(file_number(LAST_PID) == 1);
		must(spend_a_number() == 2);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

TEST_F(last, at_the_end_numbers_wrap_to_the_first_unreserved)
{
	pid_t init;

	NEEDS_LAST_PID();
	init = proc_fork_bound(CLONE_NEWPID);
	if (!init) {
		long max = file_number(PID_MAX);

		must(!file_printf(LAST_PID, "%ld", max - 2));
		must(spend_a_number() == max - 1);
		must(spend_a_number() == RESERVED_PIDS);
		must(!file_printf(LAST_PID, "%ld", max - 1));
		must(spend_a_number() == RESERVED_PIDS);
		must(!file_printf(LAST_PID, "%ld", max));
		must(spend_a_number() == RESERVED_PIDS);
		/* The reserved ones are there for who asks for them. */
		must(try_number(RESERVED_PIDS - 1) == RESERVED_PIDS - 1);
		must(try_number(2) == 2);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

TEST_F(last, nonsense_is_refused_and_changes_nothing)
{
	pid_t init;

	NEEDS_LAST_PID();
	init = proc_fork_bound(CLONE_NEWPID);
	if (!init) {
		long max = file_number(PID_MAX);

		must(!file_write(LAST_PID, "600"));
		must(file_write(LAST_PID, "-1") == -EINVAL);
		must(file_write(LAST_PID, "abc") == -EINVAL);
		must(file_write(LAST_PID, "7x") == -EINVAL);
		must(file_write(LAST_PID, "99999999999999999999") == -EINVAL);
		must(file_printf(LAST_PID, "%ld", max + 1) == -EINVAL);
		must(file_number(LAST_PID) == 600);
		must(spend_a_number() == 601);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

TEST_F(last, each_level_has_its_own)
{
	pid_t init;

	NEEDS_LAST_PID();
	init = proc_fork_bound(CLONE_NEWPID);
	if (!init) {
		pid_t pid, nr[MAX_DEPTH + 1];
		size_t n;

		must(!file_write(LAST_PID, "800"));
		pid = proc_fork(CLONE_NEWPID);
		if (!pid) {
			must(file_number(LAST_PID) == 1);
			must(!file_write(LAST_PID, "900"));
			pid = fork();
			if (!pid) {
				n = own_numbers("/proc", nr, MAX_DEPTH + 1);
				must(nr[n - 1] == 901 && nr[n - 2] == 802);
				_exit(0);
			}
			must(pid == 901);
			_exit(proc_end(pid));
		}
		must(pid == 801 && proc_end(pid) == 0);
		must(file_number(LAST_PID) == 802);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

/* It is the writer's namespace that counts: no descriptor reaches another. */
TEST_F(last, an_inherited_descriptor_writes_to_the_namespace_of_its_writer)
{
	long before, after;
	pid_t init;
	int fd;

	NEEDS_LAST_PID();
	fd = open(LAST_PID, O_RDWR | O_CLOEXEC);
	ASSERT_GE(fd, 0);
	before = file_number(LAST_PID);
	init = proc_fork_bound(CLONE_NEWPID);
	if (!init) {
		must(write(fd, "20000", 5) == 5);
		must(spend_a_number() == 20001);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
	after = file_number(LAST_PID);
	EXPECT_GT(after, before);
	EXPECT_LT(after, before + 10);
}

/* Who has unshared still lives where it was; only its children do not. */
TEST_F(last, unshare_and_setns_do_not_take_the_writer_along)
{
	pid_t init;

	NEEDS_LAST_PID();
	init = proc_fork_bound(CLONE_NEWPID);
	if (!init) {
		pid_t pid;

		must(!file_write(LAST_PID, "1000"));
		must(!unshare(CLONE_NEWPID));
		must(file_number(LAST_PID) == 1000);
		must(!file_write(LAST_PID, "2000"));
		pid = fork();
		if (!pid) {
			must(getpid() == 1 && file_number(LAST_PID) == 1);
			_exit(0);
		}
		must(pid == 2001 && proc_end(pid) == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

TEST_F(last, everybody_reads_and_only_the_privileged_write)
{
	pid_t init;

	NEEDS_LAST_PID();
	init = proc_fork_bound(CLONE_NEWPID);
	if (!init) {
		pid_t pid = fork();

		if (!pid) {
			proc_become_nobody();
			must(file_number(LAST_PID) == 2);
			must(file_write(LAST_PID, "2") == -EPERM);
			must(file_write(LAST_PID, "5000") == -EPERM);
			must(file_write(LAST_PID, "abc") == -EPERM);
			_exit(0);
		}
		must(proc_end(pid) == 0);
		must(file_number(LAST_PID) == 2);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

TEST_F(last, a_descriptor_opened_by_root_gives_no_privilege)
{
	pid_t init;

	NEEDS_LAST_PID();
	init = proc_fork_bound(CLONE_NEWPID);
	if (!init) {
		int fd = open(LAST_PID, O_RDWR | O_CLOEXEC);
		char text[16];

		must(fd >= 0);
		proc_become_nobody();
		must(write(fd, "5000", 4) == -1 && errno == EPERM);
		must(pread(fd, text, sizeof(text), 0) > 0 && atoi(text) == 1);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

TEST_F(last, root_of_a_user_namespace_writes_in_its_own_pid_namespace_only)
{
	pid_t init;

	NEEDS_LAST_PID();
	init = proc_fork_bound(CLONE_NEWPID);
	if (!init) {
		must(!ns_become_user_root());
		must(file_write(LAST_PID, "99") == -EPERM);
		init = proc_fork(CLONE_NEWPID);
		if (!init) {
			must(!file_write(LAST_PID, "99"));
			must(spend_a_number() == 100);
			/* One user namespace further down it is lost again. */
			must(!ns_become_user_root());
			must(file_write(LAST_PID, "99") == -EPERM);
			_exit(0);
		}
		must(proc_end(init) == 0);
		/* Three more were born since, here numbered from 2. */
		must(file_number(LAST_PID) == 3);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

TEST_HARNESS_MAIN

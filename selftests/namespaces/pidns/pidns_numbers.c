// SPDX-License-Identifier: GPL-2.0
/*
 * The numbers themselves: which comes next, how many there are, how they are
 * translated between namespaces, and what cannot be named at all.
 *
 * Promises from pid_namespaces(7), proc_sys_kernel(5), ioctl_nsfs(2),
 * pidfd_open(2), ioctl_pidfd(2).
 */
#include "kselftest_harness.h"
#include <linux/nsfs.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include "ns.h"
#include "proc.h"

#define LAST_PID	"/proc/sys/kernel/ns_last_pid"
#define PID_MAX		"/proc/sys/kernel/pid_max"

/* alloc_pid(): after a wrap, numbers start here. */
#define RESERVED_PIDS	300

/* From <linux/pidfd.h>, which no program can have together with <fcntl.h>. */
struct pidfd_info_v0 {
	uint64_t mask, cgroupid;
	uint32_t pid, tgid, ppid;
	uint32_t ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
	int32_t exit_code;
};
#define PIDFD_GET_INFO_V0	_IOWR(0xFF, 11, struct pidfd_info_v0)
#define PIDFD_INFO_PID_V0	1

#ifndef NS_GET_PID_FROM_PIDNS
#define NS_GET_PID_FROM_PIDNS	_IOR(NSIO, 0x6, int)
#define NS_GET_TGID_FROM_PIDNS	_IOR(NSIO, 0x7, int)
#define NS_GET_PID_IN_PIDNS	_IOR(NSIO, 0x8, int)
#define NS_GET_TGID_IN_PIDNS	_IOR(NSIO, 0x9, int)
#endif

/* Starts a process that ends at once; returns its number. */
static pid_t spend_a_number(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	if (pid > 0)
		must(proc_end(pid) == 0);
	return pid;
}

TEST(numbers_count_up)
{
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		/* A number that has become free is not the next. */
		for (int n = 2; n < 40; n++)
			must(spend_a_number() == n);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

TEST(ns_last_pid_is_the_namespaces_own)
{
	pid_t init;

	if (access(LAST_PID, F_OK))
		SKIP(return, "no " LAST_PID);
	init = proc_fork_bound(CLONE_NEWPID);
	if (!init) {
		must(file_number(LAST_PID) == 1);
		must(spend_a_number() == 2);
		must(file_number(LAST_PID) == 2);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

TEST(ns_last_pid_sets_the_next_number)
{
	long before, after;
	pid_t init;

	if (access(LAST_PID, F_OK))
		SKIP(return, "no " LAST_PID);
	before = file_number(LAST_PID);
	init = proc_fork_bound(CLONE_NEWPID);
	if (!init) {
		must(!file_write(LAST_PID, "23999"));
		must(spend_a_number() == 24000);
		must(!file_write(LAST_PID, "99"));
		must(spend_a_number() == 100);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
	/* The namespace above has gone on as ever. */
	after = file_number(LAST_PID);
	EXPECT_GT(after, before);
	EXPECT_LE(after, before + 10);
}

TEST(ns_last_pid_needs_privilege_over_the_namespace)
{
	pid_t init;

	if (access(LAST_PID, F_OK))
		SKIP(return, "no " LAST_PID);
	init = proc_fork_bound(CLONE_NEWPID);
	if (!init) {
		proc_become_nobody();
		must(file_write(LAST_PID, "99") == -EPERM);
		must(!ns_become_user_root());
		must(file_write(LAST_PID, "99") == -EPERM);
		/* Root of the user namespace that owns it is enough. */
		init = proc_fork(CLONE_NEWPID);
		if (!init) {
			must(!file_write(LAST_PID, "99"));
			must(spend_a_number() == 100);
			_exit(0);
		}
		_exit(proc_end(init));
	}
	EXPECT_EQ(0, proc_end(init));
}

/*
 * Namespaces with a pid_max of their own. Where the sysctl is one for all, the
 * value is put back and the test skipped.
 */
FIXTURE(pid_max)
{
	long outside;
};

FIXTURE_SETUP(pid_max)
{
	pid_t init;
	int own;

	self->outside = file_number(PID_MAX);
	ASSERT_GT(self->outside, 1000);
	init = proc_fork_bound(CLONE_NEWPID);
	if (!init)
		_exit(file_printf(PID_MAX, "%ld", self->outside - 1) ? 1 : 0);
	ASSERT_EQ(0, proc_end(init));
	own = file_number(PID_MAX) == self->outside;
	if (!own)
		ASSERT_EQ(0, file_printf(PID_MAX, "%ld", self->outside));
	if (!own)
		SKIP(return, "kernel.pid_max is one for all namespaces (before Linux 6.14)");
}

FIXTURE_TEARDOWN(pid_max)
{
}

/* A harness's SKIP in the setup does not keep the test from running (6.12). */
#define NEEDS_OWN_PID_MAX() do {					\
	if (_metadata->exit_code == KSFT_SKIP)				\
		return;							\
} while (0)

TEST_F(pid_max, belongs_to_the_namespace)
{
	pid_t init;

	NEEDS_OWN_PID_MAX();
	init = proc_fork_bound(CLONE_NEWPID);
	if (!init) {
		must(!file_write(PID_MAX, "500"));
		must(file_number(PID_MAX) == 500);
		init = proc_fork(CLONE_NEWPID);
		if (!init) {
			must(!file_write(PID_MAX, "600"));
			must(file_number(PID_MAX) == 600);
			_exit(0);
		}
		must(proc_end(init) == 0);
		must(file_number(PID_MAX) == 500);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
	EXPECT_EQ(self->outside, file_number(PID_MAX));
}

TEST_F(pid_max, numbers_wrap_below_it_and_are_used_again)
{
	pid_t init;

	NEEDS_OWN_PID_MAX();
	init = proc_fork_bound(CLONE_NEWPID);
	if (!init) {
		must(!file_write(PID_MAX, "310"));
		must(!file_write(LAST_PID, "305"));
		for (int round = 0; round < 3; round++)
			for (int n = round ? RESERVED_PIDS : 306; n < 310; n++)
				must(spend_a_number() == n);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

TEST_F(pid_max, numbers_in_use_are_passed_over)
{
	pid_t init;

	NEEDS_OWN_PID_MAX();
	init = proc_fork_bound(CLONE_NEWPID);
	if (!init) {
		pid_t stays;

		must(!file_write(PID_MAX, "310"));
		must(!file_write(LAST_PID, "307"));
		stays = fork();
		if (!stays)
			proc_sleep_forever();
		must(stays == 308);
		must(spend_a_number() == 309);
		for (int n = RESERVED_PIDS; n < 308; n++)
			must(spend_a_number() == n);
		must(spend_a_number() == 309);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

TEST_F(pid_max, when_all_are_used_fork_fails_and_recovers)
{
	pid_t init;

	NEEDS_OWN_PID_MAX();
	init = proc_fork_bound(CLONE_NEWPID);
	if (!init) {
		pid_t pid, last = 0;
		int n = 0;

		must(!file_write(PID_MAX, "310"));
		must(!file_write(LAST_PID, "299"));
		for (;; n++) {
			pid = proc_fork(0);
			if (!pid)
				proc_sleep_forever();
			if (pid < 0)
				break;
			must(pid >= RESERVED_PIDS && pid < 310);
			last = pid;
		}
		must(n == 10);
		must(pid == -EAGAIN);
		must(proc_kill(last) == -SIGKILL);
		must(spend_a_number() == last);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

TEST_F(pid_max, a_limit_above_binds_below)
{
	pid_t init;

	NEEDS_OWN_PID_MAX();
	init = proc_fork_bound(CLONE_NEWPID);
	if (!init) {
		must(!file_write(PID_MAX, "310"));
		must(!file_write(LAST_PID, "299"));
		init = proc_fork(CLONE_NEWPID);
		if (!init) {
			pid_t pid;
			int n = 0;

			must(!file_write(PID_MAX, "1000"));
			while ((pid = proc_fork(0)) > 0)
				n++;
			if (!pid)
				proc_sleep_forever();
			/* 300 above is this init; nine are left there. */
			must(pid == -EAGAIN && n == 9);
			_exit(0);
		}
		must(init == RESERVED_PIDS);
		_exit(proc_end(init));
	}
	EXPECT_EQ(0, proc_end(init));
}

TEST_F(pid_max, set_tid_beyond_it_is_refused)
{
	pid_t init;

	NEEDS_OWN_PID_MAX();
	init = proc_fork_bound(CLONE_NEWPID);
	if (!init) {
		pid_t tid = 500, pid;
		struct clone_args args = {
			.exit_signal = SIGCHLD,
			.set_tid = (uintptr_t)&tid,
			.set_tid_size = 1,
		};

		must(!file_write(PID_MAX, "500"));
		must(proc_clone3(&args) == -EINVAL);
		tid = 499;
		pid = proc_clone3(&args);
		if (!pid)
			_exit(0);
		must(pid == 499 && proc_end(pid) == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

TEST_F(pid_max, nonsense_is_refused_and_changes_nothing)
{
	pid_t init;

	NEEDS_OWN_PID_MAX();
	init = proc_fork_bound(CLONE_NEWPID);
	if (!init) {
		must(!file_write(PID_MAX, "500"));
		must(file_write(PID_MAX, "0") == -EINVAL);
		must(file_write(PID_MAX, "-1") == -EINVAL);
		/* Below it no process but the reserved numbers would be left. */
		must(file_write(PID_MAX, "300") == -EINVAL);
		must(file_write(PID_MAX, "4194305") == -EINVAL);
		must(file_write(PID_MAX, "abc") == -EINVAL);
		must(file_number(PID_MAX) == 500);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

/* A namespace with a member that has a second thread. */
FIXTURE(translate)
{
	pid_t init, member, thread;	/* as numbered outside */
	int ns;
	bool ioctls;
};


static int own_number_outside(void)
{
	char text[128];

	must(!file_field("/proc/thread-self/status", "NSpid", text,
			 sizeof(text)));
	return atoi(text);
}

static void *thread_of_member(void *up)
{
	must(syscall(SYS_gettid) == 3);
	baton_pass(up, own_number_outside());
	proc_sleep_forever();
}

FIXTURE_SETUP(translate)
{
	struct baton up = baton_make();

	self->init = proc_fork_bound(CLONE_NEWPID);
	if (!self->init) {
		if (!fork()) {
			pthread_t thread;

			baton_pass(&up, own_number_outside());
			must(!pthread_create(&thread, NULL, thread_of_member,
					     &up));
			proc_sleep_forever();
		}
		proc_sleep_forever();
	}
	self->member = baton_take(&up);
	self->thread = baton_take(&up);
	self->ns = ns_open(self->init, "pid");
	ASSERT_GE(self->ns, 0);
	self->ioctls = ioctl(self->ns, NS_GET_PID_FROM_PIDNS, 1) >= 0 ||
		       errno != ENOTTY;
}

FIXTURE_TEARDOWN(translate)
{
	proc_kill(self->init);
}

#define NEEDS_IOCTLS() do {						\
	if (!self->ioctls)						\
		SKIP(return, "no ioctl NS_GET_PID_FROM_PIDNS (Linux 6.11)"); \
} while (0)

TEST_F(translate, from_a_namespace_to_ours)
{
	NEEDS_IOCTLS();
	EXPECT_EQ(self->init, ioctl(self->ns, NS_GET_PID_FROM_PIDNS, 1));
	EXPECT_EQ(self->member, ioctl(self->ns, NS_GET_PID_FROM_PIDNS, 2));
	EXPECT_EQ(self->thread, ioctl(self->ns, NS_GET_PID_FROM_PIDNS, 3));
}

TEST_F(translate, from_ours_to_a_namespace)
{
	NEEDS_IOCTLS();
	EXPECT_EQ(1, ioctl(self->ns, NS_GET_PID_IN_PIDNS, self->init));
	EXPECT_EQ(2, ioctl(self->ns, NS_GET_PID_IN_PIDNS, self->member));
	EXPECT_EQ(3, ioctl(self->ns, NS_GET_PID_IN_PIDNS, self->thread));
}

TEST_F(translate, a_thread_to_its_process)
{
	NEEDS_IOCTLS();
	EXPECT_EQ(self->member, ioctl(self->ns, NS_GET_TGID_FROM_PIDNS, 3));
	EXPECT_EQ(2, ioctl(self->ns, NS_GET_TGID_IN_PIDNS, self->thread));
}

TEST_F(translate, who_is_not_there_has_no_number)
{
	NEEDS_IOCTLS();
	EXPECT_EQ(-1, ioctl(self->ns, NS_GET_PID_FROM_PIDNS, 77));
	EXPECT_EQ(ESRCH, errno);
	EXPECT_EQ(-1, ioctl(self->ns, NS_GET_PID_IN_PIDNS, getpid()));
	EXPECT_EQ(ESRCH, errno);
	EXPECT_EQ(-1, ioctl(self->ns, NS_GET_TGID_IN_PIDNS, getpid()));
	EXPECT_EQ(ESRCH, errno);
}

TEST_F(translate, only_pid_namespaces_translate)
{
	int uts = ns_open(0, "uts");

	NEEDS_IOCTLS();
	EXPECT_EQ(-1, ioctl(uts, NS_GET_PID_FROM_PIDNS, 1));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(translate, a_pidfds_fdinfo_speaks_the_readers_procs_numbers)
{
	int fd = proc_pidfd(self->member), up = proc_pidfd(getpid());
	char path[64], text[64], expected[64];
	pid_t pid;

	ASSERT_GE(fd, 0);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	ASSERT_EQ(0, file_field(path, "Pid", text, sizeof(text)));
	EXPECT_EQ(self->member, atoi(text));
	ASSERT_EQ(0, file_field(path, "NSpid", text, sizeof(text)));
	snprintf(expected, sizeof(expected), "%d\t2", self->member);
	EXPECT_STREQ(expected, text);

	pid = proc_fork_bound(CLONE_NEWPID);
	if (!pid) {
		must(!ns_mount_proc("own"));
		/* Neither above nor beside us is anybody we could number. */
		snprintf(path, sizeof(path), "own/self/fdinfo/%d", up);
		must(!file_field(path, "Pid", text, sizeof(text)));
		must(!strcmp(text, "0"));
		snprintf(path, sizeof(path), "own/self/fdinfo/%d", fd);
		must(!file_field(path, "Pid", text, sizeof(text)));
		must(!strcmp(text, "0"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(translate, pidfd_info_speaks_the_callers_numbers)
{
	int fd = proc_pidfd(self->member), up = proc_pidfd(getpid());
	struct pidfd_info_v0 info = { .mask = PIDFD_INFO_PID_V0 };
	pid_t pid;

	if (ioctl(fd, PIDFD_GET_INFO_V0, &info) && (errno == ENOTTY ||
						 errno == EINVAL))
		SKIP(return, "no ioctl PIDFD_GET_INFO (Linux 6.13)");
	EXPECT_EQ(self->member, info.pid);
	EXPECT_EQ(self->member, info.tgid);
	EXPECT_EQ(self->init, info.ppid);

	ASSERT_EQ(0, ns_enter(self->ns, CLONE_NEWPID));
	pid = fork();
	if (!pid) {
		memset(&info, 0, sizeof(info));
		must(!ioctl(fd, PIDFD_GET_INFO_V0, &info));
		must(info.pid == 2 && info.tgid == 2 && info.ppid == 1);
		/* Who lives above has no number here, and no information. */
		must(ioctl(up, PIDFD_GET_INFO_V0, &info) == -1);
		must(errno == EREMOTE || errno == ESRCH);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(translate, pidfd_open_knows_the_own_namespaces_numbers)
{
	int outside = proc_pidfd(self->member);
	pid_t member = self->member, pid;

	ASSERT_GT(member, 10);
	ASSERT_EQ(0, ns_enter(self->ns, CLONE_NEWPID));
	pid = fork();
	if (!pid) {
		struct stat a, b;
		int fd = proc_pidfd(2);

		must(fd >= 0);
		must(!fstat(fd, &a) && !fstat(outside, &b));
		/* pidfs: the same process is the same inode. */
		must(a.st_ino == b.st_ino);
		must(proc_pidfd(member) == -ESRCH);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(translate, no_call_finds_who_lives_outside)
{
	pid_t outside = getpid(), pid;

	ASSERT_GT(outside, 10);
	ASSERT_EQ(0, ns_enter(self->ns, CLONE_NEWPID));
	pid = fork();
	if (!pid) {
		struct rlimit lim;
		cpu_set_t cpus;

		must(getpgid(outside) == -1 && errno == ESRCH);
		must(getsid(outside) == -1 && errno == ESRCH);
		must(getpriority(PRIO_PROCESS, outside) == -1 && errno == ESRCH);
		must(sched_getscheduler(outside) == -1 && errno == ESRCH);
		must(sched_getaffinity(outside, sizeof(cpus), &cpus) == -1);
		must(errno == ESRCH);
		must(prlimit(outside, RLIMIT_NOFILE, NULL, &lim) == -1);
		must(errno == ESRCH);
		must(ptrace(PTRACE_SEIZE, outside, 0, 0) == -1);
		must(errno == ESRCH);
		must(setpgid(outside, outside) == -1 && errno == ESRCH);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_HARNESS_MAIN

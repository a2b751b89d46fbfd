// SPDX-License-Identifier: GPL-2.0
/*
 * Whom a signal through a pidfd is for: one thread, its process, or its group.
 *
 * Promises from pidfd_send_signal(2), pidfd_open(2).
 */
#include "kselftest_harness.h"
#include <pthread.h>
#include "ns.h"
#include "proc.h"
#include "until.h"

/* From <linux/pidfd.h>, which no program can have together with <fcntl.h>. */
#ifndef PIDFD_THREAD
#define PIDFD_THREAD			O_EXCL
#endif
#ifndef PIDFD_SIGNAL_THREAD
#define PIDFD_SIGNAL_THREAD		(1UL << 0)
#define PIDFD_SIGNAL_THREAD_GROUP	(1UL << 1)
#define PIDFD_SIGNAL_PROCESS_GROUP	(1UL << 2)
#endif
#ifndef PIDFD_SELF_THREAD
#define PIDFD_SELF_THREAD		-10000
#define PIDFD_SELF_THREAD_GROUP		-10001
#endif

/* Opens a pidfd with @flags on @pid, or returns -errno. */
static int open_pidfd(pid_t pid, unsigned int flags)
{
	int fd = syscall(SYS_pidfd_open, pid, flags);

	return fd < 0 ? -errno : fd;
}

/* pidfd_send_signal(2) with @flags, returning -errno. */
static int send_scoped(int fd, int sig, siginfo_t *si, unsigned int flags)
{
	return syscall(SYS_pidfd_send_signal, fd, sig, si, flags) ? -errno : 0;
}

static int send_usr1(int fd, unsigned int flags)
{
	return send_scoped(fd, SIGUSR1, NULL, flags);
}

/*
 * Whether SIGUSR1 is pending in the mask @key of thread @tid: SigPnd is its
 * own, ShdPnd that of its process.
 */
static bool pending(pid_t tid, const char *key)
{
	char path[64], text[64];

	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	must(!file_field(path, key, text, sizeof(text)));
	return strtoull(text, NULL, 16) & (1ULL << (SIGUSR1 - 1));
}

static void block_usr1(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	must(!sigprocmask(SIG_BLOCK, &set, NULL));
}

static void *tell_and_sleep(void *up)
{
	baton_pass(up, syscall(SYS_gettid));
	proc_sleep_forever();
}

/*
 * A process with a second thread, leader of a group; one more member of the
 * group; and a child of the leader which is in another group, but in the
 * leader's session. All block SIGUSR1.
 */
FIXTURE(scope)
{
	pid_t leader, thread, mate, stranger;
	int leader_fd, thread_fd;
};

/* Whether the kernel knows the flags and pidfds of threads. */
static bool has_scopes(void)
{
	int fd = open_pidfd(getpid(), 0);
	int err = send_scoped(fd, 0, NULL, PIDFD_SIGNAL_THREAD);

	close(fd);
	return err != -EINVAL;
}

FIXTURE_SETUP(scope)
{
	struct baton up = baton_make();

	if (!has_scopes())
		return;
	self->leader = proc_fork_bound(0);
	if (!self->leader) {
		pthread_t thread;
		pid_t pid;

		must(!setpgid(0, 0));
		block_usr1();
		must(!pthread_create(&thread, NULL, tell_and_sleep, &up));
		/* The thread tells its number at any time, so these two are negative. */
		pid = proc_fork_bound(0);
		if (!pid)
			proc_sleep_forever();
		baton_pass(&up, -pid);
		pid = proc_fork_bound(0);
		if (!pid) {
			must(!setpgid(0, 0));
			baton_pass(&up, 0);
			proc_sleep_forever();
		}
		baton_pass(&up, -pid);
		proc_sleep_forever();
	}
	ASSERT_GT(self->leader, 0);
	for (int i = 0; i < 4; i++) {
		int n = baton_take(&up);

		if (n > 0)
			self->thread = n;
		else if (n < 0 && !self->mate)
			self->mate = -n;
		else if (n < 0)
			self->stranger = -n;
	}
	self->leader_fd = open_pidfd(self->leader, 0);
	ASSERT_GE(self->leader_fd, 0);
	self->thread_fd = open_pidfd(self->thread, PIDFD_THREAD);
	ASSERT_GE(self->thread_fd, 0);
}

FIXTURE_TEARDOWN(scope)
{
	if (self->leader)
		proc_kill(self->leader);
}

#define NEEDS_SCOPES() do {						\
	if (!self->leader)						\
		SKIP(return, "pidfd_send_signal(2) has no flags (Linux 6.9)"); \
} while (0)

/* Who of them has the signal pending, and as whose. */
static void describe(FIXTURE_DATA(scope) *self, char out[64])
{
	snprintf(out, 64, "%s%s%s%s%s%s",
		 pending(self->leader, "SigPnd") ? "leader " : "",
		 pending(self->thread, "SigPnd") ? "thread " : "",
		 pending(self->leader, "ShdPnd") ? "process " : "",
		 pending(self->mate, "ShdPnd") ? "mate " : "",
		 pending(self->mate, "SigPnd") ? "mate's thread " : "",
		 pending(self->stranger, "ShdPnd") ||
		 pending(self->stranger, "SigPnd") ? "stranger " : "");
}

#define EXPECT_PENDING(expected) do {					\
	char is_[64];							\
									\
	describe(self, is_);						\
	EXPECT_STREQ(expected, is_);					\
} while (0)

TEST_F(scope, a_processs_pidfd_means_the_process)
{
	NEEDS_SCOPES();
	EXPECT_PENDING("");
	ASSERT_EQ(0, send_usr1(self->leader_fd, 0));
	EXPECT_PENDING("process ");
}

TEST_F(scope, a_threads_pidfd_means_the_thread)
{
	NEEDS_SCOPES();
	ASSERT_EQ(0, send_usr1(self->thread_fd, 0));
	EXPECT_PENDING("thread ");
}

TEST_F(scope, a_leaders_pidfd_opened_as_a_threads_means_the_leading_thread)
{
	int fd = open_pidfd(self->leader, PIDFD_THREAD);

	NEEDS_SCOPES();
	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, send_usr1(fd, 0));
	EXPECT_PENDING("leader ");
}

TEST_F(scope, the_flag_thread_narrows_a_process_to_its_leading_thread)
{
	NEEDS_SCOPES();
	ASSERT_EQ(0, send_usr1(self->leader_fd, PIDFD_SIGNAL_THREAD));
	EXPECT_PENDING("leader ");
}

TEST_F(scope, the_flag_thread_changes_nothing_for_a_threads_pidfd)
{
	NEEDS_SCOPES();
	ASSERT_EQ(0, send_usr1(self->thread_fd, PIDFD_SIGNAL_THREAD));
	EXPECT_PENDING("thread ");
}

TEST_F(scope, the_flag_thread_group_widens_a_thread_to_its_process)
{
	NEEDS_SCOPES();
	ASSERT_EQ(0, send_usr1(self->thread_fd, PIDFD_SIGNAL_THREAD_GROUP));
	EXPECT_PENDING("process ");
}

TEST_F(scope, the_flag_thread_group_changes_nothing_for_a_processs_pidfd)
{
	NEEDS_SCOPES();
	ASSERT_EQ(0, send_usr1(self->leader_fd, PIDFD_SIGNAL_THREAD_GROUP));
	EXPECT_PENDING("process ");
}

TEST_F(scope, the_flag_process_group_reaches_the_group_and_nobody_else)
{
	NEEDS_SCOPES();
	ASSERT_EQ(0, send_usr1(self->leader_fd, PIDFD_SIGNAL_PROCESS_GROUP));
	EXPECT_PENDING("process mate ");
	EXPECT_FALSE(pending(getpid(), "ShdPnd"));
}

TEST_F(scope, the_flag_process_group_wants_the_leader_of_one)
{
	int mate = open_pidfd(self->mate, 0);

	NEEDS_SCOPES();
	ASSERT_GE(mate, 0);
	EXPECT_EQ(-ESRCH, send_usr1(mate, PIDFD_SIGNAL_PROCESS_GROUP));
	EXPECT_EQ(-ESRCH, send_usr1(self->thread_fd, PIDFD_SIGNAL_PROCESS_GROUP));
	EXPECT_PENDING("");
	EXPECT_EQ(0, send_usr1(mate, 0));
	EXPECT_PENDING("mate ");
}

TEST_F(scope, several_scopes_and_unknown_flags_are_refused)
{
	static const unsigned int nonsense[] = {
		PIDFD_SIGNAL_THREAD | PIDFD_SIGNAL_THREAD_GROUP,
		PIDFD_SIGNAL_THREAD | PIDFD_SIGNAL_PROCESS_GROUP,
		PIDFD_SIGNAL_THREAD_GROUP | PIDFD_SIGNAL_PROCESS_GROUP,
		PIDFD_SIGNAL_THREAD | PIDFD_SIGNAL_THREAD_GROUP | PIDFD_SIGNAL_PROCESS_GROUP,
		1U << 3,
		1U << 31,
		PIDFD_SIGNAL_THREAD | 1U << 3,
	};

	NEEDS_SCOPES();
	for (size_t i = 0; i < ARRAY_SIZE(nonsense); i++) {
		EXPECT_EQ(-EINVAL, send_usr1(self->leader_fd, nonsense[i])) {
			TH_LOG("flags %#x", nonsense[i]);
		}
	}
	EXPECT_PENDING("");
}

/* What one may tell oneself, one may not tell the group one leads. */
TEST_F(scope, the_group_is_not_told_that_the_kernel_sent_it)
{
	pid_t pid = proc_fork_bound(0);

	NEEDS_SCOPES();
	if (!pid) {
		siginfo_t si = { .si_signo = SIGUSR1, .si_code = SI_USER };
		int own = open_pidfd(getpid(), 0);

		must(!setpgid(0, 0));
		block_usr1();
		must(send_scoped(own, SIGUSR1, &si, PIDFD_SIGNAL_PROCESS_GROUP) == -EPERM);
		must(!pending(getpid(), "ShdPnd"));
		must(send_scoped(own, SIGUSR1, &si, PIDFD_SIGNAL_THREAD_GROUP) == 0);
		must(pending(getpid(), "ShdPnd"));
		si.si_code = SI_QUEUE;
		must(send_scoped(own, SIGUSR1, &si, PIDFD_SIGNAL_PROCESS_GROUP) == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* A thread that does not lead signals itself, and then its process. */
static void *signal_oneself(void *unused)
{
	must(send_usr1(PIDFD_SELF_THREAD, 0) == 0);
	must(pending(syscall(SYS_gettid), "SigPnd"));
	must(!pending(getpid(), "SigPnd"));
	must(!pending(getpid(), "ShdPnd"));
	must(send_usr1(PIDFD_SELF_THREAD_GROUP, 0) == 0);
	must(pending(getpid(), "ShdPnd"));
	must(!pending(getpid(), "SigPnd"));
	return NULL;
}

TEST_F(scope, oneself_is_the_calling_thread_or_its_process)
{
	pid_t pid;

	NEEDS_SCOPES();
	if (send_scoped(PIDFD_SELF_THREAD, 0, NULL, 0) == -EBADF)
		SKIP(return, "no PIDFD_SELF_THREAD (Linux 6.14)");
	pid = proc_fork_bound(0);
	if (!pid) {
		pthread_t thread;

		block_usr1();
		must(!pthread_create(&thread, NULL, signal_oneself, NULL));
		must(!pthread_join(thread, NULL));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(scope, a_process_without_its_leading_thread_is_still_reached)
{
	struct baton up = baton_make();
	pid_t pid = proc_fork_bound(0), thread;

	NEEDS_SCOPES();
	if (!pid) {
		pthread_t id;

		block_usr1();
		must(!pthread_create(&id, NULL, tell_and_sleep, &up));
		syscall(SYS_exit, 0);
	}
	thread = baton_take(&up);
	ASSERT_TRUE(EVENTUALLY(task_state(pid) == 'Z'));
	ASSERT_EQ(0, send_usr1(open_pidfd(pid, 0), 0));
	EXPECT_TRUE(pending(thread, "ShdPnd"));
	EXPECT_FALSE(pending(thread, "SigPnd"));
	proc_kill(pid);
}

/* The number that the next SIGUSR1 says its sender has. */
static pid_t sender(void)
{
	sigset_t set;
	siginfo_t si;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	must(sigwaitinfo(&set, &si) == SIGUSR1);
	return si.si_pid;
}

/*
 * A group can reach up, when somebody outside has joined that of a namespace's
 * init. Mainline tells all of it the number that the sender has for itself.
 */
TEST(a_group_across_namespaces_knows_the_sender_by_its_own_numbers)
{
	struct baton go = baton_make();
	pid_t init, number;

	block_usr1();
	init = proc_fork_bound(CLONE_NEWPID);
	if (!init) {
		int fd = open_pidfd(1, 0), err;

		baton_take(&go);
		must(!kill(0, SIGUSR1));
		baton_take(&go);
		err = send_scoped(fd, SIGUSR1, NULL, PIDFD_SIGNAL_PROCESS_GROUP);
		/* Where there are no scopes, as kill(2) would. */
		must(err == 0 || err == -EINVAL);
		if (err)
			must(!kill(0, SIGUSR1));
		proc_sleep_forever();
	}
	ASSERT_EQ(0, setpgid(init, init));
	ASSERT_EQ(0, setpgid(0, init));
	baton_pass(&go, 0);
	EXPECT_EQ(init, sender());
	baton_pass(&go, 0);
	number = sender();
	EXPECT_EQ(-SIGKILL, proc_kill(init));
	if (number == 1)
		SKIP(return, "mended by base-fixes: a group is told a number of another namespace");
	EXPECT_EQ(init, number);
}

TEST_HARNESS_MAIN

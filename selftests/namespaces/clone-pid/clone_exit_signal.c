// SPDX-License-Identifier: GPL-2.0
/*
 * The signal that a child's end is told with: another than SIGCHLD makes it a
 * "clone" child, which a plain wait does not see, until somebody adopts it.
 *
 * Promises from clone(2), "The child termination signal", wait(2), __WCLONE and
 * __WALL, execve(2).
 */
#include "clone_pid.h"

/* A fork whose end is told with @sig; 0: with none. */
static pid_t fork_with_signal(uint64_t flags, int sig)
{
	struct clone_args args = { .flags = flags, .exit_signal = sig };

	return proc_clone3(&args);
}

static void block_all(void)
{
	sigset_t set;

	sigfillset(&set);
	must(!sigprocmask(SIG_BLOCK, &set, NULL));
}

/* Takes a signal that is pending, or returns 0 if none is. */
static int take_pending(siginfo_t *si)
{
	struct timespec none = { 0 };
	sigset_t set;
	int sig;

	memset(si, 0, sizeof(*si));
	sigfillset(&set);
	sig = sigtimedwait(&set, si, &none);
	must(sig > 0 || errno == EAGAIN);
	return sig > 0 ? sig : 0;
}

/* waitpid(2), returning -errno; never waits. */
static int reap(pid_t pid, int options)
{
	int status;
	pid_t got = waitpid(pid, &status, options | WNOHANG);

	return got < 0 ? -errno : got;
}

FIXTURE(ended)
{
	pid_t pid;
};

FIXTURE_VARIANT(ended)
{
	int sig;
};

FIXTURE_VARIANT_ADD(ended, sigusr1)
{
	.sig = SIGUSR1,
};

FIXTURE_VARIANT_ADD(ended, a_realtime_signal)
{
	.sig = 64,
};

FIXTURE_VARIANT_ADD(ended, none)
{
	.sig = 0,
};

FIXTURE_VARIANT_ADD(ended, sigchld)
{
	.sig = SIGCHLD,
};

/* A child that has ended with 7, and is a zombie. */
FIXTURE_SETUP(ended)
{
	block_all();
	self->pid = fork_with_signal(0, variant->sig);
	if (!self->pid)
		_exit(7);
	ASSERT_GT(self->pid, 0);
	ASSERT_EQ(0, proc_await_zombie(self->pid));
}

FIXTURE_TEARDOWN(ended)
{
	proc_reap(self->pid);
}

TEST_F(ended, the_signal_comes_and_no_other)
{
	siginfo_t si;

	ASSERT_EQ(variant->sig, take_pending(&si));
	if (!variant->sig)
		return;
	EXPECT_EQ(self->pid, si.si_pid);
	EXPECT_EQ(CLD_EXITED, si.si_code);
	EXPECT_EQ(7, si.si_status);
	EXPECT_EQ(0, take_pending(&si));
}

TEST_F(ended, a_plain_wait_sees_it_only_with_sigchld)
{
	EXPECT_EQ(variant->sig == SIGCHLD ? self->pid : -ECHILD, reap(self->pid, 0));
	EXPECT_EQ(-ECHILD, reap(-1, 0));
}

TEST_F(ended, a_wait_for_clone_children_sees_it_only_without_sigchld)
{
	EXPECT_EQ(variant->sig == SIGCHLD ? -ECHILD : self->pid,
		  reap(self->pid, __WCLONE));
}

TEST_F(ended, a_wait_for_all_sees_it)
{
	EXPECT_EQ(self->pid, reap(-1, __WALL));
	EXPECT_EQ(-ECHILD, reap(-1, __WALL));
}

/* Siblings are ended the way their maker is, as they have no signal to choose. */
TEST(a_sibling_has_its_makers_signal)
{
	struct baton up = baton_make();
	pid_t maker, sibling;
	siginfo_t si;

	block_all();
	maker = fork_with_signal(0, SIGUSR1);
	if (!maker) {
		/* Its end must not come before the sibling's has been looked at. */
		pid_t pid = fork_with_signal(CLONE_PARENT, 0);

		if (!pid)
			_exit(0);
		baton_pass(&up, pid);
		proc_sleep_forever();
	}
	sibling = baton_take(&up);
	ASSERT_EQ(0, proc_await_zombie(sibling));
	EXPECT_EQ(SIGUSR1, take_pending(&si));
	EXPECT_EQ(sibling, si.si_pid);
	EXPECT_EQ(-ECHILD, reap(sibling, 0));
	EXPECT_EQ(sibling, reap(sibling, __WCLONE));
	EXPECT_EQ(-SIGKILL, proc_kill(maker));
}

TEST(exec_makes_it_sigchld_again)
{
	siginfo_t si;
	pid_t pid;

	block_all();
	pid = fork_with_signal(0, SIGUSR1);
	if (!pid) {
		execl("/proc/self/exe", "clone_exit_signal", "--exit", NULL);
		_exit(1);
	}
	ASSERT_EQ(0, proc_await_zombie(pid));
	EXPECT_EQ(SIGCHLD, take_pending(&si));
	EXPECT_EQ(pid, si.si_pid);
	EXPECT_EQ(7, si.si_status);
	EXPECT_EQ(pid, reap(pid, 0));
}

/*
 * An init whose child makes a child with signal @sig, and dies before or after
 * it as @zombie says. Ends with 0 if the orphan was one to be waited for as any
 * other, and told with SIGCHLD.
 */
static void __attribute__((noreturn)) adopt(int sig, bool zombie)
{
	struct baton go = baton_make();
	pid_t parent;
	siginfo_t si;

	block_all();
	parent = fork();
	if (!parent) {
		pid_t orphan = fork_with_signal(0, sig);

		if (!orphan) {
			if (!zombie)
				baton_take(&go);
			_exit(7);
		}
		must(orphan == 3);
		if (zombie)
			must(!proc_await_zombie(orphan));
		_exit(0);
	}
	must(parent == 2);
	must(!proc_await_zombie(2));
	/* Of a zombie it is told when it is adopted, before its parent's end. */
	if (!zombie) {
		must(take_pending(&si) == SIGCHLD && si.si_pid == 2);
		must(!reap(3, 0));
		baton_pass(&go, 0);
	}
	must(!proc_await_zombie(3));
	must(take_pending(&si) == SIGCHLD);
	must(si.si_pid == 3 && si.si_code == CLD_EXITED && si.si_status == 7);
	must(reap(3, 0) == 3);
	must(proc_end(2) == 0);
	must(reap(-1, __WALL) == -ECHILD);
	_exit(0);
}

TEST(init_adopts_it_as_any_other_child)
{
	static const int sigs[] = { 0, SIGUSR1, SIGCHLD };

	for (size_t i = 0; i < ARRAY_SIZE(sigs); i++) {
		pid_t init = proc_fork_bound(CLONE_NEWPID);

		if (!init)
			adopt(sigs[i], false);
		EXPECT_EQ(0, proc_end(init)) {
			TH_LOG("signal %d", sigs[i]);
		}
	}
}

TEST(init_adopts_a_zombie_as_any_other_child)
{
	static const int sigs[] = { 0, SIGUSR1, SIGCHLD };

	for (size_t i = 0; i < ARRAY_SIZE(sigs); i++) {
		pid_t init = proc_fork_bound(CLONE_NEWPID);

		if (!init)
			adopt(sigs[i], true);
		EXPECT_EQ(0, proc_end(init)) {
			TH_LOG("signal %d", sigs[i]);
		}
	}
}

TEST(what_is_no_signal_is_refused)
{
	static const uint64_t wrong[] = { 65, 0xff, 0x100, 0x100 | SIGCHLD, 1ULL << 32 };

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct clone_args args = { .exit_signal = wrong[i] };
		pid_t pid = proc_clone3(&args);

		if (!pid)
			_exit(0);
		EXPECT_EQ(-EINVAL, pid) {
			TH_LOG("signal %#llx", (unsigned long long)wrong[i]);
		}
		if (pid > 0)
			proc_kill(pid);
	}
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--exit"))
		return 7;
	return test_harness_run(argc, argv);
}

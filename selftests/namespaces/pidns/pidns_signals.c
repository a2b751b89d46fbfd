// SPDX-License-Identifier: GPL-2.0
/*
 * Signals within, into and out of pid namespaces.
 *
 * Promises from pid_namespaces(7), "The namespace init process", kill(2),
 * pidfd_send_signal(2), prctl(2).
 */
#include "kselftest_harness.h"
#include <sys/ptrace.h>
#include "ns.h"
#include "proc.h"

/* What the last signal said of its sender. */
static volatile sig_atomic_t got_signal, got_pid;

/* Where the handler passes 1000 + the sender's pid, if anywhere. */
static struct baton *answer;

static void on_signal(int sig, siginfo_t *si, void *ctx)
{
	got_signal = sig;
	got_pid = si->si_pid;
	if (answer)
		baton_pass(answer, 1000 + got_pid);
}

static void handle(int sig)
{
	struct sigaction sa = {
		.sa_sigaction = on_signal,
		.sa_flags = SA_SIGINFO,
	};

	got_signal = 0;
	got_pid = -1;
	must(!sigaction(sig, &sa, NULL));
}

/*
 * An init that lets a member, pid 2, send it @sig, and then still lives: the
 * member has been waited for, and a pending signal is delivered on the way back
 * from that at the latest.
 */
static void __attribute__((noreturn)) survive_from_inside(int sig)
{
	pid_t pid = fork();

	if (!pid) {
		must(!kill(1, sig));
		_exit(0);
	}
	must(proc_end(pid) == 0);
	_exit(0);
}

/* A namespace whose init echoes every number: for what is sent from outside. */
FIXTURE(outside)
{
	struct baton to, from;
	pid_t init;
	int handled;
};

FIXTURE_SETUP(outside)
{
	self->to = baton_make();
	self->from = baton_make();
	self->init = proc_fork_bound(CLONE_NEWPID);
	if (!self->init) {
		answer = &self->from;
		handle(SIGUSR1);
		for (;;) {
			int n = 0;

			/* The handler has answered, whether it came in here or just before. */
			if (read(self->to.fd[0], &n, sizeof(n)) < 0)
				must(errno == EINTR);
			else
				baton_pass(&self->from, n);
		}
	}
	ASSERT_GT(self->init, 0);
	baton_pass(&self->to, 1);
	ASSERT_EQ(1, baton_take(&self->from));
}

FIXTURE_TEARDOWN(outside)
{
	proc_kill(self->init);
}

TEST(init_ignores_from_inside_what_it_has_no_handler_for)
{
	static const int signals[] = {
		SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS,
		SIGFPE, SIGUSR1, SIGSEGV, SIGUSR2, SIGPIPE, SIGALRM, SIGTERM,
		SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGIO, SIGSYS, SIGTSTP,
		SIGTTIN, SIGTTOU,
	};

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		pid_t pid = proc_fork_bound(CLONE_NEWPID);

		if (!pid)
			survive_from_inside(signals[i]);
		EXPECT_EQ(0, proc_end(pid))
			TH_LOG("signal %d", signals[i]);
	}
}

TEST(init_survives_sigkill_from_inside)
{
	pid_t pid = proc_fork_bound(CLONE_NEWPID);

	if (!pid)
		survive_from_inside(SIGKILL);
	EXPECT_EQ(0, proc_end(pid));
}

TEST(init_is_not_stopped_from_inside)
{
	pid_t pid = proc_fork_bound(CLONE_NEWPID);
	int status;

	if (!pid)
		survive_from_inside(SIGSTOP);
	ASSERT_EQ(pid, waitpid(pid, &status, WUNTRACED));
	EXPECT_TRUE(WIFEXITED(status) && !WEXITSTATUS(status));
	if (WIFSTOPPED(status))
		proc_kill(pid);
}

TEST(init_does_not_kill_itself)
{
	pid_t pid = proc_fork_bound(CLONE_NEWPID);

	if (!pid) {
		must(!kill(1, SIGKILL));
		must(!kill(1, SIGTERM));
		_exit(7);
	}
	EXPECT_EQ(7, proc_end(pid));
}

TEST(init_dies_of_its_own_fault)
{
	pid_t pid = proc_fork_bound(CLONE_NEWPID);

	if (!pid)
		__builtin_trap();
	EXPECT_EQ(-SIGILL, proc_end(pid));
}

TEST(a_handler_of_init_gets_the_signal_and_the_senders_number)
{
	pid_t pid = proc_fork_bound(CLONE_NEWPID);

	if (!pid) {
		handle(SIGTERM);
		pid = fork();
		if (!pid) {
			must(getpid() == 2);
			must(!kill(1, SIGTERM));
			_exit(0);
		}
		must(proc_end(pid) == 0);
		must(got_signal == SIGTERM);
		must(got_pid == 2);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* The way an init without handlers takes requests: block, and wait. */
TEST(a_blocked_signal_waits_for_init_to_take_it)
{
	pid_t pid = proc_fork_bound(CLONE_NEWPID);

	if (!pid) {
		struct timespec none = { 0 };
		siginfo_t si;
		sigset_t set;

		sigemptyset(&set);
		sigaddset(&set, SIGTERM);
		must(!sigprocmask(SIG_BLOCK, &set, NULL));
		pid = fork();
		if (!pid) {
			must(!kill(1, SIGTERM));
			_exit(0);
		}
		must(proc_end(pid) == 0);
		must(sigtimedwait(&set, &si, &none) == SIGTERM);
		must(si.si_pid == 2);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(a_blocked_signal_without_a_handler_is_dropped_when_unblocked)
{
	pid_t pid = proc_fork_bound(CLONE_NEWPID);

	if (!pid) {
		sigset_t set;

		sigemptyset(&set);
		sigaddset(&set, SIGTERM);
		must(!sigprocmask(SIG_BLOCK, &set, NULL));
		must(!kill(1, SIGTERM));
		must(!sigpending(&set) && sigismember(&set, SIGTERM));
		must(!sigprocmask(SIG_UNBLOCK, &set, NULL));
		_exit(7);
	}
	EXPECT_EQ(7, proc_end(pid));
}

TEST(exec_does_not_take_the_protection_away)
{
	pid_t pid = proc_fork_bound(CLONE_NEWPID);

	if (!pid) {
		execl("/proc/self/exe", "pidns_signals", "--survive-sigkill",
		      NULL);
		_exit(1);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(children_of_init_are_not_protected)
{
	pid_t pid = proc_fork_bound(CLONE_NEWPID);

	if (!pid) {
		pid = fork();
		if (!pid)
			proc_sleep_forever();
		must(!kill(pid, SIGTERM));
		must(proc_end(pid) == -SIGTERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(outside, the_parent_namespace_kills_init)
{
	ASSERT_EQ(0, kill(self->init, SIGKILL));
	EXPECT_EQ(-SIGKILL, proc_end(self->init));
}

TEST_F(outside, the_parent_namespace_stops_and_continues_init)
{
	int status;

	ASSERT_EQ(0, kill(self->init, SIGSTOP));
	ASSERT_EQ(self->init, waitpid(self->init, &status, WUNTRACED));
	EXPECT_TRUE(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	ASSERT_EQ(0, kill(self->init, SIGCONT));
	ASSERT_EQ(self->init, waitpid(self->init, &status, WCONTINUED));
	EXPECT_TRUE(WIFCONTINUED(status));
	baton_pass(&self->to, 5);
	EXPECT_EQ(5, baton_take(&self->from));
}

TEST_F(outside, init_ignores_the_rest_from_the_parent_namespace_too)
{
	ASSERT_EQ(0, kill(self->init, SIGTERM));
	ASSERT_EQ(0, kill(self->init, SIGINT));
	baton_pass(&self->to, 5);
	EXPECT_EQ(5, baton_take(&self->from));
}

TEST_F(outside, a_sender_that_init_cannot_name_is_0)
{
	ASSERT_EQ(0, kill(self->init, SIGUSR1));
	EXPECT_EQ(1000, baton_take(&self->from));
}

TEST_F(outside, a_pidfd_reaches_down)
{
	int fd = proc_pidfd(self->init);

	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, proc_pidfd_signal(fd, SIGUSR1));
	EXPECT_EQ(1000, baton_take(&self->from));
	ASSERT_EQ(0, proc_pidfd_signal(fd, SIGKILL));
	EXPECT_EQ(-SIGKILL, proc_end(self->init));
}

TEST_F(outside, a_pidfd_does_not_reach_up_or_across)
{
	int up = proc_pidfd(getpid()), across = proc_pidfd(self->init);
	pid_t pid;

	ASSERT_GE(up, 0);
	ASSERT_GE(across, 0);
	pid = proc_fork_bound(CLONE_NEWPID);
	if (!pid) {
		must(proc_pidfd_signal(up, 0) == -EINVAL);
		must(proc_pidfd_signal(across, SIGKILL) == -EINVAL);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	baton_pass(&self->to, 5);
	EXPECT_EQ(5, baton_take(&self->from));
}

TEST_F(outside, who_joined_is_inside_and_does_not_kill_init)
{
	int ns = ns_open(self->init, "pid");
	pid_t pid;

	ASSERT_EQ(0, ns_enter(ns, CLONE_NEWPID));
	pid = fork();
	if (!pid) {
		must(!kill(1, SIGKILL));
		must(!kill(1, SIGSTOP));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	baton_pass(&self->to, 5);
	EXPECT_EQ(5, baton_take(&self->from));
}

TEST_F(outside, a_grandparent_namespace_kills_init)
{
	struct baton up = baton_make();
	pid_t outer = proc_fork_bound(CLONE_NEWPID), inner;

	if (!outer) {
		inner = proc_fork(CLONE_NEWPID);
		if (!inner) {
			char text[128];

			must(!file_field("/proc/self/status", "NSpid", text,
					 sizeof(text)));
			baton_pass(&up, atoi(text));
			proc_sleep_forever();
		}
		_exit(proc_end(inner) == -SIGKILL ? 7 : 1);
	}
	inner = baton_take(&up);
	ASSERT_EQ(0, kill(inner, SIGKILL));
	EXPECT_EQ(7, proc_end(outer));
}

TEST_F(outside, a_tracer_sees_a_signal_that_init_ignores)
{
	int status;

	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->init, 0, 0));
	ASSERT_EQ(0, kill(self->init, SIGTERM));
	ASSERT_EQ(self->init, waitpid(self->init, &status, __WALL));
	ASSERT_TRUE(WIFSTOPPED(status));
	EXPECT_EQ(SIGTERM, WSTOPSIG(status));
	/* Delivered, it changes nothing. */
	ASSERT_EQ(0, ptrace(PTRACE_CONT, self->init, 0, SIGTERM));
	baton_pass(&self->to, 5);
	EXPECT_EQ(5, baton_take(&self->from));
}

/* The parent's death is the kernel speaking for the namespace above. */
TEST(a_parent_death_signal_kills_init)
{
	struct lifeline line = lifeline_make();
	struct baton ready = baton_make();
	pid_t parent = proc_fork_bound(0), pid;

	if (!parent) {
		pid = proc_fork(CLONE_NEWPID);
		if (!pid) {
			must(!prctl(PR_SET_PDEATHSIG, SIGKILL));
			baton_pass(&ready, 0);
			proc_sleep_forever();
		}
		baton_take(&ready);
		_exit(0);
	}
	lifeline_watch(&line);
	ASSERT_EQ(0, proc_end(parent));
	EXPECT_TRUE(lifeline_cut(&line, PROC_HANG_MS));
}

TEST(sigchld_names_the_child_by_the_parents_number)
{
	pid_t outer = proc_fork_bound(CLONE_NEWPID);

	if (!outer) {
		pid_t inner;
		siginfo_t si;
		sigset_t set;

		sigemptyset(&set);
		sigaddset(&set, SIGCHLD);
		must(!sigprocmask(SIG_BLOCK, &set, NULL));
		inner = proc_fork(CLONE_NEWPID);
		if (!inner)
			_exit(getpid() == 1 ? 7 : 1);
		must(inner == 2);
		must(sigwaitinfo(&set, &si) == SIGCHLD);
		must(si.si_pid == 2);
		must(si.si_status == 7);
		_exit(proc_end(inner) == 7 ? 0 : 1);
	}
	EXPECT_EQ(0, proc_end(outer));
}

/* A group that spans namespaces is one group; the sender is named from above. */
TEST(a_signal_to_the_group_reaches_out_of_the_namespace)
{
	pid_t init;

	ASSERT_EQ(0, setpgid(0, 0));
	handle(SIGUSR1);
	init = proc_fork_bound(CLONE_NEWPID);
	if (!init) {
		must(!kill(0, SIGUSR1));
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(init));
	EXPECT_EQ(SIGUSR1, got_signal);
	if (got_pid == 1)
		SKIP(return, "this kernel gives the sender of a kill(2) the number it has inside");
	EXPECT_EQ(init, got_pid);
}

TEST(a_number_from_outside_is_nobody_inside)
{
	pid_t outside = getpid(), pid;

	ASSERT_GT(outside, 2);
	pid = proc_fork_bound(CLONE_NEWPID);
	if (!pid) {
		must(kill(outside, 0) == -1 && errno == ESRCH);
		must(kill(-outside, 0) == -1 && errno == ESRCH);
		must(syscall(SYS_tgkill, outside, outside, 0) == -1);
		must(errno == ESRCH);
		must(proc_pidfd(outside) == -ESRCH ||
		     proc_pidfd(outside) == -EINVAL);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(kill_everybody_means_the_namespace_without_init_and_oneself)
{
	struct baton go = baton_make();
	pid_t neighbour, init;

	neighbour = proc_fork_bound(0);
	if (!neighbour) {
		baton_take(&go);
		_exit(3);
	}
	init = proc_fork_bound(CLONE_NEWPID);
	if (!init) {
		pid_t victim, nested, killer;

		victim = fork();
		if (!victim)
			proc_sleep_forever();
		nested = proc_fork(CLONE_NEWPID);
		if (!nested)
			proc_sleep_forever();
		killer = fork();
		if (!killer) {
			must(!kill(-1, SIGKILL));
			_exit(5);
		}
		must(proc_end(killer) == 5);
		must(proc_end(victim) == -SIGKILL);
		must(proc_end(nested) == -SIGKILL);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
	baton_pass(&go, 0);
	EXPECT_EQ(3, proc_end(neighbour));
}

TEST(kill_everybody_by_init_spares_itself)
{
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		pid_t victim = fork();

		if (!victim)
			proc_sleep_forever();
		must(!kill(-1, SIGKILL));
		must(proc_end(victim) == -SIGKILL);
		/* Now there is nobody. */
		must(kill(-1, SIGKILL) == -1 && errno == ESRCH);
		_exit(7);
	}
	EXPECT_EQ(7, proc_end(init));
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--survive-sigkill"))
		survive_from_inside(SIGKILL);
	return test_harness_run(argc, argv);
}

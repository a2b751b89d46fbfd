// SPDX-License-Identifier: GPL-2.0
/*
 * Signals whose sender says itself what they carry, and every call that can
 * send SIGKILL and SIGSTOP to a namespace's init.
 *
 * Promises from rt_sigqueueinfo(2), pidfd_send_signal(2), tgkill(2),
 * pid_namespaces(7), "The namespace init process", user_namespaces(7).
 */
#include "kselftest_harness.h"
#include "ns.h"
#include "proc.h"
#include "userns.h"

/* What the ids of the user namespaces of these tests are outside. */
#define BASE		100000

/* A number that no sender here has. */
#define FORGED_PID	4711

static siginfo_t info_of(int sig, int code)
{
	siginfo_t si;

	memset(&si, 0, sizeof(si));
	si.si_signo = sig;
	si.si_code = code;
	si.si_pid = FORGED_PID;
	return si;
}

static int queue(pid_t pid, int sig, siginfo_t *si)
{
	return syscall(SYS_rt_sigqueueinfo, pid, sig, si) ? -errno : 0;
}

/* Sends through a pidfd that lasts as long as the call. */
static int queue_by_pidfd(pid_t pid, int sig, siginfo_t *si)
{
	int fd = proc_pidfd(pid), err;

	if (fd < 0)
		return fd;
	err = syscall(SYS_pidfd_send_signal, fd, sig, si, 0) ? -errno : 0;
	close(fd);
	return err;
}

static int by_tkill(pid_t pid, int sig)
{
	return syscall(SYS_tkill, pid, sig) ? -errno : 0;
}

static int by_tgkill(pid_t pid, int sig)
{
	return syscall(SYS_tgkill, pid, pid, sig) ? -errno : 0;
}

static int by_rt_sigqueueinfo(pid_t pid, int sig)
{
	siginfo_t si = info_of(sig, SI_QUEUE);

	return queue(pid, sig, &si);
}

static int by_rt_tgsigqueueinfo(pid_t pid, int sig)
{
	siginfo_t si = info_of(sig, SI_QUEUE);

	return syscall(SYS_rt_tgsigqueueinfo, pid, pid, sig, &si) ? -errno : 0;
}

static int by_pidfd(pid_t pid, int sig)
{
	return queue_by_pidfd(pid, sig, NULL);
}

static int by_pidfd_with_info(pid_t pid, int sig)
{
	siginfo_t si = info_of(sig, SI_QUEUE);

	return queue_by_pidfd(pid, sig, &si);
}

static const struct {
	const char *name;
	int (*send)(pid_t pid, int sig);
} ways[] = {
	{ "tkill", by_tkill },
	{ "tgkill", by_tgkill },
	{ "rt_sigqueueinfo", by_rt_sigqueueinfo },
	{ "rt_tgsigqueueinfo", by_rt_tgsigqueueinfo },
	{ "pidfd_send_signal without info", by_pidfd },
	{ "pidfd_send_signal with info", by_pidfd_with_info },
};

/*
 * An init that is sent @sig in the @way'th of the ways by its child and then
 * sends it that itself. Ends with 7 if it has lived through both.
 */
static pid_t init_signalled_from_inside(size_t way, int sig)
{
	pid_t init = proc_fork_bound(CLONE_NEWPID), child;

	if (init)
		return init;
	child = fork();
	if (!child) {
		must(ways[way].send(1, sig) == 0);
		_exit(0);
	}
	must(proc_end(child) == 0);
	must(ways[way].send(1, sig) == 0);
	_exit(7);
}

TEST(sigkill_from_inside_does_nothing_to_init_whichever_way_it_is_sent)
{
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		EXPECT_EQ(7, proc_end(init_signalled_from_inside(i, SIGKILL))) {
			TH_LOG("%s", ways[i].name);
		}
	}
}

TEST(sigstop_from_inside_does_nothing_to_init_whichever_way_it_is_sent)
{
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		pid_t init = init_signalled_from_inside(i, SIGSTOP);
		int status;

		ASSERT_EQ(init, waitpid(init, &status, WUNTRACED));
		EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7) {
			TH_LOG("%s: status %#x", ways[i].name, status);
		}
		if (WIFSTOPPED(status))
			proc_kill(init);
	}
}

TEST(sigkill_from_the_parent_namespace_kills_init_whichever_way_it_is_sent)
{
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		struct lifeline line = lifeline_make();
		pid_t init = proc_fork_bound(CLONE_NEWPID);

		if (!init)
			proc_sleep_forever();
		lifeline_watch(&line);
		EXPECT_EQ(0, ways[i].send(init, SIGKILL));
		EXPECT_TRUE(lifeline_cut(&line, PROC_HANG_MS)) {
			TH_LOG("%s", ways[i].name);
		}
		EXPECT_EQ(-SIGKILL, proc_kill(init));
		close(line.fd[0]);
	}
}

TEST(sigstop_from_the_parent_namespace_stops_init_whichever_way_it_is_sent)
{
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		pid_t init = proc_fork_bound(CLONE_NEWPID);
		siginfo_t si = { 0 };

		if (!init)
			proc_sleep_forever();
		EXPECT_EQ(0, ways[i].send(init, SIGSTOP));
		ASSERT_EQ(0, waitid(P_PID, init, &si, WSTOPPED | WEXITED | WNOWAIT));
		EXPECT_EQ(CLD_STOPPED, si.si_code) {
			TH_LOG("%s", ways[i].name);
		}
		EXPECT_EQ(-SIGKILL, proc_kill(init));
	}
}

/*
 * Sends @sig with each of the codes whose siginfo has no ids, each to an init of
 * its own, and says what became of it: CLD_..., or 0 if it lives on.
 */
static void outcomes(int sig, int codes[2], int seen[2])
{
	for (int i = 0; i < 2; i++) {
		pid_t init = proc_fork_bound(CLONE_NEWPID);
		siginfo_t told = info_of(sig, codes[i]), si = { 0 };

		if (!init)
			proc_sleep_forever();
		must(queue(init, sig, &told) == 0);
		must(!waitid(P_PID, init, &si, WSTOPPED | WEXITED | WNOHANG | WNOWAIT));
		for (int ms = 0; !si.si_code && ms < 500; ms++) {
			poll(NULL, 0, 1);
			must(!waitid(P_PID, init, &si, WSTOPPED | WEXITED | WNOHANG | WNOWAIT));
		}
		seen[i] = si.si_code;
		must(proc_kill(init) == -SIGKILL);
	}
}

/*
 * Mainline looks for the sender's namespace only where si_code says that there
 * are ids: with others init ignores what it must not.
 */
TEST(from_the_parent_namespace_no_code_protects_init)
{
	int codes[2] = { SI_TIMER, SI_SIGIO }, killed[2], stopped[2];

	outcomes(SIGKILL, codes, killed);
	outcomes(SIGSTOP, codes, stopped);
	if (!killed[0] && !killed[1] && !stopped[0] && !stopped[1])
		SKIP(return, "mended by base-fixes: si_code decides whether init can be killed");
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(CLD_KILLED, killed[i]);
		EXPECT_EQ(CLD_STOPPED, stopped[i]);
	}
}

/* And from within none reaches it. */
TEST(from_inside_no_code_reaches_init)
{
	static const int codes[] = { SI_TIMER, SI_SIGIO, SI_MESGQ, SI_ASYNCIO };
	pid_t init = proc_fork_bound(CLONE_NEWPID), child;

	if (!init) {
		child = fork();
		if (!child) {
			for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
				siginfo_t si = info_of(SIGKILL, codes[i]);

				must(queue(1, SIGKILL, &si) == 0);
			}
			_exit(0);
		}
		must(proc_end(child) == 0);
		_exit(7);
	}
	EXPECT_EQ(7, proc_end(init));
}

/* One process that tells the test what each SIGUSR1 carried. */
struct receiver {
	pid_t pid;
	struct baton heard;	/* si_code, si_pid, si_uid of each */
};

static sigset_t only_sigusr1(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	return set;
}

static void __attribute__((noreturn)) tell_what_comes(struct baton *heard)
{
	sigset_t set = only_sigusr1();

	must(!sigprocmask(SIG_BLOCK, &set, NULL));
	baton_pass(heard, 0);
	for (;;) {
		siginfo_t si;

		must(sigwaitinfo(&set, &si) == SIGUSR1);
		baton_pass(heard, si.si_code);
		baton_pass(heard, si.si_pid);
		baton_pass(heard, si.si_uid);
	}
}

/* An init of a pid namespace that is root of a user namespace of its own. */
FIXTURE(inside)
{
	struct receiver init;
};

FIXTURE_SETUP(inside)
{
	self->init.heard = baton_make();
	self->init.pid = userns_fork(CLONE_NEWPID, BASE, 10);
	if (!self->init.pid)
		tell_what_comes(&self->init.heard);
	ASSERT_GT(self->init.pid, 0);
	ASSERT_EQ(0, baton_take(&self->init.heard));
}

FIXTURE_TEARDOWN(inside)
{
	proc_kill(self->init.pid);
}

/* A process in both namespaces of @init, as root there. */
static pid_t fork_beside(pid_t init)
{
	int user = ns_open(init, "user"), pidns = ns_open(init, "pid");
	pid_t helper = proc_fork_bound(0), pid;

	if (helper)
		return helper;
	must(!ns_enter(pidns, CLONE_NEWPID));
	must(!ns_enter(user, CLONE_NEWUSER));
	userns_be(0);
	pid = fork();
	if (pid)
		_exit(proc_end(pid));
	return 0;
}

TEST_F(inside, a_forged_sender_from_the_parent_namespace_becomes_0)
{
	siginfo_t si = info_of(SIGUSR1, SI_QUEUE);

	ASSERT_EQ(0, queue(self->init.pid, SIGUSR1, &si));
	EXPECT_EQ(SI_QUEUE, baton_take(&self->init.heard));
	EXPECT_EQ(0, baton_take(&self->init.heard));
	baton_take(&self->init.heard);
	ASSERT_EQ(0, queue_by_pidfd(self->init.pid, SIGUSR1, &si));
	EXPECT_EQ(SI_QUEUE, baton_take(&self->init.heard));
	EXPECT_EQ(0, baton_take(&self->init.heard));
}

TEST_F(inside, a_forged_sender_from_the_same_namespace_is_left_alone)
{
	pid_t pid = fork_beside(self->init.pid);

	if (!pid) {
		siginfo_t si = info_of(SIGUSR1, SI_QUEUE);

		must(queue(1, SIGUSR1, &si) == 0);
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(pid));
	EXPECT_EQ(SI_QUEUE, baton_take(&self->init.heard));
	EXPECT_EQ(FORGED_PID, baton_take(&self->init.heard));
}

TEST_F(inside, a_forged_user_arrives_as_the_receivers_user_namespace_calls_it)
{
	static const struct {
		uid_t said, heard;
	} users[] = {
		{ BASE + 7, 7 },
		{ BASE, 0 },
		/* Not mapped there. */
		{ BASE + 10, 65534 },
		{ 7, 65534 },
		{ 0, 65534 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(users); i++) {
		siginfo_t si = info_of(SIGUSR1, SI_QUEUE);

		si.si_uid = users[i].said;
		ASSERT_EQ(0, i % 2 ? queue(self->init.pid, SIGUSR1, &si) :
			  queue_by_pidfd(self->init.pid, SIGUSR1, &si));
		baton_take(&self->init.heard);
		baton_take(&self->init.heard);
		EXPECT_EQ(users[i].heard, baton_take(&self->init.heard)) {
			TH_LOG("%u", users[i].said);
		}
	}
}

TEST_F(inside, a_forged_user_from_the_same_user_namespace_is_left_alone)
{
	pid_t pid = fork_beside(self->init.pid);

	if (!pid) {
		siginfo_t si = info_of(SIGUSR1, SI_QUEUE);

		/* Even one that does not exist there. */
		si.si_uid = 4242;
		must(queue(1, SIGUSR1, &si) == 0);
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(pid));
	baton_take(&self->init.heard);
	baton_take(&self->init.heard);
	EXPECT_EQ(4242, baton_take(&self->init.heard));
}

TEST(a_forged_user_from_below_arrives_as_the_user_it_is_above)
{
	struct receiver above = { .heard = baton_make() };
	pid_t below;

	/* The same user as root below, who may not signal others. */
	above.pid = proc_fork_bound(0);
	if (!above.pid) {
		userns_be(BASE);
		tell_what_comes(&above.heard);
	}
	ASSERT_EQ(0, baton_take(&above.heard));
	below = userns_fork(0, BASE, 10);
	if (!below) {
		siginfo_t si = info_of(SIGUSR1, SI_QUEUE);

		si.si_uid = 7;
		must(queue(above.pid, SIGUSR1, &si) == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(below));
	EXPECT_EQ(SI_QUEUE, baton_take(&above.heard));
	EXPECT_EQ(FORGED_PID, baton_take(&above.heard));
	EXPECT_EQ(BASE + 7, baton_take(&above.heard));
	proc_kill(above.pid);
}

/* The codes that say: a kill(2), a tgkill(2), the kernel. */
static const int reserved[] = { SI_USER, SI_TKILL, SI_KERNEL };

TEST_F(inside, the_codes_of_kill_and_of_the_kernel_are_refused_for_others)
{
	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++) {
		siginfo_t si = info_of(SIGUSR1, reserved[i]);

		EXPECT_EQ(-EPERM, queue(self->init.pid, SIGUSR1, &si)) {
			TH_LOG("si_code %d", reserved[i]);
		}
		EXPECT_EQ(-EPERM, queue_by_pidfd(self->init.pid, SIGUSR1, &si)) {
			TH_LOG("si_code %d", reserved[i]);
		}
	}
	/* Nothing of it has arrived before what comes now. */
	ASSERT_EQ(0, by_rt_sigqueueinfo(self->init.pid, SIGUSR1));
	EXPECT_EQ(SI_QUEUE, baton_take(&self->init.heard));
}

/* Sends oneself SIGUSR1 with each reserved code, and looks at what comes. */
static void forge_for_oneself(int (*send)(pid_t pid, int sig, siginfo_t *si))
{
	struct timespec none = { 0 };
	sigset_t set = only_sigusr1();

	must(!sigprocmask(SIG_BLOCK, &set, NULL));
	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++) {
		siginfo_t si = info_of(SIGUSR1, reserved[i]), got;

		must(send(getpid(), SIGUSR1, &si) == 0);
		/* sigtimedwait(3) of glibc would turn SI_TKILL into SI_USER. */
		must(syscall(SYS_rt_sigtimedwait, &set, &got, &none, _NSIG / 8) == SIGUSR1);
		must(got.si_code == reserved[i]);
		must(got.si_pid == FORGED_PID);
	}
}

TEST(oneself_may_be_told_anything)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		forge_for_oneself(queue);
		forge_for_oneself(queue_by_pidfd);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(inside, a_pidfd_wants_the_same_signal_in_the_info)
{
	siginfo_t si = info_of(SIGUSR2, SI_QUEUE);

	EXPECT_EQ(-EINVAL, queue_by_pidfd(self->init.pid, SIGUSR1, &si));
	/* rt_sigqueueinfo(2) puts it right instead. */
	ASSERT_EQ(0, queue(self->init.pid, SIGUSR1, &si));
	EXPECT_EQ(SI_QUEUE, baton_take(&self->init.heard));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/* Processes come back with their pids at every level of nested pid namespaces. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include "kselftest_harness.h"
#include "ckpt.h"

/* What a child of the caller has to say: 0 if all is well. */
static int tells(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Whether /proc is that of the caller's own pid namespace. */
static bool sees_itself(void)
{
	char self[16] = "";

	return readlink("/proc/self", self, sizeof(self) - 1) > 0 && atoi(self) == getpid();
}

/* /proc shows a level above that of the job, at which pids are new after a restart. */
static bool contained;

/* The caller's pids, from the level of the job on down. */
static const char *all_pids(void)
{
	static __thread char text[128];

	must(!file_field("/proc/thread-self/status", "NSpid", text, sizeof(text)));
	return contained ? strchr(text, '\t') : text;
}

static void note_pids(char *to)
{
	strcpy(to, all_pids());
}

static ino_t pidns(pid_t pid)
{
	struct stat st;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", pid);
	must(!stat(path, &st));
	return st.st_ino;
}

/* Makes a child that is the first in a pid namespace of its own. */
static pid_t fork_init(void)
{
	struct clone_args args = { .flags = CLONE_NEWPID, .exit_signal = SIGCHLD };
	pid_t pid = proc_clone3(&args);

	must(pid >= 0);
	return pid;
}

static char thread_pids[128];
static int going;

static void *thread(void *arg)
{
	pid_t tid = gettid();

	note_pids(thread_pids);
	baton_pass(arg, 1);
	while (!__atomic_load_n(&going, __ATOMIC_ACQUIRE))
		ckpt_nap();
	return (void *)(long)(gettid() == tid && !strcmp(all_pids(), thread_pids));
}

/* Three levels down: a child of the first process there. */
static void lowest(struct baton *up)
{
	char pids[128];

	note_pids(pids);
	must(getpid() == 2 && getppid() == 1);
	baton_pass(up, 1);
	job_await_go();
	child_check(getpid() == 2 && getppid() == 1);
	child_check(!strcmp(all_pids(), pids));
	_exit(11);
}

/* The first process two levels down. */
static void lower(struct baton *up)
{
	pid_t child = fork();
	char pids[128];

	if (!child)
		lowest(up);
	must(getpid() == 1 && getppid() == 0);
	note_pids(pids);
	baton_pass(up, 1);
	job_await_go();
	child_check(getpid() == 1 && getppid() == 0);
	child_check(!strcmp(all_pids(), pids));
	child_check(tells(child) == 11);
	_exit(12);
}

/* The first process one level down, with a thread, a child that has ended, and one further down. */
static void low(struct baton *up)
{
	pid_t ended = fork(), middle, init;
	struct baton seen = baton_make();
	char pids[128];
	siginfo_t si;
	pthread_t t;
	void *well;

	if (!ended)
		_exit(5);
	must(ended == 2);
	must(!waitid(P_PID, ended, &si, WEXITED | WNOWAIT));
	must(!pthread_create(&t, NULL, thread, &seen));
	baton_take(&seen);
	middle = fork();
	if (!middle) {
		init = fork_init();
		if (!init)
			lower(up);
		must(getpid() == 4 && init == 5);
		baton_pass(up, 1);
		job_await_go();
		child_check(getpid() == 4 && getppid() == 1);
		child_check(tells(init) == 12);
		_exit(13);
	}
	note_pids(pids);
	baton_pass(up, 1);
	job_await_go();
	__atomic_store_n(&going, 1, __ATOMIC_RELEASE);
	child_check(getpid() == 1 && !strcmp(all_pids(), pids));
	child_check(!pthread_join(t, &well) && well);
	child_check(tells(ended) == 5);
	child_check(tells(middle) == 13);
	_exit(14);
}

JOB(nested)
{
	struct baton up = baton_make();
	pid_t init, self = getpid();
	char text[64];
	int i, got;

	contained = !sees_itself();
	init = fork_init();
	if (!init)
		low(&up);
	for (i = 0; i < 4; i++)
		baton_take(&up);
	job_pause();
	job_check(getpid() == self);
	job_check(!sees_itself() || pidns(init) != pidns(self));
	got = tells(init);
	snprintf(text, sizeof(text), "the first process within says %d", got);
	if (got != 14)
		job_end(text);
}

/* The job's children are in a namespace in which it is not itself: three of them, one later. */
JOB(beside)
{
	struct baton up = baton_make();
	pid_t init, second, third;
	int i;

	must(!unshare(CLONE_NEWPID));
	init = fork();
	if (!init) {
		must(getpid() == 1);
		baton_pass(&up, 1);
		job_await_go();
		child_check(getpid() == 1);
		/* it lives until the last of its namespace is gone */
		while (access(CKPT_DIR "/third", F_OK))
			ckpt_nap();
		_exit(0);
	}
	second = fork();
	if (!second) {
		must(getpid() == 2 && !getppid());
		baton_pass(&up, 1);
		job_await_go();
		child_check(getpid() == 2 && !getppid());
		_exit(0);
	}
	for (i = 0; i < 2; i++)
		baton_take(&up);
	job_pause();
	if (sees_itself())
		job_check(pidns(init) == pidns(second) && pidns(init) != pidns(getpid()));
	third = fork();
	if (!third)
		_exit(getpid() > 2 && !getppid() ? 0 : 1);
	job_check(tells(third) == 0 && tells(second) == 0);
	/* who is left when it ends is killed */
	job_touch(CKPT_DIR "/third");
	job_check(tells(init) == 0);
}

/* The first process of a namespace, ended; who made it still has the namespace for others. */
JOB(ended)
{
	pid_t init;
	siginfo_t si;

	must(!unshare(CLONE_NEWPID));
	init = fork();
	if (!init)
		_exit(7);
	must(!waitid(P_PID, init, &si, WEXITED | WNOWAIT));
	job_pause();
	job_check(tells(init) == 7);
	job_check(fork() == -1 && errno == ENOMEM);
}

/* A timer whose signal goes to a thread that has another pid further up. */
JOB(timer)
{
	struct sigevent se = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1 };
	struct itimerspec soon = { .it_value.tv_nsec = 300000000, .it_interval.tv_nsec = 100000000 };
	struct timespec hang = { .tv_sec = PROC_HANG_MS / 1000 };
	struct baton up = baton_make();
	pid_t init = fork_init();
	siginfo_t si;
	timer_t t;
	sigset_t set;

	if (!init) {
		sigemptyset(&set);
		sigaddset(&set, SIGUSR1);
		must(!sigprocmask(SIG_BLOCK, &set, NULL));
		se._sigev_un._tid = gettid();
		must(!timer_create(CLOCK_MONOTONIC, &se, &t));
		must(!timer_settime(t, 0, &soon, NULL));
		baton_pass(&up, 1);
		job_await_go();
		child_check(sigtimedwait(&set, &si, &hang) == SIGUSR1 && si.si_code == SI_TIMER);
		child_check(sigtimedwait(&set, &si, &hang) == SIGUSR1 && si.si_code == SI_TIMER);
		_exit(0);
	}
	baton_take(&up);
	job_pause();
	job_check(tells(init) == 0);
}

static void *first_and_second(void *arg)
{
	job_await_go();
	_exit(getpid() == 1 && gettid() == 2 ? 0 : 1);
}

/* The first process of a nested namespace lives on without its first thread. */
JOB(headless)
{
	pid_t init = fork_init();
	pthread_t t;

	if (!init) {
		must(!pthread_create(&t, NULL, first_and_second, NULL));
		syscall(SYS_exit, 0);
	}
	while (task_state(init) != 'Z')
		ckpt_nap();
	job_pause();
	job_check(tells(init) == 0);
}

JOB(unborn)
{
	must(!unshare(CLONE_NEWPID));
	job_pause();
}

JOB(pid_max)
{
	struct baton up = baton_make();
	pid_t init = fork_init();

	if (!init) {
		must(!file_write("/proc/sys/kernel/pid_max", "5000"));
		baton_pass(&up, 1);
		job_await_go();
		_exit(0);
	}
	baton_take(&up);
	job_pause();
	job_check(tells(init) == 0);
}

/* A process group of a nested namespace whose leader is gone: its number has several levels. */
JOB(leaderless)
{
	struct baton up = baton_make(), joined = baton_make();
	pid_t init = fork_init(), leader, pid;
	siginfo_t si;

	if (!init) {
		leader = fork();
		if (!leader)
			_exit(setpgid(0, 0));
		must(!waitid(P_PID, leader, &si, WEXITED | WNOWAIT) && !si.si_status);
		pid = fork();
		if (!pid) {
			must(!setpgid(0, leader));
			baton_pass(&joined, 1);
			job_await_go();
			_exit(0);
		}
		baton_take(&joined);
		must(waitpid(leader, NULL, 0) == leader);
		baton_pass(&up, 1);
		job_await_go();
		_exit(0);
	}
	baton_take(&up);
	job_pause();
}

/* Makes a process in the namespace of @init, which another process has made. */
static pid_t fork_into(pid_t init)
{
	int pidfd = proc_pidfd(init);
	pid_t pid;

	must(pidfd >= 0 && !setns(pidfd, CLONE_NEWPID));
	close(pidfd);
	pid = fork();
	must(pid >= 0);
	if (!pid) {
		job_await_go();
		_exit(0);
	}
	return pid;
}

/* Makes the first process of a pid namespace, whose pid is then in CKPT_DIR/init, and ends with it. */
static void __attribute__((noreturn)) make_and_tell(void)
{
	pid_t init = fork_init();
	char text[16];

	if (!init) {
		job_await_go();
		_exit(0);
	}
	snprintf(text, sizeof(text), "%d", init);
	job_touch(CKPT_DIR "/init.new");
	must(!file_write(CKPT_DIR "/init.new", text));
	must(!rename(CKPT_DIR "/init.new", CKPT_DIR "/init"));
	job_await_go();
	_exit(tells(init));
}

/* One child has made a pid namespace, another one is put into it. */
JOB(put)
{
	pid_t maker = fork();

	if (!maker)
		make_and_tell();
	must(ckpt_appears(CKPT_DIR "/init"));
	fork_into(file_number(CKPT_DIR "/init"));
	job_pause();
}

/* The same, but who puts it there, and whom, are no part of the tree. */
JOB(stranger)
{
	pid_t maker = fork();
	char text[16];

	if (!maker) {
		must(setsid() > 0);
		make_and_tell();
	}
	must(ckpt_appears(CKPT_DIR "/init"));
	fork_into(file_number(CKPT_DIR "/init"));
	job_touch(CKPT_DIR "/child");
	snprintf(text, sizeof(text), "%d", maker);
	must(!file_write(CKPT_DIR "/child", text));
	job_pause();
}

FIXTURE(pidns) {
};

FIXTURE_SETUP(pidns)
{
	ckpt_setup();
}

FIXTURE_TEARDOWN(pidns)
{
	ckpt_teardown();
}

static const char * const jobs[] = { "nested", "beside", "ended", "timer" };

TEST_F(pidns, pids_come_back_at_every_level)
{
	ASSERT_STREQ(ckpt_round_trip("nested"), "ok");
}

TEST_F(pidns, children_are_born_where_they_would_have_been)
{
	ASSERT_STREQ(ckpt_round_trip("beside"), "ok");
}

TEST_F(pidns, a_namespace_whose_first_process_has_ended_is_still_of_no_use)
{
	ASSERT_STREQ(ckpt_round_trip("ended"), "ok");
}

TEST_F(pidns, a_first_process_lives_on_without_its_first_thread)
{
	ASSERT_STREQ(ckpt_round_trip("headless"), "ok");
}

TEST_F(pidns, a_timer_finds_its_thread)
{
	ASSERT_STREQ(ckpt_round_trip("timer"), "ok");
}

TEST_F(pidns, the_original_runs_on_unharmed)
{
	ASSERT_EACH_JOB(jobs, ckpt_setup, ckpt_unharmed);
}

TEST_F(pidns, what_was_restarted_can_be_saved_again)
{
	ASSERT_EACH_JOB(jobs, ckpt_setup, ckpt_second_generation);
}

/* The tree is a container, and there are others within it; twice. */
TEST_F(pidns, a_container_with_containers_comes_back)
{
	size_t i;
	pid_t pid;
	int n;

	for (i = 0; i < ARRAY_SIZE(jobs); i++) {
		ckpt_setup();
		pid = ckpt_start_in(jobs[i], CLONE_NEWPID);
		ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
		ckpt_kill(pid);
		for (n = 0; n < 2; n++) {
			unlink(CKPT_DIR "/third");
			ASSERT_EQ(ckpt_restart(CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
			ASSERT_STREQ(ckpt_verdict(), "ok") TH_LOG("%s", jobs[i]);
			ASSERT_EQ(cg_await_empty(CKPT_CG), 0);
			ckpt_reap();
		}
	}
}

TEST_F(pidns, two_copies_of_a_container_run_side_by_side)
{
	pid_t pid = ckpt_start_in("nested", CLONE_NEWPID);

	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ASSERT_EQ(ckpt_restart(CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

TEST_F(pidns, show_prints_pids_of_all_levels)
{
	char text[8192];
	pid_t pid = ckpt_start_in("nested", CLONE_NEWPID);

	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	ASSERT_EQ(system("bulkhead image show " CKPT_DIR "/image | grep -E '^(ns|task) ' >" CKPT_DIR
			 "/out"), 0);
	ASSERT_GT(file_read(CKPT_DIR "/out", text, sizeof(text)), 0);
	EXPECT_NE(strstr(text, "ns 1: kind=\"pid\" owner=0 parent=0"), NULL) TH_LOG("%s", text);
	EXPECT_NE(strstr(text, " pid_ns=2 pid_ns_for_children=2 pids=[5 1]"), NULL)
		TH_LOG("%s", text);
}

TEST_F(pidns, what_an_image_cannot_hold_is_refused_by_name)
{
	static const struct {
		const char *job, *said;
	} refused[] = {
		{ "unborn", "a pid namespace without its first process" },
		{ "pid_max", "a pid namespace with a pid_max of its own" },
		{ "put", "a pid namespace that it was put into from outside" },
		{ "leaderless", "a process group of a nested pid namespace whose leader is gone" },
		{ "stranger", "a pid namespace that it shares with the tree" },
	};
	size_t i;
	pid_t pid;

	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		ckpt_setup();
		pid = ckpt_start(refused[i].job);
		if (!strcmp(refused[i].job, "stranger"))
			pid = file_number(CKPT_DIR "/child");
		ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 1) TH_LOG("%s", refused[i].job);
		ASSERT_NE(strstr(ckpt_said(), refused[i].said), NULL)
			TH_LOG("%s: %s", refused[i].job, ckpt_said());
		ckpt_kill(pid);
	}
}

TEST_HARNESS_MAIN

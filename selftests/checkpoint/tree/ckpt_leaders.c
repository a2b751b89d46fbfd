// SPDX-License-Identifier: GPL-2.0
/*
 * Processes whose first thread has ended, and process groups and sessions whose
 * leader has, come back without it, and live on.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <time.h>
#include "kselftest_harness.h"
#include "ckpt.h"

static __thread long mine;
static long ours;
static int word[2];
static timer_t timer;

/* Ends the thread alone, whatever the C library makes of it. */
static void __attribute__((noreturn)) end_thread(int code)
{
	for (;;)
		syscall(SYS_exit, code);
}

static void await_headless(void)
{
	while (task_state(getpid()) != 'Z')
		ckpt_nap();
}

/* It is the process now, and the last of its threads. */
static void *last_thread(void *arg)
{
	pthread_t *other = arg;
	struct itimerspec left;
	char c, cwd[64];
	pid_t pid = getpid(), tid = gettid(), parent = getppid(), child;
	sigset_t set;
	int status;

	mine = 17;
	await_headless();
	/* to the process as a whole */
	child_check(!kill(pid, SIGUSR1));
	child_check(write(word[1], "r", 1) == 1);
	job_await_go();
	child_check(getpid() == pid && gettid() == tid && getppid() == parent);
	child_check(tid != pid && task_state(pid) == 'Z' && mine == 17 && ours == 4711);
	child_check(getcwd(cwd, sizeof(cwd)) && !strcmp(cwd, "/tmp"));
	child_check(umask(0) == 031);
	child_check(!sigpending(&set) && sigismember(&set, SIGUSR1));
	child_check(!timer_gettime(timer, &left) && left.it_value.tv_sec > 500);
	/* files are still those of all threads */
	child_check(fcntl(99, F_GETFD) == -1 && dup2(word[0], 99) == 99);
	child_check(!pthread_join(*other, NULL) && ours == 4712);
	child_check(read(word[0], &c, 1) == 1);
	child = fork();
	if (!child)
		_exit(getppid() == pid ? 5 : 6);
	child_check(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 5);
	end_thread(9);
}

static void *other_thread(void *arg)
{
	job_await_go();
	while (fcntl(99, F_GETFD))
		ckpt_nap();
	ours++;
	return NULL;
}

/* A process that goes on as two threads; it ends as the last of them does. */
static void __attribute__((noreturn)) headless_child(void)
{
	static pthread_t other, last;
	struct sigevent event = { .sigev_notify = SIGEV_NONE };
	struct itimerspec spec = { .it_value.tv_sec = 1000 };
	sigset_t set;

	ours = 4711;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	child_check(!sigprocmask(SIG_BLOCK, &set, NULL));
	child_check(!chdir("/tmp"));
	umask(031);
	child_check(!timer_create(CLOCK_MONOTONIC, &event, &timer));
	child_check(!timer_settime(timer, 0, &spec, NULL));
	child_check(!pthread_create(&other, NULL, other_thread, NULL));
	child_check(!pthread_create(&last, NULL, last_thread, &other));
	end_thread(7);
}

/* With what the first thread has ended: the last number of /proc/PID/stat. */
static int code_of_first(pid_t pid)
{
	char path[32], text[1024];

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	must(file_read(path, text, sizeof(text)) > 0);
	return atoi(strrchr(text, ' ') + 1);
}

JOB(headless_child)
{
	int status;
	pid_t pid;
	char c;

	must(!pipe(word));
	pid = fork();
	if (!pid)
		headless_child();
	must(read(word[0], &c, 1) == 1);
	job_pause();
	/* it has not ended while one of its threads lives */
	job_check(task_state(pid) == 'Z');
	if (waitpid(pid, &status, WNOHANG)) {
		char text[64];

		snprintf(text, sizeof(text), "it ended with %#x", status);
		job_end(text);
	}
	job_check(code_of_first(pid) == 7 << 8);
	job_check(write(word[1], "e", 1) == 1);
	job_check(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	job_check(WEXITSTATUS(status) == 9);
}

/* The first process of all may be one. */
static void *survivor(void *arg)
{
	pid_t self = getpid(), tid = gettid();
	char *map = malloc(1 << 20);

	memset(map, 'm', 1 << 20);
	await_headless();
	job_pause();
	job_check(getpid() == self && gettid() == tid && task_state(self) == 'Z');
	job_check(getsid(0) == self && getpgrp() == self);
	job_check(map[0] == 'm' && map[(1 << 20) - 1] == 'm');
	job_end("ok");
}

JOB(headless)
{
	pthread_t t;

	must(!pthread_create(&t, NULL, survivor, NULL));
	end_thread(0);
}

/* And it may be killed as any other. */
static void *killed(void *arg)
{
	await_headless();
	child_check(write(word[1], "r", 1) == 1);
	proc_sleep_forever();
	return NULL;
}

JOB(headless_killed)
{
	pthread_t t;
	int status;
	pid_t pid;
	char c;

	must(!pipe(word));
	pid = fork();
	if (!pid) {
		must(!pthread_create(&t, NULL, killed, NULL));
		end_thread(3);
	}
	must(read(word[0], &c, 1) == 1);
	job_pause();
	job_check(!kill(pid, SIGTERM));
	job_check(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
	job_check(WTERMSIG(status) == SIGTERM);
}

/* Stopped, it has two things to tell, and the image has room for one. */
JOB(headless_stopped)
{
	pthread_t t;
	char c;
	pid_t pid;

	must(!pipe(word));
	pid = fork();
	if (!pid) {
		must(!pthread_create(&t, NULL, killed, NULL));
		end_thread(3);
	}
	must(read(word[0], &c, 1) == 1);
	must(!kill(pid, SIGSTOP));
	must(waitpid(pid, NULL, WUNTRACED) == pid);
	job_pause();
	must(!kill(pid, SIGKILL));
}

/* A child that tells its number, waits for the end, and then for its turn. */
static void __attribute__((noreturn)) wait_and_look(struct baton *up, pid_t pgrp, pid_t session)
{
	baton_pass(up, getpid());
	job_await_go();
	child_check(getpgrp() == pgrp && getsid(0) == session);
	_exit(11);
}

/* As of a shell's pipeline whose first command is done, and of a daemon's second fork. */
JOB(gone)
{
	pid_t self = getpid(), first, second, leader, member, group, last, pid;
	struct baton up = baton_make(), down = baton_make(), numbers = baton_make();
	char text[16];
	int status;

	must(!prctl(PR_SET_CHILD_SUBREAPER, 1));
	/* a group of this session */
	first = fork();
	if (!first) {
		child_check(!setpgid(0, 0));
		baton_pass(&up, 0);
		baton_take(&down);
		_exit(0);
	}
	baton_take(&up);
	second = fork();
	if (!second) {
		child_check(!setpgid(0, first));
		wait_and_look(&up, first, self);
	}
	baton_take(&up);
	baton_pass(&down, 0);
	must(waitpid(first, NULL, 0) == first);

	/* a session, and a group of it */
	leader = fork();
	if (!leader) {
		leader = setsid();
		if (!fork())
			wait_and_look(&up, leader, leader);
		group = fork();
		if (!group) {
			child_check(!setpgid(0, 0));
			baton_pass(&up, 0);
			baton_take(&down);
			_exit(0);
		}
		member = baton_take(&up);
		if (!member)
			member = baton_take(&up);
		else
			baton_take(&up);
		last = fork();
		if (!last) {
			child_check(!setpgid(0, group));
			wait_and_look(&up, group, leader);
		}
		baton_take(&up);
		baton_pass(&down, 0);
		child_check(waitpid(group, NULL, 0) == group);
		baton_pass(&numbers, member);
		baton_pass(&numbers, group);
		baton_pass(&numbers, last);
		_exit(0);
	}
	member = baton_take(&numbers);
	group = baton_take(&numbers);
	last = baton_take(&numbers);
	must(waitpid(leader, NULL, 0) == leader);
	/* the last of them: when it cannot be made, the others are given up */
	snprintf(text, sizeof(text), "%d", group);
	job_touch(CKPT_DIR "/gone");
	must(!file_write(CKPT_DIR "/gone", text));
	job_pause();
	job_check(getpgrp() == self && getsid(0) == self);
	job_check(getpgid(second) == first && getsid(second) == self);
	job_check(getpgid(member) == leader && getsid(member) == leader);
	job_check(getpgid(last) == group && getsid(last) == leader);
	/* the numbers are those of groups, and of nobody */
	job_check(kill(first, 0) == -1 && errno == ESRCH && !kill(-first, 0));
	job_check(kill(leader, 0) == -1 && errno == ESRCH && !kill(-leader, 0));
	job_check(kill(group, 0) == -1 && errno == ESRCH && !kill(-group, 0));
	/* others can join */
	pid = fork();
	if (!pid) {
		child_check(!setpgid(0, first));
		_exit(13);
	}
	job_check(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 13);
	job_check(waitpid(-first, &status, 0) == second && WEXITSTATUS(status) == 11);
	job_check(waitpid(-leader, &status, 0) == member && WEXITSTATUS(status) == 11);
	job_check(waitpid(-group, &status, 0) == last && WEXITSTATUS(status) == 11);
	job_check(waitpid(-1, &status, 0) == -1 && errno == ECHILD);
	/* and with the last who is in it the group is gone */
	job_check(kill(-first, 0) == -1 && errno == ESRCH);
}

/* Two of a session without leader; the second is not of the tree that the first is. */
JOB(gone_shared)
{
	struct baton up = baton_make();
	char text[16];
	pid_t pid;
	int i;

	must(!prctl(PR_SET_CHILD_SUBREAPER, 1));
	pid = fork();
	if (!pid) {
		pid = setsid();
		for (i = 0; i < 2; i++)
			if (!fork()) {
				close(up.fd[0]);
				baton_pass(&up, getpid());
				close(up.fd[1]);
				job_await_go();
				_exit(0);
			}
		_exit(0);
	}
	must(waitpid(pid, NULL, 0) == pid);
	snprintf(text, sizeof(text), "%d", baton_take(&up));
	baton_take(&up);
	job_touch(CKPT_DIR "/child");
	must(!file_write(CKPT_DIR "/child", text));
	job_pause();
}

FIXTURE(leaders) {
};

FIXTURE_SETUP(leaders)
{
	ckpt_setup();
}

FIXTURE_TEARDOWN(leaders)
{
	ckpt_teardown();
}

TEST_F(leaders, a_process_lives_on_without_its_first_thread)
{
	ASSERT_STREQ(ckpt_round_trip("headless_child"), "ok");
}

TEST_F(leaders, so_does_the_first_of_all)
{
	ASSERT_STREQ(ckpt_round_trip("headless"), "ok");
}

TEST_F(leaders, without_its_first_thread_it_can_be_killed)
{
	ASSERT_STREQ(ckpt_round_trip("headless_killed"), "ok");
}

TEST_F(leaders, it_can_be_saved_and_restarted_again)
{
	ASSERT_STREQ(ckpt_second_generation("headless_child"), "ok");
}

TEST_F(leaders, the_original_runs_on_unharmed)
{
	static const char * const names[] = { "headless_child", "headless" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		ckpt_setup();
		ASSERT_STREQ(ckpt_unharmed(names[i]), "ok") TH_LOG("%s", names[i]);
	}
}

TEST_F(leaders, stopped_without_its_first_thread_is_refused_by_name)
{
	pid_t pid = ckpt_start("headless_stopped");

	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 1);
	ASSERT_NE(strstr(ckpt_said(), "without its first thread is not supported"), NULL)
		TH_LOG("%s", ckpt_said());
	ASSERT_STREQ(ckpt_verdict(), "ok");
	ASSERT_EQ(proc_end(pid), 0);
}

TEST_F(leaders, groups_and_sessions_outlive_their_leaders)
{
	ASSERT_STREQ(ckpt_round_trip("gone"), "ok");
}

TEST_F(leaders, they_do_so_twice)
{
	ASSERT_STREQ(ckpt_second_generation("gone"), "ok");
}

TEST_F(leaders, the_original_keeps_its_groups)
{
	ASSERT_STREQ(ckpt_unharmed("gone"), "ok");
}

TEST_F(leaders, a_group_whose_number_is_taken_is_an_error_and_nothing_is_left)
{
	struct clone_args args = { .exit_signal = SIGCHLD, .set_tid_size = 1 };
	pid_t pid = ckpt_start("gone"), gone, other;

	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	gone = file_number(CKPT_DIR "/gone");
	args.set_tid = (uintptr_t)&gone;
	other = proc_clone3(&args);
	if (!other)
		proc_sleep_forever();
	ASSERT_EQ(other, gone);
	EXPECT_EQ(ckpt_restart(CKPT_DIR "/image"), 1);
	EXPECT_NE(strstr(ckpt_said(), "of a leader that is gone: it cannot be made"), NULL)
		TH_LOG("%s", ckpt_said());
	EXPECT_EQ(cg_await_empty(CKPT_CG), 0);
	ckpt_reap();
	EXPECT_EQ(proc_kill(other), -SIGKILL);
	ASSERT_EQ(ckpt_restart(CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

TEST_F(leaders, a_session_without_leader_that_others_have_is_refused_by_name)
{
	pid_t pid = ckpt_start("gone_shared");

	ASSERT_EQ(ckpt_save(file_number(CKPT_DIR "/child"), CKPT_DIR "/image"), 1);
	ASSERT_NE(strstr(ckpt_said(), "a group or session without leader that it shares"), NULL)
		TH_LOG("%s", ckpt_said());
	/* and with all of them it can be saved */
	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ASSERT_STREQ(ckpt_verdict(), "ok");
	ASSERT_EQ(proc_end(pid), 0);
}

TEST_HARNESS_MAIN

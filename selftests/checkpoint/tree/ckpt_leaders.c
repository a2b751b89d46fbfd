// SPDX-License-Identifier: GPL-2.0
/* Processes whose first thread has ended come back without it, and live on. */
#define _GNU_SOURCE
#include <pthread.h>
#include <time.h>
#include "kselftest_harness.h"
#include "ckpt.h"

/* Who finds something wrong in a child ends it with the line's number. */
#define child_check(cond) do { if (!(cond)) _exit(__LINE__ % 200 + 1); } while (0)

static __thread long mine;
static long ours;
static int word[2];
static timer_t timer;

static void await_go(void)
{
	while (access(CKPT_DIR "/go", F_OK))
		ckpt_nap();
}

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
	await_go();
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
	await_go();
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

TEST_HARNESS_MAIN

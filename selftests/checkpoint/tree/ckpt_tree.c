// SPDX-License-Identifier: GPL-2.0
/* Processes come back with their pids, parents, groups, sessions and attributes. */
#include <sched.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <pthread.h>
#include <sys/resource.h>
#include "kselftest_harness.h"
#include "ckpt.h"

JOB(tree)
{
	pid_t self = getpid(), a, b, c, me;
	struct baton up = baton_make();
	int status;

	a = fork();
	if (!a) {
		/* a group of its own, and a grandchild in a session of its own */
		child_check(!setpgid(0, 0));
		b = fork();
		if (!b) {
			child_check(setsid() == getpid());
			baton_pass(&up, 1);
			job_await_go();
			child_check(getppid() != 1 && getsid(0) == getpid() && getpgrp() == getpid());
			_exit(11);
		}
		me = getpid();
		baton_pass(&up, 1);
		job_await_go();
		child_check(getpid() == me && getppid() == self && getpgrp() == me);
		child_check(getsid(0) == self);
		child_check(waitpid(b, &status, 0) == b && WIFEXITED(status));
		_exit(WEXITSTATUS(status) == 11 ? 12 : 1);
	}
	c = fork();
	if (!c) {
		baton_pass(&up, 1);
		job_await_go();
		child_check(getppid() == self && getpgrp() == self && getsid(0) == self);
		_exit(13);
	}
	baton_take(&up);
	baton_take(&up);
	baton_take(&up);
	job_pause();
	job_check(getpid() == self && getsid(0) == self && getpgrp() == self);
	job_check(waitpid(a, &status, 0) == a && WIFEXITED(status) && WEXITSTATUS(status) == 12);
	job_check(waitpid(c, &status, 0) == c && WIFEXITED(status) && WEXITSTATUS(status) == 13);
	job_check(waitpid(-1, &status, 0) == -1 && errno == ECHILD);
}

JOB(attributes)
{
	struct rlimit core = { 12345, 67890 }, got;
	gid_t groups[] = { 7, 8, 9 }, list[8];
	char name[16], cwd[64];
	char text[64];
	int value = 0;

	must(!prctl(PR_SET_NAME, "attributes"));
	must(!mkdir(CKPT_DIR "/cwd", 0755) && !chdir(CKPT_DIR "/cwd"));
	umask(027);
	must(!setrlimit(RLIMIT_CORE, &core));
	must(!setpriority(PRIO_PROCESS, 0, 7));
	must(!file_write("/proc/self/oom_score_adj", "321"));
	must(!prctl(PR_SET_CHILD_SUBREAPER, 1));
	must(!prctl(PR_SET_TIMERSLACK, 77777));
	must(!setgroups(3, groups));
	job_pause();
	job_check(!prctl(PR_GET_NAME, name) && !strcmp(name, "attributes"));
	job_check(getcwd(cwd, sizeof(cwd)) && !strcmp(cwd, CKPT_DIR "/cwd"));
	job_check(umask(0) == 027);
	job_check(!getrlimit(RLIMIT_CORE, &got) && !memcmp(&got, &core, sizeof(got)));
	job_check(getpriority(PRIO_PROCESS, 0) == 7);
	job_check(file_number("/proc/self/oom_score_adj") == 321);
	job_check(!prctl(PR_GET_CHILD_SUBREAPER, &value) && value == 1);
	job_check(prctl(PR_GET_TIMERSLACK) == 77777);
	job_check(getgroups(8, list) == 3 && !memcmp(list, groups, sizeof(groups)));
	job_check(readlink("/proc/self/exe", text, sizeof(text)) > 0 && strstr(text, "ckpt_tree"));
}

JOB(nobody)
{
	uid_t r, e, s;

	must(!prctl(PR_CAPBSET_DROP, CAP_SYS_BOOT, 0, 0, 0));
	must(!prctl(PR_SET_SECUREBITS, SECBIT_NOROOT, 0, 0, 0));
	must(!setresgid(1234, 1235, 1236));
	must(!prctl(PR_SET_KEEPCAPS, 0));
	must(!setresuid(2234, 2235, 2236));
	must(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	job_pause();
	job_check(!getresuid(&r, &e, &s) && r == 2234 && e == 2235 && s == 2236);
	job_check(!getresgid(&r, &e, &s) && r == 1234 && e == 1235 && s == 1236);
	job_check(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	job_check(!prctl(PR_CAPBSET_READ, CAP_SYS_BOOT, 0, 0, 0));
	job_check(prctl(PR_CAPBSET_READ, CAP_CHOWN, 0, 0, 0) == 1);
	job_check(prctl(PR_GET_SECUREBITS, 0, 0, 0, 0) == SECBIT_NOROOT);
	job_check(setuid(0) == -1);
}

static volatile int told;

static void count_child(int sig)
{
	told++;
}

/* How a process ended is kept for its parent, and the parent is not told twice. */
JOB(zombies)
{
	pid_t exited = fork(), killed, leader, member;
	struct baton up = baton_make(), end = baton_make();
	siginfo_t si;
	int status;

	must(signal(SIGCHLD, count_child) != SIG_ERR);
	if (!exited)
		_exit(37);
	killed = fork();
	if (!killed)
		proc_sleep_forever();
	must(!kill(killed, SIGKILL));
	/* the leader of a process group ends, and one of its members lives on */
	leader = fork();
	if (!leader) {
		child_check(!setpgid(0, 0));
		baton_pass(&up, 1);
		_exit(0);
	}
	baton_take(&up);
	member = fork();
	if (!member) {
		child_check(!setpgid(0, leader));
		baton_pass(&up, 1);
		must(read(end.fd[0], &status, 1) == 1);
		child_check(getpgrp() == leader);
		_exit(12);
	}
	baton_take(&up);
	must(!waitid(P_PID, exited, &si, WEXITED | WNOWAIT));
	must(!waitid(P_PID, killed, &si, WEXITED | WNOWAIT));
	must(!waitid(P_PID, leader, &si, WEXITED | WNOWAIT));
	told = 0;
	job_pause();
	job_check(!told);
	baton_pass(&end, 1);
	job_check(!waitid(P_PID, exited, &si, WEXITED | WNOWAIT) && si.si_code == CLD_EXITED);
	job_check(si.si_status == 37);
	job_check(waitpid(exited, &status, 0) == exited && WEXITSTATUS(status) == 37);
	job_check(waitpid(killed, &status, 0) == killed && WIFSIGNALED(status));
	job_check(WTERMSIG(status) == SIGKILL);
	job_check(waitpid(member, &status, 0) == member && WEXITSTATUS(status) == 12);
	job_check(waitpid(leader, &status, 0) == leader && !status);
	job_check(waitpid(-1, &status, 0) == -1 && errno == ECHILD);
}

/* A child that a signal stopped stays so, and its parent hears of it once. */
JOB(stopped)
{
	struct baton end = baton_make();
	pid_t heard = fork(), unheard, continued;
	int status;

	if (!heard) {
		raise(SIGSTOP);
		_exit(21);
	}
	unheard = fork();
	if (!unheard) {
		/* in a group of its own, or nobody could set it going again */
		must(!setpgid(0, 0));
		raise(SIGTSTP);
		_exit(22);
	}
	continued = fork();
	if (!continued) {
		raise(SIGSTOP);
		must(read(end.fd[0], &status, 1) == 1);
		_exit(23);
	}
	must(waitpid(heard, &status, WUNTRACED) == heard && WIFSTOPPED(status));
	must(waitpid(continued, &status, WUNTRACED) == continued && WIFSTOPPED(status));
	must(!kill(continued, SIGCONT));
	while (task_state(unheard) != 'T' || task_state(continued) == 'T')
		ckpt_nap();
	job_pause();
	/* After a restart they stop by themselves, when they are let go like everybody. */
	while (task_state(heard) != 'T' || task_state(unheard) != 'T')
		ckpt_nap();
	job_check(!waitpid(heard, &status, WUNTRACED | WNOHANG));
	job_check(waitpid(unheard, &status, WUNTRACED | WNOHANG) == unheard);
	job_check(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP);
	job_check(!waitpid(unheard, &status, WUNTRACED | WNOHANG));
	job_check(waitpid(continued, &status, WCONTINUED | WNOHANG) == continued);
	job_check(WIFCONTINUED(status));
	baton_pass(&end, 1);
	job_check(!kill(heard, SIGCONT) && !kill(unheard, SIGCONT));
	job_check(waitpid(heard, &status, 0) == heard && WEXITSTATUS(status) == 21);
	job_check(waitpid(unheard, &status, 0) == unheard && WEXITSTATUS(status) == 22);
	job_check(waitpid(continued, &status, 0) == continued && WEXITSTATUS(status) == 23);
}

#define THREADS	5

static pthread_barrier_t together;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int going, done;
static __thread long mine;
static const char *thread_wrong;

#define thread_check(cond) do {						\
	if (!(cond))							\
		thread_wrong = JOB_STR(__LINE__) ": not so: " #cond;	\
} while (0)

/* Each has a name, a thread-local variable, a mask and a pid of its own, and waits. */
static void *thread(void *arg)
{
	char name[16], want[16];
	long n = (long)arg;
	pid_t tid = gettid();
	sigset_t set, got;

	mine = 100 + n;
	snprintf(want, sizeof(want), "thread-%ld", n);
	must(!prctl(PR_SET_NAME, want));
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + n);
	must(!pthread_sigmask(SIG_SETMASK, &set, NULL));
	must(!pthread_kill(pthread_self(), SIGRTMIN + n));
	pthread_barrier_wait(&together);

	pthread_mutex_lock(&lock);
	while (!going)
		pthread_cond_wait(&changed, &lock);
	thread_check(mine == 100 + n && gettid() == tid);
	thread_check(!prctl(PR_GET_NAME, name) && !strcmp(name, want));
	thread_check(!pthread_sigmask(SIG_SETMASK, NULL, &got));
	thread_check(sigismember(&got, SIGRTMIN + n) && !sigismember(&got, SIGRTMIN + n + 1));
	thread_check(!sigpending(&got) && sigismember(&got, SIGRTMIN + n));
	thread_check(!sigismember(&got, SIGRTMIN + n + 1));
	done++;
	pthread_mutex_unlock(&lock);
	return (void *)(n * n);
}

JOB(threads)
{
	pthread_t t[THREADS];
	void *result;
	long i;

	must(!pthread_barrier_init(&together, NULL, THREADS + 1));
	for (i = 0; i < THREADS; i++)
		must(!pthread_create(&t[i], NULL, thread, (void *)i));
	pthread_barrier_wait(&together);
	job_pause();
	pthread_mutex_lock(&lock);
	going = 1;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	for (i = 0; i < THREADS; i++) {
		/* the kernel clears the thread's id, and wakes who waits for that */
		job_check(!pthread_join(t[i], &result));
		job_check((long)result == i * i);
	}
	job_check(done == THREADS);
	if (thread_wrong)
		job_end(thread_wrong);
	/* and new ones can be made */
	must(!pthread_barrier_init(&together, NULL, 2));
	job_check(!pthread_create(&t[0], NULL, thread, (void *)3L));
	pthread_barrier_wait(&together);
	job_check(!pthread_join(t[0], &result) && result == (void *)9L);
	if (thread_wrong)
		job_end(thread_wrong);
}

static struct baton made;

/* A thread with a table of files and a directory of its own, and a child. */
static void *loner(void *arg)
{
	char cwd[64];
	pid_t pid;
	int fd, status;

	must(!unshare(CLONE_FILES | CLONE_FS));
	must(!chdir("/proc") && !chdir("/tmp"));
	fd = open("/dev/zero", O_RDONLY);
	must(dup2(fd, 77) == 77);
	pid = fork();
	if (!pid) {
		baton_pass(&made, 1);
		job_await_go();
		child_check(fcntl(77, F_GETFD) == 0);
		_exit(31);
	}
	baton_pass(&made, 1);
	pthread_mutex_lock(&lock);
	while (!going)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	thread_check(getcwd(cwd, sizeof(cwd)) && !strcmp(cwd, "/tmp"));
	thread_check(fcntl(77, F_GETFD) == 0);
	/* it is the child of this very thread */
	thread_check(waitpid(pid, &status, __WNOTHREAD) == pid && WEXITSTATUS(status) == 31);
	return NULL;
}

JOB(loner)
{
	pthread_t t;
	char cwd[64];

	made = baton_make();
	must(!pthread_create(&t, NULL, loner, NULL));
	baton_take(&made);
	baton_take(&made);
	job_pause();
	job_check(getcwd(cwd, sizeof(cwd)) && !strcmp(cwd, "/"));
	job_check(fcntl(77, F_GETFD) == -1 && errno == EBADF);
	pthread_mutex_lock(&lock);
	going = 1;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	job_check(!pthread_join(t, NULL));
	if (thread_wrong)
		job_end(thread_wrong);
	/* still one table: what one opens the other has */
	job_check(dup2(0, 78) == 78);
}

JOB(affinity)
{
	cpu_set_t one, got;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	must(!sched_setaffinity(0, sizeof(one), &one));
	job_pause();
	job_check(!sched_getaffinity(0, sizeof(got), &got) && CPU_EQUAL(&got, &one));
}

FIXTURE(tree) {
};

FIXTURE_SETUP(tree)
{
	ckpt_setup();
}

FIXTURE_TEARDOWN(tree)
{
	ckpt_teardown();
}

TEST_F(tree, pids_parents_groups_and_sessions_come_back)
{
	ASSERT_STREQ(ckpt_round_trip("tree"), "ok");
}

TEST_F(tree, attributes_come_back)
{
	ASSERT_STREQ(ckpt_round_trip("attributes"), "ok");
}

TEST_F(tree, credentials_come_back_and_root_does_not)
{
	ASSERT_STREQ(ckpt_round_trip("nobody"), "ok");
}

TEST_F(tree, the_original_runs_on_unharmed)
{
	pid_t pid = ckpt_start("tree");

	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ASSERT_STREQ(ckpt_verdict(), "ok");
	ASSERT_EQ(proc_end(pid), 0);
}

TEST_F(tree, a_pid_that_is_taken_is_an_error_and_nothing_is_left)
{
	pid_t pid = ckpt_start("tree");

	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0);
	ASSERT_EQ(ckpt_restart(CKPT_DIR "/image"), 1);
	ASSERT_NE(strstr(ckpt_said(), "cannot be made"), NULL) TH_LOG("%s", ckpt_said());
	/* and those who have the pids do not mind */
	ASSERT_STREQ(ckpt_verdict(), "ok");
	ASSERT_EQ(proc_end(pid), 0);
	ASSERT_EQ(cg_await_empty(CKPT_CG), 0);
}

TEST_F(tree, processes_that_ended_are_there_to_be_waited_for)
{
	ASSERT_STREQ(ckpt_round_trip("zombies"), "ok");
}

TEST_F(tree, stopped_processes_stay_stopped_and_are_told_of_once)
{
	ASSERT_STREQ(ckpt_round_trip("stopped"), "ok");
}

TEST_F(tree, threads_come_back_each_with_what_is_its_own)
{
	ASSERT_STREQ(ckpt_round_trip("threads"), "ok");
}

TEST_F(tree, a_thread_may_have_files_directory_and_children_of_its_own)
{
	ASSERT_STREQ(ckpt_round_trip("loner"), "ok");
}

TEST_F(tree, affinity_comes_back)
{
	pid_t pid = ckpt_start("affinity");

	/* with one CPU, nobody but an image tells who has asked for it */
	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	ASSERT_EQ(ckpt_restart(CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/second"), 0) TH_LOG("%s", ckpt_said());
	ASSERT_EQ(system("bulkhead image show " CKPT_DIR "/second | grep -q '^task.* cpus=\\[0\\]'"), 0);
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

TEST_F(tree, the_original_runs_on_unharmed_with_threads_zombies_and_stopped)
{
	static const char * const names[] = { "threads", "loner", "zombies", "stopped" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		ckpt_setup();
		ASSERT_STREQ(ckpt_unharmed(names[i]), "ok") TH_LOG("%s", names[i]);
	}
}

TEST_F(tree, restarted_twice_and_saved_again_in_between)
{
	pid_t pid = ckpt_start("threads"), again;
	char out[32];
	int i;

	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(ckpt_restart(CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
		ASSERT_GT(file_read(CKPT_DIR "/out", out, sizeof(out)), 0);
		again = atoi(out);
		ASSERT_EQ(again, pid);
		/* what was restarted can be saved as well */
		ASSERT_EQ(ckpt_save(again, CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
		ckpt_kill(again);
	}
	ASSERT_EQ(ckpt_restart(CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

TEST_F(tree, what_is_not_frozen_is_refused)
{
	pid_t pid = ckpt_start("attributes");
	char args[64];

	/* in a cgroup that cannot be frozen */
	ASSERT_EQ(cg_enter("/sys/fs/cgroup", pid), 0);
	snprintf(args, sizeof(args), "checkpoint -o %s %d", CKPT_DIR "/image", pid);
	ASSERT_EQ(ckpt_tool(args), 1);
	ASSERT_NE(strstr(ckpt_said(), "cannot be frozen"), NULL) TH_LOG("%s", ckpt_said());
	ASSERT_NE(access(CKPT_DIR "/image", F_OK), 0);
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

TEST_HARNESS_MAIN

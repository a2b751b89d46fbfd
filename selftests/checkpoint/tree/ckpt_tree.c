// SPDX-License-Identifier: GPL-2.0
/* Processes come back with their pids, parents, groups, sessions and attributes. */
#include <sched.h>
#include <grp.h>
#include <sys/resource.h>
#include "kselftest_harness.h"
#include "ckpt.h"

/* Children report to their parent by exit status; the root tells the test. */
#define child_check(cond) do { if (!(cond)) _exit(__LINE__ % 200 + 1); } while (0)

static void child_pause(void)
{
	while (access(CKPT_DIR "/go", F_OK))
		ckpt_nap();
}

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
			child_pause();
			child_check(getppid() != 1 && getsid(0) == getpid() && getpgrp() == getpid());
			_exit(11);
		}
		me = getpid();
		baton_pass(&up, 1);
		child_pause();
		child_check(getpid() == me && getppid() == self && getpgrp() == me);
		child_check(getsid(0) == self);
		child_check(waitpid(b, &status, 0) == b && WIFEXITED(status));
		_exit(WEXITSTATUS(status) == 11 ? 12 : 1);
	}
	c = fork();
	if (!c) {
		baton_pass(&up, 1);
		child_pause();
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

	must(!setresgid(1234, 1235, 1236));
	must(!prctl(PR_SET_KEEPCAPS, 0));
	must(!setresuid(2234, 2235, 2236));
	must(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	job_pause();
	job_check(!getresuid(&r, &e, &s) && r == 2234 && e == 2235 && s == 2236);
	job_check(!getresgid(&r, &e, &s) && r == 1234 && e == 1235 && s == 1236);
	job_check(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	job_check(setuid(0) == -1);
}

JOB(zombie)
{
	pid_t pid = fork();
	siginfo_t si;

	if (!pid)
		_exit(3);
	must(!waitid(P_PID, pid, &si, WEXITED | WNOWAIT));
	job_pause();
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

TEST_F(tree, a_zombie_is_refused_by_name)
{
	pid_t pid = ckpt_start("zombie");

	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 1);
	ASSERT_NE(strstr(ckpt_said(), "nobody has waited for is not supported"), NULL)
		TH_LOG("%s", ckpt_said());
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

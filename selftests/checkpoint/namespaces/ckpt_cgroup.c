// SPDX-License-Identifier: GPL-2.0
/* Tasks come back in the cgroups below that of the first one, which are made if need be. */
#include <linux/capability.h>
#include <sched.h>
#include <pthread.h>
#include "kselftest_harness.h"
#include "ckpt.h"
#include "until.h"

#define A	CKPT_CG "/a"
#define B	CKPT_CG "/a/b"

/* Whether this is where in cgroup v2 the caller sees itself. */
static bool lives_in(const char *want)
{
	char text[256], *at;

	must(file_read("/proc/self/cgroup", text, sizeof(text)) > 0);
	at = strstr(text, "0::");
	if (!at)
		return false;
	at[strcspn(at, "\n")] = '\0';
	return !strcmp(at + 3, want);
}

/*
 * One child lives two cgroups further down and has a cgroup namespace that begins
 * there, its child in the one between, and a child of that up where the job is.
 */
JOB(below)
{
	struct baton up = baton_make();
	pid_t low, middle, top;
	int i;

	must(!cg_create(A) && !cg_create(B));
	low = fork();
	if (!low) {
		must(!cg_enter(B, getpid()));
		middle = fork();
		if (!middle) {
			must(!cg_enter(A, getpid()) && lives_in("/ckpt/a"));
			top = fork();
			if (!top) {
				must(!cg_enter(CKPT_CG, getpid()) && lives_in("/ckpt"));
				baton_pass(&up, 1);
				job_await_go();
				child_check(lives_in("/ckpt"));
				_exit(0);
			}
			baton_pass(&up, 1);
			job_await_go();
			child_check(lives_in("/ckpt/a"));
			_exit(!child_ends_well(top));
		}
		must(!unshare(CLONE_NEWCGROUP) && lives_in("/"));
		baton_pass(&up, 1);
		job_await_go();
		child_check(lives_in("/"));
		_exit(!child_ends_well(middle));
	}
	for (i = 0; i < 3; i++)
		baton_take(&up);
	job_pause();
	job_check(lives_in("/ckpt"));
	job_check(child_ends_well(low));
}

/* The first process lives below another one. */
JOB(above)
{
	struct baton up = baton_make();
	pid_t child;

	must(!cg_create(A));
	child = fork();
	if (!child) {
		baton_pass(&up, 1);
		job_await_go();
		_exit(0);
	}
	baton_take(&up);
	must(!cg_enter(A, getpid()));
	job_pause();
	job_check(child_ends_well(child));
}

static void *well_placed(void *arg)
{
	job_await_go();
	_exit(lives_in("/ckpt/a") ? 0 : 1);
}

/* A process that lives on below without its first thread. */
JOB(headless)
{
	pthread_t thread;
	pid_t pid;

	must(!cg_create(A));
	pid = fork();
	if (!pid) {
		must(!cg_enter(A, getpid()));
		must(!pthread_create(&thread, NULL, well_placed, NULL));
		syscall(SYS_exit, 0);
	}
	while (task_state(pid) != 'Z')
		ckpt_nap();
	job_pause();
	job_check(child_ends_well(pid));
}

FIXTURE(cgroup) {
};

static void remove_below(void)
{
	cg_remove(B);
	cg_remove(A);
}

FIXTURE_SETUP(cgroup)
{
	ckpt_setup();
}

FIXTURE_TEARDOWN(cgroup)
{
	cg_write(CKPT_CG, "cgroup.freeze", "0");
	cg_write(CKPT_CG, "cgroup.kill", "1");
	cg_await_empty(CKPT_CG);
	remove_below();
	ckpt_teardown();
}

TEST_F(cgroup, tasks_come_back_where_they_lived)
{
	ASSERT_STREQ(ckpt_round_trip("below"), "ok");
}

TEST_F(cgroup, the_original_runs_on_unharmed)
{
	ASSERT_STREQ(ckpt_unharmed("below"), "ok");
}

TEST_F(cgroup, so_do_those_without_their_first_thread)
{
	ASSERT_STREQ(ckpt_round_trip("headless"), "ok");
}

TEST_F(cgroup, cgroups_that_are_gone_are_made_again_twice)
{
	pid_t pid = ckpt_start("below");
	int i;

	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	for (i = 0; i < 2; i++) {
		remove_below();
		ASSERT_NE(access(A, F_OK), 0);
		ASSERT_EQ(ckpt_restart(CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
		/* what was restarted can be saved as well */
		ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
		ckpt_kill(pid);
	}
	remove_below();
	ASSERT_EQ(ckpt_restart(CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

TEST_F(cgroup, a_restart_that_fails_leaves_no_cgroup_behind)
{
	pid_t pid = ckpt_start("below"), child;

	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	remove_below();
	child = fork();
	if (!child) {
		/* for the cgroup namespace */
		must(!prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN));
		_exit(ckpt_restart(CKPT_DIR "/image"));
	}
	ASSERT_EQ(proc_end(child), 1);
	ASSERT_NE(access(A, F_OK), 0);
}

TEST_F(cgroup, show_prints_them)
{
	char text[8192];
	pid_t pid = ckpt_start("below");

	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	ASSERT_EQ(system("bulkhead image show " CKPT_DIR "/image | grep -E '^(cgroup|task) ' >" CKPT_DIR
			 "/out"), 0);
	ASSERT_GT(file_read(CKPT_DIR "/out", text, sizeof(text)), 0);
	EXPECT_NE(strstr(text, "cgroup 1: path=\"/a/b\""), NULL) TH_LOG("%s", text);
	EXPECT_NE(strstr(text, "cgroup 2: path=\"/a\""), NULL) TH_LOG("%s", text);
	EXPECT_NE(strstr(text, " cgroup=2"), NULL) TH_LOG("%s", text);
}

TEST_F(cgroup, one_that_is_frozen_by_itself_is_refused)
{
	pid_t pid = ckpt_start("below");

	ASSERT_EQ(cg_write(B, "cgroup.freeze", "1"), 0);
	EXPECT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 1);
	EXPECT_NE(strstr(ckpt_said(), "a cgroup that is frozen by itself"), NULL)
		TH_LOG("%s", ckpt_said());
	ASSERT_EQ(cg_write(B, "cgroup.freeze", "0"), 0);
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

TEST_F(cgroup, one_that_is_not_below_the_first_is_refused)
{
	pid_t pid = ckpt_start("above");

	ASSERT_EQ(cg_write(CKPT_CG, "cgroup.freeze", "1"), 0);
	/* until its process stands, that is what is wrong with it */
	EXPECT_TRUE(EVENTUALLY(!ckpt_save(pid, CKPT_DIR "/image") ||
			       !strstr(ckpt_said(), "is not frozen")));
	EXPECT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 1);
	EXPECT_NE(strstr(ckpt_said(), "a cgroup that is not below the first process's"), NULL)
		TH_LOG("%s", ckpt_said());
	ASSERT_EQ(cg_write(CKPT_CG, "cgroup.freeze", "0"), 0);
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * A tree is taken while it stands in the freezer of cgroup v2. The tool leaves
 * the freezer as it found it, and whatever thaws, moves, kills or adds tasks
 * meanwhile costs the image, but never the tree.
 */
#include <sched.h>
#include <sys/file.h>
#include "kselftest_harness.h"
#include "ckpt.h"

#define IMAGE	CKPT_DIR "/image"

JOB(quiet)
{
	job_pause();
}

/* Is refused: it holds a lock. */
JOB(locked)
{
	must(open(CKPT_DIR "/l", O_CREAT | O_RDWR, 0600) >= 0);
	must(!flock(3, LOCK_EX));
	job_pause();
}

/* Two processes, of which the second can be moved or killed. */
JOB(pair)
{
	pid_t child = fork();
	int status;

	if (!child)
		proc_sleep_forever();
	job_touch(CKPT_DIR "/child");
	must(!file_printf(CKPT_DIR "/child", "%d", child));
	job_pause();
	kill(child, SIGKILL);
	job_check(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
}

/*
 * Processes that come and go all the time. Each says a word of its own when it
 * ends, and their parent counts the words: none is lost, and none comes twice.
 */
JOB(forks)
{
	int born = 0, ended = 0, status, word, sum = 0, i;
	struct baton b = baton_make();
	pid_t pid;

	job_touch(CKPT_DIR "/ready");
	do {
		for (i = 0; i < 4; i++) {
			pid = fork();
			job_check(pid >= 0);
			if (!pid) {
				baton_pass(&b, 1);
				_exit(7);
			}
			born++;
		}
		for (i = 0; i < 4; i++) {
			job_check(wait(&status) > 0 && WIFEXITED(status));
			job_check(WEXITSTATUS(status) == 7);
			job_check(read(b.fd[0], &word, sizeof(word)) == sizeof(word));
			sum += word;
			ended++;
		}
	} while (access(CKPT_DIR "/go", F_OK));
	job_check(born == ended && sum == born);
	job_check(wait(&status) == -1 && errno == ECHILD);
}

static bool is_frozen(void)
{
	return cg_key(CKPT_CG, "cgroup.events", "frozen") == 1;
}

static int freeze(bool on)
{
	int i, err = cg_write(CKPT_CG, "cgroup.freeze", on ? "1" : "0");

	for (i = 0; !err && is_frozen() != on; i++) {
		if (i == 5000)
			return -ETIMEDOUT;
		ckpt_nap();
	}
	return err;
}

static int save_with(pid_t pid, const char *options)
{
	char args[256];

	snprintf(args, sizeof(args), "checkpoint %s -o %s %d", options, IMAGE, pid);
	return ckpt_tool(args);
}

FIXTURE(freeze) {
};

FIXTURE_SETUP(freeze)
{
	ckpt_setup();
}

FIXTURE_TEARDOWN(freeze)
{
	cg_destroy("/sys/fs/cgroup/ckpt-other");
	ckpt_teardown();
}

TEST_F(freeze, the_tool_thaws_what_it_froze)
{
	pid_t pid = ckpt_start("quiet");

	ASSERT_EQ(ckpt_save(pid, IMAGE), 0) TH_LOG("%s", ckpt_said());
	EXPECT_EQ(cg_number(CKPT_CG, "cgroup.freeze"), 0);
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

TEST_F(freeze, what_was_frozen_stays_frozen)
{
	pid_t pid = ckpt_start("quiet");

	ASSERT_EQ(freeze(true), 0);
	ASSERT_EQ(ckpt_save(pid, IMAGE), 0) TH_LOG("%s", ckpt_said());
	EXPECT_EQ(cg_number(CKPT_CG, "cgroup.freeze"), 1);
	EXPECT_TRUE(is_frozen());
	ASSERT_EQ(freeze(false), 0);
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

TEST_F(freeze, what_a_frozen_ancestor_stops_can_be_taken_and_stays_stopped)
{
	pid_t pid = ckpt_start("quiet");
	char args[128];

	ASSERT_EQ(cg_create(CKPT_CG "/inner"), 0);
	ASSERT_EQ(cg_enter(CKPT_CG "/inner", pid), 0);
	ASSERT_EQ(freeze(true), 0);
	snprintf(args, sizeof(args), "checkpoint -o %s %d", IMAGE, pid);
	ASSERT_EQ(ckpt_tool(args), 0) TH_LOG("%s", ckpt_said());
	EXPECT_TRUE(is_frozen());
	EXPECT_EQ(cg_number(CKPT_CG "/inner", "cgroup.freeze"), 0);
	ASSERT_EQ(freeze(false), 0);
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

TEST_F(freeze, it_is_left_frozen_on_request)
{
	pid_t pid = ckpt_start("quiet");

	ASSERT_EQ(save_with(pid, "--leave-frozen"), 0) TH_LOG("%s", ckpt_said());
	EXPECT_TRUE(is_frozen());
	ASSERT_EQ(freeze(false), 0);
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

TEST_F(freeze, what_is_refused_is_thawed)
{
	pid_t pid = ckpt_start("locked");

	ASSERT_EQ(save_with(pid, "--leave-frozen"), 1);
	ASSERT_NE(strstr(ckpt_said(), "a lock"), NULL) TH_LOG("%s", ckpt_said());
	EXPECT_EQ(cg_number(CKPT_CG, "cgroup.freeze"), 0);
	EXPECT_NE(access(IMAGE, F_OK), 0);
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

TEST_F(freeze, a_task_that_was_moved_out_of_the_freezer_is_refused_by_name)
{
	pid_t pid = ckpt_start("pair"), child = file_number(CKPT_DIR "/child");
	char want[64];

	ASSERT_EQ(freeze(true), 0);
	ASSERT_EQ(cg_create("/sys/fs/cgroup/ckpt-other"), 0);
	ASSERT_EQ(cg_enter("/sys/fs/cgroup/ckpt-other", child), 0);
	ASSERT_EQ(ckpt_save(pid, IMAGE), 1);
	snprintf(want, sizeof(want), "pid %d: ", child);
	EXPECT_NE(strstr(ckpt_said(), want), NULL) TH_LOG("%s", ckpt_said());
	EXPECT_TRUE(is_frozen());
	ASSERT_EQ(freeze(false), 0);
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

TEST_F(freeze, what_was_killed_in_the_freezer_is_no_longer_there)
{
	pid_t pid = ckpt_start("quiet");

	ASSERT_EQ(freeze(true), 0);
	ASSERT_EQ(kill(pid, SIGKILL), 0);
	ASSERT_EQ(proc_await_zombie(pid), 0);
	ASSERT_EQ(ckpt_save(pid, IMAGE), 1);
	EXPECT_NE(access(IMAGE, F_OK), 0);
	ASSERT_EQ(waitpid(pid, NULL, 0), pid);
}

TEST_F(freeze, whoever_is_restarted_is_not_frozen)
{
	pid_t pid = ckpt_start("quiet");

	ASSERT_EQ(save_with(pid, "--leave-frozen"), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	ASSERT_EQ(freeze(false), 0);
	ASSERT_EQ(ckpt_restart(IMAGE), 0) TH_LOG("%s", ckpt_said());
	EXPECT_FALSE(is_frozen());
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

/* At any moment of it: between fork and wait, with children that have ended, or not. */
TEST_F_TIMEOUT(freeze, a_tree_that_forks_all_the_time_is_taken_whole, 300)
{
	pid_t pid = ckpt_start("forks");
	int i;

	for (i = 0; i < 25; i++)
		ASSERT_EQ(ckpt_save(pid, IMAGE), 0) TH_LOG("%d: %s", i, ckpt_said());
	ckpt_kill(pid);
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(ckpt_restart(IMAGE), 0) TH_LOG("%d: %s", i, ckpt_said());
		/* a little further, and another moment */
		usleep(1000 * i);
		ASSERT_EQ(ckpt_save(pid, IMAGE), 0) TH_LOG("%d: %s", i, ckpt_said());
		ckpt_kill(pid);
	}
	ASSERT_EQ(ckpt_restart(IMAGE), 0) TH_LOG("%s", ckpt_said());
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

/* Somebody else thaws and freezes meanwhile: an image that came about is whole. */
TEST_F_TIMEOUT(freeze, a_tree_that_others_thaw_is_taken_whole_or_not_at_all, 300)
{
	pid_t pid = ckpt_start("forks"), other;
	int i, taken = 0, said;

	other = fork();
	if (!other) {
		for (i = 0; ; i++)
			cg_write(CKPT_CG, "cgroup.freeze", i & 1 ? "1" : "0");
	}
	for (i = 0; i < 60; i++) {
		if (ckpt_save(pid, IMAGE)) {
			said = !!strstr(ckpt_said(), "frozen") || !!strstr(ckpt_said(), "about to");
			EXPECT_TRUE(said) TH_LOG("%s", ckpt_said());
			continue;
		}
		taken++;
		EXPECT_EQ(ckpt_tool("image verify " IMAGE), 0) TH_LOG("%s", ckpt_said());
	}
	ASSERT_EQ(proc_kill(other), -SIGKILL);
	TH_LOG("%d of 60 were taken", taken);
	ASSERT_EQ(freeze(false), 0);
	ASSERT_STREQ(ckpt_verdict(), "ok");
	ASSERT_EQ(proc_end(pid), 0);
}

TEST_HARNESS_MAIN

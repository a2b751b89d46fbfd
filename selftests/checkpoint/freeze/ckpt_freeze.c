// SPDX-License-Identifier: GPL-2.0
/*
 * A tree is taken while it stands in the freezer of cgroup v2. The tool leaves
 * the freezer as it found it, and whatever thaws, moves, kills or adds tasks
 * meanwhile costs the image, but never the tree.
 */
#include <pthread.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include "kselftest_harness.h"
#include "cap.h"
#include "checkpoint.h"
#include "ckpt.h"
#include "dwait.h"
#include "until.h"

#define IMAGE	CKPT_DIR "/image"

JOB(quiet)
{
	job_pause();
}

/* May be traced by its like, and needs no capability for that. */
JOB(meek)
{
	cap_keep(0);
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

static void *pause_forever(void *arg)
{
	proc_sleep_forever();
	return arg;
}

/* So many that taking them takes a while. */
JOB(crowd)
{
	struct baton b = baton_make();
	pthread_t thread;
	int i;

	for (i = 0; i < 8; i++) {
		pid_t pid = fork();

		job_check(pid >= 0);
		if (!pid) {
			must(!pthread_create(&thread, NULL, pause_forever, NULL));
			baton_pass(&b, 0);
			proc_sleep_forever();
		}
	}
	for (i = 0; i < 8; i++)
		baton_take(&b);
	job_pause();
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

/* What CHECKPOINT_SNAPSHOT says; the image is written if it works. What else it says comes to ckpt_said(). */
static int take_by(int pidfd, unsigned int flags)
{
	struct checkpoint_snapshot snapshot = { .flags = flags, .pidfd = pidfd };
	struct checkpoint_write out = { .fd = open(IMAGE, O_WRONLY | O_CREAT | O_TRUNC, 0644) };
	int dev = open("/dev/checkpoint", O_RDWR | O_CLOEXEC), err;
	char said[512] = "";

	must(dev >= 0 && pidfd >= 0 && out.fd >= 0);
	err = ioctl(dev, CHECKPOINT_SNAPSHOT, &snapshot) ? errno : 0;
	if (err) {
		must(read(dev, said, sizeof(said) - 1) >= 0);
		job_touch(CKPT_DIR "/err");
		must(!file_write(CKPT_DIR "/err", said));
	} else {
		must(!ioctl(dev, CHECKPOINT_WRITE, &out));
	}
	close(out.fd);
	close(dev);
	return err;
}

static int take(pid_t pid, unsigned int flags)
{
	int pidfd = proc_pidfd(pid), err = take_by(pidfd, flags);

	close(pidfd);
	return err;
}

/* Whether what was said of a tree that was not taken is that it did not stand still, and who. */
static bool said_why(void)
{
	const char *said = ckpt_said();

	return (strstr(said, "frozen") || strstr(said, "about to") || strstr(said, "is gone")) &&
	       !strstr(said, "pid 0:");
}

static void nothing(int sig)
{
	(void)sig;
}

/* Whether anybody ever had the cgroup frozen. */
static bool never_frozen(void)
{
	return !cg_key(CKPT_CG, "cgroup.stat.local", "frozen_usec");
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

/* The tree, and nobody else in the cgroup that was frozen. */
TEST_F(freeze, it_is_killed_on_request_when_its_image_is_whole)
{
	pid_t pid = ckpt_start("pair"), child = file_number(CKPT_DIR "/child"), other;
	int i;

	other = cg_fork_into(CKPT_CG, 0);
	if (!other)
		proc_sleep_forever();
	ASSERT_EQ(save_with(pid, "--kill"), 0) TH_LOG("%s", ckpt_said());
	EXPECT_EQ(proc_end(pid), -SIGKILL);
	/* killed as well, and ours when its parent has ended: it may take a moment more */
	for (i = 0; i < PROC_HANG_MS / 2 && task_state(child) != '-'; i++) {
		ckpt_reap();
		ckpt_nap();
	}
	EXPECT_EQ(task_state(child), '-');
	EXPECT_EQ(cg_number(CKPT_CG, "cgroup.freeze"), 0);
	EXPECT_EQ(proc_kill(other), -SIGKILL);
	ASSERT_EQ(ckpt_restart(IMAGE), 0) TH_LOG("%s", ckpt_said());
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

TEST_F(freeze, without_the_flag_who_runs_is_refused)
{
	pid_t pid = ckpt_start("quiet");

	EXPECT_EQ(EBUSY, take(pid, 0));
	EXPECT_EQ(EINVAL, take(pid, CHECKPOINT_FREEZE << 1));
	EXPECT_TRUE(never_frozen());
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

TEST_F_TIMEOUT(freeze, the_kernel_freezes_and_thaws_on_request, 120)
{
	pid_t pid = ckpt_start("forks");
	int i;

	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, take(pid, CHECKPOINT_FREEZE)) TH_LOG("%d: %s", i, ckpt_said());
		ASSERT_EQ(0, cg_number(CKPT_CG, "cgroup.freeze"));
	}
	EXPECT_FALSE(never_frozen());
	ckpt_kill(pid);
	ASSERT_EQ(0, ckpt_restart(IMAGE)) TH_LOG("%s", ckpt_said());
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

/* Where cgroup.events says so too early: there are tasks as well as cgroups in it. */
TEST_F_TIMEOUT(freeze, on_request_those_below_stand_still_too, 120)
{
	pid_t pid = ckpt_start("pair"), child = file_number(CKPT_DIR "/child"), busy[4];
	int i;

	ASSERT_EQ(cg_create(CKPT_CG "/inner"), 0);
	ASSERT_EQ(cg_enter(CKPT_CG "/inner", child), 0);
	/* it takes time until they stand */
	for (i = 0; i < 4; i++) {
		busy[i] = cg_fork_into(CKPT_CG "/inner", 0);
		if (!busy[i])
			for (;;)
				;
	}
	for (i = 0; i < 30; i++)
		ASSERT_EQ(0, take(pid, CHECKPOINT_FREEZE)) TH_LOG("%d: %s", i, ckpt_said());
	for (i = 0; i < 4; i++)
		proc_kill(busy[i]);
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

TEST_F(freeze, on_request_too_what_was_frozen_stays_frozen)
{
	pid_t pid = ckpt_start("quiet");

	ASSERT_EQ(freeze(true), 0);
	ASSERT_EQ(0, take(pid, CHECKPOINT_FREEZE)) TH_LOG("%s", ckpt_said());
	EXPECT_EQ(1, cg_number(CKPT_CG, "cgroup.freeze"));
	EXPECT_TRUE(is_frozen());
	ASSERT_EQ(freeze(false), 0);
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

TEST_F(freeze, on_request_too_what_is_refused_is_thawed)
{
	pid_t pid = ckpt_start("locked");

	EXPECT_EQ(EOPNOTSUPP, take(pid, CHECKPOINT_FREEZE));
	EXPECT_NE(strstr(ckpt_said(), "a lock"), NULL) TH_LOG("%s", ckpt_said());
	EXPECT_EQ(0, cg_number(CKPT_CG, "cgroup.freeze"));
	EXPECT_TRUE(EVENTUALLY(!is_frozen()));
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

TEST_F(freeze, nobody_has_himself_frozen_nor_the_root_cgroup)
{
	pid_t pid = ckpt_start("quiet"), other;

	other = cg_fork_into(CKPT_CG, 0);
	if (!other)
		_exit(take(pid, CHECKPOINT_FREEZE));
	EXPECT_EQ(EDEADLK, proc_end(other));
	EXPECT_NE(strstr(ckpt_said(), "the caller is in the cgroup"), NULL) TH_LOG("%s", ckpt_said());
	EXPECT_TRUE(never_frozen());
	ASSERT_EQ(0, cg_enter("/sys/fs/cgroup", pid));
	EXPECT_EQ(EINVAL, take(pid, CHECKPOINT_FREEZE));
	EXPECT_NE(strstr(ckpt_said(), "root cgroup"), NULL) TH_LOG("%s", ckpt_said());
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

/* Not even those of a tree that one may take: whoever else is there. */
TEST_F(freeze, strangers_are_not_frozen)
{
	pid_t pid = ckpt_start("meek"), stranger, other;
	char want[64];

	ASSERT_EQ(0, cg_create(CKPT_CG "/inner"));
	stranger = cg_fork_into(CKPT_CG "/inner", 0);
	if (!stranger) {
		must(!prctl(PR_SET_DUMPABLE, 0));
		job_touch(CKPT_DIR "/child");
		proc_sleep_forever();
	}
	ASSERT_TRUE(ckpt_appears(CKPT_DIR "/child"));
	/* who has the one capability, but not that to trace those who are not dumpable */
	other = proc_fork_bound(0);
	if (!other) {
		cap_drop(CAP_SYS_PTRACE);
		_exit(take(pid, CHECKPOINT_FREEZE));
	}
	EXPECT_EQ(EPERM, proc_end(other));
	snprintf(want, sizeof(want), "pid %d: no permission", stranger);
	EXPECT_NE(strstr(ckpt_said(), want), NULL) TH_LOG("%s", ckpt_said());
	EXPECT_TRUE(never_frozen());
	/* who may, does; the stranger is none of the tree's */
	EXPECT_EQ(0, take(pid, CHECKPOINT_FREEZE)) TH_LOG("%s", ckpt_said());
	proc_kill(stranger);
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

TEST_F(freeze, without_the_capability_nothing_is_frozen)
{
	pid_t pid = ckpt_start("quiet"), other;

	other = proc_fork_bound(0);
	if (!other) {
		cap_drop(CAP_CHECKPOINT_RESTORE);
		cap_drop(CAP_SYS_ADMIN);
		_exit(take(pid, CHECKPOINT_FREEZE));
	}
	EXPECT_EQ(EPERM, proc_end(other));
	EXPECT_TRUE(never_frozen());
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

/* Somebody there cannot be stopped: whoever waits for that can be told to give up. */
TEST_F(freeze, a_signal_ends_the_wait_and_thaws)
{
	pid_t pid = ckpt_start("quiet"), other, taker;
	struct dwait d;

	if (!dwait_begin(&d))
		SKIP(return, "no userfaultfd in this kernel");
	other = cg_fork_into(CKPT_CG, 0);
	if (!other) {
		dwait_sleep(&d);
		_exit(0);
	}
	ASSERT_TRUE(dwait_sleeps(other));
	taker = proc_fork_bound(0);
	if (!taker) {
		struct sigaction act = { .sa_handler = nothing };

		must(!sigaction(SIGUSR1, &act, NULL));
		_exit(take(pid, CHECKPOINT_FREEZE));
	}
	EXPECT_TRUE(EVENTUALLY(cg_number(CKPT_CG, "cgroup.freeze") == 1));
	kill(taker, SIGUSR1);
	EXPECT_EQ(EINTR, proc_end(taker));
	EXPECT_EQ(0, cg_number(CKPT_CG, "cgroup.freeze"));
	dwait_end(&d);
	EXPECT_EQ(0, proc_end(other));
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
	int i, err, taken = 0;

	other = fork();
	if (!other) {
		for (i = 0; ; i++)
			cg_write(CKPT_CG, "cgroup.freeze", i & 1 ? "1" : "0");
	}
	for (i = 0; i < 60; i++) {
		if (ckpt_save(pid, IMAGE)) {
			EXPECT_TRUE(said_why()) TH_LOG("%s", ckpt_said());
			continue;
		}
		taken++;
		EXPECT_EQ(ckpt_tool("image verify " IMAGE), 0) TH_LOG("%s", ckpt_said());
	}
	/* Without a look at whether it stands: most of these meet it on its way. */
	for (i = 0; i < 1000; i++) {
		err = take(pid, 0);
		if (err) {
			ASSERT_EQ(EBUSY, err) TH_LOG("%s", ckpt_said());
			ASSERT_TRUE(said_why()) TH_LOG("%s", ckpt_said());
		}
	}
	ASSERT_EQ(proc_kill(other), -SIGKILL);
	TH_LOG("%d of 60 were taken", taken);
	ASSERT_EQ(freeze(false), 0);
	ASSERT_STREQ(ckpt_verdict(), "ok");
	ASSERT_EQ(proc_end(pid), 0);
}

static long now_us(void)
{
	struct timespec now;

	must(!clock_gettime(CLOCK_MONOTONIC, &now));
	return now.tv_sec * 1000000L + now.tv_nsec / 1000;
}

/* Frozen tasks can be killed: whatever is looked at may be gone the next moment. */
TEST_F_TIMEOUT(freeze, a_tree_that_is_killed_meanwhile_is_taken_whole_or_not_at_all, 300)
{
	int rounds = 40, taken = 0, i, err, pidfd;
	struct baton begun = baton_make(), result = baton_make();
	pid_t pid, taker;
	long us;

	pid = ckpt_start("crowd");
	us = -now_us();
	ASSERT_EQ(0, take(pid, CHECKPOINT_FREEZE)) TH_LOG("%s", ckpt_said());
	us += now_us();
	for (i = 0; i < rounds; i++) {
		pidfd = proc_pidfd(pid);
		taker = proc_fork_bound(0);
		ASSERT_LE(0, taker);
		if (!taker) {
			baton_pass(&begun, 0);
			baton_pass(&result, take_by(pidfd, CHECKPOINT_FREEZE));
			_exit(0);
		}
		baton_take(&begun);
		usleep(us * i / rounds);
		/* and those that have ended are waited for at once */
		ckpt_kill(pid);
		err = baton_take(&result);
		if (!err) {
			taken++;
			EXPECT_EQ(ckpt_tool("image verify " IMAGE), 0) TH_LOG("%s", ckpt_said());
		} else if (err != ESRCH) {
			EXPECT_EQ(EBUSY, err) TH_LOG("%s", ckpt_said());
			EXPECT_TRUE(said_why()) TH_LOG("%s", ckpt_said());
		}
		close(pidfd);
		pid = ckpt_start("crowd");
	}
	TH_LOG("%d of %d were taken; one takes %ld us", taken, rounds, us);
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

TEST_HARNESS_MAIN

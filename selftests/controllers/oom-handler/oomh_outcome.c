// SPDX-License-Identifier: GPL-2.0
/* What ends an OOM: what the handler does, and what happens if it does not. */
#include "oomh.h"
#include "kselftest_harness.h"

OOMH_FIXTURE(outcome)

TEST_F(outcome, raised_limit_lets_the_task_go_on)
{
	int fd = oomh_start(self->cg);
	pid_t pid;

	ASSERT_LE(0, fd);
	pid = hog(self->cg, HOG);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(oomh_await(fd, "waiting ", 1));
	EXPECT_EQ(0, cg_write_number(self->cg, "memory.max", ENOUGH));
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, oomh_key(fd, "waiting "));
	EXPECT_LE(1, oomh_key(fd, "ooms "));
	EXPECT_EQ(0, oomh_key(fd, "timed_out "));
	EXPECT_EQ(0, cg_key(self->cg, "memory.events", "oom_kill"));
	EXPECT_LE(1, cg_key(self->cg, "memory.events", "oom"));
}

TEST_F(outcome, raising_bit_by_bit_is_asked_for_again_and_again)
{
	int fd = oomh_start(self->cg), i;
	pid_t pid;

	ASSERT_LE(0, fd);
	pid = hog(self->cg, HOG);
	ASSERT_LT(0, pid);
	for (i = 1; i <= 3; i++) {
		ASSERT_TRUE(oomh_await(fd, "ooms ", i));
		EXPECT_TRUE(oomh_await(fd, "waiting ", 1));
		EXPECT_EQ(0, cg_write_number(self->cg, "memory.max",
					     i < 3 ? LIMIT + MB(i) : ENOUGH));
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(outcome, killing_one_saves_the_other)
{
	struct baton full = baton_make();
	int fd = oomh_start(self->cg);
	pid_t fat, lean;

	ASSERT_LE(0, fd);
	fat = hog_that_stays(self->cg, MB(6), &full);
	ASSERT_LT(0, fat);
	baton_take(&full);
	lean = hog(self->cg, MB(4));
	ASSERT_LT(0, lean);
	ASSERT_TRUE(oomh_await(fd, "waiting ", 1));
	EXPECT_EQ(-SIGKILL, proc_kill(fat));
	EXPECT_EQ(0, proc_end(lean));
	EXPECT_EQ(0, cg_key(self->cg, "memory.events", "oom_kill"));
}

/* Six MB of a file in memory, charged to @cg and to nobody in it. */
#define BALLAST		"oomh-ballast"

static int ballast(const char *cg)
{
	pid_t pid = cg_fork_bound(cg);

	if (pid < 0)
		return pid;
	if (!pid) {
		char buf[65536];
		int i, file = open(BALLAST, O_CREAT | O_WRONLY | O_TRUNC, 0600);

		memset(buf, 1, sizeof(buf));
		must(file >= 0);
		for (i = 0; i < 6 * 16; i++)
			must(write(file, buf, sizeof(buf)) == sizeof(buf));
		_exit(0);
	}
	return proc_end(pid);
}

TEST_F(outcome, freed_files_let_the_task_go_on)
{
	int fd = oomh_start(self->cg);
	pid_t pid;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ballast(self->cg));
	pid = hog(self->cg, MB(4));
	ASSERT_LT(0, pid);
	ASSERT_TRUE(oomh_await(fd, "waiting ", 1));
	EXPECT_EQ(0, unlink(BALLAST));
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, cg_key(self->cg, "memory.events", "oom_kill"));
}

TEST_F(outcome, retry_starts_a_new_clock)
{
	int fd = oomh_start(self->cg);
	pid_t pid;

	ASSERT_LE(0, fd);
	pid = hog(self->cg, HOG);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(oomh_await(fd, "waiting ", 1));
	EXPECT_EQ(0, oomh_say(fd, "retry"));
	/* There is no more memory than before, so it comes back */
	ASSERT_TRUE(oomh_await(fd, "ooms ", 2));
	EXPECT_TRUE(oomh_await(fd, "waiting ", 1));
	EXPECT_EQ(0, cg_write(self->cg, "memory.max", "max"));
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(outcome, slow_handler_is_overtaken_by_the_kernel)
{
	int fd = oomh_start(self->cg);
	struct timespec start;
	pid_t pid;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, cg_write(self->cg, "memory.oom.timeout_ms", "700"));
	clock_gettime(CLOCK_MONOTONIC, &start);
	pid = hog(self->cg, HOG);
	ASSERT_LT(0, pid);
	EXPECT_EQ(-SIGKILL, proc_end(pid));
	EXPECT_LE(700, ms_since(&start));
	EXPECT_GT(LONG_MS, ms_since(&start));
	EXPECT_EQ(1, oomh_key(fd, "timed_out "));
	EXPECT_LE(1, oomh_key(fd, "ooms "));
	EXPECT_EQ(1, cg_key(self->cg, "memory.events", "oom_kill"));
	/* It is still the handler */
	EXPECT_EQ(1, oomh_key(fd, "active "));
}

TEST_F(outcome, kernel_kills_no_more_than_it_has_to)
{
	struct baton full = baton_make();
	char cg[PATH_MAX], name[16];
	int round, fd, i, alone = 0;
	pid_t fat, lean[4];

	/*
	 * A victim on its way out is easily overlooked, with and without a handler:
	 * a busy machine sees a second one now and then, but not most of the time.
	 */
	for (round = 0; round < 8; round++) {
		snprintf(name, sizeof(name), "round-%d", round);
		cg_path(cg, self->top, name);
		ASSERT_EQ(0, oomh_cgroup(cg, LIMIT, 100));
		fd = oomh_start(cg);
		ASSERT_LE(0, fd);
		fat = hog_that_stays(cg, MB(7), &full);
		ASSERT_LT(0, fat);
		baton_take(&full);
		for (i = 0; i < 4; i++) {
			lean[i] = hog(cg, MB(1));
			ASSERT_LT(0, lean[i]);
		}
		EXPECT_EQ(-SIGKILL, proc_end(fat));
		for (i = 0; i < 4; i++)
			proc_end(lean[i]);
		alone += cg_key(cg, "memory.events", "oom_kill") == 1;
		close(fd);
	}
	EXPECT_GE(alone, 5) {
		TH_LOG("one victim in only %d of %d rounds", alone, round);
	}
}

TEST_F(outcome, kernel_gives_each_victim_time)
{
	int fd = oomh_start(self->cg), i;
	struct timespec start;
	pid_t hogs[5];

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, cg_write(self->cg, "memory.oom.timeout_ms", "100"));
	/* No victim gives this back, so one after the other dies. */
	ASSERT_EQ(0, ballast(self->cg));
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (i = 0; i < 5; i++) {
		hogs[i] = hog(self->cg, HOG);
		ASSERT_LT(0, hogs[i]);
	}
	for (i = 0; i < 5; i++)
		EXPECT_EQ(-SIGKILL, proc_end(hogs[i]));
	/* The handler's time, and four pauses, but for a tick of the clock */
	EXPECT_LE(500 - 20, ms_since(&start));
	EXPECT_EQ(5, cg_key(self->cg, "memory.events", "oom_kill"));
	EXPECT_EQ(0, unlink(BALLAST));
}

/* Whoever lowers a limit would be the one to wait. */
TEST_F(outcome, limit_lowered_onto_memory_in_use_is_not_handled)
{
	struct baton full = baton_make();
	int fd = oomh_start(self->cg);
	pid_t pid;

	ASSERT_LE(0, fd);
	pid = hog_that_stays(self->cg, MB(6), &full);
	ASSERT_LT(0, pid);
	baton_take(&full);
	EXPECT_EQ(0, cg_write_number(self->cg, "memory.max", MB(4)));
	EXPECT_EQ(-SIGKILL, proc_end(pid));
	EXPECT_EQ(0, oomh_key(fd, "ooms "));
	EXPECT_EQ(1, cg_key(self->cg, "memory.events", "oom_kill"));
}

/*
 * Once it took over, the kernel does for a second: the handler is not asked in
 * that time. A round that took longer shows nothing, and is done again.
 */
TEST_F(outcome, kernel_stays_in_charge_for_a_second)
{
	int fd = oomh_start(self->cg), round;
	struct timespec start;
	long ooms, late, ms;
	pid_t pid;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, cg_write_number(self->cg, "memory.max", MB(2)));
	ASSERT_EQ(0, cg_write(self->cg, "memory.oom.timeout_ms", "100"));
	for (round = 0; round < 20; round++) {
		clock_gettime(CLOCK_MONOTONIC, &start);
		pid = hog(self->cg, MB(4));
		ASSERT_LT(0, pid);
		ASSERT_EQ(-SIGKILL, proc_end(pid));
		ooms = oomh_key(fd, "ooms ");
		late = oomh_key(fd, "timed_out ");
		ASSERT_LT(0, late);
		pid = hog(self->cg, MB(4));
		ASSERT_LT(0, pid);
		ASSERT_EQ(-SIGKILL, proc_end(pid));
		/* It took over when the time limit was up, and not before. */
		ms = ms_since(&start) - 100;
		if (ms < 1000)
			break;
		poll(NULL, 0, 1200);
	}
	ASSERT_LT(round, 20);
	EXPECT_EQ(ooms, oomh_key(fd, "ooms ")) {
		TH_LOG("asked %ld ms after the kernel took over", ms);
	}
	EXPECT_EQ(late, oomh_key(fd, "timed_out "));
}

TEST_F(outcome, next_oom_is_the_handlers_again)
{
	int fd = oomh_start(self->cg);
	pid_t pid;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, cg_write(self->cg, "memory.oom.timeout_ms", "100"));
	pid = hog(self->cg, HOG);
	ASSERT_LT(0, pid);
	EXPECT_EQ(-SIGKILL, proc_end(pid));

	/* The kernel stays in charge for a second; this is about after it */
	ASSERT_EQ(0, cg_write_number(self->cg, "memory.oom.timeout_ms", LONG_MS));
	poll(NULL, 0, 1200);
	pid = hog(self->cg, HOG);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(oomh_await(fd, "ooms ", 2));
	EXPECT_EQ(0, cg_write_number(self->cg, "memory.max", ENOUGH));
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(1, oomh_key(fd, "timed_out "));
}

TEST_F(outcome, handler_that_dies_leaves_it_to_the_kernel)
{
	struct baton ready = baton_make();
	struct timespec start;
	pid_t handler, pid;

	handler = proc_fork_bound(0);
	ASSERT_LE(0, handler);
	if (!handler) {
		must(oomh_start(self->cg) >= 0);
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	pid = hog(self->cg, HOG);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(cg_await_key(self->cg, "memory.oom.handler", "waiting", 1, 1));
	EXPECT_EQ(handler, cg_key(self->cg, "memory.oom.handler", "pid"));

	clock_gettime(CLOCK_MONOTONIC, &start);
	proc_kill(handler);
	EXPECT_EQ(-SIGKILL, proc_end(pid));
	EXPECT_GT(LONG_MS / 2, ms_since(&start));
	EXPECT_EQ(1, cg_key(self->cg, "memory.oom.handler", "abandoned"));
	EXPECT_EQ(0, cg_key(self->cg, "memory.oom.handler", "timed_out"));
	EXPECT_EQ(0, cg_key(self->cg, "memory.oom.handler", "active"));
	EXPECT_EQ(1, cg_key(self->cg, "memory.events", "oom_kill"));
}

TEST_F(outcome, stop_leaves_it_to_the_kernel)
{
	int fd = oomh_start(self->cg);
	struct timespec start;
	pid_t pid;

	ASSERT_LE(0, fd);
	pid = hog(self->cg, HOG);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(oomh_await(fd, "waiting ", 1));
	clock_gettime(CLOCK_MONOTONIC, &start);
	EXPECT_EQ(0, oomh_say(fd, "stop"));
	EXPECT_EQ(-SIGKILL, proc_end(pid));
	EXPECT_GT(LONG_MS / 2, ms_since(&start));
	EXPECT_EQ(1, oomh_key(fd, "abandoned "));
}

TEST_F(outcome, time_limit_of_zero_ends_the_wait)
{
	int fd = oomh_start(self->cg);
	struct timespec start;
	pid_t pid;

	ASSERT_LE(0, fd);
	pid = hog(self->cg, HOG);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(oomh_await(fd, "waiting ", 1));
	clock_gettime(CLOCK_MONOTONIC, &start);
	EXPECT_EQ(0, cg_write(self->cg, "memory.oom.timeout_ms", "0"));
	EXPECT_EQ(-SIGKILL, proc_end(pid));
	EXPECT_GT(LONG_MS / 2, ms_since(&start));
}

TEST_F(outcome, without_a_time_limit_the_kernel_kills_at_once)
{
	int fd = oomh_start(self->cg);
	pid_t pid;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, cg_write(self->cg, "memory.oom.timeout_ms", "0"));
	pid = hog(self->cg, HOG);
	ASSERT_LT(0, pid);
	EXPECT_EQ(-SIGKILL, proc_end(pid));
	EXPECT_EQ(0, oomh_key(fd, "ooms "));
	EXPECT_EQ(1, cg_key(self->cg, "memory.events", "oom_kill"));
}

TEST_F(outcome, without_a_handler_the_kernel_kills_at_once)
{
	struct timespec start;
	pid_t pid;

	clock_gettime(CLOCK_MONOTONIC, &start);
	pid = hog(self->cg, HOG);
	ASSERT_LT(0, pid);
	EXPECT_EQ(-SIGKILL, proc_end(pid));
	EXPECT_GT(LONG_MS / 2, ms_since(&start));
	EXPECT_EQ(1, cg_key(self->cg, "memory.events", "oom_kill"));
	EXPECT_EQ(0, cg_key(self->cg, "memory.oom.handler", "ooms"));
}

TEST_F(outcome, oom_group_dies_together_after_the_time_limit)
{
	struct baton full = baton_make();
	int fd = oomh_start(self->cg);
	pid_t stays, pid;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, cg_write(self->cg, "memory.oom.timeout_ms", "200"));
	ASSERT_EQ(0, cg_write(self->cg, "memory.oom.group", "1"));
	stays = hog_that_stays(self->cg, MB(1), &full);
	ASSERT_LT(0, stays);
	baton_take(&full);
	pid = hog(self->cg, HOG);
	ASSERT_LT(0, pid);
	EXPECT_EQ(-SIGKILL, proc_end(pid));
	EXPECT_EQ(-SIGKILL, proc_end(stays));
	EXPECT_EQ(1, oomh_key(fd, "timed_out "));
	EXPECT_EQ(1, cg_key(self->cg, "memory.events", "oom_group_kill"));
}

/* Nobody can handle an OOM by waiting for himself. */
TEST_F(outcome, handler_that_starves_itself_does_not_wait)
{
	struct timespec start;
	pid_t pid;

	clock_gettime(CLOCK_MONOTONIC, &start);
	pid = cg_fork_bound(self->cg);
	ASSERT_LE(0, pid);
	if (!pid) {
		must(oomh_start(self->cg) >= 0);
		touch(HOG);
		_exit(0);
	}
	EXPECT_EQ(-SIGKILL, proc_end(pid));
	EXPECT_GT(LONG_MS / 2, ms_since(&start));
	EXPECT_EQ(0, cg_key(self->cg, "memory.oom.handler", "ooms"));
}

TEST_F(outcome, handler_in_the_starved_cgroup_can_act)
{
	struct baton ready = baton_make();
	pid_t handler, pid;

	handler = cg_fork_bound(self->cg);
	ASSERT_LE(0, handler);
	if (!handler) {
		char *p = map_fresh(MB(1));
		int fd = oomh_start(self->cg);

		must(fd >= 0);
		spare_me();
		baton_pass(&ready, 0);
		must(oomh_await(fd, "waiting ", 1));
		/* It needs memory itself: the kernel has to find some */
		use(p, MB(1));
		_exit(0);
	}
	baton_take(&ready);
	pid = hog(self->cg, HOG);
	ASSERT_LT(0, pid);
	EXPECT_EQ(0, proc_end(handler));
	EXPECT_EQ(-SIGKILL, proc_end(pid));
}

#define FAILSLAB	"/sys/kernel/debug/failslab/"

/* What the wait needs is allocated when memory is short: it can fail. */
TEST_F(outcome, without_memory_for_the_wait_the_kernel_kills)
{
	int fd = oomh_start(self->cg);
	struct timespec start;
	pid_t pid;

	if (access(FAILSLAB "probability", W_OK) ||
	    access("/proc/self/make-it-fail", W_OK))
		SKIP(return, "no failslab: CONFIG_FAILSLAB is off");
	ASSERT_LE(0, fd);
	/* Allocations that may not sleep fail, for who asks for it */
	ASSERT_EQ(0, file_write(FAILSLAB "task-filter", "Y"));
	ASSERT_EQ(0, file_write(FAILSLAB "ignore-gfp-wait", "Y"));
	ASSERT_EQ(0, file_write(FAILSLAB "verbose", "0"));
	ASSERT_EQ(0, file_write(FAILSLAB "times", "-1"));
	ASSERT_EQ(0, file_write(FAILSLAB "probability", "100"));
	clock_gettime(CLOCK_MONOTONIC, &start);
	pid = cg_fork_bound(self->cg);
	if (!pid) {
		must(!file_write("/proc/self/make-it-fail", "1"));
		touch(HOG);
		_exit(0);
	}
	EXPECT_LT(0, pid);
	if (pid > 0)
		EXPECT_EQ(-SIGKILL, proc_end(pid));
	EXPECT_EQ(0, file_write(FAILSLAB "probability", "0"));
	EXPECT_GT(LONG_MS / 2, ms_since(&start));
	EXPECT_EQ(0, oomh_key(fd, "ooms "));
}

TEST_HARNESS_MAIN

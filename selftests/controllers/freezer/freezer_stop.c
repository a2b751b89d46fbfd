// SPDX-License-Identifier: GPL-2.0
/*
 * Who stops in a frozen cgroup, wherever the freezer meets him, and that he
 * goes on after it as if nothing had been.
 *
 * Promises from cgroup-v2.rst, "cgroup.freeze": all processes "will be stopped
 * and will not run until the cgroup will be explicitly unfrozen".
 */
#include <linux/futex.h>
#include <pthread.h>
#include <sys/socket.h>
#include "dwait.h"
#include "freezer.h"

TEST_F(freezer, who_computes_stops_and_goes_on)
{
	ASSERT_GT(runner_start(self->a, runner_spin, self->steps), 0);
	ASSERT_TRUE(runner_runs(self->steps));
	ASSERT_TRUE(freeze(self->a));
	EXPECT_TRUE(runner_stands(self->steps));
	ASSERT_EQ(0, thaw(self->a));
	EXPECT_EQ(0, frozen(self->a));
	EXPECT_TRUE(runner_runs(self->steps));
}

TEST_F(freezer, who_makes_system_calls_stops_and_goes_on)
{
	ticker(self->a, self->steps);
	for (int i = 0; i < 3; i++) {
		ASSERT_TRUE(freeze(self->a));
		EXPECT_TRUE(runner_stands(self->steps));
		ASSERT_EQ(0, thaw(self->a));
		EXPECT_TRUE(runner_runs(self->steps));
	}
}

TEST_F(freezer, the_neighbours_run_on)
{
	ticker(self->a, self->steps);
	ticker(self->b, self->steps + 1);
	ticker(self->top, self->steps + 2);
	ASSERT_TRUE(freeze(self->a));
	EXPECT_TRUE(runner_runs(self->steps + 1));
	EXPECT_TRUE(runner_runs(self->steps + 2));
	EXPECT_TRUE(runner_stands(self->steps));
	EXPECT_EQ(0, frozen(self->b));
	EXPECT_EQ(0, frozen(self->top));
}

#define MANY	30

/* Slowly, so that many of them leave the CPU idle. */
static void stroll(volatile unsigned long *steps)
{
	for (;;) {
		++*steps;
		poll(NULL, 0, 20);
	}
}

TEST_F(freezer, many_processes_stop)
{
	unsigned long before[MANY];

	for (int i = 0; i < MANY; i++)
		ASSERT_GT(runner_start(self->a, stroll, self->steps + i), 0);
	for (int i = 0; i < MANY; i++)
		ASSERT_TRUE(runner_reaches(self->steps + i, 2));
	ASSERT_TRUE(freeze(self->a));
	for (int i = 0; i < MANY; i++)
		before[i] = self->steps[i];
	poll(NULL, 0, 2 * RUNNER_LOOK_MS);
	for (int i = 0; i < MANY; i++)
		EXPECT_EQ(before[i], self->steps[i]);
	ASSERT_EQ(0, thaw(self->a));
	for (int i = 0; i < MANY; i++)
		EXPECT_TRUE(runner_reaches(self->steps + i, before[i] + 2));
}

static void *tick_thread(void *steps)
{
	runner_tick(steps);
}

TEST_F(freezer, all_threads_of_a_process_stop)
{
	pid_t pid = cg_fork_into(self->a, 0);

	if (!pid) {
		pthread_t t;

		for (int i = 1; i < 4; i++)
			must(!pthread_create(&t, NULL, tick_thread,
					     (void *)(self->steps + i)));
		runner_tick(self->steps);
	}
	for (int i = 0; i < 4; i++)
		ASSERT_TRUE(runner_runs(self->steps + i));
	ASSERT_TRUE(freeze(self->a));
	for (int i = 0; i < 4; i++)
		EXPECT_TRUE(runner_stands(self->steps + i));
	ASSERT_EQ(0, thaw(self->a));
	for (int i = 0; i < 4; i++)
		EXPECT_TRUE(runner_runs(self->steps + i));
}

TEST_F(freezer, who_freezes_itself_stops_there)
{
	pid_t pid = cg_fork_into(self->a, 0);

	if (!pid) {
		must(!cg_write(self->a, "cgroup.freeze", "1"));
		self->steps[0] = 1;
		_exit(7);
	}
	ASSERT_TRUE(becomes_frozen(self->a, 1));
	EXPECT_TRUE(runner_stands(self->steps));
	EXPECT_EQ(0, self->steps[0]);
	ASSERT_EQ(0, thaw(self->a));
	EXPECT_EQ(7, proc_end(pid));
	EXPECT_EQ(1, self->steps[0]);
}

/* It is no stop of job control: neither ps nor the parent see one. */
TEST_F(freezer, neither_the_parent_nor_proc_sees_a_stop)
{
	pid_t pid = ticker(self->a, self->steps);
	int status;

	ASSERT_TRUE(freeze(self->a));
	EXPECT_EQ('S', task_state(pid));
	EXPECT_EQ(0, waitpid(pid, &status, WNOHANG | WUNTRACED | WCONTINUED));
	ASSERT_EQ(0, thaw(self->a));
	ASSERT_TRUE(runner_runs(self->steps));
	EXPECT_EQ(0, waitpid(pid, &status, WNOHANG | WUNTRACED | WCONTINUED));
}

static volatile sig_atomic_t sigchlds;

static void count_sigchld(int sig)
{
	sigchlds++;
}

TEST_F(freezer, the_parent_gets_no_signal)
{
	signal(SIGCHLD, count_sigchld);
	ticker(self->a, self->steps);
	ASSERT_TRUE(freeze(self->a));
	ASSERT_EQ(0, thaw(self->a));
	ASSERT_TRUE(runner_runs(self->steps));
	EXPECT_EQ(0, sigchlds);
	signal(SIGCHLD, SIG_DFL);
}

/*
 * What a frozen process was waiting for happens, and it does not wake up for
 * it before the thaw: then it has it.
 */
TEST_F(freezer, an_event_while_frozen_is_kept_until_the_thaw)
{
	struct baton to = baton_make(), from = baton_make();
	pid_t pid = cg_fork_into(self->a, 0);

	if (!pid) {
		for (;;)
			baton_pass(&from, baton_take(&to) + 1);
	}
	baton_pass(&to, 1);
	ASSERT_EQ(2, baton_take(&from));
	ASSERT_TRUE(freeze(self->a));
	baton_pass(&to, 10);
	EXPECT_EQ(0, proc_poll(from.fd[0], POLLIN, RUNNER_LOOK_MS));
	EXPECT_EQ(1, frozen(self->a));
	ASSERT_EQ(0, thaw(self->a));
	EXPECT_EQ(11, baton_take(&from));
}

/*
 * System calls that wait. Each is in progress when the freezer comes, must
 * still be so after it, and end as ever: no EINTR, and with what it waited for.
 */
struct waits {
	const char *name;
	/* In the frozen process; returns what the call returned, or -errno. */
	long (*wait)(int fd);
	long expected;
};

static long wait_read(int fd)
{
	char c;

	return read(fd, &c, 1) < 0 ? -errno : 1;
}

static long wait_recv(int fd)
{
	char c;

	return recv(fd, &c, 1, 0) < 0 ? -errno : 1;
}

static long wait_poll(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n = poll(&p, 1, PROC_HANG_MS);

	return n < 0 ? -errno : n;
}

static long wait_select(int fd)
{
	struct timeval tv = { .tv_sec = PROC_HANG_MS / 1000 };
	fd_set set;
	int n;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	n = select(fd + 1, &set, NULL, NULL, &tv);
	return n < 0 ? -errno : n;
}

static const struct waits waits[] = {
	{ "read", wait_read, 1 },
	{ "recv", wait_recv, 1 },
	{ "poll", wait_poll, 1 },
	{ "select", wait_select, 1 },
};

TEST_F(freezer, a_system_call_that_waits_goes_on_waiting)
{
	for (size_t i = 0; i < ARRAY_SIZE(waits); i++) {
		struct baton ready = baton_make();
		int sv[2];
		pid_t pid;

		ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
		pid = cg_fork_into(self->a, 0);
		if (!pid) {
			long got;

			baton_pass(&ready, 0);
			got = waits[i].wait(sv[0]);
			if (got != waits[i].expected)
				fprintf(stderr, "# %s: %ld\n", waits[i].name,
					got);
			_exit(got == waits[i].expected ? 0 : 1);
		}
		baton_take(&ready);
		/* Frozen, thawed and frozen in the call. */
		for (int n = 0; n < 2; n++) {
			ASSERT_TRUE(freeze(self->a));
			ASSERT_EQ(0, thaw(self->a));
			poll(NULL, 0, 2);
		}
		ASSERT_TRUE(freeze(self->a));
		EXPECT_EQ(1, write(sv[1], "x", 1));
		ASSERT_EQ(0, thaw(self->a));
		EXPECT_EQ(0, proc_end(pid)) TH_LOG("%s", waits[i].name);
		close(sv[0]);
		close(sv[1]);
	}
}

TEST_F(freezer, a_wait_for_a_child_goes_on)
{
	struct baton ready = baton_make();
	struct baton go = baton_make();
	pid_t pid = cg_fork_into(self->a, 0);

	if (!pid) {
		pid_t child = cg_fork_into(self->b, 0);

		if (!child) {
			baton_pass(&ready, 0);
			baton_take(&go);
			_exit(5);
		}
		must(waitpid(child, NULL, 0) == child);
		_exit(0);
	}
	baton_take(&ready);
	ASSERT_TRUE(freeze(self->a));
	baton_pass(&go, 0);
	ASSERT_EQ(0, cg_await_empty(self->b));
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	ASSERT_EQ(0, thaw(self->a));
	EXPECT_EQ(0, proc_end(pid));
}

/*
 * The time that it was to sleep neither stands still nor starts over: frozen in
 * the first half of it, for longer than it takes, it is awake within half of it
 * after the thaw. A busy machine may be too slow for that; the next sleeps longer.
 */
TEST_F(freezer, a_sleep_that_ends_while_frozen_is_over_at_the_thaw)
{
	bool over = false;

	for (int ms = 20; !over && ms < PROC_HANG_MS / 4; ms *= 2) {
		struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };
		struct baton ready = baton_make();
		long long since = runner_now_ms();
		bool early;
		pid_t pid;

		self->steps[0] = 0;
		pid = cg_fork_into(self->a, 0);
		if (!pid) {
			baton_pass(&ready, 0);
			must(!nanosleep(&ts, NULL));
			self->steps[0] = runner_now_ms();
			_exit(0);
		}
		baton_take(&ready);
		ASSERT_TRUE(freeze(self->a));
		early = runner_now_ms() - since < ms / 2;
		if (early) {
			poll(NULL, 0, ms + RUNNER_LOOK_MS);
			EXPECT_EQ(0, self->steps[0]);
			EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
		}
		since = runner_now_ms();
		ASSERT_EQ(0, thaw(self->a));
		EXPECT_EQ(0, proc_end(pid));
		over = early && (long long)self->steps[0] - since < ms / 2;
	}
	EXPECT_TRUE(over);
}

TEST_F(freezer, a_futex_wait_goes_on)
{
	struct baton ready = baton_make();
	int *word = (int *)(self->steps + 1);
	pid_t pid = cg_fork_into(self->a, 0);

	if (!pid) {
		baton_pass(&ready, 0);
		while (!__atomic_load_n(word, __ATOMIC_SEQ_CST))
			must(!syscall(SYS_futex, word, FUTEX_WAIT, 0, NULL,
				      NULL, 0) || errno == EAGAIN);
		_exit(0);
	}
	baton_take(&ready);
	ASSERT_TRUE(freeze(self->a));
	__atomic_store_n(word, 1, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
	ASSERT_EQ(0, thaw(self->a));
	EXPECT_EQ(0, proc_end(pid));
}

/*
 * vfork(2) leaves the parent in the kernel, deaf to all but SIGKILL, until the
 * child has gone on. It counts as frozen there, and does not run when it is
 * let go.
 */
TEST_F(freezer, a_vfork_parent_is_frozen)
{
	struct baton out = baton_make();
	pid_t pid = cg_fork_into(self->a, 0);

	if (!pid) {
		pid_t child = vfork();

		if (!child) {
			baton_pass(&out, syscall(SYS_getpid));
			runner_tick(self->steps);
		}
		self->steps[1] = 1;
		_exit(proc_end(child) == -SIGKILL ? 0 : 1);
	}
	int child = baton_take(&out);

	ASSERT_TRUE(runner_runs(self->steps));
	ASSERT_TRUE(freeze(self->a));
	EXPECT_TRUE(runner_stands(self->steps));
	ASSERT_EQ(0, kill(child, SIGKILL));
	EXPECT_TRUE(runner_stands(self->steps + 1));
	EXPECT_TRUE(becomes_frozen(self->a, 1));
	EXPECT_EQ(0, self->steps[1]);
	ASSERT_EQ(0, thaw(self->a));
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(freezer, a_vfork_parent_whose_child_left_is_frozen_alone)
{
	struct baton out = baton_make();
	pid_t pid = cg_fork_into(self->a, 0), child;

	if (!pid) {
		if (!vfork()) {
			baton_pass(&out, syscall(SYS_getpid));
			runner_tick(self->steps);
		}
		self->steps[1] = 1;
		_exit(0);
	}
	child = baton_take(&out);
	ASSERT_EQ(0, cg_enter(self->b, child));
	ASSERT_TRUE(freeze(self->a));
	EXPECT_TRUE(runner_runs(self->steps));
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(0, cg_await_empty(self->b));
	EXPECT_TRUE(runner_stands(self->steps + 1));
	EXPECT_EQ(0, self->steps[1]);
	ASSERT_EQ(0, thaw(self->a));
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(freezer, a_vfork_parent_dies_while_frozen)
{
	struct baton out = baton_make();
	pid_t pid = cg_fork_into(self->a, 0);

	if (!pid) {
		if (!vfork()) {
			baton_pass(&out, 0);
			runner_tick(self->steps);
		}
		_exit(0);
	}
	baton_take(&out);
	ASSERT_TRUE(freeze(self->a));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
	EXPECT_TRUE(becomes_frozen(self->a, 1));
	EXPECT_TRUE(runner_stands(self->steps));
}

/* "Freezing of the cgroup may take some time": until the last is frozen. */
TEST_F(freezer, who_cannot_be_interrupted_is_frozen_later)
{
	struct dwait d;
	pid_t pid;

	if (!dwait_begin(&d))
		SKIP(return, "no userfaultfd");
	pid = cg_fork_into(self->a, 0);
	if (!pid) {
		dwait_sleep(&d);
		runner_tick(self->steps);
	}
	ticker(self->a, self->steps + 1);
	ASSERT_TRUE(dwait_sleeps(pid));
	ASSERT_EQ(0, cg_write(self->a, "cgroup.freeze", "1"));
	while (!runner_stands(self->steps + 1))
		;
	EXPECT_EQ(0, frozen(self->a));
	EXPECT_EQ(1, cg_number(self->a, "cgroup.freeze"));
	dwait_end(&d);
	EXPECT_TRUE(becomes_frozen(self->a, 1));
	/* What it waited for came; it did not get back to user space. */
	EXPECT_TRUE(runner_stands(self->steps));
	EXPECT_EQ(0, self->steps[0]);
	ASSERT_EQ(0, thaw(self->a));
	EXPECT_TRUE(runner_runs(self->steps));
}

TEST_F(freezer, a_thaw_calls_the_freezing_off)
{
	struct dwait d;
	pid_t pid;

	if (!dwait_begin(&d))
		SKIP(return, "no userfaultfd");
	pid = cg_fork_into(self->a, 0);
	if (!pid) {
		dwait_sleep(&d);
		runner_tick(self->steps);
	}
	ASSERT_TRUE(dwait_sleeps(pid));
	ASSERT_EQ(0, cg_write(self->a, "cgroup.freeze", "1"));
	ASSERT_EQ(0, thaw(self->a));
	dwait_end(&d);
	EXPECT_TRUE(runner_runs(self->steps));
	EXPECT_EQ(0, frozen(self->a));
}

static bool ksm_scans(void)
{
	long goal = file_number("/sys/kernel/mm/ksm/full_scans") + 2;
	long long end = runner_now_ms() + PROC_HANG_MS;

	while (file_number("/sys/kernel/mm/ksm/full_scans") < goal) {
		if (runner_now_ms() > end)
			return false;
		poll(NULL, 0, 2);
	}
	return true;
}

/*
 * The kernel does not freeze a kernel thread; it neither stops nor lets the
 * cgroup be called frozen.
 */
TEST_F(freezer, a_kernel_thread_runs_on)
{
	pid_t ksmd = find_ksmd();
	bool before, after;
	long state;
	void *p;

	if (!ksmd)
		SKIP(return, "no ksmd");
	p = mmap(NULL, 65536, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, p);
	memset(p, 1, 65536);
	ASSERT_EQ(0, madvise(p, 65536, MADV_MERGEABLE));
	ASSERT_EQ(0, cg_enter(self->a, ksmd));
	must(!file_write("/sys/kernel/mm/ksm/sleep_millisecs", "1"));
	must(!file_write("/sys/kernel/mm/ksm/run", "1"));
	before = ksm_scans();
	must(!cg_write(self->a, "cgroup.freeze", "1"));
	after = ksm_scans();
	state = frozen(self->a);
	must(!cg_write(self->a, "cgroup.freeze", "0"));
	must(!file_write("/sys/kernel/mm/ksm/run", "0"));
	must(!cg_enter(self->root, ksmd));
	EXPECT_TRUE(before);
	EXPECT_TRUE(after);
	EXPECT_EQ(0, state);
}


TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/* Tasks that wait: in system calls, frozen, traced, signalled, exiting, many. */
#include <pthread.h>
#include <sys/ptrace.h>
#include <sys/time.h>
#include "oomh.h"
#include "kselftest_harness.h"

OOMH_FIXTURE(waiter)

/* Writes @chunk bytes at a time to a file on tmpfs until it has @size. */
static void fill_file(size_t size, size_t chunk)
{
	int fd = open(".", O_TMPFILE | O_RDWR, 0600);
	char *buf = malloc(chunk);
	size_t done;

	must(fd >= 0 && buf);
	memset(buf, 1, chunk);
	for (done = 0; done < size; done += chunk)
		must(write(fd, buf, chunk) == (ssize_t)chunk);
}

TEST_F(waiter, write_waits_on_its_way_out)
{
	char buf[4096];
	int fd = oomh_start(self->cg);
	pid_t pid;

	ASSERT_LE(0, fd);
	pid = cg_fork_bound(self->cg);
	ASSERT_LE(0, pid);
	if (!pid) {
		fill_file(HOG, 65536);
		_exit(0);
	}
	ASSERT_TRUE(oomh_await(fd, "waiting ", 1));
	EXPECT_LT(0, cg_read(self->cg, "memory.oom.waiters", buf, sizeof(buf)));
	EXPECT_TRUE(says(buf, " context=syscall "));
	/* Over the limit, but by no more than the slack */
	EXPECT_LT(LIMIT, cg_number(self->cg, "memory.current"));
	EXPECT_GE(LIMIT + MB(1) / 4, cg_number(self->cg, "memory.current"));
	EXPECT_EQ(0, cg_write_number(self->cg, "memory.max", ENOUGH));
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, cg_key(self->cg, "memory.events", "oom_kill"));
}

/* One call that wants far more than the slack is the kernel's business. */
TEST_F(waiter, huge_write_is_killed_and_not_kept)
{
	int fd = oomh_start(self->cg);
	struct timespec start;
	pid_t pid;

	ASSERT_LE(0, fd);
	clock_gettime(CLOCK_MONOTONIC, &start);
	pid = cg_fork_bound(self->cg);
	ASSERT_LE(0, pid);
	if (!pid) {
		int file = open(".", O_TMPFILE | O_RDWR, 0600);

		must(file >= 0);
		must(!fallocate(file, 0, 0, HOG));
		_exit(0);
	}
	EXPECT_EQ(-SIGKILL, proc_end(pid));
	EXPECT_GT(LONG_MS / 2, ms_since(&start));
	EXPECT_EQ(1, cg_key(self->cg, "memory.events", "oom_kill"));
}

/* A file that all but fills @cg, and then one write of three quarters of a MiB. */
static pid_t writer_to_the_limit(const char *cg, size_t limit)
{
	pid_t pid = cg_fork_bound(cg);
	static char buf[768 << 10];
	int fd;

	if (pid)
		return pid;
	use(buf, sizeof(buf));
	fd = open(".", O_TMPFILE | O_RDWR, 0600);
	must(fd >= 0);
	while (cg_number(cg, "memory.current") + (64 << 10) < (long)limit)
		must(write(fd, buf, 16 << 10) == 16 << 10);
	must(write(fd, buf, sizeof(buf)) == sizeof(buf));
	_exit(0);
}

/*
 * 1/64 of the limit: one MiB of 64, and 256 KiB of 8. What a CPU has in stock is
 * in memory.current before it is used, 256 KiB at most, so the write needs between
 * 448 and 768 KiB more than there is room for.
 */
TEST_F(waiter, slack_grows_with_the_limit)
{
	int fd = oomh_start(self->cg);
	pid_t pid;

	ASSERT_LE(0, fd);
	pid = writer_to_the_limit(self->cg, LIMIT);
	ASSERT_LE(0, pid);
	EXPECT_EQ(-SIGKILL, proc_end(pid));
	EXPECT_EQ(1, cg_key(self->cg, "memory.events", "oom_kill"));

	ASSERT_EQ(0, cg_write_number(self->cg, "memory.max", MB(64)));
	pid = writer_to_the_limit(self->cg, MB(64));
	ASSERT_LE(0, pid);
	ASSERT_TRUE(oomh_await(fd, "waiting ", 1));
	EXPECT_LT(MB(64), cg_number(self->cg, "memory.current"));
	EXPECT_GE(MB(65), cg_number(self->cg, "memory.current"));
	EXPECT_EQ(0, cg_write_number(self->cg, "memory.max", MB(80)));
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(1, cg_key(self->cg, "memory.events", "oom_kill"));
}

/*
 * An ancestor lends what it has room for, and no more: less than what the write
 * needs, which is why the kernel has to make room. It is not the ancestor's limit
 * that is hit.
 */
TEST_F(waiter, slack_is_not_at_an_ancestor_s_expense)
{
	int fd = oomh_start(self->cg);
	long limit = MB(64), room = 384 << 10;
	pid_t pid;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, cg_write_number(self->cg, "memory.max", limit));
	ASSERT_EQ(0, cg_write_number(self->top, "memory.max", limit + room));
	pid = writer_to_the_limit(self->cg, limit);
	ASSERT_LE(0, pid);
	EXPECT_EQ(-SIGKILL, proc_end(pid));
	EXPECT_EQ(1, cg_key(self->cg, "memory.events", "oom_kill"));
	EXPECT_LT(0, cg_key(self->cg, "memory.events.local", "oom"));
	EXPECT_EQ(0, cg_key(self->top, "memory.events.local", "oom"));
	EXPECT_EQ(0, oomh_key(fd, "ooms "));
}

TEST_F(waiter, write_is_paid_for_when_the_handler_is_slow)
{
	struct baton go = baton_make(), done = baton_make();
	int fd = oomh_start(self->cg);
	pid_t pid;
	int pidfd;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, cg_write(self->cg, "memory.oom.timeout_ms", "300"));
	pid = cg_fork_bound(self->cg);
	ASSERT_LE(0, pid);
	if (!pid) {
		static char buf[65536];
		int file = open(".", O_TMPFILE | O_RDWR, 0600);

		must(file >= 0);
		for (;;) {
			baton_take(&go);
			must(write(file, buf, sizeof(buf)) == sizeof(buf));
			baton_pass(&done, 0);
		}
	}
	/*
	 * As long as its calls stay within the limit, or room turns up after
	 * all. The one that goes over the limit for good is the last.
	 */
	pidfd = proc_pidfd(pid);
	ASSERT_LE(0, pidfd);
	while (!oomh_key(fd, "timed_out ")) {
		struct pollfd p[] = {
			{ .fd = done.fd[0], .events = POLLIN },
			{ .fd = pidfd, .events = POLLIN },
		};

		baton_pass(&go, 0);
		ASSERT_LT(0, poll(p, 2, PROC_HANG_MS));
		if (p[1].revents)
			break;
		baton_take(&done);
	}
	/* It has to die for that, though it asks for nothing more */
	EXPECT_TRUE(proc_poll(pidfd, POLLIN, LONG_MS / 4) & POLLIN);
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
	EXPECT_EQ(1, oomh_key(fd, "timed_out "));
	EXPECT_EQ(1, cg_key(self->cg, "memory.events", "oom_kill"));
}

TEST_F(waiter, read_into_fresh_memory_waits)
{
	int fd = oomh_start(self->cg);
	pid_t pid;

	ASSERT_LE(0, fd);
	pid = cg_fork_bound(self->cg);
	ASSERT_LE(0, pid);
	if (!pid) {
		char *p = map_fresh(HOG);
		int zero = open("/dev/zero", O_RDONLY);
		size_t i;

		must(zero >= 0);
		for (i = 0; i < HOG; i += 65536)
			must(read(zero, p + i, 65536) == 65536);
		_exit(0);
	}
	ASSERT_TRUE(oomh_await(fd, "waiting ", 1));
	EXPECT_EQ(0, cg_write_number(self->cg, "memory.max", ENOUGH));
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, cg_key(self->cg, "memory.events", "oom_kill"));
}

TEST_F(waiter, kernel_memory_of_pipes_waits)
{
	int fd = oomh_start(self->cg);
	pid_t pid;

	ASSERT_LE(0, fd);
	pid = cg_fork_bound(self->cg);
	ASSERT_LE(0, pid);
	if (!pid) {
		static char buf[65536];
		int i, p[2];

		for (i = 0; i < 200; i++) {
			must(!pipe2(p, O_NONBLOCK));
			must(write(p[1], buf, sizeof(buf)) == sizeof(buf));
		}
		_exit(0);
	}
	ASSERT_TRUE(oomh_await(fd, "waiting ", 1));
	EXPECT_EQ(0, cg_write_number(self->cg, "memory.max", ENOUGH));
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(waiter, children_do_not_inherit_a_wait)
{
	int fd = oomh_start(self->cg);
	pid_t pid;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, cg_write_number(self->cg, "memory.max", MB(4)));
	pid = cg_fork_bound(self->cg);
	ASSERT_LE(0, pid);
	if (!pid) {
		int i, p[2];
		char c;

		must(!pipe(p));
		for (i = 0; i < 300; i++) {
			pid = fork();
			must(pid >= 0);
			if (!pid) {
				close(p[1]);
				must(read(p[0], &c, 1) == 0);
				_exit(0);
			}
		}
		close(p[1]);
		for (i = 0; i < 300; i++)
			must(wait(NULL) > 0);
		_exit(0);
	}
	ASSERT_TRUE(oomh_await(fd, "waiting ", 1));
	EXPECT_EQ(0, cg_write_number(self->cg, "memory.max", MB(128)));
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, oomh_key(fd, "waiting "));
}

static bool await_frozen(const char *cg, long value)
{
	int fd = cg_watch(cg, "cgroup.events");
	bool is;

	while (!(is = cg_key(cg, "cgroup.events", "frozen") == value))
		if (!cg_event(fd, PROC_HANG_MS))
			break;
	close(fd);
	return is;
}

TEST_F(waiter, can_be_frozen_and_thawed)
{
	int fd = oomh_start(self->cg);
	pid_t pid;
	long ooms;

	ASSERT_LE(0, fd);
	pid = hog(self->cg, HOG);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(oomh_await(fd, "waiting ", 1));
	EXPECT_EQ(0, cg_write(self->cg, "cgroup.freeze", "1"));
	EXPECT_TRUE(await_frozen(self->cg, 1));
	EXPECT_EQ(0, oomh_key(fd, "waiting "));
	ooms = oomh_key(fd, "ooms ");

	EXPECT_EQ(0, cg_write(self->cg, "cgroup.freeze", "0"));
	EXPECT_TRUE(await_frozen(self->cg, 0));
	ASSERT_TRUE(oomh_await(fd, "waiting ", 1));
	/* It is still the same OOM */
	if (one_cpu())
		EXPECT_EQ(ooms, oomh_key(fd, "ooms "));
	EXPECT_EQ(0, cg_write_number(self->cg, "memory.max", ENOUGH));
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(waiter, can_be_traced)
{
	int fd = oomh_start(self->cg);
	pid_t pid;

	ASSERT_LE(0, fd);
	pid = hog(self->cg, HOG);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(oomh_await(fd, "waiting ", 1));
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, pid, NULL, NULL));
	ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, pid, NULL, NULL));
	EXPECT_TRUE(WIFSTOPPED(proc_reap(pid)));
	EXPECT_EQ(0, ptrace(PTRACE_DETACH, pid, NULL, NULL));
	ASSERT_TRUE(oomh_await(fd, "waiting ", 1));
	EXPECT_EQ(0, cg_write_number(self->cg, "memory.max", ENOUGH));
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(waiter, can_be_killed)
{
	int fd = oomh_start(self->cg);
	struct timespec start;
	pid_t pid;

	ASSERT_LE(0, fd);
	pid = hog(self->cg, HOG);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(oomh_await(fd, "waiting ", 1));
	clock_gettime(CLOCK_MONOTONIC, &start);
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
	EXPECT_GT(LONG_MS / 2, ms_since(&start));
	EXPECT_EQ(0, oomh_key(fd, "waiting "));
	EXPECT_EQ(0, oomh_key(fd, "abandoned "));
	/* The next one is an OOM of its own */
	pid = hog(self->cg, HOG);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(oomh_await(fd, "ooms ", 2));
	proc_kill(pid);
}

static volatile int *ticks;

static void tick(int sig)
{
	++*ticks;
}

TEST_F(waiter, signals_are_handled_but_do_not_stop_the_clock)
{
	struct itimerval it = { { 0, 20000 }, { 0, 20000 } };
	int fd = oomh_start(self->cg);
	struct timespec start;
	pid_t pid;

	ticks = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE((volatile int *)MAP_FAILED, ticks);
	*ticks = 0;
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, cg_write(self->cg, "memory.oom.timeout_ms", "1000"));
	clock_gettime(CLOCK_MONOTONIC, &start);
	pid = cg_fork_bound(self->cg);
	ASSERT_LE(0, pid);
	if (!pid) {
		signal(SIGALRM, tick);
		/* What a signal writes to, its frame on the stack too, has its pages before. */
		raise(SIGALRM);
		*ticks = 0;
		must(!setitimer(ITIMER_REAL, &it, NULL));
		touch(HOG);
		_exit(0);
	}
	EXPECT_EQ(-SIGKILL, proc_end(pid));
	EXPECT_LE(1000, ms_since(&start));
	EXPECT_GT(LONG_MS / 2, ms_since(&start));
	EXPECT_LT(3, *ticks);
	if (one_cpu())
		EXPECT_EQ(1, oomh_key(fd, "ooms "));
	EXPECT_EQ(1, oomh_key(fd, "timed_out "));
}

static void *touch_part(void *size)
{
	touch((size_t)size);
	return NULL;
}

TEST_F(waiter, threads_wait_one_by_one)
{
	int fd = oomh_start(self->cg);
	pid_t pid;

	ASSERT_LE(0, fd);
	pid = cg_fork_bound(self->cg);
	ASSERT_LE(0, pid);
	if (!pid) {
		pthread_t t[4];
		int i;

		for (i = 0; i < 4; i++)
			must(!pthread_create(&t[i], NULL, touch_part,
					     (void *)HOG));
		for (i = 0; i < 4; i++)
			pthread_join(t[i], NULL);
		_exit(0);
	}
	EXPECT_TRUE(oomh_await(fd, "waiting ", 4));
	EXPECT_EQ(0, cg_write_number(self->cg, "memory.max", ENOUGH));
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, oomh_key(fd, "waiting "));
}

TEST_F(waiter, process_exits_while_a_thread_of_it_waits)
{
	struct baton go = baton_make();
	int fd = oomh_start(self->cg);
	struct timespec start;
	pid_t pid;

	ASSERT_LE(0, fd);
	pid = cg_fork_bound(self->cg);
	ASSERT_LE(0, pid);
	if (!pid) {
		pthread_t t;

		must(!pthread_create(&t, NULL, touch_part, (void *)HOG));
		baton_take(&go);
		_exit(7);
	}
	EXPECT_TRUE(oomh_await(fd, "waiting ", 1));
	clock_gettime(CLOCK_MONOTONIC, &start);
	baton_pass(&go, 0);
	EXPECT_EQ(7, proc_end(pid));
	EXPECT_GT(LONG_MS / 2, ms_since(&start));
	EXPECT_EQ(0, oomh_key(fd, "waiting "));
}

#define MANY	20

TEST_F(waiter, many_are_all_released)
{
	struct baton full = baton_make();
	int fd = oomh_start(self->cg), i;
	pid_t pid[MANY];

	ASSERT_LE(0, fd);
	for (i = 0; i < MANY; i++) {
		pid[i] = hog_that_stays(self->cg, MB(1), &full);
		ASSERT_LT(0, pid[i]);
	}
	/* Eight times a megabyte is what fits, the page tables aside */
	EXPECT_TRUE(oomh_await(fd, "waiting ", MANY - 8));
	EXPECT_EQ(0, cg_write_number(self->cg, "memory.max", ENOUGH));
	for (i = 0; i < MANY; i++)
		baton_take(&full);
	EXPECT_EQ(0, oomh_key(fd, "waiting "));
	EXPECT_EQ(0, oomh_key(fd, "timed_out "));
	EXPECT_EQ(0, cg_key(self->cg, "memory.events", "oom_kill"));
	for (i = 0; i < MANY; i++)
		EXPECT_EQ(-SIGKILL, proc_kill(pid[i]));
}

TEST_HARNESS_MAIN

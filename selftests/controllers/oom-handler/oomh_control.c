// SPDX-License-Identifier: GPL-2.0
/* The files: what they hold, what they refuse, who becomes the handler. */
#include "oomh.h"
#include "kselftest_harness.h"

OOMH_FIXTURE(control)

TEST_F(control, is_off_by_default)
{
	char cg[PATH_MAX];
	int fd;

	cg_path(cg, self->top, "fresh");
	ASSERT_EQ(0, cg_create(cg));
	EXPECT_EQ(0, cg_number(cg, "memory.oom.timeout_ms"));
	fd = oomh_open(cg);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, oomh_key(fd, "active "));
	EXPECT_EQ(0, oomh_key(fd, "pid "));
	EXPECT_EQ(0, oomh_key(fd, "waiting "));
	EXPECT_EQ(0, oomh_key(fd, "ooms "));
	EXPECT_EQ(0, oomh_key(fd, "timed_out "));
	EXPECT_EQ(0, oomh_key(fd, "abandoned "));
}

TEST_F(control, root_cgroup_has_no_handler)
{
	char root[PATH_MAX / 2];

	ASSERT_EQ(0, cg_mount_point(NULL, root, sizeof(root)));
	EXPECT_FALSE(cg_has(root, "memory.oom.handler"));
	EXPECT_FALSE(cg_has(root, "memory.oom.timeout_ms"));
	EXPECT_FALSE(cg_has(root, "memory.oom.waiters"));
}

TEST_F(control, time_limit_is_read_back_and_bounded)
{
	const char *file = "memory.oom.timeout_ms";

	EXPECT_EQ(0, cg_write(self->cg, file, "1500\n"));
	EXPECT_EQ(1500, cg_number(self->cg, file));
	EXPECT_EQ(0, cg_write(self->cg, file, "3600000"));
	EXPECT_EQ(-ERANGE, cg_write(self->cg, file, "3600001"));
	EXPECT_EQ(-ERANGE, cg_write(self->cg, file, "99999999999"));
	EXPECT_EQ(-EINVAL, cg_write(self->cg, file, "-1"));
	EXPECT_EQ(-EINVAL, cg_write(self->cg, file, "max"));
	EXPECT_EQ(-EINVAL, cg_write(self->cg, file, "10ms"));
	EXPECT_EQ(-EINVAL, cg_write(self->cg, file, "1 2"));
	EXPECT_EQ(3600000, cg_number(self->cg, file));
	EXPECT_EQ(0, cg_write(self->cg, file, "0"));
	EXPECT_EQ(0, cg_number(self->cg, file));
}

TEST_F(control, unknown_words_are_refused)
{
	int fd = oomh_open(self->cg);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EINVAL, oomh_say(fd, "1"));
	EXPECT_EQ(-EINVAL, oomh_say(fd, "starts"));
	EXPECT_EQ(-EINVAL, oomh_say(fd, "start stop"));
	EXPECT_EQ(-EINVAL, oomh_say(fd, "\n"));
	EXPECT_EQ(0, oomh_key(fd, "active "));
}

TEST_F(control, only_the_handler_can_stop_or_retry)
{
	int fd = oomh_start(self->cg), other = oomh_open(self->cg);

	ASSERT_LE(0, fd);
	ASSERT_LE(0, other);
	EXPECT_EQ(-ESRCH, oomh_say(other, "stop"));
	EXPECT_EQ(-ESRCH, oomh_say(other, "retry"));
	EXPECT_EQ(1, oomh_key(fd, "active "));
	EXPECT_EQ(0, oomh_say(fd, "retry"));
	EXPECT_EQ(0, oomh_say(fd, "stop"));
	EXPECT_EQ(-ESRCH, oomh_say(fd, "stop"));
	EXPECT_EQ(0, oomh_key(fd, "active "));
}

TEST_F(control, waiters_cannot_be_written)
{
	/* root passes the file's mode, so it is the file that refuses */
	EXPECT_GT(0, cg_write(self->cg, "memory.oom.waiters", "1"));
}

TEST_F(control, second_handler_is_refused_until_the_first_closes)
{
	int first, second;

	first = oomh_start(self->cg);
	ASSERT_LE(0, first);
	EXPECT_EQ(0, oomh_say(first, "start"));
	EXPECT_EQ(-EBUSY, oomh_start(self->cg));
	EXPECT_EQ(getpid(), oomh_key(first, "pid "));

	second = oomh_open(self->cg);
	ASSERT_LE(0, second);
	EXPECT_EQ(-EBUSY, oomh_say(second, "start"));
	close(first);
	EXPECT_EQ(0, oomh_key(second, "active "));
	EXPECT_EQ(0, oomh_say(second, "start"));
	EXPECT_EQ(1, oomh_key(second, "active "));
}

TEST_F(control, inherited_file_keeps_the_handler)
{
	struct baton go = baton_make(), done = baton_make();
	int fd = oomh_start(self->cg);
	pid_t pid;

	ASSERT_LE(0, fd);
	pid = proc_fork_bound(0);
	ASSERT_LE(0, pid);
	if (!pid) {
		baton_take(&go);
		must(oomh_key(fd, "active ") == 1);
		must(oomh_key(fd, "pid ") == getpid());
		baton_pass(&done, 0);
		proc_sleep_forever();
	}
	close(fd);
	EXPECT_EQ(-EBUSY, oomh_start(self->cg));
	baton_pass(&go, 0);
	baton_take(&done);
	EXPECT_EQ(pid, cg_key(self->cg, "memory.oom.handler", "pid"));
	proc_kill(pid);
	fd = oomh_start(self->cg);
	EXPECT_LE(0, fd);
}

TEST_F(control, needs_write_permission)
{
	char path[PATH_MAX];
	pid_t pid;

	pid = proc_fork_bound(0);
	ASSERT_LE(0, pid);
	if (!pid) {
		proc_become_nobody();
		must(oomh_start(self->cg) == -EACCES);
		must(cg_write(self->cg, "memory.oom.timeout_ms", "1") == -EACCES);
		must(cg_key(self->cg, "memory.oom.handler", "active") == 0);
		must(!cg_read(self->cg, "memory.oom.waiters", path, sizeof(path)));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));

	/* and nothing else */
	cg_path(path, self->cg, "memory.oom.handler");
	ASSERT_EQ(0, chown(path, 65534, 65534));
	pid = proc_fork_bound(0);
	ASSERT_LE(0, pid);
	if (!pid) {
		proc_become_nobody();
		must(oomh_start(self->cg) >= 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(control, poll_sleeps_until_memory_runs_out)
{
	int fd = oomh_start(self->cg);
	long ooms;
	pid_t pid;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, oomh_key(fd, "ooms "));
	EXPECT_EQ(0, proc_poll(fd, POLLPRI, 100));

	pid = hog(self->cg, HOG);
	ASSERT_LT(0, pid);
	EXPECT_TRUE(proc_poll(fd, POLLPRI, PROC_HANG_MS) & POLLPRI);
	EXPECT_LE(1, oomh_key(fd, "ooms "));
	EXPECT_TRUE(oomh_await(fd, "waiting ", 1));
	/* Reading took the event; another OOM, after a moment of room, has its own */
	ooms = oomh_key(fd, "ooms ");
	EXPECT_TRUE(!proc_poll(fd, POLLPRI, 50) || oomh_key(fd, "ooms ") > ooms);
	proc_kill(pid);
	EXPECT_EQ(0, oomh_key(fd, "waiting "));
}

TEST_F(control, waiters_say_who_waits_and_why)
{
	char buf[4096], want[64];
	int fd = oomh_start(self->cg);
	pid_t pid;

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, cg_read(self->cg, "memory.oom.waiters", buf, sizeof(buf)));
	pid = cg_fork_bound(self->cg);
	ASSERT_LE(0, pid);
	if (!pid) {
		prctl(PR_SET_NAME, "a hog");
		touch(HOG);
		_exit(0);
	}
	ASSERT_TRUE(oomh_await(fd, "waiting ", 1));
	ASSERT_LT(0, cg_read(self->cg, "memory.oom.waiters", buf, sizeof(buf)));
	TH_LOG("%s", buf);
	snprintf(want, sizeof(want), "%d tgid=%d comm=a\\040hog ", pid, pid);
	EXPECT_EQ(0, strncmp(buf, want, strlen(want)));
	EXPECT_TRUE(says(buf, " context=fault order=0 gfp=0x"));
	EXPECT_TRUE(says(buf, " waited_ms="));
	EXPECT_TRUE(says(buf, " left_ms="));
	EXPECT_TRUE(says(buf, " limit=/ "));
	EXPECT_TRUE(says(buf, " cgroup=/"));
	snprintf(want, sizeof(want), " max=%zu ", LIMIT);
	EXPECT_TRUE(says(buf, want));

	/* The parent names them by their path below it */
	ASSERT_LT(0, cg_read(self->top, "memory.oom.waiters", buf, sizeof(buf)));
	EXPECT_TRUE(says(buf, " limit=/cg "));
	EXPECT_TRUE(says(buf, " cgroup=/cg"));

	proc_kill(pid);
	EXPECT_EQ(0, cg_read(self->cg, "memory.oom.waiters", buf, sizeof(buf)));
}

/* Each that begins to wait, not only the first. */
TEST_F(control, one_more_waiter_makes_an_event)
{
	int fd = oomh_start(self->cg), i;
	pid_t pids[3];

	ASSERT_LE(0, fd);
	for (i = 0; i < 3; i++) {
		pids[i] = hog(self->cg, HOG);
		ASSERT_LT(0, pids[i]);
		/* Taken by a read, so each poll is about a new one. */
		do {
			ASSERT_TRUE(proc_poll(fd, POLLPRI, PROC_HANG_MS) & POLLPRI);
		} while (oomh_key(fd, "waiting ") < i + 1);
	}
	EXPECT_EQ(3, oomh_key(fd, "waiting "));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(-SIGKILL, proc_kill(pids[i]));
}

/* Those of a process that has no number for the reader are 0. */
TEST_F(control, numbers_are_those_of_the_reader_s_pid_namespace)
{
	int fd = oomh_start(self->cg);
	pid_t pid, reader;
	char buf[4096];

	ASSERT_LE(0, fd);
	pid = hog(self->cg, HOG);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(oomh_await(fd, "waiting ", 1));
	EXPECT_EQ(getpid(), cg_key(self->cg, "memory.oom.handler", "pid"));
	reader = proc_fork_bound(CLONE_NEWPID);
	ASSERT_LE(0, reader);
	if (!reader) {
		must(cg_key(self->cg, "memory.oom.handler", "pid") == 0);
		must(cg_read(self->cg, "memory.oom.waiters", buf, sizeof(buf)) > 0);
		must(!strncmp(buf, "0 tgid=0 ", 9));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(reader));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));

	/* A handler, and who waits for it, inside: numbered as it numbers them. */
	EXPECT_EQ(0, oomh_say(fd, "stop"));
	reader = proc_fork_bound(CLONE_NEWPID);
	ASSERT_LE(0, reader);
	if (!reader) {
		char want[64];

		fd = oomh_start(self->cg);
		must(fd >= 0);
		pid = hog(self->cg, HOG);
		must(pid > 0 && oomh_await(fd, "waiting ", 1));
		must(oomh_key(fd, "pid ") == getpid());
		must(cg_read(self->cg, "memory.oom.waiters", buf, sizeof(buf)) > 0);
		snprintf(want, sizeof(want), "%d tgid=%d ", pid, pid);
		must(!strncmp(buf, want, strlen(want)));
		_exit(proc_kill(pid) != -SIGKILL);
	}
	EXPECT_EQ(0, proc_end(reader));
}

/* A waiter holds no lock that one who looks at it needs. */
TEST_F(control, waiting_task_can_be_looked_at)
{
	static const char *const files[] = {
		"maps", "smaps_rollup", "cmdline", "environ", "status", "stack",
	};
	char path[64], buf[8192];
	int fd = oomh_start(self->cg), i;
	pid_t pid;

	ASSERT_LE(0, fd);
	pid = hog(self->cg, HOG);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(oomh_await(fd, "waiting ", 1));
	for (i = 0; i < (int)ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", pid, files[i]);
		if (access(path, F_OK))
			continue;
		EXPECT_LE(0, file_read(path, buf, sizeof(buf))) {
			TH_LOG("%s", path);
		}
	}
	EXPECT_TRUE(oomh_await(fd, "waiting ", 1));
	proc_kill(pid);
}

TEST_HARNESS_MAIN

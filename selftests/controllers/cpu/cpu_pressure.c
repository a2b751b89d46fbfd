// SPDX-License-Identifier: GPL-2.0
/*
 * cpu.pressure and cgroup.pressure: when processes wait for the CPU, for whom
 * it counts, and triggers, with which a poll(2) waits for it.
 *
 * Promises from accounting/psi.rst and cgroup-v2.rst, "cgroup.pressure".
 */
#include "cpu.h"
#include "until.h"
#include "userns.h"

/* The number after "total=" in @line ("some" or "full"), or -errno. */
static long pressure(const char *cg, const char *line)
{
	char path[PATH_MAX], text[256], *total;
	int err = file_field(cg_path(path, cg, "cpu.pressure"), line, text,
			     sizeof(text));

	if (err)
		return err;
	total = strstr(text, "total=");
	return total ? atol(total + 6) : -EINVAL;
}

/* Three who want the one CPU. */
static void start_three(const char *cg, volatile unsigned long *steps)
{
	for (int i = 0; i < 3; i++)
		must(spinner(cg, steps + i) > 0);
}

TEST_F(cpu, pressure_grows_where_processes_wait_for_the_cpu)
{
	if (pressure(self->a, "some") == -ENOENT ||
	    pressure(self->a, "some") == -EOPNOTSUPP)
		SKIP(return, "no pressure stall information (CONFIG_PSI)");
	EXPECT_EQ(0, pressure(self->a, "some"));
	EXPECT_EQ(0, pressure(self->a, "full"));
	start_three(self->a, self->steps);
	/* The numbers are updated every two seconds at the latest. */
	EXPECT_TRUE(EVENTUALLY(pressure(self->a, "some") > 0));
	EXPECT_TRUE(EVENTUALLY(pressure(self->top, "some") > 0));
	EXPECT_EQ(0, pressure(self->b, "some"));
}

TEST_F(cpu, pressure_can_be_switched_off)
{
	char text[256];

	if (!cg_has(self->a, "cgroup.pressure"))
		SKIP(return, "no cgroup.pressure (6.1, CONFIG_PSI)");
	EXPECT_EQ(1, cg_number(self->a, "cgroup.pressure"));
	ASSERT_EQ(0, cg_write(self->a, "cgroup.pressure", "0"));
	/* Its files go, and those of the others stay. */
	EXPECT_EQ(-ENOENT, cg_read(self->a, "cpu.pressure", text,
				   sizeof(text)));
	EXPECT_TRUE(cg_has(self->b, "cpu.pressure"));
	ASSERT_EQ(0, cg_write(self->a, "cgroup.pressure", "1"));
	EXPECT_TRUE(cg_has(self->a, "cpu.pressure"));
	EXPECT_EQ(-ERANGE, cg_write(self->a, "cgroup.pressure", "2"));
	EXPECT_EQ(-ERANGE, cg_write(self->a, "cgroup.pressure", "-1"));
	EXPECT_EQ(-EINVAL, cg_write(self->a, "cgroup.pressure", "x"));
	EXPECT_EQ(1, cg_number(self->a, "cgroup.pressure"));
}

/*
 * Whether "some" of @cg stood still while it was switched off: it grew by less
 * than a third of @usec, by which that of @below grew meanwhile.
 */
static bool stands_while_off(const char *cg, const char *below, long usec)
{
	long before = pressure(cg, "some"), c = pressure(below, "some"), grown;

	must(!cg_write(cg, "cgroup.pressure", "0"));
	must(EVENTUALLY(pressure(below, "some") > c + usec));
	must(!cg_write(cg, "cgroup.pressure", "1"));
	grown = pressure(cg, "some") - before;
	must(grown >= 0);
	if (grown < usec / 3)
		return true;
	fprintf(stderr, "# grew by %ld of %ld usec\n", grown, usec);
	return false;
}

/* It "is not hierarchical": those above and below count on. */
TEST_F(cpu, switched_off_it_stands_still_and_the_others_count)
{
	char below[700];
	bool stood = false;
	long a, top;

	if (!cg_has(self->a, "cgroup.pressure"))
		SKIP(return, "no cgroup.pressure (6.1, CONFIG_PSI)");
	snprintf(below, sizeof(below), "%s/below", self->a);
	ASSERT_EQ(0, cg_create(below));
	start_three(below, self->steps);
	ASSERT_TRUE(EVENTUALLY(pressure(self->a, "some") > 0));
	ASSERT_EQ(0, cg_write(self->a, "cgroup.pressure", "0"));
	EXPECT_EQ(-ENOENT, pressure(self->a, "some"));
	top = pressure(self->top, "some");
	EXPECT_TRUE(EVENTUALLY(pressure(self->top, "some") > top + 100000));
	ASSERT_EQ(0, cg_write(self->a, "cgroup.pressure", "1"));
	/* The machine below may be busy between two steps: then it takes longer. */
	for (long usec = 600000; usec < 6000000 && !stood; usec *= 2)
		stood = stands_while_off(self->a, below, usec);
	EXPECT_TRUE(stood);
	/* From here on it counts again. */
	a = pressure(self->a, "some");
	EXPECT_TRUE(EVENTUALLY(pressure(self->a, "some") > a + 100000));
}

TEST_F(cpu, malformed_triggers_are_refused)
{
	static const char * const bad[] = {
		"some", "some 0 1000000", "some 0 0", "some 1 0",
		"some 150000 10000001", "some 1000001 1000000",
		"any 150000 1000000", "150000 1000000", "\n",
	};

	if (!cg_has(self->a, "cpu.pressure"))
		SKIP(return, "no pressure stall information (CONFIG_PSI)");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, cg_write(self->a, "cpu.pressure", bad[i]))
			TH_LOG("writing '%s'", bad[i]);
	}
	EXPECT_EQ(0, cg_write(self->a, "cpu.pressure", "some 150000 1000000"));
}

/* Opens cpu.pressure of @cg, for a trigger. Returns a file, or -errno. */
static int pressure_open(const char *cg)
{
	char path[PATH_MAX];
	int fd = open(cg_path(path, cg, "cpu.pressure"), O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Makes a trigger of @fd. Returns 0, or -errno. */
static int trigger_set(int fd, const char *trigger)
{
	ssize_t len = strlen(trigger) + 1, n = write(fd, trigger, len);

	return n < 0 ? -errno : n == len ? 0 : -EIO;
}

/* The same on a file of its own. Returns that file, or -errno. */
static int trigger(const char *cg, const char *text)
{
	int fd = pressure_open(cg), err;

	if (fd < 0)
		return fd;
	err = trigger_set(fd, text);
	if (err)
		close(fd);
	return err ? err : fd;
}

static bool fires(int fd)
{
	return proc_poll(fd, POLLPRI, PROC_HANG_MS) == POLLPRI;
}

TEST_F(cpu, a_trigger_fires_when_processes_wait_long_enough)
{
	int fd;

	if (!cg_has(self->a, "cpu.pressure"))
		SKIP(return, "no pressure stall information (CONFIG_PSI)");
	fd = trigger(self->a, "some 50000 500000");
	ASSERT_GE(fd, 0);
	EXPECT_EQ(0, proc_poll(fd, POLLPRI, 0));
	start_three(self->a, self->steps);
	EXPECT_TRUE(fires(fd));
}

TEST_F(cpu, a_file_has_one_trigger_and_the_cgroup_as_many_as_files)
{
	int fd[2];

	if (!cg_has(self->a, "cpu.pressure"))
		SKIP(return, "no pressure stall information (CONFIG_PSI)");
	for (int i = 0; i < 2; i++) {
		fd[i] = trigger(self->a, i ? "some 60000 1000000" : "some 50000 500000");
		ASSERT_GE(fd[i], 0);
		EXPECT_EQ(-EBUSY, trigger_set(fd[i], "some 50000 500000"));
	}
	start_three(self->a, self->steps);
	EXPECT_TRUE(fires(fd[0]));
	EXPECT_TRUE(fires(fd[1]));
	/* The other one does not need the first. */
	ASSERT_EQ(0, close(fd[0]));
	EXPECT_TRUE(fires(fd[1]));
}

TEST_F(cpu, a_window_is_at_most_10_seconds)
{
	if (!cg_has(self->a, "cpu.pressure"))
		SKIP(return, "no pressure stall information (CONFIG_PSI)");
	EXPECT_GE(trigger(self->a, "some 50000 10000000"), 0);
	EXPECT_GE(trigger(self->a, "some 10000000 10000000"), 0);
	EXPECT_EQ(-EINVAL, trigger(self->a, "some 50000 10000001"));
}

/* Whether the words are taken from who owns the file and has no privilege. */
static int trigger_of_an_ordinary_user(const char *cg, const char *text)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		int fd;

		proc_become_nobody();
		fd = trigger(cg, text);
		_exit(fd < 0 ? -fd : 0);
	}
	return -proc_end(pid);
}

/* No thread of the kernel does the work for them, it waits for the averages. */
TEST_F(cpu, an_ordinary_users_window_is_a_multiple_of_2_seconds)
{
	char path[PATH_MAX];

	if (!cg_has(self->a, "cpu.pressure"))
		SKIP(return, "no pressure stall information (CONFIG_PSI)");
	if (proc_kernel_before(6, 4))
		SKIP(return, "triggers are root's (6.4)");
	EXPECT_EQ(-EACCES, trigger_of_an_ordinary_user(self->a, "some 50000 2000000"));
	ASSERT_EQ(0, chown(cg_path(path, self->a, "cpu.pressure"), 65534, 65534));
	EXPECT_EQ(0, trigger_of_an_ordinary_user(self->a, "some 50000 2000000"));
	EXPECT_EQ(0, trigger_of_an_ordinary_user(self->a, "some 50000 4000000"));
	EXPECT_EQ(-EINVAL, trigger_of_an_ordinary_user(self->a, "some 50000 1000000"));
	EXPECT_EQ(-EINVAL, trigger_of_an_ordinary_user(self->a, "some 50000 3000000"));
	EXPECT_GE(trigger(self->a, "some 50000 3000000"), 0);
}

/* Whoever has all capabilities in a namespace of his own: mainline takes him for root. */
TEST_F(cpu, root_of_a_user_namespace_is_an_ordinary_user)
{
	char path[PATH_MAX];
	pid_t pid;
	int err;

	if (!cg_has(self->a, "cpu.pressure"))
		SKIP(return, "no pressure stall information (CONFIG_PSI)");
	if (proc_kernel_before(6, 4))
		SKIP(return, "triggers are root's (6.4)");
	ASSERT_EQ(0, chown(cg_path(path, self->a, "cpu.pressure"), 100000, 100000));
	pid = userns_fork(0, 100000, 1);
	if (!pid) {
		must(trigger(self->a, "some 50000 2000000") >= 0);
		err = trigger(self->a, "some 50000 1000000");
		_exit(err < 0 ? -err : 0);
	}
	err = proc_end(pid);
	if (!err)
		SKIP(return, "mended by base-fixes: a user namespace's root is taken for root");
	EXPECT_EQ(EINVAL, err);
}

TEST_F(cpu, an_ordinary_users_trigger_fires)
{
	char path[PATH_MAX];
	pid_t pid;

	if (!cg_has(self->a, "cpu.pressure"))
		SKIP(return, "no pressure stall information (CONFIG_PSI)");
	if (proc_kernel_before(6, 4))
		SKIP(return, "triggers are root's (6.4)");
	ASSERT_EQ(0, chown(cg_path(path, self->a, "cpu.pressure"), 65534, 65534));
	start_three(self->a, self->steps);
	pid = proc_fork_bound(0);
	if (!pid) {
		int fd;

		proc_become_nobody();
		fd = trigger(self->a, "some 50000 2000000");
		must(fd >= 0);
		_exit(!fires(fd));
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* "rate-limited to one per tracking window" */
TEST_F(cpu, a_trigger_fires_once_in_a_window)
{
	const int events = 4, window_ms = 500, slack_ms = 50;
	long long start = runner_now_ms();
	int fd;

	if (!cg_has(self->a, "cpu.pressure"))
		SKIP(return, "no pressure stall information (CONFIG_PSI)");
	start_three(self->a, self->steps);
	/* A low threshold: that comes true many times in a window. */
	fd = trigger(self->a, "some 20000 500000");
	ASSERT_GE(fd, 0);
	for (int i = 0; i < events; i++)
		ASSERT_TRUE(fires(fd));
	EXPECT_GE(runner_now_ms() - start, (events - 1) * window_ms - slack_ms);
}

/* How many threads of the kernel there are that watch pressure. */
static int watchers(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *d;
	int n = 0;

	must(dir);
	while ((d = readdir(dir))) {
		char path[300], comm[32];

		snprintf(path, sizeof(path), "/proc/%s/comm", d->d_name);
		n += atoi(d->d_name) > 0 && file_read(path, comm, sizeof(comm)) > 0 &&
		     !strcmp(comm, "psimon");
	}
	closedir(dir);
	return n;
}

TEST_F(cpu, the_watcher_goes_with_the_last_trigger)
{
	int fd[2];

	if (!cg_has(self->a, "cpu.pressure"))
		SKIP(return, "no pressure stall information (CONFIG_PSI)");
	ASSERT_TRUE(EVENTUALLY(watchers() == 0));
	for (int i = 0; i < 2; i++) {
		fd[i] = trigger(self->a, "some 50000 1000000");
		ASSERT_GE(fd[i], 0);
		EXPECT_EQ(1, watchers());
	}
	ASSERT_EQ(0, close(fd[0]));
	EXPECT_EQ(1, watchers());
	ASSERT_EQ(0, close(fd[1]));
	EXPECT_TRUE(EVENTUALLY(watchers() == 0));
}

TEST_F(cpu, who_waits_is_told_that_the_cgroup_is_gone)
{
	int fd;

	if (!cg_has(self->b, "cpu.pressure"))
		SKIP(return, "no pressure stall information (CONFIG_PSI)");
	fd = trigger(self->b, "some 50000 1000000");
	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, proc_poll(fd, POLLPRI, 0));
	ASSERT_EQ(0, cg_remove(self->b));
	EXPECT_EQ(POLLPRI | POLLERR, proc_poll(fd, POLLPRI, PROC_HANG_MS));
	EXPECT_EQ(-ENODEV, trigger_set(fd, "some 50000 1000000"));
	EXPECT_TRUE(EVENTUALLY(watchers() == 0));
}

/* It is the file that was open which is gone; the one there is another. */
TEST_F(cpu, a_trigger_ends_when_pressure_is_switched_off)
{
	int fd;

	if (!cg_has(self->a, "cgroup.pressure"))
		SKIP(return, "no cgroup.pressure (6.1, CONFIG_PSI)");
	fd = trigger(self->a, "some 50000 500000");
	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, proc_poll(fd, POLLPRI, 0));
	ASSERT_EQ(0, cg_write(self->a, "cgroup.pressure", "0"));
	EXPECT_EQ(POLLPRI | POLLERR, proc_poll(fd, POLLPRI, PROC_HANG_MS));
	EXPECT_TRUE(EVENTUALLY(watchers() == 0));
	ASSERT_EQ(0, cg_write(self->a, "cgroup.pressure", "1"));
	EXPECT_EQ(POLLPRI | POLLERR, proc_poll(fd, POLLPRI, 0));
	fd = trigger(self->a, "some 50000 500000");
	ASSERT_GE(fd, 0);
	start_three(self->a, self->steps);
	EXPECT_TRUE(fires(fd));
}

TEST_HARNESS_MAIN

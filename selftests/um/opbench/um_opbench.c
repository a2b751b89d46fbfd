// SPDX-License-Identifier: GPL-2.0
/* opbench: a batch does what it says, is refused for a reason, and leaves nothing behind. */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#include "cap.h"
#include "cgroup.h"
#include "kselftest_harness.h"
#include "opbench.h"

FIXTURE(opbench) {
	int fd;
	struct answer a;
	char root[PATH_MAX], cg[PATH_MAX];
};

FIXTURE_SETUP(opbench)
{
	self->fd = open(RUN, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, cg_mount_point(NULL, self->root, sizeof(self->root)));
	snprintf(self->cg, sizeof(self->cg), "%.4000s/opbench-test", self->root);
	ASSERT_EQ(0, cg_create(self->cg));
}

FIXTURE_TEARDOWN(opbench)
{
	cg_enter(self->root, getpid());
	EXPECT_EQ(0, cg_destroy(self->cg));
	close(self->fd);
}

TEST_F(opbench, a_batch_says_what_it_was_and_took)
{
	ASSERT_EQ(0, batch(self->fd, &self->a, "slab n=500 warm=10"));
	EXPECT_STREQ("slab", self->a.op);
	EXPECT_EQ(500, self->a.n);
	EXPECT_EQ(500, self->a.done);
	EXPECT_EQ(0, self->a.refused);
	EXPECT_LT(0, self->a.ns);
}

TEST_F(opbench, extra_operations_are_done_and_not_counted_in_n)
{
	ASSERT_EQ(0, batch(self->fd, &self->a, "slab n=1050 extra=20"));
	EXPECT_EQ(1050, self->a.n);
	EXPECT_EQ(1071, self->a.done);
	ASSERT_EQ(0, batch(self->fd, &self->a, "slab n=10 extra=1000"));
	EXPECT_EQ(20, self->a.done);
}

/* A hundred times as many take longer: it is no empty loop. */
TEST_F(opbench, more_operations_take_longer)
{
	unsigned long long few, many;

	ASSERT_EQ(0, batch_shortest(self->fd, &self->a, "fault n=20 warm=20", &few));
	ASSERT_EQ(0, batch_shortest(self->fd, &self->a, "fault n=2000 warm=20", &many));
	EXPECT_LT(few, many);
}

TEST_F(opbench, every_operation_that_needs_nothing_runs)
{
	char text[8192], *line, *save;
	int runs = 0;

	ASSERT_LT(0, file_read(OPS, text, sizeof(text)));
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *needs = strchr(line, '\t');

		ASSERT_NE(NULL, needs);
		*needs++ = '\0';
		/* the caller's own namespaces are wanted by the other tests, and swap has its own */
		if (*needs != '\t' || !strncmp(line, "ns-", 3) || !strncmp(line, "swap-", 5))
			continue;
		EXPECT_EQ(0, batch(self->fd, &self->a, "%s n=3", line))
			TH_LOG("%s", line);
		EXPECT_EQ(3, self->a.done);
		runs++;
	}
	EXPECT_LE(15, runs);
}

TEST_F(opbench, a_namespace_is_left_for_a_new_one)
{
	static const char * const names[] = { "uts", "ipc", "mnt", "net", "cgroup", "time_for_children" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char path[64], before[64] = "", after[64] = "", op[16];

		snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
		snprintf(op, sizeof(op), "ns-%.*s", (int)strcspn(names[i], "_"), names[i]);
		ASSERT_LT(0, readlink(path, before, sizeof(before) - 1));
		EXPECT_EQ(0, batch(self->fd, &self->a, "%s n=2", op));
		ASSERT_LT(0, readlink(path, after, sizeof(after) - 1));
		EXPECT_STRNE(before, after);
	}
}

TEST_F(opbench, what_is_no_batch_is_refused)
{
	char big[5000];

	EXPECT_EQ(-ENOENT, batch(self->fd, &self->a, "nothing n=1"));
	EXPECT_EQ(-ENOENT, batch(self->fd, &self->a, ""));
	EXPECT_EQ(-EINVAL, batch(self->fd, &self->a, "slab many"));
	EXPECT_EQ(-EINVAL, batch(self->fd, &self->a, "slab colour=red"));
	EXPECT_EQ(-EINVAL, batch(self->fd, &self->a, "slab n="));
	EXPECT_EQ(-EINVAL, batch(self->fd, &self->a, "slab n=-1"));
	EXPECT_EQ(-EINVAL, batch(self->fd, &self->a, "slab path="));
	EXPECT_EQ(-EINVAL, batch(self->fd, &self->a, "open n=1"));
	EXPECT_EQ(-EINVAL, batch(self->fd, &self->a, "write path=/dev/null n=1"));
	EXPECT_EQ(-ERANGE, batch(self->fd, &self->a, "slab n=0"));
	EXPECT_EQ(-ERANGE, batch(self->fd, &self->a, "slab n=10000001"));
	EXPECT_EQ(-ERANGE, batch(self->fd, &self->a, "slab extra=1001"));
	EXPECT_EQ(-ERANGE, batch(self->fd, &self->a, "fault n=16384 warm=1"));
	EXPECT_EQ(-ENOENT, batch(self->fd, &self->a, "open path=/no/such/file"));
	EXPECT_EQ(-EINVAL, batch(self->fd, &self->a, "freeze path=/dev/null"));
	memset(big, ' ', sizeof(big));
	EXPECT_EQ(-1, write(self->fd, big, sizeof(big)));
	EXPECT_EQ(E2BIG, errno);
}

TEST_F(opbench, a_batch_that_failed_has_no_result)
{
	char text[64];

	ASSERT_EQ(0, batch(self->fd, &self->a, "slab n=1"));
	ASSERT_EQ(-ENOENT, batch(self->fd, &self->a, "open path=/no/such/file"));
	EXPECT_EQ(0, pread(self->fd, text, sizeof(text), 0));
}

TEST_F(opbench, each_open_file_has_a_result_of_its_own)
{
	struct answer other;
	char text[256] = "";
	int fd = open(RUN, O_RDWR | O_CLOEXEC);

	ASSERT_EQ(0, batch(self->fd, &self->a, "slab n=1"));
	ASSERT_EQ(0, batch(fd, &other, "page n=2"));
	ASSERT_LT(0, pread(self->fd, text, sizeof(text) - 1, 0));
	EXPECT_EQ(0, strncmp(text, "op=slab n=1 ", 12));
	close(fd);
}

TEST_F(opbench, a_file_that_root_has_opened_is_no_use_without_the_capability)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		must(!cap_set(0, 0, 0));
		_exit(batch(self->fd, &self->a, "slab n=1") == -EPERM ? 0 : 1);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_F(opbench, operations_are_those_of_the_tasks_cgroup)
{
	ASSERT_EQ(0, cg_write(self->cg, "pids.max", "1"));
	ASSERT_EQ(0, cg_enter(self->cg, getpid()));
	ASSERT_EQ(0, batch(self->fd, &self->a, "clone n=7"));
	EXPECT_EQ(7, self->a.done);
	EXPECT_EQ(7, self->a.refused);
	EXPECT_EQ(7, cg_key(self->cg, "pids.events", "max"));
	ASSERT_EQ(0, cg_write(self->cg, "pids.max", "max"));
	ASSERT_EQ(0, batch(self->fd, &self->a, "clone n=7"));
	EXPECT_EQ(0, self->a.refused);
}

TEST_F(opbench, tasks_that_were_made_are_gone)
{
	ASSERT_EQ(0, batch(self->fd, &self->a, "fork n=5"));
	ASSERT_EQ(0, batch(self->fd, &self->a, "switch n=5"));
	EXPECT_EQ(-1, waitpid(-1, NULL, WNOHANG));
	EXPECT_EQ(ECHILD, errno);
}

TEST_F(opbench, mappings_are_gone_after_the_batch)
{
	char before[64], after[64];

	ASSERT_EQ(0, file_field("/proc/self/status", "VmSize", before, sizeof(before)));
	ASSERT_EQ(0, batch(self->fd, &self->a, "fault n=1000"));
	ASSERT_EQ(0, batch(self->fd, &self->a, "shmem-fault n=1000"));
	ASSERT_EQ(0, file_field("/proc/self/status", "VmSize", after, sizeof(after)));
	EXPECT_STREQ(before, after);
}

TEST_F(opbench, a_task_migrates_to_and_fro)
{
	char a[PATH_MAX], b[PATH_MAX];

	snprintf(a, sizeof(a), "%.4000s/a", self->cg);
	snprintf(b, sizeof(b), "%.4000s/b", self->cg);
	ASSERT_EQ(0, cg_create(a));
	ASSERT_EQ(0, cg_create(b));
	ASSERT_EQ(0, batch(self->fd, &self->a,
			   "write path=%s/cgroup.procs path2=%s/cgroup.procs text=0 n=3", a, b));
	EXPECT_EQ(getpid(), cg_number(a, "cgroup.procs"));
	ASSERT_EQ(0, batch(self->fd, &self->a,
			   "write path=%s/cgroup.procs path2=%s/cgroup.procs text=0 n=4", a, b));
	EXPECT_EQ(getpid(), cg_number(b, "cgroup.procs"));
	ASSERT_EQ(0, cg_enter(self->root, getpid()));
	EXPECT_EQ(0, cg_remove(a));
	EXPECT_EQ(0, cg_remove(b));
}

TEST_F(opbench, cgroups_are_made_and_removed)
{
	char path[PATH_MAX];

	ASSERT_EQ(0, batch(self->fd, &self->a, "mkdir path=%s n=5", self->cg));
	snprintf(path, sizeof(path), "%.4000s/opbench", self->cg);
	EXPECT_EQ(-1, access(path, F_OK));
	/* one that is there already is in the way, and stays */
	ASSERT_EQ(0, cg_create(path));
	EXPECT_EQ(-EEXIST, batch(self->fd, &self->a, "mkdir path=%s n=5", self->cg));
	EXPECT_EQ(0, cg_remove(path));
}

TEST_F(opbench, frozen_tasks_are_thawed_again)
{
	pid_t pid = cg_fork_into(self->cg, 0);
	int status;

	if (!pid)
		for (;;)
			pause();
	ASSERT_LT(0, pid);
	EXPECT_EQ(0, batch(self->fd, &self->a, "freeze path=%s/cgroup.freeze n=20", self->cg));
	EXPECT_EQ(0, cg_number(self->cg, "cgroup.freeze"));
	EXPECT_EQ(0, cg_key(self->cg, "cgroup.events", "frozen"));
	kill(pid, SIGKILL);
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
}

/* How often a process has gone to sleep, or -errno. */
static long slept(pid_t pid)
{
	char path[64], text[32];
	int err;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	err = file_field(path, "voluntary_ctxt_switches", text, sizeof(text));
	return err ? err : atol(text);
}

/* Once in each operation: a task that has not run since it was thawed would not have to stop. */
TEST_F(opbench, each_time_all_tasks_stop)
{
	long before[3];
	pid_t pid[3];
	int i;

	for (i = 0; i < 3; i++) {
		pid[i] = cg_fork_into(self->cg, 0);
		ASSERT_LE(0, pid[i]);
		/* the freezer is all that it ever sleeps in */
		while (!pid[i])
			;
	}
	ASSERT_EQ(0, batch(self->fd, &self->a, "freeze path=%s/cgroup.freeze", self->cg));
	for (i = 0; i < 3; i++) {
		before[i] = slept(pid[i]);
		ASSERT_LT(0, before[i]);
	}
	ASSERT_EQ(0, batch(self->fd, &self->a, "freeze path=%s/cgroup.freeze n=20", self->cg));
	for (i = 0; i < 3; i++) {
		EXPECT_LE(before[i] + 20, slept(pid[i]));
		EXPECT_EQ(-SIGKILL, proc_kill(pid[i]));
	}
}

TEST_F(opbench, idle_time_is_what_is_waited)
{
	/* It does not sleep, so nobody else runs but what interrupts it. */
	ASSERT_EQ(0, batch(self->fd, &self->a, "nop n=100000"));
	EXPECT_GT(self->a.ns / 10, self->a.idle_ns);
	/* A work queue waits for grace periods here, and the batch for the work queue. */
	ASSERT_EQ(0, batch(self->fd, &self->a, "ns-net-destroy"));
	EXPECT_LT(self->a.ns / 10, self->a.idle_ns);
	EXPECT_GE(self->a.ns, self->a.idle_ns);
}

TEST_F(opbench, a_task_does_not_freeze_itself)
{
	ASSERT_EQ(0, cg_enter(self->cg, getpid()));
	EXPECT_EQ(-EDEADLK, batch(self->fd, &self->a, "freeze path=%s/cgroup.freeze", self->cg));
}

TEST_F(opbench, a_killed_task_does_not_finish_its_batch)
{
	struct timespec moment = { .tv_nsec = 50 * 1000 * 1000 };
	pid_t pid = fork();
	int status;

	/* minutes, if nothing ended it */
	if (!pid)
		_exit(batch(self->fd, &self->a, "fork n=10000000"));
	nanosleep(&moment, NULL);
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	ASSERT_EQ(0, batch(self->fd, &self->a, "slab n=1"));
}

TEST_HARNESS_MAIN

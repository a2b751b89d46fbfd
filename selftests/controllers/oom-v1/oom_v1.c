// SPDX-License-Identifier: GPL-2.0
/*
 * OOM on a cgroup v1 hierarchy: the OOM killer can be switched off, tasks then
 * sleep until there is room, and an eventfd tells.
 *
 * Promises from admin-guide/cgroup-v1/memory.rst, "OOM Control" and "failcnt".
 */
#include "kselftest_harness.h"
#include <sched.h>
#include <sys/eventfd.h>
#include "memcg.h"

#define OOM_CONTROL	"memory.oom_control"
#define LIMIT		"memory.limit_in_bytes"

FIXTURE(oom_v1)
{
	char root[256];
	char top[512], a[600];
};

FIXTURE_SETUP(oom_v1)
{
	if (cg_mount_point("memory", self->root, sizeof(self->root)))
		SKIP(return, "no cgroup v1 hierarchy with the memory controller");
	snprintf(self->top, sizeof(self->top), "%s/oom.%d", self->root, getpid());
	snprintf(self->a, sizeof(self->a), "%s/a", self->top);
	ASSERT_EQ(0, cg_create(self->top));
	if (!cg_has(self->top, OOM_CONTROL))
		SKIP(return, "no " OOM_CONTROL ": CONFIG_MEMCG_V1 is off");
	ASSERT_EQ(0, cg_create(self->a));
}

/* There is no cgroup.kill in v1: the processes are named and killed singly. */
static void kill_all(const char *cg)
{
	char buf[4096], *line, *save = NULL;

	if (cg_read(cg, "cgroup.procs", buf, sizeof(buf)) < 0)
		return;
	for (line = strtok_r(buf, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		int fd = proc_pidfd(atoi(line));

		if (fd < 0)
			continue;
		proc_pidfd_signal(fd, SIGKILL);
		proc_poll(fd, POLLIN, PROC_HANG_MS);
		close(fd);
	}
}

FIXTURE_TEARDOWN_PARENT(oom_v1)
{
	if (!self->top[0])
		return;
	kill_all(self->a);
	kill_all(self->top);
	cg_remove_tree(self->top);
}

/* A process that moves into @cg and wants @size bytes. */
static pid_t glutton(const char *cg, size_t size)
{
	struct baton in = baton_make();
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!cg_enter(cg, 0));
		baton_pass(&in, 0);
		map_used(size);
		_exit(0);
	}
	must(pid > 0);
	baton_take(&in);
	return pid;
}

/* An eventfd that counts the OOMs of @cg. */
static int oom_eventfd(const char *cg)
{
	char path[PATH_MAX], text[64];
	int event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	int control = open(cg_path(path, cg, OOM_CONTROL), O_RDONLY | O_CLOEXEC);

	must(event >= 0 && control >= 0);
	snprintf(text, sizeof(text), "%d %d", event, control);
	must(!cg_write(cg, "cgroup.event_control", text));
	close(control);
	return event;
}

static bool rung(int event, int ms)
{
	uint64_t count;

	return proc_poll(event, POLLIN, ms) & POLLIN &&
	       read(event, &count, sizeof(count)) == sizeof(count) && count;
}

TEST_F(oom_v1, the_killer_is_on_at_first)
{
	EXPECT_EQ(0, cg_key(self->a, OOM_CONTROL, "oom_kill_disable"));
	EXPECT_EQ(0, cg_key(self->a, OOM_CONTROL, "under_oom"));
	EXPECT_EQ(0, cg_key(self->a, OOM_CONTROL, "oom_kill"));
	ASSERT_EQ(0, cg_write(self->a, LIMIT, "8M"));
	EXPECT_EQ(-SIGKILL, proc_end(glutton(self->a, MB(12))));
	EXPECT_EQ(1, cg_key(self->a, OOM_CONTROL, "oom_kill"));
	EXPECT_EQ(0, cg_key(self->a, OOM_CONTROL, "under_oom"));
	EXPECT_LE(1, cg_number(self->a, "memory.failcnt"));
	EXPECT_EQ(MB(8), cg_number(self->a, "memory.max_usage_in_bytes"));
}

TEST_F(oom_v1, it_takes_0_and_1_only)
{
	static const char * const values[] = { "2", "-1", "x", "0x", "1 1" };

	ASSERT_EQ(0, cg_write(self->a, OOM_CONTROL, "1"));
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		EXPECT_EQ(-EINVAL, cg_write(self->a, OOM_CONTROL, values[i]))
			TH_LOG("'%s'", values[i]);
		EXPECT_EQ(1, cg_key(self->a, OOM_CONTROL, "oom_kill_disable"));
	}
	ASSERT_EQ(0, cg_write(self->a, OOM_CONTROL, "0"));
	EXPECT_EQ(0, cg_key(self->a, OOM_CONTROL, "oom_kill_disable"));
}

TEST_F(oom_v1, of_the_root_it_cannot_be_switched_off)
{
	EXPECT_EQ(-EINVAL, cg_write(self->root, OOM_CONTROL, "1"));
	EXPECT_EQ(0, cg_key(self->root, OOM_CONTROL, "oom_kill_disable"));
}

TEST_F(oom_v1, a_new_cgroup_inherits_it)
{
	char below[PATH_MAX];

	ASSERT_EQ(0, cg_write(self->a, OOM_CONTROL, "1"));
	ASSERT_EQ(0, cg_create(cg_path(below, self->a, "below")));
	EXPECT_EQ(1, cg_key(below, OOM_CONTROL, "oom_kill_disable"));
}

TEST_F(oom_v1, an_ordinary_user_cannot_switch_it_off)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(cg_write(self->a, OOM_CONTROL, "1") == -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(oom_v1, switched_off_tasks_wait_for_a_higher_limit)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, LIMIT, "8M"));
	ASSERT_EQ(0, cg_write(self->a, OOM_CONTROL, "1"));
	pid = glutton(self->a, MB(12));
	ASSERT_TRUE(cg_key_settles(self->a, OOM_CONTROL, "under_oom", 1, 1));
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	EXPECT_EQ(MB(8), cg_number(self->a, "memory.usage_in_bytes"));
	ASSERT_EQ(0, cg_write(self->a, LIMIT, "32M"));
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(cg_key_settles(self->a, OOM_CONTROL, "under_oom", 0, 0));
	EXPECT_EQ(0, cg_key(self->a, OOM_CONTROL, "oom_kill"));
}

TEST_F(oom_v1, switched_on_again_it_kills_who_waits)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, LIMIT, "8M"));
	ASSERT_EQ(0, cg_write(self->a, OOM_CONTROL, "1"));
	pid = glutton(self->a, MB(12));
	ASSERT_TRUE(cg_key_settles(self->a, OOM_CONTROL, "under_oom", 1, 1));
	ASSERT_EQ(0, cg_write(self->a, OOM_CONTROL, "0"));
	EXPECT_EQ(-SIGKILL, proc_end(pid));
	EXPECT_EQ(1, cg_key(self->a, OOM_CONTROL, "oom_kill"));
}

TEST_F(oom_v1, who_waits_can_be_killed)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, LIMIT, "8M"));
	ASSERT_EQ(0, cg_write(self->a, OOM_CONTROL, "1"));
	pid = glutton(self->a, MB(12));
	ASSERT_TRUE(cg_key_settles(self->a, OOM_CONTROL, "under_oom", 1, 1));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
	EXPECT_TRUE(cg_key_settles(self->a, OOM_CONTROL, "under_oom", 0, 0));
	EXPECT_TRUE(cg_settles(self->a, "memory.usage_in_bytes", 0, MB(1)));
}

TEST_F(oom_v1, another_ones_death_gives_room)
{
	struct baton full = baton_make();
	pid_t fat, pid;

	ASSERT_EQ(0, cg_write(self->a, LIMIT, "8M"));
	ASSERT_EQ(0, cg_write(self->a, OOM_CONTROL, "1"));
	fat = proc_fork_bound(0);
	if (!fat) {
		must(!cg_enter(self->a, 0));
		map_used(MB(6));
		baton_pass(&full, 0);
		proc_sleep_forever();
	}
	baton_take(&full);
	pid = glutton(self->a, MB(4));
	ASSERT_TRUE(cg_key_settles(self->a, OOM_CONTROL, "under_oom", 1, 1));
	proc_kill(fat);
	EXPECT_EQ(0, proc_end(pid));
}

/* Where a task cannot sleep, as in a system call, it gets an error instead. */
TEST_F(oom_v1, switched_off_a_system_call_fails)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, LIMIT, "8M"));
	ASSERT_EQ(0, cg_write(self->a, OOM_CONTROL, "1"));
	pid = proc_fork_bound(0);
	if (!pid) {
		static char buf[1 << 16];
		int fd = memfd_create("oom-v1", 0);
		ssize_t n;
		int err;

		must(!cg_enter(self->a, 0));
		/* All that is touched later: a fault in a full cgroup would wait. */
		errno = 0;
		must(write(fd, buf, sizeof(buf)) > 0);
		must(!ftruncate(fd, 0) && !lseek(fd, 0, SEEK_SET));
		do {
			n = write(fd, buf, sizeof(buf));
		} while (n > 0);
		err = errno;
		must(!ftruncate(fd, 0));
		must(n < 0 && err == ENOMEM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, cg_key(self->a, OOM_CONTROL, "oom_kill"));
}

TEST_F(oom_v1, an_eventfd_tells_of_a_kill)
{
	int event = oom_eventfd(self->a);

	ASSERT_EQ(0, cg_write(self->a, LIMIT, "8M"));
	EXPECT_FALSE(rung(event, 0));
	EXPECT_EQ(0, proc_end(glutton(self->a, MB(4))));
	EXPECT_FALSE(rung(event, 0));
	EXPECT_EQ(-SIGKILL, proc_end(glutton(self->a, MB(12))));
	EXPECT_TRUE(rung(event, PROC_HANG_MS));
}

TEST_F(oom_v1, an_eventfd_tells_who_has_to_act)
{
	int event = oom_eventfd(self->a);
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, LIMIT, "8M"));
	ASSERT_EQ(0, cg_write(self->a, OOM_CONTROL, "1"));
	pid = glutton(self->a, MB(12));
	EXPECT_TRUE(rung(event, PROC_HANG_MS));
	ASSERT_EQ(0, cg_write(self->a, LIMIT, "32M"));
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(oom_v1, an_eventfd_rings_when_the_cgroup_goes)
{
	int event = oom_eventfd(self->a);

	EXPECT_FALSE(rung(event, 0));
	ASSERT_EQ(0, cg_remove(self->a));
	EXPECT_TRUE(rung(event, PROC_HANG_MS));
}

TEST_F(oom_v1, malformed_registrations_are_refused)
{
	static const char * const values[] = {
		"x", "1", "1 x", "-1 -1", "99999 99999", "0 0",
	};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		EXPECT_NE(0, cg_write(self->a, "cgroup.event_control", values[i]))
			TH_LOG("'%s'", values[i]);
	}
}

TEST_F(oom_v1, a_limit_below_the_usage_is_refused)
{
	struct baton full = baton_make();
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!cg_enter(self->a, 0));
		map_used(MB(8));
		baton_pass(&full, 0);
		proc_sleep_forever();
	}
	baton_take(&full);
	EXPECT_EQ(-EBUSY, cg_write(self->a, LIMIT, "4M"));
	EXPECT_LT(MB(4), cg_number(self->a, LIMIT));
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	EXPECT_EQ(0, cg_write(self->a, LIMIT, "16M"));
	EXPECT_EQ(MB(16), cg_number(self->a, LIMIT));
}

TEST_HARNESS_MAIN

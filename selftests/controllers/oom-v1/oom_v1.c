// SPDX-License-Identifier: GPL-2.0
/*
 * OOM on a cgroup v1 hierarchy: the OOM killer can be switched off, tasks then
 * sleep until there is room, and an eventfd tells.
 *
 * Promises from admin-guide/cgroup-v1/memory.rst, "OOM Control" and "failcnt".
 */
#include "kselftest_harness.h"
#include <sys/mount.h>
#include "memcg-v1.h"

MEMCG_V1_FIXTURE(oom_v1)

/* An eventfd that counts the OOMs of @cg. */
static int oom_eventfd(const char *cg)
{
	return v1_bell(cg, OOM_CONTROL, "");
}

TEST_F(oom_v1, the_killer_is_on_at_first)
{
	EXPECT_EQ(0, cg_key(self->a, OOM_CONTROL, "oom_kill_disable"));
	EXPECT_EQ(0, cg_key(self->a, OOM_CONTROL, "under_oom"));
	EXPECT_EQ(0, cg_key(self->a, OOM_CONTROL, "oom_kill"));
	ASSERT_EQ(0, cg_write(self->a, LIMIT, "8M"));
	EXPECT_EQ(-SIGKILL, proc_end(v1_hog(self->a, MB(12))));
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
	pid = v1_hog(self->a, MB(12));
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
	pid = v1_hog(self->a, MB(12));
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
	pid = v1_hog(self->a, MB(12));
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
	pid = v1_hog(self->a, MB(4));
	ASSERT_TRUE(cg_key_settles(self->a, OOM_CONTROL, "under_oom", 1, 1));
	proc_kill(fat);
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(oom_v1, a_removed_file_gives_room)
{
	char folder[] = "/tmp/oom-v1.XXXXXX", path[PATH_MAX];
	pid_t pid;

	ASSERT_NE(NULL, mkdtemp(folder));
	ASSERT_EQ(0, mount("oom-v1", folder, "tmpfs", 0, NULL));
	ASSERT_EQ(0, cg_write(self->a, LIMIT, "8M"));
	ASSERT_EQ(0, cg_write(self->a, OOM_CONTROL, "1"));
	pid = v1_fork(self->a);
	if (!pid) {
		static const char page[PAGE] = "used";
		int fd = open(cg_path(path, folder, "file"), O_WRONLY | O_CREAT, 0600);

		for (int i = 0; i < MB(6) / PAGE; i++)
			must(write(fd, page, PAGE) == PAGE);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	/* Whose file that is does not matter, and what it takes does. */
	EXPECT_LE(MB(6), cg_number(self->a, USAGE));
	pid = v1_hog(self->a, MB(4));
	ASSERT_TRUE(cg_key_settles(self->a, OOM_CONTROL, "under_oom", 1, 1));
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	EXPECT_EQ(0, unlink(cg_path(path, folder, "file")));
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, umount(folder));
	EXPECT_EQ(0, rmdir(folder));
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
	EXPECT_EQ(0, proc_end(v1_hog(self->a, MB(4))));
	EXPECT_FALSE(rung(event, 0));
	EXPECT_EQ(-SIGKILL, proc_end(v1_hog(self->a, MB(12))));
	EXPECT_TRUE(rung(event, PROC_HANG_MS));
}

TEST_F(oom_v1, an_eventfd_tells_who_has_to_act)
{
	int event = oom_eventfd(self->a);
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, LIMIT, "8M"));
	ASSERT_EQ(0, cg_write(self->a, OOM_CONTROL, "1"));
	pid = v1_hog(self->a, MB(12));
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

/* Who sleeps in the top's OOM holds up all below, and these are told. */
TEST_F(oom_v1, it_tells_all_listeners_of_whose_it_is_and_below)
{
	int root = oom_eventfd(self->root), top = oom_eventfd(self->top);
	int one = oom_eventfd(self->a), two = oom_eventfd(self->a);
	int b = oom_eventfd(self->b);

	ASSERT_EQ(0, cg_write(self->a, LIMIT, "8M"));
	EXPECT_EQ(-SIGKILL, proc_end(v1_hog(self->a, MB(12))));
	EXPECT_TRUE(rung(one, 0));
	EXPECT_TRUE(rung(two, 0));
	EXPECT_FALSE(rung(b, 0));
	EXPECT_FALSE(rung(top, 0));
	EXPECT_FALSE(rung(root, 0));
	ASSERT_EQ(0, cg_write(self->top, LIMIT, "4M"));
	EXPECT_EQ(-SIGKILL, proc_end(v1_hog(self->b, MB(12))));
	EXPECT_TRUE(rung(one, 0));
	EXPECT_TRUE(rung(two, 0));
	EXPECT_TRUE(rung(b, 0));
	EXPECT_TRUE(rung(top, 0));
	EXPECT_FALSE(rung(root, 0));
}

TEST_F(oom_v1, a_closed_listener_leaves_the_other)
{
	int one = oom_eventfd(self->a), two = oom_eventfd(self->a);

	ASSERT_EQ(0, cg_write(self->a, LIMIT, "8M"));
	close(one);
	EXPECT_EQ(-SIGKILL, proc_end(v1_hog(self->a, MB(12))));
	EXPECT_TRUE(rung(two, 0));
}

TEST_F(oom_v1, who_comes_late_is_told_at_once)
{
	int event;
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, LIMIT, "8M"));
	ASSERT_EQ(0, cg_write(self->a, OOM_CONTROL, "1"));
	event = oom_eventfd(self->a);
	pid = v1_hog(self->a, MB(12));
	EXPECT_TRUE(rung(event, PROC_HANG_MS));
	ASSERT_TRUE(cg_key_settles(self->a, OOM_CONTROL, "under_oom", 1, 1));
	EXPECT_TRUE(rung(oom_eventfd(self->a), 0));
	EXPECT_FALSE(rung(oom_eventfd(self->top), 0));
	ASSERT_EQ(0, cg_write(self->a, LIMIT, "32M"));
	EXPECT_EQ(0, proc_end(pid));
	ASSERT_TRUE(cg_key_settles(self->a, OOM_CONTROL, "under_oom", 0, 0));
	EXPECT_FALSE(rung(oom_eventfd(self->a), 0));
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

// SPDX-License-Identifier: GPL-2.0
/*
 * pids.events and pids.events.local: whose counter moves when a fork is
 * refused, and who is woken.
 *
 * Promises from cgroup-v2.rst, "PID" and the mount option pids_localevents.
 */
#include "pids.h"
#include <sys/inotify.h>
#include <sys/mount.h>

/*
 * Since Linux 6.11 pids.events belongs to the cgroup whose limit was hit, and
 * to those above; before, to the one whose process forked. pids.events.local
 * came with that.
 */
#define NEEDS_LOCAL_EVENTS() do {					\
	if (!cg_has(self->a, "pids.events.local"))			\
		SKIP(return, "no pids.events.local (Linux 6.11)");	\
} while (0)

/* One fork in @cg that is refused for a limit. */
static void hit_the_limit(const char *cg)
{
	must(sleeper(cg) == -EAGAIN);
}

TEST_F(pids, each_refused_fork_counts_once)
{
	ASSERT_EQ(0, cg_key(self->a, "pids.events", "max"));
	ASSERT_EQ(0, cg_write(self->a, "pids.max", "1"));
	ASSERT_GT(sleeper(self->a), 0);
	EXPECT_EQ(0, cg_key(self->a, "pids.events", "max"));
	for (int i = 1; i <= 3; i++) {
		hit_the_limit(self->a);
		EXPECT_EQ(i, cg_key(self->a, "pids.events", "max"));
	}
}

TEST_F(pids, the_cgroup_whose_limit_it_was_has_the_event)
{
	NEEDS_LOCAL_EVENTS();
	ASSERT_EQ(0, cg_write(self->top, "pids.max", "0"));
	hit_the_limit(self->a);
	EXPECT_EQ(1, cg_key(self->top, "pids.events", "max"));
	EXPECT_EQ(1, cg_key(self->top, "pids.events.local", "max"));
	EXPECT_EQ(0, cg_key(self->a, "pids.events", "max"));
	EXPECT_EQ(0, cg_key(self->a, "pids.events.local", "max"));
	EXPECT_EQ(0, cg_key(self->b, "pids.events", "max"));
}

TEST_F(pids, events_go_up_and_local_ones_do_not)
{
	NEEDS_LOCAL_EVENTS();
	ASSERT_EQ(0, cg_write(self->a, "pids.max", "0"));
	hit_the_limit(self->a);
	EXPECT_EQ(1, cg_key(self->a, "pids.events", "max"));
	EXPECT_EQ(1, cg_key(self->a, "pids.events.local", "max"));
	EXPECT_EQ(1, cg_key(self->top, "pids.events", "max"));
	EXPECT_EQ(0, cg_key(self->top, "pids.events.local", "max"));
}

TEST_F(pids, poll_wakes_whose_limit_it_was_and_all_above)
{
	int a, b, top;

	NEEDS_LOCAL_EVENTS();
	ASSERT_EQ(0, cg_write(self->a, "pids.max", "0"));
	a = cg_watch(self->a, "pids.events");
	b = cg_watch(self->b, "pids.events");
	top = cg_watch(self->top, "pids.events");
	ASSERT_GE(a, 0);
	ASSERT_GE(b, 0);
	ASSERT_GE(top, 0);
	EXPECT_FALSE(cg_event(a, 0));
	hit_the_limit(self->a);
	EXPECT_TRUE(cg_event(a, PROC_HANG_MS));
	EXPECT_TRUE(cg_event(top, PROC_HANG_MS));
	EXPECT_FALSE(cg_event(b, 0));
	/* Taken is taken. */
	EXPECT_FALSE(cg_event(a, CG_EVENT_LATE_MS));
}

TEST_F(pids, poll_of_local_events_wakes_only_whose_limit_it_was)
{
	int a, top;

	NEEDS_LOCAL_EVENTS();
	ASSERT_EQ(0, cg_write(self->a, "pids.max", "0"));
	a = cg_watch(self->a, "pids.events.local");
	top = cg_watch(self->top, "pids.events.local");
	hit_the_limit(self->a);
	EXPECT_TRUE(cg_event(a, PROC_HANG_MS));
	EXPECT_FALSE(cg_event(top, 0));
}

TEST_F(pids, a_waiting_poll_is_woken)
{
	struct baton ready = baton_make();
	int fd;
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, "pids.max", "0"));
	pid = proc_fork_bound(0);
	if (!pid) {
		fd = cg_watch(self->a, "pids.events");
		must(fd >= 0);
		baton_pass(&ready, 0);
		must(cg_event(fd, PROC_HANG_MS));
		_exit(0);
	}
	baton_take(&ready);
	hit_the_limit(self->a);
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(pids, inotify_reports_the_modification)
{
	char path[PATH_MAX], buf[512];
	int fd = inotify_init1(IN_CLOEXEC);

	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, cg_write(self->a, "pids.max", "0"));
	ASSERT_GE(inotify_add_watch(fd, cg_path(path, self->a, "pids.events"),
				    IN_MODIFY), 0);
	EXPECT_EQ(0, proc_poll(fd, POLLIN, 0));
	hit_the_limit(self->a);
	EXPECT_TRUE(proc_poll(fd, POLLIN, PROC_HANG_MS) & POLLIN);
	EXPECT_GT(read(fd, buf, sizeof(buf)), 0);
}

TEST_F(pids, going_over_the_limit_without_a_fork_is_no_event)
{
	pid_t pid = sleeper(self->b);
	int fd = cg_watch(self->a, "pids.events");

	ASSERT_GT(pid, 0);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, cg_write(self->a, "pids.max", "0"));
	ASSERT_EQ(0, cg_enter(self->a, pid));
	ASSERT_EQ(0, cg_write(self->a, "pids.max", "max"));
	ASSERT_EQ(0, cg_write(self->a, "pids.max", "0"));
	EXPECT_EQ(0, cg_key(self->a, "pids.events", "max"));
	EXPECT_FALSE(cg_event(fd, 0));
}

TEST_F(pids, a_fork_refused_for_another_reason_is_no_event)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, "pids.max", "10"));
	pid = cg_fork_into(self->a, 0);
	if (!pid) {
		pid_t tid = getpid();
		struct clone_args args = {
			.exit_signal = SIGCHLD,
			.set_tid = (uintptr_t)&tid,
			.set_tid_size = 1,
		};

		must(proc_clone3(&args) == -EEXIST);
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, cg_key(self->a, "pids.events", "max"));
}

TEST_F(pids, each_level_counts_the_hits_on_its_own_limit)
{
	NEEDS_LOCAL_EVENTS();
	ASSERT_EQ(0, cg_write(self->a, "pids.max", "0"));
	hit_the_limit(self->a);
	ASSERT_EQ(0, cg_write(self->a, "pids.max", "max"));
	ASSERT_EQ(0, cg_write(self->top, "pids.max", "0"));
	hit_the_limit(self->a);
	hit_the_limit(self->b);
	EXPECT_EQ(1, cg_key(self->a, "pids.events.local", "max"));
	EXPECT_EQ(2, cg_key(self->top, "pids.events.local", "max"));
	EXPECT_EQ(3, cg_key(self->top, "pids.events", "max"));
}

/*
 * The mount option is one for the whole system, so the other tests must not
 * meet it: they run one after the other, and this one puts it back.
 */
TEST_F(pids, with_pids_localevents_the_forking_cgroup_has_the_event)
{
	long a, top;
	int fd;

	NEEDS_LOCAL_EVENTS();
	if (mount("none", self->root, NULL, MS_REMOUNT, "pids_localevents"))
		SKIP(return, "no mount option pids_localevents");
	fd = cg_watch(self->a, "pids.events");
	must(!cg_write(self->top, "pids.max", "0"));
	hit_the_limit(self->a);
	a = cg_key(self->a, "pids.events", "max");
	top = cg_key(self->top, "pids.events", "max");
	must(!mount("none", self->root, NULL, MS_REMOUNT, ""));
	EXPECT_EQ(1, a);
	EXPECT_EQ(0, top);
	EXPECT_TRUE(cg_event(fd, PROC_HANG_MS));
}

TEST_HARNESS_MAIN

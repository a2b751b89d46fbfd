// SPDX-License-Identifier: GPL-2.0
/*
 * cgroup.events: where "populated" changes with a process, up to where, and how
 * that is told.
 *
 * Promises from cgroup-v2.rst, "[Un]populated Notification".
 */
#include "core.h"

/*
 * The document's example, of which A is the fixture's @a: A(2) - B(0), and below
 * B are C(1) and D(0). The files are the watched cgroup.events of each.
 */
struct example {
	char b[700], c[800], d[800];
	pid_t in_c;
	int at_a, at_b, at_c, at_d;
};

/* Watches @cg, and takes what is still to come of what went before. */
static int watch(const char *cg)
{
	int fd = cg_watch(cg, "cgroup.events");

	must(fd >= 0 && cg_event_ends(fd));
	return fd;
}

static void grow(const char *a, struct example *ex)
{
	snprintf(ex->b, sizeof(ex->b), "%s/B", a);
	snprintf(ex->c, sizeof(ex->c), "%s/C", ex->b);
	snprintf(ex->d, sizeof(ex->d), "%s/D", ex->b);
	must(!cg_create(ex->b) && !cg_create(ex->c) && !cg_create(ex->d));
	must(sleeper(a) > 0 && sleeper(a) > 0);
	ex->in_c = sleeper(ex->c);
	must(ex->in_c > 0);
	ex->at_a = watch(a);
	ex->at_b = watch(ex->b);
	ex->at_c = watch(ex->c);
	ex->at_d = watch(ex->d);
}

TEST_F(core, populated_is_told_of_below_too)
{
	struct example ex;

	grow(self->a, &ex);
	EXPECT_EQ(1, populated(self->top));
	EXPECT_EQ(1, populated(self->a));
	EXPECT_EQ(1, populated(ex.b));
	EXPECT_EQ(1, populated(ex.c));
	EXPECT_EQ(0, populated(ex.d));
	EXPECT_EQ(0, populated(self->b));
}

TEST_F(core, the_last_exit_is_told_up_to_who_has_others)
{
	struct example ex;

	grow(self->a, &ex);
	EXPECT_EQ(-SIGKILL, proc_kill(ex.in_c));
	EXPECT_TRUE(cg_event(ex.at_c, PROC_HANG_MS));
	EXPECT_TRUE(cg_event(ex.at_b, PROC_HANG_MS));
	EXPECT_FALSE(cg_event(ex.at_a, CG_EVENT_LATE_MS));
	EXPECT_FALSE(cg_event(ex.at_d, 0));
	EXPECT_EQ(0, populated(ex.c));
	EXPECT_EQ(0, populated(ex.b));
	EXPECT_EQ(1, populated(self->a));
}

TEST_F(core, the_first_process_is_told_up_to_who_has_others)
{
	struct example ex;

	grow(self->a, &ex);
	ASSERT_EQ(-SIGKILL, proc_kill(ex.in_c));
	ASSERT_EQ(0, cg_await_empty(ex.b));
	ASSERT_TRUE(cg_event_ends(ex.at_b));
	ASSERT_TRUE(cg_event_ends(ex.at_c));
	ASSERT_GT(sleeper(ex.d), 0);
	EXPECT_TRUE(cg_event(ex.at_d, PROC_HANG_MS));
	EXPECT_TRUE(cg_event(ex.at_b, PROC_HANG_MS));
	EXPECT_FALSE(cg_event(ex.at_a, CG_EVENT_LATE_MS));
	EXPECT_FALSE(cg_event(ex.at_c, 0));
	EXPECT_EQ(1, populated(ex.d));
	EXPECT_EQ(1, populated(ex.b));
	EXPECT_EQ(0, populated(ex.c));
}

/* For their parent nothing changes, not even for a moment. */
TEST_F(core, a_move_between_children_is_told_by_them_alone)
{
	struct example ex;

	grow(self->a, &ex);
	ASSERT_EQ(0, cg_enter(ex.d, ex.in_c));
	EXPECT_TRUE(cg_event(ex.at_c, PROC_HANG_MS));
	EXPECT_TRUE(cg_event(ex.at_d, PROC_HANG_MS));
	EXPECT_FALSE(cg_event(ex.at_b, CG_EVENT_LATE_MS));
	EXPECT_FALSE(cg_event(ex.at_a, 0));
	EXPECT_EQ(0, populated(ex.c));
	EXPECT_EQ(1, populated(ex.d));
	EXPECT_EQ(1, populated(ex.b));
}

TEST_F(core, one_more_and_one_less_is_not_told)
{
	struct example ex;
	pid_t pid;

	grow(self->a, &ex);
	pid = sleeper(ex.c);
	ASSERT_GT(pid, 0);
	EXPECT_FALSE(cg_event(ex.at_c, CG_EVENT_LATE_MS));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
	EXPECT_FALSE(cg_event(ex.at_c, CG_EVENT_LATE_MS));
	EXPECT_FALSE(cg_event(ex.at_b, 0));
	EXPECT_EQ(1, populated(ex.c));
	/* The very last is. */
	EXPECT_EQ(-SIGKILL, proc_kill(ex.in_c));
	EXPECT_TRUE(cg_event(ex.at_c, PROC_HANG_MS));
}

/* Threads are what populates a threaded cgroup, and with it their domain. */
TEST_F(core, threads_populate_their_cgroup_and_their_domain)
{
	pid_t pid, tid;
	int at_a, at_c;

	ASSERT_EQ(0, cg_write(self->c, "cgroup.type", "threaded"));
	pid = pair(self->a, NULL, &tid);
	at_a = watch(self->a);
	at_c = watch(self->c);
	EXPECT_EQ(0, populated(self->c));
	ASSERT_EQ(0, cg_write_number(self->c, "cgroup.threads", tid));
	EXPECT_TRUE(cg_event(at_c, PROC_HANG_MS));
	EXPECT_EQ(1, populated(self->c));
	ASSERT_EQ(0, cg_write_number(self->c, "cgroup.threads", pid));
	EXPECT_EQ(1, populated(self->a));
	EXPECT_FALSE(cg_event(at_a, CG_EVENT_LATE_MS));
	EXPECT_FALSE(cg_event(at_c, 0));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
	EXPECT_TRUE(cg_event(at_a, PROC_HANG_MS));
	EXPECT_TRUE(cg_event(at_c, PROC_HANG_MS));
	EXPECT_EQ(0, populated(self->a));
	EXPECT_EQ(0, populated(self->c));
}

TEST_F(core, poll_tells_by_priority_and_error_until_it_is_read)
{
	char text[256];
	int fd = watch(self->b);

	EXPECT_EQ(0, proc_poll(fd, POLLPRI, 0));
	ASSERT_GT(sleeper(self->b), 0);
	EXPECT_EQ(POLLPRI | POLLERR, proc_poll(fd, POLLPRI, PROC_HANG_MS));
	EXPECT_EQ(POLLPRI | POLLERR, proc_poll(fd, POLLPRI, 0));
	ASSERT_GT(pread(fd, text, sizeof(text), 0), 0);
	EXPECT_EQ(0, proc_poll(fd, POLLPRI, 0));
}

TEST_F(core, inotify_tells_it_of_the_files_whose_value_changed)
{
	int fd = inotify_init1(IN_CLOEXEC), at_b, at_c, first, second;
	char path[PATH_MAX];
	struct example ex;

	grow(self->a, &ex);
	ASSERT_GE(fd, 0);
	ASSERT_GE(inotify_add_watch(fd, cg_path(path, self->a, "cgroup.events"), IN_MODIFY), 0);
	ASSERT_GE(inotify_add_watch(fd, cg_path(path, ex.d, "cgroup.events"), IN_MODIFY), 0);
	at_b = inotify_add_watch(fd, cg_path(path, ex.b, "cgroup.events"), IN_MODIFY);
	at_c = inotify_add_watch(fd, cg_path(path, ex.c, "cgroup.events"), IN_MODIFY);
	ASSERT_GE(at_b, 0);
	ASSERT_GE(at_c, 0);
	EXPECT_EQ(0, proc_poll(fd, POLLIN, 0));
	EXPECT_EQ(-SIGKILL, proc_kill(ex.in_c));
	ASSERT_EQ(IN_MODIFY, take_inotify(fd, &first, PROC_HANG_MS));
	ASSERT_EQ(IN_MODIFY, take_inotify(fd, &second, PROC_HANG_MS));
	EXPECT_TRUE((first == at_b && second == at_c) || (first == at_c && second == at_b));
	EXPECT_EQ(0, take_inotify(fd, &first, CG_EVENT_LATE_MS));
}

TEST_HARNESS_MAIN

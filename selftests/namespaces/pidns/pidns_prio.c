// SPDX-License-Identifier: GPL-2.0
/*
 * "All processes of a user" are those that the caller's pid namespace has
 * numbers for.
 *
 * Promises from setpriority(2), ioprio_set(2), pid_namespaces(7).
 */
#include "kselftest_harness.h"
#include <linux/ioprio.h>
#include <sys/resource.h>
#include "ns.h"
#include "proc.h"
#include "userns.h"

/* A user whom nobody else here is, and another. */
#define USER		4711
#define OTHER		4712

/* A class and a level that no process begins with. */
#define IDLE_LEVEL	IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 6)
#define RAISED_LEVEL	IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 3)

static int ioprio_get(int which, int who)
{
	int value = syscall(SYS_ioprio_get, which, who);

	return value < 0 ? -errno : value;
}

static int ioprio_set(int which, int who, int value)
{
	return syscall(SYS_ioprio_set, which, who, value) ? -errno : 0;
}

/* getpriority(2), or -1000 - errno, as -1 is a priority too. */
static int nice_of(int which, id_t who)
{
	int nice;

	errno = 0;
	nice = getpriority(which, who);
	return errno ? -1000 - errno : nice;
}

/*
 * One process of the user, and one of another user, in the test's namespace;
 * and a namespace whose init is the user, and does what it is told.
 */
FIXTURE(user)
{
	pid_t sleeper, other, init;
	struct baton to, from;
};

static pid_t sleeper_of(uid_t uid)
{
	struct baton ready = baton_make();
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		userns_be(uid);
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	return pid;
}

/* What the init can be told. */
enum order { RENICE = 1, NICE, REIOPRIO, IOPRIO };

static int obey(enum order order)
{
	switch (order) {
	case RENICE:
		return setpriority(PRIO_USER, USER, 5) ? -errno : 0;
	case NICE:
		return nice_of(PRIO_USER, USER);
	case REIOPRIO:
		return ioprio_set(IOPRIO_WHO_USER, USER, IDLE_LEVEL);
	case IOPRIO:
		return ioprio_get(IOPRIO_WHO_USER, USER);
	}
	return -ENOSYS;
}

FIXTURE_SETUP(user)
{
	self->to = baton_make();
	self->from = baton_make();
	self->sleeper = sleeper_of(USER);
	self->other = sleeper_of(OTHER);
	self->init = proc_fork_bound(CLONE_NEWPID);
	if (!self->init) {
		userns_be(USER);
		baton_pass(&self->from, 0);
		for (;;) {
			int order;

			/* Waits for as long as the test takes. */
			must(read(self->to.fd[0], &order, sizeof(order)) == sizeof(order));
			baton_pass(&self->from, obey(order));
		}
	}
	ASSERT_GT(self->init, 0);
	baton_take(&self->from);
}

FIXTURE_TEARDOWN(user)
{
	proc_kill(self->init);
	proc_kill(self->sleeper);
	proc_kill(self->other);
}

#define INIT(order) ({							\
	baton_pass(&self->to, order);					\
	baton_take(&self->from);					\
})

TEST_F(user, a_users_nice_value_is_set_for_the_namespaces_processes)
{
	ASSERT_EQ(0, nice_of(PRIO_PROCESS, self->sleeper));
	ASSERT_EQ(0, INIT(RENICE));
	EXPECT_EQ(5, nice_of(PRIO_PROCESS, self->init));
	EXPECT_EQ(0, nice_of(PRIO_PROCESS, self->sleeper));
}

TEST_F(user, a_users_nice_value_is_that_of_the_namespaces_processes)
{
	ASSERT_EQ(0, INIT(NICE));
	ASSERT_EQ(0, setpriority(PRIO_PROCESS, self->init, 5));
	EXPECT_EQ(5, INIT(NICE));
	/* Seen from above the sleeper's is the better. */
	EXPECT_EQ(0, nice_of(PRIO_USER, USER));
	ASSERT_EQ(0, setpriority(PRIO_PROCESS, self->sleeper, 7));
	EXPECT_EQ(5, nice_of(PRIO_USER, USER));
}

TEST_F(user, the_parent_namespace_reaches_the_nice_value_of_who_is_below)
{
	ASSERT_EQ(0, setpriority(PRIO_USER, USER, 7));
	EXPECT_EQ(7, nice_of(PRIO_PROCESS, self->init));
	EXPECT_EQ(7, nice_of(PRIO_PROCESS, self->sleeper));
	EXPECT_EQ(0, nice_of(PRIO_PROCESS, self->other));
}

TEST_F(user, a_users_io_priority_is_set_for_the_namespaces_processes)
{
	int before = ioprio_get(IOPRIO_WHO_PROCESS, self->sleeper);

	if (before == -ENOSYS)
		SKIP(return, "no CONFIG_BLOCK, so no I/O priorities");
	ASSERT_NE(IDLE_LEVEL, before);
	ASSERT_EQ(0, INIT(REIOPRIO));
	EXPECT_EQ(IDLE_LEVEL, ioprio_get(IOPRIO_WHO_PROCESS, self->init));
	EXPECT_EQ(before, ioprio_get(IOPRIO_WHO_PROCESS, self->sleeper));
}

TEST_F(user, a_users_io_priority_is_that_of_the_namespaces_processes)
{
	if (ioprio_set(IOPRIO_WHO_PROCESS, self->init, IDLE_LEVEL) == -ENOSYS)
		SKIP(return, "no CONFIG_BLOCK, so no I/O priorities");
	ASSERT_EQ(0, ioprio_set(IOPRIO_WHO_PROCESS, self->sleeper, RAISED_LEVEL));
	EXPECT_EQ(IDLE_LEVEL, INIT(IOPRIO));
	EXPECT_EQ(RAISED_LEVEL, ioprio_get(IOPRIO_WHO_USER, USER));
}

TEST_F(user, the_parent_namespace_reaches_the_io_priority_of_who_is_below)
{
	int before = ioprio_get(IOPRIO_WHO_PROCESS, self->other);

	if (before == -ENOSYS)
		SKIP(return, "no CONFIG_BLOCK, so no I/O priorities");
	ASSERT_EQ(0, ioprio_set(IOPRIO_WHO_USER, USER, IDLE_LEVEL));
	EXPECT_EQ(IDLE_LEVEL, ioprio_get(IOPRIO_WHO_PROCESS, self->init));
	EXPECT_EQ(IDLE_LEVEL, ioprio_get(IOPRIO_WHO_PROCESS, self->sleeper));
	EXPECT_EQ(before, ioprio_get(IOPRIO_WHO_PROCESS, self->other));
}

TEST_HARNESS_MAIN

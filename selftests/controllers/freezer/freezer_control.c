// SPDX-License-Identifier: GPL-2.0
/*
 * The files cgroup.freeze, cgroup.events and cgroup.stat.local: defaults, what
 * is taken and refused, who may write, which events are generated, and the
 * time that is counted.
 *
 * Promises from cgroup-v2.rst, "Core Interface Files", "Delegation".
 */
#include <sched.h>
#include <sys/inotify.h>
#include "freezer.h"
#include "ns.h"

TEST_F(freezer, a_new_cgroup_is_not_frozen)
{
	EXPECT_EQ(0, cg_number(self->a, "cgroup.freeze"));
	EXPECT_EQ(0, frozen(self->a));
}

TEST_F(freezer, the_root_has_no_such_file)
{
	EXPECT_FALSE(cg_has(self->root, "cgroup.freeze"));
	EXPECT_FALSE(cg_has(self->root, "cgroup.events"));
	EXPECT_FALSE(cg_has(self->root, "cgroup.stat.local"));
}

TEST_F(freezer, zero_and_one_are_taken)
{
	static const struct {
		const char *text;
		long value;
	} ok[] = {
		{ "1", 1 }, { "0", 0 }, { "1\n", 1 }, { " 0 ", 0 },
		{ "0x1", 1 }, { "00", 0 }, { "+1", 1 }, { "-0", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ok); i++) {
		EXPECT_EQ(0, cg_write(self->a, "cgroup.freeze", ok[i].text))
			TH_LOG("writing '%s'", ok[i].text);
		EXPECT_EQ(ok[i].value, cg_number(self->a, "cgroup.freeze"));
		EXPECT_EQ(ok[i].value, frozen(self->a));
	}
}

TEST_F(freezer, malformed_values_are_refused_and_change_nothing)
{
	static const char * const bad[] = {
		"\n", " ", "2", "-1", "1 1", "1x", "0x", "1.0", "max", "FROZEN",
		"true", "y", "--1", "2147483647", "-2147483648",
	};
	static const char * const huge[] = {
		"2147483648", "-2147483649", "4294967297",
		"18446744073709551617",
	};

	for (int state = 0; state <= 1; state++) {
		ASSERT_EQ(0, cg_write_number(self->a, "cgroup.freeze", state));
		for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
			EXPECT_NE(0, cg_write(self->a, "cgroup.freeze", bad[i]))
				TH_LOG("writing '%s'", bad[i]);
		}
		for (size_t i = 0; i < ARRAY_SIZE(huge); i++) {
			EXPECT_EQ(-ERANGE, cg_write(self->a, "cgroup.freeze",
						    huge[i]))
				TH_LOG("writing '%s'", huge[i]);
		}
		EXPECT_EQ(state, cg_number(self->a, "cgroup.freeze"));
		EXPECT_EQ(state, frozen(self->a));
	}
	EXPECT_EQ(-EINVAL, cg_write(self->a, "cgroup.freeze", "max"));
	EXPECT_EQ(-ERANGE, cg_write(self->a, "cgroup.freeze", "2"));
}

TEST_F(freezer, events_cannot_be_written)
{
	int err = cg_write(self->a, "cgroup.events", "frozen 1");

	EXPECT_TRUE(err == -EINVAL || err == -EACCES) TH_LOG("%d", err);
	EXPECT_EQ(0, frozen(self->a));
}

TEST_F(freezer, a_removed_cgroup_takes_nothing)
{
	char path[PATH_MAX];
	int fd = open(cg_path(path, self->a, "cgroup.freeze"), O_RDWR);

	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, cg_remove(self->a));
	EXPECT_EQ(-1, write(fd, "1", 1));
	EXPECT_EQ(ENODEV, errno);
}

TEST_F(freezer, an_ordinary_user_may_not)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->b, "cgroup.freeze", "1"));
	pid = cg_fork_into(self->a, 0);
	if (!pid) {
		proc_become_nobody();
		must(cg_write(self->a, "cgroup.freeze", "1") == -EACCES);
		must(cg_write(self->b, "cgroup.freeze", "0") == -EACCES);
		/* To look is for everybody. */
		must(frozen(self->a) == 0);
		must(frozen(self->b) == 1);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(freezer, root_of_a_user_namespace_may_not)
{
	pid_t pid = cg_fork_into(self->a, 0);

	if (!pid) {
		proc_become_nobody();
		must(!ns_become_user_root());
		must(cg_write(self->a, "cgroup.freeze", "1") == -EACCES);
		must(cg_write(self->b, "cgroup.freeze", "1") == -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, frozen(self->b));
}

TEST_F(freezer, a_delegate_freezes_below_itself_only)
{
	char own[700], path[PATH_MAX];
	pid_t pid;

	snprintf(own, sizeof(own), "%s/own", self->a);
	ASSERT_EQ(0, chown(self->a, 65534, 65534));
	ASSERT_EQ(0, chown(cg_path(path, self->a, "cgroup.procs"), 65534,
			   65534));
	pid = cg_fork_into(self->a, 0);
	if (!pid) {
		proc_become_nobody();
		must(cg_write(self->a, "cgroup.freeze", "1") == -EACCES);
		must(!cg_create(own));
		pid = ticker(own, self->steps);
		must(freeze(own));
		must(runner_stands(self->steps));
		must(!thaw(own));
		must(runner_runs(self->steps));
		must(freeze(own));
		must(proc_kill(pid) == -SIGKILL);
		must(!cg_await_empty(own));
		must(!cg_remove(own));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* Only a limit's owner thaws it: what froze the delegate is out of its reach. */
TEST_F(freezer, a_delegate_does_not_undo_what_is_frozen_above)
{
	char own[700];
	pid_t pid;

	snprintf(own, sizeof(own), "%s/own", self->a);
	ASSERT_EQ(0, chown(self->a, 65534, 65534));
	ASSERT_EQ(0, cg_write(self->a, "cgroup.freeze", "1"));
	pid = cg_fork_into(self->b, 0);
	if (!pid) {
		proc_become_nobody();
		must(!cg_create(own));
		must(!cg_write(own, "cgroup.freeze", "0"));
		must(frozen(own) == 1);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(freezer, with_nsdelegate_a_namespaces_root_is_not_its_own_to_freeze)
{
	FILE *f = setmntent("/proc/self/mounts", "r");
	bool nsdelegate = false;
	struct mntent *m;
	pid_t pid;

	while (f && (m = getmntent(f)))
		if (!strcmp(m->mnt_type, "cgroup2"))
			nsdelegate |= !!hasmntopt(m, "nsdelegate");
	if (!nsdelegate)
		SKIP(return, "cgroup2 is mounted without nsdelegate");
	pid = cg_fork_into(self->a, 0);
	if (!pid) {
		char own[700];

		must(!unshare(CLONE_NEWCGROUP));
		/* Even root is told so, and by the old mount. */
		must(cg_write(self->a, "cgroup.freeze", "1") == -EPERM);
		snprintf(own, sizeof(own), "%s/own", self->a);
		must(!cg_create(own));
		must(!cg_write(own, "cgroup.freeze", "1"));
		must(frozen(own) == 1);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, frozen(self->a));
}

TEST_F(freezer, freezing_and_thawing_are_events)
{
	int fd;

	ASSERT_GT(sleeper(self->a), 0);
	fd = cg_watch(self->a, "cgroup.events");
	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, cg_write(self->a, "cgroup.freeze", "1"));
	do {
		ASSERT_TRUE(cg_event(fd, PROC_HANG_MS));
	} while (frozen(self->a) != 1);
	ASSERT_EQ(0, cg_write(self->a, "cgroup.freeze", "0"));
	do {
		ASSERT_TRUE(cg_event(fd, PROC_HANG_MS));
	} while (frozen(self->a) != 0);
}

TEST_F(freezer, inotify_reports_the_modification)
{
	char path[PATH_MAX], buf[512];
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	ASSERT_GE(fd, 0);
	ASSERT_GE(inotify_add_watch(fd, cg_path(path, self->a, "cgroup.events"),
				    IN_MODIFY), 0);
	for (int state = 1; state >= 0; state--) {
		EXPECT_EQ(0, proc_poll(fd, POLLIN, 0));
		ASSERT_EQ(0, cg_write_number(self->a, "cgroup.freeze", state));
		EXPECT_TRUE(proc_poll(fd, POLLIN, PROC_HANG_MS) & POLLIN);
		while (read(fd, buf, sizeof(buf)) > 0)
			;
	}
}

TEST_F(freezer, writing_what_is_there_already_is_no_event)
{
	int fd = cg_watch(self->a, "cgroup.events");

	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, cg_write(self->a, "cgroup.freeze", "0"));
	EXPECT_FALSE(cg_event(fd, 0));
	ASSERT_TRUE(freeze(self->a));
	EXPECT_TRUE(cg_event(fd, PROC_HANG_MS));
	ASSERT_EQ(0, cg_write(self->a, "cgroup.freeze", "1"));
	EXPECT_FALSE(cg_event(fd, CG_EVENT_LATE_MS));
	EXPECT_EQ(1, frozen(self->a));
}

/* The state does not change, but who wrote must not wait for ever. */
TEST_F(freezer, a_write_that_cannot_change_the_state_is_an_event)
{
	int fd;

	ASSERT_TRUE(freeze(self->top));
	ASSERT_EQ(1, frozen(self->a));
	fd = cg_watch(self->a, "cgroup.events");
	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, cg_write(self->a, "cgroup.freeze", "1"));
	EXPECT_TRUE(cg_event(fd, PROC_HANG_MS));
	ASSERT_EQ(0, cg_write(self->a, "cgroup.freeze", "0"));
	EXPECT_TRUE(cg_event(fd, PROC_HANG_MS));
	EXPECT_EQ(1, frozen(self->a));
}

TEST_F(freezer, each_watcher_has_its_event)
{
	int fd[3];

	for (int i = 0; i < 3; i++) {
		fd[i] = cg_watch(i == 2 ? self->b : self->a, "cgroup.events");
		ASSERT_GE(fd[i], 0);
	}
	ASSERT_TRUE(freeze(self->top));
	for (int i = 0; i < 3; i++)
		EXPECT_TRUE(cg_event(fd[i], PROC_HANG_MS));
	ASSERT_EQ(0, thaw(self->top));
	for (int i = 0; i < 3; i++)
		EXPECT_TRUE(cg_event(fd[i], PROC_HANG_MS));
}

#define NEEDS_FROZEN_USEC() do {					\
	if (cg_key(self->a, "cgroup.stat.local", "frozen_usec") < 0)	\
		SKIP(return, "no frozen_usec in cgroup.stat.local (6.18)"); \
} while (0)

static long frozen_usec(const char *cg)
{
	return cg_key(cg, "cgroup.stat.local", "frozen_usec");
}

static long long now_usec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000LL + ts.tv_nsec / 1000;
}

/*
 * What the clock says before and after bounds what the kernel may have
 * counted, from both sides and to the microsecond.
 */
TEST_F(freezer, frozen_usec_is_the_time_from_freeze_to_thaw)
{
	long long before, inside, outside, after;

	NEEDS_FROZEN_USEC();
	ASSERT_GT(sleeper(self->a), 0);
	EXPECT_EQ(0, frozen_usec(self->a));
	before = now_usec();
	ASSERT_EQ(0, cg_write(self->a, "cgroup.freeze", "1"));
	inside = now_usec();
	poll(NULL, 0, 20);
	outside = now_usec();
	ASSERT_EQ(0, cg_write(self->a, "cgroup.freeze", "0"));
	after = now_usec();
	EXPECT_GE(frozen_usec(self->a), outside - inside - 1);
	EXPECT_LE(frozen_usec(self->a), after - before + 1);
}

TEST_F(freezer, frozen_usec_grows_while_frozen_and_only_then)
{
	long one, two;

	NEEDS_FROZEN_USEC();
	ASSERT_EQ(0, cg_write(self->a, "cgroup.freeze", "1"));
	poll(NULL, 0, 5);
	one = frozen_usec(self->a);
	EXPECT_GT(one, 0);
	poll(NULL, 0, 5);
	EXPECT_GE(frozen_usec(self->a), one + 4000);
	ASSERT_EQ(0, cg_write(self->a, "cgroup.freeze", "0"));
	one = frozen_usec(self->a);
	poll(NULL, 0, 5);
	EXPECT_EQ(one, frozen_usec(self->a));
	/* It adds up. */
	ASSERT_EQ(0, cg_write(self->a, "cgroup.freeze", "1"));
	poll(NULL, 0, 5);
	ASSERT_EQ(0, cg_write(self->a, "cgroup.freeze", "0"));
	two = frozen_usec(self->a);
	EXPECT_GE(two, one + 4000);
	EXPECT_EQ(0, frozen_usec(self->b));
	EXPECT_EQ(0, frozen_usec(self->top));
}

TEST_F(freezer, frozen_usec_counts_what_an_ancestor_froze_once)
{
	long long before, after;

	NEEDS_FROZEN_USEC();
	before = now_usec();
	ASSERT_EQ(0, cg_write(self->top, "cgroup.freeze", "1"));
	ASSERT_EQ(0, cg_write(self->a, "cgroup.freeze", "1"));
	poll(NULL, 0, 5);
	ASSERT_EQ(0, cg_write(self->top, "cgroup.freeze", "0"));
	/* Still frozen by itself: no gap, and nothing twice. */
	poll(NULL, 0, 5);
	ASSERT_EQ(0, cg_write(self->a, "cgroup.freeze", "0"));
	after = now_usec();
	EXPECT_GE(frozen_usec(self->a), 9000);
	EXPECT_LE(frozen_usec(self->a), after - before + 1);
	EXPECT_GE(frozen_usec(self->b), 4000);
	EXPECT_LT(frozen_usec(self->b), frozen_usec(self->a));
	EXPECT_GE(frozen_usec(self->top), 4000);
}

/* A cgroup made under a frozen one starts with the time it has lived. */
TEST_F(freezer, frozen_usec_of_a_cgroup_born_frozen_starts_at_birth)
{
	char own[700];
	long long before, after;

	NEEDS_FROZEN_USEC();
	snprintf(own, sizeof(own), "%s/own", self->a);
	ASSERT_TRUE(freeze(self->a));
	poll(NULL, 0, 10);
	before = now_usec();
	ASSERT_EQ(0, cg_create(own));
	poll(NULL, 0, 5);
	EXPECT_GE(frozen_usec(own), 4000);
	after = now_usec();
	EXPECT_LE(frozen_usec(own), now_usec() - before + 1);
	EXPECT_GT(frozen_usec(self->a), after - before);
}

TEST_HARNESS_MAIN

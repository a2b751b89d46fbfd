// SPDX-License-Identifier: GPL-2.0
/*
 * The controller's files: defaults, what they take and what they refuse, who
 * may write them, and where in a hierarchy the controller can be.
 *
 * Promises from cgroup-v2.rst, "PID", "Enabling and Disabling", "No Internal
 * Process Constraint", "Threads", "Delegation".
 */
#include "pids.h"

TEST_F(pids, a_new_cgroup_is_unlimited_and_empty)
{
	char text[64];

	ASSERT_GT(cg_read(self->a, "pids.max", text, sizeof(text)), 0);
	EXPECT_STREQ("max", text);
	EXPECT_EQ(0, cg_number(self->a, "pids.current"));
	ASSERT_GT(cg_read(self->a, "pids.events", text, sizeof(text)), 0);
	EXPECT_STREQ("max 0", text);
}

TEST_F(pids, a_limit_is_not_inherited)
{
	char below[700], text[64];

	ASSERT_EQ(0, cg_write(self->a, "pids.max", "7"));
	ASSERT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "+pids"));
	snprintf(below, sizeof(below), "%s/below", self->a);
	ASSERT_EQ(0, cg_create(below));
	ASSERT_GT(cg_read(below, "pids.max", text, sizeof(text)), 0);
	EXPECT_STREQ("max", text);
}

TEST_F(pids, the_root_has_no_such_files)
{
	static const char * const files[] = {
		"pids.max", "pids.current", "pids.peak", "pids.events",
		"pids.events.local",
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		EXPECT_FALSE(cg_has(self->root, files[i])) {
			TH_LOG("%s is there", files[i]);
		}
	}
}

TEST_F(pids, numbers_and_max_are_taken)
{
	static const char * const values[][2] = {
		{ "0", "0" }, { "1", "1" }, { "50\n", "50" }, { " 7 ", "7" },
		{ "4194304", "4194304" }, { "max", "max" }, { "max\n", "max" },
	};
	char text[64];

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		EXPECT_EQ(0, cg_write(self->a, "pids.max", values[i][0]))
			TH_LOG("writing '%s'", values[i][0]);
		ASSERT_GT(cg_read(self->a, "pids.max", text, sizeof(text)), 0);
		EXPECT_STREQ(values[i][1], text);
	}
}

TEST_F(pids, malformed_values_are_refused_and_change_nothing)
{
	static const char * const values[] = {
		"-1", "abc", "\n", " ", "1 2", "1.5", "12x", "max1", "MAX",
		"maxx", "--1", "0x", "-9223372036854775808",
		/* One more than any pid could be. */
		"4194305", "9223372036854775807",
	};

	ASSERT_EQ(0, cg_write(self->a, "pids.max", "42"));
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		EXPECT_EQ(-EINVAL, cg_write(self->a, "pids.max", values[i]))
			TH_LOG("writing '%s'", values[i]);
		EXPECT_EQ(42, cg_number(self->a, "pids.max"));
	}
}

TEST_F(pids, numbers_beyond_64_bits_are_out_of_range)
{
	ASSERT_EQ(0, cg_write(self->a, "pids.max", "42"));
	EXPECT_EQ(-ERANGE, cg_write(self->a, "pids.max",
				    "18446744073709551616"));
	EXPECT_EQ(42, cg_number(self->a, "pids.max"));
}

TEST_F(pids, counts_and_events_cannot_be_written)
{
	static const char * const files[] = {
		"pids.current", "pids.peak", "pids.events", "pids.events.local",
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		int err;

		if (!cg_has(self->a, files[i]))
			continue;
		err = cg_write(self->a, files[i], "0");
		EXPECT_TRUE(err == -EINVAL || err == -EACCES)
			TH_LOG("%s: %d", files[i], err);
	}
}

TEST_F(pids, an_ordinary_user_sets_no_limit)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, "pids.max", "5"));
	pid = cg_fork_into(self->a, 0);
	if (!pid) {
		proc_become_nobody();
		must(cg_write(self->a, "pids.max", "max") == -EACCES);
		must(cg_number(self->a, "pids.max") == 5);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* Hands @cg to nobody, as cgroup-v2.rst says: not its resource limits. */
static void delegate(const char *cg)
{
	static const char * const files[] = {
		"cgroup.procs", "cgroup.threads", "cgroup.subtree_control",
	};
	char path[PATH_MAX];

	must(!chown(cg, 65534, 65534));
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		must(!chown(cg_path(path, cg, files[i]), 65534, 65534));
}

TEST_F(pids, a_delegate_limits_its_own_and_not_itself)
{
	char own[700];
	pid_t pid;

	snprintf(own, sizeof(own), "%s/own", self->a);
	ASSERT_EQ(0, cg_write(self->a, "pids.max", "2"));
	delegate(self->a);
	pid = cg_fork_into(self->a, 0);
	if (!pid) {
		proc_become_nobody();
		must(!cg_create(own));
		must(!cg_enter(own, 0));
		must(!cg_write(self->a, "cgroup.subtree_control", "+pids"));
		must(!cg_write(own, "pids.max", "1"));
		must(try_fork() == -EAGAIN);
		/* Its own limit it may raise; it stays within the one given. */
		must(!cg_write(own, "pids.max", "max"));
		must(cg_write(self->a, "pids.max", "max") == -EACCES);
		must(cg_number(self->a, "pids.max") == 2);
		pid = fork();
		if (!pid)
			_exit(try_fork() == -EAGAIN ? 0 : 1);
		must(pid > 0 && proc_end(pid) == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(pids, a_delegate_does_not_move_out)
{
	pid_t pid;

	delegate(self->a);
	pid = cg_fork_into(self->a, 0);
	if (!pid) {
		proc_become_nobody();
		must(cg_enter(self->b, 0) == -EACCES);
		must(cg_number(self->a, "pids.current") == 1);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(pids, it_is_enabled_from_the_top_down)
{
	char below[700];

	snprintf(below, sizeof(below), "%s/below", self->a);
	ASSERT_EQ(0, cg_create(below));
	EXPECT_FALSE(cg_has(below, "pids.max"));
	EXPECT_FALSE(cg_lists(below, "cgroup.controllers", "pids"));
	EXPECT_EQ(-ENOENT, cg_write(below, "cgroup.subtree_control", "+pids"));
	ASSERT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "+pids"));
	EXPECT_TRUE(cg_has(below, "pids.max"));
	EXPECT_EQ(0, cg_write(below, "cgroup.subtree_control", "+pids"));
	/* And given up from the bottom. */
	EXPECT_EQ(-EBUSY, cg_write(self->a, "cgroup.subtree_control", "-pids"));
	ASSERT_EQ(0, cg_write(below, "cgroup.subtree_control", "-pids"));
	EXPECT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "-pids"));
	EXPECT_FALSE(cg_has(below, "pids.max"));
}

/*
 * A domain controller would let children compete with the processes of their
 * parent. This one is threaded: it may be enabled, and makes the cgroup the
 * root of a threaded subtree.
 */
TEST_F(pids, with_processes_inside_it_can_be_enabled)
{
	char below[700], type[64];

	ASSERT_GT(sleeper(self->a), 0);
	ASSERT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "+pids"));
	EXPECT_TRUE(cg_lists(self->a, "cgroup.subtree_control", "pids"));
	snprintf(below, sizeof(below), "%s/below", self->a);
	ASSERT_EQ(0, cg_create(below));
	ASSERT_GT(cg_read(below, "cgroup.type", type, sizeof(type)), 0);
	EXPECT_STREQ("domain invalid", type);
	EXPECT_EQ(-EOPNOTSUPP, sleeper(below));
	ASSERT_EQ(0, cg_write(below, "cgroup.type", "threaded"));
	ASSERT_GT(cg_read(self->a, "cgroup.type", type, sizeof(type)), 0);
	EXPECT_STREQ("domain threaded", type);
	EXPECT_EQ(0, cg_number(below, "pids.current"));
}

TEST_F(pids, with_processes_inside_a_domain_controller_is_refused)
{
	if (!cg_lists(self->root, "cgroup.controllers", "memory"))
		SKIP(return, "no memory controller to try it with");
	ASSERT_EQ(0, cg_write(self->root, "cgroup.subtree_control", "+memory"));
	ASSERT_EQ(0, cg_write(self->top, "cgroup.subtree_control", "+memory"));
	ASSERT_GT(sleeper(self->a), 0);
	EXPECT_EQ(-EBUSY, cg_write(self->a, "cgroup.subtree_control",
				   "+memory"));
	EXPECT_EQ(-EBUSY, cg_write(self->a, "cgroup.subtree_control",
				   "+memory +pids"));
	EXPECT_FALSE(cg_lists(self->a, "cgroup.subtree_control", "pids"));
}

TEST_F(pids, a_threaded_cgroup_has_the_controllers_files)
{
	char t[700];

	snprintf(t, sizeof(t), "%s/t", self->a);
	ASSERT_EQ(0, cg_create(t));
	ASSERT_EQ(0, cg_write(t, "cgroup.type", "threaded"));
	ASSERT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "+pids"));
	EXPECT_TRUE(cg_has(t, "pids.max"));
	EXPECT_TRUE(cg_has(t, "pids.current"));
	EXPECT_EQ(0, cg_write(t, "pids.max", "3"));
	EXPECT_EQ(3, cg_number(t, "pids.max"));
}

TEST_F(pids, a_cgroup_with_a_live_process_is_not_removed)
{
	pid_t pid = sleeper(self->a);

	ASSERT_GT(pid, 0);
	EXPECT_EQ(-EBUSY, cg_remove(self->a));
	proc_kill(pid);
	EXPECT_EQ(0, cg_await_empty(self->a));
	EXPECT_EQ(0, cg_remove(self->a));
}

TEST_HARNESS_MAIN

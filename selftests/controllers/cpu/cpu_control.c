// SPDX-License-Identifier: GPL-2.0
/*
 * The controller's files: defaults, formats, what they take and refuse, which
 * values go together, and who may write them.
 *
 * Promises from cgroup-v2.rst, "CPU Interface Files", "Weights", "Limits",
 * "Delegation", and scheduler/sched-bwc.rst, "Management".
 */
#include "cpu.h"

/* sched(7), "The nice value": each step is a factor of some 1.25. */
static const int nice_weight[40] = {
	88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916,
	9548, 7620, 6100, 4904, 3906, 3121, 2501, 1991, 1586, 1277,
	1024, 820, 655, 526, 423, 335, 272, 215, 172, 137,
	110, 87, 70, 56, 45, 36, 29, 23, 18, 15,
};

static bool reads(const char *cg, const char *file, const char *expected)
{
	char text[128];

	if (cg_read(cg, file, text, sizeof(text)) < 0)
		return false;
	if (!strcmp(text, expected))
		return true;
	fprintf(stderr, "# %s: '%s', not '%s'\n", file, text, expected);
	return false;
}

TEST_F(cpu, a_new_cgroup_has_the_defaults)
{
	EXPECT_TRUE(reads(self->a, "cpu.weight", "100"));
	EXPECT_TRUE(reads(self->a, "cpu.weight.nice", "0"));
	EXPECT_TRUE(reads(self->a, "cpu.max", "max 100000"));
	EXPECT_TRUE(reads(self->a, "cpu.max.burst", "0"));
	EXPECT_TRUE(reads(self->a, "cpu.idle", "0"));
}

TEST_F(cpu, settings_are_not_inherited)
{
	char below[700];

	ASSERT_EQ(0, cg_write(self->a, "cpu.weight", "300"));
	ASSERT_EQ(0, cg_write(self->a, "cpu.max", "50000 50000"));
	ASSERT_EQ(0, cg_write(self->a, "cpu.max.burst", "10000"));
	ASSERT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "+cpu"));
	snprintf(below, sizeof(below), "%s/below", self->a);
	ASSERT_EQ(0, cg_create(below));
	EXPECT_TRUE(reads(below, "cpu.weight", "100"));
	EXPECT_TRUE(reads(below, "cpu.max", "max 100000"));
	EXPECT_TRUE(reads(below, "cpu.max.burst", "0"));
}

TEST_F(cpu, the_root_has_statistics_only)
{
	static const char * const files[] = {
		"cpu.weight", "cpu.weight.nice", "cpu.max", "cpu.max.burst",
		"cpu.idle", "cpu.uclamp.min", "cpu.uclamp.max",
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		EXPECT_FALSE(cg_has(self->root, files[i]))
			TH_LOG("%s", files[i]);
	}
	EXPECT_TRUE(cg_has(self->root, "cpu.stat"));
}

TEST_F(cpu, weights_from_1_to_10000_are_taken)
{
	static const char * const values[][2] = {
		{ "1", "1" }, { "2", "2" }, { "99", "99" }, { "101", "101" },
		{ "9999", "9999" }, { "10000", "10000" }, { "0x64", "100" },
		{ "100\n", "100" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		EXPECT_EQ(0, cg_write(self->a, "cpu.weight", values[i][0]))
			TH_LOG("writing '%s'", values[i][0]);
		EXPECT_TRUE(reads(self->a, "cpu.weight", values[i][1]));
	}
}

/* Whatever is in the range reads back as it was written. */
TEST_F(cpu, no_weight_is_rounded)
{
	for (int w = 1; w <= 10000; w += w < 200 ? 1 : 97) {
		ASSERT_EQ(0, cg_write_number(self->a, "cpu.weight", w));
		ASSERT_EQ(w, cg_number(self->a, "cpu.weight"));
	}
}

TEST_F(cpu, other_weights_are_refused)
{
	static const struct {
		const char *text;
		int err;
	} bad[] = {
		{ "0", -ERANGE }, { "10001", -ERANGE },
		{ "18446744073709551615", -ERANGE },
		{ "18446744073709551616", -ERANGE },
		{ "-1", -EINVAL }, { "max", -EINVAL }, { "abc", -EINVAL },
		{ "1 2", -EINVAL }, { "1.5", -EINVAL }, { "12x", -EINVAL },
		{ "\n", -EINVAL }, { "default", -EINVAL },
	};

	ASSERT_EQ(0, cg_write(self->a, "cpu.weight", "42"));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(bad[i].err, cg_write(self->a, "cpu.weight",
					       bad[i].text))
			TH_LOG("writing '%s'", bad[i].text);
		EXPECT_TRUE(reads(self->a, "cpu.weight", "42"));
	}
}

TEST_F(cpu, each_nice_value_has_its_weight)
{
	for (int nice = -20; nice <= 19; nice++) {
		long w = (nice_weight[nice + 20] * 100L + 512) / 1024;

		ASSERT_EQ(0, cg_write_number(self->a, "cpu.weight.nice", nice));
		EXPECT_EQ(nice, cg_number(self->a, "cpu.weight.nice"));
		EXPECT_EQ(w, cg_number(self->a, "cpu.weight"))
			TH_LOG("nice %d", nice);
	}
}

/* "the read value is the closest approximation of the current weight" */
TEST_F(cpu, each_weight_has_its_closest_nice_value)
{
	for (int w = 1; w <= 10000; w += w < 150 ? 3 : 197) {
		long load = (w * 1024L + 50) / 100, best = LONG_MAX;
		int expected = 0;

		for (int i = 0; i < 40; i++) {
			long d = labs(nice_weight[i] - load);

			if (d < best) {
				best = d;
				expected = i - 20;
			}
		}
		ASSERT_EQ(0, cg_write_number(self->a, "cpu.weight", w));
		EXPECT_EQ(expected, cg_number(self->a, "cpu.weight.nice"))
			TH_LOG("weight %d", w);
	}
}

TEST_F(cpu, other_nice_values_are_refused)
{
	static const struct {
		const char *text;
		int err;
	} bad[] = {
		{ "-21", -ERANGE }, { "20", -ERANGE },
		{ "9223372036854775807", -ERANGE },
		{ "9223372036854775808", -ERANGE },
		{ "abc", -EINVAL }, { "max", -EINVAL }, { "1 1", -EINVAL },
		{ "\n", -EINVAL },
	};

	ASSERT_EQ(0, cg_write(self->a, "cpu.weight.nice", "5"));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(bad[i].err, cg_write(self->a, "cpu.weight.nice",
					       bad[i].text))
			TH_LOG("writing '%s'", bad[i].text);
		EXPECT_TRUE(reads(self->a, "cpu.weight.nice", "5"));
	}
}

/*
 * While it is idle, its weight is none that could be written: "then the weight
 * will show as a 0". Since 6.12 the kernel rounds up and shows a 1.
 */
TEST_F(cpu, an_idle_cgroup_takes_no_weight)
{
	long shown;

	ASSERT_EQ(0, cg_write(self->a, "cpu.weight", "300"));
	ASSERT_EQ(0, cg_write(self->a, "cpu.idle", "1"));
	EXPECT_TRUE(reads(self->a, "cpu.idle", "1"));
	shown = cg_number(self->a, "cpu.weight");
	EXPECT_TRUE(shown == 0 || shown == 1)
		TH_LOG("weight %ld", shown);
	EXPECT_EQ(-EINVAL, cg_write(self->a, "cpu.weight", "100"));
	EXPECT_EQ(-EINVAL, cg_write(self->a, "cpu.weight.nice", "0"));
	EXPECT_EQ(shown, cg_number(self->a, "cpu.weight"));
	/* Back from it, the weight is the default and can be set again. */
	ASSERT_EQ(0, cg_write(self->a, "cpu.idle", "0"));
	EXPECT_TRUE(reads(self->a, "cpu.weight", "100"));
	EXPECT_EQ(0, cg_write(self->a, "cpu.weight", "300"));
}

TEST_F(cpu, idle_is_0_or_1)
{
	static const char * const bad[] = { "2", "-1", "x", "\n", "max" };

	ASSERT_EQ(0, cg_write(self->a, "cpu.idle", "1"));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, cg_write(self->a, "cpu.idle", bad[i]))
			TH_LOG("writing '%s'", bad[i]);
		EXPECT_TRUE(reads(self->a, "cpu.idle", "1"));
	}
}

TEST_F(cpu, a_limit_is_a_maximum_and_a_period)
{
	static const char * const values[][2] = {
		{ "50000 200000", "50000 200000" },
		/* "If only one number is written, $MAX is updated." */
		{ "70000", "70000 200000" },
		{ "max", "max 200000" },
		{ "max 100000\n", "max 100000" },
		{ "  30000   60000 \n", "30000 60000" },
		/* More than one CPU's worth. */
		{ "800000 100000", "800000 100000" },
		{ "1000 1000", "1000 1000" },
		{ "1000 1000000", "1000 1000000" },
		{ "17592186044415 1000000", "17592186044415 1000000" },
		{ "max 1000", "max 1000" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		EXPECT_EQ(0, cg_write(self->a, "cpu.max", values[i][0]))
			TH_LOG("writing '%s'", values[i][0]);
		EXPECT_TRUE(reads(self->a, "cpu.max", values[i][1]));
	}
}

TEST_F(cpu, other_limits_are_refused)
{
	static const char * const bad[] = {
		/* One less and one more than what is allowed. */
		"999 100000", "0 100000", "0", "50000 999", "50000 0",
		"50000 1000001", "max 999", "max 1000001", "max 0",
		"17592186044416 1000000", "18446744073709551614 100000",
		"50000 18446744073709551615",
		"-1", "-1 100000", "abc", "abc 100000", "\n", " ", "MAX",
		"maxx", "max100000",
	};

	ASSERT_EQ(0, cg_write(self->a, "cpu.max", "42000 84000"));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, cg_write(self->a, "cpu.max", bad[i]))
			TH_LOG("writing '%s'", bad[i]);
		EXPECT_TRUE(reads(self->a, "cpu.max", "42000 84000"));
	}
}

TEST_F(cpu, the_burst_is_within_the_maximum)
{
	ASSERT_EQ(0, cg_write(self->a, "cpu.max", "50000 100000"));
	EXPECT_EQ(0, cg_write(self->a, "cpu.max.burst", "50000"));
	EXPECT_TRUE(reads(self->a, "cpu.max.burst", "50000"));
	EXPECT_EQ(-EINVAL, cg_write(self->a, "cpu.max.burst", "50001"));
	EXPECT_TRUE(reads(self->a, "cpu.max.burst", "50000"));
	/* Nor does the maximum go below it. */
	EXPECT_EQ(-EINVAL, cg_write(self->a, "cpu.max", "49999"));
	EXPECT_TRUE(reads(self->a, "cpu.max", "50000 100000"));
	EXPECT_EQ(0, cg_write(self->a, "cpu.max.burst", "0"));
	EXPECT_EQ(0, cg_write(self->a, "cpu.max", "49999"));
	EXPECT_EQ(-EINVAL, cg_write(self->a, "cpu.max.burst", "-1"));
	EXPECT_EQ(-EINVAL, cg_write(self->a, "cpu.max.burst", "max"));
	EXPECT_EQ(-EINVAL, cg_write(self->a, "cpu.max.burst", "\n"));
	EXPECT_TRUE(reads(self->a, "cpu.max.burst", "0"));
}

/* In v2 a child may be promised more; what it gets is another matter. */
TEST_F(cpu, a_child_may_have_a_wider_limit_than_its_parent)
{
	ASSERT_EQ(0, cg_write(self->top, "cpu.max", "20000 100000"));
	EXPECT_EQ(0, cg_write(self->a, "cpu.max", "80000 100000"));
	EXPECT_TRUE(reads(self->a, "cpu.max", "80000 100000"));
	EXPECT_EQ(0, cg_write(self->top, "cpu.max", "10000 100000"));
}

TEST_F(cpu, statistics_cannot_be_written)
{
	EXPECT_NE(0, cg_write(self->a, "cpu.stat", "0"));
	EXPECT_NE(0, cg_write(self->a, "cpu.stat", "usage_usec 0"));
	if (cg_has(self->a, "cpu.stat.local"))
		EXPECT_NE(0, cg_write(self->a, "cpu.stat.local", "0"));
}

TEST_F(cpu, an_ordinary_user_sets_nothing)
{
	pid_t pid = cg_fork_into(self->a, 0);

	if (!pid) {
		proc_become_nobody();
		must(cg_write(self->a, "cpu.weight", "10000") == -EACCES);
		must(cg_write(self->a, "cpu.weight.nice", "-20") == -EACCES);
		must(cg_write(self->a, "cpu.max", "max") == -EACCES);
		must(cg_write(self->a, "cpu.max.burst", "0") == -EACCES);
		must(cg_write(self->a, "cpu.idle", "0") == -EACCES);
		must(cg_number(self->a, "cpu.weight") == 100);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* nice(2) needs a privilege to go up; who owns the cgroup needs none. */
TEST_F(cpu, a_delegate_sets_its_own_and_not_its_share)
{
	char own[700], path[PATH_MAX];
	pid_t pid;

	snprintf(own, sizeof(own), "%s/own", self->a);
	ASSERT_EQ(0, chown(self->a, 65534, 65534));
	ASSERT_EQ(0, chown(cg_path(path, self->a, "cgroup.procs"), 65534,
			   65534));
	ASSERT_EQ(0, chown(cg_path(path, self->a, "cgroup.subtree_control"),
			   65534, 65534));
	pid = cg_fork_into(self->a, 0);
	if (!pid) {
		proc_become_nobody();
		must(!cg_create(own));
		must(!cg_enter(own, 0));
		must(!cg_write(self->a, "cgroup.subtree_control", "+cpu"));
		must(!cg_write(own, "cpu.weight", "10000"));
		must(!cg_write(own, "cpu.weight.nice", "-20"));
		must(!cg_write(own, "cpu.max", "50000"));
		must(!cg_write(own, "cpu.max", "max"));
		must(cg_write(self->a, "cpu.weight", "10000") == -EACCES);
		must(cg_write(self->a, "cpu.max", "max") == -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(cpu, it_is_enabled_from_the_top_down)
{
	char below[700];

	snprintf(below, sizeof(below), "%s/below", self->a);
	ASSERT_EQ(0, cg_create(below));
	EXPECT_FALSE(cg_has(below, "cpu.weight"));
	/* These are there in any case. */
	EXPECT_TRUE(cg_has(below, "cpu.stat"));
	EXPECT_EQ(-ENOENT, cg_write(below, "cgroup.subtree_control", "+cpu"));
	ASSERT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "+cpu"));
	EXPECT_TRUE(cg_has(below, "cpu.weight"));
	ASSERT_EQ(0, cg_write(below, "cpu.weight", "300"));
	ASSERT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "-cpu"));
	EXPECT_FALSE(cg_has(below, "cpu.weight"));
	/* Given up and enabled again, nothing is left of the old settings. */
	ASSERT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "+cpu"));
	EXPECT_TRUE(reads(below, "cpu.weight", "100"));
}

/* It is a threaded controller: a cgroup with processes can hand it on. */
TEST_F(cpu, a_threaded_cgroup_has_the_files)
{
	char t[700];
	pid_t pid = cg_fork_into(self->a, 0);

	if (!pid)
		proc_sleep_forever();
	snprintf(t, sizeof(t), "%s/t", self->a);
	ASSERT_EQ(0, cg_create(t));
	ASSERT_EQ(0, cg_write(t, "cgroup.type", "threaded"));
	ASSERT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "+cpu"));
	EXPECT_EQ(0, cg_write(t, "cpu.weight", "200"));
	EXPECT_EQ(0, cg_write(t, "cpu.max", "50000 100000"));
	EXPECT_TRUE(reads(t, "cpu.weight", "200"));
	EXPECT_EQ(0, cg_write_number(t, "cgroup.threads", pid));
}

TEST_F(cpu, utilization_clamps_are_percentages)
{
	static const char * const bad[] = {
		"-1", "100.01", "101", "abc", "\n",
	};

	if (!cg_has(self->a, "cpu.uclamp.min"))
		SKIP(return, "no utilization clamping (CONFIG_UCLAMP_TASK_GROUP)");
	EXPECT_TRUE(reads(self->a, "cpu.uclamp.min", "0.00"));
	EXPECT_TRUE(reads(self->a, "cpu.uclamp.max", "max"));
	ASSERT_EQ(0, cg_write(self->a, "cpu.uclamp.min", "12.34"));
	EXPECT_TRUE(reads(self->a, "cpu.uclamp.min", "12.34"));
	ASSERT_EQ(0, cg_write(self->a, "cpu.uclamp.max", "100"));
	EXPECT_TRUE(reads(self->a, "cpu.uclamp.max", "max"));
	ASSERT_EQ(0, cg_write(self->a, "cpu.uclamp.max", "0"));
	EXPECT_TRUE(reads(self->a, "cpu.uclamp.max", "0.00"));
	ASSERT_EQ(0, cg_write(self->a, "cpu.uclamp.max", "98.76"));
	EXPECT_TRUE(reads(self->a, "cpu.uclamp.max", "98.76"));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_NE(0, cg_write(self->a, "cpu.uclamp.max", bad[i]))
			TH_LOG("writing '%s'", bad[i]);
		EXPECT_TRUE(reads(self->a, "cpu.uclamp.max", "98.76"));
	}
}

TEST_HARNESS_MAIN

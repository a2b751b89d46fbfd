// SPDX-License-Identifier: GPL-2.0
/*
 * The controller's files: defaults, what they take and what they refuse, who
 * may write them, and where they are.
 *
 * Promises from cgroup-v2.rst, "Memory Interface Files", "Delegation" and
 * "No Internal Process Constraint".
 */
#include "kselftest_harness.h"
#include "cgmount.h"
#include "memcg.h"
#include "ns.h"

MEMCG_FIXTURE(memory)

/* Those that hold an amount of memory or "max". */
static const char * const amounts[] = {
	"memory.min", "memory.low", "memory.high", "memory.max",
	"memory.swap.high", "memory.swap.max", "memory.zswap.max",
};

TEST_F(memory, a_new_cgroup_has_the_documented_defaults)
{
	static const char * const defaults[][2] = {
		{ "memory.current", "0" }, { "memory.peak", "0" },
		{ "memory.min", "0" }, { "memory.low", "0" },
		{ "memory.high", "max" }, { "memory.max", "max" },
		{ "memory.oom.group", "0" },
		{ "memory.swap.current", "0" }, { "memory.swap.peak", "0" },
		{ "memory.swap.high", "max" }, { "memory.swap.max", "max" },
		{ "memory.swap.events", "high 0\nmax 0\nfail 0" },
		{ "memory.zswap.current", "0" }, { "memory.zswap.max", "max" },
		{ "memory.zswap.writeback", "1" },
	};
	char text[256];

	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++) {
		const char *file = defaults[i][0];

		if (!cg_has(self->a, file) && strstr(file, "swap"))
			continue;
		ASSERT_GT(cg_read(self->a, file, text, sizeof(text)), 0);
		EXPECT_STREQ(defaults[i][1], text)
			TH_LOG("%s", file);
	}
}

TEST_F(memory, a_new_cgroup_has_seen_no_events)
{
	static const char * const files[] = {
		"memory.events", "memory.events.local",
	};
	static const char * const keys[] = {
		"low", "high", "max", "oom", "oom_kill", "oom_group_kill",
		"sock_throttled",
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
			/* Younger than the others. */
			if (!strcmp(keys[k], "sock_throttled") && proc_kernel_before(7, 0) &&
			    cg_key(self->a, files[i], keys[k]) == -ENOENT)
				continue;
			EXPECT_EQ(0, cg_key(self->a, files[i], keys[k]))
				TH_LOG("%s: %s", files[i], keys[k]);
		}
	}
}

TEST_F(memory, a_new_cgroup_has_no_memory)
{
	static const char * const keys[] = {
		"anon", "file", "kernel", "kernel_stack", "pagetables", "percpu",
		"sock", "shmem", "file_mapped", "file_dirty", "file_writeback",
		"inactive_anon", "active_anon", "inactive_file", "active_file",
		"unevictable", "slab", "slab_reclaimable", "slab_unreclaimable",
		"pgfault", "pgmajfault", "pgscan", "pgsteal",
	};

	for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
		EXPECT_EQ(0, cg_key(self->a, "memory.stat", keys[k]))
			TH_LOG("%s", keys[k]);
	}
}

TEST_F(memory, limits_are_not_inherited)
{
	char below[PATH_MAX], text[64];

	for (size_t i = 0; i < ARRAY_SIZE(amounts); i++) {
		if (!cg_has(self->a, amounts[i]))
			continue;
		ASSERT_EQ(0, cg_write(self->a, amounts[i], "64M"));
	}
	ASSERT_EQ(0, cg_write(self->a, "memory.oom.group", "1"));
	ASSERT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "+memory"));
	ASSERT_EQ(0, cg_create(cg_path(below, self->a, "below")));
	for (size_t i = 0; i < ARRAY_SIZE(amounts); i++) {
		if (!cg_has(below, amounts[i]))
			continue;
		ASSERT_GT(cg_read(below, amounts[i], text, sizeof(text)), 0);
		EXPECT_STREQ(i < 2 ? "0" : "max", text)
			TH_LOG("%s", amounts[i]);
	}
	EXPECT_EQ(0, cg_number(below, "memory.oom.group"));
}

TEST_F(memory, the_root_has_no_such_files)
{
	static const char * const files[] = {
		"memory.current", "memory.peak", "memory.min", "memory.low",
		"memory.high", "memory.max", "memory.events",
		"memory.events.local", "memory.oom.group",
		"memory.swap.current", "memory.swap.peak", "memory.swap.high",
		"memory.swap.max", "memory.swap.events",
		"memory.zswap.current", "memory.zswap.max",
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		EXPECT_FALSE(cg_has(self->root, files[i]))
			TH_LOG("%s is there", files[i]);
	}
}

TEST_F(memory, the_root_has_statistics_and_reclaim)
{
	EXPECT_LT(0, cg_key(self->root, "memory.stat", "file"));
	EXPECT_LT(0, cg_key(self->root, "memory.stat", "anon"));
	EXPECT_TRUE(cg_has(self->root, "memory.reclaim"));
}

TEST_F(memory, numa_stat_is_there_where_numa_is)
{
	EXPECT_EQ(!access("/sys/devices/system/node/node0", F_OK),
		  cg_has(self->a, "memory.numa_stat"));
}

TEST_F(memory, amounts_are_taken_with_suffixes_and_max)
{
	static const char * const values[][2] = {
		{ "0", "0" }, { "4096", "4096" }, { "4k", "4096" },
		{ "4K", "4096" }, { "1M", "1048576" }, { "2g", "2147483648" },
		{ "1T", "1099511627776" }, { " 8192\n", "8192" },
		{ "0x2000", "8192" }, { "max", "max" }, { "max\n", "max" },
		{ "18446744073709551615", "max" },
	};
	char text[64];

	for (size_t f = 0; f < ARRAY_SIZE(amounts); f++) {
		if (!cg_has(self->a, amounts[f]))
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
			EXPECT_EQ(0, cg_write(self->a, amounts[f],
					      values[i][0]));
			ASSERT_GT(cg_read(self->a, amounts[f], text,
					  sizeof(text)), 0);
			EXPECT_STREQ(values[i][1], text)
				TH_LOG("%s: '%s'", amounts[f], values[i][0]);
		}
	}
}

TEST_F(memory, amounts_are_rounded_to_pages)
{
	for (size_t f = 0; f < ARRAY_SIZE(amounts); f++) {
		long value;

		if (!cg_has(self->a, amounts[f]))
			continue;
		ASSERT_EQ(0, cg_write(self->a, amounts[f], "1048577"));
		value = cg_number(self->a, amounts[f]);
		EXPECT_EQ(0, value % sysconf(_SC_PAGESIZE));
		/* The document says up, and the kernel rounds down. */
		EXPECT_LT(labs(value - 1048577), sysconf(_SC_PAGESIZE));
	}
}

TEST_F(memory, malformed_amounts_are_refused_and_change_nothing)
{
	static const char * const values[] = {
		"-1", "abc", "1M x", "1 2", "1.5M", "1X", "12x", "max1", "MAX",
		"maximum", "--1", "M", "4kk", "1M1", "infinity", "swappiness=1",
	};

	for (size_t f = 0; f < ARRAY_SIZE(amounts); f++) {
		if (!cg_has(self->a, amounts[f]))
			continue;
		ASSERT_EQ(0, cg_write(self->a, amounts[f], "32M"));
		for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
			if (is_zero_of_old(values[i]))
				continue;
			EXPECT_EQ(-EINVAL, cg_write(self->a, amounts[f],
						    values[i]))
				TH_LOG("%s: '%s'", amounts[f], values[i]);
			EXPECT_EQ(MB(32), cg_number(self->a, amounts[f]));
		}
	}
}

TEST_F(memory, switches_take_0_and_1_only)
{
	static const char * const files[] = {
		"memory.oom.group", "memory.zswap.writeback",
	};
	static const char * const values[] = {
		"2", "-1", "x", "\n", "1 1", "max", "1k", "yes",
	};

	for (size_t f = 0; f < ARRAY_SIZE(files); f++) {
		if (!cg_has(self->a, files[f]))
			continue;
		ASSERT_EQ(0, cg_write(self->a, files[f], "0"));
		EXPECT_EQ(0, cg_number(self->a, files[f]));
		ASSERT_EQ(0, cg_write(self->a, files[f], " 1\n"));
		EXPECT_EQ(1, cg_number(self->a, files[f]));
		for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
			EXPECT_EQ(-EINVAL, cg_write(self->a, files[f],
						    values[i]))
				TH_LOG("%s: '%s'", files[f], values[i]);
			EXPECT_EQ(1, cg_number(self->a, files[f]));
		}
		EXPECT_EQ(-ERANGE, cg_write(self->a, files[f], "4294967296"));
	}
}

TEST_F(memory, counts_and_events_cannot_be_written)
{
	static const char * const files[] = {
		"memory.current", "memory.events", "memory.events.local",
		"memory.stat", "memory.swap.current", "memory.swap.events",
		"memory.zswap.current",
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

TEST_F(memory, reclaim_cannot_be_read)
{
	char text[64];
	ssize_t n = cg_read(self->a, "memory.reclaim", text, sizeof(text));

	EXPECT_TRUE(n == -EINVAL || n == -EACCES);
}

/* What an ordinary user gets when he tries to change @cg. */
static void must_be_refused(const char *cg)
{
	static const char * const more[] = {
		"memory.oom.group", "memory.peak", "memory.reclaim",
		"memory.swap.peak", "memory.zswap.writeback",
	};

	for (size_t i = 0; i < ARRAY_SIZE(amounts); i++)
		if (cg_has(cg, amounts[i]))
			must(cg_write(cg, amounts[i], "0") == -EACCES);
	for (size_t i = 0; i < ARRAY_SIZE(more); i++)
		if (cg_has(cg, more[i]))
			must(cg_write(cg, more[i], "0") == -EACCES);
}

TEST_F(memory, an_ordinary_user_reads_and_sets_nothing)
{
	pid_t pid = cg_fork_bound(self->a);

	if (!pid) {
		proc_become_nobody();
		must_be_refused(self->a);
		must(cg_number(self->a, "memory.current") > 0);
		must(cg_key(self->a, "memory.stat", "anon") >= 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, cg_number(self->a, "memory.min"));
}

TEST_F(memory, root_of_a_user_namespace_sets_nothing)
{
	pid_t pid = cg_fork_bound(self->a);

	if (!pid) {
		proc_become_nobody();
		must(!ns_become_user_root());
		must(geteuid() == 0);
		must_be_refused(self->a);
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

TEST_F(memory, a_delegate_limits_its_own_and_not_itself)
{
	char own[PATH_MAX];
	pid_t pid;

	cg_path(own, self->a, "own");
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "16M"));
	ASSERT_EQ(0, cg_write(self->a, "memory.swap.max", "0"));
	delegate(self->a);
	pid = cg_fork_bound(self->a);
	if (!pid) {
		proc_become_nobody();
		must(!cg_create(own));
		must(!cg_enter(own, 0));
		must(!cg_write(self->a, "cgroup.subtree_control", "+memory"));
		must(!cg_write(own, "memory.max", "8M"));
		must(!cg_write(own, "memory.max", "max"));
		must(!cg_write(own, "memory.min", "max"));
		must_be_refused(self->a);
		must(cg_number(self->a, "memory.max") == MB(16));
		/* What is given to it ends at what was given to it. */
		map_used(MB(24));
		_exit(0);
	}
	EXPECT_EQ(-SIGKILL, proc_end(pid));
	EXPECT_EQ(1, cg_key(self->a, "memory.events", "oom_kill"));
}

TEST_F(memory, with_nsdelegate_a_cgroup_namespace_cannot_set_its_roots_limits)
{
	char before[256];
	int status;
	pid_t pid;

	if (cg_mount_with(self->root, "nsdelegate", before, sizeof(before)))
		SKIP(return, "no mount option nsdelegate");
	pid = cg_fork_bound(self->a);
	if (!pid) {
		must(!unshare(CLONE_NEWCGROUP));
		for (size_t i = 0; i < ARRAY_SIZE(amounts); i++)
			if (cg_has(self->a, amounts[i]))
				must(cg_write(self->a, amounts[i], "max") ==
				     -EPERM);
		/* These two are about what is inside, and are for it to say. */
		must(!cg_write(self->a, "memory.oom.group", "1"));
		must(!cg_write(self->a, "memory.reclaim", "0"));
		_exit(0);
	}
	status = proc_end(pid);
	EXPECT_EQ(0, cg_remount(self->root, before));
	EXPECT_EQ(0, status);
}

TEST_F(memory, it_is_enabled_from_the_top_down)
{
	char below[PATH_MAX];

	ASSERT_EQ(0, cg_create(cg_path(below, self->a, "below")));
	EXPECT_FALSE(cg_has(below, "memory.max"));
	EXPECT_EQ(-ENOENT, cg_write(below, "cgroup.subtree_control", "+memory"));
	ASSERT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "+memory"));
	EXPECT_TRUE(cg_has(below, "memory.max"));
	ASSERT_EQ(0, cg_write(below, "memory.max", "1M"));
	/* Taken away and given again, it starts anew. */
	ASSERT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "-memory"));
	EXPECT_FALSE(cg_has(below, "memory.max"));
	ASSERT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "+memory"));
	EXPECT_EQ(-EINVAL, cg_number(below, "memory.max"));
}

TEST_F(memory, it_is_no_threaded_controller)
{
	char below[PATH_MAX];

	ASSERT_EQ(0, cg_create(cg_path(below, self->a, "below")));
	ASSERT_EQ(0, cg_write(below, "cgroup.type", "threaded"));
	EXPECT_EQ(-EOPNOTSUPP, cg_write(self->a, "cgroup.subtree_control",
					"+memory"));
	EXPECT_FALSE(cg_has(below, "memory.max"));
}

TEST_F(memory, processes_inside_keep_it_from_being_handed_on)
{
	pid_t pid = hog_that_stays(self->a, PAGE);

	ASSERT_GT(pid, 0);
	EXPECT_EQ(-EBUSY, cg_write(self->a, "cgroup.subtree_control", "+memory"));
	proc_kill(pid);
	EXPECT_EQ(0, cg_await_empty(self->a));
	EXPECT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "+memory"));
}

TEST_F(memory, without_the_controller_the_parent_is_charged)
{
	char below[PATH_MAX];
	pid_t pid;

	ASSERT_EQ(0, cg_create(cg_path(below, self->a, "below")));
	pid = cg_fork_bound(below);
	if (!pid) {
		must(page_cgroup(map_used(PAGE)) == cg_inode(self->a));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * A container of which some controllers are on cgroup v1 hierarchies: of what
 * those account or limit the machine's numbers are shown, and of the rest the
 * container's.
 *
 * Promises from filesystems/proc.rst, "stats=".
 */
#include "cpustat.h"

/* A box on the unified hierarchy, whose init is in the v1 cgroups @v1, too. */
FIXTURE(v1)
{
	char top[PATH_MAX / 2], cg[PATH_MAX], memory[PATH_MAX], cpu[PATH_MAX],
	     cpuset[PATH_MAX];
	struct box box;
};

static void v1_make(const char *controller, char *cg)
{
	char root[256];

	must(!cg_mount_point(controller, root, sizeof(root)));
	snprintf(cg, PATH_MAX, "%s/pstats.%d", root, getpid());
	must(!cg_create(cg));
}

FIXTURE_SETUP(v1)
{
	char root[256], cpus[64];

	if (cg_mount_point("memory", root, sizeof(root)) ||
	    cg_mount_point("cpuset", root, sizeof(root)) ||
	    cg_mount_point(NULL, root, sizeof(root)))
		SKIP(return, "no cgroup v1 hierarchies with memory and cpuset");
	snprintf(self->top, sizeof(self->top), "%s/pstats.%d", root, getpid());
	ASSERT_EQ(0, cg_create(self->top));
	ASSERT_EQ(0, cg_create(cg_path(self->cg, self->top, "a")));
	v1_make("memory", self->memory);
	v1_make("cpu", self->cpu);
	v1_make("cpuset", self->cpuset);
	mnt_area();
	ASSERT_EQ(0, box_open(&self->box, self->cg, "a"));
	ASSERT_LT(0, cg_read(self->cpuset, "../cpuset.cpus", cpus, sizeof(cpus)));
	ASSERT_EQ(0, cg_write(self->cpuset, "cpuset.mems", "0"));
	ASSERT_EQ(0, cg_write(self->cpuset, "cpuset.cpus", cpus));
	ASSERT_EQ(0, cg_enter(self->memory, self->box.init));
	ASSERT_EQ(0, cg_enter(self->cpu, self->box.init));
	ASSERT_EQ(0, cg_enter(self->cpuset, self->box.init));
}

FIXTURE_TEARDOWN_PARENT(v1)
{
	if (!self->top[0])
		return;
	cg_destroy(self->top);
	cg_remove(self->memory);
	cg_remove(self->cpu);
	cg_remove(self->cpuset);
}

TEST_F(v1, a_limit_of_a_v1_memory_cgroup_is_not_shown)
{
	char plain[16384], stats[16384];

	ASSERT_EQ(0, cg_write(self->memory, "memory.limit_in_bytes", "32M"));
	EXPECT_EQ(host_mem("MemTotal"), box_mem(&self->box, "MemTotal"));
	EXPECT_EQ(host_mem("SwapTotal"), box_mem(&self->box, "SwapTotal"));
	/* Down to the lines that no cgroup has an account of. */
	EXPECT_LT(0, box_mem(&self->box, "Committed_AS"));
	ASSERT_LE(0, file_read("/proc/swaps", plain, sizeof(plain)));
	ASSERT_LE(0, box_read(&self->box, "swaps", stats, sizeof(stats)));
	EXPECT_STREQ(plain, stats);
}

TEST_F(v1, what_the_machine_uses_is_used)
{
	long before = box_mem(&self->box, "MemFree"), after;
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		char *p = mmap(NULL, MB(32), PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		must(p != MAP_FAILED);
		proc_sleep_forever();
	}
	EXPECT_TRUE(EVENTUALLY(box_mem(&self->box, "MemFree") < before - MB(24)));
	after = box_mem(&self->box, "MemFree") - host_mem("MemFree");
	EXPECT_LT(-MB(4), after);
	EXPECT_GT(MB(4), after);
}

TEST_F(v1, the_cpus_are_the_machines)
{
	const struct box host = { .proc = "/proc" };
	struct cpu_stat plain, stats;

	ASSERT_EQ(0, cg_write(self->cpuset, "cpuset.cpus", "1"));
	ASSERT_EQ(0, cg_write(self->cpu, "cpu.cfs_quota_us", "50000"));
	ASSERT_EQ(0, cpu_stat_read(&host, &plain));
	ASSERT_EQ(0, cpu_stat_read(&self->box, &stats));
	for (int i = 0; i < CPUS_MAX; i++)
		EXPECT_EQ(plain.cpu[i].there, stats.cpu[i].there);
}

/* Who is in the container is a matter of the unified hierarchy, which has the cgroup. */
TEST_F(v1, the_tasks_and_their_time_are_the_containers)
{
	struct cpu_stat before, after, all;

	ASSERT_EQ(0, cpu_stat_read(&self->box, &before));
	EXPECT_EQ(0, before.running);
	spinner(self->cg);
	EXPECT_TRUE(EVENTUALLY(({
		ASSERT_EQ(0, cpu_stat_read(&self->box, &after));
		cpu_busy(&after.all) - cpu_busy(&before.all) > 12;
	})));
	EXPECT_EQ(1, after.running);
	EXPECT_EQ(before.processes + 1, after.processes);
	ASSERT_EQ(0, cpu_stat_read(&(struct box){ .proc = "/proc" }, &all));
	EXPECT_GT(all.processes, after.processes);
	EXPECT_LT(all.btime, after.btime + 1);
}

TEST_F(v1, a_removed_cgroup_says_so_even_where_the_numbers_are_the_machines)
{
	static char buf[65536];

	proc_kill(self->box.init);
	ASSERT_EQ(0, cg_await_empty(self->cg));
	ASSERT_EQ(0, cg_remove(self->cg));
	EXPECT_EQ(-ENODEV, box_read(&self->box, "meminfo", buf, sizeof(buf)));
	EXPECT_EQ(-ENODEV, box_read(&self->box, "stat", buf, sizeof(buf)));
}

TEST_HARNESS_MAIN

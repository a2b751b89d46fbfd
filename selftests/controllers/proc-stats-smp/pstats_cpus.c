// SPDX-License-Identifier: GPL-2.0
/*
 * Which CPUs a container is shown: in stat, cpuinfo and sysfs, by cpuset and by
 * cpu.max; and where the time of those goes that are not shown.
 */
#include <sched.h>
#include "cpustat.h"

BOXES_FIXTURE(cpus)

#define SYS	"/sys/devices/system/cpu/"

#define NEEDS_CPUS() do {						\
	if (sysconf(_SC_NPROCESSORS_ONLN) < 4)				\
		SKIP(return, "fewer than four CPUs");			\
	ASSERT_EQ(0, cg_write(self->a->cg, "cpuset.cpus", ""));		\
} while (0)

/* The CPUs that stat has a line for, as a mask. */
static unsigned int in_stat(const struct box *b)
{
	unsigned int mask = 0;
	struct cpu_stat s;

	must(!cpu_stat_read(b, &s));
	for (int i = 0; i < CPUS_MAX; i++)
		mask |= s.cpu[i].there << i;
	return mask;
}

static unsigned int in_cpuinfo(const struct box *b)
{
	static char buf[65536];
	unsigned int mask = 0;

	must(box_read(b, "cpuinfo", buf, sizeof(buf)) > 0);
	for (char *p = buf; (p = strstr(p, "processor\t:")); p++)
		mask |= 1U << atoi(p + strlen("processor\t:"));
	return mask;
}

/* "0-1,3" */
static unsigned int from_list(const char *text)
{
	unsigned int mask = 0;

	while (*text >= '0' && *text <= '9') {
		char *end;
		int a = strtol(text, &end, 10), b = a;

		if (*end == '-')
			b = strtol(end + 1, &end, 10);
		for (; a <= b; a++)
			mask |= 1U << a;
		text = *end == ',' ? end + 1 : end;
	}
	return mask;
}

static unsigned int in_sys(const char *name)
{
	char path[128], buf[128];

	snprintf(path, sizeof(path), SYS "%s", name);
	must(file_read(path, buf, sizeof(buf)) > 0);
	return from_list(buf);
}

/* Everything that tells of the CPUs tells the same, and so do those who count. */
static void check_view(const struct box *b, unsigned int mask)
{
	must(in_stat(b) == mask);
	must(in_cpuinfo(b) == mask);
	must(in_sys("online") == mask);
	must(in_sys("present") == mask);
	must(sysconf(_SC_NPROCESSORS_ONLN) == __builtin_popcount(mask));
}

static int affinity(void)
{
	cpu_set_t set;

	must(!sched_getaffinity(0, sizeof(set), &set));
	return CPU_COUNT(&set);
}

TEST_F(cpus, without_a_cpuset_all_are_shown)
{
	NEEDS_CPUS();
	EXPECT_EQ(0, IN_BOX(self->a, check_view(self->a, 0xf)));
}

TEST_F(cpus, those_of_the_cpuset_are_shown_by_their_numbers)
{
	NEEDS_CPUS();
	ASSERT_EQ(0, cg_write(self->a->cg, "cpuset.cpus", "1-2"));
	EXPECT_EQ(0, IN_BOX(self->a, ({
		check_view(self->a, 0x6);
		/* What nproc counts. */
		must(affinity() == 2);
	})));
	ASSERT_EQ(0, cg_write(self->a->cg, "cpuset.cpus", "0,3"));
	EXPECT_EQ(0, IN_BOX(self->a, ({
		check_view(self->a, 0x9);
		must(affinity() == 2);
	})));
	EXPECT_EQ(0xf, in_stat(self->b));
	EXPECT_EQ(0, IN_BOX(self->b, check_view(self->b, 0xf)));
}

TEST_F(cpus, a_cpuset_further_up_counts)
{
	NEEDS_CPUS();
	ASSERT_EQ(0, cg_write(self->top, "cpuset.cpus", "2-3"));
	EXPECT_EQ(0, IN_BOX(self->a, check_view(self->a, 0xc)));
	ASSERT_EQ(0, cg_write(self->a->cg, "cpuset.cpus", "3"));
	EXPECT_EQ(0, IN_BOX(self->a, check_view(self->a, 0x8)));
	EXPECT_EQ(0xc, in_stat(self->b));
}

TEST_F(cpus, cpu_max_leaves_as_many_as_it_has_time_for)
{
	NEEDS_CPUS();
	ASSERT_EQ(0, cg_write(self->a->cg, "cpu.max", "200000 100000"));
	EXPECT_EQ(0, IN_BOX(self->a, check_view(self->a, 0x3)));
	ASSERT_EQ(0, cg_write(self->a->cg, "cpu.max", "120000 100000"));
	EXPECT_EQ(0, IN_BOX(self->a, check_view(self->a, 0x3)));
	ASSERT_EQ(0, cg_write(self->a->cg, "cpu.max", "10000 100000"));
	EXPECT_EQ(0, IN_BOX(self->a, check_view(self->a, 0x1)));
	ASSERT_EQ(0, cg_write(self->a->cg, "cpu.max", "900000 100000"));
	EXPECT_EQ(0, IN_BOX(self->a, check_view(self->a, 0xf)));
	ASSERT_EQ(0, cg_write(self->a->cg, "cpu.max", "max"));
	EXPECT_EQ(0, IN_BOX(self->a, check_view(self->a, 0xf)));
}

TEST_F(cpus, the_tightest_cpu_max_counts)
{
	NEEDS_CPUS();
	ASSERT_EQ(0, cg_write(self->a->cg, "cpu.max", "300000 100000"));
	ASSERT_EQ(0, cg_write(self->top, "cpu.max", "100000 50000"));
	EXPECT_EQ(0, IN_BOX(self->a, check_view(self->a, 0x3)));
	ASSERT_EQ(0, cg_write(self->a->cg, "cpu.max", "100000 100000"));
	EXPECT_EQ(0, IN_BOX(self->a, check_view(self->a, 0x1)));
}

TEST_F(cpus, of_a_cpuset_cpu_max_leaves_the_first)
{
	NEEDS_CPUS();
	ASSERT_EQ(0, cg_write(self->a->cg, "cpuset.cpus", "1-3"));
	ASSERT_EQ(0, cg_write(self->a->cg, "cpu.max", "200000 100000"));
	EXPECT_EQ(0, IN_BOX(self->a, ({
		check_view(self->a, 0x6);
		/* Where tasks may run is another question. */
		must(affinity() == 3);
	})));
}

/* As many as there are numbers: the kernel fills arrays of that size. */
TEST_F(cpus, those_that_are_possible_are_the_machines)
{
	unsigned int possible = in_sys("possible");

	NEEDS_CPUS();
	ASSERT_EQ(0, cg_write(self->a->cg, "cpuset.cpus", "1"));
	EXPECT_EQ(0, IN_BOX(self->a, must(in_sys("possible") == possible)));
}

TEST_F(cpus, whoever_is_outside_sees_the_machines)
{
	NEEDS_CPUS();
	ASSERT_EQ(0, cg_write(self->a->cg, "cpuset.cpus", "1"));
	EXPECT_EQ(0xf, in_sys("online"));
	EXPECT_EQ(0xf, in_cpuinfo(&(struct box){ .proc = "/proc" }));
	/* And in the container, where no proc has the option. */
	ASSERT_EQ(0, mnt_off(self->a->proc, 0));
	EXPECT_EQ(0, IN_BOX(self->a, must(in_sys("online") == 0xf)));
}

TEST_F(cpus, time_is_that_of_the_cpu_it_was_used_on)
{
	struct cpu_stat before, after;
	cpu_set_t two;
	pid_t pid;

	NEEDS_CPUS();
	pid = spinner(self->a->cg);
	CPU_ZERO(&two);
	CPU_SET(2, &two);
	ASSERT_EQ(0, sched_setaffinity(pid, sizeof(two), &two));
	wait_ms(100);
	ASSERT_EQ(0, cpu_stat_read(self->a, &before));
	/* It takes as long as the host lets that CPU run. */
	EXPECT_TRUE(EVENTUALLY(({
		ASSERT_EQ(0, cpu_stat_read(self->a, &after));
		cpu_busy(&after.cpu[2]) - cpu_busy(&before.cpu[2]) >= 40;
	})));
	for (int i = 0; i < 4; i++) {
		struct cpu_line d = cpu_diff(&before.cpu[i], &after.cpu[i]);
		long most = i == 2 ? cpu_sum(&d) : 5;

		EXPECT_GE(most, cpu_busy(&d));
	}
}

/* Used on four, shown on one: what is shown is all of it, and no more than fits. */
TEST_F(cpus, the_time_of_hidden_cpus_is_shown_on_the_others)
{
	struct cpu_watched w;

	NEEDS_CPUS();
	ASSERT_EQ(0, cg_write(self->a->cg, "cpu.max", "100000 100000"));
	for (int i = 0; i < 4; i++)
		spinner(self->a->cg);
	wait_ms(300);
	w = cpu_watch(self->a, 2000);
	EXPECT_LE(w.used_least * 3 / 4 - w.lost, cpu_busy(&w.d));
	EXPECT_GE(w.used_most * 5 / 4, cpu_busy(&w.d));
	/* One CPU: its columns, of which the sum is of all, are its time. */
	EXPECT_EQ(0x1, in_stat(self->a));
	EXPECT_LE(w.least - 20, cpu_sum(&w.d));
	EXPECT_GE(w.most + 20, cpu_sum(&w.d));
}

TEST_F(cpus, each_cpus_columns_add_up)
{
	struct cpu_stat before, after;
	struct timespec first, start;
	long least, most;

	NEEDS_CPUS();
	ASSERT_EQ(0, cg_write(self->a->cg, "cpuset.cpus", "1-3"));
	for (int i = 0; i < 2; i++)
		spinner(self->a->cg);
	clock_gettime(CLOCK_MONOTONIC, &first);
	ASSERT_EQ(0, cpu_stat_read(self->a, &before));
	clock_gettime(CLOCK_MONOTONIC, &start);
	wait_ms(500);
	least = ms_since(&start) / 10;
	ASSERT_EQ(0, cpu_stat_read(self->a, &after));
	most = ms_since(&first) / 10;
	for (int i = 1; i < 4; i++) {
		struct cpu_line d = cpu_diff(&before.cpu[i], &after.cpu[i]);

		EXPECT_LE(least - 5, cpu_sum(&d));
		EXPECT_GE(most + 5, cpu_sum(&d));
	}
}

/* Whatever the limits do: a CPU that comes back stands where it stood. */
TEST_F(cpus, nothing_goes_backwards_while_cpus_come_and_go)
{
	static const char * const sets[] = { "0-3", "1-2", "3", "0,2" };
	static const char * const max[] = { "max", "150000 100000", "50000 100000" };
	struct cpu_stat seen = {}, now;

	NEEDS_CPUS();
	for (int i = 0; i < 3; i++)
		spinner(self->a->cg);
	for (int i = 0; i < 60; i++) {
		ASSERT_EQ(0, cg_write(self->a->cg, "cpuset.cpus", sets[i % 4]));
		ASSERT_EQ(0, cg_write(self->a->cg, "cpu.max", max[i % 3]));
		for (int k = 0; k < 3; k++) {
			ASSERT_EQ(0, cpu_stat_read(self->a, &now));
			ASSERT_TRUE(cpu_forward(&seen, &now));
			seen.all = now.all;
			for (int c = 0; c < CPUS_MAX; c++)
				if (now.cpu[c].there)
					seen.cpu[c] = now.cpu[c];
			wait_ms(3);
		}
	}
}

TEST_F(cpus, readers_on_all_cpus_agree)
{
	pid_t pids[4];

	NEEDS_CPUS();
	spinner(self->a->cg);
	for (int n = 0; n < 4; n++) {
		pids[n] = proc_fork_bound(0);
		if (!pids[n]) {
			struct cpu_stat before, now;

			must(!cpu_stat_read(self->a, &before));
			for (int i = 0; i < 200; i++) {
				must(!cpu_stat_read(self->a, &now));
				must(cpu_forward(&before, &now));
				before = now;
			}
			_exit(0);
		}
	}
	for (int n = 0; n < 4; n++)
		EXPECT_EQ(0, proc_end(pids[n]));
}

/* UML's CPUs stay; elsewhere one is taken away, as cpuN/online does it. */
TEST_F(cpus, a_cpu_that_goes_offline_is_not_shown)
{
	struct cpu_stat before, after;

	NEEDS_CPUS();
	if (access(SYS "cpu3/online", W_OK))
		SKIP(return, "this machine's CPUs cannot be taken offline");
	spinner(self->a->cg);
	ASSERT_EQ(0, cpu_stat_read(self->a, &before));
	ASSERT_EQ(0, file_write(SYS "cpu3/online", "0"));
	EXPECT_EQ(0, IN_BOX(self->a, check_view(self->a, 0x7)));
	wait_ms(100);
	ASSERT_EQ(0, file_write(SYS "cpu3/online", "1"));
	EXPECT_EQ(0, IN_BOX(self->a, check_view(self->a, 0xf)));
	ASSERT_EQ(0, cpu_stat_read(self->a, &after));
	EXPECT_TRUE(cpu_forward(&before, &after));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/stat on a machine with one CPU: where the container's time went, its
 * tasks, and that nothing ever goes backwards.
 */
#include "cpustat.h"

BOXES_FIXTURE(cpu)

/* Ticks by which two looks at moving numbers may differ. */
#define NEAR	4
#define EXPECT_NEAR(a, b) do {						\
	long a_ = (a), b_ = (b);					\
									\
	EXPECT_LE(a_ - b_, NEAR);					\
	EXPECT_LE(b_ - a_, NEAR);					\
} while (0)

TEST_F(cpu, the_lines_are_those_of_the_machine)
{
	static char plain[65536], stats[65536], a[4096], b[4096];

	ASSERT_LT(0, file_read("/proc/stat", plain, sizeof(plain)));
	ASSERT_LT(0, box_read(self->a, "stat", stats, sizeof(stats)));
	line_keys(plain, a, sizeof(a));
	line_keys(stats, b, sizeof(b));
	EXPECT_STREQ(a, b);
}

TEST_F(cpu, the_columns_add_up_to_the_time_that_went_by)
{
	struct cpu_line d;
	long ticks;

	d = cpu_watch(self->a, 300, &ticks);
	EXPECT_NEAR(ticks, cpu_sum(&d));
	spinner(self->a->cg);
	d = cpu_watch(self->a, 500, &ticks);
	EXPECT_NEAR(ticks, cpu_sum(&d));
}

TEST_F(cpu, an_idle_container_is_idle)
{
	struct cpu_line d;
	long ticks;

	d = cpu_watch(self->a, 300, &ticks);
	EXPECT_NEAR(ticks, d.t[IDLE]);
	EXPECT_GE(2, cpu_busy(&d));
	EXPECT_EQ(0, d.t[IRQ] + d.t[SOFTIRQ] + d.t[GUEST] + d.t[GUEST_NICE]);
}

TEST_F(cpu, what_it_computes_is_user_time_and_that_of_cgroupfs)
{
	long usage = cg_key(self->a->cg, "cpu.stat", "usage_usec"), ticks;
	struct cpu_line d;

	spinner(self->a->cg);
	d = cpu_watch(self->a, 1000, &ticks);
	usage = cg_key(self->a->cg, "cpu.stat", "usage_usec") - usage;
	EXPECT_LE(usage / 10000 - 15, cpu_busy(&d));
	EXPECT_GE(usage / 10000 + 5, cpu_busy(&d));
	EXPECT_LT(cpu_busy(&d) * 3 / 4, d.t[USER]);
	EXPECT_EQ(0, d.t[NICE]);
}

TEST_F(cpu, nice_time_is_nice)
{
	struct cpu_line d;
	long ticks;
	pid_t pid = cg_fork_bound(self->a->cg);

	if (!pid) {
		must(nice(5) == 5);
		for (volatile long i = 0;; i++)
			;
	}
	d = cpu_watch(self->a, 600, &ticks);
	EXPECT_LT(cpu_busy(&d) / 2, d.t[NICE]);
	EXPECT_GT(cpu_busy(&d) / 4 + 2, d.t[USER]);
}

TEST_F(cpu, a_sibling_that_computes_does_not_show)
{
	struct cpu_line d;
	long ticks;

	spinner(self->b->cg);
	d = cpu_watch(self->a, 500, &ticks);
	EXPECT_GE(2, cpu_busy(&d));
	EXPECT_GE(2, d.t[STEAL]);
	EXPECT_NEAR(ticks, d.t[IDLE]);
}

/* Half of the CPU is not given to it: stolen, as from a virtual machine. */
TEST_F(cpu, what_cpu_max_withholds_is_stolen)
{
	struct cpu_line d;
	long ticks;

	ASSERT_EQ(0, cg_write(self->a->cg, "cpu.max", "25000 100000"));
	spinner(self->a->cg);
	wait_ms(300);
	d = cpu_watch(self->a, 1500, &ticks);
	EXPECT_NEAR(ticks, cpu_sum(&d));
	EXPECT_LT(ticks / 2, d.t[STEAL]);
	EXPECT_GT(ticks * 2 / 5, cpu_busy(&d));
	EXPECT_GT(ticks / 5, d.t[IDLE]);
}

TEST_F(cpu, what_a_sibling_takes_from_one_that_wants_to_run_is_stolen)
{
	struct cpu_line d;
	long ticks;

	spinner(self->a->cg);
	spinner(self->b->cg);
	wait_ms(100);
	d = cpu_watch(self->a, 1500, &ticks);
	EXPECT_NEAR(ticks, cpu_sum(&d));
	EXPECT_LT(ticks / 4, d.t[STEAL]);
	EXPECT_LT(ticks / 4, cpu_busy(&d));
	EXPECT_GT(ticks / 5, d.t[IDLE]);
}

/* With nothing but the box on the CPU its time is the machine's. */
TEST_F(cpu, siblings_and_the_rest_add_up_to_the_machine)
{
	const struct box host = { .proc = "/proc" };
	struct cpu_stat h[2], a[2], b[2];

	spinner(self->a->cg);
	spinner(self->b->cg);
	ASSERT_EQ(0, cpu_stat_read(&host, &h[0]));
	ASSERT_EQ(0, cpu_stat_read(self->a, &a[0]));
	ASSERT_EQ(0, cpu_stat_read(self->b, &b[0]));
	wait_ms(1000);
	ASSERT_EQ(0, cpu_stat_read(&host, &h[1]));
	ASSERT_EQ(0, cpu_stat_read(self->a, &a[1]));
	ASSERT_EQ(0, cpu_stat_read(self->b, &b[1]));
	/* The rest is the test, which slept. */
	EXPECT_NEAR(h[1].all.t[USER] - h[0].all.t[USER],
		    a[1].all.t[USER] - a[0].all.t[USER] +
		    b[1].all.t[USER] - b[0].all.t[USER]);
}

TEST_F(cpu, waiting_for_the_disk_is_iowait)
{
	struct cpu_line d;
	char limit[64];
	struct stat st;
	long ticks;
	pid_t pid;

	if (stat(FILE_DISK, &st))
		SKIP(return, "no disk");
	snprintf(limit, sizeof(limit), "%u:%u rbps=524288", major(st.st_rdev),
		 minor(st.st_rdev));
	ASSERT_EQ(0, cg_write(self->a->cg, "io.max", limit));
	pid = cg_fork_bound(self->a->cg);
	if (!pid) {
		int fd = open(FILE_DISK, O_RDONLY | O_DIRECT);
		void *p = mmap(NULL, 65536, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		must(fd >= 0 && p != MAP_FAILED);
		for (;;)
			must(pread(fd, p, 65536, 0) == 65536);
	}
	wait_ms(300);
	d = cpu_watch(self->a, 1000, &ticks);
	EXPECT_NEAR(ticks, cpu_sum(&d));
	EXPECT_LT(ticks / 2, d.t[IOWAIT]);
	d = cpu_watch(self->b, 300, &ticks);
	EXPECT_EQ(0, d.t[IOWAIT]);
}

TEST_F(cpu, nothing_goes_backwards_under_load)
{
	struct cpu_stat before, now;
	struct timespec start;

	spinner(self->a->cg);
	spinner(self->b->cg);
	ASSERT_EQ(0, cpu_stat_read(self->a, &before));
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (int i = 0; ms_since(&start) < 2000; i++) {
		if (i % 16 == 0) {
			ASSERT_EQ(0, cg_write(self->a->cg, "cpu.max", i & 16 ?
					      "20000 100000" : "max"));
		}
		ASSERT_EQ(0, cpu_stat_read(self->a, &now));
		ASSERT_TRUE(cpu_forward(&before, &now));
		before = now;
	}
}

/* However often it is read: the sum is bound to the clock, not to the reads. */
TEST_F(cpu, reading_it_often_changes_nothing)
{
	struct cpu_stat first, now;
	struct timespec start;

	spinner(self->a->cg);
	ASSERT_EQ(0, cpu_stat_read(self->a, &first));
	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		ASSERT_EQ(0, cpu_stat_read(self->a, &now));
	} while (ms_since(&start) < 500);
	now.all = cpu_diff(&first.all, &now.all);
	EXPECT_NEAR(ms_since(&start) / 10, cpu_sum(&now.all));
}

TEST_F(cpu, a_second_mount_goes_on_where_the_first_is)
{
	struct box again = *self->a;
	struct cpu_stat first, second;

	spinner(self->a->cg);
	wait_ms(300);
	ASSERT_EQ(0, cpu_stat_read(self->a, &first));
	ASSERT_EQ(0, IN_BOX(self->a, must(!proc_mount(MNT_AREA "/again", STATS))));
	snprintf(again.proc, sizeof(again.proc), MNT_AREA "/again");
	ASSERT_EQ(0, cpu_stat_read(&again, &second));
	EXPECT_TRUE(cpu_forward(&first, &second));
	/* And so does one after both were gone. */
	ASSERT_EQ(0, mnt_off(self->a->proc, 0));
	ASSERT_EQ(0, mnt_off(again.proc, 0));
	ASSERT_EQ(0, IN_BOX(self->a, must(!proc_mount(MNT_AREA "/again", STATS))));
	ASSERT_EQ(0, cpu_stat_read(&again, &first));
	EXPECT_TRUE(cpu_forward(&second, &first));
}

TEST_F(cpu, processes_are_those_that_were_forked_in_it)
{
	struct cpu_stat before, after, other[2];

	ASSERT_EQ(0, cpu_stat_read(self->a, &before));
	ASSERT_EQ(0, cpu_stat_read(self->b, &other[0]));
	EXPECT_LE(1, before.processes);
	ASSERT_EQ(0, IN_BOX(self->a, ({
		for (int i = 0; i < 20; i++) {
			pid_t pid = proc_fork_bound(0);

			if (!pid)
				_exit(0);
			must(!proc_end(pid));
		}
	})));
	ASSERT_EQ(0, cpu_stat_read(self->a, &after));
	ASSERT_EQ(0, cpu_stat_read(self->b, &other[1]));
	/* Twenty, and the one that did it: that one's parent came from outside. */
	EXPECT_EQ(before.processes + 21, after.processes);
	EXPECT_EQ(other[0].processes, other[1].processes);
}

TEST_F(cpu, those_that_want_to_run_are_running)
{
	struct cpu_stat s;

	ASSERT_EQ(0, cpu_stat_read(self->a, &s));
	EXPECT_EQ(0, s.running);
	for (int i = 0; i < 3; i++)
		spinner(self->a->cg);
	ASSERT_EQ(0, cpu_stat_read(self->a, &s));
	EXPECT_EQ(3, s.running);
	ASSERT_EQ(0, cpu_stat_read(self->b, &s));
	EXPECT_EQ(0, s.running);
}

TEST_F(cpu, a_task_that_moves_leaves_its_time_behind)
{
	struct cpu_stat a[2], b[2];
	pid_t pid = spinner(self->a->cg);

	wait_ms(500);
	ASSERT_EQ(0, cpu_stat_read(self->a, &a[0]));
	ASSERT_EQ(0, cpu_stat_read(self->b, &b[0]));
	ASSERT_EQ(0, cg_enter(self->b->cg, pid));
	ASSERT_EQ(0, cpu_stat_read(self->a, &a[1]));
	ASSERT_EQ(0, cpu_stat_read(self->b, &b[1]));
	EXPECT_TRUE(cpu_forward(&a[0], &a[1]));
	EXPECT_GT(10, cpu_busy(&b[1].all) - cpu_busy(&b[0].all));
	wait_ms(300);
	ASSERT_EQ(0, cpu_stat_read(self->b, &b[1]));
	EXPECT_LT(10, cpu_busy(&b[1].all) - cpu_busy(&b[0].all));
	EXPECT_EQ(1, b[1].running);
}

int main(int argc, char **argv)
{
	disk_mount();
	return test_harness_run(argc, argv);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/stat on a machine with one CPU: where the container's time went, its
 * tasks, and that nothing ever goes backwards.
 */
#include "cpustat.h"

BOXES_FIXTURE(cpu)

/* Ticks by which two looks at moving numbers may differ. */
#define NEAR	4
#define EXPECT_NEAR(min, max, value) do {				\
	long value_ = (value);						\
									\
	EXPECT_LE((min) - NEAR, value_);				\
	EXPECT_GE((max) + NEAR, value_);				\
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
	struct cpu_watched w;

	w = cpu_watch(self->a, 300);
	EXPECT_NEAR(w.least, w.most, cpu_sum(&w.d));
	spinner(self->a->cg);
	w = cpu_watch(self->a, 500);
	EXPECT_NEAR(w.least, w.most, cpu_sum(&w.d));
}

TEST_F(cpu, an_idle_container_is_idle)
{
	struct cpu_watched w;

	w = cpu_watch(self->a, 300);
	EXPECT_NEAR(w.least, w.most, w.d.t[IDLE]);
	EXPECT_GE(2, cpu_busy(&w.d));
	EXPECT_EQ(0, w.d.t[IRQ] + w.d.t[SOFTIRQ] + w.d.t[GUEST] + w.d.t[GUEST_NICE]);
}

TEST_F(cpu, what_it_computes_is_user_time_and_that_of_cgroupfs)
{
	struct cpu_watched w;

	spinner(self->a->cg);
	w = cpu_watch(self->a, 1000);
	EXPECT_LE(w.used_least - w.lost - 15, cpu_busy(&w.d));
	EXPECT_GE(w.used_most + 5, cpu_busy(&w.d));
	EXPECT_LT(cpu_busy(&w.d) * 3 / 4, w.d.t[USER]);
	EXPECT_EQ(0, w.d.t[NICE]);
}

TEST_F(cpu, nice_time_is_nice)
{
	struct cpu_watched w;
	pid_t pid = cg_fork_bound(self->a->cg);

	if (!pid) {
		must(nice(5) == 5);
		for (volatile long i = 0;; i++)
			;
	}
	w = cpu_watch(self->a, 600);
	EXPECT_LT(cpu_busy(&w.d) / 2, w.d.t[NICE]);
	EXPECT_GT(cpu_busy(&w.d) / 4 + 2, w.d.t[USER]);
}

TEST_F(cpu, a_sibling_that_computes_does_not_show)
{
	struct cpu_watched w;

	spinner(self->b->cg);
	w = cpu_watch(self->a, 500);
	EXPECT_GE(2, cpu_busy(&w.d));
	EXPECT_GE(2, w.d.t[STEAL]);
	EXPECT_NEAR(w.least, w.most, w.d.t[IDLE]);
}

/* One that wants to run all the time: what it does not get is stolen. */
static void expect_stolen(struct __test_metadata *_metadata, const struct cpu_watched *w)
{
	EXPECT_NEAR(w->least, w->most, cpu_sum(&w->d));
	EXPECT_LE((w->least - w->used_most) * 2 / 3, w->d.t[STEAL]);
	EXPECT_LE(w->used_least - w->lost - 15, cpu_busy(&w->d));
	EXPECT_GE(w->used_most + 5, cpu_busy(&w->d));
	EXPECT_GT(w->most / 5 + w->lost, w->d.t[IDLE]);
}

/* Most of the CPU is not given to it: stolen, as from a virtual machine. */
TEST_F(cpu, what_cpu_max_withholds_is_stolen)
{
	struct cpu_watched w;

	ASSERT_EQ(0, cg_write(self->a->cg, "cpu.max", "25000 100000"));
	spinner(self->a->cg);
	wait_ms(300);
	w = cpu_watch(self->a, 1500);
	expect_stolen(_metadata, &w);
	EXPECT_LT(0, w.d.t[STEAL]);
}

TEST_F(cpu, what_a_sibling_takes_from_one_that_wants_to_run_is_stolen)
{
	struct cpu_watched w;

	spinner(self->a->cg);
	spinner(self->b->cg);
	wait_ms(100);
	w = cpu_watch(self->a, 1500);
	expect_stolen(_metadata, &w);
	EXPECT_LT(0, w.d.t[STEAL]);
}

/* With nothing but the box on the CPU its time is the machine's. */
TEST_F(cpu, siblings_and_the_rest_add_up_to_the_machine)
{
	const struct box host = { .proc = "/proc" };
	struct cpu_stat h[4], a[2], b[2];

	spinner(self->a->cg);
	spinner(self->b->cg);
	for (int i = 0; i < 2; i++) {
		/* The boxes go on while they are looked at: the machine twice. */
		ASSERT_EQ(0, cpu_stat_read(&host, &h[2 * i]));
		ASSERT_EQ(0, cpu_stat_read(self->a, &a[i]));
		ASSERT_EQ(0, cpu_stat_read(self->b, &b[i]));
		ASSERT_EQ(0, cpu_stat_read(&host, &h[2 * i + 1]));
		if (!i)
			wait_ms(1000);
	}
	/* The rest is the test, which slept. */
	EXPECT_NEAR(h[2].all.t[USER] - h[1].all.t[USER],
		    h[3].all.t[USER] - h[0].all.t[USER],
		    a[1].all.t[USER] - a[0].all.t[USER] +
		    b[1].all.t[USER] - b[0].all.t[USER]);
}

TEST_F(cpu, waiting_for_the_disk_is_iowait)
{
	struct cpu_watched w;
	char limit[64];
	struct stat st;
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
	w = cpu_watch(self->a, 1000);
	EXPECT_NEAR(w.least, w.most, cpu_sum(&w.d));
	/* Most of what was neither lost nor used: a loaded machine reads slowly, too. */
	EXPECT_LT((w.least - w.lost - cpu_busy(&w.d)) / 2, w.d.t[IOWAIT]);
	EXPECT_LT(0, w.d.t[IOWAIT]);
	w = cpu_watch(self->b, 300);
	EXPECT_EQ(0, w.d.t[IOWAIT]);
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
	struct timespec before, start;
	long least;

	spinner(self->a->cg);
	clock_gettime(CLOCK_MONOTONIC, &before);
	ASSERT_EQ(0, cpu_stat_read(self->a, &first));
	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		least = ms_since(&start) / 10;
		ASSERT_EQ(0, cpu_stat_read(self->a, &now));
	} while (ms_since(&start) < 500);
	now.all = cpu_diff(&first.all, &now.all);
	EXPECT_NEAR(least, ms_since(&before) / 10, cpu_sum(&now.all));
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

TEST_F(cpu, processes_forked_in_cgroups_below_are_among_them)
{
	struct cpu_stat before, after;
	char below[PATH_MAX];
	pid_t pid;

	ASSERT_EQ(0, cg_create(cg_path(below, self->a->cg, "below")));
	ASSERT_EQ(0, cpu_stat_read(self->a, &before));
	pid = proc_fork_bound(0);
	ASSERT_LE(0, pid);
	if (!pid) {
		must(!cg_enter(below, 0));
		for (int i = 0; i < 5; i++) {
			pid = proc_fork_bound(0);
			if (!pid)
				_exit(0);
			must(!proc_end(pid));
		}
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(pid));
	ASSERT_EQ(0, cpu_stat_read(self->a, &after));
	EXPECT_EQ(before.processes + 5, after.processes);
}

static long box_running(const struct box *b)
{
	struct cpu_stat s;

	must(!cpu_stat_read(b, &s));
	return s.running;
}

TEST_F(cpu, those_that_want_to_run_are_running)
{
	struct cpu_stat s;

	ASSERT_EQ(0, cpu_stat_read(self->a, &s));
	EXPECT_EQ(0, s.running);
	for (int i = 0; i < 3; i++)
		spinner(self->a->cg);
	EXPECT_TRUE(EVENTUALLY(box_running(self->a) == 3));
	ASSERT_EQ(0, cpu_stat_read(self->b, &s));
	EXPECT_EQ(0, s.running);
}

TEST_F(cpu, a_task_that_moves_leaves_its_time_behind)
{
	struct cpu_stat a[2], b[2];
	pid_t pid = spinner(self->a->cg);
	struct timespec start;
	long took;

	wait_ms(500);
	clock_gettime(CLOCK_MONOTONIC, &start);
	ASSERT_EQ(0, cpu_stat_read(self->a, &a[0]));
	ASSERT_EQ(0, cpu_stat_read(self->b, &b[0]));
	ASSERT_EQ(0, cg_enter(self->b->cg, pid));
	ASSERT_EQ(0, cpu_stat_read(self->a, &a[1]));
	ASSERT_EQ(0, cpu_stat_read(self->b, &b[1]));
	EXPECT_TRUE(cpu_forward(&a[0], &a[1]));
	/* What it used there since, and nothing of what it had used before. */
	took = ms_since(&start) / 10;
	EXPECT_GE(took + NEAR, cpu_busy(&b[1].all) - cpu_busy(&b[0].all));
	EXPECT_TRUE(EVENTUALLY(({
		ASSERT_EQ(0, cpu_stat_read(self->b, &b[1]));
		cpu_busy(&b[1].all) - cpu_busy(&b[0].all) > took + 10;
	})));
	EXPECT_EQ(1, b[1].running);
}

int main(int argc, char **argv)
{
	disk_mount();
	return test_harness_run(argc, argv);
}

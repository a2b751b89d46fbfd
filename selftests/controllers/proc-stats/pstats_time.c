// SPDX-License-Identifier: GPL-2.0
/*
 * uptime, btime, start times, loadavg and sysinfo(2): they tell of a machine that
 * was switched on when the container's init was started, and agree with each
 * other.
 */
#include <sys/sysinfo.h>
#include "cpustat.h"

BOXES_FIXTURE(clock)

static double uptime_of(const struct box *b, double *idle)
{
	char buf[128];
	double up, i;

	must(box_read(b, "uptime", buf, sizeof(buf)) > 0);
	must(sscanf(buf, "%lf %lf", &up, &i) == 2);
	if (idle)
		*idle = i;
	return up;
}

static double load_of(const struct box *b, int *running, int *total)
{
	char buf[128];
	double one, five, fifteen;
	int r, t, last;

	must(box_read(b, "loadavg", buf, sizeof(buf)) > 0);
	must(sscanf(buf, "%lf %lf %lf %d/%d %d", &one, &five, &fifteen, &r, &t,
		    &last) == 6);
	must(one >= 0 && five >= 0 && fifteen >= 0);
	if (running)
		*running = r;
	if (total)
		*total = t;
	return one;
}

/* Field 22 of stat, in seconds. */
static double started(const struct box *b, int pid)
{
	char file[32], buf[1024], *p;
	double ticks = -1;

	snprintf(file, sizeof(file), "%d/stat", pid);
	must(box_read(b, file, buf, sizeof(buf)) > 0);
	p = strrchr(buf, ')');
	must(p);
	must(sscanf(p + 2, "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lf",
		    &ticks) == 1);
	return ticks / 100;
}

TEST_F(clock, uptime_is_since_the_containers_init)
{
	const struct box host = { .proc = "/proc" };
	double up, host_up = uptime_of(&host, NULL), idle;
	char cg[PATH_MAX];
	struct box late;

	wait_ms(300);
	ASSERT_EQ(0, cg_create(cg_path(cg, self->top, "late")));
	ASSERT_EQ(0, box_open(&late, cg, "late"));
	up = uptime_of(&late, &idle);
	EXPECT_GT(uptime_of(&host, NULL) - host_up, up);
	EXPECT_LE(0.3, uptime_of(self->a, NULL) - up);
	EXPECT_LE(idle, up + 0.05);
	wait_ms(500);
	EXPECT_LE(up + 0.49, uptime_of(&late, &idle));
	/* One CPU, which had nothing to do. */
	EXPECT_LE(0.4, idle);
	EXPECT_LE(idle, uptime_of(&late, NULL) + 0.05);
}

TEST_F(clock, idle_is_what_stat_says)
{
	struct cpu_stat s;
	double idle;

	spinner(self->a->cg);
	wait_ms(500);
	uptime_of(self->a, &idle);
	ASSERT_EQ(0, cpu_stat_read(self->a, &s));
	EXPECT_LE(idle, s.all.t[IDLE] / 100.0 + 0.05);
	EXPECT_GE(idle + 0.05, s.all.t[IDLE] / 100.0);
}

static double wall_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

TEST_F(clock, btime_is_when_it_started)
{
	struct cpu_stat s;
	double up, before, after;

	ASSERT_EQ(0, cpu_stat_read(self->a, &s));
	before = wall_clock();
	up = uptime_of(self->a, NULL);
	after = wall_clock();
	/* btime has whole seconds. */
	EXPECT_LE(before - up - 1.05, s.btime);
	EXPECT_GE(after - up + 0.05, s.btime);
}

/* What ps makes of it: the age is uptime less the start, the date is btime and it. */
TEST_F(clock, processes_started_after_the_container_did)
{
	double before, at, first;

	first = started(self->a, 1);
	EXPECT_LE(first, 0.01);
	wait_ms(300);
	before = uptime_of(self->a, NULL);
	ASSERT_EQ(0, IN_BOX(self->a, ({
		at = started(self->a, getpid());
		must(at >= before - 0.02 && at <= uptime_of(self->a, NULL) + 0.02);
	})));
	EXPECT_EQ(first, started(self->a, 1));
}

TEST_F(clock, a_plain_proc_tells_the_start_as_ever)
{
	const struct box host = { .proc = "/proc" };
	struct box plain = *self->a;

	ASSERT_EQ(0, IN_BOX(self->a, must(!proc_mount(MNT_AREA "/plain", NULL))));
	snprintf(plain.proc, sizeof(plain.proc), MNT_AREA "/plain");
	EXPECT_EQ(started(&host, self->a->init), started(&plain, 1));
	EXPECT_LT(started(self->a, 1), started(&plain, 1));
}

TEST_F(clock, loadavg_counts_the_containers_tasks)
{
	int running, total;

	load_of(self->a, &running, &total);
	EXPECT_EQ(0, running);
	EXPECT_EQ(1, total);
	spinner(self->a->cg);
	spinner(self->a->cg);
	EXPECT_TRUE(EVENTUALLY((load_of(self->a, &running, &total), running == 2)));
	EXPECT_EQ(3, total);
	load_of(self->b, &running, &total);
	EXPECT_EQ(0, running);
	EXPECT_EQ(1, total);
}

/*
 * Sampled every five seconds, as the machine's: with two that run it goes from l to
 * l e^(-1/12) + 2 (1 - e^(-1/12)). The second is started when a sample was just
 * seen, for no sample to come in between the two. So is, a little later, another
 * box: it is sampled with those that are older, and not only when it is five
 * seconds old itself.
 */
TEST_F(clock, the_load_average_follows_those_that_run)
{
	double one, two, young;
	char cg[PATH_MAX];
	struct box c;

	EXPECT_EQ(0, load_of(self->a, NULL, NULL));
	spinner(self->a->cg);
	ASSERT_TRUE(EVENTUALLY((one = load_of(self->a, NULL, NULL)) > 0));
	EXPECT_LE(0.07, one);
	EXPECT_GE(0.09, one);
	spinner(self->a->cg);
	wait_ms(100);
	ASSERT_EQ(0, cg_create(cg_path(cg, self->top, "c")));
	ASSERT_EQ(0, box_open(&c, cg, "c"));
	spinner(cg);
	ASSERT_TRUE(EVENTUALLY((two = load_of(self->a, NULL, NULL)) > one));
	EXPECT_LE(one * 0.92 + 0.14, two);
	EXPECT_GE(one * 0.92 + 0.18, two);
	ASSERT_TRUE(EVENTUALLY((young = load_of(&c, NULL, NULL)) > 0));
	EXPECT_LE(0.07, young);
	EXPECT_GE(0.09, young);
	EXPECT_EQ(two, load_of(self->a, NULL, NULL));
	EXPECT_EQ(0, load_of(self->b, NULL, NULL));
}

/* The parent of a vfork(2) sleeps, and may not be interrupted. */
TEST_F(clock, the_load_average_counts_uninterruptible_sleep)
{
	double one;
	pid_t pid;

	/* While the child runs there are two: not when a sample is due. */
	spinner(self->b->cg);
	ASSERT_TRUE(EVENTUALLY(load_of(self->b, NULL, NULL) > 0));
	EXPECT_EQ(0, load_of(self->a, NULL, NULL));
	pid = cg_fork_bound(self->a->cg);
	if (!pid) {
		if (!vfork())
			for (;;)
				pause();
		_exit(1);
	}
	ASSERT_LT(0, pid);
	ASSERT_TRUE(EVENTUALLY((one = load_of(self->a, NULL, NULL)) > 0));
	EXPECT_LE(0.07, one);
	EXPECT_GE(0.09, one);
}

TEST_F(clock, the_load_of_a_descendant_counts)
{
	char below[PATH_MAX];
	int running;

	proc_kill(self->a->init);
	ASSERT_EQ(0, cg_await_empty(self->a->cg));
	ASSERT_EQ(0, cg_create(cg_path(below, self->a->cg, "below")));
	spinner(below);
	EXPECT_TRUE(EVENTUALLY((load_of(self->a, &running, NULL), running == 1)));
}

static bool info_agrees(const struct box *b)
{
	struct sysinfo i;
	int total;

	must(!sysinfo(&i));
	must((long)(i.totalram * i.mem_unit) == box_mem(b, "MemTotal"));
	must(labs((long)(i.freeram * i.mem_unit) - box_mem(b, "MemFree")) < MB(1));
	must(i.bufferram == 0);
	must((long)(i.sharedram * i.mem_unit) == box_mem(b, "Shmem"));
	must((long)(i.totalswap * i.mem_unit) == box_mem(b, "SwapTotal"));
	must((long)(i.freeswap * i.mem_unit) == box_mem(b, "SwapFree"));
	must(labs(i.uptime - (long)uptime_of(b, NULL)) <= 1);
	load_of(b, NULL, &total);
	must(i.procs == total);
	return true;
}

TEST_F(clock, sysinfo_agrees_with_the_files)
{
	ASSERT_EQ(0, cg_write(self->a->cg, "memory.max", "64M"));
	ASSERT_EQ(0, cg_write(self->a->cg, "memory.swap.max", "16M"));
	ASSERT_EQ(0, IN_BOX(self->a, must(info_agrees(self->a))));
	ASSERT_EQ(0, IN_BOX(self->b, must(info_agrees(self->b))));
}

TEST_F(clock, sysinfo_outside_is_the_machines)
{
	struct sysinfo i;

	ASSERT_EQ(0, cg_write(self->a->cg, "memory.max", "64M"));
	ASSERT_EQ(0, sysinfo(&i));
	EXPECT_EQ(host_mem("MemTotal"), (long)(i.totalram * i.mem_unit));
	/* A task of the cgroup that is not in the container's namespaces, too. */
	ASSERT_EQ(0, cg_enter(self->a->cg, 0));
	ASSERT_EQ(0, sysinfo(&i));
	EXPECT_EQ(host_mem("MemTotal"), (long)(i.totalram * i.mem_unit));
}

/* Whoever does not ask for the container's numbers does not get them. */
TEST_F(clock, sysinfo_is_the_machines_where_no_proc_has_the_option)
{
	ASSERT_EQ(0, cg_write(self->a->cg, "memory.max", "64M"));
	ASSERT_EQ(0, mnt_off(self->a->proc, 0));
	ASSERT_EQ(0, IN_BOX(self->a, ({
		struct sysinfo i;

		must(!sysinfo(&i));
		must((long)(i.totalram * i.mem_unit) == host_mem("MemTotal"));
	})));
}

TEST_HARNESS_MAIN

/* SPDX-License-Identifier: GPL-2.0 */
/* /proc/stat of a box, taken apart. All times are in ticks of 1/100 s. */
#ifndef BULKHEAD_CPUSTAT_H
#define BULKHEAD_CPUSTAT_H

#include "pstats.h"
#include "runner.h"

enum column { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL, GUEST,
	      GUEST_NICE, COLUMNS };

#define CPUS_MAX	8

struct cpu_line {
	bool there;
	long t[COLUMNS];
};

struct cpu_stat {
	struct cpu_line all, cpu[CPUS_MAX];
	long btime, processes, running, blocked;
};

static inline void cpu_line_parse(const char *text, struct cpu_line *l)
{
	int n = sscanf(text, "%ld %ld %ld %ld %ld %ld %ld %ld %ld %ld", &l->t[0],
		       &l->t[1], &l->t[2], &l->t[3], &l->t[4], &l->t[5], &l->t[6],
		       &l->t[7], &l->t[8], &l->t[9]);

	must(n == COLUMNS);
	l->there = true;
}

/* Returns 0, or -errno. */
static inline int cpu_stat_read(const struct box *b, struct cpu_stat *s)
{
	static char buf[65536];
	ssize_t n = box_read(b, "stat", buf, sizeof(buf));
	char *line, *save = NULL;

	if (n < 0)
		return n;
	memset(s, 0, sizeof(*s));
	for (line = strtok_r(buf, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *rest = strchr(line, ' ');

		must(rest);
		if (!strncmp(line, "cpu ", 4))
			cpu_line_parse(rest, &s->all);
		else if (!strncmp(line, "cpu", 3))
			cpu_line_parse(rest, &s->cpu[atoi(line + 3)]);
		else if (!strncmp(line, "btime ", 6))
			s->btime = atol(rest);
		else if (!strncmp(line, "processes ", 10))
			s->processes = atol(rest);
		else if (!strncmp(line, "procs_running ", 14))
			s->running = atol(rest);
		else if (!strncmp(line, "procs_blocked ", 14))
			s->blocked = atol(rest);
	}
	return 0;
}

/* What was added from @a to @b. */
static inline struct cpu_line cpu_diff(const struct cpu_line *a, const struct cpu_line *b)
{
	struct cpu_line d = { .there = true };

	for (int i = 0; i < COLUMNS; i++)
		d.t[i] = b->t[i] - a->t[i];
	return d;
}

static inline long cpu_busy(const struct cpu_line *l)
{
	return l->t[USER] + l->t[NICE] + l->t[SYSTEM];
}

static inline long cpu_sum(const struct cpu_line *l)
{
	long sum = 0;

	for (int i = 0; i < COLUMNS; i++)
		sum += l->t[i];
	return sum;
}

/* Whether no column of any line is less in @b than it was in @a. */
static inline bool cpu_forward(const struct cpu_stat *a, const struct cpu_stat *b)
{
	for (int i = 0; i < COLUMNS; i++) {
		if (b->all.t[i] < a->all.t[i])
			return false;
		for (int c = 0; c < CPUS_MAX; c++)
			if (a->cpu[c].there && b->cpu[c].there &&
			    b->cpu[c].t[i] < a->cpu[c].t[i])
				return false;
	}
	return b->processes >= a->processes;
}

/* A process in @cg that computes until it is killed. */
static inline pid_t spinner(const char *cg)
{
	static volatile unsigned long *steps;
	pid_t pid;

	if (!steps)
		steps = runner_counters(1);
	pid = runner_start(cg, runner_spin, steps);
	must(pid > 0);
	return pid;
}

static inline void wait_ms(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&ts, &ts))
		;
}

/* What the machine was charged for since @start, in ticks. */
static inline long cpu_machine(const struct cpu_stat *start)
{
	struct cpu_stat now;
	struct cpu_line d;

	must(!cpu_stat_read(&(struct box){ .proc = "/proc" }, &now));
	d = cpu_diff(&start->all, &now.all);
	return cpu_sum(&d);
}

/*
 * A machine that is held up itself, as by its host, loses ticks: nobody is charged
 * for them, and who computed meanwhile seems to have been idle. Its clock goes
 * on, and so how many they are, at most, can be told.
 */
struct cpu_clock {
	struct timespec start;
	struct cpu_stat machine;
};

static inline void cpu_clock_start(struct cpu_clock *c)
{
	clock_gettime(CLOCK_MONOTONIC, &c->start);
	must(!cpu_stat_read(&(struct box){ .proc = "/proc" }, &c->machine));
}

static inline long cpu_clock_lost(const struct cpu_clock *c)
{
	long charged = cpu_machine(&c->machine), lost;

	lost = ms_since(&c->start) / 10 * sysconf(_SC_NPROCESSORS_ONLN) - charged;
	return lost > 0 ? lost : 0;
}

/* The CPU time of the box's cgroup by cgroupfs, in ticks. */
static inline long cpu_used(const struct box *b)
{
	return cg_key(b->cg, "cpu.stat", "usage_usec") / 10000;
}

/*
 * What a box's CPUs did for a while, in all. How long that was, and how much of it
 * the cgroup used, is known within bounds only: who looks may have to wait for
 * the CPU between any two looks.
 */
struct cpu_watched {
	struct cpu_line d;
	long least, most;
	long used_least, used_most;
	long lost;
};

/* Watches for @ms; a machine that is loaded takes longer. */
static inline struct cpu_watched cpu_watch(const struct box *b, long ms)
{
	long used[4], ticks[4];
	struct cpu_stat before, after;
	struct cpu_watched w;
	struct cpu_clock c;

	cpu_clock_start(&c);
	used[0] = cpu_used(b);
	ticks[0] = ms_since(&c.start);
	must(!cpu_stat_read(b, &before));
	ticks[1] = ms_since(&c.start);
	used[1] = cpu_used(b);
	wait_ms(ms);
	used[2] = cpu_used(b);
	ticks[2] = ms_since(&c.start);
	must(!cpu_stat_read(b, &after));
	ticks[3] = ms_since(&c.start);
	used[3] = cpu_used(b);
	w.d = cpu_diff(&before.all, &after.all);
	w.least = (ticks[2] - ticks[1]) / 10;
	w.most = (ticks[3] - ticks[0]) / 10;
	w.used_least = used[2] - used[1];
	w.used_most = used[3] - used[0];
	w.lost = cpu_clock_lost(&c);
	return w;
}

#endif /* BULKHEAD_CPUSTAT_H */

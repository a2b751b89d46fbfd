/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BULKHEAD_CHECK_H
#define BULKHEAD_CHECK_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "../lib/suite.h"

/** struct check_options - one run of suites, as asked for on the command line */
struct check_options {
	const char *boot, *kernel, *guest, *run, *config, *features, *flavour, *mode;
	const char *emulator;		/* as boot --emulator, or NULL */
	const char *release;		/* of the kernel, or NULL: it says so itself */
	const char *durations;		/* how long each suite took the last time */
	const char *again;		/* the command that repeats a suite, up to its name */
	const char *kept;		/* what passed before, or NULL: see kept.c */
	char *keys;			/* what each suite is made of now */
	long cpus;			/* 0: as each suite says */
	long repeat;
	bool leaks;
};

/** struct job - one suite to be run once */
struct job {
	const struct suite *suite;
	int iteration;		/* from 1 */
	double expect;		/* seconds */
	pid_t pid;		/* of its boot, while it runs */
	int slots;		/* how many of the host's CPUs it occupies; 0: it mostly waits */
	int slot;		/* the one it is pinned to, or -1 */
	bool idle;		/* it waits for time to pass, and has given them back */
	double started;		/* ms */
	char *ktap, *console, *result;
};

/** struct outcome - what boot said of a job (see boot.c for the verdicts) */
struct outcome {
	char *verdict, *status, *reason;
	double ms;
};

/**
 * job_start() - boot a kernel for a job
 * @j: the job; its slot is set
 * @host_cpu: pin it there, or -1
 * @o: the run's options
 */
void job_start(struct job *j, int host_cpu, const struct check_options *o);

/**
 * job_finish() - read what boot said
 * @j: a job whose boot has ended
 * @wait_status: of the boot
 */
struct outcome job_finish(struct job *j, int wait_status);

/**
 * job_outcome() - read what boot said, or had said of a job that was kept
 * @j: the job; its result file is in place
 * @otherwise: the reason, if that file has no verdict
 */
struct outcome job_outcome(const struct job *j, const char *otherwise);

/**
 * job_files() - settle where a job's output goes
 * @j: the job
 * @o: the run's options
 */
void job_files(struct job *j, const struct check_options *o);

/**
 * kept_take() - take over what a suite said before, if it would be the same again
 * @j: the job
 * @o: the run's options
 *
 * Return: whether that was possible; the job's files are then in place.
 */
bool kept_take(struct job *j, const struct check_options *o);

/** struct progress - the line that shows where the run is */
struct progress {
	bool terminal;
	int total, done, bad;
	double started, last;
};

/** progress_done() - a job has ended: count it, and say so where there is no terminal */
void progress_done(struct progress *p, const struct job *j, const struct outcome *out);

/** progress_show() - rewrite the line on a terminal; names what is running */
void progress_show(struct progress *p, const struct job *jobs, int njobs);

/** progress_clear() - leave a clean line behind */
void progress_clear(struct progress *p);

#endif

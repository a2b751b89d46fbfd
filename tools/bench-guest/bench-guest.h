/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BULKHEAD_BENCH_GUEST_H
#define BULKHEAD_BENCH_GUEST_H

#include <stdbool.h>
#include <stdint.h>

#define CGROUP_DIR	"/sys/fs/cgroup"
#define OPBENCH_RUN	"/sys/kernel/debug/opbench/run"

/**
 * struct batch - one batch of a user-space operation, as opbench words it
 * @boxes: sys-proc: how many containers read at once
 * @tasks: how many tasks each of them has; sys-ckpt: how many processes the job has
 * @size: sys-ckpt: MiB of memory that each of them has touched
 * @vmas: likewise, mappings on top
 * @fds: likewise, files that are open
 * @file: what they read: a file, or "all"; sys-setns: a kind of namespace
 * @as: how: the name of a variant
 */
struct batch {
	unsigned long n, extra, warm;
	unsigned long boxes, tasks, size, vmas, fds;
	char file[64], as[16];
	unsigned long done;
	uint64_t ns, cycles;
};

/**
 * user_batch() - repeat a system call, or what else user space asks the kernel for
 * @name: of the operation
 * @b: how often; the result
 *
 * Return: 0 or a negative errno; -ENOENT when there is no such operation.
 */
int user_batch(const char *name, struct batch *b);

/** proc_prepare() - have the containers that a batch of sys-proc needs; 0 or a negative errno */
int proc_prepare(struct batch *b);

/**
 * proc_read() - have them all read
 * @b: what and how
 * @passes: how often
 *
 * Return: 0 or a negative errno, when the last is done.
 */
int proc_read(const struct batch *b, unsigned long passes);

/** ckpt_prepare() - have the job that a batch of sys-ckpt needs; 0 or a negative errno */
int ckpt_prepare(const struct batch *b);

/** ckpt_batch() - save it, bring it back, or what that is compared with; 0 or a negative errno */
int ckpt_batch(struct batch *b);

/**
 * enter_prepare() - have the namespaces that a batch of sys-setns enters
 * @b: its @file is their kind
 *
 * Return: 0 or a negative errno; -ERANGE when there cannot be so many of them below each other.
 */
int enter_prepare(const struct batch *b);

/** enter_run() - enter one after the other, so often; 0 or a negative errno */
int enter_run(unsigned long n);

/** enter_end() - be where the task was, if there is a way back, and give them up */
void enter_end(void);

/**
 * struct events - what the kernel has done since boot, whoever it was for
 * @interrupts: taken
 * @softirqs: run, of all kinds
 * @rcu: of these, for RCU
 * @switches: from task to task
 * @pages: taken from the page allocator
 */
struct events {
	unsigned long long interrupts, softirqs, rcu, switches, pages;
};

/** events_watch() - begin to tell with each batch what happened meanwhile; 0, or -1 with errno */
int events_watch(void);

/** events_watched() - whether that is so */
bool events_watched(void);

/** events_read() - as of now */
void events_read(struct events *e);

/** place_for() - have the file system or the swap that a batch's words ask for; 0 or a negative errno */
int place_for(char **words);

/** place_drain() - have the CPU keep nothing that is charged to any cgroup; 0 or a negative errno */
int place_drain(void);

/**
 * place_set() - write to a control file, or note what is in force when the task enters that cgroup
 * @path: of the cgroup
 * @file: the control file; "bpf.device" (allow, deny) and "memory.oom.handler" are noted
 * @words: the value; /dev/NAME stands for the device's number
 *
 * Return: 0 or a negative errno.
 */
int place_set(const char *path, const char *file, char **words);

/** place_enter() - move the task, with what is in force there; 0 or a negative errno */
int place_enter(const char *path);

/** now_ns() - of the clock that batches are timed by */
uint64_t now_ns(void);

/** cgroup_write() - write to a control file of a cgroup, which "." or a path names */
int cgroup_write(const char *dir, const char *file, const char *text);

/**
 * make_cgroup() - make a cgroup and its ancestors, from the root down
 * @path: of the cgroup; it is changed
 * @controllers: what each level must have, NULL at the end
 *
 * Return: 0 or a negative errno.
 */
int make_cgroup(char *path, char **controllers);

/** machine_init() - as process 1: mount what a plan needs, results to the second serial line */
void machine_init(void);

/** machine_end() - as process 1: end the emulation */
_Noreturn void machine_end(void);

#endif

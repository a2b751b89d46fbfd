/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BULKHEAD_BENCH_GUEST_H
#define BULKHEAD_BENCH_GUEST_H

#include <stdint.h>

#define CGROUP_DIR	"/sys/fs/cgroup"
#define OPBENCH_RUN	"/sys/kernel/debug/opbench/run"

/** struct batch - one batch of a user-space operation, as opbench words it */
struct batch {
	unsigned long n, extra, warm;
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

/** machine_init() - as process 1: mount what a plan needs, results to the second serial line */
void machine_init(void);

/** machine_end() - as process 1: end the emulation */
_Noreturn void machine_end(void);

#endif

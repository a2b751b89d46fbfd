/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The allocation of a task that is made to fail, by its number
 * (Documentation/fault-injection/fault-injection.rst, fail-nth).
 */
#ifndef BULKHEAD_NTH_H
#define BULKHEAD_NTH_H

#include <fcntl.h>
#include "file.h"
#include "proc.h"

/* Open while an allocation is to fail, as to open it again might be what fails. */
static int nth_fd = -1;

/* User-space memory fails, too, and for whoever may sleep; nobody prints where. */
static inline void nth_setup(void)
{
	must(!file_write("/sys/kernel/debug/failslab/ignore-gfp-wait", "N"));
	must(!file_write("/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N"));
	must(!file_write("/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem", "N"));
	must(!file_write("/sys/kernel/debug/fail_page_alloc/min-order", "0"));
	must(!file_write("/sys/kernel/debug/failslab/verbose", "0"));
	must(!file_write("/sys/kernel/debug/fail_page_alloc/verbose", "0"));
	file_write("/sys/kernel/debug/fail_usercopy/verbose", "0");
}

/* Lets the @n-th allocation of the calling task fail, from now on. */
static inline void fail_nth(long n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%ld", n);

	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	must(nth_fd >= 0 && pwrite(nth_fd, text, len, 0) == len);
}

/* Takes it back. Returns whether it has come to pass. */
static inline bool has_failed(void)
{
	char text[16] = "";

	/* to copy this may be what fails, and so may the next */
	ssize_t n = pread(nth_fd, text, sizeof(text) - 1, 0);

	must(pwrite(nth_fd, "0", 1, 0) == 1 || pwrite(nth_fd, "0", 1, 0) == 1);
	close(nth_fd);
	return n > 0 && !atol(text);
}

#endif /* BULKHEAD_NTH_H */

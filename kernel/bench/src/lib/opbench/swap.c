// SPDX-License-Identifier: GPL-2.0
/* opbench: pages of private memory that go to swap, and come back */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/swap.h>
#include <linux/uaccess.h>

#include "opbench.h"

/* No page of zeroes: those are only noted. */
static int opbench_fill(struct opbench *b)
{
	unsigned long at;
	int err = 0;

	for (at = 0; !err && at < b->size; at += PAGE_SIZE)
		err = put_user(~at, (unsigned long __user *)(b->addr + at)) ?: opbench_stop();
	return err;
}

static int opbench_out(struct opbench *b, unsigned long at, unsigned long size)
{
	return do_madvise(current->mm, b->addr + at, size, MADV_PAGEOUT);
}

static unsigned long opbench_swapped(void)
{
	return get_mm_counter_sum(current->mm, MM_SWAPENTS);
}

static int opbench_swap_out_prepare(struct opbench *b)
{
	int err;

	if (!total_swap_pages)
		return -ENXIO;
	err = opbench_map_anon(b);
	if (err)
		return err;
	err = opbench_fill(b);
	if (err)
		opbench_unmap(b);
	return err;
}

static int opbench_swap_in_prepare(struct opbench *b)
{
	unsigned long before = opbench_swapped();
	int err = opbench_swap_out_prepare(b);

	if (err)
		return err;
	err = opbench_out(b, 0, b->size);
	if (!err && opbench_swapped() - before != b->size >> PAGE_SHIFT)
		err = -ENOSPC;
	if (err)
		opbench_unmap(b);
	return err;
}

/* A page that stays where it is was refused: swap is full, or a limit of the cgroup says no. */
static int opbench_swap_out(struct opbench *b, unsigned long n)
{
	unsigned long before = opbench_swapped(), i;
	int err = 0;

	for (i = 0; !err && i < n; i++)
		err = opbench_out(b, b->pos++ << PAGE_SHIFT, PAGE_SIZE) ?: opbench_stop();
	b->refused += n - min(n, opbench_swapped() - before);
	return err;
}

const struct opbench_op opbench_swap_ops[] = {
	{
		.name = "swap-out", .run = opbench_swap_out, .max = OPBENCH_MAX_PAGES,
		.prepare = opbench_swap_out_prepare, .finish = opbench_unmap,
		.what = "write a page of private memory to swap and free it",
	}, {
		.name = "swap-in", .run = opbench_fault, .max = OPBENCH_MAX_PAGES,
		.prepare = opbench_swap_in_prepare, .finish = opbench_unmap,
		.what = "fault in a page of private memory from swap by writing to it",
	},
	{ }
};

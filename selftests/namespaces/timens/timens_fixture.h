/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A test whose children are in a time namespace: days ahead of the initial
 * one, where what forgets the offset waits for ever; and behind it, where that
 * ends too early. Behind cannot be by much: the machine has just been started,
 * and no clock may be below zero.
 */
#ifndef BULKHEAD_TIMENS_FIXTURE_H
#define BULKHEAD_TIMENS_FIXTURE_H

#include "timens.h"

FIXTURE(timens)
{
	long mono, boot;	/* the offsets */
	long mono_before, boot_before;	/* the clocks before there was one */
};

FIXTURE_VARIANT(timens)
{
	bool ahead;
};

FIXTURE_VARIANT_ADD(timens, ahead)
{
	.ahead = true,
};

FIXTURE_VARIANT_ADD(timens, behind)
{
	.ahead = false,
};

FIXTURE_SETUP(timens)
{
	self->mono_before = now(CLOCK_MONOTONIC);
	self->boot_before = now(CLOCK_BOOTTIME);
	if (variant->ahead) {
		self->mono = 86400 * SEC + 250 * MSEC;
		self->boot = 7 * 86400 * SEC + 500 * MSEC;
	} else {
		self->mono = -self->mono_before / 2;
		self->boot = -self->boot_before / 3;
	}
	ASSERT_EQ(0, unshare(CLONE_NEWTIME));
	ASSERT_EQ(0, set_offset("monotonic", self->mono));
	ASSERT_EQ(0, set_offset("boottime", self->boot));
}

FIXTURE_TEARDOWN(timens)
{
}

/* Runs the block in a child, which is in the namespace. */
#define IN_TIMENS(...) do {						\
	pid_t child = proc_fork_bound(0);				\
									\
	if (!child) {							\
		__VA_ARGS__;						\
		_exit(0);						\
	}								\
	ASSERT_GT(child, 0);						\
	EXPECT_EQ(0, proc_end(child));					\
} while (0)

#endif /* BULKHEAD_TIMENS_FIXTURE_H */

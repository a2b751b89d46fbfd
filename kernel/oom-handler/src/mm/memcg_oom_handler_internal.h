/* SPDX-License-Identifier: GPL-2.0 */
/*
 * User-space OOM handlers for memory cgroups: what the waits
 * (memcg_oom_handler.c) and the files (memcg_oom_handler_files.c) share.
 */
#ifndef __MM_MEMCG_OOM_HANDLER_INTERNAL_H
#define __MM_MEMCG_OOM_HANDLER_INTERNAL_H

#include <linux/memcontrol.h>
#include <linux/spinlock.h>
#include <linux/task_work.h>
#include <linux/wait.h>
#include "memcg_oom_handler.h"

enum oomh_state {
	OOMH_IDLE,		/* no OOM at this limit */
	OOMH_WAITING,		/* tasks wait for the handler */
	OOMH_TAKEN_OVER,	/* the handler failed, the kernel is in charge */
};

struct memcg_oomh {
	/* The handler that is registered with this cgroup */
	struct kernfs_open_file *of;	/* NULL: there is none */
	struct pid *owner;		/* the process that last used @of */
	u64 id;				/* unique, to tell it from its successors */

	/* Written and read through the cgroup's files */
	unsigned int timeout_ms;
	unsigned long nr_ooms;
	unsigned long nr_timed_out;
	unsigned long nr_abandoned;

	/* The OOM at this cgroup's own limit, whoever handles it */
	enum oomh_state state;
	bool had_room;			/* since the last waiter came or left */
	bool offline;
	unsigned int nr_waiters;
	u64 server;			/* id of the handler in charge */
	unsigned long deadline;		/* of @server, in jiffies */
	unsigned long taken_over_until;	/* in jiffies */
	unsigned long next_kill;	/* in jiffies, while taken over */
};

/* One task's wait, from the charge that asked for it until it is over. */
struct memcg_oomh_wait {
	struct callback_head work;
	struct list_head node;		/* on oomh_waiters while it waits */
	struct task_struct *task;
	struct mem_cgroup *memcg;	/* whose limit was hit */
	gfp_t gfp;
	unsigned int nr_pages;
	unsigned long since;		/* jiffies */
	bool failed;			/* a charge failed: the fault is repeated */
	bool forced;			/* a charge went over the limit */
	bool retry;			/* the handler wants it to try again */
	bool announced;			/* the handler was told of it */
};

/* Protects all of struct memcg_oomh and the list of waiters. */
extern spinlock_t memcg_oomh_lock;
extern struct list_head memcg_oomh_waiters;
extern wait_queue_head_t memcg_oomh_waitq;

void memcg_oomh_take_over(struct memcg_oomh *oomh);

#endif /* __MM_MEMCG_OOM_HANDLER_INTERNAL_H */

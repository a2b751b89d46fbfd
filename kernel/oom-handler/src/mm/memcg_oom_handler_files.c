// SPDX-License-Identifier: GPL-2.0
/*
 * User-space OOM handlers for memory cgroups: the files
 *
 * memory.oom.handler makes its opener the handler, tells it of OOMs by poll(2)
 * and counts them; memory.oom.timeout_ms limits its time; memory.oom.waiters
 * shows who waits and why. See Documentation/admin-guide/cgroup-v2.rst.
 *
 * The open file is the handler. It cannot outlive the cgroup: kernfs releases
 * all open files before it removes one.
 */

#include <linux/cgroup.h>
#include <linux/pid_namespace.h>
#include <linux/poll.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include "memcg_oom_handler_internal.h"

/* Longest time a handler can be given; beyond it is a typo, not a policy. */
#define OOMH_TIMEOUT_MAX_MS	(3600U * 1000)

static u64 oomh_last_id;

/* Whoever holds the file and uses it is the handler, however it came by it. */
static void oomh_set_owner(struct memcg_oomh *oomh, struct pid *owner)
{
	lockdep_assert_held(&memcg_oomh_lock);
	put_pid(oomh->owner);
	oomh->owner = get_pid(owner);
}

static void oomh_note_use(struct kernfs_open_file *of)
{
	struct memcg_oomh *oomh = mem_cgroup_from_css(of_css(of))->oomh;

	guard(spinlock)(&memcg_oomh_lock);
	if (oomh->of == of && oomh->owner != task_tgid(current))
		oomh_set_owner(oomh, task_tgid(current));
}

static int oomh_start(struct kernfs_open_file *of)
{
	struct memcg_oomh *oomh = mem_cgroup_from_css(of_css(of))->oomh;

	static_branch_inc(&memcg_oomh_key);
	scoped_guard(spinlock, &memcg_oomh_lock) {
		if (oomh->of)
			break;
		oomh->of = of;
		oomh->id = ++oomh_last_id;
		oomh_set_owner(oomh, task_tgid(current));
		return 0;
	}
	static_branch_dec(&memcg_oomh_key);
	return oomh->of == of ? 0 : -EBUSY;
}

/* Returns false if @of is not a handler's. */
static bool oomh_stop(struct kernfs_open_file *of)
{
	struct memcg_oomh *oomh = mem_cgroup_from_css(of_css(of))->oomh;
	struct memcg_oomh_wait *w;
	bool abandoned = false;

	scoped_guard(spinlock, &memcg_oomh_lock) {
		if (oomh->of != of)
			return false;
		oomh->of = NULL;
		oomh_set_owner(oomh, NULL);
		list_for_each_entry(w, &memcg_oomh_waiters, node) {
			struct memcg_oomh *over = w->memcg->oomh;

			if (over->state == OOMH_WAITING &&
			    over->server == oomh->id) {
				memcg_oomh_take_over(over);
				abandoned = true;
			}
		}
		if (abandoned)
			oomh->nr_abandoned++;
	}
	wake_up_all(&memcg_oomh_waitq);
	static_branch_dec(&memcg_oomh_key);
	return true;
}

/* For what the kernel cannot see, such as swap that was added. */
static bool oomh_retry(struct kernfs_open_file *of)
{
	struct memcg_oomh *oomh = mem_cgroup_from_css(of_css(of))->oomh;
	struct memcg_oomh_wait *w;

	scoped_guard(spinlock, &memcg_oomh_lock) {
		if (oomh->of != of)
			return false;
		list_for_each_entry(w, &memcg_oomh_waiters, node) {
			struct memcg_oomh *over = w->memcg->oomh;

			if (over->server == oomh->id &&
			    over->state != OOMH_TAKEN_OVER) {
				WRITE_ONCE(over->state, OOMH_IDLE);
				w->retry = true;
			}
		}
	}
	wake_up_all(&memcg_oomh_waitq);
	return true;
}

static ssize_t oomh_handler_write(struct kernfs_open_file *of, char *buf,
				  size_t nbytes, loff_t off)
{
	int ret = 0;

	buf = strstrip(buf);
	oomh_note_use(of);
	if (!strcmp(buf, "start"))
		ret = oomh_start(of);
	else if (!strcmp(buf, "stop"))
		ret = oomh_stop(of) ? 0 : -ESRCH;
	else if (!strcmp(buf, "retry"))
		ret = oomh_retry(of) ? 0 : -ESRCH;
	else
		ret = -EINVAL;

	return ret ?: nbytes;
}

static int oomh_handler_show(struct seq_file *m, void *v)
{
	struct memcg_oomh *oomh = mem_cgroup_from_seq(m)->oomh;
	struct memcg_oomh_wait *w;
	unsigned long waiting = 0;

	oomh_note_use(m->private);

	guard(spinlock)(&memcg_oomh_lock);
	list_for_each_entry(w, &memcg_oomh_waiters, node)
		if (oomh->of && w->memcg->oomh->state == OOMH_WAITING &&
		    w->memcg->oomh->server == oomh->id)
			waiting++;
	seq_printf(m, "active %d\n", !!oomh->of);
	seq_printf(m, "pid %d\n",
		   pid_nr_ns(oomh->owner, task_active_pid_ns(current)));
	seq_printf(m, "waiting %lu\n", waiting);
	seq_printf(m, "ooms %lu\n", oomh->nr_ooms);
	seq_printf(m, "timed_out %lu\n", oomh->nr_timed_out);
	seq_printf(m, "abandoned %lu\n", oomh->nr_abandoned);
	return 0;
}

static __poll_t oomh_handler_poll(struct kernfs_open_file *of, poll_table *pt)
{
	oomh_note_use(of);
	return kernfs_generic_poll(of, pt);
}

static void oomh_handler_release(struct kernfs_open_file *of)
{
	oomh_stop(of);
}

/* @memcg's path as seen from @base, which is at or above it. */
static void oomh_show_path(struct seq_file *m, const char *key,
			   struct mem_cgroup *memcg, struct cgroup *base,
			   char *path)
{
	int len = kernfs_path_from_node(memcg->css.cgroup->kn, base->kn, path,
					PATH_MAX);

	seq_printf(m, " %s=", key);
	seq_escape(m, len > 0 ? path : "?", " \t\n\\");
}

static void oomh_show_waiter(struct seq_file *m, struct memcg_oomh_wait *w,
			     char *path)
{
	struct pid_namespace *ns = task_active_pid_ns(current);
	struct cgroup *base = seq_css(m)->cgroup;
	struct memcg_oomh *oomh = w->memcg->oomh;
	char comm[TASK_COMM_LEN];
	long left = 0;

	if (oomh->state == OOMH_WAITING && time_before(jiffies, oomh->deadline))
		left = oomh->deadline - jiffies;

	seq_printf(m, "%d tgid=%d comm=", task_pid_nr_ns(w->task, ns),
		   task_tgid_nr_ns(w->task, ns));
	seq_escape(m, get_task_comm(comm, w->task), " \t\n\\");
	seq_printf(m, " context=%s order=%d gfp=%#x waited_ms=%u left_ms=%u",
		   w->failed ? "fault" : "syscall",
		   get_order((unsigned long)w->nr_pages << PAGE_SHIFT),
		   (__force unsigned int)w->gfp,
		   jiffies_to_msecs(jiffies - w->since),
		   jiffies_to_msecs(left));
	oomh_show_path(m, "limit", w->memcg, base, path);
	seq_printf(m, " max=%llu",
		   (u64)READ_ONCE(w->memcg->memory.max) * PAGE_SIZE);
	scoped_guard(rcu)
		oomh_show_path(m, "cgroup", mem_cgroup_from_task(w->task), base,
			       path);
	seq_putc(m, '\n');
}

static int oomh_waiters_show(struct seq_file *m, void *v)
{
	struct mem_cgroup *memcg = mem_cgroup_from_seq(m);
	struct memcg_oomh_wait *w;
	char *path;

	path = kmalloc(PATH_MAX, GFP_KERNEL);
	if (!path)
		return -ENOMEM;

	scoped_guard(spinlock, &memcg_oomh_lock)
		list_for_each_entry(w, &memcg_oomh_waiters, node)
			if (mem_cgroup_is_descendant(w->memcg, memcg))
				oomh_show_waiter(m, w, path);
	kfree(path);
	return 0;
}

static int oomh_timeout_show(struct seq_file *m, void *v)
{
	seq_printf(m, "%u\n",
		   READ_ONCE(mem_cgroup_from_seq(m)->oomh->timeout_ms));
	return 0;
}

static ssize_t oomh_timeout_write(struct kernfs_open_file *of, char *buf,
				  size_t nbytes, loff_t off)
{
	struct memcg_oomh *oomh = mem_cgroup_from_css(of_css(of))->oomh;
	unsigned int timeout_ms;
	int ret;

	ret = kstrtouint(strstrip(buf), 0, &timeout_ms);
	if (ret)
		return ret;
	if (timeout_ms > OOMH_TIMEOUT_MAX_MS)
		return -ERANGE;

	scoped_guard(spinlock, &memcg_oomh_lock)
		WRITE_ONCE(oomh->timeout_ms, timeout_ms);
	/* A clock that runs is left alone, unless there is none any more */
	if (!timeout_ms)
		wake_up_all(&memcg_oomh_waitq);
	return nbytes;
}

static struct cftype oomh_files[] = {
	{
		.name = "oom.handler",
		.flags = CFTYPE_NOT_ON_ROOT,
		.file_offset = offsetof(struct mem_cgroup, oomh_file),
		.seq_show = oomh_handler_show,
		.write = oomh_handler_write,
		.poll = oomh_handler_poll,
		.release = oomh_handler_release,
	},
	{
		.name = "oom.timeout_ms",
		.flags = CFTYPE_NOT_ON_ROOT,
		.seq_show = oomh_timeout_show,
		.write = oomh_timeout_write,
	},
	{
		.name = "oom.waiters",
		.flags = CFTYPE_NOT_ON_ROOT,
		.seq_show = oomh_waiters_show,
	},
	{ }	/* terminate */
};

static int __init memcg_oomh_init(void)
{
	if (!mem_cgroup_disabled())
		WARN_ON(cgroup_add_dfl_cftypes(&memory_cgrp_subsys, oomh_files));
	return 0;
}
subsys_initcall(memcg_oomh_init);

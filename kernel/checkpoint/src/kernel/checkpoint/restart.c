// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: reading an image, and keeping the tasks that are made
 * from it in step
 *
 * The process in charge loads the image. Then each process that user space
 * made joins: it gives up what it was, and sleeps in task work on its way back
 * to user space, where registers can be set as a tracer sets them. When all
 * are there, the one in charge fills their memory, sets their registers and
 * lets them go. Until then whatever fails makes all fail: those who joined are
 * killed, and those who have not get an error.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fdtable.h>
#include <linux/fs_struct.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/regset.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/task_work.h>
#include <linux/uaccess.h>
#include "checkpoint.h"

/* Everything but pages, of the largest tree that is meant: a bound, not a size. */
#define CKPT_LOAD_MAX	(256UL << 20)

/* Reads all of it: pipes and sockets give what they have. */
int ckpt_stream_read(struct ckpt_stream *st, void *data, size_t len)
{
	ssize_t n;

	while (len) {
		n = kernel_read(st->file, data, min_t(size_t, len, SZ_1M), &st->pos);
		if (n < 0)
			return n;
		if (!n)
			return ckpt_fail(st->ctl, -EBADMSG, "the image ends too early");
		data += n;
		len -= n;
		cond_resched();
	}
	return 0;
}

static int bad_record(struct ckpt_restart *r, const struct ckpt_record *h)
{
	const char *name = ckpt_type_name(le16_to_cpu(h->type));

	return ckpt_fail(r->ctl, -EBADMSG, "%s record %u: %s", name ?: "unknown",
			 le32_to_cpu(h->id), r->stream.check.why);
}

static int load_record(struct ckpt_restart *r)
{
	struct ckpt_check *c = &r->stream.check;
	u32 length = le32_to_cpu(r->next.length), full = length + ckpt_padding(length), crc, i;
	struct ckpt_loaded *l;
	int err;

	r->size += sizeof(*l) + full;
	if (r->size > CKPT_LOAD_MAX)
		return ckpt_fail(r->ctl, -EFBIG, "the image is too large");
	l = kvmalloc(struct_size(l, payload, full), GFP_KERNEL_ACCOUNT);
	if (!l)
		return -ENOMEM;
	l->header = r->next;
	list_add_tail(&l->node, &r->records);
	err = ckpt_stream_read(&r->stream, l->payload, full);
	if (err)
		return err;
	for (i = length; i < full; i++)
		if (l->payload[i])
			return ckpt_fail(r->ctl, -EBADMSG, "padding is in use");
	crc = ckpt_crc(ckpt_record_crc(&l->header), l->payload, length);
	if (ckpt_check_payload(c, &l->header, l->payload) ||
	    ckpt_check_sum(c, &l->header, crc))
		return bad_record(r, &l->header);
	return 0;
}

static int check_machine(struct ckpt_restart *r, const struct ckpt_image *im)
{
	if (le32_to_cpu(im->machine) != task_user_regset_view(current)->e_machine ||
	    le32_to_cpu(im->page_size) != PAGE_SIZE)
		return ckpt_fail(r->ctl, -ENOEXEC,
				 "the image is of another architecture or size of pages");
	return 0;
}

static int load_records(struct ckpt_restart *r)
{
	struct ckpt_loaded *l;
	int err;

	ckpt_check_init(&r->stream.check);
	for (;;) {
		err = ckpt_stream_read(&r->stream, &r->next, sizeof(r->next));
		if (err)
			return err;
		if (ckpt_check_header(&r->stream.check, &r->next))
			return bad_record(r, &r->next);
		if (le16_to_cpu(r->next.type) >= CKPT_CONTENTS)
			return 0;
		err = load_record(r);
		if (err)
			return err;
		l = list_last_entry(&r->records, struct ckpt_loaded, node);
		if (ckpt_type(l) == CKPT_IMAGE)
			err = check_machine(r, (void *)l->payload);
		if (err)
			return err;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
}

/* Makes the tables by which objects are found. */
static int index_records(struct ckpt_restart *r)
{
	struct ckpt_check *c = &r->stream.check;
	const struct ckpt_task *t;
	struct ckpt_loaded *l;
	u32 n = 0;

	r->nr_files = c->count[CKPT_FILE];
	r->nr_tasks = c->count[CKPT_TASK];
	r->files = kvcalloc(r->nr_files, sizeof(*r->files), GFP_KERNEL_ACCOUNT);
	r->fdtables = kvcalloc(c->count[CKPT_FDTABLE], sizeof(*r->fdtables), GFP_KERNEL_ACCOUNT);
	r->mms = kvcalloc(c->count[CKPT_MM], sizeof(*r->mms), GFP_KERNEL_ACCOUNT);
	r->members = kvcalloc(r->nr_tasks, sizeof(*r->members), GFP_KERNEL_ACCOUNT);
	r->ids = kvcalloc(r->nr_tasks, sizeof(*r->ids), GFP_KERNEL_ACCOUNT);
	if (!r->files || !r->fdtables || !r->mms || !r->members || !r->ids)
		return -ENOMEM;
	list_for_each_entry(l, &r->records, node) {
		u32 id = le32_to_cpu(l->header.id);

		if (ckpt_type(l) == CKPT_FDTABLE)
			r->fdtables[id - 1] = l;
		if (ckpt_type(l) == CKPT_MM)
			r->mms[id - 1] = l;
		if (ckpt_type(l) != CKPT_TASK)
			continue;
		t = (void *)l->payload;
		r->members[n].loaded = l;
		r->members[n].record = t;
		r->ids[n] = (struct ckpt_ids){
			.pid = le32_to_cpu(t->pid),
			.pgrp = le32_to_cpu(t->pgrp),
			.session = le32_to_cpu(t->session),
			.index = n,
		};
		n++;
	}
	if (ckpt_check_tree(c, r->ids, r->nr_tasks))
		return ckpt_fail(r->ctl, -EBADMSG, "%s", c->why);
	return 0;
}

static struct ckpt_member *find_member(struct ckpt_restart *r, u32 pid)
{
	const struct ckpt_ids *ids = ckpt_find_ids(r->ids, r->nr_tasks, pid);

	return ids ? &r->members[ids->index] : NULL;
}

/**
 * ckpt_restart_load - read an image as far as the contents of memory
 * @ctl: the open device, which gets the image if all is well
 * @file: where from, at its current position
 * @arg: gets the number of tasks
 */
int ckpt_restart_load(struct ckpt_ctl *ctl, struct file *file, struct checkpoint_load *arg)
{
	struct ckpt_restart *r = kzalloc(sizeof(*r), GFP_KERNEL_ACCOUNT);
	int err;

	if (!r)
		return -ENOMEM;
	r->ctl = ctl;
	r->stream.ctl = ctl;
	r->stream.file = get_file(file);
	if (!(file->f_mode & FMODE_STREAM))
		r->stream.pos = file->f_pos;
	r->leader = get_pid(task_tgid(current));
	INIT_LIST_HEAD(&r->records);
	spin_lock_init(&r->lock);
	init_waitqueue_head(&r->ready);
	init_waitqueue_head(&r->wait);
	err = load_records(r);
	if (!err)
		err = index_records(r);
	if (!err)
		err = ckpt_open_files(r);
	if (err) {
		ckpt_restart_free(r);
		return err == -ERESTARTSYS ? -EINTR : err;
	}
	arg->nr_tasks = r->nr_tasks;
	/* pairs with restart_of(): who joins does so without the lock */
	smp_store_release(&ctl->restart, r);
	return 0;
}

/* Nobody is left who could use it: every member holds the open device. */
void ckpt_restart_free(struct ckpt_restart *r)
{
	struct ckpt_loaded *l, *next;
	u32 i;

	for (i = 0; r->members && i < r->nr_tasks; i++)
		if (r->members[i].task)
			put_task_struct(r->members[i].task);
	for (i = 0; r->files && i < r->nr_files; i++)
		if (r->files[i])
			fput(r->files[i]);
	ckpt_close_inodes(r);
	list_for_each_entry_safe(l, next, &r->records, node)
		kvfree(l);
	kvfree(r->files);
	kvfree(r->fdtables);
	kvfree(r->mms);
	kvfree(r->members);
	kvfree(r->ids);
	fput(r->stream.file);
	put_pid(r->leader);
	if (r->ns)
		put_pid_ns(r->ns);
	kfree(r);
}

int ckpt_restart_tasks(struct ckpt_restart *r, struct checkpoint_tasks *arg)
{
	struct checkpoint_task __user *to = u64_to_user_ptr(arg->tasks);
	const struct ckpt_task *t;
	u32 i;

	if (arg->count < r->nr_tasks)
		return -ENOSPC;
	for (i = 0; i < r->nr_tasks; i++) {
		struct checkpoint_task task = {};

		t = r->members[i].record;
		task.pid = le32_to_cpu(t->pid);
		task.parent = i ? le32_to_cpu(t->parent) - 1 : 0;
		task.exit_signal = le32_to_cpu(t->exit_signal);
		if (copy_to_user(to + i, &task, sizeof(task)))
			return -EFAULT;
	}
	return 0;
}

static void kill_task(struct task_struct *task)
{
	do_send_sig_info(SIGKILL, SEND_SIG_PRIV, task, PIDTYPE_TGID);
}

/* Gives the restart up, unless it is complete: who joined dies. */
void ckpt_restart_fail(struct ckpt_restart *r)
{
	u32 i;

	scoped_guard(spinlock, &r->lock) {
		if (r->state != CKPT_LOADED)
			return;
		WRITE_ONCE(r->state, CKPT_FAILED);
		for (i = 0; i < r->nr_tasks; i++)
			if (r->members[i].task)
				kill_task(r->members[i].task);
	}
	wake_up_all(&r->ready);
	wake_up_all(&r->wait);
}

/* A process has closed the device, perhaps by dying. */
void ckpt_restart_closed(struct ckpt_restart *r)
{
	bool leader = task_tgid(current) == r->leader;

	if (READ_ONCE(r->state) != CKPT_LOADED)
		return;
	if (!leader && !(current->flags & PF_EXITING))
		return;
	ckpt_fail(r->ctl, 0, "pid %d: it %s before the restart was complete",
		  task_tgid_nr_ns(current, ns_of_pid(r->leader)), leader ? "left" : "ended");
	ckpt_restart_fail(r);
}

/* A member on its way to user space. */
struct member_work {
	struct callback_head work;
	struct ckpt_restart *r;
	struct ckpt_member *m;
	struct file *file;
};

static int become_ready(struct ckpt_restart *r, struct ckpt_member *m)
{
	int err;

	if (current->flags & PF_EXITING)
		return -EINTR;
	err = ckpt_restore_signals(r, m);
	if (err)
		return err;
	ckpt_restore_restart_block(m->record);
	scoped_guard(spinlock, &r->lock) {
		m->ready = true;
		WRITE_ONCE(r->nr_ready, r->nr_ready + 1);
	}
	wake_up_all(&r->ready);
	return wait_event_killable(r->wait, READ_ONCE(r->state) != CKPT_LOADED);
}

static void member_work(struct callback_head *work)
{
	struct member_work *w = container_of(work, struct member_work, work);
	int err = become_ready(w->r, w->m);

	if (err) {
		ckpt_fail(w->r->ctl, err, "pid %u: it was killed", le32_to_cpu(w->m->record->pid));
		ckpt_restart_fail(w->r);
	}
	if (READ_ONCE(w->r->state) == CKPT_WHOLE)
		/* an interrupted system call is looked at where signals are */
		set_thread_flag(TIF_SIGPENDING);
	else
		kill_task(current);
	fput(w->file);
	kfree(w);
}

/* Whether the caller can become @m: it is a process as fork(2) makes them. */
static int check_joiner(struct ckpt_restart *r, struct ckpt_member *m)
{
	u32 parent = le32_to_cpu(m->record->parent), pid;

	if (!checkpoint_restore_ns_capable(task_active_pid_ns(current)->user_ns))
		return -EPERM;
	if (!thread_group_empty(current) || current->ptrace ||
	    atomic_read(&current->mm->mm_users) > 1 ||
	    refcount_read(&current->sighand->count) > 1)
		return ckpt_fail(r->ctl, -EINVAL, "pid %u: it shares memory or is traced",
				 le32_to_cpu(m->record->pid));
	if (!parent)
		return 0;
	scoped_guard(rcu)
		pid = task_tgid_vnr(rcu_dereference(current->real_parent));
	if (pid != le32_to_cpu(r->members[parent - 1].record->pid))
		return ckpt_fail(r->ctl, -EINVAL, "pid %u: its parent is another one",
				 le32_to_cpu(m->record->pid));
	return 0;
}

static int attach(struct ckpt_restart *r, struct ckpt_member *m)
{
	struct pid_namespace *ns = task_active_pid_ns(current);

	guard(spinlock)(&r->lock);
	if (r->state != CKPT_LOADED)
		return -ECANCELED;
	if (m->task)
		return -EBUSY;
	if (!r->ns)
		r->ns = get_pid_ns(ns);
	if (r->ns != ns)
		return -EXDEV;
	m->task = get_task_struct(current);
	return 0;
}

static int restore(struct ckpt_restart *r, struct ckpt_member *m)
{
	const struct ckpt_task *t = m->record;

	return ckpt_restore_mm(r, r->mms[le32_to_cpu(t->mm) - 1]) ?:
	       ckpt_restore_files(r, t) ?:
	       ckpt_restore_task(r, t);
}

/**
 * ckpt_restart_join - make the caller the task of the image that has its pid
 * @r: the restart
 * @ctl_file: the open device
 *
 * Return: an error if the caller has no part in it; otherwise it does not
 * matter, as the caller's registers are replaced, or it is killed.
 */
int ckpt_restart_join(struct ckpt_restart *r, struct file *ctl_file)
{
	struct ckpt_member *m = find_member(r, task_tgid_vnr(current));
	struct member_work *w;
	int err;

	if (!m)
		return ckpt_fail(r->ctl, -ESRCH, "pid %d: the image has no such task",
				 task_tgid_vnr(current));
	err = check_joiner(r, m);
	if (!err)
		err = unshare_files() ?: unshare_fs_struct();
	if (err)
		return err;
	w = kzalloc_obj(*w);
	if (!w)
		return -ENOMEM;
	err = attach(r, m);
	if (err) {
		kfree(w);
		return err;
	}

	/* The caller's own reference goes with its open files. */
	get_file(ctl_file);
	err = restore(r, m);
	if (err) {
		ckpt_fail(r->ctl, err, "pid %u: error %d", le32_to_cpu(m->record->pid), -err);
		ckpt_restart_fail(r);
		kill_task(current);
		fput(ctl_file);
		kfree(w);
		return err;
	}
	w->r = r;
	w->m = m;
	w->file = ctl_file;
	init_task_work(&w->work, member_work);
	/* fails only for a task that has left do_exit() behind it */
	return task_work_add(current, &w->work, TWA_RESUME);
}

/* Puts @m into its session and process group, whose leaders have joined. */
static int place(struct ckpt_restart *r, struct ckpt_member *m)
{
	struct ckpt_member *session = find_member(r, le32_to_cpu(m->record->session));
	struct ckpt_member *group = find_member(r, le32_to_cpu(m->record->pgrp));
	u32 parent = le32_to_cpu(m->record->parent);
	struct signal_struct *sig = m->task->signal;
	struct pid *pids[PIDTYPE_MAX] = {}, *sid, *pgid;
	int err = 0;

	write_lock_irq(&tasklist_lock);
	if (m->task->exit_state || session->task->exit_state || group->task->exit_state) {
		err = -ESRCH;
		goto unlock;
	}
	sid = task_pid(session->task);
	pgid = task_pid(group->task);
	if (task_session(m->task) != sid)
		change_pid(pids, m->task, PIDTYPE_SID, sid);
	if (task_pgrp(m->task) != pgid)
		change_pid(pids, m->task, PIDTYPE_PGID, pgid);
	sig->leader = session == m;
	if (le32_to_cpu(m->record->flags) & CKPT_TASK_SUBREAPER)
		sig->is_child_subreaper = true;
	if (parent) {
		/* parents were placed before */
		struct signal_struct *above = r->members[parent - 1].task->signal;

		if (above->is_child_subreaper || above->has_child_subreaper)
			sig->has_child_subreaper = true;
	}
unlock:
	write_unlock_irq(&tasklist_lock);
	free_pids(pids);
	return err;
}

/* A member says that it is ready a moment before it sleeps. */
static int await_asleep(struct ckpt_restart *r, struct task_struct *task)
{
	while (!wait_task_inactive(task, TASK_UNINTERRUPTIBLE)) {
		if (READ_ONCE(r->state) != CKPT_LOADED)
			return -ECANCELED;
		if (fatal_signal_pending(current))
			return -EINTR;
		schedule_timeout_uninterruptible(1);
	}
	return 0;
}

static int finish(struct ckpt_restart *r, struct checkpoint_finish *arg)
{
	int err;
	u32 i;

	err = wait_event_interruptible(r->ready, READ_ONCE(r->nr_ready) == r->nr_tasks ||
				       READ_ONCE(r->state) != CKPT_LOADED);
	if (err)
		return -EINTR;
	if (READ_ONCE(r->state) != CKPT_LOADED)
		return -ECANCELED;
	for (i = 0; i < r->nr_tasks && !err; i++)
		err = place(r, &r->members[i]);
	if (!err)
		err = ckpt_read_pages(r, &arg->pages);
	if (!err)
		err = ckpt_seal_inodes(r);
	for (i = 0; i < r->nr_tasks && !err; i++) {
		err = await_asleep(r, r->members[i].task);
		if (!err)
			err = ckpt_restore_regs(r, &r->members[i]);
	}
	if (err)
		return err;
	scoped_guard(spinlock, &r->lock) {
		if (r->state != CKPT_LOADED)
			return -ECANCELED;
		WRITE_ONCE(r->state, CKPT_WHOLE);
	}
	wake_up_all(&r->wait);
	arg->bytes = r->stream.check.bytes;
	return 0;
}

/* Completes the restart, or gives it up. For the process in charge. */
int ckpt_restart_finish(struct ckpt_restart *r, struct checkpoint_finish *arg)
{
	int err = finish(r, arg);

	if (!err)
		return 0;
	if (err == -ERESTARTSYS)
		err = -EINTR;
	ckpt_fail(r->ctl, err, "error %d", -err);
	ckpt_restart_fail(r);
	return err;
}

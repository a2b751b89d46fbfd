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
#include <linux/rseq.h>
#include <linux/sched/exec_state.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/task_work.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include "checkpoint.h"

/* Everything but pages, of the largest tree that is meant: a bound, not a size. */
#define CKPT_LOAD_MAX	(256UL << 20)

int ckpt_stream_read(struct ckpt_stream *st, void *data, size_t len)
{
	struct kvec vec = { .iov_base = data, .iov_len = len };
	struct iov_iter iter;

	iov_iter_kvec(&iter, ITER_DEST, &vec, 1, len);
	return ckpt_stream_iter(st, &iter);
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

/* Notes a TASK: what is its process, and which tables it is the first to have. */
static void index_task(struct ckpt_restart *r, u32 n, struct ckpt_loaded *l)
{
	const struct ckpt_task *t = (void *)l->payload;
	u32 mm = le32_to_cpu(t->mm), fdtable = le32_to_cpu(t->fdtable);
	struct ckpt_member *m = &r->members[n];

	m->loaded = l;
	m->record = t;
	m->leader = &r->members[le32_to_cpu(t->leader) - 1];
	m->leader->nr_threads++;
	r->nr_pids += le32_to_cpu(t->nr_pids);
	ckpt_index_namespaces(r, m);
	if (mm)
		r->mm_owners[mm - 1] = m;
	if (ckpt_is_headless(m->leader) && m->leader != m)
		r->mm_owners[le32_to_cpu(m->leader->record->mm) - 1] = m;
	if (fdtable && !r->fdtable_owners[fdtable - 1])
		r->fdtable_owners[fdtable - 1] = m;
	ckpt_get_ids(&r->ids[n], &l->header, t);
}

/* Makes the tables by which objects are found. */
static int index_records(struct ckpt_restart *r)
{
	struct ckpt_check *c = &r->stream.check;
	struct ckpt_loaded *l;
	u32 n = 0, leader;

	r->nr_files = c->count[CKPT_FILE];
	r->nr_tasks = c->count[CKPT_TASK];
	r->files = kvcalloc(r->nr_files, sizeof(*r->files), GFP_KERNEL_ACCOUNT);
	r->fdtables = kvcalloc(c->count[CKPT_FDTABLE], sizeof(*r->fdtables), GFP_KERNEL_ACCOUNT);
	r->fdtable_owners = kvcalloc(c->count[CKPT_FDTABLE], sizeof(*r->fdtable_owners),
				     GFP_KERNEL_ACCOUNT);
	r->mms = kvcalloc(c->count[CKPT_MM], sizeof(*r->mms), GFP_KERNEL_ACCOUNT);
	r->mm_owners = kvcalloc(c->count[CKPT_MM], sizeof(*r->mm_owners), GFP_KERNEL_ACCOUNT);
	r->nr_namespaces = c->count[CKPT_NS];
	r->namespaces = kvcalloc(r->nr_namespaces, sizeof(*r->namespaces), GFP_KERNEL_ACCOUNT);
	r->members = kvcalloc(r->nr_tasks, sizeof(*r->members), GFP_KERNEL_ACCOUNT);
	r->nr_gone = c->count[CKPT_LEADER];
	r->nr_ids = r->nr_tasks + r->nr_gone;
	r->ids = kvcalloc(r->nr_ids, sizeof(*r->ids), GFP_KERNEL_ACCOUNT);
	r->gone = kvcalloc(r->nr_gone, sizeof(*r->gone), GFP_KERNEL_ACCOUNT);
	if (!r->files || !r->fdtables || !r->fdtable_owners || !r->mms || !r->mm_owners ||
	    !r->members || !r->ids || !r->namespaces || !r->gone)
		return -ENOMEM;
	leader = r->nr_tasks;
	list_for_each_entry(l, &r->records, node) {
		u32 id = le32_to_cpu(l->header.id);

		if (ckpt_type(l) == CKPT_FDTABLE)
			r->fdtables[id - 1] = l;
		if (ckpt_type(l) == CKPT_MM)
			r->mms[id - 1] = l;
		if (ckpt_type(l) == CKPT_NS)
			r->namespaces[id - 1].record = (void *)l->payload;
		if (ckpt_type(l) == CKPT_TASK)
			index_task(r, n++, l);
		if (ckpt_type(l) == CKPT_LEADER) {
			ckpt_get_leader_ids(&r->ids[leader], leader, (void *)l->payload);
			leader++;
		}
	}
	if (ckpt_check_tree(c, r->ids, r->nr_ids))
		return ckpt_fail(r->ctl, -EBADMSG, "%s", c->why);
	return 0;
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
	mutex_init(&r->opening);
	err = load_records(r);
	if (!err)
		err = index_records(r);
	if (!err)
		err = ckpt_make_families(r);
	ckpt_note_mounts(r);
	if (!err)
		err = ckpt_open_files(r);
	if (err) {
		ckpt_restart_free(r);
		return err == -ERESTARTSYS ? -EINTR : err;
	}
	arg->nr_tasks = r->nr_tasks;
	arg->nr_pids = r->nr_pids;
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
	ckpt_close_spares(r);
	ckpt_close_inodes(r);
	ckpt_put_namespaces(r);
	ckpt_put_made_families(r);
	list_for_each_entry_safe(l, next, &r->records, node)
		kvfree(l);
	kvfree(r->files);
	kvfree(r->fdtables);
	kvfree(r->fdtable_owners);
	kvfree(r->mms);
	kvfree(r->mm_owners);
	kvfree(r->members);
	kvfree(r->ids);
	kvfree(r->gone);
	ckpt_put_noted_mounts(r);
	fput(r->stream.file);
	put_pid(r->leader);
	if (r->ns)
		put_pid_ns(r->ns);
	kfree(r);
}

int ckpt_restart_tasks(struct ckpt_restart *r, struct checkpoint_tasks *arg)
{
	struct checkpoint_task __user *to = u64_to_user_ptr(arg->tasks);
	__u32 __user *pids = u64_to_user_ptr(arg->pids);
	const struct ckpt_task *t;
	u32 i, j;

	if (arg->count < r->nr_tasks || arg->nr_pids < r->nr_pids)
		return -ENOSPC;
	for (i = 0; i < r->nr_tasks; i++) {
		struct checkpoint_task task = {};

		t = r->members[i].record;
		task.pid = le32_to_cpu(t->pid);
		task.parent = i ? le32_to_cpu(t->parent) - 1 : 0;
		task.exit_signal = le32_to_cpu(t->exit_signal);
		if (!ckpt_is_leader(&r->members[i]))
			task.flags = CHECKPOINT_TASK_THREAD;
		task.init = ckpt_init_index(r, t);
		task.nr_pids = le32_to_cpu(t->nr_pids);
		task.cgroup = le32_to_cpu(t->cgroup);
		task.mnt = ckpt_mnt_number(r, t);
		task.owner = ckpt_pid_owner(r, i);
		if (copy_to_user(to + i, &task, sizeof(task)))
			return -EFAULT;
		for (j = 0; j < task.nr_pids; j++)
			if (put_user(le32_to_cpu(ckpt_pids(t)[j]), pids++))
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

/* Sleeps until @cond is true: 0, or until the restart has failed, or the caller is killed. */
#define await(r, cond)							\
	(wait_event_killable((r)->wait, (cond) || READ_ONCE((r)->state) != CKPT_LOADED) ? \
	 -EINTR : READ_ONCE((r)->state) == CKPT_FAILED ? -ECANCELED : 0)

static void set_ready(struct ckpt_restart *r, struct ckpt_member *m)
{
	scoped_guard(spinlock, &r->lock) {
		m->ready = true;
		WRITE_ONCE(r->nr_ready, r->nr_ready + 1);
		if (!ckpt_is_leader(m))
			WRITE_ONCE(m->leader->nr_ready, m->leader->nr_ready + 1);
	}
	wake_up_all(&r->wait);
	wake_up_all(&r->ready);
}

/* The first thread of a process, when its other threads are ready. */
static int finish_process(struct ckpt_restart *r, struct ckpt_member *m)
{
	int err;

	err = await(r, READ_ONCE(m->nr_ready) == m->nr_threads - 1);
	if (err)
		return err;
	/* reset whenever a thread's credentials changed */
	task_exec_state_set_dumpable(le32_to_cpu(m->record->dumpable));
	err = ckpt_make_timers(r, m);
	return err ?: ckpt_restore_process_signals(r, m);
}

static int become_ready(struct ckpt_restart *r, struct ckpt_member *m)
{
	int err;

	if (current->flags & PF_EXITING)
		return -EINTR;
	err = ckpt_restore_signals(r, m);
	if (!err && ckpt_is_leader(m))
		err = finish_process(r, m);
	if (err)
		return err;
	ckpt_restore_stop(m);
	if (ckpt_is_headless(m))
		return 0;
	set_ready(r, m);
	return await(r, false);
}

/*
 * The first thread starts the timers of its process, or the next if it has
 * ended; the others go on when that is done, as they might look at them.
 */
static void start_process(struct ckpt_restart *r, struct ckpt_member *m)
{
	struct ckpt_member *leader = m->leader;

	if (m != (ckpt_is_headless(leader) ? leader + 1 : leader)) {
		/* pairs with the release below */
		wait_event_killable(r->wait, smp_load_acquire(&leader->started));
		return;
	}
	ckpt_start_timers(r, leader);
	smp_store_release(&leader->started, true);	/* pairs with the acquire above */
	wake_up_all(&r->wait);
}

/* Nothing fails from here on. */
static void go_on(struct ckpt_restart *r, struct ckpt_member *m)
{
	ckpt_restore_restart_block(m->record);
	ckpt_register_rseq(m->record);
	start_process(r, m);
	/* an interrupted system call is looked at where signals are */
	set_thread_flag(TIF_SIGPENDING);
}

/* Ends the caller, the first thread of a process whose others live on. */
static void __noreturn end_headless(struct member_work *w)
{
	u32 status = le32_to_cpu(w->m->record->status);

	set_ready(w->r, w->m);
	fput(w->file);
	kfree(w);
	do_exit(status);
}

static void member_work(struct callback_head *work)
{
	struct member_work *w = container_of(work, struct member_work, work);
	struct ckpt_restart *r = w->r;
	int err;

	/* what comes behind the end of the caller would never be done */
	if (ckpt_is_headless(w->m) && work->next && !task_work_add(current, work, TWA_RESUME))
		return;
	if (ckpt_is_zombie(w->m)) {
		ckpt_restore_end(w->m->record);
		set_ready(r, w->m);
		goto out;
	}
	err = become_ready(r, w->m);
	if (err) {
		ckpt_fail(r->ctl, err, "pid %u: it was killed", le32_to_cpu(w->m->record->pid));
		ckpt_restart_fail(r);
	}
	if (!err && ckpt_is_headless(w->m))
		end_headless(w);
	if (READ_ONCE(r->state) == CKPT_WHOLE)
		go_on(r, w->m);
	else
		kill_task(current);
out:
	fput(w->file);
	kfree(w);
}

/* Whether a process other than the caller's has its memory. */
static bool shares_memory(void)
{
	struct task_struct *p, *t;

	/* others look at it for a moment: only then is it worth the search */
	if (atomic_read(&current->mm->mm_users) <= get_nr_threads(current))
		return false;
	guard(read_lock)(&tasklist_lock);
	for_each_process(p) {
		if (same_thread_group(p, current) || p->flags & PF_KTHREAD)
			continue;
		for_each_thread(p, t)
			if (READ_ONCE(t->mm) == current->mm)
				return true;
	}
	return false;
}

/* The pid of the process that made the caller, or of the thread if it knows. */
static bool is_made_by(const struct ckpt_member *maker, struct pid_namespace *ns)
{
	guard(rcu)();
	return task_pid_nr_ns(rcu_dereference(current->real_parent), ns) ==
	       le32_to_cpu(maker->record->pid);
}

/* Whether the caller can become @m: it is a process, or thread, as clone(2) makes them. */
static int check_joiner(struct ckpt_restart *r, struct ckpt_member *m)
{
	u32 pid = le32_to_cpu(m->record->pid), parent = le32_to_cpu(m->record->parent);
	struct pid_namespace *ns = ckpt_root_ns(m);
	int err;

	if (!ns)
		return ckpt_fail(r->ctl, -EINVAL, "pid %u: it has other pids", pid);
	if (!checkpoint_restore_ns_capable(task_active_pid_ns(current)->user_ns))
		return -EPERM;
	err = ckpt_check_pid_owner(r, m, ns);
	if (err)
		return err;
	if (thread_group_leader(current) != ckpt_is_leader(m) ||
	    task_tgid_nr_ns(current, ns) != le32_to_cpu(m->leader->record->pid))
		return ckpt_fail(r->ctl, -EINVAL, "pid %u: it is a thread of another process", pid);
	if (current->ptrace)
		return ckpt_fail(r->ctl, -EINVAL, "pid %u: it is traced", pid);
	/* the rest is of the process, and looked at when all of its threads are made */
	if (!ckpt_is_leader(m))
		return 0;
	if (refcount_read(&current->sighand->count) > get_nr_threads(current))
		return ckpt_fail(r->ctl, -EINVAL, "pid %u: it shares signal handlers", pid);
	if (get_nr_threads(current) != m->nr_threads)
		return ckpt_fail(r->ctl, -EINVAL, "pid %u: it has %d threads in place of %u", pid,
				 get_nr_threads(current), m->nr_threads);
	if (shares_memory())
		return ckpt_fail(r->ctl, -EINVAL, "pid %u: it shares memory", pid);
	if (parent && !is_made_by(&r->members[parent - 1], ns))
		return ckpt_fail(r->ctl, -EINVAL, "pid %u: its parent is another one", pid);
	return 0;
}

static int attach(struct ckpt_restart *r, struct ckpt_member *m)
{
	struct pid_namespace *ns = ckpt_root_ns(m);
	int err;

	scoped_guard(spinlock, &r->lock) {
		if (r->state != CKPT_LOADED)
			return -ECANCELED;
		if (m->task)
			return -EBUSY;
		if (!r->ns)
			r->ns = get_pid_ns(ns);
		if (r->ns != ns)
			return -EXDEV;
		err = ckpt_join_pid_namespace(r, m);
		if (err)
			return err;
		m->task = get_task_struct(current);
		WRITE_ONCE(m->leader->nr_joined, m->leader->nr_joined + 1);
	}
	wake_up_all(&r->wait);
	return 0;
}

/* Sleeps until it is made. */
int ckpt_await_namespace(struct ckpt_restart *r, struct ckpt_made_ns *made)
{
	return await(r, smp_load_acquire(&made->ns)); /* pairs with make_namespace() */
}

/* Says that who shares with @m can do so. */
static void set_restored(struct ckpt_restart *r, struct ckpt_member *m)
{
	smp_store_release(&m->restored, true);	/* pairs with await_restored() */
	wake_up_all(&r->wait);
}

static int await_restored(struct ckpt_restart *r, struct ckpt_member *m)
{
	return await(r, smp_load_acquire(&m->restored)); /* pairs with set_restored() */
}

/* The files of @m, the caller: as the image says, or those of whom it shares them with. */
static int restore_files(struct ckpt_restart *r, struct ckpt_member *m)
{
	struct ckpt_member *owner = r->fdtable_owners[le32_to_cpu(m->record->fdtable) - 1];

	if (owner == m)
		return ckpt_restore_files(r, m);
	/* it was taken before: tasks wait only for those before them */
	return await_restored(r, owner) ?: ckpt_adopt_files(owner->task);
}

static int restore_first(struct ckpt_restart *r, struct ckpt_member *m)
{
	/* Its other threads must not run in the memory that it gives up. */
	return await(r, READ_ONCE(m->nr_joined) == m->nr_threads) ?:
	       ckpt_restore_mm(r, r->mms[le32_to_cpu(m->record->mm) - 1]) ?:
	       ckpt_restore_actions(r, m) ?:
	       ckpt_restore_fs(r, m->record);
}

static int restore_thread(struct ckpt_restart *r, struct ckpt_member *m)
{
	int err = await_restored(r, m->leader);

	if (err)
		return err;
	if (le32_to_cpu(m->record->flags) & CKPT_TASK_OWN_FS)
		return ckpt_restore_fs(r, m->record);
	return ckpt_adopt_fs(m->leader->task);
}

/* Files may be of any mount namespace; to make one, nobody waits for any of them. */
static int await_mounts(struct ckpt_restart *r)
{
	return await(r, READ_ONCE(r->nr_mounted) == r->stream.check.mnt_namespaces);
}

static int restore(struct ckpt_restart *r, struct ckpt_member *m)
{
	int err;

	/* it is in the memory that the caller gives up */
	rseq_execve(current);
	if (ckpt_is_zombie(m))
		return ckpt_close_files() ?: ckpt_restore_task(r, m);
	err = ckpt_restore_namespaces(r, m) ?: ckpt_restore_mount_namespace(r, m) ?:
	      await_mounts(r);
	if (err)
		return err;
	err = ckpt_is_leader(m) ? restore_first(r, m) : restore_thread(r, m);
	if (!err)
		err = ckpt_is_headless(m) ? ckpt_close_files() : restore_files(r, m);
	if (!err)
		set_restored(r, m);
	return err ?: ckpt_restore_task(r, m);
}

/**
 * ckpt_restart_join - make the caller a task of the image
 * @r: the restart
 * @index: of the task
 * @ctl_file: the open device
 *
 * Return: an error if the caller has no part in it; otherwise it does not
 * matter, as the caller's registers are replaced, or it is killed.
 */
int ckpt_restart_join(struct ckpt_restart *r, unsigned long index, struct file *ctl_file)
{
	struct ckpt_member *m;
	struct member_work *w;
	int err;

	if (index >= r->nr_tasks)
		return -ESRCH;
	m = &r->members[index];
	err = check_joiner(r, m);
	if (!err)
		err = unshare_files() ?: unshare_fs_struct();
	if (err)
		return err;
	w = kzalloc_obj(*w);
	if (!w)
		return -ENOMEM;
	/* The caller's own reference goes with its open files. */
	get_file(ctl_file);
	err = attach(r, m);
	if (err)
		goto free;

	err = restore(r, m);
	if (err) {
		ckpt_fail(r->ctl, err, "pid %u: error %d", le32_to_cpu(m->record->pid), -err);
		ckpt_restart_fail(r);
		kill_task(current);
		goto free;
	}
	w->r = r;
	w->m = m;
	w->file = ctl_file;
	init_task_work(&w->work, member_work);
	/* fails only for a task that has left do_exit() behind it */
	return task_work_add(current, &w->work, TWA_RESUME);
free:
	fput(ctl_file);
	kfree(w);
	return err;
}

/* Whether it is to end before the others run. */
static bool has_ended(const struct ckpt_member *m)
{
	return ckpt_is_zombie(m) || ckpt_is_headless(m);
}

/* Whether it has died too early; under tasklist_lock. */
static bool is_gone(const struct ckpt_member *m)
{
	return m->task->exit_state && !has_ended(m);
}

/* The pid of a leader, which has joined or is gone; NULL if it has died. Under tasklist_lock. */
static struct pid *leader_pid(struct ckpt_restart *r, __le32 nr)
{
	const struct ckpt_ids *ids = ckpt_find_ids(r->ids, r->nr_ids, le32_to_cpu(nr));

	if (ids->gone)
		return r->gone[ids->index - r->nr_tasks];
	return is_gone(&r->members[ids->index]) ? NULL : task_pid(r->members[ids->index].task);
}

/* Puts @m into its session and process group, whose leaders have joined, or are gone. */
static int place(struct ckpt_restart *r, struct ckpt_member *m)
{
	u32 parent = le32_to_cpu(m->record->parent);
	struct signal_struct *sig = m->task->signal;
	struct pid *pids[PIDTYPE_MAX] = {}, *sid, *pgid;
	int err = 0;

	write_lock_irq(&tasklist_lock);
	sid = leader_pid(r, m->record->session);
	pgid = leader_pid(r, m->record->pgrp);
	if (is_gone(m) || !sid || !pgid) {
		err = -ESRCH;
		goto unlock;
	}
	if (task_session(m->task) != sid)
		change_pid(pids, m->task, PIDTYPE_SID, sid);
	if (task_pgrp(m->task) != pgid)
		change_pid(pids, m->task, PIDTYPE_PGID, pgid);
	sig->leader = m->record->session == m->record->pid;
	if (ckpt_is_zombie(m))
		m->task->exit_signal = le32_to_cpu(m->record->exit_signal);
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

/* Whether @m sleeps, or has ended as it should. */
static bool is_asleep(const struct ckpt_member *m)
{
	if (has_ended(m))
		return READ_ONCE(m->task->exit_state) == EXIT_ZOMBIE;
	return wait_task_inactive(m->task, TASK_UNINTERRUPTIBLE);
}

/* A member says that it is ready a moment before it sleeps. */
static int await_asleep(struct ckpt_restart *r, struct ckpt_member *m)
{
	while (!is_asleep(m)) {
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
		err = await_asleep(r, &r->members[i]);
	if (!err)
		err = ckpt_make_leaders(r);
	for (i = 0; i < r->nr_tasks && !err; i++)
		if (ckpt_is_leader(&r->members[i]))
			err = place(r, &r->members[i]);
	ckpt_drop_leaders(r);
	if (!err)
		err = ckpt_read_pages(r, &arg->pages);
	if (!err)
		err = ckpt_seal_inodes(r);
	ckpt_close_spares(r);
	for (i = 0; i < r->nr_tasks && !err; i++)
		if (!has_ended(&r->members[i]))
			err = ckpt_restore_regs(r, &r->members[i]) ?:
			      ckpt_restore_rseq(r, &r->members[i]);
	if (err)
		return err;
	ckpt_settle_users(r);
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

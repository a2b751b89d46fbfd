// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: signal handlers, masks, alternate stacks, and signals
 * that wait to be delivered
 */
#include <linux/sched/jobctl.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/signal.h>
#include <linux/slab.h>
#include "checkpoint.h"

static_assert(_NSIG == CKPT_NSIG);
static_assert(_NSIG_WORDS == 1);
static_assert(sizeof(kernel_siginfo_t) <= CKPT_SIGINFO_LEN);

static u32 count_queue(const struct sigpending *pending)
{
	struct sigqueue *q;
	u32 n = 0;

	list_for_each_entry(q, &pending->list, list)
		n++;
	/* a signal can wait without an entry, if there was no memory for one */
	return n + hweight64(pending->signal.sig[0]);
}

/* But for those of POSIX timers, which send them again. */
static void copy_queue(const struct sigpending *pending, bool shared,
		       struct ckpt_signal *to, u32 *n)
{
	u64 left = pending->signal.sig[0];
	struct sigqueue *q;
	int sig;

	list_for_each_entry(q, &pending->list, list) {
		left &= ~BIT_ULL(q->info.si_signo - 1);
		if (q->flags & SIGQUEUE_PREALLOC)
			continue;
		to[*n].signo = cpu_to_le32(q->info.si_signo);
		to[*n].shared = cpu_to_le32(shared);
		memcpy(to[(*n)++].info, &q->info, sizeof(q->info));
	}
	for (sig = 1; sig <= CKPT_NSIG; sig++) {
		kernel_siginfo_t info = { .si_signo = sig, .si_code = SI_USER };

		if (!(left & BIT_ULL(sig - 1)))
			continue;
		to[*n].signo = cpu_to_le32(sig);
		to[*n].shared = cpu_to_le32(shared);
		memcpy(to[(*n)++].info, &info, sizeof(info));
	}
}

static void copy_actions(const struct sighand_struct *hand, struct ckpt_sigaction *to)
{
	const struct sigaction *sa;
	int i;

	for (i = 0; i < CKPT_NSIG; i++) {
		sa = &hand->action[i].sa;
		to[i].handler = cpu_to_le64((unsigned long)sa->sa_handler);
		to[i].flags = cpu_to_le64(sa->sa_flags);
#ifdef __ARCH_HAS_SA_RESTORER
		to[i].restorer = cpu_to_le64((unsigned long)sa->sa_restorer);
#endif
		to[i].mask = cpu_to_le64(sa->sa_mask.sig[0]);
	}
}

/*
 * Takes what waits for the task, and what its process does with it if it is
 * the first thread. More may arrive meanwhile; then again.
 */
int ckpt_take_signals(struct ckpt_snapshot *s, struct task_struct *task)
{
	struct ckpt_signal *signals __free(kvfree) = NULL;
	struct ckpt_sigaction *actions = NULL;
	bool leads = thread_group_leader(task);
	unsigned long flags;
	u32 n, i, room = 0;

	if (leads) {
		actions = ckpt_record_add(&s->procs, CKPT_SIGACTIONS, 0,
					  CKPT_NSIG * sizeof(*actions));
		if (!actions)
			return -ENOMEM;
	}
	for (;;) {
		if (!lock_task_sighand(task, &flags))
			return -ESRCH;
		n = count_queue(&task->pending);
		if (leads)
			n += count_queue(&task->signal->shared_pending);
		if (n <= room)
			break;
		unlock_task_sighand(task, &flags);
		room = n + 16;
		kvfree(signals);
		signals = kvcalloc(room, sizeof(*signals), GFP_KERNEL_ACCOUNT);
		if (!signals)
			return -ENOMEM;
	}
	n = 0;
	/* what still waits for a thread that has ended never comes */
	if (room && !task->exit_state)
		copy_queue(&task->pending, false, signals, &n);
	if (leads) {
		copy_actions(task->sighand, actions);
		ckpt_note_real_timer(s, task);
		if (room)
			copy_queue(&task->signal->shared_pending, true, signals, &n);
	}
	unlock_task_sighand(task, &flags);

	for (i = 0; i < n; i++) {
		struct ckpt_signal *to = ckpt_record_add(&s->procs, CKPT_SIGNAL, 0, sizeof(*to));

		if (!to)
			return -ENOMEM;
		*to = signals[i];
	}
	return 0;
}

static int set_actions(const struct ckpt_sigaction *from)
{
	struct sigaction *sa;
	int i;

	for (i = 0; i < CKPT_NSIG; i++)
		if (sig_kernel_only(i + 1) && from[i].handler)
			return -EINVAL;
	guard(spinlock_irq)(&current->sighand->siglock);
	for (i = 0; i < CKPT_NSIG; i++) {
		sa = &current->sighand->action[i].sa;
		sa->sa_handler = (__sighandler_t)(unsigned long)le64_to_cpu(from[i].handler);
		sa->sa_flags = le64_to_cpu(from[i].flags) & UAPI_SA_FLAGS;
#ifdef __ARCH_HAS_SA_RESTORER
		sa->sa_restorer = (__sigrestore_t)(unsigned long)le64_to_cpu(from[i].restorer);
#endif
		sa->sa_mask.sig[0] = le64_to_cpu(from[i].mask);
		sigdelsetmask(&sa->sa_mask, sigmask(SIGKILL) | sigmask(SIGSTOP));
	}
	return 0;
}

static void set_masks(const struct ckpt_task *t)
{
	sigset_t mask = { .sig = { le64_to_cpu(t->sigmask) } };

	current->sas_ss_sp = le64_to_cpu(t->altstack);
	current->sas_ss_size = le64_to_cpu(t->altstack_size);
	current->sas_ss_flags = le32_to_cpu(t->altstack_flags) & (SS_DISABLE | SS_AUTODISARM);
	set_current_blocked(&mask);
	if (le32_to_cpu(t->flags) & CKPT_TASK_SIGMASK_SAVED) {
		current->saved_sigmask.sig[0] = le64_to_cpu(t->saved_sigmask);
		sigdelsetmask(&current->saved_sigmask, sigmask(SIGKILL) | sigmask(SIGSTOP));
		set_restore_sigmask();
	}
}

/* What waits for the caller was for the program that made it; not its death. */
static bool forget_pending(bool leads)
{
	struct signal_struct *sig = current->signal;

	guard(spinlock_irq)(&current->sighand->siglock);
	if (sig->flags & SIGNAL_GROUP_EXIT || __fatal_signal_pending(current))
		return false;
	flush_sigqueue(&current->pending);
	if (leads)
		flush_sigqueue(&sig->shared_pending);
	recalc_sigpending();
	return true;
}

static int queue_signal(const struct ckpt_signal *s)
{
	enum pid_type type = s->shared ? PIDTYPE_TGID : PIDTYPE_PID;
	kernel_siginfo_t info;
	int sig = le32_to_cpu(s->signo);

	if (sig_kernel_only(sig))
		return -EINVAL;
	memcpy(&info, s->info, sizeof(info));
	return do_send_sig_info(sig, &info, current, type);
}

/* Queues the signals of @m, the caller: those of the process, or of the thread. */
static int queue_signals(struct ckpt_restart *r, struct ckpt_member *m, bool shared)
{
	struct ckpt_loaded *l = m->loaded;
	const struct ckpt_signal *s;
	int err;

	list_for_each_entry_continue(l, &r->records, node) {
		if (ckpt_type(l) == CKPT_TASK || ckpt_type(l) > CKPT_SIGNAL)
			break;
		s = (void *)l->payload;
		if (ckpt_type(l) != CKPT_SIGNAL || !!s->shared != shared)
			continue;
		err = queue_signal(s);
		if (err)
			return ckpt_fail(r->ctl, err, "pid %u: a signal: error %d",
					 le32_to_cpu(m->record->pid), -err);
	}
	return 0;
}

/*
 * Restores the handlers of the process of which the caller, @m, is the first thread; the
 * others wait for that: a signal that has none yet, and is not blocked, would end it.
 */
int ckpt_restore_actions(struct ckpt_restart *r, struct ckpt_member *m)
{
	struct ckpt_loaded *l = m->loaded;
	int err;

	list_for_each_entry_continue(l, &r->records, node)
		if (ckpt_type(l) == CKPT_SIGACTIONS)
			break;
	err = set_actions((void *)l->payload);
	return err ? ckpt_fail(r->ctl, err, "pid %u: signal handlers: error %d",
			       le32_to_cpu(m->record->pid), -err) : 0;
}

/* Restores mask and waiting signals of the caller, @m, but not those of its process. */
int ckpt_restore_signals(struct ckpt_restart *r, struct ckpt_member *m)
{
	if (!forget_pending(ckpt_is_leader(m)))
		return -EINTR;
	set_masks(m->record);
	return queue_signals(r, m, false);
}

/*
 * Queues what was sent to the process of which the caller, @m, is the first
 * thread, once all of its threads have their masks: a signal that none of them
 * blocks would end it.
 */
int ckpt_restore_process_signals(struct ckpt_restart *r, struct ckpt_member *m)
{
	return queue_signals(r, m, true);
}

/*
 * Makes the caller, @m, stop before it gets to user space, as if its parent had
 * been told already; or notes what its parent has yet to be told.
 */
void ckpt_restore_stop(const struct ckpt_member *m)
{
	const struct ckpt_task *t = m->record;
	struct signal_struct *sig = current->signal;

	guard(spinlock_irq)(&current->sighand->siglock);
	if (t->state == cpu_to_le32(CKPT_TASK_STOPPED))
		task_set_jobctl_pending(current, JOBCTL_STOP_PENDING |
					le32_to_cpu(t->stop_signal));
	if (!ckpt_is_leader(m))
		return;
	if (t->state == cpu_to_le32(CKPT_TASK_STOPPED)) {
		signal_set_stop_flags(sig, SIGNAL_STOP_STOPPED);
		sig->group_exit_code = le32_to_cpu(t->status);
	} else if (le32_to_cpu(t->flags) & CKPT_TASK_CONTINUED) {
		signal_set_stop_flags(sig, SIGNAL_STOP_CONTINUED);
	}
}

/*
 * Makes the caller end as @t did, without a word to its parent, which has been
 * told: ckpt_restart_finish() gives it back its signal when it has.
 */
void ckpt_restore_end(const struct ckpt_task *t)
{
	struct signal_struct *sig = current->signal;

	write_lock_irq(&tasklist_lock);
	current->exit_signal = 0;
	write_unlock_irq(&tasklist_lock);

	guard(spinlock_irq)(&current->sighand->siglock);
	if (sig->flags & SIGNAL_GROUP_EXIT)
		return;
	sig->flags = SIGNAL_GROUP_EXIT;
	sig->group_exit_code = le32_to_cpu(t->status);
	sigaddset(&current->pending.signal, SIGKILL);
	set_thread_flag(TIF_SIGPENDING);
}

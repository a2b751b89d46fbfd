// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: signal handlers, masks, alternate stacks, and signals
 * that wait to be delivered
 */
#include <linux/sched/signal.h>
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

static bool copy_queue(const struct sigpending *pending, bool shared,
		       struct ckpt_signal *to, u32 *n)
{
	u64 left = pending->signal.sig[0];
	struct sigqueue *q;
	int sig;

	list_for_each_entry(q, &pending->list, list) {
		if (q->flags & SIGQUEUE_PREALLOC)
			return false;
		to[*n].signo = cpu_to_le32(q->info.si_signo);
		to[*n].shared = cpu_to_le32(shared);
		memcpy(to[(*n)++].info, &q->info, sizeof(q->info));
		left &= ~BIT_ULL(q->info.si_signo - 1);
	}
	for (sig = 1; sig <= CKPT_NSIG; sig++) {
		kernel_siginfo_t info = { .si_signo = sig, .si_code = SI_USER };

		if (!(left & BIT_ULL(sig - 1)))
			continue;
		to[*n].signo = cpu_to_le32(sig);
		to[*n].shared = cpu_to_le32(shared);
		memcpy(to[(*n)++].info, &info, sizeof(info));
	}
	return true;
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

/* Takes handlers and waiting signals. More may arrive meanwhile; then again. */
int ckpt_take_signals(struct ckpt_snapshot *s, struct task_struct *task)
{
	struct ckpt_signal *signals __free(kvfree) = NULL;
	struct ckpt_sigaction *actions;
	unsigned long flags;
	u32 n, i, room = 0;
	bool known = true;

	actions = ckpt_record_add(&s->procs, CKPT_SIGACTIONS, 0, CKPT_NSIG * sizeof(*actions));
	if (!actions)
		return -ENOMEM;
	for (;;) {
		if (!lock_task_sighand(task, &flags))
			return -ESRCH;
		n = count_queue(&task->pending) + count_queue(&task->signal->shared_pending);
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
	copy_actions(task->sighand, actions);
	if (room)
		known = copy_queue(&task->pending, false, signals, &n) &&
			copy_queue(&task->signal->shared_pending, true, signals, &n);
	unlock_task_sighand(task, &flags);
	if (!known)
		return ckpt_refuse(s, task, "the signal of a POSIX timer is");

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
static bool forget_pending(void)
{
	struct signal_struct *sig = current->signal;

	guard(spinlock_irq)(&current->sighand->siglock);
	if (sig->flags & SIGNAL_GROUP_EXIT || __fatal_signal_pending(current))
		return false;
	flush_sigqueue(&current->pending);
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

/* Restores handlers, masks and waiting signals of the caller, @m. */
int ckpt_restore_signals(struct ckpt_restart *r, struct ckpt_member *m)
{
	struct ckpt_loaded *l = m->loaded;
	int err = 0;

	if (!forget_pending())
		return -EINTR;
	list_for_each_entry_continue(l, &r->records, node) {
		if (ckpt_type(l) == CKPT_REGS)
			continue;
		if (ckpt_type(l) == CKPT_SIGACTIONS) {
			err = set_actions((void *)l->payload);
			if (!err)
				set_masks(m->record);
		} else if (ckpt_type(l) == CKPT_SIGNAL) {
			err = queue_signal((void *)l->payload);
		} else {
			break;
		}
		if (err)
			return ckpt_fail(r->ctl, err, "pid %u: a signal: error %d",
					 le32_to_cpu(m->record->pid), -err);
	}
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: interval timers and POSIX timers
 *
 * Kept is what is left of their time: while a process is nothing but an image,
 * its time stands still. They are made while a restart can still fail, and
 * started when it no longer can.
 */
#include <linux/checkpoint.h>
#include <linux/hrtimer.h>
#include <linux/pid_namespace.h>
#include <linux/posix-timers.h>
#include <linux/sched/cputime.h>
#include <linux/sched/signal.h>
#include <linux/time.h>
#include "../time/posix-timers.h"
#include "checkpoint.h"

static bool is_pending(const struct k_itimer *timer)
{
	return !list_empty(&timer->sigq.list);
}

/* The clocks that mean the same to every thread of a process, now and later. */
static bool is_known_clock(clockid_t clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME ||
	       clock == CLOCK_TAI || clock == CLOCK_PROCESS_CPUTIME_ID;
}

/* The clock as timer_create(2) was given it: for CPU time it keeps another number. */
static clockid_t given_clock(const struct k_itimer *timer)
{
	if (timer->it_clock == make_process_cpuclock(0, CPUCLOCK_SCHED))
		return CLOCK_PROCESS_CPUTIME_ID;
	return timer->it_clock;
}

static struct ckpt_timer *new_record(struct ckpt_snapshot *s, u32 kind)
{
	struct ckpt_timer *t = ckpt_record_add(&s->procs, CKPT_TIMER, 0, sizeof(*t));

	if (t)
		t->kind = cpu_to_le32(kind);
	return t;
}

static int take_interval(struct ckpt_snapshot *s, u32 kind, bool armed, s64 left, s64 interval)
{
	struct ckpt_timer *t;

	if (!armed && !interval)
		return 0;
	t = new_record(s, kind);
	if (!t)
		return -ENOMEM;
	t->armed = cpu_to_le32(armed);
	/* one that is about to expire does so at once */
	t->left = cpu_to_le64(armed ? max(left, 1LL) : 0);
	t->interval = cpu_to_le64(interval);
	return 0;
}

/*
 * Notes ITIMER_REAL, which goes on while its process stands still: together
 * with the signals, so that it either has expired or will, and not both. The
 * caller holds the lock of the signal handlers.
 */
void ckpt_note_real_timer(struct ckpt_snapshot *s, struct task_struct *task)
{
	struct signal_struct *sig = task->signal;

	s->real.armed = hrtimer_active(&sig->real_timer);
	s->real.left = ktime_to_ns(hrtimer_get_remaining(&sig->real_timer));
	s->real.interval = ktime_to_ns(sig->it_real_incr);
}

/* The timers of setitimer(2). */
static int take_intervals(struct ckpt_snapshot *s, struct task_struct *task)
{
	static const u32 kinds[] = {
		[CPUCLOCK_PROF] = CKPT_TIMER_PROF,
		[CPUCLOCK_VIRT] = CKPT_TIMER_VIRTUAL,
	};
	u64 used[CPUCLOCK_MAX] = {};
	struct cpu_itimer it[2];
	unsigned long flags;
	int i, err;

	if (!lock_task_sighand(task, &flags))
		return -ESRCH;
	memcpy(it, task->signal->it, sizeof(it));
	if (it[0].expires || it[1].expires)
		thread_group_sample_cputime(task, used);
	unlock_task_sighand(task, &flags);
	err = take_interval(s, CKPT_TIMER_REAL, s->real.armed, s->real.left, s->real.interval);
	for (i = 0; i < ARRAY_SIZE(it) && !err; i++)
		err = take_interval(s, kinds[i], it[i].expires, it[i].expires - used[i],
				    it[i].incr);
	return err;
}

static void note_posix(struct task_struct *task, struct k_itimer *timer, struct ckpt_timer *t)
{
	struct pid_namespace *ns = task_active_pid_ns(task);
	struct itimerspec64 now = {};
	s64 left, interval;

	guard(spinlock_irq)(&timer->it_lock);
	timer->kclock->timer_get(timer, &now);
	left = timespec64_to_ns(&now.it_value);
	interval = ktime_to_ns(timer->it_interval);
	if (is_pending(timer) || timer->it_status == POSIX_TIMER_REQUEUE_PENDING) {
		/* It expired as many intervals ago as it would count when its signal comes. */
		left = interval ? left - (timer->it_overrun + 1) * interval : -1;
		t->armed = cpu_to_le32(1);
	} else {
		t->armed = cpu_to_le32(!!left);
	}
	t->id = cpu_to_le32(timer->it_id);
	t->clock = cpu_to_le32(given_clock(timer));
	t->notify = cpu_to_le32(timer->it_sigev_notify);
	if (timer->it_sigev_notify != SIGEV_NONE)
		t->signo = cpu_to_le32(timer->sigq.info.si_signo);
	/* none: it has been waited for meanwhile */
	if (timer->it_pid_type == PIDTYPE_PID && ns)
		t->thread = cpu_to_le32(pid_nr_ns(timer->it_pid, ns));
	t->overrun = cpu_to_le32(clamp(timer->it_overrun_last, 0LL, (s64)INT_MAX));
	t->value = cpu_to_le64((unsigned long)timer->sigq.info.si_value.sival_ptr);
	t->left = cpu_to_le64(left);
	t->interval = cpu_to_le64(interval);
}

static u32 count_posix(struct task_struct *task)
{
	struct k_itimer *timer;
	u32 n = 0;

	guard(rcu)();
	hlist_for_each_entry_rcu(timer, &task->signal->posix_timers, list)
		n++;
	return n;
}

/* The timers of timer_create(2). */
static int take_posix(struct ckpt_snapshot *s, struct task_struct *task)
{
	struct ckpt_timer *notes __free(kvfree) = NULL, *t;
	u32 room = count_posix(task), n = 0, i;
	clockid_t unknown = 0;
	struct k_itimer *timer;

	if (!room)
		return 0;
	notes = kvcalloc(room, sizeof(*notes), GFP_KERNEL_ACCOUNT);
	if (!notes)
		return -ENOMEM;
	scoped_guard(rcu) {
		hlist_for_each_entry_rcu(timer, &task->signal->posix_timers, list) {
			if (n == room)
				break;
			if (!is_known_clock(given_clock(timer)))
				unknown = timer->it_clock;
			note_posix(task, timer, &notes[n++]);
		}
	}
	if (unknown)
		return ckpt_refuse(s, task, "a timer of clock %d is", unknown);
	for (i = 0; i < n; i++) {
		t = new_record(s, CKPT_TIMER_POSIX);
		if (!t)
			return -ENOMEM;
		notes[i].kind = t->kind;
		*t = notes[i];
	}
	return 0;
}

/* Takes the timers of the process of which @task is the first thread. */
int ckpt_take_timers(struct ckpt_snapshot *s, struct task_struct *task)
{
	if (task->signal->timer_create_restore_ids)
		return ckpt_refuse(s, task, "PR_TIMER_CREATE_RESTORE_IDS is");
	return take_intervals(s, task) ?: take_posix(s, task);
}

static int make_posix(struct ckpt_restart *r, u32 pid, const struct ckpt_timer *t)
{
	struct sigevent event = {
		.sigev_notify = le32_to_cpu(t->notify),
		.sigev_signo = le32_to_cpu(t->signo),
	};
	timer_t id = le32_to_cpu(t->id);
	int err;

	event.sigev_value.sival_ptr = (void __user *)(unsigned long)le64_to_cpu(t->value);
	event.sigev_notify_thread_id = le32_to_cpu(t->thread);
	if (!is_known_clock(le32_to_cpu(t->clock)))
		err = -EINVAL;
	else
		err = do_timer_create(le32_to_cpu(t->clock), &event, id, NULL);
	return err ? ckpt_fail(r->ctl, err, "pid %u: timer %d: error %d", pid, id, -err) : 0;
}

/* The next TIMER behind @l that belongs to the same process, or NULL. */
static struct ckpt_loaded *next_timer(struct ckpt_restart *r, struct ckpt_loaded *l)
{
	list_for_each_entry_continue(l, &r->records, node) {
		if (ckpt_type(l) == CKPT_TASK || ckpt_type(l) > CKPT_TIMER)
			break;
		if (ckpt_type(l) == CKPT_TIMER)
			return l;
	}
	return NULL;
}

/* Makes the POSIX timers of the caller, @m, which is the first thread of its process. */
int ckpt_make_timers(struct ckpt_restart *r, struct ckpt_member *m)
{
	const struct ckpt_timer *t;
	struct ckpt_loaded *l;
	int err;

	for (l = next_timer(r, m->loaded); l; l = next_timer(r, l)) {
		t = (void *)l->payload;
		if (t->kind != cpu_to_le32(CKPT_TIMER_POSIX))
			continue;
		err = make_posix(r, le32_to_cpu(m->record->pid), t);
		if (err)
			return err;
	}
	return 0;
}

static struct itimerspec64 timer_spec(s64 value, s64 interval)
{
	return (struct itimerspec64){
		.it_value = ns_to_timespec64(value),
		.it_interval = ns_to_timespec64(interval),
	};
}

/* Once its signal is sent, it expires on the beat that it had. */
static void start_posix(const struct ckpt_timer *t)
{
	timer_t id = le32_to_cpu(t->id);
	struct itimerspec64 spec;
	struct k_itimer *timer;
	struct timespec64 now;
	s64 at, left = le64_to_cpu(t->left);

	hlist_for_each_entry(timer, &current->signal->posix_timers, list)
		if (timer->it_id == id)
			break;
	if (!timer)
		return;
	timer->it_overrun_last = le32_to_cpu(t->overrun);
	if (!t->armed) {
		timer->it_interval = ns_to_ktime(le64_to_cpu(t->interval));
		return;
	}
	timer->kclock->clock_get_timespec(timer->it_clock, &now);
	at = timespec64_to_ns(&now);
	at = left > 0 ? ktime_add_safe(at, left) : at + left;
	spec = timer_spec(max(at, 1LL), le64_to_cpu(t->interval));
	do_timer_settime(id, TIMER_ABSTIME, &spec, NULL);
	/* what has expired sends its signal now, and not with the next interrupt */
	if (left <= 0 && timer->it_clock >= 0 && hrtimer_cancel(&timer->it.real.timer)) {
		guard(spinlock_irq)(&timer->it_lock);
		posix_timer_queue_signal(timer);
	}
}

static void start_interval(const struct ckpt_timer *t)
{
	static const int which[] = {
		[CKPT_TIMER_REAL] = ITIMER_REAL,
		[CKPT_TIMER_VIRTUAL] = ITIMER_VIRTUAL,
		[CKPT_TIMER_PROF] = ITIMER_PROF,
	};
	struct itimerspec64 spec = timer_spec(le64_to_cpu(t->left), le64_to_cpu(t->interval));

	if (t->armed) {
		do_setitimer(which[le32_to_cpu(t->kind)], &spec, NULL);
		return;
	}
	/* ITIMER_REAL has expired, and is armed again when its signal is taken */
	guard(spinlock_irq)(&current->sighand->siglock);
	if (t->kind == cpu_to_le32(CKPT_TIMER_REAL))
		current->signal->it_real_incr = ns_to_ktime(le64_to_cpu(t->interval));
}

/* Starts the timers of the caller, @m: from here on nothing fails any more. */
void ckpt_start_timers(struct ckpt_restart *r, struct ckpt_member *m)
{
	const struct ckpt_timer *t;
	struct ckpt_loaded *l;

	for (l = next_timer(r, m->loaded); l; l = next_timer(r, l)) {
		t = (void *)l->payload;
		if (t->kind == cpu_to_le32(CKPT_TIMER_POSIX))
			start_posix(t);
		else
			start_interval(t);
	}
}

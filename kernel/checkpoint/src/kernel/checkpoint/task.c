// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: what belongs to a task itself
 */
#include <linux/capability.h>
#include <linux/checkpoint.h>
#include <linux/cred.h>
#include <linux/fs_struct.h>
#include <linux/ktime.h>
#include <linux/oom.h>
#include <linux/personality.h>
#include <linux/pid_namespace.h>
#include <linux/posix-timers.h>
#include <linux/resource.h>
#include <linux/sched/coredump.h>
#include <linux/sched/prio.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sched/user.h>
#include <linux/securebits.h>
#include <linux/timekeeping.h>
#include <linux/tty.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>
#include <uapi/linux/sched/types.h>
#include "../futex/futex.h"
#include "checkpoint.h"

static_assert(sizeof_field(struct ckpt_task, rlimits) == 2 * sizeof(__le64) * RLIM_NLIMITS);
static_assert(sizeof_field(struct ckpt_task, comm) == TASK_COMM_LEN);

/* Times are kept as what is left of them. */
static __le64 time_left(ktime_t until, ktime_t now)
{
	return cpu_to_le64(ktime_to_ns(ktime_sub(until, now)));
}

/* What was left may be less than nothing: the time had come, but not the task. */
static ktime_t time_until(ktime_t now, s64 left)
{
	return ktime_add_safe(now, ns_to_ktime(max(left, 0LL)));
}

/* The clocks that nanosleep(2) ends up with; false for another. */
static bool clock_now(clockid_t clock, ktime_t *now)
{
	switch (clock) {
	case CLOCK_MONOTONIC:
		*now = ktime_get();
		return true;
	case CLOCK_BOOTTIME:
		*now = ktime_get_boottime();
		return true;
	case CLOCK_REALTIME:
		*now = ktime_get_real();
		return true;
	case CLOCK_TAI:
		*now = ktime_get_clocktai();
		return true;
	default:
		return false;
	}
}

#define FUTEX_RESTART_FLAGS	(FLAGS_SIZE_32 | FLAGS_SHARED | FLAGS_CLOCKRT | FLAGS_HAS_TIMEOUT)

/* A system call that was interrupted, and goes on with what is kept here. */
static int take_restart_block(struct ckpt_snapshot *s, struct task_struct *task,
			      struct ckpt_task *t)
{
	struct restart_block *b = &task->restart_block;
	__le64 *arg = t->restart_arg;
	ktime_t now;

	if (b->fn == do_no_restart_syscall)
		return 0;
	if (b->fn == hrtimer_nanosleep_restart && clock_now(b->nanosleep.clockid, &now)) {
		t->restart = cpu_to_le32(CKPT_RESTART_NANOSLEEP);
		arg[0] = cpu_to_le64(b->nanosleep.clockid);
		arg[1] = cpu_to_le64((unsigned long)b->nanosleep.rmtp);
		arg[2] = cpu_to_le64(b->nanosleep.type);
		arg[3] = time_left(b->nanosleep.expires, now);
		return 0;
	}
	if (b->fn == do_restart_poll) {
		t->restart = cpu_to_le32(CKPT_RESTART_POLL);
		arg[0] = cpu_to_le64((unsigned long)b->poll.ufds);
		arg[1] = cpu_to_le64(b->poll.nfds);
		arg[2] = cpu_to_le64(b->poll.has_timeout);
		if (b->poll.has_timeout)
			arg[3] = time_left(timespec64_to_ktime(b->poll.end_time), ktime_get());
		return 0;
	}
	if (b->fn == futex_wait_restart && b->futex.flags & FLAGS_HAS_TIMEOUT &&
	    !(b->futex.flags & ~FUTEX_RESTART_FLAGS)) {
		bool real = b->futex.flags & FLAGS_CLOCKRT;

		t->restart = cpu_to_le32(CKPT_RESTART_FUTEX);
		arg[0] = cpu_to_le64((unsigned long)b->futex.uaddr);
		arg[1] = cpu_to_le64(b->futex.val);
		arg[2] = cpu_to_le64(b->futex.bitset);
		arg[3] = real ? cpu_to_le64(b->futex.time) : time_left(b->futex.time, ktime_get());
		arg[4] = cpu_to_le64((b->futex.flags & FLAGS_SHARED ? CKPT_FUTEX_SHARED : 0) |
				     (real ? CKPT_FUTEX_REALTIME : 0));
		return 0;
	}
	return ckpt_refuse(s, task, "the interrupted system call %ps is", b->fn);
}

/* Sets how the caller's system call goes on. */
void ckpt_restore_restart_block(const struct ckpt_task *t)
{
	struct restart_block *b = &current->restart_block;
	u64 arg[5];
	ktime_t now;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(arg); i++)
		arg[i] = le64_to_cpu(t->restart_arg[i]);
	b->fn = do_no_restart_syscall;
	switch (le32_to_cpu(t->restart)) {
	case CKPT_RESTART_NANOSLEEP:
		if (!clock_now(arg[0], &now))
			return;
		b->nanosleep.clockid = arg[0];
		b->nanosleep.rmtp = (void __user *)(unsigned long)arg[1];
		b->nanosleep.type = arg[2] == TT_NATIVE ? TT_NATIVE : TT_NONE;
		b->nanosleep.expires = time_until(now, arg[3]);
		set_restart_fn(b, hrtimer_nanosleep_restart);
		return;
	case CKPT_RESTART_POLL:
		b->poll.ufds = (void __user *)(unsigned long)arg[0];
		b->poll.nfds = arg[1];
		b->poll.has_timeout = !!arg[2];
		now = time_until(ktime_get(), arg[3]);
		b->poll.end_time = ktime_to_timespec64(now);
		set_restart_fn(b, do_restart_poll);
		return;
	case CKPT_RESTART_FUTEX:
		b->futex.uaddr = (void __user *)(unsigned long)arg[0];
		b->futex.val = arg[1];
		b->futex.bitset = arg[2];
		b->futex.flags = FLAGS_SIZE_32 | FLAGS_HAS_TIMEOUT;
		if (arg[4] & CKPT_FUTEX_SHARED)
			b->futex.flags |= FLAGS_SHARED;
		if (arg[4] & CKPT_FUTEX_REALTIME) {
			b->futex.flags |= FLAGS_CLOCKRT;
			b->futex.time = ns_to_ktime(arg[3]);
		} else {
			b->futex.time = time_until(ktime_get(), arg[3]);
		}
		set_restart_fn(b, futex_wait_restart);
	}
}

static int take_cred(struct ckpt_snapshot *s, struct task_struct *task,
		     const struct cred *cred, struct ckpt_task *t)
{
	const kuid_t uid[] = { cred->uid, cred->euid, cred->suid, cred->fsuid };
	const kgid_t gid[] = { cred->gid, cred->egid, cred->sgid, cred->fsgid };
	const kernel_cap_t caps[] = { cred->cap_inheritable, cred->cap_permitted,
				      cred->cap_effective, cred->cap_bset, cred->cap_ambient };
	struct user_namespace *ns = current_user_ns();
	bool mapped = true;
	int i;

	for (i = 0; i < 4; i++) {
		mapped &= kuid_has_mapping(ns, uid[i]) && kgid_has_mapping(ns, gid[i]);
		t->uid[i] = cpu_to_le32(from_kuid(ns, uid[i]));
		t->gid[i] = cpu_to_le32(from_kgid(ns, gid[i]));
	}
	for (i = 0; i < cred->group_info->ngroups; i++) {
		mapped &= kgid_has_mapping(ns, cred->group_info->gid[i]);
		t->data[i] = cpu_to_le32(from_kgid(ns, cred->group_info->gid[i]));
	}
	for (i = 0; i < 5; i++)
		t->caps[i] = cpu_to_le64(caps[i].val);
	t->securebits = cpu_to_le32(cred->securebits);
	return mapped ? 0 : ckpt_refuse(s, task, "a user or group unknown to the caller is");
}

static void take_rlimits(struct task_struct *task, struct ckpt_task *t)
{
	struct rlimit limit;
	int i;

	for (i = 0; i < CKPT_RLIMITS; i++) {
		do_prlimit(task, i, NULL, &limit);
		t->rlimits[i][0] = cpu_to_le64(limit.rlim_cur);
		t->rlimits[i][1] = cpu_to_le64(limit.rlim_max);
	}
}

static u32 task_flags(struct task_struct *task, struct task_struct *head, bool leads)
{
	struct signal_struct *sig = task->signal;
	u32 flags = 0;

	if (task_no_new_privs(task))
		flags |= CKPT_TASK_NO_NEW_PRIVS;
	if (task->sched_reset_on_fork)
		flags |= CKPT_TASK_RESET_ON_FORK;
	if (test_tsk_restore_sigmask(task))
		flags |= CKPT_TASK_SIGMASK_SAVED;
	if (!leads && task->fs != head->fs)
		flags |= CKPT_TASK_OWN_FS;
	if (leads && sig->is_child_subreaper)
		flags |= CKPT_TASK_SUBREAPER;
	if (leads && sig->flags & SIGNAL_STOP_CONTINUED)
		flags |= CKPT_TASK_CONTINUED;
	return flags;
}

/* How it ended or stopped, as far as its parent has not been told. */
static void take_state(struct task_struct *task, struct ckpt_task *t)
{
	struct signal_struct *sig = task->signal;
	u32 state = CKPT_TASK_LIVE, status = 0;

	if (task->exit_state) {
		state = ckpt_lives_headless(task) ? CKPT_TASK_HEADLESS : CKPT_TASK_ZOMBIE;
		status = sig->flags & SIGNAL_GROUP_EXIT ? sig->group_exit_code : task->exit_code;
	} else if (task->jobctl & JOBCTL_STOPPED) {
		state = CKPT_TASK_STOPPED;
		status = thread_group_leader(task) ? sig->group_exit_code : 0;
		t->stop_signal = cpu_to_le32(task->jobctl & JOBCTL_STOP_SIGMASK);
	}
	t->state = cpu_to_le32(state);
	t->status = cpu_to_le32(status);
}

/* What is of the whole process. */
static void take_process(struct ckpt_snapshot *s, struct task_struct *task, struct ckpt_task *t)
{
	struct signal_struct *sig = task->signal;

	scoped_guard(rcu) {
		t->pgrp = cpu_to_le32(task_pgrp_nr_ns(task, s->ns));
		t->session = cpu_to_le32(task_session_nr_ns(task, s->ns));
	}
	t->exit_signal = cpu_to_le32(task->exit_signal);
	t->dumpable = cpu_to_le32(task_exec_state_get_dumpable(task));
	t->oom_score_adj = cpu_to_le32(sig->oom_score_adj);
	t->oom_score_adj_min = cpu_to_le32(sig->oom_score_adj_min);
	take_rlimits(task, t);
}

static void take_thread(struct task_struct *task, struct ckpt_task *t)
{
	t->personality = cpu_to_le32(task->personality);
	t->pdeath_signal = cpu_to_le32(task->pdeath_signal);
	t->policy = cpu_to_le32(task->policy);
	t->nice = cpu_to_le32(task_nice(task));
	t->rt_priority = cpu_to_le32(task->rt_priority);
	t->altstack_flags = cpu_to_le32(task->sas_ss_flags);
	t->timer_slack = cpu_to_le64(task->timer_slack_ns);
	t->default_timer_slack = cpu_to_le64(task->default_timer_slack_ns);
	t->altstack = cpu_to_le64(task->sas_ss_sp);
	t->altstack_size = cpu_to_le64(task->sas_ss_size);
	t->clear_child_tid = cpu_to_le64((unsigned long)task->clear_child_tid);
	t->robust_list = cpu_to_le64((unsigned long)task->futex.robust_list);
	t->sigmask = cpu_to_le64(task->blocked.sig[0]);
	t->saved_sigmask = cpu_to_le64(task->saved_sigmask.sig[0]);
	get_task_comm(t->comm, task);
}

static u32 affinity_words(struct task_struct *task)
{
	return task->user_cpus_ptr ? DIV_ROUND_UP(nr_cpu_ids, 32) : 0;
}

/* The mask that was asked for: those of the cpuset may be fewer. */
static int take_affinity(struct task_struct *task, __le32 *to)
{
	unsigned int cpu;

	/* the mask is freed by who changes it, which should nobody do now */
	guard(raw_spinlock_irq)(&task->pi_lock);
	if (!task->user_cpus_ptr)
		return -ESRCH;
	for_each_cpu(cpu, task->user_cpus_ptr)
		to[cpu / 32] |= cpu_to_le32(1U << cpu % 32);
	return 0;
}

/**
 * ckpt_take_task - take what belongs to a task itself
 * @s: what is taken
 * @index: of the task in the tree
 * @cwd: its current directory, or its process's, a FILE; 0 for a zombie
 */
int ckpt_take_task(struct ckpt_snapshot *s, u32 index, u32 cwd)
{
	struct ckpt_tree_task *from = &s->tasks[index];
	struct task_struct *task = from->task;
	const struct cred *cred __free(put_cred) = get_task_cred(task);
	u32 groups = cred->group_info->ngroups, cpus = affinity_words(task);
	bool leads = ckpt_leads(s, index), headless = ckpt_lives_headless(task);
	struct task_struct *head = ckpt_living(s, index);
	u32 pids = ckpt_nr_pids(s, task);
	struct ckpt_task *t;
	u32 role;
	int err;

	if (cpus > CKPT_CPUS_MAX / 32)
		return ckpt_refuse(s, task, "an affinity to over %d CPUs is", CKPT_CPUS_MAX);
	t = ckpt_record_add(&s->procs, CKPT_TASK, index + 1,
			    sizeof(*t) + 4 * (groups + cpus + pids));
	if (!t)
		return -ENOMEM;
	scoped_guard(rcu)
		t->pid = cpu_to_le32(task_pid_nr_ns(task, s->ns));
	t->parent = cpu_to_le32(index ? from->parent + 1 : 0);
	t->leader = cpu_to_le32(from->leader + 1);
	t->mm = cpu_to_le32(from->mm);
	t->fdtable = cpu_to_le32(from->fdtable);
	t->cwd = cpu_to_le32(cwd);
	t->root = cpu_to_le32(from->root);
	for (role = 0; role < CKPT_NR_ROLES; role++)
		t->ns[role] = cpu_to_le32(from->ns[role]);
	t->nr_groups = cpu_to_le32(groups);
	t->nr_cpus = cpu_to_le32(cpus);
	t->nr_pids = cpu_to_le32(pids);
	t->cgroup = cpu_to_le32(from->cgroup);
	t->exec_user = cpu_to_le32(from->exec_user);
	t->pid_owner = cpu_to_le32(index ? 0 : s->pid_owner);
	ckpt_take_pids(s, task, t->data + groups + cpus);
	if (cpus && take_affinity(task, t->data + groups))
		return -ESRCH;
	take_state(task, t);
	take_thread(task, t);
	if (leads)
		take_process(s, task, t);
	err = take_cred(s, task, cred, t);
	if (err || head->exit_state)
		return err;
	t->flags = cpu_to_le32(task_flags(task, ckpt_head(s, index), leads));
	scoped_guard(task_lock, head) {
		if (!head->fs)
			return -ESRCH;
		t->umask = cpu_to_le32(head->fs->umask);
	}
	if (headless)
		return 0;
	return ckpt_take_rseq(s, task, t) ?: take_restart_block(s, task, t);
}

static int restore_rlimits(struct ckpt_restart *r, const struct ckpt_task *t)
{
	int i, err;

	for (i = 0; i < CKPT_RLIMITS; i++) {
		struct rlimit limit = {
			.rlim_cur = le64_to_cpu(t->rlimits[i][0]),
			.rlim_max = le64_to_cpu(t->rlimits[i][1]),
		};

		err = do_prlimit(current, i, &limit, NULL);
		if (err)
			return ckpt_fail(r->ctl, err, "pid %u: limit %d cannot be set (error %d)",
					 le32_to_cpu(t->pid), i, -err);
	}
	return 0;
}

static int restore_sched(const struct ckpt_task *t)
{
	struct sched_attr attr = {
		.size		= sizeof(attr),
		.sched_policy	= le32_to_cpu(t->policy),
		.sched_nice	= (s32)le32_to_cpu(t->nice),
		.sched_priority	= le32_to_cpu(t->rt_priority),
	};

	if (le32_to_cpu(t->flags) & CKPT_TASK_RESET_ON_FORK)
		attr.sched_flags |= SCHED_FLAG_RESET_ON_FORK;
	if (attr.sched_policy > SCHED_IDLE || (attr.sched_policy == 4))
		return -EINVAL;
	if (attr.sched_nice < task_nice(current) && !can_nice(current, attr.sched_nice))
		return -EPERM;
	/* realtime and idle tasks have a nice value too, for later */
	set_user_nice(current, attr.sched_nice);
	return sched_setattr(current, &attr);
}

static int restore_affinity(struct ckpt_restart *r, const struct ckpt_task *t)
{
	const __le32 *word = t->data + le32_to_cpu(t->nr_groups);
	u32 i, n = le32_to_cpu(t->nr_cpus);
	cpumask_var_t mask;
	int err;

	if (!n)
		return 0;
	if (!zalloc_cpumask_var(&mask, GFP_KERNEL_ACCOUNT))
		return -ENOMEM;
	for (i = 0; i < min(32 * n, nr_cpu_ids); i++)
		if (le32_to_cpu(word[i / 32]) & 1U << i % 32)
			cpumask_set_cpu(i, mask);
	err = sched_setaffinity(0, mask);
	free_cpumask_var(mask);
	return err ? ckpt_fail(r->ctl, err, "pid %u: none of the CPUs of its affinity is here",
			       le32_to_cpu(t->pid)) : 0;
}

static int restore_oom(const struct ckpt_task *t)
{
	short adj = (s32)le32_to_cpu(t->oom_score_adj);
	short min = (s32)le32_to_cpu(t->oom_score_adj_min);
	struct signal_struct *sig = current->signal;

	guard(mutex)(&oom_adj_mutex);
	if ((adj < sig->oom_score_adj_min || min != sig->oom_score_adj_min) &&
	    !capable(CAP_SYS_RESOURCE))
		return -EPERM;
	sig->oom_score_adj = adj;
	sig->oom_score_adj_min = min;
	return 0;
}

static int refuse_id(struct ckpt_restart *r, const struct ckpt_task *t)
{
	return ckpt_fail(r->ctl, -EINVAL, "pid %u: a user or group of it is unknown here",
			 le32_to_cpu(t->pid));
}

/*
 * Ids are those that the caller sees. Who enters another user namespace may have
 * there what it maps, too.
 */
static int set_ids(struct ckpt_restart *r, struct cred *new, const struct ckpt_task *t,
		   struct user_namespace *to)
{
	kuid_t *uid[] = { &new->uid, &new->euid, &new->suid, &new->fsuid };
	kgid_t *gid[] = { &new->gid, &new->egid, &new->sgid, &new->fsgid };
	struct user_namespace *ns = new->user_ns;
	bool setuid = false, setgid = false, uids = to != ns, gids = to != ns;
	struct group_info *groups;
	u32 i, n = le32_to_cpu(t->nr_groups);

	for (i = 0; i < 4; i++) {
		kuid_t u = make_kuid(ns, le32_to_cpu(t->uid[i]));
		kgid_t g = make_kgid(ns, le32_to_cpu(t->gid[i]));

		if (!uid_valid(u) || !gid_valid(g))
			return refuse_id(r, t);
		uids &= kuid_has_mapping(to, u);
		gids &= kgid_has_mapping(to, g);
		setuid |= !uid_eq(u, *uid[i]);
		setgid |= !gid_eq(g, *gid[i]);
		*uid[i] = u;
		*gid[i] = g;
	}
	groups = groups_alloc(n);
	if (!groups)
		return -ENOMEM;
	setgid |= n != new->group_info->ngroups;
	for (i = 0; i < n; i++) {
		groups->gid[i] = make_kgid(ns, le32_to_cpu(t->data[i]));
		if (!gid_valid(groups->gid[i])) {
			put_group_info(groups);
			return refuse_id(r, t);
		}
		gids &= kgid_has_mapping(to, groups->gid[i]);
		setgid |= !setgid && !gid_eq(groups->gid[i], new->group_info->gid[i]);
	}
	groups_sort(groups);
	set_groups(new, groups);
	put_group_info(groups);

	if (setuid && !ns_capable(ns, CAP_SETUID) && !(uids && ns_capable(to, CAP_SETUID)))
		return -EPERM;
	if (setgid && !(ns_capable(ns, CAP_SETGID) && may_setgroups()) &&
	    !(gids && ns_capable(to, CAP_SETGID) && userns_may_setgroups(to)))
		return -EPERM;
	return 0;
}

/* What the caller has when it has entered @to: there all, as by setns(2). */
static void caps_in(struct user_namespace *to, struct cred *have)
{
	const u32 kept = SECURE_ALL_UNPRIVILEGED | SECURE_ALL_UNPRIVILEGED << 1;
	const struct cred *old = current_cred();

	have->cap_permitted = old->cap_permitted;
	have->cap_inheritable = old->cap_inheritable;
	have->cap_bset = old->cap_bset;
	have->securebits = old->securebits;
	if (to == old->user_ns)
		return;
	have->cap_permitted = CAP_FULL_SET;
	have->cap_inheritable = CAP_EMPTY_SET;
	have->cap_bset = CAP_FULL_SET;
	have->securebits = SECUREBITS_DEFAULT | (old->securebits & kept);
}

/* As prctl(2): those that are locked stay, and so do the locks. */
static bool may_change_securebits(u32 from, u32 to)
{
	return !((from & SECURE_ALL_LOCKS) >> 1 & (from ^ to)) && !(from & SECURE_ALL_LOCKS & ~to);
}

/* Nobody gets a capability that the caller does not have, or would not have in @to. */
static int set_caps(struct cred *new, const struct ckpt_task *t, struct user_namespace *to)
{
	struct cred have, *old = &have;
	kernel_cap_t caps[5];
	int i;

	caps_in(to, old);
	for (i = 0; i < 5; i++) {
		caps[i].val = le64_to_cpu(t->caps[i]);
		if (caps[i].val & ~CAP_VALID_MASK)
			return -EINVAL;
	}
	new->cap_inheritable = caps[0];
	new->cap_permitted = caps[1];
	new->cap_effective = caps[2];
	new->cap_bset = caps[3];
	new->cap_ambient = caps[4];
	if (!cap_issubset(new->cap_permitted, old->cap_permitted) ||
	    !cap_issubset(new->cap_bset, old->cap_bset) ||
	    !cap_issubset(new->cap_inheritable,
			  cap_combine(old->cap_inheritable, old->cap_permitted)))
		return -EPERM;
	if (!cap_issubset(new->cap_effective, new->cap_permitted) ||
	    !cap_issubset(new->cap_ambient,
			  cap_intersect(new->cap_permitted, new->cap_inheritable)))
		return -EINVAL;
	new->securebits = le32_to_cpu(t->securebits);
	if (new->securebits & ~(SECURE_ALL_BITS | SECURE_ALL_LOCKS))
		return -EINVAL;
	if (!may_change_securebits(old->securebits, new->securebits))
		return -EPERM;
	if ((new->securebits != old->securebits || new->cap_bset.val != old->cap_bset.val) &&
	    !ns_capable(to, CAP_SETPCAP))
		return -EPERM;
	return 0;
}

static int restore_cred(struct ckpt_restart *r, const struct ckpt_task *t)
{
	struct user_namespace *ns = ckpt_user_ns(r, t->ns[CKPT_ROLE_USER]);
	struct cred *new = prepare_creds();
	struct user_struct *user;
	int err;

	if (!new)
		return -ENOMEM;
	err = -EINVAL;
	if (!ns) {
		ckpt_fail(r->ctl, err, "pid %u: its user namespace was not made",
			  le32_to_cpu(t->pid));
		goto abort;
	}
	err = set_ids(r, new, t, ns) ?: set_caps(new, t, ns) ?: ckpt_enter_user(new, ns);
	if (err)
		goto abort;
	err = -EAGAIN;
	user = alloc_uid(new->uid);
	if (!user)
		goto abort;
	free_uid(new->user);
	new->user = user;
	err = set_cred_ucounts(new);
	if (err)
		goto abort;
	return commit_creds(new);
abort:
	abort_creds(new);
	return err;
}

/* What is of the whole process, which the caller is the first thread of. */
static int restore_process(struct ckpt_restart *r, const struct ckpt_task *t)
{
	u32 pid = le32_to_cpu(t->pid);
	int err;

	err = restore_rlimits(r, t);
	if (err)
		return err;
	err = restore_oom(t);
	if (err)
		return ckpt_fail(r->ctl, err, "pid %u: its oom_score_adj cannot be set", pid);
	err = ckpt_restore_exec_user(r, t);
	if (err)
		return ckpt_fail(r->ctl, err, "pid %u: its user namespace cannot be entered", pid);
	proc_clear_tty(current);
	return 0;
}

/*
 * Sets everything of the caller that is only of its own; credentials last, as
 * the rest may need those of whoever restarts.
 */
int ckpt_restore_task(struct ckpt_restart *r, struct ckpt_member *m)
{
	const struct ckpt_task *t = m->record;
	u32 pid = le32_to_cpu(t->pid), flags = le32_to_cpu(t->flags);
	int err = 0;

	if (ckpt_is_leader(m))
		err = restore_process(r, t);
	if (err)
		return err;
	err = restore_sched(t);
	if (err)
		return ckpt_fail(r->ctl, err, "pid %u: its scheduling cannot be set (error %d)",
				 pid, -err);
	err = restore_affinity(r, t);
	if (err)
		return err;
	if (task_no_new_privs(current) && !(flags & CKPT_TASK_NO_NEW_PRIVS) && !ckpt_is_zombie(m))
		return ckpt_fail(r->ctl, -EPERM, "pid %u: the caller has no_new_privs", pid);

	set_personality(le32_to_cpu(t->personality));
	if (le64_to_cpu(t->timer_slack))
		current->timer_slack_ns = le64_to_cpu(t->timer_slack);
	if (le64_to_cpu(t->default_timer_slack))
		current->default_timer_slack_ns = le64_to_cpu(t->default_timer_slack);
	if (!ckpt_is_headless(m)) {
		current->clear_child_tid =
			(void __user *)(unsigned long)le64_to_cpu(t->clear_child_tid);
		current->futex.robust_list =
			(void __user *)(unsigned long)le64_to_cpu(t->robust_list);
	}
	set_task_comm(current, t->comm);
	if (flags & CKPT_TASK_NO_NEW_PRIVS)
		task_set_no_new_privs(current);

	err = restore_cred(r, t);
	if (err)
		return ckpt_fail(r->ctl, err, "pid %u: its credentials cannot be set (error %d)",
				 pid, -err);
	/* A change of credentials resets it. */
	current->pdeath_signal = le32_to_cpu(t->pdeath_signal);
	return 0;
}

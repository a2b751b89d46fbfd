/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Checkpoint/restart: what it uses of the rest of the kernel and nobody else
 * does. Each is defined where its name says.
 */
#ifndef _LINUX_CHECKPOINT_H
#define _LINUX_CHECKPOINT_H

#include <linux/types.h>

struct anon_vma_name;
struct file;
struct itimerspec64;
struct mm_struct;
struct nsproxy;
struct restart_block;
struct rlimit;
struct sigevent;
struct task_struct;

/* kernel/fork.c */
struct mm_struct *checkpoint_dup_mm(struct mm_struct *mm);

/**
 * struct checkpoint_eventfd - what an eventfd is
 * @count: what read(2) gives
 * @semaphore: EFD_SEMAPHORE
 * @users: how many hold it: the open file, and parts of the kernel
 */
struct checkpoint_eventfd {
	u64 count;
	bool semaphore;
	unsigned int users;
};

/* fs/eventfd.c */
bool checkpoint_eventfd_get(struct file *file, struct checkpoint_eventfd *e);
struct file *checkpoint_eventfd_make(const struct checkpoint_eventfd *e, unsigned int flags);

/* mm/madvise.c */
int madvise_set_anon_name(struct mm_struct *mm, unsigned long start,
			  unsigned long len_in, struct anon_vma_name *anon_name);

/*
 * kernel/cgroup/freezer.c: of task->jobctl, beyond the bits that
 * <linux/sched/jobctl.h> has. Set on a frozen task, by whoever wants to know
 * later whether it has left the freezer: it is gone then.
 */
#define JOBCTL_CHECKPOINT	(1UL << 31)

#ifdef CONFIG_CHECKPOINT
void checkpoint_left_freezer(void);
#else
static inline void checkpoint_left_freezer(void)
{
}
#endif

/* kernel/nsproxy.c */
struct nsproxy *checkpoint_new_nsproxy(u64 flags);

/* kernel/sys.c */
int do_prlimit(struct task_struct *tsk, unsigned int resource,
	       struct rlimit *new_rlim, struct rlimit *old_rlim);

/* kernel/time/hrtimer.c, fs/select.c, kernel/futex/waitwake.c */
long hrtimer_nanosleep_restart(struct restart_block *restart);
long do_restart_poll(struct restart_block *restart_block);
long futex_wait_restart(struct restart_block *restart);

/* kernel/time/posix-timers.c, kernel/time/itimer.c */
int do_timer_create(clockid_t which_clock, struct sigevent *event, timer_t req_id,
		    timer_t __user *created_timer_id);
int do_timer_settime(timer_t timer_id, int tmr_flags, struct itimerspec64 *new_spec64,
		     struct itimerspec64 *old_spec64);
int do_setitimer(int which, struct itimerspec64 *value, struct itimerspec64 *ovalue);

/* ipc/sem.c */
bool sem_has_undo(const struct task_struct *task);

/* security/landlock/cred.c */
#ifdef CONFIG_SECURITY_LANDLOCK
bool landlock_restricts_task(const struct task_struct *task);
#else
static inline bool landlock_restricts_task(const struct task_struct *task)
{
	return false;
}
#endif

#endif /* _LINUX_CHECKPOINT_H */

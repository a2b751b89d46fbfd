/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Checkpoint/restart: what it uses of the rest of the kernel and nobody else
 * does. Each is defined where its name says.
 */
#ifndef _LINUX_CHECKPOINT_H
#define _LINUX_CHECKPOINT_H

#include <linux/time64.h>
#include <linux/types.h>
#include <linux/uidgid_types.h>

struct anon_vma;
struct anon_vma_name;
struct file;
struct ipc_namespace;
struct itimerspec64;
struct mm_struct;
struct nsproxy;
struct restart_block;
struct rlimit;
struct sigevent;
struct task_struct;
struct user_namespace;
struct vm_area_struct;

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

/* mm/checkpoint.c */
int checkpoint_share_pages(struct mm_struct *to, unsigned long at, struct mm_struct *from,
			   unsigned long from_at, unsigned long n);

/* mm/mremap.c */
unsigned long checkpoint_mremap(unsigned long addr, unsigned long len, unsigned long to);

/* mm/rmap.c */
struct anon_vma *anon_vma_make_family(void);
void anon_vma_put_family(struct anon_vma *family);
int anon_vma_join_family(struct vm_area_struct *vma, struct anon_vma *family, pgoff_t pgoff);

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
struct nsproxy *checkpoint_new_nsproxy(u64 flags, struct user_namespace *owner);

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

/**
 * struct checkpoint_shm - what a segment of SysV shared memory is
 * @ns: its namespace
 * @id: as shmget(2) has returned it
 * @key: IPC_PRIVATE for none
 * @mode: permissions
 * @removed: IPC_RMID, as soon as nobody has it attached
 * @locked: SHM_LOCK
 * @noreserve: SHM_NORESERVE
 * @uid: owner
 * @cuid: who has created it
 * @gid: group of the owner
 * @cgid: group of who has created it
 * @size: in bytes, as shmget(2) was asked for
 * @atime: of the last shmat(2), seconds
 * @dtime: of the last shmdt(2)
 * @ctime: of the last change by shmctl(2)
 * @cpid: process that has created it, referenced, or NULL
 * @lpid: process that has attached or detached it last, likewise
 * @creator: thread that has created it, likewise, while it lives
 */
struct checkpoint_shm {
	struct ipc_namespace *ns;
	int id;
	int key;
	umode_t mode;
	bool removed, locked, noreserve;
	kuid_t uid, cuid;
	kgid_t gid, cgid;
	size_t size;
	time64_t atime, dtime, ctime;
	struct pid *cpid, *lpid, *creator;
};

/* ipc/shm.c */
#ifdef CONFIG_SYSVIPC
bool checkpoint_shm_is(const struct file *file);
int checkpoint_shm_get(struct file *file, struct checkpoint_shm *shm);
struct file *checkpoint_shm_make(const struct checkpoint_shm *shm);
struct file *checkpoint_shm_attach(struct ipc_namespace *ns, int id, struct file *base,
				   unsigned int flags);
int checkpoint_shm_settle(const struct checkpoint_shm *shm, struct file *base,
			  struct task_struct *creator);
void checkpoint_shm_remove(struct ipc_namespace *ns, int id, struct file *base);
#else
static inline bool checkpoint_shm_is(const struct file *file)
{
	return false;
}
#endif

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

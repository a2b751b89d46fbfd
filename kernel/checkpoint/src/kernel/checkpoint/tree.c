// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: which tasks belong to a tree, and whether they can be
 * taken
 *
 * A task stands still while it is in do_freezer_trap(). Nobody keeps it there:
 * it can be thawed, moved or killed at any time. So nothing here is locked;
 * instead, the number of context switches of every task is compared before
 * and after, as ptrace does, and what was taken is given up if one has run.
 */
#include <linux/cgroup.h>
#include <linux/cred.h>
#include <linux/fdtable.h>
#include <linux/fs_struct.h>
#include <linux/ipc_namespace.h>
#include <linux/checkpoint.h>
#include <linux/nsproxy.h>
#include <linux/pid_namespace.h>
#include <linux/ptrace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>
#include "checkpoint.h"

/*
 * Fills @tasks with @root and all below it, parents first, and takes
 * references. Returns how many there are, which may be more than @room.
 */
static u32 walk(struct task_struct *root, struct ckpt_tree_task *tasks, u32 room)
{
	struct task_struct *child, *thread;
	u32 n = 0, i;

	guard(read_lock)(&tasklist_lock);
	tasks[n++] = (struct ckpt_tree_task){ .task = get_task_struct(root) };
	for (i = 0; i < min(n, room); i++) {
		for_each_thread(tasks[i].task, thread) {
			list_for_each_entry(child, &thread->children, sibling) {
				if (n < room)
					tasks[n] = (struct ckpt_tree_task){
						.task = get_task_struct(child),
						.parent = i,
					};
				n++;
			}
		}
	}
	return n;
}

/* Finds the tasks of the tree. */
int ckpt_tree_find(struct ckpt_snapshot *s, struct task_struct *root)
{
	u32 room = 16, n;

	for (;;) {
		s->tasks = kvcalloc(room, sizeof(*s->tasks), GFP_KERNEL_ACCOUNT);
		if (!s->tasks)
			return -ENOMEM;
		n = walk(root, s->tasks, room);
		s->nr_tasks = min(n, room);
		if (n <= room)
			return 0;
		while (s->nr_tasks)
			put_task_struct(s->tasks[--s->nr_tasks].task);
		kvfree(s->tasks);
		s->tasks = NULL;
		if (n > CKPT_TASKS_MAX)
			return ckpt_fail(s->ctl, -E2BIG, "pid %d: more than %d processes below it",
					 task_pid_vnr(root), CKPT_TASKS_MAX);
		room = n + n / 4;
	}
}

static int check_namespaces(struct ckpt_snapshot *s, struct task_struct *task)
{
	struct nsproxy *mine = current->nsproxy, *ns;
	const char *other = NULL;

	if (task_active_pid_ns(task) != s->ns)
		return ckpt_refuse(s, task, "a nested pid namespace is");
	if (__task_cred(task)->user_ns != current_user_ns())
		return ckpt_refuse(s, task, "a user namespace other than the caller's is");

	scoped_guard(task_lock, task) {
		ns = task->nsproxy;
		if (!ns)
			return -ESRCH;
		if (ns->mnt_ns != mine->mnt_ns)
			other = "mount";
		else if (ns->uts_ns != mine->uts_ns)
			other = "uts";
		else if (ns->ipc_ns != mine->ipc_ns)
			other = "ipc";
		else if (ns->net_ns != mine->net_ns)
			other = "network";
		else if (ns->time_ns != mine->time_ns ||
			 ns->time_ns_for_children != mine->time_ns)
			other = "time";
		else if (ns->cgroup_ns != mine->cgroup_ns)
			other = "cgroup";
		else if (ns->pid_ns_for_children != s->ns)
			other = "pid (for children)";
	}
	return other ? ckpt_refuse(s, task, "a %s namespace other than the caller's is", other) : 0;
}

/* What user space shares between processes by clone(2). */
static int check_sharing(struct ckpt_snapshot *s, struct task_struct *task)
{
	const char *shared = NULL;

	if (!thread_group_empty(task))
		return ckpt_refuse(s, task, "threads are");
	scoped_guard(task_lock, task) {
		if (!task->mm || !task->files || !task->fs)
			return -ESRCH;
		if (atomic_read(&task->files->count) > 1)
			shared = "a table of open files";
		else if (task->fs->users > 1 || task->fs != task->real_fs)
			shared = "a root and current directory";
		else if (!path_equal(&task->fs->root, &current->fs->root))
			return ckpt_refuse(s, task, "a root directory other than the caller's is");
	}
	scoped_guard(rcu)
		if (!shared && refcount_read(&rcu_dereference(task->sighand)->count) > 1)
			shared = "a table of signal handlers";
	return shared ? ckpt_refuse(s, task, "%s that it shares is", shared) : 0;
}

static int check_keys(struct ckpt_snapshot *s, struct task_struct *task)
{
#ifdef CONFIG_KEYS
	const struct cred *cred __free(put_cred) = get_task_cred(task);

	if (cred->thread_keyring || cred->process_keyring ||
	    cred->session_keyring != current_cred()->session_keyring)
		return ckpt_refuse(s, task, "a keyring of its own is");
#endif
	return 0;
}

/* What hangs on a task and is not in an image. */
static int check_attached(struct ckpt_snapshot *s, struct task_struct *task)
{
	struct signal_struct *sig = task->signal;
	int i;

	if (task->ptrace)
		return ckpt_refuse(s, task, "being traced is");
	if (!list_empty(&task->ptraced))
		return ckpt_refuse(s, task, "tracing others is");
#ifdef CONFIG_SECCOMP
	if (task->seccomp.mode)
		return ckpt_refuse(s, task, "seccomp is");
#endif
#ifdef CONFIG_SYSCALL_USER_DISPATCH
	if (test_task_syscall_work(task, SYSCALL_USER_DISPATCH))
		return ckpt_refuse(s, task, "system call user dispatch is");
#endif
	if (landlock_restricts_task(task))
		return ckpt_refuse(s, task, "a Landlock domain is");
#ifdef CONFIG_IO_URING
	if (task->io_uring)
		return ckpt_refuse(s, task, "io_uring is");
#endif
#ifdef CONFIG_SYSVIPC
	if (task->sysvsem.undo_list)
		return ckpt_refuse(s, task, "SysV semaphore undo is");
#endif
#ifdef CONFIG_PERF_EVENTS
	if (task->perf_event_ctxp)
		return ckpt_refuse(s, task, "a perf event is");
#endif
#ifdef CONFIG_RSEQ
	if (task->rseq.usrptr)
		return ckpt_refuse(s, task, "a restartable sequence area is");
#endif
#ifdef CONFIG_FUTEX_PI
	if (!list_empty(&task->futex.pi_state_list))
		return ckpt_refuse(s, task, "a held PI futex is");
#endif
#ifdef CONFIG_BLOCK
	if (task->io_context && task->io_context->ioprio)
		return ckpt_refuse(s, task, "an I/O priority is");
#endif
	if (task->user_cpus_ptr)
		return ckpt_refuse(s, task, "a CPU affinity is");
#ifdef CONFIG_UCLAMP_TASK
	for (i = 0; i < UCLAMP_CNT; i++)
		if (task->uclamp_req[i].user_defined)
			return ckpt_refuse(s, task, "utilization clamping is");
#endif
#ifdef CONFIG_NUMA
	if (task->mempolicy)
		return ckpt_refuse(s, task, "a memory policy is");
#endif
	if (task->se.custom_slice || task->policy > SCHED_IDLE)
		return ckpt_refuse(s, task, "its scheduling policy is");
	if (!hlist_empty(&sig->posix_timers) || !hlist_empty(&sig->ignored_posix_timers))
		return ckpt_refuse(s, task, "a POSIX timer is");
	if (hrtimer_active(&sig->real_timer))
		return ckpt_refuse(s, task, "an interval timer is");
	for (i = 0; i < 2; i++)
		if (sig->it[i].expires)
			return ckpt_refuse(s, task, "an interval timer is");
	if (sig->tty)
		return ckpt_refuse(s, task, "a controlling terminal is");
	return 0;
}

/* The leaders of session and process group must be of the tree. */
static int check_leaders(struct ckpt_snapshot *s, struct task_struct *task,
			 struct xarray *pids)
{
	pid_t pgrp, session;

	scoped_guard(rcu) {
		pgrp = task_pgrp_nr_ns(task, s->ns);
		session = task_session_nr_ns(task, s->ns);
	}
	if (!xa_load(pids, pgrp))
		return ckpt_refuse(s, task, "a process group without its leader is");
	if (!xa_load(pids, session))
		return ckpt_refuse(s, task, "a session without its leader is");
	return 0;
}

/* Nobody else may live in the tree's pid namespace, or use a task's memory. */
static int check_strangers(struct ckpt_snapshot *s, struct xarray *members)
{
	struct task_struct *root = s->tasks[0].task, *p;
	bool whole = is_child_reaper(task_pid(root));
	struct mm_struct *mm;

	guard(read_lock)(&tasklist_lock);
	for_each_process(p) {
		if (xa_load(members, (unsigned long)p))
			continue;
		if (whole && task_pid_nr_ns(p, s->ns))
			return ckpt_refuse(s, p, "coming from outside the pid namespace is");
		mm = READ_ONCE(p->mm);
		if (mm && xa_load(members, (unsigned long)mm))
			return ckpt_refuse(s, p, "memory that it shares with the tree is");
	}
	return 0;
}

static int check_task(struct ckpt_snapshot *s, struct ckpt_tree_task *t,
		      struct xarray *pids)
{
	struct task_struct *task = t->task;
	int err;

	if (task->exit_state)
		return ckpt_refuse(s, task, "a process that nobody has waited for is");
	if (!ptrace_may_access(task, PTRACE_MODE_ATTACH_REALCREDS))
		return ckpt_fail(s->ctl, -EPERM, "pid %d: no permission to trace it",
				 task_pid_vnr(task));
	if (task->vfork_done)
		return ckpt_refuse(s, task, "a vfork under way is");
	if (task->signal->flags & ~SIGNAL_UNKILLABLE)
		return ckpt_refuse(s, task, "a stopped or dying process is");
	if (!cgroup_task_frozen(task))
		return ckpt_fail(s->ctl, -EBUSY, "pid %d: it is not frozen", task_pid_vnr(task));
	t->switches = wait_task_inactive(task, TASK_INTERRUPTIBLE);
	if (!t->switches)
		return ckpt_fail(s->ctl, -EBUSY, "pid %d: it is not frozen", task_pid_vnr(task));
	scoped_guard(rcu)
		if (rcu_access_pointer(task->cgroups) !=
		    rcu_access_pointer(s->tasks[0].task->cgroups))
			return ckpt_refuse(s, task, "a cgroup other than the first process's is");

	err = check_namespaces(s, task);
	if (!err)
		err = check_sharing(s, task);
	if (!err)
		err = check_keys(s, task);
	if (!err)
		err = check_attached(s, task);
	if (!err)
		err = check_leaders(s, task, pids);
	return err;
}

/* Whether everything in the tree stands still, and can be taken. */
int ckpt_tree_check(struct ckpt_snapshot *s)
{
	struct xarray pids, members;
	struct task_struct *task;
	int err = 0;
	u32 i;

	xa_init(&pids);
	xa_init(&members);
	for (i = 0; i < s->nr_tasks && !err; i++) {
		task = s->tasks[i].task;
		err = xa_err(xa_store(&pids, task_pid_nr_ns(task, s->ns), task, GFP_KERNEL));
		if (!err)
			err = xa_err(xa_store(&members, (unsigned long)task, task, GFP_KERNEL));
	}
	for (i = 0; i < s->nr_tasks && !err; i++) {
		struct mm_struct *mm;

		err = check_task(s, &s->tasks[i], &pids);
		if (err)
			break;
		mm = READ_ONCE(s->tasks[i].task->mm);
		if (xa_load(&members, (unsigned long)mm))
			err = ckpt_refuse(s, s->tasks[i].task, "memory that processes share is");
		else
			err = xa_err(xa_store(&members, (unsigned long)mm, s, GFP_KERNEL));
		cond_resched();
	}
	if (!err)
		err = check_strangers(s, &members);
	xa_destroy(&members);
	xa_destroy(&pids);
	return err;
}

/* Whether no task has run since ckpt_tree_check(). */
int ckpt_tree_still(struct ckpt_snapshot *s)
{
	struct task_struct *task;
	u32 i;

	for (i = 0; i < s->nr_tasks; i++) {
		task = s->tasks[i].task;
		if (wait_task_inactive(task, TASK_INTERRUPTIBLE) != s->tasks[i].switches)
			return ckpt_fail(s->ctl, -EBUSY, "pid %d: it did not stay frozen",
					 task_pid_vnr(task));
	}
	return 0;
}

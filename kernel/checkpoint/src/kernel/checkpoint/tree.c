// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: which tasks belong to a tree, and whether they can be
 * taken
 *
 * A task stands still while it is in do_freezer_trap(), within get_signal().
 * Nobody keeps it there: it can be thawed, moved or killed at any time. So
 * nothing here is locked, and whatever is looked at may be about to go. Each
 * task gets a mark, JOBCTL_CHECKPOINT, which it loses when it leaves the
 * freezer; not when a signal wakes it, as it sleeps again without having done
 * anything. What was taken is given up if a mark is gone.
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

static void note_task(struct ckpt_tree_task *tasks, u32 room, u32 *n, struct task_struct *task,
		      u32 parent, u32 leader)
{
	if (*n < room)
		tasks[*n] = (struct ckpt_tree_task){
			.task = get_task_struct(task),
			.pid = task_pid_vnr(task),
			.parent = parent,
			.leader = leader,
		};
	(*n)++;
}

/* Notes a process: its first thread, which may have ended, and the others. */
static void note_process(struct ckpt_tree_task *tasks, u32 room, u32 *n,
			 struct task_struct *first, u32 parent)
{
	u32 leader = *n, head = leader, end, i;
	struct task_struct *thread;

	note_task(tasks, room, n, first, parent, leader);
	for_each_thread(first, thread)
		if (thread != first)
			note_task(tasks, room, n, thread, leader, leader);
	end = min(*n, room);
	while (head < end && tasks[head].task->exit_state)
		head++;
	for (i = leader; i < end; i++)
		tasks[i].head = head < end ? head : leader;
}

/*
 * Fills @tasks with @root and all below it, parents first, and takes
 * references. Returns how many there are, which may be more than @room.
 */
static u32 walk(struct task_struct *root, struct ckpt_tree_task *tasks, u32 room)
{
	struct task_struct *child;
	u32 n = 0, i;

	guard(read_lock)(&tasklist_lock);
	note_process(tasks, room, &n, root, 0);
	for (i = 0; i < min(n, room); i++)
		list_for_each_entry(child, &tasks[i].task->children, sibling)
			note_process(tasks, room, &n, child, i);
	return n;
}

/* Whether this is the first thread of a process, by its index. */
bool ckpt_leads(const struct ckpt_snapshot *s, u32 index)
{
	return s->tasks[index].leader == index;
}

/* Whether it is a first thread that has ended while others of its process live. */
bool ckpt_lives_headless(struct task_struct *task)
{
	return task->exit_state && thread_group_leader(task) && !thread_group_empty(task);
}

/* Who has what is of the whole process of a task: the first of its threads that lives. */
struct task_struct *ckpt_head(const struct ckpt_snapshot *s, u32 index)
{
	return s->tasks[s->tasks[index].head].task;
}

/* A task, or, if the others of its process live on without it, one of them. */
struct task_struct *ckpt_living(const struct ckpt_snapshot *s, u32 index)
{
	struct task_struct *task = s->tasks[index].task;

	return ckpt_lives_headless(task) ? ckpt_head(s, index) : task;
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
			return ckpt_fail(s->ctl, -E2BIG, "pid %d: more than %d tasks below it",
					 task_pid_vnr(root), CKPT_TASKS_MAX);
		room = n + n / 4;
	}
}

/* Those that ckpt_take_namespaces() and ckpt_take_user_namespaces() do not take. */
static int check_namespaces(struct ckpt_snapshot *s, struct task_struct *task)
{
	struct nsproxy *mine = current->nsproxy, *ns;
	const char *other = NULL;

	scoped_guard(task_lock, task) {
		ns = task->nsproxy;
		if (!ns)
			return -ESRCH;
		if (ns->net_ns != mine->net_ns)
			other = "network";
	}
	return other ? ckpt_refuse(s, task, "a %s namespace other than the caller's is", other) : 0;
}

/* What user space shares between processes by clone(2). */
static int check_sharing(struct ckpt_snapshot *s, struct task_struct *task,
			 struct task_struct *head)
{
	u32 threads = get_nr_threads(task), live = threads - !!task->group_leader->exit_state;
	struct sighand_struct *hand;
	const char *shared = NULL;

	scoped_guard(task_lock, task) {
		if (!task->mm || !task->files || !task->fs)
			return -ESRCH;
		if (task->fs != task->real_fs ||
		    task->fs->users > (task->fs == head->fs ? live : 1))
			shared = "a root and current directory";
	}
	scoped_guard(rcu) {
		hand = rcu_dereference(task->sighand);
		if (!hand)
			return -ESRCH;
		if (!shared && refcount_read(&hand->count) > threads)
			shared = "a table of signal handlers";
	}
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
static int check_attached(struct ckpt_snapshot *s, struct task_struct *task,
			  struct task_struct *head)
{
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
	if (sem_has_undo(task))
		return ckpt_refuse(s, task, "SysV semaphore undo is");
	/* as pthread_create(3) shares it, and as it comes back */
	if (!thread_group_leader(task) &&
	    task->sysvsem.undo_list != head->sysvsem.undo_list)
		return ckpt_refuse(s, task, "a thread with SysV semaphore undo of its own is");
#endif
#ifdef CONFIG_PERF_EVENTS
	if (task->perf_event_ctxp)
		return ckpt_refuse(s, task, "a perf event is");
#endif
#ifdef CONFIG_FUTEX_PI
	if (!list_empty(&task->futex.pi_state_list))
		return ckpt_refuse(s, task, "a held PI futex is");
#endif
#ifdef CONFIG_BLOCK
	scoped_guard(task_lock, task)
		if (task->io_context && task->io_context->ioprio)
			return ckpt_refuse(s, task, "an I/O priority is");
#endif
#ifdef CONFIG_UCLAMP_TASK
	for (int i = 0; i < UCLAMP_CNT; i++)
		if (task->uclamp_req[i].user_defined)
			return ckpt_refuse(s, task, "utilization clamping is");
#endif
#ifdef CONFIG_NUMA
	if (task->mempolicy)
		return ckpt_refuse(s, task, "a memory policy is");
#endif
	if (task->se.custom_slice || task->policy > SCHED_IDLE)
		return ckpt_refuse(s, task, "its scheduling policy is");
	if (task->signal->tty)
		return ckpt_refuse(s, task, "a controlling terminal is");
	return 0;
}

static int not_frozen(struct ckpt_snapshot *s, pid_t pid)
{
	return ckpt_fail(s->ctl, -EBUSY, "pid %d: it is not frozen", pid);
}

/* Whoever was born after the tree was walked over, and before its parent was marked. */
static int check_newborn(struct ckpt_snapshot *s, struct xarray *members)
{
	struct task_struct *task, *child, *thread;
	u32 i;

	guard(read_lock)(&tasklist_lock);
	for (i = 0; i < s->nr_tasks; i++) {
		task = s->tasks[i].task;
		list_for_each_entry(child, &task->children, sibling)
			if (!xa_load(members, (unsigned long)child))
				return not_frozen(s, s->tasks[i].pid);
		if (!ckpt_leads(s, i))
			continue;
		for_each_thread(task, thread)
			if (!xa_load(members, (unsigned long)thread))
				return not_frozen(s, s->tasks[i].pid);
	}
	return 0;
}

/* Nobody else may live in the tree's pid namespace, or use a task's memory. */
static int check_strangers(struct ckpt_snapshot *s, struct xarray *members)
{
	struct task_struct *p;
	bool whole = ckpt_owns_pid_namespace(s);
	struct mm_struct *mm;

	guard(read_lock)(&tasklist_lock);
	for_each_process(p) {
		if (xa_load(members, (unsigned long)p))
			continue;
		if (whole && task_pid_nr_ns(p, s->ns))
			return ckpt_refuse(s, p, "coming from outside the pid namespace is");
		if (ckpt_has_gone_leader(s, p))
			return ckpt_refuse(s, p,
					   "a group or session without leader that it shares is");
		mm = READ_ONCE(p->mm);
		if (mm && xa_load(members, (unsigned long)mm))
			return ckpt_refuse(s, p, "memory that it shares with the tree is");
	}
	return 0;
}

static int check_permission(struct ckpt_snapshot *s, struct task_struct *task)
{
	if (ptrace_may_access(task, PTRACE_MODE_ATTACH_REALCREDS))
		return 0;
	return ckpt_fail(s->ctl, -EPERM, "pid %d: no permission to trace it", task_pid_vnr(task));
}

/* A process that has ended keeps nothing but how it did; of a first thread others may live. */
static int check_zombie(struct ckpt_snapshot *s, struct task_struct *task, struct xarray *pids)
{
	if (task->exit_state != EXIT_ZOMBIE)
		return -ESRCH;
	if (ckpt_lives_headless(task) && task->signal->flags & SIGNAL_STOP_STOPPED)
		return ckpt_refuse(s, task, "being stopped without its first thread is");
	if (task == s->tasks[0].task && !ckpt_lives_headless(task))
		return ckpt_fail(s->ctl, -ESRCH, "pid %d: it has ended", task_pid_vnr(task));
	if (task->ptrace)
		return ckpt_refuse(s, task, "being traced is");
	return check_permission(s, task) ?: ckpt_check_leaders(s, task, pids);
}

/* For a task that leaves the freezer, under css_set_lock. */
void checkpoint_left_freezer(void)
{
	if (!(current->jobctl & JOBCTL_CHECKPOINT))
		return;
	spin_lock(&current->sighand->siglock);
	current->jobctl &= ~JOBCTL_CHECKPOINT;
	spin_unlock(&current->sighand->siglock);
}

/* Sets the mark of a task; false if it has one, of another checkpoint, or is gone. */
static bool set_mark(struct task_struct *task)
{
	unsigned long flags;
	bool set;

	if (!lock_task_sighand(task, &flags))
		return false;
	set = !(task->jobctl & JOBCTL_CHECKPOINT);
	task->jobctl |= JOBCTL_CHECKPOINT;
	unlock_task_sighand(task, &flags);
	return set;
}

/* Takes the mark away; false if the task has lost it. */
static bool take_mark(struct task_struct *task)
{
	unsigned long flags;
	bool set;

	if (!lock_task_sighand(task, &flags))
		return false;
	set = task->jobctl & JOBCTL_CHECKPOINT;
	task->jobctl &= ~JOBCTL_CHECKPOINT;
	unlock_task_sighand(task, &flags);
	return set;
}

/*
 * Marks a task that stands in the freezer; stopped by a signal counts. Who is
 * awake there for a signal sleeps again.
 */
static int mark_frozen(struct ckpt_snapshot *s, struct ckpt_tree_task *t)
{
	struct task_struct *task = t->task;

	t->marked = set_mark(task);
	if (!t->marked)
		return ckpt_fail(s->ctl, -EBUSY, "pid %d: it is gone, or taken by somebody else",
				 t->pid);
	for (;;) {
		if (!cgroup_task_frozen(task))
			return not_frozen(s, t->pid);
		if (wait_task_inactive(task, TASK_INTERRUPTIBLE | __TASK_STOPPED))
			return 0;
		if (fatal_signal_pending(current))
			return -EINTR;
		schedule_timeout_uninterruptible(1);
	}
}

/* Frozen or not: a process on its way to its end, or between two states, is refused. */
static int check_state(struct ckpt_snapshot *s, struct task_struct *task)
{
	const unsigned int known = SIGNAL_UNKILLABLE | SIGNAL_STOP_STOPPED | SIGNAL_STOP_CONTINUED;
	struct signal_struct *sig = task->signal;
	bool stopped = task->jobctl & JOBCTL_STOPPED;

	if (task->vfork_done)
		return ckpt_refuse(s, task, "a vfork under way is");
	if (sig->flags & ~known || sig->group_stop_count || sig->group_exec_task ||
	    stopped != !!(sig->flags & SIGNAL_STOP_STOPPED))
		return ckpt_fail(s->ctl, -EBUSY, "pid %d: it is about to stop, to go on or to end",
				 task_pid_vnr(task));
	return 0;
}

static int check_task(struct ckpt_snapshot *s, struct ckpt_tree_task *t,
		      struct xarray *pids)
{
	struct task_struct *task = t->task, *head = s->tasks[t->head].task;
	int err;

	if (task->exit_state)
		return check_zombie(s, task, pids);
	err = check_permission(s, task);
	if (!err)
		err = mark_frozen(s, t);
	if (!err)
		err = check_state(s, task);
	if (err)
		return err;
	err = check_namespaces(s, task);
	if (!err)
		err = check_sharing(s, task, head);
	if (!err)
		err = check_keys(s, task);
	if (!err)
		err = check_attached(s, task, head);
	if (!err && thread_group_leader(task))
		err = ckpt_check_leaders(s, task, pids);
	return err;
}

/* No process has the memory of another; threads do. */
static int check_memory(struct ckpt_snapshot *s, u32 index, struct xarray *members)
{
	struct task_struct *task = ckpt_head(s, index);
	struct mm_struct *mm = READ_ONCE(task->mm);

	if (task->exit_state || !ckpt_leads(s, index))
		return 0;
	if (xa_load(members, (unsigned long)mm))
		return ckpt_refuse(s, task, "memory that processes share is");
	return xa_err(xa_store(members, (unsigned long)mm, s, GFP_KERNEL));
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
		err = xa_err(xa_store(&members, (unsigned long)task, task, GFP_KERNEL));
		if (!err && ckpt_leads(s, i))
			err = xa_err(xa_store(&pids, task_pid_nr_ns(task, s->ns), task,
					      GFP_KERNEL));
	}
	for (i = 0; i < s->nr_tasks && !err; i++) {
		err = check_task(s, &s->tasks[i], &pids) ?: check_memory(s, i, &members);
		cond_resched();
	}
	if (!err)
		err = check_newborn(s, &members);
	if (!err)
		err = check_strangers(s, &members);
	xa_destroy(&members);
	xa_destroy(&pids);
	return err;
}

/* Whether no task has run since ckpt_tree_check(). Takes all marks away. */
int ckpt_tree_still(struct ckpt_snapshot *s)
{
	struct ckpt_tree_task *t;
	int err = 0;
	u32 i;

	for (i = 0; i < s->nr_tasks; i++) {
		t = &s->tasks[i];
		if (t->marked && !take_mark(t->task))
			err = ckpt_fail(s->ctl, -EBUSY, "pid %d: it did not stay frozen", t->pid);
		t->marked = false;
	}
	return err;
}

/* Gives up the tasks of the tree, whose marks are gone. */
void ckpt_tree_put(struct ckpt_snapshot *s)
{
	u32 n = s->nr_tasks;

	while (s->tasks && n)
		put_task_struct(s->tasks[--n].task);
	kvfree(s->tasks);
	s->tasks = NULL;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * User-space OOM handlers for memory cgroups
 *
 * A process that writes "start" to memory.oom.handler is the OOM handler of
 * that cgroup for as long as it keeps the file open. When memory.max of the
 * cgroup, or of one below it that has no handler of its own, is reached and
 * nothing can be reclaimed, the tasks that need the memory wait and the
 * handler's poll(2) returns. It may raise the limit, free memory, or kill
 * whom it likes. If memory.oom.timeout_ms pass without any room, or the
 * handler goes away, the kernel's OOM killer does what it does without a
 * handler, and remains in charge of that limit for one second so that its
 * victim can die in peace: nobody calls for another victim within a tenth of it.
 *
 * Where tasks wait is what makes this free of deadlocks. A charge is made
 * under all kinds of locks, and the handler may need any of them to find out
 * what goes on (reading /proc/<pid>/smaps takes the mmap lock of the task it
 * looks at). So nothing ever waits inside a charge. The charge only records
 * that there is something to wait for, and the wait is done as task work, on
 * the way back to user space, where no lock is held:
 *
 * - A page fault from user space fails its charge. The fault ends with
 *   VM_FAULT_OOM, the task waits, returns to user space and faults again.
 * - A system call cannot be repeated, so it goes over the limit, by no more
 *   than oomh_slack() in all, and the task waits before the call returns. If
 *   it needs more than that, the OOM killer is called as without a handler.
 *
 * Everybody else never waits: kernel threads, tasks that are dying, tasks that
 * are not in the cgroup they charge, and the handler itself.
 *
 * A wait is interruptible. A signal, a freezer or a tracer gets the task at
 * once; the faulting instruction is then executed again and the task comes
 * back here. The clock belongs to the OOM and not to the wait, so a task that
 * is disturbed often does not stretch it.
 *
 * Locking: memcg_oomh_lock protects all of struct memcg_oomh and the list of
 * waiters. It nests inside everything and nothing but wait queues and kernfs'
 * own leaf locks nest inside it. State that uncharging looks at (state,
 * had_room) is read and written without it, because pages are uncharged in
 * any context, NMI included; that is also why wakeups from there go through
 * an irq_work.
 */

#include <linux/cgroup.h>
#include <linux/irq_work.h>
#include <linux/memcontrol.h>
#include <linux/oom.h>
#include <linux/pid.h>
#include <linux/psi.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/task_work.h>
#include <linux/wait.h>
#include "internal.h"
#include "memcg_oom_handler_internal.h"

/* How long the kernel stays in charge of a limit once it took over. */
#define OOMH_TAKEOVER		HZ

/*
 * While the kernel is in charge, tasks give its victim this long before they call
 * for the next one.
 */
#define OOMH_KILL_INTERVAL	(HZ / 10)

/* How far system calls may go over the limit while a handler acts, in pages. */
#define OOMH_SLACK_MIN		64UL
#define OOMH_SLACK_MAX		1024UL

/* Why a wait is over, or that it is not. */
enum oomh_outcome {
	OOMH_WAIT,
	OOMH_TRY_AGAIN,
	OOMH_INTERRUPTED,
	OOMH_KERNEL,
};

DEFINE_STATIC_KEY_FALSE(memcg_oomh_key);

DEFINE_SPINLOCK(memcg_oomh_lock);
LIST_HEAD(memcg_oomh_waiters);
DECLARE_WAIT_QUEUE_HEAD(memcg_oomh_waitq);

static void oomh_wake_all(struct irq_work *unused)
{
	wake_up_all(&memcg_oomh_waitq);
}

static DEFINE_IRQ_WORK(oomh_wake_work, oomh_wake_all);

/*
 * How many pages over @memcg's limit system calls may take it together: 1/64
 * of the limit, within bounds.
 */
static unsigned long oomh_slack(struct mem_cgroup *memcg)
{
	return clamp(READ_ONCE(memcg->memory.max) / 64,
		     OOMH_SLACK_MIN, OOMH_SLACK_MAX);
}

static bool oomh_has_room(struct mem_cgroup *memcg, unsigned long nr_pages)
{
	return page_counter_read(&memcg->memory) + nr_pages <=
	       READ_ONCE(memcg->memory.max);
}

/* Can @w's task go on? A forced charge is paid for, a failed one is not. */
static bool oomh_wait_has_room(struct memcg_oomh_wait *w)
{
	return oomh_has_room(w->memcg, w->failed ? w->nr_pages : 0);
}

static bool oomh_current_is_under(struct mem_cgroup *memcg)
{
	guard(rcu)();
	return mem_cgroup_is_descendant(mem_cgroup_from_task(current), memcg);
}

/*
 * The handler of an OOM at @over's limit: the nearest one at or above @over.
 * One below has no say, or whoever owns a cgroup could hold up its ancestors.
 * A handler without a time limit is switched off and as good as none.
 */
static struct mem_cgroup *oomh_find_handler(struct mem_cgroup *over)
{
	struct mem_cgroup *memcg;

	lockdep_assert_held(&memcg_oomh_lock);
	for (memcg = over; memcg; memcg = parent_mem_cgroup(memcg))
		if (memcg->oomh->of && memcg->oomh->timeout_ms)
			return memcg;
	return NULL;
}

/* The cgroup at or above @over whose handler is @id, if it still exists. */
static struct mem_cgroup *oomh_find_server(struct mem_cgroup *over, u64 id)
{
	struct mem_cgroup *memcg;

	lockdep_assert_held(&memcg_oomh_lock);
	for (memcg = over; memcg; memcg = parent_mem_cgroup(memcg))
		if (memcg->oomh->of && memcg->oomh->id == id)
			return memcg->oomh->timeout_ms ? memcg : NULL;
	return NULL;
}

/* The kernel is in charge of a limit from now on. */
void memcg_oomh_take_over(struct memcg_oomh *oomh)
{
	lockdep_assert_held(&memcg_oomh_lock);
	WRITE_ONCE(oomh->state, OOMH_TAKEN_OVER);
	oomh->taken_over_until = jiffies + OOMH_TAKEOVER;
	oomh->next_kill = jiffies;
}

static bool oomh_is_taken_over(struct memcg_oomh *oomh)
{
	lockdep_assert_held(&memcg_oomh_lock);
	return oomh->state == OOMH_TAKEN_OVER &&
	       time_before(jiffies, oomh->taken_over_until);
}

/* Is it current who calls the OOM killer, and not one who waits for its victim? */
static bool oomh_claim_kill(struct memcg_oomh *oomh)
{
	lockdep_assert_held(&memcg_oomh_lock);
	if (time_before(jiffies, oomh->next_kill))
		return false;
	oomh->next_kill = jiffies + OOMH_KILL_INTERVAL;
	return true;
}

static bool oomh_is_handler(struct mem_cgroup *server)
{
	lockdep_assert_held(&memcg_oomh_lock);
	return server->oomh->owner == task_tgid(current);
}

/* An OOM of its own: the clock starts and the handler is told. */
static void oomh_begin(struct mem_cgroup *over, struct mem_cgroup *server)
{
	struct memcg_oomh *oomh = over->oomh;

	lockdep_assert_held(&memcg_oomh_lock);
	oomh->server = server->oomh->id;
	/* One more, as the current tick is partly gone */
	oomh->deadline = jiffies + 1 +
			 msecs_to_jiffies(server->oomh->timeout_ms);
	WRITE_ONCE(oomh->state, OOMH_WAITING);
	/*
	 * Whoever uncharges lowers the counter and then looks at ->state. The
	 * caller looks at the counter after this: one of the two sees the other.
	 */
	smp_mb();
}

/*
 * The wait ends with the kernel. A fault claims the kill when it is repeated and
 * its charge fails again, what went over the limit does so here.
 */
static enum oomh_outcome oomh_hand_over(struct memcg_oomh_wait *w)
{
	if (w->forced)
		oomh_claim_kill(w->memcg->oomh);
	return OOMH_KERNEL;
}

/*
 * Decide whether @w has to wait (any longer).
 *
 * @left is set to what is left of the time limit, in jiffies. @notify is set to
 * the cgroup whose handler has to be told of an OOM or of one more waiter.
 */
static enum oomh_outcome oomh_check(struct memcg_oomh_wait *w, long *left,
				    struct mem_cgroup **notify)
{
	struct mem_cgroup *over = w->memcg, *server = NULL;
	struct memcg_oomh *oomh = over->oomh;

	lockdep_assert_held(&memcg_oomh_lock);

	if (signal_pending(current))
		return OOMH_INTERRUPTED;
	if (w->retry || oomh->offline || !oomh_current_is_under(over))
		return OOMH_TRY_AGAIN;
	if (oomh_wait_has_room(w)) {
		/* Whoever has to go on waiting starts a new clock */
		if (oomh->state == OOMH_WAITING)
			WRITE_ONCE(oomh->state, OOMH_IDLE);
		return OOMH_TRY_AGAIN;
	}
	if (oomh_is_taken_over(oomh)) {
		*left = oomh->next_kill - jiffies;
		return *left > 0 ? OOMH_WAIT : oomh_hand_over(w);
	}

	if (oomh->state == OOMH_WAITING)
		server = oomh_find_server(over, oomh->server);
	if (server && time_after_eq(jiffies, oomh->deadline)) {
		server->oomh->nr_timed_out++;
		memcg_oomh_take_over(oomh);
		return oomh_hand_over(w);
	}
	if (!server) {
		WRITE_ONCE(oomh->state, OOMH_IDLE);
		server = oomh_find_handler(over);
		if (!server || oomh_is_handler(server))
			return OOMH_KERNEL;
		oomh_begin(over, server);
		if (oomh_wait_has_room(w)) {
			WRITE_ONCE(oomh->state, OOMH_IDLE);
			return OOMH_TRY_AGAIN;
		}
		server->oomh->nr_ooms++;
		w->announced = false;
	} else if (oomh_is_handler(server)) {
		return OOMH_KERNEL;
	}

	if (!w->announced) {
		w->announced = true;
		css_get(&server->css);
		*notify = server;
	}
	*left = oomh->deadline - jiffies;
	return OOMH_WAIT;
}

static void oomh_enter(struct memcg_oomh_wait *w)
{
	struct memcg_oomh *oomh = w->memcg->oomh;
	struct mem_cgroup *server;

	guard(spinlock)(&memcg_oomh_lock);
	/*
	 * Nobody waits, yet the clock runs: the last waiter was interrupted. It
	 * is the same OOM unless there has been room meanwhile, or the
	 * interruption was so long that the clock says nothing any more.
	 */
	if (oomh->state == OOMH_WAITING && !oomh->nr_waiters) {
		server = oomh_find_server(w->memcg, oomh->server);
		if (!server || READ_ONCE(oomh->had_room) ||
		    time_after(jiffies, oomh->deadline +
			       msecs_to_jiffies(server->oomh->timeout_ms)))
			WRITE_ONCE(oomh->state, OOMH_IDLE);
	}
	WRITE_ONCE(oomh->had_room, false);
	WRITE_ONCE(oomh->nr_waiters, oomh->nr_waiters + 1);
	w->since = jiffies;
	list_add_tail(&w->node, &memcg_oomh_waiters);
}

static void oomh_leave(struct memcg_oomh_wait *w, enum oomh_outcome outcome)
{
	struct memcg_oomh *oomh = w->memcg->oomh;

	guard(spinlock)(&memcg_oomh_lock);
	list_del(&w->node);
	WRITE_ONCE(oomh->nr_waiters, oomh->nr_waiters - 1);
	if (oomh->nr_waiters || oomh->state != OOMH_WAITING)
		return;
	/* Keep the clock only for a task that is bound to come back */
	if (outcome != OOMH_INTERRUPTED || fatal_signal_pending(current))
		WRITE_ONCE(oomh->state, OOMH_IDLE);
}

static enum oomh_outcome oomh_wait(struct memcg_oomh_wait *w)
{
	enum oomh_outcome outcome;
	unsigned long pflags;
	DEFINE_WAIT(wait);

	psi_memstall_enter(&pflags);
	oomh_enter(w);
	for (;;) {
		struct mem_cgroup *notify = NULL;
		long left = 0;

		prepare_to_wait(&memcg_oomh_waitq, &wait,
				TASK_INTERRUPTIBLE | TASK_FREEZABLE);
		scoped_guard(spinlock, &memcg_oomh_lock)
			outcome = oomh_check(w, &left, &notify);
		if (notify) {
			cgroup_file_notify(&notify->oomh_file);
			css_put(&notify->css);
		}
		if (outcome != OOMH_WAIT)
			break;
		schedule_timeout(left);
	}
	finish_wait(&memcg_oomh_waitq, &wait);
	oomh_leave(w, outcome);
	psi_memstall_leave(&pflags);

	return outcome;
}

static void oomh_wait_free(struct memcg_oomh_wait *w)
{
	css_put(&w->memcg->css);
	kfree(w);
}

/*
 * The kernel has to make room after all. A failed charge is repeated and finds
 * its way to the OOM killer itself; one that was forced over the limit is not.
 */
static void oomh_pay_back(struct memcg_oomh_wait *w)
{
	struct mem_cgroup *memcg = w->memcg;

	if (oomh_has_room(memcg, 0))
		return;
	try_to_free_mem_cgroup_pages(memcg, w->nr_pages, GFP_KERNEL,
				     MEMCG_RECLAIM_MAY_SWAP, NULL);
	if (!oomh_has_room(memcg, 0))
		mem_cgroup_out_of_memory(memcg, w->gfp, 0);
}

/* On the way to user space, without locks; or at exit, with PF_EXITING set. */
static void oomh_wait_work(struct callback_head *work)
{
	struct memcg_oomh_wait *w =
		container_of(work, struct memcg_oomh_wait, work);

	current->memcg_oomh_wait = NULL;
	if (!(current->flags & PF_EXITING) && oomh_wait(w) == OOMH_KERNEL &&
	    w->forced)
		oomh_pay_back(w);
	oomh_wait_free(w);
}

/**
 * __memcg_oomh_end_fault() - Settle what a charge did to a user's page fault.
 * @ret: the result of the fault
 *
 * Context: At the end of a page fault from user space, if a wait is pending.
 * Return: @ret, or VM_FAULT_OOM in place of VM_FAULT_SIGBUS: some paths take
 * an allocation that fails for an I/O error. If it was a real one, it will
 * be found again when the fault is repeated.
 */
vm_fault_t __memcg_oomh_end_fault(vm_fault_t ret)
{
	struct memcg_oomh_wait *w = current->memcg_oomh_wait;

	if (!w->failed || (ret & VM_FAULT_OOM))
		return ret;
	if (ret & VM_FAULT_SIGBUS)
		return (ret & ~VM_FAULT_SIGBUS) | VM_FAULT_OOM;

	/* The fault could do without the memory, or is repeated right away */
	w->failed = false;
	if (!w->forced && task_work_cancel(current, &w->work)) {
		current->memcg_oomh_wait = NULL;
		oomh_wait_free(w);
	}
	return ret;
}

/* Tasks that never get back to user space, or must not be kept from dying. */
static bool oomh_current_may_wait(void)
{
	if (!in_task() || !current->mm)
		return false;
	if (current->flags & (PF_KTHREAD | PF_USER_WORKER | PF_EXITING |
			      PF_DUMPCORE))
		return false;
	return !tsk_is_oom_victim(current) && !fatal_signal_pending(current);
}

static bool oomh_may_handle(struct mem_cgroup *over)
{
	struct mem_cgroup *server;

	guard(spinlock)(&memcg_oomh_lock);
	if (over->oomh->offline)
		return false;
	server = oomh_find_handler(over);
	if (server && oomh_is_handler(server))
		return false;
	if (oomh_is_taken_over(over->oomh))
		return !oomh_claim_kill(over->oomh);
	return server;
}

/* May a system call take @over over its limit, and nobody above it? */
static bool oomh_may_force(struct mem_cgroup *over, unsigned int nr_pages)
{
	struct mem_cgroup *memcg;

	if (page_counter_read(&over->memory) + nr_pages >
	    READ_ONCE(over->memory.max) + oomh_slack(over))
		return false;
	for (memcg = parent_mem_cgroup(over); memcg;
	     memcg = parent_mem_cgroup(memcg))
		if (!oomh_has_room(memcg, nr_pages))
			return false;
	return true;
}

static struct memcg_oomh_wait *oomh_wait_alloc(struct mem_cgroup *over,
					       gfp_t gfp, unsigned int nr_pages)
{
	struct memcg_oomh_wait *w;

	w = kzalloc_obj(*w, GFP_NOWAIT | __GFP_NOWARN);
	if (!w)
		return NULL;
	w->task = current;
	w->memcg = over;
	w->gfp = gfp;
	w->nr_pages = nr_pages;
	css_get(&over->css);
	init_task_work(&w->work, oomh_wait_work);
	if (task_work_add(current, &w->work, TWA_RESUME)) {
		oomh_wait_free(w);
		return NULL;
	}
	current->memcg_oomh_wait = w;
	return w;
}

/**
 * __memcg_oomh_charge() - A charge fails: ask whether to wait for a handler.
 * @over: the cgroup whose limit was hit
 * @gfp: flags of the allocation
 * @nr_pages: its size
 *
 * Context: Process context, any locks held. Does not sleep.
 * Return: what is to become of the charge. If it is not MEMCG_OOMH_KERNEL,
 * current waits before it is back in user space.
 */
enum memcg_oomh_verdict __memcg_oomh_charge(struct mem_cgroup *over,
					    gfp_t gfp, unsigned int nr_pages)
{
	struct memcg_oomh_wait *w = current->memcg_oomh_wait;
	bool fail;

	/* The OOM killer is not called for these either */
	if (nr_pages > (1U << PAGE_ALLOC_COSTLY_ORDER))
		return MEMCG_OOMH_KERNEL;
	if (!oomh_current_may_wait() || !oomh_current_is_under(over) ||
	    !oomh_may_handle(over))
		return MEMCG_OOMH_KERNEL;

	fail = current->in_user_fault && !(gfp & (__GFP_NOFAIL | __GFP_HIGH));
	if (!fail && !oomh_may_force(over, nr_pages))
		return MEMCG_OOMH_KERNEL;

	if (!w) {
		w = oomh_wait_alloc(over, gfp, nr_pages);
		if (!w)
			return MEMCG_OOMH_KERNEL;
		memcg_memory_event(over, MEMCG_OOM);
	}
	if (fail) {
		w->failed = true;
		return MEMCG_OOMH_FAIL;
	}
	w->forced = true;
	return MEMCG_OOMH_FORCE;
}

/**
 * __memcg_oomh_uncharged() - Pages were given back: tasks may have room now.
 * @memcg: the cgroup they were charged to
 *
 * Context: Any.
 */
void __memcg_oomh_uncharged(struct mem_cgroup *memcg)
{
	for (; memcg; memcg = parent_mem_cgroup(memcg)) {
		struct memcg_oomh *oomh = memcg->oomh;

		if (READ_ONCE(oomh->state) != OOMH_WAITING &&
		    !READ_ONCE(oomh->nr_waiters))
			continue;
		if (!oomh_has_room(memcg, 0))
			continue;
		WRITE_ONCE(oomh->had_room, true);
		irq_work_queue(&oomh_wake_work);
	}
}

/**
 * __memcg_oomh_limit_changed() - memory.max was written: look again.
 * @memcg: the cgroup
 */
void __memcg_oomh_limit_changed(struct mem_cgroup *memcg)
{
	scoped_guard(spinlock, &memcg_oomh_lock)
		if (oomh_has_room(memcg, 1))
			WRITE_ONCE(memcg->oomh->state, OOMH_IDLE);
	wake_up_all(&memcg_oomh_waitq);
}

/**
 * __memcg_oomh_attach() - Tasks changed their cgroup: some may be out of reach.
 */
void __memcg_oomh_attach(void)
{
	wake_up_all(&memcg_oomh_waitq);
}

bool memcg_oomh_alloc(struct mem_cgroup *memcg)
{
	memcg->oomh = kzalloc_obj(*memcg->oomh, GFP_KERNEL_ACCOUNT);
	return memcg->oomh;
}

void memcg_oomh_free(struct mem_cgroup *memcg)
{
	kfree(memcg->oomh);
}

/* The handler itself went when the cgroup's files were removed. */
void memcg_oomh_offline(struct mem_cgroup *memcg)
{
	scoped_guard(spinlock, &memcg_oomh_lock)
		memcg->oomh->offline = true;
	wake_up_all(&memcg_oomh_waitq);
}

/* The controller was disabled in a cgroup that stays: back to the defaults. */
void memcg_oomh_reset(struct mem_cgroup *memcg)
{
	scoped_guard(spinlock, &memcg_oomh_lock)
		memcg->oomh->timeout_ms = 0;
	wake_up_all(&memcg_oomh_waitq);
}


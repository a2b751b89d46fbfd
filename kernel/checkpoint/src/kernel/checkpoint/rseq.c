// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: restartable sequences, see rseq(2)
 *
 * What is registered is in the image; what the area holds is memory like any
 * other. At a restart the ids in it are set to those of nobody, as registering
 * does, and the kernel sets them true before the task runs. The pointer to a
 * critical section stays: the task comes back as one that was preempted and has
 * migrated, so the kernel looks where it stands, and sends it to the abort
 * handler if that is within. That is also what awaits the original.
 */
#include <linux/mm.h>
#include <linux/rseq_entry.h>
#include <linux/sched/mm.h>
#include "checkpoint.h"

#ifdef CONFIG_RSEQ

/* What rseq(2) has always taken; more makes it version 2 on most architectures. */
#define RSEQ_SIZE	32

static u8 version_of(u32 len)
{
	return IS_ENABLED(CONFIG_GENERIC_IRQ_ENTRY) && len > RSEQ_SIZE ? 2 : 1;
}

static bool has_slice(const struct task_struct *task)
{
#ifdef CONFIG_RSEQ_SLICE_EXTENSION
	return task->rseq.slice.state.enabled;
#else
	return false;
#endif
}

/* Whether all of it can be written to, or @task would soon have died of it. */
static bool is_writable(struct task_struct *task, unsigned long addr, u32 len)
{
	struct mm_struct *mm = get_task_mm(task);
	unsigned long end = addr + len;
	struct vm_area_struct *vma;

	if (!mm)
		return false;
	scoped_guard(mmap_read_lock, mm) {
		for (; addr < end; addr = vma->vm_end) {
			vma = vma_lookup(mm, addr);
			if (!vma || !(vma->vm_flags & VM_WRITE))
				break;
		}
	}
	mmput(mm);
	return addr >= end;
}

/* Takes what @task, which lives, has registered. */
int ckpt_take_rseq(struct ckpt_snapshot *s, struct task_struct *task, struct ckpt_task *t)
{
	unsigned long addr = (unsigned long)task->rseq.usrptr;

	if (!addr)
		return 0;
	if (!is_writable(task, addr, task->rseq.len))
		return ckpt_refuse(s, task, "a restartable sequence area that is not writable is");
	t->rseq = cpu_to_le64(addr);
	t->rseq_len = cpu_to_le32(task->rseq.len);
	t->rseq_sig = cpu_to_le32(task->rseq.sig);
	t->rseq_flags = cpu_to_le32(has_slice(task) ? CKPT_RSEQ_SLICE : 0);
	return 0;
}

/* What rseq(2) asks for here. */
static bool is_valid(u64 addr, u32 len)
{
	if (addr >= TASK_SIZE || len > TASK_SIZE - addr)
		return false;
	if (len == RSEQ_SIZE)
		return IS_ALIGNED(addr, RSEQ_SIZE);
	return IS_ALIGNED(addr, rseq_alloc_align()) && len >= offsetof(struct rseq, end);
}

/* Writes to the area of @m, which sleeps, as the task itself could. */
static bool put_words(const struct ckpt_member *m, size_t offset, const u32 *words, int n)
{
	unsigned long addr = le64_to_cpu(m->record->rseq) + offset;
	int len = n * sizeof(*words);

	return access_process_vm(m->task, addr, (void *)words, len, FOLL_WRITE) == len;
}

/* The ids of nobody, and what this kernel offers; all but the critical section. */
static bool put_ids(const struct ckpt_member *m)
{
	const u32 cpus[] = { RSEQ_CPU_ID_UNINITIALIZED, RSEQ_CPU_ID_UNINITIALIZED };
	bool slice = IS_ENABLED(CONFIG_RSEQ_SLICE_EXTENSION);
	u32 rest[] = { 0, 0, 0, 0 };	/* flags, node_id, mm_cid, slice_ctrl */

	static_assert(offsetof(struct rseq, cpu_id) == offsetof(struct rseq, cpu_id_start) + 4);
	static_assert(offsetof(struct rseq, slice_ctrl) == offsetof(struct rseq, flags) + 12);
	if (!put_words(m, offsetof(struct rseq, cpu_id_start), cpus, 2))
		return false;
	/* version 1 has no flags, and nothing of the kernel's behind the ids */
	if (version_of(le32_to_cpu(m->record->rseq_len)) < 2)
		return put_words(m, offsetof(struct rseq, node_id), rest, 2);
	if (rseq_slice_extension_enabled())
		rest[0] |= RSEQ_CS_FLAG_SLICE_EXT_AVAILABLE;
	if (m->record->rseq_flags)
		rest[0] |= RSEQ_CS_FLAG_SLICE_EXT_ENABLED;
	return put_words(m, offsetof(struct rseq, flags), rest, slice ? 4 : 3);
}

/**
 * ckpt_restore_rseq - prepare what @m has registered with rseq(2)
 * @r: the restart
 * @m: it sleeps, and its memory is filled
 *
 * Whatever may fail is done here, and the rest by ckpt_register_rseq().
 */
int ckpt_restore_rseq(struct ckpt_restart *r, struct ckpt_member *m)
{
	u32 pid = le32_to_cpu(m->record->pid), len = le32_to_cpu(m->record->rseq_len);

	if (!m->record->rseq)
		return 0;
	if (!is_valid(le64_to_cpu(m->record->rseq), len))
		return ckpt_fail(r->ctl, -EINVAL,
				 "pid %u: rseq(2) does not take its restartable sequence area here",
				 pid);
	if (m->record->rseq_flags && (version_of(len) < 2 || !rseq_slice_extension_enabled()))
		return ckpt_fail(r->ctl, -EOPNOTSUPP,
				 "pid %u: its time slice extension is not supported here", pid);
	if (!put_ids(m))
		return ckpt_fail(r->ctl, -EFAULT,
				 "pid %u: its restartable sequence area is not writable", pid);
	return 0;
}

/* Registers what the caller, which has been @t, had; memory and registers are in place. */
void ckpt_register_rseq(const struct ckpt_task *t)
{
	struct rseq_data *data = &current->rseq;

	if (!t->rseq)
		return;
	rseq_execve(current);
	data->usrptr = (struct rseq __user *)(unsigned long)le64_to_cpu(t->rseq);
	data->len = le32_to_cpu(t->rseq_len);
	data->sig = le32_to_cpu(t->rseq_sig);
#ifdef CONFIG_RSEQ_SLICE_EXTENSION
	data->slice.state.enabled = !!t->rseq_flags;
#endif
	data->event.has_rseq = version_of(data->len);
	/* as if it came from an interrupt: only then a critical section is looked for */
	data->event.user_irq = true;
	rseq_force_update();
}

#else

int ckpt_take_rseq(struct ckpt_snapshot *s, struct task_struct *task, struct ckpt_task *t)
{
	return 0;
}

int ckpt_restore_rseq(struct ckpt_restart *r, struct ckpt_member *m)
{
	if (!m->record->rseq)
		return 0;
	return ckpt_fail(r->ctl, -EOPNOTSUPP,
			 "pid %u: restartable sequences are not supported here (CONFIG_RSEQ)",
			 le32_to_cpu(m->record->pid));
}

void ckpt_register_rseq(const struct ckpt_task *t)
{
}

#endif

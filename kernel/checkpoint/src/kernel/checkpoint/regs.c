// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: registers, by regset as in core dumps and ptrace
 */
#include <linux/elf.h>
#include <linux/regset.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include "checkpoint.h"

/* Every register set that can be set again. */
static int take_sets(struct ckpt_snapshot *s, struct task_struct *task)
{
	const struct user_regset_view *view = task_user_regset_view(task);
	const struct user_regset *set;
	struct ckpt_regs *regs;
	unsigned int i;
	void *data;
	int size;

	if (view->e_machine != task_user_regset_view(current)->e_machine)
		return ckpt_refuse(s, task, "an architecture other than the caller's is");
	for (i = 0; i < view->n; i++) {
		set = &view->regsets[i];
		if (!set->set || !set->core_note_type)
			continue;
		if (set->active && set->active(task, set) <= 0)
			continue;
		size = regset_get_alloc(task, set, set->n * set->size, &data);
		if (size == -ENODEV || !size)
			continue;
		if (size < 0)
			return ckpt_fail(s->ctl, size, "pid %d: register set %#x: error %d",
					 task_pid_vnr(task), set->core_note_type, -size);
		if (size > CKPT_REGS_MAX) {
			kvfree(data);
			return ckpt_refuse(s, task, "a register set of %d bytes is", size);
		}
		regs = ckpt_record_add(&s->procs, CKPT_REGS, 0, sizeof(*regs) + size);
		if (regs) {
			regs->note = cpu_to_le32(set->core_note_type);
			regs->size = cpu_to_le32(size);
			memcpy(regs->data, data, size);
		}
		kvfree(data);
		if (!regs)
			return -ENOMEM;
	}
	return 0;
}

/* Takes the registers. They may lie on the stack, which goes if somebody thaws the task. */
int ckpt_take_regs(struct ckpt_snapshot *s, struct task_struct *task)
{
	int err;

	if (!try_get_task_stack(task))
		return ckpt_fail(s->ctl, -EBUSY, "pid %d: it is not frozen", task_pid_vnr(task));
	err = take_sets(s, task);
	put_task_stack(task);
	return err;
}

static int restore_set(struct task_struct *task, const struct ckpt_regs *regs)
{
	const struct user_regset_view *view = task_user_regset_view(task);
	u32 note = le32_to_cpu(regs->note), size = le32_to_cpu(regs->size);
	const struct user_regset *set;
	unsigned int i;

	for (i = 0; i < view->n; i++) {
		set = &view->regsets[i];
		if (set->core_note_type != note || !set->set)
			continue;
		if (size > set->n * set->size || size % set->size)
			return -EINVAL;
		return set->set(task, set, 0, size, regs->data, NULL);
	}
	return -ENODEV;
}

/* Sets the registers of @m, which sleeps on its way to user space. */
int ckpt_restore_regs(struct ckpt_restart *r, struct ckpt_member *m)
{
	struct ckpt_loaded *l = m->loaded;
	const struct ckpt_regs *regs;
	int err;

	list_for_each_entry_continue(l, &r->records, node) {
		if (ckpt_type(l) != CKPT_REGS)
			return 0;
		regs = (void *)l->payload;
		err = restore_set(m->task, regs);
		if (err)
			return ckpt_fail(r->ctl, err, "pid %u: register set %#x: error %d",
					 le32_to_cpu(m->record->pid),
					 le32_to_cpu(regs->note), -err);
	}
	return 0;
}

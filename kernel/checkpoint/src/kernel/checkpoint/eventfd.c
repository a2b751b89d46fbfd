// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: eventfds
 */
#include <linux/checkpoint.h>
#include <linux/eventfd.h>
#include <linux/fs.h>
#include <uapi/linux/fcntl.h>
#include "checkpoint.h"

#define CKPT_EVENTFD_FLAGS	(O_RDWR | O_NONBLOCK)

/**
 * ckpt_take_eventfd - take an eventfd
 * @s: what is taken
 * @task: who has it
 * @taken: the file, seen for the first time
 *
 * Return: id of the FILE, 0 if it is no eventfd, or an error.
 */
int ckpt_take_eventfd(struct ckpt_snapshot *s, struct task_struct *task,
		      struct ckpt_taken_file *taken)
{
	struct checkpoint_eventfd e;
	struct ckpt_file *f;

	if (!checkpoint_eventfd_get(taken->file, &e))
		return 0;
	if (e.users > 1 || taken->file->f_flags & ~CKPT_EVENTFD_FLAGS)
		return ckpt_refuse_file(s, task, taken->fd,
					"an eventfd that the kernel signals, or with flags %#o, is",
					taken->file->f_flags);
	taken->whole = true;
	f = ckpt_record_add(&s->files, CKPT_FILE, ++s->nr_files, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->kind = cpu_to_le32(CKPT_FILE_EVENTFD);
	f->flags = cpu_to_le32(taken->file->f_flags);
	f->size = cpu_to_le64(e.count);
	f->mode = cpu_to_le32(e.semaphore);
	return s->nr_files;
}

/* Makes the FILE @f, an eventfd. */
int ckpt_open_eventfd(struct ckpt_restart *r, u32 index, const struct ckpt_file *f)
{
	struct checkpoint_eventfd e = {
		.count = le64_to_cpu(f->size),
		.semaphore = le32_to_cpu(f->mode),
	};
	u32 flags = le32_to_cpu(f->flags);
	struct file *file;

	if (flags & ~CKPT_EVENTFD_FLAGS || (flags & O_ACCMODE) != O_RDWR)
		return ckpt_fail(r->ctl, -EBADMSG, "file %u: unknown flags", index + 1);
	file = checkpoint_eventfd_make(&e, flags);
	if (IS_ERR(file))
		return PTR_ERR(file);
	r->files[index] = file;
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: pipes
 *
 * All ends of a pipe must be within the tree: with an end outside, somebody
 * would be left alone there, at the checkpoint or at the restart.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/pipe_fs_i.h>
#include <linux/slab.h>
#include <uapi/linux/fcntl.h>
#include "checkpoint.h"

#define CKPT_PIPE_FLAGS		(O_ACCMODE | O_NONBLOCK | O_LARGEFILE)

/* How much is in the pipe; -1 if there is something special. */
static ssize_t pipe_bytes(struct pipe_inode_info *pipe)
{
	unsigned int i;
	ssize_t n = 0;

	if (pipe_has_watch_queue(pipe))
		return -1;
	for (i = pipe->tail; i != pipe->head; i++) {
		if (pipe_buf(pipe, i)->flags & (PIPE_BUF_FLAG_PACKET | PIPE_BUF_FLAG_WHOLE))
			return -1;
		n += pipe_buf(pipe, i)->len;
	}
	return n;
}

static int copy_pipe(struct pipe_inode_info *pipe, u8 *to)
{
	struct pipe_buffer *buf;
	unsigned int i;
	int err;

	for (i = pipe->tail; i != pipe->head; i++) {
		buf = pipe_buf(pipe, i);
		err = pipe_buf_confirm(pipe, buf);
		if (err)
			return err;
		memcpy_from_page(to, buf->page, buf->offset, buf->len);
		to += buf->len;
	}
	return 0;
}

/**
 * ckpt_take_pipe - take an end of a pipe
 * @s: what is taken
 * @task: who has it
 * @taken: the file, seen for the first time
 *
 * Return: id of the FILE, or an error.
 */
int ckpt_take_pipe(struct ckpt_snapshot *s, struct task_struct *task,
		   struct ckpt_taken_file *taken)
{
	struct file *file = taken->file;
	struct pipe_inode_info *pipe = file->private_data;
	struct ckpt_taken_pipe *p = xa_load(&s->pipes, (unsigned long)pipe);
	ssize_t bytes = 0;
	struct ckpt_file *f;
	bool first = !p;
	int err = 0;

	if (file->f_flags & ~CKPT_PIPE_FLAGS || file->f_mode & FMODE_PATH)
		return ckpt_refuse(s, task, "fd %d: a pipe with flags %#o is", taken->fd,
				   file->f_flags);
	if (first) {
		p = kzalloc_obj(*p, GFP_KERNEL_ACCOUNT);
		if (!p)
			return -ENOMEM;
		err = xa_err(xa_store(&s->pipes, (unsigned long)pipe, p, GFP_KERNEL_ACCOUNT));
		if (err) {
			kfree(p);
			return err;
		}
		p->number = ++s->nr_pipes;
	}
	p->readers += !!(file->f_mode & FMODE_READ);
	p->writers += !!(file->f_mode & FMODE_WRITE);

	pipe_lock(pipe);
	if (first)
		bytes = pipe_bytes(pipe);
	if (bytes < 0 || bytes > CKPT_DATA_MAX) {
		pipe_unlock(pipe);
		return ckpt_refuse(s, task, "fd %d: a pipe with packets or over %u bytes is",
				   taken->fd, CKPT_DATA_MAX);
	}
	f = ckpt_record_add(&s->files, CKPT_FILE, ++s->nr_files, sizeof(*f) + bytes);
	if (f) {
		f->kind = cpu_to_le32(CKPT_FILE_PIPE);
		f->flags = cpu_to_le32(file->f_flags & CKPT_PIPE_FLAGS);
		f->pipe = cpu_to_le32(p->number);
		f->capacity = cpu_to_le32(pipe->max_usage * PAGE_SIZE);
		f->size = cpu_to_le64(bytes);
		err = first ? copy_pipe(pipe, f->data) : 0;
	}
	pipe_unlock(pipe);
	if (!f)
		return -ENOMEM;
	return err ?: s->nr_files;
}

/* Whether the tree has every end of every pipe that it has. */
int ckpt_pipes_whole(struct ckpt_snapshot *s)
{
	struct pipe_inode_info *pipe;
	struct ckpt_taken_pipe *p;
	struct ckpt_taken_file *f;
	unsigned long i;
	bool outside;

	xa_for_each(&s->file_ids, i, f) {
		pipe = get_pipe_info(f->file, false);
		p = pipe ? xa_load(&s->pipes, (unsigned long)pipe) : NULL;
		if (!p)
			continue;
		pipe_lock(pipe);
		outside = pipe->readers != p->readers || pipe->writers != p->writers;
		pipe_unlock(pipe);
		/* and one reference is our own */
		if (outside || file_count(f->file) != f->refs + 1)
			return ckpt_fail(s->ctl, -EOPNOTSUPP,
					 "pid %d: fd %d: a pipe with an end outside is not supported",
					 f->pid, f->fd);
	}
	return 0;
}

static int fill_pipe(struct file *file, const struct ckpt_file *f)
{
	size_t len = le64_to_cpu(f->size);
	loff_t pos = 0;
	ssize_t n;
	long size;

	size = pipe_fcntl(file, F_SETPIPE_SZ, le32_to_cpu(f->capacity));
	if (size < 0)
		return size;
	if (!len)
		return 0;
	n = kernel_write(file, f->data, len, &pos);
	if (n < 0)
		return n;
	return n == len ? 0 : -ENOSPC;
}

/**
 * ckpt_open_pipe - make an end of a pipe
 * @r: the restart
 * @index: of the FILE
 * @f: its record
 * @spare: the pipe's end that no FILE asked for yet, or NULL before the first
 */
int ckpt_open_pipe(struct ckpt_restart *r, u32 index, const struct ckpt_file *f,
		   struct file **spare)
{
	u32 flags = le32_to_cpu(f->flags), number = le32_to_cpu(f->pipe);
	struct file *file, *ends[2];
	int err;

	if (flags & ~CKPT_PIPE_FLAGS || (flags & O_ACCMODE) == O_ACCMODE)
		return ckpt_fail(r->ctl, -EBADMSG, "pipe %u: unknown flags", number);
	if (!*spare) {
		/* Non-blocking until it is filled: what does not fit is an error. */
		err = create_pipe_files(ends, O_NONBLOCK);
		if (err)
			return err;
		err = fill_pipe(ends[1], f);
		fput(ends[1]);
		/* The reader keeps the pipe until all of its ends are made. */
		*spare = ends[0];
		if (err)
			return ckpt_fail(r->ctl, err, "pipe %u: error %d", number, -err);
	}
	/* As /proc/PID/fd does it. Read ends do not wait: *spare is a reader. */
	file = dentry_open(&(*spare)->f_path, flags | O_NONBLOCK, current_cred());
	if (IS_ERR(file))
		return PTR_ERR(file);
	scoped_guard(spinlock, &file->f_lock)
		file->f_flags = (file->f_flags & ~O_NONBLOCK) | (flags & O_NONBLOCK);
	r->files[index] = file;
	return 0;
}

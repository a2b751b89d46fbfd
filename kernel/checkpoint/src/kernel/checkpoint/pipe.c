// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: pipes, and FIFOs, which have a path
 *
 * All ends of a pipe must be within the tree: with an end outside, somebody
 * would be left alone there, at the checkpoint or at the restart.
 *
 * A pipe with packets is kept as chunks: each packet, and what is between two
 * of them, which is a stream. At a restart they are written in that order.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/magic.h>
#include <linux/namei.h>
#include <linux/pipe_fs_i.h>
#include <linux/slab.h>
#include <uapi/linux/fcntl.h>
#include "checkpoint.h"

#define CKPT_PIPE_FLAGS		(O_ACCMODE | O_NONBLOCK | O_LARGEFILE | O_DIRECT)

/* Beyond them, what open(2) leaves with a FIFO; none of it is of any meaning there. */
#define CKPT_FIFO_FLAGS		(CKPT_PIPE_FLAGS | O_APPEND | O_NOFOLLOW | O_NOATIME | \
				 O_DSYNC | __O_SYNC)

/* What is in a pipe. */
struct pipe_contents {
	u32 bytes;
	u32 chunks;
};

/* The length of the chunk that begins at @i, which is moved behind it. */
static u32 next_chunk(struct pipe_inode_info *pipe, unsigned int *i)
{
	struct pipe_buffer *buf = pipe_buf(pipe, (*i)++);
	u32 n = buf->len;

	if (buf->flags & PIPE_BUF_FLAG_PACKET)
		return n | CKPT_PACKET;
	for (; *i != pipe->head; (*i)++) {
		buf = pipe_buf(pipe, *i);
		if (buf->flags & PIPE_BUF_FLAG_PACKET)
			break;
		n += buf->len;
	}
	return n;
}

/* Looks at the pipe, which is locked. False if there is something special in it, or over @room. */
static bool look_at(struct pipe_inode_info *pipe, struct pipe_contents *c, u32 room)
{
	bool packets = false;
	unsigned int i;

	*c = (struct pipe_contents){};
	if (pipe_has_watch_queue(pipe))
		return false;
	for (i = pipe->tail; i != pipe->head; i++) {
		struct pipe_buffer *buf = pipe_buf(pipe, i);

		if (buf->flags & PIPE_BUF_FLAG_WHOLE || !buf->len)
			return false;
		packets |= buf->flags & PIPE_BUF_FLAG_PACKET;
		c->bytes += buf->len;
		if (c->bytes > room)
			return false;
	}
	for (i = pipe->tail; packets && i != pipe->head; c->chunks++)
		next_chunk(pipe, &i);
	return c->bytes + c->chunks * sizeof(u32) <= room;
}

static int copy_pipe(struct pipe_inode_info *pipe, const struct pipe_contents *c, u8 *to)
{
	struct pipe_buffer *buf;
	__le32 chunk;
	u32 n;
	unsigned int i;
	int err;

	for (i = pipe->tail, n = c->chunks; n; n--) {
		chunk = cpu_to_le32(next_chunk(pipe, &i));
		memcpy(to, &chunk, sizeof(chunk));
		to += sizeof(chunk);
	}
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

/* Notes an end of @pipe that the tree has. */
static struct ckpt_taken_pipe *note_end(struct ckpt_snapshot *s, struct pipe_inode_info *pipe,
					const struct file *file)
{
	struct ckpt_taken_pipe *p = xa_load(&s->pipes, (unsigned long)pipe);
	int err;

	if (!p) {
		p = kzalloc_obj(*p, GFP_KERNEL_ACCOUNT);
		if (!p)
			return ERR_PTR(-ENOMEM);
		err = xa_err(xa_store(&s->pipes, (unsigned long)pipe, p, GFP_KERNEL_ACCOUNT));
		if (err) {
			kfree(p);
			return ERR_PTR(err);
		}
		p->number = ++s->nr_pipes;
	}
	p->readers += !!(file->f_mode & FMODE_READ);
	p->writers += !!(file->f_mode & FMODE_WRITE);
	return p;
}

/* Adds the FILE of an end of a pipe, with @path behind it if it has one. */
static int take_end(struct ckpt_snapshot *s, struct task_struct *task,
		    struct ckpt_taken_file *taken, u32 kind, const char *path)
{
	struct file *file = taken->file;
	struct pipe_inode_info *pipe = file->private_data;
	bool first = !xa_load(&s->pipes, (unsigned long)pipe);
	struct ckpt_taken_pipe *p = note_end(s, pipe, file);
	size_t len = path ? strlen(path) + 1 : 0;
	struct pipe_contents c = {};
	struct ckpt_file *f;
	u32 in_pipe;
	int err = 0;

	if (IS_ERR(p))
		return PTR_ERR(p);
	pipe_lock(pipe);
	if (first && !look_at(pipe, &c, CKPT_DATA_MAX - len)) {
		pipe_unlock(pipe);
		return ckpt_refuse(s, task, "fd %d: a pipe with notifications or over %zu bytes is",
				   taken->fd, CKPT_DATA_MAX - len);
	}
	in_pipe = c.bytes + c.chunks * sizeof(u32);
	f = ckpt_record_add(&s->files, CKPT_FILE, ++s->nr_files, sizeof(*f) + in_pipe + len);
	if (f) {
		f->kind = cpu_to_le32(kind);
		if (path)
			f->mnt = cpu_to_le32(ckpt_mnt_of(s, file_user_path(file)));
		f->pipe = cpu_to_le32(p->number);
		f->capacity = cpu_to_le32(pipe->max_usage * PAGE_SIZE);
		f->size = cpu_to_le64(c.bytes);
		f->mode = cpu_to_le32(c.chunks);
		f->rdev = cpu_to_le32(kind == CKPT_FILE_FIFO && !pipe->writers &&
				      file->f_pipe == pipe->w_counter);
		err = first ? copy_pipe(pipe, &c, f->data) : 0;
		if (path)
			memcpy(f->data + in_pipe, path, len);
	}
	pipe_unlock(pipe);
	if (!f)
		return -ENOMEM;
	f->flags = cpu_to_le32(file->f_flags & CKPT_FIFO_FLAGS);
	return err ?: s->nr_files;
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

	if (file->f_flags & ~CKPT_PIPE_FLAGS || file->f_mode & FMODE_PATH)
		return ckpt_refuse(s, task, "fd %d: a pipe with flags %#o is", taken->fd,
				   file->f_flags);
	return take_end(s, task, taken, CKPT_FILE_PIPE, NULL);
}

/* Likewise, of a FIFO. */
int ckpt_take_fifo(struct ckpt_snapshot *s, struct task_struct *task,
		   struct ckpt_taken_file *taken)
{
	char *buf __free(kfree) = kmalloc(PATH_MAX, GFP_KERNEL);
	char *name;

	if (!buf)
		return -ENOMEM;
	name = ckpt_path_name(s, task, taken->fd, file_user_path(taken->file), buf);
	if (IS_ERR(name))
		return PTR_ERR(name);
	if (taken->file->f_flags & ~(CKPT_FIFO_FLAGS | O_CLOEXEC))
		return ckpt_refuse(s, task, "fd %d: %s with flags %#o is", taken->fd, name,
				   taken->file->f_flags);
	return take_end(s, task, taken, CKPT_FILE_FIFO, name);
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

static void set_flags(struct file *file, unsigned int mask, unsigned int flags)
{
	guard(spinlock)(&file->f_lock);
	file->f_flags = (file->f_flags & ~mask) | (flags & mask);
}

static int write_all(struct file *file, const void *data, size_t len)
{
	loff_t pos = 0;
	ssize_t n;

	if (!len)
		return 0;
	n = kernel_write(file, data, len, &pos);
	return n < 0 ? n : n == len ? 0 : -ENOSPC;
}

/* Puts what was in the pipe into it by way of @file, a writer that does not block. */
static int fill_pipe(struct file *file, const struct ckpt_file *f)
{
	u32 n = le32_to_cpu(f->mode), i, chunk;
	const u8 *data = f->data + n * sizeof(__le32);
	int err = 0;
	long size;
	__le32 v;

	size = pipe_fcntl(file, F_SETPIPE_SZ, le32_to_cpu(f->capacity));
	if (size < 0)
		return size;
	if (!n)
		return write_all(file, data, le64_to_cpu(f->size));
	for (i = 0; i < n && !err; i++) {
		memcpy(&v, f->data + i * sizeof(v), sizeof(v));
		chunk = le32_to_cpu(v);
		set_flags(file, O_DIRECT, chunk & CKPT_PACKET ? O_DIRECT : 0);
		err = write_all(file, data, chunk & ~CKPT_PACKET);
		data += chunk & ~CKPT_PACKET;
	}
	return err;
}

/**
 * ckpt_open_pipe - make an end of a pipe
 * @r: the restart
 * @index: of the FILE
 * @f: its record
 * @spare: an end that keeps the pipe until all are made, or NULL before the first
 */
int ckpt_open_pipe(struct ckpt_restart *r, u32 index, const struct ckpt_file *f,
		   struct file **spare)
{
	u32 flags = le32_to_cpu(f->flags), number = le32_to_cpu(f->pipe);
	struct file *file, *ends[2];
	int err;

	if (flags & ~CKPT_PIPE_FLAGS || (flags & O_ACCMODE) == O_ACCMODE)
		return ckpt_fail(r->ctl, -EBADMSG, "pipe %u: unknown flags", number);
	if (*spare && file_inode(*spare)->i_sb->s_magic != PIPEFS_MAGIC)
		return ckpt_fail(r->ctl, -EBADMSG, "pipe %u: it is a FIFO as well", number);
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
	file = dentry_open(&(*spare)->f_path, (flags & ~O_DIRECT) | O_NONBLOCK, current_cred());
	if (IS_ERR(file))
		return PTR_ERR(file);
	set_flags(file, O_NONBLOCK | O_DIRECT, flags);
	r->files[index] = file;
	return 0;
}

/* Opens the FIFO at @path, in both directions, and fills it: nobody else may use it. */
static struct file *begin_fifo(const struct path *path, const struct ckpt_file *f)
{
	struct inode *inode = d_backing_inode(path->dentry);
	struct pipe_inode_info *pipe;
	struct file *file;
	bool alone;
	int err = 0;

	/* who cannot write to it cannot have anything be in it */
	if (f->size)
		err = inode_permission(mnt_idmap(path->mnt), inode, MAY_WRITE);
	if (err)
		return ERR_PTR(err);
	file = dentry_open(path, O_RDWR | O_NONBLOCK | O_LARGEFILE, current_cred());
	if (IS_ERR(file))
		return file;
	pipe = get_pipe_info(file, false);
	if (!pipe) {
		err = -ESTALE;
	} else {
		pipe_lock(pipe);
		alone = pipe->readers == 1 && pipe->writers == 1 && pipe_is_empty(pipe);
		pipe_unlock(pipe);
		err = alone ? fill_pipe(file, f) : -EBUSY;
	}
	if (!err)
		return file;
	fput(file);
	return ERR_PTR(err);
}

/* Opens the FIFO @name, at @path, as @f says; *@spare keeps it from blocking. */
static struct file *open_end(const char *name, const struct path *path,
			     const struct ckpt_file *f, struct file **spare)
{
	u32 flags = le32_to_cpu(f->flags);
	struct file *file;

	if (!S_ISFIFO(d_backing_inode(path->dentry)->i_mode))
		return ERR_PTR(-ESTALE);
	if (!*spare) {
		file = begin_fifo(path, f);
		if (IS_ERR(file))
			return file;
		*spare = file;
	}
	if (file_inode(*spare) != d_backing_inode(path->dentry))
		return ERR_PTR(-ESTALE);
	file = filp_open(name, (flags & ~O_DIRECT) | O_NONBLOCK | O_NOCTTY | O_LARGEFILE, 0);
	if (IS_ERR(file))
		return file;
	if (file_inode(file) != file_inode(*spare)) {
		fput(file);
		return ERR_PTR(-ESTALE);
	}
	set_flags(file, O_NONBLOCK | O_DIRECT, flags);
	return file;
}

/* As ckpt_open_pipe(), of a FIFO. */
int ckpt_open_fifo(struct ckpt_restart *r, u32 index, const struct ckpt_file *f,
		   struct file **spare)
{
	const char *name = f->data + le64_to_cpu(f->size) + le32_to_cpu(f->mode) * sizeof(__le32);
	u32 flags = le32_to_cpu(f->flags);
	struct pipe_inode_info *pipe;
	struct file *file;
	struct path path;
	int err;

	if (flags & ~CKPT_FIFO_FLAGS || (flags & O_ACCMODE) == O_ACCMODE ||
	    (f->rdev && (flags & O_ACCMODE) != O_RDONLY))
		return ckpt_fail(r->ctl, -EBADMSG, "file %s: unknown flags", name);
	err = kern_path(name, 0, &path);
	if (!err) {
		file = open_end(name, &path, f, spare);
		err = PTR_ERR_OR_ZERO(file);
		path_put(&path);
	}
	if (err == -ESTALE)
		return ckpt_fail(r->ctl, err, "file %s: it is another one", name);
	if (err == -EBUSY)
		return ckpt_fail(r->ctl, err, "file %s: somebody uses it", name);
	if (err)
		return ckpt_fail(r->ctl, err, "file %s: it cannot be opened (error %d)", name,
				 -err);
	if (f->rdev) {
		pipe = file->private_data;
		pipe_lock(pipe);
		file->f_pipe = pipe->w_counter;
		pipe_unlock(pipe);
	}
	r->files[index] = file;
	return 0;
}

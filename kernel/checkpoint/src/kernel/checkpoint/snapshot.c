// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: taking a tree, and writing what was taken
 *
 * While the tree is frozen, every record but PAGES is made in memory, and each
 * address space is duplicated as fork(2) does it. From then on nothing depends
 * on the tree any more.
 */
#include <linux/bvec.h>
#include <linux/checkpoint.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/pid_namespace.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/uio.h>
#include <linux/utsname.h>
#include <linux/elf.h>
#include <linux/regset.h>
#include "checkpoint.h"

/**
 * ckpt_record_add - begin a record at the end of a buffer
 * @buf: buffer
 * @type: enum ckpt_type
 * @id: id of the object, or 0
 * @length: bytes of payload
 *
 * Return: the payload, all zeros, until the next record is added; NULL if
 * there is no memory. Its checksum is made when it is written.
 */
void *ckpt_record_add(struct ckpt_buf *buf, u32 type, u32 id, u32 length)
{
	size_t need = sizeof(struct ckpt_record) + length + ckpt_padding(length);
	struct ckpt_record *r;

	if (buf->room - buf->len < need) {
		size_t room = max(2 * buf->room, buf->len + need + PAGE_SIZE);
		void *data = kvrealloc(buf->data, room, GFP_KERNEL_ACCOUNT);

		if (!data)
			return NULL;
		buf->data = data;
		buf->room = room;
	}
	r = buf->data + buf->len;
	memset(r, 0, need);
	r->type = cpu_to_le16(type);
	r->version = cpu_to_le16(1);
	r->id = cpu_to_le32(id);
	r->length = cpu_to_le32(length);
	buf->len += need;
	return r + 1;
}

static int take_task(struct ckpt_snapshot *s, u32 index)
{
	struct ckpt_tree_task *t = &s->tasks[index];
	bool headless = ckpt_lives_headless(t->task);
	struct task_struct *head = ckpt_living(s, index);
	int err, cwd, root;

	if (t->task->exit_state && !headless)
		return ckpt_take_pid_namespaces(s, index) ?:
		       ckpt_take_user_namespaces(s, index) ?: ckpt_take_task(s, index, 0);
	err = headless ? ckpt_take_pid_namespaces(s, index) : ckpt_take_namespaces(s, index);
	if (!err)
		err = ckpt_take_user_namespaces(s, index);
	if (err)
		return err;
	err = ckpt_take_membership(s, index);
	if (err)
		return err;
	cwd = ckpt_take_cwd(s, head);
	if (cwd < 0)
		return cwd;
	root = ckpt_take_root(s, head);
	if (root < 0)
		return root;
	t->root = root;
	err = headless ? 0 : ckpt_take_files(s, index);
	if (!err && ckpt_leads(s, index)) {
		t->mm = ++s->nr_mms;
		err = ckpt_take_mm(s, head, t->mm);
	}
	if (!err)
		err = ckpt_take_task(s, index, cwd);
	if (!err && !headless)
		err = ckpt_take_regs(s, t->task);
	if (!err)
		err = ckpt_take_signals(s, t->task);
	if (!err && ckpt_leads(s, index))
		err = ckpt_take_timers(s, t->task);
	return err;
}

static int copy_mms(struct ckpt_snapshot *s)
{
	struct mm_struct *mm, *copy;
	u32 i;

	s->copies = kvcalloc(s->nr_mms, sizeof(*s->copies), GFP_KERNEL_ACCOUNT);
	if (!s->copies)
		return -ENOMEM;
	for (i = 0; i < s->nr_tasks; i++) {
		if (!s->tasks[i].mm)
			continue;
		mm = get_task_mm(ckpt_head(s, i));
		if (!mm)
			return -ESRCH;
		copy = checkpoint_dup_mm(mm);
		mmput(mm);
		if (!copy)
			return -ENOMEM;
		s->copies[s->nr_copies++] = copy;
		cond_resched();
	}
	return 0;
}

/* Files are held while others may still refer to them, and no longer. */
static void put_files(struct ckpt_snapshot *s)
{
	struct ckpt_taken_file *f;
	struct ckpt_taken_fdtable *t;
	unsigned long i;
	void *p;

	xa_for_each(&s->file_ids, i, f) {
		fput(f->file);
		kfree(f);
	}
	xa_for_each(&s->pipes, i, p)
		kfree(p);
	xa_for_each(&s->fdtable_ids, i, t) {
		put_files_struct(t->files);
		kfree(t);
	}
	xa_destroy(&s->file_ids);
	xa_destroy(&s->pipes);
	xa_destroy(&s->fdtable_ids);
}

static int take(struct ckpt_snapshot *s, struct task_struct *root, u32 flags)
{
	int err;
	u32 i;

	if (!thread_group_leader(root))
		return -EINVAL;
	scoped_guard(rcu) {
		s->ns = task_active_pid_ns(root);
		if (s->ns)
			get_pid_ns(s->ns);
	}
	if (!s->ns)
		return -ESRCH;
	if (!checkpoint_restore_ns_capable(s->ns->user_ns))
		return -EPERM;
	err = flags & CHECKPOINT_FREEZE ? ckpt_freeze(s->ctl, root, &s->frozen) : 0;
	if (!err)
		err = ckpt_tree_find(s, root);
	if (!err)
		err = ckpt_tree_check(s);
	if (!err)
		err = ckpt_take_mounts(s);
	for (i = 0; i < s->nr_tasks && !err; i++)
		err = take_task(s, i);
	if (!err)
		err = ckpt_namespaces_whole(s);
	if (!err)
		err = ckpt_take_leaders(s);
	if (!err)
		err = ckpt_fdtables_whole(s);
	if (!err)
		err = ckpt_pipes_whole(s);
	if (!err)
		err = ckpt_inodes_whole(s);
	if (!err)
		err = ckpt_number_families(s);
	if (!err)
		err = ckpt_copy_inodes(s);
	if (!err)
		err = copy_mms(s);
	return err;
}

/*
 * What was found of a tree that did not stand still need not be so: then that
 * is what is said, and not what was found.
 */
static int still(struct ckpt_snapshot *s, struct task_struct *root, int err)
{
	bool gone = err == -ESRCH && !root->exit_state;
	char *found;

	if (!err)
		return ckpt_tree_still(s);
	found = kstrdup(s->ctl->message, GFP_KERNEL_ACCOUNT);
	if (!found) {
		ckpt_tree_still(s);
		return err;
	}
	ckpt_forget(s->ctl);
	if (ckpt_tree_still(s)) {
		err = -EBUSY;
	} else if (gone) {
		err = ckpt_fail(s->ctl, -EBUSY, "pid %d: a task below it did not stay frozen",
				task_pid_vnr(root));
	} else if (*found) {
		ckpt_fail(s->ctl, err, "%s", strim(found));
	}
	kfree(found);
	return err;
}

/**
 * ckpt_snapshot_take - take a tree
 * @ctl: the open device
 * @root: its first process
 * @flags: CHECKPOINT_FREEZE or 0
 *
 * Return: what was taken, or an error; the message of @ctl says more.
 */
struct ckpt_snapshot *ckpt_snapshot_take(struct ckpt_ctl *ctl,
					 struct task_struct *root, u32 flags)
{
	struct ckpt_snapshot *s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);
	int err;

	if (!s)
		return ERR_PTR(-ENOMEM);
	s->ctl = ctl;
	xa_init(&s->file_ids);
	xa_init(&s->pipes);
	xa_init(&s->fdtable_ids);
	xa_init(&s->inodes);
	xa_init(&s->namespaces);
	xa_init(&s->families);
	xa_init(&s->seen);
	xa_init(&s->gone);
	xa_init(&s->cgroups);
	xa_init(&s->filesystems);
	INIT_LIST_HEAD(&s->inode_list);
	INIT_LIST_HEAD(&s->mntns_list);
	err = still(s, root, take(s, root, flags));
	ckpt_thaw(&s->frozen);
	put_files(s);
	ckpt_put_nodes(s);
	ckpt_put_mounts(s);
	ckpt_tree_put(s);
	if (!err)
		return s;
	ckpt_snapshot_free(s);
	return ERR_PTR(err);
}

void ckpt_snapshot_free(struct ckpt_snapshot *s)
{
	while (s->nr_copies)
		mmput(s->copies[--s->nr_copies]);
	kvfree(s->copies);
	ckpt_put_inodes(s);
	ckpt_put_families(s);
	xa_destroy(&s->gone);
	kvfree(s->fs_records.data);
	kvfree(s->inode_records.data);
	kvfree(s->files.data);
	kvfree(s->fdtables.data);
	kvfree(s->mms.data);
	kvfree(s->ns_records.data);
	xa_destroy(&s->namespaces);
	kvfree(s->cgroup_records.data);
	xa_destroy(&s->cgroups);
	kvfree(s->procs.data);
	if (s->ns)
		put_pid_ns(s->ns);
	kfree(s);
}

int ckpt_stream_write(struct ckpt_stream *st, const void *data, size_t len)
{
	struct kvec vec = { .iov_base = (void *)data, .iov_len = len };
	struct iov_iter iter;

	iov_iter_kvec(&iter, ITER_SOURCE, &vec, 1, len);
	return ckpt_stream_iter(st, &iter);
}

/*
 * Seals the records of @buf and writes them. They go through the same check
 * as when they are read: what it does not like must not be written.
 */
static int write_records(struct ckpt_stream *st, struct ckpt_buf *buf)
{
	struct ckpt_check *c = &st->check;
	struct ckpt_record *r;
	size_t at = 0;
	u32 length;
	int err;

	while (at < buf->len) {
		r = buf->data + at;
		length = le32_to_cpu(r->length);
		r->crc = cpu_to_le32(ckpt_crc(ckpt_record_crc(r), r + 1, length));
		err = ckpt_check_header(c, r);
		if (!err)
			err = ckpt_check_payload(c, r, r + 1);
		if (!err)
			err = ckpt_check_sum(c, r, le32_to_cpu(r->crc));
		if (err)
			return ckpt_fail(st->ctl, -EIO, "%s record %u: %s",
					 ckpt_type_name(le16_to_cpu(r->type)),
					 le32_to_cpu(r->id), c->why);
		at += sizeof(*r) + length + ckpt_padding(length);
		cond_resched();
	}
	return ckpt_stream_write(st, buf->data, buf->len);
}

static int write_image(struct ckpt_snapshot *s, struct ckpt_stream *st)
{
	struct ckpt_buf buf __free(ckpt_buf) = {};
	struct ckpt_image *im = ckpt_record_add(&buf, CKPT_IMAGE, 0, sizeof(*im));

	if (!im)
		return -ENOMEM;
	im->magic = cpu_to_le64(CKPT_MAGIC);
	im->version = cpu_to_le32(CKPT_VERSION);
	im->machine = cpu_to_le32(task_user_regset_view(current)->e_machine);
	im->page_size = cpu_to_le32(PAGE_SIZE);
	im->nr_tasks = cpu_to_le32(s->nr_tasks);
	im->taken = cpu_to_le64(ktime_get_real_ns());
	strscpy_pad(im->release, init_utsname()->release);
	return write_records(st, &buf);
}

static int write_trailer(struct ckpt_stream *st)
{
	struct ckpt_buf buf __free(ckpt_buf) = {};
	struct ckpt_trailer *t = ckpt_record_add(&buf, CKPT_TRAILER, 0, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->records = cpu_to_le64(st->check.records + 1);
	t->bytes = cpu_to_le64(st->check.bytes + sizeof(struct ckpt_record) + sizeof(*t));
	t->crc = cpu_to_le32(st->check.crc);
	return write_records(st, &buf);
}

/**
 * ckpt_snapshot_write - write an image
 * @s: what was taken
 * @file: where to, at its current position
 * @arg: gets size and number of pages
 */
int ckpt_snapshot_write(struct ckpt_snapshot *s, struct file *file,
			struct checkpoint_write *arg)
{
	struct ckpt_stream st = { .ctl = s->ctl, .file = file };
	int err;
	u32 i;

	if (!(file->f_mode & FMODE_STREAM))
		st.pos = file->f_pos;
	ckpt_check_init(&st.check);
	err = write_image(s, &st);
	if (!err)
		err = write_records(&st, &s->fs_records);
	if (!err)
		err = write_records(&st, &s->inode_records);
	if (!err)
		err = write_records(&st, &s->files);
	if (!err)
		err = write_records(&st, &s->fdtables);
	if (!err)
		err = write_records(&st, &s->mms);
	if (!err)
		err = write_records(&st, &s->ns_records);
	if (!err)
		err = write_records(&st, &s->cgroup_records);
	if (!err)
		err = write_records(&st, &s->procs);
	if (!err)
		err = ckpt_write_contents(s, &st);
	for (i = 0; i < s->nr_copies && !err; i++)
		err = ckpt_write_pages(s, &st, i + 1);
	if (!err)
		err = write_trailer(&st);
	if (!(file->f_mode & FMODE_STREAM))
		file->f_pos = st.pos;
	arg->bytes = st.check.bytes;
	arg->pages = s->pages;
	return err == -ERESTARTSYS ? -EINTR : err;
}

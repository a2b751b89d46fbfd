// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: files that no path leads to, with their contents
 *
 * Anonymous memory that is shared, memfds, SysV shared memory (more of it is in
 * shm.c) and deleted files (deleted.c). Such a file lives as long as
 * somebody has it open or mapped; all who have it must be within the tree.
 * There is no copy-on-write between files: what was written is copied while
 * the tree is frozen, into a file of our own.
 */
#include <linux/checkpoint.h>
#include <linux/cred.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/memfd.h>
#include <linux/mnt_idmapping.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <uapi/linux/memfd.h>
#include "checkpoint.h"

#define CKPT_INODE_O_FLAGS	(O_ACCMODE | O_APPEND | O_NONBLOCK | O_DSYNC | __O_SYNC | \
				 O_DIRECT | O_LARGEFILE | O_NOATIME)
/* Beyond them, what opening a deleted file has left, which is of no meaning any more. */
#define CKPT_DELETED_O_FLAGS	(O_NOFOLLOW | O_TMPFILE)
#define MEMFD_PREFIX		"memfd:"
#define SYSV_PREFIX		"SYSV"
#define CHUNK			SZ_64K

/* The names that mm/shmem.c, mm/memfd.c and ipc/shm.c give; users cannot choose such ones. */
static u32 kind_of(const struct path *path)
{
	struct inode *inode = d_backing_inode(path->dentry);
	const char *name = path->dentry->d_name.name;

	if (ckpt_is_deleted(path))
		return CKPT_INODE_DELETED;
	if (!S_ISREG(inode->i_mode) || !shmem_mapping(inode->i_mapping) ||
	    !(inode->i_sb->s_flags & SB_KERNMOUNT))
		return 0;
	if (!strcmp(name, "dev/zero"))
		return CKPT_INODE_ANON;
	if (strstarts(name, SYSV_PREFIX))
		return CKPT_INODE_SYSV;
	return strstarts(name, MEMFD_PREFIX) ? CKPT_INODE_MEMFD : 0;
}

/* Whether the contents of @file are part of the image. */
bool ckpt_has_inode(struct file *file)
{
	return kind_of(file_user_path(file));
}

/* Notes whose the file at @path is. */
int ckpt_take_owner(struct ckpt_snapshot *s, struct task_struct *task, int fd,
		    const struct path *path, struct ckpt_inode *to)
{
	struct inode *inode = d_backing_inode(path->dentry);
	struct mnt_idmap *idmap = mnt_idmap(path->mnt);
	struct user_namespace *ns = current_user_ns();
	kuid_t uid = vfsuid_into_kuid(i_uid_into_vfsuid(idmap, inode));
	kgid_t gid = vfsgid_into_kgid(i_gid_into_vfsgid(idmap, inode));

	if (!kuid_has_mapping(ns, uid) || !kgid_has_mapping(ns, gid))
		return ckpt_refuse_file(s, task, fd,
					"%pd, whose owner is unknown to the caller, is",
					path->dentry);
	to->uid = cpu_to_le32(from_kuid(ns, uid));
	to->gid = cpu_to_le32(from_kgid(ns, gid));
	return 0;
}

/* Adds the INODE of @taken, which is new. */
static int take_inode(struct ckpt_snapshot *s, struct task_struct *task,
		      struct ckpt_taken_file *taken, struct ckpt_taken_inode *t)
{
	const struct path *path = file_user_path(taken->file);
	struct inode *inode = d_backing_inode(path->dentry);
	const char *name = "";
	struct ckpt_inode *i;
	size_t len = 0;

	if (t->kind == CKPT_INODE_SYSV)
		return ckpt_take_shm(s, task, taken, t->id);
	if (t->kind == CKPT_INODE_DELETED)
		return ckpt_take_deleted(s, task, taken, t->id);
	if (t->kind == CKPT_INODE_MEMFD) {
		name = path->dentry->d_name.name + strlen(MEMFD_PREFIX);
		len = strlen(name) + 1;
	}
	i = ckpt_record_add(&s->inode_records, CKPT_INODE, t->id, sizeof(*i) + len);
	if (!i)
		return -ENOMEM;
	i->kind = cpu_to_le32(t->kind);
	i->size = cpu_to_le64(i_size_read(inode));
	i->mode = cpu_to_le32(inode->i_mode & S_IALLUGO);
	if (t->kind == CKPT_INODE_MEMFD)
		i->seals = cpu_to_le32(memfd_get_seals(taken->file));
	else if (SHMEM_I(inode)->flags & SHMEM_F_NORESERVE)
		i->flags = cpu_to_le32(CKPT_INODE_NORESERVE);
	memcpy(i->data, name, len);
	return ckpt_take_owner(s, task, taken->fd, path, i);
}

static struct ckpt_taken_inode *new_inode_of(struct ckpt_snapshot *s, const struct path *path)
{
	struct ckpt_taken_inode *t = kzalloc_obj(*t, GFP_KERNEL_ACCOUNT);
	struct inode *inode = d_backing_inode(path->dentry);

	if (!t)
		return ERR_PTR(-ENOMEM);
	if (xa_err(xa_store(&s->inodes, (unsigned long)inode, t, GFP_KERNEL_ACCOUNT))) {
		kfree(t);
		return ERR_PTR(-ENOMEM);
	}
	list_add_tail(&t->node, &s->inode_list);
	t->path = *path;
	t->kind = kind_of(path);
	t->id = ++s->nr_inodes;
	return t;
}

/* Flags of open(2) that a file of an INODE of this kind may have. */
static unsigned int known_flags(u32 kind)
{
	return kind == CKPT_INODE_DELETED ? CKPT_INODE_O_FLAGS | CKPT_DELETED_O_FLAGS :
	       CKPT_INODE_O_FLAGS;
}

/**
 * ckpt_take_inode_file - take an open file that ckpt_has_inode()
 * @s: what is taken
 * @task: who has it
 * @taken: the file, seen for the first time; held until all is taken
 *
 * Return: id of the FILE, or an error.
 */
int ckpt_take_inode_file(struct ckpt_snapshot *s, struct task_struct *task,
			 struct ckpt_taken_file *taken)
{
	struct file *file = taken->file;
	const struct path *path = file_user_path(file);
	unsigned int known = known_flags(kind_of(path));
	struct ckpt_taken_inode *t;
	struct ckpt_file *f;
	int err;

	t = xa_load(&s->inodes, (unsigned long)d_backing_inode(path->dentry));
	if (taken->fd == CKPT_FD_EXE || file->f_mode & FMODE_PATH ||
	    file->f_flags & ~(known | O_CLOEXEC))
		return ckpt_refuse_file(s, task, taken->fd, "%pD (deleted) with flags %#o is", file,
					file->f_flags);
	if (kind_of(path) == CKPT_INODE_SYSV && !checkpoint_shm_is(file))
		return ckpt_refuse_file(s, task, taken->fd, "%pD, opened as a file, is", file);
	if (file->f_mode & FMODE_BACKING)
		return ckpt_refuse_file(s, task, taken->fd,
					"%pD (deleted), mapped from a stacked file system, is",
					file);
	if (!t) {
		t = new_inode_of(s, path);
		if (IS_ERR(t))
			return PTR_ERR(t);
		err = take_inode(s, task, taken, t);
		if (err)
			return err;
	}
	if (!path_equal(path, &t->path))
		return ckpt_refuse_file(s, task, taken->fd, "%pD (deleted), by two paths, is",
					file);
	t->files++;
	taken->inode = t;
	f = ckpt_record_add(&s->files, CKPT_FILE, ++s->nr_files, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->kind = cpu_to_le32(CKPT_FILE_INODE);
	f->flags = cpu_to_le32(file->f_flags & known);
	f->pos = cpu_to_le64(file->f_pos);
	f->inode = cpu_to_le32(t->id);
	return s->nr_files;
}

static bool used_outside(const struct ckpt_taken_file *f)
{
	const struct ckpt_taken_inode *t = f->inode;
	u32 users;

	/* one reference is our own; each open file has one of the path */
	if (file_count(f->file) != f->refs + 1)
		return true;
	if (!t)
		return false;
	users = t->files;
	/* a segment has one itself; a stacked file system opens each file once more below */
	if (t->kind == CKPT_INODE_SYSV)
		users++;
	if (t->path.dentry->d_flags & DCACHE_OP_REAL)
		users *= 2;
	return d_count(t->path.dentry) != users ||
	       icount_read_once(d_backing_inode(t->path.dentry)) != 1;
}

/* Whether all who have one of the files are within the tree, and eventfds as well. */
int ckpt_inodes_whole(struct ckpt_snapshot *s)
{
	struct ckpt_taken_file *f;
	unsigned long i;

	xa_for_each(&s->file_ids, i, f) {
		if ((!f->inode && !f->whole) || !used_outside(f))
			continue;
		if (f->fd < 0)
			return ckpt_fail(s->ctl, -EOPNOTSUPP,
					 "pid %d: %s: %pD, in use outside, is not supported",
					 f->pid, ckpt_file_role(f->fd), f->file);
		return ckpt_fail(s->ctl, -EOPNOTSUPP,
				 "pid %d: fd %d: %pD, in use outside, is not supported",
				 f->pid, f->fd, f->file);
	}
	return 0;
}

/* Puts a page's worth of @data at @index of @to, unless it is zero. */
int ckpt_keep_page(struct file *to, pgoff_t index, const void *data)
{
	struct page *page;

	if (!memchr_inv(data, 0, PAGE_SIZE))
		return 0;
	page = shmem_read_mapping_page(to->f_mapping, index);
	if (IS_ERR(page))
		return PTR_ERR(page);
	memcpy_to_page(page, 0, data, PAGE_SIZE);
	set_page_dirty(page);
	put_page(page);
	return 0;
}

/* Copies what @from has at @pos, at most up to @end. Returns how much. */
static ssize_t copy_chunk(struct file *from, struct file *to, loff_t pos, loff_t end, u8 *buf)
{
	loff_t at = pos;
	ssize_t n, i;
	int err;

	n = kernel_read(from, buf, min_t(loff_t, end - pos, CHUNK), &at);
	if (n <= 0)
		return n;
	memset(buf + n, 0, round_up(n, PAGE_SIZE) - n);
	for (i = 0; i < n; i += PAGE_SIZE) {
		err = ckpt_keep_page(to, (pos + i) >> PAGE_SHIFT, buf + i);
		if (err)
			return err;
	}
	/* the next one begins with a page, too */
	return n == round_down(n, PAGE_SIZE) ? n : round_up(n, PAGE_SIZE);
}

static int copy_data(struct file *from, struct file *to, u8 *buf)
{
	loff_t pos = 0, end;
	ssize_t n;

	for (;;) {
		pos = vfs_llseek(from, pos, SEEK_DATA);
		if (pos < 0)
			return pos == -ENXIO ? 0 : pos;
		end = vfs_llseek(from, pos, SEEK_HOLE);
		if (end < 0)
			return end;
		pos = round_down(pos, PAGE_SIZE);
		while (pos < end) {
			if (fatal_signal_pending(current))
				return -EINTR;
			n = copy_chunk(from, to, pos, end, buf);
			if (n <= 0)
				return n;
			pos += n;
			cond_resched();
		}
	}
}

/* Copies what is in all of the files, for ckpt_write_contents(). */
int ckpt_copy_inodes(struct ckpt_snapshot *s)
{
	u8 *buf __free(kvfree) = NULL;
	struct ckpt_taken_inode *t;
	struct file *from;
	loff_t size;
	int err;

	list_for_each_entry(t, &s->inode_list, node) {
		if (!S_ISREG(d_backing_inode(t->path.dentry)->i_mode))
			continue;
		if (!buf)
			buf = kvmalloc(CHUNK, GFP_KERNEL_ACCOUNT);
		if (!buf)
			return -ENOMEM;
		size = round_up(i_size_read(d_backing_inode(t->path.dentry)), PAGE_SIZE);
		t->copy = shmem_kernel_file_setup("checkpoint", size,
						  mk_vma_flags(VMA_NORESERVE_BIT));
		if (IS_ERR(t->copy))
			return PTR_ERR(no_free_ptr(t->copy));
		from = dentry_open(&t->path, O_RDONLY | O_LARGEFILE | O_NOATIME, current_cred());
		if (IS_ERR(from))
			return PTR_ERR(from);
		err = copy_data(from, t->copy, buf);
		fput(from);
		if (err)
			return err;
	}
	return 0;
}

void ckpt_put_inodes(struct ckpt_snapshot *s)
{
	struct ckpt_taken_inode *t, *next;

	list_for_each_entry_safe(t, next, &s->inode_list, node) {
		if (t->copy)
			fput(t->copy);
		kfree(t);
	}
	xa_destroy(&s->inodes);
}

/* Restart: what a new file of ours has, and should have. */
int ckpt_set_attributes(struct file *file, const struct ckpt_inode *i)
{
	struct dentry *dentry = file->f_path.dentry;
	struct user_namespace *ns = current_user_ns();
	struct inode *inode = file_inode(file);
	kuid_t uid = make_kuid(ns, le32_to_cpu(i->uid));
	kgid_t gid = make_kgid(ns, le32_to_cpu(i->gid));
	struct iattr attr = {
		.ia_valid = ATTR_MODE,
		.ia_mode = S_IFREG | le32_to_cpu(i->mode),
		.ia_vfsuid = VFSUIDT_INIT(uid),
		.ia_vfsgid = VFSGIDT_INIT(gid),
	};
	int err;

	if (!uid_valid(uid) || !gid_valid(gid))
		return -EINVAL;
	if (!vfsuid_eq(attr.ia_vfsuid, i_uid_into_vfsuid(file_mnt_idmap(file), inode)))
		attr.ia_valid |= ATTR_UID;
	if (!vfsgid_eq(attr.ia_vfsgid, i_gid_into_vfsgid(file_mnt_idmap(file), inode)))
		attr.ia_valid |= ATTR_GID;
	if (le64_to_cpu(i->size) != i_size_read(inode)) {
		attr.ia_valid |= ATTR_SIZE;
		attr.ia_size = le64_to_cpu(i->size);
	}
	inode_lock(inode);
	err = notify_change(file_mnt_idmap(file), dentry, &attr, NULL);
	inode_unlock(inode);
	return err;
}

static struct file *make_memfd(const struct ckpt_inode *i)
{
	char name[sizeof(MEMFD_PREFIX) + CKPT_NAME_MAX];

	if (le32_to_cpu(i->mode) & 0111 &&
	    pidns_memfd_noexec_scope(task_active_pid_ns(current)) >=
	    MEMFD_NOEXEC_SCOPE_NOEXEC_ENFORCED)
		return ERR_PTR(-EACCES);
	snprintf(name, sizeof(name), MEMFD_PREFIX "%s", (const char *)i->data);
	/* the seals follow when what is in it has */
	return memfd_alloc_file(name, MFD_ALLOW_SEALING);
}

static struct file *make_file(const struct ckpt_inode *i)
{
	vma_flags_t none = {}, noreserve = mk_vma_flags(VMA_NORESERVE_BIT);

	if (i->kind == cpu_to_le32(CKPT_INODE_MEMFD))
		return make_memfd(i);
	return shmem_kernel_file_setup("dev/zero", le64_to_cpu(i->size),
				       i->flags ? noreserve : none);
}

static int make_inode(struct ckpt_restart *r, struct ckpt_made_inode *made)
{
	struct file *file;

	if (made->record->kind == cpu_to_le32(CKPT_INODE_SYSV))
		return ckpt_make_shm(r, made);
	if (made->record->kind == cpu_to_le32(CKPT_INODE_DELETED))
		return ckpt_make_deleted(r, made);
	file = make_file(made->record);
	if (IS_ERR(file))
		return PTR_ERR(file);
	made->file = file;
	return ckpt_set_attributes(file, made->record);
}

/* The mount namespace that has to be there first. */
static u32 mnt_of(const struct ckpt_inode *i)
{
	return i->kind == cpu_to_le32(CKPT_INODE_DELETED) ?
		le32_to_cpu(((struct ckpt_deleted *)i->data)->mnt) : 0;
}

/* Makes the file of every INODE that is of mount namespace @mnt; of a NODE, user space has. */
int ckpt_make_inodes_of(struct ckpt_restart *r, u32 mnt)
{
	struct ckpt_made_inode *made;
	u32 i;
	int err;

	for (i = 0; i < r->nr_inodes; i++) {
		made = &r->inodes[i];
		if (made->record->kind == cpu_to_le32(CKPT_INODE_NODE) ||
		    mnt_of(made->record) != mnt)
			continue;
		err = make_inode(r, made);
		if (err)
			return ckpt_fail(r->ctl, err, "inode %u: it cannot be made (error %d)",
					 i + 1, -err);
		cond_resched();
	}
	return 0;
}

/* Makes the table of all INODEs. */
int ckpt_index_inodes(struct ckpt_restart *r)
{
	u32 n = r->stream.check.count[CKPT_INODE];
	struct ckpt_loaded *l;

	r->inodes = kvcalloc(n, sizeof(*r->inodes), GFP_KERNEL_ACCOUNT);
	if (!r->inodes)
		return -ENOMEM;
	list_for_each_entry(l, &r->records, node)
		if (ckpt_type(l) == CKPT_INODE)
			r->inodes[r->nr_inodes++].record = (void *)l->payload;
	return 0;
}

/* Opens a FILE of kind INODE. */
int ckpt_open_inode_file(struct ckpt_restart *r, u32 index, const struct ckpt_file *f)
{
	const struct ckpt_made_inode *made = &r->inodes[le32_to_cpu(f->inode) - 1];
	u32 flags = le32_to_cpu(f->flags), gone = flags & CKPT_DELETED_O_FLAGS;
	struct file *file;
	loff_t pos;

	if (made->record->kind == cpu_to_le32(CKPT_INODE_NODE))
		return ckpt_fail(r->ctl, -EBADMSG, "file %u: it has a path", index + 1);
	if (made->ipc_ns)
		return ckpt_open_shm(r, index, f);
	if (flags & ~known_flags(le32_to_cpu(made->record->kind)))
		return ckpt_fail(r->ctl, -EBADMSG, "file %u: unknown flags", index + 1);
	/* Where a path leads, permissions would be looked at; here nobody else can be. */
	file = dentry_open(&made->file->f_path, flags & ~gone, current_cred());
	if (IS_ERR(file))
		return ckpt_fail(r->ctl, PTR_ERR(file), "file %u: error %ld", index + 1,
				 -PTR_ERR(file));
	scoped_guard(spinlock, &file->f_lock)
		file->f_flags |= gone;
	r->files[index] = file;
	pos = vfs_llseek(file, le64_to_cpu(f->pos), SEEK_SET);
	return pos < 0 ? ckpt_fail(r->ctl, pos, "file %u: its offset is impossible", index + 1) : 0;
}

/**
 * ckpt_fill_inode - write contents
 * @r: the restart
 * @p: which INODE, and where
 * @data: @p->count pages
 */
int ckpt_fill_inode(struct ckpt_restart *r, const struct ckpt_pages *p, const void *data)
{
	struct ckpt_made_inode *made = &r->inodes[le32_to_cpu(p->owner) - 1];
	struct file *file = made->file;
	u64 at = le64_to_cpu(p->addr), size;
	size_t len = le32_to_cpu(p->count) * PAGE_SIZE;
	loff_t pos = at;
	ssize_t n;

	if (made->record->kind == cpu_to_le32(CKPT_INODE_NODE))
		return ckpt_fill_node(r, made, p, data);
	size = i_size_read(file_inode(file));
	if (at + len - PAGE_SIZE >= size)
		return ckpt_fail(r->ctl, -EBADMSG, "inode %u: contents behind its end",
				 le32_to_cpu(p->owner));
	len = min_t(u64, len, size - at);
	while (len) {
		n = kernel_write(file, data, len, &pos);
		if (n <= 0)
			return ckpt_fail(r->ctl, n ?: -EIO, "inode %u: error %zd",
					 le32_to_cpu(p->owner), -n);
		data += n;
		len -= n;
	}
	return 0;
}

/* All is in place: seals what was sealed, and settles what mapping it has changed. */
int ckpt_seal_inodes(struct ckpt_restart *r)
{
	u32 i, seals;
	int err;

	for (i = 0; i < r->nr_inodes; i++) {
		seals = le32_to_cpu(r->inodes[i].record->seals);
		if (r->inodes[i].record->kind == cpu_to_le32(CKPT_INODE_NODE)) {
			err = ckpt_settle_node(r, &r->inodes[i], i + 1);
			if (err)
				return err;
			continue;
		}
		if (r->inodes[i].ipc_ns) {
			err = ckpt_settle_shm(r, &r->inodes[i]);
			if (err)
				return err;
		}
		if (r->inodes[i].record->kind == cpu_to_le32(CKPT_INODE_DELETED)) {
			err = ckpt_settle_deleted(r, &r->inodes[i]);
			if (err)
				return err;
		}
		err = seals ? memfd_add_seals(r->inodes[i].file, seals) : 0;
		if (err)
			return ckpt_fail(r->ctl, err,
					 "inode %u: its seals cannot be set (error %d)",
					 i + 1, -err);
	}
	return 0;
}

void ckpt_close_inodes(struct ckpt_restart *r)
{
	struct ckpt_made_inode *made;

	while (r->nr_inodes) {
		made = &r->inodes[--r->nr_inodes];
		ckpt_put_shm(r, made);
		if (made->file)
			fput(made->file);
	}
	kvfree(r->inodes);
	r->inodes = NULL;
}

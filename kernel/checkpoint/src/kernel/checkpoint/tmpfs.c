// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: file systems that only the tree has mounted
 *
 * A tmpfs is in the image with all that is in it: each file is an INODE of kind
 * NODE, and inode.c keeps the contents of regular ones as those of all its
 * files. A proc is that of the tree's pid namespace. At a restart user space
 * makes them, and the files; the kernel writes the contents, which come last.
 */
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/pid_namespace.h>
#include <linux/proc_fs.h>
#include <linux/quotaops.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/xattr.h>
#include "../../fs/mount.h"
#include "checkpoint.h"

/* Flags of a whole file system, and of an inode, that a new one would not have. */
#define UNKNOWN_SB_FLAGS	(SB_RDONLY | SB_SYNCHRONOUS | SB_MANDLOCK | SB_DIRSYNC | \
				 SB_LAZYTIME)
#define UNKNOWN_INODE_FLAGS	(S_SYNC | S_NOATIME | S_APPEND | S_IMMUTABLE | S_DAX | \
				 S_ENCRYPTED | S_VERITY | S_CASEFOLD | S_SWAPFILE)

/* A walk over a tmpfs. */
struct walk {
	struct ckpt_snapshot *s;
	struct task_struct *task;
	struct vfsmount *mnt;
	struct user_namespace *user;	/* whose ids are in the image */
	const char *at;
	u32 fs;
	struct dentry **dirs;	/* found and not yet looked into, referenced */
	u32 n, room;
	char *buf;
};

#define refuse_fs(w, fmt, ...)						\
	ckpt_refuse((w)->s, (w)->task, "mount %s: " fmt, (w)->at, ##__VA_ARGS__)

/* Whether a mount of @sb is anywhere but in @ns. */
static bool mounted_elsewhere(struct super_block *sb, const struct mnt_namespace *ns)
{
	const struct mount *m;

	guard(mount_locked_reader)();
	for (m = sb->s_mounts; m; m = m->mnt_next_for_sb)
		if (READ_ONCE(m->mnt_ns) != ns)
			return true;
	return false;
}

static int add_fs(struct walk *w, struct ckpt_fs **to, const struct super_block *sb)
{
	const char *source = real_mount(w->mnt)->mnt_devname ?: "none";
	struct ckpt_fs *fs;
	int err;

	if (w->s->nr_filesystems == CKPT_FS_MAX)
		return refuse_fs(w, "more than %u file systems of its own are", CKPT_FS_MAX);
	if (!*source)
		source = "none";
	w->fs = ++w->s->nr_filesystems;
	fs = ckpt_record_add(&w->s->fs_records, CKPT_FS, w->fs, sizeof(*fs) + strlen(source) + 1);
	if (!fs)
		return -ENOMEM;
	memcpy(fs->source, source, strlen(source) + 1);
	*to = fs;
	err = xa_err(xa_store(&w->s->filesystems, (unsigned long)sb, xa_mk_value(w->fs),
			      GFP_KERNEL));
	return err;
}

static int take_proc(struct walk *w, struct super_block *sb)
{
	const struct proc_fs_info *info = proc_sb_info(sb);
	struct ckpt_fs *fs;
	bool own;
	int err;

	scoped_guard(rcu)
		own = info->pid_ns == task_active_pid_ns(w->task);
	if (!own)
		return refuse_fs(w, "/proc of another pid namespace is");
	if (info->hide_pid || info->pidonly || !gid_eq(info->pid_gid, GLOBAL_ROOT_GID) ||
	    sb->s_flags & UNKNOWN_SB_FLAGS)
		return refuse_fs(w, "/proc with options is");
	err = add_fs(w, &fs, sb);
	if (err)
		return err;
	fs->kind = cpu_to_le32(CKPT_FS_PROC);
	return w->fs;
}

static int take_options(struct walk *w, struct super_block *sb)
{
	const struct shmem_sb_info *info = sb->s_fs_info;
	struct ckpt_fs *fs;
	int err;

	if (sb->s_flags & UNKNOWN_SB_FLAGS || info->huge || info->mpol)
		return refuse_fs(w, "a tmpfs with options beyond size, inodes, mode and owner is");
#ifdef CONFIG_TMPFS_QUOTA
	if (sb_any_quota_loaded(sb))
		return refuse_fs(w, "a tmpfs with quota is");
#endif
	if (sb_has_encoding(sb))
		return refuse_fs(w, "a tmpfs with casefold is");
	if (sb->s_user_ns != w->user)
		return refuse_fs(w,
				 "a tmpfs of another user namespace than its mount namespace is");
	if (!kuid_has_mapping(w->user, info->uid) || !kgid_has_mapping(w->user, info->gid))
		return refuse_fs(w, "a tmpfs for an owner unknown to its user namespace is");
	err = add_fs(w, &fs, sb);
	if (err)
		return err;
	fs->kind = cpu_to_le32(CKPT_FS_TMPFS);
	fs->blocks = cpu_to_le64(info->max_blocks);
	fs->inodes = cpu_to_le64(info->max_inodes);
	fs->mode = cpu_to_le32(info->mode);
	fs->uid = cpu_to_le32(from_kuid(w->user, info->uid));
	fs->gid = cpu_to_le32(from_kgid(w->user, info->gid));
	fs->flags = cpu_to_le32((info->noswap ? CKPT_FS_NOSWAP : 0) |
				(info->full_inums ? CKPT_FS_INODE64 : 0));
	return 0;
}

static int check_node(struct walk *w, struct dentry *dentry, const char *name)
{
	struct inode *inode = d_inode(dentry);
	ssize_t n;
	int err = 0;

	/* as tar(1) would need it */
	if (S_ISREG(inode->i_mode) || S_ISDIR(inode->i_mode))
		err = inode_permission(&nop_mnt_idmap, inode, S_ISDIR(inode->i_mode) ?
				       MAY_READ | MAY_EXEC : MAY_READ);
	if (err)
		return ckpt_fail(w->s->ctl, err, "pid %d: mount %s: no permission to read %s",
				 task_pid_vnr(w->task), w->at, name);
	if (S_ISSOCK(inode->i_mode))
		return refuse_fs(w, "%s, a socket, is", name);
	n = vfs_listxattr(dentry, NULL, 0);
	if (n > 0 || (n < 0 && n != -EOPNOTSUPP) || inode->i_flags & UNKNOWN_INODE_FLAGS ||
	    SHMEM_I(inode)->fsflags)
		return refuse_fs(w, "%s, which has extended attributes, is", name);
	if (!kuid_has_mapping(w->user, inode->i_uid) || !kgid_has_mapping(w->user, inode->i_gid))
		return refuse_fs(w, "%s, whose owner is unknown to its user namespace, is", name);
	/* whoever makes it at a restart is of that user namespace, and must not */
	if ((S_ISCHR(inode->i_mode) || S_ISBLK(inode->i_mode)) && w->user != current_user_ns())
		return refuse_fs(w, "%s, a device in a user namespace, is", name);
	return 0;
}

/* Adds the INODE of a file, @target being where it leads. */
static int add_node(struct walk *w, struct dentry *dentry, const char *name, const char *target,
		    u32 link)
{
	struct inode *inode = d_inode(dentry);
	struct timespec64 atime = inode_get_atime(inode), mtime = inode_get_mtime(inode);
	size_t len = strlen(name) + 1, more = target ? strlen(target) + 1 : 0;
	struct ckpt_inode *i;
	struct ckpt_node *n;

	i = ckpt_record_add(&w->s->inode_records, CKPT_INODE, ++w->s->nr_inodes,
			    sizeof(*i) + sizeof(*n) + len + more);
	if (!i)
		return -ENOMEM;
	i->kind = cpu_to_le32(CKPT_INODE_NODE);
	n = (void *)i->data;
	n->fs = cpu_to_le32(w->fs);
	n->link = cpu_to_le32(link);
	memcpy(n->path, name, len);
	if (link)
		return 0;
	i->mode = cpu_to_le32(inode->i_mode);
	i->uid = cpu_to_le32(from_kuid(w->user, inode->i_uid));
	i->gid = cpu_to_le32(from_kgid(w->user, inode->i_gid));
	if (S_ISREG(inode->i_mode))
		i->size = cpu_to_le64(i_size_read(inode));
	if (S_ISCHR(inode->i_mode) || S_ISBLK(inode->i_mode))
		n->rdev = cpu_to_le32(MAJOR(inode->i_rdev) << 20 | MINOR(inode->i_rdev));
	n->atime = cpu_to_le64(timespec64_to_ns(&atime));
	n->mtime = cpu_to_le64(timespec64_to_ns(&mtime));
	if (more)
		memcpy(n->path + len, target, more);
	return 0;
}

/* Remembers a file that may have more names, or contents. */
static int note_inode(struct walk *w, struct dentry *dentry)
{
	struct ckpt_taken_inode *t = kzalloc_obj(*t, GFP_KERNEL_ACCOUNT);
	struct inode *inode = d_inode(dentry);

	if (!t)
		return -ENOMEM;
	if (xa_err(xa_store(&w->s->inodes, (unsigned long)inode, t, GFP_KERNEL_ACCOUNT))) {
		kfree(t);
		return -ENOMEM;
	}
	t->kind = CKPT_INODE_NODE;
	t->id = w->s->nr_inodes;
	t->path = (struct path){ .mnt = w->mnt, .dentry = dentry };
	path_get(&t->path);
	list_add_tail(&t->node, &w->s->inode_list);
	return 0;
}

static int push_dir(struct walk *w, struct dentry *dentry)
{
	if (w->n == w->room) {
		u32 room = 2 * w->room + 64;
		void *more = kvrealloc(w->dirs, room * sizeof(*w->dirs), GFP_KERNEL_ACCOUNT);

		if (!more)
			return -ENOMEM;
		w->dirs = more;
		w->room = room;
	}
	w->dirs[w->n++] = dget(dentry);
	return 0;
}

static int take_node(struct walk *w, struct dentry *dentry)
{
	struct inode *inode = d_inode(dentry);
	char *name = dentry_path_raw(dentry, w->buf, PATH_MAX);
	struct ckpt_taken_inode *known;
	const char *target = NULL;
	DEFINE_DELAYED_CALL(done);
	int err;

	if (IS_ERR(name))
		return refuse_fs(w, "a path as long as that of %pd is", dentry);
	known = S_ISDIR(inode->i_mode) ? NULL : xa_load(&w->s->inodes, (unsigned long)inode);
	if (known)
		return add_node(w, dentry, name, NULL, known->id);
	err = check_node(w, dentry, name);
	if (err)
		return err;
	if (S_ISLNK(inode->i_mode)) {
		target = vfs_get_link(dentry, &done);
		if (IS_ERR(target))
			return PTR_ERR(target);
	}
	err = add_node(w, dentry, name, target, 0);
	do_delayed_call(&done);
	if (err)
		return err;
	return S_ISDIR(inode->i_mode) ? push_dir(w, dentry) : note_inode(w, dentry);
}

/* The child of @dir behind @last, whose reference is given up; all of a tmpfs are in memory. */
static struct dentry *next_child(struct dentry *dir, struct dentry *last)
{
	struct dentry *child;

	spin_lock(&dir->d_lock);
	child = last ? d_next_sibling(last) : d_first_child(dir);
	for (; child; child = d_next_sibling(child)) {
		spin_lock_nested(&child->d_lock, DENTRY_D_LOCK_NESTED);
		if (simple_positive(child)) {
			dget_dlock(child);
			spin_unlock(&child->d_lock);
			break;
		}
		spin_unlock(&child->d_lock);
	}
	spin_unlock(&dir->d_lock);
	dput(last);
	return child;
}

static int take_nodes(struct walk *w, struct super_block *sb)
{
	struct dentry *dir, *child;
	int err = take_node(w, sb->s_root);

	while (w->n && !err) {
		dir = w->dirs[--w->n];
		child = next_child(dir, NULL);
		while (child) {
			err = fatal_signal_pending(current) ? -EINTR : take_node(w, child);
			if (err) {
				dput(child);
				break;
			}
			child = next_child(dir, child);
			cond_resched();
		}
		dput(dir);
	}
	while (w->n)
		dput(w->dirs[--w->n]);
	kvfree(w->dirs);
	return err;
}

/**
 * ckpt_take_fs - take a file system that the caller cannot reach
 * @s: what is taken
 * @task: the first task that has it mounted
 * @mnt: a mount of it
 * @ns: where that is
 * @at: its place there, for messages
 *
 * Return: id of the FS, or an error.
 */
int ckpt_take_fs(struct ckpt_snapshot *s, struct task_struct *task, struct vfsmount *mnt,
		 const struct mnt_namespace *ns, const char *at)
{
	struct super_block *sb = mnt->mnt_sb;
	struct walk w = { .s = s, .task = task, .mnt = mnt, .user = ns->user_ns, .at = at };
	void *known = xa_load(&s->filesystems, (unsigned long)sb);
	int err;

	if (known && sb->s_magic != PROC_SUPER_MAGIC)
		return xa_to_value(known);
	if (mounted_elsewhere(sb, ns))
		return refuse_fs(&w, "a file system that is mounted elsewhere, too, is");
	if (known)
		return xa_to_value(known);
	if (sb->s_magic == PROC_SUPER_MAGIC)
		return take_proc(&w, sb);
	if (!IS_ENABLED(CONFIG_TMPFS) || strcmp(sb->s_type->name, "tmpfs"))
		return refuse_fs(&w, "a file system of type %s that the caller cannot reach is",
				 sb->s_type->name);
	err = take_options(&w, sb);
	if (err)
		return err;
	w.buf = kmalloc(PATH_MAX, GFP_KERNEL_ACCOUNT);
	err = w.buf ? take_nodes(&w, sb) : -ENOMEM;
	kfree(w.buf);
	return err ?: w.fs;
}

/* Whether what is in a file is in the image, with its file system. */
bool ckpt_is_of_fs(struct ckpt_snapshot *s, const struct path *path)
{
	return xa_load(&s->filesystems, (unsigned long)path->dentry->d_sb);
}

/* Gives up the files of all FSs, which have been copied. */
void ckpt_put_nodes(struct ckpt_snapshot *s)
{
	struct ckpt_taken_inode *t;

	list_for_each_entry(t, &s->inode_list, node) {
		if (t->kind != CKPT_INODE_NODE)
			continue;
		path_put(&t->path);
		t->path = (struct path){};
	}
	xa_destroy(&s->filesystems);
}

/* Restart: opens a regular file below @root, which is to be as the image says. */
static int open_node(struct ckpt_restart *r, const struct path *root, struct ckpt_made_inode *made)
{
	const struct ckpt_node *n = (void *)made->record->data;
	struct file *file;
	struct path path;
	int err;

	err = vfs_path_lookup(root->dentry, root->mnt, n->path,
			      LOOKUP_NO_SYMLINKS | LOOKUP_NO_XDEV, &path);
	if (err)
		return err;
	if (path.dentry->d_sb != root->dentry->d_sb || !d_is_reg(path.dentry) ||
	    !shmem_mapping(d_inode(path.dentry)->i_mapping) ||
	    i_size_read(d_inode(path.dentry)) != le64_to_cpu(made->record->size))
		err = -ESTALE;
	/* what is in it is put there without write(2), as it may be executed by then */
	if (!err)
		err = inode_permission(mnt_idmap(path.mnt), d_inode(path.dentry), MAY_WRITE);
	if (!err) {
		file = dentry_open(&path, O_RDONLY | O_LARGEFILE, current_cred());
		err = PTR_ERR_OR_ZERO(file);
	}
	if (!err && cmpxchg(&made->file, NULL, file)) {
		fput(file);
		err = -EBUSY;
	}
	path_put(&path);
	return err;
}

static bool is_regular(const struct ckpt_inode *i)
{
	const struct ckpt_node *n = (void *)i->data;

	return i->kind == cpu_to_le32(CKPT_INODE_NODE) && !n->link &&
	       S_ISREG(le32_to_cpu(i->mode));
}

/* @root has become the root directory of an FS: finds the files that have contents. */
int ckpt_restart_filesystem(struct ckpt_restart *r, u32 fs, const struct path *root)
{
	struct ckpt_made_inode *made;
	u32 i;
	int err;

	if (root->dentry != root->dentry->d_sb->s_root)
		return -EINVAL;
	for (i = 0; i < r->nr_inodes; i++) {
		made = &r->inodes[i];
		if (!is_regular(made->record) ||
		    ((struct ckpt_node *)made->record->data)->fs != cpu_to_le32(fs))
			continue;
		err = open_node(r, root, made);
		if (err)
			return ckpt_fail(r->ctl, err, "file %s of fs %u: error %d",
					 ((struct ckpt_node *)made->record->data)->path, fs, -err);
		cond_resched();
	}
	return 0;
}

/* Puts @count pages at @data where they belong. */
int ckpt_fill_node(struct ckpt_restart *r, struct ckpt_made_inode *made, const struct ckpt_pages *p,
		   const void *data)
{
	u64 at = le64_to_cpu(p->addr), size = le64_to_cpu(made->record->size);
	u32 i, n = le32_to_cpu(p->count);
	size_t rest;
	int err = 0;

	char *last __free(kfree) = NULL;

	if (!made->file)
		return ckpt_fail(r->ctl, -EBADMSG, "inode %u: contents of no file",
				 le32_to_cpu(p->owner));
	if (at + (u64)n * PAGE_SIZE - PAGE_SIZE >= size)
		return ckpt_fail(r->ctl, -EBADMSG, "inode %u: contents behind its end",
				 le32_to_cpu(p->owner));
	for (i = 0; i < n && !err; i++, at += PAGE_SIZE, data += PAGE_SIZE) {
		rest = min_t(u64, size - at, PAGE_SIZE);
		if (rest < PAGE_SIZE) {
			last = kmemdup(data, PAGE_SIZE, GFP_KERNEL_ACCOUNT);
			if (!last)
				return -ENOMEM;
			memset(last + rest, 0, PAGE_SIZE - rest);
			data = last;
		}
		err = ckpt_keep_page(made->file, at >> PAGE_SHIFT, data);
		cond_resched();
	}
	return err ? ckpt_fail(r->ctl, err, "inode %u: error %d", le32_to_cpu(p->owner), -err) : 0;
}

/* All has been written: sets what belongs to it, and gives it up. */
int ckpt_settle_node(struct ckpt_restart *r, struct ckpt_made_inode *made, u32 id)
{
	const struct ckpt_node *n = (void *)made->record->data;
	int err;

	if (!is_regular(made->record))
		return 0;
	if (!made->file)
		return ckpt_fail(r->ctl, -EINVAL, "inode %u: nobody has made its file system", id);
	err = ckpt_set_times(made->file, le32_to_cpu(made->record->mode), n->atime, n->mtime);
	if (err)
		return ckpt_fail(r->ctl, err, "inode %u: error %d", id, -err);
	__fput_sync(made->file);
	made->file = NULL;
	return 0;
}

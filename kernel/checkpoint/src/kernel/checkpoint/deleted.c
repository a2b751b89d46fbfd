// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: deleted files
 *
 * A regular file without any link left is an INODE, as what is in it is
 * nowhere else; inode.c copies that, and opens it again. It comes back as an
 * unnamed file, see O_TMPFILE in open(2), in the directory that it was in.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/slab.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>
#include <linux/xattr.h>
#include "checkpoint.h"

/* Flags of an inode that a new one would not have. */
#define UNKNOWN_FLAGS	(S_SYNC | S_NOATIME | S_APPEND | S_IMMUTABLE | S_DAX | S_ENCRYPTED | \
			 S_VERITY)

static int check_file(struct ckpt_snapshot *s, struct task_struct *task, int fd,
		      struct file *file, const struct path *dir)
{
	const struct path *path = file_user_path(file);
	ssize_t n;

	if (d_unlinked(dir->dentry))
		return ckpt_refuse_file(s, task, fd,
					"%pD (deleted), whose directory was deleted, too, is",
					file);
	if (!d_inode(dir->dentry)->i_op->tmpfile)
		return ckpt_refuse_file(s, task, fd,
					"%pD (deleted), whose file system has no unnamed files, is",
					file);
	n = vfs_listxattr(path->dentry, NULL, 0);
	if (n > 0 || (n < 0 && n != -EOPNOTSUPP) ||
	    d_backing_inode(path->dentry)->i_flags & UNKNOWN_FLAGS)
		return ckpt_refuse_file(s, task, fd,
					"%pD (deleted), which has extended attributes, is", file);
	return 0;
}

static int take(struct ckpt_snapshot *s, struct task_struct *task,
		struct ckpt_taken_file *taken, u32 id, const char *dir,
		u32 mnt)
{
	const struct path *path = file_user_path(taken->file);
	struct inode *inode = d_backing_inode(path->dentry);
	struct timespec64 atime = inode_get_atime(inode), mtime = inode_get_mtime(inode);
	struct ckpt_deleted *to;
	struct ckpt_inode *i;

	i = ckpt_record_add(&s->inode_records, CKPT_INODE, id,
			    sizeof(*i) + sizeof(*to) + strlen(dir) + 1);
	if (!i)
		return -ENOMEM;
	i->kind = cpu_to_le32(CKPT_INODE_DELETED);
	i->size = cpu_to_le64(i_size_read(inode));
	i->mode = cpu_to_le32(inode->i_mode & S_IALLUGO);
	if (inode_state_read_once(inode) & I_LINKABLE)
		i->flags = cpu_to_le32(CKPT_INODE_LINKABLE);
	to = (void *)i->data;
	to->atime = cpu_to_le64(timespec64_to_ns(&atime));
	to->mtime = cpu_to_le64(timespec64_to_ns(&mtime));
	to->mnt = cpu_to_le32(mnt);
	memcpy(to->dir, dir, strlen(dir) + 1);
	return ckpt_take_owner(s, task, taken->fd, path, i);
}

/**
 * ckpt_take_deleted - add the INODE of a deleted file
 * @s: what is taken
 * @task: who has it
 * @taken: the file
 * @id: of the INODE
 */
int ckpt_take_deleted(struct ckpt_snapshot *s, struct task_struct *task,
		      struct ckpt_taken_file *taken, u32 id)
{
	char *buf __free(kfree) = kmalloc(PATH_MAX, GFP_KERNEL);
	const struct path *path = file_user_path(taken->file);
	struct path dir = { .mnt = path->mnt };
	char *name;
	int err;

	if (!buf)
		return -ENOMEM;
	dir.dentry = dget_parent(path->dentry);
	err = check_file(s, task, taken->fd, taken->file, &dir);
	if (!err) {
		name = ckpt_path_name(s, task, taken->fd, &dir, buf);
		err = IS_ERR(name) ? PTR_ERR(name) : take(s, task, taken, id, name,
								 ckpt_mnt_of(s, &dir));
	}
	dput(dir.dentry);
	return err;
}

/*
 * Credentials to make a file with. A file system must know its maker: that of another
 * user namespace may not know the caller, but knows whose file it is to be.
 */
static const struct cred *maker(const struct path *dir, const struct ckpt_inode *i)
{
	struct super_block *sb = dir->dentry->d_sb;
	struct cred *new;

	if (fsuidgid_has_mapping(sb, mnt_idmap(dir->mnt)))
		return get_current_cred();
	if (!ns_capable(sb->s_user_ns, CAP_SETUID) || !ns_capable(sb->s_user_ns, CAP_SETGID))
		return ERR_PTR(-EPERM);
	new = prepare_creds();
	if (!new)
		return ERR_PTR(-ENOMEM);
	new->fsuid = make_kuid(current_user_ns(), le32_to_cpu(i->uid));
	new->fsgid = make_kgid(current_user_ns(), le32_to_cpu(i->gid));
	return new;
}

/* A new unnamed file in @dir. */
static struct file *open_unnamed(const struct path *dir, const struct ckpt_inode *i)
{
	bool linkable = i->flags & cpu_to_le32(CKPT_INODE_LINKABLE);
	const struct cred *new = maker(dir, i), *old;
	struct file *file;

	if (IS_ERR(new))
		return ERR_CAST(new);
	old = override_creds(new);
	file = kernel_tmpfile_open(mnt_idmap(dir->mnt), dir, S_IFREG | 0600,
				   O_RDWR | O_LARGEFILE | (linkable ? 0 : O_EXCL), old);
	revert_creds(old);
	put_cred(new);
	return file;
}

/**
 * ckpt_make_deleted - make the file of an INODE, as O_TMPFILE does it
 * @r: the restart
 * @made: gets it; @made->record is the INODE
 */
int ckpt_make_deleted(struct ckpt_restart *r, struct ckpt_made_inode *made)
{
	const struct ckpt_deleted *from = (void *)made->record->data;
	struct file *file;
	struct path dir;
	int err;

	err = kern_path(from->dir, LOOKUP_DIRECTORY | LOOKUP_FOLLOW, &dir);
	if (err)
		goto out;
	err = mnt_want_write(dir.mnt);
	if (err)
		goto put;
	file = open_unnamed(&dir, made->record);
	err = PTR_ERR_OR_ZERO(file);
	if (!err) {
		made->file = file;
		err = ckpt_set_attributes(file, made->record);
	}
	mnt_drop_write(dir.mnt);
put:
	path_put(&dir);
out:
	return err ? ckpt_fail(r->ctl, err, "deleted file in %s: it cannot be made (error %d)",
			       from->dir, -err) : 0;
}

/* Sets what writing changes. */
int ckpt_set_times(struct file *file, u32 mode, __le64 atime, __le64 mtime)
{
	struct inode *inode = file_inode(file);
	struct iattr attr = {
		.ia_valid = ATTR_MODE | ATTR_ATIME | ATTR_ATIME_SET | ATTR_MTIME | ATTR_MTIME_SET,
		.ia_mode = S_IFREG | (mode & S_IALLUGO),
		.ia_atime = ns_to_timespec64(le64_to_cpu(atime)),
		.ia_mtime = ns_to_timespec64(le64_to_cpu(mtime)),
	};
	int err;

	err = mnt_want_write(file->f_path.mnt);
	if (!err) {
		inode_lock(inode);
		err = notify_change(file_mnt_idmap(file), file->f_path.dentry, &attr, NULL);
		inode_unlock(inode);
		mnt_drop_write(file->f_path.mnt);
	}
	return err;
}

/* All has been written. */
int ckpt_settle_deleted(struct ckpt_restart *r, struct ckpt_made_inode *made)
{
	const struct ckpt_deleted *from = (void *)made->record->data;
	int err = ckpt_set_times(made->file, le32_to_cpu(made->record->mode), from->atime,
				 from->mtime);

	return err ? ckpt_fail(r->ctl, err, "deleted file in %s: error %d", from->dir, -err) : 0;
}

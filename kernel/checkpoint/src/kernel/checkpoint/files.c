// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: open files
 *
 * What can be opened again by its path is; pipes, named or not, are in pipe.c, files with
 * their contents in inode.c, eventfds in eventfd.c. Everything else is refused by its kind.
 */
#include <linux/checkpoint.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/filelock.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/kdev_t.h>
#include <linux/magic.h>
#include <linux/major.h>
#include <linux/namei.h>
#include <linux/sched/task.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/stat.h>
#include "checkpoint.h"

/* Flags of an open file that opening it again restores. */
#define CKPT_O_FLAGS	(O_ACCMODE | O_APPEND | O_NONBLOCK | O_DSYNC | __O_SYNC | O_DIRECT | \
			 O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_PATH)

/* Flags that only matter to open(2) itself. */
#define CKPT_O_GONE	(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC)

/* A file that is no entry of the table has one of these in place of a number. */
const char *ckpt_file_role(int fd)
{
	return fd == CKPT_FD_EXE ? "executable" : fd == CKPT_FD_CWD ? "current directory" :
	       fd == CKPT_FD_ROOT ? "root directory" : "mapping";
}

/* What a file of these is depends on who opens it, and when. */
static bool is_pseudo(const struct super_block *sb)
{
	switch (sb->s_magic) {
	case PROC_SUPER_MAGIC:
	case SYSFS_MAGIC:
	case CGROUP_SUPER_MAGIC:
	case CGROUP2_SUPER_MAGIC:
	case DEBUGFS_MAGIC:
	case TRACEFS_MAGIC:
	case SECURITYFS_MAGIC:
	case CONFIGFS_MAGIC:
	case BPF_FS_MAGIC:
	case NSFS_MAGIC:
	case PID_FS_MAGIC:
	case FUTEXFS_SUPER_MAGIC:
	case HUGETLBFS_MAGIC:
	case AUTOFS_SUPER_MAGIC:
		return true;
	default:
		return false;
	}
}

/* Devices without a state: null, zero, full, random, urandom. */
static bool is_memory_device(dev_t rdev)
{
	return MAJOR(rdev) == MEM_MAJOR &&
	       (MINOR(rdev) == 3 || MINOR(rdev) == 5 || (MINOR(rdev) >= 7 && MINOR(rdev) <= 9));
}

static bool can_reopen(umode_t mode, dev_t rdev)
{
	return S_ISREG(mode) || S_ISDIR(mode) || (S_ISCHR(mode) && is_memory_device(rdev));
}

/* Whether a path leads to a regular file that has no link any more. */
bool ckpt_is_deleted(const struct path *path)
{
	const struct inode *inode = d_backing_inode(path->dentry);

	return S_ISREG(inode->i_mode) && !inode->i_nlink && d_unlinked(path->dentry) &&
	       !is_pseudo(inode->i_sb) && !(inode->i_sb->s_flags & SB_KERNMOUNT);
}

static bool has_locks(struct file *file)
{
	struct file_lock_context *ctx = locks_inode_context(file_inode(file));
	struct file_lock_core *lock;

	if (!ctx)
		return false;
	guard(spinlock)(&ctx->flc_lock);
	list_for_each_entry(lock, &ctx->flc_flock, flc_list)
		if (lock->flc_file == file)
			return true;
	list_for_each_entry(lock, &ctx->flc_posix, flc_list)
		if (lock->flc_file == file)
			return true;
	list_for_each_entry(lock, &ctx->flc_lease, flc_list)
		if (lock->flc_file == file)
			return true;
	return false;
}

/* The name by which @path is reached again in its namespace, in @buf of PATH_MAX, or an error. */
char *ckpt_path_name(struct ckpt_snapshot *s, struct task_struct *task, int fd,
		     const struct path *path, char *buf)
{
	char *name = ckpt_d_path(s, path, buf);
	bool same;

	if (IS_ERR(name))
		return name;
	if (S_ISREG(d_backing_inode(path->dentry)->i_mode) && d_unlinked(path->dentry) &&
	    d_backing_inode(path->dentry)->i_nlink)
		return ERR_PTR(ckpt_refuse_file(s, task, fd, "%s, which has other names, is",
						name));
	if (is_pseudo(path->dentry->d_sb) || d_unlinked(path->dentry))
		return ERR_PTR(ckpt_refuse_file(s, task, fd, "%s is", name));
	/* Another file system may be mounted above it, or a new file be there. */
	if (*name != '/' || !ckpt_leads_to(s, name, path, &same))
		return ERR_PTR(ckpt_refuse_file(s, task, fd, "%s, which cannot be reached, is",
						name));
	if (!same)
		return ERR_PTR(ckpt_refuse_file(s, task, fd,
						"%s, in the place of which is another file, is",
						name));
	return name;
}

/* Adds a FILE that is opened by @path. Returns its id, or an error. */
static int take_path(struct ckpt_snapshot *s, struct task_struct *task, int fd,
		     const struct path *path, struct file *file, unsigned int flags, bool mapped)
{
	char *buf __free(kfree) = kmalloc(PATH_MAX, GFP_KERNEL);
	struct inode *inode = d_backing_inode(path->dentry);
	struct ckpt_file *f;
	char *name;

	if (!buf)
		return -ENOMEM;
	if (!can_reopen(inode->i_mode, inode->i_rdev)) {
		name = d_path(path, buf, PATH_MAX);
		return IS_ERR(name) ? PTR_ERR(name) :
			ckpt_refuse_file(s, task, fd, "%s is", name);
	}
	name = ckpt_path_name(s, task, fd, path, buf);
	if (IS_ERR(name))
		return PTR_ERR(name);
	if (file && S_ISDIR(inode->i_mode) && file->f_pos && ckpt_is_of_fs(s, path))
		return ckpt_refuse_file(s, task, fd, "%s, a directory that is being read, is",
					name);
	f = ckpt_record_add(&s->files, CKPT_FILE, ++s->nr_files,
			    sizeof(*f) + strlen(name) + 1);
	if (!f)
		return -ENOMEM;
	f->kind = cpu_to_le32(CKPT_FILE_PATH);
	f->flags = cpu_to_le32(flags);
	f->mode = cpu_to_le32(inode->i_mode & S_IFMT);
	f->mnt = cpu_to_le32(ckpt_mnt_of(s, path));
	if (S_ISCHR(inode->i_mode))
		f->rdev = cpu_to_le32(MAJOR(inode->i_rdev) << 20 | MINOR(inode->i_rdev));
	if (file && !mapped && !(flags & O_PATH) && !S_ISCHR(inode->i_mode))
		f->pos = cpu_to_le64(file->f_pos);
	/* a new one of a file system of the image is what it was */
	if (mapped && S_ISREG(inode->i_mode) && !ckpt_is_of_fs(s, path)) {
		struct kstat stat;
		/* not from the inode: one who asks makes the next change get a time of its own */
		int err = vfs_getattr(path, &stat, STATX_SIZE | STATX_MTIME, AT_STATX_SYNC_AS_STAT);

		if (err)
			return ckpt_refuse_file(s, task, fd,
						"%s, whose size and times cannot be read, is",
						name);
		f->mapped = cpu_to_le32(1);
		f->size = cpu_to_le64(stat.size);
		f->mtime = cpu_to_le64(timespec64_to_ns(&stat.mtime));
	}
	memcpy(f->data, name, strlen(name) + 1);
	return s->nr_files;
}

static int take_new_file(struct ckpt_snapshot *s, struct task_struct *task,
			 struct ckpt_taken_file *taken, bool mapped)
{
	struct file *file = taken->file;
	const struct path *path = file_user_path(file);
	struct inode *inode = d_backing_inode(path->dentry);
	struct fown_struct *owner = file_f_owner(file);
	int fd = taken->fd, id;

	if (owner && owner->pid)
		return ckpt_refuse_file(s, task, fd, "an owner for its signals is");
	if (has_locks(file))
		return ckpt_refuse_file(s, task, fd, "a lock that it holds is");
	if (S_ISFIFO(inode->i_mode) && inode->i_sb->s_magic == PIPEFS_MAGIC)
		return ckpt_take_pipe(s, task, taken);
	if (S_ISFIFO(inode->i_mode) && !(file->f_mode & FMODE_PATH))
		return ckpt_take_fifo(s, task, taken);
	if (ckpt_has_inode(file))
		return ckpt_take_inode_file(s, task, taken);
	id = ckpt_take_eventfd(s, task, taken);
	if (id)
		return id;
	/* to be mapped, it has only to be read */
	if (mapped)
		return take_path(s, task, fd, path, file, O_RDONLY | O_LARGEFILE, true);
	/* what a stacked file system has opened below, for a mapping */
	if (file->f_mode & FMODE_BACKING)
		return take_path(s, task, fd, path, file, file->f_flags & O_ACCMODE, false);
	if (file->f_flags & ~(CKPT_O_FLAGS | CKPT_O_GONE))
		return ckpt_refuse_file(s, task, fd, "flags %#o are", file->f_flags);
	return take_path(s, task, fd, path, file, file->f_flags & CKPT_O_FLAGS, false);
}

/**
 * ckpt_take_file - take an open file, unless the tree has it already
 * @s: what is taken
 * @task: who has it
 * @fd: its number, or one of CKPT_FD_*
 * @file: the file
 * @mapped: its contents are part of an address space
 *
 * Return: id of the FILE, or an error.
 */
int ckpt_take_file(struct ckpt_snapshot *s, struct task_struct *task, int fd,
		   struct file *file, bool mapped)
{
	/* A file that is mapped must not have changed, one that is open may. */
	unsigned long key = (unsigned long)file + (mapped && !ckpt_has_inode(file));
	struct ckpt_taken_file *taken = xa_load(&s->file_ids, key);
	int id;

	if (taken) {
		taken->refs++;
		return taken->id;
	}
	taken = kzalloc(sizeof(*taken), GFP_KERNEL_ACCOUNT);
	if (!taken)
		return -ENOMEM;
	taken->file = get_file(file);
	taken->refs = 1;
	taken->pid = task_pid_vnr(task);
	taken->fd = fd;
	id = xa_err(xa_store(&s->file_ids, key, taken, GFP_KERNEL_ACCOUNT));
	if (id) {
		fput(file);
		kfree(taken);
		return id;
	}
	id = take_new_file(s, task, taken, mapped);
	if (id > 0)
		taken->id = id;
	return id;
}

/* Takes the current directory. Returns the id of a FILE, or an error. */
int ckpt_take_cwd(struct ckpt_snapshot *s, struct task_struct *task)
{
	struct path pwd;
	int id;

	scoped_guard(task_lock, task) {
		if (!task->fs)
			return -ESRCH;
		get_fs_pwd(task->fs, &pwd);
	}
	id = take_path(s, task, CKPT_FD_CWD, &pwd, NULL, O_PATH | O_DIRECTORY, false);
	path_put(&pwd);
	return id;
}

/* Takes the root directory. Returns the id of a FILE, 0 for that of its namespace, or an error. */
int ckpt_take_root(struct ckpt_snapshot *s, struct task_struct *task)
{
	struct path root;
	int id = 0;

	scoped_guard(task_lock, task) {
		if (!task->fs)
			return -ESRCH;
		get_fs_root(task->fs, &root);
	}
	if (!ckpt_is_ns_root(s, task, &root))
		id = take_path(s, task, CKPT_FD_ROOT, &root, NULL, O_PATH | O_DIRECTORY, false);
	path_put(&root);
	return id;
}

static bool is_cloexec(struct task_struct *task, unsigned int fd)
{
	guard(task_lock)(task);
	if (!task->files)
		return false;
	guard(spinlock)(&task->files->file_lock);
	return close_on_exec(fd, task->files);
}

static int take_fds(struct ckpt_snapshot *s, struct task_struct *task, u32 id)
{
	struct ckpt_fd *fds __free(kvfree) = NULL;
	u32 n = 0, room = 0;
	unsigned int fd = 0;
	struct file *file;
	void *payload;
	int file_id;

	for (; (file = fget_task_next(task, &fd)); fd++) {
		if (n == room) {
			void *more = kvrealloc(fds, (2 * room + 64) * sizeof(*fds),
					       GFP_KERNEL_ACCOUNT);

			if (!more) {
				fput(file);
				return -ENOMEM;
			}
			fds = more;
			room = 2 * room + 64;
		}
		file_id = ckpt_take_file(s, task, fd, file, false);
		fput(file);
		if (file_id < 0)
			return file_id;
		fds[n++] = (struct ckpt_fd){
			.fd = cpu_to_le32(fd),
			.file = cpu_to_le32(file_id),
			.cloexec = cpu_to_le32(is_cloexec(task, fd)),
		};
		cond_resched();
	}
	if (n > CKPT_FDS_MAX)
		return ckpt_refuse(s, task, "more than %u open files are", CKPT_FDS_MAX);
	payload = ckpt_record_add(&s->fdtables, CKPT_FDTABLE, id, n * sizeof(*fds));
	if (!payload)
		return -ENOMEM;
	memcpy(payload, fds, n * sizeof(*fds));
	return 0;
}

/*
 * Takes the table of open files of a task, unless the tree has it already. Its
 * id is left in the task's entry.
 */
int ckpt_take_files(struct ckpt_snapshot *s, u32 index)
{
	struct task_struct *task = s->tasks[index].task;
	struct ckpt_taken_fdtable *taken;
	struct files_struct *files;
	int err;

	scoped_guard(task_lock, task) {
		files = task->files;
		if (!files)
			return -ESRCH;
		atomic_inc(&files->count);
	}
	taken = xa_load(&s->fdtable_ids, (unsigned long)files);
	if (taken) {
		put_files_struct(files);
		taken->refs++;
		s->tasks[index].fdtable = taken->id;
		return 0;
	}
	taken = kzalloc_obj(*taken, GFP_KERNEL_ACCOUNT);
	err = taken ? xa_err(xa_store(&s->fdtable_ids, (unsigned long)files, taken,
				      GFP_KERNEL_ACCOUNT)) : -ENOMEM;
	if (err) {
		put_files_struct(files);
		kfree(taken);
		return err;
	}
	taken->files = files;
	taken->id = ++s->nr_fdtables;
	taken->refs = 1;
	taken->pid = task_pid_vnr(task);
	s->tasks[index].fdtable = taken->id;
	return take_fds(s, task, taken->id);
}

/* Whether only the tree has the tables of open files that it has. */
int ckpt_fdtables_whole(struct ckpt_snapshot *s)
{
	struct ckpt_taken_fdtable *taken;
	unsigned long i;

	/* one reference is our own */
	xa_for_each(&s->fdtable_ids, i, taken)
		if (atomic_read(&taken->files->count) > taken->refs + 1)
			return ckpt_fail(s->ctl, -EOPNOTSUPP,
					 "pid %d: a table of open files shared with a process outside is not supported",
					 taken->pid);
	return 0;
}

/* Restart: what is at @name must be what the image says, before and after. */
static int check_path(struct ckpt_restart *r, const struct ckpt_file *f, const struct path *path)
{
	const struct inode *inode = d_backing_inode(path->dentry);
	umode_t mode = le32_to_cpu(f->mode);
	u32 rdev = le32_to_cpu(f->rdev);

	if ((inode->i_mode & S_IFMT) != mode || !can_reopen(inode->i_mode, inode->i_rdev) ||
	    (S_ISCHR(mode) && rdev != (MAJOR(inode->i_rdev) << 20 | MINOR(inode->i_rdev))))
		return ckpt_fail(r->ctl, -ESTALE, "file %s: it is of another type",
				 (const char *)f->data);
	if (f->mapped) {
		struct kstat stat;
		int err = vfs_getattr(path, &stat, STATX_SIZE | STATX_MTIME, AT_STATX_SYNC_AS_STAT);

		if (err)
			return err;
		if (stat.size != le64_to_cpu(f->size) ||
		    timespec64_to_ns(&stat.mtime) != le64_to_cpu(f->mtime))
			return ckpt_fail(r->ctl, -ESTALE, "file %s: it has changed",
					 (const char *)f->data);
	}
	return 0;
}

static int open_path(struct ckpt_restart *r, const struct ckpt_file *f, struct file **res)
{
	struct file *file __free(fput) = NULL;
	const char *name = f->data;
	u32 flags = le32_to_cpu(f->flags);
	loff_t pos = le64_to_cpu(f->pos);
	struct path path;
	int err;

	if (flags & ~CKPT_O_FLAGS)
		return ckpt_fail(r->ctl, -EBADMSG, "file %s: unknown flags", name);
	/* Looked at first: to open a device or a FIFO may do something. */
	err = kern_path(name, 0, &path);
	if (!err) {
		err = check_path(r, f, &path);
		path_put(&path);
	}
	if (!err) {
		file = filp_open(name, flags | O_LARGEFILE | O_NOCTTY, 0);
		err = PTR_ERR_OR_ZERO(file);
	}
	if (!err)
		err = check_path(r, f, file_user_path(file));
	if (!err && pos) {
		pos = vfs_llseek(file, pos, SEEK_SET);
		err = pos < 0 ? pos : 0;
	}
	if (err)
		return ckpt_fail(r->ctl, err, "file %s: it cannot be opened (error %d)",
				 name, -err);
	*res = no_free_ptr(file);
	return 0;
}

/* The mount namespace that has to be there first. */
static u32 mnt_of(const struct ckpt_restart *r, const struct ckpt_file *f)
{
	const struct ckpt_inode *i;

	if (f->kind != cpu_to_le32(CKPT_FILE_INODE))
		return le32_to_cpu(f->mnt);
	i = r->inodes[le32_to_cpu(f->inode) - 1].record;
	return i->kind == cpu_to_le32(CKPT_INODE_DELETED) ?
		le32_to_cpu(((struct ckpt_deleted *)i->data)->mnt) : 0;
}

static int open_file(struct ckpt_restart *r, u32 i, const struct ckpt_file *f)
{
	switch (le32_to_cpu(f->kind)) {
	case CKPT_FILE_PIPE:
		return ckpt_open_pipe(r, i, f, &r->pipes[le32_to_cpu(f->pipe)]);
	case CKPT_FILE_FIFO:
		return ckpt_open_fifo(r, i, f, &r->pipes[le32_to_cpu(f->pipe)]);
	case CKPT_FILE_INODE:
		return ckpt_open_inode_file(r, i, f);
	case CKPT_FILE_EVENTFD:
		return ckpt_open_eventfd(r, i, f);
	default:
		return open_path(r, f, &r->files[i]);
	}
}

/**
 * ckpt_open_files_of - open the files of a mount namespace
 * @r: the restart
 * @mnt: its number; the caller is in it. 0: and all that are of none
 */
int ckpt_open_files_of(struct ckpt_restart *r, u32 mnt)
{
	const struct ckpt_file *f;
	struct ckpt_loaded *l;
	u32 i = 0;
	int err;

	guard(mutex)(&r->opening);
	err = ckpt_make_inodes_of(r, mnt);
	list_for_each_entry(l, &r->records, node) {
		if (err)
			break;
		if (ckpt_type(l) != CKPT_FILE)
			continue;
		f = (void *)l->payload;
		if (mnt_of(r, f) == mnt)
			err = open_file(r, i, f);
		i++;
	}
	return err;
}

/* All ends of all pipes are there. */
void ckpt_close_spares(struct ckpt_restart *r)
{
	u32 i;

	for (i = 0; i < r->nr_pipes; i++)
		if (r->pipes[i])
			__fput_sync(r->pipes[i]);
	r->nr_pipes = 0;
	kvfree(r->pipes);
	r->pipes = NULL;
}

/* Opens every FILE of the image, as far as it is of no mount namespace of the image. */
int ckpt_open_files(struct ckpt_restart *r)
{
	u32 n = r->stream.check.pipes + 1;
	int err;

	r->pipes = kvcalloc(n, sizeof(*r->pipes), GFP_KERNEL_ACCOUNT);
	if (!r->pipes)
		return -ENOMEM;
	r->nr_pipes = n;
	err = ckpt_index_inodes(r) ?: ckpt_open_files_of(r, 0);
	if (!r->stream.check.mnt_namespaces)
		ckpt_close_spares(r);
	return err;
}

/* Closes everything that the caller has open. */
int ckpt_close_files(void)
{
	unsigned int fd = 0;
	struct file *file;
	int err;

	for (; (file = fget_task_next(current, &fd)); fd++) {
		fput(file);
		err = close_fd(fd);
		if (err == -EBADF)
			return err;
	}
	return 0;
}

/* Gives the caller, @m, its open files. */
int ckpt_restore_files(struct ckpt_restart *r, struct ckpt_member *m)
{
	struct ckpt_loaded *l = r->fdtables[le32_to_cpu(m->record->fdtable) - 1];
	const struct ckpt_fd *fd = (void *)l->payload;
	u32 i, n = ckpt_length(l) / sizeof(*fd);
	struct file *file;
	int err;

	err = ckpt_close_files();
	for (i = 0; i < n && !err; i++, fd++) {
		file = r->files[le32_to_cpu(fd->file) - 1];
		/* an attachment has no number, and is none to read from */
		err = checkpoint_shm_is(file) ? -EBADMSG :
			replace_fd(le32_to_cpu(fd->fd), file, fd->cloexec ? O_CLOEXEC : 0);
		if (err == -EBADF)
			return ckpt_fail(r->ctl, -EMFILE,
					 "pid %u fd %u: it is beyond the limit of open files",
					 le32_to_cpu(m->record->pid), le32_to_cpu(fd->fd));
		if (err < 0)
			return ckpt_fail(r->ctl, err, "pid %u fd %u: error %d",
					 le32_to_cpu(m->record->pid), le32_to_cpu(fd->fd), -err);
		err = 0;
	}
	return err;
}

/* Makes the caller share the open files of @from, which has joined. */
int ckpt_adopt_files(struct task_struct *from)
{
	struct files_struct *files, *old = current->files;

	scoped_guard(task_lock, from) {
		files = from->files;
		if (!files)
			return -ESRCH;
		atomic_inc(&files->count);
	}
	scoped_guard(task_lock, current)
		current->files = files;
	put_files_struct(old);
	return 0;
}

/* As chroot(2), with the rights of whoever restarts. */
static int restore_root(struct ckpt_restart *r, const struct ckpt_task *t)
{
	const struct path *root;
	int err;

	if (!t->root)
		return 0;
	root = &r->files[le32_to_cpu(t->root) - 1]->f_path;
	if (!d_is_dir(root->dentry))
		err = -ENOTDIR;
	else if (!ns_capable(current_user_ns(), CAP_SYS_CHROOT))
		err = -EPERM;
	else
		err = path_permission(root, MAY_EXEC | MAY_CHDIR) ?: security_path_chroot(root);
	if (err)
		return ckpt_fail(r->ctl, err, "pid %u: its root directory cannot be set (error %d)",
				 le32_to_cpu(t->pid), -err);
	set_fs_root(current->fs, root);
	return 0;
}

/* Gives the caller its root and current directory, and its umask. */
int ckpt_restore_fs(struct ckpt_restart *r, const struct ckpt_task *t)
{
	struct file *cwd = r->files[le32_to_cpu(t->cwd) - 1];
	int err = restore_root(r, t);

	if (err)
		return err;
	if (!d_is_dir(cwd->f_path.dentry))
		return ckpt_fail(r->ctl, -ENOTDIR, "pid %u: its current directory is none",
				 le32_to_cpu(t->pid));
	set_fs_pwd(current->fs, &cwd->f_path);
	current->fs->umask = le32_to_cpu(t->umask);
	return 0;
}

/* Makes the caller share root, current directory and umask with @from, which has joined. */
int ckpt_adopt_fs(struct task_struct *from)
{
	struct fs_struct *fs, *old = current->fs;
	bool last;

	scoped_guard(task_lock, from) {
		fs = from->fs;
		if (!fs)
			return -ESRCH;
		read_seqlock_excl(&fs->seq);
		fs->users++;
		read_sequnlock_excl(&fs->seq);
	}
	scoped_guard(task_lock, current) {
		read_seqlock_excl(&old->seq);
		last = !--old->users;
		current->fs = fs;
		current->real_fs = fs;
		read_sequnlock_excl(&old->seq);
	}
	if (last)
		free_fs_struct(old);
	return 0;
}

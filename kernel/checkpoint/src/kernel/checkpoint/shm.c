// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: SysV shared memory
 *
 * A segment that the tree has attached is an INODE; each attachment, which
 * mappings share after fork(2), is a FILE of it. What is in a segment is copied as
 * that of other files without a path is. At a restart it gets the id and the
 * key that it had, which must be free; until all of it is in place nobody
 * else may attach it, and a restart that fails removes it.
 */
#include <linux/capability.h>
#include <linux/checkpoint.h>
#include <linux/cred.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/ipc_namespace.h>
#include <linux/nsproxy.h>
#include <linux/pid.h>
#include <linux/user_namespace.h>
#include "checkpoint.h"

#ifdef CONFIG_SYSVIPC

static void put_pids(struct checkpoint_shm *shm)
{
	put_pid(shm->cpid);
	put_pid(shm->lpid);
	put_pid(shm->creator);
}

/* The thread of the tree that has created a segment; 0 if it is none. */
static pid_t creator_of(struct ckpt_snapshot *s, const struct checkpoint_shm *shm)
{
	u32 i;

	for (i = 0; shm->creator && i < s->nr_tasks; i++)
		if (task_pid(s->tasks[i].task) == shm->creator)
			return pid_nr_ns(shm->creator, s->ns);
	return 0;
}

static int check_segment(struct ckpt_snapshot *s, struct task_struct *task, int fd,
			 struct file *file, const struct checkpoint_shm *shm)
{
	struct user_namespace *ns = current_user_ns();

	if (shm->ns != current->nsproxy->ipc_ns)
		return ckpt_refuse_file(s, task, fd, "%pD, of another ipc namespace, is", file);
	if (shm->size != i_size_read(file_inode(file)))
		return ckpt_refuse_file(s, task, fd, "%pD, whose size was changed, is", file);
	if (!kuid_has_mapping(ns, shm->uid) || !kgid_has_mapping(ns, shm->gid) ||
	    !kuid_has_mapping(ns, shm->cuid) || !kgid_has_mapping(ns, shm->cgid))
		return ckpt_refuse_file(s, task, fd,
					"%pD, whose owner is unknown to the caller, is", file);
	return 0;
}

static int take(struct ckpt_snapshot *s, u32 id, const struct checkpoint_shm *shm)
{
	struct user_namespace *ns = current_user_ns();
	struct ckpt_inode *i = ckpt_record_add(&s->inode_records, CKPT_INODE, id,
					       sizeof(*i) + sizeof(struct ckpt_shm));
	struct ckpt_shm *to;

	if (!i)
		return -ENOMEM;
	i->kind = cpu_to_le32(CKPT_INODE_SYSV);
	i->flags = cpu_to_le32((shm->noreserve ? CKPT_INODE_NORESERVE : 0) |
			       (shm->locked ? CKPT_INODE_LOCKED : 0) |
			       (shm->removed ? CKPT_INODE_REMOVED : 0));
	i->size = cpu_to_le64(shm->size);
	i->mode = cpu_to_le32(shm->mode);
	i->uid = cpu_to_le32(from_kuid(ns, shm->uid));
	i->gid = cpu_to_le32(from_kgid(ns, shm->gid));
	to = (void *)i->data;
	to->id = cpu_to_le32(shm->id);
	to->key = cpu_to_le32(shm->key);
	to->cuid = cpu_to_le32(from_kuid(ns, shm->cuid));
	to->cgid = cpu_to_le32(from_kgid(ns, shm->cgid));
	to->cpid = cpu_to_le32(pid_nr_ns(shm->cpid, s->ns));
	to->lpid = cpu_to_le32(pid_nr_ns(shm->lpid, s->ns));
	to->creator = cpu_to_le32(creator_of(s, shm));
	to->atime = cpu_to_le64(shm->atime);
	to->dtime = cpu_to_le64(shm->dtime);
	to->ctime = cpu_to_le64(shm->ctime);
	return 0;
}

/**
 * ckpt_take_shm - add the INODE of a segment
 * @s: what is taken
 * @task: who has it attached
 * @taken: an attachment
 * @id: of the INODE
 */
int ckpt_take_shm(struct ckpt_snapshot *s, struct task_struct *task,
		  struct ckpt_taken_file *taken, u32 id)
{
	struct checkpoint_shm shm;
	int err;

	err = checkpoint_shm_get(taken->file, &shm);
	if (err)
		return ckpt_refuse_file(s, task, taken->fd, "%pD, which is gone, is", taken->file);
	err = check_segment(s, task, taken->fd, taken->file, &shm) ?: take(s, id, &shm);
	put_pids(&shm);
	return err;
}

/* Reads what an INODE says, but for its pids. */
static void read_segment(const struct ckpt_inode *i, struct checkpoint_shm *shm)
{
	const struct ckpt_shm *from = (void *)i->data;
	struct user_namespace *ns = current_user_ns();
	u32 flags = le32_to_cpu(i->flags);

	*shm = (struct checkpoint_shm){
		.id = le32_to_cpu(from->id),
		.key = le32_to_cpu(from->key),
		.mode = le32_to_cpu(i->mode),
		.removed = flags & CKPT_INODE_REMOVED,
		.locked = flags & CKPT_INODE_LOCKED,
		.noreserve = flags & CKPT_INODE_NORESERVE,
		.uid = make_kuid(ns, le32_to_cpu(i->uid)),
		.gid = make_kgid(ns, le32_to_cpu(i->gid)),
		.cuid = make_kuid(ns, le32_to_cpu(from->cuid)),
		.cgid = make_kgid(ns, le32_to_cpu(from->cgid)),
		.size = le64_to_cpu(i->size),
		.atime = le64_to_cpu(from->atime),
		.dtime = le64_to_cpu(from->dtime),
		.ctime = le64_to_cpu(from->ctime),
	};
}

/* An owner may give a segment away, but who has created it is who did. */
static bool may_own(const struct checkpoint_shm *shm)
{
	struct user_namespace *ns = current_user_ns();

	return (uid_eq(shm->cuid, current_euid()) || ns_capable(ns, CAP_SETUID)) &&
	       (gid_eq(shm->cgid, current_egid()) || ns_capable(ns, CAP_SETGID));
}

/**
 * ckpt_make_shm - make a segment
 * @r: the restart
 * @made: gets its file and its namespace; @made->record is the INODE
 */
int ckpt_make_shm(struct ckpt_restart *r, struct ckpt_made_inode *made)
{
	struct checkpoint_shm shm;
	struct file *file;

	read_segment(made->record, &shm);
	if (!uid_valid(shm.uid) || !gid_valid(shm.gid) || !uid_valid(shm.cuid) ||
	    !gid_valid(shm.cgid))
		return ckpt_fail(r->ctl, -EINVAL, "shared memory %d: its owner is unknown here",
				 shm.id);
	if (!may_own(&shm))
		return ckpt_fail(r->ctl, -EPERM,
				 "shared memory %d: no permission to be who created it", shm.id);
	file = checkpoint_shm_make(&shm);
	if (file == ERR_PTR(-EBUSY))
		return ckpt_fail(r->ctl, -EEXIST, "shared memory %d: the id is in use", shm.id);
	if (file == ERR_PTR(-EEXIST))
		return ckpt_fail(r->ctl, -EEXIST, "shared memory %d: its key %#x is in use",
				 shm.id, shm.key);
	if (IS_ERR(file))
		return ckpt_fail(r->ctl, PTR_ERR(file),
				 "shared memory %d: it cannot be made (error %ld)", shm.id,
				 -PTR_ERR(file));
	made->file = file;
	made->ipc_ns = get_ipc_ns(current->nsproxy->ipc_ns);
	return 0;
}

/* Makes a FILE, an attachment that is to be mapped. */
int ckpt_open_shm(struct ckpt_restart *r, u32 index, const struct ckpt_file *f)
{
	struct ckpt_made_inode *made = &r->inodes[le32_to_cpu(f->inode) - 1];
	const struct ckpt_shm *shm = (void *)made->record->data;
	u32 flags = le32_to_cpu(f->flags);
	struct file *file;

	if ((flags != O_RDONLY && flags != O_RDWR) || f->pos)
		return ckpt_fail(r->ctl, -EBADMSG, "file %u: unknown flags", index + 1);
	file = checkpoint_shm_attach(made->ipc_ns, le32_to_cpu(shm->id), made->file, flags);
	if (IS_ERR(file))
		return PTR_ERR(file);
	r->files[index] = file;
	return 0;
}

/* The pid with number @nr, referenced: if nobody has it, one that nobody has had. */
static struct pid *get_number(struct ckpt_restart *r, pid_t nr)
{
	struct pid *pid;

	if (!nr)
		return NULL;
	scoped_guard(rcu)
		pid = get_pid(find_pid_ns(nr, r->ns));
	if (pid)
		return pid;
	pid = alloc_pid(r->ns, &nr, 1);
	if (IS_ERR(pid))
		return pid;
	get_pid(pid);
	free_pid(pid);
	return pid;
}

static struct task_struct *find_creator(struct ckpt_restart *r, u32 pid)
{
	const struct ckpt_ids *ids = ckpt_find_ids(r->ids, r->nr_tasks, pid);

	return ids ? r->members[ids->index].task : NULL;
}

/**
 * ckpt_settle_shm - all has been attached: what attaching changes is set
 * @r: the restart
 * @made: the segment
 */
int ckpt_settle_shm(struct ckpt_restart *r, struct ckpt_made_inode *made)
{
	const struct ckpt_shm *from = (void *)made->record->data;
	struct task_struct *creator = find_creator(r, le32_to_cpu(from->creator));
	struct checkpoint_shm shm;
	int err;

	read_segment(made->record, &shm);
	if (from->creator && !creator)
		return ckpt_fail(r->ctl, -EBADMSG,
				 "shared memory %d: no task of the image created it", shm.id);
	shm.ns = made->ipc_ns;
	shm.cpid = get_number(r, le32_to_cpu(from->cpid));
	shm.lpid = get_number(r, le32_to_cpu(from->lpid));
	err = PTR_ERR_OR_ZERO(shm.cpid) ?: PTR_ERR_OR_ZERO(shm.lpid);
	if (!err)
		err = checkpoint_shm_settle(&shm, made->file, creator);
	if (!IS_ERR(shm.cpid))
		put_pid(shm.cpid);
	if (!IS_ERR(shm.lpid))
		put_pid(shm.lpid);
	return err ? ckpt_fail(r->ctl, err, "shared memory %d: error %d", shm.id, -err) : 0;
}

/* Gives a segment up; it stays if the restart has come to its end. */
void ckpt_put_shm(struct ckpt_restart *r, struct ckpt_made_inode *made)
{
	const struct ckpt_shm *shm = (void *)made->record->data;

	if (!made->ipc_ns)
		return;
	if (r->state != CKPT_WHOLE)
		checkpoint_shm_remove(made->ipc_ns, le32_to_cpu(shm->id), made->file);
	put_ipc_ns(made->ipc_ns);
}

#else /* !CONFIG_SYSVIPC */

int ckpt_take_shm(struct ckpt_snapshot *s, struct task_struct *task,
		  struct ckpt_taken_file *taken, u32 id)
{
	return -EOPNOTSUPP;
}

int ckpt_make_shm(struct ckpt_restart *r, struct ckpt_made_inode *made)
{
	return ckpt_fail(r->ctl, -EOPNOTSUPP, "the kernel has no SysV shared memory");
}

int ckpt_open_shm(struct ckpt_restart *r, u32 index, const struct ckpt_file *f)
{
	return -EOPNOTSUPP;
}

int ckpt_settle_shm(struct ckpt_restart *r, struct ckpt_made_inode *made)
{
	return -EOPNOTSUPP;
}

void ckpt_put_shm(struct ckpt_restart *r, struct ckpt_made_inode *made)
{
}

#endif

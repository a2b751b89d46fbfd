// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: what a mount namespace may not change
 *
 * A mount that came from a more privileged mount namespace is locked: it cannot
 * be unmounted by itself, as that would show what it hides, and its flags cannot
 * be cleared. At a restart user space puts the mounts together, which takes its
 * own rights and keeps the locks that they have where it is; the kernel then
 * adds those that the image has. That only restricts.
 */
#include <linux/capability.h>
#include <linux/checkpoint.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mnt_namespace.h>
#include <linux/mount.h>
#include <linux/nsproxy.h>
#include <linux/user_namespace.h>
#include "../../fs/mount.h"
#include "checkpoint.h"

static const struct {
	int mnt;
	u32 flag;
} locks[] = {
	{ MNT_LOCKED, CKPT_MOUNT_LOCKED },
	{ MNT_LOCK_READONLY, CKPT_MOUNT_LOCK_RDONLY },
	{ MNT_LOCK_NOSUID, CKPT_MOUNT_LOCK_NOSUID },
	{ MNT_LOCK_NODEV, CKPT_MOUNT_LOCK_NODEV },
	{ MNT_LOCK_NOEXEC, CKPT_MOUNT_LOCK_NOEXEC },
	{ MNT_LOCK_ATIME, CKPT_MOUNT_LOCK_ATIME },
};

/* The locks among the MNT_* of a mount. */
u32 ckpt_mount_locks(int flags)
{
	u32 found = 0, i;

	for (i = 0; i < ARRAY_SIZE(locks); i++)
		found |= flags & locks[i].mnt ? locks[i].flag : 0;
	return found;
}

static int locks_of(const struct ckpt_mount *m)
{
	int flags = 0;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(locks); i++)
		flags |= le32_to_cpu(m->flags) & locks[i].flag ? locks[i].mnt : 0;
	return flags;
}

/**
 * struct search - for a MOUNT of an NS
 * @found: the one of this number, or NULL
 * @before: the last before it that has locks: its number, or 0
 */
struct search {
	const struct ckpt_mount *found;
	u32 before;
};

static struct search search_mount(struct ckpt_restart *r, const struct ckpt_made_ns *made,
				  u32 number)
{
	struct search s = {};
	struct ckpt_loaded *l;
	bool here = false;
	u32 n = 0;

	list_for_each_entry(l, &r->records, node) {
		if (ckpt_type(l) == CKPT_NS) {
			if (here)
				break;
			here = (void *)l->payload == (void *)made->record;
		}
		if (!here || ckpt_type(l) != CKPT_MOUNT)
			continue;
		s.found = (void *)l->payload;
		if (++n == number)
			return s;
		if (locks_of(s.found))
			s.before = n;
	}
	s.found = NULL;
	return s;
}

/**
 * ckpt_lock_mount - give a mount the locks that the image says
 * @r: the restart
 * @arg: which it is
 *
 * Those of a namespace come in their order, so that none is left out.
 */
int ckpt_lock_mount(struct ckpt_restart *r, const struct checkpoint_mount *arg)
{
	struct mnt_namespace *ns = current->nsproxy->mnt_ns;
	struct ckpt_made_ns *made;
	struct search s;
	struct mount *m;

	CLASS(fd_raw, f)(arg->fd);

	if (fd_empty(f))
		return -EBADF;
	if (!arg->ns || arg->ns > r->nr_namespaces)
		return -ESRCH;
	made = &r->namespaces[arg->ns - 1];
	if (made->record->kind != cpu_to_le32(CKPT_NS_MNT))
		return -ESRCH;
	s = search_mount(r, made, arg->mount);
	if (!s.found)
		return -ESRCH;
	if (!ns_capable(ns->user_ns, CAP_SYS_ADMIN))
		return -EPERM;
	if (fd_file(f)->f_path.dentry != fd_file(f)->f_path.mnt->mnt_root)
		return -EINVAL;
	m = real_mount(fd_file(f)->f_path.mnt);
	guard(mount_writer)();
	if (READ_ONCE(m->mnt_ns) != ns ||
	    ckpt_mount_attributes(m->mnt.mnt_flags) != le32_to_cpu(s.found->attr))
		return -EINVAL;
	if (arg->mount <= made->locked)
		return -EBUSY;
	if (s.before > made->locked || (made->locked && made->locked_in != ns->ns.ns_id))
		return -EINVAL;
	m->mnt.mnt_flags |= locks_of(s.found);
	made->locked = arg->mount;
	made->locked_in = ns->ns.ns_id;
	return 0;
}

/* Whether all mounts of the image's @made have got their locks, and are in @ns. */
bool ckpt_has_locks(struct ckpt_restart *r, const struct ckpt_made_ns *made,
		    const struct mnt_namespace *ns)
{
	u32 last = search_mount(r, made, U32_MAX).before;

	guard(mount_locked_reader)();
	return !last || (made->locked >= last && made->locked_in == ns->ns.ns_id);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Reading an image: record by record through the kernel's own check
 * (kernel/checkpoint/src/kernel/checkpoint/image.c), printing on the way.
 * Nothing of a record is printed before all of the record was checked.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "bulkhead.h"
#include "../../kernel/checkpoint/src/kernel/checkpoint/image.h"

struct reader {
	FILE *in;
	FILE *out;		/* NULL: only check */
	bool json;
	struct ckpt_check check;
	struct ckpt_ids *ids;
	u32 nr_ids;
	u64 pages;
	bool any;		/* a record was printed */
};

/* A string of an image, as JSON has it; bytes that are no ASCII are escaped. */
static void put_string(FILE *out, const char *s)
{
	fputc('"', out);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			fprintf(out, "\\%c", *s);
		else if ((unsigned char)*s < ' ' || (unsigned char)*s > '~')
			fprintf(out, "\\u%04x", (unsigned char)*s);
		else
			fputc(*s, out);
	}
	fputc('"', out);
}

static void put(struct reader *r, const char *key, const char *fmt, ...)
{
	va_list ap;

	fprintf(r->out, r->json ? ", \"%s\": " : " %s=", key);
	va_start(ap, fmt);
	vfprintf(r->out, fmt, ap);
	va_end(ap);
}

/* Addresses and masks: JSON has no hexadecimal numbers, so they are strings. */
static void put_hex(struct reader *r, const char *key, __le64 value)
{
	put(r, key, r->json ? "\"%#" PRIx64 "\"" : "%#" PRIx64, le64_to_cpu(value));
}

static void put_u32(struct reader *r, const char *key, __le32 value)
{
	put(r, key, "%" PRIu32, le32_to_cpu(value));
}

static void put_text(struct reader *r, const char *key, const char *s)
{
	put(r, key, "%s", "");
	put_string(r->out, s);
}

static void show_shm(struct reader *r, const struct ckpt_inode *i)
{
	const struct ckpt_shm *s = (const void *)i->data;

	put(r, "flags", r->json ? "%u" : "%#x", le32_to_cpu(i->flags));
	put_u32(r, "shmid", s->id);
	put(r, "key", r->json ? "%u" : "%#x", le32_to_cpu(s->key));
	put_u32(r, "cuid", s->cuid);
	put_u32(r, "cgid", s->cgid);
	put_u32(r, "cpid", s->cpid);
	put_u32(r, "lpid", s->lpid);
	put_u32(r, "creator", s->creator);
	put(r, "atime", "%" PRId64, (int64_t)le64_to_cpu(s->atime));
	put(r, "dtime", "%" PRId64, (int64_t)le64_to_cpu(s->dtime));
	put(r, "ctime", "%" PRId64, (int64_t)le64_to_cpu(s->ctime));
}

static void show_node(struct reader *r, const struct ckpt_inode *i)
{
	const struct ckpt_node *n = (const void *)i->data;

	put_u32(r, "fs", n->fs);
	put_text(r, "path", n->path);
	if (n->link)
		put_u32(r, "link", n->link);
	if (n->rdev)
		put(r, "rdev", r->json ? "\"%u:%u\"" : "%u:%u", le32_to_cpu(n->rdev) >> 20,
		    le32_to_cpu(n->rdev) & 0xfffff);
	if ((le32_to_cpu(i->mode) & 0170000) == 0120000)
		put_text(r, "target", n->path + strlen(n->path) + 1);
	put(r, "atime_ns", "%" PRId64, (int64_t)le64_to_cpu(n->atime));
	put(r, "mtime_ns", "%" PRId64, (int64_t)le64_to_cpu(n->mtime));
}

static void show_fs(struct reader *r, const struct ckpt_fs *fs)
{
	static const char * const kinds[] = { "", "tmpfs", "proc" };

	put_text(r, "kind", kinds[le32_to_cpu(fs->kind)]);
	put_text(r, "source", fs->source);
	if (le32_to_cpu(fs->kind) != CKPT_FS_TMPFS)
		return;
	put(r, "flags", r->json ? "%u" : "%#x", le32_to_cpu(fs->flags));
	put(r, "blocks", "%" PRIu64, le64_to_cpu(fs->blocks));
	put(r, "inodes", "%" PRIu64, le64_to_cpu(fs->inodes));
	put(r, "mode", r->json ? "%u" : "%#o", le32_to_cpu(fs->mode));
	put_u32(r, "uid", fs->uid);
	put_u32(r, "gid", fs->gid);
}

static void show_locks(struct reader *r, u32 flags)
{
	static const struct {
		u32 flag;
		const char *name;
	} locks[] = {
		{ CKPT_MOUNT_LOCKED, "mount" },
		{ CKPT_MOUNT_LOCK_RDONLY, "rdonly" },
		{ CKPT_MOUNT_LOCK_NOSUID, "nosuid" },
		{ CKPT_MOUNT_LOCK_NODEV, "nodev" },
		{ CKPT_MOUNT_LOCK_NOEXEC, "noexec" },
		{ CKPT_MOUNT_LOCK_ATIME, "atime" },
	};
	u32 i, shown = 0;

	put(r, "locks", "[");
	for (i = 0; i < sizeof(locks) / sizeof(*locks); i++)
		if (flags & locks[i].flag)
			fprintf(r->out, r->json ? "%s\"%s\"" : "%s%s",
				shown++ ? r->json ? ", " : " " : "", locks[i].name);
	fputc(']', r->out);
}

static void show_mount(struct reader *r, const struct ckpt_mount *m)
{
	put_u32(r, "parent", m->parent);
	put_text(r, "on", m->data);
	if (m->fs)
		put_u32(r, "fs", m->fs);
	put_text(r, "source", m->data + strlen(m->data) + 1);
	put(r, "attr", r->json ? "%u" : "%#x", le32_to_cpu(m->attr));
	put(r, "flags", r->json ? "%u" : "%#x", le32_to_cpu(m->flags));
	if (le32_to_cpu(m->flags) & CKPT_MOUNT_LOCKS)
		show_locks(r, le32_to_cpu(m->flags));
	if (m->group)
		put_u32(r, "group", m->group);
}

static void show_inode(struct reader *r, const struct ckpt_inode *i)
{
	static const char * const kinds[] = { "", "anon", "memfd", "sysv", "deleted", "node" };
	u32 kind = le32_to_cpu(i->kind);

	put_text(r, "kind", kinds[kind]);
	put(r, "size", "%" PRIu64, le64_to_cpu(i->size));
	put(r, "mode", r->json ? "%u" : "%#o", le32_to_cpu(i->mode));
	put_u32(r, "uid", i->uid);
	put_u32(r, "gid", i->gid);
	if (kind == CKPT_INODE_SYSV)
		show_shm(r, i);
	if (kind == CKPT_INODE_NODE)
		show_node(r, i);
	if (kind == CKPT_INODE_DELETED) {
		const struct ckpt_deleted *d = (const void *)i->data;

		put_u32(r, "linkable", i->flags ? htole32(1) : 0);
		put(r, "atime_ns", "%" PRId64, (int64_t)le64_to_cpu(d->atime));
		put(r, "mtime_ns", "%" PRId64, (int64_t)le64_to_cpu(d->mtime));
		put_text(r, "dir", d->dir);
		if (d->mnt)
			put_u32(r, "mnt", d->mnt);
	}
	if (kind == CKPT_INODE_MEMFD) {
		put_u32(r, "seals", i->seals);
		put_text(r, "name", (const char *)i->data);
	}
}

static void show_file(struct reader *r, const struct ckpt_file *f)
{
	put_u32(r, "flags", f->flags);
	if (f->mnt)
		put_u32(r, "mnt", f->mnt);
	if (le32_to_cpu(f->kind) == CKPT_FILE_EVENTFD) {
		put(r, "eventfd", "%" PRIu64, le64_to_cpu(f->size));
		put_u32(r, "semaphore", f->mode);
		return;
	}
	if (le32_to_cpu(f->kind) == CKPT_FILE_INODE) {
		put_u32(r, "inode", f->inode);
		put(r, "pos", "%" PRIu64, le64_to_cpu(f->pos));
		return;
	}
	if (le32_to_cpu(f->kind) == CKPT_FILE_PIPE || le32_to_cpu(f->kind) == CKPT_FILE_FIFO) {
		put_u32(r, "pipe", f->pipe);
		put_u32(r, "capacity", f->capacity);
		put(r, "bytes", "%" PRIu64, le64_to_cpu(f->size));
		if (f->mode)
			put_u32(r, "chunks", f->mode);
		if (le32_to_cpu(f->kind) == CKPT_FILE_FIFO)
			put_text(r, "fifo", (const char *)f->data + le64_to_cpu(f->size) +
				 4 * le32_to_cpu(f->mode));
		if (f->rdev)
			put_u32(r, "unseen", f->rdev);
		return;
	}
	put_text(r, "path", (const char *)f->data);
	put(r, "pos", "%" PRIu64, le64_to_cpu(f->pos));
	if (f->mapped)
		put(r, "size", "%" PRIu64, le64_to_cpu(f->size));
}

static void show_fdtable(struct reader *r, const struct ckpt_fd *fd, u32 n)
{
	u32 i;

	put(r, "fds", "[");
	for (i = 0; i < n; i++)
		fprintf(r->out, r->json ? "%s{\"fd\": %u, \"file\": %u, \"cloexec\": %u}" :
					  "%s%u:%u:%u",
			i ? r->json ? ", " : " " : "", le32_to_cpu(fd[i].fd),
			le32_to_cpu(fd[i].file), le32_to_cpu(fd[i].cloexec));
	fputc(']', r->out);
}

static void show_vma(struct reader *r, const struct ckpt_vma *v, bool named)
{
	static const char * const kinds[] = { "", "anon", "file", "kernel", "shared" };
	u32 flags = le32_to_cpu(v->flags);
	char prot[] = "---";

	if (flags & CKPT_VMA_READ)
		prot[0] = 'r';
	if (flags & CKPT_VMA_WRITE)
		prot[1] = 'w';
	if (flags & CKPT_VMA_EXEC)
		prot[2] = 'x';
	put_text(r, "kind", kinds[le32_to_cpu(v->kind)]);
	put_hex(r, "start", v->start);
	put_hex(r, "end", v->end);
	put_text(r, "prot", prot);
	put(r, "flags", r->json ? "%u" : "%#x", flags);
	if (named)
		put_text(r, "name", (const char *)v->name);
	if (v->file) {
		put_u32(r, "file", v->file);
		put(r, "pgoff", "%" PRIu64, le64_to_cpu(v->pgoff));
	}
	if (v->family) {
		put_u32(r, "family", v->family);
		put(r, "anon_pgoff", "%" PRIu64, le64_to_cpu(v->anon_pgoff));
	}
}

static void show_ipc(struct reader *r, const struct ckpt_ipc *i)
{
	put(r, "shmmax", "%" PRIu64, le64_to_cpu(i->shmmax));
	put(r, "shmall", "%" PRIu64, le64_to_cpu(i->shmall));
	put_u32(r, "shmmni", i->shmmni);
	put_u32(r, "shm_rmid_forced", i->shm_rmid_forced);
	put_u32(r, "msgmax", i->msgmax);
	put_u32(r, "msgmnb", i->msgmnb);
	put_u32(r, "msgmni", i->msgmni);
	put_u32(r, "semmsl", i->sem[0]);
	put_u32(r, "semmns", i->sem[1]);
	put_u32(r, "semopm", i->sem[2]);
	put_u32(r, "semmni", i->sem[3]);
	put_u32(r, "mq_queues_max", i->mq_queues_max);
	put_u32(r, "mq_msg_max", i->mq_msg_max);
	put_u32(r, "mq_msgsize_max", i->mq_msgsize_max);
	put_u32(r, "mq_msg_default", i->mq_msg_default);
	put_u32(r, "mq_msgsize_default", i->mq_msgsize_default);
}

static void show_map(struct reader *r, const char *key, const struct ckpt_extent *e, u32 n)
{
	u32 i;

	put(r, key, "[");
	for (i = 0; i < n; i++)
		fprintf(r->out, r->json ? "%s[%u, %u, %u]" : "%s%u:%u:%u",
			i ? r->json ? ", " : " " : "", le32_to_cpu(e[i].first),
			le32_to_cpu(e[i].lower), le32_to_cpu(e[i].count));
	fputc(']', r->out);
}

static void show_user(struct reader *r, const struct ckpt_user *u)
{
	static const char * const limits[CKPT_NR_LIMITS] = {
		[CKPT_LIMIT_USER] = "max_user_namespaces",
		[CKPT_LIMIT_PID] = "max_pid_namespaces",
		[CKPT_LIMIT_UTS] = "max_uts_namespaces",
		[CKPT_LIMIT_IPC] = "max_ipc_namespaces",
		[CKPT_LIMIT_NET] = "max_net_namespaces",
		[CKPT_LIMIT_MNT] = "max_mnt_namespaces",
		[CKPT_LIMIT_CGROUP] = "max_cgroup_namespaces",
		[CKPT_LIMIT_TIME] = "max_time_namespaces",
	};
	static const char * const rlimits[CKPT_NR_USER_RLIMITS] = {
		[CKPT_RLIMIT_NPROC] = "nproc",
		[CKPT_RLIMIT_MSGQUEUE] = "msgqueue",
		[CKPT_RLIMIT_SIGPENDING] = "sigpending",
		[CKPT_RLIMIT_MEMLOCK] = "memlock",
	};
	u32 uids = le32_to_cpu(u->nr_uids), gids = le32_to_cpu(u->nr_gids), i;

	put_u32(r, "uid", u->uid);
	put_u32(r, "gid", u->gid);
	put_text(r, "setgroups", u->flags ? "deny" : "allow");
	show_map(r, "uid_map", u->extents, uids);
	show_map(r, "gid_map", u->extents + uids, gids);
	show_map(r, "projid_map", u->extents + uids + gids, le32_to_cpu(u->nr_projids));
	for (i = 0; i < CKPT_NR_LIMITS; i++)
		put_u32(r, limits[i], u->limits[i]);
	for (i = 0; i < CKPT_NR_USER_RLIMITS; i++)
		put(r, rlimits[i], "%" PRIu64, le64_to_cpu(u->rlimits[i]));
}

static void show_ns(struct reader *r, const struct ckpt_ns *ns)
{
	static const char * const kinds[] = {
		"", "uts", "ipc", "cgroup", "time", "pid", "mount", "user",
	};
	const void *data = ns->data;

	put_text(r, "kind", kinds[le32_to_cpu(ns->kind)]);
	put_u32(r, "owner", ns->owner);
	switch (le32_to_cpu(ns->kind)) {
	case CKPT_NS_UTS: {
		const struct ckpt_uts *u = data;

		put_text(r, "hostname", u->hostname);
		put_text(r, "domainname", u->domainname);
		return;
	}
	case CKPT_NS_IPC:
		return show_ipc(r, data);
	case CKPT_NS_TIME: {
		const struct ckpt_clocks *t = data;

		put(r, "monotonic_ns", "%" PRIu64, le64_to_cpu(t->monotonic));
		put(r, "boottime_ns", "%" PRIu64, le64_to_cpu(t->boottime));
		put_u32(r, "entered", t->entered);
		return;
	}
	case CKPT_NS_PID:
		return put_u32(r, "parent", ((const struct ckpt_pidns *)data)->parent);
	case CKPT_NS_MNT:
		return put_u32(r, "mounts", ((const struct ckpt_mntns *)data)->mounts);
	case CKPT_NS_USER:
		return show_user(r, data);
	}
}

/* Those of its namespaces that are not the caller's, and its pids there. */
static void show_roles(struct reader *r, const struct ckpt_task *t)
{
	static const char * const keys[CKPT_NR_ROLES] = {
		[CKPT_ROLE_UTS] = "uts_ns",
		[CKPT_ROLE_IPC] = "ipc_ns",
		[CKPT_ROLE_CGROUP] = "cgroup_ns",
		[CKPT_ROLE_TIME] = "time_ns",
		[CKPT_ROLE_TIME_CHILDREN] = "time_ns_for_children",
		[CKPT_ROLE_PID] = "pid_ns",
		[CKPT_ROLE_PID_CHILDREN] = "pid_ns_for_children",
		[CKPT_ROLE_MNT] = "mnt_ns",
		[CKPT_ROLE_USER] = "user_ns",
	};
	const __le32 *pids = t->data + le32_to_cpu(t->nr_groups) + le32_to_cpu(t->nr_cpus);
	u32 role, i;

	for (role = 0; role < CKPT_NR_ROLES; role++)
		if (t->ns[role])
			put_u32(r, keys[role], t->ns[role]);
	if (t->pid_owner)
		put_u32(r, "pid_ns_owner", t->pid_owner);
	if (t->exec_user)
		put_u32(r, "exec_user_ns", t->exec_user);
	if (!t->nr_pids)
		return;
	put(r, "pids", "[");
	for (i = 0; i < le32_to_cpu(t->nr_pids); i++)
		fprintf(r->out, "%s%u", i ? r->json ? ", " : " " : "", le32_to_cpu(pids[i]));
	fputc(']', r->out);
}

/* The CPUs that it has asked for. */
static void show_affinity(struct reader *r, const struct ckpt_task *t)
{
	const __le32 *words = t->data + le32_to_cpu(t->nr_groups);
	u32 cpu, n = 32 * le32_to_cpu(t->nr_cpus), shown = 0;

	if (!n)
		return;
	put(r, "cpus", "[");
	for (cpu = 0; cpu < n; cpu++)
		if (le32_to_cpu(words[cpu / 32]) & 1U << cpu % 32)
			fprintf(r->out, "%s%u", shown++ ? r->json ? ", " : " " : "", cpu);
	fputc(']', r->out);
}

static void show_task(struct reader *r, const struct ckpt_task *t)
{
	static const char * const states[] = { "live", "zombie", "stopped", "headless" };

	put_u32(r, "pid", t->pid);
	put_u32(r, "parent", t->parent);
	put_u32(r, "leader", t->leader);
	put_text(r, "state", states[le32_to_cpu(t->state)]);
	if (t->state)
		put_u32(r, "status", t->status);
	put_u32(r, "pgrp", t->pgrp);
	put_u32(r, "session", t->session);
	put_text(r, "comm", t->comm);
	put_u32(r, "mm", t->mm);
	put_u32(r, "fdtable", t->fdtable);
	put_u32(r, "cwd", t->cwd);
	if (t->root)
		put_u32(r, "root", t->root);
	put_u32(r, "uid", t->uid[0]);
	put_u32(r, "euid", t->uid[1]);
	put_u32(r, "gid", t->gid[0]);
	put_u32(r, "egid", t->gid[1]);
	put(r, "nice", "%d", (int32_t)le32_to_cpu(t->nice));
	put_hex(r, "sigmask", t->sigmask);
	show_affinity(r, t);
	show_roles(r, t);
	if (t->cgroup)
		put_u32(r, "cgroup", t->cgroup);
	if (!t->rseq)
		return;
	put_hex(r, "rseq", t->rseq);
	put_u32(r, "rseq_len", t->rseq_len);
	put(r, "rseq_sig", r->json ? "\"%#x\"" : "%#x", le32_to_cpu(t->rseq_sig));
	put_u32(r, "rseq_flags", t->rseq_flags);
}

static void show_timer(struct reader *r, const struct ckpt_timer *t)
{
	static const char * const kinds[] = { "real", "virtual", "prof", "posix" };

	put_text(r, "kind", kinds[le32_to_cpu(t->kind)]);
	put_u32(r, "armed", t->armed);
	put(r, "left_ns", "%" PRId64, (int64_t)le64_to_cpu(t->left));
	put(r, "interval_ns", "%" PRId64, (int64_t)le64_to_cpu(t->interval));
	if (le32_to_cpu(t->kind) != CKPT_TIMER_POSIX)
		return;
	put_u32(r, "timer", t->id);
	put_u32(r, "clock", t->clock);
	put_u32(r, "notify", t->notify);
	put_u32(r, "signo", t->signo);
}

static void show_payload(struct reader *r, const struct ckpt_record *h, const void *payload)
{
	u32 type = le16_to_cpu(h->type);

	switch (type) {
	case CKPT_IMAGE: {
		const struct ckpt_image *im = payload;

		put_u32(r, "version", im->version);
		put_u32(r, "machine", im->machine);
		put_u32(r, "page_size", im->page_size);
		put_u32(r, "tasks", im->nr_tasks);
		put(r, "taken_ns", "%" PRIu64, le64_to_cpu(im->taken));
		put_text(r, "release", im->release);
		return;
	}
	case CKPT_FS:
		return show_fs(r, payload);
	case CKPT_INODE:
		return show_inode(r, payload);
	case CKPT_FILE:
		return show_file(r, payload);
	case CKPT_FDTABLE:
		return show_fdtable(r, payload, le32_to_cpu(h->length) / sizeof(struct ckpt_fd));
	case CKPT_MM: {
		const struct ckpt_mm *mm = payload;

		put_u32(r, "exe", mm->exe);
		put_u32(r, "vmas", mm->nr_vmas);
		put_u32(r, "flags", mm->flags);
		put_hex(r, "brk", mm->brk);
		put_hex(r, "start_stack", mm->start_stack);
		put_hex(r, "mmap_base", mm->mmap_base);
		return;
	}
	case CKPT_VMA:
		return show_vma(r, payload, le32_to_cpu(h->length) > sizeof(struct ckpt_vma));
	case CKPT_NS:
		return show_ns(r, payload);
	case CKPT_MOUNT:
		return show_mount(r, payload);
	case CKPT_CGROUP:
		return put_text(r, "path", payload);
	case CKPT_TASK:
		return show_task(r, payload);
	case CKPT_REGS: {
		const struct ckpt_regs *regs = payload;

		put_u32(r, "note", regs->note);
		put_u32(r, "size", regs->size);
		return;
	}
	case CKPT_SIGNAL: {
		const struct ckpt_signal *s = payload;

		put_u32(r, "signo", s->signo);
		put_u32(r, "shared", s->shared);
		return;
	}
	case CKPT_TIMER:
		return show_timer(r, payload);
	case CKPT_LEADER: {
		const struct ckpt_leader *l = payload;

		put_u32(r, "pid", l->pid);
		put_u32(r, "session", l->session);
		return;
	}
	case CKPT_CONTENTS:
	case CKPT_PAGES: {
		const struct ckpt_pages *p = payload;

		put_u32(r, type == CKPT_PAGES ? "mm" : "inode", p->owner);
		put_hex(r, type == CKPT_PAGES ? "addr" : "offset", p->addr);
		put_u32(r, "count", p->count);
		return;
	}
	case CKPT_SHARED: {
		const struct ckpt_shared *s = payload;

		put_u32(r, "mm", s->owner);
		put_hex(r, "addr", s->addr);
		put_u32(r, "count", s->count);
		put_u32(r, "from", s->from);
		put_hex(r, "from_addr", s->from_addr);
		return;
	}
	case CKPT_TRAILER: {
		const struct ckpt_trailer *t = payload;

		put(r, "records", "%" PRIu64, le64_to_cpu(t->records));
		put(r, "bytes", "%" PRIu64, le64_to_cpu(t->bytes));
		return;
	}
	}
}

static void show(struct reader *r, const struct ckpt_record *h, const void *payload)
{
	const char *name = ckpt_type_name(le16_to_cpu(h->type));

	if (!r->out)
		return;
	if (r->json)
		fprintf(r->out, "%s{\"type\": \"%s\", \"id\": %u", r->any ? ",\n " : "[", name,
			le32_to_cpu(h->id));
	else
		fprintf(r->out, h->id ? "%s %u:" : "%s:", name, le32_to_cpu(h->id));
	show_payload(r, h, payload);
	fputs(r->json ? "}" : "\n", r->out);
	r->any = true;
}

/* Notes the numbers of a TASK or a LEADER. */
static int note_ids(struct reader *r, const struct ckpt_record *h, const void *payload)
{
	struct ckpt_ids *ids = realloc(r->ids, (r->nr_ids + 1) * sizeof(*ids));

	if (!ids)
		return -ENOMEM;
	r->ids = ids;
	if (le16_to_cpu(h->type) == CKPT_TASK)
		ckpt_get_ids(&ids[r->nr_ids], h, payload);
	else
		ckpt_get_leader_ids(&ids[r->nr_ids], r->nr_ids, payload);
	r->nr_ids++;
	return 0;
}

static int fail(struct reader *r, const char *why)
{
	r->check.why = why;
	return -EBADMSG;
}

static int read_record(struct reader *r, void **payload, size_t *room)
{
	struct ckpt_check *c = &r->check;
	struct ckpt_record h;
	u32 length, full, i;
	int err;

	if (fread(&h, sizeof(h), 1, r->in) != 1)
		return fail(r, "the image ends too early");
	err = ckpt_check_header(c, &h);
	if (err)
		return err;
	length = le32_to_cpu(h.length);
	full = length + ckpt_padding(length);
	if (full > *room) {
		void *more = realloc(*payload, full);

		if (!more)
			return -ENOMEM;
		*payload = more;
		*room = full;
	}
	if (full && fread(*payload, full, 1, r->in) != 1)
		return fail(r, "the image ends too early");
	for (i = length; i < full; i++)
		if (((u8 *)*payload)[i])
			return fail(r, "padding is in use");
	err = ckpt_check_payload(c, &h, *payload);
	if (!err)
		err = ckpt_check_sum(c, &h, ckpt_crc(ckpt_record_crc(&h), *payload, length));
	if (!err && (le16_to_cpu(h.type) == CKPT_TASK || le16_to_cpu(h.type) == CKPT_LEADER))
		err = note_ids(r, &h, *payload);
	if (!err && (le16_to_cpu(h.type) == CKPT_PAGES || le16_to_cpu(h.type) == CKPT_CONTENTS))
		r->pages += le32_to_cpu(((struct ckpt_pages *)*payload)->count);
	if (!err)
		show(r, &h, *payload);
	return err;
}

/*
 * Checks the image @in, and prints it to @out unless that is NULL. Returns 0,
 * or -errno with the reason in @why.
 */
int image_read(FILE *in, FILE *out, bool json, char *why, size_t size)
{
	struct reader r = { .in = in, .out = out, .json = json };
	void *payload = NULL;
	size_t room = 0;
	int err = 0;

	ckpt_check_init(&r.check);
	while (!err && !ckpt_check_end(&r.check))
		err = read_record(&r, &payload, &room);
	if (!err && fgetc(in) != EOF)
		err = fail(&r, "there is something behind the trailer");
	if (!err)
		err = ckpt_check_tree(&r.check, r.ids, r.nr_ids);
	if (out && json && r.any)
		fputs("]\n", out);
	if (err)
		snprintf(why, size, "byte %" PRIu64 ", record %" PRIu64 ": %s", r.check.bytes,
			 r.check.records + 1, r.check.why ? r.check.why : strerror(-err));
	else
		snprintf(why, size, "%" PRIu64 " records, %" PRIu64 " bytes, %u tasks, %" PRIu64
			 " pages", r.check.records, r.check.bytes,
			 r.check.count[CKPT_TASK], r.pages);
	free(payload);
	free(r.ids);
	return err;
}

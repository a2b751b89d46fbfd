// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint images: checking what is read. Shared by kernel and user space,
 * see image.h; the format is in include/uapi/linux/checkpoint_image.h.
 */
#include "image.h"

#ifdef __KERNEL__
u32 ckpt_crc(u32 crc, const void *p, size_t len)
{
	return ~crc32c(~crc, p, len);
}

static void ckpt_sort(struct ckpt_ids *ids, u32 n,
		      int (*cmp)(const void *, const void *))
{
	sort(ids, n, sizeof(*ids), cmp, NULL);
}
#else
/* Eight bytes at a time, by tables made from the reversed polynomial. */
static u32 crc_table[8][256];

static void crc_init(void)
{
	u32 i, j, crc;

	for (i = 0; i < 256; i++) {
		crc = i;
		for (j = 0; j < 8; j++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
		crc_table[0][i] = crc;
	}
	for (i = 0; i < 256; i++)
		for (j = 1; j < 8; j++)
			crc_table[j][i] = crc_table[j - 1][i] >> 8 ^
				crc_table[0][crc_table[j - 1][i] & 0xff];
}

u32 ckpt_crc(u32 crc, const void *p, size_t len)
{
	const u8 *b = p;
	u64 v;

	if (!crc_table[0][1])
		crc_init();
	crc = ~crc;
	for (; len >= 8; len -= 8, b += 8) {
		memcpy(&v, b, 8);
		v = le64_to_cpu(v) ^ crc;
		crc = crc_table[7][v & 0xff] ^ crc_table[6][v >> 8 & 0xff] ^
		      crc_table[5][v >> 16 & 0xff] ^ crc_table[4][v >> 24 & 0xff] ^
		      crc_table[3][v >> 32 & 0xff] ^ crc_table[2][v >> 40 & 0xff] ^
		      crc_table[1][v >> 48 & 0xff] ^ crc_table[0][v >> 56];
	}
	while (len--)
		crc = crc >> 8 ^ crc_table[0][(crc ^ *b++) & 0xff];
	return ~crc;
}

static void ckpt_sort(struct ckpt_ids *ids, u32 n,
		      int (*cmp)(const void *, const void *))
{
	qsort(ids, n, sizeof(*ids), cmp);
}
#endif

/* What a record of each type may look like. */
static const struct {
	const char *name;
	u32 fixed;		/* bytes that every payload has */
	u32 max;		/* bytes beyond them */
	bool id;		/* numbered */
} types[CKPT_NR_TYPES] = {
	[CKPT_IMAGE]	= { "image", sizeof(struct ckpt_image), 0, false },
	[CKPT_FS]	= { "fs", sizeof(struct ckpt_fs), CKPT_PATH_MAX, true },
	[CKPT_INODE]	= { "inode", sizeof(struct ckpt_inode),
			    sizeof(struct ckpt_node) + 2 * CKPT_PATH_MAX, true },
	[CKPT_FILE]	= { "file", sizeof(struct ckpt_file), CKPT_DATA_MAX, true },
	[CKPT_FDTABLE]	= { "fdtable", 0, CKPT_FDS_MAX * sizeof(struct ckpt_fd), true },
	[CKPT_MM]	= { "mm", sizeof(struct ckpt_mm), 0, true },
	[CKPT_VMA]	= { "vma", sizeof(struct ckpt_vma), CKPT_VMA_NAME_MAX, false },
		[CKPT_MOUNT]	= { "mount", sizeof(struct ckpt_mount), 2 * CKPT_PATH_MAX, false },
	[CKPT_NS]	= { "ns", sizeof(struct ckpt_ns), sizeof(struct ckpt_user) +
			    3 * CKPT_EXTENTS_MAX * sizeof(struct ckpt_extent), true },
	[CKPT_CGROUP]	= { "cgroup", 0, CKPT_PATH_MAX, true },
	[CKPT_TASK]	= { "task", sizeof(struct ckpt_task),
			    CKPT_GROUPS_MAX * 4 + CKPT_CPUS_MAX / 8 +
			    CKPT_PIDNS_LEVELS * 4, true },
	[CKPT_REGS]	= { "regs", sizeof(struct ckpt_regs), CKPT_REGS_MAX, false },
	[CKPT_SIGACTIONS] = { "sigactions", CKPT_NSIG * sizeof(struct ckpt_sigaction), 0, false },
	[CKPT_SIGNAL]	= { "signal", sizeof(struct ckpt_signal), 0, false },
	[CKPT_TIMER]	= { "timer", sizeof(struct ckpt_timer), 0, false },
	[CKPT_LEADER]	= { "leader", sizeof(struct ckpt_leader), 0, false },
	[CKPT_CONTENTS]	= { "contents", sizeof(struct ckpt_pages), CKPT_DATA_MAX, false },
	[CKPT_PAGES]	= { "pages", sizeof(struct ckpt_pages), CKPT_DATA_MAX, false },
	[CKPT_SHARED]	= { "shared", sizeof(struct ckpt_shared), 0, false },
	[CKPT_TRAILER]	= { "trailer", sizeof(struct ckpt_trailer), 0, false },
};

/* The name of a type of record, or NULL. */
const char *ckpt_type_name(u32 type)
{
	return type < CKPT_NR_TYPES ? types[type].name : NULL;
}

/* How many bytes of payload a record of this, known type has at least. */
u32 ckpt_fixed_size(u32 type)
{
	return types[type].fixed;
}

/* The part of a record's checksum that its header makes. */
u32 ckpt_record_crc(const struct ckpt_record *r)
{
	struct ckpt_record header = *r;

	header.crc = 0;
	return ckpt_crc(0, &header, sizeof(header));
}

void ckpt_check_init(struct ckpt_check *c)
{
	memset(c, 0, sizeof(*c));
}

static int bad(struct ckpt_check *c, const char *why)
{
	c->why = why;
	return -EBADMSG;
}

/* How many NSs are in use, in order; those of users come with whatever they own. */
static u32 used_namespaces(struct ckpt_check *c)
{
	while (c->namespaces < c->count[CKPT_NS] && c->ns_kind[c->namespaces] == CKPT_NS_USER)
		c->namespaces++;
	return c->namespaces;
}

/* Whether a record of @type may follow what came so far. */
static int check_order(struct ckpt_check *c, u32 type)
{
	if (c->done)
		return bad(c, "there is something behind the trailer");
	if (!c->last)
		return type == CKPT_IMAGE ? 0 : bad(c, "this is not an image");
	if (type == CKPT_IMAGE)
		return bad(c, "a second image begins");
	if (c->vmas_left && type != CKPT_VMA)
		return bad(c, "a mapping is missing");
	if (c->mounts_left && type != CKPT_MOUNT)
		return bad(c, "a mount is missing");
	if (c->awaits && type != c->awaits &&
	    !(c->awaits == CKPT_SIGACTIONS && type == CKPT_REGS && c->last == CKPT_REGS))
		return bad(c, c->awaits == CKPT_REGS ? "a task's registers are missing" :
			      "a task's signal handlers are missing");

	switch (type) {
	case CKPT_FS:
	case CKPT_INODE:
	case CKPT_FILE:
	case CKPT_FDTABLE:
		if (c->last > type)
			return bad(c, "records are out of order");
		return 0;
	case CKPT_MM:
		if (c->last > CKPT_VMA)
			return bad(c, "records are out of order");
		return 0;
	case CKPT_VMA:
		return c->vmas_left ? 0 : bad(c, "a mapping of no address space");
	case CKPT_MOUNT:
		return c->mounts_left ? 0 : bad(c, "a mount of no namespace");
	case CKPT_CGROUP:
		return c->last > CKPT_CGROUP ? bad(c, "records are out of order") : 0;
	case CKPT_NS:
		if (c->last > CKPT_MOUNT)
			return bad(c, "records are out of order");
		if (c->count[CKPT_NS] == CKPT_NS_MAX)
			return bad(c, "too many namespaces");
		return 0;
	case CKPT_TASK:
		if (c->last > CKPT_TIMER)
			return bad(c, "records are out of order");
		if (c->count[CKPT_TASK] == c->nr_tasks)
			return bad(c, "more tasks than announced");
		return 0;
	case CKPT_REGS:
		if (c->awaits != CKPT_REGS && c->last != CKPT_REGS)
			return bad(c, "registers of no task");
		return 0;
	case CKPT_SIGACTIONS:
		return c->awaits ? 0 : bad(c, "signal handlers of no process");
	case CKPT_SIGNAL:
		if (c->last != CKPT_REGS && c->last != CKPT_SIGACTIONS && c->last != CKPT_SIGNAL)
			return bad(c, "a signal of no task");
		return 0;
	case CKPT_TIMER:
		/* a process that has one thread at least so far: its first */
		if (c->last < CKPT_SIGACTIONS || c->last > CKPT_TIMER ||
		    c->leader != c->count[CKPT_TASK])
			return bad(c, "a timer of no process");
		return 0;
	default:	/* CKPT_LEADER, CKPT_CONTENTS, CKPT_PAGES, CKPT_SHARED, CKPT_TRAILER */
		if (c->last > type && !(type == CKPT_PAGES && c->last == CKPT_SHARED))
			return bad(c, "records are out of order");
		if (c->count[CKPT_TASK] != c->nr_tasks || c->headless)
			return bad(c, "tasks are missing");
		if (c->count[CKPT_MM] != c->mms || c->count[CKPT_FDTABLE] != c->fdtables)
			return bad(c, "memory or files of no task");
		if (c->count[CKPT_CGROUP] != c->cgroups)
			return bad(c, "a cgroup of no task");
		if (c->count[CKPT_NS] != used_namespaces(c) || c->users != c->users_used)
			return bad(c, "a namespace of no task");
		if (c->mnt_used > c->mnt_namespaces)
			return bad(c, "a path in a mount namespace that is not there");
		if (c->count[CKPT_FS] != c->filesystems)
			return bad(c, "a file system without a mount");
		if (c->inits != c->pid_namespaces)
			return bad(c, "a pid namespace without its first process");
		return 0;
	}
}

int ckpt_check_header(struct ckpt_check *c, const struct ckpt_record *r)
{
	u32 type = le16_to_cpu(r->type), length = le32_to_cpu(r->length);

	/* What does not begin as an image is no broken one. */
	if (!c->last && type != CKPT_IMAGE)
		return bad(c, "this is not an image");
	if (!ckpt_type_name(type))
		return bad(c, "a record of an unknown type");
	if (le16_to_cpu(r->version) != 1)
		return bad(c, "a record of an unknown version");
	if (length < types[type].fixed ||
	    length - types[type].fixed > types[type].max)
		return bad(c, "a record of an impossible length");
	if (le32_to_cpu(r->id) != (types[type].id ? c->count[type] + 1 : 0))
		return bad(c, "a record with a wrong id");
	return check_order(c, type);
}

static bool ref(struct ckpt_check *c, u32 type, __le32 id)
{
	return id && le32_to_cpu(id) <= c->count[type];
}

/* Whether @p, @len bytes, is a string that ends where it should. */
static bool string_ok(const void *p, size_t len)
{
	return len && strnlen(p, len) == len - 1;
}

static bool zeros_behind(const char *s, size_t len)
{
	size_t n = strnlen(s, len);

	if (n == len)
		return false;
	for (; n < len; n++)
		if (s[n])
			return false;
	return true;
}

static int check_image(struct ckpt_check *c, const struct ckpt_image *im)
{
	u32 page = le32_to_cpu(im->page_size), n = le32_to_cpu(im->nr_tasks);

	if (le64_to_cpu(im->magic) != CKPT_MAGIC)
		return bad(c, "this is not an image");
	if (le32_to_cpu(im->version) != CKPT_VERSION)
		return bad(c, "an image of an unknown version");
	if (page < 4096 || page > 65536 || page & (page - 1))
		return bad(c, "an impossible size of pages");
	if (!n || n > CKPT_TASKS_MAX)
		return bad(c, "an impossible number of tasks");
	if (!zeros_behind(im->release, sizeof(im->release)))
		return bad(c, "the release is not a string");
	c->page_size = page;
	c->nr_tasks = n;
	return 0;
}

static bool between(__le32 value, s32 low, s32 high)
{
	s32 v = (s32)le32_to_cpu(value);

	return v >= low && v <= high;
}

/* A path that leads down from a root directory, and nowhere else; it may be that. */
static bool leads_down(const char *path, u32 length)
{
	u32 i, begin = 1, len;

	if (!string_ok(path, length) || path[0] != '/')
		return false;
	for (i = 1; i < length && length > 2; i++) {
		if (path[i] && path[i] != '/')
			continue;
		len = i - begin;
		if (!len || len > 255 || (path[begin] == '.' &&
		    (len == 1 || (len == 2 && path[begin + 1] == '.'))))
			return false;
		begin = i + 1;
	}
	return true;
}

/* Notes that a path is of this mount namespace, which comes later. */
static void use_mnt(struct ckpt_check *c, __le32 mnt)
{
	if (le32_to_cpu(mnt) > c->mnt_used)
		c->mnt_used = le32_to_cpu(mnt);
}

static int check_fs(struct ckpt_check *c, const struct ckpt_fs *fs, u32 extra)
{
	u32 kind = le32_to_cpu(fs->kind);

	if (c->count[CKPT_FS] == CKPT_FS_MAX)
		return bad(c, "too many file systems");
	if (!kind || kind >= CKPT_FS_NR_KINDS)
		return bad(c, "a file system of an unknown kind");
	if (!string_ok(fs->source, extra))
		return bad(c, "a file system without a source");
	if (fs->reserved || le32_to_cpu(fs->flags) & ~CKPT_FS_FLAGS ||
	    le32_to_cpu(fs->mode) & ~07777 ||
	    (s64)le64_to_cpu(fs->blocks) < 0 || (s64)le64_to_cpu(fs->inodes) < 0 ||
	    (kind == CKPT_FS_PROC && (fs->flags || fs->blocks || fs->inodes || fs->mode ||
				      fs->uid || fs->gid)))
		return bad(c, "a file system with what it cannot have");
	c->fs_kind[c->count[CKPT_FS]] = kind;
	return 0;
}

/* What a file of this type may have in an FS. */
static bool node_ok(const struct ckpt_inode *i, u32 target)
{
	const struct ckpt_node *n = (const void *)i->data;

	switch (le32_to_cpu(i->mode) & 0170000) {
	case 0100000:
		return !n->rdev && !target;
	case 0040000:
	case 0010000:
		return !n->rdev && !target && !i->size;
	case 0020000:
	case 0060000:
		return !target && !i->size;
	case 0120000:
		return !n->rdev && !i->size && target <= CKPT_PATH_MAX &&
		       string_ok(n->path + strlen(n->path) + 1, target) && target > 1;
	default:
		return false;
	}
}

static int check_node(struct ckpt_check *c, const struct ckpt_inode *i, u32 extra)
{
	const struct ckpt_node *n = (const void *)i->data;
	u32 fs = le32_to_cpu(n->fs), len;
	bool root;

	if (extra <= sizeof(*n))
		return bad(c, "a file without a path");
	extra -= sizeof(*n);
	len = strnlen(n->path, extra) + 1;
	if (len > extra || len > CKPT_PATH_MAX || !leads_down(n->path, len))
		return bad(c, "a file without a path");
	if (!ref(c, CKPT_FS, n->fs) || c->fs_kind[fs - 1] != CKPT_FS_TMPFS)
		return bad(c, "a file of a file system that is not there");
	root = len == 2;
	if (root == c->fs_root[fs - 1] ||
	    (root && (le32_to_cpu(i->mode) & 0170000) != 0040000))
		return bad(c, "a file system whose root directory does not come first");
	c->fs_root[fs - 1] = true;
	if (n->link) {
		if (!ref(c, CKPT_INODE, n->link))
			return bad(c, "a name of a file that is not there");
		if (i->size || i->mode || i->uid || i->gid || n->rdev || n->atime || n->mtime ||
		    n->reserved || extra != len)
			return bad(c, "a name with what it cannot have");
		return 0;
	}
	if (n->reserved || !node_ok(i, extra - len))
		return bad(c, "a file with what it cannot have");
	return 0;
}

static int check_shm(struct ckpt_check *c, const struct ckpt_inode *i, u32 extra)
{
	const struct ckpt_shm *s = (const void *)i->data;

	if (extra != sizeof(*s))
		return bad(c, "shared memory of an impossible length");
	if (!i->size || le32_to_cpu(i->mode) & ~0777 || s->reserved)
		return bad(c, "shared memory with what it cannot have");
	if (!between(s->id, 0, 0x7fffffff))
		return bad(c, "shared memory with an impossible id");
	if (le32_to_cpu(i->flags) & CKPT_INODE_REMOVED && s->key)
		return bad(c, "shared memory that was removed, but not its key");
	if (!between(s->cpid, 0, 1 << 22) || !between(s->lpid, 0, 1 << 22) ||
	    !between(s->creator, 0, 1 << 22))
		return bad(c, "shared memory with an impossible pid");
	return 0;
}

static int check_deleted(struct ckpt_check *c, const struct ckpt_inode *i, u32 extra)
{
	const struct ckpt_deleted *d = (const void *)i->data;

	if (extra <= sizeof(*d) || extra > sizeof(*d) + CKPT_PATH_MAX ||
	    !string_ok(d->dir, extra - sizeof(*d)) || d->dir[0] != '/')
		return bad(c, "a deleted file without a directory");
	if (d->reserved)
		return bad(c, "a reserved field is in use");
	use_mnt(c, d->mnt);
	return 0;
}

static int check_inode(struct ckpt_check *c, const struct ckpt_inode *i, u32 extra)
{
	u32 kind = le32_to_cpu(i->kind), flags = CKPT_INODE_NORESERVE, mode = 07777;

	if (!kind || kind >= CKPT_INODE_NR_KINDS)
		return bad(c, "an inode of an unknown kind");
	if (kind == CKPT_INODE_SYSV)
		flags = CKPT_INODE_NORESERVE | CKPT_INODE_LOCKED | CKPT_INODE_REMOVED;
	if (kind == CKPT_INODE_DELETED)
		flags = CKPT_INODE_LINKABLE;
	if (kind == CKPT_INODE_NODE) {
		flags = 0;
		mode = 0177777;
	}
	if (le32_to_cpu(i->flags) & ~flags || le32_to_cpu(i->mode) & ~mode)
		return bad(c, "an inode with unknown flags");
	if ((s64)le64_to_cpu(i->size) < 0)
		return bad(c, "an inode of an impossible size");
	if (kind != CKPT_INODE_MEMFD ? i->seals : le32_to_cpu(i->seals) & ~CKPT_SEALS)
		return bad(c, "an inode with unknown seals");
	if (kind == CKPT_INODE_SYSV)
		return check_shm(c, i, extra);
	if (kind == CKPT_INODE_DELETED)
		return check_deleted(c, i, extra);
	if (kind == CKPT_INODE_NODE)
		return check_node(c, i, extra);
	if (kind == CKPT_INODE_ANON ? extra : extra > CKPT_NAME_MAX || !string_ok(i->data, extra))
		return bad(c, "an inode with a wrong name");
	return 0;
}

/* What is in a pipe: chunks and bytes, @extra in all. */
static int check_chunks(struct ckpt_check *c, const struct ckpt_file *f, u32 extra)
{
	u32 n = le32_to_cpu(f->mode), i, chunk, len, sum = 0;
	__le32 v;

	if (n > extra / sizeof(v) || le64_to_cpu(f->size) != extra - n * sizeof(v))
		return bad(c, "a pipe's contents are wrong");
	for (i = 0; i < n; i++) {
		memcpy(&v, f->data + i * sizeof(v), sizeof(v));
		chunk = le32_to_cpu(v);
		len = chunk & ~CKPT_PACKET;
		if (!len || len > extra - sum || (chunk & CKPT_PACKET && len > c->page_size))
			return bad(c, "a pipe with an impossible packet");
		sum += len;
	}
	return n && sum != le64_to_cpu(f->size) ? bad(c, "a pipe's contents are wrong") : 0;
}

/* An end of a pipe, of which @path bytes of data are the path. */
static int check_pipe(struct ckpt_check *c, const struct ckpt_file *f, u32 extra, u32 path)
{
	u32 pipe = le32_to_cpu(f->pipe), capacity = le32_to_cpu(f->capacity);
	int err;

	if (f->pos || f->mtime || f->mapped || le32_to_cpu(f->rdev) > !!path)
		return bad(c, "a pipe with what it cannot have");
	if (!pipe || pipe > c->pipes + 1)
		return bad(c, "a pipe with a wrong number");
	if (pipe <= c->pipes && extra != path)
		return bad(c, "a pipe's contents are wrong");
	err = check_chunks(c, f, extra - path);
	if (err)
		return err;
	if (capacity < c->page_size || capacity > (1U << 31) || capacity & (capacity - 1) ||
	    le64_to_cpu(f->size) > capacity)
		return bad(c, "a pipe of an impossible size");
	if (pipe > c->pipes)
		c->pipes = pipe;
	return 0;
}

/* Where the path of a FIFO begins, behind what is in it. */
static int check_fifo(struct ckpt_check *c, const struct ckpt_file *f, u32 extra)
{
	u64 at = le64_to_cpu(f->size) + 4ULL * le32_to_cpu(f->mode);

	if (at > extra || extra - at > CKPT_PATH_MAX || !string_ok(f->data + at, extra - at) ||
	    f->data[at] != '/')
		return bad(c, "a path that is none");
	return check_pipe(c, f, extra, extra - at);
}

static int check_file(struct ckpt_check *c, const struct ckpt_file *f, u32 extra)
{
	u32 pipe = le32_to_cpu(f->pipe), capacity = le32_to_cpu(f->capacity);
	u64 size = le64_to_cpu(f->size);

	if (f->reserved || (f->mnt && le32_to_cpu(f->kind) != CKPT_FILE_PATH &&
			    le32_to_cpu(f->kind) != CKPT_FILE_FIFO))
		return bad(c, "a file with what it cannot have");
	use_mnt(c, f->mnt);
	if (f->inode && le32_to_cpu(f->kind) != CKPT_FILE_INODE)
		return bad(c, "a file with what it cannot have");
	switch (le32_to_cpu(f->kind)) {
	case CKPT_FILE_INODE:
		if (!ref(c, CKPT_INODE, f->inode))
			return bad(c, "a file whose inode is not there");
		if (f->size || f->mtime || f->mode || f->rdev || pipe || capacity ||
		    f->mapped || extra)
			return bad(c, "a file with what it cannot have");
		return (s64)le64_to_cpu(f->pos) < 0 ? bad(c, "an impossible offset") : 0;
	case CKPT_FILE_EVENTFD:
		if (f->pos || f->mtime || f->rdev || pipe || capacity || f->mapped || extra ||
		    le32_to_cpu(f->mode) > 1 || size == ~0ULL)
			return bad(c, "an eventfd with what it cannot have");
		return 0;
	case CKPT_FILE_PATH:
		if (extra > CKPT_PATH_MAX || !string_ok(f->data, extra) || f->data[0] != '/')
			return bad(c, "a path that is none");
		if (pipe || capacity || le32_to_cpu(f->mapped) > 1 ||
		    (!f->mapped && (size || f->mtime)))
			return bad(c, "a file with what it cannot have");
		if ((s64)le64_to_cpu(f->pos) < 0 || (s64)size < 0)
			return bad(c, "an impossible offset");
		return 0;
	case CKPT_FILE_PIPE:
		return check_pipe(c, f, extra, 0);
	case CKPT_FILE_FIFO:
		return check_fifo(c, f, extra);
	default:
		return bad(c, "a file of an unknown kind");
	}
}

static int check_fdtable(struct ckpt_check *c, const struct ckpt_fd *fd, u32 length)
{
	u32 n = length / sizeof(*fd), i;

	if (length % sizeof(*fd))
		return bad(c, "a table of files ends within an entry");
	for (i = 0; i < n; i++) {
		if (fd[i].reserved || le32_to_cpu(fd[i].cloexec) > 1)
			return bad(c, "an open file with unknown flags");
		if (!ref(c, CKPT_FILE, fd[i].file))
			return bad(c, "an open file that is not there");
		if (le32_to_cpu(fd[i].fd) >= (1U << 30) ||
		    (i && le32_to_cpu(fd[i].fd) <= le32_to_cpu(fd[i - 1].fd)))
			return bad(c, "open files are out of order");
	}
	return 0;
}

static int check_mm(struct ckpt_check *c, const struct ckpt_mm *mm)
{
	/* the first words of what prctl(PR_SET_MM_MAP) takes, in pairs */
	const u64 pairs[][2] = {
		{ le64_to_cpu(mm->start_code), le64_to_cpu(mm->end_code) },
		{ le64_to_cpu(mm->start_data), le64_to_cpu(mm->end_data) },
		{ le64_to_cpu(mm->start_brk), le64_to_cpu(mm->brk) },
		{ le64_to_cpu(mm->arg_start), le64_to_cpu(mm->arg_end) },
		{ le64_to_cpu(mm->env_start), le64_to_cpu(mm->env_end) },
	};
	u32 i, flags = le32_to_cpu(mm->flags);

	if (mm->exe && !ref(c, CKPT_FILE, mm->exe))
		return bad(c, "an executable that is not there");
	for (i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
		if (pairs[i][0] > pairs[i][1])
			return bad(c, "an address space that ends before it begins");
	if (le64_to_cpu(mm->mmap_base) & (c->page_size - 1))
		return bad(c, "an address space with an impossible base");
	if (mm->reserved || flags & ~CKPT_MM_FLAGS ||
	    (flags & CKPT_MM_MDWE_NO_INHERIT && !(flags & CKPT_MM_MDWE)) ||
	    (flags & CKPT_MM_LOCK_ONFAULT && !(flags & CKPT_MM_LOCK)))
		return bad(c, "an address space with unknown flags");
	c->vmas_left = le32_to_cpu(mm->nr_vmas);
	c->end = 0;
	return 0;
}

/* As prctl(2) allows it; it is shown in /proc. */
static bool vma_name_ok(const u8 *name, u32 len)
{
	u32 i;

	if (!string_ok(name, len))
		return false;
	for (i = 0; i < len - 1; i++)
		if (name[i] < ' ' || name[i] > '~' || strchr("\\`$[]", name[i]))
			return false;
	return true;
}

/* A mapping whose pages may be shared, and where they were at first. */
static int check_family(struct ckpt_check *c, const struct ckpt_vma *v)
{
	u64 pages = (le64_to_cpu(v->end) - le64_to_cpu(v->start)) / c->page_size;
	u64 pgoff = le64_to_cpu(v->anon_pgoff), max = (1ULL << 63) / c->page_size;
	u32 kind = le32_to_cpu(v->kind), family = le32_to_cpu(v->family);

	if (!family)
		return pgoff ? bad(c, "a mapping with what only one of a family has") : 0;
	if (family > c->families + 1 || (kind != CKPT_VMA_ANON && kind != CKPT_VMA_FILE))
		return bad(c, "a mapping of a family that is none");
	if (pgoff > max || pages > max - pgoff)
		return bad(c, "a mapping of a family that was at an impossible address");
	if (family > c->families)
		c->families = family;
	return 0;
}

static int check_vma(struct ckpt_check *c, const struct ckpt_vma *v, u32 extra)
{
	u64 start = le64_to_cpu(v->start), end = le64_to_cpu(v->end);
	u64 pgoff = le64_to_cpu(v->pgoff);
	u32 kind = le32_to_cpu(v->kind), flags = le32_to_cpu(v->flags);
	bool file = kind == CKPT_VMA_FILE || kind == CKPT_VMA_SHARED;

	if (start >= end || (start | end) & (c->page_size - 1))
		return bad(c, "a mapping of an impossible size");
	if (start < c->end)
		return bad(c, "mappings are out of order");
	if (flags & ~CKPT_VMA_FLAGS ||
	    (flags & CKPT_VMA_ONFAULT && !(flags & CKPT_VMA_LOCKED)))
		return bad(c, "a mapping with unknown flags");
	if (!kind || kind >= CKPT_VMA_NR_KINDS)
		return bad(c, "a mapping of an unknown kind");
	if (file ? !ref(c, CKPT_FILE, v->file) : v->file || pgoff)
		return bad(c, "a mapping of a file that is not there");
	if (kind != CKPT_VMA_ANON && flags & CKPT_VMA_GROWSDOWN)
		return bad(c, "a stack that is none");
	if (flags & CKPT_VMA_MAYWRITE ? kind != CKPT_VMA_SHARED :
	    kind == CKPT_VMA_SHARED && flags & CKPT_VMA_WRITE)
		return bad(c, "a mapping that may not be what it is");
	if (pgoff + (end - start) / c->page_size < pgoff ||
	    pgoff + (end - start) / c->page_size > (1ULL << 63) / c->page_size)
		return bad(c, "a mapping behind the end of all files");
	if (extra ? !vma_name_ok(v->name, extra) : kind == CKPT_VMA_KERNEL)
		return bad(c, "a mapping with a wrong name");
	if (check_family(c, v))
		return -EBADMSG;
	c->end = end;
	c->vmas_left--;
	return 0;
}

static bool uts_ok(const struct ckpt_uts *u)
{
	return zeros_behind(u->hostname, CKPT_UTS_LEN) && !u->hostname[64] &&
	       zeros_behind(u->domainname, CKPT_UTS_LEN) && !u->domainname[64];
}

/* As far as it does not depend on the kernel. */
static bool ipc_ok(const struct ckpt_ipc *i)
{
	const s32 most = 0x7fffffff, messages = 65536, bytes = 16 << 20;

	return between(i->shmmni, 0, 1 << 24) && between(i->shm_rmid_forced, 0, 1) &&
	       between(i->msgmax, 0, most) && between(i->msgmnb, 0, most) &&
	       between(i->msgmni, 0, 1 << 24) && between(i->sem[3], 0, 1 << 24) &&
	       between(i->mq_msg_max, 0, messages) && between(i->mq_msgsize_max, 0, bytes) &&
	       between(i->mq_msg_default, 0, messages) &&
	       between(i->mq_msgsize_default, 0, bytes);
}

static bool clocks_ok(const struct ckpt_clocks *t)
{
	return le64_to_cpu(t->monotonic) < 1ULL << 62 && le64_to_cpu(t->boottime) < 1ULL << 62 &&
	       le32_to_cpu(t->entered) <= 1 && !t->reserved;
}

static bool pidns_ok(struct ckpt_check *c, const struct ckpt_pidns *p)
{
	u32 parent = le32_to_cpu(p->parent), level = 1;

	if (parent) {
		if (!ref(c, CKPT_NS, p->parent) || c->ns_kind[parent - 1] != CKPT_NS_PID)
			return false;
		level += c->ns_level[parent - 1];
	}
	if (level > CKPT_PIDNS_LEVELS || p->reserved)
		return false;
	c->ns_level[c->count[CKPT_NS]] = level;
	c->pid_namespaces++;
	return true;
}

static bool mntns_ok(struct ckpt_check *c, const struct ckpt_mntns *m)
{
	u32 n = le32_to_cpu(m->mounts);

	if (!n || n > CKPT_MOUNTS_MAX || m->reserved)
		return false;
	c->mounts_left = n;
	c->mount = 0;
	c->groups = 0;
	c->mnt_namespaces++;
	return true;
}

/* Whether this is a user namespace that is there, or 0. It is then in use. */
static bool user_ok(struct ckpt_check *c, __le32 id)
{
	u32 i = le32_to_cpu(id) - 1;

	if (!id)
		return true;
	if (!ref(c, CKPT_NS, id) || c->ns_kind[i] != CKPT_NS_USER)
		return false;
	if (!c->ns_used[i])
		c->users_used++;
	c->ns_used[i] = true;
	return true;
}

static bool ranges_meet(__le32 a, __le32 a_count, __le32 b, __le32 b_count)
{
	return le32_to_cpu(a) < (u64)le32_to_cpu(b) + le32_to_cpu(b_count) &&
	       le32_to_cpu(b) < (u64)le32_to_cpu(a) + le32_to_cpu(a_count);
}

/* As what is written to a file of /proc has to be. */
static bool map_ok(const struct ckpt_extent *e, u32 n)
{
	u32 i, j;

	for (i = 0; i < n; i++) {
		if (!e[i].count ||
		    (u64)le32_to_cpu(e[i].first) + le32_to_cpu(e[i].count) > 0xffffffff ||
		    (u64)le32_to_cpu(e[i].lower) + le32_to_cpu(e[i].count) > 0xffffffff)
			return false;
		for (j = 0; j < i; j++)
			if (ranges_meet(e[i].first, e[i].count, e[j].first, e[j].count) ||
			    ranges_meet(e[i].lower, e[i].count, e[j].lower, e[j].count))
				return false;
	}
	return true;
}

static bool userns_ok(struct ckpt_check *c, const struct ckpt_ns *ns, u32 extra)
{
	const struct ckpt_user *u = (const void *)ns->data;
	u32 parent = le32_to_cpu(ns->owner), level = parent ? c->ns_level[parent - 1] + 1 : 1;
	u32 uids, gids, projids, i;

	if (extra < sizeof(*u))
		return false;
	uids = le32_to_cpu(u->nr_uids);
	gids = le32_to_cpu(u->nr_gids);
	projids = le32_to_cpu(u->nr_projids);
	if (uids > CKPT_EXTENTS_MAX || gids > CKPT_EXTENTS_MAX || projids > CKPT_EXTENTS_MAX ||
	    extra - sizeof(*u) != (uids + gids + projids) * sizeof(*u->extents))
		return false;
	if (!map_ok(u->extents, uids) || !map_ok(u->extents + uids, gids) ||
	    !map_ok(u->extents + uids + gids, projids))
		return false;
	if (le32_to_cpu(u->flags) & ~CKPT_USER_FLAGS || le32_to_cpu(u->uid) == 0xffffffff ||
	    le32_to_cpu(u->gid) == 0xffffffff || level > CKPT_USERNS_LEVELS)
		return false;
	for (i = 0; i < CKPT_NR_LIMITS; i++)
		if (!between(u->limits[i], 0, 0x7fffffff))
			return false;
	for (i = 0; i < CKPT_NR_USER_RLIMITS; i++)
		if ((s64)le64_to_cpu(u->rlimits[i]) < 0)
			return false;
	c->ns_level[c->count[CKPT_NS]] = level;
	c->users++;
	return true;
}

static int check_ns(struct ckpt_check *c, const struct ckpt_ns *ns, u32 extra)
{
	u32 kind = le32_to_cpu(ns->kind);
	const void *data = ns->data;
	bool ok;

	if (!user_ok(c, ns->owner))
		return bad(c, "a namespace whose owner is not there");
	switch (kind) {
	case CKPT_NS_UTS:
		ok = extra == sizeof(struct ckpt_uts) && uts_ok(data);
		break;
	case CKPT_NS_IPC:
		ok = extra == sizeof(struct ckpt_ipc) && ipc_ok(data);
		break;
	case CKPT_NS_CGROUP:
		ok = !extra;
		break;
	case CKPT_NS_TIME:
		ok = extra == sizeof(struct ckpt_clocks) && clocks_ok(data);
		break;
	case CKPT_NS_PID:
		ok = extra == sizeof(struct ckpt_pidns) && pidns_ok(c, data);
		break;
	case CKPT_NS_MNT:
		ok = extra == sizeof(struct ckpt_mntns) && mntns_ok(c, data);
		break;
	case CKPT_NS_USER:
		ok = userns_ok(c, ns, extra);
		break;
	default:
		return bad(c, "a namespace of an unknown kind");
	}
	if (!ok)
		return bad(c, "a namespace with what it cannot have");
	c->ns_kind[c->count[CKPT_NS]] = kind;
	return 0;
}

/* Only what is set can be kept from being cleared; the attributes have bits in this order. */
static bool locks_ok(u32 flags, u32 attr)
{
	flags &= CKPT_MOUNT_LOCK_RDONLY | CKPT_MOUNT_LOCK_NOSUID | CKPT_MOUNT_LOCK_NODEV |
		 CKPT_MOUNT_LOCK_NOEXEC;
	return !(flags / CKPT_MOUNT_LOCK_RDONLY & ~attr);
}

static int check_mount(struct ckpt_check *c, const struct ckpt_mount *m, u32 extra)
{
	u32 parent = le32_to_cpu(m->parent), fs = le32_to_cpu(m->fs), group = le32_to_cpu(m->group);
	u32 point = strnlen(m->data, extra) + 1, flags = le32_to_cpu(m->flags);
	u32 attr = le32_to_cpu(m->attr);

	if (c->mount ? !parent || parent > c->mount : parent)
		return bad(c, "a mount on one that is not there");
	if (point >= extra || !leads_down(m->data, point) ||
	    !string_ok(m->data + point, extra - point) || extra - point > CKPT_PATH_MAX ||
	    (fs ? !leads_down(m->data + point, extra - point) : m->data[point] != '/'))
		return bad(c, "a mount with a wrong path");
	if (attr & ~CKPT_MOUNT_ATTRS || (attr & 0x30) == 0x30 ||
	    flags & ~CKPT_MOUNT_FLAGS || !locks_ok(flags, attr) || m->reserved ||
	    (flags & CKPT_MOUNT_SLAVE && fs) ||
	    (flags & CKPT_MOUNT_UNBINDABLE && (group || flags & CKPT_MOUNT_SLAVE)))
		return bad(c, "a mount with unknown flags");
	if (group > c->groups + 1)
		return bad(c, "a mount of a peer group that is not there");
	if (group > c->groups)
		c->groups++;
	if (fs) {
		if (!ref(c, CKPT_FS, m->fs) || fs > c->filesystems + 1 ||
		    (c->fs_ns[fs - 1] && c->fs_ns[fs - 1] != c->count[CKPT_NS]))
			return bad(c, "a mount of a file system that is not there");
		if (c->fs_kind[fs - 1] == CKPT_FS_TMPFS && !c->fs_root[fs - 1])
			return bad(c, "a file system without a root directory");
		c->fs_ns[fs - 1] = c->count[CKPT_NS];
		if (fs > c->filesystems)
			c->filesystems++;
	}
	c->mount++;
	c->mounts_left--;
	return 0;
}

static int check_cgroup(struct ckpt_check *c, const char *path, u32 length)
{
	if (length <= 2 || !leads_down(path, length) || memchr(path, '\n', length))
		return bad(c, "a cgroup with a wrong path");
	return 0;
}

/* Like namespaces, they are numbered by first use. */
static int check_membership(struct ckpt_check *c, const struct ckpt_task *t, bool leads)
{
	u32 id = le32_to_cpu(t->cgroup);

	if (id && le32_to_cpu(t->state) == CKPT_TASK_ZOMBIE)
		return bad(c, "a task that has ended, but not all of it");
	if (id > c->count[CKPT_CGROUP] || id > c->cgroups + 1 || (id && !c->count[CKPT_TASK]))
		return bad(c, "a task in a cgroup that is not there");
	if (!leads && id != c->cgroup)
		return bad(c, "a thread in another cgroup");
	c->cgroup = id;
	if (id > c->cgroups)
		c->cgroups++;
	return 0;
}

/* They are numbered by first use. */
static int check_namespaces(struct ckpt_check *c, const struct ckpt_task *t, bool leads)
{
	static const u8 kinds[CKPT_NR_ROLES] = {
		[CKPT_ROLE_UTS] = CKPT_NS_UTS,
		[CKPT_ROLE_IPC] = CKPT_NS_IPC,
		[CKPT_ROLE_CGROUP] = CKPT_NS_CGROUP,
		[CKPT_ROLE_TIME] = CKPT_NS_TIME,
		[CKPT_ROLE_TIME_CHILDREN] = CKPT_NS_TIME,
		[CKPT_ROLE_PID] = CKPT_NS_PID,
		[CKPT_ROLE_PID_CHILDREN] = CKPT_NS_PID,
		[CKPT_ROLE_MNT] = CKPT_NS_MNT,
		[CKPT_ROLE_USER] = CKPT_NS_USER,
	};
	u32 state = le32_to_cpu(t->state), role, id;
	bool ended = state == CKPT_TASK_ZOMBIE || state == CKPT_TASK_HEADLESS;

	for (role = 0; role < CKPT_NR_ROLES; role++) {
		id = le32_to_cpu(t->ns[role]);
		if (!id)
			continue;
		if (ended && role != CKPT_ROLE_PID && role != CKPT_ROLE_USER)
			return bad(c, "a task that has ended, but not all of it");
		if (!ref(c, CKPT_NS, t->ns[role]) || c->ns_kind[id - 1] != kinds[role] ||
		    (role != CKPT_ROLE_USER && id > used_namespaces(c) + 1))
			return bad(c, "a task in a namespace that is not there");
		if (role == CKPT_ROLE_USER || id <= c->namespaces)
			continue;
		if (role == CKPT_ROLE_MNT && !leads)
			return bad(c, "a thread that has a mount namespace first");
		c->namespaces++;
	}
	return 0;
}

/* A process has one user namespace, and one in which its program was executed. */
static int check_users(struct ckpt_check *c, const struct ckpt_task *t, bool leads)
{
	u32 user = le32_to_cpu(t->ns[CKPT_ROLE_USER]);

	if (!user_ok(c, t->ns[CKPT_ROLE_USER]) || !user_ok(c, t->exec_user) ||
	    !user_ok(c, t->pid_owner))
		return bad(c, "a task in a user namespace that is not there");
	if (t->pid_owner && (c->count[CKPT_TASK] || le32_to_cpu(t->pid) != 1))
		return bad(c, "an owner of a pid namespace that is not of the image");
	if (!leads && (user != c->user_ns || t->exec_user))
		return bad(c, "a thread in another user namespace");
	if (t->exec_user && le32_to_cpu(t->state) == CKPT_TASK_ZOMBIE)
		return bad(c, "a task that has ended, but not all of it");
	c->user_ns = user;
	return 0;
}

/* Its pids below the level of the first task; who comes first in a namespace is 1 there. */
static int check_pids(struct ckpt_check *c, const struct ckpt_task *t, bool leads)
{
	u32 ns = le32_to_cpu(t->ns[CKPT_ROLE_PID]), n = le32_to_cpu(t->nr_pids), i;
	const __le32 *pids = t->data + le32_to_cpu(t->nr_groups) + le32_to_cpu(t->nr_cpus);

	if (n != (ns ? c->ns_level[ns - 1] : 0) || (ns && !c->count[CKPT_TASK]))
		return bad(c, "a task with pids of another pid namespace");
	if (!leads && ns != c->pid_ns)
		return bad(c, "a thread in another pid namespace");
	c->pid_ns = ns;
	for (i = 0; i < n; i++)
		if (!between(pids[i], 1, 1 << 22))
			return bad(c, "a task with an impossible pid");
	if (!ns)
		return 0;
	if ((le32_to_cpu(pids[n - 1]) == 1) == c->ns_init[ns - 1])
		return bad(c, "a pid namespace whose first process does not come first");
	if (!c->ns_init[ns - 1])
		c->inits++;
	c->ns_init[ns - 1] = true;
	return 0;
}

/* Which process a task belongs to, and what it shares with others. */
static int check_relations(struct ckpt_check *c, const struct ckpt_task *t)
{
	u32 id = c->count[CKPT_TASK] + 1, leader = le32_to_cpu(t->leader);
	u32 mm = le32_to_cpu(t->mm), fdtable = le32_to_cpu(t->fdtable);
	bool zombie = le32_to_cpu(t->state) == CKPT_TASK_ZOMBIE;
	bool headless = le32_to_cpu(t->state) == CKPT_TASK_HEADLESS;

	if (c->headless && leader == id)
		return bad(c, "a process none of whose threads lives");
	if (leader != id && (leader != c->leader || t->parent != t->leader || zombie ||
			     headless))
		return bad(c, "a thread of no process");
	if (leader == id && (id > 1 ? !ref(c, CKPT_TASK, t->parent) : t->parent || zombie))
		return bad(c, "a task whose parent is not there");
	if (zombie)
		return mm || fdtable || t->cwd || t->root ?
			bad(c, "a task that has ended, but not all of it") : 0;
	if (mm != (leader == id ? c->mms + 1 : 0) || headless != !fdtable ||
	    fdtable > c->fdtables + 1 || !ref(c, CKPT_FILE, t->cwd) ||
	    (t->root && !ref(c, CKPT_FILE, t->root)))
		return bad(c, "a task that lacks memory, files or a directory");
	return 0;
}

/* What it has registered with rseq(2), as far as it does not depend on the kernel. */
static int check_rseq(struct ckpt_check *c, const struct ckpt_task *t)
{
	u32 state = le32_to_cpu(t->state), len = le32_to_cpu(t->rseq_len);
	u64 addr = le64_to_cpu(t->rseq);

	if (!addr)
		return len || t->rseq_sig || t->rseq_flags ?
			bad(c, "a restartable sequence area that is nowhere") : 0;
	if (state != CKPT_TASK_LIVE && state != CKPT_TASK_STOPPED)
		return bad(c, "a task that has ended, but not all of it");
	if (len < CKPT_RSEQ_MIN || addr & (CKPT_RSEQ_MIN - 1) || addr + len < addr)
		return bad(c, "a restartable sequence area at an impossible address");
	if (le32_to_cpu(t->rseq_flags) & ~CKPT_RSEQ_FLAGS ||
	    (t->rseq_flags && len == CKPT_RSEQ_MIN))
		return bad(c, "a restartable sequence area with unknown flags");
	return 0;
}

/* What is of the process as a whole stands with its first thread only. */
static int check_process(struct ckpt_check *c, const struct ckpt_task *t, bool leads)
{
	const u32 of_process = CKPT_TASK_SUBREAPER | CKPT_TASK_CONTINUED;
	u32 i;

	if (!leads) {
		if (t->pgrp || t->session || t->exit_signal || t->dumpable || t->oom_score_adj ||
		    t->oom_score_adj_min || le32_to_cpu(t->flags) & of_process)
			return bad(c, "a thread with what only a process has");
		for (i = 0; i < CKPT_RLIMITS; i++)
			if (t->rlimits[i][0] || t->rlimits[i][1])
				return bad(c, "a thread with what only a process has");
		return 0;
	}
	if (le32_to_cpu(t->flags) & CKPT_TASK_OWN_FS)
		return bad(c, "a task with unknown flags");
	if (!between(t->pgrp, 1, 1 << 22) || !between(t->session, 1, 1 << 22))
		return bad(c, "a task with an impossible pid");
	if (t->session == t->pid && t->pgrp != t->pid)
		return bad(c, "a session's leader that leads no process group");
	for (i = 0; i < CKPT_RLIMITS; i++)
		if (le64_to_cpu(t->rlimits[i][0]) > le64_to_cpu(t->rlimits[i][1]))
			return bad(c, "a limit above its limit");
	return 0;
}

/* What wait(2) tells of it. */
static int check_state(struct ckpt_check *c, const struct ckpt_task *t)
{
	u32 status = le32_to_cpu(t->status);

	switch (le32_to_cpu(t->state)) {
	case CKPT_TASK_LIVE:
		if (status || t->stop_signal)
			return bad(c, "a task that neither ended nor stopped, but how");
		return 0;
	case CKPT_TASK_ZOMBIE:
	case CKPT_TASK_HEADLESS:
		if (status & ~0xffff || t->stop_signal ||
		    (status & 0x7f ? status & 0xff00 : status & 0x80))
			return bad(c, "a task that cannot have ended like that");
		return 0;
	case CKPT_TASK_STOPPED:
		if (!between(t->stop_signal, 1, CKPT_NSIG) || status > CKPT_NSIG)
			return bad(c, "a task with an impossible signal");
		return 0;
	default:
		return bad(c, "a task in an unknown state");
	}
}

static int check_task(struct ckpt_check *c, const struct ckpt_task *t, u32 extra)
{
	bool leads = le32_to_cpu(t->leader) == c->count[CKPT_TASK] + 1;
	int err;

	if (le32_to_cpu(t->nr_groups) > CKPT_GROUPS_MAX ||
	    le32_to_cpu(t->nr_cpus) > CKPT_CPUS_MAX / 32 ||
	    le32_to_cpu(t->nr_pids) > CKPT_PIDNS_LEVELS ||
	    extra != 4 * (le32_to_cpu(t->nr_groups) + le32_to_cpu(t->nr_cpus) +
			  le32_to_cpu(t->nr_pids)))
		return bad(c, "a task with a wrong number of groups or CPUs, or pids");
	if (!between(t->pid, 1, 1 << 22))
		return bad(c, "a task with an impossible pid");
	if (le32_to_cpu(t->flags) & ~CKPT_TASK_FLAGS || le32_to_cpu(t->umask) & ~0777)
		return bad(c, "a task with unknown flags");
	if (!between(t->exit_signal, 0, CKPT_NSIG) || !between(t->pdeath_signal, 0, CKPT_NSIG))
		return bad(c, "a task with an impossible signal");
	if (!between(t->dumpable, 0, 2) || !between(t->nice, -20, 19) ||
	    !between(t->rt_priority, 0, 99) || !between(t->oom_score_adj, -1000, 1000) ||
	    !between(t->oom_score_adj_min, -1000, 1000))
		return bad(c, "a task with a value out of range");
	if (le32_to_cpu(t->restart) >= CKPT_RESTART_NR)
		return bad(c, "a task in an unknown system call");
	if (!zeros_behind(t->comm, sizeof(t->comm)))
		return bad(c, "a task whose name is not a string");
	err = check_relations(c, t) ?: check_process(c, t, leads) ?: check_state(c, t) ?:
	      check_namespaces(c, t, leads) ?: check_users(c, t, leads) ?:
	      check_pids(c, t, leads) ?: check_membership(c, t, leads) ?: check_rseq(c, t);
	if (err)
		return err;
	c->leader = le32_to_cpu(t->leader);
	c->headless = le32_to_cpu(t->state) == CKPT_TASK_HEADLESS;
	c->awaits = c->headless ? CKPT_SIGACTIONS : CKPT_REGS;
	if (le32_to_cpu(t->state) == CKPT_TASK_ZOMBIE) {
		c->awaits = 0;
		/* nobody can be a thread of it */
		c->leader = 0;
		return 0;
	}
	if (leads)
		c->mms++;
	if (le32_to_cpu(t->fdtable) > c->fdtables)
		c->fdtables++;
	return 0;
}

static int check_timer(struct ckpt_check *c, const struct ckpt_timer *t)
{
	u32 kind = le32_to_cpu(t->kind), armed = le32_to_cpu(t->armed);
	s64 left = le64_to_cpu(t->left), interval = le64_to_cpu(t->interval);

	if (kind >= CKPT_TIMER_NR_KINDS)
		return bad(c, "a timer of an unknown kind");
	if (interval < 0 || armed > 1 || (left && !armed))
		return bad(c, "a timer with an impossible time");
	if (kind == CKPT_TIMER_POSIX) {
		if (!between(t->id, 0, 0x7fffffff) || !between(t->clock, 0, 15) ||
		    !between(t->notify, 0, 4) || !between(t->signo, 0, CKPT_NSIG) ||
		    !between(t->thread, 0, 1 << 22) || !between(t->overrun, 0, 0x7fffffff))
			return bad(c, "a timer with a value out of range");
		return 0;
	}
	if (left < 0 || t->id || t->clock || t->notify || t->signo || t->thread || t->overrun ||
	    t->value)
		return bad(c, "an interval timer with what it cannot have");
	return 0;
}

static int check_leader(struct ckpt_check *c, const struct ckpt_leader *l)
{
	if (!between(l->pid, 1, 1 << 22) || !between(l->session, 1, 1 << 22))
		return bad(c, "a leader with an impossible pid");
	return 0;
}

/* Pages of an MM, or of an INODE. */
static int check_pages(struct ckpt_check *c, const struct ckpt_pages *p, u32 extra, u32 type)
{
	u64 addr = le64_to_cpu(p->addr), len;
	u32 owner = le32_to_cpu(p->owner), n = le32_to_cpu(p->count);

	if (!n || n > CKPT_DATA_MAX / c->page_size || extra != n * c->page_size)
		return bad(c, "a wrong number of pages");
	len = (u64)n * c->page_size;
	if (addr & (c->page_size - 1) || addr + len < addr)
		return bad(c, "pages at an impossible address");
	if (!ref(c, type, p->owner) || owner < c->owner || (owner == c->owner && addr < c->end))
		return bad(c, "pages are out of order");
	c->owner = owner;
	c->end = addr + len;
	return 0;
}

/* Pages of an MM that another has as well. */
static int check_shared(struct ckpt_check *c, const struct ckpt_shared *s)
{
	const struct ckpt_pages p = { .owner = s->owner, .count = s->count, .addr = s->addr };
	u64 from = le64_to_cpu(s->from_addr), len;
	int err;

	if (s->reserved)
		return bad(c, "a reserved field is in use");
	err = check_pages(c, &p, le32_to_cpu(s->count) * c->page_size, CKPT_MM);
	if (err)
		return err;
	len = (u64)le32_to_cpu(s->count) * c->page_size;
	if (!s->from || le32_to_cpu(s->from) >= le32_to_cpu(s->owner))
		return bad(c, "shared pages of an MM that did not come before");
	if (from & (c->page_size - 1) || from + len < from)
		return bad(c, "pages at an impossible address");
	return 0;
}

static int check_trailer(struct ckpt_check *c, const struct ckpt_trailer *t)
{
	u64 size = sizeof(struct ckpt_record) + sizeof(*t);

	if (t->reserved)
		return bad(c, "a reserved field is in use");
	if (le64_to_cpu(t->records) != c->records + 1 ||
	    le64_to_cpu(t->bytes) != c->bytes + size)
		return bad(c, "records are missing, or too many");
	if (le32_to_cpu(t->crc) != c->crc)
		return bad(c, "the checksum of the whole is wrong");
	return 0;
}

int ckpt_check_payload(struct ckpt_check *c, const struct ckpt_record *r,
		       const void *payload)
{
	u32 type = le16_to_cpu(r->type), length = le32_to_cpu(r->length);
	u32 extra = length - types[type].fixed;

	switch (type) {
	case CKPT_IMAGE:
		return check_image(c, payload);
	case CKPT_FS:
		return check_fs(c, payload, extra);
	case CKPT_INODE:
		return check_inode(c, payload, extra);
	case CKPT_FILE:
		return check_file(c, payload, extra);
	case CKPT_FDTABLE:
		return check_fdtable(c, payload, length);
	case CKPT_MM:
		return check_mm(c, payload);
	case CKPT_VMA:
		return check_vma(c, payload, extra);
	case CKPT_MOUNT:
		return check_mount(c, payload, extra);
	case CKPT_CGROUP:
		return check_cgroup(c, payload, length);
	case CKPT_NS:
		return check_ns(c, payload, extra);
	case CKPT_TASK:
		return check_task(c, payload, extra);
	case CKPT_REGS: {
		const struct ckpt_regs *regs = payload;

		if (!extra || extra != le32_to_cpu(regs->size))
			return bad(c, "registers of a wrong size");
		if (c->awaits)
			c->awaits = c->leader == c->count[CKPT_TASK] ? CKPT_SIGACTIONS : 0;
		return 0;
	}
	case CKPT_SIGACTIONS:
		c->awaits = 0;
		return 0;
	case CKPT_SIGNAL: {
		const struct ckpt_signal *s = payload;
		__le32 signo;

		memcpy(&signo, s->info, sizeof(signo));
		if (!between(s->signo, 1, CKPT_NSIG) || le32_to_cpu(s->shared) > 1 ||
		    signo != s->signo || (s->shared && c->leader != c->count[CKPT_TASK]) ||
		    (!s->shared && c->headless))
			return bad(c, "an impossible signal");
		return 0;
	}
	case CKPT_TIMER:
		return check_timer(c, payload);
	case CKPT_LEADER:
		return check_leader(c, payload);
	case CKPT_CONTENTS:
	case CKPT_PAGES:
	case CKPT_SHARED:
		/* the first run is compared with none */
		if (c->last != type && (c->last < CKPT_PAGES || type < CKPT_PAGES))
			c->owner = 0;
		if (type == CKPT_SHARED)
			return check_shared(c, payload);
		return check_pages(c, payload, extra, type == CKPT_PAGES ? CKPT_MM : CKPT_INODE);
	default:
		return check_trailer(c, payload);
	}
}

/*
 * @crc is that of the header, by ckpt_record_crc(), and of the payload. The
 * record then counts as seen.
 */
int ckpt_check_sum(struct ckpt_check *c, const struct ckpt_record *r, u32 crc)
{
	u32 type = le16_to_cpu(r->type), length = le32_to_cpu(r->length);

	if (le32_to_cpu(r->crc) != crc)
		return bad(c, "a checksum is wrong");
	c->crc = ckpt_crc(c->crc, r, sizeof(*r));
	c->bytes += sizeof(*r) + length + ckpt_padding(length);
	c->records++;
	c->count[type]++;
	c->last = type;
	c->done = type == CKPT_TRAILER;
	return 0;
}

static int by_pid(const void *a, const void *b)
{
	const struct ckpt_ids *x = a, *y = b;

	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

const struct ckpt_ids *ckpt_find_ids(const struct ckpt_ids *ids, u32 n, u32 pid)
{
	u32 low = 0, high = n;

	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (ids[mid].pid < pid)
			low = mid + 1;
		else
			high = mid;
	}
	return low < n && ids[low].pid == pid ? &ids[low] : NULL;
}

/* Notes what ckpt_check_tree() compares. */
void ckpt_get_ids(struct ckpt_ids *ids, const struct ckpt_record *r, const struct ckpt_task *t)
{
	*ids = (struct ckpt_ids){
		.leads = t->leader == r->id,
		.pid = le32_to_cpu(t->pid),
		.pgrp = le32_to_cpu(t->pgrp),
		.session = le32_to_cpu(t->session),
		.index = le32_to_cpu(r->id) - 1,
	};
}

/* Notes likewise what a LEADER tells, the @index-th. */
void ckpt_get_leader_ids(struct ckpt_ids *ids, u32 index, const struct ckpt_leader *l)
{
	*ids = (struct ckpt_ids){
		.leads = true,
		.gone = true,
		.pid = le32_to_cpu(l->pid),
		.pgrp = le32_to_cpu(l->pid),
		.session = le32_to_cpu(l->session),
		.index = index,
	};
}

/*
 * What holds between all tasks: every pid once, every leader there, or needed
 * if it is gone, and a process group within one session. Sorts @ids by pid.
 */
int ckpt_check_tree(struct ckpt_check *c, struct ckpt_ids *ids, u32 n)
{
	const struct ckpt_ids *group, *session;
	u32 i;

	ckpt_sort(ids, n, by_pid);
	for (i = 0; i < n; i++) {
		if (i && ids[i].pid == ids[i - 1].pid)
			return bad(c, "two tasks have the same pid");
		if (!ids[i].leads)
			continue;
		group = ckpt_find_ids(ids, n, ids[i].pgrp);
		session = ckpt_find_ids(ids, n, ids[i].session);
		if (!group || !group->leads || group->pgrp != group->pid)
			return bad(c, "a process group has no leader");
		if (!session || !session->leads || session->session != session->pid)
			return bad(c, "a session has no leader");
		if (group->session != ids[i].session)
			return bad(c, "a process group in two sessions");
		if (!ids[i].gone)
			ids[group - ids].needed = ids[session - ids].needed = true;
	}
	for (i = 0; i < n; i++)
		if (ids[i].gone && !ids[i].needed)
			return bad(c, "a leader of nobody");
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Mount namespaces of an image. What a restarted tree had mounted is put
 * together under a new root: clones of what the caller has mounted, and of new
 * file systems, in which their files are made. All of it is done by the
 * process that is to be in it, with the rights that whoever restarts has.
 *
 * What a user namespace owns is made in there: a mount namespace and its tmpfs, by a
 * helper and before any process of the image, whose pids must be free. The process enters
 * it with its clones. So nothing of it is locked but what is locked where it restarts;
 * what was locked besides, the kernel locks again.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/checkpoint.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/securebits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "../../kernel/checkpoint/src/kernel/checkpoint/image.h"
#include "mounts.h"
#include "say.h"
#include "users.h"

#ifndef MOVE_MOUNT_SET_GROUP
#define MOVE_MOUNT_SET_GROUP	0x00000100
#endif
#ifndef SYS_listmount
#define SYS_listmount		458
#endif

/* What was read: records, in their order. */
static struct ckpt_record *records;
static size_t records_size;

/* Where the caller was when it read them. */
static int first_ns = -1, first_root = -1;

/* What failed, for the message. */
static char *reason;
static size_t reason_size;

__attribute__((format(printf, 1, 2)))
static int failed(const char *fmt, ...)
{
	int err = errno ? -errno : -EINVAL;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, reason_size, fmt, ap);
	va_end(ap);
	return err;
}

static const struct ckpt_record *next_record(const struct ckpt_record *r)
{
	uint32_t length = le32toh(r->length);

	r = (const void *)((const char *)(r + 1) + length + ckpt_padding(length));
	return (size_t)((const char *)r - (const char *)records) < records_size ? r : NULL;
}

static const struct ckpt_record *first_record(void)
{
	return records_size ? records : NULL;
}

static bool is_type(const struct ckpt_record *r, uint32_t type)
{
	return le16toh(r->type) == type;
}

int mounts_load(int dev)
{
	struct checkpoint_mounts m = { 0 };
	int err = ioctl(dev, CHECKPOINT_MOUNTS, &m);

	if (!err || errno != ENOSPC)
		return err;
	records = malloc(m.size);
	if (!records)
		return -1;
	m.records = (uintptr_t)records;
	if (ioctl(dev, CHECKPOINT_MOUNTS, &m))
		return -1;
	records_size = m.size;
	first_ns = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	first_root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return first_ns < 0 || first_root < 0 ? -1 : 0;
}

/* A path below @dir, which has no symbolic link and no other mount in it. */
static int open_below(int dir, const char *path, uint64_t flags)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};

	while (*path == '/')
		path++;
	return syscall(SYS_openat2, dir, *path ? path : ".", &how, sizeof(how));
}

/* The directory that @path is in, below @root; *@name is the last part of it. */
static int open_parent(int root, const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	char parent[PATH_MAX];

	*name = slash + 1;
	snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path), path);
	return open_below(root, parent, O_PATH | O_DIRECTORY);
}

static const struct ckpt_node *node_of(const struct ckpt_record *r)
{
	return (const void *)((const struct ckpt_inode *)(r + 1))->data;
}

static const struct ckpt_record *find_node(uint32_t fs, uint32_t id)
{
	const struct ckpt_record *r;

	for (r = first_record(); r; r = next_record(r))
		if (is_type(r, CKPT_INODE) && le32toh(r->id) == id &&
		    le32toh(node_of(r)->fs) == fs)
			return r;
	return NULL;
}

static int link_node(int root, int dir, const char *name, const struct ckpt_node *n)
{
	const struct ckpt_record *to = find_node(le32toh(n->fs), le32toh(n->link));
	const char *old_name;
	int old, err;

	if (!to || node_of(to)->link) {
		errno = EBADMSG;
		return -1;
	}
	old = open_parent(root, node_of(to)->path, &old_name);
	if (old < 0)
		return -1;
	err = linkat(old, old_name, dir, name, 0);
	close(old);
	return err;
}

/* Makes an empty file of this type. */
static int make_empty(int dir, const char *name, const struct ckpt_inode *i,
		      const struct ckpt_node *n)
{
	mode_t mode = le32toh(i->mode);
	uint32_t rdev = le32toh(n->rdev);
	int fd, err;

	switch (mode & S_IFMT) {
	case S_IFDIR:
		return mkdirat(dir, name, 0700);
	case S_IFLNK:
		return symlinkat(n->path + strlen(n->path) + 1, dir, name);
	case S_IFREG:
		fd = openat(dir, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd < 0)
			return -1;
		err = ftruncate(fd, le64toh(i->size));
		close(fd);
		return err;
	default:
		return mknodat(dir, name, (mode & S_IFMT) | 0600,
			       makedev(rdev >> 20, rdev & 0xfffff));
	}
}

/* Whose it is, and who may do what with it. */
static int set_owner(int dir, const char *name, const struct ckpt_inode *i)
{
	mode_t mode = le32toh(i->mode);

	if (fchownat(dir, name, le32toh(i->uid), le32toh(i->gid), AT_SYMLINK_NOFOLLOW))
		return -1;
	return S_ISLNK(mode) ? 0 : fchmodat(dir, name, mode & 07777, 0);
}

static int set_times(int dir, const char *name, const struct ckpt_node *n)
{
	int64_t atime = le64toh(n->atime), mtime = le64toh(n->mtime);
	struct timespec ts[2] = {
		{ .tv_sec = atime / 1000000000, .tv_nsec = atime % 1000000000 },
		{ .tv_sec = mtime / 1000000000, .tv_nsec = mtime % 1000000000 },
	};
	int j;

	for (j = 0; j < 2; j++)
		if (ts[j].tv_nsec < 0) {
			ts[j].tv_nsec += 1000000000;
			ts[j].tv_sec--;
		}
	return utimensat(dir, name, ts, AT_SYMLINK_NOFOLLOW);
}

/* Makes a file below @root, the root directory of its file system, which is there. */
static int make_node(int root, const struct ckpt_record *r)
{
	const struct ckpt_inode *i = (const void *)(r + 1);
	const struct ckpt_node *n = node_of(r);
	const char *name;
	int dir, err;

	if (!strcmp(n->path, "/"))
		return set_owner(root, ".", i);
	dir = open_parent(root, n->path, &name);
	if (dir < 0)
		return -1;
	if (n->link)
		err = link_node(root, dir, name, n);
	else
		err = make_empty(dir, name, i, n) ?: set_owner(dir, name, i);
	close(dir);
	return err;
}

/* What making its neighbours has changed. */
static int time_node(int root, const struct ckpt_record *r)
{
	const struct ckpt_node *n = node_of(r);
	const char *name;
	int dir, err;

	if (n->link)
		return 0;
	if (!strcmp(n->path, "/"))
		return set_times(root, ".", n);
	dir = open_parent(root, n->path, &name);
	if (dir < 0)
		return -1;
	err = set_times(dir, name, n);
	close(dir);
	return err;
}

static int fill_tmpfs(int root, uint32_t fs)
{
	const struct ckpt_record *r;
	int pass;

	for (pass = 0; pass < 2; pass++)
		for (r = first_record(); r; r = next_record(r)) {
			if (!is_type(r, CKPT_INODE) || le32toh(node_of(r)->fs) != fs)
				continue;
			if (pass ? time_node(root, r) : make_node(root, r))
				return failed("file %s of a tmpfs", node_of(r)->path);
		}
	return 0;
}

/* Tells the restart where the files of an FS are. */
static int announce(int dev, uint32_t fs, int root)
{
	struct checkpoint_filesystem to = { .fs = fs, .fd = root };

	return ioctl(dev, CHECKPOINT_FILESYSTEM, &to) ? failed("files of a tmpfs") : 0;
}

static int set_option(int fd, const char *key, const char *fmt, uint64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), fmt, (unsigned long)value);
	return syscall(SYS_fsconfig, fd, FSCONFIG_SET_STRING, key, text, 0);
}

static int set_flag(int fd, const char *key)
{
	return syscall(SYS_fsconfig, fd, FSCONFIG_SET_FLAG, key, NULL, 0);
}

static int set_options(int fd, const struct ckpt_fs *fs)
{
	uint32_t flags = le32toh(fs->flags);

	if (syscall(SYS_fsconfig, fd, FSCONFIG_SET_STRING, "source", fs->source, 0))
		return -1;
	if (le32toh(fs->kind) == CKPT_FS_PROC)
		return 0;
	if (flags & CKPT_FS_NOSWAP && set_flag(fd, "noswap"))
		return -1;
	/* the other one is what it has where there is no choice */
	if (flags & CKPT_FS_INODE64 ? set_flag(fd, "inode64") :
	    set_flag(fd, "inode32") && errno != EINVAL)
		return -1;
	return set_option(fd, "nr_blocks", "%lu", le64toh(fs->blocks)) ||
	       set_option(fd, "nr_inodes", "%lu", le64toh(fs->inodes)) ||
	       set_option(fd, "mode", "%lo", le32toh(fs->mode)) ||
	       set_option(fd, "uid", "%lu", le32toh(fs->uid)) ||
	       set_option(fd, "gid", "%lu", le32toh(fs->gid)) ? -1 : 0;
}

/* A new file system. Returns an open file of its root directory, mounted nowhere yet. */
static int make_fs(const struct ckpt_record *r)
{
	const struct ckpt_fs *fs = (const void *)(r + 1);
	const char *type = le32toh(fs->kind) == CKPT_FS_PROC ? "proc" : "tmpfs";
	int fd = syscall(SYS_fsopen, type, FSOPEN_CLOEXEC), mount = -1, err;

	if (fd >= 0 && !set_options(fd, fs) &&
	    !syscall(SYS_fsconfig, fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		mount = syscall(SYS_fsmount, fd, FSMOUNT_CLOEXEC, 0);
	err = mount < 0 ? failed("a new %s", type) : 0;
	if (fd >= 0)
		close(fd);
	if (!err && le32toh(fs->kind) == CKPT_FS_TMPFS)
		err = fill_tmpfs(mount, le32toh(r->id));
	if (!err)
		return mount;
	if (mount >= 0)
		close(mount);
	return err;
}

/* The mounts of one namespace, and an open file of the root of each. */
struct set {
	uint32_t id, owner;	/* of its NS */
	const struct ckpt_mount **mounts;
	int *fds;
	bool *whole;		/* it is there with all that is below */
	bool *along;		/* it came with that */
	uint32_t n;
	int fs[CKPT_FS_MAX];	/* of each FS, by id - 1 */
};

static const char *source_of(const struct ckpt_mount *m)
{
	return m->data + strlen(m->data) + 1;
}

/* Finds the @number-th namespace of the image. */
static int find_set(struct set *s, uint32_t number)
{
	const struct ckpt_record *r;
	const struct ckpt_ns *ns;
	uint32_t nth = 0, n;

	for (r = first_record(); r; r = next_record(r)) {
		if (is_type(r, CKPT_MOUNT) && nth == number)
			s->mounts[s->n++] = (const void *)(r + 1);
		if (!is_type(r, CKPT_NS) || ++nth != number)
			continue;
		ns = (const void *)(r + 1);
		s->id = le32toh(r->id);
		s->owner = le32toh(ns->owner);
		n = le32toh(((const struct ckpt_mntns *)ns->data)->mounts);
		s->mounts = calloc(n, sizeof(*s->mounts));
		s->fds = calloc(n, sizeof(*s->fds));
		s->whole = calloc(n, sizeof(*s->whole));
		s->along = calloc(n, sizeof(*s->along));
		if (!s->mounts || !s->fds || !s->whole || !s->along)
			return failed("%u mounts", n);
	}
	return 0;
}

static bool is_of(const struct set *s, const struct ckpt_record *fs)
{
	uint32_t i;

	for (i = 0; i < s->n; i++)
		if (s->mounts[i]->fs == fs->id)
			return true;
	return false;
}

static bool is_tmpfs(const struct ckpt_record *r)
{
	return is_type(r, CKPT_FS) &&
	       le32toh(((const struct ckpt_fs *)(r + 1))->kind) == CKPT_FS_TMPFS;
}

/* What a user namespace owns, made in there. */
struct prepared {
	struct set set;
	int ns;
	char why[PATH_MAX + 64];
};

/* By number - 1; NULL for a namespace that the caller owns. In memory shared with helpers. */
static struct prepared **prepared;
static uint32_t nr_prepared;

/* A new file is its maker's, so that has to be somebody who is known where it is made. */
static int become_owner(uint32_t fs)
{
	const struct ckpt_record *r;
	const struct ckpt_inode *root = NULL;

	for (r = first_record(); r && !root; r = next_record(r))
		if (is_type(r, CKPT_INODE) && le32toh(node_of(r)->fs) == fs)
			root = (const void *)(r + 1);
	if (!root || prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP) ||
	    setresgid(-1, le32toh(root->gid), -1) || setresuid(-1, le32toh(root->uid), -1))
		return failed("the owner of a tmpfs");
	return 0;
}

/* In a helper, which is in the user namespace. */
static int prepare_inside(void *arg)
{
	struct prepared *p = arg;
	const struct ckpt_record *r;
	uint32_t id;
	int err = 0;

	reason = p->why;
	reason_size = sizeof(p->why);
	umask(0);
	if (!unshare(CLONE_NEWNS))
		p->ns = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (p->ns < 0)
		return -failed("a mount namespace");
	for (r = first_record(); r && !err; r = next_record(r)) {
		if (!is_tmpfs(r) || !is_of(&p->set, r))
			continue;
		id = le32toh(r->id);
		err = become_owner(id);
		if (err)
			break;
		p->set.fs[id - 1] = make_fs(r);
		if (p->set.fs[id - 1] < 0)
			err = p->set.fs[id - 1];
	}
	return -err;
}

/* Finds the set of a namespace, and makes what has to be made before its processes. */
static int prepare(int dev, uint32_t number)
{
	struct prepared *p = mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint32_t i;
	int err;

	if (p == MAP_FAILED)
		return failed("memory");
	prepared[number - 1] = p;
	p->ns = -1;
	for (i = 0; i < CKPT_FS_MAX; i++)
		p->set.fs[i] = -1;
	err = find_set(&p->set, number);
	if (err || !p->set.owner)
		return err;
	err = users_run(p->set.owner, prepare_inside, p);
	if (err) {
		errno = -err;
		return *p->why ? err : failed("user namespace %u", p->set.owner);
	}
	for (i = 0; i < CKPT_FS_MAX && !err; i++)
		if (p->set.fs[i] >= 0)
			err = announce(dev, i + 1, p->set.fs[i]);
	return err;
}

int mounts_prepare(int dev)
{
	const struct ckpt_record *r;
	char why[PATH_MAX + 64];
	uint32_t i;
	int err = 0;

	for (r = first_record(); r; r = next_record(r))
		nr_prepared += is_type(r, CKPT_NS);
	prepared = calloc(nr_prepared + 1, sizeof(*prepared));
	if (!prepared)
		return refuse("restart: mounts: %s", strerror(errno)), -1;
	for (i = 0; i < nr_prepared && !err; i++) {
		reason = why;
		reason_size = sizeof(why);
		err = prepare(dev, i + 1);
		if (!err)
			continue;
		refuse("restart: mount namespace %u: %s: %s", i + 1,
		       prepared[i] && *prepared[i]->why ? prepared[i]->why : why, strerror(-err));
	}
	return err ? -1 : 0;
}

void mounts_forget(void)
{
	uint32_t i, j;

	for (i = 0; i < nr_prepared; i++) {
		if (prepared[i]->ns >= 0)
			close(prepared[i]->ns);
		for (j = 0; j < CKPT_FS_MAX; j++)
			if (prepared[i]->set.fs[j] >= 0)
				close(prepared[i]->set.fs[j]);
	}
}

/* Those that are not made yet. */
static int make_filesystems(struct set *s, int dev)
{
	const struct ckpt_record *r;
	uint32_t id;
	int err = 0;

	for (r = first_record(); r && !err; r = next_record(r)) {
		if (!is_type(r, CKPT_FS) || !is_of(s, r))
			continue;
		id = le32toh(r->id);
		if (s->fs[id - 1] >= 0)
			continue;
		s->fs[id - 1] = make_fs(r);
		if (s->fs[id - 1] < 0)
			return s->fs[id - 1];
		if (is_tmpfs(r))
			err = announce(dev, id, s->fs[id - 1]);
	}
	return err;
}

static int clone_tree(int dir, const char *path, unsigned int flags)
{
	return syscall(SYS_open_tree, dir, path, flags | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
}

/*
 * What has locked mounts below, which hide something, is cloned with all of them or
 * not at all.
 */
static int clone_callers(struct set *s, uint32_t i)
{
	const char *source = source_of(s->mounts[i]);
	int fd = clone_tree(AT_FDCWD, source, AT_NO_AUTOMOUNT);

	if (fd >= 0 || errno != EINVAL)
		return fd;
	s->whole[i] = true;
	return clone_tree(AT_FDCWD, source, AT_NO_AUTOMOUNT | AT_RECURSIVE);
}

static int clone_own(const struct set *s, uint32_t fs, const char *source)
{
	int from = open_below(s->fs[fs - 1], source, O_PATH), fd = -1;

	if (from >= 0) {
		fd = clone_tree(from, "", AT_EMPTY_PATH);
		close(from);
	}
	return fd;
}

/* Whether @m is where it was on @on, both as the caller has them. */
static bool is_in_place(const struct ckpt_mount *m, const struct ckpt_mount *on)
{
	const char *source = source_of(on);
	size_t len = strcmp(source, "/") ? strlen(source) : 0;

	return !m->fs && !on->fs && strcmp(m->data, "/") &&
	       !strncmp(source_of(m), source, len) && !strcmp(source_of(m) + len, m->data);
}

/* One that has come with what it is mounted on, or -1. */
static int find_along(struct set *s, uint32_t i)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	uint32_t on = le32toh(s->mounts[i]->parent) - 1;
	int fd;

	if (!i || !(s->whole[on] || s->along[on]) || !is_in_place(s->mounts[i], s->mounts[on]))
		return -1;
	fd = open_below(s->fds[on], s->mounts[i]->data, O_PATH);
	if (fd >= 0) {
		/* nothing is mounted there */
		close(fd);
		return -1;
	}
	fd = syscall(SYS_openat2, s->fds[on], s->mounts[i]->data + 1, &how, sizeof(how));
	s->along[i] = fd >= 0;
	return fd;
}

/* Clones what is to be mounted, while the caller's mounts are there. */
static int clone_sources(struct set *s)
{
	uint32_t i, fs;

	for (i = 0; i < s->n; i++) {
		fs = le32toh(s->mounts[i]->fs);
		s->fds[i] = find_along(s, i);
		if (s->fds[i] < 0)
			s->fds[i] = fs ? clone_own(s, fs, source_of(s->mounts[i])) :
				    clone_callers(s, i);
		if (s->fds[i] < 0)
			return failed("mount %s", source_of(s->mounts[i]));
	}
	return 0;
}

static int set_attributes(int fd, const struct ckpt_mount *m)
{
	uint32_t flags = le32toh(m->flags);
	struct mount_attr attr = {
		.attr_set = le32toh(m->attr),
		.attr_clr = CKPT_MOUNT_ATTRS | MOUNT_ATTR__ATIME,
		.propagation = flags & CKPT_MOUNT_SLAVE ? MS_SLAVE : MS_PRIVATE,
	};

	return syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &attr, sizeof(attr));
}

static int set_propagation(int fd, unsigned long type)
{
	struct mount_attr attr = { .propagation = type };

	return syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &attr, sizeof(attr));
}

static int move(int from, int to)
{
	return syscall(SYS_move_mount, from, "", to, "",
		       MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

/* Puts the first mount in the place of the root, and all of the caller's away. */
static int change_root(const struct set *s)
{
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0 || set_attributes(s->fds[0], s->mounts[0]) || move(s->fds[0], root) ||
	    fchdir(s->fds[0]) || syscall(SYS_pivot_root, ".", ".") ||
	    umount2(".", MNT_DETACH) || chdir("/") || chroot("."))
		return failed("mount /");
	close(root);
	return 0;
}

/* Puts each of the others on one before it. */
static int attach(const struct set *s)
{
	const struct ckpt_mount *m;
	uint32_t i;
	int at;

	for (i = 1; i < s->n; i++) {
		m = s->mounts[i];
		if (s->along[i]) {
			if (set_attributes(s->fds[i], m))
				return failed("mount %s", source_of(m));
			continue;
		}
		at = open_below(s->fds[le32toh(m->parent) - 1], m->data, O_PATH);
		if (at < 0 || set_attributes(s->fds[i], m) || move(s->fds[i], at))
			return failed("mount %s on %s", source_of(m), m->data);
		close(at);
	}
	return 0;
}

/* What came along has to be what was there: if it is locked it cannot be left out. */
static int check_along(const struct set *s)
{
	/* struct mnt_id_req, for all below the root directory */
	const struct {
		uint32_t size, reserved;
		uint64_t id, param;
	} req = { .size = sizeof(req), .id = UINT64_MAX };
	uint64_t *ids;
	uint32_t i;
	long n;

	for (i = 0; i < s->n && !s->whole[i]; i++)
		;
	if (i == s->n)
		return 0;
	ids = calloc(s->n + 1, sizeof(*ids));
	n = ids ? syscall(SYS_listmount, &req, ids, s->n + 1, 0) : -1;
	free(ids);
	if (n < 0)
		return failed("its mounts");
	errno = EINVAL;
	return n == (long)s->n ? 0 : failed("mount %s has more mounted below it than it had",
					    source_of(s->mounts[i]));
}

/* Last, so that nothing that is mounted here shows anywhere else. */
static int share(const struct set *s)
{
	uint32_t i, j, group;
	int err;

	for (i = 0; i < s->n; i++) {
		group = le32toh(s->mounts[i]->group);
		err = 0;
		if (le32toh(s->mounts[i]->flags) & CKPT_MOUNT_UNBINDABLE)
			err = set_propagation(s->fds[i], MS_UNBINDABLE);
		for (j = 0; group && le32toh(s->mounts[j]->group) != group; j++)
			;
		if (group && j == i)
			err = set_propagation(s->fds[i], MS_SHARED);
		else if (group)
			err = set_propagation(s->fds[i], MS_PRIVATE) ?:
			      syscall(SYS_move_mount, s->fds[j], "", s->fds[i], "",
				      MOVE_MOUNT_SET_GROUP | MOVE_MOUNT_F_EMPTY_PATH |
				      MOVE_MOUNT_T_EMPTY_PATH);
		if (err)
			return failed("mount %s: its propagation", source_of(s->mounts[i]));
	}
	return 0;
}

/* A copy of the namespace that the caller was in first, whoever it is a child of now. */
static int begin(void)
{
	if (setns(first_ns, CLONE_NEWNS) || fchdir(first_root) || chroot(".") ||
	    unshare(CLONE_NEWNS))
		return failed("a mount namespace");
	return 0;
}

/* Enters what was made for it, unless the caller owns it. What was cloned comes along. */
static int enter(const struct prepared *p)
{
	return p->ns >= 0 && setns(p->ns, CLONE_NEWNS) ? failed("a mount namespace") : 0;
}

static int leave_the_rest_private(void)
{
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ? failed("a mount namespace") : 0;
}

/* The very last, as it cannot be undone. */
static int lock(const struct set *s, int dev)
{
	struct checkpoint_mount m = { .ns = s->id };
	uint32_t i;

	for (i = 0; i < s->n; i++) {
		if (!(le32toh(s->mounts[i]->flags) & CKPT_MOUNT_LOCKS))
			continue;
		m.mount = i + 1;
		m.fd = s->fds[i];
		if (ioctl(dev, CHECKPOINT_MOUNT, &m))
			return failed("mount %s: its locks", source_of(s->mounts[i]));
	}
	return 0;
}

int mounts_make(int dev, uint32_t number, char *why, size_t size)
{
	const struct prepared *p = prepared[number - 1];
	/* what is opened here is the caller's only */
	struct set s = p->set;
	mode_t mask = umask(0);
	uint32_t i;
	int err;

	reason = why;
	reason_size = size;
	err = begin() ?: make_filesystems(&s, dev) ?: clone_sources(&s) ?: enter(p) ?:
	      leave_the_rest_private() ?: change_root(&s) ?: attach(&s) ?: check_along(&s) ?:
	      share(&s) ?: lock(&s, dev);
	umask(mask);
	/* on failure the caller ends */
	if (err)
		return err;
	for (i = 0; i < s.n; i++)
		close(s.fds[i]);
	for (i = 0; i < CKPT_FS_MAX; i++)
		if (s.fs[i] >= 0)
			close(s.fs[i]);
	if (p->ns >= 0)
		close(p->ns);
	return 0;
}

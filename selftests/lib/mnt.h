/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Mounts of a test: an area of its own to mount in, the system calls without
 * a wrapper in every C library, and what /proc/PID/mountinfo says.
 *
 * What can be refused returns -errno.
 */
#ifndef BULKHEAD_MNT_H
#define BULKHEAD_MNT_H

#include <limits.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "file.h"
#include "ns.h"
#include "proc.h"

/* Where a test mounts: paths are string constants, MNT_AREA "/a/b". */
#define MNT_AREA	"/tmp/mnt-area"

#ifndef SYS_open_tree_attr
#define SYS_open_tree_attr	467
#endif
#ifndef SYS_statmount
#define SYS_statmount		457
#endif
#ifndef SYS_listmount
#define SYS_listmount		458
#endif

static inline int mnt_error(long ret)
{
	return ret < 0 ? -errno : (int)ret;
}

static inline int mnt_mount(const char *type, const char *at,
			    unsigned long flags, const char *data)
{
	return mnt_error(mount(type, at, type, flags, data));
}

static inline int mnt_tmpfs(const char *at)
{
	return mnt_mount("tmpfs", at, 0, "mode=0755");
}

static inline int mnt_bind(const char *from, const char *to)
{
	return mnt_error(mount(from, to, NULL, MS_BIND, NULL));
}

static inline int mnt_rbind(const char *from, const char *to)
{
	return mnt_error(mount(from, to, NULL, MS_BIND | MS_REC, NULL));
}

static inline int mnt_move(const char *from, const char *to)
{
	return mnt_error(mount(from, to, NULL, MS_MOVE, NULL));
}

/* Changes the propagation type: MS_SHARED, ..., perhaps with MS_REC. */
static inline int mnt_make(const char *at, unsigned long type)
{
	return mnt_error(mount(NULL, at, NULL, type, NULL));
}

/* Sets the flags of this one mount. */
static inline int mnt_flags(const char *at, unsigned long flags)
{
	return mnt_error(mount(NULL, at, NULL, MS_REMOUNT | MS_BIND | flags,
			       NULL));
}

static inline int mnt_off(const char *at, int flags)
{
	return mnt_error(umount2(at, flags));
}

static inline int mnt_setattr(int dfd, const char *path, unsigned int flags,
			      const struct mount_attr *attr)
{
	return mnt_error(syscall(SYS_mount_setattr, dfd, path, flags, attr,
				 sizeof(*attr)));
}

static inline int mnt_open_tree(int dfd, const char *path, unsigned int flags)
{
	return mnt_error(syscall(SYS_open_tree, dfd, path,
				 flags | OPEN_TREE_CLOEXEC));
}

/* A detached copy of the one mount at @path. */
static inline int mnt_clone(const char *path)
{
	return mnt_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE);
}

/* Attaches the detached tree @fd. */
static inline int mnt_attach(int fd, const char *to)
{
	return mnt_error(syscall(SYS_move_mount, fd, "", AT_FDCWD, to,
				 MOVE_MOUNT_F_EMPTY_PATH));
}

static inline int mnt_fsopen(const char *type)
{
	return mnt_error(syscall(SYS_fsopen, type, FSOPEN_CLOEXEC));
}

static inline int mnt_fsconfig(int fd, unsigned int cmd, const char *key,
			       const void *value, int aux)
{
	return mnt_error(syscall(SYS_fsconfig, fd, cmd, key, value, aux));
}

static inline int mnt_fsmount(int fd, unsigned int flags, unsigned int attrs)
{
	return mnt_error(syscall(SYS_fsmount, fd, flags | FSMOUNT_CLOEXEC,
				 attrs));
}

/* A detached new mount of a file system that needs no options. */
static inline int mnt_new(const char *type, unsigned int attrs)
{
	int fs = mnt_fsopen(type), fd;

	if (fs < 0)
		return fs;
	fd = mnt_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (!fd)
		fd = mnt_fsmount(fs, 0, attrs);
	close(fs);
	return fd;
}

static inline int mnt_pivot_root(const char *new_root, const char *put_old)
{
	return mnt_error(syscall(SYS_pivot_root, new_root, put_old));
}

/* mkdir -p for one level; it may be there. */
static inline void mnt_dir(const char *path)
{
	must(!mkdir(path, 0755) || errno == EEXIST);
}

/* A file with a text in it. */
static inline void mnt_put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	must(fd >= 0);
	must(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static inline bool mnt_exists(const char *path)
{
	struct stat st;

	return !lstat(path, &st);
}

/*
 * Gives the caller a mount namespace of its own, private throughout, with an
 * empty tmpfs at MNT_AREA that nobody else has.
 */
static inline void mnt_area(void)
{
	must(!unshare(CLONE_NEWNS));
	must(!mnt_make("/", MS_REC | MS_PRIVATE));
	mnt_dir(MNT_AREA);
	must(!mnt_tmpfs(MNT_AREA));
}

/* A mount as /proc/PID/mountinfo tells it. */
struct mnt_info {
	int id, parent;
	int shared, master, from;	/* peer groups; 0: none */
	bool unbindable;
	char root[256], point[256];
	char opts[128];			/* of the mount */
	char type[64], source[128];
	char super[512];		/* options of the superblock */
};

static inline bool mnt_parse(char *line, struct mnt_info *m)
{
	char *tok, *save = NULL, *end = strstr(line, " - ");
	int seen = 0;

	memset(m, 0, sizeof(*m));
	if (!end || sscanf(line, "%d %d %*s %255s %255s %127s%n", &m->id,
			   &m->parent, m->root, m->point, m->opts, &seen) != 5)
		return false;
	*end = '\0';
	sscanf(end + 3, "%63s %127s %511s", m->type, m->source, m->super);
	for (tok = strtok_r(line + seen, " ", &save); tok;
	     tok = strtok_r(NULL, " ", &save)) {
		sscanf(tok, "shared:%d", &m->shared);
		sscanf(tok, "master:%d", &m->master);
		sscanf(tok, "propagate_from:%d", &m->from);
		if (!strcmp(tok, "unbindable"))
			m->unbindable = true;
	}
	return true;
}

/* Calls @fn with each mount of @pid's namespace that @pid can see. */
static inline void mnt_each(pid_t pid,
			    void (*fn)(const struct mnt_info *m, void *arg),
			    void *arg)
{
	char path[64], *line = NULL;
	struct mnt_info m;
	size_t size = 0;
	FILE *f;

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/mountinfo", pid);
	else
		snprintf(path, sizeof(path), "/proc/thread-self/mountinfo");
	f = fopen(path, "re");
	must(f);
	while (getline(&line, &size, f) > 0)
		if (mnt_parse(line, &m))
			fn(&m, arg);
	free(line);
	fclose(f);
}

struct mnt_search {
	const char *point;
	size_t prefix;			/* count the mounts below, too */
	int found;
	struct mnt_info top;
};

static inline void mnt_search_one(const struct mnt_info *m, void *arg)
{
	struct mnt_search *s = arg;
	size_t len = strlen(s->point);
	bool below = s->prefix && !strncmp(m->point, s->point, len) &&
		     m->point[len] == '/';

	if (strcmp(m->point, s->point) && !below)
		return;
	/* Of mounts on one another the top one is what is seen. */
	if (!s->found || m->parent == s->top.id || s->top.parent != m->id)
		s->top = *m;
	s->found++;
}

/* What is mounted at exactly @point in the namespace of @pid, 0 the caller's. */
static inline int mnt_info_of(pid_t pid, const char *point, struct mnt_info *m)
{
	struct mnt_search s = { .point = point };

	mnt_each(pid, mnt_search_one, &s);
	if (!s.found)
		return -ENOENT;
	*m = s.top;
	return 0;
}

static inline int mnt_info(const char *point, struct mnt_info *m)
{
	return mnt_info_of(0, point, m);
}

/* How many mounts are at exactly @point, one on the other. */
static inline int mnt_depth(const char *point)
{
	struct mnt_search s = { .point = point };

	mnt_each(0, mnt_search_one, &s);
	return s.found;
}

static inline bool mnt_is(const char *point)
{
	return mnt_depth(point) > 0;
}

static inline bool mnt_is_in(pid_t pid, const char *point)
{
	struct mnt_info m;

	return !mnt_info_of(pid, point, &m);
}

/* How many mounts there are at and below @point. */
static inline int mnt_count(const char *point)
{
	struct mnt_search s = { .point = point, .prefix = 1 };

	mnt_each(0, mnt_search_one, &s);
	return s.found;
}

/* Whether comma-separated @opts include @word. */
static inline bool mnt_opt(const char *opts, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = opts; p; p = strchr(p, ',')) {
		if (*p == ',')
			p++;
		if (!strncmp(p, word, len) && (!p[len] || p[len] == ','))
			return true;
	}
	return false;
}

/* The propagation type of a mount as the documents call it. */
static inline const char *mnt_state_of(pid_t pid, const char *point)
{
	struct mnt_info m;

	if (mnt_info_of(pid, point, &m))
		return "no mount";
	if (m.shared)
		return m.master ? "shared and slave" : "shared";
	if (m.master)
		return "slave";
	return m.unbindable ? "unbindable" : "private";
}

static inline const char *mnt_state(const char *point)
{
	return mnt_state_of(0, point);
}

/* The peer group of the mount at @point, 0 if it is not shared. */
static inline int mnt_group(const char *point)
{
	struct mnt_info m;

	return mnt_info(point, &m) ? -ENOENT : m.shared;
}

/* The peer group that the mount at @point is a slave of, 0 if of none. */
static inline int mnt_master(const char *point)
{
	struct mnt_info m;

	return mnt_info(point, &m) ? -ENOENT : m.master;
}

/*
 * A user namespace in which the ids @inside ... are @outside ... here, @count
 * of them. Nobody lives in it: only the file that is returned keeps it.
 */
static inline int mnt_userns(unsigned int inside, unsigned int outside,
			     unsigned int count)
{
	struct baton ready = baton_make();
	char path[64];
	pid_t pid;
	int fd, err;

	pid = proc_fork_bound(0);
	if (!pid) {
		must(!unshare(CLONE_NEWUSER));
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	must(pid > 0);
	baton_take(&ready);
	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	err = file_printf(path, "%u %u %u", inside, outside, count);
	snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
	if (!err)
		err = file_printf(path, "%u %u %u", inside, outside, count);
	fd = err ? err : ns_open(pid, "user");
	proc_kill(pid);
	close(ready.fd[0]);
	close(ready.fd[1]);
	return fd;
}

/* Makes the caller root of the user namespace @fd, all capabilities there. */
static inline void mnt_become_root_of(int fd)
{
	must(!setns(fd, CLONE_NEWUSER));
	must(!setresgid(0, 0, 0));
	must(!setresuid(0, 0, 0));
	must(!prctl(PR_SET_DUMPABLE, 1));
}

/*
 * Copies the running program to @path, with @mode. A test that executes it
 * must know by its arguments what is asked of it.
 */
static inline void mnt_copy_self(const char *path, mode_t mode)
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), to;
	static char buf[65536];
	ssize_t n;

	must(from >= 0);
	to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	must(to >= 0);
	while ((n = read(from, buf, sizeof(buf))) > 0)
		must(write(to, buf, n) == n);
	must(!n);
	must(!fchmod(to, mode));
	close(from);
	close(to);
}

/* Runs @path with one argument. Returns its exit status, or -errno of execve. */
static inline int mnt_run(const char *path, const char *arg)
{
	volatile int err = 0;
	pid_t pid = vfork();

	if (!pid) {
		execl(path, path, arg, NULL);
		err = errno;
		_exit(127);
	}
	must(pid > 0);
	pid = proc_end(pid);
	return err ? -err : pid;
}

#endif /* BULKHEAD_MNT_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the programs of this suite share: an ext4 with project, user and group
 * quotas, a folder with a project of its own for each test, and quotactl(2).
 * What can be refused returns -errno.
 */
#ifndef QUOTA_H
#define QUOTA_H

#include "kselftest_harness.h"
#include <linux/fs.h>
#include <linux/quota.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include "cap.h"
#include "file.h"
#include "ns.h"
#include "proc.h"

#define DISK	"/dev/ubda"
#define DIR_	"/tmp/quota"
#define BLOCK	4096L
#define KB(n)	((long)(n) << 10)
#define NOBODY	65534

#define OPTIONS	"prjquota,usrquota,grpquota"

/* Mounts the disk, made anew unless it is mounted. Returns 0 or -errno. */
static inline int quota_mount(void)
{
	if (access(DISK, W_OK))
		return -errno;
	if (mkdir(DIR_, 0755) && errno != EEXIST)
		return -errno;
	if (!mount(DISK, DIR_, "ext4", 0, OPTIONS) || errno == EBUSY)
		return 0;
	if (system("mkfs.ext4 -q -F -b 4096 -O quota,project "
		   "-E quotatype=usrquota:grpquota:prjquota,lazy_itable_init=0 "
		   DISK " >/dev/null 2>&1"))
		return -EIO;
	return mount(DISK, DIR_, "ext4", 0, OPTIONS) ? -errno : 0;
}

static inline int quotactl_(int cmd, int type, unsigned int id, void *addr)
{
	return syscall(SYS_quotactl, QCMD(cmd, type), DISK, id, addr) ?
	       -errno : 0;
}

static inline struct if_dqblk quota_of(int type, unsigned int id)
{
	struct if_dqblk q = {};

	must(!quotactl_(Q_GETQUOTA, type, id, &q));
	return q;
}

static inline struct if_dqblk project(unsigned int id)
{
	return quota_of(PRJQUOTA, id);
}

/* Limits of space in bytes, of inodes in numbers; 0 is none. */
static inline int quota_limit(int type, unsigned int id, long bsoft, long bhard,
			      long isoft, long ihard)
{
	struct if_dqblk q = {
		.dqb_bsoftlimit = bsoft / 1024, .dqb_bhardlimit = bhard / 1024,
		.dqb_isoftlimit = isoft, .dqb_ihardlimit = ihard,
		.dqb_valid = QIF_LIMITS,
	};

	return quotactl_(Q_SETQUOTA, type, id, &q);
}

static inline int project_space(unsigned int id, long soft, long hard)
{
	return quota_limit(PRJQUOTA, id, soft, hard, 0, 0);
}

static inline int project_inodes(unsigned int id, long soft, long hard)
{
	return quota_limit(PRJQUOTA, id, 0, 0, soft, hard);
}

static inline int xattr_get(const char *path, struct fsxattr *x)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err = 0;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, FS_IOC_FSGETXATTR, x))
		err = -errno;
	close(fd);
	return err;
}

static inline int xattr_set(const char *path, const struct fsxattr *x)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err = 0;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, FS_IOC_FSSETXATTR, x))
		err = -errno;
	close(fd);
	return err;
}

/* The project of a file, or -errno. */
static inline long project_id(const char *path)
{
	struct fsxattr x;
	int err = xattr_get(path, &x);

	return err ? err : (long)x.fsx_projid;
}

static inline bool inherits(const char *path)
{
	struct fsxattr x;

	must(!xattr_get(path, &x));
	return x.fsx_xflags & FS_XFLAG_PROJINHERIT;
}

static inline int project_set(const char *path, unsigned int id, bool inherit)
{
	struct fsxattr x;
	int err = xattr_get(path, &x);

	if (err)
		return err;
	x.fsx_projid = id;
	x.fsx_xflags &= ~FS_XFLAG_PROJINHERIT;
	if (inherit)
		x.fsx_xflags |= FS_XFLAG_PROJINHERIT;
	return xattr_set(path, &x);
}

/* Writes @size bytes at @at. A short write is what was refused, too. */
static inline int q_write(const char *path, off_t at, long size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666), err = 0;
	char buf[BLOCK];

	if (fd < 0)
		return -errno;
	memset(buf, 0x5a, sizeof(buf));
	while (size > 0 && !err) {
		long n = size < BLOCK ? size : BLOCK;

		if (pwrite(fd, buf, n, at) != n)
			err = -errno;
		at += n;
		size -= n;
	}
	close(fd);
	return err;
}

static inline int q_create(const char *path)
{
	return q_write(path, 0, 0);
}

static inline int q_mkdir(const char *path)
{
	return mkdir(path, 0777) ? -errno : 0;
}

/* An exit status that carries an errno; 1 is must()'s. */
#define STATUS	100

static inline int status_errno(pid_t pid)
{
	int status = proc_end(pid);

	return status > STATUS ? STATUS - status : status ? -1000 : 0;
}

/*
 * Who has CAP_SYS_RESOURCE is not limited, so limits are tried by a process
 * without. @expr is 0 or -errno.
 */
#define LIMITED(expr) ({						\
	pid_t pid_ = proc_fork_bound(0);				\
									\
	if (!pid_) {							\
		int err_;						\
									\
		cap_drop(CAP_SYS_RESOURCE);				\
		err_ = (expr);						\
		_exit(err_ < 0 ? STATUS - err_ : 0);			\
	}								\
	status_errno(pid_);						\
})

/* The same as an ordinary user. */
#define AS_NOBODY(expr) ({						\
	pid_t pid_ = proc_fork_bound(0);				\
									\
	if (!pid_) {							\
		int err_;						\
									\
		proc_become_nobody();					\
		err_ = (expr);						\
		_exit(err_ < 0 ? STATUS - err_ : 0);			\
	}								\
	status_errno(pid_);						\
})

/* And as root of a user namespace; root outside, too. */
#define AS_USER_ROOT(expr) ({						\
	pid_t pid_ = proc_fork_bound(0);				\
									\
	if (!pid_) {							\
		int err_;						\
									\
		must(!ns_become_user_root());				\
		err_ = (expr);						\
		_exit(err_ < 0 ? STATUS - err_ : 0);			\
	}								\
	status_errno(pid_);						\
})

/*
 * @dir is the folder of project @id, which what is made in it inherits, and the
 * caller's working folder. @used is what the folder itself takes.
 */
FIXTURE(quota)
{
	char dir[64];
	unsigned int id;
	long used;
};

#define QUOTA_SETUP() do {						\
	int err_ = quota_mount();					\
									\
	if (err_ == -ENOENT || err_ == -EINVAL || err_ == -ESRCH)	\
		SKIP(return, "no disk, or no ext4 with project quota"); \
	ASSERT_EQ(0, err_);						\
	self->id = getpid();						\
	snprintf(self->dir, sizeof(self->dir), DIR_ "/%u", self->id);	\
	ASSERT_EQ(0, mkdir(self->dir, 0777));				\
	ASSERT_EQ(0, chmod(self->dir, 0777));				\
	ASSERT_EQ(0, project_set(self->dir, self->id, true));		\
	ASSERT_EQ(0, chdir(self->dir));					\
	self->used = project(self->id).dqb_curspace;			\
} while (0)

/* By the harness's process: the disk is to have room for the next test. */
static inline void quota_clean(FIXTURE_DATA(quota) *self)
{
	char command[128];

	if (!self->dir[0])
		return;
	snprintf(command, sizeof(command), "rm -rf %s", self->dir);
	if (system(command))
		fprintf(stderr, "# %s stays\n", self->dir);
	project_space(self->id, 0, 0);
}

#endif /* QUOTA_H */

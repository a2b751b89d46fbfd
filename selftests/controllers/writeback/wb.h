/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the programs of this suite share: an ext4 without a journal, whose
 * writes are those of its files, and nobody who writes back on his own.
 */
#ifndef WB_H
#define WB_H

#include "kselftest_harness.h"
#include <sys/mount.h>
#include <sys/sysmacros.h>
#include "memcg.h"
#include "until.h"

#define DISK	"/dev/ubda"
#define DIR_	"/tmp/writeback"
#define N	MB(2)

/* Metadata come along, some blocks of them; whose they are is not promised. */
#define METADATA	KB(128)

/*
 * @top has the memory and the io controller and hands them on to @a and @b.
 * The test's own process lives outside.
 */
FIXTURE(wb)
{
	char root[PATH_MAX / 4], top[PATH_MAX / 2], a[PATH_MAX], b[PATH_MAX];
	char file[64];
};

/* Makes a file system with mkfs.ext4's @options on DISK and mounts it. */
static inline int wb_mkfs(const char *options, const char *data)
{
	char command[256];

	snprintf(command, sizeof(command),
		 "mkfs.ext4 -q -F -E lazy_itable_init=0 %s " DISK
		 " >/dev/null 2>&1", options);
	if (system(command))
		return -EIO;
	return mount(DISK, DIR_, "ext4", MS_NOATIME, data) ? -errno : 0;
}

/* The file system that all tests share, unless one has made its own. */
static inline int wb_mount(void)
{
	if (access(DISK, W_OK))
		return -errno;
	if (mkdir(DIR_, 0755) && errno != EEXIST)
		return -errno;
	if (!mount(DISK, DIR_, "ext4", MS_NOATIME, NULL) || errno == EBUSY)
		return 0;
	return wb_mkfs("-O ^has_journal", NULL);
}

static inline int wb_prepare(FIXTURE_DATA(wb) *self)
{
	int err = memcg_top(self->root, self->top, self->a, self->b, "wb");

	if (err)
		return err;
	if (!cg_lists(self->root, "cgroup.controllers", "io"))
		return -ENODEV;
	err = cg_write(self->root, "cgroup.subtree_control", "+io") ?:
	      cg_write(self->top, "cgroup.subtree_control", "+io");
	if (err)
		return err;
	/*
	 * Nothing is written but what the test asks for. An hour, for with 0 the
	 * first dirty page makes the flusher look at once; and in 6.12, where a
	 * cgroup that is new to a disk has no share of it, find too much.
	 */
	return file_write("/proc/sys/vm/dirty_writeback_centisecs", "360000") ?:
	       file_write("/proc/sys/vm/dirty_ratio", "60") ?:
	       file_write("/proc/sys/vm/dirty_background_ratio", "50");
}

#define WB_FIXTURE()							\
FIXTURE_SETUP(wb)							\
{									\
	int err = wb_prepare(self);					\
									\
	if (err == -ENOENT || err == -ENODEV)				\
		SKIP(return, "cgroup v2 lacks memory or io here");	\
	ASSERT_EQ(0, err);						\
	ASSERT_EQ(0, wb_mount());					\
	snprintf(self->file, sizeof(self->file), DIR_ "/%d", getpid());	\
}									\
/* Run by the harness's process, after whatever became of the test's. */ \
FIXTURE_TEARDOWN_PARENT(wb)						\
{									\
	if (!self->top[0])						\
		return;							\
	cg_destroy(self->top);						\
	unlink(self->file);						\
	file_write("/proc/sys/vm/dirty_writeback_centisecs", "500");	\
	file_write("/proc/sys/vm/dirty_expire_centisecs", "3000");	\
	file_write("/proc/sys/vm/dirty_background_ratio", "10");	\
	file_write("/proc/sys/vm/dirty_ratio", "20");			\
}

/* Bytes that @cg wrote to the disk, by io.stat. */
static inline long wbytes(const char *cg)
{
	char path[PATH_MAX], key[32], text[256], *at;
	struct stat st;

	must(!stat(DISK, &st));
	snprintf(key, sizeof(key), "%u:%u", major(st.st_rdev), minor(st.st_rdev));
	if (file_field(cg_path(path, cg, "io.stat"), key, text, sizeof(text)))
		return 0;
	at = strstr(text, "wbytes=");
	return at ? atol(at + 7) : 0;
}

/* Writes @size bytes of the file from @at on, into the page cache. */
static inline void dirty(const char *path, off_t at, size_t size)
{
	static char buf[1 << 16];
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	must(fd >= 0);
	memset(buf, 0x5a, sizeof(buf));
	for (size_t done = 0; done < size; done += sizeof(buf))
		must(pwrite(fd, buf, sizeof(buf), at + done) == sizeof(buf));
	close(fd);
}

/* Has the file's data written, and nothing else. */
static inline void write_back(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	must(fd >= 0);
	must(!sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE |
			      SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER));
	close(fd);
}

/* The same by processes of @cg. */
static inline void dirty_in(const char *cg, const char *path, off_t at,
			    size_t size)
{
	pid_t pid = cg_fork_bound(cg);

	if (!pid) {
		dirty(path, at, size);
		_exit(0);
	}
	must(pid > 0 && !proc_end(pid));
}

static inline void write_back_in(const char *cg, const char *path)
{
	pid_t pid = cg_fork_bound(cg);

	if (!pid) {
		write_back(path);
		_exit(0);
	}
	must(pid > 0 && !proc_end(pid));
}

#endif /* WB_H */

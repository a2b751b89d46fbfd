/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A file system with a real page cache, on the disk that the suite asked for, and
 * swap: prepared by the program that comes first.
 */
#ifndef BULKHEAD_MEMCG_DISK_H
#define BULKHEAD_MEMCG_DISK_H

#include <sys/mount.h>
#include <sys/swap.h>
#include "file.h"
#include "memcg.h"

#define CONFIGFS	"/sys/kernel/config"
#define SWAP_CONFIG	CONFIGFS "/nullb/swap"
#define SWAP_DISK	"/dev/swap"
#define FILE_DISK	"/dev/ubda"
#define FILE_DIR	"/tmp/memcg-ext4"

/*
 * ext4 at FILE_DIR. Returns 0, or -errno. An eighth of what all may have dirty before it is
 * written in the background is what a disk without history may have: of 10 % of a small
 * machine that is less than the 2 MiB that tests leave dirty.
 */
static inline int disk_mount(void)
{
	if (access(FILE_DISK, W_OK))
		return -errno;
	if (file_write("/proc/sys/vm/dirty_ratio", "60") ||
	    file_write("/proc/sys/vm/dirty_background_ratio", "50"))
		return -EIO;
	if (!mkdir(FILE_DIR, 0755) || errno == EEXIST)
		if (!mount(FILE_DISK, FILE_DIR, "ext4", 0, NULL) || errno == EBUSY)
			return 0;
	if (system("mkfs.ext4 -q -F " FILE_DISK " >/dev/null 2>&1"))
		return -EIO;
	return mount(FILE_DISK, FILE_DIR, "ext4", 0, NULL) ? -errno : 0;
}

/*
 * A disk in memory that has written what it is given before submit_bio() returns,
 * and that the page cache does not know for one (as it does zram and brd: pages on
 * these are never in the swap cache). How many pages are still on their way to a
 * disk of the host depends on what else the host does, and so does who is killed
 * meanwhile.
 */
static inline int disk_make_swap(void)
{
	static const char *const settings[][2] = {
		{ "size", "128" },		/* MiB */
		{ "blocksize", "4096" },
		{ "memory_backed", "1" },
		{ "irqmode", "0" },
		{ "power", "1" },
	};
	int err;

	if (mount("configfs", CONFIGFS, "configfs", 0, NULL) && errno != EBUSY)
		return -errno;
	if (mkdir(SWAP_CONFIG, 0755))
		return -errno;
	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
		char path[128];

		snprintf(path, sizeof(path), SWAP_CONFIG "/%s", settings[i][0]);
		err = file_write(path, settings[i][1]);
		if (err)
			return err;
	}
	return system("mkswap " SWAP_DISK " >/dev/null 2>&1") ? -EIO : 0;
}

/* Swap on SWAP_DISK; all tests without it are to run without. */
static inline int disk_swapon(void)
{
	int err = access(SWAP_DISK, F_OK) ? disk_make_swap() : 0;

	if (err)
		return err;
	return swapon(SWAP_DISK, 0) ? -errno : 0;
}

static inline int disk_swapoff(void)
{
	return swapoff(SWAP_DISK) ? -errno : 0;
}

/* An older kernel may have it, by backport; a newer one must. */
#define NEEDS_SWAPPINESS_MAX(cg) do {					\
	if (proc_kernel_before(6, 16) &&				\
	    cg_write(cg, "memory.reclaim", "4k swappiness=max") == -EINVAL) \
		SKIP(return, "memory.reclaim has no swappiness=max (Linux 6.16)"); \
} while (0)

/* What swap_out() lets be both: in swap, and still in memory, in its cache. */
#define SWAP_CACHE	MB(1)

/*
 * Has @cg swap out @bytes more. Pages that are being written to the disk are
 * not free yet, so it may take several attempts. Which pages these are is not
 * said: those that a process runs with are among them, and come back with it.
 */
static inline bool swap_out(const char *cg, long bytes)
{
	long usage = cg_number(cg, "memory.current");
	long swap = cg_number(cg, "memory.swap.current");
	struct timespec start;
	char request[64];

	clock_gettime(CLOCK_MONOTONIC, &start);
	snprintf(request, sizeof(request), "%ld swappiness=max", bytes);
	do {
		cg_write(cg, "memory.reclaim", request);
		if (cg_number(cg, "memory.swap.current") >= swap + bytes &&
		    cg_number(cg, "memory.current") <= usage - bytes + SWAP_CACHE)
			return true;
		snprintf(request, sizeof(request), "256K swappiness=max");
		poll(NULL, 0, 5);
	} while (ms_since(&start) < PROC_HANG_MS);
	fprintf(stderr, "# cannot swap out %ld: usage %ld to %ld, swap %ld to %ld\n",
		bytes, usage, cg_number(cg, "memory.current"), swap,
		cg_number(cg, "memory.swap.current"));
	return false;
}

/* How many bytes of the caller's memory at @p it would have to get from swap. */
static inline long swapped(const char *p, size_t size)
{
	int fd = open("/proc/thread-self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry[64];
	long bytes = 0;

	must(fd >= 0 && size % (64 * PAGE) == 0);
	for (size_t at = 0; at < size; at += 64 * PAGE) {
		must(pread(fd, entry, sizeof(entry), (uintptr_t)(p + at) / PAGE * 8) ==
		     sizeof(entry));
		for (int i = 0; i < 64; i++)
			bytes += (entry[i] >> 62 & 1) * PAGE;
	}
	close(fd);
	return bytes;
}

/*
 * An open file of @size bytes that are a hole: reading it fills the page cache
 * with clean pages at no cost for the disk. It has no name any more.
 */
static inline int disk_hole(size_t size)
{
	char path[] = FILE_DIR "/hole.XXXXXX";
	int fd = mkstemp(path);

	must(fd >= 0);
	must(!unlink(path));
	must(!ftruncate(fd, size));
	return fd;
}

/* Reads @size bytes of the file from its start. */
static inline void read_through(int fd, size_t size)
{
	static char buf[1 << 16];

	for (size_t at = 0; at < size; at += sizeof(buf))
		must(pread(fd, buf, sizeof(buf), at) > 0);
}

/* A process of @cg reads the file, and is gone. */
static inline void read_in(const char *cg, int fd, size_t size)
{
	pid_t pid = cg_fork_bound(cg);

	if (!pid) {
		read_through(fd, size);
		_exit(0);
	}
	must(pid > 0);
	must(proc_end(pid) == 0);
}

/* How many bytes of the file's first @size are in memory. */
static inline long cached(int fd, size_t size)
{
	static unsigned char vec[MB(64) / PAGE];
	void *p = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	long bytes = 0;

	must(p != MAP_FAILED && size <= MB(64));
	must(!mincore(p, size, vec));
	for (size_t i = 0; i < size / PAGE; i++)
		bytes += (vec[i] & 1) * PAGE;
	munmap(p, size);
	return bytes;
}

/*
 * The cgroup that the page of the file at @offset is charged to. Looking makes
 * nobody an owner: the page has to be in memory already (-EAGAIN).
 */
static inline long file_page_cgroup(int fd, off_t offset)
{
	char *p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, offset);
	unsigned char vec = 0;
	long ino;

	must(p != MAP_FAILED);
	must(!mincore(p, PAGE, &vec));
	if (vec & 1) {
		(void)*(volatile char *)p;
		ino = page_cgroup(p);
	} else {
		ino = -EAGAIN;
	}
	munmap(p, PAGE);
	return ino;
}

#endif /* BULKHEAD_MEMCG_DISK_H */

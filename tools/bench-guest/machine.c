// SPDX-License-Identifier: GPL-2.0
/*
 * As process 1 of an emulated machine: a kernel, this program and a plan are all
 * there is. The first serial line is the kernel's console, the second the way out.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "../init/guest.h"
#include "bench-guest.h"

#define RESULTS_LINE	"/dev/ttyS1"

/* Bytes of pages that a CPU keeps for itself. */
#define KEPT		(24UL << 20)

_Noreturn void machine_end(void)
{
	/* The last bytes must have left the line before the machine does. */
	tcdrain(STDOUT_FILENO);
	sync();
	reboot(RB_AUTOBOOT);
	_exit(1);
}

static void mount_at(const char *type, const char *dir, const char *data)
{
	if ((mkdir(dir, 0755) && errno != EEXIST) || mount(type, dir, type, 0, data))
		kmsg("cannot mount %s on %s: %m", type, dir);
}

static void loopback_up(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	if (ioctl(fd, SIOCSIFFLAGS, &ifr))
		kmsg("lo: %m");
	close(fd);
}

/*
 * Until the kernel holds its random numbers to be random, each one is dearer, with a program, a task
 * or a port. Nothing is left to chance here, so it never would, or in the middle of a run.
 */
static void seed_random(void)
{
	struct {
		struct rand_pool_info head;
		char bytes[64];
	} pool = { .head = { .entropy_count = 8 * sizeof(pool.bytes), .buf_size = sizeof(pool.bytes) } };
	int fd = open("/dev/random", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, RNDADDENTROPY, &pool))
		kmsg("/dev/random: %m");
	close(fd);
}

/*
 * How many pages a CPU keeps, free, changes with what it has done. Here it keeps more than any batch needs,
 * and has them.
 */
static void fill_page_lists(void)
{
	void *pages;

	if (write_text("/proc/sys/vm/percpu_pagelist_high_fraction", "8")) {
		kmsg("percpu_pagelist_high_fraction: %m");
		return;
	}
	pages = mmap(NULL, KEPT, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (pages != MAP_FAILED)
		munmap(pages, KEPT);
}

void machine_init(void)
{
	struct termios t;
	int fd;

	mount_at("proc", "/proc", NULL);
	mount_at("sysfs", "/sys", NULL);
	mount_at("devtmpfs", "/dev", NULL);
	mount_at("tmpfs", "/tmp", NULL);
	mount_at("debugfs", "/sys/kernel/debug", NULL);
	mount_at("cgroup2", CGROUP_DIR, NULL);
	loopback_up();
	seed_random();
	fill_page_lists();

	fd = open(RESULTS_LINE, O_RDWR | O_NOCTTY);
	if (fd < 0) {
		kmsg("%s: %m", RESULTS_LINE);
		reboot(RB_AUTOBOOT);
	}
	if (!tcgetattr(fd, &t)) {
		cfmakeraw(&t);
		tcsetattr(fd, TCSANOW, &t);
	}
	dup2(fd, STDOUT_FILENO);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * A kernel for a machine, which an emulator is: it sees no folder of the host, so
 * all that a boot needs is in an initramfs of its own. The kernel's console is the
 * first serial line, the guest's terminal the second; init tells the status on the
 * console.
 */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot.h"
#include "../lib/cpio.h"
#include "../lib/util.h"

/* What a root folder takes away from the memory that a suite asks for. */
#define ROOT_SIZE	(96ULL << 20)

#define SUITES		"suites/"
#define STATUS		"bulkhead-init: status: "

/* What put_entry() is called for; nftw(3) hands on nothing of the caller's. */
static FILE *archive;
static size_t skip;
static char *const *command;

/* Whether @name, below suites/, is on the way to what @arg, a path, names, or part of it. */
static bool leads_to(const char *name, const char *arg)
{
	size_t n = strlen(name), m = strlen(arg);

	return n <= m ? !strncmp(arg, name, n) && (arg[n] == '/' || !arg[n]) :
			!strncmp(name, arg, m) && name[m] == '/';
}

/* Of the suites only those that the command names: all of them are too much for a memory. */
static bool is_wanted(const char *name)
{
	char *const *arg;

	if (strncmp(name, SUITES, strlen(SUITES)))
		return true;
	for (arg = command; *arg; arg++)
		if (**arg == '/' && leads_to(name, *arg + 1))
			return true;
	return false;
}

static int put_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	const char *name = path + skip;
	char target[4096];
	ssize_t n;

	(void)ftw;
	name += *name == '/';
	if (!*name || !is_wanted(name))
		return 0;
	if (type == FTW_D) {
		cpio_entry(archive, name, st->st_mode, NULL, 0);
		return 0;
	}
	if (type == FTW_F)
		return cpio_file(archive, name, st->st_mode & 07777, path);
	n = type == FTW_SL ? readlink(path, target, sizeof(target)) : -1;
	if (n < 0)
		return -1;
	cpio_entry(archive, name, st->st_mode, target, n);
	return 0;
}

static void put_job(const struct instance *in, const char *name)
{
	char *path = xasprintf("%s/%s", in->dir, name), *to = xasprintf("bulkhead/%s", name);

	if (cpio_file(archive, to, 0644, path))
		die(EXIT_NO_BOOT, "%s: %s", path, strerror(errno));
	free(path);
	free(to);
}

static char *make_initramfs(const struct instance *in, const struct options *o)
{
	char *path = xasprintf("%s/initramfs", in->dir), *root = xasprintf("%s/rootfs", o->guest);

	archive = fopen(path, "we");
	if (!archive)
		die(EXIT_NO_BOOT, "%s: %s", path, strerror(errno));
	skip = strlen(root);
	command = o->argv;
	if (nftw(root, put_entry, 16, FTW_PHYS))
		die(EXIT_NO_BOOT, "%s: %s", root, strerror(errno));
	cpio_entry(archive, "bulkhead", S_IFDIR | 0755, NULL, 0);
	put_job(in, "job");
	put_job(in, "argv");
	if (cpio_end(archive))
		die(EXIT_NO_BOOT, "%s: %s", path, strerror(errno));
	free(root);
	return path;
}

/* The console shows all, or what went wrong there would not be seen. */
#define KERNEL_WORDS	"console=ttyS0 printk.time=1 printk.devkmsg=on panic=-1 reboot=t " \
			"rdinit=/sbin/init bulkhead.run=initramfs"

char **machine_arguments(const struct instance *in, const struct options *o)
{
	const char *words[] = {
		o->emulator, "-M", "pc,hpet=off", "-accel", "tcg", "-cpu", "max", "-nodefaults",
		"-no-user-config", "-no-reboot", "-display", "none", "-monitor", "none",
		"-smp", xasprintf("%ld", o->cpus),
		"-m", xasprintf("%lluM", (o->memory + ROOT_SIZE) >> 20),
		"-serial", xasprintf("file:/proc/self/fd/%d", FD_CONSOLE),
		"-serial", xasprintf("file:/proc/self/fd/%d", FD_TERMINAL),
		"-kernel", o->kernel, "-initrd", make_initramfs(in, o),
		"-append", xasprintf("%s %s", KERNEL_WORDS, o->append ?: ""),
	};
	char **argv = xrealloc(NULL, sizeof(words) + sizeof(*argv));

	memcpy(argv, words, sizeof(words));
	argv[ARRAY_SIZE(words)] = NULL;
	return argv;
}

char *machine_status(const char *console, size_t len)
{
	char *text = xasprintf("%.*s", (int)len, console), *at = NULL, *p, *status = NULL;

	for (p = text; (p = strstr(p, STATUS)); p++)
		at = p;
	if (at) {
		at += strlen(STATUS);
		at[strcspn(at, "\r\n")] = '\0';
		status = xstrdup(at);
	}
	free(text);
	return status;
}

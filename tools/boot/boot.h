/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BULKHEAD_BOOT_H
#define BULKHEAD_BOOT_H

#include <stdbool.h>
#include <sys/types.h>

#define MAX_DISKS	16

/* Descriptors as the kernel's command line names them. */
#define FD_TERMINAL	3
#define FD_CONSOLE	4

/* Exit statuses of boot beyond those of the command (see boot.c). */
enum {
	EXIT_PANICKED	= 121,
	EXIT_SPLAT	= 122,
	EXIT_KILLED	= 123,
	EXIT_TIMED_OUT	= 124,
	EXIT_NO_BOOT	= 125,
};

/** struct options - one boot, as asked for on the command line */
struct options {
	const char *kernel;
	const char *emulator;		/* of the machine that it is for; NULL: it is a UML kernel */
	const char *guest;		/* the only folder of the host that the guest sees */
	const char *cgroup;
	const char *mode;		/* auto, seccomp, ptrace */
	const char *append;		/* more words for the kernel's command line */
	const char *output, *console, *result;
	unsigned long long memory;	/* bytes */
	struct {
		unsigned long long size;	/* of an empty one, or */
		char *file;			/* one that is kept */
	} disks[MAX_DISKS];
	int ndisks;
	long cpus, pin, timeout, grace;
	bool shell, leaks, tell_idle;
	char **argv;
};

/** struct instance - one kernel, from its start to its last process */
struct instance {
	pid_t pid;
	int out;			/* the guest's terminal: our end */
	int console;			/* the kernel's console: our end */
	char *dir;			/* the folder of this run, on the host */
	char *name;			/* of that folder, as the guest sees it */
};

/**
 * instance_start() - make the folder of the run and start the kernel
 * @in: the new instance
 * @o: what to start
 *
 * In a terminal session @in->out is the master of a pseudo-terminal, otherwise
 * the reading end of a pipe. Ends the program when the kernel can't be started.
 */
void instance_start(struct instance *in, const struct options *o);

/**
 * instance_end() - kill what is left of the instance and remove its folder
 * @in: a started instance whose main process may still run
 * @status: wait status of the kernel's main process
 *
 * UML consists of several host processes, some in sessions of their own. All are
 * our descendants, and since we are their subreaper the orphans come to us:
 * killing children until there are none leaves nothing behind and touches
 * nothing else.
 */
void instance_end(struct instance *in, int *status);

/**
 * machine_arguments() - the command line of an emulator, and the initramfs that it needs
 * @in: the new instance; job and argv stand in its folder
 * @o: what to start
 */
char **machine_arguments(const struct instance *in, const struct options *o);

/**
 * machine_status() - what init told of the command
 * @console: the end of the console
 * @len: of it
 *
 * Return: the status, to be freed, or NULL.
 */
char *machine_status(const char *console, size_t len);

/** terminal_raw() - pass every key on; terminal_restore() undoes it */
void terminal_raw(void);
void terminal_restore(void);

/** terminal_copy_size() - give the pseudo-terminal @master our window's size */
void terminal_copy_size(int master);

#endif

// SPDX-License-Identifier: GPL-2.0
/*
 * bulkhead checkpoint NAME|PID: freezes a container or the cgroup of a process,
 * takes the process and all below it, thaws, and writes the image while they run on
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/checkpoint.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "../lib/util.h"
#include "bulkhead.h"
#include "cgroup.h"
#include "container.h"
#include "device.h"
#include "process.h"
#include "progress.h"
#include "say.h"
#include "tree.h"

/* How long the freezer may take: an image is worth waiting for. */
#define PATIENCE_MS	100000

struct arguments {
	const char *out;
	bool json;
	bool frozen;
	bool kill;		/* them, once the image is whole */
	const char *name;
	pid_t pid;		/* 0: @name is that of a container */
};

/* The cgroup of the tree, and whether it was us who froze it. */
struct freezer {
	char path[PATH_MAX];
	bool ours;
};

static const struct argp_option options[] = {
	{ "output", 'o', "FILE", 0, "write the image there, and not to standard output (-); an "
	  "earlier FILE is replaced when the image is whole", 0 },
	{ "leave-frozen", 'f', NULL, 0, "do not thaw them", 0 },
	{ "kill", 'k', NULL, 0, "kill them once the image is whole, and keep them frozen until "
	  "then; if it does not come about, they are thawed and go on", 0 },
	{ "json", 'J', NULL, 0, "print what was done as JSON, to standard error", 0 },
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;
	long pid;

	switch (key) {
	case 'o':
		a->out = strcmp(arg, "-") ? arg : NULL;
		return 0;
	case 'f':
		a->frozen = true;
		return 0;
	case 'k':
		a->kill = true;
		return 0;
	case 'J':
		a->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num)
			argp_error(state, "'%s': one container or process is enough", arg);
		if (arg[strspn(arg, "0123456789")])
			container_name_check(state, arg);
		else if (parse_int(arg, 1, INT_MAX, &pid))
			a->pid = pid;
		else
			argp_error(state, "'%s': no process id", arg);
		a->name = arg;
		return 0;
	case ARGP_KEY_END:
		if (!a->name)
			argp_usage(state);
		if (!a->out && isatty(STDOUT_FILENO))
			argp_error(state, "an image is not for a terminal; use --output");
		if (a->kill && a->frozen)
			argp_error(state, "--kill and --leave-frozen: only one of them");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	options, parse, "NAME|PID",
	"Writes an image of container NAME, or of process PID and all its descendants; what "
	"consists of digits is a PID. They stand still, "
	"in the freezer of their cgroup, only until their state is taken.\v"
	"Exit status: 0 done, 1 refused or failed, 2 bad usage.",
	NULL, NULL, NULL
};

static bool has_children(const struct freezer *f)
{
	struct stat st;

	/* a folder has a link for itself, one above, and one for each below */
	return !stat(f->path, &st) && st.st_nlink > 2;
}

/*
 * Of a cgroup with tasks as well as cgroups in it cgroup.events says "frozen" as soon
 * as all of the one or of the other are. The rest need a moment more.
 */
static int snapshot(int dev, const struct freezer *f, struct checkpoint_snapshot *s)
{
	int i, err = ioctl(dev, CHECKPOINT_SNAPSHOT, s);

	for (i = 0; err && errno == EBUSY && has_children(f) && i < 100; i++) {
		poll(NULL, 0, i < 20 ? 1 : 10);
		err = ioctl(dev, CHECKPOINT_SNAPSHOT, s);
	}
	return err;
}

/* Takes the tree while it is frozen. Returns how long that was, or -1. */
static double take(const struct arguments *a, int dev, int pidfd, struct freezer *f,
		   struct checkpoint_snapshot *s)
{
	double began = now_ms();
	int err;

	/* nobody is left frozen because we were told to end */
	process_catch_signals();
	err = cgroup_freeze(f->path, PATIENCE_MS, &f->ours);
	if (err) {
		fprintf(stderr, "bulkhead: cgroup %s: it cannot be frozen: %s\n", f->path,
			strerror(-err));
	} else {
		s->pidfd = pidfd;
		err = snapshot(dev, f, s);
		if (err)
			device_complain(dev, "checkpoint");
	}
	if (f->ours && (err || (!a->frozen && !a->kill)))
		cgroup_write(f->path, "cgroup.freeze", "0");
	if (err || !a->kill)
		process_let_signals();
	return err ? -1 : now_ms() - began;
}

/* Where an image goes: a file is replaced only once its successor is whole. */
struct output {
	char *path;		/* the file, or NULL for standard output */
	char *temporary;	/* what is written, or NULL for @path itself */
	int fd;
};

static int output_open(struct output *o, const char *name)
{
	struct stat st;

	*o = (struct output){ .fd = STDOUT_FILENO };
	if (!name)
		return 0;
	/* of a link, where it leads to */
	o->path = realpath(name, NULL);
	if (!o->path)
		o->path = strdup(name);
	if (!o->path)
		return -ENOMEM;
	if (!stat(o->path, &st) && !S_ISREG(st.st_mode)) {
		o->fd = open(o->path, O_WRONLY | O_CLOEXEC);
	} else {
		if (asprintf(&o->temporary, "%s.XXXXXX", o->path) < 0)
			return -ENOMEM;
		o->fd = mkostemp(o->temporary, O_CLOEXEC);
	}
	return o->fd < 0 ? -errno : 0;
}

/* Its bytes are on the disk before its name is: a crash leaves the old image or the new one. */
static int output_keep(const struct output *o)
{
	if (!o->temporary)
		return 0;
	return fsync(o->fd) || rename(o->temporary, o->path) ? -errno : 0;
}

static void output_drop(const struct output *o)
{
	if (o->temporary)
		unlink(o->temporary);
}

/* Writes the image. Returns 0, or a negative errno after it has said why. */
static int write_image(const char *name, int dev, struct checkpoint_write *w)
{
	const char *who = name ? name : "standard output";
	struct progress progress;
	struct output out;
	int err = output_open(&out, name);

	if (err) {
		fprintf(stderr, "bulkhead: %s: %s\n", who, strerror(-err));
		return err;
	}
	w->fd = out.fd;
	progress_start(&progress, who, out.fd);
	err = ioctl(dev, CHECKPOINT_WRITE, w) ? -errno : 0;
	progress_end(&progress);
	if (err) {
		errno = -err;
		device_complain(dev, who);
	} else {
		err = output_keep(&out);
		if (err)
			fprintf(stderr, "bulkhead: %s: %s\n", who, strerror(-err));
	}
	if (err)
		output_drop(&out);
	return err;
}

/* The cgroup of a process, and a pidfd of it. Returns that, or -1 after it has said why. */
static int find_process(pid_t pid, struct freezer *f)
{
	int pidfd = syscall(SYS_pidfd_open, pid, 0), err;

	err = pidfd < 0 ? 0 : cgroup_of(pid, f->path, sizeof(f->path));
	if (pidfd < 0)
		refuse("pid %d: no such process", pid);
	else if (err == -ENOENT)
		refuse("pid %d: it is in no cgroup v2", pid);
	else if (err == -ENODEV)
		refuse("pid %d: cgroup v2 is not mounted where its cgroup can be seen", pid);
	else if (err)
		refuse("pid %d: its cgroup: %s", pid, strerror(-err));
	else if (!cgroup_has(f->path, "cgroup.freeze"))
		refuse("pid %d: the root cgroup cannot be frozen; it must live in one of its own",
		       pid);
	else
		return pidfd;
	return -1;
}

/* The same of a container's first process. */
static int find_container(const char *name, struct freezer *f, struct container *c)
{
	int pidfd;

	if (container_find(name, c))
		return -1;
	pidfd = container_pidfd(c);
	if (pidfd < 0) {
		refuse("%s: its first process has ended", name);
		return -1;
	}
	memcpy(f->path, c->path, sizeof(f->path));
	return pidfd;
}

/* Kills what stands frozen, waits until its first process has ended, and removes its container. */
static int finish_off(const struct arguments *a, const struct container *c, int pidfd,
		      const struct freezer *f)
{
	struct pollfd ended = { .fd = pidfd, .events = POLLIN };
	int err = tree_kill(a->pid ? a->pid : c->state.pid);

	if (f->ours)
		cgroup_write(f->path, "cgroup.freeze", "0");
	if (err)
		return refuse("%s: it is saved, but cannot be killed: %s", a->name, strerror(-err));
	if (poll(&ended, 1, PATIENCE_MS) != 1)
		return refuse("%s: it is saved and was killed, but does not end", a->name);
	return a->pid ? 0 : container_destroy(c, CGROUP_PATIENCE_MS);
}

static int run(const struct arguments *a)
{
	struct container c;
	struct checkpoint_snapshot snapshot = { 0 };
	struct checkpoint_write write = { 0 };
	struct freezer freezer = { .ours = false };
	double frozen, began;
	int pidfd, dev, err;

	pidfd = a->pid ? find_process(a->pid, &freezer) : find_container(a->name, &freezer, &c);
	if (pidfd < 0)
		return EXIT_REFUSED;
	dev = device_open();
	frozen = take(a, dev, pidfd, &freezer, &snapshot);
	if (frozen < 0)
		return EXIT_REFUSED;
	began = now_ms();
	err = write_image(a->out, dev, &write);
	if (err && freezer.ours)
		cgroup_write(freezer.path, "cgroup.freeze", "0");
	else if (!err && a->kill)
		err = finish_off(a, &c, pidfd, &freezer);
	if (a->kill)
		process_let_signals();
	if (err)
		return EXIT_REFUSED;
	if (a->json)
		fprintf(stderr, "{\"tasks\": %u, \"pages\": %llu, \"bytes\": %llu, "
			"\"frozen_ms\": %.3f, \"write_ms\": %.3f}\n", snapshot.nr_tasks,
			(unsigned long long)write.pages, (unsigned long long)write.bytes,
			frozen, now_ms() - began);
	return 0;
}

int cmd_checkpoint(int argc, char **argv)
{
	struct arguments a = { 0 };

	argp_err_exit_status = EXIT_USAGE;
	argv[0] = "bulkhead checkpoint";
	argp_parse(&argp, argc, argv, 0, NULL, &a);
	return run(&a);
}

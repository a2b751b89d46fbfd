// SPDX-License-Identifier: GPL-2.0
/*
 * bulkhead checkpoint PID: freezes the cgroup of a process, takes the process
 * and all below it, thaws, and writes the image while they run on
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
#include <time.h>
#include <unistd.h>
#include "bulkhead.h"
#include "device.h"

struct arguments {
	const char *out;
	bool json;
	bool frozen;
	pid_t pid;
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
	{ "json", 'J', NULL, 0, "print what was done as JSON, to standard error", 0 },
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;
	char *end;
	long pid;

	switch (key) {
	case 'o':
		a->out = strcmp(arg, "-") ? arg : NULL;
		return 0;
	case 'f':
		a->frozen = true;
		return 0;
	case 'J':
		a->json = true;
		return 0;
	case ARGP_KEY_ARG:
		errno = 0;
		pid = strtol(arg, &end, 10);
		if (state->arg_num || end == arg || *end || errno || pid <= 0 || pid > INT_MAX)
			argp_error(state, "'%s': one process id is needed", arg);
		a->pid = pid;
		return 0;
	case ARGP_KEY_END:
		if (!a->pid)
			argp_usage(state);
		if (!a->out && isatty(STDOUT_FILENO))
			argp_error(state, "an image is not for a terminal; use --output");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	options, parse, "PID",
	"Writes an image of process PID and of all its descendants. They stand still, "
	"in the freezer of their cgroup, only until their state is taken.\v"
	"Exit status: 0 done, 1 refused or failed, 2 bad usage.",
	NULL, NULL, NULL
};

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

/* Reads the value at @key of a small file of the cgroup; -1 if there is none. */
static int cgroup_key(const struct freezer *f, const char *file, const char *key)
{
	char path[PATH_MAX + 32], text[256], *at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", f->path, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	if (n < 0)
		return -1;
	text[n] = '\0';
	at = strstr(text, key);
	return at ? atoi(at + strlen(key)) : -1;
}

static int cgroup_freeze(const struct freezer *f, bool freeze)
{
	char path[PATH_MAX + 32];
	int fd, err;

	snprintf(path, sizeof(path), "%s/cgroup.freeze", f->path);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = write(fd, freeze ? "1" : "0", 1) == 1 ? 0 : -errno;
	close(fd);
	return err;
}

/* Where cgroup v2 is mounted, and where in it @pid lives. */
static int find_cgroup(pid_t pid, struct freezer *f)
{
	char name[64], line[PATH_MAX + 64], mount[PATH_MAX] = "", type[64];
	FILE *in = fopen("/proc/self/mounts", "re");
	bool found = false;

	while (!found && in && fgets(line, sizeof(line), in))
		if (sscanf(line, "%*s %4095s %63s", mount, type) == 2 && !strcmp(type, "cgroup2"))
			found = true;
	if (in)
		fclose(in);
	snprintf(name, sizeof(name), "/proc/%d/cgroup", pid);
	in = fopen(name, "re");
	while (in && fgets(line, sizeof(line), in)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "0::", 3) || !found)
			continue;
		fclose(in);
		if (!strcmp(line + 3, "/"))
			return -ENOTSUP;
		if (snprintf(f->path, sizeof(f->path), "%s%s", mount, line + 3) >=
		    (int)sizeof(f->path))
			return -ENAMETOOLONG;
		return 0;
	}
	if (in)
		fclose(in);
	return -ENOENT;
}

/* Freezes, and waits until everybody stands. */
static int freeze(struct freezer *f)
{
	int i, err;

	if (cgroup_key(f, "cgroup.freeze", "") != 1) {
		err = cgroup_freeze(f, true);
		if (err)
			return err;
		f->ours = true;
	}
	/* There is an event, but it is a matter of a few milliseconds at most. */
	for (i = 0; i < 10000; i++) {
		if (cgroup_key(f, "cgroup.events", "frozen ") == 1)
			return 0;
		poll(NULL, 0, i < 100 ? 1 : 10);
	}
	return -ETIMEDOUT;
}

/* Takes the tree while it is frozen. Returns how long that was, or -1. */
static double take(const struct arguments *a, int dev, int pidfd, struct freezer *f,
		   struct checkpoint_snapshot *s)
{
	double began = now_ms();
	int err = freeze(f);

	if (err) {
		fprintf(stderr, "bulkhead: cgroup %s: it cannot be frozen: %s\n", f->path,
			strerror(-err));
	} else {
		s->pidfd = pidfd;
		err = ioctl(dev, CHECKPOINT_SNAPSHOT, s);
		if (err)
			device_complain(dev, "checkpoint");
	}
	if (f->ours && (err || !a->frozen))
		cgroup_freeze(f, false);
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
	struct output out;
	int err = output_open(&out, name);

	if (err) {
		fprintf(stderr, "bulkhead: %s: %s\n", who, strerror(-err));
		return err;
	}
	w->fd = out.fd;
	if (ioctl(dev, CHECKPOINT_WRITE, w)) {
		err = -errno;
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

static int run(const struct arguments *a)
{
	struct checkpoint_snapshot snapshot = { 0 };
	struct checkpoint_write write = { 0 };
	struct freezer freezer = { .ours = false };
	int pidfd = syscall(SYS_pidfd_open, a->pid, 0), dev, err;
	double frozen, began;

	err = pidfd < 0 ? -ENOENT : find_cgroup(a->pid, &freezer);
	if (err == -ENOENT) {
		fprintf(stderr, "bulkhead: pid %d: %s\n", a->pid,
			pidfd < 0 ? "no such process" : "it is in no cgroup v2");
		return EXIT_REFUSED;
	}
	if (err) {
		fprintf(stderr, "bulkhead: pid %d: the root cgroup cannot be frozen; "
			"it must live in one of its own\n", a->pid);
		return EXIT_REFUSED;
	}
	dev = device_open();
	frozen = take(a, dev, pidfd, &freezer, &snapshot);
	if (frozen < 0)
		return EXIT_REFUSED;
	began = now_ms();
	err = write_image(a->out, dev, &write);
	if (err) {
		if (freezer.ours)
			cgroup_freeze(&freezer, false);
		return EXIT_REFUSED;
	}
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

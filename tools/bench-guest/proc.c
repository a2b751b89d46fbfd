// SPDX-License-Identifier: GPL-2.0
/*
 * Containers that read the files of /proc, all at once: sys-proc.
 *
 * A container is a cgroup with pid and cgroup namespaces, whose init does the reading, and tasks
 * that sleep. The same process reads, by the name of the variant,
 *
 *	stats	a procfs of its own with stats=cgroup
 *	lxcfs	what LXCFS, which runs in the guest, has in the place of the file
 *	others	a plain procfs of its own
 *
 * Only sysfs goes by who asks: what others read there is read in a container that has no cgroup
 * namespace. A batch begins when the readers are told, and ends when the last has answered.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench-guest.h"

#define LXCFS		"/usr/bin/lxcfs"
#define LXCFS_DIR	"/tmp/lxcfs"
#define LXCFS_PATIENCE	500		/* hundredths of a second until its files are there */
#define DISK		"/dev/ubda"
#define ONLINE		"sys/devices/system/cpu/online"

/* What LXCFS has a version of, for the crowd: of the others there is nothing to compare. */
static const char * const all_files[] = {
	"meminfo", "stat", "uptime", "loadavg", "cpuinfo", "swaps", "diskstats", ONLINE, NULL
};

static char *controllers[] = { "memory", "cpu", "cpuset", "io", "pids", NULL };

/* What a reader is told. */
struct order {
	unsigned long passes;
	char file[64], as[16];
};

struct box {
	int to, from;
};

/* Containers of one kind: more are made when more are asked for. */
static struct crowd {
	bool cgroup_ns;
	unsigned long tasks, n;
	struct box *boxes;
	struct crowd *next;
} *crowds;

static int read_to_end(const char *path)
{
	static char buf[65536];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		;
	n = n ? -errno : 0;
	close(fd);
	return n;
}

static int read_file_as(const char *as, const char *proc, const char *file)
{
	char path[256];

	if (!strcmp(as, "lxcfs"))
		snprintf(path, sizeof(path), LXCFS_DIR "/%s%s", strcmp(file, ONLINE) ? "proc/" : "", file);
	else if (!strcmp(file, ONLINE))
		snprintf(path, sizeof(path), "/" ONLINE);
	else
		snprintf(path, sizeof(path), "%s-%s/%s", proc, strcmp(as, "stats") ? "plain" : "stats",
			 file);
	return read_to_end(path);
}

static int carry_out(const char *proc, const struct order *o)
{
	const char * const one[] = { o->file, NULL };
	const char * const *files = strcmp(o->file, "all") ? one : all_files;
	unsigned long i;
	int err = 0, k;

	for (i = 0; i < o->passes && !err; i++)
		for (k = 0; files[k] && !err; k++)
			err = read_file_as(o->as, proc, files[k]);
	return err;
}

/* So that the cgroup has a line in its diskstats. */
static void use_disk(void)
{
	static char sector[4096] __attribute__((aligned(4096)));
	int fd = open(DISK, O_RDONLY | O_DIRECT | O_CLOEXEC);

	if (fd < 0)
		return;
	if (read(fd, sector, sizeof(sector)) < 0)
		perror(DISK);
	close(fd);
}

static int mount_proc(const char *proc, const char *kind, const char *options)
{
	char dir[96];

	snprintf(dir, sizeof(dir), "%s-%s", proc, kind);
	if ((mkdir(dir, 0755) && errno != EEXIST) || mount("proc", dir, "proc", 0, options))
		return -errno;
	return 0;
}

_Noreturn static void sleep_for_ever(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

/* As init of the container; says 0 or an error first, and then once for each order. */
_Noreturn static void live(const struct crowd *c, const char *proc, int to, int from)
{
	struct order o;
	unsigned long i;
	int err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	use_disk();
	for (i = 1; i < c->tasks; i++)
		if (!fork())
			sleep_for_ever();
	err = mount_proc(proc, "plain", NULL);
	if (!err && c->cgroup_ns)
		err = mount_proc(proc, "stats", "stats=cgroup");
	while (write(from, &err, sizeof(err)) == sizeof(err) &&
	       read(to, &o, sizeof(o)) == sizeof(o))
		err = carry_out(proc, &o);
	_exit(0);
}

static int make_box(struct crowd *c, struct box *b)
{
	char name[48], cgroup[64], words[64], proc[64];
	int to[2], from[2], err;
	pid_t pid;

	snprintf(name, sizeof(name), "%s-%lu-%lu", c->cgroup_ns ? "box" : "open", c->tasks, c->n);
	snprintf(cgroup, sizeof(cgroup), "containers/%s", name);
	snprintf(proc, sizeof(proc), "/tmp/%s", name);
	/* It takes the path apart. */
	err = make_cgroup(strcpy(words, cgroup), controllers);
	if (!err)
		err = cgroup_write(cgroup, "memory.max", "64M");
	if (err)
		return err;
	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		err = cgroup_write(cgroup, "cgroup.procs", "0");
		if (!err && unshare(CLONE_NEWPID | (c->cgroup_ns ? CLONE_NEWCGROUP : 0)))
			err = -errno;
		if (!err && !fork())
			live(c, proc, to[0], from[1]);
		if (err && write(from[1], &err, sizeof(err)) < 0)
			_exit(1);
		sleep_for_ever();
	}
	if (pid < 0)
		return -errno;
	close(to[0]);
	close(from[1]);
	*b = (struct box){ .to = to[1], .from = from[0] };
	if (read(b->from, &err, sizeof(err)) != sizeof(err))
		return -ECHILD;
	return err;
}

static int start_lxcfs(void)
{
	static bool started;
	char words[16];
	int err, i;

	if (started)
		return 0;
	if (access(LXCFS, X_OK))
		return -errno;
	if (mkdir(LXCFS_DIR, 0755) && errno != EEXIST)
		return -errno;
	/* As a service has it: what is limited must be in a cgroup that is not the root. */
	err = make_cgroup(strcpy(words, "lxcfs"), controllers);
	if (err)
		return err;
	if (!fork()) {
		int null = open("/dev/null", O_RDWR);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		if (cgroup_write("lxcfs", "cgroup.procs", "0"))
			_exit(127);
		execl(LXCFS, "lxcfs", "-f", "-p", "/tmp/lxcfs.pid", LXCFS_DIR, NULL);
		_exit(127);
	}
	for (i = 0; i < LXCFS_PATIENCE && access(LXCFS_DIR "/proc/meminfo", R_OK); i++)
		usleep(10000);
	started = i < LXCFS_PATIENCE;
	return started ? 0 : -ETIMEDOUT;
}

static struct crowd *find_crowd(const struct batch *b)
{
	bool machines = strcmp(b->as, "stats") && strcmp(b->as, "lxcfs");
	bool cgroup_ns = !machines || strcmp(b->file, ONLINE);
	struct crowd *c;

	for (c = crowds; c; c = c->next)
		if (c->cgroup_ns == cgroup_ns && c->tasks == b->tasks)
			return c;
	c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->cgroup_ns = cgroup_ns;
	c->tasks = b->tasks;
	c->next = crowds;
	crowds = c;
	return c;
}

int proc_prepare(struct batch *b)
{
	struct crowd *c;
	int err;

	if (!*b->file || !*b->as)
		return -EINVAL;
	c = find_crowd(b);
	err = c ? 0 : -ENOMEM;
	if (!err && !strcmp(b->as, "lxcfs"))
		err = start_lxcfs();
	while (!err && c->n < b->boxes) {
		struct box *more = realloc(c->boxes, (c->n + 1) * sizeof(*more));

		if (!more)
			return -ENOMEM;
		c->boxes = more;
		err = make_box(c, &c->boxes[c->n]);
		c->n += !err;
	}
	return err;
}

int proc_read(const struct batch *b, unsigned long passes)
{
	struct crowd *c = find_crowd(b);
	struct order o = { .passes = passes };
	int err = 0, one;
	unsigned long i;

	strcpy(o.file, b->file);
	strcpy(o.as, b->as);
	for (i = 0; i < b->boxes; i++)
		if (write(c->boxes[i].to, &o, sizeof(o)) != sizeof(o))
			return -EPIPE;
	for (i = 0; i < b->boxes; i++) {
		if (read(c->boxes[i].from, &one, sizeof(one)) != sizeof(one))
			return -EPIPE;
		err = err ? err : one;
	}
	return err;
}

// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "boot.h"
#include "../lib/util.h"

static void write_job(const struct instance *in, const struct options *o)
{
	char *path = xasprintf("%s/job", in->dir);
	FILE *f = fopen(path, "we");
	char **arg;

	if (!f)
		die(EXIT_NO_BOOT, "%s: %s", path, strerror(errno));
	fprintf(f, "cgroup=%s\nshell=%d\nleaks=%d\ntimeout=%ld\n", o->cgroup, o->shell,
		o->leaks, o->timeout);
	if (o->emulator)
		fprintf(f, "terminal=/dev/ttyS1\n");
	if (o->shell && getenv("TERM"))
		fprintf(f, "term=%s\n", getenv("TERM"));
	if (fclose(f))
		die(EXIT_NO_BOOT, "%s: %s", path, strerror(errno));
	free(path);

	path = xasprintf("%s/argv", in->dir);
	f = fopen(path, "we");
	if (!f)
		die(EXIT_NO_BOOT, "%s: %s", path, strerror(errno));
	for (arg = o->argv; *arg; arg++)
		fwrite(*arg, strlen(*arg) + 1, 1, f);
	if (fclose(f))
		die(EXIT_NO_BOOT, "%s: %s", path, strerror(errno));
	free(path);
}

static void make_disks(const struct instance *in, const struct options *o)
{
	int i;

	for (i = 0; i < o->ndisks; i++) {
		char *path;
		int fd;

		if (o->disks[i].file)
			continue;
		path = xasprintf("%s/disk%d", in->dir, i);
		fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd < 0 || ftruncate(fd, o->disks[i].size))
			die(EXIT_NO_BOOT, "%s: cannot make a disk of %llu bytes: %s", path,
			    o->disks[i].size, strerror(errno));
		close(fd);
		free(path);
	}
}

/* What the kernel's --help offers decides what it can be asked for. */
static char *kernel_help(const char *kernel)
{
	char *buf = NULL, *cmd = xasprintf("exec '%s' --help 2>/dev/null", kernel);
	size_t len = 0;
	ssize_t n;
	FILE *f;

	if (strchr(kernel, '\''))
		die(EXIT_BAD_USAGE, "kernel '%s': the path must not contain a quote", kernel);
	f = popen(cmd, "re");
	if (!f)
		die(EXIT_NO_BOOT, "%s: %s", kernel, strerror(errno));
	n = getdelim(&buf, &len, '\0', f);
	pclose(f);
	free(cmd);
	if (n <= 0)
		die(EXIT_NO_BOOT, "%s --help says nothing: not a User-Mode Linux kernel?", kernel);
	return buf;
}

struct words {
	char *v[64];
	int n;
};

static void add(struct words *w, char *word)
{
	if (w->n == ARRAY_SIZE(w->v) - 1)
		die(EXIT_BAD_USAGE, "more than %zu words for the kernel's command line",
		    ARRAY_SIZE(w->v) - 1);
	w->v[w->n++] = word;
	w->v[w->n] = NULL;
}

static void kernel_arguments(struct words *w, const struct instance *in, const struct options *o)
{
	char *help = kernel_help(o->kernel);
	bool can_seccomp = strstr(help, "seccomp="), can_smp = strstr(help, "ncpus=");
	bool seccomp = strcmp(o->mode, "ptrace") && can_seccomp;
	char *append = xstrdup(o->append ?: ""), *word, *save;
	int i;

	if (!strcmp(o->mode, "seccomp") && !can_seccomp)
		die(EXIT_BAD_USAGE, "mode seccomp: %s cannot; Linux 6.16 or newer can", o->kernel);
	if (o->cpus > 1 && !can_smp)
		die(EXIT_BAD_USAGE, "%ld CPUs: %s has one CPU only; Linux 6.19 or newer with CONFIG_SMP has more",
		    o->cpus, o->kernel);
	if (o->cpus > 1 && !seccomp)
		die(EXIT_BAD_USAGE, "%ld CPUs need mode seccomp", o->cpus);
	free(help);

	add(w, xstrdup(o->kernel));
	add(w, xasprintf("mem=%lluM", o->memory >> 20));
	if (can_seccomp)
		add(w, xasprintf("seccomp=%s", seccomp ? "on" : "off"));
	if (can_smp)
		add(w, xasprintf("ncpus=%ld", o->cpus));
	add(w, xasprintf("hostfs=%s", o->guest));
	add(w, xasprintf("uml_dir=%s", in->dir));
	add(w, xstrdup("root=/dev/root"));
	add(w, xstrdup("rootfstype=hostfs"));
	add(w, xstrdup("rootflags=/rootfs"));
	add(w, xstrdup("ro"));
	add(w, xstrdup("init=/sbin/init"));
	add(w, xasprintf("bulkhead.run=/run/%s", in->name));
	add(w, xasprintf("con0=%s,fd:%d", o->shell ? "fd:3" : "null", FD_TERMINAL));
	add(w, xstrdup("con=null"));
	add(w, xasprintf("ssl0=null,fd:%d", FD_CONSOLE));
	add(w, xstrdup("console=ttyS0"));
	add(w, xstrdup("printk.time=1"));
	add(w, xstrdup("panic=-1"));
	for (i = 0; i < o->ndisks; i++)
		add(w, o->disks[i].file ? xasprintf("ubd%d=%s", i, o->disks[i].file) :
					  xasprintf("ubd%d=disk%d", i, i));
	for (word = strtok_r(append, " ", &save); word; word = strtok_r(NULL, " ", &save))
		add(w, xstrdup(word));
	free(append);
}

static void open_terminal(struct instance *in, const struct options *o, int *theirs)
{
	struct termios t;
	int fds[2];

	if (!o->shell) {
		if (pipe2(fds, O_CLOEXEC))
			die(EXIT_NO_BOOT, "pipe: %s", strerror(errno));
		in->out = fds[0];
		*theirs = fds[1];
		return;
	}
	in->out = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (in->out < 0 || grantpt(in->out) || unlockpt(in->out))
		die(EXIT_NO_BOOT, "pseudo-terminal: %s", strerror(errno));
	*theirs = open(ptsname(in->out), O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*theirs < 0)
		die(EXIT_NO_BOOT, "%s: %s", ptsname(in->out), strerror(errno));
	/* The line discipline that counts is the guest's own. */
	if (!tcgetattr(*theirs, &t)) {
		cfmakeraw(&t);
		tcsetattr(*theirs, TCSANOW, &t);
	}
	terminal_copy_size(in->out);
}

static void pin_to(long cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die(EXIT_NO_BOOT, "pin to CPU %ld: %s", cpu, strerror(errno));
}

static void become_kernel(const struct instance *in, const struct options *o, char **argv,
			  pid_t parent, int terminal, int console)
{
	struct rlimit no_core = { 0, 0 };
	int null = open("/dev/null", O_RDWR);
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_NO_BOOT);
	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setrlimit(RLIMIT_CORE, &no_core);	/* UML panics by abort(3) */
	if (o->pin >= 0)
		pin_to(o->pin);
	/* Out of the way of 3 and 4 first, then to their places. */
	terminal = fcntl(terminal, F_DUPFD_CLOEXEC, 10);
	console = fcntl(console, F_DUPFD_CLOEXEC, 10);
	if (dup2(null, 0) < 0 || dup2(console, 1) < 0 || dup2(console, 2) < 0 ||
	    dup2(terminal, FD_TERMINAL) < 0 || dup2(console, FD_CONSOLE) < 0 || chdir(in->dir)) {
		dprintf(console, "boot: %s: %s\n", in->dir, strerror(errno));
		_exit(EXIT_NO_BOOT);
	}
	if (null > 4)
		close(null);
	execvp(argv[0], argv);
	dprintf(FD_CONSOLE, "boot: cannot run the kernel '%s': %s\n", argv[0], strerror(errno));
	_exit(EXIT_NO_BOOT);
}

void instance_start(struct instance *in, const struct options *o)
{
	pid_t parent = getpid();
	struct words w = { .n = 0 };
	char **argv = w.v;
	int console[2], terminal;

	in->name = xasprintf("%d-%ld", parent, (long)now_ms());
	in->dir = xasprintf("%s/run/%s", o->guest, in->name);
	if (!o->emulator)
		kernel_arguments(&w, in, o);
	if (make_dirs(in->dir))
		die(EXIT_NO_BOOT, "%s: %s", in->dir, strerror(errno));
	write_job(in, o);
	make_disks(in, o);
	if (o->emulator)
		argv = machine_arguments(in, o);
	open_terminal(in, o, &terminal);
	if (pipe2(console, O_CLOEXEC))
		die(EXIT_NO_BOOT, "pipe: %s", strerror(errno));

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	in->pid = fork();
	if (in->pid < 0)
		die(EXIT_NO_BOOT, "fork: %s", strerror(errno));
	if (!in->pid)
		become_kernel(in, o, argv, parent, terminal, console[1]);
	close(terminal);
	close(console[1]);
	in->console = console[0];
	while (w.n)
		free(w.v[--w.n]);
}

static bool kill_children(void)
{
	char *path = xasprintf("/proc/self/task/%d/children", getpid());
	char *list = read_file(path, NULL), *p, *save;
	bool any = false;

	free(path);
	for (p = strtok_r(list ?: (char[]){""}, " ", &save); p; p = strtok_r(NULL, " ", &save)) {
		kill(atoi(p), SIGKILL);
		any = true;
	}
	free(list);
	return any;
}

void instance_end(struct instance *in, int *status)
{
	int st;
	pid_t pid;

	for (;;) {
		kill_children();
		pid = waitpid(-1, &st, 0);
		if (pid < 0 && errno == ECHILD)
			break;
		if (pid == in->pid)
			*status = st;
	}
	if (remove_tree(in->dir))
		fprintf(stderr, "boot: %s: %s\n", in->dir, strerror(errno));
	free(in->dir);
	free(in->name);
}

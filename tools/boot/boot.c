// SPDX-License-Identifier: GPL-2.0
/*
 * boot: boots one kernel, of User-Mode Linux or of a machine that QEMU emulates, for one
 * command, and says what became of it
 *
 * The verdict (--result's "verdict=", and the exit status):
 *
 *   passed      0          the command ended with 0 and the console is clean
 *   failed      N, 128+N   its exit status, or the signal that killed it
 *   panicked    121        the kernel panicked
 *   splat       122        the console shows a BUG, a WARNING, a lockdep report ...
 *   killed      123        the kernel ended without a verdict, or boot was interrupted
 *   timed-out   124        the time limit passed
 *   error       125        nothing could be booted
 *
 * and 2 for bad usage, with nothing started. Where a command's own status could
 * be mistaken for one of these, --result tells.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/signalfd.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/console.h"
#include "../lib/util.h"
#include "boot.h"

#define MAX_CPUS	64
#define TAIL_SIZE	4096
#define DRAIN_MS	1000

/** struct session - what is known of the boot while it runs and afterwards */
struct session {
	const struct options *o;
	struct instance in;
	struct console scan;
	int out_fd, console_fd;
	pid_t parent;
	double started, first_output;	/* ms */
	bool ended, out_of_time;
	int interrupted;		/* signal number */
	int status;			/* of the kernel's main process */
	char tail[TAIL_SIZE];		/* the end of the console, when it goes to no file */
	size_t tail_len;
};

static void write_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return;		/* the reader is gone; the guest goes on */
		p += done;
		n -= done;
	}
}

static bool take_output(struct session *s)
{
	char buf[16384];
	ssize_t n = read(s->in.out, buf, sizeof(buf));

	if (n <= 0)
		return n < 0 && (errno == EAGAIN || errno == EINTR);
	if (!s->first_output)
		s->first_output = now_ms();
	write_all(s->out_fd, buf, n);
	return true;
}

static bool take_console(struct session *s)
{
	char buf[16384];
	ssize_t n = read(s->in.console, buf, sizeof(buf));
	size_t keep;

	if (n <= 0)
		return n < 0 && (errno == EAGAIN || errno == EINTR);
	console_feed(&s->scan, buf, n);
	if (s->console_fd >= 0)
		write_all(s->console_fd, buf, n);
	if ((size_t)n >= sizeof(s->tail)) {
		memcpy(s->tail, buf + n - TAIL_SIZE, TAIL_SIZE);
		s->tail_len = TAIL_SIZE;
		return true;
	}
	keep = sizeof(s->tail) - n;
	if (keep > s->tail_len)
		keep = s->tail_len;
	memmove(s->tail, s->tail + s->tail_len - keep, keep);
	memcpy(s->tail + keep, buf, n);
	s->tail_len = keep + n;
	return true;
}

static void take_input(struct session *s)
{
	char buf[4096];
	ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));

	if (n > 0)
		write_all(s->in.out, buf, n);
}

static void take_signals(struct session *s, int sigfd)
{
	struct signalfd_siginfo info;

	while (read(sigfd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGWINCH)
			terminal_copy_size(s->in.out);
		else if (info.ssi_signo != SIGCHLD)
			s->interrupted = info.ssi_signo;
	}
	/* Orphans of the instance may have come to us: only its main process counts here. */
	if (waitpid(s->in.pid, &s->status, WNOHANG) == s->in.pid)
		s->ended = true;
}

static int block_signals(void)
{
	static const int handled[] = { SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH };
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < ARRAY_SIZE(handled); i++)
		sigaddset(&set, handled[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* The folder of the run, in which init leaves a file when it is done but for kmemleak. */
static int watch_for_idle(const struct session *s)
{
	int fd;

	if (!s->o->tell_idle)
		return -1;
	fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (fd >= 0 && inotify_add_watch(fd, s->in.dir, IN_CREATE) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Whether that is still to be looked for. */
static bool look_for_idle(const struct session *s, int fd)
{
	char buf[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	char *path = xasprintf("%s/idle", s->in.dir);
	bool idle = !access(path, F_OK);

	while (read(fd, buf, sizeof(buf)) > 0)
		;
	free(path);
	/* not to whoever adopted us */
	if (idle && getppid() == s->parent)
		kill(s->parent, SIGRTMIN);
	return !idle;
}

/* Moves bytes until the kernel has ended, or must be ended. */
static void run(struct session *s, int sigfd)
{
	/* Init watches the time itself and can say what hung; this is for when it cannot. */
	double deadline = s->o->timeout ?
		s->started + (s->o->timeout + s->o->grace) * 1e3 : 0;

	enum { SIGNALS, OUTPUT, CONSOLE, INPUT, IDLE };
	struct pollfd p[] = {
		[SIGNALS] = { .fd = sigfd, .events = POLLIN },
		[OUTPUT]  = { .fd = s->in.out, .events = POLLIN },
		[CONSOLE] = { .fd = s->in.console, .events = POLLIN },
		[INPUT]   = { .fd = s->o->shell ? STDIN_FILENO : -1, .events = POLLIN },
		[IDLE]    = { .fd = watch_for_idle(s), .events = POLLIN },
	};

	while (!s->ended && !s->interrupted) {
		double left = deadline - now_ms();

		if (deadline && left <= 0) {
			s->out_of_time = true;
			return;
		}
		poll(p, ARRAY_SIZE(p), deadline ? (int)left + 1 : -1);
		if (p[OUTPUT].revents && !take_output(s))
			p[OUTPUT].fd = -1;
		if (p[CONSOLE].revents && !take_console(s))
			p[CONSOLE].fd = -1;
		if (p[INPUT].revents)
			take_input(s);
		if (p[IDLE].revents && !look_for_idle(s, p[IDLE].fd))
			p[IDLE].fd = -1;
		if (p[SIGNALS].revents)
			take_signals(s, sigfd);
	}
}

/* What the kernel wrote before it ended is still in the pipes. */
static void drain(struct session *s)
{
	double end = now_ms() + DRAIN_MS;

	fcntl(s->in.out, F_SETFL, O_NONBLOCK);
	fcntl(s->in.console, F_SETFL, O_NONBLOCK);
	while (now_ms() < end) {
		struct pollfd p[] = {
			{ .fd = s->in.out, .events = POLLIN },
			{ .fd = s->in.console, .events = POLLIN },
		};

		poll(p, 2, 0);
		if (!((p[0].revents & POLLIN) && take_output(s)) &
		    !((p[1].revents & POLLIN) && take_console(s)))
			return;
	}
}

struct verdict {
	const char *name;
	int exit;
	char *status;		/* as init handed it back: "exit 3", "signal 11", or "" */
	char *reason;
};

static void judge_command(struct verdict *v)
{
	int n;

	if (sscanf(v->status, "exit %d", &n) == 1) {
		v->name = n ? "failed" : "passed";
		v->exit = n;
		v->reason = n ? xasprintf("exit status %d", n) : xstrdup("");
	} else if (sscanf(v->status, "signal %d", &n) == 1) {
		v->name = "failed";
		v->exit = 128 + n;
		v->reason = xasprintf("killed by signal %d (%s)", n, sigabbrev_np(n) ?: "?");
	} else {
		v->name = "error";
		v->exit = EXIT_NO_BOOT;
		v->reason = xasprintf("%s", strncmp(v->status, "error ", 6) ? v->status : v->status + 6);
	}
}

/* The kernel's own trouble comes before what the command thought of it. */
static struct verdict judge(struct session *s, char *status)
{
	struct verdict v = { .status = status ? trim(status) : xstrdup("") };
	const char *late = s->out_of_time || !strncmp(v.status, "timeout", 7) ? " (and timed out)" : "";
	enum console_kind kind = s->scan.kind;

	if (s->interrupted) {
		v.name = "killed";
		v.exit = EXIT_KILLED;
		v.reason = xasprintf("boot was interrupted by signal %d (%s)", s->interrupted,
				     sigabbrev_np(s->interrupted));
	} else if (kind == CONSOLE_PANIC) {
		v.name = "panicked";
		v.exit = EXIT_PANICKED;
		v.reason = xasprintf("%s%s", s->scan.first, late);
	} else if (kind == CONSOLE_SPLAT) {
		v.name = "splat";
		v.exit = EXIT_SPLAT;
		v.reason = xasprintf("%s%s", s->scan.first, late);
	} else if (*late) {
		v.name = "timed-out";
		v.exit = EXIT_TIMED_OUT;
		v.reason = xasprintf("not done after %ld s%s", s->o->timeout, s->out_of_time ?
				     "; the guest's init did not answer either" : "");
	} else if (*v.status) {
		judge_command(&v);
	} else if (WIFEXITED(s->status) && WEXITSTATUS(s->status) == EXIT_NO_BOOT) {
		v.name = "error";
		v.exit = EXIT_NO_BOOT;
		v.reason = xasprintf("cannot boot %s", s->o->kernel);
	} else {
		v.name = "killed";
		v.exit = EXIT_KILLED;
		v.reason = WIFSIGNALED(s->status) ?
			xasprintf("the kernel was killed by signal %d (%s)", WTERMSIG(s->status),
				  sigabbrev_np(WTERMSIG(s->status)) ?: "?") :
			xasprintf("the kernel ended (exit status %d) without a verdict",
				  WEXITSTATUS(s->status));
	}
	return v;
}

static void write_result(const struct session *s, const struct verdict *v, double ended)
{
	FILE *f = fopen(s->o->result, "we");

	if (!f)
		die(EXIT_NO_BOOT, "%s: %s", s->o->result, strerror(errno));
	fprintf(f, "verdict=%s\nstatus=%s\nms=%.0f\nfirst_output_ms=%.0f\nreason=%s\n", v->name,
		v->status, ended - s->started,
		s->first_output ? s->first_output - s->started : 0, v->reason);
	if (fclose(f))
		die(EXIT_NO_BOOT, "%s: %s", s->o->result, strerror(errno));
}

static void explain(const struct session *s, const struct verdict *v)
{
	if (!strcmp(v->name, "passed") || !strcmp(v->name, "failed"))
		return;
	fprintf(stderr, "boot: %s: %s\n", v->name, v->reason);
	if (s->o->console) {
		fprintf(stderr, "boot: the kernel's console is in %s\n", s->o->console);
	} else if (s->tail_len) {
		fprintf(stderr, "boot: the end of the kernel's console:\n");
		fwrite(s->tail, 1, s->tail_len, stderr);
	}
}

static int open_log(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		die(EXIT_BAD_USAGE, "%s: %s", path, strerror(errno));
	return fd;
}

enum {
	OPT_CGROUP = 256, OPT_MODE, OPT_APPEND, OPT_OUTPUT, OPT_CONSOLE, OPT_RESULT, OPT_LEAKS, OPT_GRACE,
	OPT_EMULATOR, OPT_TELL_IDLE
};

static const struct argp_option argp_options[] = {
	{ "kernel",  'k', "FILE",  0, "the kernel to boot", 1 },
	{ "emulator", OPT_EMULATOR, "PROGRAM", 0, "it is no UML kernel: QEMU of its architecture boots it (no disks, no --shell)", 1 },
	{ "guest",   'g', "DIR",   0, "the only folder of the host that the guest sees; its rootfs/ becomes the root", 1 },
	{ "memory",  'm', "SIZE",  0, "memory, e.g. 512M (default 256M)", 2 },
	{ "cpus",    'c', "N",     0, "virtual CPUs (default 1)", 2 },
	{ "pin",     'p', "CPU",   0, "run on this CPU of the host only", 2 },
	{ "mode",    OPT_MODE, "MODE", 0, "seccomp, ptrace or auto: how UML catches system calls (default auto: seccomp where the kernel can)", 2 },
	{ "disk",    'd', "SIZE|FILE", 0, "add an empty disk /dev/ubda, /dev/ubdb ... (a sparse file), or with a / in "
	  "it a file that is there and is kept; may be repeated", 2 },
	{ "cgroup",  OPT_CGROUP, "SPEC", 0, "v2 (default), v1:CONTROLLER,... or none", 2 },
	{ "append",  OPT_APPEND, "WORDS", 0, "more for the kernel's command line", 2 },
	{ "timeout", 't', "SECONDS", 0, "time limit; 0: none (default 120, in a terminal session 0)", 3 },
	{ "grace",   OPT_GRACE, "SECONDS", 0, "what the guest gets on top to report a timeout itself (default 10)", 3 },
	{ "leaks",   OPT_LEAKS, NULL, 0, "ask kmemleak before the end, where the kernel has it", 3 },
	{ "tell-idle", OPT_TELL_IDLE, NULL, 0, "send SIGRTMIN to the parent when the command has ended and only kmemleak is waited for", 3 },
	{ "shell",   's', NULL,    0, "a terminal session: the command gets this terminal", 3 },
	{ "output",  OPT_OUTPUT, "FILE", 0, "the guest's output (default: standard output)", 4 },
	{ "console", OPT_CONSOLE, "FILE", 0, "the kernel's console (default: its end is shown on trouble)", 4 },
	{ "result",  OPT_RESULT, "FILE", 0, "key=value lines: verdict, status, ms, first_output_ms, reason", 4 },
	{ 0 }
};

static void take_number(const char *what, const char *arg, long min, long max, long *value)
{
	if (!parse_int(arg, min, max, value))
		die(EXIT_BAD_USAGE, "%s '%s': not a number from %ld to %ld", what, arg, min, max);
}

static void take_disk(const char *arg, struct options *o)
{
	struct stat st;
	char *file;

	if (o->ndisks == MAX_DISKS)
		die(EXIT_BAD_USAGE, "more than %d disks", MAX_DISKS);
	if (!strchr(arg, '/')) {
		if (!parse_size(arg, &o->disks[o->ndisks].size) || !o->disks[o->ndisks].size)
			die(EXIT_BAD_USAGE, "disk '%s': not a size, e.g. 512M, nor a file with a / in it", arg);
		o->ndisks++;
		return;
	}
	file = realpath(arg, NULL);
	if (!file || stat(file, &st) || access(file, R_OK | W_OK))
		die(EXIT_BAD_USAGE, "disk '%s': %s", arg, strerror(errno));
	if (!S_ISREG(st.st_mode) || !st.st_size)
		die(EXIT_BAD_USAGE, "disk '%s': no regular file with something in it", arg);
	/* what separates words on the kernel's command line, and files in one of these */
	if (strpbrk(file, " ,:\""))
		die(EXIT_BAD_USAGE, "disk '%s': no blank, comma, colon or quote may be in its path", file);
	o->disks[o->ndisks++].file = file;
}

/* In bytes: what a guest can't have more of. */
static unsigned long long host_memory(void)
{
	struct sysinfo info;

	if (sysinfo(&info))
		return ULLONG_MAX;
	return 1ULL * (info.totalram + info.totalswap) * info.mem_unit;
}

static error_t take_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'k': o->kernel = arg; break;
	case 'g': o->guest = arg; break;
	case 's': o->shell = true; break;
	case 'c': take_number("CPU count", arg, 1, MAX_CPUS, &o->cpus); break;
	case 'p': take_number("host CPU", arg, 0, 1023, &o->pin); break;
	case 't': take_number("time limit", arg, 0, 1000000, &o->timeout); break;
	case OPT_GRACE: take_number("grace", arg, 0, 1000000, &o->grace); break;
	case OPT_CGROUP:
		if (!parse_cgroups(arg))
			die(EXIT_BAD_USAGE, "cgroup '%s': not v2, none or v1:CONTROLLER,...", arg);
		o->cgroup = arg;
		break;
	case OPT_MODE: o->mode = arg; break;
	case OPT_EMULATOR: o->emulator = arg; break;
	case OPT_APPEND: o->append = arg; break;
	case OPT_OUTPUT: o->output = arg; break;
	case OPT_CONSOLE: o->console = arg; break;
	case OPT_RESULT: o->result = arg; break;
	case OPT_LEAKS: o->leaks = true; break;
	case OPT_TELL_IDLE: o->tell_idle = true; break;
	case 'm':
		if (!parse_size(arg, &o->memory) || o->memory < 32ULL << 20)
			die(EXIT_BAD_USAGE, "memory '%s': not a size of at least 32M", arg);
		if (o->memory > host_memory())
			die(EXIT_BAD_USAGE, "memory '%s': this machine has %lluM, with its swap", arg,
			    host_memory() >> 20);
		break;
	case 'd':
		take_disk(arg, o);
		break;
	case ARGP_KEY_ARGS:
		o->argv = state->argv + state->next;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static void check_options(struct options *o)
{
	static char *shell[] = { "/bin/sh", "-l", NULL };
	char *rootfs, *kernel;

	if (!o->kernel || !o->guest)
		die(EXIT_BAD_USAGE, "--kernel and --guest are needed; try --help");
	if (!o->argv && o->shell)
		o->argv = shell;
	if (!o->argv)
		die(EXIT_BAD_USAGE, "no command; try --help");
	if (strcmp(o->mode, "auto") && strcmp(o->mode, "seccomp") && strcmp(o->mode, "ptrace"))
		die(EXIT_BAD_USAGE, "mode '%s': not auto, seccomp or ptrace", o->mode);
	if (o->emulator && (o->shell || o->ndisks))
		die(EXIT_BAD_USAGE, "an emulated machine has no disks here, and no terminal sessions");
	if (o->shell && !isatty(STDIN_FILENO))
		die(EXIT_BAD_USAGE, "a terminal session needs a terminal on standard input");
	kernel = realpath(o->kernel, NULL);
	if (!kernel || access(kernel, X_OK))
		die(EXIT_BAD_USAGE, "kernel '%s': %s", o->kernel, strerror(errno));
	o->kernel = kernel;
	rootfs = xasprintf("%s/rootfs/sbin/init", o->guest);
	if (access(rootfs, X_OK))
		die(EXIT_BAD_USAGE, "guest folder '%s' has no rootfs/sbin/init: %s", o->guest,
		    strerror(errno));
	free(rootfs);
	o->guest = realpath(o->guest, NULL);
	if (strchr(o->guest, ','))
		die(EXIT_BAD_USAGE, "guest folder '%s': UML cannot take a comma in its path", o->guest);
	if (o->timeout < 0)
		o->timeout = o->shell ? 0 : 120;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = argp_options, .parser = take_option, .args_doc = "[--] COMMAND [ARG...]",
		.doc = "Boot one kernel, run one command in it, exit with its status.\v"
		       "Exit status: the command's; 128+N when signal N killed it; 121 the kernel panicked, "
		       "122 it printed a splat, 123 it ended without a verdict, 124 the time limit passed, "
		       "125 nothing could be booted, 2 bad usage.",
	};
	struct options o = { .cgroup = "v2", .mode = "auto", .memory = 256ULL << 20, .cpus = 1,
			     .pin = -1, .timeout = -1, .grace = 10 };
	struct session s = { .o = &o, .console_fd = -1, .out_fd = STDOUT_FILENO, .parent = getppid() };
	struct verdict v;
	double ended;
	char *path;
	int sigfd;

	argp_err_exit_status = EXIT_BAD_USAGE;
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &o);
	check_options(&o);
	if (o.output)
		s.out_fd = open_log(o.output);
	if (o.console)
		s.console_fd = open_log(o.console);
	console_init(&s.scan);

	sigfd = block_signals();
	s.started = now_ms();
	instance_start(&s.in, &o);
	if (o.shell)
		terminal_raw();
	run(&s, sigfd);

	path = xasprintf("%s/status", s.in.dir);
	if (!s.ended)
		kill(s.in.pid, SIGKILL);
	drain(&s);
	console_end(&s.scan);
	v = judge(&s, o.emulator ? machine_status(s.tail, s.tail_len) : read_file(path, NULL));
	ended = now_ms();
	instance_end(&s.in, &s.status);
	terminal_restore();

	if (o.result)
		write_result(&s, &v, ended);
	explain(&s, &v);
	return v.exit;
}

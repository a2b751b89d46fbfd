// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's init: from a mounted root folder to one command and its status.
 *
 * The root is a folder of the host, seen through hostfs and left untouched: an
 * overlay with a tmpfs on top takes all writes. What to run comes in the
 * folder of this run (hostfs again, named by bulkhead.run= on the kernel's
 * command line), written by boot(1) of this project:
 *
 *   argv     the command, its arguments each ended by a NUL
 *   job      key=value lines, see read_job()
 *
 * and what became of it goes back to the same folder, or where that is in the initramfs of
 * an emulated machine, to the kernel's console:
 *
 *   status   "exit N", "signal N" or "error TEXT"; nothing when the kernel died
 *
 * The command's output is the terminal /dev/tty0 (UML's con0); the kernel's own
 * console is another line, so neither can garble the other.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"

#define RUN_DIR		"/run/bulkhead"
#define WORK_DIR	"/tmp/work"
#define CGROUP_DIR	"/sys/fs/cgroup"

/* kmemleak reports an object only when it is older than this */
#define KMEMLEAK_MIN_AGE_MS	5000

struct job {
	char cgroup[128];	/* v2, none, v1:CONTROLLER,... */
	char term[64];		/* $TERM of a terminal session */
	char terminal[64];	/* where the command's output goes */
	bool shell;		/* a terminal session instead of a batch command */
	bool leaks;		/* ask kmemleak before the end */
	int timeout;		/* seconds; 0: none */
	char *argv[256];
};

static volatile sig_atomic_t timed_out;
static bool emulated;		/* this is a machine, with everything in its initramfs */

static void finish(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

/**
 * finish() - hand the status back and power off
 * @fmt: the status line
 *
 * A status that could not be written is none: the host then reports that the
 * kernel ended without a verdict, which is the truth.
 */
static void finish(const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int n, fd;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	if (n > (int)sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n++] = '\n';

	fd = open(RUN_DIR "/status", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (emulated) {
		tcdrain(STDOUT_FILENO);
		sync();
		kmsg("status: %s", line);
		reboot(RB_AUTOBOOT);	/* which ends the emulator */
	}
	if (fd < 0 || write(fd, line, n) != n || fsync(fd) || close(fd))
		kmsg("cannot hand back the status '%s': %m", line);
	tcdrain(STDOUT_FILENO);
	sync();
	reboot(RB_POWER_OFF);
	_exit(1);		/* init ends: the kernel panics, and the host sees it */
}

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	kmsg("%s: %m", what);
	finish("error init: %s: %s", what, strerror(errno));
}

/* A mount that this kernel may lack; the suites that need it declare the option. */
static bool try_mount(const char *type, const char *dir, const char *data)
{
	if (mkdir(dir, 0755) && errno != EEXIST)
		return false;
	return !mount(type, dir, type, 0, data);
}

static void writable_root(void)
{
	must(!mount("tmpfs", "/mnt", "tmpfs", 0, "mode=755"), "mount tmpfs on /mnt");
	must(!mkdir("/mnt/upper", 0755) && !mkdir("/mnt/work", 0755) &&
	     !mkdir("/mnt/root", 0755), "make the overlay's folders");
	must(!mount("overlay", "/mnt/root", "overlay", 0,
		    "lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work"), "mount the overlay root");
	must(!chdir("/mnt/root") && !mount(".", "/", NULL, MS_MOVE, NULL) &&
	     !chroot(".") && !chdir("/"), "move to the overlay root");
}

static void mount_file_systems(void)
{
	must(try_mount("proc", "/proc", NULL), "mount /proc");
	must(try_mount("sysfs", "/sys", NULL), "mount /sys");
	must(try_mount("devtmpfs", "/dev", "mode=755"), "mount /dev");
	must(try_mount("tmpfs", "/tmp", "mode=1777"), "mount /tmp");
	must(try_mount("tmpfs", "/run", "mode=755"), "mount /run");
	try_mount("devpts", "/dev/pts", "gid=5,mode=620,ptmxmode=666");
	try_mount("tmpfs", "/dev/shm", "mode=1777");
	try_mount("mqueue", "/dev/mqueue", NULL);
	try_mount("debugfs", "/sys/kernel/debug", NULL);
	try_mount("tracefs", "/sys/kernel/tracing", NULL);
	try_mount("securityfs", "/sys/kernel/security", NULL);
	must(!mkdir(WORK_DIR, 0755), "make " WORK_DIR);

	/* devtmpfs has no links; shells and tools expect these */
	symlink("/proc/self/fd", "/dev/fd");
	symlink("/proc/self/fd/0", "/dev/stdin");
	symlink("/proc/self/fd/1", "/dev/stdout");
	symlink("/proc/self/fd/2", "/dev/stderr");
}

static void enter_run_folder(void)
{
	char cmdline[4096], *path, *end;

	must(read_text("/proc/cmdline", cmdline, sizeof(cmdline)) >= 0, "read /proc/cmdline");
	path = strstr(cmdline, "bulkhead.run=");
	if (!path) {
		kmsg("no bulkhead.run= on the kernel's command line: nothing to run");
		reboot(RB_POWER_OFF);
	}
	path += strlen("bulkhead.run=");
	end = path + strcspn(path, " \"\n");
	*end = '\0';
	must(!mkdir(RUN_DIR, 0755), "make " RUN_DIR);
	emulated = !strcmp(path, "initramfs");
	if (emulated) {
		must(!mount("/bulkhead", RUN_DIR, NULL, MS_BIND, NULL), "bind the folder of this run");
		return;
	}
	must(!mount("none", RUN_DIR, "hostfs", 0, path), "mount the folder of this run");
}

static void read_job(struct job *job)
{
	static char text[4096], args[65536];
	ssize_t n;
	char *line, *save, *p;
	int argc = 0;

	memset(job, 0, sizeof(*job));
	strcpy(job->terminal, "/dev/tty0");
	must(read_text(RUN_DIR "/job", text, sizeof(text)) >= 0, "read the job");
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *value = strchr(line, '=');

		if (!value)
			continue;
		*value++ = '\0';
		if (!strcmp(line, "cgroup"))
			snprintf(job->cgroup, sizeof(job->cgroup), "%s", value);
		else if (!strcmp(line, "term"))
			snprintf(job->term, sizeof(job->term), "%s", value);
		else if (!strcmp(line, "terminal"))
			snprintf(job->terminal, sizeof(job->terminal), "%s", value);
		else if (!strcmp(line, "shell"))
			job->shell = atoi(value);
		else if (!strcmp(line, "leaks"))
			job->leaks = atoi(value);
		else if (!strcmp(line, "timeout"))
			job->timeout = atoi(value);
		else
			kmsg("job: unknown key '%s'", line);
	}

	n = read_text(RUN_DIR "/argv", args, sizeof(args));
	must(n > 0, "read the command");
	for (p = args; p < args + n; p += strlen(p) + 1) {
		if (argc == (int)(sizeof(job->argv) / sizeof(*job->argv)) - 1)
			finish("error init: the command has more than %d words", argc);
		job->argv[argc++] = p;
	}
	/* A full buffer means that read_text() may have cut the last word off. */
	if (n == (ssize_t)sizeof(args) - 1)
		finish("error init: the command is longer than %zu bytes", sizeof(args) - 2);
}

static void enable_controllers(const char *root)
{
	char path[256], list[512], word[64], *save, *name;

	snprintf(path, sizeof(path), "%s/cgroup.controllers", root);
	if (read_text(path, list, sizeof(list)) < 0)
		return;
	snprintf(path, sizeof(path), "%s/cgroup.subtree_control", root);
	for (name = strtok_r(list, " \n", &save); name; name = strtok_r(NULL, " \n", &save)) {
		snprintf(word, sizeof(word), "+%s", name);
		if (write_text(path, word) < 0)
			kmsg("%s: cannot enable %s: %m", path, name);
	}
}

static void mount_cgroups(const char *spec)
{
	char dir[256], *list, *name, *save;

	if (!strcmp(spec, "none"))
		return;
	if (!strcmp(spec, "v2") || !*spec) {
		if (!try_mount("cgroup2", CGROUP_DIR, "nsdelegate"))
			kmsg("no cgroup2: %m");
		enable_controllers(CGROUP_DIR);
		return;
	}
	if (strncmp(spec, "v1:", 3))
		finish("error init: cgroup '%s': not v2, none or v1:CONTROLLER,...", spec);

	must(!mount("cgroup", CGROUP_DIR, "tmpfs", 0, "mode=755"), "mount tmpfs on " CGROUP_DIR);
	list = strdup(spec + 3);
	must(list, "strdup");
	for (name = strtok_r(list, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
		snprintf(dir, sizeof(dir), CGROUP_DIR "/%s", name);
		if (!try_mount("cgroup", dir, name))
			finish("error init: cgroup v1 controller '%s': %s", name, strerror(errno));
	}
	free(list);
	if (try_mount("cgroup2", CGROUP_DIR "/unified", NULL))
		enable_controllers(CGROUP_DIR "/unified");
}

static void loopback_up(void)
{
	struct ifreq ifr = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;		/* a kernel without a network has no lo */
	if (ioctl(fd, SIOCGIFFLAGS, &ifr) == 0) {
		ifr.ifr_flags |= IFF_UP | IFF_RUNNING;
		if (ioctl(fd, SIOCSIFFLAGS, &ifr))
			kmsg("lo: %m");
	}
	close(fd);
}

/* A batch command's output goes out byte for byte: no CR added, no echo. */
static void open_terminal(const char *path, bool raw)
{
	struct termios t;
	int in = open("/dev/null", O_RDONLY), out = open(path, O_WRONLY | O_NOCTTY);

	must(in >= 0 && out >= 0, "open the terminal");
	if (raw && !tcgetattr(out, &t)) {
		cfmakeraw(&t);
		tcsetattr(out, TCSANOW, &t);
	}
	must(dup2(in, 0) == 0 && dup2(out, 1) == 1 && dup2(out, 2) == 2, "set up stdio");
	if (in > 2)
		close(in);
	if (out > 2)
		close(out);
}

static void shell_terminal(void)
{
	int fd = open("/dev/tty0", O_RDWR);

	if (fd < 0 || ioctl(fd, TIOCSCTTY, 1))
		_exit(125);
	dup2(fd, 0);
	dup2(fd, 1);
	dup2(fd, 2);
	if (fd > 2)
		close(fd);
}

static pid_t start(const struct job *job)
{
	sigset_t none;
	pid_t pid = fork();

	if (pid)
		return pid;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	setenv("PATH", "/bin:/sbin:/usr/bin:/usr/sbin", 1);
	setenv("HOME", "/root", 1);
	setenv("TMPDIR", "/tmp", 1);
	setenv("LC_ALL", "C", 1);
	setenv("TERM", *job->term ? job->term : "dumb", 1);
	if (job->shell)
		shell_terminal();
	if (chdir(WORK_DIR))
		_exit(125);
	execvp(job->argv[0], job->argv);
	dprintf(STDERR_FILENO, "bulkhead: cannot run '%s': %m\n", job->argv[0]);
	_exit(errno == ENOENT ? 127 : 126);
}

/* What was going on, for whoever has to find out why the time ran out. */
static void report_tasks(void)
{
	struct dirent *d;
	DIR *proc = opendir("/proc");

	kmsg("time is up; the tasks are:");
	while (proc && (d = readdir(proc))) {
		char path[300], stat[512] = "", wchan[128] = "", stack[2048] = "";

		if (d->d_name[0] < '0' || d->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%s/cmdline", d->d_name);
		if (read_text(path, stat, sizeof(stat)) <= 0)
			continue;	/* a kernel thread */
		snprintf(path, sizeof(path), "/proc/%s/stat", d->d_name);
		read_text(path, stat, sizeof(stat));
		stat[strcspn(stat, "\n")] = '\0';
		snprintf(path, sizeof(path), "/proc/%s/wchan", d->d_name);
		read_text(path, wchan, sizeof(wchan));
		kmsg("%.60s wchan=%s", stat, wchan);
		snprintf(path, sizeof(path), "/proc/%s/stack", d->d_name);
		if (read_text(path, stack, sizeof(stack)) > 0)
			kmsg("%s", stack);
	}
	if (proc)
		closedir(proc);
}

static int wait_for(pid_t pid, int seconds)
{
	struct timespec now, end;
	sigset_t chld;
	int status;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += seconds;
	for (;;) {
		struct timespec left = { .tv_sec = 3600 };
		pid_t got;

		/* Everything that loses its parent comes here: reap it all. */
		while ((got = waitpid(-1, &status, WNOHANG)) > 0)
			if (got == pid)
				return status;
		if (seconds) {
			clock_gettime(CLOCK_MONOTONIC, &now);
			left.tv_sec = end.tv_sec - now.tv_sec;
			if (left.tv_sec <= 0)
				break;
		}
		sigtimedwait(&chld, NULL, &left);
	}
	timed_out = 1;
	report_tasks();
	return 0;
}

/* Nothing that the command left behind may outlive it. */
static void end_everything(void)
{
	struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };
	int rounds;

	kill(-1, SIGKILL);
	for (rounds = 0; rounds < 200; rounds++) {
		pid_t got;

		while ((got = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (got < 0)
			return;
		nanosleep(&pause, NULL);
	}
	kmsg("some tasks do not die");
	report_tasks();
}

static void find_leaks(void)
{
	const char *file = "/sys/kernel/debug/kmemleak";
	struct timespec age = {
		.tv_sec = KMEMLEAK_MIN_AGE_MS / 1000,
		.tv_nsec = (KMEMLEAK_MIN_AGE_MS % 1000) * 1000000L + 100000000L,
	};
	static char report[65536];

	if (access(file, W_OK))
		return;
	/* The host may give our CPUs to somebody else for so long. */
	close(open(RUN_DIR "/idle", O_WRONLY | O_CREAT, 0644));
	nanosleep(&age, NULL);
	/*
	 * kmemleak reports an object only when its content stood still since the
	 * scan before, so one scan finds nothing. The kernel announces what it
	 * found on the console, where the host reads it; the log gets the details.
	 */
	if (write_text(file, "scan") < 0 || write_text(file, "scan") < 0)
		kmsg("kmemleak: %m");
	if (read_text(file, report, sizeof(report)) > 0)
		kmsg("kmemleak report:\n%s", report);
}

int main(void)
{
	struct job job;
	sigset_t all;
	int status;
	pid_t pid;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);

	writable_root();
	mount_file_systems();
	enter_run_folder();
	read_job(&job);
	mount_cgroups(job.cgroup);
	loopback_up();
	open_terminal(job.terminal, !job.shell);
	umask(022);

	pid = start(&job);
	must(pid > 0, "fork");
	status = wait_for(pid, job.timeout);
	end_everything();
	if (timed_out)
		finish("timeout %d", job.timeout);
	if (job.leaks)
		find_leaks();
	if (WIFSIGNALED(status))
		finish("signal %d", WTERMSIG(status));
	finish("exit %d", WEXITSTATUS(status));
}

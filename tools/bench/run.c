// SPDX-License-Identifier: GPL-2.0
/* Boots: each a program whose standard output is what bench-guest says. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/text.h"
#include "../lib/util.h"
#include "bench.h"

#define MAX_PARALLEL	64

/* MiB of a timed kernel, when no benchmark needs more */
#define TIMED_MEMORY	512L

/* Of a counted one: with less than that it is short of memory in long runs, and looks twice for each page. */
#define COUNTED_MEMORY	"1024"

/** struct guest - one kernel that runs, or has run */
struct guest {
	struct table *t;
	size_t boot, kernel;
	pid_t pid;
	int out;
	FILE *raw;			/* everything it said */
	struct text_lines lines;
	size_t *done;			/* batches of the whole table */
	bool ended, failed;
};

static int copy_file(const char *from, const char *to, mode_t mode)
{
	size_t len;
	char *text = read_file(from, &len);
	int fd, err = 0;

	if (!text)
		return -1;
	fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		err = -1;
	if (fd >= 0)
		close(fd);
	free(text);
	return err;
}

/* Copies what is in a folder; false when it cannot. */
static bool copy_folder(const char *from, const char *to)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		execlp("cp", "cp", "-a", "--", xasprintf("%s/.", from), to, NULL);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && !status;
}

/* The least that boot(1) takes for a guest, with the plan in it. */
static char *make_guest_folder(const struct setup *s, const char *base, const char *plan)
{
	static const char * const folders[] = {
		"run", "rootfs/sbin", "rootfs/bin", "rootfs/dev", "rootfs/proc", "rootfs/sys",
		"rootfs/tmp", "rootfs/run", "rootfs/mnt", "rootfs/root", "rootfs/etc",
	};
	char *dir = xasprintf("%s.guest", base), *path;
	bool ok = true;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(folders); i++) {
		path = xasprintf("%s/%s", dir, folders[i]);
		ok = ok && !make_dirs(path);
		free(path);
	}
	path = xasprintf("%s/rootfs/sbin/init", dir);
	ok = ok && !copy_file(s->init, path, 0755);
	free(path);
	path = xasprintf("%s/rootfs/sbin/bench-guest", dir);
	ok = ok && !copy_file(s->guest, path, 0755);
	free(path);
	path = xasprintf("%s/rootfs/plan", dir);
	ok = ok && !copy_file(plan, path, 0644);
	free(path);
	if (!ok)
		die(EXIT_FAILURE, "%s: %s", dir, strerror(errno));
	path = xasprintf("%s/rootfs", dir);
	if (s->extra && !copy_folder(s->extra, path))
		die(EXIT_FAILURE, "%s: cannot be copied to %s", s->extra, path);
	free(path);
	return dir;
}

static int last_cpu(void)
{
	cpu_set_t set;
	int cpu;

	if (sched_getaffinity(0, sizeof(set), &set))
		return 0;
	for (cpu = CPU_SETSIZE - 1; cpu > 0 && !CPU_ISSET(cpu, &set); cpu--)
		;
	return cpu;
}

const char *kernel_path(const struct setup *s, const struct table *t, size_t kernel)
{
	const char *name = kernel_file_name(t, kernel);
	size_t i;

	if (!*name)
		return s->kernel[t->instrument];
	for (i = 0; i < s->nothers; i++)
		if (s->others[i].instrument == t->instrument && !strcmp(s->others[i].name, name))
			return s->others[i].path;
	return NULL;
}

/* What a boot's files are called. */
static char *boot_name(const struct guest *g, const struct setup *s)
{
	const char *kernel = g->t->kernels[g->kernel];

	return xasprintf("%s/%s.%zu%s%s", s->dir, instrument_name[g->t->instrument], g->boot,
			 *kernel ? "." : "", kernel);
}

static void exec_timed(const struct table *t, const struct setup *s, const char *kernel, const char *base,
		       const char *plan)
{
	char *dir = make_guest_folder(s, base, plan), *cpu = xasprintf("%d", last_cpu()), *memory;
	long most = TIMED_MEMORY;
	size_t i;

	for (i = 0; i < t->ncells; i++)
		if (t->cells[i].spec->memory > most)
			most = t->cells[i].spec->memory;
	memory = xasprintf("%ldM", most);

	execl(s->boot, "boot", "--kernel", kernel, "--guest", dir, "--memory", memory, "--disk", "64M",
	      "--timeout", "0", "--cgroup", "v2", "--console", xasprintf("%s.console", base),
	      s->no_pin ? "--cpus" : "--pin", s->no_pin ? "1" : cpu, "--",
	      "/sbin/bench-guest", "/plan", NULL);
	die(EXIT_FAILURE, "%s: %s", s->boot, strerror(errno));
}

static void exec_counted(const struct setup *s, const char *kernel, const char *base, const char *plan)
{
	char *initrd = xasprintf("%s.cpio", base);

	if (cpio_write(initrd, s->guest, plan, s->extra))
		die(EXIT_FAILURE, "%s: %s", initrd, strerror(errno));
	/*
	 * Nothing from outside may reach it: no clock, no entropy, no network, no device. What
	 * calibrates a timer does so by reading the clock for tenths of a second, which is most of
	 * a boot here: so it is told the frequency, and does without the timer of the APIC.
	 */
	execlp(s->qemu, "qemu-system-x86_64", "-M", "pc,hpet=off", "-accel", "tcg", "-cpu", "qemu64",
	       "-smp", "1", "-m", COUNTED_MEMORY, "-nodefaults", "-no-user-config", "-no-reboot",
	       "-display", "none", "-monitor", "none", "-icount", "shift=0,sleep=off",
	       "-rtc", "base=2026-01-01,clock=vm", "-seed", "1",
	       "-serial", xasprintf("file:%s.console", base), "-serial", "stdio",
	       "-kernel", kernel, "-initrd", initrd, "-append",
	       "console=ttyS0 nokaslr norandmaps tsc=reliable tsc_early_khz=1000000 nolapic_timer "
	       "panic=-1 reboot=t quiet", NULL);
	die(EXIT_FAILURE, "%s: %s", s->qemu, strerror(errno));
}

static void take_line(void *ctx, const char *text, bool complete)
{
	struct guest *g = ctx;
	char *line = xstrdup(text);

	fprintf(g->raw, "%s\n", text);
	switch (complete ? table_take(g->t, g->boot, trim(line)) : 0) {
	case 1:
		++*g->done;
		break;
	case 2:
		g->ended = true;
		break;
	case -1:
		g->failed = true;
		break;
	}
	free(line);
}

static void start(struct guest *g, const struct setup *s, size_t *expected)
{
	const char *kernel = kernel_path(s, g->t, g->kernel);
	char *base = boot_name(g, s);
	char *plan = xasprintf("%s.plan", base), *raw = xasprintf("%s.raw", base);
	FILE *f = fopen(plan, "we");
	int pipes[2];

	if (!f || pipe2(pipes, O_CLOEXEC))
		die(EXIT_FAILURE, "%s: %s", plan, strerror(errno));
	*expected += plan_write(g->t, g->boot, g->kernel, f);
	g->raw = fopen(raw, "we");
	if (fclose(f) || !g->raw)
		die(EXIT_FAILURE, "%s: %s", raw, strerror(errno));
	g->lines = (struct text_lines){ .line = take_line, .ctx = g };
	g->pid = fork();
	if (!g->pid) {
		int null = open("/dev/null", O_RDONLY);

		/* An interrupt from the terminal is for us; it ends with us. */
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		dup2(null, STDIN_FILENO);
		dup2(pipes[1], STDOUT_FILENO);
		if (g->t->instrument == TIMED)
			exec_timed(g->t, s, kernel, base, plan);
		exec_counted(s, kernel, base, plan);
	}
	close(pipes[1]);
	g->out = pipes[0];
	free(base);
	free(plan);
	free(raw);
}

static void finish(struct guest *g, const struct setup *s)
{
	struct table *t = g->t;
	int status;

	text_lines_end(&g->lines);
	fclose(g->raw);
	close(g->out);
	if (g->failed)
		kill(g->pid, SIGTERM);
	waitpid(g->pid, &status, 0);
	g->pid = 0;
	if (g->ended || t->error)
		return;
	t->error = xasprintf("boot %zu ended before its plan did; see %s.console", g->boot, boot_name(g, s));
}

static double busy_seconds(void)
{
	unsigned long long v[8] = { 0 };
	char *text = read_file("/proc/stat", NULL);

	if (text)
		sscanf(text, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &v[0], &v[1], &v[2], &v[3],
		       &v[4], &v[5], &v[6], &v[7]);
	free(text);
	return (double)(v[0] + v[1] + v[2] + v[5] + v[6]) / sysconf(_SC_CLK_TCK);
}

static double own_seconds(void)
{
	struct rusage self, children;

	getrusage(RUSAGE_SELF, &self);
	getrusage(RUSAGE_CHILDREN, &children);
	return self.ru_utime.tv_sec + self.ru_stime.tv_sec + children.ru_utime.tv_sec +
	       children.ru_stime.tv_sec + (self.ru_utime.tv_usec + self.ru_stime.tv_usec +
	       children.ru_utime.tv_usec + children.ru_stime.tv_usec) / 1e6;
}

static void say_progress(const struct table *t, const struct setup *s, size_t done, size_t expected,
			 double began)
{
	static double last;
	double now = now_ms(), spent = (now - began) / 1000;
	bool terminal = isatty(STDERR_FILENO);

	if (s->quiet || now - last < (terminal ? 500 : 15000))
		return;
	last = now;
	fprintf(stderr, "%s  %s: %zu of %zu batches, %.0f s", terminal ? "\r" : "",
		instrument_name[t->instrument], done, expected, spent);
	if (done && done < expected)
		fprintf(stderr, ", %.0f s left", spent * (expected - done) / done);
	fputs(terminal ? "\033[K" : "\n", stderr);
}

/* Boots some kernels, the i-th time the kernel i % @nkernels; returns the number of batches that came of it. */
static size_t boot_kernels(struct table *t, const struct setup *s, const size_t *kernels, size_t nkernels,
			   size_t first, size_t boots, size_t *expected)
{
	/* A kernel that is timed has its CPU for itself, as far as that is ours to say. */
	size_t parallel = t->instrument == TIMED ? 1 : sysconf(_SC_NPROCESSORS_ONLN);
	size_t next = 0, running = 0, done = 0, all = boots * nkernels, i;
	double began = now_ms();
	struct guest guests[MAX_PARALLEL] = { 0 };
	struct pollfd polls[MAX_PARALLEL];

	if (parallel > MAX_PARALLEL)
		parallel = MAX_PARALLEL;
	while (running || (next < all && !t->error)) {
		for (i = 0; i < parallel; i++) {
			if (!guests[i].pid && next < all && !t->error) {
				/* kernels take turns, for what the machine does meanwhile to meet all */
				guests[i] = (struct guest){
					.t = t, .done = &done, .boot = first + next / nkernels,
					.kernel = kernels[next % nkernels],
				};
				start(&guests[i], s, expected);
				next++;
				running++;
			}
			polls[i] = (struct pollfd){
				.fd = guests[i].pid ? guests[i].out : -1, .events = POLLIN,
			};
		}
		poll(polls, parallel, 500);
		for (i = 0; i < parallel; i++) {
			char buf[8192];
			ssize_t n;

			if (!guests[i].pid || !polls[i].revents)
				continue;
			n = read(guests[i].out, buf, sizeof(buf));
			if (n > 0)
				text_lines_feed(&guests[i].lines, buf, n);
			if (n > 0 && !guests[i].failed)
				continue;
			finish(&guests[i], s);
			running--;
		}
		say_progress(t, s, done, *expected / next * all, began);
	}
	if (!s->quiet && isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	return done;
}

/*
 * Boots those kernels of which @is_wanted says so, or all, and keeps account of it; false when not all
 * batches have come.
 */
static bool run_wanted(struct table *t, const struct setup *s, bool (*is_wanted)(const struct table *, size_t),
		       size_t first, size_t boots)
{
	size_t *kernels = xrealloc(NULL, (t->nkernels + 1) * sizeof(*kernels)), n = 0, expected = 0, done, i;
	double began = now_ms(), busy = busy_seconds(), own = own_seconds(), spent;

	for (i = 0; i < t->nkernels; i++)
		if (!is_wanted || is_wanted(t, i))
			kernels[n++] = i;
	if (!n) {
		free(kernels);
		return true;
	}
	done = boot_kernels(t, s, kernels, n, first, boots, &expected);
	free(kernels);
	if (!t->error && done != expected)
		t->error = xasprintf("%zu of %zu batches have no result", expected - done, expected);
	spent = (now_ms() - began) / 1000;
	busy = busy_seconds() - busy - (own_seconds() - own);
	t->busy = (t->busy * t->seconds + (busy > 0 ? busy : 0)) / (t->seconds + spent);
	t->seconds += spent;
	t->ran = !t->error;
	return t->ran;
}

bool measure(struct table *t, const struct setup *s)
{
	t->planned = t->boots;
	return run_wanted(t, s, NULL, 0, t->boots);
}

static volatile sig_atomic_t has_had_enough;

static void take_interrupt(int sig)
{
	static const char text[] = "  interrupted: no further boots after this one; once more to stop at once\n";

	(void)sig;
	has_had_enough = 1;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		return;
}

bool measure_further(struct table *t, const struct setup *s, size_t most)
{
	/* The first lets the boot end, and what there is be told; the second ends it all. */
	const struct sigaction enough = { .sa_handler = take_interrupt, .sa_flags = SA_RESTART | SA_RESETHAND };
	struct sigaction before;
	bool ok = true;
	size_t n;

	sigaction(SIGINT, &enough, &before);
	while (ok && !has_had_enough && t->boots < most && (n = table_sees_too_little(t))) {
		t->boots++;
		fprintf(stderr, "  %s: %zu %s not sure to within %.0f %% yet; boot %zu of at most %zu\n",
			instrument_name[t->instrument], n, n == 1 ? "operation is" : "operations are",
			100 * AA_MOST, t->boots, most);
		ok = run_wanted(t, s, kernel_is_measured_further, t->boots - 1, 1);
	}
	sigaction(SIGINT, &before, NULL);
	return ok;
}

bool measure_again(struct table *t, const struct setup *s)
{
	return run_wanted(t, s, table_is_open, t->boots, 1);
}

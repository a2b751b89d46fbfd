// SPDX-License-Identifier: GPL-2.0
/*
 * check: runs suites, each on a fresh kernel of its own, side by side
 *
 * A suite with one CPU is pinned to one CPU of the host: on UML each system call
 * is a hand-over between two host threads, many times cheaper when both stay on
 * one CPU. A suite that wants more takes as many CPUs of the host, unpinned. The
 * longest suites start first. What each boot said goes to runs.tsv in the run's
 * folder, its output to ktap/, the kernel's console to console/; reading them is
 * the business of report.
 *
 * Exit status: 0 when every suite was run or skipped, whatever it said; 1 when
 * something could not be run or the run was interrupted; 2 bad usage.
 */
#include <argp.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../lib/text.h"
#include "../lib/util.h"
#include "check.h"

#define MAX_SLOTS	256

struct host {
	int cpus[MAX_SLOTS];	/* those we may run on */
	const struct job *owner[MAX_SLOTS];	/* what runs there, or NULL */
	int n, free;
	int beside;		/* how many more that mostly wait may be started */
};

static void find_host_cpus(struct host *h)
{
	cpu_set_t set;
	int i;

	h->n = 0;
	if (!sched_getaffinity(0, sizeof(set), &set))
		for (i = 0; i < CPU_SETSIZE && h->n < MAX_SLOTS; i++)
			if (CPU_ISSET(i, &set))
				h->cpus[h->n++] = i;
	if (!h->n)
		die(1, "no CPU to run on: %s", strerror(errno));
	h->free = h->n;
	h->beside = h->n;
}

static int longest_first(const void *a, const void *b)
{
	const struct job *x = a, *y = b;

	if (x->expect != y->expect)
		return x->expect < y->expect ? 1 : -1;
	if (x->iteration != y->iteration)
		return x->iteration - y->iteration;
	return strcmp(x->suite->name, y->suite->name);
}

/* How long it took the last time beats what its author expected. */
static double expectation(const struct suite *s, const char *durations)
{
	const char *value = durations ? text_field(durations, s->name) : NULL;
	double seconds;

	return value && sscanf(value, "%lf", &seconds) == 1 ? seconds : s->expect;
}

static char *kernel_release(const char *kernel)
{
	char *cmd = xasprintf("exec '%s' --version 2>/dev/null", kernel), line[128] = "";
	FILE *f = popen(cmd, "re");

	if (!f || !fgets(line, sizeof(line), f) || pclose(f))
		die(EXIT_BAD_USAGE, "kernel '%s': it does not say its version", kernel);
	free(cmd);
	return xstrdup(trim(line));
}

static void load_suites(const struct check_options *o, char **patterns, struct suite **suites, int *n)
{
	static char *everything[] = { "*", NULL };
	char *dir = xasprintf("%s/rootfs/suites", o->guest), **names = NULL, *error;
	int i, nnames = 0;

	if (!patterns || !*patterns)
		patterns = everything;
	for (; *patterns; patterns++) {
		int found = suite_find(dir, *patterns, &names, &nnames);

		if (found < 0)
			die(EXIT_BAD_USAGE, "%s: %s", dir, strerror(errno));
		if (!found)
			die(EXIT_BAD_USAGE, "suite '%s': no such suite or group (make help lists them)",
			    *patterns);
	}
	*suites = xrealloc(NULL, (nnames + 1) * sizeof(**suites));
	for (i = 0; i < nnames; i++)
		if (!suite_load(dir, names[i], &(*suites)[i], &error))
			die(EXIT_BAD_USAGE, "%s", error);
	*n = nnames;
	free(dir);
}

static FILE *open_runs(const struct check_options *o)
{
	char *path = xasprintf("%s/runs.tsv", o->run);
	FILE *f;

	if (make_dirs(o->run))
		die(1, "%s: %s", o->run, strerror(errno));
	f = fopen(path, "we");
	if (!f)
		die(1, "%s: %s", path, strerror(errno));
	fprintf(f, "suite\titeration\tverdict\tstatus\tms\treason\n");
	free(path);
	return f;
}

static void record(FILE *runs, const char *suite, int iteration, const struct outcome *out)
{
	char *p;

	for (p = out->reason; *p; p++)
		if (*p == '\t' || *p == '\n')
			*p = ' ';
	fprintf(runs, "%s\t%d\t%s\t%s\t%.0f\t%s\n", suite, iteration, out->verdict, out->status,
		out->ms, out->reason);
	fflush(runs);
}

static void free_outcome(struct outcome *out)
{
	free(out->verdict);
	free(out->status);
	free(out->reason);
}

static void write_meta(const struct check_options *o, const struct kernel_facts *k, int kept,
		       double wall_ms)
{
	char *path = xasprintf("%s/meta", o->run), date[64];
	time_t now = time(NULL);
	FILE *f = fopen(path, "we");

	if (!f)
		die(1, "%s: %s", path, strerror(errno));
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S%z", localtime(&now));
	fprintf(f, "flavour=%s\nrelease=%s\nfeatures=%s\nrepeat=%ld\ncpus=%ld\nmode=%s\ndate=%s\nkept=%d\nwall_ms=%.0f\nagain=%s\n",
		o->flavour, k->release, k->features, o->repeat, o->cpus, o->mode, date, kept,
		wall_ms, o->again);
	if (fclose(f))
		die(1, "%s: %s", path, strerror(errno));
	free(path);
}

/* Puts on record what the suite said before; false if it has to be run. */
static bool keep(const struct check_options *o, const struct suite *suite, FILE *runs)
{
	struct job j = { .suite = suite, .iteration = 1 };
	struct outcome out;

	if (!kept_take(&j, o))
		return false;
	out = job_outcome(&j, "what was kept has no verdict");
	record(runs, suite->name, 1, &out);
	free_outcome(&out);
	return true;
}

/*
 * Suites that cannot run are on record with the reason, those that are @kept with
 * what they said; the others become jobs.
 */
static int make_jobs(const struct check_options *o, const struct kernel_facts *k,
		     const struct suite *suites, int nsuites, int host_cpus, FILE *runs,
		     struct job *jobs, int *kept)
{
	char *durations = o->durations ? read_file(o->durations, NULL) : NULL;
	int i, n = 0, it;

	for (i = 0; i < nsuites; i++) {
		struct outcome out = { .verdict = "skipped", .status = "" };

		out.reason = suite_obstacle(&suites[i], k);
		if (out.reason) {
			record(runs, suites[i].name, 1, &out);
			free(out.reason);
			continue;
		}
		if (keep(o, &suites[i], runs)) {
			++*kept;
			continue;
		}
		for (it = 1; it <= o->repeat; it++) {
			long cpus = o->cpus ?: suites[i].cpus;

			jobs[n++] = (struct job) {
				.suite = &suites[i], .iteration = it, .slot = -1,
				.slots = suites[i].waits ? 0 :
					 cpus < host_cpus ? cpus : host_cpus,
				.expect = expectation(&suites[i], durations),
			};
		}
	}
	free(durations);
	qsort(jobs, n, sizeof(*jobs), longest_first);
	return n;
}

static int held(const struct host *h, const struct job *j)
{
	int slot, n = 0;

	for (slot = 0; slot < h->n; slot++)
		n += h->owner[slot] == j;
	return n;
}

/*
 * A suite that mostly waits runs beside the others, wherever there is room just then:
 * the CPUs would stand idle for it.
 */
static void start_what_fits(const struct check_options *o, struct host *h, struct job *jobs, int n)
{
	int i, slot;

	for (i = 0; i < n && (h->free || h->beside); i++) {
		struct job *j = &jobs[i];

		if (j->started || (j->slots ? j->slots > h->free : !h->beside))
			continue;
		for (slot = 0; slot < h->n && j->slots > held(h, j); slot++) {
			if (h->owner[slot])
				continue;
			h->owner[slot] = j;
			j->slot = slot;
		}
		h->free -= j->slots;
		h->beside -= !j->slots;
		job_start(j, j->slots && (o->cpus ?: j->suite->cpus) == 1 ? h->cpus[j->slot] : -1, o);
	}
}

static void release_slots(struct host *h, struct job *j)
{
	int slot;

	if (j->idle)
		return;
	j->idle = true;
	for (slot = 0; slot < h->n; slot++)
		if (h->owner[slot] == j)
			h->owner[slot] = NULL;
	h->free += j->slots;
	h->beside += !j->slots;
}

static void save_durations(const struct check_options *o, const struct job *jobs, int n, double *ms)
{
	char *old, *line, *save;
	FILE *f;
	int i;

	if (!o->durations)
		return;
	old = read_file(o->durations, NULL);
	f = fopen(o->durations, "we");
	if (!f)
		return;		/* only an estimate for the next time */
	for (i = 0; i < n; i++)
		if (jobs[i].iteration == 1 && ms[i] > 0)
			fprintf(f, "%s\t%.1f\n", jobs[i].suite->name, ms[i] / 1e3);
	for (line = old ? strtok_r(old, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
		size_t len = strcspn(line, "\t");

		for (i = 0; i < n; i++)
			if (ms[i] > 0 && !strncmp(jobs[i].suite->name, line, len) &&
			    !jobs[i].suite->name[len])
				break;
		if (i == n)
			fprintf(f, "%s\n", line);
	}
	free(old);
	fclose(f);
}

/* Returns the number of the signal that interrupted the run, or 0. */
static int run_jobs(const struct check_options *o, struct host *h, struct job *jobs, int n,
		    FILE *runs, bool *trouble)
{
	struct progress p = { .terminal = isatty(STDERR_FILENO), .total = n, .started = now_ms() };
	double *ms = xrealloc(NULL, (n + 1) * sizeof(*ms));
	int interrupted = 0, i, sigfd, status;
	struct signalfd_siginfo info;
	sigset_t set;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	/* of boot --tell-idle; unlike others it queues */
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigfd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	memset(ms, 0, (n + 1) * sizeof(*ms));

	while (p.done < n) {
		struct pollfd pfd = { .fd = sigfd, .events = POLLIN };

		if (!interrupted)
			start_what_fits(o, h, jobs, n);
		progress_show(&p, jobs, n);
		poll(&pfd, 1, p.terminal ? 1000 : -1);
		while (read(sigfd, &info, sizeof(info)) == sizeof(info)) {
			if (info.ssi_signo == SIGCHLD)
				continue;
			if (info.ssi_signo == (uint32_t)SIGRTMIN) {
				for (i = 0; i < n; i++)
					if (jobs[i].pid == (pid_t)info.ssi_pid)
						release_slots(h, &jobs[i]);
				continue;
			}
			interrupted = info.ssi_signo;
			for (i = 0; i < n; i++)
				if (jobs[i].pid)
					kill(jobs[i].pid, SIGTERM);
		}
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
			struct outcome out;

			for (i = 0; i < n && jobs[i].pid != pid; i++)
				;
			if (i == n)
				continue;
			release_slots(h, &jobs[i]);
			out = job_finish(&jobs[i], status);
			ms[i] = out.ms;
			*trouble |= !strcmp(out.verdict, "error");
			record(runs, jobs[i].suite->name, jobs[i].iteration, &out);
			progress_done(&p, &jobs[i], &out);
			free_outcome(&out);
		}
		if (interrupted && pid < 0)
			break;
	}
	progress_clear(&p);
	if (!interrupted)
		save_durations(o, jobs, n, ms);
	close(sigfd);
	free(ms);
	return interrupted;
}

enum {
	OPT_CONFIG = 256, OPT_FEATURES, OPT_FLAVOUR, OPT_DURATIONS, OPT_AGAIN, OPT_MODE, OPT_LEAKS,
	OPT_BOOT, OPT_KEPT, OPT_KEYS, OPT_EMULATOR, OPT_RELEASE
};

static const struct argp_option argp_options[] = {
	{ "boot",     OPT_BOOT, "FILE", 0, "the boot executable", 1 },
	{ "kernel",   'k', "FILE", 0, "the kernel", 1 },
	{ "emulator", OPT_EMULATOR, "PROGRAM", 0, "as boot --emulator", 2 },
	{ "release",  OPT_RELEASE, "VERSION", 0, "of a kernel that does not say it by --version", 2 },
	{ "config",   OPT_CONFIG, "FILE", 0, "its .config", 1 },
	{ "features", OPT_FEATURES, "WORDS", 0, "features of the stack that its tree has", 1 },
	{ "guest",    'g', "DIR", 0, "the guest folder; suites are in its rootfs/suites", 1 },
	{ "run",      'r', "DIR", 0, "where the results go", 1 },
	{ "flavour",  OPT_FLAVOUR, "NAME", 0, "for the record", 2 },
	{ "repeat",   'n', "N", 0, "run each suite N times (default 1)", 2 },
	{ "cpus",     'c', "N", 0, "virtual CPUs for every suite (default: as each says)", 2 },
	{ "again",    OPT_AGAIN, "WORDS", 0, "for the record: the command that repeats a suite, up to its name", 2 },
	{ "mode",     OPT_MODE, "MODE", 0, "as boot --mode", 2 },
	{ "leaks",    OPT_LEAKS, NULL, 0, "as boot --leaks", 2 },
	{ "durations", OPT_DURATIONS, "FILE", 0, "keep how long each suite took, to start the longest first", 2 },
	{ "kept",     OPT_KEPT, "DIR", 0, "take over from here what passed before, by its key", 2 },
	{ "keys",     OPT_KEYS, "FILE", 0, "lines of suite, tab, key: what it is made of now", 2 },
	{ 0 }
};

static error_t take_option(int key, char *arg, struct argp_state *state)
{
	struct { struct check_options *o; char ***patterns; } *in = state->input;
	struct check_options *o = in->o;

	switch (key) {
	case OPT_BOOT: o->boot = arg; break;
	case 'k': o->kernel = arg; break;
	case 'g': o->guest = arg; break;
	case 'r': o->run = arg; break;
	case OPT_CONFIG: o->config = arg; break;
	case OPT_FEATURES: o->features = arg; break;
	case OPT_FLAVOUR: o->flavour = arg; break;
	case OPT_MODE: o->mode = arg; break;
	case OPT_DURATIONS: o->durations = arg; break;
	case OPT_AGAIN: o->again = arg; break;
	case OPT_LEAKS: o->leaks = true; break;
	case OPT_EMULATOR: o->emulator = arg; break;
	case OPT_RELEASE: o->release = arg; break;
	case OPT_KEPT: o->kept = arg; break;
	case OPT_KEYS:
		o->keys = read_file(arg, NULL);
		if (!o->keys)
			die(EXIT_BAD_USAGE, "%s: %s", arg, strerror(errno));
		break;
	case 'n':
		if (!parse_int(arg, 1, 100000, &o->repeat))
			die(EXIT_BAD_USAGE, "repeat '%s': not a number from 1 to 100000", arg);
		break;
	case 'c':
		if (!parse_int(arg, 1, 64, &o->cpus))
			die(EXIT_BAD_USAGE, "CPU count '%s': not a number from 1 to 64", arg);
		break;
	case ARGP_KEY_ARGS:
		*in->patterns = state->argv + state->next;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = argp_options, .parser = take_option, .args_doc = "[SUITE|GROUP|GLOB...]",
		.doc = "Run suites, each on a fresh kernel, side by side on all CPUs.",
	};
	struct check_options o = { .features = "", .flavour = "?", .mode = "auto", .repeat = 1,
				   .again = "make check SUITES=" };
	char **patterns = NULL;
	struct { struct check_options *o; char ***patterns; } in = { &o, &patterns };
	struct kernel_facts k = { 0 };
	struct suite *suites;
	struct host host = { .n = 0 };
	double started = now_ms();
	int nsuites, njobs, kept = 0, interrupted;
	bool trouble = false;
	struct job *jobs;
	FILE *runs;

	argp_err_exit_status = EXIT_BAD_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &in);
	if (!o.boot || !o.kernel || !o.guest || !o.run || !o.config)
		die(EXIT_BAD_USAGE, "--boot, --kernel, --config, --guest and --run are needed; try --help");
	if (!o.kept != !o.keys)
		die(EXIT_BAD_USAGE, "--kept and --keys go together");
	if (o.kept && o.repeat != 1)
		die(EXIT_BAD_USAGE, "--kept and --repeat exclude each other");
	k.config = read_file(o.config, NULL);
	if (!k.config)
		die(EXIT_BAD_USAGE, "%s: %s", o.config, strerror(errno));
	k.features = xstrdup(o.features);
	k.release = o.release ? xstrdup(o.release) : kernel_release(o.kernel);

	load_suites(&o, patterns, &suites, &nsuites);
	find_host_cpus(&host);
	runs = open_runs(&o);
	write_meta(&o, &k, 0, 0);		/* so that an interrupted run can be read too */
	jobs = xrealloc(NULL, (nsuites * o.repeat + 1) * sizeof(*jobs));
	njobs = make_jobs(&o, &k, suites, nsuites, host.n, runs, jobs, &kept);
	interrupted = run_jobs(&o, &host, jobs, njobs, runs, &trouble);
	fclose(runs);
	write_meta(&o, &k, kept, now_ms() - started);
	if (interrupted) {
		fprintf(stderr, "check: interrupted by signal %d; what was done is in %s\n",
			interrupted, o.run);
		return 128 + interrupted;
	}
	return trouble ? 1 : 0;
}

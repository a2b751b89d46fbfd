// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <libgen.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/util.h"
#include "check.h"

static char *run_path(const struct check_options *o, const char *what, const struct job *j,
		      const char *ending)
{
	char *path = xasprintf("%s/%s/%s.%d%s", o->run, what, j->suite->name, j->iteration, ending);
	char *dir = xstrdup(path);

	if (make_dirs(dirname(dir)))
		die(1, "%s: %s", dir, strerror(errno));
	free(dir);
	return path;
}

void job_files(struct job *j, const struct check_options *o)
{
	j->ktap = run_path(o, "ktap", j, ".ktap");
	j->console = run_path(o, "console", j, ".log");
	j->result = run_path(o, "console", j, ".result");
}

void job_start(struct job *j, int host_cpu, const struct check_options *o)
{
	const struct suite *s = j->suite;
	char *argv[64];
	sigset_t none;
	int n = 0, i;

	job_files(j, o);
	argv[n++] = xstrdup(o->boot);
	argv[n++] = xasprintf("--kernel=%s", o->kernel);
	argv[n++] = xasprintf("--guest=%s", o->guest);
	if (o->emulator)
		argv[n++] = xasprintf("--emulator=%s", o->emulator);
	argv[n++] = xasprintf("--cpus=%ld", o->cpus ?: s->cpus);
	argv[n++] = xasprintf("--memory=%s", s->memory);
	argv[n++] = xasprintf("--cgroup=%s", s->cgroup);
	argv[n++] = xasprintf("--timeout=%ld", s->timeout);
	argv[n++] = xasprintf("--mode=%s", o->mode);
	argv[n++] = xasprintf("--output=%s", j->ktap);
	argv[n++] = xasprintf("--console=%s", j->console);
	argv[n++] = xasprintf("--result=%s", j->result);
	if (host_cpu >= 0)
		argv[n++] = xasprintf("--pin=%d", host_cpu);
	if (o->leaks)
		argv[n++] = xstrdup("--leaks");
	argv[n++] = xstrdup("--tell-idle");
	for (i = 0; i < s->ndisks && !o->emulator; i++)
		argv[n++] = xasprintf("--disk=%s", s->disks[i]);
	argv[n++] = xstrdup("--");
	argv[n++] = xstrdup("/sbin/ktap-run");
	if (s->kselftest)
		argv[n++] = xstrdup("--kselftest");
	argv[n++] = xasprintf("/suites/%s", s->name);
	argv[n] = NULL;

	j->started = now_ms();
	j->pid = fork();
	if (j->pid < 0)
		die(1, "fork: %s", strerror(errno));
	if (!j->pid) {
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		/* An interrupt from the terminal is ours to pass on, once. */
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		/* boot's own words repeat what the result file and the console say */
		if (!freopen("/dev/null", "r", stdin) || !freopen("/dev/null", "w", stderr))
			_exit(125);
		execv(o->boot, argv);
		_exit(125);
	}
	while (n)
		free(argv[--n]);
}

struct outcome job_outcome(const struct job *j, const char *otherwise)
{
	char *text = read_file(j->result, NULL), *line, *save, *value;
	struct outcome out = { 0 };

	for (line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		value = strchr(line, '=');
		if (!value)
			continue;
		*value++ = '\0';
		if (!strcmp(line, "verdict"))
			out.verdict = xstrdup(value);
		else if (!strcmp(line, "status"))
			out.status = xstrdup(value);
		else if (!strcmp(line, "reason"))
			out.reason = xstrdup(value);
		else if (!strcmp(line, "ms"))
			out.ms = atof(value);
	}
	free(text);
	if (!out.verdict) {
		out.verdict = xstrdup("error");
		free(out.reason);
		out.reason = xstrdup(otherwise);
	}
	if (!out.status)
		out.status = xstrdup("");
	if (!out.reason)
		out.reason = xstrdup("");
	return out;
}

struct outcome job_finish(struct job *j, int wait_status)
{
	double ms = now_ms() - j->started;
	struct outcome out;
	char *otherwise;

	otherwise = WIFSIGNALED(wait_status) ?
		xasprintf("boot was killed by signal %d", WTERMSIG(wait_status)) :
		xasprintf("boot ended with status %d and no verdict", WEXITSTATUS(wait_status));
	out = job_outcome(j, otherwise);
	if (out.ms <= 0)
		out.ms = ms;
	free(otherwise);
	j->pid = 0;
	return out;
}

// SPDX-License-Identifier: GPL-2.0
/* bulkhead kill NAME: ends a container, or signals its first process */
#include <argp.h>
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "bulkhead.h"
#include "cgroup.h"
#include "container.h"
#include "process.h"
#include "say.h"

struct arguments {
	struct container_request request;
	int signal;		/* 0: all are killed */
};

static const struct argp_option options[] = {
	{ "signal", 's', "SIGNAL", 0, "only send this signal, to the first process", 0 },
	{ "timeout", 't', "SECONDS", 0, "wait that long at most, 10 unless told", 0 },
	{ "json", 'J', NULL, 0, "print what was done as JSON", 0 },
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	if (key != 's')
		return container_request_parse(key, arg, state, &a->request);
	a->signal = signal_parse(arg);
	if (!a->signal)
		argp_error(state, "--signal: '%s': no such signal", arg);
	return 0;
}

static const struct argp argp = {
	options, parse, "NAME",
	"Kills a container, all of it at once, waits until nobody is left, and removes it. With "
	"--signal its first process gets that signal; the first process of a pid namespace "
	"ignores what it has no handler for, but KILL and STOP.\v"
	"Exit status: 0 done, 1 refused or failed, 2 bad usage.",
	NULL, NULL, NULL
};

static int send_signal(const struct arguments *a, const struct container *c)
{
	int pidfd = container_pidfd(c), err;

	if (pidfd < 0)
		return refuse("%s: its first process has ended", c->name);
	err = syscall(SYS_pidfd_send_signal, pidfd, a->signal, NULL, 0) ? errno : 0;
	close(pidfd);
	return err ? refuse("%s: pid %d: signal %d: %s", c->name, c->state.pid, a->signal,
			    strerror(err)) : 0;
}

int cmd_kill(int argc, char **argv)
{
	struct arguments a = { .request.ms = CGROUP_PATIENCE_MS };
	struct container c;

	argp_err_exit_status = EXIT_USAGE;
	argv[0] = "bulkhead kill";
	argp_parse(&argp, argc, argv, 0, NULL, &a);
	if (container_find(a.request.name, &c))
		return EXIT_REFUSED;
	if (a.signal ? send_signal(&a, &c) : container_destroy(&c, a.request.ms))
		return EXIT_REFUSED;
	if (a.request.json) {
		printf("{\"name\": ");
		json_string(stdout, a.request.name);
		printf(", \"signal\": %d}\n", a.signal ? a.signal : SIGKILL);
	}
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/* bulkhead enter NAME [COMMAND...]: runs a command in a container that is there */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "bulkhead.h"
#include "cgroup.h"
#include "container.h"
#include "ns.h"
#include "process.h"
#include "say.h"

struct arguments {
	const char *name;
	const char *dir;
	char **command;
};

static const struct argp_option options[] = {
	{ "chdir", 'C', "DIR", 0, "start there", 0 },
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case 'C':
		a->dir = arg;
		return 0;
	case ARGP_KEY_ARG:
		container_name_check(state, arg);
		a->name = arg;
		if (state->next < state->argc)
			a->command = state->argv + state->next;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_END:
		if (!a->name)
			argp_usage(state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	options, parse, "NAME [COMMAND [ARGUMENT...]]",
	"Runs a command, $SHELL or /bin/sh if there is none, in the cgroup of a container and in "
	"all its namespaces. While somebody has entered, a checkpoint of it is refused.\v"
	"Waits for the command, hands signals on to it, and exits as it does, 128 and more if a "
	"signal killed it; 127 there is no such command, 126 it cannot be run, 1 refused or "
	"failed, 2 bad usage.",
	NULL, NULL, NULL
};

/* In the new process. */
static void __attribute__((noreturn)) live(const struct arguments *a, const struct container *c,
					   int pidfd, int64_t ns, const sigset_t *signals)
{
	char *shell = getenv("SHELL");
	char *fallback[] = { shell && *shell ? shell : "/bin/sh", NULL };
	char **command = a->command ? a->command : fallback;
	int err = 0;

	/* not earlier: from within a cgroup namespace there is no way in from outside */
	if (ns & CLONE_NEWCGROUP && setns(pidfd, CLONE_NEWCGROUP))
		err = errno;
	if (!err && ns & CLONE_NEWUSER)
		err = -ns_become_root();
	if (err) {
		refuse("%s: namespaces: %s", c->name, strerror(err));
		_exit(EXIT_REFUSED);
	}
	if (a->dir && chdir(a->dir)) {
		refuse("%s: --chdir: %s: %s", c->name, a->dir, strerror(errno));
		_exit(EXIT_REFUSED);
	}
	sigprocmask(SIG_SETMASK, signals, NULL);
	execvp(command[0], command);
	err = errno;
	refuse("%s: %s: %s", c->name, command[0], strerror(err));
	_exit(err == ENOENT ? 127 : 126);
}

/* Enters all namespaces that work for who is not born yet. Returns an exit status. */
static int enter(const struct container *c, int pidfd, int64_t ns)
{
	char names[128];

	ns &= ~CLONE_NEWCGROUP;
	/* one call: a user namespace that is entered gives the right to the others */
	if (!ns || !setns(pidfd, ns))
		return 0;
	ns_names(ns, names, sizeof(names));
	return refuse("%s: namespaces (%s): %s", c->name, names, strerror(errno));
}

static int run(const struct arguments *a)
{
	struct clone_args args = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD };
	struct container c;
	sigset_t signals;
	int pidfd, cgroup;
	int64_t ns;
	pid_t pid;

	if (container_find(a->name, &c))
		return EXIT_REFUSED;
	pidfd = container_pidfd(&c);
	if (pidfd < 0)
		return refuse("%s: its first process has ended", c.name);
	if (cgroup_key(c.path, "cgroup.events", "frozen") == 1)
		return refuse("%s: it is frozen", c.name);
	ns = ns_different(c.state.pid);
	if (ns < 0)
		return refuse("%s: pid %d: its namespaces: %s", c.name, c.state.pid,
			      strerror(-ns));
	cgroup = open(c.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (cgroup < 0)
		return refuse("cgroup %s: %s", c.path, strerror(errno));
	if (enter(&c, pidfd, ns))
		return EXIT_REFUSED;
	process_hold_signals(&signals);
	args.cgroup = cgroup;
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (!pid)
		live(a, &c, pidfd, ns, &signals);
	if (pid < 0)
		return refuse("%s: a process in it: %s", c.name, strerror(errno));
	return process_wait(pid, isatty(STDIN_FILENO));
}

int cmd_enter(int argc, char **argv)
{
	struct arguments a = { 0 };

	argp_err_exit_status = EXIT_USAGE;
	argv[0] = "bulkhead enter";
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &a);
	return run(&a);
}

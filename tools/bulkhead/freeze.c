// SPDX-License-Identifier: GPL-2.0
/* bulkhead freeze NAME, bulkhead thaw NAME */
#include <argp.h>
#include <errno.h>
#include <string.h>
#include "../lib/util.h"
#include "bulkhead.h"
#include "cgroup.h"
#include "container.h"
#include "process.h"
#include "say.h"

static const struct argp_option options[] = {
	{ "timeout", 't', "SECONDS", 0, "wait that long at most, 10 unless told", 0 },
	{ "json", 'J', NULL, 0, "print what was done as JSON", 0 },
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	return container_request_parse(key, arg, state, state->input);
}

static const struct argp freeze_argp = {
	options, parse, "NAME",
	"Stops a container, all of it, and waits until it stands still. If it does not in time, "
	"it is let go.\v"
	"Exit status: 0 done, 1 refused or failed, 2 bad usage.",
	NULL, NULL, NULL
};

static const struct argp thaw_argp = {
	options, parse, "NAME",
	"Lets a frozen container go on.\v"
	"Exit status: 0 done, 1 refused or failed, 2 bad usage.",
	NULL, NULL, NULL
};

static int report(const struct container_request *a, bool frozen, double ms)
{
	if (!a->json)
		return 0;
	printf("{\"name\": ");
	json_string(stdout, a->name);
	printf(", \"frozen\": %s, \"ms\": %.3f}\n", frozen ? "true" : "false", ms);
	return 0;
}

static int complain(const struct container_request *a, const char *what, int err)
{
	if (err == -ETIMEDOUT)
		return refuse("%s: not %s within %ld s", a->name, what, a->ms / 1000);
	return refuse("%s: it cannot be %s: %s", a->name, what, strerror(-err));
}

int cmd_freeze(int argc, char **argv)
{
	struct container_request a = { .ms = CGROUP_PATIENCE_MS };
	double began = now_ms();
	struct container c;
	bool ours;
	int err;

	argp_err_exit_status = EXIT_USAGE;
	argv[0] = "bulkhead freeze";
	argp_parse(&freeze_argp, argc, argv, 0, NULL, &a);
	if (container_find(a.name, &c))
		return EXIT_REFUSED;
	if (container_ended(&c))
		return refuse("%s: it has ended", a.name);
	process_catch_signals();
	err = cgroup_freeze(c.path, a.ms, &ours);
	process_let_signals();
	return err ? complain(&a, "frozen", err) : report(&a, true, now_ms() - began);
}

int cmd_thaw(int argc, char **argv)
{
	struct container_request a = { .ms = CGROUP_PATIENCE_MS };
	double began = now_ms();
	struct container c;
	int err;

	argp_err_exit_status = EXIT_USAGE;
	argv[0] = "bulkhead thaw";
	argp_parse(&thaw_argp, argc, argv, 0, NULL, &a);
	if (container_find(a.name, &c))
		return EXIT_REFUSED;
	err = cgroup_thaw(c.path, a.ms);
	return err ? complain(&a, "thawed", err) : report(&a, false, now_ms() - began);
}

// SPDX-License-Identifier: GPL-2.0
/* bulkhead list: the containers of the caller's cgroup */
#include <argp.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "../lib/util.h"
#include "bulkhead.h"
#include "cgroup.h"
#include "container.h"
#include "say.h"

static const struct argp_option options[] = {
	{ "json", 'J', NULL, 0, "print JSON", 0 },
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	bool *json = state->input;

	(void)arg;
	switch (key) {
	case 'J':
		*json = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_usage(state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	options, parse, NULL,
	"Lists the containers of the caller's cgroup. One that has ended is listed once more and "
	"then forgotten.\v"
	"Exit status: 0 done, 1 failed, 2 bad usage.",
	NULL, NULL, NULL
};

/* What is told of a container. */
struct row {
	struct container c;
	const char *state;
	pid_t pid;		/* 0: its first process is gone */
	long tasks;
	long long memory;	/* -1: not known */
	char *command;		/* NULL: not known */
};

/* The words of @pid's command, or its name in brackets; NULL if it is gone. */
static char *command_of(pid_t pid)
{
	char path[64], *text, *name;
	size_t len, i;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	text = read_file(path, &len);
	if (text && len) {
		for (i = 0; i + 1 < len; i++)
			if (!text[i])
				text[i] = ' ';
		return text;
	}
	free(text);
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	name = read_file(path, NULL);
	if (!name)
		return NULL;
	text = xasprintf("[%s]", trim(name));
	free(name);
	return text;
}

static const char *state_of(const struct container *c)
{
	long long populated = cgroup_key(c->path, "cgroup.events", "populated");

	/* not there any more counts as ended, too */
	if (populated != 1)
		return "ended";
	return cgroup_key(c->path, "cgroup.events", "frozen") == 1 ? "frozen" : "running";
}

static void fill(struct row *r)
{
	const struct container *c = &r->c;
	char text[64];
	int pidfd;

	r->state = state_of(c);
	r->tasks = cgroup_count_tasks(c->path);
	r->memory = cgroup_read(c->path, "memory.current", text, sizeof(text)) ? -1 : atoll(text);
	pidfd = container_pidfd(c);
	if (pidfd < 0)
		return;
	r->pid = c->state.pid;
	r->command = command_of(r->pid);
	close(pidfd);
}

static void since(const struct row *r, const char *format, char *text, size_t size)
{
	time_t t = r->c.state.since;
	struct tm tm;

	*text = '\0';
	if (r->c.state.pid && gmtime_r(&t, &tm))
		strftime(text, size, format, &tm);
}

static void print_json(const struct row *r, bool first)
{
	char when[64];

	fputs(first ? "" : ",\n ", stdout);
	fputs("{\"name\": ", stdout);
	json_string(stdout, r->c.name);
	printf(", \"state\": \"%s\", \"pid\": ", r->state);
	if (r->pid)
		printf("%d", r->pid);
	else
		fputs("null", stdout);
	printf(", \"tasks\": %ld, \"memory\": ", r->tasks);
	if (r->memory >= 0)
		printf("%lld", r->memory);
	else
		fputs("null", stdout);
	since(r, "%Y-%m-%dT%H:%M:%SZ", when, sizeof(when));
	fputs(", \"since\": ", stdout);
	if (*when)
		json_string(stdout, when);
	else
		fputs("null", stdout);
	fputs(", \"command\": ", stdout);
	if (r->command)
		json_string(stdout, r->command);
	else
		fputs("null", stdout);
	putchar('}');
}

static void print_plain(const struct row *r, bool first)
{
	char pid[32] = "-", memory[32] = "-", when[64];

	if (first)
		printf("%-16s %-8s %8s %6s %10s  %-20s %s\n", "NAME", "STATE", "PID", "TASKS",
		       "MEMORY", "SINCE", "COMMAND");
	if (r->pid)
		snprintf(pid, sizeof(pid), "%d", r->pid);
	if (r->memory >= 0)
		snprintf(memory, sizeof(memory), "%lldK", r->memory / 1024);
	since(r, "%Y-%m-%dT%H:%M:%SZ", when, sizeof(when));
	printf("%-16s %-8s %8s %6ld %10s  %-20s ", r->c.name, r->state, pid, r->tasks, memory,
	       *when ? when : "-");
	plain_string(stdout, r->command ? r->command : "-");
	putchar('\n');
}

static int is_container(const struct dirent *d)
{
	return d->d_type == DT_DIR && container_name_ok(d->d_name);
}

static int run(bool json)
{
	struct dirent **found = NULL;
	char place[PATH_MAX];
	int n, i, lock, err;
	bool first = true;

	err = container_place_or_say(place, sizeof(place));
	if (err)
		return err;
	/* Who may not lock may still look: what is being made can then look ended. */
	lock = container_lock(place);
	n = scandir(place, &found, is_container, alphasort);
	if (n < 0 && errno != ENOENT)
		return refuse("cgroup %s: %s", place, strerror(errno));
	if (json)
		putchar('[');
	for (i = 0; i < n; i++) {
		struct row r = { 0 };

		if (!container_load(place, found[i]->d_name, &r.c)) {
			fill(&r);
			if (json)
				print_json(&r, first);
			else
				print_plain(&r, first);
			if (lock >= 0 && container_ended(&r.c))
				cgroup_remove(r.c.path);
			free(r.command);
			first = false;
		}
		free(found[i]);
	}
	free(found);
	if (json)
		puts("]");
	if (lock >= 0)
		container_unlock(lock);
	if (fflush(stdout) || ferror(stdout))
		return refuse("standard output: %s", strerror(errno));
	return 0;
}

int cmd_list(int argc, char **argv)
{
	bool json = false;

	argp_err_exit_status = EXIT_USAGE;
	argv[0] = "bulkhead list";
	argp_parse(&argp, argc, argv, 0, NULL, &json);
	return run(json);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * bulkhead - containers: what they run, their checkpoints and restarts
 *
 *   bulkhead run COMMAND                  runs a command as a container
 *   bulkhead list                         lists containers
 *   bulkhead enter NAME [COMMAND]         runs a command in one
 *   bulkhead freeze|thaw|kill NAME        stops one, lets it go on, ends it
 *   bulkhead checkpoint NAME|PID [-o FILE] writes an image
 *   bulkhead restart [FILE]               makes processes from it
 *   bulkhead image show|verify [FILE]     prints one, checks one
 */
#include <stdio.h>
#include <string.h>
#include "bulkhead.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *what;
} commands[] = {
	{ "run", cmd_run, "run a command as a container" },
	{ "list", cmd_list, "list containers" },
	{ "enter", cmd_enter, "run a command in a container that is there" },
	{ "freeze", cmd_freeze, "stop a container" },
	{ "thaw", cmd_thaw, "let a frozen container go on" },
	{ "kill", cmd_kill, "end a container, or signal its first process" },
	{ "checkpoint", cmd_checkpoint, "write an image of a container or a process and all below it" },
	{ "restart", cmd_restart, "make processes from an image" },
	{ "image", cmd_image, "show or verify an image" },
};

#define N_COMMANDS	(sizeof(commands) / sizeof(*commands))

static int usage(FILE *out, int status)
{
	size_t i;

	fputs("Usage: bulkhead COMMAND [OPTION...]\n\n", out);
	for (i = 0; i < N_COMMANDS; i++)
		fprintf(out, "  %-12s %s\n", commands[i].name, commands[i].what);
	fputs("\n\"bulkhead COMMAND --help\" says more. Exit status: 0 done, 1 refused or failed,\n"
	      "2 bad usage.\n", out);
	return status;
}

int main(int argc, char **argv)
{
	size_t i;

	if (argc < 2)
		return usage(stderr, EXIT_USAGE);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-?"))
		return usage(stdout, 0);
	for (i = 0; i < N_COMMANDS; i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	fprintf(stderr, "bulkhead: '%s': no such command\n", argv[1]);
	return usage(stderr, EXIT_USAGE);
}

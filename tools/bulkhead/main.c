// SPDX-License-Identifier: GPL-2.0
/*
 * bulkhead - checkpoint and restart of process trees
 *
 *   bulkhead checkpoint PID [-o FILE]     writes an image
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
	{ "checkpoint", cmd_checkpoint, "write an image of a process and all below it" },
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

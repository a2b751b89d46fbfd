/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BULKHEAD_BULKHEAD_H
#define BULKHEAD_BULKHEAD_H

#include <stdbool.h>
#include <stdio.h>

/* Exit statuses of every command. */
enum {
	EXIT_REFUSED	= 1,	/* it was tried, and failed */
	EXIT_USAGE	= 2,	/* bad arguments: nothing was tried */
};

/* Each command takes the arguments behind its name and returns an exit status. */
int cmd_image(int argc, char **argv);
int cmd_checkpoint(int argc, char **argv);
int cmd_restart(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_enter(int argc, char **argv);
int cmd_freeze(int argc, char **argv);
int cmd_thaw(int argc, char **argv);
int cmd_kill(int argc, char **argv);

/* image.c: shared with its test */
int image_read(FILE *in, FILE *out, bool json, char *why, size_t size);

#endif

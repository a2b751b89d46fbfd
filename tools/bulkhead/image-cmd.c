// SPDX-License-Identifier: GPL-2.0
/* bulkhead image show|verify [FILE] */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "bulkhead.h"

struct arguments {
	bool json;
	bool show;
	const char *verb;
	const char *file;
};

static const struct argp_option options[] = {
	{ "json", 'J', NULL, 0, "print JSON", 0 },
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case 'J':
		a->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num == 0) {
			a->verb = arg;
			a->show = !strcmp(arg, "show");
			if (!a->show && strcmp(arg, "verify"))
				argp_error(state, "'%s': it is show or verify", arg);
		} else if (state->arg_num == 1) {
			a->file = arg;
		} else {
			argp_usage(state);
		}
		return 0;
	case ARGP_KEY_END:
		if (!a->verb)
			argp_usage(state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	options, parse, "show|verify [FILE]",
	"Prints the records of an image, or checks it, from FILE or standard input.\v"
	"Exit status: 0 the image is whole, 1 it is damaged or cannot be read, 2 bad usage.",
	NULL, NULL, NULL
};

int cmd_image(int argc, char **argv)
{
	struct arguments a = { 0 };
	const char *name;
	char why[256];
	FILE *in = stdin;
	int err;

	argp_err_exit_status = EXIT_USAGE;
	argv[0] = "bulkhead image";
	argp_parse(&argp, argc, argv, 0, NULL, &a);
	name = a.file ? a.file : "standard input";
	if (a.file)
		in = fopen(a.file, "r");
	if (!in) {
		fprintf(stderr, "bulkhead: %s: %s\n", name, strerror(errno));
		return EXIT_REFUSED;
	}
	err = image_read(in, a.show ? stdout : NULL, a.json, why, sizeof(why));
	if (a.file)
		fclose(in);
	if (err)
		fprintf(stderr, "bulkhead: %s: %s\n", name, why);
	else if (!a.show && a.json)
		printf("{\"image\": \"whole\", \"summary\": \"%s\"}\n", why);
	else if (!a.show)
		printf("%s: %s\n", name, why);
	return err ? EXIT_REFUSED : 0;
}

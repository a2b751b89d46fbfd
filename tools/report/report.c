// SPDX-License-Identifier: GPL-2.0
/*
 * report: reads what a run left behind, says what it means
 *
 * Writes summary.tsv, junit.xml and, with --roadmap, roadmap.tsv into the run's
 * folder, and prints failures, the roadmap and the counts.
 *
 * Exit status: 0 all good, 1 a failure or nothing was run, 2 usage or a folder that
 * is not a run's.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "print.h"
#include "roadmap.h"
#include "run.h"
#include "junit.h"
#include "../lib/util.h"

#define MAX_ALSO	8

static const char usage[] =
	"Usage: report [OPTION]... RUNDIR\n"
	"\n"
	"  --color=WHEN     auto (default), always or never\n"
	"  --roadmap=FILE   the roadmap's rows and their proofs\n"
	"  --known=FILE     failures that count as skipped: suite TAB test TAB reason\n"
	"  --also=RUNDIR    take proofs from this run too (another flavour, say)\n"
	"  --markdown       print only the roadmap's table, as Markdown\n"
	"  --quiet          print only failures and counts\n"
	"  --help\n";

struct options {
	const char *rundir;
	const char *roadmap;
	const char *known;
	const char *also[MAX_ALSO];
	size_t nr_also;
	bool color;
	bool markdown;
	bool quiet;
};

static bool parse_color(const char *when)
{
	if (!strcmp(when, "always"))
		return true;
	if (!strcmp(when, "never"))
		return false;
	if (strcmp(when, "auto"))
		die(2, "--color=%s: not auto, always or never", when);
	return isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
}

static void parse_options(struct options *o, int argc, char **argv)
{
	static const struct option options[] = {
		{ "color", required_argument, NULL, 'c' },
		{ "roadmap", required_argument, NULL, 'r' },
		{ "known", required_argument, NULL, 'k' },
		{ "also", required_argument, NULL, 'a' },
		{ "markdown", no_argument, NULL, 'm' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	const char *color = "auto";
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'c':
			color = optarg;
			break;
		case 'r':
			o->roadmap = optarg;
			break;
		case 'a':
			if (o->nr_also == MAX_ALSO)
				die(2, "--also: more than %d", MAX_ALSO);
			o->also[o->nr_also++] = optarg;
			break;
		case 'k':
			o->known = optarg;
			break;
		case 'm':
			o->markdown = true;
			break;
		case 'q':
			o->quiet = true;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			exit(2);
		}
	}
	o->color = parse_color(color);
	if (optind + 1 != argc)
		die(2, "%s; see --help", optind == argc ? "no run's folder" :
		    "more than one run's folder");
	o->rundir = argv[optind];
	if (o->markdown && !o->roadmap)
		die(2, "--markdown needs --roadmap");
}

/* Writes a file of the run at once or not at all. */
static void write_file(const char *rundir, const char *name,
		       void (*write)(const void *what, FILE *out), const void *what)
{
	char *path = xasprintf("%s/%s", rundir, name);
	char *fresh = xasprintf("%s.new", path);
	FILE *out = fopen(fresh, "we");
	bool failed = true;

	if (out) {
		write(what, out);
		failed = ferror(out);
		failed |= fclose(out) != 0;
	}
	if (failed || rename(fresh, path))
		die(1, "%s: %s", path, strerror(errno));
	free(fresh);
	free(path);
}

static void put_summary(const void *summary, FILE *out)
{
	summary_write((struct summary *)summary, out);
}

static void put_junit(const void *summary, FILE *out)
{
	junit_write((struct summary *)summary, out);
}

static void put_roadmap(const void *roadmap, FILE *out)
{
	roadmap_write(roadmap, out);
}

int main(int argc, char **argv)
{
	struct summary runs[1 + MAX_ALSO];
	unsigned long passed, failed, skipped;
	struct roadmap roadmap = { 0 };
	struct known known = { 0 };
	struct options o = { 0 };
	char *error;
	size_t i;

	parse_options(&o, argc, argv);
	if (o.known && !known_load(&known, o.known, &error))
		die(2, "%s", error);
	for (i = 0; i <= o.nr_also; i++) {
		summary_init(&runs[i]);
		runs[i].known = &known;
		if (run_load(&runs[i], i ? o.also[i - 1] : o.rundir, &error))
			die(2, "%s", error);
	}
	if (o.roadmap) {
		if (roadmap_load(&roadmap, o.roadmap, &error))
			die(2, "%s", error);
		roadmap_judge(&roadmap, runs, 1 + o.nr_also);
	}
	summary_count(&runs[0], &passed, &failed, &skipped);
	if (o.markdown) {
		roadmap_markdown(&roadmap, stdout);
	} else {
		write_file(o.rundir, "summary.tsv", put_summary, &runs[0]);
		write_file(o.rundir, "junit.xml", put_junit, &runs[0]);
		if (o.roadmap)
			write_file(o.rundir, "roadmap.tsv", put_roadmap, &roadmap);
		print_failures(&runs[0], o.rundir, stdout, o.color);
		if (o.roadmap && !o.quiet)
			roadmap_print(&roadmap, stdout, o.color);
		print_counts(&runs[0], stdout);
	}
	if (fflush(stdout) || ferror(stdout))
		die(1, "standard output: %s", strerror(errno));
	roadmap_release(&roadmap);
	for (i = 0; i <= o.nr_also; i++)
		summary_release(&runs[i]);
	known_release(&known);
	return failed || passed + skipped == 0;
}

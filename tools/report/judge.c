// SPDX-License-Identifier: GPL-2.0
/*
 * The verdict on one boot: what the guest's KTAP says, what its kernel said on
 * the console, what the harness saw and the exit status must agree. Wherever
 * they do not, that is a failure of its own.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "run.h"
#include "../lib/console.h"
#include "../lib/ktap.h"
#include "../lib/text.h"
#include "../lib/util.h"

struct judge {
	struct summary *summary;
	const struct boot *boot;
	struct console console;
	struct ktap *ktap;
	const char *unnamed;	/* a group that died before its name was told */
	bool cut;		/* the guest did not come to its end */
	bool explained;		/* a test was found that ran when it ended */
	unsigned long passed;
	unsigned long skipped;
	unsigned long failed;	/* results that say so themselves */
	unsigned long known;	/* failures that are on the list of known limits */
	unsigned long bad;	/* all that is wrong */
};

/*
 * A test may skip what a feature of the stack mends ("mended by FEATURE: why"), so
 * that other trees can be judged by it. Where the feature is, that is no reason.
 */
static bool should_be_mended(const struct judge *j, const char *reason)
{
	const char *feature = reason ? text_skip_prefix(reason, "mended by ") : NULL;

	return feature && text_has_word(j->summary->features, feature, strcspn(feature, ": "));
}

static void add(struct judge *j, const char *test, enum outcome outcome, double ms,
		const char *reason)
{
	const char *excerpt = outcome == OUTCOME_CRASH ? j->console.excerpt : NULL;
	const char *limit = NULL;
	char *text = NULL;

	/* Crashes stand out whatever the list says: they end other tests, too. */
	if (outcome == OUTCOME_FAIL || outcome == OUTCOME_TIMEOUT)
		limit = known_reason(j->summary->known, j->boot->suite, test);
	if (limit) {
		j->known++;
		outcome = OUTCOME_SKIP;
		reason = text = xasprintf("known limit: %s", limit);
	}
	if (outcome == OUTCOME_SKIP && should_be_mended(j, reason)) {
		outcome = OUTCOME_FAIL;
		reason = text = xasprintf("%s (the tree has that feature)", reason);
	}
	if (outcome >= OUTCOME_FAIL)
		j->bad++;
	else if (outcome == OUTCOME_PASS)
		j->passed++;
	else
		j->skipped++;
	summary_add(j->summary, j->boot->suite, j->boot->iteration, test, outcome, ms,
		    reason, excerpt);
	free(text);
}

static enum outcome end_outcome(const struct judge *j)
{
	return j->boot->verdict == VERDICT_TIMED_OUT ? OUTCOME_TIMEOUT : OUTCOME_CRASH;
}

/* Why the guest ended as it did. */
static const char *end_reason(const struct judge *j)
{
	static const char * const words[NR_VERDICTS] = {
		[VERDICT_TIMED_OUT] = "did not end in time",
		[VERDICT_PANICKED] = "the kernel panicked",
		[VERDICT_SPLAT] = "the kernel complained, but its console does not say how",
		[VERDICT_KILLED] = "the kernel was killed",
	};
	const struct boot *b = j->boot;

	if (j->console.first && b->verdict != VERDICT_TIMED_OUT)
		return j->console.first;
	if (*b->reason)
		return b->reason;
	return words[b->verdict] ? words[b->verdict] : "the kernel died";
}

static bool has_ended(const struct ktap_test *t)
{
	return t->parent && t->status != KTAP_UNFINISHED;
}

/* A guest that died leaves these behind: they say nothing more. */
static bool is_explained(const struct judge *j, const struct ktap_fault *f)
{
	return j->cut && f->kind <= KTAP_FEWER && !has_ended(f->group);
}

/* The faults found in @group, in one line; NULL if there are none. */
static char *faults_of(const struct judge *j, const struct ktap_test *group)
{
	const struct ktap_fault *f;
	char *text, *all = NULL;
	unsigned int n = 0;

	for (f = ktap_faults(j->ktap); f; f = f->next) {
		if (f->group != group || is_explained(j, f))
			continue;
		if (++n > 3)
			continue;
		text = f->kind == KTAP_EMPTY ? xstrdup(f->text) :
			xasprintf("%s (line %lu)", f->text, f->line);
		all = text_join(all, "; ", text);
		free(text);
	}
	if (n > 3) {
		text = xasprintf("and %u more", n - 3);
		all = text_join(all, "; ", text);
		free(text);
	}
	return all;
}

static void add_unfinished(struct judge *j, const struct ktap_test *t, const char *name)
{
	const struct ktap_test *group = t->parent;
	char *reason;

	if (j->cut && !has_ended(group)) {
		j->explained = true;
		add(j, name, end_outcome(j), t->ms, end_reason(j));
		return;
	}
	if (has_ended(group)) {
		/* Its program died, the guest did not. */
		reason = xasprintf("no result; its program: %s",
				   *group->reason ? group->reason : "ended");
	} else {
		reason = xstrdup("no result: the output ended while it ran");
	}
	if (*t->reason)
		reason = text_join(reason, "; ", t->reason);
	add(j, name, OUTCOME_FAIL, t->ms, reason);
	free(reason);
}

static void add_test(struct judge *j, const struct ktap_test *t)
{
	char *name = ktap_full_name(t, j->unnamed), *reason;
	char *faults = faults_of(j, t);

	if (t->status == KTAP_FAIL || t->status == KTAP_TIMEOUT)
		j->failed++;
	if (faults) {
		reason = ktap_has_failed_child(t) || !ktap_failed(t) ? xstrdup("") :
			xstrdup(t->reason);
		reason = text_join(reason, "; ", faults);
		add(j, name, OUTCOME_FAIL, t->ms, reason);
		free(reason);
		goto out;
	}
	/* A group stands for its tests, unless it failed and they did not. */
	if (t->first && (!ktap_failed(t) || ktap_has_failed_child(t)))
		goto out;
	switch (t->status) {
	case KTAP_PASS:
		add(j, name, OUTCOME_PASS, t->ms, t->reason);
		break;
	case KTAP_FAIL:
		add(j, name, OUTCOME_FAIL, t->ms, t->reason);
		break;
	case KTAP_SKIP:
		add(j, name, OUTCOME_SKIP, t->ms, t->reason);
		break;
	case KTAP_TIMEOUT:
		add(j, name, OUTCOME_TIMEOUT, t->ms, t->reason);
		break;
	case KTAP_XFAIL:
		reason = xasprintf("expected failure: %s", t->reason);
		add(j, name, OUTCOME_SKIP, t->ms, reason);
		free(reason);
		break;
	case KTAP_UNFINISHED:
		add_unfinished(j, t, name);
		break;
	}
out:
	free(faults);
	free(name);
}

static void judge_tests(struct judge *j)
{
	const struct ktap_test *root = ktap_root(j->ktap), *t;
	char *faults;

	for (t = ktap_next(root); t; t = ktap_next(t))
		add_test(j, t);
	faults = faults_of(j, root);
	if (faults)
		add(j, "(ktap)", OUTCOME_FAIL, -1, faults);
	else if (!root->first && root->skip_all)
		add(j, "(suite)", OUTCOME_SKIP, -1, root->reason);
	free(faults);
}

/* The exit status and the results must tell the same. */
static void judge_status(struct judge *j)
{
	const struct boot *b = j->boot;
	char *reason = NULL;

	if ((b->status == 0 || b->verdict == VERDICT_PASSED) && j->failed)
		reason = xasprintf("%lu failed results, but the guest says all passed",
				   j->failed);
	else if (b->verdict == VERDICT_PASSED && b->status > 0)
		reason = xasprintf("verdict passed with exit status %ld", b->status);
	else if (j->bad || (j->known && b->verdict == VERDICT_FAILED))
		return;
	else if (b->status == 4 && j->skipped && !j->passed)
		return;
	else if (b->status > 0)
		reason = xasprintf("exit status %ld although no test failed", b->status);
	else if (b->verdict == VERDICT_FAILED)
		reason = xasprintf("the guest says failed although no test failed%s%s",
				   *b->reason ? ": " : "", b->reason);
	else
		return;
	add(j, "(suite)", OUTCOME_FAIL, -1, reason);
	free(reason);
}

static void judge_end(struct judge *j)
{
	bool timed_out = j->boot->verdict == VERDICT_TIMED_OUT;

	if (j->cut && !j->explained)
		add(j, timed_out ? "(suite)" : "(kernel)", end_outcome(j), -1, end_reason(j));
	if (j->console.kind && (timed_out || !j->cut))
		add(j, "(kernel)", OUTCOME_CRASH, -1, j->console.first);
}

static FILE *open_log(struct judge *j, const char *rundir, const char *kind, char **path)
{
	*path = log_path(rundir, kind, j->boot->suite, j->boot->iteration);
	return fopen(*path, "re");
}

static void read_console(struct judge *j, const char *rundir)
{
	char *path, *reason;
	FILE *file = open_log(j, rundir, "console", &path);
	int err = file ? 0 : errno;

	console_init(&j->console);
	if (file) {
		if (console_read(&j->console, file))
			err = errno;
		fclose(file);
	}
	/* A kernel that was never booted has said nothing. */
	if (err == ENOENT && (j->boot->verdict == VERDICT_SKIPPED ||
			      j->boot->verdict == VERDICT_ERROR))
		err = 0;
	if (err) {
		reason = xasprintf("no console log: %s: %s", path, strerror(err));
		add(j, "(console)", OUTCOME_FAIL, -1, reason);
		free(reason);
	}
	free(path);
}

static void read_ktap(struct judge *j, const char *rundir)
{
	enum verdict verdict = j->boot->verdict;
	char *path, *reason;
	FILE *file = open_log(j, rundir, "ktap", &path);
	int err = errno;

	if (file) {
		j->ktap = ktap_read(file);
		err = errno;
		fclose(file);
	}
	if (j->ktap && ktap_faults(j->ktap) && ktap_faults(j->ktap)->kind == KTAP_EMPTY &&
	    verdict == VERDICT_SKIPPED) {
		ktap_free(j->ktap);
		j->ktap = NULL;
	}
	if (!j->ktap && !j->cut && verdict != VERDICT_SKIPPED && verdict != VERDICT_ERROR) {
		reason = xasprintf("no KTAP: %s: %s", path, strerror(err));
		add(j, "(suite)", OUTCOME_FAIL, -1, reason);
		free(reason);
	}
	free(path);
}

/**
 * judge_boot() - add the results of one boot to the summary
 * @s: the summary
 * @rundir: the run's folder, with ktap/ and console/
 * @boot: the boot's line in runs.tsv
 */
void judge_boot(struct summary *s, const char *rundir, const struct boot *boot)
{
	struct judge j = { .summary = s, .boot = boot };
	struct suite_run *suite = summary_suite(s, boot->suite);

	suite->iterations++;
	if (boot->ms > 0)
		suite->ms += boot->ms;
	j.unnamed = strrchr(boot->suite, '/') + 1;
	read_console(&j, rundir);
	j.cut = boot->verdict == VERDICT_TIMED_OUT || boot->verdict == VERDICT_PANICKED ||
		boot->verdict == VERDICT_SPLAT || boot->verdict == VERDICT_KILLED ||
		j.console.kind == CONSOLE_PANIC;
	read_ktap(&j, rundir);

	if (j.ktap && boot->verdict != VERDICT_ERROR)
		judge_tests(&j);
	if (boot->verdict == VERDICT_ERROR)
		add(&j, "(suite)", OUTCOME_FAIL, -1,
		    *boot->reason ? boot->reason : "the harness could not run it");
	else if (boot->verdict == VERDICT_SKIPPED && !j.ktap)
		add(&j, "(suite)", OUTCOME_SKIP, -1, boot->reason);
	else if (j.ktap && !j.cut)
		judge_status(&j);
	judge_end(&j);

	ktap_free(j.ktap);
	console_release(&j.console);
}

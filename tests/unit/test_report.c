// SPDX-License-Identifier: GPL-2.0
/* Run folders built in a temporary folder, read as the report reads them. */
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"
#include "../../tools/lib/text.h"
#include "../../tools/lib/util.h"
#include "../../tools/report/junit.h"
#include "../../tools/report/known.h"
#include "../../tools/report/print.h"
#include "../../tools/report/roadmap.h"
#include "../../tools/report/run.h"

#define HEADER	"suite\titeration\tverdict\tstatus\tms\treason\n"
#define GOOD	"KTAP version 1\n1..1\n  TAP version 13\n  1..2\n  # duration_ms 1.5\n" \
		"  ok 1 global.a\n  ok 2 global.b\nok 1 p\n"
#define BAD	"KTAP version 1\n1..1\n  TAP version 13\n  1..2\n  ok 1 global.a\n" \
		"  # x.c:1:b:Expected 1 == 2\n  not ok 2 global.b\nnot ok 1 p # exit status 1\n"
#define HUNG	"KTAP version 1\n1..1\n  # Subtest: p\n  TAP version 13\n  1..3\n" \
		"  ok 1 global.a\n  #  RUN           global.b ...\n"

static char dir[64];
static struct summary summary;
static char *error;

static void put(const char *name, const char *text)
{
	char *path = xasprintf("%s/%s", dir, name), *slash = strrchr(path, '/');
	FILE *out;

	*slash = '\0';
	make_dirs(path);
	*slash = '/';
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
	free(path);
}

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/test-report.XXXXXX");
	assert_non_null(mkdtemp(dir));
	put("meta", "flavour=default\nrun=1\n");
	summary_init(&summary);
	error = NULL;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	summary_release(&summary);
	free(error);
	remove_tree(dir);
	return 0;
}

/* One boot of g/p; its files where they are not NULL. */
static void boot(const char *line, const char *ktap, const char *console)
{
	char *runs = xasprintf(HEADER "g/p\t1\t%s\n", line);

	put("runs.tsv", runs);
	free(runs);
	if (ktap)
		put("ktap/g/p.1.ktap", ktap);
	if (console)
		put("console/g/p.1.log", console);
	assert_int_equal(run_load(&summary, dir, &error), 0);
}

static char *written(void (*write)(struct summary *summary, FILE *out))
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	write(&summary, out);
	fclose(out);
	return text;
}

/* The summary without its header, the times cut out, and ktap paths shortened. */
static void expect(const char *want)
{
	char *text = written(summary_write), *got = strchr(text, '\n') + 1, *at;

	while ((at = strstr(got, dir)))
		memmove(at, at + strlen(dir), strlen(at + strlen(dir)) + 1);
	assert_string_equal(got, want);
	free(text);
}

static void all_pass(void **state)
{
	(void)state;
	boot("passed\t0\t12.5\t", GOOD, "booted\n");
	expect("g/p\tp/global.a\tPASS\t1.500\t\ng/p\tp/global.b\tPASS\t-\t\n");
}

static void a_failure(void **state)
{
	(void)state;
	boot("failed\t1\t12.5\t", BAD, "");
	expect("g/p\tp/global.a\tPASS\t-\t\n"
	       "g/p\tp/global.b\tFAIL\t-\tx.c:1:b:Expected 1 == 2\n");
}

/* A list of known limits, and one boot judged by it. */
static void boot_known(const char *list, const char *line, const char *ktap, const char *console)
{
	static struct known known;
	char *path = xasprintf("%s/known.tsv", dir);

	put("known.tsv", list);
	assert_true(known_load(&known, path, &error));
	summary.known = &known;
	boot(line, ktap, console);
	known_release(&known);
	free(path);
}

static void a_known_failure_is_skipped(void **state)
{
	(void)state;
	boot_known("# why\ng/*\tp/global.[bc]\tUML has no b\n", "failed\t1\t12.5\t", BAD, "");
	expect("g/p\tp/global.a\tPASS\t-\t\n"
	       "g/p\tp/global.b\tSKIP\t-\tknown limit: UML has no b\n");
}

static void a_failure_beside_a_known_one_stands_out(void **state)
{
	(void)state;
	boot_known("g/q\t*\tanother suite\ng/p\tp/global.a\tit passes\n", "failed\t1\t12.5\t", BAD, "");
	expect("g/p\tp/global.a\tPASS\t-\t\n"
	       "g/p\tp/global.b\tFAIL\t-\tx.c:1:b:Expected 1 == 2\n");
}

static void a_crash_is_never_known(void **state)
{
	(void)state;
	boot_known("*\t*\tanything\n", "panicked\t-\t1\t", HUNG, "Kernel panic - not syncing: x\n");
	expect("g/p\tp/global.a\tPASS\t-\t\n"
	       "g/p\tp/global.b\tCRASH\t-\tKernel panic - not syncing: x\n");
}

/* One boot of a kernel with @features, whose test p/global.b is skipped for @reason. */
static void boot_skipping(const char *features, const char *reason)
{
	char *meta = xasprintf("flavour=default\nfeatures=%s\n", features);
	char *ktap = xasprintf("KTAP version 1\n1..1\n  TAP version 13\n  1..2\n  ok 1 global.a\n"
			       "  ok 2 global.b # SKIP %s\nok 1 p\n", reason);

	put("meta", meta);
	boot("passed\t0\t1\t", ktap, "");
	free(ktap);
	free(meta);
}

static void a_fault_is_skipped_where_nothing_mends_it(void **state)
{
	(void)state;
	boot_skipping("um-fixes all-fixes-more", "mended by all-fixes: b is wrong");
	expect("g/p\tp/global.a\tPASS\t-\t\n"
	       "g/p\tp/global.b\tSKIP\t-\tmended by all-fixes: b is wrong\n");
}

static void a_fault_is_a_failure_where_it_should_be_mended(void **state)
{
	(void)state;
	boot_skipping("um-fixes all-fixes", "mended by all-fixes: b is wrong");
	expect("g/p\tp/global.a\tPASS\t-\t\n"
	       "g/p\tp/global.b\tFAIL\t-\tmended by all-fixes: b is wrong (the tree has that feature)\n");
}

static void a_malformed_list_says_where(void **state)
{
	struct known known;
	char *path = xasprintf("%s/known.tsv", dir), *want;

	(void)state;
	put("known.tsv", "a\tb\tc\n\na b c\n");
	assert_false(known_load(&known, path, &error));
	want = xasprintf("%s:3: not of the form suite TAB test TAB reason", path);
	assert_string_equal(error, want);
	free(want);
	free(path);
}

static void status_0_with_a_failure(void **state)
{
	(void)state;
	boot("passed\t0\t1\t", BAD, "");
	expect("g/p\tp/global.a\tPASS\t-\t\n"
	       "g/p\tp/global.b\tFAIL\t-\tx.c:1:b:Expected 1 == 2\n"
	       "g/p\t(suite)\tFAIL\t-\t2 failed results, but the guest says all passed\n");
}

static void status_3_without_a_failure(void **state)
{
	(void)state;
	boot("failed\texit 3\t1\t", "1..1\nok 1 a\n", "");
	expect("g/p\ta\tPASS\t-\t\n"
	       "g/p\t(suite)\tFAIL\t-\texit status 3 although no test failed\n");
}

static void passed_with_status_3(void **state)
{
	(void)state;
	boot("passed\t3\t1\t", "1..1\nok 1 a\n", "");
	expect("g/p\ta\tPASS\t-\t\ng/p\t(suite)\tFAIL\t-\tverdict passed with exit status 3\n");
}

static void failed_without_a_failure(void **state)
{
	(void)state;
	boot("failed\t-\t-\twhy", "1..1\nok 1 a\n", "");
	expect("g/p\ta\tPASS\t-\t\n"
	       "g/p\t(suite)\tFAIL\t-\tthe guest says failed although no test failed: why\n");
}

static void all_skipped_is_status_4(void **state)
{
	(void)state;
	boot("failed\texit 4\t1\t", "1..1\nok 1 a # SKIP no net\n", "");
	expect("g/p\ta\tSKIP\t-\tno net\n");
}

static void skip_all(void **state)
{
	(void)state;
	boot("passed\t0\t1\t", "1..0 # SKIP no net\n", "");
	expect("g/p\t(suite)\tSKIP\t-\tno net\n");
}

static void missing_ktap(void **state)
{
	(void)state;
	boot("passed\t0\t1\t", NULL, "");
	expect("g/p\t(suite)\tFAIL\t-\tno KTAP: /ktap/g/p.1.ktap: No such file or directory\n");
}

static void missing_console(void **state)
{
	(void)state;
	boot("passed\t0\t1\t", "1..1\nok 1 a\n", NULL);
	expect("g/p\t(console)\tFAIL\t-\tno console log: /console/g/p.1.log: "
	       "No such file or directory\ng/p\ta\tPASS\t-\t\n");
}

static void empty_ktap(void **state)
{
	(void)state;
	boot("passed\t0\t1\t", "", "");
	expect("g/p\t(ktap)\tFAIL\t-\tno test results at all\n");
}

static void no_plan(void **state)
{
	(void)state;
	boot("passed\t0\t1\t", "ok 1 a\n", "");
	expect("g/p\ta\tPASS\t-\t\ng/p\t(ktap)\tFAIL\t-\tno plan, 1 results (line 2)\n");
}

static void fewer_than_planned(void **state)
{
	(void)state;
	boot("passed\t0\t1\t", "1..1\n  1..5\n  ok 1 a\nok 1 p\n", "");
	expect("g/p\tp\tFAIL\t-\tfewer tests than planned: 1 of 5 (line 4)\n"
	       "g/p\tp/a\tPASS\t-\t\n");
}

static void expected_failure_is_no_pass(void **state)
{
	(void)state;
	boot("passed\t0\t1\t", "1..1\nok 1 a # XFAIL known\n", "");
	expect("g/p\ta\tSKIP\t-\texpected failure: known\n");
}

static void timed_out(void **state)
{
	(void)state;
	boot("timed-out\t-\t9000\tno end within 9 s", HUNG, "");
	expect("g/p\tp/global.a\tPASS\t-\t\ng/p\tp/global.b\tTIMEOUT\t-\tno end within 9 s\n");
}

static void timed_out_after_the_last_test(void **state)
{
	(void)state;
	boot("timed-out\t-\t9000\t", "1..1\nok 1 a\n", "");
	expect("g/p\ta\tPASS\t-\t\ng/p\t(suite)\tTIMEOUT\t-\tdid not end in time\n");
}

static void timed_out_without_output(void **state)
{
	(void)state;
	boot("timed-out\t-\t9000\t", NULL, "");
	expect("g/p\t(suite)\tTIMEOUT\t-\tdid not end in time\n");
}

static void timed_out_and_splat(void **state)
{
	(void)state;
	boot("timed-out\t-\t9000\t", HUNG,
	     "[  1.0] INFO: task sh:1 blocked for more than 5 seconds.\n");
	expect("g/p\tp/global.a\tPASS\t-\t\ng/p\tp/global.b\tTIMEOUT\t-\tdid not end in time\n"
	       "g/p\t(kernel)\tCRASH\t-\tINFO: task sh:1 blocked for more than 5 seconds.\n");
}

static void panicked(void **state)
{
	(void)state;
	boot("panicked\t-\t1\t", HUNG, "[ 1.0] Kernel panic - not syncing: no\n");
	expect("g/p\tp/global.a\tPASS\t-\t\n"
	       "g/p\tp/global.b\tCRASH\t-\tKernel panic - not syncing: no\n");
}

static void killed_between_tests(void **state)
{
	(void)state;
	boot("killed\t-\t1\tby signal 9", "1..3\nok 1 a\n", "");
	expect("g/p\ta\tPASS\t-\t\ng/p\t(test 2 of 3)\tCRASH\t-\tby signal 9\n");
}

static void splat_after_all_tests(void **state)
{
	(void)state;
	boot("splat\t0\t1\t", "1..1\nok 1 a\n", "[ 1.0] WARNING: suspicious RCU usage\n");
	expect("g/p\ta\tPASS\t-\t\ng/p\t(kernel)\tCRASH\t-\tWARNING: suspicious RCU usage\n");
}

static void splat_that_the_verdict_missed(void **state)
{
	(void)state;
	boot("passed\t0\t1\t", "1..1\nok 1 a\n", "[ 1.0] UBSAN: x in y:1:2\n");
	expect("g/p\ta\tPASS\t-\t\ng/p\t(kernel)\tCRASH\t-\tUBSAN: x in y:1:2\n");
}

static void program_killed(void **state)
{
	(void)state;
	boot("failed\t1\t1\t", "1..1\n  1..1\n  #  RUN    global.b ...\n"
	     "not ok 1 p # killed by signal 11 (SEGV)\n", "");
	expect("g/p\tp\tFAIL\t-\tfewer tests than planned: 0 of 1 (line 4)\n"
	       "g/p\tp/global.b\tFAIL\t-\tno result; its program: killed by signal 11 (SEGV)\n");
}

static void killed_command(void **state)
{
	(void)state;
	boot("failed\tsignal 11\t1\t", "1..1\nok 1 a\n", "");
	expect("g/p\ta\tPASS\t-\t\n"
	       "g/p\t(suite)\tFAIL\t-\texit status 139 although no test failed\n");
}

static void error_status(void **state)
{
	(void)state;
	boot("error\terror init: /x: no\t1\tinit: /x: no", NULL, "");
	expect("g/p\t(suite)\tFAIL\t-\tinit: /x: no\n");
}

static void skipped(void **state)
{
	(void)state;
	boot("skipped\t-\t-\tneeds feature x", NULL, NULL);
	expect("g/p\t(suite)\tSKIP\t-\tneeds feature x\n");
}

static void harness_error(void **state)
{
	(void)state;
	boot("error\t-\t-\tcannot\033[1m boot\xff", NULL, NULL);
	expect("g/p\t(suite)\tFAIL\t-\tcannot boot\xef\xbf\xbd\n");
}

static void same_name_twice(void **state)
{
	(void)state;
	boot("failed\t1\t1\t", "1..2\nok 1 a\nnot ok 2 a\n", "");
	expect("g/p\ta\tPASS\t-\t\ng/p\ta (2)\tFAIL\t-\t\n");
}

static void a_flake_is_counted(void **state)
{
	char runs[1024] = HEADER, name[64];
	int i;

	(void)state;
	for (i = 1; i <= 5; i++) {
		sprintf(runs + strlen(runs), "g/p\t%d\t%s\n", i,
			i == 4 ? "timed-out\t-\t1\t" : i == 2 ? "failed\t1\t1\t" : "passed\t0\t1\t");
		sprintf(name, "ktap/g/p.%d.ktap", i);
		put(name, i == 4 ? HUNG : i == 2 ? BAD : GOOD);
		sprintf(name, "console/g/p.%d.log", i);
		put(name, "");
	}
	put("runs.tsv", runs);
	assert_int_equal(run_load(&summary, dir, &error), 0);
	expect("g/p\tp/global.a\tPASS\t1.500\t\n"
	       "g/p\tp/global.b\tTIMEOUT\t-\tTIMEOUT 1/5, FAIL 1/5: did not end in time\n");
	assert_int_equal(summary.results[1].first_bad, 4);
}

static void malformed(void **state)
{
	static const struct {
		const char *file, *text, *error;
	} bad[] = {
		{ "runs.tsv", "", "/runs.tsv:1: the header is missing" },
		{ "runs.tsv", "suite\n", "/runs.tsv:1: 1 fields instead of 6" },
		{ "runs.tsv", "suite\tn\tverdict\tstatus\tms\treason\n",
		  "/runs.tsv:1: column 2 is \"n\" instead of \"iteration\"" },
		{ "runs.tsv", HEADER "g/p\t1\tpassed\t0\t1\n", "/runs.tsv:2: 5 fields instead of 6" },
		{ "runs.tsv", HEADER "../p\t1\tpassed\t0\t1\t\n", "field suite: \"../p\" is not valid" },
		{ "runs.tsv", HEADER "g/..\t1\tpassed\t0\t1\t\n", "field suite: \"g/..\" is not valid" },
		{ "runs.tsv", HEADER "p\t1\tpassed\t0\t1\t\n", "field suite: \"p\" is not valid" },
		{ "runs.tsv", HEADER "g/p\t0\tpassed\t0\t1\t\n", "field iteration: \"0\" is not valid" },
		{ "runs.tsv", HEADER "g/p\t1\tgreat\t0\t1\t\n", "field verdict: \"great\" is not valid" },
		{ "runs.tsv", HEADER "g/p\t1\tpassed\tx\t1\t\n", "field status: \"x\" is not valid" },
		{ "runs.tsv", HEADER "g/p\t1\tpassed\tsignal 0\t1\t\n", "field status: \"signal 0\"" },
		{ "runs.tsv", HEADER "g/p\t1\tpassed\texit 256\t1\t\n", "field status: \"exit 256\"" },
		{ "runs.tsv", HEADER "g/p\t1\tpassed\t0\tnan\t\n", "field ms: \"nan\" is not valid" },
		{ "runs.tsv", HEADER "g/p\t1\tpassed\t0\t1\tx", "/runs.tsv:2: the line is cut off" },
		{ "meta", "flavour\n", "/meta:1: not key=value" },
		{ "meta", "x=1\n", "/meta: field flavour is missing" },
		{ "meta", "flavour=default\nkept=some\n", "/meta:2: field kept: \"some\"" },
		{ "meta", "flavour=default\nwall_ms=soon\n", "/meta:2: field wall_ms: \"soon\"" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		summary_release(&summary);
		put("meta", "flavour=default\n");
		put("runs.tsv", HEADER);
		put(bad[i].file, bad[i].text);
		assert_int_equal(run_load(&summary, dir, &error), -1);
		if (!strstr(error, bad[i].error))
			fail_msg("\"%s\" instead of \"%s\"", error, bad[i].error);
		free(error);
		error = NULL;
	}
	remove_tree(dir);
	assert_int_equal(run_load(&summary, dir, &error), -1);
	assert_non_null(strstr(error, "/meta: No such file or directory"));
}

static void nothing_was_run(void **state)
{
	unsigned long passed, failed, skip;

	(void)state;
	put("runs.tsv", HEADER);
	assert_int_equal(run_load(&summary, dir, &error), 0);
	summary_count(&summary, &passed, &failed, &skip);
	assert_int_equal(passed + failed + skip, 0);
}

static void junit_holds_any_bytes(void **state)
{
	char *xml;

	(void)state;
	boot("failed\t1\t1\t", "1..1\n# <&\"\x01\xff]]>\nnot ok 1 a<b\n", "BUG: a<b & c\n");
	xml = written(junit_write);
	assert_non_null(strstr(xml, "name=\"a&lt;b\""));
	assert_non_null(strstr(xml, "message=\"&lt;&amp;&quot;\xef\xbf\xbd]]&gt;\""));
	assert_non_null(strstr(xml, "tests=\"2\" failures=\"1\" errors=\"1\" skipped=\"0\""));
	assert_non_null(strstr(xml, "BUG: a&lt;b &amp; c"));
	assert_null(strchr(xml, '\x01'));
	free(xml);
}

static char *failures(void)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	print_failures(&summary, dir, out, false);
	print_counts(&summary, out);
	fclose(out);
	return text;
}

static void what_was_kept_is_said(void **state)
{
	char *text;

	(void)state;
	put("meta", "flavour=default\n");
	boot("passed\t0\t1\t", GOOD, "");
	text = failures();
	assert_null(strstr(text, "as they were"));
	free(text);
	summary.kept = 1;
	text = failures();
	assert_non_null(strstr(text, "\n1 of them as they were: "));
	free(text);
}

static void fields_of_lines(void **state)
{
	static const char text[] = "cpu-v1\t1\ncpu\t2 3\ncpuset\t\nlast\t4";

	(void)state;
	assert_int_equal(strncmp(text_field(text, "cpu"), "2 3\n", 4), 0);
	assert_int_equal(*text_field(text, "cpuset"), '\n');
	assert_string_equal(text_field(text, "last"), "4");
	assert_null(text_field(text, "cp"));
	assert_null(text_field(text, "2 3"));
	assert_null(text_field("", "cpu"));
}

static void failures_say_how_to_repeat(void **state)
{
	char *text, *want;

	(void)state;
	boot("failed\t1\t1\t", BAD, "");
	text = failures();
	want = xasprintf("FAIL g/p p/global.b\n    x.c:1:b:Expected 1 == 2\n"
			 "    ktap:    %s/ktap/g/p.1.ktap\n    console: %s/console/g/p.1.log\n"
			 "    repeat:  make check SUITES=g/p FLAVOUR=default\n\n", dir, dir);
	assert_non_null(strstr(text, want));
	assert_string_equal(text + strlen(text) - 31, "\n1 passed, 1 failed, 0 skipped\n");
	free(want);
	free(text);
}

static char *judged(const char *table)
{
	struct roadmap map;
	char *path, *text;
	size_t len;
	FILE *out;

	put("roadmap", table);
	path = xasprintf("%s/roadmap", dir);
	if (roadmap_load(&map, path, &error)) {
		text = xstrdup(strstr(error, "/roadmap"));
		free(error);
		error = NULL;
	} else {
		roadmap_judge(&map, &summary, 1);
		out = open_memstream(&text, &len);
		roadmap_write(&map, out);
		fclose(out);
	}
	roadmap_release(&map);
	free(path);
	return text;
}

static void roadmap_row(const char *from_when_proof, const char *want)
{
	char *table = xasprintf("# c\n1\ttitle\n1.1\twhat\t%s\n", from_when_proof);
	char *text = judged(table), *row = strchr(text, '\n');

	/* status, counts and reason */
	row = row ? row + 1 : text;
	if (!strstr(row, want))
		fail_msg("%s: \"%s\" instead of \"%s\"", from_when_proof, row, want);
	free(text);
	free(table);
}

static void roadmap_statuses(void **state)
{
	(void)state;
	put("ktap/g/skip.1.ktap", "1..1\nok 1 s # SKIP no net\n");
	put("console/g/skip.1.log", "");
	put("ktap/g/good.1.ktap", GOOD);
	put("console/g/good.1.log", "");
	put("ktap/g/splat.1.ktap", GOOD);
	put("console/g/splat.1.log", "BUG: x\n");
	put("ktap/g/bad.1.ktap", BAD);
	put("console/g/bad.1.log", "");
	put("runs.tsv", HEADER "g/skip\t1\tfailed\texit 4\t1\t\ng/good\t1\tpassed\t0\t1\t\n"
	    "g/bad\t1\tfailed\t1\t1\t\ng/splat\t1\tsplat\t0\t1\t\n"
	    "g/absent\t1\tskipped\t-\t-\tneeds x\n");
	assert_int_equal(run_load(&summary, dir, &error), 0);

	roadmap_row("base\tnow\tg/good", "\tPASS\t2/0/0\t\n");
	roadmap_row("base\tnow\tg/good:*global.a", "\tPASS\t1/0/0\t\n");
	roadmap_row("base\tnow\tg/good:*nothing*", "\tno proof yet\t0/0/0\tg/good was not run\n");
	roadmap_row("base\tnow\tg/goo", "\tno proof yet\t0/0/0\tg/goo was not run\n");
	roadmap_row("base\tnow\t-", "\tno proof yet\t0/0/0\t\n");
	roadmap_row("base\tlater\tg/good", "\tlater\t0/0/0\t\n");
	roadmap_row("base\tnow\tg/bad", "\tFAIL\t1/1/0\tg/bad: p/global.b\n");
	roadmap_row("base\tnow\tg/bad:*global.a", "\tPASS\t1/0/0\t\n");
	roadmap_row("base\tnow\tg/good g/bad", "\tFAIL\t3/1/0\t");
	roadmap_row("base\tnow\tg/good g/none", "\tno proof yet\t2/0/0\t");
	roadmap_row("base\tnow\tg/good g/skip", "\tSKIP\t2/0/1\tno net\n");
	roadmap_row("base\tnow\tg/skip g/none", "\tno proof yet\t0/0/1\t");
	roadmap_row("base\tnow\tg/absent", "\tSKIP\t0/0/1\tneeds x\n");
	roadmap_row("base\tnow\tg/absent:*a", "\tSKIP\t0/0/1\tneeds x\n");
	roadmap_row("base\tnow\tg/splat:*global.a", "\tFAIL\t1/1/0\tg/splat: (kernel)\n");
	roadmap_row("base\tnow\tg/goo*@default", "\tPASS\t2/0/0\t\n");
	roadmap_row("base\tnow\t*@debug", "\tno proof yet\t0/0/0\t* was not run\n");
	roadmap_row("base\tnow\t*", "\tFAIL\t");
}

static void roadmap_malformed(void **state)
{
	(void)state;
	roadmap_row("base", "/roadmap:3: 3 fields; a title has 2, a row 5");
	roadmap_row("mainline\tnow\t-", "/roadmap:3: field from: \"mainline\"");
	roadmap_row("base\tsoon\t-", "/roadmap:3: field when: \"soon\"");
	roadmap_row("base\tnow\t", "/roadmap:3: field proof: \"\"");
	roadmap_row("base\tnow\tpidns", "/roadmap:3: field proof: \"pidns\"");
	roadmap_row("base\tnow\tg/p:", "/roadmap:3: field proof: \"g/p:\"");
	roadmap_row("base\tnow\tg/p  g/q", "/roadmap:3: field proof");
	roadmap_row("base\tnow\tg/p@", "/roadmap:3: field proof: \"g/p@\"");
	roadmap_row("base\tnow\t-\n1\tagain", "/roadmap:4: field row: \"1\" is there twice");
}

static void roadmap_as_markdown(void **state)
{
	struct roadmap map;
	char *path = xasprintf("%s/roadmap", dir), *text;
	size_t len;
	FILE *out;

	(void)state;
	boot("passed\t0\t1\t", GOOD, "");
	put("roadmap", "4\ttitle\n4.2\ta|b\tbase\tnow\tg/*\n4.3\tc\tstack\tlater\t-\n");
	assert_int_equal(roadmap_load(&map, path, &error), 0);
	roadmap_judge(&map, &summary, 1);
	out = open_memstream(&text, &len);
	roadmap_markdown(&map, out);
	fclose(out);
	assert_string_equal(text,
		"| row | what | from | proof | status | passed |\n"
		"| --- | --- | --- | --- | --- | --- |\n"
		"| **4** | **title** | | | | |\n"
		"| 4.2 | a\\|b | base | g/\\* | PASS | 2 of 2 |\n"
		"| 4.3 | c | stack | - | later |  |\n");
	roadmap_release(&map);
	free(text);
	free(path);
}

/* The table that the project ships must be readable. */
static void the_roadmap_itself(void **state)
{
	const char *path = "../../selftests/roadmap.tsv";
	struct roadmap map;

	(void)state;
	if (access(path, R_OK))
		skip();
	if (roadmap_load(&map, path, &error))
		fail_msg("%s", error);
	assert_true(map.nr > 45);
	roadmap_release(&map);
}

#define T(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(all_pass), T(a_failure), T(status_0_with_a_failure),
		T(status_3_without_a_failure), T(passed_with_status_3),
		T(failed_without_a_failure), T(all_skipped_is_status_4), T(skip_all),
		T(missing_ktap), T(missing_console), T(empty_ktap), T(no_plan),
		T(fewer_than_planned), T(expected_failure_is_no_pass), T(timed_out),
		T(timed_out_after_the_last_test), T(timed_out_without_output),
		T(timed_out_and_splat), T(panicked), T(killed_between_tests),
		T(splat_after_all_tests), T(splat_that_the_verdict_missed),
		T(program_killed), T(killed_command), T(error_status), T(skipped), T(harness_error), T(same_name_twice),
		T(a_flake_is_counted), T(malformed), T(nothing_was_run),
		T(junit_holds_any_bytes), T(failures_say_how_to_repeat),
		T(what_was_kept_is_said), T(fields_of_lines),
		T(roadmap_statuses), T(roadmap_malformed), T(roadmap_as_markdown),
		T(the_roadmap_itself), T(a_known_failure_is_skipped),
		T(a_fault_is_skipped_where_nothing_mends_it),
		T(a_fault_is_a_failure_where_it_should_be_mended),
		T(a_failure_beside_a_known_one_stands_out), T(a_crash_is_never_known),
		T(a_malformed_list_says_where),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}

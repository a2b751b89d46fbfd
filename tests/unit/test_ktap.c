// SPDX-License-Identifier: GPL-2.0
#include "unit.h"
#include "../../tools/lib/ktap.h"
#include "../../tools/lib/util.h"

static char shown[16384];

/* The tree and the faults as text: one line per test, one per fault. */
static const char *show(const char *in, size_t len)
{
	static const char * const status[] = {
		"pass", "fail", "skip", "xfail", "timeout", "unfinished",
	};
	struct ktap *k = ktap_new();
	const struct ktap_fault *f;
	const struct ktap_test *t;
	size_t n = 0, i;

	for (i = 0; i < len; i++)
		ktap_feed(k, in + i, 1);	/* any cut must do */
	ktap_end(k);
	*shown = '\0';
	for (t = ktap_next(ktap_root(k)); t; t = ktap_next(t)) {
		char *name = ktap_full_name(t, "?");

		n += snprintf(shown + n, sizeof(shown) - n, "%s %s", status[t->status], name);
		if (t->ms >= 0)
			n += snprintf(shown + n, sizeof(shown) - n, " %.1f", t->ms);
		if (*t->reason)
			n += snprintf(shown + n, sizeof(shown) - n, " [%s]", t->reason);
		n += snprintf(shown + n, sizeof(shown) - n, "\n");
		free(name);
	}
	for (f = ktap_faults(k); f; f = f->next)
		n += snprintf(shown + n, sizeof(shown) - n, "! %s\n", f->text);
	ktap_free(k);
	return shown;
}

static const struct {
	const char *in;
	const char *out;
} cases[] = {
	{ "", "! no test results at all\n" },
	{ "hello\nworld\n", "! no test results at all\n" },
	{ "KTAP version 1\n1..2\nok 1 a\nnot ok 2 b\n", "pass a\nfail b\n" },
	{ "TAP version 13\n1..1\nok 1 - a\n", "pass a\n" },
	{ "TAP version 14\nok 1 a\n1..1\n", "pass a\n" },
	{ "KTAP version 1\nok 1 a\n", "pass a\n! no plan, 1 results\n" },
	{ "1..0 # SKIP no such device\n", "" },
	{ "1..0\n", "! plans no test, and is not skipped\n" },
	{ "1..3\nok 1 a # SKIP why\nnot ok 2 b # SKIP: why not\nok 3 # SKIP nameless\n",
	  "skip a [why]\nskip b [why not]\nskip (test 3) [nameless]\n" },
	{ "1..5\nok 1 a # XFAIL x\nnot ok 2 b # TODO y\nnot ok 3 c # TIMEOUT 30 seconds\n"
	  "not ok 4 d # ERROR z\nok 5 e # rcode=0\n",
	  "xfail a [x]\nxfail b [y]\ntimeout c [30 seconds]\nfail d [z]\npass e [rcode=0]\n" },
	{ "1..1\nok 1 a # skipper\n", "pass a [skipper]\n" },
	{ "1..2\nok 1 a#b\nok 2 c \\#d\n", "pass a#b\npass c \\#d\n" },
	{ "1..3\nok 1 a\n", "pass a\nunfinished (test 2 of 3)\n! fewer tests than planned: 1 of 3\n" },
	{ "1..1\nok 1 a\nok 2 b\n", "pass a\npass b\n! more tests than planned: 2, planned 1\n" },
	{ "1..2\nok 1 a\nok 1 b\n", "pass a\npass b\n! two results have the number 1\n" },
	{ "1..2\nok 2 a\nok 1 b\n",
	  "pass a\npass b\n! number 2 comes after 0\n! number 1 comes after 2\n" },
	{ "1..2\nok\nnot ok what\n",
	  "pass (test 1)\nfail what\n! a result without a number\n! a result without a number\n" },
	{ "1..1\nokay then\nok, fine\nok 12abc\nok 1 a\n", "pass a\n" },
	{ "1..1\n1..1\nok 1 a\n", "pass a\n! a second plan\n" },
	{ "1..2\nok 1 a\nTAP version 13\nok 2 b\n", "pass a\npass b\n! a second version line\n" },
	{ "1..2\nok 1 a\nok 2 b", "pass a\nunfinished (test 2 of 2) [ok 2 b]\n! ends inside a line\n"
	  "! fewer tests than planned: 1 of 2\n" },
	{ "1..9\nok 1 a\nBail out! no more memory\n", "pass a\n! Bail out! no more memory\n" },
	{ "1..1\r\nok 1 a\r\n", "pass a\n" },
	{ "1..1\n 50%\r 99%\rok 1 a\n", "pass a\n" },
	{ "1..2\n\033[32mok 1 a\033[0m\nnot ok 2 \xff\xc3(\n", "pass a\nfail \xef\xbf\xbd\xef\xbf\xbd(\n" },
	{ "1..99999999999999999999\nok 1 a\n", "pass a\n! no plan, 1 results\n" },
	{ "1..1\n[    1.00] ok 7 kernel says\nok 1 a\n", "pass a\n" },
	/* diagnostics: failed checks first, else the last lines */
	{ "1..1\n# one\n# two\n# three\n# four\nnot ok 1 a\n", "fail a [two; three; four]\n" },
	{ "1..2\n# old\nok 1 a\nnot ok 2 b\n", "pass a\nfail b\n" },
	{ "1..1\n#  RUN           global.x ...\n# x.c:12:x:Expected 1 (1) == 2 (2)\n"
	  "# x: Test failed\n#          FAIL  global.x\n# duration_ms 12.5\nnot ok 1 global.x\n",
	  "fail global.x 12.5 [x.c:12:x:Expected 1 (1) == 2 (2)]\n" },
	{ "1..1\n# a.c:1:t:1\n# a.c:2:t:2\n# a.c:3:t:3\n# a.c:4:t:4\n# a.c:5:t:5\nnot ok 1 t\n",
	  "fail t [a.c:1:t:1; a.c:2:t:2; a.c:3:t:3; a.c:4:t:4; and 1 more]\n" },
	{ "1..1\n# x: Test terminated unexpectedly by signal 11\nnot ok 1 x\n",
	  "fail x [x: Test terminated unexpectedly by signal 11]\n" },
	{ "1..1\n# duration_ms nan\n# duration_ms -1\nok 1 a\n", "pass a\n" },
	/* nesting */
	{ "KTAP version 1\n1..2\n  TAP version 13\n  1..2\n  ok 1 a\n  not ok 2 b\n"
	  "# duration_ms 7\nnot ok 1 p # exit status 1\n  1..1\n    KTAP version 1\n    1..1\n"
	  "    ok 1 deep\n  ok 1 mid\nok 2 q\n",
	  "fail p 7.0 [exit status 1]\npass p/a\nfail p/b\npass q\npass q/mid\npass q/mid/deep\n" },
	{ "TAP version 13\n1..1\n# selftests: net: x\n# TAP version 13\n# 1..2\n# # said\n"
	  "# not ok 1 a\n# ok 2 b\nnot ok 1 selftests: net: x # exit=1\n",
	  "fail selftests: net: x [exit=1]\nfail selftests: net: x/a [said]\n"
	  "pass selftests: net: x/b\n" },
	{ "1..1\n  1..2\n  ok 1 a\n  not ok 2 b\nok 1 p\n",
	  "pass p\npass p/a\nfail p/b\n! says ok above a failed test\n" },
	{ "1..1\n  1..3\n  ok 1 a\nok 1 p\n",
	  "pass p\npass p/a\n! fewer tests than planned: 1 of 3\n" },
	{ "1..1\n  1..1\n  ok 1 a\nnot ok 1 p # killed by signal 11 (SEGV)\n",
	  "fail p [killed by signal 11 (SEGV)]\npass p/a\n" },
	{ "1..1\n  hello\n  # boom\n  TAP version 13\n  1..1\n  # bang\n  ok 1 a\n  # bye\n"
	  "not ok 1 p # exit status 3\n",
	  "fail p [exit status 3: hello; boom]\npass p/a\n" },
	{ "1..1\n  TAP version 13\n  1..0 # SKIP not here\nok 1 p\n", "skip p [not here]\n" },
	{ "1..1\n  TAP version 13\nok 1 p\n", "pass p\n" },
	/* cut off */
	{ "1..2\n  # Subtest: pidns\n  TAP version 13\n  # Subtest: pidns\n  1..4\n  ok 1 a\n"
	  "  #  RUN           global.hang ...\n  # x.c:3:hang:here\n",
	  "unfinished pidns\npass pidns/a\nunfinished pidns/global.hang [x.c:3:hang:here]\n"
	  "! ends without a result of its own\n! fewer tests than planned: 1 of 4\n"
	  "! fewer tests than planned: 0 of 2\n" },
	{ "1..1\n  1..2\n  #  RUN           global.die ...\nnot ok 1 p # killed by signal 9 (KILL)\n",
	  "fail p [killed by signal 9 (KILL)]\nunfinished p/global.die\n"
	  "! fewer tests than planned: 0 of 2\n" },
	{ "1..1\n  KTAP version 1\n  1..1\n  ok 1 a\n  KTAP version 1\n  1..1\n  ok 1 b\nok 1 p\n",
	  "unfinished ?\npass ?/a\npass p\npass p/b\n! ends without a result of its own\n" },
};

static void inputs(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		show(cases[i].in, strlen(cases[i].in));
		if (strcmp(shown, cases[i].out))
			print_message("input:\n%s\n", cases[i].in);
		assert_string_equal(shown, cases[i].out);
	}
}

static void nul_bytes(void **state)
{
	static const char in[] = "1..1\n\0ok\0 1 a\0\n";

	(void)state;
	assert_string_equal(show(in, sizeof(in) - 1), "pass a\n");
}

static void very_long_line(void **state)
{
	size_t len = 300000;
	char *in = malloc(len + 32);

	(void)state;
	memset(in, 'x', len);
	strcpy(in + len, "\n1..1\nok 1 a\n");
	assert_string_equal(show(in, strlen(in)), "pass a\n");
	free(in);
}

static void very_deep(void **state)
{
	char in[8192];
	size_t n = 0;
	int i;

	(void)state;
	for (i = 0; i < 60; i++)
		n += sprintf(in + n, "%*s1..1\n", 2 * i, "");
	show(in, n);
	assert_non_null(strstr(shown, "! nested deeper than 31\n"));
}

static void fuzz(void **state)
{
	char buf[4096];
	uint64_t seed = 2007;
	struct ktap *k;
	int i;

	(void)state;
	for (i = 0; i < 20000; i++) {
		const char *in = cases[i % (ARRAY_SIZE(cases))].in;
		size_t len = strlen(in);

		memcpy(buf, in, len);
		len = unit_mutate(buf, len, sizeof(buf), &seed);
		k = ktap_new();
		ktap_feed(k, buf, len);
		if (i % 7)
			ktap_end(k);
		/* A file without faults has a plan that its results meet. */
		if (i % 7 && !ktap_faults(k)) {
			assert_true(ktap_root(k)->has_plan);
			assert_int_equal(ktap_root(k)->planned, ktap_root(k)->results);
		}
		ktap_free(k);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inputs),
		cmocka_unit_test(nul_bytes),
		cmocka_unit_test(very_long_line),
		cmocka_unit_test(very_deep),
		cmocka_unit_test(fuzz),
	};

	return cmocka_run_group_tests_name("ktap", tests, NULL, NULL);
}

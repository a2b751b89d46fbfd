// SPDX-License-Identifier: GPL-2.0
/* The parts of the container commands that need no kernel: names, values, lines of /proc. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include "unit.h"
#include "../../tools/bulkhead/cgroup.h"
#include "../../tools/bulkhead/container.h"
#include "../../tools/bulkhead/limits.h"
#include "../../tools/bulkhead/ns.h"
#include "../../tools/bulkhead/process.h"
#include "../../tools/bulkhead/progress.h"
#include "../../tools/bulkhead/say.h"


static void names(void **state)
{
	static const char * const bad[] = {
		"", ".", "..", ".a", "-a", "a/b", "a b", "a\n", "\xc3\xa4", "a:b", "*",
	};
	char longest[CONTAINER_NAME_MAX + 2];
	size_t i;

	(void)state;
	assert_true(container_name_ok("web"));
	assert_true(container_name_ok("0"));
	assert_true(container_name_ok("Web_2.0-a"));
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(container_name_ok(bad[i]));
	memset(longest, 'a', sizeof(longest));
	longest[CONTAINER_NAME_MAX + 1] = '\0';
	assert_false(container_name_ok(longest));
	longest[CONTAINER_NAME_MAX] = '\0';
	assert_true(container_name_ok(longest));
}

static void states(void **state)
{
	static const char * const bad[] = {
		"", "1", "1 2", "1 2 3", "2 2 3 4", "1 0 3 4", "1 2 3 4 ", "1 2 3 4 5", "1 -2 3 4",
		"1 2 3 -4", "1 2 3 4\n", "x", "1 2 3 4x", "11 2 3 4",
	};
	struct container_state in = { 4711, 123456789012ull, 1764108000 }, out;
	char text[128];
	size_t i;

	(void)state;
	container_state_print(text, sizeof(text), &in);
	assert_true(container_state_parse(text, &out));
	assert_int_equal(out.pid, in.pid);
	assert_true(out.start == in.start && out.since == in.since);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(container_state_parse(bad[i], &out));
}

static void unescape_one(const char *escaped, const char *plain)
{
	char text[128];

	snprintf(text, sizeof(text), "%s", escaped);
	mount_unescape(text);
	assert_string_equal(text, plain);
}

static void escapes_of_mounts(void **state)
{
	(void)state;
	unescape_one("", "");
	unescape_one("/plain", "/plain");
	unescape_one("/a\\040b\\011c\\012d\\134e\\043", "/a b\tc\nd\\e#");
	unescape_one("\\303\\244", "\xc3\xa4");
	/* no escapes of the kernel's */
	unescape_one("a\\", "a\\");
	unescape_one("a\\04", "a\\04");
	unescape_one("a\\048", "a\\048");
	unescape_one("a\\777", "a\\777");
	unescape_one("\\134040", "\\040");
}

static bool line_parse(const char *line, char *copy, struct mount_line *m)
{
	strcpy(copy, line);
	return mount_line_parse(copy, m);
}

static void lines_of_mountinfo(void **state)
{
	struct mount_line m;
	char copy[256];

	(void)state;
	assert_true(line_parse("36 35 0:31 / /sys/fs/cgroup\\040v2 rw,nosuid shared:9 master:1 - "
			       "cgroup2 cgroup2 rw,nsdelegate\n", copy, &m));
	assert_string_equal(m.root, "/");
	assert_string_equal(m.point, "/sys/fs/cgroup v2");
	assert_string_equal(m.type, "cgroup2");
	/* no optional field; no source */
	assert_true(line_parse("1 1 0:2 /a /b rw - tmpfs", copy, &m));
	assert_string_equal(m.root, "/a");
	assert_string_equal(m.type, "tmpfs");
	assert_false(line_parse("", copy, &m));
	assert_false(line_parse("1 1 0:2 / /b rw -", copy, &m));
	assert_false(line_parse("1 1 0:2 / /b rw shared:1\n", copy, &m));
	assert_false(line_parse("1 1 0:2 -\n", copy, &m));
}

static int join(const char *root, const char *point, const char *name, char *path)
{
	struct mount_line m = { .root = (char *)root, .point = (char *)point };

	return cgroup_join(&m, name, path, 32);
}

static void paths_of_cgroups(void **state)
{
	char path[32];

	(void)state;
	assert_int_equal(join("/", "/cg", "/", path), 0);
	assert_string_equal(path, "/cg");
	assert_int_equal(join("/", "/cg", "/a/b", path), 0);
	assert_string_equal(path, "/cg/a/b");
	assert_int_equal(join("/", "/", "/a", path), 0);
	assert_string_equal(path, "/a");
	/* only a part is mounted */
	assert_int_equal(join("/a", "/cg", "/a/b", path), 0);
	assert_string_equal(path, "/cg/b");
	assert_int_equal(join("/a", "/cg", "/a", path), 0);
	assert_string_equal(path, "/cg");
	assert_int_equal(join("/a", "/cg", "/ab", path), -ENODEV);
	assert_int_equal(join("/a", "/cg", "/", path), -ENODEV);
	/* outside of the cgroup namespace */
	assert_int_equal(join("/", "/cg", "/../x", path), -ENODEV);
	assert_int_equal(join("/..", "/cg", "/x", path), -ENODEV);
	assert_int_equal(join("/", "/cg", "/0123456789012345678901234567890", path), -ENAMETOOLONG);
}

static void limit_is(const char *option, const char *arg, const char *want)
{
	char text[LIMIT_TEXT];

	assert_null(limit_parse(option, arg, text));
	assert_string_equal(text, want);
}

static void limit_is_bad(const char *option, const char *arg)
{
	char text[LIMIT_TEXT];

	assert_non_null(limit_parse(option, arg, text));
}

static void limits(void **state)
{
	(void)state;
	limit_is("memory", "max", "max");
	limit_is("memory", "0", "0");
	limit_is("memory", "64M", "67108864");
	limit_is("memory-high", "1g", "1073741824");
	limit_is("swap", "2T", "2199023255552");
	limit_is_bad("memory", "");
	limit_is_bad("memory", "-1");
	limit_is_bad("memory", "64MB");
	limit_is_bad("memory", "18446744073709551616");
	limit_is_bad("memory", "17179869184G");
	limit_is("pids", "100", "100");
	limit_is("pids", "max", "max");
	limit_is_bad("pids", "-1");
	limit_is_bad("pids", "1K");
	limit_is("cpu", "1.5", "150000 100000");
	limit_is("cpu", "20%", "20000 100000");
	limit_is("cpu", "0.01", "1000 100000");
	limit_is("cpu", "max", "max 100000");
	limit_is_bad("cpu", "0");
	limit_is_bad("cpu", "0x1");
	limit_is_bad("cpu", "1e3");
	limit_is_bad("cpu", "inf");
	limit_is_bad("cpu", "20%%");
	limit_is_bad("cpu", "1.5.2");
	limit_is("cpu-weight", "10000", "10000");
	limit_is_bad("cpu-weight", "0");
	limit_is_bad("cpu-weight", "10001");
	limit_is("cpus", "0-2,5", "0-2,5");
	limit_is_bad("cpus", "");
	limit_is_bad("cpus", "all");
	limit_is_bad("nonsense", "1");
}

static void limits_of_devices(void **state)
{
	char much[LIMIT_TEXT * 2];

	(void)state;
	limit_is("io", "98:0,wbps=1M", "98:0 wbps=1048576");
	limit_is("io", "98:16 rbps=max riops=10,wiops=20", "98:16 rbps=max riops=10 wiops=20");
	limit_is_bad("io", "");
	limit_is_bad("io", "98:0");
	limit_is_bad("io", "98,wbps=1");
	limit_is_bad("io", "98:0:1,wbps=1");
	limit_is_bad("io", "-98:0,wbps=1");
	limit_is_bad("io", "/dev/null,wbps=1");
	limit_is_bad("io", "/does/not/exist,wbps=1");
	limit_is_bad("io", "98:0,wbps");
	limit_is_bad("io", "98:0,wbps=fast");
	limit_is_bad("io", "98:0,speed=1");
	memset(much, '1', sizeof(much) - 1);
	much[sizeof(much) - 1] = '\0';
	limit_is_bad("io", much);
	limit_is_bad("cpus", much);
}

static void maps(void **state)
{
	static const char * const bad[] = {
		"", "0", "0:1", "0:1:", "0:1:0", "0:1:1,", ",0:1:1", "0:1:1 ", " 0:1:1", "-1:0:1",
		"0:1:1:1", "0:4294967295:2", "4294967295:0:2", "99999999999:0:1", "0:0:9999999999",
		"a:b:c", "0:1:1;1:2:1",
	};
	char text[NS_MAP_TEXT], *much;
	size_t i;

	(void)state;
	assert_true(ns_map_parse("0:1000:1", text));
	assert_string_equal(text, "0 1000 1\n");
	assert_true(ns_map_parse("0:1000:1,1:100000:65536", text));
	assert_string_equal(text, "0 1000 1\n1 100000 65536\n");
	assert_true(ns_map_parse("0:0:4294967295", text));
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(ns_map_parse(bad[i], text));
	/* more than there is room for */
	much = calloc(1, 2000);
	for (i = 0; i < 100; i++)
		strcat(much, i ? ",100:100:100" : "100:100:100");
	assert_false(ns_map_parse(much, text));
	free(much);
}

static void signals(void **state)
{
	(void)state;
	assert_int_equal(signal_parse("TERM"), SIGTERM);
	assert_int_equal(signal_parse("SIGKILL"), SIGKILL);
	assert_int_equal(signal_parse("sigusr1"), SIGUSR1);
	assert_int_equal(signal_parse("9"), 9);
	assert_int_equal(signal_parse("0"), 0);
	assert_int_equal(signal_parse("-9"), 0);
	assert_int_equal(signal_parse("SIG"), 0);
	assert_int_equal(signal_parse(""), 0);
	assert_int_equal(signal_parse("1000"), 0);
	assert_int_equal(signal_parse("SIGSIGTERM"), 0);
}

static void written(void (*print)(FILE *, const char *), const char *in, const char *want)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	print(out, in);
	fclose(out);
	assert_string_equal(text, want);
	free(text);
}

static void strings_of_json(void **state)
{
	(void)state;
	written(json_string, "", "\"\"");
	written(json_string, "a\"b\\c/", "\"a\\\"b\\\\c/\"");
	written(json_string, "\n\t\x01\x7f", "\"\\u000a\\u0009\\u0001\\u007f\"");
	written(json_string, "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
		"\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"");
	/* cut off, overlong, a surrogate, beyond the last, a stray continuation */
	written(json_string, "\xc3", "\"\\u00c3\"");
	written(json_string, "\xe2\x82", "\"\\u00e2\\u0082\"");
	written(json_string, "\xc0\xaf", "\"\\u00c0\\u00af\"");
	written(json_string, "\xe0\x80\xaf", "\"\\u00e0\\u0080\\u00af\"");
	written(json_string, "\xed\xa0\x80", "\"\\u00ed\\u00a0\\u0080\"");
	written(json_string, "\xf4\x90\x80\x80", "\"\\u00f4\\u0090\\u0080\\u0080\"");
	written(json_string, "\x80z", "\"\\u0080z\"");
}

static void strings_for_terminals(void **state)
{
	(void)state;
	written(plain_string, "sleep 1", "sleep 1");
	written(plain_string, "\x1b[2J\n", "?[2J?");
	written(plain_string, "\xc3\xa4", "\xc3\xa4");
	/* a control character of two bytes */
	written(plain_string, "\xc2\x9b", "?");
	written(plain_string, "\xff", "?");
}

static void size_is(unsigned long long bytes, const char *want)
{
	char text[32];

	progress_size(text, sizeof(text), bytes);
	assert_string_equal(text, want);
}

static void sizes_for_people(void **state)
{
	(void)state;
	size_is(0, "0 bytes");
	size_is(1023, "1023 bytes");
	size_is(1024, "1.0 KiB");
	size_is(1048575, "1.0 MiB");
	size_is(12902727, "12.3 MiB");
	size_is(~0ull, "16.0 EiB");
}

static void names_of_namespaces(void **state)
{
	char text[128], small[8];

	(void)state;
	ns_names(0, text, sizeof(text));
	assert_string_equal(text, "");
	ns_names(CLONE_NEWPID | CLONE_NEWTIME, text, sizeof(text));
	assert_string_equal(text, "pid, time");
	ns_names(NS_ALL, small, sizeof(small));
	assert_string_equal(small, "pid, ut");
}

/* What comes from /proc or an attribute may be anything: nothing is read beyond its end. */
static void any_text_is_survived(void **state)
{
	static const char line[] = "36 35 0:31 /a\\040b /cg\\134 rw shared:9 - cgroup2 none rw\n";
	uint64_t seed = 7;
	int i;

	(void)state;
	for (i = 0; i < 20000; i++) {
		char *text = malloc(256), map[NS_MAP_TEXT], limit[LIMIT_TEXT];
		struct container_state s;
		struct mount_line m;
		size_t len = sizeof(line) - 1;

		memcpy(text, line, len);
		len = unit_mutate(text, len, 255, &seed);
		text = realloc(text, len + 1);
		text[len] = '\0';
		container_state_parse(text, &s);
		container_name_ok(text);
		ns_map_parse(text, map);
		limit_parse("io", text, limit);
		limit_parse("cpu", text, limit);
		if (mount_line_parse(text, &m)) {
			char path[64];

			assert_true(strlen(m.point) < len && strlen(m.root) < len);
			cgroup_join(&m, "/a b/c", path, sizeof(path));
		}
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(states),
		cmocka_unit_test(escapes_of_mounts),
		cmocka_unit_test(lines_of_mountinfo),
		cmocka_unit_test(paths_of_cgroups),
		cmocka_unit_test(limits),
		cmocka_unit_test(limits_of_devices),
		cmocka_unit_test(maps),
		cmocka_unit_test(signals),
		cmocka_unit_test(strings_of_json),
		cmocka_unit_test(strings_for_terminals),
		cmocka_unit_test(sizes_for_people),
		cmocka_unit_test(names_of_namespaces),
		cmocka_unit_test(any_text_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

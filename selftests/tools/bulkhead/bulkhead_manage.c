// SPDX-License-Identifier: GPL-2.0
/* Containers that are there: list, enter, freeze, thaw, kill. */
#include <time.h>
#include "dwait.h"
#include "kselftest_harness.h"
#include "tool.h"

/* Writes a number that grows to TOOL_DIR/n, with processes that come and go. */
#define BUSY	"sh -c 'n=0; while :; do n=$((n+1)); (echo $n >" TOOL_DIR "/n); done'"

FIXTURE(manage) {
};

FIXTURE_SETUP(manage)
{
	tool_setup();
}

FIXTURE_TEARDOWN(manage)
{
	tool_teardown();
}

static long steps(void)
{
	return file_number(TOOL_DIR "/n");
}

static bool goes_on(void)
{
	long before = steps();

	return EVENTUALLY(steps() > before);
}

/* Tells another pid or start of the first process, as if it were long gone. */
static int forge(const char *name, int pid_more, int start_more)
{
	unsigned long long start;
	char text[128];
	long long since;
	ssize_t n;
	int pid;

	n = getxattr(tool_cg(name), "user.bulkhead", text, sizeof(text) - 1);
	must(n > 0);
	text[n] = '\0';
	must(sscanf(text, "1 %d %llu %lld", &pid, &start, &since) == 3);
	snprintf(text, sizeof(text), "1 %d %llu %lld", pid + pid_more, start + start_more, since);
	return setxattr(tool_cg(name), "user.bulkhead", text, strlen(text), 0);
}

TEST_F(manage, an_empty_list_is_a_list)
{
	EXPECT_EQ(0, tool("list"));
	EXPECT_STREQ("", tool_out());
	EXPECT_EQ(0, tool("list --json"));
	EXPECT_STREQ("[]", tool_out());
}

TEST_F(manage, list_tells_all_of_a_container)
{
	struct tm tm = { 0 };
	time_t now;

	ASSERT_EQ(0, tool("run -d --name web sh -c 'sleep 1000 & sleep 1001 & wait'"));
	EXPECT_TRUE(EVENTUALLY(!strcmp(tool_field("web", "tasks"), "3")));
	EXPECT_STREQ("running", tool_field("web", "state"));
	EXPECT_STREQ("sh -c sleep 1000 & sleep 1001 & wait", tool_field("web", "command"));
	EXPECT_LT(4096, atol(tool_field("web", "memory")));
	ASSERT_NE(NULL, strptime(tool_field("web", "since"), "%Y-%m-%dT%H:%M:%SZ", &tm));
	now = time(NULL);
	EXPECT_LE(timegm(&tm), now);
	EXPECT_GE(timegm(&tm), now - PROC_HANG_MS / 1000 * 2);
	ASSERT_EQ(0, tool_sh("cat /proc/%d/cgroup; cat /proc/%d/comm", tool_pid("web"),
			     tool_pid("web")));
	EXPECT_STREQ("0::/bulkhead/web\nsh", tool_out());
	ASSERT_EQ(0, tool("list"));
	EXPECT_TRUE(tool_says("web              running "));
	EXPECT_TRUE(tool_says("sh -c sleep 1000 & sleep 1001 & wait"));
}

TEST_F(manage, list_is_sorted_and_skips_what_is_no_container)
{
	ASSERT_EQ(0, tool("run -d --name b sleep 1000"));
	ASSERT_EQ(0, tool("run -d --name a sleep 1000"));
	ASSERT_EQ(0, cg_create(TOOL_PLACE "/.hidden"));
	ASSERT_EQ(0, tool("list --json"));
	EXPECT_STREQ("a", json_get(tool_file("out"), "[0].name"));
	EXPECT_STREQ("b", json_get(tool_file("out"), "[1].name"));
	EXPECT_EQ(NULL, json_get(tool_file("out"), "[2].name"));
	ASSERT_EQ(0, cg_remove(TOOL_PLACE "/.hidden"));
}

TEST_F(manage, whatever_a_process_calls_itself_the_list_is_json)
{
	ASSERT_EQ(0, tool("run -d --name odd sh -c 'sleep 1000; :' 'a\"b\\c' \"$(printf '\\n\\033\\377\\303\\244')\""));
	ASSERT_EQ(0, tool("list --json"));
	ASSERT_TRUE(json_valid(tool_out())) TH_LOG("%s", tool_out());
	EXPECT_STREQ("sh -c sleep 1000; : a\"b\\c \n\033\377\303\244", tool_field("odd", "command"));
	ASSERT_EQ(0, tool("list"));
	EXPECT_EQ(NULL, strchr(tool_out(), '\033'));
}

TEST_F(manage, what_has_ended_is_listed_once_more)
{
	ASSERT_EQ(0, tool("run -d --name web sleep 1000"));
	ASSERT_EQ(0, tool_sh("kill -9 %d", tool_pid("web")));
	ASSERT_EQ(0, cg_await_empty(tool_cg("web")));
	ASSERT_EQ(0, tool("list --json"));
	EXPECT_STREQ("ended", json_get(tool_file("out"), "[0].state"));
	EXPECT_STREQ("null", json_get(tool_file("out"), "[0].pid"));
	EXPECT_STREQ("null", json_get(tool_file("out"), "[0].command"));
	EXPECT_STREQ("0", json_get(tool_file("out"), "[0].tasks"));
	EXPECT_EQ(NULL, tool_field("web", "state"));
	EXPECT_FALSE(tool_is_there("web"));
}

/* Nobody has waited for it yet, as the tool that would is stopped. */
TEST_F(manage, a_first_process_that_is_a_zombie_has_ended)
{
	pid_t run = TOOL_START("run", "--name", "web", "sleep", "1000"), pid = 0;

	EXPECT_TRUE(EVENTUALLY((pid = tool_pid("web")) > 0));
	ASSERT_EQ(0, kill(run, SIGSTOP));
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_TRUE(EVENTUALLY(task_state(pid) == 'Z'));
	EXPECT_EQ(1, tool("enter web true"));
	EXPECT_EQ(0, tool("list --json"));
	EXPECT_STREQ("ended", json_get(tool_file("out"), "[0].state"));
	EXPECT_STREQ("null", json_get(tool_file("out"), "[0].pid"));
	EXPECT_STREQ("null", json_get(tool_file("out"), "[0].command"));
	EXPECT_EQ(0, kill(run, SIGCONT));
	EXPECT_EQ(128 + SIGKILL, proc_end(run));
}

/* Another process has the pid by now, or nobody: it is not taken for the container's. */
TEST_F(manage, a_pid_that_is_another_process_is_not_the_container)
{
	static const struct {
		int pid, start;
	} forged[] = { { 0, 1 }, { 0, -1 }, { 30000, 0 } };

	for (size_t i = 0; i < ARRAY_SIZE(forged); i++) {
		ASSERT_EQ(0, tool("run -d --name web sleep 1000"));
		ASSERT_NE(0, tool_pid("web"));
		ASSERT_EQ(0, forge("web", forged[i].pid, forged[i].start));
		EXPECT_STREQ("null", tool_field("web", "pid"));
		EXPECT_STREQ("running", tool_field("web", "state"));
		EXPECT_EQ(1, tool("enter web true"));
		EXPECT_STREQ("bulkhead: web: its first process has ended", tool_err());
		EXPECT_EQ(1, tool("kill --signal KILL web"));
		EXPECT_STREQ("bulkhead: web: its first process has ended", tool_err());
		EXPECT_EQ(1, tool("checkpoint -o image web"));
		EXPECT_STREQ("bulkhead: web: its first process has ended", tool_err());
		EXPECT_STREQ("running", tool_field("web", "state"));
		/* whoever lives there can still be ended */
		EXPECT_EQ(0, tool("kill web"));
	}
	/* and an attribute that is no state is none */
	ASSERT_EQ(0, tool("run -d --name web sleep 1000"));
	ASSERT_EQ(0, setxattr(tool_cg("web"), "user.bulkhead", "1 x", 3, 0));
	EXPECT_STREQ("null", tool_field("web", "pid"));
	EXPECT_STREQ("null", tool_field("web", "since"));
	EXPECT_EQ(0, tool("kill web"));
}

TEST_F(manage, who_is_not_there_is_told_so)
{
	static const char * const all[] = { "enter", "freeze", "thaw", "kill", "kill -s TERM",
					    "checkpoint -o x" };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		EXPECT_EQ(1, tool("%s web", all[i])) TH_LOG("%s", all[i]);
		EXPECT_STREQ("bulkhead: web: no such container", tool_err());
	}
}

/* In all its namespaces, as its root, in its cgroup. */
TEST_F_TIMEOUT(manage, enter_is_inside, 240)
{
	static const char * const files[] = {
		"pid", "uts", "ipc", "net", "mnt", "cgroup", "time", "user",
	};
	static const char * const options[] = { "--all", "--all --user=0:100000:1000", "--none",
						"--pid", "--net --cgroup" };
	char theirs[64], path[64];

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		ASSERT_EQ(0, tool("run -d --name web %s sleep 1000", options[i]));
		for (size_t j = 0; j < ARRAY_SIZE(files); j++) {
			snprintf(path, sizeof(path), "/proc/%d/ns/%s", tool_pid("web"), files[j]);
			theirs[readlink(path, theirs, sizeof(theirs) - 1)] = '\0';
			ASSERT_EQ(0, tool("enter web readlink /proc/self/ns/%s", files[j]))
				TH_LOG("%s: %s", options[i], tool_err());
			EXPECT_STREQ(theirs, tool_out()) TH_LOG("%s", options[i]);
		}
		ASSERT_EQ(0, tool("enter web id -u"));
		EXPECT_STREQ("0", tool_out());
		ASSERT_EQ(0, tool("enter web cat /proc/self/cgroup"));
		EXPECT_STREQ(strstr(options[i], "--all") || strstr(options[i], "cgroup") ?
			     "0::/" : "0::/bulkhead/web", tool_out());
		ASSERT_EQ(0, tool("kill web"));
	}
}

TEST_F(manage, enter_exits_as_its_command_does)
{
	char script[] = "trap 'exit 43' USR1; echo on; sleep 1000 & wait";
	pid_t pid;

	ASSERT_EQ(0, tool("run -d --name web --uts sleep 1000"));
	EXPECT_EQ(0, tool("enter web true"));
	EXPECT_EQ(9, tool("enter web sh -c 'exit 9'"));
	EXPECT_EQ(143, tool("enter web sh -c 'kill $$'"));
	EXPECT_EQ(127, tool("enter web no-such-command"));
	EXPECT_STREQ("bulkhead: web: no-such-command: No such file or directory", tool_err());
	EXPECT_EQ(126, tool("enter web /etc/passwd"));
	EXPECT_EQ(1, tool("enter --chdir /none web true"));
	EXPECT_EQ(0, tool("enter --chdir /bin web pwd"));
	EXPECT_STREQ("/bin", tool_out());
	EXPECT_EQ(5, tool_sh("echo 'exit 5' | SHELL= bulkhead enter web"));
	EXPECT_EQ(0, tool_sh("SHELL=/bin/hostname bulkhead enter web"));
	EXPECT_STREQ("web", tool_out());
	pid = TOOL_START("enter", "web", "sh", "-c", script);
	EXPECT_TRUE(EVENTUALLY(!strcmp(tool_out(), "on")));
	kill(pid, SIGUSR1);
	EXPECT_EQ(43, proc_end(pid));
}

TEST_F(manage, who_has_entered_is_frozen_counted_and_killed_like_the_others)
{
	pid_t pid;

	ASSERT_EQ(0, tool("run -d --name web --all sleep 1000"));
	pid = TOOL_START("enter", "web", "sleep", "1000");
	EXPECT_TRUE(EVENTUALLY(!strcmp(tool_field("web", "tasks"), "2")));
	ASSERT_EQ(0, tool("kill web"));
	EXPECT_EQ(137, proc_end(pid));
}

TEST_F(manage, nobody_enters_what_stands_or_has_ended)
{
	ASSERT_EQ(0, tool("run -d --name web sleep 1000"));
	ASSERT_EQ(0, tool("freeze web"));
	EXPECT_EQ(1, tool("enter web true"));
	EXPECT_STREQ("bulkhead: web: it is frozen", tool_err());
	ASSERT_EQ(0, tool_sh("kill -9 %d", tool_pid("web")));
	ASSERT_EQ(0, cg_await_empty(tool_cg("web")));
	EXPECT_EQ(1, tool("freeze web"));
	EXPECT_STREQ("bulkhead: web: it has ended", tool_err());
	EXPECT_EQ(1, tool("enter web true"));
	EXPECT_STREQ("bulkhead: web: its first process has ended", tool_err());
}

TEST_F_TIMEOUT(manage, a_busy_container_stands_and_goes_on, 240)
{
	long before;

	ASSERT_EQ(0, tool("run -d --name web " BUSY));
	EXPECT_TRUE(EVENTUALLY(steps() > 10));
	for (int i = 0; i < 10; i++) {
		ASSERT_EQ(0, tool("freeze --json web")) TH_LOG("%s", tool_err());
		EXPECT_STREQ("true", json_get(tool_file("out"), "frozen"));
		EXPECT_EQ(1, cg_key(tool_cg("web"), "cgroup.events", "frozen"));
		EXPECT_TRUE(tool_state_is("web", "frozen"));
		before = steps();
		poll(NULL, 0, 30);
		EXPECT_EQ(before, steps());
		/* once more is no harm */
		ASSERT_EQ(0, tool("freeze web"));
		ASSERT_EQ(0, tool("thaw --json web"));
		EXPECT_STREQ("false", json_get(tool_file("out"), "frozen"));
		EXPECT_STREQ("web", json_get(tool_file("out"), "name"));
		EXPECT_TRUE(tool_state_is("web", "running"));
		EXPECT_TRUE(goes_on());
	}
	ASSERT_EQ(0, tool("thaw web"));
}

/* Uninterruptible sleep is where the freezer does not reach. */
TEST_F(manage, what_does_not_stand_in_time_is_let_go)
{
	struct dwait d;
	pid_t pid;

	if (!dwait_begin(&d))
		SKIP(return, "no userfaultfd");
	ASSERT_EQ(0, tool("run -d --name web " BUSY));
	pid = cg_fork_into(tool_cg("web"), 0);
	if (!pid) {
		dwait_sleep(&d);
		_exit(0);
	}
	ASSERT_TRUE(dwait_sleeps(pid));
	EXPECT_EQ(1, tool("freeze --timeout 0 web"));
	EXPECT_STREQ("bulkhead: web: not frozen within 0 s", tool_err());
	EXPECT_EQ(0, cg_number(tool_cg("web"), "cgroup.freeze"));
	EXPECT_TRUE(goes_on());
	/* nor does a kill */
	EXPECT_EQ(1, tool("kill --timeout 0 web"));
	EXPECT_TRUE(tool_complains_of("bulkhead: web: killed, but "));
	dwait_end(&d);
	EXPECT_EQ(-SIGKILL, proc_end(pid));
	EXPECT_EQ(0, cg_await_empty(tool_cg("web")));
}

/* Whoever is told to end while he waits for the freezer leaves nobody frozen. */
TEST_F(manage, an_interrupted_freeze_is_taken_back)
{
	struct dwait d;
	pid_t pid, tool_pid;

	if (!dwait_begin(&d))
		SKIP(return, "no userfaultfd");
	ASSERT_EQ(0, tool("run -d --name web " BUSY));
	pid = cg_fork_into(tool_cg("web"), 0);
	if (!pid) {
		dwait_sleep(&d);
		_exit(0);
	}
	ASSERT_TRUE(dwait_sleeps(pid));
	tool_pid = TOOL_START("freeze", "--timeout", "1000", "web");
	ASSERT_TRUE(EVENTUALLY(cg_number(tool_cg("web"), "cgroup.freeze") == 1));
	kill(tool_pid, SIGINT);
	EXPECT_EQ(-SIGINT, proc_end(tool_pid));
	EXPECT_EQ(0, cg_number(tool_cg("web"), "cgroup.freeze"));
	EXPECT_TRUE(goes_on());
	tool_pid = TOOL_START("checkpoint", "-o", "image", "web");
	ASSERT_TRUE(EVENTUALLY(cg_number(tool_cg("web"), "cgroup.freeze") == 1));
	kill(tool_pid, SIGTERM);
	EXPECT_EQ(-SIGTERM, proc_end(tool_pid));
	EXPECT_EQ(0, cg_number(tool_cg("web"), "cgroup.freeze"));
	EXPECT_TRUE(goes_on());
	EXPECT_NE(0, system("ls image* >/dev/null 2>&1"));
	dwait_end(&d);
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(manage, kill_ends_all_and_removes_it)
{
	pid_t pid;

	ASSERT_EQ(0, tool("run -d --name web --none sh -c 'mkdir " TOOL_PLACE "/web/below;"
			  " sleep 1000 & echo $! >" TOOL_PLACE "/web/below/cgroup.procs;"
			  " trap \"\" TERM INT; setsid sleep 1000 & echo $! >" TOOL_DIR "/pid; wait'"));
	EXPECT_TRUE(EVENTUALLY(file_number(TOOL_DIR "/pid") > 0));
	pid = file_number(TOOL_DIR "/pid");
	ASSERT_EQ(0, tool("kill --json web"));
	EXPECT_STREQ("9", json_get(tool_file("out"), "signal"));
	/* reaped, waiting for it, or about to be */
	EXPECT_NE(NULL, strchr("-ZX", task_state(pid)));
	EXPECT_FALSE(tool_is_there("web"));
	EXPECT_EQ(1, tool("kill web"));
}

TEST_F(manage, kill_ends_what_is_frozen)
{
	ASSERT_EQ(0, tool("run -d --name web sleep 1000"));
	ASSERT_EQ(0, tool("freeze web"));
	ASSERT_EQ(0, tool("kill web"));
	EXPECT_FALSE(tool_is_there("web"));
}

TEST_F_TIMEOUT(manage, kill_is_quicker_than_a_fork_bomb, 240)
{
	ASSERT_EQ(0, tool("run -d --name bomb --none --pids 200 bash -c 'bomb() { bomb | bomb & }; bomb; bomb'"));
	EXPECT_TRUE(EVENTUALLY(cg_number(tool_cg("bomb"), "pids.current") > 50));
	ASSERT_EQ(0, tool("kill --timeout 100 bomb")) TH_LOG("%s", tool_err());
	EXPECT_FALSE(tool_is_there("bomb"));
}

TEST_F(manage, a_signal_goes_to_the_first_process_only)
{
	ASSERT_EQ(0, tool("run -d --name web sh -c 'trap \"echo got >" TOOL_DIR "/got\" USR1;"
			  " sleep 1000 & echo on >" TOOL_DIR "/on; while :; do wait; done'"));
	EXPECT_TRUE(EVENTUALLY(!strcmp(tool_file("on"), "on")));
	ASSERT_EQ(0, tool("kill --json --signal usr1 web"));
	EXPECT_EQ(SIGUSR1, atoi(json_get(tool_file("out"), "signal")));
	EXPECT_TRUE(EVENTUALLY(!strcmp(tool_file("got"), "got")));
	/* sleep has no handler: it would be gone */
	EXPECT_STREQ("2", tool_field("web", "tasks"));
	ASSERT_EQ(0, tool("kill -s 9 web"));
	EXPECT_EQ(0, cg_await_empty(tool_cg("web")));
}

TEST_HARNESS_MAIN

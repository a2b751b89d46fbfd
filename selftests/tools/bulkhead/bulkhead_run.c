// SPDX-License-Identifier: GPL-2.0
/* bulkhead run: a command, its namespaces, its files, its end. */
#include <sched.h>
#include <sys/ioctl.h>
#include "kselftest_harness.h"
#include "tool.h"

FIXTURE(run) {
};

FIXTURE_SETUP(run)
{
	tool_setup();
}

FIXTURE_TEARDOWN(run)
{
	tool_teardown();
}

TEST_F(run, exits_as_its_command_does)
{
	EXPECT_EQ(0, tool("run true"));
	EXPECT_EQ(7, tool("run sh -c 'exit 7'"));
	EXPECT_EQ(137, tool("run --none sh -c 'kill -9 $$'"));
	EXPECT_STREQ("", tool_err());
}

TEST_F(run, says_why_a_command_cannot_be_run)
{
	EXPECT_EQ(127, tool("run no-such-command"));
	EXPECT_STREQ("bulkhead: no-such-command-1: no-such-command: No such file or directory",
		     tool_err());
	EXPECT_EQ(126, tool("run -d --name x /etc/passwd"));
	EXPECT_STREQ("bulkhead: x: /etc/passwd: Permission denied", tool_err());
	EXPECT_STREQ("", tool_out());
	EXPECT_FALSE(tool_is_there("x"));
	EXPECT_EQ(1, tool("run --name x --chdir /none true"));
	EXPECT_STREQ("bulkhead: x: --chdir: /none: No such file or directory", tool_err());
	EXPECT_EQ(1, tool("run --name x --log /none/log true"));
	EXPECT_STREQ("bulkhead: --log: /none/log: No such file or directory", tool_err());
	EXPECT_FALSE(tool_is_there("x"));
}

TEST_F(run, bad_usage_is_status_2_and_makes_nothing)
{
	static const char * const bad[] = {
		"", "run", "run --name", "run --name ''", "run --name .x true", "run --name a/b true",
		"run --name -x true", "run --memory lots true", "run --pids -1 true",
		"run --cpu 0 true", "run --io 98:0 true", "run --user=0:0 true",
		"run --time=soon true", "run --env X true", "run --env =x true", "run --nonsense true",
		"run --tmpfs t true", "run --tmpfs '' true", "run --bind /a true", "run --bind :/a true",
		"run --bind /a:b true", "run --bind /a:/b:x true",
		"run --json true", "run --time=1 --user true", "list x", "freeze", "freeze a b",
		"freeze .a", "freeze -t x a", "freeze -t -1 a", "thaw", "kill", "kill --signal XYZ a",
		"enter", "enter a/b", "checkpoint", "checkpoint a b", "restart a b", "nonsense",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(2, tool("%s", bad[i])) TH_LOG("%s", bad[i]);
		EXPECT_STRNE("", tool_err()) TH_LOG("%s", bad[i]);
	}
	EXPECT_TRUE(access(TOOL_PLACE, F_OK));
}

TEST_F(run, every_command_has_help)
{
	static const char * const all[] = {
		"run", "list", "enter", "freeze", "thaw", "kill", "checkpoint", "restart", "image",
	};
	char want[64];

	EXPECT_EQ(0, tool("--help"));
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		EXPECT_EQ(0, tool("--help"));
		EXPECT_TRUE(tool_says(all[i])) TH_LOG("%s", all[i]);
		EXPECT_EQ(0, tool("%s --help", all[i]));
		snprintf(want, sizeof(want), "Usage: bulkhead %s", all[i]);
		EXPECT_TRUE(tool_says(want)) TH_LOG("%s", tool_out());
	}
}

TEST_F(run, its_first_process_is_pid_1_and_leads_a_session)
{
	/* 4 pid, 6 session; its parent is outside */
	ASSERT_EQ(0, tool("run --pid --mount sh -c 'echo $$ $PPID; cut -d\" \" -f6 /proc/self/stat'"));
	EXPECT_STREQ("1 0\n1", tool_out());
}

TEST_F_TIMEOUT(run, has_the_namespaces_that_it_is_asked_for_and_no_other, 240)
{
	static const struct {
		const char *option, *file;
	} kinds[] = {
		{ "--pid", "pid" }, { "--uts", "uts" }, { "--ipc", "ipc" }, { "--net", "net" },
		{ "--mount", "mnt" }, { "--cgroup", "cgroup" }, { "--time", "time" },
		{ "--user", "user" },
	};
	char path[64], ours[64], theirs[64];

	for (size_t i = 0; i <= ARRAY_SIZE(kinds); i++) {
		const char *option = i < ARRAY_SIZE(kinds) ? kinds[i].option : "--none";

		for (size_t j = 0; j < ARRAY_SIZE(kinds); j++) {
			snprintf(path, sizeof(path), "/proc/self/ns/%s", kinds[j].file);
			ours[readlink(path, ours, sizeof(ours) - 1)] = '\0';
			ASSERT_EQ(0, tool("run %s readlink %s", option, path));
			snprintf(theirs, sizeof(theirs), "%s", tool_out());
			EXPECT_EQ(i == j, !!strcmp(ours, theirs)) TH_LOG("%s %s", option, path);
		}
	}
}

TEST_F(run, all_means_all_but_users)
{
	char ours[64], path[64];
	static const char * const files[] = { "pid", "uts", "ipc", "net", "mnt", "cgroup", "time" };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), "/proc/self/ns/%s", files[i]);
		ours[readlink(path, ours, sizeof(ours) - 1)] = '\0';
		ASSERT_EQ(0, tool("run --all readlink %s", path));
		EXPECT_STRNE(ours, tool_out()) TH_LOG("%s", path);
	}
	ours[readlink("/proc/self/ns/user", ours, sizeof(ours) - 1)] = '\0';
	ASSERT_EQ(0, tool("run --all readlink /proc/self/ns/user"));
	EXPECT_STREQ(ours, tool_out());
}

TEST_F(run, a_fresh_proc_shows_its_own_processes_only)
{
	ASSERT_EQ(0, tool("run --pid --mount sh -c 'read -r n </proc/1/comm; echo $n /proc/[0-9]*'"));
	EXPECT_STREQ("sh /proc/1", tool_out());
	/* and what is mounted in there is not seen out here */
	ASSERT_EQ(0, tool("run --mount mount -t tmpfs none " TOOL_DIR));
	EXPECT_EQ(0, access(TOOL_DIR "/out", F_OK));
}

TEST_F(run, has_a_host_name_of_its_own)
{
	char before[64], after[64];

	must(!gethostname(before, sizeof(before)));
	ASSERT_EQ(0, tool("run --uts=box hostname"));
	EXPECT_STREQ("box", tool_out());
	ASSERT_EQ(0, tool("run --uts --name web hostname"));
	EXPECT_STREQ("web", tool_out());
	must(!gethostname(after, sizeof(after)));
	EXPECT_STREQ(before, after);
}

TEST_F(run, lives_in_its_cgroup_and_may_see_it_as_the_root)
{
	ASSERT_EQ(0, tool("run --name web cat /proc/self/cgroup"));
	EXPECT_STREQ("0::/bulkhead/web", tool_out());
	ASSERT_EQ(0, tool("run --name web --cgroup cat /proc/self/cgroup"));
	EXPECT_STREQ("0::/", tool_out());
}

TEST_F(run, clocks_can_be_ahead)
{
	long ours = file_number("/proc/uptime"), theirs;

	ASSERT_EQ(0, tool("run --time=5000 cut -d. -f1 /proc/uptime"));
	theirs = atol(tool_out());
	EXPECT_GE(theirs, 5000);
	EXPECT_LT(theirs, 5000 + PROC_HANG_MS) TH_LOG("%ld", ours);
}

TEST_F(run, a_map_of_users_holds)
{
	ASSERT_EQ(0, tool("run --user=0:100000:10,10:200000:5 sh -c 'id -u; id -g; cat /proc/self/uid_map'"));
	EXPECT_STREQ("0\n0\n         0     100000         10\n        10     200000          5",
		     tool_out());
	/* outside it is nobody who matters */
	ASSERT_EQ(0, tool("run -d --name u --user=0:100000:10 sleep 1000"));
	ASSERT_EQ(0, tool_sh("stat -c %%u /proc/%d", tool_pid("u")));
	EXPECT_STREQ("100000", tool_out());
	EXPECT_EQ(1, tool("run --user=1:100000:10 true"));
	EXPECT_TRUE(tool_complains_of("root of its user namespace: Invalid argument"));
}

TEST_F(run, a_loopback_device_is_up)
{
	ASSERT_EQ(0, tool("run --net sh -c 'ip -o link; ip -o -4 addr show lo'"));
	EXPECT_TRUE(tool_says("LOOPBACK,UP"));
	EXPECT_TRUE(tool_says("127.0.0.1/8"));
	EXPECT_FALSE(tool_says("2: "));
}

TEST_F(run, another_root_is_all_that_it_sees)
{
	ASSERT_EQ(0, tool_sh("mkdir -p r/bin r/proc && cp /bin/busybox r/bin/ && ln -s busybox r/bin/sh"
			     " && ln -s busybox r/bin/ls && ln -s busybox r/bin/cat"));
	EXPECT_EQ(0, tool("run --pid --root " TOOL_DIR "/r sh -c 'pwd; ls /..; read -r n </proc/1/comm; echo $n'"))
		TH_LOG("%s", tool_err());
	EXPECT_STREQ("/\nbin\nproc\nsh", tool_out());
	/* nothing of the old one is mounted any more */
	EXPECT_EQ(0, tool("run --pid --root " TOOL_DIR "/r sh -c 'cat /proc/self/mounts'"));
	EXPECT_FALSE(tool_says("cgroup2"));
	EXPECT_EQ(1, tool("run --name x --root " TOOL_DIR "/none true"));
	EXPECT_STREQ("bulkhead: x: --root: " TOOL_DIR "/none: No such file or directory",
		     tool_err());
}

TEST_F(run, has_a_tmpfs_of_its_own_and_what_is_bound_there)
{
	ASSERT_EQ(0, tool_sh("mkdir -p t src b && echo bound >src/file"));
	EXPECT_EQ(0, tool("run --tmpfs " TOOL_DIR "/t:size=64k --bind " TOOL_DIR "/src:" TOOL_DIR "/b:ro "
			  "sh -c 'echo own >t/new; cat t/new b/file; touch b/no || grep -c size=64k /proc/mounts'"))
		TH_LOG("%s", tool_err());
	EXPECT_STREQ("own\nbound\n1", tool_out());
	EXPECT_TRUE(tool_complains_of("Read-only file system"));
	EXPECT_NE(0, access(TOOL_DIR "/t/new", F_OK));
	EXPECT_EQ(0, tool("run --bind " TOOL_DIR "/src:" TOOL_DIR "/b touch b/new"));
	EXPECT_EQ(0, access(TOOL_DIR "/src/new", F_OK));
	/* below another root */
	ASSERT_EQ(0, tool_sh("mkdir -p r/bin r/in r/t && cp /bin/busybox r/bin/ && ln -s busybox r/bin/cat"));
	EXPECT_EQ(0, tool("run --root " TOOL_DIR "/r --tmpfs /t --bind " TOOL_DIR "/src:/in cat /in/file"))
		TH_LOG("%s", tool_err());
	EXPECT_STREQ("bound", tool_out());
	EXPECT_EQ(1, tool("run --name x --tmpfs /none true"));
	EXPECT_STREQ("bulkhead: x: --tmpfs: /none: No such file or directory", tool_err());
	EXPECT_EQ(1, tool("run --name x --bind /none:/tmp true"));
	EXPECT_STREQ("bulkhead: x: --bind: /none on /tmp: No such file or directory", tool_err());
}

TEST_F(run, environment_and_directory_are_as_asked)
{
	ASSERT_EQ(0, tool("run --env A=1 -e B='2 = 3' -C /bin sh -c 'echo $A $B $PWD $C'"));
	EXPECT_STREQ("1 2 = 3 /bin", tool_out());
	/* options behind the command are the command's */
	ASSERT_EQ(0, tool("run echo --name x -d"));
	EXPECT_STREQ("--name x -d", tool_out());
}

TEST_F(run, inherits_standard_files_and_no_other)
{
	ASSERT_EQ(0, tool_sh("echo in | bulkhead run sh -c 'cat; echo err >&2; ls /proc/self/fd"
			     " | tr \"\\n\" \" \"' 7</dev/null"));
	/* 3 is that of ls itself */
	EXPECT_STREQ("in\n0 1 2 3 ", tool_out());
	EXPECT_STREQ("err", tool_err());
	/* and one that is closed is not one of the tool's own */
	ASSERT_EQ(0, tool_sh("bulkhead run readlink /proc/self/fd/0 <&-"));
	EXPECT_STREQ("/dev/null", tool_out());
}

TEST_F(run, starts_with_no_signal_blocked)
{
	ASSERT_EQ(0, tool("run grep SigBlk /proc/self/status"));
	EXPECT_STREQ("SigBlk:\t0000000000000000", tool_out());
}

TEST_F(run, in_the_background_it_prints_its_name_and_lives_on)
{
	pid_t pid;

	ASSERT_EQ(0, tool("run -d sleep 1000"));
	EXPECT_STREQ("sleep-1", tool_out());
	ASSERT_EQ(0, tool("run -d /bin/sleep 1000"));
	EXPECT_STREQ("sleep-2", tool_out());
	ASSERT_EQ(0, tool("run -d --json --name web sleep 1000"));
	EXPECT_STREQ("web", json_get(tool_out(), "name"));
	pid = atoi(json_get(tool_out(), "pid"));
	EXPECT_EQ(pid, tool_pid("web"));
	EXPECT_TRUE(tool_state_is("sleep-1", "running"));
	EXPECT_TRUE(tool_state_is("sleep-2", "running"));
	EXPECT_TRUE(tool_state_is("web", "running"));
}

TEST_F(run, in_the_background_its_files_are_null_or_a_log)
{
	ASSERT_EQ(0, tool("run -d --name a --log " TOOL_DIR "/log sh -c"
			  " 'readlink /proc/self/fd/0; echo err >&2; echo done; sleep 1000'"));
	EXPECT_TRUE(EVENTUALLY(!strcmp(tool_file("log"), "/dev/null\nerr\ndone")));
	ASSERT_EQ(0, tool("run --name b --log " TOOL_DIR "/log echo more"));
	EXPECT_STREQ("/dev/null\nerr\ndone\nmore", tool_file("log"));
	ASSERT_EQ(0, tool("run -d --name c sleep 1000"));
	ASSERT_EQ(0, tool_sh("readlink /proc/%d/fd/1", tool_pid("c")));
	EXPECT_STREQ("/dev/null", tool_out());
}

TEST_F(run, is_gone_when_its_command_has_ended)
{
	ASSERT_EQ(0, tool("run --name web true"));
	EXPECT_FALSE(tool_is_there("web"));
	/* whoever is left ends with it, cgroups it has made and all */
	ASSERT_EQ(0, tool("run --none --name web sh -c 'mkdir /sys/fs/cgroup/bulkhead/web/x;"
			  " sleep 4711 & echo $!'"));
	EXPECT_FALSE(tool_is_there("web"));
	/* dead, and reaped by init when init gets to it */
	EXPECT_TRUE(EVENTUALLY(task_state(atoi(tool_out())) == '-'));
}

TEST_F(run, a_name_is_taken_as_long_as_its_container_lives)
{
	pid_t pid;

	ASSERT_EQ(0, tool("run -d --name web sleep 1000"));
	pid = tool_pid("web");
	EXPECT_EQ(1, tool("run -d --name web sleep 1000"));
	EXPECT_STREQ("bulkhead: web: there is a container of this name", tool_err());
	EXPECT_EQ(pid, tool_pid("web"));
	/* one that has ended is no obstacle */
	ASSERT_EQ(0, tool_sh("kill -9 %d", pid));
	ASSERT_EQ(0, cg_await_empty(tool_cg("web")));
	ASSERT_TRUE(tool_is_there("web"));
	EXPECT_EQ(0, tool("run -d --name web sleep 1000"));
	EXPECT_NE(pid, tool_pid("web"));
	EXPECT_TRUE(tool_state_is("web", "running"));
}

/* Of many at once just one gets the name, and nobody ends another's container. */
TEST_F_TIMEOUT(run, of_many_at_once_one_gets_the_name, 240)
{
	ASSERT_EQ(0, tool_sh("for i in 1 2 3 4 5 6 7 8; do"
			     " bulkhead run -d --name web sleep 1000 && echo got & done; wait"));
	EXPECT_STREQ("web\ngot", tool_out());
	EXPECT_TRUE(tool_state_is("web", "running"));
	ASSERT_EQ(0, tool("kill web"));
	/* each ends, and removes what it has made while others wait for the name */
	ASSERT_EQ(0, tool_sh("for i in 1 2 3 4; do (n=0; while [ $n -lt 8 ]; do"
			     " bulkhead run --name web sh -c 'exit 9'; case $? in 9) n=$((n+1)) ;;"
			     " 1) ;; *) echo $? ;; esac; done) & done; wait"));
	EXPECT_STREQ("", tool_out());
}

TEST_F(run, signals_are_handed_on)
{
	static const struct {
		int number;
		const char *name;
	} all[] = {
		{ SIGINT, "INT" }, { SIGTERM, "TERM" }, { SIGHUP, "HUP" }, { SIGQUIT, "QUIT" },
		{ SIGUSR1, "USR1" }, { SIGUSR2, "USR2" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		char script[128];
		pid_t pid;

		snprintf(script, sizeof(script), "trap 'exit 4%zu' %s; echo on; sleep 1000 & wait",
			 i, all[i].name);
		pid = TOOL_START("run", "sh", "-c", script);
		EXPECT_TRUE(EVENTUALLY(!strcmp(tool_out(), "on")));
		kill(pid, all[i].number);
		EXPECT_EQ(40 + (int)i, proc_end(pid)) TH_LOG("%s", all[i].name);
	}
}

/* It hears itself what is typed: handed on, it would hear that twice. */
TEST_F(run, on_a_terminal_it_stays_in_the_session_and_hears_it_once)
{
	int pty = posix_openpt(O_RDWR | O_NOCTTY), tty;
	char name[64], text[64];
	pid_t pid;

	ASSERT_LE(0, pty);
	ASSERT_EQ(0, grantpt(pty) || unlockpt(pty) || ptsname_r(pty, name, sizeof(name)));
	pid = proc_fork_bound(0);
	if (!pid) {
		must(setsid() > 0);
		tty = open(name, O_RDWR);
		must(tty >= 0 && !ioctl(tty, TIOCSCTTY, 0));
		for (int fd = 0; fd < 3; fd++)
			must(dup2(tty, fd) == fd);
		execlp("bulkhead", "bulkhead", "run", "--none", "--name", "web", "sh", "-c",
		       "trap 'echo int >>heard' INT; trap 'exit 44' USR1; tty >tty; echo on >on;"
		       " while :; do sleep 0.05; done", NULL);
		_exit(99);
	}
	ASSERT_TRUE(EVENTUALLY(!strcmp(tool_file("on"), "on")));
	EXPECT_STREQ(name, tool_file("tty"));
	/* the tool is late: what it would hand on does not fall together with what was typed */
	kill(pid, SIGSTOP);
	ASSERT_TRUE(EVENTUALLY(task_state(pid) == 'T'));
	ASSERT_EQ(1, write(pty, "\003", 1));
	EXPECT_TRUE(EVENTUALLY(!strcmp(tool_file("heard"), "int")));
	kill(pid, SIGCONT);
	ASSERT_TRUE(EVENTUALLY(task_state(pid) == 'S'));
	poll(NULL, 0, 200);
	EXPECT_STREQ("int", tool_file("heard"));
	/* what another process sends is handed on, for all that */
	kill(pid, SIGINT);
	EXPECT_TRUE(EVENTUALLY(!strcmp(tool_file("heard"), "int\nint")));
	kill(pid, SIGUSR1);
	EXPECT_EQ(44, proc_end(pid));
	EXPECT_EQ(7, file_read(TOOL_DIR "/heard", text, sizeof(text)));
	close(pty);
}

TEST_F(run, says_that_there_is_no_cgroup_v2)
{
	pid_t pid = proc_fork(0);

	if (!pid) {
		must(!unshare(CLONE_NEWNS));
		must(!mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
		must(!umount2("/sys/fs/cgroup", MNT_DETACH));
		_exit(tool("run true"));
	}
	EXPECT_EQ(1, proc_end(pid));
	EXPECT_TRUE(tool_complains_of("bulkhead: cgroup v2 is not mounted"));
}

/* All that /proc escapes is in the path. */
TEST_F(run, a_mount_point_with_odd_characters_is_found)
{
	pid_t pid = proc_fork(0);

	if (!pid) {
		must(!unshare(CLONE_NEWNS));
		must(!mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
		must(!umount2("/sys/fs/cgroup", MNT_DETACH));
		must(!mkdir("a b\t\\040#\n", 0755));
		must(!mount("none", "a b\t\\040#\n", "cgroup2", 0, NULL));
		must(tool("run cat /proc/self/cgroup") == 0);
		must(!strcmp(tool_out(), "0::/bulkhead/cat-1"));
		must(tool("run -d --name odd sleep 1000") == 0);
		must(tool("checkpoint -o image odd") == 0);
		must(tool("checkpoint -o image %d", tool_pid("odd")) == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid)) TH_LOG("%s", tool_err());
}

TEST_HARNESS_MAIN

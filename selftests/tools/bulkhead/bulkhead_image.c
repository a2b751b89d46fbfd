// SPDX-License-Identifier: GPL-2.0
/* Containers to images and back, by name. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "kselftest_harness.h"
#include "tool.h"

/* Bytes that a container has so that its image takes a while. */
#define BIG	(8UL << 20)

static volatile sig_atomic_t told;

static void on_signal(int sig)
{
	told = sig;
}

/* How far a container has counted. A test reads it there: it is at the same address. */
static volatile unsigned long count;

/* What the containers run. It has no file open at any time, which could be in the way. */
static void __attribute__((constructor)) job(void)
{
	char *memory = NULL;

	if (!getenv("TOOL_JOB"))
		return;
	if (getenv("TOOL_BIG")) {
		memory = mmap(NULL, BIG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		must(memory != MAP_FAILED);
		memset(memory, 'b', BIG);
	}
	signal(SIGTERM, on_signal);
	while (!told) {
		count++;
		poll(NULL, 0, 2);
	}
	_exit(memory && memory[BIG - 1] != 'b' ? 99 : 40 + told % 10);
}

FIXTURE(image) {
	char self[PATH_MAX];
};

FIXTURE_SETUP(image)
{
	ssize_t n = readlink("/proc/self/exe", self->self, sizeof(self->self) - 1);

	ASSERT_LT(0, n);
	self->self[n] = '\0';
	tool_setup();
}

FIXTURE_TEARDOWN(image)
{
	tool_teardown();
}

/* Whether process @pid runs this program, and not the tool any more. */
static bool is_job(pid_t pid)
{
	struct stat mine, its;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	must(!stat("/proc/self/exe", &mine));
	return !stat(path, &its) && its.st_dev == mine.st_dev && its.st_ino == mine.st_ino;
}

/* How far process @pid has counted; -1 if it is not there, or not yet the job. */
static long count_in(pid_t pid)
{
	unsigned long n;
	char path[64];
	ssize_t got;
	int fd;

	/* the tool has something else at that address */
	if (!is_job(pid))
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	got = pread(fd, &n, sizeof(n), (off_t)(uintptr_t)&count);
	close(fd);
	return got == sizeof(n) ? (long)n : -1;
}

static long count_of(const char *name)
{
	pid_t pid = tool_pid(name);

	return pid ? count_in(pid) : -1;
}

static bool counts(const char *name)
{
	pid_t pid = tool_pid(name);
	long before = count_in(pid);

	return pid && EVENTUALLY(count_in(pid) > before + 1);
}

/* The one child of process @pid; 0 as long as there is none. */
static pid_t child_of(pid_t pid)
{
	tool_sh("ps -o pid,ppid | awk '$2 == %d { print $1 }'", pid);
	return atoi(tool_out());
}

static int start(const char *self, const char *name, const char *more)
{
	return tool("run -d --name %s --env TOOL_JOB=1 %s %s", name, more, self);
}

TEST_F(image, a_container_is_saved_by_name_and_runs_on)
{
	ASSERT_EQ(0, start(self->self, "web", ""));
	ASSERT_TRUE(counts("web"));
	ASSERT_EQ(0, tool("checkpoint --json -o image web")) TH_LOG("%s", tool_err());
	EXPECT_STREQ("1", json_get(tool_file("err"), "tasks"));
	EXPECT_EQ(0, tool("image verify image"));
	EXPECT_TRUE(counts("web"));
	EXPECT_TRUE(tool_state_is("web", "running"));
}

/* In a user namespace, which owns its pid namespace. */
TEST_F(image, a_container_with_users_of_its_own_is_saved_and_restarted_by_name)
{
	char map[256];

	ASSERT_EQ(0, start(self->self, "web", "--user=0:100000:1000,2000:200000:5 --pid --uts=inside"));
	ASSERT_TRUE(counts("web"));
	ASSERT_EQ(0, tool_sh("cat /proc/%d/uid_map /proc/%d/gid_map", tool_pid("web"), tool_pid("web")));
	snprintf(map, sizeof(map), "%s", tool_out());
	ASSERT_EQ(0, tool("checkpoint --kill -o image web")) TH_LOG("%s", tool_err());
	ASSERT_EQ(0, tool("restart -d --name again image")) TH_LOG("%s", tool_err());
	EXPECT_TRUE(counts("again"));
	ASSERT_EQ(0, tool_sh("cat /proc/%d/uid_map /proc/%d/gid_map", tool_pid("again"),
			     tool_pid("again")));
	EXPECT_STREQ(map, tool_out());
	/* root there is whom the map says, and owns what is there */
	ASSERT_EQ(0, tool_sh("awk '/^Uid/ { print $2, $3 }' /proc/%d/status", tool_pid("again")));
	EXPECT_STREQ("100000 100000", tool_out());
	ASSERT_EQ(0, tool("enter again sh -c 'hostname changed && hostname && id -u'"))
		TH_LOG("%s", tool_err());
	EXPECT_STREQ("changed\n0", tool_out());
	ASSERT_EQ(0, tool_sh("bulkhead checkpoint again | bulkhead restart --name third -d"))
		TH_LOG("%s", tool_err());
	EXPECT_TRUE(counts("third"));
}

TEST_F(image, what_is_frozen_stays_so)
{
	ASSERT_EQ(0, start(self->self, "web", ""));
	ASSERT_TRUE(counts("web"));
	ASSERT_EQ(0, tool("freeze web"));
	ASSERT_EQ(0, tool("checkpoint -o image web")) TH_LOG("%s", tool_err());
	EXPECT_TRUE(tool_state_is("web", "frozen"));
	ASSERT_EQ(0, tool("thaw web"));
	ASSERT_EQ(0, tool("checkpoint --leave-frozen -o image web")) TH_LOG("%s", tool_err());
	EXPECT_TRUE(tool_state_is("web", "frozen"));
}

TEST_F(image, what_is_saved_to_move_away_is_killed)
{
	ASSERT_EQ(0, start(self->self, "web", ""));
	ASSERT_TRUE(counts("web"));
	ASSERT_EQ(0, tool("checkpoint --kill -o image web")) TH_LOG("%s", tool_err());
	EXPECT_FALSE(tool_is_there("web"));
	/* and goes on as the only one */
	ASSERT_EQ(0, tool("restart -d --name web image")) TH_LOG("%s", tool_err());
	EXPECT_TRUE(counts("web"));
}

TEST_F(image, what_cannot_be_saved_is_not_killed)
{
	ASSERT_EQ(0, start(self->self, "web", ""));
	ASSERT_TRUE(counts("web"));
	EXPECT_EQ(1, tool("checkpoint --kill -o /dev/full web"));
	EXPECT_TRUE(counts("web"));
	EXPECT_TRUE(tool_state_is("web", "running"));
	EXPECT_EQ(2, tool("checkpoint --kill --leave-frozen -o image web"));
	EXPECT_TRUE(tool_complains_of("only one of them")) TH_LOG("%s", tool_err());
	EXPECT_TRUE(counts("web"));
}

TEST_F(image, digits_are_a_pid_and_no_name)
{
	char name[16];
	pid_t pid;

	ASSERT_EQ(0, start(self->self, "web", ""));
	pid = tool_pid("web");
	/* a container that is called as another's process */
	snprintf(name, sizeof(name), "%d", pid);
	ASSERT_EQ(0, tool("run -d --name %s sh -c 'sleep 1000 & wait'", name));
	EXPECT_TRUE(EVENTUALLY(!strcmp(tool_field(name, "tasks"), "2")));
	ASSERT_EQ(0, tool("checkpoint --json -o image %d", pid)) TH_LOG("%s", tool_err());
	EXPECT_STREQ("1", json_get(tool_file("err"), "tasks"));
}

/* The scene of the README: a copy of a running container, without a file between. */
TEST_F(image, through_a_pipe_there_are_two_of_it)
{
	long at;

	ASSERT_EQ(0, start(self->self, "web", ""));
	ASSERT_TRUE(EVENTUALLY(count_of("web") > 20));
	ASSERT_EQ(0, tool_sh("bulkhead checkpoint web | bulkhead restart --name web2 -d"))
		TH_LOG("%s", tool_err());
	EXPECT_STREQ("web2", tool_out());
	ASSERT_TRUE(EVENTUALLY(count_of("web2") > 0));
	at = count_of("web2");
	EXPECT_GT(at, 20);
	EXPECT_TRUE(counts("web"));
	EXPECT_TRUE(counts("web2"));
	EXPECT_TRUE(tool_state_is("web", "running"));
	EXPECT_TRUE(tool_state_is("web2", "running"));
	EXPECT_NE(tool_pid("web"), tool_pid("web2"));
	EXPECT_STREQ(self->self, tool_field("web2", "command"));
	ASSERT_EQ(0, tool_sh("cat /proc/%d/cgroup", tool_pid("web2")));
	EXPECT_STREQ("0::/bulkhead/web2", tool_out());
	/* each is managed by itself, and the copy can be copied */
	ASSERT_EQ(0, tool("kill web"));
	EXPECT_TRUE(counts("web2"));
	ASSERT_EQ(0, tool_sh("bulkhead checkpoint web2 | bulkhead restart --json --name web -d"))
		TH_LOG("%s", tool_err());
	EXPECT_STREQ("web", json_get(tool_file("out"), "name"));
	EXPECT_LT(0, atoi(json_get(tool_file("out"), "pid")));
	EXPECT_TRUE(counts("web"));
	EXPECT_EQ(0, tool("enter web true"));
}

TEST_F(image, a_restart_waits_hands_signals_on_and_removes_its_container)
{
	long before, at;
	pid_t pid;

	ASSERT_EQ(0, start(self->self, "web", "--env TOOL_BIG=1"));
	ASSERT_TRUE(counts("web"));
	before = count_of("web");
	ASSERT_EQ(0, tool("checkpoint -o image web")) TH_LOG("%s", tool_err());
	ASSERT_EQ(0, tool("kill web"));
	pid = TOOL_START("restart", "--name", "again", "image");
	/* its memory is there before it runs, and then a signal would end the tool alone */
	ASSERT_TRUE(EVENTUALLY((at = count_of("again")) >= before));
	ASSERT_TRUE(EVENTUALLY(count_of("again") > at));
	kill(pid, SIGTERM);
	EXPECT_EQ(45, proc_end(pid)) TH_LOG("%s", tool_err());
	EXPECT_FALSE(tool_is_there("again"));
	/* the same without a container of its own */
	pid = TOOL_START("restart", "image");
	ASSERT_TRUE(EVENTUALLY(child_of(pid) && (at = count_in(child_of(pid))) >= before));
	ASSERT_TRUE(EVENTUALLY(count_in(child_of(pid)) > at));
	kill(pid, SIGTERM);
	EXPECT_EQ(45, proc_end(pid)) TH_LOG("%s", tool_err());
}

/* Whenever it comes: they all go on and hear of it, or none does. */
TEST_F_TIMEOUT(image, a_signal_during_a_restart_is_not_lost, 240)
{
	int ended[2] = { 0 }, status;
	const char *state;
	pid_t pid;

	ASSERT_EQ(0, start(self->self, "web", "--env TOOL_BIG=1"));
	ASSERT_TRUE(counts("web"));
	ASSERT_EQ(0, tool("checkpoint -o image web")) TH_LOG("%s", tool_err());
	ASSERT_EQ(0, tool("kill web"));
	for (int i = 0; i < 40; i++) {
		pid = TOOL_START("restart", "--name", "again", "image");
		usleep(2000 + i * 1000);
		kill(pid, SIGTERM);
		status = proc_end(pid);
		EXPECT_TRUE(status == 45 || status == -SIGTERM) TH_LOG("%d: %s", status, tool_err());
		ended[status == 45]++;
		/* killed before it could tidy up, it leaves an empty one */
		EXPECT_TRUE(EVENTUALLY(!(state = tool_field("again", "state")) ||
				       !strcmp(state, "ended")));
	}
	TH_LOG("%d given up, %d handed on", ended[0], ended[1]);
}

TEST_F(image, a_restart_that_fails_leaves_no_container)
{
	ASSERT_EQ(0, start(self->self, "web", ""));
	ASSERT_TRUE(counts("web"));
	ASSERT_EQ(0, tool("checkpoint -o image web")) TH_LOG("%s", tool_err());
	EXPECT_EQ(1, tool("restart --name web image"));
	EXPECT_STREQ("bulkhead: web: there is a container of this name", tool_err());
	EXPECT_TRUE(counts("web"));
	/* no image; one that is cut off in its memory; a file that is gone */
	EXPECT_EQ(1, tool("restart --name new /dev/null"));
	EXPECT_FALSE(tool_is_there("new"));
	ASSERT_EQ(0, tool_sh("head -c $(($(stat -c %%s image) - 100)) image >cut"));
	EXPECT_EQ(1, tool("restart -d --name new cut"));
	EXPECT_STREQ("", tool_out());
	EXPECT_STRNE("", tool_err());
	EXPECT_FALSE(tool_is_there("new"));
	EXPECT_EQ(1, tool("restart --name new none"));
	EXPECT_STREQ("bulkhead: none: No such file or directory", tool_err());
	EXPECT_EQ(2, tool("restart --name .new image"));
	/* and the name is free */
	EXPECT_EQ(0, tool("restart -d --name new image")) TH_LOG("%s", tool_err());
	EXPECT_TRUE(counts("new"));
}

/* What is in a file that container @name sees. */
static const char *text_in(const char *name, const char *path)
{
	static char text[64];
	char full[PATH_MAX];

	snprintf(full, sizeof(full), "/proc/%d/root%s", tool_pid(name), path);
	return file_read(full, text, sizeof(text)) < 0 ? strerror(errno) : text;
}

TEST_F(image, mounts_of_its_own_are_those_of_a_copy_too)
{
	ASSERT_EQ(0, tool_sh("mkdir t src b && echo bound >src/file"));
	ASSERT_EQ(0, start(self->self, "web", "--pid --tmpfs " TOOL_DIR "/t:size=1m --bind "
			   TOOL_DIR "/src:" TOOL_DIR "/b:ro")) TH_LOG("%s", tool_err());
	ASSERT_TRUE(counts("web"));
	ASSERT_EQ(0, tool_sh("echo kept >/proc/%d/root" TOOL_DIR "/t/file", tool_pid("web")));
	ASSERT_EQ(0, tool_sh("bulkhead checkpoint web | bulkhead restart --name web2 -d"))
		TH_LOG("%s", tool_err());
	ASSERT_TRUE(counts("web2"));
	EXPECT_STREQ("kept", text_in("web2", TOOL_DIR "/t/file"));
	EXPECT_STREQ("bound", text_in("web2", TOOL_DIR "/b/file"));
	/* each has its own */
	ASSERT_EQ(0, tool_sh("echo other >/proc/%d/root" TOOL_DIR "/t/file", tool_pid("web2")));
	EXPECT_STREQ("kept", text_in("web", TOOL_DIR "/t/file"));
	EXPECT_NE(0, tool_sh("touch /proc/%d/root" TOOL_DIR "/b/new", tool_pid("web2")));
	EXPECT_TRUE(tool_complains_of("Read-only file system")) TH_LOG("%s", tool_err());
	EXPECT_NE(0, access(TOOL_DIR "/t/file", F_OK));
}

/* As an ordinary user has them: what is mounted there is its user namespace's, and so is /proc. */
TEST_F(image, mounts_of_a_container_with_users_of_its_own_come_back)
{
	ASSERT_EQ(0, tool_sh("mkdir t src b && echo bound >src/file"));
	ASSERT_EQ(0, start(self->self, "web", "--user=0:0:1,1:100000:1000 --pid --tmpfs " TOOL_DIR
			   "/t:size=1m --bind " TOOL_DIR "/src:" TOOL_DIR "/b:ro")) TH_LOG("%s", tool_err());
	ASSERT_TRUE(counts("web"));
	ASSERT_EQ(0, tool("enter web sh -c 'echo kept >" TOOL_DIR "/t/file && chown 7:8 " TOOL_DIR "/t/file'"))
		TH_LOG("%s", tool_err());
	ASSERT_EQ(0, tool("checkpoint --kill -o image web")) TH_LOG("%s", tool_err());
	ASSERT_EQ(0, tool("restart -d --name again image")) TH_LOG("%s", tool_err());
	ASSERT_TRUE(counts("again"));
	EXPECT_STREQ("kept", text_in("again", TOOL_DIR "/t/file"));
	EXPECT_STREQ("bound", text_in("again", TOOL_DIR "/b/file"));
	ASSERT_EQ(0, tool("enter again stat -c '%%u %%g' " TOOL_DIR "/t/file")) TH_LOG("%s", tool_err());
	EXPECT_STREQ("7 8", tool_out());
	ASSERT_EQ(0, tool_sh("stat -c '%%u %%g' /proc/%d/root" TOOL_DIR "/t/file", tool_pid("again")));
	EXPECT_STREQ("100006 100007", tool_out());
	/* root there may unmount its own, and nothing else */
	ASSERT_EQ(0, tool("enter again umount " TOOL_DIR "/t")) TH_LOG("%s", tool_err());
	EXPECT_NE(0, tool("enter again umount -l /tmp"));
	ASSERT_EQ(0, tool("enter again sh -c 'umount -l /proc && ls /proc | grep -c meminfo'"))
		TH_LOG("%s", tool_err());
	EXPECT_NE(0, tool("enter again umount -l /proc"));
	/* what has been restarted can be saved and restarted */
	ASSERT_EQ(0, tool_sh("bulkhead checkpoint again | bulkhead restart --name third -d"))
		TH_LOG("%s", tool_err());
	EXPECT_TRUE(counts("third"));
	EXPECT_STREQ("bound", text_in("third", TOOL_DIR "/b/file"));
}

TEST_F(image, who_has_entered_is_in_the_way_and_named)
{
	pid_t pid;

	ASSERT_EQ(0, start(self->self, "web", ""));
	ASSERT_TRUE(counts("web"));
	pid = TOOL_START("enter", "web", "sleep", "1000");
	EXPECT_TRUE(EVENTUALLY(!strcmp(tool_field("web", "tasks"), "2")));
	EXPECT_EQ(1, tool("checkpoint -o image web"));
	EXPECT_TRUE(tool_complains_of("coming from outside the pid namespace is not supported"))
		TH_LOG("%s", tool_err());
	EXPECT_NE(0, access(TOOL_DIR "/image", F_OK));
	EXPECT_TRUE(counts("web"));
	ASSERT_EQ(0, tool("kill web"));
	EXPECT_EQ(137, proc_end(pid));
}

/* A terminal for standard error, and a reader who lets the image wait. */
TEST_F(image, a_long_write_tells_on_a_terminal_how_far_it_is)
{
	int pty = posix_openpt(O_RDWR | O_NOCTTY), ends[2], tty;
	char name[64], seen[4096], image[4096];
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	ASSERT_LE(0, pty);
	ASSERT_EQ(0, grantpt(pty) || unlockpt(pty) || ptsname_r(pty, name, sizeof(name)));
	tty = open(name, O_RDWR | O_NOCTTY);
	ASSERT_LE(0, tty);
	ASSERT_EQ(0, pipe(ends));
	ASSERT_EQ(0, start(self->self, "web", "--env TOOL_BIG=1"));
	ASSERT_TRUE(counts("web"));
	pid = proc_fork_bound(0);
	if (!pid) {
		must(dup2(ends[1], 1) == 1 && dup2(tty, 2) == 2);
		must(!syscall(SYS_close_range, 3, ~0U, 0));
		execlp("bulkhead", "bulkhead", "checkpoint", "web", NULL);
		_exit(99);
	}
	close(ends[1]);
	/* nobody reads the image until it is told of */
	while (len < sizeof(seen) - 1) {
		ASSERT_TRUE(proc_poll(pty, POLLIN, PROC_HANG_MS) & POLLIN);
		n = read(pty, seen + len, sizeof(seen) - 1 - len);
		ASSERT_LT(0, n);
		len += n;
		seen[len] = '\0';
		if (strstr(seen, " s"))
			break;
	}
	EXPECT_NE(NULL, strstr(seen, "\r\033[Kbulkhead: standard output: ")) TH_LOG("%s", seen);
	/* bytes, if this kernel counts them */
	EXPECT_TRUE(access("/proc/self/io", F_OK) || strstr(seen, "iB, ") || strstr(seen, "bytes, "))
		TH_LOG("%s", seen);
	EXPECT_TRUE(counts("web"));
	while (read(ends[0], image, sizeof(image)) > 0)
		;
	EXPECT_EQ(0, proc_end(pid));
	close(tty);
	close(pty);
}

TEST_F(image, nothing_is_told_where_there_is_no_terminal)
{
	ASSERT_EQ(0, start(self->self, "web", "--env TOOL_BIG=1"));
	ASSERT_TRUE(counts("web"));
	ASSERT_EQ(0, tool_sh("bulkhead checkpoint web | (sleep 2; cat >image)"));
	EXPECT_STREQ("", tool_err());
	EXPECT_EQ(0, tool("image verify image"));
}

TEST_HARNESS_MAIN

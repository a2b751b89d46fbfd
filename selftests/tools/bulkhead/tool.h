/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tool, run as users run it. What it prints goes to files; its containers
 * are in TOOL_PLACE, as the tests live in the root cgroup.
 */
#ifndef BULKHEAD_TOOL_H
#define BULKHEAD_TOOL_H

#include <signal.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/xattr.h>
#include "cgroup.h"
#include "file.h"
#include "json.h"
#include "ns.h"
#include "proc.h"
#include "until.h"

#define TOOL_DIR	"/tmp/tool"
#define TOOL_PLACE	"/sys/fs/cgroup/bulkhead"

/* A fresh folder, and no container. */
static inline void tool_setup(void)
{
	char text[PATH_MAX];

	must(file_read("/proc/self/cgroup", text, sizeof(text)) > 0 && !strcmp(text, "0::/"));
	must(!cg_destroy(TOOL_PLACE));
	must(!system("rm -rf " TOOL_DIR));
	must(!mkdir(TOOL_DIR, 0777));
	must(!chmod(TOOL_DIR, 0777));
	must(!chdir(TOOL_DIR));
}

static inline void tool_teardown(void)
{
	cg_destroy(TOOL_PLACE);
}

/* A line of the shell. Returns its exit status; what it prints is in tool_out(), tool_err(). */
__attribute__((format(printf, 1, 2)))
static inline int tool_sh(const char *fmt, ...)
{
	char line[4096], command[4300];
	va_list ap;
	int status;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	snprintf(command, sizeof(command),
		 "exec >" TOOL_DIR "/out 2>" TOOL_DIR "/err </dev/null; %s", line);
	status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define tool(fmt, ...)	tool_sh("bulkhead " fmt, ##__VA_ARGS__)

static inline const char *tool_file(const char *name)
{
	static char text[2][16384];
	static int turn;
	char path[PATH_MAX];

	turn = !turn;
	snprintf(path, sizeof(path), TOOL_DIR "/%s", name);
	return file_read(path, text[turn], sizeof(text[turn])) < 0 ? "(no file)" : text[turn];
}

static inline const char *tool_out(void)
{
	return tool_file("out");
}

static inline const char *tool_err(void)
{
	return tool_file("err");
}

static inline bool tool_complains_of(const char *what)
{
	return strstr(tool_err(), what);
}

static inline bool tool_says(const char *what)
{
	return strstr(tool_out(), what);
}

/* The tool in the background, with standard output and error as above. */
static inline pid_t tool_start(char *const argv[])
{
	pid_t pid;
	int fds[3], i;

	/* files of its own, opened here: it must not empty those of who is started next */
	unlink(TOOL_DIR "/out");
	unlink(TOOL_DIR "/err");
	fds[0] = open("/dev/null", O_RDWR | O_CLOEXEC);
	fds[1] = open(TOOL_DIR "/out", O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	fds[2] = open(TOOL_DIR "/err", O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	pid = proc_fork_bound(0);
	if (!pid) {
		for (i = 0; i < 3; i++)
			must(dup2(fds[i], i) == i);
		execvp("bulkhead", argv);
		_exit(99);
	}
	for (i = 0; i < 3; i++)
		close(fds[i]);
	must(pid > 0);
	return pid;
}

#define TOOL_START(...)	tool_start((char *const[]){ "bulkhead", __VA_ARGS__, NULL })

static inline const char *tool_cg(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), TOOL_PLACE "/%s", name);
	return path;
}

static inline bool tool_is_there(const char *name)
{
	return !access(tool_cg(name), F_OK);
}

/* Field @key of container @name as `list --json` has it now; NULL: it is not listed. */
static inline const char *tool_field(const char *name, const char *key)
{
	static char value[JSON_TEXT];
	const char *text, *found;
	char path[64];

	must(tool("list --json") == 0);
	text = tool_out();
	must(json_valid(text));
	for (int i = 0; ; i++) {
		snprintf(path, sizeof(path), "[%d].name", i);
		found = json_get(text, path);
		if (!found)
			return NULL;
		if (strcmp(found, name))
			continue;
		snprintf(path, sizeof(path), "[%d].%s", i, key);
		found = json_get(text, path);
		must(found);
		strcpy(value, found);
		return value;
	}
}

static inline bool tool_state_is(const char *name, const char *state)
{
	const char *is = tool_field(name, "state");

	return is && !strcmp(is, state);
}

static inline pid_t tool_pid(const char *name)
{
	const char *pid = tool_field(name, "pid");

	return pid ? atoi(pid) : 0;
}

#endif /* BULKHEAD_TOOL_H */

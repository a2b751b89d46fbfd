/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Programs that are checkpointed and restarted, and find out themselves
 * whether anything of theirs has changed.
 *
 * A test program holds its jobs: JOB(name) { ... }. A job runs in a process of
 * its own, started afresh before the harness sets anything up, as that shares
 * memory with its tests. It sets something up, calls job_pause(), and looks at what has
 * become of it; with job_check() it says what is not as it should be. Test and
 * job talk through files, as no pipe may lead out of the tree.
 */
#ifndef BULKHEAD_CKPT_H
#define BULKHEAD_CKPT_H

#include <sys/stat.h>
#include <time.h>
#include "cgroup.h"
#include "file.h"
#include "proc.h"

#define CKPT_DIR	"/tmp/ckpt"
#define CKPT_CG		"/sys/fs/cgroup/ckpt"

static inline void ckpt_nap(void)
{
	struct timespec ts = { .tv_nsec = 2000000 };

	nanosleep(&ts, NULL);
}

/* In a job: tells the test how it went, once, and ends. */
static inline void __attribute__((noreturn)) job_end(const char *verdict)
{
	char path[] = CKPT_DIR "/verdict.a";
	char *end = strchr(path, 0) - 1;
	int fd;

	/* a file of its own: two copies of a job may end at the same time */
	while ((fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644)) < 0)
		must(errno == EEXIST && ++*end <= 'z');
	must(write(fd, verdict, strlen(verdict)) == (ssize_t)strlen(verdict));
	must(!rename(path, CKPT_DIR "/verdict"));
	_exit(0);
}

#define JOB_STR_(x)	#x
#define JOB_STR(x)	JOB_STR_(x)
#define job_check(cond) do {						\
	if (!(cond))							\
		job_end(JOB_STR(__LINE__) ": not so: " #cond);		\
} while (0)

static inline void job_touch(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0644);

	must(fd >= 0);
	close(fd);
}

/* Waits for the test's word to go on, in any process of a job. */
static inline void job_await_go(void)
{
	while (access(CKPT_DIR "/go", F_OK))
		ckpt_nap();
}

/* The same for the one that tells the test that all is set up; the checkpoint comes meanwhile. */
static inline void job_pause(void)
{
	job_touch(CKPT_DIR "/ready");
	job_await_go();
}

/* Children of a job report to their parent by exit status; the root tells the test. */
#define child_check(cond) do { if (!(cond)) _exit(__LINE__ % 200 + 1); } while (0)

/* Whether a child of the caller ends, and had nothing to complain of. */
static inline bool child_ends_well(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && !status;
}

/*
 * In a job: makes a child in a session of its own, which is not part of a tree
 * with the job as its first process, and the other way round. Its pid is in
 * CKPT_DIR/child.
 */
static inline void job_outsider(void)
{
	char text[16];
	pid_t pid = fork();

	if (!pid) {
		must(setsid() > 0);
		job_touch(CKPT_DIR "/child");
		job_await_go();
		_exit(0);
	}
	while (access(CKPT_DIR "/child", F_OK))
		ckpt_nap();
	snprintf(text, sizeof(text), "%d", pid);
	must(!file_write(CKPT_DIR "/child", text));
}

#define JOB(name)							\
	static void job_##name(void);					\
	static void __attribute__((constructor(101))) job_start_##name(void) \
	{								\
		const char *want = getenv("CKPT_JOB");			\
									\
		if (!want || strcmp(want, #name))			\
			return;						\
		unsetenv("CKPT_JOB");					\
		job_##name();						\
		job_end("ok");						\
	}								\
	static void job_##name(void)

/* A fresh folder and cgroup; what an earlier test left is gone. */
static inline void ckpt_setup(void)
{
	cg_destroy(CKPT_CG);
	must(!system("rm -rf " CKPT_DIR));
	must(!mkdir(CKPT_DIR, 0777));
	must(!chmod(CKPT_DIR, 0777));
	must(!cg_create(CKPT_CG));
	must(!prctl(PR_SET_CHILD_SUBREAPER, 1));
}

static inline void ckpt_teardown(void)
{
	cg_destroy(CKPT_CG);
}

static inline bool ckpt_appears(const char *path)
{
	int i;

	for (i = 0; i < PROC_HANG_MS / 2; i++) {
		if (!access(path, F_OK))
			return true;
		ckpt_nap();
	}
	return false;
}

/*
 * Starts job @name as leader of a session, in new namespaces by @flags of
 * clone3(2), and waits until it pauses.
 */
static inline pid_t ckpt_start_in(const char *name, uint64_t flags)
{
	int fd, null;
	pid_t pid;

	unlink(CKPT_DIR "/ready");
	pid = cg_fork_into(CKPT_CG, flags);
	if (!pid) {
		must(setsid() > 0);
		must(!chdir("/"));
		null = open("/dev/null", O_RDWR);
		for (fd = 0; fd < 3; fd++)
			must(dup2(null, fd) == fd);
		must(!syscall(SYS_close_range, 3, ~0U, 0));
		setenv("CKPT_JOB", name, 1);
		execl("/proc/self/exe", "ckpt-job", NULL);
		_exit(1);
	}
	must(pid > 0);
	must(ckpt_appears(CKPT_DIR "/ready"));
	return pid;
}

static inline pid_t ckpt_start(const char *name)
{
	return ckpt_start_in(name, 0);
}

/* Runs bulkhead; what it says goes to CKPT_DIR/out and err. Returns its status. */
static inline int ckpt_tool(const char *args)
{
	char command[512];
	int status;

	snprintf(command, sizeof(command), "bulkhead %s >" CKPT_DIR "/out 2>" CKPT_DIR "/err </dev/null",
		 args);
	status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline int ckpt_save(pid_t pid, const char *image)
{
	char args[256];

	snprintf(args, sizeof(args), "checkpoint -o %s %d", image, pid);
	return ckpt_tool(args);
}

/* What the tool made is ours by now, too: once it has ended, its pids are to be free again. */
static inline void ckpt_reap(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

/* Kills the job, all of it, as if the machine had gone. */
static inline void ckpt_kill(pid_t pid)
{
	int i;

	must(!cg_write(CKPT_CG, "cgroup.kill", "1"));
	while (waitpid(pid, NULL, 0) > 0)
		;
	/* the first of a pid namespace ends only when all others there have been waited for */
	for (i = 0; i < PROC_HANG_MS / 2 && cg_key(CKPT_CG, "cgroup.events", "populated"); i++) {
		ckpt_reap();
		ckpt_nap();
	}
	must(!cg_await_empty(CKPT_CG));
	ckpt_reap();
}

/* Restarts an image in the job's cgroup. Returns the tool's status. */
static inline int ckpt_restart(const char *image)
{
	char args[256];

	snprintf(args, sizeof(args), "restart -d %s", image);
	/* the tool is born into the cgroup, and so are those that it makes */
	{
		pid_t pid = cg_fork_into(CKPT_CG, 0);

		if (!pid)
			_exit(ckpt_tool(args));
		return proc_end(pid);
	}
}

/* Lets the job go on, and waits for what it has to say. */
static inline const char *ckpt_verdict(void)
{
	static char text[512];

	job_touch(CKPT_DIR "/go");
	if (!ckpt_appears(CKPT_DIR "/verdict"))
		return "the job says nothing";
	if (file_read(CKPT_DIR "/verdict", text, sizeof(text)) < 0)
		return "no verdict";
	unlink(CKPT_DIR "/go");
	unlink(CKPT_DIR "/verdict");
	return text;
}

/* What the tool complained of. */
static inline const char *ckpt_said(void)
{
	static char text[4096];

	return file_read(CKPT_DIR "/err", text, sizeof(text)) < 0 ? "" : text;
}

/* Saves job @name, kills it, restarts it, and returns what it finds. */
static inline const char *ckpt_round_trip(const char *name)
{
	pid_t pid = ckpt_start(name);

	if (ckpt_save(pid, CKPT_DIR "/image"))
		return ckpt_said();
	ckpt_kill(pid);
	if (ckpt_restart(CKPT_DIR "/image"))
		return ckpt_said();
	return ckpt_verdict();
}

/* Saves job @name, kills it, restarts it from the one image twice, and returns what it finds. */
static inline const char *ckpt_twice(const char *name)
{
	pid_t pid = ckpt_start(name);
	const char *verdict = "";
	int i;

	if (ckpt_save(pid, CKPT_DIR "/image"))
		return ckpt_said();
	ckpt_kill(pid);
	for (i = 0; i < 2; i++) {
		if (ckpt_restart(CKPT_DIR "/image"))
			return ckpt_said();
		verdict = ckpt_verdict();
		if (strcmp(verdict, "ok"))
			return verdict;
		if (cg_await_empty(CKPT_CG))
			return "somebody is left";
		ckpt_reap();
	}
	return verdict;
}

/* Saves job @name, and returns what it finds, which has just run on. */
static inline const char *ckpt_unharmed(const char *name)
{
	pid_t pid = ckpt_start(name);
	const char *verdict;

	if (ckpt_save(pid, CKPT_DIR "/image"))
		return ckpt_said();
	verdict = ckpt_verdict();
	return proc_end(pid) ? "it failed" : verdict;
}

/* Saves what was restarted from job @name, and returns what its restart finds. */
static inline const char *ckpt_second_generation(const char *name)
{
	pid_t pid = ckpt_start(name);

	if (ckpt_save(pid, CKPT_DIR "/image"))
		return ckpt_said();
	ckpt_kill(pid);
	if (ckpt_restart(CKPT_DIR "/image") || ckpt_save(pid, CKPT_DIR "/second"))
		return ckpt_said();
	ckpt_kill(pid);
	return ckpt_restart(CKPT_DIR "/second") ? ckpt_said() : ckpt_verdict();
}

/*
 * In a test: each of the @jobs comes through @trip, one of the above, in a folder and
 * cgroup that @setup has made for it. Says which did not.
 */
#define ASSERT_EACH_JOB(jobs, setup, trip) do {				\
	size_t job_;							\
									\
	for (job_ = 0; job_ < ARRAY_SIZE(jobs); job_++) {		\
		setup();						\
		ASSERT_STREQ(trip((jobs)[job_]), "ok") {		\
			TH_LOG("%s", (jobs)[job_]);			\
		}							\
	}								\
} while (0)

#endif /* BULKHEAD_CKPT_H */

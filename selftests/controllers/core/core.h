/* SPDX-License-Identifier: GPL-2.0 */
/* What all programs of this suite share: cgroups to test in, and who is in them. */
#ifndef CORE_H
#define CORE_H

#include "kselftest_harness.h"
#include <pthread.h>
#include <sys/inotify.h>
#include "cgroup.h"
#include "until.h"

/*
 * @top has the pids controller and hands it on. @a and @b are below it, @c below
 * @a. @x would be another child of the root, for tests which make one. The
 * test's own process lives outside of all of them.
 */
FIXTURE(core)
{
	char root[256];
	char top[512], x[512], a[600], b[600], c[700];
};

FIXTURE_SETUP(core)
{
	if (cg_mount_point(NULL, self->root, sizeof(self->root)))
		SKIP(return, "cgroup v2 is not mounted");
	if (!cg_lists(self->root, "cgroup.controllers", "pids"))
		SKIP(return, "cgroup v2 has no pids controller here");
	ASSERT_EQ(0, cg_write(self->root, "cgroup.subtree_control", "+pids"));
	snprintf(self->top, sizeof(self->top), "%s/core.%d", self->root, getpid());
	snprintf(self->x, sizeof(self->x), "%s/core.%d.x", self->root, getpid());
	snprintf(self->a, sizeof(self->a), "%s/a", self->top);
	snprintf(self->b, sizeof(self->b), "%s/b", self->top);
	snprintf(self->c, sizeof(self->c), "%s/c", self->a);
	ASSERT_EQ(0, cg_create(self->top));
	ASSERT_EQ(0, cg_write(self->top, "cgroup.subtree_control", "+pids"));
	ASSERT_EQ(0, cg_create(self->a));
	ASSERT_EQ(0, cg_create(self->b));
	ASSERT_EQ(0, cg_create(self->c));
}

/* Run by the harness's process, after whatever became of the test's. */
FIXTURE_TEARDOWN_PARENT(core)
{
	if (!self->top[0])
		return;
	cg_destroy(self->top);
	/* A threaded cgroup has no cgroup.kill: who is in it dies with the test. */
	if (!access(self->x, F_OK) && !cg_await_empty(self->x))
		cg_remove_tree(self->x);
}

/* A process in @cg that sleeps until it is killed. Returns as proc_fork(). */
static inline pid_t sleeper(const char *cg)
{
	pid_t pid = cg_fork_into(cg, 0);

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		proc_sleep_forever();
	}
	return pid;
}

/* A fork into @cg that comes to nothing. Returns 0, or -errno. */
static inline int try_fork_into(const char *cg)
{
	pid_t pid = cg_fork_into(cg, 0);

	if (!pid)
		_exit(0);
	if (pid < 0)
		return pid;
	must(!proc_end(pid));
	return 0;
}

/* clone3() with @size bytes of arguments, into what @cgroup says. 0, or -errno. */
static inline int try_clone(uint64_t cgroup, size_t size)
{
	struct clone_args args = {
		.flags = CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.cgroup = cgroup,
	};
	pid_t pid = syscall(SYS_clone3, &args, size);

	if (!pid)
		_exit(0);
	if (pid < 0)
		return -errno;
	must(!proc_end(pid));
	return 0;
}

/* What a pair's second thread does: it tells who it is, and sleeps. */
static inline void *pair_second(void *told)
{
	baton_pass(told, syscall(SYS_gettid));
	proc_sleep_forever();
}

/*
 * A process of two threads in @cg, which sleep until they are killed. Its leader
 * goes on to @leader, if that is given. Returns its pid, and in @tid that of the
 * thread which is not the leader.
 */
static inline pid_t pair(const char *cg, void (*leader)(void), pid_t *tid)
{
	struct baton told = baton_make();
	pid_t pid = cg_fork_into(cg, 0);
	pthread_t thread;

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		must(!pthread_create(&thread, NULL, pair_second, &told));
		if (leader)
			leader();
		proc_sleep_forever();
	}
	must(pid > 0);
	*tid = baton_take(&told);
	must(*tid > 0 && *tid != pid);
	close(told.fd[0]);
	close(told.fd[1]);
	return pid;
}

/* Whether @file, cgroup.procs or cgroup.threads, has a line for @pid. */
static inline bool lists(const char *cg, const char *file, pid_t pid)
{
	char word[16];

	snprintf(word, sizeof(word), "%d", pid);
	return cg_lists(cg, file, word);
}

/* How reading @file ends: 0, or -errno. */
static inline int try_read(const char *cg, const char *file)
{
	char text[4096];
	ssize_t n = cg_read(cg, file, text, sizeof(text));

	return n < 0 ? n : 0;
}

/* The cgroup.type of @cg, good until the next call. */
static inline const char *type_of(const char *cg)
{
	static char text[64];

	must(cg_read(cg, "cgroup.type", text, sizeof(text)) > 0);
	return text;
}

static inline int make_threaded(const char *cg)
{
	return cg_write(cg, "cgroup.type", "threaded");
}

static inline long populated(const char *cg)
{
	return cg_key(cg, "cgroup.events", "populated");
}

/* The cgroup of thread @tid as /proc names it, good until the next call. */
static inline const char *cgroup_of(pid_t tid)
{
	static char text[512];
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/cgroup", tid);
	must(!file_field(path, "0", text, sizeof(text)));
	return text;
}

/* Whether the process or thread is in @cg, a cgroup below @root. */
static inline bool is_in(const char *root, const char *cg, pid_t tid)
{
	if (!strcmp(cgroup_of(tid), cg + strlen(root)))
		return true;
	fprintf(stderr, "# %d is in %s, not in %s\n", tid, cgroup_of(tid), cg);
	return false;
}

/* Takes one event, without a name, of @fd: its mask, or 0 if none comes within @ms. */
static inline uint32_t take_inotify(int fd, int *wd, int ms)
{
	struct inotify_event ev;

	if (!(proc_poll(fd, POLLIN, ms) & POLLIN))
		return 0;
	must(read(fd, &ev, sizeof(ev)) == sizeof(ev));
	*wd = ev.wd;
	return ev.mask;
}

#endif /* CORE_H */

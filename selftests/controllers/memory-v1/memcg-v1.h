/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory cgroups on a v1 hierarchy, their processes, and the eventfds that
 * tell of them. No process is born into a v1 cgroup other than its parent's:
 * it is forked, and moves.
 */
#ifndef MEMCG_V1_H
#define MEMCG_V1_H

#include <sys/eventfd.h>
#include "memcg.h"

#define LIMIT		"memory.limit_in_bytes"
#define USAGE		"memory.usage_in_bytes"
#define MAX_USAGE	"memory.max_usage_in_bytes"
#define FAILCNT		"memory.failcnt"
#define MEMSW_LIMIT	"memory.memsw.limit_in_bytes"
#define MEMSW_USAGE	"memory.memsw.usage_in_bytes"
#define MEMSW_MAX_USAGE	"memory.memsw.max_usage_in_bytes"
#define MEMSW_FAILCNT	"memory.memsw.failcnt"
#define OOM_CONTROL	"memory.oom_control"
#define STAT		"memory.stat"

/* What a process has beyond the memory that it was told to use. */
#define OWN	(MB(1) + CG_STOCK)

/* A process that is in @cg by the time this returns. */
static inline pid_t v1_fork(const char *cg)
{
	struct baton in = baton_make();
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!cg_enter(cg, 0));
		baton_pass(&in, 0);
	} else {
		must(pid > 0);
		baton_take(&in);
	}
	close(in.fd[0]);
	close(in.fd[1]);
	return pid;
}

/* A process in @cg that wants @size bytes, and exits 0 when it has them. */
static inline pid_t v1_hog(const char *cg, size_t size)
{
	pid_t pid = v1_fork(cg);

	if (!pid) {
		map_used(size);
		_exit(0);
	}
	return pid;
}

/*
 * A process of a cgroup that does one thing after the other, as it is told: one
 * piece of memory, which it uses, looks at again, or gives back.
 */
struct actor {
	pid_t pid;
	struct baton order, done;
};

enum order { USE, GIVE_BACK, LOOK, LEAVE };

static inline void actor_play(struct actor *a, size_t size)
{
	char *p = NULL;

	for (;;) {
		switch (baton_take(&a->order)) {
		case USE:
			p = map_used(size);
			break;
		case GIVE_BACK:
			must(!munmap(p, size));
			break;
		case LOOK:
			must(used(p, size));
			break;
		default:
			_exit(0);
		}
		baton_pass(&a->done, 0);
	}
}

/* An actor in @cg, for @size bytes. It dies with the test. */
static inline struct actor actor_make(const char *cg, size_t size)
{
	struct actor a = { .order = baton_make(), .done = baton_make() };

	a.pid = v1_fork(cg);
	if (!a.pid)
		actor_play(&a, size);
	return a;
}

/* Tells it, and does not wait. */
static inline void actor_tell(struct actor *a, enum order order)
{
	baton_pass(&a->order, order);
}

/* Tells it, and waits until that is done, and it sleeps. */
static inline void actor_does(struct actor *a, enum order order)
{
	actor_tell(a, order);
	baton_take(&a->done);
	settles_down(a->pid);
}

static inline int actor_leaves(struct actor *a)
{
	actor_tell(a, LEAVE);
	return proc_end(a->pid);
}

/*
 * Whether memory.stat gets to have @min to @max at @key. A process of @cg makes
 * the news that is needed for the numbers to be up to date, so @cg has room.
 */
static inline bool v1_stat_settles(const char *cg, const char *key, long min, long max)
{
	struct timespec start;
	long value;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		must(proc_end(v1_hog(cg, 96 * PAGE * sysconf(_SC_NPROCESSORS_ONLN))) == 0);
		value = cg_key(cg, STAT, key);
		if (value >= min && value <= max)
			return true;
		poll(NULL, 0, 10);
	} while (ms_since(&start) < PROC_HANG_MS);
	fprintf(stderr, "# %s of %s stays at %ld, not %ld to %ld\n",
		key, cg, value, min, max);
	return false;
}

/* Registers @event for @file of @cg at @cg's cgroup.event_control. */
static inline int v1_listen(const char *cg, int event, const char *file,
			    const char *args)
{
	char path[PATH_MAX], text[128];
	int control = open(cg_path(path, cg, file), O_RDONLY | O_CLOEXEC);
	int err;

	if (control < 0)
		return -errno;
	snprintf(text, sizeof(text), "%d %d%s%s", event, control,
		 *args ? " " : "", args);
	err = cg_write(cg, "cgroup.event_control", text);
	close(control);
	return err;
}

static inline int bell(void)
{
	int event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	must(event >= 0);
	return event;
}

/* An eventfd that is registered so. */
static inline int v1_bell(const char *cg, const char *file, const char *args)
{
	int event = bell();

	must(!v1_listen(cg, event, file, args));
	return event;
}

/* How often it has rung since the last look, which may take @ms to begin. */
static inline long rings(int event, int ms)
{
	uint64_t count = 0;

	if (proc_poll(event, POLLIN, ms) & POLLIN)
		must(read(event, &count, sizeof(count)) == sizeof(count));
	return count;
}

static inline bool rung(int event, int ms)
{
	return rings(event, ms) > 0;
}

/*
 * A folder @top below the mount point, @a and @b below that. Returns 0, or
 * -errno: -ENOENT is that there is no such hierarchy, -ENOSYS that it has none
 * of v1's files.
 */
static inline int v1_top(char *root, char *top, char *a, char *b, const char *name)
{
	int err = cg_mount_point("memory", root, PATH_MAX / 4);

	if (err)
		return err;
	must(snprintf(top, PATH_MAX / 2, "%s/%s.%d", root, name, getpid()) <
	     PATH_MAX / 2);
	err = cg_create(top);
	if (err)
		return err;
	if (!cg_has(top, USAGE))
		return -ENOSYS;
	err = cg_create(cg_path(a, top, "a"));
	return err ? err : cg_create(cg_path(b, top, "b"));
}

/* The test's own process lives outside of all of them. */
#define MEMCG_V1_FIXTURE(name)						\
FIXTURE(name)								\
{									\
	char root[PATH_MAX], top[PATH_MAX], a[PATH_MAX], b[PATH_MAX];	\
};									\
FIXTURE_SETUP(name)							\
{									\
	int err = v1_top(self->root, self->top, self->a, self->b, #name); \
									\
	if (err == -ENOENT)						\
		SKIP(return, "no cgroup v1 hierarchy with the memory controller"); \
	if (err == -ENOSYS)						\
		SKIP(return, "no " USAGE ": CONFIG_MEMCG_V1 is off");	\
	ASSERT_EQ(0, err);						\
}									\
/* Run by the harness's process, after whatever became of the test's. */ \
FIXTURE_TEARDOWN_PARENT(name)						\
{									\
	if (!self->top[0])						\
		return;							\
	cg_kill_each(self->a);						\
	cg_kill_each(self->b);						\
	cg_kill_each(self->top);						\
	cg_remove_tree(self->top);					\
}

#endif /* MEMCG_V1_H */

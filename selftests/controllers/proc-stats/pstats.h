/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Containers of a test, each with a proc that shows its numbers.
 *
 * A box is a cgroup with an init in pid and cgroup namespaces of its own. Its
 * proc is mounted by that init, but in the mount namespace of the test: whose
 * numbers a proc shows is settled when it is mounted, and so the test can look at
 * a box from outside, whatever becomes of those who live there.
 */
#ifndef BULKHEAD_PSTATS_H
#define BULKHEAD_PSTATS_H

#include "kselftest_harness.h"
#include "memcg-disk.h"
#include "mnt.h"
#include "ns.h"
#include "until.h"

#define STATS		"stats=cgroup"

struct box {
	char cg[PATH_MAX];
	char proc[64];
	pid_t init;
	struct baton ready;
};

/* Mounts a proc. Returns 0, or -errno. */
static inline int proc_mount(const char *at, const char *options)
{
	if (mkdir(at, 0755) && errno != EEXIST)
		return -errno;
	return mount("proc", at, "proc", 0, options) ? -errno : 0;
}

/* Who has passed a baton may still run, and be counted as one that does. */
static inline bool proc_sleeps(pid_t pid)
{
	char path[64], text[64];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	return !file_field(path, "State", text, sizeof(text)) && text[0] == 'S';
}

/* A box in the cgroup @cg, which exists, and its proc at MNT_AREA/@name. */
static inline int box_open(struct box *b, const char *cg, const char *name)
{
	pid_t pid;
	int err;

	snprintf(b->cg, sizeof(b->cg), "%s", cg);
	snprintf(b->proc, sizeof(b->proc), MNT_AREA "/%s", name);
	b->ready = baton_make();
	/* @b may be shared with the child. */
	pid = cg_fork_into(cg, CLONE_NEWPID);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		err = unshare(CLONE_NEWCGROUP) ? -errno : 0;
		if (!err)
			err = proc_mount(b->proc, STATS);
		baton_pass(&b->ready, err);
		proc_sleep_forever();
	}
	if (pid < 0)
		return pid;
	b->init = pid;
	err = baton_take(&b->ready);
	if (!err && !EVENTUALLY(proc_sleeps(pid)))
		err = -ETIMEDOUT;
	if (err)
		proc_kill(b->init);
	return err;
}

/*
 * Has a process of the box's cgroup and cgroup namespace do something, and
 * waits: continues with 0 there, and with the exit status of it here.
 */
#define IN_BOX(b, what) ({						\
	pid_t in_box_ = box_fork(b);					\
									\
	if (!in_box_) {							\
		what;							\
		_exit(0);						\
	}								\
	proc_end(in_box_);						\
})

static inline pid_t box_fork(const struct box *b)
{
	int cgroup = ns_open(b->init, "cgroup"), pids = ns_open(b->init, "pid");
	pid_t pid;

	must(cgroup >= 0 && pids >= 0);
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!cg_enter(b->cg, 0));
		must(!setns(cgroup, CLONE_NEWCGROUP));
		must(!setns(pids, CLONE_NEWPID));
		/* Only a child is in the pid namespace. */
		pid = proc_fork_bound(0);
		if (pid)
			_exit(proc_end(pid));
	}
	close(cgroup);
	close(pids);
	return pid;
}

static inline const char *box_path(const struct box *b, const char *file)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", b->proc, file);
	return path;
}

static inline ssize_t box_read(const struct box *b, const char *file,
			       char *buf, size_t size)
{
	return file_read(box_path(b, file), buf, size);
}

/* The number at @key: of meminfo in bytes. */
static inline long box_key(const struct box *b, const char *file, const char *key)
{
	char text[128];
	int err = file_field(box_path(b, file), key, text, sizeof(text));

	if (err)
		return err;
	return atol(text) * (strstr(text, " kB") ? 1024 : 1);
}

static inline long box_mem(const struct box *b, const char *key)
{
	return box_key(b, "meminfo", key);
}

/* The machine's, for comparison. */
static inline long host_mem(const char *key)
{
	const struct box host = { .proc = "/proc" };

	return box_mem(&host, key);
}

/* The words that begin the lines of @text, one a line. */
static inline void line_keys(const char *text, char *keys, size_t size)
{
	size_t n = 0;

	for (const char *p = text; p && *p; p = strchr(p, '\n')) {
		p += *p == '\n';
		for (; *p && !strchr(": \t\n", *p) && n < size - 2; p++)
			keys[n++] = *p;
		keys[n++] = '\n';
	}
	keys[n] = '\0';
}

/*
 * The boxes @a and @b, siblings below @top, where all controllers are handed on
 * from. The test lives outside of all of them, in a mount namespace of its own.
 */
struct boxes {
	char root[PATH_MAX], top[PATH_MAX];
	struct box a, b;
};

static inline int boxes_make(struct boxes *s, const char *name)
{
	char all[512], control[1024] = "", path[PATH_MAX], *tok, *save = NULL;
	int err = cg_mount_point(NULL, s->root, PATH_MAX / 4);

	if (err)
		return err;
	snprintf(s->top, sizeof(s->top), "%.512s/%.64s.%d", s->root, name, getpid());
	err = cg_create(s->top);
	if (err)
		return err;
	must(cg_read(s->top, "cgroup.controllers", all, sizeof(all)) >= 0);
	for (tok = strtok_r(all, " \n", &save); tok; tok = strtok_r(NULL, " \n", &save))
		snprintf(control + strlen(control), sizeof(control) - strlen(control),
			 "+%s ", tok);
	err = cg_write(s->top, "cgroup.subtree_control", control);
	mnt_area();
	if (!err)
		err = cg_create(cg_path(path, s->top, "a"));
	if (!err)
		err = box_open(&s->a, path, "a");
	if (!err)
		err = cg_create(cg_path(path, s->top, "b"));
	if (!err)
		err = box_open(&s->b, path, "b");
	return err;
}

#define BOXES_FIXTURE(name)						\
FIXTURE(name)								\
{									\
	struct boxes s;							\
	struct box *a, *b;						\
	const char *top;						\
};									\
FIXTURE_SETUP(name)							\
{									\
	int err = boxes_make(&self->s, #name);				\
									\
	self->a = &self->s.a;						\
	self->b = &self->s.b;						\
	self->top = self->s.top;					\
	if (err == -ENOENT)						\
		SKIP(return, "no cgroup v2 here");			\
	ASSERT_EQ(0, err);						\
}									\
FIXTURE_TEARDOWN_PARENT(name)						\
{									\
	if (self->s.top[0])						\
		cg_destroy(self->s.top);				\
}

#endif /* BULKHEAD_PSTATS_H */

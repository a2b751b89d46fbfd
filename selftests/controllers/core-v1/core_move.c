// SPDX-License-Identifier: GPL-2.0
/*
 * Members of cgroup v1: cgroup.procs moves processes and tasks moves threads;
 * and whom an ordinary user may move.
 *
 * Promises from admin-guide/cgroup-v1/cgroups.rst, "How are cgroups
 * implemented?", "Attaching processes", and cgroups(7), "Creating cgroups and
 * moving processes", "Removing cgroups", "Cgroups delegation containment
 * rules".
 */
#include "core_v1.h"
#include <pthread.h>
#include "cap.h"
#include "usermap.h"

#define SET	"pids,name=move"
#define USER	1000
#define OTHER	2000

FIXTURE(move)
{
	char tmp[32];
	char root[48];
	/* Two cgroups of USER, one of root. */
	char x[64], y[64], z[64];
};

static void give(const char *cg, uid_t uid)
{
	char path[PATH_MAX];

	must(!chown(cg_path(path, cg, "cgroup.procs"), uid, uid));
	must(!chown(cg_path(path, cg, "tasks"), uid, uid));
}

FIXTURE_SETUP(move)
{
	if (!v1_begin(self->tmp, sizeof(self->tmp)))
		SKIP(return, "there are cgroup v1 hierarchies already");
	snprintf(self->root, sizeof(self->root), "%s/root", self->tmp);
	snprintf(self->x, sizeof(self->x), "%s/x", self->root);
	snprintf(self->y, sizeof(self->y), "%s/y", self->root);
	snprintf(self->z, sizeof(self->z), "%s/z", self->root);
	ASSERT_EQ(0, v1_mount(self->root, SET));
	ASSERT_EQ(0, cg_create(self->x));
	ASSERT_EQ(0, cg_create(self->y));
	ASSERT_EQ(0, cg_create(self->z));
	give(self->x, USER);
	give(self->y, USER);
}

FIXTURE_TEARDOWN_PARENT(move)
{
	if (self->tmp[0])
		EXPECT_TRUE(v1_end_all(self->tmp));
}

static void become(uid_t real, uid_t effective, uid_t saved)
{
	must(!setresuid(real, effective, saved));
	must(!prctl(PR_SET_PDEATHSIG, SIGKILL));
}

/* A process with these user ids that sleeps in @cg. */
static pid_t target(const char *cg, uid_t real, uid_t effective, uid_t saved)
{
	struct baton ready = baton_make();
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!cg_enter(cg, 0));
		become(real, effective, saved);
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	must(pid > 0);
	baton_take(&ready);
	return pid;
}

/* What USER is told on moving @pid into @cg, by @file: 0, or an errno. */
static int user_moves(const char *cg, const char *file, pid_t pid)
{
	pid_t mover = proc_fork_bound(0);

	if (!mover) {
		become(USER, USER, USER);
		_exit(-cg_write_number(cg, file, pid));
	}
	return proc_end(mover);
}

static int user_moves_process(const char *cg, pid_t pid)
{
	return user_moves(cg, "cgroup.procs", pid);
}

static int user_moves_thread(const char *cg, pid_t pid)
{
	return user_moves(cg, "tasks", pid);
}

/* Whether the cgroup's file lists the number. */
static bool lists(const char *cg, const char *file, pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", pid);
	return cg_lists(cg, file, text);
}

TEST_F(move, a_user_moves_its_processes_between_its_cgroups)
{
	pid_t pid = target(self->x, USER, USER, USER);

	EXPECT_EQ(0, user_moves_process(self->y, pid));
	EXPECT_TRUE(v1_at(pid, SET, "/y"));
	EXPECT_EQ(0, user_moves_thread(self->x, pid));
	EXPECT_TRUE(v1_at(pid, SET, "/x"));
	EXPECT_EQ(0, user_moves_process(self->y, 0));
	/* Whose files are not its own it does not write to. */
	EXPECT_EQ(EACCES, user_moves_process(self->z, pid));
	EXPECT_EQ(EACCES, user_moves_thread(self->root, pid));
	EXPECT_TRUE(v1_at(pid, SET, "/x"));
}

TEST_F(move, a_user_does_not_move_anybody_elses_processes)
{
	pid_t pid[] = {
		target(self->x, 0, 0, 0), target(self->x, OTHER, OTHER, OTHER),
	};

	for (size_t i = 0; i < ARRAY_SIZE(pid); i++) {
		EXPECT_EQ(EACCES, user_moves_process(self->y, pid[i]));
		EXPECT_EQ(EACCES, user_moves_thread(self->y, pid[i]));
		EXPECT_TRUE(v1_at(pid[i], SET, "/x"));
		EXPECT_EQ(0, cg_enter(self->y, pid[i]));
		EXPECT_TRUE(v1_at(pid[i], SET, "/y"));
	}
}

/* Unlike in v2, where the common ancestor's files count. */
TEST_F(move, where_the_process_comes_from_does_not_matter)
{
	pid_t pid = target(self->z, USER, USER, USER);

	EXPECT_EQ(0, user_moves_process(self->y, pid));
	EXPECT_TRUE(v1_at(pid, SET, "/y"));
}

TEST_F(move, the_targets_real_or_saved_user_is_the_movers)
{
	static const struct {
		uid_t real, effective, saved;
		int error;
	} ids[] = {
		{ USER, OTHER, OTHER, 0 },
		{ OTHER, OTHER, USER, 0 },
		{ OTHER, USER, OTHER, EACCES },
		{ 0, USER, 0, EACCES },
		{ 0, 0, USER, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		pid_t pid = target(self->x, ids[i].real, ids[i].effective,
				   ids[i].saved);

		EXPECT_EQ(ids[i].error, user_moves_process(self->y, pid))
			TH_LOG("real %d, effective %d, saved %d", ids[i].real,
			       ids[i].effective, ids[i].saved);
		EXPECT_EQ(!ids[i].error, lists(self->y, "cgroup.procs", pid));
		EXPECT_EQ(!!ids[i].error, lists(self->x, "cgroup.procs", pid));
		EXPECT_EQ(ids[i].error, user_moves_thread(self->y, pid));
		proc_kill(pid);
	}
}

/* Writes @pid to the open file. Returns 0, or -errno. */
static int write_pid(int fd, pid_t pid)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%d", pid);

	return write(fd, text, n) == n ? 0 : -errno;
}

/* So that no privileged process is tricked into moving others. */
TEST_F(move, the_opener_counts_and_not_the_writer)
{
	pid_t roots = target(self->x, 0, 0, 0);
	pid_t users = target(self->x, USER, USER, USER);
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		char path[PATH_MAX];
		int by_root, by_user;

		cg_path(path, self->y, "cgroup.procs");
		by_root = open(path, O_WRONLY);
		must(by_root >= 0);
		must(!setresuid(0, USER, 0));
		by_user = open(path, O_WRONLY);
		must(by_user >= 0);
		must(!setresuid(0, 0, 0));
		must(write_pid(by_user, roots) == -EACCES);
		must(v1_at(roots, SET, "/x"));
		must(!write_pid(by_user, users));
		must(v1_at(users, SET, "/y"));
		become(USER, USER, USER);
		must(!write_pid(by_root, roots));
		must(v1_at(roots, SET, "/y"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(move, root_needs_no_capability_to_move_anybody)
{
	pid_t target_pid = target(self->x, OTHER, OTHER, OTHER);
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		cap_keep(0);
		must(!cg_enter(self->z, target_pid));
		must(v1_at(target_pid, SET, "/z"));
		/* To open what belongs to somebody else it would. */
		must(cg_enter(self->x, target_pid) == -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* A user namespace makes nobody anybody else outside. */
TEST_F(move, a_containers_root_moves_its_own_processes_only)
{
	pid_t its = target(self->x, USERNS_BASE, USERNS_BASE, USERNS_BASE);
	pid_t users = target(self->x, USERNS_BASE + 1, USERNS_BASE + 1,
			     USERNS_BASE + 1);
	pid_t roots = target(self->x, 0, 0, 0), pid;

	give(self->y, USERNS_BASE);
	pid = userns_fork(0);
	if (!pid) {
		must(geteuid() == 0);
		must(!cg_enter(self->y, its));
		must(cg_enter(self->y, users) == -EACCES);
		must(cg_enter(self->y, roots) == -EACCES);
		must(v1_at(its, SET, "/y"));
		must(v1_at(users, SET, "/x") && v1_at(roots, SET, "/x"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* A process of two threads, which knows both by number. */
struct pair {
	pid_t leader, thread;
};

static void *thread_sleeps(void *p)
{
	struct baton *tid = p;

	baton_pass(tid, gettid());
	proc_sleep_forever();
}

/* Starts one in @cg; its leader ends at once if @alone. */
static struct pair pair_start(const char *cg, bool alone)
{
	struct baton tid = baton_make();
	struct pair p = { .leader = proc_fork_bound(0) };

	if (!p.leader) {
		pthread_t thread;

		must(!cg_enter(cg, 0));
		must(!pthread_create(&thread, NULL, thread_sleeps, &tid));
		if (alone)
			pthread_exit(NULL);
		proc_sleep_forever();
	}
	must(p.leader > 0);
	p.thread = baton_take(&tid);
	if (alone)
		must(EVENTUALLY(task_state(p.leader) == 'Z'));
	return p;
}

TEST_F(move, cgroup_procs_moves_all_threads_whoever_is_named)
{
	struct pair p = pair_start(self->x, false);

	EXPECT_TRUE(lists(self->x, "tasks", p.leader));
	EXPECT_TRUE(lists(self->x, "tasks", p.thread));
	EXPECT_EQ(p.leader, cg_number(self->x, "cgroup.procs"));
	ASSERT_EQ(0, cg_enter(self->y, p.thread));
	EXPECT_EQ(0, cg_number(self->x, "pids.current"));
	EXPECT_TRUE(lists(self->y, "tasks", p.leader));
	EXPECT_TRUE(lists(self->y, "tasks", p.thread));
	EXPECT_EQ(p.leader, cg_number(self->y, "cgroup.procs"));
	ASSERT_EQ(0, cg_enter(self->z, p.leader));
	EXPECT_TRUE(lists(self->z, "tasks", p.leader));
	EXPECT_TRUE(lists(self->z, "tasks", p.thread));
	EXPECT_EQ(0, cg_number(self->y, "pids.current"));
	proc_kill(p.leader);
}

/* Then the process is in two cgroups, and both list it. */
TEST_F(move, tasks_moves_the_thread_that_is_named)
{
	struct pair p = pair_start(self->x, false);

	ASSERT_EQ(0, cg_write_number(self->y, "tasks", p.thread));
	EXPECT_EQ(p.leader, cg_number(self->x, "tasks"));
	EXPECT_EQ(p.thread, cg_number(self->y, "tasks"));
	EXPECT_EQ(p.leader, cg_number(self->x, "cgroup.procs"));
	EXPECT_EQ(p.leader, cg_number(self->y, "cgroup.procs"));
	EXPECT_TRUE(v1_at(p.leader, SET, "/x"));
	EXPECT_TRUE(v1_at(p.thread, SET, "/y"));
	ASSERT_EQ(0, cg_write_number(self->z, "tasks", p.leader));
	EXPECT_EQ(p.leader, cg_number(self->z, "tasks"));
	EXPECT_EQ(p.thread, cg_number(self->y, "tasks"));
	/* Together again. */
	ASSERT_EQ(0, cg_enter(self->x, p.leader));
	EXPECT_EQ(2, cg_number(self->x, "pids.current"));
	EXPECT_EQ(0, cg_number(self->y, "pids.current"));
	EXPECT_EQ(0, cg_number(self->z, "pids.current"));
	proc_kill(p.leader);
}

TEST_F(move, a_process_outlives_its_leader)
{
	struct pair p = pair_start(self->x, true);

	EXPECT_EQ(p.thread, cg_number(self->x, "tasks"));
	EXPECT_EQ(p.leader, cg_number(self->x, "cgroup.procs"));
	EXPECT_EQ(-EBUSY, cg_remove(self->x));
	ASSERT_EQ(0, cg_enter(self->y, p.leader));
	EXPECT_TRUE(v1_at(p.thread, SET, "/y"));
	EXPECT_EQ(p.thread, cg_number(self->y, "tasks"));
	EXPECT_EQ(p.leader, cg_number(self->y, "cgroup.procs"));
	EXPECT_EQ(0, cg_remove(self->x));
	proc_kill(p.leader);
}

/* What is left of it is in no list, does not move, and holds no folder. */
TEST_F(move, a_zombie_is_no_member)
{
	pid_t pid = sleeper(self->x);

	ASSERT_GT(pid, 0);
	EXPECT_EQ(-EBUSY, cg_remove(self->x));
	kill(pid, SIGKILL);
	ASSERT_EQ(0, proc_await_zombie(pid));
	EXPECT_TRUE(EVENTUALLY(!lists(self->x, "cgroup.procs", pid)));
	EXPECT_FALSE(lists(self->x, "tasks", pid));
	EXPECT_TRUE(v1_at(pid, SET, "/"));
	EXPECT_EQ(1, cg_number(self->x, "pids.current"));
	EXPECT_EQ(0, cg_enter(self->y, pid));
	EXPECT_EQ(0, cg_write_number(self->y, "tasks", pid));
	EXPECT_EQ(0, cg_number(self->y, "pids.current"));
	EXPECT_EQ(1, cg_number(self->x, "pids.current"));
	EXPECT_FALSE(lists(self->y, "cgroup.procs", pid));
	EXPECT_EQ(0, cg_remove(self->x));
	EXPECT_EQ(-SIGKILL, proc_end(pid));
}

TEST_F(move, one_living_task_is_named_at_a_time)
{
	static const char * const files[] = { "cgroup.procs", "tasks" };
	pid_t a = sleeper(self->x), b = sleeper(self->x), dead = proc_fork(0);
	char two[32];

	if (!dead)
		_exit(0);
	ASSERT_GT(a, 0);
	ASSERT_GT(b, 0);
	ASSERT_EQ(0, proc_end(dead));
	snprintf(two, sizeof(two), "%d\n%d", a, b);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		EXPECT_EQ(-EINVAL, cg_write(self->y, files[i], two));
		EXPECT_EQ(-EINVAL, cg_write(self->y, files[i], "-1"));
		EXPECT_EQ(-EINVAL, cg_write(self->y, files[i], "x"));
		EXPECT_EQ(-EINVAL, cg_write(self->y, files[i], "\n"));
		EXPECT_EQ(-ESRCH, cg_write_number(self->y, files[i], dead));
		/* The mother of all threads of the kernel. */
		EXPECT_EQ(-EINVAL, cg_write_number(self->y, files[i], 2));
		EXPECT_EQ(0, cg_number(self->y, "pids.current"));
	}
	EXPECT_EQ(0, cg_write_number(self->y, "cgroup.procs", a));
	EXPECT_EQ(0, cg_write_number(self->y, "tasks", b));
	EXPECT_EQ(2, cg_number(self->y, "pids.current"));
}

TEST_F(move, zero_is_the_writer)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!cg_write(self->y, "cgroup.procs", "0"));
		must(v1_at(0, SET, "/y"));
		must(!cg_write(self->x, "tasks", "0"));
		must(v1_at(0, SET, "/x"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(v1_at(0, SET, "/"));
}

/* A process is in one cgroup of each hierarchy, and so are its children. */
TEST_F(move, each_hierarchy_has_its_own_members)
{
	char other[48], x[64];
	pid_t pid;

	snprintf(other, sizeof(other), "%s/other", self->tmp);
	snprintf(x, sizeof(x), "%s/x", other);
	ASSERT_EQ(0, v1_mount(other, "none,name=other"));
	ASSERT_EQ(0, cg_create(x));
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!cg_enter(self->y, 0));
		must(v1_at(0, "name=other", "/"));
		must(!cg_enter(x, 0));
		must(v1_at(0, SET, "/y"));
		pid = proc_fork_bound(0);
		must(v1_at(0, SET, "/y"));
		must(v1_at(0, "name=other", "/x"));
		if (!pid)
			_exit(0);
		must(!proc_end(pid));
		must(!cg_enter(self->z, 0));
		must(v1_at(0, "name=other", "/x"));
		must(cg_number(self->z, "cgroup.procs") == getpid());
		must(!lists(self->y, "cgroup.procs", getpid()));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* Numbers are those of the reader's pid namespace. */
TEST_F(move, who_has_no_number_is_not_listed)
{
	pid_t outside = sleeper(self->x), pid;

	ASSERT_GT(outside, 0);
	pid = proc_fork_bound(CLONE_NEWPID);
	if (!pid) {
		must(getpid() == 1);
		must(!cg_enter(self->x, 0));
		must(cg_number(self->x, "cgroup.procs") == 1);
		must(cg_number(self->x, "tasks") == 1);
		must(cg_number(self->x, "pids.current") == 2);
		must(cg_enter(self->y, outside) == -ESRCH);
		_exit(0);
	}
	EXPECT_TRUE(lists(self->x, "cgroup.procs", outside));
	EXPECT_EQ(0, proc_end(pid));
}

#define THREADS	100

/* The threads of one process in @cg, and what each is called. */
static pid_t crowd_start(const char *cg, pid_t *tids)
{
	struct baton tid = baton_make();
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		pthread_t thread;

		must(!cg_enter(cg, 0));
		for (int i = 0; i < THREADS; i++)
			must(!pthread_create(&thread, NULL, thread_sleeps,
					     &tid));
		proc_sleep_forever();
	}
	must(pid > 0);
	for (int i = 0; i < THREADS; i++)
		tids[i] = baton_take(&tid);
	return pid;
}

/* Reads a few bytes at a time. Returns how many, or -errno. */
static ssize_t read_in_pieces(const char *cg, const char *file, char *text,
			      size_t size)
{
	char path[PATH_MAX];
	size_t len = 0;
	ssize_t n;
	int fd = open(cg_path(path, cg, file), O_RDONLY);

	if (fd < 0)
		return -errno;
	while ((n = read(fd, text + len, len + 7 < size ? 7 : 0)) > 0)
		len += n;
	text[len] = '\0';
	close(fd);
	return n < 0 ? -errno : len;
}

TEST_F(move, a_long_list_is_read_in_pieces)
{
	pid_t tids[THREADS], pid = crowd_start(self->x, tids);
	char text[4096], *tok, *save = NULL;
	int found = 0, lines = 0;

	ASSERT_GT(read_in_pieces(self->x, "tasks", text, sizeof(text)), 0);
	for (tok = strtok_r(text, "\n", &save); tok;
	     tok = strtok_r(NULL, "\n", &save), lines++)
		for (int i = 0; i < THREADS; i++)
			found += atoi(tok) == tids[i];
	EXPECT_EQ(THREADS, found);
	EXPECT_EQ(THREADS + 1, lines);
	/* One process however many threads it has. */
	EXPECT_EQ(pid, cg_number(self->x, "cgroup.procs"));
	proc_kill(pid);
}

TEST_F(move, nobody_enters_what_is_removed)
{
	pid_t pid = sleeper(self->x);
	char path[PATH_MAX];
	int procs, tasks;

	ASSERT_GT(pid, 0);
	procs = open(cg_path(path, self->y, "cgroup.procs"), O_RDWR);
	tasks = open(cg_path(path, self->y, "tasks"), O_RDWR);
	ASSERT_GE(procs, 0);
	ASSERT_GE(tasks, 0);
	ASSERT_EQ(0, cg_remove(self->y));
	EXPECT_EQ(-ENODEV, write_pid(procs, pid));
	EXPECT_EQ(-ENODEV, write_pid(tasks, pid));
	EXPECT_EQ(-1, read(procs, path, sizeof(path)));
	EXPECT_EQ(ENODEV, errno);
	/* Nor by another of that name. */
	ASSERT_EQ(0, cg_create(self->y));
	EXPECT_EQ(-ENODEV, write_pid(procs, pid));
	EXPECT_TRUE(v1_at(pid, SET, "/x"));
	ASSERT_EQ(0, cg_enter(self->y, pid));
	EXPECT_TRUE(v1_at(pid, SET, "/y"));
}

/* Only v2 has that. */
TEST_F(move, nobody_is_born_into_a_cgroup_but_the_parents)
{
	pid_t pid = cg_fork_into(self->x, 0);

	if (!pid)
		_exit(0);
	EXPECT_EQ(-EBADF, pid);
	EXPECT_EQ(0, cg_number(self->x, "pids.current"));
}

TEST_F(move, a_cgroup_in_use_is_not_removed)
{
	char below[80];
	pid_t pid = sleeper(self->x);

	ASSERT_GT(pid, 0);
	snprintf(below, sizeof(below), "%s/below", self->x);
	ASSERT_EQ(0, cg_create(below));
	EXPECT_EQ(-EBUSY, cg_remove(self->x));
	ASSERT_EQ(0, cg_enter(below, pid));
	EXPECT_EQ(-EBUSY, cg_remove(self->x));
	EXPECT_EQ(-EBUSY, cg_remove(below));
	ASSERT_EQ(0, cg_enter(self->root, pid));
	EXPECT_EQ(-EBUSY, cg_remove(self->x));
	EXPECT_EQ(0, cg_remove(below));
	EXPECT_EQ(0, cg_remove(self->x));
}

TEST_HARNESS_MAIN

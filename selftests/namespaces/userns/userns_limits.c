// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/sys/user: how many namespaces, inotify and fanotify objects a user of
 * a user namespace may have, each level's limit for itself.
 *
 * Promises from namespaces(7), "The /proc/sys/user directory",
 * Documentation/admin-guide/sysctl/user.rst, and fork_init() for the defaults.
 */
#include "kselftest_harness.h"
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <time.h>
#include "cap.h"
#include "usermap.h"

#define DIR	"/proc/sys/user/"

FIXTURE(limit)
{
	char path[64];
};

FIXTURE_VARIANT(limit)
{
	const char *name;
	uint64_t flag;
};

FIXTURE_VARIANT_ADD(limit, user) { "max_user_namespaces", CLONE_NEWUSER };
FIXTURE_VARIANT_ADD(limit, pid) { "max_pid_namespaces", CLONE_NEWPID };
FIXTURE_VARIANT_ADD(limit, uts) { "max_uts_namespaces", CLONE_NEWUTS };
FIXTURE_VARIANT_ADD(limit, ipc) { "max_ipc_namespaces", CLONE_NEWIPC };
FIXTURE_VARIANT_ADD(limit, net) { "max_net_namespaces", CLONE_NEWNET };
FIXTURE_VARIANT_ADD(limit, mnt) { "max_mnt_namespaces", CLONE_NEWNS };
FIXTURE_VARIANT_ADD(limit, cgroup) { "max_cgroup_namespaces", CLONE_NEWCGROUP };
FIXTURE_VARIANT_ADD(limit, time) { "max_time_namespaces", CLONE_NEWTIME };

FIXTURE_SETUP(limit)
{
	snprintf(self->path, sizeof(self->path), DIR "%s", variant->name);
	if (access(self->path, F_OK))
		SKIP(return, "no %s here", self->path);
	/* The limit is there without them. */
	if (variant->flag == CLONE_NEWTIME && access("/proc/self/ns/time", F_OK))
		SKIP(return, "no time namespaces in this kernel");
}

FIXTURE_TEARDOWN(limit)
{
}

/* A process in one more namespace. Returns as proc_fork(). */
static pid_t sleeper(uint64_t flag)
{
	return userns_sleeper_in(flag);
}

/*
 * The same, when there will be room: what a dead namespace took is given back
 * some time after its last task was waited for.
 */
static pid_t sleeper_soon(uint64_t flag)
{
	struct timespec start, now;
	pid_t pid;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		pid = sleeper(flag);
		if (pid != -ENOSPC)
			return pid;
		sched_yield();
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec - start.tv_sec < PROC_HANG_MS / 1000);
	return pid;
}

/* Somebody else in the namespace, who may do there what root may. */
static void become_mighty(uid_t id)
{
	must(!prctl(PR_SET_KEEPCAPS, 1));
	userns_become(id, id);
	must(!cap_set(cap_all(), cap_all(), 0));
}

TEST_F(limit, of_the_initial_namespace_it_is_half_of_the_threads_there_can_be)
{
	EXPECT_EQ(file_number("/proc/sys/kernel/threads-max") / 2, file_number(self->path));
}

/* It is the namespaces above that limit one that sets nothing. */
TEST_F(limit, a_new_namespace_begins_with_none_of_its_own)
{
	pid_t pid = userns_fork(0);

	if (!pid) {
		must(file_number(self->path) == INT_MAX);
		must(!file_write(self->path, "3"));
		must(file_number(self->path) == 3);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_LT(3, file_number(self->path));
}

TEST_F(limit, as_many_as_it_says_and_no_more)
{
	pid_t pid = userns_fork(0);

	if (!pid) {
		pid_t one, two;

		must(!file_write(self->path, "2"));
		one = sleeper(variant->flag);
		two = sleeper(variant->flag);
		must(one > 0 && two > 0);
		must(sleeper(variant->flag) == -ENOSPC);
		must(unshare(variant->flag) == -1 && errno == ENOSPC);
		/* One ends, and leaves its place to one, and only one, other. */
		must(proc_kill(one) == -SIGKILL);
		must(sleeper_soon(variant->flag) > 0);
		must(sleeper(variant->flag) == -ENOSPC);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(limit, zero_forbids_and_a_higher_number_allows_again)
{
	pid_t pid = userns_fork(0);

	if (!pid) {
		must(!file_write(self->path, "0"));
		must(sleeper(variant->flag) == -ENOSPC);
		must(!file_write(self->path, "1"));
		must(sleeper(variant->flag) > 0);
		must(sleeper(variant->flag) == -ENOSPC);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(limit, to_lower_it_ends_nothing)
{
	pid_t pid = userns_fork(0);

	if (!pid) {
		pid_t one = sleeper(variant->flag), two;

		two = sleeper(variant->flag);
		must(one > 0 && two > 0);
		must(!file_write(self->path, "1"));
		must(waitpid(-1, NULL, WNOHANG) == 0);
		must(sleeper(variant->flag) == -ENOSPC);
		must(proc_kill(one) == -SIGKILL);
		must(sleeper(variant->flag) == -ENOSPC);
		must(proc_kill(two) == -SIGKILL);
		must(sleeper_soon(variant->flag) > 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(limit, a_namespace_kept_by_a_file_is_counted)
{
	static const struct {
		uint64_t flag;
		const char *name;
	} names[] = {
		{ CLONE_NEWUSER, "user" }, { CLONE_NEWPID, "pid" },
		{ CLONE_NEWUTS, "uts" }, { CLONE_NEWIPC, "ipc" },
		{ CLONE_NEWNET, "net" }, { CLONE_NEWNS, "mnt" },
		{ CLONE_NEWCGROUP, "cgroup" }, { CLONE_NEWTIME, "time" },
	};
	const char *name = NULL;
	pid_t pid;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].flag == variant->flag)
			name = names[i].name;
	pid = userns_fork(0);
	if (!pid) {
		pid_t one;
		int fd;

		must(!file_write(self->path, "1"));
		one = sleeper(variant->flag);
		must(one > 0);
		fd = ns_open(one, name);
		must(fd >= 0);
		must(proc_kill(one) == -SIGKILL);
		/* Not now, and not a moment later either. */
		for (int i = 0; i < 5; i++) {
			must(sleeper(variant->flag) == -ENOSPC);
			must(!usleep(10000));
		}
		must(!close(fd));
		must(sleeper_soon(variant->flag) > 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(limit, each_user_is_counted_for_itself)
{
	pid_t pid = userns_fork(0);

	if (!pid) {
		struct baton ready = baton_make();

		must(!file_write(self->path, "1"));
		must(sleeper(variant->flag) > 0);
		must(sleeper(variant->flag) == -ENOSPC);
		for (uid_t id = 1; id <= 2; id++) {
			if (fork())
				continue;
			become_mighty(id);
			must(sleeper(variant->flag) > 0);
			must(sleeper(variant->flag) == -ENOSPC);
			baton_pass(&ready, 0);
			proc_sleep_forever();
		}
		baton_take(&ready);
		baton_take(&ready);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/*
 * What is made in a namespace below counts there for its maker, and in each
 * namespace above for the maker of the one below.
 */
TEST_F(limit, what_is_made_below_counts_above)
{
	pid_t pid = userns_fork(0);

	if (!pid) {
		struct baton ready = baton_make(), go = baton_make();
		pid_t below = userns_fork_mapped(0, "0 1000 10", "0 1000 10");

		if (!below) {
			userns_become(0, 0);
			baton_take(&go);
			/* There is no limit here, but one above. */
			must(file_number(self->path) > 1000);
			must(sleeper(variant->flag) > 0);
			/* Nor does another user get past it. */
			become_mighty(1);
			must(sleeper(variant->flag) > 0);
			must(sleeper(variant->flag) == -ENOSPC);
			baton_pass(&ready, 0);
			proc_sleep_forever();
		}
		must(below > 0);
		/* It is itself one, where they are counted. */
		must(!file_write(self->path,
				 variant->flag == CLONE_NEWUSER ? "3" : "2"));
		baton_pass(&go, 0);
		baton_take(&ready);
		must(sleeper(variant->flag) == -ENOSPC);
		/* It all comes back with the end of those below. */
		must(proc_kill(below) == -SIGKILL);
		must(sleeper_soon(variant->flag) > 0);
		must(sleeper_soon(variant->flag) > 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(limit, a_refusal_costs_nothing_on_any_level)
{
	/* The one below is itself counted as a user namespace. */
	const char *one = variant->flag == CLONE_NEWUSER ? "2" : "1";
	const char *two = variant->flag == CLONE_NEWUSER ? "3" : "2";
	pid_t pid = userns_fork(0);

	if (!pid) {
		struct baton ready = baton_make(), go = baton_make();

		must(!file_write(self->path, one));
		pid = userns_fork_mapped(0, "0 1000 10", "0 1000 10");
		if (!pid) {
			userns_become(0, 0);
			must(!file_write(self->path, "1"));
			must(sleeper(variant->flag) > 0);
			for (int i = 0; i < 5; i++)
				must(sleeper(variant->flag) == -ENOSPC);
			/* Our own limit is out of the way: it is that above. */
			must(!file_write(self->path, "100"));
			for (int i = 0; i < 5; i++)
				must(sleeper(variant->flag) == -ENOSPC);
			/* Those have cost nothing here either: there is one so far. */
			must(!file_write(self->path, "2"));
			baton_pass(&ready, 0);
			baton_take(&go);
			must(sleeper(variant->flag) > 0);
			must(sleeper(variant->flag) == -ENOSPC);
			_exit(0);
		}
		must(pid > 0);
		baton_take(&ready);
		must(!file_write(self->path, two));
		baton_pass(&go, 0);
		must(!proc_end(pid));
		must(!file_write(self->path, one));
		must(sleeper_soon(variant->flag) > 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(limit, a_file_of_proc_is_that_of_the_reader)
{
	long before = file_number(self->path);
	pid_t pid = userns_fork(0);

	if (!pid) {
		/* A new namespace limits nothing by itself. */
		must(file_number(self->path) == INT32_MAX);
		must(!file_write(self->path, "17"));
		must(file_number(self->path) == 17);
		pid = userns_fork_mapped(0, "0 1000 10", "0 1000 10");
		if (!pid)
			_exit(file_number(self->path) == INT32_MAX ? 0 : 1);
		_exit(proc_end(pid));
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(before, file_number(self->path));
}

TEST_F(limit, it_is_written_with_cap_sys_resource)
{
	long before = file_number(self->path);
	pid_t pid;

	pid = proc_fork_bound(0);
	if (!pid) {
		proc_become_nobody();
		must(file_write(self->path, "1") == -EACCES);
		must(file_number(self->path) == before);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	pid = userns_fork(0);
	if (!pid) {
		must(!file_write(self->path, "7"));
		cap_drop(CAP_SYS_RESOURCE);
		must(file_write(self->path, "8") == -EACCES);
		must(file_number(self->path) == 7);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(before, file_number(self->path));
}

TEST_F(limit, malformed_values_change_nothing)
{
	pid_t pid = userns_fork(0);

	if (!pid) {
		static const char * const values[] = {
			"x", "-1", "2147483648", "99999999999999999999", "0x",
			"-", "\n",
		};

		must(!file_write(self->path, "7"));
		for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
			file_write(self->path, values[i]);
			must(file_number(self->path) == 7);
		}
		must(file_write(self->path, "x") == -EINVAL);
		must(file_write(self->path, "2147483648") == -EINVAL);
		must(!file_write(self->path, "2147483647"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

static int inotify(void)
{
	int fd = inotify_init1(IN_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

TEST(inotify_instances_are_limited_on_every_level)
{
	pid_t pid = userns_fork(0);

	if (!pid) {
		int one, two;

		must(!file_write(DIR "max_inotify_instances", "2"));
		one = inotify();
		two = inotify();
		must(one >= 0 && two >= 0);
		must(inotify() == -EMFILE);
		must(!close(two));
		pid = userns_fork_mapped(0, "0 1000 10", "0 1000 10");
		if (!pid) {
			must(file_number(DIR "max_inotify_instances") ==
			     INT32_MAX);
			must(inotify() >= 0);
			must(inotify() == -EMFILE);
			_exit(0);
		}
		must(pid > 0 && !proc_end(pid));
		two = inotify();
		must(two >= 0 && inotify() == -EMFILE);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(inotify_watches_are_limited)
{
	pid_t pid = userns_fork(0);

	if (!pid) {
		int fd = inotify(), wd;

		must(fd >= 0);
		must(!file_write(DIR "max_inotify_watches", "2"));
		must(inotify_add_watch(fd, "/", IN_CREATE) > 0);
		wd = inotify_add_watch(fd, "/tmp", IN_CREATE);
		must(wd > 0);
		must(inotify_add_watch(fd, "/proc", IN_CREATE) == -1);
		must(errno == ENOSPC);
		/* What is there can be changed. */
		must(inotify_add_watch(fd, "/tmp", IN_DELETE) == wd);
		must(!inotify_rm_watch(fd, wd));
		must(inotify_add_watch(fd, "/proc", IN_CREATE) > 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

static int fanotify(void)
{
	int fd = fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID | FAN_CLOEXEC,
			       O_RDONLY);

	return fd < 0 ? -errno : fd;
}

TEST(fanotify_groups_and_marks_are_limited)
{
	pid_t pid;

	if (access(DIR "max_fanotify_groups", F_OK))
		SKIP(return, "no fanotify");
	pid = userns_fork(0);
	if (!pid) {
		int one, two;

		must(!file_write(DIR "max_fanotify_groups", "2"));
		must(!file_write(DIR "max_fanotify_marks", "1"));
		one = fanotify();
		must(one >= 0);
		two = fanotify();
		must(two >= 0 && fanotify() == -EMFILE);
		must(!close(two));
		two = fanotify();
		must(two >= 0 && fanotify() == -EMFILE);
		must(!mkdir("/tmp/mark.a", 0700) || errno == EEXIST);
		must(!mkdir("/tmp/mark.b", 0700) || errno == EEXIST);
		must(!fanotify_mark(one, FAN_MARK_ADD, FAN_CREATE, AT_FDCWD,
				    "/tmp/mark.a"));
		must(fanotify_mark(two, FAN_MARK_ADD, FAN_CREATE, AT_FDCWD,
				   "/tmp/mark.b") == -1 && errno == ENOSPC);
		must(!fanotify_mark(one, FAN_MARK_FLUSH, 0, AT_FDCWD, NULL));
		must(!fanotify_mark(two, FAN_MARK_ADD, FAN_CREATE, AT_FDCWD,
				    "/tmp/mark.b"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_HARNESS_MAIN

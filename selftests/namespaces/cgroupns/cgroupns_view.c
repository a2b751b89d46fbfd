// SPDX-License-Identifier: GPL-2.0
/*
 * What a cgroup namespace shows, and of whom: /proc/PID/cgroup, mounts,
 * mountinfo; who may make, mount and enter one, and what keeps it alive.
 *
 * Promises from cgroup_namespaces(7) and cgroup-v2.rst, "Namespace".
 */
#include "cgns.h"
#include <pthread.h>

TEST_F(cgns, its_root_is_the_cgroup_of_its_creator)
{
	char name[128];
	struct baton ready = baton_make();
	pid_t pid = cg_fork_into(self->a, 0);

	snprintf(name, sizeof(name), "%s/a", self->top_name);
	if (!pid) {
		must(cgns_is(0, name));
		must(!unshare(CLONE_NEWCGROUP));
		must(cgns_is(0, "/"));
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	/* From outside it is where it was. */
	EXPECT_TRUE(cgns_is(pid, name));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
}

TEST_F(cgns, what_is_below_the_root_is_shown_from_there)
{
	pid_t pid = cgns_fork(self->a), below;

	if (!pid) {
		below = cgns_sleeper("/mnt/c");
		must(below > 0 && cgns_is(below, "/c"));
		must(!cg_enter("/mnt/c", 0));
		must(cgns_is(0, "/c"));
		must(!cg_create("/mnt/c/d") && !cg_enter("/mnt/c/d", 0));
		must(cgns_is(0, "/c/d"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(cgns, what_is_elsewhere_is_shown_relative_to_the_root)
{
	pid_t next = cgns_sleeper(self->b), deep = cgns_sleeper(self->c);
	pid_t outside = getpid(), pid;

	ASSERT_GT(next, 0);
	ASSERT_GT(deep, 0);
	pid = cgns_fork(self->a);
	if (!pid) {
		must(cgns_is(next, "/../b"));
		must(cgns_is(deep, "/c"));
		must(cgns_is(outside, "/../.."));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	/* One level further down, it is one level more. */
	pid = cgns_fork(self->c);
	if (!pid) {
		must(cgns_is(next, "/../../b"));
		must(cgns_is(deep, "/"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	proc_kill(next);
	proc_kill(deep);
}

TEST_F(cgns, its_root_stays_when_its_creator_moves)
{
	struct baton ready = baton_make(), go = baton_make();
	pid_t pid = cgns_fork(self->a);

	if (!pid) {
		baton_pass(&ready, 0);
		baton_take(&go);
		must(cgns_is(0, "/../b"));
		/* Its children are made there, and are in the same namespace. */
		pid = fork();
		if (!pid)
			_exit(cgns_is(0, "/../b") ? 0 : 1);
		_exit(proc_end(pid));
	}
	baton_take(&ready);
	ASSERT_EQ(0, cg_enter(self->b, pid));
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(cgns, each_level_of_nesting_has_its_own_view)
{
	struct baton inside = baton_make(), outside = baton_make();
	pid_t outer = cgns_fork(self->a), inner;
	char name[128];

	if (!outer) {
		pid_t parent = getpid();

		inner = cg_fork_into("/mnt/c", 0);
		if (!inner) {
			must(!prctl(PR_SET_PDEATHSIG, SIGKILL));
			must(cgns_is(0, "/c"));
			must(!unshare(CLONE_NEWCGROUP));
			must(cgns_is(0, "/"));
			must(cgns_is(parent, "/.."));
			baton_pass(&inside, 0);
			proc_sleep_forever();
		}
		baton_take(&inside);
		must(cgns_is(inner, "/c"));
		baton_pass(&outside, inner);
		proc_sleep_forever();
	}
	inner = baton_take(&outside);
	snprintf(name, sizeof(name), "%s/a/c", self->top_name);
	EXPECT_TRUE(cgns_is(inner, name));
	EXPECT_EQ(-SIGKILL, proc_kill(outer));
}

/* Made with the child that is born there, it has the child's cgroup as its root. */
TEST_F(cgns, clone_into_a_cgroup_roots_the_namespace_there)
{
	pid_t pid = cg_fork_into(self->c, CLONE_NEWCGROUP);

	if (!pid) {
		must(cgns_is(0, "/"));
		must(cgns_is(getppid(), "/../../.."));
		_exit(0);
	}
	ASSERT_GT(pid, 0);
	EXPECT_EQ(0, proc_end(pid));
}

static void *unshare_alone(void *arg)
{
	must(!unshare(CLONE_NEWCGROUP));
	must(cgns_is(0, "/"));
	return NULL;
}

/*
 * cgroup-v2.rst says that "the new cgroupns gets applied to the entire process
 * (all the threads)". The kernel has never done that: as with other namespaces
 * it is the calling thread that unshares.
 */
TEST_F(cgns, a_thread_unshares_for_itself)
{
	pid_t pid = cg_fork_into(self->a, 0);

	if (!pid) {
		char before[512], after[512];
		pthread_t other;

		cgns_of(0, before, sizeof(before));
		must(!pthread_create(&other, NULL, unshare_alone, NULL));
		must(!pthread_join(other, NULL));
		must(!strcmp(before, cgns_of(0, after, sizeof(after))));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(cgns, a_mount_shows_the_namespaces_root)
{
	pid_t pid = cgns_fork(self->a);

	if (!pid) {
		struct stat here, there;

		must(!stat("/mnt", &here) && !stat(self->a, &there));
		must(here.st_ino == there.st_ino);
		must(!access("/mnt/c/cgroup.procs", F_OK));
		must(access("/mnt/b", F_OK) == -1);
		/* It is no root: it has limits. */
		must(cg_has("/mnt", "pids.max"));
		must(cg_has("/mnt", "cgroup.type"));
		must(!cg_create("/mnt/new"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	strcat(self->a, "/new");
	EXPECT_TRUE(cg_has(self->a, "cgroup.procs"));
}

TEST_F(cgns, what_is_above_a_mount_is_not_reached)
{
	pid_t pid = cgns_fork(self->a);

	if (!pid) {
		struct stat mount, up;
		int fd = open("/mnt", O_PATH | O_DIRECTORY);

		must(fd >= 0 && !fchdir(fd) && !chdir(".."));
		must(!stat("/", &mount) && !stat(".", &up));
		must(mount.st_ino == up.st_ino && mount.st_dev == up.st_dev);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* The root field of the mount at @dir, in @pid's mountinfo. */
static bool mount_root(pid_t pid, const char *dir, const char *expected)
{
	char path[64], line[1024], root[256], at[256], type[32];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/mountinfo", pid);
	f = fopen(path, "r");
	must(f);
	while (fgets(line, sizeof(line), f)) {
		char *dash = strstr(line, " - ");

		if (!dash || sscanf(line, "%*d %*d %*s %255s %255s", root,
				    at) != 2 ||
		    sscanf(dash, " - %31s", type) != 1)
			continue;
		if (strcmp(at, dir) || strcmp(type, "cgroup2"))
			continue;
		found = !strcmp(root, expected);
		if (!found)
			fprintf(stderr, "# %s: root %s, not %s\n", dir, root,
				expected);
	}
	fclose(f);
	return found;
}

TEST_F(cgns, mountinfo_gives_roots_as_the_reader_sees_them)
{
	struct baton ready = baton_make();
	pid_t pid = cgns_fork(self->a);
	char name[128];

	if (!pid) {
		must(mount_root(getpid(), "/mnt", "/"));
		/* The mount that was there before is of the whole hierarchy. */
		must(mount_root(getpid(), self->root, "/../.."));
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	snprintf(name, sizeof(name), "%s/a", self->top_name);
	EXPECT_TRUE(mount_root(pid, "/mnt", name));
	EXPECT_TRUE(mount_root(pid, self->root, "/"));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
}

TEST_F(cgns, it_takes_cap_sys_admin)
{
	pid_t pid = cg_fork_into(self->a, 0);

	if (!pid) {
		proc_become_nobody();
		must(unshare(CLONE_NEWCGROUP) == -1 && errno == EPERM);
		must(proc_fork(CLONE_NEWCGROUP) == -EPERM);
		must(!unshare(CLONE_NEWUSER | CLONE_NEWCGROUP));
		must(cgns_is(0, "/"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(cgns, only_the_owner_of_the_namespace_mounts_it)
{
	pid_t pid = userns_fork(CLONE_NEWNS);

	if (!pid) {
		/* The cgroup namespace is still the initial one. */
		must(cgns_mount() == -EPERM);
		must(!unshare(CLONE_NEWCGROUP));
		must(!cgns_mount());
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(cgns, entering_changes_the_view_and_not_the_cgroup)
{
	struct baton ready = baton_make();
	pid_t pid = cgns_fork(self->a), joiner;
	int ns;

	if (!pid) {
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	ns = ns_open(pid, "cgroup");
	ASSERT_GE(ns, 0);
	joiner = cg_fork_into(self->b, 0);
	if (!joiner) {
		must(!ns_enter(ns, CLONE_NEWCGROUP));
		must(cgns_is(0, "/../b"));
		must(cgns_is(getppid(), "/../.."));
		must(!cg_enter(self->c, 0));
		must(cgns_is(0, "/c"));
		/* Its own one it may enter again, which changes nothing. */
		must(!ns_enter(ns, CLONE_NEWCGROUP));
		must(cgns_is(0, "/c"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(joiner));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
}

TEST_F(cgns, entering_takes_cap_sys_admin_on_both_sides)
{
	int initial = ns_open(0, "cgroup"), ns;
	struct baton ready = baton_make();
	pid_t owner = cgns_contain(self->a), pid;

	if (!owner) {
		/* Over what is above, one has nothing. */
		must(ns_enter(initial, CLONE_NEWCGROUP) == -EPERM);
		must(!ns_enter(ns_open(0, "cgroup"), CLONE_NEWCGROUP));
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	ns = ns_open(owner, "cgroup");
	ASSERT_GE(ns, 0);
	pid = proc_fork_bound(0);
	if (!pid) {
		proc_become_nobody();
		must(ns_enter(ns, CLONE_NEWCGROUP) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	/* From next door */
	pid = userns_fork(0);
	if (!pid) {
		must(ns_enter(ns, CLONE_NEWCGROUP) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	/* and from above */
	pid = proc_fork_bound(0);
	if (!pid)
		_exit(-ns_enter(ns, CLONE_NEWCGROUP));
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(-SIGKILL, proc_kill(owner));
}

/* The one side alone: over the namespace its creator has all capabilities. */
TEST_F(cgns, entering_takes_cap_sys_admin_in_the_callers_own_user_namespace)
{
	pid_t pid = cg_fork_into(self->a, 0);

	if (!pid) {
		pid_t owner;
		int user, ns;

		must(!prctl(PR_SET_PDEATHSIG, SIGKILL));
		proc_become_nobody();
		owner = userns_sleeper_in(CLONE_NEWUSER | CLONE_NEWCGROUP);
		must(owner > 0);
		user = ns_open(owner, "user");
		ns = ns_open(owner, "cgroup");
		must(user >= 0 && ns >= 0);
		must(ns_enter(ns, CLONE_NEWCGROUP) == -EPERM);
		must(!ns_same(ns_open(0, "cgroup"), ns));
		/* By way of the user namespace it has them on both sides. */
		must(!ns_enter(user, CLONE_NEWUSER));
		must(!ns_enter(ns, CLONE_NEWCGROUP));
		must(ns_same(ns_open(0, "cgroup"), ns));
		must(proc_kill(owner) == -SIGKILL);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(cgns, it_has_an_owner_and_no_parent)
{
	struct baton ready = baton_make();
	pid_t pid = cgns_contain(self->a);
	int ns, fd;

	if (!pid) {
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	ns = ns_open(pid, "cgroup");
	EXPECT_EQ(CLONE_NEWCGROUP, ioctl(ns, NS_GET_NSTYPE));
	EXPECT_EQ(-EINVAL, userns_related(ns, NS_GET_PARENT));
	fd = userns_related(ns, NS_GET_USERNS);
	ASSERT_GE(fd, 0);
	EXPECT_TRUE(ns_same(fd, ns_open(pid, "user")));
	EXPECT_EQ(-EINVAL, ns_enter(ns, CLONE_NEWUTS));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
}

TEST_F(cgns, a_file_keeps_it_alive_and_its_root_may_go)
{
	struct baton ready = baton_make();
	pid_t pid = cgns_fork(self->c), joiner, next;
	int ns;

	if (!pid) {
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	ns = ns_open(pid, "cgroup");
	ASSERT_GE(ns, 0);
	ASSERT_EQ(-SIGKILL, proc_kill(pid));
	ASSERT_EQ(0, cg_await_empty(self->c));
	/* A namespace does not hold its root's folder. */
	ASSERT_EQ(0, cg_remove(self->c));
	next = cgns_sleeper(self->b);
	joiner = cg_fork_into(self->a, 0);
	if (!joiner) {
		must(!ns_enter(ns, CLONE_NEWCGROUP));
		must(cgns_is(0, "/.."));
		must(cgns_is(next, "/../../b"));
		must(cgns_is(getppid(), "/../../.."));
		/* There is nothing to be mounted any more. */
		must(!unshare(CLONE_NEWNS));
		must(!mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
		must(cgns_mount() < 0);
		/* One of the same name is another one. */
		must(!cg_create(self->c) && !cg_enter(self->c, 0));
		must(cgns_is(0, "/../c"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(joiner));
	proc_kill(next);
}

TEST_F(cgns, a_process_of_a_removed_cgroup_says_so)
{
	pid_t pid = cg_fork_into(self->b, 0);
	char name[128];

	snprintf(name, sizeof(name), "%s/b (deleted)", self->top_name);
	if (!pid)
		_exit(0);
	ASSERT_EQ(0, proc_await_zombie(pid));
	ASSERT_EQ(0, cg_await_empty(self->b));
	ASSERT_EQ(0, cg_remove(self->b));
	EXPECT_TRUE(cgns_is(pid, name));
	EXPECT_EQ(0, proc_end(pid));
}

TEST_HARNESS_MAIN

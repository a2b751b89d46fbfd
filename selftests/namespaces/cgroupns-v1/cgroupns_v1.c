// SPDX-License-Identifier: GPL-2.0
/*
 * A cgroup namespace on cgroup v1: one namespace has a root in each hierarchy.
 *
 * Promises from cgroup_namespaces(7) and cgroups(7), "Cgroups v1".
 */
#include "kselftest_harness.h"
#include "cgroup.h"
#include "ns.h"
#include "usermap.h"

FIXTURE(v1)
{
	/* The two hierarchies, and a cgroup in each, named differently. */
	char pids[256], freezer[256];
	char p[512], f[512], below[600];
	char p_name[64], f_name[64];
};

FIXTURE_SETUP(v1)
{
	if (cg_mount_point("pids", self->pids, sizeof(self->pids)) ||
	    cg_mount_point("freezer", self->freezer, sizeof(self->freezer)))
		SKIP(return, "no cgroup v1 with pids and freezer");
	snprintf(self->p_name, sizeof(self->p_name), "/p.%d", getpid());
	snprintf(self->f_name, sizeof(self->f_name), "/f.%d", getpid());
	snprintf(self->p, sizeof(self->p), "%s%s", self->pids, self->p_name);
	snprintf(self->f, sizeof(self->f), "%s%s", self->freezer,
		 self->f_name);
	snprintf(self->below, sizeof(self->below), "%s/below", self->p);
	ASSERT_EQ(0, cg_create(self->p));
	ASSERT_EQ(0, cg_create(self->f));
	ASSERT_EQ(0, cg_create(self->below));
}

/* The test's processes are dead by now; that they are gone takes a moment. */
FIXTURE_TEARDOWN_PARENT(v1)
{
	for (int i = 0; i < PROC_HANG_MS && self->p[0]; i++) {
		cg_remove(self->below);
		if ((!cg_remove(self->p) || access(self->p, F_OK)) &&
		    (!cg_remove(self->f) || access(self->f, F_OK)))
			break;
		usleep(1000);
	}
}

/* Where @pid (0: the caller) is in the hierarchy of @controller, seen from here. */
static bool is_at(pid_t pid, const char *controller, const char *expected)
{
	char path[64], text[4096], *line, *save = NULL, *at;
	size_t n = strlen(controller);

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
	else
		snprintf(path, sizeof(path), "/proc/self/cgroup");
	must(file_read(path, text, sizeof(text)) > 0);
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		at = strchr(line, ':');
		if (!at || strncmp(at + 1, controller, n) || at[n + 1] != ':')
			continue;
		if (!strcmp(at + n + 2, expected))
			return true;
		fprintf(stderr, "# %s, not %s\n", line, expected);
		return false;
	}
	return false;
}

/* A child in both cgroups, with a namespace rooted there. */
static pid_t inside(const char *p, const char *f)
{
	pid_t pid = proc_fork_bound(0);

	if (pid)
		return pid;
	must(!cg_enter(p, 0) && !cg_enter(f, 0));
	must(!unshare(CLONE_NEWCGROUP | CLONE_NEWNS));
	must(!mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	return 0;
}

static int mount_v1(const char *options)
{
	return mount("none", "/mnt", "cgroup", 0, options) ? -errno : 0;
}

TEST_F(v1, each_hierarchy_has_a_root_of_its_own)
{
	struct baton ready = baton_make();
	pid_t self_pid = getpid(), pid = inside(self->p, self->f);

	if (!pid) {
		must(is_at(0, "pids", "/") && is_at(0, "freezer", "/"));
		must(is_at(getppid(), "pids", "/.."));
		must(is_at(getppid(), "freezer", "/.."));
		must(!cg_enter(self->below, 0));
		must(is_at(0, "pids", "/below") && is_at(0, "freezer", "/"));
		must(!cg_enter(self->freezer, 0));
		must(is_at(0, "freezer", "/.."));
		must(!cg_enter(self->f, 0) && !cg_enter(self->p, 0));
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	EXPECT_TRUE(is_at(pid, "pids", self->p_name));
	EXPECT_TRUE(is_at(pid, "freezer", self->f_name));
	EXPECT_TRUE(is_at(self_pid, "pids", "/"));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
}

TEST_F(v1, a_mount_shows_the_namespaces_root)
{
	pid_t pid = inside(self->p, self->f);

	if (!pid) {
		struct stat here, there;

		must(!mount_v1("pids"));
		must(!stat("/mnt", &here) && !stat(self->p, &there));
		must(here.st_ino == there.st_ino);
		must(cg_has("/mnt", "pids.max"));
		must(!access("/mnt/below", F_OK));
		/* What is the hierarchy's is at its own root only. */
		must(!cg_has("/mnt", "release_agent"));
		must(!umount("/mnt"));
		must(!mount_v1("freezer"));
		must(cg_has("/mnt", "freezer.state"));
		must(access("/mnt/below", F_OK) == -1);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* None of them is there yet, and the initial namespace could make each. */
TEST_F(v1, hierarchies_are_made_in_the_initial_namespace)
{
	static const char * const sets[] = {
		"none,name=bulkhead.new", "misc", "misc,name=bulkhead.misc",
	};
	pid_t pid = inside(self->p, self->f);

	if (!pid) {
		for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
			must(mount_v1(sets[i]) == -EPERM);
		/* Nor is one that exists made anew with others in it. */
		must(mount_v1("pids,freezer") == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(-EBUSY, mount_v1("pids,freezer"));
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		EXPECT_EQ(0, mount_v1(sets[i]))
			TH_LOG("%s", sets[i]);
		pid = inside(self->p, self->f);
		if (!pid) {
			/* Now it only needs to be shown. */
			must(!umount("/mnt"));
			must(!mount_v1(sets[i]));
			_exit(0);
		}
		EXPECT_EQ(0, proc_end(pid));
		EXPECT_EQ(0, umount("/mnt"));
	}
}

TEST_F(v1, a_container_mounts_its_part)
{
	struct baton go = baton_make();
	pid_t pid;

	pid = proc_fork_bound(CLONE_NEWUSER);
	if (!pid) {
		baton_take(&go);
		userns_become(0, 0);
		/* Not before the namespace is its own. */
		must(!unshare(CLONE_NEWNS));
		must(mount_v1("pids") == -EPERM);
		must(!unshare(CLONE_NEWCGROUP));
		must(!mount_v1("pids"));
		must(is_at(0, "pids", "/"));
		/* It was not given the cgroup, only a sight of it. */
		must(cg_create("/mnt/new") == -EACCES);
		must(cg_write("/mnt", "pids.max", "max") == -EACCES);
		must(cg_enter(self->pids, 0) == -EACCES);
		_exit(0);
	}
	ASSERT_EQ(0, cg_enter(self->p, pid));
	ASSERT_EQ(0, userns_write(pid, "uid_map", USERNS_MAP));
	ASSERT_EQ(0, userns_write(pid, "gid_map", USERNS_MAP));
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(pid));
}

/*
 * The release agent runs with all capabilities, in the initial namespaces: who
 * sets it is root of the machine (CVE-2022-0492).
 */
TEST_F(v1, the_release_agent_is_not_a_containers_to_set)
{
	char path[PATH_MAX], before[PATH_MAX], after[PATH_MAX];
	pid_t pid;

	ASSERT_GE(cg_read(self->pids, "release_agent", before, sizeof(before)),
		  0);
	/* Where the container's root is the outside's, modes do not help. */
	cg_path(path, self->pids, "release_agent");
	pid = userns_fork_mapped(CLONE_NEWNS | CLONE_NEWCGROUP, "0 0 10",
				 "0 0 10");
	if (!pid) {
		must(getuid() == 0);
		must(file_write(path, "/tmp/agent") == -EPERM);
		must(mount_v1("pids,release_agent=/tmp/agent") == -EINVAL);
		must(!mount_v1("pids"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	pid = proc_fork_bound(0);
	if (!pid) {
		proc_become_nobody();
		must(file_write(path, "/tmp/agent") == -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	ASSERT_GE(cg_read(self->pids, "release_agent", after, sizeof(after)),
		  0);
	EXPECT_STREQ(before, after);
}

TEST_F(v1, a_limit_holds_in_the_namespace)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->p, "pids.max", "1"));
	pid = inside(self->p, self->f);
	if (!pid) {
		must(proc_fork(0) == -EAGAIN);
		must(!unshare(CLONE_NEWCGROUP));
		must(proc_fork(0) == -EAGAIN);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_HARNESS_MAIN

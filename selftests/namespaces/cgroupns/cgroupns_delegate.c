// SPDX-License-Identifier: GPL-2.0
/*
 * Delegation of a part of the hierarchy to a user, and to a namespace: what
 * the delegatee may do in it, and with what it was given.
 *
 * Promises from cgroup-v2.rst, "Delegation" and "Mounting". Attempts to get
 * out are in cgroupns_escape.c.
 */
#include "cgns.h"
#include "cap.h"

#define USER	1000

static void become_user(void)
{
	must(!setgroups(0, NULL));
	userns_become(USER, USER);
}

/* Whether a file is one of /sys/kernel/cgroup/delegate. */
static bool delegatable(const char *name)
{
	char list[4096], *line, *save = NULL;

	must(file_read("/sys/kernel/cgroup/delegate", list, sizeof(list)) > 0);
	for (line = strtok_r(list, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		if (!strcmp(line, name))
			return true;
	return false;
}

TEST_F(cgns, the_list_of_what_is_handed_over)
{
	EXPECT_TRUE(delegatable("cgroup.procs"));
	EXPECT_TRUE(delegatable("cgroup.threads"));
	EXPECT_TRUE(delegatable("cgroup.subtree_control"));
	EXPECT_FALSE(delegatable("cgroup.max.depth"));
	EXPECT_FALSE(delegatable("cgroup.freeze"));
	EXPECT_FALSE(delegatable("pids.max"));
	EXPECT_FALSE(delegatable("memory.max"));
}

TEST_F(cgns, features_are_those_that_can_be_mounted)
{
	char list[512], *name, *save = NULL;
	int n = 0;

	ASSERT_GT(file_read("/sys/kernel/cgroup/features", list, sizeof(list)),
		  0);
	EXPECT_NE(NULL, strstr(list, "nsdelegate"));
	for (name = strtok_r(list, "\n", &save); name;
	     name = strtok_r(NULL, "\n", &save), n++) {
		EXPECT_EQ(0, cgns_remount(self->root, name))
			TH_LOG("option %s", name);
	}
	EXPECT_GT(n, 0);
	EXPECT_EQ(-EINVAL, cgns_remount(self->root, "no_such_option"));
}

/*
 * Every file of the namespace's root that can be written at all, and what it
 * says to that. The data is such that no file takes it.
 */
static int refused_at_the_root(const char *expected_for, int expected)
{
	DIR *dir = opendir("/mnt");
	struct dirent *d;
	int bad = 0;

	must(dir);
	while ((d = readdir(dir))) {
		bool given = delegatable(d->d_name);
		char path[PATH_MAX];
		struct stat st;
		int err;

		if (d->d_type == DT_DIR)
			continue;
		must(!stat(cg_path(path, "/mnt", d->d_name), &st));
		if (!(st.st_mode & 0222))
			continue;
		err = file_write(path, "no value for any file");
		if (given ? err != -EPERM :
			    (err == -EPERM) == (expected == -EPERM))
			continue;
		fprintf(stderr, "# %s: %s: error %d\n", expected_for,
			d->d_name, -err);
		bad++;
	}
	closedir(dir);
	return bad;
}

TEST_F(cgns, with_nsdelegate_the_roots_files_are_closed_but_for_those)
{
	pid_t pid;

	ASSERT_EQ(0, cgns_remount(self->root, "nsdelegate"));
	/* The more files, the better. */
	cg_write(self->top, "cgroup.subtree_control", "+memory");
	pid = cgns_fork(self->a);
	if (!pid) {
		/* By root, with all capabilities. */
		must(!refused_at_the_root("nsdelegate", -EPERM));
		must(cg_write("/mnt", "pids.max", "5") == -EPERM);
		must(cg_write("/mnt", "cgroup.max.depth", "5") == -EPERM);
		must(cg_write("/mnt", "cgroup.freeze", "0") == -EPERM);
		must(cg_write("/mnt", "cgroup.kill", "1") == -EPERM);
		/* Nor by way of the mount that was there before. */
		must(cg_write(self->a, "pids.max", "5") == -EPERM);
		/* Below it all is open. */
		must(!cg_write("/mnt", "cgroup.subtree_control", "+pids"));
		must(!cg_write("/mnt/c", "cgroup.max.depth", "5"));
		must(!cg_write("/mnt/c", "cgroup.freeze", "0"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(-EINVAL, cg_number(self->a, "pids.max"));
	/* From outside it is as it was. */
	EXPECT_EQ(0, cg_write(self->a, "pids.max", "100"));
}

TEST_F(cgns, without_nsdelegate_a_namespace_is_no_border)
{
	pid_t pid;

	ASSERT_EQ(0, cgns_remount(self->root, ""));
	pid = cgns_fork(self->a);
	if (!pid) {
		must(!cg_write("/mnt", "pids.max", "50"));
		must(!cg_write("/mnt", "cgroup.max.depth", "5"));
		must(!cg_enter(self->b, 0));
		must(cgns_is(0, "/../b"));
		must(!cg_enter("/mnt", 0));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(50, cg_number(self->a, "pids.max"));
}

TEST_F(cgns, options_are_the_initial_namespaces_to_change)
{
	char options[256];
	pid_t pid;

	ASSERT_EQ(0, cgns_remount(self->root,
				  "nsdelegate,memory_recursiveprot"));
	pid = cgns_fork(self->a);
	if (!pid) {
		/* It is no error, and has no effect. */
		must(!cgns_remount("/mnt", ""));
		must(!cgns_remount(self->root, "favordynmods"));
		must(cg_write("/mnt", "pids.max", "5") == -EPERM);
		/* Nor has a mount of its own. */
		must(!umount("/mnt"));
		must(!mount("none", "/mnt", "cgroup2", 0, "favordynmods"));
		must(cg_write("/mnt", "pids.max", "5") == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	cgns_options(self->root, options, sizeof(options));
	EXPECT_NE(NULL, strstr(options, "nsdelegate"));
	EXPECT_NE(NULL, strstr(options, "memory_recursiveprot"));
	EXPECT_EQ(NULL, strstr(options, "favordynmods"));
	/* From here the same changes all of them. */
	ASSERT_EQ(0, cgns_remount(self->root, "favordynmods"));
	cgns_options(self->root, options, sizeof(options));
	EXPECT_STREQ("favordynmods", options);
	EXPECT_EQ(0, cg_write(self->a, "pids.max", "5"));
	pid = cgns_fork(self->a);
	if (!pid)
		_exit(cg_write("/mnt", "pids.max", "6") ? 1 : 0);
	EXPECT_EQ(0, proc_end(pid));
}

/* A container: a namespace of a user namespace's, with what it was given. */
TEST_F(cgns, a_container_builds_its_own_tree)
{
	pid_t pid;

	ASSERT_EQ(0, cgns_remount(self->root, "nsdelegate"));
	pid = cgns_contain(self->a);
	if (!pid) {
		pid_t child;

		must(!cg_create("/mnt/init") && !cg_enter("/mnt/init", 0));
		must(cgns_is(0, "/init"));
		must(!cg_write("/mnt", "cgroup.subtree_control", "+pids"));
		must(!cg_create("/mnt/job"));
		must(!cg_write("/mnt/job", "pids.max", "1"));
		child = cg_fork_into("/mnt/job", 0);
		if (!child)
			_exit(proc_fork(0) == -EAGAIN ? 0 : 1);
		must(child > 0 && !proc_end(child));
		must(!cg_await_empty("/mnt/job") && !cg_remove("/mnt/job"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(cgns, its_limits_are_not_a_containers)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, "pids.max", "10"));
	for (int nsdelegate = 0; nsdelegate <= 1; nsdelegate++) {
		ASSERT_EQ(0, cgns_remount(self->root,
					  nsdelegate ? "nsdelegate" : ""));
		pid = cgns_contain(self->a);
		if (!pid) {
			int err = cg_write("/mnt", "pids.max", "max");

			/* Its modes alone already keep the file closed. */
			must(err == -EACCES);
			must(cg_number("/mnt", "pids.max") == 10);
			must(cg_write("/mnt", "cgroup.max.depth", "9") ==
			     -EACCES);
			must(chown("/mnt/pids.max", 0, 0) == -1);
			must(chmod("/mnt/pids.max", 0666) == -1);
			must(errno == EPERM);
			_exit(0);
		}
		EXPECT_EQ(0, proc_end(pid));
	}
}

/* Should it be given them by mistake, the namespace still keeps them closed. */
TEST_F(cgns, nsdelegate_closes_what_modes_have_left_open)
{
	char path[PATH_MAX];
	pid_t pid;

	ASSERT_EQ(0, cgns_remount(self->root, "nsdelegate"));
	ASSERT_EQ(0, chmod(cg_path(path, self->a, "pids.max"), 0666));
	ASSERT_EQ(0, chmod(cg_path(path, self->a, "cgroup.max.descendants"),
			   0666));
	pid = cgns_contain(self->a);
	if (!pid) {
		must(cg_write("/mnt", "pids.max", "5") == -EPERM);
		must(cg_write("/mnt", "cgroup.max.descendants", "5") == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(cgns, a_container_delegates_further)
{
	pid_t pid;

	ASSERT_EQ(0, cgns_remount(self->root, "nsdelegate"));
	pid = cgns_contain(self->a);
	if (!pid) {
		pid_t inner;

		must(!cg_create("/mnt/init") && !cg_enter("/mnt/init", 0));
		must(!cg_write("/mnt", "cgroup.subtree_control", "+pids"));
		must(!cg_create("/mnt/sub"));
		must(!cg_write("/mnt/sub", "pids.max", "7"));
		inner = cg_fork_into("/mnt/sub", 0);
		if (!inner) {
			must(!unshare(CLONE_NEWCGROUP | CLONE_NEWNS));
			must(!umount("/mnt") || errno == EINVAL);
			must(!mkdir("/tmp/inner", 0755) || errno == EEXIST);
			must(!mount("none", "/tmp/inner", "cgroup2", 0, NULL));
			must(cgns_is(0, "/"));
			must(cg_number("/tmp/inner", "pids.max") == 7);
			/* Here it ends for this one, there for that one. */
			must(cg_write("/tmp/inner", "pids.max", "9") == -EPERM);
			must(cg_enter("/mnt/init", 0) == -ENOENT);
			must(!cg_create("/tmp/inner/x"));
			must(!cg_enter("/tmp/inner/x", 0));
			_exit(0);
		}
		must(inner > 0 && !proc_end(inner));
		must(!cg_write("/mnt/sub", "pids.max", "9"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(cgns, a_user_does_in_a_delegated_cgroup_what_it_likes)
{
	pid_t pid;

	cgns_give(self->a, USER);
	pid = cg_fork_into(self->a, 0);
	if (!pid) {
		char x[PATH_MAX], y[PATH_MAX];

		cg_path(x, self->a, "x");
		cg_path(y, self->a, "y");
		become_user();
		must(!cg_create(x) && !cg_create(y));
		must(!cg_enter(x, 0));
		must(!cg_write(self->a, "cgroup.subtree_control", "+pids"));
		must(!cg_write(x, "pids.max", "10"));
		must(!cg_enter(y, 0));
		must(!cg_write(x, "cgroup.max.depth", "0"));
		must(!cg_remove(x));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(cgns, a_user_moves_everybody_within_whoever_it_is)
{
	pid_t root = cgns_sleeper(self->a), pid;

	cgns_give(self->a, USER);
	pid = cg_fork_into(self->a, 0);
	if (!pid) {
		char x[PATH_MAX];

		become_user();
		cg_path(x, self->a, "x");
		must(!cg_create(x));
		must(!cg_enter(x, root));
		must(cg_enter(self->b, root) == -EACCES);
		/* To end it by its number is another matter. */
		must(kill(root, SIGKILL) == -1 && errno == EPERM);
		must(!cg_enter(self->a, root));
		must(!cg_remove(x));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(-SIGKILL, proc_kill(root));
}

TEST_HARNESS_MAIN

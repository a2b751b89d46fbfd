// SPDX-License-Identifier: GPL-2.0
/*
 * A proc that root of a user namespace mounts: it shows no more than the procs
 * that it was given.
 *
 * Promises from filesystems/proc.rst, "4.2 Mount restrictions", and
 * user_namespaces(7).
 */
#include "procfs.h"

/*
 * A mount namespace with a proc at /proc only, and an open one that is mounted
 * nowhere: for the test's own use, whatever becomes of /proc.
 */
FIXTURE(restricted)
{
	int proc;
};

FIXTURE_SETUP(restricted)
{
	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	ASSERT_EQ(0, proc_at("aside", NULL));
	self->proc = open("aside", O_PATH | O_DIRECTORY | O_CLOEXEC);
	ASSERT_GE(self->proc, 0);
	ASSERT_EQ(0, umount2("aside", MNT_DETACH));
}

FIXTURE_TEARDOWN(restricted)
{
}

/* What container_mounts() gives for a subset where no proc is whole. */
static int subset_alone(void)
{
	return subset_is_as_documented() ? 0 : -EPERM;
}

/* Makes @pid, of a new user namespace, root there, by a proc that is open. */
static void map_root(int proc, pid_t pid, const char *file)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%d/%s", pid, file);
	fd = openat(proc, path, O_WRONLY | O_CLOEXEC);
	must(fd >= 0 && write(fd, "0 0 1", 5) == 5);
	close(fd);
}

/*
 * What root of a new user namespace, in a new pid namespace, gets when it
 * mounts a proc with the @flags and @options.
 */
static int container_mounts(int proc, unsigned long flags, const char *options)
{
	struct baton mapped = baton_make();
	pid_t pid = proc_fork_bound(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS);
	int end;

	if (!pid) {
		baton_take(&mapped);
		must(!mkdir("p", 0755) || errno == EEXIST);
		if (mount("proc", "p", "proc", flags, options))
			_exit(errno);
		must(proc_lists("p", 1));
		must(!!access("p/uptime", F_OK) == (options && strstr(options, "subset")));
		_exit(0);
	}
	must(pid > 0);
	map_root(proc, pid, "uid_map");
	map_root(proc, pid, "gid_map");
	baton_pass(&mapped, 0);
	end = proc_end(pid);
	must(end >= 0);
	return -end;
}

TEST_F(restricted, where_proc_is_whole_it_is_mounted)
{
	EXPECT_EQ(0, container_mounts(self->proc, 0, NULL));
	EXPECT_EQ(0, container_mounts(self->proc, 0, "hidepid=2"));
	EXPECT_EQ(0, container_mounts(self->proc, 0, "subset=pid"));
}

TEST_F(restricted, it_takes_a_pid_namespace_of_its_own)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!ns_become_user_root());
		must(!unshare(CLONE_NEWNS));
		must(proc_at("p", NULL) == -EPERM);
		must(proc_at("p", "subset=pid") == -EPERM);
		/* It is the one that it is in that counts. */
		must(!unshare(CLONE_NEWPID));
		must(proc_at("p", NULL) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(restricted, what_hides_a_file_forbids_it)
{
	ASSERT_EQ(0, mount("/dev/null", "/proc/uptime", NULL, MS_BIND, NULL));
	EXPECT_EQ(-EPERM, container_mounts(self->proc, 0, NULL));
	EXPECT_EQ(-EPERM, container_mounts(self->proc, MS_RDONLY, "hidepid=2"));
	/* Unless there is no such file in it. */
	EXPECT_EQ(subset_alone(), container_mounts(self->proc, 0, "subset=pid"));
	ASSERT_EQ(0, umount("/proc/uptime"));
	EXPECT_EQ(0, container_mounts(self->proc, 0, NULL));
}

TEST_F(restricted, what_hides_a_folder_forbids_it)
{
	ASSERT_EQ(0, mount("tmpfs", "/proc/sys/kernel", "tmpfs", 0, NULL));
	EXPECT_EQ(-EPERM, container_mounts(self->proc, 0, NULL));
	EXPECT_EQ(subset_alone(), container_mounts(self->proc, 0, "subset=pid"));
	ASSERT_EQ(0, umount("/proc/sys/kernel"));
	EXPECT_EQ(0, container_mounts(self->proc, 0, NULL));
}

/* A mount point that is always empty is there to be mounted upon. */
TEST_F(restricted, what_hides_an_empty_folder_does_not)
{
	if (access("/proc/fs/nfsd", F_OK))
		SKIP(return, "no empty folder in /proc");
	ASSERT_EQ(0, mount("tmpfs", "/proc/fs/nfsd", "tmpfs", 0, NULL));
	EXPECT_EQ(0, container_mounts(self->proc, 0, NULL));
}

TEST_F(restricted, another_proc_that_is_whole_is_enough)
{
	ASSERT_EQ(0, mount("/dev/null", "/proc/uptime", NULL, MS_BIND, NULL));
	ASSERT_EQ(0, proc_at("whole", NULL));
	EXPECT_EQ(0, container_mounts(self->proc, 0, NULL));
	if (!subset_is_as_documented())
		return;
	/* A subset of one is not. */
	ASSERT_EQ(0, umount("whole"));
	ASSERT_EQ(0, proc_at("whole", "subset=pid"));
	EXPECT_EQ(-EPERM, container_mounts(self->proc, 0, NULL));
	EXPECT_EQ(subset_alone(), container_mounts(self->proc, 0, "subset=pid"));
}

TEST_F(restricted, a_part_of_a_proc_is_not_whole)
{
	ASSERT_EQ(0, mkdir("part", 0755) && errno != EEXIST);
	ASSERT_EQ(0, mount("/proc/sys", "part", NULL, MS_BIND, NULL));
	EXPECT_EQ(0, container_mounts(self->proc, 0, NULL));
	ASSERT_EQ(0, umount2("/proc", MNT_DETACH));
	EXPECT_EQ(-EPERM, container_mounts(self->proc, 0, NULL));
	EXPECT_EQ(subset_alone(), container_mounts(self->proc, 0, "subset=pid"));
}

TEST_F(restricted, without_any_proc_there_is_a_subset)
{
	ASSERT_EQ(0, umount2("/proc", MNT_DETACH));
	EXPECT_EQ(-EPERM, container_mounts(self->proc, 0, NULL));
	EXPECT_EQ(subset_alone(), container_mounts(self->proc, 0, "subset=pid"));
}

/* What is read-only, or has times of its own, cannot be had otherwise. */
TEST_F(restricted, read_only_stays_read_only)
{
	ASSERT_EQ(0, mount(NULL, "/proc", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
	EXPECT_EQ(-EPERM, container_mounts(self->proc, 0, NULL));
	EXPECT_EQ(-EPERM, container_mounts(self->proc, MS_NOEXEC | MS_NOSUID, NULL));
	EXPECT_EQ(0, container_mounts(self->proc, MS_RDONLY, NULL));
}

TEST_F(restricted, the_atime_option_stays)
{
	ASSERT_EQ(0, mount(NULL, "/proc", NULL, MS_REMOUNT | MS_BIND | MS_NOATIME, NULL));
	EXPECT_EQ(-EPERM, container_mounts(self->proc, 0, NULL));
	EXPECT_EQ(-EPERM, container_mounts(self->proc, MS_STRICTATIME, NULL));
	EXPECT_EQ(0, container_mounts(self->proc, MS_NOATIME, NULL));
}

/* In the container, the new proc's hidepid is the container's to choose. */
TEST_F(restricted, its_options_are_its_mounter_s)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!ns_become_user_root());
		must(!unshare(CLONE_NEWPID | CLONE_NEWNS));
		pid = fork();
		if (!pid) {
			char options[256];

			must(!proc_at("p", "hidepid=2"));
			must(!proc_again("p", "hidepid=0"));
			must(!subset_is_as_documented() ||
			     proc_again("p", "subset=pid") == -EINVAL);
			proc_options("p", options, sizeof(options));
			must(!strstr(options, "hidepid"));
			/* The system's is not. */
			must(proc_again("/proc", "hidepid=0") == -EPERM);
			must(!umount("p"));
			_exit(0);
		}
		_exit(proc_end(pid));
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel threads live in the initial pid namespace, and no other sees them,
 * not even one whose own doing they are.
 *
 * Promises from pid_namespaces(7): a process is visible in its own namespace
 * and those above.
 */
#include "kselftest_harness.h"
#include "nfs.h"

/* Kernel threads in @proc: those that have no memory, and kthreadd as parent. */
static int kthreads_in(const char *proc)
{
	char path[300], text[64];
	DIR *dir = opendir(proc);
	struct dirent *d;
	int n = 0;

	must(dir);
	while ((d = readdir(dir))) {
		if (d->d_name[0] < '0' || d->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "%s/%s/status", proc, d->d_name);
		if (!file_field(path, "Kthread", text, sizeof(text)))
			n += atoi(text);
	}
	closedir(dir);
	return n;
}

TEST(kthreadd_is_2_of_the_initial_namespace_and_has_no_parent)
{
	char text[64];

	if (file_field("/proc/2/status", "Name", text, sizeof(text)) ||
	    strcmp(text, "kthreadd"))
		SKIP(return, "not in the initial pid namespace");
	EXPECT_STREQ("kthreadd", text);
	ASSERT_EQ(0, file_field("/proc/2/status", "PPid", text, sizeof(text)));
	EXPECT_STREQ("0", text);
	ASSERT_EQ(0, file_field("/proc/2/status", "NSpid", text, sizeof(text)));
	EXPECT_STREQ("2", text);
	EXPECT_GT(kthreads_in("/proc"), 5);
}

TEST(no_kernel_thread_is_seen_from_a_pid_namespace)
{
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		char text[64];

		must(!ns_mount_proc("own"));
		must(kthreads_in("own") == 0);
		must(file_read("own/2/comm", text, sizeof(text)) == -ENOENT);
		must(kill(2, 0) == -1 && errno == ESRCH);
		/* The number is there for whoever comes. */
		must(fork() || (getpid() == 2 ? (_exit(0), 1) : (_exit(1), 0)));
		must(proc_end(2) == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

TEST(the_server_that_a_pid_namespace_starts_is_not_seen_in_it)
{
	struct baton up = baton_make(), bye = baton_make();
	int others = nfs_kthreads("/proc", "nfsd");
	pid_t init;

	if (!nfs_is_there())
		SKIP(return, "no NFS client or no NFS server in this kernel");
	init = proc_fork_bound(CLONE_NEWPID);
	if (!init) {
		must(!nfs_become_host("server"));
		must(!ns_mount_proc(NFS_HOST "/proc"));
		must(nfs_recorder() > 0);
		must(!nfs_start(3));
		must(nfs_get("threads") == 3);
		must(nfs_kthreads(NFS_HOST "/proc", "nfsd") == 0);
		must(kthreads_in(NFS_HOST "/proc") == 0);
		baton_pass(&up, 0);
		baton_take(&bye);
		must(!nfs_stop());
		_exit(0);
	}
	baton_take(&up);
	EXPECT_EQ(3, nfs_kthreads("/proc", "nfsd") - others);
	baton_pass(&bye, 0);
	/* They do not hold up the end of the namespace, being no part of it. */
	EXPECT_EQ(0, proc_end(init));
	EXPECT_TRUE(nfs_threads_become(others));
}

/*
 * kill(-1) is for all that the caller can see but itself and pid 1: with no
 * other process there is nobody to be signalled, whatever threads the kernel has.
 */
TEST(kill_of_everybody_in_a_pid_namespace_finds_no_kernel_thread)
{
	pid_t init;

	ASSERT_GT(kthreads_in("/proc"), 5);
	init = proc_fork_bound(CLONE_NEWPID);
	if (!init) {
		pid_t pid;

		must(kill(-1, 0) == -1 && errno == ESRCH);
		pid = fork();
		if (!pid)
			proc_sleep_forever();
		must(!kill(-1, 0));
		must(!kill(-1, SIGKILL));
		must(proc_end(pid) == -SIGKILL);
		must(kill(-1, SIGKILL) == -1 && errno == ESRCH);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

TEST_HARNESS_MAIN

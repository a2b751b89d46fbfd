// SPDX-License-Identifier: GPL-2.0
/*
 * What a proc shows of the dead: zombies, the reaped, and a pid namespace whose
 * init has ended while its proc is mounted.
 *
 * Promises from proc(5), pid_namespaces(7), filesystems/proc.rst.
 */
#include "procfs_fixture.h"

static pid_t zombie(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	must(!proc_await_zombie(pid));
	return pid;
}

TEST_F(procfs, a_zombie_has_a_status_and_nothing_else)
{
	pid_t pid = zombie();
	char text[1024], *state;

	EXPECT_TRUE(proc_lists("/proc", pid));
	ASSERT_EQ(0, file_field(proc_path("/proc", pid, "status"), "State", text,
				sizeof(text)));
	EXPECT_EQ('Z', text[0]);
	ASSERT_GT(file_read(proc_path("/proc", pid, "stat"), text, sizeof(text)), 0);
	state = strrchr(text, ')') + 2;
	EXPECT_EQ('Z', *state);
	/* Memory, files and namespaces are gone. */
	EXPECT_EQ(0, file_read(proc_path("/proc", pid, "cmdline"), text, sizeof(text)));
	EXPECT_EQ(0, file_read(proc_path("/proc", pid, "maps"), text, sizeof(text)));
	EXPECT_EQ(-1, readlink(proc_path("/proc", pid, "exe"), text, sizeof(text)));
	EXPECT_EQ(ENOENT, errno);
	EXPECT_EQ(-1, readlink(proc_path("/proc", pid, "cwd"), text, sizeof(text)));
	EXPECT_EQ(ENOENT, errno);
	EXPECT_EQ(-ENOENT, ns_open(pid, "uts"));
	EXPECT_EQ(-1, access(proc_path("/proc", pid, "fd/0"), F_OK));
	proc_end(pid);
}

TEST_F(procfs, who_was_reaped_is_not_there)
{
	pid_t pid = zombie();
	char path[64], text[64];
	int dir, file;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	file = open(proc_path("/proc", pid, "stat"), O_RDONLY | O_CLOEXEC);
	ASSERT_GE(dir, 0);
	ASSERT_GE(file, 0);
	proc_end(pid);
	EXPECT_FALSE(proc_lists("/proc", pid));
	EXPECT_EQ(-1, access(path, F_OK));
	EXPECT_EQ(ENOENT, errno);
	/* What was open leads nowhere, and not to who gets the number next. */
	EXPECT_EQ(-1, read(file, text, sizeof(text)));
	EXPECT_EQ(ESRCH, errno);
	EXPECT_EQ(-1, openat(dir, "stat", O_RDONLY));
	EXPECT_TRUE(errno == ESRCH || errno == ENOENT);
	close(dir);
	close(file);
}

TEST_F(procfs, an_open_folder_is_not_the_next_process_s)
{
	pid_t pid = proc_fork_bound(CLONE_NEWPID);

	if (!pid) {
		struct clone_args args = { .exit_signal = SIGCHLD, .set_tid_size = 1 };
		pid_t two = fork(), again;
		int dir;

		args.set_tid = (uintptr_t)&two;
		if (!two)
			proc_sleep_forever();
		must(!proc_at("p", NULL));
		dir = open("p/2", O_RDONLY | O_DIRECTORY);
		must(two == 2 && dir >= 0);
		proc_kill(two);
		again = proc_clone3(&args);
		if (!again)
			proc_sleep_forever();
		must(again == 2);
		must(!access("p/2/stat", F_OK));
		must(faccessat(dir, "stat", F_OK, 0) == -1);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(procfs, a_hidden_process_s_zombie_is_hidden)
{
	pid_t pid = zombie();

	ASSERT_EQ(0, proc_at("p", "hidepid=2"));
	EXPECT_TRUE(proc_lists("p", pid));
	AS_NOBODY(must(!proc_lists("p", pid)));
	proc_end(pid);
}

/* A proc that an init mounts where the test sees it. */
static pid_t init_with_proc(const char *dir)
{
	struct baton up = baton_make();
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		must(!proc_at(dir, NULL));
		if (!fork())
			proc_sleep_forever();
		baton_pass(&up, 0);
		proc_sleep_forever();
	}
	must(init > 0);
	baton_take(&up);
	return init;
}

TEST_F(procfs, a_dead_namespace_s_proc_has_no_processes)
{
	pid_t init = init_with_proc("p");
	char text[64];

	EXPECT_TRUE(proc_lists("p", 1));
	EXPECT_TRUE(proc_lists("p", 2));
	ASSERT_EQ(-SIGKILL, proc_kill(init));
	for (int pid = 1; pid < 10; pid++) {
		EXPECT_FALSE(proc_lists("p", pid));
		EXPECT_EQ(-1, access(proc_path("p", pid, "stat"), F_OK));
		EXPECT_EQ(ENOENT, errno);
	}
	EXPECT_EQ(-1, readlink("p/self", text, sizeof(text)));
	EXPECT_EQ(ENOENT, errno);
	/* The rest of it is the system's, and is there. */
	EXPECT_EQ(0, file_field("p/meminfo", "MemTotal", text, sizeof(text)));
	EXPECT_EQ(0, umount("p"));
}

TEST_F(procfs, a_dead_namespace_s_proc_is_remounted_and_unmounted)
{
	pid_t init = init_with_proc("p");
	int dir = open("p/1", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ASSERT_GE(dir, 0);
	ASSERT_EQ(-SIGKILL, proc_kill(init));
	EXPECT_EQ(0, proc_again("p", "hidepid=2"));
	EXPECT_EQ(-1, openat(dir, "stat", O_RDONLY));
	EXPECT_TRUE(errno == ESRCH || errno == ENOENT);
	/* An open folder keeps it busy, as with any file system. */
	EXPECT_EQ(-1, umount("p"));
	EXPECT_EQ(EBUSY, errno);
	close(dir);
	EXPECT_EQ(0, umount("p"));
}

/*
 * A mounted proc does not keep the namespace from ending, nor its place in
 * max_pid_namespaces once it is unmounted.
 */
TEST_F(procfs, the_last_unmount_lets_go_of_the_namespace)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		pid_t init;

		must(!ns_become_user_root());
		must(!unshare(CLONE_NEWNS));
		must(!file_write("/proc/sys/user/max_pid_namespaces", "1"));
		init = init_with_proc("p");
		must(proc_kill(init) == -SIGKILL);
		must(proc_fork(CLONE_NEWPID) == -ENOSPC);
		must(!umount("p"));
		for (int ms = 0;; ms++) {
			init = proc_fork(CLONE_NEWPID);
			if (!init)
				_exit(0);
			if (init > 0)
				break;
			must(init == -ENOSPC && ms < PROC_HANG_MS);
			poll(NULL, 0, 1);
		}
		_exit(proc_end(init));
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_HARNESS_MAIN

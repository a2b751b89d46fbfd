// SPDX-License-Identifier: GPL-2.0
/*
 * Processes and their cgroup: moving all of one by any of its threads, those
 * that are no more, being born into a cgroup, and cgroup.kill.
 *
 * Promises from cgroup-v2.rst, "Processes" and "Core Interface Files", and from
 * clone(2), CLONE_INTO_CGROUP.
 */
#include "core.h"
#include "ns.h"

TEST_F(core, any_thread_stands_for_its_process)
{
	pid_t pid, tid;

	pid = pair(self->a, NULL, &tid);
	EXPECT_TRUE(lists(self->a, "cgroup.procs", pid));
	EXPECT_FALSE(lists(self->a, "cgroup.procs", tid));
	ASSERT_EQ(0, cg_enter(self->b, tid));
	EXPECT_TRUE(lists(self->b, "cgroup.threads", pid));
	EXPECT_TRUE(lists(self->b, "cgroup.threads", tid));
	EXPECT_TRUE(lists(self->b, "cgroup.procs", pid));
	EXPECT_FALSE(lists(self->b, "cgroup.procs", tid));
	EXPECT_TRUE(is_in(self->root, self->b, pid));
	EXPECT_TRUE(is_in(self->root, self->b, tid));
	EXPECT_FALSE(lists(self->a, "cgroup.threads", pid));
	EXPECT_FALSE(lists(self->a, "cgroup.threads", tid));
	EXPECT_EQ(0, populated(self->a));
}

TEST_F(core, a_zombie_is_not_listed_and_stays_where_it_died)
{
	pid_t pid = sleeper(self->a);

	ASSERT_GT(pid, 0);
	ASSERT_TRUE(lists(self->a, "cgroup.procs", pid));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(0, proc_await_zombie(pid));
	ASSERT_EQ(0, cg_await_empty(self->a));
	EXPECT_FALSE(lists(self->a, "cgroup.procs", pid));
	EXPECT_FALSE(lists(self->a, "cgroup.threads", pid));
	EXPECT_TRUE(is_in(self->root, self->a, pid));
	/* The write finds it and has nothing to move. */
	EXPECT_EQ(0, cg_enter(self->b, pid));
	EXPECT_TRUE(is_in(self->root, self->a, pid));
	EXPECT_FALSE(lists(self->b, "cgroup.procs", pid));
	EXPECT_EQ(0, populated(self->b));
	EXPECT_EQ(-SIGKILL, proc_end(pid));
	EXPECT_EQ(-ESRCH, cg_enter(self->b, pid));
}

static void end_thread(void)
{
	syscall(SYS_exit, 0);
}

/* A leader that has ended is no zombie process while another thread lives. */
TEST_F(core, a_process_whose_leader_has_ended_is_listed_and_moved)
{
	pid_t pid, tid;

	pid = pair(self->a, end_thread, &tid);
	ASSERT_TRUE(EVENTUALLY(task_state(pid) == 'Z'));
	EXPECT_TRUE(lists(self->a, "cgroup.procs", pid));
	EXPECT_EQ(1, populated(self->a));
	ASSERT_EQ(0, cg_enter(self->b, pid));
	EXPECT_TRUE(is_in(self->root, self->b, tid));
	EXPECT_TRUE(lists(self->b, "cgroup.threads", tid));
	EXPECT_EQ(1, populated(self->b));
	EXPECT_EQ(0, cg_await_empty(self->a));
	/* It is killed by where it lives. */
	EXPECT_EQ(0, cg_write(self->a, "cgroup.kill", "1"));
	EXPECT_TRUE(lists(self->b, "cgroup.threads", tid));
	EXPECT_EQ(0, cg_write(self->b, "cgroup.kill", "1"));
	EXPECT_EQ(-SIGKILL, proc_end(pid));
}

TEST_F(core, zero_is_the_writer)
{
	pid_t pid = cg_fork_into(self->a, 0);

	if (!pid) {
		must(!cg_enter(self->b, 0));
		must(is_in(self->root, self->b, getpid()));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(core, kernel_threads_which_must_stay_are_not_moved)
{
	char comm[32];

	ASSERT_GT(file_read("/proc/2/comm", comm, sizeof(comm)), 0);
	ASSERT_STREQ("kthreadd", comm);
	EXPECT_EQ(-EINVAL, cg_enter(self->a, 2));
	EXPECT_EQ(-EINVAL, cg_write(self->a, "cgroup.threads", "2"));
	EXPECT_EQ(0, populated(self->a));
}

/* A process in @cg that answers what it is asked, by which it shows that it lives. */
struct witness {
	struct baton ask, answer;
	pid_t pid;
};

static struct witness witness_in(const char *cg)
{
	struct witness w = { .ask = baton_make(), .answer = baton_make() };
	int question;

	w.pid = cg_fork_into(cg, 0);
	if (!w.pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;) {
			must(read(w.ask.fd[0], &question, sizeof(question)) == sizeof(question));
			baton_pass(&w.answer, question);
		}
	}
	must(w.pid > 0);
	return w;
}

static bool answers(struct witness *w)
{
	baton_pass(&w->ask, w->pid);
	return proc_poll(w->answer.fd[0], POLLIN, PROC_HANG_MS) && baton_take(&w->answer) == w->pid;
}

TEST_F(core, kill_reaches_all_below_and_nobody_else)
{
	struct witness top, b;
	pid_t a, c;

	/* So that it can have processes beside its children. */
	ASSERT_EQ(0, cg_write(self->top, "cgroup.subtree_control", "-pids"));
	top = witness_in(self->top);
	b = witness_in(self->b);
	a = sleeper(self->a);
	c = sleeper(self->c);
	ASSERT_GT(a, 0);
	ASSERT_GT(c, 0);
	ASSERT_EQ(0, cg_write(self->a, "cgroup.kill", "1"));
	EXPECT_EQ(-SIGKILL, proc_end(a));
	EXPECT_EQ(-SIGKILL, proc_end(c));
	EXPECT_EQ(0, cg_await_empty(self->a));
	EXPECT_TRUE(answers(&top));
	EXPECT_TRUE(answers(&b));
	/* Who comes later lives. */
	EXPECT_EQ(0, try_fork_into(self->a));
	EXPECT_EQ(0, try_fork_into(self->c));
	ASSERT_EQ(0, cg_write(self->top, "cgroup.kill", "1"));
	EXPECT_EQ(-SIGKILL, proc_end(top.pid));
	EXPECT_EQ(-SIGKILL, proc_end(b.pid));
}

/* try_clone() into a file that is opened for it. */
static int try_clone_into(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC), err;

	must(fd >= 0);
	err = try_clone(fd, sizeof(struct clone_args));
	close(fd);
	return err;
}

static bool has_no_child(void)
{
	return waitpid(-1, NULL, __WALL | WNOHANG) == -1 && errno == ECHILD;
}

TEST_F(core, a_child_is_born_where_the_descriptor_says)
{
	static const int flags[] = { O_RDONLY, O_RDONLY | O_DIRECTORY, O_PATH };

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		struct clone_args args = {
			.flags = CLONE_INTO_CGROUP,
			.exit_signal = SIGCHLD,
		};
		int fd = open(self->a, flags[i] | O_CLOEXEC);
		pid_t pid;

		ASSERT_GE(fd, 0);
		args.cgroup = fd;
		pid = proc_clone3(&args);
		if (!pid)
			proc_sleep_forever();
		ASSERT_GT(pid, 0);
		EXPECT_TRUE(is_in(self->root, self->a, pid));
		EXPECT_EQ(-SIGKILL, proc_kill(pid));
		close(fd);
	}
}

TEST_F(core, a_child_is_not_born_into_what_is_no_cgroup)
{
	static const char * const dirs[] = { "/", "/proc/self", "/sys/kernel" };
	char path[PATH_MAX];

	cg_path(path, self->a, "cgroup.procs");
	EXPECT_EQ(-EBADF, fcntl(999, F_GETFD) == -1 ? -errno : 0);
	EXPECT_EQ(-EBADF, try_clone(999, sizeof(struct clone_args)));
	EXPECT_EQ(-EBADF, try_clone(INT_MAX, sizeof(struct clone_args)));
	EXPECT_EQ(-EBADF, try_clone_into("/dev/null", O_RDWR));
	EXPECT_EQ(-EBADF, try_clone_into(path, O_WRONLY));
	EXPECT_EQ(-EBADF, try_clone_into(path, O_PATH));
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		EXPECT_EQ(-EBADF, try_clone_into(dirs[i], O_PATH))
			TH_LOG("%s", dirs[i]);
	}
	EXPECT_TRUE(has_no_child());
	EXPECT_EQ(0, try_clone_into(self->a, O_PATH));
}

/* The other hierarchies know no such birth. */
TEST_F(core, a_child_is_not_born_into_a_cgroup_of_v1)
{
	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	if (mount("none", "/mnt", "cgroup", 0, "none,name=core"))
		SKIP(return, "no cgroup v1 (%s)", strerror(errno));
	ASSERT_EQ(0, access("/mnt/cgroup.procs", F_OK));
	EXPECT_EQ(-EBADF, try_clone_into("/mnt", O_PATH));
	EXPECT_EQ(-EBADF, try_clone_into("/mnt", O_RDONLY));
	EXPECT_TRUE(has_no_child());
	EXPECT_EQ(0, umount("/mnt"));
	EXPECT_EQ(0, try_clone_into(self->a, O_PATH));
}

TEST_F(core, a_child_is_not_born_into_a_removed_cgroup)
{
	int fd = open(self->b, O_PATH | O_CLOEXEC);

	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, try_clone(fd, sizeof(struct clone_args)));
	ASSERT_EQ(0, cg_await_empty(self->b));
	ASSERT_EQ(0, cg_remove(self->b));
	EXPECT_EQ(-ENOENT, try_clone(fd, sizeof(struct clone_args)));
	EXPECT_TRUE(has_no_child());
	close(fd);
}

/* The field is of 64 bits, came with the third version, and counts with the flag only. */
TEST_F(core, malformed_arguments_bear_no_child)
{
	struct clone_args args = { .exit_signal = SIGCHLD, .cgroup = 999 };
	int fd = open(self->a, O_PATH | O_CLOEXEC);
	pid_t pid;

	ASSERT_GE(fd, 0);
	EXPECT_EQ(-EINVAL, try_clone(1ULL << 32 | fd, sizeof(struct clone_args)));
	EXPECT_EQ(-EINVAL, try_clone(1ULL << 31, sizeof(struct clone_args)));
	EXPECT_EQ(-EINVAL, try_clone(-1ULL, sizeof(struct clone_args)));
	EXPECT_EQ(-EINVAL, try_clone(fd, CLONE_ARGS_SIZE_VER0));
	EXPECT_EQ(-EINVAL, try_clone(fd, CLONE_ARGS_SIZE_VER1));
	EXPECT_EQ(-EINVAL, try_clone(fd, CLONE_ARGS_SIZE_VER2 - 1));
	EXPECT_TRUE(has_no_child());
	EXPECT_EQ(0, try_clone(fd, CLONE_ARGS_SIZE_VER2));
	/* Without the flag it says nothing. */
	pid = proc_clone3(&args);
	if (!pid)
		_exit(0);
	EXPECT_GT(pid, 0);
	EXPECT_EQ(0, proc_end(pid));
	close(fd);
}

TEST_HARNESS_MAIN

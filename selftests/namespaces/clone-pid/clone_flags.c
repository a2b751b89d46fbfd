// SPDX-License-Identifier: GPL-2.0
/*
 * Flags that clone(2), clone3(2) and unshare(2) refuse, each beside those of
 * its kind that they take.
 *
 * Promises from clone(2) and unshare(2), ERRORS.
 */
#include "clone_pid.h"
#include <pthread.h>

/*
 * Of a call that should have failed both sides come here, perhaps with one
 * stack: they are no more than the end of the process that tried it.
 */
static int errno_of(pid_t pid)
{
	if (pid >= 0)
		_exit(0);
	return -pid;
}

/* Tries @args in a process of its own. Returns 0, or -errno. */
static int try_clone3(struct clone_args *args)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid)
		_exit(errno_of(proc_clone3(args)));
	return -proc_end(pid);
}

/* The same of a clone(2) without a stack. */
static int try_clone(unsigned long flags)
{
	pid_t pid = proc_fork_bound(0);
	int at;

	if (!pid) {
		long err = syscall(SYS_clone, flags, NULL, &at, NULL, NULL);

		_exit(errno_of(err < 0 ? -errno : err));
	}
	return -proc_end(pid);
}

TEST(clone3_refuses_flags_that_miss_others_or_clash)
{
	static const struct {
		uint64_t flags;
		int exit_signal, err;
		const char *what;
	} calls[] = {
		{ 0, SIGCHLD, 0, "nothing" },
		{ CLONE_SIGHAND, SIGCHLD, -EINVAL, "SIGHAND without VM" },
		{ CLONE_THREAD | CLONE_VM, 0, -EINVAL, "THREAD without SIGHAND" },
		{ CLONE_THREAD | CLONE_SIGHAND, 0, -EINVAL, "THREAD without VM" },
		{ CLONE_CLEAR_SIGHAND, SIGCHLD, 0, "CLEAR_SIGHAND" },
		{ CLONE_CLEAR_SIGHAND | CLONE_SIGHAND | CLONE_VM, SIGCHLD, -EINVAL,
		  "CLEAR_SIGHAND with SIGHAND" },
		{ CLONE_PARENT, 0, 0, "PARENT" },
		{ CLONE_PARENT, SIGCHLD, -EINVAL, "PARENT with a signal" },
		{ CLONE_THREAD | CLONE_SIGHAND | CLONE_VM, SIGCHLD, -EINVAL,
		  "THREAD with a signal" },
		{ CLONE_DETACHED, SIGCHLD, -EINVAL, "DETACHED" },
		{ CLONE_UNTRACED, SIGCHLD, 0, "UNTRACED" },
		{ SIGCHLD, 0, -EINVAL, "the signal among the flags" },
		{ 1ULL << 62, SIGCHLD, -EINVAL, "bit 62" },
		{ 1ULL << 63, SIGCHLD, -EINVAL, "bit 63" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		struct clone_args args = {
			.flags = calls[i].flags,
			.exit_signal = calls[i].exit_signal,
		};

		EXPECT_EQ(calls[i].err, try_clone3(&args)) {
			TH_LOG("%s", calls[i].what);
		}
	}
}

TEST(clone3_wants_a_stack_and_its_size_or_neither)
{
	static char stack[16384] __attribute__((aligned(16)));
	struct clone_args args = { .exit_signal = SIGCHLD };

	EXPECT_EQ(0, try_clone3(&args));
	args.stack = (uintptr_t)stack;
	EXPECT_EQ(-EINVAL, try_clone3(&args));
	args.stack = 0;
	args.stack_size = sizeof(stack);
	EXPECT_EQ(-EINVAL, try_clone3(&args));
	/* A size with which the stack would end outside of all user memory. */
	args.stack = (uintptr_t)stack;
	args.stack_size = 1ULL << 63;
	EXPECT_EQ(-EINVAL, try_clone3(&args));
}

TEST(clone3_puts_a_pidfd_and_the_number_in_two_places)
{
	int pidfd = -1;
	pid_t tid = 0;
	struct clone_args args = {
		.flags = CLONE_PIDFD | CLONE_PARENT_SETTID,
		.exit_signal = SIGCHLD,
		.pidfd = (uintptr_t)&pidfd,
		.parent_tid = (uintptr_t)&tid,
	};

	EXPECT_EQ(0, try_clone3(&args));
	args.parent_tid = (uintptr_t)&pidfd;
	EXPECT_EQ(-EINVAL, try_clone3(&args));
}

TEST(clone_refuses_a_pidfd_where_it_has_no_place_for_it)
{
	static const struct {
		unsigned long flags;
		int err;
		const char *what;
	} calls[] = {
		{ 0, 0, "nothing" },
		{ CLONE_PIDFD, 0, "PIDFD" },
		{ CLONE_PARENT_SETTID, 0, "PARENT_SETTID" },
		{ CLONE_PIDFD | CLONE_PARENT_SETTID, -EINVAL, "PIDFD with PARENT_SETTID" },
		/* This has no effect any more, and clone(2) does not mind. */
		{ CLONE_DETACHED, 0, "DETACHED" },
		{ CLONE_PIDFD | CLONE_DETACHED, -EINVAL, "PIDFD with DETACHED" },
		{ CLONE_SIGHAND, -EINVAL, "SIGHAND without VM" },
		{ CLONE_THREAD | CLONE_VM, -EINVAL, "THREAD without SIGHAND" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		EXPECT_EQ(calls[i].err, try_clone(calls[i].flags | SIGCHLD)) {
			TH_LOG("%s", calls[i].what);
		}
	}
}

/* The namespaces that the caller is in and makes children in, as /proc links them. */
static void namespaces(char out[1024])
{
	static const char *const links[] = {
		"cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "time",
		"time_for_children", "user", "uts",
	};
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		char path[64], text[64] = "";

		snprintf(path, sizeof(path), "/proc/thread-self/ns/%s", links[i]);
		/* A kernel without that type has no link. */
		if (readlink(path, text, sizeof(text) - 1) < 0)
			must(errno == ENOENT);
		n += snprintf(out + n, 1024 - n, "%s ", text);
	}
}

TEST(unshare_of_nothing_changes_no_namespace)
{
	char before[1024], after[1024];

	namespaces(before);
	ASSERT_NE(NULL, strstr(before, "pid:["));
	ASSERT_EQ(0, unshare(0));
	namespaces(after);
	EXPECT_STREQ(before, after);
	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	namespaces(after);
	EXPECT_STRNE(before, after);
}

TEST(unshare_refuses_what_only_clone_has_a_use_for)
{
	static const unsigned int wrong[] = {
		CLONE_PIDFD, CLONE_PTRACE, CLONE_VFORK, CLONE_PARENT, CLONE_SETTLS,
		CLONE_CHILD_CLEARTID, CLONE_DETACHED, CLONE_UNTRACED, CLONE_CHILD_SETTID,
		CLONE_IO, SIGCHLD, CLONE_FS | CLONE_PTRACE, CLONE_NEWPID | CLONE_PIDFD,
	};
	char before[1024], after[1024];

	namespaces(before);
	EXPECT_EQ(0, unshare(CLONE_FS | CLONE_FILES | CLONE_SYSVSEM));
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_EQ(-1, unshare(wrong[i])) {
			TH_LOG("flags %#x", wrong[i]);
		}
		EXPECT_EQ(EINVAL, errno);
	}
	namespaces(after);
	EXPECT_STREQ(before, after);
}

/* What threads of a process share by nature: nothing to unshare for one alone. */
static const int shared_by_threads[] = { CLONE_THREAD, CLONE_SIGHAND, CLONE_VM };

static void *wait_for_the_end(void *go)
{
	baton_take(go);
	return NULL;
}

TEST(unshare_takes_what_threads_share_from_one_that_is_alone)
{
	struct baton go = baton_make();
	pthread_t thread;

	for (size_t i = 0; i < ARRAY_SIZE(shared_by_threads); i++) {
		EXPECT_EQ(0, unshare(shared_by_threads[i])) {
			TH_LOG("flag %#x, errno %d", shared_by_threads[i], errno);
		}
	}
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_the_end, &go));
	for (size_t i = 0; i < ARRAY_SIZE(shared_by_threads); i++) {
		EXPECT_EQ(-1, unshare(shared_by_threads[i])) {
			TH_LOG("flag %#x", shared_by_threads[i]);
		}
		EXPECT_EQ(EINVAL, errno);
	}
	/* It is not the second thread as such that is refused. */
	EXPECT_EQ(0, unshare(CLONE_FS | CLONE_FILES));
	baton_pass(&go, 0);
	ASSERT_EQ(0, pthread_join(thread, NULL));
}

/* Runs on the stack that glibc's clone(3) gives it. */
static int sleep_in_the_same_memory(void *unused)
{
	proc_sleep_forever();
}

/* A process that shares memory, and maybe handlers, is no thread but in the way. */
TEST(unshare_of_memory_is_refused_while_another_process_shares_it)
{
	static char stack[16384] __attribute__((aligned(16)));
	pid_t pid = clone(sleep_in_the_same_memory, stack + sizeof(stack),
			  CLONE_VM | SIGCHLD, NULL);

	ASSERT_GT(pid, 0);
	EXPECT_EQ(0, unshare(CLONE_THREAD));
	EXPECT_EQ(0, unshare(CLONE_SIGHAND));
	EXPECT_EQ(-1, unshare(CLONE_VM));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-SIGKILL, proc_kill(pid));

	pid = clone(sleep_in_the_same_memory, stack + sizeof(stack),
		    CLONE_VM | CLONE_SIGHAND | SIGCHLD, NULL);
	ASSERT_GT(pid, 0);
	EXPECT_EQ(0, unshare(CLONE_THREAD));
	EXPECT_EQ(-1, unshare(CLONE_SIGHAND));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
	EXPECT_EQ(0, unshare(CLONE_VM));
}

TEST_HARNESS_MAIN

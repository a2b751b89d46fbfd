// SPDX-License-Identifier: GPL-2.0
/*
 * A number and its former owners: when it is free again, what still holds it,
 * and who does not mistake the new owner for the old one. Threads included,
 * which take their numbers from the same stock.
 *
 * Promises from clone(2), EEXIST; pidfd_open(2); setsid(2) and credentials(7)
 * on process groups and sessions.
 */
#include "clone_pid.h"
#include <linux/futex.h>
#include <sys/ioctl.h>

TEST(a_number_in_use_is_refused)
{
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		must(sleeper_as(500) == 500);
		for (int i = 0; i < 3; i++)
			must(try_number(500) == -EEXIST);
		/* One's own, too. */
		must(try_number(getpid()) == -EEXIST);
		must(try_number(499) == 499 && try_number(501) == 501);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

TEST(a_zombie_holds_its_number_until_it_is_reaped)
{
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		pid_t tid = 500, pid = fork_as(0, &tid, 1);

		if (!pid)
			_exit(9);
		must(pid == 500);
		must(!proc_await_zombie(500));
		must(try_number(500) == -EEXIST);
		must(proc_end(500) == 9);
		must(try_number(500) == 500);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

TEST(who_is_reaped_by_the_kernel_leaves_its_number_without_a_wait)
{
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		must(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
		for (int i = 0; i < 3; i++) {
			pid_t tid = 500, pid;

			/* The last one may be on its way out still. */
			while ((pid = fork_as(0, &tid, 1)) == -EEXIST)
				poll(NULL, 0, 1);
			if (!pid)
				_exit(0);
			must(pid == 500);
		}
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

TEST(a_number_is_used_again_and_again)
{
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		for (int i = 0; i < 50; i++)
			must(try_number(500) == 500);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

/* The leader is gone, its number is still what the group is called. */
TEST(a_process_group_holds_its_number)
{
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		struct baton ready = baton_make();
		pid_t tid = 500, leader = fork_as(0, &tid, 1), member;

		if (!leader) {
			must(!setpgid(0, 0));
			member = fork();
			if (!member) {
				must(getpgrp() == 500);
				baton_pass(&ready, getpid());
				proc_sleep_forever();
			}
			_exit(0);
		}
		member = baton_take(&ready);
		must(proc_end(leader) == 0);
		must(try_number(500) == -EEXIST);
		/* The group's last member has become our child. */
		must(!kill(-500, SIGKILL));
		must(proc_end(member) == -SIGKILL);
		must(try_number(500) == 500);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

TEST(a_session_holds_its_number)
{
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		struct baton ready = baton_make();
		pid_t tid = 500, leader = fork_as(0, &tid, 1), member;

		if (!leader) {
			must(setsid() == 500);
			member = fork();
			if (!member) {
				must(!setpgid(0, 0));
				must(getsid(0) == 500 && getpgrp() != 500);
				baton_pass(&ready, getpid());
				proc_sleep_forever();
			}
			_exit(0);
		}
		member = baton_take(&ready);
		must(proc_end(leader) == 0);
		must(try_number(500) == -EEXIST);
		must(proc_kill(member) == -SIGKILL);
		must(try_number(500) == 500);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

/* A pidfd is the process, and not its number. */
TEST(a_pidfd_does_not_take_the_next_owner_for_its_own)
{
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		int old, new;

		must(sleeper_as(500) == 500);
		old = proc_pidfd(500);
		must(old >= 0);
		must(proc_kill(500) == -SIGKILL);
		must(sleeper_as(500) == 500);
		new = proc_pidfd(500);
		must(new >= 0);
		must(proc_pidfd_signal(old, SIGKILL) == -ESRCH);
		must(proc_pidfd_signal(old, 0) == -ESRCH);
		must(!proc_pidfd_signal(new, 0));
		must(proc_poll(old, POLLIN, 0) & POLLIN);
		must(!proc_poll(new, POLLIN, 0));
		must(setns(old, CLONE_NEWPID) == -1 && errno == ESRCH);
		must(!proc_pidfd_signal(new, SIGTERM));
		must(proc_end(500) == -SIGTERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

TEST(an_open_proc_folder_does_not_take_the_next_owner_for_its_own)
{
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		char buf[64];
		int dir, file;

		must(!ns_mount_proc("own"));
		must(sleeper_as(500) == 500);
		dir = open("own/500", O_PATH | O_DIRECTORY | O_CLOEXEC);
		file = open("own/500/stat", O_RDONLY | O_CLOEXEC);
		must(dir >= 0 && file >= 0);
		must(proc_kill(500) == -SIGKILL);
		must(sleeper_as(500) == 500);
		must(read(file, buf, sizeof(buf)) == -1 && errno == ESRCH);
		must(openat(dir, "stat", O_RDONLY) == -1);
		must(errno == ESRCH || errno == ENOENT);
		must(!access("own/500/stat", R_OK));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

/* SIGIO goes to the process that was named, or to nobody. */
TEST(a_files_owner_is_not_the_next_owner_of_the_number)
{
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		int p[2];

		must(!pipe(p));
		must(sleeper_as(500) == 500);
		must(!fcntl(p[0], F_SETOWN, 500));
		must(fcntl(p[0], F_GETOWN) == 500);
		must(!fcntl(p[0], F_SETFL, O_ASYNC | O_NONBLOCK));
		must(proc_kill(500) == -SIGKILL);
		must(sleeper_as(500) == 500);
		must(fcntl(p[0], F_GETOWN) == 0);
		/* By default SIGIO kills. */
		must(write(p[1], "x", 1) == 1);
		must(!kill(500, SIGTERM));
		must(proc_end(500) == -SIGTERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

TEST(a_child_does_not_take_its_parents_next_owner_for_its_parent)
{
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		struct baton child = baton_make(), go = baton_make();
		pid_t tid = 500, pid = fork_as(0, &tid, 1);

		if (!pid) {
			if (!fork()) {
				must(getppid() == 500);
				baton_pass(&child, getpid());
				baton_take(&go);
				_exit(getppid() == 1 ? 0 : 1);
			}
			proc_sleep_forever();
		}
		pid = baton_take(&child);
		must(proc_kill(500) == -SIGKILL);
		must(sleeper_as(500) == 500);
		baton_pass(&go, 0);
		must(proc_end(pid) == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

#ifdef __x86_64__
/* What a thread of clone3(2) needs: a stack, and a word that death clears. */
struct thread {
	void (*run)(void *arg);
	void *arg;
	int alive;
	uintptr_t stack[2048] __attribute__((aligned(16)));
};

/*
 * A thread whose number is @tid. It shares the caller's thread-local storage,
 * so it makes system calls only. Returns its number, or -errno.
 */
static pid_t thread_as(struct thread *t, pid_t tid)
{
	struct clone_args args = {
		.flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
			 CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_CLEARTID,
		.child_tid = (uintptr_t)&t->alive,
		.stack = (uintptr_t)t->stack,
		.stack_size = sizeof(t->stack) - 4 * sizeof(t->stack[0]),
		.set_tid = (uintptr_t)&tid,
		.set_tid_size = 1,
	};
	uintptr_t *top = &t->stack[ARRAY_SIZE(t->stack) - 4];
	long ret;

	t->alive = 1;
	top[0] = (uintptr_t)t->run;
	top[1] = (uintptr_t)t->arg;
	asm volatile("syscall\n\t"
		     "test %%eax, %%eax\n\t"
		     "jnz 1f\n\t"
		     "xor %%ebp, %%ebp\n\t"
		     "pop %%rax\n\t"
		     "pop %%rdi\n\t"
		     "call *%%rax\n\t"
		     "mov %[exit], %%eax\n\t"
		     "xor %%edi, %%edi\n\t"
		     "syscall\n\t"
		     "1:"
		     : "=a"(ret)
		     : "0"((long)SYS_clone3), "D"(&args), "S"(sizeof(args)),
		       [exit] "i"(SYS_exit)
		     : "rcx", "r11", "memory");
	return ret;
}

/* Waits until the thread no longer runs; its number may be free a bit later. */
static void thread_join(struct thread *t)
{
	int seen;

	while ((seen = __atomic_load_n(&t->alive, __ATOMIC_ACQUIRE)))
		syscall(SYS_futex, &t->alive, FUTEX_WAIT, seen, NULL);
}

static struct baton thread_up, thread_go;

static void tell_and_wait(void *arg)
{
	int tid = syscall(SYS_gettid);

	syscall(SYS_write, thread_up.fd[1], &tid, sizeof(tid));
	syscall(SYS_read, thread_go.fd[0], &tid, sizeof(tid));
}

TEST(a_thread_gets_the_number_and_holds_it)
{
	static struct thread t = { .run = tell_and_wait };
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		pid_t pid;
		int i;

		thread_up = baton_make();
		thread_go = baton_make();
		must(thread_as(&t, 500) == 500);
		must(baton_take(&thread_up) == 500);
		/* A thread of ours, and nobody's process. */
		must(getpid() == 1);
		must(!syscall(SYS_tgkill, 1, 500, 0));
		must(syscall(SYS_tgkill, 500, 500, 0) == -1 && errno == ESRCH);
		must(waitpid(500, NULL, __WALL) == -1 && errno == ECHILD);
		must(try_number(500) == -EEXIST);
		baton_pass(&thread_go, 0);
		thread_join(&t);
		for (i = 0; i < PROC_HANG_MS; i++) {
			pid = try_number(500);
			if (pid != -EEXIST)
				break;
			poll(NULL, 0, 1);
		}
		must(pid == 500);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

TEST(a_thread_does_not_get_a_taken_number)
{
	static struct thread t = { .run = tell_and_wait };
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		must(thread_as(&t, 1) == -EEXIST);
		must(sleeper_as(500) == 500);
		must(thread_as(&t, 500) == -EEXIST);
		must(thread_as(&t, 0) == -EINVAL);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

TEST(an_ordinary_user_chooses_no_threads_number)
{
	static struct thread t = { .run = tell_and_wait };
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(thread_as(&t, 31500) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

static void exec_self(void *arg)
{
	char *argv[] = { "clone_pid_reuse", "--exit-if-500", NULL };

	syscall(SYS_execve, "/proc/self/exe", argv, NULL);
}

/* execve(2): whoever calls it goes on as the leader, with its number. */
TEST(exec_by_a_thread_gives_up_the_threads_chosen_number)
{
	static struct thread t = { .run = exec_self };
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		pid_t tid = 500, pid = fork_as(0, &tid, 1);

		if (!pid) {
			must(thread_as(&t, 600) == 600);
			proc_sleep_forever();
		}
		must(pid == 500);
		must(proc_end(pid) == 7);
		must(try_number(600) == 600);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}
#endif /* __x86_64__ */

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--exit-if-500"))
		return getpid() == 500 && syscall(SYS_gettid) == 500 ? 7 : 1;
	return test_harness_run(argc, argv);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * What a namespace's init is for: it inherits the orphans, it stays init
 * through exec and through the end of its first thread, and reboot(2) is about
 * it.
 *
 * Promises from pid_namespaces(7), prctl(2), execve(2), credentials(7),
 * reboot(2).
 */
#include "kselftest_harness.h"
#include <linux/reboot.h>
#include <pthread.h>
#include "ns.h"
#include "proc.h"

/*
 * Makes an orphan: a grandchild whose parent is gone when it reads its new
 * parent's number, reports that, and exits 9. Returns the grandchild's number
 * in the caller's namespace.
 */
static pid_t make_orphan(struct baton *report)
{
	struct baton number = baton_make(), go = baton_make();
	pid_t parent = fork(), orphan;

	if (!parent) {
		orphan = fork();
		if (!orphan) {
			baton_take(&go);
			baton_pass(report, getppid());
			_exit(9);
		}
		baton_pass(&number, orphan);
		_exit(0);
	}
	must(proc_end(parent) == 0);
	orphan = baton_take(&number);
	baton_pass(&go, 0);
	return orphan;
}

TEST(an_orphan_becomes_a_child_of_init)
{
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		struct baton report = baton_make();
		pid_t orphan = make_orphan(&report);

		must(baton_take(&report) == 1);
		/* And init is the one to wait for it. */
		must(proc_end(orphan) == 9);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

TEST(an_orphan_goes_to_the_subreaper_inside)
{
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		pid_t reaper = fork();

		if (!reaper) {
			struct baton report = baton_make();
			pid_t orphan;

			must(!prctl(PR_SET_CHILD_SUBREAPER, 1));
			orphan = make_orphan(&report);
			must(baton_take(&report) == getpid());
			must(getpid() != 1);
			must(proc_end(orphan) == 9);
			_exit(0);
		}
		_exit(proc_end(reaper));
	}
	EXPECT_EQ(0, proc_end(init));
}

TEST(a_subreaper_outside_gets_no_orphans_from_inside)
{
	pid_t init;
	int status;

	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
	init = proc_fork_bound(CLONE_NEWPID);
	if (!init) {
		struct baton report = baton_make();
		pid_t orphan = make_orphan(&report);

		must(baton_take(&report) == 1);
		must(proc_end(orphan) == 9);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
	EXPECT_EQ(-1, waitpid(-1, &status, 0));
	EXPECT_EQ(ECHILD, errno);
}

/* Its parent lived outside, so that is where a new one is looked for. */
TEST(who_joined_is_orphaned_to_the_outside)
{
	pid_t init, joiner, member, got;
	struct baton number = baton_make(), go = baton_make();
	int ns;

	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
	init = proc_fork_bound(CLONE_NEWPID);
	if (!init)
		proc_sleep_forever();
	ns = ns_open(init, "pid");
	joiner = fork();
	if (!joiner) {
		must(!ns_enter(ns, CLONE_NEWPID));
		member = fork();
		if (!member) {
			baton_take(&go);
			must(getppid() == 0);
			_exit(9);
		}
		baton_pass(&number, member);
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(joiner));
	got = baton_take(&number);
	baton_pass(&go, 0);
	EXPECT_EQ(9, proc_end(got));
	proc_kill(init);
}

TEST(wait_counts_in_the_own_namespace)
{
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		siginfo_t si;
		pid_t pid = fork();
		int status;

		if (!pid)
			_exit(3);
		must(pid == 2);
		must(!waitid(P_PID, 2, &si, WEXITED | WNOWAIT));
		must(si.si_pid == 2 && si.si_status == 3);
		must(waitpid(-1, &status, 0) == 2);
		must(WIFEXITED(status) && WEXITSTATUS(status) == 3);
		must(waitpid(-1, &status, 0) == -1 && errno == ECHILD);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

TEST(groups_and_sessions_from_outside_have_no_number)
{
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		must(getpgid(0) == 0);
		must(getsid(0) == 0);
		must(setsid() == 1);
		must(getpgid(0) == 1);
		must(getsid(0) == 1);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

/* POSIX: a stopped group that nobody can continue any more is told so. */
TEST(a_stopped_orphaned_group_is_hung_up_and_continued)
{
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		struct baton number = baton_make();
		pid_t leader, member;
		int status;

		must(setsid() == 1);
		leader = fork();
		if (!leader) {
			must(setsid() == getpid());
			member = fork();
			if (!member) {
				must(!setpgid(0, 0));
				must(!raise(SIGSTOP));
				proc_sleep_forever();
			}
			must(waitpid(member, &status, WUNTRACED) == member);
			must(WIFSTOPPED(status));
			baton_pass(&number, member);
			_exit(0);
		}
		must(proc_end(leader) == 0);
		member = baton_take(&number);
		/* It is our child now; the hang-up ends it. */
		must(proc_end(member) == -SIGHUP);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

TEST(exec_keeps_the_namespace_and_its_members)
{
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		pid_t pid = fork();
		char number[16];

		if (!pid)
			proc_sleep_forever();
		snprintf(number, sizeof(number), "%d", pid);
		execl("/proc/self/exe", "pidns_init", "--be-init", number,
		      NULL);
		_exit(1);
	}
	EXPECT_EQ(0, proc_end(init));
}

/* After --be-init: still pid 1, with the members of before, and their reaper. */
static int be_init(pid_t member)
{
	struct baton report = baton_make();
	pid_t orphan;

	must(getpid() == 1);
	must(!kill(member, 0));
	must(proc_kill(member) == -SIGKILL);
	orphan = make_orphan(&report);
	must(baton_take(&report) == 1);
	must(proc_end(orphan) == 9);
	return 0;
}

static void *exec_as_thread(void *number)
{
	must(syscall(SYS_gettid) != 1);
	execl("/proc/self/exe", "pidns_init", "--be-init", number, NULL);
	_exit(1);
}

TEST(a_thread_that_execs_becomes_init)
{
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		pid_t pid = fork();
		char number[16];
		pthread_t thread;

		if (!pid)
			proc_sleep_forever();
		snprintf(number, sizeof(number), "%d", pid);
		must(!pthread_create(&thread, NULL, exec_as_thread, number));
		proc_sleep_forever();
	}
	EXPECT_EQ(0, proc_end(init));
}

static void *outlive_leader(void *arg)
{
	struct baton *report = arg;
	char state[32] = "";
	pid_t orphan;

	/* The leader's end is a state, not an event: look until it is there. */
	while (state[0] != 'Z') {
		must(!file_field("/proc/self/status", "State", state,
				 sizeof(state)));
		sched_yield();
	}
	orphan = make_orphan(report);
	must(baton_take(report) == 1);
	must(proc_end(orphan) == 9);
	_exit(7);
}

TEST(init_lives_until_its_last_thread_ends)
{
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		struct baton *report = malloc(sizeof(*report));
		pthread_t thread;

		must(report);
		*report = baton_make();
		must(!pthread_create(&thread, NULL, outlive_leader, report));
		syscall(SYS_exit, 0);
	}
	EXPECT_EQ(7, proc_end(init));
}

/* What reboot(2) says in a namespace's stead: init's death by a signal. */
FIXTURE(reboot) { int unused; };

FIXTURE_VARIANT(reboot)
{
	unsigned int cmd;
	int signal;
};

FIXTURE_VARIANT_ADD(reboot, restart)
{
	.cmd = LINUX_REBOOT_CMD_RESTART,
	.signal = SIGHUP,
};

FIXTURE_VARIANT_ADD(reboot, restart2)
{
	.cmd = LINUX_REBOOT_CMD_RESTART2,
	.signal = SIGHUP,
};

FIXTURE_VARIANT_ADD(reboot, halt)
{
	.cmd = LINUX_REBOOT_CMD_HALT,
	.signal = SIGINT,
};

FIXTURE_VARIANT_ADD(reboot, power_off)
{
	.cmd = LINUX_REBOOT_CMD_POWER_OFF,
	.signal = SIGINT,
};

FIXTURE_SETUP(reboot) { }

FIXTURE_TEARDOWN(reboot) { }

static int do_reboot(unsigned int cmd)
{
	return syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
		       cmd, "") ? -errno : 0;
}

TEST_F(reboot, init_ends_by_the_signal_that_says_which)
{
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		do_reboot(variant->cmd);
		_exit(1);
	}
	EXPECT_EQ(-variant->signal, proc_end(init));
}

TEST_F(reboot, any_privileged_member_may)
{
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		pid_t pid = fork();

		if (!pid) {
			do_reboot(variant->cmd);
			_exit(1);
		}
		proc_sleep_forever();
	}
	EXPECT_EQ(-variant->signal, proc_end(init));
}

TEST_F(reboot, only_the_innermost_namespace_ends)
{
	pid_t outer = proc_fork_bound(CLONE_NEWPID);

	if (!outer) {
		pid_t inner = proc_fork(CLONE_NEWPID);

		if (!inner) {
			do_reboot(variant->cmd);
			_exit(1);
		}
		must(proc_end(inner) == -variant->signal);
		_exit(7);
	}
	EXPECT_EQ(7, proc_end(outer));
}

TEST_F(reboot, without_privilege_it_is_refused)
{
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		proc_become_nobody();
		must(do_reboot(variant->cmd) == -EPERM);
		/* CAP_SYS_BOOT is asked of the user namespace that owns it. */
		must(!ns_become_user_root());
		must(do_reboot(variant->cmd) == -EPERM);
		_exit(7);
	}
	EXPECT_EQ(7, proc_end(init));
}

TEST(reboot_by_root_of_the_owning_user_namespace)
{
	pid_t init = proc_fork_bound(0);

	if (!init) {
		proc_become_nobody();
		init = proc_fork(CLONE_NEWUSER | CLONE_NEWPID);
		if (!init) {
			do_reboot(LINUX_REBOOT_CMD_RESTART);
			_exit(1);
		}
		must(proc_end(init) == -SIGHUP);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

TEST(other_reboot_commands_and_magic_are_refused)
{
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		must(do_reboot(LINUX_REBOOT_CMD_CAD_ON) == -EINVAL);
		must(do_reboot(LINUX_REBOOT_CMD_CAD_OFF) == -EINVAL);
		must(do_reboot(LINUX_REBOOT_CMD_KEXEC) == -EINVAL);
		must(do_reboot(12345) == -EINVAL);
		must(syscall(SYS_reboot, 1, 2, LINUX_REBOOT_CMD_RESTART, "") &&
		     errno == EINVAL);
		_exit(7);
	}
	EXPECT_EQ(7, proc_end(init));
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--be-init"))
		return be_init(atoi(argv[2]));
	return test_harness_run(argc, argv);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Signals, ptrace and other reaches from one process to another, across the
 * border of a user namespace.
 *
 * Promises from user_namespaces(7), "Capabilities"; kill(2); ptrace(2),
 * "Ptrace access mode checking".
 */
#include "kselftest_harness.h"
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include "cap.h"
#include "probe.h"
#include "usermap.h"

#define USER	1000

static int send(pid_t pid)
{
	return kill(pid, 0) ? -errno : 0;
}

/* Whether the caller may trace @pid; leaves it running. */
static int trace(pid_t pid)
{
	if (ptrace(PTRACE_SEIZE, pid, 0, 0))
		return -errno;
	must(!ptrace(PTRACE_INTERRUPT, pid, 0, 0));
	must(waitpid(pid, NULL, __WALL) == pid);
	must(!ptrace(PTRACE_DETACH, pid, 0, 0));
	return 0;
}

/* A process that has been @id of the caller's namespace, and nothing else. */
static pid_t user_sleeper(uid_t id)
{
	struct baton ready = baton_make();
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!setgroups(0, NULL));
		userns_become(id, id);
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	return pid;
}

TEST(root_signals_users_of_its_namespace_and_nobody_else)
{
	pid_t mapped = user_sleeper(USERNS_BASE + 9);
	pid_t unmapped = user_sleeper(USER), self = getpid(), pid;

	pid = userns_fork(0);
	if (!pid) {
		pid_t fellow = user_sleeper(7);

		must(send(fellow) == 0);
		must(send(unmapped) == -EPERM);
		must(send(self) == -EPERM);
		/* The same user, but not in this namespace. */
		must(send(mapped) == -EPERM);
		cap_drop(CAP_KILL);
		must(send(fellow) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(-SIGKILL, proc_kill(mapped));
	EXPECT_EQ(-SIGKILL, proc_kill(unmapped));
}

TEST(the_same_user_is_signalled_across_namespaces)
{
	pid_t outside = user_sleeper(USERNS_BASE + 9), pid;
	struct baton ready = baton_make();

	pid = userns_fork(0);
	if (!pid) {
		userns_become(9, 9);
		must(send(outside) == 0);
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	for (uid_t id = USERNS_BASE + 8; id <= USERNS_BASE + 9; id++) {
		pid_t from = proc_fork_bound(0);

		if (!from) {
			must(!setgroups(0, NULL));
			userns_become(id, id);
			must(send(pid) == (id == USERNS_BASE + 9 ? 0 : -EPERM));
			_exit(0);
		}
		EXPECT_EQ(0, proc_end(from));
	}
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
	EXPECT_EQ(-SIGKILL, proc_kill(outside));
}

/*
 * Users inside need not be the owner: the test, which is root, writes maps
 * that the owner could not.
 */
TEST(the_owner_is_mighty_over_other_users_inside)
{
	struct baton number = baton_make(), go = baton_make();
	struct baton ready = baton_make();
	pid_t owner, child;

	owner = proc_fork_bound(0);
	if (!owner) {
		must(!setgroups(0, NULL));
		userns_become(USER, USER);
		child = proc_fork_bound(CLONE_NEWUSER);
		if (!child) {
			struct probe p;

			baton_take(&go);
			must(!setgroups(0, NULL));
			userns_become(7, 7);
			/* A new image belongs to the new namespace. */
			must(!probe_self(&p) && p.uid == 7);
			baton_pass(&ready, 0);
			proc_sleep_forever();
		}
		baton_pass(&number, child);
		baton_take(&ready);
		must(send(child) == 0);
		must(!setpriority(PRIO_PROCESS, child, 5));
		must(!kill(child, SIGTERM));
		must(proc_end(child) == -SIGTERM);
		_exit(0);
	}
	child = baton_take(&number);
	ASSERT_EQ(0, userns_write(child, "uid_map", USERNS_MAP));
	ASSERT_EQ(0, userns_write(child, "gid_map", USERNS_MAP));
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(owner));
}

TEST(root_traces_inside_and_not_outside)
{
	pid_t mapped = user_sleeper(USERNS_BASE), self = getpid(), pid;

	pid = userns_fork(0);
	if (!pid) {
		pid_t fellow = user_sleeper(7);

		must(trace(fellow) == 0);
		must(trace(self) == -EPERM);
		/* Root is the same user as that one: not the same namespace. */
		must(trace(mapped) == -EPERM);
		cap_drop(CAP_SYS_PTRACE);
		must(trace(fellow) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(-SIGKILL, proc_kill(mapped));
}

TEST(root_traces_what_is_nested_below)
{
	pid_t pid = userns_fork(0);

	if (!pid) {
		pid_t below = userns_fork_mapped(0, "0 1000 10", "0 1000 10");

		if (!below)
			proc_sleep_forever();
		must(trace(below) == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* What needs the right to trace is refused in the same way. */
TEST(the_outsides_memory_and_files_are_out_of_reach)
{
	static const char secret[] = "secret";
	pid_t outside = user_sleeper(USERNS_BASE), pid;

	pid = userns_fork(0);
	if (!pid) {
		struct iovec there = { (void *)secret, sizeof(secret) };
		char buf[sizeof(secret)], path[64];
		struct iovec here = { buf, sizeof(buf) };
		int pidfd = proc_pidfd(outside);

		must(process_vm_readv(outside, &here, 1, &there, 1, 0) == -1);
		/* It may not be configured: /proc/PID/mem then says it all. */
		must(errno == EPERM || errno == ENOSYS);
		must(pidfd >= 0);
		must(syscall(SYS_pidfd_getfd, pidfd, 0, 0) == -1);
		must(errno == EPERM);
		snprintf(path, sizeof(path), "/proc/%d/mem", outside);
		must(open(path, O_RDONLY) == -1 && errno == EACCES);
		snprintf(path, sizeof(path), "/proc/%d/environ", outside);
		must(open(path, O_RDONLY) == -1 && errno == EACCES);
		snprintf(path, sizeof(path), "/proc/%d/root", outside);
		must(readlink(path, buf, sizeof(buf)) == -1 && errno == EACCES);
		snprintf(path, sizeof(path), "/proc/%d/ns/user", outside);
		must(open(path, O_RDONLY) == -1 && errno == EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(-SIGKILL, proc_kill(outside));
}

TEST(an_ordinary_user_does_not_trace_into_anothers_namespace)
{
	pid_t sleeper = userns_sleeper(), pid;

	pid = proc_fork_bound(0);
	if (!pid) {
		proc_become_nobody();
		must(trace(sleeper) == -EPERM);
		must(send(sleeper) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(-SIGKILL, proc_kill(sleeper));
}

TEST(limits_and_scheduling_of_an_outsider_are_out_of_reach)
{
	pid_t outside = user_sleeper(USER), pid;

	pid = userns_fork(0);
	if (!pid) {
		struct sched_param param = {};
		struct rlimit limit;
		cpu_set_t cpus;

		CPU_ZERO(&cpus);
		CPU_SET(0, &cpus);
		must(prlimit(outside, RLIMIT_NOFILE, NULL, &limit) == -1);
		must(errno == EPERM);
		must(setpriority(PRIO_PROCESS, outside, 5) == -1);
		must(errno == EPERM);
		must(sched_setscheduler(outside, SCHED_BATCH, &param) == -1);
		must(errno == EPERM);
		must(sched_setaffinity(outside, sizeof(cpus), &cpus) == -1);
		must(errno == EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(-SIGKILL, proc_kill(outside));
}

int main(int argc, char **argv)
{
	if (probe_asked(argc, argv))
		return 0;
	return test_harness_run(argc, argv);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Ids as they are seen from different user namespaces: in maps, in /proc, in
 * system calls and signals, and what stands for an id that has no name here.
 *
 * Promises from user_namespaces(7), "Defining user and group ID mappings" and
 * "Unmapped user and group IDs".
 */
#include "kselftest_harness.h"
#include <sys/resource.h>
#include "usermap.h"

#define OVERFLOW_ID	65534
#define NESTED_MAP	"0 1000 10"
#define SIBLING_MAP	"0 300000 65536"

/* One line of a map, as @pid's file reads for the caller. */
static bool maps(pid_t pid, const char *file, unsigned int first,
		 unsigned int lower, unsigned int count)
{
	char text[256], expected[64];

	snprintf(expected, sizeof(expected), "%10u %10u %10u", first, lower,
		 count);
	return userns_read(pid, file, text, sizeof(text)) >= 0 &&
	       !strcmp(text, expected);
}

/* The caller's four user or group ids are @id, according to /proc. */
static bool status_says(pid_t pid, const char *field, unsigned int id)
{
	char path[64], text[128], expected[64];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	snprintf(expected, sizeof(expected), "%u\t%u\t%u\t%u", id, id, id, id);
	must(!file_field(path, field, text, sizeof(text)));
	return !strcmp(text, expected);
}

TEST(without_maps_every_id_is_the_overflow_id)
{
	pid_t pid;

	ASSERT_EQ(OVERFLOW_ID, file_number("/proc/sys/kernel/overflowuid"));
	ASSERT_EQ(OVERFLOW_ID, file_number("/proc/sys/kernel/overflowgid"));
	pid = proc_fork_bound(CLONE_NEWUSER);
	if (!pid) {
		gid_t groups[64];
		uid_t r, e, s;
		int n = getgroups(64, groups);

		must(!getresuid(&r, &e, &s));
		must(r == OVERFLOW_ID && e == r && s == r);
		must(!getresgid(&r, &e, &s));
		must(r == OVERFLOW_ID && e == r && s == r);
		for (int i = 0; i < n; i++)
			must(groups[i] == OVERFLOW_ID);
		must(status_says(getpid(), "Uid", OVERFLOW_ID));
		must(status_says(getpid(), "Gid", OVERFLOW_ID));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(the_overflow_ids_can_be_chosen)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		struct stat st;
		int bad = 0;

		must(!file_write("/proc/sys/kernel/overflowuid", "60001"));
		must(!file_write("/proc/sys/kernel/overflowgid", "60002"));
		pid = proc_fork(CLONE_NEWUSER);
		if (!pid) {
			must(getuid() == 60001 && getegid() == 60002);
			must(!stat("/proc/version", &st));
			must(st.st_uid == 60001 && st.st_gid == 60002);
			_exit(0);
		}
		bad = proc_end(pid);
		must(!file_write("/proc/sys/kernel/overflowuid", "65534"));
		must(!file_write("/proc/sys/kernel/overflowgid", "65534"));
		_exit(bad);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(OVERFLOW_ID, file_number("/proc/sys/kernel/overflowuid"));
}

TEST(a_map_gives_names_at_once)
{
	pid_t pid = proc_fork_bound(CLONE_NEWUSER);

	if (!pid) {
		must(getuid() == OVERFLOW_ID);
		must(!userns_write(0, "uid_map", "123 0 1"));
		must(getuid() == 123 && getgid() == OVERFLOW_ID);
		must(!userns_write(0, "setgroups", "deny"));
		must(!userns_write(0, "gid_map", "456 0 1"));
		must(getgid() == 456);
		must(status_says(getpid(), "Uid", 123));
		must(status_says(getpid(), "Gid", 456));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(ids_without_a_name_here_are_not_taken)
{
	pid_t pid = userns_fork_mapped(0, "0 100000 10", "0 100000 10");

	if (!pid) {
		gid_t groups[] = { 3, 10 };

		userns_become(0, 0);
		must(setuid(10) == -1 && errno == EINVAL);
		must(setgid(10) == -1 && errno == EINVAL);
		must(setreuid(10, -1) == -1 && errno == EINVAL);
		must(setregid(-1, 10) == -1 && errno == EINVAL);
		must(setresuid(1, 1, 100000) == -1 && errno == EINVAL);
		must(setresgid(1, 1, 100000) == -1 && errno == EINVAL);
		must(setgroups(2, groups) == -1 && errno == EINVAL);
		/* These two do not tell: they return what is there. */
		must(syscall(SYS_setfsuid, 10) == 0);
		must(syscall(SYS_setfsuid, -1) == 0);
		must(syscall(SYS_setfsgid, 10) == 0);
		must(syscall(SYS_setfsgid, -1) == 0);
		must(!getuid() && !geteuid() && !getgid() && !getegid());
		/* The last one that has a name. */
		must(!setresuid(9, 9, 9));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/*
 * Initial namespace -> pid, mapped to USERNS_MAP -> nested, to NESTED_MAP.
 * Each reader sees the lower ids as its own, or, where it reads its own map,
 * as its parent's.
 */
TEST(a_map_is_read_in_the_ids_of_the_reader)
{
	struct baton number = baton_make(), done = baton_make();
	pid_t pid, nested, sibling;

	pid = userns_fork(0);
	if (!pid) {
		pid_t parent = getpid();

		must(maps(0, "uid_map", 0, USERNS_BASE, 65536));
		nested = userns_fork_mapped(0, NESTED_MAP, NESTED_MAP);
		if (!nested) {
			must(maps(0, "uid_map", 0, 1000, 10));
			must(maps(0, "gid_map", 0, 1000, 10));
			/* What is below the parent has no name here. */
			must(maps(parent, "uid_map", 0, -1, 65536));
			baton_pass(&number, getpid());
			proc_sleep_forever();
		}
		must(nested > 0);
		baton_take(&done);
		must(maps(nested, "uid_map", 0, 1000, 10));
		must(maps(nested, "gid_map", 0, 1000, 10));
		baton_pass(&number, 0);
		proc_sleep_forever();
	}
	nested = baton_take(&number);
	baton_pass(&done, 0);
	ASSERT_EQ(0, baton_take(&number));
	EXPECT_TRUE(maps(pid, "uid_map", 0, USERNS_BASE, 65536));
	EXPECT_TRUE(maps(nested, "uid_map", 0, USERNS_BASE + 1000, 10));
	EXPECT_TRUE(maps(nested, "gid_map", 0, USERNS_BASE + 1000, 10));
	sibling = userns_fork_mapped(0, SIBLING_MAP, SIBLING_MAP);
	if (!sibling) {
		must(maps(pid, "uid_map", 0, -1, 65536));
		must(maps(nested, "gid_map", 0, -1, 10));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(sibling));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
}

/* Who opened the file is its reader, whoever reads. */
TEST(an_open_map_keeps_the_view_of_its_opener)
{
	pid_t pid = userns_sleeper(), other;
	char path[64], text[128] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	fd = open(path, O_RDONLY);
	ASSERT_GE(fd, 0);
	other = userns_fork_mapped(0, SIBLING_MAP, SIBLING_MAP);
	if (!other) {
		must(read(fd, text, sizeof(text) - 1) > 0);
		must(strstr(text, " 100000 "));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(other));
	close(fd);
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
}

TEST(processes_are_shown_with_the_ids_of_the_reader)
{
	struct baton number = baton_make();
	pid_t self = getpid(), pid = userns_fork(0);

	if (!pid) {
		struct stat st;
		char path[64];

		must(status_says(self, "Uid", OVERFLOW_ID));
		must(status_says(self, "Gid", OVERFLOW_ID));
		snprintf(path, sizeof(path), "/proc/%d", self);
		must(!stat(path, &st) && st.st_uid == OVERFLOW_ID);
		userns_become(7, 8);
		must(status_says(getpid(), "Uid", 7));
		must(!stat("/proc/self", &st));
		must(st.st_uid == 7 && st.st_gid == 8);
		baton_pass(&number, 0);
		proc_sleep_forever();
	}
	baton_take(&number);
	EXPECT_TRUE(status_says(pid, "Uid", USERNS_BASE + 7));
	EXPECT_TRUE(status_says(pid, "Gid", USERNS_BASE + 8));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
}

TEST(supplementary_groups_are_translated)
{
	gid_t groups[2] = { USERNS_BASE + 30, 4000 };
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!setgroups(2, groups));
		pid = userns_fork_mapped(0, USERNS_MAP, USERNS_MAP);
		if (!pid) {
			char text[128];
			gid_t got[3];

			must(getgroups(3, got) == 2);
			/* Sorted by what they are, not by their names here. */
			must((got[0] == 30 && got[1] == OVERFLOW_ID) ||
			     (got[1] == 30 && got[0] == OVERFLOW_ID));
			must(!file_field("/proc/self/status", "Groups", text,
					 sizeof(text)));
			must(strstr(text, "30") && strstr(text, "65534"));
			_exit(0);
		}
		_exit(proc_end(pid));
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* Receives the one signal that it waits for, and says who sent it. */
static uid_t sender(int sig)
{
	sigset_t set;
	siginfo_t si;

	sigemptyset(&set);
	sigaddset(&set, sig);
	must(sigwaitinfo(&set, &si) == sig);
	must(si.si_code == SI_USER);
	return si.si_uid;
}

static void block(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	must(!sigprocmask(SIG_BLOCK, &set, NULL));
}

TEST(a_signal_names_its_sender_as_the_receiver_knows_him)
{
	struct baton ready = baton_make();
	pid_t pid, above;

	block(SIGUSR1);
	above = proc_fork_bound(0);
	if (!above) {
		userns_become(USERNS_BASE + 9, USERNS_BASE + 9);
		baton_pass(&ready, 0);
		_exit(sender(SIGUSR1) == USERNS_BASE + 9 ? 0 : 1);
	}
	baton_take(&ready);
	pid = userns_fork(0);
	if (!pid) {
		/* From the test, whom nobody here knows. */
		must(sender(SIGUSR1) == OVERFLOW_ID);
		/* From a neighbour in the same namespace, */
		pid = fork();
		if (!pid) {
			must(!kill(getppid(), SIGUSR1));
			_exit(0);
		}
		must(sender(SIGUSR1) == 0);
		must(!proc_end(pid));
		/* and to somebody above who is the same user. */
		userns_become(9, 9);
		must(!kill(above, SIGUSR1));
		_exit(0);
	}
	ASSERT_EQ(0, kill(pid, SIGUSR1));
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, proc_end(above));
}

TEST(the_end_of_a_child_names_it_as_the_parent_knows_it)
{
	siginfo_t si;
	pid_t pid;

	pid = userns_fork(0);
	if (!pid) {
		userns_become(7, 7);
		_exit(0);
	}
	ASSERT_EQ(0, waitid(P_PID, pid, &si, WEXITED));
	EXPECT_EQ(USERNS_BASE + 7, si.si_uid);
}

/* Who a SIGCHLD with @code, the next that comes, says it is from. */
static uid_t told(int code)
{
	sigset_t set;
	siginfo_t si;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	must(sigwaitinfo(&set, &si) == SIGCHLD);
	must(si.si_code == code);
	return si.si_uid;
}

/* Who waitid(2) with @what says that @pid is. */
static uid_t waited(pid_t pid, int what)
{
	siginfo_t si;

	must(!waitid(P_PID, pid, &si, what));
	return si.si_uid;
}

/*
 * Mainline maps the id that is in the signal twice, as that of mq_notify(3): to
 * the parent 100007 is 100007, and the child, for which that is nobody, is
 * where it is taken to come from.
 */
TEST(the_stop_of_a_child_names_it_as_the_parent_knows_it)
{
	uid_t stopped, continued;
	pid_t pid;

	block(SIGCHLD);
	pid = userns_fork(0);
	if (!pid) {
		userns_become(7, 7);
		must(!raise(SIGSTOP));
		proc_sleep_forever();
	}
	stopped = told(CLD_STOPPED);
	EXPECT_EQ(USERNS_BASE + 7, waited(pid, WSTOPPED));
	ASSERT_EQ(0, kill(pid, SIGCONT));
	continued = told(CLD_CONTINUED);
	EXPECT_EQ(USERNS_BASE + 7, waited(pid, WCONTINUED));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(USERNS_BASE + 7, told(CLD_KILLED));
	EXPECT_EQ(-SIGKILL, proc_end(pid));
	if (stopped == OVERFLOW_ID && continued == OVERFLOW_ID)
		SKIP(return, "mended by base-fixes: si_uid of a child's stop is mapped twice");
	EXPECT_EQ(USERNS_BASE + 7, stopped);
	EXPECT_EQ(USERNS_BASE + 7, continued);
}

/* And to a parent with names of its own: as it calls them, not as the host does. */
TEST(a_parent_in_a_user_namespace_knows_its_stopped_child_by_its_own_names)
{
	struct baton seen = baton_make();
	pid_t pid = userns_fork(0);
	int stopped;

	if (!pid) {
		block(SIGCHLD);
		pid = userns_fork_mapped(0, NESTED_MAP, NESTED_MAP);
		if (!pid) {
			userns_become(7, 7);
			must(!raise(SIGSTOP));
			_exit(0);
		}
		baton_pass(&seen, told(CLD_STOPPED));
		must(waited(pid, WSTOPPED) == 1007);
		must(!kill(pid, SIGCONT));
		_exit(proc_end(pid));
	}
	stopped = baton_take(&seen);
	EXPECT_EQ(0, proc_end(pid));
	if (stopped == OVERFLOW_ID)
		SKIP(return, "mended by base-fixes: si_uid of a child's stop is mapped twice");
	EXPECT_EQ(1007, stopped);
}

TEST(the_user_of_getpriority_is_one_of_the_namespace)
{
	pid_t pid = userns_fork(0);

	if (!pid) {
		userns_become(7, 7);
		must(!setpriority(PRIO_USER, 7, 3));
		errno = 0;
		must(getpriority(PRIO_USER, 7) == 3 && !errno);
		/* That is nobody's id here, though it is ours outside. */
		must(getpriority(PRIO_USER, USERNS_BASE + 7) == -1);
		must(errno == ESRCH);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_HARNESS_MAIN

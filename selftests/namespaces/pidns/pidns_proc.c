// SPDX-License-Identifier: GPL-2.0
/*
 * What /proc shows of pid namespaces: a proc belongs to the namespace of who
 * mounts it, and speaks in that namespace's numbers, whoever reads.
 *
 * Promises from pid_namespaces(7), "/proc and PID namespaces", proc(5).
 */
#include "kselftest_harness.h"
#include <ctype.h>
#include <dirent.h>
#include <linux/mount.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include "ns.h"
#include "proc.h"

/* A namespace whose init has mounted its proc at "inside", and one member. */
FIXTURE(proc)
{
	struct baton up;
	pid_t init, member;	/* as the test's namespace numbers them */
	char inside[64];	/* that proc, as the test's can reach it */
};

static int own_number_outside(void)
{
	char text[128];

	must(!file_field("/proc/self/status", "NSpid", text, sizeof(text)));
	return atoi(text);
}

FIXTURE_SETUP(proc)
{
	self->up = baton_make();
	self->init = proc_fork_bound(CLONE_NEWPID);
	if (!self->init) {
		must(!ns_mount_proc("inside"));
		if (!fork()) {
			baton_pass(&self->up, own_number_outside());
			proc_sleep_forever();
		}
		proc_sleep_forever();
	}
	ASSERT_GT(self->init, 0);
	self->member = baton_take(&self->up);
	snprintf(self->inside, sizeof(self->inside), "/proc/%d/cwd/inside",
		 self->init);
}

FIXTURE_TEARDOWN(proc)
{
	proc_kill(self->init);
}

/* The processes that a proc lists, as "1 2 7". */
static void list_processes(const char *proc, char *out, size_t size)
{
	DIR *dir = opendir(proc);
	struct dirent *d;
	size_t n = 0;

	out[0] = '\0';
	while (dir && (d = readdir(dir)))
		if (isdigit(d->d_name[0]))
			n += snprintf(out + n, size - n, "%s%s", n ? " " : "",
				      d->d_name);
	if (dir)
		closedir(dir);
}

TEST_F(proc, only_members_are_listed_with_their_numbers)
{
	char list[512];

	list_processes(self->inside, list, sizeof(list));
	EXPECT_STREQ("1 2", list);
}

TEST_F(proc, numbers_from_outside_lead_nowhere)
{
	char path[128];

	ASSERT_GT(self->init, 2);
	snprintf(path, sizeof(path), "%s/%d", self->inside, self->init);
	EXPECT_EQ(-1, access(path, F_OK));
	EXPECT_EQ(ENOENT, errno);
	snprintf(path, sizeof(path), "%s/%d", self->inside, getpid());
	EXPECT_EQ(-1, access(path, F_OK));
	EXPECT_EQ(ENOENT, errno);
}

TEST_F(proc, self_is_nobody_to_an_outsider)
{
	char path[128], link[64];

	snprintf(path, sizeof(path), "%s/self", self->inside);
	EXPECT_EQ(-1, readlink(path, link, sizeof(link)));
	EXPECT_EQ(ENOENT, errno);
	snprintf(path, sizeof(path), "%s/thread-self", self->inside);
	EXPECT_EQ(-1, readlink(path, link, sizeof(link)));
	EXPECT_EQ(ENOENT, errno);
}

TEST_F(proc, self_is_the_readers_number_in_the_mounts_namespace)
{
	pid_t pid = proc_fork_bound(CLONE_NEWPID);

	if (!pid) {
		char link[64], expected[64];

		must(!ns_mount_proc("own"));
		memset(link, 0, sizeof(link));
		must(readlink("own/self", link, sizeof(link) - 1) == 1);
		must(!strcmp(link, "1"));
		memset(link, 0, sizeof(link));
		must(readlink("own/thread-self", link, sizeof(link) - 1) > 0);
		must(!strcmp(link, "1/task/1"));
		/* The proc of before knows us by another number. */
		memset(link, 0, sizeof(link));
		must(readlink("/proc/self", link, sizeof(link) - 1) > 0);
		snprintf(expected, sizeof(expected), "%d",
			 own_number_outside());
		must(!strcmp(link, expected));
		must(strcmp(link, "1"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(proc, a_forked_child_finds_itself_at_once)
{
	pid_t pid = proc_fork_bound(CLONE_NEWPID);

	if (!pid) {
		must(!ns_mount_proc("own"));
		for (int n = 2; n < 5; n++) {
			pid = fork();
			if (!pid) {
				char path[32];

				snprintf(path, sizeof(path), "own/%d", n);
				must(!access(path, F_OK));
				_exit(0);
			}
			must(pid == n && proc_end(pid) == 0);
		}
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

static void expect_field(const char *proc, pid_t pid, const char *key,
			 const char *expected)
{
	char path[128], text[128];

	snprintf(path, sizeof(path), "%s/%d/status", proc, pid);
	must(!file_field(path, key, text, sizeof(text)));
	if (strcmp(text, expected))
		fprintf(stderr, "# %s of %s is '%s', not '%s'\n", key, path,
			text, expected);
	must(!strcmp(text, expected));
}

TEST_F(proc, status_counts_from_the_mounts_namespace_down)
{
	char expected[64];

	expect_field(self->inside, 1, "NSpid", "1");
	expect_field(self->inside, 2, "NSpid", "2");
	expect_field(self->inside, 2, "NStgid", "2");
	expect_field(self->inside, 2, "Pid", "2");
	expect_field(self->inside, 2, "PPid", "1");
	snprintf(expected, sizeof(expected), "%d\t2", self->member);
	expect_field("/proc", self->member, "NSpid", expected);
	snprintf(expected, sizeof(expected), "%d", self->init);
	expect_field("/proc", self->member, "PPid", expected);
}

TEST_F(proc, a_parent_outside_is_number_0)
{
	char expected[64];

	expect_field(self->inside, 1, "PPid", "0");
	snprintf(expected, sizeof(expected), "%d", getpid());
	expect_field("/proc", self->init, "PPid", expected);
}

TEST_F(proc, groups_and_sessions_are_shown_level_by_level)
{
	struct baton up = baton_make();
	char expected[64], path[64];
	pid_t pid = proc_fork_bound(CLONE_NEWPID);

	if (!pid) {
		must(!ns_mount_proc("own"));
		/* Inherited from outside: no number inside. */
		expect_field("own", 1, "NSpgid", "0");
		expect_field("own", 1, "NSsid", "0");
		must(setsid() == 1);
		expect_field("own", 1, "NSpgid", "1");
		expect_field("own", 1, "NSsid", "1");
		baton_pass(&up, 0);
		proc_sleep_forever();
	}
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	if (file_field(path, "NSsid", expected, sizeof(expected)))
		SKIP(return, "no NSsid in /proc/<pid>/status");
	baton_take(&up);
	snprintf(expected, sizeof(expected), "%d\t1", pid);
	expect_field("/proc", pid, "NSpgid", expected);
	expect_field("/proc", pid, "NSsid", expected);
	proc_kill(pid);
}

static void *wait_in_thread(void *up)
{
	baton_pass(up, syscall(SYS_gettid));
	proc_sleep_forever();
}

TEST_F(proc, threads_are_listed_with_their_numbers)
{
	struct baton up = baton_make();
	char path[128], list[64];
	pid_t pid = proc_fork_bound(CLONE_NEWPID);

	if (!pid) {
		pthread_t thread;

		must(!ns_mount_proc("own"));
		must(!pthread_create(&thread, NULL, wait_in_thread, &up));
		proc_sleep_forever();
	}
	EXPECT_EQ(2, baton_take(&up));
	snprintf(path, sizeof(path), "/proc/%d/cwd/own/1/task", pid);
	list_processes(path, list, sizeof(list));
	EXPECT_STREQ("1 2", list);
	/* A thread that leads nothing is not listed, but can be looked up. */
	snprintf(path, sizeof(path), "/proc/%d/cwd/own", pid);
	list_processes(path, list, sizeof(list));
	EXPECT_STREQ("1", list);
	snprintf(path, sizeof(path), "/proc/%d/cwd/own/2/status", pid);
	EXPECT_EQ(0, file_field(path, "Tgid", list, sizeof(list)));
	EXPECT_STREQ("1", list);
	proc_kill(pid);
}

TEST_F(proc, a_nested_namespace_is_visible_from_all_above)
{
	struct baton up = baton_make();
	char expected[64];
	pid_t pid = proc_fork_bound(CLONE_NEWPID), outside;

	if (!pid) {
		must(!ns_mount_proc("own"));
		pid = proc_fork(CLONE_NEWPID);
		if (!pid) {
			baton_pass(&up, own_number_outside());
			proc_sleep_forever();
		}
		must(pid == 2);
		expect_field("own", 2, "NSpid", "2\t1");
		must(proc_end(pid) == -SIGKILL);
		_exit(0);
	}
	outside = baton_take(&up);
	snprintf(expected, sizeof(expected), "%d\t2\t1", outside);
	expect_field("/proc", outside, "NSpid", expected);
	ASSERT_EQ(0, kill(outside, SIGKILL));
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(proc, after_the_end_it_is_empty)
{
	char list[64], status[64] = "x";
	int dir = open(self->inside, O_RDONLY | O_DIRECTORY);
	int one;

	ASSERT_GE(dir, 0);
	one = openat(dir, "1/status", O_RDONLY);
	ASSERT_GE(one, 0);
	ASSERT_EQ(-SIGKILL, proc_kill(self->init));
	EXPECT_EQ(-1, faccessat(dir, "1", F_OK, 0));
	EXPECT_EQ(ENOENT, errno);
	EXPECT_EQ(-1, read(one, status, sizeof(status)));
	EXPECT_EQ(ESRCH, errno);
	ASSERT_EQ(0, fchdir(dir));
	list_processes(".", list, sizeof(list));
	EXPECT_STREQ("", list);
	close(one);
	close(dir);
}

TEST_F(proc, the_namespace_links_tell_who_is_together)
{
	char path[128];
	int a = ns_open(self->init, "pid"), b = ns_open(self->member, "pid");
	int home = ns_open(0, "pid"), through;

	ASSERT_GE(a, 0);
	ASSERT_GE(b, 0);
	EXPECT_TRUE(ns_same(a, b));
	EXPECT_FALSE(ns_same(a, home));
	snprintf(path, sizeof(path), "%s/2/ns/pid", self->inside);
	through = open(path, O_RDONLY);
	ASSERT_GE(through, 0);
	EXPECT_TRUE(ns_same(a, through));
}

/* Else the root of a user namespace could see what it does not own. */
TEST_F(proc, a_proc_of_somebody_elses_namespace_is_refused)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(!ns_become_user_root());
		must(!unshare(CLONE_NEWNS));
		must(mount("proc", "/tmp", "proc", 0, NULL) == -1);
		must(errno == EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(proc, a_proc_of_another_namespace_can_be_asked_for)
{
	int fs, ns = ns_open(self->init, "pid"), mnt, dir;
	char list[64];

	fs = syscall(SYS_fsopen, "proc", 0);
	ASSERT_GE(fs, 0);
	if (syscall(SYS_fsconfig, fs, FSCONFIG_SET_FD, "pidns", NULL, ns)) {
		ASSERT_EQ(EINVAL, errno);
		SKIP(return, "proc has no mount option pidns (Linux 6.18)");
	}
	ASSERT_EQ(0, syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL,
			     0));
	mnt = syscall(SYS_fsmount, fs, 0, 0);
	ASSERT_GE(mnt, 0);
	dir = openat(mnt, ".", O_RDONLY | O_DIRECTORY);
	ASSERT_GE(dir, 0);
	ASSERT_EQ(0, fchdir(dir));
	list_processes(".", list, sizeof(list));
	EXPECT_STREQ("1 2", list);
}

TEST_F(proc, a_proc_of_a_namespace_above_cannot_be_asked_for)
{
	int home = ns_open(0, "pid"), inner = ns_open(self->init, "pid");
	int fs = syscall(SYS_fsopen, "proc", 0);
	pid_t pid;

	if (syscall(SYS_fsconfig, fs, FSCONFIG_SET_FD, "pidns", NULL, inner))
		SKIP(return, "proc has no mount option pidns (Linux 6.18)");
	pid = proc_fork_bound(CLONE_NEWPID);
	if (!pid) {
		fs = syscall(SYS_fsopen, "proc", 0);
		must(fs >= 0);
		must(syscall(SYS_fsconfig, fs, FSCONFIG_SET_FD, "pidns", NULL,
			     home) == -1);
		must(errno == EINVAL);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* A fork into the fixture's namespace, whose next number is 3. */
static pid_t fork_into(pid_t init)
{
	int home = ns_open(0, "pid"), ns = ns_open(init, "pid");
	pid_t pid;

	must(!ns_enter(ns, CLONE_NEWPID));
	pid = proc_fork_bound(0);
	if (!pid)
		return 0;
	must(!ns_enter(home, CLONE_NEWPID));
	close(ns);
	close(home);
	return pid;
}

TEST_F(proc, a_tracer_outside_is_number_0)
{
	struct baton up = baton_make();
	char expected[64];
	pid_t pid;

	expect_field("/proc", self->member, "TracerPid", "0");
	/* Its death ends the tracing, and init need not wait for it. */
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!ptrace(PTRACE_SEIZE, self->member, 0, 0));
		baton_pass(&up, 0);
		proc_sleep_forever();
	}
	baton_take(&up);
	snprintf(expected, sizeof(expected), "%d", pid);
	expect_field("/proc", self->member, "TracerPid", expected);
	expect_field(self->inside, 2, "TracerPid", "0");
	proc_kill(pid);
}

TEST_F(proc, a_tracer_inside_has_its_number_of_each_side)
{
	struct baton up = baton_make();
	pid_t pid = fork_into(self->init);
	char expected[64];

	if (!pid) {
		must(!ptrace(PTRACE_SEIZE, 2, 0, 0));
		baton_pass(&up, getpid());
		proc_sleep_forever();
	}
	ASSERT_EQ(3, baton_take(&up));
	expect_field(self->inside, 2, "TracerPid", "3");
	snprintf(expected, sizeof(expected), "%d", pid);
	expect_field("/proc", self->member, "TracerPid", expected);
	proc_kill(pid);
}

/* What /proc/locks says instead of a number if there is no such lock. */
#define NO_LOCK		-1000

/* Who holds a lock of @kind on @file, as @proc's list of locks says. */
static int holder(const char *proc, const char *kind, int file)
{
	char path[128], line[256], type[16], inode[64];
	int owner, found = NO_LOCK;
	struct stat st;
	FILE *f;

	must(!fstat(file, &st));
	snprintf(path, sizeof(path), "%s/locks", proc);
	f = fopen(path, "r");
	must(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*s %15s %*s %*s %d %63s", type, &owner, inode) != 3)
			continue;
		if (!strcmp(type, kind) && strrchr(inode, ':') &&
		    strtoull(strrchr(inode, ':') + 1, NULL, 10) == st.st_ino) {
			must(found == NO_LOCK);
			found = owner;
		}
	}
	fclose(f);
	return found;
}

/* Locks all of the file in fcntl(2)'s way @cmd. */
static void lock_file(int file, int cmd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	must(!fcntl(file, cmd, &lock));
}

static int memfile(const char *name)
{
	int fd = memfd_create(name, 0);

	must(fd >= 0);
	return fd;
}

TEST_F(proc, locks_have_their_holders_numbers)
{
	struct baton up = baton_make();
	int outer = memfile("outer"), inner = memfile("inner");
	pid_t pid = fork_into(self->init);

	if (!pid) {
		lock_file(inner, F_SETLK);
		must(!flock(inner, LOCK_EX));
		baton_pass(&up, getpid());
		proc_sleep_forever();
	}
	ASSERT_EQ(3, baton_take(&up));
	lock_file(outer, F_SETLK);
	ASSERT_EQ(0, flock(outer, LOCK_EX));

	EXPECT_EQ(3, holder(self->inside, "POSIX", inner));
	EXPECT_EQ(3, holder(self->inside, "FLOCK", inner));
	EXPECT_EQ(pid, holder("/proc", "POSIX", inner));
	EXPECT_EQ(pid, holder("/proc", "FLOCK", inner));
	/* Who has no number inside has no line there. */
	EXPECT_EQ(NO_LOCK, holder(self->inside, "POSIX", outer));
	EXPECT_EQ(NO_LOCK, holder(self->inside, "FLOCK", outer));
	EXPECT_EQ(getpid(), holder("/proc", "POSIX", outer));
	EXPECT_EQ(getpid(), holder("/proc", "FLOCK", outer));
	proc_kill(pid);
}

/* They belong to an open file and not to a process. */
TEST_F(proc, locks_of_open_files_are_shown_to_all_as_nobodys)
{
	int outer = memfile("outer");

	EXPECT_EQ(NO_LOCK, holder("/proc", "OFDLCK", outer));
	lock_file(outer, F_OFD_SETLK);
	EXPECT_EQ(-1, holder("/proc", "OFDLCK", outer));
	EXPECT_EQ(-1, holder(self->inside, "OFDLCK", outer));
}

TEST_HARNESS_MAIN

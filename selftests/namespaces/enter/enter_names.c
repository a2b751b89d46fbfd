// SPDX-License-Identifier: GPL-2.0
/*
 * How a namespace is named: by a process's files in /proc/PID/ns, and by a
 * bind mount of such a file, as ip-netns(8) does it.
 *
 * Promises from namespaces(7), proc_pid_ns(5), ip-netns(8).
 */
#include "enter.h"

FIXTURE(names)
{
	pid_t pid;
};

FIXTURE_SETUP(names)
{
	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	ASSERT_EQ(0, mount("tmpfs", "/mnt", "tmpfs", 0, NULL));
	self->pid = process_in(CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET);
}

FIXTURE_TEARDOWN(names)
{
	proc_kill(self->pid);
}

static int open_at(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Gives the namespace a name in the file system. Returns 0, or -errno. */
static int name(pid_t pid, const char *kind, const char *path)
{
	char file[64];
	int fd = creat(path, 0600);

	if (fd < 0)
		return -errno;
	close(fd);
	snprintf(file, sizeof(file), "/proc/%d/ns/%s", pid, kind);
	return mount(file, path, NULL, MS_BIND, NULL) ? -errno : 0;
}

TEST_F(names, a_link_tells_kind_and_inode)
{
	static const char * const files[] = {
		"cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "time",
		"time_for_children", "user", "uts",
	};
	char path[64], link[64], want[64];
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		int len = strcspn(files[i], "_");

		snprintf(path, sizeof(path), "/proc/%d/ns/%s", self->pid, files[i]);
		memset(link, 0, sizeof(link));
		ASSERT_GT(readlink(path, link, sizeof(link) - 1), 0);
		ASSERT_EQ(0, stat(path, &st));
		snprintf(want, sizeof(want), "%.*s:[%lu]", len, files[i],
			 (unsigned long)st.st_ino);
		EXPECT_STREQ(want, link);
	}
}

TEST_F(names, one_namespace_has_one_inode)
{
	EXPECT_TRUE(same(ns_open(0, "uts"), ns_open(getppid(), "uts")));
	EXPECT_FALSE(same(ns_open(0, "uts"), ns_open(self->pid, "uts")));
	EXPECT_TRUE(same(ns_open(0, "mnt"), ns_open(getpid(), "mnt")));
}

TEST_F(names, who_may_not_trace_sees_nothing)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		char path[64], link[64];

		proc_become_nobody();
		snprintf(path, sizeof(path), "/proc/%d/ns/uts", self->pid);
		must(readlink(path, link, sizeof(link)) == -1 && errno == EACCES);
		must(ns_open(self->pid, "uts") == -EACCES);
		snprintf(path, sizeof(path), "/proc/%d/ns", self->pid);
		must(open(path, O_RDONLY) == -1 && errno == EACCES);
		/* Its own it sees, though it may not enter. */
		must(readlink("/proc/self/ns/uts", link, sizeof(link)) > 0);
		must(ns_open(0, "uts") >= 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(names, root_of_a_user_namespace_sees_its_own_container_s)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(!ns_become_user_root());
		pid = process_in(CLONE_NEWUTS);
		must(ns_open(pid, "uts") >= 0);
		must(ns_open(self->pid, "uts") == -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(names, files_are_read_by_setns_only)
{
	int fd = ns_open(self->pid, "uts");
	char buf[8];

	EXPECT_EQ(-1, read(fd, buf, sizeof(buf)));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, open("/proc/self/ns/uts", O_WRONLY));
	EXPECT_EQ(-1, open("/proc/self/ns/uts", O_RDWR));
	close(fd);
}

TEST_F(names, a_bind_mount_is_entered)
{
	int fd;

	ASSERT_EQ(0, name(self->pid, "uts", "/mnt/blue"));
	fd = open_at("/mnt/blue");
	EXPECT_TRUE(same(dup(fd), ns_open(self->pid, "uts")));
	EXPECT_EQ(-EINVAL, ns_enter(fd, CLONE_NEWIPC));
	EXPECT_EQ(0, ns_enter(fd, CLONE_NEWUTS));
	EXPECT_TRUE(same(fd, ns_open(0, "uts")));
}

TEST_F(names, a_name_stays_with_its_namespace_when_all_are_gone)
{
	pid_t pid = process_in(CLONE_NEWUTS);
	int ns = ns_open(pid, "uts");
	char text[64];

	ASSERT_EQ(0, ns_enter(ns, CLONE_NEWUTS));
	ASSERT_EQ(0, sethostname("blue", 4));
	ASSERT_EQ(0, name(pid, "uts", "/mnt/blue"));
	close(ns);
	ASSERT_EQ(0, unshare(CLONE_NEWUTS));
	ASSERT_EQ(0, sethostname("red", 3));
	ASSERT_EQ(-SIGKILL, proc_kill(pid));
	ns = open_at("/mnt/blue");
	ASSERT_EQ(0, ns_enter(ns, CLONE_NEWUTS));
	ASSERT_EQ(0, gethostname(text, sizeof(text)));
	EXPECT_STREQ("blue", text);
	close(ns);
}

TEST_F(names, names_can_be_several_and_moved)
{
	ASSERT_EQ(0, name(self->pid, "uts", "/mnt/blue"));
	ASSERT_EQ(0, name(self->pid, "uts", "/mnt/azure"));
	EXPECT_TRUE(same(open_at("/mnt/blue"), open_at("/mnt/azure")));
	ASSERT_EQ(0, close(creat("/mnt/navy", 0600)));
	ASSERT_EQ(0, mount("/mnt/blue", "/mnt/navy", NULL, MS_MOVE, NULL));
	EXPECT_TRUE(same(open_at("/mnt/navy"), ns_open(self->pid, "uts")));
	EXPECT_FALSE(same(open_at("/mnt/blue"), open_at("/mnt/navy")));
	/* One that was unmounted names nothing. */
	ASSERT_EQ(0, umount("/mnt/navy"));
	EXPECT_EQ(-EINVAL, ns_enter(open_at("/mnt/navy"), CLONE_NEWUTS));
	EXPECT_TRUE(same(open_at("/mnt/azure"), ns_open(self->pid, "uts")));
}

TEST_F(names, a_file_under_a_name_is_not_removed)
{
	ASSERT_EQ(0, name(self->pid, "uts", "/mnt/blue"));
	EXPECT_EQ(-1, unlink("/mnt/blue"));
	EXPECT_EQ(EBUSY, errno);
	EXPECT_EQ(0, umount("/mnt/blue"));
	EXPECT_EQ(0, unlink("/mnt/blue"));
}

/* A mount namespace in itself would hold itself for ever. */
TEST_F(names, a_mount_namespace_is_not_named_within_itself)
{
	pid_t pid = process_in(CLONE_NEWNS);

	EXPECT_EQ(-EINVAL, name(getpid(), "mnt", "/mnt/self"));
	/* Nor in one that is younger: only from the older to the younger. */
	EXPECT_EQ(0, name(pid, "mnt", "/mnt/younger"));
	EXPECT_EQ(-EINVAL, name(1, "mnt", "/mnt/older"));
	proc_kill(pid);
}

TEST_F(names, mounts_show_what_is_named)
{
	char line[512], want[64];
	bool found = false;
	struct stat st;
	FILE *f;

	ASSERT_EQ(0, name(self->pid, "uts", "/mnt/blue"));
	ASSERT_EQ(0, stat("/mnt/blue", &st));
	snprintf(want, sizeof(want), " uts:[%lu] /mnt/blue ", (unsigned long)st.st_ino);
	f = fopen("/proc/self/mountinfo", "re");
	ASSERT_NE(NULL, f);
	while (fgets(line, sizeof(line), f))
		found |= strstr(line, want) && strstr(line, " - nsfs ");
	fclose(f);
	EXPECT_TRUE(found);
}

/* As ip(8) makes, lists and removes them. */
TEST_F(names, ip_netns)
{
	int fd;

	if (system("/sbin/ip netns list >/dev/null 2>&1"))
		SKIP(return, "no ip(8) with netns");
	ASSERT_EQ(0, system("/sbin/ip netns add blue"));
	fd = open_at("/run/netns/blue");
	ASSERT_GE(fd, 0);
	EXPECT_EQ(CLONE_NEWNET, ioctl(fd, NS_GET_NSTYPE));
	EXPECT_FALSE(same(dup(fd), ns_open(0, "net")));
	EXPECT_EQ(0, ns_enter(fd, CLONE_NEWNET));
	EXPECT_EQ(0, system("test \"$(/sbin/ip netns identify $$)\" = blue"));
	EXPECT_EQ(0, system("/sbin/ip netns list | grep -q blue"));
	EXPECT_EQ(0, system("/sbin/ip netns del blue"));
	EXPECT_EQ(-ENOENT, open_at("/run/netns/blue"));
	/* Who is in it stays in it. */
	EXPECT_TRUE(same(fd, ns_open(0, "net")));
}

TEST_HARNESS_MAIN

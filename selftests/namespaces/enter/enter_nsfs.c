// SPDX-License-Identifier: GPL-2.0
/*
 * What an open namespace tells of itself and of its like, and a pidfd of its
 * process's namespaces: the ioctls of nsfs and pidfs.
 *
 * Promises from ioctl_nsfs(2), ioctl_pidfd(2), namespaces(7), pidfd_open(2),
 * pidfd_getfd(2), clone(2), mq_open(3), the comments of
 * include/uapi/linux/nsfs.h.
 */
#include "enter.h"

/* <linux/pidfd.h> and <fcntl.h> do not go together. */
#define PIDFD_NS(n)	_IO(0xff, n)

/* The first version of struct pidfd_info, which every kernel that has it takes. */
struct pidfd_info_v0 {
	uint64_t mask, cgroupid;
	uint32_t pid, tgid, ppid;
	uint32_t ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
	int32_t exit_code;
};
#define PIDFD_GET_INFO_V0	_IOWR(0xff, 11, struct pidfd_info_v0)
#define PIDFD_INFO_CREDS_V0	2

FIXTURE(nsfs)
{
	pid_t pid;
};

FIXTURE_SETUP(nsfs)
{
	self->pid = process_in(ALL_KINDS);
}

FIXTURE_TEARDOWN(nsfs)
{
	proc_kill(self->pid);
}

/* An ioctl that opens a related namespace. Returns it, or -errno. */
static int related(int fd, unsigned long cmd)
{
	int found = ioctl(fd, cmd, 0);

	return found < 0 ? -errno : found;
}

TEST_F(nsfs, its_type)
{
	for (int i = 0; i < KINDS; i++) {
		int fd = ns_open(self->pid, kinds[i].name);

		EXPECT_EQ(kinds[i].flag, ioctl(fd, NS_GET_NSTYPE));
		close(fd);
	}
	EXPECT_EQ(CLONE_NEWUSER, ioctl(ns_open(0, "user"), NS_GET_NSTYPE));
}

TEST_F(nsfs, its_owner)
{
	pid_t pid = process_in(CLONE_NEWUSER | CLONE_NEWUTS);
	int fd;

	for (int i = 0; i < KINDS; i++) {
		fd = ns_open(self->pid, kinds[i].name);
		EXPECT_TRUE(same(related(fd, NS_GET_USERNS), ns_open(0, "user")));
		close(fd);
	}
	fd = ns_open(pid, "uts");
	EXPECT_TRUE(same(related(fd, NS_GET_USERNS), ns_open(pid, "user")));
	close(fd);
	/* A user namespace's owner is its parent. */
	fd = ns_open(pid, "user");
	EXPECT_TRUE(same(related(fd, NS_GET_USERNS), ns_open(0, "user")));
	close(fd);
	proc_kill(pid);
}

TEST_F(nsfs, its_parent)
{
	pid_t pid = process_in(CLONE_NEWUSER);
	int fd = ns_open(pid, "user");

	EXPECT_TRUE(same(related(fd, NS_GET_PARENT), ns_open(0, "user")));
	close(fd);
	fd = ns_open(self->pid, "pid");
	EXPECT_TRUE(same(related(fd, NS_GET_PARENT), ns_open(0, "pid")));
	close(fd);
	for (int i = 0; i < KINDS; i++) {
		if (kinds[i].flag == CLONE_NEWPID)
			continue;
		fd = ns_open(self->pid, kinds[i].name);
		EXPECT_EQ(-EINVAL, related(fd, NS_GET_PARENT));
		close(fd);
	}
	proc_kill(pid);
}

/* What is above the caller is not shown to it. */
TEST_F(nsfs, nothing_above_the_caller)
{
	int user = ns_open(0, "user"), pid = ns_open(0, "pid"), uts = ns_open(0, "uts");
	pid_t child;

	EXPECT_EQ(-EPERM, related(user, NS_GET_PARENT));
	EXPECT_EQ(-EPERM, related(user, NS_GET_USERNS));
	EXPECT_EQ(-EPERM, related(pid, NS_GET_PARENT));
	child = proc_fork_bound(CLONE_NEWUSER | CLONE_NEWPID);
	if (!child) {
		int own = ns_open(0, "user");

		must(related(own, NS_GET_PARENT) == -EPERM);
		must(related(own, NS_GET_USERNS) == -EPERM);
		must(related(ns_open(0, "pid"), NS_GET_PARENT) == -EPERM);
		must(related(uts, NS_GET_USERNS) == -EPERM);
		must(same(related(ns_open(0, "pid"), NS_GET_USERNS), own));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(child));
}

TEST_F(nsfs, who_made_a_user_namespace)
{
	struct baton up = baton_make();
	uid_t uid = 1;
	pid_t pid;
	int fd;

	pid = proc_fork_bound(0);
	if (!pid) {
		proc_become_nobody();
		must(!unshare(CLONE_NEWUSER));
		baton_pass(&up, 0);
		proc_sleep_forever();
	}
	baton_take(&up);
	fd = ns_open(pid, "user");
	ASSERT_EQ(0, ioctl(fd, NS_GET_OWNER_UID, &uid));
	EXPECT_EQ(65534, uid);
	EXPECT_EQ(-1, ioctl(fd, NS_GET_OWNER_UID, NULL));
	EXPECT_EQ(EFAULT, errno);
	close(fd);
	fd = ns_open(0, "uts");
	EXPECT_EQ(-1, ioctl(fd, NS_GET_OWNER_UID, &uid));
	EXPECT_EQ(EINVAL, errno);
	close(fd);
	proc_kill(pid);
	/* In the caller's words: mapped into its user namespace. */
	pid = userns_fork(0, 100000, 1000);
	if (!pid) {
		userns_be(7);
		pid = process_in(CLONE_NEWUSER);
		must(!ioctl(ns_open(pid, "user"), NS_GET_OWNER_UID, &uid));
		must(uid == 7);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(nsfs, pids_are_translated_both_ways)
{
	struct baton numbers = baton_make();
	pid_t init = proc_fork_bound(CLONE_NEWPID), member;
	int fd;

	if (!init) {
		char text[64];

		if (!fork()) {
			must(!file_field("/proc/self/status", "NSpid", text, sizeof(text)));
			baton_pass(&numbers, atoi(text));
			proc_sleep_forever();
		}
		proc_sleep_forever();
	}
	member = baton_take(&numbers);
	fd = ns_open(init, "pid");
	if (ioctl(fd, NS_GET_PID_IN_PIDNS, init) < 0 && errno == ENOTTY)
		SKIP(return, "no NS_GET_PID_IN_PIDNS (Linux 6.11)");
	EXPECT_EQ(1, ioctl(fd, NS_GET_PID_IN_PIDNS, init));
	EXPECT_EQ(2, ioctl(fd, NS_GET_PID_IN_PIDNS, member));
	EXPECT_EQ(2, ioctl(fd, NS_GET_TGID_IN_PIDNS, member));
	EXPECT_EQ(member, ioctl(fd, NS_GET_PID_FROM_PIDNS, 2));
	EXPECT_EQ(member, ioctl(fd, NS_GET_TGID_FROM_PIDNS, 2));
	/* Who is not in it has no number there. */
	EXPECT_EQ(-1, ioctl(fd, NS_GET_PID_IN_PIDNS, getpid()));
	EXPECT_EQ(ESRCH, errno);
	EXPECT_EQ(-1, ioctl(fd, NS_GET_PID_FROM_PIDNS, 3));
	EXPECT_EQ(ESRCH, errno);
	close(fd);
	fd = ns_open(0, "uts");
	EXPECT_EQ(-1, ioctl(fd, NS_GET_PID_IN_PIDNS, getpid()));
	EXPECT_EQ(EINVAL, errno);
	close(fd);
	proc_kill(init);
}

TEST_F(nsfs, its_id_is_its_own)
{
	uint64_t id[2 * ARRAY_SIZE(kinds)];

	NEEDS_IDS();
	for (int i = 0; i < KINDS; i++) {
		id[i] = id_in(0, kinds[i].name);
		id[KINDS + i] = id_in(self->pid, kinds[i].name);
		EXPECT_EQ(id[i], id_in(0, kinds[i].name));
		EXPECT_EQ(id[i], id_in(getppid(), kinds[i].name));
	}
	/* Among all kinds. */
	for (int i = 0; i < 2 * KINDS; i++)
		for (int j = 0; j < i; j++)
			EXPECT_NE(id[i], id[j]);
}

TEST_F(nsfs, an_id_is_not_used_again)
{
	uint64_t last = 0, id;

	NEEDS_IDS();
	for (int i = 0; i < 50; i++) {
		ASSERT_EQ(0, unshare(CLONE_NEWUTS));
		id = id_in(0, "uts");
		ASSERT_GT(id, last);
		last = id;
	}
}

TEST_F(nsfs, a_mount_namespace_has_one_id)
{
	uint64_t id = 0;
	int fd = ns_open(self->pid, "mnt");

	NEEDS_IDS();
	ASSERT_EQ(0, ioctl(fd, NS_GET_MNTNS_ID, &id));
	EXPECT_EQ(id_of(fd), id);
	close(fd);
	fd = ns_open(0, "uts");
	EXPECT_EQ(-1, ioctl(fd, NS_GET_MNTNS_ID, &id));
	EXPECT_EQ(EINVAL, errno);
	close(fd);
}

TEST_F(nsfs, the_mounts_are_counted)
{
	struct mnt_ns_info one = {}, two = {};
	int fd;

	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	fd = ns_open(0, "mnt");
	if (ioctl(fd, NS_MNT_GET_INFO, &one) && errno == ENOTTY)
		SKIP(return, "no NS_MNT_GET_INFO (Linux 6.12)");
	EXPECT_EQ(MNT_NS_INFO_SIZE_VER0, one.size);
	EXPECT_GT(one.nr_mounts, 0);
	ASSERT_EQ(0, mount("tmpfs", "/mnt", "tmpfs", 0, NULL));
	ASSERT_EQ(0, ioctl(fd, NS_MNT_GET_INFO, &two));
	EXPECT_EQ(one.nr_mounts + 1, two.nr_mounts);
	EXPECT_EQ(one.mnt_ns_id, two.mnt_ns_id);
	EXPECT_EQ(-1, ioctl(fd, NS_MNT_GET_INFO, NULL));
	EXPECT_EQ(EINVAL, errno);
	close(fd);
	fd = ns_open(0, "uts");
	EXPECT_EQ(-1, ioctl(fd, NS_MNT_GET_INFO, &one));
	EXPECT_EQ(EINVAL, errno);
	close(fd);
}

TEST_F(nsfs, mount_namespaces_can_be_walked)
{
	struct mnt_ns_info info = {};
	int fd = ns_open(0, "mnt"), next, steps = 0;
	bool found = false;
	pid_t pid;

	if (ioctl(fd, NS_MNT_GET_INFO, &info) && errno == ENOTTY)
		SKIP(return, "no NS_MNT_GET_INFO (Linux 6.12)");
	/* The target's is younger, so it comes later; from it, back. */
	while ((next = ioctl(fd, NS_MNT_GET_NEXT, &info)) >= 0) {
		int prev = ioctl(next, NS_MNT_GET_PREV, &info);

		ASSERT_GE(prev, 0);
		EXPECT_TRUE(same(prev, fd));
		fd = next;
		found |= same(dup(fd), ns_open(self->pid, "mnt"));
		ASSERT_LT(steps++, 1000);
	}
	EXPECT_EQ(ENOENT, errno);
	EXPECT_TRUE(found);
	pid = proc_fork_bound(0);
	if (!pid) {
		proc_become_nobody();
		must(ioctl(fd, NS_MNT_GET_NEXT, &info) == -1 && errno == EPERM);
		must(ioctl(fd, NS_MNT_GET_PREV, &info) == -1 && errno == EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	close(fd);
}

TEST_F(nsfs, an_unknown_ioctl_is_refused)
{
	int fd = ns_open(0, "uts");

	EXPECT_EQ(-1, ioctl(fd, _IO(NSIO, 0x77)));
	EXPECT_EQ(ENOTTY, errno);
	EXPECT_EQ(-1, ioctl(fd, _IO('z', 1)));
	EXPECT_EQ(ENOTTY, errno);
	close(fd);
}

static const struct {
	const char *name;
	unsigned long cmd;
} of_pidfd[] = {
	/* PIDFD_GET_CGROUP_NAMESPACE and so on */
	{ "cgroup", PIDFD_NS(1) }, { "ipc", PIDFD_NS(2) }, { "mnt", PIDFD_NS(3) },
	{ "net", PIDFD_NS(4) }, { "pid", PIDFD_NS(5) },
	{ "pid_for_children", PIDFD_NS(6) }, { "time", PIDFD_NS(7) },
	{ "time_for_children", PIDFD_NS(8) }, { "user", PIDFD_NS(9) },
	{ "uts", PIDFD_NS(10) },
};

#define NEEDS_PIDFD_IOCTLS(fd) do {					\
	if (related(fd, PIDFD_NS(10)) == -ENOTTY)		\
		SKIP(return, "no PIDFD_GET_UTS_NAMESPACE (Linux 6.11)"); \
} while (0)

TEST_F(nsfs, a_pidfd_gives_its_process_s_namespaces)
{
	int pidfd = proc_pidfd(self->pid);

	NEEDS_PIDFD_IOCTLS(pidfd);
	for (size_t i = 0; i < ARRAY_SIZE(of_pidfd); i++) {
		int fd = related(pidfd, of_pidfd[i].cmd);

		ASSERT_GE(fd, 0);
		EXPECT_TRUE(same(fd, ns_open(self->pid, of_pidfd[i].name)));
		EXPECT_EQ(-1, ioctl(pidfd, of_pidfd[i].cmd, 1));
		EXPECT_EQ(EINVAL, errno);
	}
	close(pidfd);
}

TEST_F(nsfs, a_dead_process_s_pidfd_gives_none)
{
	pid_t pid = process_in(CLONE_NEWUTS);
	int pidfd = proc_pidfd(pid);

	NEEDS_PIDFD_IOCTLS(pidfd);
	ASSERT_EQ(-SIGKILL, proc_kill(pid));
	for (size_t i = 0; i < ARRAY_SIZE(of_pidfd); i++)
		EXPECT_EQ(-ESRCH, related(pidfd, of_pidfd[i].cmd));
	close(pidfd);
}

TEST_F(nsfs, a_pidfd_gives_them_to_who_may_trace)
{
	int pidfd = proc_pidfd(self->pid);
	pid_t pid;

	NEEDS_PIDFD_IOCTLS(pidfd);
	pid = proc_fork_bound(0);
	if (!pid) {
		proc_become_nobody();
		for (size_t i = 0; i < ARRAY_SIZE(of_pidfd); i++)
			must(related(pidfd, of_pidfd[i].cmd) == -EACCES);
		pidfd = proc_pidfd(getpid());
		for (size_t i = 0; i < ARRAY_SIZE(of_pidfd); i++)
			must(related(pidfd, of_pidfd[i].cmd) >= 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	close(pidfd);
}

/* What the ids of the user namespaces of these tests are outside. */
#define BASE	100000

/* Whose ids are all different, in the words of its user namespace. */
static pid_t process_of_many_ids(void)
{
	struct baton up = baton_make();
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!setresgid(17, 18, 19));
		must(!setresuid(7, 8, 9));
		must(!prctl(PR_SET_PDEATHSIG, SIGKILL));
		baton_pass(&up, 0);
		proc_sleep_forever();
	}
	baton_take(&up);
	close(up.fd[0]);
	close(up.fd[1]);
	return pid;
}

/* A process's users and groups, "real effective saved filesystem" of each. */
static void ids_of(pid_t pid, char out[128])
{
	struct pidfd_info_v0 i = { 0 };
	int fd = proc_pidfd(pid);

	must(fd >= 0);
	must(!ioctl(fd, PIDFD_GET_INFO_V0, &i));
	must(i.mask & PIDFD_INFO_CREDS_V0);
	snprintf(out, 128, "%u %u %u %u, %u %u %u %u", i.ruid, i.euid, i.suid, i.fsuid,
		 i.rgid, i.egid, i.sgid, i.fsgid);
	close(fd);
}

#define NEEDS_PIDFD_INFO() do {						\
	struct pidfd_info_v0 info_ = { 0 };				\
	int fd_ = proc_pidfd(getpid()), err_;				\
									\
	err_ = ioctl(fd_, PIDFD_GET_INFO_V0, &info_);			\
	close(fd_);							\
	if (err_)							\
		SKIP(return, "no ioctl PIDFD_GET_INFO (Linux 6.13)");	\
} while (0)

TEST_F(nsfs, a_pidfd_tells_ids_in_the_words_of_who_asks)
{
	struct baton up = baton_make();
	char ids[128];
	pid_t pid;

	NEEDS_PIDFD_INFO();
	pid = userns_fork(0, BASE, 20);
	if (!pid) {
		pid_t target = process_of_many_ids();

		ids_of(target, ids);
		if (strcmp(ids, "7 8 9 8, 17 18 19 18"))
			fprintf(stderr, "# inside: %s\n", ids);
		must(!strcmp(ids, "7 8 9 8, 17 18 19 18"));
		baton_pass(&up, target);
		proc_sleep_forever();
	}
	ids_of(baton_take(&up), ids);
	EXPECT_STREQ("100007 100008 100009 100008, 100017 100018 100019 100018", ids);
	proc_kill(pid);
}

TEST_F(nsfs, a_pidfd_tells_ids_that_the_asker_has_no_words_for_as_overflow)
{
	pid_t target, pid;
	char ids[128];

	NEEDS_PIDFD_INFO();
	target = process_of_many_ids();
	ids_of(target, ids);
	EXPECT_STREQ("7 8 9 8, 17 18 19 18", ids);
	/* Of these only the users 7 and 8 exist inside, as 0 and 1. */
	pid = userns_fork(0, 7, 2);
	if (!pid) {
		ids_of(target, ids);
		if (strcmp(ids, "0 1 65534 1, 65534 65534 65534 65534"))
			fprintf(stderr, "# inside: %s\n", ids);
		must(!strcmp(ids, "0 1 65534 1, 65534 65534 65534 65534"));
		ids_of(getppid(), ids);
		must(!strcmp(ids, "65534 65534 65534 65534, 65534 65534 65534 65534"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	proc_kill(target);
}

static int from_pidfd_open(pid_t pid)
{
	return proc_pidfd(pid);
}

static int from_clone_pidfd(pid_t pid)
{
	int fd = -1;
	struct clone_args args = {
		.flags = CLONE_PIDFD,
		.exit_signal = SIGCHLD,
		.pidfd = (uintptr_t)&fd,
	};

	pid = proc_clone3(&args);
	if (!pid)
		_exit(0);
	must(pid > 0 && proc_end(pid) == 0);
	return fd;
}

static int from_pidfd_getfd(pid_t pid)
{
	int self = proc_pidfd(getpid()), source = open("/dev/null", O_RDONLY), fd;

	must(source >= 0 && fcntl(source, F_GETFD) == 0);
	fd = syscall(SYS_pidfd_getfd, self, source, 0);
	if (fd < 0)
		fd = -errno;
	close(source);
	close(self);
	return fd;
}

static int from_mq_open(pid_t pid)
{
	int fd = syscall(SYS_mq_open, "cloexec", O_RDONLY | O_CREAT, 0600, NULL);

	if (fd < 0)
		return -errno;
	must(!syscall(SYS_mq_unlink, "cloexec"));
	return fd;
}

static int from_ns_get_userns(pid_t pid)
{
	int ns = ns_open(pid, "uts"), fd = related(ns, NS_GET_USERNS);

	close(ns);
	return fd;
}

static int from_ns_get_parent(pid_t pid)
{
	int ns = ns_open(pid, "pid"), fd = related(ns, NS_GET_PARENT);

	close(ns);
	return fd;
}

/* From the mount namespace of the test to one that is younger. */
static int from_ns_mnt_get_next(pid_t pid)
{
	int ns = ns_open(0, "mnt"), fd;
	struct mnt_ns_info info;

	fd = ioctl(ns, NS_MNT_GET_NEXT, &info);
	if (fd < 0)
		fd = -errno;
	close(ns);
	return fd;
}

static const struct {
	const char *name;
	int (*open)(pid_t pid);
	bool nsfs;
} openers[] = {
	{ "pidfd_open", from_pidfd_open, false },
	{ "CLONE_PIDFD", from_clone_pidfd, false },
	{ "pidfd_getfd", from_pidfd_getfd, false },
	{ "mq_open", from_mq_open, false },
	{ "NS_GET_USERNS", from_ns_get_userns, true },
	{ "NS_GET_PARENT", from_ns_get_parent, true },
	{ "NS_MNT_GET_NEXT", from_ns_mnt_get_next, true },
};

TEST_F(nsfs, nobody_asks_but_it_is_closed_on_exec)
{
	for (size_t i = 0; i < ARRAY_SIZE(openers); i++) {
		int fd = openers[i].open(self->pid);

		if (fd == -ENOSYS || fd == -ENOTTY)
			continue;
		ASSERT_GE(fd, 0) {
			TH_LOG("%s", openers[i].name);
		}
		EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD)) {
			TH_LOG("%s", openers[i].name);
		}
		if (openers[i].nsfs) {
			EXPECT_EQ(O_RDONLY, fcntl(fd, F_GETFL) & O_ACCMODE) {
				TH_LOG("%s", openers[i].name);
			}
		}
		close(fd);
	}
}

TEST_F(nsfs, a_pidfd_s_namespaces_are_read_only_and_closed_on_exec)
{
	int pidfd = proc_pidfd(self->pid);

	NEEDS_PIDFD_IOCTLS(pidfd);
	for (size_t i = 0; i < ARRAY_SIZE(of_pidfd); i++) {
		int fd = related(pidfd, of_pidfd[i].cmd);

		ASSERT_GE(fd, 0);
		EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD)) {
			TH_LOG("%s", of_pidfd[i].name);
		}
		EXPECT_EQ(O_RDONLY, fcntl(fd, F_GETFL) & O_ACCMODE) {
			TH_LOG("%s", of_pidfd[i].name);
		}
		close(fd);
	}
	close(pidfd);
}

TEST_HARNESS_MAIN

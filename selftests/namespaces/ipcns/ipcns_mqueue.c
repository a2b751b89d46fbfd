// SPDX-License-Identifier: GPL-2.0
/*
 * POSIX message queues in ipc namespaces: names, the mqueue file system,
 * limits, what a user's queues may take together, notification.
 *
 * Promises from ipc_namespaces(7), mq_overview(7), mq_open(3), mq_notify(3),
 * getrlimit(2) (RLIMIT_MSGQUEUE), admin-guide/sysctl/fs.rst (fs.mqueue).
 */
#include "ipc.h"
#include "userns.h"
#include <dirent.h>
#include <mqueue.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

#define MQ(name)	"/proc/sys/fs/mqueue/" name

/* mq_open(3) of a new queue. Returns it, or -errno. */
static int make(const char *name, struct mq_attr *attr)
{
	mqd_t q = mq_open(name, O_CREAT | O_EXCL | O_RDWR | O_NONBLOCK, 0600, attr);

	return q < 0 ? -errno : q;
}

static int make_sized(const char *name, long maxmsg, long msgsize)
{
	struct mq_attr attr = { .mq_maxmsg = maxmsg, .mq_msgsize = msgsize };

	return make(name, &attr);
}

/*
 * Waits until no queue of this user's counts: those of an earlier test do until
 * its namespaces are gone, which is some time after its end. A queue of one byte
 * takes less than the limit here, and two take more.
 */
static bool nothing_counts(void)
{
	struct rlimit limit = { 150, 150 };

	for (int i = 0; i < PROC_HANG_MS; i++) {
		pid_t pid = proc_fork_bound(0);

		if (!pid) {
			int q;

			must(!setrlimit(RLIMIT_MSGQUEUE, &limit));
			q = make_sized("/one", 1, 1);
			must(q >= 0 || q == -EMFILE);
			_exit(q < 0 ? 2 : 0);
		}
		switch (proc_end(pid)) {
		case 0:
			return !mq_unlink("/one");
		case 2:
			poll(NULL, 0, 1);
			break;
		default:
			return false;
		}
	}
	return false;
}

FIXTURE(mq)
{
	int ns;
};

FIXTURE_SETUP(mq)
{
	ASSERT_EQ(0, unshare(CLONE_NEWIPC | CLONE_NEWNS));
	ASSERT_EQ(0, mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	self->ns = ns_open(0, "ipc");
	ASSERT_GE(self->ns, 0);
	ASSERT_TRUE(nothing_counts());
}

FIXTURE_TEARDOWN(mq)
{
	close(self->ns);
}

static int find(const char *name)
{
	mqd_t q = mq_open(name, O_RDWR | O_NONBLOCK);

	return q < 0 ? -errno : q;
}

static int files_in(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *d;
	int n = 0;

	must(dir);
	while ((d = readdir(dir)))
		n += d->d_name[0] != '.';
	closedir(dir);
	return n;
}

static int mount_at(const char *path)
{
	if (mkdir(path, 0755) && errno != EEXIST)
		return -errno;
	return mount("mqueue", path, "mqueue", 0, NULL) ? -errno : 0;
}

TEST_F(mq, one_name_is_two_queues)
{
	char text[8192];
	int outer = make("/q", NULL), inner;

	ASSERT_GE(outer, 0);
	EXPECT_EQ(-EEXIST, make("/q", NULL));
	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	EXPECT_EQ(-ENOENT, find("/q"));
	inner = make("/q", NULL);
	ASSERT_GE(inner, 0);
	ASSERT_EQ(0, mq_send(inner, "inner", 5, 0));
	EXPECT_EQ(-1, mq_receive(outer, text, sizeof(text), NULL));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(0, mq_unlink("/q"));
	EXPECT_EQ(-ENOENT, find("/q"));
	ASSERT_EQ(0, ns_enter(self->ns, CLONE_NEWIPC));
	EXPECT_GE(find("/q"), 0);
}

TEST_F(mq, an_open_queue_goes_along)
{
	char text[8192];
	int q = make("/q", NULL);

	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	ASSERT_EQ(0, mq_send(q, "hello", 5, 0));
	ASSERT_EQ(0, ns_enter(self->ns, CLONE_NEWIPC));
	EXPECT_EQ(5, mq_receive(find("/q"), text, sizeof(text), NULL));
}

TEST_F(mq, a_mount_shows_the_namespace_that_it_was_made_in)
{
	char text[128];
	int q;

	ASSERT_EQ(0, mount_at("outer"));
	ASSERT_GE(make("/one", NULL), 0);
	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	ASSERT_EQ(0, mount_at("inner"));
	q = make("/two", NULL);
	ASSERT_GE(make("/three", NULL), 0);
	EXPECT_EQ(1, files_in("outer"));
	EXPECT_EQ(0, access("outer/one", F_OK));
	EXPECT_EQ(2, files_in("inner"));
	EXPECT_EQ(-1, access("inner/one", F_OK));
	/* Whoever looks. */
	ASSERT_EQ(0, ns_enter(self->ns, CLONE_NEWIPC));
	EXPECT_EQ(2, files_in("inner"));
	EXPECT_EQ(1, files_in("outer"));
	ASSERT_EQ(0, mq_send(q, "hello", 5, 0));
	ASSERT_GT(file_read("inner/two", text, sizeof(text)), 0);
	EXPECT_EQ(0, strncmp(text, "QSIZE:5 ", 8));
}

TEST_F(mq, two_mounts_show_one_and_the_same)
{
	ASSERT_EQ(0, mount_at("one"));
	ASSERT_EQ(0, mount_at("two"));
	ASSERT_GE(make("/q", NULL), 0);
	EXPECT_EQ(0, access("one/q", F_OK));
	EXPECT_EQ(0, unlink("two/q"));
	EXPECT_EQ(-1, access("one/q", F_OK));
	EXPECT_EQ(-ENOENT, find("/q"));
}

/* A file made in a mount is a queue of the mount's namespace. */
TEST_F(mq, a_queue_made_in_a_mount_is_its_namespace_s)
{
	ASSERT_EQ(0, mount_at("outer"));
	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	ASSERT_EQ(0, close(creat("outer/q", 0600)));
	EXPECT_EQ(-ENOENT, find("/q"));
	ASSERT_EQ(0, ns_enter(self->ns, CLONE_NEWIPC));
	EXPECT_GE(find("/q"), 0);
}

TEST_F(mq, only_the_owning_user_namespace_mounts_it)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!ns_become_user_root());
		must(!unshare(CLONE_NEWNS));
		must(mount_at("m") == -EPERM);
		must(!unshare(CLONE_NEWIPC));
		must(!mount_at("m"));
		must(make("/q", NULL) >= 0);
		must(!access("m/q", F_OK));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* Attributes up to the namespace's limits are for all, and beyond for the host's root. */
TEST_F(mq, msg_max_and_msgsize_max_bind_who_is_not_privileged)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!file_write(MQ("msg_max"), "20"));
		must(!file_write(MQ("msgsize_max"), "1000"));
		proc_become_nobody();
		must(make_sized("/a", 20, 1000) >= 0);
		must(make_sized("/b", 21, 1000) == -EINVAL);
		must(make_sized("/b", 20, 1001) == -EINVAL);
		must(make_sized("/b", 0, 1000) == -EINVAL);
		must(make_sized("/b", 20, 0) == -EINVAL);
		must(make_sized("/b", -1, 1000) == -EINVAL);
		must(make_sized("/b", 20, -1) == -EINVAL);
		must(find("/b") == -ENOENT);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(mq, the_hard_limits_bind_root)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

	ASSERT_EQ(0, setrlimit(RLIMIT_MSGQUEUE, &limit));
	EXPECT_GE(make_sized("/a", 65536, 8), 0);
	EXPECT_EQ(-EINVAL, make_sized("/b", 65537, 8));
	EXPECT_GE(make_sized("/c", 1, 16 << 20), 0);
	EXPECT_EQ(-EINVAL, make_sized("/d", 1, (16 << 20) + 1));
	EXPECT_EQ(-ENOENT, find("/b"));
}

TEST_F(mq, root_of_a_user_namespace_is_bound_like_anybody)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!ns_become_user_root() && !unshare(CLONE_NEWIPC));
		must(!file_write(MQ("queues_max"), "2"));
		must(make_sized("/a", 11, 8192) == -EINVAL);
		must(make_sized("/a", 10, 8193) == -EINVAL);
		must(make_sized("/a", 10, 8192) >= 0);
		must(make_sized("/b", 1, 1) >= 0);
		must(make_sized("/c", 1, 1) == -ENOSPC);
		/* It may set the limits, within the hard ones. */
		must(!file_write(MQ("queues_max"), "3"));
		must(!file_write(MQ("msg_max"), "11"));
		must(make_sized("/c", 11, 8192) >= 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(mq, queues_max_bounds_the_number_and_not_for_root)
{
	pid_t pid;

	ASSERT_EQ(0, file_write(MQ("queues_max"), "2"));
	ASSERT_GE(make("/root", NULL), 0);
	pid = proc_fork_bound(0);
	if (!pid) {
		proc_become_nobody();
		must(make_sized("/a", 1, 1) >= 0);
		must(make_sized("/b", 1, 1) == -ENOSPC);
		/* One that is unlinked counts until it is closed. */
		must(!mq_unlink("/a"));
		must(make_sized("/b", 1, 1) == -ENOSPC);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_GE(make("/two", NULL), 0);
	EXPECT_GE(make("/three", NULL), 0);
	pid = proc_fork_bound(0);
	if (!pid) {
		proc_become_nobody();
		must(make_sized("/a", 1, 1) == -ENOSPC);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	/* Next door there is room. */
	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	pid = proc_fork_bound(0);
	if (!pid) {
		proc_become_nobody();
		must(make_sized("/a", 1, 1) >= 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(mq, queues_have_the_namespace_s_default_size)
{
	struct mq_attr attr;

	ASSERT_EQ(0, file_write(MQ("msg_default"), "5"));
	ASSERT_EQ(0, file_write(MQ("msgsize_default"), "300"));
	ASSERT_EQ(0, mq_getattr(make("/q", NULL), &attr));
	EXPECT_EQ(5, attr.mq_maxmsg);
	EXPECT_EQ(300, attr.mq_msgsize);
	/* But never more than the maximum. */
	ASSERT_EQ(0, file_write(MQ("msg_max"), "3"));
	ASSERT_EQ(0, file_write(MQ("msgsize_max"), "200"));
	ASSERT_EQ(0, mq_getattr(make("/r", NULL), &attr));
	EXPECT_EQ(3, attr.mq_maxmsg);
	EXPECT_EQ(200, attr.mq_msgsize);
	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	ASSERT_EQ(0, mq_getattr(make("/q", NULL), &attr));
	EXPECT_EQ(10, attr.mq_maxmsg);
	EXPECT_EQ(8192, attr.mq_msgsize);
}

/* Two default queues take more than this, one takes less. */
static void one_queue_s_worth(void)
{
	struct rlimit limit = { 120000, 120000 };

	must(!setrlimit(RLIMIT_MSGQUEUE, &limit));
}

TEST_F(mq, rlimit_msgqueue_counts_a_user_s_queues_everywhere)
{
	int q;

	one_queue_s_worth();
	q = make("/q", NULL);
	ASSERT_GE(q, 0);
	EXPECT_EQ(-EMFILE, make("/r", NULL));
	EXPECT_EQ(-ENOENT, find("/r"));
	/* Another namespace is no way around it. */
	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	EXPECT_EQ(-EMFILE, make("/r", NULL));
	/* A queue counts until it is gone altogether. */
	ASSERT_EQ(0, ns_enter(self->ns, CLONE_NEWIPC));
	ASSERT_EQ(0, mq_unlink("/q"));
	EXPECT_EQ(-EMFILE, make("/r", NULL));
	ASSERT_EQ(0, mq_close(q));
	EXPECT_GE(make("/r", NULL), 0);
}

/* kernel.rst: "respected hierarchically in each user namespace" */
TEST_F(mq, rlimit_msgqueue_counts_through_user_namespaces)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		one_queue_s_worth();
		must(make("/q", NULL) >= 0);
		must(!ns_become_user_root() && !unshare(CLONE_NEWIPC));
		must(make("/r", NULL) == -EMFILE);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(mq, rlimit_msgqueue_is_a_user_s_own)
{
	pid_t pid;

	one_queue_s_worth();
	ASSERT_GE(make("/q", NULL), 0);
	pid = proc_fork_bound(0);
	if (!pid) {
		proc_become_nobody();
		must(make("/r", NULL) >= 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* A descriptor from which the caller's SIGUSR1 can be read. */
static int signals(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	must(!sigprocmask(SIG_BLOCK, &set, NULL));
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	must(fd >= 0);
	return fd;
}

static int notify(int q)
{
	struct sigevent ev = {
		.sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = SIGUSR1,
		.sigev_value.sival_int = 42,
	};

	return mq_notify(q, &ev) ? -errno : 0;
}

TEST_F(mq, a_message_notifies_who_asked_wherever_it_went)
{
	struct signalfd_siginfo si;
	int q = make("/q", NULL), fd = signals();
	pid_t pid;

	ASSERT_EQ(0, notify(q));
	EXPECT_EQ(-EBUSY, notify(q));
	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!ns_enter(self->ns, CLONE_NEWIPC));
		must(!mq_send(find("/q"), "x", 1, 0));
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(pid));
	ASSERT_EQ(sizeof(si), read(fd, &si, sizeof(si)));
	EXPECT_EQ(SI_MESGQ, si.ssi_code);
	EXPECT_EQ(42, si.ssi_int);
	EXPECT_EQ(pid, si.ssi_pid);
	EXPECT_EQ(0, si.ssi_uid);
	/* Once, and for a message into an empty queue. */
	EXPECT_EQ(0, notify(q));
	ASSERT_EQ(0, mq_send(q, "x", 1, 0));
	EXPECT_EQ(0, proc_poll(fd, POLLIN, 0));
}

TEST_F(mq, a_message_to_the_other_queue_of_that_name_does_not_notify)
{
	int q = make("/q", NULL), fd = signals();

	ASSERT_EQ(0, notify(q));
	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	ASSERT_EQ(0, mq_send(make("/q", NULL), "x", 1, 0));
	EXPECT_EQ(0, proc_poll(fd, POLLIN, 0));
	EXPECT_EQ(-EBUSY, notify(q));
}

/* The sender is named as the notified one numbers it: not at all, if it cannot. */
TEST_F(mq, the_sender_s_pid_is_the_receiver_s_number_for_it)
{
	struct baton up = baton_make();
	int q = make("/q", NULL);
	pid_t pid = proc_fork_bound(CLONE_NEWPID);

	if (!pid) {
		struct signalfd_siginfo si;
		int fd = signals();

		must(!notify(q));
		baton_pass(&up, 0);
		must(proc_poll(fd, POLLIN, PROC_HANG_MS));
		must(read(fd, &si, sizeof(si)) == sizeof(si));
		must(si.ssi_pid == 0);
		must(mq_receive(q, (char [8192]) { 0 }, 8192, NULL) == 1);
		must(!notify(q));
		pid = fork();
		if (!pid) {
			must(!mq_send(q, "x", 1, 0));
			_exit(0);
		}
		must(proc_end(pid) == 0);
		must(read(fd, &si, sizeof(si)) == sizeof(si));
		must(si.ssi_pid == (uint32_t)pid);
		_exit(0);
	}
	baton_take(&up);
	ASSERT_EQ(0, mq_send(q, "x", 1, 0));
	EXPECT_EQ(0, proc_end(pid));
}

/*
 * Mainline maps the sender's id twice: do_notify() into the receiver's user
 * namespace, and send_signal_locked(), which takes that for an id of the
 * sender's namespace, once more. User 100005 is 5 to the receiver, and comes as
 * what 5 of the host is to it: nobody.
 */
TEST_F(mq, the_sender_s_uid_is_the_receiver_s_name_for_it)
{
	struct baton up = baton_make(), seen = baton_make();
	int q = make("/q", NULL), uid;
	pid_t pid = userns_fork(0, 100000, 1000), sender;

	if (!pid) {
		struct signalfd_siginfo si;
		int fd = signals();

		must(!notify(q));
		baton_pass(&up, 0);
		must(proc_poll(fd, POLLIN, PROC_HANG_MS));
		must(read(fd, &si, sizeof(si)) == sizeof(si));
		baton_pass(&seen, si.ssi_uid);
		_exit(0);
	}
	baton_take(&up);
	sender = fork();
	if (!sender) {
		userns_be(100005);
		must(!mq_send(q, "x", 1, 0));
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(sender));
	uid = baton_take(&seen);
	ASSERT_EQ(0, proc_end(pid));
	if (uid == 65534)
		SKIP(return, "mended by base-fixes: si_uid of a notification is mapped twice");
	EXPECT_EQ(5, uid);
}

/* What a read of the queue's file in the file system says of who is notified. */
static void file_says(int fd, int *notify, int *signo, int *pid)
{
	char text[128] = "";

	must(pread(fd, text, sizeof(text) - 1, 0) > 0);
	must(sscanf(text, "QSIZE:%*u NOTIFY:%d SIGNO:%d NOTIFY_PID:%d", notify, signo, pid) == 3);
}

/* By the number that it has for the reader. */
TEST_F(mq, the_file_names_who_is_notified_as_the_reader_numbers_it)
{
	struct baton go = baton_make(), up = baton_make();
	int q = make("/q", NULL), fd, how, signo, number;
	pid_t pid;

	ASSERT_EQ(0, mount_at("mq"));
	fd = open("mq/q", O_RDONLY);
	ASSERT_GE(fd, 0);
	file_says(fd, &how, &signo, &number);
	EXPECT_EQ(0, how + signo + number);
	pid = proc_fork_bound(CLONE_NEWPID);
	if (!pid) {
		struct sigevent se = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
		int mine = find("/q");

		signals();
		must(!mq_notify(mine, &se));
		file_says(fd, &how, &signo, &number);
		must(how == SIGEV_SIGNAL && signo == SIGUSR1 && number == 1);
		/* Whoever is outside has no number in here. */
		baton_pass(&up, 0);
		baton_take(&go);
		file_says(fd, &how, &signo, &number);
		must(how == 0 && signo == 0 && number == 0);
		_exit(0);
	}
	baton_take(&up);
	file_says(fd, &how, &signo, &number);
	EXPECT_EQ(SIGEV_SIGNAL, how);
	EXPECT_EQ(SIGUSR1, signo);
	EXPECT_EQ(pid, number);
	/* A message ends it, and the next who asks is one from outside. */
	ASSERT_EQ(0, mq_send(q, "x", 1, 0));
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(pid));
	ASSERT_EQ(1, mq_receive(q, (char [8192]) { 0 }, 8192, NULL));
	ASSERT_EQ(0, notify(q));
	file_says(fd, &how, &signo, &number);
	EXPECT_EQ(getpid(), number);
	pid = proc_fork_bound(CLONE_NEWPID);
	if (!pid) {
		file_says(fd, &how, &signo, &number);
		must(how == SIGEV_SIGNAL && number == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	/* So does the owner's close. */
	ASSERT_EQ(0, mq_close(q));
	file_says(fd, &how, &signo, &number);
	EXPECT_EQ(0, how + signo + number);
}

/* Anybody makes queues there, and nobody removes another's. */
TEST_F(mq, the_root_of_a_mount_is_sticky)
{
	struct stat st;
	pid_t pid;

	ASSERT_GE(make("/q", NULL), 0);
	ASSERT_EQ(0, mount_at("mq"));
	ASSERT_EQ(0, stat("mq", &st));
	EXPECT_EQ(01777, st.st_mode & 07777);
	pid = proc_fork_bound(0);
	if (!pid) {
		proc_become_nobody();
		must(unlink("mq/q") == -1 && errno == EPERM);
		must(mq_unlink("/q") == -1 && errno == EACCES);
		must(make("/mine", NULL) >= 0);
		must(!unlink("mq/mine"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, unlink("mq/q"));
}

TEST_F(mq, the_highest_priority_comes_first_and_the_oldest_of_it)
{
	static const struct { char c; unsigned int prio; } sent[] = {
		{ 'a', 1 }, { 'b', 32767 }, { 'c', 0 }, { 'd', 1 }, { 'e', 32767 },
	};
	int q = make("/q", NULL);
	char text[8192], order[6] = "";
	unsigned int prio;

	for (int i = 0; i < 5; i++)
		ASSERT_EQ(0, mq_send(q, &sent[i].c, 1, sent[i].prio));
	EXPECT_EQ(-1, mq_send(q, "x", 1, 32768));
	EXPECT_EQ(EINVAL, errno);
	for (int i = 0; i < 5; i++) {
		ASSERT_EQ(1, mq_receive(q, text, sizeof(text), &prio));
		order[i] = text[0];
		if (!i)
			EXPECT_EQ(32767, prio);
	}
	EXPECT_STREQ("beadc", order);
}

/* A descriptor of a queue is one of a file. */
TEST_F(mq, a_queue_can_be_polled)
{
	int q = make_sized("/q", 2, 1);

	EXPECT_EQ(POLLOUT, proc_poll(q, POLLIN | POLLOUT, 0));
	ASSERT_EQ(0, mq_send(q, "x", 1, 0));
	EXPECT_EQ(POLLIN | POLLOUT, proc_poll(q, POLLIN | POLLOUT, 0));
	ASSERT_EQ(0, mq_send(q, "x", 1, 0));
	EXPECT_EQ(POLLIN, proc_poll(q, POLLIN | POLLOUT, 0));
	EXPECT_EQ(-1, mq_send(q, "x", 1, 0));
	EXPECT_EQ(EAGAIN, errno);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * How long an ipc namespace and what is in it live: as long as a member, an
 * open file, a bind mount or an attached segment, and then nothing is left.
 *
 * Promises from ipc_namespaces(7) ("when an IPC namespace is destroyed ... all
 * IPC objects in the namespace are automatically destroyed"), namespaces(7).
 */
#include "ipc.h"
#include <mqueue.h>
#include <sys/resource.h>

#define SIZE	(8L << 20)

/*
 * The tests run as root of a user namespace that may have two ipc namespaces,
 * home and another: whether that one has gone shows in whether there is room.
 */
FIXTURE(life)
{
	int home;
};

FIXTURE_SETUP(life)
{
	ASSERT_EQ(0, ns_become_user_root());
	ASSERT_EQ(0, file_write("/proc/sys/user/max_ipc_namespaces", "2"));
	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	self->home = ns_open(0, "ipc");
	ASSERT_GE(self->home, 0);
}

FIXTURE_TEARDOWN(life)
{
}

/* A process in a namespace that has a segment with a text, until it is killed. */
static pid_t member(void)
{
	struct baton up = baton_make();
	pid_t pid = proc_fork_bound(CLONE_NEWIPC);

	if (!pid) {
		char *mem = shmat(shm_make(KEY, IPC_CREAT | 0600), NULL, 0);

		must(mem != MAP_FAILED);
		strcpy(mem, "inner");
		must(!shmdt(mem));
		baton_pass(&up, 0);
		proc_sleep_forever();
	}
	must(pid > 0);
	baton_take(&up);
	return pid;
}

/* Whether the namespace is there, with what was in it. The caller comes home. */
static bool lives_on(int ns, int home)
{
	char *mem;
	bool yes;

	must(!ns_enter(ns, CLONE_NEWIPC));
	mem = shmat(shm_make(KEY, 0), NULL, 0);
	yes = mem != MAP_FAILED && !strcmp(mem, "inner");
	must(mem == MAP_FAILED || !shmdt(mem));
	must(!ns_enter(home, CLONE_NEWIPC));
	return yes;
}

TEST_F(life, it_ends_with_its_last_member)
{
	pid_t one = member(), two;
	int ns = ns_open(one, "ipc");

	ASSERT_EQ(0, ns_enter(ns, CLONE_NEWIPC));
	two = proc_fork_bound(0);
	if (!two)
		proc_sleep_forever();
	ASSERT_EQ(0, ns_enter(self->home, CLONE_NEWIPC));
	close(ns);
	proc_kill(one);
	EXPECT_FALSE(ns_has_room(CLONE_NEWIPC, 0));
	proc_kill(two);
	EXPECT_TRUE(ns_has_room(CLONE_NEWIPC, PROC_HANG_MS));
}

TEST_F(life, a_zombie_is_no_member)
{
	pid_t pid = member();

	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(0, proc_await_zombie(pid));
	EXPECT_TRUE(ns_has_room(CLONE_NEWIPC, PROC_HANG_MS));
	proc_end(pid);
}

TEST_F(life, an_open_file_keeps_it_and_its_objects)
{
	pid_t pid = member();
	int ns = ns_open(pid, "ipc");

	ASSERT_EQ(-SIGKILL, proc_kill(pid));
	EXPECT_FALSE(ns_has_room(CLONE_NEWIPC, 0));
	EXPECT_TRUE(lives_on(ns, self->home));
	close(ns);
	EXPECT_TRUE(ns_has_room(CLONE_NEWIPC, PROC_HANG_MS));
}

TEST_F(life, a_bind_mount_keeps_it_and_its_objects)
{
	pid_t pid = member();
	char path[64];
	int ns;

	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	ASSERT_EQ(0, mount("tmpfs", "/mnt", "tmpfs", 0, NULL));
	ASSERT_EQ(0, close(creat("/mnt/ipc", 0600)));
	snprintf(path, sizeof(path), "/proc/%d/ns/ipc", pid);
	ASSERT_EQ(0, mount(path, "/mnt/ipc", NULL, MS_BIND, NULL));
	ASSERT_EQ(-SIGKILL, proc_kill(pid));
	EXPECT_FALSE(ns_has_room(CLONE_NEWIPC, 0));
	ns = open("/mnt/ipc", O_RDONLY | O_CLOEXEC);
	EXPECT_TRUE(lives_on(ns, self->home));
	close(ns);
	ASSERT_EQ(0, umount("/mnt/ipc"));
	EXPECT_TRUE(ns_has_room(CLONE_NEWIPC, PROC_HANG_MS));
}

/* Its memory stays usable, and is given back with the last detach. */
TEST_F(life, an_attached_segment_keeps_it)
{
	char *mem;

	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	mem = shmat(shm_make(KEY, IPC_CREAT | 0600), NULL, 0);
	ASSERT_NE(MAP_FAILED, (void *)mem);
	strcpy(mem, "inner");
	ASSERT_EQ(0, ns_enter(self->home, CLONE_NEWIPC));
	EXPECT_FALSE(ns_has_room(CLONE_NEWIPC, 0));
	EXPECT_STREQ("inner", mem);
	mem[4095] = 1;
	ASSERT_EQ(0, shmdt(mem));
	EXPECT_TRUE(ns_has_room(CLONE_NEWIPC, PROC_HANG_MS));
}

TEST_F(life, an_open_listing_keeps_it)
{
	int fd;

	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	fd = open(LIST("sem"), O_RDONLY | O_CLOEXEC);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, ns_enter(self->home, CLONE_NEWIPC));
	EXPECT_FALSE(ns_has_room(CLONE_NEWIPC, 0));
	close(fd);
	EXPECT_TRUE(ns_has_room(CLONE_NEWIPC, PROC_HANG_MS));
}

/*
 * namespaces(7) says that a mount of its mqueue file system keeps a namespace.
 * It does not: the namespace ends, and the mount is left with the queues that
 * there are, to be read and removed, and with no place for new ones.
 */
TEST_F(life, an_mqueue_mount_outlives_it)
{
	char text[128];
	mqd_t q;

	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	ASSERT_EQ(0, mount("mqueue", "/mnt", "mqueue", 0, NULL));
	q = mq_open("/q", O_CREAT | O_RDWR, 0600, NULL);
	ASSERT_GE(q, 0);
	ASSERT_EQ(0, mq_send(q, "hello", 5, 0));
	ASSERT_EQ(0, mq_close(q));
	ASSERT_EQ(0, ns_enter(self->home, CLONE_NEWIPC));
	EXPECT_TRUE(ns_has_room(CLONE_NEWIPC, PROC_HANG_MS));
	ASSERT_GT(file_read("/mnt/q", text, sizeof(text)), 0);
	EXPECT_EQ(0, strncmp(text, "QSIZE:5 ", 8));
	EXPECT_EQ(-1, creat("/mnt/new", 0600));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(0, unlink("/mnt/q"));
	EXPECT_EQ(0, umount("/mnt"));
}

/* An open queue works on without its namespace. */
TEST_F(life, an_open_queue_outlives_it)
{
	char text[8192];
	mqd_t q;

	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	q = mq_open("/q", O_CREAT | O_RDWR | O_NONBLOCK, 0600, NULL);
	ASSERT_GE(q, 0);
	ASSERT_EQ(0, ns_enter(self->home, CLONE_NEWIPC));
	EXPECT_TRUE(ns_has_room(CLONE_NEWIPC, PROC_HANG_MS));
	EXPECT_EQ(0, mq_send(q, "hello", 5, 0));
	EXPECT_EQ(5, mq_receive(q, text, sizeof(text), NULL));
	EXPECT_EQ(0, memcmp("hello", text, 5));
	EXPECT_EQ(0, mq_close(q));
}

static long shmem_kb(void)
{
	char text[64];

	must(!file_field("/proc/meminfo", "Shmem", text, sizeof(text)));
	return atol(text);
}

TEST_F(life, the_memory_of_its_segments_is_given_back)
{
	long before = shmem_kb(), kb = 0;
	pid_t pid = proc_fork_bound(CLONE_NEWIPC);

	if (!pid) {
		/* Not removed, not attached any more, just there. */
		int id = shmget(KEY, SIZE, IPC_CREAT | 0600);
		char *mem = shmat(id, NULL, 0);

		must(mem != MAP_FAILED);
		memset(mem, 1, SIZE);
		must(shmem_kb() - before >= SIZE / 1024 * 3 / 4);
		must(!shmdt(mem));
		must(shmem_kb() - before >= SIZE / 1024 * 3 / 4);
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(pid));
	for (int ms = 0; ms < PROC_HANG_MS; ms++) {
		kb = shmem_kb() - before;
		if (kb < SIZE / 1024 / 4)
			break;
		poll(NULL, 0, 1);
	}
	EXPECT_LT(kb, SIZE / 1024 / 4);
}

/* What RLIMIT_MSGQUEUE counts: one queue of these fits, two do not. */
TEST_F(life, the_bytes_of_its_queues_are_given_back)
{
	struct mq_attr attr = { .mq_maxmsg = 10, .mq_msgsize = 8192 };
	struct rlimit limit = { 120000, 120000 };
	mqd_t q = -1;

	ASSERT_EQ(0, setrlimit(RLIMIT_MSGQUEUE, &limit));
	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	ASSERT_EQ(0, mq_close(mq_open("/q", O_CREAT | O_RDWR, 0600, &attr)));
	EXPECT_EQ(-1, mq_open("/other", O_CREAT | O_RDWR, 0600, &attr));
	EXPECT_EQ(EMFILE, errno);
	ASSERT_EQ(0, ns_enter(self->home, CLONE_NEWIPC));
	for (int ms = 0; q < 0; ms++) {
		ASSERT_LT(ms, PROC_HANG_MS);
		q = mq_open("/q", O_CREAT | O_RDWR, 0600, &attr);
		ASSERT_TRUE(q >= 0 || errno == EMFILE);
		if (q < 0)
			poll(NULL, 0, 1);
	}
	EXPECT_EQ(0, mq_close(q));
}

/* Objects of every kind and many of them, more often than could be leaked. */
TEST_F(life, a_full_namespace_ends_like_an_empty_one)
{
	for (int round = 0; round < 5; round++) {
		pid_t pid;

		ASSERT_TRUE(ns_has_room(CLONE_NEWIPC, PROC_HANG_MS));
		pid = proc_fork_bound(CLONE_NEWIPC);
		if (!pid) {
			struct { long type; char text[64]; } m = { 1, "x" };
			struct sembuf op = { .sem_op = 1, .sem_flg = SEM_UNDO };

			for (int i = 0; i < 40; i++) {
				int sem = semget(IPC_PRIVATE, 20, 0600);
				int msg = msg_make(IPC_PRIVATE, 0600);

				must(shm_make(IPC_PRIVATE, 0600) >= 0);
				must(!semop(sem, &op, 1));
				must(!msgsnd(msg, &m, sizeof(m.text), 0));
			}
			_exit(0);
		}
		ASSERT_GT(pid, 0);
		ASSERT_EQ(0, proc_end(pid));
	}
	EXPECT_TRUE(ns_has_room(CLONE_NEWIPC, PROC_HANG_MS));
}

TEST_HARNESS_MAIN

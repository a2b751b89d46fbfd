// SPDX-License-Identifier: GPL-2.0
/*
 * The limits of System V objects: each namespace has its own, a new one has
 * the defaults, and they bind at max and not before.
 *
 * Promises from ipc_namespaces(7), admin-guide/sysctl/kernel.rst, shmget(2),
 * semget(2), semop(2), msgget(2), msgsnd(2), proc_sys_kernel(5).
 */
#include "ipc.h"
#include <limits.h>

FIXTURE(limit)
{
	int ns;
};

FIXTURE_SETUP(limit)
{
	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	self->ns = ns_open(0, "ipc");
	ASSERT_GE(self->ns, 0);
}

FIXTURE_TEARDOWN(limit)
{
	close(self->ns);
}

/* Every file, what a new namespace has in it, and something else. */
static const struct file_of_ns {
	const char *path, *initial, *other;
} files[] = {
	{ SYSCTL("shmmax"), "18446744073692774399", "1048576" },
	{ SYSCTL("shmall"), "18446744073692774399", "4096" },
	{ SYSCTL("shmmni"), "4096", "40" },
	{ SYSCTL("shm_rmid_forced"), "0", "1" },
	{ SYSCTL("sem"), "32000\t1024000000\t500\t32000", "25\t3200\t50\t128" },
	{ SYSCTL("msgmax"), "8192", "4096" },
	{ SYSCTL("msgmnb"), "16384", "8192" },
	{ SYSCTL("msgmni"), "32000", "16" },
	{ SYSCTL("shm_next_id"), "-1", "5" },
	{ SYSCTL("sem_next_id"), "-1", "6" },
	{ SYSCTL("msg_next_id"), "-1", "7" },
	{ "/proc/sys/fs/mqueue/queues_max", "256", "20" },
	{ "/proc/sys/fs/mqueue/msg_max", "10", "20" },
	{ "/proc/sys/fs/mqueue/msgsize_max", "8192", "16384" },
	{ "/proc/sys/fs/mqueue/msg_default", "10", "5" },
	{ "/proc/sys/fs/mqueue/msgsize_default", "8192", "4096" },
};

static bool file_is(const char *path, const char *text)
{
	char buf[128];

	must(file_read(path, buf, sizeof(buf)) >= 0);
	if (strcmp(buf, text))
		fprintf(stderr, "# %s: '%s', not '%s'\n", path, buf, text);
	return !strcmp(buf, text);
}

TEST_F(limit, a_new_namespace_has_the_defaults)
{
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		EXPECT_TRUE(file_is(files[i].path, files[i].initial));
		ASSERT_EQ(0, file_write(files[i].path, files[i].other));
	}
	/* Whatever the namespace has that it was made in. */
	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		EXPECT_TRUE(file_is(files[i].path, files[i].initial));
}

TEST_F(limit, each_namespace_has_its_own)
{
	int inner;

	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	inner = ns_open(0, "ipc");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		ASSERT_EQ(0, file_write(files[i].path, files[i].other));
		EXPECT_TRUE(file_is(files[i].path, files[i].other));
	}
	ASSERT_EQ(0, ns_enter(self->ns, CLONE_NEWIPC));
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		EXPECT_TRUE(file_is(files[i].path, files[i].initial));
	ASSERT_EQ(0, ns_enter(inner, CLONE_NEWIPC));
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		EXPECT_TRUE(file_is(files[i].path, files[i].other));
	close(inner);
}

/* Each file is its namespace's, for as long as that is there. */
TEST_F(limit, an_open_file_stays_with_its_namespace)
{
	char text[16] = "";
	int fd;

	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	fd = open(SYSCTL("msgmax"), O_RDWR | O_CLOEXEC);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(4, write(fd, "1111", 4));
	close(self->ns);
	self->ns = ns_open(0, "ipc");
	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	EXPECT_TRUE(file_is(SYSCTL("msgmax"), "8192"));
	EXPECT_EQ(5, pread(fd, text, sizeof(text), 0));
	EXPECT_STREQ("1111\n", text);
	EXPECT_EQ(4, pwrite(fd, "2222", 4, 0));
	EXPECT_TRUE(file_is(SYSCTL("msgmax"), "8192"));
	ASSERT_EQ(0, ns_enter(self->ns, CLONE_NEWIPC));
	EXPECT_TRUE(file_is(SYSCTL("msgmax"), "2222"));
	close(fd);
}

TEST_F(limit, an_open_file_of_a_namespace_that_has_gone_is_useless)
{
	char text[16];
	int fd;

	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	fd = open(SYSCTL("msgmax"), O_RDWR | O_CLOEXEC);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, ns_enter(self->ns, CLONE_NEWIPC));
	/* Namespaces of this kind end in the background. */
	for (int ms = 0; pread(fd, text, sizeof(text), 0) > 0; ms++) {
		ASSERT_LT(ms, PROC_HANG_MS);
		poll(NULL, 0, 1);
	}
	EXPECT_EQ(ENOENT, errno);
	EXPECT_EQ(-1, pwrite(fd, "1", 1, 0));
	EXPECT_EQ(ENOENT, errno);
	close(fd);
}

TEST_F(limit, malformed_values_are_refused)
{
	static const char * const bad[] = { "x", "4x", "-", "0x", " " };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(bad); j++)
			EXPECT_EQ(-EINVAL, file_write(files[i].path, bad[j]));
		EXPECT_TRUE(file_is(files[i].path, files[i].initial));
	}
}

/* The highest number, and what is refused beside it. */
TEST_F(limit, numbers_out_of_range_are_refused)
{
	static const struct {
		const char *path, *max, *over;
	} range[] = {
		{ SYSCTL("shmmni"), "32768", "32769" },
		{ SYSCTL("msgmni"), "32768", "32769" },
		{ SYSCTL("msgmax"), "2147483647", "2147483648" },
		{ SYSCTL("msgmnb"), "2147483647", "2147483648" },
		{ SYSCTL("shm_rmid_forced"), "1", "2" },
		{ "/proc/sys/fs/mqueue/msg_max", "65536", "65537" },
		{ "/proc/sys/fs/mqueue/msgsize_max", "16777216", "16777217" },
		{ "/proc/sys/fs/mqueue/msg_default", "65536", "65537" },
		{ "/proc/sys/fs/mqueue/msgsize_default", "16777216", "16777217" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(range); i++) {
		EXPECT_EQ(0, file_write(range[i].path, range[i].max));
		EXPECT_EQ(-EINVAL, file_write(range[i].path, range[i].over));
		EXPECT_EQ(-EINVAL, file_write(range[i].path, "-1"));
		EXPECT_TRUE(file_is(range[i].path, range[i].max));
	}
	EXPECT_EQ(0, file_write("/proc/sys/fs/mqueue/msg_max", "1"));
	EXPECT_EQ(-EINVAL, file_write("/proc/sys/fs/mqueue/msg_max", "0"));
	EXPECT_EQ(0, file_write("/proc/sys/fs/mqueue/msgsize_max", "128"));
	EXPECT_EQ(-EINVAL, file_write("/proc/sys/fs/mqueue/msgsize_max", "127"));
}

TEST_F(limit, semmni_out_of_range_is_refused)
{
	EXPECT_EQ(0, file_write(SYSCTL("sem"), "32000 32000 500 32768"));
	EXPECT_EQ(-ERANGE, file_write(SYSCTL("sem"), "32000 32000 500 32769"));
	EXPECT_EQ(-ERANGE, file_write(SYSCTL("sem"), "32000 32000 500 -1"));
	EXPECT_TRUE(file_is(SYSCTL("sem"), "32000\t32000\t500\t32768"));
}

TEST_F(limit, auto_msgmni_is_zero_whatever_is_written)
{
	EXPECT_EQ(0, file_number(SYSCTL("auto_msgmni")));
	EXPECT_EQ(0, file_write(SYSCTL("auto_msgmni"), "1"));
	EXPECT_EQ(0, file_number(SYSCTL("auto_msgmni")));
	EXPECT_EQ(-EINVAL, file_write(SYSCTL("auto_msgmni"), "2"));
}

TEST_F(limit, shmmax_bounds_one_segment)
{
	int id;

	ASSERT_EQ(0, file_write(SYSCTL("shmmax"), "10000"));
	id = shmget(IPC_PRIVATE, 10000, 0600);
	EXPECT_GE(id, 0);
	EXPECT_EQ(-1, shmget(IPC_PRIVATE, 10001, 0600));
	EXPECT_EQ(EINVAL, errno);
	/* Not what there is already. */
	ASSERT_EQ(0, file_write(SYSCTL("shmmax"), "5000"));
	EXPECT_NE(MAP_FAILED, shmat(id, NULL, 0));
}

TEST_F(limit, shmall_bounds_the_pages_of_all_segments)
{
	int one, two;

	ASSERT_EQ(0, file_write(SYSCTL("shmall"), "3"));
	one = shmget(IPC_PRIVATE, 4097, 0600);
	ASSERT_GE(one, 0);
	EXPECT_EQ(-1, shmget(IPC_PRIVATE, 4097, 0600));
	EXPECT_EQ(ENOSPC, errno);
	two = shmget(IPC_PRIVATE, 4096, 0600);
	EXPECT_GE(two, 0);
	EXPECT_EQ(-ENOSPC, shm_make(IPC_PRIVATE, 0600));
	ASSERT_EQ(0, shm_remove(one));
	EXPECT_GE(shmget(IPC_PRIVATE, 8192, 0600), 0);
	EXPECT_EQ(-ENOSPC, shm_make(IPC_PRIVATE, 0600));
}

/* What "the number of objects" promises of each kind. */
static void bounds_the_number(struct __test_metadata *_metadata, const char *path,
			      const char *fmt, int (*make)(key_t, int), int (*rm)(int))
{
	int first;

	ASSERT_EQ(0, file_printf(path, fmt, 3));
	first = make(IPC_PRIVATE, 0600);
	ASSERT_GE(first, 0);
	EXPECT_GE(make(KEY, IPC_CREAT | 0600), 0);
	EXPECT_GE(make(IPC_PRIVATE, 0600), 0);
	EXPECT_EQ(-ENOSPC, make(IPC_PRIVATE, 0600));
	/* Finding one takes no place. */
	EXPECT_GE(make(KEY, IPC_CREAT | 0600), 0);
	ASSERT_EQ(0, rm(first));
	EXPECT_GE(make(IPC_PRIVATE, 0600), 0);
	EXPECT_EQ(-ENOSPC, make(IPC_PRIVATE, 0600));
	/* A lower limit removes nothing, and lets nothing be made. */
	ASSERT_EQ(0, file_printf(path, fmt, 0));
	EXPECT_GE(make(KEY, 0), 0);
	EXPECT_EQ(-ENOSPC, make(IPC_PRIVATE, 0600));
	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	EXPECT_GE(make(IPC_PRIVATE, 0600), 0);
}

TEST_F(limit, shmmni_bounds_the_number_of_segments)
{
	bounds_the_number(_metadata, SYSCTL("shmmni"), "%d", shm_make, shm_remove);
}

TEST_F(limit, semmni_bounds_the_number_of_sets)
{
	bounds_the_number(_metadata, SYSCTL("sem"), "100 1000 10 %d", sem_make,
			  sem_remove);
}

TEST_F(limit, msgmni_bounds_the_number_of_queues)
{
	bounds_the_number(_metadata, SYSCTL("msgmni"), "%d", msg_make, msg_remove);
}

TEST_F(limit, semmsl_bounds_one_set_and_semmns_all)
{
	ASSERT_EQ(0, file_write(SYSCTL("sem"), "5 8 10 100"));
	EXPECT_GE(semget(IPC_PRIVATE, 5, 0600), 0);
	EXPECT_EQ(-1, semget(IPC_PRIVATE, 6, 0600));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, semget(IPC_PRIVATE, 4, 0600));
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_GE(semget(IPC_PRIVATE, 3, 0600), 0);
	EXPECT_EQ(-ENOSPC, sem_make(IPC_PRIVATE, 0600));
}

TEST_F(limit, semopm_bounds_the_operations_of_one_call)
{
	struct sembuf op[4] = {};
	int id = sem_make(IPC_PRIVATE, 0600);

	for (int i = 0; i < 4; i++)
		op[i].sem_op = 1;
	ASSERT_EQ(0, file_write(SYSCTL("sem"), "5 8 3 100"));
	EXPECT_EQ(-1, semop(id, op, 4));
	EXPECT_EQ(E2BIG, errno);
	EXPECT_EQ(0, semctl(id, 0, GETVAL));
	EXPECT_EQ(0, semop(id, op, 3));
	EXPECT_EQ(3, semctl(id, 0, GETVAL));
}

/* msgsnd(2) without waiting. Returns 0, or -errno. */
static int message(int id, size_t size)
{
	static struct { long type; char text[20000]; } m = { .type = 1 };

	return msgsnd(id, &m, size, IPC_NOWAIT) ? -errno : 0;
}

TEST_F(limit, msgmax_bounds_one_message)
{
	int id = msg_make(IPC_PRIVATE, 0600);

	EXPECT_EQ(-EINVAL, message(id, 8193));
	EXPECT_EQ(0, message(id, 8192));
	ASSERT_EQ(0, file_write(SYSCTL("msgmax"), "100"));
	EXPECT_EQ(-EINVAL, message(id, 101));
	EXPECT_EQ(0, message(id, 100));
	ASSERT_EQ(0, file_write(SYSCTL("msgmax"), "0"));
	EXPECT_EQ(-EINVAL, message(id, 1));
	EXPECT_EQ(0, message(id, 0));
}

TEST_F(limit, msgmnb_is_what_a_new_queue_may_hold)
{
	struct msqid_ds ds;
	int old = msg_make(IPC_PRIVATE, 0600), id;

	ASSERT_EQ(0, file_write(SYSCTL("msgmnb"), "1000"));
	id = msg_make(IPC_PRIVATE, 0600);
	ASSERT_EQ(0, msgctl(id, IPC_STAT, &ds));
	EXPECT_EQ(1000, ds.msg_qbytes);
	EXPECT_EQ(0, message(id, 600));
	EXPECT_EQ(-EAGAIN, message(id, 401));
	EXPECT_EQ(0, message(id, 400));
	EXPECT_EQ(-EAGAIN, message(id, 1));
	ASSERT_EQ(0, msgctl(old, IPC_STAT, &ds));
	EXPECT_EQ(16384, ds.msg_qbytes);
}

/* More than msgmnb is for CAP_SYS_RESOURCE, and in the host at that. */
TEST_F(limit, a_queue_is_made_larger_by_the_host_s_root_only)
{
	struct msqid_ds ds;
	pid_t pid;
	int id;

	ASSERT_EQ(0, file_write(SYSCTL("msgmnb"), "1000"));
	id = msg_make(IPC_PRIVATE, 0666);
	ASSERT_EQ(0, msgctl(id, IPC_STAT, &ds));
	ds.msg_qbytes = 1001;
	EXPECT_EQ(0, msgctl(id, IPC_SET, &ds));
	EXPECT_EQ(0, message(id, 1001));

	pid = proc_fork_bound(0);
	if (!pid) {
		proc_become_nobody();
		must(!ns_become_user_root() && !unshare(CLONE_NEWIPC));
		must(!file_write(SYSCTL("msgmnb"), "1000"));
		id = msg_make(IPC_PRIVATE, 0600);
		must(!msgctl(id, IPC_STAT, &ds));
		ds.msg_qbytes = 999;
		must(!msgctl(id, IPC_SET, &ds));
		ds.msg_qbytes = 1000;
		must(!msgctl(id, IPC_SET, &ds));
		ds.msg_qbytes = 1001;
		must(msgctl(id, IPC_SET, &ds) == -1 && errno == EPERM);
		must(!msgctl(id, IPC_STAT, &ds) && ds.msg_qbytes == 1000);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(limit, rmid_forced_destroys_what_nobody_has_attached)
{
	struct ipc_perm perm;
	pid_t pid = fork();
	int mine, id;
	void *mem;

	if (!pid) {
		must(shm_make(KEY, IPC_CREAT | 0600) >= 0);
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(pid));
	ASSERT_GE(shm_make(KEY, 0), 0);
	mine = shm_make(IPC_PRIVATE, 0600);
	/* From 0 to 1: those whose creator is dead go. */
	ASSERT_EQ(0, file_write(SYSCTL("shm_rmid_forced"), "1"));
	EXPECT_EQ(-ENOENT, shm_make(KEY, 0));
	EXPECT_EQ(0, shm_look(mine, &perm));
	/* One that was attached goes with its last detach. */
	mem = shmat(mine, NULL, 0);
	ASSERT_EQ(0, shmdt(mem));
	EXPECT_EQ(-EINVAL, shm_look(mine, &perm));
	/* One that never was, with its creator. */
	pid = fork();
	if (!pid)
		_exit(shm_make(KEY, IPC_CREAT | 0600) < 0);
	ASSERT_EQ(0, proc_end(pid));
	EXPECT_EQ(-ENOENT, shm_make(KEY, 0));
	/* And one that is attached with who has it attached. */
	pid = fork();
	if (!pid) {
		id = shm_make(KEY, IPC_CREAT | 0600);
		must(shmat(id, NULL, 0) != MAP_FAILED);
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, ipc_count(LIST("shm")));
}

TEST_F(limit, rmid_forced_is_for_its_own_namespace)
{
	struct ipc_perm perm;
	int id = shm_make(IPC_PRIVATE, 0600);

	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	ASSERT_EQ(0, file_write(SYSCTL("shm_rmid_forced"), "1"));
	ASSERT_EQ(0, ns_enter(self->ns, CLONE_NEWIPC));
	EXPECT_EQ(0, shm_look(id, &perm));
}

/* The segment's namespace decides, not the one that its creator has moved to. */
TEST_F(limit, rmid_forced_finds_the_segments_of_who_went_elsewhere)
{
	struct baton up = baton_make(), go = baton_make();
	int other;
	pid_t pid;

	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	other = ns_open(0, "ipc");
	ASSERT_EQ(0, ns_enter(self->ns, CLONE_NEWIPC));
	ASSERT_EQ(0, file_write(SYSCTL("shm_rmid_forced"), "1"));
	pid = proc_fork_bound(0);
	if (!pid) {
		must(shm_make(KEY, IPC_CREAT | 0600) >= 0);
		must(!ns_enter(other, CLONE_NEWIPC));
		must(shm_make(KEY, IPC_CREAT | 0600) >= 0);
		baton_pass(&up, 0);
		baton_take(&go);
		_exit(0);
	}
	baton_take(&up);
	EXPECT_GE(shm_make(KEY, 0), 0);
	baton_pass(&go, 0);
	ASSERT_EQ(0, proc_end(pid));
	EXPECT_EQ(-ENOENT, shm_make(KEY, 0));
	ASSERT_EQ(0, ns_enter(other, CLONE_NEWIPC));
	EXPECT_GE(shm_make(KEY, 0), 0);
}

TEST_HARNESS_MAIN

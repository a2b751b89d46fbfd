// SPDX-License-Identifier: GPL-2.0
/* Bad images and missing permission: an error, no task, and the kernel is well. */
#include <dirent.h>
#include <sched.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include "checkpoint.h"
#include "checkpoint_image.h"
#include "kselftest_harness.h"
#include "ckpt.h"
#include "forge.h"
#include "sysvshm.h"

static void *until_go(void *arg)
{
	job_await_go();
	return NULL;
}

/*
 * A tmpfs with something of each kind in it, and a bind of each kind, in a user namespace:
 * what it has been given is locked.
 */
static void mounts(void)
{
	int fd;

	must(!mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must(!mkdir(CKPT_DIR "/own", 0700) || errno == EEXIST);
	must(!mkdir(CKPT_DIR "/bound", 0700) || errno == EEXIST);
	must(!mount("own", CKPT_DIR "/own", "tmpfs", MS_NODEV, "size=1m,nr_inodes=50"));
	must(!mkdir(CKPT_DIR "/own/dir", 0755));
	fd = open(CKPT_DIR "/own/dir/file", O_CREAT | O_RDWR, 0600);
	must(write(fd, "contents", 8) == 8 && !link(CKPT_DIR "/own/dir/file", CKPT_DIR "/own/name"));
	must(!symlink("dir/file", CKPT_DIR "/own/link") && !mkfifo(CKPT_DIR "/own/fifo", 0600));
	must(!mount(CKPT_DIR "/own/dir", CKPT_DIR "/bound", NULL, MS_BIND, NULL));
	must(!mount(NULL, CKPT_DIR "/bound", NULL, MS_SHARED, NULL));
	must(!mount("/proc/sys", "/proc/sys", NULL, MS_BIND, NULL));
	must(!mount(NULL, "/proc/sys", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL));
}

JOB(simple)
{
	int p[2], q[2], fd, id = shmget(0x5151, 8192, IPC_CREAT | 0600);
	char *shm = shmat(id, NULL, 0);
	pthread_t thread;
	pid_t pid, leader;
	siginfo_t si;

	must(!pipe2(q, O_DIRECT) && write(q[1], "ab", 2) == 2 && write(q[1], "c", 1) == 1);
	must(!mkfifo(CKPT_DIR "/named", 0600) || errno == EEXIST);
	must(write(open(CKPT_DIR "/named", O_RDWR), "named", 5) == 5);
	fd = open(CKPT_DIR "/gone", O_CREAT | O_RDWR, 0600);
	must(write(fd, "unlinked", 8) == 8 && !unlink(CKPT_DIR "/gone"));
	must(shm != (void *)-1);
	strcpy(shm, "shared");
	must(!pipe(p) && write(p[1], "x", 1) == 1);
	/* other namespaces, and with a child there; an earlier job may have left its word */
	must(!unlink(CKPT_DIR "/inside") || errno == ENOENT);
	if (!fork()) {
		must(!shmdt(shm) && !unshare(CLONE_NEWUSER));
		must(!file_write("/proc/self/setgroups", "deny"));
		must(!file_write("/proc/self/uid_map", "0 0 1"));
		must(!file_write("/proc/self/gid_map", "0 0 1"));
		must(!unshare(CLONE_NEWNS));
		mounts();
		must(!unshare(CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP | CLONE_NEWTIME |
			      CLONE_NEWPID));
		if (!fork())
			job_touch(CKPT_DIR "/inside");
		until_go(NULL);
		_exit(0);
	}
	leader = fork();
	if (!leader)
		_exit(setpgid(0, 0));
	must(!waitid(P_PID, leader, &si, WEXITED | WNOWAIT) && !si.si_status);
	/* with it pages are shared copy-on-write; neither it nor its group has a leader */
	pid = fork();
	if (!pid) {
		must(!setpgid(0, leader));
		must(!pthread_create(&thread, NULL, until_go, NULL));
		syscall(SYS_exit, 0);
	}
	while (task_state(pid) != 'Z' || access(CKPT_DIR "/inside", F_OK))
		ckpt_nap();
	must(waitpid(leader, NULL, 0) == leader);
	job_pause();
	job_check(waitpid(pid, NULL, 0) == pid && wait(NULL) > 0);
	must(!shmctl(id, IPC_RMID, NULL));
}

static unsigned char image[4 << 20], mutant[4 << 20];
static size_t len;

static uint32_t random_number(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return *seed >> 33;
}

static void save(const char *path, const void *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	must(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	close(fd);
}

static void take_image(void)
{
	pid_t pid = ckpt_start("simple");
	int fd;

	must(!ckpt_save(pid, CKPT_DIR "/image"));
	ckpt_kill(pid);
	shm_segments(true);
	fd = open(CKPT_DIR "/image", O_RDONLY);
	len = read(fd, image, sizeof(image));
	must(len > 1000 && len < sizeof(image));
	close(fd);
}

/* Restarts what is in @data, and leaves nobody behind. Returns the tool's status. */
static int try_image(const void *data, size_t size)
{
	int status;

	save(CKPT_DIR "/mutant", data, size);
	status = ckpt_restart(CKPT_DIR "/mutant");
	if (!status) {
		/* harmless, or harmful to nobody but itself */
		must(!cg_write(CKPT_CG, "cgroup.kill", "1"));
	}
	must(!cg_await_empty(CKPT_CG));
	ckpt_reap();
	/* of a failure nothing is left */
	must(!shm_segments(true) || !status);
	return status;
}

FIXTURE(images) {
};

FIXTURE_SETUP(images)
{
	ckpt_setup();
	take_image();
}

FIXTURE_TEARDOWN(images)
{
	umount2(CKPT_DIR "/small", MNT_DETACH);
	ckpt_teardown();
	shm_segments(true);
}

TEST_F(images, the_image_itself_is_good)
{
	ASSERT_EQ(try_image(image, len), 0) TH_LOG("%s", ckpt_said());
}

TEST_F_TIMEOUT(images, an_image_that_is_cut_off_is_refused, 600)
{
	size_t at = 0;

	/* within and behind each record */
	while (at < len) {
		struct ckpt_record *r = (void *)(image + at);

		ASSERT_EQ(try_image(image, at), 1);
		ASSERT_EQ(try_image(image, at + 8), 1);
		ASSERT_EQ(try_image(image, at + sizeof(*r) + r->length / 2), 1);
		at += sizeof(*r) + ((r->length + 7) & ~7UL);
	}
}

TEST_F_TIMEOUT(images, a_flipped_byte_is_refused, 600)
{
	uint64_t seed = 1;
	size_t at;
	int i;

	for (i = 0; i < 200; i++) {
		memcpy(mutant, image, len);
		at = random_number(&seed) % len;
		mutant[at] ^= 1 << random_number(&seed) % 8;
		ASSERT_EQ(try_image(mutant, len), 1) TH_LOG("byte %zu", at);
	}
}

/* Not the contents of pages and registers: these are the program's own business. */
static bool is_contents(size_t at)
{
	size_t start = 0;

	for (;;) {
		struct ckpt_record *r = (void *)(image + start);

		if (at < start + sizeof(*r) + ((r->length + 7) & ~7UL))
			return (r->type == CKPT_PAGES && at >= start + 32) ||
			       (r->type == CKPT_CONTENTS && at >= start + 32) ||
			       (r->type == CKPT_REGS && at >= start + 24);
		start += sizeof(*r) + ((r->length + 7) & ~7UL);
	}
}

TEST_F_TIMEOUT(images, mutants_with_checksums_that_fit_leave_nothing_behind, 600)
{
	int i, refused = 0, tried = 0;
	uint64_t seed = 20260926;

	for (i = 0; tried < 400; i++) {
		size_t at = random_number(&seed) % len;

		if (is_contents(at))
			continue;
		memcpy(mutant, image, len);
		mutant[at] = random_number(&seed);
		forge_seal(mutant, len);
		refused += try_image(mutant, len) != 0;
		tried++;
	}
	ASSERT_GT(refused, 100);
	/* and the kernel still makes a good one of a good one */
	ASSERT_EQ(try_image(image, len), 0);
}

TEST_F(images, nobody_may_restart_without_the_capability)
{
	int status;
	pid_t pid;

	ASSERT_EQ(chmod(CKPT_DIR "/image", 0644), 0);
	pid = fork();
	if (!pid) {
		proc_become_nobody();
		_exit(WEXITSTATUS(system("bulkhead restart " CKPT_DIR "/image 2>/dev/null")));
	}
	status = proc_end(pid);
	ASSERT_EQ(status, 1);
	ASSERT_EQ(cg_await_empty(CKPT_CG), 0);
}

/* The tool cannot choose pids either, nor trace others: what the device itself says to nobody. */
TEST_F(images, the_device_itself_asks_for_the_capability)
{
	struct checkpoint_load load = { .fd = open(CKPT_DIR "/image", O_RDONLY | O_CLOEXEC) };
	pid_t pid = fork();

	if (!pid) {
		struct checkpoint_snapshot snapshot = { 0 };
		int dev = open("/dev/checkpoint", O_RDWR | O_CLOEXEC);
		char why;

		must(dev >= 0 && load.fd >= 0);
		proc_become_nobody();
		must(ioctl(dev, CHECKPOINT_LOAD, &load) == -1 && errno == EPERM);
		/* before anything of the image is looked at, of which it would tell */
		must(!read(dev, &why, 1));
		snapshot.pidfd = proc_pidfd(getpid());
		must(snapshot.pidfd >= 0);
		must(ioctl(dev, CHECKPOINT_SNAPSHOT, &snapshot) == -1 && errno == EPERM);
		_exit(0);
	}
	ASSERT_EQ(proc_end(pid), 0);
	close(load.fd);
}

TEST_F(images, nobody_may_checkpoint_without_the_capability)
{
	pid_t pid = ckpt_start("simple"), nobody;

	ASSERT_EQ(cg_write(CKPT_CG, "cgroup.freeze", "1"), 0);
	nobody = fork();
	if (!nobody) {
		char command[128];

		proc_become_nobody();
		snprintf(command, sizeof(command), "bulkhead checkpoint -o " CKPT_DIR "/x %d 2>"
			 CKPT_DIR "/said", pid);
		_exit(WEXITSTATUS(system(command)));
	}
	ASSERT_EQ(proc_end(nobody), 1);
	ASSERT_EQ(cg_write(CKPT_CG, "cgroup.freeze", "0"), 0);
	ASSERT_STREQ(ckpt_verdict(), "ok");
	ASSERT_EQ(proc_end(pid), 0);
}

/* How many entries the folder has beside itself and the one above. */
static int entries(const char *path)
{
	DIR *dir = opendir(path);
	int n = -2;

	must(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

TEST_F(images, a_write_that_fails_costs_no_earlier_image)
{
	char text[64];
	pid_t pid;

	ASSERT_EQ(0, mkdir(CKPT_DIR "/small", 0700));
	ASSERT_EQ(0, mount("small", CKPT_DIR "/small", "tmpfs", 0, "size=16k"));
	save(CKPT_DIR "/small/image", "precious", strlen("precious"));
	pid = ckpt_start("simple");
	EXPECT_EQ(1, ckpt_save(pid, CKPT_DIR "/small/image"));
	EXPECT_NE(NULL, strstr(ckpt_said(), CKPT_DIR "/small/image: No space left"))
		TH_LOG("%s", ckpt_said());
	EXPECT_LT(0, file_read(CKPT_DIR "/small/image", text, sizeof(text)));
	EXPECT_STREQ("precious", text);
	EXPECT_EQ(1, entries(CKPT_DIR "/small"));
	EXPECT_EQ(0, cg_key(CKPT_CG, "cgroup.events", "frozen"));
	EXPECT_STREQ("ok", ckpt_verdict());
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(images, an_earlier_image_is_replaced_by_way_of_a_link_too)
{
	pid_t pid;

	ASSERT_EQ(0, mkdir(CKPT_DIR "/images", 0700));
	save(CKPT_DIR "/images/one", "old", strlen("old"));
	ASSERT_EQ(0, symlink("one", CKPT_DIR "/images/link"));
	pid = ckpt_start("simple");
	EXPECT_EQ(0, ckpt_save(pid, CKPT_DIR "/images/link"));
	EXPECT_EQ(2, entries(CKPT_DIR "/images"));
	EXPECT_EQ(0, ckpt_tool("image verify " CKPT_DIR "/images/one"));
	ckpt_kill(pid);
}

TEST_F(images, it_goes_to_standard_output_and_to_a_fifo)
{
	char command[256];
	pid_t pid = ckpt_start("simple");

	snprintf(command, sizeof(command), "bulkhead checkpoint -o - %d | cat >" CKPT_DIR "/image",
		 pid);
	EXPECT_EQ(0, system(command));
	EXPECT_EQ(0, ckpt_tool("image verify " CKPT_DIR "/image"));
	ASSERT_EQ(0, mkfifo(CKPT_DIR "/fifo", 0600));
	snprintf(command, sizeof(command), "cat " CKPT_DIR "/fifo >" CKPT_DIR "/image & "
		 "bulkhead checkpoint -o " CKPT_DIR "/fifo %d && wait", pid);
	EXPECT_EQ(0, system(command));
	EXPECT_EQ(0, ckpt_tool("image verify " CKPT_DIR "/image"));
	EXPECT_EQ(0, access(CKPT_DIR "/fifo", F_OK));
	ckpt_kill(pid);
}

TEST_F(images, it_goes_to_a_device)
{
	pid_t pid = ckpt_start("simple");

	EXPECT_EQ(0, ckpt_save(pid, "/dev/null")) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
}

/* Runs @bulkhead with an end of a socket in the place of @fd, 0 or 1, and @cat with the other. */
static int by_socket(int fd, const char *bulkhead, const char *cat)
{
	int ends[2], status;
	pid_t pid;

	must(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
	pid = proc_fork_bound(0);
	if (!pid) {
		must(dup2(ends[1], !fd) == !fd);
		close(ends[0]);
		close(ends[1]);
		_exit(WEXITSTATUS(system(cat)));
	}
	close(ends[1]);
	status = proc_fork_bound(0);
	if (!status) {
		must(dup2(ends[0], fd) == fd);
		close(ends[0]);
		_exit(WEXITSTATUS(system(bulkhead)));
	}
	close(ends[0]);
	status = proc_end(status);
	return proc_end(pid) ?: status;
}

TEST_F(images, it_goes_through_a_socket_and_comes_back_by_one)
{
	char command[256];
	pid_t pid = ckpt_start("simple");

	snprintf(command, sizeof(command), "bulkhead checkpoint %d", pid);
	EXPECT_EQ(0, by_socket(STDOUT_FILENO, command, "cat >" CKPT_DIR "/image"));
	EXPECT_EQ(0, ckpt_tool("image verify " CKPT_DIR "/image"));
	ckpt_kill(pid);
	shm_segments(true);
	EXPECT_EQ(0, by_socket(STDIN_FILENO, "bulkhead restart -d >/dev/null", "cat " CKPT_DIR "/image"));
	EXPECT_STREQ("ok", ckpt_verdict());
	ckpt_reap();
}

/* Where there are, suite rseq has more to say. */
TEST_F(images, restartable_sequences_are_refused_where_there_are_none)
{
	struct ckpt_task *t = NULL;
	struct ckpt_record *r;
	size_t at;

	if (syscall(SYS_rseq, NULL, 0, 0, 0) != -1 || errno != ENOSYS)
		SKIP(return, "the kernel has CONFIG_RSEQ");
	memcpy(mutant, image, len);
	for (at = 0; !t; at += sizeof(*r) + ((r->length + 7) & ~7UL)) {
		r = (void *)(mutant + at);
		if (r->type == CKPT_TASK)
			t = (void *)(r + 1);
	}
	t->rseq = 0x10000000;
	t->rseq_len = 32;
	forge_seal(mutant, len);
	ASSERT_NE(try_image(mutant, len), 0);
	ASSERT_NE(strstr(ckpt_said(), "restartable sequences are not supported here"), NULL) {
		TH_LOG("%s", ckpt_said());
	}
}

TEST_F(images, a_pid_that_is_none_is_bad_usage)
{
	static const char * const bad[] = { "0", "-- -1", "1/x", "''", "4294967297", "1 2" };
	char args[64];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(args, sizeof(args), "checkpoint -o /dev/null %s", bad[i]);
		EXPECT_EQ(2, ckpt_tool(args))
			TH_LOG("%s", bad[i]);
	}
}

TEST_HARNESS_MAIN

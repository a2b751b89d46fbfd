// SPDX-License-Identifier: GPL-2.0
/*
 * Every allocation of a checkpoint and of a restart is made to fail in turn, by
 * /proc/PID/fail-nth (Documentation/fault-injection/fault-injection.rst): there
 * is an error, the tree is unharmed, nothing is left behind, and the next
 * attempt works. Leaks and splats are the harness's to find.
 */
#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include "kselftest_harness.h"
#include "checkpoint.h"
#include "ckpt.h"
#include "sysvshm.h"

#define IMAGE	CKPT_DIR "/image"

/* Something of every kind of object that one process can have. */
JOB(rich)
{
	int ends[2], packets[2], fifo, gone_file, mem = memfd_create("faults", MFD_ALLOW_SEALING), ev = eventfd(9, 0);
	struct sigevent se = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec far = { .it_value.tv_sec = 1000 }, left;
	int id = shmget(0x7171, 8192, IPC_CREAT | 0600), gone = shmget(IPC_PRIVATE, 4096, 0600);
	char *shared, *private, buf[8], *segment = shmat(id, NULL, 0), *other = shmat(gone, NULL, 0);
	uint64_t count;
	timer_t timer;
	sigset_t set;
	int file;

	must(!unshare(CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_NEWTIME));
	must(!pipe(ends) && write(ends[1], "content", 7) == 7);
	must(!pipe2(packets, O_DIRECT) && write(packets[1], "a", 1) == 1);
	must(write(packets[1], "bc", 2) == 2 && !mkfifo(CKPT_DIR "/fifo", 0600));
	fifo = open(CKPT_DIR "/fifo", O_RDWR);
	must(write(fifo, "named", 5) == 5);
	gone_file = open(CKPT_DIR "/gone", O_CREAT | O_RDWR, 0600);
	must(write(gone_file, "unlinked", 8) == 8 && !unlink(CKPT_DIR "/gone"));
	must(mem >= 0 && !ftruncate(mem, 8192) && ev >= 0);
	shared = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, mem, 0);
	private = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(shared != MAP_FAILED && private != MAP_FAILED);
	must(segment != (void *)-1 && other != (void *)-1 && !shmctl(gone, IPC_RMID, NULL));
	shared[5000] = 5;
	private[9000] = 9;
	segment[6000] = 6;
	other[0] = 7;
	file = open(CKPT_DIR "/file", O_CREAT | O_RDWR, 0600);
	must(write(file, "0123456789", 10) == 10 && lseek(file, 4, SEEK_SET) == 4);
	must(!timer_create(CLOCK_MONOTONIC, &se, &timer) && !timer_settime(timer, 0, &far, NULL));
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	must(!sigprocmask(SIG_BLOCK, &set, NULL));
	must(!sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 3 }));
	job_pause();
	job_check(shared[5000] == 5 && private[9000] == 9);
	job_check(segment[6000] == 6 && other[0] == 7 && shmget(0x7171, 0, 0) == id);
	job_check(!shmctl(id, IPC_RMID, NULL));
	job_check(read(file, buf, 3) == 3 && !memcmp(buf, "456", 3));
	job_check(read(ends[0], buf, 8) == 7 && !memcmp(buf, "content", 7));
	job_check(read(packets[0], buf, 8) == 1 && read(packets[0], buf, 8) == 2);
	job_check(read(fifo, buf, 8) == 5 && !memcmp(buf, "named", 5));
	job_check(pread(gone_file, buf, 8, 0) == 8 && !memcmp(buf, "unlinked", 8));
	job_check(read(ev, &count, 8) == 8 && count == 9);
	job_check(!timer_gettime(timer, &left) && left.it_value.tv_sec > 900);
	job_check(!sigpending(&set) && sigismember(&set, SIGRTMIN));
}

#define OWN	CKPT_DIR "/own"

/* A mount namespace with a tmpfs; files of it are open, one of them deleted. */
static void mount_own(void)
{
	must(!unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must(!mkdir(OWN, 0700) || errno == EEXIST);
	must(!mount("own", OWN, "tmpfs", 0, "size=1m"));
}

static void fill_own(void)
{
	int fd = open(OWN "/file", O_CREAT | O_RDWR, 0600);

	must(fd >= 0 && write(fd, "contents", 8) == 8 && !link(OWN "/file", OWN "/name"));
	must(!symlink("file", OWN "/link") && !mkdir(OWN "/dir", 0700));
	fd = open(OWN "/gone", O_CREAT | O_RDWR, 0600);
	must(write(fd, "unlinked", 8) == 8 && !unlink(OWN "/gone"));
}

JOB(mounted)
{
	char buf[8];

	mount_own();
	fill_own();
	job_pause();
	job_check(pread(3, buf, 8, 0) == 8 && !memcmp(buf, "contents", 8));
	job_check(pread(4, buf, 8, 0) == 8 && !memcmp(buf, "unlinked", 8));
	job_check(!access(OWN "/name", F_OK));
}

static void *idle(void *arg)
{
	proc_sleep_forever();
	return NULL;
}

/*
 * And what only several tasks have: a thread, one that has ended, a child that
 * shares pages, has no first thread any more, and whose group has no leader, and
 * one in a pid namespace, an ipc namespace and a cgroup of its own.
 */
JOB(crowd)
{
	pid_t ended = fork(), leader, headless, child;
	siginfo_t si;
	pthread_t t;
	int status;

	if (!ended)
		_exit(5);
	must(!waitid(P_PID, ended, &si, WEXITED | WNOWAIT));
	leader = fork();
	if (!leader)
		_exit(setpgid(0, 0));
	must(!waitid(P_PID, leader, &si, WEXITED | WNOWAIT) && !si.si_status);
	headless = fork();
	if (!headless) {
		must(!setpgid(0, leader));
		must(!pthread_create(&t, NULL, idle, NULL));
		syscall(SYS_exit, 0);
	}
	while (task_state(headless) != 'Z')
		ckpt_nap();
	must(waitpid(leader, NULL, 0) == leader);
	must(!pthread_create(&t, NULL, idle, NULL));
	must(!cg_create(CKPT_CG "/below") && !unshare(CLONE_NEWPID));
	child = fork();
	if (!child) {
		/* 0: itself, which has another pid where the files of the cgroup are */
		must(!cg_enter(CKPT_CG "/below", 0) && !unshare(CLONE_NEWIPC));
		mount_own();
		fill_own();
		must(!chroot(OWN));
		/* by its current directory, which is not within */
		job_touch("tmp/ckpt/inside");
		proc_sleep_forever();
	}
	while (access(CKPT_DIR "/inside", F_OK))
		ckpt_nap();
	job_pause();
	job_check(waitpid(ended, &status, 0) == ended && WEXITSTATUS(status) == 5);
	job_check(!kill(child, SIGKILL) && waitpid(child, &status, 0) == child);
}

/* Open while an allocation is to fail, as to open it again might be what fails. */
static int nth_fd = -1;

/* Lets the @n-th allocation of the calling task fail, from now on. */
static void fail_nth(long n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%ld", n);

	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	must(nth_fd >= 0 && pwrite(nth_fd, text, len, 0) == len);
}

/* Takes it back. Returns whether it has come to pass. */
static bool has_failed(void)
{
	char text[16] = "";

	/* to copy this may be what fails, and so may the next */
	ssize_t n = pread(nth_fd, text, sizeof(text) - 1, 0);

	must(pwrite(nth_fd, "0", 1, 0) == 1 || pwrite(nth_fd, "0", 1, 0) == 1);
	close(nth_fd);
	return n > 0 && !atol(text);
}

/* Takes the frozen tree of @pid, or fails. The error number, or 0. */
static int take(pid_t pid, long nth, bool *failed)
{
	struct checkpoint_snapshot snapshot = { .pidfd = proc_pidfd(pid) };
	struct checkpoint_write out;
	int dev = open("/dev/checkpoint", O_RDWR | O_CLOEXEC), err;

	must(dev >= 0 && snapshot.pidfd >= 0);
	out = (struct checkpoint_write){
		.fd = open(IMAGE ".new", O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600),
	};
	must(out.fd >= 0);
	fail_nth(nth);
	err = ioctl(dev, CHECKPOINT_SNAPSHOT, &snapshot) ? errno : 0;
	if (!err)
		err = ioctl(dev, CHECKPOINT_WRITE, &out) ? errno : 0;
	*failed = has_failed();
	close(out.fd);
	close(snapshot.pidfd);
	close(dev);
	return err;
}

/* Where the failing allocation of a restart is. */
enum place { AT_LOAD, AT_MOUNT, AT_RESTORE, AT_FINISH };

/* What the tool does for a process with a mount namespace, as far as it is needed. */
static int make_own(int dev, long nth)
{
	struct checkpoint_filesystem fs = { .fs = 1 };
	int fd;

	mount_own();
	fd = open(OWN "/file", O_CREAT | O_RDWR, 0600);
	must(fd >= 0 && !ftruncate(fd, 8) && !link(OWN "/file", OWN "/name"));
	fs.fd = open(OWN, O_RDONLY | O_DIRECTORY);
	must(fs.fd >= 0);
	if (nth)
		fail_nth(nth);
	return ioctl(dev, CHECKPOINT_FILESYSTEM, &fs);
}

/*
 * Restarts the image of one process, @pid, in the job's cgroup, as the tool
 * does it. Returns the error number of the request that failed, or 0.
 */
static int restart(pid_t pid, bool mounted, enum place place, long nth, bool *failed)
{
	struct checkpoint_load load = { .fd = open(IMAGE, O_RDONLY | O_CLOEXEC) };
	int dev = open("/dev/checkpoint", O_RDWR | O_CLOEXEC), err;
	struct checkpoint_finish finish;
	struct clone_args args = {
		.flags = CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.set_tid = (uintptr_t)&pid,
		.set_tid_size = 1,
		.cgroup = open(CKPT_CG, O_PATH | O_DIRECTORY | O_CLOEXEC),
	};
	char path[64];
	pid_t child;

	must(load.fd >= 0 && dev >= 0);
	if (place == AT_LOAD)
		fail_nth(nth);
	err = ioctl(dev, CHECKPOINT_LOAD, &load) ? errno : 0;
	if (place == AT_LOAD)
		*failed = has_failed();
	close(load.fd);
	if (!err) {
		child = proc_clone3(&args);
		if (!child) {
			if (mounted && make_own(dev, place == AT_MOUNT ? nth : 0))
				_exit(1);
			if (place == AT_RESTORE)
				fail_nth(nth);
			ioctl(dev, CHECKPOINT_RESTORE, 0L);
			_exit(1);
		}
		must(child == pid);
		if (place == AT_FINISH)
			fail_nth(nth);
		err = ioctl(dev, CHECKPOINT_FINISH, &finish) ? errno : 0;
		if (place == AT_FINISH)
			*failed = has_failed();
		if ((place == AT_RESTORE || place == AT_MOUNT) && !err) {
			snprintf(path, sizeof(path), "/proc/%d/fail-nth", pid);
			*failed = !file_number(path);
			must(!file_write(path, "0"));
		} else if (place == AT_RESTORE || place == AT_MOUNT) {
			*failed = true;
		}
	}
	close(dev);
	close(args.cgroup);
	return err;
}

FIXTURE(faults) {
	pid_t pid;
};

FIXTURE_VARIANT(faults) {
	const char *job;
};

FIXTURE_VARIANT_ADD(faults, one_process) {
	.job = "rich",
};

FIXTURE_VARIANT_ADD(faults, a_mount_namespace) {
	.job = "mounted",
};

FIXTURE_VARIANT_ADD(faults, several_tasks) {
	.job = "crowd",
};

FIXTURE_SETUP(faults)
{
	if (access("/proc/self/fail-nth", W_OK))
		SKIP(return, "the kernel has no fault injection");
	/* user-space memory, too, and whoever may sleep */
	must(!file_write("/sys/kernel/debug/failslab/ignore-gfp-wait", "N"));
	must(!file_write("/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N"));
	must(!file_write("/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem", "N"));
	must(!file_write("/sys/kernel/debug/fail_page_alloc/min-order", "0"));
	ckpt_setup();
	self->pid = ckpt_start(variant->job);
}

FIXTURE_TEARDOWN(faults)
{
	ckpt_teardown();
	shm_segments(true);
}

#define ROUNDS	5000	/* more than there are allocations */

TEST_F_TIMEOUT(faults, a_checkpoint_fails_and_the_tree_is_unharmed, 300)
{
	bool failed = true;
	long n, errors = 0;
	int err;

	ASSERT_EQ(cg_write(CKPT_CG, "cgroup.freeze", "1"), 0);
	while (cg_key(CKPT_CG, "cgroup.events", "frozen") != 1)
		ckpt_nap();
	/* with a cgroup below that may be said a moment too early */
	while (take(self->pid, 0, &failed) == EBUSY)
		ckpt_nap();
	failed = true;
	for (n = 1; failed && n < ROUNDS; n++) {
		err = take(self->pid, n, &failed);
		errors += !!err;
		/* what did not fail, or did no harm, is whole */
		if (err) {
			ASSERT_TRUE(failed) TH_LOG("%ld: error %d for nothing", n, err);
			continue;
		}
		ASSERT_EQ(ckpt_tool("image verify " IMAGE ".new"), 0)
			TH_LOG("%ld: %s", n, ckpt_said());
	}
	TH_LOG("%ld allocations, %ld errors", n - 2, errors);
	ASSERT_FALSE(failed);
	ASSERT_GT(errors, 20);
	ASSERT_EQ(cg_write(CKPT_CG, "cgroup.freeze", "0"), 0);
	ASSERT_STREQ(ckpt_verdict(), "ok");
	ASSERT_EQ(proc_end(self->pid), 0);
}

static void fail_restarts(struct __test_metadata *_metadata, pid_t pid, bool mounted,
			  enum place place)
{
	bool failed = true;
	long n, errors = 0;
	int err;

	for (n = 1; failed && n < ROUNDS; n++) {
		err = restart(pid, mounted, place, n, &failed);
		errors += !!err;
		if (err) {
			ASSERT_TRUE(failed) TH_LOG("%ld: error %d for nothing", n, err);
		}
		/* of a failure nothing is left, and what came back is thrown away */
		if (!err && failed)
			must(!cg_write(CKPT_CG, "cgroup.kill", "1"));
		if (failed) {
			while (waitpid(pid, NULL, 0) > 0)
				;
			ASSERT_EQ(cg_await_empty(CKPT_CG), 0) TH_LOG("%ld: error %d", n, err);
			must(!shm_segments(true) || !err);
		}
	}
	TH_LOG("%ld allocations, %ld errors", n - 2, errors);
	ASSERT_FALSE(failed);
	/* the last one had none that failed: it is whole */
	ASSERT_EQ(err, 0);
	ASSERT_GT(errors, 0);
	ASSERT_STREQ(ckpt_verdict(), "ok");
	ASSERT_EQ(proc_end(pid), 0);
}

TEST_F_TIMEOUT(faults, a_restart_fails_and_nothing_is_left, 300)
{
	bool mounted = !strcmp(variant->job, "mounted");
	enum place place;

	if (!strcmp(variant->job, "crowd"))
		SKIP(return, "the image of one process is what this restarts");
	ASSERT_EQ(ckpt_save(self->pid, IMAGE), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(self->pid);
	shm_segments(true);
	for (place = AT_LOAD; place <= AT_FINISH; place++)
		if (place != AT_MOUNT || mounted)
			fail_restarts(_metadata, self->pid, mounted, place);
}

/* An image of several tasks is read at least: what it has in common is made then. */
TEST_F_TIMEOUT(faults, reading_an_image_fails_and_nothing_is_left, 300)
{
	bool failed = true;
	long n, errors = 0;

	if (strcmp(variant->job, "crowd"))
		SKIP(return, "that of one process is restarted, too");
	ASSERT_EQ(ckpt_save(self->pid, IMAGE), 0) TH_LOG("%s", ckpt_said());
	for (n = 1; failed && n < ROUNDS; n++) {
		struct checkpoint_load load = { .fd = open(IMAGE, O_RDONLY | O_CLOEXEC) };
		int dev = open("/dev/checkpoint", O_RDWR | O_CLOEXEC), err;

		must(load.fd >= 0 && dev >= 0);
		fail_nth(n);
		err = ioctl(dev, CHECKPOINT_LOAD, &load) ? errno : 0;
		failed = has_failed();
		errors += !!err;
		close(load.fd);
		close(dev);
		ASSERT_TRUE(failed || !err) TH_LOG("%ld: error %d for nothing", n, err);
	}
	TH_LOG("%ld allocations, %ld errors", n - 2, errors);
	ASSERT_FALSE(failed);
	ASSERT_GT(errors, 20);
	ASSERT_STREQ(ckpt_verdict(), "ok");
	ASSERT_EQ(proc_end(self->pid), 0);
}

TEST_HARNESS_MAIN

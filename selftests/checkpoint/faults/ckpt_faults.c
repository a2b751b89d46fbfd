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
#include <sys/statvfs.h>
#include "kselftest_harness.h"
#include "checkpoint.h"
#include "ckpt.h"
#include "nth.h"
#include "own.h"
#include "restarter.h"
#include "sysvshm.h"

#define IMAGE	CKPT_DIR "/image"

/* Moves the caller to a user namespace in which only root is known. */
static void enter_user(void)
{
	must(!unshare(CLONE_NEWUSER) && !file_write("/proc/self/setgroups", "deny"));
	must(!file_write("/proc/self/uid_map", "0 0 1"));
	must(!file_write("/proc/self/gid_map", "0 0 1"));
}

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

	enter_user();
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
 * And what only several tasks have: pages, a segment and a deleted file that they
 * share, a thread, a child that has ended, one that has no first thread any more and
 * whose group has no leader, and one in a pid namespace, a mount namespace, an ipc
 * namespace owned by a user namespace, and a cgroup of its own.
 */
JOB(crowd)
{
	int gone = open(CKPT_DIR "/gone", O_CREAT | O_RDWR, 0600), id = shmget(0x7171, 8192, IPC_CREAT | 0600);
	char *private = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *segment = shmat(id, NULL, 0), *file;
	pid_t ended, leader, headless, child;
	siginfo_t si;
	pthread_t t;
	int status;

	must(private != MAP_FAILED && segment != (void *)-1);
	must(!ftruncate(gone, 8192) && !unlink(CKPT_DIR "/gone"));
	file = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, gone, 0);
	must(file != MAP_FAILED);
	memset(private, 3, 65536);
	file[5000] = 5;
	segment[6000] = 6;
	ended = fork();
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
		must(!cg_enter(CKPT_CG "/below", 0) && !shmdt(segment));
		private[9000] = 4;
		mount_own();
		fill_own();
		enter_user();
		must(!unshare(CLONE_NEWIPC) && !chroot(OWN));
		/* by its current directory, which is not within */
		job_touch("tmp/ckpt/inside");
		proc_sleep_forever();
	}
	while (access(CKPT_DIR "/inside", F_OK))
		ckpt_nap();
	job_pause();
	job_check(private[9000] == 3 && private[20000] == 3 && file[5000] == 5);
	job_check(segment[6000] == 6 && shmget(0x7171, 0, 0) == id && !shmctl(id, IPC_RMID, NULL));
	job_check(waitpid(ended, &status, 0) == ended && WEXITSTATUS(status) == 5);
	job_check(!kill(child, SIGKILL) && waitpid(child, &status, 0) == child);
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
	nth_setup();
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

/* Unnamed files are gone a moment after their last user. */
static bool inodes_are_free(unsigned long want)
{
	struct statvfs s;
	int i;

	for (i = 0; i < PROC_HANG_MS / 2; i++) {
		must(!statvfs(CKPT_DIR, &s));
		if (s.f_ffree >= want)
			return true;
		ckpt_nap();
	}
	return false;
}

static void reap_all(void)
{
	while (waitpid(-1, NULL, __WALL) > 0 || errno == EINTR)
		;
}

/*
 * Every allocation that is made at @place, by the task of that index, fails in
 * turn, until all of them have and the image comes back whole.
 */
static void fail_restarts(struct __test_metadata *_metadata, enum place place, uint32_t task)
{
	struct fault f = { .place = place, .task = task, .nth = 1 };
	unsigned long before;
	struct statvfs s;
	bool failed = true;
	long errors = 0;
	int err;

	ASSERT_EQ(statvfs(CKPT_DIR, &s), 0);
	before = s.f_ffree;
	for (; f.nth < ROUNDS; f.nth++) {
		err = restart(IMAGE, f, &failed);
		errors += !!err;
		if (err) {
			ASSERT_TRUE(failed) TH_LOG("%ld: error %d for nothing", f.nth, err);
		}
		if (!failed)
			break;
		/* of a failure nothing is left, and what came back is thrown away */
		if (!err)
			must(!cg_write(CKPT_CG, "cgroup.kill", "1"));
		reap_all();
		ASSERT_EQ(cg_await_empty(CKPT_CG), 0) TH_LOG("%ld: error %d", f.nth, err);
		if (err) {
			ASSERT_EQ(shm_segments(false), 0) TH_LOG("%ld: error %d", f.nth, err);
		}
		shm_segments(true);
		ASSERT_TRUE(inodes_are_free(before)) TH_LOG("%ld: error %d", f.nth, err);
	}
	TH_LOG("place %d, task %u: %ld allocations, %ld errors", place, task, f.nth - 1, errors);
	ASSERT_FALSE(failed);
	/* the last one had none that failed: it is whole */
	ASSERT_EQ(err, 0);
	ASSERT_GT(errors, 0);
	ASSERT_STREQ(ckpt_verdict(), "ok");
	must(!cg_write(CKPT_CG, "cgroup.kill", "1"));
	reap_all();
	ASSERT_EQ(shm_segments(false), 0);
}

static void save_and_kill(struct __test_metadata *_metadata, pid_t pid)
{
	ASSERT_EQ(ckpt_save(pid, IMAGE), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	shm_segments(true);
}

TEST_F_TIMEOUT(faults, the_one_in_charge_of_a_restart_fails_and_nothing_is_left, 600)
{
	save_and_kill(_metadata, self->pid);
	fail_restarts(_metadata, AT_LOAD, 0);
	if (nr_users)
		fail_restarts(_metadata, AT_USER, 0);
	fail_restarts(_metadata, AT_FINISH, 0);
}

TEST_F_TIMEOUT(faults, each_task_of_a_restart_fails_and_nothing_is_left, 900)
{
	uint32_t i;

	save_and_kill(_metadata, self->pid);
	fail_restarts(_metadata, AT_RESTORE, 0);
	/* their number is known by now */
	for (i = 0; i < nr_tasks; i++) {
		if (i)
			fail_restarts(_metadata, AT_RESTORE, i);
		if (tasks[i].mnt)
			fail_restarts(_metadata, AT_MOUNT, i);
	}
}

TEST_HARNESS_MAIN

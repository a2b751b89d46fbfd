/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Restarts an image as bulkhead does it, with one allocation that fails on the
 * way: in the process in charge, or in one of the tasks that it makes.
 */
#ifndef BULKHEAD_RESTARTER_H
#define BULKHEAD_RESTARTER_H

#include <endian.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "checkpoint.h"
#include "checkpoint_image.h"
#include "ckpt.h"
#include "nth.h"
#include "own.h"

#define TASKS_MAX	16
#define THREAD_STACK	65536
#define LAST_PID	"/proc/sys/kernel/ns_last_pid"

/* Where the failing allocation of a restart is. */
enum place { AT_LOAD, AT_USER, AT_FINISH, AT_RESTORE, AT_MOUNT };

struct fault {
	enum place place;
	uint32_t task;	/* AT_RESTORE, AT_MOUNT: which, by its index */
	long nth;
};

static struct checkpoint_task tasks[TASKS_MAX];
static uint32_t nr_tasks, nr_users, pids[TASKS_MAX];
static struct fault fault;
static int dev, first_cgroup;
static bool user_failed;
static char cgroups[TASKS_MAX][1200];

/* Locked while one is made, as the pid of a thread is chosen for all. Who dies lets go of it. */
static int making;

static void live(uint32_t i);

static int live_thread(void *arg)
{
	live((uintptr_t)arg);
	return 1;
}

/*
 * A thread gets its pid from the file, as clone(2) asks for none. Whoever is made later, by the
 * kernel too, gets one from where the file was, and takes none that the image needs.
 */
static void make_thread(uint32_t i)
{
	char *stack = mmap(NULL, THREAD_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long last = file_number(LAST_PID);

	must(stack != MAP_FAILED && last > 0);
	must(!file_printf(LAST_PID, "%ld", (long)tasks[i].pid - 1));
	must(clone(live_thread, stack + THREAD_STACK, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM,
		   (void *)(uintptr_t)i) == (int)tasks[i].pid);
	must(!file_printf(LAST_PID, "%ld", last));
}

/* Returns 0 in the process that was made. In nested pid namespaces, as far as one level. */
static pid_t make_process(uint32_t i)
{
	pid_t tid[2] = { pids[i], tasks[i].pid };
	struct clone_args args = {
		.flags = CLONE_INTO_CGROUP,
		.exit_signal = i ? tasks[i].exit_signal : SIGCHLD,
		.set_tid = (uintptr_t)(tasks[i].nr_pids ? tid : tid + 1),
		.set_tid_size = tasks[i].nr_pids + 1,
		.cgroup = first_cgroup,
	};

	if (i && tasks[i].init == i)
		args.flags |= CLONE_NEWPID;
	if (tasks[i].cgroup) {
		args.cgroup = open(cgroups[tasks[i].cgroup - 1], O_PATH | O_DIRECTORY | O_CLOEXEC);
		must((int)args.cgroup >= 0);
	}
	return proc_clone3(&args);
}

static void make(uint32_t i)
{
	pid_t pid = 1;

	must(!lockf(making, F_LOCK, 0));
	if (tasks[i].flags & CHECKPOINT_TASK_THREAD)
		make_thread(i);
	else
		pid = make_process(i);
	if (!pid)
		live(i);
	must(!lockf(making, F_ULOCK, 0));
	must(pid > 0);
}

/* Hands the only file system of the image over, or gives up. */
static void hand_over_own(bool fail)
{
	struct checkpoint_filesystem fs = { .fs = 1, .fd = make_own() };

	if (fail)
		fail_nth(fault.nth);
	if (ioctl(dev, CHECKPOINT_FILESYSTEM, &fs)) {
		must(write(dev, "no file system", 14) == 14);
		_exit(1);
	}
	close(fs.fd);
}

/* The task @i: makes those that it has made once, then becomes what it was. */
static void live(uint32_t i)
{
	uint32_t j;

	if (tasks[i].mnt && (!i || tasks[i].mnt != tasks[tasks[i].parent].mnt))
		hand_over_own(fault.place == AT_MOUNT && fault.task == i);
	for (j = i + 1; j < nr_tasks; j++)
		if (tasks[j].parent == i)
			make(j);
	if (fault.place == AT_RESTORE && fault.task == i)
		fail_nth(fault.nth);
	ioctl(dev, CHECKPOINT_RESTORE, (unsigned long)i);
	_exit(1);
}

/* Has the tables of the image, and makes the cgroups that tasks are in. */
static void get_tables(const struct checkpoint_load *load)
{
	struct checkpoint_tasks t = {
		.tasks = (uintptr_t)tasks,
		.count = TASKS_MAX,
		.pids = (uintptr_t)pids,
		.nr_pids = TASKS_MAX,
	};
	char paths[1024], *path = paths;
	struct checkpoint_cgroups c = { .paths = (uintptr_t)paths, .size = sizeof(paths) };
	uint32_t nested[TASKS_MAX], i, n = 0;

	nr_tasks = load->nr_tasks;
	must(nr_tasks <= TASKS_MAX && load->nr_pids <= TASKS_MAX);
	must(!ioctl(dev, CHECKPOINT_TASKS, &t));
	memcpy(nested, pids, sizeof(nested));
	for (i = 0; i < nr_tasks; i++) {
		must(tasks[i].nr_pids <= 1);
		pids[i] = tasks[i].nr_pids ? nested[n++] : 0;
	}
	must(!ioctl(dev, CHECKPOINT_CGROUPS, &c));
	for (i = 0; i < c.count; i++) {
		snprintf(cgroups[i], sizeof(cgroups[i]), CKPT_CG "%s", path);
		must(!cg_create(cgroups[i]) || errno == EEXIST);
		path += strlen(path) + 1;
	}
}

/* Makes a user namespace in which only root is known. Its file. */
static int make_user(void)
{
	pid_t pid = proc_fork(CLONE_NEWUSER | CLONE_FILES);
	char path[64];
	int fd;

	if (!pid)
		proc_sleep_forever();
	must(pid > 0);
	snprintf(path, sizeof(path), "/proc/%d/setgroups", pid);
	must(!file_write(path, "deny"));
	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	must(!file_write(path, "0 0 1"));
	snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
	must(!file_write(path, "0 0 1"));
	snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	must(fd >= 0 && proc_kill(pid) == -SIGKILL);
	return fd;
}

/* Hands over what the image has of user namespaces. The error number, or 0. */
static int hand_over_users(void)
{
	struct {
		struct ckpt_ns ns;
		char data[16384];
	} record;
	struct checkpoint_ns ns = { .data = (uintptr_t)&record };
	struct checkpoint_user user;
	int err = 0;

	nr_users = 0;
	for (;;) {
		ns.id++;
		ns.size = sizeof(record);
		if (ioctl(dev, CHECKPOINT_NS, &ns)) {
			must(errno == ESRCH);
			return 0;
		}
		if (le32toh(record.ns.kind) != CKPT_NS_USER)
			continue;
		nr_users++;
		user = (struct checkpoint_user){ .id = ns.id, .fd = make_user() };
		if (fault.place == AT_USER)
			fail_nth(fault.nth);
		err = ioctl(dev, CHECKPOINT_USER, &user) ? errno : 0;
		if (fault.place == AT_USER)
			user_failed = has_failed();
		close(user.fd);
		if (err)
			return err;
	}
}

/* Whether the allocation of a task that was restarted has failed; after that none does. */
static bool task_has_failed(pid_t pid)
{
	char path[64];
	bool failed;

	snprintf(path, sizeof(path), "/proc/%d/fail-nth", pid);
	failed = !file_number(path);
	must(!file_write(path, "0"));
	return failed;
}

/*
 * Restarts @image in the job's cgroup, with @f. Returns the error number of the
 * request that failed, or 0. @failed: whether the allocation has.
 */
static int restart(const char *image, struct fault f, bool *failed)
{
	struct checkpoint_load load = { .fd = open(image, O_RDONLY | O_CLOEXEC) };
	struct checkpoint_finish finish;
	int err;

	fault = f;
	making = open(CKPT_DIR "/making", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	dev = open("/dev/checkpoint", O_RDWR | O_CLOEXEC);
	first_cgroup = open(CKPT_CG, O_PATH | O_DIRECTORY | O_CLOEXEC);
	must(making >= 0 && !unlink(CKPT_DIR "/making") && load.fd >= 0 && dev >= 0 && first_cgroup >= 0);
	if (f.place == AT_LOAD)
		fail_nth(f.nth);
	err = ioctl(dev, CHECKPOINT_LOAD, &load) ? errno : 0;
	if (f.place == AT_LOAD)
		*failed = has_failed();
	if (!err)
		err = hand_over_users();
	if (f.place == AT_USER)
		*failed = user_failed;
	if (!err) {
		get_tables(&load);
		make(0);
		if (f.place == AT_FINISH)
			fail_nth(f.nth);
		err = ioctl(dev, CHECKPOINT_FINISH, &finish) ? errno : 0;
		if (f.place == AT_FINISH)
			*failed = has_failed();
		if (f.place == AT_RESTORE || f.place == AT_MOUNT)
			*failed = err || task_has_failed(tasks[f.task].pid);
	}
	close(making);
	close(load.fd);
	close(dev);
	close(first_cgroup);
	return err;
}

#endif /* BULKHEAD_RESTARTER_H */

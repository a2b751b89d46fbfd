// SPDX-License-Identifier: GPL-2.0
/*
 * bulkhead restart [FILE]: makes the processes of an image, with the pids and
 * parents that it says, and lets each become what it was
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/checkpoint.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bulkhead.h"
#include "cgroup.h"
#include "container.h"
#include "device.h"
#include "mounts.h"
#include "placement.h"
#include "process.h"
#include "say.h"
#include "users.h"

struct arguments {
	const char *in;
	const char *name;	/* of the container to be made, or NULL */
	bool detach;
	bool json;
};

static const struct argp_option options[] = {
	{ "detach", 'd', NULL, 0, "print the pid of the first process, or the name of its "
	  "container, and leave it alone", 0 },
	{ "name", 'n', "NAME", 0, "make a container of this name of them", 0 },
	{ "json", 'J', NULL, 0, "with --detach: print what was made as JSON", 0 },
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case 'd':
		a->detach = true;
		return 0;
	case 'n':
		container_name_check(state, arg);
		a->name = arg;
		return 0;
	case 'J':
		a->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num)
			argp_usage(state);
		a->in = arg;
		return 0;
	case ARGP_KEY_END:
		if (a->json && !a->detach)
			argp_error(state, "--json needs --detach: what is printed is theirs");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	options, parse, "[FILE]",
	"Makes processes from an image, in FILE or standard input. They get the pids that "
	"they had: a tree that began with pid 1 in a pid namespace of its own, another in "
	"that of the caller, where its pids must be free.\v"
	"Waits for the first process, hands signals on to it, and exits as it does; 1 refused or "
	"failed, 2 bad usage.",
	NULL, NULL, NULL
};

static int dev;
static struct checkpoint_task *tasks;
static uint32_t nr_tasks;

/* The cgroup that the first process is born into, and so are those it makes; -1: ours. */
static int cgroup = -1;
/* Pids in nested pid namespaces: those of a task begin at @first_pid, outermost first. */
static uint32_t *pids, *first_pid;

#define LEVELS_MAX	32

/* Threads live on these until they become what they were; their children, too. */
#define THREAD_STACK	(1U << 20)

static void __attribute__((noreturn)) live(uint32_t i);

/*
 * clone3(2) with a stack of its own: the C library has no wrapper, and one in C
 * could not return on a stack without a caller. Returns in the one who calls;
 * the thread starts in live(). No errno: threads share it here.
 */
static long clone_thread(struct clone_args *args, uint32_t i)
{
#if defined(__x86_64__)
	register void (*run)(uint32_t) __asm__("r12") = live;
	register unsigned long arg __asm__("r13") = i;
	long ret;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "mov %%r13, %%rdi\n\t"
			 "call *%%r12\n"
			 "1:"
			 : "=a"(ret)
			 : "0"((long)SYS_clone3), "D"(args), "S"(sizeof(*args)), "r"(run), "r"(arg)
			 : "rcx", "r11", "memory", "cc");
	return ret;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = SYS_clone3;
	register long x0 __asm__("x0") = (long)args;
	register long x1 __asm__("x1") = sizeof(*args);
	register void (*run)(uint32_t) __asm__("x9") = live;
	register unsigned long arg __asm__("x10") = i;

	__asm__ volatile("svc #0\n\t"
			 "cbnz x0, 1f\n\t"
			 "mov x29, xzr\n\t"
			 "mov x0, x10\n\t"
			 "blr x9\n"
			 "1:"
			 : "+r"(x0) : "r"(x8), "r"(x1), "r"(run), "r"(arg) : "x30", "memory", "cc");
	return x0;
#else
#error "clone3(2) with a stack is not known for this architecture"
#endif
}

/* The pid of task @i, @level levels below the pid namespace of the first. */
static pid_t pid_at(uint32_t i, uint32_t level)
{
	return level ? pids[first_pid[i] + level - 1] : tasks[i].pid;
}

/* All its pids, innermost first, as clone3(2) wants them. */
static void want_pids(uint32_t i, pid_t *tid, struct clone_args *args)
{
	uint32_t n = tasks[i].nr_pids, level;

	for (level = 0; level <= n; level++)
		tid[n - level] = pid_at(i, level);
	args->set_tid = (uintptr_t)tid;
	args->set_tid_size = n + 1;
}

static long make_thread(uint32_t i)
{
	pid_t tid[LEVELS_MAX];
	struct clone_args args = {
		.flags = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM,
		.stack_size = THREAD_STACK,
	};
	void *stack = mmap(NULL, THREAD_STACK, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (stack == MAP_FAILED)
		return -ENOMEM;
	args.stack = (uintptr_t)stack;
	want_pids(i, tid, &args);
	return clone_thread(&args, i);
}

/* Whom the caller makes from now on is in the pid namespace of @pid, which it sees. */
static long children_beside(pid_t pid)
{
	int pidfd = syscall(SYS_pidfd_open, pid, 0);
	long ret = pidfd < 0 || setns(pidfd, CLONE_NEWPID) ? -errno : 0;

	if (pidfd >= 0)
		close(pidfd);
	return ret;
}

/* Returns 0 in the process that was made. */
static long make_process(uint32_t i, uint64_t flags, int exit_signal)
{
	pid_t tid[LEVELS_MAX];
	struct clone_args args = {
		.flags = flags,
		.exit_signal = exit_signal,
	};
	long ret;
	int err;

	if (!i && cgroup >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = cgroup;
	}
	want_pids(i, tid, &args);
	if (flags & CLONE_NEWPID && tasks[i].owner) {
		/* one that another user namespace owns: it is made first */
		err = users_enter_pids(tasks[i].owner, tid + 1, tasks[i].nr_pids);
		if (err)
			return err;
		args.flags &= ~CLONE_NEWPID;
	}
	/* where its maker is, unless it is said */
	if (i && tasks[i].cgroup != tasks[tasks[i].parent].cgroup) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = placement_fd(tasks[i].cgroup);
	}
	ret = syscall(SYS_clone3, &args, sizeof(args));
	if (ret < 0)
		ret = -errno;
	if (!ret || !(flags & CLONE_NEWPID) || !tasks[i].owner)
		return ret;
	err = children_beside(getpid());
	return err ? err : ret;
}

/*
 * A child of task @i: in its pid namespace, the first of another, or beside the
 * first of another, whom @i has made. Returns 0 in the child.
 */
static long make_child(uint32_t i, uint32_t j)
{
	bool other = tasks[j].init != j && tasks[j].init != tasks[i].init;
	long pid = 0, err;

	if (other)
		pid = children_beside(pid_at(tasks[j].init, tasks[i].nr_pids));
	if (!pid)
		pid = make_process(j, tasks[j].init == j ? CLONE_NEWPID : 0, tasks[j].exit_signal);
	if (!other || !pid)
		return pid;
	err = children_beside(getpid());
	return err ? err : pid;
}

/* Whether it is the first of its mount namespace. */
static bool makes_mounts(uint32_t i)
{
	uint32_t j;

	for (j = 0; j < i; j++)
		if (tasks[j].mnt == tasks[i].mnt)
			return false;
	return tasks[i].mnt;
}

/* The task @i: makes the tasks that it has made once, then becomes what it was. */
static void __attribute__((noreturn)) live(uint32_t i)
{
	char why[PATH_MAX + 64];
	uint32_t j;
	long pid;

	if (makes_mounts(i)) {
		pid = mounts_make(dev, tasks[i].mnt, why, sizeof(why));
		if (pid < 0) {
			dprintf(dev, "pid %u: %s: %s", tasks[i].pid, why, strerror(-pid));
			_exit(EXIT_REFUSED);
		}
	}
	for (j = i + 1; j < nr_tasks; j++) {
		if (tasks[j].parent != i)
			continue;
		if (tasks[j].flags & CHECKPOINT_TASK_THREAD) {
			pid = make_thread(j);
		} else {
			pid = make_child(i, j);
			if (!pid)
				live(j);
		}
		if (pid < 0) {
			dprintf(dev, "pid %u: it cannot be made: %s", tasks[j].pid, strerror(-pid));
			_exit(EXIT_REFUSED);
		}
	}
	ioctl(dev, CHECKPOINT_RESTORE, (unsigned long)i);
	/* Had it worked, nobody would be here to see it. */
	dprintf(dev, "pid %u: %s", tasks[i].pid, strerror(errno));
	_exit(EXIT_REFUSED);
}

/* After a failure: nobody that we made is left. */
static void bury_all(void)
{
	while (waitpid(-1, NULL, __WALL) > 0 || errno == EINTR)
		;
}

static int load(int in)
{
	struct checkpoint_load l = { .fd = in };
	struct checkpoint_tasks t = { 0 };
	uint32_t i;

	if (ioctl(dev, CHECKPOINT_LOAD, &l))
		return -1;
	nr_tasks = l.nr_tasks;
	tasks = calloc(nr_tasks, sizeof(*tasks));
	first_pid = calloc(nr_tasks + 1, sizeof(*first_pid));
	pids = calloc(l.nr_pids + 1, sizeof(*pids));
	if (!tasks || !first_pid || !pids) {
		fprintf(stderr, "bulkhead: restart: %u tasks: %s\n", nr_tasks, strerror(errno));
		exit(EXIT_REFUSED);
	}
	t.tasks = (uintptr_t)tasks;
	t.count = nr_tasks;
	t.pids = (uintptr_t)pids;
	t.nr_pids = l.nr_pids;
	if (ioctl(dev, CHECKPOINT_TASKS, &t))
		return -1;
	for (i = 0; i < nr_tasks; i++)
		first_pid[i + 1] = first_pid[i] + tasks[i].nr_pids;
	return 0;
}

/* As many open files as we may have at all: the image's may have more than we did. */
static void raise_limits(void)
{
	FILE *f = fopen("/proc/sys/fs/nr_open", "re");
	struct rlimit limit;
	unsigned int most;

	if (f && fscanf(f, "%u", &most) == 1) {
		limit = (struct rlimit){ most, most };
		if (!setrlimit(RLIMIT_NOFILE, &limit)) {
			fclose(f);
			return;
		}
	}
	if (f)
		fclose(f);
	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* A cgroup for them. Returns an exit status; 0: *@lock is held. */
static int make_container(const char *name, struct container *c, int *lock)
{
	int err = container_create(c, name, name, lock);

	if (err)
		return err;
	cgroup = open(c->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (cgroup >= 0)
		return 0;
	refuse("cgroup %s: %s", c->path, strerror(errno));
	container_discard(c);
	container_unlock(*lock);
	return EXIT_REFUSED;
}

/* Has the cgroups made in which the tasks live, below @own: by default ours. */
static int prepare_cgroups(const char *own)
{
	struct checkpoint_cgroups c = { 0 };
	char ours[PATH_MAX], *paths = NULL;
	int err;

	err = ioctl(dev, CHECKPOINT_CGROUPS, &c);
	if (err && errno == ENOSPC) {
		paths = calloc(c.size, 1);
		c.paths = (uintptr_t)paths;
		err = paths ? ioctl(dev, CHECKPOINT_CGROUPS, &c) : -1;
	}
	if (err) {
		device_complain(dev, "restart");
	} else if (c.count) {
		err = own ? 0 : cgroup_of(0, ours, sizeof(ours));
		if (err)
			refuse("restart: the cgroup of the caller: %s", strerror(-err));
		else
			err = placement_prepare(own ? own : ours, paths, c.count);
	}
	free(paths);
	return err;
}

/* The first process, in a container of its own if it is to have one; -1 after it has said why. */
static long make_first(const struct arguments *a, struct container *c)
{
	long first = -1;
	int lock;

	if (a->name && make_container(a->name, c, &lock))
		return -1;
	if (!prepare_cgroups(a->name ? c->path : NULL)) {
		first = make_process(0, tasks[0].pid == 1 ? CLONE_NEWPID : 0, SIGCHLD);
		if (!first)
			live(0);
		if (first < 0)
			refuse("restart: pid %u: it cannot be made: %s", tasks[0].pid,
			       strerror(-first));
		else if (a->name && container_record(c, first))
			first = -1;
	}
	if (first < 0)
		placement_undo();
	if (!a->name)
		return first;
	if (first < 0)
		container_discard(c);
	container_unlock(lock);
	close(cgroup);
	return first;
}

static int report(const struct arguments *a, long first)
{
	if (a->json) {
		printf("{\"name\": ");
		if (a->name)
			json_string(stdout, a->name);
		else
			printf("null");
		printf(", \"pid\": %ld}\n", first);
	} else if (a->name) {
		puts(a->name);
	} else {
		printf("%ld\n", first);
	}
	return 0;
}

static int run(const struct arguments *a)
{
	struct checkpoint_finish finish;
	int in = STDIN_FILENO, status;
	struct container c;
	long first;

	dev = device_open();
	if (a->in)
		in = open(a->in, O_RDONLY | O_CLOEXEC);
	if (in < 0) {
		fprintf(stderr, "bulkhead: %s: %s\n", a->in, strerror(errno));
		return EXIT_REFUSED;
	}
	if (load(in) || mounts_load(dev)) {
		device_complain(dev, "restart");
		return EXIT_REFUSED;
	}
	raise_limits();
	if (users_make(dev) || mounts_prepare(dev))
		return EXIT_REFUSED;
	/* Orphans of a restart that fails come to us, and do not stay behind. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	first = make_first(a, &c);
	mounts_forget();
	if (first < 0)
		return EXIT_REFUSED;
	/* a signal gives up the restart, or it is for those who have been made */
	process_catch_signals();
	if (ioctl(dev, CHECKPOINT_FINISH, &finish)) {
		device_complain(dev, "restart");
		bury_all();
		placement_undo();
		if (a->name)
			container_destroy(&c, CGROUP_PATIENCE_MS);
		process_let_signals();
		return EXIT_REFUSED;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 0);
	close(dev);
	if (!a->detach)
		process_hold_signals(NULL);
	process_let_signals();
	if (a->detach)
		return report(a, first);
	status = process_wait(first, false);
	if (a->name)
		container_destroy(&c, CGROUP_PATIENCE_MS);
	return status;
}

int cmd_restart(int argc, char **argv)
{
	struct arguments a = { 0 };

	argp_err_exit_status = EXIT_USAGE;
	argv[0] = "bulkhead restart";
	argp_parse(&argp, argc, argv, 0, NULL, &a);
	return run(&a);
}

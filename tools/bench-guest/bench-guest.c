// SPDX-License-Identifier: GPL-2.0
/*
 * bench-guest: carries out a plan of measurements, in the guest, line by line
 *
 * The host has decided on everything: which batch comes after which, where the
 * task sits when it runs. The plan's lines, words separated by blanks:
 *
 *	cgroup PATH [CONTROLLER...]	make the cgroup and its ancestors, with
 *					these controllers enabled all the way to it
 *	set PATH/FILE VALUE...		write to a control file; /dev/NAME becomes its number
 *	set PATH/bpf.device VALUE	while the task sits there, a program allows (allow) or
 *					refuses (deny) all devices; likewise memory.oom.handler
 *	enter PATH			this task goes there; "." is the root
 *	tasks PATH N			N tasks that sleep there until the end
 *	fill PATH N [CONTROLLER...]	N empty cgroups in it, with these controllers
 *	file PATH			an empty file
 *	settle MS			sleep, so that what is left of before gets done
 *	watch				count from now on what else happens in a batch
 *	run ID OP KEY=VALUE...		a batch; sys-* from user space, all else by opbench
 *	fork ID OP KEY=VALUE...		a batch in a child, which is gone afterwards
 *
 * The results, one line each, first of all "ready" and last of all "end":
 *
 *	r ID n=.. done=.. refused=.. ns=.. cycles=.. idle_ns=.. [intr=.. softirq=.. rcu=.. ctxt=.. pages=..]
 *	e ID ERRNO TEXT			the batch failed; the plan goes on
 *	E LINE ERRNO TEXT		anything else failed; the plan ends
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../init/guest.h"
#include "bench-guest.h"

#define MAX_WORDS	32
#define TASK_STACK	4096
#define THREADS_MAX	"16384"
#define LAST_PID	"/proc/sys/kernel/ns_last_pid"
#define FIRST_PID	"16384"

static int opbench = -1;

int cgroup_write(const char *dir, const char *file, const char *text)
{
	char path[8192];

	snprintf(path, sizeof(path), CGROUP_DIR "/%s/%s", dir, file);
	return write_text(path, text) < 0 ? -errno : 0;
}

static int enable(const char *dir, char **controllers)
{
	char word[64];
	int err = 0;

	for (; !err && *controllers; controllers++) {
		snprintf(word, sizeof(word), "+%s", *controllers);
		err = cgroup_write(dir, "cgroup.subtree_control", word);
	}
	return err;
}

/* From the root down: each level must have what the next one wants. */
int make_cgroup(char *path, char **controllers)
{
	char full[8192], *slash = path;
	int err = enable(".", controllers);

	while (!err && slash) {
		slash = strchr(slash, '/');
		if (slash)
			*slash = '\0';
		snprintf(full, sizeof(full), CGROUP_DIR "/%s", path);
		if (mkdir(full, 0755) && errno != EEXIST)
			return -errno;
		if (slash) {
			err = enable(path, controllers);
			*slash++ = '/';
		}
	}
	return err;
}

/* What a benchmark does not enable is not enabled, whatever the guest was booted with. */
static void disable_all(void)
{
	char words[1024], word[64], *name, *save;

	/* a kernel may have no cgroups */
	if (read_text(CGROUP_DIR "/cgroup.subtree_control", words, sizeof(words)) < 0)
		return;
	for (name = strtok_r(words, " \n", &save); name; name = strtok_r(NULL, " \n", &save)) {
		snprintf(word, sizeof(word), "-%s", name);
		if (cgroup_write(".", "cgroup.subtree_control", word))
			fprintf(stderr, "bench-guest: %s stays enabled: %s\n", name, strerror(errno));
	}
}

static int sleep_for_ever(void *unused)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
	return !unused;
}

/* The first of them and the memory of all: a thousand have room in a small guest. */
_Noreturn static void lead_tasks(const char *path, long n, int ready)
{
	int err = cgroup_write(path, "cgroup.procs", "0");

	while (!err && --n > 0) {
		char *stack = malloc(TASK_STACK);

		if (!stack || clone(sleep_for_ever, stack + TASK_STACK, CLONE_VM | SIGCHLD, NULL) < 0)
			err = -errno;
	}
	if (write(ready, &err, sizeof(err)) != sizeof(err) || err)
		_exit(1);
	close(ready);
	_exit(sleep_for_ever(NULL));
}

/* They begin where they are to sleep: to move a thousand one by one takes long. */
static int add_tasks(const char *path, long n)
{
	int ready[2], err = 0;
	pid_t pid;

	if (n < 1)
		return -EINVAL;
	/* What the kernel takes from the size of its memory is meant for tasks that have some of their own. */
	if (write_text("/proc/sys/kernel/threads-max", THREADS_MAX) || pipe(ready))
		return -errno;
	pid = fork();
	if (!pid)
		lead_tasks(path, n, ready[1]);
	close(ready[1]);
	if (pid < 0)
		err = -errno;
	else if (read(ready[0], &err, sizeof(err)) != sizeof(err))
		err = -ECHILD;
	close(ready[0]);
	return err;
}

static int fill(const char *path, long n, char **controllers)
{
	char full[8192];
	int err = enable(path, controllers);

	while (!err && n-- > 0) {
		snprintf(full, sizeof(full), CGROUP_DIR "/%s/%ld", path, n);
		if (mkdir(full, 0755) && errno != EEXIST)
			return -errno;
	}
	return err;
}

static int run_user(char **w, char *answer, size_t size)
{
	struct batch b = { .n = 1, .boxes = 1, .tasks = 1 };
	char **key;
	int err;

	for (key = w + 1; *key; key++)
		if (sscanf(*key, "n=%lu", &b.n) != 1 && sscanf(*key, "warm=%lu", &b.warm) != 1 &&
		    sscanf(*key, "extra=%lu", &b.extra) != 1 &&
		    sscanf(*key, "boxes=%lu", &b.boxes) != 1 &&
		    sscanf(*key, "tasks=%lu", &b.tasks) != 1 &&
		    sscanf(*key, "size=%lu", &b.size) != 1 &&
		    sscanf(*key, "vmas=%lu", &b.vmas) != 1 && sscanf(*key, "fds=%lu", &b.fds) != 1 &&
		    sscanf(*key, "file=%63s", b.file) != 1 && sscanf(*key, "as=%15s", b.as) != 1)
			return -EINVAL;
	b.done = b.n + b.n / 1000 * b.extra + b.n % 1000 * b.extra / 1000;
	err = user_batch(w[0], &b);
	if (!err)
		snprintf(answer, size, "n=%lu done=%lu refused=0 ns=%llu cycles=%llu idle_ns=0",
			 b.n, b.done, (unsigned long long)b.ns, (unsigned long long)b.cycles);
	return err;
}

static int run_kernel(char **w, char *answer, size_t size)
{
	char line[4096], *skip;
	size_t len = 0;
	ssize_t n;
	int err;

	if (opbench < 0)
		return -ENODEV;
	err = place_for(w);
	if (err)
		return err;
	for (; *w; w++) {
		len += snprintf(line + len, sizeof(line) - len, "%s ", *w);
		if (len >= sizeof(line))
			return -E2BIG;
	}
	if (write(opbench, line, len) < 0)
		return -errno;
	n = pread(opbench, answer, size - 1, 0);
	if (n <= 0)
		return n ? -errno : -EIO;
	answer[n] = '\0';
	answer[strcspn(answer, "\n")] = '\0';
	/* the name of the operation is known */
	skip = strchr(answer, ' ');
	if (skip)
		memmove(answer, skip + 1, strlen(skip + 1) + 1);
	return 0;
}

static void run(char **w)
{
	struct events a, b;
	char answer[512];
	int err;

	if (events_watched())
		events_read(&a);
	err = w[1] && !strncmp(w[1], "sys-", 4) ? run_user(w + 1, answer, sizeof(answer)) :
						  run_kernel(w + 1, answer, sizeof(answer));
	if (events_watched())
		events_read(&b);

	if (err) {
		printf("e %s %d %s\n", w[0], -err, strerror(-err));
	} else {
		printf("r %s %s", w[0], answer);
		if (events_watched())
			printf(" intr=%llu softirq=%llu rcu=%llu ctxt=%llu pages=%llu",
			       b.interrupts - a.interrupts, b.softirqs - a.softirqs, b.rcu - a.rcu,
			       b.switches - a.switches, b.pages - a.pages);
		putchar('\n');
	}
	fflush(stdout);
}

static int run_in_child(char **w)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		run(w);
		_exit(0);
	}
	if (pid < 0)
		return -errno;
	return waitpid(pid, &status, 0) == pid && !status ? 0 : -ECHILD;
}

/*
 * What a new pid costs depends on its number: from 4096 on, one more level is looked through. So all
 * batches begin with the same, above those of the tasks that sleep.
 */
static int settle(long ms)
{
	if (access(LAST_PID, W_OK) == 0 && write_text(LAST_PID, FIRST_PID))
		return -errno;
	return usleep(ms * 1000) ? -errno : 0;
}

static int make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	return fd < 0 || close(fd) ? -errno : 0;
}

static int carry_out(char **w, int words)
{
	char file[4096], *slash;

	if (!strcmp(w[0], "cgroup") && words >= 2)
		return make_cgroup(w[1], w + 2);
	if (!strcmp(w[0], "enter") && words == 2)
		return place_enter(w[1]);
	if (!strcmp(w[0], "tasks") && words == 3)
		return add_tasks(w[1], atol(w[2]));
	if (!strcmp(w[0], "fill") && words >= 3)
		return fill(w[1], atol(w[2]), w + 3);
	if (!strcmp(w[0], "set") && words >= 3) {
		snprintf(file, sizeof(file), "%s", w[1]);
		slash = strrchr(file, '/');
		if (!slash)
			return -EINVAL;
		*slash++ = '\0';
		return place_set(file, slash, w + 2);
	}
	if (!strcmp(w[0], "file") && words == 2)
		return make_file(w[1]);
	if (!strcmp(w[0], "settle") && words == 2)
		return settle(atol(w[1]));
	if (!strcmp(w[0], "watch") && words == 1)
		return events_watch() ? -errno : place_drain();
	if (!strcmp(w[0], "fork") && words >= 3)
		return run_in_child(w + 1);
	if (!strcmp(w[0], "run") && words >= 3) {
		run(w + 1);
		return 0;
	}
	return -EINVAL;
}

static int follow(FILE *plan)
{
	char *line = NULL, *words[MAX_WORDS + 1], *save;
	size_t size = 0;
	long number = 0;
	int n, err;

	while (getline(&line, &size, plan) > 0) {
		number++;
		n = 0;
		for (char *w = strtok_r(line, " \n", &save); w; w = strtok_r(NULL, " \n", &save))
			if (n < MAX_WORDS)
				words[n++] = w;
		words[n] = NULL;
		if (!n || words[0][0] == '#')
			continue;
		err = carry_out(words, n);
		if (err) {
			printf("E %ld %d %s: %s\n", number, -err, words[0], strerror(-err));
			return 1;
		}
	}
	free(line);
	printf("end\n");
	return 0;
}

int main(int argc, char **argv)
{
	bool machine = getpid() == 1;
	FILE *plan;
	int status;

	if (argc == 2 && !strcmp(argv[1], "--nothing"))
		return 0;
	if (machine)
		machine_init();
	plan = machine ? fopen("/plan", "re") : argc == 2 ? fopen(argv[1], "re") : stdin;
	if (!plan) {
		fprintf(stderr, "bench-guest: no plan: %s\n", strerror(errno));
		return 2;
	}
	disable_all();
	opbench = open(OPBENCH_RUN, O_RDWR | O_CLOEXEC);
	printf("ready%s\n", opbench < 0 ? " without opbench" : "");
	fflush(stdout);
	status = follow(plan);
	fflush(stdout);
	/* what was started ends with this process */
	if (machine)
		machine_end();
	return status;
}

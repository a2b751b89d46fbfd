// SPDX-License-Identifier: GPL-2.0
/*
 * Where processes run: on the CPUs of their cpuset and no others, whenever it
 * changes and however they get there; and what sched_setaffinity(2) can still
 * choose.
 *
 * Promises from cgroup-v2.rst, "Cpuset", sched_setaffinity(2), cpuset(7) and
 * proc(5).
 */
#include <pthread.h>
#include "cpuset.h"

TEST_F(cpuset, a_process_born_into_it_has_its_cpus)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->b, "cpuset.cpus", "1-2"));
	pid = sleeper(self->b);
	ASSERT_GT(pid, 0);
	EXPECT_EQ(6, cpus_of(pid));
	EXPECT_TRUE(status_is(pid, "Cpus_allowed_list", "1-2"));
	EXPECT_TRUE(status_is(pid, "Mems_allowed_list", "0"));
}

TEST_F(cpuset, it_runs_on_these_cpus_only)
{
	for (int cpu = 2; cpu >= 0; cpu--) {
		char text[4];
		pid_t pid;

		snprintf(text, sizeof(text), "%d", cpu);
		ASSERT_EQ(0, cg_write(self->b, "cpuset.cpus", text));
		pid = runner_start(self->b, wander, self->steps);
		ASSERT_GT(pid, 0);
		ASSERT_TRUE(runner_runs(self->steps));
		EXPECT_EQ(1UL << cpu, self->steps[1]);
		proc_kill(pid);
		self->steps[1] = 0;
	}
}

TEST_F(cpuset, a_running_process_follows_every_change)
{
	static const struct {
		const char *list;
		unsigned long mask;
	} v[] = { { "0", 1 }, { "2", 4 }, { "0-1", 3 }, { "1", 2 } };
	pid_t pid = runner_start(self->b, wander, self->steps);

	ASSERT_GT(pid, 0);
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		ASSERT_EQ(0, cg_write(self->b, "cpuset.cpus", v[i].list));
		EXPECT_EQ(v[i].mask, cpus_of(pid));
		EXPECT_EQ(0, seen_on(self->steps) & ~v[i].mask)
			TH_LOG("list '%s'", v[i].list);
	}
}

TEST_F(cpuset, who_computes_is_taken_off_its_cpu)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->b, "cpuset.cpus", "1"));
	pid = cg_fork_into(self->b, 0);
	if (!pid) {
		for (;;) {
			unsigned int cpu;

			syscall(SYS_getcpu, &cpu, NULL, NULL);
			__atomic_or_fetch(self->steps + 1, 1UL << cpu,
					  __ATOMIC_SEQ_CST);
			++self->steps[0];
		}
	}
	EXPECT_EQ(2, seen_on(self->steps));
	ASSERT_EQ(0, cg_write(self->b, "cpuset.cpus", "2"));
	EXPECT_EQ(4, seen_on(self->steps));
}

TEST_F(cpuset, moved_to_another_cpuset_it_moves_to_its_cpus)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->below, "cpuset.cpus", "0"));
	ASSERT_EQ(0, cg_write(self->b, "cpuset.cpus", "2"));
	pid = runner_start(self->below, wander, self->steps);
	ASSERT_GT(pid, 0);
	EXPECT_EQ(1, seen_on(self->steps));
	ASSERT_EQ(0, cg_enter(self->b, pid));
	EXPECT_EQ(4, cpus_of(pid));
	EXPECT_EQ(4, seen_on(self->steps));
	ASSERT_EQ(0, cg_enter(self->root, pid));
	EXPECT_EQ(7, cpus_of(pid));
	proc_kill(pid);
}

static void *tell_tid_and_wander(void *arg)
{
	volatile unsigned long *steps = arg;

	steps[32] = syscall(SYS_gettid);
	wander(steps);
	return NULL;
}

/* A process of three threads; steps[2 * i] is of thread i, 0 the leader. */
static pid_t three_threads(const char *cg, volatile unsigned long *steps)
{
	pid_t pid = cg_fork_into(cg, 0);

	if (!pid) {
		for (int i = 1; i < 3; i++) {
			pthread_t thread;

			must(!pthread_create(&thread, NULL,
					     tell_tid_and_wander,
					     (void *)(steps + 2 * i)));
		}
		wander(steps);
	}
	for (int i = 0; i < 3; i++)
		must(runner_runs(steps + 2 * i));
	return pid;
}

TEST_F(cpuset, all_threads_move_with_their_process)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->b, "cpuset.cpus", "1"));
	pid = three_threads(self->below, self->steps);
	ASSERT_EQ(0, cg_enter(self->b, pid));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(2, seen_on(self->steps + 2 * i));
	ASSERT_EQ(0, cg_write(self->b, "cpuset.cpus", "2"));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(4, seen_on(self->steps + 2 * i));
}

TEST_F(cpuset, in_a_threaded_subtree_each_thread_has_its_own)
{
	char t[2][700];
	pid_t pid = three_threads(self->b, self->steps);

	ASSERT_GT(pid, 0);
	for (int i = 0; i < 2; i++) {
		snprintf(t[i], sizeof(t[i]), "%s/t%d", self->b, i);
		ASSERT_EQ(0, cg_create(t[i]));
		ASSERT_EQ(0, cg_write(t[i], "cgroup.type", "threaded"));
	}
	ASSERT_EQ(0, cg_write(self->b, "cgroup.subtree_control", "+cpuset"));
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, cg_write(t[i], "cpuset.cpus", i ? "2" : "1"));
		ASSERT_EQ(0, cg_write_number(t[i], "cgroup.threads",
					     self->steps[2 * (i + 1) + 32]));
	}
	EXPECT_EQ(2, seen_on(self->steps + 2));
	EXPECT_EQ(4, seen_on(self->steps + 4));
	EXPECT_EQ(7, cpus_of(pid));
}

TEST_F(cpuset, children_and_new_programs_stay_there)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->b, "cpuset.cpus", "1"));
	pid = cg_fork_into(self->b, 0);
	if (!pid) {
		pid = fork();
		if (!pid) {
			must(cpus_of(0) == 2);
			execl("/proc/self/exe", "cpuset_place", "--cpus-2",
			      NULL);
			_exit(1);
		}
		_exit(proc_end(pid));
	}
	EXPECT_EQ(7, proc_end(pid));
}

TEST_F(cpuset, affinity_chooses_among_the_cpus_of_the_cpuset)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->b, "cpuset.cpus", "1-2"));
	pid = sleeper(self->b);
	ASSERT_GT(pid, 0);
	EXPECT_EQ(0, ask_for(pid, 4));
	EXPECT_EQ(4, cpus_of(pid));
	/* What is not in the cpuset is left out ... */
	EXPECT_EQ(0, ask_for(pid, 3));
	EXPECT_EQ(2, cpus_of(pid));
	/* ... and when nothing is left, it is refused. */
	EXPECT_EQ(-EINVAL, ask_for(pid, 1));
	EXPECT_EQ(2, cpus_of(pid));
	EXPECT_EQ(0, ask_for(pid, 7));
	EXPECT_EQ(6, cpus_of(pid));
}

TEST_F(cpuset, affinity_is_kept_within_a_changed_cpuset)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->b, "cpuset.cpus", "0-2"));
	pid = sleeper(self->b);
	ASSERT_GT(pid, 0);
	ASSERT_EQ(0, ask_for(pid, 6));
	ASSERT_EQ(0, cg_write(self->b, "cpuset.cpus", "0-1"));
	EXPECT_EQ(2, cpus_of(pid));
	/* None of what it wanted: it has to run, so it gets what there is. */
	ASSERT_EQ(0, cg_write(self->b, "cpuset.cpus", "0"));
	EXPECT_EQ(1, cpus_of(pid));
	/* What it wanted is remembered (6.2). */
	ASSERT_EQ(0, cg_write(self->b, "cpuset.cpus", "0-2"));
	EXPECT_EQ(6, cpus_of(pid));
}

TEST_F(cpuset, affinity_is_kept_over_a_move)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->b, "cpuset.cpus", "0"));
	pid = sleeper(self->below);
	ASSERT_GT(pid, 0);
	ASSERT_EQ(0, ask_for(pid, 4));
	ASSERT_EQ(0, cg_enter(self->b, pid));
	EXPECT_EQ(1, cpus_of(pid));
	ASSERT_EQ(0, cg_enter(self->below, pid));
	EXPECT_EQ(4, cpus_of(pid));
}

/* "A child created via fork(2) inherits", and so does the next program. */
TEST_F(cpuset, affinity_is_inherited_with_what_was_wanted)
{
	struct baton ready = baton_make();
	char exec_fd[16];
	pid_t pid, child;

	ASSERT_EQ(0, cg_write(self->b, "cpuset.cpus", "0-2"));
	pid = cg_fork_into(self->b, 0);
	if (!pid) {
		must(!ask_for(0, 2));
		child = fork();
		if (!child) {
			snprintf(exec_fd, sizeof(exec_fd), "%d", ready.fd[1]);
			execl("/proc/self/exe", "cpuset_place", "--pass", exec_fd, NULL);
			_exit(1);
		}
		_exit(proc_end(child));
	}
	ASSERT_GT(pid, 0);
	child = baton_take(&ready);
	EXPECT_EQ(2, cpus_of(child));
	ASSERT_EQ(0, cg_write(self->b, "cpuset.cpus", "0"));
	EXPECT_EQ(1, cpus_of(child));
	/* It never asked itself. */
	ASSERT_EQ(0, cg_write(self->b, "cpuset.cpus", "0-2"));
	EXPECT_EQ(2, cpus_of(child));
	EXPECT_EQ(2, cpus_of(pid));
}

TEST_F(cpuset, the_affinity_of_a_thread_is_its_own)
{
	pid_t pid = three_threads(self->b, self->steps), tid[3];

	ASSERT_GT(pid, 0);
	for (int i = 1; i < 3; i++)
		tid[i] = self->steps[2 * i + 32];
	ASSERT_EQ(0, ask_for(tid[1], 2));
	EXPECT_EQ(2, cpus_of(tid[1]));
	EXPECT_EQ(2, seen_on(self->steps + 2));
	EXPECT_EQ(7, cpus_of(pid));
	EXPECT_EQ(7, cpus_of(tid[2]));
	/* Nor is the leader's the others'. */
	ASSERT_EQ(0, ask_for(pid, 4));
	EXPECT_EQ(4, cpus_of(pid));
	EXPECT_EQ(2, cpus_of(tid[1]));
	EXPECT_EQ(7, cpus_of(tid[2]));
}

/* As the system call has it: the C library fills up whatever the size is. */
TEST_F(cpuset, the_mask_is_of_whole_words)
{
	unsigned long mask[2] = { 0, 0x5a5a };
	long n;

	ASSERT_EQ(0, ask_for(0, 6));
	EXPECT_EQ(-1, syscall(SYS_sched_getaffinity, 0, 1, mask));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, syscall(SYS_sched_getaffinity, 0, sizeof(long) / 2, mask));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, mask[0]);
	EXPECT_EQ(sizeof(long), syscall(SYS_sched_getaffinity, 0, sizeof(long), mask));
	EXPECT_EQ(6, mask[0]);
	/* It says how much of a longer one it has written. */
	n = syscall(SYS_sched_getaffinity, 0, sizeof(mask), mask);
	EXPECT_GE(n, sizeof(long));
	EXPECT_EQ(n == sizeof(long) ? 0x5a5a : 0, mask[1]);
	EXPECT_EQ(-1, syscall(SYS_sched_getaffinity, 0, sizeof(long) + 1, mask));
	EXPECT_EQ(EINVAL, errno);
	/* Taken is any length; what is left out is no CPU, what is too much is ignored. */
	mask[0] = 2;
	EXPECT_EQ(0, syscall(SYS_sched_setaffinity, 0, 1, mask));
	EXPECT_EQ(2, cpus_of(0));
	EXPECT_EQ(-1, syscall(SYS_sched_setaffinity, 0, 0, mask));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(2, cpus_of(0));
}

TEST_F(cpuset, proc_names_the_cpuset)
{
	char path[64], text[700];
	pid_t pid = sleeper(self->below);

	ASSERT_GT(pid, 0);
	snprintf(path, sizeof(path), "/proc/%d/cpuset", pid);
	if (access(path, F_OK))
		SKIP(return, "no /proc/PID/cpuset (CONFIG_PROC_PID_CPUSET)");
	ASSERT_GT(file_read(path, text, sizeof(text)), 0);
	EXPECT_STREQ(self->below + strlen(self->root), text);
	ASSERT_EQ(0, cg_enter(self->root, pid));
	ASSERT_GT(file_read(path, text, sizeof(text)), 0);
	EXPECT_STREQ("/", text);
	proc_kill(pid);
}

/* A kernel thread that belongs to a CPU cannot be told to use another. */
TEST_F(cpuset, a_kernel_thread_of_a_cpu_is_not_taken)
{
	DIR *dir = opendir("/proc");
	pid_t found = 0;
	struct dirent *d;

	ASSERT_NE(NULL, dir);
	while (!found && (d = readdir(dir))) {
		char path[300], comm[32];

		snprintf(path, sizeof(path), "/proc/%s/comm", d->d_name);
		if (atoi(d->d_name) > 0 &&
		    file_read(path, comm, sizeof(comm)) > 0 &&
		    !strcmp(comm, "ksoftirqd/1"))
			found = atoi(d->d_name);
	}
	closedir(dir);
	if (!found)
		SKIP(return, "no ksoftirqd/1");
	ASSERT_EQ(0, cg_write(self->b, "cpuset.cpus", "0"));
	EXPECT_EQ(-EINVAL, cg_enter(self->b, found));
	EXPECT_EQ(2, cpus_of(found));
	EXPECT_EQ(-EINVAL, ask_for(found, 1));
}

TEST_F(cpuset, a_change_far_above_is_followed)
{
	pid_t pid = runner_start(self->below, wander, self->steps);

	ASSERT_GT(pid, 0);
	ASSERT_EQ(0, cg_write(self->top, "cpuset.cpus", "2"));
	EXPECT_EQ(4, seen_on(self->steps));
	ASSERT_EQ(0, cg_write(self->top, "cpuset.cpus", "1"));
	EXPECT_EQ(2, seen_on(self->steps));
	ASSERT_EQ(0, cg_write(self->top, "cpuset.cpus", "\n"));
	EXPECT_EQ(7, cpus_of(pid));
}

/* What this program does as the one that a test executes. */
int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--cpus-2"))
		return cpus_of(0) == 2 ? 7 : 1;
	if (argc == 3 && !strcmp(argv[1], "--pass")) {
		struct baton ready = { .fd = { -1, atoi(argv[2]) } };

		baton_pass(&ready, getpid());
		proc_sleep_forever();
	}
	return test_harness_run(argc, argv);
}

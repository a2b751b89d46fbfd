// SPDX-License-Identifier: GPL-2.0
/*
 * What may happen to a container while somebody reads: its limits change, its
 * tasks move, it is frozen, out of memory, or removed.
 */
#include <sched.h>
#include "cpustat.h"

BOXES_FIXTURE(life)

/* Every file whose numbers are the container's, one a call; NULL at the end. */
static const char *stats_file(int i)
{
	static const char * const files[] = {
		"meminfo", "swaps", "vmstat", "pressure/cpu", "pressure/memory",
		"pressure/io", "stat", "uptime", "loadavg", "cpuinfo", "slabinfo",
	};

	return i < (int)(sizeof(files) / sizeof(files[0])) ? files[i] : NULL;
}

static void box_end(struct box *b)
{
	proc_kill(b->init);
	must(!cg_await_empty(b->cg));
	must(!cg_remove(b->cg));
}

TEST_F(life, a_file_that_is_open_when_the_cgroup_goes_says_so)
{
	static char buf[65536];
	const char *file;
	int fds[32], n;

	for (n = 0; (file = stats_file(n)); n++) {
		fds[n] = open(box_path(self->a, file), O_RDONLY | O_CLOEXEC);
		ASSERT_LE(0, fds[n]);
		ASSERT_LT(0, pread(fds[n], buf, sizeof(buf), 0)) TH_LOG("%s", file);
	}
	box_end(self->a);
	for (int i = 0; i < n; i++) {
		EXPECT_EQ(-1, pread(fds[i], buf, sizeof(buf), 0)) TH_LOG("%s", stats_file(i));
		EXPECT_EQ(ENODEV, errno) TH_LOG("%s", stats_file(i));
		close(fds[i]);
	}
}

TEST_F(life, a_file_opened_after_the_cgroup_went_says_so)
{
	static char buf[65536];
	const char *file;

	box_end(self->a);
	for (int i = 0; (file = stats_file(i)); i++) {
		ssize_t n = box_read(self->a, file, buf, sizeof(buf));

		EXPECT_EQ(-ENODEV, n) TH_LOG("%s", file);
	}
	/* What is not about the container still works. */
	EXPECT_LT(0, box_read(self->a, "version", buf, sizeof(buf)));
}

/* Never the parent's numbers, not even in the moment of the removal. */
TEST_F(life, a_removal_shows_nothing_of_the_parent)
{
	ASSERT_EQ(0, cg_write(self->top, "memory.max", "200M"));
	ASSERT_EQ(0, cg_write(self->a->cg, "memory.max", "32M"));
	for (int i = 0; i < 30; i++) {
		struct baton go = baton_make();
		char cg[PATH_MAX], name[16];
		struct box box;
		pid_t reader;

		snprintf(name, sizeof(name), "r%d", i);
		ASSERT_EQ(0, cg_create(cg_path(cg, self->top, name)));
		ASSERT_EQ(0, cg_write(cg, "memory.max", "32M"));
		ASSERT_EQ(0, box_open(&box, cg, name));
		reader = proc_fork_bound(0);
		if (!reader) {
			long total;

			baton_pass(&go, 0);
			do {
				total = box_mem(&box, "MemTotal");
				must(total == MB(32) || total == -ENODEV);
			} while (total > 0);
			_exit(0);
		}
		baton_take(&go);
		box_end(&box);
		EXPECT_EQ(0, proc_end(reader));
		ASSERT_EQ(0, mnt_off(box.proc, 0));
	}
}

TEST_F(life, limits_may_change_while_it_is_read)
{
	volatile int *stop = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t writer;

	ASSERT_NE(MAP_FAILED, stop);
	ASSERT_EQ(0, cg_write(self->a->cg, "memory.max", "64M"));
	writer = proc_fork_bound(0);
	if (!writer) {
		for (long i = 0; !*stop; i++)
			must(!cg_write(self->a->cg, "memory.max", i & 1 ? "64M" : "48M"));
		_exit(0);
	}
	for (int i = 0; i < 300; i++) {
		char buf[16384];
		long total, free, available;
		int n;

		ASSERT_LT(0, box_read(self->a, "meminfo", buf, sizeof(buf)));
		n = sscanf(buf, "MemTotal: %ld kB MemFree: %ld kB MemAvailable: %ld",
			   &total, &free, &available);
		ASSERT_EQ(3, n);
		ASSERT_TRUE(total == 48 << 10 || total == 64 << 10);
		ASSERT_LE(free, total);
		ASSERT_LE(available, total);
		sched_yield();
	}
	*stop = 1;
	EXPECT_EQ(0, proc_end(writer));
}

TEST_F(life, a_task_that_moves_takes_nothing_along)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a->cg, "memory.max", "64M"));
	pid = hog_that_stays(self->a->cg, MB(16));
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, cg_enter(self->b->cg, pid));
	/* Pages stay where they were charged, and so does what the mounts show. */
	EXPECT_GE(MB(48), box_mem(self->a, "MemFree"));
	EXPECT_GT(MB(2), box_mem(self->b, "AnonPages"));
	proc_kill(pid);
	EXPECT_TRUE(EVENTUALLY(box_mem(self->a, "MemFree") > MB(60)));
}

/* Even its init: the mount is about the cgroup that it was made for. */
TEST_F(life, a_container_that_moved_is_not_followed)
{
	ASSERT_EQ(0, cg_write(self->a->cg, "memory.max", "64M"));
	ASSERT_EQ(0, cg_write(self->b->cg, "memory.max", "32M"));
	ASSERT_EQ(0, cg_enter(self->b->cg, self->a->init));
	EXPECT_EQ(MB(64), box_mem(self->a, "MemTotal"));
}

TEST_F(life, a_frozen_container_can_be_read)
{
	static char buf[65536];
	const char *file;

	ASSERT_LT(0, hog_that_stays(self->a->cg, MB(4)));
	cg_stir(self->a->cg);
	ASSERT_EQ(0, cg_write(self->a->cg, "cgroup.freeze", "1"));
	ASSERT_TRUE(EVENTUALLY(cg_key(self->a->cg, "cgroup.events", "frozen") == 1));
	for (int i = 0; (file = stats_file(i)); i++) {
		ssize_t n = box_read(self->a, file, buf, sizeof(buf));

		EXPECT_LT(0, n) TH_LOG("%s", file);
	}
	EXPECT_LE(MB(4), box_mem(self->a, "AnonPages"));
}

/* Out of memory without an end: nobody there may be killed. */
TEST_F(life, a_container_that_is_out_of_memory_can_be_read)
{
	static char buf[65536];
	const char *file;
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a->cg, "memory.swap.max", "0"));
	ASSERT_EQ(0, cg_write(self->a->cg, "memory.max", "16M"));
	pid = cg_fork_bound(self->a->cg);
	if (!pid) {
		must(!file_write("/proc/self/oom_score_adj", "-1000"));
		for (;;) {
			char *p = mmap(NULL, MB(32), PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

			/* A write(2) fails, where a fault would be repeated for ever. */
			must(p != MAP_FAILED);
			for (long i = 0; i < MB(32); i += PAGE)
				if (madvise(p + i, PAGE, MADV_POPULATE_WRITE))
					break;
			munmap(p, MB(32));
		}
	}
	ASSERT_LT(0, pid);
	ASSERT_TRUE(EVENTUALLY(cg_key(self->a->cg, "memory.events", "max") > 10));
	for (int n = 0; n < 20; n++)
		for (int i = 0; (file = stats_file(i)); i++) {
			ssize_t n = box_read(self->a, file, buf, sizeof(buf));

			EXPECT_LT(0, n) TH_LOG("%s", file);
		}
	EXPECT_EQ(MB(16), box_mem(self->a, "MemTotal"));
}

TEST_F(life, many_may_read_at_once)
{
	pid_t pids[8];

	for (int n = 0; n < 8; n++) {
		pids[n] = proc_fork_bound(0);
		if (!pids[n]) {
			static char buf[65536];
			const char *file;

			for (int k = 0; k < 30; k++)
				for (int i = 0; (file = stats_file(i)); i++)
					must(box_read(n & 1 ? self->a : self->b, file, buf,
						      sizeof(buf)) > 0);
			_exit(0);
		}
	}
	for (int n = 0; n < 8; n++)
		EXPECT_EQ(0, proc_end(pids[n]));
}

/* To and fro, for as long as somebody reads both. */
TEST_F(life, tasks_may_move_while_it_is_read)
{
	volatile int *stop = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct cpu_stat first[2], before[2], now[2];
	struct box *boxes[] = { self->a, self->b };
	struct cpu_clock clock;
	pid_t pids[4], mover;
	long busy, usage, lost;

	ASSERT_NE(MAP_FAILED, stop);
	cpu_clock_start(&clock);
	usage = cg_key(self->top, "cpu.stat", "usage_usec");
	for (int k = 0; k < 2; k++)
		ASSERT_EQ(0, cpu_stat_read(boxes[k], &first[k]));
	memcpy(before, first, sizeof(before));
	for (int i = 0; i < 4; i++)
		pids[i] = spinner(self->a->cg);
	mover = proc_fork_bound(0);
	if (!mover) {
		for (int i = 0; !*stop; i++) {
			must(!cg_enter(boxes[i / 4 % 2]->cg, pids[i % 4]));
			wait_ms(1);
		}
		_exit(0);
	}
	for (int i = 0; i < 300; i++) {
		for (int k = 0; k < 2; k++) {
			ASSERT_EQ(0, cpu_stat_read(boxes[k], &now[k]));
			ASSERT_TRUE(cpu_forward(&before[k], &now[k]));
			ASSERT_GE(4, now[k].running);
		}
		memcpy(before, now, sizeof(before));
		wait_ms(2);
	}
	*stop = 1;
	EXPECT_EQ(0, proc_end(mover));
	/* Nothing is lost on the way from one to the other, and nothing counted twice. */
	usage = (cg_key(self->top, "cpu.stat", "usage_usec") - usage) / 10000;
	busy = 0;
	for (int k = 0; k < 2; k++) {
		ASSERT_EQ(0, cpu_stat_read(boxes[k], &now[k]));
		busy += cpu_busy(&now[k].all) - cpu_busy(&first[k].all);
	}
	lost = cpu_clock_lost(&clock);
	EXPECT_LE(usage - usage / 5 - 5 - lost, busy);
	EXPECT_GE(usage + usage / 5 + 5, busy);
	EXPECT_EQ(4, now[0].running + now[1].running);
}

/* The value of each event in vmstat, of which there are at most @n. */
static int events(const struct box *b, unsigned long long *v, int n)
{
	static char buf[65536];
	char *line, *save = NULL;
	int i = 0;

	must(box_read(b, "vmstat", buf, sizeof(buf)) > 0);
	for (line = strtok_r(buf, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (i < n && (!strncmp(line, "pg", 2) || !strncmp(line, "pswp", 4)))
			v[i++] = strtoull(strchr(line, ' '), NULL, 10);
	return i;
}

/* Pages come and go at the limit, tasks are born and die, and the disk is read. */
TEST_F(life, no_counter_goes_backwards_under_load)
{
	unsigned long long before[256] = {}, now[256];
	struct timespec start;
	double up[2] = {}, v[2];
	long forks = 0;
	int n, moved = 0;
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a->cg, "memory.max", "16M"));
	pid = cg_fork_bound(self->a->cg);
	if (!pid) {
		for (;;) {
			char *p = mmap(NULL, MB(24), PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			pid_t child = fork();

			must(p != MAP_FAILED && child >= 0);
			if (!child)
				_exit(0);
			waitpid(child, NULL, 0);
			memset(p, 1, MB(24));
			munmap(p, MB(24));
		}
	}
	clock_gettime(CLOCK_MONOTONIC, &start);
	while (ms_since(&start) < 2000 || (forks <= 2 && ms_since(&start) < PROC_HANG_MS)) {
		struct cpu_stat s;
		char buf[128];

		n = events(self->a, now, 256);
		ASSERT_LT(10, n);
		for (int i = 0; i < n; i++) {
			ASSERT_LE(before[i], now[i]) TH_LOG("event %d", i);
			moved += before[i] < now[i];
		}
		memcpy(before, now, sizeof(before));
		ASSERT_LT(0, box_read(self->a, "uptime", buf, sizeof(buf)));
		ASSERT_EQ(2, sscanf(buf, "%lf %lf", &v[0], &v[1]));
		ASSERT_LE(up[0], v[0]);
		ASSERT_LE(up[1], v[1]);
		memcpy(up, v, sizeof(up));
		ASSERT_EQ(0, cpu_stat_read(self->a, &s));
		ASSERT_LE(forks, s.processes);
		forks = s.processes;
	}
	EXPECT_LT(10, moved);
	EXPECT_LT(2, forks);
}

int main(int argc, char **argv)
{
	disk_swapon();
	return test_harness_run(argc, argv);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * What changes a cgroup's memory from outside, while it is charged from
 * inside: whatever the order, no charge is lost and none is left over.
 */
#include <sched.h>
#include "kselftest_harness.h"
#include "memcg-disk.h"

MEMCG_FIXTURE(race)

#define ROUNDS	60

/* A stock per CPU, and what a cgroup costs. */
#define NOTHING	(2 * CG_STOCK + KB(768))

#define NEEDS_DISK() do {						\
	if (disk_mount())						\
		SKIP(return, "no ext4 on a disk");			\
} while (0)

/* A process in @cg that does @work until it is killed. */
static pid_t busy(const char *cg, void (*work)(int), int arg)
{
	pid_t pid = cg_fork_bound(cg);

	if (!pid)
		for (;;)
			work(arg);
	must(pid > 0);
	return pid;
}

static void read_and_drop(int fd)
{
	read_through(fd, MB(2));
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
}

static void use_and_drop(int unused)
{
	char *p = map_used(KB(512));

	(void)unused;
	munmap(p, KB(512));
}

TEST_F(race, limits_change_while_page_cache_is_charged)
{
	pid_t pid;
	int fd;

	NEEDS_DISK();
	fd = disk_hole(MB(2));
	pid = busy(self->a, read_and_drop, fd);
	for (int i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(0, cg_write(self->a, "memory.max",
				      i & 1 ? "max" : "2M"));
		ASSERT_EQ(0, cg_write(self->a, "memory.high",
				      i & 2 ? "max" : "1536K"));
		ASSERT_EQ(0, cg_write(self->a, "memory.min",
				      i & 4 ? "max" : "0"));
	}
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "oom_kill"));
	close(fd);
	EXPECT_TRUE(cg_settles(self->a, "memory.current", 0, NOTHING));
	EXPECT_TRUE(cg_stat_settles(self->a, "file", 0, KB(128)));
}

TEST_F(race, limits_drop_below_the_usage_while_it_grows)
{
	for (int i = 0; i < ROUNDS / 4; i++) {
		pid_t pid;
		int end;

		ASSERT_EQ(0, cg_write(self->a, "memory.max", "max"));
		pid = hog(self->a, MB(4));
		ASSERT_GT(pid, 0);
		while (cg_number(self->a, "memory.current") < MB(1) + KB(i * 64) &&
		       task_state(pid) != 'Z')
			sched_yield();
		ASSERT_EQ(0, cg_write(self->a, "memory.max", "1M"));
		end = proc_end(pid);
		/* Too late, or just right: but never over the limit. */
		EXPECT_TRUE(end == 0 || end == -SIGKILL);
		EXPECT_GE(MB(1), cg_number(self->a, "memory.current"));
	}
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "max"));
	EXPECT_EQ(0, proc_end(hog(self->a, MB(4))));
	EXPECT_TRUE(cg_stat_settles(self->a, "anon", 0, 0));
}

static void use_and_reset(int peak)
{
	use_and_drop(0);
	must(!peak_reset(peak));
}

TEST_F(race, a_peak_is_read_while_another_file_is_reset)
{
	int mine = peak_open(self->a), other = peak_open(self->a);
	pid_t pid;

	ASSERT_GE(mine, 0);
	ASSERT_GE(other, 0);
	if (peak_reset(mine))
		SKIP(return, "memory.peak cannot be reset (Linux 6.12)");
	ASSERT_EQ(0, proc_end(hog(self->a, MB(4))));
	ASSERT_EQ(0, peak_reset(other));
	if (peak_of(mine) < MB(4))
		SKIP(return, "mended by base-fixes: a reset takes the others' peaks away");

	pid = busy(self->a, use_and_reset, other);
	for (int i = 0; i < ROUNDS; i++) {
		long seen = 0;

		ASSERT_EQ(0, peak_reset(mine));
		for (int k = 0; k < ROUNDS; k++) {
			long peak = peak_of(mine);

			ASSERT_LE(seen, peak);
			seen = peak;
		}
	}
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
}

TEST_F(race, processes_move_while_they_charge)
{
	pid_t pid[3];

	for (int i = 0; i < 3; i++)
		pid[i] = busy(self->a, use_and_drop, 0);
	for (int i = 0; i < ROUNDS; i++)
		for (int k = 0; k < 3; k++)
			ASSERT_EQ(0, cg_enter(i & 1 ? self->a : self->b, pid[k]));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(-SIGKILL, proc_kill(pid[i]));
	EXPECT_TRUE(cg_stat_settles(self->a, "anon", 0, 0));
	EXPECT_TRUE(cg_stat_settles(self->b, "anon", 0, 0));
	EXPECT_TRUE(cg_settles(self->a, "memory.current", 0, NOTHING));
	EXPECT_TRUE(cg_settles(self->b, "memory.current", 0, NOTHING));
}

TEST_F(race, processes_move_while_they_exit)
{
	for (int i = 0; i < ROUNDS; i++) {
		struct baton go = baton_make();
		pid_t pid = cg_fork_bound(self->a);
		int err;

		if (!pid) {
			map_used(KB(256));
			baton_pass(&go, 0);
			_exit(7);
		}
		baton_take(&go);
		err = cg_enter(self->b, pid);
		EXPECT_TRUE(err == 0 || err == -ESRCH)
			TH_LOG("%d", err);
		EXPECT_EQ(7, proc_end(pid));
		close(go.fd[0]);
		close(go.fd[1]);
	}
	EXPECT_EQ(0, cg_await_empty(self->top));
	EXPECT_TRUE(cg_settles(self->a, "memory.current", 0, NOTHING));
	EXPECT_TRUE(cg_settles(self->b, "memory.current", 0, NOTHING));
	EXPECT_EQ(0, cg_remove(self->a));
	EXPECT_EQ(0, cg_remove(self->b));
	EXPECT_TRUE(cg_key_settles(self->top, "cgroup.stat",
				   "nr_dying_descendants", 0, 0));
}

/* Its page cache is read, dropped and read again, by others, meanwhile. */
TEST_F(race, a_cgroup_is_removed_while_its_page_cache_is_used)
{
	char cg[PATH_MAX];
	pid_t pid;
	int fd;

	NEEDS_DISK();
	fd = disk_hole(MB(2));
	cg_path(cg, self->top, "goes");
	pid = busy(self->b, read_and_drop, fd);
	for (int i = 0; i < ROUNDS / 2; i++) {
		ASSERT_EQ(0, cg_create(cg));
		read_in(cg, fd, MB(2));
		ASSERT_EQ(0, cg_await_empty(cg));
		ASSERT_EQ(0, cg_remove(cg));
	}
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
	close(fd);
	EXPECT_TRUE(cg_stat_settles(self->top, "file", 0, KB(128)));
	EXPECT_TRUE(cg_key_settles(self->top, "cgroup.stat",
				   "nr_dying_descendants", 0, 0));
	EXPECT_TRUE(cg_settles(self->b, "memory.current", 0, NOTHING));
}

/* The same for memory that somebody who moved away goes on using. */
TEST_F(race, a_cgroup_is_removed_while_its_memory_is_freed)
{
	char cg[PATH_MAX];

	cg_path(cg, self->top, "goes");
	for (int i = 0; i < ROUNDS / 2; i++) {
		struct baton moved = baton_make();
		pid_t pid;

		ASSERT_EQ(0, cg_create(cg));
		pid = cg_fork_bound(cg);
		if (!pid) {
			char *p = map_used(MB(1));

			must(!cg_enter(self->b, 0));
			baton_pass(&moved, 0);
			for (long at = 0; at < MB(1); at += KB(16))
				must(!munmap(p + at, KB(16)));
			_exit(0);
		}
		baton_take(&moved);
		ASSERT_EQ(0, cg_remove(cg));
		EXPECT_EQ(0, proc_end(pid));
		close(moved.fd[0]);
		close(moved.fd[1]);
	}
	EXPECT_TRUE(cg_stat_settles(self->top, "anon", 0, 0));
	EXPECT_TRUE(cg_key_settles(self->top, "cgroup.stat",
				   "nr_dying_descendants", 0, 0));
}

TEST_F(race, reclaim_and_charge_meet)
{
	pid_t pid;
	int fd;

	NEEDS_DISK();
	fd = disk_hole(MB(2));
	pid = busy(self->a, read_and_drop, fd);
	for (int i = 0; i < ROUNDS; i++) {
		int err = cg_write(self->top, "memory.reclaim", "512K");

		EXPECT_TRUE(err == 0 || err == -EAGAIN);
	}
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
	close(fd);
	EXPECT_TRUE(cg_stat_settles(self->a, "file", 0, KB(128)));
	EXPECT_TRUE(cg_settles(self->a, "memory.current", 0, NOTHING));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Whose memory it is: anonymous memory, shared memory, copy on write, what
 * stays where it was charged, and what becomes of it when a cgroup is gone.
 *
 * Promises from cgroup-v2.rst, "Memory" (memory.current) and "Memory
 * Ownership".
 */
#include "kselftest_harness.h"
#include "memcg.h"
#include <sched.h>
#include <sys/ipc.h>
#include <sys/shm.h>

MEMCG_FIXTURE(charge)

/* What a process, its page tables and a stock add to what it uses. */
#define SLACK	(KB(768) + CG_STOCK)

TEST_F(charge, what_is_used_is_charged_here_and_above)
{
	pid_t pid = hog_that_stays(self->a, MB(8));

	ASSERT_GT(pid, 0);
	EXPECT_LE(MB(8), cg_number(self->a, "memory.current"));
	EXPECT_GE(MB(8) + SLACK, cg_number(self->a, "memory.current"));
	EXPECT_LE(MB(8), cg_number(self->top, "memory.current"));
	EXPECT_GE(MB(8) + 2 * SLACK, cg_number(self->top, "memory.current"));
	EXPECT_GE(CG_STOCK, cg_number(self->b, "memory.current"));
}

TEST_F(charge, the_parents_usage_is_the_sum)
{
	ASSERT_GT(hog_that_stays(self->a, MB(6)), 0);
	ASSERT_GT(hog_that_stays(self->b, MB(4)), 0);
	EXPECT_LE(MB(10), cg_number(self->top, "memory.current"));
	EXPECT_LE(cg_number(self->a, "memory.current") +
		  cg_number(self->b, "memory.current"),
		  cg_number(self->top, "memory.current"));
	EXPECT_GE(MB(10) + 3 * SLACK, cg_number(self->top, "memory.current"));
}

TEST_F(charge, the_dead_have_no_memory)
{
	pid_t pid = hog_that_stays(self->a, MB(8));

	ASSERT_GT(pid, 0);
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
	EXPECT_TRUE(cg_settles(self->a, "memory.current", 0, SLACK));
	EXPECT_TRUE(cg_settles(self->top, "memory.current", 0, 2 * SLACK));
	EXPECT_TRUE(cg_stat_settles(self->a, "anon", 0, 0));
}

TEST_F(charge, a_zombie_has_no_memory)
{
	pid_t pid = hog(self->a, MB(8));

	ASSERT_GT(pid, 0);
	ASSERT_EQ(0, proc_await_zombie(pid));
	EXPECT_TRUE(cg_settles(self->a, "memory.current", 0, SLACK));
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(charge, address_space_is_no_memory)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, "memory.max", "4M"));
	pid = cg_fork_bound(self->a);
	if (!pid) {
		map_fresh(MB(256));
		must(cg_number(self->a, "memory.current") < MB(4));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "max"));
}

/* All read-only fresh memory is one page, which is nobody's. */
TEST_F(charge, reading_fresh_memory_costs_page_tables_at_most)
{
	pid_t pid = cg_fork_bound(self->a);

	if (!pid) {
		char *p = map_fresh(MB(8)), sum = 0;

		for (long i = 0; i < MB(8); i += PAGE)
			sum |= *(volatile char *)(p + i);
		must(!sum);
		must(page_cgroup(p) == 0);
		must(cg_number(self->a, "memory.current") < SLACK);
		use(p, PAGE);
		must(page_cgroup(p) == cg_inode(self->a));
		must(page_cgroup(p + PAGE) == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(charge, what_is_given_back_is_uncharged)
{
	pid_t pid = cg_fork_bound(self->a);

	if (!pid) {
		char *p = map_used(MB(8));

		must(cg_number(self->a, "memory.current") >= MB(8));
		must(!madvise(p, MB(4), MADV_DONTNEED));
		must(cg_number(self->a, "memory.current") >= MB(4));
		must(cg_number(self->a, "memory.current") < MB(4) + SLACK);
		must(!munmap(p + MB(4), MB(4)));
		must(cg_number(self->a, "memory.current") < SLACK);
		use(p, MB(4));
		must(cg_number(self->a, "memory.current") >= MB(4));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(charge, exec_gives_memory_back)
{
	pid_t pid = cg_fork_bound(self->a);

	if (!pid) {
		map_used(MB(8));
		execl("/proc/self/exe", "memory_charge", "--usage-below-2M",
		      self->a, NULL);
		_exit(1);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(charge, a_move_leaves_the_memory_behind)
{
	pid_t pid = cg_fork_bound(self->a);

	if (!pid) {
		char *p = map_used(MB(8)), *q = map_fresh(MB(4));

		must(!cg_enter(self->b, 0));
		must(page_cgroup(p) == cg_inode(self->a));
		must(cg_number(self->a, "memory.current") >= MB(8));
		must(cg_number(self->b, "memory.current") < SLACK);
		/* What comes new is charged where it lives now. */
		use(q, MB(4));
		must(page_cgroup(q) == cg_inode(self->b));
		must(cg_number(self->b, "memory.current") >= MB(4));
		/* To use the old again changes nothing. */
		use(p, MB(8));
		must(page_cgroup(p + MB(4)) == cg_inode(self->a));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	/* Death in b frees what a was charged. */
	EXPECT_TRUE(cg_settles(self->a, "memory.current", 0, SLACK));
	EXPECT_TRUE(cg_settles(self->b, "memory.current", 0, SLACK));
}

TEST_F(charge, a_limit_next_door_does_not_mind_memory_left_behind)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->b, "memory.max", "4M"));
	pid = cg_fork_bound(self->a);
	if (!pid) {
		map_used(MB(8));
		must(!cg_enter(self->b, 0));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, cg_key(self->b, "memory.events", "max"));
}

TEST_F(charge, a_fork_shares_until_it_writes)
{
	pid_t pid = cg_fork_bound(self->a);

	if (!pid) {
		char *p = map_used(MB(4));

		pid = cg_fork_bound(self->b);
		if (!pid) {
			long a = cg_inode(self->a), b = cg_inode(self->b);

			must(used(p, MB(4)));
			must(page_cgroup(p) == a);
			must(cg_number(self->b, "memory.current") < SLACK);
			/* The copy is the writer's. */
			use(p, MB(2));
			must(page_cgroup(p) == b);
			must(page_cgroup(p + MB(2)) == a);
			must(cg_number(self->b, "memory.current") >= MB(2));
			_exit(0);
		}
		must(pid > 0 && proc_end(pid) == 0);
		must(page_cgroup(p) == cg_inode(self->a));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(charge, the_last_owner_of_a_shared_page_keeps_the_first_ones_charge)
{
	struct baton go = baton_make(), done = baton_make();
	pid_t pid = cg_fork_bound(self->a);

	if (!pid) {
		char *p = map_used(MB(4));

		pid = cg_fork_into(self->b, 0);
		if (!pid) {
			baton_take(&go);
			/* The parent is dead; the memory lives on. */
			must(page_cgroup(p) == cg_inode(self->a));
			must(cg_number(self->a, "memory.current") >= MB(4));
			/* The only user of a page may write to it in place. */
			use(p, MB(4));
			must(page_cgroup(p) == cg_inode(self->a));
			baton_pass(&done, 0);
			_exit(0);
		}
		_exit(pid > 0 ? 0 : 1);
	}
	ASSERT_EQ(0, proc_end(pid));
	baton_pass(&go, 0);
	baton_take(&done);
	EXPECT_EQ(0, cg_await_empty(self->top));
	EXPECT_TRUE(cg_settles(self->a, "memory.current", 0, SLACK));
}

TEST_F(charge, shared_memory_is_the_first_users)
{
	char *p = mmap(NULL, MB(4), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	ASSERT_NE(MAP_FAILED, p);
	pid = hog(self->a, PAGE);
	ASSERT_EQ(0, proc_end(pid));
	pid = cg_fork_bound(self->a);
	if (!pid) {
		use(p, MB(2));
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(pid));
	pid = cg_fork_bound(self->b);
	if (!pid) {
		use(p, MB(4));
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(pid));
	ASSERT_TRUE(used(p, MB(4)));
	EXPECT_EQ(cg_inode(self->a), page_cgroup(p));
	EXPECT_EQ(cg_inode(self->b), page_cgroup(p + MB(2)));
	/* Both are dead, and the memory is there: the test maps it. */
	EXPECT_TRUE(cg_stat_settles(self->a, "shmem", MB(2), MB(2)));
	EXPECT_TRUE(cg_stat_settles(self->b, "shmem", MB(2), MB(2)));
	ASSERT_EQ(0, munmap(p, MB(4)));
	EXPECT_TRUE(cg_stat_settles(self->a, "shmem", 0, 0));
	EXPECT_TRUE(cg_settles(self->b, "memory.current", 0, SLACK));
}

TEST_F(charge, sysv_shared_memory_outlives_its_users)
{
	int id = shmget(IPC_PRIVATE, MB(4), 0600);
	pid_t pid;

	ASSERT_GE(id, 0);
	pid = cg_fork_bound(self->a);
	if (!pid) {
		use(shmat(id, NULL, 0), MB(4));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_LE(MB(4), cg_number(self->a, "memory.current"));
	EXPECT_EQ(0, shmctl(id, IPC_RMID, NULL));
	EXPECT_TRUE(cg_settles(self->a, "memory.current", 0, SLACK));
}

TEST_F(charge, tmpfs_is_memory_of_who_wrote_it)
{
	static const char name[] = "memory-charge";
	static char buf[1 << 16];
	pid_t pid;
	int fd;

	pid = cg_fork_bound(self->a);
	if (!pid) {
		fd = open(name, O_CREAT | O_EXCL | O_RDWR, 0600);
		for (int i = 0; i < 64; i++)
			must(write(fd, buf, sizeof(buf)) == sizeof(buf));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	fd = open(name, O_RDWR);
	ASSERT_GE(fd, 0);
	pid = cg_fork_bound(self->b);
	if (!pid) {
		for (int i = 0; i < 64; i++)
			must(read(fd, buf, sizeof(buf)) == sizeof(buf));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_LE(MB(4), cg_number(self->a, "memory.current"));
	EXPECT_GE(SLACK, cg_number(self->b, "memory.current"));
	EXPECT_EQ(0, ftruncate(fd, MB(1)));
	EXPECT_TRUE(cg_settles(self->a, "memory.current", MB(1), MB(1) + SLACK));
	/* An open file is there without a name, too. */
	EXPECT_EQ(0, unlink(name));
	EXPECT_LE(MB(1), cg_number(self->a, "memory.current"));
	close(fd);
	EXPECT_TRUE(cg_settles(self->a, "memory.current", 0, SLACK));
}

TEST_F(charge, what_is_left_of_a_removed_cgroup_is_its_parents)
{
	int fd = memfd_create("left", 0);
	pid_t pid;
	char *p;

	ASSERT_EQ(0, ftruncate(fd, MB(4)));
	p = mmap(NULL, MB(4), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	pid = cg_fork_bound(self->a);
	if (!pid) {
		use(p, MB(4));
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(pid));
	ASSERT_TRUE(used(p, MB(4)));
	ASSERT_EQ(cg_inode(self->a), page_cgroup(p));
	ASSERT_EQ(0, cg_remove(self->a));
	EXPECT_TRUE(page_settles(p, self->top));
	EXPECT_LE(MB(4), cg_number(self->top, "memory.current"));
	EXPECT_TRUE(cg_stat_settles(self->top, "shmem", MB(4), MB(4)));
	/* A new cgroup of the same name has nothing to do with it. */
	ASSERT_EQ(0, cg_create(self->a));
	EXPECT_EQ(0, cg_number(self->a, "memory.current"));
	munmap(p, MB(4));
	close(fd);
	EXPECT_TRUE(cg_settles(self->top, "memory.current", 0, 2 * SLACK));
	EXPECT_TRUE(cg_stat_settles(self->top, "shmem", 0, 0));
}

/*
 * Who moved away goes on using what a removed cgroup was charged for, and what
 * is new is charged where the process lives.
 */
TEST_F(charge, a_removed_cgroups_memory_is_used_on)
{
	struct baton moved = baton_make(), removed = baton_make();
	pid_t pid = cg_fork_bound(self->a);

	if (!pid) {
		char *p = map_used(MB(4));

		must(!cg_enter(self->b, 0));
		baton_pass(&moved, 0);
		baton_take(&removed);
		must(used(p, MB(4)));
		must(page_settles(p, self->top));
		must(page_cgroup(map_used(PAGE)) == cg_inode(self->b));
		_exit(0);
	}
	baton_take(&moved);
	ASSERT_EQ(0, cg_remove(self->a));
	EXPECT_LE(MB(4), cg_number(self->top, "memory.current"));
	baton_pass(&removed, 0);
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(cg_settles(self->top, "memory.current", 0, 2 * SLACK));
}

/*
 * Removed level by level with memory charged, all of it arrives where there
 * is still somebody.
 */
TEST_F(charge, memory_climbs_over_removed_levels)
{
	char one[PATH_MAX], two[PATH_MAX];
	int fd = memfd_create("left", 0);
	pid_t pid;
	char *p;

	ASSERT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "+memory"));
	ASSERT_EQ(0, cg_create(cg_path(one, self->a, "one")));
	ASSERT_EQ(0, cg_write(one, "cgroup.subtree_control", "+memory"));
	ASSERT_EQ(0, cg_create(cg_path(two, one, "two")));
	ASSERT_EQ(0, ftruncate(fd, MB(4)));
	p = mmap(NULL, MB(4), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	pid = cg_fork_bound(two);
	if (!pid) {
		use(p, MB(4));
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(pid));
	ASSERT_TRUE(used(p, MB(4)));
	ASSERT_EQ(0, cg_remove(two));
	EXPECT_TRUE(page_settles(p, one));
	EXPECT_LE(MB(4), cg_number(one, "memory.current"));
	ASSERT_EQ(0, cg_remove(one));
	EXPECT_TRUE(page_settles(p, self->a));
	EXPECT_TRUE(cg_stat_settles(self->top, "shmem", MB(4), MB(4)));
	ASSERT_EQ(0, cg_remove(self->a));
	EXPECT_TRUE(page_settles(p, self->top));
	munmap(p, MB(4));
	close(fd);
	EXPECT_TRUE(cg_settles(self->top, "memory.current", 0, 2 * SLACK));
}

TEST_F(charge, depth_costs_no_charge)
{
	char cg[PATH_MAX];
	pid_t pid;

	strcpy(cg, self->a);
	for (int depth = 0; depth < 16; depth++) {
		ASSERT_EQ(0, cg_write(cg, "cgroup.subtree_control", "+memory"));
		strcat(cg, "/d");
		ASSERT_EQ(0, cg_create(cg));
	}
	pid = cg_fork_bound(cg);
	if (!pid) {
		char *p = map_used(MB(4));

		must(page_cgroup(p) == cg_inode(cg));
		for (int depth = 0; depth < 17; depth++) {
			must(cg_number(cg, "memory.current") >= MB(4));
			*strrchr(cg, '/') = '\0';
		}
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--usage-below-2M"))
		return cg_number(argv[2], "memory.current") < MB(2) ? 0 : 1;
	return test_harness_run(argc, argv);
}

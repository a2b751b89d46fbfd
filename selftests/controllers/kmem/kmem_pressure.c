// SPDX-License-Identifier: GPL-2.0
/*
 * Socket buffers are memory of a cgroup, and so its sockets hold back while it
 * is short of memory; not when somebody merely asks for memory.reclaim.
 *
 * Promises from cgroup-v2.rst, "sock_throttled" of "memory.events", and
 * "memory.reclaim" ("the networking layer will not adapt").
 */
#include "kselftest_harness.h"
#include "kmem.h"
#include "memcg-disk.h"
#include "until.h"

#define FILE_SIZE	MB(8)

#define NEEDS_DISK() do {						\
	if (disk_mount())						\
		SKIP(return, "no ext4 on a disk");			\
} while (0)

#define NEEDS_KEY() do {						\
	if (proc_kernel_before(7, 0) &&					\
	    cg_key(self->a, "memory.events", "sock_throttled") == -ENOENT) \
		SKIP(return, "no sock_throttled in memory.events");	\
} while (0)

/*
 * A process of @cg that sends to itself by TCP, and counts in *@rounds. A socket
 * asks for the pressure when its buffer fills up, so it does, each round.
 */
static pid_t streamer(const char *cg, volatile long *rounds)
{
	pid_t pid = cg_fork_bound(cg);

	if (!pid) {
		static char buf[1 << 14];
		int fd[2];

		own_network();
		tcp_pair(fd);
		for (;;) {
			*rounds += stuff(fd[0], MB(1)) > 0;
			while (recv(fd[1], buf, sizeof(buf), MSG_DONTWAIT) > 0)
				;
			/* Others have work to do. */
			poll(NULL, 0, 1);
		}
	}
	must(pid > 0);
	return pid;
}

/* Each of the streams goes on for a while. */
static bool flow(volatile long *rounds)
{
	long a = rounds[0] + 20, b = rounds[1] + 20;

	return EVENTUALLY(rounds[0] >= a && rounds[1] >= b);
}

/*
 * A process of @cg with a file in use, which it gives up and reads anew each time
 * that it takes the baton: reclaim looks at each of its pages in vain, once.
 */
static pid_t user_of(int fd, const char *cg, struct baton *go, struct baton *done)
{
	pid_t pid = cg_fork_bound(cg);

	if (!pid) {
		for (;;) {
			char *p = mmap(NULL, FILE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
			int value;

			must(p != MAP_FAILED);
			for (long i = 0; i < FILE_SIZE; i += PAGE)
				(void)*(volatile char *)(p + i);
			baton_pass(done, 0);
			/* However long that takes. */
			must(read(go->fd[0], &value, sizeof(value)) > 0);
			munmap(p, FILE_SIZE);
			must(!posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
		}
	}
	must(pid > 0);
	baton_take(done);
	return pid;
}

/*
 * Has @cg give up a little, with a file in use that makes it hard. That it was
 * is remembered for a second, so the sockets may come too late.
 */
static bool throttled(const char *cg, struct baton *go, struct baton *done,
		      volatile long *rounds)
{
	baton_pass(go, 0);
	baton_take(done);
	must(!cg_write_number(cg, "memory.high", FILE_SIZE - MB(1)));
	must(!cg_write(cg, "memory.high", "max"));
	return flow(rounds) && cg_key(cg, "memory.events", "sock_throttled") > 0;
}

TEST_F_TIMEOUT(kmem, sockets_are_throttled_for_a_limit_and_not_for_memory_reclaim, 120)
{
	struct baton go = baton_make(), done = baton_make();
	volatile long *rounds;
	int fd, b;

	NEEDS_KEY();
	NEEDS_DISK();
	fd = disk_hole(FILE_SIZE);
	rounds = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, rounds);
	streamer(self->a, &rounds[0]);
	streamer(self->b, &rounds[1]);
	user_of(fd, self->a, &go, &done);
	ASSERT_TRUE(flow(rounds));

	/* Hard work, as one can see by what it had to look at. */
	cg_write(self->a, "memory.reclaim", "4M");
	EXPECT_TRUE(flow(rounds));
	EXPECT_LE(FILE_SIZE / PAGE, cg_stat(self->a, "pgscan_proactive"));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "sock_throttled"));

	b = cg_watch(self->b, "memory.events");
	EXPECT_TRUE(EVENTUALLY(throttled(self->a, &go, &done, rounds)));
	EXPECT_LE(1, cg_key(self->top, "memory.events", "sock_throttled"));
	EXPECT_EQ(0, cg_key(self->top, "memory.events.local", "sock_throttled"));
	/* The neighbour's go on as they did. */
	EXPECT_EQ(0, cg_key(self->b, "memory.events", "sock_throttled"));
	EXPECT_FALSE(cg_event(b, 0));
	close(fd);
}

TEST_HARNESS_MAIN

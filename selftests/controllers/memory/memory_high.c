// SPDX-License-Identifier: GPL-2.0
/*
 * memory.high: reclaims and slows down, and never kills. And what the pressure
 * file has to say about it.
 *
 * Promises from cgroup-v2.rst, "memory.high", "memory.events" and
 * "memory.pressure", and Documentation/accounting/psi.rst.
 */
#include "kselftest_harness.h"
#include "memcg-disk.h"

MEMCG_FIXTURE(high)

#define SLACK	(KB(768) + CG_STOCK)

#define NEEDS_DISK() do {						\
	if (disk_mount())						\
		SKIP(return, "no ext4 on a disk");			\
} while (0)

TEST_F(high, below_it_nothing_happens)
{
	ASSERT_EQ(0, cg_write(self->a, "memory.high", "10M"));
	EXPECT_EQ(0, proc_end(hog(self->a, MB(8))));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "high"));
}

TEST_F(high, page_cache_is_kept_around_it)
{
	int fd;

	NEEDS_DISK();
	fd = disk_hole(MB(32));
	ASSERT_EQ(0, cg_write(self->a, "memory.high", "8M"));
	read_in(self->a, fd, MB(32));
	EXPECT_GE(MB(8) + SLACK, cg_number(self->a, "memory.current"));
	EXPECT_GE(MB(8) + SLACK, cached(fd, MB(32)));
	EXPECT_LE(MB(4), cached(fd, MB(32)));
	EXPECT_LE(1, cg_key(self->a, "memory.events", "high"));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "max"));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "oom"));
	close(fd);
}

/* Nothing can be reclaimed, so the limit is breached, slowly. */
TEST_F(high, going_over_it_kills_nobody)
{
	ASSERT_EQ(0, cg_write(self->a, "memory.high", "8M"));
	EXPECT_EQ(0, proc_end(hog(self->a, MB(8) + KB(384))));
	EXPECT_LT(MB(8), cg_number(self->a, "memory.peak"));
	EXPECT_LE(1, cg_key(self->a, "memory.events", "high"));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "oom"));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "oom_kill"));
}

/* The number behind "total=" of the line @what, in microseconds. */
static long stalled(const char *cg, const char *what)
{
	char path[PATH_MAX], line[256], *total;

	if (file_field(cg_path(path, cg, "memory.pressure"), what, line,
		       sizeof(line)))
		return -1;
	total = strstr(line, "total=");
	return total ? atol(total + 6) : -1;
}

TEST_F(high, going_over_it_is_slowed_down)
{
	struct timespec start;

	if (stalled(self->a, "some") < 0)
		SKIP(return, "no memory.pressure: CONFIG_PSI is off");
	ASSERT_EQ(0, stalled(self->a, "some"));
	ASSERT_EQ(0, cg_write(self->a, "memory.high", "8M"));
	clock_gettime(CLOCK_MONOTONIC, &start);
	EXPECT_EQ(0, proc_end(hog(self->a, MB(8) + KB(640))));
	/* It slept for it, and that is pressure: here, above, not next door. */
	EXPECT_LE(100000, stalled(self->a, "some"));
	EXPECT_LE(100000, stalled(self->a, "full"));
	EXPECT_LE(100000, stalled(self->top, "some"));
	EXPECT_EQ(0, stalled(self->b, "some"));
	EXPECT_GE(ms_since(&start) * 1000 + 20000, stalled(self->a, "some"));
}

TEST_F(high, who_is_slowed_down_can_be_killed)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, "memory.high", "2M"));
	pid = hog(self->a, MB(64));
	ASSERT_GT(pid, 0);
	ASSERT_TRUE(cg_key_settles(self->a, "memory.events", "high", 3, LONG_MAX));
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
}

TEST_F(high, lifted_lets_go)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, "memory.high", "2M"));
	pid = hog(self->a, MB(32));
	ASSERT_GT(pid, 0);
	ASSERT_TRUE(cg_key_settles(self->a, "memory.events", "high", 3, LONG_MAX));
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	ASSERT_EQ(0, cg_write(self->a, "memory.high", "max"));
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_LE(MB(32), cg_number(self->a, "memory.peak"));
}

TEST_F(high, lowered_below_the_usage_reclaims_at_once)
{
	int fd;

	NEEDS_DISK();
	fd = disk_hole(MB(16));
	read_in(self->a, fd, MB(16));
	ASSERT_EQ(0, cg_write(self->a, "memory.high", "4M"));
	EXPECT_GE(MB(4), cg_number(self->a, "memory.current"));
	EXPECT_GE(MB(4), cached(fd, MB(16)));
	close(fd);
}

TEST_F(high, lowered_below_what_can_be_reclaimed_kills_nobody)
{
	pid_t pid = hog_that_stays(self->a, MB(8));

	ASSERT_GT(pid, 0);
	ASSERT_EQ(0, cg_write(self->a, "memory.high", "4M"));
	EXPECT_EQ(MB(4), cg_number(self->a, "memory.high"));
	EXPECT_LE(MB(8), cg_number(self->a, "memory.current"));
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "oom"));
}

TEST_F(high, with_nonblock_reclaim_is_left_to_the_next_charge)
{
	char path[PATH_MAX];
	int fd, file;

	NEEDS_DISK();
	fd = disk_hole(MB(16));
	read_in(self->a, fd, MB(16));
	file = open(cg_path(path, self->a, "memory.high"), O_WRONLY | O_NONBLOCK);
	ASSERT_GE(file, 0);
	ASSERT_EQ(2, write(file, "4M", 2));
	EXPECT_EQ(MB(4), cg_number(self->a, "memory.high"));
	if (cg_number(self->a, "memory.current") < MB(16) && proc_kernel_before(7, 3))
		SKIP(return, "O_NONBLOCK makes no difference to this kernel's memory.high");
	EXPECT_LE(MB(16), cg_number(self->a, "memory.current"));
	ASSERT_EQ(0, proc_end(hog(self->a, MB(1))));
	EXPECT_GE(MB(4) + SLACK, cg_number(self->a, "memory.current"));
	close(fd);
}

TEST_F(high, above_binds_below_and_has_the_event)
{
	int fd;

	NEEDS_DISK();
	fd = disk_hole(MB(16));
	ASSERT_EQ(0, cg_write(self->top, "memory.high", "4M"));
	read_in(self->a, fd, MB(16));
	EXPECT_GE(MB(4) + SLACK, cg_number(self->top, "memory.current"));
	EXPECT_LE(1, cg_key(self->top, "memory.events.local", "high"));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "high"));
	EXPECT_EQ(0, cg_key(self->b, "memory.events", "high"));
	close(fd);
}

TEST_F(high, events_wake_a_poll)
{
	int fd, watch;

	NEEDS_DISK();
	fd = disk_hole(MB(8));
	ASSERT_EQ(0, cg_write(self->a, "memory.high", "4M"));
	watch = cg_watch(self->top, "memory.events");
	EXPECT_FALSE(cg_event(watch, 0));
	read_in(self->a, fd, MB(8));
	EXPECT_TRUE(cg_event(watch, PROC_HANG_MS));
	EXPECT_LE(1, cg_key(self->top, "memory.events", "high"));
	EXPECT_EQ(0, cg_key(self->top, "memory.events.local", "high"));
	close(fd);
}

TEST_F(high, max_is_reached_above_it)
{
	ASSERT_EQ(0, cg_write(self->a, "memory.high", "8M"));
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "8448K"));
	EXPECT_EQ(-SIGKILL, proc_end(hog(self->a, MB(12))));
	EXPECT_LE(1, cg_key(self->a, "memory.events", "high"));
	EXPECT_LE(1, cg_key(self->a, "memory.events", "max"));
	EXPECT_EQ(1, cg_key(self->a, "memory.events", "oom_kill"));
	EXPECT_GE(KB(8448), cg_number(self->a, "memory.peak"));
}

/* Opens the pressure file and leaves a trigger there. */
static int trigger(const char *cg, const char *text)
{
	char path[PATH_MAX];
	int fd = open(cg_path(path, cg, "memory.pressure"), O_RDWR | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	/* The terminating null belongs to it. */
	if (write(fd, text, strlen(text) + 1) < 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

TEST_F(high, a_pressure_trigger_fires_when_it_is_slowed_down)
{
	int fd;

	if (stalled(self->a, "some") < 0)
		SKIP(return, "no memory.pressure: CONFIG_PSI is off");
	ASSERT_EQ(0, cg_write(self->a, "memory.high", "8M"));
	fd = trigger(self->a, "some 50000 1000000");
	ASSERT_GE(fd, 0);
	EXPECT_EQ(0, proc_poll(fd, POLLPRI, 0));
	EXPECT_EQ(0, proc_end(hog(self->a, MB(8) + KB(640))));
	EXPECT_TRUE(proc_poll(fd, POLLPRI, PROC_HANG_MS) & POLLPRI);
	close(fd);
}

TEST_F(high, malformed_pressure_triggers_are_refused)
{
	static const char * const values[] = {
		"some", "some 1000", "half 150000 1000000", "150000 1000000",
		"some 0 1000000", "some 1000001 1000000", "some 150000 0",
		"some 150000 10000001",
	};

	if (stalled(self->a, "some") < 0)
		SKIP(return, "no memory.pressure: CONFIG_PSI is off");
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		EXPECT_EQ(-EINVAL, trigger(self->a, values[i]))
			TH_LOG("'%s'", values[i]);
	}
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * io.latency: targets, and what becomes of the peers of a cgroup that misses
 * its own.
 *
 * Promises from cgroup-v2.rst, "IO Latency".
 */
#include "io.h"

#define DEBUG_STATS	"/sys/module/blk_cgroup/parameters/blkcg_debug_stats"
#define QUEUE		"/sys/block/ubda/queue/"

FIXTURE_SETUP(io)
{
	IO_SETUP();
	if (!cg_has(self->a, "io.latency"))
		SKIP(return, "no io.latency (CONFIG_BLK_CGROUP_IOLATENCY)");
}

FIXTURE_TEARDOWN_PARENT(io)
{
	if (!self->top[0])
		return;
	io_set(self->a, "io.latency", DISK, "target=max");
	cg_destroy(self->top);
	file_write(DEBUG_STATS, "0");
}

TEST_F(io, a_target_is_listed_until_it_is_removed)
{
	EXPECT_FALSE(cg_has(self->root, "io.latency"));
	EXPECT_STREQ("", io_line(self->a, "io.latency", DISK));
	ASSERT_EQ(0, io_set(self->a, "io.latency", DISK, "target=75000"));
	EXPECT_STREQ("target=75000", io_line(self->a, "io.latency", DISK));
	EXPECT_STREQ("", io_line(self->a, "io.latency", OTHER));
	EXPECT_STREQ("", io_line(self->b, "io.latency", DISK));
	ASSERT_EQ(0, io_set(self->a, "io.latency", DISK, "target=10"));
	EXPECT_STREQ("target=10", io_line(self->a, "io.latency", DISK));
	ASSERT_EQ(0, io_set(self->a, "io.latency", DISK, "target=max"));
	EXPECT_STREQ("", io_line(self->a, "io.latency", DISK));
	ASSERT_EQ(0, io_set(self->a, "io.latency", DISK, "target=10"));
	ASSERT_EQ(0, io_set(self->a, "io.latency", DISK, "target=0"));
	EXPECT_STREQ("", io_line(self->a, "io.latency", DISK));
}

TEST_F(io, targets_that_are_none_are_refused)
{
	static const char * const values[] = {
		"target", "target=", "target=x", "10", "foo=10", "target=-1",
		"target=5 foo=1", "max",
	};

	ASSERT_EQ(0, io_set(self->a, "io.latency", DISK, "target=1000"));
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		EXPECT_EQ(-EINVAL, io_set(self->a, "io.latency", DISK, "%s", values[i]))
			TH_LOG("writing '%s'", values[i]);
		EXPECT_STREQ("target=1000", io_line(self->a, "io.latency", DISK));
	}
	EXPECT_EQ(-ENODEV, cg_write(self->a, "io.latency", "240:77 target=10"));
	EXPECT_EQ(-EINVAL, cg_write(self->a, "io.latency", "target=10"));
}

/*
 * How many requests @cg may have under way at once; LONG_MAX: no bound, -1: it has done
 * nothing yet.
 */
static long depth(const char *cg)
{
	const char *at = strstr(io_line(cg, "io.stat", DISK), "depth=");

	if (!at)
		return -1;
	return !strncmp(at + 6, "max", 3) ? LONG_MAX : atol(at + 6);
}

/*
 * The disk has room for few requests: who is throttled then goes from no bound
 * to one request at a time in two steps, and back in not many more.
 */
FIXTURE(latency)
{
	FIXTURE_DATA(io) cg;
	char one[640], two[640], scheduler[32];
	long requests, rotational;
};

FIXTURE_SETUP(latency)
{
	io_setup(_metadata, &self->cg, NULL);
	if (!self->cg.b[0] || !cg_has(self->cg.a, "io.latency"))
		return;
	snprintf(self->one, sizeof(self->one), "%s/one", self->cg.a);
	snprintf(self->two, sizeof(self->two), "%s/two", self->cg.a);
	/* Without a scheduler the disk takes more than it is meant to have room for. */
	scheduler_in_use(self->scheduler, sizeof(self->scheduler));
	if (file_write(SCHEDULER, "mq-deadline"))
		SKIP(return, "no mq-deadline (CONFIG_MQ_IOSCHED_DEADLINE)");
	self->rotational = file_number(QUEUE "rotational");
	self->requests = file_number(QUEUE "nr_requests");
	ASSERT_EQ(0, file_write(QUEUE "nr_requests", "4"));
	if (file_write(DEBUG_STATS, "1"))
		SKIP(return, "no parameter blkcg_debug_stats");
}

FIXTURE_TEARDOWN_PARENT(latency)
{
	if (!self->cg.top[0])
		return;
	io_set(self->cg.a, "io.latency", DISK, "target=max");
	io_set(self->cg.b, "io.latency", DISK, "target=max");
	io_set(self->one, "io.latency", DISK, "target=max");
	cg_destroy(self->cg.top);
	file_write(DEBUG_STATS, "0");
	if (!self->requests)
		return;
	file_printf(QUEUE "nr_requests", "%ld", self->requests);
	file_printf(QUEUE "rotational", "%ld", self->rotational);
	file_write(SCHEDULER, self->scheduler);
}

static const struct io small_reads = { DISK, false, KB(4), 0 };
static const struct io large_reads = { DISK, false, MB(1), 0 };

#define WORKERS	2

static void start(pid_t pid[WORKERS], const char *cg)
{
	for (int i = 0; i < WORKERS; i++)
		pid[i] = io_start(cg, &small_reads);
}

static void stop(pid_t pid[WORKERS])
{
	for (int i = 0; i < WORKERS; i++)
		proc_kill(pid[i]);
}

/* Whether @cg gets to one request at a time, and @other, at work too, has no bound ever. */
static bool gets_clamped(const char *cg, const char *other)
{
	bool bound = false, clamped;

	clamped = EVENTUALLY((bound |= depth(other) > 0 && depth(other) != LONG_MAX,
			      depth(cg) == 1));
	if (!clamped || bound)
		fprintf(stderr, "# clamped: %s; the other had a bound: %d\n",
			io_line(cg, "io.stat", DISK), bound);
	return clamped && !bound && EVENTUALLY(depth(other) == LONG_MAX);
}

/*
 * Whether @cg gets to have no bound: the kernel forgets a victim after five seconds
 * without news of it, and goes up a step every second then.
 */
static bool gets_free(const char *cg)
{
	for (int i = 0; i < 4; i++)
		if (EVENTUALLY(depth(cg) == LONG_MAX))
			return true;
	fprintf(stderr, "# not free: %s\n", io_line(cg, "io.stat", DISK));
	return false;
}

/*
 * A target of 1 us is always missed, so the peer without a target is clamped,
 * down to one request at a time. The missing one itself is not.
 */
TEST_F_TIMEOUT(latency, who_misses_its_target_has_its_peers_throttled, 120)
{
	pid_t a[WORKERS], b[WORKERS];

	ASSERT_EQ(0, io_set(self->cg.a, "io.latency", DISK, "target=1"));
	start(a, self->cg.a);
	start(b, self->cg.b);
	EXPECT_TRUE(gets_clamped(self->cg.b, self->cg.a));
	/* When the victim stops, nobody is throttled for it any more. */
	stop(a);
	EXPECT_TRUE(gets_free(self->cg.b));
	stop(b);
}

/* How many requests a cgroup has had in its window, and how many missed its target. */
struct window {
	long missed, total;
};

static struct window window(const char *cg)
{
	const char *at = strstr(io_line(cg, "io.stat", DISK), " missed=");
	struct window w = { 0, 0 };

	if (at)
		sscanf(at, " missed=%ld total=%ld", &w.missed, &w.total);
	return w;
}

/* How many of 100 requests of @cg, which is at work, miss its target; -1: it is not. */
static long misses(const char *cg)
{
	struct window before = window(cg), now;
	const long end = until_ms() + PROC_HANG_MS;

	do {
		if (until_ms() > end)
			return -1;
		poll(NULL, 0, 5);
		now = window(cg);
		/* The next has begun. */
		if (now.total < before.total)
			before = (struct window){ 0, 0 };
	} while (now.total - before.total < 30);
	return (now.missed - before.missed) * 100 / (now.total - before.total);
}

#define LARGE	4

/* Sets @a's @target and asks for more than the disk has room for. */
static void ask_for_much(const char *a, long target, pid_t pid[LARGE])
{
	must(!io_set(a, "io.latency", DISK, "target=%ld", target));
	for (int i = 0; i < LARGE; i++)
		pid[i] = io_start(a, &large_reads);
}

static void ask_no_more(pid_t pid[LARGE])
{
	for (int i = 0; i < LARGE; i++)
		proc_kill(pid[i]);
}

/* The highest target, of those half as high each, that large reads in @a do miss. */
static long target_to_miss(const char *a, long *large_misses)
{
	long target = 1 << 16;
	pid_t pid[LARGE];

	do {
		target /= 2;
		ask_for_much(a, target, pid);
		*large_misses = misses(a);
		ask_no_more(pid);
	} while (*large_misses < 30 && target > 2);
	return target;
}

/*
 * Has @a miss @target by asking for more than the disk has room for, and then meet it by
 * asking for little. Whether @b, at work, is clamped meanwhile and free in the end: by two
 * steps of half a second, and not because @a was forgotten, which takes five.
 */
static bool clamps_and_frees(const char *a, const char *b, long target)
{
	bool clamped, freed;
	pid_t pid[LARGE];
	long start;

	ask_for_much(a, target, pid);
	clamped = gets_clamped(b, a);
	ask_no_more(pid);
	start = until_ms();
	pid[0] = io_start(a, &small_reads);
	freed = EVENTUALLY(depth(b) == LONG_MAX) && until_ms() - start < 4000;
	proc_kill(pid[0]);
	if (clamped && !freed)
		fprintf(stderr, "# target %ld us: not free: %s\n", target,
			io_line(b, "io.stat", DISK));
	return clamped && freed;
}

/*
 * The target is between what small requests take and what large ones take, by the kernel's
 * own count of who misses it. On a machine that is held up that may be another the next
 * moment: it is tried several times.
 */
TEST_F_TIMEOUT(latency, who_meets_its_target_again_lets_its_peers_go, 300)
{
	long target = 0, large_misses = 0, small_misses = 0;
	bool so = false, apart = false;
	pid_t a, b[WORKERS];

	ASSERT_EQ(0, file_write(QUEUE "rotational", "0"));
	start(b, self->cg.b);
	for (int i = 0; i < 8 && !so; i++) {
		target = target_to_miss(self->cg.a, &large_misses);
		a = io_start(self->cg.a, &small_reads);
		small_misses = misses(self->cg.a);
		proc_kill(a);
		if (large_misses < 30 || small_misses > 5)
			continue;
		apart = true;
		so = clamps_and_frees(self->cg.a, self->cg.b, target);
	}
	stop(b);
	if (!apart)
		SKIP(return, "of 100 large requests %ld miss %ld us, of 100 small ones %ld",
		     large_misses, target, small_misses);
	EXPECT_TRUE(so)
		TH_LOG("of 100 large requests %ld missed %ld us, of 100 small ones %ld; a: %s",
		       large_misses, target, small_misses,
		       io_line(self->cg.a, "io.stat", DISK));
}

TEST_F_TIMEOUT(latency, another_target_forgets_what_became_of_the_last, 120)
{
	pid_t a[WORKERS], b[WORKERS];

	ASSERT_EQ(0, io_set(self->cg.a, "io.latency", DISK, "target=1"));
	start(a, self->cg.a);
	start(b, self->cg.b);
	EXPECT_TRUE(gets_clamped(self->cg.b, self->cg.a));
	ASSERT_EQ(0, io_set(self->cg.a, "io.latency", DISK, "target=60000000"));
	EXPECT_TRUE(EVENTUALLY(depth(self->cg.b) == LONG_MAX))
		TH_LOG("b: %s", io_line(self->cg.b, "io.stat", DISK));
	stop(a);
	stop(b);
}

TEST_F_TIMEOUT(latency, only_peers_of_the_same_parent_are_throttled, 120)
{
	pid_t one[WORKERS], two[WORKERS], b[WORKERS];

	ASSERT_EQ(0, cg_write(self->cg.a, "cgroup.subtree_control", "+io"));
	ASSERT_EQ(0, cg_create(self->one));
	ASSERT_EQ(0, cg_create(self->two));
	ASSERT_EQ(0, io_set(self->one, "io.latency", DISK, "target=1"));
	start(one, self->one);
	start(two, self->two);
	start(b, self->cg.b);
	EXPECT_TRUE(gets_clamped(self->two, self->cg.b));
	EXPECT_EQ(LONG_MAX, depth(self->one));
	EXPECT_EQ(LONG_MAX, depth(self->cg.a));
	stop(one);
	stop(two);
	stop(b);
}

/*
 * Both are missed. The narrower is heard first: that it has a say is seen by the third,
 * which has no target. When the wider is, Linux may go on to hear that one only, and
 * nobody is throttled (iolatency_check_latencies() has one event for all in 500 ms).
 * With 32 requests there are some thirty events before it is as low as it goes, and five
 * are what it takes.
 */
TEST_F_TIMEOUT(latency, of_two_that_miss_their_targets_the_wider_is_throttled, 120)
{
	pid_t narrow[WORKERS], wide[WORKERS], none[WORKERS];
	char c[600];

	ASSERT_EQ(0, file_write(QUEUE "nr_requests", "32"));
	snprintf(c, sizeof(c), "%s/c", self->cg.top);
	ASSERT_EQ(0, cg_create(c));
	ASSERT_EQ(0, io_set(self->cg.b, "io.latency", DISK, "target=2"));
	ASSERT_EQ(0, io_set(self->cg.a, "io.latency", DISK, "target=1"));
	start(narrow, self->cg.a);
	start(none, c);
	EXPECT_TRUE(gets_clamped(c, self->cg.a));
	start(wide, self->cg.b);
	EXPECT_TRUE(gets_clamped(self->cg.b, self->cg.a));
	stop(narrow);
	stop(wide);
	stop(none);
}

TEST_F(io, nobody_is_throttled_while_targets_are_met)
{
	const struct io io = { DISK, false, KB(4), 200 };
	pid_t one, two;

	if (file_write(DEBUG_STATS, "1"))
		SKIP(return, "no parameter blkcg_debug_stats");
	ASSERT_EQ(0, io_set(self->a, "io.latency", DISK, "target=60000000"));
	one = io_start(self->a, &io);
	two = io_start(self->b, &io);
	EXPECT_EQ(0, proc_end(one));
	EXPECT_EQ(0, proc_end(two));
	EXPECT_EQ(LONG_MAX, depth(self->a));
	EXPECT_EQ(LONG_MAX, depth(self->b));
}

/* What the line has behind what every line has; NULL when it is not such a line. */
static const char *more_stats(const char *cg)
{
	const char *line = io_line(cg, "io.stat", DISK);
	int end = 0;

	sscanf(line, "rbytes=%*u wbytes=%*u rios=%*u wios=%*u dbytes=%*u dios=%*u%n", &end);
	return end ? line + end : NULL;
}

/*
 * Whether any of @cg's requests count now. It begins somewhat later than the first target
 * is set, when a work item has run, and ends with each window.
 */
static bool counts(const char *cg, const struct io *io)
{
	io_run(cg, io);
	return window(cg).total > 0;
}

TEST_F(latency, a_disk_that_does_not_rotate_shows_how_many_missed)
{
	const struct io io = { DISK, false, KB(4), 40 };
	unsigned long missed, total;
	int end = 0;

	ASSERT_EQ(0, file_write(QUEUE "rotational", "0"));
	ASSERT_EQ(0, io_set(self->cg.a, "io.latency", DISK, "target=1"));
	EXPECT_TRUE(EVENTUALLY(counts(self->cg.a, &io)));
	ASSERT_NE(NULL, more_stats(self->cg.a));
	EXPECT_EQ(2, sscanf(more_stats(self->cg.a), " missed=%lu total=%lu depth=max%n",
			    &missed, &total, &end));
	EXPECT_GT(end, 0)
		TH_LOG("'%s'", more_stats(self->cg.a));
	EXPECT_STREQ("", more_stats(self->cg.a) + end);
	EXPECT_EQ(total, missed);
	/* All meet this one; a new window begins by the time it takes. */
	ASSERT_EQ(0, io_set(self->cg.b, "io.latency", DISK, "target=60000000"));
	EXPECT_TRUE(EVENTUALLY(counts(self->cg.b, &io)));
	EXPECT_EQ(2, sscanf(more_stats(self->cg.b), " missed=%lu total=%lu depth=max",
			    &missed, &total));
	EXPECT_EQ(0, missed);
	EXPECT_LE(total, 40);
	ASSERT_EQ(0, file_write(DEBUG_STATS, "0"));
	EXPECT_STREQ("", more_stats(self->cg.a));
}

/* The window is 16 times the target, but 100 ms at least and a second at most. */
TEST_F(latency, a_disk_that_rotates_shows_its_average_and_the_window)
{
	static const struct {
		const char *target;
		long win;
	} windows[] = { { "1", 100 }, { "10000", 160 }, { "60000000", 1000 } };
	unsigned long average = 0, win;
	int end = 0;

	ASSERT_EQ(0, file_write(QUEUE "rotational", "1"));
	for (size_t i = 0; i < ARRAY_SIZE(windows); i++) {
		const struct io io = { DISK, false, KB(4), 1 };

		ASSERT_EQ(0, io_set(self->cg.a, "io.latency", DISK, "target=%s",
				    windows[i].target));
		io_run(self->cg.a, &io);
		ASSERT_NE(NULL, more_stats(self->cg.a));
		EXPECT_EQ(2, sscanf(more_stats(self->cg.a), " depth=max avg_lat=%lu win=%lu%n",
				    &average, &win, &end))
			TH_LOG("'%s'", more_stats(self->cg.a));
		EXPECT_STREQ("", more_stats(self->cg.a) + end);
		EXPECT_EQ(windows[i].win, win);
	}
	ASSERT_EQ(0, file_write(DEBUG_STATS, "0"));
	EXPECT_STREQ("", more_stats(self->cg.a));
}

TEST_HARNESS_MAIN

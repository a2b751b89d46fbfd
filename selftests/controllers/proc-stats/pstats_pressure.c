// SPDX-License-Identifier: GPL-2.0
/* pressure/: stalls of the container, and triggers on them. */
#include "pstats.h"
#include "runner.h"

BOXES_FIXTURE(psi)

/* The total of stalls in the "some" line, in microseconds. */
static long some_total(const char *text)
{
	const char *p = strstr(text, "some");

	p = p ? strstr(p, "total=") : NULL;
	return p ? atol(p + 6) : -1;
}

static long box_some(const struct box *b, const char *file)
{
	char buf[512];

	must(box_read(b, file, buf, sizeof(buf)) > 0);
	return some_total(buf);
}

static bool psi_is_on(const struct box *b)
{
	char buf[512];

	return box_read(b, "pressure/cpu", buf, sizeof(buf)) > 0;
}

#define NEEDS_PSI() do {						\
	if (!psi_is_on(self->a))					\
		SKIP(return, "no pressure stall information here");	\
} while (0)

/* Two that want the one CPU stall each other. */
static void contend(const struct box *b)
{
	volatile unsigned long *steps = runner_counters(2);

	must(runner_start(b->cg, runner_spin, &steps[0]) > 0);
	must(runner_start(b->cg, runner_spin, &steps[1]) > 0);
	must(runner_runs(&steps[0]) && runner_runs(&steps[1]));
}

TEST_F(psi, stalls_are_those_of_the_cgroup)
{
	char before[512], stats[512], after[512];

	NEEDS_PSI();
	contend(self->a);
	ASSERT_TRUE(EVENTUALLY(box_some(self->a, "pressure/cpu") > 100000));
	ASSERT_LT(0, cg_read(self->a->cg, "cpu.pressure", before, sizeof(before)));
	ASSERT_LT(0, box_read(self->a, "pressure/cpu", stats, sizeof(stats)));
	ASSERT_LT(0, cg_read(self->a->cg, "cpu.pressure", after, sizeof(after)));
	EXPECT_LE(some_total(before), some_total(stats));
	EXPECT_LE(some_total(stats), some_total(after));
}

TEST_F(psi, all_files_are_there_and_have_the_form)
{
	static const char * const files[] = { "pressure/cpu", "pressure/memory",
					      "pressure/io" };
	static const char * const cg[] = { "cpu.pressure", "memory.pressure",
					   "io.pressure" };
	char buf[512], other[512], a[128], b[128];

	NEEDS_PSI();
	for (int i = 0; i < 3; i++) {
		ASSERT_LT(0, box_read(self->a, files[i], buf, sizeof(buf)));
		ASSERT_LT(0, cg_read(self->a->cg, cg[i], other, sizeof(other)));
		line_keys(buf, a, sizeof(a));
		line_keys(other, b, sizeof(b));
		EXPECT_STREQ(b, a);
	}
}

TEST_F(psi, a_cpu_that_a_sibling_takes_is_a_stall_of_the_one_who_waits_only)
{
	long before, idle;

	NEEDS_PSI();
	before = box_some(self->b, "pressure/cpu");
	contend(self->a);
	ASSERT_TRUE(EVENTUALLY(box_some(self->a, "pressure/cpu") > 300000));
	/* Its init sleeps, and has nothing to wait for. */
	idle = box_some(self->b, "pressure/cpu") - before;
	EXPECT_GT(20000, idle);
}

TEST_F(psi, a_trigger_watches_the_container)
{
	static const char some[] = "some 50000 2000000";
	int a, b;

	NEEDS_PSI();
	a = open(box_path(self->a, "pressure/cpu"), O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, a);
	b = open(box_path(self->b, "pressure/cpu"), O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, b);
	ASSERT_EQ((ssize_t)sizeof(some), write(a, some, sizeof(some)));
	ASSERT_EQ((ssize_t)sizeof(some), write(b, some, sizeof(some)));
	EXPECT_EQ(-1, write(a, some, sizeof(some)));
	EXPECT_EQ(EBUSY, errno);
	contend(self->a);
	EXPECT_EQ(POLLPRI, proc_poll(a, POLLPRI, PROC_HANG_MS));
	EXPECT_EQ(0, proc_poll(b, POLLPRI, 100));
	close(a);
	close(b);
}

TEST_F(psi, a_trigger_outlives_the_cgroup_without_harm)
{
	static const char some[] = "some 50000 2000000";
	char buf[256];
	int fd;

	NEEDS_PSI();
	fd = open(box_path(self->a, "pressure/memory"), O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_EQ((ssize_t)sizeof(some), write(fd, some, sizeof(some)));
	proc_kill(self->a->init);
	ASSERT_EQ(0, cg_await_empty(self->a->cg));
	ASSERT_EQ(0, cg_remove(self->a->cg));
	EXPECT_EQ(0, proc_poll(fd, POLLPRI, 50));
	EXPECT_EQ(-1, pread(fd, buf, sizeof(buf), 0));
	EXPECT_EQ(ENODEV, errno);
	close(fd);
	/* And none can be set up any more. */
	fd = open(box_path(self->a, "pressure/memory"), O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-1, write(fd, some, sizeof(some)));
	EXPECT_EQ(ENODEV, errno);
	close(fd);
}

TEST_F(psi, where_accounting_is_off_there_is_nothing_to_read)
{
	char buf[512];

	NEEDS_PSI();
	ASSERT_EQ(0, cg_write(self->a->cg, "cgroup.pressure", "0"));
	EXPECT_EQ(-EOPNOTSUPP, box_read(self->a, "pressure/cpu", buf, sizeof(buf)));
	ASSERT_EQ(0, cg_write(self->a->cg, "cgroup.pressure", "1"));
	EXPECT_LT(0, box_read(self->a, "pressure/cpu", buf, sizeof(buf)));
}

TEST_HARNESS_MAIN

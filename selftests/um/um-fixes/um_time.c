// SPDX-License-Identifier: GPL-2.0
/*
 * Whose time is it: what a program computes is user time, what the kernel does
 * for it is system time, wherever the two are shown.
 *
 * Promises from getrusage(2), times(2), proc_stat(5) and cgroup-v2.rst
 * (cpu.stat); kernel/um-fixes/um-user-time.patch makes UML keep them.
 */
#include "kselftest_harness.h"
#include <stdint.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/times.h>
#include "cgroup.h"
#include "file.h"
#include "proc.h"

#define CG		"/sys/fs/cgroup/um-time"
#define ENOUGH_US	400000		/* 40 ticks: one more or less is nothing */

static int64_t us(struct timeval t)
{
	return t.tv_sec * 1000000LL + t.tv_usec;
}

static void own_times(int64_t *user, int64_t *system)
{
	struct rusage ru;

	must(!getrusage(RUSAGE_SELF, &ru));
	*user = us(ru.ru_utime);
	*system = us(ru.ru_stime);
}

/* Some milliseconds without a single system call. */
static void compute(void)
{
	volatile uint64_t x = 1;

	for (int i = 0; i < 3000000; i++)
		x = x * 6364136223846793005ULL + 1442695040888963407ULL;
}

/*
 * One system call with a lot for the kernel to compute: each entry to and from
 * the kernel is a hand-over between threads of the host, which takes its time
 * on a busy one, and counts as the user's.
 */
static void call(void)
{
	static char buf[32 << 20];

	must(getrandom(buf, sizeof(buf), 0) == sizeof(buf));
}

static void spend(void (*work)(void), int64_t *user, int64_t *system)
{
	int64_t u0, s0;

	work();			/* the page faults of the first time */
	own_times(&u0, &s0);
	do {
		work();
		own_times(user, system);
		*user -= u0;
		*system -= s0;
	} while (*user + *system < ENOUGH_US);
}

TEST(what_a_program_computes_is_user_time)
{
	int64_t user, system;

	spend(compute, &user, &system);
	EXPECT_GT(user, 4 * system) {
		TH_LOG("user %ld us, system %ld us", (long)user, (long)system);
	}
}

TEST(what_the_kernel_does_is_system_time)
{
	int64_t user, system;

	spend(call, &user, &system);
	EXPECT_GT(system, user) {
		TH_LOG("user %ld us, system %ld us", (long)user, (long)system);
	}
}

TEST(the_parent_reads_both_with_times)
{
	struct tms tms;
	pid_t pid = fork();

	if (!pid) {
		int64_t user, system;

		spend(compute, &user, &system);
		_exit(0);
	}
	ASSERT_GT(pid, 0);
	ASSERT_EQ(0, proc_end(pid));
	ASSERT_NE(-1, times(&tms));
	EXPECT_GT(tms.tms_cutime, 4 * tms.tms_cstime) {
		TH_LOG("children: user %ld, system %ld ticks",
		       (long)tms.tms_cutime, (long)tms.tms_cstime);
	}
}

static void stat_ticks(long *user, long *system)
{
	char line[256];
	long nice;

	must(!file_field("/proc/stat", "cpu", line, sizeof(line)));
	must(sscanf(line, "%ld %ld %ld", user, &nice, system) == 3);
}

/* Ticks, of which a busy host may swallow some: their proportion is what counts. */
TEST(proc_stat_counts_user_time)
{
	long user0, system0, user1, system1;
	int64_t user, system;

	stat_ticks(&user0, &system0);
	spend(compute, &user, &system);
	stat_ticks(&user1, &system1);
	EXPECT_GT(user1 - user0, 2 * (system1 - system0)) {
		TH_LOG("/proc/stat: user %ld, system %ld ticks",
		       user1 - user0, system1 - system0);
	}
}

TEST(cpu_stat_splits_the_usage)
{
	int64_t user, system;
	long cg_user, cg_system, rest;
	pid_t pid;

	ASSERT_EQ(0, cg_destroy(CG));
	ASSERT_EQ(0, cg_create(CG));
	pid = cg_fork_into(CG, 0);
	if (!pid) {
		spend(compute, &user, &system);
		_exit(0);
	}
	ASSERT_GT(pid, 0);
	EXPECT_EQ(0, proc_end(pid));
	/* a process that was waited for runs for a moment longer, and is charged for it */
	ASSERT_EQ(0, cg_await_empty(CG));
	cg_user = cg_key(CG, "cpu.stat", "user_usec");
	cg_system = cg_key(CG, "cpu.stat", "system_usec");
	EXPECT_GT(cg_user, 4 * cg_system) {
		TH_LOG("user_usec %ld, system_usec %ld", cg_user, cg_system);
	}
	/* the split is by ns, and each part is rounded down */
	rest = cg_key(CG, "cpu.stat", "usage_usec") - cg_user - cg_system;
	EXPECT_TRUE(rest == 0 || rest == 1)
		TH_LOG("usage_usec %ld, %ld + %ld", rest + cg_user + cg_system, cg_user, cg_system);
	EXPECT_EQ(0, cg_remove(CG));
}

TEST_HARNESS_MAIN

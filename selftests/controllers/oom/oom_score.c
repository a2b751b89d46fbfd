// SPDX-License-Identifier: GPL-2.0
/*
 * What a process says about its own worth, and what the kernel makes of it.
 *
 * Promises from proc.rst 3.1 (oom_adj and oom_score_adj) and 3.2 (oom_score).
 */
#include "kselftest_harness.h"
#include "oom.h"

#define SCORE		"/proc/self/oom_score"
#define SCORE_ADJ	"/proc/self/oom_score_adj"
#define ADJ		"/proc/self/oom_adj"

TEST_F(oom, oom_score_adj_is_checked)
{
	static const char * const wrong[] = {
		"1001", "-1001", "x", "1x", "0x7ff", "66536", "-64536",
	};
	static const char * const right[] = { "1000", "-1000", "0", " 7\n", "0x10" };
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!file_write(SCORE_ADJ, "300"));
		for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
			must(file_write(SCORE_ADJ, wrong[i]) == -EINVAL);
			must(file_number(SCORE_ADJ) == 300);
		}
		for (size_t i = 0; i < ARRAY_SIZE(right); i++) {
			must(!file_write(SCORE_ADJ, right[i]));
			must(file_number(SCORE_ADJ) == strtol(right[i], NULL, 0));
		}
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* Up and down again, but not below what somebody with the right to it has set. */
static bool stays_above_300(void)
{
	return !file_write(SCORE_ADJ, "1000") && !file_write(SCORE_ADJ, "300") &&
	       file_write(SCORE_ADJ, "299") == -EACCES &&
	       file_write(SCORE_ADJ, "-1000") == -EACCES &&
	       file_number(SCORE_ADJ) == 300 && !file_write(SCORE_ADJ, "700") &&
	       file_write(SCORE_ADJ, "299") == -EACCES &&
	       file_number(SCORE_ADJ) == 700;
}

TEST_F(oom, nobody_gets_below_what_root_has_set)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!file_write(SCORE_ADJ, "299"));
		must(!file_write(SCORE_ADJ, "300"));
		proc_become_nobody();
		must(stays_above_300());
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(oom, a_child_has_its_parents_value_and_floor)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!file_write(SCORE_ADJ, "300"));
		proc_become_nobody();
		must(!file_write(SCORE_ADJ, "500"));
		pid = proc_fork_bound(0);
		if (!pid) {
			must(file_number(SCORE_ADJ) == 500);
			must(stays_above_300());
			_exit(0);
		}
		must(proc_end(pid) == 0);
		/* What the child did is the child's. */
		must(file_number(SCORE_ADJ) == 500);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* A value that is set for somebody is the floor for that one. */
TEST_F(oom, root_moves_the_floor_of_others)
{
	struct baton ready = baton_make(), go = baton_make();
	char path[64];
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!file_write(SCORE_ADJ, "500"));
		proc_become_nobody();
		must(file_write(SCORE_ADJ, "300") == -EACCES);
		baton_pass(&ready, 0);
		baton_take(&go);
		must(file_number(SCORE_ADJ) == 300);
		must(stays_above_300());
		_exit(0);
	}
	baton_take(&ready);
	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", pid);
	EXPECT_EQ(0, file_write(path, "300"));
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(oom, oom_adj_is_the_same_on_another_scale)
{
	static const struct {
		const char *adj;
		long score_adj, reads;
	} sets[] = {
		{ "15", 1000, 15 }, { "-17", -1000, -17 }, { "8", 470, 7 },
		{ "0", 0, 0 }, { "-16", -941, -15 }, { "1", 58, 0 },
	};
	static const struct {
		const char *score_adj;
		long adj;
	} gets[] = {
		{ "1000", 15 }, { "999", 15 }, { "500", 8 }, { "-1000", -17 },
		{ "-500", -8 }, { "0", 0 },
	};
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
			must(!file_write(ADJ, sets[i].adj));
			must(file_number(SCORE_ADJ) == sets[i].score_adj);
			must(file_number(ADJ) == sets[i].reads);
		}
		for (size_t i = 0; i < ARRAY_SIZE(gets); i++) {
			must(!file_write(SCORE_ADJ, gets[i].score_adj));
			must(file_number(ADJ) == gets[i].adj);
		}
		must(file_write(ADJ, "16") == -EINVAL);
		must(file_write(ADJ, "-18") == -EINVAL);
		must(file_write(ADJ, "x") == -EINVAL);
		must(file_number(ADJ) == 0);
		proc_become_nobody();
		must(!file_write(ADJ, "8"));
		must(file_write(ADJ, "7") == -EACCES);
		must(file_write(ADJ, "-17") == -EACCES);
		must(file_number(SCORE_ADJ) == 470);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/*
 * A score is two thirds of: 1000, and oom_score_adj, and the thousandths of the
 * machine's memory that the process has. A thousandth is a whole number of pages,
 * so that some are missing for a machine as small as this.
 */
TEST_F(oom, oom_score_adj_moves_the_score)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		long plain, more, less;

		must(!file_write(SCORE_ADJ, "-1000"));
		must(file_number(SCORE) == 0);
		must(!file_write(SCORE_ADJ, "-999"));
		must(file_number(SCORE) < 667);
		must(!file_write(SCORE_ADJ, "0"));
		plain = file_number(SCORE);
		must(plain >= 666 && plain < 1333);
		must(!file_write(SCORE_ADJ, "300"));
		more = file_number(SCORE);
		must(more >= plain + 192 && more <= plain + 202);
		must(!file_write(SCORE_ADJ, "-300"));
		less = file_number(SCORE);
		must(less >= plain - 202 && less <= plain - 192);
		must(!file_write(SCORE_ADJ, "1000"));
		must(file_number(SCORE) >= 1300 && file_number(SCORE) <= 2000);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(oom, memory_in_use_raises_the_score)
{
	char text[64];
	pid_t pid;
	long more;

	ASSERT_EQ(0, file_field("/proc/meminfo", "MemTotal", text, sizeof(text)));
	more = MB(32) * 1000 / KB(atol(text)) * 2 / 3;
	pid = cg_fork_bound(self->a);
	if (!pid) {
		long before, after;
		char *p;

		must(!file_write(SCORE_ADJ, "0"));
		before = file_number(SCORE);
		p = map_fresh(MB(32));
		/* Address space is nothing. */
		must(file_number(SCORE) <= before + 1);
		use(p, MB(32));
		after = file_number(SCORE);
		must(after >= before + more - 2 && after <= before + more + 8);
		must(!munmap(p, MB(32)));
		must(file_number(SCORE) <= before + 2);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_HARNESS_MAIN

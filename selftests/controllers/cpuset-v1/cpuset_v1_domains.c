// SPDX-License-Identifier: GPL-2.0
/*
 * sched_load_balance: where it is on, the CPUs of the cpuset are in one domain
 * of the scheduler; to leave any out it has to be off in the root.
 *
 * Promises from admin-guide/cgroup-v1/cpusets.rst, "What is sched_load_balance",
 * and scheduler/sched-domains.rst.
 */
#include "cpuset_v1.h"
#include "domains.h"
#include "until.h"

#define BALANCE	"cpuset.sched_load_balance"

/* While the root asks for all CPUs, it does not matter what the others say. */
TEST_F(cpuset_v1, the_root_balances_all)
{
	if (domains_show(true))
		SKIP(return, "no " SCHED_DEBUG "/verbose (CONFIG_DEBUG_FS)");
	ASSERT_TRUE(reads(self->root, BALANCE, "1"));
	ASSERT_EQ(0, set(self->a, "0"));
	ASSERT_EQ(0, cg_write(self->top, BALANCE, "0"));
	ASSERT_EQ(0, cg_write(self->a, BALANCE, "0"));
	EXPECT_EQ(7, balanced_cpus());
	ASSERT_EQ(0, cg_write(self->root, BALANCE, "0"));
	EXPECT_EQ(0, balanced_cpus());
	ASSERT_EQ(0, cg_write(self->root, BALANCE, "1"));
	EXPECT_EQ(7, balanced_cpus());
}

TEST_F(cpuset_v1, without_the_root_each_cpuset_balances_its_own)
{
	if (domains_show(true))
		SKIP(return, "no " SCHED_DEBUG "/verbose (CONFIG_DEBUG_FS)");
	ASSERT_EQ(0, cg_write(self->root, BALANCE, "0"));
	/* The one below it asks for all. */
	EXPECT_EQ(7, balanced_cpus());
	ASSERT_EQ(0, cg_write(self->top, BALANCE, "0"));
	EXPECT_EQ(0, balanced_cpus());
	ASSERT_EQ(0, set(self->a, "0-1"));
	EXPECT_EQ(3, balanced_cpus());
	ASSERT_EQ(0, cg_write(self->a, "cpuset.cpus", "1-2"));
	EXPECT_EQ(6, balanced_cpus());
	ASSERT_EQ(0, cg_write(self->a, BALANCE, "0"));
	EXPECT_EQ(0, balanced_cpus());
	ASSERT_EQ(0, cg_write(self->a, BALANCE, "1"));
	EXPECT_EQ(6, balanced_cpus());
	/* Removed, it asks for nothing once it is gone. */
	ASSERT_EQ(0, cg_remove(self->a));
	EXPECT_TRUE(EVENTUALLY(balanced_cpus() == 0));
}

int main(int argc, char **argv)
{
	int ret = test_harness_run(argc, argv);

	domains_show(false);
	return ret;
}

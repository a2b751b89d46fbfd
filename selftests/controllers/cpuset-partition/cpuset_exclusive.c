// SPDX-License-Identifier: GPL-2.0
/*
 * cpuset.cpus.exclusive: claims, which siblings may not share, and remote
 * partitions, which are made of them far from the root.
 *
 * Promises from cgroup-v2.rst, "Cpuset Interface Files",
 * "cpuset.cpus.exclusive", "cpuset.cpus.exclusive.effective",
 * "cpuset.cpus.partition".
 */
#include "partition.h"

TEST_F(cpuset, a_claim_alone_takes_nothing)
{
	EXPECT_EQ(0, cg_write(self->top, EXCLUSIVE, "1-2"));
	EXPECT_TRUE(reads(self->top, EXCLUSIVE, "1-2"));
	EXPECT_TRUE(reads(self->top, GRANTED, "1-2"));
	EXPECT_TRUE(reads(self->top, EFFECTIVE, ALL_CPUS));
	EXPECT_TRUE(reads(self->root, EFFECTIVE, ALL_CPUS));
	EXPECT_TRUE(reads(self->top, PARTITION, "member"));
	EXPECT_EQ(0, cg_write(self->top, EXCLUSIVE, "\n"));
	EXPECT_TRUE(reads(self->top, GRANTED, ""));
}

TEST_F(cpuset, malformed_claims_are_refused)
{
	static const char * const bad[] = { "a", "2-1", "-1", "1-", "max" };

	ASSERT_EQ(0, cg_write(self->top, EXCLUSIVE, "1"));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, cg_write(self->top, EXCLUSIVE, bad[i]))
			TH_LOG("writing '%s'", bad[i]);
	}
	EXPECT_EQ(-ERANGE, cg_write(self->top, EXCLUSIVE, "100000"));
	EXPECT_TRUE(reads(self->top, EXCLUSIVE, "1"));
}

TEST_F(cpuset, siblings_do_not_share_a_claim)
{
	ASSERT_EQ(0, cg_write(self->top, EXCLUSIVE, "1"));
	EXPECT_EQ(-EINVAL, cg_write(self->side, EXCLUSIVE, "1"));
	EXPECT_EQ(-EINVAL, cg_write(self->side, EXCLUSIVE, "1-2"));
	EXPECT_TRUE(reads(self->side, EXCLUSIVE, ""));
	EXPECT_EQ(0, cg_write(self->side, EXCLUSIVE, "2"));
	EXPECT_EQ(-EINVAL, cg_write(self->top, EXCLUSIVE, "1-2"));
	/* Withdrawn, it is free. */
	ASSERT_EQ(0, cg_write(self->top, EXCLUSIVE, "\n"));
	EXPECT_EQ(0, cg_write(self->side, EXCLUSIVE, "1-2"));
}

TEST_F(cpuset, nor_what_a_siblings_partition_has)
{
	ASSERT_TRUE(partition(self->top, "1", "root"));
	EXPECT_EQ(-EINVAL, cg_write(self->side, EXCLUSIVE, "1"));
	EXPECT_EQ(-EINVAL, cg_write(self->side, EXCLUSIVE, "1-2"));
	EXPECT_EQ(0, cg_write(self->side, EXCLUSIVE, "2"));
}

/* "in order to leave at least one CPU available to that sibling" */
TEST_F(cpuset, a_claim_leaves_the_sibling_a_cpu)
{
	ASSERT_EQ(0, cg_write(self->side, "cpuset.cpus", "1"));
	EXPECT_EQ(-EINVAL, cg_write(self->top, EXCLUSIVE, "1"));
	EXPECT_EQ(-EINVAL, cg_write(self->top, EXCLUSIVE, "1-2"));
	EXPECT_EQ(0, cg_write(self->top, EXCLUSIVE, "2"));
	ASSERT_EQ(0, cg_write(self->side, "cpuset.cpus", "0-1"));
	EXPECT_EQ(0, cg_write(self->top, EXCLUSIVE, "1-2"));
}

TEST_F(cpuset, what_is_granted_is_within_the_parents)
{
	ASSERT_EQ(0, cg_write(self->a, EXCLUSIVE, "1-2"));
	EXPECT_TRUE(reads(self->a, GRANTED, ""));
	ASSERT_EQ(0, cg_write(self->top, EXCLUSIVE, "2"));
	EXPECT_TRUE(reads(self->a, GRANTED, "2"));
	ASSERT_EQ(0, cg_write(self->top, EXCLUSIVE, "1-2"));
	EXPECT_TRUE(reads(self->a, GRANTED, "1-2"));
	EXPECT_TRUE(reads(self->a, EXCLUSIVE, "1-2"));
}

TEST_F(cpuset, a_local_partition_has_what_it_claims)
{
	ASSERT_EQ(0, cg_write(self->top, "cpuset.cpus", "0-1"));
	ASSERT_EQ(0, cg_write(self->top, EXCLUSIVE, "1-2"));
	ASSERT_EQ(0, cg_write(self->top, PARTITION, "root"));
	EXPECT_TRUE(reads(self->top, PARTITION, "root"));
	EXPECT_TRUE(reads(self->top, GRANTED, "1-2"));
	EXPECT_TRUE(reads(self->top, EFFECTIVE, "1-2"));
	EXPECT_TRUE(reads(self->root, EFFECTIVE, "0"));
	/* And with the claim changed, it has that. */
	ASSERT_EQ(0, cg_write(self->top, EXCLUSIVE, "2"));
	EXPECT_TRUE(reads(self->top, PARTITION, "root"));
	EXPECT_TRUE(reads(self->top, EFFECTIVE, "2"));
	EXPECT_TRUE(reads(self->root, EFFECTIVE, "0-1"));
}

/*
 * "For partitions created without setting cpuset.cpus.exclusive, exclusive CPUs
 * specified in sibling's ... also cannot be used."
 */
TEST_F(cpuset, without_a_claim_it_gets_what_the_siblings_leave)
{
	ASSERT_EQ(0, cg_write(self->side, EXCLUSIVE, "2"));
	ASSERT_EQ(0, cg_write(self->top, "cpuset.cpus", "1-2"));
	ASSERT_EQ(0, cg_write(self->top, PARTITION, "root"));
	EXPECT_TRUE(reads(self->top, PARTITION, "root"));
	EXPECT_TRUE(reads(self->top, GRANTED, "1"));
	EXPECT_TRUE(reads(self->top, EFFECTIVE, "1"));
	EXPECT_TRUE(reads(self->root, EFFECTIVE, "0,2"));
}

TEST_F(cpuset, a_remote_partition_takes_its_cpus_from_the_root)
{
	pid_t pid = sleeper(self->side), in_b = sleeper(self->b);

	ASSERT_EQ(0, cg_write(self->top, EXCLUSIVE, "1-2"));
	ASSERT_EQ(0, cg_write(self->a, EXCLUSIVE, "2"));
	ASSERT_EQ(0, cg_write(self->a, PARTITION, "root"));
	EXPECT_TRUE(reads(self->a, PARTITION, "root"));
	EXPECT_TRUE(reads(self->a, EFFECTIVE, "2"));
	EXPECT_TRUE(reads(self->below, EFFECTIVE, "2"));
	/* Its parent is no partition, and loses it like everybody. */
	EXPECT_TRUE(reads(self->top, PARTITION, "member"));
	EXPECT_TRUE(reads(self->top, EFFECTIVE, "0-1"));
	EXPECT_TRUE(reads(self->b, EFFECTIVE, "0-1"));
	EXPECT_TRUE(reads(self->side, EFFECTIVE, "0-1"));
	EXPECT_EQ(3, cpus_of(0));
	EXPECT_EQ(3, cpus_of(pid));
	EXPECT_EQ(3, cpus_of(in_b));
	ASSERT_EQ(0, cg_write(self->a, PARTITION, "member"));
	EXPECT_TRUE(reads(self->root, EFFECTIVE, ALL_CPUS));
	EXPECT_EQ(7, cpus_of(in_b));
}

TEST_F(cpuset, a_remote_partition_can_be_isolated)
{
	ASSERT_EQ(0, cg_write(self->top, EXCLUSIVE, "1-2"));
	ASSERT_EQ(0, cg_write(self->a, EXCLUSIVE, "2"));
	ASSERT_EQ(0, cg_write(self->a, PARTITION, "isolated"));
	EXPECT_TRUE(reads(self->a, PARTITION, "isolated"));
	EXPECT_TRUE(reads(self->root, ISOLATED, "2"));
	EXPECT_TRUE(reads(self->root, EFFECTIVE, "0-1"));
	/* Its cgroup gone, the CPU is back. */
	ASSERT_EQ(0, cg_remove(self->below));
	ASSERT_EQ(0, cg_remove(self->a));
	EXPECT_TRUE(reads(self->root, ISOLATED, ""));
	EXPECT_TRUE(reads(self->root, EFFECTIVE, ALL_CPUS));
}

/* Writing the claims "down the cgroup hierarchy ... is mandatory". */
TEST_F(cpuset, without_claims_there_is_no_remote_partition)
{
	ASSERT_EQ(0, cg_write(self->a, "cpuset.cpus", "2"));
	EXPECT_EQ(0, cg_write(self->a, PARTITION, "root"));
	EXPECT_TRUE(invalid(self->a, "root", NO_EXCLUSIVE));
	ASSERT_EQ(0, cg_write(self->a, EXCLUSIVE, "2"));
	ASSERT_EQ(0, cg_write(self->a, PARTITION, "member"));
	EXPECT_EQ(0, cg_write(self->a, PARTITION, "root"));
	EXPECT_TRUE(invalid(self->a, "root", NO_EXCLUSIVE));
	EXPECT_TRUE(reads(self->root, EFFECTIVE, ALL_CPUS));
	/* Now the one above claims it, too. */
	ASSERT_EQ(0, cg_write(self->top, EXCLUSIVE, "2"));
	ASSERT_EQ(0, cg_write(self->a, PARTITION, "member"));
	EXPECT_EQ(0, cg_write(self->a, PARTITION, "root"));
	EXPECT_TRUE(reads(self->a, PARTITION, "root"));
}

TEST_F(cpuset, withdrawing_the_claim_above_makes_it_invalid)
{
	int fd;

	ASSERT_EQ(0, cg_write(self->top, EXCLUSIVE, "1-2"));
	ASSERT_EQ(0, cg_write(self->a, EXCLUSIVE, "2"));
	ASSERT_EQ(0, cg_write(self->a, PARTITION, "root"));
	ASSERT_TRUE(reads(self->a, PARTITION, "root"));
	fd = cg_watch(self->a, PARTITION);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, cg_write(self->top, EXCLUSIVE, "1"));
	EXPECT_FALSE(reads(self->a, PARTITION, "root"));
	EXPECT_TRUE(cg_event(fd, PROC_HANG_MS));
	EXPECT_TRUE(reads(self->root, EFFECTIVE, ALL_CPUS));
}

TEST_F(cpuset, a_remote_partition_does_not_take_all_of_the_root)
{
	ASSERT_EQ(0, cg_write(self->top, EXCLUSIVE, ALL_CPUS));
	ASSERT_EQ(0, cg_write(self->a, EXCLUSIVE, ALL_CPUS));
	EXPECT_EQ(0, cg_write(self->a, PARTITION, "root"));
	EXPECT_TRUE(invalid(self->a, "root", NO_EXCLUSIVE));
	EXPECT_TRUE(reads(self->root, EFFECTIVE, ALL_CPUS));
}

/* "a remote partition cannot be created under a local partition" */
TEST_F(cpuset, no_remote_partition_under_a_local_one)
{
	ASSERT_EQ(0, cg_write(self->top, EXCLUSIVE, "1-2"));
	ASSERT_EQ(0, cg_write(self->top, PARTITION, "root"));
	ASSERT_TRUE(reads(self->top, PARTITION, "root"));
	ASSERT_EQ(0, cg_write(self->a, EXCLUSIVE, "2"));
	ASSERT_EQ(0, cg_write(self->below, EXCLUSIVE, "2"));
	EXPECT_EQ(0, cg_write(self->below, PARTITION, "root"));
	EXPECT_TRUE(invalid(self->below, "root", NO_CPU_LEFT));
	EXPECT_TRUE(reads(self->top, EFFECTIVE, "1-2"));
}

TEST_F(cpuset, a_local_partition_below_a_remote_one)
{
	ASSERT_EQ(0, cg_write(self->top, EXCLUSIVE, "1-2"));
	ASSERT_EQ(0, cg_write(self->a, EXCLUSIVE, "1-2"));
	ASSERT_EQ(0, cg_write(self->a, PARTITION, "root"));
	ASSERT_TRUE(reads(self->a, PARTITION, "root"));
	ASSERT_TRUE(partition(self->below, "2", "root"));
	EXPECT_TRUE(reads(self->a, EFFECTIVE, "1"));
	EXPECT_TRUE(reads(self->below, EFFECTIVE, "2"));
	EXPECT_TRUE(reads(self->root, EFFECTIVE, "0"));
	ASSERT_EQ(0, cg_write(self->a, PARTITION, "member"));
	EXPECT_FALSE(reads(self->below, PARTITION, "root"));
	EXPECT_TRUE(reads(self->root, EFFECTIVE, ALL_CPUS));
}

/* It takes from the whole machine, which a delegate is not the owner of. */
TEST_F(cpuset, a_delegate_makes_no_remote_partition)
{
	char own[700], path[PATH_MAX];
	pid_t pid;

	snprintf(own, sizeof(own), "%s/own", self->b);
	ASSERT_EQ(0, cg_write(self->top, EXCLUSIVE, "1-2"));
	ASSERT_EQ(0, cg_write(self->b, EXCLUSIVE, "1-2"));
	ASSERT_EQ(0, chown(self->b, 65534, 65534));
	ASSERT_EQ(0, chown(cg_path(path, self->b, "cgroup.subtree_control"),
			   65534, 65534));
	pid = cg_fork_into(self->side, 0);
	if (!pid) {
		proc_become_nobody();
		must(!cg_create(own));
		must(!cg_write(self->b, "cgroup.subtree_control", "+cpuset"));
		must(!cg_write(own, EXCLUSIVE, "2"));
		must(!cg_write(own, PARTITION, "isolated"));
		must(invalid(own, "isolated", NOT_PERMITTED));
		must(cg_write(self->b, PARTITION, "root") == -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(reads(self->root, EFFECTIVE, ALL_CPUS));
	EXPECT_TRUE(reads(self->root, ISOLATED, ""));
}

/* Of what is its own already, it may make a local one. */
TEST_F(cpuset, a_delegate_divides_its_partition)
{
	char own[700], path[PATH_MAX];
	pid_t pid;

	snprintf(own, sizeof(own), "%s/own", self->b);
	ASSERT_TRUE(partition(self->top, "1-2", "root"));
	ASSERT_TRUE(partition(self->b, "1-2", "root"));
	ASSERT_EQ(0, chown(self->b, 65534, 65534));
	ASSERT_EQ(0, chown(cg_path(path, self->b, "cgroup.subtree_control"),
			   65534, 65534));
	pid = cg_fork_into(self->side, 0);
	if (!pid) {
		proc_become_nobody();
		must(!cg_create(own));
		must(!cg_write(self->b, "cgroup.subtree_control", "+cpuset"));
		must(partition(own, "2", "root"));
		must(reads(self->b, EFFECTIVE, "1"));
		must(reads(own, EFFECTIVE, "2"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * How long a time namespace lives: as long as a member, somebody whose children
 * are to be in it, an open file or a bind mount.
 *
 * Promises from namespaces(7), "Namespace lifetime".
 */
#include "timens.h"

#define A_DAY	(86400 * SEC)

/*
 * The tests run as root of a user namespace that may have one time namespace:
 * whether it has gone shows in whether there is room for another.
 */
FIXTURE(life)
{
	int home;
};

FIXTURE_SETUP(life)
{
	ASSERT_EQ(0, ns_become_user_root());
	ASSERT_EQ(0, file_write("/proc/sys/user/max_time_namespaces", "1"));
	self->home = ns_open(0, "time");
	ASSERT_GE(self->home, 0);
}

FIXTURE_TEARDOWN(life)
{
}

/* A process that is a day ahead, until it is killed. */
static pid_t member(void)
{
	struct clone_args sibling = { .flags = CLONE_PARENT };
	struct baton up = baton_make();
	pid_t pid = proc_fork_bound(0), child;

	if (!pid) {
		must(!unshare(CLONE_NEWTIME));
		must(!set_offset("monotonic", A_DAY));
		child = proc_clone3(&sibling);
		must(child >= 0);
		if (!child) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			baton_pass(&up, getpid());
			proc_sleep_forever();
		}
		_exit(0);
	}
	must(proc_end(pid) == 0);
	return baton_take(&up);
}

TEST_F(life, it_ends_with_its_last_member)
{
	pid_t pid = member();

	EXPECT_FALSE(ns_has_room(CLONE_NEWTIME, 0));
	proc_kill(pid);
	EXPECT_TRUE(ns_has_room(CLONE_NEWTIME, PROC_HANG_MS));
}

TEST_F(life, a_zombie_is_no_member)
{
	pid_t pid = member();

	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(0, proc_await_zombie(pid));
	EXPECT_TRUE(ns_has_room(CLONE_NEWTIME, PROC_HANG_MS));
	EXPECT_EQ(-ENOENT, ns_open(pid, "time"));
	EXPECT_EQ(-ENOENT, ns_open(pid, "time_for_children"));
	proc_end(pid);
}

/* Nobody is in it yet, and it is there for who is to come. */
TEST_F(life, whose_children_will_be_in_it_keeps_it)
{
	struct baton up = baton_make();
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!unshare(CLONE_NEWTIME));
		baton_pass(&up, 0);
		proc_sleep_forever();
	}
	baton_take(&up);
	EXPECT_FALSE(ns_has_room(CLONE_NEWTIME, 0));
	proc_kill(pid);
	EXPECT_TRUE(ns_has_room(CLONE_NEWTIME, PROC_HANG_MS));
}

TEST_F(life, an_open_file_keeps_it)
{
	pid_t pid = member();
	int ns = ns_open(pid, "time");

	ASSERT_EQ(-SIGKILL, proc_kill(pid));
	EXPECT_FALSE(ns_has_room(CLONE_NEWTIME, 0));
	/* With its offsets. */
	ASSERT_EQ(0, ns_enter(ns, CLONE_NEWTIME));
	EXPECT_GE(now(CLOCK_MONOTONIC), A_DAY);
	ASSERT_EQ(-EPERM, ns_enter(self->home, CLONE_NEWTIME));
	close(ns);
}

TEST_F(life, without_the_open_file_it_ends)
{
	pid_t pid = member();
	int ns = ns_open(pid, "time");

	ASSERT_EQ(-SIGKILL, proc_kill(pid));
	EXPECT_FALSE(ns_has_room(CLONE_NEWTIME, 0));
	close(ns);
	EXPECT_TRUE(ns_has_room(CLONE_NEWTIME, PROC_HANG_MS));
}

TEST_F(life, a_bind_mount_keeps_it)
{
	pid_t pid = member();
	char path[64];
	int ns;

	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	ASSERT_EQ(0, mount("tmpfs", "/mnt", "tmpfs", 0, NULL));
	ASSERT_EQ(0, close(creat("/mnt/time", 0600)));
	snprintf(path, sizeof(path), "/proc/%d/ns/time", pid);
	ASSERT_EQ(0, mount(path, "/mnt/time", NULL, MS_BIND, NULL));
	ASSERT_EQ(-SIGKILL, proc_kill(pid));
	EXPECT_FALSE(ns_has_room(CLONE_NEWTIME, 0));
	pid = fork();
	if (!pid) {
		ns = open("/mnt/time", O_RDONLY | O_CLOEXEC);
		must(!ns_enter(ns, CLONE_NEWTIME));
		must(now(CLOCK_MONOTONIC) >= A_DAY);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	ASSERT_EQ(0, umount("/mnt/time"));
	EXPECT_TRUE(ns_has_room(CLONE_NEWTIME, PROC_HANG_MS));
}

TEST_HARNESS_MAIN

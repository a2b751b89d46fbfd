// SPDX-License-Identifier: GPL-2.0
/*
 * hidepid= and gid=: whose processes a user sees in a proc, and what of them.
 *
 * Promises from filesystems/proc.rst, "4.1 Mount options", proc(5).
 */
#include "procfs_fixture.h"
#include "userns.h"

/* How root's process shows to nobody, at each level; its own are as always. */
FIXTURE(hidepid)
{
	pid_t roots, nobodys;
};

FIXTURE_VARIANT(hidepid)
{
	const char *options;
	enum seen others;	/* root's process, to nobody */
	enum seen group;	/* the same, to nobody in gid='s group */
};

FIXTURE_VARIANT_ADD(hidepid, off)
{
	.options = "hidepid=0,gid=4711",
	.others = SEEN_OPENLY,
	.group = SEEN_OPENLY,
};

FIXTURE_VARIANT_ADD(hidepid, noaccess)
{
	.options = "hidepid=1,gid=4711",
	.others = SEEN_CLOSED,
	.group = SEEN_OPENLY,
};

FIXTURE_VARIANT_ADD(hidepid, invisible)
{
	.options = "hidepid=2,gid=4711",
	.others = SEEN_NOT,
	.group = SEEN_OPENLY,
};

/* Only what can be traced, so that gid= changes nothing. */
FIXTURE_VARIANT_ADD(hidepid, ptraceable)
{
	.options = "hidepid=4,gid=4711",
	.others = SEEN_NOT,
	.group = SEEN_NOT,
};

FIXTURE_SETUP(hidepid)
{
	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	self->roots = sleeper(false, true);
	self->nobodys = sleeper(true, true);
	ASSERT_EQ(0, proc_at("p", variant->options));
}

FIXTURE_TEARDOWN(hidepid)
{
	proc_kill(self->roots);
	proc_kill(self->nobodys);
}

TEST_F(hidepid, a_user_sees_its_own)
{
	AS_NOBODY({
		must(proc_seen("p", getpid()) == SEEN_OPENLY);
		must(proc_seen("p", self->nobodys) == SEEN_OPENLY);
	});
}

TEST_F(hidepid, of_others_it_sees_what_the_option_says)
{
	AS_NOBODY({
		must(proc_seen("p", self->roots) == variant->others);
		must(proc_seen("p", 1) == variant->others);
	});
}

/* "Its own" is what it could trace. */
TEST_F(hidepid, one_that_cannot_be_dumped_is_another_s)
{
	pid_t undumpable = sleeper(true, false);

	AS_NOBODY(must(proc_seen("p", undumpable) == variant->others));
	proc_kill(undumpable);
}

TEST_F(hidepid, root_sees_all)
{
	EXPECT_EQ(SEEN_OPENLY, proc_seen("p", self->roots));
	EXPECT_EQ(SEEN_OPENLY, proc_seen("p", self->nobodys));
}

/*
 * Nor does it become visible by root's looking at it. Up to Linux 7.3 at least,
 * there is a trace with ptraceable: what is below it gives EPERM then.
 */
TEST_F(hidepid, root_s_look_opens_nothing_for_others)
{
	enum seen others = variant->others;
	char text[64];

	ASSERT_EQ(SEEN_OPENLY, proc_seen("p", self->roots));
	AS_NOBODY({
		const char *path = proc_path("p", self->roots, "status");
		ssize_t n = file_read(path, text, sizeof(text));

		must(proc_lists("p", self->roots) == (others != SEEN_NOT));
		must(others == SEEN_OPENLY ? n > 0 : n == -EPERM || n == -ENOENT);
	});
}

TEST_F(hidepid, the_group_sees_what_its_option_gives)
{
	gid_t gid = SOMEBODY;
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!setgroups(1, &gid));
		proc_become_nobody();
		must(proc_seen("p", self->roots) == variant->group);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(hidepid, another_group_does_not)
{
	gid_t gid = SOMEBODY + 1;
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!setgroups(1, &gid));
		proc_become_nobody();
		must(proc_seen("p", self->roots) == variant->others);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(hidepid, who_may_trace_sees_all)
{
	pid_t undumpable = sleeper(true, false), pid = proc_fork_bound(0);

	if (!pid) {
		must(!setgroups(0, NULL));
		must(!prctl(PR_SET_KEEPCAPS, 1));
		must(!setresgid(65534, 65534, 65534));
		must(!setresuid(65534, 65534, 65534));
		cap_keep(CAP_BIT(CAP_SYS_PTRACE));
		must(proc_seen("p", self->roots) == SEEN_OPENLY);
		must(proc_seen("p", undumpable) == SEEN_OPENLY);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	proc_kill(undumpable);
}

/* It hides what a process does, not that there is one. */
TEST_F(hidepid, kill_still_knows_it)
{
	AS_NOBODY({
		must(kill(self->roots, 0) == -1 && errno == EPERM);
		must(kill(self->nobodys, 0) == 0);
	});
}

TEST_F(hidepid, tasks_and_threads_hide_with_their_process)
{
	char path[64];

	snprintf(path, sizeof(path), "%d/task/%d/stat", self->roots, self->roots);
	AS_NOBODY({
		char file[128];
		char text[1024];
		ssize_t n;

		snprintf(file, sizeof(file), "p/%s", path);
		n = file_read(file, text, sizeof(text));
		must(variant->others == SEEN_OPENLY ? n > 0 :
		     n == (variant->others == SEEN_CLOSED ? -EPERM : -ENOENT));
		snprintf(file, sizeof(file), "p/%d/task", self->nobodys);
		must(proc_lists(file, self->nobodys));
	});
}

TEST_F(hidepid, self_is_always_there)
{
	AS_NOBODY({
		char text[64];

		must(!file_field("p/self/status", "Pid", text, sizeof(text)));
		must(atoi(text) == getpid());
		must(!file_field("p/thread-self/status", "Pid", text, sizeof(text)));
		must(atoi(text) == getpid());
	});
}

/* What is not a process is not hidden. */
TEST_F(hidepid, the_rest_is_as_always)
{
	AS_NOBODY({
		char text[64];

		must(!file_field("p/meminfo", "MemTotal", text, sizeof(text)));
		must(file_read("p/sys/kernel/hostname", text, sizeof(text)) > 0);
	});
}

/* A process that gives up its user is hidden from that one from then on. */
TEST_F(hidepid, it_is_the_present_user_that_counts)
{
	struct baton up = baton_make(), go = baton_make();
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!setresuid(65534, 65534, 0));
		must(!prctl(PR_SET_DUMPABLE, 1));
		baton_pass(&up, 0);
		baton_take(&go);
		must(!setresuid(0, 0, 0));
		baton_pass(&up, 0);
		proc_sleep_forever();
	}
	baton_take(&up);
	baton_pass(&go, 0);
	baton_take(&up);
	AS_NOBODY(must(proc_seen("p", pid) == variant->others));
	proc_kill(pid);
}

/* A folder that was opened in time gives no more than one that is opened now. */
TEST_F(procfs, a_folder_opened_before_is_no_way_in)
{
	struct baton up = baton_make(), go = baton_make();
	pid_t pid;

	ASSERT_EQ(0, proc_at("p", "hidepid=0"));
	pid = proc_fork_bound(0);
	if (!pid) {
		char path[64];
		int dir;

		proc_become_nobody();
		snprintf(path, sizeof(path), "p/%d", self->roots);
		dir = open(path, O_RDONLY | O_DIRECTORY);
		must(dir >= 0);
		must(faccessat(dir, "status", R_OK, 0) == 0);
		baton_pass(&up, 0);
		baton_take(&go);
		must(openat(dir, "status", O_RDONLY) == -1 && errno == ENOENT);
		baton_pass(&up, 0);
		baton_take(&go);
		must(openat(dir, "status", O_RDONLY) == -1 && errno == EPERM);
		_exit(0);
	}
	baton_take(&up);
	ASSERT_EQ(0, proc_again("p", "hidepid=2"));
	baton_pass(&go, 0);
	baton_take(&up);
	ASSERT_EQ(0, proc_again("p", "hidepid=1"));
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(pid));
}

/* What the ids of the user namespace of these tests are outside. */
#define BASE	10000

/*
 * The init of a pid namespace and root of a user namespace, who mounts a proc at
 * "p" whose gid= is its group 7, and one at "q" whose gid= it has no group for.
 */
FIXTURE(mounter)
{
	pid_t init;
};

FIXTURE_SETUP(mounter)
{
	struct baton up = baton_make();

	ASSERT_TRUE(!mkdir("p", 0755) || errno == EEXIST);
	ASSERT_TRUE(!mkdir("q", 0755) || errno == EEXIST);
	self->init = userns_fork(CLONE_NEWPID | CLONE_NEWNS, BASE, 10);
	if (!self->init) {
		must(!mount("proc", "p", "proc", 0, "hidepid=invisible,gid=7"));
		must(!mount("proc", "q", "proc", 0, "hidepid=invisible,gid=50"));
		baton_pass(&up, 0);
		proc_sleep_forever();
	}
	ASSERT_GT(self->init, 0);
	baton_take(&up);
}

FIXTURE_TEARDOWN(mounter)
{
	proc_kill(self->init);
}

/*
 * A host's process in the one group, without privilege and so without a way to
 * reach proc @dir of the mounter's but to be put there. How it sees the init.
 */
static enum seen seen_from_outside(pid_t init, const char *dir, gid_t gid)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		char path[64];

		snprintf(path, sizeof(path), "/proc/%d/cwd/%s", init, dir);
		must(!chdir(path));
		must(!setgroups(1, &gid));
		proc_become_nobody();
		_exit(proc_seen(".", 1));
	}
	return proc_end(pid);
}

/* The same of a process in the mounter's user namespace. */
static enum seen seen_from_inside(pid_t init, const char *dir, gid_t gid)
{
	int user = ns_open(init, "user");
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		char path[64];

		snprintf(path, sizeof(path), "/proc/%d/cwd/%s", init, dir);
		must(!chdir(path));
		must(!ns_enter(user, CLONE_NEWUSER));
		must(!setgroups(1, &gid));
		/* Who gives up being its root has no capabilities left. */
		userns_be(0);
		userns_be(9);
		_exit(proc_seen(".", 1));
	}
	close(user);
	return proc_end(pid);
}

TEST_F(mounter, a_member_of_its_group_sees_others)
{
	EXPECT_EQ(SEEN_OPENLY, seen_from_inside(self->init, "p", 7));
	EXPECT_EQ(SEEN_NOT, seen_from_inside(self->init, "p", 6));
}

TEST_F(mounter, the_group_is_not_the_host_s_of_that_number)
{
	EXPECT_EQ(SEEN_NOT, seen_from_outside(self->init, "p", 7));
	EXPECT_EQ(SEEN_OPENLY, seen_from_outside(self->init, "p", BASE + 7));
	EXPECT_EQ(SEEN_NOT, seen_from_outside(self->init, "p", BASE + 6));
}

TEST_F(mounter, a_group_that_it_does_not_have_is_nobody_s)
{
	EXPECT_EQ(SEEN_NOT, seen_from_inside(self->init, "q", 7));
	EXPECT_EQ(SEEN_NOT, seen_from_outside(self->init, "q", 50));
	EXPECT_EQ(SEEN_NOT, seen_from_outside(self->init, "q", BASE + 50));
	/* Not that of the overflow group either. */
	EXPECT_EQ(SEEN_NOT, seen_from_outside(self->init, "q", 65534));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Eventfds of a cgroup v1 hierarchy's memory controller: thresholds of usage,
 * levels of pressure, and what cgroup.event_control takes.
 *
 * Promises from admin-guide/cgroup-v1/memory.rst, "Memory thresholds" and
 * "Memory Pressure".
 */
#include "kselftest_harness.h"
#include "memcg-disk.h"
#include "memcg-v1.h"
#include "until.h"

MEMCG_V1_FIXTURE(threshold)

TEST_F(threshold, rings_when_usage_crosses_it_either_way)
{
	int low = v1_bell(self->a, USAGE, "2M"), high = v1_bell(self->a, USAGE, "6M");
	struct actor first = actor_make(self->a, MB(4));
	struct actor second = actor_make(self->a, MB(4));

	EXPECT_EQ(0, rings(low, 0));
	actor_does(&first, USE);
	EXPECT_EQ(1, rings(low, 0));
	EXPECT_EQ(0, rings(high, 0));
	actor_does(&second, USE);
	EXPECT_EQ(0, rings(low, 0));
	EXPECT_EQ(1, rings(high, 0));
	actor_does(&second, GIVE_BACK);
	EXPECT_EQ(0, rings(low, 0));
	EXPECT_EQ(1, rings(high, 0));
	actor_does(&first, GIVE_BACK);
	EXPECT_EQ(1, rings(low, 0));
	EXPECT_EQ(0, rings(high, 0));
}

/* Crossed at once, all of them ring, whatever order they were named in. */
TEST_F(threshold, each_of_many_rings)
{
	static const char * const at[] = { "6M", "3M", "12M", "3M", "5M" };
	int bells[ARRAY_SIZE(at)];
	struct actor hog;

	for (size_t i = 0; i < ARRAY_SIZE(at); i++)
		bells[i] = v1_bell(self->a, USAGE, at[i]);
	hog = actor_make(self->a, MB(8));
	actor_does(&hog, USE);
	for (size_t i = 0; i < ARRAY_SIZE(at); i++) {
		EXPECT_EQ(strcmp(at[i], "12M") ? 1 : 0, rings(bells[i], 0))
			TH_LOG("%s, the %zuth", at[i], i + 1);
	}
	actor_does(&hog, GIVE_BACK);
	for (size_t i = 0; i < ARRAY_SIZE(at); i++) {
		EXPECT_EQ(strcmp(at[i], "12M") ? 1 : 0, rings(bells[i], 0))
			TH_LOG("%s, the %zuth", at[i], i + 1);
	}
}

TEST_F(threshold, already_passed_rings_on_the_way_back_only)
{
	struct actor hog = actor_make(self->a, MB(8));
	int event;

	actor_does(&hog, USE);
	event = v1_bell(self->a, USAGE, "4M");
	EXPECT_EQ(0, rings(event, 0));
	actor_does(&hog, GIVE_BACK);
	EXPECT_EQ(1, rings(event, 0));
	actor_does(&hog, USE);
	EXPECT_EQ(1, rings(event, 0));
}

/* A close is enough to be rid of it; when, is a kernel thread's matter. */
TEST_F_TIMEOUT(threshold, one_that_is_closed_leaves_the_others, 120)
{
	struct actor hog = actor_make(self->a, MB(5));
	int low, middle, high;

	for (int i = 0; i < 3; i++) {
		low = v1_bell(self->a, USAGE, "2M");
		middle = v1_bell(self->a, USAGE, "3M");
		high = v1_bell(self->a, USAGE, "4M");
		close(i == 0 ? low : i == 1 ? middle : high);
		actor_does(&hog, USE);
		actor_does(&hog, GIVE_BACK);
		if (i != 0) {
			EXPECT_EQ(2, rings(low, 0));
			close(low);
		}
		if (i != 1) {
			EXPECT_EQ(2, rings(middle, 0));
			close(middle);
		}
		if (i != 2) {
			EXPECT_EQ(2, rings(high, 0));
			close(high);
		}
	}
	/* With all of them gone there is room for a new one. */
	middle = v1_bell(self->a, USAGE, "3M");
	actor_does(&hog, USE);
	EXPECT_EQ(1, rings(middle, 0));
}

TEST_F(threshold, above_rings_for_what_is_below)
{
	int top = v1_bell(self->top, USAGE, "4M");
	int a = v1_bell(self->a, USAGE, "4M"), b = v1_bell(self->b, USAGE, "4M");
	struct actor hog = actor_make(self->a, MB(8));

	actor_does(&hog, USE);
	EXPECT_EQ(1, rings(a, 0));
	EXPECT_EQ(1, rings(top, 0));
	EXPECT_EQ(0, rings(b, 0));
}

/* The root's usage is the machine's: others have their part in it. */
TEST_F(threshold, the_root_has_them_too)
{
	struct actor hog = actor_make(self->a, MB(12));
	char near[32], far[32];
	int first, second;

	snprintf(near, sizeof(near), "%ld", cg_number(self->root, USAGE) + MB(6));
	snprintf(far, sizeof(far), "%ld", cg_number(self->root, USAGE) + MB(32));
	first = v1_bell(self->root, USAGE, near);
	second = v1_bell(self->root, USAGE, far);
	EXPECT_FALSE(rung(first, 0));
	actor_does(&hog, USE);
	EXPECT_TRUE(rung(first, 0));
	actor_does(&hog, GIVE_BACK);
	EXPECT_TRUE(rung(first, 0));
	EXPECT_FALSE(rung(second, 0));
}

TEST_F(threshold, what_is_no_threshold_is_refused)
{
	static const char * const bad[] = { "x", "1Mx", "2M 4M" };
	int event = bell();

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, v1_listen(self->a, event, USAGE, bad[i]))
			TH_LOG("'%s'", bad[i]);
	}
	EXPECT_EQ(0, v1_listen(self->a, event, USAGE, "4M"));
}

/* Registers with numbers that need not be those of an open file. */
static int listen_with(const char *cg, int event, int control)
{
	char text[64];

	snprintf(text, sizeof(text), "%d %d 4M", event, control);
	return cg_write(cg, "cgroup.event_control", text);
}

static int control_of(const char *cg, const char *file)
{
	char path[PATH_MAX];
	int fd = open(cg_path(path, cg, file), O_RDONLY | O_CLOEXEC);

	must(fd >= 0);
	return fd;
}

TEST_F(threshold, a_closed_file_is_refused)
{
	int event = bell(), control = control_of(self->a, USAGE);
	/* No number that the next file opened gets. */
	int closed = fcntl(event, F_DUPFD, 100);

	ASSERT_LE(100, closed);
	close(closed);
	EXPECT_EQ(-EBADF, listen_with(self->a, closed, control));
	EXPECT_EQ(-EBADF, listen_with(self->a, event, closed));
	EXPECT_EQ(0, listen_with(self->a, event, control));
}

TEST_F(threshold, a_file_that_has_none_is_refused)
{
	int event = bell(), control = control_of(self->a, USAGE);
	char folder[] = "/tmp/memory-v1.XXXXXX", path[PATH_MAX];
	int strange;

	ASSERT_NE(NULL, mkdtemp(folder));
	strange = open(cg_path(path, folder, USAGE), O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
	ASSERT_LT(0, strange);
	ASSERT_EQ(0, unlink(path));
	ASSERT_EQ(0, rmdir(folder));
	EXPECT_EQ(-EINVAL, listen_with(self->a, control, control));
	EXPECT_EQ(-EINVAL, listen_with(self->a, event, event));
	EXPECT_EQ(-EINVAL, listen_with(self->a, event, strange));
	EXPECT_EQ(-EINVAL, listen_with(self->a, event, control_of(self->a, LIMIT)));
	EXPECT_EQ(-EINVAL, listen_with(self->a, event, control_of(self->a, ".")));
	EXPECT_EQ(0, listen_with(self->a, event, control));
}

TEST_F(threshold, another_cgroups_file_is_refused)
{
	int event = bell();

	EXPECT_EQ(-EINVAL, listen_with(self->a, event, control_of(self->b, USAGE)));
	EXPECT_EQ(-EINVAL, listen_with(self->a, event, control_of(self->top, USAGE)));
	EXPECT_EQ(-EINVAL, listen_with(self->top, event, control_of(self->a, USAGE)));
	EXPECT_EQ(0, listen_with(self->a, event, control_of(self->a, USAGE)));
}

/* That somebody has it open is not enough. */
TEST_F(threshold, who_may_not_read_the_file_is_refused)
{
	char path[PATH_MAX];
	pid_t pid;

	ASSERT_EQ(0, chmod(cg_path(path, self->a, "cgroup.event_control"), 0222));
	pid = proc_fork_bound(0);
	if (!pid) {
		int event = bell(), control = control_of(self->a, USAGE);

		must(!chmod(cg_path(path, self->a, USAGE), 0400));
		proc_become_nobody();
		must(listen_with(self->a, event, control) == -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	ASSERT_EQ(0, chmod(cg_path(path, self->a, USAGE), 0444));
	pid = proc_fork_bound(0);
	if (!pid) {
		proc_become_nobody();
		must(!v1_listen(self->a, bell(), USAGE, "4M"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

#define PRESSURE	"memory.pressure_level"

/* The kernel draws its conclusions whenever it has looked at 2M more. */
#define FILE_SIZE	MB(16)

/*
 * Levels A, B and C, each below the one before: C is where the pressure is. One
 * that is above all of them is told last, so what has not rung until then, does not.
 */
FIXTURE(pressure)
{
	char root[PATH_MAX], top[PATH_MAX], a[PATH_MAX], unused[PATH_MAX];
	char b[PATH_MAX], c[PATH_MAX];
	int last, file;
};

FIXTURE_SETUP(pressure)
{
	int err = v1_top(self->root, self->top, self->a, self->unused, "pressure");

	if (err == -ENOENT || err == -ENOSYS)
		SKIP(return, "no cgroup v1 hierarchy with the memory controller's files");
	ASSERT_EQ(0, err);
	if (disk_mount())
		SKIP(return, "no ext4 on a disk");
	ASSERT_EQ(0, cg_create(cg_path(self->b, self->a, "b")));
	ASSERT_EQ(0, cg_create(cg_path(self->c, self->b, "c")));
	self->last = v1_bell(self->top, PRESSURE, "low,hierarchy");
	self->file = disk_hole(FILE_SIZE);
}

FIXTURE_TEARDOWN_PARENT(pressure)
{
	if (!self->top[0])
		return;
	cg_kill_each(self->c);
	cg_remove_tree(self->top);
}

/* A process in @in reads more than @of may have, and all have been told of that. */
static void press(const char *of, const char *in, int file, int last)
{
	pid_t pid;

	must(!cg_write(of, LIMIT, "8M"));
	rung(last, 0);
	pid = v1_fork(in);
	if (!pid) {
		read_through(file, FILE_SIZE);
		_exit(0);
	}
	must(proc_end(pid) == 0);
	must(rung(last, PROC_HANG_MS));
}

TEST_F(pressure, stops_at_who_is_told_first)
{
	int a = v1_bell(self->a, PRESSURE, "low"), b = v1_bell(self->b, PRESSURE, "low");
	int c = v1_bell(self->c, PRESSURE, "low");

	press(self->c, self->c, self->file, self->last);
	EXPECT_TRUE(rung(c, 0));
	EXPECT_FALSE(rung(b, 0));
	EXPECT_FALSE(rung(a, 0));
}

TEST_F(pressure, goes_up_to_who_listens)
{
	int a = v1_bell(self->a, PRESSURE, "low"), b = v1_bell(self->b, PRESSURE, "low");

	press(self->c, self->c, self->file, self->last);
	EXPECT_TRUE(rung(b, 0));
	EXPECT_FALSE(rung(a, 0));
}

TEST_F(pressure, default_is_the_name_of_the_default)
{
	int b = v1_bell(self->b, PRESSURE, "low,default");
	int c = v1_bell(self->c, PRESSURE, "low,default");

	press(self->c, self->c, self->file, self->last);
	EXPECT_TRUE(rung(c, 0));
	EXPECT_FALSE(rung(b, 0));
}

TEST_F(pressure, of_a_hierarchy_is_told_to_all)
{
	int a = v1_bell(self->a, PRESSURE, "low,hierarchy");
	int b = v1_bell(self->b, PRESSURE, "low,hierarchy");
	int c = v1_bell(self->c, PRESSURE, "low,hierarchy");

	press(self->c, self->c, self->file, self->last);
	EXPECT_TRUE(rung(c, 0));
	EXPECT_TRUE(rung(b, 0));
	EXPECT_TRUE(rung(a, 0));
}

/* The one in the middle does not get it, and does not keep it from those above. */
TEST_F(pressure, that_is_not_its_own_is_not_told_to_a_local_listener)
{
	int a = v1_bell(self->a, PRESSURE, "low");
	int b = v1_bell(self->b, PRESSURE, "low,local");

	press(self->c, self->c, self->file, self->last);
	EXPECT_FALSE(rung(b, 0));
	EXPECT_TRUE(rung(a, 0));
}

/* Whose it is says the limit that was hit, not who hit it. */
TEST_F(pressure, of_its_own_is_told_to_a_local_listener)
{
	int b = v1_bell(self->b, PRESSURE, "low,local");
	int c = v1_bell(self->c, PRESSURE, "low,local");

	press(self->b, self->c, self->file, self->last);
	EXPECT_TRUE(rung(b, 0));
	EXPECT_FALSE(rung(c, 0));
}

/* Clean page cache is easily reclaimed; what cannot be is critical. */
TEST_F_TIMEOUT(pressure, critical_is_told_before_somebody_is_killed, 120)
{
	int critical = v1_bell(self->c, PRESSURE, "critical");
	int low = v1_bell(self->c, PRESSURE, "low,local");

	press(self->c, self->c, self->file, self->last);
	EXPECT_TRUE(rung(low, 0));
	EXPECT_FALSE(rung(critical, 0));
	EXPECT_EQ(-SIGKILL, proc_end(v1_hog(self->c, MB(12))));
	EXPECT_TRUE(rung(critical, PROC_HANG_MS));
	/* A level includes those above. */
	EXPECT_TRUE(rung(low, PROC_HANG_MS));
}

TEST_F(pressure, without_a_limit_there_is_none)
{
	int a = v1_bell(self->a, PRESSURE, "low"), c = v1_bell(self->c, PRESSURE, "low");
	pid_t pid = v1_fork(self->c);

	if (!pid) {
		read_through(self->file, FILE_SIZE);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_LE(FILE_SIZE, cg_number(self->c, USAGE));
	EXPECT_FALSE(rung(c, 0));
	EXPECT_FALSE(rung(a, 0));
	EXPECT_FALSE(rung(self->last, 0));
}

TEST_F_TIMEOUT(pressure, a_closed_listener_is_no_listener, 120)
{
	int b = v1_bell(self->b, PRESSURE, "low"), c = v1_bell(self->c, PRESSURE, "low");

	press(self->c, self->c, self->file, self->last);
	EXPECT_TRUE(rung(c, 0));
	EXPECT_FALSE(rung(b, 0));
	close(c);
	/* It goes by way of a kernel thread. */
	EXPECT_TRUE(EVENTUALLY(({
		press(self->c, self->c, self->file, self->last);
		rung(b, 0);
	})));
}

TEST_F(pressure, levels_and_modes_have_their_names)
{
	static const char * const bad[] = {
		"lowest", "lo", "low,foo", "low,", "low, local", ",local", "local",
		"LOW", "1", "", "critical,hierarchyx",
	};
	static const char * const good[] = {
		"low", "medium", "critical", "medium,default", "low,local",
		"critical,hierarchy",
	};
	int event = bell();

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, v1_listen(self->c, event, PRESSURE, bad[i]))
			TH_LOG("'%s'", bad[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		EXPECT_EQ(0, v1_listen(self->c, event, PRESSURE, good[i]))
			TH_LOG("'%s'", good[i]);
	}
}

/* The file is there to be named in a registration. */
TEST_F(pressure, the_file_itself_says_nothing)
{
	char text[64];

	EXPECT_EQ(-EINVAL, cg_read(self->c, PRESSURE, text, sizeof(text)));
	EXPECT_EQ(-EINVAL, cg_write(self->c, PRESSURE, "low"));
	EXPECT_EQ(0, v1_listen(self->c, bell(), PRESSURE, "low"));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * set_tid on several levels: which level each number is for, what happens on
 * the levels that are not named, the first process of a namespace, and the
 * deepest nesting there is.
 *
 * Promises from clone(2), "The set_tid array", and pid_namespaces(7).
 */
#include "clone_pid.h"

/* Whether the caller's last numbers, innermost first, are those. */
static bool numbered(const pid_t *tids, size_t n)
{
	pid_t nr[MAX_DEPTH + 1];
	size_t levels = own_numbers("/proc", nr, MAX_DEPTH + 1);

	if (levels < n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (nr[levels - 1 - i] != tids[i])
			return false;
	return true;
}

/*
 * A process three namespaces below the test runs @body there; what it returns
 * is the result.
 */
static int three_below(int (*body)(void))
{
	pid_t pid = proc_fork_bound(CLONE_NEWPID);

	if (pid)
		return proc_end(pid);
	for (int i = 0; i < 2; i++) {
		pid = proc_fork(CLONE_NEWPID);
		if (pid)
			_exit(proc_end(pid));
	}
	_exit(body());
}

static int the_first_is_innermost(void)
{
	const pid_t tids[] = { 501, 502, 503 };
	pid_t pid = fork_as(0, tids, 3);

	if (!pid) {
		must(getpid() == 501);
		must(numbered(tids, 3));
		_exit(0);
	}
	must(pid == 501);
	return proc_end(pid);
}

TEST(the_first_number_is_for_the_innermost_namespace)
{
	EXPECT_EQ(0, three_below(the_first_is_innermost));
}

static int the_same_everywhere(void)
{
	const pid_t tids[] = { 600, 600, 600 };
	pid_t pid = fork_as(0, tids, 3);

	if (!pid) {
		must(numbered(tids, 3));
		_exit(0);
	}
	must(pid == 600);
	return proc_end(pid);
}

TEST(one_number_can_be_used_on_every_level)
{
	EXPECT_EQ(0, three_below(the_same_everywhere));
}

/* Who is not named gets the next number, as from any fork. */
static int outer_levels_count_up(void)
{
	pid_t nr[MAX_DEPTH + 1], one[] = { 700 }, two[] = { 701, 702 };
	pid_t next[MAX_DEPTH + 1], pid;
	size_t n;

	pid = fork_as(0, one, 1);
	if (!pid) {
		n = own_numbers("/proc", nr, MAX_DEPTH + 1);
		/* Each level above has seen its init's child, and us. */
		must(nr[n - 1] == 700 && nr[n - 2] == 3 && nr[n - 3] == 4);
		_exit(0);
	}
	must(pid == 700 && proc_end(pid) == 0);
	pid = fork_as(0, two, 2);
	if (!pid) {
		n = own_numbers("/proc", nr, MAX_DEPTH + 1);
		must(nr[n - 1] == 701 && nr[n - 2] == 702 && nr[n - 3] == 5);
		_exit(0);
	}
	must(pid == 701 && proc_end(pid) == 0);
	/* A chosen number does not move the count. */
	pid = fork();
	if (!pid) {
		n = own_numbers("/proc", next, MAX_DEPTH + 1);
		must(next[n - 1] == 2 && next[n - 2] == 4 && next[n - 3] == 6);
		_exit(0);
	}
	must(pid == 2);
	return proc_end(pid);
}

TEST(levels_that_are_not_named_count_on)
{
	EXPECT_EQ(0, three_below(outer_levels_count_up));
}

static int taken_outside(void)
{
	const pid_t base[] = { 800, 801, 802 };
	const pid_t tries[][3] = {
		{ 800, 811, 812 }, { 810, 801, 812 }, { 810, 811, 802 },
	};
	pid_t stays = fork_as(0, base, 3), pid;

	if (!stays)
		proc_sleep_forever();
	must(stays == 800);
	for (size_t i = 0; i < ARRAY_SIZE(tries); i++)
		must(fork_as(0, tries[i], 3) == -EEXIST);
	/* The numbers that were free then are free still, on each level. */
	pid = fork_as(0, (pid_t []){ 810, 811, 812 }, 3);
	if (!pid)
		_exit(0);
	must(pid == 810 && proc_end(pid) == 0);
	must(proc_kill(stays) == -SIGKILL);
	for (size_t i = 0; i < ARRAY_SIZE(tries); i++) {
		pid = fork_as(0, tries[i], 3);
		if (!pid)
			_exit(numbered(tries[i], 3) ? 0 : 1);
		must(pid == tries[i][0] && proc_end(pid) == 0);
	}
	return 0;
}

TEST(taken_on_any_level_is_taken_and_the_others_are_given_back)
{
	EXPECT_EQ(0, three_below(taken_outside));
}

static int taken_elsewhere(void)
{
	pid_t tids[] = { 900, 901 }, pid;
	struct baton ready = baton_make();

	/* Beside us, in a namespace of the same level, 900 is in use. */
	pid = fork_as(CLONE_NEWPID, (pid_t []){ 1, 42 }, 2);
	if (!pid) {
		must(sleeper_as(900) == 900);
		must(try_number(901) == 901);
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	must(pid == 42);
	baton_take(&ready);
	pid = fork_as(0, tids, 2);
	if (!pid)
		_exit(numbered(tids, 2) ? 0 : 1);
	must(pid == 900 && proc_end(pid) == 0);
	return proc_kill(42) == -SIGKILL ? 0 : 1;
}

TEST(taken_in_a_namespace_below_is_not_taken_here)
{
	EXPECT_EQ(0, three_below(taken_elsewhere));
}

TEST(seen_from_above_it_is_the_number_chosen_there)
{
	struct baton ready = baton_make();
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		const pid_t tids[] = { 50, 4000, 31300 };
		pid_t inner = proc_fork(CLONE_NEWPID);

		if (!inner) {
			pid_t pid = fork_as(0, tids, 3);

			if (!pid)
				proc_sleep_forever();
			must(pid == 50);
			baton_pass(&ready, 0);
			baton_pass(&ready, proc_end(pid));
			_exit(0);
		}
		must(proc_end(inner) == 0);
		_exit(0);
	}
	baton_take(&ready);
	/* A signal to it, by our name for it, arrives. */
	EXPECT_EQ(0, kill(31300, SIGUSR1));
	EXPECT_EQ(-SIGUSR1, baton_take(&ready));
	EXPECT_EQ(0, proc_end(init));
}

TEST(setns_chooses_in_the_namespace_entered_and_above)
{
	pid_t outer = proc_fork_bound(CLONE_NEWPID);

	if (!outer) {
		const pid_t tids[] = { 60, 61 };
		pid_t inner = proc_fork(CLONE_NEWPID), pid;
		int ns;

		if (!inner)
			proc_sleep_forever();
		must(!ns_mount_proc("own"));
		ns = open("own/2/ns/pid", O_RDONLY | O_CLOEXEC);
		must(ns >= 0);
		must(!ns_enter(ns, CLONE_NEWPID));
		pid = fork_as(0, tids, 2);
		if (!pid) {
			must(getpid() == 60 && getppid() == 0);
			must(numbered(tids, 2));
			_exit(0);
		}
		/* The caller stays outside: it is told its own name for it. */
		must(pid == 61 && proc_end(61) == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(outer));
}

TEST(a_new_namespaces_first_is_1_or_refused)
{
	pid_t init = proc_fork_bound(CLONE_NEWPID);

	if (!init) {
		static const pid_t wrong[] = { 2, 3, 300, 32000 };
		pid_t pid, tids[] = { 1, 1000 };

		for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
			tids[0] = wrong[i];
			must(fork_as(CLONE_NEWPID, tids, 1) == -EINVAL);
			must(fork_as(CLONE_NEWPID, tids, 2) == -EINVAL);
		}
		tids[0] = 1;
		pid = fork_as(CLONE_NEWPID, tids, 2);
		if (!pid) {
			must(numbered(tids, 2));
			/* From here on all numbers but this one are free. */
			must(try_number(1) == -EEXIST);
			must(try_number(300) == 300);
			_exit(0);
		}
		must(pid == 1000 && proc_end(pid) == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(init));
}

TEST(an_unshared_namespaces_first_is_1_or_refused)
{
	pid_t tid = 2, pid;

	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	EXPECT_EQ(-EINVAL, fork_as(0, &tid, 1));
	tid = 300;
	EXPECT_EQ(-EINVAL, fork_as(0, &tid, 1));
	tid = 1;
	pid = fork_as(0, &tid, 1);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		must(getpid() == 1);
		proc_sleep_forever();
	}
	ASSERT_GT(pid, 1);
	/* A second init there is not. */
	EXPECT_EQ(-EEXIST, fork_as(0, &tid, 1));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
	/* Nor does one come after the first. */
	EXPECT_EQ(-ENOMEM, fork_as(0, &tid, 1));
	tid = 2;
	EXPECT_EQ(-ENOMEM, fork_as(0, &tid, 1));
}

TEST(a_refused_init_leaves_the_namespace_to_an_ordinary_one)
{
	pid_t tid = 5, pid;

	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	EXPECT_EQ(-EINVAL, fork_as(0, &tid, 1));
	pid = proc_fork_bound(0);
	if (!pid)
		_exit(getpid() == 1 ? 0 : 1);
	EXPECT_EQ(0, proc_end(pid));
}

TEST(while_init_is_a_zombie_nobody_is_born)
{
	pid_t init = proc_fork_bound(CLONE_NEWPID), tid = 1;
	int ns;

	if (!init)
		proc_sleep_forever();
	ns = ns_open(init, "pid");
	ASSERT_GE(ns, 0);
	ASSERT_EQ(0, ns_enter(ns, CLONE_NEWPID));
	ASSERT_EQ(0, kill(init, SIGKILL));
	ASSERT_EQ(0, proc_await_zombie(init));
	EXPECT_EQ(-EEXIST, fork_as(0, &tid, 1));
	tid = 77;
	EXPECT_EQ(-ENOMEM, fork_as(0, &tid, 1));
	EXPECT_EQ(-SIGKILL, proc_end(init));
	EXPECT_EQ(-ENOMEM, fork_as(0, &tid, 1));
}

/*
 * The test is itself on some level: with what is left below it, the deepest
 * namespace there can be is reached, and its children get a number of their
 * own choice on as many levels as set_tid can name.
 */
static int at_the_bottom(void)
{
	pid_t tids[MAX_DEPTH], nr[MAX_DEPTH + 1], pid;
	size_t levels = own_numbers("/proc", nr, MAX_DEPTH + 1);

	must(levels == MAX_DEPTH + 1);
	must(proc_fork(CLONE_NEWPID) == -ENOSPC);
	for (size_t i = 0; i < MAX_DEPTH; i++)
		tids[i] = 2000 + i;
	/* Every namespace but the initial one, which is one more. */
	must(fork_as(0, tids, MAX_DEPTH + 1) == -EINVAL);
	pid = fork_as(0, tids, MAX_DEPTH);
	if (!pid)
		_exit(numbered(tids, MAX_DEPTH) ? 0 : 1);
	must(pid == 2000);
	return proc_end(pid);
}

TEST(thirty_two_levels_at_once)
{
	pid_t pid = proc_fork_bound(CLONE_NEWPID);

	if (pid) {
		ASSERT_GT(pid, 0);
		EXPECT_EQ(0, proc_end(pid));
		return;
	}
	while (own_levels() < MAX_DEPTH + 1) {
		pid = proc_fork(CLONE_NEWPID);
		if (pid < 0)
			_exit(1);
		if (pid)
			_exit(proc_end(pid));
	}
	_exit(at_the_bottom());
}

/* Each namespace is made together with its init's numbers on all levels. */
TEST(thirty_two_levels_one_by_one)
{
	pid_t tids[MAX_DEPTH], pid = 0;
	size_t levels = own_levels(), n;

	for (; levels <= MAX_DEPTH; levels++) {
		n = levels < MAX_DEPTH ? levels + 1 : MAX_DEPTH;
		tids[0] = 1;
		for (size_t i = 1; i < n; i++)
			tids[i] = 30000 + levels * 40 + i;
		pid = fork_as(CLONE_NEWPID, tids, n);
		if (pid)
			break;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		must(getpid() == 1 && numbered(tids, n));
	}
	if (!pid)
		_exit(proc_fork(CLONE_NEWPID) == -ENOSPC ? 0 : 1);
	if (getpid() == 1)
		_exit(proc_end(pid));
	ASSERT_EQ(pid, tids[n - 1]);
	EXPECT_EQ(0, proc_end(pid));
}

TEST_HARNESS_MAIN

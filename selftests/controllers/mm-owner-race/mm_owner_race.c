// SPDX-License-Identifier: GPL-2.0
/*
 * Owners of an address space die, exec and move, while other users of it
 * fault: every page is charged to the cgroup of some user, never to nobody's,
 * and all is uncharged in the end.
 */
#include "kselftest_harness.h"
#include "memcg.h"
#include <sched.h>

MEMCG_FIXTURE(owner)

#define ROUNDS	40
#define STACK	KB(64)

/* In the memory that is shared. */
static struct {
	long a, b;
	volatile bool stop;
	volatile long pages;
} *shared;

/* Uses fresh pages, and looks whose each of them is, until it is told. */
static int faulter(void *unused)
{
	(void)unused;
	while (!shared->stop) {
		char *p = map_used(PAGE);
		long ino = page_cgroup(p);

		if (ino != shared->a && ino != shared->b) {
			fprintf(stderr, "# a page is charged to %ld\n", ino);
			_exit(1);
		}
		munmap(p, PAGE);
		shared->pages++;
	}
	return 0;
}

static pid_t start(int (*what)(void *), int flags)
{
	char *stack = map_fresh(STACK);

	return clone(what, stack + STACK, CLONE_VM | flags, NULL);
}

static int exec_true(void *unused)
{
	(void)unused;
	execl("/proc/self/exe", "mm_owner_race", "--true", NULL);
	return 1;
}

static void share(const char *a, const char *b)
{
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(shared != MAP_FAILED);
	shared->a = cg_inode(a);
	shared->b = cg_inode(b);
	must(!prctl(PR_SET_CHILD_SUBREAPER, 1));
}

static bool nothing_left(const char *top, const char *a, const char *b)
{
	return cg_stat_settles(a, "anon", 0, 0) &&
	       cg_stat_settles(b, "anon", 0, 0) && !cg_await_empty(top) &&
	       !cg_remove(a) && !cg_remove(b) &&
	       cg_key_settles(top, "cgroup.stat", "nr_dying_descendants", 0, 0);
}

/*
 * One round: an owner in @a; a user in @b that faults all the time; @leave is
 * how the owner goes.
 */
static void round_of(const char *a, const char *b, void (*leave)(void))
{
	struct baton user = baton_make();
	pid_t owner, pid;
	long seen;

	shared->stop = false;
	owner = cg_fork_bound(a);
	if (!owner) {
		pid = start(faulter, SIGCHLD);
		must(pid > 0);
		must(!cg_enter(b, pid));
		baton_pass(&user, pid);
		leave();
		_exit(0);
	}
	must(owner > 0);
	pid = baton_take(&user);
	must(proc_end(owner) == 0);
	/* It goes on with the owner gone. */
	seen = shared->pages;
	while (shared->pages < seen + 3)
		must(waitpid(pid, NULL, WNOHANG) == 0);
	shared->stop = true;
	must(proc_end(pid) == 0);
	close(user.fd[0]);
	close(user.fd[1]);
}

static void just_exit(void)
{
	_exit(0);
}

static void exec_away(void)
{
	exec_true(NULL);
}

static void *leader_goes(void *unused)
{
	(void)unused;
	return NULL;
}

static void exit_after_an_heir(void)
{
	/* Who comes and goes at the same time may be chosen, and must not. */
	for (int i = 0; i < 3; i++)
		must(start((int (*)(void *))leader_goes, SIGCHLD) > 0);
	_exit(0);
}

static void exit_after_an_execing_heir(void)
{
	must(start(exec_true, SIGCHLD) > 0);
	_exit(0);
}

TEST_F(owner, exits_while_another_faults)
{
	share(self->a, self->b);
	for (int i = 0; i < ROUNDS; i++)
		round_of(self->a, self->b, just_exit);
	EXPECT_TRUE(nothing_left(self->top, self->a, self->b));
}

TEST_F(owner, execs_while_another_faults)
{
	share(self->a, self->b);
	for (int i = 0; i < ROUNDS; i++)
		round_of(self->a, self->b, exec_away);
	EXPECT_TRUE(nothing_left(self->top, self->a, self->b));
}

TEST_F(owner, exits_together_with_some_heirs)
{
	share(self->a, self->b);
	for (int i = 0; i < ROUNDS; i++) {
		round_of(self->a, self->b, exit_after_an_heir);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
	while (wait(NULL) > 0)
		;
	EXPECT_TRUE(nothing_left(self->top, self->a, self->b));
}

TEST_F(owner, exits_while_its_heir_execs)
{
	share(self->a, self->b);
	for (int i = 0; i < ROUNDS; i++) {
		round_of(self->a, self->b, exit_after_an_execing_heir);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
	while (wait(NULL) > 0)
		;
	EXPECT_TRUE(nothing_left(self->top, self->a, self->b));
}

TEST_F(owner, moves_while_another_faults)
{
	struct baton user = baton_make();
	pid_t owner, pid;

	share(self->a, self->b);
	owner = cg_fork_bound(self->a);
	if (!owner) {
		baton_pass(&user, start(faulter, SIGCHLD));
		while (!shared->stop)
			sched_yield();
		_exit(0);
	}
	pid = baton_take(&user);
	/* Neither of the two CPUs need have come to it yet. */
	while (!shared->pages)
		ASSERT_EQ(0, waitpid(owner, NULL, WNOHANG));
	ASSERT_EQ(0, cg_enter(self->b, pid));
	for (int i = 0; i < 5 * ROUNDS; i++) {
		ASSERT_EQ(0, cg_enter(i & 1 ? self->a : self->b, owner));
		ASSERT_EQ(0, cg_enter(i & 2 ? self->a : self->b, pid));
	}
	EXPECT_LT(0, shared->pages);
	shared->stop = true;
	EXPECT_EQ(0, proc_end(owner));
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(nothing_left(self->top, self->a, self->b));
}

/* The old owner's cgroup goes at the same time as the new one is looked for. */
TEST_F(owner, exits_and_its_cgroup_is_removed)
{
	char cg[PATH_MAX];

	share(self->a, self->b);
	cg_path(cg, self->top, "goes");
	for (int i = 0; i < ROUNDS / 2; i++) {
		ASSERT_EQ(0, cg_create(cg));
		shared->a = cg_inode(cg);
		round_of(cg, self->b, just_exit);
		ASSERT_EQ(0, cg_await_empty(cg));
		ASSERT_EQ(0, cg_remove(cg));
	}
	EXPECT_TRUE(nothing_left(self->top, self->a, self->b));
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--true"))
		return 0;
	return test_harness_run(argc, argv);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Making and entering uts namespaces: the names are copied once and go their
 * own ways; what is shared, and by whom.
 *
 * Promises from uts_namespaces(7), clone(2), unshare(2), setns(2),
 * namespaces(7).
 */
#include "uts_fixture.h"
#include <pthread.h>

TEST_F(uts, unshare_copies_both_names)
{
	ASSERT_EQ(0, unshare(CLONE_NEWUTS));
	EXPECT_TRUE(host_is("outer"));
	EXPECT_TRUE(domain_is("outer.example"));
}

TEST_F(uts, clone_copies_both_names)
{
	pid_t pid = proc_fork_bound(CLONE_NEWUTS);

	if (!pid) {
		must(host_is("outer"));
		must(domain_is("outer.example"));
		_exit(0);
	}
	ASSERT_GT(pid, 0);
	EXPECT_EQ(0, proc_end(pid));
}

/* All of uname(2)'s answer, and names of the full length. */
TEST_F(uts, the_copy_is_whole)
{
	char name[NAME_MAX_LEN];
	struct utsname before, after;

	memset(name, 'n', sizeof(name));
	ASSERT_EQ(0, set_host(name, sizeof(name)));
	ASSERT_EQ(0, set_domain(name, sizeof(name)));
	memset(&before, 0, sizeof(before));
	memset(&after, 0, sizeof(after));
	ASSERT_EQ(0, uname(&before));
	ASSERT_EQ(0, unshare(CLONE_NEWUTS));
	ASSERT_EQ(0, uname(&after));
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
}

TEST_F(uts, it_is_another_namespace)
{
	int after;

	ASSERT_EQ(0, unshare(CLONE_NEWUTS));
	after = ns_open(0, "uts");
	ASSERT_GE(after, 0);
	EXPECT_FALSE(ns_same(self->ns, after));
	close(after);
}

TEST_F(uts, changes_inside_do_not_show_outside)
{
	pid_t pid = proc_fork_bound(CLONE_NEWUTS);

	if (!pid) {
		must(!host("inner"));
		must(!file_write(DOMAINNAME, "inner.example"));
		must(host_is("inner"));
		must(domain_is("inner.example"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(host_is("outer"));
	EXPECT_TRUE(domain_is("outer.example"));
}

TEST_F(uts, changes_outside_do_not_show_inside)
{
	struct baton go = baton_make();
	pid_t pid = proc_fork_bound(CLONE_NEWUTS);

	if (!pid) {
		baton_take(&go);
		must(host_is("outer"));
		must(domain_is("outer.example"));
		_exit(0);
	}
	ASSERT_EQ(0, host("changed"));
	ASSERT_EQ(0, file_write(DOMAINNAME, "changed.example"));
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(uts, siblings_and_the_levels_below_keep_their_own)
{
	struct baton go = baton_make(), up = baton_make();
	pid_t pid[3];
	char name[16];

	/* Two sibling namespaces, and one below the second. */
	for (int i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "inner%d", i);
		if (i == 2)
			must(!unshare(CLONE_NEWUTS) && !host("between"));
		pid[i] = proc_fork_bound(CLONE_NEWUTS);
		if (!pid[i]) {
			must(host_is(i < 2 ? "outer" : "between"));
			must(!host(name));
			baton_pass(&up, 0);
			baton_take(&go);
			must(host_is(name));
			_exit(0);
		}
	}
	for (int i = 0; i < 3; i++)
		baton_take(&up);
	EXPECT_TRUE(host_is("between"));
	for (int i = 0; i < 3; i++)
		baton_pass(&go, 0);
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(0, proc_end(pid[i]));
	ASSERT_EQ(0, ns_enter(self->ns, CLONE_NEWUTS));
	EXPECT_TRUE(host_is("outer"));
}

TEST_F(uts, a_fork_shares_the_names)
{
	pid_t pid = fork();

	if (!pid) {
		must(!host("the-child-s"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(host_is("the-child-s"));
}

static void *unshare_and_rename(void *unused)
{
	must(!unshare(CLONE_NEWUTS));
	must(!host("thread"));
	must(host_is("thread"));
	return unused;
}

TEST_F(uts, a_thread_can_have_one_of_its_own)
{
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, unshare_and_rename, NULL));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_TRUE(host_is("outer"));
}

TEST_F(uts, a_vfork_child_can_have_one_of_its_own)
{
	pid_t pid = vfork();

	if (!pid) {
		if (unshare(CLONE_NEWUTS) || host("vforked"))
			_exit(1);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_TRUE(host_is("outer"));
}

TEST_F(uts, an_exec_stays)
{
	pid_t pid = proc_fork_bound(CLONE_NEWUTS);

	if (!pid) {
		must(!host("inner"));
		execl("/proc/self/exe", "utsns_create", "--is", "inner", NULL);
		_exit(1);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(uts, setns_gives_the_names_of_the_other_namespace)
{
	ASSERT_EQ(0, unshare(CLONE_NEWUTS));
	ASSERT_EQ(0, host("inner"));
	ASSERT_EQ(0, domain("inner.example"));
	ASSERT_EQ(0, ns_enter(self->ns, CLONE_NEWUTS));
	EXPECT_TRUE(host_is("outer"));
	EXPECT_TRUE(domain_is("outer.example"));
	ASSERT_EQ(0, host("by-a-member-again"));
	EXPECT_TRUE(host_is("by-a-member-again"));
}

TEST_F(uts, setns_by_pidfd)
{
	struct baton up = baton_make();
	pid_t pid = proc_fork_bound(CLONE_NEWUTS);
	int fd;

	if (!pid) {
		must(!host("inner"));
		baton_pass(&up, 0);
		proc_sleep_forever();
	}
	baton_take(&up);
	fd = proc_pidfd(pid);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(0, ns_enter(fd, CLONE_NEWUTS));
	EXPECT_TRUE(host_is("inner"));
	close(fd);
	proc_kill(pid);
}

TEST_F(uts, setns_wants_the_right_type)
{
	EXPECT_EQ(-EINVAL, ns_enter(self->ns, CLONE_NEWIPC));
	EXPECT_EQ(-EINVAL, ns_enter(self->ns, CLONE_NEWUTS | CLONE_NEWIPC));
	EXPECT_EQ(0, ns_enter(self->ns, CLONE_NEWUTS));
	EXPECT_EQ(0, ns_enter(self->ns, 0));
}

static void *enter(void *fd)
{
	must(!ns_enter(*(int *)fd, CLONE_NEWUTS));
	must(host_is("outer"));
	return NULL;
}

TEST_F(uts, setns_moves_only_the_calling_thread)
{
	pthread_t thread;

	ASSERT_EQ(0, unshare(CLONE_NEWUTS));
	ASSERT_EQ(0, host("inner"));
	ASSERT_EQ(0, pthread_create(&thread, NULL, enter, &self->ns));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_TRUE(host_is("inner"));
}

TEST_F(uts, max_uts_namespaces_bounds_what_a_user_namespace_makes)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!ns_become_user_root());
		must(!file_write("/proc/sys/user/max_uts_namespaces", "1"));
		must(!unshare(CLONE_NEWUTS));
		/* The one that it leaves would only go after the new one came. */
		must(unshare(CLONE_NEWUTS) == -1 && errno == ENOSPC);
		must(proc_fork(CLONE_NEWUTS) == -ENOSPC);
		must(!host("mine"));
		/* When the limit is above, below it is the same. */
		must(!ns_become_user_root());
		must(unshare(CLONE_NEWUTS) == -1 && errno == ENOSPC);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--is"))
		return host_is(argv[2]) ? 0 : 1;
	return test_harness_run(argc, argv);
}

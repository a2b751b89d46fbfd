// SPDX-License-Identifier: GPL-2.0
/*
 * Races in uts namespaces: a name is read, or copied to a new namespace, while
 * another CPU sets it. Each is seen whole, old or new.
 */
#include "kselftest_harness.h"
#include <pthread.h>
#include <sys/utsname.h>
#include "ns.h"
#include "proc.h"

#define LEN	64
#define ROUNDS	600

/* Set by the test when the writer is to end. */
static volatile int done;

static void *set_names(void *unused)
{
	char name[LEN];

	for (int i = 0; !done; i++) {
		memset(name, 'a' + i % 26, LEN);
		must(!syscall(SYS_sethostname, name, LEN));
		must(!syscall(SYS_setdomainname, name, LEN));
	}
	return unused;
}

/* Sets them the other way, by the files. */
static void *write_names(void *unused)
{
	char name[LEN + 1] = "";

	for (int i = 0; !done; i++) {
		memset(name, 'a' + i % 26, LEN);
		must(!file_write("/proc/sys/kernel/hostname", name));
		must(!file_write("/proc/sys/kernel/domainname", name));
	}
	return unused;
}

/* A name of a writer's: the same letter LEN times. */
static bool whole(const char *name)
{
	return strlen(name) == LEN && strspn(name, (char []){ *name, 0 }) == LEN;
}

static bool both_whole(void)
{
	struct utsname u;

	must(!uname(&u));
	return whole(u.nodename) && whole(u.domainname);
}

FIXTURE(race)
{
	pthread_t writer;
};

FIXTURE_VARIANT(race)
{
	void *(*writer)(void *unused);
};

FIXTURE_VARIANT_ADD(race, calls)
{
	.writer = set_names,
};

FIXTURE_VARIANT_ADD(race, files)
{
	.writer = write_names,
};

FIXTURE_SETUP(race)
{
	ASSERT_EQ(0, unshare(CLONE_NEWUTS));
	ASSERT_EQ(0, pthread_create(&self->writer, NULL, variant->writer, NULL));
	while (!both_whole())
		;
}

FIXTURE_TEARDOWN(race)
{
	done = 1;
	pthread_join(self->writer, NULL);
}

TEST_F(race, uname_sees_whole_names)
{
	for (int i = 0; i < ROUNDS; i++)
		ASSERT_TRUE(both_whole());
}

TEST_F(race, the_files_show_whole_names)
{
	char text[128];

	for (int i = 0; i < ROUNDS / 4; i++) {
		ASSERT_EQ(LEN, file_read("/proc/sys/kernel/hostname", text,
					 sizeof(text)));
		ASSERT_TRUE(whole(text));
	}
}

/* This thread moves from copy to copy, the writer goes on in the first. */
TEST_F(race, copies_are_whole_and_stay_as_they_are)
{
	int home = ns_open(0, "uts");
	struct utsname one, two;

	ASSERT_GE(home, 0);
	for (int i = 0; i < ROUNDS / 4; i++) {
		ASSERT_EQ(0, unshare(CLONE_NEWUTS));
		ASSERT_EQ(0, uname(&one));
		ASSERT_TRUE(whole(one.nodename));
		ASSERT_TRUE(whole(one.domainname));
		ASSERT_EQ(0, uname(&two));
		ASSERT_STREQ(one.nodename, two.nodename);
		ASSERT_STREQ(one.domainname, two.domainname);
		ASSERT_EQ(0, ns_enter(home, CLONE_NEWUTS));
	}
	close(home);
}

/* Two writers, each in its own namespace, meet nowhere. */
TEST_F(race, writers_in_two_namespaces_do_not_meet)
{
	struct utsname u;
	char name[LEN];

	ASSERT_EQ(0, unshare(CLONE_NEWUTS));
	for (int i = 0; i < ROUNDS / 2; i++) {
		memset(name, 'A' + i % 26, LEN);
		ASSERT_EQ(0, syscall(SYS_sethostname, name, LEN));
		ASSERT_EQ(0, uname(&u));
		ASSERT_EQ(0, strncmp(u.nodename, name, LEN));
	}
}

/*
 * The last member leaves while another enters by /proc: it comes in time, or
 * finds nobody.
 */
TEST(entering_against_the_last_member_s_end)
{
	for (int round = 0; round < 100; round++) {
		pid_t pid = proc_fork_bound(CLONE_NEWUTS);
		struct utsname u;
		int fd;

		if (!pid) {
			must(!sethostname("inner", 5));
			for (volatile int i = 0; i < round * 997 % 20000; i++)
				;
			_exit(0);
		}
		ASSERT_GT(pid, 0);
		fd = ns_open(pid, "uts");
		ASSERT_TRUE(fd >= 0 || fd == -ENOENT);
		ASSERT_EQ(0, proc_end(pid));
		if (fd < 0)
			continue;
		ASSERT_EQ(0, ns_enter(fd, CLONE_NEWUTS));
		close(fd);
		ASSERT_EQ(0, uname(&u));
		ASSERT_STREQ("inner", u.nodename);
		ASSERT_EQ(0, unshare(CLONE_NEWUTS));
		ASSERT_EQ(0, sethostname("outer", 5));
	}
}

TEST_HARNESS_MAIN

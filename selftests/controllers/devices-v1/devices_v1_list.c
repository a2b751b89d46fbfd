// SPDX-License-Identifier: GPL-2.0
/*
 * devices.allow, devices.deny and devices.list: the form of entries, what a
 * hierarchy allows, what goes down it, and who may write.
 *
 * Promises from admin-guide/cgroup-v1/devices.rst.
 */
#include "devices_v1.h"
#include "cap.h"
#include "ns.h"
#include "until.h"

TEST_F(devices_v1, everything_is_allowed_at_the_start)
{
	EXPECT_LIST(ALL, self->root);
	EXPECT_LIST(ALL, self->top);
	ASSERT_EQ(0, cg_create(self->a));
	EXPECT_LIST(ALL, self->a);
}

TEST_F(devices_v1, files_are_written_or_read)
{
	static const struct {
		const char *name;
		mode_t mode;
	} files[] = {
		{ "devices.allow", 0200 }, { "devices.deny", 0200 },
		{ "devices.list", 0444 },
	};
	char path[PATH_MAX];
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		ASSERT_EQ(0, stat(cg_path(path, self->top, files[i].name), &st));
		EXPECT_EQ(files[i].mode, st.st_mode & 0777);
		ASSERT_EQ(0, stat(cg_path(path, self->root, files[i].name), &st));
		EXPECT_EQ(files[i].mode, st.st_mode & 0777);
	}
}

TEST_F(devices_v1, denying_a_leaves_nothing_and_allowing_a_gives_all_back)
{
	ASSERT_EQ(0, DENY(self->top, "a"));
	EXPECT_LIST("", self->top);
	ASSERT_EQ(0, ALLOW(self->top, "a"));
	EXPECT_LIST(ALL, self->top);
	/* The entry as it is listed is good, too. */
	ASSERT_EQ(0, DENY(self->top, ALL));
	EXPECT_LIST("", self->top);
	ASSERT_EQ(0, ALLOW(self->top, ALL));
	EXPECT_LIST(ALL, self->top);
}

TEST_F(devices_v1, entries_are_listed_as_type_numbers_and_access)
{
	static const struct {
		const char *written, *listed;
	} cases[] = {
		{ "c 1:3 rwm", "c 1:3 rwm" }, { "b 8:0 rwm", "b 8:0 rwm" },
		{ "c 1:3 mr", "c 1:3 rm" }, { "c 1:3 mwr", "c 1:3 rwm" },
		{ "c 1:3 r", "c 1:3 r" }, { "c 1:3 w", "c 1:3 w" },
		{ "c 1:3 m", "c 1:3 m" }, { "c 1:3 rr", "c 1:3 r" },
		{ "c *:3 r", "c *:3 r" }, { "c 1:* w", "c 1:* w" },
		{ "b *:* m", "b *:* m" }, { "c 0:0 r", "c 0:0 r" },
		{ "c 4095:1048575 r", "c 4095:1048575 r" },
		{ "c 1:3 rwm\n", "c 1:3 rwm" }, { "  c 1:3 rwm \n", "c 1:3 rwm" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		ASSERT_EQ(0, DENY(self->top, "a"));
		EXPECT_EQ(0, ALLOW(self->top, cases[i].written))
			TH_LOG("writing '%s'", cases[i].written);
		EXPECT_LIST(cases[i].listed, self->top);
	}
}

TEST_F(devices_v1, entries_of_one_device_become_one)
{
	ASSERT_EQ(0, DENY(self->top, "a"));
	ASSERT_EQ(0, ALLOW(self->top, "c 1:3 r"));
	ASSERT_EQ(0, ALLOW(self->top, "c 1:5 r"));
	ASSERT_EQ(0, ALLOW(self->top, "c 1:3 w"));
	EXPECT_LIST("c 1:3 rw\nc 1:5 r", self->top);
	/* Another type or a wildcard is another device. */
	ASSERT_EQ(0, ALLOW(self->top, "b 1:3 m"));
	ASSERT_EQ(0, ALLOW(self->top, "c 1:* m"));
	EXPECT_LIST("c 1:3 rw\nc 1:5 r\nb 1:3 m\nc 1:* m", self->top);
}

TEST_F(devices_v1, denying_takes_single_accesses_away)
{
	ASSERT_EQ(0, DENY(self->top, "a"));
	ASSERT_EQ(0, ALLOW(self->top, "c 1:3 rwm"));
	ASSERT_EQ(0, DENY(self->top, "c 1:3 w"));
	EXPECT_LIST("c 1:3 rm", self->top);
	ASSERT_EQ(0, DENY(self->top, "c 1:3 rm"));
	EXPECT_LIST("", self->top);
}

/* An entry goes when it is named; a wildcard is an entry of its own. */
TEST_F(devices_v1, denying_a_wildcard_leaves_other_entries)
{
	ASSERT_EQ(0, DENY(self->top, "a"));
	ASSERT_EQ(0, ALLOW(self->top, "c 1:3 r"));
	ASSERT_EQ(0, ALLOW(self->top, "c 1:* r"));
	ASSERT_EQ(0, DENY(self->top, "c 1:* r"));
	EXPECT_LIST("c 1:3 r", self->top);
	EXPECT_EQ(0, NULL_IN(self->top));
	EXPECT_EQ(-EPERM, ZERO_IN(self->top));
}

/* The list is of what is allowed; exceptions to "all" are not in it. */
TEST_F(devices_v1, an_exception_to_all_is_not_listed_but_holds)
{
	ASSERT_EQ(0, DENY(self->top, "c 1:3 rwm"));
	EXPECT_LIST(ALL, self->top);
	EXPECT_EQ(-EPERM, NULL_IN(self->top));
	EXPECT_EQ(0, ZERO_IN(self->top));
	ASSERT_EQ(0, ALLOW(self->top, "c 1:3 r"));
	EXPECT_EQ(0, NULL_IN(self->top));
	EXPECT_EQ(-EPERM, dev_open_in(self->top, "null", O_WRONLY));
	ASSERT_EQ(0, ALLOW(self->top, "a"));
	EXPECT_EQ(0, dev_open_in(self->top, "null", O_RDWR));
}

TEST_F(devices_v1, a_child_gets_a_copy)
{
	ASSERT_EQ(0, DENY(self->top, "a"));
	ASSERT_EQ(0, ALLOW(self->top, "c 1:3 mr"));
	ASSERT_EQ(0, ALLOW(self->top, "b *:0 w"));
	ASSERT_EQ(0, cg_create(self->a));
	EXPECT_LIST("c 1:3 rm\nb *:0 w", self->a);
	/* A copy: what the child gives up, the parent keeps. */
	ASSERT_EQ(0, DENY(self->a, "c 1:3 r"));
	EXPECT_LIST("c 1:3 m\nb *:0 w", self->a);
	EXPECT_LIST("c 1:3 rm\nb *:0 w", self->top);
}

TEST_F(devices_v1, a_child_of_all_but_one_is_denied_that_one)
{
	ASSERT_EQ(0, DENY(self->top, "c 1:3 rwm"));
	ASSERT_EQ(0, cg_create(self->a));
	EXPECT_LIST(ALL, self->a);
	EXPECT_EQ(-EPERM, NULL_IN(self->a));
	EXPECT_EQ(0, ZERO_IN(self->a));
	/* Neither singly nor with all the rest does it get it back. */
	EXPECT_EQ(-EPERM, ALLOW(self->a, "c 1:3 r"));
	EXPECT_EQ(-EPERM, ALLOW(self->a, "c *:3 r"));
	EXPECT_EQ(-EPERM, ALLOW(self->a, "c *:* r"));
	ASSERT_EQ(0, ALLOW(self->a, "a"));
	EXPECT_EQ(-EPERM, NULL_IN(self->a));
}

TEST_F(devices_v1, a_child_never_gets_more_than_its_parent)
{
	static const char * const more[] = {
		"c 1:5 r", "c 1:3 w", "c 1:3 rw", "b 1:3 r", "c *:3 r",
		"c 1:* r", "c *:* r", "c 4:4 rwm", "a", ALL,
	};

	ASSERT_EQ(0, DENY(self->top, "a"));
	ASSERT_EQ(0, ALLOW(self->top, "c 1:3 rm"));
	ASSERT_EQ(0, ALLOW(self->top, "c 4:* rw"));
	ASSERT_EQ(0, cg_create(self->a));
	ASSERT_EQ(0, DENY(self->a, "a"));
	for (size_t i = 0; i < ARRAY_SIZE(more); i++) {
		EXPECT_EQ(-EPERM, ALLOW(self->a, more[i]))
			TH_LOG("allowing '%s'", more[i]);
		EXPECT_LIST("", self->a);
	}
	/* What its parent has, and parts of it, it may have. */
	EXPECT_EQ(0, ALLOW(self->a, "c 1:3 r"));
	EXPECT_EQ(0, ALLOW(self->a, "c 4:64 w"));
	EXPECT_EQ(0, ALLOW(self->a, "c 4:* r"));
	EXPECT_LIST("c 1:3 r\nc 4:64 w\nc 4:* r", self->a);
}

/* With the parent at "all but", an entry must not touch an exception. */
TEST_F(devices_v1, a_whitelist_below_all_but_one_cannot_have_that_one)
{
	ASSERT_EQ(0, DENY(self->top, "c 1:3 w"));
	ASSERT_EQ(0, cg_create(self->a));
	ASSERT_EQ(0, DENY(self->a, "a"));
	EXPECT_EQ(-EPERM, ALLOW(self->a, "c 1:3 rw"));
	EXPECT_EQ(-EPERM, ALLOW(self->a, "c *:* w"));
	EXPECT_EQ(0, ALLOW(self->a, "c 1:3 r"));
	EXPECT_EQ(0, ALLOW(self->a, "c 1:5 rwm"));
	EXPECT_EQ(0, ALLOW(self->a, "b 1:3 rwm"));
	EXPECT_LIST("c 1:3 r\nc 1:5 rwm\nb 1:3 rwm", self->a);
}

TEST_F(devices_v1, all_is_not_to_be_had_or_lost_with_children)
{
	ASSERT_EQ(0, cg_create(self->a));
	EXPECT_EQ(-EINVAL, DENY(self->top, "a"));
	EXPECT_EQ(-EINVAL, ALLOW(self->top, "a"));
	EXPECT_LIST(ALL, self->top);
	/* Single entries are. */
	EXPECT_EQ(0, DENY(self->top, "c 1:3 r"));
	ASSERT_EQ(0, cg_remove(self->a));
	/* The kernel lets go of a removed child with some delay. */
	EXPECT_TRUE(EVENTUALLY(!DENY(self->top, "a")));
	EXPECT_LIST("", self->top);
}

/* The document's first example. */
TEST_F(devices_v1, a_removal_goes_down_and_takes_what_is_no_longer_covered)
{
	ASSERT_EQ(0, DENY(self->top, "b 8:* rwm"));
	ASSERT_EQ(0, DENY(self->top, "c 116:1 rw"));
	ASSERT_EQ(0, cg_create(self->a));
	ASSERT_EQ(0, DENY(self->a, "a"));
	ASSERT_EQ(0, ALLOW(self->a, "c 1:3 rwm"));
	ASSERT_EQ(0, ALLOW(self->a, "c 116:2 rwm"));
	ASSERT_EQ(0, ALLOW(self->a, "b 3:* rwm"));
	ASSERT_EQ(0, DENY(self->top, "c 116:* r"));
	EXPECT_LIST("c 1:3 rwm\nb 3:* rwm", self->a);
	EXPECT_LIST(ALL, self->top);
}

/* The second one. */
TEST_F(devices_v1, an_addition_does_not_go_down_but_may_be_had)
{
	ASSERT_EQ(0, DENY(self->top, "a"));
	ASSERT_EQ(0, ALLOW(self->top, "c 1:3 rwm"));
	ASSERT_EQ(0, ALLOW(self->top, "c 1:5 r"));
	ASSERT_EQ(0, cg_create(self->a));
	ASSERT_EQ(-EPERM, ALLOW(self->a, "c 2:3 rwm"));
	ASSERT_EQ(0, ALLOW(self->top, "c *:3 rwm"));
	EXPECT_LIST("c 1:3 rwm\nc 1:5 r", self->a);
	EXPECT_EQ(0, ALLOW(self->a, "c 2:3 rwm"));
	EXPECT_EQ(0, ALLOW(self->a, "c 50:3 r"));
	EXPECT_EQ(0, ALLOW(self->a, "c *:3 rwm"));
	EXPECT_LIST("c 1:3 rwm\nc 1:5 r\nc 2:3 rwm\nc 50:3 r\nc *:3 rwm", self->a);
}

TEST_F(devices_v1, a_removal_goes_down_to_every_level)
{
	ASSERT_EQ(0, DENY(self->top, "a"));
	ASSERT_EQ(0, ALLOW(self->top, "c 1:3 rwm"));
	ASSERT_EQ(0, ALLOW(self->top, "c 1:5 rwm"));
	ASSERT_EQ(0, cg_create(self->a));
	ASSERT_EQ(0, cg_create(self->below));
	ASSERT_EQ(0, DENY(self->top, "c 1:3 rw"));
	EXPECT_LIST("c 1:3 m\nc 1:5 rwm", self->top);
	EXPECT_LIST("c 1:3 m\nc 1:5 rwm", self->a);
	EXPECT_LIST("c 1:3 m\nc 1:5 rwm", self->below);
	EXPECT_EQ(-EPERM, NULL_IN(self->below));
}

TEST_F(devices_v1, an_exception_to_all_goes_down_to_every_level)
{
	ASSERT_EQ(0, cg_create(self->a));
	ASSERT_EQ(0, cg_create(self->below));
	ASSERT_EQ(0, NULL_IN(self->below));
	ASSERT_EQ(0, DENY(self->top, "c 1:3 r"));
	EXPECT_EQ(-EPERM, NULL_IN(self->a));
	EXPECT_EQ(-EPERM, NULL_IN(self->below));
	EXPECT_EQ(0, dev_open_in(self->below, "null", O_WRONLY));
	EXPECT_EQ(-EPERM, ALLOW(self->below, "c 1:3 r"));
	/* Lifted above, it stays below until it is lifted there. */
	ASSERT_EQ(0, ALLOW(self->top, "c 1:3 r"));
	EXPECT_EQ(0, NULL_IN(self->top));
	EXPECT_EQ(-EPERM, NULL_IN(self->a));
	EXPECT_EQ(0, ALLOW(self->a, "c 1:3 r"));
	EXPECT_EQ(0, NULL_IN(self->a));
}

TEST_F(devices_v1, what_a_child_denies_itself_is_its_own_affair)
{
	ASSERT_EQ(0, cg_create(self->a));
	ASSERT_EQ(0, DENY(self->a, "c 1:3 rwm"));
	EXPECT_EQ(-EPERM, NULL_IN(self->a));
	EXPECT_EQ(0, NULL_IN(self->top));
	EXPECT_EQ(0, NULL_IN(self->root));
}

TEST_F(devices_v1, malformed_entries_are_refused_and_change_nothing)
{
	static const char * const values[] = {
		"\n", "x", "r", "c", "b", "c ", "c 1", "c 1:", "c 1:3", "c :3 r",
		"c 1 3 r", "c:1:3 r", "c1:3 r", "d 1:3 r", "C 1:3 r", "1:3 r",
		"c 1:3r", "c 1:3 x", "c 1:3 rx", "c 1:3 rwx", "c 1:3 R", "c 1:3  r",
		"c -1:3 r", "c 1:-3 r", "c 0x1:3 r", "c a:3 r", "c 1.3 r",
		"c **:3 r", "c 1:3* r", "c 4294967296:3 r", "c 1:4294967296 r",
		"c 99999999999999999999:3 r",
	};

	ASSERT_EQ(0, DENY(self->top, "a"));
	ASSERT_EQ(0, ALLOW(self->top, "c 1:3 rwm"));
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		EXPECT_EQ(-EINVAL, ALLOW(self->top, values[i]))
			TH_LOG("allowing '%s'", values[i]);
		EXPECT_EQ(-EINVAL, DENY(self->top, values[i]))
			TH_LOG("denying '%s'", values[i]);
		EXPECT_LIST("c 1:3 rwm", self->top);
	}
}

TEST_F(devices_v1, writing_needs_cap_sys_admin)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		/* Not even taking away is allowed without. */
		cap_drop(CAP_SYS_ADMIN);
		must(DENY(self->top, "c 1:3 r") == -EPERM);
		must(ALLOW(self->top, "c 1:3 r") == -EPERM);
		must(DENY(self->top, "a") == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, NULL_IN(self->top));
}

TEST_F(devices_v1, root_of_a_user_namespace_writes_nothing)
{
	pid_t pid = proc_fork_bound(0);

	ASSERT_EQ(0, DENY(self->top, "c 1:3 rwm"));
	if (!pid) {
		must(!cg_enter(self->top, 0));
		must(!ns_become_user_root());
		must(ALLOW(self->top, "c 1:3 r") == -EPERM);
		must(ALLOW(self->top, "a") == -EPERM);
		must(DENY(self->top, "a") == -EPERM);
		must(open("null", O_RDONLY) == -1 && errno == EPERM);
		must(open("zero", O_RDONLY) >= 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* Handing the folder over does not hand the devices over. */
TEST_F(devices_v1, the_owner_of_the_folder_writes_nothing)
{
	static const char * const files[] = { "devices.allow", "devices.deny", "." };
	char path[PATH_MAX];
	pid_t pid;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		ASSERT_EQ(0, chown(cg_path(path, self->top, files[i]), 65534, 65534));
	pid = proc_fork_bound(0);
	if (!pid) {
		proc_become_nobody();
		must(DENY(self->top, "c 1:3 r") == -EPERM);
		must(!cg_create(self->a));
		must(DENY(self->a, "c 1:3 r") == -EPERM);
		must(ALLOW(self->a, "a") == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(devices_v1, an_ordinary_user_reads_only)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		char list[64];

		proc_become_nobody();
		must(ALLOW(self->top, "a") == -EACCES);
		must(DENY(self->top, "a") == -EACCES);
		must(cg_read(self->top, "devices.list", list, sizeof(list)) > 0);
		must(!strcmp(list, ALL));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_HARNESS_MAIN

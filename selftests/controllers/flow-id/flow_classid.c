// SPDX-License-Identifier: GPL-2.0
/*
 * net_cls.classid as a file: its default, its format, who inherits it and who
 * may write it.
 *
 * Promises from admin-guide/cgroup-v1/net_cls.rst and cgroups.rst.
 */
#include "flow.h"

#define FILE_NAME	"net_cls.classid"

FIXTURE(classid)
{
	struct flow_cgroups c;
};

FIXTURE_SETUP(classid)
{
	if (flow_cgroups_make(&self->c, "net_cls"))
		SKIP(return, "no cgroup v1 hierarchy with net_cls");
}

FIXTURE_TEARDOWN_PARENT(classid)
{
	flow_cgroups_remove(&self->c);
}

TEST_F(classid, is_0_at_first)
{
	EXPECT_EQ(0, cg_number(self->c.root, FILE_NAME));
	EXPECT_EQ(0, cg_number(self->c.top, FILE_NAME));
	EXPECT_EQ(0, cg_number(self->c.a, FILE_NAME));
}

TEST_F(classid, is_written_in_hexadecimal_and_read_in_decimal)
{
	char text[64];

	ASSERT_EQ(0, cg_write(self->c.a, FILE_NAME, "0x100001"));
	ASSERT_GT(cg_read(self->c.a, FILE_NAME, text, sizeof(text)), 0);
	EXPECT_STREQ("1048577", text);
	ASSERT_EQ(0, cg_write(self->c.a, FILE_NAME, "0XABCD1234"));
	EXPECT_EQ(0xabcd1234, cg_number(self->c.a, FILE_NAME));
	/* What is read can be written. */
	ASSERT_EQ(0, cg_write(self->c.a, FILE_NAME, "1048578"));
	EXPECT_EQ(0x100002, cg_number(self->c.a, FILE_NAME));
	ASSERT_EQ(0, cg_write(self->c.a, FILE_NAME, "0x3\n"));
	EXPECT_EQ(3, cg_number(self->c.a, FILE_NAME));
	ASSERT_EQ(0, cg_write(self->c.a, FILE_NAME, "0"));
	EXPECT_EQ(0, cg_number(self->c.a, FILE_NAME));
}

TEST_F(classid, has_32_bits)
{
	ASSERT_EQ(0, cg_write(self->c.a, FILE_NAME, "0xffffffff"));
	EXPECT_EQ(0xffffffff, cg_number(self->c.a, FILE_NAME));
	EXPECT_LT(cg_write(self->c.a, FILE_NAME, "0x10000000000000000"), 0);
	EXPECT_EQ(0xffffffff, cg_number(self->c.a, FILE_NAME));
	/*
	 * One more than fits is no id (0xAAAABBBB is the format), but the kernel
	 * takes it and drops what is above: a fault that has always been there.
	 */
	EXPECT_EQ(0, cg_write(self->c.a, FILE_NAME, "0x100000005"));
	EXPECT_EQ(5, cg_number(self->c.a, FILE_NAME));
}

TEST_F(classid, malformed_values_are_refused_and_change_nothing)
{
	static const char * const values[] = {
		"-1", "abc", "\n", "1 2", " 3", "0x", "0x1g", "10:1", "1.5", "max",
	};

	ASSERT_EQ(0, cg_write(self->c.a, FILE_NAME, "0x100001"));
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		EXPECT_EQ(-EINVAL, cg_write(self->c.a, FILE_NAME, values[i]))
			TH_LOG("writing '%s'", values[i]);
		EXPECT_EQ(0x100001, cg_number(self->c.a, FILE_NAME));
	}
}

TEST_F(classid, is_inherited_when_a_cgroup_is_made_and_not_later)
{
	char child[PATH_MAX];

	ASSERT_EQ(0, cg_write(self->c.a, FILE_NAME, "0x100001"));
	cg_path(child, self->c.a, "child");
	ASSERT_EQ(0, cg_create(child));
	EXPECT_EQ(0x100001, cg_number(child, FILE_NAME));
	ASSERT_EQ(0, cg_write(self->c.a, FILE_NAME, "0x100002"));
	EXPECT_EQ(0x100001, cg_number(child, FILE_NAME));
	ASSERT_EQ(0, cg_write(child, FILE_NAME, "0x100003"));
	EXPECT_EQ(0x100002, cg_number(self->c.a, FILE_NAME));
	EXPECT_EQ(0, cg_number(self->c.b, FILE_NAME));
	ASSERT_EQ(0, cg_remove(child));
}

TEST_F(classid, two_may_have_the_same)
{
	ASSERT_EQ(0, cg_write(self->c.a, FILE_NAME, "0x100001"));
	ASSERT_EQ(0, cg_write(self->c.b, FILE_NAME, "0x100001"));
	EXPECT_EQ(0x100001, cg_number(self->c.a, FILE_NAME));
	EXPECT_EQ(0x100001, cg_number(self->c.b, FILE_NAME));
}

/* Unlike other controllers' files, it is there to be set. */
TEST_F(classid, of_the_root_can_be_set)
{
	int err = cg_write(self->c.root, FILE_NAME, "0x100009");
	long id = cg_number(self->c.root, FILE_NAME);

	must(!cg_write(self->c.root, FILE_NAME, "0"));
	EXPECT_EQ(0, err);
	EXPECT_EQ(0x100009, id);
}

TEST_F(classid, an_ordinary_user_reads_it_and_does_not_set_it)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->c.a, FILE_NAME, "7"));
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!cg_enter(self->c.a, 0));
		proc_become_nobody();
		must(cg_number(self->c.a, FILE_NAME) == 7);
		must(cg_write(self->c.a, FILE_NAME, "8") == -EACCES);
		must(cg_enter(self->c.b, 0) == -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(7, cg_number(self->c.a, FILE_NAME));
}

TEST_F(classid, root_of_a_user_namespace_does_not_set_it)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!cg_enter(self->c.a, 0));
		proc_become_nobody();
		must(!ns_become_user_root());
		must(cg_write(self->c.a, FILE_NAME, "8") == -EACCES);
		must(!unshare(CLONE_NEWNET));
		must(cg_write(self->c.a, FILE_NAME, "8") == -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, cg_number(self->c.a, FILE_NAME));
}

/* Delegated as in cgroups.rst: by the files' owner. */
TEST_F(classid, whoever_owns_the_file_sets_it)
{
	char path[PATH_MAX];
	pid_t pid;

	ASSERT_EQ(0, chown(cg_path(path, self->c.a, FILE_NAME), 65534, 65534));
	pid = proc_fork_bound(0);
	if (!pid) {
		proc_become_nobody();
		must(!cg_write(self->c.a, FILE_NAME, "9"));
		must(cg_write(self->c.b, FILE_NAME, "9") == -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(9, cg_number(self->c.a, FILE_NAME));
}

TEST_F(classid, goes_with_its_cgroup)
{
	int fd, n;
	char path[PATH_MAX], buf[16];

	ASSERT_EQ(0, cg_write(self->c.a, FILE_NAME, "5"));
	fd = open(cg_path(path, self->c.a, FILE_NAME), O_RDWR | O_CLOEXEC);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, cg_remove(self->c.a));
	n = pread(fd, buf, sizeof(buf), 0);
	EXPECT_EQ(-1, n);
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(-1, write(fd, "6", 1));
	EXPECT_EQ(ENODEV, errno);
	/* A new one of the same name begins with its parent's. */
	ASSERT_EQ(0, cg_create(self->c.a));
	EXPECT_EQ(0, cg_number(self->c.a, FILE_NAME));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * What the file system of cgroups is to others: its number, and extended
 * attributes, by which managers of cgroups mark what is theirs.
 *
 * Promises from cgroup-v2.rst, "Mounting", and from xattr(7) and statfs(2). Those
 * of user.* are limited in number and size, as every user can have some.
 */
#include "core.h"
#include <sys/vfs.h>
#include <sys/xattr.h>
#include "ns.h"

#define MOST_USER_ATTRIBUTES	128
#define MOST_USER_BYTES		(128 << 10)

static const char * const names[] = { "trusted.x", "security.x", "user.x" };

static int attr_set(const char *path, const char *name, const char *value, int flags)
{
	return setxattr(path, name, value, strlen(value), flags) ? -errno : 0;
}

static int attr_remove(const char *path, const char *name)
{
	return removexattr(path, name) ? -errno : 0;
}

/* 0 when the attribute has @value, 1 when it has another, or -errno. */
static int attr_differs(const char *path, const char *name, const char *value)
{
	char buf[64];
	ssize_t n = getxattr(path, name, buf, sizeof(buf));

	if (n < 0)
		return -errno;
	return n != (ssize_t)strlen(value) || memcmp(buf, value, n);
}

/* Whether listxattr(2) tells the caller of the attribute. */
static bool attr_listed(const char *path, const char *name)
{
	char buf[512];
	ssize_t n = listxattr(path, buf, sizeof(buf));

	must(n >= 0);
	for (char *at = buf; at < buf + n; at += strlen(at) + 1)
		if (!strcmp(at, name))
			return true;
	return false;
}

/* Runs the statement in a child, whose must() is the test's. */
#define IN_CHILD(...) do {						\
	pid_t child_ = proc_fork_bound(0);				\
									\
	if (!child_) {							\
		__VA_ARGS__						\
		_exit(0);						\
	}								\
	EXPECT_EQ(0, proc_end(child_));					\
} while (0)

/* What is done to an attribute in turn (@value NULL: removed), and what is then @seen. */
static const struct {
	const char *value;
	int flags, expected;
	const char *seen;
} steps[] = {
	{ "one", XATTR_REPLACE, -ENODATA, NULL },
	{ "one", XATTR_CREATE, 0, "one" },
	{ "two", XATTR_CREATE, -EEXIST, "one" },
	{ "number two", XATTR_REPLACE, 0, "number two" },
	{ "three", 0, 0, "three" },
	{ NULL, 0, 0, NULL },
	{ NULL, 0, -ENODATA, NULL },
};

TEST_F(core, folders_and_files_have_attributes)
{
	static const char * const files[] = { ".", "cgroup.procs", "pids.max" };
	char path[PATH_MAX], other[PATH_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(files) * ARRAY_SIZE(names) * ARRAY_SIZE(steps); i++) {
		const char *name = names[i / ARRAY_SIZE(steps) % ARRAY_SIZE(names)];
		const char *file = files[i / ARRAY_SIZE(steps) / ARRAY_SIZE(names)];
		int step = i % ARRAY_SIZE(steps);
		const char *seen = steps[step].seen;

		cg_path(path, self->a, file);
		cg_path(other, self->b, file);
		EXPECT_EQ(steps[step].expected, steps[step].value ?
			  attr_set(path, name, steps[step].value, steps[step].flags) :
			  attr_remove(path, name)) {
			TH_LOG("%s of %s, step %d", name, file, step);
		}
		EXPECT_EQ(seen ? 0 : -ENODATA, attr_differs(path, name, seen ?: "")) {
			TH_LOG("%s of %s, step %d", name, file, step);
		}
		EXPECT_EQ(!!seen, attr_listed(path, name)) {
			TH_LOG("%s of %s, step %d", name, file, step);
		}
		EXPECT_EQ(-ENODATA, attr_differs(other, name, ""));
	}
	/* There are no other kinds. */
	EXPECT_EQ(-EOPNOTSUPP, attr_set(self->a, "other.x", "one", 0));
	EXPECT_EQ(-EOPNOTSUPP, attr_set(self->a, "system.x", "one", 0));
}

TEST_F(core, attributes_go_with_what_has_them)
{
	char path[PATH_MAX];

	cg_path(path, self->b, "pids.max");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		ASSERT_EQ(0, attr_set(self->b, names[i], "one", 0));
		ASSERT_EQ(0, attr_set(path, names[i], "one", 0));
	}
	/* With a controller go its files alone. */
	ASSERT_EQ(0, cg_write(self->top, "cgroup.subtree_control", "-pids"));
	ASSERT_EQ(0, cg_write(self->top, "cgroup.subtree_control", "+pids"));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		EXPECT_EQ(-ENODATA, attr_differs(path, names[i], "one"));
		EXPECT_EQ(0, attr_differs(self->b, names[i], "one"));
	}
	ASSERT_EQ(0, cg_remove(self->b));
	ASSERT_EQ(0, cg_create(self->b));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		EXPECT_EQ(-ENODATA, attr_differs(self->b, names[i], "one"));
}

TEST_F(core, without_privilege_attributes_are_read_at_most)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		ASSERT_EQ(0, attr_set(self->a, names[i], "one", 0));
	IN_CHILD({
		proc_become_nobody();
		must(attr_set(self->a, "trusted.x", "two", 0) == -EPERM);
		must(attr_set(self->a, "security.x", "two", 0) == -EPERM);
		must(attr_set(self->a, "user.x", "two", 0) == -EACCES);
		must(attr_remove(self->a, "trusted.x") == -EPERM);
		must(attr_remove(self->a, "security.x") == -EPERM);
		must(attr_remove(self->a, "user.x") == -EACCES);
		/* Of the trusted ones it does not even learn that there are any. */
		must(attr_differs(self->a, "trusted.x", "one") == -ENODATA);
		must(!attr_differs(self->a, "security.x", "one"));
		must(!attr_differs(self->a, "user.x", "one"));
		must(!attr_listed(self->a, "trusted.x"));
		must(attr_listed(self->a, "security.x"));
		must(attr_listed(self->a, "user.x"));
	});
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		EXPECT_EQ(0, attr_differs(self->a, names[i], "one"));
}

/* Capabilities there are none here; but it is still the owner of the files. */
TEST_F(core, root_of_a_user_namespace_sets_the_users_attributes_only)
{
	ASSERT_EQ(0, attr_set(self->a, "trusted.x", "one", 0));
	ASSERT_EQ(0, attr_set(self->a, "security.x", "one", 0));
	IN_CHILD({
		must(!ns_become_user_root());
		must(attr_set(self->a, "trusted.x", "two", 0) == -EPERM);
		must(attr_set(self->a, "security.x", "two", 0) == -EPERM);
		must(attr_set(self->a, "trusted.y", "two", 0) == -EPERM);
		must(attr_set(self->a, "security.y", "two", 0) == -EPERM);
		must(attr_differs(self->a, "trusted.x", "one") == -ENODATA);
		must(!attr_set(self->a, "user.x", "two", 0));
	});
	EXPECT_EQ(0, attr_differs(self->a, "trusted.x", "one"));
	EXPECT_EQ(0, attr_differs(self->a, "security.x", "one"));
	EXPECT_EQ(0, attr_differs(self->a, "user.x", "two"));
}

TEST_F(core, a_delegatee_marks_what_is_its_own)
{
	char path[PATH_MAX];

	ASSERT_EQ(0, chown(self->a, 65534, 65534));
	ASSERT_EQ(0, chown(cg_path(path, self->a, "cgroup.procs"), 65534, 65534));
	IN_CHILD({
		proc_become_nobody();
		must(!attr_set(self->a, "user.x", "one", 0));
		must(!attr_set(path, "user.x", "one", 0));
		must(attr_set(cg_path(path, self->a, "pids.max"), "user.x", "one", 0) == -EACCES);
		must(attr_set(self->b, "user.x", "one", 0) == -EACCES);
		must(attr_set(self->a, "trusted.x", "one", 0) == -EPERM);
	});
	EXPECT_EQ(0, attr_differs(self->a, "user.x", "one"));
}

static const char *numbered(const char *kind, int n)
{
	static char name[32];

	snprintf(name, sizeof(name), "%s.n%d", kind, n);
	return name;
}

TEST_F(core, users_have_so_many_attributes_and_no_more)
{
	for (int i = 0; i < MOST_USER_ATTRIBUTES; i++)
		ASSERT_EQ(0, attr_set(self->a, numbered("user", i), "one", 0));
	EXPECT_EQ(-ENOSPC, attr_set(self->a, "user.one_more", "one", 0));
	EXPECT_EQ(-ENODATA, attr_differs(self->a, "user.one_more", "one"));
	/* One less, one more, and another folder has its own. */
	EXPECT_EQ(0, attr_remove(self->a, numbered("user", 7)));
	EXPECT_EQ(0, attr_set(self->a, "user.one_more", "one", 0));
	EXPECT_EQ(-ENOSPC, attr_set(self->a, numbered("user", 7), "one", 0));
	EXPECT_EQ(0, attr_set(self->b, numbered("user", 7), "one", 0));
	/* What takes a privilege is not counted. */
	EXPECT_EQ(0, attr_set(self->a, "trusted.x", "one", 0));
	EXPECT_EQ(0, attr_set(self->a, "security.x", "one", 0));
}

TEST_F(core, users_attributes_have_so_many_bytes_and_no_more)
{
	static const char bytes[XATTR_SIZE_MAX];
	const int most = MOST_USER_BYTES / XATTR_SIZE_MAX;

	for (int i = 0; i < most; i++)
		ASSERT_EQ(0, setxattr(self->a, numbered("user", i), bytes, sizeof(bytes), 0));
	EXPECT_EQ(-ENOSPC, attr_set(self->a, "user.one_more", "x", 0));
	/* One without a value has no bytes. */
	EXPECT_EQ(0, attr_set(self->a, "user.empty", "", 0));
	EXPECT_EQ(0, attr_set(self->b, "user.one_more", "x", 0));
	EXPECT_EQ(0, attr_remove(self->a, numbered("user", 0)));
	EXPECT_EQ(0, attr_set(self->a, "user.one_more", "x", 0));
	EXPECT_EQ(-ENOSPC, setxattr(self->a, numbered("user", 0), bytes, sizeof(bytes), 0) ?
			   -errno : 0);
}

TEST_F(core, each_version_has_its_file_systems_number)
{
	struct statfs fs;

	ASSERT_EQ(0, statfs(self->root, &fs));
	EXPECT_EQ(0x63677270, fs.f_type);
	ASSERT_EQ(0, statfs(self->a, &fs));
	EXPECT_EQ(0x63677270, fs.f_type);
	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	ASSERT_EQ(0, mount("none", "/mnt", "cgroup2", 0, NULL));
	ASSERT_EQ(0, statfs("/mnt/cgroup.procs", &fs));
	EXPECT_EQ(0x63677270, fs.f_type);
	ASSERT_EQ(0, umount("/mnt"));
	if (mount("none", "/mnt", "cgroup", 0, "none,name=core"))
		SKIP(return, "no cgroup v1 (%s)", strerror(errno));
	ASSERT_EQ(0, statfs("/mnt", &fs));
	EXPECT_EQ(0x27e0eb, fs.f_type);
	EXPECT_EQ(0, umount("/mnt"));
}

TEST_HARNESS_MAIN

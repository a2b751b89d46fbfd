// SPDX-License-Identifier: GPL-2.0
/*
 * Idmapped mounts: a mount that shows the ids of its file system, and stores
 * those of its users, through the mapping of a user namespace; who may make
 * one, of what, and when.
 *
 * Promises from Documentation/filesystems/idmappings.rst and mount_setattr(2),
 * "ID-mapped mounts".
 */
#include "kselftest_harness.h"
#include <sys/xattr.h>
#include "disk.h"
#include "mnt.h"

#define SRC	MNT_AREA "/src"
#define MAP	MNT_AREA "/map"
#define WHOLE	MNT_AREA "/disk"

/* The ids 0 to 9 of the file system are 10000 to 10009 on the mount. */
#define FIRST	10000
#define IDS	10
#define NOBODY	65534

#define POSIX_ACL_VERSION	2

/* A tree at SRC, and a mapped mount of it at MAP. */
FIXTURE(idmap)
{
};

FIXTURE_VARIANT(idmap)
{
	bool disk;
};

FIXTURE_VARIANT_ADD(idmap, tmpfs) { };
FIXTURE_VARIANT_ADD(idmap, ext4) { .disk = true };

static int idmap(int tree, int userns)
{
	struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_IDMAP,
		.userns_fd = userns,
	};

	return mnt_setattr(tree, "", AT_EMPTY_PATH, &attr);
}

/* A file @name in SRC of owner and group @id as the file system has it. */
static void owned(const char *name, uid_t id, mode_t mode)
{
	char path[128];

	snprintf(path, sizeof(path), SRC "/%s", name);
	mnt_put(path, "text");
	must(!chown(path, id, id));
	must(!chmod(path, mode));
}

static bool mount_disk(void)
{
	char own[64];

	mnt_dir(WHOLE);
	if (!disk_is_there() || !disk_is_free(PROC_HANG_MS) ||
	    mount(DISK, WHOLE, "ext4", 0, NULL))
		return false;
	snprintf(own, sizeof(own), WHOLE "/%d", getpid());
	mnt_dir(own);
	must(!mnt_bind(own, SRC));
	return true;
}

FIXTURE_SETUP(idmap)
{
	int userns, tree;

	umask(0);
	mnt_area();
	mnt_dir(SRC);
	mnt_dir(MAP);
	if (!variant->disk)
		must(!mnt_tmpfs(SRC));
	else if (!mount_disk())
		SKIP(return, "no disk with an ext4");
	must(!chmod(SRC, 0777));
	owned("zero", 0, 0600);
	owned("five", 5, 0640);
	owned("far", 20, 0666);
	userns = mnt_userns(0, FIRST, IDS);
	ASSERT_GE(userns, 0);
	tree = mnt_clone(SRC);
	ASSERT_GE(tree, 0);
	ASSERT_EQ(0, idmap(tree, userns));
	ASSERT_EQ(0, mnt_attach(tree, MAP));
	/* Nobody lives in that user namespace, or has it open, any more. */
	close(userns);
	close(tree);
}

FIXTURE_TEARDOWN(idmap)
{
}

static long owner(const char *path)
{
	struct stat st;

	return lstat(path, &st) ? -errno : (long)st.st_uid;
}

static long group(const char *path)
{
	struct stat st;

	return lstat(path, &st) ? -errno : (long)st.st_gid;
}

/* A child with this user and group and, of root's powers, none. */
static pid_t child_as(uid_t id)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid)
		must(!setresgid(id, id, id) && !setresuid(id, id, id));
	return pid;
}

static int try_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0644);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

TEST_F(idmap, ownership_is_shown_through_the_mapping)
{
	EXPECT_EQ(FIRST, owner(MAP "/zero"));
	EXPECT_EQ(FIRST + 5, owner(MAP "/five"));
	EXPECT_EQ(FIRST + 5, group(MAP "/five"));
	EXPECT_EQ(0, owner(SRC "/zero"));
	EXPECT_EQ(5, group(SRC "/five"));
}

TEST_F(idmap, an_id_outside_the_mapping_is_the_overflow_id)
{
	EXPECT_EQ(NOBODY, owner(MAP "/far"));
	EXPECT_EQ(NOBODY, group(MAP "/far"));
	EXPECT_EQ(20, owner(SRC "/far"));
}

TEST_F(idmap, what_is_created_is_stored_through_the_mapping)
{
	pid_t pid = child_as(FIRST + 3);

	if (!pid) {
		must(!try_open(MAP "/file", O_WRONLY | O_CREAT | O_EXCL));
		must(!mkdir(MAP "/dir", 0755));
		must(!symlink("x", MAP "/link"));
		must(!mkfifo(MAP "/fifo", 0600));
		must(owner(MAP "/file") == FIRST + 3);
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(pid));
	EXPECT_EQ(3, owner(SRC "/file"));
	EXPECT_EQ(3, group(SRC "/file"));
	EXPECT_EQ(3, owner(SRC "/dir"));
	EXPECT_EQ(3, owner(SRC "/link"));
	EXPECT_EQ(3, owner(SRC "/fifo"));
}

/* Root is not in the mapping either: what it made could not be stored. */
TEST_F(idmap, nobody_creates_with_an_id_outside_the_mapping)
{
	pid_t pid;

	EXPECT_EQ(-EOVERFLOW, try_open(MAP "/file", O_WRONLY | O_CREAT));
	EXPECT_EQ(-EOVERFLOW, mnt_error(mkdir(MAP "/dir", 0755)));
	EXPECT_EQ(-EOVERFLOW, mnt_error(symlink("x", MAP "/link")));
	EXPECT_EQ(-EOVERFLOW, mnt_error(mkfifo(MAP "/fifo", 0600)));
	pid = child_as(FIRST + IDS);
	if (!pid) {
		must(try_open(MAP "/file", O_WRONLY | O_CREAT) == -EOVERFLOW);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	pid = child_as(FIRST + IDS - 1);
	if (!pid) {
		must(!try_open(MAP "/last", O_WRONLY | O_CREAT));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_FALSE(mnt_exists(SRC "/file"));
	EXPECT_EQ(IDS - 1, owner(SRC "/last"));
}

TEST_F(idmap, chown_goes_through_the_mapping)
{
	ASSERT_EQ(0, mnt_error(chown(MAP "/zero", FIRST + 7, FIRST + 8)));
	EXPECT_EQ(FIRST + 7, owner(MAP "/zero"));
	EXPECT_EQ(7, owner(SRC "/zero"));
	EXPECT_EQ(8, group(SRC "/zero"));
	EXPECT_EQ(-EOVERFLOW, mnt_error(chown(MAP "/zero", 0, 0)));
	EXPECT_EQ(-EOVERFLOW, mnt_error(chown(MAP "/zero", FIRST + IDS, -1)));
	EXPECT_EQ(7, owner(SRC "/zero"));
	ASSERT_EQ(0, mnt_error(chown(SRC "/zero", 2, 2)));
	EXPECT_EQ(FIRST + 2, owner(MAP "/zero"));
}

TEST_F(idmap, permission_is_that_of_the_mapped_owner)
{
	pid_t pid = child_as(FIRST + 5);

	if (!pid) {
		must(!try_open(MAP "/five", O_RDWR));
		must(try_open(MAP "/zero", O_RDONLY) == -EACCES);
		must(!chmod(MAP "/five", 0600));
		/* On the mount that is not mapped, it is somebody else's. */
		must(try_open(SRC "/five", O_RDONLY) == -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	pid = child_as(5);
	if (!pid) {
		must(!try_open(SRC "/five", O_RDWR));
		must(try_open(MAP "/five", O_RDONLY) == -EACCES);
		must(mnt_error(chmod(MAP "/five", 0666)) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* Everybody may write to "far", says its mode; its owner cannot be told. */
TEST_F(idmap, a_file_of_an_unmapped_owner_is_read_only)
{
	EXPECT_EQ(0, try_open(MAP "/far", O_RDONLY));
	EXPECT_EQ(-EACCES, try_open(MAP "/far", O_WRONLY));
	EXPECT_EQ(-EOVERFLOW, mnt_error(chmod(MAP "/far", 0600)));
	EXPECT_EQ(-EOVERFLOW, mnt_error(link(MAP "/far", MAP "/near")));
	EXPECT_EQ(0, try_open(SRC "/far", O_WRONLY));
}

TEST_F(idmap, the_group_of_a_setgid_folder_is_inherited_as_it_is)
{
	pid_t pid;

	mnt_dir(SRC "/dir");
	must(!chown(SRC "/dir", 0, 4) && !chmod(SRC "/dir", 02777));
	pid = child_as(FIRST + 1);
	if (!pid) {
		must(!try_open(MAP "/dir/file", O_WRONLY | O_CREAT));
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(pid));
	EXPECT_EQ(1, owner(SRC "/dir/file"));
	EXPECT_EQ(4, group(SRC "/dir/file"));
	EXPECT_EQ(FIRST + 4, group(MAP "/dir/file"));
}

TEST_F(idmap, a_program_is_set_user_id_to_the_mapped_owner)
{
	pid_t pid;

	mnt_copy_self(SRC "/prog", 0755);
	must(!chown(SRC "/prog", 6, 6) && !chmod(SRC "/prog", 04755));
	mnt_copy_self(SRC "/foreign", 0755);
	must(!chown(SRC "/foreign", 30, 30) && !chmod(SRC "/foreign", 04755));
	pid = child_as(1000);
	if (!pid) {
		must(mnt_run(MAP "/prog", "--euid-10006") == 0);
		must(mnt_run(SRC "/prog", "--euid-6") == 0);
		/* Nobody that it could become. */
		must(mnt_run(MAP "/foreign", "--euid-1000") == 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

struct acl {
	uint32_t version;
	struct {
		uint16_t tag, perm;
		uint32_t id;
	} entry[5];
};

/* Owner and group and others as rw-r-----, and r-- for user @id. */
static struct acl acl_for(uint32_t id)
{
	return (struct acl){ POSIX_ACL_VERSION, {
		{ 0x01, 6, -1 }, { 0x02, 4, id }, { 0x04, 4, -1 },
		{ 0x10, 4, -1 }, { 0x20, 0, -1 },
	} };
}

TEST_F(idmap, an_access_control_list_goes_through_the_mapping)
{
	struct acl acl = acl_for(FIRST + 4), seen;
	pid_t pid;

	ASSERT_EQ(0, setxattr(MAP "/zero", "system.posix_acl_access", &acl,
			      sizeof(acl), 0));
	ASSERT_EQ((ssize_t)sizeof(seen),
		  getxattr(SRC "/zero", "system.posix_acl_access", &seen,
			   sizeof(seen)));
	EXPECT_EQ(4, seen.entry[1].id);
	ASSERT_EQ((ssize_t)sizeof(seen),
		  getxattr(MAP "/zero", "system.posix_acl_access", &seen,
			   sizeof(seen)));
	EXPECT_EQ(FIRST + 4, seen.entry[1].id);
	pid = child_as(FIRST + 4);
	if (!pid) {
		must(!try_open(MAP "/zero", O_RDONLY));
		must(try_open(SRC "/zero", O_RDONLY) == -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	pid = child_as(4);
	if (!pid) {
		must(!try_open(SRC "/zero", O_RDONLY));
		must(try_open(MAP "/zero", O_RDONLY) == -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(idmap, a_container_sees_its_own_ids)
{
	int userns = mnt_userns(0, FIRST, IDS);
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		mnt_become_root_of(userns);
		must(owner(MAP "/zero") == 0);
		must(owner(MAP "/five") == 5);
		must(owner(MAP "/far") == NOBODY);
		/* The same files where they are not mapped are nobody's. */
		must(owner(SRC "/zero") == NOBODY);
		must(!try_open(MAP "/zero", O_RDWR));
		must(!try_open(MAP "/new", O_WRONLY | O_CREAT));
		must(!chown(MAP "/new", 9, 9));
		must(chown(MAP "/new", 10, 10) == -1 && errno == EINVAL);
		must(try_open(SRC "/zero", O_RDONLY) == -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(9, owner(SRC "/new"));
}

TEST_F(idmap, a_bind_is_mapped_like_its_source)
{
	mnt_dir(MNT_AREA "/two");
	ASSERT_EQ(0, mnt_bind(MAP, MNT_AREA "/two"));
	EXPECT_EQ(FIRST + 5, owner(MNT_AREA "/two/five"));
	ASSERT_EQ(0, mnt_off(MAP, 0));
	EXPECT_EQ(FIRST + 5, owner(MNT_AREA "/two/five"));
}

TEST_F(idmap, mountinfo_says_so)
{
	struct mnt_info m;

	ASSERT_EQ(0, mnt_info(MAP, &m));
	EXPECT_TRUE(mnt_opt(m.opts, "idmapped"));
	ASSERT_EQ(0, mnt_info(SRC, &m));
	EXPECT_FALSE(mnt_opt(m.opts, "idmapped"));
}

TEST_F(idmap, it_is_done_once)
{
	int userns = mnt_userns(0, FIRST + 100, IDS);
	int tree = mnt_clone(MAP);

	ASSERT_GE(tree, 0);
	EXPECT_EQ(-EPERM, idmap(tree, userns));
	ASSERT_EQ(0, mnt_off(MAP, 0));
	ASSERT_EQ(0, mnt_attach(tree, MAP));
	EXPECT_EQ(FIRST + 5, owner(MAP "/five"));
}

/* Who may map what: a tree at SRC that is not mapped. */
FIXTURE(make)
{
	int userns;
};

FIXTURE_SETUP(make)
{
	mnt_area();
	mnt_dir(SRC);
	mnt_dir(MAP);
	must(!mnt_tmpfs(SRC));
	owned("five", 5, 0644);
	self->userns = mnt_userns(0, FIRST, IDS);
	ASSERT_GE(self->userns, 0);
}

FIXTURE_TEARDOWN(make)
{
}

TEST_F(make, a_mount_that_was_visible_is_refused)
{
	struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_IDMAP,
		.userns_fd = self->userns,
	};

	EXPECT_EQ(-EINVAL, mnt_setattr(AT_FDCWD, SRC, 0, &attr));
	EXPECT_EQ(5, owner(SRC "/five"));
}

TEST_F(make, the_initial_user_namespace_is_refused)
{
	int tree = mnt_clone(SRC), own = ns_open(0, "user");

	ASSERT_GE(tree, 0);
	EXPECT_EQ(-EPERM, idmap(tree, own));
}

TEST_F(make, a_user_namespace_without_a_mapping_is_refused)
{
	struct baton ready = baton_make();
	int tree = mnt_clone(SRC);
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!unshare(CLONE_NEWUSER));
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	EXPECT_EQ(-EINVAL, idmap(tree, ns_open(pid, "user")));
	proc_kill(pid);
}

TEST_F(make, what_is_no_user_namespace_is_refused)
{
	int tree = mnt_clone(SRC);
	struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_IDMAP,
		.userns_fd = 1ULL << 32 | self->userns,
	};

	EXPECT_EQ(-EINVAL, idmap(tree, ns_open(0, "mnt")));
	EXPECT_EQ(-EINVAL, idmap(tree, open("/dev/null", O_RDONLY)));
	EXPECT_EQ(-EBADF, idmap(tree, 999));
	EXPECT_EQ(-EINVAL, mnt_setattr(tree, "", AT_EMPTY_PATH, &attr));
	EXPECT_EQ(0, idmap(tree, self->userns));
}

TEST_F(make, it_is_not_taken_off)
{
	int tree = mnt_clone(SRC);
	struct mount_attr attr = {
		.attr_clr = MOUNT_ATTR_IDMAP,
		.userns_fd = self->userns,
	};

	ASSERT_EQ(0, idmap(tree, self->userns));
	EXPECT_EQ(-EINVAL, mnt_setattr(tree, "", AT_EMPTY_PATH, &attr));
	ASSERT_EQ(0, mnt_attach(tree, MAP));
	EXPECT_EQ(FIRST + 5, owner(MAP "/five"));
}

TEST_F(make, a_file_system_that_does_not_support_it_is_refused)
{
	int proc = mnt_new("proc", 0), sysfs = mnt_new("sysfs", 0);

	ASSERT_GE(proc, 0);
	ASSERT_GE(sysfs, 0);
	EXPECT_EQ(-EINVAL, idmap(proc, self->userns));
	EXPECT_EQ(-EINVAL, idmap(sysfs, self->userns));
}

TEST_F(make, all_of_a_tree_or_nothing)
{
	struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_IDMAP,
		.userns_fd = self->userns,
	};
	int tree;

	mnt_dir(SRC "/low");
	must(!mnt_mount("proc", SRC "/low", 0, NULL));
	tree = mnt_open_tree(AT_FDCWD, SRC, OPEN_TREE_CLONE | AT_RECURSIVE);
	ASSERT_GE(tree, 0);
	EXPECT_EQ(-EINVAL, mnt_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE,
				       &attr));
	ASSERT_EQ(0, mnt_attach(tree, MAP));
	EXPECT_EQ(5, owner(MAP "/five"));
	/* Without the part that cannot be. */
	must(!mnt_off(SRC "/low", 0));
	must(!mnt_tmpfs(SRC "/low"));
	must(!mnt_off(MAP, MNT_DETACH));
	tree = mnt_open_tree(AT_FDCWD, SRC, OPEN_TREE_CLONE | AT_RECURSIVE);
	ASSERT_EQ(0, mnt_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE,
				 &attr));
	ASSERT_EQ(0, mnt_attach(tree, MAP));
	EXPECT_EQ(FIRST, owner(MAP "/low"));
}

TEST_F(make, a_writer_on_the_mount_keeps_it_from_being_mapped)
{
	int tree = mnt_clone(SRC), fd;

	fd = openat(tree, "five", O_WRONLY | O_CLOEXEC);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(-EBUSY, idmap(tree, self->userns));
	close(fd);
	EXPECT_EQ(0, idmap(tree, self->userns));
}

/* A tmpfs belongs to whoever mounted it; its ids are those of that namespace. */
TEST_F(make, root_of_a_user_namespace_maps_its_own_file_system)
{
	int userns = mnt_userns(0, 20000, 1000);
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		int inner, tree;

		mnt_become_root_of(userns);
		must(!unshare(CLONE_NEWNS));
		must(!mnt_tmpfs(SRC));
		owned("five", 5, 0644);
		inner = mnt_userns(0, 100, IDS);
		must(inner >= 0);
		tree = mnt_clone(SRC);
		must(!idmap(tree, inner));
		must(!mnt_attach(tree, MAP));
		must(owner(MAP "/five") == 105);
		/* Through the mapping of the file system itself: no use. */
		tree = mnt_clone(SRC);
		must(idmap(tree, ns_open(0, "user")) == -EINVAL);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(make, root_of_a_user_namespace_does_not_map_what_is_not_its_own)
{
	int userns = mnt_userns(0, 20000, 1000);
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		int tree;

		mnt_become_root_of(userns);
		must(!unshare(CLONE_NEWNS));
		tree = mnt_clone(SRC);
		must(tree >= 0);
		must(idmap(tree, mnt_userns(0, 100, IDS)) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(make, a_user_namespace_out_of_control_is_refused)
{
	int userns = mnt_userns(0, 20000, 1000), other = self->userns;
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		int tree;

		mnt_become_root_of(userns);
		must(!unshare(CLONE_NEWNS));
		must(!mnt_tmpfs(SRC));
		tree = mnt_clone(SRC);
		/* Our file system, but a sibling's mapping. */
		must(idmap(tree, other) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

static int tree_attr(const char *path, uint64_t set, uint64_t clr, int userns)
{
	struct mount_attr attr = {
		.attr_set = set, .attr_clr = clr, .userns_fd = userns,
	};

	return mnt_error(syscall(SYS_open_tree_attr, AT_FDCWD, path,
				 OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC, &attr,
				 sizeof(attr)));
}

/* A copy that nobody has seen yet may have another mapping, or none. */
TEST_F(make, open_tree_attr_replaces_a_mapping)
{
	int tree = tree_attr(SRC, MOUNT_ATTR_IDMAP, 0, self->userns), other;

	if (tree == -ENOSYS)
		SKIP(return, "no open_tree_attr(2)");
	ASSERT_GE(tree, 0);
	ASSERT_EQ(0, mnt_attach(tree, MAP));
	EXPECT_EQ(FIRST + 5, owner(MAP "/five"));
	other = mnt_userns(0, 30000, IDS);
	mnt_dir(MNT_AREA "/two");
	tree = tree_attr(MAP, MOUNT_ATTR_IDMAP, MOUNT_ATTR_IDMAP, other);
	ASSERT_GE(tree, 0);
	ASSERT_EQ(0, mnt_attach(tree, MNT_AREA "/two"));
	EXPECT_EQ(30005, owner(MNT_AREA "/two/five"));
	EXPECT_EQ(FIRST + 5, owner(MAP "/five"));
	mnt_dir(MNT_AREA "/three");
	tree = tree_attr(MAP, 0, MOUNT_ATTR_IDMAP, 0);
	ASSERT_GE(tree, 0);
	ASSERT_EQ(0, mnt_attach(tree, MNT_AREA "/three"));
	EXPECT_EQ(5, owner(MNT_AREA "/three/five"));
}

int main(int argc, char **argv)
{
	unsigned int euid;

	if (argc == 2 && sscanf(argv[1], "--euid-%u", &euid) == 1)
		return geteuid() != euid;
	/* One file system for all tests, each with a folder of its own. */
	disk_make();
	return test_harness_run(argc, argv);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * What a devices list stops: open, mknod, access, mount, by kind of device and
 * access; for whom, from when on, and together with a cgroup v2 program.
 *
 * Promises from admin-guide/cgroup-v1/devices.rst.
 */
#include "devices_v1.h"
#include <pthread.h>
#include "devprog.h"
#include "ns.h"

/* All sets of accesses, as what is allowed, and as what is denied. */
FIXTURE(access_v1)
{
	char root[256], top[512];
};

FIXTURE_VARIANT(access_v1)
{
	const char *set;
};

#define SET(name) \
	FIXTURE_VARIANT_ADD(access_v1, name) { .set = #name }
SET(r);
SET(w);
SET(m);
SET(rw);
SET(rm);
SET(wm);
SET(rwm);

FIXTURE_SETUP(access_v1)
{
	if (cg_mount_point("devices", self->root, sizeof(self->root)))
		SKIP(return, "no cgroup v1 hierarchy with the devices controller");
	snprintf(self->top, sizeof(self->top), "%s/access.%d", self->root,
		 getpid());
	ASSERT_EQ(0, cg_create(self->top));
	make_node("null", DEV_NULL);
}

FIXTURE_TEARDOWN_PARENT(access_v1)
{
	if (self->top[0])
		cg_remove(self->top);
}

static void expect_access(struct __test_metadata *_metadata, const char *cg,
			  bool r, bool w, bool m)
{
	EXPECT_EQ(r ? 0 : -EPERM, dev_open_in(cg, "null", O_RDONLY));
	EXPECT_EQ(w ? 0 : -EPERM, dev_open_in(cg, "null", O_WRONLY));
	EXPECT_EQ(r && w ? 0 : -EPERM, dev_open_in(cg, "null", O_RDWR));
	EXPECT_EQ(m ? 0 : -EPERM, dev_mknod_in(cg, DEV_NULL));
	EXPECT_EQ(r ? 0 : -EPERM, dev_access_in(cg, "null", R_OK));
	EXPECT_EQ(w ? 0 : -EPERM, dev_access_in(cg, "null", W_OK));
}

TEST_F(access_v1, is_allowed_one_by_one)
{
	char entry[32];

	snprintf(entry, sizeof(entry), "c 1:3 %s", variant->set);
	ASSERT_EQ(0, DENY(self->top, "a"));
	ASSERT_EQ(0, ALLOW(self->top, entry));
	expect_access(_metadata, self->top, strchr(variant->set, 'r'),
		      strchr(variant->set, 'w'), strchr(variant->set, 'm'));
}

TEST_F(access_v1, is_denied_one_by_one)
{
	char entry[32];

	snprintf(entry, sizeof(entry), "c 1:3 %s", variant->set);
	ASSERT_EQ(0, DENY(self->top, entry));
	expect_access(_metadata, self->top, !strchr(variant->set, 'r'),
		      !strchr(variant->set, 'w'), !strchr(variant->set, 'm'));
}

TEST_F(devices_v1, nothing_allowed_is_everything_denied)
{
	ASSERT_EQ(0, DENY(self->top, "a"));
	EXPECT_EQ(-EPERM, NULL_IN(self->top));
	EXPECT_EQ(-EPERM, dev_open_in(self->top, DISK, O_RDONLY));
	EXPECT_EQ(-EPERM, dev_mknod_in(self->top, DEV_NULL));
	EXPECT_EQ(-EPERM, dev_mknod_in(self->top, dev_of(DISK)));
	ASSERT_EQ(0, ALLOW(self->top, "a"));
	EXPECT_EQ(0, NULL_IN(self->top));
	EXPECT_EQ(0, dev_open_in(self->top, DISK, O_RDONLY));
	EXPECT_EQ(0, dev_mknod_in(self->top, dev_of(DISK)));
}

TEST_F(devices_v1, types_are_told_apart)
{
	struct device disk = dev_of(DISK), same = disk;
	char entry[64];

	same.type = 'c';
	snprintf(entry, sizeof(entry), "b %u:%u rwm", disk.major, disk.minor);
	ASSERT_EQ(0, DENY(self->top, entry));
	EXPECT_EQ(-EPERM, dev_open_in(self->top, DISK, O_RDONLY));
	EXPECT_EQ(-EPERM, dev_mknod_in(self->top, disk));
	EXPECT_EQ(0, dev_mknod_in(self->top, same));
}

TEST_F(devices_v1, wildcards_stand_for_all_numbers)
{
	ASSERT_EQ(0, DENY(self->top, "a"));
	ASSERT_EQ(0, ALLOW(self->top, "c 1:* r"));
	EXPECT_EQ(0, NULL_IN(self->top));
	EXPECT_EQ(0, ZERO_IN(self->top));
	EXPECT_EQ(-EPERM, dev_open_in(self->top, "/dev/ptmx", O_RDONLY));
	ASSERT_EQ(0, DENY(self->top, "c 1:* r"));
	ASSERT_EQ(0, ALLOW(self->top, "c *:5 m"));
	EXPECT_EQ(0, dev_mknod_in(self->top, DEV_ZERO));
	EXPECT_EQ(0, dev_mknod_in(self->top, (struct device){ 'c', 77, 5 }));
	EXPECT_EQ(-EPERM, dev_mknod_in(self->top, DEV_NULL));
	ASSERT_EQ(0, ALLOW(self->top, "b *:* r"));
	EXPECT_EQ(0, dev_open_in(self->top, DISK, O_RDONLY));
	EXPECT_EQ(-EPERM, NULL_IN(self->top));
}

/* Two entries do not add up: each access set is one entry's. */
TEST_F(devices_v1, reading_and_writing_at_once_needs_one_entry_for_both)
{
	ASSERT_EQ(0, DENY(self->top, "a"));
	ASSERT_EQ(0, ALLOW(self->top, "c 1:3 r"));
	ASSERT_EQ(0, ALLOW(self->top, "c 1:* w"));
	EXPECT_EQ(0, NULL_IN(self->top));
	EXPECT_EQ(0, dev_open_in(self->top, "null", O_WRONLY));
	EXPECT_EQ(-EPERM, dev_open_in(self->top, "null", O_RDWR));
	ASSERT_EQ(0, ALLOW(self->top, "c 1:3 w"));
	EXPECT_EQ(0, dev_open_in(self->top, "null", O_RDWR));
}

TEST_F(devices_v1, an_open_file_is_not_taken_away)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		int fd = open("zero", O_RDWR);
		char c = 1, path[64];

		must(fd >= 0);
		must(!cg_enter(self->top, 0));
		must(!DENY(self->top, "a"));
		must(read(fd, &c, 1) == 1 && !c);
		must(write(fd, &c, 1) == 1);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		must(open(path, O_RDONLY) == -1 && errno == EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(devices_v1, what_is_no_device_is_not_concerned)
{
	struct device whiteout = { 'c', 0, 0 };
	pid_t pid;

	ASSERT_EQ(0, DENY(self->top, "a"));
	pid = proc_fork_bound(0);
	if (!pid) {
		int fds[2];

		must(!cg_enter(self->top, 0));
		must(open("file", O_RDWR | O_CREAT, 0600) >= 0);
		must(open(".", O_RDONLY | O_DIRECTORY) >= 0);
		must(!pipe(fds));
		unlink("fifo");
		must(!mknod("fifo", S_IFIFO | 0600, 0));
		must(open("null", O_PATH) >= 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, dev_mknod_in(self->top, whiteout));
}

TEST_F(devices_v1, a_process_has_the_list_of_where_it_is)
{
	pid_t pid;

	ASSERT_EQ(0, cg_create(self->a));
	ASSERT_EQ(0, DENY(self->a, "a"));
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!cg_enter(self->a, 0));
		must(open("null", O_RDONLY) == -1 && errno == EPERM);
		/* So has its child. */
		pid = proc_fork(0);
		if (!pid)
			_exit(open("null", O_RDONLY) == -1 && errno == EPERM ? 0 : 1);
		must(proc_end(pid) == 0);
		must(!cg_enter(self->top, 0));
		must(open("null", O_RDONLY) >= 0);
		/* A change binds who is there. */
		must(!DENY(self->top, "c 1:3 r"));
		must(open("null", O_RDONLY) == -1 && errno == EPERM);
		must(!ALLOW(self->top, "c 1:3 r"));
		must(open("null", O_RDONLY) >= 0);
		must(!cg_enter(self->root, 0));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

static void *thread_is_denied(void *cg)
{
	must(!cg_write(cg, "tasks", "0"));
	must(open("null", O_RDONLY) == -1 && errno == EPERM);
	return NULL;
}

TEST_F(devices_v1, a_single_thread_has_the_list_of_where_it_is)
{
	pid_t pid;

	ASSERT_EQ(0, DENY(self->top, "c 1:3 rwm"));
	pid = proc_fork_bound(0);
	if (!pid) {
		pthread_t thread;

		must(!pthread_create(&thread, NULL, thread_is_denied, self->top));
		must(!pthread_join(thread, NULL));
		must(open("null", O_RDONLY) >= 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

static int try_mount(const struct dev_try *t)
{
	if (unshare(CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return -EIO;
	return mount(DISK, "/mnt", "ext4", t->flags, NULL) ? -errno : 0;
}

static int mount_in(const char *cg, int flags)
{
	struct dev_try t = { .what = try_mount, .flags = flags };

	return dev_try_in(cg, &t);
}

TEST_F(devices_v1, mounting_is_an_access)
{
	struct device disk = dev_of(DISK);
	char entry[64];

	ASSERT_EQ(0, system("mkfs.ext4 -q -F " DISK " >/dev/null 2>&1"));
	EXPECT_EQ(0, mount_in(self->top, 0));
	snprintf(entry, sizeof(entry), "b %u:%u w", disk.major, disk.minor);
	ASSERT_EQ(0, DENY(self->top, entry));
	EXPECT_EQ(-EPERM, mount_in(self->top, 0));
	EXPECT_EQ(0, mount_in(self->top, MS_RDONLY));
	ASSERT_EQ(0, DENY(self->top, "b *:* rwm"));
	EXPECT_EQ(-EPERM, mount_in(self->top, MS_RDONLY));
}

TEST_F(devices_v1, all_capabilities_do_not_help)
{
	pid_t pid;

	ASSERT_EQ(0, DENY(self->top, "b *:* rwm"));
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!cg_enter(self->top, 0));
		must(!unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWCGROUP));
		pid = proc_fork(0);
		if (!pid) {
			must(getpid() == 1 && geteuid() == 0);
			must(open(DISK, O_RDONLY) == -1 && errno == EPERM);
			must(dev_mknod("disk", (struct device){ 'b', 98, 0 }) ==
			     -EPERM);
			must(open("null", O_RDWR) >= 0);
			_exit(0);
		}
		_exit(proc_end(pid));
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(devices_v1, a_cgroup_made_again_starts_from_its_parent)
{
	ASSERT_EQ(0, cg_create(self->a));
	ASSERT_EQ(0, DENY(self->a, "c 1:3 rwm"));
	ASSERT_EQ(-EPERM, NULL_IN(self->a));
	ASSERT_EQ(0, cg_remove(self->a));
	ASSERT_EQ(0, cg_create(self->a));
	EXPECT_EQ(0, NULL_IN(self->a));
}

/* A task is in both hierarchies at once. */
TEST_F(devices_v1, list_and_v2_program_must_both_allow)
{
	char v2[256], cg[512];
	int prog = prog_deny(DEV_ZERO);
	pid_t pid;

	if (cg_mount_point(NULL, v2, sizeof(v2)) || prog < 0)
		SKIP(return, "no cgroup v2 with device programs beside v1");
	snprintf(cg, sizeof(cg), "%s/devices.%d", v2, getpid());
	ASSERT_EQ(0, cg_create(cg));
	ASSERT_EQ(0, DENY(self->top, "c 1:3 rwm"));
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!prog_attach(cg, prog, 0));
		must(!cg_enter(self->top, 0));
		must(!cg_enter(cg, 0));
		must(open("null", O_RDONLY) == -1 && errno == EPERM);
		must(open("zero", O_RDONLY) == -1 && errno == EPERM);
		must(open("/dev/full", O_RDONLY) >= 0);
		must(!prog_detach(cg, prog));
		must(open("zero", O_RDONLY) >= 0);
		must(open("null", O_RDONLY) == -1 && errno == EPERM);
		must(!ALLOW(self->top, "c 1:3 r"));
		must(open("null", O_RDONLY) >= 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, cg_remove(cg));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * What a device program sees and what its verdict stops: device type, numbers
 * and kind of access; open, mknod, access and mount.
 *
 * Promises from cgroup-v2.rst, "Device controller", and struct
 * bpf_cgroup_dev_ctx in linux/bpf.h.
 */
#include "devices.h"

TEST_F(devices, without_a_program_devices_are_open)
{
	EXPECT_EQ(0, NULL_IN(self->a));
	EXPECT_EQ(0, dev_open_in(self->a, "null", O_RDWR));
	EXPECT_EQ(0, dev_mknod_in(self->a, DEV_NULL));
	EXPECT_EQ(0, dev_open_in(self->a, DISK, O_RDWR));
}

TEST_F(devices, zero_denies_and_one_allows)
{
	int deny = prog_deny_all(), allow = prog_allow_all();

	ASSERT_EQ(0, prog_attach(self->a, deny, 0));
	EXPECT_EQ(-EPERM, NULL_IN(self->a));
	EXPECT_EQ(-EPERM, dev_open_in(self->a, DISK, O_RDONLY));
	EXPECT_EQ(-EPERM, dev_mknod_in(self->a, DEV_NULL));
	ASSERT_EQ(0, prog_attach(self->a, allow, 0));
	EXPECT_EQ(0, NULL_IN(self->a));
	EXPECT_EQ(0, dev_open_in(self->a, DISK, O_RDONLY));
	EXPECT_EQ(0, dev_mknod_in(self->a, DEV_NULL));
}

TEST_F(devices, one_device_is_denied_and_its_neighbour_is_not)
{
	ASSERT_EQ(0, prog_attach(self->a, prog_deny(DEV_NULL), 0));
	EXPECT_EQ(-EPERM, NULL_IN(self->a));
	EXPECT_EQ(0, ZERO_IN(self->a));
	EXPECT_EQ(0, dev_open_in(self->a, "full", O_RDWR));
}

TEST_F(devices, the_type_tells_block_from_character)
{
	struct device disk = dev_of(DISK), same = disk;

	same.type = 'c';
	ASSERT_EQ('b', disk.type);
	ASSERT_EQ(0, prog_attach(self->a, prog_deny(disk), 0));
	ASSERT_EQ(0, prog_attach(self->b, prog_deny(same), 0));
	EXPECT_EQ(-EPERM, dev_open_in(self->a, DISK, O_RDONLY));
	EXPECT_EQ(-EPERM, dev_mknod_in(self->a, disk));
	EXPECT_EQ(0, dev_mknod_in(self->a, same));
	EXPECT_EQ(0, dev_open_in(self->b, DISK, O_RDONLY));
	EXPECT_EQ(0, dev_mknod_in(self->b, disk));
	EXPECT_EQ(-EPERM, dev_mknod_in(self->b, same));
}

TEST_F(devices, major_and_minor_are_both_seen)
{
	const struct dev_rule major_1 = { ANY, 1, ANY, RWM };
	const struct dev_rule minor_5 = { ANY, ANY, 5, RWM };

	ASSERT_EQ(0, prog_attach(self->a, prog_policy(true, &major_1, 1), 0));
	ASSERT_EQ(0, prog_attach(self->b, prog_policy(true, &minor_5, 1), 0));
	EXPECT_EQ(-EPERM, NULL_IN(self->a));
	EXPECT_EQ(-EPERM, ZERO_IN(self->a));
	EXPECT_EQ(0, dev_open_in(self->a, DISK, O_RDONLY));
	EXPECT_EQ(0, NULL_IN(self->b));
	EXPECT_EQ(-EPERM, ZERO_IN(self->b));
	EXPECT_EQ(-EPERM, dev_mknod_in(self->b, (struct device){ 'c', 5, 5 }));
	EXPECT_EQ(0, dev_mknod_in(self->b, (struct device){ 'c', 5, 1 }));
}

/* As large as a dev_t has room for: 12 bits and 20. */
TEST_F(devices, large_numbers_are_told_apart)
{
	const struct device dev = { 'c', 4095, 1048575 };
	struct device low = dev, near = dev;

	low.minor = 255;
	near.major = 4094;
	ASSERT_EQ(0, prog_attach(self->a, prog_deny(dev), 0));
	EXPECT_EQ(-EPERM, dev_mknod_in(self->a, dev));
	EXPECT_EQ(0, dev_mknod_in(self->a, low));
	EXPECT_EQ(0, dev_mknod_in(self->a, near));
}

/* All sets of access bits, as the one thing that is allowed, and denied. */
FIXTURE(access_bits)
{
	char root[256], top[512];
};

FIXTURE_VARIANT(access_bits)
{
	int bits;
};

#define BITS(name, mask)						\
	FIXTURE_VARIANT_ADD(access_bits, name) { .bits = (mask) }
BITS(none, 0);
BITS(r, R);
BITS(w, W);
BITS(m, M);
BITS(rw, R | W);
BITS(rm, R | M);
BITS(wm, W | M);
BITS(rwm, RWM);

FIXTURE_SETUP(access_bits)
{
	if (cg_mount_point(NULL, self->root, sizeof(self->root)))
		SKIP(return, "cgroup v2 is not mounted");
	snprintf(self->top, sizeof(self->top), "%s/bits.%d", self->root, getpid());
	ASSERT_EQ(0, cg_create(self->top));
	make_node("null", DEV_NULL);
}

FIXTURE_TEARDOWN_PARENT(access_bits)
{
	if (self->top[0])
		cg_destroy(self->top);
}

static void expect_bits(struct __test_metadata *_metadata, const char *cg, int bits)
{
	EXPECT_EQ(bits & R ? 0 : -EPERM, dev_open_in(cg, "null", O_RDONLY));
	EXPECT_EQ(bits & W ? 0 : -EPERM, dev_open_in(cg, "null", O_WRONLY));
	EXPECT_EQ((bits & (R | W)) == (R | W) ? 0 : -EPERM,
		  dev_open_in(cg, "null", O_RDWR));
	EXPECT_EQ(bits & M ? 0 : -EPERM, dev_mknod_in(cg, DEV_NULL));
	EXPECT_EQ(bits & R ? 0 : -EPERM, dev_access_in(cg, "null", R_OK));
	EXPECT_EQ(bits & W ? 0 : -EPERM, dev_access_in(cg, "null", W_OK));
}

TEST_F(access_bits, are_allowed_one_by_one)
{
	const struct dev_rule rule = { BPF_DEVCG_DEV_CHAR, 1, 3, variant->bits };

	ASSERT_EQ(0, prog_attach(self->top, prog_policy(false, &rule, 1), 0));
	expect_bits(_metadata, self->top, variant->bits);
}

TEST_F(access_bits, are_denied_one_by_one)
{
	const struct dev_rule rule = { BPF_DEVCG_DEV_CHAR, 1, 3, variant->bits };

	ASSERT_EQ(0, prog_attach(self->top, prog_policy(true, &rule, 1), 0));
	expect_bits(_metadata, self->top, RWM & ~variant->bits);
}

TEST_F(devices, an_open_file_is_not_taken_away)
{
	char c = 1, path[64];
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		int fd = open("zero", O_RDWR), prog = prog_deny_all();

		must(fd >= 0);
		must(!cg_enter(self->a, 0));
		must(!prog_attach(self->a, prog, 0));
		must(read(fd, &c, 1) == 1 && !c);
		must(write(fd, &c, 1) == 1);
		must(dup(fd) >= 0);
		/* But it is no way to a new one. */
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		must(open(path, O_RDONLY) == -1 && errno == EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(devices, a_file_opened_outside_works_inside)
{
	int fd = open("zero", O_RDONLY);
	char c = 1;
	pid_t pid;

	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, prog_attach(self->a, prog_deny_all(), 0));
	pid = cg_fork_into(self->a, 0);
	if (!pid) {
		must(open("zero", O_RDONLY) == -1 && errno == EPERM);
		must(read(fd, &c, 1) == 1 && !c);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* An O_PATH file is a place, not the device. */
TEST_F(devices, a_path_is_no_access)
{
	pid_t pid;

	ASSERT_EQ(0, prog_attach(self->a, prog_deny_all(), 0));
	pid = cg_fork_into(self->a, 0);
	if (!pid) {
		int fd = open("zero", O_PATH);
		char path[64], c;
		struct stat st;

		must(fd >= 0);
		must(!fstat(fd, &st) && S_ISCHR(st.st_mode));
		must(read(fd, &c, 1) == -1 && errno == EBADF);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		must(open(path, O_RDONLY) == -1 && errno == EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(devices, the_device_counts_and_not_the_name)
{
	make_node("other", DEV_NULL);
	unlink("link");
	unlink("hard");
	ASSERT_EQ(0, symlink("null", "link"));
	ASSERT_EQ(0, link("null", "hard"));
	ASSERT_EQ(0, prog_attach(self->a, prog_deny(DEV_NULL), 0));
	EXPECT_EQ(-EPERM, dev_open_in(self->a, "other", O_RDONLY));
	EXPECT_EQ(-EPERM, dev_open_in(self->a, "link", O_RDONLY));
	EXPECT_EQ(-EPERM, dev_open_in(self->a, "hard", O_RDONLY));
	EXPECT_EQ(-EPERM, dev_open_in(self->a, "/dev/null", O_RDONLY));
}

TEST_F(devices, a_bind_mount_is_no_way_round)
{
	pid_t pid;

	ASSERT_EQ(0, prog_attach(self->a, prog_deny(DEV_NULL), 0));
	pid = cg_fork_into(self->a, CLONE_NEWNS);
	if (!pid) {
		must(!mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
		must(open("zero", O_RDONLY) >= 0);
		must(!mount("null", "zero", NULL, MS_BIND, NULL));
		must(open("zero", O_RDONLY) == -1 && errno == EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(devices, what_is_no_device_is_not_concerned)
{
	pid_t pid;

	ASSERT_EQ(0, prog_attach(self->a, prog_deny_all(), 0));
	pid = cg_fork_into(self->a, 0);
	if (!pid) {
		int fds[2], fd = open("file", O_RDWR | O_CREAT, 0600);

		must(fd >= 0);
		must(!close(fd));
		must(open("file", O_RDONLY) >= 0);
		must(open(".", O_RDONLY | O_DIRECTORY) >= 0);
		must(!pipe(fds));
		unlink("fifo");
		must(!mknod("fifo", S_IFIFO | 0600, 0));
		must(open("fifo", O_RDWR) >= 0);
		unlink("socket");
		must(!mknod("socket", S_IFSOCK | 0600, 0));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* Overlay file systems mark with it what was removed. */
TEST_F(devices, a_whiteout_is_no_device)
{
	struct device whiteout = { 'c', 0, 0 }, block = { 'b', 0, 0 };

	ASSERT_EQ(0, prog_attach(self->a, prog_deny_all(), 0));
	EXPECT_EQ(0, dev_mknod_in(self->a, whiteout));
	EXPECT_EQ(-EPERM, dev_mknod_in(self->a, block));
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

TEST_F(devices, mounting_is_an_access)
{
	struct device disk = dev_of(DISK);
	const struct dev_rule read_only = {
		BPF_DEVCG_DEV_BLOCK, disk.major, disk.minor, R,
	};

	ASSERT_EQ(0, system("mkfs.ext4 -q -F " DISK " >/dev/null 2>&1"));
	ASSERT_EQ(0, prog_attach(self->a, prog_deny(disk), 0));
	ASSERT_EQ(0, prog_attach(self->b, prog_policy(false, &read_only, 1), 0));
	EXPECT_EQ(0, mount_in(self->top, 0));
	EXPECT_EQ(-EPERM, mount_in(self->a, 0));
	EXPECT_EQ(-EPERM, mount_in(self->a, MS_RDONLY));
	EXPECT_EQ(-EPERM, mount_in(self->b, 0));
	EXPECT_EQ(0, mount_in(self->b, MS_RDONLY));
}

TEST_F(devices, a_program_may_choose_the_error)
{
	const struct bpf_insn code[] = {
		MOV(BPF_REG_1, -ENODEV), CALL(BPF_FUNC_set_retval),
		MOV(BPF_REG_0, 0), EXIT(),
	};
	int prog = prog_load(code, ARRAY_SIZE(code));

	if (prog == -EINVAL)
		SKIP(return, "no bpf_set_retval() (Linux 5.18)");
	ASSERT_GE(prog, 0);
	ASSERT_EQ(0, prog_attach(self->a, prog, 0));
	EXPECT_EQ(-ENODEV, NULL_IN(self->a));
}

TEST_HARNESS_MAIN

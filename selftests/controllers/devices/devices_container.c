// SPDX-License-Identifier: GPL-2.0
/*
 * A container's root has no disk: whatever it tries, with all capabilities and
 * namespaces of its own, it has the devices of its policy and no others.
 *
 * The scenario behind cgroup-v2.rst, "Device controller".
 */
#include "devices.h"
#include <linux/loop.h>
#include <sys/ioctl.h>
#include "ns.h"

/*
 * The container's init is in @a, in namespaces of its own. All variants are
 * uid 0 for the host; one is so in a user namespace.
 */
FIXTURE(container)
{
	FIXTURE_DATA(devices) cg;
};

FIXTURE_VARIANT(container)
{
	bool userns;
};

FIXTURE_VARIANT_ADD(container, with_all_capabilities) { .userns = false };
FIXTURE_VARIANT_ADD(container, in_a_user_namespace) { .userns = true };

static const struct dev_rule usual[] = {
	{ BPF_DEVCG_DEV_CHAR, 1, 3, RWM },	/* null */
	{ BPF_DEVCG_DEV_CHAR, 1, 5, RWM },	/* zero */
	{ BPF_DEVCG_DEV_CHAR, 1, 7, RWM },	/* full */
	{ BPF_DEVCG_DEV_CHAR, 1, 8, RWM },	/* random */
	{ BPF_DEVCG_DEV_CHAR, 1, 9, RWM },	/* urandom */
	{ BPF_DEVCG_DEV_CHAR, 5, ANY, RWM },	/* tty, ptmx */
	{ BPF_DEVCG_DEV_CHAR, 136, ANY, RWM },	/* pts */
};

FIXTURE_SETUP(container)
{
	int prog;

	devices_setup(_metadata, &self->cg, NULL);
	prog = prog_policy(false, usual, ARRAY_SIZE(usual));
	ASSERT_GE(prog, 0);
	ASSERT_EQ(0, prog_attach(self->cg.a, prog, BPF_F_ALLOW_MULTI));
	close(prog);
}

FIXTURE_TEARDOWN_PARENT(container)
{
	devices_teardown(_metadata, &self->cg, NULL);
}

/* The container's first process; it goes on in the caller's code. */
static pid_t container(const char *cg, bool userns)
{
	pid_t pid = cg_fork_into(cg, 0);

	if (pid)
		return pid;
	must(!prctl(PR_SET_PDEATHSIG, SIGKILL));
	if (userns)
		must(!ns_become_user_root());
	must(!unshare(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWCGROUP));
	pid = proc_fork(0);
	if (pid)
		_exit(proc_end(pid) ? 1 : 0);
	must(getpid() == 1);
	must(!mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	return 0;
}

static void must_be_refused(const char *path)
{
	must(open(path, O_RDONLY) == -1 && errno == EPERM);
	must(open(path, O_WRONLY) == -1 && errno == EPERM);
	must(open(path, O_RDWR | O_EXCL) == -1 && errno == EPERM);
	must(access(path, R_OK) == -1 && errno == EPERM);
}

TEST_F(container, has_its_usual_devices)
{
	pid_t pid = container(self->cg.a, variant->userns);

	if (!pid) {
		char c = 1;
		int fd;

		must(open("/dev/null", O_RDWR) >= 0);
		fd = open("/dev/zero", O_RDONLY);
		must(fd >= 0 && read(fd, &c, 1) == 1 && !c);
		must(open("/dev/urandom", O_RDONLY) >= 0);
		fd = open("/dev/full", O_WRONLY);
		must(write(fd, &c, 1) == -1 && errno == ENOSPC);
		must(open("/dev/ptmx", O_RDWR) >= 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(container, does_not_open_the_hosts_disk)
{
	pid_t pid = container(self->cg.a, variant->userns);

	if (!pid) {
		must(open(DISK, O_PATH) >= 0);
		must_be_refused(DISK);
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, dev_open_in(self->cg.b, DISK, O_RDWR));
}

TEST_F(container, makes_no_node_of_the_disk)
{
	struct device disk = dev_of(DISK);
	pid_t pid = container(self->cg.a, variant->userns);

	if (!pid) {
		must(!mount("tmpfs", "/mnt", "tmpfs", 0, NULL));
		must(!chdir("/mnt"));
		must(dev_mknod("disk", disk) == -EPERM);
		must(access("disk", F_OK) == -1 && errno == ENOENT);
		/* Its own devices it may make, unless it is in a user namespace. */
		must(dev_mknod("null", DEV_NULL) ==
		     (variant->userns ? -EPERM : 0));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(container, does_not_reach_the_disk_by_another_path)
{
	struct device disk = dev_of(DISK);
	pid_t pid;

	make_node("disk", disk);
	pid = container(self->cg.a, variant->userns);
	if (!pid) {
		must_be_refused("disk");
		must(!mount("disk", "null", NULL, MS_BIND, NULL));
		must_be_refused("null");
		must(!mount("/dev", "/mnt", NULL, MS_BIND | MS_REC, NULL));
		must_be_refused("/mnt/ubda");
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(container, does_not_mount_the_disk)
{
	pid_t pid;

	ASSERT_EQ(0, system("mkfs.ext4 -q -F " DISK " >/dev/null 2>&1"));
	pid = container(self->cg.a, variant->userns);
	if (!pid) {
		must(mount(DISK, "/mnt", "ext4", 0, NULL) == -1 && errno == EPERM);
		must(mount(DISK, "/mnt", "ext4", MS_RDONLY, NULL) == -1 &&
		     errno == EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(container, gets_no_loop_device)
{
	pid_t pid = container(self->cg.a, variant->userns);

	if (!pid) {
		must(open("/dev/loop-control", O_RDWR) == -1 && errno == EPERM);
		must_be_refused("/dev/loop0");
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(container, gives_its_own_containers_no_more)
{
	pid_t pid = container(self->cg.below, variant->userns);

	if (!pid) {
		must_be_refused(DISK);
		pid = proc_fork(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS);
		if (!pid) {
			must(open(DISK, O_RDONLY) == -1);
			must(open("/dev/null", O_RDWR) >= 0);
			_exit(0);
		}
		must(pid > 0);
		_exit(proc_end(pid));
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* The policy is the cgroup's, not the namespaces'. */
TEST_F(container, who_enters_its_namespaces_only_keeps_the_hosts_devices)
{
	struct baton ready = baton_make(), done = baton_make();
	pid_t visitor, pid = container(self->cg.a, false);

	if (!pid) {
		baton_pass(&ready, 0);
		baton_take(&done);
		_exit(0);
	}
	baton_take(&ready);
	visitor = proc_fork_bound(0);
	if (!visitor) {
		must(!ns_enter(ns_open(pid, "cgroup"), CLONE_NEWCGROUP));
		must(!ns_enter(ns_open(pid, "mnt"), CLONE_NEWNS));
		must(open(DISK, O_RDONLY) >= 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(visitor));
	/* And who enters the cgroup too has what the container has. */
	visitor = proc_fork_bound(0);
	if (!visitor) {
		must(!cg_enter(self->cg.a, 0));
		must(!ns_enter(ns_open(pid, "mnt"), CLONE_NEWNS));
		must_be_refused(DISK);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(visitor));
	baton_pass(&done, 0);
	EXPECT_EQ(0, proc_end(pid));
}

/* A file that the host hands in is the host's decision. */
TEST_F(container, uses_a_disk_that_it_was_handed)
{
	int fd = open(DISK, O_RDONLY);
	pid_t pid;

	ASSERT_GE(fd, 0);
	pid = container(self->cg.a, variant->userns);
	if (!pid) {
		char sector[512], path[64];

		must(pread(fd, sector, sizeof(sector), 0) == sizeof(sector));
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		must_be_refused(path);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_HARNESS_MAIN

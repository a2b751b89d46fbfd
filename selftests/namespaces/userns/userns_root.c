// SPDX-License-Identifier: GPL-2.0
/*
 * Root of a user namespace: what stays closed to it, because it belongs to
 * the whole machine or to a namespace above, and what is open to it in the
 * namespaces that it owns.
 *
 * Promises from user_namespaces(7), "Capabilities" and "Effect of capabilities
 * within a user namespace".
 */
#include "kselftest_harness.h"
#include <linux/reboot.h>
#include <net/if.h>
#include <sys/fanotify.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/swap.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include "cap.h"
#include "usermap.h"

#define EVERYTHING	(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | \
			 CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP)

static int no(long ret)
{
	return ret < 0 ? -errno : 0;
}

static int try_mknod_char(void)
{
	return no(mknod("/tmp/dev", S_IFCHR | 0600, makedev(1, 3)));
}

static int try_mknod_block(void)
{
	return no(mknod("/tmp/dev", S_IFBLK | 0600, makedev(98, 0)));
}

static int try_settimeofday(void)
{
	struct timeval tv;

	must(!gettimeofday(&tv, NULL));
	return no(settimeofday(&tv, NULL));
}

static int try_clock_settime(void)
{
	struct timespec ts;

	must(!clock_gettime(CLOCK_REALTIME, &ts));
	return no(clock_settime(CLOCK_REALTIME, &ts));
}

static int try_adjtimex(void)
{
	struct timex tx = { .modes = ADJ_FREQUENCY };

	return no(adjtimex(&tx));
}

/* To be refused in the initial pid namespace; it would change Ctrl-Alt-Del only. */
static int try_reboot(void)
{
	return no(syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
			  LINUX_REBOOT_CMD_CAD_OFF, NULL));
}

static int try_init_module(void)
{
	int err = no(syscall(SYS_init_module, "", 0, ""));

	/* A kernel without modules has none to load for anyone. */
	return err == -ENOSYS ? -EPERM : err;
}

static int try_kexec(void)
{
	int err = no(syscall(SYS_kexec_load, 0, 0, NULL, 0));

	return err == -ENOSYS ? -EPERM : err;
}

static int try_mount_ext4(void)
{
	return no(mount("/dev/none", "/mnt", "ext4", 0, NULL));
}

static int try_mount_hostfs(void)
{
	return no(mount("none", "/mnt", "hostfs", 0, NULL));
}

static int try_swapon(void)
{
	return no(swapon("/tmp/none", 0));
}

static int try_swapoff(void)
{
	return no(swapoff("/tmp/none"));
}

static int try_acct(void)
{
	int err = no(acct(NULL));

	return err == -ENOSYS ? -EPERM : err;
}

static int try_syslog_clear(void)
{
	return no(klogctl(5, NULL, 0));
}

static int try_sethostname(void)
{
	return no(sethostname("stolen", 6));
}

static int try_setdomainname(void)
{
	return no(setdomainname("stolen", 6));
}

static int try_raw_socket(void)
{
	return no(socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, 1));
}

static int try_packet_socket(void)
{
	return no(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
}

/* Takes the loopback up, as it may be already. */
static int try_lo_up(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err;

	must(fd >= 0);
	err = no(ioctl(fd, SIOCSIFFLAGS, &ifr));
	close(fd);
	return err;
}

static int try_low_port(void)
{
	struct sockaddr sa = { .sa_family = AF_INET, .sa_data = { 0, 7 } };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), err;

	must(fd >= 0);
	err = no(bind(fd, &sa, 16));
	close(fd);
	return err;
}

static int try_socket_force_buffer(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), size = 1 << 20;
	int err;

	must(fd >= 0);
	err = no(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size,
			    sizeof(size)));
	close(fd);
	return err;
}

static int try_realtime(void)
{
	struct sched_param param = { .sched_priority = 1 };

	return no(sched_setscheduler(0, SCHED_FIFO, &param));
}

static int try_renice(void)
{
	return no(setpriority(PRIO_PROCESS, 0, -5));
}

/* IOPRIO_WHO_PROCESS, class RT, level 0 */
static int try_ioprio_realtime(void)
{
	return no(syscall(SYS_ioprio_set, 1, 0, 1 << 13));
}

static int try_raise_hard_limit(void)
{
	struct rlimit limit = { 10, 10 };

	must(!setrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_max = 11;
	return no(setrlimit(RLIMIT_NOFILE, &limit));
}

static int try_lock_memory(void)
{
	struct rlimit limit = { 0, 0 };
	static char page[4096];

	must(!setrlimit(RLIMIT_MEMLOCK, &limit));
	return no(mlock(page, sizeof(page)));
}

static int try_oom_score(void)
{
	return file_write("/proc/self/oom_score_adj", "-1");
}

static int try_fanotify_permission(void)
{
	return no(fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY));
}

static int try_sysctl_kernel(void)
{
	return file_write("/proc/sys/kernel/panic", "0");
}

static int try_sysctl_vm(void)
{
	return file_write("/proc/sys/vm/overcommit_memory", "1");
}

static int try_sysctl_overflowuid(void)
{
	return file_write("/proc/sys/kernel/overflowuid", "65534");
}

static int try_sysctl_hostname(void)
{
	return file_write("/proc/sys/kernel/hostname", "stolen");
}

static int try_kill_init(void)
{
	return no(kill(1, 0));
}

static int try_move_outside_mount(void)
{
	return no(umount2("/tmp", MNT_DETACH));
}

static int try_chroot(void)
{
	return no(chroot("/"));
}

static int try_setuid(void)
{
	must(!setresuid(65535, 65535, 0));
	return no(setresuid(0, 0, 0));
}

static int try_mount_tmpfs(void)
{
	return no(mount("none", "/mnt", "tmpfs", 0, NULL));
}

static int try_mount_proc(void)
{
	return no(mount("none", "/mnt", "proc", 0, NULL));
}

static int try_mount_mqueue(void)
{
	return no(mount("none", "/mnt", "mqueue", 0, NULL));
}

static int try_bind_mount(void)
{
	return no(mount("/tmp", "/mnt", NULL, MS_BIND | MS_REC, NULL));
}

static int try_fifo(void)
{
	unlink("/tmp/fifo.root");
	return no(mkfifo("/tmp/fifo.root", 0600));
}

static int try_unshare_everything(void)
{
	return no(unshare(EVERYTHING & ~CLONE_NEWPID));
}

struct deed {
	const char *what;
	int (*try)(void);
	int refused;
};

/* What belongs to the machine. No namespace of one's own opens it. */
static const struct deed closed[] = {
	{ "mknod of a character device", try_mknod_char, -EPERM },
	{ "mknod of a block device", try_mknod_block, -EPERM },
	{ "settimeofday", try_settimeofday, -EPERM },
	{ "clock_settime", try_clock_settime, -EPERM },
	{ "adjtimex", try_adjtimex, -EPERM },
	{ "init_module", try_init_module, -EPERM },
	{ "kexec_load", try_kexec, -EPERM },
	{ "mount of ext4", try_mount_ext4, -EPERM },
	{ "mount of hostfs", try_mount_hostfs, -EPERM },
	{ "swapon", try_swapon, -EPERM },
	{ "swapoff", try_swapoff, -EPERM },
	{ "acct", try_acct, -EPERM },
	{ "clearing the kernel's log", try_syslog_clear, -EPERM },
	{ "a real-time policy", try_realtime, -EPERM },
	{ "a better nice value", try_renice, -EACCES },
	{ "a real-time I/O priority", try_ioprio_realtime, -EPERM },
	{ "raising a hard limit", try_raise_hard_limit, -EPERM },
	{ "locking memory without a limit for it", try_lock_memory, -EPERM },
	{ "a lower oom_score_adj", try_oom_score, -EACCES },
	{ "permission events of fanotify", try_fanotify_permission, -EPERM },
	{ "kernel.panic", try_sysctl_kernel, -EACCES },
	{ "vm.overcommit_memory", try_sysctl_vm, -EACCES },
	{ "kernel.overflowuid", try_sysctl_overflowuid, -EACCES },
	{ "SO_RCVBUFFORCE", try_socket_force_buffer, -EPERM },
};

/* What belongs to a namespace, and is closed as long as that is not one's own. */
static const struct deed foreign[] = {
	{ "reboot", try_reboot, -EPERM },
	{ "sethostname", try_sethostname, -EPERM },
	{ "setdomainname", try_setdomainname, -EPERM },
	{ "kernel.hostname", try_sysctl_hostname, -EACCES },
	{ "a raw socket", try_raw_socket, -EPERM },
	{ "a packet socket", try_packet_socket, -EPERM },
	{ "taking lo up", try_lo_up, -EPERM },
	{ "binding a low port", try_low_port, -EACCES },
	{ "a signal to init", try_kill_init, -EPERM },
	{ "mount of tmpfs", try_mount_tmpfs, -EPERM },
	{ "mount of proc", try_mount_proc, -EPERM },
	{ "a bind mount", try_bind_mount, -EPERM },
	{ "umount", try_move_outside_mount, -EPERM },
};

/* What opens with the namespaces of one's own. */
static const struct deed owned[] = {
	{ "sethostname", try_sethostname },
	{ "setdomainname", try_setdomainname },
	{ "a raw socket", try_raw_socket },
	{ "a packet socket", try_packet_socket },
	{ "taking lo up", try_lo_up },
	{ "binding a low port", try_low_port },
	{ "mount of tmpfs", try_mount_tmpfs },
	{ "mount of proc", try_mount_proc },
	{ "mount of mqueue", try_mount_mqueue },
	{ "a bind mount", try_bind_mount },
	{ "a FIFO", try_fifo },
	{ "chroot", try_chroot },
	{ "setuid", try_setuid },
	{ "unsharing more", try_unshare_everything },
};

/* Runs each in a process of its own. Returns how many did not end as they should. */
static int run(const struct deed *deeds, size_t n)
{
	int bad = 0;

	for (size_t i = 0; i < n; i++) {
		pid_t pid = fork();
		int got;

		if (!pid)
			_exit(-deeds[i].try());
		got = -proc_end(pid);
		if (got == deeds[i].refused)
			continue;
		fprintf(stderr, "# %s: error %d, not %d\n", deeds[i].what,
			-got, -deeds[i].refused);
		bad++;
	}
	return bad;
}

TEST(what_is_the_machines_is_closed)
{
	pid_t pid = userns_fork(0);

	if (!pid) {
		must(cap_mine("CapEff") == cap_all());
		_exit(run(closed, ARRAY_SIZE(closed)));
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(what_is_the_machines_is_closed_with_all_namespaces_too)
{
	pid_t pid = userns_fork(EVERYTHING);

	if (!pid)
		_exit(run(closed, ARRAY_SIZE(closed)));
	ASSERT_GT(pid, 0);
	EXPECT_EQ(0, proc_end(pid));
}

/* Root of the namespace, who is root outside, has no more rights than others. */
TEST(what_is_the_machines_is_closed_to_the_outsides_root)
{
	pid_t pid = userns_fork_mapped(CLONE_NEWNS, "0 0 65536", "0 0 65536");

	if (!pid) {
		/* Files in /proc and /tmp are another matter: they are its own. */
		static const struct deed * const last = closed +
			ARRAY_SIZE(closed);
		int bad = 0;

		must(getuid() == 0 && cap_mine("CapEff") == cap_all());
		for (const struct deed *d = closed; d < last; d++)
			if (d->try != try_sysctl_kernel &&
			    d->try != try_sysctl_vm &&
			    d->try != try_sysctl_overflowuid)
				bad += run(d, 1);
		_exit(bad);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(what_is_the_parents_is_closed)
{
	char before[65], after[65];
	pid_t pid;

	ASSERT_EQ(0, gethostname(before, sizeof(before)));
	pid = userns_fork(0);
	if (!pid)
		_exit(run(foreign, ARRAY_SIZE(foreign)));
	EXPECT_EQ(0, proc_end(pid));
	ASSERT_EQ(0, gethostname(after, sizeof(after)));
	EXPECT_STREQ(before, after);
}

TEST(what_is_its_own_is_open)
{
	char before[65], after[65];
	pid_t pid;

	ASSERT_EQ(0, gethostname(before, sizeof(before)));
	pid = userns_fork(EVERYTHING);
	if (!pid)
		_exit(run(owned, ARRAY_SIZE(owned)));
	ASSERT_GT(pid, 0);
	EXPECT_EQ(0, proc_end(pid));
	ASSERT_EQ(0, gethostname(after, sizeof(after)));
	EXPECT_STREQ(before, after);
}

/* Each takes its capability: with all others it is as closed as before. */
TEST(what_is_its_own_takes_the_capability)
{
	static const struct {
		int cap;
		struct deed deed;
	} deeds[] = {
		{ CAP_SYS_ADMIN, { "sethostname", try_sethostname, -EPERM } },
		{ CAP_NET_RAW, { "a raw socket", try_raw_socket, -EPERM } },
		{ CAP_NET_RAW, { "packet", try_packet_socket, -EPERM } },
		{ CAP_NET_ADMIN, { "lo", try_lo_up, -EPERM } },
		{ CAP_NET_BIND_SERVICE, { "port", try_low_port, -EACCES } },
		{ CAP_SYS_ADMIN, { "tmpfs", try_mount_tmpfs, -EPERM } },
		{ CAP_SYS_ADMIN, { "bind mount", try_bind_mount, -EPERM } },
		{ CAP_SYS_CHROOT, { "chroot", try_chroot, -EPERM } },
		{ CAP_SYS_ADMIN, { "unshare", try_unshare_everything,
				   -EPERM } },
	};
	pid_t pid = userns_fork(EVERYTHING);

	if (!pid) {
		int bad = 0;

		for (size_t i = 0; i < ARRAY_SIZE(deeds); i++) {
			pid = fork();
			if (!pid) {
				cap_drop(deeds[i].cap);
				_exit(run(&deeds[i].deed, 1));
			}
			bad += proc_end(pid);
		}
		_exit(bad);
	}
	ASSERT_GT(pid, 0);
	EXPECT_EQ(0, proc_end(pid));
}

TEST(mounts_that_came_from_outside_stay_as_they_are)
{
	pid_t pid = userns_fork(CLONE_NEWNS);

	if (!pid) {
		/* They hold together: what they cover is not to be seen. */
		must(umount("/proc") == -1 && errno == EINVAL);
		must(umount2("/tmp", MNT_DETACH) == -1 && errno == EINVAL);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(reboot_in_its_own_pid_namespace_ends_that)
{
	pid_t pid = userns_fork(CLONE_NEWPID);

	if (!pid) {
		/* Ctrl-Alt-Del is the machine's, and no matter of init's. */
		must(try_reboot() == -EINVAL);
		syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
			LINUX_REBOOT_CMD_POWER_OFF, NULL);
		_exit(1);
	}
	EXPECT_EQ(-SIGINT, proc_end(pid));
}

TEST(sysctls_of_its_namespaces_are_its_own)
{
	pid_t pid = userns_fork(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWNET |
				CLONE_NEWPID);

	if (!pid) {
		must(!mount("none", "/mnt", "proc", 0, NULL));
		must(!file_write("/mnt/sys/net/ipv4/ip_forward", "1"));
		must(file_number("/mnt/sys/net/ipv4/ip_forward") == 1);
		must(!file_write("/mnt/sys/user/max_user_namespaces", "3"));
		must(file_write("/mnt/sys/kernel/panic", "0") == -EACCES);
		_exit(0);
	}
	ASSERT_GT(pid, 0);
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_NE(3, file_number("/proc/sys/user/max_user_namespaces"));
	EXPECT_EQ(0, file_number("/proc/sys/net/ipv4/ip_forward"));
}

TEST_HARNESS_MAIN

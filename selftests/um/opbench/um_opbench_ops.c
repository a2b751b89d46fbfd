// SPDX-License-Identifier: GPL-2.0
/* opbench's operations one by one: each does what it says, refuses what it cannot, leaves nothing. */
#include <dirent.h>
#include <linux/bpf.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/swap.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>

#include "cgroup.h"
#include "kselftest_harness.h"
#include "opbench.h"
#include "until.h"

#define PLACE	"/tmp/opbench-test"
#define DISK	"/dev/ram0"
#define SWAP	"/dev/ram1"
#define NULLB	"/dev/nullb0"

/* The number behind @key in a file of such lines. */
static long counter(const char *path, const char *key)
{
	char text[32768], *line, *save;
	size_t len = strlen(key);
	ssize_t n = file_read(path, text, sizeof(text));

	for (line = n > 0 ? strtok_r(text, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save))
		if (!strncmp(line, key, len) && line[len] == ' ')
			return atol(line + len);
	return -1;
}

static long vm_counter(const char *key)
{
	return counter("/proc/vmstat", key);
}

/* What /proc/net/snmp has for TCP, by its place there. */
static long tcp_counter(const char *name)
{
	char text[8192], *names, *values, *n, *v, *save_n, *save_v;

	if (file_read("/proc/net/snmp", text, sizeof(text)) <= 0)
		return -1;
	names = strstr(text, "Tcp: ");
	values = names ? strstr(names + 1, "\nTcp: ") : NULL;
	if (!values)
		return -1;
	*values++ = '\0';
	values[strcspn(values, "\n")] = '\0';
	n = strtok_r(names, " ", &save_n);
	v = strtok_r(values, " ", &save_v);
	while (n && v && strcmp(n, name)) {
		n = strtok_r(NULL, " ", &save_n);
		v = strtok_r(NULL, " ", &save_v);
	}
	return n && v ? atol(v) : -1;
}

static int threads(void)
{
	char text[32];

	return file_field("/proc/self/status", "Threads", text, sizeof(text)) ? -1 : atoi(text);
}

static bool no_child_left(void)
{
	return waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD;
}

static int entries(const char *path)
{
	struct dirent *e;
	DIR *dir = opendir(path);
	int n = 0;

	while (dir && (e = readdir(dir)))
		n += e->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return dir ? n : -1;
}

FIXTURE(op) {
	int fd;
	struct answer a;
	char root[PATH_MAX], cg[PATH_MAX], x[PATH_MAX], y[PATH_MAX];
};

FIXTURE_SETUP(op)
{
	self->fd = open(RUN, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, cg_mount_point(NULL, self->root, sizeof(self->root)));
	snprintf(self->cg, sizeof(self->cg), "%.4000s/opbench-test", self->root);
	snprintf(self->x, sizeof(self->x), "%.4000s/x", self->cg);
	snprintf(self->y, sizeof(self->y), "%.4000s/y", self->cg);
	ASSERT_EQ(0, cg_create(self->cg));
	mkdir(PLACE, 0755);
}

FIXTURE_TEARDOWN(op)
{
	cg_enter(self->root, getpid());
	EXPECT_EQ(0, cg_destroy(self->cg));
	close(self->fd);
	swapoff(SWAP);
	umount(PLACE);
	EXPECT_EQ(0, rmdir(PLACE));
}

TEST_F(op, a_file_fault_charges_the_page_cache)
{
	char before[64], after[64];

	ASSERT_EQ(0, mount("ramfs", PLACE, "ramfs", 0, NULL));
	ASSERT_EQ(0, cg_enter(self->cg, getpid()));
	ASSERT_EQ(0, file_field("/proc/self/status", "VmSize", before, sizeof(before)));
	ASSERT_EQ(0, batch(self->fd, &self->a, "file-fault path=" PLACE " n=1000 warm=24"));
	EXPECT_EQ(1000, self->a.done);
	EXPECT_LE(1024 * 4096, cg_number(self->cg, "memory.peak"));
	ASSERT_EQ(0, file_field("/proc/self/status", "VmSize", after, sizeof(after)));
	EXPECT_STREQ(before, after);
	EXPECT_GT(1024 * 4096, cg_key(self->cg, "memory.stat", "file"));
	EXPECT_EQ(0, entries(PLACE));
}

TEST_F(op, a_file_fault_wants_a_folder_with_a_page_cache)
{
	/* tmpfs: shared memory */
	ASSERT_EQ(0, mount("tmpfs", PLACE, "tmpfs", 0, NULL));
	EXPECT_EQ(-EINVAL, batch(self->fd, &self->a, "file-fault path=" PLACE " n=1"));
	EXPECT_EQ(-EOPNOTSUPP, batch(self->fd, &self->a, "file-fault path=/proc n=1"));
	EXPECT_EQ(-ENOENT, batch(self->fd, &self->a, "file-fault path=" PLACE "/none n=1"));
	EXPECT_EQ(-ENOTDIR, batch(self->fd, &self->a, "file-fault path=/proc/version n=1"));
	EXPECT_EQ(-EINVAL, batch(self->fd, &self->a, "file-fault n=1"));
	EXPECT_EQ(-ERANGE, batch(self->fd, &self->a, "file-fault path=" PLACE " n=16385"));
}

TEST_F(op, a_thread_ends_before_the_next_begins)
{
	ASSERT_EQ(0, cg_enter(self->cg, getpid()));
	ASSERT_EQ(0, batch(self->fd, &self->a, "thread n=20 warm=1"));
	EXPECT_EQ(20, self->a.done);
	EXPECT_EQ(0, self->a.refused);
	EXPECT_EQ(1, threads());
	EXPECT_EQ(2, cg_number(self->cg, "pids.peak"));
	ASSERT_EQ(0, cg_write(self->cg, "pids.max", "1"));
	ASSERT_EQ(0, batch(self->fd, &self->a, "thread n=7"));
	EXPECT_EQ(7, self->a.refused);
	EXPECT_EQ(7, cg_key(self->cg, "pids.events", "max"));
}

TEST_F(op, a_program_is_executed)
{
	char events[4096], *p;
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), opened = 0;
	ssize_t n;

	ASSERT_LE(0, fd);
	ASSERT_LE(0, inotify_add_watch(fd, "/proc/self/exe", IN_OPEN | IN_CLOSE_NOWRITE));
	ASSERT_EQ(0, batch(self->fd, &self->a, "exec path=/proc/self/exe text=--list n=4 warm=1"));
	EXPECT_EQ(4, self->a.done);
	while ((n = read(fd, events, sizeof(events))) > 0)
		for (p = events; p < events + n; p += sizeof(struct inotify_event) +
		     ((struct inotify_event *)p)->len)
			opened += !!(((struct inotify_event *)p)->mask & IN_OPEN);
	EXPECT_LE(5, opened);
	close(fd);
	EXPECT_TRUE(no_child_left());
}

TEST_F(op, what_is_no_program_is_not_executed)
{
	EXPECT_EQ(-EINVAL, batch(self->fd, &self->a, "exec n=1"));
	EXPECT_EQ(-ENOENT, batch(self->fd, &self->a, "exec path=/no/such/program n=2"));
	EXPECT_EQ(-EACCES, batch(self->fd, &self->a, "exec path=/proc/version n=2"));
	EXPECT_TRUE(no_child_left());
	ASSERT_EQ(0, cg_write(self->cg, "pids.max", "1"));
	ASSERT_EQ(0, cg_enter(self->cg, getpid()));
	ASSERT_EQ(0, batch(self->fd, &self->a, "exec path=/proc/self/exe n=3"));
	EXPECT_EQ(3, self->a.refused);
}

TEST_F(op, sleepers_are_woken_in_the_callers_cgroup)
{
	ASSERT_EQ(0, cg_enter(self->cg, getpid()));
	ASSERT_EQ(0, batch(self->fd, &self->a, "wake n=50 warm=5"));
	EXPECT_EQ(50, self->a.done);
	EXPECT_EQ(56, cg_number(self->cg, "pids.peak"));
	EXPECT_TRUE(no_child_left());
	/* one that there cannot be ends those that there were */
	ASSERT_EQ(0, cg_write(self->cg, "pids.max", "10"));
	EXPECT_EQ(-EAGAIN, batch(self->fd, &self->a, "wake n=50"));
	EXPECT_TRUE(no_child_left());
	EXPECT_EQ(-ERANGE, batch(self->fd, &self->a, "wake n=1999 warm=2"));
}

TEST_F(op, fsync_waits_for_the_disk)
{
	long before;
	int fd;

	ASSERT_EQ(0, system("mkfs.ext4 -q -F -O ^has_journal " DISK " >/dev/null 2>&1"));
	ASSERT_EQ(0, mount(DISK, PLACE, "ext4", 0, NULL));
	fd = open(PLACE "/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ASSERT_LE(0, fd);
	close(fd);
	sync();
	before = vm_counter("nr_written");
	ASSERT_EQ(0, batch(self->fd, &self->a, "fsync path=" PLACE "/file text=some n=40 warm=10"));
	EXPECT_EQ(40, self->a.done);
	EXPECT_LE(before + 50, vm_counter("nr_written"));
	EXPECT_EQ(-EINVAL, batch(self->fd, &self->a, "fsync path=" PLACE "/file n=1"));
	EXPECT_EQ(-ENOENT, batch(self->fd, &self->a, "fsync path=" PLACE "/none text=some n=1"));
	/* what cannot be on a disk */
	EXPECT_EQ(-EINVAL, batch(self->fd, &self->a, "fsync path=/dev/null text=some n=1"));
}

/* The reads of the device by the cgroup. */
static long cg_reads(const char *cg)
{
	char text[4096] = "", key[32], *at;
	struct stat st;

	if (stat(NULLB, &st) || cg_read(cg, "io.stat", text, sizeof(text)) < 0)
		return -1;
	snprintf(key, sizeof(key), "%u:%u ", major(st.st_rdev), minor(st.st_rdev));
	at = strstr(text, key);
	at = at ? strstr(at, "rios=") : NULL;
	return at ? atol(at + 5) : 0;
}

TEST_F(op, a_bio_is_the_cgroups_and_reaches_the_device)
{
	char text[256];
	long before;

	ASSERT_LT(0, file_read("/sys/block/nullb0/stat", text, sizeof(text)));
	before = atol(text);
	ASSERT_EQ(0, cg_enter(self->cg, getpid()));
	ASSERT_EQ(0, batch(self->fd, &self->a, "bio path=" NULLB " n=30 warm=3"));
	EXPECT_EQ(30, self->a.done);
	ASSERT_LT(0, file_read("/sys/block/nullb0/stat", text, sizeof(text)));
	EXPECT_EQ(before + 33, atol(text));
	EXPECT_EQ(33, cg_reads(self->cg));
}

TEST_F(op, a_bio_wants_a_block_device)
{
	EXPECT_EQ(-EINVAL, batch(self->fd, &self->a, "bio n=1"));
	EXPECT_EQ(-ENOTBLK, batch(self->fd, &self->a, "bio path=/dev/null n=1"));
	EXPECT_EQ(-ENOENT, batch(self->fd, &self->a, "bio path=/no/such/device n=1"));
	/* nothing behind it: the operation fails, and so does the batch */
	EXPECT_EQ(-EIO, batch(self->fd, &self->a, "bio path=/dev/loop0 n=1"));
}

static int swap_on(void)
{
	return system("mkswap " SWAP " >/dev/null") || swapon(SWAP, 0) ? -1 : 0;
}

TEST_F(op, pages_go_to_swap_and_come_back)
{
	long out, in;

	ASSERT_EQ(0, swap_on());
	ASSERT_EQ(0, cg_enter(self->cg, getpid()));
	out = vm_counter("pswpout");
	ASSERT_EQ(0, batch(self->fd, &self->a, "swap-out n=60 warm=4"));
	EXPECT_EQ(60, self->a.done);
	EXPECT_EQ(0, self->a.refused);
	EXPECT_EQ(out + 64, vm_counter("pswpout"));
	EXPECT_LE(64 * 4096, cg_number(self->cg, "memory.swap.peak"));
	in = vm_counter("pswpin");
	ASSERT_EQ(0, batch(self->fd, &self->a, "swap-in n=60 warm=4"));
	EXPECT_EQ(in + 64, vm_counter("pswpin"));
	EXPECT_EQ(0, cg_number(self->cg, "memory.swap.current"));
}

TEST_F(op, swap_that_a_limit_refuses_is_counted)
{
	ASSERT_EQ(0, swap_on());
	ASSERT_EQ(0, cg_write(self->cg, "memory.swap.max", "0"));
	ASSERT_EQ(0, cg_enter(self->cg, getpid()));
	ASSERT_EQ(0, batch(self->fd, &self->a, "swap-out n=20"));
	EXPECT_EQ(20, self->a.refused);
	EXPECT_EQ(-ENOSPC, batch(self->fd, &self->a, "swap-in n=20"));
}

TEST_F(op, without_swap_nothing_is_swapped)
{
	EXPECT_EQ(-ENXIO, batch(self->fd, &self->a, "swap-out n=1"));
	EXPECT_EQ(-ENXIO, batch(self->fd, &self->a, "swap-in n=1"));
	EXPECT_EQ(-ERANGE, batch(self->fd, &self->a, "swap-out n=16385"));
}

TEST_F(op, a_connection_is_accepted_and_leaves_nothing)
{
	long active = tcp_counter("ActiveOpens"), passive = tcp_counter("PassiveOpens");
	char text[64];

	ASSERT_LE(0, active);
	ASSERT_EQ(0, batch(self->fd, &self->a, "tcp n=20 warm=2"));
	EXPECT_EQ(20, self->a.done);
	EXPECT_EQ(active + 22, tcp_counter("ActiveOpens"));
	EXPECT_EQ(passive + 22, tcp_counter("PassiveOpens"));
	EXPECT_EQ(0, tcp_counter("CurrEstab"));
	ASSERT_EQ(0, file_field("/proc/net/sockstat", "TCP", text, sizeof(text)));
	EXPECT_EQ(0, strncmp(text, "inuse 0 orphan 0 tw 0 ", 22))
		TH_LOG("%s", text);
}

/* An ordinary process has no socket memory to give back at the end. */
TEST_F(op, a_buffer_is_given_back)
{
	char text[64], *mem;

	ASSERT_EQ(0, cg_enter(self->cg, getpid()));
	ASSERT_EQ(0, batch(self->fd, &self->a, "skb n=640 warm=64"));
	EXPECT_EQ(640, self->a.done);
	EXPECT_EQ(0, self->a.refused);
	/* a flush that was under way in that moment may count what came after it next time */
	EXPECT_TRUE(EVENTUALLY(!cg_key(self->cg, "memory.stat", "sock")));
	ASSERT_EQ(0, file_field("/proc/net/sockstat", "TCP", text, sizeof(text)));
	mem = strstr(text, "mem ");
	ASSERT_NE(NULL, mem);
	EXPECT_EQ(0, atol(mem + 4));
}

TEST_F(op, cgroups_are_made_and_removed_apart)
{
	ASSERT_EQ(0, batch(self->fd, &self->a, "create path=%s n=20 warm=2", self->cg));
	EXPECT_EQ(20, self->a.done);
	EXPECT_EQ(0, cg_key(self->cg, "cgroup.stat", "nr_descendants"));
	ASSERT_EQ(0, batch(self->fd, &self->a, "destroy path=%s n=20 warm=2", self->cg));
	EXPECT_EQ(0, cg_key(self->cg, "cgroup.stat", "nr_descendants"));
	EXPECT_EQ(-ENOENT, batch(self->fd, &self->a, "create path=/no/such/folder n=1"));
	EXPECT_EQ(-ERANGE, batch(self->fd, &self->a, "create path=%s n=2001", self->cg));
	EXPECT_EQ(-ERANGE, batch(self->fd, &self->a, "destroy path=%s n=2001", self->cg));
}

TEST_F(op, a_cgroup_that_is_in_the_way_stays)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%.4000s/opbench-3", self->cg);
	ASSERT_EQ(0, cg_create(path));
	EXPECT_EQ(-EEXIST, batch(self->fd, &self->a, "create path=%s n=5", self->cg));
	EXPECT_EQ(-EEXIST, batch(self->fd, &self->a, "destroy path=%s n=5", self->cg));
	EXPECT_EQ(1, cg_key(self->cg, "cgroup.stat", "nr_descendants"));
	EXPECT_EQ(0, cg_remove(path));
}

TEST_F(op, cgroups_that_a_limit_refuses_are_counted)
{
	ASSERT_EQ(0, cg_write(self->cg, "cgroup.max.descendants", "3"));
	ASSERT_EQ(0, batch(self->fd, &self->a, "create path=%s n=5", self->cg));
	EXPECT_EQ(2, self->a.refused);
	/* there must be as many as are to be destroyed */
	EXPECT_EQ(-EAGAIN, batch(self->fd, &self->a, "destroy path=%s n=5", self->cg));
	EXPECT_EQ(0, cg_key(self->cg, "cgroup.stat", "nr_descendants"));
}

TEST_F(op, threads_move_with_their_process)
{
	ASSERT_EQ(0, cg_create(self->x));
	ASSERT_EQ(0, cg_create(self->y));
	ASSERT_EQ(0, cg_write(self->cg, "cgroup.subtree_control", "+pids"));
	ASSERT_EQ(0, batch(self->fd, &self->a,
			   "migrate-threads path=%s/cgroup.procs path2=%s/cgroup.procs tasks=30 n=2",
			   self->x, self->y));
	EXPECT_EQ(2, self->a.done);
	EXPECT_EQ(getpid(), cg_number(self->y, "cgroup.procs"));
	EXPECT_EQ(31, cg_number(self->x, "pids.peak"));
	EXPECT_EQ(31, cg_number(self->y, "pids.peak"));
	EXPECT_EQ(1, threads());
}

TEST_F(op, other_processes_are_moved)
{
	ASSERT_EQ(0, cg_create(self->x));
	ASSERT_EQ(0, cg_create(self->y));
	ASSERT_EQ(0, cg_write(self->cg, "cgroup.subtree_control", "+pids"));
	ASSERT_EQ(0, batch(self->fd, &self->a,
			   "migrate-tasks path=%s/cgroup.procs path2=%s/cgroup.procs tasks=30 n=2",
			   self->x, self->y));
	EXPECT_EQ(30, cg_number(self->x, "pids.peak"));
	EXPECT_EQ(30, cg_number(self->y, "pids.peak"));
	EXPECT_EQ(0, cg_number(self->y, "pids.current"));
	EXPECT_TRUE(no_child_left());
}

TEST_F(op, what_is_no_cgroup_is_no_place_to_move_to)
{
	EXPECT_EQ(-EINVAL, batch(self->fd, &self->a,
				 "migrate-threads path=%s/cgroup.procs n=1", self->cg));
	EXPECT_EQ(-EINVAL, batch(self->fd, &self->a,
				 "migrate-threads path=/dev/null path2=/dev/null n=1"));
	EXPECT_EQ(-EINVAL, batch(self->fd, &self->a,
				 "migrate-tasks path=%s/cgroup.procs path2=%s/cgroup.threads n=1",
				 self->cg, self->cg));
	EXPECT_EQ(-ERANGE, batch(self->fd, &self->a,
				 "migrate-tasks path=%s/cgroup.procs path2=%s/cgroup.procs tasks=0",
				 self->cg, self->cg));
	EXPECT_EQ(-ERANGE, batch(self->fd, &self->a,
				 "migrate-tasks path=%s/cgroup.procs path2=%s/cgroup.procs tasks=2001",
				 self->cg, self->cg));
	EXPECT_EQ(1, threads());
	EXPECT_TRUE(no_child_left());
}

/* A hundred times as much takes longer. */
TEST_F(op, a_flush_meets_every_cgroup_below)
{
	unsigned long long alone, with_others;
	char path[PATH_MAX], what[PATH_MAX + 64];
	int i;

	snprintf(what, sizeof(what), "flush path=%s/cpu.stat n=20 warm=5", self->cg);
	ASSERT_EQ(0, batch_shortest(self->fd, &self->a, what, &alone));
	for (i = 0; i < 100; i++) {
		snprintf(path, sizeof(path), "%.4000s/%d", self->cg, i);
		ASSERT_EQ(0, cg_create(path));
	}
	ASSERT_EQ(0, batch_shortest(self->fd, &self->a, what, &with_others));
	EXPECT_LT(alone, with_others);
	EXPECT_EQ(0, batch(self->fd, &self->a, "flush path=%s/memory.stat n=2", self->cg));
	/* nothing is brought in for these */
	EXPECT_EQ(-EINVAL, batch(self->fd, &self->a, "flush path=%s/pids.max n=1", self->cg));
	EXPECT_EQ(-EINVAL, batch(self->fd, &self->a, "flush path=/proc/version n=1"));
	EXPECT_EQ(-ENOENT, batch(self->fd, &self->a, "flush path=%s/none n=1", self->cg));
}

static const char * const kinds[] = { "uts", "ipc", "mnt", "net", "cgroup", "time" };

/*
 * With room for three, also when those before are gone only a while later. A batch that finds room for
 * some has them to be destroyed again: it must not come too soon.
 */
static int three_namespaces(int fd, struct answer *a, const char *kind, const char *what)
{
	struct timespec moment = { .tv_nsec = 250 * 1000 * 1000 };
	int err = batch(fd, a, "ns-%s-%s n=3", kind, what), tries;

	for (tries = 0; err == -ENOSPC && tries < 20; tries++) {
		nanosleep(&moment, NULL);
		err = batch(fd, a, "ns-%s-%s n=3", kind, what);
	}
	return err;
}

TEST_F(op, namespaces_are_made_and_destroyed_where_nobody_is)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		char path[64], limit[64], before[64] = "", after[64] = "";
		long room;
		int round;

		snprintf(path, sizeof(path), "/proc/self/ns/%s", kinds[i]);
		snprintf(limit, sizeof(limit), "/proc/sys/user/max_%s_namespaces", kinds[i]);
		room = file_number(limit);
		ASSERT_LT(0, room);
		ASSERT_LT(0, readlink(path, before, sizeof(before) - 1));
		ASSERT_EQ(0, file_write(limit, "3"));
		for (round = 0; round < 3; round++) {
			EXPECT_EQ(0, three_namespaces(self->fd, &self->a, kinds[i], "create"))
				TH_LOG("%s, round %d", kinds[i], round);
			EXPECT_EQ(0, three_namespaces(self->fd, &self->a, kinds[i], "destroy"))
				TH_LOG("%s, round %d", kinds[i], round);
			/* it ends when they are gone, and not before */
			EXPECT_EQ(0, batch(self->fd, &self->a, "ns-%s-destroy n=3", kinds[i]))
				TH_LOG("%s, round %d", kinds[i], round);
		}
		/* they were there at the same time */
		EXPECT_EQ(-ENOSPC, batch(self->fd, &self->a, "ns-%s-create n=4", kinds[i]));
		EXPECT_EQ(-ENOSPC, batch(self->fd, &self->a, "ns-%s-destroy n=4", kinds[i]));
		EXPECT_EQ(-ERANGE, batch(self->fd, &self->a, "ns-%s-create n=2001", kinds[i]));
		ASSERT_EQ(0, file_printf(limit, "%ld", room));
		ASSERT_LT(0, readlink(path, after, sizeof(after) - 1));
		EXPECT_STREQ(before, after);
	}
	/* and the mounts are still those of the caller */
	EXPECT_EQ(0, access(RUN, F_OK));
}

TEST_F(op, a_child_has_a_pid_or_user_namespace_of_its_own)
{
	static const char * const names[] = { "pid", "user" };
	size_t i;

	for (i = 0; i < 2; i++) {
		char limit[64];
		long room;

		snprintf(limit, sizeof(limit), "/proc/sys/user/max_%s_namespaces", names[i]);
		room = file_number(limit);
		ASSERT_LT(0, room);
		EXPECT_EQ(0, batch(self->fd, &self->a, "ns-%s n=5 warm=1", names[i]));
		EXPECT_EQ(5, self->a.done);
		ASSERT_EQ(0, file_write(limit, "0"));
		EXPECT_EQ(-ENOSPC, batch(self->fd, &self->a, "ns-%s n=1", names[i]));
		ASSERT_EQ(0, file_printf(limit, "%ld", room));
		EXPECT_EQ(-ERANGE, batch(self->fd, &self->a, "ns-%s n=2001", names[i]));
	}
	EXPECT_TRUE(no_child_left());
}

/* Refuses every device. */
static int deny_devices(const char *cg)
{
	struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE, .insns = (uintptr_t)code, .insn_cnt = 2,
		.license = (uintptr_t)"GPL",
	};
	union bpf_attr attach = { .attach_type = BPF_CGROUP_DEVICE };
	int dir = open(cg, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int program = syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof(load)), err;

	attach.target_fd = dir;
	attach.attach_bpf_fd = program;
	err = syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof(attach));
	close(program);
	close(dir);
	return err;
}

TEST_F(op, devices_that_a_program_refuses_are_counted)
{
	ASSERT_EQ(0, cg_enter(self->cg, getpid()));
	ASSERT_EQ(0, batch(self->fd, &self->a, "open path=/dev/null n=5"));
	EXPECT_EQ(0, self->a.refused);
	ASSERT_EQ(0, deny_devices(self->cg));
	ASSERT_EQ(0, batch(self->fd, &self->a, "open path=/dev/null n=5 warm=2"));
	EXPECT_EQ(5, self->a.refused);
	ASSERT_EQ(0, batch(self->fd, &self->a, "open path=/proc/version n=5"));
	EXPECT_EQ(0, self->a.refused);
}

TEST_HARNESS_MAIN

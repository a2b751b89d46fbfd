// SPDX-License-Identifier: GPL-2.0
/*
 * Control files of a cgroup v1 hierarchy's memory controller, by what they do:
 * reclaim on request, counters that are put back, swappiness, kernel memory.
 *
 * Promises from admin-guide/cgroup-v1/memory.rst, "Kernel Memory Extension",
 * "force_empty", "swappiness" and "failcnt".
 */
#include "kselftest_harness.h"
#include "memcg-disk.h"
#include "memcg-v1.h"
#include "netdev.h"

#define FORCE_EMPTY	"memory.force_empty"
#define SWAPPINESS	"memory.swappiness"
#define VM_SWAPPINESS	"/proc/sys/vm/swappiness"
#define KMEM(file)	"memory.kmem." file
#define TCP(file)	KMEM("tcp." file)

MEMCG_V1_FIXTURE(control)

#define NEEDS_DISK() do {						\
	if (disk_mount())						\
		SKIP(return, "no ext4 on a disk");			\
} while (0)

/* An open file of @size bytes, all in memory, and charged to @cg. */
static int cache_of(const char *cg, size_t size)
{
	int fd = disk_hole(size);
	pid_t pid = v1_fork(cg);

	if (!pid) {
		read_through(fd, size);
		_exit(0);
	}
	must(proc_end(pid) == 0);
	must(cached(fd, size) == (long)size);
	return fd;
}

TEST_F(control, force_empty_drops_the_cache)
{
	int a, b;

	NEEDS_DISK();
	a = cache_of(self->a, MB(8));
	b = cache_of(self->b, MB(8));
	EXPECT_LE(MB(8), cg_number(self->a, USAGE));
	EXPECT_EQ(0, cg_write(self->a, FORCE_EMPTY, "0"));
	EXPECT_GE(MB(1), cg_number(self->a, USAGE));
	EXPECT_EQ(0, cached(a, MB(8)));
	EXPECT_LE(MB(8), cg_number(self->b, USAGE));
	EXPECT_EQ(MB(8), cached(b, MB(8)));
	/* Of a whole hierarchy, when it is written above. */
	EXPECT_EQ(0, cg_write(self->top, FORCE_EMPTY, "0"));
	EXPECT_GE(MB(1), cg_number(self->b, USAGE));
	EXPECT_EQ(0, cached(b, MB(8)));
	close(a);
	close(b);
}

/* There is no swap here. */
TEST_F(control, force_empty_leaves_what_cannot_be_reclaimed)
{
	struct actor hog;
	int fd;

	NEEDS_DISK();
	hog = actor_make(self->a, MB(4));
	fd = cache_of(self->a, MB(8));
	actor_does(&hog, USE);
	EXPECT_EQ(0, cg_write(self->a, FORCE_EMPTY, "0"));
	EXPECT_EQ(0, cached(fd, MB(8)));
	EXPECT_LE(MB(4), cg_number(self->a, USAGE));
	EXPECT_GE(MB(4) + OWN, cg_number(self->a, USAGE));
	actor_does(&hog, LOOK);
	EXPECT_EQ(0, actor_leaves(&hog));
	close(fd);
}

TEST_F(control, the_root_cannot_be_emptied)
{
	int fd;

	NEEDS_DISK();
	fd = cache_of(self->a, MB(8));
	EXPECT_EQ(-EINVAL, cg_write(self->root, FORCE_EMPTY, "0"));
	EXPECT_EQ(MB(8), cached(fd, MB(8)));
	close(fd);
}

/* Reads so much that the cache of @cg meets a limit of 4M, and makes way. */
static void meet_limit(const char *cg, int file)
{
	pid_t pid = v1_fork(cg);

	if (!pid) {
		read_through(file, MB(8));
		_exit(0);
	}
	must(proc_end(pid) == 0);
}

TEST_F(control, failcnt_counts_from_0_again)
{
	static const char * const files[] = { FAILCNT, MEMSW_FAILCNT };
	int fd;

	NEEDS_DISK();
	fd = disk_hole(MB(8));
	ASSERT_EQ(0, cg_write(self->a, LIMIT, "4M"));
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		EXPECT_EQ(0, cg_number(self->a, files[i]));
		meet_limit(self->a, fd);
		EXPECT_LE(1, cg_number(self->a, files[i]));
		EXPECT_EQ(0, cg_write(self->a, files[i], "0"));
		EXPECT_EQ(0, cg_number(self->a, files[i]));
		meet_limit(self->a, fd);
		EXPECT_LE(1, cg_number(self->a, files[i]));
		/* Where both are hit, it is the other one's. */
		ASSERT_EQ(0, cg_write(self->a, MEMSW_LIMIT, "4M"));
	}
	close(fd);
}

TEST_F_TIMEOUT(control, max_usage_starts_again_from_usage, 120)
{
	static const char * const files[][2] = {
		{ USAGE, MAX_USAGE }, { MEMSW_USAGE, MEMSW_MAX_USAGE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		const char *usage = files[i][0], *max = files[i][1];
		struct actor hog = actor_make(self->a, MB(6));

		actor_does(&hog, USE);
		EXPECT_LE(MB(6), cg_number(self->a, max));
		actor_does(&hog, GIVE_BACK);
		EXPECT_GE(OWN, cg_number(self->a, usage));
		EXPECT_LE(MB(6), cg_number(self->a, max));
		EXPECT_EQ(0, cg_write(self->a, max, "0"));
		EXPECT_EQ(cg_number(self->a, usage), cg_number(self->a, max));
		EXPECT_EQ(0, proc_end(v1_hog(self->a, MB(2))));
		EXPECT_LE(MB(2), cg_number(self->a, max));
		EXPECT_GE(MB(2) + 2 * OWN, cg_number(self->a, max));
		EXPECT_EQ(0, actor_leaves(&hog));
	}
}

/* Fills so many pipes, 64K each, which stay with the caller. */
static void fill_pipes(int n)
{
	static char buf[KB(64)];

	for (int i = 0; i < n; i++) {
		int fd[2];

		must(!pipe2(fd, O_NONBLOCK));
		must(write(fd[1], buf, sizeof(buf)) == sizeof(buf));
	}
}

/* A process in @cg that has filled @n pipes. */
static pid_t plumber(const char *cg, int n)
{
	struct baton full = baton_make();
	pid_t pid = v1_fork(cg);

	if (!pid) {
		fill_pipes(n);
		baton_pass(&full, 0);
		proc_sleep_forever();
	}
	baton_take(&full);
	settles_down(pid);
	close(full.fd[0]);
	close(full.fd[1]);
	return pid;
}

TEST_F(control, kernel_memory_is_counted_alone_and_with_the_rest)
{
	pid_t pid;

	EXPECT_GE(MB(1), cg_number(self->a, KMEM("usage_in_bytes")));
	pid = plumber(self->a, 64);
	EXPECT_LE(MB(4), cg_number(self->a, KMEM("usage_in_bytes")));
	EXPECT_GE(MB(4) + OWN, cg_number(self->a, KMEM("usage_in_bytes")));
	EXPECT_LE(MB(4), cg_number(self->top, KMEM("usage_in_bytes")));
	EXPECT_LE(cg_number(self->a, KMEM("usage_in_bytes")), cg_number(self->a, USAGE));
	EXPECT_GE(MB(4) + 2 * OWN, cg_number(self->a, USAGE));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
	EXPECT_TRUE(cg_settles(self->a, KMEM("usage_in_bytes"), 0, MB(1)));
	EXPECT_LE(MB(4), cg_number(self->a, KMEM("max_usage_in_bytes")));
	EXPECT_EQ(0, cg_write(self->a, KMEM("max_usage_in_bytes"), "0"));
	EXPECT_GE(MB(1), cg_number(self->a, KMEM("max_usage_in_bytes")));
	/* What the process has in user space is none. */
	EXPECT_EQ(0, proc_end(v1_hog(self->a, MB(8))));
	EXPECT_GE(MB(1), cg_number(self->a, KMEM("max_usage_in_bytes")));
}

TEST_F(control, the_limit_of_kernel_memory_is_none)
{
	long none = cg_number(self->a, KMEM("limit_in_bytes"));
	pid_t pid;

	EXPECT_LT(MB(1 << 20), none);
	EXPECT_EQ(0, cg_write(self->a, KMEM("limit_in_bytes"), "1M"));
	EXPECT_EQ(none, cg_number(self->a, KMEM("limit_in_bytes")));
	pid = plumber(self->a, 64);
	EXPECT_LE(MB(4), cg_number(self->a, KMEM("usage_in_bytes")));
	EXPECT_EQ(0, cg_number(self->a, KMEM("failcnt")));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
	EXPECT_EQ(-EINVAL, cg_write(self->a, KMEM("limit_in_bytes"), "x"));
	EXPECT_EQ(-EINVAL, cg_write(self->root, KMEM("limit_in_bytes"), "1M"));
}

TEST_F(control, kernel_memory_ends_at_the_limit_of_all)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, LIMIT, "4M"));
	pid = v1_fork(self->a);
	if (!pid) {
		fill_pipes(128);
		_exit(0);
	}
	EXPECT_EQ(-SIGKILL, proc_end(pid));
	EXPECT_LE(1, cg_number(self->a, FAILCNT));
	EXPECT_LE(MB(3), cg_number(self->a, KMEM("max_usage_in_bytes")));
	EXPECT_GE(MB(4), cg_number(self->a, KMEM("max_usage_in_bytes")));
}

/* Sends to itself by TCP what it can, at most 4M, and does not read it. Returns the bytes. */
static long send_to_oneself(void)
{
	static char buf[KB(16)];
	int listener, in, out;
	long sum = 0;
	ssize_t n;

	must(!unshare(CLONE_NEWNET) && !link_up("lo"));
	listener = net_bound(SOCK_STREAM, "127.0.0.1", 2000);
	out = net_connected(SOCK_STREAM, "127.0.0.1", 2000);
	must(listener >= 0 && out >= 0);
	in = net_accept(listener);
	must(in >= 0);
	while (sum < MB(4)) {
		n = send(out, buf, sizeof(buf), MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n <= 0)
			break;
		sum += n;
	}
	return sum;
}

/* A process of @cg that has sent @n bytes so, and stays. */
static pid_t sender(const char *cg, long *n)
{
	struct baton sent = baton_make();
	pid_t pid = v1_fork(cg);

	if (!pid) {
		baton_pass(&sent, send_to_oneself());
		proc_sleep_forever();
	}
	*n = baton_take(&sent);
	close(sent.fd[0]);
	close(sent.fd[1]);
	return pid;
}

TEST_F(control, tcp_buffers_have_a_limit_of_their_own)
{
	long narrow, wide;
	pid_t a, b;

	ASSERT_EQ(0, cg_write(self->a, TCP("limit_in_bytes"), "64K"));
	ASSERT_EQ(0, cg_write(self->b, TCP("limit_in_bytes"), "64M"));
	b = sender(self->b, &wide);
	EXPECT_LE(MB(1), wide);
	EXPECT_EQ(0, cg_number(self->b, TCP("failcnt")));
	EXPECT_LE(wide, cg_number(self->b, TCP("usage_in_bytes")));
	a = sender(self->a, &narrow);
	EXPECT_LE(1, cg_number(self->a, TCP("failcnt")));
	/* What has begun is let through, be it beyond the limit. */
	EXPECT_GE(KB(256), narrow);
	EXPECT_GE(KB(512), cg_number(self->a, TCP("usage_in_bytes")));
	EXPECT_LE(narrow, cg_number(self->a, TCP("usage_in_bytes")));
	EXPECT_LE(wide + narrow, cg_number(self->top, TCP("usage_in_bytes")));
	/* They are no part of the rest. */
	EXPECT_GE(MB(1), cg_number(self->b, USAGE));
	EXPECT_EQ(-SIGKILL, proc_kill(a));
	EXPECT_EQ(-SIGKILL, proc_kill(b));
	EXPECT_TRUE(cg_settles(self->top, TCP("usage_in_bytes"), 0, 0));
}

TEST_F(control, counters_of_tcp_buffers_can_be_put_back)
{
	pid_t pid;
	long n;

	ASSERT_EQ(0, cg_write(self->a, TCP("limit_in_bytes"), "64K"));
	pid = sender(self->a, &n);
	EXPECT_LE(1, cg_number(self->a, TCP("failcnt")));
	EXPECT_EQ(0, cg_write(self->a, TCP("failcnt"), "0"));
	EXPECT_EQ(0, cg_number(self->a, TCP("failcnt")));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
	EXPECT_TRUE(cg_settles(self->a, TCP("usage_in_bytes"), 0, 0));
	EXPECT_LE(n, cg_number(self->a, TCP("max_usage_in_bytes")));
	EXPECT_EQ(0, cg_write(self->a, TCP("max_usage_in_bytes"), "0"));
	EXPECT_EQ(0, cg_number(self->a, TCP("max_usage_in_bytes")));
}

TEST_F(control, tcp_buffers_are_not_counted_before_there_is_a_limit)
{
	pid_t pid;
	long n;

	pid = sender(self->a, &n);
	EXPECT_LE(MB(1), n);
	EXPECT_EQ(0, cg_number(self->a, TCP("usage_in_bytes")));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
	/* None is one, too. */
	ASSERT_EQ(0, cg_write(self->a, TCP("limit_in_bytes"), "-1"));
	pid = sender(self->a, &n);
	EXPECT_LE(MB(1), n);
	EXPECT_LE(n, cg_number(self->a, TCP("usage_in_bytes")));
	EXPECT_EQ(-SIGKILL, proc_kill(pid));
}

/* The system's own setting is put back. */
FIXTURE(swappiness)
{
	char root[PATH_MAX], top[PATH_MAX], a[PATH_MAX], b[PATH_MAX];
	long before;
};

FIXTURE_SETUP(swappiness)
{
	int err;

	self->before = file_number(VM_SWAPPINESS);
	ASSERT_LE(0, self->before);
	err = v1_top(self->root, self->top, self->a, self->b, "swappiness");
	if (err == -ENOENT || err == -ENOSYS)
		SKIP(return, "no cgroup v1 hierarchy with the memory controller's files");
	ASSERT_EQ(0, err);
}

FIXTURE_TEARDOWN_PARENT(swappiness)
{
	if (!self->top[0])
		return;
	file_printf(VM_SWAPPINESS, "%ld", self->before);
	cg_remove_tree(self->top);
}

TEST_F(swappiness, of_the_root_is_the_systems)
{
	EXPECT_EQ(self->before, cg_number(self->root, SWAPPINESS));
	EXPECT_EQ(0, cg_write(self->root, SWAPPINESS, "35"));
	EXPECT_EQ(35, cg_number(self->root, SWAPPINESS));
	EXPECT_EQ(35, file_number(VM_SWAPPINESS));
	EXPECT_EQ(0, file_write(VM_SWAPPINESS, "45"));
	EXPECT_EQ(45, file_number(VM_SWAPPINESS));
	EXPECT_EQ(45, cg_number(self->root, SWAPPINESS));
	EXPECT_EQ(-EINVAL, cg_write(self->root, SWAPPINESS, "201"));
	EXPECT_EQ(45, file_number(VM_SWAPPINESS));
}

TEST_F(swappiness, of_the_others_is_their_own)
{
	EXPECT_EQ(0, cg_write(self->a, SWAPPINESS, "35"));
	EXPECT_EQ(35, cg_number(self->a, SWAPPINESS));
	EXPECT_EQ(self->before, cg_number(self->top, SWAPPINESS));
	EXPECT_EQ(self->before, cg_number(self->b, SWAPPINESS));
	EXPECT_EQ(self->before, file_number(VM_SWAPPINESS));
	EXPECT_EQ(0, file_write(VM_SWAPPINESS, "45"));
	EXPECT_EQ(35, cg_number(self->a, SWAPPINESS));
	EXPECT_EQ(self->before, cg_number(self->b, SWAPPINESS));
}

TEST_F(swappiness, is_inherited_when_a_cgroup_is_made)
{
	char below[PATH_MAX], beside[PATH_MAX], name[32];

	ASSERT_EQ(0, cg_write(self->a, SWAPPINESS, "35"));
	ASSERT_EQ(0, cg_create(cg_path(below, self->a, "below")));
	EXPECT_EQ(35, cg_number(below, SWAPPINESS));
	ASSERT_EQ(0, cg_write(self->a, SWAPPINESS, "36"));
	EXPECT_EQ(35, cg_number(below, SWAPPINESS));
	/* The root hands on what the system has. */
	ASSERT_EQ(0, file_write(VM_SWAPPINESS, "45"));
	snprintf(name, sizeof(name), "beside.%d", getpid());
	ASSERT_EQ(0, cg_create(cg_path(beside, self->root, name)));
	EXPECT_EQ(45, cg_number(beside, SWAPPINESS));
	EXPECT_EQ(0, cg_remove(beside));
}

TEST_F(swappiness, goes_up_to_200)
{
	EXPECT_EQ(0, cg_write(self->a, SWAPPINESS, "200"));
	EXPECT_EQ(200, cg_number(self->a, SWAPPINESS));
	EXPECT_EQ(-EINVAL, cg_write(self->a, SWAPPINESS, "201"));
	EXPECT_EQ(-EINVAL, cg_write(self->a, SWAPPINESS, "-1"));
	EXPECT_EQ(200, cg_number(self->a, SWAPPINESS));
	EXPECT_EQ(0, cg_write(self->a, SWAPPINESS, "0"));
	EXPECT_EQ(0, cg_number(self->a, SWAPPINESS));
}

TEST_HARNESS_MAIN

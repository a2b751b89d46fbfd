// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel allocates for a process is charged to its cgroup and shows
 * in memory.stat under its kind.
 *
 * Promises from cgroup-v2.rst, "Memory" ("kernel data structures such as
 * dentries and inodes, TCP socket buffers") and "memory.stat": kernel,
 * kernel_stack, pagetables, percpu, sock, vmalloc, slab*.
 */
#include "kselftest_harness.h"
#include "kmem.h"
#include <linux/bpf.h>

/*
 * The number at @key of memory.stat when it has come to rest: much of what the
 * dead had is freed by RCU or kernel threads, and counted until then. That it
 * stands still is no sign of that while a grace period lasts: it is waited for.
 */
static long at_rest(const char *cg, const char *key)
{
	long last = -1, value;

	rcu_barrier();
	value = cg_stat(cg, key);
	for (int i = 0; i < 50 && value != last; i++) {
		poll(NULL, 0, 20);
		last = value;
		value = cg_stat(cg, key);
	}
	return value;
}

/*
 * Has a process of @cg do @work with @arg, in between two looks at @key of
 * memory.stat. Returns the difference; the process is gone.
 */
static long grows(const char *cg, const char *key, void (*work)(long), long arg)
{
	struct baton ready = baton_make(), go = baton_make();
	long before, after;
	pid_t pid;

	pid = cg_fork_bound(cg);
	if (!pid) {
		allow_files();
		baton_pass(&ready, 0);
		baton_take(&go);
		work(arg);
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	before = at_rest(cg, key);
	baton_pass(&go, 0);
	baton_take(&ready);
	after = at_rest(cg, key);
	must(proc_kill(pid) == -SIGKILL);
	forget();
	return after - before;
}

static void make_many(long kind)
{
	for (int i = 0; i < kinds[kind].many; i++)
		must(kinds[kind].make(i) >= 0);
}

TEST_F_TIMEOUT(kmem, whatever_can_be_had_in_numbers_is_charged, 120)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		/* Who looked last, or did, may have had as much as this, which has gone since. */
		long least = kinds[i].many * kinds[i].least - KB(64);
		long grown = grows(self->a, "kernel", make_many, i);

		EXPECT_LE(least, grown)
			TH_LOG("%s: %ld", kinds[i].name, grown);
		EXPECT_GE(CG_STOCK, cg_number(self->b, "memory.current"));
	}
}

TEST_F_TIMEOUT(kmem, what_is_freed_is_uncharged, 120)
{
	long before, slab;

	/* Once over with one of them, for what stays. */
	grows(self->a, "kernel", make_many, 0);
	before = at_rest(self->a, "kernel");
	slab = at_rest(self->a, "slab");
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		grows(self->a, "kernel", make_many, i);
		EXPECT_TRUE(cg_stat_settles(self->a, "kernel", 0,
					    before + NOISE))
			TH_LOG("%s", kinds[i].name);
	}
	EXPECT_TRUE(cg_stat_settles(self->a, "slab", 0, slab + NOISE));
	EXPECT_TRUE(cg_settles(self->top, "memory.current", 0, MB(4)));
}

static void make_files(long n)
{
	for (int i = 0; i < n; i++)
		must(make_file(i) >= 0);
}

static void make_inodes(long n)
{
	for (int i = 0; i < n; i++)
		must(make_inode(i) >= 0);
}

TEST_F(kmem, open_files_are_unreclaimable_slab)
{
	EXPECT_LE(3000 * 150 - KB(64), grows(self->a, "slab_unreclaimable", make_files, 3000));
	EXPECT_LE(3000 * 150 - KB(64), grows(self->a, "slab", make_files, 3000));
	EXPECT_GE(KB(64), grows(self->a, "slab_reclaimable", make_files, 1000));
}

TEST_F(kmem, inodes_and_dentries_are_reclaimable_slab)
{
	EXPECT_LE(500 * 150, grows(self->a, "slab_reclaimable", make_inodes,
				    500));
}

static void make_threads(long n)
{
	pthread_attr_t attr;
	pthread_t thread;

	must(!pthread_attr_init(&attr));
	must(!pthread_attr_setstacksize(&attr, KB(64)));
	while (n--)
		must(!pthread_create(&thread, &attr, (void *(*)(void *))pause,
				     NULL));
}

/*
 * A process of @cg that starts @n threads. Their stacks are charged to it; its
 * own was to who forked, which is the test.
 */
static pid_t process_with(const char *cg, long n)
{
	struct baton ready = baton_make();
	pid_t pid = cg_fork_bound(cg);

	if (!pid) {
		make_threads(n);
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	must(pid > 0);
	baton_take(&ready);
	return pid;
}

TEST_F(kmem, kernel_stacks_are_counted_exactly)
{
	pid_t pid = process_with(self->a, 1);
	long one = cg_stat(self->a, "kernel_stack");

	EXPECT_LE(PAGE, one);
	EXPECT_EQ(0, one % PAGE);
	proc_kill(pid);
	EXPECT_TRUE(cg_stat_settles(self->a, "kernel_stack", 0, 0));
	pid = process_with(self->a, 100);
	EXPECT_TRUE(cg_stat_settles(self->a, "kernel_stack", 100 * one, 100 * one));
	EXPECT_TRUE(cg_stat_settles(self->top, "kernel_stack", 100 * one, 100 * one));
	EXPECT_EQ(0, cg_stat(self->b, "kernel_stack"));
	proc_kill(pid);
	EXPECT_TRUE(cg_stat_settles(self->a, "kernel_stack", 0, 0));
}

TEST_F(kmem, kernel_stacks_are_kernel_memory)
{
	long stacks = grows(self->a, "kernel_stack", make_threads, 50);

	EXPECT_TRUE(cg_stat_settles(self->a, "kernel_stack", 0, 0));
	EXPECT_LE(stacks - KB(64), grows(self->a, "kernel", make_threads, 50));
}

/* One page each in regions that need a page table of their own. */
static void touch_far_apart(long n)
{
	char *p = mmap(NULL, (n + 1) * MB(2), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	must(p != MAP_FAILED);
	for (long i = 0; i < n; i++)
		use(p + i * MB(2), PAGE);
}

TEST_F(kmem, page_tables_are_counted)
{
	long tables = grows(self->a, "pagetables", touch_far_apart, 200);

	/* The processes that look have some, a dozen each, which come and go. */
	EXPECT_LE(180 * PAGE, tables);
	EXPECT_GE(240 * PAGE, tables);
	/* What the last process had, its stack too, may go in between. */
	EXPECT_LE(180 * PAGE - KB(64), grows(self->a, "kernel", touch_far_apart, 200));
	/* An idle CPU keeps the page directory that it used last. */
	EXPECT_TRUE(cg_stat_settles(self->a, "pagetables", 0, KB(32)));
}

TEST_F(kmem, many_pages_nearby_share_a_table)
{
	EXPECT_GE(40 * PAGE, grows(self->a, "pagetables", (void (*)(long))map_used,
				  MB(2)));
}

static int tcp[2];

static void stuff_tcp(long n)
{
	own_network();
	tcp_pair(tcp);
	must(stuff(tcp[0], n) > n / 4);
}

static void stuff_udp(long n)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET, .sin_port = htons(2000),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int size = n, in, out;

	own_network();
	in = socket(AF_INET, SOCK_DGRAM, 0);
	out = socket(AF_INET, SOCK_DGRAM, 0);
	must(!bind(in, (void *)&a, sizeof(a)));
	must(!setsockopt(in, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)));
	must(!connect(out, (void *)&a, sizeof(a)));
	must(stuff(out, n) > 0);
}

TEST_F(kmem, tcp_buffers_are_sock)
{
	long sock = grows(self->a, "sock", stuff_tcp, KB(512));

	EXPECT_LE(KB(128), sock);
	EXPECT_GE(MB(4), sock);
	/* A network namespace goes by and by, and its sockets with it. */
	EXPECT_TRUE(cg_stat_settles(self->a, "sock", 0, 0));
	EXPECT_EQ(0, cg_stat(self->b, "sock"));
}

TEST_F(kmem, udp_buffers_are_sock)
{
	EXPECT_LE(KB(128), grows(self->a, "sock", stuff_udp, KB(512)));
	EXPECT_TRUE(cg_stat_settles(self->a, "sock", 0, 0));
}

static int make_map(long entries)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8,
		.max_entries = entries,
	};

	return syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
}

static void make_array(long entries)
{
	must(make_map(entries) >= 0);
}

TEST_F(kmem, vmalloc_is_counted)
{
	int fd = make_map(1);

	if (fd < 0)
		SKIP(return, "no BPF maps to try it with");
	close(fd);
	EXPECT_LE(MB(8), grows(self->a, "vmalloc", make_array, MB(1)));
	/* A map is freed by a kernel thread. */
	EXPECT_TRUE(cg_stat_settles(self->a, "vmalloc", 0, 0));
	EXPECT_TRUE(cg_stat_settles(self->a, "kernel", 0, MB(1)));
	EXPECT_LE(MB(8) - NOISE, grows(self->a, "kernel", make_array, MB(1)));
}

/* Who makes cgroups pays for them: the parent. */
TEST_F(kmem, a_cgroup_is_charged_to_its_parent)
{
	char cg[PATH_MAX], name[16];
	long percpu, usage;

	ASSERT_EQ(0, cg_write(self->a, "cgroup.subtree_control", "+memory"));
	usage = cg_number(self->a, "memory.current");
	percpu = cg_stat(self->a, "percpu");
	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "%d", i);
		ASSERT_EQ(0, cg_create(cg_path(cg, self->a, name)));
	}
	EXPECT_LE(percpu + 50 * KB(1), cg_stat(self->a, "percpu"));
	EXPECT_LE(usage + 50 * KB(4), cg_number(self->a, "memory.current"));
	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "%d", i);
		ASSERT_EQ(0, cg_remove(cg_path(cg, self->a, name)));
	}
	EXPECT_TRUE(cg_settles(self->a, "memory.current", 0, usage + MB(1)));
}

TEST_F(kmem, kernel_is_at_least_the_sum_of_its_kinds)
{
	static const char * const keys[] = {
		"kernel_stack", "pagetables", "percpu", "vmalloc", "slab",
	};
	struct baton ready = baton_make();
	pid_t pid = cg_fork_bound(self->a);
	char text[8192];
	long sum = 0;

	if (!pid) {
		make_threads(20);
		make_files(500);
		touch_far_apart(20);
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	cg_stir(self->a);
	/* One look, for the numbers to be of one moment. */
	ASSERT_LT(0, cg_read(self->a, "memory.stat", text, sizeof(text)));
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		sum += text_key(text, keys[i]);
	EXPECT_LT(KB(300), sum);
	EXPECT_GE(text_key(text, "kernel") + KB(16), sum);
	EXPECT_LE(text_key(text, "kernel"), cg_number(self->a, "memory.current"));
}

TEST_HARNESS_MAIN

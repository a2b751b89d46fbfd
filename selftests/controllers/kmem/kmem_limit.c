// SPDX-License-Identifier: GPL-2.0
/*
 * memory.max holds for kernel memory: what cannot be had ends in an error or
 * in death, never above the limit, and never at the neighbours' expense.
 */
#include "kselftest_harness.h"
#include "kmem.h"
#include <linux/bpf.h>

/* Kernel memory that may not wait is let through, a little of it at a time. */
#define ABOVE	KB(256)

/* Makes things of one kind without end. Exits 0 when that is refused. */
static pid_t hoard(const char *cg, const struct kind *kind)
{
	pid_t pid = cg_fork_bound(cg);

	if (!pid) {
		allow_files();
		for (int i = 0; ; i++)
			if (kind->make(i) < 0)
				_exit(errno == ENOMEM || errno == ENOBUFS ? 0 : 1);
	}
	must(pid > 0);
	return pid;
}

TEST_F(kmem, nothing_can_be_had_without_end)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		char cg[PATH_MAX], name[16];
		int end;

		/* They have limits of their own that come first. */
		if (kinds[i].make == make_message ||
		    kinds[i].make == make_pipe_full ||
		    kinds[i].make == make_mapping)
			continue;
		snprintf(name, sizeof(name), "kind-%zd", i);
		ASSERT_EQ(0, cg_create(cg_path(cg, self->top, name)));
		ASSERT_EQ(0, cg_write(cg, "memory.max", "1M"));
		end = proc_end(hoard(cg, &kinds[i]));
		EXPECT_TRUE(end == 0 || end == -SIGKILL)
			TH_LOG("%s: %d", kinds[i].name, end);
		EXPECT_LE(MB(1) - CG_STOCK, cg_number(cg, "memory.peak"))
			TH_LOG("%s", kinds[i].name);
		EXPECT_GE(MB(1) + ABOVE, cg_number(cg, "memory.peak"))
			TH_LOG("%s", kinds[i].name);
		EXPECT_LE(1, cg_key(cg, "memory.events", "max"));
		forget();
		EXPECT_TRUE(cg_settles(cg, "memory.current", 0, KB(768)))
			TH_LOG("%s", kinds[i].name);
	}
}

TEST_F(kmem, a_limit_above_binds_below)
{
	int end;

	ASSERT_EQ(0, cg_write(self->top, "memory.max", "2M"));
	end = proc_end(hoard(self->a, &kinds[0]));
	EXPECT_TRUE(end == 0 || end == -SIGKILL);
	EXPECT_GE(MB(2) + ABOVE, cg_number(self->top, "memory.peak"));
	EXPECT_LE(1, cg_key(self->top, "memory.events.local", "max"));
	EXPECT_EQ(0, cg_key(self->a, "memory.events.local", "max"));
}

TEST_F(kmem, the_neighbours_are_not_affected)
{
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "1M"));
	hoard(self->a, &kinds[0]);
	ASSERT_TRUE(cg_key_settles(self->a, "memory.events", "max", 1, LONG_MAX));
	EXPECT_EQ(0, proc_end(hog(self->b, MB(8))));
	EXPECT_EQ(0, cg_key(self->b, "memory.events", "max"));
}

static void *wait_for_ever(void *unused)
{
	(void)unused;
	proc_sleep_forever();
}

TEST_F(kmem, threads_end_at_the_limit)
{
	pid_t pid;
	int end;

	ASSERT_EQ(0, cg_write(self->a, "memory.max", "6M"));
	pid = cg_fork_bound(self->a);
	if (!pid) {
		pthread_attr_t attr;
		pthread_t thread;
		int err;

		must(!pthread_attr_init(&attr));
		must(!pthread_attr_setstacksize(&attr, KB(64)));
		do {
			err = pthread_create(&thread, &attr, wait_for_ever, NULL);
		} while (!err);
		_exit(err == EAGAIN || err == ENOMEM ? 0 : 1);
	}
	end = proc_end(pid);
	EXPECT_TRUE(end == 0 || end == -SIGKILL);
	EXPECT_GE(MB(6) + ABOVE, cg_number(self->a, "memory.peak"));
	EXPECT_LE(1, cg_key(self->a, "memory.events", "max"));
	EXPECT_TRUE(cg_stat_settles(self->a, "kernel_stack", 0, 0));
}

TEST_F(kmem, page_tables_end_at_the_limit)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, "memory.max", "4M"));
	pid = cg_fork_bound(self->a);
	if (!pid) {
		/* To read is enough for a table, and takes no other page. */
		char *p = mmap(NULL, MB(8192), PROT_READ,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		must(p != MAP_FAILED);
		for (long i = 0; i < MB(8192); i += MB(2))
			(void)*(volatile char *)(p + i);
		_exit(0);
	}
	EXPECT_EQ(-SIGKILL, proc_end(pid));
	EXPECT_GE(MB(4) + ABOVE, cg_number(self->a, "memory.peak"));
	EXPECT_EQ(1, cg_key(self->a, "memory.events", "oom_kill"));
}

/* An array with @bytes of values. Returns 0, or -errno. */
static int make_array(long bytes)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8,
		.max_entries = bytes / 8,
	};
	int fd = syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* Whoever can do without it would rather have an error than see somebody die. */
TEST_F(kmem, a_map_that_does_not_fit_is_refused_and_nobody_dies)
{
	pid_t pid, other;

	if (make_array(8))
		SKIP(return, "no BPF maps to try it with");
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "4M"));
	other = hog_that_stays(self->a, MB(1));
	pid = cg_fork_bound(self->a);
	if (!pid) {
		must(make_array(MB(1)) == 0);
		must(make_array(MB(16)) == -ENOMEM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, waitpid(other, NULL, WNOHANG));
	EXPECT_LE(1, cg_key(self->a, "memory.events", "max"));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "oom"));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "oom_kill"));
	EXPECT_GE(MB(4) + ABOVE, cg_number(self->a, "memory.peak"));
	/* It is the limit that was in the way. */
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "max"));
	pid = cg_fork_bound(self->a);
	if (!pid)
		_exit(make_array(MB(16)) ? 1 : 0);
	EXPECT_EQ(0, proc_end(pid));
}

/*
 * Names that do not exist are remembered, until memory is short. What reclaim
 * gives up RCU frees later, so one who runs into memory.max may die of dentries
 * that are free already; at memory.high he is held up until they are.
 */
TEST_F(kmem, dentries_make_room_and_nobody_dies)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, "memory.high", "1M"));
	ASSERT_EQ(0, cg_write(self->a, "memory.max", "2M"));
	pid = cg_fork_bound(self->a);
	if (!pid) {
		char name[64];

		for (int i = 0; i < 14000; i++) {
			snprintf(name, sizeof(name), "/sys/kernel/none-%d", i);
			must(access(name, F_OK) == -1 && errno == ENOENT);
		}
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_GE(MB(2), cg_number(self->a, "memory.peak"));
	EXPECT_LE(1, cg_key(self->a, "memory.events", "high"));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "max"));
	EXPECT_EQ(0, cg_key(self->a, "memory.events", "oom_kill"));
}

TEST_F(kmem, dentries_are_reclaimed_on_request)
{
	pid_t pid = cg_fork_bound(self->a);
	long before;

	if (!pid) {
		char name[64];

		for (int i = 0; i < 4000; i++) {
			snprintf(name, sizeof(name), "/sys/kernel/none-%d", i);
			access(name, F_OK);
		}
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(pid));
	before = cg_stat(self->a, "slab_reclaimable");
	EXPECT_LE(4000 * 150, before);
	/* Who was looked up lately is spared in the first round. */
	for (int i = 0; i < 10; i++)
		cg_write(self->a, "memory.reclaim", "16M");
	/* RCU frees them, a few at a time. */
	EXPECT_TRUE(cg_key_settles(self->a, "memory.stat", "slab_reclaimable", 0, before / 2));
	EXPECT_TRUE(cg_settles(self->a, "memory.current", 0, MB(1) + KB(512)));
}

TEST_F(kmem, a_full_cgroup_still_lets_people_go)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a, "memory.max", "1M"));
	pid = hoard(self->a, &kinds[0]);
	ASSERT_TRUE(cg_key_settles(self->a, "memory.events", "max", 1, LONG_MAX));
	kill(pid, SIGKILL);
	proc_end(pid);
	EXPECT_EQ(0, cg_await_empty(self->a));
	EXPECT_TRUE(cg_settles(self->a, "memory.current", 0, KB(640)));
	EXPECT_EQ(0, proc_end(hog(self->a, KB(64))));
}

TEST_HARNESS_MAIN

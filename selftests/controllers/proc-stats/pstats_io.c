// SPDX-License-Identifier: GPL-2.0
/* diskstats, what vmstat has of I/O, and slabinfo. */
#include "pstats.h"

BOXES_FIXTURE(io)

static int no_disk;

#define NEEDS_DISK() do {						\
	if (no_disk)							\
		SKIP(return, "no ext4 on a disk: error %d", -no_disk);	\
} while (0)

struct disk {
	unsigned long long rios, rsect, wios, wsect;
};

/* The disk's line; false if there is none. */
static bool disk_of(const struct box *b, const char *name, struct disk *d)
{
	static char buf[16384];
	char *line, *save = NULL, what[64];
	int n;

	must(box_read(b, "diskstats", buf, sizeof(buf)) >= 0);
	for (line = strtok_r(buf, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		n = sscanf(line, "%*d %*d %63s %llu %*u %llu %*u %llu %*u %llu", what,
			   &d->rios, &d->rsect, &d->wios, &d->wsect);
		must(n == 5);
		if (!strcmp(what, name))
			return true;
	}
	return false;
}

/* The value of @key in the line of io.stat for FILE_DISK, 0 if there is none. */
static unsigned long long io_stat(const char *cg, const char *key)
{
	char buf[4096], dev[32], *p;
	struct stat st;

	must(!stat(FILE_DISK, &st));
	snprintf(dev, sizeof(dev), "%u:%u ", major(st.st_rdev), minor(st.st_rdev));
	must(cg_read(cg, "io.stat", buf, sizeof(buf)) >= 0);
	p = strstr(buf, dev);
	if (p)
		p = strstr(p, key);
	return p ? strtoull(p + strlen(key) + 1, NULL, 10) : 0;
}

/* Reads or writes @size bytes of the disk, past all caches, from within @cg. */
static int direct(const char *cg, size_t size, bool write)
{
	pid_t pid = cg_fork_bound(cg);

	if (!pid) {
		int fd = open(FILE_DIR "/direct", O_RDWR | O_CREAT | O_DIRECT, 0600);
		char *p = map_used(65536);

		must(fd >= 0);
		for (size_t n = 0; n < size; n += 65536)
			must((write ? pwrite(fd, p, 65536, n) : pread(fd, p, 65536, n)) ==
			     65536);
		_exit(0);
	}
	return proc_end(pid);
}

TEST_F(io, diskstats_are_those_of_the_cgroup)
{
	struct disk d, host;

	NEEDS_DISK();
	/* Nothing was read or written yet, and there is nothing to tell. */
	EXPECT_FALSE(disk_of(self->a, "ubda", &d));
	ASSERT_EQ(0, direct(self->a->cg, MB(2), true));
	ASSERT_EQ(0, direct(self->a->cg, MB(1), false));
	ASSERT_TRUE(disk_of(self->a, "ubda", &d));
	EXPECT_LE(MB(1) / 512, (long)d.rsect);
	EXPECT_LE(MB(2) / 512, (long)d.wsect);
	EXPECT_EQ(io_stat(self->a->cg, "rbytes") / 512, d.rsect);
	EXPECT_EQ(io_stat(self->a->cg, "wbytes") / 512, d.wsect);
	EXPECT_EQ(io_stat(self->a->cg, "rios"), d.rios);
	EXPECT_EQ(io_stat(self->a->cg, "wios"), d.wios);
	ASSERT_TRUE(disk_of(&(struct box){ .proc = "/proc" }, "ubda", &host));
	EXPECT_LE(d.rsect, host.rsect);
	EXPECT_LE(d.wsect, host.wsect);
}

TEST_F(io, diskstats_tell_nothing_of_a_sibling)
{
	struct disk d;

	NEEDS_DISK();
	ASSERT_EQ(0, direct(self->b->cg, MB(1), true));
	EXPECT_FALSE(disk_of(self->a, "ubda", &d));
	EXPECT_TRUE(disk_of(self->b, "ubda", &d));
}

TEST_F(io, a_line_has_the_fields_of_the_machines)
{
	char plain[16384], stats[16384];
	int a = 0, b = 0;

	NEEDS_DISK();
	ASSERT_EQ(0, direct(self->a->cg, 65536, true));
	ASSERT_LT(0, file_read("/proc/diskstats", plain, sizeof(plain)));
	ASSERT_LT(0, box_read(self->a, "diskstats", stats, sizeof(stats)));
	plain[strcspn(plain, "\n")] = '\0';
	stats[strcspn(stats, "\n")] = '\0';
	for (char *p = strtok(plain, " "); p; p = strtok(NULL, " "))
		a++;
	for (char *p = strtok(stats, " "); p; p = strtok(NULL, " "))
		b++;
	EXPECT_EQ(a, b);
}

TEST_F(io, vmstat_counts_what_was_read_and_written)
{
	NEEDS_DISK();
	ASSERT_EQ(0, direct(self->a->cg, MB(2), true));
	ASSERT_EQ(0, direct(self->a->cg, MB(1), false));
	EXPECT_EQ((long)io_stat(self->a->cg, "rbytes") / 1024,
		  box_key(self->a, "vmstat", "pgpgin"));
	EXPECT_EQ((long)io_stat(self->a->cg, "wbytes") / 1024,
		  box_key(self->a, "vmstat", "pgpgout"));
	EXPECT_EQ(0, box_key(self->b, "vmstat", "pgpgin"));
}

TEST_F(io, a_removed_cgroup_has_no_diskstats)
{
	char buf[4096];

	NEEDS_DISK();
	ASSERT_EQ(0, direct(self->a->cg, 65536, true));
	proc_kill(self->a->init);
	ASSERT_EQ(0, cg_await_empty(self->a->cg));
	ASSERT_EQ(0, cg_remove(self->a->cg));
	EXPECT_EQ(-ENODEV, box_read(self->a, "diskstats", buf, sizeof(buf)));
}

/* Caches are everybody's: the head, and nothing that could be added up. */
TEST_F(io, slabinfo_is_its_head)
{
	static char plain[262144], stats[262144];
	ssize_t n = file_read("/proc/slabinfo", plain, sizeof(plain));
	char *end;

	if (n == -ENOENT)
		SKIP(return, "no slabinfo here");
	ASSERT_LT(0, n);
	ASSERT_LT(0, box_read(self->a, "slabinfo", stats, sizeof(stats)));
	end = strchr(plain, '\n');
	ASSERT_NE(NULL, end);
	end = strchr(end + 1, '\n');
	ASSERT_NE(NULL, end);
	*end = '\0';
	EXPECT_STREQ(plain, stats);
}

int main(int argc, char **argv)
{
	no_disk = disk_mount();
	return test_harness_run(argc, argv);
}

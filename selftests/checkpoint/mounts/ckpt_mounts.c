// SPDX-License-Identifier: GPL-2.0
/* Mount namespaces come back: what is mounted where and how, and what is in a tmpfs. */
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "kselftest_harness.h"
#include "ckpt-mounts.h"

/* How many lines of it have all of @a and @b in them. */
static int mounts_with(const char *a, const char *b)
{
	char *info = mountinfo(), *line, *save = NULL;
	int n = 0;

	for (line = strtok_r(info, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		n += strstr(line, a) && strstr(line, b);
	free(info);
	return n;
}

static void put_text(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	must(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	must(!fchmod(fd, mode) && !close(fd));
}

static bool has_text(const char *path, const char *text)
{
	char buf[64] = "";

	return file_read(path, buf, sizeof(buf)) >= 0 && !strcmp(buf, text);
}

static void age(const char *path, time_t atime, time_t mtime)
{
	struct timespec ts[2] = { { .tv_sec = atime, .tv_nsec = 7 }, { .tv_sec = mtime, .tv_nsec = 9 } };

	must(!utimensat(AT_FDCWD, path, ts, AT_SYMLINK_NOFOLLOW));
}

static struct stat look(const char *path)
{
	struct stat st;

	memset(&st, 0xff, sizeof(st));
	if (lstat(path, &st))
		memset(&st, 0xff, sizeof(st));
	return st;
}

/* All that stays the same; the number of an inode and its ctime do not. */
static bool same(const char *path, const struct stat *was)
{
	struct stat st = look(path);

	return st.st_mode == was->st_mode && st.st_uid == was->st_uid && st.st_gid == was->st_gid &&
	       st.st_nlink == was->st_nlink && st.st_size == was->st_size &&
	       st.st_rdev == was->st_rdev && st.st_blocks == was->st_blocks &&
	       !memcmp(&st.st_atim, &was->st_atim, sizeof(st.st_atim)) &&
	       !memcmp(&st.st_mtim, &was->st_mtim, sizeof(st.st_mtim));
}

static void own_namespace(void)
{
	must(!unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
}

static void own_tmpfs(const char *options)
{
	own_namespace();
	must(!mount("box", OWN, "tmpfs", MS_NOSUID | MS_NOATIME, options));
}

static const char * const files[] = {
	"", "/dir", "/dir/deep", "/text", "/name", "/dir/holes", "/link", "/fifo", "/null",
	"/dir/deep/secret", "/empty",
};

#define NR_FILES	(sizeof(files) / sizeof(*files))

static void fill_own(void)
{
	int fd, i;
	char path[128];

	must(!mkdir(OWN "/dir", 01750) && !chown(OWN "/dir", 5, 6) && !mkdir(OWN "/dir/deep", 0711));
	put_text(OWN "/text", "some text", 04755);
	must(!link(OWN "/text", OWN "/name"));
	fd = open(OWN "/dir/holes", O_RDWR | O_CREAT, 0640);
	must(fd >= 0 && pwrite(fd, "end", 3, 5 * 4096 + 100) == 3 && !ftruncate(fd, 90000));
	must(!close(fd));
	must(!symlink("dir/deep/../holes", OWN "/link") && !lchown(OWN "/link", 7, 8));
	must(!mkfifo(OWN "/fifo", 0620) && !mknod(OWN "/null", S_IFCHR | 0666, makedev(1, 3)));
	put_text(OWN "/dir/deep/secret", "secret", 0);
	must(!chown(OWN "/dir/deep/secret", 1000, 1001));
	put_text(OWN "/empty", "", 0444);
	for (i = NR_FILES - 1; i >= 0; i--) {
		snprintf(path, sizeof(path), OWN "%s", files[i]);
		age(path, 1000000 + i, i ? 2000000 + i : -5);
	}
}

/* A tmpfs with all that can be in one. */
JOB(tmpfs)
{
	struct stat st[NR_FILES];
	char path[128], *info, text[8];
	size_t i;

	own_tmpfs("size=1m,nr_inodes=100,mode=750,uid=3");
	fill_own();
	for (i = 0; i < NR_FILES; i++) {
		snprintf(path, sizeof(path), OWN "%s", files[i]);
		st[i] = look(path);
	}
	info = mountinfo();
	job_pause();
	job_check(!strcmp(info, mountinfo()));
	for (i = 0; i < NR_FILES; i++) {
		snprintf(path, sizeof(path), OWN "%s", files[i]);
		if (!same(path, &st[i]))
			job_end(files[i]);
	}
	job_check(look(OWN "/text").st_ino == look(OWN "/name").st_ino);
	job_check(has_text(OWN "/name", "some text") && has_text(OWN "/dir/deep/secret", "secret"));
	job_check(readlink(OWN "/link", path, sizeof(path)) == 17 && !memcmp(path, "dir/deep/../holes", 17));
	job_check(open(OWN "/link", O_RDONLY) >= 0);
	i = open(OWN "/dir/holes", O_RDONLY);
	job_check(pread(i, text, 8, 5 * 4096 + 99) == 8 && !memcmp(text, "\0end\0\0\0", 8));
	job_check(lseek(i, 0, SEEK_DATA) == 5 * 4096 && lseek(i, 5 * 4096, SEEK_HOLE) == 6 * 4096);
	job_check(open(OWN "/null", O_RDWR) >= 0);
	/* it is as small as it was */
	i = open(OWN "/more", O_RDWR | O_CREAT, 0600);
	job_check(ftruncate(i, 4 << 20) || posix_fallocate(i, 0, 2 << 20) == ENOSPC);
}

/* Binds of the caller's and of its own, some of them otherwise than what they bind. */
JOB(binds)
{
	char *info;

	own_tmpfs(NULL);
	must(!mkdir(OWN "/a", 0755) && !mkdir(OWN "/b", 0755) && !mkdir(OWN "/c", 0755));
	put_text(OWN "/a/in", "in", 0644);
	put_text(CKPT_DIR "/file", "bound", 0644);
	put_text(OWN "/place", "", 0644);
	/* a directory of its own, read-only; on that another; the caller's; a file */
	must(!mount(OWN "/a", SIDE, NULL, MS_BIND, NULL));
	must(!mount(NULL, SIDE, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOEXEC, NULL));
	must(!mount(OTHER, OWN "/b", NULL, MS_BIND, NULL));
	must(!mount(CKPT_DIR "/file", OWN "/place", NULL, MS_BIND, NULL));
	must(!mount(NULL, OWN "/place", NULL, MS_BIND | MS_REMOUNT | MS_NODIRATIME | MS_NODEV, NULL));
	/* two on top of each other, and one that cannot be bound again */
	must(!mount(OWN "/a", OWN "/c", NULL, MS_BIND, NULL));
	must(!mount(OTHER, OWN "/c", NULL, MS_BIND, NULL));
	must(!mount(NULL, OWN "/b", NULL, MS_UNBINDABLE, NULL));
	/* and the caller's that is gone */
	must(!umount2("/run", MNT_DETACH));
	info = mountinfo();
	must(!mounts_with(" /run ", "tmpfs") && mounts_with(" unbindable ", OWN "/b") == 1);
	job_pause();
	job_check(!strcmp(info, mountinfo()));
	job_check(has_text(SIDE "/in", "in") && has_text(OWN "/place", "bound"));
	job_check(open(SIDE "/new", O_CREAT | O_RDWR, 0600) < 0 && errno == EROFS);
	job_check(open(OWN "/a/new", O_CREAT | O_RDWR, 0600) >= 0 && !access(SIDE "/new", F_OK));
	job_check(access(OWN "/c/in", F_OK));
	job_check(!umount(OWN "/c") && has_text(OWN "/c/in", "in") && !umount(OWN "/c"));
	job_check(mount(OWN "/b", OWN "/c", NULL, MS_BIND, NULL) && errno == EINVAL);
	job_touch(OTHER "/seen");
	job_check(!access(OWN "/b/seen", F_OK));
}

/* Mounts that share events with each other come back so. */
JOB(peers)
{
	char *info;

	own_tmpfs(NULL);
	must(!mkdir(OWN "/a", 0755) && !mkdir(OWN "/a/sub", 0755));
	must(!mount(OWN "/a", SIDE, NULL, MS_BIND, NULL) && !mount(NULL, SIDE, NULL, MS_SHARED, NULL));
	must(!mount(SIDE, OTHER, NULL, MS_BIND, NULL));
	must(mounts_with(" shared:", "") == 2);
	info = mountinfo();
	job_pause();
	job_check(!strcmp(info, mountinfo()));
	job_check(!mount("more", SIDE "/sub", "tmpfs", 0, NULL));
	job_touch(SIDE "/sub/there");
	job_check(!access(OTHER "/sub/there", F_OK) && access(OWN "/a/sub/there", F_OK));
}

/* Of a mount that is shared where the caller is it gets the events, and gives none. */
JOB(slave)
{
	char *info;

	must(!unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL));
	must(mounts_with(" master:", SIDE) == 1 && !mounts_with(" shared:", ""));
	info = mountinfo();
	job_pause();
	job_check(!strcmp(info, mountinfo()));
	/* the test has mounted something there */
	job_touch(CKPT_DIR "/mount-it");
	while (access(SIDE "/sub/there", F_OK))
		ckpt_nap();
	job_check(!mount(OTHER, SIDE "/mine", NULL, MS_BIND, NULL));
}

/* Files of a tmpfs of its own: open, mapped, deleted; directories; a pipe by name. */
JOB(open)
{
	int fd, gone, fifo, before = open(CKPT_DIR "/before", O_RDWR | O_CREAT, 0600), dir;
	char *shared, *private, *of_gone, text[16];
	struct stat st;

	must(before >= 0 && write(before, "before", 6) == 6);
	own_tmpfs(NULL);
	/* to map a file counts as an access */
	must(!mount(NULL, OWN, NULL, MS_BIND | MS_REMOUNT | MS_STRICTATIME, NULL));
	must(!mkdir(OWN "/dir", 0700));
	fd = open(OWN "/dir/file", O_RDWR | O_CREAT | O_APPEND, 0600);
	must(write(fd, "0123456789", 10) == 10 && lseek(fd, 4, SEEK_SET) == 4);
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	private = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	must(shared != MAP_FAILED && private != MAP_FAILED);
	private[1] = 'x';
	gone = open(OWN "/dir/gone", O_RDWR | O_CREAT, 0640);
	must(write(gone, "nameless", 8) == 8);
	of_gone = mmap(NULL, 4096, PROT_READ, MAP_SHARED, gone, 0);
	must(of_gone != MAP_FAILED && !unlink(OWN "/dir/gone"));
	must(!mkfifo(OWN "/fifo", 0600));
	fifo = open(OWN "/fifo", O_RDWR);
	must(write(fifo, "named", 5) == 5 && !chdir(OWN "/dir"));
	dir = open(OWN, O_RDONLY | O_DIRECTORY);
	must(dir >= 0);
	age("file", 11, 12);
	st = look("file");
	job_pause();
	job_check(same("file", &st) && same(OWN "/dir/file", &st));
	job_check(read(fd, text, 3) == 3 && !memcmp(text, "456", 3));
	job_check(!memcmp(shared, "0123456789", 10) && !memcmp(private, "0x23456789", 10));
	shared[2] = 'y';
	job_check(pread(fd, text, 3, 1) == 3 && !memcmp(text, "1y3", 3));
	job_check(write(fd, "abc", 3) == 3 && has_text("file", "01y3456789abc"));
	job_check(pread(gone, text, 8, 0) == 8 && !memcmp(text, "nameless", 8));
	job_check(!memcmp(of_gone, "nameless", 8) && !fstat(gone, &st) && !st.st_nlink);
	job_check(st.st_dev == look(OWN).st_dev && (st.st_mode & 07777) == 0640);
	job_check(read(fifo, text, 8) == 5 && !memcmp(text, "named", 5));
	job_check(pread(before, text, 6, 0) == 6 && !memcmp(text, "before", 6));
	job_check(!faccessat(dir, "dir/file", F_OK, 0));
}

/* A program in it that runs, and has an open file of it, in a child of another namespace. */
JOB(program)
{
	struct baton up = baton_make();
	char path[64], name[64];
	pid_t child, inner;
	ssize_t n;

	own_tmpfs(NULL);
	must(!system("cp /proc/self/exe " OWN "/sleeper 2>/dev/null || cp /bin/busybox " OWN "/sleeper"));
	child = fork();
	if (!child) {
		must(!chmod(OWN "/sleeper", 0755));
		baton_pass(&up, 1);
		execl(OWN "/sleeper", "sleep", "1000", NULL);
		_exit(1);
	}
	baton_take(&up);
	/* a child in yet another one, which begins with a copy of this */
	inner = fork();
	if (!inner) {
		must(!unshare(CLONE_NEWNS) && !umount2(OWN, MNT_DETACH));
		must(!mount("inner", SIDE, "tmpfs", 0, NULL));
		put_text(SIDE "/text", "inner", 0600);
		baton_pass(&up, 1);
		job_await_go();
		child_check(has_text(SIDE "/text", "inner") && access(OWN "/sleeper", F_OK));
		_exit(0);
	}
	baton_take(&up);
	snprintf(path, sizeof(path), "/proc/%d/exe", child);
	do {
		n = readlink(path, name, sizeof(name));
		ckpt_nap();
	} while (n < 0 || n != (ssize_t)strlen(OWN "/sleeper"));
	ckpt_nap();
	job_pause();
	n = readlink(path, name, sizeof(name));
	job_check(n == (ssize_t)strlen(OWN "/sleeper") && !memcmp(name, OWN "/sleeper", n));
	job_check(open(OWN "/sleeper", O_WRONLY) < 0 && errno == ETXTBSY);
	job_check(task_state(child) != 'Z' && !kill(child, SIGTERM));
	job_check(waitpid(child, NULL, 0) == child);
	job_check(child_ends_well(inner) && access(SIDE "/text", F_OK));
}

/* Its root is another one, from which nothing leads to that of the caller. */
JOB(pivot)
{
	char *info;
	int status;

	own_tmpfs("mode=755");
	must(!mkdir(OWN "/tmp", 0755) && !mkdir(OWN "/tmp/ckpt", 0755) && !mkdir(OWN "/proc", 0755));
	must(!mount(CKPT_DIR, OWN "/tmp/ckpt", NULL, MS_BIND, NULL));
	must(!mount("proc", OWN "/proc", "proc", MS_NOSUID, NULL));
	must(!mkdir(OWN "/jail", 0700));
	must(!chdir(OWN) && !syscall(SYS_pivot_root, ".", ".") && !umount2(".", MNT_DETACH) && !chdir("/"));
	info = mountinfo();
	must(access("/bin", F_OK));
	if (!fork()) {
		must(!chroot("/jail") && !chdir("/"));
		while (getppid() == 1)
			ckpt_nap();
		_exit(0);
	}
	job_pause();
	job_check(!strcmp(info, mountinfo()));
	job_check(access("/bin", F_OK) && !access("/jail", F_OK) && !access("/proc/self/maps", F_OK));
	job_check(getpid() == 1 && !kill(2, SIGKILL) && waitpid(2, &status, 0) == 2);
}

/* What cannot be kept. */
JOB(overlay)
{
	own_namespace();
	must(!mkdir(OTHER "/upper", 0755) && !mkdir(OTHER "/work", 0755));
	must(!mount("overlay", SIDE, "overlay", 0,
		    "lowerdir=/etc,upperdir=" OTHER "/upper,workdir=" OTHER "/work"));
	job_pause();
}

/* A child outside has the same tmpfs, in a namespace of its own. */
JOB(elsewhere)
{
	own_tmpfs(NULL);
	if (!fork()) {
		must(!unshare(CLONE_NEWNS));
		job_touch(CKPT_DIR "/inside");
		job_await_go();
		_exit(0);
	}
	while (access(CKPT_DIR "/inside", F_OK))
		ckpt_nap();
	job_pause();
}

JOB(torn)
{
	own_tmpfs(NULL);
	job_outsider();
	job_pause();
}

JOB(socket)
{
	own_tmpfs(NULL);
	must(!mknod(OWN "/socket", S_IFSOCK | 0600, 0));
	job_pause();
}

JOB(xattr)
{
	own_tmpfs(NULL);
	must(!system("touch " OWN "/file && setcap cap_net_raw+ep " OWN "/file 2>/dev/null") ||
	     !syscall(SYS_setxattr, OWN "/file", "trusted.mine", "value", 5, 0));
	job_pause();
}

JOB(readonly)
{
	own_namespace();
	must(!mount("box", OWN, "tmpfs", MS_RDONLY, NULL));
	job_pause();
}

JOB(sharing)
{
	must(!unshare(CLONE_NEWNS));
	job_pause();
}

static void *lonely(void *arg)
{
	must(!unshare(CLONE_NEWNS | CLONE_FS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	job_touch(CKPT_DIR "/inside");
	proc_sleep_forever();
	return NULL;
}

JOB(thread)
{
	pthread_t t;

	must(!pthread_create(&t, NULL, lonely, NULL));
	while (access(CKPT_DIR "/inside", F_OK))
		ckpt_nap();
	job_pause();
}

FIXTURE(mounts) {
};

FIXTURE_SETUP(mounts)
{
	umount2(SIDE "/sub", MNT_DETACH);
	umount2(SIDE, MNT_DETACH);
	ckpt_setup();
	must(!mkdir(OWN, 0755) && !mkdir(SIDE, 0755) && !mkdir(OTHER, 0755));
}

FIXTURE_TEARDOWN(mounts)
{
	umount2(SIDE "/sub", MNT_DETACH);
	umount2(SIDE, MNT_DETACH);
	ckpt_teardown();
}

static void prepare(void)
{
	ckpt_setup();
	must(!mkdir(OWN, 0755) && !mkdir(SIDE, 0755) && !mkdir(OTHER, 0755));
}

static const char * const jobs[] = { "tmpfs", "binds", "peers", "open", "program" };

TEST_F(mounts, a_tmpfs_comes_back_with_all_that_is_in_it)
{
	ASSERT_STREQ(ckpt_round_trip("tmpfs"), "ok");
}

TEST_F(mounts, what_is_bound_where_and_how_comes_back)
{
	ASSERT_STREQ(ckpt_round_trip("binds"), "ok");
}

TEST_F(mounts, peers_share_their_events_again)
{
	ASSERT_STREQ(ckpt_round_trip("peers"), "ok");
}

TEST_F(mounts, files_of_a_tmpfs_are_open_and_mapped_again)
{
	ASSERT_STREQ(ckpt_round_trip("open"), "ok");
}

TEST_F(mounts, a_program_in_a_tmpfs_runs_on_and_a_namespace_within_is_another_one)
{
	ASSERT_STREQ(ckpt_round_trip("program"), "ok");
}

TEST_F(mounts, a_slave_of_the_callers_mounts_is_one_again)
{
	expect_slave(_metadata);
	EXPECT_EQ(mounts_with(SIDE "/mine", ""), 0);
}

TEST_F(mounts, another_root_comes_back_with_a_proc_of_its_own)
{
	pid_t pid = ckpt_start_in("pivot", CLONE_NEWPID);

	ASSERT_EQ(ckpt_save(pid, IMAGE), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	ASSERT_EQ(ckpt_restart(IMAGE), 0) TH_LOG("%s", ckpt_said());
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

TEST_F(mounts, the_original_runs_on_unharmed)
{
	ASSERT_EACH_JOB(jobs, prepare, ckpt_unharmed);
}

TEST_F(mounts, what_was_restarted_can_be_saved_again)
{
	ASSERT_EACH_JOB(jobs, prepare, ckpt_second_generation);
}

TEST_F(mounts, an_image_is_good_for_two_restarts)
{
	ASSERT_STREQ(ckpt_twice("tmpfs"), "ok");
}

/* Where the tmpfs is that the process sees which the tool has made last. */
static dev_t own_device(void)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%ld/root" OWN, file_number(CKPT_DIR "/out"));
	return stat(path, &st) ? 0 : st.st_dev;
}

TEST_F(mounts, two_that_run_side_by_side_have_each_its_own)
{
	pid_t pid = ckpt_start_in("tmpfs", CLONE_NEWPID);
	dev_t first, second;

	ASSERT_EQ(ckpt_save(pid, IMAGE), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	ASSERT_EQ(ckpt_restart(IMAGE), 0) TH_LOG("%s", ckpt_said());
	first = own_device();
	ASSERT_EQ(ckpt_restart(IMAGE), 0) TH_LOG("%s", ckpt_said());
	second = own_device();
	EXPECT_TRUE(first && second && first != second);
	/* both have to see it */
	job_touch(CKPT_DIR "/go");
	EXPECT_EQ(cg_await_empty(CKPT_CG), 0);
	ASSERT_STREQ(ckpt_verdict(), "ok");
	ckpt_reap();
}

TEST_F(mounts, show_prints_them)
{
	char text[32768];
	pid_t pid = ckpt_start("binds");

	ASSERT_EQ(ckpt_save(pid, IMAGE), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	ASSERT_EQ(system("bulkhead image show " IMAGE " | grep -E '^(fs|ns|mount|inode)' >" CKPT_DIR "/out"), 0);
	ASSERT_GT(file_read(CKPT_DIR "/out", text, sizeof(text)), 0);
	EXPECT_NE(strstr(text, "fs 1: kind=\"tmpfs\" source=\"box\""), NULL) TH_LOG("%s", text);
	EXPECT_NE(strstr(text, "source=\"" OTHER "\""), NULL) TH_LOG("%s", text);
	EXPECT_NE(strstr(text, "fs=1 path=\"/a/in\""), NULL) TH_LOG("%s", text);
	EXPECT_EQ(system("bulkhead image show --json " IMAGE " | grep -q '\"type\": \"mount\"'"), 0);
}

TEST_F(mounts, what_the_caller_has_not_any_more_is_an_error_and_nothing_is_left)
{
	pid_t pid = ckpt_start("binds");

	ASSERT_EQ(ckpt_save(pid, IMAGE), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	ASSERT_EQ(rename(OTHER, CKPT_DIR "/moved"), 0);
	EXPECT_EQ(ckpt_restart(IMAGE), 1);
	EXPECT_NE(strstr(ckpt_said(), "mount " OTHER ": No such file"), NULL) TH_LOG("%s", ckpt_said());
	EXPECT_EQ(cg_await_empty(CKPT_CG), 0);
	ckpt_reap();
	ASSERT_EQ(rename(CKPT_DIR "/moved", OTHER), 0);
	EXPECT_EQ(ckpt_restart(IMAGE), 0) TH_LOG("%s", ckpt_said());
	EXPECT_STREQ(ckpt_verdict(), "ok");
}

TEST_F(mounts, who_may_not_mount_gets_no_mounts)
{
	pid_t pid = ckpt_start("tmpfs"), child;

	ASSERT_EQ(ckpt_save(pid, IMAGE), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	child = fork();
	if (!child) {
		must(!prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN));
		_exit(ckpt_restart(IMAGE));
	}
	EXPECT_EQ(proc_end(child), 1);
	EXPECT_NE(strstr(ckpt_said(), "a mount namespace: Operation not permitted"), NULL)
		TH_LOG("%s", ckpt_said());
	EXPECT_EQ(cg_await_empty(CKPT_CG), 0);
}

/* An image shows no more than who takes it may read. */
TEST_F(mounts, who_may_not_read_a_file_may_not_save_it)
{
	pid_t pid = ckpt_start("tmpfs"), child;

	child = fork();
	if (!child) {
		must(!prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE) &&
		     !prctl(PR_CAPBSET_DROP, CAP_DAC_READ_SEARCH));
		_exit(ckpt_save(pid, IMAGE));
	}
	EXPECT_EQ(proc_end(child), 1);
	EXPECT_NE(strstr(ckpt_said(), "no permission to read /dir"), NULL)
		TH_LOG("%s", ckpt_said());
	EXPECT_STREQ(ckpt_verdict(), "ok");
	EXPECT_EQ(proc_end(pid), 0);
}

TEST_F(mounts, what_an_image_cannot_hold_is_refused_by_name)
{
	static const struct {
		const char *job, *said;
	} refused[] = {
		{ "overlay", "mount " SIDE ": a file system of type overlay" },
		{ "socket", "mount " OWN ": /socket, a socket, is" },
		{ "xattr", "mount " OWN ": /file, which has extended attributes, is" },
		{ "readonly", "mount " OWN ": a tmpfs with options beyond" },
		{ "sharing", "mount " SIDE ": sharing events with a mount outside is" },
		{ "torn", "a mount namespace that it shares with the tree is" },
		{ "thread", "a mount namespace that no first thread of a process has is" },
		{ "elsewhere", "mount " OWN ": a file system that is mounted elsewhere" },
	};
	size_t i;
	pid_t pid;

	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		umount2(SIDE, MNT_DETACH);
		prepare();
		if (!strcmp(refused[i].job, "sharing")) {
			ASSERT_EQ(mount(SIDE, SIDE, NULL, MS_BIND, NULL), 0);
			ASSERT_EQ(mount(NULL, SIDE, NULL, MS_SHARED, NULL), 0);
		}
		pid = ckpt_start(refused[i].job);
		if (!strcmp(refused[i].job, "torn"))
			pid = file_number(CKPT_DIR "/child");
		EXPECT_EQ(ckpt_save(pid, IMAGE), 1) TH_LOG("%s", refused[i].job);
		EXPECT_NE(strstr(ckpt_said(), refused[i].said), NULL)
			TH_LOG("%s: %s", refused[i].job, ckpt_said());
		must(!cg_write(CKPT_CG, "cgroup.kill", "1"));
		must(!cg_await_empty(CKPT_CG));
		ckpt_reap();
	}
}

TEST_HARNESS_MAIN

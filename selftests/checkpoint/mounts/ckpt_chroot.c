// SPDX-License-Identifier: GPL-2.0
/* A root directory of one's own comes back, and what lies within and without. */
#include <linux/capability.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include "kselftest_harness.h"
#include "ckpt.h"

#define IMAGE	CKPT_DIR "/image"
#define JAIL	CKPT_DIR "/jail"

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static bool names(const char *link, const char *want)
{
	char text[256];
	ssize_t n = readlink(link, text, sizeof(text) - 1);

	if (n < 0)
		return false;
	text[n] = '\0';
	return !strcmp(text, want);
}

/*
 * Its root is a directory in which it sees CKPT_DIR where that is for others;
 * a file within and one outside are open, one is mapped. A child has another
 * root within, and its current directory outside of it.
 */
JOB(jail)
{
	int in, out = open(CKPT_DIR "/outside", O_RDWR | O_CREAT, 0600), inner;
	struct baton up = baton_make();
	struct stat before, now;
	char *map, text[16];
	pid_t child;

	must(out >= 0 && write(out, "outside", 7) == 7);
	must(!chroot(JAIL) && !chdir("/deep"));
	in = open("/within", O_RDWR | O_CREAT, 0600);
	must(in >= 0 && write(in, "within", 6) == 6);
	map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, in, 0);
	must(map != MAP_FAILED && !stat("/", &before));
	child = fork();
	if (!child) {
		inner = open("/tmp/ckpt", O_PATH | O_DIRECTORY);
		must(inner >= 0 && !chroot("/deep") && !fchdir(inner));
		baton_pass(&up, 1);
		/* from its current directory, which is not below its root */
		while (access("go", F_OK))
			ckpt_nap();
		child_check(!access("/inmost", F_OK) && access("/tmp", F_OK));
		child_check(!access("jail/within", F_OK));
		_exit(0);
	}
	baton_take(&up);
	job_pause();
	job_check(!stat("/", &now) && now.st_ino == before.st_ino && now.st_dev == before.st_dev);
	job_check(!access("/within", F_OK) && access("/etc", F_OK));
	job_check(same_file(".", "/deep") && !access("inmost", F_OK));
	job_check(pread(out, text, 7, 0) == 7 && !memcmp(text, "outside", 7));
	job_check(!memcmp(map, "within", 6) && pread(in, text, 6, 0) == 6);
	job_check(child_ends_well(child));
}

/* Its root has been deleted. */
JOB(gone)
{
	must(!mkdir(CKPT_DIR "/gone", 0700) && !chroot(CKPT_DIR "/gone"));
	/* by its current directory, which it has not left */
	must(!rmdir("tmp/ckpt/gone"));
	job_touch("tmp/ckpt/ready");
	proc_sleep_forever();
}

FIXTURE(root) {
};

FIXTURE_SETUP(root)
{
	umount2(JAIL "/tmp/ckpt", MNT_DETACH);
	ckpt_setup();
	must(!mkdir(JAIL, 0755) && !mkdir(JAIL "/deep", 0755) && !mkdir(JAIL "/tmp", 0755));
	must(!mkdir(JAIL "/tmp/ckpt", 0755));
	must(!mount(CKPT_DIR, JAIL "/tmp/ckpt", NULL, MS_BIND, NULL));
	job_touch(JAIL "/deep/inmost");
}

FIXTURE_TEARDOWN(root)
{
	umount2(JAIL "/tmp/ckpt", MNT_DETACH);
	ckpt_teardown();
}

TEST_F(root, comes_back_and_so_do_paths_within_and_without)
{
	char path[64];
	pid_t pid = ckpt_start("jail");

	ASSERT_EQ(ckpt_save(pid, IMAGE), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	ASSERT_EQ(ckpt_restart(IMAGE), 0) TH_LOG("%s", ckpt_said());
	snprintf(path, sizeof(path), "/proc/%d/root", pid);
	EXPECT_TRUE(names(path, JAIL));
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

TEST_F(root, the_original_runs_on_unharmed)
{
	ASSERT_STREQ(ckpt_unharmed("jail"), "ok");
}

TEST_F(root, what_was_restarted_can_be_saved_again)
{
	ASSERT_STREQ(ckpt_second_generation("jail"), "ok");
}

TEST_F(root, that_is_not_there_any_more_is_an_error)
{
	pid_t pid = ckpt_start("jail");

	ASSERT_EQ(ckpt_save(pid, IMAGE), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	ASSERT_EQ(rename(JAIL, CKPT_DIR "/moved"), 0);
	EXPECT_EQ(ckpt_restart(IMAGE), 1);
	EXPECT_NE(strstr(ckpt_said(), JAIL), NULL) TH_LOG("%s", ckpt_said());
	ASSERT_EQ(rename(CKPT_DIR "/moved", JAIL), 0);
}

TEST_F(root, that_is_deleted_is_refused)
{
	pid_t pid = ckpt_start("gone");

	EXPECT_EQ(ckpt_save(pid, IMAGE), 1);
	EXPECT_NE(strstr(ckpt_said(), "root directory: " CKPT_DIR "/gone"), NULL)
		TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
}

TEST_F(root, who_may_not_change_it_gets_none)
{
	pid_t pid = ckpt_start("jail"), child;

	ASSERT_EQ(ckpt_save(pid, IMAGE), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	child = fork();
	if (!child) {
		must(!prctl(PR_CAPBSET_DROP, CAP_SYS_CHROOT));
		_exit(ckpt_restart(IMAGE));
	}
	EXPECT_EQ(proc_end(child), 1);
	EXPECT_NE(strstr(ckpt_said(), "its root directory cannot be set"), NULL)
		TH_LOG("%s", ckpt_said());
	ASSERT_EQ(cg_await_empty(CKPT_CG), 0);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/* Mount namespaces of user namespaces come back: what is locked there, and whose files are whose. */
#include <dirent.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include "checkpoint.h"
#include "kselftest_harness.h"
#include "ckpt-mounts.h"
#include "forge.h"
#include "usermap.h"

#define GIVEN	CKPT_DIR "/given"	/* a read-only mount of the test's */

#define GIVEN_FLAGS	(MS_NOSUID | MS_NODEV | MS_NOEXEC)
#define MAP	"0 10000 1000\n5000 20000 10"

static void put_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	must(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && !close(fd));
}

static bool has_text(const char *path, const char *text)
{
	char buf[64] = "";

	return file_read(path, buf, sizeof(buf)) >= 0 && !strcmp(buf, text);
}

static bool is_owned(const char *path, uid_t uid, gid_t gid)
{
	struct stat st;

	return !lstat(path, &st) && st.st_uid == uid && st.st_gid == gid;
}

/* Whether a call fails with @err. */
static bool fails(int ret, int err)
{
	return ret == -1 && errno == err;
}

static int remount(const char *path, unsigned long flags)
{
	return mount(NULL, path, NULL, MS_BIND | MS_REMOUNT | flags, NULL);
}

/* Moves the caller, who may, to a new user namespace as @id there: its maps come from outside. */
static void enter_user(const char *map, uid_t id)
{
	struct baton made = baton_make();
	char outside[16] = "";
	int status;
	pid_t pid;

	/* by the pid that is known where /proc was mounted */
	must(readlink("/proc/self", outside, sizeof(outside) - 1) > 0);
	pid = fork();
	if (!pid) {
		baton_take(&made);
		must(!userns_write(atoi(outside), "uid_map", map) && !userns_write(atoi(outside), "gid_map", map));
		_exit(0);
	}
	must(!unshare(CLONE_NEWUSER));
	baton_pass(&made, 1);
	must(waitpid(pid, &status, 0) == pid && !status);
	close(made.fd[0]);
	close(made.fd[1]);
	must(!prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP));
	must(!setgroups(0, NULL) && !setresgid(id, id, id) && !setresuid(id, id, id));
	must(!prctl(PR_SET_DUMPABLE, 1));
}

/* A mount namespace of the caller's, from which nothing comes and to which nothing goes. */
static void own_namespace(void)
{
	must(!unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
}

static void own_tmpfs(void)
{
	own_namespace();
	must(!mount("box", OWN, "tmpfs", MS_NOSUID | MS_NOATIME, "size=1m,nr_inodes=100,mode=755"));
}

/*
 * What a less privileged mount namespace must not do, and what it may: NULL, or what is
 * wrong. @err: how unmounting fails.
 */
static const char *locks_of_given(int err)
{
	if (!fails(umount2(GIVEN, MNT_DETACH), err))
		return "a locked mount is unmounted";
	if (!fails(remount(GIVEN, GIVEN_FLAGS), EPERM))
		return "a locked mount is writable";
	if (!fails(remount(GIVEN, MS_RDONLY | (GIVEN_FLAGS & ~MS_NOSUID)), EPERM) ||
	    !fails(remount(GIVEN, MS_RDONLY | (GIVEN_FLAGS & ~MS_NODEV)), EPERM) ||
	    !fails(remount(GIVEN, MS_RDONLY | (GIVEN_FLAGS & ~MS_NOEXEC)), EPERM) ||
	    !fails(remount(GIVEN, MS_RDONLY | GIVEN_FLAGS | MS_NOATIME), EPERM))
		return "a locked mount has lost a flag";
	if (!fails(open(GIVEN "/new", O_WRONLY | O_CREAT, 0600), EROFS) || !has_text(GIVEN "/in", "given"))
		return "a locked mount is another one";
	return NULL;
}

static const char *locks(void)
{
	if (!fails(umount2("/proc", MNT_DETACH), EINVAL))
		return "a locked mount is unmounted";
	if (remount(GIVEN, MS_RDONLY | GIVEN_FLAGS | MS_RELATIME))
		return "a locked mount cannot stay as it is";
	return locks_of_given(EINVAL);
}

#define job_check_locks() do {						\
	const char *wrong = locks();					\
									\
	if (wrong)							\
		job_end(wrong);						\
} while (0)

static void fill_own(void)
{
	must(!mkdir(OWN "/dir", 01750) && !chown(OWN "/dir", 5, 6));
	put_text(OWN "/dir/text", "some text");
	must(!chown(OWN "/dir/text", 5003, 7) && !chmod(OWN "/dir/text", 04755));
	must(!link(OWN "/dir/text", OWN "/name") && !mkfifo(OWN "/fifo", 0620));
	must(!symlink("dir/text", OWN "/link") && !lchown(OWN "/link", 8, 5009));
}

/* Its own mounts can be changed as before. */
static void check_own(void)
{
	job_check(has_text(OWN "/name", "some text") && is_owned(OWN "/dir", 5, 6));
	job_check(is_owned(OWN "/dir/text", 5003, 7) && is_owned(OWN "/link", 8, 5009));
	/* ids of the user namespace, and no others, are those of its tmpfs */
	job_check(!chown(OWN "/dir", 5009, 999) && is_owned(OWN "/dir", 5009, 999));
	job_check(fails(chown(OWN "/dir", 1000, 0), EINVAL) && fails(chown(OWN "/dir", 0, 5010), EINVAL));
	job_check(fails(mknod(OWN "/null", S_IFCHR | 0666, 0x103), EPERM));
	job_check(!mount(NULL, OWN, NULL, MS_REMOUNT, "size=2m"));
	job_check(!remount(OWN, MS_NOEXEC | MS_NODEV) && !remount(OWN, MS_STRICTATIME));
	job_check(open(OWN "/new", O_CREAT | O_RDWR, 0600) >= 0 && is_owned(OWN "/new", 0, 0));
}

/* A tmpfs, binds, what was there before, and something on top of that. */
JOB(all)
{
	int fd, gone;
	char *info, *map, text[16];

	enter_user(MAP, 0);
	own_tmpfs();
	fill_own();
	must(!mount(OTHER, SIDE, NULL, MS_BIND, NULL) && !remount(SIDE, MS_RDONLY));
	must(!mount(OWN "/dir", OTHER, NULL, MS_BIND, NULL));
	must(!mount("over", GIVEN, "tmpfs", 0, NULL));
	fd = open(OWN "/dir/text", O_RDWR);
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(map != MAP_FAILED);
	gone = open(OWN "/gone", O_RDWR | O_CREAT, 0640);
	must(write(gone, "nameless", 8) == 8 && !fchown(gone, 5001, 5002) && !unlink(OWN "/gone"));
	info = mountinfo();
	job_pause();
	job_check(!strcmp(info, mountinfo()));
	job_check(!memcmp(map, "some text", 9) && pread(fd, text, 4, 0) == 4 && !memcmp(text, "some", 4));
	map[0] = 'S';
	job_check(pread(fd, text, 4, 0) == 4 && !memcmp(text, "Some", 4));
	map[0] = 's';
	job_check(pread(gone, text, 8, 0) == 8 && !memcmp(text, "nameless", 8));
	job_check(!fchown(gone, 5009, -1) && fails(fchown(gone, 2000, -1), EINVAL));
	check_own();
	/* what it has mounted itself it may unmount; what is below is still locked */
	job_check(!umount(GIVEN) && !umount(OTHER) && !remount(SIDE, 0) && !umount(SIDE));
	job_check_locks();
	umount2(OWN, MNT_DETACH);
	job_check(access(OWN "/name", F_OK));
}

/* Nobody there is root, or whoever restarts. */
JOB(rootless)
{
	char *info;

	enter_user("5 30000 10", 7);
	own_namespace();
	must(!mount("box", OWN, "tmpfs", 0, "uid=9,gid=8,mode=700"));
	put_text(OWN "/text", "some text");
	must(!chown(OWN "/text", 14, 5) && !chown(OWN, 6, 7));
	info = mountinfo();
	job_pause();
	job_check(!strcmp(info, mountinfo()));
	job_check(is_owned(OWN, 6, 7) && is_owned(OWN "/text", 14, 5) && has_text(OWN "/text", "some text"));
	job_check(fails(chown(OWN "/text", 0, -1), EINVAL) && fails(chown(OWN "/text", 15, -1), EINVAL));
	put_text(OWN "/new", "");
	job_check(is_owned(OWN "/new", 7, 7));
	job_check_locks();
	job_check(!umount(OWN));
}

/* What @job_nested's child below does, and a child of that, who is in the same. */
static void be_below(struct baton *up)
{
	pid_t same;
	char *info;

	enter_user("0 50 10\n20 100 5", 0);
	own_tmpfs();
	must(!mkdir(OWN "/dir", 0700) && !chown(OWN "/dir", 24, 3));
	info = mountinfo();
	same = fork();
	if (!same) {
		baton_pass(up, 1);
		job_await_go();
		child_check(!strcmp(info, mountinfo()) && is_owned(OWN "/dir", 24, 3));
		while (access(OWN "/made", F_OK))
			ckpt_nap();
		_exit(0);
	}
	baton_pass(up, 1);
	job_await_go();
	child_check(!strcmp(info, mountinfo()) && is_owned(OWN "/dir", 24, 3) && !locks());
	child_check(fails(chown(OWN "/dir", 10, 0), EINVAL));
	put_text(OWN "/made", "");
	child_check(child_ends_well(same));
	/* the job looks at it from outside */
	while (access(CKPT_DIR "/end", F_OK))
		ckpt_nap();
	_exit(0);
}

/* A user namespace in one; the outer one's root may there what it may. */
JOB(nested)
{
	struct baton up = baton_make();
	char path[64];
	pid_t below;

	enter_user(MAP, 0);
	below = fork();
	if (!below)
		be_below(&up);
	baton_take(&up);
	baton_take(&up);
	snprintf(path, sizeof(path), "/proc/%d/root" OWN "/dir", below);
	must(is_owned(path, 104, 53));
	job_pause();
	job_check(is_owned(path, 104, 53));
	job_check(access(OWN "/dir", F_OK) && fails(umount2(GIVEN, MNT_DETACH), EPERM));
	job_touch(CKPT_DIR "/end");
	job_check(child_ends_well(below));
}

/* Two that share a parent's user namespace have each a mount namespace that this owns. */
JOB(two)
{
	struct baton up = baton_make();
	char name[16];
	pid_t pid[2];
	int i;

	enter_user(MAP, 0);
	for (i = 0; i < 2; i++) {
		pid[i] = fork();
		if (pid[i])
			continue;
		snprintf(name, sizeof(name), "child %d", i);
		own_tmpfs();
		put_text(OWN "/text", name);
		baton_pass(&up, 1);
		job_await_go();
		child_check(has_text(OWN "/text", name) && !locks());
		_exit(0);
	}
	baton_take(&up);
	baton_take(&up);
	job_pause();
	job_check(child_ends_well(pid[0]) && child_ends_well(pid[1]));
}

/* From shared mounts it gets what is mounted there, with flags that are locked. */
JOB(slave)
{
	char *info;

	enter_user(MAP, 0);
	must(!unshare(CLONE_NEWNS));
	info = mountinfo();
	must(strstr(info, " master:"));
	job_pause();
	job_check(!strcmp(info, mountinfo()));
	job_touch(CKPT_DIR "/mount-it");
	while (access(SIDE "/sub/there", F_OK))
		ckpt_nap();
	job_check(fails(remount(SIDE "/sub", MS_NOATIME), EPERM));
	job_check(!mount(OTHER, SIDE "/mine", NULL, MS_BIND, NULL) && !umount(SIDE "/mine"));
	job_check_locks();
}

/* As a container has it where mounts are shared: events come in, and none go out. */
JOB(slaves)
{
	char *info;

	enter_user(MAP, 0);
	must(!unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL));
	must(!mount("box", OWN, "tmpfs", 0, NULL) && !mount(OTHER, SIDE, NULL, MS_BIND, NULL));
	info = mountinfo();
	job_pause();
	job_check(!strcmp(info, mountinfo()));
	job_check_locks();
	job_check(!umount(OWN) && !umount(SIDE));
}

/* Its root is another one: what it has bound there is its own, and that is all. */
JOB(pivot)
{
	char *info;

	enter_user(MAP, 0);
	own_tmpfs();
	must(!mkdir(OWN "/tmp", 0755) && !mkdir(OWN "/tmp/ckpt", 0755) && !mkdir(OWN "/proc", 0755));
	must(!mount(CKPT_DIR, OWN "/tmp/ckpt", NULL, MS_BIND | MS_REC, NULL));
	must(!mount("/proc", OWN "/proc", NULL, MS_BIND | MS_REC, NULL));
	must(!chdir(OWN) && !syscall(SYS_pivot_root, ".", ".") && !umount2(".", MNT_DETACH) && !chdir("/"));
	info = mountinfo();
	must(access("/bin", F_OK));
	job_pause();
	job_check(!strcmp(info, mountinfo()) && access("/bin", F_OK));
	job_check(fails(umount2("/", MNT_DETACH), EINVAL));
	job_check(is_owned("/tmp", 0, 0) && fails(remount("/tmp/ckpt/given", GIVEN_FLAGS), EPERM));
	job_check(fails(umount2("/tmp/ckpt/given", MNT_DETACH), EINVAL) && !umount2("/proc", MNT_DETACH));
}

/* Nothing of its own: what was given to it, it cannot change. */
JOB(given)
{
	enter_user(MAP, 0);
	own_namespace();
	job_pause();
	job_check(!locks_of_given(EINVAL));
}

/* The same, in a mount namespace that is not its user namespace's. */
JOB(powerless)
{
	enter_user(MAP, 0);
	own_namespace();
	job_pause();
	job_check(!locks_of_given(EPERM));
}

/* A device, which root there could not have made. */
JOB(device)
{
	struct baton made = baton_make(), go = baton_make();
	char path[64];
	pid_t outside = getpid();

	if (!fork()) {
		baton_take(&go);
		snprintf(path, sizeof(path), "/proc/%d/root" OWN "/null", outside);
		must(!prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP));
		must(!setresgid(10000, 10000, 10000) && !setresuid(10000, 10000, 10000));
		must(!mknod(path, S_IFCHR | 0666, 0x103));
		baton_pass(&made, 1);
		_exit(0);
	}
	enter_user("0 10000 1000", 0);
	own_tmpfs();
	must(!chmod(OWN, 0777));
	baton_pass(&go, 1);
	baton_take(&made);
	must(wait(NULL) > 0);
	job_pause();
}

/* A tmpfs that is not of the user namespace that its mount namespace is of. */
JOB(foreign)
{
	struct baton made = baton_make(), go = baton_make();
	char path[64];
	pid_t outside = getpid();
	int fd;

	if (!fork()) {
		baton_take(&go);
		snprintf(path, sizeof(path), "/proc/%d/ns/mnt", outside);
		fd = open(path, O_RDONLY);
		must(fd >= 0 && !setns(fd, CLONE_NEWNS));
		must(!mount("box", OWN, "tmpfs", 0, NULL));
		baton_pass(&made, 1);
		_exit(0);
	}
	enter_user(MAP, 0);
	own_namespace();
	baton_pass(&go, 1);
	baton_take(&made);
	must(wait(NULL) > 0);
	job_pause();
}

static void drop_mounts(void)
{
	umount2(SIDE "/sub", MNT_DETACH);
	umount2(SIDE, MNT_DETACH);
	umount2(GIVEN, MNT_DETACH);
}

static void prepare(void)
{
	drop_mounts();
	ckpt_setup();
	must(!mkdir(OWN, 0755) && !mkdir(SIDE, 0755) && !mkdir(OTHER, 0777) && !mkdir(GIVEN, 0755));
	must(!chmod(OTHER, 0777) && !mount("given", GIVEN, "tmpfs", 0, NULL));
	put_text(GIVEN "/in", "given");
	must(!remount(GIVEN, MS_RDONLY | GIVEN_FLAGS));
}

FIXTURE(usermounts) {
};

FIXTURE_SETUP(usermounts)
{
	prepare();
}

FIXTURE_TEARDOWN(usermounts)
{
	must(!chown("/sys/fs/cgroup/cgroup.procs", 0, 0));
	ckpt_teardown();
	drop_mounts();
}

static const char * const jobs[] = { "all", "rootless", "nested", "two", "slaves", "pivot" };

TEST_F(usermounts, come_back_with_locks_and_owners)
{
	ASSERT_STREQ(ckpt_round_trip("all"), "ok");
}

TEST_F(usermounts, of_which_nobody_is_root)
{
	ASSERT_STREQ(ckpt_round_trip("rootless"), "ok");
}

TEST_F(usermounts, in_a_user_namespace_in_another)
{
	ASSERT_STREQ(ckpt_round_trip("nested"), "ok");
}

TEST_F(usermounts, two_of_one_user_namespace)
{
	ASSERT_STREQ(ckpt_round_trip("two"), "ok");
}

TEST_F(usermounts, with_another_root)
{
	ASSERT_STREQ(ckpt_round_trip("pivot"), "ok");
}

TEST_F(usermounts, the_original_runs_on_unharmed)
{
	ASSERT_EACH_JOB(jobs, prepare, ckpt_unharmed);
}

TEST_F_TIMEOUT(usermounts, what_was_restarted_can_be_saved_again, 120)
{
	ASSERT_EACH_JOB(jobs, prepare, ckpt_second_generation);
}

TEST_F(usermounts, an_image_is_good_for_two_restarts)
{
	ASSERT_STREQ(ckpt_twice("all"), "ok");
}

TEST_F(usermounts, slaves_of_the_callers_mounts_are_slaves_again)
{
	expect_slave(_metadata);
}

/* What @path is in the process that the tool has made last. */
static struct stat look_in(const char *path)
{
	struct stat st = { 0 };
	char full[256];

	snprintf(full, sizeof(full), "/proc/%ld/root%s", file_number(CKPT_DIR "/out"), path);
	must(!stat(full, &st));
	return st;
}

TEST_F(usermounts, two_that_run_side_by_side_have_each_its_own)
{
	pid_t pid = ckpt_start_in("all", CLONE_NEWPID);
	struct stat first, second;

	ASSERT_EQ(ckpt_save(pid, IMAGE), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	ASSERT_EQ(ckpt_restart(IMAGE), 0) TH_LOG("%s", ckpt_said());
	first = look_in(OWN "/dir/text");
	ASSERT_EQ(ckpt_restart(IMAGE), 0) TH_LOG("%s", ckpt_said());
	second = look_in(OWN "/dir/text");
	/* who they are outside */
	EXPECT_EQ(first.st_uid, 20003);
	EXPECT_EQ(first.st_gid, 10007);
	EXPECT_NE(first.st_dev, second.st_dev);
	/* both have to see it */
	job_touch(CKPT_DIR "/go");
	EXPECT_EQ(cg_await_empty(CKPT_CG), 0);
	ASSERT_STREQ(ckpt_verdict(), "ok");
	ckpt_reap();
}

TEST_F(usermounts, show_prints_them)
{
	char text[32768];
	pid_t pid = ckpt_start("all");

	ASSERT_EQ(ckpt_save(pid, IMAGE), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	ASSERT_EQ(system("bulkhead image show " IMAGE " | grep -E '^(ns|mount|inode)' >" CKPT_DIR "/out"), 0);
	ASSERT_GT(file_read(CKPT_DIR "/out", text, sizeof(text)), 0);
	EXPECT_NE(strstr(text, "kind=\"mount\" owner=1 "), NULL) TH_LOG("%s", text);
	EXPECT_NE(strstr(text, "locks=[mount rdonly nosuid nodev noexec atime]"), NULL) TH_LOG("%s", text);
	EXPECT_NE(strstr(text, "uid=5003 gid=7"), NULL) TH_LOG("%s", text);
	EXPECT_EQ(system("bulkhead image show --json " IMAGE " | grep -q '\"locks\": \\[\"mount\", \"atime\"\\]'"), 0);
}

TEST_F(usermounts, what_an_image_cannot_hold_is_refused_by_name)
{
	static const struct {
		const char *job, *said;
	} refused[] = {
		{ "device", "mount " OWN ": /null, a device in a user namespace, is" },
		{ "foreign", "mount " OWN ": a tmpfs of another user namespace than its mount namespace is" },
	};
	size_t i;
	pid_t pid;

	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		prepare();
		pid = ckpt_start(refused[i].job);
		EXPECT_EQ(ckpt_save(pid, IMAGE), 1) TH_LOG("%s", refused[i].job);
		EXPECT_NE(strstr(ckpt_said(), refused[i].said), NULL)
			TH_LOG("%s: %s", refused[i].job, ckpt_said());
		ckpt_kill(pid);
	}
}

static const char *mount_point(const struct ckpt_record *r)
{
	return ((const struct ckpt_mount *)(r + 1))->data;
}

static const char *mount_source(const struct ckpt_record *r)
{
	return mount_point(r) + strlen(mount_point(r)) + 1;
}

/* All locks are gone. */
static void without_locks(struct ckpt_record *r)
{
	if (r->type == CKPT_MOUNT)
		((struct ckpt_mount *)(r + 1))->flags &= ~CKPT_MOUNT_LOCKS;
}

/* What was read-only is not. */
static void writable(struct ckpt_record *r)
{
	without_locks(r);
	if (r->type == CKPT_MOUNT)
		((struct ckpt_mount *)(r + 1))->attr &= ~MOUNT_ATTR_RDONLY;
}

/* In its place there is what is below it. */
static void revealed(struct ckpt_record *r)
{
	without_locks(r);
	if (r->type == CKPT_MOUNT && !strcmp(mount_source(r), GIVEN))
		memcpy(strstr(mount_source(r), "given"), "other", 5);
}

/* It is not mounted there. */
static void elsewhere(struct ckpt_record *r)
{
	without_locks(r);
	if (r->type == CKPT_MOUNT && !strcmp(mount_point(r), "/given"))
		memcpy(strstr(mount_point(r), "given"), "other", 5);
}

/* Mount namespaces are of whoever restarts. */
static void disowned(struct ckpt_record *r)
{
	struct ckpt_ns *ns = (void *)(r + 1);

	if (r->type == CKPT_NS && ns->kind == CKPT_NS_MNT)
		ns->owner = 0;
}

/* Writes CKPT_DIR/forged, which is IMAGE with every record changed. */
static void forge(void (*change)(struct ckpt_record *r))
{
	struct ckpt_record *r;

	forge_load(IMAGE);
	for (r = forge_next(NULL); r; r = forge_next(r))
		change(r);
	forge_save(CKPT_DIR "/forged");
}

TEST_F(usermounts, of_another_owner_give_no_rights)
{
	pid_t pid = ckpt_start("powerless");

	ASSERT_EQ(ckpt_save(pid, IMAGE), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	forge(disowned);
	ASSERT_EQ(ckpt_restart(CKPT_DIR "/forged"), 0) TH_LOG("%s", ckpt_said());
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

/* The id of the first mount namespace of IMAGE, and how many mounts it has. */
static unsigned int first_mntns(unsigned int *mounts)
{
	struct ckpt_record *r;
	unsigned int id = 0;

	forge_load(IMAGE);
	for (r = forge_next(NULL); r && !id; r = forge_next(r))
		if (r->type == CKPT_NS && ((struct ckpt_ns *)(r + 1))->kind == CKPT_NS_MNT) {
			*mounts = ((struct ckpt_mntns *)((struct ckpt_ns *)(r + 1))->data)->mounts;
			id = r->id;
		}
	return id;
}

/* Asks for the locks of the mount at @path. Returns 0, or the error number. */
static int lock(int dev, unsigned int ns, unsigned int mount, const char *path)
{
	struct checkpoint_mount m = {
		.ns = ns, .mount = mount, .fd = open(path, O_PATH | O_CLOEXEC),
	};
	int err = ioctl(dev, CHECKPOINT_MOUNT, &m) ? errno : 0;

	close(m.fd);
	return err;
}

/* A device with an image of @job loaded, all of whose MOUNTs are locked. */
static int load_job(const char *job, pid_t *pid)
{
	struct checkpoint_load load = { 0 };
	int dev = open("/dev/checkpoint", O_RDWR | O_CLOEXEC);

	*pid = ckpt_start(job);
	must(!ckpt_save(*pid, IMAGE));
	ckpt_kill(*pid);
	load.fd = open(IMAGE, O_RDONLY | O_CLOEXEC);
	must(dev >= 0 && load.fd >= 0 && lock(dev, 1, 1, "/") == EINVAL);
	must(!ioctl(dev, CHECKPOINT_LOAD, &load) && !close(load.fd));
	return dev;
}

TEST_F(usermounts, a_mount_is_locked_once_and_none_is_left_out)
{
	struct checkpoint_mount odd = { .reserved = 1 };
	unsigned int ns, n;
	pid_t pid;
	int dev = load_job("given", &pid);

	ns = first_mntns(&n);
	ASSERT_GT(n, 2);
	pid = proc_fork_bound(CLONE_NEWNS);
	if (!pid) {
		must(!mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
		must(!mount("plain", OWN, "tmpfs", 0, NULL) && !mkdir(OWN "/dir", 0755));
		must(!mount("odd", SIDE, "tmpfs", MS_NODEV, NULL));
		must(ioctl(dev, CHECKPOINT_MOUNT, &odd) && errno == EINVAL);
		must(lock(dev, ns, 1, "/nowhere") == EBADF);
		must(lock(dev, 0, 1, OWN) == ESRCH && lock(dev, 99, 1, OWN) == ESRCH);
		must(lock(dev, 3 - ns, 1, OWN) == ESRCH);
		must(lock(dev, ns, 0, OWN) == ESRCH && lock(dev, ns, n + 1, OWN) == ESRCH);
		must(lock(dev, ns, 1, OWN "/dir") == EINVAL && lock(dev, ns, 1, SIDE) == EINVAL);
		must(lock(dev, ns, 1, "/proc/1/root") == EINVAL && lock(dev, ns, 2, OWN) == EINVAL);
		must(!lock(dev, ns, 1, OWN) && lock(dev, ns, 1, OWN) == EBUSY);
		must(lock(dev, ns, 3, OWN) == EINVAL && !lock(dev, ns, 2, OWN));
		must(fails(umount2(OWN, MNT_DETACH), EINVAL) && fails(remount(OWN, MS_NOATIME), EPERM));
		/* the rest of them cannot be in another namespace */
		must(!unshare(CLONE_NEWNS) && lock(dev, ns, 3, OWN) == EINVAL);
		_exit(0);
	}
	EXPECT_EQ(proc_end(pid), 0);
	close(dev);
}

TEST_F(usermounts, who_may_not_mount_locks_no_mount)
{
	unsigned int ns, n;
	pid_t pid;
	int dev = load_job("given", &pid);

	ns = first_mntns(&n);
	pid = proc_fork_bound(CLONE_NEWNS);
	if (!pid) {
		must(!mount("plain", OWN, "tmpfs", 0, NULL));
		proc_become_nobody();
		must(lock(dev, ns, 1, OWN) == EPERM);
		_exit(0);
	}
	EXPECT_EQ(proc_end(pid), 0);
	close(dev);
}

/* Not even with a tool that leaves the locks out. */
TEST_F(usermounts, without_its_locks_nobody_joins)
{
	char text[256] = "";
	pid_t pid, tool;
	int dev = load_job("given", &pid), load;

	/* as if the caller owned it: that is made by unshare(2) */
	close(dev);
	forge(disowned);
	dev = open("/dev/checkpoint", O_RDWR | O_CLOEXEC);
	load = open(CKPT_DIR "/forged", O_RDONLY | O_CLOEXEC);
	ASSERT_EQ(ioctl(dev, CHECKPOINT_LOAD, &(struct checkpoint_load){ .fd = load }), 0);
	close(load);
	tool = proc_clone3(&(struct clone_args){
		.exit_signal = SIGCHLD, .set_tid = (uintptr_t)&pid, .set_tid_size = 1,
	});
	if (!tool) {
		must(!unshare(CLONE_NEWNS));
		ioctl(dev, CHECKPOINT_RESTORE, 0UL);
		_exit(0);
	}
	ASSERT_EQ(tool, pid);
	EXPECT_EQ(proc_end(tool), -SIGKILL);
	EXPECT_GT(read(dev, text, sizeof(text) - 1), 0);
	EXPECT_NE(strstr(text, "its mounts are not locked as they were"), NULL) TH_LOG("%s", text);
	close(dev);
}

/* Hands the job's cgroup to the user who is root of the container that is to come. */
static void delegate(uid_t uid)
{
	static const char * const files[] = { "cgroup.procs", "cgroup.freeze", "cgroup.kill" };
	char path[PATH_MAX];
	size_t i;

	must(!chown("/sys/fs/cgroup/cgroup.procs", uid, uid) && !chown(CKPT_CG, uid, uid));
	for (i = 0; i < ARRAY_SIZE(files); i++)
		must(!chown(cg_path(path, CKPT_CG, files[i]), uid, uid));
}

/* A root directory like "/", but for /tmp, of which there is CKPT_DIR only, and a /proc of its own. */
static void change_root(void)
{
	DIR *dir = opendir("/");
	struct dirent *entry;
	struct stat st;
	char to[PATH_MAX], text[PATH_MAX], target[PATH_MAX] = "";

	must(dir && !mount("root", OWN, "tmpfs", 0, "mode=755"));
	while ((entry = readdir(dir))) {
		snprintf(text, sizeof(text), "/%s", entry->d_name);
		snprintf(to, sizeof(to), OWN "/%s", entry->d_name);
		must(!lstat(text, &st));
		if (S_ISLNK(st.st_mode)) {
			must(readlink(text, target, sizeof(target) - 1) == st.st_size);
			target[st.st_size] = '\0';
			must(!symlink(target, to));
		}
		if (!S_ISDIR(st.st_mode) || *entry->d_name == '.')
			continue;
		must(!mkdir(to, 0755));
		if (strcmp(text, "/proc") && strcmp(text, "/tmp"))
			must(!mount(text, to, NULL, MS_BIND | MS_REC, NULL));
	}
	closedir(dir);
	must(!mkdir(OWN CKPT_DIR, 0777) && !mount(CKPT_DIR, OWN CKPT_DIR, NULL, MS_BIND | MS_REC, NULL));
	must(!mount("proc", OWN "/proc", "proc", 0, NULL));
	must(!chdir(OWN) && !syscall(SYS_pivot_root, ".", ".") && !umount2(".", MNT_DETACH) && !chdir("/"));
}

/*
 * Runs job @name as root of a container that may nothing outside, with ids, pids and, by
 * @flags, mounts of its own. Returns its exit status.
 */
static int in_container(const char *name, uint64_t flags)
{
	char self[PATH_MAX] = "";
	pid_t pid;

	must(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	delegate(USERNS_BASE);
	pid = userns_fork(CLONE_NEWPID | flags);
	if (!pid) {
		if (flags & CLONE_NEWNS) {
			must(!mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL));
			change_root();
		}
		setenv("CKPT_JOB", name, 1);
		execl(self, "ckpt-job", NULL);
		_exit(1);
	}
	must(pid > 0);
	return proc_end(pid);
}

/* Every job, twice over: what was restarted is saved and restarted again. */
JOB(own_subtree)
{
	const char *verdict;
	size_t i;

	must(fails(umount2(GIVEN, MNT_DETACH), EINVAL));
	for (i = 0; i < ARRAY_SIZE(jobs); i++) {
		verdict = ckpt_second_generation(jobs[i]);
		if (strcmp(verdict, "ok")) {
			fprintf(stderr, "# %s: %s\n", jobs[i], verdict);
			_exit(1);
		}
		must(!cg_await_empty(CKPT_CG));
		ckpt_reap();
		unlink(CKPT_DIR "/end");
	}
	_exit(0);
}

TEST_F_TIMEOUT(usermounts, root_of_a_container_saves_and_restarts_its_own, 120)
{
	ASSERT_EQ(in_container("own_subtree", CLONE_NEWNS), 0);
}

/* As systemd has it. */
static void share_all(void)
{
	must(!unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL));
}

/* Executed there, as what has been in another mount namespace cannot be saved from within. */
JOB(sharing)
{
	const char *verdict;
	char *info;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(jobs); i++) {
		prepare();
		info = mountinfo();
		verdict = ckpt_second_generation(jobs[i]);
		/* nothing has come out of it */
		if (strcmp(verdict, "ok") || strcmp(info, mountinfo())) {
			fprintf(stderr, "# %s: %s\n", jobs[i], verdict);
			_exit(1);
		}
	}
	_exit(0);
}

static int run_sharing(void)
{
	char self[PATH_MAX] = "";
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
		share_all();
		setenv("CKPT_JOB", "sharing", 1);
		execl(self, "ckpt-job", NULL);
		_exit(1);
	}
	return proc_end(pid);
}

TEST_F_TIMEOUT(usermounts, where_all_is_shared, 120)
{
	ASSERT_EQ(run_sharing(), 0);
}

TEST_F_TIMEOUT(usermounts, root_of_a_container_saves_and_restarts_its_own_where_all_is_shared, 120)
{
	share_all();
	ASSERT_EQ(in_container("own_subtree", CLONE_NEWNS), 0);
}

/* Its mounts are those of outside, and not its maker's, who has some of his own. */
JOB(stays_outside)
{
	job_pause();
}

JOB(moves)
{
	pid_t pid = ckpt_start("stays_outside");

	own_namespace();
	must(!mount("proc", "/proc", "proc", 0, NULL));
	must(ckpt_save(pid, IMAGE) == 1);
	must(strstr(ckpt_said(), "a mount namespace of a user namespace that is not below the caller's is"));
	_exit(0);
}

TEST_F(usermounts, of_outside_are_refused_to_root_of_a_container)
{
	ASSERT_EQ(in_container("moves", 0), 0);
}

/* What its own mounts hide from it, it cannot name: the /proc that it was given. */
JOB(covers)
{
	own_namespace();
	must(!mount("proc", "/proc", "proc", 0, NULL));
	must(ckpt_save(ckpt_start("given"), IMAGE) == 1);
	must(strstr(ckpt_said(), "mount /proc: a file system that is mounted elsewhere, too, is"));
	_exit(0);
}

TEST_F(usermounts, that_root_of_a_container_has_covered_are_refused)
{
	ASSERT_EQ(in_container("covers", 0), 0);
}

/* What is locked for root of a container stays so for those within, whatever he makes of an image. */
JOB(forger)
{
	static const struct {
		void (*change)(struct ckpt_record *r);
		const char *said;
	} refused[] = {
		{ writable, "Operation not permitted" },
		{ revealed, "mount " OTHER " on /given: Invalid cross-device link" },
		{ elsewhere, "has more mounted below it than it had" },
	};
	pid_t pid = ckpt_start("given");
	size_t i;

	must(!ckpt_save(pid, IMAGE));
	ckpt_kill(pid);
	forge(without_locks);
	if (ckpt_restart(CKPT_DIR "/forged") || strcmp(ckpt_verdict(), "ok")) {
		fprintf(stderr, "# %s\n", ckpt_said());
		_exit(1);
	}
	must(!cg_await_empty(CKPT_CG));
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		ckpt_reap();
		forge(refused[i].change);
		if (ckpt_restart(CKPT_DIR "/forged") != 1 || !strstr(ckpt_said(), refused[i].said)) {
			fprintf(stderr, "# %zu: %s\n", i, ckpt_said());
			_exit(1);
		}
		must(!cg_await_empty(CKPT_CG));
	}
	_exit(0);
}

TEST_F_TIMEOUT(usermounts, root_of_a_container_gets_rid_of_no_lock, 120)
{
	ASSERT_EQ(in_container("forger", CLONE_NEWNS), 0);
}

TEST_HARNESS_MAIN

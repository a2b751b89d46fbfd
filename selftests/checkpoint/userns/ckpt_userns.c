// SPDX-License-Identifier: GPL-2.0
/* User namespaces come back: who maps which ids, who owns what, and who may what. */
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>
#include "kselftest_harness.h"
#include "cap.h"
#include "checkpoint.h"
#include "ckpt.h"
#include "usermap.h"

/* All ids are low, so that root of a user namespace can map them for one within, too. */
#define MAP	"0 10000 1000\n5000 20000 10\n60000 30000 3"
#define GID_MAP	"0 11000 1000\n7000 21000 20"
#define OUTSIDE	10000

/* The number of a namespace of @pid, 0 for the calling thread. */
static ino_t number(pid_t pid, const char *name)
{
	struct stat st;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%s/ns/%s", "thread-self", name);
	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, name);
	must(!stat(path, &st));
	return st.st_ino;
}

/* That of what an ioctl of nsfs leads to from a namespace of @pid; 0 if it is refused. */
static ino_t related(pid_t pid, const char *name, unsigned long request)
{
	struct stat st;
	char path[64];
	int fd, to;

	snprintf(path, sizeof(path), "/proc/%s/ns/%s", "thread-self", name);
	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	must(fd >= 0);
	to = ioctl(fd, request);
	close(fd);
	if (to < 0)
		return 0;
	must(!fstat(to, &st));
	close(to);
	return st.st_ino;
}

static uid_t owner_uid(pid_t pid)
{
	char path[64];
	uid_t uid;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	must(fd >= 0 && !ioctl(fd, NS_GET_OWNER_UID, &uid));
	close(fd);
	return uid;
}

/* Moves the caller, who may, to a new user namespace: its maps are written from outside. */
static void enter_user(const char *uids, const char *gids, const char *projids)
{
	struct baton made = baton_make();
	pid_t outside = getpid(), pid = fork();
	int status;

	if (!pid) {
		baton_take(&made);
		must(!projids || !userns_write(outside, "projid_map", projids));
		must(!userns_write(outside, "uid_map", uids));
		must(!userns_write(outside, "gid_map", gids));
		_exit(0);
	}
	must(!unshare(CLONE_NEWUSER));
	baton_pass(&made, 1);
	must(waitpid(pid, &status, 0) == pid && !status);
	close(made.fd[0]);
	close(made.fd[1]);
}

/* Becomes root there, without groups. */
static void be_root(void)
{
	must(!setgroups(0, NULL) && !setresgid(0, 0, 0) && !setresuid(0, 0, 0));
	must(!prctl(PR_SET_DUMPABLE, 1));
}

/* In a child of a job: until the job has looked at it. */
static void job_await_end(void)
{
	while (access(CKPT_DIR "/end", F_OK))
		ckpt_nap();
}

/* All that /proc and system calls tell of the caller's credentials. */
struct creds {
	char files[4][1024];
	char limits[2][32];
	uid_t uid[3];
	gid_t gid[3], groups[8];
	int nr_groups, securebits;
	uint64_t caps[5];
};

static struct creds creds_now(void)
{
	static const char * const files[] = { "uid_map", "gid_map", "projid_map", "setgroups" };
	static const char * const sets[] = { "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb" };
	struct creds c;
	size_t i;

	memset(&c, 0, sizeof(c));
	for (i = 0; i < ARRAY_SIZE(files); i++)
		must(userns_read(0, files[i], c.files[i], sizeof(c.files[i])) >= 0);
	for (i = 0; i < ARRAY_SIZE(sets); i++)
		c.caps[i] = cap_mine(sets[i]);
	must(file_read("/proc/sys/user/max_uts_namespaces", c.limits[0], 32) > 0);
	must(file_read("/proc/sys/user/max_user_namespaces", c.limits[1], 32) > 0);
	must(!getresuid(&c.uid[0], &c.uid[1], &c.uid[2]));
	must(!getresgid(&c.gid[0], &c.gid[1], &c.gid[2]));
	c.nr_groups = getgroups(8, c.groups);
	c.securebits = prctl(PR_GET_SECUREBITS);
	return c;
}

/* Many extents, ids that are not root's, some capabilities, limits of its own. */
JOB(maps)
{
	const gid_t groups[] = { 3, 7005, 900 };
	struct creds before, after;

	enter_user(MAP, GID_MAP, "0 100 7");
	be_root();
	must(!file_write("/proc/sys/user/max_uts_namespaces", "3"));
	must(!file_write("/proc/sys/user/max_user_namespaces", "0"));
	must(!setgroups(3, groups));
	must(!prctl(PR_CAPBSET_DROP, CAP_SYS_TIME));
	must(!prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED));
	must(!setresgid(1, 7001, 0) && !setresuid(1, 5002, 60001));
	must(!cap_set(CAP_BIT(CAP_CHOWN), CAP_BIT(CAP_CHOWN) | CAP_BIT(CAP_KILL), CAP_BIT(CAP_KILL)));
	must(!prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0));
	before = creds_now();
	must(!strcmp(before.files[3], "allow") && before.nr_groups == 3);
	job_pause();
	after = creds_now();
	job_check(!memcmp(&before, &after, sizeof(before)));
	/* who it is to the rest of the world */
	job_touch(CKPT_DIR "/made");
	job_check(setresuid(-1, 2000, -1) && errno == EINVAL);
	job_check(unshare(CLONE_NEWUSER) && errno == ENOSPC);
}

/* As an ordinary user makes it. */
JOB(denied)
{
	struct creds before, after;

	must(!unshare(CLONE_NEWUSER));
	must(!userns_write(0, "setgroups", "deny"));
	must(!userns_write(0, "uid_map", "0 0 1") && !userns_write(0, "gid_map", "4 0 1"));
	before = creds_now();
	must(!strcmp(before.files[3], "deny"));
	job_pause();
	after = creds_now();
	job_check(!memcmp(&before, &after, sizeof(before)));
	job_check(setgroups(0, NULL) && errno == EPERM);
	job_check(userns_write(0, "setgroups", "allow") == -EPERM);
	job_check(userns_write(0, "uid_map", "0 0 1") == -EPERM);
}

/* Nothing is mapped yet: that can still be done, once. */
JOB(unmapped)
{
	must(!unshare(CLONE_NEWUSER));
	must(getuid() == 65534);
	job_pause();
	job_check(getuid() == 65534 && !userns_write(0, "uid_map", "17 0 1") && getuid() == 17);
	job_check(userns_write(0, "uid_map", "18 0 1") == -EPERM);
}

/* As deep as can be: one more is refused before and after. */
JOB(deep)
{
	int n;

	for (n = 0; !unshare(CLONE_NEWUSER); n++) {
		must(!userns_write(0, "setgroups", "deny"));
		must(!userns_write(0, "uid_map", "0 0 1") && !userns_write(0, "gid_map", "0 0 1"));
	}
	must(n > 30 && errno == ENOSPC);
	job_pause();
	job_check(unshare(CLONE_NEWUSER) && errno == ENOSPC && !getuid());
}

static pthread_barrier_t together;
static int going;

static void *thread(void *arg)
{
	*(ino_t *)arg = number(0, "user");
	must(!cap_set(0, CAP_BIT(CAP_KILL), 0));
	pthread_barrier_wait(&together);
	while (!__atomic_load_n(&going, __ATOMIC_ACQUIRE))
		ckpt_nap();
	return (void *)(long)(number(0, "user") == number(getpid(), "user") &&
			      cap_mine("CapPrm") == CAP_BIT(CAP_KILL) && !getuid());
}

/* All threads of a process share it; their capabilities are each one's own. */
JOB(threads)
{
	ino_t here;
	pthread_t t;
	void *well;

	enter_user(MAP, GID_MAP, NULL);
	be_root();
	must(!pthread_barrier_init(&together, NULL, 2));
	must(!pthread_create(&t, NULL, thread, &here));
	pthread_barrier_wait(&together);
	must(here == number(0, "user"));
	job_pause();
	__atomic_store_n(&going, 1, __ATOMIC_RELEASE);
	job_check(!pthread_join(t, &well) && well);
	job_check(cap_mine("CapPrm") == cap_all());
}

/*
 * The job is in a user namespace, with a uts namespace that this owns. Children:
 * a guest in one below it, with the job's uts; a host there with a uts of its own; one
 * that has ended there; and one that has stayed with the job.
 */
static void be_below(struct baton *up, bool own)
{
	enter_user("0 50 10\n20 100 5", "0 50 20", NULL);
	be_root();
	must(!own || !unshare(CLONE_NEWUTS));
	baton_pass(up, 1);
	job_await_go();
	/* root of the one may name what it owns, and nothing else */
	if (own)
		child_check(!sethostname("own", 3));
	else
		child_check(sethostname("other", 5) && errno == EPERM);
	child_check(!own || related(0, "uts", NS_GET_USERNS) == number(0, "user"));
	child_check(own || !related(0, "uts", NS_GET_USERNS));
	child_check(cap_mine("CapEff") == cap_all());
	job_await_end();
	_exit(0);
}

JOB(nested)
{
	struct baton up = baton_make();
	pid_t guest, host, ended, same;
	ino_t user, below;
	siginfo_t si;
	int status;

	enter_user(MAP, GID_MAP, NULL);
	be_root();
	must(!unshare(CLONE_NEWUTS) && !sethostname("job", 3));
	/* who makes one owns it: not always root */
	guest = fork();
	if (!guest) {
		must(!prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP));
		must(!setresgid(3, 3, 3) && !setresuid(5, 5, 5) && !prctl(PR_SET_DUMPABLE, 1));
		be_below(&up, false);
	}
	host = fork();
	if (!host)
		be_below(&up, true);
	ended = fork();
	if (!ended) {
		enter_user("0 7 1", "0 7 1", NULL);
		_exit(33);
	}
	same = fork();
	if (!same) {
		job_await_go();
		child_check(number(0, "user") == number(getppid(), "user"));
		_exit(0);
	}
	must(!waitid(P_PID, ended, &si, WEXITED | WNOWAIT));
	baton_take(&up);
	baton_take(&up);
	job_pause();
	user = number(0, "user");
	below = number(guest, "user");
	job_check(below != user && below != number(host, "user"));
	job_check(related(guest, "user", NS_GET_PARENT) == user);
	job_check(related(host, "user", NS_GET_PARENT) == user);
	job_check(related(host, "uts", NS_GET_USERNS) == number(host, "user"));
	job_check(related(0, "uts", NS_GET_USERNS) == user);
	job_check(owner_uid(guest) == 5 && owner_uid(host) == 0);
	job_check(!sethostname("changed", 7));
	job_touch(CKPT_DIR "/end");
	job_check(child_ends_well(guest) && child_ends_well(host) && child_ends_well(same));
	job_check(waitpid(ended, &status, 0) == ended && WEXITSTATUS(status) == 33);
}

static const char * const kinds[] = { "uts", "ipc", "cgroup", "time", "pid" };

/* Whether all kinds of namespaces that @pid has are its user namespace's. */
static bool owns_all(pid_t pid)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (related(pid, kinds[i], NS_GET_USERNS) != number(pid, "user"))
			return false;
	return true;
}

/* One of each kind, and processes in the pid namespace, which are made from outside of it. */
JOB(owned)
{
	struct baton up = baton_make();
	pid_t child, grandchild;
	char text[32];

	enter_user(MAP, GID_MAP, NULL);
	be_root();
	must(!unshare(CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP | CLONE_NEWTIME | CLONE_NEWPID));
	must(!file_write("/proc/sys/kernel/msgmax", "4567"));
	child = fork();
	if (!child) {
		grandchild = fork();
		if (!grandchild) {
			baton_pass(&up, 1);
			job_await_go();
			child_check(getpid() == 2 && getppid() == 1 && owns_all(0));
			_exit(0);
		}
		baton_pass(&up, 1);
		job_await_go();
		child_check(getpid() == 1 && grandchild == 2 && owns_all(0));
		child_check(child_ends_well(grandchild));
		_exit(0);
	}
	baton_take(&up);
	baton_take(&up);
	job_pause();
	must(file_read("/proc/sys/kernel/msgmax", text, sizeof(text)) > 0);
	job_check(!strcmp(text, "4567"));
	job_check(related(0, "pid_for_children", NS_GET_USERNS) == number(0, "user"));
	job_check(number(0, "pid_for_children") == number(child, "pid"));
	job_check(child_ends_well(child));
}

/* Where root there may look at a process that must not be dumped, as it was executed there. */
static bool may_look_at(pid_t pid)
{
	char path[64], to[256];

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	return readlink(path, to, sizeof(to)) > 0;
}

/* The first process of a container: pid 1 of what its user namespace owns. */
JOB(inside)
{
	struct baton up = baton_make();
	uint64_t all = cap_all();
	char text[64];
	pid_t child;

	must(getpid() == 1 && !getuid() && cap_mine("CapEff") == all);
	child = fork();
	if (!child) {
		must(!setresuid(9, 9, 9) && !prctl(PR_SET_DUMPABLE, 0));
		baton_pass(&up, 1);
		job_await_end();
		_exit(0);
	}
	baton_take(&up);
	job_pause();
	job_check(getpid() == 1 && child == 2 && !getuid() && cap_mine("CapEff") == all);
	job_check(userns_read(0, "uid_map", text, sizeof(text)) > 0);
	job_check(related(0, "pid", NS_GET_USERNS) == number(0, "user"));
	/* /proc is that of outside */
	must(file_read(CKPT_DIR "/look", text, sizeof(text)) > 0);
	job_check(may_look_at(atoi(text)));
	job_touch(CKPT_DIR "/end");
	job_check(child_ends_well(child));
}

/* Starts it, with its pid outside in CKPT_DIR/child. */
JOB(container)
{
	struct baton mapped = baton_make();
	char text[16];
	int status;
	pid_t pid = proc_fork(CLONE_NEWUSER | CLONE_NEWPID);

	if (!pid) {
		baton_take(&mapped);
		close(mapped.fd[0]);
		close(mapped.fd[1]);
		be_root();
		must(setsid() > 0);
		setenv("CKPT_JOB", "inside", 1);
		execl("/proc/self/exe", "ckpt-job", NULL);
		_exit(1);
	}
	must(!userns_write(pid, "uid_map", MAP) && !userns_write(pid, "gid_map", GID_MAP));
	job_touch(CKPT_DIR "/child");
	snprintf(text, sizeof(text), "%d", pid);
	must(!file_write(CKPT_DIR "/child", text));
	baton_pass(&mapped, 1);
	waitpid(pid, &status, 0);
	proc_sleep_forever();
}

/* A user namespace that a child outside of the tree has as well. */
JOB(torn)
{
	enter_user(MAP, GID_MAP, NULL);
	be_root();
	job_outsider();
	job_pause();
}

/* No namespace at all, but a user that others may not know. */
JOB(stranger)
{
	must(!setresuid(70000, 70000, 70000) && !prctl(PR_SET_DUMPABLE, 1));
	job_pause();
}

FIXTURE(userns) {
};

FIXTURE_SETUP(userns)
{
	ckpt_setup();
}

FIXTURE_TEARDOWN(userns)
{
	must(!chown("/sys/fs/cgroup/cgroup.procs", 0, 0));
	ckpt_teardown();
}

static const char * const jobs[] = { "maps", "denied", "unmapped", "threads", "deep", "nested", "owned" };

TEST_F(userns, maps_ids_and_capabilities_come_back)
{
	struct stat st;

	ASSERT_STREQ(ckpt_round_trip("maps"), "ok");
	ASSERT_EQ(stat(CKPT_DIR "/made", &st), 0);
	EXPECT_EQ(st.st_uid, 20002);
	EXPECT_EQ(st.st_gid, 21001);
}

TEST_F(userns, setgroups_is_still_denied)
{
	ASSERT_STREQ(ckpt_round_trip("denied"), "ok");
}

TEST_F(userns, one_without_maps_gets_them_later)
{
	ASSERT_STREQ(ckpt_round_trip("unmapped"), "ok");
}

TEST_F(userns, as_many_levels_as_there_can_be)
{
	ASSERT_STREQ(ckpt_round_trip("deep"), "ok");
}

TEST_F(userns, threads_are_all_in_it)
{
	ASSERT_STREQ(ckpt_round_trip("threads"), "ok");
}

TEST_F(userns, nested_ones_have_their_parents_and_owners)
{
	ASSERT_STREQ(ckpt_round_trip("nested"), "ok");
}

TEST_F(userns, what_it_owns_it_owns_again)
{
	ASSERT_STREQ(ckpt_round_trip("owned"), "ok");
}

TEST_F(userns, the_original_runs_on_unharmed)
{
	ASSERT_EACH_JOB(jobs, ckpt_setup, ckpt_unharmed);
}

TEST_F(userns, what_was_restarted_can_be_saved_again)
{
	ASSERT_EACH_JOB(jobs, ckpt_setup, ckpt_second_generation);
}

TEST_F(userns, an_image_is_good_for_two_restarts)
{
	ASSERT_STREQ(ckpt_twice("denied"), "ok");
	ckpt_setup();
	ASSERT_STREQ(ckpt_twice("threads"), "ok");
}

/* Tells the first process of a container, just restarted, which pid its child has outside. */
static void show_child(void)
{
	char path[64], text[64];
	pid_t first = file_number(CKPT_DIR "/out");

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", first, first);
	must(file_read(path, text, sizeof(text)) > 0);
	job_touch(CKPT_DIR "/look");
	must(!file_write(CKPT_DIR "/look", text));
}

TEST_F(userns, a_container_that_owns_its_pid_namespace_comes_back)
{
	pid_t pid;

	ckpt_start("container");
	pid = file_number(CKPT_DIR "/child");
	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	ASSERT_EQ(ckpt_restart(CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	/* second generation */
	pid = file_number(CKPT_DIR "/out");
	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/second"), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	ASSERT_EQ(ckpt_restart(CKPT_DIR "/second"), 0) TH_LOG("%s", ckpt_said());
	show_child();
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

TEST_F(userns, show_prints_them)
{
	char text[16384];
	pid_t pid = ckpt_start("maps");

	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	ASSERT_EQ(system("bulkhead image show " CKPT_DIR "/image | grep -E '^(ns|task) ' >" CKPT_DIR
			 "/out"), 0);
	ASSERT_GT(file_read(CKPT_DIR "/out", text, sizeof(text)), 0);
	EXPECT_NE(strstr(text, "kind=\"user\" owner=0 uid=0 gid=0 setgroups=\"allow\" "
			 "uid_map=[0:10000:1000 5000:20000:10 60000:30000:3] "
			 "gid_map=[0:11000:1000 7000:21000:20] projid_map=[0:100:7]"), NULL)
		TH_LOG("%s", text);
	EXPECT_NE(strstr(text, "max_uts_namespaces=3"), NULL) TH_LOG("%s", text);
	EXPECT_NE(strstr(text, " user_ns=1"), NULL) TH_LOG("%s", text);
}

TEST_F(userns, one_that_somebody_outside_has_as_well_is_refused)
{
	ckpt_start("torn");
	ASSERT_EQ(ckpt_save(file_number(CKPT_DIR "/child"), CKPT_DIR "/image"), 1);
	EXPECT_NE(strstr(ckpt_said(), "a user namespace that it shares with the tree"), NULL)
		TH_LOG("%s", ckpt_said());
}

/* Restarts without @cap. Returns the tool's status. */
static int restart_without(int cap)
{
	pid_t child = fork();

	if (!child) {
		must(!prctl(PR_CAPBSET_DROP, cap));
		_exit(ckpt_restart(CKPT_DIR "/image"));
	}
	return proc_end(child);
}

TEST_F(userns, maps_that_the_caller_may_not_write_are_refused)
{
	pid_t pid = ckpt_start("maps");

	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	ASSERT_EQ(restart_without(CAP_SETUID), 1);
	EXPECT_NE(strstr(ckpt_said(), "user namespace 1: it cannot be made: uid_map"), NULL)
		TH_LOG("%s", ckpt_said());
	ASSERT_EQ(restart_without(CAP_SETGID), 1);
	EXPECT_NE(strstr(ckpt_said(), "user namespace 1: it cannot be made: gid_map"), NULL)
		TH_LOG("%s", ckpt_said());
	ASSERT_EQ(cg_await_empty(CKPT_CG), 0);
	/* nothing is wrong with the image */
	ASSERT_EQ(ckpt_restart(CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

/* A process in a user namespace like that of "denied", but for its group. */
static pid_t make_denied(const char *gids)
{
	pid_t pid = proc_fork_bound(CLONE_NEWUSER);

	if (!pid)
		proc_sleep_forever();
	must(pid > 0 && !userns_write(pid, "setgroups", "deny"));
	must(!userns_write(pid, "uid_map", "0 0 1") && !userns_write(pid, "gid_map", gids));
	return pid;
}

/* Hands the file at @path over to @dev. Returns 0, or the error number. */
static int hand_over(int dev, unsigned int id, const char *path)
{
	struct checkpoint_user user = { .id = id, .fd = open(path, O_RDONLY | O_CLOEXEC) };
	int err;

	must(user.fd >= 0);
	err = ioctl(dev, CHECKPOINT_USER, &user) ? errno : 0;
	close(user.fd);
	return err;
}

TEST_F(userns, what_is_handed_over_must_be_what_the_image_says)
{
	struct checkpoint_load load = { 0 };
	char right[64], wrong[64], text[256] = "";
	pid_t pid = ckpt_start("denied"), same, other;
	int dev;

	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	same = make_denied("4 0 1");
	other = make_denied("5 0 1");
	snprintf(right, sizeof(right), "/proc/%d/ns/user", same);
	snprintf(wrong, sizeof(wrong), "/proc/%d/ns/user", other);
	dev = open("/dev/checkpoint", O_RDWR | O_CLOEXEC);
	load.fd = open(CKPT_DIR "/image", O_RDONLY | O_CLOEXEC);
	ASSERT_GE(dev, 0);
	EXPECT_EQ(hand_over(dev, 1, right), EINVAL);
	ASSERT_EQ(ioctl(dev, CHECKPOINT_LOAD, &load), 0);
	EXPECT_EQ(hand_over(dev, 1, "/dev/null"), EBADF);
	EXPECT_EQ(hand_over(dev, 1, "/proc/self/ns/uts"), EBADF);
	EXPECT_EQ(hand_over(dev, 1, "/proc/self/ns/user"), EPERM);
	EXPECT_EQ(hand_over(dev, 0, right), ESRCH);
	EXPECT_EQ(hand_over(dev, 2, right), ESRCH);
	EXPECT_EQ(hand_over(dev, 1, wrong), EINVAL);
	EXPECT_GT(read(dev, text, sizeof(text) - 1), 0);
	EXPECT_NE(strstr(text, "user namespace 1: it is not what the image says"), NULL)
		TH_LOG("%s", text);
	EXPECT_EQ(hand_over(dev, 1, right), 0);
	EXPECT_EQ(hand_over(dev, 1, right), EBUSY);
	close(load.fd);
	close(dev);
	EXPECT_EQ(proc_kill(same), -SIGKILL);
	EXPECT_EQ(proc_kill(other), -SIGKILL);
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

/*
 * Runs job @name as root of a container that may nothing outside: in a user namespace
 * that has all its ids from others, with pids and a /proc of its own. It is executed
 * there, as what has been in another mount namespace cannot be saved from within.
 * Returns its exit status.
 */
static int in_container(const char *name)
{
	struct baton mapped = baton_make();
	char self[PATH_MAX] = "";
	pid_t pid;

	must(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	delegate(USERNS_BASE);
	pid = proc_fork_bound(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS);
	if (!pid) {
		baton_take(&mapped);
		be_root();
		must(!prctl(PR_SET_PDEATHSIG, SIGKILL));
		must(!mount("proc", "/proc", "proc", 0, NULL));
		setenv("CKPT_JOB", name, 1);
		execl(self, "ckpt-job", NULL);
		_exit(1);
	}
	must(pid > 0);
	must(!userns_write(pid, "uid_map", USERNS_MAP) && !userns_write(pid, "gid_map", USERNS_MAP));
	must(!userns_write(pid, "projid_map", USERNS_MAP));
	baton_pass(&mapped, 1);
	return proc_end(pid);
}

/* Every job, twice over: what was restarted is saved and restarted again. */
JOB(own_subtree)
{
	const char *verdict;
	size_t i;

	/* it is root of nothing else */
	must(file_write("/proc/sys/kernel/hostname", "x") < 0);
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

TEST_F(userns, root_of_a_container_saves_and_restarts_its_own_subtree)
{
	ASSERT_EQ(in_container("own_subtree"), 0);
}

JOB(restart_here)
{
	_exit(ckpt_restart(CKPT_DIR "/image"));
}

TEST_F(userns, root_of_a_container_gets_no_ids_that_it_does_not_have)
{
	pid_t pid = ckpt_start("stranger");

	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	must(!unlink(CKPT_DIR "/out") && !unlink(CKPT_DIR "/err") && !chmod(CKPT_DIR "/image", 0644));
	ASSERT_EQ(in_container("restart_here"), 1);
	EXPECT_NE(strstr(ckpt_said(), "a user or group of it is unknown here"), NULL)
		TH_LOG("%s", ckpt_said());
	ASSERT_EQ(cg_await_empty(CKPT_CG), 0);
}

TEST_HARNESS_MAIN

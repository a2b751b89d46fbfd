// SPDX-License-Identifier: GPL-2.0
/* Namespaces come back: what is in them, and who shares which with whom. */
#include <mqueue.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <linux/capability.h>
#include "kselftest_harness.h"
#include "ckpt.h"

/* Which namespace @pid (0: the calling thread) has, by the number of its inode. */
static ino_t ns_number(pid_t pid, const char *name)
{
	struct stat st;
	char path[64];

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, name);
	else
		snprintf(path, sizeof(path), "/proc/thread-self/ns/%s", name);
	must(!stat(path, &st));
	return st.st_ino;
}

static bool same_ns(pid_t a, pid_t b, const char *name)
{
	return ns_number(a, name) == ns_number(b, name);
}

static bool hostname_is(const char *want)
{
	char name[65];

	return !gethostname(name, sizeof(name)) && !strcmp(name, want);
}

/* The job and one child share a uts namespace, another child has its own. */
JOB(uts)
{
	struct baton up = baton_make(), renamed = baton_make();
	char domain[65];
	pid_t sharer, other;

	must(!unshare(CLONE_NEWUTS));
	must(!sethostname("inside", 6) && !setdomainname("domain.of.it", 12));
	sharer = fork();
	if (!sharer) {
		baton_pass(&up, 1);
		job_await_go();
		child_check(hostname_is("inside"));
		child_check(!sethostname("changed", 7));
		baton_pass(&renamed, 1);
		_exit(0);
	}
	other = fork();
	if (!other) {
		must(!unshare(CLONE_NEWUTS));
		/* as long as a name can be */
		must(!sethostname("0123456789012345678901234567890123456789012345678901234567890123", 64));
		baton_pass(&up, 1);
		job_await_go();
		child_check(hostname_is("0123456789012345678901234567890123456789012345678901234567890123"));
		child_check(!getdomainname(domain, 65) && !strcmp(domain, "domain.of.it"));
		child_check(!sethostname("other", 5));
		_exit(0);
	}
	baton_take(&up);
	baton_take(&up);
	job_pause();
	baton_take(&renamed);
	job_check(hostname_is("changed"));
	job_check(!getdomainname(domain, 65) && !strcmp(domain, "domain.of.it"));
	job_check(!same_ns(0, getppid(), "uts"));
	job_check(child_ends_well(sharer) && child_ends_well(other));
	job_check(hostname_is("changed"));
}

static pthread_barrier_t together;
static int going;

/* A thread alone in a uts namespace. */
static void *loner(void *arg)
{
	must(!unshare(CLONE_NEWUTS) && !sethostname("thread", 6));
	pthread_barrier_wait(&together);
	while (!__atomic_load_n(&going, __ATOMIC_ACQUIRE))
		ckpt_nap();
	return (void *)(long)hostname_is("thread");
}

JOB(thread)
{
	char before[65];
	pthread_t t;
	void *well;

	must(!gethostname(before, sizeof(before)));
	must(!pthread_barrier_init(&together, NULL, 2));
	must(!pthread_create(&t, NULL, loner, NULL));
	pthread_barrier_wait(&together);
	job_pause();
	__atomic_store_n(&going, 1, __ATOMIC_RELEASE);
	job_check(!pthread_join(t, &well) && well);
	job_check(hostname_is(before));
	job_check(same_ns(0, getppid(), "uts"));
}

static const struct {
	const char *path;
	const char *value;
} limits[] = {
	{ "/proc/sys/kernel/shmmax", "123456789" },
	{ "/proc/sys/kernel/shmall", "23456" },
	{ "/proc/sys/kernel/shmmni", "345" },
	{ "/proc/sys/kernel/shm_rmid_forced", "1" },
	{ "/proc/sys/kernel/msgmax", "4567" },
	{ "/proc/sys/kernel/msgmnb", "5678" },
	{ "/proc/sys/kernel/msgmni", "678" },
	{ "/proc/sys/kernel/sem", "111\t222\t33\t44" },
	{ "/proc/sys/fs/mqueue/queues_max", "77" },
	{ "/proc/sys/fs/mqueue/msg_max", "88" },
	{ "/proc/sys/fs/mqueue/msgsize_max", "9999" },
	{ "/proc/sys/fs/mqueue/msg_default", "7" },
	{ "/proc/sys/fs/mqueue/msgsize_default", "888" },
};

static bool limits_are_so(void)
{
	char text[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		must(file_read(limits[i].path, text, sizeof(text)) > 0);
		text[strcspn(text, "\n")] = '\0';
		if (strcmp(text, limits[i].value))
			return false;
	}
	return true;
}

JOB(ipc)
{
	struct baton up = baton_make(), made = baton_make();
	pid_t child;
	size_t i;

	must(!unshare(CLONE_NEWIPC));
	for (i = 0; i < ARRAY_SIZE(limits); i++)
		must(!file_write(limits[i].path, limits[i].value));
	must(limits_are_so());
	child = fork();
	if (!child) {
		baton_pass(&up, 1);
		job_await_go();
		child_check(limits_are_so());
		child_check(shmget(0x4711, 4096, IPC_CREAT | 0600) >= 0);
		baton_pass(&made, 1);
		_exit(0);
	}
	baton_take(&up);
	job_pause();
	job_check(limits_are_so());
	baton_take(&made);
	/* it is one namespace: what one makes the other finds */
	job_check(child_ends_well(child));
	job_check(!same_ns(0, getppid(), "ipc"));
}

JOB(ipc_shared)
{
	struct baton up = baton_make(), made = baton_make(), found = baton_make();
	pid_t child;

	must(!unshare(CLONE_NEWIPC));
	child = fork();
	if (!child) {
		baton_pass(&up, 1);
		job_await_go();
		child_check(shmget(0x4711, 4096, IPC_CREAT | 0600) >= 0);
		baton_pass(&made, 1);
		baton_take(&found);
		_exit(0);
	}
	baton_take(&up);
	job_pause();
	baton_take(&made);
	job_check(shmget(0x4711, 4096, 0) >= 0);
	baton_pass(&found, 1);
	job_check(child_ends_well(child));
}

JOB(shm)
{
	must(!unshare(CLONE_NEWIPC));
	must(shmget(0x4712, 4096, IPC_CREAT | 0600) >= 0);
	job_pause();
}

JOB(mqueue)
{
	mqd_t q;

	must(!unshare(CLONE_NEWIPC));
	q = mq_open("/queue", O_RDWR | O_CREAT, 0600, NULL);
	must(q >= 0 && !mq_close(q));
	job_pause();
}

/* Whether it sees its cgroup as the root. */
static bool at_cgroup_root(void)
{
	char text[256], *at;

	must(file_read("/proc/self/cgroup", text, sizeof(text)) > 0);
	at = strstr(text, "0::/");
	return at && (!at[4] || at[4] == '\n');
}

JOB(cgroup)
{
	struct baton up = baton_make();
	pid_t child;

	must(!unshare(CLONE_NEWCGROUP));
	child = fork();
	if (!child) {
		baton_pass(&up, 1);
		job_await_go();
		child_check(at_cgroup_root());
		child_check(same_ns(0, getppid(), "cgroup"));
		_exit(0);
	}
	baton_take(&up);
	job_pause();
	job_check(at_cgroup_root());
	job_check(!same_ns(0, getppid(), "cgroup"));
	job_check(child_ends_well(child));
}

/* A cgroup namespace that begins above the cgroup of the tree. */
JOB(cgroup_above)
{
	must(!unshare(CLONE_NEWCGROUP));
	must(!cg_create(CKPT_CG "/below") && !cg_enter(CKPT_CG "/below", getpid()));
	job_pause();
}

static double now(clockid_t clock)
{
	struct timespec t;

	must(!clock_gettime(clock, &t));
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* Seconds that the job is gone, at least. */
#define AWAY	2

/* In a time namespace: both clocks have stood still while it was gone, and go on. */
static void clocks_stood(void)
{
	const clockid_t clocks[] = { CLOCK_MONOTONIC, CLOCK_BOOTTIME };
	double before[2], after, real = now(CLOCK_REALTIME);
	struct timespec nap = { .tv_nsec = 20000000 };
	bool away;
	int i;

	for (i = 0; i < 2; i++)
		before[i] = now(clocks[i]);
	child_check(before[0] > 1000000 && before[0] < 1500000);
	child_check(before[1] > 2000000 && before[1] < 2500000);
	job_touch(CKPT_DIR "/noted");
	job_await_go();
	away = !access(CKPT_DIR "/away", F_OK);
	for (i = 0; i < 2; i++) {
		after = now(clocks[i]);
		child_check(after > before[i]);
		child_check(after - before[i] < now(CLOCK_REALTIME) - real - (away ? AWAY - 0.1 : -0.1));
		child_check(!clock_nanosleep(clocks[i], 0, &nap, NULL) && now(clocks[i]) > after);
		/* nor has a time of its clock that has come by now */
		nap.tv_sec = before[i];
		child_check(!clock_nanosleep(clocks[i], TIMER_ABSTIME, &nap, NULL));
		nap.tv_sec = 0;
	}
}

JOB(clocks)
{
	double before = now(CLOCK_MONOTONIC);
	pid_t child;

	must(!unshare(CLONE_NEWTIME));
	must(!file_write("/proc/self/timens_offsets", "monotonic 1000000 0\nboottime 2000000 0\n"));
	child = fork();
	if (!child) {
		clocks_stood();
		/* they cannot be set any more */
		child_check(file_write("/proc/self/timens_offsets", "monotonic 1 0\n") == -EACCES);
		_exit(0);
	}
	while (access(CKPT_DIR "/noted", F_OK))
		ckpt_nap();
	job_pause();
	/* the job itself has stayed where it was; its children are elsewhere, together */
	job_check(now(CLOCK_MONOTONIC) > before && now(CLOCK_MONOTONIC) < before + 1000);
	job_check(ns_number(0, "time_for_children") == ns_number(child, "time"));
	job_check(same_ns(0, getppid(), "time"));
	job_check(file_write("/proc/self/timens_offsets", "monotonic 1 0\n") == -EACCES);
	job_check(child_ends_well(child));
	child = fork();
	if (!child)
		_exit(now(CLOCK_MONOTONIC) < 1000000);
	job_check(child_ends_well(child));
}

/* A time namespace that nobody has been in can still be set. */
JOB(clocks_to_be)
{
	pid_t child;

	must(!unshare(CLONE_NEWTIME));
	must(!file_write("/proc/self/timens_offsets", "monotonic 3000000 0\n"));
	job_pause();
	job_check(!file_write("/proc/self/timens_offsets", "boottime 4000000 0\n"));
	child = fork();
	if (!child)
		_exit(now(CLOCK_MONOTONIC) < 3000000 || now(CLOCK_BOOTTIME) < 4000000);
	job_check(child_ends_well(child));
}

JOB(net)
{
	must(!unshare(CLONE_NEWNET));
	job_pause();
}

/* What it has not been shared with: a child outside of the tree. */
JOB(torn)
{
	must(!unshare(CLONE_NEWUTS));
	job_outsider();
	job_pause();
}

FIXTURE(namespaces) {
};

FIXTURE_SETUP(namespaces)
{
	ckpt_setup();
}

FIXTURE_TEARDOWN(namespaces)
{
	cg_destroy(CKPT_CG "/below");
	ckpt_teardown();
}

static const char * const jobs[] = {
	"uts", "thread", "ipc", "ipc_shared", "cgroup", "clocks", "clocks_to_be",
};

TEST_F(namespaces, names_of_the_host_come_back_shared_by_who_shared_them)
{
	ASSERT_STREQ(ckpt_round_trip("uts"), "ok");
}

TEST_F(namespaces, a_thread_may_have_one_of_its_own)
{
	ASSERT_STREQ(ckpt_round_trip("thread"), "ok");
}

TEST_F(namespaces, an_ipc_namespace_comes_back_with_its_limits)
{
	ASSERT_STREQ(ckpt_round_trip("ipc"), "ok");
}

TEST_F(namespaces, an_ipc_namespace_is_still_shared)
{
	ASSERT_STREQ(ckpt_round_trip("ipc_shared"), "ok");
}

TEST_F(namespaces, a_cgroup_namespace_comes_back_with_the_cgroup_of_the_tree_as_its_root)
{
	ASSERT_STREQ(ckpt_round_trip("cgroup"), "ok");
}

TEST_F(namespaces, clocks_of_a_time_namespace_stand_still_meanwhile)
{
	pid_t pid = ckpt_start("clocks");

	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	job_touch(CKPT_DIR "/away");
	sleep(AWAY);
	ASSERT_EQ(ckpt_restart(CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

TEST_F(namespaces, clocks_that_nobody_has_seen_can_still_be_set)
{
	ASSERT_STREQ(ckpt_round_trip("clocks_to_be"), "ok");
}

TEST_F(namespaces, the_original_runs_on_unharmed)
{
	ASSERT_EACH_JOB(jobs, ckpt_setup, ckpt_unharmed);
}

TEST_F(namespaces, what_was_restarted_can_be_saved_again)
{
	ASSERT_EACH_JOB(jobs, ckpt_setup, ckpt_second_generation);
}

TEST_F(namespaces, an_image_is_good_for_two_restarts)
{
	ASSERT_STREQ(ckpt_twice("uts"), "ok");
}

TEST_F(namespaces, show_prints_them)
{
	char text[16384];
	pid_t pid = ckpt_start("uts");

	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	ASSERT_EQ(system("bulkhead image show " CKPT_DIR "/image | grep -E '^(ns|task) ' >" CKPT_DIR
			 "/out"), 0);
	ASSERT_GT(file_read(CKPT_DIR "/out", text, sizeof(text)), 0);
	ASSERT_NE(strstr(text, "kind=\"uts\" owner=0 hostname=\"inside\" domainname=\"domain.of.it\""),
		  NULL) TH_LOG("%s", text);
	ASSERT_NE(strstr(text, "uts_ns=2"), NULL) TH_LOG("%s", text);
}

TEST_F(namespaces, what_an_image_cannot_hold_is_refused_by_name)
{
	static const struct {
		const char *job, *said;
	} refused[] = {
		{ "shm", "an ipc namespace with SysV shared memory in it" },
		{ "mqueue", "an ipc namespace with a POSIX message queue in it" },
		{ "cgroup_above", "a cgroup namespace whose root is another cgroup" },
		{ "net", "a network namespace" },
		{ "torn", "a uts namespace that it shares with the tree" },
	};
	size_t i;
	pid_t pid;

	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		ckpt_setup();
		pid = ckpt_start(refused[i].job);
		if (!strcmp(refused[i].job, "torn"))
			pid = file_number(CKPT_DIR "/child");
		ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 1) TH_LOG("%s", refused[i].job);
		ASSERT_NE(strstr(ckpt_said(), refused[i].said), NULL)
			TH_LOG("%s: %s", refused[i].job, ckpt_said());
		must(!cg_write(CKPT_CG, "cgroup.kill", "1"));
		must(!cg_await_empty(CKPT_CG));
		ckpt_reap();
		cg_destroy(CKPT_CG "/below");
	}
}

/* Who may not make one by unshare(2) does not get one by a restart. */
TEST_F(namespaces, a_restart_without_the_right_to_make_them_is_refused)
{
	pid_t pid = ckpt_start("uts"), child;

	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	child = fork();
	if (!child) {
		must(!prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN));
		_exit(ckpt_restart(CKPT_DIR "/image"));
	}
	ASSERT_EQ(proc_end(child), 1);
	ASSERT_NE(strstr(ckpt_said(), "no permission for namespaces"), NULL)
		TH_LOG("%s", ckpt_said());
	ASSERT_EQ(cg_await_empty(CKPT_CG), 0);
	/* and who may not set the clocks gets no clocks that are set */
	ckpt_setup();
	pid = ckpt_start("clocks_to_be");
	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	child = fork();
	if (!child) {
		must(!prctl(PR_CAPBSET_DROP, CAP_SYS_TIME));
		_exit(ckpt_restart(CKPT_DIR "/image"));
	}
	ASSERT_EQ(proc_end(child), 1);
	ASSERT_NE(strstr(ckpt_said(), "its time namespace cannot be made"), NULL)
		TH_LOG("%s", ckpt_said());
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * SysV shared memory that a tree has attached comes back with its id, its key
 * and all that shmctl(2) tells of it.
 */
#include <linux/capability.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "kselftest_harness.h"
#include "ckpt.h"
#include "sysvshm.h"

#define PAGE	4096UL
#define IMAGE	CKPT_DIR "/image"

#ifndef SHM_DEST
#define SHM_DEST	01000
#define SHM_LOCKED	02000
#endif

static struct shmid_ds stat_of(int id)
{
	struct shmid_ds ds;

	memset(&ds, 0, sizeof(ds));
	if (shmctl(id, IPC_STAT, &ds))
		memset(&ds, 0xff, sizeof(ds));
	return ds;
}

static bool same(const struct shmid_ds *a, const struct shmid_ds *b)
{
	return a->shm_perm.__key == b->shm_perm.__key && a->shm_perm.mode == b->shm_perm.mode &&
	       a->shm_perm.uid == b->shm_perm.uid && a->shm_perm.gid == b->shm_perm.gid &&
	       a->shm_perm.cuid == b->shm_perm.cuid && a->shm_perm.cgid == b->shm_perm.cgid &&
	       a->shm_segsz == b->shm_segsz && a->shm_atime == b->shm_atime &&
	       a->shm_dtime == b->shm_dtime && a->shm_ctime == b->shm_ctime &&
	       a->shm_cpid == b->shm_cpid && a->shm_lpid == b->shm_lpid &&
	       a->shm_nattch == b->shm_nattch;
}

/* A line of /proc/self/maps that begins with the address @p: inode and name. */
static bool is_mapped(const void *p, const char *prot, unsigned long ino, const char *name)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[256], flags[8], path[128];
	unsigned long start, number;
	bool found = false;

	while (f && fgets(line, sizeof(line), f)) {
		path[0] = '\0';
		if (sscanf(line, "%lx-%*x %7s %*x %*s %lu %127[^\n]", &start, flags, &number,
			   path) >= 3 && start == (unsigned long)p)
			found = !strcmp(flags, prot) && number == ino && strstr(path, name);
	}
	if (f)
		fclose(f);
	return found;
}

/* Made by a process that has ended, given away, and one of our own. */
JOB(segments)
{
	char *p, *q, *again, *ro;
	struct shmid_ds ds, own, before;
	int id, mine, i;
	pid_t child;

	/* the id is not just the first one */
	must(!shmctl(shmget(IPC_PRIVATE, 1, 0600), IPC_RMID, NULL));
	child = fork();
	if (!child) {
		must(!setresgid(11, 12, 0) && !setresuid(9, 10, 0));
		_exit(shmget(0x1234, 20 * PAGE + 100, IPC_CREAT | IPC_EXCL | 0600) < 0);
	}
	must(!proc_end(child));
	id = shmget(0x1234, 0, 0);
	must(id >= 0);
	ds = stat_of(id);
	ds.shm_perm.uid = 7;
	ds.shm_perm.gid = 8;
	ds.shm_perm.mode = 0640;
	must(!shmctl(id, IPC_SET, &ds));
	mine = shmget(IPC_PRIVATE, 3 * PAGE, 0604 | SHM_NORESERVE);
	must(mine >= 0 && !shmctl(mine, SHM_LOCK, NULL));
	p = shmat(id, NULL, 0);
	again = shmat(id, NULL, 0);
	ro = shmat(id, NULL, SHM_RDONLY);
	q = shmat(mine, NULL, 0);
	must(p != (void *)-1 && again != (void *)-1 && ro != (void *)-1 && q != (void *)-1);
	must(!shmdt(again));
	for (i = 0; i < 10; i++)
		memset(p + 2 * i * PAGE, 'a' + i, PAGE);
	memcpy(p + 20 * PAGE + 90, "at the end", 10);
	strcpy(q, "mine");
	before = stat_of(id);
	own = stat_of(mine);
	must(before.shm_cpid == child && before.shm_lpid == getpid() && before.shm_nattch == 2);
	must(before.shm_perm.cuid == 10 && before.shm_perm.cgid == 12);
	must(own.shm_perm.mode == (0604 | SHM_LOCKED));
	/* so that a time that was not kept shows */
	sleep(2);
	job_pause();
	ds = stat_of(id);
	job_check(same(&ds, &before));
	ds = stat_of(mine);
	job_check(same(&ds, &own));
	job_check(shmget(0x1234, 0, 0) == id);
	for (i = 0; i < 10; i++)
		job_check(p[2 * i * PAGE] == 'a' + i && ro[2 * i * PAGE + 4095] == 'a' + i &&
			  !p[(2 * i + 1) * PAGE]);
	job_check(!memcmp(ro + 20 * PAGE + 90, "at the end", 10) && !strcmp(q, "mine"));
	p[5 * PAGE] = 'X';
	job_check(ro[5 * PAGE] == 'X');
	job_check(mprotect(ro, PAGE, PROT_READ | PROT_WRITE) == -1 && errno == EACCES);
	job_check(is_mapped(p, "rw-s", id, "/SYSV00001234"));
	job_check(is_mapped(ro, "r--s", id, "/SYSV00001234"));
	job_check(is_mapped(q, "rw-s", mine, "/SYSV00000000"));
	job_check(!shmdt(p) && !shmdt(ro) && stat_of(id).shm_nattch == 0);
	job_check(!shmctl(mine, SHM_UNLOCK, NULL) && stat_of(mine).shm_perm.mode == 0604);
	/* it lives on, with what is in it */
	p = shmat(id, NULL, 0);
	job_check(p != (void *)-1 && p[5 * PAGE] == 'X');
	job_check(!shmctl(id, IPC_RMID, NULL) && !shmctl(mine, IPC_RMID, NULL));
}

/* One attachment that is inherited, one of each process, and a private segment. */
JOB(family)
{
	int id = shmget(IPC_PRIVATE, 2 * PAGE, 0600), status;
	volatile int *p = shmat(id, NULL, 0), *own;
	pid_t pid;

	must(id >= 0 && p != (void *)-1);
	p[0] = 5;
	pid = fork();
	if (!pid) {
		own = shmat(id, NULL, SHM_RDONLY);
		must(own != (void *)-1 && own[0] == 5);
		p[1] = 6;
		while (p[0] != 7)
			ckpt_nap();
		if (own[0] != 7 || own[1] != 6 || stat_of(id).shm_nattch != 3)
			_exit(1);
		p[1] = 8;
		_exit(3);
	}
	while (p[1] != 6)
		ckpt_nap();
	job_pause();
	job_check(stat_of(id).shm_nattch == 3 && stat_of(id).shm_cpid == getpid());
	job_check(stat_of(id).shm_lpid == pid);
	p[0] = 7;
	job_check(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 3);
	job_check(p[1] == 8 && stat_of(id).shm_nattch == 1);
	job_check(!shmctl(id, IPC_RMID, NULL) && !shmdt((void *)p));
	job_check(shmctl(id, IPC_STAT, &(struct shmid_ds){}) == -1 && errno == EINVAL);
}

/* A segment that goes with its last attachment, and its key to another one. */
JOB(removed)
{
	int id = shmget(0x77, PAGE, IPC_CREAT | 0600), other;
	char *p = shmat(id, NULL, 0), *q;

	must(id >= 0 && p != (void *)-1 && !shmctl(id, IPC_RMID, NULL));
	strcpy(p, "doomed");
	other = shmget(0x77, PAGE, IPC_CREAT | IPC_EXCL | 0600);
	must(other >= 0);
	q = shmat(other, NULL, 0);
	must(q != (void *)-1);
	strcpy(q, "other");
	must(stat_of(id).shm_perm.mode == (0600 | SHM_DEST));
	job_pause();
	job_check(stat_of(id).shm_perm.mode == (0600 | SHM_DEST) && !stat_of(id).shm_perm.__key);
	job_check(shmget(0x77, 0, 0) == other && !strcmp(p, "doomed") && !strcmp(q, "other"));
	job_check(shmat(id, NULL, 0) != (void *)-1 && stat_of(id).shm_nattch == 2);
	job_check(!shmctl(other, IPC_RMID, NULL));
}

/* Attachments with holes, over each other, and in parts of their own. */
JOB(parts)
{
	int a = shmget(IPC_PRIVATE, 10 * PAGE, 0600), b = shmget(IPC_PRIVATE, 4 * PAGE, 0600), i;
	char *p = shmat(a, NULL, 0), *q;
	unsigned char in;

	must(a >= 0 && b >= 0 && p != (void *)-1);
	for (i = 0; i < 10; i++)
		p[i * PAGE] = 'a' + i;
	q = shmat(b, p + 4 * PAGE, SHM_REMAP);
	must(q == p + 4 * PAGE);
	for (i = 0; i < 4; i++)
		q[i * PAGE] = 'A' + i;
	must(!munmap(p + PAGE, PAGE) && !mprotect(p + 8 * PAGE, PAGE, PROT_READ));
	/* two more parts, though they no longer differ */
	must(!mprotect(p + 2 * PAGE, PAGE, PROT_READ));
	must(!mprotect(p + 2 * PAGE, PAGE, PROT_READ | PROT_WRITE));
	must(stat_of(a).shm_nattch == 5 && stat_of(b).shm_nattch == 1);
	job_pause();
	job_check(stat_of(a).shm_nattch == 5 && stat_of(b).shm_nattch == 1);
	for (i = 0; i < 10; i++)
		if (i != 1)
			job_check(p[i * PAGE] == (i >= 4 && i < 8 ? 'A' + i - 4 : 'a' + i));
	job_check(mincore(p + PAGE, PAGE, &in) == -1 && errno == ENOMEM);
	job_check(is_mapped(p + 8 * PAGE, "r--s", a, "/SYSV"));
	/* one call takes all of its parts, and no other */
	job_check(!shmdt(p) && !stat_of(a).shm_nattch && stat_of(b).shm_nattch == 1);
	job_check(q[3 * PAGE] == 'D' && !shmdt(q));
	q = shmat(a, NULL, 0);
	job_check(q != (void *)-1 && q[5 * PAGE] == 'f' && q[PAGE] == 'b');
	job_check(!shmctl(a, IPC_RMID, NULL) && !shmctl(b, IPC_RMID, NULL));
}

/* Who has created a segment that nobody has attached keeps it from being an orphan. */
JOB(orphans)
{
	int id = shmget(IPC_PRIVATE, PAGE, 0600), theirs;
	char *p, *q;
	pid_t pid;

	pid = fork();
	if (!pid)
		_exit(shmget(0x99, PAGE, IPC_CREAT | 0600) < 0);
	must(!proc_end(pid));
	theirs = shmget(0x99, 0, 0);
	p = shmat(id, NULL, 0);
	q = shmat(theirs, NULL, 0);
	must(p != (void *)-1 && q != (void *)-1);
	job_pause();
	job_check(!file_write("/proc/sys/kernel/shm_rmid_forced", "0"));
	job_check(!shmdt(p) && !shmdt(q));
	job_check(!file_write("/proc/sys/kernel/shm_rmid_forced", "1"));
	job_check(!file_write("/proc/sys/kernel/shm_rmid_forced", "0"));
	job_check(shmget(0x99, 0, 0) == -1 && errno == ENOENT);
	job_check(!shmctl(id, IPC_RMID, NULL));
}

/* As after a reboot: the job has gone, and its segments. */
static void forget(pid_t pid)
{
	ckpt_kill(pid);
	shm_segments(true);
}

static const char *round_trip(const char *name)
{
	pid_t pid = ckpt_start(name);

	if (ckpt_save(pid, IMAGE))
		return ckpt_said();
	forget(pid);
	return ckpt_restart(IMAGE) ? ckpt_said() : ckpt_verdict();
}

static const char *second_generation(const char *name)
{
	pid_t pid = ckpt_start(name);

	if (ckpt_save(pid, IMAGE))
		return ckpt_said();
	forget(pid);
	if (ckpt_restart(IMAGE) || ckpt_save(pid, CKPT_DIR "/second"))
		return ckpt_said();
	forget(pid);
	return ckpt_restart(CKPT_DIR "/second") ? ckpt_said() : ckpt_verdict();
}

FIXTURE(ipc) {
};

FIXTURE_VARIANT(ipc) {
	const char *job;
};

FIXTURE_VARIANT_ADD(ipc, with_all_that_shmctl_tells) {
	.job = "segments",
};

FIXTURE_VARIANT_ADD(ipc, in_several_processes) {
	.job = "family",
};

FIXTURE_VARIANT_ADD(ipc, marked_for_removal) {
	.job = "removed",
};

FIXTURE_VARIANT_ADD(ipc, in_parts) {
	.job = "parts",
};

FIXTURE_VARIANT_ADD(ipc, of_who_created_it) {
	.job = "orphans",
};

FIXTURE_SETUP(ipc)
{
	shm_segments(true);
	ckpt_setup();
}

FIXTURE_TEARDOWN(ipc)
{
	ckpt_teardown();
	shm_segments(true);
}

TEST_F(ipc, segments_come_back)
{
	ASSERT_STREQ(round_trip(variant->job), "ok");
}

TEST_F(ipc, the_original_runs_on_unharmed)
{
	ASSERT_STREQ(ckpt_unharmed(variant->job), "ok");
}

TEST_F(ipc, what_was_restarted_is_checkpointed_again)
{
	ASSERT_STREQ(second_generation(variant->job), "ok");
}

FIXTURE(ipc_image) {
	pid_t pid;
};

FIXTURE_SETUP(ipc_image)
{
	shm_segments(true);
	ckpt_setup();
	self->pid = ckpt_start("segments");
	must(!ckpt_save(self->pid, CKPT_DIR "/first"));
	must(!ckpt_save(self->pid, IMAGE));
	ckpt_kill(self->pid);
}

FIXTURE_TEARDOWN(ipc_image)
{
	ckpt_teardown();
	shm_segments(true);
}

TEST_F(ipc_image, each_of_two_images_is_restarted_twice)
{
	int i;

	for (i = 0; i < 4; i++) {
		shm_segments(true);
		ASSERT_EQ(ckpt_restart(i & 1 ? CKPT_DIR "/first" : IMAGE), 0)
			TH_LOG("%s", ckpt_said());
		ASSERT_STREQ(ckpt_verdict(), "ok");
		ASSERT_EQ(cg_await_empty(CKPT_CG), 0);
		ckpt_reap();
	}
}

TEST_F(ipc_image, an_id_that_is_in_use_is_refused_by_name)
{
	ASSERT_EQ(shm_segments(false), 2);
	/* the other one has no key */
	ASSERT_EQ(shmctl(shmget(0x1234, 0, 0), IPC_RMID, NULL), 0);
	ASSERT_EQ(ckpt_restart(IMAGE), 1);
	ASSERT_NE(strstr(ckpt_said(), ": the id is in use"), NULL) TH_LOG("%s", ckpt_said());
	ASSERT_EQ(cg_await_empty(CKPT_CG), 0);
	/* and nothing was taken away from who has it */
	ASSERT_EQ(shm_segments(false), 1);
}

TEST_F(ipc_image, a_key_that_is_in_use_is_refused_by_name)
{
	struct shmid_ds ds;
	int id;

	shm_segments(true);
	id = shmget(0x1234, 1, IPC_CREAT | 0600);
	ASSERT_GE(id, 0);
	ASSERT_EQ(ckpt_restart(IMAGE), 1);
	ASSERT_NE(strstr(ckpt_said(), ": its key 0x1234 is in use"), NULL)
		TH_LOG("%s", ckpt_said());
	ASSERT_EQ(cg_await_empty(CKPT_CG), 0);
	ASSERT_EQ(shm_segments(false), 1);
	ds = stat_of(id);
	ASSERT_EQ(ds.shm_segsz, 1);
}

TEST_F(ipc_image, a_restart_that_fails_leaves_no_segment)
{
	struct stat st;
	int i;

	shm_segments(true);
	ASSERT_EQ(stat(IMAGE, &st), 0);
	/* when all is in place; and once more, as the ids are free again */
	ASSERT_EQ(truncate(IMAGE, st.st_size - 8), 0);
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(ckpt_restart(IMAGE), 1);
		ASSERT_NE(strstr(ckpt_said(), "ends too early"), NULL)
			TH_LOG("%s", ckpt_said());
		ASSERT_EQ(cg_await_empty(CKPT_CG), 0);
		ckpt_reap();
		ASSERT_EQ(shm_segments(false), 0);
	}
	ASSERT_EQ(ckpt_restart(CKPT_DIR "/first"), 0) TH_LOG("%s", ckpt_said());
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

TEST_F(ipc_image, who_created_it_is_not_for_everybody_to_say)
{
	pid_t pid;

	shm_segments(true);
	pid = cg_fork_into(CKPT_CG, 0);
	if (!pid) {
		must(!prctl(PR_CAPBSET_DROP, CAP_SETUID));
		_exit(ckpt_tool("restart -d " IMAGE));
	}
	ASSERT_EQ(proc_end(pid), 1);
	ASSERT_NE(strstr(ckpt_said(), "no permission to be who created it"), NULL)
		TH_LOG("%s", ckpt_said());
	ASSERT_EQ(cg_await_empty(CKPT_CG), 0);
	ASSERT_EQ(shm_segments(false), 0);
}

TEST_F(ipc_image, the_image_shows_what_a_segment_is)
{
	char text[65536];

	ASSERT_EQ(ckpt_tool("image show " IMAGE), 0);
	ASSERT_GT(file_read(CKPT_DIR "/out", text, sizeof(text)), 0);
	ASSERT_NE(strstr(text, "kind=\"sysv\" size=82020 mode=0640 uid=7 gid=8 flags=0 "), NULL);
	ASSERT_NE(strstr(text, " key=0x1234 cuid=10 cgid=12 "), NULL);
	ASSERT_NE(strstr(text, "kind=\"sysv\" size=12288 mode=0604 uid=0 gid=0 flags=0x3 "), NULL);
}

/* Tries to save @pid, of job @job, and says what is not as it should be. */
static const char *refused(pid_t job, pid_t pid, const char *text)
{
	if (ckpt_save(pid, IMAGE) != 1)
		return "it was saved";
	if (!strstr(ckpt_said(), text) || !strstr(ckpt_said(), "not supported"))
		return ckpt_said();
	if (!access(IMAGE, F_OK))
		return "an image was left";
	return strcmp(ckpt_verdict(), "ok") || proc_end(job) ? "it was harmed" : "ok";
}

FIXTURE(ipc_refused) {
};

FIXTURE_SETUP(ipc_refused)
{
	shm_segments(true);
	ckpt_setup();
}

FIXTURE_TEARDOWN(ipc_refused)
{
	ckpt_teardown();
	shm_segments(true);
}

static void *attach_new(void)
{
	int id = shmget(0x4321, PAGE, IPC_CREAT | 0600);
	void *p = shmat(id, NULL, 0);

	must(id >= 0 && p != (void *)-1);
	return p;
}

JOB(inherited_outside)
{
	attach_new();
	job_outsider();
	job_pause();
}

TEST_F(ipc_refused, an_attachment_that_somebody_outside_has)
{
	pid_t pid = ckpt_start("inherited_outside");

	ASSERT_STREQ(refused(pid, file_number(CKPT_DIR "/child"),
			     "mapping: SYSV00004321, in use outside, is"), "ok");
}

JOB(attached)
{
	attach_new();
	job_pause();
}

TEST_F(ipc_refused, a_segment_that_somebody_outside_has_attached)
{
	pid_t pid = ckpt_start("attached");
	void *p = shmat(shmget(0x4321, 0, 0), NULL, SHM_RDONLY);

	ASSERT_NE(p, (void *)-1);
	ASSERT_STREQ(refused(pid, pid, "mapping: SYSV00004321, in use outside, is"), "ok");
	ASSERT_EQ(shmdt(p), 0);
}

static int open_segment(const void *p, int how)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", (unsigned long)p,
		 (unsigned long)p + PAGE);
	return open(path, how);
}

JOB(as_a_file)
{
	must(open_segment(attach_new(), O_RDWR) == 3);
	job_pause();
}

TEST_F(ipc_refused, a_segment_that_is_open_as_a_file)
{
	pid_t pid = ckpt_start("as_a_file");

	ASSERT_STREQ(refused(pid, pid, "fd 3: SYSV00004321, opened as a file, is"), "ok");
}

JOB(of_another_size)
{
	void *p = attach_new();
	int fd = open_segment(p, O_RDWR);

	must(!ftruncate(fd, 2 * PAGE));
	close(fd);
	job_pause();
}

TEST_F(ipc_refused, a_segment_whose_size_was_changed)
{
	pid_t pid = ckpt_start("of_another_size");

	ASSERT_STREQ(refused(pid, pid, "SYSV00004321, whose size was changed, is"), "ok");
}

JOB(of_elsewhere)
{
	int home = open("/proc/self/ns/ipc", O_RDONLY);

	must(!unshare(CLONE_NEWIPC));
	attach_new();
	must(!setns(home, CLONE_NEWIPC));
	close(home);
	job_pause();
}

TEST_F(ipc_refused, a_segment_of_another_namespace)
{
	pid_t pid = ckpt_start("of_elsewhere");

	ASSERT_STREQ(refused(pid, pid, "SYSV00004321, of another ipc namespace, is"), "ok");
}

TEST_HARNESS_MAIN

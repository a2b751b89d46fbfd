// SPDX-License-Identifier: GPL-2.0
/*
 * What is registered with rseq(2) comes back, with ids that are true; and who
 * stood in a critical section finds himself at its abort handler.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/rseq.h>
#include "kselftest_harness.h"
#include "ckpt.h"
#include "forge.h"
#include "sections.h"

/* Older trees do not have it. */
#ifndef PR_RSEQ_SLICE_EXTENSION
#define PR_RSEQ_SLICE_EXTENSION			79
#define PR_RSEQ_SLICE_EXTENSION_GET		1
#define PR_RSEQ_SLICE_EXTENSION_SET		2
#define PR_RSEQ_SLICE_EXT_ENABLE		0x01
#define RSEQ_CS_FLAG_SLICE_EXT_AVAILABLE	(1U << 4)
#define RSEQ_CS_FLAG_SLICE_EXT_ENABLED		(1U << 5)
#endif

#define THREADS	4

static long rseq(void *area, uint32_t len, int flags, uint32_t sig)
{
	return syscall(SYS_rseq, area, len, flags, sig) ? -errno : 0;
}

/* What the kernel says where the caller is, and what it has written down; both may change. */
static bool ids_are_true(const volatile struct rseq *r)
{
	unsigned int cpu, node, seen;
	int i;

	for (i = 0; i < 1000; i++) {
		seen = r->cpu_id;
		if (!syscall(SYS_getcpu, &cpu, &node, NULL) && cpu == seen &&
		    r->cpu_id_start == seen && r->node_id == node &&
		    r->mm_cid < sysconf(_SC_NPROCESSORS_CONF))
			return true;
	}
	return false;
}

/* As rseq(2) has it of an area that is registered; it is so again afterwards. */
static const char *not_registered(struct area *a, uint32_t len, uint32_t sig)
{
	static struct area other;
	uint32_t flags = a->r.flags;

	if (!ids_are_true(&a->r))
		return "its ids are wrong";
	if (rseq(a, len, 0, sig) != -EBUSY)
		return "it can be registered once more";
	if (rseq(a, len, 0, sig + 1) != -EPERM)
		return "another signature is no error";
	if (rseq(&other, len, 0, sig) != -EINVAL || rseq(a, len + 64, 0, sig) != -EINVAL)
		return "another area can be registered";
	if (rseq(a, len, RSEQ_FLAG_UNREGISTER, sig + 1) != -EPERM)
		return "it goes with a wrong signature";
	if (rseq(a, len, RSEQ_FLAG_UNREGISTER, sig))
		return "it does not go";
	if (a->r.cpu_id != (uint32_t)RSEQ_CPU_ID_UNINITIALIZED)
		return "it is gone, and has a CPU";
	if (rseq(a, len, RSEQ_FLAG_UNREGISTER, sig) != -EINVAL)
		return "it goes twice";
	if (rseq(a, len, 0, sig) || !ids_are_true(&a->r))
		return "it cannot come again";
	return a->r.flags == flags ? NULL : "its flags are others";
}

#define job_check_area(a, len, sig) do {				\
	const char *why_ = not_registered(a, len, sig);			\
									\
	if (why_)							\
		job_end(why_);						\
} while (0)

static struct area areas[THREADS + 2] = {
	[0 ... THREADS + 1] = { .room[63] = 1 },
};

static void *version_two(void *arg)
{
	must(!rseq(&areas[1], sizeof(areas[1]), 0, 0x2222));
	job_touch(CKPT_DIR "/two");
	job_await_go();
	job_check_area(&areas[1], sizeof(areas[1]), 0x2222);
	return NULL;
}

static void *unregistered(void *arg)
{
	job_touch(CKPT_DIR "/none");
	job_await_go();
	job_check(rseq(&areas[2], 32, RSEQ_FLAG_UNREGISTER, SIG) == -EINVAL);
	job_check(!areas[2].r.cpu_id && !areas[2].r.cpu_id_start);
	job_check(!rseq(&areas[2], 32, 0, SIG) && ids_are_true(&areas[2].r));
	return NULL;
}

/* Threads and a child, of which each has something else, or nothing. */
JOB(registered)
{
	pthread_t two, none;
	char text[64];
	pid_t pid;

	unlink(CKPT_DIR "/two");
	unlink(CKPT_DIR "/none");
	must(!rseq(&areas[0], 32, 0, 0x1111));
	must(!pthread_create(&two, NULL, version_two, NULL));
	must(!pthread_create(&none, NULL, unregistered, NULL));
	while (access(CKPT_DIR "/two", F_OK) || access(CKPT_DIR "/none", F_OK))
		ckpt_nap();
	snprintf(text, sizeof(text), "%p %p", &areas[0], &areas[1]);
	job_touch(CKPT_DIR "/areas");
	must(!file_write(CKPT_DIR "/areas", text));
	/* by fork(2) it is the child's, too */
	pid = fork();
	if (!pid) {
		job_await_go();
		child_check(!not_registered(&areas[0], 32, 0x1111));
		_exit(0);
	}
	job_pause();
	job_check_area(&areas[0], 32, 0x1111);
	must(!pthread_join(two, NULL) && !pthread_join(none, NULL));
	job_check(child_ends_well(pid));
}

/* What the C library has registered is what it asks for the CPU. */
JOB(library)
{
	void *area = (char *)__builtin_thread_pointer() + __rseq_offset;

	must(rseq(area, 32, 0, RSEQ_SIG) == -EBUSY);
	job_pause();
	job_check(rseq(area, 32, 0, RSEQ_SIG) == -EBUSY);
	job_check(ids_are_true(area));
	job_check(sched_getcpu() >= 0 && (unsigned int)sched_getcpu() <
		  sysconf(_SC_NPROCESSORS_CONF));
}

static void *spinner(void *arg)
{
	struct area *a = arg;

	must(!rseq(a, a == &areas[0] ? 32 : sizeof(*a), 0, SIG));
	c.tid = syscall(SYS_gettid);
	spin(a);
	c.ended = 1;
	job_await_go();
	job_check(!a->r.rseq_cs);
	return NULL;
}

static void found(int sig, siginfo_t *info, void *context)
{
	c.handled = ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
	c.go = 1;
}

/* What the test puts into the image is that there is no need to stay any longer. */
static void critical(struct area *a)
{
	struct sigaction action = { .sa_sigaction = found, .sa_flags = SA_SIGINFO };
	pthread_t thread;
	char text[128];

	must(!sigaction(SIGUSR1, &action, NULL));
	must(!pthread_create(&thread, NULL, spinner, a));
	while (!c.tid)
		ckpt_nap();
	snprintf(text, sizeof(text), "%d %p %p", c.tid, &c, a);
	job_touch(CKPT_DIR "/critical");
	must(!file_write(CKPT_DIR "/critical", text));
	job_pause();
	must(!pthread_join(thread, NULL));
	snprintf(text, sizeof(text), "aborts %d committed %d ended %d handled %lx", c.aborts, c.committed,
		 c.ended, c.handled);
	job_end(text);
}

JOB(critical_one)
{
	critical(&areas[0]);
}

JOB(critical_two)
{
	critical(&areas[1]);
}

static volatile bool stop;
static bool by_mm_cid;

static struct counter {
	long slot[8];
} __attribute__((aligned(64))) counters[64];

static void *count(void *arg)
{
	struct area *a = arg;
	uint32_t *id = by_mm_cid ? &a->r.mm_cid : &a->r.cpu_id;
	long done = 0;
	uint32_t had;

	must(!rseq(a, (a - areas) & 1 ? 32 : sizeof(*a), 0, SIG));
	while (!stop) {
		had = *(volatile uint32_t *)id;
		if (had < ARRAY_SIZE(counters) && add_one(a, id, had, counters[had].slot))
			done++;
	}
	return (void *)done;
}

static void count_together(void)
{
	pthread_t thread[THREADS];
	long sum = 0, all = 0;
	void *done;
	size_t i;

	for (i = 0; i < THREADS; i++)
		must(!pthread_create(&thread[i], NULL, count, &areas[i]));
	job_pause();
	stop = true;
	for (i = 0; i < THREADS; i++) {
		must(!pthread_join(thread[i], &done));
		sum += (long)done;
		job_check(done);
	}
	for (i = 0; i < ARRAY_SIZE(counters); i++)
		all += counters[i].slot[0];
	job_check(all == sum);
}

JOB(count_by_cpu)
{
	count_together();
}

JOB(count_by_mm_cid)
{
	by_mm_cid = true;
	count_together();
}

/* It may ask for a longer time slice, and then no longer. */
JOB(slice)
{
	const uint32_t could = RSEQ_CS_FLAG_SLICE_EXT_AVAILABLE;
	const uint32_t may = could | RSEQ_CS_FLAG_SLICE_EXT_ENABLED;
	struct area *a = &areas[0];

	must(!rseq(a, sizeof(*a), 0, SIG) && a->r.flags == could);
	must(!prctl(PR_RSEQ_SLICE_EXTENSION, PR_RSEQ_SLICE_EXTENSION_SET,
		    PR_RSEQ_SLICE_EXT_ENABLE, 0, 0));
	job_pause();
	job_check(a->r.flags == may);
	job_check(prctl(PR_RSEQ_SLICE_EXTENSION, PR_RSEQ_SLICE_EXTENSION_GET, 0, 0, 0) ==
		  PR_RSEQ_SLICE_EXT_ENABLE);
	job_check(!prctl(PR_RSEQ_SLICE_EXTENSION, PR_RSEQ_SLICE_EXTENSION_SET, 0, 0, 0));
	job_check(a->r.flags == could);
	job_check(!rseq(a, sizeof(*a), RSEQ_FLAG_UNREGISTER, SIG));
}

static void *asleep(void *arg)
{
	must(!rseq(arg, 32, 0, SIG));
	c.tid = syscall(SYS_gettid);
	pause();
	return NULL;
}

/* A thread that would die of its area as soon as it came back from a system call. */
JOB(homeless)
{
	void *a = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char path[64], text[128];
	pthread_t thread;

	must(a != MAP_FAILED && !pthread_create(&thread, NULL, asleep, a));
	while (!c.tid)
		ckpt_nap();
	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", c.tid);
	while (file_read(path, text, sizeof(text)) < 0 || atoi(text) != SYS_pause)
		ckpt_nap();
	must(!mprotect(a, 4096, PROT_READ));
	job_pause();
}

FIXTURE(rseq) {
};

FIXTURE_SETUP(rseq)
{
	ckpt_setup();
	/* jobs register areas of their own */
	setenv("GLIBC_TUNABLES", "glibc.pthread.rseq=0", 1);
}

FIXTURE_TEARDOWN(rseq)
{
	file_write("/sys/kernel/debug/rseq/debug", "0");
	ckpt_teardown();
}

TEST_F_TIMEOUT(rseq, what_is_registered_comes_back_twice, 120)
{
	ASSERT_STREQ(ckpt_twice("registered"), "ok");
}

TEST_F_TIMEOUT(rseq, the_original_keeps_it, 120)
{
	ASSERT_STREQ(ckpt_unharmed("registered"), "ok");
}

TEST_F_TIMEOUT(rseq, a_second_generation_keeps_it, 120)
{
	ASSERT_STREQ(ckpt_second_generation("registered"), "ok");
}

TEST_F_TIMEOUT(rseq, what_the_c_library_registered_comes_back, 120)
{
	unsetenv("GLIBC_TUNABLES");
	ASSERT_STREQ(ckpt_twice("library"), "ok");
}

/* Of another machine: nothing in the image is true here. */
TEST_F_TIMEOUT(rseq, ids_of_another_machine_are_replaced, 120)
{
	pid_t pid = ckpt_start("registered");
	unsigned long at[2];
	struct rseq *r;
	char text[64];
	int i;

	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	ASSERT_GT(file_read(CKPT_DIR "/areas", text, sizeof(text)), 0);
	ASSERT_EQ(sscanf(text, "%lx %lx", &at[0], &at[1]), 2);
	forge_load(CKPT_DIR "/image");
	for (i = 0; i < 2; i++) {
		r = forge_memory(1, at[i]);
		ASSERT_NE(r, NULL);
		ASSERT_LT(r->cpu_id, 2);
		r->cpu_id = 77;
		r->cpu_id_start = 77;
		r->node_id = 5;
		r->mm_cid = 1234;
	}
	forge_save(CKPT_DIR "/image");
	ASSERT_EQ(ckpt_restart(CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

/* The registers of x86_64's NT_PRSTATUS; 16 is the instruction pointer. */
static bool is_inside(int tid)
{
	uint64_t *regs;

	return forge_task(tid, (void **)&regs) && regs[16] >= (unsigned long)spin_start &&
	       regs[16] < (unsigned long)spin_end;
}

/* Where a job told its test that its things are. */
static void find_critical(int *tid, unsigned long *words, unsigned long *area)
{
	char text[128];

	must(file_read(CKPT_DIR "/critical", text, sizeof(text)) > 0);
	must(sscanf(text, "%d %lx %lx", tid, words, area) == 3);
}

/* Takes a job whose thread stands in its critical section, and then kills it. */
static void take_inside(struct __test_metadata *_metadata, const char *job, int sig)
{
	unsigned long words, area;
	pid_t pid;
	int tid;

	/* it may be between two attempts */
	do {
		pid = ckpt_start(job);
		find_critical(&tid, &words, &area);
		if (sig) {
			ASSERT_EQ(cg_write(CKPT_CG, "cgroup.freeze", "1"), 0);
			while (cg_key(CKPT_CG, "cgroup.events", "frozen") != 1)
				ckpt_nap();
			ASSERT_EQ(syscall(SYS_tgkill, pid, tid, sig), 0);
		}
		ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
		ckpt_kill(pid);
		ASSERT_EQ(cg_write(CKPT_CG, "cgroup.freeze", "0"), 0);
		forge_load(CKPT_DIR "/image");
	} while (!is_inside(tid));
}

static void abort_once(struct __test_metadata *_metadata, const char *job, int sig)
{
	unsigned long words, a;
	struct critical *saved;
	struct rseq *area;
	char text[128];
	int tid;

	take_inside(_metadata, job, sig);
	find_critical(&tid, &words, &a);
	saved = forge_memory(1, words);
	area = forge_memory(1, a);
	ASSERT_NE(saved, NULL);
	ASSERT_NE(area, NULL);
	ASSERT_NE(area->rseq_cs, 0);
	ASSERT_EQ(saved->committed, 0);
	/* who goes on where he stood now leaves, and has committed */
	saved->go = 1;
	snprintf(text, sizeof(text), "aborts %d committed 0 ended 1 handled %lx",
		 saved->aborts + 1, sig ? (unsigned long)spin_abort : 0);
	forge_save(CKPT_DIR "/image");
	ASSERT_EQ(ckpt_restart(CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ASSERT_STREQ(ckpt_verdict(), text);
}

TEST_F_TIMEOUT(rseq, who_stood_in_a_critical_section_aborts_once, 120)
{
	abort_once(_metadata, "critical_one", 0);
}

TEST_F_TIMEOUT(rseq, who_stood_in_a_critical_section_of_version_two_aborts_once, 120)
{
	abort_once(_metadata, "critical_two", 0);
}

/* Nor does it end the process, which has no handlers when it begins to come back. */
static void abort_for_signal(struct __test_metadata *_metadata, const char *job)
{
	int i;

	for (i = 0; i < 5; i++) {
		ckpt_setup();
		abort_once(_metadata, job, SIGUSR1);
	}
}

TEST_F_TIMEOUT(rseq, a_signal_that_waits_finds_it_aborted, 120)
{
	abort_for_signal(_metadata, "critical_one");
}

TEST_F_TIMEOUT(rseq, a_signal_that_waits_finds_version_two_aborted, 120)
{
	abort_for_signal(_metadata, "critical_two");
}

static void count_for_generations(struct __test_metadata *_metadata, const char *job)
{
	pid_t pid = ckpt_start(job);
	int i;

	for (i = 0; i < 5; i++) {
		ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
		ckpt_kill(pid);
		ASSERT_EQ(ckpt_restart(CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	}
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

TEST_F_TIMEOUT(rseq, a_counter_of_each_cpu_stays_exact, 300)
{
	count_for_generations(_metadata, "count_by_cpu");
}

TEST_F_TIMEOUT(rseq, a_counter_of_each_concurrency_id_stays_exact, 300)
{
	count_for_generations(_metadata, "count_by_mm_cid");
}

TEST_F(rseq, an_area_that_is_not_writable_is_refused)
{
	pid_t pid = ckpt_start("homeless");

	ASSERT_NE(ckpt_save(pid, CKPT_DIR "/image"), 0);
	ASSERT_NE(strstr(ckpt_said(), "sequence area that is not writable is not supported"), NULL) {
		TH_LOG("%s", ckpt_said());
	}
	ckpt_kill(pid);
}

/* It then looks at more of what it finds in user space, and kills who has something wrong. */
static int kernel_checks(bool on)
{
	return file_write("/sys/kernel/debug/rseq/debug", on ? "1" : "0");
}

TEST_F_TIMEOUT(rseq, with_the_kernels_own_checks_it_is_the_same, 300)
{
	ASSERT_EQ(kernel_checks(true), 0);
	ASSERT_STREQ(ckpt_twice("registered"), "ok");
	ckpt_setup();
	abort_once(_metadata, "critical_one", 0);
	ckpt_setup();
	abort_once(_metadata, "critical_two", SIGUSR1);
	ckpt_setup();
	count_for_generations(_metadata, "count_by_cpu");
}

static bool has_slices(void)
{
	return !access("/sys/kernel/debug/rseq/slice_ext_nsec", F_OK);
}

TEST_F_TIMEOUT(rseq, a_longer_time_slice_can_be_asked_for_as_before, 120)
{
	if (!has_slices())
		SKIP(return, "the kernel lacks CONFIG_RSEQ_SLICE_EXTENSION");
	ASSERT_STREQ(ckpt_twice("slice"), "ok");
}

static const struct {
	uint64_t addr;
	uint32_t len, flags;
	const char *said;
} bad[] = {
	{ 0xffff888000000000, 32, 0, "rseq(2) does not take its restartable sequence area" },
	{ 0x00ffffffffffefc0, 128, 0, "rseq(2) does not take its restartable sequence area" },
	{ 0x00fffffffffff000, 32, 0, "rseq(2) does not take its restartable sequence area" },
	{ 0x10000020, 64, 0, "rseq(2) does not take its restartable sequence area" },
	{ 0x10000010, 32, 0, "at an impossible address" },
	{ 0x10000000, 31, 0, "at an impossible address" },
	{ 0xffffffffffffffe0, 64, 0, "at an impossible address" },
	{ 0x10000000, 64, 2, "with unknown flags" },
	{ 0x10000000, 32, CKPT_RSEQ_SLICE, "with unknown flags" },
	{ 0, 32, 0, "sequence area that is nowhere" },
	/* nothing is mapped there, and the program's text is */
	{ 0x10000, 32, 0, "is not writable" },
	{ 0x401000, 32, 0, "is not writable" },
};

TEST_F_TIMEOUT(rseq, forged_registrations_are_refused, 120)
{
	pid_t pid = ckpt_start("registered");
	struct ckpt_task *t;
	size_t i;

	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	forge_load(CKPT_DIR "/image");
	t = forge_payload(CKPT_TASK, 1);
	ASSERT_NE(t, NULL);
	ASSERT_EQ(t->rseq_len, 32);
	ASSERT_EQ(t->rseq_sig, 0x1111);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		t->rseq = bad[i].addr;
		t->rseq_len = bad[i].len;
		t->rseq_flags = bad[i].flags;
		forge_save(CKPT_DIR "/forged");
		ASSERT_NE(ckpt_restart(CKPT_DIR "/forged"), 0);
		ASSERT_NE(strstr(ckpt_said(), bad[i].said), NULL) {
			TH_LOG("%zu: %s", i, ckpt_said());
		}
		ASSERT_EQ(cg_await_empty(CKPT_CG), 0);
		ckpt_reap();
	}
}

TEST_F_TIMEOUT(rseq, a_longer_time_slice_is_refused_where_there_is_none, 120)
{
	pid_t pid = ckpt_start("critical_two");
	struct ckpt_task *t;

	if (has_slices())
		SKIP(return, "the kernel has CONFIG_RSEQ_SLICE_EXTENSION");
	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	forge_load(CKPT_DIR "/image");
	t = forge_payload(CKPT_TASK, 2);
	ASSERT_NE(t, NULL);
	ASSERT_EQ(t->rseq_len, sizeof(struct area));
	t->rseq_flags = CKPT_RSEQ_SLICE;
	forge_save(CKPT_DIR "/image");
	ASSERT_NE(ckpt_restart(CKPT_DIR "/image"), 0);
	ASSERT_NE(strstr(ckpt_said(), "time slice extension is not supported"), NULL) {
		TH_LOG("%s", ckpt_said());
	}
}

TEST_HARNESS_MAIN

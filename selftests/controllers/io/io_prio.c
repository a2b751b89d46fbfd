// SPDX-License-Identifier: GPL-2.0
/*
 * io.prio.class: what it takes, and which class the requests of a cgroup then
 * have. The scheduler mq-deadline keeps a count of its requests by class, those
 * that the disk is busy with among them; it is looked at while nobody but the
 * test uses the disk.
 *
 * Promises from cgroup-v2.rst, "IO Priority".
 */
#include "io.h"
#include <linux/ioprio.h>
#include <sched.h>
#include <sys/mount.h>

#define QUEUED		"/sys/kernel/debug/block/ubda/sched/queued"
#define WORKERS		4

FIXTURE_SETUP(io)
{
	IO_SETUP();
	if (!cg_has(self->a, "io.prio.class"))
		SKIP(return, "no io.prio.class (CONFIG_BLK_CGROUP_IOPRIO)");
}

FIXTURE_TEARDOWN_PARENT(io)
{
	if (self->top[0])
		cg_destroy(self->top);
}

TEST_F(io, priority_classes_are_policies_by_name)
{
	static const char * const policies[] = {
		"promote-to-rt", "restrict-to-be", "idle", "none-to-rt", "no-change",
	};
	static const char * const others[] = {
		"rt", "be", "1", "IDLE", "no-change x", "\n", "idle idle", "max",
	};
	char text[64];

	ASSERT_GT(cg_read(self->a, "io.prio.class", text, sizeof(text)), 0);
	EXPECT_STREQ("no-change", text);
	for (size_t i = 0; i < ARRAY_SIZE(policies); i++) {
		ASSERT_EQ(0, cg_write(self->a, "io.prio.class", policies[i]));
		ASSERT_GT(cg_read(self->a, "io.prio.class", text, sizeof(text)), 0);
		EXPECT_STREQ(policies[i], text);
	}
	ASSERT_EQ(0, cg_write(self->a, "io.prio.class", "idle\n"));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		EXPECT_EQ(-EINVAL, cg_write(self->a, "io.prio.class", others[i]))
			TH_LOG("writing '%s'", others[i]);
		ASSERT_GT(cg_read(self->a, "io.prio.class", text, sizeof(text)), 0);
		EXPECT_STREQ("idle", text);
	}
	ASSERT_GT(cg_read(self->b, "io.prio.class", text, sizeof(text)), 0);
	EXPECT_STREQ("no-change", text);
}

/* The disk is scheduled by mq-deadline, which shows its queues. */
FIXTURE(prio)
{
	FIXTURE_DATA(io) cg;
	char scheduler[32];
};

FIXTURE_SETUP(prio)
{
	io_setup(_metadata, &self->cg, NULL);
	if (!self->cg.b[0] || !cg_has(self->cg.a, "io.prio.class"))
		return;
	scheduler_in_use(self->scheduler, sizeof(self->scheduler));
	if (file_write(SCHEDULER, "mq-deadline"))
		SKIP(return, "no mq-deadline (CONFIG_MQ_IOSCHED_DEADLINE)");
	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	if (access(QUEUED, R_OK))
		mount("none", "/sys/kernel/debug", "debugfs", 0, NULL);
	if (access(QUEUED, R_OK))
		SKIP(return, "no look at the queues (CONFIG_BLK_DEBUG_FS)");
}

FIXTURE_TEARDOWN_PARENT(prio)
{
	if (self->cg.top[0])
		cg_destroy(self->cg.top);
	if (self->scheduler[0])
		file_write(SCHEDULER, self->scheduler);
}

/* Numbers of requests by class. */
struct queued {
	long rt, be, idle;
};

static struct queued queued(void)
{
	struct queued q = {};
	char text[64];

	must(file_read(QUEUED, text, sizeof(text)) > 0);
	must(sscanf(text, "%ld %ld %ld", &q.rt, &q.be, &q.idle) == 3);
	return q;
}

/* How many requests each of the workers started last has had done. */
static volatile long *done;

/* Workers in @cg which have chosen priority class @class. */
static void start(pid_t pid[WORKERS], const char *cg, int class, bool write)
{
	const struct io io = { DISK, write, KB(4), 0 };

	done = mmap(NULL, WORKERS * sizeof(*done), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(done != MAP_FAILED);
	for (int i = 0; i < WORKERS; i++) {
		pid[i] = cg_fork_into(cg, 0);
		if (!pid[i]) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			must(!syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0,
				      IOPRIO_PRIO_VALUE(class, class ? 2 : 0)));
			io_do(&io, &done[i]);
		}
		must(pid[i] > 0);
	}
}

static void stop(pid_t pid[WORKERS])
{
	for (int i = 0; i < WORKERS; i++)
		proc_kill(pid[i]);
}

/*
 * A request has its class before it is queued, and may be queued later: waits until
 * the one that each worker was at is done.
 */
static bool all_went_on(void)
{
	for (int i = 0; i < WORKERS; i++) {
		const long before = done[i];

		if (!EVENTUALLY(done[i] > before))
			return false;
	}
	return true;
}

/* How often a class is to be seen in use. */
#define LOOKS	8

/*
 * Looks until every class of @want (its numbers are not 0) was there LOOKS times.
 * No other class may ever be.
 */
static void expect_classes(struct __test_metadata *_metadata, struct queued want)
{
	long end = until_ms() + PROC_HANG_MS;
	struct queued seen = {}, never = {};

	do {
		struct queued q = queued();

		seen.rt += !!q.rt;
		seen.be += !!q.be;
		seen.idle += !!q.idle;
		never.rt += want.rt ? 0 : q.rt;
		never.be += want.be ? 0 : q.be;
		never.idle += want.idle ? 0 : q.idle;
		poll(NULL, 0, 1);
	} while (until_ms() < end && ((want.rt && seen.rt < LOOKS) ||
				      (want.be && seen.be < LOOKS) ||
				      (want.idle && seen.idle < LOOKS)));
	EXPECT_TRUE((!want.rt || seen.rt >= LOOKS) && (!want.be || seen.be >= LOOKS) &&
		    (!want.idle || seen.idle >= LOOKS))
		TH_LOG("seen: %ld rt, %ld be, %ld idle", seen.rt, seen.be, seen.idle);
	EXPECT_EQ(0, never.rt);
	EXPECT_EQ(0, never.be);
	EXPECT_EQ(0, never.idle);
}

#define RT	((struct queued) { .rt = 1 })
#define BE	((struct queued) { .be = 1 })
#define IDLE	((struct queued) { .idle = 1 })

/* Which class requests have of workers that have chosen @class themselves. */
static void expect_class(struct __test_metadata *_metadata, const char *cg, int class,
			 struct queued want)
{
	pid_t pid[WORKERS];

	for (int write = 0; write <= 1; write++) {
		start(pid, cg, class, write);
		expect_classes(_metadata, want);
		stop(pid);
	}
}

TEST_F_TIMEOUT(prio, no_change_leaves_each_process_its_class, 120)
{
	expect_class(_metadata, self->cg.a, IOPRIO_CLASS_NONE, BE);
	expect_class(_metadata, self->cg.a, IOPRIO_CLASS_RT, RT);
	expect_class(_metadata, self->cg.a, IOPRIO_CLASS_BE, BE);
	expect_class(_metadata, self->cg.a, IOPRIO_CLASS_IDLE, IDLE);
}

TEST_F_TIMEOUT(prio, promote_to_rt_makes_every_class_real_time, 120)
{
	ASSERT_EQ(0, cg_write(self->cg.a, "io.prio.class", "promote-to-rt"));
	expect_class(_metadata, self->cg.a, IOPRIO_CLASS_NONE, RT);
	expect_class(_metadata, self->cg.a, IOPRIO_CLASS_RT, RT);
	expect_class(_metadata, self->cg.a, IOPRIO_CLASS_BE, RT);
	expect_class(_metadata, self->cg.a, IOPRIO_CLASS_IDLE, RT);
	/* It has an older name. */
	ASSERT_EQ(0, cg_write(self->cg.a, "io.prio.class", "none-to-rt"));
	expect_class(_metadata, self->cg.a, IOPRIO_CLASS_BE, RT);
}

TEST_F_TIMEOUT(prio, restrict_to_be_lowers_real_time_and_raises_nobody, 120)
{
	ASSERT_EQ(0, cg_write(self->cg.a, "io.prio.class", "restrict-to-be"));
	expect_class(_metadata, self->cg.a, IOPRIO_CLASS_NONE, BE);
	expect_class(_metadata, self->cg.a, IOPRIO_CLASS_RT, BE);
	expect_class(_metadata, self->cg.a, IOPRIO_CLASS_BE, BE);
	expect_class(_metadata, self->cg.a, IOPRIO_CLASS_IDLE, IDLE);
}

TEST_F_TIMEOUT(prio, idle_lowers_every_class, 120)
{
	ASSERT_EQ(0, cg_write(self->cg.a, "io.prio.class", "idle"));
	expect_class(_metadata, self->cg.a, IOPRIO_CLASS_NONE, IDLE);
	expect_class(_metadata, self->cg.a, IOPRIO_CLASS_RT, IDLE);
	expect_class(_metadata, self->cg.a, IOPRIO_CLASS_BE, IDLE);
	expect_class(_metadata, self->cg.a, IOPRIO_CLASS_IDLE, IDLE);
}

/* While they have the disk all to themselves in turn, and both at once. */
TEST_F_TIMEOUT(prio, a_siblings_class_is_not_changed, 120)
{
	pid_t a[WORKERS], b[WORKERS];

	ASSERT_EQ(0, cg_write(self->cg.a, "io.prio.class", "promote-to-rt"));
	expect_class(_metadata, self->cg.b, IOPRIO_CLASS_BE, BE);
	expect_class(_metadata, self->cg.b, IOPRIO_CLASS_IDLE, IDLE);
	ASSERT_EQ(0, cg_write(self->cg.b, "io.prio.class", "restrict-to-be"));
	start(a, self->cg.a, IOPRIO_CLASS_BE, false);
	start(b, self->cg.b, IOPRIO_CLASS_RT, false);
	expect_classes(_metadata, (struct queued) { .rt = 1, .be = 1 });
	stop(a);
	expect_classes(_metadata, BE);
	stop(b);
}

TEST_F_TIMEOUT(prio, a_new_policy_holds_for_those_who_are_at_work, 120)
{
	pid_t pid[WORKERS];

	start(pid, self->cg.a, IOPRIO_CLASS_BE, true);
	expect_classes(_metadata, BE);
	ASSERT_EQ(0, cg_write(self->cg.a, "io.prio.class", "idle"));
	EXPECT_TRUE(all_went_on());
	expect_classes(_metadata, IDLE);
	ASSERT_EQ(0, cg_write(self->cg.a, "io.prio.class", "no-change"));
	EXPECT_TRUE(all_went_on());
	expect_classes(_metadata, BE);
	stop(pid);
}

/* Who moves takes the class of where it is now. */
TEST_F_TIMEOUT(prio, the_class_is_that_of_the_cgroup_that_the_process_is_in, 120)
{
	pid_t pid[WORKERS];

	ASSERT_EQ(0, cg_write(self->cg.a, "io.prio.class", "idle"));
	start(pid, self->cg.a, IOPRIO_CLASS_NONE, false);
	expect_classes(_metadata, IDLE);
	for (int i = 0; i < WORKERS; i++)
		ASSERT_EQ(0, cg_enter(self->cg.b, pid[i]));
	EXPECT_TRUE(all_went_on());
	expect_classes(_metadata, BE);
	stop(pid);
}

TEST_HARNESS_MAIN

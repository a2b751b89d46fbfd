// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring's ways to wait until a point in time: that is one of the clocks of
 * the submitter's time namespace, whichever request or call brings it.
 *
 * Promises from time_namespaces(7), io_uring_enter(2), io_uring_prep_timeout(3),
 * io_uring_prep_timeout_update(3), io_uring_prep_link_timeout(3).
 */
#include "timens_fixture.h"
#include <linux/io_uring.h>
#include <sys/mman.h>

/* What is waited for in the end, and what is not: no test takes that long. */
#define A_WHILE		(20 * MSEC)
#define VERY_LONG	(100000 * SEC)

/* The clocks, and how a timeout of io_uring's says which. */
static const clockid_t clocks[] = { CLOCK_MONOTONIC, CLOCK_BOOTTIME };
static const unsigned int clock_flags[] = { 0, IORING_TIMEOUT_BOOTTIME };

#define ENTRIES	4

struct ring {
	int fd;
	struct io_uring_params p;
	char *mem;
	struct io_uring_sqe *sqes;
};

static bool ring_make(struct ring *r)
{
	int prot = PROT_READ | PROT_WRITE, flags = MAP_SHARED | MAP_POPULATE;

	memset(r, 0, sizeof(*r));
	r->fd = syscall(SYS_io_uring_setup, ENTRIES, &r->p);
	if (r->fd < 0)
		return false;
	must(r->p.features & IORING_FEAT_SINGLE_MMAP);
	r->mem = mmap(NULL, 4096, prot, flags, r->fd, IORING_OFF_SQ_RING);
	r->sqes = mmap(NULL, ENTRIES * sizeof(*r->sqes), prot, flags, r->fd,
		       IORING_OFF_SQES);
	must(r->mem != MAP_FAILED && (void *)r->sqes != MAP_FAILED);
	return true;
}

static volatile uint32_t *ring_word(struct ring *r, uint32_t offset)
{
	return (volatile uint32_t *)(r->mem + offset);
}

/* The next request of the ring, which is known as @id. */
static struct io_uring_sqe *ring_next(struct ring *r, int opcode, uint64_t id)
{
	volatile uint32_t *tail = ring_word(r, r->p.sq_off.tail);
	uint32_t slot = *tail % ENTRIES;
	struct io_uring_sqe *sqe = &r->sqes[slot];

	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = opcode;
	sqe->user_data = id;
	ring_word(r, r->p.sq_off.array)[slot] = slot;
	(*tail)++;
	return sqe;
}

static void ring_submit(struct ring *r, int n)
{
	must(syscall(SYS_io_uring_enter, r->fd, n, 0, 0, NULL, 0) == n);
}

/* Waits for the result of the request @id; those of others come and go. */
static int ring_result(struct ring *r, uint64_t id)
{
	struct io_uring_cqe *cqes = (void *)(r->mem + r->p.cq_off.cqes), *cqe;
	volatile uint32_t *head = ring_word(r, r->p.cq_off.head);

	for (;;) {
		while (*head == *ring_word(r, r->p.cq_off.tail)) {
			must(proc_poll(r->fd, POLLIN, PROC_HANG_MS) & POLLIN);
			must(!syscall(SYS_io_uring_enter, r->fd, 0, 1,
				      IORING_ENTER_GETEVENTS, NULL, 0));
		}
		cqe = &cqes[*head % r->p.cq_entries];
		(*head)++;
		if (cqe->user_data == id)
			return cqe->res;
	}
}

enum { TIMEOUT = 1, UPDATE, POLL };

/* A timeout at or after @ts. */
static struct io_uring_sqe *add_timeout(struct ring *r, int opcode,
					const struct timespec *ts, unsigned int flags)
{
	struct io_uring_sqe *sqe = ring_next(r, opcode, TIMEOUT);

	sqe->addr = (uintptr_t)ts;
	sqe->len = 1;
	sqe->timeout_flags = flags;
	return sqe;
}

/* A change of the timeout that was submitted, to be at @ts. */
static void add_update(struct ring *r, const struct timespec *ts, unsigned int flags)
{
	struct io_uring_sqe *sqe = ring_next(r, IORING_OP_TIMEOUT_REMOVE, UPDATE);

	sqe->addr = TIMEOUT;
	sqe->addr2 = (uintptr_t)ts;
	sqe->timeout_flags = flags | IORING_TIMEOUT_UPDATE | IORING_TIMEOUT_ABS;
}

/* A wait for what never comes, which a timeout is to end. */
static void add_poll_with_timeout(struct ring *r)
{
	struct io_uring_sqe *sqe = ring_next(r, IORING_OP_POLL_ADD, POLL);
	int p[2];

	must(!pipe(p));
	sqe->fd = p[0];
	sqe->poll32_events = POLLIN;
	sqe->flags = IOSQE_IO_LINK;
}

#define NEEDS_URING() do {						\
	struct ring _r;							\
									\
	if (!ring_make(&_r))						\
		SKIP(return, "no io_uring");				\
} while (0)

TEST_F(timens, a_timeout_until)
{
	NEEDS_URING();
	for (size_t i = 0; i < ARRAY_SIZE(clocks); i++)
		IN_TIMENS({
			long at = now(clocks[i]) + A_WHILE;
			struct timespec ts = timespec_of(at);
			struct ring r;

			must(ring_make(&r));
			add_timeout(&r, IORING_OP_TIMEOUT, &ts,
				    clock_flags[i] | IORING_TIMEOUT_ABS);
			ring_submit(&r, 1);
			must(ring_result(&r, TIMEOUT) == -ETIME);
			must(now(clocks[i]) >= at);
		});
}

TEST_F(timens, a_timeout_for_a_while)
{
	NEEDS_URING();
	for (size_t i = 0; i < ARRAY_SIZE(clocks); i++)
		IN_TIMENS({
			long before = now(clocks[i]);
			struct timespec ts = timespec_of(A_WHILE);
			struct ring r;

			must(ring_make(&r));
			add_timeout(&r, IORING_OP_TIMEOUT, &ts, clock_flags[i]);
			ring_submit(&r, 1);
			must(ring_result(&r, TIMEOUT) == -ETIME);
			must(now(clocks[i]) >= before + A_WHILE);
		});
}

/* Has the timeout end when A_WHILE of @clock is over, and says when that is. */
static long change_to_until(struct ring *r, clockid_t clock, unsigned int flags)
{
	long at = now(clock) + A_WHILE;
	struct timespec ts = timespec_of(at);

	add_update(r, &ts, flags);
	ring_submit(r, 1);
	must(ring_result(r, UPDATE) == 0);
	return at;
}

/* A change brings no clock of its own: it is one of the timeout's. */
TEST_F(timens, a_timeout_that_is_changed_to_until)
{
	NEEDS_URING();
	if (proc_kernel_before(7, 3))
		SKIP(return, "this kernel takes it as the initial namespace's");
	for (size_t i = 0; i < ARRAY_SIZE(clocks); i++)
		IN_TIMENS({
			struct timespec first = timespec_of(VERY_LONG);
			struct ring r;
			long at;

			must(ring_make(&r));
			add_timeout(&r, IORING_OP_TIMEOUT, &first, clock_flags[i]);
			ring_submit(&r, 1);
			at = change_to_until(&r, clocks[i], 0);
			must(ring_result(&r, TIMEOUT) == -ETIME);
			must(now(clocks[i]) >= at);
		});
}

TEST_F(timens, a_linked_timeout_until)
{
	NEEDS_URING();
	for (size_t i = 0; i < ARRAY_SIZE(clocks); i++)
		IN_TIMENS({
			long at = now(clocks[i]) + A_WHILE;
			struct timespec ts = timespec_of(at);
			struct ring r;

			must(ring_make(&r));
			add_poll_with_timeout(&r);
			add_timeout(&r, IORING_OP_LINK_TIMEOUT, &ts,
				    clock_flags[i] | IORING_TIMEOUT_ABS);
			ring_submit(&r, 2);
			must(ring_result(&r, POLL) == -ECANCELED);
			must(now(clocks[i]) >= at);
		});
}

TEST_F(timens, a_linked_timeout_that_is_changed_to_until)
{
	NEEDS_URING();
	if (proc_kernel_before(7, 3))
		SKIP(return, "this kernel takes it as the initial namespace's");
	for (size_t i = 0; i < ARRAY_SIZE(clocks); i++)
		IN_TIMENS({
			struct timespec first = timespec_of(VERY_LONG);
			struct ring r;
			long at;

			must(ring_make(&r));
			add_poll_with_timeout(&r);
			add_timeout(&r, IORING_OP_LINK_TIMEOUT, &first, clock_flags[i]);
			ring_submit(&r, 2);
			at = change_to_until(&r, clocks[i], IORING_LINK_TIMEOUT_UPDATE);
			must(ring_result(&r, POLL) == -ECANCELED);
			must(now(clocks[i]) >= at);
		});
}

#ifdef IORING_ENTER_ABS_TIMER

/* Has the ring's waits go by @clock. Returns 0, or -errno. */
static int ring_clock(struct ring *r, clockid_t clock)
{
	struct io_uring_clock_register reg = { .clockid = clock };

	return syscall(SYS_io_uring_register, r->fd, IORING_REGISTER_CLOCK, &reg, 0) ?
	       -errno : 0;
}

/* Waits for a result until @ts, or for it, by the ring's clock. Returns -errno. */
static int ring_wait(struct ring *r, const struct timespec *ts, unsigned int flags)
{
	struct io_uring_getevents_arg arg = { .ts = (uintptr_t)ts };

	return syscall(SYS_io_uring_enter, r->fd, 0, 1, IORING_ENTER_GETEVENTS |
		       IORING_ENTER_EXT_ARG | flags, &arg, sizeof(arg)) < 0 ? -errno : 0;
}

#endif

/* The wait itself ends, with nothing submitted. */
TEST_F(timens, a_wait_for_results_until)
{
#ifdef IORING_ENTER_ABS_TIMER
	struct ring r;

	NEEDS_URING();
	must(ring_make(&r));
	if (ring_clock(&r, CLOCK_MONOTONIC))
		SKIP(return, "no IORING_REGISTER_CLOCK");
	for (size_t i = 0; i < ARRAY_SIZE(clocks); i++)
		IN_TIMENS({
			struct timespec ts = timespec_of(A_WHILE);
			long at = now(clocks[i]) + A_WHILE;

			must(ring_make(&r));
			must(!ring_clock(&r, clocks[i]));
			/* For a while, and until there has been another. */
			must(ring_wait(&r, &ts, 0) == -ETIME);
			must(now(clocks[i]) >= at);
			at = now(clocks[i]) + A_WHILE;
			ts = timespec_of(at);
			must(ring_wait(&r, &ts, IORING_ENTER_ABS_TIMER) == -ETIME);
			must(now(clocks[i]) >= at);
		});
#else
	SKIP(return, "headers without IORING_ENTER_ABS_TIMER");
#endif
}

TEST_HARNESS_MAIN

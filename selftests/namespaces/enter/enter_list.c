// SPDX-License-Identifier: GPL-2.0
/*
 * listns(2): the ids of the namespaces that there are, of one kind, of several,
 * of a user namespace, page by page; and who sees which (Linux 6.19).
 *
 * Promises from the comments of include/uapi/linux/nsfs.h.
 */
#include "enter.h"

#ifndef SYS_listns
#define SYS_listns	470
#endif

#define MANY	500

static ssize_t list(struct ns_id_req *req, uint64_t *ids, size_t n)
{
	ssize_t got = syscall(SYS_listns, req, ids, n, 0);

	return got < 0 ? -errno : got;
}

/* All ids of the types, of user namespace @user or of all (0). */
static ssize_t list_all(uint32_t types, uint64_t user, uint64_t *ids)
{
	struct ns_id_req req = {
		.size = sizeof(req),
		.ns_type = types,
		.user_ns_id = user,
	};
	ssize_t n = list(&req, ids, MANY);

	must(n < MANY);
	return n;
}

static bool among(uint64_t id, const uint64_t *ids, ssize_t n)
{
	for (ssize_t i = 0; i < n; i++)
		if (ids[i] == id)
			return true;
	return false;
}

/* Whether a namespace of @pid's is listed. */
static bool listed(pid_t pid, const char *name)
{
	uint64_t ids[MANY];
	ssize_t n = list_all(0, 0, ids);

	must(n >= 0);
	return among(id_in(pid, name), ids, n);
}

FIXTURE(listns)
{
	pid_t pid;	/* that has all to itself */
};

FIXTURE_SETUP(listns)
{
	struct ns_id_req req = { .size = sizeof(req) };
	uint64_t id;

	if (list(&req, &id, 0) == -ENOSYS)
		SKIP(return, "no listns (Linux 6.19)");
	self->pid = process_in(ALL_KINDS);
}

FIXTURE_TEARDOWN(listns)
{
	if (self->pid)
		proc_kill(self->pid);
}

TEST_F(listns, everything_is_listed_once_in_order)
{
	uint64_t ids[MANY];
	ssize_t n = list_all(0, 0, ids);

	ASSERT_GE(n, 2 * KINDS);
	for (ssize_t i = 1; i < n; i++)
		EXPECT_LT(ids[i - 1], ids[i]);
	for (int i = 0; i < KINDS; i++) {
		EXPECT_TRUE(among(id_in(0, kinds[i].name), ids, n));
		EXPECT_TRUE(among(id_in(self->pid, kinds[i].name), ids, n));
	}
	EXPECT_TRUE(among(id_in(0, "user"), ids, n));
}

TEST_F(listns, one_kind_or_several)
{
	uint64_t all[MANY], some[MANY], uts = id_in(self->pid, "uts");
	ssize_t n = list_all(0, 0, all), k, sum = 0;

	for (int i = 0; i < KINDS; i++) {
		k = list_all(kinds[i].flag, 0, some);
		ASSERT_GT(k, 0);
		EXPECT_TRUE(among(id_in(self->pid, kinds[i].name), some, k));
		EXPECT_EQ(kinds[i].flag == CLONE_NEWUTS, among(uts, some, k));
		for (ssize_t j = 0; j < k; j++)
			EXPECT_TRUE(among(some[j], all, n));
		sum += k;
	}
	sum += list_all(CLONE_NEWUSER, 0, some);
	EXPECT_EQ(n, sum);
	k = list_all(CLONE_NEWUTS | CLONE_NEWIPC, 0, some);
	EXPECT_TRUE(among(uts, some, k));
	EXPECT_TRUE(among(id_in(0, "ipc"), some, k));
	EXPECT_FALSE(among(id_in(0, "net"), some, k));
}

TEST_F(listns, what_ends_is_not_listed_any_more)
{
	uint64_t before[ARRAY_SIZE(kinds)], ids[MANY];
	ssize_t n;

	for (int i = 0; i < KINDS; i++) {
		before[i] = id_in(self->pid, kinds[i].name);
		EXPECT_TRUE(listed(self->pid, kinds[i].name));
	}
	proc_kill(self->pid);
	self->pid = 0;
	n = list_all(0, 0, ids);
	for (int i = 0; i < KINDS; i++)
		EXPECT_FALSE(among(before[i], ids, n));
}

TEST_F(listns, what_is_only_open_is_listed)
{
	int fd = ns_open(self->pid, "uts");
	uint64_t id = id_of(fd), ids[MANY];

	proc_kill(self->pid);
	self->pid = 0;
	EXPECT_TRUE(among(id, ids, list_all(CLONE_NEWUTS, 0, ids)));
	close(fd);
	EXPECT_FALSE(among(id, ids, list_all(CLONE_NEWUTS, 0, ids)));
}

/* Page after page, each from where the last ended. */
static ssize_t list_by(size_t page, struct ns_id_req req, uint64_t *ids)
{
	ssize_t n = 0, got;

	for (;;) {
		must(n + page <= MANY);
		got = list(&req, ids + n, page);
		/* After the last one, nothing, or nothing found. */
		if (!got || got == -ENOENT)
			return n;
		must(got > 0 && (size_t)got <= page);
		n += got;
		req.ns_id = ids[n - 1];
	}
}

TEST_F(listns, pages_make_up_the_whole)
{
	static const uint32_t types[] = { 0, CLONE_NEWUTS, CLONE_NEWUTS | CLONE_NEWNET };
	uint64_t whole[MANY], pages[MANY];

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		for (size_t page = 1; page < 8; page++) {
			struct ns_id_req req = { .size = sizeof(req), .ns_type = types[i] };
			ssize_t n = list_all(types[i], 0, whole);

			ASSERT_EQ(n, list_by(page, req, pages));
			ASSERT_EQ(0, memcmp(whole, pages, n * sizeof(*whole)));
		}
}

TEST_F(listns, no_more_than_there_is_room_for)
{
	struct ns_id_req req = { .size = sizeof(req) };
	uint64_t ids[4] = { 0, 0, 0, 0 };

	EXPECT_EQ(3, list(&req, ids, 3));
	EXPECT_NE(0, ids[2]);
	EXPECT_EQ(0, ids[3]);
	EXPECT_EQ(0, list(&req, ids, 0));
}

/* A container of nobody's, and what belongs to it. */
static pid_t container(void)
{
	pid_t pid = userns_fork(CLONE_NEWUTS | CLONE_NEWIPC, 100000, 1000);

	if (!pid)
		proc_sleep_forever();
	return pid;
}

TEST_F(listns, what_a_user_namespace_owns)
{
	pid_t pid = container();
	uint64_t user = id_in(pid, "user"), ids[MANY], pages[MANY];
	struct ns_id_req req = { .size = sizeof(req), .user_ns_id = user };
	ssize_t n = list_all(0, user, ids);

	EXPECT_EQ(2, n);
	EXPECT_TRUE(among(id_in(pid, "uts"), ids, n));
	EXPECT_TRUE(among(id_in(pid, "ipc"), ids, n));
	EXPECT_EQ(1, list_all(CLONE_NEWIPC, user, ids));
	EXPECT_EQ(id_in(pid, "ipc"), ids[0]);
	EXPECT_EQ(0, list_all(CLONE_NEWNET, user, ids));
	EXPECT_EQ(2, list_by(1, req, pages));
	/* What the initial one owns is the rest, the container's itself included. */
	n = list_all(0, id_in(0, "user"), ids);
	EXPECT_TRUE(among(user, ids, n));
	EXPECT_TRUE(among(id_in(self->pid, "uts"), ids, n));
	EXPECT_FALSE(among(id_in(pid, "uts"), ids, n));
	EXPECT_EQ(n, list_all(0, LISTNS_CURRENT_USER, pages));
	EXPECT_EQ(0, memcmp(ids, pages, n * sizeof(*ids)));
	proc_kill(pid);
	EXPECT_EQ(-EINVAL, list_all(0, user, ids));
}

/* Whether what the caller sees is what it is in, and no more. */
static bool sees_only_its_own(void)
{
	uint64_t ids[MANY];
	ssize_t n = list_all(0, 0, ids), own = 0;

	must(n >= 0);
	for (int i = 0; i < KINDS; i++)
		own += among(id_in(0, kinds[i].name), ids, n);
	own += among(id_in(0, "user"), ids, n);
	if (own == n && n == KINDS + 1)
		return true;
	fprintf(stderr, "# %zd listed, %zd of them its own\n", n, own);
	return false;
}

TEST_F(listns, without_privilege_one_s_own)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(sees_only_its_own());
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(listns, root_of_a_container_sees_no_other_s)
{
	pid_t other = container();
	uint64_t user = id_in(other, "user");
	pid_t pid = userns_fork(CLONE_NEWUTS | CLONE_NEWPID, 100000, 1000);

	if (!pid) {
		uint64_t ids[MANY];

		must(!among(user, ids, list_all(0, 0, ids)));
		must(list_all(0, user, ids) == 0);
		/* What is its own is there to be asked for. */
		must(among(id_in(0, "uts"), ids, list_all(0, LISTNS_CURRENT_USER, ids)));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	proc_kill(other);
}

TEST_F(listns, root_without_cap_sys_admin_sees_its_own)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		cap_drop(CAP_SYS_ADMIN);
		must(sees_only_its_own());
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(listns, malformed_requests_are_refused)
{
	struct {
		struct ns_id_req req;
		uint64_t more[8];
	} big = { .req.size = sizeof(big) };
	struct ns_id_req req = { .size = sizeof(req) };
	uint64_t ids[8];

	req.size = NS_ID_REQ_SIZE_VER0 - 1;
	EXPECT_EQ(-EINVAL, list(&req, ids, 8));
	req.size = 0;
	EXPECT_EQ(-EINVAL, list(&req, ids, 8));
	req.size = 1 << 20;
	EXPECT_EQ(-E2BIG, list(&req, ids, 8));
	req.size = sizeof(req);
	req.spare = 1;
	EXPECT_EQ(-EINVAL, list(&req, ids, 8));
	req.spare = 0;
	req.ns_type = CLONE_VM;
	EXPECT_EQ(-EOPNOTSUPP, list(&req, ids, 8));
	req.ns_type = CLONE_NEWUTS | CLONE_VM;
	EXPECT_EQ(-EOPNOTSUPP, list(&req, ids, 8));
	req.ns_type = 0;
	req.user_ns_id = UINT64_MAX - 1;
	EXPECT_EQ(-EINVAL, list(&req, ids, 8));
	/* A user namespace is asked for by its own id, not by another one. */
	req.user_ns_id = id_in(0, "uts");
	EXPECT_EQ(-EINVAL, list(&req, ids, 8));
	req.user_ns_id = 0;
	req.ns_id = UINT64_MAX - 1;
	EXPECT_EQ(-ENOENT, list(&req, ids, 8));
	req.ns_id = 0;
	/* A longer request is one of the future: its zeroes mean nothing new. */
	EXPECT_EQ(8, list(&big.req, ids, 8));
	big.more[7] = 1;
	EXPECT_EQ(-E2BIG, list(&big.req, ids, 8));
}

TEST_F(listns, malformed_arguments_are_refused)
{
	struct ns_id_req req = { .size = sizeof(req) };
	uint64_t ids[8];

	EXPECT_EQ(-1, syscall(SYS_listns, &req, ids, 8, 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-EFAULT, list(NULL, ids, 8));
	EXPECT_EQ(-EFAULT, list(&req, NULL, 8));
	EXPECT_EQ(-EOVERFLOW, list(&req, ids, 1000001));
	EXPECT_EQ(-EOVERFLOW, list(&req, ids, SIZE_MAX));
	EXPECT_EQ(8, list(&req, ids, 8));
}

TEST_HARNESS_MAIN

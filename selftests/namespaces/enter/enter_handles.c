// SPDX-License-Identifier: GPL-2.0
/*
 * A namespace's file handle: a name that outlives every reference, and keeps
 * nothing alive (Linux 6.18).
 *
 * Promises from the comments of include/uapi/linux/nsfs.h, open_by_handle_at(2).
 */
#include "enter.h"
#include <dirent.h>

struct handle {
	struct file_handle h;
	struct nsfs_file_handle ns;
};

/* Returns 0, or -errno. */
static int handle_of(int fd, struct handle *h)
{
	int mount_id;

	memset(h, 0, sizeof(*h));
	h->h.handle_bytes = sizeof(h->ns);
	return name_to_handle_at(fd, "", &h->h, &mount_id, AT_EMPTY_PATH) ? -errno : 0;
}

/* Any file of nsfs tells which file system is meant. */
static int by_handle(struct handle *h)
{
	int some = ns_open(0, "uts"), fd;

	must(some >= 0);
	fd = open_by_handle_at(some, &h->h, O_RDONLY | O_CLOEXEC);
	fd = fd < 0 ? -errno : fd;
	close(some);
	return fd;
}

/* open_by_handle_at(2) tells a file system's refusal as a stale handle. */
static bool is_refused(int fd)
{
	return fd == -EPERM || fd == -ESTALE;
}

FIXTURE(handle)
{
	pid_t pid;
	struct handle uts;	/* its uts namespace's */
};

FIXTURE_SETUP(handle)
{
	int fd;

	self->pid = process_in(ALL_KINDS);
	fd = ns_open(self->pid, "uts");
	if (handle_of(fd, &self->uts) == -EOPNOTSUPP)
		SKIP(return, "namespaces have no file handles (Linux 6.18)");
	ASSERT_EQ(0, handle_of(fd, &self->uts));
	close(fd);
}

FIXTURE_TEARDOWN(handle)
{
	proc_kill(self->pid);
}

TEST_F(handle, every_kind_is_opened_by_its_handle)
{
	for (int i = 0; i < KINDS; i++) {
		int fd = ns_open(self->pid, kinds[i].name);
		struct handle h;

		ASSERT_EQ(0, handle_of(fd, &h));
		EXPECT_EQ(kinds[i].flag, (int)h.ns.ns_type);
		EXPECT_EQ(id_of(fd), h.ns.ns_id);
		EXPECT_TRUE(same(by_handle(&h), fd));
	}
}

TEST_F(handle, it_tells_what_it_is_of)
{
	struct stat st;
	int fd = ns_open(self->pid, "uts");

	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(st.st_ino, self->uts.ns.ns_inum);
	EXPECT_EQ(id_of(fd), self->uts.ns.ns_id);
	EXPECT_EQ(CLONE_NEWUTS, (int)self->uts.ns.ns_type);
	close(fd);
}

TEST_F(handle, what_it_opens_is_entered)
{
	int fd = by_handle(&self->uts);

	ASSERT_GE(fd, 0);
	EXPECT_EQ(0, ns_enter(fd, CLONE_NEWUTS));
	EXPECT_TRUE(same(fd, ns_open(self->pid, "uts")));
}

/* The id is enough. */
TEST_F(handle, type_and_inode_may_be_left_out)
{
	struct handle h = self->uts;

	h.ns.ns_type = 0;
	h.ns.ns_inum = 0;
	EXPECT_TRUE(same(by_handle(&h), ns_open(self->pid, "uts")));
}

TEST_F(handle, a_handle_that_does_not_fit_is_stale)
{
	struct handle h = self->uts;

	h.ns.ns_id = 0;
	EXPECT_EQ(-ESTALE, by_handle(&h));
	h.ns.ns_id = UINT64_MAX;
	EXPECT_EQ(-ESTALE, by_handle(&h));
	h = self->uts;
	h.ns.ns_type = CLONE_NEWIPC;
	EXPECT_EQ(-ESTALE, by_handle(&h));
	h = self->uts;
	h.ns.ns_inum++;
	EXPECT_EQ(-ESTALE, by_handle(&h));
	h = self->uts;
	h.ns.ns_type = 0;
	EXPECT_EQ(-ESTALE, by_handle(&h));
	h = self->uts;
	h.h.handle_type++;
	EXPECT_EQ(-ESTALE, by_handle(&h));
	h = self->uts;
	h.h.handle_bytes = 8;
	EXPECT_EQ(-ESTALE, by_handle(&h));
}

TEST_F(handle, it_keeps_nothing_alive)
{
	struct handle all[ARRAY_SIZE(kinds)];
	int fd;

	for (int i = 0; i < KINDS; i++) {
		fd = ns_open(self->pid, kinds[i].name);
		ASSERT_EQ(0, handle_of(fd, &all[i]));
		close(fd);
	}
	ASSERT_EQ(-SIGKILL, proc_kill(self->pid));
	for (int i = 0; i < KINDS; i++)
		EXPECT_EQ(-ESTALE, by_handle(&all[i]));
	self->pid = process_in(0);
}

TEST_F(handle, as_long_as_a_file_is_open_it_works)
{
	int fd = ns_open(self->pid, "uts");

	proc_kill(self->pid);
	EXPECT_TRUE(same(by_handle(&self->uts), dup(fd)));
	close(fd);
	EXPECT_EQ(-ESTALE, by_handle(&self->uts));
	self->pid = process_in(0);
}

TEST_F(handle, without_privilege_it_opens_only_what_the_caller_is_in)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		struct handle own;

		proc_become_nobody();
		must(is_refused(by_handle(&self->uts)));
		for (int i = 0; i < KINDS; i++) {
			int fd = ns_open(0, kinds[i].name);

			must(!handle_of(fd, &own));
			must(same(by_handle(&own), fd));
		}
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* Ids can be guessed, so root of a container gets no further. */
TEST_F(handle, root_of_a_container_opens_only_what_it_is_in)
{
	pid_t pid = proc_fork_bound(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWUTS);
	int fd;

	if (!pid) {
		struct handle own;

		must(is_refused(by_handle(&self->uts)));
		fd = ns_open(0, "uts");
		must(!handle_of(fd, &own));
		must(same(by_handle(&own), fd));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	/* Nor does one that is root of all, but in a pid namespace of its own. */
	pid = proc_fork_bound(CLONE_NEWPID);
	if (!pid) {
		must(is_refused(by_handle(&self->uts)));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_HARNESS_MAIN

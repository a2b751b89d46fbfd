// SPDX-License-Identifier: GPL-2.0
/*
 * Who may make and enter an ipc namespace, set its limits, and use what is in
 * it; and how its objects' owners look from other user namespaces.
 *
 * Promises from ipc_namespaces(7), user_namespaces(7), setns(2), sysvipc(7),
 * proc_sys_kernel(5).
 */
#include "ipc.h"
#include "cap.h"
#include "userns.h"
#include <sys/resource.h>

#define OVERFLOW_UID	65534

FIXTURE(rights)
{
	int ns;
};

IPC_KINDS(rights)

TEST_F(rights, an_object_belongs_to_its_maker)
{
	struct ipc_perm perm;
	int id = variant->make(KEY, IPC_CREAT | 0600);
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(variant->make(KEY, 0) == id);
		must(variant->make(KEY, 0400) == -EACCES);
		must(variant->look(id, &perm) == -EACCES);
		must(variant->remove(id) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	ASSERT_EQ(0, variant->look(id, &perm));
	EXPECT_EQ(0, perm.uid);
	EXPECT_EQ(0, perm.cuid);
}

/* Its capabilities end where its user namespace does. */
TEST_F(rights, root_of_a_user_namespace_has_no_power_over_the_host_s_objects)
{
	struct ipc_perm perm;
	int id = variant->make(KEY, IPC_CREAT | 0600);
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(!ns_become_user_root());
		must(variant->make(KEY, 0400) == -EACCES);
		must(variant->look(id, &perm) == -EACCES);
		must(variant->remove(id) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, variant->look(id, &perm));
}

TEST_F(rights, root_of_the_owning_user_namespace_has_power_over_all)
{
	pid_t pid = userns_fork(CLONE_NEWIPC, 100000, 1000);

	if (!pid) {
		struct baton made = baton_make();
		struct ipc_perm perm;
		int id;

		pid = fork();
		if (!pid) {
			userns_be(7);
			baton_pass(&made, variant->make(KEY, IPC_CREAT | 0600));
			_exit(0);
		}
		must(proc_end(pid) == 0);
		id = baton_take(&made);
		must(variant->make(KEY, 0600) == id);
		must(!variant->look(id, &perm) && perm.uid == 7);
		must(!variant->give(id, 8));
		must(!variant->look(id, &perm) && perm.uid == 8 && perm.cuid == 7);
		must(!variant->remove(id));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(rights, owners_are_named_as_the_reader_maps_them)
{
	struct baton made = baton_make(), go = baton_make();
	pid_t pid = userns_fork(CLONE_NEWIPC, 100000, 1000);
	struct ipc_perm perm;
	char row[512];
	int theirs, mine;

	if (!pid) {
		userns_be(5);
		baton_pass(&made, variant->make(KEY, IPC_CREAT | 0604));
		mine = baton_take(&go);
		/* Of root of the host, who is nobody here. */
		must(!variant->look(mine, &perm));
		must(perm.uid == OVERFLOW_UID && perm.cuid == OVERFLOW_UID);
		must(perm.gid == OVERFLOW_UID && perm.cgid == OVERFLOW_UID);
		must(variant->give(mine, 5) == -EPERM);
		must(ipc_rows(variant->list, mine, row, sizeof(row)) == 2);
		must(strstr(row, " 65534 "));
		must(ipc_rows(variant->list, baton_take(&made), row, sizeof(row)) == 2);
		must(!strstr(row, " 65534 ") && !strstr(row, " 100005 "));
		_exit(0);
	}
	theirs = baton_take(&made);
	ASSERT_EQ(0, ns_enter(proc_pidfd(pid), CLONE_NEWIPC));
	ASSERT_EQ(0, variant->look(theirs, &perm));
	EXPECT_EQ(100005, perm.uid);
	EXPECT_EQ(100005, perm.cgid);
	mine = variant->make(IPC_PRIVATE, 0604);
	ASSERT_GE(mine, 0);
	ipc_rows(variant->list, theirs, row, sizeof(row));
	EXPECT_NE(NULL, strstr(row, " 100005 "));
	baton_pass(&go, mine);
	baton_pass(&made, theirs);
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(rights, it_cannot_be_given_to_who_is_not_mapped)
{
	pid_t pid = userns_fork(CLONE_NEWIPC, 100000, 1000);

	if (!pid) {
		int id = variant->make(KEY, IPC_CREAT | 0600);
		struct ipc_perm perm;

		must(variant->give(id, 1000) == -EINVAL);
		must(!variant->give(id, 999));
		must(!variant->look(id, &perm) && perm.uid == 999);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

FIXTURE(ipc)
{
	int ns;
};

FIXTURE_SETUP(ipc)
{
	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	self->ns = ns_open(0, "ipc");
	ASSERT_GE(self->ns, 0);
}

FIXTURE_TEARDOWN(ipc)
{
	close(self->ns);
}

TEST_F(ipc, without_privilege_it_is_not_made_or_entered)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(unshare(CLONE_NEWIPC) == -1 && errno == EPERM);
		must(proc_fork(CLONE_NEWIPC) == -EPERM);
		must(ns_enter(self->ns, CLONE_NEWIPC) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(ipc, without_privilege_it_comes_with_a_user_namespace)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(!unshare(CLONE_NEWUSER | CLONE_NEWIPC));
		must(shm_make(KEY, IPC_CREAT | 0600) >= 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(-ENOENT, shm_make(KEY, 0));
}

TEST_F(ipc, cap_sys_admin_is_what_it_takes)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!prctl(PR_SET_KEEPCAPS, 1));
		must(!setresuid(65534, 65534, 65534));
		cap_keep(CAP_BIT(CAP_SYS_ADMIN));
		must(!unshare(CLONE_NEWIPC));
		must(!ns_enter(self->ns, CLONE_NEWIPC));
		cap_drop(CAP_SYS_ADMIN);
		must(unshare(CLONE_NEWIPC) == -1 && errno == EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(ipc, a_sibling_or_a_user_namespace_below_cannot_enter)
{
	struct baton up = baton_make();
	pid_t one = userns_fork(CLONE_NEWIPC, 100000, 1000), two;
	int theirs;

	if (!one) {
		must(ns_enter(self->ns, CLONE_NEWIPC) == -EPERM);
		baton_pass(&up, 0);
		proc_sleep_forever();
	}
	baton_take(&up);
	theirs = ns_open(one, "ipc");
	two = userns_fork(CLONE_NEWIPC, 100000, 1000);
	if (!two) {
		must(ns_enter(theirs, CLONE_NEWIPC) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(two));
	EXPECT_EQ(0, ns_enter(theirs, CLONE_NEWIPC));
	close(theirs);
	proc_kill(one);
}

TEST_F(ipc, max_ipc_namespaces_bounds_what_a_user_namespace_makes)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!ns_become_user_root());
		must(!file_write("/proc/sys/user/max_ipc_namespaces", "1"));
		must(!unshare(CLONE_NEWIPC));
		must(unshare(CLONE_NEWIPC) == -1 && errno == ENOSPC);
		must(!ns_become_user_root());
		must(proc_fork(CLONE_NEWIPC) == -ENOSPC);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

static const char * const limits[] = {
	SYSCTL("shmmax"), SYSCTL("shmall"), SYSCTL("shmmni"), SYSCTL("shm_rmid_forced"),
	SYSCTL("msgmax"), SYSCTL("msgmnb"), SYSCTL("msgmni"),
	"/proc/sys/fs/mqueue/queues_max", "/proc/sys/fs/mqueue/msg_max",
	"/proc/sys/fs/mqueue/msgsize_max", "/proc/sys/fs/mqueue/msg_default",
	"/proc/sys/fs/mqueue/msgsize_default",
};

TEST_F(ipc, without_privilege_the_limits_are_read_only)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		char text[64];

		proc_become_nobody();
		for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
			must(file_read(limits[i], text, sizeof(text)) > 0);
			must(file_write(limits[i], text) == -EACCES);
		}
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(ipc, root_of_the_owning_user_namespace_sets_the_limits)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		char text[64];

		proc_become_nobody();
		must(!ns_become_user_root());
		for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
			must(file_read(limits[i], text, sizeof(text)) > 0);
			must(file_write(limits[i], text) == -EACCES);
		}
		must(!unshare(CLONE_NEWIPC));
		for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
			must(file_read(limits[i], text, sizeof(text)) > 0);
			must(!file_write(limits[i], text));
		}
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* Another id of that user namespace has what everybody has. */
TEST_F(ipc, others_in_the_owning_user_namespace_do_not)
{
	pid_t pid = userns_fork(CLONE_NEWIPC, 100000, 1000);

	if (!pid) {
		must(!file_write(SYSCTL("msgmax"), "4000"));
		userns_be(1);
		must(file_write(SYSCTL("msgmax"), "4001") == -EACCES);
		must(file_number(SYSCTL("msgmax")) == 4000);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* SHM_LOCK, for which capabilities count in the owning user namespace. */
TEST_F(ipc, a_segment_is_locked_by_its_owner_or_with_cap_ipc_lock)
{
	int id = shm_make(IPC_PRIVATE, 0666);
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(shmctl(id, SHM_LOCK, NULL) == -1 && errno == EPERM);
		must(!ns_become_user_root());
		must(shmctl(id, SHM_LOCK, NULL) == -1 && errno == EPERM);
		must(!unshare(CLONE_NEWIPC));
		id = shm_make(IPC_PRIVATE, 0600);
		must(!shmctl(id, SHM_LOCK, NULL));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/*
 * A process that owns nothing, root of the user namespace with the ipc namespace
 * in which there is an object of user 7, less one capability. Returns its exit
 * status; @shm is a segment there.
 */
static int without(int cap, void (*act)(int shm))
{
	pid_t pid = userns_fork(CLONE_NEWIPC, 100000, 1000);

	if (!pid) {
		pid_t maker = fork();
		struct shm_info info;
		struct shmid_ds ds;
		int id;

		if (!maker) {
			userns_be(7);
			_exit(shm_make(KEY, IPC_CREAT | 0600) < 0);
		}
		must(!proc_end(maker));
		must(shmctl(0, SHM_INFO, (void *)&info) == 0 && info.used_ids == 1);
		id = shmctl(0, SHM_STAT_ANY, &ds);
		must(id >= 0 && ds.shm_perm.uid == 7);
		cap_drop(cap);
		act(id);
		_exit(0);
	}
	return proc_end(pid);
}

static bool locked(int id)
{
	struct shmid_ds ds;

	must(shmctl(0, SHM_STAT_ANY, &ds) == id);
	return ds.shm_perm.mode & SHM_LOCKED;
}

static void only_reads_are_refused(int id)
{
	struct ipc_perm perm = { 0 };

	must(shm_look(id, &perm) == -EACCES);
	must(shmat(id, NULL, SHM_RDONLY) == MAP_FAILED && errno == EACCES);
	must(shm_make(KEY, 0600) == -EACCES);
	must(shm_make(KEY, 0) == id);
	must(!shmctl(id, SHM_LOCK, NULL) && locked(id));
	must(!shm_remove(id));
}

static void only_control_is_refused(int id)
{
	struct ipc_perm perm = { 0 };

	must(shm_give(id, 3) == -EPERM);
	must(shm_remove(id) == -EPERM);
	must(!shm_look(id, &perm) && perm.uid == 7);
	must(shmat(id, NULL, 0) != MAP_FAILED);
	must(!shmctl(id, SHM_LOCK, NULL) && locked(id));
}

static void only_locking_is_refused(int id)
{
	struct ipc_perm perm = { 0 };

	must(shmctl(id, SHM_LOCK, NULL) == -1 && errno == EPERM && !locked(id));
	must(shmctl(id, SHM_UNLOCK, NULL) == -1 && errno == EPERM);
	must(!shm_look(id, &perm));
	must(!shm_give(id, 3));
}

TEST(cap_ipc_owner_is_what_reads_the_objects_of_others)
{
	EXPECT_EQ(0, without(CAP_IPC_OWNER, only_reads_are_refused));
}

TEST(cap_sys_admin_is_what_changes_the_objects_of_others)
{
	EXPECT_EQ(0, without(CAP_SYS_ADMIN, only_control_is_refused));
}

TEST(cap_ipc_lock_is_what_locks_the_segments_of_others)
{
	EXPECT_EQ(0, without(CAP_IPC_LOCK, only_locking_is_refused));
}

/* An owner may lock as much as RLIMIT_MEMLOCK lets it. */
TEST_F(ipc, an_owner_who_may_lock_nothing_locks_no_segment)
{
	struct rlimit none = { 0, 0 }, page = { 4096, 4096 };
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		int one, two;

		must(!setrlimit(RLIMIT_MEMLOCK, &page));
		proc_become_nobody();
		one = shm_make(IPC_PRIVATE, 0600);
		two = shm_make(IPC_PRIVATE, 0600);
		must(!shmctl(one, SHM_LOCK, NULL));
		/* Both together are more than that, */
		must(shmctl(two, SHM_LOCK, NULL) == -1 && errno == ENOMEM);
		must(!shmctl(one, SHM_UNLOCK, NULL));
		must(!shmctl(two, SHM_LOCK, NULL));
		must(!setrlimit(RLIMIT_MEMLOCK, &none));
		must(shmctl(one, SHM_LOCK, NULL) == -1 && errno == EPERM);
		/* and what is locked can be unlocked without. */
		must(!shmctl(two, SHM_UNLOCK, NULL));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Choosing the identifier of the next object: kernel.{shm,sem,msg}_next_id,
 * for who restores a process with its objects.
 *
 * Promises from admin-guide/sysctl/kernel.rst ("msg_next_id, sem_next_id, and
 * shm_next_id") and capabilities(7) (CAP_CHECKPOINT_RESTORE). The document does
 * not promise the id: one that cannot be had is another one.
 */
#include "ipc.h"
#include "cap.h"
#include "userns.h"
#include <limits.h>

FIXTURE(next_id)
{
	int ns;
};

IPC_KINDS(next_id)

/*
 * An id is an index and, above the bits for it, a sequence number. Two ids
 * with the same index exclude each other.
 */
#define INDEX_BITS	15
#define SAME_INDEX(id)	((id) + (1 << INDEX_BITS))

TEST_F(next_id, it_is_minus_one_unless_set)
{
	EXPECT_EQ(-1, file_number(variant->next_id));
	EXPECT_EQ(0, file_write(variant->next_id, "42"));
	EXPECT_EQ(42, file_number(variant->next_id));
	/* A new namespace does not inherit it. */
	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	EXPECT_EQ(-1, file_number(variant->next_id));
}

TEST_F(next_id, the_next_object_has_it)
{
	struct ipc_perm perm;

	ASSERT_EQ(0, file_write(variant->next_id, "42"));
	EXPECT_EQ(42, variant->make(KEY, IPC_CREAT | 0600));
	EXPECT_EQ(42, variant->make(KEY, 0));
	EXPECT_EQ(0, variant->look(42, &perm));
	EXPECT_EQ(1, ipc_count(variant->list));
}

TEST_F(next_id, it_is_for_one_object)
{
	int id;

	ASSERT_EQ(0, file_write(variant->next_id, "123456"));
	ASSERT_EQ(123456, variant->make(IPC_PRIVATE, 0600));
	EXPECT_EQ(-1, file_number(variant->next_id));
	id = variant->make(IPC_PRIVATE, 0600);
	EXPECT_GE(id, 0);
	EXPECT_NE(123456, id);
}

TEST_F(next_id, the_first_and_the_last_id_can_be_had)
{
	struct ipc_perm perm;

	ASSERT_EQ(0, file_write(variant->next_id, "0"));
	EXPECT_EQ(0, variant->make(IPC_PRIVATE, 0600));
	ASSERT_EQ(0, file_printf(variant->next_id, "%d", INT_MAX));
	EXPECT_EQ(INT_MAX, variant->make(IPC_PRIVATE, 0600));
	EXPECT_EQ(0, variant->look(0, &perm));
	EXPECT_EQ(0, variant->look(INT_MAX, &perm));
	EXPECT_EQ(0, variant->remove(INT_MAX));
	EXPECT_EQ(-EINVAL, variant->look(INT_MAX, &perm));
}

/* No two of them have the same index. */
TEST_F(next_id, many_can_be_chosen_in_any_order)
{
	static const int id[] = {
		70000, 3, 32767, (1 << 30) + 2, 32769, 5 << INDEX_BITS, 2000000000,
	};
	struct ipc_perm perm;

	for (size_t i = 0; i < ARRAY_SIZE(id); i++) {
		ASSERT_EQ(0, file_printf(variant->next_id, "%d", id[i]));
		EXPECT_EQ(id[i], variant->make(IPC_PRIVATE, 0600));
	}
	for (size_t i = 0; i < ARRAY_SIZE(id); i++)
		EXPECT_EQ(0, variant->look(id[i], &perm));
	EXPECT_EQ(ARRAY_SIZE(id), ipc_count(variant->list));
}

TEST_F(next_id, what_is_out_of_range_is_refused)
{
	static const char * const bad[] = {
		"-1", "-2", "2147483648", "4294967296", "4294967338",
		"18446744073709551615", "-2147483648",
	};

	ASSERT_EQ(0, file_write(variant->next_id, "42"));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, file_write(variant->next_id, bad[i]))
			TH_LOG("'%s'", bad[i]);
	}
	EXPECT_EQ(42, file_number(variant->next_id));
	EXPECT_EQ(42, variant->make(IPC_PRIVATE, 0600));
}

TEST_F(next_id, what_is_no_number_is_refused)
{
	static const char * const bad[] = { "x", "4x", "0x", "-", "4.2", " ", };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, file_write(variant->next_id, bad[i]))
			TH_LOG("'%s'", bad[i]);
	}
	EXPECT_EQ(-1, file_number(variant->next_id));
}

TEST_F(next_id, a_taken_id_stays_who_it_is)
{
	struct ipc_perm before, after;
	int other;

	ASSERT_EQ(0, file_write(variant->next_id, "42"));
	ASSERT_EQ(42, variant->make(KEY, IPC_CREAT | 0640));
	ASSERT_EQ(0, variant->look(42, &before));
	ASSERT_EQ(0, file_write(variant->next_id, "42"));
	other = variant->make(KEY + 1, IPC_CREAT | 0600);
	EXPECT_GE(other, 0);
	EXPECT_NE(42, other);
	EXPECT_EQ(-1, file_number(variant->next_id));
	ASSERT_EQ(0, variant->look(42, &after));
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
	EXPECT_EQ(42, variant->make(KEY, 0));
	EXPECT_EQ(other, variant->make(KEY + 1, 0));
}

TEST_F(next_id, an_id_whose_index_is_taken_is_not_had)
{
	struct ipc_perm perm;
	int other;

	ASSERT_EQ(0, file_write(variant->next_id, "42"));
	ASSERT_EQ(42, variant->make(IPC_PRIVATE, 0600));
	ASSERT_EQ(0, file_printf(variant->next_id, "%d", SAME_INDEX(42)));
	other = variant->make(IPC_PRIVATE, 0600);
	EXPECT_GE(other, 0);
	EXPECT_NE(SAME_INDEX(42), other);
	EXPECT_EQ(0, variant->look(42, &perm));
	EXPECT_EQ(0, variant->look(other, &perm));
	EXPECT_EQ(-EINVAL, variant->look(SAME_INDEX(42), &perm));
	/* Gone is gone: the index is free for another id, under which 42 is not. */
	ASSERT_EQ(0, variant->remove(42));
	ASSERT_EQ(0, file_printf(variant->next_id, "%d", SAME_INDEX(42)));
	EXPECT_EQ(SAME_INDEX(42), variant->make(IPC_PRIVATE, 0600));
	EXPECT_EQ(-EINVAL, variant->look(42, &perm));
}

/* Above the last index there is nothing to fall back to. */
TEST_F(next_id, when_the_last_index_is_taken_none_is_made_or_another)
{
	struct ipc_perm perm;
	int other;

	ASSERT_EQ(0, file_printf(variant->next_id, "%d", INT_MAX));
	ASSERT_EQ(INT_MAX, variant->make(IPC_PRIVATE, 0600));
	ASSERT_EQ(0, file_printf(variant->next_id, "%d", INT_MAX));
	other = variant->make(IPC_PRIVATE, 0600);
	EXPECT_TRUE(other == -ENOSPC || (other >= 0 && other != INT_MAX));
	EXPECT_EQ(0, variant->look(INT_MAX, &perm));
	EXPECT_EQ(other < 0 ? 1 : 2, ipc_count(variant->list));
	/* What the file holds after a failure is not promised. */
	ASSERT_EQ(0, file_write(variant->next_id, "42"));
	EXPECT_EQ(42, variant->make(IPC_PRIVATE, 0600));
}

TEST_F(next_id, a_removed_id_can_be_chosen_again)
{
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, file_write(variant->next_id, "42"));
		ASSERT_EQ(42, variant->make(KEY, IPC_CREAT | IPC_EXCL | 0600));
		ASSERT_EQ(0, variant->remove(42));
	}
}

TEST_F(next_id, finding_an_object_does_not_use_it_up)
{
	int id = variant->make(KEY, IPC_CREAT | 0600);

	ASSERT_EQ(0, file_write(variant->next_id, "4242"));
	EXPECT_EQ(id, variant->make(KEY, 0));
	EXPECT_EQ(id, variant->make(KEY, IPC_CREAT | 0600));
	EXPECT_EQ(-EEXIST, variant->make(KEY, IPC_CREAT | IPC_EXCL | 0600));
	EXPECT_EQ(-ENOENT, variant->make(KEY + 1, 0));
	EXPECT_EQ(4242, file_number(variant->next_id));
	EXPECT_EQ(4242, variant->make(KEY + 1, IPC_CREAT | 0600));
}

TEST_F(next_id, each_kind_has_its_own)
{
	static const char * const all[] = {
		SYSCTL("shm_next_id"), SYSCTL("sem_next_id"), SYSCTL("msg_next_id"),
	};

	ASSERT_EQ(0, file_write(variant->next_id, "42"));
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		EXPECT_EQ(strcmp(all[i], variant->next_id) ? -1 : 42,
			  file_number(all[i]));
}

TEST_F(next_id, each_namespace_has_its_own)
{
	ASSERT_EQ(0, file_write(variant->next_id, "42"));
	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	EXPECT_NE(42, variant->make(IPC_PRIVATE, 0600));
	ASSERT_EQ(0, file_write(variant->next_id, "43"));
	ASSERT_EQ(0, ns_enter(self->ns, CLONE_NEWIPC));
	EXPECT_EQ(42, file_number(variant->next_id));
	EXPECT_EQ(42, variant->make(IPC_PRIVATE, 0600));
}

/* Once ids were chosen, those that the kernel chooses are free ones still. */
TEST_F(next_id, the_kernel_s_own_choice_goes_around_the_chosen)
{
	struct ipc_perm perm;
	int id;

	for (int i = 0; i < 64; i += 2) {
		ASSERT_EQ(0, file_printf(variant->next_id, "%d", i));
		ASSERT_EQ(i, variant->make(IPC_PRIVATE, 0640));
	}
	for (int i = 0; i < 64; i++) {
		id = variant->make(IPC_PRIVATE, 0600);
		ASSERT_GE(id, 0);
		ASSERT_EQ(0, variant->look(id, &perm));
		ASSERT_EQ(0600, perm.mode);
	}
	for (int i = 0; i < 64; i += 2) {
		ASSERT_EQ(0, variant->look(i, &perm));
		ASSERT_EQ(0640, perm.mode);
	}
	EXPECT_EQ(96, ipc_count(variant->list));
}

TEST_F(next_id, everybody_may_read_it)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(file_number(variant->next_id) == -1);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(next_id, without_privilege_it_cannot_be_set)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(file_write(variant->next_id, "42") == -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(-1, file_number(variant->next_id));
}

TEST_F(next_id, root_without_the_capability_cannot_set_it)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		cap_drop(CAP_CHECKPOINT_RESTORE);
		must(!file_write(variant->next_id, "41"));
		cap_drop(CAP_SYS_ADMIN);
		must(file_write(variant->next_id, "42") == -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(41, file_number(variant->next_id));
}

TEST_F(next_id, cap_checkpoint_restore_is_enough)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!prctl(PR_SET_KEEPCAPS, 1));
		must(!setresuid(65534, 65534, 65534));
		cap_keep(CAP_BIT(CAP_CHECKPOINT_RESTORE));
		must(!file_write(variant->next_id, "42"));
		must(variant->make(IPC_PRIVATE, 0600) == 42);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* Who was handed the open file needs the capability too. */
TEST_F(next_id, an_open_file_is_no_permission)
{
	int fd = open(variant->next_id, O_RDWR | O_CLOEXEC);
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(write(fd, "42", 2) == -1 && errno == EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(-1, file_number(variant->next_id));
	close(fd);
}

TEST_F(next_id, root_of_a_user_namespace_sets_its_own_only)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(!ns_become_user_root());
		must(file_write(variant->next_id, "42") == -EACCES);
		must(!unshare(CLONE_NEWIPC));
		must(!file_write(variant->next_id, "42"));
		must(variant->make(IPC_PRIVATE, 0600) == 42);
		/* And not from the level below, in which it is root as well. */
		must(!ns_become_user_root());
		must(file_write(variant->next_id, "43") == -EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(-1, file_number(variant->next_id));
}

/* proc(5): a segment's id is its inode number in /proc/PID/maps. */
TEST(maps_show_the_chosen_id)
{
	char want[64], line[512];
	bool found = false;
	FILE *f;

	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	ASSERT_EQ(0, file_write(SYSCTL("shm_next_id"), "7654321"));
	ASSERT_EQ(7654321, shm_make(KEY, IPC_CREAT | 0600));
	ASSERT_NE(MAP_FAILED, shmat(7654321, NULL, 0));
	snprintf(want, sizeof(want), "/SYSV%08x", KEY);
	f = fopen("/proc/self/maps", "re");
	ASSERT_NE(NULL, f);
	while (fgets(line, sizeof(line), f))
		found |= strstr(line, want) && strstr(line, " 7654321 ");
	fclose(f);
	EXPECT_TRUE(found);
}

TEST_HARNESS_MAIN

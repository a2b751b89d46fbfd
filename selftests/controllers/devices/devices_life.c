// SPDX-License-Identifier: GPL-2.0
/*
 * How long a policy lives, and whom it follows: its maker dies, its cgroup is
 * removed, a link is closed, pinned, updated; tasks and threads move.
 *
 * Promises from cgroup-v2.rst, "Device controller", and linux/bpf.h,
 * BPF_LINK_CREATE, BPF_LINK_UPDATE, BPF_LINK_DETACH, BPF_OBJ_PIN.
 */
#include "devices.h"
#include <pthread.h>
#include "until.h"

static bool prog_gone(uint32_t id)
{
	int fd = prog_by_id(id);

	if (fd >= 0)
		close(fd);
	return fd == -ENOENT;
}

TEST_F(devices, a_policy_outlives_who_attached_it)
{
	struct prog_list list = {};
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!prog_attach(self->a, prog_deny(DEV_NULL), 0));
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(pid));
	EXPECT_EQ(-EPERM, NULL_IN(self->a));
	ASSERT_EQ(0, prog_query(self->a, 0, &list));
	ASSERT_EQ(1, list.n);
	EXPECT_FALSE(prog_gone(list.id[0]));
}

TEST_F(devices, a_program_goes_when_it_is_detached_and_closed)
{
	int prog = prog_deny(DEV_NULL);
	uint32_t id = prog_id(prog);

	ASSERT_EQ(0, prog_attach(self->a, prog, 0));
	ASSERT_EQ(0, prog_detach(self->a, prog));
	EXPECT_FALSE(prog_gone(id));
	close(prog);
	EXPECT_TRUE(EVENTUALLY(prog_gone(id)));
}

TEST_F(devices, a_program_goes_with_its_cgroup)
{
	int prog = prog_deny(DEV_NULL);
	uint32_t id = prog_id(prog);

	ASSERT_EQ(0, prog_attach(self->below, prog, BPF_F_ALLOW_MULTI));
	close(prog);
	ASSERT_EQ(-EPERM, NULL_IN(self->below));
	ASSERT_EQ(0, cg_remove(self->below));
	EXPECT_TRUE(EVENTUALLY(prog_gone(id)));
	/* Made again, it is a new one. */
	ASSERT_EQ(0, cg_create(self->below));
	EXPECT_EQ(0, NULL_IN(self->below));
}

TEST_F(devices, a_program_above_stays_when_a_cgroup_goes)
{
	int prog = prog_deny(DEV_NULL);
	uint32_t id = prog_id(prog);

	ASSERT_EQ(0, prog_attach(self->a, prog, 0));
	close(prog);
	ASSERT_EQ(0, cg_remove(self->below));
	EXPECT_EQ(-EPERM, NULL_IN(self->a));
	EXPECT_FALSE(prog_gone(id));
}

TEST_F(devices, a_process_takes_the_policy_of_where_it_moves)
{
	pid_t pid;

	ASSERT_EQ(0, prog_attach(self->a, prog_deny(DEV_NULL), 0));
	ASSERT_EQ(0, prog_attach(self->b, prog_deny(DEV_ZERO), 0));
	pid = proc_fork_bound(0);
	if (!pid) {
		for (int i = 0; i < 2; i++) {
			must(!cg_enter(self->a, 0));
			must(open("null", O_RDONLY) == -1 && errno == EPERM);
			must(open("zero", O_RDONLY) >= 0);
			must(!cg_enter(self->b, 0));
			must(open("null", O_RDONLY) >= 0);
			must(open("zero", O_RDONLY) == -1 && errno == EPERM);
		}
		must(!cg_enter(self->top, 0));
		must(open("null", O_RDONLY) >= 0);
		must(open("zero", O_RDONLY) >= 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(devices, a_process_moved_by_another_has_the_new_policy)
{
	struct baton go = baton_make(), ready = baton_make();
	pid_t pid;

	ASSERT_EQ(0, prog_attach(self->a, prog_deny(DEV_NULL), 0));
	pid = proc_fork_bound(0);
	if (!pid) {
		must(open("null", O_RDONLY) >= 0);
		baton_pass(&ready, 0);
		baton_take(&go);
		must(open("null", O_RDONLY) == -1 && errno == EPERM);
		_exit(0);
	}
	baton_take(&ready);
	ASSERT_EQ(0, cg_enter(self->a, pid));
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(devices, who_is_born_there_has_the_policy_from_the_start)
{
	pid_t pid;

	ASSERT_EQ(0, prog_attach(self->a, prog_deny(DEV_NULL), 0));
	pid = cg_fork_into(self->a, 0);
	if (!pid) {
		must(open("null", O_RDONLY) == -1 && errno == EPERM);
		pid = proc_fork(0);
		if (!pid)
			_exit(open("null", O_RDONLY) == -1 && errno == EPERM ? 0 : 1);
		must(proc_end(pid) == 0);
		/* Nor does an exec change anything. */
		execlp("sh", "sh", "-c", "! (: <null) && (: <zero)", NULL);
		_exit(1);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(devices, a_change_binds_who_is_there_already)
{
	struct baton go = baton_make(), done = baton_make();
	int prog = prog_deny(DEV_NULL);
	pid_t pid = cg_fork_into(self->below, 0);

	if (!pid) {
		must(open("null", O_RDONLY) >= 0);
		baton_pass(&done, 0);
		baton_take(&go);
		must(open("null", O_RDONLY) == -1 && errno == EPERM);
		baton_pass(&done, 0);
		baton_take(&go);
		must(open("null", O_RDONLY) >= 0);
		_exit(0);
	}
	baton_take(&done);
	ASSERT_EQ(0, prog_attach(self->a, prog, 0));
	baton_pass(&go, 0);
	baton_take(&done);
	ASSERT_EQ(0, prog_detach(self->a, prog));
	baton_pass(&go, 0);
	EXPECT_EQ(0, proc_end(pid));
}

static void *thread_is_denied(void *cg)
{
	must(!cg_write(cg, "cgroup.threads", "0"));
	must(open("null", O_RDONLY) == -1 && errno == EPERM);
	return NULL;
}

TEST_F(devices, a_thread_has_the_policy_of_its_threaded_cgroup)
{
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->below, "cgroup.type", "threaded"));
	ASSERT_EQ(0, prog_attach(self->below, prog_deny(DEV_NULL), 0));
	pid = cg_fork_into(self->a, 0);
	if (!pid) {
		pthread_t thread;

		must(!pthread_create(&thread, NULL, thread_is_denied, self->below));
		must(!pthread_join(thread, NULL));
		must(open("null", O_RDONLY) >= 0);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(devices, a_link_holds_a_policy_until_it_is_closed)
{
	int prog = prog_deny(DEV_NULL), link, other;

	link = link_make(self->a, prog);
	ASSERT_GE(link, 0);
	close(prog);
	EXPECT_EQ(-EPERM, NULL_IN(self->a));
	EXPECT_EQ(-EPERM, NULL_IN(self->below));
	other = dup(link);
	close(link);
	EXPECT_EQ(-EPERM, NULL_IN(self->a));
	close(other);
	EXPECT_TRUE(EVENTUALLY(NULL_IN(self->a) == 0));
	EXPECT_EQ(0, NULL_IN(self->below));
	EXPECT_EQ(0, prog_count(self->a, 0));
}

TEST_F(devices, a_link_dies_with_its_holder)
{
	struct baton ready = baton_make();
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(link_make(self->a, prog_deny(DEV_NULL)) >= 0);
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	baton_take(&ready);
	EXPECT_EQ(-EPERM, NULL_IN(self->a));
	ASSERT_EQ(-SIGKILL, proc_kill(pid));
	EXPECT_TRUE(EVENTUALLY(NULL_IN(self->a) == 0));
}

TEST_F(devices, a_link_tells_its_cgroup)
{
	int link = link_make(self->a, prog_deny(DEV_NULL));
	struct stat st;

	ASSERT_GE(link, 0);
	ASSERT_EQ(0, stat(self->a, &st));
	EXPECT_EQ(st.st_ino, link_cgroup(link));
}

TEST_F(devices, an_updated_link_has_another_program_everywhere_below)
{
	int link = link_make(self->a, prog_deny(DEV_NULL));

	ASSERT_GE(link, 0);
	ASSERT_EQ(0, prog_attach(self->below, prog_allow_all(), BPF_F_ALLOW_MULTI));
	ASSERT_EQ(0, link_update(link, prog_deny(DEV_ZERO)));
	EXPECT_EQ(0, NULL_IN(self->a));
	EXPECT_EQ(-EPERM, ZERO_IN(self->a));
	EXPECT_EQ(0, NULL_IN(self->below));
	EXPECT_EQ(-EPERM, ZERO_IN(self->below));
}

TEST_F(devices, an_update_may_insist_on_the_old_program)
{
	int old = prog_deny(DEV_NULL), new = prog_deny(DEV_ZERO);
	int link = link_make(self->a, old);
	union bpf_attr attr = {
		.link_update.link_fd = link,
		.link_update.new_prog_fd = new,
		.link_update.old_prog_fd = new,
		.link_update.flags = BPF_F_REPLACE,
	};

	ASSERT_GE(link, 0);
	EXPECT_EQ(-EPERM, bpf_call(BPF_LINK_UPDATE, &attr));
	EXPECT_EQ(-EPERM, NULL_IN(self->a));
	attr.link_update.old_prog_fd = old;
	EXPECT_EQ(0, bpf_call(BPF_LINK_UPDATE, &attr));
	EXPECT_EQ(0, NULL_IN(self->a));
	EXPECT_EQ(-EPERM, ZERO_IN(self->a));
}

TEST_F(devices, a_detached_link_is_empty_for_good)
{
	int link = link_make(self->a, prog_deny(DEV_NULL));

	ASSERT_GE(link, 0);
	ASSERT_EQ(0, link_detach(link));
	EXPECT_EQ(0, NULL_IN(self->a));
	EXPECT_EQ(0, link_cgroup(link));
	EXPECT_EQ(-ENOLINK, link_update(link, prog_deny(DEV_NULL)));
	EXPECT_EQ(0, NULL_IN(self->a));
}

TEST_F(devices, only_its_link_takes_a_links_program_away)
{
	int prog = prog_deny(DEV_NULL), link = link_make(self->a, prog);

	ASSERT_GE(link, 0);
	EXPECT_EQ(-ENOENT, prog_detach(self->a, prog));
	EXPECT_EQ(-EINVAL, prog_detach(self->a, 0));
	EXPECT_EQ(-EPERM, prog_attach(self->a, prog_allow_all(), 0));
	EXPECT_EQ(-ENOENT, prog_replace(self->a, prog_allow_all(),
					BPF_F_ALLOW_MULTI | BPF_F_REPLACE, prog));
	EXPECT_EQ(-EPERM, NULL_IN(self->a));
}

TEST_F(devices, links_and_programs_bind_together)
{
	int link = link_make(self->a, prog_deny(DEV_NULL));

	ASSERT_GE(link, 0);
	ASSERT_EQ(0, prog_attach(self->a, prog_deny(DEV_ZERO), BPF_F_ALLOW_MULTI));
	EXPECT_EQ(-EPERM, NULL_IN(self->a));
	EXPECT_EQ(-EPERM, ZERO_IN(self->a));
	ASSERT_EQ(0, link_detach(link));
	EXPECT_EQ(0, NULL_IN(self->a));
	EXPECT_EQ(-EPERM, ZERO_IN(self->a));
}

TEST_F(devices, a_link_cannot_be_made_below_or_beside_a_single_program)
{
	ASSERT_EQ(0, prog_attach(self->a, prog_deny(DEV_NULL), 0));
	EXPECT_EQ(-EPERM, link_make(self->a, prog_allow_all()));
	EXPECT_EQ(-EPERM, link_make(self->below, prog_allow_all()));
	EXPECT_EQ(-EPERM, NULL_IN(self->below));
}

TEST_F(devices, a_link_does_not_keep_its_cgroup_alive)
{
	int link = link_make(self->below, prog_deny(DEV_NULL));

	ASSERT_GE(link, 0);
	ASSERT_EQ(0, cg_remove(self->below));
	EXPECT_TRUE(EVENTUALLY(link_cgroup(link) == 0));
	EXPECT_EQ(-ENOLINK, link_update(link, prog_allow_all()));
	EXPECT_EQ(0, link_detach(link));
}

static void mount_bpffs(void)
{
	must(!unshare(CLONE_NEWNS));
	must(!mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must(!mount("bpf", "/mnt", "bpf", 0, NULL));
}

TEST_F(devices, a_pinned_link_outlives_its_maker)
{
	pid_t pid;
	int link;

	mount_bpffs();
	pid = proc_fork_bound(0);
	if (!pid) {
		link = link_make(self->a, prog_deny(DEV_NULL));
		must(link >= 0);
		must(!obj_pin(link, "/mnt/link"));
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(pid));
	EXPECT_EQ(-EPERM, NULL_IN(self->a));
	link = obj_get("/mnt/link");
	ASSERT_GE(link, 0);
	ASSERT_EQ(0, unlink("/mnt/link"));
	EXPECT_EQ(-EPERM, NULL_IN(self->a));
	close(link);
	EXPECT_TRUE(EVENTUALLY(NULL_IN(self->a) == 0));
}

TEST_F(devices, a_pinned_program_is_a_policy_for_later)
{
	pid_t pid;
	int prog;

	mount_bpffs();
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!obj_pin(prog_deny(DEV_NULL), "/mnt/policy"));
		_exit(0);
	}
	ASSERT_EQ(0, proc_end(pid));
	EXPECT_EQ(0, NULL_IN(self->a));
	prog = obj_get("/mnt/policy");
	ASSERT_GE(prog, 0);
	ASSERT_EQ(0, prog_attach(self->a, prog, 0));
	ASSERT_EQ(0, unlink("/mnt/policy"));
	close(prog);
	EXPECT_EQ(-EPERM, NULL_IN(self->a));
}

TEST_HARNESS_MAIN

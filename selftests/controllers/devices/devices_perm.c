// SPDX-License-Identifier: GPL-2.0
/*
 * Who makes a policy, attaches it, takes it away and looks at it; what is no
 * device program and no cgroup.
 *
 * Promises from capabilities(7), CAP_BPF, and bpf(2). Since Linux 5.8 loading a
 * program is what needs the capabilities; having its file is the permission to
 * use it.
 */
#include "devices.h"
#include "cap.h"
#include "ns.h"

TEST_F(devices, loading_needs_cap_bpf_and_cap_net_admin)
{
	static const struct {
		uint64_t caps;
		bool enough;
	} cases[] = {
		{ CAP_BIT(CAP_BPF) | CAP_BIT(CAP_NET_ADMIN), true },
		{ CAP_BIT(CAP_SYS_ADMIN), true },
		{ CAP_BIT(CAP_BPF), false },
		{ CAP_BIT(CAP_NET_ADMIN), false },
		{ 0, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		pid_t pid = proc_fork_bound(0);

		if (!pid) {
			int prog;

			cap_keep(cases[i].caps);
			prog = prog_allow_all();
			must(prog == -EPERM || cases[i].enough);
			must(prog >= 0 || !cases[i].enough);
			_exit(0);
		}
		EXPECT_EQ(0, proc_end(pid))
			TH_LOG("capabilities %llx",
			       (unsigned long long)cases[i].caps);
	}
}

TEST_F(devices, an_ordinary_user_makes_no_policy)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(prog_allow_all() == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(devices, root_of_a_user_namespace_makes_no_policy)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		must(!ns_become_user_root());
		must(cap_mine("CapEff") == cap_all());
		must(prog_allow_all() == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_F(devices, looking_needs_cap_net_admin)
{
	pid_t pid;

	ASSERT_EQ(0, prog_attach(self->a, prog_deny(DEV_NULL), 0));
	pid = proc_fork_bound(0);
	if (!pid) {
		struct prog_list list = {};

		must(!ns_become_user_root());
		must(prog_query(self->a, 0, &list) == -EPERM);
		must(prog_query(self->a, BPF_F_QUERY_EFFECTIVE, &list) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	pid = proc_fork_bound(0);
	if (!pid) {
		cap_keep(CAP_BIT(CAP_NET_ADMIN));
		must(prog_count(self->a, 0) == 1);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* Otherwise a number would be the permission that the file is. */
TEST_F(devices, a_program_is_had_by_its_number_with_cap_sys_admin_only)
{
	int prog = prog_deny(DEV_NULL);
	uint32_t id = prog_id(prog);
	pid_t pid;

	pid = proc_fork_bound(0);
	if (!pid) {
		cap_drop(CAP_SYS_ADMIN);
		must(prog_by_id(id) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!ns_become_user_root());
		must(prog_by_id(id) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* The way of all container managers: without the program's file, no detach. */
TEST_F(devices, a_multi_policy_is_not_taken_away_from_within)
{
	int prog = prog_deny(DEV_NULL);
	pid_t pid;

	ASSERT_EQ(0, prog_attach(self->a, prog, BPF_F_ALLOW_MULTI));
	close(prog);
	pid = cg_fork_into(self->a, 0);
	if (!pid) {
		must(!ns_become_user_root());
		must(prog_detach(self->a, 0) == -EINVAL);
		must(prog_detach(self->a, -1) == -EINVAL);
		must(open("null", O_RDONLY) == -1 && errno == EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(1, prog_count(self->a, 0));
}

/* The same of a link: its file and the program's are somebody else's. */
TEST_F(devices, a_link_is_not_taken_away_from_within)
{
	int prog = prog_deny(DEV_NULL), link = link_make(self->a, prog);
	pid_t pid;

	ASSERT_GE(link, 0);
	pid = cg_fork_into(self->a, 0);
	if (!pid) {
		union bpf_attr attr = {};

		close(prog);
		close(link);
		must(!ns_become_user_root());
		must(prog_detach(self->a, 0) == -EINVAL);
		/* No walk over the links of the system either. */
		must(bpf_call(BPF_LINK_GET_NEXT_ID, &attr) == -EPERM);
		must(open("null", O_RDONLY) == -1 && errno == EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/*
 * A surprise worth knowing, since Linux 5.8: a policy that was attached with
 * no flag or BPF_F_ALLOW_OVERRIDE is detached without naming the program, and
 * nothing but the cgroup's folder, readable for all, is asked for. What must
 * hold has to be attached with BPF_F_ALLOW_MULTI.
 */
TEST_F(devices, a_single_policy_is_taken_away_by_anybody_who_sees_the_folder)
{
	const int flags[] = { 0, BPF_F_ALLOW_OVERRIDE };

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		int prog = prog_deny(DEV_NULL);
		pid_t pid;

		ASSERT_EQ(0, prog_attach(self->a, prog, flags[i]));
		close(prog);
		pid = cg_fork_into(self->a, 0);
		if (!pid) {
			proc_become_nobody();
			must(open("null", O_RDONLY) == -1 && errno == EPERM);
			must(!prog_detach(self->a, 0));
			must(open("null", O_RDONLY) >= 0);
			_exit(0);
		}
		EXPECT_EQ(0, proc_end(pid));
		EXPECT_EQ(0, prog_count(self->a, 0));
	}
}

TEST_F(devices, the_programs_file_is_the_permission_to_attach)
{
	int prog = prog_deny(DEV_NULL);
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		proc_become_nobody();
		must(!prog_attach(self->a, prog, 0));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	EXPECT_EQ(-EPERM, NULL_IN(self->a));
}

TEST_F(devices, only_a_cgroups_folder_is_a_target)
{
	char path[PATH_MAX];
	int prog = prog_deny_all(), fd;
	union bpf_attr attr = {
		.attach_bpf_fd = prog,
		.attach_type = BPF_CGROUP_DEVICE,
	};

	attr.target_fd = open(".", O_RDONLY | O_DIRECTORY);
	EXPECT_EQ(-EBADF, bpf_call(BPF_PROG_ATTACH, &attr));
	fd = open(cg_path(path, self->a, "cgroup.procs"), O_RDONLY);
	ASSERT_GE(fd, 0);
	attr.target_fd = fd;
	EXPECT_NE(0, bpf_call(BPF_PROG_ATTACH, &attr));
	attr.target_fd = -1;
	EXPECT_EQ(-EBADF, bpf_call(BPF_PROG_ATTACH, &attr));
	EXPECT_EQ(0, NULL_IN(self->a));
}

TEST_F(devices, a_removed_cgroup_takes_no_program)
{
	union bpf_attr attr = {
		.attach_bpf_fd = prog_deny_all(),
		.attach_type = BPF_CGROUP_DEVICE,
		.target_fd = cg_fd(self->below),
	};

	ASSERT_EQ(0, cg_remove(self->below));
	EXPECT_EQ(-ENOENT, bpf_call(BPF_PROG_ATTACH, &attr));
}

TEST_F(devices, only_a_device_program_is_a_device_policy)
{
	const struct bpf_insn code[] = { MOV(BPF_REG_0, 0), EXIT() };
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
		.insns = (uintptr_t)code,
		.insn_cnt = ARRAY_SIZE(code),
		.license = (uintptr_t)"GPL",
	};
	int filter = bpf_call(BPF_PROG_LOAD, &load), dir = cg_fd(self->a);

	ASSERT_GE(filter, 0);
	EXPECT_EQ(-EINVAL, prog_attach(self->a, filter, 0));
	EXPECT_EQ(-EINVAL, prog_attach(self->a, dir, 0));
	EXPECT_EQ(-EBADF, prog_attach(self->a, 999, 0));
	EXPECT_EQ(-EINVAL, link_make(self->a, filter));
	EXPECT_EQ(0, NULL_IN(self->a));
}

TEST_F(devices, a_device_program_is_no_other_policy)
{
	int prog = prog_deny_all(), dir = cg_fd(self->a);
	union bpf_attr attach = {
		.attach_bpf_fd = prog,
		.attach_type = BPF_CGROUP_INET_EGRESS,
		.target_fd = dir,
	};
	union bpf_attr link = {
		.link_create.prog_fd = prog,
		.link_create.attach_type = BPF_CGROUP_INET_EGRESS,
		.link_create.target_fd = dir,
	};

	EXPECT_EQ(-EINVAL, bpf_call(BPF_PROG_ATTACH, &attach));
	EXPECT_EQ(-EINVAL, bpf_call(BPF_LINK_CREATE, &link));
}

TEST_F(devices, what_is_no_verdict_is_not_loaded)
{
	const struct bpf_insn two[] = { MOV(BPF_REG_0, 2), EXIT() };
	const struct bpf_insn nothing[] = { EXIT() };
	const struct bpf_insn type[] = {
		LOAD32(BPF_REG_0, offsetof(struct bpf_cgroup_dev_ctx, access_type)),
		EXIT(),
	};

	EXPECT_EQ(-EINVAL, prog_load(two, ARRAY_SIZE(two)));
	EXPECT_EQ(-EACCES, prog_load(nothing, ARRAY_SIZE(nothing)));
	/* A number that may be anything is no verdict either. */
	EXPECT_EQ(-EINVAL, prog_load(type, ARRAY_SIZE(type)));
	EXPECT_EQ(-E2BIG, prog_load(two, 0));
}

TEST_F(devices, a_program_reads_what_there_is_and_writes_nothing)
{
	const struct bpf_insn write[] = {
		INSN(BPF_ST | BPF_MEM | BPF_W, BPF_REG_1, 0,
		     offsetof(struct bpf_cgroup_dev_ctx, minor), 0),
		MOV(BPF_REG_0, 1), EXIT(),
	};
	const struct bpf_insn beyond[] = {
		LOAD32(BPF_REG_2, sizeof(struct bpf_cgroup_dev_ctx)),
		MOV(BPF_REG_0, 1), EXIT(),
	};
	const struct bpf_insn across[] = {
		LOAD32(BPF_REG_2, 2),
		MOV(BPF_REG_0, 1), EXIT(),
	};

	EXPECT_EQ(-EACCES, prog_load(write, ARRAY_SIZE(write)));
	EXPECT_EQ(-EACCES, prog_load(beyond, ARRAY_SIZE(beyond)));
	EXPECT_EQ(-EACCES, prog_load(across, ARRAY_SIZE(across)));
}

TEST_HARNESS_MAIN

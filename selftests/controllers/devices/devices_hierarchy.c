// SPDX-License-Identifier: GPL-2.0
/*
 * Which programs are in force in a cgroup: its own, those above, and what the
 * attach flags say of the two.
 *
 * Promises from the comment on BPF_PROG_ATTACH's flags in linux/bpf.h.
 */
#include "devices.h"

#define MULTI		BPF_F_ALLOW_MULTI
#define OVERRIDE	BPF_F_ALLOW_OVERRIDE

FIXTURE(devices_flags)
{
	FIXTURE_DATA(devices) cg;
};

FIXTURE_VARIANT(devices_flags)
{
	int flags;
};

FIXTURE_VARIANT_ADD(devices_flags, none) { .flags = 0 };
FIXTURE_VARIANT_ADD(devices_flags, override) { .flags = OVERRIDE };
FIXTURE_VARIANT_ADD(devices_flags, multi) { .flags = MULTI };

FIXTURE_SETUP(devices_flags)
{
	devices_setup(_metadata, &self->cg, NULL);
}

FIXTURE_TEARDOWN_PARENT(devices_flags)
{
	if (self->cg.top[0])
		cg_destroy(self->cg.top);
}

TEST_F(devices_flags, a_program_binds_its_cgroup_and_all_below)
{
	ASSERT_EQ(0, prog_attach(self->cg.a, prog_deny(DEV_NULL), variant->flags));
	EXPECT_EQ(-EPERM, NULL_IN(self->cg.a));
	EXPECT_EQ(-EPERM, NULL_IN(self->cg.below));
	EXPECT_EQ(0, NULL_IN(self->cg.b));
	EXPECT_EQ(0, NULL_IN(self->cg.top));
	EXPECT_EQ(0, ZERO_IN(self->cg.below));
}

TEST_F(devices_flags, a_cgroup_that_is_made_later_has_it_too)
{
	char later[800], deeper[900];

	snprintf(later, sizeof(later), "%s/later", self->cg.below);
	snprintf(deeper, sizeof(deeper), "%s/deeper", later);
	ASSERT_EQ(0, prog_attach(self->cg.a, prog_deny(DEV_NULL), variant->flags));
	ASSERT_EQ(0, cg_create(later));
	ASSERT_EQ(0, cg_create(deeper));
	EXPECT_EQ(-EPERM, NULL_IN(later));
	EXPECT_EQ(-EPERM, NULL_IN(deeper));
}

TEST_F(devices_flags, detached_it_binds_nobody)
{
	int prog = prog_deny(DEV_NULL);

	ASSERT_EQ(0, prog_attach(self->cg.a, prog, variant->flags));
	ASSERT_EQ(-EPERM, NULL_IN(self->cg.below));
	ASSERT_EQ(0, prog_detach(self->cg.a, prog));
	EXPECT_EQ(0, NULL_IN(self->cg.a));
	EXPECT_EQ(0, NULL_IN(self->cg.below));
	EXPECT_EQ(0, prog_count(self->cg.a, 0));
	EXPECT_EQ(0, prog_count(self->cg.below, BPF_F_QUERY_EFFECTIVE));
	EXPECT_EQ(-ENOENT, prog_detach(self->cg.a, prog));
}

TEST_F(devices_flags, a_query_tells_program_and_flags)
{
	int prog = prog_deny(DEV_NULL);
	struct prog_list list = {};

	EXPECT_EQ(0, prog_count(self->cg.a, 0));
	ASSERT_EQ(0, prog_attach(self->cg.a, prog, variant->flags));
	ASSERT_EQ(0, prog_query(self->cg.a, 0, &list));
	EXPECT_EQ(1, list.n);
	EXPECT_EQ(prog_id(prog), list.id[0]);
	EXPECT_EQ(variant->flags, list.flags);
	/* Below, nothing is attached, and the same is in force. */
	EXPECT_EQ(0, prog_count(self->cg.below, 0));
	ASSERT_EQ(0, prog_query(self->cg.below, BPF_F_QUERY_EFFECTIVE, &list));
	EXPECT_EQ(1, list.n);
	EXPECT_EQ(prog_id(prog), list.id[0]);
}

TEST_F(devices_flags, other_flags_than_those_in_use_are_refused)
{
	const int flags[] = { 0, OVERRIDE, MULTI };

	ASSERT_EQ(0, prog_attach(self->cg.a, prog_deny(DEV_NULL), variant->flags));
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		if (flags[i] == variant->flags)
			continue;
		EXPECT_EQ(-EPERM, prog_attach(self->cg.a, prog_allow_all(),
					      flags[i]));
	}
	EXPECT_EQ(-EPERM, NULL_IN(self->cg.a));
	EXPECT_EQ(1, prog_count(self->cg.a, 0));
}

TEST_F(devices, multi_all_programs_must_allow)
{
	ASSERT_EQ(0, prog_attach(self->a, prog_deny(DEV_NULL), MULTI));
	ASSERT_EQ(0, prog_attach(self->a, prog_allow_all(), MULTI));
	ASSERT_EQ(0, prog_attach(self->a, prog_deny(DEV_ZERO), MULTI));
	EXPECT_EQ(-EPERM, NULL_IN(self->a));
	EXPECT_EQ(-EPERM, ZERO_IN(self->a));
	EXPECT_EQ(0, dev_open_in(self->a, "full", O_RDONLY));
}

TEST_F(devices, multi_below_adds_to_what_is_above)
{
	int below = prog_deny(DEV_ZERO);

	ASSERT_EQ(0, prog_attach(self->a, prog_deny(DEV_NULL), MULTI));
	ASSERT_EQ(0, prog_attach(self->below, below, MULTI));
	EXPECT_EQ(-EPERM, NULL_IN(self->below));
	EXPECT_EQ(-EPERM, ZERO_IN(self->below));
	EXPECT_EQ(0, ZERO_IN(self->a));
	ASSERT_EQ(0, prog_detach(self->below, below));
	EXPECT_EQ(-EPERM, NULL_IN(self->below));
	EXPECT_EQ(0, ZERO_IN(self->below));
}

TEST_F(devices, multi_below_gives_nothing_back)
{
	const int flags[] = { MULTI, OVERRIDE, 0 };

	ASSERT_EQ(0, prog_attach(self->a, prog_deny(DEV_NULL), MULTI));
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		int prog = prog_allow_all();

		ASSERT_EQ(0, prog_attach(self->below, prog, flags[i]));
		EXPECT_EQ(-EPERM, NULL_IN(self->below));
		ASSERT_EQ(0, prog_detach(self->below, prog));
	}
}

TEST_F(devices, override_yields_to_a_program_below)
{
	int below = prog_deny(DEV_ZERO);

	ASSERT_EQ(0, prog_attach(self->a, prog_deny(DEV_NULL), OVERRIDE));
	ASSERT_EQ(0, prog_attach(self->below, below, OVERRIDE));
	EXPECT_EQ(0, NULL_IN(self->below));
	EXPECT_EQ(-EPERM, ZERO_IN(self->below));
	EXPECT_EQ(-EPERM, NULL_IN(self->a));
	ASSERT_EQ(0, prog_detach(self->below, below));
	EXPECT_EQ(-EPERM, NULL_IN(self->below));
	EXPECT_EQ(0, ZERO_IN(self->below));
}

TEST_F(devices, none_allows_no_program_below)
{
	const int flags[] = { 0, OVERRIDE, MULTI };
	int prog = prog_deny(DEV_NULL);

	ASSERT_EQ(0, prog_attach(self->top, prog, 0));
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		EXPECT_EQ(-EPERM, prog_attach(self->a, prog_allow_all(), flags[i]));
		EXPECT_EQ(-EPERM, prog_attach(self->below, prog_allow_all(),
					      flags[i]));
	}
	EXPECT_EQ(-EPERM, NULL_IN(self->below));
	ASSERT_EQ(0, prog_detach(self->top, prog));
	EXPECT_EQ(0, prog_attach(self->below, prog_allow_all(), 0));
}

static void expect_effective(struct __test_metadata *_metadata, const char *cg,
			     const int *progs, uint32_t n)
{
	struct prog_list list = {};

	ASSERT_EQ(0, prog_query(cg, BPF_F_QUERY_EFFECTIVE, &list));
	ASSERT_EQ(n, list.n);
	for (uint32_t i = 0; i < n; i++) {
		EXPECT_EQ(prog_id(progs[i]), list.id[i])
			TH_LOG("program %u of %u", i, n);
	}
}

/* The example of the comment, letter by letter. */
TEST_F(devices, programs_run_from_the_cgroup_up_in_the_documented_order)
{
	char cg[5][900];
	int a = prog_allow_all(), b = prog_allow_all(), c = prog_allow_all(),
	    d = prog_allow_all(), e = prog_allow_all(), f = prog_allow_all();

	snprintf(cg[0], sizeof(cg[0]), "%s/1", self->top);
	ASSERT_EQ(0, cg_create(cg[0]));
	for (int i = 1; i < 5; i++) {
		strcpy(cg[i], cg[i - 1]);
		sprintf(strchr(cg[i], 0), "/%d", i + 1);
		ASSERT_EQ(0, cg_create(cg[i]));
	}
	ASSERT_EQ(0, prog_attach(cg[0], a, MULTI));
	ASSERT_EQ(0, prog_attach(cg[0], b, MULTI));
	ASSERT_EQ(0, prog_attach(cg[1], c, OVERRIDE));
	ASSERT_EQ(0, prog_attach(cg[2], d, MULTI));
	ASSERT_EQ(0, prog_attach(cg[3], e, OVERRIDE));
	ASSERT_EQ(0, prog_attach(cg[4], f, 0));
	expect_effective(_metadata, cg[4], (int[]){ f, d, a, b }, 4);
	ASSERT_EQ(0, prog_detach(cg[4], f));
	expect_effective(_metadata, cg[4], (int[]){ e, d, a, b }, 4);
	ASSERT_EQ(0, prog_detach(cg[2], d));
	expect_effective(_metadata, cg[4], (int[]){ e, a, b }, 3);
	ASSERT_EQ(0, prog_detach(cg[3], e));
	expect_effective(_metadata, cg[4], (int[]){ c, a, b }, 3);
}

/* "All eligible programs are executed regardless of return code". */
TEST_F(devices, the_program_above_has_the_last_word)
{
	const struct bpf_insn pardon[] = {
		MOV(BPF_REG_1, 0), CALL(BPF_FUNC_set_retval),
		MOV(BPF_REG_0, 1), EXIT(),
	};
	int prog = prog_load(pardon, ARRAY_SIZE(pardon));

	if (prog == -EINVAL)
		SKIP(return, "no bpf_set_retval() (Linux 5.18)");
	ASSERT_GE(prog, 0);
	ASSERT_EQ(0, prog_attach(self->below, prog_deny_all(), MULTI));
	ASSERT_EQ(-EPERM, NULL_IN(self->below));
	ASSERT_EQ(0, prog_attach(self->a, prog, MULTI));
	EXPECT_EQ(0, NULL_IN(self->below));
	ASSERT_EQ(0, prog_detach(self->a, prog));
	EXPECT_EQ(-EPERM, NULL_IN(self->below));
}

TEST_F(devices, a_second_attach_replaces_unless_multi)
{
	const int flags[] = { 0, OVERRIDE };

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		int zero = prog_deny(DEV_ZERO);

		ASSERT_EQ(0, prog_attach(self->a, prog_deny(DEV_NULL), flags[i]));
		ASSERT_EQ(0, prog_attach(self->a, zero, flags[i]));
		EXPECT_EQ(0, NULL_IN(self->below));
		EXPECT_EQ(-EPERM, ZERO_IN(self->below));
		EXPECT_EQ(1, prog_count(self->a, 0));
		ASSERT_EQ(0, prog_detach(self->a, zero));
	}
}

TEST_F(devices, multi_replaces_the_program_that_is_named_in_its_place)
{
	int one = prog_allow_all(), two = prog_deny(DEV_NULL), three = prog_allow_all();
	int zero = prog_deny(DEV_ZERO);

	ASSERT_EQ(0, prog_attach(self->a, one, MULTI));
	ASSERT_EQ(0, prog_attach(self->a, two, MULTI));
	ASSERT_EQ(0, prog_attach(self->a, three, MULTI));
	ASSERT_EQ(0, prog_replace(self->a, zero, MULTI | BPF_F_REPLACE, two));
	expect_effective(_metadata, self->below, (int[]){ one, zero, three }, 3);
	EXPECT_EQ(0, NULL_IN(self->a));
	EXPECT_EQ(-EPERM, ZERO_IN(self->a));
	/* What is not there is not replaced. */
	EXPECT_EQ(-ENOENT, prog_replace(self->a, prog_allow_all(),
					MULTI | BPF_F_REPLACE, two));
	EXPECT_EQ(3, prog_count(self->a, 0));
}

TEST_F(devices, multi_takes_a_program_once)
{
	int prog = prog_allow_all();

	ASSERT_EQ(0, prog_attach(self->a, prog, MULTI));
	EXPECT_EQ(-EINVAL, prog_attach(self->a, prog, MULTI));
	EXPECT_EQ(1, prog_count(self->a, 0));
	/* Another cgroup may have the same. */
	EXPECT_EQ(0, prog_attach(self->b, prog, MULTI));
}

TEST_F(devices, flags_that_contradict_each_other_are_refused)
{
	int prog = prog_deny_all(), old = prog_allow_all();

	EXPECT_EQ(-EINVAL, prog_attach(self->a, prog, MULTI | OVERRIDE));
	EXPECT_EQ(-EINVAL, prog_attach(self->a, prog, 1 << 30));
	ASSERT_EQ(0, prog_attach(self->a, old, 0));
	EXPECT_EQ(-EINVAL, prog_replace(self->a, prog, BPF_F_REPLACE, old));
	EXPECT_EQ(-EINVAL, prog_replace(self->a, prog,
					BPF_F_REPLACE | OVERRIDE, old));
	EXPECT_EQ(0, NULL_IN(self->a));
}

/* The kernel's BPF_CGROUP_MAX_PROGS. */
TEST_F(devices, sixty_four_programs_and_no_more)
{
	int last;

	for (int i = 0; i < 63; i++) {
		int prog = prog_allow_all();

		ASSERT_EQ(0, prog_attach(self->a, prog, MULTI));
		close(prog);
	}
	EXPECT_EQ(0, NULL_IN(self->a));
	last = prog_deny(DEV_NULL);
	ASSERT_EQ(0, prog_attach(self->a, last, MULTI));
	EXPECT_EQ(-EPERM, NULL_IN(self->a));
	EXPECT_EQ(-E2BIG, prog_attach(self->a, prog_deny(DEV_ZERO), MULTI));
	EXPECT_EQ(64, prog_count(self->a, 0));
	EXPECT_EQ(0, ZERO_IN(self->a));
	/* Per cgroup, not per branch. */
	EXPECT_EQ(0, prog_attach(self->below, prog_deny(DEV_ZERO), MULTI));
	EXPECT_EQ(-EPERM, ZERO_IN(self->below));
	ASSERT_EQ(0, prog_detach(self->a, last));
	EXPECT_EQ(0, NULL_IN(self->below));
}

TEST_F(devices, a_query_with_too_little_room_says_so)
{
	int one = prog_allow_all();
	uint32_t ids[2] = {};
	union bpf_attr attr = {
		.query.target_fd = cg_fd(self->a),
		.query.attach_type = BPF_CGROUP_DEVICE,
		.query.prog_ids = (uintptr_t)ids,
		.query.prog_cnt = 1,
	};

	ASSERT_EQ(0, prog_attach(self->a, one, MULTI));
	ASSERT_EQ(0, prog_attach(self->a, prog_allow_all(), MULTI));
	EXPECT_EQ(-ENOSPC, bpf_call(BPF_PROG_QUERY, &attr));
	EXPECT_EQ(2, attr.query.prog_cnt);
	EXPECT_EQ(prog_id(one), ids[0]);
	EXPECT_EQ(0, ids[1]);
}

TEST_HARNESS_MAIN

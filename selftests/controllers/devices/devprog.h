/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Device policies as BPF programs, put together from rules, loaded and
 * attached by bpf(2) itself. Calls return what they make, 0, or -errno.
 */
#ifndef DEVPROG_H
#define DEVPROG_H

#include <linux/bpf.h>
#include <stddef.h>
#include <sys/syscall.h>
#include "device.h"

#define ANY	-1

/* Access bits, in short. */
#define R	BPF_DEVCG_ACC_READ
#define W	BPF_DEVCG_ACC_WRITE
#define M	BPF_DEVCG_ACC_MKNOD
#define RWM	(R | W | M)

/* An exception to what a policy says of all other devices. */
struct dev_rule {
	int type;		/* BPF_DEVCG_DEV_CHAR, .._BLOCK, ANY */
	int major, minor;	/* ANY: all */
	int access;
};

static inline long bpf_call(int cmd, union bpf_attr *attr)
{
	long ret = syscall(SYS_bpf, cmd, attr, sizeof(*attr));

	return ret < 0 ? -errno : ret;
}

static inline int prog_load(const struct bpf_insn *insns, size_t n)
{
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.expected_attach_type = BPF_CGROUP_DEVICE,
		.insns = (uintptr_t)insns,
		.insn_cnt = n,
		.license = (uintptr_t)"GPL",
	};

	return bpf_call(BPF_PROG_LOAD, &attr);
}

#define INSN(c, d, s, o, i) ((struct bpf_insn) {			\
	.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) })
#define LOAD32(d, o)	INSN(BPF_LDX | BPF_MEM | BPF_W, d, BPF_REG_1, o, 0)
#define MOV(d, i)	INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define COPY(d, s)	INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define AND(d, i)	INSN(BPF_ALU64 | BPF_AND | BPF_K, d, 0, 0, i)
#define RSH(d, i)	INSN(BPF_ALU64 | BPF_RSH | BPF_K, d, 0, 0, i)
#define JNE(d, i, o)	INSN(BPF_JMP | BPF_JNE | BPF_K, d, 0, o, i)
#define JEQ(d, i, o)	INSN(BPF_JMP | BPF_JEQ | BPF_K, d, 0, o, i)
#define CALL(f)		INSN(BPF_JMP | BPF_CALL, 0, 0, 0, f)
#define EXIT()		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

/*
 * A policy that denies all but what @rules allow (@allow false), or allows all
 * but what they deny. An attempt with several access bits (O_RDWR) is allowed
 * when all of them are.
 */
static inline int prog_policy(bool allow, const struct dev_rule *rules, int n)
{
	struct bpf_insn code[16 * 12 + 8];
	int at = 0, i;

	must(n <= 16);
	code[at++] = LOAD32(BPF_REG_2, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	code[at++] = COPY(BPF_REG_3, BPF_REG_2);
	code[at++] = AND(BPF_REG_2, 0xffff);
	code[at++] = RSH(BPF_REG_3, 16);
	code[at++] = LOAD32(BPF_REG_4, offsetof(struct bpf_cgroup_dev_ctx, major));
	code[at++] = LOAD32(BPF_REG_5, offsetof(struct bpf_cgroup_dev_ctx, minor));
	for (i = 0; i < n; i++) {
		const struct dev_rule *r = rules + i;
		int end = at + 5 + (r->type != ANY) + (r->major != ANY) +
			  (r->minor != ANY);

		if (r->type != ANY)
			code[at] = JNE(BPF_REG_2, r->type, end - at - 1), at++;
		if (r->major != ANY)
			code[at] = JNE(BPF_REG_4, r->major, end - at - 1), at++;
		if (r->minor != ANY)
			code[at] = JNE(BPF_REG_5, r->minor, end - at - 1), at++;
		code[at++] = COPY(BPF_REG_0, BPF_REG_3);
		code[at++] = AND(BPF_REG_0, allow ? r->access : ~r->access & RWM);
		code[at] = allow ? JEQ(BPF_REG_0, 0, end - at - 1) :
				   JNE(BPF_REG_0, 0, end - at - 1);
		at++;
		code[at++] = MOV(BPF_REG_0, !allow);
		code[at++] = EXIT();
		must(at == end);
	}
	code[at++] = MOV(BPF_REG_0, allow);
	code[at++] = EXIT();
	return prog_load(code, at);
}

/* The policies that most tests are content with. */
static inline int prog_deny_all(void)
{
	return prog_policy(false, NULL, 0);
}

static inline int prog_allow_all(void)
{
	return prog_policy(true, NULL, 0);
}

/* Denies one device and nothing else. */
static inline int prog_deny(struct device dev)
{
	struct dev_rule rule = {
		dev.type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR,
		dev.major, dev.minor, RWM,
	};

	return prog_policy(true, &rule, 1);
}

static inline int cg_fd(const char *cg)
{
	int fd = open(cg, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* BPF_PROG_ATTACH of @prog in @old's place, if that is not 0. */
static inline int prog_replace(const char *cg, int prog, int flags, int old)
{
	union bpf_attr attr = {
		.attach_bpf_fd = prog,
		.attach_type = BPF_CGROUP_DEVICE,
		.attach_flags = flags,
		.replace_bpf_fd = old,
	};
	int fd = cg_fd(cg), err;

	if (fd < 0)
		return fd;
	attr.target_fd = fd;
	err = bpf_call(BPF_PROG_ATTACH, &attr);
	close(fd);
	return err;
}

static inline int prog_attach(const char *cg, int prog, int flags)
{
	return prog_replace(cg, prog, flags, 0);
}

static inline int prog_detach(const char *cg, int prog)
{
	union bpf_attr attr = {
		.attach_bpf_fd = prog,
		.attach_type = BPF_CGROUP_DEVICE,
	};
	int fd = cg_fd(cg), err;

	if (fd < 0)
		return fd;
	attr.target_fd = fd;
	err = bpf_call(BPF_PROG_DETACH, &attr);
	close(fd);
	return err;
}

#define MAX_IDS	72

struct prog_list {
	uint32_t n, flags;
	uint32_t id[MAX_IDS];
};

/* What is attached to @cg, or what is in force there (BPF_F_QUERY_EFFECTIVE). */
static inline int prog_query(const char *cg, int flags, struct prog_list *list)
{
	union bpf_attr attr = {
		.query.attach_type = BPF_CGROUP_DEVICE,
		.query.query_flags = flags,
		.query.prog_ids = (uintptr_t)list->id,
		.query.prog_cnt = MAX_IDS,
	};
	int fd = cg_fd(cg), err;

	if (fd < 0)
		return fd;
	attr.query.target_fd = fd;
	err = bpf_call(BPF_PROG_QUERY, &attr);
	close(fd);
	list->n = attr.query.prog_cnt;
	list->flags = attr.query.attach_flags;
	return err;
}

static inline int prog_count(const char *cg, int flags)
{
	struct prog_list list = {};
	int err = prog_query(cg, flags, &list);

	return err ? err : (int)list.n;
}

static inline uint32_t prog_id(int prog)
{
	struct bpf_prog_info info = {};
	union bpf_attr attr = {
		.info.bpf_fd = prog,
		.info.info_len = sizeof(info),
		.info.info = (uintptr_t)&info,
	};

	must(!bpf_call(BPF_OBJ_GET_INFO_BY_FD, &attr));
	return info.id;
}

/* A file of the program with that id, or -errno: -ENOENT when it is gone. */
static inline int prog_by_id(uint32_t id)
{
	union bpf_attr attr = { .prog_id = id };

	return bpf_call(BPF_PROG_GET_FD_BY_ID, &attr);
}

static inline int link_make(const char *cg, int prog)
{
	union bpf_attr attr = {
		.link_create.prog_fd = prog,
		.link_create.attach_type = BPF_CGROUP_DEVICE,
	};
	int fd = cg_fd(cg), link;

	if (fd < 0)
		return fd;
	attr.link_create.target_fd = fd;
	link = bpf_call(BPF_LINK_CREATE, &attr);
	close(fd);
	return link;
}

static inline int link_update(int link, int prog)
{
	union bpf_attr attr = {
		.link_update.link_fd = link,
		.link_update.new_prog_fd = prog,
	};

	return bpf_call(BPF_LINK_UPDATE, &attr);
}

static inline int link_detach(int link)
{
	union bpf_attr attr = { .link_detach.link_fd = link };

	return bpf_call(BPF_LINK_DETACH, &attr);
}

/* The inode number of the cgroup that the link holds a policy in; 0: of none. */
static inline uint64_t link_cgroup(int link)
{
	struct bpf_link_info info = {};
	union bpf_attr attr = {
		.info.bpf_fd = link,
		.info.info_len = sizeof(info),
		.info.info = (uintptr_t)&info,
	};

	must(!bpf_call(BPF_OBJ_GET_INFO_BY_FD, &attr));
	must(info.type == BPF_LINK_TYPE_CGROUP);
	return info.cgroup.cgroup_id;
}

static inline int obj_pin(int fd, const char *path)
{
	union bpf_attr attr = {
		.bpf_fd = fd, .pathname = (uintptr_t)path,
	};

	return bpf_call(BPF_OBJ_PIN, &attr);
}

static inline int obj_get(const char *path)
{
	union bpf_attr attr = { .pathname = (uintptr_t)path };

	return bpf_call(BPF_OBJ_GET, &attr);
}

#endif /* DEVPROG_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reading an image without trusting it: the one codec, for the kernel and for
 * user space (tools/bulkhead), which compiles the same image.c.
 *
 * A reader feeds what it reads to a struct ckpt_check, record by record, in
 * three steps, and stops at the first that does not return 0:
 *
 *	ckpt_check_header()	type, version, order and length, so that the
 *				payload can be read
 *	ckpt_check_payload()	what is in it; of CONTENTS and PAGES
 *				only the fixed part
 *	ckpt_check_sum()	the checksum
 *
 * After the trailer, ckpt_check_end() is true. Nothing is allocated.
 */
#ifndef _KERNEL_CHECKPOINT_IMAGE_H
#define _KERNEL_CHECKPOINT_IMAGE_H

#ifdef __KERNEL__
#include <asm/byteorder.h>
#include <linux/crc32.h>
#include <linux/errno.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/types.h>
#else
#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;
#define le16_to_cpu(x)	le16toh(x)
#define le32_to_cpu(x)	le32toh(x)
#define le64_to_cpu(x)	le64toh(x)
#define cpu_to_le16(x)	htole16(x)
#define cpu_to_le32(x)	htole32(x)
#define cpu_to_le64(x)	htole64(x)
#endif

#include <linux/checkpoint_image.h>

/**
 * struct ckpt_check - where a reader is in an image
 * @why: what is wrong, after a call that did not return 0
 * @bytes: seen so far
 * @records: seen so far
 * @crc: of their headers
 * @count: how many of each type
 * @page_size: of the image
 * @nr_tasks: that the image announces
 * @last: type of the record before
 * @vmas_left: VMA records that the last MM still has to get
 * @mounts_left: MOUNT records that the last NS still has to get
 * @mount: how many it has got
 * @groups: peer groups that there are among them
 * @mnt_namespaces: how many
 * @mnt_used: the highest number of one that a path is of
 * @fs_kind: of each FS, by id - 1
 * @fs_ns: NS that has its mounts, likewise
 * @fs_root: whether its root directory was there, likewise
 * @filesystems: FSs that mounts have
 * @leader: TASK of the first thread of the last process
 * @awaits: type of record that the last TASK still has to get, or 0
 * @headless: the last TASK is a first thread that has ended: another must follow
 * @mms: MMs that tasks have
 * @fdtables: FDTABLEs that tasks have
 * @cgroups: CGROUPs that tasks have
 * @cgroup: of the last process
 * @namespaces: NSs that tasks have
 * @ns_kind: of each NS, by id - 1
 * @families: of mappings, that there are
 * @ns_level: of a pid namespace: how far below that of the tree, of one of users: below the
 *	caller's; by id - 1
 * @ns_init: whether its first process was there; by id - 1
 * @ns_used: of a user namespace: whether a task is in it, or it owns something; by id - 1
 * @users: how many user namespaces
 * @users_used: how many of them are in use
 * @user_ns: user namespace of the last process
 * @pid_namespaces: how many
 * @inits: of how many of them the first process was there
 * @pid_ns: pid namespace of the last process
 * @end: where the last mapping, or run of pages, ends
 * @owner: MM or INODE of the last run of pages
 * @pipes: the highest number of a pipe
 * @done: the trailer was right
 */
struct ckpt_check {
	const char *why;
	u64 bytes;
	u64 records;
	u32 crc;
	u32 count[CKPT_NR_TYPES];
	u32 page_size;
	u32 nr_tasks;
	u32 last;
	u32 vmas_left;
	u32 mounts_left;
	u32 mount;
	u32 groups;
	u32 mnt_namespaces;
	u32 mnt_used;
	u8 fs_kind[CKPT_FS_MAX];
	u16 fs_ns[CKPT_FS_MAX];
	bool fs_root[CKPT_FS_MAX];
	u32 filesystems;
	u32 leader;
	u32 awaits;
	bool headless;
	u32 mms;
	u32 fdtables;
	u32 cgroups;
	u32 cgroup;
	u32 namespaces;
	u8 ns_kind[CKPT_NS_MAX];
	u32 families;
	u8 ns_level[CKPT_NS_MAX];
	bool ns_init[CKPT_NS_MAX];
	bool ns_used[CKPT_NS_MAX];
	u32 users;
	u32 users_used;
	u32 user_ns;
	u32 pid_namespaces;
	u32 inits;
	u32 pid_ns;
	u64 end;
	u32 owner;
	u32 pipes;
	bool done;
};

/* Numbers of one task, or of a leader that is gone; see ckpt_check_tree(). */
struct ckpt_ids {
	bool leads;	/* it is the first thread of its process, or was */
	bool gone;	/* it is a LEADER */
	bool needed;	/* by a process, as its leader */
	u32 pid;
	u32 pgrp;
	u32 session;	/* of a process, as pgrp */
	u32 index;	/* of the TASK, from 0 on; LEADERs come behind them */
};

u32 ckpt_crc(u32 crc, const void *p, size_t len);
u32 ckpt_record_crc(const struct ckpt_record *r);

const char *ckpt_type_name(u32 type);
u32 ckpt_fixed_size(u32 type);

void ckpt_check_init(struct ckpt_check *c);
int ckpt_check_header(struct ckpt_check *c, const struct ckpt_record *r);
int ckpt_check_payload(struct ckpt_check *c, const struct ckpt_record *r,
		       const void *payload);
int ckpt_check_sum(struct ckpt_check *c, const struct ckpt_record *r, u32 crc);
void ckpt_get_ids(struct ckpt_ids *ids, const struct ckpt_record *r, const struct ckpt_task *t);
void ckpt_get_leader_ids(struct ckpt_ids *ids, u32 index, const struct ckpt_leader *l);
int ckpt_check_tree(struct ckpt_check *c, struct ckpt_ids *ids, u32 n);
const struct ckpt_ids *ckpt_find_ids(const struct ckpt_ids *ids, u32 n, u32 pid);

static inline bool ckpt_check_end(const struct ckpt_check *c)
{
	return c->done;
}

/* Bytes of padding behind a payload. */
static inline u32 ckpt_padding(u32 length)
{
	return -length & (CKPT_ALIGN - 1);
}

#endif /* _KERNEL_CHECKPOINT_IMAGE_H */

/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The image of a checkpoint: a stream of records.
 *
 * Every number is little-endian, every record starts at a multiple of 8 bytes
 * and is a struct ckpt_record, followed by @length bytes of payload and by
 * zeros up to the next multiple of 8. The order of records is
 *
 *	IMAGE
 *	{ FS }
 *	{ INODE }
 *	{ FILE }
 *	{ FDTABLE }
 *	{ MM { VMA } }
 *	{ NS { MOUNT } }
 *	{ CGROUP }
 *	{ TASK [ [ { REGS } ] [ SIGACTIONS ] { SIGNAL } { TIMER } ] }
 *	{ LEADER }
 *	{ CONTENTS }
 *	{ PAGES | SHARED }
 *	TRAILER
 *
 * A CGROUP is the path of a cgroup v2, from the cgroup of the first task on: with
 * a leading / and the terminating 0.
 *
 * A TASK is a thread. The first of a process has its SIGACTIONS and TIMERs, and
 * its other threads follow it, also if it has ended itself: then it has no REGS.
 * A process that has ended has nothing but its TASK.
 *
 * FS, INODE, FILE, FDTABLE, MM, NS, CGROUP and TASK have ids: 1, 2, 3 ... for each type.
 * A reference is an id that came before, or 0 for none where that is said.
 */
#ifndef _UAPI_LINUX_CHECKPOINT_IMAGE_H
#define _UAPI_LINUX_CHECKPOINT_IMAGE_H

#include <linux/types.h>

#define CKPT_MAGIC		0x74706b4368426c55ULL	/* "UlBhCkpt" */
#define CKPT_VERSION		1

/* Limits that a reader may rely on. */
#define CKPT_ALIGN		8
#define CKPT_TASKS_MAX		32768
#define CKPT_PATH_MAX		4096	/* with the terminating 0 */
#define CKPT_NAME_MAX		250	/* of a memfd, likewise */
#define CKPT_VMA_NAME_MAX	80	/* of anonymous memory, likewise */
#define CKPT_DATA_MAX		(1U << 20)	/* a pipe's bytes, a run of pages */
#define CKPT_GROUPS_MAX		65536
#define CKPT_FDS_MAX		(1U << 20)
#define CKPT_REGS_MAX		(1U << 16)
#define CKPT_NSIG		64
#define CKPT_RLIMITS		16
#define CKPT_AUXV		64
#define CKPT_CPUS_MAX		8192
#define CKPT_NS_MAX		256
#define CKPT_FS_MAX		64
#define CKPT_MOUNTS_MAX		4096	/* of a namespace */
#define CKPT_PIDNS_LEVELS	31	/* below that of the tree */
#define CKPT_USERNS_LEVELS	33	/* below that of the caller */
#define CKPT_EXTENTS_MAX	340	/* of a map of ids */

enum ckpt_type {
	CKPT_IMAGE = 1,
	CKPT_FS,
	CKPT_INODE,
	CKPT_FILE,
	CKPT_FDTABLE,
	CKPT_MM,
	CKPT_VMA,
	CKPT_NS,
	CKPT_MOUNT,
	CKPT_CGROUP,
	CKPT_TASK,
	CKPT_REGS,
	CKPT_SIGACTIONS,
	CKPT_SIGNAL,
	CKPT_TIMER,
	CKPT_LEADER,
	CKPT_CONTENTS,
	CKPT_PAGES,
	CKPT_SHARED,
	CKPT_TRAILER,
	CKPT_NR_TYPES
};

/**
 * struct ckpt_record - what every record starts with
 * @type: enum ckpt_type
 * @version: of this type of record; a reader refuses one it does not know
 * @id: of the object, 0 for types that have none
 * @length: bytes of payload
 * @crc: CRC-32C of this header, with @crc as 0, and of the payload
 */
struct ckpt_record {
	__le16 type;
	__le16 version;
	__le32 id;
	__le32 length;
	__le32 crc;
};

#define CKPT_RELEASE_LEN	64

/**
 * struct ckpt_image - the first record
 * @magic: CKPT_MAGIC; stands at byte 16 of an image
 * @version: CKPT_VERSION
 * @machine: EM_* of the tasks' registers
 * @page_size: in bytes
 * @nr_tasks: how many TASK records there are
 * @taken: CLOCK_REALTIME of the checkpoint, nanoseconds
 * @release: of the kernel, as uname(2) tells it; for people, not compared
 */
struct ckpt_image {
	__le64 magic;
	__le32 version;
	__le32 machine;
	__le32 page_size;
	__le32 nr_tasks;
	__le64 taken;
	char release[CKPT_RELEASE_LEN];
};

enum ckpt_fs_kind {
	CKPT_FS_TMPFS = 1,	/* with what is in it: INODEs of kind NODE */
	CKPT_FS_PROC,		/* of the pid namespace of the first task that has its mounts */
	CKPT_FS_NR_KINDS
};

#define CKPT_FS_NOSWAP		0x1
#define CKPT_FS_INODE64		0x2
#define CKPT_FS_FLAGS		0x3

/**
 * struct ckpt_fs - a file system that only the tree has mounted
 * @kind: enum ckpt_fs_kind
 * @flags: TMPFS, as what follows but @source: CKPT_FS_*
 * @blocks: most pages in it, 0 for no limit
 * @inodes: most inodes in it, likewise
 * @mode: option of this name: permissions of its root directory when it was made
 * @uid: likewise, in the user namespace that owns the NS it is mounted in, as of its NODEs
 * @gid: likewise
 * @reserved: 0
 * @source: what it was mounted from, as shown in /proc/PID/mountinfo, with its
 *	terminating 0
 */
struct ckpt_fs {
	__le32 kind;
	__le32 flags;
	__le64 blocks;
	__le64 inodes;
	__le32 mode;
	__le32 uid;
	__le32 gid;
	__le32 reserved;
	char source[];
};

enum ckpt_inode_kind {
	CKPT_INODE_ANON = 1,	/* anonymous memory that is shared */
	CKPT_INODE_MEMFD,	/* made by memfd_create(2) */
	CKPT_INODE_SYSV,	/* a segment of shmget(2) */
	CKPT_INODE_DELETED,	/* a regular file without a link */
	CKPT_INODE_NODE,	/* in an FS */
	CKPT_INODE_NR_KINDS
};

#define CKPT_INODE_NORESERVE	0x1	/* ANON: MAP_NORESERVE; SYSV: SHM_NORESERVE */
#define CKPT_INODE_LOCKED	0x2	/* SYSV: SHM_LOCK */
#define CKPT_INODE_REMOVED	0x4	/* SYSV: IPC_RMID; it has no key then */
#define CKPT_INODE_LINKABLE	0x8	/* DELETED: of O_TMPFILE, linkat(2) may name it */
#define CKPT_INODE_FLAGS	0xf

#define CKPT_SEALS		0x3f

/**
 * struct ckpt_inode - a file that no path leads to, with its contents
 * @kind: enum ckpt_inode_kind
 * @flags: CKPT_INODE_*
 * @size: in bytes
 * @mode: permissions, 07777 at most; NODE: and the type of the file, see inode(7)
 * @uid: owner; NODE: in the user namespace that owns the NS its FS is mounted in
 * @gid: its group, likewise
 * @seals: MEMFD: F_SEAL_* of fcntl(2)
 * @data: MEMFD: the name, with its terminating 0; SYSV: struct ckpt_shm;
 *	DELETED: struct ckpt_deleted; NODE: struct ckpt_node
 *
 * What no CONTENTS has is zero.
 */
struct ckpt_inode {
	__le32 kind;
	__le32 flags;
	__le64 size;
	__le32 mode;
	__le32 uid;
	__le32 gid;
	__le32 seals;
	__u8 data[];
};

/**
 * struct ckpt_shm - what a segment of SysV shared memory has beyond an INODE
 * @id: as shmget(2) has returned it
 * @key: 0 for IPC_PRIVATE
 * @cuid: who has created it
 * @cgid: group of who has
 * @cpid: process that has created it, 0 if it has no pid in the tree's namespace
 * @lpid: process that has attached or detached it last, likewise
 * @creator: pid of the thread that has created it, a task of the image, or 0
 * @reserved: 0
 * @atime: of the last shmat(2), seconds
 * @dtime: of the last shmdt(2)
 * @ctime: of the last shmctl(2) that has changed it
 */
struct ckpt_shm {
	__le32 id;
	__le32 key;
	__le32 cuid;
	__le32 cgid;
	__le32 cpid;
	__le32 lpid;
	__le32 creator;
	__le32 reserved;
	__le64 atime;
	__le64 dtime;
	__le64 ctime;
};

/**
 * struct ckpt_deleted - what a deleted file has beyond an INODE
 * @atime: of the last access, nanoseconds
 * @mtime: of the last change of its contents
 * @mnt: mount namespace that @dir is of, as of FILE
 * @reserved: 0
 * @dir: path of the directory that it was in, with its terminating 0
 */
struct ckpt_deleted {
	__le64 atime;
	__le64 mtime;
	__le32 mnt;
	__le32 reserved;
	char dir[];
};

/**
 * struct ckpt_node - what a file of an FS has beyond an INODE
 * @fs: FS, of kind TMPFS
 * @rdev: of a device: major << 20 | minor
 * @link: INODE, of the same FS, that this is one more name of, or 0; then nothing
 *	but @path is in use
 * @reserved: 0
 * @atime: of the last access, nanoseconds
 * @mtime: of the last change
 * @path: from its root directory on, with a leading / and the terminating 0;
 *	of a symbolic link followed by where it leads, likewise terminated
 *
 * The first of an FS is its root directory, and directories come before what is
 * in them.
 */
struct ckpt_node {
	__le32 fs;
	__le32 rdev;
	__le32 link;
	__le32 reserved;
	__le64 atime;
	__le64 mtime;
	char path[];
};

enum ckpt_file_kind {
	CKPT_FILE_PATH = 1,	/* opened again by its path */
	CKPT_FILE_PIPE,		/* an end of a pipe */
	CKPT_FILE_INODE,	/* of an INODE */
	CKPT_FILE_EVENTFD,	/* of eventfd(2) */
	CKPT_FILE_FIFO,		/* an end of a named pipe, opened again by its path */
	CKPT_FILE_NR_KINDS
};

/* In a chunk of a pipe: a packet, of at most a page, see O_DIRECT in pipe(2). */
#define CKPT_PACKET		0x80000000U

/**
 * struct ckpt_file - an open file description, or a path
 * @kind: enum ckpt_file_kind
 * @flags: O_* of the open file, of the architecture @machine
 * @pos: offset
 * @size: PATH: of a file that is mapped, 0 if none of it is; PIPE, FIFO: bytes
 *	in the pipe; EVENTFD: its count
 * @mtime: PATH: of a file that is mapped, nanoseconds
 * @mode: PATH: S_IFMT bits of the file; EVENTFD: 1 for EFD_SEMAPHORE; PIPE,
 *	FIFO: chunks in @data
 * @rdev: PATH: of a device, major << 20 | minor; FIFO: 1 if this reader has
 *	not seen a writer yet, see POLLHUP in poll(2)
 * @pipe: PIPE, FIFO: number of the pipe, which its other ends have as well
 * @capacity: PIPE, FIFO: in bytes, as F_GETPIPE_SZ tells it
 * @mapped: PATH: 1 if @size and @mtime must be what they were
 * @inode: INODE: it
 * @mnt: PATH, FIFO: mount namespace that the path is of: 0 for that of the caller, n for
 *	the n-th NS of kind MNT; else 0
 * @reserved: 0
 * @data: PATH: the path with its terminating 0; PIPE, FIFO: what is in the
 *	pipe, only in the first record that names it; FIFO: then the path
 *
 * What is in a pipe: the chunks, __le32 each, and the bytes. If it has packets
 * there are chunks: the length of each packet, with CKPT_PACKET, and of what is between
 * two of them, without. If it has none there are no chunks.
 */
struct ckpt_file {
	__le32 kind;
	__le32 flags;
	__le64 pos;
	__le64 size;
	__le64 mtime;
	__le32 mode;
	__le32 rdev;
	__le32 pipe;
	__le32 capacity;
	__le32 mapped;
	__le32 inode;
	__le32 mnt;
	__le32 reserved;
	__u8 data[];
};

/**
 * struct ckpt_fd - an entry of a table of open files
 * @fd: number, greater than that of the entry before
 * @file: a FILE
 * @cloexec: 0 or 1
 */
struct ckpt_fd {
	__le32 fd;
	__le32 file;
	__le32 cloexec;
	__le32 reserved;
};

#define CKPT_MM_MDWE		0x1	/* PR_MDWE_REFUSE_EXEC_GAIN */
#define CKPT_MM_MDWE_NO_INHERIT	0x2	/* PR_MDWE_NO_INHERIT */
#define CKPT_MM_LOCK		0x4	/* MCL_FUTURE */
#define CKPT_MM_LOCK_ONFAULT	0x8	/* MCL_FUTURE | MCL_ONFAULT: with CKPT_MM_LOCK */
#define CKPT_MM_TOPDOWN		0x10	/* that search goes downwards */
#define CKPT_MM_FLAGS		0x1f

/**
 * struct ckpt_mm - an address space
 * @exe: FILE that is executed, 0 for none
 * @dump_filter: as /proc/PID/coredump_filter shows it
 * @vdso_crc: CRC-32C of the code that the kernel maps into it, 0 if none
 * @nr_vmas: how many VMA records follow
 * @flags: CKPT_MM_*
 * @reserved: 0
 * @mmap_base: where the search for a place for new mappings begins, a multiple of
 *	a page
 *
 * The rest is what prctl(PR_SET_MM_MAP) sets.
 */
struct ckpt_mm {
	__le32 exe;
	__le32 dump_filter;
	__le32 vdso_crc;
	__le32 nr_vmas;
	__le32 flags;
	__le32 reserved;
	__le64 mmap_base;
	__le64 start_code;
	__le64 end_code;
	__le64 start_data;
	__le64 end_data;
	__le64 start_brk;
	__le64 brk;
	__le64 start_stack;
	__le64 arg_start;
	__le64 arg_end;
	__le64 env_start;
	__le64 env_end;
	__le64 auxv[CKPT_AUXV];
};

enum ckpt_vma_kind {
	CKPT_VMA_ANON = 1,	/* private anonymous */
	CKPT_VMA_FILE,		/* private mapping of a file */
	CKPT_VMA_KERNEL,	/* the kernel's: vdso */
	CKPT_VMA_SHARED,	/* shared mapping of a file */
	CKPT_VMA_NR_KINDS
};

#define CKPT_VMA_READ		0x001
#define CKPT_VMA_WRITE		0x002
#define CKPT_VMA_EXEC		0x004
#define CKPT_VMA_GROWSDOWN	0x008
#define CKPT_VMA_NORESERVE	0x010
#define CKPT_VMA_DONTDUMP	0x020	/* MADV_DONTDUMP */
#define CKPT_VMA_SEQUENTIAL	0x040	/* MADV_SEQUENTIAL */
#define CKPT_VMA_RANDOM		0x080	/* MADV_RANDOM */
#define CKPT_VMA_MAYWRITE	0x100	/* SHARED: mprotect(2) may allow writing */
#define CKPT_VMA_LOCKED		0x200	/* mlock(2) */
#define CKPT_VMA_ONFAULT	0x400	/* with LOCKED: MLOCK_ONFAULT */
#define CKPT_VMA_DONTFORK	0x800	/* MADV_DONTFORK */
#define CKPT_VMA_WIPEONFORK	0x1000	/* MADV_WIPEONFORK */
#define CKPT_VMA_MERGEABLE	0x2000	/* MADV_MERGEABLE */
#define CKPT_VMA_HUGEPAGE	0x4000	/* MADV_HUGEPAGE */
#define CKPT_VMA_NOHUGEPAGE	0x8000	/* MADV_NOHUGEPAGE */
#define CKPT_VMA_FLAGS		0xffff

/**
 * struct ckpt_vma - a mapping of the MM before it
 * @start: address, not below the end of the mapping before
 * @end: address behind it
 * @pgoff: FILE, SHARED: offset in pages
 * @kind: enum ckpt_vma_kind
 * @flags: CKPT_VMA_*
 * @file: FILE, SHARED: what is mapped
 * @family: ANON, FILE: of mappings whose pages may be SHARED, or 0. They are
 *	numbered 1, 2, 3 ... by their first mapping
 * @anon_pgoff: of a family, address of its first page, in pages, when it was
 *	mapped first: pages of a family are shared only where this is the same
 * @name: of PR_SET_VMA_ANON_NAME, or, KERNEL, which of its mappings this is, vdso, vvar
 *	or another; with its terminating 0. Of others nothing
 */
struct ckpt_vma {
	__le64 start;
	__le64 end;
	__le64 pgoff;
	__le32 kind;
	__le32 flags;
	__le32 file;
	__le32 family;
	__le64 anon_pgoff;
	__u8 name[];
};

enum ckpt_ns_kind {
	CKPT_NS_UTS = 1,	/* data: struct ckpt_uts */
	CKPT_NS_IPC,		/* data: struct ckpt_ipc; there is nothing in it */
	CKPT_NS_CGROUP,		/* no data: its root is the cgroup of the first TASK in it */
	CKPT_NS_TIME,		/* data: struct ckpt_clocks */
	CKPT_NS_PID,		/* data: struct ckpt_pidns */
	CKPT_NS_MNT,		/* data: struct ckpt_mntns; MOUNTs follow */
	CKPT_NS_USER,		/* data: struct ckpt_user; owner is the one that it is in */
	CKPT_NS_NR_KINDS
};

/**
 * struct ckpt_ns - a namespace that is not the caller's
 * @kind: enum ckpt_ns_kind
 * @owner: NS of the user namespace that owns it, 0 for that of the caller
 * @data: by kind
 */
struct ckpt_ns {
	__le32 kind;
	__le32 owner;
	__u8 data[];
};

#define CKPT_UTS_LEN		72	/* 64 bytes at most, and zeros */

/**
 * struct ckpt_uts - names of a uts namespace
 * @hostname: as gethostname(2) tells it
 * @domainname: as getdomainname(2) tells it
 */
struct ckpt_uts {
	char hostname[CKPT_UTS_LEN];
	char domainname[CKPT_UTS_LEN];
};

/**
 * struct ckpt_ipc - limits of an ipc namespace: /proc/sys/kernel and fs/mqueue
 * @shmmax: likewise, as all that follow
 * @sem: semmsl, semmns, semopm, semmni
 */
struct ckpt_ipc {
	__le64 shmmax;
	__le64 shmall;
	__le32 shmmni;
	__le32 shm_rmid_forced;
	__le32 msgmax;
	__le32 msgmnb;
	__le32 msgmni;
	__le32 sem[4];
	__le32 mq_queues_max;
	__le32 mq_msg_max;
	__le32 mq_msgsize_max;
	__le32 mq_msg_default;
	__le32 mq_msgsize_default;
};

/**
 * struct ckpt_clocks - what the clocks of a time namespace showed
 * @monotonic: CLOCK_MONOTONIC, nanoseconds, below 2^62
 * @boottime: CLOCK_BOOTTIME, likewise
 * @entered: 1 if a process has ever been in it: its clocks cannot be set any more
 * @reserved: 0
 */
struct ckpt_clocks {
	__le64 monotonic;
	__le64 boottime;
	__le32 entered;
	__le32 reserved;
};

/**
 * struct ckpt_pidns - a pid namespace below that of the tree
 * @parent: NS that it is in, 0 for the pid namespace of the first task
 * @reserved: 0
 *
 * Its first process is the first TASK that is in it.
 */
struct ckpt_pidns {
	__le32 parent;
	__le32 reserved;
};

/**
 * struct ckpt_mntns - a mount namespace
 * @mounts: how many MOUNTs follow, at least 1
 * @reserved: 0
 *
 * It is made by the first TASK that has it, which is the first thread of its process,
 * or, if a USER owns it, for that. So are its FSs, which are of the same USER.
 */
struct ckpt_mntns {
	__le32 mounts;
	__le32 reserved;
};

#define CKPT_MOUNT_UNBINDABLE	0x1	/* MS_UNBINDABLE */
#define CKPT_MOUNT_SLAVE	0x2	/* MS_SLAVE of what @source is mounted by */
#define CKPT_MOUNT_LOCKED	0x4	/* it hides what is below: umount(2) is refused */
#define CKPT_MOUNT_LOCK_RDONLY	0x8	/* MOUNT_ATTR_RDONLY cannot be cleared */
#define CKPT_MOUNT_LOCK_NOSUID	0x10	/* likewise */
#define CKPT_MOUNT_LOCK_NODEV	0x20
#define CKPT_MOUNT_LOCK_NOEXEC	0x40
#define CKPT_MOUNT_LOCK_ATIME	0x80	/* none of what says when atime changes can be */
#define CKPT_MOUNT_LOCKS	0xfc
#define CKPT_MOUNT_FLAGS	0xff
#define CKPT_MOUNT_ATTRS	0x2000bf	/* all but idmapped ones */

/**
 * struct ckpt_mount - a mount of the NS before it
 * @parent: what it is mounted on: the n-th MOUNT of this NS, which came before; 0
 *	only for the first, which is the root
 * @fs: FS, or 0: a file system of the caller
 * @attr: MOUNT_ATTR_* of mount_setattr(2)
 * @flags: CKPT_MOUNT_*
 * @group: peer group, see mount_namespaces(7): they are numbered 1, 2, 3 ... within an
 *	NS by first appearance; 0 for none
 * @reserved: 0
 * @data: two paths, each with a leading / and the terminating 0: where it is mounted, from the
 *	root of the parent on; what is mounted there, from the root directory of the FS
 *	on, or as the caller sees it
 */
struct ckpt_mount {
	__le32 parent;
	__le32 fs;
	__le32 attr;
	__le32 flags;
	__le32 group;
	__le32 reserved;
	char data[];
};

enum ckpt_user_limit {
	CKPT_LIMIT_USER,
	CKPT_LIMIT_PID,
	CKPT_LIMIT_UTS,
	CKPT_LIMIT_IPC,
	CKPT_LIMIT_NET,
	CKPT_LIMIT_MNT,
	CKPT_LIMIT_CGROUP,
	CKPT_LIMIT_TIME,
	CKPT_NR_LIMITS
};

enum ckpt_user_rlimit {
	CKPT_RLIMIT_NPROC,
	CKPT_RLIMIT_MSGQUEUE,
	CKPT_RLIMIT_SIGPENDING,
	CKPT_RLIMIT_MEMLOCK,
	CKPT_NR_USER_RLIMITS
};

#define CKPT_USER_NO_SETGROUPS	0x1	/* "deny" in /proc/PID/setgroups */
#define CKPT_USER_FLAGS		0x1

/**
 * struct ckpt_extent - ids that are mapped: a line of /proc/PID/uid_map
 * @first: in the user namespace
 * @lower: in the one that it is in
 * @count: how many
 */
struct ckpt_extent {
	__le32 first;
	__le32 lower;
	__le32 count;
};

/**
 * struct ckpt_user - a user namespace below that of the caller
 * @flags: CKPT_USER_*
 * @uid: who has made it, in the user namespace that it is in
 * @gid: group of who has, likewise
 * @nr_uids: extents of its uid_map, which come first in @extents
 * @nr_gids: of its gid_map, which follow
 * @nr_projids: of its projid_map
 * @limits: /proc/sys/user/max_*_namespaces, by enum ckpt_user_limit
 * @rlimits: what all of it together may have of each resource, below 2^63
 * @extents: as /proc shows them
 */
struct ckpt_user {
	__le32 flags;
	__le32 uid;
	__le32 gid;
	__le32 nr_uids;
	__le32 nr_gids;
	__le32 nr_projids;
	__le32 limits[CKPT_NR_LIMITS];
	__le64 rlimits[CKPT_NR_USER_RLIMITS];
	struct ckpt_extent extents[];
};

/* Which of its namespaces: index into @ns of struct ckpt_task. */
enum ckpt_role {
	CKPT_ROLE_UTS,
	CKPT_ROLE_IPC,
	CKPT_ROLE_CGROUP,
	CKPT_ROLE_TIME,
	CKPT_ROLE_TIME_CHILDREN,	/* where its children will be */
	CKPT_ROLE_PID,			/* 0: that of the first task */
	CKPT_ROLE_PID_CHILDREN,		/* likewise */
	CKPT_ROLE_MNT,
	CKPT_ROLE_USER,			/* that of its credentials */
	CKPT_NR_ROLES
};

#define CKPT_TASK_SUBREAPER	0x01
#define CKPT_TASK_NO_NEW_PRIVS	0x02
#define CKPT_TASK_RESET_ON_FORK	0x04	/* SCHED_RESET_ON_FORK */
#define CKPT_TASK_SIGMASK_SAVED	0x08	/* saved_sigmask returns with the signal */
#define CKPT_TASK_CONTINUED	0x10	/* its parent has not waited for that yet */
#define CKPT_TASK_OWN_FS	0x20	/* a thread with directory and umask of its own */
#define CKPT_TASK_FLAGS		0x3f

#define CKPT_RSEQ_SLICE		0x01	/* it may ask for a longer time slice */
#define CKPT_RSEQ_FLAGS		0x01
#define CKPT_RSEQ_MIN		32	/* bytes, and alignment */

enum ckpt_task_state {
	CKPT_TASK_LIVE,
	CKPT_TASK_ZOMBIE,	/* ended, and not waited for */
	CKPT_TASK_STOPPED,	/* by a signal */
	CKPT_TASK_HEADLESS,	/* a first thread that has ended; others of its process live */
	CKPT_TASK_NR_STATES
};

enum ckpt_restart_kind {
	CKPT_RESTART_NONE,
	CKPT_RESTART_NANOSLEEP,	/* arg: clock id, address for the rest, its type, ns left */
	CKPT_RESTART_POLL,	/* arg: fds, how many, has a timeout, ns left */
	CKPT_RESTART_FUTEX,	/* arg: address, value, bitset, ns left, CKPT_FUTEX_* */
	CKPT_RESTART_NR
};

#define CKPT_FUTEX_SHARED	0x1
#define CKPT_FUTEX_REALTIME	0x2	/* the time is absolute, CLOCK_REALTIME */
#define CKPT_FUTEX_FLAGS	0x3

/**
 * struct ckpt_task - a thread
 * @pid: in the pid namespace of the first task
 * @parent: of a process the TASK that made it, 0 only for the first; of
 *	another thread @leader
 * @leader: TASK of the first thread of its process, perhaps its own id
 * @state: enum ckpt_task_state
 * @status: ZOMBIE: as wait(2) tells it; HEADLESS: of the thread; STOPPED: the
 *	signal, if the parent has not waited for that yet, or 0
 * @stop_signal: STOPPED: the signal
 * @pgrp: pid of the leader of its process group, a process of the image or a
 *	LEADER
 * @session: pid of the leader of its session, likewise
 * @mm: MM: each process has its own; 0 for a ZOMBIE, as the next two
 * @fdtable: FDTABLE, perhaps shared; 0 for a HEADLESS
 * @cwd: FILE of kind PATH; of a HEADLESS that of the next thread
 * @umask: as umask(2) takes it
 * @flags: CKPT_TASK_*
 * @personality: as personality(2) takes it
 * @exit_signal: sent to the parent at exit
 * @pdeath_signal: PR_SET_PDEATHSIG
 * @dumpable: PR_GET_DUMPABLE
 * @securebits: PR_GET_SECUREBITS
 * @uid: real, effective, saved, file system
 * @gid: likewise
 * @policy: SCHED_*
 * @nice: -20 to 19
 * @rt_priority: 0, or 1 to 99 with SCHED_FIFO and SCHED_RR
 * @oom_score_adj: -1000 to 1000
 * @oom_score_adj_min: likewise
 * @restart: enum ckpt_restart_kind: how an interrupted system call goes on
 * @altstack_flags: SS_* of sigaltstack(2)
 * @nr_groups: supplementary groups in @data
 * @nr_cpus: words of a CPU affinity in @data behind the groups, 0 for none
 * @root: its root directory, a FILE of kind PATH, or 0 for that of the caller; as @cwd
 * @timer_slack: PR_GET_TIMERSLACK, nanoseconds
 * @default_timer_slack: what PR_SET_TIMERSLACK 0 sets
 * @altstack: address of the alternate signal stack
 * @altstack_size: of it, in bytes
 * @clear_child_tid: address, see set_tid_address(2)
 * @robust_list: address, see set_robust_list(2)
 * @sigmask: signals blocked, signal n is bit n - 1
 * @saved_sigmask: mask that sigsuspend(2) and its like put back
 * @caps: inheritable, permitted, effective, bounding, ambient
 * @restart_arg: see enum ckpt_restart_kind
 * @rlimits: soft and hard limit of each RLIMIT_*, all ones for none
 * @comm: PR_GET_NAME, terminated by 0
 * @ns: NS by enum ckpt_role, 0 for the caller's; of a ZOMBIE only pid and user
 * @nr_pids: how many levels its pid namespace is below that of the first task
 * @cgroup: CGROUP, or 0 for that of the first task; a thread's is its leader's, a
 *	ZOMBIE has 0
 * @pid_owner: of the first TASK, if its pid is 1: NS of the user namespace that owns
 *	its pid namespace, or 0
 * @exec_user: NS of the user namespace in which its program was executed, or 0: see
 *	ptrace(2) about who may trace it when it is not dumpable
 * @rseq_flags: CKPT_RSEQ_*
 * @rseq: address of what is registered with rseq(2), a multiple of 32, or 0; only
 *	LIVE and STOPPED
 * @rseq_len: of that, bytes, at least 32; 0 without it, as the others
 * @rseq_sig: what stands before its abort handlers
 * @data: the groups; then the affinity, CPU n is bit n % 32 of word n / 32;
 *	then its pids at the levels below @pid, the last in its own namespace
 *
 * What belongs to a process as a whole is that of its first thread, and 0 for
 * the others: @pgrp to @mm, @exit_signal, @dumpable, @oom_score_adj and
 * @oom_score_adj_min, @rlimits, @exec_user, and of @flags SUBREAPER and CONTINUED.
 */
struct ckpt_task {
	__le32 pid;
	__le32 parent;
	__le32 leader;
	__le32 state;
	__le32 status;
	__le32 stop_signal;
	__le32 pgrp;
	__le32 session;
	__le32 mm;
	__le32 fdtable;
	__le32 cwd;
	__le32 umask;
	__le32 flags;
	__le32 personality;
	__le32 exit_signal;
	__le32 pdeath_signal;
	__le32 dumpable;
	__le32 securebits;
	__le32 uid[4];
	__le32 gid[4];
	__le32 policy;
	__le32 nice;
	__le32 rt_priority;
	__le32 oom_score_adj;
	__le32 oom_score_adj_min;
	__le32 restart;
	__le32 altstack_flags;
	__le32 nr_groups;
	__le32 nr_cpus;
	__le32 root;
	__le64 timer_slack;
	__le64 default_timer_slack;
	__le64 altstack;
	__le64 altstack_size;
	__le64 clear_child_tid;
	__le64 robust_list;
	__le64 sigmask;
	__le64 saved_sigmask;
	__le64 caps[5];
	__le64 restart_arg[5];
	__le64 rlimits[CKPT_RLIMITS][2];
	char comm[16];
	__le32 ns[CKPT_NR_ROLES];
	__le32 nr_pids;
	__le32 cgroup;
	__le32 pid_owner;
	__le32 exec_user;
	__le32 rseq_flags;
	__le64 rseq;
	__le32 rseq_len;
	__le32 rseq_sig;
	__le32 data[];
};

/**
 * struct ckpt_regs - a register set of the TASK before it
 * @note: NT_* of the set, as in a core dump
 * @size: of @data in bytes
 * @data: as PTRACE_GETREGSET gives it
 */
struct ckpt_regs {
	__le32 note;
	__le32 size;
	__u8 data[];
};

/**
 * struct ckpt_sigaction - what a signal does; SIGACTIONS has CKPT_NSIG of them
 * @handler: address, 0 for SIG_DFL, 1 for SIG_IGN
 * @flags: SA_*
 * @restorer: address
 * @mask: signals blocked meanwhile
 */
struct ckpt_sigaction {
	__le64 handler;
	__le64 flags;
	__le64 restorer;
	__le64 mask;
};

#define CKPT_SIGINFO_LEN	48

/**
 * struct ckpt_signal - a signal that waits for the TASK before it, oldest first
 * @signo: its number
 * @shared: 1 if it was sent to the process, 0 to this thread
 * @info: the first bytes of its siginfo_t, of the architecture @machine
 */
struct ckpt_signal {
	__le32 signo;
	__le32 shared;
	__u8 info[CKPT_SIGINFO_LEN];
};

enum ckpt_timer_kind {
	CKPT_TIMER_REAL,	/* ITIMER_REAL */
	CKPT_TIMER_VIRTUAL,	/* ITIMER_VIRTUAL */
	CKPT_TIMER_PROF,	/* ITIMER_PROF */
	CKPT_TIMER_POSIX,	/* of timer_create(2) */
	CKPT_TIMER_NR_KINDS
};

/**
 * struct ckpt_timer - a timer of the process whose first thread came before
 * @kind: enum ckpt_timer_kind
 * @armed: 0 or 1
 * @left: nanoseconds until it expires, if it is armed; POSIX: less than
 *	nothing if its signal waits, which is then no SIGNAL
 * @interval: nanoseconds from one time to the next, 0 for once
 * @id: POSIX, as the following: as timer_create(2) gave it
 * @clock: CLOCK_*
 * @notify: SIGEV_*
 * @signo: the signal
 * @thread: pid, in its own pid namespace, of the thread that gets it, with
 *	SIGEV_THREAD_ID
 * @overrun: what timer_getoverrun(2) tells
 * @value: sigev_value
 */
struct ckpt_timer {
	__le32 kind;
	__le32 armed;
	__le64 left;
	__le64 interval;
	__le32 id;
	__le32 clock;
	__le32 notify;
	__le32 signo;
	__le32 thread;
	__le32 overrun;
	__le64 value;
};

/**
 * struct ckpt_leader - leader of a process group or session that is gone
 * @pid: which the group or session still has
 * @session: of the group; @pid if it has led a session
 *
 * At least one process of the image is in it.
 */
struct ckpt_leader {
	__le32 pid;
	__le32 session;
};

/**
 * struct ckpt_pages - contents of pages that follow each other
 * @owner: PAGES: an MM; CONTENTS: an INODE. Not below that of the record before
 * @count: pages, 1 to CKPT_DATA_MAX / page_size
 * @addr: PAGES: address of the first; CONTENTS: its offset. Not below the end
 *	of the record before with this @owner
 * @data: @count pages
 *
 * A page of an MM that no PAGES or SHARED has is what a fresh mapping gives: zeros, or
 * the file's. What the last page of an INODE has behind its end is ignored.
 */
struct ckpt_pages {
	__le32 owner;
	__le32 count;
	__le64 addr;
	__u8 data[];
};

/**
 * struct ckpt_shared - pages that are those of another MM until one writes
 * @owner: an MM; as of PAGES, whose order includes these
 * @count: pages, 1 to CKPT_DATA_MAX / page_size
 * @addr: of the first, as of PAGES
 * @from: an MM before @owner, which has them
 * @reserved: 0
 * @from_addr: address of the first there
 *
 * If they are of mappings of one family, at the same @anon_pgoff, they are one
 * page at a restart; otherwise a copy.
 */
struct ckpt_shared {
	__le32 owner;
	__le32 count;
	__le64 addr;
	__le32 from;
	__le32 reserved;
	__le64 from_addr;
};

/**
 * struct ckpt_trailer - the last record; nothing follows it
 * @records: how many records there were, this one included
 * @bytes: of the image, this record included
 * @crc: CRC-32C of all bytes before this record
 */
struct ckpt_trailer {
	__le64 records;
	__le64 bytes;
	__le32 crc;
	__le32 reserved;
};

#endif /* _UAPI_LINUX_CHECKPOINT_IMAGE_H */

/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * /dev/checkpoint: images of running processes, and processes from images.
 *
 * An open file is good for one checkpoint or one restart. When a request
 * fails, read(2) returns one line that says which task and which of its
 * objects were in the way, and why; it is empty if there is nothing to add to
 * the error number. write(2) gives up a restart for the reason in the text.
 */
#ifndef _UAPI_LINUX_CHECKPOINT_H
#define _UAPI_LINUX_CHECKPOINT_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define CHECKPOINT_IOC		0xBC

/**
 * struct checkpoint_snapshot - CHECKPOINT_SNAPSHOT
 * @flags: CHECKPOINT_FREEZE or 0
 * @pidfd: the first process of the tree
 * @nr_tasks: out: tasks in the tree: threads, and processes that nobody has
 *	waited for yet
 * @reserved: 0
 *
 * Takes the state of a process and of all its descendants, which have to stand
 * still in the cgroup v2 freezer. With CHECKPOINT_FREEZE the kernel sees to
 * that: it freezes the cgroup of the first process, waits as long as it takes
 * and no signal comes, and thaws it before this returns, whatever comes of it;
 * a cgroup that was frozen stays so. Memory is duplicated copy-on-write, so that
 * the tree can be thawed as soon as this returns. What was taken stays with
 * the open file until it is written, or closed.
 *
 * Who: CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN in the user namespace that owns
 * the pid namespace of the tree, and permission to trace each process
 * (PTRACE_MODE_ATTACH_REALCREDS); with CHECKPOINT_FREEZE, each that is in the
 * cgroup.
 *
 * EBADF, ESRCH	no pidfd, or its process is gone
 * EINVAL	unknown flags, not a process; CHECKPOINT_FREEZE: the root cgroup
 * EDEADLK	CHECKPOINT_FREEZE: the caller is in the cgroup
 * EINTR	CHECKPOINT_FREEZE: a signal came before all stood still
 * EBUSY	a task is not frozen, or did not stay so; or the file is in use
 * EPERM, EACCES	not permitted
 * EOPNOTSUPP	there is something that an image cannot hold yet
 * ENOMEM	no memory
 */
struct checkpoint_snapshot {
	__u32 flags;
	__s32 pidfd;
	__u32 nr_tasks;
	__u32 reserved;
};

#define CHECKPOINT_FREEZE	0x1

/**
 * struct checkpoint_write - CHECKPOINT_WRITE
 * @flags: 0
 * @fd: where to: a file, a pipe, a socket; it is never sought in
 * @bytes: out: size of the image
 * @pages: out: pages of memory in it
 *
 * Writes the image of what was taken, see <linux/checkpoint_image.h>, and
 * gives it up, also if that fails.
 *
 * EINVAL	nothing was taken
 * EBADF	@fd cannot be written to
 * any other	as write(2) says it
 */
struct checkpoint_write {
	__u32 flags;
	__s32 fd;
	__u64 bytes;
	__u64 pages;
};

/**
 * struct checkpoint_load - CHECKPOINT_LOAD
 * @flags: 0
 * @fd: where from; it is never sought in
 * @nr_tasks: out: tasks in the image
 * @nr_pids: out: pids that they have in nested pid namespaces
 *
 * Reads and checks an image as far as the contents of memory, and opens its
 * files with the credentials of the caller; those of a mount namespace of the
 * image are opened by the process that has made that, when it joins. The
 * caller's process is then in charge of the restart: if it exits or closes the
 * file, or if any process that has inherited the file exits before the restart
 * is complete, it is given up and every process that has joined is killed.
 *
 * Who: CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN in the user namespace of the
 * caller.
 *
 * EBADMSG	this is no image, or it is damaged
 * ENOEXEC	the image is of another architecture or size of pages
 * any other	a file could not be opened
 */
struct checkpoint_load {
	__u32 flags;
	__s32 fd;
	__u32 nr_tasks;
	__u32 nr_pids;
};

/**
 * struct checkpoint_task - a process or thread to be made
 * @pid: in the pid namespace of the first
 * @parent: index in the table of the task that has to make it; that of the
 *	first is of no meaning
 * @exit_signal: for clone3(2)
 * @flags: CHECKPOINT_TASK_*
 * @init: index of the first process of its pid namespace, perhaps its own: then
 *	it is made with CLONE_NEWPID; 0 for that of the first task
 * @nr_pids: how many levels its pid namespace is below that of the first task
 * @cgroup: where it is made: 0 for the cgroup of the first, or 1, 2, 3 ... for
 *	those of CHECKPOINT_CGROUPS
 * @mnt: its mount namespace: 0 for that of the caller, or 1, 2, 3 ... for those of
 *	CHECKPOINT_MOUNTS, by their order: the first that has one makes it
 * @owner: of the first process of a pid namespace: the user namespace that owns that,
 *	0 for that of the caller, or one of CHECKPOINT_NS
 */
struct checkpoint_task {
	__u32 pid;
	__u32 parent;
	__u32 exit_signal;
	__u32 flags;
	__u32 init;
	__u32 nr_pids;
	__u32 cgroup;
	__u32 mnt;
	__u32 owner;
};

#define CHECKPOINT_TASK_THREAD	0x1	/* a thread of its parent's process */

/**
 * struct checkpoint_tasks - CHECKPOINT_TASKS
 * @tasks: address of an array of struct checkpoint_task
 * @count: its length, at least @nr_tasks of CHECKPOINT_LOAD
 * @nr_pids: length of @pids, at least @nr_pids of CHECKPOINT_LOAD
 * @pids: address of an array of __u32, for the pids of all tasks in nested pid
 *	namespaces: @nr_pids of each task in turn, the last in its own one
 *
 * Copies the table of the tasks that user space has to make, parents before
 * children, and the threads of a process right behind its first.
 */
struct checkpoint_tasks {
	__u64 tasks;
	__u32 count;
	__u32 nr_pids;
	__u64 pids;
};

/**
 * struct checkpoint_cgroups - CHECKPOINT_CGROUPS
 * @paths: address of a buffer
 * @size: of it, in bytes; out: of all paths
 * @count: out: how many cgroups
 * @reserved: 0
 *
 * Copies the paths of the cgroups v2 that tasks live in, below that of the first
 * one, each with a leading / and a terminating 0. User space makes those that are
 * missing, and each task in the one that it belongs to, with what rights it has.
 *
 * ENOSPC	the buffer is too small; @size and @count are set
 */
struct checkpoint_cgroups {
	__u64 paths;
	__u32 size;
	__u32 count;
	__u64 reserved;
};

/**
 * struct checkpoint_mounts - CHECKPOINT_MOUNTS
 * @records: address of a buffer
 * @size: of it, in bytes; out: of all records
 * @count: out: how many records
 * @reserved: 0
 *
 * Copies those records of the image that mount namespaces are made from, see
 * <linux/checkpoint_image.h>: FS, INODE of kind NODE, NS of kind MNT, MOUNT. User space
 * makes each namespace in the first task that has it, before that makes others and
 * joins, with what rights it has; one that another user namespace owns it makes in there,
 * with the file systems, and the task enters it.
 *
 * ENOSPC	the buffer is too small; @size and @count are set
 */
struct checkpoint_mounts {
	__u64 records;
	__u32 size;
	__u32 count;
	__u64 reserved;
};

/**
 * struct checkpoint_filesystem - CHECKPOINT_FILESYSTEM
 * @fs: id of an FS of kind TMPFS
 * @fd: the root directory of a new tmpfs, in which all of its files have been made
 *
 * Finds its regular files, which must have their sizes; what is in them is
 * written by CHECKPOINT_FINISH. Takes the rights to write to them.
 *
 * EBADF	@fd is none
 * EINVAL	there is no image, or it has no such FS, or @fd is no root directory
 * EBUSY	its files have been found before
 * ESTALE	a file is not as the image says
 * any other	a file could not be opened
 */
struct checkpoint_filesystem {
	__u32 fs;
	__s32 fd;
};

/**
 * struct checkpoint_mount - CHECKPOINT_MOUNT
 * @ns: a mount namespace of the image: the id of its NS
 * @mount: the n-th MOUNT of that
 * @fd: the root directory of what was mounted for it, with its attributes, in the
 *	mount namespace of the caller
 * @reserved: 0
 *
 * Locks a mount as the image says, against unmount(2) and against changing its flags;
 * locks that it has it keeps. Each MOUNT that has locks must have got them, in their
 * order, before the first task of the namespace joins.
 *
 * Who: CAP_SYS_ADMIN in the user namespace that owns the mount namespace of the caller.
 *
 * EBADF	@fd is none
 * ESRCH	the image has no such NS or MOUNT
 * EBUSY	it has them, or one behind it has
 * EINVAL	@fd is no root of a mount, of one elsewhere or with other attributes, or a
 *		MOUNT with locks was left out
 */
struct checkpoint_mount {
	__u32 ns;
	__u32 mount;
	__s32 fd;
	__u32 reserved;
};

/**
 * struct checkpoint_ns - CHECKPOINT_NS
 * @id: a namespace of the image: 1, 2, 3 ...
 * @size: of the buffer, in bytes; out: of what was copied there
 * @data: address of a buffer
 *
 * Copies the NS record of a namespace, see <linux/checkpoint_image.h>, for user
 * space to make those that it has to: of users, parents before children, and
 * those of pids whose owner they are. The latter it enters before it makes the
 * first process there; a process of the image itself stays in the user namespace of
 * the caller until CHECKPOINT_RESTORE moves it.
 *
 * ESRCH	there is none of that id, nor any above it
 * ENOSPC	the buffer is too small; @size is set
 */
struct checkpoint_ns {
	__u32 id;
	__u32 size;
	__u64 data;
};

/**
 * struct checkpoint_user - CHECKPOINT_USER
 * @id: a user namespace of the image
 * @fd: what was made for it, a file of /proc/PID/ns/user
 *
 * Hands a user namespace over for the tasks of the image, which then enter it as by
 * setns(2). Its maps, its owner and whether setgroups(2) is denied must be what the
 * image says. Its limits are set when the restart is complete. Only for the process
 * that is in charge.
 *
 * Who: CAP_SYS_ADMIN in it, CAP_SYS_RESOURCE if limits have to be set.
 *
 * EBADF	no file of a user namespace
 * ESRCH	the image has none of that id
 * EBUSY	it has been handed over
 * EINVAL	it is not as the image says
 */
struct checkpoint_user {
	__u32 id;
	__s32 fd;
};

/*
 * CHECKPOINT_RESTORE: the calling thread becomes the task of the image whose
 * index in the table is the argument, and waits for the others. It must have
 * the pids, at every level, and the parent that the image says, no memory or
 * signal handlers that it shares with another process, and all tasks that it
 * has to make must have been made. The first thread of a process comes last of
 * its threads to give up their memory: the stacks of the others are needed
 * until they are in here. Does not return to the caller: the task goes on
 * where it was at the checkpoint, or is killed. Returns with an error only if
 * the caller is not part of the image. Namespaces other than those of pids and mounts are
 * made meanwhile; that takes what unshare(2) and setns(2) ask for.
 * Those of users were made before.
 *
 * Who: CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN in the user namespace that owns
 * the pid namespace; CAP_SETUID, CAP_SETGID, CAP_SETPCAP, CAP_SYS_RESOURCE and
 * CAP_SYS_NICE where the image asks for what only they permit.
 */

/**
 * struct checkpoint_finish - CHECKPOINT_FINISH
 * @bytes: out: size of the image
 * @pages: out: pages of memory in it
 *
 * Waits until every process has joined, reads the rest of the image and fills
 * their memory; then all go on together. Only for the process that is in
 * charge. After an error, no process of the image has run, and those that
 * joined are being killed.
 */
struct checkpoint_finish {
	__u64 bytes;
	__u64 pages;
};

#define CHECKPOINT_SNAPSHOT	_IOWR(CHECKPOINT_IOC, 0x00, struct checkpoint_snapshot)
#define CHECKPOINT_WRITE	_IOWR(CHECKPOINT_IOC, 0x01, struct checkpoint_write)
#define CHECKPOINT_LOAD		_IOWR(CHECKPOINT_IOC, 0x02, struct checkpoint_load)
#define CHECKPOINT_TASKS	_IOW(CHECKPOINT_IOC, 0x03, struct checkpoint_tasks)
#define CHECKPOINT_RESTORE	_IO(CHECKPOINT_IOC, 0x04)
#define CHECKPOINT_FINISH	_IOR(CHECKPOINT_IOC, 0x05, struct checkpoint_finish)
#define CHECKPOINT_CGROUPS	_IOWR(CHECKPOINT_IOC, 0x06, struct checkpoint_cgroups)
#define CHECKPOINT_MOUNTS	_IOWR(CHECKPOINT_IOC, 0x07, struct checkpoint_mounts)
#define CHECKPOINT_FILESYSTEM	_IOW(CHECKPOINT_IOC, 0x08, struct checkpoint_filesystem)
#define CHECKPOINT_NS		_IOWR(CHECKPOINT_IOC, 0x09, struct checkpoint_ns)
#define CHECKPOINT_USER		_IOW(CHECKPOINT_IOC, 0x0a, struct checkpoint_user)
#define CHECKPOINT_MOUNT	_IOW(CHECKPOINT_IOC, 0x0b, struct checkpoint_mount)

#endif /* _UAPI_LINUX_CHECKPOINT_H */

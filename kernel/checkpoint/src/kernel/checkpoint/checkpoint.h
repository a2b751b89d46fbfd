/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Checkpoint/restart: what the files of this folder share.
 *
 * dev.c	the device, its requests, the message about the last failure
 * tree.c	which tasks belong to a tree, and whether they can be taken
 * snapshot.c	taking: runs over the tree, owns what was taken, writes it
 * restart.c	restoring: owns the image that was read, keeps tasks in step
 *
 * and, each in both directions, one file per kind of object: task.c, regs.c,
 * rseq.c, signal.c, memory.c (mappings), vdso.c, pages.c (their contents), files.c, pipe.c,
 * inode.c (files that are kept with their contents), shm.c (SysV shared memory),
 * deleted.c, tmpfs.c (file systems), mounts.c, mntlock.c, namespaces.c, pidns.c,
 * userns.c, cgroup.c.
 */
#ifndef _KERNEL_CHECKPOINT_H
#define _KERNEL_CHECKPOINT_H

#include <linux/cleanup.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/path.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/xarray.h>
#include <uapi/linux/checkpoint.h>
#include "image.h"

#define CKPT_MESSAGE_LEN	(PATH_MAX + 128)

struct css_set;
struct mnt_namespace;
struct nsproxy;
struct ckpt_snapshot;
struct ckpt_restart;

/**
 * struct ckpt_ctl - an open /dev/checkpoint
 * @lock: serialises the requests of whoever is in charge
 * @snapshot: taken and not yet written, or NULL; under @lock
 * @restart: an image that was loaded, or NULL; set once, under @lock
 * @message_lock: protects @message
 * @message: about the first failure of a request, or ""
 */
struct ckpt_ctl {
	struct mutex lock;
	struct ckpt_snapshot *snapshot;
	struct ckpt_restart *restart;
	spinlock_t message_lock;
	char *message;
};

__printf(3, 4)
int ckpt_fail(struct ckpt_ctl *ctl, int err, const char *fmt, ...);
int ckpt_freeze(struct ckpt_ctl *ctl, struct task_struct *root, struct cgroup **frozen);
void ckpt_thaw(struct cgroup **frozen);
void ckpt_forget(struct ckpt_ctl *ctl);

/* A sequence of records under construction. */
struct ckpt_buf {
	void *data;
	size_t len;
	size_t room;
};

void *ckpt_record_add(struct ckpt_buf *buf, u32 type, u32 id, u32 length);

DEFINE_FREE(ckpt_buf, struct ckpt_buf, kvfree(_T.data))

/**
 * struct ckpt_tree_task - a task of a tree
 * @task: referenced
 * @pid: its pid, as the caller saw it
 * @parent: index of the task that made it; of no meaning for the first
 * @leader: index of the first thread of its process; the others follow that
 * @head: index of the first of them that lives, or of that
 * @mm: its MM, if it is a first thread
 * @fdtable: its FDTABLE
 * @ns: its NSs, by enum ckpt_role
 * @cgroup: its CGROUP, or 0
 * @root: its root directory, a FILE, or 0
 * @exec_user: NS of the user namespace in which its program was executed, or 0
 * @marked: it stood in the freezer; false for a zombie
 */
struct ckpt_tree_task {
	struct task_struct *task;
	pid_t pid;
	u32 parent;
	u32 leader;
	u32 head;
	u32 mm;
	u32 fdtable;
	u32 ns[CKPT_NR_ROLES];
	u32 cgroup;
	u32 root;
	u32 exec_user;
	bool marked;
};

/**
 * struct ckpt_snapshot - what was taken of a tree
 * @ctl: for messages
 * @ns: pid namespace of the tree, referenced
 * @tasks: of the tree, parents before children and processes together; only
 *	while being taken
 * @nr_tasks: how many
 * @fs_records: FS records
 * @inode_records: INODE records
 * @files: FILE records
 * @fdtables: FDTABLE records
 * @mms: MM and VMA records
 * @ns_records: NS and MOUNT records
 * @cgroup_records: CGROUP records
 * @procs: TASK records and what follows each
 * @file_ids: struct file * to struct ckpt_taken_file
 * @pipes: struct pipe_inode_info * to struct ckpt_taken_pipe
 * @fdtable_ids: struct files_struct * to struct ckpt_taken_fdtable
 * @inodes: struct inode * to struct ckpt_taken_inode
 * @inode_list: them, by id
 * @namespaces: struct ns_common * to the ids of NSs
 * @nr_namespaces: ids given to NSs
 * @filesystems: struct super_block * to the ids of FSs
 * @nr_filesystems: ids given to FSs
 * @mntns_list: mount namespaces, see mounts.c; only while being taken
 * @nr_mntns: numbers given to them
 * @ns_owner: NS of the user namespace that owns the last of them, or 0
 * @pid_owner: likewise of @ns, if the first task is its first process
 * @cgroups: struct cgroup * to the ids of CGROUPs
 * @nr_cgroups: ids given to CGROUPs
 * @families: root of an anon_vma to struct ckpt_taken_family
 * @gone: pid of a leader that is gone to its session
 * @seen: number of a page's frame to where it was written first, see cow.c
 * @nr_files: ids given to FILEs
 * @nr_inodes: ids given to INODEs
 * @nr_pipes: numbers given to pipes
 * @nr_fdtables: ids given to FDTABLEs
 * @nr_mms: ids given to MMs
 * @nr_families: ids given to families of mappings
 * @real: ITIMER_REAL of the process that is being taken
 * @frozen: the cgroup that was frozen for it, or NULL; only while being taken
 * @copies: duplicate of each MM, by id - 1
 * @nr_copies: how many
 * @pages: written
 */
struct ckpt_snapshot {
	struct ckpt_ctl *ctl;
	struct pid_namespace *ns;
	struct ckpt_tree_task *tasks;
	u32 nr_tasks;
	struct ckpt_buf fs_records, inode_records, files, fdtables, mms, ns_records, cgroup_records;
	struct ckpt_buf procs;
	struct xarray file_ids, pipes, inodes, fdtable_ids, namespaces, cgroups, families, seen,
		      gone, filesystems;
	struct list_head inode_list, mntns_list;
	u32 nr_files, nr_pipes, nr_inodes, nr_fdtables, nr_mms, nr_namespaces, nr_cgroups,
	    nr_families, nr_filesystems, nr_mntns, ns_owner, pid_owner;
	struct {
		bool armed;
		s64 left, interval;
	} real;
	struct cgroup *frozen;
	struct mm_struct **copies;
	u32 nr_copies;
	u64 pages;
};

/* In place of the number of an open file, for those that have none. */
#define CKPT_FD_MAPPING		-1
#define CKPT_FD_EXE		-2
#define CKPT_FD_CWD		-3
#define CKPT_FD_ROOT		-4

/*
 * A file of the tree: @refs references were found, @pid and @fd the first.
 * @whole: nobody else may have it.
 */
struct ckpt_taken_file {
	struct file *file;
	struct ckpt_taken_inode *inode;
	u32 id;
	u32 refs;
	bool whole;
	pid_t pid;
	int fd;
};

/* How many ends of a pipe were found in the tree. */
struct ckpt_taken_pipe {
	u32 number;
	u32 readers, writers;
};

/* A table of open files, referenced: how many tasks of the tree have it, @pid the first. */
struct ckpt_taken_fdtable {
	struct files_struct *files;
	u32 id;
	u32 refs;
	pid_t pid;
};

/**
 * struct ckpt_taken_inode - a file whose contents are in the image
 * @node: in the snapshot's list
 * @path: leads to it; valid while the tree is being taken
 * @kind: enum ckpt_inode_kind
 * @id: of its INODE
 * @files: how many open files of it were found in the tree
 * @copy: what was in it, or NULL
 */
struct ckpt_taken_inode {
	struct list_head node;
	struct path path;
	u32 kind;
	u32 id;
	u32 files;
	struct file *copy;
};

/* Refuses what an image cannot hold; pids are those that the caller sees. */
#define ckpt_refuse(s, task, fmt, ...)					\
	ckpt_fail((s)->ctl, -EOPNOTSUPP, "pid %d: " fmt " not supported",	\
		  task_pid_vnr(task), ##__VA_ARGS__)

#define ckpt_refuse_file(s, task, fd, fmt, ...)				\
	((fd) < 0 ? ckpt_refuse(s, task, "%s: " fmt, ckpt_file_role(fd), ##__VA_ARGS__) : \
		    ckpt_refuse(s, task, "fd %d: " fmt, fd, ##__VA_ARGS__))

const char *ckpt_file_role(int fd);

int ckpt_tree_find(struct ckpt_snapshot *s, struct task_struct *root);
int ckpt_tree_check(struct ckpt_snapshot *s);
int ckpt_tree_still(struct ckpt_snapshot *s);
void ckpt_tree_put(struct ckpt_snapshot *s);
int ckpt_check_leaders(struct ckpt_snapshot *s, struct task_struct *task, struct xarray *pids);
bool ckpt_has_gone_leader(struct ckpt_snapshot *s, struct task_struct *task);
int ckpt_take_leaders(struct ckpt_snapshot *s);

struct ckpt_snapshot *ckpt_snapshot_take(struct ckpt_ctl *ctl,
					 struct task_struct *root, u32 flags);
void ckpt_snapshot_free(struct ckpt_snapshot *s);
int ckpt_snapshot_write(struct ckpt_snapshot *s, struct file *file,
			struct checkpoint_write *arg);

bool ckpt_leads(const struct ckpt_snapshot *s, u32 index);
int ckpt_take_namespaces(struct ckpt_snapshot *s, u32 index);
bool ckpt_same_cgroups(const struct css_set *a, const struct css_set *b);
int ckpt_take_membership(struct ckpt_snapshot *s, u32 index);
int ckpt_take_pid_namespaces(struct ckpt_snapshot *s, u32 index);
int ckpt_pid_namespaces_whole(struct ckpt_snapshot *s);
u32 ckpt_nr_pids(const struct ckpt_snapshot *s, struct task_struct *task);
void ckpt_take_pids(const struct ckpt_snapshot *s, struct task_struct *task, __le32 *to);
int ckpt_new_namespace(struct ckpt_snapshot *s, struct task_struct *task, struct ns_common *ns);
void *ckpt_ns_record(struct ckpt_snapshot *s, u32 kind, u32 size);
int ckpt_namespaces_whole(struct ckpt_snapshot *s);
int ckpt_take_user(struct ckpt_snapshot *s, struct task_struct *task, struct user_namespace *ns);
int ckpt_take_user_namespaces(struct ckpt_snapshot *s, u32 index);
bool ckpt_in_taken_user(struct ckpt_snapshot *s, struct task_struct *task);
bool ckpt_owns_pid_namespace(const struct ckpt_snapshot *s);
struct task_struct *ckpt_head(const struct ckpt_snapshot *s, u32 index);
bool ckpt_lives_headless(struct task_struct *task);
struct task_struct *ckpt_living(const struct ckpt_snapshot *s, u32 index);
int ckpt_take_task(struct ckpt_snapshot *s, u32 index, u32 cwd);
int ckpt_take_rseq(struct ckpt_snapshot *s, struct task_struct *task, struct ckpt_task *t);
int ckpt_take_regs(struct ckpt_snapshot *s, struct task_struct *task);
int ckpt_take_signals(struct ckpt_snapshot *s, struct task_struct *task);
void ckpt_note_real_timer(struct ckpt_snapshot *s, struct task_struct *task);
int ckpt_take_timers(struct ckpt_snapshot *s, struct task_struct *task);
int ckpt_take_mm(struct ckpt_snapshot *s, struct task_struct *task, u32 id);
const char *ckpt_vdso_name(struct vm_area_struct *vma);
int ckpt_vdso_crc(struct mm_struct *mm, u32 *crc);
int ckpt_take_files(struct ckpt_snapshot *s, u32 index);
int ckpt_fdtables_whole(struct ckpt_snapshot *s);
int ckpt_take_file(struct ckpt_snapshot *s, struct task_struct *task, int fd,
		   struct file *file, bool mapped);
int ckpt_take_cwd(struct ckpt_snapshot *s, struct task_struct *task);
int ckpt_take_root(struct ckpt_snapshot *s, struct task_struct *task);
int ckpt_take_pipe(struct ckpt_snapshot *s, struct task_struct *task,
		   struct ckpt_taken_file *taken);
int ckpt_take_fifo(struct ckpt_snapshot *s, struct task_struct *task,
		   struct ckpt_taken_file *taken);
int ckpt_pipes_whole(struct ckpt_snapshot *s);
char *ckpt_path_name(struct ckpt_snapshot *s, struct task_struct *task, int fd,
		     const struct path *path, char *buf);
int ckpt_take_mounts(struct ckpt_snapshot *s);
int ckpt_take_mount_namespace(struct ckpt_snapshot *s, u32 index);
bool ckpt_in_taken_mntns(struct ckpt_snapshot *s, const struct nsproxy *p);
void ckpt_put_mounts(struct ckpt_snapshot *s);
u32 ckpt_mnt_of(struct ckpt_snapshot *s, const struct path *path);
char *ckpt_d_path(struct ckpt_snapshot *s, const struct path *path, char *buf);
bool ckpt_leads_to(struct ckpt_snapshot *s, const char *name, const struct path *path,
		   bool *same);
bool ckpt_is_ns_root(struct ckpt_snapshot *s, struct task_struct *task, const struct path *root);
u32 ckpt_mount_attributes(int flags);
u32 ckpt_mount_locks(int flags);
int ckpt_take_fs(struct ckpt_snapshot *s, struct task_struct *task, struct vfsmount *mnt,
		 const struct mnt_namespace *ns, const char *at);
bool ckpt_is_of_fs(struct ckpt_snapshot *s, const struct path *path);
void ckpt_put_nodes(struct ckpt_snapshot *s);
int ckpt_keep_page(struct file *to, pgoff_t index, const void *data);
int ckpt_take_eventfd(struct ckpt_snapshot *s, struct task_struct *task,
		      struct ckpt_taken_file *taken);
bool ckpt_has_inode(struct file *file);
int ckpt_take_inode_file(struct ckpt_snapshot *s, struct task_struct *task,
			 struct ckpt_taken_file *taken);
int ckpt_take_shm(struct ckpt_snapshot *s, struct task_struct *task,
		  struct ckpt_taken_file *taken, u32 id);
int ckpt_take_deleted(struct ckpt_snapshot *s, struct task_struct *task,
		      struct ckpt_taken_file *taken, u32 id);
int ckpt_take_owner(struct ckpt_snapshot *s, struct task_struct *task, int fd,
		    const struct path *path, struct ckpt_inode *to);
bool ckpt_is_deleted(const struct path *path);
int ckpt_inodes_whole(struct ckpt_snapshot *s);
int ckpt_copy_inodes(struct ckpt_snapshot *s);
void ckpt_put_inodes(struct ckpt_snapshot *s);
const struct anon_vma *ckpt_family_root(const struct vm_area_struct *vma);
int ckpt_take_family(struct ckpt_snapshot *s, const struct anon_vma *root, u32 mm);
int ckpt_number_families(struct ckpt_snapshot *s);
bool ckpt_has_family(struct ckpt_snapshot *s, const struct vm_area_struct *vma);
void ckpt_put_families(struct ckpt_snapshot *s);

/* Where the image goes to, or comes from. */
struct ckpt_stream {
	struct ckpt_ctl *ctl;
	struct file *file;
	loff_t pos;
	struct ckpt_check check;
};

int ckpt_stream_iter(struct ckpt_stream *st, struct iov_iter *iter);
int ckpt_stream_write(struct ckpt_stream *st, const void *data, size_t len);
int ckpt_stream_read(struct ckpt_stream *st, void *data, size_t len);
int ckpt_write_contents(struct ckpt_snapshot *s, struct ckpt_stream *st);
int ckpt_write_pages(struct ckpt_snapshot *s, struct ckpt_stream *st, u32 mm);

/* Where pages are as well: an MM that came before, or 0, and an address. */
struct ckpt_same {
	u32 mm;
	unsigned long addr;
};

int ckpt_find_same(struct ckpt_snapshot *s, u32 mm, unsigned long addr, struct page **page,
		   u32 n, struct ckpt_same *same);
int ckpt_write_same(struct ckpt_stream *st, u32 mm, unsigned long addr, u32 n,
		    const struct ckpt_same *same);

/* A record in memory. */
struct ckpt_loaded {
	struct list_head node;
	struct ckpt_record header;
	u8 payload[] __aligned(8);
};

enum ckpt_state {
	CKPT_LOADED,	/* tasks join */
	CKPT_WHOLE,	/* they run */
	CKPT_FAILED,	/* they are killed */
};

/**
 * struct ckpt_member - a task of an image that is restored
 * @task: the process or thread that joined, referenced, or NULL
 * @record: TASK
 * @loaded: it in the list of records, what belongs to it behind it
 * @leader: the first thread of its process
 * @nr_threads: how many its process has; of the first thread
 * @nr_joined: how many of them have joined; of the first thread
 * @nr_ready: how many of the others are ready; of the first thread
 * @restored: files, directory, and what is of the whole process are in place
 * @ready: everything but registers and memory's contents is in place
 * @started: the timers of its process are; of the first thread
 */
struct ckpt_member {
	struct task_struct *task;
	const struct ckpt_task *record;
	struct ckpt_loaded *loaded;
	struct ckpt_member *leader;
	u32 nr_threads, nr_joined, nr_ready;
	bool restored;
	bool ready;
	bool started;
};

static inline bool ckpt_is_leader(const struct ckpt_member *m)
{
	return m->leader == m;
}

static inline bool ckpt_is_zombie(const struct ckpt_member *m)
{
	return m->record->state == cpu_to_le32(CKPT_TASK_ZOMBIE);
}

/* An INODE and its file, open for writing; SYSV: the namespace that the segment is in. */
struct ckpt_made_inode {
	const struct ckpt_inode *record;
	struct file *file;
	struct ipc_namespace *ipc_ns;
};

/**
 * struct ckpt_made_ns - a namespace of the image
 * @record: NS
 * @owner: the first task that has it, who makes it, unless user space does; of pids: is in it
 * @ns: it, referenced, or NULL as long as it is not there
 * @locked: of mounts: the last MOUNT that has got its locks; under mount_lock, as the next
 * @locked_in: ns_id of what that is in
 */
struct ckpt_made_ns {
	const struct ckpt_ns *record;
	struct ckpt_member *owner;
	struct ns_common *ns;
	u32 locked;
	u64 locked_in;
};

/* It ends before the others run, which live on without it. */
static inline bool ckpt_is_headless(const struct ckpt_member *m)
{
	return m->record->state == cpu_to_le32(CKPT_TASK_HEADLESS);
}

/**
 * struct ckpt_restart - an image, and the tasks that are made from it
 * @ctl: for messages
 * @stream: the rest of the image
 * @next: header of the first record that was not loaded
 * @records: all that were, in order
 * @size: of them, in bytes
 * @inodes: each INODE, made, by id - 1
 * @nr_inodes: how many
 * @files: each FILE, opened, by id - 1
 * @nr_files: how many
 * @fdtables: FDTABLE by id - 1
 * @fdtable_owners: by id - 1 the first task that has it
 * @mms: MM by id - 1
 * @mm_owners: by id - 1 a task that has it, and lives
 * @namespaces: NS by id - 1
 * @nr_namespaces: how many
 * @families: by id - 1 what the mappings of each join
 * @nr_families: how many
 * @members: TASK by id - 1
 * @ids: their pids, and those of leaders that are gone, sorted
 * @nr_ids: how many
 * @nr_tasks: how many tasks
 * @nr_pids: pids that they have in nested pid namespaces
 * @gone: of each leader that is gone its pid, made, or NULL
 * @nr_gone: how many
 * @mnt_ns: mount namespace of the process in charge, referenced
 * @root: its root directory, referenced
 * @opening: serialises who opens files
 * @pipes: of each pipe an end that keeps it until all of its ends are there, by number
 * @nr_pipes: how many
 * @nr_mounted: mount namespaces that are made, and whose files are open; written under @lock
 * @leader: the process in charge
 * @lock: protects what follows
 * @state: written once more after CKPT_LOADED
 * @ns: pid namespace of the first task, known by who joined first, referenced
 * @nr_ready: members that are ready
 * @ready: the one in charge waits here, for @nr_ready or a failure
 * @wait: members wait here, for each other and for @state
 */
struct ckpt_restart {
	struct ckpt_ctl *ctl;
	struct ckpt_stream stream;
	struct ckpt_record next;
	struct list_head records;
	size_t size;
	struct ckpt_made_inode *inodes;
	u32 nr_inodes;
	struct file **files;
	u32 nr_files;
	struct ckpt_loaded **fdtables, **mms;
	struct ckpt_member **fdtable_owners, **mm_owners;
	struct ckpt_made_ns *namespaces;
	u32 nr_namespaces;
	struct anon_vma **families;
	u32 nr_families;
	struct ckpt_member *members;
	struct ckpt_ids *ids;
	u32 nr_ids, nr_tasks, nr_gone;
	u32 nr_pids;
	struct pid **gone;
	struct mnt_namespace *mnt_ns;
	struct path root;
	struct mutex opening;
	struct file **pipes;
	u32 nr_pipes;
	u32 nr_mounted;
	struct pid *leader;
	spinlock_t lock;
	enum ckpt_state state;
	struct pid_namespace *ns;
	u32 nr_ready;
	wait_queue_head_t ready;
	wait_queue_head_t wait;
};

int ckpt_restart_load(struct ckpt_ctl *ctl, struct file *file,
		      struct checkpoint_load *arg);
void ckpt_restart_free(struct ckpt_restart *r);
int ckpt_restart_tasks(struct ckpt_restart *r, struct checkpoint_tasks *arg);
int ckpt_restart_cgroups(struct ckpt_restart *r, struct checkpoint_cgroups *arg);
int ckpt_restart_join(struct ckpt_restart *r, unsigned long index, struct file *ctl_file);
int ckpt_restart_finish(struct ckpt_restart *r, struct checkpoint_finish *arg);
void ckpt_restart_fail(struct ckpt_restart *r);
void ckpt_restart_closed(struct ckpt_restart *r);

struct pid_namespace *ckpt_root_ns(const struct ckpt_member *m);
int ckpt_join_pid_namespace(struct ckpt_restart *r, struct ckpt_member *m);
u32 ckpt_init_index(const struct ckpt_restart *r, const struct ckpt_task *t);
u32 ckpt_pid_owner(const struct ckpt_restart *r, u32 index);
const __le32 *ckpt_pids(const struct ckpt_task *t);
int ckpt_await_namespace(struct ckpt_restart *r, struct ckpt_made_ns *made);
int ckpt_restore_namespaces(struct ckpt_restart *r, struct ckpt_member *m);
void ckpt_index_namespaces(struct ckpt_restart *r, struct ckpt_member *m);
void ckpt_put_namespaces(struct ckpt_restart *r);
int ckpt_restart_ns(struct ckpt_restart *r, struct checkpoint_ns *arg);
int ckpt_adopt_user(struct ckpt_restart *r, const struct checkpoint_user *arg);
struct user_namespace *ckpt_user_ns(struct ckpt_restart *r, __le32 id);
int ckpt_check_pid_owner(struct ckpt_restart *r, struct ckpt_member *m, struct pid_namespace *root);
int ckpt_enter_user(struct cred *new, struct user_namespace *ns);
int ckpt_restore_exec_user(struct ckpt_restart *r, const struct ckpt_task *t);
void ckpt_settle_users(struct ckpt_restart *r);
int ckpt_open_files(struct ckpt_restart *r);
int ckpt_open_files_of(struct ckpt_restart *r, u32 mnt);
void ckpt_close_spares(struct ckpt_restart *r);
int ckpt_restart_mounts(struct ckpt_restart *r, struct checkpoint_mounts *arg);
int ckpt_lock_mount(struct ckpt_restart *r, const struct checkpoint_mount *arg);
bool ckpt_has_locks(struct ckpt_restart *r, const struct ckpt_made_ns *made,
		    const struct mnt_namespace *ns);
int ckpt_restart_filesystem(struct ckpt_restart *r, u32 fs, const struct path *root);
u32 ckpt_mnt_number(const struct ckpt_restart *r, const struct ckpt_task *t);
void ckpt_note_mounts(struct ckpt_restart *r);
void ckpt_put_noted_mounts(struct ckpt_restart *r);
int ckpt_restore_mount_namespace(struct ckpt_restart *r, struct ckpt_member *m);
int ckpt_fill_node(struct ckpt_restart *r, struct ckpt_made_inode *made, const struct ckpt_pages *p,
		   const void *data);
int ckpt_settle_node(struct ckpt_restart *r, struct ckpt_made_inode *made, u32 id);
int ckpt_set_times(struct file *file, u32 mode, __le64 atime, __le64 mtime);
int ckpt_make_inodes_of(struct ckpt_restart *r, u32 mnt);
int ckpt_index_inodes(struct ckpt_restart *r);
int ckpt_open_inode_file(struct ckpt_restart *r, u32 index, const struct ckpt_file *f);
int ckpt_set_attributes(struct file *file, const struct ckpt_inode *i);
int ckpt_make_deleted(struct ckpt_restart *r, struct ckpt_made_inode *made);
int ckpt_settle_deleted(struct ckpt_restart *r, struct ckpt_made_inode *made);
int ckpt_make_shm(struct ckpt_restart *r, struct ckpt_made_inode *made);
int ckpt_open_shm(struct ckpt_restart *r, u32 index, const struct ckpt_file *f);
int ckpt_settle_shm(struct ckpt_restart *r, struct ckpt_made_inode *made);
void ckpt_put_shm(struct ckpt_restart *r, struct ckpt_made_inode *made);
int ckpt_open_eventfd(struct ckpt_restart *r, u32 index, const struct ckpt_file *f);
int ckpt_fill_inode(struct ckpt_restart *r, const struct ckpt_pages *p, const void *data);
int ckpt_seal_inodes(struct ckpt_restart *r);
void ckpt_close_inodes(struct ckpt_restart *r);
int ckpt_open_pipe(struct ckpt_restart *r, u32 index, const struct ckpt_file *f,
		   struct file **spare);
int ckpt_open_fifo(struct ckpt_restart *r, u32 index, const struct ckpt_file *f,
		   struct file **spare);
int ckpt_restore_mm(struct ckpt_restart *r, struct ckpt_loaded *mm);
int ckpt_restore_vdso(struct ckpt_restart *r, struct ckpt_loaded *mm);
int ckpt_close_files(void);
int ckpt_restore_files(struct ckpt_restart *r, struct ckpt_member *m);
int ckpt_adopt_files(struct task_struct *from);
int ckpt_restore_fs(struct ckpt_restart *r, const struct ckpt_task *t);
int ckpt_adopt_fs(struct task_struct *from);
int ckpt_restore_task(struct ckpt_restart *r, struct ckpt_member *m);
int ckpt_restore_actions(struct ckpt_restart *r, struct ckpt_member *m);
int ckpt_restore_signals(struct ckpt_restart *r, struct ckpt_member *m);
int ckpt_restore_process_signals(struct ckpt_restart *r, struct ckpt_member *m);
void ckpt_restore_stop(const struct ckpt_member *m);
void ckpt_restore_end(const struct ckpt_task *t);
int ckpt_make_timers(struct ckpt_restart *r, struct ckpt_member *m);
void ckpt_start_timers(struct ckpt_restart *r, struct ckpt_member *m);
void ckpt_restore_restart_block(const struct ckpt_task *t);
int ckpt_restore_regs(struct ckpt_restart *r, struct ckpt_member *m);
int ckpt_restore_rseq(struct ckpt_restart *r, struct ckpt_member *m);
void ckpt_register_rseq(const struct ckpt_task *t);
int ckpt_make_leaders(struct ckpt_restart *r);
void ckpt_drop_leaders(struct ckpt_restart *r);
int ckpt_read_pages(struct ckpt_restart *r, u64 *pages);
int ckpt_make_families(struct ckpt_restart *r);
void ckpt_put_made_families(struct ckpt_restart *r);
unsigned long ckpt_map_of_family(struct anon_vma *family, const struct ckpt_vma *v,
				 struct file *file, unsigned long prot, unsigned long flags);
int ckpt_read_shared(struct ckpt_restart *r);

static inline u32 ckpt_type(const struct ckpt_loaded *l)
{
	return le16_to_cpu(l->header.type);
}

static inline u32 ckpt_length(const struct ckpt_loaded *l)
{
	return le32_to_cpu(l->header.length);
}

#endif /* _KERNEL_CHECKPOINT_H */

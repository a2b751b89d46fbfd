/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _OPBENCH_H
#define _OPBENCH_H

#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/types.h>

struct file;
struct opbench;
struct opbench_filler;

/**
 * struct opbench_op - an operation of the kernel that can be repeated
 * @name: what it is asked for by
 * @what: one line for the list in the file "ops"
 * @needs: the keys that have to be given, of OPBENCH_NEEDS_*
 * @waits: whether it waits for something else than its own CPU
 * @max: most operations in one batch, where memory or a table bounds them
 * @prepare: what a batch needs and is not to be measured; may be absent
 * @run: do it so many times; this is what is measured. Called twice when the
 *	 batch has a warm-up. Process context, nothing held but @opbench's lock.
 * @finish: undo @prepare, also when @run has failed; may be absent
 *
 * @prepare and @run return 0 or a negative errno. @finish is not called when
 * @prepare has failed.
 */
struct opbench_op {
	const char *name;
	const char *what;
	unsigned int needs;
	bool waits;
	unsigned long max;
	int (*prepare)(struct opbench *b);
	int (*run)(struct opbench *b, unsigned long n);
	void (*finish)(struct opbench *b);
};

#define OPBENCH_NEEDS_PATH	BIT(0)	/* path= */
#define OPBENCH_NEEDS_PATH2	BIT(1)	/* path2= */
#define OPBENCH_NEEDS_TEXT	BIT(2)	/* text= */

/* Most of what one batch has at the same time. */
#define OPBENCH_MAX_PAGES	16384UL
#define OPBENCH_MAX_TASKS	2000UL
#define OPBENCH_MAX_FOLDERS	2000UL
#define OPBENCH_MAX_NS		2000UL	/* a work queue destroys them, in its own time */

/**
 * struct opbench - one batch
 * @op: the operation
 * @n: how many operations the batch says it is
 * @extra: how many more it does, in thousandths of @n
 * @warm: how many it does first, unmeasured
 * @tasks: how many tasks it moves
 * @path: file or folder, as the calling task sees it
 * @path2: a second one
 * @text: what is written
 * @text2: what is written in turn with it
 * @done: operations in the measured part: @n and the extra ones
 * @refused: operations that a limit refused, where the operation takes that for an answer
 * @file: open files of @path and @path2
 * @addr: a mapping of the calling task
 * @size: of the mapping; or how many things @prepare has made
 * @pos: how far @run has come in it
 * @flags: how what @prepare has made was made
 * @priv: what else @prepare has made
 * @filler: of each CPU, who runs when nobody else does
 * @waiter: the task that waits for that
 */
struct opbench {
	const struct opbench_op *op;
	unsigned long n, extra, warm, tasks;
	char *path, *path2, *text, *text2;
	unsigned long done, refused;

	struct file *file[2];
	unsigned long addr, size, pos;
	u64 flags;
	void *priv;

	struct opbench_filler *filler;
	struct task_struct *waiter;
};

extern const struct opbench_op opbench_mm_ops[];
extern const struct opbench_op opbench_task_ops[];
extern const struct opbench_op opbench_fs_ops[];
extern const struct opbench_op opbench_ns_ops[];
extern const struct opbench_op opbench_nsproxy_ops[];
extern const struct opbench_op opbench_sleeper_ops[];
extern const struct opbench_op opbench_exec_ops[];
extern const struct opbench_op opbench_block_ops[];
extern const struct opbench_op opbench_swap_ops[];
extern const struct opbench_op opbench_cgroup_ops[];
extern const struct opbench_op opbench_group_ops[];
extern const struct opbench_op opbench_net_ops[];
extern const struct opbench_op opbench_tcp_ops[];

int opbench_fill_start(struct opbench *b);
void opbench_fill_end(struct opbench *b);
u64 opbench_idle_ns(struct opbench *b);
void opbench_let_others_run(struct opbench *b);

int opbench_open(struct opbench *b, int flags);
void opbench_close(struct opbench *b);
int opbench_make_folder(const char *name);
int opbench_remove_folder(const char *name);

int opbench_map_anon(struct opbench *b);
void opbench_unmap(struct opbench *b);
int opbench_fault(struct opbench *b, unsigned long n);

int opbench_sleepers(struct opbench *b, unsigned long n, u64 flags);
void opbench_sleepers_end(struct opbench *b);
pid_t opbench_sleeper_pid(struct opbench *b, unsigned long i);
int opbench_spawn(struct opbench *b, unsigned long n, u64 flags);
void opbench_await_thread(pid_t nr);

bool opbench_is_control_file(const struct file *file, const char *name);

/* Between two operations: may the batch go on? */
static inline int opbench_stop(void)
{
	cond_resched();
	return fatal_signal_pending(current) ? -EINTR : 0;
}

#endif /* _OPBENCH_H */

// SPDX-License-Identifier: GPL-2.0
/*
 * opbench: what an operation of the kernel costs the task that asks for it
 *
 * The price that a controller puts on an operation is tens of nanoseconds. Timed
 * from user space it drowns in the crossing, most of all where a crossing is
 * expensive (User-Mode Linux, a hypervisor). Here the operation is repeated
 * inside the kernel, by the calling task and therefore in its cgroup and its
 * namespaces, and only the repetition is measured.
 *
 * A batch is one write to the debugfs file opbench/run:
 *
 *	charge n=2000 warm=100 extra=0
 *
 * and reading the same open file then says what it took:
 *
 *	op=charge n=2000 done=2000 refused=0 ns=391204 cycles=1173613 idle_ns=0
 *
 * ns is CLOCK_MONOTONIC. cycles is get_cycles(), 0 where there is none; in an
 * emulator that advances its clock by one per instruction it counts instructions.
 * idle_ns is how long the CPUs had nothing to do meanwhile: an operation that waits for
 * a grace period costs time but no work, and this is the difference.
 *
 * extra= is the instrument's own test weight. It adds so many thousandths of the
 * batch's operations without saying so in n: a measurement that does not find
 * extra=20 to be 2 % more expensive is not to be trusted with anything else.
 *
 * For root of the initial user namespace only. Nothing runs, and nothing is
 * allocated, until somebody writes.
 */
#include <linux/capability.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/math.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/timex.h>
#include <linux/uaccess.h>

#include "opbench.h"

#define OPBENCH_MAX_N		10000000UL
#define OPBENCH_MAX_EXTRA	1000UL		/* thousandths: twice the operations */

/* The loop itself, for what is left when everything else is taken off. */
static int opbench_nop(struct opbench *b, unsigned long n)
{
	int err = 0;

	while (!err && n--)
		err = opbench_stop();
	return err;
}

static const struct opbench_op opbench_core_ops[] = {
	{ .name = "nop", .what = "the loop around the operations", .run = opbench_nop },
	{ }
};

static const struct opbench_op * const opbench_tables[] = {
	opbench_core_ops,
	opbench_mm_ops,
	opbench_task_ops,
	opbench_fs_ops,
	opbench_ns_ops,
	opbench_nsproxy_ops,
	opbench_sleeper_ops,
	opbench_exec_ops,
#ifdef CONFIG_BLOCK
	opbench_block_ops,
#endif
#ifdef CONFIG_SWAP
	opbench_swap_ops,
#endif
#ifdef CONFIG_CGROUPS
	opbench_cgroup_ops,
	opbench_group_ops,
#endif
#ifdef CONFIG_INET
	opbench_net_ops,
	opbench_tcp_ops,
#endif
};

/**
 * struct opbench_session - an open file
 * @lock: one batch at a time
 * @answer: what the last one took
 */
struct opbench_session {
	struct mutex lock;
	char answer[256];
};

struct opbench_stamp {
	u64 ns, cycles, idle_ns;
};

static const struct opbench_op *opbench_find(const char *name)
{
	const struct opbench_op *op;
	int i;

	for (i = 0; i < ARRAY_SIZE(opbench_tables); i++)
		for (op = opbench_tables[i]; op->name; op++)
			if (!strcmp(op->name, name))
				return op;
	return NULL;
}

/* The cheapest reading is the innermost one. */
static void opbench_begin(struct opbench *b, struct opbench_stamp *s)
{
	s->idle_ns = opbench_idle_ns(b);
	s->ns = ktime_get_ns();
	s->cycles = get_cycles();
}

static void opbench_end(struct opbench *b, struct opbench_stamp *s)
{
	s->cycles = get_cycles() - s->cycles;
	s->ns = ktime_get_ns() - s->ns;
	s->idle_ns = opbench_idle_ns(b) - s->idle_ns;
}

static int opbench_number(const char *value, unsigned long min, unsigned long max,
			  unsigned long *out)
{
	int err = kstrtoul(value, 10, out);

	if (err)
		return err;
	return *out < min || *out > max ? -ERANGE : 0;
}

static int opbench_key(struct opbench *b, const char *key, char *value)
{
	if (!strcmp(key, "n"))
		return opbench_number(value, 1, OPBENCH_MAX_N, &b->n);
	if (!strcmp(key, "extra"))
		return opbench_number(value, 0, OPBENCH_MAX_EXTRA, &b->extra);
	if (!strcmp(key, "warm"))
		return opbench_number(value, 0, OPBENCH_MAX_N, &b->warm);
	if (!strcmp(key, "tasks"))
		return opbench_number(value, 1, OPBENCH_MAX_TASKS, &b->tasks);
	if (!strcmp(key, "path"))
		b->path = value;
	else if (!strcmp(key, "path2"))
		b->path2 = value;
	else if (!strcmp(key, "text"))
		b->text = value;
	else if (!strcmp(key, "text2"))
		b->text2 = value;
	else
		return -EINVAL;
	return *value ? 0 : -EINVAL;
}

static int opbench_parse(struct opbench *b, char *line)
{
	char *word = strsep(&line, " ");
	int err;

	b->op = opbench_find(word);
	if (!b->op)
		return -ENOENT;
	b->n = 1;
	b->tasks = 1;
	while ((word = strsep(&line, " ")) != NULL) {
		char *value = strchr(word, '=');

		if (!*word)
			continue;
		if (!value)
			return -EINVAL;
		*value++ = '\0';
		err = opbench_key(b, word, value);
		if (err)
			return err;
	}
	if (((b->op->needs & OPBENCH_NEEDS_PATH) && !b->path) ||
	    ((b->op->needs & OPBENCH_NEEDS_PATH2) && !b->path2) ||
	    ((b->op->needs & OPBENCH_NEEDS_TEXT) && !b->text))
		return -EINVAL;
	b->done = b->n + mult_frac(b->n, b->extra, 1000);
	if (b->op->max && b->done + b->warm > b->op->max)
		return -ERANGE;
	return 0;
}

static int opbench_batch(struct opbench *b, struct opbench_stamp *s)
{
	int err = b->op->prepare ? b->op->prepare(b) : 0;

	if (err)
		return err;
	if (b->warm)
		err = b->op->run(b, b->warm);
	if (!err) {
		b->refused = 0;
		opbench_begin(b, s);
		err = b->op->run(b, b->done);
		opbench_end(b, s);
	}
	if (b->op->finish)
		b->op->finish(b);
	return err;
}

static int opbench_filled_batch(struct opbench *b, struct opbench_stamp *s)
{
	int err = opbench_fill_start(b);

	if (err)
		return err;
	/* What that has left to kthreadd is not to be measured. */
	opbench_let_others_run(b);
	err = opbench_batch(b, s);
	opbench_fill_end(b);
	return err;
}

static ssize_t opbench_write(struct file *file, const char __user *from, size_t size,
			     loff_t *pos)
{
	struct opbench_session *session = file->private_data;
	struct opbench_stamp s;
	struct opbench b = { };
	int err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (size >= PAGE_SIZE)
		return -E2BIG;

	char *line __free(kfree) = memdup_user_nul(from, size);

	if (IS_ERR(line))
		return PTR_ERR(line);
	if (mutex_lock_interruptible(&session->lock))
		return -EINTR;
	session->answer[0] = '\0';
	err = opbench_parse(&b, strim(line));
	if (!err)
		err = b.op->waits ? opbench_filled_batch(&b, &s) : opbench_batch(&b, &s);
	if (!err)
		scnprintf(session->answer, sizeof(session->answer),
			  "op=%s n=%lu done=%lu refused=%lu ns=%llu cycles=%llu idle_ns=%llu\n",
			  b.op->name, b.n, b.done, b.refused, s.ns, s.cycles, s.idle_ns);
	mutex_unlock(&session->lock);
	return err ?: size;
}

static ssize_t opbench_read(struct file *file, char __user *to, size_t size, loff_t *pos)
{
	struct opbench_session *session = file->private_data;
	ssize_t n;

	if (mutex_lock_interruptible(&session->lock))
		return -EINTR;
	n = simple_read_from_buffer(to, size, pos, session->answer, strlen(session->answer));
	mutex_unlock(&session->lock);
	return n;
}

static int opbench_file_open(struct inode *inode, struct file *file)
{
	struct opbench_session *session = kzalloc(sizeof(*session), GFP_KERNEL);

	if (!session)
		return -ENOMEM;
	mutex_init(&session->lock);
	file->private_data = session;
	return 0;
}

static int opbench_file_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

static const struct file_operations opbench_run_fops = {
	.owner		= THIS_MODULE,
	.open		= opbench_file_open,
	.release	= opbench_file_release,
	.read		= opbench_read,
	.write		= opbench_write,
	.llseek		= default_llseek,
};

static int opbench_ops_show(struct seq_file *m, void *unused)
{
	const struct opbench_op *op;
	int i;

	for (i = 0; i < ARRAY_SIZE(opbench_tables); i++)
		for (op = opbench_tables[i]; op->name; op++)
			seq_printf(m, "%s\t%s%s%s\t%s\n", op->name,
				   op->needs & OPBENCH_NEEDS_PATH ? "path " : "",
				   op->needs & OPBENCH_NEEDS_PATH2 ? "path2 " : "",
				   op->needs & OPBENCH_NEEDS_TEXT ? "text " : "", op->what);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(opbench_ops);

static int __init opbench_init(void)
{
	struct dentry *dir = debugfs_create_dir("opbench", NULL);

	debugfs_create_file("run", 0600, dir, NULL, &opbench_run_fops);
	debugfs_create_file("ops", 0400, dir, NULL, &opbench_ops_fops);
	return 0;
}
late_initcall(opbench_init);

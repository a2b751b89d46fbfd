/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROC_STATS_H
#define _PROC_STATS_H
/* The mount option stats= of procfs: what mounting and unmounting call. */

#include <linux/errno.h>
#include <linux/proc_fs.h>
#include <linux/proc_stats.h>

struct fs_context;

#ifdef CONFIG_PROC_CGROUP_STATS
int proc_stats_parse(struct fs_context *fc, struct proc_stats_opt *opt,
		     const char *value);
void proc_stats_mount(struct proc_stats_opt *sb_opt, struct proc_stats_opt *opt,
		      struct pid_namespace *ns);
void proc_stats_umount(struct proc_stats_opt *sb_opt);
void proc_stats_drop(struct proc_stats_opt *opt);
void proc_stats_show_option(struct seq_file *m, const struct proc_stats_opt *opt);

static inline bool proc_stats_same(const struct proc_stats_opt *a,
				   const struct proc_stats_opt *b)
{
	return a->on == b->on;
}
#else
static inline int proc_stats_parse(struct fs_context *fc,
				   struct proc_stats_opt *opt, const char *value)
{
	return -EINVAL;
}

static inline void proc_stats_mount(struct proc_stats_opt *sb_opt,
				    struct proc_stats_opt *opt,
				    struct pid_namespace *ns)
{
}

static inline void proc_stats_umount(struct proc_stats_opt *sb_opt)
{
}

static inline void proc_stats_drop(struct proc_stats_opt *opt)
{
}

static inline void proc_stats_show_option(struct seq_file *m,
					  const struct proc_stats_opt *opt)
{
}

static inline bool proc_stats_same(const struct proc_stats_opt *a,
				   const struct proc_stats_opt *b)
{
	return true;
}
#endif
#endif /* _PROC_STATS_H */

// SPDX-License-Identifier: GPL-2.0
/*
 * I/O of a cgroup as an instance of procfs with stats=cgroup shows it: that is
 * io.stat, in the form of /proc/diskstats.
 */

#include <linux/blkdev.h>
#include <linux/proc_stats.h>
#include <linux/seq_file.h>

#include "blk-cgroup.h"

struct blkcg *__proc_stats_blkcg(const struct file *file)
{
	struct cgroup *cgrp = __proc_stats_cgroup(file);
	struct cgroup_subsys_state *css;

	if (IS_ERR_OR_NULL(cgrp))
		return ERR_CAST(cgrp);
	css = proc_stats_e_css(cgrp, &io_cgrp_subsys);
	if (IS_ERR_OR_NULL(css))
		return ERR_CAST(css);
	return css_to_blkcg(css);
}

static void read_iostat(struct blkcg_gq *blkg, struct blkg_iostat *stat)
{
	struct blkg_iostat_set *set = &blkg->iostat;
	unsigned int seq;

	do {
		seq = u64_stats_fetch_begin(&set->sync);
		*stat = set->cur;
	} while (u64_stats_fetch_retry(&set->sync, seq));
}

/* What the cgroup has done to the disk, as of the last flush; false if it never used it. */
static bool disk_iostat(struct blkcg *blkcg, struct gendisk *disk,
			struct blkg_iostat *stat)
{
	struct blkcg_gq *blkg;

	guard(rcu)();
	blkg = blkg_lookup(blkcg, disk->queue);
	if (!blkg || !blkg->online)
		return false;
	read_iostat(blkg, stat);
	return true;
}

/**
 * proc_stats_disk - the line of a disk in /proc/diskstats of an I/O cgroup
 * @m: the file
 * @disk: the disk
 * @blkcg: what proc_stats_blkcg() said, other than NULL; its reference is put
 *
 * There is none for a disk that the cgroup has not used, as in io.stat, and none
 * for partitions, by which I/O is not accounted. Nor is what takes time.
 */
int proc_stats_disk(struct seq_file *m, struct gendisk *disk, struct blkcg *blkcg)
{
	struct blkg_iostat stat = {};

	if (IS_ERR(blkcg))
		return PTR_ERR(blkcg);
	/* Most disks of the machine are no cgroup's: a flush for each costs more than all else. */
	if (disk_iostat(blkcg, disk, &stat)) {
		css_rstat_flush(&blkcg->css);
		disk_iostat(blkcg, disk, &stat);
	}
	css_put(&blkcg->css);
	if (!memchr_inv(&stat, 0, sizeof(stat)))
		return 0;

	seq_printf(m, "%4d %7d %s", disk->major, disk->first_minor, disk->disk_name);
	seq_printf(m, " %llu 0 %llu 0 %llu 0 %llu 0 0 0 0 %llu 0 %llu 0 0 0\n",
		   stat.ios[BLKG_IOSTAT_READ],
		   stat.bytes[BLKG_IOSTAT_READ] >> SECTOR_SHIFT,
		   stat.ios[BLKG_IOSTAT_WRITE],
		   stat.bytes[BLKG_IOSTAT_WRITE] >> SECTOR_SHIFT,
		   stat.ios[BLKG_IOSTAT_DISCARD],
		   stat.bytes[BLKG_IOSTAT_DISCARD] >> SECTOR_SHIFT);
	return 0;
}

/**
 * proc_stats_disk_kb - how much an I/O cgroup has read and written
 * @blkcg: the cgroup; its reference is put
 * @in: is set to the KiB that were read from all disks
 * @out: is set to the KiB that were written to all disks
 */
void proc_stats_disk_kb(struct blkcg *blkcg, unsigned long *in, unsigned long *out)
{
	struct blkcg_gq *blkg;
	u64 read = 0, written = 0;

	css_rstat_flush(&blkcg->css);
	spin_lock_irq(&blkcg->lock);
	hlist_for_each_entry(blkg, &blkcg->blkg_list, blkcg_node) {
		struct blkg_iostat stat;

		read_iostat(blkg, &stat);
		read += stat.bytes[BLKG_IOSTAT_READ];
		written += stat.bytes[BLKG_IOSTAT_WRITE];
	}
	spin_unlock_irq(&blkcg->lock);
	css_put(&blkcg->css);
	*in = read >> 10;
	*out = written >> 10;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Memory and swap as an instance of procfs with stats=cgroup shows them:
 * meminfo, swaps, vmstat.
 *
 * The total is the tightest limit from the cgroup up, or what the machine has;
 * what is used is the cgroup's own. So free is what the cgroup may still take
 * as far as it is concerned: neither what its siblings use nor what the machine
 * has left can be read out of it.
 *
 * A value that is not accounted by cgroup is 0. All values of one read are
 * taken after one flush of the statistics, the one that memory.stat does.
 */

#include <linux/hugetlb.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/swap.h>
#include <linux/vmalloc.h>
#include <linux/vmstat.h>

#include "stats.h"

/* The memory cgroup that counts for @cgrp: with a reference, NULL or an error. */
static struct mem_cgroup *memcg_of(struct cgroup *cgrp)
{
#ifdef CONFIG_MEMCG
	struct cgroup_subsys_state *css;

	if (mem_cgroup_disabled())
		return NULL;
	css = proc_stats_e_css(cgrp, &memory_cgrp_subsys);
	if (IS_ERR_OR_NULL(css))
		return ERR_CAST(css);
	return mem_cgroup_from_css(css);
#else
	return NULL;
#endif
}

struct mem_cgroup *__proc_stats_memcg(const struct file *file)
{
	struct cgroup *cgrp = __proc_stats_cgroup(file);

	return IS_ERR_OR_NULL(cgrp) ? ERR_CAST(cgrp) : memcg_of(cgrp);
}

#ifdef CONFIG_MEMCG

/* In pages. */
struct proc_stats_mem {
	unsigned long total, free, available;
	unsigned long swap_total, swap_used;
};

static unsigned long stat_pages(struct mem_cgroup *memcg, int idx)
{
	return memcg_page_state_output(memcg, idx) >> PAGE_SHIFT;
}

static void proc_stats_swap(struct mem_cgroup *memcg, struct proc_stats_mem *mem)
{
	struct sysinfo i = {};

	si_swapinfo(&i);
	mem->swap_total = i.totalswap;
	mem->swap_used = min(page_counter_read(&memcg->swap), i.totalswap);
	for (; memcg; memcg = parent_mem_cgroup(memcg))
		mem->swap_total = min(mem->swap_total,
				      READ_ONCE(memcg->swap.max));
	/* A limit that was lowered below the usage does not bring pages back. */
	mem->swap_used = min(mem->swap_used, mem->swap_total);
}

/* The caller has had the statistics flushed. */
static void proc_stats_mem(struct mem_cgroup *memcg, struct proc_stats_mem *mem)
{
	unsigned long used = page_counter_read(&memcg->memory);
	unsigned long high = PAGE_COUNTER_MAX;
	unsigned long reclaimable;

	proc_stats_swap(memcg, mem);
	reclaimable = stat_pages(memcg, NR_ACTIVE_FILE) +
		      stat_pages(memcg, NR_INACTIVE_FILE) +
		      stat_pages(memcg, NR_SLAB_RECLAIMABLE_B);

	mem->total = totalram_pages();
	for (; memcg; memcg = parent_mem_cgroup(memcg)) {
		mem->total = min(mem->total, READ_ONCE(memcg->memory.max));
		high = min(high, READ_ONCE(memcg->memory.high));
	}
	used = min(used, mem->total);
	mem->free = mem->total - used;

	/*
	 * There are no watermarks in a cgroup, but beyond memory.high whoever
	 * allocates is slowed down as if there were nothing left.
	 */
	high = min(high, mem->total);
	reclaimable = min(reclaimable, used);
	mem->available = high > used - reclaimable ?
			 high - (used - reclaimable) : 0;
}

static void show_kb(struct seq_file *m, const char *name, unsigned long kb)
{
	seq_put_decimal_ull_width(m, name, kb, 8);
	seq_write(m, " kB\n", 4);
}

static void show_pages(struct seq_file *m, const char *name, unsigned long pages)
{
	show_kb(m, name, pages << (PAGE_SHIFT - 10));
}

static void show_stat(struct seq_file *m, const char *name,
		      struct mem_cgroup *memcg, int idx)
{
	show_kb(m, name, memcg_page_state_output(memcg, idx) >> 10);
}

static unsigned long swapcache_pages(struct mem_cgroup *memcg)
{
#ifdef CONFIG_SWAP
	return stat_pages(memcg, NR_SWAPCACHE);
#else
	return 0;
#endif
}

/* What allocation of large pages made of the cgroup's memory. */
static void show_huge(struct seq_file *m, struct mem_cgroup *memcg)
{
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	show_stat(m, "AnonHugePages:  ", memcg, NR_ANON_THPS);
	show_stat(m, "ShmemHugePages: ", memcg, NR_SHMEM_THPS);
	show_kb(m, "ShmemPmdMapped: ", 0);
	show_stat(m, "FileHugePages:  ", memcg, NR_FILE_THPS);
	show_kb(m, "FilePmdMapped:  ", 0);
#endif
#ifdef CONFIG_CMA
	show_kb(m, "CmaTotal:       ", 0);
	show_kb(m, "CmaFree:        ", 0);
#endif
#ifdef CONFIG_UNACCEPTED_MEMORY
	show_kb(m, "Unaccepted:     ", 0);
#endif
	show_kb(m, "Balloon:        ", 0);
	show_kb(m, "GPUActive:      ", 0);
	show_kb(m, "GPUReclaim:     ", 0);
#ifdef CONFIG_HUGETLB_PAGE
	/* The pool is the machine's; of it only the size of a page is told. */
	if (hugepages_supported()) {
		seq_puts(m, "HugePages_Total:       0\n"
			    "HugePages_Free:        0\n"
			    "HugePages_Rsvd:        0\n"
			    "HugePages_Surp:        0\n");
		show_kb(m, "Hugepagesize:   ", huge_page_size(&default_hstate) >> 10);
		show_stat(m, "Hugetlb:        ", memcg, NR_HUGETLB);
	}
#endif
}

static void show_meminfo(struct seq_file *m, struct mem_cgroup *memcg)
{
	unsigned long lru[NR_LRU_LISTS], cached, swapcache, reclaimable, slab;
	struct proc_stats_mem mem;
	int i;

	mem_cgroup_flush_stats(memcg);
	proc_stats_mem(memcg, &mem);
	for (i = 0; i < NR_LRU_LISTS; i++)
		lru[i] = stat_pages(memcg, NR_LRU_BASE + i);
	swapcache = swapcache_pages(memcg);
	cached = stat_pages(memcg, NR_FILE_PAGES);
	cached -= min(cached, swapcache);
	reclaimable = stat_pages(memcg, NR_SLAB_RECLAIMABLE_B);
	slab = reclaimable + stat_pages(memcg, NR_SLAB_UNRECLAIMABLE_B);

	show_pages(m, "MemTotal:       ", mem.total);
	show_pages(m, "MemFree:        ", mem.free);
	show_pages(m, "MemAvailable:   ", mem.available);
	/* Pages of block devices are among the cached. */
	show_pages(m, "Buffers:        ", 0);
	show_pages(m, "Cached:         ", cached);
	show_pages(m, "SwapCached:     ", swapcache);
	show_pages(m, "Active:         ", lru[LRU_ACTIVE_ANON] +
					  lru[LRU_ACTIVE_FILE]);
	show_pages(m, "Inactive:       ", lru[LRU_INACTIVE_ANON] +
					  lru[LRU_INACTIVE_FILE]);
	show_pages(m, "Active(anon):   ", lru[LRU_ACTIVE_ANON]);
	show_pages(m, "Inactive(anon): ", lru[LRU_INACTIVE_ANON]);
	show_pages(m, "Active(file):   ", lru[LRU_ACTIVE_FILE]);
	show_pages(m, "Inactive(file): ", lru[LRU_INACTIVE_FILE]);
	show_pages(m, "Unevictable:    ", lru[LRU_UNEVICTABLE]);
	show_pages(m, "Mlocked:        ", 0);
#ifdef CONFIG_HIGHMEM
	show_pages(m, "HighTotal:      ", 0);
	show_pages(m, "HighFree:       ", 0);
	show_pages(m, "LowTotal:       ", mem.total);
	show_pages(m, "LowFree:        ", mem.free);
#endif
#ifndef CONFIG_MMU
	show_pages(m, "MmapCopy:       ", 0);
#endif
	show_pages(m, "SwapTotal:      ", mem.swap_total);
	show_pages(m, "SwapFree:       ", mem.swap_total - mem.swap_used);
#ifdef CONFIG_ZSWAP
	show_stat(m, "Zswap:          ", memcg, MEMCG_ZSWAP_B);
	show_stat(m, "Zswapped:       ", memcg, MEMCG_ZSWAPPED);
#endif
	show_stat(m, "Dirty:          ", memcg, NR_FILE_DIRTY);
	show_stat(m, "Writeback:      ", memcg, NR_WRITEBACK);
	show_stat(m, "AnonPages:      ", memcg, NR_ANON_MAPPED);
	show_stat(m, "Mapped:         ", memcg, NR_FILE_MAPPED);
	show_stat(m, "Shmem:          ", memcg, NR_SHMEM);
	show_pages(m, "KReclaimable:   ", reclaimable);
	show_pages(m, "Slab:           ", slab);
	show_pages(m, "SReclaimable:   ", reclaimable);
	show_pages(m, "SUnreclaim:     ", slab - reclaimable);
	show_stat(m, "KernelStack:    ", memcg, NR_KERNEL_STACK_KB);
#ifdef CONFIG_SHADOW_CALL_STACK
	show_kb(m, "ShadowCallStack:", 0);
#endif
	show_stat(m, "PageTables:     ", memcg, NR_PAGETABLE);
	show_stat(m, "SecPageTables:  ", memcg, NR_SECONDARY_PAGETABLE);
	show_kb(m, "NFS_Unstable:   ", 0);
	show_kb(m, "Bounce:         ", 0);
	show_kb(m, "WritebackTmp:   ", 0);
	show_kb(m, "CommitLimit:    ", 0);
	show_kb(m, "Committed_AS:   ", 0);
	/* The size of a range of addresses, the same for all. */
	show_kb(m, "VmallocTotal:   ", (unsigned long)VMALLOC_TOTAL >> 10);
	show_stat(m, "VmallocUsed:    ", memcg, NR_VMALLOC);
	show_kb(m, "VmallocChunk:   ", 0);
	show_stat(m, "Percpu:         ", memcg, MEMCG_PERCPU_B);
#ifdef CONFIG_MEMORY_FAILURE
	seq_puts(m, "HardwareCorrupted:     0 kB\n");
#endif
	show_huge(m, memcg);
}

/**
 * proc_stats_meminfo - show /proc/meminfo of a memory cgroup
 * @m: the file
 * @memcg: what proc_stats_memcg() said, other than NULL; its reference is put
 */
int proc_stats_meminfo(struct seq_file *m, struct mem_cgroup *memcg)
{
	if (IS_ERR(memcg))
		return PTR_ERR(memcg);
	show_meminfo(m, memcg);
	mem_cgroup_put(memcg);
	return 0;
}

/**
 * proc_stats_swaps - show what follows the first line of /proc/swaps
 * @m: the file
 * @memcg: what proc_stats_memcg() said, other than NULL; its reference is put
 *
 * Where a page is swapped to is not up to the cgroup, and nothing to tell it.
 */
int proc_stats_swaps(struct seq_file *m, struct mem_cgroup *memcg)
{
	struct proc_stats_mem mem;
	unsigned long kb, used;

	if (IS_ERR(memcg))
		return PTR_ERR(memcg);
	proc_stats_swap(memcg, &mem);
	mem_cgroup_put(memcg);
	if (!mem.swap_total)
		return 0;
	kb = mem.swap_total << (PAGE_SHIFT - 10);
	used = mem.swap_used << (PAGE_SHIFT - 10);
	seq_printf(m, "%-40svirtual\t\t%lu\t%s%lu\t%s0\n", "none",
		   kb, kb < 10000000 ? "\t" : "", used,
		   used < 10000000 ? "\t" : "");
	return 0;
}

/**
 * proc_stats_vmstat - the items of /proc/vmstat for a memory cgroup
 * @file: the file
 * @memcg: what proc_stats_memcg() said, other than NULL; its reference is put
 * @zone: NR_VM_ZONE_STAT_ITEMS of them
 * @node: NR_VM_NODE_STAT_ITEMS of them
 * @event: NR_VM_EVENT_ITEMS of them, or NULL if events are not counted
 *
 * The caller has set all of them to 0, and what is not accounted by cgroup remains
 * so.
 */
int proc_stats_vmstat(const struct file *file, struct mem_cgroup *memcg,
		      unsigned long *zone, unsigned long *node,
		      unsigned long *event)
{
	struct proc_stats_mem mem;
	struct blkcg *blkcg;
	int i;

	if (IS_ERR(memcg))
		return PTR_ERR(memcg);
	mem_cgroup_flush_stats(memcg);
	proc_stats_mem(memcg, &mem);
	for (i = 0; i < NR_VM_NODE_STAT_ITEMS; i++) {
		if (!memcg_stat_item_valid(i))
			continue;
		node[i] = memcg_page_state(memcg, i);
		if (vmstat_item_in_bytes(i))
			node[i] >>= PAGE_SHIFT;
		if (vmstat_item_print_in_thp(i))
			node[i] /= HPAGE_PMD_NR;
	}
	zone[NR_FREE_PAGES] = mem.free;
	for (i = 0; i < NR_LRU_LISTS; i++)
		zone[NR_ZONE_LRU_BASE + i] = node[NR_LRU_BASE + i];
	zone[NR_ZONE_WRITE_PENDING] = node[NR_FILE_DIRTY] + node[NR_WRITEBACK];
	for (i = 0; event && i < NR_VM_EVENT_ITEMS; i++) {
		/* With cgroups, these are pages that were charged and uncharged. */
		if (i == PGPGIN || i == PGPGOUT)
			continue;
		if (memcg_vm_event_item_valid(i))
			event[i] = memcg_events(memcg, i);
	}
	mem_cgroup_put(memcg);
	blkcg = event ? proc_stats_blkcg(file) : NULL;
	if (IS_ERR(blkcg))
		return PTR_ERR(blkcg);
	if (blkcg)
		proc_stats_disk_kb(blkcg, &event[PGPGIN], &event[PGPGOUT]);
	return 0;
}

/**
 * proc_stats_slabinfo - show what follows the head of /proc/slabinfo: nothing
 * @memcg: what proc_stats_memcg() said, other than NULL; its reference is put
 *
 * A cache is shared by all cgroups, and objects are not counted by cache and
 * cgroup. What they take altogether is in meminfo.
 */
int proc_stats_slabinfo(struct mem_cgroup *memcg)
{
	if (IS_ERR(memcg))
		return PTR_ERR(memcg);
	mem_cgroup_put(memcg);
	return 0;
}

/**
 * proc_stats_si_mem - memory and swap of a cgroup, for sysinfo(2)
 * @cgrp: the cgroup
 * @info: holds the machine's, in pages
 */
void proc_stats_si_mem(struct cgroup *cgrp, struct sysinfo *info)
{
	struct mem_cgroup *memcg = memcg_of(cgrp);
	struct proc_stats_mem mem;

	if (IS_ERR_OR_NULL(memcg))
		return;
	mem_cgroup_flush_stats(memcg);
	proc_stats_mem(memcg, &mem);
	info->totalram = mem.total;
	info->freeram = mem.free;
	info->sharedram = stat_pages(memcg, NR_SHMEM);
	info->bufferram = 0;
	info->totalhigh = 0;
	info->freehigh = 0;
	info->totalswap = mem.swap_total;
	info->freeswap = mem.swap_total - mem.swap_used;
	mem_cgroup_put(memcg);
}

#else /* !CONFIG_MEMCG */

int proc_stats_meminfo(struct seq_file *m, struct mem_cgroup *memcg)
{
	return 0;
}

int proc_stats_swaps(struct seq_file *m, struct mem_cgroup *memcg)
{
	return 0;
}

int proc_stats_vmstat(const struct file *file, struct mem_cgroup *memcg,
		      unsigned long *zone, unsigned long *node,
		      unsigned long *event)
{
	return 0;
}

int proc_stats_slabinfo(struct mem_cgroup *memcg)
{
	return 0;
}

void proc_stats_si_mem(struct cgroup *cgrp, struct sysinfo *info)
{
}

#endif /* CONFIG_MEMCG */

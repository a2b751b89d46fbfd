/* SPDX-License-Identifier: GPL-2.0 */
/*
 * User-space OOM handlers for memory cgroups: what mm/memcontrol.c sees of
 * mm/memcg_oom_handler.c.
 */
#ifndef __MM_MEMCG_OOM_HANDLER_H
#define __MM_MEMCG_OOM_HANDLER_H

#include <linux/jump_label.h>
#include <linux/memcontrol.h>

/* What becomes of a charge that would have called for the OOM killer. */
enum memcg_oomh_verdict {
	MEMCG_OOMH_KERNEL,	/* no handler has a say: kill, as ever */
	MEMCG_OOMH_FAIL,	/* fail the charge; the fault is repeated later */
	MEMCG_OOMH_FORCE,	/* charge over the limit; the task waits later */
};

/* mm/memcontrol.c */
bool mem_cgroup_out_of_memory(struct mem_cgroup *memcg, gfp_t gfp_mask,
			      int order);

#ifdef CONFIG_MEMCG_OOM_HANDLER

/* True while at least one handler exists anywhere. */
DECLARE_STATIC_KEY_FALSE(memcg_oomh_key);

enum memcg_oomh_verdict __memcg_oomh_charge(struct mem_cgroup *over,
					    gfp_t gfp, unsigned int nr_pages);
void __memcg_oomh_uncharged(struct mem_cgroup *memcg);
void __memcg_oomh_limit_changed(struct mem_cgroup *memcg);
void __memcg_oomh_attach(void);

bool memcg_oomh_alloc(struct mem_cgroup *memcg);
void memcg_oomh_free(struct mem_cgroup *memcg);
void memcg_oomh_offline(struct mem_cgroup *memcg);
void memcg_oomh_reset(struct mem_cgroup *memcg);

static inline enum memcg_oomh_verdict
memcg_oomh_charge(struct mem_cgroup *over, gfp_t gfp, unsigned int nr_pages)
{
	if (static_branch_unlikely(&memcg_oomh_key))
		return __memcg_oomh_charge(over, gfp, nr_pages);
	return MEMCG_OOMH_KERNEL;
}

static inline void memcg_oomh_uncharged(struct mem_cgroup *memcg)
{
	if (static_branch_unlikely(&memcg_oomh_key))
		__memcg_oomh_uncharged(memcg);
}

static inline void memcg_oomh_limit_changed(struct mem_cgroup *memcg)
{
	if (static_branch_unlikely(&memcg_oomh_key))
		__memcg_oomh_limit_changed(memcg);
}

static inline void memcg_oomh_attach(void)
{
	if (static_branch_unlikely(&memcg_oomh_key))
		__memcg_oomh_attach();
}

#else /* CONFIG_MEMCG_OOM_HANDLER */

static inline enum memcg_oomh_verdict
memcg_oomh_charge(struct mem_cgroup *over, gfp_t gfp, unsigned int nr_pages)
{
	return MEMCG_OOMH_KERNEL;
}

static inline void memcg_oomh_uncharged(struct mem_cgroup *memcg) {}
static inline void memcg_oomh_limit_changed(struct mem_cgroup *memcg) {}
static inline void memcg_oomh_attach(void) {}
static inline bool memcg_oomh_alloc(struct mem_cgroup *memcg) { return true; }
static inline void memcg_oomh_free(struct mem_cgroup *memcg) {}
static inline void memcg_oomh_offline(struct mem_cgroup *memcg) {}
static inline void memcg_oomh_reset(struct mem_cgroup *memcg) {}

#endif /* CONFIG_MEMCG_OOM_HANDLER */

#endif /* __MM_MEMCG_OOM_HANDLER_H */

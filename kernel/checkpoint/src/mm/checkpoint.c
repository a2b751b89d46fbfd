// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: pages that processes share until one of them writes
 *
 * After a restart they share them as after a fork(2): the mappings are of one
 * family, whose root pages are found by (anon_vma_join_family()), and the page
 * tables of all of them have the page, for reading.
 */
#include <linux/checkpoint.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>
#include <linux/sched/mm.h>
#include "internal.h"

/* A page of one mapping, and where another is to have it; both are locked for writing. */
struct shared_page {
	struct vm_area_struct *to, *from;
	unsigned long at, from_at;
	struct page *page;
};

/* Whether all that look for the page, as reclaim does, would find both. */
static bool may_share(const struct shared_page *p)
{
	struct folio *folio = page_folio(p->page);

	if (!folio_test_anon(folio) || folio_test_ksm(folio) || folio_test_large(folio))
		return false;
	/* a locked mapping has faulted in pages of its own */
	if (p->to->vm_flags & VM_LOCKED)
		return false;
	return p->to->anon_vma && p->from->anon_vma &&
	       p->to->anon_vma->root == p->from->anon_vma->root &&
	       linear_anon_page_index(p->to, p->at) == linear_anon_page_index(p->from, p->from_at);
}

/* Maps the page a second time. Both page tables are locked, and so is the folio. */
static bool dup_pte(const struct shared_page *p, pte_t *to_pte, pte_t *from_pte)
{
	struct mm_struct *to_mm = p->to->vm_mm, *from_mm = p->from->vm_mm;
	pte_t old = ptep_get(from_pte), new = mk_pte(p->page, p->to->vm_page_prot);
	struct anon_vma *root = p->from->anon_vma->root;
	struct folio *folio = page_folio(p->page);

	if (!pte_none(ptep_get(to_pte)) || !pte_present(old) || pte_page(old) != p->page)
		return false;
	folio_get(folio);
	/* fails if somebody has pinned it */
	if (folio_try_dup_anon_rmap_pte(folio, p->page, p->to, p->from)) {
		folio_put(folio);
		return false;
	}
	/* what is not exclusive is found by the oldest anon_vma */
	WRITE_ONCE(folio->mapping, (void *)root + FOLIO_MAPPING_ANON);
	if (pte_write(old)) {
		ptep_set_wrprotect(from_mm, p->from_at, from_pte);
		flush_tlb_page(p->from, p->from_at);
	}
	new = pte_mkold(pte_wrprotect(new));
	if (pte_dirty(old))
		new = pte_mkdirty(new);
	inc_mm_counter(to_mm, MM_ANONPAGES);
	set_pte_at(to_mm, p->at, to_pte, new);
	return true;
}

/* As copy_page_range() does it for a child. */
static bool share_page(const struct shared_page *p)
{
	struct mm_struct *to_mm = p->to->vm_mm, *from_mm = p->from->vm_mm;
	struct folio *folio = page_folio(p->page);
	pmd_t *pmd = mm_find_pmd(from_mm, p->from_at), pmdval;
	spinlock_t *to_ptl, *from_ptl;
	pte_t *to_pte, *from_pte;
	struct mmu_notifier_range range;
	bool shared = false;

	if (!pmd)
		return false;
	mmu_notifier_range_init(&range, MMU_NOTIFY_PROTECTION_PAGE, 0, from_mm, p->from_at,
				p->from_at + PAGE_SIZE);
	mmu_notifier_invalidate_range_start(&range);
	folio_lock(folio);
	to_pte = get_locked_pte(to_mm, p->at, &to_ptl);
	if (!to_pte)
		goto unlock_folio;
	from_pte = pte_offset_map_rw_nolock(from_mm, pmd, p->from_at, &pmdval, &from_ptl);
	if (!from_pte)
		goto unlock_to;
	spin_lock_nested(from_ptl, SINGLE_DEPTH_NESTING);
	raw_write_seqcount_begin(&from_mm->write_protect_seq);
	shared = dup_pte(p, to_pte, from_pte);
	raw_write_seqcount_end(&from_mm->write_protect_seq);
	pte_unmap_unlock(from_pte, from_ptl);
unlock_to:
	pte_unmap_unlock(to_pte, to_ptl);
unlock_folio:
	folio_unlock(folio);
	mmu_notifier_invalidate_range_end(&range);
	return shared;
}

static int copy_page_to(struct mm_struct *to, unsigned long at, struct page *page)
{
	struct page *copy;
	long got = pin_user_pages_remote(to, at, 1, FOLL_WRITE | FOLL_FORCE, &copy, NULL);

	if (got != 1)
		return got < 0 ? got : -EFAULT;
	copy_highpage(copy, page);
	flush_dcache_page(copy);
	unpin_user_pages_dirty_lock(&copy, 1, true);
	return 0;
}

static int share_or_copy(struct mm_struct *to, unsigned long at, struct mm_struct *from,
			 unsigned long from_at)
{
	struct shared_page p = { .at = at, .from_at = from_at };
	long got = get_user_pages_remote(from, from_at, 1, FOLL_FORCE, &p.page, NULL);
	int err = 0;

	if (got != 1)
		return got < 0 ? got : -EFAULT;
	p.to = vma_lookup(to, at);
	p.from = vma_lookup(from, from_at);
	if (p.to && p.from) {
		vma_start_write(p.to);
		vma_start_write(p.from);
	}
	if (!p.to || !p.from || !may_share(&p) || !share_page(&p))
		err = copy_page_to(to, at, p.page);
	put_page(p.page);
	return err;
}

/**
 * checkpoint_share_pages - give pages of one address space to another as well
 * @to: which gets them
 * @at: where
 * @from: which has them
 * @from_at: where
 * @n: how many
 *
 * They are shared copy-on-write where their mappings are of one family, and
 * copied where that cannot be.
 *
 * Return: 0; -EFAULT if something is not mapped; -EINTR or -ENOMEM.
 */
int checkpoint_share_pages(struct mm_struct *to, unsigned long at, struct mm_struct *from,
			   unsigned long from_at, unsigned long n)
{
	int err = 0;

	if (mmap_write_lock_killable(from))
		return -EINTR;
	mmap_write_lock_nested(to, SINGLE_DEPTH_NESTING);
	while (n-- && !err) {
		err = share_or_copy(to, at, from, from_at);
		at += PAGE_SIZE;
		from_at += PAGE_SIZE;
		cond_resched();
	}
	mmap_write_unlock(to);
	mmap_write_unlock(from);
	return err;
}

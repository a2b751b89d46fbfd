// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: pages that processes share until one of them writes
 *
 * Mappings of several processes that stem from one by fork(2) are a family:
 * their anon_vmas have the same root. Only their pages can be shared
 * copy-on-write. An image has such a page once, and says of the other places
 * that they have the same. Whether they do is seen in the duplicates of the
 * address spaces, in which nothing changes any more: it is the same page.
 */
#include <linux/checkpoint.h>
#include <linux/fsnotify.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>
#include <linux/sched/mm.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/swap.h>
#include <linux/xarray.h>
#include "checkpoint.h"

/* @mm is the first that has a mapping of it, @several that others have as well. */
struct ckpt_taken_family {
	u32 id;
	u32 mm;
	bool several;
};

/* The family of a mapping, or NULL; its anon_vma stays while the mapping does. */
const struct anon_vma *ckpt_family_root(const struct vm_area_struct *vma)
{
	return vma->anon_vma && !(vma->vm_flags & VM_MAYSHARE) ? vma->anon_vma->root : NULL;
}

/**
 * ckpt_take_family - note that a mapping is of a family
 * @s: what is taken
 * @root: of the family
 * @mm: MM of the mapping
 *
 * Return: an id, for ckpt_number_families(), or an error.
 */
int ckpt_take_family(struct ckpt_snapshot *s, const struct anon_vma *root, u32 mm)
{
	struct ckpt_taken_family *f = xa_load(&s->families, (unsigned long)root);
	int err;

	if (f) {
		f->several |= f->mm != mm;
		return f->id;
	}
	f = kzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);
	if (!f)
		return -ENOMEM;
	f->id = ++s->nr_families;
	f->mm = mm;
	err = xa_err(xa_store(&s->families, (unsigned long)root, f, GFP_KERNEL_ACCOUNT));
	if (err)
		kfree(f);
	return err ?: f->id;
}

static void number_family(struct ckpt_vma *v, u32 *number, u32 *nr)
{
	u32 *n = &number[le32_to_cpu(v->family)];

	if (*n == U32_MAX)
		*n = ++*nr;
	if (!*n)
		v->anon_pgoff = 0;
	v->family = cpu_to_le32(*n);
}

/* Leaves only families of several MMs, in the order of their mappings. */
int ckpt_number_families(struct ckpt_snapshot *s)
{
	u32 *number __free(kvfree) = kvcalloc(s->nr_families + 1, sizeof(*number),
					      GFP_KERNEL_ACCOUNT);
	struct ckpt_taken_family *f;
	struct ckpt_record *r;
	unsigned long i;
	size_t at = 0;
	u32 nr = 0;

	if (!number)
		return -ENOMEM;
	xa_for_each(&s->families, i, f)
		number[f->id] = f->several ? U32_MAX : 0;
	while (at < s->mms.len) {
		r = s->mms.data + at;
		if (le16_to_cpu(r->type) == CKPT_VMA)
			number_family((void *)(r + 1), number, &nr);
		at += sizeof(*r) + le32_to_cpu(r->length) + ckpt_padding(le32_to_cpu(r->length));
		cond_resched();
	}
	return 0;
}

/* Whether others may share pages of this mapping, of a duplicate. */
bool ckpt_has_family(struct ckpt_snapshot *s, const struct vm_area_struct *vma)
{
	const struct anon_vma *root = ckpt_family_root(vma);
	struct ckpt_taken_family *f = root ? xa_load(&s->families, (unsigned long)root) : NULL;

	return f && f->several;
}

void ckpt_put_families(struct ckpt_snapshot *s)
{
	struct ckpt_taken_family *f;
	unsigned long i;

	xa_for_each(&s->families, i, f)
		kfree(f);
	xa_destroy(&s->families);
	xa_destroy(&s->seen);
}

/*
 * Where a page was seen first: its MM, and its address as number of a page.
 * That of the next page is one more.
 */
#define SEEN_SHIFT	44
#define SEEN_PAGE	((1UL << SEEN_SHIFT) - 1)

static_assert(CKPT_TASKS_MAX < 1UL << (BITS_PER_XA_VALUE - SEEN_SHIFT));

static unsigned long seen_at(struct ckpt_snapshot *s, struct page *page)
{
	void *entry = xa_load(&s->seen, page_to_pfn(page));

	return entry ? xa_to_value(entry) : 0;
}

/*
 * Notes a page that is about to be written, unless only its duplicate has it:
 * not even the process itself, which may have written to it since.
 */
static int note_seen(struct ckpt_snapshot *s, struct page *page, unsigned long at)
{
	struct folio *folio = page_folio(page);

	if (folio_test_ksm(folio) ||
	    (folio_mapcount(folio) < 2 && !folio_test_swapcache(folio)))
		return 0;
	return xa_err(xa_store(&s->seen, page_to_pfn(page), xa_mk_value(at), GFP_KERNEL_ACCOUNT));
}

/*
 * How many of @n pages the duplicate has at @at. What was noted may be of a
 * page that has gone to swap since: only a page that two duplicates have at
 * the same time is shared, and then it has been all the time.
 */
static u32 count_same(struct ckpt_snapshot *s, unsigned long at, struct page **page, u32 n)
{
	struct mm_struct *mm = s->copies[(at >> SEEN_SHIFT) - 1];
	unsigned long addr = (at & SEEN_PAGE) << PAGE_SHIFT;
	struct page *there;
	bool same = true;
	u32 i;

	if (mmap_read_lock_killable(mm))
		return 0;
	for (i = 0; i < n; i++, addr += PAGE_SIZE) {
		if (get_user_pages_remote(mm, addr, 1, FOLL_FORCE, &there, NULL) != 1)
			break;
		same = there == page[i];
		put_page(there);
		if (!same)
			break;
	}
	mmap_read_unlock(mm);
	return i;
}

/**
 * ckpt_find_same - find pages that were written for another MM
 * @s: what was taken
 * @mm: MM that is being written
 * @addr: address of the first
 * @page: pages that follow each other
 * @n: how many
 * @same: gets where the first ones are as well; its @mm is 0 if nowhere
 *
 * Return: for how many of them this holds, at least one; or an error.
 */
int ckpt_find_same(struct ckpt_snapshot *s, u32 mm, unsigned long addr, struct page **page,
		   u32 n, struct ckpt_same *same)
{
	unsigned long here = ((unsigned long)mm << SEEN_SHIFT) + (addr >> PAGE_SHIFT);
	unsigned long there = seen_at(s, page[0]);
	/* who comes last has nobody to tell */
	bool note = mm < s->nr_copies && (addr >> PAGE_SHIFT) + n <= SEEN_PAGE;
	int err = 0;
	u32 i;

	*same = (struct ckpt_same){};
	if (there && there >> SEEN_SHIFT != mm) {
		for (i = 1; i < n && seen_at(s, page[i]) == there + i; i++)
			;
		i = count_same(s, there, page, i);
		if (i) {
			same->mm = there >> SEEN_SHIFT;
			same->addr = (there & SEEN_PAGE) << PAGE_SHIFT;
			return i;
		}
		n = 1;
	}
	for (i = 0; i < n && !err; i++) {
		there = seen_at(s, page[i]);
		if (i && there && there >> SEEN_SHIFT != mm)
			break;
		if (note)
			err = note_seen(s, page[i], here + i);
	}
	return err ?: i;
}

/* Writes that @mm has @n pages at @addr that were written for another. */
int ckpt_write_same(struct ckpt_stream *st, u32 mm, unsigned long addr, u32 n,
		    const struct ckpt_same *same)
{
	struct {
		struct ckpt_record record;
		struct ckpt_shared shared;
	} w = {
		.record.type = cpu_to_le16(CKPT_SHARED),
		.record.version = cpu_to_le16(1),
		.record.length = cpu_to_le32(sizeof(w.shared)),
		.shared.owner = cpu_to_le32(mm),
		.shared.count = cpu_to_le32(n),
		.shared.addr = cpu_to_le64(addr),
		.shared.from = cpu_to_le32(same->mm),
		.shared.from_addr = cpu_to_le64(same->addr),
	};
	u32 crc = ckpt_crc(ckpt_record_crc(&w.record), &w.shared, sizeof(w.shared));

	w.record.crc = cpu_to_le32(crc);
	if (ckpt_check_header(&st->check, &w.record) ||
	    ckpt_check_payload(&st->check, &w.record, &w.shared) ||
	    ckpt_check_sum(&st->check, &w.record, crc))
		return ckpt_fail(st->ctl, -EIO, "pages at %lx: %s", addr, st->check.why);
	return ckpt_stream_write(st, &w, sizeof(w));
}

/* Makes what the mappings of each family join. */
int ckpt_make_families(struct ckpt_restart *r)
{
	u32 i;

	r->nr_families = r->stream.check.families;
	r->families = kvcalloc(r->nr_families, sizeof(*r->families), GFP_KERNEL_ACCOUNT);
	if (!r->families)
		return -ENOMEM;
	for (i = 0; i < r->nr_families; i++) {
		r->families[i] = anon_vma_make_family();
		if (!r->families[i])
			return -ENOMEM;
		cond_resched();
	}
	return 0;
}

void ckpt_put_made_families(struct ckpt_restart *r)
{
	u32 i;

	for (i = 0; r->families && i < r->nr_families; i++)
		if (r->families[i])
			anon_vma_put_family(r->families[i]);
	kvfree(r->families);
}

/**
 * ckpt_map_of_family - map what shares pages with other processes
 * @family: which the mapping joins
 * @v: VMA
 * @file: what is mapped, or NULL
 * @prot: as mmap(2) takes it
 * @flags: likewise
 *
 * Return: as vm_mmap(), whose place it takes.
 */
unsigned long ckpt_map_of_family(struct anon_vma *family, const struct ckpt_vma *v,
				 struct file *file, unsigned long prot, unsigned long flags)
{
	unsigned long start = le64_to_cpu(v->start), len = le64_to_cpu(v->end) - start;
	unsigned long pgoff = le64_to_cpu(v->pgoff), populate = 0, addr;
	bool locked = le32_to_cpu(v->flags) & CKPT_VMA_LOCKED;
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	LIST_HEAD(uf);
	int err;

	err = security_mmap_file(file, prot, flags) ?:
	      fsnotify_mmap_perm(file, prot, (loff_t)pgoff << PAGE_SHIFT, len);
	if (err)
		return err;
	if (mmap_write_lock_killable(mm))
		return -EINTR;
	/* Not to be extended from a neighbour, which is of another family. */
	addr = do_mmap(file, start, len, prot, flags, locked ? EMPTY_VMA_FLAGS :
		       mk_vma_flags(VMA_DONTEXPAND_BIT), pgoff, &populate, &uf);
	vma = addr == start ? vma_lookup(mm, start) : NULL;
	if (vma && !locked)
		vm_flags_clear(vma, VM_DONTEXPAND);
	/* Who cannot join has copies. */
	if (vma && vma->vm_start == start && vma->vm_end == start + len && !vma->anon_vma)
		err = anon_vma_join_family(vma, family, le64_to_cpu(v->anon_pgoff));
	mmap_write_unlock(mm);
	if (err)
		return err;
	if (populate)
		mm_populate(addr, populate);
	return addr;
}

/* Gives an MM the pages of another that the record tells, whose header is in @r->next. */
int ckpt_read_shared(struct ckpt_restart *r)
{
	struct ckpt_check *c = &r->stream.check;
	struct mm_struct *to, *from;
	struct ckpt_shared s;
	int err;

	err = ckpt_stream_read(&r->stream, &s, sizeof(s));
	if (err)
		return err;
	if (ckpt_check_payload(c, &r->next, &s) ||
	    ckpt_check_sum(c, &r->next, ckpt_crc(ckpt_record_crc(&r->next), &s, sizeof(s))))
		return ckpt_fail(r->ctl, -EBADMSG, "shared pages: %s", c->why);
	to = get_task_mm(r->mm_owners[le32_to_cpu(s.owner) - 1]->task);
	from = get_task_mm(r->mm_owners[le32_to_cpu(s.from) - 1]->task);
	err = -ESRCH;
	if (to && from)
		err = checkpoint_share_pages(to, le64_to_cpu(s.addr), from,
					     le64_to_cpu(s.from_addr), le32_to_cpu(s.count));
	if (to)
		mmput(to);
	if (from)
		mmput(from);
	if (err == -EFAULT)
		err = ckpt_fail(r->ctl, -EBADMSG,
				"shared pages at %llx: there is no memory of the program",
				le64_to_cpu(s.addr));
	return err;
}

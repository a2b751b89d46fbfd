// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: what is in memory
 *
 * Written are pages that differ from what a fresh mapping would give: those of
 * anonymous memory that are not zero, and those of private file mappings that
 * were written to. They are read from the duplicate of an address space, which
 * nobody else uses, while the tree runs on. So are the contents of files that
 * no path leads to, from the copies that inode.c has made.
 */
#include <linux/bvec.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/pagewalk.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/uio.h>
#include "checkpoint.h"

#define BATCH	(CKPT_DATA_MAX / PAGE_SIZE)

/**
 * struct page_batch - pages on their way
 * @n: how many
 * @addr: their addresses; PAGE_ANON: zeros need not be kept; PAGE_COW: others
 *	may have them
 * @page: the pages, referenced
 * @bvec: for the record: its head, then pages
 * @head: header and fixed part of the record
 * @s: whose they are
 * @flags: of addresses in the mapping that is looked at
 */
struct page_batch {
	u32 n;
	unsigned long addr[BATCH];
	struct page *page[BATCH];
	struct bio_vec bvec[BATCH + 1];
	struct {
		struct ckpt_record record;
		struct ckpt_pages pages;
	} head;
	struct ckpt_snapshot *s;
	unsigned long flags;
};

#define PAGE_ANON	1UL
#define PAGE_COW	2UL

static int skip_vma(unsigned long start, unsigned long end, struct mm_walk *walk)
{
	struct page_batch *b = walk->private;

	/* without it, nothing in it is but the file's */
	if (!walk->vma->anon_vma)
		return 1;
	b->flags = walk->vma->vm_file ? 0 : PAGE_ANON;
	if (ckpt_has_family(b->s, walk->vma))
		b->flags |= PAGE_COW;
	return 0;
}

static int note_page(pte_t *ptep, unsigned long addr, unsigned long next, struct mm_walk *walk)
{
	struct page_batch *b = walk->private;
	pte_t pte = ptep_get(ptep);
	struct page *page;

	if (pte_none(pte))
		return 0;
	/* What is not present is in swap, or about to be moved: to be faulted in. */
	if (pte_present(pte)) {
		page = vm_normal_page(walk->vma, addr, pte);
		if (!page || !PageAnon(page))
			return 0;
	}
	b->addr[b->n++] = addr | b->flags;
	return b->n == BATCH;
}

static const struct mm_walk_ops note_ops = {
	.pte_entry	= note_page,
	.test_walk	= skip_vma,
	.walk_lock	= PGWALK_RDLOCK,
};

static bool is_zero(struct page *page)
{
	void *data = kmap_local_page(page);
	bool zero = !memchr_inv(data, 0, PAGE_SIZE);

	kunmap_local(data);
	return zero;
}

static void put_batch(struct page_batch *b)
{
	while (b->n)
		put_page(b->page[--b->n]);
}

/*
 * The next batch at or above @from. Returns 1 if there may be more behind
 * it, 0 if not, or an error.
 */
static int next_batch(struct ckpt_stream *st, struct mm_struct *mm, struct page_batch *b,
		      unsigned long from)
{
	u32 noted, i, n;
	int more;

	b->n = 0;
	if (mmap_read_lock_killable(mm))
		return -EINTR;
	more = walk_page_range(mm, from, TASK_SIZE, &note_ops, b);
	noted = b->n;
	b->n = 0;
	for (i = 0; i < noted && more >= 0; i += n) {
		unsigned long addr = b->addr[i] & PAGE_MASK;
		long got;

		for (n = 1; i + n < noted; n++)
			if (b->addr[i + n] != b->addr[i] + n * PAGE_SIZE)
				break;
		got = get_user_pages_remote(mm, addr, n, FOLL_FORCE, &b->page[i], NULL);
		b->n += max(got, 0L);
		if (got != n)
			more = ckpt_fail(st->ctl, got < 0 ? got : -EFAULT,
					 "memory at %lx cannot be read", addr);
	}
	mmap_read_unlock(mm);
	if (more < 0)
		put_batch(b);
	return more;
}

static u32 crc_of_pages(u32 crc, struct page **page, u32 n)
{
	void *data;
	u32 i;

	for (i = 0; i < n; i++) {
		data = kmap_local_page(page[i]);
		crc = ckpt_crc(crc, data, PAGE_SIZE);
		kunmap_local(data);
	}
	return crc;
}

/* Moves all of @iter, to the stream or from it: pipes and sockets do a part at a time. */
int ckpt_stream_iter(struct ckpt_stream *st, struct iov_iter *iter)
{
	bool write = iov_iter_rw(iter) == WRITE;
	ssize_t n;

	while (iov_iter_count(iter)) {
		if (fatal_signal_pending(current))
			return -EINTR;
		n = write ? vfs_iter_write(st->file, iter, &st->pos, 0) :
			    vfs_iter_read(st->file, iter, &st->pos, 0);
		if (n < 0)
			return n;
		if (!n)
			return write ? -EIO :
				ckpt_fail(st->ctl, -EBADMSG, "the image ends too early");
		cond_resched();
	}
	return 0;
}

/* Writes @n pages from @at on, which follow each other, of an MM or an INODE. */
static int write_run(struct ckpt_stream *st, struct page_batch *b, u32 at, u32 n, u32 type,
		     u32 owner)
{
	struct ckpt_record *r = &b->head.record;
	struct ckpt_pages *p = &b->head.pages;
	struct iov_iter iter;
	u32 crc, i;
	int err;

	*p = (struct ckpt_pages){
		.owner = cpu_to_le32(owner),
		.count = cpu_to_le32(n),
		.addr = cpu_to_le64(b->addr[at] & PAGE_MASK),
	};
	*r = (struct ckpt_record){
		.type = cpu_to_le16(type),
		.version = cpu_to_le16(1),
		.length = cpu_to_le32(sizeof(*p) + n * PAGE_SIZE),
	};
	crc = ckpt_crc(ckpt_record_crc(r), p, sizeof(*p));
	crc = crc_of_pages(crc, b->page + at, n);
	r->crc = cpu_to_le32(crc);
	err = ckpt_check_header(&st->check, r) ?: ckpt_check_payload(&st->check, r, p) ?:
	      ckpt_check_sum(&st->check, r, crc);
	if (err)
		return ckpt_fail(st->ctl, -EIO, "pages at %lx: %s", b->addr[at], st->check.why);

	bvec_set_virt(&b->bvec[0], &b->head, sizeof(b->head));
	for (i = 0; i < n; i++)
		bvec_set_page(&b->bvec[i + 1], b->page[at + i], PAGE_SIZE, 0);
	iov_iter_bvec(&iter, ITER_SOURCE, b->bvec, n + 1, sizeof(b->head) + n * PAGE_SIZE);
	return ckpt_stream_iter(st, &iter);
}

/* Drops zeros, which a fresh mapping has anyway. */
static void drop_zeros(struct page_batch *b)
{
	u32 i, n = 0;

	for (i = 0; i < b->n; i++) {
		if (b->addr[i] & PAGE_ANON && is_zero(b->page[i])) {
			put_page(b->page[i]);
			continue;
		}
		b->page[n] = b->page[i];
		b->addr[n++] = b->addr[i] & ~PAGE_ANON;
	}
	b->n = n;
}

/* How many pages of @b follow each other from @at on. */
static u32 run_length(const struct page_batch *b, u32 at)
{
	u32 n;

	for (n = 1; at + n < b->n; n++)
		if (b->addr[at + n] != b->addr[at] + n * PAGE_SIZE)
			break;
	return n;
}

/* Writes pages of MM @mm from @at on that follow each other. Returns how many, or an error. */
static int write_next(struct ckpt_snapshot *s, struct ckpt_stream *st, struct page_batch *b,
		      u32 at, u32 mm)
{
	unsigned long addr = b->addr[at] & PAGE_MASK;
	int n = run_length(b, at), err;
	struct ckpt_same same = {};

	if (b->addr[at] & PAGE_COW)
		n = ckpt_find_same(s, mm, addr, b->page + at, n, &same);
	if (n < 0)
		return n;
	if (same.mm) {
		err = ckpt_write_same(st, mm, addr, n, &same);
	} else {
		err = write_run(st, b, at, n, CKPT_PAGES, mm);
		s->pages += n;
	}
	return err ?: n;
}

/* Writes the contents of MM @mm. */
int ckpt_write_pages(struct ckpt_snapshot *s, struct ckpt_stream *st, u32 mm)
{
	struct page_batch *b __free(kvfree) = kvmalloc(sizeof(*b), GFP_KERNEL_ACCOUNT);
	unsigned long from = 0;
	int more, n = 0;
	u32 at;

	if (!b)
		return -ENOMEM;
	b->s = s;
	do {
		more = next_batch(st, s->copies[mm - 1], b, from);
		if (more < 0)
			return more;
		if (b->n)
			from = (b->addr[b->n - 1] & PAGE_MASK) + PAGE_SIZE;
		drop_zeros(b);
		for (at = 0; at < b->n; at += n) {
			n = write_next(s, st, b, at, mm);
			if (n < 0)
				break;
		}
		put_batch(b);
		cond_resched();
	} while (more && n >= 0);
	return min(n, 0);
}

/* Fills @b with pages of @file from @pos on that follow each other. */
static int contents_batch(struct file *file, struct page_batch *b, loff_t pos)
{
	struct page *page;
	loff_t end;

	pos = vfs_llseek(file, pos, SEEK_DATA);
	if (pos < 0)
		return pos == -ENXIO ? 0 : pos;
	end = vfs_llseek(file, pos, SEEK_HOLE);
	if (end < 0)
		return end;
	for (; pos < end && b->n < BATCH; pos += PAGE_SIZE) {
		page = shmem_read_mapping_page(file->f_mapping, pos >> PAGE_SHIFT);
		if (IS_ERR(page))
			return PTR_ERR(page);
		b->addr[b->n] = pos;
		b->page[b->n++] = page;
	}
	return 0;
}

/* Writes the contents of all INODEs. */
int ckpt_write_contents(struct ckpt_snapshot *s, struct ckpt_stream *st)
{
	struct page_batch *b __free(kvfree) = kvzalloc(sizeof(*b), GFP_KERNEL_ACCOUNT);
	struct ckpt_taken_inode *t;
	int err = 0;

	if (!b)
		return -ENOMEM;
	list_for_each_entry(t, &s->inode_list, node) {
		loff_t pos = 0;
		u32 n;

		if (!t->copy)
			continue;
		do {
			err = contents_batch(t->copy, b, pos);
			n = b->n;
			if (n && !err) {
				pos = b->addr[n - 1] + PAGE_SIZE;
				err = write_run(st, b, 0, n, CKPT_CONTENTS, t->id);
				s->pages += n;
			}
			put_batch(b);
			cond_resched();
		} while (n && !err);
		if (err)
			return err;
	}
	return 0;
}

/* Reads the pages of a record, whose fixed part was read, into the MM of its owner. */
static int read_run(struct ckpt_restart *r, struct page_batch *b, struct mm_struct *mm)
{
	struct ckpt_stream *st = &r->stream;
	unsigned long addr = le64_to_cpu(b->head.pages.addr);
	u32 n = le32_to_cpu(b->head.pages.count), i;
	struct iov_iter iter;
	long got;
	u32 crc;
	int err;

	if (mmap_read_lock_killable(mm))
		return -EINTR;
	got = pin_user_pages_remote(mm, addr, n, FOLL_WRITE | FOLL_FORCE, b->page, NULL);
	mmap_read_unlock(mm);
	if (got != n) {
		if (got > 0)
			unpin_user_pages(b->page, got);
		return ckpt_fail(r->ctl, got < 0 && got != -EFAULT ? got : -EBADMSG,
				 "pages at %lx: there is no memory of the program", addr);
	}
	for (i = 0; i < n; i++)
		bvec_set_page(&b->bvec[i], b->page[i], PAGE_SIZE, 0);
	iov_iter_bvec(&iter, ITER_DEST, b->bvec, n, n * PAGE_SIZE);
	err = ckpt_stream_iter(st, &iter);
	crc = ckpt_crc(ckpt_record_crc(&r->next), &b->head.pages, sizeof(b->head.pages));
	crc = crc_of_pages(crc, b->page, n);
	for (i = 0; i < n; i++)
		flush_dcache_page(b->page[i]);
	unpin_user_pages_dirty_lock(b->page, n, true);
	if (!err && ckpt_check_sum(&st->check, &r->next, crc))
		err = ckpt_fail(r->ctl, -EBADMSG, "pages at %lx: %s", addr, st->check.why);
	return err;
}

/* Likewise, into an INODE. */
static int read_contents(struct ckpt_restart *r, struct page_batch *b)
{
	size_t len = le32_to_cpu(b->head.pages.count) * PAGE_SIZE;
	struct ckpt_stream *st = &r->stream;
	u32 crc;
	int err;

	u8 *data __free(kvfree) = kvmalloc(len, GFP_KERNEL_ACCOUNT);

	if (!data)
		return -ENOMEM;
	err = ckpt_stream_read(st, data, len);
	if (err)
		return err;
	crc = ckpt_crc(ckpt_record_crc(&r->next), &b->head.pages, sizeof(b->head.pages));
	if (ckpt_check_sum(&st->check, &r->next, ckpt_crc(crc, data, len)))
		return ckpt_fail(r->ctl, -EBADMSG, "contents: %s", st->check.why);
	return ckpt_fill_inode(r, &b->head.pages, data);
}

/* Reads the record whose header is in @r->next to where it belongs. */
static int read_record(struct ckpt_restart *r, struct page_batch *b)
{
	struct ckpt_check *c = &r->stream.check;
	struct mm_struct *mm;
	int err;

	err = ckpt_stream_read(&r->stream, &b->head.pages, sizeof(b->head.pages));
	if (!err && ckpt_check_payload(c, &r->next, &b->head.pages))
		err = ckpt_fail(r->ctl, -EBADMSG, "pages: %s", c->why);
	if (err)
		return err;
	if (r->next.type == cpu_to_le16(CKPT_CONTENTS))
		return read_contents(r, b);
	mm = get_task_mm(r->mm_owners[le32_to_cpu(b->head.pages.owner) - 1]->task);
	if (!mm)
		return -ESRCH;
	err = read_run(r, b, mm);
	mmput(mm);
	return err;
}

/*
 * Reads the rest of the image, from the header in @r->next on, into the memory
 * of the members and the files that were made.
 */
int ckpt_read_pages(struct ckpt_restart *r, u64 *pages)
{
	struct page_batch *b __free(kvfree) = kvmalloc(sizeof(*b), GFP_KERNEL_ACCOUNT);
	struct ckpt_stream *st = &r->stream;
	struct ckpt_check *c = &st->check;
	struct ckpt_trailer trailer;
	int err;

	if (!b)
		return -ENOMEM;
	while (r->next.type != cpu_to_le16(CKPT_TRAILER)) {
		if (r->next.type == cpu_to_le16(CKPT_SHARED)) {
			err = ckpt_read_shared(r);
		} else {
			err = read_record(r, b);
			*pages += le32_to_cpu(b->head.pages.count);
		}
		if (!err)
			err = ckpt_stream_read(st, &r->next, sizeof(r->next));
		if (!err && ckpt_check_header(c, &r->next))
			err = ckpt_fail(r->ctl, -EBADMSG, "%s", c->why);
		if (err)
			return err;
		cond_resched();
	}
	err = ckpt_stream_read(st, &trailer, sizeof(trailer));
	if (err)
		return err;
	if (ckpt_check_payload(c, &r->next, &trailer) ||
	    ckpt_check_sum(c, &r->next,
			   ckpt_crc(ckpt_record_crc(&r->next), &trailer, sizeof(trailer))))
		return ckpt_fail(r->ctl, -EBADMSG, "trailer: %s", c->why);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: what the kernel itself maps into every process, the vdso
 *
 * None of its pages is in an image: who restarts has them already, and where
 * they are is moved to where they were, as mremap(2) moves them. The
 * architecture hears of it by the mremap hook of its special mapping. The code
 * must be the same, as the program has looked up addresses in it.
 */
#include <linux/checkpoint.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/security.h>
#include "checkpoint.h"

/* x86 has three. */
#define MAPPINGS_MAX	8

/**
 * struct kernel_mapping - a mapping of the caller that the kernel has made
 * @name: as /proc/PID/maps shows it
 * @at: where it is
 * @to: where it is to be
 * @len: bytes
 * @wanted: the image has it
 */
struct kernel_mapping {
	const char *name;
	unsigned long at, to, len;
	bool wanted;
};

/**
 * ckpt_vdso_name - which of the kernel's mappings this is
 * @vma: mapping
 *
 * Return: "[vdso]", or "[vvar]" or another that begins so; NULL if it is none.
 */
const char *ckpt_vdso_name(struct vm_area_struct *vma)
{
	const char *name = vma->vm_ops && vma->vm_ops->name ? vma->vm_ops->name(vma) : NULL;

	if (!name || vma->vm_file || (strcmp(name, "[vdso]") && strncmp(name, "[vvar", 5)))
		return NULL;
	return name;
}

/* A checksum of the code that the kernel maps into @mm, whose lock is held. */
int ckpt_vdso_crc(struct mm_struct *mm, u32 *crc)
{
	VMA_ITERATOR(vmi, mm, 0);
	struct vm_area_struct *vma;
	unsigned long addr;
	struct page *page;
	void *data;

	*crc = 0;
	for_each_vma(vmi, vma) {
		if (!ckpt_vdso_name(vma) || !(vma->vm_flags & VM_EXEC))
			continue;
		for (addr = vma->vm_start; addr < vma->vm_end; addr += PAGE_SIZE) {
			if (get_user_pages_remote(mm, addr, 1, FOLL_FORCE, &page, NULL) != 1)
				return -EFAULT;
			data = kmap_local_page(page);
			*crc = ckpt_crc(*crc, data, PAGE_SIZE);
			kunmap_local(data);
			put_page(page);
		}
	}
	return 0;
}

/* Notes those of the caller, by address. Returns how many, or an error. */
static int note_mappings(struct kernel_mapping *k)
{
	VMA_ITERATOR(vmi, current->mm, 0);
	struct vm_area_struct *vma;
	const char *name;
	int n = 0;

	guard(mmap_read_lock)(current->mm);
	for_each_vma(vmi, vma) {
		name = ckpt_vdso_name(vma);
		if (!name)
			continue;
		if (n == MAPPINGS_MAX)
			return -E2BIG;
		k[n++] = (struct kernel_mapping){
			.name = name,
			.at = vma->vm_start,
			.len = vma->vm_end - vma->vm_start,
		};
	}
	return n;
}

/* An image has the name without its brackets. */
static bool is_named(const struct kernel_mapping *k, const struct ckpt_vma *v)
{
	size_t len = strlen(k->name) - 2;

	return !strncmp(k->name + 1, v->name, len) && !v->name[len];
}

/* Finds the mapping that is to become @v; false if there is none. */
static bool assign(struct kernel_mapping *k, u32 n, const struct ckpt_vma *v)
{
	unsigned long start = le64_to_cpu(v->start), len = le64_to_cpu(v->end) - start;
	u32 i;

	for (i = 0; i < n; i++) {
		if (k[i].wanted || k[i].len != len || !is_named(&k[i], v))
			continue;
		k[i].to = start;
		k[i].wanted = true;
		return true;
	}
	return false;
}

/* Unmaps everything of the caller but what is wanted. */
static int unmap_others(const struct kernel_mapping *k, u32 n)
{
	unsigned long from = 0;
	int err;
	u32 i;

	for (i = 0; i < n; i++) {
		if (!k[i].wanted)
			continue;
		err = k[i].at > from ? vm_munmap(from, k[i].at - from) : 0;
		if (err)
			return err;
		from = k[i].at + k[i].len;
	}
	return from < TASK_SIZE ? vm_munmap(from, TASK_SIZE - from) : 0;
}

static bool meet(unsigned long a, unsigned long a_len, unsigned long b, unsigned long b_len)
{
	return a < b + b_len && b < a + a_len;
}

/* Where @len bytes are in the way of nothing that is there, or is to be; or 0. */
static unsigned long find_room(const struct kernel_mapping *k, u32 n, unsigned long len)
{
	unsigned long room = TASK_UNMAPPED_BASE;
	u32 i = 0;

	while (i < n) {
		if (k[i].wanted && meet(room, len, k[i].at, k[i].len)) {
			room = k[i].at + k[i].len;
			i = 0;
		} else if (k[i].wanted && meet(room, len, k[i].to, k[i].len)) {
			room = k[i].to + k[i].len;
			i = 0;
		} else {
			i++;
		}
	}
	return room < TASK_SIZE && len < TASK_SIZE - room ? room : 0;
}

static int move(struct kernel_mapping *k, unsigned long to)
{
	unsigned long addr = checkpoint_mremap(k->at, k->len, to);

	if (IS_ERR_VALUE(addr))
		return addr;
	k->at = to;
	return 0;
}

/* Moves what is not where it is to be: out of each other's way first. */
static int move_mappings(struct kernel_mapping *k, u32 n)
{
	unsigned long len = 0, room;
	int err = 0;
	u32 i;

	for (i = 0; i < n; i++)
		if (k[i].wanted && k[i].at != k[i].to)
			len += k[i].len;
	if (!len)
		return 0;
	room = find_room(k, n, len);
	if (!room)
		return -ENOMEM;
	for (i = 0; i < n && !err; i++) {
		if (!k[i].wanted || k[i].at == k[i].to)
			continue;
		err = move(&k[i], room);
		room += k[i].len;
	}
	for (i = 0; i < n && !err; i++)
		if (k[i].wanted && k[i].at != k[i].to)
			err = move(&k[i], k[i].to);
	return err;
}

/**
 * ckpt_restore_vdso - leave nothing of the caller mapped but the kernel's, as an image has it
 * @r: the restart
 * @l: MM
 *
 * Return: 0, or an error, which is told.
 */
int ckpt_restore_vdso(struct ckpt_restart *r, struct ckpt_loaded *l)
{
	const struct ckpt_mm *record = (void *)l->payload;
	struct kernel_mapping k[MAPPINGS_MAX];
	u32 left = le32_to_cpu(record->nr_vmas), crc;
	const struct ckpt_vma *v;
	int n, err;

	scoped_guard(mmap_read_lock, current->mm)
		err = ckpt_vdso_crc(current->mm, &crc);
	if (err)
		return err;
	if (crc != le32_to_cpu(record->vdso_crc))
		return ckpt_fail(r->ctl, -ENOEXEC, "the kernel's vdso is another one");
	n = note_mappings(k);
	if (n < 0)
		return n;
	while (left--) {
		l = list_next_entry(l, node);
		v = (void *)l->payload;
		if (v->kind == cpu_to_le32(CKPT_VMA_KERNEL) && !assign(k, n, v))
			return ckpt_fail(r->ctl, -ENOEXEC,
					 "the kernel has no %s of that size for its vdso", v->name);
	}
	err = unmap_others(k, n);
	if (err)
		return err;
	err = move_mappings(k, n);
	return err ? ckpt_fail(r->ctl, err, "the kernel's vdso cannot be where it was: error %d",
			       -err) : 0;
}

// SPDX-License-Identifier: GPL-2.0
/* opbench: pages, kernel objects and page faults, all charged to the calling task's cgroup */
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>

#include "opbench.h"

#define OPBENCH_OBJECT		256

/* The way of a page into user memory, without the page table. */
static int opbench_charge(struct opbench *b, unsigned long n)
{
	while (n--) {
		struct folio *folio = folio_alloc(GFP_KERNEL, 0);
		int err;

		if (!folio)
			return -ENOMEM;
		err = mem_cgroup_charge(folio, current->mm, GFP_KERNEL) ?: opbench_stop();
		folio_put(folio);
		if (err)
			return err;
	}
	return 0;
}

static int opbench_page(struct opbench *b, unsigned long n)
{
	while (n--) {
		struct page *page = alloc_page(GFP_KERNEL_ACCOUNT);
		int err;

		if (!page)
			return -ENOMEM;
		err = opbench_stop();
		__free_page(page);
		if (err)
			return err;
	}
	return 0;
}

static int opbench_slab(struct opbench *b, unsigned long n)
{
	while (n--) {
		void *object = kmalloc(OPBENCH_OBJECT, GFP_KERNEL_ACCOUNT);
		int err;

		if (!object)
			return -ENOMEM;
		err = opbench_stop();
		kfree(object);
		if (err)
			return err;
	}
	return 0;
}

static int opbench_map(struct opbench *b, struct file *file, unsigned long flags)
{
	b->size = (b->done + b->warm) << PAGE_SHIFT;
	b->addr = vm_mmap(file, 0, b->size, PROT_READ | PROT_WRITE, flags, 0);
	return IS_ERR_VALUE(b->addr) ? (int)b->addr : 0;
}

int opbench_map_anon(struct opbench *b)
{
	return opbench_map(b, NULL, MAP_PRIVATE | MAP_ANONYMOUS);
}

static int opbench_shmem_prepare(struct opbench *b)
{
	struct file *file;
	int err;

	file = shmem_file_setup("opbench", (loff_t)(b->done + b->warm) << PAGE_SHIFT,
				EMPTY_VMA_FLAGS);
	if (IS_ERR(file))
		return PTR_ERR(file);
	err = opbench_map(b, file, MAP_SHARED);
	__fput_sync(file);
	return err;
}

/* A hole: each page comes into the page cache, and no disk is asked for it. */
static int opbench_map_hole(struct opbench *b, struct file *file)
{
	int err;

	/* Not what shmem-fault measures. */
	if (shmem_file(file))
		return -EINVAL;
	err = vfs_truncate(&file->f_path, (loff_t)(b->done + b->warm) << PAGE_SHIFT);
	err = err ?: opbench_map(b, file, MAP_SHARED);
	if (err)
		return err;
	/* One page at a time: nothing is read ahead. */
	err = do_madvise(current->mm, b->addr, b->size, MADV_RANDOM);
	if (err)
		opbench_unmap(b);
	return err;
}

static int opbench_file_prepare(struct opbench *b)
{
	struct file *file = filp_open(b->path, O_TMPFILE | O_RDWR | O_LARGEFILE, 0600);
	int err;

	if (IS_ERR(file))
		return PTR_ERR(file);
	err = opbench_map_hole(b, file);
	__fput_sync(file);
	return err;
}

void opbench_unmap(struct opbench *b)
{
	vm_munmap(b->addr, b->size);
}

/* Each page once: what @prepare has mapped is enough for all of the batch. */
static int opbench_touch(struct opbench *b, unsigned long n, unsigned int flags)
{
	struct mm_struct *mm = current->mm;

	while (n--) {
		bool unlocked = false;
		int err;

		if (mmap_read_lock_killable(mm))
			return -EINTR;
		err = fixup_user_fault(mm, b->addr + (b->pos++ << PAGE_SHIFT), flags, &unlocked);
		mmap_read_unlock(mm);
		err = err ?: opbench_stop();
		if (err)
			return err;
	}
	return 0;
}

int opbench_fault(struct opbench *b, unsigned long n)
{
	return opbench_touch(b, n, FAULT_FLAG_WRITE);
}

static int opbench_file_fault(struct opbench *b, unsigned long n)
{
	return opbench_touch(b, n, 0);
}

const struct opbench_op opbench_mm_ops[] = {
	{
		.name = "charge", .run = opbench_charge,
		.what = "allocate a page, charge it to the task's memory cgroup, free it",
	}, {
		.name = "page", .run = opbench_page,
		.what = "allocate and free a page of accounted kernel memory",
	}, {
		.name = "slab", .run = opbench_slab,
		.what = "allocate and free an accounted kernel object of 256 bytes",
	}, {
		.name = "fault", .run = opbench_fault, .max = OPBENCH_MAX_PAGES,
		.prepare = opbench_map_anon, .finish = opbench_unmap,
		.what = "fault in a page of private memory by writing to it",
	}, {
		.name = "shmem-fault", .run = opbench_fault, .max = OPBENCH_MAX_PAGES,
		.prepare = opbench_shmem_prepare, .finish = opbench_unmap,
		.what = "fault in a page of a shared memory file by writing to it",
	}, {
		.name = "file-fault", .run = opbench_file_fault, .max = OPBENCH_MAX_PAGES,
		.needs = OPBENCH_NEEDS_PATH,
		.prepare = opbench_file_prepare, .finish = opbench_unmap,
		.what = "fault in a page of a file in path= by reading it: into the page cache",
	},
	{ }
};

// SPDX-License-Identifier: GPL-2.0
/* opbench: pages, kernel objects and page faults, all charged to the calling task's cgroup */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/gfp.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>

#include "opbench.h"

#define OPBENCH_MAX_PAGES	16384UL
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

static int opbench_anon_prepare(struct opbench *b)
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

static void opbench_unmap(struct opbench *b)
{
	vm_munmap(b->addr, b->size);
}

/* Each page once: what @prepare has mapped is enough for all of the batch. */
static int opbench_fault(struct opbench *b, unsigned long n)
{
	struct mm_struct *mm = current->mm;

	while (n--) {
		bool unlocked = false;
		int err;

		if (mmap_read_lock_killable(mm))
			return -EINTR;
		err = fixup_user_fault(mm, b->addr + (b->pos++ << PAGE_SHIFT), FAULT_FLAG_WRITE,
				       &unlocked);
		mmap_read_unlock(mm);
		err = err ?: opbench_stop();
		if (err)
			return err;
	}
	return 0;
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
		.prepare = opbench_anon_prepare, .finish = opbench_unmap,
		.what = "fault in a page of private memory by writing to it",
	}, {
		.name = "shmem-fault", .run = opbench_fault, .max = OPBENCH_MAX_PAGES,
		.prepare = opbench_shmem_prepare, .finish = opbench_unmap,
		.what = "fault in a page of a shared memory file by writing to it",
	},
	{ }
};

// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: address spaces and their mappings; what is in them is in
 * pages.c, and what the kernel maps itself in vdso.c
 */
#include <linux/auxvec.h>
#include <linux/checkpoint.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mempolicy.h>
#include <linux/mm.h>
#include <linux/mm_inline.h>
#include <linux/mman.h>
#include <linux/sched/mm.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/userfaultfd_k.h>
#include "checkpoint.h"

static_assert(AT_VECTOR_SIZE <= CKPT_AUXV);

/* What a mapping may have; all of it comes back, or is the kernel's business. */
#define CKPT_VM_KNOWN	(VM_READ | VM_WRITE | VM_EXEC | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC | \
			 VM_SHARED | VM_MAYSHARE | VM_GROWSDOWN | VM_ACCOUNT | VM_NORESERVE | \
			 VM_SOFTDIRTY | VM_DONTDUMP | VM_SEQ_READ | VM_RAND_READ | VM_LOCKED | \
			 VM_LOCKONFAULT | VM_DONTCOPY | VM_WIPEONFORK | VM_MERGEABLE | \
			 VM_HUGEPAGE | VM_NOHUGEPAGE)

static const struct {
	vm_flags_t vm;
	u32 image;
	int advice;
} vma_flags[] = {
	{ VM_READ,	CKPT_VMA_READ },
	{ VM_WRITE,	CKPT_VMA_WRITE },
	{ VM_EXEC,	CKPT_VMA_EXEC },
	{ VM_GROWSDOWN,	CKPT_VMA_GROWSDOWN },
	{ VM_NORESERVE,	CKPT_VMA_NORESERVE },
	{ VM_DONTDUMP,	CKPT_VMA_DONTDUMP,	MADV_DONTDUMP },
	{ VM_SEQ_READ,	CKPT_VMA_SEQUENTIAL,	MADV_SEQUENTIAL },
	{ VM_RAND_READ,	CKPT_VMA_RANDOM,	MADV_RANDOM },
	{ VM_LOCKED,	CKPT_VMA_LOCKED },
	{ VM_LOCKONFAULT, CKPT_VMA_ONFAULT },
	{ VM_DONTCOPY,	CKPT_VMA_DONTFORK,	MADV_DONTFORK },
	{ VM_WIPEONFORK, CKPT_VMA_WIPEONFORK,	MADV_WIPEONFORK },
	{ VM_MERGEABLE,	CKPT_VMA_MERGEABLE,	MADV_MERGEABLE },
	{ VM_HUGEPAGE,	CKPT_VMA_HUGEPAGE,	MADV_HUGEPAGE },
	{ VM_NOHUGEPAGE, CKPT_VMA_NOHUGEPAGE,	MADV_NOHUGEPAGE },
};

/* What is noted of a mapping while mmap_lock is held; under it no file is looked at. */
struct noted_vma {
	unsigned long start, end, pgoff;
	u32 kind, flags;
	const struct anon_vma *family;
	unsigned long anon_pgoff;
	struct file *file;
	struct anon_vma_name *name;
	const char *kernels;
};

static int note_vma(struct ckpt_snapshot *s, struct task_struct *task,
		    struct vm_area_struct *vma, struct noted_vma *n)
{
	u32 i;

	n->start = vma->vm_start;
	n->end = vma->vm_end;
	for (i = 0; i < ARRAY_SIZE(vma_flags); i++)
		if (vma->vm_flags & vma_flags[i].vm)
			n->flags |= vma_flags[i].image;
	n->kernels = ckpt_vdso_name(vma);
	if (n->kernels) {
		if (vma->anon_vma)
			return ckpt_refuse(s, task, "mapping %lx: a vdso that was written to is",
					   n->start);
		n->kind = CKPT_VMA_KERNEL;
		n->flags &= CKPT_VMA_READ | CKPT_VMA_WRITE | CKPT_VMA_EXEC;
		return 0;
	}
	if (is_vm_hugetlb_page(vma))
		return ckpt_refuse(s, task, "mapping %lx: a huge page is", n->start);
	if (userfaultfd_armed(vma))
		return ckpt_refuse(s, task, "mapping %lx: userfaultfd is", n->start);
	if (vma->vm_flags & ~CKPT_VM_KNOWN)
		return ckpt_refuse(s, task, "mapping %lx: flags %#lx are", n->start,
				   (unsigned long)(vma->vm_flags & ~CKPT_VM_KNOWN));
#ifdef CONFIG_NUMA
	if (vma_policy(vma))
		return ckpt_refuse(s, task, "mapping %lx: a memory policy is", n->start);
#endif
	n->family = ckpt_family_root(vma);
	n->anon_pgoff = n->family ? vma_start_anon_pgoff(vma) : 0;
	n->name = anon_vma_name(vma);
	if (n->name)
		anon_vma_name_get(n->name);
	if (vma->vm_file) {
		n->kind = vma->vm_flags & VM_MAYSHARE ? CKPT_VMA_SHARED : CKPT_VMA_FILE;
		if (n->kind == CKPT_VMA_SHARED && vma->vm_flags & VM_MAYWRITE)
			n->flags |= CKPT_VMA_MAYWRITE;
		n->pgoff = vma->vm_pgoff;
		n->file = get_file(vma->vm_file);
		return 0;
	}
	if (!vma_is_anonymous(vma))
		return ckpt_refuse(s, task, "mapping %lx: its kind is", n->start);
	n->kind = CKPT_VMA_ANON;
	return 0;
}

/* Notes all mappings of @mm in @notes. Returns how many, or an error. */
static int note_mm(struct ckpt_snapshot *s, struct task_struct *task, struct mm_struct *mm,
		   struct noted_vma *notes, u32 room, u32 *crc)
{
	VMA_ITERATOR(vmi, mm, 0);
	struct vm_area_struct *vma;
	u32 n = 0;
	int err;

	if (mmap_read_lock_killable(mm))
		return -EINTR;
	err = ckpt_vdso_crc(mm, crc);
	for_each_vma(vmi, vma) {
		if (!err && n == room)
			err = -EAGAIN;
		if (err)
			break;
		err = note_vma(s, task, vma, &notes[n++]);
	}
	mmap_read_unlock(mm);
	return err ?: n;
}

/* Returns the id of the FILE that is mapped, or an error. */
static int take_vma_file(struct ckpt_snapshot *s, struct task_struct *task,
			 const struct noted_vma *n)
{
	bool shared = n->kind == CKPT_VMA_SHARED;

	if (shared && !S_ISREG(file_inode(n->file)->i_mode))
		return ckpt_refuse(s, task, "mapping %lx: a shared mapping of a device is",
				   n->start);
	/* What is shared is the open file's: it need not be what it was. */
	return ckpt_take_file(s, task, CKPT_FD_MAPPING, n->file, !shared);
}

static int take_vmas(struct ckpt_snapshot *s, struct task_struct *task, u32 mm,
		     struct noted_vma *notes, u32 n)
{
	struct ckpt_vma *v;
	int file = 0, family;
	const char *name;
	size_t len;
	u32 i;

	for (i = 0; i < n; i++) {
		if (notes[i].file) {
			file = take_vma_file(s, task, &notes[i]);
			if (file < 0)
				return file;
		}
		family = notes[i].family ? ckpt_take_family(s, notes[i].family, mm) : 0;
		if (family < 0)
			return family;
		name = notes[i].name ? notes[i].name->name : notes[i].kernels;
		len = name ? strlen(name) + 1 : 0;
		/* without its brackets */
		if (notes[i].kernels)
			len -= 2;
		v = ckpt_record_add(&s->mms, CKPT_VMA, 0, sizeof(*v) + len);
		if (!v)
			return -ENOMEM;
		if (len)
			memcpy(v->name, name + !!notes[i].kernels, len - 1);
		v->start = cpu_to_le64(notes[i].start);
		v->end = cpu_to_le64(notes[i].end);
		v->pgoff = cpu_to_le64(notes[i].pgoff);
		v->kind = cpu_to_le32(notes[i].kind);
		v->flags = cpu_to_le32(notes[i].flags);
		v->file = cpu_to_le32(notes[i].file ? file : 0);
		v->family = cpu_to_le32(family);
		v->anon_pgoff = cpu_to_le64(notes[i].anon_pgoff);
		cond_resched();
	}
	return 0;
}

static void take_layout(struct mm_struct *mm, struct ckpt_mm *to)
{
	u32 i;

	guard(spinlock)(&mm->arg_lock);
	to->mmap_base = cpu_to_le64(mm->mmap_base);
	to->start_code = cpu_to_le64(mm->start_code);
	to->end_code = cpu_to_le64(mm->end_code);
	to->start_data = cpu_to_le64(mm->start_data);
	to->end_data = cpu_to_le64(mm->end_data);
	to->start_brk = cpu_to_le64(mm->start_brk);
	to->brk = cpu_to_le64(mm->brk);
	to->start_stack = cpu_to_le64(mm->start_stack);
	to->arg_start = cpu_to_le64(mm->arg_start);
	to->arg_end = cpu_to_le64(mm->arg_end);
	to->env_start = cpu_to_le64(mm->env_start);
	to->env_end = cpu_to_le64(mm->env_end);
	for (i = 0; i < AT_VECTOR_SIZE; i++)
		to->auxv[i] = cpu_to_le64(mm->saved_auxv[i]);
	to->dump_filter = cpu_to_le32((__mm_flags_get_word(mm) & MMF_DUMP_FILTER_MASK) >>
				      MMF_DUMP_FILTER_SHIFT);
}

static int check_mm(struct ckpt_snapshot *s, struct task_struct *task, struct mm_struct *mm)
{
	if (mm->def_flags & ~(VM_LOCKED | VM_LOCKONFAULT))
		return ckpt_refuse(s, task, "default flags %#lx of its mappings are",
				   (unsigned long)mm->def_flags);
#ifdef CONFIG_AIO
	if (rcu_access_pointer(mm->ioctx_table))
		return ckpt_refuse(s, task, "asynchronous I/O is");
#endif
	if (mm_flags_test(MMF_VM_MERGE_ANY, mm) ||
	    __mm_flags_get_word(mm) & MMF_DISABLE_THP_MASK)
		return ckpt_refuse(s, task, "PR_SET_MEMORY_MERGE or _THP_DISABLE is");
	return 0;
}

static u32 mm_flags(struct mm_struct *mm)
{
	u32 flags = 0;

	if (mm_flags_test(MMF_HAS_MDWE, mm))
		flags |= CKPT_MM_MDWE;
	if (mm_flags_test(MMF_HAS_MDWE_NO_INHERIT, mm))
		flags |= CKPT_MM_MDWE_NO_INHERIT;
	if (mm_flags_test(MMF_TOPDOWN, mm))
		flags |= CKPT_MM_TOPDOWN;
	if (mm->def_flags & VM_LOCKED)
		flags |= CKPT_MM_LOCK;
	if (mm->def_flags & VM_LOCKONFAULT)
		flags |= CKPT_MM_LOCK_ONFAULT;
	return flags;
}

static int take_mm(struct ckpt_snapshot *s, struct task_struct *task, struct mm_struct *mm,
		   u32 id, struct noted_vma *notes, u32 n, u32 crc)
{
	struct file *file __free(fput) = get_mm_exe_file(mm);
	struct ckpt_mm *record;
	int exe = 0;

	if (file) {
		exe = ckpt_take_file(s, task, CKPT_FD_EXE, file, true);
		if (exe < 0)
			return exe;
	}
	record = ckpt_record_add(&s->mms, CKPT_MM, id, sizeof(*record));
	if (!record)
		return -ENOMEM;
	record->exe = cpu_to_le32(exe);
	record->vdso_crc = cpu_to_le32(crc);
	record->nr_vmas = cpu_to_le32(n);
	record->flags = cpu_to_le32(mm_flags(mm));
	take_layout(mm, record);
	return take_vmas(s, task, id, notes, n);
}

/* Takes the address space of @task, but for what is in it. */
int ckpt_take_mm(struct ckpt_snapshot *s, struct task_struct *task, u32 id)
{
	struct mm_struct *mm = get_task_mm(task);
	struct noted_vma *notes;
	u32 room, crc, i;
	int n;

	if (!mm)
		return -ESRCH;
	room = READ_ONCE(mm->map_count);
	notes = kvcalloc(room, sizeof(*notes), GFP_KERNEL_ACCOUNT);
	n = notes ? check_mm(s, task, mm) : -ENOMEM;
	if (!n)
		n = note_mm(s, task, mm, notes, room, &crc);
	if (n >= 0)
		n = take_mm(s, task, mm, id, notes, n, crc);
	for (i = 0; notes && i < room; i++) {
		if (notes[i].file)
			fput(notes[i].file);
		if (notes[i].name)
			anon_vma_name_put(notes[i].name);
	}
	kvfree(notes);
	mmput(mm);
	return n;
}

/* The file that @v maps, referenced; NULL if there is none. */
static struct file *file_of(struct ckpt_restart *r, const struct ckpt_vma *v)
{
	bool may_write = le32_to_cpu(v->flags) & CKPT_VMA_MAYWRITE;
	struct file *file;

	if (!v->file)
		return NULL;
	file = r->files[le32_to_cpu(v->file) - 1];
	if (checkpoint_shm_is(file) && (v->kind != cpu_to_le32(CKPT_VMA_SHARED) ||
					may_write != !!(file->f_mode & FMODE_WRITE)))
		return ERR_PTR(-EACCES);
	if (v->kind == cpu_to_le32(CKPT_VMA_SHARED) && may_write != !!(file->f_mode & FMODE_WRITE))
		/* it was sealed, and mapped after that */
		return may_write ? ERR_PTR(-EACCES) :
			dentry_open(&file->f_path, O_RDONLY | O_LARGEFILE, current_cred());
	return get_file(file);
}

/* What mappings that are made from now on have: as mlockall(2) sets it. */
static int set_default_flags(bool lock, bool on_fault, vm_flags_t more)
{
	struct mm_struct *mm = current->mm;

	if (mmap_write_lock_killable(mm))
		return -EINTR;
	mm->def_flags = (lock ? VM_LOCKED : 0) | (on_fault ? VM_LOCKONFAULT : 0) | more;
	mmap_write_unlock(mm);
	return 0;
}

static int set_name(const struct ckpt_vma *v)
{
#ifdef CONFIG_ANON_VMA_NAME
	unsigned long start = le64_to_cpu(v->start), len = le64_to_cpu(v->end) - start;
	struct anon_vma_name *name = anon_vma_name_alloc(v->name);
	int err;

	if (!name)
		return -ENOMEM;
	err = madvise_set_anon_name(current->mm, start, len, name);
	anon_vma_name_put(name);
	return err;
#else
	return -EOPNOTSUPP;
#endif
}

static int map_vma(struct ckpt_restart *r, const struct ckpt_vma *v, bool named)
{
	unsigned long start = le64_to_cpu(v->start), len = le64_to_cpu(v->end) - start, addr;
	unsigned long map = MAP_FIXED_NOREPLACE, prot = 0;
	u32 kind = le32_to_cpu(v->kind), flags = le32_to_cpu(v->flags), i;
	struct file *file;
	bool counts;
	int err;

	if (kind == CKPT_VMA_KERNEL)
		return 0;
	file = file_of(r, v);
	if (IS_ERR(file))
		return ckpt_fail(r->ctl, PTR_ERR(file), "mapping %lx: error %ld", start,
				 -PTR_ERR(file));
	if (!file)
		map |= MAP_ANONYMOUS;
	/* it counts mappings, so it must not become one with its neighbour */
	counts = file && checkpoint_shm_is(file);
	map |= kind == CKPT_VMA_SHARED ? MAP_SHARED : MAP_PRIVATE;
	prot |= flags & CKPT_VMA_READ ? PROT_READ : 0;
	prot |= flags & CKPT_VMA_WRITE ? PROT_WRITE : 0;
	prot |= flags & CKPT_VMA_EXEC ? PROT_EXEC : 0;
	map |= flags & CKPT_VMA_GROWSDOWN ? MAP_GROWSDOWN : 0;
	map |= flags & CKPT_VMA_NORESERVE ? MAP_NORESERVE : 0;
	err = set_default_flags(flags & CKPT_VMA_LOCKED, flags & CKPT_VMA_ONFAULT,
				counts ? VM_DONTCOPY : 0);
	if (!err && v->family)
		addr = ckpt_map_of_family(r->families[le32_to_cpu(v->family) - 1], v, file, prot,
					  map);
	else
		addr = err ?: vm_mmap(file, start, len, prot, map,
				      le64_to_cpu(v->pgoff) << PAGE_SHIFT);
	if (file)
		fput(file);
	if (addr != start) {
		err = IS_ERR_VALUE(addr) ? addr : -EEXIST;
		return ckpt_fail(r->ctl, err, "mapping %lx: error %d", start, -err);
	}
	err = counts ? do_madvise(current->mm, start, len, MADV_DOFORK) : 0;
	if (err)
		return ckpt_fail(r->ctl, err, "mapping %lx: error %d", start, -err);
	for (i = 0; i < ARRAY_SIZE(vma_flags); i++) {
		if (!vma_flags[i].advice || !(flags & vma_flags[i].image))
			continue;
		err = do_madvise(current->mm, start, len, vma_flags[i].advice);
		if (err)
			return ckpt_fail(r->ctl, err, "mapping %lx: madvise %d: error %d", start,
					 vma_flags[i].advice, -err);
	}
	err = named ? set_name(v) : 0;
	return err ? ckpt_fail(r->ctl, err, "mapping %lx: its name: error %d", start, -err) : 0;
}

static int restore_exe(struct ckpt_restart *r, const struct ckpt_mm *record)
{
	struct file *file;
	int err;

	if (!record->exe)
		return 0;
	file = r->files[le32_to_cpu(record->exe) - 1];
	if (!S_ISREG(file_inode(file)->i_mode) || path_noexec(&file->f_path) ||
	    checkpoint_shm_is(file))
		err = -EACCES;
	else
		err = file_permission(file, MAY_EXEC);
	if (!err)
		err = replace_mm_exe_file(current->mm, file);
	return err ? ckpt_fail(r->ctl, err, "executable: error %d", -err) : 0;
}

/* As prctl(PR_SET_MM_MAP) sets it; the order was checked with the image. */
static int restore_layout(struct ckpt_restart *r, const struct ckpt_mm *from)
{
	const __le64 *values = &from->mmap_base;
	struct mm_struct *mm = current->mm;
	u32 i;

	for (i = 0; values + i <= &from->env_end; i++)
		if (le64_to_cpu(values[i]) >= TASK_SIZE)
			return ckpt_fail(r->ctl, -EBADMSG, "an address space beyond its end");
	mmap_read_lock(mm);
	spin_lock(&mm->arg_lock);
	mm->mmap_base = le64_to_cpu(from->mmap_base);
	if (le32_to_cpu(from->flags) & CKPT_MM_TOPDOWN)
		mm_flags_set(MMF_TOPDOWN, mm);
	else
		mm_flags_clear(MMF_TOPDOWN, mm);
	mm->start_code = le64_to_cpu(from->start_code);
	mm->end_code = le64_to_cpu(from->end_code);
	mm->start_data = le64_to_cpu(from->start_data);
	mm->end_data = le64_to_cpu(from->end_data);
	mm->start_brk = le64_to_cpu(from->start_brk);
	mm->brk = le64_to_cpu(from->brk);
	mm->start_stack = le64_to_cpu(from->start_stack);
	mm->arg_start = le64_to_cpu(from->arg_start);
	mm->arg_end = le64_to_cpu(from->arg_end);
	mm->env_start = le64_to_cpu(from->env_start);
	mm->env_end = le64_to_cpu(from->env_end);
	spin_unlock(&mm->arg_lock);
	for (i = 0; i < AT_VECTOR_SIZE - 2; i++)
		mm->saved_auxv[i] = le64_to_cpu(from->auxv[i]);
	mm->saved_auxv[AT_VECTOR_SIZE - 2] = AT_NULL;
	mm->saved_auxv[AT_VECTOR_SIZE - 1] = AT_NULL;
	mmap_read_unlock(mm);
	__mm_flags_set_mask_bits_word(mm, MMF_DUMP_FILTER_MASK,
				      ((unsigned long)le32_to_cpu(from->dump_filter) <<
				       MMF_DUMP_FILTER_SHIFT) & MMF_DUMP_FILTER_MASK);
	return 0;
}

/* What would stand in the way of mapping. */
static int restore_mm_flags(struct ckpt_restart *r, u32 flags)
{
	struct mm_struct *mm = current->mm;

	if (mm_flags_test(MMF_HAS_MDWE, mm) && !(flags & CKPT_MM_MDWE))
		return ckpt_fail(r->ctl, -EPERM, "the caller has PR_SET_MDWE");
	if (flags & CKPT_MM_MDWE_NO_INHERIT)
		mm_flags_set(MMF_HAS_MDWE_NO_INHERIT, mm);
	if (flags & CKPT_MM_MDWE)
		mm_flags_set(MMF_HAS_MDWE, mm);
	return set_default_flags(flags & CKPT_MM_LOCK, flags & CKPT_MM_LOCK_ONFAULT, 0);
}

/* Replaces the caller's mappings by those of @l, an MM. */
int ckpt_restore_mm(struct ckpt_restart *r, struct ckpt_loaded *l)
{
	const struct ckpt_mm *record = (void *)l->payload;
	u32 left = le32_to_cpu(record->nr_vmas);
	int err;

	err = ckpt_restore_vdso(r, l);
	/* while the caller's old executable is not mapped, nor one of the same path */
	if (!err)
		err = restore_exe(r, record);
	if (!err)
		err = restore_layout(r, record);
	while (left-- && !err) {
		l = list_next_entry(l, node);
		err = map_vma(r, (void *)l->payload, ckpt_length(l) > sizeof(struct ckpt_vma));
		cond_resched();
	}
	return err ?: restore_mm_flags(r, le32_to_cpu(record->flags));
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Images of a checkpoint that somebody has changed, with checksums that fit. The
 * kernel's reading of them is what is under test, so nothing but the format is
 * shared with that.
 */
#ifndef BULKHEAD_FORGE_H
#define BULKHEAD_FORGE_H

#include <stdint.h>
#include "checkpoint_image.h"
#include "file.h"
#include "proc.h"

static inline uint32_t forge_crc(uint32_t crc, const unsigned char *p, size_t n)
{
	int i;

	crc = ~crc;
	while (n--) {
		crc ^= *p++;
		for (i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

/* Makes the checksums right, up to where lengths do not fit any more. */
static inline void forge_seal(unsigned char *data, size_t size)
{
	size_t at = 0, length;
	uint32_t all = 0;

	while (at + sizeof(struct ckpt_record) <= size) {
		struct ckpt_record *r = (void *)(data + at);

		length = r->length;
		if (length > size - at - sizeof(*r))
			return;
		if (r->type == CKPT_TRAILER && length >= sizeof(struct ckpt_trailer))
			((struct ckpt_trailer *)(r + 1))->crc = all;
		r->crc = 0;
		r->crc = forge_crc(0, (void *)r, sizeof(*r) + length);
		all = forge_crc(all, (void *)r, sizeof(*r));
		at += sizeof(*r) + ((length + 7) & ~7UL);
	}
}

static unsigned char forge_image[16 << 20];
static size_t forge_len;

static inline void forge_load(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	must(fd >= 0);
	for (forge_len = 0; (n = read(fd, forge_image + forge_len,
				      sizeof(forge_image) - forge_len)) > 0; forge_len += n)
		;
	must(!n && forge_len < sizeof(forge_image));
	close(fd);
}

/* The record behind @r, or the first; NULL behind the last. */
static inline struct ckpt_record *forge_next(struct ckpt_record *r)
{
	unsigned char *next = r ? (unsigned char *)(r + 1) + ((r->length + 7) & ~7UL) : forge_image;

	return next + sizeof(*r) <= forge_image + forge_len ? (void *)next : NULL;
}

/* The payload of the @n-th record of @type, from 1 on; NULL if there is none. */
static inline void *forge_payload(unsigned int type, int n)
{
	struct ckpt_record *r;

	for (r = forge_next(NULL); r; r = forge_next(r))
		if (r->type == type && !--n)
			return r + 1;
	return NULL;
}

/* The task with this pid, and its general registers; NULL if it is not there. */
static inline struct ckpt_task *forge_task(int pid, void **regs)
{
	struct ckpt_task *found = NULL;
	struct ckpt_record *r;

	for (r = forge_next(NULL); r; r = forge_next(r)) {
		if (r->type == CKPT_TASK && ((struct ckpt_task *)(r + 1))->pid == (uint32_t)pid)
			found = (void *)(r + 1);
		if (!found || r->type != CKPT_REGS || ((struct ckpt_regs *)(r + 1))->note != 1)
			continue;
		*regs = ((struct ckpt_regs *)(r + 1))->data;
		return found;
	}
	return NULL;
}

/* Where the image has what was at @addr of address space @mm; NULL if it has nothing there. */
static inline void *forge_memory(unsigned int mm, unsigned long addr)
{
	struct ckpt_pages *p;
	int i;

	for (i = 1; (p = forge_payload(CKPT_PAGES, i)); i++)
		if (p->owner == mm && addr >= p->addr && addr < p->addr + 4096UL * p->count)
			return p->data + (addr - p->addr);
	return NULL;
}

/* Writes the image as it is now, sealed. */
static inline void forge_save(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	forge_seal(forge_image, forge_len);
	must(fd >= 0 && write(fd, forge_image, forge_len) == (ssize_t)forge_len && !close(fd));
}

#endif /* BULKHEAD_FORGE_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Changing what is in an image. The kernel's reading of it is what is under
 * test, so nothing but the format is shared with that.
 */
#ifndef BULKHEAD_FORGE_H
#define BULKHEAD_FORGE_H

#include <stdint.h>
#include "checkpoint_image.h"
#include "file.h"
#include "proc.h"

static unsigned char forge_image[16 << 20];
static size_t forge_len;

static inline void forge_load(const char *path)
{
	int fd = open(path, O_RDONLY);
	ssize_t n;

	must(fd >= 0);
	for (forge_len = 0; (n = read(fd, forge_image + forge_len,
				      sizeof(forge_image) - forge_len)) > 0; forge_len += n)
		;
	must(!n && forge_len < sizeof(forge_image));
	close(fd);
}

/* The payload of the @n-th record of @type, from 1 on; NULL if there is none. */
static inline void *forge_payload(unsigned int type, int n)
{
	struct ckpt_record *r;
	size_t at;

	for (at = 0; at + sizeof(*r) <= forge_len; at += sizeof(*r) + ((r->length + 7) & ~7UL)) {
		r = (void *)(forge_image + at);
		if (r->type == type && !--n)
			return r + 1;
	}
	return NULL;
}

/* The task with this pid, and its general registers; NULL if it is not there. */
static inline struct ckpt_task *forge_task(int pid, void **regs)
{
	struct ckpt_task *found = NULL;
	struct ckpt_record *r;
	size_t at;

	for (at = 0; at + sizeof(*r) <= forge_len; at += sizeof(*r) + ((r->length + 7) & ~7UL)) {
		r = (void *)(forge_image + at);
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

/* Writes the image as it is now, with checksums that are right. */
static inline void forge_save(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	struct ckpt_record *r;
	uint32_t all = 0;
	size_t at;

	for (at = 0; at + sizeof(*r) <= forge_len; at += sizeof(*r) + ((r->length + 7) & ~7UL)) {
		r = (void *)(forge_image + at);
		if (r->type == CKPT_TRAILER)
			((struct ckpt_trailer *)(r + 1))->crc = all;
		r->crc = 0;
		r->crc = forge_crc(0, (void *)r, sizeof(*r) + r->length);
		all = forge_crc(all, (void *)r, sizeof(*r));
	}
	must(fd >= 0 && write(fd, forge_image, forge_len) == (ssize_t)forge_len);
	close(fd);
}

#endif /* BULKHEAD_FORGE_H */

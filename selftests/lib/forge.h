/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Images of a checkpoint that somebody has changed, with checksums that fit. The
 * kernel's reading of them is what is tested, so nothing is shared with it.
 */
#ifndef BULKHEAD_FORGE_H
#define BULKHEAD_FORGE_H

#include <stdint.h>
#include <stdlib.h>
#include "checkpoint_image.h"
#include "file.h"
#include "proc.h"

#define FORGE_MAX	(4 << 20)

struct forged {
	unsigned char *data;
	size_t len;
};

static inline struct forged forge_load(const char *path)
{
	struct forged f = { .data = malloc(FORGE_MAX) };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	must(fd >= 0 && f.data);
	while ((n = read(fd, f.data + f.len, FORGE_MAX - f.len)) > 0)
		f.len += n;
	close(fd);
	must(!n && f.len && f.len < FORGE_MAX);
	return f;
}

/* The record behind @r, or the first; NULL behind the last. */
static inline struct ckpt_record *forge_next(const struct forged *f, struct ckpt_record *r)
{
	size_t at = r ? (unsigned char *)(r + 1) - f->data + ((r->length + 7) & ~7UL) : 0;

	return at < f->len ? (void *)(f->data + at) : NULL;
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

/* Writes it, sealed. */
static inline void forge_save(struct forged *f, const char *path)
{
	struct ckpt_record *r;
	uint32_t all = 0;
	int fd;

	for (r = forge_next(f, NULL); r; r = forge_next(f, r)) {
		if (r->type == CKPT_TRAILER)
			((struct ckpt_trailer *)(r + 1))->crc = all;
		r->crc = 0;
		r->crc = forge_crc(0, (void *)r, sizeof(*r) + r->length);
		all = forge_crc(all, (void *)r, sizeof(*r));
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	must(fd >= 0 && write(fd, f->data, f->len) == (ssize_t)f->len && !close(fd));
	free(f->data);
}

#endif /* BULKHEAD_FORGE_H */

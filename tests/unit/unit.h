/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BULKHEAD_UNIT_H
#define BULKHEAD_UNIT_H

/* cmocka wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Always the same sequence: a failing fuzz round can be repeated. */
static inline uint32_t unit_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return *seed >> 33;
}

/* Changes some bytes, drops some, doubles some. Returns the new length. */
static inline size_t unit_mutate(char *buf, size_t len, size_t room, uint64_t *seed)
{
	static const char spice[] = "\n\r\0\t #1.[]:\033\377\303ok";
	unsigned int n = 1 + unit_random(seed) % 8;

	while (n-- && len) {
		size_t at = unit_random(seed) % len;
		size_t span = unit_random(seed) % 24;

		if (span > len - at)
			span = len - at;
		switch (unit_random(seed) % 4) {
		case 0:
			buf[at] = unit_random(seed);
			break;
		case 1:
			buf[at] = spice[unit_random(seed) % (sizeof(spice) - 1)];
			break;
		case 2:
			memmove(buf + at, buf + at + span, len - at - span);
			len -= span;
			break;
		default:
			if (len + span > room)
				break;
			memmove(buf + at + span, buf + at, len - at);
			len += span;
		}
	}
	return len;
}

#endif

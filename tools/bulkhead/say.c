// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <string.h>
#include "bulkhead.h"
#include "say.h"

int refuse(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("bulkhead: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return EXIT_REFUSED;
}

/* The length of the UTF-8 character of more than one byte at @s, 0 if it is none. */
static size_t utf8_length(const unsigned char *s)
{
	unsigned int c = *s, min;
	size_t len, i;

	if (c >= 0xc2 && c <= 0xdf)
		len = 2, c &= 0x1f, min = 0x80;
	else if (c >= 0xe0 && c <= 0xef)
		len = 3, c &= 0x0f, min = 0x800;
	else if (c >= 0xf0 && c <= 0xf4)
		len = 4, c &= 0x07, min = 0x10000;
	else
		return 0;
	/* a string's NUL is no continuation: nothing behind it is read */
	for (i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	return c < min || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) ? 0 : len;
}

void json_string(FILE *out, const char *s)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t len;

	fputc('"', out);
	while (*p) {
		len = utf8_length(p);
		if (len) {
			fwrite(p, 1, len, out);
			p += len;
			continue;
		}
		if (*p == '"' || *p == '\\')
			fprintf(out, "\\%c", *p);
		else if (*p < 0x20 || *p >= 0x7f)
			fprintf(out, "\\u%04x", *p);
		else
			fputc(*p, out);
		p++;
	}
	fputc('"', out);
}

void plain_string(FILE *out, const char *s)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t len;

	while (*p) {
		len = utf8_length(p);
		/* U+0080 to U+009F are control characters, too */
		if (len && !(len == 2 && p[0] == 0xc2 && p[1] < 0xa0)) {
			fwrite(p, 1, len, out);
			p += len;
			continue;
		}
		fputc(*p < 0x20 || *p >= 0x7f ? '?' : *p, out);
		p += len ? len : 1;
	}
}

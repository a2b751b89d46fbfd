// SPDX-License-Identifier: GPL-2.0
/*
 * Text as the guest hands it over: any bytes at all. Everything that ends up
 * in a result file passes text_clean() once, so later stages may rely on
 * valid UTF-8 without control characters.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "util.h"

/**
 * text_join() - append to a string
 * @old: a string that the caller gives up, or NULL
 * @separator: put between the two, unless @old is NULL or empty
 * @more: what to append
 *
 * Return: the joined string, to be freed by the caller.
 */
char *text_join(char *old, const char *separator, const char *more)
{
	char *joined;

	if (!old || !*old) {
		free(old);
		return xstrdup(more);
	}
	joined = xasprintf("%s%s%s", old, separator, more);
	free(old);
	return joined;
}

/**
 * text_skip_prefix() - step over a prefix
 * @s: the string
 * @prefix: what it may start with
 *
 * Return: what follows @prefix in @s, or NULL if @s does not start with it.
 */
const char *text_skip_prefix(const char *s, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(s, prefix, len) ? NULL : s + len;
}

/**
 * text_has_word() - look for a word
 * @text: words with one space between them, or NULL for none
 * @word: where the word starts
 * @len: its length
 *
 * Return: whether it is one of them.
 */
bool text_has_word(const char *text, const char *word, size_t len)
{
	for (; text && *text; text += strcspn(text, " "), text += *text == ' ')
		if (strcspn(text, " ") == len && !memcmp(text, word, len))
			return true;
	return false;
}

/* Length of the terminal escape sequence at @s, which starts with ESC. */
static size_t escape_len(const unsigned char *s, size_t len)
{
	size_t i = 2;

	if (len < 2)
		return len;
	if (s[1] == '[') {
		while (i < len && s[i] >= 0x20 && s[i] <= 0x3f)
			i++;
		return i < len && s[i] >= 0x40 && s[i] <= 0x7e ? i + 1 : i;
	}
	if (s[1] == ']') {
		while (i < len && s[i] != '\a' && s[i] != 0x1b)
			i++;
		if (i < len && s[i] == '\a')
			return i + 1;
		return i + 1 < len && s[i + 1] == '\\' ? i + 2 : i;
	}
	/* ESC and one character; a byte that cannot be part of it stays. */
	return s[1] >= 0x20 && s[1] <= 0x7e ? 2 : 1;
}

/* Length of the well-formed UTF-8 character at @s, 0 if there is none. */
static size_t utf8_len(const unsigned char *s, size_t len, unsigned long *code)
{
	static const unsigned long least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n, i;

	if (s[0] < 0x80) {
		*code = s[0];
		return 1;
	}
	n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4 || n > len)
		return 0;
	*code = s[0] & (0x7f >> n);
	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (s[i] & 0x3f);
	}
	if (*code < least[n] || *code > 0x10ffff ||
	    (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return n;
}

/**
 * text_clean() - make a readable string of any bytes
 * @s: the bytes; NULs are allowed
 * @len: how many
 *
 * Terminal escapes and control characters go, a tab becomes a space, what is
 * not UTF-8 (or may not stand in XML) becomes U+FFFD.
 *
 * Return: the string, to be freed by the caller.
 */
char *text_clean(const char *s, size_t len)
{
	const unsigned char *in = (const unsigned char *)s;
	char *out = xrealloc(NULL, 3 * len + 1), *o = out;
	unsigned long code;
	size_t n;

	while (len) {
		if (*in == 0x1b) {
			n = escape_len(in, len);
			in += n;
			len -= n;
			continue;
		}
		n = utf8_len(in, len, &code);
		if (!n || code == 0xfffe || code == 0xffff) {
			memcpy(o, "\xef\xbf\xbd", 3);
			o += 3;
			n = n ? n : 1;
		} else if (code == '\t') {
			*o++ = ' ';
		} else if (code >= 0x20 && (code < 0x7f || code > 0x9f)) {
			memcpy(o, in, n);
			o += n;
		}
		in += n;
		len -= n;
	}
	*o = '\0';
	return out;
}

/**
 * text_cut() - shorten a clean string
 * @s: the string, changed in place
 * @max: how many bytes it may have; at least 4
 *
 * A string that is cut ends in "..." and is still UTF-8.
 */
void text_cut(char *s, size_t max)
{
	size_t len = strlen(s);

	if (len <= max)
		return;
	len = max - 3;
	while (len && ((unsigned char)s[len] & 0xc0) == 0x80)
		len--;
	strcpy(s + len, "...");
}

static void emit(struct text_lines *lines, bool complete)
{
	char *clean = text_clean(lines->buf ? lines->buf : "", lines->len);

	lines->len = 0;
	lines->line(lines->ctx, clean, complete);
	free(clean);
}

/**
 * text_lines_feed() - hand over the next bytes of the stream
 * @lines: the splitter
 * @data: the bytes
 * @len: how many
 */
void text_lines_feed(struct text_lines *lines, const void *data, size_t len)
{
	const char *s = data;

	if (!lines->number && len)
		lines->number = 1;
	for (; len; s++, len--) {
		bool pair = *s == '\n' && lines->after_cr;

		lines->after_cr = *s == '\r';
		if (*s == '\n' || *s == '\r') {
			if (!pair)
				emit(lines, true);
			if (*s == '\n')
				lines->number++;
			continue;
		}
		if (lines->len >= TEXT_LINE_MAX)
			continue;
		if (lines->len == lines->cap) {
			lines->cap = lines->cap ? 2 * lines->cap : 256;
			lines->buf = xrealloc(lines->buf, lines->cap);
		}
		lines->buf[lines->len++] = *s;
	}
}

/**
 * text_field() - look up a name in lines of name, tab, value
 * @text: the lines
 * @name: the name, a whole first field
 *
 * Return: the value, which ends with its line; NULL if there is none.
 */
const char *text_field(const char *text, const char *name)
{
	size_t len = strlen(name);

	while (*text) {
		if (!strncmp(text, name, len) && text[len] == '\t')
			return text + len + 1;
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return NULL;
}

/**
 * text_lines_end() - the stream has ended
 * @lines: the splitter; it can be fed anew afterwards
 *
 * A last line without newline is handed over as incomplete.
 */
void text_lines_end(struct text_lines *lines)
{
	if (lines->len)
		emit(lines, false);
	free(lines->buf);
	lines->buf = NULL;
	lines->cap = 0;
	lines->after_cr = false;
}

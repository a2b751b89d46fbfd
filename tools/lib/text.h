/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BULKHEAD_TEXT_H
#define BULKHEAD_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* A longer line is cut here: no reader needs more, and memory stays bounded. */
#define TEXT_LINE_MAX	65536

/**
 * struct text_lines - cuts a stream of bytes into clean lines
 * @line: called for each line; @complete is false for a last line without its
 *        newline
 * @ctx: handed to @line
 * @number: number of the line being collected, from 1 once anything was fed
 *
 * The other members are private. A carriage return ends a line like a newline
 * does, so that what overwrites a progress message is seen for itself.
 */
struct text_lines {
	void (*line)(void *ctx, const char *line, bool complete);
	void *ctx;
	unsigned long number;
	char *buf;
	size_t len;
	size_t cap;
	bool after_cr;
};

void text_lines_feed(struct text_lines *lines, const void *data, size_t len);
void text_lines_end(struct text_lines *lines);

char *text_join(char *old, const char *separator, const char *more);
char *text_clean(const char *s, size_t len);
void text_cut(char *s, size_t max);
const char *text_skip_prefix(const char *s, const char *prefix);
bool text_has_word(const char *text, const char *word, size_t len);
const char *text_field(const char *text, const char *name);

#endif

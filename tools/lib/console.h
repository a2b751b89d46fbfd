/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BULKHEAD_CONSOLE_H
#define BULKHEAD_CONSOLE_H

#include <stddef.h>
#include <stdio.h>

#include "text.h"

#define CONSOLE_EXCERPT_LINES	16

/**
 * enum console_kind - the worst that was found
 * @CONSOLE_CLEAN: nothing
 * @CONSOLE_SPLAT: the kernel complained and went on
 * @CONSOLE_PANIC: the kernel died
 */
enum console_kind {
	CONSOLE_CLEAN,
	CONSOLE_SPLAT,
	CONSOLE_PANIC,
};

/**
 * struct console - scanner of a kernel's console
 * @kind: the worst that was found so far
 * @count: reports found; what stands inside one report counts once
 * @first: the first offending line, without its time stamp; NULL if clean
 * @first_line: its line number
 * @excerpt: the lines from there on, each with its newline; NULL if clean
 *
 * The other members are private.
 */
struct console {
	enum console_kind kind;
	unsigned long count;
	char *first;
	unsigned long first_line;
	char *excerpt;
	unsigned int excerpt_lines;
	bool in_report;
	unsigned int report_lines;
	char *cut_here;
	struct text_lines lines;
};

void console_init(struct console *console);
void console_feed(struct console *console, const void *data, size_t len);
void console_end(struct console *console);
int console_read(struct console *console, FILE *file);
void console_release(struct console *console);
enum console_kind console_line(const char *line);

#endif

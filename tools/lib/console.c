// SPDX-License-Identifier: GPL-2.0
/*
 * Scanner of a kernel's console: every known way in which a kernel says that
 * something is wrong with it.
 *
 * A pattern is tried where a printk record begins (line start, or after a time
 * stamp) and nowhere else: the same words inside a message, such as a program's
 * name or a test that announces what it provokes, mean nothing. The wordings
 * are those of 6.12 to 7.3, a few being older or newer.
 */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "util.h"

struct pattern {
	const char *glob;	/* the record begins so */
	enum console_kind kind;
};

static const struct pattern patterns[] = {
	/* The end. User-Mode Linux's own words may come without the first ones. */
	{ "Kernel panic - not syncing*", CONSOLE_PANIC },
	{ "Segfault with no mm*", CONSOLE_PANIC },
	{ "Segfault with pagefaults disabled but no mcontext*", CONSOLE_PANIC },
	{ "Segfault without recovery target*", CONSOLE_PANIC },
	{ "Kernel tried to access user memory at addr *", CONSOLE_PANIC },
	{ "Kernel mode fault at addr *", CONSOLE_PANIC },
	{ "Kernel mode signal [0-9]*", CONSOLE_PANIC },

	/*
	 * BUG(), oops, and everything that calls itself a bug: sanitizers, bad
	 * pages, soft lockups, sleeping or scheduling in the wrong place, spinlock
	 * and workqueue trouble, limits of lockdep that switch it off.
	 */
	{ "BUG: *", CONSOLE_SPLAT },
	{ "kernel BUG at *", CONSOLE_SPLAT },
	{ "BUG at *", CONSOLE_SPLAT },
	{ "\\[ BUG: *", CONSOLE_SPLAT },
	{ "watchdog: BUG: *", CONSOLE_SPLAT },
	{ "*watchdog: *Watchdog detected hard LOCKUP*", CONSOLE_SPLAT },
	{ "Oops: *", CONSOLE_SPLAT },
	{ "Oops\\[*", CONSOLE_SPLAT },
	{ "Internal error: Oops*", CONSOLE_SPLAT },
	{ "general protection fault*", CONSOLE_SPLAT },
	{ "PANIC: *", CONSOLE_SPLAT },
	{ "traps: PANIC: *", CONSOLE_SPLAT },
	{ "Fixing recursive fault but reboot is needed!*", CONSOLE_SPLAT },
	{ "note: *\\[[0-9]*\\] exited with irqs disabled*", CONSOLE_SPLAT },
	{ "note: *\\[[0-9]*\\] exited with preempt_count *", CONSOLE_SPLAT },
	{ "Thread overran stack, or stack corrupted*", CONSOLE_SPLAT },
	{ "softirq: huh, entered softirq *", CONSOLE_SPLAT },

	/* WARN(), and lockdep, which words its reports alike. */
	{ "WARNING: *", CONSOLE_SPLAT },
	{ "INFO: trying to register non-static key*", CONSOLE_SPLAT },
	{ "INFO: lockdep is turned off*", CONSOLE_SPLAT },
	{ "lockdep:* bad path found in chain graph*", CONSOLE_SPLAT },
	{ "CPU [0-9]* left hardirqs enabled!*", CONSOLE_SPLAT },
	{ "INFO: suspicious RCU usage*", CONSOLE_SPLAT },

	/* What never ends. */
	{ "INFO: task * blocked* for more than * seconds*", CONSOLE_SPLAT },
	{ "INFO: rcu* detected*stall*", CONSOLE_SPLAT },
	{ "INFO: rcu* self-detected stall*", CONSOLE_SPLAT },
	{ "rcu: INFO: * detected*stall*", CONSOLE_SPLAT },
	{ "rcu: INFO: * self-detected stall*", CONSOLE_SPLAT },
	{ "rcu: * kthread starved for * jiffies*", CONSOLE_SPLAT },
	{ "unregister_netdevice: waiting for * to become free*", CONSOLE_SPLAT },

	/* Sanitizers and leaks, where they do not say BUG. */
	{ "KASAN: * in range \\[*", CONSOLE_SPLAT },
	{ "UBSAN: * in *", CONSOLE_SPLAT },
	{ "kmemleak: [0-9]* new suspected memory leaks*", CONSOLE_SPLAT },
	{ "kmemleak: Found object by alias*", CONSOLE_SPLAT },
	{ "kmemleak: Cannot insert * into the object search tree*", CONSOLE_SPLAT },
	{ "kmemleak: *reeing unknown object*", CONSOLE_SPLAT },

	/* Data structures that are not what they should be. */
	{ "refcount_t: *", CONSOLE_SPLAT },
	{ "ODEBUG: * (active state *", CONSOLE_SPLAT },
	{ "ODEBUG: * not available *", CONSOLE_SPLAT },
	{ "list_add corruption*", CONSOLE_SPLAT },
	{ "list_del corruption*", CONSOLE_SPLAT },
	{ "ref_tracker: reference already released*", CONSOLE_SPLAT },
	{ "ref_tracker: * has */* users at*", CONSOLE_SPLAT },
	{ "VFS: Busy inodes after unmount of *", CONSOLE_SPLAT },
	{ "BUG * (*ainted*): *", CONSOLE_SPLAT },	/* a slab cache */
	{ "pagealloc: memory corruption*", CONSOLE_SPLAT },
	{ "pagealloc: single bit error*", CONSOLE_SPLAT },
	{ "page dumped because: *", CONSOLE_SPLAT },
	{ "usercopy: Kernel memory * attempt detected *", CONSOLE_SPLAT },
	{ "tree is corrupted: *", CONSOLE_SPLAT },
	{ "*pgtable-generic.c:[0-9]*: bad p?d *", CONSOLE_SPLAT },
	{ "*: Bad swap file entry *", CONSOLE_SPLAT },
	{ "*: Bad swap offset entry *", CONSOLE_SPLAT },
	{ "*: Unused swap *entry *", CONSOLE_SPLAT },
	{ "unrecognized swap entry 0x*", CONSOLE_SPLAT },

	/* User-Mode Linux lost its footing on the host. */
	{ "corrupt mm_context - pid = *", CONSOLE_SPLAT },
	{ "Unexpectedly lost MM child!*", CONSOLE_SPLAT },
	{ "UML ran out of memory on the host side!*", CONSOLE_SPLAT },
	{ "Bus error - the host /dev/shm or /tmp *", CONSOLE_SPLAT },
	{ "Attempted to relay unknown signal *", CONSOLE_SPLAT },
	{ "*: failed to wait for SIGTRAP, pid = *", CONSOLE_SPLAT },
	{ "* : failed to wait for stub, pid = *", CONSOLE_SPLAT },
	{ "* : stub syscall type * failed, return value = *", CONSOLE_SPLAT },
};

/* The guest's own words, which come through /dev/kmsg. */
static const char * const user_prefixes[] = { "bulkhead-init:", "bulkhead:" };

#define CUT_HERE	"------------[ cut here ]------------"
#define END_TRACE	"---[ end trace "
/* A report that does not say where it ends is over after so many lines. */
#define REPORT_LINES	200

/* Steps over "[    0.060000]", or returns NULL. */
static const char *skip_stamp(const char *s)
{
	size_t whole, part;

	if (*s != '[')
		return NULL;
	s += 1 + strspn(s + 1, " ");
	whole = strspn(s, "0123456789");
	if (!whole || s[whole] != '.')
		return NULL;
	s += whole + 1;
	part = strspn(s, "0123456789");
	return part && s[part] == ']' ? s + part + 1 : NULL;
}

/* Steps over the caller, "[   T12]" or "[    C0]", if there is one. */
static const char *skip_caller(const char *s)
{
	const char *p = s + strspn(s, " ");
	size_t digits;

	if (*p != '[')
		return s;
	p += 1 + strspn(p + 1, " ");
	if (*p != 'T' && *p != 'C')
		return s;
	digits = strspn(p + 1, "0123456789");
	return digits && p[1 + digits] == ']' ? p + digits + 2 : s;
}

/* The message of a record: without level, time stamp and caller. */
static const char *message(const char *s)
{
	const char *p;

	if (s[0] == '<') {
		size_t digits = strspn(s + 1, "0123456789");

		if (digits && s[1 + digits] == '>')
			s += digits + 2;
	}
	p = skip_stamp(s);
	s = p ? skip_caller(p) : s;
	return s + strspn(s, " ");
}

/* A record that begins behind @s in the same line, for the last one had no end. */
static const char *next_record(const char *s)
{
	while (*s && (s = strchr(s + 1, '[')))
		if (skip_stamp(s))
			return s;
	return NULL;
}

static bool from_user(const char *msg)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(user_prefixes); i++)
		if (text_skip_prefix(msg, user_prefixes[i]))
			return true;
	return false;
}

static enum console_kind judge(const char *msg)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(patterns); i++)
		if (!fnmatch(patterns[i].glob, msg, 0))
			return patterns[i].kind;
	return CONSOLE_CLEAN;
}

/* Judges the line; *offender is the message that made it bad. */
static enum console_kind judge_line(const char *line, const char **offender)
{
	enum console_kind worst = CONSOLE_CLEAN, kind;
	const char *record, *msg;

	for (record = line; record; record = next_record(record)) {
		msg = message(record);
		if (from_user(msg))
			break;
		kind = judge(msg);
		if (kind > worst) {
			worst = kind;
			*offender = msg;
		}
	}
	return worst;
}

/**
 * console_line() - judge one line
 * @line: the line, clean, with or without its time stamp
 *
 * Return: what it is, by itself.
 */
enum console_kind console_line(const char *line)
{
	const char *offender;

	return judge_line(line, &offender);
}

static void excerpt(struct console *c, const char *line)
{
	char *copy;

	if (c->excerpt_lines == CONSOLE_EXCERPT_LINES)
		return;
	copy = xstrdup(line);
	text_cut(copy, 300);
	c->excerpt = text_join(c->excerpt, "", copy);
	free(copy);
	c->excerpt = text_join(c->excerpt, "\n", "");
	c->excerpt_lines++;
}

static void take_line(void *ctx, const char *line, bool complete)
{
	struct console *c = ctx;
	const char *offender = line, *msg = message(line);
	enum console_kind kind = judge_line(line, &offender);

	(void)complete;
	if (!strncmp(msg, CUT_HERE, strlen(CUT_HERE))) {
		free(c->cut_here);
		c->cut_here = xstrdup(line);
		c->in_report = false;
		if (c->kind)
			excerpt(c, line);
		return;
	}
	if (kind) {
		if (!c->in_report || kind > c->kind) {
			c->count += !c->in_report;
			/* Only what a "cut here" opened has an end to wait for. */
			c->in_report = c->cut_here != NULL;
			c->report_lines = 0;
		}
		if (!c->kind) {
			c->first = xstrdup(offender);
			text_cut(c->first, 400);
			c->first_line = c->lines.number;
			if (c->cut_here)
				excerpt(c, c->cut_here);
		}
		if (kind > c->kind)
			c->kind = kind;
	}
	if (c->kind)
		excerpt(c, line);
	if (c->in_report &&
	    (++c->report_lines == REPORT_LINES || text_skip_prefix(msg, END_TRACE)))
		c->in_report = false;
	if (text_skip_prefix(msg, END_TRACE)) {
		free(c->cut_here);
		c->cut_here = NULL;
	}
}

/**
 * console_init() - begin to scan
 * @c: the scanner, to be released with console_release()
 */
void console_init(struct console *c)
{
	memset(c, 0, sizeof(*c));
	c->lines.line = take_line;
	c->lines.ctx = c;
}

/**
 * console_feed() - scan on
 * @c: the scanner
 * @data: the next bytes, cut anywhere
 * @len: how many
 */
void console_feed(struct console *c, const void *data, size_t len)
{
	text_lines_feed(&c->lines, data, len);
}

/**
 * console_end() - the console has ended; a last line without newline counts
 * @c: the scanner
 */
void console_end(struct console *c)
{
	text_lines_end(&c->lines);
}

/**
 * console_read() - scan a whole file
 * @c: the scanner, initialised
 * @file: the file
 *
 * Return: 0, or -1 with errno set.
 */
int console_read(struct console *c, FILE *file)
{
	char buf[16384];
	size_t n;

	while ((n = fread(buf, 1, sizeof(buf), file)))
		console_feed(c, buf, n);
	console_end(c);
	return ferror(file) ? -1 : 0;
}

/**
 * console_release() - free what the scanner holds
 * @c: the scanner
 */
void console_release(struct console *c)
{
	free(c->first);
	free(c->excerpt);
	free(c->cut_here);
	free(c->lines.buf);
	memset(c, 0, sizeof(*c));
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a control file is to be, and the checks that hold for all of them. The
 * files themselves are in the tables *-files.h.
 */
#ifndef IFACE_H
#define IFACE_H

#include <ctype.h>
#include <sys/stat.h>
#include "kselftest_harness.h"
#include "cgroup.h"

/* The formats of cgroup-v2.rst, "Format". */
enum format {
	ANY_FORM,	/* v1 has some of its own */
	NOTHING,	/* not to be read */
	VALUE,		/* one line, one word */
	LINES,		/* values, each on a line */
	WORDS,		/* values, all on one line */
	FLAT,		/* a key and a value on each line */
	NESTED,		/* a key and SUB_KEY=VALUE pairs on each line */
	RANGES,		/* numbers and ranges, as 0-3,7 */
};

enum where { BELOW_ROOT, ROOT, BOTH };

struct iface {
	const char *controller;	/* v1: the hierarchy that it is looked for in */
	const char *name;
	mode_t mode;
	enum format format;
	enum where where;
	/* What a new cgroup has; "zeros": FLAT with no value but 0. */
	const char *first;
	/* What is read after writing it; "WRITTEN|READ" where it differs. */
	const char *good[6];
	/* What is refused with EINVAL, with ERANGE, and with ENODEV. */
	const char *bad[8], *range[4], *nodev[2];
	/* Has events to be polled for; what makes one, if that is simple. */
	bool events;
	void (*event)(const char *cg);
};

static inline bool all(const char *text, const char *set)
{
	return text[strspn(text, set)] == '\0';
}

/* A key, and what follows it on the line. */
static inline bool line_is(enum format format, char *line, bool zeros)
{
	char *word, *save = NULL;
	int n = 0;

	for (word = strtok_r(line, " ", &save); word;
	     word = strtok_r(NULL, " ", &save), n++) {
		if (format == FLAT && n == 1 && zeros && strcmp(word, "0"))
			return false;
		if (format == NESTED && n && !strchr(word, '='))
			return false;
		if (format == NESTED && !n && strchr(word, '='))
			return false;
	}
	switch (format) {
	case VALUE:
	case LINES:
		return n == 1;
	case FLAT:
		return n == 2;
	default:
		return n >= 1;
	}
}

/* Whether the file's text is of that format. */
static inline bool text_is(enum format format, const char *text, bool zeros)
{
	char buf[16384], *line, *save = NULL;
	int n = 0;

	if (format == ANY_FORM || format == NOTHING)
		return true;
	if (format == RANGES)
		return all(text, "0123456789-,");
	snprintf(buf, sizeof(buf), "%s", text);
	for (line = strtok_r(buf, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save), n++)
		if (!line_is(format, line, zeros))
			return false;
	if (format == VALUE || format == WORDS)
		return n <= 1;
	return true;
}

static inline void check_place(struct __test_metadata *_metadata,
			       const struct iface *f, const char *cg, bool there)
{
	char path[PATH_MAX];
	struct stat st;

	if (!there) {
		EXPECT_FALSE(cg_has(cg, f->name))
			TH_LOG("%s/%s", cg, f->name);
		return;
	}
	ASSERT_EQ(0, stat(cg_path(path, cg, f->name), &st))
		TH_LOG("%s", path);
	EXPECT_TRUE(S_ISREG(st.st_mode));
	EXPECT_EQ(f->mode, st.st_mode & 07777)
		TH_LOG("%s: mode %o", path, st.st_mode & 07777);
	EXPECT_EQ(0, st.st_uid);
	EXPECT_EQ(0, st.st_gid);
}

/* Modes mean what they say to an ordinary user. */
static inline void check_access(struct __test_metadata *_metadata,
				const struct iface *f, const char *cg)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		char path[PATH_MAX];

		proc_become_nobody();
		cg_path(path, cg, f->name);
		must(access(path, F_OK) == 0);
		if (f->mode & 0004)
			must(access(path, R_OK) == 0);
		else
			must(open(path, O_RDONLY) == -1 && errno == EACCES);
		must(open(path, O_WRONLY) == -1 && errno == EACCES);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

static inline void check_format(struct __test_metadata *_metadata,
				const struct iface *f, const char *cg, bool fresh)
{
	bool zeros = fresh && f->first && !strcmp(f->first, "zeros");
	char text[16384];

	if (f->format == NOTHING) {
		EXPECT_LT(cg_read(cg, f->name, text, sizeof(text)), 0)
			TH_LOG("%s/%s can be read", cg, f->name);
		return;
	}
	ASSERT_GE(cg_read(cg, f->name, text, sizeof(text)), 0)
		TH_LOG("%s/%s", cg, f->name);
	EXPECT_TRUE(text_is(f->format, text, zeros))
		TH_LOG("%s/%s is '%s'", cg, f->name, text);
	if (fresh && f->first && !zeros) {
		EXPECT_STREQ(f->first, text)
			TH_LOG("%s/%s", cg, f->name);
	}
}

static inline void check_good(struct __test_metadata *_metadata,
			      const struct iface *f, const char *cg)
{
	for (size_t i = 0; i < ARRAY_SIZE(f->good) && f->good[i]; i++) {
		char written[256], text[4096], *read = written;

		snprintf(written, sizeof(written), "%s", f->good[i]);
		if (strchr(written, '|')) {
			read = strchr(written, '|');
			*read++ = '\0';
		}
		EXPECT_EQ(0, cg_write(cg, f->name, written))
			TH_LOG("writing '%s' to %s", written, f->name);
		if (f->format == NOTHING)
			continue;
		ASSERT_GE(cg_read(cg, f->name, text, sizeof(text)), 0);
		EXPECT_STREQ(read, text)
			TH_LOG("after writing '%s' to %s", written, f->name);
		/* What was read can be written. */
		if (f->format == VALUE || f->format == RANGES) {
			EXPECT_EQ(0, cg_write(cg, f->name, text));
		}
	}
}

static inline void check_refused(struct __test_metadata *_metadata,
				 const struct iface *f, const char *cg,
				 const char *value, int err)
{
	char before[4096] = "", after[4096] = "";

	if (f->format != NOTHING)
		cg_read(cg, f->name, before, sizeof(before));
	EXPECT_EQ(err, cg_write(cg, f->name, value))
		TH_LOG("writing '%s' to %s", value, f->name);
	if (f->format != NOTHING && f->format != NESTED) {
		cg_read(cg, f->name, after, sizeof(after));
		EXPECT_STREQ(before, after)
			TH_LOG("after writing '%s' to %s", value, f->name);
	}
}

static inline void check_bad(struct __test_metadata *_metadata,
			     const struct iface *f, const char *cg)
{
	for (size_t i = 0; i < ARRAY_SIZE(f->bad) && f->bad[i]; i++)
		check_refused(_metadata, f, cg, f->bad[i], -EINVAL);
	for (size_t i = 0; i < ARRAY_SIZE(f->range) && f->range[i]; i++)
		check_refused(_metadata, f, cg, f->range[i], -ERANGE);
	for (size_t i = 0; i < ARRAY_SIZE(f->nodev) && f->nodev[i]; i++)
		check_refused(_metadata, f, cg, f->nodev[i], -ENODEV);
}

/* All values; and the malformed ones again, with something else to keep. */
static inline void check_values(struct __test_metadata *_metadata,
				const struct iface *f, const char *cg)
{
	check_bad(_metadata, f, cg);
	check_good(_metadata, f, cg);
	check_bad(_metadata, f, cg);
	if (!(f->mode & 0222)) {
		EXPECT_NE(0, cg_write(cg, f->name, "0"))
			TH_LOG("%s can be written", f->name);
	}
}

/* Files of events are polled for a change; others have none to offer. */
static inline void check_events(struct __test_metadata *_metadata,
				const struct iface *f, const char *cg)
{
	int fd;

	if (!f->events || f->format == NOTHING)
		return;
	fd = cg_watch(cg, f->name);
	ASSERT_GE(fd, 0);
	EXPECT_FALSE(cg_event(fd, 0))
		TH_LOG("%s has an event that nobody made", f->name);
	if (f->event) {
		f->event(cg);
		EXPECT_TRUE(cg_event(fd, PROC_HANG_MS))
			TH_LOG("%s has no event", f->name);
		EXPECT_TRUE(cg_event_ends(fd))
			TH_LOG("%s has one event after the other", f->name);
	}
	close(fd);
}

/* Names are of lower-case letters, digits, dots and underscores. */
static inline bool name_is_fine(const char *name)
{
	return islower(name[0]) &&
	       all(name, "abcdefghijklmnopqrstuvwxyz0123456789._");
}

static inline bool name_ends(const char *name, const char *end)
{
	size_t n = strlen(name), e = strlen(end);

	return n >= e && !strcmp(name + n - e, end);
}

/* Calls @check for each file of the folder. */
static inline void walk_files(struct __test_metadata *_metadata, const char *cg,
			      void (*check)(struct __test_metadata *_metadata,
					    const char *cg, const char *name))
{
	struct dirent *d;
	DIR *dir = opendir(cg);
	int n = 0;

	ASSERT_NE(NULL, dir);
	while ((d = readdir(dir))) {
		if (d->d_type != DT_REG)
			continue;
		check(_metadata, cg, d->d_name);
		n++;
	}
	closedir(dir);
	EXPECT_GT(n, 0);
}

#endif /* IFACE_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * JSON that a program prints, read strictly: RFC 8259 and nothing else, UTF-8
 * that is valid, no name twice in an object.
 */
#ifndef BULKHEAD_JSON_H
#define BULKHEAD_JSON_H

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JSON_TEXT	1024

struct json {
	const unsigned char *p;
	char path[JSON_TEXT];
	const char *want;	/* path of a value, or NULL */
	char *out;		/* JSON_TEXT bytes for it */
	bool found;
};

static inline void json_blank(struct json *j)
{
	while (*j->p && strchr(" \t\r\n", *j->p))
		j->p++;
}

static inline bool json_is(struct json *j, char c)
{
	json_blank(j);
	if (*j->p != (unsigned char)c)
		return false;
	j->p++;
	return true;
}

/* One character of UTF-8 to @out. Returns its length, 0 if it is none. */
static inline int json_utf8(const unsigned char *p, char *out)
{
	unsigned int c;
	int n = *p < 0x80 ? 1 : *p >> 5 == 6 ? 2 : *p >> 4 == 14 ? 3 : *p >> 3 == 30 ? 4 : 0;

	if (!n)
		return 0;
	c = n == 1 ? *p : *p & (0x7f >> n);
	out[0] = *p;
	for (int i = 1; i < n; i++) {
		if (p[i] >> 6 != 2)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
		out[i] = p[i];
	}
	if ((n == 2 && c < 0x80) || (n == 3 && c < 0x800) || (n == 4 && c < 0x10000))
		return 0;
	return c > 0x10ffff || c >> 11 == 0x1b ? 0 : n;
}

/* "\uXXXX": the tool writes none beyond U+00FF, which would come out as a question mark. */
static inline int json_escape(struct json *j, char *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *at = *j->p ? strchr(from, *j->p) : NULL;
	unsigned int c = 0;

	if (at) {
		*out = to[at - from];
		j->p++;
		return 1;
	}
	if (*j->p++ != 'u')
		return 0;
	for (int i = 0; i < 4; i++, j->p++) {
		if (!isxdigit(*j->p))
			return 0;
		c = c * 16 + (isdigit(*j->p) ? *j->p - '0' : (*j->p | 0x20) - 'a' + 10);
	}
	*out = c > 0xff ? '?' : c;
	return 1;
}

static inline bool json_text(struct json *j, char *out)
{
	size_t len = 0;
	int n;

	if (!json_is(j, '"'))
		return false;
	while (*j->p != '"') {
		if (*j->p < 0x20 || len > JSON_TEXT - 8)
			return false;
		if (*j->p == '\\') {
			j->p++;
			n = json_escape(j, out + len);
		} else {
			n = json_utf8(j->p, out + len);
			j->p += n;
		}
		if (!n)
			return false;
		len += n;
	}
	j->p++;
	out[len] = '\0';
	return true;
}

static inline bool json_digits(struct json *j)
{
	if (!isdigit(*j->p))
		return false;
	while (isdigit(*j->p))
		j->p++;
	return true;
}

static inline bool json_number(struct json *j, char *out)
{
	const unsigned char *from = j->p;

	if (*j->p == '-')
		j->p++;
	if (*j->p == '0')
		j->p++;
	else if (!json_digits(j))
		return false;
	if (*j->p == '.' && (j->p++, !json_digits(j)))
		return false;
	if (*j->p == 'e' || *j->p == 'E') {
		j->p++;
		if (*j->p == '+' || *j->p == '-')
			j->p++;
		if (!json_digits(j))
			return false;
	}
	snprintf(out, JSON_TEXT, "%.*s", (int)(j->p - from), from);
	return true;
}

static inline bool json_word(struct json *j, char *out)
{
	static const char * const words[] = { "true", "false", "null" };

	for (int i = 0; i < 3; i++) {
		size_t len = strlen(words[i]);

		if (strncmp((const char *)j->p, words[i], len))
			continue;
		j->p += len;
		strcpy(out, words[i]);
		return true;
	}
	return false;
}

static inline bool json_any(struct json *j);

/* The members of an object or an array, up to its end. */
static inline bool json_members(struct json *j, bool object)
{
	size_t here = strlen(j->path), names = 0;
	char name[JSON_TEXT], seen[4 * JSON_TEXT] = "";
	char end = object ? '}' : ']';

	if (json_is(j, end))
		return true;
	for (int i = 0; ; i++) {
		if (object) {
			char mark[JSON_TEXT + 2];

			if (!json_text(j, name) || !json_is(j, ':'))
				return false;
			snprintf(mark, sizeof(mark), "\n%s\n", name);
			if (strstr(seen, mark) || names + strlen(mark) >= sizeof(seen))
				return false;
			strcpy(seen + names, mark);
			names += strlen(mark);
			snprintf(j->path + here, JSON_TEXT - here, ".%s", name);
		} else {
			snprintf(j->path + here, JSON_TEXT - here, "[%d]", i);
		}
		if (!json_any(j))
			return false;
		j->path[here] = '\0';
		if (json_is(j, end))
			return true;
		if (!json_is(j, ','))
			return false;
	}
}

static inline bool json_any(struct json *j)
{
	char out[JSON_TEXT];

	json_blank(j);
	if (json_is(j, '{'))
		return json_members(j, true);
	if (json_is(j, '['))
		return json_members(j, false);
	if (*j->p == '"' ? !json_text(j, out) : !json_number(j, out) && !json_word(j, out))
		return false;
	if (j->want && !strcmp(j->want, j->path + (*j->path == '.'))) {
		strcpy(j->out, out);
		j->found = true;
	}
	return true;
}

/*
 * The value at @path, such as "name" or "[0].name", as text. NULL: there is none, or
 * @text is no JSON.
 */
static inline const char *json_get(const char *text, const char *path)
{
	static char out[JSON_TEXT];
	struct json j = { .p = (const unsigned char *)text, .want = path, .out = out };

	if (!json_any(&j))
		return NULL;
	json_blank(&j);
	return *j.p || !j.found ? NULL : out;
}

static inline bool json_valid(const char *text)
{
	struct json j = { .p = (const unsigned char *)text };

	if (!json_any(&j))
		return false;
	json_blank(&j);
	return !*j.p;
}

#endif /* BULKHEAD_JSON_H */

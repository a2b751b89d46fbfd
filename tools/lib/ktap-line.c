// SPDX-License-Identifier: GPL-2.0
/* One line of KTAP: what it is, and its fields. Knows nothing of nesting. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ktap-line.h"
#include "text.h"
#include "util.h"

/* Enough digits for any plan, few enough that no sum overflows. */
#define NUMBER_DIGITS	9

static char *trimmed(const char *s, size_t len)
{
	char *copy;

	while (len && *s == ' ') {
		s++;
		len--;
	}
	while (len && s[len - 1] == ' ')
		len--;
	copy = xrealloc(NULL, len + 1);
	memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

/* Reads a number that a space or the end follows; NULL if there is none. */
static const char *number(const char *s, unsigned long *value)
{
	size_t digits = strspn(s, "0123456789");

	if (!digits || digits > NUMBER_DIGITS || (s[digits] && s[digits] != ' '))
		return NULL;
	*value = strtoul(s, NULL, 10);
	return s + digits;
}

static bool is_version(const char *s)
{
	unsigned long version;
	const char *end = text_skip_prefix(s, "KTAP version ");

	if (!end)
		end = text_skip_prefix(s, "TAP version ");
	end = end ? number(end, &version) : NULL;
	return end && !end[strspn(end, " ")];
}

/* The "#" that begins a directive stands alone; "\#" and "a#b" are names. */
static const char *find_hash(const char *s)
{
	const char *p;

	for (p = s; (p = strchr(p, '#')); p++)
		if (p == s || p[-1] == ' ')
			return p;
	return NULL;
}

/* If @s begins with the directive @word, what follows it; else NULL. */
static const char *directive(const char *s, const char *word)
{
	size_t len = strlen(word);

	if (strncasecmp(s, word, len))
		return NULL;
	s += len;
	if (isalnum((unsigned char)*s) || *s == '_')
		return NULL;
	return *s == ':' ? s + 1 : s;
}

static const char *skip_directive(const char *s)
{
	const char *text = directive(s, "SKIP");

	return text ? text : directive(s, "SKIPPED");
}

static void parse_directive(struct ktap_line *line, const char *s)
{
	static const struct {
		const char *word;
		enum ktap_status status;
	} words[] = {
		{ "XFAIL", KTAP_XFAIL },
		{ "TODO", KTAP_XFAIL },
		{ "TIMEOUT", KTAP_TIMEOUT },
		{ "ERROR", KTAP_FAIL },
	};
	const char *text = skip_directive(s);
	size_t i;

	if (text)
		line->status = KTAP_SKIP;
	for (i = 0; !text && i < ARRAY_SIZE(words); i++) {
		text = directive(s, words[i].word);
		if (text)
			line->status = words[i].status;
	}
	text = text ? text : s;
	line->reason = trimmed(text, strlen(text));
}

static bool parse_result(struct ktap_line *line, const char *s)
{
	const char *rest = text_skip_prefix(s, "ok"), *hash, *end;

	line->status = KTAP_PASS;
	if (!rest) {
		rest = text_skip_prefix(s, "not ok");
		line->status = KTAP_FAIL;
	}
	if (!rest || (*rest && *rest != ' '))
		return false;
	rest += strspn(rest, " ");

	end = number(rest, &line->number);
	if (end) {
		rest = end + strspn(end, " ");
	} else if (line->status == KTAP_PASS && *rest && *rest != '#' &&
		   strncmp(rest, "- ", 2)) {
		/* "ok, then": prose. A prose "not ok" is never taken lightly. */
		return false;
	}
	if (!strncmp(rest, "- ", 2))
		rest += 2;

	hash = find_hash(rest);
	line->name = trimmed(rest, hash ? (size_t)(hash - rest) : strlen(rest));
	if (hash) {
		hash++;
		parse_directive(line, hash + strspn(hash, " "));
	}
	return true;
}

static bool parse_plan(struct ktap_line *line, const char *s)
{
	const char *rest = text_skip_prefix(s, "1.."), *text;

	rest = rest ? number(rest, &line->number) : NULL;
	if (!rest)
		return false;
	rest += strspn(rest, " ");
	if (*rest && *rest != '#')
		return false;
	if (*rest) {
		rest++;
		rest += strspn(rest, " ");
		text = skip_directive(rest);
		line->skip = text != NULL;
		text = text ? text : rest;
		line->reason = trimmed(text, strlen(text));
	}
	return true;
}

/**
 * ktap_line_parse() - take a line apart
 * @line: what is found; to be released with ktap_line_release()
 * @text: the clean line, without what nests it
 */
void ktap_line_parse(struct ktap_line *line, const char *text)
{
	const char *rest = text_skip_prefix(text, "Bail out!");

	memset(line, 0, sizeof(*line));
	if (is_version(text)) {
		line->kind = KTAP_LINE_VERSION;
	} else if (parse_plan(line, text)) {
		line->kind = KTAP_LINE_PLAN;
	} else if (parse_result(line, text)) {
		line->kind = KTAP_LINE_RESULT;
	} else if (rest) {
		line->kind = KTAP_LINE_BAIL_OUT;
		line->reason = trimmed(rest, strlen(rest));
	} else if (*text == '#') {
		line->kind = KTAP_LINE_DIAGNOSTIC;
		line->reason = trimmed(text + 1, strlen(text + 1));
	} else {
		line->reason = trimmed(text, strlen(text));
	}
	if (!line->reason)
		line->reason = xstrdup("");
}

/**
 * ktap_line_release() - free the fields of a line
 * @line: the line
 */
void ktap_line_release(struct ktap_line *line)
{
	free(line->name);
	free(line->reason);
}

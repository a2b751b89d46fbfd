// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suite.h"
#include "text.h"
#include "util.h"

static bool set_disks(struct suite *s, char *value)
{
	unsigned long long size;
	char *word, *save;

	for (word = strtok_r(value, " \t", &save); word; word = strtok_r(NULL, " \t", &save)) {
		if (s->ndisks == SUITE_MAX_DISKS || !parse_size(word, &size))
			return false;
		s->disks[s->ndisks++] = xstrdup(word);
	}
	return true;
}

static void set_string(char **field, const char *value)
{
	free(*field);
	*field = xstrdup(value);
}

/* Returns NULL, or what is wrong with the value. */
static const char *set_key(struct suite *s, const char *key, char *value)
{
	unsigned long long size;
	long n;

	if (!strcmp(key, "desc")) {
		set_string(&s->desc, value);
	} else if (!strcmp(key, "cgroup")) {
		if (!parse_cgroups(value))
			return "not v2, none or v1:CONTROLLER,...";
		set_string(&s->cgroup, value);
	} else if (!strcmp(key, "cpus")) {
		if (!parse_int(value, 1, 64, &s->cpus))
			return "not a number from 1 to 64";
	} else if (!strcmp(key, "waits")) {
		if (strcmp(value, "y") && strcmp(value, "n"))
			return "not y or n";
		s->waits = *value == 'y';
	} else if (!strcmp(key, "memory")) {
		if (!parse_size(value, &size) || size < 32ULL << 20)
			return "not a size of at least 32M";
		set_string(&s->memory, value);
	} else if (!strcmp(key, "disks")) {
		if (!set_disks(s, value))
			return "not up to 16 sizes such as 512M 1G";
	} else if (!strcmp(key, "features")) {
		set_string(&s->features, value);
	} else if (!strcmp(key, "since")) {
		if (value[strspn(value, "0123456789.")] || !*value)
			return "not a kernel version such as 6.12";
		set_string(&s->since, value);
	} else if (!strcmp(key, "timeout")) {
		if (!parse_int(value, 1, 100000, &s->timeout))
			return "not a number of seconds";
	} else if (!strcmp(key, "expect")) {
		if (!parse_int(value, 0, 100000, &n))
			return "not a number of seconds";
		s->expect = n;
	} else if (!strcmp(key, "kselftest")) {
		if (!*value || *value == '/' || strstr(value, ".."))
			return "not a folder below tools/testing/selftests";
		set_string(&s->kselftest, value);
	} else if (!strcmp(key, "absent")) {
		set_string(&s->absent, value);
	} else {
		return "unknown key";
	}
	return NULL;
}

static bool load_needs(struct suite *s, const char *path, char **error)
{
	char *text = read_file(path, NULL), *line, *save, *value, *key;
	const char *wrong;
	int number = 0;

	if (!text) {
		*error = xasprintf("%s: %s", path, strerror(errno));
		return false;
	}
	for (line = text; line; line = save) {
		save = strchr(line, '\n');
		if (save)
			*save++ = '\0';
		number++;
		line[strcspn(line, "#")] = '\0';
		key = trim(line);
		if (!*key)
			continue;
		value = strchr(key, '=');
		if (!value) {
			*error = xasprintf("%s:%d: '%s' is not key = value", path, number, key);
			break;
		}
		*value++ = '\0';
		key = trim(key);
		value = trim(value);
		wrong = set_key(s, key, value);
		if (wrong) {
			*error = xasprintf("%s:%d: %s = '%s': %s", path, number, key, value, wrong);
			break;
		}
	}
	free(text);
	return !line;
}

static void load_config(struct suite *s, const char *path)
{
	char *text = read_file(path, NULL), *line, *save;

	for (line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		line[strcspn(line, "#")] = '\0';
		line = trim(line);
		if (strncmp(line, "CONFIG_", 7))
			continue;
		s->config = xrealloc(s->config, (s->nconfig + 1) * sizeof(*s->config));
		s->config[s->nconfig++] = xstrdup(line);
	}
	free(text);
}

bool suite_load(const char *dir, const char *name, struct suite *s, char **error)
{
	char *needs = xasprintf("%s/%s/suite", dir, name);
	char *config = xasprintf("%s/%s/config", dir, name);
	bool ok;

	*s = (struct suite) {
		.name = xstrdup(name), .desc = xstrdup(""), .cgroup = xstrdup("v2"), .cpus = 1,
		.memory = xstrdup("256M"), .features = xstrdup(""), .timeout = 120, .expect = 1,
	};
	ok = load_needs(s, needs, error);
	if (ok)
		load_config(s, config);
	else
		suite_free(s);
	free(needs);
	free(config);
	return ok;
}

void suite_free(struct suite *s)
{
	free(s->name);
	free(s->desc);
	free(s->cgroup);
	free(s->memory);
	free(s->features);
	free(s->since);
	free(s->kselftest);
	free(s->absent);
	while (s->ndisks)
		free(s->disks[--s->ndisks]);
	while (s->nconfig)
		free(s->config[--s->nconfig]);
	free(s->config);
	memset(s, 0, sizeof(*s));
}

int version_compare(const char *a, const char *b)
{
	while (*a || *b) {
		char *end_a, *end_b;
		long x = strtol(a, &end_a, 10), y = strtol(b, &end_b, 10);

		if (x != y)
			return x < y ? -1 : 1;
		/* "7.3.4-rc1" and the like: only the numbers are ordered */
		a = *end_a == '.' ? end_a + 1 : "";
		b = *end_b == '.' ? end_b + 1 : "";
	}
	return 0;
}

static bool has_line(const char *text, const char *line)
{
	size_t n = strlen(line);
	const char *p;

	for (p = text; (p = strstr(p, line)); p += n)
		if ((p == text || p[-1] == '\n') && (p[n] == '\n' || !p[n]))
			return true;
	return false;
}

char *suite_obstacle(const struct suite *s, const struct kernel_facts *k)
{
	char *features = xstrdup(s->features), *word, *save, *reason = NULL;
	int i;

	if (s->since && version_compare(k->release, s->since) < 0)
		reason = xasprintf("needs Linux %s or newer, this is %s", s->since, k->release);
	if (!reason && s->absent)
		reason = xstrdup(s->absent);
	for (word = strtok_r(features, " ,\t", &save); word && !reason;
	     word = strtok_r(NULL, " ,\t", &save))
		if (!text_has_word(k->features, word, strlen(word)))
			reason = xasprintf("feature %s is not in this tree", word);
	for (i = 0; i < s->nconfig && !reason; i++)
		if (!has_line(k->config, s->config[i]))
			reason = xasprintf("the kernel lacks %s", s->config[i]);
	if (!reason && s->ndisks && !has_line(k->config, "CONFIG_BLK_DEV_UBD=y"))
		reason = xstrdup("needs a disk, the kernel lacks CONFIG_BLK_DEV_UBD=y");
	if (!reason && s->cpus > 1 && !has_line(k->config, "CONFIG_SMP=y"))
		reason = xasprintf("needs %ld CPUs, the kernel lacks CONFIG_SMP=y", s->cpus);
	free(features);
	return reason;
}

static bool matches(const char *name, const char *pattern)
{
	const char *slash = strchr(name, '/');

	return !fnmatch(pattern, name, 0) || !fnmatch(pattern, slash + 1, FNM_PATHNAME) ||
	       (strlen(pattern) == (size_t)(slash - name) && !strncmp(name, pattern, slash - name));
}

static void add_name(char ***names, int *n, const char *name)
{
	int i;

	for (i = 0; i < *n; i++)
		if (!strcmp((*names)[i], name))
			return;
	*names = xrealloc(*names, (*n + 1) * sizeof(**names));
	(*names)[(*n)++] = xstrdup(name);
}

int suite_find(const char *dir, const char *pattern, char ***names, int *n)
{
	struct dirent **groups, **suites;
	int i, j, found = 0, ngroups, nsuites;

	ngroups = scandir(dir, &groups, NULL, alphasort);
	if (ngroups < 0)
		return -1;
	for (i = 0; i < ngroups; i++) {
		char *group = xasprintf("%s/%s", dir, groups[i]->d_name);

		nsuites = groups[i]->d_name[0] == '.' ? 0 : scandir(group, &suites, NULL, alphasort);
		for (j = 0; j < nsuites; j++) {
			char *name = xasprintf("%s/%s", groups[i]->d_name, suites[j]->d_name);
			char *file = xasprintf("%s/%s/suite", dir, name);

			if (suites[j]->d_name[0] != '.' && !access(file, F_OK) &&
			    matches(name, pattern)) {
				add_name(names, n, name);
				found++;
			}
			free(file);
			free(name);
			free(suites[j]);
		}
		if (nsuites > 0)
			free(suites);
		free(group);
		free(groups[i]);
	}
	free(groups);
	return found;
}

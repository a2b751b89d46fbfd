// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../lib/util.h"
#include "cgroup.h"
#include "process.h"

/* A signal that comes just before a wait is seen after it: no wait is longer than this. */
#define WAIT_MS		500

/* For so long it is looked at all the time, and then each millisecond. */
#define NOW_MS		3
#define SOON_MS		100

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

void mount_unescape(char *s)
{
	char *to = s;

	while (*s) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && is_octal(s[2]) && is_octal(s[3])) {
			*to++ = (s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0');
			s += 4;
		} else {
			*to++ = *s++;
		}
	}
	*to = '\0';
}

bool mount_line_parse(char *line, struct mount_line *m)
{
	char *save = NULL, *word;
	int i;

	*m = (struct mount_line){ 0 };
	/* id, parent, device, root, point, options, any number of fields, "-", type */
	word = strtok_r(line, " \n", &save);
	for (i = 0; word && i < 6; i++) {
		if (i == 3)
			m->root = word;
		if (i == 4)
			m->point = word;
		word = strtok_r(NULL, " \n", &save);
	}
	while (word && strcmp(word, "-"))
		word = strtok_r(NULL, " \n", &save);
	m->type = word ? strtok_r(NULL, " \n", &save) : NULL;
	if (!m->type)
		return false;
	mount_unescape(m->root);
	mount_unescape(m->point);
	return true;
}

int cgroup_join(const struct mount_line *m, const char *name, char *path, size_t size)
{
	size_t len = strlen(m->root);

	if (!strcmp(m->root, "/"))
		len = 0;
	if (*name != '/' || strncmp(name, m->root, len) || (name[len] && name[len] != '/'))
		return -ENODEV;
	/* Outside of the reader's cgroup namespace: no path leads there. */
	if (!strncmp(name, "/..", 3))
		return -ENODEV;
	name += len;
	if (!strcmp(name, "/"))
		name = "";
	if (snprintf(path, size, "%s%s", strcmp(m->point, "/") ? m->point : "", name) >= (int)size)
		return -ENAMETOOLONG;
	return 0;
}

/* The name of a process's cgroup, as /proc has it. */
static int cgroup_name(pid_t pid, char **name)
{
	char file[64], *line = NULL;
	int err = -ENOENT;
	size_t size = 0;
	FILE *in;

	if (pid)
		snprintf(file, sizeof(file), "/proc/%d/cgroup", pid);
	else
		snprintf(file, sizeof(file), "/proc/self/cgroup");
	in = fopen(file, "re");
	while (err && in && getline(&line, &size, in) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, "0::", 3)) {
			*name = xstrdup(line + 3);
			err = 0;
		}
	}
	if (in)
		fclose(in);
	free(line);
	return err;
}

int cgroup_of(pid_t pid, char *path, size_t size)
{
	struct mount_line m;
	char *line = NULL, *name;
	size_t room = 0;
	FILE *in;
	int err;

	err = cgroup_name(pid, &name);
	if (err)
		return err;
	err = -ENODEV;
	in = fopen("/proc/self/mountinfo", "re");
	while (err == -ENODEV && in && getline(&line, &room, in) > 0)
		if (mount_line_parse(line, &m) && !strcmp(m.type, "cgroup2"))
			err = cgroup_join(&m, name, path, size);
	if (in)
		fclose(in);
	free(line);
	free(name);
	return err;
}

/* Opens a file of a cgroup. */
static int cgroup_open(const char *cg, const char *file, int flags)
{
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof(path), "%s/%s", cg, file) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Reads an open file from its start: a watched one is then known as it is now. */
static int read_text(int fd, char *text, size_t size)
{
	ssize_t n = pread(fd, text, size - 1, 0);

	if (n < 0)
		return -errno;
	if (n && text[n - 1] == '\n')
		n--;
	text[n] = '\0';
	return 0;
}

int cgroup_read(const char *cg, const char *file, char *text, size_t size)
{
	int fd = cgroup_open(cg, file, O_RDONLY), err;

	if (fd < 0)
		return fd;
	err = read_text(fd, text, size);
	close(fd);
	return err;
}

int cgroup_write(const char *cg, const char *file, const char *text)
{
	int fd = cgroup_open(cg, file, O_WRONLY), err;
	size_t len = strlen(text);

	if (fd < 0)
		return fd;
	err = write(fd, text, len) == (ssize_t)len ? 0 : -errno;
	close(fd);
	return err;
}

bool cgroup_has(const char *cg, const char *file)
{
	int fd = cgroup_open(cg, file, O_PATH);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

/* The number at @key in "key number" lines, or -ENOENT. */
static long long key_of(char *text, const char *key)
{
	size_t len = strlen(key);
	char *line, *save = NULL;

	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (!strncmp(line, key, len) && line[len] == ' ')
			return atoll(line + len);
	return -ENOENT;
}

long long cgroup_key(const char *cg, const char *file, const char *key)
{
	char text[4096];
	int err = cgroup_read(cg, file, text, sizeof(text));

	return err ? err : key_of(text, key);
}

bool cgroup_lists(const char *cg, const char *file, const char *word)
{
	char text[4096], *one, *save = NULL;

	if (cgroup_read(cg, file, text, sizeof(text)))
		return false;
	for (one = strtok_r(text, " \n", &save); one; one = strtok_r(NULL, " \n", &save))
		if (!strcmp(one, word))
			return true;
	return false;
}

/* The same on an open cgroup.events. @give_up: also when a signal has been caught. */
static int await_event(int fd, const char *key, int want, long ms, bool give_up)
{
	double began = now_ms(), end = began + ms, left, waited;
	struct pollfd p = { .fd = fd, .events = POLLPRI };
	char text[256];
	int err, most;

	for (;;) {
		err = read_text(fd, text, sizeof(text));
		if (err)
			return err;
		if (key_of(text, key) == want)
			return 0;
		left = end - now_ms();
		if (left <= 0)
			return -ETIMEDOUT;
		if (give_up && process_caught())
			return -EINTR;
		/*
		 * A change since the read above ends this, but the kernel tells of none
		 * within 10 ms of the one before, and a sleep may take as long: who is to
		 * stand still for less is looked at.
		 */
		waited = now_ms() - began;
		most = waited < NOW_MS ? 0 : waited < SOON_MS ? 1 : WAIT_MS;
		if (!most)
			sched_yield();
		if (poll(&p, 1, left > most ? most : (int)left + 1) < 0 && errno != EINTR)
			return -errno;
	}
}

static int await(const char *cg, const char *key, int want, long ms, bool give_up)
{
	int fd = cgroup_open(cg, "cgroup.events", O_RDONLY), err;

	if (fd < 0)
		return fd;
	err = await_event(fd, key, want, ms, give_up);
	close(fd);
	return err;
}

int cgroup_await(const char *cg, const char *key, int want, long ms)
{
	return await(cg, key, want, ms, false);
}

int cgroup_freeze(const char *cg, long ms, bool *ours)
{
	char text[64];
	int err;

	*ours = false;
	err = cgroup_read(cg, "cgroup.freeze", text, sizeof(text));
	if (!err && strcmp(text, "1")) {
		err = cgroup_write(cg, "cgroup.freeze", "1");
		*ours = !err;
	}
	if (!err)
		err = await(cg, "frozen", 1, ms, true);
	if (err && *ours) {
		cgroup_write(cg, "cgroup.freeze", "0");
		*ours = false;
	}
	return err;
}

int cgroup_thaw(const char *cg, long ms)
{
	int err = cgroup_write(cg, "cgroup.freeze", "0");

	return err ? err : cgroup_await(cg, "frozen", 0, ms);
}

int cgroup_kill(const char *cg, long ms)
{
	int err = cgroup_write(cg, "cgroup.kill", "1");

	return err ? err : cgroup_await(cg, "populated", 0, ms);
}

/* Calls @fn with each directory in @cg; ends with its first error. */
static int each_child(const char *cg, int (*fn)(const char *cg, void *arg), void *arg)
{
	char path[PATH_MAX];
	struct dirent *d;
	DIR *dir = opendir(cg);
	int err = 0;

	if (!dir)
		return -errno;
	while (!err && (d = readdir(dir))) {
		if (d->d_type != DT_DIR || !strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", cg, d->d_name) >= (int)sizeof(path))
			err = -ENAMETOOLONG;
		else
			err = fn(path, arg);
	}
	closedir(dir);
	return err;
}

static int remove_child(const char *cg, void *arg)
{
	(void)arg;
	return cgroup_remove(cg);
}

int cgroup_remove(const char *cg)
{
	int err = each_child(cg, remove_child, NULL);

	if (err)
		return err == -ENOENT ? 0 : err;
	return rmdir(cg) && errno != ENOENT ? -errno : 0;
}

static int count_tasks(const char *cg, void *arg)
{
	long *count = arg;
	int fd = cgroup_open(cg, "cgroup.threads", O_RDONLY);
	FILE *in = fd < 0 ? NULL : fdopen(fd, "r");
	int c;

	while (in && (c = getc(in)) != EOF)
		*count += c == '\n';
	if (in)
		fclose(in);
	/* one that is removed meanwhile has none */
	each_child(cg, count_tasks, arg);
	return 0;
}

long cgroup_count_tasks(const char *cg)
{
	long count = 0;

	count_tasks(cg, &count);
	return count;
}

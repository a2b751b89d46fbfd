// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>
#include "../lib/util.h"
#include "bulkhead.h"
#include "cgroup.h"
#include "container.h"
#include "say.h"

#define PLACE		"bulkhead"
#define ATTRIBUTE	"user.bulkhead"

/* Of a name that is made up: room for a number behind it. */
#define STEM_MAX	48

static bool name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '-';
}

bool container_name_ok(const char *name)
{
	size_t i;

	if (*name == '.' || *name == '-')
		return false;
	for (i = 0; name[i]; i++)
		if (i == CONTAINER_NAME_MAX || !name_char(name[i]))
			return false;
	return i > 0;
}

void container_name_check(struct argp_state *state, const char *name)
{
	if (!container_name_ok(name))
		argp_error(state, "'%s': no name of a container: " CONTAINER_NAME_FORM, name);
}

static long parse_timeout(struct argp_state *state, const char *arg)
{
	long seconds;

	if (!parse_int(arg, 0, INT_MAX / 1000, &seconds))
		argp_error(state, "--timeout: '%s': a number of seconds is needed", arg);
	return seconds * 1000;
}

error_t container_request_parse(int key, char *arg, struct argp_state *state,
				struct container_request *r)
{
	switch (key) {
	case 't':
		r->ms = parse_timeout(state, arg);
		return 0;
	case 'J':
		r->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num)
			argp_usage(state);
		container_name_check(state, arg);
		r->name = arg;
		return 0;
	case ARGP_KEY_END:
		if (!r->name)
			argp_usage(state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Version, pid, start, since: a later version is not for us. */
bool container_state_parse(const char *text, struct container_state *s)
{
	int end = 0;

	/* sscanf() would take signs and white space */
	if (strspn(text, "0123456789 ") != strlen(text))
		return false;
	if (sscanf(text, "1 %d %llu %lld%n", &s->pid, &s->start, &s->since, &end) != 3)
		return false;
	return !text[end] && s->pid > 0;
}

void container_state_print(char *text, size_t size, const struct container_state *s)
{
	snprintf(text, size, "1 %d %llu %lld", s->pid, s->start, s->since);
}

int container_place(char *path, size_t size)
{
	char cg[PATH_MAX];
	int err = cgroup_of(0, cg, sizeof(cg));

	if (err)
		return err;
	return snprintf(path, size, "%s/" PLACE, cg) < (int)size ? 0 : -ENAMETOOLONG;
}

int container_place_or_say(char *path, size_t size)
{
	int err = container_place(path, size);

	if (err == -ENOENT)
		return refuse("this kernel has no cgroup v2, or /proc is not mounted");
	if (err == -ENODEV)
		return refuse("cgroup v2 is not mounted, or not where this process's cgroup can be seen");
	return err ? refuse("the caller's cgroup: %s", strerror(-err)) : 0;
}

/* By a file that only the owner can open to write: others cannot keep him waiting. */
int container_lock(const char *place)
{
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof(path), "%s/cgroup.procs", place) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (flock(fd, LOCK_EX))
		if (errno != EINTR) {
			int err = -errno;

			close(fd);
			return err;
		}
	return fd;
}

/* Not just close(2): who was forked meanwhile has the open file, too. */
void container_unlock(int lock)
{
	flock(lock, LOCK_UN);
	close(lock);
}

int container_load(const char *place, const char *name, struct container *c)
{
	char text[256];
	struct stat st;
	ssize_t n;

	*c = (struct container){ 0 };
	snprintf(c->name, sizeof(c->name), "%s", name);
	if (snprintf(c->path, sizeof(c->path), "%s/%s", place, name) >= (int)sizeof(c->path))
		return -ENAMETOOLONG;
	if (stat(c->path, &st))
		return -errno;
	n = getxattr(c->path, ATTRIBUTE, text, sizeof(text) - 1);
	text[n < 0 ? 0 : n] = '\0';
	if (!container_state_parse(text, &c->state))
		c->state = (struct container_state){ 0 };
	return 0;
}

int container_find(const char *name, struct container *c)
{
	char place[PATH_MAX];
	int err = container_place_or_say(place, sizeof(place));

	if (err)
		return err;
	err = container_load(place, name, c);
	if (err == -ENOENT)
		return refuse("%s: no such container", name);
	return err ? refuse("%s: %s", name, strerror(-err)) : 0;
}

bool container_ended(const struct container *c)
{
	return cgroup_key(c->path, "cgroup.events", "populated") == 0;
}

/* When @pid started, in clock ticks since boot; 0 if there is no such process. */
static unsigned long long start_of(pid_t pid)
{
	unsigned long long start;
	char path[64], *text, *at;
	bool found;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	text = read_file(path, NULL);
	if (!text)
		return 0;
	/* its name, in brackets, may have blanks and brackets in it */
	at = strrchr(text, ')');
	found = at && sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d"
			     " %*d %*d %*d %*d %llu", &start) == 1;
	free(text);
	return found ? start : 0;
}

int container_pidfd(const struct container *c)
{
	struct pollfd p = { .events = POLLIN };

	if (!c->state.pid)
		return -ESRCH;
	p.fd = syscall(SYS_pidfd_open, c->state.pid, 0);
	if (p.fd < 0)
		return -ESRCH;
	/* With the file open the pid cannot become another's any more. It polls as readable for a zombie. */
	if (c->state.start && start_of(c->state.pid) == c->state.start && !poll(&p, 1, 0))
		return p.fd;
	close(p.fd);
	return -ESRCH;
}

int container_record(struct container *c, pid_t pid)
{
	char text[256];

	c->state = (struct container_state){ pid, start_of(pid), time(NULL) };
	if (!c->state.start)
		return refuse("%s: /proc/%d/stat cannot be read", c->name, pid);
	container_state_print(text, sizeof(text), &c->state);
	if (setxattr(c->path, ATTRIBUTE, text, strlen(text), 0))
		return refuse("%s: attribute " ATTRIBUTE ": %s", c->path, strerror(errno));
	return 0;
}

/* One try at a name. -EEXIST: it is taken by one that lives. */
static int create_named(const char *place, const char *name, struct container *c)
{
	int err = container_load(place, name, c);

	if (!err && container_ended(c))
		err = cgroup_remove(c->path) ? : -ENOENT;
	if (err != -ENOENT)
		return err ? err : -EEXIST;
	c->state = (struct container_state){ 0 };
	return mkdir(c->path, 0755) ? -errno : 0;
}

/* A free name: what @command is called, and a number. */
static int create_unnamed(const char *place, const char *command, struct container *c)
{
	char name[CONTAINER_NAME_MAX + 1], stem[STEM_MAX + 1];
	const char *base = strrchr(command, '/');
	int err = -EEXIST, i;

	snprintf(stem, sizeof(stem), "%s", base ? base + 1 : command);
	for (i = 0; stem[i]; i++)
		if (!name_char(stem[i]))
			stem[i] = '_';
	if (!container_name_ok(stem))
		snprintf(stem, sizeof(stem), "container");
	for (i = 1; err == -EEXIST && i < INT_MAX; i++) {
		snprintf(name, sizeof(name), "%s-%d", stem, i);
		err = create_named(place, name, c);
	}
	return err;
}

int container_create(struct container *c, const char *name, const char *command, int *lock)
{
	char place[PATH_MAX];
	int err = container_place_or_say(place, sizeof(place));

	if (err)
		return err;
	if (mkdir(place, 0755) && errno != EEXIST)
		return refuse("cgroup %s: it cannot be made: %s", place, strerror(errno));
	*lock = container_lock(place);
	if (*lock < 0)
		return refuse("cgroup %s: %s", place, strerror(-*lock));
	err = name ? create_named(place, name, c) : create_unnamed(place, command, c);
	if (!err)
		return 0;
	container_unlock(*lock);
	if (err == -EEXIST)
		return refuse("%s: there is a container of this name", name);
	return refuse("cgroup %s: it cannot be made: %s", c->path, strerror(-err));
}

/* With the lock held. Returns an exit status. */
static int destroy(const struct container *c, long ms)
{
	int err = cgroup_kill(c->path, ms);

	if (err == -ETIMEDOUT)
		return refuse("%s: killed, but %ld tasks are still there", c->name,
			      cgroup_count_tasks(c->path));
	if (!err)
		err = cgroup_remove(c->path);
	return err ? refuse("%s: it cannot be removed: %s", c->name, strerror(-err)) : 0;
}

static bool same_state(const struct container_state *a, const struct container_state *b)
{
	return a->pid == b->pid && a->start == b->start && a->since == b->since;
}

/* Calls @fn for @c, with the lock, if its name is not that of another by now. */
static int if_still_there(const struct container *c, long ms,
			  int (*fn)(const struct container *c, long ms))
{
	struct container now;
	char place[PATH_MAX];
	int lock, status = 0;

	snprintf(place, sizeof(place), "%.*s", (int)(strrchr(c->path, '/') - c->path), c->path);
	lock = container_lock(place);
	if (lock < 0)
		return refuse("cgroup %s: %s", place, strerror(-lock));
	if (!container_load(place, c->name, &now) && same_state(&now.state, &c->state))
		status = fn(c, ms);
	container_unlock(lock);
	return status;
}

int container_destroy(const struct container *c, long ms)
{
	return if_still_there(c, ms, destroy);
}

int container_discard(const struct container *c)
{
	return destroy(c, CGROUP_PATIENCE_MS);
}

static int remove_ended(const struct container *c, long ms)
{
	(void)ms;
	if (container_ended(c))
		cgroup_remove(c->path);
	return 0;
}

void container_forget(const struct container *c)
{
	if_still_there(c, 0, remove_ended);
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Containers. A container is a cgroup, PLACE/NAME, where PLACE is the folder
 * "bulkhead" in the cgroup of the caller. What else is to be known of it is in
 * an extended attribute of that directory: there is nothing to be kept in step
 * with it, and a reboot forgets all.
 *
 * Functions that return an exit status have said why when it is not 0.
 */
#ifndef BULKHEAD_CONTAINER_H
#define BULKHEAD_CONTAINER_H

#include <argp.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define CONTAINER_NAME_MAX	64
#define CONTAINER_NAME_FORM	"1 to 64 letters, digits, '.', '_', '-', the first no '.' or '-'"

/*
 * struct container_state - what the attribute holds
 * @pid: of the first process, in the pid namespace of whoever started it
 * @start: when that process started, as /proc/PID/stat has it: a pid can be
 *	that of another by now
 * @since: the same in seconds since 1970
 */
struct container_state {
	pid_t pid;
	unsigned long long start;
	long long since;
};

struct container {
	char name[CONTAINER_NAME_MAX + 1];
	char path[PATH_MAX];
	struct container_state state;
};

bool container_name_ok(const char *name);

/* The same for an argument of a command; ends it if it is none. */
void container_name_check(struct argp_state *state, const char *name);

bool container_state_parse(const char *text, struct container_state *s);
void container_state_print(char *text, size_t size, const struct container_state *s);

/* Finds PLACE; -ENOENT, -ENODEV as cgroup_of(). It need not be there. */
int container_place(char *path, size_t size);
int container_place_or_say(char *path, size_t size);

/*
 * Nobody else makes or removes containers in @place meanwhile. Returns what
 * to unlock, or a negative errno: only who may make them may lock.
 */
int container_lock(const char *place);
void container_unlock(int lock);

/* Fills @c from what is in @place. -ENOENT: there is no container @name. */
int container_load(const char *place, const char *name, struct container *c);

/* The same of the caller's place, returning an exit status. */
int container_find(const char *name, struct container *c);

/* Whether nobody lives in it. */
bool container_ended(const struct container *c);

/*
 * Makes the cgroup of a new container. What has ended and has its name is
 * removed; @name NULL: one that is free, from @command. Holds the lock, in
 * *@lock, until the caller unlocks it, which is not before somebody lives there:
 * an empty container is one that has ended. Returns an exit status.
 */
int container_create(struct container *c, const char *name, const char *command, int *lock);

/* Writes down that @pid is its first process. Returns an exit status. */
int container_record(struct container *c, pid_t pid);

/*
 * Kills who is left in it, waits, and removes it. Does nothing if it is gone, or
 * another has its name by now. Returns an exit status.
 */
int container_destroy(const struct container *c, long ms);

/* The same by who has the lock and has just made it. */
int container_discard(const struct container *c);

/* Removes one that has ended. */
void container_forget(const struct container *c);

/* A pidfd of the first process, if it is still the one, and no zombie; or -ESRCH. */
int container_pidfd(const struct container *c);

/* What is asked of one container: its name, --timeout in milliseconds, --json. */
struct container_request {
	const char *name;
	bool json;
	long ms;
};

/* Takes these as an argp parser does, and wants a name at the end. */
error_t container_request_parse(int key, char *arg, struct argp_state *state,
				struct container_request *r);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* The namespaces of a container. */
#ifndef BULKHEAD_NS_H
#define BULKHEAD_NS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* As <sched.h> may not have it yet. */
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME	0x80
#endif

/* All but that of users, which changes what one may do. */
#define NS_ALL	(CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWNS | \
		 CLONE_NEWCGROUP | CLONE_NEWTIME)

/* What a map of a user namespace is at most here. */
#define NS_MAP_TEXT	512

/*
 * Turns INSIDE:OUTSIDE:COUNT[,...] into the lines of a uid_map, in @text of
 * NS_MAP_TEXT bytes.
 */
bool ns_map_parse(const char *arg, char *text);

/* Maps the ids of @pid, which has just been made in a user namespace. */
int ns_map_write(pid_t pid, const char *uid_map, const char *gid_map);

/* The namespaces of the process at @pidfd, which is @pid, that are not ours; or -errno. */
int64_t ns_different(pid_t pid);

/* Becomes root of the user namespace that it is in. */
int ns_become_root(void);

/* Brings the loopback device of a new net namespace up. */
int ns_loopback_up(void);

/* Lets children begin @seconds later in a time namespace of theirs. */
int ns_shift_time(long seconds);

/* Flags of clone3(2) in words. */
void ns_names(uint64_t flags, char *text, size_t size);

#endif

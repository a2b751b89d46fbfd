/* SPDX-License-Identifier: GPL-2.0 */
/* The user namespaces of an image, and the pid namespaces that they own. */
#ifndef BULKHEAD_USERS_H
#define BULKHEAD_USERS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Makes all of them and hands them to the restart at @dev. Returns 0, or -1 after
 * it has said why.
 */
int users_make(int dev);

/*
 * Makes a pid namespace of the user namespace @owner within that of the caller,
 * which has nobody in it, and lets the caller's next children be born there. The
 * pids are those, innermost first, that the first of them will have: nobody else
 * needs them meanwhile. Returns 0, or -errno.
 */
int users_enter_pids(uint32_t owner, const pid_t *pids, size_t n);

/*
 * Has a process in the user namespace @id do @work, which returns 0 or an errno: with
 * all capabilities there, and the caller's table of open files. Returns the
 * negative of that.
 */
int users_run(uint32_t id, int (*work)(void *arg), void *arg);

#endif

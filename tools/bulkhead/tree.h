/* SPDX-License-Identifier: GPL-2.0 */
/* A process and all below it. */
#ifndef BULKHEAD_TREE_H
#define BULKHEAD_TREE_H

#include <sys/types.h>

/*
 * Kills @root and all its descendants, who stand in the freezer: nobody of them can fork
 * meanwhile, or wait for another. Returns 0 or a negative errno.
 */
int tree_kill(pid_t root);

#endif

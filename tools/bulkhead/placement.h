/* SPDX-License-Identifier: GPL-2.0 */
/* Cgroups that the tasks of an image live in, below that of the first. */
#ifndef BULKHEAD_PLACEMENT_H
#define BULKHEAD_PLACEMENT_H

#include <stddef.h>
#include <stdint.h>

/*
 * Opens the cgroup @own and the @n below it whose names follow each other
 * in @paths, and makes those that are missing. Returns 0, or a negative
 * errno after it has said why.
 */
int placement_prepare(const char *own, const char *paths, uint32_t n);

/* An open file of cgroup @id: 0 is that of the first task. */
int placement_fd(uint32_t id);

/* After a failure: removes those that were made. */
void placement_undo(void);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* Mount namespaces of an image, made by the first process that has each. */
#ifndef BULKHEAD_MOUNTS_H
#define BULKHEAD_MOUNTS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Reads what is to be made from @dev, an image that was loaded. Returns 0, or
 * -1 with errno set.
 */
int mounts_load(int dev);

/*
 * Makes what user namespaces of the image own: mount namespaces, in which nothing is
 * mounted yet as it is to be, and file systems. Before any process of the image is made.
 * Returns 0, or -1 after it has said why.
 */
int mounts_prepare(int dev);

/* Gives up what was prepared, when the first process is made, which has it as well. */
void mounts_forget(void);

/*
 * Puts the caller, a process with one thread, into a new mount namespace, the
 * @number-th of the image. Returns 0, or a negative errno with what it was about
 * in @why.
 */
int mounts_make(int dev, uint32_t number, char *why, size_t size);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* Segments of SysV shared memory, all that there are in the ipc namespace. */
#ifndef BULKHEAD_SYSVSHM_H
#define BULKHEAD_SYSVSHM_H

#include <stdbool.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include "proc.h"

/* How many there are; with @remove, until now. */
static inline int shm_segments(bool remove)
{
	struct shm_info info;
	struct shmid_ds ds;
	int i, id, n = 0, max = shmctl(0, SHM_INFO, (void *)&info);

	for (i = 0; i <= max; i++) {
		id = shmctl(i, SHM_STAT, &ds);
		if (id < 0)
			continue;
		n++;
		if (remove)
			must(!shmctl(id, IPC_RMID, NULL));
	}
	return n;
}

#endif /* BULKHEAD_SYSVSHM_H */

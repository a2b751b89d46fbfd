/* SPDX-License-Identifier: GPL-2.0 */
/*
 * System V objects of a test: the three kinds behind one set of calls, as most
 * promises about them are the same. Calls return -errno.
 */
#ifndef BULKHEAD_IPC_H
#define BULKHEAD_IPC_H

#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include "kselftest_harness.h"
#include <sys/mman.h>
#include "file.h"
#include "ns.h"
#include "proc.h"

#define SYSCTL(name)	"/proc/sys/kernel/" name
#define LIST(name)	"/proc/sysvipc/" name

/* semctl(2)'s last argument, which its callers declare themselves. */
union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
};

static inline int shm_make(key_t key, int flags)
{
	int id = shmget(key, 4096, flags);

	return id < 0 ? -errno : id;
}

static inline int shm_look(int id, struct ipc_perm *perm)
{
	struct shmid_ds ds;

	if (shmctl(id, IPC_STAT, &ds))
		return -errno;
	*perm = ds.shm_perm;
	return 0;
}

static inline int shm_give(int id, uid_t uid)
{
	struct shmid_ds ds;

	if (shmctl(id, IPC_STAT, &ds))
		return -errno;
	ds.shm_perm.uid = uid;
	return shmctl(id, IPC_SET, &ds) ? -errno : 0;
}

static inline int shm_remove(int id)
{
	return shmctl(id, IPC_RMID, NULL) ? -errno : 0;
}

static inline int sem_make(key_t key, int flags)
{
	int id = semget(key, 1, flags);

	return id < 0 ? -errno : id;
}

static inline int sem_look(int id, struct ipc_perm *perm)
{
	struct semid_ds ds;
	union semun arg = { .buf = &ds };

	if (semctl(id, 0, IPC_STAT, arg))
		return -errno;
	*perm = ds.sem_perm;
	return 0;
}

static inline int sem_give(int id, uid_t uid)
{
	struct semid_ds ds;
	union semun arg = { .buf = &ds };

	if (semctl(id, 0, IPC_STAT, arg))
		return -errno;
	ds.sem_perm.uid = uid;
	return semctl(id, 0, IPC_SET, arg) ? -errno : 0;
}

static inline int sem_remove(int id)
{
	return semctl(id, 0, IPC_RMID) ? -errno : 0;
}

static inline int msg_make(key_t key, int flags)
{
	int id = msgget(key, flags);

	return id < 0 ? -errno : id;
}

static inline int msg_look(int id, struct ipc_perm *perm)
{
	struct msqid_ds ds;

	if (msgctl(id, IPC_STAT, &ds))
		return -errno;
	*perm = ds.msg_perm;
	return 0;
}

static inline int msg_give(int id, uid_t uid)
{
	struct msqid_ds ds;

	if (msgctl(id, IPC_STAT, &ds))
		return -errno;
	ds.msg_perm.uid = uid;
	return msgctl(id, IPC_SET, &ds) ? -errno : 0;
}

static inline int msg_remove(int id)
{
	return msgctl(id, IPC_RMID, NULL) ? -errno : 0;
}

/* A fixture's variants. Tests of it get a namespace in which there is nothing. */
#define IPC_KINDS(fixture)						\
FIXTURE_VARIANT(fixture)						\
{									\
	/* ...get(): a small object, or one that is there; its id */	\
	int (*make)(key_t key, int flags);				\
	int (*look)(int id, struct ipc_perm *perm);	/* IPC_STAT */	\
	int (*give)(int id, uid_t uid);			/* IPC_SET */	\
	int (*remove)(int id);				/* IPC_RMID */	\
	const char *list, *next_id;					\
};									\
IPC_KIND(fixture, shm)							\
IPC_KIND(fixture, sem)							\
IPC_KIND(fixture, msg)							\
FIXTURE_SETUP(fixture)							\
{									\
	ASSERT_EQ(0, unshare(CLONE_NEWIPC));				\
	self->ns = ns_open(0, "ipc");					\
	ASSERT_GE(self->ns, 0);						\
}									\
FIXTURE_TEARDOWN(fixture)						\
{									\
	close(self->ns);						\
}

#define IPC_KIND(fixture, kind)						\
FIXTURE_VARIANT_ADD(fixture, kind)					\
{									\
	.make = kind##_make,						\
	.look = kind##_look,						\
	.give = kind##_give,						\
	.remove = kind##_remove,					\
	.list = LIST(#kind),						\
	.next_id = SYSCTL(#kind "_next_id"),				\
};

#define KEY	0x6b6579

/* How many objects the listing has; *@row is the one with @id, if it is there. */
static inline int ipc_rows(const char *list, int id, char *row, size_t size)
{
	FILE *f = fopen(list, "re");
	char line[512];
	int key, found, n = 0;

	must(f);
	*row = '\0';
	must(fgets(line, sizeof(line), f));
	for (; fgets(line, sizeof(line), f); n++)
		if (sscanf(line, "%d %d", &key, &found) == 2 && found == id)
			snprintf(row, size, "%s", line);
	fclose(f);
	return n;
}

static inline int ipc_count(const char *list)
{
	char row[2];

	return ipc_rows(list, -1, row, sizeof(row));
}

#endif /* BULKHEAD_IPC_H */

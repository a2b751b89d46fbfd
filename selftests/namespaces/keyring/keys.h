/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Keys of a test. System calls return what they return, or -errno. A key is
 * named by its serial number, which is the same in all namespaces.
 */
#ifndef KEYS_H
#define KEYS_H

#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <time.h>
#include "file.h"
#include "proc.h"

/* What can be granted, to others; shifted for group, owner and possessor. */
#define KEY_VIEW	0x01
#define KEY_READ	0x02
#define KEY_WRITE	0x04
#define KEY_SEARCH	0x08
#define KEY_LINK	0x10
#define KEY_SETATTR	0x20
#define KEY_ALL		0x3f

#define KEY_OTHER(p)		((p) << 0)
#define KEY_GROUP(p)		((p) << 8)
#define KEY_OWNER(p)		((p) << 16)
#define KEY_POSSESSOR(p)	((unsigned int)(p) << 24)

#define KEYS_DIR	"/proc/sys/kernel/keys/"

/* A user of whom there is nothing else in this guest. */
#define USER		4343

static inline long key_ctl(int op, unsigned long a, unsigned long b,
			   unsigned long c, unsigned long d)
{
	long ret = syscall(SYS_keyctl, op, a, b, c, d);

	return ret < 0 ? -errno : ret;
}

static inline long key_add(const char *type, const char *name,
			   const char *payload, long ring)
{
	long ret = syscall(SYS_add_key, type, name, payload,
			   payload ? strlen(payload) : 0, ring);

	return ret < 0 ? -errno : ret;
}

/* A key of the type that user space uses as it likes. */
static inline long key_user(const char *name, const char *payload, long ring)
{
	return key_add("user", name, payload, ring);
}

static inline long key_ring(const char *name, long in)
{
	return key_add("keyring", name, NULL, in);
}

/* The payload as a string. Returns its length, or -errno. */
static inline long key_read(long key, char *buf, size_t size)
{
	long n = key_ctl(KEYCTL_READ, key, (unsigned long)buf, size - 1, 0);

	if (n >= 0)
		buf[n < (long)size ? n : (long)size - 1] = '\0';
	return n;
}

static inline bool key_is(long key, const char *payload)
{
	char buf[256];

	return key_read(key, buf, sizeof(buf)) == (long)strlen(payload) &&
	       !strcmp(buf, payload);
}

/* "type;uid;gid;perm;name" */
static inline long key_describe(long key, char *buf, size_t size)
{
	return key_ctl(KEYCTL_DESCRIBE, key, (unsigned long)buf, size, 0);
}

/* The serial number of a special keyring, which may be made for that. */
static inline long key_serial(long special, bool create)
{
	return key_ctl(KEYCTL_GET_KEYRING_ID, special, create, 0, 0);
}

static inline long key_find(long ring, const char *type, const char *name)
{
	return key_ctl(KEYCTL_SEARCH, ring, (unsigned long)type,
		       (unsigned long)name, 0);
}

static inline long key_setperm(long key, unsigned int perm)
{
	return key_ctl(KEYCTL_SETPERM, key, perm, 0, 0);
}

static inline long key_chown(long key, uid_t uid, gid_t gid)
{
	return key_ctl(KEYCTL_CHOWN, key, uid, gid, 0);
}

static inline long key_link(long key, long ring)
{
	return key_ctl(KEYCTL_LINK, key, ring, 0, 0);
}

static inline long key_unlink(long key, long ring)
{
	return key_ctl(KEYCTL_UNLINK, key, ring, 0, 0);
}

static inline long key_update(long key, const char *payload)
{
	return key_ctl(KEYCTL_UPDATE, key, (unsigned long)payload,
		       strlen(payload), 0);
}

/* A session keyring of the caller's own; NULL: without a name. */
static inline long key_session(const char *name)
{
	return key_ctl(KEYCTL_JOIN_SESSION_KEYRING, (unsigned long)name, 0, 0,
		       0);
}

/* Whether the key gets to be gone: what is not used any more is collected. */
static inline bool key_goes(long key)
{
	struct timespec start, now;
	char buf[256];

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		if (key_describe(key, buf, sizeof(buf)) == -ENOKEY)
			return true;
		usleep(1000);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec - start.tv_sec < PROC_HANG_MS / 1000);
	return false;
}

#endif /* KEYS_H */

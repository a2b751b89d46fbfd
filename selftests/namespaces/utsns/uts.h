/* SPDX-License-Identifier: GPL-2.0 */
/* The names of a uts namespace: setting them, and whether they are what they should be. */
#ifndef BULKHEAD_UTS_H
#define BULKHEAD_UTS_H

#include <sys/utsname.h>
#include "kselftest_harness.h"
#include "file.h"
#include "ns.h"
#include "proc.h"

#define HOSTNAME	"/proc/sys/kernel/hostname"
#define DOMAINNAME	"/proc/sys/kernel/domainname"

/* sethostname(2): a name has at most this many bytes. */
#define NAME_MAX_LEN	64

/*
 * The calls themselves, because a C library may check or cut what it is given.
 * They return 0, or -errno.
 */
static inline int set_host(const char *name, long len)
{
	return syscall(SYS_sethostname, name, len) ? -errno : 0;
}

static inline int set_domain(const char *name, long len)
{
	return syscall(SYS_setdomainname, name, len) ? -errno : 0;
}

static inline int host(const char *name)
{
	return set_host(name, strlen(name));
}

static inline int domain(const char *name)
{
	return set_domain(name, strlen(name));
}

/* Whether the caller's namespace has this name, whichever way it is asked. */
static inline bool host_is(const char *name)
{
	struct utsname u;
	char text[128];

	must(!uname(&u));
	must(file_read(HOSTNAME, text, sizeof(text)) >= 0);
	return !strcmp(u.nodename, name) && !strcmp(text, name);
}

static inline bool domain_is(const char *name)
{
	struct utsname u;
	char text[128];

	must(!uname(&u));
	must(file_read(DOMAINNAME, text, sizeof(text)) >= 0);
	return !strcmp(u.domainname, name) && !strcmp(text, name);
}

#endif /* BULKHEAD_UTS_H */

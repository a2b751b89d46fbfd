/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Landlock for tests: rulesets, rules, domains. What is refused is -errno.
 */
#ifndef BULKHEAD_LANDLOCK_H
#define BULKHEAD_LANDLOCK_H

#include <linux/landlock.h>
#include "mnt.h"

/* Of ABI 9, 10 and 11: headers of older kernels are without them. */
#define LL_FS_RESOLVE_UNIX	(1ULL << 16)
#define LL_NET_BIND_UDP		(1ULL << 2)
#define LL_NET_SEND_UDP		(1ULL << 3)
#define LL_ADD_RULE_QUIET	1U
#define LL_RESTRICT_TSYNC	(1U << 3)
#define LL_RESTRICT_NNP		(1U << 4)

/* The whole struct as of ABI 10. */
struct ll_attr {
	uint64_t fs, net, scoped;
	uint64_t quiet_fs, quiet_net, quiet_scoped;
};

#define LL_SIZE_ABI_1	8
#define LL_SIZE_ABI_4	16
#define LL_SIZE_ABI_6	24
#define LL_SIZE_ABI_10	48

static inline int ll_create_sized(const void *attr, size_t size,
				  unsigned int flags)
{
	return mnt_error(syscall(SYS_landlock_create_ruleset, attr, size,
				 flags));
}

static inline int ll_abi(void)
{
	return ll_create_sized(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

/* A ruleset of what is to be denied unless a rule allows it. */
static inline int ll_create(uint64_t fs, uint64_t net, uint64_t scoped)
{
	struct ll_attr attr = { .fs = fs, .net = net, .scoped = scoped };

	return ll_create_sized(&attr, LL_SIZE_ABI_6, 0);
}

static inline int ll_add(int ruleset, int type, const void *attr,
			 unsigned int flags)
{
	return mnt_error(syscall(SYS_landlock_add_rule, ruleset, type, attr,
				 flags));
}

static inline int ll_allow(int ruleset, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr attr = {
		.allowed_access = access,
		.parent_fd = open(path, O_PATH | O_CLOEXEC),
	};
	int err;

	if (attr.parent_fd < 0)
		return -errno;
	err = ll_add(ruleset, LANDLOCK_RULE_PATH_BENEATH, &attr, 0);
	close(attr.parent_fd);
	return err;
}

static inline int ll_allow_port(int ruleset, uint64_t port, uint64_t access)
{
	struct landlock_net_port_attr attr = {
		.allowed_access = access,
		.port = port,
	};

	return ll_add(ruleset, LANDLOCK_RULE_NET_PORT, &attr, 0);
}

static inline int ll_restrict(int ruleset, unsigned int flags)
{
	return mnt_error(syscall(SYS_landlock_restrict_self, ruleset, flags));
}

/* Enters the domain, for good. */
static inline void ll_enforce(int ruleset)
{
	must(ruleset >= 0);
	must(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	must(!ll_restrict(ruleset, 0));
	close(ruleset);
}

static inline int ll_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0644);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

#define NEEDS_ABI(n) do {						\
	if (ll_abi() < (n))						\
		SKIP(return, "Landlock ABI %d, this needs %d", ll_abi(), n); \
} while (0)

#endif /* BULKHEAD_LANDLOCK_H */

/* SPDX-License-Identifier: GPL-2.0 */
/* Making partitions and asking for their state. */
#ifndef PARTITION_H
#define PARTITION_H

#include "cpuset.h"

#define PARTITION	"cpuset.cpus.partition"
#define EXCLUSIVE	"cpuset.cpus.exclusive"
#define GRANTED		"cpuset.cpus.exclusive.effective"
#define EFFECTIVE	"cpuset.cpus.effective"
#define ISOLATED	"cpuset.cpus.isolated"

/* Asks for @cpus and for a partition of @type; says whether it came to be. */
static inline bool partition(const char *cg, const char *cpus, const char *type)
{
	return !cg_write(cg, "cpuset.cpus", cpus) &&
	       !cg_write(cg, PARTITION, type) && reads(cg, PARTITION, type);
}

/* Whether it is a @type that is invalid, and says why in @reason's words. */
static inline bool invalid(const char *cg, const char *type, const char *reason)
{
	char text[256];

	snprintf(text, sizeof(text), "%s invalid (%s)", type, reason);
	return reads(cg, PARTITION, text);
}

#define NO_EXCLUSIVE	"Invalid cpu list in cpuset.cpus.exclusive"
#define NOT_A_ROOT	"Parent is not a partition root"
#define INVALID_PARENT	"Parent is an invalid partition root"
#define NO_CPU_LEFT	"Parent unable to distribute cpu downstream"
#define BOTH_EMPTY	"cpuset.cpus and cpuset.cpus.exclusive are empty"
#define NOT_PERMITTED	"Enable partition not permitted"

#endif /* PARTITION_H */

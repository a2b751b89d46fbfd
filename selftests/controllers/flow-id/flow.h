/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What all programs of this suite share: cgroups, and a device whose queueing
 * discipline counts the packets of each class.
 */
#ifndef FLOW_H
#define FLOW_H

#include "kselftest_harness.h"
#include <linux/pkt_sched.h>
#include "cgroup.h"
#include "netdev.h"

/* Classes of the device: 10:1 to 10:3, and what nobody claims. */
#define CLASS(n)	(0x100000 | (n))
#define CLASS_REST	CLASS(9)

/* Prepares top with a and b below it, in the hierarchy of @controller. */
struct flow_cgroups {
	char root[256], top[512], a[600], b[600];
};

static inline int flow_cgroups_make(struct flow_cgroups *c, const char *controller)
{
	int err = cg_mount_point(controller, c->root, sizeof(c->root));

	if (err)
		return err;
	snprintf(c->top, sizeof(c->top), "%s/flow.%d", c->root, getpid());
	snprintf(c->a, sizeof(c->a), "%s/a", c->top);
	snprintf(c->b, sizeof(c->b), "%s/b", c->top);
	must(!cg_create(c->top));
	must(!cg_create(c->a));
	must(!cg_create(c->b));
	return 0;
}

/* Whoever is left there is killed, and all is removed. */
static inline void flow_cgroups_remove(struct flow_cgroups *c)
{
	if (!c->top[0])
		return;
	cg_kill_each(c->a);
	cg_kill_each(c->b);
	cg_kill_each(c->top);
	cg_remove_tree(c->top);
}

/* Runs @command in the shell. Whether it ended well. */
static inline bool run(const char *command)
{
	pid_t pid = fork();

	if (!pid) {
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	return proc_end(pid) == 0;
}

/*
 * Where the program is, by its whole name: what the shell knows as tc may be an
 * applet that cannot do much. NULL if it is not here.
 */
static inline const char *program(const char *name)
{
	static const char * const dirs[] = { "/usr/sbin", "/sbin", "/usr/bin", "/bin" };
	static char path[64];

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		snprintf(path, sizeof(path), "%s/%s", dirs[i], name);
		if (!access(path, X_OK))
			return path;
	}
	return NULL;
}

/*
 * Gives the device @dev the classes, and @filter (of tc-filter(8)) that chooses
 * between them. False if tc(8) cannot.
 */
static inline bool classes_make(const char *dev, const char *filter)
{
	char command[2048];
	int n;

	n = snprintf(command, sizeof(command),
		     "{ echo qdisc add dev %s root handle 10: htb default 9\n", dev);
	for (const char *c = "1239"; *c; c++)
		n += snprintf(command + n, sizeof(command) - n,
			      "echo class add dev %s parent 10: classid 10:%c htb "
			      "rate 10gbit burst 4m\n", dev, *c);
	if (filter)
		n += snprintf(command + n, sizeof(command) - n,
			      "echo filter add dev %s parent 10: protocol all %s\n",
			      dev, filter);
	snprintf(command + n, sizeof(command) - n, "} | %s -batch -", program("tc"));
	return run(command);
}

/* How many packets the class has sent. */
static inline long class_packets(const char *dev, uint32_t classid)
{
	struct tcmsg t = {
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = link_index(dev),
		.tcm_handle = classid,
		.tcm_parent = classid & 0xffff0000,
	};
	struct nl r = nl_make(RTM_GETTCLASS, NLM_F_ECHO, &t, sizeof(t));
	const struct tc_stats *stats;

	must(!nl_talk(&r));
	stats = nl_find(&r, sizeof(t), TCA_STATS);
	must(stats);
	return stats->packets;
}

/* Whether @nr packets of @sk are counted in @classid of the device, all of them. */
static inline bool counted(int sk, int nr, const char *dev, uint32_t classid)
{
	long before = class_packets(dev, classid), after;

	for (int i = 0; i < nr; i++)
		must(write(sk, "flow", 4) == 4);
	after = class_packets(dev, classid);
	if (after - before == nr)
		return true;
	fprintf(stderr, "# seen: %ld packets in %#x of %s, not %d\n", after - before,
		classid, dev, nr);
	for (const char *c = "1239"; *c; c++)
		fprintf(stderr, "#       in all %ld in 10:%c\n",
			class_packets(dev, CLASS(*c - '0')), *c);
	return false;
}

#endif /* FLOW_H */

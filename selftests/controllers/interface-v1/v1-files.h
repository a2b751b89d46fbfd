/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every control file of cgroup v1, by hierarchy: included with F() defined.
 * The files that all hierarchies have are looked at in that of pids.
 */

/* Core */
F(cgroup_procs, .controller = "pids", .name = "cgroup.procs", .mode = 0644,
	.format = LINES, .where = BOTH, .first = "", .bad = { "x", "-1", "1 2" })
F(tasks, .controller = "pids", .name = "tasks", .mode = 0644, .format = LINES,
	.where = BOTH, .first = "", .bad = { "x", "-1", "1 2" })
F(clone_children, .controller = "pids", .name = "cgroup.clone_children",
	.mode = 0644, .format = VALUE, .where = BOTH, .first = "0",
	.good = { "1", "0" }, .bad = { "x", "1 2" })
F(sane_behavior, .controller = "pids", .name = "cgroup.sane_behavior",
	.mode = 0444, .format = VALUE, .where = ROOT)
F(notify_on_release, .controller = "pids", .name = "notify_on_release",
	.mode = 0644, .format = VALUE, .where = BOTH, .first = "0",
	.good = { "1", "0" }, .bad = { "x", "1 2" })
F(release_agent, .controller = "pids", .name = "release_agent", .mode = 0644,
	.format = ANY_FORM, .where = ROOT)

/* Memory */
#define NONE	"9223372036854771712"
#define LIMIT(id, file, ...)						\
F(id, .controller = "memory", .name = "memory." file, .mode = 0644,	\
	.format = VALUE, .where = BOTH, .first = NONE,			\
	.good = { "-1|" NONE, ##__VA_ARGS__ }, .bad = { "x", "1Mx", "1 2", "-2" })
/* Written, they are put back, which shows where they had been used: memory-v1. */
#define USAGE(id, file, wmode, ...)					\
F(id, .controller = "memory", .name = "memory." file, .mode = 0444 | wmode, \
	.format = VALUE, .where = BOTH, .first = "0", __VA_ARGS__)
LIMIT(memory_limit, "limit_in_bytes", "1M|1048576", "8191|4096")
LIMIT(memory_kmem_tcp_limit, "kmem.tcp.limit_in_bytes", "1M|1048576", "8191|4096")
/* Never less than the limit of memory alone; and deprecated, without effect. */
LIMIT(memory_memsw_limit, "memsw.limit_in_bytes")
LIMIT(memory_soft_limit, "soft_limit_in_bytes")
USAGE(memory_usage, "usage_in_bytes", 0)
USAGE(memory_max_usage, "max_usage_in_bytes", 0200, .good = { "0" })
USAGE(memory_failcnt, "failcnt", 0200, .good = { "0" })
USAGE(memory_memsw_usage, "memsw.usage_in_bytes", 0)
USAGE(memory_memsw_max_usage, "memsw.max_usage_in_bytes", 0200, .good = { "0" })
USAGE(memory_memsw_failcnt, "memsw.failcnt", 0200, .good = { "0" })
USAGE(memory_kmem_usage, "kmem.usage_in_bytes", 0)
USAGE(memory_kmem_max_usage, "kmem.max_usage_in_bytes", 0200)
USAGE(memory_kmem_failcnt, "kmem.failcnt", 0200)
USAGE(memory_kmem_tcp_usage, "kmem.tcp.usage_in_bytes", 0)
USAGE(memory_kmem_tcp_max_usage, "kmem.tcp.max_usage_in_bytes", 0200)
USAGE(memory_kmem_tcp_failcnt, "kmem.tcp.failcnt", 0200)
#undef USAGE
#undef LIMIT
F(memory_kmem_limit, .controller = "memory", .name = "memory.kmem.limit_in_bytes",
	.mode = 0644, .format = VALUE, .where = BOTH, .first = NONE, .bad = { "x" })
#undef NONE
F(memory_kmem_slabinfo, .controller = "memory", .name = "memory.kmem.slabinfo",
	.mode = 0444, .format = ANY_FORM, .where = BOTH)
F(memory_stat, .controller = "memory", .name = "memory.stat", .mode = 0444,
	.format = FLAT, .where = BOTH)
F(memory_numa_stat, .controller = "memory", .name = "memory.numa_stat",
	.mode = 0444, .format = ANY_FORM, .where = BOTH)
F(memory_force_empty, .controller = "memory", .name = "memory.force_empty",
	.mode = 0200, .format = NOTHING, .where = BOTH, .good = { "0" })
F(memory_use_hierarchy, .controller = "memory", .name = "memory.use_hierarchy",
	.mode = 0644, .format = VALUE, .where = BOTH, .first = "1", .good = { "1" },
	.bad = { "0", "2", "x" })
F(memory_swappiness, .controller = "memory", .name = "memory.swappiness",
	.mode = 0644, .format = VALUE, .where = BOTH, .first = "60",
	.good = { "0", "100", "200" }, .bad = { "x", "201", "-1" })
F(memory_move_charge, .controller = "memory",
	.name = "memory.move_charge_at_immigrate", .mode = 0644, .format = VALUE,
	.where = BOTH, .first = "0", .good = { "0" }, .bad = { "x", "1" })
F(memory_oom_control, .controller = "memory", .name = "memory.oom_control",
	.mode = 0644, .format = FLAT, .where = BOTH, .first = "zeros",
	.good = { "1|oom_kill_disable 1\nunder_oom 0\noom_kill 0",
	    "0|oom_kill_disable 0\nunder_oom 0\noom_kill 0" },
	.bad = { "x", "2", "-1" })
F(memory_pressure_level, .controller = "memory", .name = "memory.pressure_level",
	.mode = 0444, .format = NOTHING, .where = BOTH)
F(memory_event_control, .controller = "memory", .name = "cgroup.event_control",
	.mode = 0200, .format = NOTHING, .where = BOTH, .bad = { "x", "1", "1 x" })

/* CPU */
F(cpu_shares, .controller = "cpu", .name = "cpu.shares", .mode = 0644,
	.format = VALUE, .where = BOTH, .first = "1024",
	.good = { "2", "262144", "0|2", "999999|262144" }, .bad = { "x", "-1", "1 2" })
F(cpu_idle, .controller = "cpu", .name = "cpu.idle", .mode = 0644,
	.format = VALUE, .where = BOTH, .first = "0", .good = { "1", "0" },
	.bad = { "x", "2", "-1" })
F(cpu_cfs_quota, .controller = "cpu", .name = "cpu.cfs_quota_us", .mode = 0644,
	.format = VALUE, .where = BOTH, .first = "-1", .good = { "50000", "-1" },
	.bad = { "x", "0", "500", "1 2" })
F(cpu_cfs_period, .controller = "cpu", .name = "cpu.cfs_period_us", .mode = 0644,
	.format = VALUE, .where = BOTH, .first = "100000", .good = { "50000", "1000000" },
	.bad = { "x", "0", "100", "1000001", "-1" })
F(cpu_cfs_burst, .controller = "cpu", .name = "cpu.cfs_burst_us", .mode = 0644,
	.format = VALUE, .where = BOTH, .first = "0", .good = { "50000", "0" },
	.bad = { "x", "-1" })
F(cpu_stat, .controller = "cpu", .name = "cpu.stat", .mode = 0444, .format = FLAT,
	.where = BOTH, .first = "zeros")
F(cpu_stat_local, .controller = "cpu", .name = "cpu.stat.local", .mode = 0444,
	.format = FLAT, .where = BOTH, .first = "zeros")
F(cpu_uclamp_min, .controller = "cpu", .name = "cpu.uclamp.min", .mode = 0644,
	.format = VALUE, .first = "0.00", .good = { "12.50", "max" }, .bad = { "x" },
	.range = { "100.01", "-1" })
F(cpu_uclamp_max, .controller = "cpu", .name = "cpu.uclamp.max", .mode = 0644,
	.format = VALUE, .first = "max", .good = { "12.50", "max" }, .bad = { "x" },
	.range = { "100.01", "-1" })
F(cpu_rt_runtime, .controller = "cpu", .name = "cpu.rt_runtime_us", .mode = 0644,
	.format = VALUE, .where = BOTH, .bad = { "x" })
F(cpu_rt_period, .controller = "cpu", .name = "cpu.rt_period_us", .mode = 0644,
	.format = VALUE, .where = BOTH, .bad = { "x", "0" })

/* CPU accounting: usage can be set to nothing but 0. */
F(cpuacct_usage, .controller = "cpuacct", .name = "cpuacct.usage", .mode = 0644,
	.format = VALUE, .where = BOTH, .first = "0", .good = { "0" },
	.bad = { "x", "1" })
#define CPUACCT(id, file, form, value)					\
F(id, .controller = "cpuacct", .name = "cpuacct." file, .mode = 0444,	\
	.format = form, .where = BOTH, .first = value)
CPUACCT(cpuacct_usage_user, "usage_user", VALUE, "0")
CPUACCT(cpuacct_usage_sys, "usage_sys", VALUE, "0")
CPUACCT(cpuacct_usage_percpu, "usage_percpu", WORDS, NULL)
CPUACCT(cpuacct_usage_percpu_user, "usage_percpu_user", WORDS, NULL)
CPUACCT(cpuacct_usage_percpu_sys, "usage_percpu_sys", WORDS, NULL)
CPUACCT(cpuacct_usage_all, "usage_all", ANY_FORM, NULL)
CPUACCT(cpuacct_stat, "stat", FLAT, "zeros")
#undef CPUACCT

/* Cpuset */
#define CPUSET(id, file, ...)						\
F(cpuset_##id, .controller = "cpuset", .name = "cpuset." file,		\
	.where = BOTH, __VA_ARGS__)
#define FLAG(id, file, value)						\
CPUSET(id, file, .mode = 0644, .format = VALUE, .first = value,		\
	.good = { "1", "0" }, .bad = { "x", "1 2" })
CPUSET(cpus, "cpus", .mode = 0644, .format = RANGES, .first = "",
	.good = { "0" }, .bad = { "x", "-1", "0-", "0,x" })
CPUSET(mems, "mems", .mode = 0644, .format = RANGES, .first = "",
	.good = { "0" }, .bad = { "x", "-1", "0-", "0,x" })
CPUSET(effective_cpus, "effective_cpus", .mode = 0444, .format = RANGES, .first = "")
CPUSET(effective_mems, "effective_mems", .mode = 0444, .format = RANGES, .first = "")
FLAG(mem_hardwall, "mem_hardwall", "0")
FLAG(mem_exclusive, "mem_exclusive", "0")
FLAG(cpu_exclusive, "cpu_exclusive", "0")
FLAG(sched_load_balance, "sched_load_balance", "1")
FLAG(memory_migrate, "memory_migrate", "0")
FLAG(memory_spread_page, "memory_spread_page", "0")
FLAG(memory_spread_slab, "memory_spread_slab", "0")
CPUSET(relax_domain_level, "sched_relax_domain_level", .mode = 0644,
	.format = VALUE, .first = "-1", .good = { "-1" }, .bad = { "x", "-2", "999" })
CPUSET(memory_pressure, "memory_pressure", .mode = 0444, .format = VALUE,
	.first = "0")
#undef FLAG
#undef CPUSET
F(cpuset_memory_pressure_enabled, .controller = "cpuset",
	.name = "cpuset.memory_pressure_enabled", .mode = 0644, .format = VALUE,
	.where = ROOT)

/* Block I/O: lines of a device, a kind of operation and a number. */
#define BLKIO(file_id, file, ...)					\
F(blkio_##file_id, .controller = "blkio", .name = "blkio." file, __VA_ARGS__)
#define RULE(id, file)							\
BLKIO(id, "throttle." file, .mode = 0644, .format = FLAT, .where = BOTH, \
	.first = "", .bad = { "x", "98:0", "98:0 x", "1000", "98:0 max", "\n" })
#define COUNT(id, file)							\
BLKIO(id, file, .mode = 0444, .format = ANY_FORM, .where = BOTH, .first = "Total 0")
RULE(read_bps, "read_bps_device")
RULE(write_bps, "write_bps_device")
RULE(read_iops, "read_iops_device")
RULE(write_iops, "write_iops_device")
COUNT(service_bytes, "throttle.io_service_bytes")
COUNT(service_bytes_recursive, "throttle.io_service_bytes_recursive")
COUNT(serviced, "throttle.io_serviced")
COUNT(serviced_recursive, "throttle.io_serviced_recursive")
COUNT(bfq_service_bytes, "bfq.io_service_bytes")
COUNT(bfq_service_bytes_recursive, "bfq.io_service_bytes_recursive")
COUNT(bfq_serviced, "bfq.io_serviced")
COUNT(bfq_serviced_recursive, "bfq.io_serviced_recursive")
#undef COUNT
#undef RULE
BLKIO(bfq_weight, "bfq.weight", .mode = 0644, .format = VALUE, .first = "100",
	.good = { "1", "1000", "100" }, .bad = { "x", "-1", "1 2" },
	.range = { "0", "1001" })
BLKIO(bfq_weight_device, "bfq.weight_device", .mode = 0644, .format = FLAT,
	.first = "default 100", .bad = { "x", "98:0" })
BLKIO(prio_class, "prio.class", .mode = 0644, .format = VALUE, .where = BOTH,
	.first = "no-change", .good = { "idle", "no-change" }, .bad = { "x", "0" })
BLKIO(reset_stats, "reset_stats", .mode = 0200, .format = NOTHING, .where = BOTH,
	.good = { "1" }, .bad = { "x" })
#undef BLKIO

/* Devices */
F(devices_allow, .controller = "devices", .name = "devices.allow", .mode = 0200,
	.format = NOTHING, .where = BOTH, .good = { "a", "c 1:3 rwm" },
	.bad = { "x", "c", "c 1:3", "c x:3 r", "\n" })
F(devices_deny, .controller = "devices", .name = "devices.deny", .mode = 0200,
	.format = NOTHING, .where = BOTH, .good = { "c 1:3 rwm", "a" },
	.bad = { "x", "c", "c 1:3", "c x:3 r", "\n" })
F(devices_list, .controller = "devices", .name = "devices.list", .mode = 0444,
	.format = ANY_FORM, .where = BOTH, .first = "a *:* rwm")

/* Freezer */
F(freezer_state, .controller = "freezer", .name = "freezer.state", .mode = 0644,
	.format = VALUE, .first = "THAWED", .good = { "FROZEN", "THAWED" },
	.bad = { "x", "frozen", "FREEZING", "1", "\n" })
F(freezer_self, .controller = "freezer", .name = "freezer.self_freezing",
	.mode = 0444, .format = VALUE, .first = "0")
F(freezer_parent, .controller = "freezer", .name = "freezer.parent_freezing",
	.mode = 0444, .format = VALUE, .first = "0")

/* Network */
F(net_cls_classid, .controller = "net_cls", .name = "net_cls.classid",
	.mode = 0644, .format = VALUE, .where = BOTH, .first = "0",
	.good = { "1048577", "0x100001|1048577", "0" }, .bad = { "x", "-1", "1 2" })
F(net_prio_prioidx, .controller = "net_prio", .name = "net_prio.prioidx",
	.mode = 0444, .format = VALUE, .where = BOTH)
F(net_prio_ifpriomap, .controller = "net_prio", .name = "net_prio.ifpriomap",
	.mode = 0644, .format = FLAT, .where = BOTH, .first = "zeros",
	.bad = { "x", "lo", "lo x", "\n" })

/* PIDs */
F(pids_max, .controller = "pids", .name = "pids.max", .mode = 0644,
	.format = VALUE, .first = "max", .good = { "0", "5", "max" },
	.bad = { "x", "-1", "4194305", "1 2" })
F(pids_current, .controller = "pids", .name = "pids.current", .mode = 0444,
	.format = VALUE, .first = "0")
F(pids_peak, .controller = "pids", .name = "pids.peak", .mode = 0444,
	.format = VALUE, .first = "0")
F(pids_events, .controller = "pids", .name = "pids.events", .mode = 0444,
	.format = FLAT, .first = "max 0", .events = true)

/* Misc, RDMA: as in v2 */
F(misc_capacity, .controller = "misc", .name = "misc.capacity", .mode = 0444,
	.format = FLAT, .where = ROOT)
F(misc_current, .controller = "misc", .name = "misc.current", .mode = 0444,
	.format = FLAT, .where = BOTH, .first = "")
F(misc_peak, .controller = "misc", .name = "misc.peak", .mode = 0444,
	.format = FLAT, .where = BOTH, .first = "")
F(misc_max, .controller = "misc", .name = "misc.max", .mode = 0644,
	.format = FLAT, .first = "", .bad = { "x", "x 1", "\n" })
F(misc_events, .controller = "misc", .name = "misc.events", .mode = 0444,
	.format = FLAT, .first = "", .events = true)
F(misc_events_local, .controller = "misc", .name = "misc.events.local",
	.mode = 0444, .format = FLAT, .first = "", .events = true)
F(rdma_max, .controller = "rdma", .name = "rdma.max", .mode = 0644,
	.format = NESTED, .first = "", .nodev = { "x", "x hca_handle=max" })
F(rdma_current, .controller = "rdma", .name = "rdma.current", .mode = 0444,
	.format = NESTED, .first = "")
F(rdma_peak, .controller = "rdma", .name = "rdma.peak", .mode = 0444,
	.format = NESTED, .first = "")
F(rdma_events, .controller = "rdma", .name = "rdma.events", .mode = 0444,
	.format = NESTED, .first = "", .events = true)
F(rdma_events_local, .controller = "rdma", .name = "rdma.events.local",
	.mode = 0444, .format = NESTED, .first = "", .events = true)

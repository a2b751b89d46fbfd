/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every control file of cgroup v2: included with F() defined. Files that a
 * kernel may lack (an option is off, or it is older) are skipped there; those
 * that it has and this table has not are a failure.
 */

/* Core */
F(cgroup_type, .name = "cgroup.type", .mode = 0644, .format = ANY_FORM,
	.first = "domain", .good = { "threaded" },
	.bad = { "x", "domain threaded", "invalid", "threaded x" })
F(cgroup_procs, .name = "cgroup.procs", .mode = 0644, .format = LINES,
	.where = BOTH, .first = "", .bad = { "x", "-1", "1 2", "1.0", "\n" })
F(cgroup_threads, .name = "cgroup.threads", .mode = 0644, .format = LINES,
	.where = BOTH, .first = "", .bad = { "x", "-1", "1 2", "1.0", "\n" })
F(cgroup_controllers, .name = "cgroup.controllers", .mode = 0444, .format = WORDS,
	.where = BOTH)
F(cgroup_subtree_control, .name = "cgroup.subtree_control", .mode = 0644,
	.format = WORDS, .where = BOTH, .first = "",
	.good = { "+pids|pids", "-pids|", "+pids -pids|", "-pids +pids|pids" },
	.bad = { "pids", "+x", "x", "+", "++pids", "+pids +x", "-x" })
F(cgroup_events, .name = "cgroup.events", .mode = 0444, .format = FLAT,
	.first = "populated 0\nfrozen 0", .events = true, .event = event_freeze)
F(cgroup_max_descendants, .name = "cgroup.max.descendants", .mode = 0644,
	.format = VALUE, .where = BOTH, .first = "max", .good = { "0", "10", "max" },
	.bad = { "x", "1 2", "1x", "\n" }, .range = { "-1" })
F(cgroup_max_depth, .name = "cgroup.max.depth", .mode = 0644, .format = VALUE,
	.where = BOTH, .first = "max", .good = { "0", "10", "max" },
	.bad = { "x", "1 2", "1x", "\n" }, .range = { "-1" })
F(cgroup_stat, .name = "cgroup.stat", .mode = 0444, .format = FLAT, .where = BOTH)
F(cgroup_stat_local, .name = "cgroup.stat.local", .mode = 0444, .format = FLAT,
	.first = "frozen_usec 0")
F(cgroup_freeze, .name = "cgroup.freeze", .mode = 0644, .format = VALUE,
	.first = "0", .good = { "1", "0" }, .bad = { "x", "1x", "\n" },
	.range = { "2", "-1" })
F(cgroup_kill, .name = "cgroup.kill", .mode = 0200, .format = NOTHING,
	.good = { "1" }, .bad = { "x", "\n" }, .range = { "0", "2", "-1" })
F(cgroup_pressure, .name = "cgroup.pressure", .mode = 0644, .format = VALUE,
	.where = BOTH, .first = "1", .good = { "0", "1" }, .bad = { "x", "\n" },
	.range = { "2", "-1" })

/* Pressure stall information */
F(cpu_pressure, .name = "cpu.pressure", .mode = 0644, .format = NESTED,
	.where = BOTH, .bad = { "x", "some", "some 1", "none 150000 2000000" })
F(memory_pressure, .name = "memory.pressure", .mode = 0644, .format = NESTED,
	.where = BOTH, .bad = { "x", "some", "some 1", "none 150000 2000000" })
F(io_pressure, .name = "io.pressure", .mode = 0644, .format = NESTED,
	.where = BOTH, .bad = { "x", "some", "some 1", "none 150000 2000000" })
F(irq_pressure, .name = "irq.pressure", .mode = 0644, .format = NESTED,
	.where = BOTH, .bad = { "x", "full" })

/* CPU */
F(cpu_stat, .name = "cpu.stat", .mode = 0444, .format = FLAT, .where = BOTH,
	.first = "zeros")
F(cpu_stat_local, .name = "cpu.stat.local", .mode = 0444, .format = FLAT,
	.where = BOTH, .first = "zeros")
F(cpu_weight, .name = "cpu.weight", .mode = 0644, .format = VALUE, .first = "100",
	.good = { "1", "10000", "100" }, .bad = { "x", "-1", "1 2", "max", "\n" },
	.range = { "0", "10001" })
F(cpu_weight_nice, .name = "cpu.weight.nice", .mode = 0644, .format = VALUE,
	.first = "0", .good = { "-20", "19", "0" }, .bad = { "x", "1 2", "\n" },
	.range = { "-21", "20" })
F(cpu_idle, .name = "cpu.idle", .mode = 0644, .format = VALUE, .first = "0",
	.good = { "1", "0" }, .bad = { "x", "2", "-1", "\n" })
F(cpu_max, .name = "cpu.max", .mode = 0644, .format = WORDS,
	.first = "max 100000",
	.good = { "50000 100000", "max 50000", "20000|20000 50000", "max|max 50000" },
	.bad = { "x", "-1", "0", "500", "50000 100", "50000 2000000", "\n" })
F(cpu_max_burst, .name = "cpu.max.burst", .mode = 0644, .format = VALUE,
	.first = "0", .good = { "50000", "0" }, .bad = { "x", "-1", "\n" })
F(cpu_uclamp_min, .name = "cpu.uclamp.min", .mode = 0644, .format = VALUE,
	.first = "0.00", .good = { "12.50", "50|50.00", "max", "100|max", "0|0.00" },
	.bad = { "x", "\n" }, .range = { "100.01", "-1" })
F(cpu_uclamp_max, .name = "cpu.uclamp.max", .mode = 0644, .format = VALUE,
	.first = "max", .good = { "12.50", "50|50.00", "max" },
	.bad = { "x", "\n" }, .range = { "100.01", "-1" })
F(cpu_rt_runtime, .name = "cpu.rt.runtime_us", .mode = 0644, .format = VALUE)
F(cpu_rt_period, .name = "cpu.rt.period_us", .mode = 0644, .format = VALUE)

/* Cpuset */
F(cpuset_cpus, .name = "cpuset.cpus", .mode = 0644, .format = RANGES, .first = "",
	.good = { "0", "0-0|0", "\n|" }, .bad = { "x", "-1", "0-", "0,x", "1-0" })
F(cpuset_cpus_effective, .name = "cpuset.cpus.effective", .mode = 0444,
	.format = RANGES, .where = BOTH)
F(cpuset_cpus_exclusive, .name = "cpuset.cpus.exclusive", .mode = 0644,
	.format = RANGES, .first = "", .good = { "0", "\n|" },
	.bad = { "x", "-1", "0-", "0,x" })
F(cpuset_cpus_exclusive_effective, .name = "cpuset.cpus.exclusive.effective",
	.mode = 0444, .format = RANGES, .first = "")
F(cpuset_cpus_isolated, .name = "cpuset.cpus.isolated", .mode = 0444,
	.format = RANGES, .where = ROOT)
F(cpuset_cpus_partition, .name = "cpuset.cpus.partition", .mode = 0644,
	.format = VALUE, .first = "member", .good = { "member" },
	.bad = { "x", "member root", "1" })
F(cpuset_mems, .name = "cpuset.mems", .mode = 0644, .format = RANGES, .first = "",
	.good = { "0", "\n|" }, .bad = { "x", "-1", "0-", "0,x" })
F(cpuset_mems_effective, .name = "cpuset.mems.effective", .mode = 0444,
	.format = RANGES, .where = BOTH)

/* Memory. Beware: by memparse() nothing is a number, zero, here and below. */
F(memory_current, .name = "memory.current", .mode = 0444, .format = VALUE,
	.first = "0")
F(memory_peak, .name = "memory.peak", .mode = 0644, .format = VALUE, .first = "0")
F(memory_min, .name = "memory.min", .mode = 0644, .format = VALUE, .first = "0",
	.good = { "4096", "1M|1048576", "8191|4096", "max", "\n|0" },
	.bad = { "x", "-1", "1Mx", "1 2" })
F(memory_low, .name = "memory.low", .mode = 0644, .format = VALUE, .first = "0",
	.good = { "4096", "1M|1048576", "8191|4096", "max", "\n|0" },
	.bad = { "x", "-1", "1Mx", "1 2" })
F(memory_high, .name = "memory.high", .mode = 0644, .format = VALUE,
	.first = "max", .good = { "4096", "1G|1073741824", "8191|4096", "0", "\n|0", "max" },
	.bad = { "x", "-1", "1Mx", "1 2" })
F(memory_max, .name = "memory.max", .mode = 0644, .format = VALUE,
	.first = "max", .good = { "4096", "1G|1073741824", "8191|4096", "0", "\n|0", "max" },
	.bad = { "x", "-1", "1Mx", "1 2" })
F(memory_events, .name = "memory.events", .mode = 0444, .format = FLAT,
	.first = "zeros", .events = true, .event = event_memory)
F(memory_events_local, .name = "memory.events.local", .mode = 0444,
	.format = FLAT, .first = "zeros", .events = true, .event = event_memory)
F(memory_stat, .name = "memory.stat", .mode = 0444, .format = FLAT, .where = BOTH)
F(memory_numa_stat, .name = "memory.numa_stat", .mode = 0444, .format = NESTED,
	.where = BOTH)
F(memory_oom_group, .name = "memory.oom.group", .mode = 0644, .format = VALUE,
	.first = "0", .good = { "1", "0" }, .bad = { "x", "2", "-1", "\n" })
F(memory_reclaim, .name = "memory.reclaim", .mode = 0200, .format = NOTHING,
	.where = BOTH, .bad = { "x", "-1", "1x", "4096 x", "4096 swappiness=201" })
F(memory_swap_current, .name = "memory.swap.current", .mode = 0444,
	.format = VALUE, .first = "0")
F(memory_swap_high, .name = "memory.swap.high", .mode = 0644, .format = VALUE,
	.first = "max", .good = { "4096", "1M|1048576", "\n|0", "max" },
	.bad = { "x", "-1", "1Mx" })
F(memory_swap_max, .name = "memory.swap.max", .mode = 0644, .format = VALUE,
	.first = "max", .good = { "4096", "1M|1048576", "\n|0", "max" },
	.bad = { "x", "-1", "1Mx" })
F(memory_swap_peak, .name = "memory.swap.peak", .mode = 0644, .format = VALUE,
	.first = "0")
F(memory_swap_events, .name = "memory.swap.events", .mode = 0444, .format = FLAT,
	.first = "zeros", .events = true)
F(memory_zswap_current, .name = "memory.zswap.current", .mode = 0444,
	.format = VALUE, .first = "0")
F(memory_zswap_max, .name = "memory.zswap.max", .mode = 0644, .format = VALUE,
	.first = "max", .good = { "4096", "1M|1048576", "\n|0", "max" },
	.bad = { "x", "-1", "1Mx" })
F(memory_zswap_writeback, .name = "memory.zswap.writeback", .mode = 0644,
	.format = VALUE, .where = BOTH, .first = "1", .good = { "0", "1" },
	.bad = { "x", "2", "-1", "\n" })
/* This stack's own: a handler of out-of-memory situations in user space. */
F(memory_oom_handler, .name = "memory.oom.handler", .mode = 0644, .format = FLAT,
	.first = "zeros", .events = true)
F(memory_oom_timeout_ms, .name = "memory.oom.timeout_ms", .mode = 0644,
	.format = VALUE, .first = "0", .bad = { "x", "-1", "1 2", "\n" })
F(memory_oom_waiters, .name = "memory.oom.waiters", .mode = 0444,
	.format = ANY_FORM, .first = "", .events = true)

/* IO */
F(io_stat, .name = "io.stat", .mode = 0444, .format = NESTED, .where = BOTH,
	.first = "")
F(io_max, .name = "io.max", .mode = 0644, .format = NESTED, .first = "",
	.bad = { "x", "rbps=1", "98:0", "98:0 rbps", "98:0 rbps=x", "98:0 x=1", "\n" },
	.range = { "98:0 rbps=0" }, .nodev = { "240:77 rbps=1" })
F(io_latency, .name = "io.latency", .mode = 0644, .format = NESTED, .first = "",
	.bad = { "x", "98:0", "98:0 target", "98:0 target=x", "98:0 x=1", "\n" },
	.nodev = { "240:77 target=1" })
F(io_weight, .name = "io.weight", .mode = 0644, .format = FLAT,
	.first = "default 100",
	.good = { "default 1", "10000|default 10000", "default 100" },
	.bad = { "x", "0", "10001", "-1", "max", "default x", "default", "\n" })
F(io_bfq_weight, .name = "io.bfq.weight", .mode = 0644, .format = FLAT,
	.first = "default 100", .good = { "default 1", "1000|default 1000" },
	.bad = { "x", "-1", "max", "default x" }, .range = { "0", "1001" })
F(io_cost_qos, .name = "io.cost.qos", .mode = 0644, .format = NESTED, .where = ROOT)
F(io_cost_model, .name = "io.cost.model", .mode = 0644, .format = NESTED,
	.where = ROOT)
F(io_prio_class, .name = "io.prio.class", .mode = 0644, .format = VALUE,
	.where = BOTH, .first = "no-change",
	.good = { "promote-to-rt", "restrict-to-be", "idle", "no-change" },
	.bad = { "x", "0", "idle x", "\n" })

/* PIDs */
F(pids_max, .name = "pids.max", .mode = 0644, .format = VALUE, .first = "max",
	.good = { "0", "1", "4194304", "max" },
	.bad = { "x", "-1", "4194305", "1 2", "1x", "\n" })
F(pids_current, .name = "pids.current", .mode = 0444, .format = VALUE,
	.first = "0")
F(pids_peak, .name = "pids.peak", .mode = 0444, .format = VALUE, .first = "0")
F(pids_events, .name = "pids.events", .mode = 0444, .format = FLAT,
	.first = "max 0", .events = true, .event = event_pids)
F(pids_events_local, .name = "pids.events.local", .mode = 0444, .format = FLAT,
	.first = "max 0", .events = true, .event = event_pids)

/* RDMA */
F(rdma_max, .name = "rdma.max", .mode = 0644, .format = NESTED, .first = "",
	.nodev = { "x", "x hca_handle=max" })
F(rdma_current, .name = "rdma.current", .mode = 0444, .format = NESTED,
	.first = "")
F(rdma_peak, .name = "rdma.peak", .mode = 0444, .format = NESTED, .first = "")
F(rdma_events, .name = "rdma.events", .mode = 0444, .format = NESTED, .first = "",
	.events = true)
F(rdma_events_local, .name = "rdma.events.local", .mode = 0444, .format = NESTED,
	.first = "", .events = true)

/* Device memory */
F(dmem_capacity, .name = "dmem.capacity", .mode = 0444, .format = FLAT,
	.where = ROOT)
F(dmem_current, .name = "dmem.current", .mode = 0444, .format = FLAT,
	.where = BOTH, .first = "")
F(dmem_peak, .name = "dmem.peak", .mode = 0444, .format = FLAT, .first = "")
F(dmem_min, .name = "dmem.min", .mode = 0644, .format = FLAT, .first = "",
	.bad = { "x", "x 1" })
F(dmem_low, .name = "dmem.low", .mode = 0644, .format = FLAT, .first = "",
	.bad = { "x", "x 1" })
F(dmem_max, .name = "dmem.max", .mode = 0644, .format = FLAT, .first = "",
	.bad = { "x", "x 1" })

/* HugeTLB has a set of files for each page size; x86 names these. */
#define HUGETLB(id, size)						\
F(hugetlb_##id##_max, .name = "hugetlb." size ".max", .mode = 0644,	\
	.format = VALUE, .first = "max", .good = { "0", "max" }, .bad = { "x", "\n" }) \
F(hugetlb_##id##_rsvd_max, .name = "hugetlb." size ".rsvd.max", .mode = 0644, \
	.format = VALUE, .first = "max", .good = { "0", "max" }, .bad = { "x", "\n" }) \
F(hugetlb_##id##_current, .name = "hugetlb." size ".current", .mode = 0444, \
	.format = VALUE, .first = "0")					\
F(hugetlb_##id##_rsvd_current, .name = "hugetlb." size ".rsvd.current",	\
	.mode = 0444, .format = VALUE, .first = "0")				\
F(hugetlb_##id##_events, .name = "hugetlb." size ".events", .mode = 0444, \
	.format = FLAT, .first = "max 0", .events = true)			\
F(hugetlb_##id##_events_local, .name = "hugetlb." size ".events.local",	\
	.mode = 0444, .format = FLAT, .first = "max 0", .events = true)	\
F(hugetlb_##id##_numa_stat, .name = "hugetlb." size ".numa_stat",	\
	.mode = 0444, .format = NESTED)
HUGETLB(2mb, "2MB")
HUGETLB(1gb, "1GB")
#undef HUGETLB

/* Misc */
F(misc_capacity, .name = "misc.capacity", .mode = 0444, .format = FLAT,
	.where = ROOT)
F(misc_current, .name = "misc.current", .mode = 0444, .format = FLAT,
	.where = BOTH, .first = "")
F(misc_peak, .name = "misc.peak", .mode = 0444, .format = FLAT, .where = BOTH,
	.first = "")
F(misc_max, .name = "misc.max", .mode = 0644, .format = FLAT, .first = "",
	.bad = { "x", "x 1", "\n" })
F(misc_events, .name = "misc.events", .mode = 0444, .format = FLAT, .first = "",
	.events = true)
F(misc_events_local, .name = "misc.events.local", .mode = 0444, .format = FLAT,
	.first = "", .events = true)

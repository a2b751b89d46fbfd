// SPDX-License-Identifier: GPL-2.0
#include "unit.h"
#include "../../tools/lib/console.h"
#include "../../tools/lib/util.h"

/* Each as the kernels 6.12 to 7.3 print it. */
static const char * const splats[] = {
	"BUG: KASAN: slab-use-after-free in foo+0x1/0x2",
	"BUG: KFENCE: use-after-free read in foo+0x1/0x2",
	"BUG: sleeping function called from invalid context at mm/x.c:12",
	"BUG: scheduling while atomic: sh/12/0x00000002",
	"BUG: spinlock bad magic on CPU#0, sh/12",
	"BUG: Bad page state in process sh  pfn:00012",
	"BUG: Bad page map in process sh  pte:00000012 pmd:00000012",
	"BUG: Bad rss-counter state mm:00000012 type:MM_ANONPAGES val:1",
	"BUG: workqueue lockup - pool cpus=0 node=0 flags=0x0 nice=0 stuck for 31s!",
	"BUG: unable to handle page fault for address: 0000000000000012",
	"BUG: MAX_LOCKDEP_CHAINS too low!",
	"watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [sh:12]",
	"watchdog: CPU0: Watchdog detected hard LOCKUP on cpu 1",
	"watchdog: Watchdog detected hard LOCKUP on cpu 1",
	"NMI watchdog: Watchdog detected hard LOCKUP on cpu 1",
	"kernel BUG at mm/slub.c:12!",
	"[ BUG: Invalid wait context ]",
	"BUG kmalloc-64 (Not tainted): Right Redzone overwritten",
	"BUG kmalloc-64 (Tainted: G    B           ): Object already free",
	"Oops: general protection fault, probably for non-canonical address 0x12",
	"Oops: 0002 [#1] PREEMPT SMP",
	"general protection fault, probably for non-canonical address 0x12: 0000 [#1]",
	"WARNING: CPU: 0 PID: 12 at kernel/fork.c:12 copy_process+0x1/0x2",
	"WARNING: kernel/fork.c:12 at copy_process+0x1/0x2, CPU#0: sh/12",
	"WARNING: possible circular locking dependency detected",
	"WARNING: possible recursive locking detected",
	"WARNING: possible irq lock inversion dependency detected",
	"WARNING: SOFTIRQ-safe -> SOFTIRQ-unsafe lock order detected",
	"WARNING: inconsistent lock state",
	"WARNING: suspicious RCU usage",
	"WARNING: bad unlock balance detected!",
	"WARNING: held lock freed!",
	"WARNING: sh/12 still has locks held!",
	"WARNING: lock held when returning to user space!",
	"WARNING: Nested lock was not taken",
	"INFO: trying to register non-static key.",
	"INFO: task sh:12 blocked for more than 120 seconds.",
	"INFO: task sh:12 blocked in I/O wait for more than 120 seconds.",
	"rcu: INFO: rcu_preempt self-detected stall on CPU",
	"rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
	"rcu: INFO: rcu_preempt detected expedited stalls on CPUs/tasks: {",
	"INFO: rcu_tasks detected stalls on tasks:",
	"rcu: rcu_preempt kthread starved for 2100 jiffies! g12 f0x0",
	"KASAN: null-ptr-deref in range [0x0000000000000010-0x0000000000000017]",
	"UBSAN: shift-out-of-bounds in mm/x.c:12:3",
	"UBSAN: array-index-out-of-bounds in mm/x.c:12:3",
	"kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)",
	"refcount_t: underflow; use-after-free.",
	"ODEBUG: free active (active state 0) object: 0000000000000012 object type: timer_list",
	"list_add corruption. prev->next should be next (12), but was 0.",
	"list_del corruption, 12->next is LIST_POISON1",
	"unregister_netdevice: waiting for lo to become free. Usage count = 2",
	"VFS: Busy inodes after unmount of tmpfs (tmpfs)",
	"pagealloc: memory corruption",
	"page dumped because: VM_BUG_ON_PAGE(1)",
	"usercopy: Kernel memory exposure attempt detected from SLUB object 'x'!",
	"swap_info_get: Bad swap file entry 00000012",
	"mm/pgtable-generic.c:55: bad pmd 12(12)",
	"corrupt mm_context - pid = -1",
	"wait_stub_done : failed to wait for SIGTRAP, pid = 12, n = 12, errno = 0, status = 0x9",
};

static const char * const panics[] = {
	"Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000009",
	"Kernel panic - not syncing: Segfault with no mm",
	"Segfault with no mm",
	"Kernel tried to access user memory at addr 0x12, ip 0x12",
	"Kernel mode fault at addr 0x12, ip 0x12",
	"Kernel mode signal 7",
};

static const char * const ordinary[] = {
	"",
	"Linux version 7.3.4 (WARNING@host) #1 SMP PREEMPT",
	"lkdtm: Performing direct entry WARNING",
	"lkdtm: Performing direct entry BUG",
	"bulkhead-init: BUG: KASAN: said by a program",
	"bulkhead-init: [    1.000000] Kernel panic - not syncing: no",
	"sh invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
	"CPU: 0 UID: 0 PID: 12 Comm: sh Tainted: G        W           7.3.4 #1",
	"Call Trace:",
	" <TASK>",
	"Memory cgroup out of memory: Killed process 12 (sh) total-vm:1kB, anon-rss:1kB",
	"Out of memory: Killed process 12 (sh) total-vm:1kB",
	"oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),task=sh,pid=12,uid=0",
	"a.out[12]: segfault at 0 ip 0000000000401000 sp 0000007fff error 4",
	"traps: a.out[12] general protection fault ip:401000 sp:7fff error:0",
	"FAULT_INJECTION: forcing a failure.",
	"name failslab, interval 1, probability 0, space 0, times 1",
	"sh: page allocation failure: order:0, mode:0x40cc0(GFP_KERNEL|__GFP_COMP)",
	"Disabling lock debugging due to kernel taint",
	"kmemleak: Kernel memory leak detector initialized (mem pool available: 12)",
	"kmemleak: Automatic memory scanning thread started",
	"ODEBUG: selftest passed",
	"ODEBUG: 12 of 12 active objects replaced",
	"rcu: Hierarchical RCU implementation.",
	"INFO: Stall ended before state dump start",
	"workqueue: foo hogged CPU for >10000us 4 times, consider switching to WQ_UNBOUND",
	"Lock dependency validator: Copyright (c) 2006 Red Hat, Inc., Ingo Molnar",
	"Warning: unable to open an initial console.",
	"Failed to initialize ubd device 0 :Couldn't determine size of device's file",
	"note: sh[12] is fine",
	"Showing busy workqueues and worker pools:",
	"Kernel mode signals are handled",
	"reboot: Power down",
	"cgroup: fork rejected by pids controller in /WARNING: x",
};

static void judge(const char * const *lines, size_t n, enum console_kind kind)
{
	char line[512];
	size_t i, k;
	static const char * const prefixes[] = {
		"", "[    0.060000] ", "[    0.060000][   T12] ", "[   12.060000][    C0] ",
		"<4>[    1.2] ", "half a line[    0.060000] ",
	};

	for (i = 0; i < n; i++) {
		for (k = 0; k < ARRAY_SIZE(prefixes); k++) {
			snprintf(line, sizeof(line), "%s%s", prefixes[k], lines[i]);
			if (console_line(line) != kind)
				fail_msg("wrong kind %d: %s", console_line(line), line);
		}
	}
}

#define JUDGE(lines, kind) judge(lines, ARRAY_SIZE(lines), kind)

static void every_splat(void **state)
{
	(void)state;
	JUDGE(splats, CONSOLE_SPLAT);
}

static void every_panic(void **state)
{
	(void)state;
	JUDGE(panics, CONSOLE_PANIC);
}

static void ordinary_messages(void **state)
{
	(void)state;
	JUDGE(ordinary, CONSOLE_CLEAN);
}

/* A word in the middle of a message means nothing. */
static void not_in_the_middle(void **state)
{
	char line[512];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(splats); i++) {
		if (strstr(splats[i], "swap file entry") || strstr(splats[i], "SIGTRAP"))
			continue;	/* these begin with a function's name */
		if (strstr(splats[i], "pgtable") || strstr(splats[i], "hard LOCKUP"))
			continue;	/* and these with a file's, or a subsystem's */
		snprintf(line, sizeof(line), "[    1.000000] test says %s", splats[i]);
		if (console_line(line) != CONSOLE_CLEAN)
			fail_msg("not clean: %s", line);
	}
}

static void scan(struct console *c, const char *in, size_t len)
{
	size_t i;

	console_init(c);
	for (i = 0; i < len; i++)
		console_feed(c, in + i, 1);
	console_end(c);
}

static void one_report_counts_once(void **state)
{
	static const char in[] =
		"[    1.0] booted\r\n"
		"[    2.0] ------------[ cut here ]------------\n"
		"[    2.0] refcount_t: underflow; use-after-free.\n"
		"[    2.0] WARNING: lib/refcount.c:28 at foo+0x1/0x2, CPU#0: sh/1\n"
		"[    2.0] Call Trace:\n"
		"[    2.0] ---[ end trace 0000000000000000 ]---\n"
		"[    3.0] WARNING: suspicious RCU usage\n";
	struct console c;

	(void)state;
	scan(&c, in, sizeof(in) - 1);
	assert_int_equal(c.kind, CONSOLE_SPLAT);
	assert_int_equal(c.count, 2);
	assert_string_equal(c.first, "refcount_t: underflow; use-after-free.");
	assert_int_equal(c.first_line, 3);
	assert_non_null(strstr(c.excerpt, "cut here"));
	assert_non_null(strstr(c.excerpt, "Call Trace:\n"));
	assert_null(strstr(c.excerpt, "booted"));
	console_release(&c);
}

static void panic_is_the_worst(void **state)
{
	static const char in[] =
		"[    2.0] BUG: KASAN: use-after-free in x\n"
		"[    2.1] Kernel panic - not syncing: kasan.fault=panic set\n"
		"[    2.1] ---[ end Kernel panic - not syncing: x ]---";
	struct console c;

	(void)state;
	scan(&c, in, sizeof(in) - 1);
	assert_int_equal(c.kind, CONSOLE_PANIC);
	assert_string_equal(c.first, "BUG: KASAN: use-after-free in x");
	console_release(&c);
}

static void last_line_without_newline(void **state)
{
	static const char in[] = "x\nKernel panic - not syncing: VFS";
	struct console c;

	(void)state;
	scan(&c, in, sizeof(in) - 1);
	assert_int_equal(c.kind, CONSOLE_PANIC);
	assert_int_equal(c.first_line, 2);
	console_release(&c);
}

static void excerpt_is_short(void **state)
{
	struct console c;
	unsigned int n = 0;
	const char *s;
	int i;

	(void)state;
	console_init(&c);
	for (i = 0; i < 1000; i++)
		console_feed(&c, "WARNING: again\n", 15);
	console_end(&c);
	for (s = c.excerpt; (s = strchr(s, '\n')); s++)
		n++;
	assert_int_equal(n, CONSOLE_EXCERPT_LINES);
	assert_int_equal(c.count, 1000);
	console_release(&c);
}

static void garbage_and_colours(void **state)
{
	static const char in[] = "\xff\0\x1b[31m[    1.0]\x1b[0m \0BUG: x\xff\n";
	struct console c;

	(void)state;
	scan(&c, in, sizeof(in) - 1);
	assert_int_equal(c.kind, CONSOLE_SPLAT);
	console_release(&c);
}

static void fuzz(void **state)
{
	char buf[4096];
	uint64_t seed = 2007;
	struct console c;
	int i, k;

	(void)state;
	for (i = 0; i < 20000; i++) {
		size_t len = 0;

		for (k = 0; k < 4; k++)
			len += sprintf(buf + len, "[    %d.0][   T1] %s\n", k,
				       splats[unit_random(&seed) %
					      (ARRAY_SIZE(splats))]);
		len = unit_mutate(buf, len, sizeof(buf), &seed);
		console_init(&c);
		console_feed(&c, buf, len);
		if (i % 5)
			console_end(&c);
		assert_int_equal(c.kind == CONSOLE_CLEAN, c.count == 0);
		assert_int_equal(c.kind == CONSOLE_CLEAN, c.first == NULL);
		console_release(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_splat),
		cmocka_unit_test(every_panic),
		cmocka_unit_test(ordinary_messages),
		cmocka_unit_test(not_in_the_middle),
		cmocka_unit_test(one_report_counts_once),
		cmocka_unit_test(panic_is_the_worst),
		cmocka_unit_test(last_line_without_newline),
		cmocka_unit_test(excerpt_is_short),
		cmocka_unit_test(garbage_and_colours),
		cmocka_unit_test(fuzz),
	};

	return cmocka_run_group_tests_name("console", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Stack traces, as /proc/PID/stack shows them (Documentation/filesystems/proc.rst):
 * where a task is, innermost first, and nothing that it has long returned from. They
 * need frame pointers, which the debug flavour has.
 */
#include "kselftest_harness.h"
#include <stdlib.h>
#include "file.h"
#include "proc.h"
#include "until.h"

FIXTURE(stack) {
	char text[4096];
};

FIXTURE_SETUP(stack)
{
	if (system("zcat /proc/config.gz | grep -q '^CONFIG_FRAME_POINTER=y$'"))
		SKIP(return, "the kernel has no frame pointers");
}

FIXTURE_TEARDOWN(stack)
{
}

/* Whether the first line of a trace names one function, and a later one another. */
static bool leads_from(const char *trace, const char *first, const char *to)
{
	const char *at = strstr(trace, first), *end = strchr(trace, '\n');

	return at && end && at < end && strstr(end, to);
}

TEST_F(stack, of_a_task_that_sleeps_leads_from_where_it_waits_to_its_system_call)
{
	char path[32];
	pid_t pid;

	pid = proc_fork(0);
	if (!pid)
		proc_sleep_forever();
	EXPECT_TRUE(EVENTUALLY(task_state(pid) == 'S'));
	snprintf(path, sizeof(path), "/proc/%d/stack", pid);
	EXPECT_GT(file_read(path, self->text, sizeof(self->text)), 0);
	EXPECT_TRUE(leads_from(self->text, "sys_pause+", "handle_syscall+")) {
		TH_LOG("%s:\n%s", path, self->text);
	}
	proc_kill(pid);
}

TEST_F(stack, of_a_task_that_runs_leads_from_who_looks_to_its_system_call)
{
	EXPECT_GT(file_read("/proc/self/stack", self->text, sizeof(self->text)), 0);
	EXPECT_TRUE(leads_from(self->text, "proc_pid_stack+", "handle_syscall+")) {
		TH_LOG("/proc/self/stack:\n%s", self->text);
	}
}

TEST_HARNESS_MAIN

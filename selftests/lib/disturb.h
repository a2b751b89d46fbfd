/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A command that is saved, killed and restarted again and again while it works,
 * and knows nothing of it.
 */
#ifndef BULKHEAD_DISTURB_H
#define BULKHEAD_DISTURB_H

#include <sched.h>
#include "kselftest_harness.h"
#include "ckpt.h"

#define IMAGE	CKPT_DIR "/image"

/* Starts a command of bash in the job's cgroup. It ends by making CKPT_DIR/done. */
static inline pid_t start(const char *command)
{
	pid_t pid = cg_fork_into(CKPT_CG, 0);
	int fd, null;

	if (!pid) {
		must(setsid() > 0);
		must(!chdir(CKPT_DIR));
		null = open("/dev/null", O_RDWR);
		for (fd = 0; fd < 3; fd++)
			must(dup2(null, fd) == fd);
		must(!syscall(SYS_close_range, 3, ~0U, 0));
		setenv("PATH", "/sbin:/bin", 1);
		/* without these bash asks for the user, by way of a socket to nscd */
		setenv("HOME", "/", 1);
		setenv("SHELL", "/sbin/bash", 1);
		execl("/sbin/bash", "bash", "-c", command, NULL);
		_exit(127);
	}
	must(pid > 0);
	return pid;
}

static inline bool is_done(void)
{
	return !access(CKPT_DIR "/done", F_OK);
}

/*
 * Saves, kills and restarts what @command does until it is done. What can only
 * be taken a moment later is tried again. Returns how often it was, or -1.
 */
static inline int disturb(struct __test_metadata *_metadata, const char *command)
{
	pid_t pid = start(command);
	int times = 0, again;

	for (;;) {
		usleep(30000 + times * 7000);
		for (again = 0; ckpt_save(pid, IMAGE); again++) {
			if (is_done())
				goto out;
			/* an exec in a child of vfork, or one that ends just now */
			if (again == 100 || (!strstr(ckpt_said(), "vfork") &&
					     !strstr(ckpt_said(), "about to"))) {
				TH_LOG("%s", ckpt_said());
				return -1;
			}
			usleep(1000);
		}
		if (is_done())
			break;
		ckpt_kill(pid);
		if (is_done())
			break;
		if (ckpt_restart(IMAGE)) {
			TH_LOG("%s", ckpt_said());
			return -1;
		}
		times++;
	}
out:
	cg_write(CKPT_CG, "cgroup.kill", "1");
	must(!cg_await_empty(CKPT_CG));
	waitpid(pid, NULL, 0);
	ckpt_reap();
	return times;
}

FIXTURE(programs) {
};

FIXTURE_SETUP(programs)
{
	ckpt_setup();
}

FIXTURE_TEARDOWN(programs)
{
	ckpt_teardown();
}

#endif /* BULKHEAD_DISTURB_H */
